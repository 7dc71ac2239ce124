using System;
using System.Collections.Generic;
using System.Linq;
using Firmware.Core;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Buses;
using Simulators.Cart.Pod;
using Simulators.Kernel;

namespace Simulators.Tests.Buses;

[TestClass]
public sealed class SimulatedI2cBusTests
{
    private const int Address = 0x20;

    private readonly ManualClock _clock = new();
    private readonly SimulatedI2cBus _bus;
    private readonly Recorder _part = new(Address);

    public SimulatedI2cBusTests()
    {
        _bus = new SimulatedI2cBus(_clock);
        _bus.Attach(Address, _part);
        _part.Heard.Clear();
    }

    [TestMethod]
    public void A_combined_transfer_is_start_write_repeated_start_read_stop()
    {
        byte[] read = new byte[2];
        Assert.AreEqual(BusOutcome.Ok, _bus.Transfer(Address, [0x01, 0xAB], read));
        Assert.AreEqual("SW 01 AB SR r r P", string.Join(' ', _part.Heard));
        CollectionAssert.AreEqual(new byte[] { 0x10, 0x11 }, read);
        I2cTransaction entry = _bus.Log.Single();
        Assert.AreEqual(4, entry.TransferredBytes);
        Assert.IsFalse(entry.IsFaulted);
    }

    [TestMethod]
    [DataRow(100_000, 1, 2, 490_000L)]
    [DataRow(400_000, 1, 2, 122_500L)]
    [DataRow(400_000, 1, 0, 50_000L)]
    public void The_time_on_the_wires_is_nine_clocks_a_byte_and_one_for_each_start_and_stop(int speedHz, int writeCount, int readCount, long expectedNs)
    {
        var bus = new SimulatedI2cBus(_clock, speedHz);
        bus.Attach(Address, new Recorder(Address));
        bus.Transfer(Address, new byte[writeCount], new byte[readCount]);
        // START+9, 9 per written byte, START+9, 9 per read byte, STOP: 1 + 2 bytes at 100 kHz = 10+9+10+18+1 = 48 clocks; see below.
        int clocks = 10 + (9 * writeCount) + (readCount > 0 ? 10 + (9 * readCount) : 0) + 1;
        Assert.AreEqual(clocks * (1_000_000_000L / speedHz), bus.Log.Single().DurationNs);
        Assert.IsTrue(Math.Abs(expectedNs - bus.BusyNs) <= expectedNs / 40, $"{bus.BusyNs}");
    }

    [TestMethod]
    public void Nobody_answers_at_another_address_and_the_part_hears_nothing_of_the_data()
    {
        byte[] read = [1, 2];
        Assert.AreEqual(BusOutcome.AddressNack, _bus.Transfer(0x21, [0x55], read));
        Assert.AreEqual("", string.Join(' ', _part.Heard.Where(h => h != "no")));
        CollectionAssert.AreEqual(new byte[] { 0xFF, 0xFF }, read);
    }

    [TestMethod]
    [DataRow(BusOutcome.AddressNack, "")]
    [DataRow(BusOutcome.DataNack, "SW P")]
    [DataRow(BusOutcome.Partial, "SW P")]
    [DataRow(BusOutcome.ArbitrationLost, "SW P")]
    [DataRow(BusOutcome.Timeout, "SW P")]
    [DataRow(BusOutcome.BusStuck, "")]
    [DataRow(BusOutcome.NotOpen, "")]
    public void The_named_transaction_is_refused_and_no_other(BusOutcome outcome, string heard)
    {
        _bus.Faults = new I2cFaultPlan().Refuse(1, outcome);
        Assert.AreEqual(BusOutcome.Ok, _bus.Transfer(Address, [0x01], []));
        _part.Heard.Clear();
        Assert.AreEqual(outcome, _bus.Transfer(Address, [0x02], []));
        Assert.AreEqual(heard, string.Join(' ', _part.Heard));
        Assert.AreEqual(BusOutcome.Ok, _bus.Transfer(Address, [0x03], []));
        CollectionAssert.AreEqual(new[] { false, true, false }, _bus.Log.Select(t => t.IsFaulted).ToArray());
        Assert.AreEqual(1, _bus.Faults.ActedRules);
    }

