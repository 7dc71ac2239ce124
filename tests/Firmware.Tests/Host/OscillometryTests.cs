using System;
using System.Collections.Generic;
using Firmware.Signals.Oscillometry;

namespace Firmware.Tests.Host;

/// <summary>
/// Deflations made from an envelope whose shares are known by construction: half of its height at the systolic pressure, three quarters at the diastolic one. What
/// comes out must be what went in; what cannot be measured must be refused with its reason. Recordings of real cuffs are in Scenario.Tests.
/// </summary>
[TestClass]
public sealed class OscillometryTests
{
    // One beat in 40 parts: steep rise, slow fall.
    private static readonly int[] Beat =
    [
        0, 120, 420, 760, 960, 1000, 960, 900, 830, 760, 690, 630, 580, 545, 525, 520, 525, 525, 510, 485,
        455, 420, 385, 350, 315, 280, 250, 220, 190, 165, 140, 120, 100, 80, 65, 50, 35, 25, 15, 5,
    ];

    [TestMethod]
    [DataRow(120, 80, 93, 72, 1.5)]
    [DataRow(120, 80, 93, 72, 0.6)]
    [DataRow(100, 60, 72, 55, 2.0)]
    [DataRow(180, 110, 133, 88, 2.5)]
    [DataRow(145, 70, 95, 62, 3.0)]
    [DataRow(90, 55, 66, 110, 1.2)]
    [DataRow(160, 95, 116, 140, 1.5)]
    public void What_went_in_comes_out(int systolic, int diastolic, int mean, int rate, double height)
    {
        OscillometricAnalysis result = Analyse(new Deflation(systolic, diastolic, mean, rate, height));
        Assert.AreEqual(OscillometryRefusal.None, result.Refusal);
        Assert.AreEqual(systolic, result.SystolicCentiMmHg / 100.0, 5, "systolic");
        Assert.AreEqual(diastolic, result.DiastolicCentiMmHg / 100.0, 5, "diastolic");
        Assert.AreEqual(mean, result.MeanCentiMmHg / 100.0, 4, "mean");
        Assert.AreEqual(6000.0 / (6000 / rate), result.PulseRateTenthsPerMinute / 10.0, 1, "pulse: whole samples per beat");
        Assert.IsFalse(result.IrregularPulse);
        Assert.IsTrue(result.Quality is >= 60 and <= 100, $"quality {result.Quality}");
    }

    [TestMethod]
    public void The_order_of_the_pressures_holds_over_many_arms()
    {
        int results = 0;
        Random random = new(11);
        for (int i = 0; i < 150; i++)
        {
            int diastolic = random.Next(45, 110);
            int systolic = diastolic + random.Next(25, 75);
            int mean = diastolic + ((systolic - diastolic) * random.Next(30, 46) / 100);
            OscillometricAnalysis result = Analyse(new Deflation(systolic, diastolic, mean, random.Next(50, 130), 0.7 + (random.NextDouble() * 2)) { Seed = i, NoiseCentiMmHg = 6 });
            if (result.Refusal != OscillometryRefusal.None)
            {
                continue;
            }

            results++;
            Assert.IsTrue(result.SystolicCentiMmHg > result.MeanCentiMmHg && result.MeanCentiMmHg > result.DiastolicCentiMmHg);
            Assert.AreEqual(systolic, result.SystolicCentiMmHg / 100.0, 9, $"arm {i}: systolic");
            Assert.AreEqual(diastolic, result.DiastolicCentiMmHg / 100.0, 9, $"arm {i}: diastolic");
        }

        Assert.IsTrue(results >= 140, $"{results} of 150 arms have a result");
    }

    [TestMethod]
    public void Without_deflation_there_is_no_result() =>
        Refused(OscillometryRefusal.NoDeflation, new Deflation(120, 80, 93, 72, 1.5) { FromMmHg = 150, ToMmHg = 149, Seconds = 40 });

    [TestMethod]
    public void Too_fast_a_deflation_is_refused() =>
        Refused(OscillometryRefusal.TooFast, new Deflation(120, 80, 93, 110, 1.5) { MmHgPerSecond = 8 });

