using System;

namespace Scenario.Tests.Baselines;

/// <summary>Second-order sections in floating point, forward and backward, for the baselines alone: nothing of them is in the product.</summary>
internal static class Filters
{
    private const double Butterworth = 0.70710678118654752;

    /// <summary>A band pass without delay: second-order Butterworth high pass and low pass, each forward and backward.</summary>
    /// <param name="values">Samples.</param>
    /// <param name="rateHz">Their rate.</param>
    /// <param name="lowHz">Lower corner (-6 dB).</param>
    /// <param name="highHz">Upper corner (-6 dB).</param>
    /// <returns>As many samples.</returns>
    public static double[] BandPass(double[] values, double rateHz, double lowHz, double highHz) =>
        TwoWay(TwoWay(values, rateHz, lowHz, isHigh: true), rateHz, highHz, isHigh: false);

    /// <summary>A low pass without delay.</summary>
    /// <param name="values">Samples.</param>
    /// <param name="rateHz">Their rate.</param>
    /// <param name="hz">Corner (-6 dB).</param>
    /// <returns>As many samples.</returns>
    public static double[] LowPass(double[] values, double rateHz, double hz) => TwoWay(values, rateHz, hz, isHigh: false);

    /// <summary>Mean over a window around each sample, shorter at the ends.</summary>
    /// <param name="values">Samples.</param>
    /// <param name="window">Length of the window, samples.</param>
    /// <returns>As many means.</returns>
    public static double[] MovingMean(double[] values, int window)
    {
        double[] sums = new double[values.Length + 1];
        for (int i = 0; i < values.Length; i++)
        {
            sums[i + 1] = sums[i] + values[i];
        }

        double[] means = new double[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            int from = Math.Max(0, i - (window / 2));
            int to = Math.Min(values.Length, from + window);
            means[i] = (sums[to] - sums[from]) / (to - from);
        }

        return means;
    }

    // Source of the coefficients: R. Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients".
    private static double[] TwoWay(double[] values, double rateHz, double hz, bool isHigh)
    {
        double w = 2 * Math.PI * hz / rateHz;
        double alpha = Math.Sin(w) / (2 * Butterworth);
        double cos = Math.Cos(w);
        double a0 = 1 + alpha;
        double b1 = (isHigh ? -(1 + cos) : 1 - cos) / a0;
        double b0 = (isHigh ? 1 + cos : 1 - cos) / 2 / a0;
        double a1 = -2 * cos / a0;
        double a2 = (1 - alpha) / a0;

        // The first value stands before the first and the last behind the last, long enough to settle.
        int pad = (int)Math.Min(10 * rateHz, 3 * rateHz / hz);
        double[] work = new double[values.Length + (2 * pad)];
        for (int i = 0; i < work.Length; i++)
        {
            work[i] = values[Math.Clamp(i - pad, 0, values.Length - 1)];
        }

        for (int pass = 0; pass < 2; pass++)
        {
            double gain = isHigh ? 0 : 1;
            double x1 = work[0];
            double x2 = work[0];
            double y1 = gain * work[0];
            double y2 = gain * work[0];
            for (int i = 0; i < work.Length; i++)
            {
                double x = work[i];
                double y = (b0 * x) + (b1 * x1) + (b0 * x2) - (a1 * y1) - (a2 * y2);
                (x2, x1, y2, y1) = (x1, x, y1, y);
                work[i] = y;
            }

            Array.Reverse(work);
        }

        return work[pad..(pad + values.Length)];
    }
}
