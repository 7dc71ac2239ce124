using System;
using System.Collections.Generic;
using System.Linq;
using Simulators.Cart.Evaluation;

namespace Scenario.Tests.Baselines;

/// <summary>
/// Blood pressure by fixed ratios of the oscillations' height, in floating point. Source of the ratios: L. A. Geddes and others, "Characterization of the oscillometric method for measuring
/// indirect blood pressure", Annals of Biomedical Engineering 10, 1982: 0.55 and 0.82 of the greatest height.
/// </summary>
internal static class CuffBaseline
{
    public const double SystolicRatio = 0.55;
    public const double DiastolicRatio = 0.82;

    private const double LowHz = 0.5;
    private const double HighHz = 8;

    // A window that holds a whole beat down to 50 per minute, and as long again to smooth. Assumption.
    private const double WindowSeconds = 1.2;

    // Where a deflation ends: below any diastole that is looked for, or where the rest of the air is let out. Assumptions.
    private const double EndMmHg = 40;
    private const double LetOutMmHgPerSecond = 30;

    // What the filters make of the deflation's ends. Assumption.
    private const double EdgeSeconds = 2;

    /// <summary>Systolic and diastolic pressure of a deflation.</summary>
    /// <param name="record">The recording.</param>
    /// <returns>The pressures, mmHg; null where the height does not fall to the ratios on both sides.</returns>
    public static (double Systolic, double Diastolic)? Pressures(CuffRecord record)
    {
        double rateHz = 1e9 / record.PeriodNs;
        double[] pressure = Deflation(record, (int)rateHz);
        double[] oscillation = Filters.BandPass(pressure, rateHz, LowHz, HighHz);
        double[] cuff = Filters.LowPass(pressure, rateHz, LowHz);
        double[] height = Filters.MovingMean(Heights(oscillation, (int)(WindowSeconds * rateHz)), (int)(WindowSeconds * rateHz));
        int edge = (int)(EdgeSeconds * rateHz);
        if (pressure.Length <= 3 * edge)
        {
            return null;
        }

        int top = Enumerable.Range(edge, pressure.Length - (2 * edge)).MaxBy(i => height[i]);
        int systolic = top;
        while (systolic > edge && height[systolic] > SystolicRatio * height[top])
        {
            systolic--;
        }

        int diastolic = top;
        while (diastolic < pressure.Length - edge && height[diastolic] > DiastolicRatio * height[top])
        {
            diastolic++;
        }

        return systolic == edge || diastolic == pressure.Length - edge ? null : (cuff[systolic], cuff[diastolic]);
    }

    private static double[] Deflation(CuffRecord record, int second)
    {
        double[] pressure = [.. record.MicroMmHg.Skip(record.BeginIndex).Select(p => p / 1e6)];
        int end = 0;
        while (end < pressure.Length && pressure[end] >= EndMmHg && (end + second >= pressure.Length || pressure[end] - pressure[end + second] <= LetOutMmHgPerSecond))
        {
            end++;
        }

        return pressure[..end];
    }

    // Highest less lowest of a window around each sample.
    private static double[] Heights(double[] values, int window)
    {
        double[] Extremes(Func<double, double, bool> isBetter)
        {
            double[] found = new double[values.Length];
            LinkedList<int> candidates = new();
            for (int i = 0; i < values.Length + (window / 2); i++)
            {
                if (i < values.Length)
                {
                    while (candidates.Last is { } last && !isBetter(values[last.Value], values[i]))
                    {
                        candidates.RemoveLast();
                    }

                    candidates.AddLast(i);
                }

                if (candidates.First!.Value <= i - window)
                {
                    candidates.RemoveFirst();
                }

                if (i >= window / 2)
                {
                    found[i - (window / 2)] = values[candidates.First!.Value];
                }
            }

            return found;
        }

        return [.. Extremes((a, b) => a > b).Zip(Extremes((a, b) => a < b), (high, low) => high - low)];
    }
}
