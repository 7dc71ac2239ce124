using System;
using System.Collections.Generic;

namespace EdgeGateway.Journal;

/// <content>One task at a time beside the writing: deletions, damage set aside, checkpoints, retention, the end.</content>
public sealed partial class JournalLog
{
    private const int KeptCheckpoints = 2;

    // Empty segments: they mark where the one before them ends, and stay until that one is written anew without what is behind the mark.
    private readonly List<string> _fences = [];
    private readonly List<(long First, long Last)> _missing = [];
    private long _missingDeclaredThrough;
    private bool _maintaining;
    private long _maintainAtUs = long.MaxValue;
    private bool _maintainFailed;
    private long _sinceCheckpointBytes;
    private long _sinceCheckpointRecords;
    private bool _checkpointWanted;
    private bool _closing;
    private bool _closed;
    private long _closeTicket;
    private long _quarantineBytes;
    private bool _freed; // a segment has become smaller since the newest refusal

    /// <inheritdoc/>
    public void BeginClose(long ticket)
    {
        if (_closing)
        {
            throw new InvalidOperationException("The journal is being closed already.");
        }

        _closing = true;
        _closeTicket = ticket;
        _sealWanted = true;
        _maintainAtUs = long.MaxValue;
        StartWriting();
        StartMaintaining();
        if (!_maintaining && !_closed)
        {
            // Not open, or waiting for a disk that refuses: nothing more can be made durable.
            Start(EndClose());
        }
    }

    private IEnumerator<Op> EndClose()
    {
        yield return Op.List();
        Closed();
    }

    private void Closed()
    {
        if (!_closed)
        {
            _closed = true;
            _handler.Read(_closeTicket, [], LastIndex + 1);
        }
    }

    private void StartMaintaining()
    {
        if (_open && !_maintaining && !_closed && (_maintainAtUs == long.MaxValue || _now >= _maintainAtUs) && HasTask())
        {
            _maintaining = true;
            _maintainAtUs = long.MaxValue;
            Start(Maintain());
        }
    }

    private bool HasTask() =>
        _closing || _trash.Count > 0 || _pressed || (!_failing
            && (_fences.Count > 0 || NeedsReserve() || Healable() is not null || _missing.Count > 0 || CheckpointDue() || _ring is { IsErasing: true } || OverQuota() || OldTombstone() >= 0));

    private IEnumerator<Op> Maintain()
    {
        _maintainFailed = false;
        while (!_maintainFailed && HasTask())
        {
            if (_trash.Count > 0 && !_closing)
            {
                yield return Op.Call(EmptyTrash());
            }
            else if (_closing)
            {
                yield return Op.Call(Close());
                break;
            }
            else if (_pressed && FindReleased(_checkpointOlderIndex, out SegmentInfo? released, out Predicate<Entry>? remove))
            {
                yield return Op.Call(Rewrite(released!, remove));
            }
            else if (_failing)
            {
                _maintainFailed = true;
            }
            else if (Healable() is { } damaged)
            {
                yield return Op.Call(Rewrite(damaged, null));
            }
            else if (_fences.Count > 0)
            {
                _trash.AddRange(_fences);
                _fences.Clear();
            }
            else if (_missing.Count > 0)
            {
                yield return Op.Call(MarkMissing());
            }
            else if (CheckpointDue())
            {
                yield return Op.Call(WriteCheckpoint());
            }
            else if (_ring is { IsErasing: true })
            {
                yield return Op.Call(_checkpointOlderIndex < _ring.ErasesThrough ? WriteCheckpoint() : EraseKeys(_ring));
            }
            else if (OverQuota())
            {
                yield return Op.Call(MakeRoom());
            }
            else if (NeedsReserve())
            {
                yield return Op.Call(TakeUnit(NextUnit()));
            }
            else if (MayRelax())
            {
                _pressed = false;
                NoteIntake();
            }
            else if (OldTombstone() >= 0)
            {
                yield return Op.Call(RemoveTombstone(OldTombstone()));
            }
            else
            {
                yield return Op.Call(LookAgain());
            }
        }

        _maintaining = false;
        if (_maintainFailed)
        {
            _maintainAtUs = _now + _options.RetryUs;
        }
    }

