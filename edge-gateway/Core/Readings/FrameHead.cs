using System;
using System.Buffers.Binary;
using EdgeGateway.Journal;
using Firmware.Protocol;

namespace EdgeGateway.Core.Readings;

/// <summary>Bytes 0 to 35 of a frame, which no later version changes. See <see cref="Frame"/> for the layout.</summary>
/// <param name="Version">Version of the frame.</param>
/// <param name="Kind">What the body holds; may be unknown to this code.</param>
/// <param name="BodyLength">Length of the body, bytes.</param>
/// <param name="DeviceId">The device's EUI-64.</param>
/// <param name="BootId">Its boot counter.</param>
/// <param name="Stream">The stream, 0 to 65,535.</param>
/// <param name="Flags">See <see cref="FrameFlags"/>.</param>
/// <param name="Sequence">Number in the stream, from 1.</param>
/// <param name="MonotonicUs">Time of the first sample, µs since the device's boot.</param>
/// <param name="Epoch">The binding epoch, 0 for none.</param>
public readonly record struct FrameHead(
    byte Version, FrameKind Kind, int BodyLength, ulong DeviceId, uint BootId, int Stream, int Flags, uint Sequence, long MonotonicUs, uint Epoch)
{
    /// <summary>The stream that the frame belongs to.</summary>
    public StreamKey Key => new(DeviceId, BootId, Stream);

    /// <summary>True when this code knows the body: version 1 and a known kind.</summary>
    public bool IsUnderstood => Version == Frame.Version && Kind is >= FrameKind.Numeric and <= FrameKind.Clock;

    /// <summary>True for a number about the equipment and not the patient, for example the cuff's phase.</summary>
    public bool IsStatus => Kind == FrameKind.Numeric && SignalTable.ClassOf(Kind, Stream) == SignalClass.Event;

    /// <summary>Reads a frame's head.</summary>
    /// <param name="frame">At least 36 bytes.</param>
    /// <returns>The head.</returns>
    public static FrameHead Read(ReadOnlySpan<byte> frame) => new(
        frame[0],
        (FrameKind)frame[1],
        BinaryPrimitives.ReadUInt16LittleEndian(frame[2..]),
        BinaryPrimitives.ReadUInt64LittleEndian(frame[4..]),
        BinaryPrimitives.ReadUInt32LittleEndian(frame[12..]),
        BinaryPrimitives.ReadUInt16LittleEndian(frame[16..]),
        BinaryPrimitives.ReadUInt16LittleEndian(frame[18..]),
        BinaryPrimitives.ReadUInt32LittleEndian(frame[20..]),
        (long)BinaryPrimitives.ReadUInt64LittleEndian(frame[24..]),
        BinaryPrimitives.ReadUInt32LittleEndian(frame[32..]));

    /// <summary>The journal's class of a frame: what gives way to what when space is short. See <see cref="SignalTable.ClassOf"/>.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="stream">The stream.</param>
    /// <returns>The class; never <see cref="RecordClass.Control"/>.</returns>
    public static RecordClass ClassOf(FrameKind kind, int stream) => SignalTable.ClassOf(kind, stream) switch
    {
        SignalClass.Vital => RecordClass.Vital,
        SignalClass.Sound => RecordClass.Sound,
        SignalClass.Wave => RecordClass.Wave,
        _ => RecordClass.Event,
    };
}

/// <summary>One numbered channel of one boot of a device: within it sequence numbers order everything.</summary>
/// <param name="DeviceId">The EUI-64.</param>
/// <param name="BootId">The boot.</param>
/// <param name="Stream">The stream.</param>
public readonly record struct StreamKey(ulong DeviceId, uint BootId, int Stream) : IComparable<StreamKey>
{
    /// <summary>Bytes of a key in records and checkpoints: <c>u64 device | u32 boot | u16 stream</c>.</summary>
    public const int Length = 14;

    /// <inheritdoc/>
    public int CompareTo(StreamKey other)
    {
        int order = DeviceId.CompareTo(other.DeviceId);
        if (order == 0)
        {
            order = BootId.CompareTo(other.BootId);
        }

        return order == 0 ? Stream.CompareTo(other.Stream) : order;
    }

    /// <summary>Smaller in the order device, boot, stream.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when it is.</returns>
    public static bool operator <(StreamKey left, StreamKey right) => left.CompareTo(right) < 0;

    /// <summary>Greater in the order device, boot, stream.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when it is.</returns>
    public static bool operator >(StreamKey left, StreamKey right) => left.CompareTo(right) > 0;

    /// <summary>Not greater in the order device, boot, stream.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when it is.</returns>
    public static bool operator <=(StreamKey left, StreamKey right) => left.CompareTo(right) <= 0;

    /// <summary>Not smaller in the order device, boot, stream.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when it is.</returns>
    public static bool operator >=(StreamKey left, StreamKey right) => left.CompareTo(right) >= 0;
}
