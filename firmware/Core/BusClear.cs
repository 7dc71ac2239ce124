namespace Firmware.Core;

/// <summary>
/// Frees an I2C bus whose data line is held by a target that lost count of the clock. Source: NXP UM10204 rev. 7, 3.1.16 (bus clear). No waiting is needed between the edges: one managed call
/// takes longer than half a period at 100 kHz.
/// </summary>
public static class BusClear
{
    /// <summary>Most clock pulses: the rest of a byte and its acknowledgement.</summary>
    public const int MaxPulses = 9;

    /// <summary>Clocks until SDA is released, then sends a STOP.</summary>
    /// <param name="lines">The lines, driven by nobody else.</param>
    /// <returns>True when both lines are high afterwards. A clock that is held low cannot be freed from here.</returns>
    public static bool Run(IBusLines lines)
    {
        lines.SetData(true);
        lines.SetClock(true);
        if (!lines.IsClockHigh)
        {
            return false;
        }

        for (int i = 0; i < MaxPulses && !lines.IsDataHigh; i++)
        {
            lines.SetClock(false);
            lines.SetClock(true);
        }

        // STOP: SDA rises while SCL is high.
        lines.SetClock(false);
        lines.SetData(false);
        lines.SetClock(true);
        lines.SetData(true);
        return lines.IsDataHigh && lines.IsClockHigh;
    }
}
