using System;
using Firmware.Signals.Oscillometry;
using Simulators.Kernel;

namespace Firmware.Tests.Host.Cuffs;

/// <summary>Plays a cuff's pressure to the analysis as the pod does: until it says that the deflation may end, or 30 mmHg.</summary>
internal static class CuffBench
{
    private const double EndMmHg = 30;

    /// <summary>What came of a deflation.</summary>
    /// <param name="Refusal">Why no pressures, or None.</param>
    /// <param name="Systolic">mmHg.</param>
    /// <param name="Diastolic">mmHg.</param>
    /// <param name="Pulse">1/min.</param>
    /// <param name="EndMmHg">Where the deflation ended.</param>
    public readonly record struct Outcome(OscillometryRefusal Refusal, double Systolic, double Diastolic, double Pulse, double EndMmHg)
    {
        /// <summary>True when there is a value.</summary>
        public bool IsValue => Refusal == OscillometryRefusal.None;

        /// <summary>True for a value further from the truth than what is called wrong with confidence.</summary>
        public bool IsWrong(double systolic, double diastolic) => IsValue && (Math.Abs(Systolic - systolic) > 15 || Math.Abs(Diastolic - diastolic) > 15);
    }

    /// <summary>Plays it with even times.</summary>
    /// <param name="mmHg">The pressure, 100 a second.</param>
    /// <returns>What came of it.</returns>
    public static Outcome Play(double[] mmHg) => Play(mmHg, i => i * 10_000L);

    /// <summary>Plays it.</summary>
    /// <param name="mmHg">The pressure at each sample.</param>
    /// <param name="at">When each was taken, µs.</param>
    /// <returns>What came of it.</returns>
    public static Outcome Play(double[] mmHg, Func<int, long> at)
    {
        OscillometricAnalysis analysis = new();
        analysis.Reset();
        double last = 0;
        for (int i = 0; i < mmHg.Length; i++)
        {
            last = mmHg[i];
            analysis.Add((int)Math.Max(0, Math.Round(last * 100)), 1_000_000 + at(i));
            if (last <= EndMmHg || analysis.IsDiastolicPassed)
            {
                break;
            }
        }

        analysis.Finish();
        return new Outcome(analysis.Refusal, analysis.SystolicCentiMmHg / 100.0, analysis.DiastolicCentiMmHg / 100.0, analysis.PulseRateTenthsPerMinute / 10.0, last);
    }

    /// <summary>An arm that may be anybody's.</summary>
    /// <param name="random">Draws it.</param>
    /// <returns>Its deflation, without anything wrong.</returns>
    public static SimulatedDeflation Draw(SeededRandom random)
    {
        double diastolic = 50 + random.NextInt32(55);
        double pulse = 30 + random.NextInt32(40);
        return new SimulatedDeflation
        {
            Systolic = diastolic + pulse,
            Diastolic = diastolic,
            Mean = diastolic + (pulse * (0.3 + (0.15 * random.NextDouble()))),
            PulseRate = 50 + random.NextInt32(70),
            HeightMmHg = 0.8 + (1.7 * random.NextDouble()),
            FromMmHg = diastolic + pulse + 45,
            MmHgPerSecond = 2.3 + (1.5 * random.NextDouble()),
            LeadSeconds = 1.2 * random.NextDouble(),
            Seed = random.NextInt32(1_000_000),
        };
    }
}