    private IEnumerator<Op> Close()
    {
        yield return Op.WaitSynced(LastIndex);
        yield return Op.WaitQuiet(); // the seal
        if (!_failing)
        {
            yield return Op.Call(WriteCheckpoint());
        }

        Closed();
    }

    private IEnumerator<Op> EmptyTrash()
    {
        string file = _trash[0];
        yield return Op.Delete(file);
        bool gone = Last.Status is DiskStatus.Ok or DiskStatus.NotFound;
        if (gone)
        {
            _trash.Remove(file);
            if (_trash.Count == 0)
            {
                yield return Op.SyncDirectory();
                if (_failing && _pressed && _freed)
                {
                    // What was freed is tried at once.
                    _freed = false;
                    _retryAtUs = long.MaxValue;
                    StartWriting();
                }
            }
        }

        _maintainFailed |= !gone;
    }

    private SegmentInfo? Healable()
    {
        foreach (SegmentInfo info in _segments)
        {
            if (info.Unfinished && !info.Unreadable)
            {
                return info;
            }
        }

        return null;
    }

    /// <summary>
    /// Writes a segment anew without its damage and without what retention removes. The old file is deleted only when the new one is durable, and the new
    /// one is begun only when what the owner declared about the loss is durable; so a crash leaves one that counts, and no loss undeclared.
    /// </summary>
    private IEnumerator<Op> Rewrite(SegmentInfo info, Predicate<Entry>? remove)
    {
        var read = new Box<SegmentContent?>();
        yield return Op.Call(Content(info, read));
        if (read.Value is not { } old || !_segments.Contains(info))
        {
            _maintainFailed |= !info.Unreadable;
            yield break;
        }

        if (remove is not null && !info.Unfinished && !old.Entries.Exists(remove) && !old.UnknownOwn.Exists(remove))
        {
            // Unknown marks, which its seal or a checkpoint counts as it can: from now on what was found in it counts.
            old.Counts.CopyTo(info.Counts, 0);
            yield break;
        }

        List<JournalLoss> damage = old.Losses(info.Last);
        if (!CanDeclare && !_failing && (remove is not null || !info.DamageDeclared))
        {
            yield return Op.WaitSynced(LastIndex);
            if (!CanDeclare)
            {
                _maintainFailed = true;
                yield break;
            }
        }

        if (damage.Count > 0 && !info.DamageDeclared)
        {
            if (!CanDeclare)
            {
                _maintainFailed = true;
                yield break;
            }

            Declare(info, damage);
        }

        long before = LastIndex;
        if (remove is not null && !DeclareRemoval(old, remove))
        {
            // The owner could not say all of it now; what it said already it does not say again. What others append meanwhile is no word of it.
            _maintainFailed |= LastIndex == before;
            yield return Op.WaitSynced(LastIndex);
            yield break;
        }

        // While the disk refuses, what was declared cannot become durable; what was released needs no word.
        long declared = Math.Max(info.DeclaredThrough, LastIndex == before ? 0 : LastIndex);
        yield return Op.WaitSynced(declared);
        if (SyncedIndex < declared)
        {
            _maintainFailed = true;
            yield break;
        }

        yield return Op.Call(Quarantine(old));
        if (_maintainFailed)
        {
            yield break;
        }

        SegmentContent copy = CopyOf(old, info, damage, remove);
        var written = new Box<bool>();
        yield return Op.Call(WriteWhole(copy.Name.File, copy.Data.AsMemory(0, copy.Length), written));
        if (!written.Value)
        {
            _maintainFailed = true;
            yield break;
        }

        _status = _status with { Rewrites = _status.Rewrites + 1, RecordsRemoved = _status.RecordsRemoved + (remove is null ? 0 : old.Entries.Count - copy.Entries.Count) };
        Replace(info, StandingFor(copy, info));
        _trash.Add(info.Name.File);
        _freed = true;
        Remember(copy);
    }

    private SegmentInfo StandingFor(SegmentContent copy, SegmentInfo old) =>
        new(copy.Name, old.Last, copy.Length, copy.Counts) { EmptySince = _checkpointSequence, UnknownMarks = copy.UnknownMarks };

    private void Replace(SegmentInfo old, SegmentInfo with)
    {
        int at = _segments.IndexOf(old);
        _segments[at] = with;
        _segmentBytes += with.Length - old.Length;
    }

