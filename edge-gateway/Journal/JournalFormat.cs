using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace EdgeGateway.Journal;

/// <summary>What a file of the directory is, told by its name.</summary>
internal enum FileKind
{
    Other,
    Segment,
    Checkpoint,
    Quarantine,
    Reserve,
    Lock,
}

/// <summary>A segment's name; its header is made of nothing else, so a damaged header costs nothing.</summary>
/// <param name="First">First index it stands for.</param>
/// <param name="Generation">Raised each time the segment is written anew.</param>
/// <param name="Copy">Written as a whole from an older generation: counts only with a seal. Else it was appended to.</param>
internal readonly record struct SegmentName(long First, int Generation, bool Copy)
{
    public string File => string.Create(CultureInfo.InvariantCulture, $"segment-{First:x16}-{Generation:x4}.{(Copy ? "copy" : "log")}");

    public static bool TryParse(string file, out SegmentName name)
    {
        name = default;
        const int Digits = 8; // "segment-"
        if (!file.StartsWith("segment-", StringComparison.Ordinal) || file.Length < Digits + 16 + 1 + 4 + 4
            || !long.TryParse(file.AsSpan(Digits, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long first)
            || !int.TryParse(file.AsSpan(Digits + 17, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int generation)
            || first < 1)
        {
            return false;
        }

        name = new SegmentName(first, generation, file.EndsWith(".copy", StringComparison.Ordinal));
        return string.Equals(name.File, file, StringComparison.Ordinal);
    }
}

/// <summary>One record's place in a segment's bytes.</summary>
/// <param name="Offset">First byte of its payload.</param>
/// <param name="Length">Bytes of its payload.</param>
/// <param name="Index">Its index.</param>
/// <param name="Type">Its type.</param>
/// <param name="Class">What it is kept as.</param>
/// <param name="Mark">The byte on the disk: its class, or a mark that this version does not know.</param>
internal readonly record struct Entry(int Offset, int Length, long Index, byte Type, RecordClass Class, byte Mark)
{
    /// <summary>Of a class or of a kind that this version does not know: kept, and shown to nobody.</summary>
    public bool IsUnknown => Mark >= JournalFormat.ClassCount;

    /// <summary>Encrypted on the disk, and decrypted in memory.</summary>
    public bool IsOpened { get; init; }

    /// <summary>Encrypted, and there is no key for it: erased, or lost. Kept, and shown to nobody.</summary>
    public bool IsLocked { get; init; }

    /// <summary>Not for the owner's eyes.</summary>
    public bool IsHidden => IsUnknown || IsLocked;
}

/// <summary>A segment's seal: what it stands for, its last bytes.</summary>
internal sealed record Seal(long First, long Last, int[] Counts);

/// <summary>A line of a checkpoint's list of segments.</summary>
internal sealed record ManifestLine(SegmentName Name, long Last, long Length, int[] Counts);

/// <summary>A checkpoint as read.</summary>
internal sealed record Checkpoint(long Sequence, long Index, IReadOnlyList<ManifestLine> Segments, IReadOnlyList<(string Name, ReadOnlyMemory<byte> State)> Projections);

/// <summary>The bytes on disk, version 1; README.md of this folder has the tables.</summary>
internal static class JournalFormat
{
    public const ushort Version = 1;
    public const int HeaderBytes = 28;
    public const int RecordHeadBytes = 22;

    /// <summary>Most records in one write, so that a record's place in it fits its two bytes.</summary>
    public const int MaxBatchRecords = ushort.MaxValue;
    public const int ClassCount = 5;

    /// <summary>Most records that a segment can hold: no record's index lies further from the segment's first one.</summary>
    public const int MaxSegmentRecords = JournalOptions.MaxSegmentBytes / RecordHeadBytes;

    /// <summary>The first mark of the journal's own: such a record uses up no index. Marks below it are classes.</summary>
    public const byte FirstOwnMark = 0x80;
    public const byte SealMark = 0x80;
    public const byte GapMark = 0x81;

    /// <summary>Type of a control record of the journal's own: what was synced before it. Its index is that of the newest synced record.</summary>
    public const byte SyncedType = 255;
    public const int SyncedPayloadBytes = 16;
    public const int SyncedBytes = RecordHeadBytes + SyncedPayloadBytes;
    public const int SealPayloadBytes = 16 + (4 * ClassCount);
    public const int SealBytes = RecordHeadBytes + SealPayloadBytes;
    public const int GapPayloadBytes = 16;
    public const int GapBytes = RecordHeadBytes + GapPayloadBytes;
    public const int ManifestLineBytes = 28 + (4 * ClassCount);
    public const string LockFile = "lock";
    public const string OldReserveFile = "reserve.bin"; // of versions before 0.2.0

    /// <summary>What a record with an unknown mark is kept as: the gravest class that may have to be delivered.</summary>
    public const RecordClass UnknownClass = RecordClass.Vital;

    private static ReadOnlySpan<byte> SegmentMagic => "CARTJSEG"u8;

    private static ReadOnlySpan<byte> CheckpointMagic => "CARTJCKP"u8;

    public static string ReserveFile(int unit) => string.Create(CultureInfo.InvariantCulture, $"reserve-{unit:x4}.bin");

    /// <summary>Number of a reserve file of this version, -1 for another name.</summary>
    public static int ReserveUnit(string file)
    {
        const int Digits = 8; // "reserve-"
        return file.Length == Digits + 4 + 4 && file.StartsWith("reserve-", StringComparison.Ordinal)
            && int.TryParse(file.AsSpan(Digits, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int unit)
            && string.Equals(ReserveFile(unit), file, StringComparison.Ordinal) ? unit : -1;
    }

    public static string CheckpointFile(long sequence) => string.Create(CultureInfo.InvariantCulture, $"checkpoint-{sequence:x16}.ckp");

    public static string QuarantineFile(SegmentName segment, long offset) =>
        string.Create(CultureInfo.InvariantCulture, $"quarantine-{segment.First:x16}-{segment.Generation:x4}-{offset:x8}.bin");

    public static FileKind KindOf(string file, out SegmentName segment, out long checkpoint)
    {
        checkpoint = 0;
        if (SegmentName.TryParse(file, out segment))
        {
            return FileKind.Segment;
        }

        const int Digits = 11; // "checkpoint-"
        if (file.Length == Digits + 16 + 4 && file.StartsWith("checkpoint-", StringComparison.Ordinal) && file.EndsWith(".ckp", StringComparison.Ordinal)
            && long.TryParse(file.AsSpan(Digits, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out checkpoint)
            && checkpoint >= 0 && string.Equals(CheckpointFile(checkpoint), file, StringComparison.Ordinal))
        {
            return FileKind.Checkpoint;
        }

        return file.StartsWith("quarantine-", StringComparison.Ordinal) ? FileKind.Quarantine
            : string.Equals(file, OldReserveFile, StringComparison.Ordinal) || ReserveUnit(file) >= 0 ? FileKind.Reserve
            : string.Equals(file, LockFile, StringComparison.Ordinal) ? FileKind.Lock : FileKind.Other;
    }

    /// <summary>The header of a segment: magic, version, header length, first index, generation and kind, CRC-32C.</summary>
    public static void WriteHeader(Span<byte> target, SegmentName name)
    {
        SegmentMagic.CopyTo(target);
        BinaryPrimitives.WriteUInt16LittleEndian(target[8..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(target[10..], HeaderBytes);
        BinaryPrimitives.WriteInt64LittleEndian(target[12..], name.First);
        BinaryPrimitives.WriteUInt32LittleEndian(target[20..], (uint)name.Generation | (name.Copy ? 0x8000_0000u : 0));
        BinaryPrimitives.WriteUInt32LittleEndian(target[24..], Crc32C.Of(target[..24]));
    }

    /// <summary>The checksum of the header mixed into every record's checksum, so that bytes of another segment never pass as a record of this one.</summary>
    public static uint SaltOf(SegmentName name)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        WriteHeader(header, name);
        return Crc32C.Add(Crc32C.Start, header[24..]);
    }

    /// <summary>True when the header is whole and of a version that this program does not know.</summary>
    public static bool IsNewer(ReadOnlySpan<byte> data) =>
        data.Length >= HeaderBytes && data[..8].SequenceEqual(SegmentMagic) && BinaryPrimitives.ReadUInt16LittleEndian(data[8..]) > Version
        && BinaryPrimitives.ReadUInt32LittleEndian(data[24..]) == Crc32C.Of(data[..24]);

    public static bool HeaderMatches(ReadOnlySpan<byte> data, SegmentName name)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        WriteHeader(header, name);
        return data.Length >= HeaderBytes && data[..HeaderBytes].SequenceEqual(header);
    }

    /// <summary>Writes one record; the target is exactly its size. The place counts the records before it in the same write, from 0.</summary>
    public static void WriteRecord(Span<byte> target, uint salt, long index, byte type, byte recordClass, int place, ReadOnlySpan<byte> payload)
    {
        BinaryPrimitives.WriteInt32LittleEndian(target, payload.Length);
        target[8] = 0; // key id
        target[9] = 0; // cipher: plain
        target[10] = type;
        target[11] = recordClass;
        BinaryPrimitives.WriteInt64LittleEndian(target[12..], index);
        BinaryPrimitives.WriteUInt16LittleEndian(target[20..], (ushort)place);
        payload.CopyTo(target[RecordHeadBytes..]);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], RecordCrc(target, salt));
    }

    /// <summary>Makes a whole record of another segment one of this segment: all but its place in its write and its checksum stays.</summary>
    public static void Adopt(Span<byte> record, uint salt)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(record[20..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], RecordCrc(record, salt));
    }

    public static uint RecordCrc(ReadOnlySpan<byte> record, uint salt) => Crc32C.End(Crc32C.Add(Crc32C.Add(salt, record[..4]), record[8..]));

    public static void WriteSeal(Span<byte> target, uint salt, Seal seal)
    {
        Span<byte> payload = stackalloc byte[SealPayloadBytes];
        BinaryPrimitives.WriteInt64LittleEndian(payload, seal.First);
        BinaryPrimitives.WriteInt64LittleEndian(payload[8..], seal.Last);
        for (int i = 0; i < ClassCount; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(payload[(16 + (4 * i))..], seal.Counts[i]);
        }

        WriteRecord(target, salt, seal.Last, 0, SealMark, 0, payload);
    }

    public static Seal ReadSeal(ReadOnlySpan<byte> payload)
    {
        int[] counts = new int[ClassCount];
        for (int i = 0; i < ClassCount; i++)
        {
            counts[i] = BinaryPrimitives.ReadInt32LittleEndian(payload[(16 + (4 * i))..]);
        }

        return new Seal(BinaryPrimitives.ReadInt64LittleEndian(payload), BinaryPrimitives.ReadInt64LittleEndian(payload[8..]), counts);
    }

    public static void WriteGap(Span<byte> target, uint salt, long first, long last)
    {
        Span<byte> payload = stackalloc byte[GapPayloadBytes];
        BinaryPrimitives.WriteInt64LittleEndian(payload, first);
        BinaryPrimitives.WriteInt64LittleEndian(payload[8..], last);
        WriteRecord(target, salt, last, 0, GapMark, 0, payload);
    }

    /// <summary>Says what was synced before it: the newest record's index, and the length of the file up to which all is on the disk.</summary>
    public static void WriteSynced(Span<byte> target, uint salt, long index, long length)
    {
        Span<byte> payload = stackalloc byte[SyncedPayloadBytes];
        BinaryPrimitives.WriteInt64LittleEndian(payload, index);
        BinaryPrimitives.WriteInt64LittleEndian(payload[8..], length);
        WriteRecord(target, salt, index, SyncedType, (byte)RecordClass.Control, 0, payload);
    }

    /// <summary>A segment's seal when these are its last bytes; null when there is none or it is damaged.</summary>
    public static Seal? TryReadSeal(ReadOnlySpan<byte> tail, SegmentName name)
    {
        if (tail.Length != SealBytes || tail[11] != SealMark || BinaryPrimitives.ReadInt32LittleEndian(tail) != SealPayloadBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(tail[4..]) != RecordCrc(tail, SaltOf(name)))
        {
            return null;
        }

        Seal seal = ReadSeal(tail[RecordHeadBytes..]);
        return seal.First == name.First ? seal : null;
    }

    public static byte[] WriteCheckpoint(Checkpoint checkpoint)
    {
        int size = 8 + 2 + 2 + 8 + 8 + 4 + (checkpoint.Segments.Count * (8 + 4 + 8 + 8 + (4 * ClassCount))) + 4;
        foreach ((string name, ReadOnlyMemory<byte> state) in checkpoint.Projections)
        {
            size += 1 + name.Length + 4 + state.Length;
        }

        byte[] data = new byte[size];
        Span<byte> at = data;
        CheckpointMagic.CopyTo(at);
        BinaryPrimitives.WriteUInt16LittleEndian(at[8..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(at[10..], (ushort)checkpoint.Projections.Count);
        BinaryPrimitives.WriteInt64LittleEndian(at[12..], checkpoint.Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(at[20..], checkpoint.Index);
        BinaryPrimitives.WriteInt32LittleEndian(at[28..], checkpoint.Segments.Count);
        at = at[32..];
        foreach (ManifestLine line in checkpoint.Segments)
        {
            BinaryPrimitives.WriteInt64LittleEndian(at, line.Name.First);
            BinaryPrimitives.WriteUInt32LittleEndian(at[8..], (uint)line.Name.Generation | (line.Name.Copy ? 0x8000_0000u : 0));
            BinaryPrimitives.WriteInt64LittleEndian(at[12..], line.Last);
            BinaryPrimitives.WriteInt64LittleEndian(at[20..], line.Length);
            for (int i = 0; i < ClassCount; i++)
            {
                BinaryPrimitives.WriteInt32LittleEndian(at[(28 + (4 * i))..], line.Counts[i]);
            }

            at = at[(28 + (4 * ClassCount))..];
        }

        foreach ((string name, ReadOnlyMemory<byte> state) in checkpoint.Projections)
        {
            at[0] = (byte)name.Length;
            Encoding.ASCII.GetBytes(name, at[1..]);
            BinaryPrimitives.WriteInt32LittleEndian(at[(1 + name.Length)..], state.Length);
            state.Span.CopyTo(at[(5 + name.Length)..]);
            at = at[(5 + name.Length + state.Length)..];
        }

        BinaryPrimitives.WriteUInt32LittleEndian(at, Crc32C.Of(data.AsSpan(0, size - 4)));
        return data;
    }

    /// <summary>Reads a checkpoint; null when it is not whole or not of this version.</summary>
    public static Checkpoint? TryReadCheckpoint(ReadOnlyMemory<byte> data, out string problem)
    {
        ReadOnlySpan<byte> all = data.Span;
        if (all.Length < 36 || !all[..8].SequenceEqual(CheckpointMagic) || BinaryPrimitives.ReadUInt32LittleEndian(all[^4..]) != Crc32C.Of(all[..^4]))
        {
            problem = "the checksum does not fit";
            return null;
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(all[8..]) != Version)
        {
            problem = "it is of another format version";
            return null;
        }

        // The checksum fits; the lengths are looked at all the same, since a start must not fail by them.
        long index = BinaryPrimitives.ReadInt64LittleEndian(all[20..]);
        if (index < 0)
        {
            problem = "its index is not possible";
            return null;
        }

        int projections = BinaryPrimitives.ReadUInt16LittleEndian(all[10..]);
        int segments = BinaryPrimitives.ReadInt32LittleEndian(all[28..]);
        var lines = new List<ManifestLine>();
        var states = new List<(string, ReadOnlyMemory<byte>)>();
        int at = 32;
        problem = "its list of segments is not possible";
        int end = all.Length - 4;
        if (segments < 0 || segments > (end - at) / ManifestLineBytes)
        {
            return null;
        }

        long before = 0;
        for (int i = 0; i < segments; i++)
        {
            ReadOnlySpan<byte> line = all[at..];
            uint generation = BinaryPrimitives.ReadUInt32LittleEndian(line[8..]);
            int[] counts = new int[ClassCount];
            for (int j = 0; j < ClassCount; j++)
            {
                counts[j] = BinaryPrimitives.ReadInt32LittleEndian(line[(28 + (4 * j))..]);
            }

            var name = new SegmentName(BinaryPrimitives.ReadInt64LittleEndian(line), (int)(generation & 0x7FFF_FFFF), generation >> 31 != 0);
            var made = new ManifestLine(name, BinaryPrimitives.ReadInt64LittleEndian(line[12..]), BinaryPrimitives.ReadInt64LittleEndian(line[20..]), counts);
            if (name.First <= before || made.Last < name.First || made.Last > index || made.Length < 0 || Array.Exists(counts, c => c < 0))
            {
                return null;
            }

            before = made.Last;
            lines.Add(made);
            at += ManifestLineBytes;
        }

        problem = "its parts are not possible";
        for (int i = 0; i < projections; i++)
        {
            int nameLength = at < end ? all[at] : end;
            if (nameLength > end - at - 5)
            {
                return null;
            }

            string name = Encoding.ASCII.GetString(all.Slice(at + 1, nameLength));
            int length = BinaryPrimitives.ReadInt32LittleEndian(all[(at + 1 + nameLength)..]);
            if (length < 0 || length > end - at - 5 - nameLength)
            {
                return null;
            }
            states.Add((name, data.Slice(at + 5 + nameLength, length)));
            at += 5 + nameLength + length;
        }

        problem = "";
        return new Checkpoint(BinaryPrimitives.ReadInt64LittleEndian(all[12..]), index, lines, states);
    }
}
