using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Buses;
using Simulators.Chips;
using Simulators.Kernel;

namespace Simulators.Tests.Chips;

/// <summary>The simulated chip against 19-7740 Rev 1, by the bus alone.</summary>
[TestClass]
public sealed class SimulatedMax30102Tests
{
    private const int Part = 0x57;

    private readonly ManualClock _clock = new();
    private readonly SimulatedI2cBus _bus;
    private readonly List<FifoEvent> _events = [];
    private SimulatedMax30102 _simulated;

    public SimulatedMax30102Tests()
    {
        _bus = new SimulatedI2cBus(_clock);
        _simulated = Plug(_bus, new Max30102Options());
    }

    [TestMethod]
    public void Registers_after_power_up_are_zero_but_for_power_ready_and_the_identity()
    {
        for (int register = 0x02; register < 0xFE; register++)
        {
            if (register != 0x07)
            {
                Assert.AreEqual(0, Read(register), $"register 0x{register:X2}");
            }
        }

        Assert.AreEqual(0x03, Read(0xFE));
        Assert.AreEqual(0x15, Read(0xFF));
        Assert.IsTrue(_simulated.IsInterruptAsserted);
        Assert.AreEqual(0x01, Read(0x00));
        Assert.AreEqual(0x00, Read(0x00));
        Assert.IsFalse(_simulated.IsInterruptAsserted);
    }

    [TestMethod]
    public void A_burst_moves_through_the_registers_and_stays_on_the_fifo()
    {
        Configure(spo2: 0x27, fifo: 0x00);
        _clock.Advance(20_000);
        byte[] burst = Burst(0x04, 3 + 6 + 6);
        CollectionAssert.AreEqual(new byte[] { 2, 0, 0 }, burst[..3]);
        CollectionAssert.AreEqual(new byte[] { 0x01, 0x86, 0xA0, 0x02, 0x49, 0xF0 }, burst[3..9]);
        Assert.AreEqual(2, Read(0x06));
    }

    [TestMethod]
    public void Light_at_the_start_up_setting_comes_out_count_for_count()
    {
        Configure(spo2: 0x27, fifo: 0x00);
        _simulated.Light = new Ramp();
        _clock.Advance(320_000);
        byte[] burst = Burst(0x07, 32 * 6);
        for (int i = 0; i < 32; i++)
        {
            long us = Started + ((i + 1) * 10_000);
            Assert.AreEqual(Ramp.Red(us), Count(burst, i * 6));
            Assert.AreEqual(Ramp.Infrared(us), Count(burst, (i * 6) + 3));
        }
    }

    [TestMethod]
    [DataRow(0x40, 0x27, 200_000)] // twice the current
    [DataRow(0x10, 0x27, 50_000)]
    [DataRow(0x00, 0x27, 0)]
    [DataRow(0x20, 0x07, 200_000)] // 2,048 nA
    [DataRow(0x20, 0x47, 50_000)] // 8,192 nA
    [DataRow(0x20, 0x67, 25_000)] // 16,384 nA
    [DataRow(0xFF, 0x27, 0x3FFFF)] // saturated: 796,875
    [DataRow(0x21, 0x27, 103_125)]
    [DataRow(0x21, 0x47, 51_563)] // 51,562.5 to the nearest, halves up
    [DataRow(0x20, 0x26, 100_000)] // 17 bit, 100,000 is even
    [DataRow(0x21, 0x24, 103_120)] // 15 bit: the low three bits are 0
    [DataRow(0xFF, 0x24, 0x3FFF8)]
    public void Counts_scale_with_current_range_and_pulse_width(int amplitude, int spo2, int expected)
    {
        Configure(spo2, fifo: 0x00);
        Write(0x0C, amplitude);
        _clock.Advance(10_000);
        Assert.AreEqual(expected, Count(Burst(0x07, 3), 0));
        Assert.AreEqual(15 + (spo2 & 3), _simulated.ResolutionBits);
    }

