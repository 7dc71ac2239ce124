using System;
using Firmware.Core;
using Firmware.Signals.Optical;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Kernel;

namespace Firmware.Tests.Host;

/// <summary>
/// What makes a pulse wrong with confidence, over drawn rates, heights, times and seeds: a value more than 10 per minute off is wrong, whatever flags it has.
/// </summary>
[TestClass]
public sealed class PulseRecipeTests
{
    private const int PerSecond = 50;
    private const double Seconds = 45;
    private const int MinQuality = 50;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("0.38 s behind systole")]
    [DataRow("half a period behind systole")]
    [DataRow("0.3 to 0.6 periods behind systole")]
    public void A_second_wave_is_no_beat(string where)
    {
        SeededRandom random = new(11);
        Tally tally = new();
        for (int i = 0; i < 60; i++)
        {
            double rate = 40 + (120 * random.NextDouble());
            double height = 0.2 + (0.3 * random.NextDouble());
            double part = 0.3 + (0.3 * random.NextDouble());
            double at = where[0] == 'h' ? 0.5 * 60 / rate : where.Contains("periods", StringComparison.Ordinal) ? part * 60 / rate : 0.38;
            MadeUpLight light = new(rate, random.NextUInt64(), irregular: 0.02 * random.NextDouble(), secondHeight: height) { SecondAt = at, NoiseCounts = 40 * random.NextDouble() };
            tally.Play(light);
        }

        Say(tally);
        Assert.IsTrue(tally.Wrong * 100 <= tally.Given && tally.Coverage >= 0.70, tally.ToString());
    }

    [TestMethod]
    [DataRow(0.003)]
    [DataRow(0.005)]
    [DataRow(0.01)]
    public void A_tremor_of_both_lights_is_no_pulse(double share)
    {
        SeededRandom random = new(12);
        Tally tally = new();
        for (int i = 0; i < 20; i++)
        {
            double phase = random.NextDouble();
            double hz = i % 2 == 0 ? 2.2 : 1.5 + (3 * random.NextDouble());
            tally.Play(new MadeUpLight(50 + (60 * random.NextDouble()), random.NextUInt64())
            {
                Ratio = 0.4 + (0.3 * random.NextDouble()),
                Common = s => share * Math.Sin(2 * Math.PI * ((hz * s) + phase)),
            });
        }

        Say(tally);
        Assert.IsTrue(tally.Wrong * 100 <= tally.Given && tally.Coverage >= 0.6, tally.ToString());

        // A tremor smaller than the pulse is not always told from noise of the red light: wrong ones are rare, not none.
        Assert.IsTrue(tally.WrongSaturations * 50 <= tally.Results, tally.ToString());
    }

    [TestMethod]
    public void Wander_of_several_pulsations_withholds_nothing()
    {
        SeededRandom random = new(13);
        Tally tally = new();
        for (int i = 0; i < 20; i++)
        {
            double phase = random.NextDouble();
            tally.Play(new MadeUpLight(45 + (90 * random.NextDouble()), random.NextUInt64()) { Common = s => 0.02 * Math.Sin(2 * Math.PI * ((0.25 * s) + phase)) });
        }

        Say(tally);
        Assert.IsTrue(tally.Wrong * 100 <= tally.Given && tally.Coverage >= 0.85, tally.ToString());
        Assert.IsTrue(tally.WrongSaturations * 100 <= tally.Saturations && tally.Saturations * 2 > tally.Results, tally.ToString());
    }

    [TestMethod]
    public void A_short_motion_leaves_no_wrong_value_behind()
    {
        SeededRandom random = new(14);
        Tally tally = new();
        for (int i = 0; i < 20; i++)
        {
            ulong seed = random.NextUInt64();
            double from = 15 + (10 * random.NextDouble());
            tally.Play(new MadeUpLight(45 + (90 * random.NextDouble()), seed) { Common = s => s < from || s > from + 3 ? 0 : 0.05 * MadeUpLight.Motion(seed, s) });
        }

        Say(tally);
        Assert.IsTrue(tally.Wrong * 100 <= tally.Given && tally.Coverage >= 0.5, tally.ToString());
        Assert.IsTrue(tally.WrongSaturations * 100 <= tally.Saturations, tally.ToString());
    }

    [TestMethod]
    [DataRow(0.25, 50, 130, 0.7)]
    [DataRow(0.35, 50, 100, 0.5)]
    public void An_irregular_pulse_has_a_value_that_says_so(double irregular, int slowest, int fastest, double coverage)
    {
        SeededRandom random = new(15);
        Tally tally = new();
        for (int i = 0; i < 20; i++)
        {
            tally.Play(new MadeUpLight(slowest + ((fastest - slowest) * random.NextDouble()), random.NextUInt64(), irregular) { SecondAt = 0.25 });
        }

        Say(tally);
        Assert.IsTrue(tally.Wrong * 100 <= tally.Given && tally.Coverage >= coverage, tally.ToString());
        Assert.IsTrue(tally.Irregular * 100 >= tally.Given * 60, tally.ToString());
    }

    [TestMethod]
    public void A_slow_and_even_pulse_has_a_value_and_is_seldom_called_irregular()
    {
        SeededRandom random = new(16);
        Tally tally = new();
        for (int i = 0; i < 20; i++)
        {
            tally.Play(new MadeUpLight(33 + (7 * random.NextDouble()), random.NextUInt64(), irregular: 0.02));
        }

        Say(tally);
        Assert.AreEqual(0, tally.Wrong, tally.ToString());
        Assert.IsTrue(tally.Coverage >= 0.9 && tally.Irregular * 4 <= tally.Given, tally.ToString());
    }

    [TestMethod]
    [DataRow(0.01)]
    [DataRow(0.06)]
    public void Motion_alone_has_no_pulse(double share)
    {
        SeededRandom random = new(17);
        Tally tally = new();
        for (int i = 0; i < 20; i++)
        {
            ulong seed = random.NextUInt64();
            tally.Play(new MadeUpLight(72, seed) { Perfusion = 0, Common = s => share * MadeUpLight.Motion(seed, s) });
        }

        Say(tally);
        Assert.IsTrue(tally.Given * 100 <= tally.Results, tally.ToString());
    }

    [TestMethod]
    [DataRow(50)]
    [DataRow(25)]
    public void The_autocorrelation_finds_the_period_of_a_wave(int perSecond)
    {
        for (int rate = 32; rate <= 230; rate += 11)
        {
            PulseAutocorrelation correlation = new(perSecond);
            for (int i = 0; i < 12 * perSecond; i++)
            {
                correlation.Next((int)(5000 * Math.Sin(2 * Math.PI * i * rate / 60 / perSecond)));
                if ((i + 1) % perSecond == 0)
                {
                    correlation.EndSecond(isCalm: i > 2 * perSecond);
                }
            }

            double found = 60.0 * 25 * 16 / correlation.PeriodSixteenths;
            Assert.AreEqual(rate, found, 0.03 * rate);
            Assert.IsTrue(correlation.StrengthThousandths > 850, $"{rate}: {correlation.StrengthThousandths}");
            correlation.EndSecond(isCalm: false);
            Assert.AreEqual(0, correlation.PeriodSixteenths);
        }
    }

    private void Say(Tally tally) => TestContext.WriteLine(tally.ToString());

    private sealed class Tally
    {
        public int Wrong { get; private set; }

        public int Given { get; private set; }

        public int Results { get; private set; }

        public int Irregular { get; private set; }

        public int Saturations { get; private set; }

        public int WrongSaturations { get; private set; }

        public double Coverage => (double)Given / Results;

        public void Play(MadeUpLight light)
        {
            PulseOximetry analysis = new(SaturationCurve.Default(), PerSecond);
            double saturation = SaturationCurve.Default().SaturationTenths((int)(light.Ratio * 10_000));
            for (int i = 0; i < Seconds * PerSecond; i++)
            {
                double at = (double)i / PerSecond;
                (int red, int infrared) = light.At(at);
                analysis.Add(red, infrared);
                if (!analysis.HasNewResults || at < 12)
                {
                    continue;
                }

                Results++;
                if (analysis.PulseAbsence == AbsenceReason.None && analysis.PulseQuality >= MinQuality)
                {
                    Given++;
                    Irregular += analysis.IsPulseIrregular ? 1 : 0;
                    double truth = light.RateBetween(at - 0.6 - (analysis.PulseWindowMs / 1000.0), at - 0.6);
                    Wrong += Math.Abs((analysis.PulseRateTenths / 10.0) - truth) > 10 ? 1 : 0;
                }

                if (analysis.SaturationAbsence == AbsenceReason.None && analysis.SaturationQuality >= MinQuality)
                {
                    Saturations++;
                    WrongSaturations += Math.Abs(analysis.SaturationTenths - saturation) > 50 ? 1 : 0;
                }
            }
        }

        public override string ToString() => $"{Wrong} of {Given} rates wrong, coverage {Coverage:0.000}, irregular {Irregular}; {WrongSaturations} of {Saturations} saturations wrong";
    }
}
