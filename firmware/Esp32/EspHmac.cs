using System.Security.Cryptography;
using Firmware.Core;

namespace Firmware.Esp32;

/// <summary>The runtime's native HMAC-SHA-256.</summary>
public sealed class EspHmac : IHmacSha256
{
    /// <inheritdoc/>
    public byte[] Compute(byte[] key, byte[] message) => HMACSHA256.HashData(key, message);
}
