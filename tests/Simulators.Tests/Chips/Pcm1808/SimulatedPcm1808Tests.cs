using System;
using System.Buffers.Binary;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Chips;
using Simulators.Kernel;

namespace Simulators.Tests.Chips;

/// <summary>The simulated chip against SLES177A, by the bus alone.</summary>
[TestClass]
public sealed class SimulatedPcm1808Tests
{
    private readonly ManualClock _clock = new();

    [TestMethod]
    public void After_the_start_it_gives_zeros_then_a_rising_copy_then_the_sound()
    {
        SimulatedPcm1808 simulated = Make(new Pcm1808Options { HasNoise = false });
        simulated.SetInput(ns => ns / 125_000 % 2 == 0 ? 750_000_000 : -750_000_000); // half of full scale at every other sample
        short[] left = Frames(simulated, 20_000);
        Assert.IsTrue(left[..SimulatedPcm1808.ZeroFrames].All(s => s == 0));
        Assert.IsTrue(left[SimulatedPcm1808.ZeroFrames..(SimulatedPcm1808.ZeroFrames + 100)].All(s => Math.Abs((int)s) < 250));
        int half = SimulatedPcm1808.ZeroFrames + (SimulatedPcm1808.FadeInFrames / 2);
        Assert.AreEqual(8192, Math.Abs((int)left[half]), 60);
        Assert.IsTrue(left[(SimulatedPcm1808.ZeroFrames + SimulatedPcm1808.FadeInFrames)..].All(s => Math.Abs(Math.Abs((int)s) - 16_384) < 60));
    }

    [TestMethod]
    public void Its_noise_is_a_third_of_a_count_and_its_ends_are_those_of_sixteen_bits()
    {
        SimulatedPcm1808 simulated = Make(new Pcm1808Options());
        short[] quiet = Frames(simulated, 60_000)[20_000..];
        double mean = quiet.Average(s => (double)s);
        double rms = Math.Sqrt(quiet.Average(s => (s - mean) * (s - mean)));
        Assert.IsTrue(rms is > 0.2 and < 0.7, $"{rms} counts");
        simulated = Make(new Pcm1808Options { HasNoise = false });
        simulated.SetInput(ns => ns / 125_000 % 2 == 0 ? 4_000_000_000 : -4_000_000_000);
        short[] loud = Frames(simulated, 20_000)[18_000..];
        Assert.IsTrue(loud.Max() >= short.MaxValue - 8);
        Assert.IsTrue(loud.Min() <= short.MinValue + 8);
    }

    [TestMethod]
    public void A_lasting_offset_is_taken_away_within_seconds_and_a_heart_sound_is_not()
    {
        SimulatedPcm1808 simulated = Make(new Pcm1808Options { HasNoise = false });
        simulated.SetInput(_ => 750_000_000);
        short[] left = Frames(simulated, 120_000);
        Assert.IsTrue(Math.Abs((int)left[^1]) < 20, $"{left[^1]}");
        simulated = Make(new Pcm1808Options { HasNoise = false });
        simulated.SetInput(ns => ns % 50_000_000 < 25_000_000 ? 300_000_000 : -300_000_000); // 20 Hz
        left = Frames(simulated, 60_000)[40_000..];
        Assert.IsTrue(left.Max() > 6_300 && left.Min() < -6_300);
    }

    [TestMethod]
    public void Frames_come_in_whole_buffers_at_the_clocks_rate()
    {
        foreach (int ppm in new[] { 0, 200, -200 })
        {
            SimulatedPcm1808 simulated = Make(new Pcm1808Options { DriftPpm = ppm });
            long total = 0;
            for (int i = 0; i < 1000; i++)
            {
                _clock.Advance(100_000);
                int waiting = simulated.Waiting();
                Assert.AreEqual(0, waiting % SimulatedPcm1808.BufferFrames);
                simulated.Take(new byte[waiting * 4], waiting);
                total += waiting;
            }

            Assert.AreEqual(800_000 + (0.8 * ppm), total, SimulatedPcm1808.BufferFrames);
            Assert.AreEqual(0, simulated.Overwritten);
        }
    }

