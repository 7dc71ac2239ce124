using System;
using System.Collections.Generic;
using System.Globalization;

namespace EdgeGateway.Journal;

/// <summary>How full the quota is.</summary>
public enum JournalFill
{
    /// <summary>Below 80 %.</summary>
    Normal,

    /// <summary>80 % or more.</summary>
    Elevated,

    /// <summary>95 % or more.</summary>
    High,

    /// <summary>100 % or more: the lowest class is giving way.</summary>
    Full,
}

/// <summary>Figures of a journal since it was opened, for health.</summary>
/// <param name="UsedBytes">What the segments take.</param>
/// <param name="QuotaBytes">What they may take.</param>
/// <param name="Fill">How full that is.</param>
/// <param name="Segments">Number of segment files.</param>
/// <param name="UnsyncedBytes">Bytes that wait for their sync.</param>
/// <param name="Records">Records appended and synced.</param>
/// <param name="Syncs">Syncs of segments that acknowledged records.</param>
/// <param name="BytesWritten">All bytes handed to the disk.</param>
/// <param name="PayloadBytes">Payload bytes of synced records.</param>
/// <param name="Checkpoints">Checkpoints written.</param>
/// <param name="Rewrites">Segments written anew (retention, damage, unfinished tails).</param>
/// <param name="RecordsRemoved">Records removed by retention.</param>
/// <param name="QuarantineRefusedBytes">Damaged bytes not kept since the quarantine was full.</param>
/// <param name="DiskErrors">Operations that the disk refused.</param>
/// <param name="ReserveBytes">What the reserves hold on the disk now.</param>
/// <param name="ReserveWantedBytes">What they should hold; more than the former while the disk is full, or for ever on a disk that is too small.</param>
public readonly record struct JournalStatus(
    long UsedBytes,
    long QuotaBytes,
    JournalFill Fill,
    int Segments,
    long UnsyncedBytes,
    long Records,
    long Syncs,
    long BytesWritten,
    long PayloadBytes,
    long Checkpoints,
    long Rewrites,
    long RecordsRemoved,
    long QuarantineRefusedBytes,
    long DiskErrors,
    long ReserveBytes,
    long ReserveWantedBytes)
{
    /// <summary>Records of types that the owner does not know, seen at the start in the replay behind the newest checkpoint: kept and skipped.</summary>
    public long UnknownRecords { get; init; }

    /// <summary>Records with marks that this version does not know, seen in the same replay: kept as vital signs and skipped.</summary>
    public long UnknownMarks { get; init; }
}

/// <summary>
/// The journal on an <see cref="IDisk"/>: segment files that are only appended to, one sync for all that waits, checkpoints of the projections, retention by
/// class, and damage set aside. See README.md of this folder for the bytes and the order of writes. Not thread safe: one loop owns it.
/// Its parts: this file appends; Open, Read and Maintain are in files of those names. Each activity is a sequence of disk operations, one at a time.
/// </summary>
public sealed partial class JournalLog : IJournal, IDisposable
{
    private const int MaxWaitingReads = 256;
    private const int MaxNameTries = 64;
    private const int MaxTrash = 64;

    private readonly IDisk _disk;
    private readonly JournalOptions _options;
    private readonly IReadOnlyList<IJournalProjection> _projections;
    private readonly IJournalHandler _handler;
    private readonly Dictionary<long, DiskActivity> _running = []; // looked up by ticket only
    private readonly List<SegmentInfo> _segments = []; // all but the active one, in order
    private readonly Queue<JournalRecord> _unsynced = new();
    private readonly List<string> _trash = [];
    private readonly long[] _release = new long[JournalFormat.ClassCount];
    private readonly KeyRing? _ring;

    private SegmentContent? _active;
    private uint _activeSalt;
    private bool _activeNew;
    private bool _sealWanted;
    private bool _open;
    private bool _opening;
    private bool _failing;
    private bool _writing;
    private bool _markDue; // a sync has ended that no mark tells of
    private long _now;
    private long _retryAtUs = long.MaxValue;
    private long _ticket;
    private long _unsyncedBytes;
    private long _segmentBytes;
    private long _lastCreatedFirst;
    private int _lastCreatedGeneration = -1;
    private JournalStatus _status;

