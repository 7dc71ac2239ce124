using Firmware.Core;

namespace Firmware.Protocol;

/// <summary>
/// Frame v1, the one format of a reading in the pod's store, on the wire and in the gateway's journal. Little endian:
/// <c>0 u8 version | 1 u8 kind | 2 u16 bodyLength | 4 u64 deviceId | 12 u32 bootId | 16 u16 stream | 18 u16 flags |
/// 20 u32 sequence | 24 u64 monotonicUs | 32 u32 bindingEpoch | 36 body | 36+n u32 CRC-32</c>. Bytes 0 to 35 and the final
/// CRC never change in later versions. All members are pure functions over a buffer and an offset.
/// </summary>
public static class Frame
{
    /// <summary>The version written by this code.</summary>
    public const byte Version = 1;

    /// <summary>Bytes before the body.</summary>
    public const int HeaderLength = 36;

    /// <summary>Bytes of the CRC after the body.</summary>
    public const int TrailerLength = 4;

    /// <summary>Bytes of a frame beyond its body.</summary>
    public const int Overhead = HeaderLength + TrailerLength;

    /// <summary>Longest message of whole frames from pod to gateway, in bytes.</summary>
    public const int MaxMessageLength = 4096;

    /// <summary>Longest body, so that one frame always fits one message.</summary>
    public const int MaxBodyLength = MaxMessageLength - Overhead;

    /// <summary>Writes bytes 0 to 35.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the frame begins.</param>
    /// <param name="kind">What the body holds.</param>
    /// <param name="bodyLength">Length of the body in bytes, 0 to <see cref="MaxBodyLength"/>.</param>
    /// <param name="deviceId">The pod's EUI-64.</param>
    /// <param name="bootId">The pod's boot counter; bit 31 set when it is random.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="flags">See <see cref="FrameFlags"/>.</param>
    /// <param name="sequence">Number in this stream since boot, from 1.</param>
    /// <param name="monotonicUs">Time of the first sample, µs since boot.</param>
    /// <param name="bindingEpoch">The session's opaque epoch, 0 for none.</param>
    public static void WriteHeader(
        byte[] buffer,
        int offset,
        FrameKind kind,
        int bodyLength,
        ulong deviceId,
        uint bootId,
        int stream,
        int flags,
        uint sequence,
        long monotonicUs,
        uint bindingEpoch)
    {
        buffer[offset] = Version;
        buffer[offset + 1] = (byte)kind;
        LittleEndian.WriteUInt16(buffer, offset + 2, bodyLength);
        LittleEndian.WriteUInt64(buffer, offset + 4, deviceId);
        LittleEndian.WriteUInt32(buffer, offset + 12, bootId);
        LittleEndian.WriteUInt16(buffer, offset + 16, stream);
        LittleEndian.WriteUInt16(buffer, offset + 18, flags);
        LittleEndian.WriteUInt32(buffer, offset + 20, sequence);
        LittleEndian.WriteUInt64(buffer, offset + 24, (ulong)monotonicUs);
        LittleEndian.WriteUInt32(buffer, offset + 32, bindingEpoch);
    }

    /// <summary>Writes the CRC after the body that <see cref="WriteHeader"/> announced.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the frame begins.</param>
    /// <param name="crc32">The CRC to use.</param>
    /// <returns>The frame's whole length in bytes.</returns>
    public static int Seal(byte[] buffer, int offset, ICrc32 crc32)
    {
        int length = HeaderLength + BodyLength(buffer, offset);
        LittleEndian.WriteUInt32(buffer, offset + length, crc32.Compute(buffer, offset, length));
        return length + TrailerLength;
    }

    /// <summary>Proves one frame at <paramref name="offset"/>: lengths, version above 0, sequence above 0, CRC.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the frame begins.</param>
    /// <param name="count">Bytes available from there.</param>
    /// <param name="crc32">The CRC to use.</param>
    /// <param name="length">The frame's whole length; 0 when it is not valid.</param>
    /// <returns>What is wrong, or <see cref="FrameFault.None"/>.</returns>
    public static FrameFault Check(byte[] buffer, int offset, int count, ICrc32 crc32, out int length)
    {
        length = 0;
        if (count < Overhead)
        {
            return FrameFault.TooShort;
        }

        if (buffer[offset] == 0)
        {
            return FrameFault.NoVersion;
        }

        int bodyLength = BodyLength(buffer, offset);
        if (bodyLength > MaxBodyLength)
        {
            return FrameFault.TooLong;
        }

        if (Overhead + bodyLength > count)
        {
            return FrameFault.TooShort;
        }

        int end = offset + HeaderLength + bodyLength;
        if (LittleEndian.ReadUInt32(buffer, end) != crc32.Compute(buffer, offset, HeaderLength + bodyLength))
        {
            return FrameFault.BadChecksum;
        }

        if (Sequence(buffer, offset) == 0)
        {
            return FrameFault.NoSequence;
        }

        length = Overhead + bodyLength;
        return FrameFault.None;
    }

    /// <summary>The frame's whole length in bytes, from its header.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the frame begins.</param>
    /// <returns>Length in bytes.</returns>
    public static int TotalLength(byte[] buffer, int offset) => Overhead + BodyLength(buffer, offset);

    /// <summary>The version byte.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the frame begins.</param>
    /// <returns>The version.</returns>
    public static byte VersionOf(byte[] buffer, int offset) => buffer[offset];

    /// <summary>The kind byte; may be unknown to this code.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the frame begins.</param>
    /// <returns>The kind.</returns>
    public static FrameKind Kind(byte[] buffer, int offset) => (FrameKind)buffer[offset + 1];

    /// <summary>Length of the body in bytes.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the frame begins.</param>
    /// <returns>Length in bytes.</returns>
    public static int BodyLength(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 2);

    /// <summary>The pod's EUI-64.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the frame begins.</param>
    /// <returns>The device id.</returns>
    public static ulong DeviceId(byte[] buffer, int offset) => LittleEndian.ReadUInt64(buffer, offset + 4);

    /// <summary>The boot counter.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the frame begins.</param>
    /// <returns>The boot id.</returns>
    public static uint BootId(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset + 12);

    /// <summary>The stream.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the frame begins.</param>
    /// <returns>The stream number.</returns>
    public static int Stream(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 16);

    /// <summary>The flags, see <see cref="FrameFlags"/>.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the frame begins.</param>
    /// <returns>The flags.</returns>
    public static int Flags(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 18);

    /// <summary>The number in the stream, from 1.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the frame begins.</param>
    /// <returns>The sequence.</returns>
    public static uint Sequence(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset + 20);

    /// <summary>Time of the first sample, µs since the pod's boot.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the frame begins.</param>
    /// <returns>The time.</returns>
    public static long MonotonicUs(byte[] buffer, int offset) => (long)LittleEndian.ReadUInt64(buffer, offset + 24);

    /// <summary>The session's opaque epoch, 0 for none.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the frame begins.</param>
    /// <returns>The epoch.</returns>
    public static uint BindingEpoch(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset + 32);
}

/// <summary>What is wrong with bytes that should be a frame.</summary>
public enum FrameFault : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The bytes end before the frame does.</summary>
    TooShort = 1,

    /// <summary>The announced body is longer than <see cref="Frame.MaxBodyLength"/>.</summary>
    TooLong = 2,

    /// <summary>Version 0 does not exist.</summary>
    NoVersion = 3,

    /// <summary>The CRC does not agree.</summary>
    BadChecksum = 4,

    /// <summary>Sequence 0 does not exist.</summary>
    NoSequence = 5,
}
