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
        Assert.IsTrue(tally.Coverage >= 0.95 && tally.Irregular * 50 <= tally.Given, tally.ToString());
    }

    [TestMethod]
    [DataRow(0.0, 0.15, 0.7, 0.95, 0.9)]
    [DataRow(0.15, 0.3, 0.7, 0.95, 0.8)]
    [DataRow(0.3, 0.4, 0.7, 0.95, 0.3)]
    [DataRow(0.0, 0.2, 0.5, 0.7, 0.6)]
    [DataRow(0.2, 0.4, 0.5, 0.7, 0.3)]
    public void Beats_that_come_early_and_weak_in_turn_are_never_counted_as_half(double earliest, double latest, double lowest, double highest, double coverage)
    {
        SeededRandom random = new(18);
        Tally tally = new();
        for (int i = 0; i < 20; i++)
        {
            double early = earliest + ((latest - earliest) * random.NextDouble());
            double height = lowest + ((highest - lowest) * random.NextDouble());
            double jitter = 0.02 * random.NextDouble();
            tally.Play(new MadeUpLight(
                50 + (80 * random.NextDouble()),
                random.NextUInt64(),
                (beat, own) => ((beat % 2 == 0 ? 1 - early : 1 + early) + (jitter * ((2 * own.NextDouble()) - 1)), beat % 2 == 0 ? height : 1))
            {
                SecondAt = 0.28,
            });
        }

        // Beats below half of the others' height are not drawn: within 0.45 s of the beat before some of them are taken for its second wave (README).
        Say(tally);
        Assert.IsTrue(tally.Wrong == 0 && tally.Coverage >= coverage, tally.ToString());
        Assert.IsTrue(earliest < 0.15 || tally.Irregular * 100 >= tally.Given * 95, tally.ToString());
    }

    [TestMethod]
    [DataRow(0.5, 2)]
    [DataRow(1.0, 9)]
    public void Of_a_fibrillating_pulse_whose_early_beats_are_weak_few_values_are_wrong_and_all_say_that_they_are_irregular(double weak, int wrongPercent)
    {
        SeededRandom random = new(19);
        Tally tally = new();
        for (int i = 0; i < 40; i++)
        {
            double rate = 60 + (70 * random.NextDouble());
            double spread = 1.7 * (0.2 + (0.2 * random.NextDouble()));
            tally.Play(new MadeUpLight(rate, random.NextUInt64(), (_, own) =>
            {
                // Source: the atrioventricular node passes no beat within a third of a second.
                double interval = Math.Max(0.33 * rate / 60, 1 + (spread * ((2 * own.NextDouble()) - 1)));
                return (interval, Math.Clamp(1 + (weak * (interval - 1)), 0.2, 1.5));
            })
            {
                SecondAt = 0.26,
            });
        }

        Say(tally);
        Assert.IsTrue(tally.Wrong * 100 <= wrongPercent * tally.Given && tally.Coverage >= 0.7, tally.ToString());
        Assert.IsTrue(tally.Irregular * 100 >= tally.Given * 95, tally.ToString());
    }

    [TestMethod]
    [DataRow(0.97)]
    [DataRow(1.0)]
    [DataRow(1.03)]
    public void A_tremor_of_a_finger_without_blood_has_no_pulse(double red)
    {
        SeededRandom random = new(20);
        Tally tally = new();
        for (int i = 0; i < 40; i++)
        {
            double hz = 1.2 + (3.3 * random.NextDouble());
            double phase = random.NextDouble();
            double share = 0.002 + (0.04 * random.NextDouble());
            ulong seed = random.NextUInt64();
            double jitter = i % 2 == 0 ? 0 : 0.1;
            tally.Play(new MadeUpLight(72, seed) { Perfusion = 0, RedGain = red, Common = s => share * Math.Sin(2 * Math.PI * ((hz * s) + phase + (jitter * MadeUpLight.Motion(seed, s)))) });
        }

        Say(tally);
        Assert.IsTrue(tally.Given * 20 <= tally.Results && tally.Saturations * 20 <= tally.Results, tally.ToString());
    }

    [TestMethod]
    [DataRow(0.003, 0.05, 0.5)]
    [DataRow(0.01, 0.01, 0.6)]
    [DataRow(0.02, 0.01, 0.5)]
    public void A_tremor_that_grows_and_fades_leaves_a_saturation(double share, double wrong, double coverage)
    {
        SeededRandom random = new(21);
        Tally tally = new();
        for (int i = 0; i < 40; i++)
        {
            double hz = 1.5 + (3 * random.NextDouble());
            double phase = random.NextDouble();
            double swell = random.NextDouble();
            tally.Play(new MadeUpLight(50 + (60 * random.NextDouble()), random.NextUInt64())
            {
                Ratio = 0.4 + (0.8 * random.NextDouble()),
                NoiseCounts = 30,
                Common = s => share * (0.5 + (0.5 * Math.Sin(2 * Math.PI * ((0.1 * s) + swell)))) * Math.Sin(2 * Math.PI * ((hz * s) + phase)),
            });
        }

        Say(tally);
        Assert.IsTrue(tally.WrongSaturations <= wrong * tally.Saturations && tally.Saturations >= coverage * tally.Results, tally.ToString());
        Assert.IsTrue(tally.Wrong * 100 <= tally.Given && tally.Coverage >= 0.5, tally.ToString());
    }

    [TestMethod]
    public void Motion_without_a_rhythm_leaves_hardly_any_wrong_saturation()
    {
        SeededRandom random = new(22);
        Tally tally = new();
        for (int i = 0; i < 40; i++)
        {
            ulong seed = random.NextUInt64();
            tally.Play(new MadeUpLight(50 + (60 * random.NextDouble()), seed) { Ratio = 0.4 + (0.6 * random.NextDouble()), Common = s => 0.01 * MadeUpLight.Motion(seed, s) });
        }

        Say(tally);
        Assert.IsTrue(tally.WrongSaturations * 100 <= 4 * tally.Results && tally.Wrong * 100 <= tally.Given, tally.ToString());
    }

    [TestMethod]
    public void Blood_that_both_lights_show_alike_has_values_unless_its_difference_is_noise()
    {
        SeededRandom random = new(23);
        Tally tally = new();
        for (int i = 0; i < 20; i++)
        {
            tally.Play(new MadeUpLight(50 + (80 * random.NextDouble()), random.NextUInt64(), irregular: 0.03)
            {
                Ratio = 0.94 + (0.12 * random.NextDouble()),
                Perfusion = 0.005 + (0.015 * random.NextDouble()),
            });
        }

        Say(tally);
        Assert.AreEqual(0, tally.Wrong + tally.WrongSaturations, tally.ToString());
        Assert.IsTrue(tally.Coverage >= 0.8 && tally.Saturations >= 0.8 * tally.Results, tally.ToString());
    }

    [TestMethod]
    public void A_strong_pulse_is_measured_as_a_usual_one()
    {
        SeededRandom random = new(24);
        Tally tally = new();
        for (int i = 0; i < 20; i++)
        {
            tally.Play(new MadeUpLight(45 + (90 * random.NextDouble()), random.NextUInt64(), irregular: 0.02) { Perfusion = 0.03 + (0.17 * random.NextDouble()) });
        }

        Say(tally);
        Assert.IsTrue(tally.Wrong == 0 && tally.Coverage >= 0.95 && tally.Irregular * 50 <= tally.Given, tally.ToString());
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
    [DataRow(50, 5_000)]
    [DataRow(25, 5_000)]
    [DataRow(50, 50)]
    [DataRow(50, 500_000)]
    public void The_autocorrelation_finds_the_period_of_a_wave(int perSecond, int height)
    {
        for (int rate = 32; rate <= 230; rate += 11)
        {
            PulseAutocorrelation correlation = new(perSecond);
            for (int i = 0; i < 12 * perSecond; i++)
            {
                correlation.Next((int)(height * Math.Sin(2 * Math.PI * i * rate / 60 / perSecond)));
                if ((i + 1) % perSecond == 0)
                {
                    correlation.EndSecond(isCalm: i > 2 * perSecond);
                }
            }

            double found = 60.0 * 25 * 16 / correlation.PeriodSixteenths;
            Assert.AreEqual(rate, found, 0.03 * rate);
            Assert.IsTrue(correlation.StrengthThousandths > 850, $"{rate}: {correlation.StrengthThousandths}");
            Assert.IsTrue(correlation.IsSmooth, $"{rate}");
            correlation.EndSecond(isCalm: false);
            Assert.AreEqual(0, correlation.PeriodSixteenths);
        }
    }

    [TestMethod]
    [DataRow(50)]
    [DataRow(25)]
    public void What_is_left_when_a_regular_motion_is_taken_away_has_the_ratio_of_the_blood(int perSecond)
    {
        const int Mean = 100_000;
        for (int lag = 7; lag <= 20; lag++)
        {
            // At 25 samples a second whole periods alone are taken away well.
            double hz = (perSecond == 25 ? 25 : 24.6) / lag;
            PulseAutocorrelation all = new(perSecond);
            PulseAutocorrelation difference = new(perSecond);
            MotionComb comb = new(perSecond);
            for (int i = 0; i < 14 * perSecond; i++)
            {
                double at = (double)i / perSecond;
                double blood = 3_000 * Math.Sin(2 * Math.PI * 0.87 * at);
                double motion = 20_000 * Math.Sin(2 * Math.PI * hz * at);
                int red = (int)((0.55 * blood) + motion);
                int infrared = (int)(blood + motion);
                all.Next(infrared);
                difference.Next(infrared - red);
                comb.Next(red, infrared);
                if ((i + 1) % perSecond == 0)
                {
                    all.EndSecond(isCalm: true);
                    difference.EndSecond(isCalm: true);
                    comb.EndSecond();
                    comb.FindPeriod(all, difference);
                }
            }

            comb.Measure(8, Mean, Mean);
            Assert.AreEqual(5_500, comb.RatioTenThousandths, 350, $"{hz} Hz");
            Assert.AreEqual(5_500, comb.BloodRatioTenThousandths, 350, $"{hz} Hz");
            Assert.IsTrue(comb.GainPercent > 200, $"{hz} Hz: {comb.GainPercent}");
            comb.Reset();
            comb.Measure(8, Mean, Mean);
            Assert.AreEqual(0, comb.RatioTenThousandths + comb.GainPercent);
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
