using System;
using System.Collections.Generic;
using System.Linq;
using Firmware.Flash.Wire;

namespace Firmware.Flash.Serial;

/// <summary>A serial port of this machine.</summary>
/// <param name="Name">"COM3", "/dev/ttyUSB0".</param>
/// <param name="UsbId">Vendor and product, "10c4:ea60"; empty when it is not known.</param>
/// <param name="About">What the adapter calls itself; empty when it is not known.</param>
public sealed record SerialPortDescription(string Name, string UsbId, string About)
{
    /// <summary>What the USB id says about the adapter. Source: the USB ID Repository (linux-usb.org), vendors 10c4, 1a86, 0403, 303a.</summary>
    public string Adapter => UsbId switch
    {
        "10c4:ea60" => "Silicon Labs CP210x",
        "1a86:7523" => "WCH CH340",
        "1a86:55d4" => "WCH CH9102",
        "0403:6001" or "0403:6015" => "FTDI single UART",
        "0403:6010" => "FTDI dual UART",
        "303a:1001" => "Espressif native USB",
        "" => string.Empty,
        _ => PlainText.Clean(UsbId),
    };

    /// <summary>True for the USB of the chip itself, with no adapter between: an ESP32-S3 speaks by it until its program takes the pins, and it goes away while the chip restarts.
    /// Source: Espressif, esp-iot-solution, USB overview: VID 0x303A, PID 0x1001 of the S3's USB-Serial-JTAG.</summary>
    public bool IsNativeUsb => UsbId is "303a:1001";

    /// <summary>"COM3 (Espressif native USB)".</summary>
    public string Called => Name + (Adapter.Length > 0 ? $" ({Adapter})" : string.Empty);

    /// <summary>What is known of a port.</summary>
    /// <param name="ports">The machine's ports.</param>
    /// <param name="name">Its name.</param>
    /// <returns>The port; without a USB id when the machine does not list it.</returns>
    public static SerialPortDescription Of(ISerialPorts ports, string name)
    {
        ArgumentNullException.ThrowIfNull(ports);
        return ports.List().FirstOrDefault(p => string.Equals(p.Name, name, StringComparison.Ordinal)) ?? new SerialPortDescription(name, string.Empty, string.Empty);
    }
}

/// <summary>An open serial line, 115,200 baud, 8N1. DTR and RTS stay released: on development boards they reset the chip.</summary>
public interface ISerialLine : IDisposable
{
    /// <summary>Writes all bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <exception cref="System.IO.IOException">The line is gone.</exception>
    void Write(byte[] bytes);

    /// <summary>Reads what is there, waiting for the first byte.</summary>
    /// <param name="buffer">Takes the bytes.</param>
    /// <param name="timeoutMs">Longest wait, ms.</param>
    /// <returns>How many; 0 when the time is over.</returns>
    /// <exception cref="System.IO.IOException">The line is gone.</exception>
    int Read(byte[] buffer, int timeoutMs);
}

/// <summary>The machine's serial ports.</summary>
public interface ISerialPorts
{
    /// <summary>Ports with something behind them, by name.</summary>
    /// <returns>The ports.</returns>
    IReadOnlyList<SerialPortDescription> List();

    /// <summary>USB adapters of a known kind that have no port, since their driver is missing; where the system can tell (Linux).</summary>
    /// <returns>What they call themselves.</returns>
    IReadOnlyList<string> WithoutDriver();

    /// <summary>Opens a port.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The line.</returns>
    /// <exception cref="System.IO.IOException">It is absent or in use.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not use it.</exception>
    ISerialLine Open(string name);
}
