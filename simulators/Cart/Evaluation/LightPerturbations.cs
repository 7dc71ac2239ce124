using System;
using System.Collections.Generic;
using System.Linq;
using Simulators.Cart.World;
using Simulators.Kernel;
using Simulators.Patient;

namespace Simulators.Cart.Evaluation;

/// <summary>What can be wrong with recorded light, and what can be wrong with a cuff's recording in the same way.</summary>
internal static class LightPerturbations
{
    /// <summary>From one burst of motion to the next, µs: one burst lies at a drawn place in each such stretch.</summary>
    public const long BurstPeriodUs = 30_000_000;

    /// <summary>Largest change of the light by a burst, in pulsations (highest less lowest value of a beat). Assumption: a finger that taps and slides.</summary>
    public const double BurstPulsations = 5;

    /// <summary>How much of a burst each light has for itself. Assumption: red and infrared see different depths.</summary>
    public const double OwnShare = DisturbedLight.OwnMotionShare;

    /// <summary>Time in which a burst grows and fades, µs. Assumption.</summary>
    public const long BurstEdgeUs = 150_000;

    /// <summary>Change of the light by a chest compression, in pulsations. Assumption: the body is moved more than a heart moves blood.</summary>
    public const double CompressionPulsations = 4;

    /// <summary>Frequency of a tremor, Hz: 132 per minute, in the middle of the pulse's own band.</summary>
    public const double TremorHz = 2.2;

    /// <summary>How often a tremor waxes and wanes, Hz. Assumption: a limb tires and rests.</summary>
    public const double TremorSwellHz = 0.1;

    /// <summary>Frequency of a wander, Hz: 15 breaths per minute.</summary>
    public const double WanderHz = 0.25;

    /// <summary>Frequency of mains light, Hz.</summary>
    public const double MainsHz = 50;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<PerturbationKind> Rows { get; } =
    [
        new()
        {
            Name = "mains",
            Unit = "% of DC",
            Default = 0.5,
            Min = 0,
            Max = 20,
            Summary = "a 50 Hz sine of that amplitude on both lights",
            Light = (record, value, random) => Sine(record, MainsHz, value, random),
        },
        new()
        {
            Name = "bits",
            Unit = "bits",
            Default = 12,
            Min = 4,
            Max = 18,
            IsWhole = true,
            Summary = "quantised to so many bits of full scale (262,144 counts; 300 mmHg)",
            Light = (record, value, _) => Each(record, light => Quantised(light, Math.Pow(2, 18 - value))),
            Cuff = (record, value, _) => record with { MicroMmHg = [.. record.MicroMmHg.Select(p => Quantised(p, 300e6 / Math.Pow(2, value)))] },
        },
        new()
        {
            Name = "clock",
            Unit = "%",
            Default = 2,
            Min = -10,
            Max = 10,
            IsBothWays = true,
            Summary = "the time base is stretched, and the reference's rates and times with it",
            Light = (record, value, _) => Stretched(record, 1 + (value / 100)),
            Cuff = (record, value, _) => record with { PeriodNs = (long)Math.Round(record.PeriodNs * (1 + (value / 100))) },
        },
        new()
        {
            Name = "wander",
            Unit = "% of DC",
            Default = 2,
            Min = 0,
            Max = 20,
            Summary = "a 0.25 Hz sine of that amplitude on both lights",
            Light = (record, value, random) => Sine(record, WanderHz, value, random),
        },
        new()
        {
            Name = "burst",
            Unit = "s",
            Default = 3,
            Min = 0.5,
            Max = 25,
            Summary = "so many seconds of motion in each 30 s (or once in a shorter recording), up to 5 times the pulsation, three quarters of it common to both lights",
            Light = Bursts,
        },
        new()
        {
            Name = "tremor",
            Unit = "% of DC",
            Default = 1,
            Min = 0,
            Max = 20,
            Summary = "a 2.2 Hz sine on both lights that waxes to that amplitude and wanes to nothing every 10 s",
            Light = Tremor,
        },
        new()
        {
            Name = "compressions",
            Unit = "Hz",
            Default = 1.8,
            Min = 0.5,
            Max = 4,
            Summary = "chest compressions at a constant rate, 4 times the pulsation, red three quarters to all of infrared's",
            Light = Compressions,
        },
        new()
        {
            Name = "light",
            Unit = "times",
            Default = 0.2,
            Min = 0.01,
            Max = 2,
            Summary = "all light times that",
            Light = (record, value, _) => Each(record, light => new OpticalSample(light.RedCounts * value, light.InfraredCounts * value)),
        },
        new()
        {
            Name = "invert",
            Summary = "each light mirrored at its mean",
            Light = (record, _, _) => Inverted(record),
        },
        new()
        {
            Name = "drop",
            Unit = "% of samples",
            Default = 1,
            Min = 0,
            Max = 20,
            Summary = "samples are lost one at a time, and those behind them close up; the reference's times with them",
            Light = Dropped,
            Cuff = CuffPerturbations.Dropped,
        },
        new()
        {
            Name = "hold",
            Unit = "% of samples",
            Default = 1,
            Min = 0,
            Max = 50,
            Summary = "samples are what the one before them is",
            Light = Held,
            Cuff = CuffPerturbations.Held,
        },
    ];

