using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;

namespace EdgeGateway.Journal;

/// <summary>Damage or something worth knowing, found by an inspection.</summary>
/// <param name="File">The file.</param>
/// <param name="Offset">Where in it, bytes; -1 for the file as a whole.</param>
/// <param name="Bytes">How many bytes are concerned.</param>
/// <param name="FirstLost">First record lost by it, 0 when none.</param>
/// <param name="LastLost">Last record lost by it, 0 when none.</param>
/// <param name="IsDamage">True for damage; false for what a live directory or a cut of power explains.</param>
/// <param name="Text">What it is and what to do next.</param>
public sealed record JournalFinding(string File, long Offset, long Bytes, long FirstLost, long LastLost, bool IsDamage, string Text);

/// <summary>One segment as an inspection sees it.</summary>
/// <param name="File">Its file.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="First">First index it stands for.</param>
/// <param name="Last">Last index it holds, or stands for when sealed.</param>
/// <param name="CountByClass">Records by class: control, vital, event, sound, wave. Those with unknown marks count as vital.</param>
/// <param name="PayloadBytesByClass">Their payload bytes, in the same order.</param>
/// <param name="Sealed">Whether it has its seal.</param>
/// <param name="Counts">Whether it counts; false for an older or unfinished generation that the next start removes.</param>
/// <param name="DeclaredGaps">Ranges lost earlier and declared.</param>
public sealed record JournalSegment(
    string File,
    long Bytes,
    long First,
    long Last,
    IReadOnlyList<int> CountByClass,
    IReadOnlyList<long> PayloadBytesByClass,
    bool Sealed,
    bool Counts,
    IReadOnlyList<(long First, long Last)> DeclaredGaps);

/// <summary>One checkpoint as an inspection sees it.</summary>
/// <param name="File">Its file.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Index">The record it stands at, 0 when it is not whole.</param>
/// <param name="Whole">Whether its checksum fits.</param>
public sealed record JournalCheckpointFile(string File, long Bytes, long Index, bool Whole);

/// <summary>A directory as an inspection sees it.</summary>
/// <param name="Segments">Segments in order.</param>
/// <param name="Checkpoints">Checkpoints in order.</param>
/// <param name="Findings">What was found, in order of files.</param>
/// <param name="QuarantineFiles">Damage set aside earlier.</param>
/// <param name="QuarantineBytes">Its bytes.</param>
public sealed record JournalReport(
    IReadOnlyList<JournalSegment> Segments,
    IReadOnlyList<JournalCheckpointFile> Checkpoints,
    IReadOnlyList<JournalFinding> Findings,
    int QuarantineFiles,
    long QuarantineBytes)
{
    /// <summary>Records of known classes in the segments that count, by type; what a type means is the owner's.</summary>
    public IReadOnlyDictionary<byte, long> RecordsByType { get; init; } = new SortedDictionary<byte, long>();

    /// <summary>Records in the segments that count with a mark that this version does not know, by mark: kept as vital signs and skipped. From 128 on they are the journal's own.</summary>
    public IReadOnlyDictionary<byte, long> UnknownMarks { get; init; } = new SortedDictionary<byte, long>();

    /// <summary>Encrypted records in the segments that count.</summary>
    public long Encrypted { get; init; }

    /// <summary>Those among them that could not be read: their key is not there (erased, or lost), or the cart's key was not given. Only their checksums were looked at.</summary>
    public long Locked { get; init; }

    /// <summary>Files of keys that could not be opened: damaged, or wrapped by another cart key.</summary>
    public IReadOnlyList<string> UnusableKeys { get; init; } = [];

    /// <summary>Whether there is damage.</summary>
    public bool IsDamaged
    {
        get
        {
            foreach (JournalFinding finding in Findings)
            {
                if (finding.IsDamage)
                {
                    return true;
                }
            }

            return false;
        }
    }
}

/// <summary>
/// Reads a journal's directory without changing it and without its lock, on a stopped, a broken or a running journal. On a running one files come and go;
/// a file that disappears between listing and reading was replaced by a newer generation, and the directory is then listed again.
/// </summary>
public static class JournalInspector
{
    private const int MaxListings = 8;
    private const long MaxFileBytes = 2L * JournalOptions.MaxSegmentBytes;

