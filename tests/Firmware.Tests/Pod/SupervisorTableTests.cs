using Firmware.Core;
using Firmware.Pod.Channels;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Supervision;
using Firmware.Protocol;

namespace Firmware.Tests.Pod;

[TestClass]
public sealed class SupervisorTableTests
{
    private const long Second = 1_000_000;

    // Written again by hand, not taken from the table: columns Due, Working, Ready, Withheld, Transient, NotPresent, Fault, FaultLimit, Retry.
    // Next state: A absent, P probing, S settling, M measuring, B backoff, Q quarantined. Action: . none, b begin, p publish, w withhold, l leave, u pause, g give up.
    [TestMethod]
    [DataRow(SupervisorState.Absent, "PAAAAAAAP", "b.......b")]
    [DataRow(SupervisorState.Probing, "PPSBBABQP", "...uulugb")]
    [DataRow(SupervisorState.Settling, "SSMSSABQP", "..pwwlugb")]
    [DataRow(SupervisorState.Measuring, "MMMMMABQM", "..pwwlug.")]
    [DataRow(SupervisorState.Backoff, "PBBBBBBBP", "b.......b")]
    [DataRow(SupervisorState.Quarantined, "PQQQQAQQP", "b....l..b")]
    public void Every_pair_of_state_and_event_leads_where_it_should(SupervisorState state, string states, string actions)
    {
        Assert.AreEqual(SupervisorTable.Events, states.Length);
        for (int i = 0; i < SupervisorTable.Events; i++)
        {
            SupervisorState next = SupervisorTable.Next(state, (SupervisorEvent)i, out SupervisorAction action);
            Assert.AreEqual("APSMBQ".IndexOf(states[i]), (int)next);
            Assert.AreEqual(".bpwlug".IndexOf(actions[i]), (int)action);
        }
    }

    [TestMethod]
    [DataRow(1, 250_000)]
    [DataRow(2, 500_000)]
    [DataRow(3, 1_000_000)]
    [DataRow(5, 4_000_000)]
    [DataRow(6, 8_000_000)]
    [DataRow(7, 8_000_000)]
    [DataRow(1000, 8_000_000)]
    public void The_pause_doubles_up_to_its_bound(int failures, int expectedUs) => Assert.AreEqual((long)expectedUs, Supervisor.PauseUs(failures));

    [TestMethod]
    public void A_part_that_is_plugged_in_again_measures_within_two_seconds()
    {
        PodBench bench = new PodBench(null).Start();
        bench.Temperature.FailWith = AbsenceReason.NotPresent;
        bench.Run(10 * Second);
        Assert.AreEqual((int)SupervisorState.Absent, (int)bench.Host.Peripheral(0).State);
        Assert.IsTrue(bench.Temperature.Probes >= 9 && bench.Temperature.Probes <= 11);
        bench.Temperature.FailWith = AbsenceReason.None;
        bench.Run(2 * Second);
        Assert.AreEqual((int)SupervisorState.Measuring, (int)bench.Host.Peripheral(0).State);
    }

    [TestMethod]
    public void A_part_that_keeps_failing_is_quarantined_and_tried_every_minute()
    {
        PodBench bench = new PodBench(null).Start();
        bench.Bus.Status = I2cStatus.Ok;
        bench.Temperature.FailWith = AbsenceReason.WrongPart;
        bench.Run(10 * Second);
        Assert.AreEqual((int)SupervisorState.Quarantined, (int)bench.Host.Peripheral(0).State);
        Assert.AreEqual(Supervisor.FailureLimit, bench.Temperature.Probes);
        bench.Run(120 * Second);
        Assert.AreEqual(Supervisor.FailureLimit + 2, bench.Temperature.Probes);
        Assert.AreEqual((int)AbsenceReason.Quarantined, (int)bench.Host.Peripheral(0).Reason);
    }

