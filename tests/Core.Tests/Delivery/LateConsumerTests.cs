using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;
using EdgeGateway.Core;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Journal;
using Firmware.Core;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Delivery;

/// <summary>What is kept for whoever comes late, what a receipt may say, and what goes before what.</summary>
[TestClass]
public sealed class LateConsumerTests
{
    private const string Root = "cart/C1/session/S1/";
    private static readonly string Up = Topics.Up(Rig.PodA);
    private static readonly string Place = Topics.DeviceText(Rig.PodA);

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_blood_pressure_and_a_self_test_are_found_by_a_late_doctor_a_reloaded_page_and_after_a_kill(bool external)
    {
        Rig rig = new(201, external: external);
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        if (external)
        {
            // The broker is away: the page beside the patient is served all the same.
            rig.BrokerIsUp = false;
            rig.CutUplink();
        }

        pod.Publish(Up, rig.ClockFrame(Rig.PodA, 1, 1));
        pod.Publish(Up, Frames.Event(Rig.PodA, 1, 1, rig.PodUs, epoch, code: (int)FaultCode.CuffSelfTestPassed, stream: Streams.Systolic));
        pod.Publish(Up, Frames.Join(
            Frames.Numeric(Rig.PodA, 1, Streams.Systolic, 1, rig.PodUs, epoch, value: 1204, exponent: -1, mdc: MdcCodes.NoninvasiveSystolic),
            Frames.Numeric(Rig.PodA, 1, Streams.Diastolic, 1, rig.PodUs, epoch, value: 801, exponent: -1, mdc: MdcCodes.NoninvasiveDiastolic),
            Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch)));
        rig.Run(90_000_000);
        TestClient page = rig.Page("S1");
        rig.Require(() => page.Received.Any(m => m.Topic == Root + "spot"), "the page beside the patient finds it");
        CheckSpot(page, 120.4);
        rig.BrokerIsUp = true;
        TestClient late = rig.Doctor("doctor-late");
        rig.Require(() => late.Received.Any(m => m.Topic == Root + "spot" && m.Text.Contains("120.4")) && rig.Core.Snapshot().UplinkConnected, "the late doctor finds it");
        CheckSpot(late, 120.4);
        rig.Run(20_000_000);
        JsonElement set = JsonDocument.Parse(late.Received.Last(m => m.Topic == Root + "set").Payload).RootElement;
        int[] codes = [.. set.GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("code").GetProperty("mdc").GetInt32())];
        CollectionAssert.AreEqual(new[] { (int)MdcCodes.NoninvasiveSystolic, (int)MdcCodes.NoninvasiveDiastolic }, codes, "the set keeps it; the temperature is older than 30 s");
        JsonElement state = JsonDocument.Parse(late.Received.Last(m => m.Topic == Root + "state").Payload).RootElement;
        Assert.AreEqual(0, state.GetProperty("vitals").GetArrayLength(), "the state keeps nothing above 30 s");

        rig.Require(() => rig.Core.Snapshot().InFlight == 0 && rig.Journal.SyncedIndex == rig.Journal.LastIndex, "at rest");
        rig.Kill();
        TestClient again = rig.Page("S1");
        rig.Require(() => again.Received.Any(m => m.Topic == Root + "spot"), "after a kill too");
        CheckSpot(again, 120.4);

        rig.Connect(pod);
        pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, Streams.Systolic, 2, rig.PodUs, epoch, value: 1311, exponent: -1, mdc: MdcCodes.NoninvasiveSystolic));
        rig.Require(() => again.Received.Last(m => m.Topic == Root + "spot").Text.Contains("131.1"), "the next one takes its place");
        CheckSpot(again, 131.1);
        rig.CloseSession("S1");
        rig.Require(() => again.Received.Last(m => m.Topic == Root + "spot").Text == "{\"v\":1,\"session\":\"S1\",\"open\":false,\"vitals\":[],\"events\":[]}", "the close empties it");
    }

    [TestMethod]
    public void A_value_of_an_earlier_boot_or_of_unknown_age_is_never_the_last_value()
    {
        Rig rig = new(202);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        rig.Run(40_000_000);
        pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 17, 1, rig.PodUs, epoch));
        TestClient second = rig.Pod(Rig.PodB);
        second.Publish(Topics.Up(Rig.PodB), Frames.Join(rig.ClockFrame(Rig.PodB, 1, 1), rig.ClockFrame(Rig.PodB, 2, 1)));
        second.Publish(Topics.Up(Rig.PodB), Frames.Numeric(Rig.PodB, 2, 16, 1, rig.PodUs, epoch, value: 3700));
        rig.Require(() => rig.Stream(Rig.PodB, 2, 16).Sent == 1, "live");
        second.Publish(Topics.Up(Rig.PodB), Frames.Numeric(Rig.PodB, 1, 16, 1, rig.PodUs - 20_000_000, epoch, value: 3500, flags: FrameFlags.FromStorage));
        rig.Require(() => rig.Stream(Rig.PodB, 1, 16).Sent == 1, "the backlog of the boot before");
        rig.Run(2_000_000);
        string state = doctor.Received.Last(m => m.Topic == Root + "state").Text;
        StringAssert.Contains(state, "\"value\":37.00", state);
        Assert.IsFalse(state.Contains("35.00", StringComparison.Ordinal), state);
        Assert.IsFalse(state.Contains(Place + ".1.17", StringComparison.Ordinal), "nobody knows how old it is: " + state);
    }

    [TestMethod]
    public void With_the_broker_away_the_page_beside_the_patient_sees_what_comes_and_what_was_kept()
    {
        Rig rig = new(203, external: true);
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        rig.Doctor();
        pod.Publish(Up, rig.ClockFrame(Rig.PodA, 1, 1));
        pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 1, "sent");
        rig.Run(3_000_000);
        TestClient later = rig.Page("S1");
        rig.Run(1_000_000);
        foreach (string kept in new[] { "state", "set", "device/" + Place })
        {
            Assert.IsTrue(later.Received.Any(m => m.Topic == Root + kept && m.Retain), kept + " is kept for a page that opens later");
        }

        rig.BrokerIsUp = false;
        rig.CutUplink();
        for (uint i = 2; i <= 6; i++)
        {
            pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
            rig.Run(1_000_000);
        }

        uint[] shown = [.. later.Received.Where(m => m.Topic == Root + "vital/" + Place + "/16").Select(m => Number(m.Text))];
        CollectionAssert.AreEqual(new uint[] { 2, 3, 4, 5, 6 }, shown, "shown once each while the broker is away");
        Assert.AreEqual(5, rig.Stream(Rig.PodA, 1, 16).Pending, "and a view is no delivery");
    }

    [TestMethod]
    public void To_a_broker_that_retains_nothing_all_goes_unretained_and_again_to_each_new_consumer()
    {
        Rig rig = new(204, external: true) { BrokerRetains = false };
        rig.CutUplink();
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient first = rig.Doctor("doctor-1");
        uint epoch = rig.OpenSession("S1");
        pod.Publish(Up, rig.ClockFrame(Rig.PodA, 1, 1));
        uint number = 0;
        Send();
        rig.Require(() => rig.Core.Snapshot().UplinkConnected && rig.Session("S1").Pending == 0, "sent");
        rig.Run(3_000_000);
        Complete(first, "the first consumer");
        HealthIssue issue = rig.Core.Snapshot().Issues.Single(i => i.Code == "G2429");
        Assert.AreEqual(HealthSubjectKind.Broker, issue.Subject.Kind);
        Assert.AreEqual(1, rig.Log.Count(l => l.Code == "G2429"), "told once");

        // One who joins late is seen when he speaks.
        TestClient late = rig.Doctor("doctor-2");
        rig.Run(2_000_000);
        late.Publish(Root + "replay", Encoding.UTF8.GetBytes("{\"v\":1,\"id\":\"r1\",\"consumer\":\"dr-2\"}"));
        rig.Require(() => late.Received.Any(m => m.Topic == "cart/C1/reply/r1"), "the replay ends");
        Send();
        rig.Run(3_000_000);
        Complete(late, "the late consumer");
        int replayed = late.Received.FindIndex(m => m.Topic == Root + "replay/dr-2/wave/" + Place + "/32");
        int described = late.Received.FindIndex(m => m.Topic == Root + "wave/" + Place + "/32/description");
        Assert.IsTrue(described >= 0 && described < replayed, "what a replayed waveform means comes before it: " + described + " " + replayed);

        TestClient third = rig.Doctor("doctor-3");
        rig.Run(2_000_000);
        third.Publish(Root + "receipt", Encoding.UTF8.GetBytes("{\"v\":1,\"consumer\":\"dr-3\",\"streams\":[]}"));
        rig.Run(2_000_000);
        Send();
        rig.Run(2_000_000);
        Complete(third, "who sends a receipt");

        rig.BrokerRetains = true;
        rig.CutUplink();
        rig.Require(() => !rig.Core.Snapshot().Issues.Any(i => i.Code == "G2429"), "a broker that retains ends the issue");

        void Send()
        {
            number++;
            pod.Publish(Up, Frames.Join(Frames.Numeric(Rig.PodA, 1, 16, number, rig.PodUs, epoch), Frames.Wave(Rig.PodA, 1, 32, number, rig.PodUs, epoch)));
        }

        void Complete(TestClient consumer, string who)
        {
            foreach (string topic in new[] { "state", "set", "device/" + Place, "wave/" + Place + "/32/description" })
            {
                Assert.IsTrue(consumer.Received.Any(m => m.Topic == Root + topic), who + ": " + topic);
            }

            int wave = consumer.Received.FindLastIndex(m => m.Topic == Root + "wave/" + Place + "/32");
            int meaning = consumer.Received.FindIndex(m => m.Topic == Root + "wave/" + Place + "/32/description");
            Assert.IsTrue(wave > meaning, who + ": a waveform can be decoded when it comes");
        }
    }

    [TestMethod]
    public void After_a_kill_a_replayed_waveform_has_its_description_before_it()
    {
        Rig rig = new(205);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient first = rig.Doctor("doctor-1");
        uint epoch = rig.OpenSession("S1");
        pod.Publish(Up, Frames.Wave(Rig.PodA, 1, 32, 1, rig.PodUs, epoch));
        rig.Require(() => rig.Session("S1").Pending == 0 && rig.Core.Snapshot().InFlight == 0, "sent");
        rig.CloseSession("S1");
        rig.Require(() => rig.Journal.SyncedIndex == rig.Journal.LastIndex, "at rest");
        rig.Kill();
        TestClient late = rig.Doctor("doctor-2");
        rig.Require(() => late.Subscriptions.Count > 0, "subscribed");
        late.Publish(Root + "replay", Encoding.UTF8.GetBytes("{\"v\":1,\"id\":\"r1\",\"consumer\":\"dr-2\"}"));
        rig.Require(() => late.Received.Any(m => m.Topic == "cart/C1/reply/r1"), "the replay ends");
        int described = late.Received.FindIndex(m => m.Topic == Root + "wave/" + Place + "/32/description");
        int replayed = late.Received.FindIndex(m => m.Topic == Root + "replay/dr-2/wave/" + Place + "/32");
        Assert.IsTrue(described >= 0 && described < replayed, described + " " + replayed);
        Assert.IsNotNull(first);
    }

    [TestMethod]
    public void A_receipt_says_nothing_that_cannot_be_true()
    {
        Rig rig = new(206);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Add(new TestClient("doctor"));
        doctor.Subscribe(Root + "vital/+/16", rig.NowUs);
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 10; i++)
        {
            pod.Publish(Up, Frames.Join(Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch), Frames.Numeric(Rig.PodA, 1, 17, i, rig.PodUs, epoch)));
        }

        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 10, "sent");
        string[] untrue =
        [
            Stream(16, 11, 0), Stream(16, 4_000_000_000, 0), Stream(17, 5, 0), Stream(99, 1, 0), Stream(16, 5, 6), Stream(16, 5, 0) + "," + Stream(16, 6, 0),
        ];
        foreach (string streams in untrue)
        {
            Send(streams);
            Assert.AreEqual(0u, rig.Stream(Rig.PodA, 1, 16).ReceivedThrough, streams);
            Assert.AreEqual(0u, rig.Stream(Rig.PodA, 1, 17).ReceivedThrough, streams);
        }

        Assert.AreEqual(0, rig.Core.Snapshot().Counters.Receipts);
        Assert.AreEqual(1, rig.Log.Count(l => l.Code == "G2430"), "told once");
        Assert.AreEqual(new HealthSubject(HealthSubjectKind.Listener, "dr-1"), rig.Core.Snapshot().Issues.Single(i => i.Code == "G2430").Subject);
        Send(Stream(16, 10, 9));
        Assert.AreEqual(10u, rig.Stream(Rig.PodA, 1, 16).ReceivedThrough);
        Assert.AreEqual(9u, rig.Stream(Rig.PodA, 1, 16).SeenThrough);
        Assert.IsFalse(rig.Core.Snapshot().Issues.Any(i => i.Code == "G2430"), "a true one ends the issue");

        // Whoever invents names takes a few places, and none for ever.
        for (int i = 0; i < 40; i++)
        {
            Send(Stream(16, 11, 0), "made-up-" + i);
        }

        Assert.AreEqual(16, rig.Core.Snapshot().Issues.Count(i => i.Code == "G2430"));
        rig.Run(HealthChecks.QuietUs / 2);
        Send(Stream(16, 11, 0), "made-up-3");
        rig.Run((HealthChecks.QuietUs / 2) + 2_000_000);
        Assert.AreEqual("made-up-3", rig.Core.Snapshot().Issues.Single(i => i.Code == "G2430").Subject.Name, "the others have been quiet");
        rig.Run(HealthChecks.QuietUs);
        Assert.IsFalse(rig.Core.Snapshot().Issues.Any(i => i.Code == "G2430"));

        void Send(string streams, string consumer = "dr-1")
        {
            doctor.Publish(Root + "receipt", Encoding.UTF8.GetBytes("{\"v\":1,\"consumer\":\"" + consumer + "\",\"streams\":[" + streams + "]}"));
            rig.Require(() => doctor.Waiting == 0, "answered");
        }
    }

    [TestMethod]
    public void A_receipt_that_the_journal_cannot_take_holds_nothing_back()
    {
        Rig rig = new(212);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor("doctor-1");
        uint epoch = rig.OpenSession("S1");
        pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 1, "sent");
        rig.Disk.CapacityBytes = 0;
        pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, 2, rig.PodUs, epoch));
        rig.Require(() => rig.Journal.Intake == EdgeGateway.Journal.JournalIntake.Nothing, "the disk refuses");
        for (int i = 0; i < 40; i++)
        {
            doctor.Publish(Root + "receipt", Encoding.UTF8.GetBytes("{\"v\":1,\"consumer\":\"dr-1\",\"streams\":[" + Stream(16, 1, 0) + "]}"));
        }

        doctor.Publish("cart/C1/command/cuff", Encoding.UTF8.GetBytes("{\"command\":\"stop\",\"id\":\"s1\"}"));
        rig.Require(() => doctor.Received.Any(m => m.Topic == "cart/C1/reply/s1"), "STOP is taken and answered", 5_000_000);
        rig.Require(() => doctor.Waiting == 0, "each is answered", 5_000_000);
        Assert.AreEqual(0u, rig.Stream(Rig.PodA, 1, 16).ReceivedThrough, "none was taken in");
    }

    [TestMethod]
    public void A_receipt_for_what_was_on_its_way_when_the_gateway_was_killed_counts()
    {
        Rig rig = new(207);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor("doctor-1");
        uint epoch = rig.OpenSession("S1");
        pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 1, "the stream is taken");
        doctor.AcknowledgesReceived = false;
        for (uint i = 2; i <= 20; i++)
        {
            pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
        }

        rig.Require(() => pod.Waiting == 0 && doctor.Received.Any(m => m.Topic.Contains("/vital/") && Number(m.Text) == 20), "received, not acknowledged");
        rig.Kill();
        TestClient other = rig.Add(new TestClient("other"));
        other.Publish(Root + "receipt", Encoding.UTF8.GetBytes("{\"v\":1,\"consumer\":\"dr-1\",\"streams\":[" + Stream(16, 20, 3) + "]}"));
        rig.Require(() => other.Waiting == 0, "answered");
        Assert.AreEqual(20u, rig.Stream(Rig.PodA, 1, 16).ReceivedThrough);
        other.Publish(Root + "receipt", Encoding.UTF8.GetBytes("{\"v\":1,\"consumer\":\"dr-1\",\"streams\":[" + Stream(16, 21, 3) + "]}"));
        rig.Require(() => other.Waiting == 0, "answered");
        Assert.AreEqual(20u, rig.Stream(Rig.PodA, 1, 16).ReceivedThrough, "21 was never made");
    }

    [TestMethod]
    public void The_backlog_of_a_closed_session_does_not_wait_for_that_of_another()
    {
        Rig rig = new(208);
        TestClient pod = rig.Pod(Rig.PodA);
        foreach (string id in new[] { "S1", "S2", "S3" })
        {
            uint epoch = rig.OpenSession(id);
            uint boot = (uint)(id[1] - '0');
            for (uint i = 1; i <= 20; i++)
            {
                pod.Publish(Up, Frames.Numeric(Rig.PodA, boot, 16, i, rig.PodUs, epoch));
            }

            rig.Require(() => pod.Waiting == 0, "stored");
            rig.CloseSession(id);
        }

        int vitals = 0;
        TestClient slow = rig.Add(new TestClient("slow") { AcknowledgeDelayUs = 10_000 });
        slow.OnReceived = (topic, _) =>
        {
            // The first is acknowledged soon, so that the others of its stream are on their way.
            vitals += topic.StartsWith("cart/C1/session/S1/vital", StringComparison.Ordinal) ? 1 : 0;
            slow.AcknowledgeDelayUs = vitals > 1 ? 1_500_000 : 10_000;
        };
        slow.Subscribe("cart/C1/session/S1/#", rig.NowUs);
        rig.Require(() => vitals > 1, "the first one's is under way");
        TestClient doctor = rig.Add(new TestClient("doctor"));
        doctor.Subscribe("cart/C1/session/S2/#", rig.NowUs);
        doctor.Subscribe("cart/C1/session/S3/#", rig.NowUs);
        rig.Require(() => rig.Session("S2").Pending == 0 && rig.Session("S3").Pending == 0, "the others do not wait", 1_000_000);
        Assert.IsGreaterThan(0, rig.Session("S1").Pending);
    }

    [TestMethod]
    public void What_this_version_does_not_know_goes_behind_the_vital_signs()
    {
        Rig rig = new(209, o => o with { Window = 1 });
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 20; i++)
        {
            pod.Publish(Up, Frames.Join(
                Frames.Make((FrameKind)77, new byte[40], Rig.PodA, 1, 99, i, rig.PodUs, epoch), Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch)));
        }

        rig.Require(() => pod.Waiting == 0, "stored");
        TestClient doctor = rig.Doctor();
        rig.Require(() => rig.Session("S1").Pending == 0, "sent");
        List<Arrived> readings = [.. doctor.Received.Where(m => m.Topic.EndsWith("/16", StringComparison.Ordinal) || m.Topic.EndsWith("/99", StringComparison.Ordinal))];
        Assert.HasCount(40, readings);
        Assert.IsTrue(readings.Take(20).All(m => m.Topic == Root + "vital/" + Place + "/16"), "vital signs first");
        Assert.IsTrue(readings.Skip(20).All(m => m.Topic == Root + "event/" + Place + "/99"), "the unknown is no vital sign");
        CollectionAssert.AreEqual(
            new[] { RecordClass.Vital, RecordClass.Vital, RecordClass.Event, RecordClass.Event },
            new[] { FrameHead.ClassOf(FrameKind.Numeric, 16), FrameHead.ClassOf(FrameKind.Gap, 2), FrameHead.ClassOf((FrameKind)77, 16), FrameHead.ClassOf((FrameKind)255, 16) });
    }

    [TestMethod]
    public void Records_of_the_gateways_own_that_find_no_room_are_counted_and_declared()
    {
        FullJournal journal = new();
        GatewayClock clock = new(new StillTime()) { BootId = 1 };
        CodedLog log = new(null, clock);
        SessionProjection sessions = new(16);
        DeliveryProjection delivery = new();
        JournalWriter writer = new(journal, () => clock.Now, key => delivery.Find(key)?.Class, new ReadingParser());
        OwnFrames own = new(Rig.Gateway, clock, writer, sessions, log, new HashingCrc32());
        for (uint i = 1; i <= 300; i++)
        {
            // Of one stream they would be merged; of as many streams they find no room.
            own.Gap(new StreamKey(Rig.PodA, 1, (int)(100 + i)), GapCause.Unexplained, GapBody.Readings, new SequenceRange(i, i), 1, 1);
        }

        own.Step(0);
        Assert.IsEmpty(journal.Frames, "no room");
        journal.HasRoom = true;
        own.Step(0);
        byte[][] events = [.. journal.Frames.Where(f => f[1] == (byte)FrameKind.Event)];
        int gaps = journal.Frames.Count(f => f[1] == (byte)FrameKind.Gap);
        Assert.HasCount(1, events, "what found no room is declared");
        Assert.AreEqual(2206, (int)EventBody.Code(events[0], Frame.HeaderLength));
        Assert.AreEqual(300 - gaps, EventBody.Argument(events[0], Frame.HeaderLength), "with its number");
        Assert.IsGreaterThan(0, gaps);
    }

    private static string Stream(int stream, uint through, uint seen) =>
        "{\"device\":\"" + Place + "\",\"boot\":1,\"stream\":" + stream + ",\"through\":" + through + ",\"holes\":[],\"seen\":" + seen + "}";

    private static uint Number(string json) => uint.Parse(json.Split('"')[5].Split('.')[3], System.Globalization.CultureInfo.InvariantCulture);

    private static void CheckSpot(TestClient client, double systolic)
    {
        JsonElement spot = JsonDocument.Parse(client.Received.Last(m => m.Topic == Root + "spot").Payload).RootElement;
        Assert.IsTrue(spot.GetProperty("open").GetBoolean());
        JsonElement[] vitals = [.. spot.GetProperty("vitals").EnumerateArray()];
        Assert.HasCount(2, vitals);
        Assert.AreEqual(systolic, vitals[0].GetProperty("value").GetDouble());
        Assert.AreEqual(80.1, vitals[1].GetProperty("value").GetDouble());
        Assert.AreEqual("P1530", spot.GetProperty("events")[0].GetProperty("code").GetString());
        Assert.AreNotEqual(JsonValueKind.Null, vitals[0].GetProperty("time").GetProperty("utc").ValueKind, "with its time");
    }

    private sealed class StillTime : IGatewayTime
    {
        public long NowUs => 1;

        public UtcEstimate Utc => default;
    }

    private sealed class FullJournal : IJournal
    {
        public List<byte[]> Frames { get; } = [];

        public bool HasRoom { get; set; }

        public bool IsWritable => true;

        public JournalIntake Intake => JournalIntake.Everything;

        public string IntakeReason => string.Empty;

        public bool IsReserveMissing => false;

        public int RoomBytes => int.MaxValue;

        public int RecordOverhead => 0;

        public long LastIndex => Frames.Count;

        public long SyncedIndex => Frames.Count;

        public void Open()
        {
        }

        public bool TryAppend(byte type, RecordClass recordClass, ReadOnlySpan<byte> payload, out long index, JournalPurpose purpose = JournalPurpose.Reading)
        {
            index = 0;
            if (!HasRoom)
            {
                return false;
            }

            Frames.Add(payload[FrameStamp.Length..].ToArray());
            index = Frames.Count;
            return true;
        }

        public void BeginRead(long fromIndex, int classes, int maxBytes, long ticket) => throw new NotSupportedException();

        public void Release(int classes, long index) => throw new NotSupportedException();

        public void BeginClose(long ticket) => throw new NotSupportedException();

        public long Step(long nowUs) => long.MaxValue;
    }
}
