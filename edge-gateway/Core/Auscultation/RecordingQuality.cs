using System;

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

    /// <summary>Most bursts of friction per second.</summary>
    public const double MaxFrictionPerSecond = 1;

    /// <summary>Where the lungs are listened to, friction stands out of the usual level by this, dB.</summary>
    public const double LungFrictionDb = 20;

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
    public static RecordingVerdict OfHeart(HeartEnvelope envelope, HeartRhythm rhythm)
    {
        double[] heart = Sorted(envelope.Heart);
        double loud = At(heart, LoudShare);
        if (loud < At(Sorted(envelope.Noise), 0.5) * Power(MinAboveNoiseDb))
        {
            return RecordingVerdict.AmbientNoise;
        }

        if (Bursts(envelope, loud * Power(FrictionDb)) > MaxFrictionPerSecond)
        {
            return RecordingVerdict.Rub;
        }

        if (loud < At(heart, QuietShare) * Power(MinContrastDb))
        {
            return RecordingVerdict.AmbientNoise;
        }

        if (rhythm.Height < MinRhythm)
        {
            return RecordingVerdict.NoRhythm;
        }

        double seconds = envelope.Heart.Length / (double)HeartEnvelope.FrameHz;
        return seconds >= HalvesSeconds && Difference(envelope.Gain, rhythm.PeriodSeconds) > SteadyPerMinute ? RecordingVerdict.Unsteady : RecordingVerdict.Good;
    }

    /// <summary>Friction where no heart need be heard.</summary>
    public static RecordingVerdict OfLung(HeartEnvelope envelope) =>
        Bursts(envelope, At(Sorted(envelope.Noise), 0.5) * Power(LungFrictionDb)) > MaxFrictionPerSecond ? RecordingVerdict.Rub : RecordingVerdict.Good;

    /// <summary>Bursts of friction per second: frames in a row count once.</summary>
    public static double Bursts(HeartEnvelope envelope, double least)
    {
        int bursts = 0;
        bool before = false;
        for (int i = 0; i < envelope.Noise.Length; i++)
        {
            bool isBurst = envelope.Noise[i] > least && envelope.Noise[i] > envelope.Heart[i];
            bursts += isBurst && !before ? 1 : 0;
            before = isBurst;
        }

        return bursts * (double)HeartEnvelope.FrameHz / envelope.Noise.Length;
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
