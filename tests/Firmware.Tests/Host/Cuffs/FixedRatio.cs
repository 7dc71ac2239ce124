using System;
using System.Collections.Generic;
using System.Linq;
using Firmware.Signals.Oscillometry;

namespace Firmware.Tests.Host.Cuffs;

/// <summary>
/// The baseline: fixed ratios of single beats, as a textbook has them. The slow pressure is a mean over 1.5 s, the fast one over 70 ms; a beat is the span of what is left in 0.8 s; the largest one, of the median
/// of five, is the mean pressure; the first 3 s, the valve's, are left out; half of it above and three quarters of it below are systolic and diastolic pressure. Nothing is refused but what has no such places.
/// </summary>
internal static class FixedRatio
{
    private const int Slow = 75;
    private const int Beat = 80;

    public static CuffBench.Outcome Measure(double[] mmHg)
    {
        List<(double Pressure, double Height)> beats = [];
        double[] left = new double[mmHg.Length];
        double[] slow = new double[mmHg.Length];
        double sum = mmHg.Take((2 * Slow) + 1).Sum();
        for (int i = Slow; i + Slow + 1 < mmHg.Length; i++)
        {
            slow[i] = sum / ((2 * Slow) + 1);
            left[i] = mmHg[(i - 3)..(i + 4)].Average() - slow[i];
            sum += mmHg[i + Slow + 1] - mmHg[i - Slow];
        }

        for (int i = 4 * Slow; i + Beat + Slow < mmHg.Length && mmHg[i] > 30; i += Beat)
        {
            beats.Add((slow[i + (Beat / 2)], left[i..(i + Beat)].Max() - left[i..(i + Beat)].Min()));
        }

        double[] heights = [.. beats.Select((_, i) => beats.Skip(Math.Max(0, i - 2)).Take(5).Select(b => b.Height).Order().ElementAt(Math.Min(4, beats.Count - Math.Max(0, i - 2) - 1) / 2))];
        int most = Array.IndexOf(heights, heights.Max());
        int above = most;
        while (above >= 0 && heights[above] >= heights[most] * OscillometricAnalysis.SystolicPermille / 1000)
        {
            above--;
        }

        int below = most;
        while (below < heights.Length && heights[below] >= heights[most] * OscillometricAnalysis.DiastolicPermille / 1000)
        {
            below++;
        }

        return above < 0 || below == heights.Length
            ? new CuffBench.Outcome(OscillometryRefusal.EdgeMaximum, 0, 0, 0, 0)
            : new CuffBench.Outcome(OscillometryRefusal.None, beats[above].Pressure, beats[below].Pressure, 0, 0);
    }
}