    private static SegmentContent CopyOf(SegmentContent old, SegmentInfo info, List<JournalLoss> damage, Predicate<Entry>? remove, int generation = 0)
    {
        var name = new SegmentName(info.Name.First, Math.Max(generation, info.Name.Generation + 1), true);
        List<Entry> kept = [.. old.Entries, .. old.UnknownOwn];
        kept.RemoveAll(entry => remove is not null && remove(entry));
        kept.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
        int size = JournalFormat.HeaderBytes + ((old.SequenceGaps.Count + damage.Count) * JournalFormat.GapBytes) + JournalFormat.SealBytes;
        foreach (Entry entry in kept)
        {
            size += JournalFormat.RecordHeadBytes + entry.Length;
        }

        uint salt = JournalFormat.SaltOf(name);
        SegmentContent copy = SegmentContent.Begin(name, size);
        foreach ((long first, long last) in old.SequenceGaps)
        {
            copy.AddGap(salt, first, last);
        }

        foreach (JournalLoss loss in damage)
        {
            copy.AddGap(salt, loss.First, loss.Last);
        }

        foreach (Entry entry in kept)
        {
            copy.Adopt(salt, old, entry);
        }

        copy.AddSeal(salt, info.Last);
        return copy;
    }

    private bool DeclareRemoval(SegmentContent old, Predicate<Entry> remove)
    {
        bool declared = true;
        foreach ((JournalLoss loss, List<JournalRecord> records) in old.Removals(remove))
        {
            declared &= _handler.Lost(in loss, records);
        }

        // The owner never saw those of an unknown class: it is told which indices they had, when the others need not be asked for again.
        foreach (JournalLoss loss in declared ? old.UnknownRemovals(remove) : [])
        {
            declared &= _handler.Lost(in loss, []);
        }

        return declared;
    }

    // The bytes that are no record are kept for whoever looks into the damage, up to a bound.
    private IEnumerator<Op> Quarantine(SegmentContent old)
    {
        var parts = new List<DamagedBytes>(old.Damage);
        if (old.Seal is null && old.TailBytes > 0)
        {
            parts.Add(new DamagedBytes(old.Length - old.TailBytes, old.TailBytes, 0, 0));
        }

        foreach (DamagedBytes part in parts)
        {
            if (part.Length == 0)
            {
                continue;
            }

            if (_quarantineBytes + part.Length > _options.QuarantineBytes)
            {
                _status = _status with { QuarantineRefusedBytes = _status.QuarantineRefusedBytes + part.Length };
                continue;
            }

            var written = new Box<bool>();
            yield return Op.Call(WriteWhole(JournalFormat.QuarantineFile(old.Name, part.Offset), old.Data.AsMemory(part.Offset, part.Length), written));
            if (!written.Value)
            {
                // Without space the damage waits where it is.
                _maintainFailed = true;
                yield break;
            }

            _quarantineBytes += part.Length;
        }
    }

    // A new file, whole and durable, or not there. On a full disk the reserve is given back for it, down to a unit.
    private IEnumerator<Op> WriteWhole(string file, ReadOnlyMemory<byte> data, Box<bool> written, int keep = 0)
    {
        var given = new Box<bool>();
        do
        {
            given.Value = false;
            yield return Op.Call(TryWriteWhole(file, data, written));
            if (_wholeStatus == DiskStatus.Full && keep < _held.Length)
            {
                _pressed = true;
                yield return Op.Call(GiveBackUnit(keep, given));
            }
        }
        while (given.Value);
    }

    private IEnumerator<Op> TryWriteWhole(string file, ReadOnlyMemory<byte> data, Box<bool> written)
    {
        written.Value = false;
        _trash.Remove(file); // an unfinished file of this name may be waiting there
        yield return Op.Create(file);
        if (Last.Status == DiskStatus.Exists)
        {
            // Left by an attempt that did not end; what counts was chosen at the start, and this one did not.
            yield return Op.Delete(file);
            if (Last.Status == DiskStatus.Ok)
            {
                yield return Op.Create(file);
            }
        }

        _wholeStatus = Last.Status;
        if (Last.Status != DiskStatus.Ok)
        {
            yield break;
        }

        yield return Op.Append(file, data);
        bool good = Last.Status == DiskStatus.Ok && Last.Count == data.Length;
        _wholeStatus = Last.Status == DiskStatus.Ok && !good ? DiskStatus.Failed : Last.Status;
        if (good)
        {
            _status = _status with { BytesWritten = _status.BytesWritten + data.Length };
            yield return Op.Sync(file);
            good = Last.Status == DiskStatus.Ok;
            _wholeStatus = Last.Status;
        }

        if (good)
        {
            yield return Op.SyncDirectory();
            good = Last.Status == DiskStatus.Ok;
            _wholeStatus = Last.Status;
        }

        if (!good)
        {
            yield return Op.Delete(file);
            yield break;
        }

        written.Value = true;
    }

