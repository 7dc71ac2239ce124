using System;
using System.Collections.Generic;

namespace EdgeGateway.Core.Auscultation;

/// <summary>
/// Whether a recording can be used, with the first thing that is wrong in the order in which it can be put right: contact, clipping, noise, friction, rhythm, steadiness.
/// It speaks of the recording, never of the patient. Which constants were chosen on recordings says the README beside this file.
/// </summary>
internal static class RecordingQuality
{
    /// <summary>Below this RMS nothing is heard: -60 dB of full scale, counts.</summary>
    public const double ContactRms = 32.768;

    /// <summary>Share of clipped samples from which a recording is spoilt.</summary>
    public const double ClippedShare = 0.001;

    /// <summary>Quality of a clipped recording, 0 to 100.</summary>
    public const int ClippedQuality = 10;

    /// <summary>Highest quality of a recording that is not good, 0 to 100.</summary>
    public const int DisturbedQuality = 25;

    /// <summary>Lowest height of the autocorrelation at the period.</summary>
    public const double MinRhythm = 0.29;

    /// <summary>Height of the autocorrelation that chance alone reaches in a recording of 1 s; it falls with the root of the time.</summary>
    public const double ChanceRhythm = 0.9;

    /// <summary>Largest difference of the rates in both halves, 1/min.</summary>
    public const double SteadyPerMinute = 5;

    /// <summary>Shortest recording whose halves are compared, s: each half then holds two beats or more at 40 /min.</summary>
    public const double HalvesSeconds = 6.5;

    /// <summary>Least ratio of loud frames (95 %) to quiet ones (20 %) of the heart's band, dB.</summary>
    public const double MinContrastDb = 10;

    /// <summary>Least ratio of loud frames of the heart's band to the usual level of 300 to 1500 Hz, dB.</summary>
    public const double MinAboveNoiseDb = 6;

    /// <summary>A frame is friction when 300 to 1500 Hz are louder than the heart's band in it, and than loud frames of the heart by this, dB.</summary>
    public const double FrictionDb = 6;

    /// <summary>Bursts so close to each other are one, s.</summary>
    public const double JoinSeconds = 0.25;

    /// <summary>A burst of which so much is loud is unbroken.</summary>
    public const double UnbrokenShare = 0.6;

    /// <summary>Most strokes of friction per second.</summary>
    public const double MaxFrictionPerSecond = 1;

    /// <summary>Where the lungs are listened to, friction stands out of the usual level by this, dB.</summary>
    public const double LungFrictionDb = 20;

    /// <summary>Shortest breath, s: 40 a minute.</summary>
    public const double MinBreathSeconds = 1.5;

    /// <summary>Longest breath, s: 10 a minute.</summary>
    public const double MaxBreathSeconds = 6;

    /// <summary>Breaths that a recording must hold for its bursts to be laid to them.</summary>
    public const int MinBreaths = 2;

    /// <summary>Probability with which bursts at random times are taken for those of breaths.</summary>
    public const double ChanceOfBreath = 0.001;

    /// <summary>Mean length of the bursts' phase vectors, 1 when all come at one moment: that of times spread evenly over half of a breath is 0.64.</summary>
    public const double MinPhase = 0.6;

    private const double BreathStep = 1.03;
    private const double LoudShare = 0.95;
    private const double QuietShare = 0.2;

    /// <summary>Contact and clipping.</summary>
    /// <returns>What is wrong, or null.</returns>
    public static RecordingVerdict? OfLevel(ReadOnlySpan<short> samples)
    {
        double squares = 0;
        double sum = 0;
        int clipped = 0;
        int run = 0;
        foreach (short sample in samples)
        {
            sum += sample;
            squares += (double)sample * sample;
            run = Math.Abs((int)sample) >= Firmware.Protocol.SoundBody.FullScaleCounts ? run + 1 : 0;

            // The first samples of a run count with the one that makes it long enough.
            clipped += run == Firmware.Protocol.SoundBody.ClippedRun ? run : run > Firmware.Protocol.SoundBody.ClippedRun ? 1 : 0;
        }

        double mean = sum / samples.Length;
        return Math.Sqrt(Math.Max(0, (squares / samples.Length) - (mean * mean))) < ContactRms ? RecordingVerdict.NoContact
            : clipped > samples.Length * ClippedShare ? RecordingVerdict.Clipping
            : null;
    }

