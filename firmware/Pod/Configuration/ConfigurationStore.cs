using Firmware.Core;
using Firmware.Pod.Store;

namespace Firmware.Pod.Configuration;

/// <summary>
/// The configuration in the store: two files, of which the newest whole one holds. A new one goes into the other's place, so a cut of power at any byte leaves the old or the new one. A new one is on
/// trial: the boot that takes it up says so in the store, and when that boot ends without <see cref="Confirm"/>, or has run healthy for <see cref="TrialUs"/>, it is undone. Marks are names of files.
/// </summary>
public sealed class ConfigurationStore
{
    /// <summary>A new configuration is undone after so long without a confirmation, µs.</summary>
    public const long TrialUs = 180_000_000;

    /// <summary>Name of the first file.</summary>
    public const string FirstName = "config-a";

    /// <summary>Name of the second file.</summary>
    public const string SecondName = "config-b";

    /// <summary>A file of this name: everything but the boot's number is to be erased at the next start.</summary>
    public const string EraseName = "erase";

    private const string TryPrefix = "config-try-";
    private const string GoodPrefix = "config-ok-";
    private const string BootPrefix = "boot-";

    private readonly IByteStore _store;
    private readonly ICrc32 _crc32;
    private readonly byte[] _buffer = new byte[PodConfiguration.MaxFileBytes];
    private string _activeName = string.Empty;

    /// <summary>No I/O.</summary>
    /// <param name="store">The store.</param>
    /// <param name="crc32">The CRC of the files.</param>
    public ConfigurationStore(IByteStore store, ICrc32 crc32)
    {
        _store = store;
        _crc32 = crc32;
    }

    /// <summary>The configuration in force.</summary>
    public PodConfiguration Active { get; } = new PodConfiguration();

    /// <summary>The one that is being changed.</summary>
    public PodConfiguration Working { get; } = new PodConfiguration();

    /// <summary>Number of the one in force; 0 for none.</summary>
    public uint Sequence { get; private set; }

    /// <summary>True while the one in force waits for its confirmation.</summary>
    public bool IsOnTrial { get; private set; }

    /// <summary>True when this start undid one that nobody confirmed.</summary>
    public bool WasUndone { get; private set; }

    /// <summary>True when this start erased the store.</summary>
    public bool WasErased { get; private set; }

    /// <summary>True when a file was there and none was whole.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>True when the pod knows its gateway, its parts and its technician's key.</summary>
    public bool IsProvisioned => Active.Has(ConfigurationKeys.GatewayHost) && Active.Has(ConfigurationKeys.Parts) && Active.Has(ConfigurationKeys.TechnicianKey);

