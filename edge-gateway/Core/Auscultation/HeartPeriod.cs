using System;
using System.Collections.Generic;

namespace EdgeGateway.Core.Auscultation;

/// <summary>
/// Which of several periods that fit is the heart's, and whether more than one fits. A period's half, double and systole collect almost as much of an envelope as itself does,
/// so three things are asked of the period whose marks collect the most: that no shorter one explains the same (a heart whose second sound is faint gives alternate marks that are alike),
/// that no other period repeats better, and that the plain envelope, which is not measured against its surroundings, repeats there too.
/// </summary>
internal static class HeartPeriod
{
    /// <summary>A half or a third of a period is asked about when the autocorrelation has this share of the period's height there. A second sound as loud as the first gives 0.5.</summary>
    public const double SubmultipleShare = 0.7;

    /// <summary>How far a peak may be from a half, a third or a multiple of a period to be called so, share of it.</summary>
    public const double MultipleTolerance = 0.08;

    /// <summary>Another period that repeats better than this many times the chosen one is a second answer.</summary>
    public const double DissentRatio = 0.9;

    /// <summary>The double of the period repeats so much better only when beats come in unlike pairs.</summary>
    public const double PairRatio = 1.3;

    /// <summary>Distance from the middle of a period, s, at which two peaks of the autocorrelation no longer melt into one there: the width of a sound's envelope.</summary>
    public const double ApartSeconds = 0.07;

    /// <summary>A peak at half the period of this share of its height asks for sounds in the middle.</summary>
    public const double ApartShare = 0.5;

    /// <summary>Farthest systole from what its rate lets expect, standard deviations.</summary>
    public const double MaxSystoleErrors = 2;

    private const int MaxSteps = 3;

    /// <summary>Finds it.</summary>
    /// <param name="envelope">The envelope.</param>
    /// <param name="isDoubtful">True when another period fits as well.</param>
    /// <returns>The period and the marks on it; nothing when none was found.</returns>
    public static (HeartRhythm Rhythm, List<HeartSound> Sounds) Of(HeartEnvelope envelope, out bool isDoubtful)
    {
        double[] heights = HeartRhythm.Autocorrelation(envelope.Gain, HeartRhythm.LastLag + 1);
        (HeartRhythm best, List<HeartSound> sounds) = Best(envelope.Gain, heights);
        isDoubtful = false;
        for (int step = 0; step < MaxSteps && best.PeriodSeconds > 0 && !isDoubtful; step++)
        {
            HeartRhythm shorter = Shorter(heights, best, out bool isThird);
            if (shorter.PeriodSeconds == 0)
            {
                break;
            }

            List<HeartSound> marks = HeartSoundMarks.Find(envelope.Gain, shorter.PeriodSeconds, out _);
            Alternation alternation = isThird ? Alternation.Alike : HeartAlternation.Of(envelope, sounds);
            if (alternation == Alternation.Unlike)
            {
                break;
            }

            isDoubtful = alternation == Alternation.Unclear;
            (best, sounds) = isDoubtful ? (best, sounds) : (shorter, marks);
        }

        isDoubtful |= best.PeriodSeconds > 0 && (IsSystole(envelope, best, sounds) || IsUnexplained(heights, best, sounds) || IsContradicted(heights, best.PeriodSeconds)
            || IsContradicted(HeartRhythm.Autocorrelation(envelope.Strength, HeartRhythm.LastLag + 1), best.PeriodSeconds));
        return (best, sounds);
    }

    /// <summary>Whether another period than this one and its multiples repeats clearly better.</summary>
    /// <param name="heights">Autocorrelation.</param>
    /// <param name="periodSeconds">The period.</param>
    public static bool IsContradicted(double[] heights, double periodSeconds)
    {
        double own = HeartRhythm.PeakNear(heights, periodSeconds, MultipleTolerance).Height;
        for (int lag = HeartRhythm.FirstLag; lag < heights.Length - 1; lag++)
        {
            if (HeartRhythm.IsPeak(heights, lag))
            {
                double ratio = lag / (periodSeconds * HeartEnvelope.FrameHz);
                bool isMultiple = ratio > 1 - MultipleTolerance && Math.Abs(ratio - Math.Round(ratio)) <= MultipleTolerance * Math.Round(ratio);
                if (heights[lag] > own * (isMultiple ? PairRatio : DissentRatio))
                {
                    return true;
                }
            }
        }

        return false;
    }

    // A period as short as a systole may be, at half the rate, is one unless its first sounds are all alike and each has its second.
    private static bool IsSystole(HeartEnvelope envelope, HeartRhythm period, List<HeartSound> sounds) =>
        HeartAlternation.IsExpected(2 * period.PeriodSeconds)
        && (HeartAlternation.Of(envelope, HeartAlternation.FirstSounds(sounds)) != Alternation.Alike || !HeartAlternation.HasSecond(envelope.Gain, sounds));

    // Sounds that lie apart from the middle do not repeat at half the period, and no systole is so far from what its rate lets expect.
    private static bool IsUnexplained(double[] heights, HeartRhythm period, List<HeartSound> sounds)
    {
        double systole = HeartAlternation.SystoleSeconds(sounds);
        double half = HeartRhythm.PeakNear(heights, period.PeriodSeconds / 2, MultipleTolerance).Height;
        return (Math.Abs(systole - (period.PeriodSeconds / 2)) > ApartSeconds && half >= ApartShare * period.Height)
            || Math.Abs(systole - HeartSoundMarks.ExpectedSystoleSeconds(period.PerMinute)) > MaxSystoleErrors * HeartSoundMarks.ExpectedSpreadSeconds;
    }

    // Height of the autocorrelation and what the marks collect are two kinds of evidence: only both together tell a period from its half, its double or the systole.
    private static (HeartRhythm Rhythm, List<HeartSound> Sounds) Best(ReadOnlySpan<double> gain, double[] heights)
    {
        HeartRhythm best = default;
        List<HeartSound> marks = [];
        double most = double.NegativeInfinity;
        foreach (HeartRhythm candidate in HeartRhythm.Candidates(heights))
        {
            List<HeartSound> sounds = HeartSoundMarks.Find(gain, candidate.PeriodSeconds, out double collected);
            double evidence = collected * candidate.Height;
            if (evidence > most)
            {
                (most, best, marks) = (evidence, candidate, sounds);
            }
        }

        return (best, marks);
    }

    // The half, when it repeats almost as well; the third, when two thirds do too, which the systole of a slow heart does not.
    private static HeartRhythm Shorter(double[] heights, HeartRhythm period, out bool isThird)
    {
        double enough = SubmultipleShare * period.Height;
        isThird = false;
        HeartRhythm half = HeartRhythm.PeakNear(heights, period.PeriodSeconds / 2, MultipleTolerance);
        if (half.Height >= enough)
        {
            return half;
        }

        HeartRhythm third = HeartRhythm.PeakNear(heights, period.PeriodSeconds / 3, MultipleTolerance);
        isThird = third.Height >= enough && HeartRhythm.PeakNear(heights, third.PeriodSeconds * 2, MultipleTolerance).Height >= enough;
        return isThird ? third : default;
    }
}
