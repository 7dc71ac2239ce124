using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using EdgeGateway.Core.Readings;
using Firmware.Protocol;

namespace EdgeGateway.Core.Records;

/// <summary>One reading in a <see cref="SentMarkRecord"/>.</summary>
/// <param name="Session">The session it was sent to.</param>
/// <param name="Key">Its stream.</param>
/// <param name="Sequence">Its sequence.</param>
/// <param name="Index">Its journal index.</param>
/// <param name="SentUtcUs">The UTC it was sent with, <see cref="GatewayMoment.NoUtc"/> for unsynchronised.</param>
/// <param name="SentUncertaintyUs">Its uncertainty, µs.</param>
/// <param name="Correctable">True when it was sent as JSON with its own time.</param>
public readonly record struct SentEntry(
    uint Session, StreamKey Key, uint Sequence, long Index, long SentUtcUs, uint SentUncertaintyUs, bool Correctable)
{
    /// <summary>Bytes of one entry.</summary>
    public const int Length = 44;
}

/// <summary>
/// <c>0 u8 layout 1 | 1 u8 0 | 2 u16 count | 4 entries of 44 bytes: u32 session | u64 device | u32 boot | u16 stream | u8 correctable | u8 0 |
/// u32 sequence | u64 index | i64 sent UTC µs | u32 sent uncertainty µs</c>. One entry per reading, in the order of the journal within a stream.
/// </summary>
public static class SentMarkRecord
{
    private const int HeadLength = 4;

    /// <summary>Makes a payload.</summary>
    /// <param name="entries">The readings.</param>
    /// <returns>The bytes.</returns>
    public static byte[] Encode(IReadOnlyList<SentEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        byte[] payload = new byte[HeadLength + (entries.Count * SentEntry.Length)];
        payload[0] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(payload.AsSpan(2), checked((ushort)entries.Count));
        for (int i = 0; i < entries.Count; i++)
        {
            SentEntry entry = entries[i];
            Span<byte> to = payload.AsSpan(HeadLength + (i * SentEntry.Length), SentEntry.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(to, entry.Session);
            BinaryPrimitives.WriteUInt64LittleEndian(to[4..], entry.Key.DeviceId);
            BinaryPrimitives.WriteUInt32LittleEndian(to[12..], entry.Key.BootId);
            BinaryPrimitives.WriteUInt16LittleEndian(to[16..], checked((ushort)entry.Key.Stream));
            to[18] = entry.Correctable ? (byte)1 : (byte)0;
            BinaryPrimitives.WriteUInt32LittleEndian(to[20..], entry.Sequence);
            BinaryPrimitives.WriteInt64LittleEndian(to[24..], entry.Index);
            BinaryPrimitives.WriteInt64LittleEndian(to[32..], entry.SentUtcUs);
            BinaryPrimitives.WriteUInt32LittleEndian(to[40..], entry.SentUncertaintyUs);
        }

        return payload;
    }

    /// <summary>How many entries a payload holds.</summary>
    /// <param name="payload">The payload.</param>
    /// <returns>The count; 0 when it is not understood.</returns>
    public static int Count(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < HeadLength || payload[0] != 1)
        {
            return 0;
        }

        int count = BinaryPrimitives.ReadUInt16LittleEndian(payload[2..]);
        return payload.Length >= HeadLength + (count * SentEntry.Length) ? count : 0;
    }

    /// <summary>One entry.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="index">Which, from 0.</param>
    /// <returns>The entry.</returns>
    public static SentEntry Entry(ReadOnlySpan<byte> payload, int index)
    {
        ByteReader reader = new(payload.Slice(HeadLength + (index * SentEntry.Length), SentEntry.Length));
        uint session = reader.U32();
        StreamKey key = reader.Key();
        bool correctable = reader.U8() != 0;
        reader.U8();
        uint sequence = reader.U32();
        long at = reader.I64();
        long utc = reader.I64();
        return new SentEntry(session, key, sequence, at, utc, reader.U32(), correctable);
    }
}

