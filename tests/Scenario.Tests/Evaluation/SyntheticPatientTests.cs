using System;
using System.Collections.Generic;
using System.Linq;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Evaluation;
using Simulators.Kernel;
using Simulators.Patient;

namespace Scenario.Tests.Evaluation;

/// <summary>A made-up patient through the whole way: R, pulse and perfusion agree with what was put in. SpO2 is never asserted: its curve is another's.</summary>
[TestClass]
public sealed class SyntheticPatientTests
{
    private const ulong Seed = 21;

    [TestMethod]
    [DataRow(70.0, 0.3)]
    [DataRow(80.0, 1.5)]
    [DataRow(85.0, 5.0)]
    [DataRow(90.0, 10.0)]
    [DataRow(97.0, 0.3)]
    [DataRow(97.0, 1.5)]
    [DataRow(100.0, 20.0)]
    public void The_ratio_received_is_the_patients_within_two_percent(double saturation, double perfusion)
    {
        double ratio = PatientSaturation.RatioAt(saturation);
        ReceivedRecord received = Play(new SyntheticPulseOptions { Ratio = ratio, PerfusionPercent = perfusion });

        // Absent as out of range by the product's curve is an answer too, and carries its ratio.
        List<double> ratios = received.Vitals.Where(v => v.Mdc == MdcCodes.OxygenSaturation && v.Ratio is > 0).Select(v => v.Ratio!.Value).ToList();
        Assert.IsNotEmpty(ratios, $"seed {Seed}");
        foreach (double value in ratios)
        {
            Assert.AreEqual(ratio, value, ratio * 0.02, $"seed {Seed}");
        }
    }

    [TestMethod]
    [DataRow(40.0)]
    [DataRow(60.0)]
    [DataRow(75.0)]
    [DataRow(110.0)]
    [DataRow(160.0)]
    [DataRow(220.0)]
    public void The_pulse_received_is_the_patients(double rate)
    {
        ReceivedRecord received = Play(new SyntheticPulseOptions { RateBpm = rate });
        List<double> values = received.Vitals.Where(v => v.Mdc == MdcCodes.PulseRate && v.Value is not null).Select(v => v.Value!.Value).ToList();
        Assert.IsGreaterThan(5, values.Count, $"seed {Seed}");
        foreach (double value in values)
        {
            Assert.AreEqual(rate, value, 1.5, $"seed {Seed}");
        }

        double beatsPerMinute = 60 * (received.BeatSeconds.Count - 1) / (received.BeatSeconds[^1] - received.BeatSeconds[0]);
        Assert.AreEqual(rate, beatsPerMinute, 1.5, $"seed {Seed}");
    }

    [TestMethod]
    [DataRow(0.02)]
    [DataRow(0.004)]
    public void At_the_least_perfusion_no_wrong_number_comes(double perfusion)
    {
        ReceivedRecord received = Play(new SyntheticPulseOptions { PerfusionPercent = perfusion });
        foreach (ReceivedVital vital in received.Vitals.Where(v => v.Mdc == MdcCodes.PulseRate && v.Value is not null))
        {
            Assert.AreEqual(72, vital.Value!.Value, 3, $"seed {Seed}");
        }

        Assert.IsTrue(received.Vitals.Any(v => v.Absent is "weakSignal"), $"seed {Seed}");
    }

    [TestMethod]
    public void Perfusion_is_in_proportion_and_variability_shows_in_the_intervals()
    {
        double low = Perfusion(0.5);
        double high = Perfusion(5);
        Assert.AreEqual(10, high / low, 0.5);
        Assert.IsTrue(high is > 2.5 and < 5.5, "the band-pass takes a part of the pulsation, not most of it");
        double even = Scatter(0);
        double varied = Scatter(8);
        Assert.IsGreaterThan(2 * even, varied);
    }

    [TestMethod]
    public void The_table_is_its_source_at_each_row()
    {
        for (int percent = 60; percent <= 100; percent++)
        {
            Assert.AreEqual((110 - percent) / 25.0, PatientSaturation.RatioAt(percent), 1e-9);
        }

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => PatientSaturation.RatioAt(59.9));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => PatientSaturation.RatioAt(double.NaN));
    }

    private static double Perfusion(double percent) => PulseScore.Median(
        Play(new SyntheticPulseOptions { PerfusionPercent = percent }).Vitals.Where(v => v.Mdc == MdcCodes.PerfusionIndex && v.Value is not null).Select(v => v.Value!.Value));

    private static double Scatter(double variability)
    {
        IReadOnlyList<double> beats = Play(new SyntheticPulseOptions { VariabilityPercent = variability, BreathsPerMinute = 0 }).BeatSeconds;
        double[] intervals = beats.Skip(1).Zip(beats, (later, earlier) => later - earlier).ToArray();
        double mean = intervals.Average();
        return Math.Sqrt(intervals.Sum(i => (i - mean) * (i - mean)) / intervals.Length);
    }

    private static ReceivedRecord Play(SyntheticPulseOptions options)
    {
        ReferenceRecord record = new()
        {
            Name = "synthetic",
            Light = RecordedLight.Parse("unused", ["t_ms,ir,red,ambient", .. Enumerable.Range(0, 40).Select(i => $"{i},1,1,0")]),
            PlayUs = 24_000_000,
        };
        return EvaluationRun.Play(record, Seed, light: _ => new SyntheticPulse(options, new SeededRandom(Seed)));
    }
}
