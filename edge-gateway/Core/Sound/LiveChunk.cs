using System;
using System.Buffers.Binary;

namespace EdgeGateway.Core.Sound;

/// <summary>
/// One piece of live sound as a listener receives it at QoS 0, little endian: <c>0 u8 version 1 | 1 u8 step | 2 u16 reserved 0 | 4 u32 number |
/// 8 u64 device µs of the first sample | 16 u32 boot | 20 sound body</c>, see <see cref="Firmware.Protocol.SoundBody"/>. Numbers rise by one per chunk made, so that a
/// listener sees what it missed. The durable copy of the same samples is the pod's own frame; a live chunk is never stored.
/// </summary>
public static class LiveChunk
{
    /// <summary>The version written by this code.</summary>
    public const byte Version = 1;

    /// <summary>Bytes before the sound body.</summary>
    public const int HeadLength = 20;

    /// <summary>Content type of its messages.</summary>
    public const string ContentType = "application/vnd.cart.live-sound";

    /// <summary>Writes the head.</summary>
    /// <param name="chunk">At least <see cref="HeadLength"/> bytes.</param>
    /// <param name="step">How far the sound is reduced.</param>
    /// <param name="number">The chunk's number.</param>
    /// <param name="deviceUs">Time of the first sample, µs since the device's boot.</param>
    /// <param name="bootId">The device's boot.</param>
    public static void WriteHead(Span<byte> chunk, ListeningStep step, uint number, long deviceUs, uint bootId)
    {
        chunk[0] = Version;
        chunk[1] = (byte)step;
        chunk[2] = 0;
        chunk[3] = 0;
        BinaryPrimitives.WriteUInt32LittleEndian(chunk[4..], number);
        BinaryPrimitives.WriteInt64LittleEndian(chunk[8..], deviceUs);
        BinaryPrimitives.WriteUInt32LittleEndian(chunk[16..], bootId);
    }

    /// <summary>How far a chunk is reduced.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <returns>The step.</returns>
    public static ListeningStep Step(ReadOnlySpan<byte> chunk) => (ListeningStep)chunk[1];

    /// <summary>A chunk's number.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <returns>The number, from 1.</returns>
    public static uint Number(ReadOnlySpan<byte> chunk) => BinaryPrimitives.ReadUInt32LittleEndian(chunk[4..]);

    /// <summary>Time of a chunk's first sample.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <returns>µs since the device's boot.</returns>
    public static long DeviceUs(ReadOnlySpan<byte> chunk) => BinaryPrimitives.ReadInt64LittleEndian(chunk[8..]);
}
