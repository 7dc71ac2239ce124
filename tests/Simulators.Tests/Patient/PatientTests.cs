using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Kernel;
using Simulators.Patient;

namespace Simulators.Tests.Patient;

[TestClass]
public sealed class PatientTests
{
    private const string Bidmc = "ppg_adu,ecg_mv1000";
    private const string Oxiwear = "t_ms,ir,red,ambient";

    [TestMethod]
    public void A_synthetic_pulse_has_the_rate_perfusion_and_ratio_asked_for()
    {
        SyntheticPulse pulse = new(
            new SyntheticPulseOptions { RateBpm = 90, PerfusionPercent = 2, Ratio = 0.7, NoiseCounts = 0, BreathsPerMinute = 0 }, new SeededRandom(1));
        List<OpticalSample> samples = [];
        for (int i = 0; i < 2000; i++)
        {
            samples.Add(pulse.At(i * 10_000L));
        }

        double infrared = (samples.Max(s => s.InfraredCounts) - samples.Min(s => s.InfraredCounts)) / 120_000;
        double red = (samples.Max(s => s.RedCounts) - samples.Min(s => s.RedCounts)) / 110_000;
        Assert.AreEqual(0.02, infrared, 0.0005);
        Assert.AreEqual(0.7, red / infrared, 0.001);
        double mean = samples.Average(s => s.InfraredCounts);
        int falls = 0;
        for (int i = 1; i < samples.Count; i++)
        {
            falls += samples[i - 1].InfraredCounts >= mean && samples[i].InfraredCounts < mean ? 1 : 0;
        }

        Assert.AreEqual(30, falls, 1, "20 s at 90 beats per minute");
    }

    [TestMethod]
    public void Light_is_a_function_of_time_and_seed_and_darkness_follows_the_finger()
    {
        SyntheticPulse one = new(new SyntheticPulseOptions(), new SeededRandom(4));
        SyntheticPulse two = new(new SyntheticPulseOptions(), new SeededRandom(4));
        OpticalSample later = one.At(7_000_000);
        one.At(1_000_000);
        Assert.AreEqual(later, one.At(7_000_000));
        Assert.AreEqual(later, two.At(7_000_000));
        Assert.AreNotEqual(later, new SyntheticPulse(new SyntheticPulseOptions(), new SeededRandom(5)).At(7_000_000));
        one.FingerOff(8_000_000);
        Assert.IsLessThan(2000, one.At(8_000_000).InfraredCounts);
        Assert.IsGreaterThan(100_000, one.At(7_999_999).InfraredCounts);
    }

    [TestMethod]
    public void A_thermometer_settles_with_its_time_constant()
    {
        ContactTemperature skin = new(20_000, 34_000, 6_000_000);
        Assert.AreEqual(20_000, skin.MilliCelsiusAt(1_000_000));
        skin.Touch(1_000_000);
        Assert.AreEqual(20_000 + (14_000 * (1 - Math.Exp(-1))), skin.MilliCelsiusAt(7_000_000), 1, "one time constant");
        Assert.AreEqual(34_000, skin.MilliCelsiusAt(400_000_000));
        skin.Release(400_000_000);
        Assert.IsLessThan(34_000, skin.MilliCelsiusAt(410_000_000));
        Assert.AreEqual(34_000, skin.MilliCelsiusAt(399_000_000), "a chip may be asked late for what it measured before");
    }

    [TestMethod]
    public void Decay_is_the_exponential_function()
    {
        for (double x = 0; x < 39; x += 0.37)
        {
            Assert.AreEqual(1, Shape.Decay(x) / Math.Exp(-x), 1e-8, $"{x}");
        }

        Assert.AreEqual(0, Shape.Decay(40));
    }

    [TestMethod]
    public void Bidmc_is_inverted_and_scaled_to_its_level_and_pulsation()
    {
        List<string> lines = [Bidmc];
        for (int i = 0; i < 1000; i++)
        {
            lines.Add((i % 125 < 60 ? "400" : "600") + ",0");
        }

        RecordedLight light = RecordedLight.Parse("b.csv", lines);
        Assert.AreEqual(999 * 8000, light.DurationUs);
        OpticalSample low = light.At(0);
        OpticalSample high = light.At(70 * 8000);
        Assert.AreEqual(1200, low.InfraredCounts - high.InfraredCounts, 1e-6, "1 % of 120,000, and light falls as volume rises");
        Assert.AreEqual(720, low.RedCounts - high.RedCounts, 1e-6);
        double mean = Enumerable.Range(0, 1000).Average(i => light.At(i * 8000L).InfraredCounts);
        Assert.AreEqual(120_000, mean, 1e-3);
        double middle = light.At((59 * 8000) + 4000).InfraredCounts;
        Assert.AreEqual((low.InfraredCounts + high.InfraredCounts) / 2, middle, 1e-6, "linear between samples");
    }

    [TestMethod]
    public void Oxiwear_drops_its_first_samples_and_keeps_its_counts()
    {
        List<string> lines = [Oxiwear];
        for (int i = 0; i < 40; i++)
        {
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{i * 15.6:0.0},{78_000 + i},{99_000 + i},12"));
        }

        RecordedLight light = RecordedLight.Parse("o.csv", lines);
        Assert.AreEqual(8, light.Count);
        Assert.AreEqual(new OpticalSample(99_032, 78_032), light.At(0));
        Assert.AreEqual(new OpticalSample(99_039, 78_039), light.At(light.DurationUs));
        Assert.AreEqual(109_200, light.DurationUs, "39 and 32 times 15.6 ms apart, to a tenth of a ms");
    }

    [TestMethod]
    [DataRow("S3202", 1, "a,b,c")]
    [DataRow("S3203", 3, Oxiwear, "0,1,1,1", "x,1,1,1")]
    [DataRow("S3203", 2, Oxiwear, "0,1,1")]
    [DataRow("S3203", 2, Oxiwear, "0,NaN,1,1")]
    [DataRow("S3204", 2, Oxiwear, "0,262144,1,1")]
    [DataRow("S3204", 2, Oxiwear, "0,1,-1,1")]
    [DataRow("S3205", 3, Oxiwear, "5,1,1,1", "5,1,1,1")]
    [DataRow("S3206", 0, Oxiwear, "5,1,1,1")]
    [DataRow("S3206", 0, Bidmc, "5,1")]
    [DataRow("S3203", 2, Bidmc, ",1")]
    public void A_wrong_recording_is_refused_with_code_and_line(string code, int line, params string[] lines)
    {
        RecordingException e = Assert.ThrowsExactly<RecordingException>(() => RecordedLight.Parse("r.csv", lines));
        Assert.AreEqual(code, e.Faults[0].Code, e.Message);
        Assert.AreEqual(line, e.Faults[0].Line, e.Message);
        Assert.AreEqual("r.csv", e.Faults[0].File);
    }
}