    [TestMethod]
    public void Averaging_decimates_and_truncates_the_mean()
    {
        Configure(spo2: 0x27, fifo: 0x40); // 4
        _simulated.Light = new Ramp();
        _clock.Advance(39_999);
        Assert.AreEqual(0, Read(0x04));
        _clock.Advance(1);
        Assert.AreEqual(1, Read(0x04));
        long sum = 0;
        for (int i = 1; i <= 4; i++)
        {
            sum += Ramp.Red(Started + (i * 10_000));
        }

        Assert.AreNotEqual(0, sum % 4);
        Assert.AreEqual((int)(sum / 4), Count(Burst(0x07, 3), 0));
        Assert.AreEqual(4, _simulated.ConversionsPerSample);
    }

    [TestMethod]
    [DataRow(2, 3, 7, 5)] // one LED, 411 µs: 1,000 Hz at most
    [DataRow(2, 2, 7, 6)]
    [DataRow(2, 1, 7, 6)]
    [DataRow(2, 0, 7, 7)]
    [DataRow(3, 3, 7, 3)] // two LEDs, 411 µs: 400 Hz at most
    [DataRow(3, 2, 7, 4)]
    [DataRow(3, 1, 7, 5)]
    [DataRow(3, 0, 7, 6)]
    [DataRow(3, 3, 1, 1)]
    public void A_rate_that_does_not_fit_the_pulse_reads_back_as_the_highest_that_does(int mode, int pulse, int rate, int expected)
    {
        Write(0x0A, 0x20 | (rate << 2) | pulse);
        Write(0x09, mode);
        Assert.AreEqual(0x20 | (expected << 2) | pulse, Read(0x0A));
    }

    [TestMethod]
    [DataRow(0, 50)]
    [DataRow(1, 100)]
    [DataRow(2, 200)]
    [DataRow(3, 400)]
    [DataRow(4, 800)]
    [DataRow(5, 1000)]
    [DataRow(6, 1600)]
    public void Samples_come_at_the_set_rate(int code, int rateHz)
    {
        Configure(spo2: 0x20 | (code << 2), fifo: 0x10);
        _clock.Advance(1_000_000);
        _simulated.CatchUp();
        Assert.AreEqual(rateHz, _events.Count(e => e.Fate == FifoFate.Stored));
    }

    [TestMethod]
    public void A_fast_sample_clock_makes_more_samples()
    {
        _events.Clear();
        _simulated = Plug(new SimulatedI2cBus(_clock), new Max30102Options { ClockErrorPpm = 20_000 }, out SimulatedI2cBus bus);
        bus.Transfer(Part, [0x08, 0x10, 0x03, 0x27], []);
        _clock.Advance(100_000_000);
        _simulated.CatchUp();
        Assert.AreEqual(10_200, _events.Count(e => e.Fate == FifoFate.Stored));
    }

    [TestMethod]
    public void A_full_fifo_refuses_and_counts_up_to_31_and_the_next_read_clears_the_count()
    {
        Configure(spo2: 0x27, fifo: 0x00);
        _clock.Advance(320_000);
        CollectionAssert.AreEqual(new byte[] { 0, 0, 0 }, Burst(0x04, 3), "full looks like empty, as in the part");
        _clock.Advance(50_000);
        CollectionAssert.AreEqual(new byte[] { 0, 5, 0 }, Burst(0x04, 3));
        _clock.Advance(1_000_000);
        CollectionAssert.AreEqual(new byte[] { 0, 31, 0 }, Burst(0x04, 3));
        Assert.AreEqual(105, _events.Count(e => e.Fate == FifoFate.Refused));
        Burst(0x07, 6);
        CollectionAssert.AreEqual(new byte[] { 0, 0, 1 }, Burst(0x04, 3));
        _clock.Advance(10_000);
        CollectionAssert.AreEqual(new byte[] { 1, 0, 1 }, Burst(0x04, 3));
    }