    [TestMethod]
    [DataRow(0, "SW P", 0)]
    [DataRow(1, "SW 01 SR P", 1)]
    [DataRow(2, "SW 01 SR r P", 2)]
    [DataRow(3, "SW 01 SR r r P", 3)]
    [DataRow(9, "SW 01 SR r r P", 3)]
    public void A_transfer_cut_short_leaves_the_target_with_what_has_passed(int afterBytes, string heard, int transferred)
    {
        _bus.Faults = new I2cFaultPlan().CutShort(0, afterBytes);
        byte[] read = new byte[2];
        Assert.AreEqual(BusOutcome.Partial, _bus.Transfer(Address, [0x01], read));
        Assert.AreEqual(heard, string.Join(' ', _part.Heard));
        Assert.AreEqual(transferred, _bus.Log.Single().TransferredBytes);
        Assert.AreEqual(transferred > 1 ? 0x10 : 0xFF, read[0]);
    }

    [TestMethod]
    public void The_second_data_byte_is_refused_and_not_taken()
    {
        _bus.Faults = new I2cFaultPlan().NackData(0, 1);
        Assert.AreEqual(BusOutcome.DataNack, _bus.Transfer(Address, [0x01, 0x02, 0x03], []));
        Assert.AreEqual("SW 01 P", string.Join(' ', _part.Heard));
    }

    [TestMethod]
    public void A_flipped_bit_reaches_one_side_only_and_is_reported_as_success()
    {
        _bus.Faults = new I2cFaultPlan().FlipBit(0, BusDirection.Write, 1, 7).FlipBit(0, BusDirection.Read, 0, 0);
        byte[] read = new byte[2];
        Assert.AreEqual(BusOutcome.Ok, _bus.Transfer(Address, [0x01, 0x02], read));
        Assert.AreEqual("SW 01 82 SR r r P", string.Join(' ', _part.Heard));
        CollectionAssert.AreEqual(new byte[] { 0x11, 0x11 }, read);
        Assert.AreEqual(2, _bus.Faults.ActedRules);
    }

    [TestMethod]
    [DataRow(-1, BusOutcome.AddressNack, (byte)0xFF, (byte)0xFF)]
    [DataRow(0, BusOutcome.DataNack, (byte)0xFF, (byte)0xFF)]
    [DataRow(1, BusOutcome.Ok, (byte)0xFF, (byte)0xFF)]
    [DataRow(2, BusOutcome.Ok, (byte)0x10, (byte)0xFF)]
    [DataRow(3, BusOutcome.Ok, (byte)0x10, (byte)0x11)]
    public void A_part_pulled_in_mid_read_leaves_ones_and_no_status_tells(int afterBytes, BusOutcome outcome, byte first, byte second)
    {
        // After byte 1 the repeated start has already been acknowledged only when the part is pulled between address and data.
        _bus.Faults = new I2cFaultPlan().Unplug(0, afterBytes);
        byte[] read = new byte[2];
        Assert.AreEqual(outcome, _bus.Transfer(Address, [0x01], read));
        CollectionAssert.AreEqual(new[] { first, second }, read);
        Assert.AreEqual(BusOutcome.AddressNack, _bus.Transfer(Address, [0x01], read));
        Assert.IsFalse(_bus.IsPlugged(Address));
        _bus.Replug(Address);
        Assert.AreEqual(BusOutcome.Ok, _bus.Transfer(Address, [0x01], read));
        Assert.AreEqual(2, _part.PowerOns);
    }

    [TestMethod]
    public void Sda_held_low_for_a_time_blocks_until_the_time_is_over()
    {
        _bus.Faults = new I2cFaultPlan().HoldSdaLow(1, 5_000);
        Assert.AreEqual(BusOutcome.Ok, _bus.Transfer(Address, [0x01], []));
        Assert.AreEqual(BusOutcome.BusStuck, _bus.Transfer(Address, [0x01], []));
        _clock.Advance(4_999);
        Assert.AreEqual(BusOutcome.BusStuck, _bus.Transfer(Address, [0x01], []));
        _clock.Advance(1);
        Assert.AreEqual(BusOutcome.Ok, _bus.Transfer(Address, [0x01], []));
    }

    [TestMethod]
    [DataRow(1, 1)]
    [DataRow(9, 1)]
    [DataRow(10, 2)]
    [DataRow(20, 3)]
    public void Sda_held_low_until_clocked_free_costs_one_failure_per_nine_clocks(int clocks, int failures)
    {
        _bus.HoldSdaLowUntilClocks(clocks);
        for (int i = 0; i < failures; i++)
        {
            Assert.AreEqual(BusOutcome.BusStuck, _bus.Transfer(Address, [0x01], []));
        }

        Assert.AreEqual(BusOutcome.Ok, _bus.Transfer(Address, [0x01], []));
    }

