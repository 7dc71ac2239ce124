using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Buses;
using Simulators.Chips;
using Simulators.Kernel;

namespace Simulators.Tests.Chips;

/// <summary>The simulated chip against the tables of SNOSD82D, by the bus alone.</summary>
[TestClass]
public sealed class SimulatedTmp117Tests
{
    private readonly ManualClock _clock = new();
    private readonly SimulatedI2cBus _bus;
    private readonly SimulatedTmp117 _simulated;

    public SimulatedTmp117Tests()
    {
        _bus = new SimulatedI2cBus(_clock);
        _simulated = new SimulatedTmp117(_clock, new SeededRandom(7));
        _bus.Attach(0x48, _simulated);
        _clock.Advance(SimulatedTmp117.PowerUpUs);
    }

    [TestMethod]
    [DataRow(0x00, 0x8000)]
    [DataRow(0x01, 0x0220)]
    [DataRow(0x02, 0x6000)]
    [DataRow(0x03, 0x8000)]
    [DataRow(0x04, 0x0000)]
    [DataRow(0x07, 0x0000)]
    [DataRow(0x0F, 0x0117)]
    public void Registers_after_power_up_are_those_of_the_register_map(int register, int expected) =>
        Assert.AreEqual(expected, Read(register));

    [TestMethod]
    public void The_pointer_is_zero_after_power_up_and_stays_where_it_was_put()
    {
        byte[] answer = new byte[2];
        Assert.AreEqual(BusOutcome.Ok, _bus.Transfer(0x48, [], answer));
        CollectionAssert.AreEqual(new byte[] { 0x80, 0x00 }, answer);
        _bus.Transfer(0x48, [0x0F], []);
        _bus.Transfer(0x48, [], answer);
        CollectionAssert.AreEqual(new byte[] { 0x01, 0x17 }, answer);
    }

    [TestMethod]
    [DataRow(-256_000, 0x8000)] // table 7-1 of section 7.3.3
    [DataRow(-25_000, 0xF380)]
    [DataRow(-125, 0xFFF0)]
    [DataRow(0, 0x0000)]
    [DataRow(125, 0x0010)]
    [DataRow(1_000, 0x0080)]
    [DataRow(25_000, 0x0C80)]
    [DataRow(100_000, 0x3200)]
    [DataRow(255_992, 0x7FFF)]
    [DataRow(400_000, 0x7FFF)]
    [DataRow(-400_000, 0x8000)]
    public void Temperatures_read_as_in_the_datasheets_table(int milliCelsius, int expected)
    {
        _simulated.SetTemperature(milliCelsius);
        _clock.Advance(125_000);
        Assert.AreEqual(expected, Read(0x00));
    }

    [TestMethod]
    [DataRow(0, 0, 15_500, 15_500)]
    [DataRow(0, 1, 125_000, 125_000)]
    [DataRow(0, 2, 500_000, 500_000)]
    [DataRow(0, 3, 1_000_000, 1_000_000)]
    [DataRow(1, 0, 15_500, 125_000)]
    [DataRow(2, 1, 125_000, 250_000)]
    [DataRow(3, 2, 500_000, 500_000)]
    [DataRow(3, 3, 1_000_000, 1_000_000)]
    [DataRow(4, 1, 125_000, 1_000_000)]
    [DataRow(5, 3, 1_000_000, 4_000_000)]
    [DataRow(6, 0, 15_500, 8_000_000)]
    [DataRow(7, 2, 500_000, 16_000_000)]
    public void A_cycle_takes_the_time_of_the_conversion_cycle_table(int conv, int avg, int activeUs, int cycleUs)
    {
        Write(0x01, (1 << 10) | (conv << 7) | (avg << 5)); // shutdown first, so that the cycle begins with the next write
        Write(0x01, (conv << 7) | (avg << 5));
        _clock.Advance(activeUs - 1);
        Assert.AreEqual(0x8000, Read(0x00));
        _clock.Advance(1);
        Assert.AreEqual(0x0C80, Read(0x00));
        Assert.IsFalse(DataReady());
        _clock.Advance(cycleUs - 1);
        Assert.IsFalse(DataReady());
        _clock.Advance(1);
        Assert.IsTrue(DataReady());
    }

    [TestMethod]
    [DataRow(0x00)]
    [DataRow(0x01)]
    public void Data_ready_is_cleared_by_reading_the_result_or_the_configuration(int register)
    {
        _clock.Advance(125_000);
        if (register == 0)
        {
            Read(0x00);
        }
        else
        {
            Assert.IsTrue(DataReady());
        }

        Assert.IsFalse(DataReady());
    }

