namespace Firmware.Esp32;

/// <summary>What neither the board nor the sample cart says: to become configuration. Values that are invented say so.</summary>
public static class PodSettings
{
    /// <summary>Version of this program, as the pod's state reports it; that of the whole repository.</summary>
    public const string Version = "0.5.0";

    /// <summary>When this program was written, s since 1970: 2026-11-28 00:00 UTC. It cannot be earlier now; see ClockFloor.</summary>
    public const uint Released = 1_795_824_000;

    /// <summary>UART of an OEM blood pressure module in the place of the built-in cuff, SampleCart.SunTechNibpSerialPort; empty for the built-in cuff. See hardware/wiring/oem-blood-pressure.md.</summary>
    public const string OemSerialPort = "";

    /// <summary>UART of the service console.</summary>
    public const string ConsoleSerialPort = "COM3";

    /// <summary>Where the gateway, or the tunnel to it, answers. Made up.</summary>
    public const string GatewayHost = "192.168.4.1";

    /// <summary>Its TCP port; with certificates on the drive 8883 is usual.</summary>
    public const int GatewayPort = 1883;

    /// <summary>A time server for the board's wall clock, which serves TLS only; empty for none.</summary>
    public const string TimeServer = "";
}
