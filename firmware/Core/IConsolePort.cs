namespace Firmware.Core;

/// <summary>The line of the service console: bytes in, bytes out. Neither call waits.</summary>
public interface IConsolePort : ISerialPort
{
    /// <summary>How often a terminal was attached since the start, as far as the port can see it: a native USB port can, a UART cannot and stays at 0.</summary>
    int Attachments { get; }
}
