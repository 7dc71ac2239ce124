using System;
using System.Collections.Generic;
using System.Linq;
using Firmware.Protocol;
using Firmware.Signals.Optical;

namespace Simulators.Cart.Evaluation;

/// <summary>How received values are compared with reference values. Pure functions.</summary>
public static class PulseScore
{
    /// <summary>Length of a reference window, s.</summary>
    public const double WindowSeconds = 10;

    /// <summary>How late after a window's end a value may end and still be the window's, s.</summary>
    public const double LatestSeconds = 2;

    /// <summary>How far a beat may be from its reference, s.</summary>
    public const double BeatToleranceSeconds = 0.15;

    /// <summary>Longest lag from an R peak to its pulse, s.</summary>
    public const double MaxLagSeconds = 0.8;

    /// <summary>From one lag tried to the next, s.</summary>
    public const double LagStepSeconds = 0.008;

    /// <summary>The pulse rate that belongs to a window: the first value whose window ends at or after the reference window's end and at most 2 s later.</summary>
    /// <param name="received">What was received, by time.</param>
    /// <param name="window">The reference window.</param>
    /// <returns>Beats per minute, or null when there is none.</returns>
    public static double? PulseOf(ReceivedRecord received, ReferenceWindow window) => VitalOf(received, window)?.Value;

    /// <summary>The same with what came with it.</summary>
    /// <param name="received">What was received, by time.</param>
    /// <param name="window">The reference window.</param>
    /// <returns>The published value, or null when there is none.</returns>
    public static ReceivedVital? VitalOf(ReceivedRecord received, ReferenceWindow window)
    {
        double end = window.StartSeconds + WindowSeconds;
        foreach (ReceivedVital vital in received.Vitals)
        {
            if (vital.Mdc == MdcCodes.PulseRate && vital.Value is not null && vital.Seconds >= end && vital.Seconds <= end + LatestSeconds)
            {
                return vital;
            }
        }

        return null;
    }

    /// <summary>Errors of all windows that have a value.</summary>
    /// <param name="record">The reference.</param>
    /// <param name="received">What was received.</param>
    /// <returns>Absolute errors, beats per minute, in the order of windows.</returns>
    public static List<double> PulseErrors(ReferenceRecord record, ReceivedRecord received)
    {
        List<double> errors = [];
        foreach (ReferenceWindow window in record.Windows)
        {
            if (PulseOf(received, window) is double value)
            {
                errors.Add(Math.Abs(value - window.HeartRateBpm));
            }
        }

        return errors;
    }

    /// <summary>F1 of beats at the one lag that fits best, 0 to 0.8 s.</summary>
    /// <param name="reference">Reference beats, s, ascending.</param>
    /// <param name="found">Beats found, s, ascending.</param>
    /// <returns>0 to 1.</returns>
    public static double BeatF1(IReadOnlyList<double> reference, IReadOnlyList<double> found)
    {
        double best = 0;
        int steps = (int)Math.Round(MaxLagSeconds / LagStepSeconds);
        for (int step = 0; step <= steps; step++)
        {
            best = Math.Max(best, 2.0 * Matches(reference, found, step * LagStepSeconds) / Math.Max(1, reference.Count + found.Count));
        }

        return best;
    }

    /// <summary>The saturation and ratio of a recording: the medians of all values whose window lies wholly within it.</summary>
    /// <param name="record">The recording.</param>
    /// <param name="received">What was received.</param>
    /// <returns>SpO2 in % and R, or null when there is no value.</returns>
    public static (double Saturation, double Ratio)? SaturationOf(ReferenceRecord record, ReceivedRecord received)
    {
        List<ReceivedVital> values = SaturationsOf(record, received);
        return values.Count == 0 ? null : (Median(values.Select(v => v.Value!.Value)), Median(values.Select(v => v.Ratio!.Value)));
    }

