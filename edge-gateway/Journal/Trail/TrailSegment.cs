using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace EdgeGateway.Journal.Trail;

/// <summary>One whole record of a file of the trail.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Type">Opening or entry.</param>
/// <param name="Offset">Its first byte in the file.</param>
/// <param name="Payload">The hash of the entry before, then its body.</param>
internal readonly record struct TrailRecord(long Index, byte Type, int Offset, ReadOnlyMemory<byte> Payload)
{
    public ReadOnlySpan<byte> Before => Payload.Span[..TrailFormat.HashBytes];

    public ReadOnlyMemory<byte> Body => Payload[TrailFormat.HashBytes..];

    public byte[] Hash() => TrailFormat.HashOf(Index, Type, Payload.Span);
}

/// <summary>What one file of the trail holds: whole records, bytes between them that are none, and what stands behind the last one.</summary>
internal sealed class TrailSegment
{
    private const int MaxPayloadBytes = 16 * 1024;

    private readonly List<TrailRecord> _records = [];
    private readonly List<(int Records, int Offset, int Length)> _damage = [];

    public TrailSegment(SegmentName name, ReadOnlyMemory<byte> data)
    {
        Name = name;
        Data = data;
        IsHeaderRight = JournalFormat.HeaderMatches(data.Span, name);
        Parse(JournalFormat.SaltOf(name));
    }

    public SegmentName Name { get; }

    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>The header is made of the name alone; a wrong one costs nothing but is a change.</summary>
    public bool IsHeaderRight { get; }

    public IReadOnlyList<TrailRecord> Records => _records;

    /// <summary>Runs of bytes before a whole record that are no record, each with the number of whole records of this file before it.</summary>
    public IReadOnlyList<(int Records, int Offset, int Length)> Damage => _damage;

    /// <summary>Where the last whole record ends; 0 without one.</summary>
    public int End { get; private set; }

    /// <summary>The files of the trail in their order.</summary>
    /// <param name="files">All files of the folder.</param>
    /// <param name="strange">Names that do not belong there.</param>
    public static List<SegmentName> Order(IReadOnlyList<TrailFile> files, List<string>? strange = null)
    {
        List<SegmentName> names = [];
        foreach (TrailFile file in files)
        {
            if (SegmentName.TryParse(file.Name, out SegmentName name) && !name.Copy)
            {
                names.Add(name);
            }
            else if (file.Name is not (TrailFormat.LockFile or TrailFormat.KeyFile))
            {
                strange?.Add(file.Name);
            }
        }

        names.Sort(static (a, b) => a.First != b.First ? a.First.CompareTo(b.First) : a.Generation.CompareTo(b.Generation));
        return names;
    }

    private void Parse(uint salt)
    {
        ReadOnlySpan<byte> data = Data.Span;
        int at = JournalFormat.HeaderBytes;
        while (at < data.Length)
        {
            int next = at;
            int length = 0;
            while (next < data.Length && !TryRecord(data, next, salt, out length))
            {
                next++;
            }

            if (next >= data.Length)
            {
                return;
            }

            if (next > at)
            {
                _damage.Add((_records.Count, at, next - at));
            }

            _records.Add(new TrailRecord(
                BinaryPrimitives.ReadInt64LittleEndian(data[(next + 12)..]), data[next + 10], next, Data.Slice(next + JournalFormat.RecordHeadBytes, length)));
            at = next + JournalFormat.RecordHeadBytes + length;
            End = at;
        }
    }

    private static bool TryRecord(ReadOnlySpan<byte> data, int at, uint salt, out int length)
    {
        ReadOnlySpan<byte> rest = data[at..];
        length = rest.Length >= JournalFormat.RecordHeadBytes ? BinaryPrimitives.ReadInt32LittleEndian(rest) : -1;
        return length is >= TrailFormat.HashBytes and <= MaxPayloadBytes && length <= rest.Length - JournalFormat.RecordHeadBytes
            && rest[10] is TrailFormat.OpeningType or TrailFormat.EntryType && rest[8] == 0 && rest[9] == 0 && rest[11] == (byte)RecordClass.Control
            && BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]) == JournalFormat.RecordCrc(rest[..(JournalFormat.RecordHeadBytes + length)], salt);
    }
}