    /// <summary>True when <see cref="Working"/> differs from <see cref="Active"/>.</summary>
    public bool IsChanged
    {
        get
        {
            for (int key = 0; key < ConfigurationKeys.Count; key++)
            {
                if (!Working.IsSame(key, Active))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Reads the configuration in force, and undoes one that its last boot did not confirm. Once, at the start.</summary>
    public void Open()
    {
        string[] names = _store.List();
        if (Contains(names, EraseName) && _store.Length(EraseName) > 0)
        {
            WasErased = EraseAll(names);
            names = _store.List();
        }

        Load();
        if (Sequence != 0 && !Contains(names, SegmentLog.NameOf(GoodPrefix, Sequence)))
        {
            if (Contains(names, SegmentLog.NameOf(TryPrefix, Sequence)))
            {
                WasUndone = true;
                if (_store.Delete(_activeName) != StoreStatus.Ok)
                {
                    IsOnTrial = true; // it holds on for this boot, and is undone at its end
                }

                Load();
            }
            else
            {
                // A trial that cannot be counted is undone at its end all the same: the time of this boot counts.
                IsOnTrial = true;
                Mark(SegmentLog.NameOf(TryPrefix, Sequence));
            }
        }

        Forget(names);
        Working.CopyFrom(Active);
    }

    /// <summary>Writes <see cref="Working"/> as the configuration of the next start, on trial.</summary>
    /// <param name="sequence">Its number.</param>
    /// <returns>How it ended; after anything but Ok the one in force stays. NotOpen when the one in force is on trial itself: confirm or revert it first.</returns>
    public StoreStatus Commit(out uint sequence)
    {
        sequence = Sequence + 1;
        if (IsOnTrial)
        {
            return StoreStatus.NotOpen;
        }

        if (Working.FileLength() > PodConfiguration.MaxFileBytes)
        {
            return StoreStatus.Full;
        }

        // No mark of an earlier attempt may speak of this number.
        if (_store.Delete(SegmentLog.NameOf(TryPrefix, sequence)) != StoreStatus.Ok || _store.Delete(SegmentLog.NameOf(GoodPrefix, sequence)) != StoreStatus.Ok)
        {
            return StoreStatus.Failed;
        }

        string name = string.Equals(_activeName, FirstName) ? SecondName : FirstName;
        StoreStatus status = _store.Delete(name);
        if (status != StoreStatus.Ok)
        {
            return status;
        }

        status = _store.Append(name, _buffer, 0, Working.Encode(_buffer, sequence, _crc32));
        if (status == StoreStatus.Ok)
        {
            status = _store.Flush(name);
        }

        Wipe();
        if (status != StoreStatus.Ok)
        {
            _store.Delete(name);
        }

        return status;
    }

    /// <summary>The one in force is good: it stays.</summary>
    /// <returns>How it ended; Ok when it was not on trial.</returns>
    public StoreStatus Confirm()
    {
        if (!IsOnTrial)
        {
            return StoreStatus.Ok;
        }

        StoreStatus status = Mark(SegmentLog.NameOf(GoodPrefix, Sequence));
        IsOnTrial = status != StoreStatus.Ok;
        return status;
    }

    /// <summary>Takes the one on trial away: the one before holds from the next start on.</summary>
    /// <returns>How it ended; NotFound when none is on trial.</returns>
    public StoreStatus Undo() => IsOnTrial ? _store.Delete(_activeName) : StoreStatus.NotFound;

    /// <summary>Forgets what was changed and not committed.</summary>
    public void Revert() => Working.CopyFrom(Active);

    /// <summary>Asks for everything but the boot's number to be erased at the next start.</summary>
    /// <returns>How it ended.</returns>
    public StoreStatus EraseAtNextStart() => Mark(EraseName);

    private static bool Contains(string[] names, string name)
    {
        for (int i = 0; i < names.Length; i++)
        {
            if (string.Equals(names[i], name))
            {
                return true;
            }
        }

        return false;
    }

    // The mark goes last: a cut before it, and the next start goes on erasing.
    private bool EraseAll(string[] names)
    {
        bool all = true;
        for (int i = 0; i < names.Length; i++)
        {
            if (!string.Equals(names[i], EraseName) && SegmentLog.NumberOf(BootPrefix, names[i]) < 0)
            {
                all &= _store.Delete(names[i]) == StoreStatus.Ok;
            }
        }

        // What could not be deleted is tried again at the next start.
        return all && _store.Delete(EraseName) == StoreStatus.Ok;
    }

    private void Load()
    {
        Sequence = 0;
        _activeName = string.Empty;
        Active.ClearAll();
        bool isThere = TryLoad(FirstName);
        isThere |= TryLoad(SecondName);
        IsDamaged = isThere && Sequence == 0;
        Wipe();
    }

    // True when there is a file of that name.
    private bool TryLoad(string name)
    {
        int length = _store.Length(name);
        PodConfiguration read = new PodConfiguration();
        if (length > 0
            && length <= _buffer.Length
            && _store.Read(name, 0, _buffer, 0, length) == StoreStatus.Ok
            && read.TryDecode(_buffer, length, _crc32, out uint sequence)
            && sequence > Sequence)
        {
            Active.CopyFrom(read);
            Sequence = sequence;
            _activeName = name;
        }

        return length > 0;
    }

    private StoreStatus Mark(string name)
    {
        byte[] content = [1];
        StoreStatus status = _store.Length(name) > 0 ? StoreStatus.Ok : _store.Append(name, content, 0, 1);
        return status == StoreStatus.Ok ? _store.Flush(name) : status;
    }

    // Marks of other numbers speak of nothing any more, but that the one before was good.
    private void Forget(string[] names)
    {
        for (int i = 0; i < names.Length; i++)
        {
            long tried = SegmentLog.NumberOf(TryPrefix, names[i]);
            long good = SegmentLog.NumberOf(GoodPrefix, names[i]);
            if ((tried >= 0 && tried != Sequence) || (good >= 0 && good != Sequence && good != (long)Sequence - 1))
            {
                _store.Delete(names[i]);
            }
        }
    }

    // The buffer has held keys.
    private void Wipe()
    {
        for (int i = 0; i < _buffer.Length; i++)
        {
            _buffer[i] = 0;
        }
    }
}
