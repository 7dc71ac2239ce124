namespace Firmware.Esp32;

/// <summary>What neither the board nor the sample cart says: to become configuration. Values that are invented say so.</summary>
public static class PodSettings
{
    /// <summary>Version of this program, as the pod's state reports it; that of the whole repository.</summary>
    public const string Version = "0.4.0";

    /// <summary>UART of an OEM blood pressure module in the place of the built-in cuff, "COM2"; empty for the built-in cuff. See hardware/wiring/oem-blood-pressure.md.</summary>
    public const string OemSerialPort = "";

    /// <summary>Most bytes this program keeps on the drive; the rest is littlefs's own room. Assumption: 7/8.</summary>
    public const int StoreBudgetBytes = 224 * 1024;

    /// <summary>Where the gateway, or the tunnel to it, answers. Made up.</summary>
    public const string GatewayHost = "192.168.4.1";

    /// <summary>Its TCP port.</summary>
    public const int GatewayPort = 1883;
}
