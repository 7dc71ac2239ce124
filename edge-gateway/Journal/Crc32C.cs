using System;
using System.Buffers.Binary;
using System.Numerics;

namespace EdgeGateway.Journal;

/// <summary>CRC-32C (Castagnoli; RFC 3720 section 12.1, check value of "123456789" is 0xE3069283), in hardware where there is one.</summary>
internal static class Crc32C
{
    /// <summary>Start value of a running checksum.</summary>
    public const uint Start = 0xFFFFFFFF;

    /// <summary>Takes bytes into a running checksum.</summary>
    public static uint Add(uint running, ReadOnlySpan<byte> data)
    {
        while (data.Length >= 8)
        {
            running = BitOperations.Crc32C(running, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[8..];
        }

        foreach (byte one in data)
        {
            running = BitOperations.Crc32C(running, one);
        }

        return running;
    }

    /// <summary>Ends a running checksum.</summary>
    public static uint End(uint running) => ~running;

    /// <summary>The checksum of one run of bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> data) => End(Add(Start, data));
}
