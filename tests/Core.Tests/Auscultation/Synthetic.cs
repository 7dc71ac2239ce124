using System;

namespace Core.Tests.Auscultation;

/// <summary>Made-up sounds: damped tones for S1 and S2, noise from a seed.</summary>
internal sealed class Synthetic(int rateHz, double seconds, uint seed = 1)
{
    private readonly double[] _samples = new double[(int)(rateHz * seconds)];
    private uint _state = (seed * 2_654_435_761u) | 1;

    /// <summary>Beats at times that a function of the time gives.</summary>
    public Synthetic Heart(Func<double, double> perMinute, double level = 6000, double systoleSeconds = 0.3)
    {
        for (double at = 0.2; at < seconds; at += 60 / perMinute(at))
        {
            Tone(at, 50, level);
            Tone(at + systoleSeconds, 70, 0.7 * level);
        }

        return this;
    }

    /// <summary>White noise everywhere.</summary>
    public Synthetic Noise(double level)
    {
        for (int i = 0; i < _samples.Length; i++)
        {
            _samples[i] += level * Next();
        }

        return this;
    }

    /// <summary>Bursts of white noise of 30 ms, so many in a second.</summary>
    public Synthetic Rubbing(double level, double perSecond)
    {
        for (double at = 0.1; at < seconds; at += (0.6 + (0.4 * Next())) / perSecond)
        {
            for (int i = (int)(at * rateHz); i < Math.Min(_samples.Length, (int)((at + 0.03) * rateHz)); i++)
            {
                _samples[i] += level * Next();
            }
        }

        return this;
    }

    public short[] Samples()
    {
        short[] made = new short[_samples.Length];
        for (int i = 0; i < made.Length; i++)
        {
            made[i] = (short)Math.Clamp(Math.Round(_samples[i]), short.MinValue, short.MaxValue);
        }

        return made;
    }

    // -1 to 1.
    private double Next()
    {
        _state ^= _state << 13;
        _state ^= _state >> 17;
        _state ^= _state << 5;
        return (_state / (double)uint.MaxValue * 2) - 1;
    }

    private void Tone(double at, double hz, double level)
    {
        for (int i = 0; i < rateHz * 12 / 100; i++)
        {
            int place = (int)(at * rateHz) + i;
            double t = i / (double)rateHz;
            if (place < _samples.Length)
            {
                _samples[place] += level * Math.Min(1, t / 0.01) * Math.Exp(-t / 0.03) * Math.Sin(2 * Math.PI * hz * t);
            }
        }
    }
}
