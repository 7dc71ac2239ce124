using System;
using System.Collections.Generic;

namespace EdgeGateway.Journal;

/// <content>Opening: list, newest checkpoint that is whole, winners among generations, replay of what came after the checkpoint.</content>
public sealed partial class JournalLog
{
    private readonly List<long> _checkpoints = []; // sequences of the files there are, in order
    private long _checkpointSequence;
    private long _checkpointIndex; // of the newest
    private DiskStatus _wholeStatus; // how the newest attempt at a whole file ended
    private long _checkpointOlderIndex; // of the one before: what is above it may be needed by a replay and is never removed

    /// <inheritdoc/>
    public void Open()
    {
        if (_open || _opening)
        {
            return;
        }

        _opening = true;
        Start(Opening());
    }

    private IEnumerator<Op> Opening()
    {
        yield return Op.List();
        if (Last.Status != DiskStatus.Ok)
        {
            FailOpening(Last.Status, "the directory could not be listed");
            yield break;
        }

        IReadOnlyList<DiskFile> files = JournalRules.Regular(Last.Files, out List<string> ignored);
        Forget();
        long listed = 0;
        bool isNew = true;
        foreach (DiskFile file in files)
        {
            FileKind kind = JournalFormat.KindOf(file.Name, out _, out long sequence);
            listed += kind == FileKind.Other ? 0 : file.Length;
            isNew &= kind is not (FileKind.Segment or FileKind.Checkpoint);
            switch (kind)
            {
                case FileKind.Checkpoint:
                    _checkpoints.Add(sequence);
                    _checkpointSequence = Math.Max(_checkpointSequence, sequence);
                    break;
                case FileKind.Quarantine:
                    _quarantineBytes += file.Length;
                    break;
                case FileKind.Reserve:
                    int unit = JournalFormat.ReserveUnit(file.Name);
                    if (unit >= 0 && unit < _held.Length && file.Length == UnitBytes(unit))
                    {
                        _held[unit] = true;
                    }
                    else
                    {
                        _trash.Add(file.Name); // of other bounds, of an older version, or not finished
                    }

                    break;
                default:
                    break;
            }
        }

        foreach (string name in ignored)
        {
            // Its number is not used again: the name is taken.
            _ = JournalFormat.KindOf(name, out _, out long sequence);
            _checkpointSequence = Math.Max(_checkpointSequence, sequence);
        }

        if (_ring is not null)
        {
            yield return Op.Call(_ring.Open(isNew));
            if (_ring.Status != DiskStatus.Ok)
            {
                FailOpening(_ring.Status, "the directory of the keys could not be read, or this start not be noted there");
                yield break;
            }
        }

        DecideReserve(listed);
        _pressed |= _disk.FreeBytes < MissingUnitBytes() || (_disk.FreeBytes == long.MaxValue && HeldUnits > 0 && NextUnit() >= 0);
        var loaded = new Box<Checkpoint?>();
        yield return Op.Call(LoadCheckpoint(files, loaded));
        var survey = new Survey(loaded.Value);
        yield return Op.Call(ReadSegments(files, survey));
        if (survey.Problem is not null)
        {
            FailOpening(survey.ProblemStatus, survey.Problem);
            yield break;
        }

        FindMissing(survey);
        var secured = new Box<bool>();
        yield return Op.Call(SecureTail(survey, secured));
        if (survey.Tail is not null && !secured.Value && _wholeStatus == DiskStatus.Full)
        {
            // The reserve was not enough: what can never count goes first, then once more.
            foreach (string file in survey.Useless)
            {
                yield return Op.Delete(file);
            }

            while (_trash.Count > 0)
            {
                string file = _trash[^1];
                _trash.RemoveAt(_trash.Count - 1);
                yield return Op.Delete(file);
            }

            yield return Op.SyncDirectory();
            yield return Op.Call(SecureTail(survey, secured));
        }

        if (survey.Tail is { } tail && !secured.Value)
        {
            if (!tail.Info.DamageDeclared)
            {
                // A sync alone would prove nothing after one that failed in an earlier life.
                FailOpening(_wholeStatus, "the newest segment could not be written again");
                yield break;
            }

            yield return Op.Sync(tail.Info.Name.File);
            DiskStatus synced = Last.Status;
            if (synced == DiskStatus.Ok)
            {
                yield return Op.SyncDirectory();
                synced = Last.Status;
            }

            if (synced != DiskStatus.Ok)
            {
                FailOpening(synced, "the newest segment could not be synced");
                yield break;
            }
        }

        LastIndex = Math.Max(survey.LastIndex, _checkpointIndex);
        SyncedIndex = LastIndex;
        foreach (SegmentName name in survey.Names)
        {
            if (name.First == LastIndex + 1 && (_lastCreatedFirst != name.First || name.Generation > _lastCreatedGeneration))
            {
                _lastCreatedFirst = name.First;
                _lastCreatedGeneration = name.Generation;
            }
        }

        _opening = false;
        _open = true;
        bool recovered = _failing;
        _failing = false;
        _sinceCheckpointRecords = survey.Replayed;
        long first = 0;
        foreach (SegmentInfo info in _segments)
        {
            if (!info.IsEmpty)
            {
                first = info.Name.First;
                break;
            }
        }

        _handler.Opened(new JournalOpened(first, LastIndex, survey.TornBytes, survey.Replayed, survey.Losses) { Ignored = ignored, UnusableKeys = _ring?.Unusable ?? [] });
        foreach (SegmentInfo info in _segments)
        {
            info.DeclaredThrough = info.DamageDeclared ? LastIndex : 0;
        }

        _missingDeclaredThrough = LastIndex;
        if (recovered)
        {
            _handler.Recovered();
        }

        NoteIntake();
        StartWriting();
        StartReading();
        StartMaintaining();
    }

