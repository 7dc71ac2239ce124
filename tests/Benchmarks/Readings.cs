using System;
using Firmware.Core;
using Firmware.Protocol;

namespace Benchmarks;

/// <summary>The readings that both sides carry: the same frames, byte for byte apart from the binding epoch.</summary>
internal static class Readings
{
    /// <summary>The one pod.</summary>
    public const ulong Device = 0x0200000000000010;

    /// <summary>Bytes of one reading: a frame of 74 samples of a light.</summary>
    public const int Length = 200;

    /// <summary>Frames in a message as a pod sends them, 3,000 bytes.</summary>
    public const int PerFullMessage = 15;

    private const int Samples = 74;
    private const int Bits = 16;
    private const uint PeriodUs = 10_000;
    private const uint Boot = 1;

    /// <summary>Writes whole frames back to back.</summary>
    public static void Write(byte[] buffer, uint first, int count, uint epoch, ICrc32 crc32)
    {
        int offset = 0;
        for (int n = 0; n < count; n++)
        {
            uint sequence = first + (uint)n;
            Frame.WriteHeader(
                buffer, offset, FrameKind.Waveform, WaveformBody.Length(Samples, Bits), Device, Boot, Streams.InfraredLight, FrameFlags.Simulated, sequence, sequence * (long)PeriodUs * Samples, epoch);
            int body = offset + Frame.HeaderLength;
            WaveformBody.WriteHead(buffer, body, MdcCodes.InfraredLightCounts, PeriodUs, Samples, Bits);
            for (int i = 0; i < Samples; i++)
            {
                WaveformBody.WriteSample(buffer, body, i, Bits, (int)((sequence + (uint)(i * 37)) & 0x7FFF));
            }

            offset += Frame.Seal(buffer, offset, crc32);
        }
    }

    /// <summary>The sequence number of a frame at the beginning of a payload; a bridge forwards a message of several frames whole.</summary>
    public static uint Sequence(ReadOnlySpan<byte> payload) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(payload[20..]);
}
