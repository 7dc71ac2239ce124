using System;
using System.Collections.Generic;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Chips;
using Simulators.Kernel;

namespace Simulators.Tests.Chips;

/// <summary>The simulated chip against the published frames, by the line alone.</summary>
[TestClass]
public sealed class SimulatedSunTechNibpTests
{
    private readonly ManualClock _clock = new();

    [TestMethod]
    public void It_answers_as_the_published_frames_say()
    {
        SimulatedSunTechNibp simulated = new(_clock);
        CollectionAssert.AreEqual(new byte[] { 0x3E, 0x05, 0x00, 0x00, 0xBD }, Ask(simulated, 0x3A, 0x79, 0x05, 0x00, 0x48));
        CollectionAssert.AreEqual(new byte[] { 0x3E, 0x04, 0x4F, 0x6F }, Ask(simulated, 0x3A, 0x17, 0xA0, 0x00, 0x0F));
        CollectionAssert.AreEqual(new byte[] { 0x3E, 0x04, 0x4B, 0x73 }, Ask(simulated, 0x3A, 0x79, 0x01, 0x00, 0x4C));
        Assert.HasCount(0x43, Ask(simulated, 0x3A, 0x00, 0xC6));
        Assert.HasCount(0x18, Ask(simulated, 0x3A, 0x79, 0x03, 0x00, 0x4A));
        Assert.HasCount(0, Ask(simulated, 0x3A, 0x79, 0x05, 0x00, 0x49), "a wrong checksum");
        Assert.HasCount(0, Ask(simulated, 0x3A, 0x55, 0x71), "an unknown command");
        Assert.AreEqual(1, simulated.Refused);
    }

    [TestMethod]
    public void Every_answers_bytes_come_at_the_lines_rate()
    {
        SimulatedSunTechNibp simulated = new(_clock, new SunTechNibpOptions { LatencyUs = 5_000 });
        simulated.Hear([0x3A, 0x79, 0x05, 0x00, 0x48]);
        long began = _clock.NowUs;
        List<long> at = [];
        while (at.Count < 5)
        {
            _clock.Advance(10);
            while (simulated.TrySay(out _))
            {
                at.Add(_clock.NowUs - began);
            }
        }

        for (int i = 0; i < 5; i++)
        {
            Assert.AreEqual((5 * SimulatedSunTechNibp.ByteUs) + 5_000 + ((i + 1) * SimulatedSunTechNibp.ByteUs), at[i], 10);
        }
    }

    [TestMethod]
    public void It_measures_the_arm_and_says_not_ready_meanwhile()
    {
        SimulatedSunTechNibp simulated = new(_clock, new SunTechNibpOptions { Systolic = 132, Diastolic = 84, Mean = 100, Pulse = 66 });
        CollectionAssert.AreEqual(new byte[] { 0x3E, 0x04, 0x4F, 0x6F }, Ask(simulated, 0x3A, 0x20, 0xA6));
        _clock.Advance(2_000_000);
        Assert.AreEqual(0, Ask(simulated, 0x3A, 0x79, 0x03, 0x00, 0x4A)[7]);
        CollectionAssert.AreEqual(new byte[] { 0x3E, 0x04, 0x42, 0x7C }, Ask(simulated, 0x3A, 0x20, 0xA6), "busy");
        _clock.Advance(60_000_000);
        byte[] result = Ask(simulated, 0x3A, 0x79, 0x03, 0x00, 0x4A);
        CollectionAssert.AreEqual(new byte[] { 132, 0, 84, 0, 0, 1 }, result[2..8]);
        CollectionAssert.AreEqual(new byte[] { 66, 0, 100, 0, 0 }, result[16..21]);
        Assert.IsTrue(simulated.TruePressureMmHg < 1);
    }

    [TestMethod]
    public void A_target_that_is_too_low_is_raised_twice_then_given_up()
    {
        SimulatedSunTechNibp simulated = new(_clock, new SunTechNibpOptions { Systolic = 215 });
        Ask(simulated, 0x3A, 0x20, 0xA6);
        _clock.Advance(120_000_000);
        Assert.AreEqual(0, Ask(simulated, 0x3A, 0x79, 0x03, 0x00, 0x4A)[20]);
        Assert.IsTrue(simulated.HighestMmHg is > 235 and < 245);
        simulated = new SimulatedSunTechNibp(_clock, new SunTechNibpOptions { Systolic = 250 });
        Ask(simulated, 0x3A, 0x20, 0xA6);
        _clock.Advance(120_000_000);
        Assert.AreEqual(3, Ask(simulated, 0x3A, 0x79, 0x03, 0x00, 0x4A)[20]);
    }

    [TestMethod]
    public void An_abort_lets_the_air_out_and_a_lost_supply_too()
    {
        SimulatedSunTechNibp simulated = new(_clock);
        Ask(simulated, 0x3A, 0x20, 0xA6);
        _clock.Advance(3_000_000);
        Assert.IsTrue(simulated.TruePressureMmHg > 100);
        CollectionAssert.AreEqual(new byte[] { 0x3E, 0x04, 0x41, 0x7D }, Ask(simulated, 0x3A, 0x79, 0x01, 0x00, 0x4C));
        _clock.Advance(3_000_000);
        Assert.IsTrue(simulated.TruePressureMmHg < 5);
        Ask(simulated, 0x3A, 0x20, 0xA6);
        _clock.Advance(3_000_000);
        simulated.PowerOff();
        _clock.Advance(3_000_000);
        Assert.IsTrue(simulated.TruePressureMmHg < 5);
        Assert.HasCount(0, Ask(simulated, 0x3A, 0x79, 0x05, 0x00, 0x48));
    }

    [TestMethod]
    public void A_frame_that_pauses_is_forgotten_and_noise_before_one_is_passed_over()
    {
        SimulatedSunTechNibp simulated = new(_clock);
        simulated.Hear([0x3A, 0x79]);
        _clock.Advance(200_000);
        Assert.HasCount(5, Ask(simulated, 0x3A, 0x79, 0x05, 0x00, 0x48));
        Assert.HasCount(5, Ask(simulated, 0x00, 0xFF, 0x3A, 0x79, 0x05, 0x00, 0x48));
    }

    private byte[] Ask(SimulatedSunTechNibp simulated, params byte[] frame)
    {
        simulated.Hear(frame);
        _clock.Advance(200_000);
        List<byte> answer = [];
        while (simulated.TrySay(out byte value))
        {
            answer.Add(value);
        }

        return [.. answer];
    }
}