    /// <summary>The saturations of a recording: all values whose window lies wholly within it.</summary>
    /// <param name="record">The recording.</param>
    /// <param name="received">What was received.</param>
    /// <returns>The values, each with its R.</returns>
    public static List<ReceivedVital> SaturationsOf(ReferenceRecord record, ReceivedRecord received) => received.Vitals
        .Where(v => v.Mdc == MdcCodes.OxygenSaturation && v.Value is not null && v.Ratio is not null
            && v.Seconds - v.WindowSeconds >= 0 && v.Seconds <= record.PlayUs / 1e6)
        .ToList();

    /// <summary>
    /// The reason that was stated most often for a quantity; of equals the first by name. That the first value needs its time is no reason, unless
    /// nothing else was said and no value came.
    /// </summary>
    /// <param name="received">What was received.</param>
    /// <param name="mdc">The quantity.</param>
    /// <returns>The reason, or null when none was.</returns>
    public static string? CommonReason(ReceivedRecord received, uint mdc) => received.Vitals
        .Where(v => v.Mdc == mdc && v.Absent is not null && v.Seconds >= 0)
        .Where(v => v.Absent is not "notSettled" || received.Vitals.All(o => o.Mdc != mdc || o.Absent is "notSettled"))
        .GroupBy(v => v.Absent!, StringComparer.Ordinal)
        .OrderByDescending(g => g.Count())
        .ThenBy(g => g.Key, StringComparer.Ordinal)
        .Select(g => g.Key)
        .FirstOrDefault();

    /// <summary>The quadratic that fits best, by least squares.</summary>
    /// <param name="pairs">R and SpO2 in %, at least 3 different R.</param>
    /// <returns>The curve.</returns>
    public static SaturationCurve Fit(IReadOnlyList<(double Ratio, double Saturation)> pairs)
    {
        double[] power = new double[5];
        double[] right = new double[3];
        foreach ((double ratio, double saturation) in pairs)
        {
            double x = 1;
            for (int i = 0; i < 5; i++)
            {
                power[i] += x;
                if (i < 3)
                {
                    right[i] += x * saturation;
                }

                x *= ratio;
            }
        }

        // Cramer's rule on the three normal equations.
        double determinant = Determinant(power[0], power[1], power[2], power[1], power[2], power[3], power[2], power[3], power[4]);
        if (pairs.Count < 3 || Math.Abs(determinant) < 1e-12)
        {
            throw new ArgumentException("A quadratic needs at least three different ratios.", nameof(pairs));
        }

        double c = Determinant(right[0], power[1], power[2], right[1], power[2], power[3], right[2], power[3], power[4]) / determinant;
        double b = Determinant(power[0], right[0], power[2], power[1], right[1], power[3], power[2], right[2], power[4]) / determinant;
        double a = Determinant(power[0], power[1], right[0], power[1], power[2], right[1], power[2], power[3], right[2]) / determinant;
        return new SaturationCurve(Scaled(a), Scaled(b), Scaled(c));
    }

    /// <summary>The middle value, or the mean of the two middle ones.</summary>
    /// <param name="values">At least one.</param>
    /// <returns>The median.</returns>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = values.Order().ToArray();
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>Root mean square.</summary>
    /// <param name="errors">At least one.</param>
    /// <returns>Its unit is that of the errors.</returns>
    public static double Arms(IReadOnlyList<double> errors) => Math.Sqrt(errors.Sum(e => e * e) / errors.Count);

    private static int Matches(IReadOnlyList<double> reference, IReadOnlyList<double> found, double lag)
    {
        int matches = 0;
        int r = 0;
        int f = 0;
        while (r < reference.Count && f < found.Count)
        {
            double difference = found[f] - reference[r] - lag;
            if (Math.Abs(difference) <= BeatToleranceSeconds)
            {
                matches++;
                r++;
                f++;
            }
            else if (difference < 0)
            {
                f++;
            }
            else
            {
                r++;
            }
        }

        return matches;
    }

    private static long Scaled(double coefficient) => (long)Math.Round(coefficient * 1e7);

    private static double Determinant(double a, double b, double c, double d, double e, double f, double g, double h, double i) =>
        (a * ((e * i) - (f * h))) - (b * ((d * i) - (f * g))) + (c * ((d * h) - (e * g)));
}
