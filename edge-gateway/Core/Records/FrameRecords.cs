using System;
using System.Buffers.Binary;
using Firmware.Protocol;

namespace EdgeGateway.Core.Records;

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
