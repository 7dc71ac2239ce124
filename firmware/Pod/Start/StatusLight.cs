namespace Firmware.Pod.Start;

/// <summary>What the pod's status LED shows.</summary>
public enum StatusPattern : byte
{
    /// <summary>On: the pod starts, or its program stands still.</summary>
    Starting = 0,

    /// <summary>One flash: the gateway is there.</summary>
    Connected = 1,

    /// <summary>Two flashes: no link to the gateway.</summary>
    NoLink = 2,

    /// <summary>Three flashes: safe mode.</summary>
    SafeMode = 3,

    /// <summary>Four flashes: STOP is pressed.</summary>
    Stopped = 4,
}

/// <summary>
/// The status LED's patterns: so many short flashes, then a pause, every <see cref="PeriodUs"/>. It shows the pod's own state and nothing of a patient.
/// </summary>
public static class StatusLight
{
    /// <summary>From one group of flashes to the next, µs.</summary>
    public const long PeriodUs = 2_000_000;

    /// <summary>Length of a flash and of the dark between two, µs.</summary>
    public const long FlashUs = 150_000;

    /// <summary>Whether the LED is lit.</summary>
    /// <param name="pattern">What it shows.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when it is.</returns>
    public static bool IsLit(StatusPattern pattern, long nowUs)
    {
        if (pattern == StatusPattern.Starting)
        {
            return true;
        }

        long slot = nowUs % PeriodUs / FlashUs;
        return slot < 2 * (int)pattern && (slot & 1) == 0;
    }

    /// <summary>When the LED changes next, at the latest.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>Monotonic µs.</returns>
    public static long NextUs(long nowUs)
    {
        long start = nowUs - (nowUs % PeriodUs);
        long next = start + ((((nowUs - start) / FlashUs) + 1) * FlashUs);
        return next < start + PeriodUs ? next : start + PeriodUs;
    }
}
