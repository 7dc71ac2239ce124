namespace Firmware.Core;

/// <summary>HMAC-SHA-256 (RFC 2104 with FIPS 180-4). Native on the ESP32.</summary>
public interface IHmacSha256
{
    /// <summary>The code of a message.</summary>
    /// <param name="key">The key.</param>
    /// <param name="message">The message.</param>
    /// <returns>32 bytes.</returns>
    byte[] Compute(byte[] key, byte[] message);
}
