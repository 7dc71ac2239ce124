using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Ports;
using System.Linq;

namespace Firmware.Flash.Serial;

/// <summary>The machine's serial ports by System.IO.Ports; no other file knows that library.</summary>
public sealed class MachinePorts : ISerialPorts
{
    private const int BaudRate = 115_200;
    private const int WriteTimeoutMs = 2000;

    /// <inheritdoc/>
    public IReadOnlyList<SerialPortDescription> List() =>
        [.. Once(SerialPort.GetPortNames()).Select(Describe)];

    /// <summary>Each plug once: without the built-in ports of Linux, of which none has a plug, and by one of the two names that macOS gives a port (the one that does not wait for a carrier).</summary>
    /// <param name="names">The names as the system gives them.</param>
    /// <returns>The names in their order.</returns>
    public static IReadOnlyList<string> Once(IReadOnlyCollection<string> names) =>
        [.. names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Where(n => !n.StartsWith("/dev/ttyS", StringComparison.Ordinal) && !(n.StartsWith("/dev/tty.", StringComparison.Ordinal) && names.Contains("/dev/cu." + n["/dev/tty.".Length..], StringComparer.Ordinal)))];

    /// <inheritdoc/>
    public IReadOnlyList<string> WithoutDriver()
    {
        const string Devices = "/sys/bus/usb/devices";
        if (!OperatingSystem.IsLinux() || !Directory.Exists(Devices))
        {
            return [];
        }

        List<string> driven = [.. List().Select(p => p.UsbId)];
        List<string> missing = [];
        foreach (string device in Directory.EnumerateDirectories(Devices).Order(StringComparer.Ordinal).Where(d => File.Exists(Path.Combine(d, "idVendor"))))
        {
            SerialPortDescription adapter = new(Read(device, "product"), Read(device, "idVendor") + ":" + Read(device, "idProduct"), string.Empty);
            bool isKnown = !string.Equals(adapter.Adapter, adapter.UsbId, StringComparison.Ordinal);
            if (isKnown && !driven.Remove(adapter.UsbId))
            {
                missing.Add($"{adapter.Adapter} ({adapter.Name})");
            }
        }

        return missing;
    }

    /// <inheritdoc/>
    public ISerialLine Open(string name) => new Line(name);

    private static SerialPortDescription Describe(string name)
    {
        // Source: Linux, Documentation/ABI, /sys/class/tty: the interface's parent is the USB device.
        string link = "/sys/class/tty/" + Path.GetFileName(name) + "/device";
        if (OperatingSystem.IsLinux() && Directory.Exists(link))
        {
            string folder = new DirectoryInfo(link).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? link;
            for (int up = 0; up < 4 && folder.Length > 1; up++, folder = Path.GetDirectoryName(folder) ?? string.Empty)
            {
                if (File.Exists(Path.Combine(folder, "idVendor")))
                {
                    return new SerialPortDescription(name, Read(folder, "idVendor") + ":" + Read(folder, "idProduct"), Read(folder, "product"));
                }
            }
        }

        return new SerialPortDescription(name, string.Empty, string.Empty);
    }

    private static string Read(string folder, string file)
    {
        try
        {
            return Wire.PlainText.Clean(File.ReadAllText(Path.Combine(folder, file)).Trim());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return string.Empty;
        }
    }

    private sealed class Line : ISerialLine
    {
        private readonly SerialPort _port;

        public Line(string name)
        {
            _port = new SerialPort(name, BaudRate, Parity.None, 8, StopBits.One) { DtrEnable = false, RtsEnable = false, Handshake = Handshake.None, WriteTimeout = WriteTimeoutMs };
            try
            {
                _port.Open();
            }
            catch (Exception e)
            {
                _port.Dispose();
                throw e is IOException or UnauthorizedAccessException ? e : new IOException(e.Message, e);
            }
        }

        public void Write(byte[] bytes)
        {
            try
            {
                _port.Write(bytes, 0, bytes.Length);
            }
            catch (Exception e) when (e is TimeoutException or InvalidOperationException or UnauthorizedAccessException)
            {
                throw new IOException(e.Message, e);
            }
        }

        public int Read(byte[] buffer, int timeoutMs)
        {
            try
            {
                _port.ReadTimeout = Math.Max(1, timeoutMs);
                return _port.Read(buffer, 0, buffer.Length);
            }
            catch (TimeoutException)
            {
                return 0;
            }
            catch (Exception e) when (e is InvalidOperationException or UnauthorizedAccessException or OperationCanceledException)
            {
                throw new IOException(e.Message, e);
            }
        }

        public void Dispose() => _port.Dispose();
    }
}
