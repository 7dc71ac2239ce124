using System;
using System.Collections.Generic;

namespace EdgeGateway.Core.Auscultation;

/// <summary>Beat by beat intervals of marks: whether cycles agree, and how sure their mean is.</summary>
internal static class HeartCycles
{
    /// <summary>Cycles that a short clip must hold.</summary>
    public const int MinCycles = 3;

    /// <summary>How far each cycle may be from the mean, share of it. Source: sinus rhythm at rest varies by less than 10 % over a few beats.</summary>
    public const double MaxSpread = 0.10;

    /// <summary>A first sound is heard when its envelope has this share of a full sound's height.</summary>
    public const double MinHeight = 0.35;

    /// <summary>Largest uncertainty with which a short clip gives a rate, 1/min.</summary>
    public const double MaxUncertaintyPerMinute = 10;

    private const int TopFrames = 12;

    // Student's t, 95 % two-sided, by degrees of freedom from 1.
    private static readonly double[] StudentT = [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13];

    /// <summary>Whether three cycles or more were heard, each near their mean.</summary>
    /// <param name="gain">Height of the envelope in its surroundings.</param>
    /// <param name="sounds">Marks.</param>
    public static bool Agree(ReadOnlySpan<double> gain, IReadOnlyList<HeartSound> sounds)
    {
        List<double> cycles = Cycles(sounds);
        double mean = Mean(cycles);
        foreach (double cycle in cycles)
        {
            if (Math.Abs(cycle - mean) > MaxSpread * mean)
            {
                return false;
            }
        }

        foreach (HeartSound sound in sounds)
        {
            double top = 0;
            int begin = (int)(sound.Seconds * HeartEnvelope.FrameHz);
            for (int i = begin; i < Math.Min(gain.Length, begin + TopFrames); i++)
            {
                top = Math.Max(top, gain[i]);
            }

            if (sound.Kind == HeartSoundKind.S1 && top < MinHeight)
            {
                return false;
            }
        }

        return cycles.Count >= MinCycles;
    }

    /// <summary>Half of the 95 % confidence interval of a rate: that of the mean cycle, and how far the rate is from it.</summary>
    /// <param name="sounds">Marks.</param>
    /// <param name="perMinute">The rate.</param>
    /// <returns>1/min; null with fewer than two cycles.</returns>
    public static double? RateUncertaintyPerMinute(IReadOnlyList<HeartSound> sounds, double perMinute)
    {
        List<double> cycles = Cycles(sounds);
        if (cycles.Count < 2)
        {
            return null;
        }

        double mean = Mean(cycles);
        double squares = 0;
        foreach (double cycle in cycles)
        {
            squares += (cycle - mean) * (cycle - mean);
        }

        double error = Math.Sqrt(squares / (cycles.Count - 1) / cycles.Count);
        return (perMinute * StudentT[Math.Min(cycles.Count - 1, StudentT.Length) - 1] * error / mean) + Math.Abs((60 / mean) - perMinute);
    }

    // From first sound to first sound.
    private static List<double> Cycles(IReadOnlyList<HeartSound> sounds)
    {
        List<double> cycles = [];
        double before = double.NaN;
        foreach (HeartSound sound in sounds)
        {
            if (sound.Kind == HeartSoundKind.S1)
            {
                if (!double.IsNaN(before))
                {
                    cycles.Add(sound.Seconds - before);
                }

                before = sound.Seconds;
            }
        }

        return cycles;
    }

    private static double Mean(List<double> values)
    {
        double sum = 0;
        foreach (double value in values)
        {
            sum += value;
        }

        return values.Count == 0 ? 0 : sum / values.Count;
    }
}
