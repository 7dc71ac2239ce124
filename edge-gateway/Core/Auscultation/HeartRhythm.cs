using System;
using System.Collections.Generic;

namespace EdgeGateway.Core.Auscultation;

/// <summary>Period of the heart by the autocorrelation of the envelope. Source: Schmidt et al., Physiol. Meas. 31 (2010) 513, 2.3.</summary>
/// <param name="PeriodSeconds">Time from beat to beat, s; 0 when none was found.</param>
/// <param name="Height">Height of the autocorrelation there, 1 for a perfect repetition.</param>
internal readonly record struct HeartRhythm(double PeriodSeconds, double Height)
{
    /// <summary>Fastest rate looked for, 1/min.</summary>
    public const int FastestPerMinute = 200;

    /// <summary>First lag looked at, frames: a little shorter than the period of the fastest rate, so that a peak there has both its sides.</summary>
    public const int FirstLag = (HeartEnvelope.FrameHz * 60 / FastestPerMinute) - 2;

    /// <summary>Last lag looked at, frames.</summary>
    public const int LastLag = HeartEnvelope.FrameHz * 60 / SlowestPerMinute;

    /// <summary>Slowest rate looked for, 1/min.</summary>
    public const int SlowestPerMinute = 40;

    /// <summary>A peak with this share of the highest is a candidate; which it is, the marks decide.</summary>
    public const double CandidateShare = 0.5;

    /// <summary>How far from a period <see cref="Near"/> looks, share of it.</summary>
    public const double NearShare = 0.2;

    /// <summary>Rate, 1/min; 0 when none was found.</summary>
    public double PerMinute => PeriodSeconds > 0 ? 60 / PeriodSeconds : 0;

    /// <summary>Looks for periods: the peaks of the autocorrelation that come near the highest, shortest first.</summary>
    /// <param name="heights">Autocorrelation of an envelope at <see cref="HeartEnvelope.FrameHz"/>, to <see cref="LastLag"/> + 1 where it is long enough.</param>
    public static List<HeartRhythm> Candidates(double[] heights)
    {
        double highest = 0;
        for (int lag = FirstLag; lag < heights.Length - 1; lag++)
        {
            highest = IsPeak(heights, lag) ? Math.Max(highest, heights[lag]) : highest;
        }

        List<HeartRhythm> found = [];
        for (int lag = FirstLag; lag < heights.Length - 1 && highest > 0; lag++)
        {
            if (IsPeak(heights, lag) && heights[lag] >= CandidateShare * highest)
            {
                found.Add(Peak(heights, lag));
            }
        }

        return found;
    }

    /// <summary>The highest peak near a period, nothing when there is none.</summary>
    /// <param name="envelope">Envelope at <see cref="HeartEnvelope.FrameHz"/>.</param>
    /// <param name="periodSeconds">Where to look, within <see cref="NearShare"/> of it.</param>
    public static HeartRhythm Near(ReadOnlySpan<double> envelope, double periodSeconds) =>
        PeakNear(Autocorrelation(envelope, (int)(periodSeconds * (1 + NearShare) * HeartEnvelope.FrameHz) + 2), periodSeconds, NearShare);

    /// <summary>The highest peak of an autocorrelation near a period, nothing when there is none.</summary>
    /// <param name="heights">The autocorrelation.</param>
    /// <param name="periodSeconds">Where to look.</param>
    /// <param name="share">How far from it, share of it.</param>
    public static HeartRhythm PeakNear(double[] heights, double periodSeconds, double share)
    {
        int best = 0;
        int last = (int)(periodSeconds * (1 + share) * HeartEnvelope.FrameHz);
        for (int lag = Math.Max(FirstLag, (int)Math.Ceiling(periodSeconds * (1 - share) * HeartEnvelope.FrameHz)); lag <= last && lag < heights.Length - 1; lag++)
        {
            best = IsPeak(heights, lag) && (best == 0 || heights[lag] > heights[best]) ? lag : best;
        }

        return best == 0 ? default : Peak(heights, best);
    }

    /// <summary>Whether a lag is a peak.</summary>
    public static bool IsPeak(double[] heights, int lag) => heights[lag] >= heights[lag - 1] && heights[lag] > heights[lag + 1];

    /// <summary>Autocorrelation without its mean, 1 at lag 0, each lag over as many products as it has.</summary>
    public static double[] Autocorrelation(ReadOnlySpan<double> envelope, int lastLag)
    {
        double mean = 0;
        foreach (double value in envelope)
        {
            mean += value / envelope.Length;
        }

        double[] centred = new double[envelope.Length];
        double zero = 0;
        for (int i = 0; i < centred.Length; i++)
        {
            centred[i] = envelope[i] - mean;
            zero += centred[i] * centred[i];
        }

        double[] heights = new double[Math.Min(lastLag + 1, envelope.Length * 2 / 3)];
        for (int lag = 0; lag < heights.Length; lag++)
        {
            double sum = 0;
            for (int i = 0; i + lag < centred.Length; i++)
            {
                sum += centred[i] * centred[i + lag];
            }

            heights[lag] = zero == 0 ? 0 : sum / zero * centred.Length / (centred.Length - lag);
        }

        return heights;
    }

    // A parabola through three points finds the top between frames.
    private static HeartRhythm Peak(double[] heights, int lag)
    {
        double bend = heights[lag - 1] - (2 * heights[lag]) + heights[lag + 1];
        double shift = bend < 0 ? Math.Clamp((heights[lag - 1] - heights[lag + 1]) / (2 * bend), -0.5, 0.5) : 0;
        return new HeartRhythm((lag + shift) / HeartEnvelope.FrameHz, heights[lag]);
    }
}
