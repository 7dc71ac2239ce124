using System;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Buses;
using Simulators.Chips;
using Simulators.Kernel;

namespace Simulators.Tests.Chips;

/// <summary>The simulated chip against 32332628, by the bus alone.</summary>
[TestClass]
public sealed class SimulatedMprls0300Tests
{
    private readonly ManualClock _clock = new();
    private readonly SimulatedI2cBus _bus;
    private readonly SimulatedMprls0300 _simulated;

    public SimulatedMprls0300Tests()
    {
        _bus = new SimulatedI2cBus(_clock);
        _simulated = new SimulatedMprls0300(_clock, new SeededRandom(7), new Mprls0300Options { HasNoise = false });
        _bus.Attach(SimulatedMprls0300.Address, _simulated);
        _clock.Advance(SimulatedMprls0300.PowerUpUs);
    }

    [TestMethod]
    [DataRow(0, 0x066666)]
    [DataRow(150_000_000, 0x200000)]
    [DataRow(300_000_000, 0x399999)]
    [DataRow(-30_000_000, 0x0147AE)] // 0.5 % of 2^24
    public void Pressures_read_as_in_transfer_function_B(int microMmHg, int counts)
    {
        _simulated.SetPressure(microMmHg);
        Convert();
        byte[] answer = Read(4);
        Assert.AreEqual(0x40, answer[0]);
        Assert.AreEqual(counts, (answer[1] << 16) | (answer[2] << 8) | answer[3]);
    }

    [TestMethod]
    public void It_is_busy_for_five_milliseconds_after_a_command_and_shows_the_old_word_meanwhile()
    {
        _simulated.SetPressure(100_000_000);
        Convert();
        byte[] before = Read(4);
        _simulated.SetPressure(200_000_000);
        Assert.AreEqual(BusOutcome.Ok, Command());
        long began = _clock.NowUs;
        byte[] during = Read(4);
        Assert.AreEqual(0x60, during[0]);
        CollectionAssert.AreEqual(before[1..], during[1..]);
        _clock.AdvanceTo(began + 4_999);
        Assert.AreEqual(0x60, Read(1)[0]);
        _clock.AdvanceTo(began + 6_000);
        byte[] after = Read(4);
        Assert.AreEqual(0x40, after[0]);
        CollectionAssert.AreNotEqual(before[1..], after[1..]);
        Assert.AreEqual(2, _simulated.CompletedConversions);
    }

    [TestMethod]
    public void Only_the_whole_command_begins_a_conversion()
    {
        foreach (byte[] wrong in new byte[][] { [0xAA], [0xAA, 0], [0xAA, 0, 1], [0xAB, 0, 0], [0xAA, 0, 0, 0], [] })
        {
            _bus.Transfer(SimulatedMprls0300.Address, wrong, []);
            Assert.AreEqual(0x40, Read(1)[0], BitConverter.ToString(wrong));
        }

        Command();
        Assert.AreEqual(0x60, Read(1)[0]);
    }

    [TestMethod]
    public void Beyond_the_range_the_mathematics_saturate()
    {
        _simulated.SetPressure(305_000_000);
        Convert();
        Assert.AreEqual(0x40, Read(1)[0]);
        _simulated.SetPressure(310_000_000);
        Convert();
        CollectionAssert.AreEqual(new byte[] { 0x41, 0xFF, 0xFF, 0xFF }, Read(4));
    }

    [TestMethod]
    public void Its_faults_look_as_they_do_in_the_part()
    {
        _simulated.SetPressure(100_000_000);
        _simulated.IsMemoryBroken = true;
        Convert();
        Assert.AreEqual(0x44, Read(1)[0]);
        _simulated.IsMemoryBroken = false;
        _simulated.IsSaturated = true;
        Convert();
        Assert.AreEqual(0x41, Read(1)[0]);
        _simulated.IsSaturated = false;
        Convert();
        byte[] word = Read(4);
        _simulated.IsFrozen = true;
        _simulated.SetPressure(200_000_000);
        Convert();
        CollectionAssert.AreEqual(word, Read(4));
        _simulated.IsFrozen = false;
        _simulated.SlowUs = 3_000;
        Command();
        _clock.Advance(7_500);
        Assert.AreEqual(0x60, Read(1)[0]);
        _clock.Advance(1_000);
        Assert.AreEqual(0x40, Read(1)[0]);
        _simulated.OffsetMicroMmHg = 5_000_000;
        _simulated.SlowUs = 0;
        Convert();
        byte[] shifted = Read(4);
        Assert.AreEqual(200.0 + 5, ((((shifted[1] << 16) | (shifted[2] << 8) | shifted[3]) - 419_430) * 300.0) / (3_774_873 - 419_430), 0.001);
    }

    [TestMethod]
    public void Without_supply_nobody_answers_and_after_it_the_word_is_none()
    {
        _simulated.SetPressure(100_000_000);
        Convert();
        _simulated.PowerOff();
        Assert.AreEqual(BusOutcome.AddressNack, _bus.Transfer(SimulatedMprls0300.Address, [], new byte[4]));
        _simulated.PowerOn();
        Assert.AreEqual(BusOutcome.AddressNack, _bus.Transfer(SimulatedMprls0300.Address, [], new byte[4]));
        _clock.Advance(SimulatedMprls0300.PowerUpUs);
        CollectionAssert.AreEqual(new byte[] { 0x40, 0, 0, 0 }, Read(4));
    }

    [TestMethod]
    public void Errors_of_the_part_stay_within_its_total_error_band_and_the_seed_decides_them()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            long first = Measured(seed, 150_000_000);
            Assert.AreEqual(first, Measured(seed, 150_000_000));

            // Source: 32332628, Table 3: ±1.5 % of full scale, 4.5 mmHg; noise beside it.
            Assert.IsTrue(Math.Abs(first - 150_000_000) <= 4_510_000, $"seed {seed}: {first} µmmHg");
        }
    }

    private static long Measured(int seed, long microMmHg)
    {
        ManualClock clock = new();
        SimulatedI2cBus bus = new(clock);
        SimulatedMprls0300 simulated = new(clock, new SeededRandom((ulong)seed), new Mprls0300Options { HasPartError = true });
        bus.Attach(SimulatedMprls0300.Address, simulated);
        simulated.SetPressure(microMmHg);
        clock.Advance(10_000);
        bus.Transfer(SimulatedMprls0300.Address, [0xAA, 0, 0], []);
        clock.Advance(10_000);
        byte[] answer = new byte[4];
        bus.Transfer(SimulatedMprls0300.Address, [], answer);
        return (((answer[1] << 16) | (answer[2] << 8) | answer[3]) - 419_430L) * 300_000_000 / (3_774_873 - 419_430);
    }

    private BusOutcome Command() => _bus.Transfer(SimulatedMprls0300.Address, [0xAA, 0, 0], []);

    private void Convert()
    {
        Command();
        _clock.Advance(6_000);
    }

    private byte[] Read(int count)
    {
        byte[] answer = new byte[count];
        Assert.AreEqual(BusOutcome.Ok, _bus.Transfer(SimulatedMprls0300.Address, [], answer));
        return answer;
    }
}
