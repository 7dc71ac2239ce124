using System;
using System.Linq;
using Simulators.Cart.Evaluation;

namespace Scenario.Tests.Baselines;

/// <summary>A heart rate by the autocorrelation of the sound's envelope alone, in floating point.</summary>
internal static class SoundBaseline
{
    private const double LowHz = 25;
    private const double HighHz = 150;
    private const double EnvelopeHz = 10;
    private const int EnvelopeRateHz = 100;

    // 220 and 40 per minute.
    private const double MinPeriodSeconds = 60 / 220.0;
    private const double MaxPeriodSeconds = 1.5;

    /// <summary>The rate of a recording.</summary>
    /// <param name="record">The recording.</param>
    /// <returns>The rate, 1/min; null where nothing repeats itself.</returns>
    public static double? Rate(SoundRecord record)
    {
        double[] sound = Filters.BandPass([.. record.Samples.Select(s => (double)s)], record.RateHz, LowHz, HighHz);
        double[] envelope = Filters.LowPass([.. sound.Select(Math.Abs)], record.RateHz, EnvelopeHz);
        double[] thinned = [.. Enumerable.Range(0, envelope.Length * EnvelopeRateHz / record.RateHz).Select(i => envelope[(int)((long)i * record.RateHz / EnvelopeRateHz)])];
        if (thinned.Length < 2 * MaxPeriodSeconds * EnvelopeRateHz)
        {
            return null;
        }

        double mean = thinned.Average();
        return PulseBaselines.AutocorrelationRate([.. thinned.Select(v => v - mean)], EnvelopeRateHz, MinPeriodSeconds, MaxPeriodSeconds);
    }
}
