using System;
using System.Collections.Generic;

namespace EdgeGateway.Core.Auscultation;

/// <summary>
/// Marks first and second sounds: dynamic programming over the envelope. A chain of alternating S1 and S2 collects the envelope where it stands and pays for intervals
/// that differ from the expected systole and diastole, so that a sound that is hardly heard is still marked where it must be and noise between sounds is not.
/// Several lengths of systole are tried; the best chain wins.
/// Source: after Schmidt et al., Physiol. Meas. 31 (2010) 513 (durations decide); the interval from S1 to S2 by rate after Weissler et al., Circulation 37 (1968) 149.
/// </summary>
internal static class HeartSoundMarks
{
    /// <summary>Shortest systole tried, s.</summary>
    public const double MinSystoleSeconds = 0.16;

    /// <summary>Longest systole tried, s.</summary>
    public const double MaxSystoleSeconds = 0.46;

    /// <summary>Longest share of the period that systole takes.</summary>
    public const double MaxSystoleShare = 0.60;

    /// <summary>Standard deviation of systole from beat to beat, s.</summary>
    public const double SystoleSpreadSeconds = 0.025;

    /// <summary>Standard deviation of diastole, share of the period.</summary>
    public const double DiastoleSpread = 0.10;

    /// <summary>Price of one standard deviation, in units of a full sound's height.</summary>
    public const double IntervalPrice = 0.12;

    /// <summary>Standard deviation of systole about what the rate lets expect, s, and its price per sound.</summary>
    public const double ExpectedSpreadSeconds = 0.05;

    /// <summary>Price of one standard deviation from the expected systole, per beat.</summary>
    public const double ExpectedPrice = 0.10;

    /// <summary>A sound begins where its envelope has this share of its top.</summary>
    public const double OnsetShare = 0.5;

    /// <summary>What each mark costs, in units of a full sound's height: a chain with marks where nothing is heard loses.</summary>
    public const double MarkPrice = 0.35;

    private const int FrameHz = HeartEnvelope.FrameHz;
    private const int ReachedSpreads = 3;
    private const int TopFrames = 4;
    private const int OnsetFrames = 12;

    /// <summary>Interval from S1 to S2 that a rate lets expect, s: ejection time 0.413 - 0.0017 s per beat a minute, and 0.03 s between S1 and its beginning.</summary>
    /// <param name="perMinute">Rate.</param>
    public static double ExpectedSystoleSeconds(double perMinute) => 0.443 - (0.0017 * perMinute);

    /// <summary>Marks sounds.</summary>
    /// <param name="gain">Height of the envelope in its surroundings, see <see cref="HeartEnvelope.Gain"/>.</param>
    /// <param name="periodSeconds">Time from beat to beat.</param>
    /// <param name="bestScore">What the marks collect, less what they cost, in full sounds; minus infinity when none can be laid.</param>
    public static List<HeartSound> Find(ReadOnlySpan<double> gain, double periodSeconds, out double bestScore)
    {
        double period = periodSeconds * FrameHz;
        double expected = ExpectedSystoleSeconds(60 / periodSeconds);
        double beats = gain.Length / period;
        int least = (int)Math.Round(MinSystoleSeconds * FrameHz);
        int most = (int)Math.Round(Math.Min(MaxSystoleSeconds, MaxSystoleShare * periodSeconds) * FrameHz);
        List<int> best = [];
        bool bestBeginsWithFirst = true;
        bestScore = double.NegativeInfinity;
        for (int systole = least; systole <= most; systole += 2)
        {
            double off = ((systole / (double)FrameHz) - expected) / ExpectedSpreadSeconds;
            double score = Chain(gain, systole, period - systole, DiastoleSpread * period, out List<int> chain, out bool beginsWithFirst) - (ExpectedPrice * off * off * beats);
            score -= MarkPrice * chain.Count;
            if (score > bestScore)
            {
                (bestScore, best, bestBeginsWithFirst) = (score, chain, beginsWithFirst);
            }
        }

        List<HeartSound> sounds = new(best.Count);
        for (int i = 0; i < best.Count; i++)
        {
            bool isFirst = (i % 2 == 0) == bestBeginsWithFirst;

            // Between neighbours the middle is the border, so that marks rise in time.
            int from = i > 0 ? ((best[i - 1] + best[i]) / 2) + 1 : 0;
            int to = i + 1 < best.Count ? (best[i] + best[i + 1]) / 2 : gain.Length - 1;
            sounds.Add(new HeartSound(Onset(gain, best[i], from, to) / FrameHz, isFirst ? HeartSoundKind.S1 : HeartSoundKind.S2));
        }

        return sounds;
    }

    private static double Chain(ReadOnlySpan<double> gain, double systole, double diastole, double diastoleSpread, out List<int> chain, out bool beginsWithFirst)
    {
        int count = gain.Length;
        int period = (int)Math.Round(systole + diastole);
        double systoleSpread = SystoleSpreadSeconds * FrameHz;

        // Index 2 t is S1 at frame t, 2 t + 1 is S2 there.
        double[] total = new double[2 * count];
        int[] from = new int[2 * count];
        for (int t = 0; t < count; t++)
        {
            Step(gain[t], t, 0, diastole, diastoleSpread, period, total, from);
            Step(gain[t], t, 1, systole, systoleSpread, period, total, from);
        }

        int end = -1;
        for (int i = 2 * Math.Max(0, count - period); i < 2 * count; i++)
        {
            end = end < 0 || total[i] > total[end] ? i : end;
        }

        chain = [];
        double score = end < 0 ? double.NegativeInfinity : total[end];
        beginsWithFirst = true;
        while (end >= 0)
        {
            chain.Add(end / 2);
            beginsWithFirst = end % 2 == 0;
            end = from[end];
        }

        chain.Reverse();
        return score;
    }

    // The best chain that ends with a sound of this kind (0 S1, 1 S2) at frame t.
    private static void Step(double height, int t, int kind, double interval, double spread, int period, double[] total, int[] from)
    {
        int nearest = Math.Max(1, (int)(interval - (ReachedSpreads * spread)));
        int farthest = (int)(interval + (ReachedSpreads * spread));
        double best = t < period ? 0 : double.NegativeInfinity;
        int before = -1;
        for (int lag = nearest; lag <= farthest && lag <= t; lag++)
        {
            double off = (lag - interval) / spread;
            int earlier = (2 * (t - lag)) + 1 - kind;
            double value = total[earlier] - (IntervalPrice * off * off);
            if (value > best)
            {
                best = value;
                before = earlier;
            }
        }

        total[(2 * t) + kind] = best + height;
        from[(2 * t) + kind] = before;
    }

    // Where the sound at a frame begins: its top nearby, and from there back to half of its height.
    private static double Onset(ReadOnlySpan<double> gain, int frame, int from, int to)
    {
        int top = frame;
        for (int i = Math.Max(from, frame - TopFrames); i <= Math.Min(to, frame + TopFrames); i++)
        {
            top = gain[i] > gain[top] ? i : top;
        }

        double half = OnsetShare * gain[top];
        int begin = top;
        while (begin > from && top - begin < OnsetFrames && gain[begin - 1] > half)
        {
            begin--;
        }

        return begin + 0.5;
    }
}