    [TestMethod]
    public void One_shot_converts_once_and_returns_to_shutdown()
    {
        Write(0x01, 0x0400);
        _clock.Advance(3_000_000);
        Assert.AreEqual(0x8000, Read(0x00));
        _simulated.SetTemperature(37_000);
        Write(0x01, 0x0C20); // one-shot, 8 averages: the active time alone, whatever CONV says
        _clock.Advance(124_999);
        Assert.AreEqual(0x0C20, Read(0x01) & 0x0FFC);
        _clock.Advance(1);
        Assert.AreEqual(0x2420, Read(0x01));
        Assert.AreEqual(37_000 * 16 / 125, Read(0x00));
        _simulated.SetTemperature(20_000);
        _clock.Advance(10_000_000);
        Assert.AreEqual(37_000 * 16 / 125, Read(0x00));
    }

    [TestMethod]
    public void Mode_two_is_continuous_and_reads_back_as_zero()
    {
        Write(0x01, 0x0A20);
        Assert.AreEqual(0x0220, Read(0x01) & 0x0FFC);
    }

    [TestMethod]
    public void Averaging_is_the_mean_over_the_active_time()
    {
        _simulated.SetTemperature(static us => us < 1_500 + 62_500 ? 30_000 : 38_000); // half of the 8 conversions each, the 4th ends at 62,500
        _clock.Advance(125_000);
        Assert.AreEqual((3 * 30_000 + 5 * 38_000) / 8 * 16 / 125, Read(0x00));
    }

    [TestMethod]
    public void Soft_reset_takes_two_milliseconds_and_forgets()
    {
        Write(0x02, 0x1234);
        _clock.Advance(200_000);
        Write(0x01, 0x0222);
        Assert.AreEqual(BusOutcome.AddressNack, _bus.Transfer(0x48, [0x01], new byte[2]));
        _clock.Advance(1_999);
        Assert.AreEqual(BusOutcome.AddressNack, _bus.Transfer(0x48, [0x01], new byte[2]));
        _clock.Advance(1);
        Assert.AreEqual(0x0220, Read(0x01));
        Assert.AreEqual(0x6000, Read(0x02));
        Assert.AreEqual(0x8000, Read(0x00));
    }

    [TestMethod]
    public void The_general_call_resets_with_06_only()
    {
        Write(0x02, 0x1234);
        Assert.AreEqual(BusOutcome.DataNack, _bus.Transfer(0x00, [0x04], []));
        Assert.AreEqual(0x1234, Read(0x02));
        Assert.AreEqual(BusOutcome.Ok, _bus.Transfer(0x00, [0x06], []));
        _clock.Advance(2_000);
        Assert.AreEqual(0x6000, Read(0x02));
    }

    [TestMethod]
    public void Alert_flags_follow_the_limits_and_clear_on_reading_the_configuration()
    {
        Write(0x02, 38_000 * 16 / 125);
        Write(0x03, 30_000 * 16 / 125);
        _simulated.SetTemperature(38_000);
        _clock.Advance(1_000_000);
        Assert.AreEqual(0, Read(0x01) & 0xC000, "at the limit is not above it");
        _simulated.SetTemperature(38_008);
        _clock.Advance(1_000_000);
        Assert.IsFalse(_simulated.IsAlertPinHigh);
        Assert.AreEqual(0x8000, Read(0x01) & 0xC000);
        Assert.AreEqual(0, Read(0x01) & 0xC000);
        Assert.IsTrue(_simulated.IsAlertPinHigh);
        _simulated.SetTemperature(29_992);
        _clock.Advance(1_000_000);
        Assert.AreEqual(0x4000, Read(0x01) & 0xC000);
    }

    [TestMethod]
    public void Therm_mode_holds_the_high_flag_down_to_the_low_limit()
    {
        Write(0x01, 0x0230);
        Write(0x02, 38_000 * 16 / 125);
        Write(0x03, 36_000 * 16 / 125);
        foreach ((int milli, int flags) in new[] { (37_000, 0), (38_100, 0x8000), (37_000, 0x8000), (35_900, 0) })
        {
            _simulated.SetTemperature(milli);
            _clock.Advance(1_000_000);
            Assert.AreEqual(flags, Read(0x01) & 0xC000, $"at {milli}");
            Assert.AreEqual(flags, Read(0x01) & 0xC000, "a read clears nothing in therm mode");
        }
    }

    [TestMethod]
    public void The_offset_is_added_and_the_sum_saturates()
    {
        Write(0x07, 0xFF80); // -1 °C
        _simulated.SetTemperature(25_000);
        _clock.Advance(1_125_000);
        Assert.AreEqual(0x0C00, Read(0x00));
        Write(0x07, 0x7FFF);
        _clock.Advance(1_000_000);
        Assert.AreEqual(0x7FFF, Read(0x00));
    }

