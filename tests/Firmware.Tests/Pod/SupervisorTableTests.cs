using Firmware.Core;
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
    public void A_stuck_bus_is_reported_once_and_freed()
    {
        FakeBus bus = new() { Status = I2cStatus.BusStuck };
        PodCounters counters = new();
        BusMonitor monitor = new(bus, counters, new EventReporter(counters));
        byte[] buffer = new byte[1];
        for (int i = 0; i < 10; i++)
        {
            monitor.NowUs = i * 1000;
            Assert.AreEqual((int)I2cStatus.BusStuck, (int)monitor.WriteRead(0x48, buffer, 0, 1, buffer, 0, 0));
        }

        Assert.AreEqual(1L, counters.BusStuck);
        Assert.AreEqual(1, bus.FreeCalls);
        bus.CanFree = true;
        monitor.NowUs = BusMonitor.FreePeriodUs;
        monitor.WriteRead(0x48, buffer, 0, 1, buffer, 0, 0);
        Assert.AreEqual(1L, counters.BusFreed);
        Assert.AreEqual((int)I2cStatus.Ok, (int)monitor.WriteRead(0x48, buffer, 0, 1, buffer, 0, 0));
    }
}
