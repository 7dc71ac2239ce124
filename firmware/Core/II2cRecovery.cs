namespace Firmware.Core;

/// <summary>What a bus adapter offers beside <see cref="II2cPort"/> when it can free a bus that a target holds low.</summary>
public interface II2cRecovery
{
    /// <summary>
    /// Clocks up to nine pulses on SCL until SDA is released, then sends STOP.
    /// Source: NXP UM10204 rev. 7, 3.1.16 (bus clear).
    /// </summary>
    /// <returns>True when both lines are high afterwards.</returns>
    bool TryFree();
}
