using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Sound;
using Firmware.Protocol;

namespace EdgeGateway.Core.Records;

/// <summary>
/// What a journal record's payload is. The byte is part of the journal's format: values are only ever added. All fields are little endian;
/// a reader ignores bytes beyond those it knows, so that later versions may add fields at the end.
/// </summary>
public enum JournalRecordType : byte
{
    /// <summary>A frame with the gateway's stamp, see <see cref="FrameStamp"/>.</summary>
    Frame = 1,

    /// <summary>A binding epoch was taken out of use for ever, see <see cref="EpochIssuedRecord"/>. Precedes the session that gets it.</summary>
    EpochIssued = 2,

    /// <summary>A session was opened, see <see cref="SessionOpenedRecord"/>.</summary>
    SessionOpened = 3,

    /// <summary>A session was closed, see <see cref="SessionClosedRecord"/>.</summary>
    SessionClosed = 4,

    /// <summary>Readings were acknowledged by the session's broker or subscriber, see <see cref="SentMarkRecord"/>.</summary>
    SentMark = 5,

    /// <summary>A consumer's receipt, see <see cref="ReceiptRecord"/>.</summary>
    Receipt = 6,

    /// <summary>What the gateway's monotonic clock is in UTC, see <see cref="TimeMappingRecord"/>.</summary>
    TimeMapping = 7,

    /// <summary>The gateway started, see <see cref="GatewayBootRecord"/>.</summary>
    GatewayBoot = 8,

    /// <summary>Corrections of time went out for all marks up to an index, see <see cref="CorrectionMarkRecord"/>.</summary>
    CorrectionMark = 9,

    /// <summary>Stored readings were lost before they were sent, see <see cref="StoreLossRecord"/>; the gap frame that says so to the session follows.</summary>
    StoreLoss = 10,

    /// <summary>A clip of sound was asked for, see <see cref="ClipRecord"/>.</summary>
    Clip = 12,

    /// <summary>A doctor's word on a clip, see <see cref="ClipMarkRecord"/>.</summary>
    ClipMark = 13,

    /// <summary>A command was answered, see <see cref="CommandAnsweredRecord"/>.</summary>
    CommandAnswered = 24,
}

/// <summary>The record types of this version.</summary>
public static class JournalRecordTypes
{
    /// <summary>All of them; records of others are kept and skipped.</summary>
    public static IReadOnlySet<byte> Known { get; } = new SortedSet<byte>(Enum.GetValues<JournalRecordType>().Select(t => (byte)t));
}

/// <summary>Why a frame belongs to a session or to none. The byte is part of the journal's format: values are only ever added.</summary>
public enum BindingReason : byte
{
    /// <summary>Bound by its epoch.</summary>
    ByEpoch = 0,

    /// <summary>Bound by its time: the whole uncertainty interval lies inside one session.</summary>
    ByTime = 1,

    /// <summary>Unbound: no session at that time, or not wholly inside one.</summary>
    NoSession = 2,

    /// <summary>Unbound: its epoch's session was closed before it was measured.</summary>
    AfterClose = 3,

    /// <summary>Unbound: its uncertainty interval reaches beyond the close of its epoch's session.</summary>
    AcrossClose = 4,

    /// <summary>Unbound: its time is not known well enough to prove that it belongs.</summary>
    TimeUnknown = 5,

    /// <summary>Unbound: flagged simulated, injected or test, and the session is for patients.</summary>
    NotForPatients = 6,

    /// <summary>Unbound: for the gateway itself (clock samples).</summary>
    ForGateway = 7,

    /// <summary>Unbound: measured before its epoch's session was opened, which no sound pod does.</summary>
    BeforeOpen = 8,

    /// <summary>A gap record without a session's epoch, bound to the session that the readings before it in the lost stream went to.</summary>
    ByLostReadings = 9,
}

