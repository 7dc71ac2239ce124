using System;
using System.IO.Hashing;
using Firmware.Core;

namespace EdgeGateway.Core.Readings;

/// <summary>The CRC-32 of frames (IEEE 802.3) by the runtime's own code, which uses the processor's instructions.</summary>
internal sealed class HashingCrc32 : ICrc32
{
    /// <inheritdoc/>
    public uint Compute(byte[] buffer, int offset, int count) => Crc32.HashToUInt32(buffer.AsSpan(offset, count));
}
