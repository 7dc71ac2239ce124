using System;
using nanoFramework.Networking;
using nanoFramework.Runtime.Native;

namespace Firmware.Esp32;

/// <summary>The board's wall clock, in s since 1970-01-01 UTC. It serves TLS only: readings are stamped by the gateway's exchange of clocks.</summary>
public static class EspUtcClock
{
    private const long TicksPerSecond = 10_000_000;

    private static readonly DateTime Epoch = new DateTime(1970, 1, 1);

    /// <summary>What it says; 0 before 1970.</summary>
    public static uint Now => Seconds(DateTime.UtcNow);

    /// <summary>A time in s since 1970; 0 before.</summary>
    /// <param name="time">UTC.</param>
    /// <returns>s.</returns>
    public static uint Seconds(DateTime time)
    {
        long ticks = time.Ticks - Epoch.Ticks;
        return ticks <= 0 ? 0 : (uint)(ticks / TicksPerSecond);
    }

    /// <summary>Sets it.</summary>
    /// <param name="utc">s since 1970.</param>
    public static void Set(uint utc) => Rtc.SetSystemTime(new DateTime(Epoch.Ticks + (utc * TicksPerSecond)));

    /// <summary>Asks a time server, hourly, from now on.</summary>
    /// <param name="server">Its name; empty for none.</param>
    public static void Synchronise(string server)
    {
        if (server.Length > 0)
        {
            Sntp.Server1 = server;
            Sntp.Start();
        }
    }
}
