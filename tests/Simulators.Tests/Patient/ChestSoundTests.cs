using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Kernel;
using Simulators.Patient;

namespace Simulators.Tests.Patient;

/// <summary>What a chest sounds like: on the heart's own clock, louder at some sites, and what disturbs it.</summary>
[TestClass]
public sealed class ChestSoundTests
{
    private const long SampleNs = 125_000;

    [TestMethod]
    [DataRow(50)]
    [DataRow(72)]
    [DataRow(120)]
    public void Each_beat_has_two_sounds_a_fixed_time_before_the_pulse_at_the_finger(int rate)
    {
        SyntheticPulse pulse = Pulse(rate);
        ChestSound chest = new(new ChestSoundOptions { RoomMilliVolt = 0, BreathMilliVolt = 0 }, pulse, new SeededRandom(1));
        double[] level = Levels(chest, 10, 20);
        List<int> begins = [];
        for (int i = 8; i < level.Length; i++)
        {
            if (level[i] > 15 && level.Skip(i - 8).Take(8).Max() < 15)
            {
                begins.Add(i);
            }
        }

        Assert.AreEqual(2 * rate * 10 / 60.0, begins.Count, 2.5, "sounds of 10 s");

        // Every other one lies 0.24 s before a foot of the pulse.
        int near = begins.Count(b =>
        {
            double beats = pulse.BeatsAt(10_000_000 + (b * 10_000L) + ChestSound.PulseDelayUs);
            double away = Math.Abs(beats - Math.Round(beats)) * 60 / rate;
            return away < 0.03;
        });
        Assert.AreEqual(rate * 10 / 60.0, near, 1.5);
    }

    [TestMethod]
    public void The_first_sound_is_loudest_at_the_apex_the_second_at_the_base_and_breath_over_the_lungs()
    {
        double Loud(ChestSite site, bool breath) => Levels(
            new ChestSound(new ChestSoundOptions { Site = site, RoomMilliVolt = 0, BreathMilliVolt = breath ? 20 : 0, HeartMilliVolt = breath ? 0 : 150 }, Pulse(70), new SeededRandom(2)), 10, 10).Max();
        Assert.IsTrue(Loud(ChestSite.Mitral, false) > Loud(ChestSite.Aortic, false));
        Assert.IsTrue(Loud(ChestSite.Aortic, false) > 5 * Loud(ChestSite.RightUpperLung, false));
        Assert.IsTrue(Loud(ChestSite.RightUpperLung, true) > 5 * Loud(ChestSite.Mitral, true));
    }

    [TestMethod]
    public void A_murmur_lies_between_the_sounds_that_it_is_named_after()
    {
        double[] none = Folded(ChestMurmur.None);
        double[] systolic = Folded(ChestMurmur.Systolic);
        double[] diastolic = Folded(ChestMurmur.Diastolic);
        double Sum(double[] folded, int from, int to) => folded[from..to].Sum();

        // At 60 /min: the first sound from 0, the second from 0.36 s.
        Assert.IsTrue(Sum(systolic, 16, 34) > 5 * Sum(none, 16, 34));
        Assert.AreEqual(Sum(none, 60, 90), Sum(systolic, 60, 90), 1);
        Assert.IsTrue(Sum(diastolic, 50, 90) > 5 * Sum(none, 50, 90));
        Assert.AreEqual(Sum(none, 16, 34), Sum(diastolic, 16, 34), 1);
    }

    [TestMethod]
    public void A_third_and_a_fourth_sound_come_where_they_belong()
    {
        double[] plain = Folded(ChestMurmur.None);
        double[] both = Folded(ChestMurmur.None, third: true, fourth: true);
        Assert.IsTrue(both[50..59].Sum() > 20 + plain[50..59].Sum(), "0.14 s behind the second");
        Assert.IsTrue(both[89..97].Sum() > 20 + plain[89..97].Sum(), "0.11 s before the next first");
    }

    [TestMethod]
    public void A_lifted_chestpiece_hears_the_room_alone_and_the_same_seed_gives_the_same_sound()
    {
        ChestSound chest = new(new ChestSoundOptions { RoomMilliVolt = 1 }, Pulse(70), new SeededRandom(3)) { IsLifted = true };
        Assert.IsTrue(Levels(chest, 10, 5).Max() <= 1);
        chest.AmbientMilliVolt = 50;
        Assert.IsTrue(Levels(chest, 10, 5).Average() > 10);
        ChestSound again = new(new ChestSoundOptions { RoomMilliVolt = 1 }, Pulse(70), new SeededRandom(3));
        ChestSound first = new(new ChestSoundOptions { RoomMilliVolt = 1 }, Pulse(70), new SeededRandom(3));
        for (long ns = 0; ns < 1_000_000_000; ns += SampleNs)
        {
            Assert.AreEqual(first.NanoVoltAt(ns), again.NanoVoltAt(ns));
        }
    }

    private static SyntheticPulse Pulse(int rate) => new(new SyntheticPulseOptions { RateBpm = rate, BreathsPerMinute = 0 }, new SeededRandom(7));

    // Loudest of each 10 ms, mV.
    private static double[] Levels(ChestSound chest, int fromSecond, int seconds)
    {
        double[] levels = new double[seconds * 100];
        seconds = Math.Min(seconds, 10);
        for (int i = 0; i < seconds * 100; i++)
        {
            for (int k = 0; k < 80; k++)
            {
                long ns = (fromSecond * 1_000_000_000L) + ((((long)i * 80) + k) * SampleNs);
                levels[i] = Math.Max(levels[i], Math.Abs(chest.NanoVoltAt(ns)) / 1e6);
            }
        }

        return levels[..(seconds * 100)];
    }

    // Eight beats of exactly a second, laid over each other; the first sound begins at 0.
    private static double[] Folded(ChestMurmur murmur, bool third = false, bool fourth = false)
    {
        ChestSound chest = new(
            new ChestSoundOptions { Site = ChestSite.Tricuspid, Murmur = murmur, RoomMilliVolt = 0, BreathMilliVolt = 0, HasThird = third, HasFourth = fourth },
            Pulse(60),
            new SeededRandom(5));
        double[] folded = new double[100];
        for (int i = 0; i < 800; i++)
        {
            for (int k = 0; k < 80; k++)
            {
                long ns = 9_760_000_000 + ((((long)i * 80) + k) * SampleNs);
                folded[i % 100] = Math.Max(folded[i % 100], Math.Abs(chest.NanoVoltAt(ns)) / 1e6);
            }
        }

        return folded;
    }
}