    [TestMethod]
    public void A_quarantined_part_that_was_unplugged_is_taken_up_again()
    {
        PodBench bench = new PodBench(null).Start();
        bench.Bus.Status = I2cStatus.Ok;
        bench.Temperature.FailWith = AbsenceReason.SensorFault;
        bench.Run(10 * Second);
        Assert.AreEqual((int)SupervisorState.Quarantined, (int)bench.Host.Peripheral(0).State);
        bench.Bus.Status = I2cStatus.AddressNack;
        bench.Run(2 * Second);
        bench.Temperature.FailWith = AbsenceReason.None;
        bench.Run(2 * Second);
        Assert.AreEqual((int)SupervisorState.Measuring, (int)bench.Host.Peripheral(0).State);
    }

    [TestMethod]
    public void Single_failed_transfers_are_forgiven_and_five_in_a_row_are_not()
    {
        PodBench bench = new PodBench(null).Start();
        bench.Run(3 * Second);
        int restarts = bench.Temperature.Restarts;
        bench.Temperature.FailWith = AbsenceReason.BusFault;
        bench.Run((Supervisor.TransientLimit - 1) * Second);
        Assert.AreEqual(restarts, bench.Temperature.Restarts);
        bench.Temperature.FailWith = AbsenceReason.None;
        bench.Run(3 * Second);
        Assert.AreEqual(restarts, bench.Temperature.Restarts);
        bench.Temperature.FailWith = AbsenceReason.BusFault;
        bench.Run((Supervisor.TransientLimit + 2) * Second);
        Assert.IsTrue(bench.Temperature.Restarts > restarts);
    }

    [TestMethod]
    public void A_reading_that_is_withheld_ends_a_row_of_failed_transfers()
    {
        PodBench bench = new PodBench(null).Start();
        bench.Run(3 * Second);
        int restarts = bench.Temperature.Restarts;
        for (int i = 0; i < 4; i++)
        {
            bench.Temperature.FailWith = AbsenceReason.BusFault;
            bench.Run((Supervisor.TransientLimit - 1) * Second);
            bench.Temperature.FailWith = AbsenceReason.OutOfRange;
            bench.Run(Second);
        }

        Assert.AreEqual(restarts, bench.Temperature.Restarts);
    }

    [TestMethod]
    [DataRow(I2cStatus.BusStuck)]
    [DataRow(I2cStatus.Timeout)]
    public void A_bus_that_stood_is_left_alone_for_all_its_parts_and_then_freed(I2cStatus status)
    {
        FakeBus bus = new() { Status = status };
        PodCounters counters = new();
        BusMonitor monitor = new(bus, counters, new EventReporter(counters), null);
        int held = 0;
        monitor.Held += _ => held++;
        byte[] buffer = new byte[1];
        monitor.WriteRead(0x48, buffer, 0, 1, buffer, 0, 0);
        Assert.AreEqual(1, held);
        Assert.AreEqual(1L, counters.BusStuck);
        for (int i = 1; i < 300; i++)
        {
            monitor.NowUs = i * 10_000;
            Assert.AreNotEqual(I2cStatus.Ok, monitor.WriteRead(i % 2 == 0 ? 0x48 : 0x57, buffer, 0, 1, buffer, 0, 0));
        }

        Assert.AreEqual(1, bus.Transactions);
        Assert.AreEqual(0, bus.FreeCalls);
        monitor.NowUs = BusMonitor.FirstAloneUs;
        Assert.IsFalse(monitor.IsLeftAlone);
        Assert.AreNotEqual(I2cStatus.Ok, monitor.WriteRead(0x48, buffer, 0, 1, buffer, 0, 0));
        Assert.AreEqual(1, bus.FreeCalls);
        Assert.AreEqual(1, bus.Transactions, "its lines are still low");
        Assert.IsTrue(monitor.IsLeftAlone);
        bus.CanFree = true;
        monitor.NowUs = 2 * BusMonitor.FirstAloneUs;
        Assert.AreEqual(I2cStatus.Ok, monitor.WriteRead(0x48, buffer, 0, 1, buffer, 0, 0));
        Assert.AreEqual(1L, counters.BusFreed);
        Assert.AreEqual(1, held);
    }