/// <summary>What a consumer has of one stream.</summary>
/// <param name="Key">The stream.</param>
/// <param name="Through">Highest sequence it has, 0 for none.</param>
/// <param name="Seen">Highest sequence that a person has seen, 0 for none.</param>
/// <param name="SequenceGaps">Below Through, what it does not have: first and last, ascending; at most <see cref="ReceiptRecord.MaxSequenceGaps"/>.</param>
public sealed record ReceiptStream(StreamKey Key, uint Through, uint Seen, IReadOnlyList<SequenceRange> SequenceGaps);

/// <summary>
/// <c>0 u32 session | 4 u8 length | 5 consumer (ASCII) | u16 streams | each: u64 device | u32 boot | u16 stream | u32 through | u32 seen | u8 sequence gaps |
/// each: u32 first | u32 last</c>. A later receipt of the same consumer replaces what it says of a stream.
/// </summary>
/// <param name="Session">The session's number.</param>
/// <param name="Consumer">The consumer's name, 1 to 64 of A-Z a-z 0-9 '_' '-'.</param>
/// <param name="Streams">What it has.</param>
public sealed record ReceiptRecord(uint Session, string Consumer, IReadOnlyList<ReceiptStream> Streams)
{
    /// <summary>Most sequence gaps per stream that are remembered; a receipt with more is refused.</summary>
    public const int MaxSequenceGaps = 64;

    /// <summary>Most streams in one receipt; one with more is refused.</summary>
    public const int MaxStreams = 256;

    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode()
    {
        ByteWriter writer = new(256);
        writer.U32(Session).Text(Consumer).U16(Streams.Count);
        foreach (ReceiptStream stream in Streams)
        {
            writer.Key(stream.Key).U32(stream.Through).U32(stream.Seen).U8(stream.SequenceGaps.Count);
            foreach (SequenceRange gap in stream.SequenceGaps)
            {
                writer.U32(gap.First).U32(gap.Last);
            }
        }

        return writer.ToArray();
    }

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <returns>What it says, or null when it is not understood.</returns>
    public static ReceiptRecord? Decode(ReadOnlySpan<byte> payload)
    {
        ByteReader reader = new(payload);
        uint session = reader.U32();
        string consumer = reader.Text();
        int count = reader.U16();
        List<ReceiptStream> streams = [];
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            StreamKey key = reader.Key();
            uint through = reader.U32();
            uint seen = reader.U32();
            int gaps = reader.U8();
            List<SequenceRange> list = [];
            for (int h = 0; h < gaps && !reader.Failed; h++)
            {
                uint first = reader.U32();
                list.Add(new SequenceRange(first, reader.U32()));
            }

            streams.Add(new ReceiptStream(key, through, seen, list));
        }

        return reader.Failed ? null : new ReceiptRecord(session, consumer, streams);
    }
}

/// <summary><c>0 u32 session | 4 u64 device | 12 u32 boot | 16 u16 stream | 18 u32 first | 22 u32 last | 26 u32 count | 30 u64 through index | 38 u8 cause</c>.</summary>
/// <param name="Session">The session they were bound to.</param>
/// <param name="Key">Their stream.</param>
/// <param name="First">First sequence lost.</param>
/// <param name="Last">Last sequence lost.</param>
/// <param name="Count">How many readings.</param>
/// <param name="ThroughIndex">Journal index of the last of them.</param>
/// <param name="Cause">Why: <see cref="GapCause.JournalFull"/>, <see cref="GapCause.StoreDamaged"/> or <see cref="GapCause.DeliveryRefused"/>.</param>
public readonly record struct StoreLossRecord(uint Session, StreamKey Key, uint First, uint Last, uint Count, long ThroughIndex, GapCause Cause)
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 39;

    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode() =>
        new ByteWriter(40).U32(Session).Key(Key).U32(First).U32(Last).U32(Count).I64(ThroughIndex).U8((int)Cause).ToArray();

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="record">What it says.</param>
    /// <returns>False when it is too short.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> payload, out StoreLossRecord record)
    {
        ByteReader reader = new(payload);
        uint session = reader.U32();
        StreamKey key = reader.Key();
        uint first = reader.U32();
        uint last = reader.U32();
        uint count = reader.U32();
        long through = reader.I64();
        record = new StoreLossRecord(session, key, first, last, count, through, (GapCause)reader.U8());
        return !reader.Failed;
    }
}