/// <summary>A moment on the gateway's clock.</summary>
/// <param name="BootId">Which start of the gateway, from 1.</param>
/// <param name="Us">Its monotonic µs.</param>
/// <param name="UtcUs">UTC, µs since 1970; <see cref="NoUtc"/> when not known.</param>
/// <param name="UncertaintyUs">Uncertainty of UTC, µs; meaningless when not known.</param>
public readonly record struct GatewayMoment(uint BootId, long Us, long UtcUs, uint UncertaintyUs)
{
    /// <summary>Stands in <see cref="UtcUs"/> when UTC is not known.</summary>
    public const long NoUtc = long.MinValue;

    /// <summary>Bytes: <c>u32 boot | u64 µs | i64 utc | u32 uncertainty</c>.</summary>
    public const int Length = 24;

    /// <summary>True when UTC is known.</summary>
    public bool HasUtc => UtcUs != NoUtc;

    internal void Write(ByteWriter writer) => writer.U32(BootId).I64(Us).I64(UtcUs).U32(UncertaintyUs);

    internal static GatewayMoment Read(ref ByteReader reader)
    {
        uint boot = reader.U32();
        long us = reader.I64();
        long utc = reader.I64();
        return new GatewayMoment(boot, us, utc, reader.U32());
    }
}

/// <summary>
/// What the gateway knew of a frame when it took it in; stands before the frame in the record, 32 bytes:
/// <c>0 u8 layout 1 | 1 u8 binding reason | 2 u16 0 | 4 u32 session number (0 = unbound) | 8 u32 gateway boot | 12 u64 received µs |
/// 20 i64 received UTC µs (minimum = unknown) | 28 u32 its uncertainty µs | 32 frame</c>.
/// </summary>
/// <param name="Session">Number of the session it is bound to, 0 for none.</param>
/// <param name="Reason">Why.</param>
/// <param name="Received">When it was taken in.</param>
public readonly record struct FrameStamp(uint Session, BindingReason Reason, GatewayMoment Received)
{
    /// <summary>Bytes before the frame.</summary>
    public const int Length = 32;

    /// <summary>The layout written by this code.</summary>
    public const byte Layout = 1;

    /// <summary>Makes a record.</summary>
    /// <param name="record">Where to; at least 32 bytes more than the frame.</param>
    /// <param name="frame">The frame.</param>
    /// <returns>The record's length.</returns>
    public int Write(Span<byte> record, ReadOnlySpan<byte> frame)
    {
        record[0] = Layout;
        record[1] = (byte)Reason;
        record[2] = 0;
        record[3] = 0;
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], Session);
        BinaryPrimitives.WriteUInt32LittleEndian(record[8..], Received.BootId);
        BinaryPrimitives.WriteInt64LittleEndian(record[12..], Received.Us);
        BinaryPrimitives.WriteInt64LittleEndian(record[20..], Received.UtcUs);
        BinaryPrimitives.WriteUInt32LittleEndian(record[28..], Received.UncertaintyUs);
        frame.CopyTo(record[Length..]);
        return Length + frame.Length;
    }

    /// <summary>Reads a record's stamp.</summary>
    /// <param name="record">The record's payload.</param>
    /// <param name="stamp">The stamp.</param>
    /// <returns>False when it is too short to hold a stamp and a frame.</returns>
    public static bool TryRead(ReadOnlySpan<byte> record, out FrameStamp stamp)
    {
        if (record.Length < Length + Frame.Overhead || record[0] == 0)
        {
            stamp = default;
            return false;
        }

        stamp = new FrameStamp(
            BinaryPrimitives.ReadUInt32LittleEndian(record[4..]),
            (BindingReason)record[1],
            new GatewayMoment(
                BinaryPrimitives.ReadUInt32LittleEndian(record[8..]),
                BinaryPrimitives.ReadInt64LittleEndian(record[12..]),
                BinaryPrimitives.ReadInt64LittleEndian(record[20..]),
                BinaryPrimitives.ReadUInt32LittleEndian(record[28..])));
        return true;
    }
}