    [TestMethod]
    public void Each_standstill_soon_after_another_doubles_the_pause_up_to_its_bound()
    {
        FakeBus bus = new() { CanFree = true };
        PodCounters counters = new();
        FakeClock clock = new();
        BusMonitor monitor = new(bus, counters, new EventReporter(counters), clock);
        byte[] buffer = new byte[1];
        long expectedUs = BusMonitor.FirstAloneUs;
        for (int i = 0; i < 6; i++)
        {
            bus.Status = I2cStatus.Timeout;
            clock.NowUs = monitor.NowUs + 1_000_000;
            monitor.WriteRead(0x48, buffer, 0, 1, buffer, 0, 0);
            Assert.AreEqual(clock.NowUs, monitor.NowUs, "the time of the standstill is gone");
            Assert.AreEqual(expectedUs, monitor.AloneUntilUs - monitor.NowUs);
            monitor.NowUs = monitor.AloneUntilUs;
            Assert.AreEqual(I2cStatus.Ok, monitor.WriteRead(0x48, buffer, 0, 1, buffer, 0, 0));
            expectedUs = expectedUs * 2 < BusMonitor.LongestAloneUs ? expectedUs * 2 : BusMonitor.LongestAloneUs;
        }

        Assert.AreEqual(BusMonitor.LongestAloneUs, expectedUs);
        monitor.NowUs += BusMonitor.StableUs;
        clock.NowUs = monitor.NowUs + 1_000_000;
        bus.Status = I2cStatus.Timeout;
        monitor.WriteRead(0x48, buffer, 0, 1, buffer, 0, 0);
        Assert.AreEqual(BusMonitor.FirstAloneUs, monitor.AloneUntilUs - monitor.NowUs);
    }

    [TestMethod]
    public void Parts_of_a_bus_that_is_left_alone_are_neither_quarantined_nor_blamed()
    {
        FakeBus bus = new() { Status = I2cStatus.BusStuck };
        PodCounters counters = new();
        EventReporter events = new(counters);
        BusMonitor monitor = new(bus, counters, events, null);
        AskingDriver driver = new(monitor);
        Supervisor supervisor = new(driver, new SilentSensor(), monitor, 0x48, events);
        long us = 0;
        bool isFreed = false;
        for (; us < 40 * Second; us += 10_000)
        {
            monitor.NowUs = us;
            supervisor.Step(us);
            Assert.AreNotEqual((int)SupervisorState.Quarantined, (int)supervisor.State);
            isFreed = us >= 30 * Second;
            bus.CanFree = isFreed;
        }

        Assert.IsTrue(isFreed);
        Assert.AreEqual(0, supervisor.Failures);
        Assert.AreEqual((int)SupervisorState.Measuring, (int)supervisor.State, "it measures within four seconds of a free bus");
        Assert.AreEqual(AbsenceReason.None, supervisor.Reason);
    }

    private sealed class FakeClock : IMonotonicClock
    {
        public long NowUs { get; set; }
    }

    private sealed class SilentSensor : Sensor
    {
        public SilentSensor()
            : base(1)
        {
        }

        public override void OnSample(long nowUs)
        {
        }

        public override void Suppress(AbsenceReason reason, long nowUs)
        {
        }

        public override void OnDeviceLost(long nowUs)
        {
        }

        public override void ChangeEpoch(uint epoch, long nowUs)
        {
        }

        public override long Step(AbsenceReason reason, long nowUs) => long.MaxValue;
    }

    // One transaction each 10 ms, as a driver on the bus has it.
    private sealed class AskingDriver : IDriver
    {
        private readonly II2cPort _port;
        private readonly byte[] _buffer = new byte[1];

        public AskingDriver(II2cPort port) => _port = port;

        public string PartName => "asking";

        public long NextStepUs { get; private set; }

        public AbsenceReason Reason { get; private set; }

        public FaultCode FaultCode { get; private set; }

        public void Restart()
        {
        }

        public DriverResult Probe(long nowUs) => Measure(nowUs);

        public DriverResult Measure(long nowUs)
        {
            NextStepUs = nowUs + 10_000;
            bool isOk = _port.WriteRead(0x48, _buffer, 0, 1, _buffer, 0, 0) == I2cStatus.Ok;
            Reason = isOk ? AbsenceReason.None : AbsenceReason.BusFault;
            FaultCode = isOk ? FaultCode.None : FaultCode.Tmp117BusFault;
            return isOk ? DriverResult.Ready : DriverResult.Failed;
        }
    }
}
