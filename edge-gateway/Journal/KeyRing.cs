using System;
using System.Collections.Generic;
using System.Security.Cryptography;

namespace EdgeGateway.Journal;

/// <summary>
/// The keys of a journal and their directory. A key encrypts only in the start of the gateway that made it: every start makes new ones, so that no nonce comes twice under one key, whatever was killed,
/// cut, copied back or cloned; the nonce's boot number, raised before the first write, is a second safeguard. A key's file is whole and synced before the first record needs it.
/// </summary>
internal sealed class KeyRing : IJournalKeys, IDisposable
{
    private const int ReadAttempts = 3;

    private readonly JournalProtection _protection;
    private readonly Func<DiskResult> _last;
    private readonly AesGcm _cartKey;
    private readonly SortedDictionary<JournalKeyOwner, Held> _held = [];
    private readonly Dictionary<JournalKeyOwner, (AesGcm Key, uint Boot)> _writers = []; // made by this start
    private readonly Dictionary<JournalKeyOwner, uint> _generations = []; // of those erased in this life: a name is not used again while it may still be deleted
    private readonly SortedDictionary<JournalKeyOwner, long> _erasing = [];
    private readonly SortedDictionary<JournalKeyOwner, Held> _going = []; // being erased: nothing new is written with them
    private readonly List<string> _useless = [];
    private readonly List<string> _unusable = [];
    private string _marker = "";
    private uint _boot;
    private ulong _counter;

    /// <summary>Makes it; nothing is read before <see cref="Open"/>.</summary>
    /// <param name="protection">Directory, cart key, and whose key is whose.</param>
    /// <param name="last">How the running sequence's last operation ended.</param>
    public KeyRing(JournalProtection protection, Func<DiskResult> last)
    {
        _protection = protection;
        _last = last;
        _cartKey = new AesGcm(protection.CartKey.Span, RecordCipher.TagBytes);
    }

    public IDisk Disk => _protection.Disk;

    /// <summary>All keys that can be used for reading.</summary>
    public KeySet Keys { get; } = new();

    /// <inheritdoc/>
    public bool IsEncrypting { get; private set; }