/// <summary><c>0 u32 counter | 4 u32 epoch</c>: epochs are a counter times an odd number, so that none comes twice in 2^32.</summary>
/// <param name="Counter">The counter.</param>
/// <param name="Epoch">The epoch made from it, never 0.</param>
public readonly record struct EpochIssuedRecord(uint Counter, uint Epoch)
{
    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode() => new ByteWriter(8).U32(Counter).U32(Epoch).ToArray();

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="record">What it says.</param>
    /// <returns>False when it is too short.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> payload, out EpochIssuedRecord record)
    {
        ByteReader reader = new(payload);
        uint counter = reader.U32();
        record = new EpochIssuedRecord(counter, reader.U32());
        return !reader.Failed;
    }
}

/// <summary><c>0 u32 number | 4 u32 epoch | 8 moment (24 bytes) | 32 u8 production | 33 u8 length | 34 name (ASCII)</c>.</summary>
/// <param name="Number">The session's number, from 1.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="At">When.</param>
/// <param name="Production">True when it is for patients.</param>
/// <param name="Id">Its name.</param>
public readonly record struct SessionOpenedRecord(uint Number, uint Epoch, GatewayMoment At, bool Production, string Id)
{
    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode()
    {
        ByteWriter writer = new();
        writer.U32(Number).U32(Epoch);
        At.Write(writer);
        return writer.U8(Production ? 1 : 0).Text(Id).ToArray();
    }

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="record">What it says.</param>
    /// <returns>False when it is too short.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> payload, out SessionOpenedRecord record)
    {
        ByteReader reader = new(payload);
        uint number = reader.U32();
        uint epoch = reader.U32();
        GatewayMoment at = GatewayMoment.Read(ref reader);
        bool production = reader.U8() != 0;
        record = new SessionOpenedRecord(number, epoch, at, production, reader.Text());
        return !reader.Failed;
    }
}

/// <summary><c>0 u32 number | 4 moment (24 bytes)</c>.</summary>
/// <param name="Number">The session's number.</param>
/// <param name="At">When.</param>
public readonly record struct SessionClosedRecord(uint Number, GatewayMoment At)
{
    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode()
    {
        ByteWriter writer = new();
        writer.U32(Number);
        At.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="record">What it says.</param>
    /// <returns>False when it is too short.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> payload, out SessionClosedRecord record)
    {
        ByteReader reader = new(payload);
        uint number = reader.U32();
        record = new SessionClosedRecord(number, GatewayMoment.Read(ref reader));
        return !reader.Failed;
    }
}

/// <summary>One reading in a <see cref="SentMarkRecord"/>.</summary>
/// <param name="Session">The session it was sent to.</param>
/// <param name="Key">Its stream.</param>
/// <param name="Sequence">Its sequence.</param>
/// <param name="Index">Its journal index.</param>
/// <param name="ToldUtcUs">The UTC it was sent with, <see cref="GatewayMoment.NoUtc"/> for unsynchronised.</param>
/// <param name="ToldUncertaintyUs">Its uncertainty, µs.</param>
/// <param name="Correctable">True when it was sent as JSON with its own time.</param>
public readonly record struct SentEntry(
    uint Session, StreamKey Key, uint Sequence, long Index, long ToldUtcUs, uint ToldUncertaintyUs, bool Correctable)
{
    /// <summary>Bytes of one entry.</summary>
    public const int Length = 44;
}

/// <summary>
/// <c>0 u8 layout 1 | 1 u8 0 | 2 u16 count | 4 entries of 44 bytes: u32 session | u64 device | u32 boot | u16 stream | u8 correctable | u8 0 |
/// u32 sequence | u64 index | i64 told UTC µs | u32 told uncertainty µs</c>. One entry per reading, in the order of the journal within a stream.
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
        ByteWriter writer = new(HeadLength + (entries.Count * SentEntry.Length));
        writer.U8(1).U8(0).U16(entries.Count);
        foreach (SentEntry entry in entries)
        {
            writer.U32(entry.Session).Key(entry.Key).U8(entry.Correctable ? 1 : 0).U8(0).U32(entry.Sequence)
                .I64(entry.Index).I64(entry.ToldUtcUs).U32(entry.ToldUncertaintyUs);
        }

        return writer.ToArray();
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
/// <param name="Holes">Below Through, what it does not have: first and last, ascending; at most <see cref="ReceiptRecord.MaxHoles"/>.</param>
public sealed record ReceiptStream(StreamKey Key, uint Through, uint Seen, IReadOnlyList<SequenceRange> Holes);

/// <summary>
/// <c>0 u32 session | 4 u8 length | 5 consumer (ASCII) | u16 streams | each: u64 device | u32 boot | u16 stream | u32 through | u32 seen | u8 holes |
/// each: u32 first | u32 last</c>. A later receipt of the same consumer replaces what it says of a stream.
/// </summary>
/// <param name="Session">The session's number.</param>
/// <param name="Consumer">The consumer's name, 1 to 64 of A-Z a-z 0-9 '_' '-'.</param>
/// <param name="Streams">What it has.</param>
public sealed record ReceiptRecord(uint Session, string Consumer, IReadOnlyList<ReceiptStream> Streams)
{
    /// <summary>Most holes per stream that are remembered; a receipt with more is refused.</summary>
    public const int MaxHoles = 64;

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
            writer.Key(stream.Key).U32(stream.Through).U32(stream.Seen).U8(stream.Holes.Count);
            foreach (SequenceRange hole in stream.Holes)
            {
                writer.U32(hole.First).U32(hole.Last);
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
            int holes = reader.U8();
            List<SequenceRange> list = [];
            for (int h = 0; h < holes && !reader.Failed; h++)
            {
                uint first = reader.U32();
                list.Add(new SequenceRange(first, reader.U32()));
            }

            streams.Add(new ReceiptStream(key, through, seen, list));
        }

        return reader.Failed ? null : new ReceiptRecord(session, consumer, streams);
    }
}

