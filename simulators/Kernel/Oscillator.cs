using System;

namespace Simulators.Kernel;

/// <summary>
/// A device's own clock: it starts at a moment of true time with an offset and runs too fast or too slow by a constant number of parts
/// per billion. Crystals of ESP32 boards and of a Raspberry Pi are specified within ±10 to ±40 ppm (±10,000 to ±40,000 ppb).
/// </summary>
public sealed class Oscillator
{
    /// <summary>Largest drift either way, ppb (1,000 ppm).</summary>
    public const int MaxDriftPpb = 1_000_000;

    /// <summary>Longest run, µs of true time (100 days), so that no product of a time and a drift overflows.</summary>
    public const long MaxElapsedUs = 100L * 24 * 3600 * 1_000_000;

    private const long Billion = 1_000_000_000;
    private readonly long _startUs;
    private readonly long _offsetUs;

    /// <summary>Makes a clock.</summary>
    /// <param name="startUs">True time at which it starts, µs.</param>
    /// <param name="driftPpb">How much too fast, parts per billion, within ±<see cref="MaxDriftPpb"/>.</param>
    /// <param name="offsetUs">What it shows at the start, µs, not below 0.</param>
    public Oscillator(long startUs, int driftPpb, long offsetUs = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(startUs);
        ArgumentOutOfRangeException.ThrowIfNegative(offsetUs);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(driftPpb, MaxDriftPpb);
        ArgumentOutOfRangeException.ThrowIfLessThan(driftPpb, -MaxDriftPpb);
        _startUs = startUs;
        _offsetUs = offsetUs;
        DriftPpb = driftPpb;
    }

    /// <summary>How much too fast, parts per billion.</summary>
    public int DriftPpb { get; }

    /// <summary>What the clock shows.</summary>
    /// <param name="worldUs">True time, µs, from the start on.</param>
    /// <returns>The device's own time, µs.</returns>
    public long LocalUs(long worldUs)
    {
        long elapsedUs = worldUs - _startUs;
        ArgumentOutOfRangeException.ThrowIfNegative(elapsedUs, nameof(worldUs));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elapsedUs, MaxElapsedUs, nameof(worldUs));
        return _offsetUs + elapsedUs + FloorDivide(elapsedUs * DriftPpb, Billion);
    }

    /// <summary>The first true time at which the clock shows at least a value.</summary>
    /// <param name="localUs">The device's own time, µs.</param>
    /// <returns>True time, µs; the start for a value from before it.</returns>
    public long WorldUs(long localUs)
    {
        long targetUs = localUs - _offsetUs;
        if (targetUs <= 0)
        {
            return _startUs;
        }

        // The quotient is within a few µs of the answer; the loops make it exact, so that both ways always agree.
        targetUs = Math.Min(targetUs, MaxElapsedUs - (MaxElapsedUs / 500));
        long elapsedUs = targetUs - FloorDivide(targetUs * DriftPpb, Billion + DriftPpb);
        while (elapsedUs > 0 && LocalUs(_startUs + elapsedUs - 1) - _offsetUs >= targetUs)
        {
            elapsedUs--;
        }

        while (LocalUs(_startUs + elapsedUs) - _offsetUs < targetUs)
        {
            elapsedUs++;
        }

        return _startUs + elapsedUs;
    }

    private static long FloorDivide(long value, long divisor)
    {
        long quotient = value / divisor;
        return value % divisor < 0 ? quotient - 1 : quotient;
    }
}