    /// <inheritdoc/>
    public int HealthyHours { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyCollection<JournalKeyOwner> Owners => _going.Count == 0 ? _held.Keys : new SortedSet<JournalKeyOwner>([.. _held.Keys, .. _going.Keys]);

    /// <summary>Key files that the cart's key does not open, or that are damaged: left alone.</summary>
    public IReadOnlyList<string> Unusable => _unusable;

    /// <summary>How the last sequence ended.</summary>
    public DiskStatus Status { get; private set; }

    /// <summary>True when somebody's keys are to be destroyed.</summary>
    public bool IsErasing => _erasing.Count + _going.Count > 0;

    /// <summary>The newest record that may be of one of those.</summary>
    public long ErasesThrough
    {
        get
        {
            long through = 0;
            foreach (long index in _erasing.Values)
            {
                through = Math.Max(through, index);
            }

            return through;
        }
    }

    /// <summary>Runs a sequence; set by the journal.</summary>
    public Action<IEnumerator<Op>> Run { get; set; } = static _ => { };

    /// <summary>The journal's newest index; set by the journal.</summary>
    public Func<long> LastIndex { get; set; } = static () => 0;

    /// <summary>Called when there is something to erase; set by the journal.</summary>
    public Action Wake { get; set; } = static () => { };

    /// <inheritdoc/>
    public void Erase(JournalKeyOwner owner)
    {
        if (_held.ContainsKey(owner) && !_going.ContainsKey(owner))
        {
            _erasing[owner] = LastIndex();
            Wake();
        }
    }

    /// <inheritdoc/>
    public void AddHealthyHour()
    {
        if (!IsEncrypting && HealthyHours < JournalProtection.HealthyHoursBeforeEncryption)
        {
            Run(Mark(HealthyHours + 1 >= JournalProtection.HealthyHoursBeforeEncryption ? KeyFile.Encrypted : KeyFile.Plain(HealthyHours + 1), HealthyHours + 1));
        }
    }

    /// <summary>Whose key encrypts a record; none when it stays plain.</summary>
    public JournalKeyOwner OwnerOf(in JournalRecord record) =>
        IsEncrypting && record.Class != RecordClass.Control ? _protection.KeyOf(record.Type, record.Class, record.Payload.Span) : default;

    /// <summary>A record is appended: its key owner's keys are needed after all.</summary>
    public void Appended(in JournalRecord record)
    {
        if (_erasing.Count > 0)
        {
            _erasing.Remove(OwnerOf(in record));
        }
    }

    /// <summary>True when a record can be written at once.</summary>
    public bool CanWrite(JournalKeyOwner owner) => owner.IsNone || _writers.ContainsKey(owner);

    /// <summary>The key and the nonce for one record.</summary>
    public (AesGcm Key, uint Boot, ulong Counter) Next(JournalKeyOwner owner) => (_writers[owner].Key, _writers[owner].Boot, ++_counter);

    /// <summary>Reads the directory, and raises the boot number when records are going to be encrypted.</summary>
    /// <param name="isNew">True when there is no journal yet: nothing that an older version could have to read.</param>
    public IEnumerator<Op> Open(bool isNew)
    {
        Forget();
        yield return Op.List() with { OnKeys = true };
        Status = _last().Status;
        if (Status != DiskStatus.Ok)
        {
            yield break;
        }

        var files = new SortedDictionary<JournalKeyOwner, SortedDictionary<uint, long>>();
        var boots = new List<uint>();
        var markers = new List<string>();
        foreach (DiskFile file in _last().Files)
        {
            if (!file.IsRegular)
            {
                continue;
            }

            if (KeyFile.TryParseName(file.Name, out JournalKeyOwner owner, out uint generation))
            {
                if (!files.TryGetValue(owner, out SortedDictionary<uint, long>? generations))
                {
                    files.Add(owner, generations = []);
                }

                generations.Add(generation, file.Length);
            }
            else if (KeyFile.TryParseBoot(file.Name, out uint boot))
            {
                boots.Add(boot);
            }
            else if (string.Equals(file.Name, KeyFile.Encrypted, StringComparison.Ordinal) || KeyFile.TryParsePlain(file.Name, out _))
            {
                markers.Add(file.Name);
            }
        }

        foreach ((JournalKeyOwner owner, SortedDictionary<uint, long> generations) in files)
        {
            yield return Op.Call(Load(owner, generations));
        }

        yield return Op.Call(Decide(isNew && files.Count == 0, markers));
        if (Status == DiskStatus.Ok && IsEncrypting)
        {
            yield return Op.Call(RaiseBoot(boots));
        }

        if (Status == DiskStatus.Ok)
        {
            yield return Op.Call(Sweep());
        }
    }

    /// <summary>Makes this start's key of an owner. It can be used when <see cref="Status"/> is Ok.</summary>
    public IEnumerator<Op> Make(JournalKeyOwner owner)
    {
        byte[] key = new byte[JournalProtection.KeyBytes];
        _protection.Random(key);
        bool isKnown = _held.TryGetValue(owner, out Held? held);
        held ??= new Held { Generation = _generations.GetValueOrDefault(owner) };
        uint boot = _boot;
        var keys = new List<WrappedKey>(held.Keys);
        if (keys.Count >= KeyFile.MaxKeys)
        {
            keys.RemoveAt(0);
        }

        keys.Add(new WrappedKey(boot, KeyFile.Wrap(_cartKey, owner, boot, key, _protection.Random)));
        yield return Op.Call(Replace(owner, held, keys));
        if (Status != DiskStatus.Ok)
        {
            CryptographicOperations.ZeroMemory(key);
            yield break;
        }

        if (!isKnown)
        {
            _held[owner] = held;
        }

        held.Keys = keys;
        Keys.Add(owner, boot, key);
        _writers[owner] = (Keys.Find(owner, boot)!, boot);
        yield return Op.Call(Sweep());
    }

    /// <summary>Destroys the keys that are to be erased. What could not be deleted stays wished for.</summary>
    /// <param name="done">Called for each owner whose keys are gone for good.</param>
    public IEnumerator<Op> EraseKeys(Action<JournalKeyOwner> done)
    {
        Status = DiskStatus.Ok;
        if (IsEncrypting)
        {
            // What is written from here on is under another boot number: a record of an erased owner is never tried with a newer key of the same owner.
            yield return Op.Call(RaiseBoot([_boot]));
            if (Status != DiskStatus.Ok)
            {
                yield break;
            }

            _writers.Clear();
        }

        foreach (JournalKeyOwner owner in new List<JournalKeyOwner>(_erasing.Keys))
        {
            // From here on a record that comes gets a new key, in a file that is not in this list.
            _erasing.Remove(owner);
            if (_held.TryGetValue(owner, out Held? held))
            {
                _held.Remove(owner);
                _generations[owner] = held.Generation;
                _going[owner] = held;
            }
        }

        // Another sequence may set the status between two operations of this one.
        DiskStatus ended = DiskStatus.Ok;
        foreach (Held held in new List<Held>(_going.Values))
        {
            foreach (string file in held.Files.ToArray())
            {
                yield return Op.Delete(file) with { OnKeys = true };
                if (_last().Status is DiskStatus.Ok or DiskStatus.NotFound)
                {
                    held.Files.Remove(file);
                }
                else
                {
                    ended = _last().Status;
                }
            }
        }

        // Before this a cut could bring them back.
        yield return Op.SyncDirectory() with { OnKeys = true };
        Status = ended == DiskStatus.Ok ? _last().Status : ended;
        if (Status != DiskStatus.Ok)
        {
            yield break;
        }

        foreach (JournalKeyOwner owner in new List<JournalKeyOwner>(_going.Keys))
        {
            Keys.Remove(owner, _boot);
            done(owner);
        }

        _going.Clear();
    }

    public void Dispose()
    {
        Keys.Dispose();
        _cartKey.Dispose();
    }

    private void Forget()
    {
        Keys.Dispose();
        _held.Clear();
        _writers.Clear();
        _generations.Clear();
        _erasing.Clear();
        _going.Clear();
        _useless.Clear();
        _unusable.Clear();
        _marker = "";
        IsEncrypting = false;
        HealthyHours = 0;
    }

    // The newest generation that is whole counts. Where there are several, a change did not end, and the winner may stand in the system's memory only: it is written once more before the others go.
    private IEnumerator<Op> Load(JournalKeyOwner owner, SortedDictionary<uint, long> generations)
    {
        List<WrappedKey>? keys = null;
        var order = new List<uint>(generations.Keys);
        bool unread = false;
        for (int i = order.Count - 1; i >= 0 && keys is null; i--)
        {
            long length = generations[order[i]];
            byte[] data = new byte[length <= KeyFile.MaxBytes ? length : 0];
            bool read = false;
            for (int j = 0; j < ReadAttempts && !read; j++)
            {
                yield return Op.Read(KeyFile.Name(owner, order[i]), 0, data) with { OnKeys = true };
                read = _last().Status == DiskStatus.Ok && _last().Count == data.Length;
            }

            unread |= !read;
            keys = read ? KeyFile.TryRead(data, owner) : null;
        }

        var held = new Held { Generation = order[^1], Keys = keys ?? [] };
        foreach (uint generation in order)
        {
            held.Files.Add(KeyFile.Name(owner, generation));
        }

        _held.Add(owner, held);
        bool opened = keys is not null;
        foreach (WrappedKey wrapped in held.Keys)
        {
            if (KeyFile.Unwrap(_cartKey, owner, in wrapped) is { } key)
            {
                Keys.Add(owner, wrapped.Boot, key);
            }
            else
            {
                opened = false;
            }
        }

        if (!opened)
        {
            _unusable.Add(held.Files[^1]);
        }

        if (order.Count > 1 && keys is not null && !unread)
        {
            yield return Op.Call(Replace(owner, held, held.Keys));
            Status = DiskStatus.Ok; // not done now: the others stay, and it is tried at the next start
        }
    }

    // A new generation, whole and durable; the older ones go behind it.
    private IEnumerator<Op> Replace(JournalKeyOwner owner, Held held, List<WrappedKey> keys)
    {
        string file = KeyFile.Name(owner, ++held.Generation);
        yield return Op.Create(file) with { OnKeys = true };
        Status = _last().Status;
        if (Status != DiskStatus.Ok)
        {
            yield break;
        }

        byte[] data = KeyFile.Write(owner, keys);
        yield return Op.Append(file, data) with { OnKeys = true };
        Status = _last().Status == DiskStatus.Ok && _last().Count != data.Length ? DiskStatus.Failed : _last().Status;
        if (Status == DiskStatus.Ok)
        {
            yield return Op.Sync(file) with { OnKeys = true };
            Status = _last().Status;
        }

        if (Status == DiskStatus.Ok)
        {
            yield return Op.SyncDirectory() with { OnKeys = true };
            Status = _last().Status;
        }

        if (Status != DiskStatus.Ok)
        {
            DiskStatus failed = Status;
            yield return Op.Delete(file) with { OnKeys = true };
            if (_last().Status is not (DiskStatus.Ok or DiskStatus.NotFound))
            {
                held.Files.Add(file); // goes with the others
            }

            Status = failed;
            yield break;
        }

        foreach (string old in held.Files)
        {
            _useless.Add(old);
        }

        held.Files.Add(file);
    }

    private IEnumerator<Op> Decide(bool isNew, List<string> markers)
    {
        foreach (string marker in markers)
        {
            if (KeyFile.TryParsePlain(marker, out int hours))
            {
                HealthyHours = Math.Max(HealthyHours, hours);
            }
        }

        _marker = HealthyHours > 0 ? KeyFile.Plain(HealthyHours) : "";
        foreach (string marker in markers)
        {
            if (!string.Equals(marker, _marker, StringComparison.Ordinal) && !string.Equals(marker, KeyFile.Encrypted, StringComparison.Ordinal))
            {
                _useless.Add(marker);
            }
        }

        if (markers.Contains(KeyFile.Encrypted) || _held.Count > 0)
        {
            // Where there are keys, records were encrypted: a marker that is gone changes nothing.
            IsEncrypting = true;
            Status = DiskStatus.Ok;
        }
        else if (isNew && markers.Count == 0)
        {
            yield return Op.Call(Mark(KeyFile.Encrypted, HealthyHours));
            IsEncrypting = Status == DiskStatus.Ok;
        }
        else
        {
            Status = DiskStatus.Ok;
        }
    }

    // The new marker first, then the old one goes: two of them mean the greater.
    private IEnumerator<Op> Mark(string marker, int hours)
    {
        string old = _marker;
        yield return Op.Create(marker) with { OnKeys = true };
        Status = _last().Status == DiskStatus.Exists ? DiskStatus.Ok : _last().Status;
        if (Status == DiskStatus.Ok)
        {
            yield return Op.SyncDirectory() with { OnKeys = true };
            Status = _last().Status;
        }

        if (Status == DiskStatus.Ok)
        {
            HealthyHours = hours;
            _marker = marker;
            if (old.Length > 0)
            {
                yield return Op.Delete(old) with { OnKeys = true };
            }

            Status = DiskStatus.Ok;
        }
    }

    // Above every number that was ever seen here, on the disk before the first record is written under it.
    private IEnumerator<Op> RaiseBoot(List<uint> boots)
    {
        uint newest = 0;
        foreach (uint boot in boots)
        {
            newest = Math.Max(newest, boot);
        }

        foreach (Held held in _held.Values)
        {
            foreach (WrappedKey key in held.Keys)
            {
                newest = Math.Max(newest, key.Boot);
            }
        }

        // After 2^32 - 1 starts it stays: the keys are new at every start all the same.
        _boot = newest == uint.MaxValue ? newest : newest + 1;
        yield return Op.Create(KeyFile.Boot(_boot)) with { OnKeys = true };
        Status = _last().Status == DiskStatus.Exists ? DiskStatus.Ok : _last().Status;
        if (Status == DiskStatus.Ok)
        {
            yield return Op.SyncDirectory() with { OnKeys = true };
            Status = _last().Status;
        }

        foreach (uint boot in boots)
        {
            if (boot != _boot)
            {
                _useless.Add(KeyFile.Boot(boot));
            }
        }
    }

    // What is of no use any more; what cannot be deleted now waits for the next start, or for its owner's end.
    private IEnumerator<Op> Sweep()
    {
        while (_useless.Count > 0)
        {
            string file = _useless[^1];
            _useless.RemoveAt(_useless.Count - 1);
            yield return Op.Delete(file) with { OnKeys = true };
            if (_last().Status is DiskStatus.Ok or DiskStatus.NotFound && KeyFile.TryParseName(file, out JournalKeyOwner owner, out _) && _held.TryGetValue(owner, out Held? held))
            {
                held.Files.Remove(file);
            }
        }
    }

    /// <summary>The keys of one owner on the disk.</summary>
    private sealed class Held
    {
        public uint Generation { get; set; }

        public List<WrappedKey> Keys { get; set; } = [];

        /// <summary>All files of the owner that may be there: older generations too, until they are deleted.</summary>
        public List<string> Files { get; } = [];
    }
}
