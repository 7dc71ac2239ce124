using System;

namespace EdgeGateway.Core.Auscultation;

/// <summary>How strong the band of heart sounds is over time, and how strong what is not of the heart.</summary>
internal sealed class HeartEnvelope
{
    /// <summary>Frames per second.</summary>
    public const int FrameHz = 100;

    /// <summary>Band of first and second sounds, Hz. Source: S1 and S2 lie in 20 to 150 Hz; 25 Hz keeps breathing and motion out.</summary>
    public const double LowHz = 25;

    /// <summary>Upper edge of it, Hz.</summary>
    public const double HighHz = 150;

    /// <summary>Lower edge of the band in which friction, speech and fans are heard beside the heart, Hz.</summary>
    public const double NoiseLowHz = 300;

    /// <summary>Upper edge of it, Hz, where the rate allows.</summary>
    public const double NoiseHighHz = 1500;

    /// <summary>Half width of the smoothing, frames: a Hann window of 7 frames lets the parts of one sound melt together.</summary>
    private const int SmoothFrames = 3;

    private const int AroundFrames = 150;
    private const int AgainFrames = 10;
    private const double TopShare = 0.95;
    private const double MinGain = -0.2;
    private const double MaxGain = 1.2;

    private HeartEnvelope(double[] heart, double[] slope, double[] noise, double[] strength)
    {
        Heart = heart;
        Slope = slope;
        Noise = noise;
        Strength = strength;
        Gain = Normalised(strength);
    }

    /// <summary>Mean square of 25 to 150 Hz per frame, counts squared.</summary>
    public double[] Heart { get; }

    /// <summary>Mean square of the slope of 25 to 150 Hz per frame, (rad/s)² times counts squared: over <see cref="Heart"/> it is the square of the mean angular frequency.</summary>
    public double[] Slope { get; }

    /// <summary>Mean square of 300 to 1500 Hz per frame, counts squared.</summary>
    public double[] Noise { get; }

    /// <summary>Root of the smoothed heart band: the envelope in which sounds are looked for, counts.</summary>
    public double[] Strength { get; }

    /// <summary>Height of the envelope among the 3 s around it: about 0 between sounds and 1 on a sound, so that neither a loud beat nor a knock outweighs the rest.</summary>
    public double[] Gain { get; }

    /// <summary>Makes it.</summary>
    /// <param name="samples">Samples.</param>
    /// <param name="rateHz">Samples per second, 1,000 or more.</param>
    public static HeartEnvelope Of(ReadOnlySpan<short> samples, int rateHz)
    {
        SoundFilter heartBand = new(LowHz, HighHz, rateHz);
        SoundFilter noiseBand = new(NoiseLowHz, Math.Min(NoiseHighHz, 0.45 * rateHz), rateHz);
        int frames = (int)((long)samples.Length * FrameHz / rateHz);
        double[] heart = new double[frames];
        double[] slope = new double[frames];
        double[] noise = new double[frames];
        double before = 0;
        int at = 0;
        for (int frame = 0; frame < frames; frame++)
        {
            int end = (int)((frame + 1L) * rateHz / FrameHz);
            int count = end - at;
            double heartSum = 0;
            double slopeSum = 0;
            double noiseSum = 0;
            for (; at < end; at++)
            {
                double inBand = heartBand.Next(samples[at]);
                double outOfBand = noiseBand.Next(samples[at]);
                heartSum += inBand * inBand;
                slopeSum += (inBand - before) * (inBand - before);
                before = inBand;
                noiseSum += outOfBand * outOfBand;
            }

            heart[frame] = heartSum / count;
            slope[frame] = slopeSum / count * rateHz * rateHz;
            noise[frame] = noiseSum / count;
        }

        return new HeartEnvelope(heart, slope, noise, Smooth(heart));
    }

    private static double[] Smooth(double[] energy)
    {
        double[] weights = new double[(2 * SmoothFrames) + 1];
        double sum = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = 0.5 * (1 + Math.Cos(Math.PI * (i - SmoothFrames) / (SmoothFrames + 1)));
            sum += weights[i];
        }

        double[] strength = new double[energy.Length];
        for (int i = 0; i < energy.Length; i++)
        {
            double value = 0;
            for (int k = -SmoothFrames; k <= SmoothFrames; k++)
            {
                value += weights[k + SmoothFrames] * energy[Math.Clamp(i + k, 0, energy.Length - 1)];
            }

            strength[i] = Math.Sqrt(value / sum);
        }

        return strength;
    }

    private static double[] Normalised(double[] strength)
    {
        double[] gain = new double[strength.Length];
        double[] window = new double[(2 * AroundFrames) + 1];
        double floor = 0;
        double top = 0;
        for (int i = 0; i < gain.Length; i++)
        {
            if (i % AgainFrames == 0)
            {
                int begin = Math.Max(0, i - AroundFrames);
                Span<double> around = window.AsSpan(0, Math.Min(strength.Length, i + AroundFrames + 1) - begin);
                strength.AsSpan(begin, around.Length).CopyTo(around);
                around.Sort();
                floor = around[around.Length / 2];
                top = around[(int)(around.Length * TopShare)];
            }

            gain[i] = top > floor ? Math.Clamp((strength[i] - floor) / (top - floor), MinGain, MaxGain) : 0;
        }

        return gain;
    }
}
