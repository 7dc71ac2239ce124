using System;
using System.Collections.Generic;

namespace EdgeGateway.Core.Auscultation;

/// <summary>What alternate marks are to each other.</summary>
internal enum Alternation
{
    /// <summary>The same kind of sound, at equal intervals: the period is the shorter one.</summary>
    Alike,

    /// <summary>Two kinds of sound, or unequal intervals.</summary>
    Unlike,

    /// <summary>Neither is proven.</summary>
    Unclear,
}

/// <summary>
/// Whether alternate marks are first and second sounds, or first sounds of a heart twice as fast. First and second sounds differ in place (systole and diastole), height or pitch;
/// of one and the same sound only chance makes the difference.
/// </summary>
internal static class HeartAlternation
{
    /// <summary>Share of the period, off its middle, up to which a mark lies in the middle.</summary>
    public const double AlikePlace = 0.025;

    /// <summary>Share of the period, off its middle, from which a mark does not lie in the middle.</summary>
    public const double UnlikePlace = 0.04;

    /// <summary>Difference of the logarithms of heights up to which they are alike: 20 %. Breathing alone changes a sound's height by as much.</summary>
    public const double AlikeHeight = 0.18;

    /// <summary>Difference of the logarithms of heights from which they are not.</summary>
    public const double UnlikeHeight = 0.30;

    /// <summary>Difference of the logarithms of mean frequencies up to which they are alike.</summary>
    public const double AlikePitch = 0.08;

    /// <summary>Difference of the logarithms of mean frequencies from which they are not.</summary>
    public const double UnlikePitch = 0.12;

    /// <summary>A difference counts when it is as many times its standard error.</summary>
    public const double MinErrors = 3;

    /// <summary>Height of a second sound, between two first ones of height 1, that is heard in the mean of all beats.</summary>
    public const double MinSecond = 0.08;

    private const int MinBeats = 3;
    private const int TopFrames = 12;
    private const int PitchFrames = 3;
    private const int MinGapFrames = 8;
    private const int SamePlaceFrames = 3;

    /// <summary>Compares.</summary>
    /// <param name="envelope">The envelope.</param>
    /// <param name="sounds">Marks, alternating.</param>
    public static Alternation Of(HeartEnvelope envelope, IReadOnlyList<HeartSound> sounds)
    {
        int begin = sounds.Count > 0 && sounds[0].Kind == HeartSoundKind.S1 ? 0 : 1;
        List<double> places = [];
        List<double> heights = [];
        List<double> pitches = [];
        for (int i = begin; i + 2 < sounds.Count; i += 2)
        {
            places.Add(((sounds[i + 1].Seconds - sounds[i].Seconds) / (sounds[i + 2].Seconds - sounds[i].Seconds)) - 0.5);
            (double firstHeight, double firstPitch) = Shape(envelope, sounds[i].Seconds);
            (double secondHeight, double secondPitch) = Shape(envelope, sounds[i + 1].Seconds);
            heights.Add(Math.Log(secondHeight / firstHeight));
            pitches.Add(Math.Log(secondPitch / firstPitch));
        }

        if (places.Count < MinBeats)
        {
            return Alternation.Unclear;
        }

        Alternation place = Compare(places, AlikePlace, UnlikePlace);
        Alternation height = Compare(heights, AlikeHeight, UnlikeHeight);
        Alternation pitch = Compare(pitches, AlikePitch, UnlikePitch);
        return place == Alternation.Unlike || height == Alternation.Unlike || pitch == Alternation.Unlike ? Alternation.Unlike
            : place == Alternation.Alike && height == Alternation.Alike && pitch == Alternation.Alike ? Alternation.Alike
            : Alternation.Unclear;
    }

    /// <summary>Mean time from a first sound to its second, s; 0 when there is none.</summary>
    /// <param name="sounds">Marks, alternating.</param>
    public static double SystoleSeconds(IReadOnlyList<HeartSound> sounds)
    {
        double sum = 0;
        int count = 0;
        for (int i = 1; i < sounds.Count; i++)
        {
            if (sounds[i].Kind == HeartSoundKind.S2)
            {
                sum += sounds[i].Seconds - sounds[i - 1].Seconds;
                count++;
            }
        }

        return count > 0 ? sum / count : 0;
    }