    [TestMethod]
    public void A_rolling_fifo_keeps_the_newest_32()
    {
        Configure(spo2: 0x27, fifo: 0x10);
        _simulated.Light = new Ramp();
        _clock.Advance(400_000);
        byte[] burst = Burst(0x07, 32 * 6);
        Assert.AreEqual(Ramp.Red(Started + 90_000), Count(burst, 0));
        Assert.AreEqual(Ramp.Red(Started + 400_000), Count(burst, 31 * 6));
        Assert.AreEqual(8, _events.Count(e => e.Fate == FifoFate.Overwritten));
    }

    [TestMethod]
    public void The_read_pointer_moves_with_the_first_byte_and_can_be_put_back()
    {
        Configure(spo2: 0x27, fifo: 0x00);
        _simulated.Light = new Ramp();
        _clock.Advance(30_000);
        _bus.Faults = new I2cFaultPlan().CutShort(0, 2);
        Assert.AreEqual(BusOutcome.Partial, _bus.Transfer(Part, [0x07], new byte[6]));
        Assert.AreEqual(1, Read(0x06));
        Assert.AreEqual(Ramp.Red(Started + 20_000), Count(Burst(0x07, 3), 0), "the next burst begins with a whole sample");
        Write(0x06, 0);
        Assert.AreEqual(Ramp.Red(Started + 10_000), Count(Burst(0x07, 3), 0));
    }

    [TestMethod]
    public void An_empty_fifo_gives_old_memory_and_moves_nothing()
    {
        Configure(spo2: 0x27, fifo: 0x00);
        _clock.Advance(10_000);
        Burst(0x07, 6);
        Burst(0x07, 6);
        CollectionAssert.AreEqual(new byte[] { 1, 0, 1 }, Burst(0x04, 3));
    }

    [TestMethod]
    [DataRow(0x0, 32)]
    [DataRow(0x1, 31)]
    [DataRow(0xF, 17)]
    public void Almost_full_comes_with_the_set_room_left(int setting, int samples)
    {
        Configure(spo2: 0x27, fifo: setting);
        Write(0x02, 0x80);
        Read(0x00);
        _clock.Advance((samples * 10_000) - 1);
        Assert.IsFalse(_simulated.IsInterruptAsserted);
        _clock.Advance(1);
        Assert.IsTrue(_simulated.IsInterruptAsserted);
        Assert.AreEqual(0x80, Read(0x00) & 0x80);
        Assert.IsFalse(_simulated.IsInterruptAsserted);
    }

    [TestMethod]
    [DataRow(0x00)]
    [DataRow(0x07)]
    public void Sample_ready_is_cleared_by_the_status_and_by_the_fifo(int register)
    {
        Configure(spo2: 0x27, fifo: 0x00);
        Write(0x02, 0x40);
        Read(0x00);
        _clock.Advance(10_000);
        Assert.IsTrue(_simulated.IsInterruptAsserted);
        Read(register);
        Assert.IsFalse(_simulated.IsInterruptAsserted);
    }

    [TestMethod]
    public void Ambient_light_is_cancelled_up_to_its_limit_and_reported_beyond()
    {
        Configure(spo2: 0x27, fifo: 0x00);
        _simulated.Light = new Constant(LightSample.FromCounts(100_000, 150_000, SimulatedMax30102.AmbientLimitCounts));
        _clock.Advance(10_000);
        Assert.AreEqual(0x40, Read(0x00) & 0x60);
        Assert.AreEqual(100_000, Count(Burst(0x07, 6), 0));
        _simulated.Light = new Constant(LightSample.FromCounts(100_000, 150_000, SimulatedMax30102.AmbientLimitCounts + 50));
        _clock.Advance(10_000);
        Assert.AreEqual(0x60, Read(0x00) & 0x60);
        Assert.AreEqual(100_050, Count(Burst(0x07, 6), 0));
    }

    [TestMethod]
    public void Reset_clears_everything_and_its_bit_after_its_time_without_power_ready()
    {
        Configure(spo2: 0x27, fifo: 0x4F);
        _clock.Advance(400_000);
        Write(0x09, 0x40);
        Assert.AreEqual(0x40, Read(0x09));
        Write(0x0C, 0x11); // lost: still in reset
        _clock.Advance(SimulatedMax30102.ResetUs);
        Assert.AreEqual(0x00, Read(0x09));
        foreach (int register in new[] { 0x00, 0x01, 0x04, 0x05, 0x06, 0x08, 0x0A, 0x0C, 0x0D })
        {
            Assert.AreEqual(0, Read(register), $"register 0x{register:X2}");
        }
    }