    // What was found at the end may stand in the system's memory only, and a sync may say Ok although an earlier one has failed: so it is
    // written again as a whole, without its torn bytes. With damage in it that must wait until the owner has declared it.
    private IEnumerator<Op> SecureTail(Survey survey, Box<bool> secured)
    {
        if (survey.Tail is not { } tail || tail.Info.DamageDeclared)
        {
            yield break;
        }

        SegmentContent copy = CopyOf(tail.Content, tail.Info, [], null, Math.Max(survey.TailGeneration, tail.Info.Name.Generation + 1));
        yield return Op.Call(WriteWhole(copy.Name.File, copy.Data.AsMemory(0, copy.Length), secured));
        if (secured.Value)
        {
            Replace(tail.Info, StandingFor(copy, tail.Info));
            _trash.Add(tail.Info.Name.File);
            _trash.AddRange(survey.TailRivals);
            Remember(copy);
            _status = _status with { Rewrites = _status.Rewrites + 1 };
        }
    }

    private void Forget()
    {
        _segments.Clear();
        _checkpoints.Clear();
        _trash.Clear();
        _fences.Clear();
        _missing.Clear();
        _cache.Clear();
        _segmentBytes = 0;
        _quarantineBytes = 0;
        _checkpointSequence = 0;
        _checkpointIndex = 0;
        _checkpointOlderIndex = 0;
        _held = [];
        DecideReserve(0);
        _pressed = false;
        _sinceCheckpointBytes = 0;
        _status = _status with { UnknownRecords = 0, UnknownMarks = 0 };
    }

    private void FailOpening(DiskStatus status, string text)
    {
        _opening = false;
        Fail(status, text);
    }

    // Newest first; one that is not whole, or that a projection does not understand, is passed over.
    private IEnumerator<Op> LoadCheckpoint(IReadOnlyList<DiskFile> files, Box<Checkpoint?> loaded)
    {
        long olderIndex = 0;
        bool olderKnown = false;
        for (int i = _checkpoints.Count - 1; i >= 0 && !olderKnown; i--)
        {
            string file = JournalFormat.CheckpointFile(_checkpoints[i]);
            long length = LengthOf(files, file);
            Checkpoint? checkpoint = null;
            if (length <= _options.MaxCheckpointBytes && length >= 36)
            {
                byte[] data = new byte[length];
                yield return Op.Read(file, 0, data);
                checkpoint = Last.Status == DiskStatus.Ok && Last.Count == data.Length ? JournalFormat.TryReadCheckpoint(data, out _) : null;
            }

            if (checkpoint is not null && loaded.Value is not null)
            {
                olderIndex = checkpoint.Index;
                olderKnown = true;
            }
            else if (checkpoint is not null && TryLoadProjections(checkpoint))
            {
                loaded.Value = checkpoint;
                _checkpointIndex = checkpoint.Index;
            }
            else
            {
                _trash.Add(file);
                _checkpoints.RemoveAt(i);
            }
        }

        _checkpointOlderIndex = olderIndex;
        if (loaded.Value is null)
        {
            ResetProjections();
        }
    }

    private void ResetProjections()
    {
        foreach (IJournalProjection projection in _projections)
        {
            projection.Reset();
        }
    }

