using System;

namespace EdgeGateway.Core.Auscultation;

/// <summary>
/// Halves the rate of sound from 8 to 4 kHz: a linear-phase low pass of 63 taps (windowed sinc, Kaiser window of 60 dB, corner 1.8 kHz), then every other sample.
/// Streaming: where chunks are cut makes no difference. Source: Oppenheim and Schafer, Discrete-Time Signal Processing, 7.6 (Kaiser window method).
/// </summary>
public sealed class Decimator
{
    /// <summary>Rate that comes in, Hz.</summary>
    public const int InputRateHz = 8000;

    /// <summary>How far the output lies behind the input, input samples.</summary>
    public const int DelaySamples = (Taps - 1) / 2;

    private const int Taps = 63;
    private const double CornerHz = 1800;
    private const double KaiserBeta = 5.65; // Source: the same, equation 7.75, for 60 dB
    private static readonly float[] Coefficients = Design();

    private readonly float[] _past = new float[Taps];
    private int _next;
    private bool _isOdd;

    /// <summary>Takes samples and gives half as many.</summary>
    /// <param name="input">Samples at 8 kHz.</param>
    /// <param name="output">Room for half of them, rounded up.</param>
    /// <returns>How many were put there.</returns>
    public int Process(ReadOnlySpan<short> input, Span<short> output)
    {
        int made = 0;
        foreach (short sample in input)
        {
            _past[_next] = sample;
            _next = _next + 1 == Taps ? 0 : _next + 1;
            _isOdd = !_isOdd;
            if (_isOdd)
            {
                continue;
            }

            float sum = 0;
            int at = _next;
            for (int i = 0; i < Taps; i++)
            {
                sum += Coefficients[i] * _past[at];
                at = at + 1 == Taps ? 0 : at + 1;
            }

            output[made++] = (short)Math.Clamp(MathF.Round(sum), short.MinValue, short.MaxValue);
        }

        return made;
    }

    private static float[] Design()
    {
        double[] taps = new double[Taps];
        double sum = 0;
        for (int i = 0; i < Taps; i++)
        {
            double t = i - DelaySamples;
            double angle = 2 * Math.PI * CornerHz / InputRateHz * t;
            double sinc = t == 0 ? 1 : Math.Sin(angle) / angle;
            double place = t / DelaySamples;
            taps[i] = sinc * Bessel(KaiserBeta * Math.Sqrt(Math.Max(0, 1 - (place * place)))) / Bessel(KaiserBeta);
            sum += taps[i];
        }

        float[] made = new float[Taps];
        for (int i = 0; i < Taps; i++)
        {
            made[i] = (float)(taps[i] / sum);
        }

        return made;
    }

    // Modified Bessel function of the first kind, order 0, by its series.
    private static double Bessel(double x)
    {
        double sum = 1;
        double term = 1;
        for (int k = 1; k < 30; k++)
        {
            term *= x / (2 * k) * (x / (2 * k));
            sum += term;
        }

        return sum;
    }
}
