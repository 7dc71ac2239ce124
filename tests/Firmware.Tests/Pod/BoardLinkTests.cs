using Firmware.Core;
using Firmware.Pod.Link;

namespace Firmware.Tests.Pod;

/// <summary>What the board's link, bus and clock decide, apart from their hardware.</summary>
[TestClass]
public sealed class BoardLinkTests
{
    private const long Second = 1_000_000;

    private static readonly byte[] Payload = [1, 2, 3];

    [TestMethod]
    public void A_message_that_the_library_gave_up_is_sent_again_under_its_ticket_and_is_no_end_of_the_link()
    {
        MqttFlights flights = new();
        flights.Add(11, 101, "pod/a/up", Payload, false, Second);
        flights.Add(12, 102, "pod/a/state", Payload, true, 2 * Second);
        flights.OnTaken(true, 3, 2 * Second);
        flights.GiveUp(12);
        flights.GiveUp(11);
        Assert.IsFalse(flights.IsStuck(5 * Second));
        int place = flights.NextAgain();
        Assert.AreEqual("pod/a/up", flights.Topic(place));
        flights.SentAgain(place, 13, 5 * Second);
        place = flights.NextAgain();
        Assert.AreEqual("pod/a/state", flights.Topic(place));
        Assert.IsTrue(flights.IsRetained(place));
        Assert.AreSame(Payload, flights.Payload(place));
        flights.SentAgain(place, 14, 5 * Second);
        Assert.AreEqual(-1, flights.NextAgain());
        Assert.AreEqual(0, flights.Acknowledge(11, 6 * Second));
        Assert.AreEqual(102, flights.Acknowledge(14, 6 * Second));
        Assert.AreEqual(101, flights.Acknowledge(13, 6 * Second));
        Assert.AreEqual(0, flights.Count);
    }

    [TestMethod]
    public void An_acknowledgement_of_3_s_and_a_half_goes_on_and_one_that_never_comes_ends_the_link_within_20_s()
    {
        MqttFlights flights = new();
        int identifier = 1;
        flights.Add(identifier, 1, "t", Payload, false, 0);
        flights.OnTaken(true, 3, 0);
        long nowUs = 0;
        while (!flights.IsStuck(nowUs))
        {
            nowUs += 100_000;
            if (nowUs % (3 * Second) == 0)
            {
                flights.GiveUp(identifier);
                identifier++;
                flights.SentAgain(flights.NextAgain(), identifier, nowUs);
                flights.OnTaken(true, 3, nowUs);
            }

            // Something else is answered all the time.
            flights.OnReceived();
        }

        Assert.AreEqual(MqttFlights.OverdueUs, nowUs);
        Assert.IsTrue(nowUs < 20 * Second);
        Assert.AreEqual(MqttFlights.OverdueUs, flights.StuckUs());
        flights.Clear();
        Assert.IsFalse(flights.IsStuck(nowUs));
        Assert.AreEqual(0, flights.Count);

        flights.Add(50, 7, "t", Payload, false, nowUs);
        flights.OnTaken(true, 3, nowUs);
        nowUs += 3_500_000;
        Assert.IsFalse(flights.IsStuck(nowUs));
        Assert.AreEqual(7, flights.Acknowledge(50, nowUs));
        flights.OnReceived();
        Assert.IsFalse(flights.IsStuck(nowUs + (100 * Second)));
    }

    [TestMethod]
    public void A_blocked_connection_takes_bounded_memory_and_is_given_up_within_20_s()
    {
        // Only messages of QoS 0, and nothing that M2Mqtt would say: its queue fills and stays full.
        MqttFlights flights = new();
        int waiting = 0;
        long nowUs = 0;
        while (!flights.IsStuck(nowUs))
        {
            if (waiting < MqttFlights.QueueSize)
            {
                waiting++;
                flights.OnTaken(true, 3, nowUs);
            }
            else
            {
                flights.OnFull(nowUs);
            }

            nowUs += 100_000;
        }

        Assert.AreEqual(MqttFlights.QueueSize, waiting);
        Assert.IsTrue(nowUs < 20 * Second);
    }

    [TestMethod]
    public void A_queue_that_was_full_for_a_moment_ends_nothing()
    {
        MqttFlights flights = new();
        flights.OnFull(0);
        flights.OnFull(Second);
        Assert.IsFalse(flights.IsStuck(60 * Second));
        flights.OnTaken(true, 3, 61 * Second);
        flights.OnReceived();
        flights.OnFull(62 * Second);
        Assert.IsFalse(flights.IsStuck(63 * Second));
        flights.OnFull(62 * Second + MqttFlights.FullUs);
        Assert.IsTrue(flights.IsStuck(62 * Second + MqttFlights.FullUs));
    }