    [TestMethod]
    public void What_is_not_taken_in_time_is_overwritten_and_counted()
    {
        SimulatedPcm1808 simulated = Make(new Pcm1808Options());
        _clock.Advance(1_000_000);
        Assert.AreEqual(SimulatedPcm1808.BufferFrames * SimulatedPcm1808.Buffers, simulated.Waiting());
        Assert.AreEqual(8000 - (8000 % SimulatedPcm1808.BufferFrames) - (SimulatedPcm1808.BufferFrames * SimulatedPcm1808.Buffers), simulated.Overwritten);
    }

    [TestMethod]
    public void Its_faults_look_as_they_do_on_the_bus()
    {
        SimulatedPcm1808 simulated = Make(new Pcm1808Options());
        simulated.SetInput(ns => ns / 1_000_000 % 2 == 0 ? 100_000_000 : -100_000_000);
        Frames(simulated, 20_000);
        simulated.Fault = Pcm1808Fault.DataStuckLow;
        Assert.IsTrue(Frames(simulated, 2_000).All(s => s == 0));
        simulated.Fault = Pcm1808Fault.DataStuckHigh;
        Assert.IsTrue(Frames(simulated, 2_000).All(s => s == -1));
        simulated.Fault = Pcm1808Fault.SlotsSwapped;
        Assert.IsTrue(Frames(simulated, 2_000).All(s => Math.Abs((int)s) < 3), "the empty input");
        simulated.Fault = Pcm1808Fault.CableLoose;
        Assert.IsTrue(Frames(simulated, 2_000).Count(s => s is > 32_000 or < -32_000) > 1_900);
        simulated.Fault = Pcm1808Fault.ClockHalted;
        simulated.Take(new byte[4 * simulated.Waiting()], simulated.Waiting());
        _clock.Advance(500_000);
        Assert.AreEqual(0, simulated.Waiting());
        simulated.Fault = Pcm1808Fault.None;
        Assert.IsTrue(Frames(simulated, 5_000)[512..].All(s => s == 0), "it powers up anew");
    }

    [TestMethod]
    public void A_wide_slot_keeps_the_whole_word()
    {
        SimulatedPcm1808 simulated = Make(new Pcm1808Options { HasNoise = false, SlotBits = 32 });
        simulated.SetInput(ns => ns / 125_000 % 2 == 0 ? 300_000_123 : -300_000_123);
        Frames(simulated, 20_000);
        _clock.Advance(100_000);
        byte[] frames = new byte[8 * SimulatedPcm1808.BufferFrames];
        simulated.Take(frames, SimulatedPcm1808.BufferFrames);
        int left = BinaryPrimitives.ReadInt32LittleEndian(frames);
        Assert.AreEqual(0, left & 0xFF, "24 bits in the upper part");
        Assert.AreEqual(300_000_123.0 / 1_500_000_000 * (1L << 31), Math.Abs((double)left), 400_000);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Make(new Pcm1808Options { SlotBits = 24 }));
    }

    private SimulatedPcm1808 Make(Pcm1808Options options)
    {
        SimulatedPcm1808 simulated = new(_clock, new SeededRandom(1), options);
        simulated.StartClocks();
        return simulated;
    }

    private short[] Frames(SimulatedPcm1808 simulated, int count)
    {
        short[] left = new short[count];
        byte[] bytes = new byte[simulated.BytesPerFrame * SimulatedPcm1808.BufferFrames];
        int at = 0;
        while (at < count)
        {
            int some = Math.Min(Math.Min(simulated.Waiting(), SimulatedPcm1808.BufferFrames), count - at);
            if (some == 0)
            {
                _clock.Advance(10_000);
                continue;
            }

            simulated.Take(bytes, some);
            for (int i = 0; i < some; i++)
            {
                left[at++] = (short)(simulated.BytesPerFrame == 4 ? BinaryPrimitives.ReadInt16LittleEndian(bytes.AsSpan(4 * i)) : BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8 * i)) >> 16);
            }
        }

        return left;
    }
}