    [TestMethod]
    public void A_locked_write_is_forgotten_and_an_unlocked_one_survives_power()
    {
        int id = Read(0x05);
        Write(0x05, 0x1111);
        _bus.BrownOut(0x48);
        _clock.Advance(SimulatedTmp117.PowerUpUs);
        Assert.AreEqual(id, Read(0x05));
        Write(0x04, 0x8000);
        Write(0x05, 0x2222);
        Assert.AreEqual(0xC000, Read(0x04));
        Assert.AreEqual(0x1000, Read(0x01) & 0x1000);
        Write(0x06, 0x3333); // lost: still programming
        _clock.Advance(SimulatedTmp117.ProgramUs);
        Assert.AreEqual(0x8000, Read(0x04));
        _bus.BrownOut(0x48);
        _clock.Advance(SimulatedTmp117.PowerUpUs);
        Assert.AreEqual(0x2222, Read(0x05));
        Assert.AreNotEqual(0x3333, Read(0x06));
        Assert.AreEqual(0x0000, Read(0x04));
    }

    [TestMethod]
    public void The_unique_id_comes_from_the_seed()
    {
        int[] Id(ulong seed)
        {
            var bus = new SimulatedI2cBus(_clock);
            bus.Attach(0x48, new SimulatedTmp117(_clock, new SeededRandom(seed)));
            _clock.Advance(SimulatedTmp117.PowerUpUs);
            return [ReadFrom(bus, 0x05), ReadFrom(bus, 0x06), ReadFrom(bus, 0x08)];
        }

        CollectionAssert.AreEqual(Id(3), Id(3));
        CollectionAssert.AreNotEqual(Id(3), Id(4));
    }

    [TestMethod]
    public void A_frozen_part_answers_the_same_for_ever_and_takes_no_write()
    {
        _clock.Advance(125_000);
        _simulated.IsFrozen = true;
        _simulated.SetTemperature(40_000);
        _clock.Advance(5_000_000);
        for (int i = 0; i < 3; i++)
        {
            Assert.AreEqual(0x2220, Read(0x01));
            Assert.AreEqual(0x0C80, Read(0x00));
        }

        Write(0x02, 0x0001);
        Assert.AreEqual(0x6000, Read(0x02));
        _simulated.IsFrozen = false;
        _clock.Advance(1_000_000);
        Assert.AreEqual(40_000 * 16 / 125, Read(0x00));
    }

    [TestMethod]
    public void A_part_in_power_up_does_not_answer()
    {
        _bus.Unplug(0x48);
        _clock.Advance(1_000_000);
        _bus.Replug(0x48);
        _clock.Advance(1_499);
        Assert.AreEqual(BusOutcome.AddressNack, _bus.Transfer(0x48, [0x0F], new byte[2]));
        _clock.Advance(1);
        Assert.AreEqual(0x0117, Read(0x0F));
        Assert.AreEqual(0x8000, Read(0x00));
    }

    [TestMethod]
    public void Over_the_whole_range_the_result_is_within_the_declared_tolerance()
    {
        Prop.ForAll(Gen.Choose((int)SimulatedTmp117.Range.Low, (int)SimulatedTmp117.Range.High).ToArbitrary(), milli =>
        {
            _simulated.SetTemperature(milli);
            _clock.Advance(1_000_000);
            double read = (short)Read(0x00) * 7.8125;
            return Math.Abs(read - milli) <= SimulatedTmp117.Range.Tolerance;
        }).QuickCheckThrowOnFailure();
    }

    [TestMethod]
    public void A_parts_own_error_stays_within_the_datasheets_limits_and_noise_within_three_lsb()
    {
        long largest = 0;
        foreach (ulong seed in Enumerable.Range(0, 40).Select(i => (ulong)i))
        {
            var bus = new SimulatedI2cBus(_clock);
            var simulated = new SimulatedTmp117(_clock, new SeededRandom(seed), new Tmp117Options { HasPartError = true, HasNoise = true });
            bus.Attach(0x48, simulated);
            simulated.SetTemperature(37_000);
            var seen = new HashSet<int>();
            for (int i = 0; i < 20; i++)
            {
                _clock.Advance(1_000_000);
                int raw = (short)ReadFrom(bus, 0x00);
                seen.Add(raw);
                largest = Math.Max(largest, Math.Abs((raw * 125L / 16) - 37_000));
            }

            Assert.IsGreaterThan(1, seen.Count, $"seed {seed}: no noise");
        }

        Assert.IsTrue(largest is > 60 and <= 100 + 24, $"{largest}");
    }

    private int Read(int register) => ReadFrom(_bus, register);

    private static int ReadFrom(SimulatedI2cBus bus, int register)
    {
        byte[] answer = new byte[2];
        Assert.AreEqual(BusOutcome.Ok, bus.Transfer(0x48, [(byte)register], answer));
        return (answer[0] << 8) | answer[1];
    }

    private void Write(int register, int value) =>
        Assert.AreEqual(BusOutcome.Ok, _bus.Transfer(0x48, [(byte)register, (byte)(value >> 8), (byte)value], []));

    private bool DataReady() => (Read(0x01) & 0x2000) != 0;
}