    // Stands in for a file that is gone, so that the loss is declared once.
    private IEnumerator<Op> MarkMissing()
    {
        (long first, long last) = _missing[0];
        yield return Op.WaitSynced(_missingDeclaredThrough);
        if (SyncedIndex < _missingDeclaredThrough)
        {
            _maintainFailed = true;
            yield break;
        }

        int at = 0;
        while (at < _segments.Count && _segments[at].Name.First < first)
        {
            at++;
        }

        var name = new SegmentName(first, 0, true);
        var copy = SegmentContent.Begin(name, JournalFormat.HeaderBytes + JournalFormat.GapBytes + JournalFormat.SealBytes);
        uint salt = JournalFormat.SaltOf(name);
        copy.AddGap(salt, first, last);
        copy.AddSeal(salt, last);
        var written = new Box<bool>();
        yield return Op.Call(WriteWhole(name.File, copy.Data.AsMemory(0, copy.Length), written));
        if (!written.Value)
        {
            _maintainFailed = true;
            yield break;
        }

        _missing.RemoveAt(0);
        _segments.Insert(at, new SegmentInfo(name, last, copy.Length, copy.Counts) { EmptySince = _checkpointSequence });
        _segmentBytes += copy.Length;
    }

    // The records are below both checkpoints by now: no replay will ask for them.
    private IEnumerator<Op> EraseKeys(KeyRing ring)
    {
        yield return Op.Call(ring.EraseKeys(owner =>
        {
            _active?.Lock(owner);
            foreach (SegmentContent content in _cache)
            {
                content.Lock(owner);
            }
        }));
        _maintainFailed |= ring.Status != DiskStatus.Ok;
    }

    private bool CheckpointDue() => _checkpointWanted || _sinceCheckpointBytes >= _options.CheckpointBytes || _sinceCheckpointRecords >= _options.CheckpointRecords;

    // The projections are saved at one index and written when that index is durable: a checkpoint never knows more than the log.
    private IEnumerator<Op> WriteCheckpoint()
    {
        long index = LastIndex;
        var states = new List<(string, ReadOnlyMemory<byte>)>();
        foreach (IJournalProjection projection in _projections)
        {
            byte[] state = projection.Save();
            if (state.Length > 0 || !projection.MayBeMissing)
            {
                states.Add((projection.Name, state));
            }
        }

        long bytes = _sinceCheckpointBytes;
        long records = _sinceCheckpointRecords;
        yield return Op.WaitSynced(index);
        if (SyncedIndex < index)
        {
            _maintainFailed = true;
            yield break;
        }

        var lines = new List<ManifestLine>();
        foreach (SegmentInfo info in _segments)
        {
            if (!info.IsEmpty && !info.Unreadable && info.Name.First <= index)
            {
                // What may still change is named without a length: it is read at a start, but its file must be there.
                bool stands = !info.Unfinished && info.Last <= index;
                lines.Add(new ManifestLine(info.Name, Math.Min(info.Last, index), stands ? info.Length : 0, info.Counts));
            }
        }

        if (_active is { Entries.Count: > 0 } active && active.Name.First <= index)
        {
            lines.Add(new ManifestLine(active.Name, Math.Min(active.LastIndex, index), 0, (int[])active.Counts.Clone()));
        }

        long sequence = _checkpointSequence + 1;
        byte[] data = JournalFormat.WriteCheckpoint(new Checkpoint(sequence, index, lines, states));
        var written = new Box<bool>();
        if (data.Length <= _options.MaxCheckpointBytes)
        {
            yield return Op.Call(WriteWhole(JournalFormat.CheckpointFile(sequence), data, written));
        }

        if (!written.Value)
        {
            _maintainFailed = true;
            yield break;
        }

        _checkpointWanted = false;
        _sinceCheckpointBytes -= bytes;
        _sinceCheckpointRecords -= records;
        _checkpointSequence = sequence;
        _checkpointOlderIndex = _checkpoints.Count == 0 ? 0 : _checkpointIndex;
        _checkpointIndex = index;
        _checkpoints.Add(sequence);
        _status = _status with { Checkpoints = _status.Checkpoints + 1 };
        while (_checkpoints.Count > KeptCheckpoints)
        {
            _trash.Add(JournalFormat.CheckpointFile(_checkpoints[0]));
            _checkpoints.RemoveAt(0);
        }
    }