    private bool TryLoadProjections(Checkpoint checkpoint)
    {
        int at = 0;
        bool good = true;
        foreach (IJournalProjection projection in _projections)
        {
            if (at < checkpoint.Projections.Count && string.Equals(checkpoint.Projections[at].Name, projection.Name, StringComparison.Ordinal))
            {
                good = good && projection.TryLoad(checkpoint.Projections[at++].State.Span);
                continue;
            }

            projection.Reset();
            good &= projection.MayBeMissing;
        }

        good &= at == checkpoint.Projections.Count;
        if (!good)
        {
            ResetProjections();
        }

        return good;
    }

    private static long LengthOf(IReadOnlyList<DiskFile> files, string name)
    {
        foreach (DiskFile file in files)
        {
            if (string.Equals(file.Name, name, StringComparison.Ordinal))
            {
                return file.Length;
            }
        }

        return -1;
    }

    // Every segment in order: known from the checkpoint, or by its seal, or read whole. Records after the checkpoint go to the projections.
    private IEnumerator<Op> ReadSegments(IReadOnlyList<DiskFile> files, Survey survey)
    {
        var names = survey.Names;
        foreach (DiskFile file in files)
        {
            if (SegmentName.TryParse(file.Name, out SegmentName name))
            {
                names.Add(name);
                survey.Lengths.Add(file.Length);
            }
        }

        int at = 0;
        while (at < names.Count && survey.Problem is null)
        {
            int end = at;
            while (end < names.Count && names[end].First == names[at].First)
            {
                end++;
            }

            long limit = end < names.Count ? names[end].First - 1 : long.MaxValue;
            yield return Op.Call(ReadGenerations(survey, at, end, limit));
            at = end;
        }
    }

    // Of the generations of one segment the newest that is complete counts; one that was appended to is complete as it is.
    private IEnumerator<Op> ReadGenerations(Survey survey, int at, int end, long limit)
    {
        int winner = end - 1;
        for (; winner > at; winner--)
        {
            SegmentName candidate = survey.Names[winner];
            var whole = new Box<bool>();
            if (candidate.Copy)
            {
                yield return Op.Call(IsWhole(candidate, survey.Lengths[winner], whole));
            }

            if (JournalRules.MayCount(candidate, survey.Lengths[winner], whole.Value))
            {
                break;
            }
        }

        SegmentName name = survey.Names[winner];
        yield return Op.Call(ReadOne(survey, name, survey.Lengths[winner], limit));
        if (end - at > 1 && survey.Problem is null)
        {
            yield return Op.Call(SecureWinner(survey, name, survey.Lengths[winner], at, end));
        }
    }

    // Several generations mean that a rewrite did not end. The winner may stand in the system's memory only, after a sync that failed, and a sync now
    // would say Ok: so it is written once more as a whole, and only then are the others removed. Where that is not possible they stay.
    private IEnumerator<Op> SecureWinner(Survey survey, SegmentName name, long length, int at, int end)
    {
        List<string> rivals = [];
        bool newer = false;
        for (int i = at; i < end; i++)
        {
            newer |= survey.Names[i] == name;
            if (survey.Names[i] != name)
            {
                rivals.Add(survey.Names[i].File);
                if (newer)
                {
                    survey.Useless.Add(survey.Names[i].File); // newer and not chosen: not finished, and never will be
                }
            }
        }

        int generation = survey.Names[end - 1].Generation + 1;
        bool unsealed = survey.Tail is { } tail && tail.Info.Name == name;
        if (unsealed && end == survey.Names.Count)
        {
            survey.TailRivals.AddRange(rivals);
            survey.TailGeneration = generation;
            yield break;
        }

        SegmentInfo? info = _segments.Count > 0 && _segments[^1].Name == name ? _segments[^1] : null;
        if (info is null)
        {
            // Nothing was ever written under this number: attempts on a full disk.
            _trash.AddRange(rivals);
            yield break;
        }

        if (info.DamageDeclared || info.Unreadable)
        {
            yield break;
        }

        byte[] data = new byte[length];
        yield return Op.Read(name.File, 0, data);
        if (Last.Status != DiskStatus.Ok || Last.Count != data.Length)
        {
            yield break;
        }

        SegmentContent content = SegmentContent.Scan(name, data, data.Length, info.Last, 0, _ring?.Keys);
        if (content.Damage.Count > 0 || content.Losses(info.Last).Count > 0)
        {
            yield break; // found again by the first reader, who declares it
        }

        SegmentContent copy = CopyOf(content, info, [], null, generation);
        var written = new Box<bool>();
        yield return Op.Call(WriteWhole(copy.Name.File, copy.Data.AsMemory(0, copy.Length), written));
        if (written.Value)
        {
            Replace(info, StandingFor(copy, info));
            survey.Tail = unsealed ? null : survey.Tail;
            _trash.Add(name.File);
            _trash.AddRange(rivals);
            Remember(copy);
            _status = _status with { Rewrites = _status.Rewrites + 1 };
        }
    }