    /// <summary>Pulsation of a recording as a share of its infrared light: the mean over all whole 2 s of highest less lowest value, over the mean.</summary>
    /// <param name="light">The recording.</param>
    /// <returns>The share; of a recording below 2 s that of all of it.</returns>
    public static double Pulsation(RecordedLight light)
    {
        const long WindowUs = 2_000_000;
        double sum = 0;
        double low = double.MaxValue;
        double high = double.MinValue;
        double spans = 0;
        long window = 0;
        int windows = 0;
        for (int i = 0; i < light.Count; i++)
        {
            double value = light.Sample(i).InfraredCounts;
            sum += value;
            if (light.TimeUs(i) / WindowUs != window)
            {
                spans += high - low;
                windows++;
                window = light.TimeUs(i) / WindowUs;
                low = double.MaxValue;
                high = double.MinValue;
            }

            low = Math.Min(low, value);
            high = Math.Max(high, value);
        }

        return (windows == 0 ? high - low : spans / windows) / (sum / light.Count);
    }

    private static double Quantised(double value, double step) => Math.Round(value / step) * step;

    private static long Quantised(long value, double step) => (long)Math.Round(Math.Round(value / step) * step);

    private static OpticalSample Quantised(OpticalSample light, double step) => new(Quantised(light.RedCounts, step), Quantised(light.InfraredCounts, step));

    private static ReferenceRecord Each(ReferenceRecord record, Func<OpticalSample, OpticalSample> change)
    {
        RecordedLight light = record.Light;
        return record with { Light = light.With([.. Enumerable.Range(0, light.Count).Select(light.TimeUs)], [.. Enumerable.Range(0, light.Count).Select(i => change(light.Sample(i)))]) };
    }

    private static ReferenceRecord Over(ReferenceRecord record, Func<long, (double Red, double Infrared)> share) =>
        record with { Overlays = [.. record.Overlays, light => new ChangedLight(light, share)] };

    private static ReferenceRecord Sine(ReferenceRecord record, double hz, double percent, SeededRandom random)
    {
        double phase = random.NextDouble();
        return Over(record, us =>
        {
            double share = percent / 100 * Math.Sin(2 * Math.PI * (phase + (us * hz / 1e6)));
            return (share, share);
        });
    }

    private static ReferenceRecord Tremor(ReferenceRecord record, double percent, SeededRandom random)
    {
        double phase = random.NextDouble();
        double swell = random.NextDouble();
        return Over(record, us =>
        {
            double height = percent / 100 * (0.5 + (0.5 * Math.Sin(2 * Math.PI * (swell + (us * TremorSwellHz / 1e6)))));
            double share = height * Math.Sin(2 * Math.PI * (phase + (us * TremorHz / 1e6)));
            return (share, share);
        });
    }

    private static ReferenceRecord Bursts(ReferenceRecord record, double seconds, SeededRandom random)
    {
        MotionNoise noise = new(random.NextUInt64());
        SeededRandom places = random.Fork("places");
        long lengthUs = (long)(seconds * 1e6);
        long periodUs = Math.Min(BurstPeriodUs, Math.Max(record.PlayUs, lengthUs));
        long[] starts = new long[(record.PlayUs / periodUs) + 1];
        for (int i = 0; i < starts.Length; i++)
        {
            starts[i] = (i * periodUs) + (long)(places.NextDouble() * (periodUs - lengthUs));
        }

        double size = BurstPulsations * Pulsation(record.Light);
        return Over(record, us =>
        {
            long at = us - PlayedRecording.BeginsUs;
            if (at < 0 || at / periodUs >= starts.Length)
            {
                return (0, 0);
            }

            long since = at - starts[at / periodUs];
            if (since < 0 || since >= lengthUs)
            {
                return (0, 0);
            }

            double grown = size * Math.Min(1, Math.Min(since, lengthUs - since) / (double)BurstEdgeUs);
            double shared = noise.At(us, 0) * (1 - OwnShare);
            return (grown * (shared + (OwnShare * noise.At(us, 1))), grown * (shared + (OwnShare * noise.At(us, 2))));
        });
    }

