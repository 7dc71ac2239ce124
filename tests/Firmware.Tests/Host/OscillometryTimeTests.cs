using System;
using System.Collections.Generic;
using System.Linq;
using Firmware.Core;
using Firmware.Pod.Cuff;
using Firmware.Signals.Cuff;
using Firmware.Signals.Oscillometry;
using Firmware.Tests.Host.Cuffs;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Kernel;

namespace Firmware.Tests.Host;

/// <summary>How a deflation goes in time: kinks, an end that stands, samples that come late. The values are the same, or there is none and the reason fits.</summary>
[TestClass]
public sealed class OscillometryTimeTests
{
    [TestMethod]
    public void A_kink_in_the_deflation_changes_neither_the_values_nor_ends_it_before_the_diastolic_pressure()
    {
        SeededRandom random = new(21);
        int published = 0;
        for (int i = 0; i < 300; i++)
        {
            SimulatedDeflation arm = CuffBench.Draw(random);
            double kink = arm.Diastolic - 10 + ((arm.Systolic - arm.Diastolic + 45) * random.NextDouble());
            arm = arm with { Kinks = [(kink, 1 + (5 * random.NextDouble()))] };
            CuffBench.Outcome outcome = CuffBench.Play(arm.Samples());
            string said = $"{arm}, kink at {arm.Kinks[0]}: {outcome}";
            Assert.IsLessThan(arm.Diastolic - 5, outcome.EndMmHg, said);
            Assert.IsFalse(outcome.IsWrong(arm.Systolic, arm.Diastolic), said);
            published += outcome.IsValue ? 1 : 0;
        }

        Assert.IsGreaterThanOrEqualTo(290, published);
    }

    [TestMethod]
    public void What_comes_of_a_kink_does_not_hang_on_how_long_the_pressure_stood_before()
    {
        SeededRandom random = new(22);
        for (int i = 0; i < 12; i++)
        {
            SimulatedDeflation arm = CuffBench.Draw(random) with { MmHgPerSecond = 1 + random.NextInt32(3) };
            arm = arm with { Kinks = [(arm.Systolic + 15 - (10 * (i % 7)), 6)] };
            List<CuffBench.Outcome> all = [.. Enumerable.Range(0, 13).Select(k => CuffBench.Play((arm with { LeadSeconds = 0.1 * k }).Samples()))];
            string said = arm + ": " + string.Join("; ", all);
            Assert.IsTrue(all.TrueForAll(o => o.IsValue), said);
            Assert.IsLessThan(7, all.Max(o => o.Systolic) - all.Min(o => o.Systolic), said);
            Assert.IsLessThan(7, all.Max(o => o.Diastolic) - all.Min(o => o.Diastolic), said);
            Assert.IsTrue(all.TrueForAll(o => o.EndMmHg < arm.Diastolic - 5), said);
        }
    }

    [TestMethod]
    public void A_kink_with_a_jerk_beside_it_does_not_end_the_deflation_early()
    {
        SeededRandom random = new(23);
        for (int i = 0; i < 200; i++)
        {
            SimulatedDeflation arm = CuffBench.Draw(random);
            arm = arm with { Kinks = [(arm.Systolic + 20, 1 + (5 * random.NextDouble()))] };
            double[] pressure = arm.Samples();
            int at = ArmMotion.WherePasses(pressure, arm.Systolic + 15 + (25 * random.NextDouble()));
            ArmMotion.Add(pressure, at, 3, ArmMotion.Kinds[i % ArmMotion.Kinds.Length], 0.5 + (5.5 * random.NextDouble()), random);
            CuffBench.Outcome outcome = CuffBench.Play(pressure);
            Assert.IsTrue(!outcome.IsValue || outcome.EndMmHg < arm.Diastolic, $"{arm}: {outcome}");
        }
    }