/// <summary><c>0 moment (24 bytes)</c>: at this time of the gateway's clock, UTC was this.</summary>
/// <param name="At">The moment, with UTC.</param>
public readonly record struct TimeMappingRecord(GatewayMoment At)
{
    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode()
    {
        ByteWriter writer = new(GatewayMoment.Length);
        At.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="record">What it says.</param>
    /// <returns>False when it is too short.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> payload, out TimeMappingRecord record)
    {
        ByteReader reader = new(payload);
        record = new TimeMappingRecord(GatewayMoment.Read(ref reader));
        return !reader.Failed;
    }
}

/// <summary><c>0 moment (24 bytes)</c>: the gateway started then; the moment's boot is the new boot's number.</summary>
/// <param name="At">When.</param>
public readonly record struct GatewayBootRecord(GatewayMoment At)
{
    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode()
    {
        ByteWriter writer = new(GatewayMoment.Length);
        At.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="record">What it says.</param>
    /// <returns>False when it is too short.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> payload, out GatewayBootRecord record)
    {
        ByteReader reader = new(payload);
        record = new GatewayBootRecord(GatewayMoment.Read(ref reader));
        return !reader.Failed;
    }
}

/// <summary><c>0 u64 through | 8 u64 first unsynchronised (0 = none)</c>.</summary>
/// <param name="ThroughIndex">Marks up to this index were looked at for corrections.</param>
/// <param name="FirstUnsynchronised">Index of the first mark among them that still holds a reading without UTC, 0 for none.</param>
public readonly record struct CorrectionMarkRecord(long ThroughIndex, long FirstUnsynchronised)
{
    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode() => new ByteWriter(16).I64(ThroughIndex).I64(FirstUnsynchronised).ToArray();

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="record">What it says.</param>
    /// <returns>False when it is too short.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> payload, out CorrectionMarkRecord record)
    {
        ByteReader reader = new(payload);
        long through = reader.I64();
        record = new CorrectionMarkRecord(through, reader.I64());
        return !reader.Failed;
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
