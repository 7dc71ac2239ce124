using System;
using System.Runtime.InteropServices;
using EdgeGateway.Core.Records;
using EdgeGateway.Journal;
using Firmware.Protocol;

namespace EdgeGateway.Core.Readings;

/// <summary>
/// One reading as every part of the gateway gets it: the bytes of its record, and what stands in them, parsed once. It is made when a frame is taken in and when a record
/// is read back from the journal; nobody else parses a header.
/// </summary>
/// <param name="Head">The frame's head.</param>
/// <param name="Stamp">What the gateway knew when it took the frame in.</param>
/// <param name="Class">The class it is journaled and sent in.</param>
/// <param name="Record">The stamp and the frame; nobody changes these bytes.</param>
internal readonly record struct Reading(FrameHead Head, FrameStamp Stamp, RecordClass Class, ReadOnlyMemory<byte> Record)
{
    /// <summary>Its stream.</summary>
    public StreamKey Key => Head.Key;

    /// <summary>Number of the session it is bound to, 0 for none.</summary>
    public uint Session => Stamp.Session;

    /// <summary>The whole frame.</summary>
    public ReadOnlySpan<byte> Frame => Record.Span[FrameStamp.Length..];

    /// <summary>The whole frame, to be kept.</summary>
    public ReadOnlyMemory<byte> FrameBytes => Record[FrameStamp.Length..];

    /// <summary>The frame's body.</summary>
    public ReadOnlySpan<byte> Body => Record.Span.Slice(FrameStamp.Length + Firmware.Protocol.Frame.HeaderLength, Head.BodyLength);

    /// <summary>The bytes with the body in them, at <see cref="BodyOffset"/>: as the frames' own code, which is shared with the pods, reads them.</summary>
    public byte[] Bytes => MemoryMarshal.TryGetArray(Record, out ArraySegment<byte> array) ? array.Array! : throw new InvalidOperationException("a record that is no array");

    /// <summary>Where the body begins in <see cref="Bytes"/>.</summary>
    public int BodyOffset => (MemoryMarshal.TryGetArray(Record, out ArraySegment<byte> array) ? array.Offset : 0) + FrameStamp.Length + Firmware.Protocol.Frame.HeaderLength;

    /// <summary>True for a gap record that this code understands.</summary>
    public bool IsGap => Head.Kind == FrameKind.Gap && Head.Version == Firmware.Protocol.Frame.Version && Head.BodyLength >= GapBody.Length;

    /// <summary>Makes a reading of a frame that was proved and is being taken in.</summary>
    /// <param name="head">The frame's head.</param>
    /// <param name="frame">The whole frame.</param>
    /// <param name="stamp">The stamp.</param>
    /// <param name="recordClass">Its class.</param>
    /// <returns>The reading, on bytes of its own.</returns>
    public static Reading Make(in FrameHead head, ReadOnlySpan<byte> frame, in FrameStamp stamp, RecordClass recordClass)
    {
        byte[] record = GC.AllocateUninitializedArray<byte>(FrameStamp.Length + frame.Length);
        stamp.Write(record, frame);
        return new Reading(head, stamp, recordClass, record);
    }

    /// <summary>Parses a record of the journal.</summary>
    /// <param name="record">The record.</param>
    /// <param name="reading">The reading, on the record's own bytes: valid as long as they are.</param>
    /// <returns>False when the record is no frame, or too short for one.</returns>
    public static bool TryRead(in JournalRecord record, out Reading reading)
    {
        reading = default;
        ReadOnlySpan<byte> bytes = record.Payload.Span;
        if (record.Type != (byte)JournalRecordType.Frame || !FrameStamp.TryRead(bytes, out FrameStamp stamp))
        {
            return false;
        }

        FrameHead head = FrameHead.Read(bytes[FrameStamp.Length..]);
        if (bytes.Length < FrameStamp.Length + Firmware.Protocol.Frame.Overhead + head.BodyLength)
        {
            return false; // no frame is journaled before it was proved, so this is none
        }

        reading = new Reading(head, stamp, record.Class, record.Payload);
        return true;
    }

    /// <summary>The same reading on bytes of its own, to be kept beyond the call that showed the record.</summary>
    /// <returns>The copy.</returns>
    public Reading Kept() => this with { Record = Record.ToArray() };
}

/// <summary>
/// What the projections of the journal share: a record is parsed by the first that asks, or not at all when the reading is just being taken in, and the others get the same value.
/// </summary>
internal sealed class ReadingParser
{
    private Reading _last;
    private long _index;

    /// <summary>A reading that is about to be appended.</summary>
    /// <param name="reading">The reading.</param>
    /// <param name="index">The index that its record will have.</param>
    public void Expect(in Reading reading, long index)
    {
        _last = reading;
        _index = index;
    }

    /// <summary>The reading of a record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="reading">The reading, valid as long as the record's bytes are.</param>
    /// <returns>False when the record is no reading.</returns>
    public bool TryRead(in JournalRecord record, out Reading reading)
    {
        if (record.Index == _index && record.Payload.Equals(_last.Record))
        {
            reading = _last;
            return true;
        }

        if (!Reading.TryRead(record, out reading))
        {
            return false;
        }

        Expect(reading, record.Index);
        return true;
    }
}