    /// <summary>The pressure tends towards 45 mmHg with a time constant of 30 s: what it fell is used, and never called no deflation.</summary>
    [TestMethod]
    public void A_deflation_that_becomes_slow_is_used()
    {
        SeededRandom random = new(24);
        int published = 0;
        for (int i = 0; i < 150; i++)
        {
            SimulatedDeflation arm = CuffBench.Draw(random) with { TimeConstantSeconds = 30, ToMmHg = 45, Seconds = 60 };
            CuffBench.Outcome outcome = CuffBench.Play(arm.Samples());
            Assert.IsFalse(outcome.IsWrong(arm.Systolic, arm.Diastolic), $"{arm}: {outcome}");
            Assert.IsTrue(outcome.Refusal is OscillometryRefusal.None or OscillometryRefusal.DiastolicNotBracketed, $"{arm}: {outcome}");
            Assert.IsTrue(outcome.IsValue || arm.Diastolic < 70, $"{arm}: {outcome}");
            published += outcome.IsValue ? 1 : 0;
        }

        Assert.IsGreaterThan(80, published);
    }

    /// <summary>Each sample late by the same: counted, 72 would be 73.6 at 3 ms and 77.9 at 4 ms.</summary>
    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(3)]
    [DataRow(4)]
    [DataRow(6)]
    [DataRow(10)]
    public void Samples_that_are_all_late_change_no_value(int lateMs)
    {
        double period = 0.010 + (lateMs / 1000.0);
        CuffBench.Outcome outcome = CuffBench.Play(new SimulatedDeflation().Samples(period, 20_000), i => (long)(i * period * 1e6));
        Assert.AreEqual(OscillometryRefusal.None, outcome.Refusal);
        Assert.AreEqual(72, outcome.Pulse, 0.5);
        Assert.AreEqual(120, outcome.Systolic, 3);
        Assert.AreEqual(80, outcome.Diastolic, 3);
    }

    [TestMethod]
    public void Samples_that_are_late_at_random_and_single_late_ones_change_no_value()
    {
        SeededRandom random = new(25);
        for (int i = 0; i < 60; i++)
        {
            SimulatedDeflation arm = CuffBench.Draw(random);
            double[] fine = arm.Samples(0.001, 100_000);
            CuffBench.Outcome even = CuffBench.Play([.. Enumerable.Range(0, fine.Length / 10).Select(k => fine[10 * k])]);
            int jitterMs = 1 + random.NextInt32(5);
            List<int> at = [];
            for (int ms = 0; ms < fine.Length; ms += 10 + random.NextInt32(jitterMs + 1) + (random.NextInt32(100) == 0 ? 30 : 0))
            {
                at.Add(ms);
            }

            CuffBench.Outcome late = CuffBench.Play([.. at.Select(ms => fine[ms])], k => at[k] * 1000L);
            string said = $"{arm}: {even}, late {late}";
            Assert.AreEqual(even.Refusal, late.Refusal, said);
            Assert.AreEqual(even.Systolic, late.Systolic, 3, said);
            Assert.AreEqual(even.Diastolic, late.Diastolic, 3, said);
            Assert.AreEqual(even.Pulse, late.Pulse, 0.01 * even.Pulse, said);
        }
    }

    [TestMethod]
    public void Samples_that_are_missing_or_out_of_order_give_no_value()
    {
        double[] pressure = new SimulatedDeflation().Samples();
        List<int> kept = [.. Enumerable.Range(0, pressure.Length).Where(i => i % 100 >= 8)];
        Assert.AreEqual(OscillometryRefusal.SamplesMissing, CuffBench.Play([.. kept.Select(i => pressure[i])], k => kept[k] * 10_000L).Refusal, "8 % in gaps of 90 ms");
        Assert.AreEqual(OscillometryRefusal.SamplesMissing, CuffBench.Play(pressure, i => i == 700 ? 0 : i * 10_000L).Refusal, "one of before");
        Assert.AreEqual(OscillometryRefusal.SamplesMissing, CuffBench.Play(pressure, i => (i * 10_000L) + (i > 700 ? 60_000_000 : 0)).Refusal, "a minute without any");
    }

    /// <summary>The whole measurement, with its samples late by what the loop takes: its published pulse, and how it ends.</summary>
    [TestMethod]
    [DataRow(0)]
    [DataRow(3)]
    [DataRow(4)]
    [DataRow(6)]
    public void The_measurement_goes_by_the_times_of_its_samples(int lateMs)
    {
        Measurement measured = new(new SimulatedDeflation { ToMmHg = 20 }, 10_000 + (lateMs * 1000));
        Assert.AreEqual(AbsenceReason.None, measured.Run.Reason);
        Assert.AreEqual(72, measured.Analysis.PulseRateTenthsPerMinute / 10.0, 0.5);
        Assert.AreEqual(120, measured.Analysis.SystolicCentiMmHg / 100.0, 4);
        Assert.AreEqual(80, measured.Analysis.DiastolicCentiMmHg / 100.0, 4);
    }

    [TestMethod]
    [DataRow(93, 120, 80, true, DisplayName = "a diastolic pressure of 80 is passed before it becomes slow")]
    [DataRow(70, 95, 55, false, DisplayName = "one of 55 is not")]
    public void A_measurement_whose_bleed_becomes_slow_is_used_or_says_so(int mean, int systolic, int diastolic, bool isValue)
    {
        Measurement measured = new(
            new SimulatedDeflation { Mean = mean, Systolic = systolic, Diastolic = diastolic, TimeConstantSeconds = 30, ToMmHg = 45, Seconds = 160 }, 10_000);
        Assert.AreEqual(isValue ? AbsenceReason.None : AbsenceReason.DeflationTooSlow, measured.Run.Reason);
        Assert.AreEqual(isValue ? FaultCode.None : FaultCode.CuffDeflationSlow, measured.Run.FaultCode);
        Assert.AreEqual(0, measured.Run.Repeats, "a slow bleed is not tried again");
        if (isValue)
        {
            Assert.AreEqual(systolic, measured.Analysis.SystolicCentiMmHg / 100.0, 5);
            Assert.AreEqual(diastolic, measured.Analysis.DiastolicCentiMmHg / 100.0, 5);
        }
    }

    [TestMethod]
    public void A_bleed_that_never_opens_or_stands_on_the_way_is_no_deflation()
    {
        foreach (double standsAt in new[] { 160.0, 112.0 })
        {
            Measurement measured = new(new SimulatedDeflation { ToMmHg = standsAt, TimeConstantSeconds = 4, Seconds = 160 }, 10_000);
            Assert.AreEqual(AbsenceReason.NoDeflation, measured.Run.Reason, $"at {standsAt} mmHg");
            Assert.AreEqual(FaultCode.CuffNoDeflation, measured.Run.FaultCode);
        }
    }

    /// <summary>A measurement whose cuff rises evenly to its target and then deflates as is wanted, whatever the bleed valve is driven to.</summary>
    private sealed class Measurement
    {
        private readonly Chain _chain = new();

        public Measurement(SimulatedDeflation arm, int periodUs)
        {
            LinkWatch link = new();
            CuffLimits limits = new() { FirstTargetCentiMmHg = 16_400 };
            Run = new CuffRun(_chain, limits, new CuffCalibration(), Analysis, link);
            link.Connect(0);
            double[] fine = arm.Samples(0.001, 170_000);
            long nowUs = 1_000_000;
            Run.TryStart(0, nowUs);
            long pumpUs = -1;
            long bleedUs = -1;
            for (int i = 0; Run.IsActive && i < 40_000; i++)
            {
                nowUs += periodUs;
                link.Hear(nowUs);
                pumpUs = Run.State == CuffState.Inflate && pumpUs < 0 ? nowUs : pumpUs;
                bleedUs = Run.State == CuffState.Bleed && bleedUs < 0 ? nowUs : bleedUs;
                double mmHg = Run.State switch
                {
                    CuffState.Inflate => (nowUs - pumpUs) * 25e-6,
                    CuffState.Hold => 165,
                    CuffState.Bleed => fine[Math.Min(fine.Length - 1, (int)((nowUs - bleedUs) / 1000))],
                    _ => 0,
                };
                Run.Sample((int)(mmHg * 1000), nowUs - 200, nowUs);
                Run.Step(nowUs);
            }

            Assert.IsFalse(Run.IsActive);
            Assert.IsFalse(_chain.IsDumpValveHeld);
        }

        public OscillometricAnalysis Analysis { get; } = new();

        public CuffRun Run { get; }
    }

    private sealed class Chain : ICuffActuators
    {
        public bool IsDumpValveHeld { get; private set; }

        public bool IsPressureSwitchOpen => false;

        public void SetPump(int dutyPermille)
        {
        }

        public void SetBleedValve(int openPermille)
        {
        }

        public void TriggerDumpHold() => IsDumpValveHeld = true;

        public void OpenDumpValve() => IsDumpValveHeld = false;
    }
}
