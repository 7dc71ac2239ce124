using System;
using System.Linq;
using EdgeGateway.Core.Auscultation;

namespace Core.Tests.Auscultation;

/// <summary>What disturbs a recording, made here from a seed.</summary>
internal static class Disturbed
{
    public static short[] Whole(double[] sound) => [.. sound.Select(s => (short)Math.Clamp(Math.Round(s), short.MinValue, short.MaxValue))];

    /// <summary>Audible breathing: noise of 300 to 1,500 Hz under sin² of 0.9 s each 2 s, its RMS over all time against the recording's, dB.</summary>
    public static double[] Breathing(double[] sound, int rateHz, double levelDb, Drawn drawn, double periodSeconds = 2, double breathSeconds = 0.9)
    {
        double[] noise = Noise(sound.Length, 300, Math.Min(1500, 0.45 * rateHz), rateHz, drawn);
        double phase = drawn.Between(0, periodSeconds);
        for (int i = 0; i < noise.Length; i++)
        {
            double since = ((i / (double)rateHz) + phase) % periodSeconds;
            double sine = since < breathSeconds ? Math.Sin(Math.PI * since / breathSeconds) : 0;
            noise[i] *= sine * sine;
        }

        double scale = Rms(sound) / Rms(noise) * Math.Pow(10, levelDb / 20);
        return [.. sound.Zip(noise, (s, n) => s + (scale * n))];
    }

    /// <summary>Tones damped with 5 to 20 ms, of 250 to 600 Hz over lung noise, so many a breath, all in one part of it; or the same at any time.</summary>
    public static short[] Crackles(double seconds, int rateHz, Drawn drawn, double breathSeconds, int perBreath, double partOfBreath, bool areOfBreath)
    {
        double[] noise = Noise((int)(seconds * rateHz), 100, 1000, rateHz, drawn);
        double rms = Rms(noise);
        double[] sound = [.. noise.Select(n => 100 * n / rms)];
        double begins = drawn.Between(0, breathSeconds) - breathSeconds;
        int crackles = (int)(seconds / breathSeconds * perBreath);
        for (int k = 0; k < (areOfBreath ? crackles + (2 * perBreath) : crackles); k++)
        {
            double at = areOfBreath ? begins + (k / perBreath * breathSeconds) + (drawn.Between(0, partOfBreath) * breathSeconds) : drawn.Between(0, seconds);
            double decay = drawn.Between(0.005, 0.02);
            double hz = drawn.Between(250, 600);

            // 30 to 60 times the noise: so loud that, at any time, they are friction.
            double level = 100 * drawn.Between(30, 60);
            for (int i = 0; i < decay * 6 * rateHz; i++)
            {
                int place = (int)(at * rateHz) + i;
                double t = i / (double)rateHz;
                if (place >= 0 && place < sound.Length)
                {
                    sound[place] += level * Math.Exp(-t / decay) * Math.Sin(2 * Math.PI * hz * t);
                }
            }
        }

        return Whole(sound);
    }

    public static double Rms(double[] sound) => Math.Sqrt(sound.Average(s => s * s));

    public static double[] Noise(int count, double lowHz, double highHz, int rateHz, Drawn drawn)
    {
        SoundFilter band = new(lowHz, highHz, rateHz);
        double[] noise = new double[count];
        for (int i = 0; i < count; i++)
        {
            noise[i] = band.Next(drawn.Normal());
        }

        return noise;
    }
}
