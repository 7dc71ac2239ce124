using System.Collections.Generic;
using Simulators.Kernel;
using Simulators.Patient;

namespace Simulators.Cart.Evaluation;

/// <summary>What can be wrong with a cuff's recording alone.</summary>
internal static class CuffPerturbations
{
    /// <summary>How long an arm jerks, µs.</summary>
    public const long JerkUs = 3_000_000;

    /// <summary>The jerk begins where the pressure passes so much above the systolic pressure at least, mmHg.</summary>
    public const double MinAboveMmHg = 15;

    /// <summary>The same at most, mmHg.</summary>
    public const double MaxAboveMmHg = 40;

    /// <summary>Systolic pressure of a recording without a reference, mmHg. Assumption.</summary>
    private const double UnknownSystolicMmHg = 120;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<PerturbationKind> Rows { get; } =
    [
        new()
        {
            Name = "jerk",
            Unit = "mmHg",
            Default = 3,
            Min = 0,
            Max = 20,
            Draws = 8,
            Summary = "3 s of an arm's motion, up to that, from where the pressure passes 15 to 40 mmHg (drawn) above systole; from the deflation's begin where that is lower",
            Cuff = Jerk,
        },
    ];

    /// <summary>Samples that are what the one before them is.</summary>
    /// <param name="record">The recording.</param>
    /// <param name="percent">How many, %.</param>
    /// <param name="random">Draws them.</param>
    /// <returns>The recording.</returns>
    public static CuffRecord Held(CuffRecord record, double percent, SeededRandom random)
    {
        long[] held = [.. record.MicroMmHg];
        for (int i = 1; i < held.Length; i++)
        {
            held[i] = Perturbations.IsDrawn(random, percent) ? held[i - 1] : held[i];
        }

        return record with { MicroMmHg = held };
    }

    /// <summary>Samples are lost, and those behind them close up.</summary>
    /// <param name="record">The recording.</param>
    /// <param name="percent">How many, %.</param>
    /// <param name="random">Draws them.</param>
    /// <returns>The recording.</returns>
    public static CuffRecord Dropped(CuffRecord record, double percent, SeededRandom random)
    {
        List<long> kept = [];
        int begin = record.BeginIndex;
        for (int i = 0; i < record.MicroMmHg.Count; i++)
        {
            // The sample at which the deflation begins stays.
            if (i != record.BeginIndex && Perturbations.IsDrawn(random, percent))
            {
                begin -= i < record.BeginIndex ? 1 : 0;
            }
            else
            {
                kept.Add(record.MicroMmHg[i]);
            }
        }

        return record with { MicroMmHg = kept, BeginIndex = begin };
    }

    private static CuffRecord Jerk(CuffRecord record, double mmHg, SeededRandom random)
    {
        double passes = (record.SystolicReference ?? UnknownSystolicMmHg) + MinAboveMmHg + (random.NextDouble() * (MaxAboveMmHg - MinAboveMmHg));
        MotionNoise noise = new(random.NextUInt64());
        long[] jerked = [.. record.MicroMmHg];
        int begin = record.BeginIndex;
        while (begin < jerked.Length - 1 && jerked[begin] > passes * 1e6)
        {
            begin++;
        }

        int count = (int)(JerkUs * 1000 / record.PeriodNs);
        for (int i = 0; i < count && begin + i < jerked.Length; i++)
        {
            jerked[begin + i] += (long)(mmHg * 1e6 * noise.At(i * record.PeriodNs / 1000, 0));
        }

        return record with { MicroMmHg = jerked };
    }
}
