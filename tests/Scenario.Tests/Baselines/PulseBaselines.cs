using System;
using System.Collections.Generic;
using System.Linq;
using Simulators.Cart.Evaluation;
using Simulators.Cart.World;
using Simulators.Patient;

namespace Scenario.Tests.Baselines;

/// <summary>Public ways to a pulse rate and a ratio of ratios, in floating point on the light itself; what they say stands beside ours.</summary>
internal static class PulseBaselines
{
    /// <summary>Samples per second of the light as the baselines take it.</summary>
    public const int RateHz = 100;

    /// <summary>Largest difference of two methods that agree, 1/min.</summary>
    public const double AgreementPerMinute = 5;

    private const double LowHz = 0.5;
    private const double HighHz = 8;

    // 200 and 30 per minute.
    private const double MinPeriodSeconds = 0.3;
    private const double MaxPeriodSeconds = 2;

    // Of peaks of nearly one height the first is the period; the later ones are its multiples. Assumption.
    private const double NearlyHighest = 0.9;

    /// <summary>Both lights of a recording with all that was put over it, from its begin to its end, forward and backward in turn where it is played so.</summary>
    /// <param name="record">The recording.</param>
    /// <returns>Red and infrared at <see cref="RateHz"/>.</returns>
    public static (double[] Red, double[] Infrared) Light(ReferenceRecord record)
    {
        record.Light.StartUs = PlayedRecording.BeginsUs;
        IPatientLight light = record.IsBackAndForth ? new BackAndForth(record.Light) : record.Light;
        light = record.Overlays.Aggregate(light, (under, overlay) => overlay(under));
        int count = (int)(record.PlayUs * RateHz / 1_000_000);
        double[] red = new double[count];
        double[] infrared = new double[count];
        for (int i = 0; i < count; i++)
        {
            OpticalSample sample = light.At(PlayedRecording.BeginsUs + (i * (1_000_000L / RateHz)));
            (red[i], infrared[i]) = (sample.RedCounts, sample.InfraredCounts);
        }

        return (red, infrared);
    }

    /// <summary>Blood volume within the pulse's band: light falls as volume rises.</summary>
    /// <param name="light">One light at <see cref="RateHz"/>.</param>
    /// <returns>As many samples.</returns>
    public static double[] Volume(double[] light) => Filters.BandPass([.. light.Select(v => -v)], RateHz, LowHz, HighHz);

    /// <summary>
    /// Beats by two moving averages. Source: M. Elgendi and others, "Systolic peak detection in acceleration photoplethysmograms measured from emergency responders in tropical conditions",
    /// PLoS ONE 8(10) e76585, 2013: 111 ms, 667 ms, offset 0.02.
    /// </summary>
    /// <param name="volume">Volume within the pulse's band.</param>
    /// <returns>Times of the systolic peaks, s.</returns>
    public static List<double> ElgendiBeats(double[] volume)
    {
        const double PeakSeconds = 0.111;
        const double BeatSeconds = 0.667;
        const double Offset = 0.02;
        double[] squared = [.. volume.Select(v => v > 0 ? v * v : 0)];
        double[] peak = Filters.MovingMean(squared, (int)Math.Round(PeakSeconds * RateHz));
        double[] beat = Filters.MovingMean(squared, (int)Math.Round(BeatSeconds * RateHz));
        double offset = Offset * squared.Average();
        List<double> beats = [];
        for (int i = 0; i < squared.Length; i++)
        {
            int from = i;
            while (i < squared.Length && peak[i] > beat[i] + offset)
            {
                i++;
            }

            if (i - from >= PeakSeconds * RateHz)
            {
                beats.Add(Enumerable.Range(from, i - from).MaxBy(k => volume[k]) / (double)RateHz);
            }
        }

        return beats;
    }

    /// <summary>Rate of beats within a window.</summary>
    /// <param name="beats">Times of beats, s, ascending.</param>
    /// <param name="window">The window.</param>
    /// <returns>60 s over the median of the intervals; null with fewer than three beats.</returns>
    public static double? BeatRate(IReadOnlyList<double> beats, ReferenceWindow window)
    {
        List<double> own = [.. beats.Where(b => b >= window.StartSeconds && b < window.StartSeconds + PulseScore.WindowSeconds)];
        return own.Count < 3 ? null : 60 / PulseScore.Median(own.Zip(own.Skip(1), (a, b) => b - a));
    }

