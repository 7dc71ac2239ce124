using Firmware.Core;

namespace Firmware.Esp32;

/// <summary>The console's UART. It cannot see that a terminal is attached.</summary>
public sealed class EspConsolePort : IConsolePort
{
    private readonly ISerialPort _port;

    /// <summary>Stores.</summary>
    /// <param name="port">The line.</param>
    public EspConsolePort(ISerialPort port)
    {
        _port = port;
    }

    /// <inheritdoc/>
    public int Attachments => 0;

    /// <inheritdoc/>
    public bool TryWrite(byte[] buffer, int offset, int count) => _port.TryWrite(buffer, offset, count);

    /// <inheritdoc/>
    public int Read(byte[] buffer, int offset, int count) => _port.Read(buffer, offset, count);
}