    [TestMethod]
    public void A_gateway_that_goes_away_without_a_word_is_noticed_within_20_s_and_a_quiet_one_is_not()
    {
        MqttFlights flights = new();
        Assert.IsFalse(flights.IsStuck(1000 * Second));
        long nowUs = 0;
        for (int i = 0; i < 100; i++)
        {
            // A clock request each 10 s, answered after 2 s.
            nowUs += 10 * Second;
            flights.OnTaken(true, 3, nowUs);
            Assert.IsFalse(flights.IsStuck(nowUs + (2 * Second)));
            flights.OnReceived();
        }

        flights.OnTaken(true, 3, nowUs + (10 * Second));
        flights.OnTaken(true, 3, nowUs + (20 * Second));
        Assert.IsFalse(flights.IsStuck(nowUs + (27 * Second)));
        Assert.IsTrue(flights.IsStuck(nowUs + (28 * Second)));
    }

    [TestMethod]
    public void The_window_is_that_of_every_link()
    {
        MqttFlights flights = new();
        for (int i = 1; i <= LinkParameters.Window; i++)
        {
            Assert.IsTrue(flights.HasRoomFor(true, 3, 0));
            flights.Add(i, 100 + i, "t", Payload, false, i);
        }

        Assert.IsFalse(flights.HasRoomFor(true, 3, 0));
        Assert.AreEqual(103, flights.Acknowledge(3, 9));
        Assert.IsTrue(flights.HasRoomFor(true, 3, 0));
    }

    [TestMethod]
    public void The_clocks_floor_is_the_newest_of_release_certificate_and_last_known_time()
    {
        SimulatedByteStore store = new();
        Assert.AreEqual(1000u, new ClockFloor(store, 1000, 0).Floor);
        Assert.AreEqual(86_400u + 2000, new ClockFloor(store, 1000, 2000).Floor);
        Assert.AreEqual(200_000u, new ClockFloor(store, 200_000, 2000).Floor);
        ClockFloor floor = new(store, 200_000, 2000);
        Assert.AreEqual(200_000u, floor.Correct(0));
        Assert.AreEqual(300_000u, floor.Correct(300_000));
        Assert.IsFalse(floor.IsDue(ClockFloor.PeriodUs - 1));
        Assert.IsTrue(floor.IsDue(ClockFloor.PeriodUs));
        Assert.IsFalse(floor.Keep(150_000, ClockFloor.PeriodUs));
        Assert.IsFalse(floor.IsDue(ClockFloor.PeriodUs));
        Assert.IsTrue(floor.Keep(300_000, 2 * ClockFloor.PeriodUs));
        Assert.IsTrue(floor.Keep(303_600, 3 * ClockFloor.PeriodUs));
        Assert.AreEqual(1, store.List().Length);
        Assert.AreEqual(303_600u, new ClockFloor(store, 200_000, 2000).Floor);
    }

    [TestMethod]
    public void A_target_that_holds_the_data_line_is_clocked_free_and_told_to_stop()
    {
        for (int held = 0; held <= BusClear.MaxPulses; held++)
        {
            FakeLines lines = new() { HeldFor = held };
            Assert.IsTrue(BusClear.Run(lines));
            Assert.IsTrue(lines.SawStop);
            Assert.AreEqual(held, lines.PulsesWhileHeld);
        }

        Assert.IsFalse(BusClear.Run(new FakeLines { HeldFor = BusClear.MaxPulses + 2 }));
        Assert.IsFalse(BusClear.Run(new FakeLines { IsClockHeld = true }));
    }

    private sealed class FakeLines : IBusLines
    {
        private bool _data = true;
        private bool _clock = true;

        public int HeldFor { get; set; }

        public bool IsClockHeld { get; set; }

        public int PulsesWhileHeld { get; private set; }

        public bool SawStop { get; private set; }

        public bool IsDataHigh => _data && HeldFor == 0;

        public bool IsClockHigh => _clock && !IsClockHeld;

        public void SetData(bool isHigh)
        {
            SawStop |= isHigh && !_data && _clock && HeldFor == 0;
            _data = isHigh;
        }

        public void SetClock(bool isHigh)
        {
            if (isHigh && !_clock && HeldFor > 0)
            {
                HeldFor--;
                PulsesWhileHeld++;
            }

            _clock = isHigh;
        }
    }
}