    /// <summary>Noise, friction, rhythm, steadiness.</summary>
    /// <param name="envelope">The envelope.</param>
    /// <param name="rhythm">The rhythm found.</param>
    /// <param name="isDoubtful">Whether another fits as well.</param>
    /// <param name="isHeartFound">Whether the rhythm is proven, so that its marks may stand: beside friction and noise too, and where the rate changes.</param>
    public static RecordingVerdict OfHeart(HeartEnvelope envelope, HeartRhythm rhythm, bool isDoubtful, out bool isHeartFound)
    {
        isHeartFound = false;
        double[] heart = Sorted(envelope.Heart);
        double loud = At(heart, LoudShare);
        if (loud < At(Sorted(envelope.Noise), 0.5) * Power(MinAboveNoiseDb))
        {
            return RecordingVerdict.AmbientNoise;
        }

        bool isRubbed = Strokes(envelope, loud * Power(FrictionDb)) > MaxFrictionPerSecond;
        double seconds = envelope.Heart.Length / (double)HeartEnvelope.FrameHz;
        RecordingVerdict verdict = rhythm.Height < Math.Max(MinRhythm, ChanceRhythm / Math.Sqrt(seconds)) ? RecordingVerdict.NoRhythm
            : seconds >= HalvesSeconds && Difference(envelope.Gain, rhythm.PeriodSeconds) > SteadyPerMinute ? RecordingVerdict.Unsteady
            : isDoubtful ? RecordingVerdict.Ambiguous
            : RecordingVerdict.Good;
        isHeartFound = !isDoubtful && verdict != RecordingVerdict.NoRhythm;
        return isRubbed ? RecordingVerdict.Rub : loud < At(heart, QuietShare) * Power(MinContrastDb) ? RecordingVerdict.AmbientNoise : verdict;
    }

    /// <summary>Friction where no heart need be heard.</summary>
    public static RecordingVerdict OfLung(HeartEnvelope envelope)
    {
        double least = At(Sorted(envelope.Noise), 0.5) * Power(LungFrictionDb);
        return Strokes(envelope, least) > MaxFrictionPerSecond && !IsOfBreath(envelope.Noise, least) ? RecordingVerdict.Rub : RecordingVerdict.Good;
    }

    /// <summary>
    /// Whether bursts come at one part of each breath, as crackles do and friction does not: whether for some breathing rate their phases agree more than chance lets expect.
    /// Source: Rayleigh's test, Mardia and Jupp, Directional Statistics, 6.3; the probability of chance is divided by the rates tried.
    /// </summary>
    /// <param name="noise">Mean square of 300 to 1500 Hz per frame.</param>
    /// <param name="least">From which a frame belongs to a burst.</param>
    public static bool IsOfBreath(ReadOnlySpan<double> noise, double least)
    {
        List<double> times = [];
        for (int i = 0; i < noise.Length; i++)
        {
            if (noise[i] > least && (i == 0 || noise[i - 1] <= least))
            {
                times.Add(i / (double)HeartEnvelope.FrameHz);
            }
        }

        double longest = Math.Min(MaxBreathSeconds, noise.Length / (double)(HeartEnvelope.FrameHz * MinBreaths));
        double best = 0;
        int tried = 0;
        for (double period = MinBreathSeconds; period <= longest; period *= BreathStep)
        {
            double cosine = 0;
            double sine = 0;
            foreach (double time in times)
            {
                (double s, double c) = Math.SinCos(2 * Math.PI * time / period);
                sine += s;
                cosine += c;
            }

            best = Math.Max(best, ((sine * sine) + (cosine * cosine)) / Math.Max(1, times.Count));
            tried++;
        }

        return best > Math.Log(Math.Max(1, tried) / ChanceOfBreath) && best > MinPhase * MinPhase * times.Count;
    }

    /// <summary>Strokes of friction per second. Bursts that follow each other within <see cref="JoinSeconds"/> are one; one that is long and unbroken is a breath, and no stroke;
    /// one that is long and broken counts by its length.</summary>
    /// <param name="envelope">The envelope.</param>
    /// <param name="least">Mean square of 300 to 1500 Hz from which a frame belongs to a burst.</param>
    public static double Strokes(HeartEnvelope envelope, double least)
    {
        const int Join = (int)(JoinSeconds * HeartEnvelope.FrameHz);
        double strokes = 0;
        int begin = -1;
        int last = 0;
        int filled = 0;
        for (int i = 0; i <= envelope.Noise.Length; i++)
        {
            if (begin >= 0 && (i == envelope.Noise.Length || i - last > Join))
            {
                int length = last + 1 - begin;
                strokes += length <= Join ? 1 : filled < UnbrokenShare * length ? length / (double)Join : 0;
                begin = -1;
            }

            if (i < envelope.Noise.Length && envelope.Noise[i] > least && envelope.Noise[i] > envelope.Heart[i])
            {
                (begin, filled) = begin < 0 ? (i, 0) : (begin, filled);
                filled++;
                last = i;
            }
        }

        return strokes * HeartEnvelope.FrameHz / envelope.Noise.Length;
    }

    /// <summary>By how much the rates of both halves differ, 1/min; infinite when one half has no rhythm near the whole's.</summary>
    public static double Difference(ReadOnlySpan<double> gain, double periodSeconds)
    {
        double first = HeartRhythm.Near(gain[..(gain.Length / 2)], periodSeconds).PerMinute;
        double second = HeartRhythm.Near(gain[(gain.Length / 2)..], periodSeconds).PerMinute;
        return first > 0 && second > 0 ? Math.Abs(first - second) : double.PositiveInfinity;
    }

    private static double[] Sorted(double[] values)
    {
        double[] sorted = (double[])values.Clone();
        Array.Sort(sorted);
        return sorted;
    }

    private static double At(double[] sorted, double share) => sorted[(int)((sorted.Length - 1) * share)];

    private static double Power(double decibel) => Math.Pow(10, decibel / 10);
}
