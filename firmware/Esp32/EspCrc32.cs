using System;
using System.IO.Hashing;
using Firmware.Core;

namespace Firmware.Esp32;

/// <summary>The runtime's native CRC-32.</summary>
public sealed class EspCrc32 : ICrc32
{
    private const uint CheckValue = 0xCBF43926;

    /// <summary>The native one when it computes what frames need, else the one in IL.</summary>
    /// <returns>A CRC-32/ISO-HDLC that gives the check value of "123456789".</returns>
    public static ICrc32 Choose()
    {
        byte[] digits = new byte[9];
        for (int i = 0; i < digits.Length; i++)
        {
            digits[i] = (byte)('1' + i);
        }

        ICrc32 native = new EspCrc32();
        return native.Compute(digits, 0, digits.Length) == CheckValue ? native : new SoftwareCrc32();
    }

    /// <inheritdoc/>
    public uint Compute(byte[] buffer, int offset, int count) => Crc32.HashToUInt32(new SpanByte(buffer, offset, count));
}
