namespace Firmware.Esp32;

/// <summary>What neither the board nor its configuration says.</summary>
public static class PodSettings
{
    /// <summary>Version of this program, as the pod's state reports it; that of the whole repository.</summary>
    public const string Version = "0.7.0";

    /// <summary>When this program was written, s since 1970: 2026-11-28 00:00 UTC. It cannot be earlier now; see ClockFloor.</summary>
    public const uint Released = 1_795_824_000;

    /// <summary>UART of the service console.</summary>
    public const string ConsoleSerialPort = "COM3";
}

/// <summary>Which build this is: the first 16 hexadecimal digits of the SHA-256 over the SHA-256 of all its sources, written by Directory.Build.targets when the program is built.</summary>
public static partial class BuildId
{
    /// <summary>The digits; all 0 when the build did not write them.</summary>
    public static string Text
    {
        get
        {
            string text = "0000000000000000";
            Read(ref text);
            return text;
        }
    }

    static partial void Read(ref string text);
}
