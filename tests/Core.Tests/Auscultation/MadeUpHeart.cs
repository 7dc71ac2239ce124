using System;

namespace Core.Tests.Auscultation;

/// <summary>A made-up heart whose every property is drawn from a seed: rate, heights, tones, systole, variation from beat to beat, breathing, noise.</summary>
internal sealed class MadeUpHeart
{
    public const int RateHz = 8000;

    private const double Level = 3000;

    private readonly Drawn _drawn;

    /// <summary>Draws.</summary>
    /// <param name="seed">Everything comes from it.</param>
    /// <param name="perMinute">The rate; null draws 50 to 200.</param>
    /// <param name="ratio">Height of the second sound to the first; null draws 0 to 1.</param>
    public MadeUpHeart(int seed, double? perMinute = null, double? ratio = null)
    {
        _drawn = new Drawn(seed);
        PerMinute = perMinute ?? _drawn.Between(50, 200);
        Ratio = ratio ?? _drawn.Between(0, 1);
        double period = 60 / PerMinute;

        // Systole by two published lines, one of one length, one of one share: hearts differ more than one line tells.
        double systole = (int)_drawn.Between(0, 4) switch
        {
            0 => Math.Max(0.13, 0.443 - (0.0017 * PerMinute)),
            1 => Math.Max(0.18, 0.486 - (0.0021 * PerMinute)),
            2 => 0.3,
            _ => 0.38 * period,
        };
        SystoleSeconds = Math.Clamp(systole * (1 + _drawn.Between(-0.06, 0.06)), 0.1, Math.Max(0.12, Math.Min(0.56 * period, period - 0.14)));
    }

    public double PerMinute { get; }

    public double Ratio { get; }

    public double SystoleSeconds { get; }

    public override string ToString() => FormattableString.Invariant($"{PerMinute:0.0} /min, ratio {Ratio:0.00}, systole {SystoleSeconds:0.000}");

    public short[] Samples(double seconds)
    {
        double[] sound = new double[(int)(seconds * RateHz)];
        double period = 60 / PerMinute;
        double variation = _drawn.Between(0, 0.03);
        double breath = _drawn.Between(0, 0.3);
        double unlike = _drawn.Between(0, 0.15);
        double firstHz = _drawn.Between(35, 65);
        double secondHz = _drawn.Between(0, 1) < 0.3 ? firstHz : _drawn.Between(45, 90);
        double firstDecay = _drawn.Between(0.015, 0.045);
        double secondDecay = _drawn.Between(0.015, 0.035);
        double noise = Level * Math.Pow(10, _drawn.Between(-3, -1));
        for (double at = (_drawn.Between(0, 1) - 1) * period; at < seconds; at += period * (1 + (variation * _drawn.Normal())))
        {
            double height = Level * (1 + (breath * Math.Sin(Math.PI * at / 2)));
            Tone(sound, at, firstHz, height * (1 + _drawn.Between(-unlike, unlike)), firstDecay);
            Tone(sound, at + SystoleSeconds, secondHz, Ratio * height * (1 + _drawn.Between(-unlike, unlike)), secondDecay);
        }

        for (int i = 0; i < sound.Length; i++)
        {
            sound[i] += noise * _drawn.Normal();
        }

        return Disturbed.Whole(sound);
    }

    private static void Tone(double[] sound, double at, double hz, double level, double decay)
    {
        for (int i = 0; i < RateHz * 15 / 100; i++)
        {
            int place = (int)(at * RateHz) + i;
            double t = i / (double)RateHz;
            if (place >= 0 && place < sound.Length)
            {
                sound[place] += level * Math.Min(1, t / 0.01) * Math.Exp(-t / decay) * Math.Sin(2 * Math.PI * hz * t);
            }
        }
    }
}

/// <summary>Numbers from a seed.</summary>
internal sealed class Drawn(int seed)
{
    private readonly Random _random = new(seed);

    public double Between(double low, double high) => low + ((high - low) * _random.NextDouble());

    // By the sum of twelve.
    public double Normal()
    {
        double sum = -6;
        for (int i = 0; i < 12; i++)
        {
            sum += _random.NextDouble();
        }

        return sum;
    }
}
