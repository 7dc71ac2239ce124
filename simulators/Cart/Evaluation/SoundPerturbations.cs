using System;
using System.Collections.Generic;
using System.Linq;
using Simulators.Kernel;

namespace Simulators.Cart.Evaluation;

/// <summary>
/// What can be wrong with a recorded sound. What is added is made at the port's rate or the recording's, whichever is higher: a room is not limited to an old recording's band.
/// </summary>
internal static class SoundPerturbations
{
    private const double FullScale = 32_768;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<PerturbationKind> Rows { get; } =
    [
        Added(
            "breathing", 8, "audible breathing: noise of 300 to 1,500 Hz under sin² of 0.9 s each 2 s, its RMS with its pauses against the recording's", SoundDisturbance.AddBreathing),
        Added("speech", 0, "a voice through formants, 3 to 5 syllables a second with pauses, its RMS with them against the recording's", SoundDisturbance.AddSpeech),
        Added("fan", 0, "pink noise with a tone of 45 to 250 Hz, their RMS against the recording's", SoundDisturbance.AddFan),
        Added("hum", 0, "50 Hz and its harmonics up to 400 Hz, their RMS against the recording's", SoundDisturbance.AddHum),
        Added("rub", 6, "friction: about two bursts of broad-band noise a second, their RMS with the pauses against the recording's", SoundDisturbance.AddRub),
        new()
        {
            Name = "gain",
            Unit = "dB",
            Default = 20,
            Min = -60,
            Max = 60,
            IsBothWays = true,
            Summary = "louder or softer; what is above full scale is clipped, what is below half a count is lost",
            Sound = (record, value, _) => record with { Samples = Narrow(SoundDisturbance.Amplify(Wide(record.Samples), value)) },
        },
        new()
        {
            Name = "rate",
            Unit = "Hz",
            Default = 16_000,
            Min = 1000,
            Max = 192_000,
            IsWhole = true,
            Summary = "brought to another rate, with an anti-alias filter; the port's rate follows from that",
            Sound = (record, value, _) => record with { Samples = Narrow(SoundResampler.Resample(Wide(record.Samples), record.RateHz, (int)value)), RateHz = (int)value },
        },
    ];

    private static PerturbationKind Added(string name, double levelDb, string summary, Func<double[], int, double, SeededRandom, double[]> add) => new()
    {
        Name = name,
        Unit = "dB",
        Default = levelDb,
        Min = -60,
        Max = 60,
        Summary = summary,
        Sound = (record, value, random) =>
        {
            int rateHz = Math.Max(record.RateHz, SoundPath.PortRateHz);
            short[] samples = rateHz == record.RateHz ? record.Samples : SoundPath.Resample(record.Samples, record.RateHz);
            return record with { Samples = Narrow(add(Wide(samples), rateHz, value, random)), RateHz = rateHz };
        },
    };

    private static double[] Wide(short[] samples) => [.. samples.Select(s => s / FullScale)];

    private static short[] Narrow(double[] samples) => [.. samples.Select(s => (short)Math.Clamp(Math.Round(s * FullScale), short.MinValue, short.MaxValue))];
}