    [TestMethod]
    public void A_stretched_clock_costs_the_controllers_limit()
    {
        _bus.Faults = new I2cFaultPlan().Refuse(0, BusOutcome.Timeout);
        _bus.Transfer(Address, [0x01], []);
        Assert.IsTrue(_bus.BusyNs >= SimulatedI2cBus.ClockStretchLimitUs * 1000);
    }

    [TestMethod]
    public void A_plan_for_one_address_counts_only_its_transactions()
    {
        var other = new Recorder(0x30);
        _bus.Attach(0x30, other);
        _bus.Faults = new I2cFaultPlan { OnlyAddress = 0x30 }.Refuse(1, BusOutcome.DataNack);
        Assert.AreEqual(BusOutcome.Ok, _bus.Transfer(0x30, [1], []));
        Assert.AreEqual(BusOutcome.Ok, _bus.Transfer(Address, [1], []));
        Assert.AreEqual(BusOutcome.DataNack, _bus.Transfer(0x30, [1], []));
        Assert.AreEqual(2, _bus.Faults.SeenTransactions);
    }

    [TestMethod]
    public void Brown_out_freeze_and_thaw_reach_the_part_before_the_named_transaction()
    {
        _bus.Faults = new I2cFaultPlan().BrownOut(1).Freeze(2).Thaw(3);
        _bus.Transfer(Address, [1], []);
        Assert.AreEqual(1, _part.PowerOns);
        _bus.Transfer(Address, [1], []);
        Assert.AreEqual(2, _part.PowerOns);
        Assert.IsFalse(_part.IsFrozen);
        _bus.Transfer(Address, [1], []);
        Assert.IsTrue(_part.IsFrozen);
        _bus.Transfer(Address, [1], []);
        Assert.IsFalse(_part.IsFrozen);
    }

    [TestMethod]
    public void The_log_is_bounded_and_says_how_much_it_dropped()
    {
        for (int i = 0; i < SimulatedI2cBus.MaxLogTransactions + 5; i++)
        {
            _bus.Transfer(Address, [1], []);
        }

        Assert.HasCount(SimulatedI2cBus.MaxLogTransactions, _bus.Log);
        Assert.AreEqual(5, _bus.DroppedFromLog);
        Assert.AreEqual(5, _bus.Log.First().Number);
    }