    /// <summary>The first sounds alone, named first and second in turn: what they would be at half the rate.</summary>
    /// <param name="sounds">Marks, alternating.</param>
    public static List<HeartSound> FirstSounds(IReadOnlyList<HeartSound> sounds)
    {
        List<HeartSound> first = [];
        foreach (HeartSound sound in sounds)
        {
            if (sound.Kind == HeartSoundKind.S1)
            {
                first.Add(sound with { Kind = first.Count % 2 == 0 ? HeartSoundKind.S1 : HeartSoundKind.S2 });
            }
        }

        return first;
    }

    /// <summary>Whether half of a period is as long as a systole at its rate may be, so that equal intervals prove nothing.</summary>
    /// <param name="periodSeconds">The period.</param>
    public static bool IsExpected(double periodSeconds) =>
        Math.Abs((periodSeconds / 2) - HeartSoundMarks.ExpectedSystoleSeconds(60 / periodSeconds)) <= HeartSoundMarks.ExpectedSpreadSeconds;

    /// <summary>Whether a second sound follows at the same distance after the even and after the odd first sounds.</summary>
    /// <param name="gain">Height of the envelope in its surroundings.</param>
    /// <param name="sounds">Marks on the shorter period.</param>
    public static bool HasSecond(ReadOnlySpan<double> gain, IReadOnlyList<HeartSound> sounds)
    {
        int even = Second(gain, sounds, 0);
        int odd = Second(gain, sounds, 1);
        return even > 0 && odd > 0 && Math.Abs(even - odd) <= SamePlaceFrames;
    }

    private static (double Height, double Pitch) Shape(HeartEnvelope envelope, double seconds)
    {
        int top = Math.Min((int)(seconds * HeartEnvelope.FrameHz), envelope.Strength.Length - 1);
        for (int i = top; i < Math.Min(envelope.Strength.Length, top + TopFrames); i++)
        {
            top = envelope.Strength[i] > envelope.Strength[top] ? i : top;
        }

        double energy = 0;
        double slope = 0;
        for (int i = Math.Max(0, top - PitchFrames); i <= Math.Min(envelope.Heart.Length - 1, top + PitchFrames); i++)
        {
            energy += envelope.Heart[i];
            slope += envelope.Slope[i];
        }

        return (envelope.Strength[top] + double.Epsilon, Math.Sqrt((slope + double.Epsilon) / (energy + double.Epsilon)));
    }

    private static Alternation Compare(List<double> differences, double alike, double unlike)
    {
        double mean = 0;
        foreach (double difference in differences)
        {
            mean += difference / differences.Count;
        }

        double squares = 0;
        foreach (double difference in differences)
        {
            squares += (difference - mean) * (difference - mean);
        }

        double error = Math.Sqrt(squares / (differences.Count - 1) / differences.Count);
        return Math.Abs(mean) <= alike ? Alternation.Alike
            : Math.Abs(mean) >= unlike && Math.Abs(mean) >= MinErrors * error ? Alternation.Unlike
            : Alternation.Unclear;
    }

    // Where, after every second first sound, the mean of all has a hill between two valleys; 0 when it has none.
    private static int Second(ReadOnlySpan<double> gain, IReadOnlyList<HeartSound> sounds, int parity)
    {
        List<int> begins = [];
        foreach (HeartSound sound in sounds)
        {
            if (sound.Kind == HeartSoundKind.S1)
            {
                begins.Add((int)(sound.Seconds * HeartEnvelope.FrameHz));
            }
        }

        int length = begins.Count < 2 ? 0 : (begins[^1] - begins[0]) / (begins.Count - 1);
        double[] mean = new double[length];
        for (int beat = parity; beat < begins.Count; beat += 2)
        {
            for (int i = 0; i < length && begins[beat] + length <= gain.Length; i++)
            {
                mean[i] += gain[begins[beat] + i];
            }
        }

        double top = 0;
        for (int i = 0; i < Math.Min(length, TopFrames); i++)
        {
            top = Math.Max(top, mean[i]);
        }

        int best = 0;
        double highest = MinSecond * top;
        for (int i = MinGapFrames; i < length - SamePlaceFrames; i++)
        {
            double before = Lowest(mean, 0, i);
            double after = Lowest(mean, i, length);
            double hill = mean[i] - Math.Max(before, after);
            if (hill > highest)
            {
                (highest, best) = (hill, i);
            }
        }

        return best;
    }

    private static double Lowest(double[] values, int from, int to)
    {
        double lowest = double.PositiveInfinity;
        for (int i = from; i < to; i++)
        {
            lowest = Math.Min(lowest, values[i]);
        }

        return lowest;
    }
}
