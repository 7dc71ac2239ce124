using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;

namespace EdgeGateway.Journal.Trail;

/// <summary>
/// Appends to the trail. Each append takes the folder's lock, looks whether another program has appended meanwhile, and ends when its entries are on the disk. Nothing that was written is ever
/// changed: what an unfinished write left stays, and the next file says which bytes they are. A program that dies at any point leaves a chain that verifies.
/// </summary>
public sealed class TrailWriter
{
    /// <summary>Longest entry, bytes.</summary>
    public const int MaxBodyBytes = 4096;

    /// <summary>Most bytes of one file, if its entries came one by one.</summary>
    public const int DefaultSegmentBytes = 1024 * 1024;

    /// <summary>Most bytes of all files.</summary>
    public const long DefaultQuotaBytes = 32L * 1024 * 1024;

    private readonly ITrailFiles _files;
    private readonly Func<ECDsa> _key;
    private readonly int _segmentBytes;
    private readonly long _quotaBytes;
    private State? _state;

    /// <summary>Makes it; nothing is opened.</summary>
    /// <param name="files">The folder.</param>
    /// <param name="key">Opens the signing key, ECDSA P-256; it is made when there is none. Called under the lock.</param>
    /// <param name="segmentBytes">Most bytes of one file.</param>
    /// <param name="quotaBytes">Most bytes of all files, at least twice that.</param>
    public TrailWriter(ITrailFiles files, Func<ECDsa> key, int segmentBytes = DefaultSegmentBytes, long quotaBytes = DefaultQuotaBytes)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(key);
        ArgumentOutOfRangeException.ThrowIfLessThan(quotaBytes, 2L * segmentBytes);
        (_files, _key, _segmentBytes, _quotaBytes) = (files, key, segmentBytes, quotaBytes);
    }

    /// <summary>Appends entries, all or, after a failure, perhaps some of them: what did not return is to be appended again.</summary>
    /// <param name="bodies">What is entered, each of 1 to <see cref="MaxBodyBytes"/> bytes; may be empty to find the head alone.</param>
    /// <returns>The head with the last of them; <see cref="TrailHead.None"/> for an empty trail.</returns>
    /// <exception cref="System.IO.IOException">The folder does not take it.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public TrailHead Append(IReadOnlyList<ReadOnlyMemory<byte>> bodies)
    {
        ArgumentNullException.ThrowIfNull(bodies);
        foreach (ReadOnlyMemory<byte> body in bodies)
        {
            ArgumentOutOfRangeException.ThrowIfZero(body.Length, nameof(bodies));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(body.Length, MaxBodyBytes, nameof(bodies));
        }

        using IDisposable taken = _files.Lock();
        IReadOnlyList<TrailFile> files = _files.List();
        List<SegmentName> names = TrailSegment.Order(files);
        State? state = _state is { } known && names.Count > 0 && names[^1] == known.File && LengthOf(files, known.File) == known.Length ? known : Load(names);
        if (bodies.Count == 0)
        {
            _state = state;
            return state?.Head ?? TrailHead.None;
        }

        int size = 0;
        foreach (ReadOnlyMemory<byte> body in bodies)
        {
            size += JournalFormat.RecordHeadBytes + TrailFormat.HashBytes + body.Length;
        }

        List<(SegmentName File, ReadOnlyMemory<byte> Bytes)> tails = TailsOf(state, names);
        bool isNew = state is null || tails.Count > 0 || names[^1] != state.File || (state.Length > 0 && state.Length + size > _segmentBytes);
        _state = null; // until all of it is on the disk: what failed is looked at again
        State written = isNew ? Begin(state, names, files, tails, bodies) : Continue(state!, bodies);
        _state = written;
        return written.Head;
    }

    private static byte[] Entries(SegmentName file, ref long index, ref byte[] hash, IReadOnlyList<ReadOnlyMemory<byte>> bodies)
    {
        List<byte> bytes = [];
        foreach (ReadOnlyMemory<byte> body in bodies)
        {
            byte[] payload = TrailFormat.Payload(hash, body.Span);
            index++;
            bytes.AddRange(TrailFormat.Record(file, index, TrailFormat.EntryType, payload));
            hash = TrailFormat.HashOf(index, TrailFormat.EntryType, payload);
        }

        return [.. bytes];
    }

    private State Continue(State state, IReadOnlyList<ReadOnlyMemory<byte>> bodies)
    {
        (long index, byte[] hash) = (state.Index, state.Hash);
        byte[] bytes = Entries(state.File, ref index, ref hash, bodies);
        _files.Append(state.File.File, bytes);
        _files.Sync(state.File.File);
        return state with { Index = index, Hash = hash, Length = state.Length + bytes.Length };
    }

    private State Begin(
        State? state, List<SegmentName> names, IReadOnlyList<TrailFile> files, List<(SegmentName File, ReadOnlyMemory<byte> Bytes)> tails, IReadOnlyList<ReadOnlyMemory<byte>> bodies)
    {
        long index = (state?.Index ?? 0) + 1;
        byte[] before = state?.Hash ?? TrailFormat.NoHash;
        int generation = 0;
        foreach (SegmentName name in names)
        {
            generation = name.First == index ? name.Generation + 1 : generation;
        }

        SegmentName file = new(index, generation, Copy: false);
        (int dropped, long start, byte[] beforeStart) = Drop(state, names, files, file, before);
        using ECDsa key = _key();
        TrailOpening opening = new(state?.TrailId ?? RandomNumberGenerator.GetBytes(TrailFormat.TrailIdBytes), start, beforeStart, TrailFormat.TornOf(tails), key.ExportSubjectPublicKeyInfo());
        byte[] payload = TrailFormat.Payload(before, TrailFormat.WriteOpening(index, before, opening, key));
        byte[] first = TrailFormat.Record(file, index, TrailFormat.OpeningType, payload);
        byte[] hash = TrailFormat.HashOf(index, TrailFormat.OpeningType, payload);
        byte[] bytes = [.. TrailFormat.Header(file), .. first, .. Entries(file, ref index, ref hash, bodies)];
        _files.Create(file.File);
        try
        {
            _files.Append(file.File, bytes);
            _files.Sync(file.File);
            _files.SyncFolder();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Withdraw(file);
            throw;
        }

        // Only now: the signed word that they are given up is on the disk.
        for (int i = 0; i < dropped; i++)
        {
            _files.Delete(names[i].File);
            _files.SyncFolder();
        }

        return new State(file, bytes.Length, index, hash, opening.TrailId, start, beforeStart, HasTail: false);
    }

    // A file that never was whole is nobody's past. Without this a disk that stays full would get one more of them with each try.
    private void Withdraw(SegmentName file)
    {
        try
        {
            _files.Delete(file.File);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then it stays, as bytes of an unfinished write.
        }
    }

    // How many of the oldest files go, and with which entry the trail begins then.
    private (int Count, long Start, byte[] Before) Drop(State? state, List<SegmentName> names, IReadOnlyList<TrailFile> files, SegmentName next, byte[] before)
    {
        if (state is null)
        {
            return (0, 1, TrailFormat.NoHash);
        }

        long total = _segmentBytes;
        foreach (SegmentName name in names)
        {
            total += LengthOf(files, name);
        }

        int count = 0;
        while (count < names.Count && (total > _quotaBytes || (count + 1 < names.Count && names[count + 1].First <= state.Start)))
        {
            total -= LengthOf(files, names[count]);
            count++;
        }

        if (count == 0)
        {
            return (0, state.Start, state.BeforeStart);
        }

        if (count == names.Count)
        {
            return (count, next.First, before);
        }

        // The first file that stays begins with an entry of the chain; one without any goes too.
        for (; count < names.Count; count++)
        {
            TrailSegment kept = new(names[count], _files.Read(names[count].File));
            if (kept.Records.Count > 0 && kept.Records[0].Index == names[count].First)
            {
                return kept.Records[0].Index <= state.Start ? (count, state.Start, state.BeforeStart) : (count, kept.Records[0].Index, kept.Records[0].Before.ToArray());
            }
        }

        return (names.Count, next.First, before);
    }

    private static long LengthOf(IReadOnlyList<TrailFile> files, SegmentName name)
    {
        foreach (TrailFile file in files)
        {
            if (string.Equals(file.Name, name.File, StringComparison.Ordinal))
            {
                return file.Length;
            }
        }

        return 0;
    }

    // What stands behind the chain's end: bytes of writes that did not end.
    private List<(SegmentName File, ReadOnlyMemory<byte> Bytes)> TailsOf(State? state, List<SegmentName> names)
    {
        List<(SegmentName File, ReadOnlyMemory<byte> Bytes)> tails = [];
        if (state is { HasTail: false } && names[^1] == state.File)
        {
            return tails;
        }

        bool isBehind = state is null;
        foreach (SegmentName name in names)
        {
            int from = 0;
            if (state is not null && name == state.File)
            {
                (isBehind, from) = (true, state.Length);
            }

            if (isBehind && _files.Read(name.File) is { } bytes && bytes.Length > from)
            {
                tails.Add((name, bytes.AsMemory(from)));
            }
        }

        return tails;
    }

    // The chain's end as it stands on the disk; null without any entry.
    private State? Load(List<SegmentName> names)
    {
        State? end = null;
        for (int i = names.Count - 1; i >= 0; i--)
        {
            TrailSegment segment = new(names[i], _files.Read(names[i].File));
            if (segment.Records.Count == 0)
            {
                continue;
            }

            if (end is null)
            {
                // What is built upon must be on the disk: whoever wrote it may have died before its sync.
                _files.Sync(names[i].File);
                _files.SyncFolder();
                TrailRecord last = segment.Records[^1];
                end = new State(names[i], segment.End, last.Index, last.Hash(), RandomNumberGenerator.GetBytes(TrailFormat.TrailIdBytes), 1, TrailFormat.NoHash, HasTail: segment.End != segment.Data.Length);
            }

            if (segment.Records[0] is { Type: TrailFormat.OpeningType } first && TrailFormat.ReadOpening(first.Body.Span) is { } opening)
            {
                return end with { TrailId = opening.TrailId, Start = opening.Start, BeforeStart = opening.BeforeStart };
            }
        }

        return end;
    }

    /// <param name="File">The file in which the chain ends.</param>
    /// <param name="Length">Where in it.</param>
    /// <param name="Index">The last entry.</param>
    /// <param name="Hash">Its hash.</param>
    /// <param name="TrailId">Which trail.</param>
    /// <param name="Start">With which entry it begins.</param>
    /// <param name="BeforeStart">The hash before that one.</param>
    /// <param name="HasTail">True when bytes stand behind the end.</param>
    private sealed record State(SegmentName File, int Length, long Index, byte[] Hash, byte[] TrailId, long Start, byte[] BeforeStart, bool HasTail)
    {
        public TrailHead Head => new(Index, TrailFormat.Text(Hash));
    }
}