    [TestMethod]
    public void Too_few_beats_are_refused() =>
        Refused(OscillometryRefusal.TooFewBeats, new Deflation(120, 80, 93, 42, 1.5) { FromMmHg = 130, ToMmHg = 108, MmHgPerSecond = 4 });

    [TestMethod]
    public void Oscillations_that_no_sensor_tells_from_noise_are_refused() =>
        Refused(OscillometryRefusal.Weak, new Deflation(120, 80, 93, 72, 0.25));

    [TestMethod]
    public void A_greatest_oscillation_at_the_edge_is_refused() =>
        Refused(OscillometryRefusal.EdgeMaximum, new Deflation(120, 80, 93, 72, 1.5) { FromMmHg = 93, ToMmHg = 40 });

    [TestMethod]
    public void A_deflation_that_begins_inside_the_envelope_asks_for_a_higher_one() =>
        Refused(OscillometryRefusal.SystolicNotBracketed, new Deflation(150, 80, 103, 72, 1.5) { FromMmHg = 135 });

    [TestMethod]
    public void A_deflation_that_ends_inside_the_envelope_has_no_diastolic_pressure() =>
        Refused(OscillometryRefusal.DiastolicNotBracketed, new Deflation(120, 60, 90, 72, 1.5) { ToMmHg = 78 });

    [TestMethod]
    public void Pressures_that_cannot_belong_together_are_refused() =>
        Refused(OscillometryRefusal.Implausible, new Deflation(99, 91, 95, 72, 1.5) { FromMmHg = 140, ToMmHg = 60 });

    [TestMethod]
    public void A_deflation_without_end_is_refused_and_writes_nowhere() =>
        Refused(OscillometryRefusal.TooLong, new Deflation(120, 80, 93, 72, 1.5) { MmHgPerSecond = 0.6 });

    [TestMethod]
    [DataRow(50, 0)]
    [DataRow(100, 20)]
    [DataRow(200, 38)]
    [DataRow(500, 38)]
    [DataRow(900, 38)]
    [DataRow(1500, 38)]
    public void An_arm_that_shakes_is_refused_or_still_measured_right(int shakeCentiMmHg, int least)
    {
        int refused = 0;
        for (int seed = 0; seed < 40; seed++)
        {
            OscillometricAnalysis result = Analyse(new Deflation(120, 80, 93, 72, 1.0) { Seed = seed, ShakeCentiMmHg = shakeCentiMmHg });
            if (result.Refusal != OscillometryRefusal.None)
            {
                refused++;
                continue;
            }

            Assert.AreEqual(120, result.SystolicCentiMmHg / 100.0, 15, $"seed {seed}");
            Assert.AreEqual(80, result.DiastolicCentiMmHg / 100.0, 15, $"seed {seed}");
        }

        Assert.IsTrue(refused >= least, $"{refused} of 40 were refused");
    }

    [TestMethod]
    public void An_irregular_pulse_is_marked_and_a_single_early_beat_is_not()
    {
        OscillometricAnalysis irregular = Analyse(new Deflation(120, 80, 93, 72, 1.5) { Intervals = [80, 125, 70, 140, 95, 115, 75] });
        Assert.AreEqual(OscillometryRefusal.None, irregular.Refusal);
        Assert.IsTrue(irregular.IrregularPulse);
        Assert.IsTrue(irregular.Quality < 80);
        OscillometricAnalysis once = Analyse(new Deflation(120, 80, 93, 72, 1.5) { EarlyBeat = 9 });
        Assert.AreEqual(OscillometryRefusal.None, once.Refusal);
        Assert.IsFalse(once.IrregularPulse);
    }

    [TestMethod]
    public void The_deflation_may_end_once_the_diastolic_side_is_past_and_never_before()
    {
        Deflation deflation = new(120, 80, 93, 72, 1.5) { ToMmHg = 20 };
        OscillometricAnalysis live = new();
        live.Reset();
        double at = 0;
        long us = 0;
        foreach (int sample in deflation.Samples())
        {
            live.Add(sample, us += OscillometricAnalysis.SamplePeriodUs);
            if (live.IsDiastolicPassed)
            {
                at = sample / 100.0;
                break;
            }
        }

        Assert.IsTrue(at is > 25 and < 76, $"at {at} mmHg");
    }