    // A seal alone proves nothing here: a cut may have kept the last block of a copy and not the ones before it.
    private IEnumerator<Op> IsWhole(SegmentName name, long length, Box<bool> whole)
    {
        var seal = new Box<Seal?>();
        yield return Op.Call(ReadSeal(name, length, seal));
        if (seal.Value is null || length > _options.SegmentBytes + (long)JournalOptions.MaxSegmentBytes)
        {
            yield break;
        }

        byte[] data = new byte[length];
        yield return Op.Read(name.File, 0, data);
        if (Last.Status == DiskStatus.Ok && Last.Count == data.Length)
        {
            SegmentContent content = SegmentContent.Scan(name, data, data.Length, long.MaxValue);
            whole.Value = JournalRules.IsWholeCopy(content);
        }
    }

    private IEnumerator<Op> ReadSeal(SegmentName name, long length, Box<Seal?> seal)
    {
        seal.Value = null;
        if (length < JournalFormat.HeaderBytes + JournalFormat.SealBytes)
        {
            yield break;
        }

        byte[] tail = new byte[JournalFormat.SealBytes];
        yield return Op.Read(name.File, length - tail.Length, tail);
        if (Last.Status == DiskStatus.Ok && Last.Count == tail.Length)
        {
            seal.Value = JournalFormat.TryReadSeal(tail, name);
        }
    }

    private IEnumerator<Op> ReadOne(Survey survey, SegmentName name, long length, long limit)
    {
        ManifestLine? line = survey.Line(name.First);
        if (line is not null && line.Name == name && line.Length == length && length > 0 && line.Last <= _checkpointIndex)
        {
            survey.Take(this, new SegmentInfo(name, line.Last, length, line.Counts));
            yield break;
        }

        var seal = new Box<Seal?>();
        yield return Op.Call(ReadSeal(name, length, seal));
        if (seal.Value is { } sealedAs && sealedAs.Last <= _checkpointIndex)
        {
            survey.Take(this, new SegmentInfo(name, sealedAs.Last, length, sealedAs.Counts));
            yield break;
        }

        if (length > _options.SegmentBytes + (long)JournalOptions.MaxSegmentBytes)
        {
            survey.Stop(DiskStatus.Failed, name.File + " is larger than any segment: move it out of the directory");
            yield break;
        }

        byte[] data = new byte[length];
        int count = -1;
        for (int i = 0; i < _options.ReadAttempts && count < 0; i++)
        {
            yield return Op.Read(name.File, 0, data);
            count = Last.Status == DiskStatus.Ok ? Last.Count : -1;
        }

        if (count < 0)
        {
            // The rest is still served; what the file stands for follows from its neighbours.
            long last = limit != long.MaxValue ? limit : Math.Max(line?.Last ?? 0, name.First);
            survey.Losses.Add(new JournalLoss(name.First, last, null, true, name.File));
            survey.Take(this, new SegmentInfo(name, last, length, line?.Counts ?? [1, 1, 1, 1, 1]) { Unreadable = true, DamageDeclared = true });
            yield break;
        }

        SegmentContent content = SegmentContent.Scan(name, data, count, limit, _checkpointIndex, _ring?.Keys);
        if (content.Newer)
        {
            survey.Stop(DiskStatus.Failed, name.File + " was written by a newer version of this program: update, or use an empty directory");
            yield break;
        }

        if (_ring is null && content.Entries.Exists(static entry => entry.IsLocked))
        {
            survey.Stop(DiskStatus.Failed, name.File + " is encrypted, and no key was given");
            yield break;
        }

        TakeScanned(survey, content, line, limit);
    }

