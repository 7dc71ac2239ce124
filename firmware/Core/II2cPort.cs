namespace Firmware.Core;

/// <summary>
/// One I2C bus as a driver sees it. The port never retries and never throws for an expected fault:
/// the supervisor decides what a status means.
/// </summary>
public interface II2cPort
{
    /// <summary>
    /// One transaction: writes <paramref name="writeCount"/> bytes, then, after a repeated start, reads
    /// <paramref name="readCount"/> bytes. Either count may be 0 (a pure read or a pure write).
    /// </summary>
    /// <param name="address">The 7-bit target address, 0x08 to 0x77.</param>
    /// <param name="write">Bytes to write.</param>
    /// <param name="writeOffset">First byte of <paramref name="write"/> to send.</param>
    /// <param name="writeCount">How many bytes to send.</param>
    /// <param name="read">Where the bytes read are put.</param>
    /// <param name="readOffset">First place in <paramref name="read"/>.</param>
    /// <param name="readCount">How many bytes to read.</param>
    /// <returns>How it ended. Unless it is <see cref="I2cStatus.Ok"/>, <paramref name="read"/> holds nothing to be used.</returns>
    I2cStatus WriteRead(int address, byte[] write, int writeOffset, int writeCount, byte[] read, int readOffset, int readCount);
}
