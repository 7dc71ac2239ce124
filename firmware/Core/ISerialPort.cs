namespace Firmware.Core;

/// <summary>One serial line (UART), opened by its adapter with the part's settings. Neither call waits.</summary>
public interface ISerialPort
{
    /// <summary>Hands bytes to the line.</summary>
    /// <param name="buffer">The bytes; copied before the call returns.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="count">How many.</param>
    /// <returns>False when the line is not open or takes nothing now; then nothing was handed over.</returns>
    bool TryWrite(byte[] buffer, int offset, int count);

    /// <summary>Takes what has come.</summary>
    /// <param name="buffer">Where the bytes are put.</param>
    /// <param name="offset">First place.</param>
    /// <param name="count">Most bytes.</param>
    /// <returns>How many came, 0 for none; -1 when the line is not open.</returns>
    int Read(byte[] buffer, int offset, int count);
}