    private void TakeScanned(Survey survey, SegmentContent content, ManifestLine? line, long limit)
    {
        long expected = JournalRules.StandsFor(content, limit, line, _checkpointIndex);
        List<JournalLoss> losses = content.Losses(expected);
        survey.Losses.AddRange(losses);
        survey.TornBytes += JournalRules.TornBytes(content, expected);
        if (content.Entries.Count == 0 && content.Seal is null && losses.Count == 0)
        {
            _fences.Add(content.Name.File); // created, and nothing of it was ever written
            survey.CoveredEmpty(content.Name);
            return;
        }

        var info = new SegmentInfo(content.Name, Math.Max(expected, content.LastIndex), content.Length, content.Counts)
        {
            Unfinished = content.Seal is null || losses.Count > 0 || content.Damage.Count > 0,
            DamageDeclared = losses.Count > 0 || content.Damage.Count > 0,
            UnknownMarks = content.UnknownMarks,
        };
        survey.Take(this, info);
        survey.Tail = content.Seal is null ? (info, content) : survey.Tail;
        _status = _status with { UnknownMarks = _status.UnknownMarks + content.UnknownMarksBehind(_checkpointIndex) };
        for (int i = content.Find(_checkpointIndex + 1); i < content.Entries.Count; i++)
        {
            JournalRecord record = content.Record(i);
            survey.Replayed++;
            _sinceCheckpointBytes += JournalFormat.RecordHeadBytes + record.Payload.Length;
            if (record.IsLocked)
            {
                survey.Lock(in record, content.File);
            }

            if (record.UnknownMark is not null || record.IsLocked)
            {
                continue;
            }

            if (_options.KnownTypes is { } known && !known.Contains(record.Type))
            {
                _status = _status with { UnknownRecords = _status.UnknownRecords + 1 };
            }

            foreach (IJournalProjection projection in _projections)
            {
                projection.Apply(in record);
            }
        }
    }

    // Below the checkpoint a missing file is damage when the checkpoint knows of it; above it, every missing index is.
    private void FindMissing(Survey survey)
    {
        var there = new List<(long First, long Last)>();
        foreach (SegmentInfo info in _segments)
        {
            there.Add((info.Name.First, info.Last));
        }

        foreach ((long first, long last) in JournalRules.Missing(survey.Manifest, there, _checkpointIndex, survey.LastIndex))
        {
            survey.Miss(this, first, last);
        }
    }

    // Less is free than the reserves want, and what may be taken before they are there.
    private long MissingUnitBytes()
    {
        long bytes = 0;
        for (int i = 0; i < _wantedUnits; i++)
        {
            bytes += _held[i] ? 0 : UnitBytes(i);
        }

        return bytes == 0 ? 0 : bytes + _options.MaxUnsyncedBytes;
    }

    /// <summary>What opening has found so far.</summary>
    private sealed class Survey(Checkpoint? checkpoint)
    {
        public List<SegmentName> Names { get; } = [];

        public List<long> Lengths { get; } = [];

        public List<JournalLoss> Losses { get; } = [];

        public IReadOnlyList<ManifestLine> Manifest => checkpoint?.Segments ?? [];

        public long LastIndex { get; private set; }

        public long TornBytes { get; set; }

        public long Replayed { get; set; }

        /// <summary>Files that can never count.</summary>
        public List<string> Useless { get; } = [];

        /// <summary>The newest segment without a seal.</summary>
        public (SegmentInfo Info, SegmentContent Content)? Tail { get; set; }

        /// <summary>Other generations of that segment, removed when it is written again.</summary>
        public List<string> TailRivals { get; } = [];

        public int TailGeneration { get; set; }

        public string? Problem { get; private set; }

        public DiskStatus ProblemStatus { get; private set; }

        public void Stop(DiskStatus status, string problem)
        {
            ProblemStatus = status;
            Problem = problem;
        }

        public ManifestLine? Line(long first)
        {
            foreach (ManifestLine line in Manifest)
            {
                if (line.Name.First == first)
                {
                    return line;
                }
            }

            return null;
        }

        public void Take(JournalLog log, SegmentInfo info)
        {
            info.EmptySince = log._checkpointSequence; // any checkpoint there is may know it as full
            log.AddSegment(info);
            LastIndex = Math.Max(LastIndex, info.Last);
        }

        /// <summary>A record without its key: lost, in a run with its neighbours. Its bytes stay, since the key may come back.</summary>
        public void Lock(in JournalRecord record, string file)
        {
            if (Losses.Count > 0 && Losses[^1] is { Class: not null } run && run.Last == record.Index - 1 && run.Class == record.Class)
            {
                Losses[^1] = run with { Last = record.Index };
            }
            else
            {
                Losses.Add(new JournalLoss(record.Index, record.Index, record.Class, true, file));
            }
        }

        public void CoveredEmpty(SegmentName name) => LastIndex = Math.Max(LastIndex, name.First - 1);

        public void Miss(JournalLog log, long first, long last)
        {
            Losses.Add(new JournalLoss(first, last, null, true, new SegmentName(first, 0, false).File));
            log._missing.Add((first, last));
        }
    }
}