    private static ReferenceRecord Compressions(ReferenceRecord record, double hz, SeededRandom random)
    {
        double phase = random.NextDouble();
        double red = 0.75 + (0.25 * random.NextDouble());
        double size = CompressionPulsations * Pulsation(record.Light);
        return Over(record, us =>
        {
            // Pressed for half of the time, then released (IEC 60601-2-84 and resuscitation guidelines: a duty of about one half).
            double share = size * (0.5 - Math.Pow(Math.Sin(Math.PI * (phase + (us * hz / 1e6))), 2));
            return (red * share, share);
        });
    }

    private static ReferenceRecord Inverted(ReferenceRecord record)
    {
        RecordedLight light = record.Light;
        double red = Enumerable.Range(0, light.Count).Average(i => light.Sample(i).RedCounts);
        double infrared = Enumerable.Range(0, light.Count).Average(i => light.Sample(i).InfraredCounts);
        return Each(record, sample => new OpticalSample((2 * red) - sample.RedCounts, (2 * infrared) - sample.InfraredCounts));
    }

    private static ReferenceRecord Stretched(ReferenceRecord record, double factor)
    {
        RecordedLight light = record.Light;
        long[] times = [.. Enumerable.Range(0, light.Count).Select(i => (long)Math.Round(light.TimeUs(i) * factor))];
        return Retimed(record, light.With(times, [.. Enumerable.Range(0, light.Count).Select(light.Sample)]), seconds => seconds * factor);
    }

    private static ReferenceRecord Dropped(ReferenceRecord record, double percent, SeededRandom random)
    {
        RecordedLight light = record.Light;
        List<long> times = [0];
        List<OpticalSample> samples = [light.Sample(0)];
        long[] moved = new long[light.Count];
        long lostUs = 0;
        for (int i = 1; i < light.Count; i++)
        {
            if (i < light.Count - 1 && Perturbations.IsDrawn(random, percent))
            {
                lostUs += light.TimeUs(i) - light.TimeUs(i - 1);
            }
            else
            {
                times.Add(light.TimeUs(i) - lostUs);
                samples.Add(light.Sample(i));
            }

            moved[i] = light.TimeUs(i) - lostUs;
        }

        return Retimed(record, light.With(times, samples), seconds =>
        {
            int index = 0;
            int above = light.Count - 1;
            while (index < above)
            {
                int middle = (index + above + 1) / 2;
                (index, above) = light.TimeUs(middle) <= seconds * 1e6 ? (middle, above) : (index, middle - 1);
            }

            return seconds + ((moved[index] - light.TimeUs(index)) / 1e6);
        });
    }

    // A window keeps its length of ten seconds: its end is where its end came to be.
    private static ReferenceRecord Retimed(ReferenceRecord record, RecordedLight light, Func<double, double> at) => record with
    {
        Light = light,
        PlayUs = record.IsBackAndForth ? record.PlayUs : light.DurationUs + (record.PlayUs - record.Light.DurationUs),
        Windows =
        [
            .. record.Windows.Select(w =>
            {
                double end = at(w.StartSeconds + PulseScore.WindowSeconds);
                return new ReferenceWindow(end - PulseScore.WindowSeconds, w.HeartRateBpm * PulseScore.WindowSeconds / (end - at(w.StartSeconds)));
            }),
        ],
        BeatSeconds = [.. record.BeatSeconds.Select(at)],
    };

    private static ReferenceRecord Held(ReferenceRecord record, double percent, SeededRandom random)
    {
        OpticalSample last = record.Light.Sample(0);
        return Each(record, sample => last = Perturbations.IsDrawn(random, percent) ? last : sample);
    }

    /// <summary>Light that is more or less than another by a share.</summary>
    private sealed class ChangedLight(IPatientLight inner, Func<long, (double Red, double Infrared)> share) : IPatientLight
    {
        public OpticalSample At(long worldUs)
        {
            OpticalSample light = inner.At(worldUs);
            (double red, double infrared) = share(worldUs);
            return light with { RedCounts = Math.Max(0, light.RedCounts * (1 + red)), InfraredCounts = Math.Max(0, light.InfraredCounts * (1 + infrared)) };
        }
    }
}