    /// <summary>Rate by the autocorrelation of a stretch.</summary>
    /// <param name="values">The stretch, without its slow parts.</param>
    /// <param name="rateHz">Its rate.</param>
    /// <param name="minSeconds">Shortest period.</param>
    /// <param name="maxSeconds">Longest period.</param>
    /// <returns>The rate, 1/min; null where nothing repeats itself.</returns>
    public static double? AutocorrelationRate(ReadOnlySpan<double> values, double rateHz, double minSeconds = MinPeriodSeconds, double maxSeconds = MaxPeriodSeconds)
    {
        int min = (int)(minSeconds * rateHz);
        int max = Math.Min((int)(maxSeconds * rateHz) + 1, values.Length / 2);
        double[] heights = new double[max + 2];
        for (int lag = min - 1; lag <= max + 1; lag++)
        {
            double product = 0;
            double first = 0;
            double second = 0;
            for (int i = lag; i < values.Length; i++)
            {
                product += values[i] * values[i - lag];
                first += values[i] * values[i];
                second += values[i - lag] * values[i - lag];
            }

            heights[lag] = first * second == 0 ? 0 : product / Math.Sqrt(first * second);
        }

        List<int> peaks = [.. Enumerable.Range(min, max - min + 1).Where(lag => heights[lag] > 0 && heights[lag] >= heights[lag - 1] && heights[lag] > heights[lag + 1])];
        if (peaks.Count == 0)
        {
            return null;
        }

        double highest = peaks.Max(lag => heights[lag]);
        int found = peaks.First(lag => heights[lag] >= NearlyHighest * highest);
        double curve = heights[found - 1] - (2 * heights[found]) + heights[found + 1];
        double shift = curve == 0 ? 0 : (heights[found - 1] - heights[found + 1]) / (2 * curve);
        return 60 * rateHz / (found + shift);
    }

    /// <summary>Rate of a window by autocorrelation.</summary>
    /// <param name="volume">Volume within the pulse's band.</param>
    /// <param name="window">The window.</param>
    /// <returns>The rate, 1/min, or null.</returns>
    public static double? AutocorrelationRate(double[] volume, ReferenceWindow window)
    {
        int from = Math.Clamp((int)Math.Round(window.StartSeconds * RateHz), 0, volume.Length);
        int to = Math.Min(volume.Length, from + (int)(PulseScore.WindowSeconds * RateHz));
        return to - from < 4 * MaxPeriodSeconds * RateHz ? null : AutocorrelationRate(volume.AsSpan(from, to - from), RateHz);
    }

    /// <summary>Beats kept where the autocorrelation of the same window agrees.</summary>
    /// <param name="beats">Rate by beats.</param>
    /// <param name="autocorrelation">Rate by autocorrelation.</param>
    /// <returns>The rate by beats, or null.</returns>
    public static double? Agreed(double? beats, double? autocorrelation) =>
        beats is { } a && autocorrelation is { } b && Math.Abs(a - b) <= AgreementPerMinute ? a : null;

    /// <summary>Ratio of ratios by the root mean square of each light's pulsation over its mean.</summary>
    /// <param name="red">Red.</param>
    /// <param name="infrared">Infrared.</param>
    /// <returns>R.</returns>
    public static double RmsRatio(double[] red, double[] infrared) => Pulsation(red) / Pulsation(infrared);

    /// <summary>The default curve. Source: Maxim's MAX30102 reference code, as the product has it.</summary>
    /// <param name="ratio">R.</param>
    /// <returns>SpO2, %.</returns>
    public static double DefaultSaturation(double ratio) => (1.5958422 * ratio * ratio) - (34.6596622 * ratio) + 112.6898759;

    private static double Pulsation(double[] light) => Math.Sqrt(Volume(light).Average(v => v * v)) / light.Average();
}