    /// <summary>Inspects a directory; records are shown in order while they are read.</summary>
    /// <param name="directory">Its path.</param>
    /// <param name="record">Called for each record; the payload is valid during the call only. Null when they are not wanted.</param>
    /// <param name="keyDirectory">The directory of the keys; null when encrypted records need not be read.</param>
    /// <param name="cartKey">The cart's key, <see cref="JournalProtection.KeyBytes"/> long; empty when it is not known.</param>
    /// <returns>The report.</returns>
    /// <exception cref="IOException">The directory or a file in it cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static JournalReport Inspect(string directory, Action<JournalRecord>? record = null, string? keyDirectory = null, ReadOnlyMemory<byte> cartKey = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        using KeySet keys = new();
        List<string> unusable = keyDirectory is null ? [] : KeyFile.LoadAll(keyDirectory, cartKey.Span, keys);
        for (int i = 1; ; i++)
        {
            try
            {
                // Everything is read before the first record is shown, so that a second listing shows none twice.
                JournalReport report = Inspect(JournalRules.List(directory), name => ReadFile(Path.Combine(directory, name)), null, keys);
                report = record is null ? report : Inspect(JournalRules.List(directory), name => ReadFile(Path.Combine(directory, name)), record, keys);
                return report with { UnusableKeys = unusable };
            }
            catch (FileNotFoundException) when (i < MaxListings)
            {
                // Replaced meanwhile.
            }
        }
    }

    /// <summary>Inspects files from anywhere.</summary>
    /// <param name="listed">What there is, as <see cref="IDisk.List"/> says it.</param>
    /// <param name="read">Reads one whole file.</param>
    /// <param name="record">Called for each record, or null.</param>
    /// <param name="keys">For encrypted records, or null.</param>
    /// <returns>The report.</returns>
    internal static JournalReport Inspect(IReadOnlyList<DiskFile> listed, Func<string, byte[]> read, Action<JournalRecord>? record, KeySet? keys = null) => new Pass(listed, read, keys).Run(record);

    private static byte[] ReadFile(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (stream.Length > MaxFileBytes)
        {
            throw new IOException(path + " is larger than any file of a journal.");
        }

        byte[] data = new byte[stream.Length];
        int count = stream.ReadAtLeast(data, data.Length, throwOnEndOfStream: false);
        return count == data.Length ? data : data[..count];
    }

    private sealed class Pass(IReadOnlyList<DiskFile> listed, Func<string, byte[]> read, KeySet? keys)
    {
        private readonly List<JournalSegment> _segments = [];
        private readonly List<JournalCheckpointFile> _checkpoints = [];
        private readonly List<JournalFinding> _findings = [];
        private readonly List<SegmentName> _names = [];
        private readonly List<(long First, long Last)> _there = [];
        private readonly SortedDictionary<byte, long> _types = [];
        private readonly SortedDictionary<byte, long> _marks = [];
        private Checkpoint? _newest;
        private int _quarantined;
        private long _quarantinedBytes;
        private long _lastIndex;
        private long _encrypted;
        private long _locked;

        public JournalReport Run(Action<JournalRecord>? record)
        {
            IReadOnlyList<DiskFile> files = JournalRules.Regular(listed, out List<string> ignored);
            foreach (DiskFile file in files)
            {
                switch (JournalFormat.KindOf(file.Name, out SegmentName name, out _))
                {
                    case FileKind.Segment:
                        _names.Add(name);
                        break;
                    case FileKind.Checkpoint:
                        TakeCheckpoint(file.Name);
                        break;
                    case FileKind.Quarantine:
                        _quarantined++;
                        _quarantinedBytes += file.Length;
                        break;
                    case FileKind.Other:
                        _findings.Add(new JournalFinding(file.Name, -1, file.Length, 0, 0, false, "Not a file of the journal. It is ignored; move it elsewhere."));
                        break;
                    default:
                        break;
                }
            }

            foreach (string name in ignored)
            {
                _findings.Add(new JournalFinding(name, -1, 0, 0, 0, true, "J2607: the name is the journal's, but it is no regular file of exactly that name (a link, a directory, other letters). It is never read or written; what it should hold counts as missing. Put the file itself here."));
            }

            for (int at = 0; at < _names.Count;)
            {
                int end = at;
                while (end < _names.Count && _names[end].First == _names[at].First)
                {
                    end++;
                }

                TakeGenerations(at, end, end < _names.Count ? _names[end].First - 1 : long.MaxValue, record);
                at = end;
            }

            foreach ((long first, long last) in JournalRules.Missing(_newest?.Segments ?? [], _there, _newest?.Index ?? 0, _lastIndex))
            {
                _findings.Add(new JournalFinding(
                    new SegmentName(first, 0, false).File, -1, 0, first, last, true, string.Create(CultureInfo.InvariantCulture, $"J2603: the file of records {first} to {last} is gone. Look for it in a backup before the gateway is started; the start declares the gap.")));
            }

            return new JournalReport(_segments, _checkpoints, _findings, _quarantined, _quarantinedBytes) { RecordsByType = _types, UnknownMarks = _marks, Encrypted = _encrypted, Locked = _locked };
        }

        private void TakeCheckpoint(string file)
        {
            byte[] data = read(file);
            Checkpoint? taken = JournalFormat.TryReadCheckpoint(data, out string problem);
            _newest = taken ?? _newest;
            _checkpoints.Add(new JournalCheckpointFile(file, data.Length, taken?.Index ?? 0, taken is not null));
            if (taken is null)
            {
                _findings.Add(new JournalFinding(file, 0, data.Length, 0, 0, true, "J2605: the checkpoint is not usable: " + problem + ". The next start takes the older one and replays more; nothing else is needed."));
            }
        }

        private void TakeGenerations(int at, int end, long limit, Action<JournalRecord>? record)
        {
            var contents = new List<SegmentContent>();
            int winner = 0;
            for (int i = at; i < end; i++)
            {
                byte[] data = read(_names[i].File);
                SegmentContent content = SegmentContent.Scan(_names[i], data, data.Length, limit, _newest?.Index ?? 0, keys);
                contents.Add(content);
                winner = JournalRules.MayCount(_names[i], data.Length, JournalRules.IsWholeCopy(content)) ? contents.Count - 1 : winner;
            }

            for (int i = 0; i < contents.Count; i++)
            {
                Take(contents[i], i == winner, limit);
            }

            for (int i = 0; record is not null && i < contents[winner].Entries.Count; i++)
            {
                record(contents[winner].Record(i));
            }
        }

        private void Take(SegmentContent content, bool counts, long limit)
        {
            long[] bytes = new long[JournalFormat.ClassCount];
            List<Entry> entries = [.. content.Entries, .. content.UnknownOwn];
            foreach (Entry entry in entries)
            {
                bytes[(int)entry.Class] += entry.Length;
            }

            string file = content.Name.File;
            long last = Math.Max(content.LastIndex, content.Seal?.Last ?? 0);
            _segments.Add(new JournalSegment(file, content.Data.Length, content.Name.First, last, content.Counts, bytes, content.Seal is not null, counts, content.SequenceGaps));
            if (!counts)
            {
                _findings.Add(new JournalFinding(file, -1, content.Data.Length, 0, 0, false, "A generation that does not count: an older one, or one that was not finished. The next start removes it."));
                return;
            }

            if (content.Newer)
            {
                _findings.Add(new JournalFinding(file, 0, content.Data.Length, 0, 0, true, "J2606: written by a newer version. Update this program; do not start an older gateway on it."));
                return;
            }

            foreach (Entry entry in entries)
            {
                (SortedDictionary<byte, long> sums, byte key) = entry.IsUnknown ? (_marks, entry.Mark) : (_types, entry.Type);
                sums[key] = sums.GetValueOrDefault(key) + 1;
                _encrypted += entry.IsOpened || entry.IsLocked ? 1 : 0;
                _locked += entry.IsLocked ? 1 : 0;
            }

            FindIn(content, file, limit);
        }

        private void FindIn(SegmentContent content, string file, long limit)
        {
            long expected = JournalRules.StandsFor(content, limit, LineOf(content.Name), _newest?.Index ?? 0);
            List<JournalLoss> losses = content.Losses(expected);
            if (content.Entries.Count > 0 || content.Seal is not null || losses.Count > 0)
            {
                _there.Add((content.Name.First, Math.Max(expected, content.LastIndex)));
                _lastIndex = Math.Max(_lastIndex, Math.Max(expected, content.LastIndex));
            }
            else
            {
                _lastIndex = Math.Max(_lastIndex, content.Name.First - 1);
            }

            if (!content.HeaderWhole && content.Data.Length >= JournalFormat.HeaderBytes)
            {
                _findings.Add(new JournalFinding(file, 0, JournalFormat.HeaderBytes, 0, 0, true, "J2604: the header is damaged. Nothing is lost by it, since the name says the same. Check the medium."));
            }

            foreach (DamagedBytes part in content.Damage)
            {
                bool lost = part.After - part.Before > 1;
                string text = lost
                    ? string.Create(CultureInfo.InvariantCulture, $"J2604: records {part.Before + 1} to {part.After - 1} are damaged. Everything after them is served. Start the gateway: it sets the bytes aside and declares the gap. Check the medium.")
                    : "J2604: bytes that are no record, between records that follow on each other. Nothing is lost by it. Check the medium.";
                _findings.Add(new JournalFinding(file, part.Offset, part.Length, lost ? part.Before + 1 : 0, lost ? part.After - 1 : 0, true, text));
            }

            if (content.Seal is not null)
            {
                return;
            }

            // At the end of the newest segment: what was acknowledged and is gone is damage, anything else was never finished.
            int tail = content.Data.Length - content.TailBytes;
            int inside = 0;
            foreach (DamagedBytes part in content.Damage)
            {
                inside += part.After - part.Before > 1 ? 1 : 0;
            }

            if (losses.Count > inside)
            {
                JournalLoss end = losses[^1];
                _findings.Add(new JournalFinding(file, tail, content.TailBytes, end.First, end.Last, true, string.Create(CultureInfo.InvariantCulture, $"J2604: records {end.First} to {end.Last} are missing at the end. Start the gateway: it declares the gap. Check the medium.")));
            }
            else if (JournalRules.TornBytes(content, expected) > 0)
            {
                _findings.Add(new JournalFinding(file, tail, content.TailBytes, 0, 0, false, "An unfinished write at the end: the power was cut, or the gateway is writing just now. Nothing acknowledged is in it; the next start cuts it."));
            }
        }

        private ManifestLine? LineOf(SegmentName name)
        {
            foreach (ManifestLine line in _newest?.Segments ?? [])
            {
                if (line.Name.First == name.First)
                {
                    return line;
                }
            }

            return null;
        }
    }
}