    [TestMethod]
    public void Every_stored_sample_is_read_overwritten_discarded_or_still_there()
    {
        Configure(spo2: 0x27, fifo: 0x10);
        _clock.Advance(500_000);
        Burst(0x07, 30);
        _clock.Advance(100_000);
        Write(0x04, 0);
        Write(0x06, 0);
        _clock.Advance(70_000);
        _bus.BrownOut(Part);
        _clock.Advance(1_000_000);
        int stored = _events.Count(e => e.Fate == FifoFate.Stored);
        int ended = _events.Count(e => e.Fate is FifoFate.Read or FifoFate.Overwritten or FifoFate.Discarded);
        Assert.AreEqual(67, stored);
        Assert.AreEqual(stored, ended + _simulated.UnreadSamples);
        Assert.AreEqual(0, _simulated.UnreadSamples);
    }

    [TestMethod]
    public void Shutdown_keeps_registers_and_stops_measuring()
    {
        Configure(spo2: 0x27, fifo: 0x00);
        _clock.Advance(15_000);
        Write(0x09, 0x83);
        _clock.Advance(1_000_000);
        Assert.AreEqual(0, Read(0x00));
        Assert.AreEqual(1, Read(0x04));
        Assert.AreEqual(0x27, Read(0x0A));
        Assert.AreEqual(0, _simulated.ConversionRateHz);
        Write(0x09, 0x03);
        _clock.Advance(10_000);
        Assert.AreEqual(2, Read(0x04));
    }

    [TestMethod]
    [DataRow(25_000, 25, 0)]
    [DataRow(36_562, 36, 9)]
    [DataRow(-10_000, 0xF6, 0)]
    [DataRow(-9_938, 0xF6, 1)]
    [DataRow(85_000, 85, 0)]
    public void The_die_temperature_takes_29_ms(int milliCelsius, int integer, int fraction)
    {
        _simulated.DieTemperatureMilliCelsius = _ => milliCelsius;
        Write(0x03, 0x02);
        Write(0x21, 0x01);
        _clock.Advance(28_999);
        Assert.AreEqual(1, Read(0x21));
        Assert.AreEqual(0, Read(0x01));
        _clock.Advance(1);
        Assert.AreEqual(0, Read(0x21));
        Assert.IsTrue(_simulated.IsInterruptAsserted);
        Assert.AreEqual(integer, Read(0x1F));
        Assert.AreEqual(fraction, Read(0x20));
        Assert.AreEqual(0, Read(0x01), "reading TFRAC clears DIE_TEMP_RDY");
    }

    [TestMethod]
    public void Red_only_mode_has_one_channel_and_slots_choose_their_own()
    {
        Configure(spo2: 0x27, fifo: 0x00);
        Write(0x09, 0x02);
        _clock.Advance(20_000);
        byte[] burst = Burst(0x07, 6);
        Assert.AreEqual(100_000, Count(burst, 0));
        Assert.AreEqual(100_000, Count(burst, 3));
        Write(0x11, 0x12); // slot 1 infrared, slot 2 red
        Write(0x12, 0x02); // slot 3 infrared
        Write(0x09, 0x07);
        Write(0x06, Read(0x04));
        _clock.Advance(10_000);
        burst = Burst(0x07, 9);
        Assert.AreEqual(150_000, Count(burst, 0));
        Assert.AreEqual(100_000, Count(burst, 3));
        Assert.AreEqual(150_000, Count(burst, 6));
    }

