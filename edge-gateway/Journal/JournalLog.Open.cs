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

        IReadOnlyList<DiskFile> files = Last.Files;
        Forget();
        foreach (DiskFile file in files)
        {
            switch (JournalFormat.KindOf(file.Name, out _, out long sequence))
            {
                case FileKind.Checkpoint:
                    _checkpoints.Add(sequence);
                    _checkpointSequence = Math.Max(_checkpointSequence, sequence);
                    break;
                case FileKind.Quarantine:
                    _quarantineBytes += file.Length;
                    break;
                case FileKind.Reserve:
                    _reserveHeld = file.Length >= _options.ReserveBytes;
                    _reservePresent = true;
                    break;
                default:
                    break;
            }
        }

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
        if (survey.Tail is not null && !secured.Value && _wholeStatus == DiskStatus.Full && _reservePresent)
        {
            yield return Op.Delete(JournalFormat.ReserveFile);
            _reservePresent = false;
            _reserveHeld = false;
            yield return Op.Call(SecureTail(survey, secured));
            _pressed &= !secured.Value; // the reserve was enough: nothing has to give way yet
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

        _handler.Opened(new JournalOpened(first, LastIndex, survey.TornBytes, survey.Replayed, survey.Losses));
        foreach (SegmentInfo info in _segments)
        {
            info.DeclaredThrough = info.DamageDeclared ? LastIndex : 0;
        }

        _missingDeclaredThrough = LastIndex;
        if (recovered)
        {
            _handler.Recovered();
        }

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
            Replace(tail.Info, new SegmentInfo(copy.Name, tail.Info.Last, copy.Length, copy.Counts) { EmptySince = _checkpointSequence });
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
        _reserveHeld = false;
        _reservePresent = false;
        _sinceCheckpointBytes = 0;
    }

    private void FailOpening(DiskStatus status, string text)
    {
        _opening = false;
        Fail(status, text);
    }

    // Newest first; one that is not whole, or that a fold does not understand, is passed over.
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
            else if (checkpoint is not null && TryLoadFolds(checkpoint))
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
            ResetFolds();
        }
    }

    private void ResetFolds()
    {
        foreach (IJournalFold fold in _folds)
        {
            fold.Reset();
        }
    }

    private bool TryLoadFolds(Checkpoint checkpoint)
    {
        if (checkpoint.Folds.Count != _folds.Count)
        {
            return false;
        }

        for (int i = 0; i < _folds.Count; i++)
        {
            (string name, ReadOnlyMemory<byte> state) = checkpoint.Folds[i];
            if (!string.Equals(name, _folds[i].Name, StringComparison.Ordinal) || !_folds[i].TryLoad(state.Span))
            {
                ResetFolds();
                return false;
            }
        }

        return true;
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

    // Every segment in order: known from the checkpoint, or by its seal, or read whole. Records after the checkpoint go to the folds.
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
            if (candidate.Copy)
            {
                var whole = new Box<bool>();
                yield return Op.Call(IsWhole(candidate, survey.Lengths[winner], whole));
                if (whole.Value)
                {
                    break;
                }
            }
            else if (survey.Lengths[winner] > JournalFormat.HeaderBytes)
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
        for (int i = at; i < end; i++)
        {
            if (survey.Names[i] != name)
            {
                rivals.Add(survey.Names[i].File);
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

        SegmentContent content = SegmentContent.Scan(name, data, data.Length, info.Last);
        if (content.Damage.Count > 0 || content.Losses(info.Last).Count > 0)
        {
            yield break; // found again by the first reader, who declares it
        }

        SegmentContent copy = CopyOf(content, info, [], null, generation);
        var written = new Box<bool>();
        yield return Op.Call(WriteWhole(copy.Name.File, copy.Data.AsMemory(0, copy.Length), written));
        if (written.Value)
        {
            Replace(info, new SegmentInfo(copy.Name, info.Last, copy.Length, copy.Counts) { EmptySince = _checkpointSequence });
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
            whole.Value = content.HeaderWhole && content.Damage.Count == 0 && content.Counts.AsSpan().SequenceEqual(seal.Value.Counts);
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
        if (line is not null)
        {
            survey.Seen.Add(line);
        }

        if (line is not null && line.Name == name && line.Length == length && line.Last <= _checkpointIndex)
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
            // The rest is still served; what the file stands for is told by its neighbours.
            long last = limit != long.MaxValue ? limit : Math.Max(line?.Last ?? 0, name.First);
            survey.Losses.Add(new JournalLoss(name.First, last, null, true, name.File));
            survey.Take(this, new SegmentInfo(name, last, length, line?.Counts ?? [1, 1, 1, 1, 1]) { Unreadable = true, DamageDeclared = true });
            yield break;
        }

        SegmentContent content = SegmentContent.Scan(name, data, count, limit, _checkpointIndex);
        if (content.Newer)
        {
            survey.Stop(DiskStatus.Failed, name.File + " was written by a newer version of this program: update, or use an empty directory");
            yield break;
        }

        TakeScanned(survey, content, line, limit);
    }

    private void TakeScanned(Survey survey, SegmentContent content, ManifestLine? line, long limit)
    {
        long expected = content.Seal?.Last ?? (limit != long.MaxValue ? limit : Math.Max(line?.Last ?? 0, content.LastIndex));
        if (content.Name.Copy && content.Seal is null && limit == long.MaxValue)
        {
            expected = Math.Max(expected, _checkpointIndex);
        }

        List<JournalLoss> losses = content.Losses(expected);
        survey.Losses.AddRange(losses);
        survey.TornBytes += content.Seal is null && losses.Count == 0 ? content.TailBytes : 0;
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
        };
        survey.Take(this, info);
        survey.Tail = content.Seal is null ? (info, content) : survey.Tail;
        for (int i = content.Find(_checkpointIndex + 1); i < content.Entries.Count; i++)
        {
            JournalRecord record = content.Record(i);
            foreach (IJournalFold fold in _folds)
            {
                fold.Apply(in record);
            }

            survey.Replayed++;
            _sinceCheckpointBytes += JournalFormat.RecordHeadBytes + record.Payload.Length;
        }
    }

    // Below the checkpoint a missing file is damage when the checkpoint knows of it; above it, every missing index is.
    private void FindMissing(Survey survey)
    {
        foreach (ManifestLine line in survey.Manifest)
        {
            if (!survey.Seen.Contains(line))
            {
                survey.Miss(this, line.Name.First, line.Last);
            }
        }

        long next = 1;
        int known = _segments.Count;
        for (int i = 0; i < known; i++)
        {
            SegmentInfo info = _segments[i];
            if (info.Name.First > next && info.Name.First - 1 > _checkpointIndex)
            {
                survey.Miss(this, Math.Max(next, _checkpointIndex + 1), info.Name.First - 1);
            }

            next = Math.Max(next, info.Last + 1);
        }

        // The newest segment's file is never removed, so the list must reach the checkpoint.
        foreach (ManifestLine line in survey.Manifest)
        {
            next = Math.Max(next, line.Last + 1);
        }

        long end = Math.Max(_checkpointIndex, survey.LastIndex);
        if (next <= end)
        {
            survey.Miss(this, next, end);
        }
    }

    /// <summary>What opening has found so far.</summary>
    private sealed class Survey(Checkpoint? checkpoint)
    {
        public List<SegmentName> Names { get; } = [];

        public List<long> Lengths { get; } = [];

        public List<JournalLoss> Losses { get; } = [];

        public HashSet<ManifestLine> Seen { get; } = new(ReferenceEqualityComparer.Instance); // asked for membership only

        public IReadOnlyList<ManifestLine> Manifest => checkpoint?.Segments ?? [];

        public long LastIndex { get; private set; }

        public long TornBytes { get; set; }

        public long Replayed { get; set; }

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

        public void CoveredEmpty(SegmentName name) => LastIndex = Math.Max(LastIndex, name.First - 1);

        public void Miss(JournalLog log, long first, long last)
        {
            Losses.Add(new JournalLoss(first, last, null, true, new SegmentName(first, 0, false).File));
            log._missing.Add((first, last));
        }
    }
}
