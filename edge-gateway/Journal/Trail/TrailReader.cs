using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Security.Cryptography;

namespace EdgeGateway.Journal.Trail;

/// <summary>Reads a trail and says whether it is the one that was written. It changes nothing, and needs no lock: what is being written meanwhile is a torn tail.</summary>
public static class TrailReader
{
    private const int MaxTries = 3;

    /// <summary>Reads the entries of a trail, whatever state it is in.</summary>
    /// <param name="files">The folder.</param>
    /// <returns>The whole entries in their order, openings included.</returns>
    public static IEnumerable<TrailEntry> Read(ITrailFiles files)
    {
        ArgumentNullException.ThrowIfNull(files);
        foreach (SegmentName name in TrailSegment.Order(files.List()))
        {
            foreach (TrailRecord record in new TrailSegment(name, files.Read(name.File)).Records)
            {
                yield return new TrailEntry(record.Index, record.Type == TrailFormat.OpeningType, record.Body, TrailFormat.Text(record.Hash()));
            }
        }
    }

    /// <summary>Checks a trail from its first entry to its last.</summary>
    /// <param name="files">The folder.</param>
    /// <param name="heads">Heads that were published or noted elsewhere.</param>
    /// <returns>What was found.</returns>
    public static TrailReport Verify(ITrailFiles files, IReadOnlyList<TrailHead> heads)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(heads);
        for (int i = 1; ; i++)
        {
            try
            {
                List<string> strange = [];
                Pass pass = new();
                foreach (SegmentName name in TrailSegment.Order(files.List(), strange))
                {
                    pass.Take(new TrailSegment(name, files.Read(name.File)));
                }

                return pass.End(heads, strange);
            }
            catch (FileNotFoundException) when (i < MaxTries)
            {
                // The quota took the oldest file meanwhile.
            }
        }
    }

    private sealed class Pass
    {
        private readonly List<TrailFinding> _findings = [];
        private readonly Dictionary<long, string> _hashes = [];
        private readonly List<(SegmentName File, ReadOnlyMemory<byte> Bytes)> _tails = [];
        private long _first;
        private long _last;
        private byte[]? _hash; // of the last entry; null after entries that are missing, whose hash nobody knows
        private TrailRecord? _suspect; // the last entry, when what follows it does not name its hash
        private string _suspectFile = string.Empty;
        private byte[]? _trailId;
        private byte[]? _key;
        private bool _hasOpening;
        private long _start; // the latest beginning that is signed
        private readonly List<(long Start, byte[] Before)> _starts = [];
        private byte[]? _beforeFirst;
        private long _tornBytes;

        public void Take(TrailSegment segment)
        {
            string file = segment.Name.File;
            if (!segment.IsHeaderRight && segment.Records.Count > 0)
            {
                Find(TrailFault.Changed, segment.Records[0].Index, segment.Records[0].Index, file, "the head of the file is changed");
            }

            int damage = 0;
            for (int i = 0; i < segment.Records.Count; i++)
            {
                TrailRecord record = segment.Records[i];
                bool isAfterDamage = damage < segment.Damage.Count && segment.Damage[damage].Records == i;
                if (isAfterDamage)
                {
                    damage++;
                }

                Take(record, file, isAfterDamage, isFirst: i == 0);
            }

            int end = segment.Records.Count == 0 ? 0 : segment.End;
            if (end < segment.Data.Length)
            {
                _tails.Add((segment.Name, segment.Data[end..]));
            }
        }

        public TrailReport End(IReadOnlyList<TrailHead> heads, List<string> strange)
        {
            Settle(nextFits: true);
            foreach ((_, ReadOnlyMemory<byte> bytes) in _tails)
            {
                _tornBytes += bytes.Length;
            }

            if (_first > 1 && _first > _start)
            {
                Find(TrailFault.BeginningCut, _start == 0 ? 1 : _start, _first - 1, string.Empty, Range(_start == 0 ? 1 : _start, _first - 1) + " before the beginning are gone, and no signed word gives them up");
            }

            foreach ((long start, byte[] before) in _starts)
            {
                if (start == _first && _beforeFirst is { } has && !has.AsSpan().SequenceEqual(before))
                {
                    Find(TrailFault.Changed, _first, _first, string.Empty, "the trail does not begin with the hash that its signed beginning names");
                }
            }

            foreach (TrailHead head in heads)
            {
                Look(head);
            }

            TrailHead last = _last == 0 ? TrailHead.None : new TrailHead(_last, _hashes.TryGetValue(_last, out string? text) ? text : string.Empty);
            string key = _key is null ? string.Empty : TrailFormat.Text(SHA256.HashData(_key));
            return new TrailReport(_first, last, Math.Max(0, _start - 1), _tornBytes, key, _findings, strange);
        }

        private static string Range(long first, long last) =>
            first == last ? string.Create(CultureInfo.InvariantCulture, $"entry {first}") : string.Create(CultureInfo.InvariantCulture, $"entries {first} to {last}");

        private void Take(TrailRecord record, string file, bool isAfterDamage, bool isFirst)
        {
            if (record.Index < 1)
            {
                Find(TrailFault.Changed, 0, 0, file, "an entry has no number");
                return;
            }

            if (_last == 0)
            {
                _first = record.Index;
                _beforeFirst = record.Before.ToArray();
                _hash = record.Index == 1 ? TrailFormat.NoHash : null;
                _last = record.Index - 1;
                if (isAfterDamage)
                {
                    Find(TrailFault.Changed, record.Index, record.Index, file, "bytes before " + Range(record.Index, record.Index) + " are changed");
                }
            }
            else if (record.Index <= _last)
            {
                Find(TrailFault.Reordered, record.Index, record.Index, file, string.Create(CultureInfo.InvariantCulture, $"entry {record.Index} stands behind entry {_last}"));
                return;
            }
            else if (record.Index > _last + 1)
            {
                Settle(nextFits: true);
                bool isChanged = isAfterDamage || (isFirst && _tails.Count > 0);
                string range = Range(_last + 1, record.Index - 1);
                Find(isChanged ? TrailFault.Changed : TrailFault.Cut, _last + 1, record.Index - 1, file, range + (isChanged ? " changed: the bytes there are no entry any more" : " cut out"));
                _hash = null;
                _last = record.Index - 1;
            }
            else if (isAfterDamage)
            {
                Find(TrailFault.Changed, _last, record.Index, file, string.Create(CultureInfo.InvariantCulture, $"bytes that are no entry stand between entries {_last} and {record.Index}"));
            }

            bool fits = _hash is null || record.Before.SequenceEqual(_hash);
            bool wasSuspect = _suspect is not null;
            Settle(fits);
            if (!fits && !wasSuspect)
            {
                // Which of the two was changed shows with the next one.
                _suspect = record;
                _suspectFile = file;
            }

            _last = record.Index;
            _hash = record.Hash();
            _hashes[record.Index] = TrailFormat.Text(_hash);
            if (record.Type == TrailFormat.OpeningType)
            {
                Open(record, file, isFirst);
            }
            else if (isFirst)
            {
                Find(TrailFault.Changed, record.Index, record.Index, file, Range(record.Index, record.Index) + " begins a file without the signed opening");
                _tails.Clear();
            }
        }

        // An entry that does not name the hash of the one before: when the next one names its own, it was the one before that was changed.
        private void Settle(bool nextFits)
        {
            if (_suspect is not { } suspect)
            {
                return;
            }

            _suspect = null;
            long changed = nextFits ? suspect.Index - 1 : suspect.Index;
            Find(TrailFault.Changed, changed, changed, _suspectFile, string.Create(CultureInfo.InvariantCulture, $"{Range(changed, changed)} changed: the hash that entry {suspect.Index} names is not that of entry {suspect.Index - 1}"));
        }

        private void Open(TrailRecord record, string file, bool isFirst)
        {
            string entry = Range(record.Index, record.Index);
            TrailOpening? opening = TrailFormat.ReadOpening(record.Body.Span);
            if (opening is null || !isFirst)
            {
                Find(TrailFault.Changed, record.Index, record.Index, file, entry + " is an opening that is not understood, or out of its place");
                _tails.Clear();
                return;
            }

            if (!TrailFormat.IsSigned(record.Index, record.Before, record.Body.Span, opening.PublicKey))
            {
                Find(TrailFault.Changed, record.Index, record.Index, file, entry + " is not signed by the trail's key: it, or what stands before it, was written anew");
            }
            else if (_key is not null && !_key.AsSpan().SequenceEqual(opening.PublicKey))
            {
                Find(TrailFault.Restarted, record.Index, record.Index, file, "from " + entry + " on another key signs");
            }
            else
            {
                _start = Math.Max(_start, opening.Start);
                _starts.Add((opening.Start, opening.BeforeStart));
            }

            if (_trailId is not null && !_trailId.AsSpan().SequenceEqual(opening.TrailId))
            {
                Find(TrailFault.Restarted, record.Index, record.Index, file, "from " + entry + " on it is another trail");
            }

            // The files before the oldest one are gone, and what stood at their ends with them.
            if (_hasOpening && !opening.Torn.IsSameAs(TrailFormat.TornOf(_tails)))
            {
                Find(TrailFault.Changed, record.Index - 1, record.Index, file, string.Create(CultureInfo.InvariantCulture, $"the bytes behind entry {record.Index - 1} are not those that entry {record.Index} found there"));
            }

            _key ??= opening.PublicKey;
            _trailId ??= opening.TrailId;
            _hasOpening = true;
            _tails.Clear();
        }

        private void Look(TrailHead head)
        {
            if (head.Index == 0)
            {
                if (!_hashes.ContainsValue(head.Hash))
                {
                    Find(TrailFault.HeadNotFound, 0, 0, string.Empty, "the head " + head.Hash + " is no entry's: the trail was cut or changed, or is another one");
                }
            }
            else if (head.Index > _last)
            {
                Find(TrailFault.HeadNotFound, _last + 1, head.Index, string.Empty, Range(_last + 1, head.Index) + " at the end are gone: cut off, or another trail was begun in this one's place");
            }
            else if (_hashes.TryGetValue(head.Index, out string? hash))
            {
                if (!string.Equals(hash, head.Hash, StringComparison.Ordinal))
                {
                    Find(TrailFault.HeadNotFound, head.Index, head.Index, string.Empty, Range(head.Index, head.Index) + " is not the one whose head was published: it, or one before it, was changed, or this is another trail");
                }
            }
            else if (head.Index >= Math.Max(_first, 1) && head.Index >= _start)
            {
                Find(TrailFault.HeadNotFound, head.Index, head.Index, string.Empty, Range(head.Index, head.Index) + ", whose head was published, is gone");
            }
        }

        private void Find(TrailFault fault, long first, long last, string file, string text) => _findings.Add(new TrailFinding(fault, first, last, file, text));
    }
}