    private bool OverQuota() => UsedBytes > _options.QuotaBytes || (_pressed && FindReleased(LastIndex, out _, out _));

    // Above the quota released records go first, then the lowest class, oldest first. On a disk that is full below it only what was released: readings are refused instead.
    // Nothing that a replay from the older checkpoint needs is touched.
    private IEnumerator<Op> MakeRoom()
    {
        long needed = _checkpointOlderIndex;
        bool found = FindReleased(needed, out SegmentInfo? victim, out Predicate<Entry>? remove);
        bool later = !found && FindReleased(LastIndex, out _, out _);
        for (int c = JournalFormat.ClassCount - 1; c > 0 && !found && !later && UsedBytes > _options.QuotaBytes; c--)
        {
            int chosen = c;
            remove = entry => entry.Index <= needed && (entry.Class == RecordClass.Control || (int)entry.Class == chosen);
            victim = Oldest(c, needed, onlyClass: false);
            found = victim is not null;
            later = !found && Oldest(c, LastIndex, onlyClass: false) is not null;
        }

        if (found)
        {
            yield return Op.Call(Rewrite(victim!, remove));
            yield break;
        }

        if (later && needed < LastIndex)
        {
            // Two checkpoints later what is old now may go: a higher class never goes before it.
            yield return Op.Call(WriteCheckpoint());
            yield break;
        }

        // Nothing to remove: the active segment is all there is.
        _maintainFailed = true;
    }

    // Bookkeeping below the older checkpoint lives in the projections, but is not worth a rewrite of its own unless it is all that a segment holds.
    private bool FindReleased(long through, out SegmentInfo? victim, out Predicate<Entry>? remove)
    {
        remove = entry => entry.Index <= through && !entry.IsUnknown && (entry.Class == RecordClass.Control || entry.Index < _release[(int)entry.Class]);
        victim = Oldest(0, through, onlyClass: true);
        foreach (SegmentInfo info in _segments)
        {
            if (victim is not null || info.Last > through)
            {
                break;
            }

            for (int c = 1; c < JournalFormat.ClassCount && victim is null && !info.Unreadable; c++)
            {
                victim = info.Counts[c] > (c == (int)JournalFormat.UnknownClass ? info.UnknownMarks : 0) && info.Last < _release[c] ? info : null;
            }
        }

        return victim is not null;
    }

    private SegmentInfo? Oldest(int recordClass, long through, bool onlyClass)
    {
        foreach (SegmentInfo info in _segments)
        {
            if (info.Last > through)
            {
                return null;
            }

            bool fits = info.Counts[recordClass] > 0 && !info.Unreadable;
            for (int c = 0; c < JournalFormat.ClassCount && fits && onlyClass; c++)
            {
                fits = c == recordClass || info.Counts[c] == 0;
            }

            if (fits)
            {
                return info;
            }
        }

        return null;
    }

    // A segment of which nothing is left may go when no checkpoint knows it as full any more. The newest file stays: it shows how far the log goes.
    private int OldTombstone()
    {
        for (int i = 0; i < _segments.Count - 1; i++)
        {
            SegmentInfo info = _segments[i];
            if (info.IsEmpty && !info.Unfinished && !info.Unreadable && info.Last <= _checkpointOlderIndex && _checkpointSequence >= info.EmptySince + KeptCheckpoints)
            {
                return i;
            }
        }

        return -1;
    }

    private IEnumerator<Op> RemoveTombstone(int at)
    {
        SegmentInfo info = _segments[at];
        yield return Op.SyncDirectory(); // the older generation's deletion comes first
        if (Last.Status != DiskStatus.Ok)
        {
            _maintainFailed = true;
            yield break;
        }

        _segments.Remove(info);
        _segmentBytes -= info.Length;
        _trash.Add(info.Name.File);
    }
}