    [TestMethod]
    public void No_step_takes_more_than_a_bounded_chunk_and_a_second_use_is_like_the_first()
    {
        OscillometricAnalysis used = Analyse(new Deflation(180, 110, 133, 88, 2.5));
        used.Reset();
        long us = 0;
        foreach (int sample in new Deflation(120, 80, 93, 72, 1.5).Samples())
        {
            used.Add(sample, us += OscillometricAnalysis.SamplePeriodUs);
        }

        int steps = 1;
        while (!used.Step())
        {
            steps++;
        }

        OscillometricAnalysis fresh = Analyse(new Deflation(120, 80, 93, 72, 1.5));
        Assert.IsTrue(steps > 60, $"{steps} steps");
        Assert.AreEqual(fresh.SystolicCentiMmHg, used.SystolicCentiMmHg);
        Assert.AreEqual(fresh.DiastolicCentiMmHg, used.DiastolicCentiMmHg);
        Assert.AreEqual(fresh.Quality, used.Quality);
    }

    private static void Refused(OscillometryRefusal reason, Deflation deflation) => Assert.AreEqual(reason, Analyse(deflation).Refusal);

    private static OscillometricAnalysis Analyse(Deflation deflation)
    {
        OscillometricAnalysis oscillometry = new();
        oscillometry.Reset();
        long us = 0;
        foreach (int sample in deflation.Samples())
        {
            oscillometry.Add(sample, us += OscillometricAnalysis.SamplePeriodUs);
        }

        oscillometry.Finish();
        return oscillometry;
    }

    private sealed record Deflation(int Systolic, int Diastolic, int Mean, int Rate, double HeightMmHg)
    {
        public double FromMmHg { get; init; } = Systolic + 45;

        public double ToMmHg { get; init; } = Diastolic - 32;

        public double MmHgPerSecond { get; init; } = 3;

        public double Seconds { get; init; }

        public int[] Intervals { get; init; } = [];

        public int EarlyBeat { get; init; } = -1;

        public int Seed { get; init; }

        public int NoiseCentiMmHg { get; init; } = 2;

        public int ShakeCentiMmHg { get; init; }

        public IEnumerable<int> Samples()
        {
            Random random = new(Seed);
            double seconds = Seconds > 0 ? Seconds : (FromMmHg - ToMmHg) / MmHgPerSecond;
            int count = (int)(seconds * 100);
            double slope = (FromMmHg - ToMmHg) / count;
            int beat = 0;
            int interval = Interval(0);
            int since = 0;
            double shake = 0;
            for (int i = 0; i < count; i++)
            {
                if (since >= interval)
                {
                    since = 0;
                    interval = Interval(++beat);
                }

                double pressure = FromMmHg - (slope * i);
                double place = since * 40.0 / interval;
                int left = (int)place;
                double shape = (Beat[left] + ((place - left) * (Beat[(left + 1) % 40] - Beat[left]))) / 1000;
                if (ShakeCentiMmHg > 0 && random.Next(25) == 0)
                {
                    shake = random.Next(-ShakeCentiMmHg, ShakeCentiMmHg);
                }

                shake *= 0.93;
                since++;
                yield return (int)Math.Round((100 * (pressure + (shape * Envelope(pressure)))) + shake) + random.Next(-NoiseCentiMmHg, NoiseCentiMmHg + 1);
            }
        }

        private int Interval(int beat) =>
            Intervals.Length > 0 ? Intervals[beat % Intervals.Length] * 60 / Rate : beat == EarlyBeat ? 6000 / Rate * 6 / 10 : 6000 / Rate;

        private double Envelope(double pressure)
        {
            double side = pressure > Mean ? (pressure - Mean) / (Systolic - Mean) : (Mean - pressure) / (Mean - Diastolic);
            double share = pressure > Mean ? 0.5 : 0.75;
            return HeightMmHg * Math.Exp(Math.Log(share) * side * side);
        }
    }
}