    [TestMethod]
    public void A_frozen_part_gives_the_same_sample_for_ever()
    {
        Configure(spo2: 0x27, fifo: 0x00);
        _clock.Advance(20_000);
        _simulated.IsFrozen = true;
        _clock.Advance(1_000_000);
        byte[] first = Burst(0x00, 7);
        CollectionAssert.AreEqual(first, Burst(0x00, 7));
        CollectionAssert.AreEqual(Burst(0x07, 6), Burst(0x07, 6));
        Assert.AreEqual(0, Read(0x06));
        Write(0x06, 1);
        Assert.AreEqual(0, Read(0x06));
        _simulated.IsFrozen = false;
        _clock.Advance(10_000);
        Assert.AreEqual(3, Read(0x04));
    }

    [TestMethod]
    public void Unused_bits_of_the_first_byte_may_be_set_and_noise_comes_from_the_seed()
    {
        int[] Run(ulong seed)
        {
            var simulated = new SimulatedMax30102(_clock, new SeededRandom(seed), new Max30102Options { NoiseCounts = 20, UnusedFifoBits = 0x3F });
            var bus = new SimulatedI2cBus(_clock);
            bus.Attach(Part, simulated);
            simulated.Light = new Constant(LightSample.FromCounts(100_000, 150_000));
            _clock.Advance(SimulatedMax30102.PowerUpUs);
            bus.Transfer(Part, [0x08, 0x00, 0x03, 0x27], []);
            bus.Transfer(Part, [0x0C, 0x20, 0x20], []);
            _clock.Advance(320_000);
            byte[] burst = new byte[32 * 6];
            bus.Transfer(Part, [0x07], burst);
            Assert.AreEqual(0xFC, burst[0] & 0xFC);
            return Enumerable.Range(0, 32).Select(i => Count(burst, i * 6)).ToArray();
        }

        int[] once = Run(1);
        CollectionAssert.AreEqual(once, Run(1));
        CollectionAssert.AreNotEqual(once, Run(2));
        double mean = once.Average();
        double deviation = Math.Sqrt(once.Sum(c => (c - mean) * (c - mean)) / 31);
        Assert.IsTrue(Math.Abs(mean - 100_000) < 15 && deviation is > 12 and < 30, $"{mean} {deviation}");
    }

    private long Started { get; set; }

    private SimulatedMax30102 Plug(SimulatedI2cBus bus, Max30102Options options) => Plug(bus, options, out _);

    private SimulatedMax30102 Plug(SimulatedI2cBus onto, Max30102Options options, out SimulatedI2cBus bus)
    {
        bus = onto;
        var simulated = new SimulatedMax30102(_clock, new SeededRandom(11), options) { Light = new Constant(LightSample.FromCounts(100_000, 150_000)) };
        simulated.FifoChanged += _events.Add;
        bus.Attach(Part, simulated);
        _clock.Advance(SimulatedMax30102.PowerUpUs);
        return simulated;
    }

    private void Configure(int spo2, int fifo)
    {
        Write(0x08, fifo);
        Write(0x0A, spo2);
        Write(0x0C, 0x20);
        Write(0x0D, 0x20);
        Write(0x09, 0x03);
        Started = _clock.NowUs;
    }

    private int Read(int register) => Burst(register, 1)[0];

    private byte[] Burst(int register, int count)
    {
        byte[] answer = new byte[count];
        Assert.AreEqual(BusOutcome.Ok, _bus.Transfer(Part, [(byte)register], answer));
        return answer;
    }

    private void Write(int register, int value) =>
        Assert.AreEqual(BusOutcome.Ok, _bus.Transfer(Part, [(byte)register, (byte)value], []));

    private static int Count(byte[] burst, int at) => ((burst[at] << 16) | (burst[at + 1] << 8) | burst[at + 2]) & 0x3FFFF;

    private sealed class Constant(LightSample sample) : ILightStimulus
    {
        public LightSample At(long us) => sample;
    }

    private sealed class Ramp : ILightStimulus
    {
        public static int Red(long us) => (int)(90_000 + (us / 10_000 * 71 % 60_001));

        public static int Infrared(long us) => (int)(140_000 + (us / 1000 * 11 % 60_001));

        public LightSample At(long us) => LightSample.FromCounts(Red(us), Infrared(us));
    }
}