    [TestMethod]
    public void A_plan_refuses_rules_that_mean_nothing()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new I2cFaultPlan().Refuse(0, BusOutcome.Ok));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new I2cFaultPlan().Refuse(-1, BusOutcome.Timeout));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new I2cFaultPlan().FlipBit(0, BusDirection.Read, 0, 8));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new I2cFaultPlan().Unplug(0, -2));
        var full = new I2cFaultPlan();
        for (int i = 0; i < I2cFaultPlan.MaxRules; i++)
        {
            full.Replug(i);
        }

        Assert.ThrowsExactly<InvalidOperationException>(() => full.Replug(0));
    }

    [TestMethod]
    public void The_port_gives_each_status_its_name_and_poisons_what_must_not_be_used()
    {
        var port = new SimulatedI2cPort(_bus);
        byte[] write = [0xEE, 0x01];
        foreach (BusOutcome outcome in Enum.GetValues<BusOutcome>().Where(o => o != BusOutcome.Ok))
        {
            _bus.Faults = new I2cFaultPlan().Refuse(0, outcome, 2);
            byte[] read = [9, 9, 9, 9];
            I2cStatus status = port.WriteRead(Address, write, 1, 1, read, 1, 2);
            I2cStatus expected = outcome switch
            {
                BusOutcome.DataNack => I2cStatus.AddressNack,
                BusOutcome.ArbitrationLost => I2cStatus.Partial,
                _ => Enum.Parse<I2cStatus>(outcome.ToString()),
            };
            Assert.AreEqual(expected, status);
            CollectionAssert.AreEqual(new byte[] { 9, SimulatedI2cPort.Poison, SimulatedI2cPort.Poison, 9 }, read);
        }

        byte[] good = [9, 9, 9, 9];
        Assert.AreEqual(I2cStatus.Ok, port.WriteRead(Address, write, 1, 1, good, 1, 2));
        CollectionAssert.AreEqual(new byte[] { 9, 0x10, 0x11, 9 }, good);
        port.IsOpen = false;
        Assert.AreEqual(I2cStatus.NotOpen, port.WriteRead(Address, write, 1, 1, good, 1, 2));
        Assert.AreEqual(SimulatedI2cPort.Poison, good[1]);
    }

    [TestMethod]
    public void A_held_bus_stands_for_a_second_at_most_and_what_is_released_meanwhile_goes_on()
    {
        long stood = 0;
        SimulatedI2cPort port = new(_bus, us =>
        {
            stood += us;
            _clock.Advance(us);
        });
        byte[] bytes = [0x01];
        _bus.SetHeldLow(true);
        Assert.AreEqual(I2cStatus.BusStuck, port.WriteRead(Address, bytes, 0, 1, bytes, 0, 0));
        Assert.AreEqual(SimulatedI2cPort.HeldUs, stood);
        Assert.IsFalse(port.TryFree());
        _bus.SetHeldLow(false);
        Assert.IsTrue(port.TryFree());
        _bus.HoldSdaLow(300_000);
        Assert.AreEqual(I2cStatus.Ok, port.WriteRead(Address, bytes, 0, 1, bytes, 0, 0));
        Assert.AreEqual(SimulatedI2cPort.HeldUs + 300_000, stood);
    }

    [TestMethod]
    public void Where_the_driver_sends_no_clocks_only_the_lines_as_pins_free_a_hung_bus()
    {
        SimulatedI2cBus bus = new(_clock) { ClearsWhenHeld = false };
        bus.Attach(Address, new Recorder(Address));
        bus.HoldSdaLowUntilClocks(SimulatedI2cBus.RecoveryClocks);
        for (int i = 0; i < 5; i++)
        {
            Assert.AreEqual(BusOutcome.BusStuck, bus.Transfer(Address, [0x01], []));
        }

        Assert.IsTrue(bus.TryFree());
        Assert.AreEqual(BusOutcome.Ok, bus.Transfer(Address, [0x01], []));
    }

    [TestMethod]
    public void Noise_refuses_its_share_at_address_and_data_and_the_port_calls_all_of_it_one_of_the_address()
    {
        SimulatedI2cPort port = new(_bus);
        byte[] bytes = [0x01, 0x02];
        _bus.SetNoise(200_000, new SeededRandom(3));
        int[] counts = new int[8];
        for (int i = 0; i < 2_000; i++)
        {
            counts[(int)port.WriteRead(Address, bytes, 0, 2, bytes, 0, 0)]++;
        }

        Assert.IsTrue(counts[(int)I2cStatus.AddressNack] is > 330 and < 470, $"{counts[(int)I2cStatus.AddressNack]} of 2,000 at a rate of a fifth");
        Assert.AreEqual(2_000, counts[(int)I2cStatus.Ok] + counts[(int)I2cStatus.AddressNack]);
        Assert.AreEqual(counts[(int)I2cStatus.AddressNack], _bus.NoiseCount);
        BusOutcome[] outcomes = [.. _bus.Log.Where(t => t.Outcome != BusOutcome.Ok).Select(t => t.Outcome).Distinct().Order()];
        CollectionAssert.AreEqual(new[] { BusOutcome.AddressNack, BusOutcome.DataNack }, outcomes, "the wires know better");
        _bus.SetNoise(0, new SeededRandom(3));
        Assert.AreEqual(I2cStatus.Ok, port.WriteRead(Address, bytes, 0, 2, bytes, 0, 0));
    }

    /// <summary>Answers at its address, gives 0x10, 0x11, … and writes down what it hears.</summary>
    private sealed class Recorder(int address) : II2cTarget
    {
        private byte _next = 0x10;

        public List<string> Heard { get; } = [];

        public int PowerOns { get; private set; }

        public bool IsFrozen { get; set; }

        public bool Start(int heardAddress, BusDirection direction)
        {
            bool mine = heardAddress == address;
            Heard.Add(mine ? (direction == BusDirection.Write ? "SW" : "SR") : "no");
            return mine;
        }

        public bool Write(byte value)
        {
            Heard.Add($"{value:X2}");
            return true;
        }

        public byte Read()
        {
            Heard.Add("r");
            return _next++;
        }

        public void Stop()
        {
            Heard.Add("P");
            _next = 0x10;
        }

        public void PowerOn()
        {
            _next = 0x10;
            PowerOns++;
        }

        public void PowerOff()
        {
        }
    }
}