    /// <summary>Creates it; nothing is read or written before <see cref="Open"/>.</summary>
    /// <param name="disk">Where the files are; its <see cref="IDisk.Completed"/> is taken.</param>
    /// <param name="options">The bounds.</param>
    /// <param name="projections">The states made of the records, in a fixed order, with different names.</param>
    /// <param name="handler">The owner.</param>
    /// <param name="protection">Keys and their directory; null for a journal that is plain for ever.</param>
    /// <exception cref="InvalidOperationException">The bounds do not fit together.</exception>
    /// <exception cref="ArgumentException">A projection's name is wrong or used twice.</exception>
    public JournalLog(IDisk disk, JournalOptions options, IReadOnlyList<IJournalProjection> projections, IJournalHandler handler, JournalProtection? protection = null)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(projections);
        ArgumentNullException.ThrowIfNull(handler);
        options.Validate();
        CheckNames(projections);
        _disk = disk;
        _options = options;
        _projections = projections;
        _handler = handler;
        _disk.Completed = OnCompleted;
        if (protection is not null)
        {
            protection.Disk.Completed = OnCompleted;
            _ring = new KeyRing(protection, () => Last) { LastIndex = () => LastIndex, Wake = StartMaintaining, Run = Start };
        }
    }

    /// <inheritdoc/>
    public bool IsWritable => _open && !_failing && !_closing;

    /// <inheritdoc/>
    public long LastIndex { get; private set; }

    /// <inheritdoc/>
    public long SyncedIndex { get; private set; }

    /// <summary>Figures for health.</summary>
    public JournalStatus Status => _status with
    {
        UsedBytes = UsedBytes,
        QuotaBytes = _options.QuotaBytes,
        Fill = FillOf(UsedBytes, _options.QuotaBytes),
        Segments = _segments.Count + (_active is null ? 0 : 1),
        UnsyncedBytes = _unsyncedBytes,
        ReserveBytes = HeldBytes,
        ReserveWantedBytes = ReserveWantedBytes,
    };

    /// <inheritdoc/>
    public int RoomBytes => IsWritable ? (int)Math.Max(0, _options.MaxUnsyncedBytes - _unsyncedBytes) : 0;

    /// <inheritdoc/>
    public int RecordOverhead => Overhead(RecordClass.Vital);

    /// <inheritdoc/>
    public IJournalKeys? Keys => _ring;

    /// <summary>Nothing above this index is ever removed: a replay from the older checkpoint may need it.</summary>
    internal long ReplayFrom => _checkpointOlderIndex;

    private long UsedBytes => _segmentBytes + (_active?.Length ?? 0);

    /// <inheritdoc/>
    public bool TryAppend(byte type, RecordClass recordClass, ReadOnlySpan<byte> payload, out long index, JournalPurpose purpose = JournalPurpose.Reading)
    {
        index = 0;
        return MayAppend(type, recordClass, payload.Length, purpose) && TryAppendOwned(type, recordClass, payload.ToArray(), out index, purpose);
    }

    /// <inheritdoc/>
    public bool TryAppendOwned(byte type, RecordClass recordClass, ReadOnlyMemory<byte> payload, out long index, JournalPurpose purpose = JournalPurpose.Reading)
    {
        index = 0;
        if (!MayAppend(type, recordClass, payload.Length, purpose))
        {
            return false;
        }

        int size = Overhead(recordClass) + payload.Length;
        index = ++LastIndex;
        JournalRecord record = new(index, type, recordClass, payload);
        _unsynced.Enqueue(record);
        _unsyncedBytes += size;
        _sinceCheckpointBytes += size;
        _sinceCheckpointRecords++;
        for (int i = 0; i < _projections.Count; i++)
        {
            _projections[i].Apply(in record);
        }

        _ring?.Appended(in record);
        StartWriting();
        return true;
    }

    private bool MayAppend(byte type, RecordClass recordClass, int length, JournalPurpose purpose)
    {
        if (type == JournalFormat.SyncedType)
        {
            throw new ArgumentOutOfRangeException(nameof(type), type, "Type 255 is the journal's own.");
        }

        if (length > _options.MaxPayloadBytes)
        {
            throw new ArgumentOutOfRangeException(nameof(length), length, "The payload is longer than MaxPayloadBytes.");
        }

        if ((int)recordClass >= JournalFormat.ClassCount)
        {
            throw new ArgumentOutOfRangeException(nameof(recordClass), recordClass, "No such class.");
        }

        JournalIntake needed = purpose switch
        {
            JournalPurpose.Bookkeeping => JournalIntake.Bookkeeping,
            JournalPurpose.OpenSessionVital => JournalIntake.OpenSessionVitals,
            _ => JournalIntake.Everything,
        };
        return Intake >= needed && _unsyncedBytes + Overhead(recordClass) + length <= _options.MaxUnsyncedBytes;
    }

    /// <inheritdoc/>
    public void Release(int classes, long index)
    {
        for (int i = 0; i < JournalFormat.ClassCount; i++)
        {
            if ((classes & (1 << i)) != 0 && index > _release[i])
            {
                _release[i] = index;
            }
        }
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        _now = Math.Max(_now, nowUs);
        if (_now >= _retryAtUs)
        {
            _retryAtUs = long.MaxValue;
            if (!_open)
            {
                Open();
            }
            else
            {
                StartWriting();
            }
        }

        _maintainAtUs = _now >= _maintainAtUs ? long.MaxValue : _maintainAtUs;
        StartMaintaining();
        NoteIntake();
        return Math.Min(_retryAtUs, _maintainAtUs);
    }

    internal static JournalFill FillOf(long used, long quota) =>
        used >= quota ? JournalFill.Full : used >= quota / 100 * 95 ? JournalFill.High : used >= quota / 100 * 80 ? JournalFill.Elevated : JournalFill.Normal;

    private static void CheckNames(IReadOnlyList<IJournalProjection> projections)
    {
        for (int i = 0; i < projections.Count; i++)
        {
            string name = projections[i].Name;
            bool good = name.Length is > 0 and <= 32;
            foreach (char c in name)
            {
                good &= c is (>= 'a' and <= 'z') or '-';
            }

            for (int j = 0; j < i; j++)
            {
                good &= !string.Equals(projections[j].Name, name, StringComparison.Ordinal);
            }

            if (!good)
            {
                throw new ArgumentException("The projection name '" + name + "' is used twice or is not 1 to 32 of a-z and '-'.", nameof(projections));
            }
        }
    }

    private void StartWriting()
    {
        if (_open && !_writing && _retryAtUs == long.MaxValue && (_unsynced.Count > 0 || ((_sealWanted || _markDue) && _active is not null)))
        {
            _writing = true;
            Start(Write());
        }
    }

    // Appends and syncs as long as something waits. What comes while a sync is under way goes with the next one.
    private IEnumerator<Op> Write()
    {
        var given = new Box<bool>();
        while (_unsynced.Count > 0 || (_sealWanted && _active is not null) || (_markDue && _active is not null))
        {
            if (_unsynced.Count == 0 && !_sealWanted)
            {
                yield return Op.Call(MarkSynced(_active!));
                continue;
            }

            if (_active is null)
            {
                if (_trash.Count >= MaxTrash)
                {
                    Fail(DiskStatus.Failed, "files of no use cannot be deleted");
                    break;
                }

                var created = new Box<DiskStatus>();
                yield return Op.Call(CreateActive(_unsynced.Peek().Index, created));
                if (created.Value == DiskStatus.Full)
                {
                    yield return Op.Call(PressAndGiveBack(given));
                    if (given.Value)
                    {
                        continue;
                    }
                }

                if (created.Value != DiskStatus.Ok)
                {
                    Fail(created.Value, "a new segment could not be created");
                    break;
                }
            }

            SegmentContent active = _active!;
            if (_ring is not null && _unsynced.Count > 0 && _ring.OwnerOf(_unsynced.Peek()) is var owner && !_ring.CanWrite(owner))
            {
                yield return Op.Call(_ring.Make(owner));
                if (_ring.Status == DiskStatus.Full)
                {
                    yield return Op.Call(PressAndGiveBack(given));
                    if (given.Value)
                    {
                        continue;
                    }
                }

                if (_ring.Status != DiskStatus.Ok)
                {
                    Fail(_ring.Status, "a key could not be written");
                    break;
                }

                continue;
            }

            int from = _activeNew ? 0 : active.Length;
            int count = Encode(active);
            bool full = _sealWanted || count < _unsynced.Count;
            if (count > 0)
            {
                long through = active.LastIndex;
                yield return Op.Append(active.File, active.Data.AsMemory(from, active.Length - from));
                int wanted = active.Length - from;
                if (Last.Status == DiskStatus.Full)
                {
                    Abandon(active);
                    yield return Op.Call(DropEmpty(active.Name));
                    yield return Op.Call(PressAndGiveBack(given));
                    if (given.Value)
                    {
                        continue;
                    }

                    Fail(DiskStatus.Full, "an append to " + active.File + " was not completed");
                    break;
                }

                if (Last.Status != DiskStatus.Ok || Last.Count != wanted)
                {
                    Abandon(active);
                    Fail(Last.Status == DiskStatus.Ok ? DiskStatus.Failed : Last.Status, "an append to " + active.File + " was not completed");
                    break;
                }

                _status = _status with { BytesWritten = _status.BytesWritten + wanted };
                yield return Op.Sync(active.File);
                if (Last.Status == DiskStatus.Ok && _activeNew)
                {
                    yield return Op.SyncDirectory();
                }

                if (Last.Status != DiskStatus.Ok)
                {
                    // After a failed sync the system may have dropped the pages and say Ok the next time: nothing in this file counts any more.
                    Abandon(active);
                    Fail(Last.Status, "a sync of " + active.File + " failed");
                    break;
                }

                _activeNew = false;
                _markDue = true;
                Acknowledge(count, through);
                full = _sealWanted || (full && (_unsynced.Count > 0 && !Fits(active, _unsynced.Peek())));
            }

            if (full)
            {
                yield return Op.Call(SealActive());
            }
        }

        _writing = false;
        Wake();
        StartMaintaining();
    }

    // An attempt on a full disk leaves no file behind, and its number is used again.
    private IEnumerator<Op> DropEmpty(SegmentName name)
    {
        if (_trash.Remove(name.File))
        {
            yield return Op.Delete(name.File);
            if (Last.Status != DiskStatus.Ok)
            {
                _trash.Add(name.File);
            }
            else if (name.First == _lastCreatedFirst && name.Generation == _lastCreatedGeneration)
            {
                _lastCreatedGeneration--;
            }
        }
    }

    private IEnumerator<Op> PressAndGiveBack(Box<bool> given)
    {
        _pressed = true;
        yield return Op.Call(GiveBackUnit(LastUnit, given));
    }

    // Written after a sync and not synced itself: a kill keeps it, and so tells damage before it from an unfinished write behind it. It is no work: nothing waits for it.
    private IEnumerator<Op> MarkSynced(SegmentContent active)
    {
        _markDue = false;
        int from = active.Length;
        active.AddSynced(_activeSalt, SyncedIndex);
        yield return Op.Append(active.File, active.Data.AsMemory(from, JournalFormat.SyncedBytes));
        if (Last.Status == DiskStatus.Ok && Last.Count == JournalFormat.SyncedBytes)
        {
            _status = _status with { BytesWritten = _status.BytesWritten + JournalFormat.SyncedBytes };
            yield break;
        }

        _pressed |= Last.Status == DiskStatus.Full;
        Abandon(active);
        NoteIntake();
    }

    // The last record leaves room for the mark behind it and for the seal.
    private bool Fits(SegmentContent active, in JournalRecord record, int mark = 0) =>
        active.Length + mark + Overhead(record.Class) + record.Payload.Length + JournalFormat.SyncedBytes + JournalFormat.SealBytes <= _options.SegmentBytes;

    // Head and, where records are encrypted, nonce and tag.
    private int Overhead(RecordClass recordClass) => JournalFormat.RecordHeadBytes + (recordClass != RecordClass.Control && _ring is { IsEncrypting: true } ? RecordCipher.Overhead : 0);

    // Puts as many waiting records into the segment as fit and as one write may have.
    private int Encode(SegmentContent active)
    {
        int count = 0;
        int from = active.Length;
        if (_markDue && _unsynced.Count > 0 && Fits(active, _unsynced.Peek(), JournalFormat.SyncedBytes))
        {
            active.AddSynced(_activeSalt, SyncedIndex);
        }

        _markDue = false;
        foreach (JournalRecord record in _unsynced)
        {
            if (!Fits(active, record) || count > JournalFormat.MaxBatchRecords || (count > 0 && active.Length - from >= _options.MaxBatchBytes))
            {
                break;
            }

            JournalKeyOwner owner = _ring?.OwnerOf(in record) ?? default;
            if (owner.IsNone)
            {
                active.Add(_activeSalt, record.Index, record.Type, record.Class, count, record.Payload.Span);
            }
            else if (_ring!.CanWrite(owner))
            {
                active.AddEncrypted(_activeSalt, in record, count, owner, _ring);
            }
            else
            {
                break; // its key is made first
            }

            count++;
        }

        return count;
    }

    private void Acknowledge(int count, long through)
    {
        long payload = 0;
        for (int i = 0; i < count; i++)
        {
            JournalRecord record = _unsynced.Dequeue();
            payload += record.Payload.Length;
            _unsyncedBytes -= Overhead(record.Class) + record.Payload.Length;
        }

        SyncedIndex = through;
        _status = _status with { Records = _status.Records + count, Syncs = _status.Syncs + 1, PayloadBytes = _status.PayloadBytes + payload };
        if (_failing)
        {
            _failing = false;
            _handler.Recovered();
            NoteIntake();
        }

        _handler.Synced(through);
        Wake();
        StartMaintaining();
    }

    private IEnumerator<Op> CreateActive(long first, Box<DiskStatus> result)
    {
        result.Value = DiskStatus.Exists;
        for (int i = 0; i < MaxNameTries && result.Value == DiskStatus.Exists; i++)
        {
            int generation = first == _lastCreatedFirst ? _lastCreatedGeneration + 1 : 0;
            var name = new SegmentName(first, generation, false);
            _lastCreatedFirst = first;
            _lastCreatedGeneration = generation;
            yield return Op.Create(name.File);
            result.Value = Last.Status;
            if (result.Value == DiskStatus.Ok)
            {
                _active = SegmentContent.Begin(name, _options.SegmentBytes);
                _activeSalt = JournalFormat.SaltOf(name);
                _activeNew = true;
                _markDue = false;
            }
        }
    }

    // The seal is no part of any acknowledgement: without it the segment is merely read whole at the next start.
    private IEnumerator<Op> SealActive()
    {
        SegmentContent active = _active!;
        _sealWanted = false;
        if (active.Entries.Count == 0)
        {
            Abandon(active);
            yield break;
        }

        int from = active.Length;
        active.AddSeal(_activeSalt, active.LastIndex);
        yield return Op.Append(active.File, active.Data.AsMemory(from, active.Length - from));
        bool good = Last.Status == DiskStatus.Ok && Last.Count == active.Length - from;
        _pressed |= Last.Status == DiskStatus.Full;
        if (good)
        {
            _status = _status with { BytesWritten = _status.BytesWritten + JournalFormat.SealBytes };
            yield return Op.Sync(active.File);
            good = Last.Status == DiskStatus.Ok;
        }

        _active = null;
        _markDue = false;
        AddSegment(new SegmentInfo(active.Name, active.LastIndex, active.Length, (int[])active.Counts.Clone()) { Unfinished = !good });
        if (good)
        {
            Remember(active);
        }
    }

    // Keeps what was acknowledged in the segment, and leaves the rest to be written again elsewhere.
    private void Abandon(SegmentContent active)
    {
        _active = null;
        _markDue = false;
        int[] counts = new int[JournalFormat.ClassCount];
        int length = JournalFormat.HeaderBytes;
        int kept = 0;
        foreach (Entry entry in active.Entries)
        {
            if (entry.Index > SyncedIndex)
            {
                break;
            }

            counts[(int)entry.Class]++;
            length = entry.Offset + entry.Length;
            kept++;
        }

        if (kept == 0)
        {
            _trash.Add(active.File);
        }
        else
        {
            AddSegment(new SegmentInfo(active.Name, SyncedIndex, length, counts) { Unfinished = true });
        }
    }

    private void Fail(DiskStatus status, string text)
    {
        _retryAtUs = _now + _options.RetryUs;
        _pressed |= status == DiskStatus.Full;
        if (!_failing)
        {
            _failing = true;
            _handler.Failing(status, "J2600: " + text + " (" + JournalRules.StatusText(status) + "). Nothing is acknowledged until the disk takes it; tried again every "
                + (_options.RetryUs / 1000).ToString(CultureInfo.InvariantCulture) + " ms.");
        }

        NoteIntake();
        Wake();
    }

    private void AddSegment(SegmentInfo info)
    {
        _segments.Add(info);
        _segmentBytes += info.Length;
    }
}
