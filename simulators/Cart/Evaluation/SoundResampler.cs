using System;

namespace Simulators.Cart.Evaluation;

/// <summary>
/// Brings sound from any rate to any other: windowed sinc, Kaiser window, linear phase, no delay. With the lower of both rates r: flat up to <see cref="PassShare"/> r, and what lies above r / 2 is
/// at least <see cref="StopDb"/> dB down, so that nothing is folded into the band and no image is left. Source: Oppenheim and Schafer, Discrete-Time Signal Processing, 7.6 (Kaiser window method).
/// </summary>
public static class SoundResampler
{
    /// <summary>Upper edge of the pass band as a share of the lower rate.</summary>
    public const double PassShare = 0.425;

    /// <summary>Attenuation from half of the lower rate on, dB.</summary>
    public const double StopDb = 80;

    // Source: the same, equations 7.75 and 7.76, for 80 dB plus what the table's interpolation may lose.
    private const double DesignDb = 84;
    private const double KaiserBeta = 0.1102 * (DesignDb - 8.7);

    // Half the filter's length in periods of the lower rate: (A - 7.95) / 14.36 over the width of the transition band.
    private const double HalfPeriods = (DesignDb - 7.95) / 14.36 / (0.5 - PassShare) / 2;

    // Between these the response is interpolated along a line; an error of 1e-6.
    private const int PointsPerPeriod = 1024;

    private static readonly double[] Response = Design();

    /// <summary>Changes the rate. The first sample stays where it is in time; before the first and after the last it is silent.</summary>
    /// <param name="samples">Samples.</param>
    /// <param name="fromHz">Their rate, samples per second.</param>
    /// <param name="toHz">The rate that is wanted.</param>
    /// <returns>As many seconds at that rate.</returns>
    public static double[] Resample(ReadOnlySpan<double> samples, int fromHz, int toHz)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(fromHz);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(toHz);
        if (fromHz == toHz)
        {
            return samples.ToArray();
        }

        double[] made = new double[(int)((long)samples.Length * toHz / fromHz)];
        double perSample = Math.Min(1, toHz / (double)fromHz);
        double reach = HalfPeriods / perSample;
        for (int i = 0; i < made.Length; i++)
        {
            // Whole samples and the rest apart: exact at any length.
            long place = (long)i * fromHz;
            long index = place / toHz;
            double rest = (place - (index * toHz)) / (double)toHz;
            int first = (int)Math.Max(0, index - (long)reach);
            int last = (int)Math.Min(samples.Length - 1, index + (long)reach + 1);
            double sum = 0;
            for (int k = first; k <= last; k++)
            {
                double at = Math.Abs(k - index - rest) * perSample * PointsPerPeriod;
                int point = (int)at;
                if (point < Response.Length - 1)
                {
                    sum += samples[k] * (Response[point] + ((Response[point + 1] - Response[point]) * (at - point)));
                }
            }

            made[i] = sum * perSample;
        }

        return made;
    }

    private static double[] Design()
    {
        const double Corner = (PassShare + 0.5) / 2;
        double[] response = new double[(int)(HalfPeriods * PointsPerPeriod) + 2];
        for (int i = 0; i < response.Length; i++)
        {
            double x = i / (double)PointsPerPeriod;
            double place = Math.Min(1, x / HalfPeriods);
            double angle = 2 * Math.PI * Corner * x;
            double sinc = 2 * Corner * (i == 0 ? 1 : Math.Sin(angle) / angle);
            response[i] = sinc * Bessel(KaiserBeta * Math.Sqrt(1 - (place * place))) / Bessel(KaiserBeta);
        }

        return response;
    }

    // Modified Bessel function of the first kind, order 0, by its series.
    private static double Bessel(double x)
    {
        double sum = 1;
        double term = 1;
        for (int k = 1; k < 40; k++)
        {
            term *= x / (2 * k) * (x / (2 * k));
            sum += term;
        }

        return sum;
    }
}
