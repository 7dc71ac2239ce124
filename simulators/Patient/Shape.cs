using System;

namespace Simulators.Patient;

/// <summary>Curves made of + - * / alone, so that they have the same bits on every machine.</summary>
public static class Shape
{
    /// <summary>Largest argument of <see cref="Decay"/> that is told from infinity.</summary>
    public const double DecayEnd = 40;

    /// <summary>A smooth wave with period 1 between -1 and 1: two parabolas per period, within 6 % of a sine.</summary>
    /// <param name="periods">Time in periods.</param>
    /// <returns>The wave.</returns>
    public static double Wave(double periods)
    {
        double phase = periods - Math.Floor(periods);
        return phase < 0.5 ? 16 * phase * (0.5 - phase) : -16 * (phase - 0.5) * (1 - phase);
    }

    /// <summary>exp(-x) by halving the argument ten times and squaring back; relative error below 1e-8.</summary>
    /// <param name="x">Not below 0.</param>
    /// <returns>1 at 0, towards 0.</returns>
    public static double Decay(double x)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(x);
        if (x >= DecayEnd)
        {
            return 0;
        }

        const int Halvings = 10;
        double y = x / (1 << Halvings);
        double value = 1 - (y * (1 - (y / 2 * (1 - (y / 3 * (1 - (y / 4 * (1 - (y / 5)))))))));
        for (int i = 0; i < Halvings; i++)
        {
            value *= value;
        }

        return value;
    }
}
