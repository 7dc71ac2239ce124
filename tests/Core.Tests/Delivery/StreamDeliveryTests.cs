using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using EdgeGateway.Core;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Health;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Server;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Delivery;

/// <summary>An answer about one stream says nothing of another: partial, silent and refusing subscribers and brokers.</summary>
[TestClass]
public sealed class StreamDeliveryTests
{
    private static readonly string Up = Topics.Up(Rig.PodA);
    private static readonly string Place = Topics.DeviceText(Rig.PodA);

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("vital/+/35", false)]
    [DataRow("vital/+/35", true)]
    [DataRow("vital/#", false)]
    [DataRow("vital/#", true)]
    public void Who_subscribes_to_a_part_gets_that_part_in_order_and_at_once(string filter, bool external)
    {
        Rig rig = new(101, external: external);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Add(new TestClient("doctor"));
        doctor.Subscribe("cart/C1/session/S1/" + filter, rig.NowUs);
        List<(string Id, long Us)> arrived = [];
        doctor.OnReceived = (_, payload) => arrived.Add((IdOf(payload), rig.NowUs));
        uint epoch = rig.OpenSession("S1");
        rig.Require(() => doctor.Subscriptions.Count == 1, "subscribed");
        Dictionary<string, long> made = [];
        for (uint i = 1; i <= 25; i++)
        {
            byte[][] frames = Readings(rig, i, epoch);
            foreach (byte[] frame in frames)
            {
                made[Frames.Id(frame)] = rig.NowUs;
            }

            pod.Publish(Up, Frames.Join(frames));
            rig.Run(1_000_000);
        }

        rig.Run(2_000_000);
        string[] wanted = filter == "vital/#" ? [".16.", ".35.", ".36."] : [".35."];
        foreach (string stream in wanted)
        {
            uint[] numbers = [.. arrived.Where(a => a.Id.Contains(stream)).Select(a => Number(a.Id))];
            CollectionAssert.AreEqual(Enumerable.Range(1, 25).Select(n => (uint)n).ToArray(), numbers, stream + ": once each, in order");
        }

        Assert.HasCount(25 * wanted.Length, arrived, "and nothing else");
        long slowest = arrived.Max(a => a.Us - made[a.Id]);
        Assert.IsLessThan(500_000, slowest, "at once");
        StreamHealth wave = rig.Stream(Rig.PodA, 1, 32);
        Assert.AreEqual(25, wave.Pending, "what nobody takes stays");
        Assert.IsTrue(rig.Session("S1").HasSubscriber);
        Assert.IsLessThan(120, rig.Core.Snapshot().Counters.Published, "probes of the others are rare");

        // Somebody comes for the rest: all of it, in order, and the first consumer gets nothing twice.
        TestClient late = rig.Add(new TestClient("doctor-2"));
        List<string> rest = [];
        late.OnReceived = (topic, payload) =>
        {
            if (topic.Contains("/wave/") && payload[0] != (byte)'{')
            {
                rest.Add(Frames.Id(payload));
            }
        };
        late.Subscribe("cart/C1/session/S1/wave/#", rig.NowUs);
        rig.Require(() => rig.Stream(Rig.PodA, 1, 32).Pending == 0, "the waves follow", 10_000_000);
        CollectionAssert.AreEqual(Enumerable.Range(1, 25).Select(n => (uint)n).ToArray(), rest.Select(Number).ToArray());
        Assert.HasCount(25 * wanted.Length, arrived, "nothing twice");
    }

    [TestMethod]
    public void A_backlog_of_what_nobody_takes_is_not_read_again_for_each_probe()
    {
        Rig rig = new(102);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Add(new TestClient("doctor"));
        doctor.Subscribe("cart/C1/session/S1/vital/+/35", rig.NowUs);
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 3000; i++)
        {
            pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
        }

        rig.Require(() => pod.Waiting == 0, "stored");
        rig.Run(5_000_000);
        long before = rig.Disk.OperationsEnded;
        rig.Run(300_000_000);
        Assert.IsLessThan(50, rig.Disk.OperationsEnded - before, "probes need no disk");
        doctor.Subscribe("cart/C1/session/S1/vital/+/16", rig.NowUs);
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 3000, "at the subscription, from its own first reading", 5_000_000);
        CollectionAssert.AreEqual(Enumerable.Range(1, 3000).Select(n => (uint)n).ToArray(), Numbers(doctor, 16));
    }

    [TestMethod]
    [DataRow((byte)0x99, "G2423")]
    [DataRow((byte)0x83, "G2425")]
    [DataRow((byte)0x87, "G2420")]
    [DataRow((byte)0x97, "G2424")]
    [DataRow((byte)0x90, "G2426")]
    public void A_stream_that_the_broker_refuses_is_declared_reading_by_reading_and_the_others_flow(byte reason, string code)
    {
        Rig rig = new(103, external: true);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        rig.Foreign.Answer = (topic, _) => topic.EndsWith("/16", StringComparison.Ordinal) ? reason : (byte)0;
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 5; i++)
        {
            pod.Publish(Up, Frames.Join(Readings(rig, i, epoch)));
            rig.Run(1_000_000);
            Assert.AreEqual(i, rig.Stream(Rig.PodA, 1, 35).Sent, "saturation flows meanwhile");
        }

        HealthIssue issue = rig.Core.Snapshot().Issues.Single(i => i.Code == code);
        Assert.AreEqual(new HealthSubject(HealthSubjectKind.Stream, Place + ".1.16"), issue.Subject);
        Assert.AreEqual(1, rig.Log.Count(l => l.Code == code && l.Subject == issue.Subject && !l.What.StartsWith("set aside", StringComparison.Ordinal)), "told once");
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Pending == 0, "each is tried and set aside", 300_000_000);
        CheckSums(rig, doctor, 16, 5);
        rig.Require(() => doctor.Received.Any(m => m.Topic.Contains("/event/") && m.Text.Contains(code)), "the session is told by an event");

        rig.Foreign.Answer = null;
        pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, 6, rig.PodUs, epoch));
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 1, "the next one is taken");
        Assert.IsFalse(rig.Core.Snapshot().Issues.Any(i => i.Code == code), "and the issue is over");
        CollectionAssert.AreEqual(new uint[] { 6 }, Numbers(doctor, 16));
    }

    [TestMethod]
    public void One_refused_reading_among_many_is_the_only_one_that_does_not_arrive()
    {
        Rig rig = new(104, external: true);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        int refusals = 0;
        rig.Foreign.Answer = (topic, payload) =>
        {
            bool bad = topic.EndsWith("/16", StringComparison.Ordinal) && Number(IdOf(payload)) % 10 == 5;
            refusals += bad ? 1 : 0;
            return bad ? (byte)0x99 : (byte)0;
        };
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 100; i++)
        {
            pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
        }

        rig.Require(() => pod.Waiting == 0 && rig.Stream(Rig.PodA, 1, 16).Pending == 0, "all sent or declared");
        CollectionAssert.AreEqual(Enumerable.Range(1, 100).Where(n => n % 10 != 5).Select(n => (uint)n).ToArray(), Numbers(doctor, 16));
        Assert.AreEqual(10, refusals, "a reason that does not pass is asked once");
        CheckSums(rig, doctor, 16, 100);

        // Also after a kill: what was set aside is settled.
        rig.Require(() => rig.Core.Snapshot().InFlight == 0, "at rest");
        rig.Kill();
        rig.Require(() => rig.Core.Snapshot().UplinkConnected, "connected");
        rig.Run(5_000_000);
        Assert.AreEqual(10, refusals, "nothing is tried again");
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(32)]
    public void A_reason_that_passes_costs_no_reading(int window)
    {
        Rig rig = new(105, o => o with { Window = window }, external: true);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        Dictionary<string, int> tries = [];
        rig.Foreign.Answer = (topic, payload) =>
        {
            if (!topic.EndsWith("/16", StringComparison.Ordinal) || Number(IdOf(payload)) % 7 != 0)
            {
                return 0;
            }

            int count = tries[IdOf(payload)] = tries.GetValueOrDefault(IdOf(payload)) + 1;
            return count < 3 ? (byte)0x97 : (byte)0;
        };
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 40; i++)
        {
            pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
        }

        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 40, "all arrive");
        uint[] first = [.. Numbers(doctor, 16).Distinct()];
        uint[] all = [.. Enumerable.Range(1, 40).Select(n => (uint)n)];
        if (window > 1)
        {
            // What was on its way behind it had been routed already; it comes again behind it.
            CollectionAssert.AreEqual(all, Numbers(doctor, 16).Reverse().Distinct().Reverse().ToArray(), "in order at the end");
            Array.Sort(first);
        }

        CollectionAssert.AreEqual(all, first);
        Assert.AreEqual(0, rig.Stream(Rig.PodA, 1, 16).Dropped);
    }

    [TestMethod]
    public void Refused_gap_records_wait_and_do_not_breed()
    {
        Rig rig = new(106, external: true);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        rig.Foreign.Answer = (topic, _) => topic.EndsWith("/16", StringComparison.Ordinal) || topic.Contains("/gap/") ? (byte)0x99 : (byte)0;
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 5; i++)
        {
            pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
        }

        rig.Run(60_000_000);
        StreamHealth gaps = rig.Stream(Rig.Gateway, 1, Streams.Gaps);
        Assert.AreEqual(5, rig.Stream(Rig.PodA, 1, 16).Dropped);
        Assert.AreEqual(0, gaps.Dropped, "a declaration is never given up");
        Assert.IsGreaterThan(0, gaps.Pending);
        Assert.IsLessThanOrEqualTo(5, gaps.Pending);
        rig.Foreign.Answer = null;
        rig.Require(() => rig.Stream(Rig.Gateway, 1, Streams.Gaps).Pending == 0, "it comes when it is taken");
        CheckSums(rig, doctor, 16, 5);
    }

    [TestMethod]
    public void A_broker_with_a_small_packet_size_gets_what_fits()
    {
        Rig rig = new(107, external: true, brokerOptions: new MqttServerOptions { MaxPacketLength = 700 });
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 5; i++)
        {
            pod.Publish(Up, Frames.Join(
                Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch), Frames.Wave(Rig.PodA, 1, 32, i, rig.PodUs, epoch, samples: i == 3 ? 400 : 10)));
            rig.Run(1_000_000);
        }

        rig.Require(() => rig.Session("S1").Pending == 0, "all sent or declared");
        Assert.AreEqual(5, rig.Stream(Rig.PodA, 1, 16).Sent);
        Assert.AreEqual(4, rig.Stream(Rig.PodA, 1, 32).Sent);
        CheckSums(rig, doctor, 32, 5);
        Assert.IsTrue(rig.Log.Any(l => l.Code == "G2421"), "with the advice that fits: " + rig.LogText());
        Assert.IsFalse(rig.Log.Any(l => l.Code is "G2403" or "G2420"), "and not that of access rules");
    }

    [TestMethod]
    public void A_broker_that_takes_QoS_0_alone_gets_the_readings_and_health_says_so()
    {
        Rig rig = new(108, external: true, brokerOptions: new MqttServerOptions { MaximumQos = MqttQos.AtMostOnce });
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 20; i++)
        {
            pod.Publish(Up, Frames.Join(Readings(rig, i, epoch)));
            rig.Run(200_000);
        }

        rig.Require(() => rig.Session("S1").Pending == 0, "all handed over");
        foreach (int stream in new[] { 16, 35, 36 })
        {
            CollectionAssert.AreEqual(Enumerable.Range(1, 20).Select(n => (uint)n).ToArray(), Numbers(doctor, stream));
        }

        Assert.AreEqual(HealthSubjectKind.Broker, rig.Core.Snapshot().Issues.Single(i => i.Code == "G2422").Subject.Kind);
        Assert.AreEqual(0, rig.Stream(Rig.PodA, 1, 16).Dropped);
    }

    [TestMethod]
    public void An_answer_to_an_earlier_reading_does_not_drop_the_one_that_is_held()
    {
        Rig rig = new(114);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient x = rig.Doctor("x", 0);
        TestClient y = rig.Doctor("y", 0);
        rig.Require(() => x.Subscriptions.Count > 0 && y.Subscriptions.Count > 0, "subscribed");
        uint epoch = rig.OpenSession("S1");
        uint newest = 0;
        for (int i = 0; i < 5; i++)
        {
            Publish(50_000);
        }

        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 5, "both take it");
        y.AcknowledgeDelayUs = 1_000_000;
        x.AcknowledgeDelayUs = 10_000_000;
        Publish(0);
        Publish(200_000);
        y.Client.Unsubscribe("cart/C1/#", rig.NowUs);
        rig.Run(100_000);
        Publish(200_000); // 8 goes to x alone
        rig.Disconnect(x); // 8 is refused: nobody takes it; 6 and 7 wait for y
        rig.Run(1_500_000);
        y.AcknowledgeDelayUs = 0;
        y.Subscribe("cart/C1/#", rig.NowUs);
        for (int i = 0; i < 4; i++)
        {
            Publish(300_000);
        }

        rig.Require(() => rig.Session("S1").Pending == 0, "all sent");
        CollectionAssert.AreEqual(Enumerable.Range(1, (int)newest).Select(n => (uint)n).ToArray(), Numbers(y, 16));
        Assert.AreEqual(0, rig.Stream(Rig.PodA, 1, 16).Dropped);

        void Publish(long runUs)
        {
            pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, ++newest, rig.PodUs, epoch));
            rig.Run(runUs);
        }
    }

    [TestMethod]
    public void What_is_too_long_for_a_broker_that_takes_QoS_0_alone_is_declared_and_not_counted_as_sent()
    {
        Rig rig = new(115, external: true, brokerOptions: new MqttServerOptions { MaximumQos = MqttQos.AtMostOnce, MaxPacketLength = 300 });
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 5; i++)
        {
            pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
        }

        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Dropped == 5, "none fits, and each is declared");
        Assert.AreEqual(0, rig.Stream(Rig.PodA, 1, 16).Sent);
        Assert.IsGreaterThan(0, rig.UplinkClient!.Discarded);
    }

    [TestMethod]
    public void A_topic_at_which_the_broker_ends_the_connection_is_set_aside_and_the_others_flow()
    {
        Rig rig = new(109, external: true);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        rig.Foreign.Answer = (topic, payload) => topic.EndsWith("/16", StringComparison.Ordinal) && Number(IdOf(payload)) == 3 ? PlainBroker.Hangup : (byte)0;
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 120; i++)
        {
            pod.Publish(Up, Frames.Join(Readings(rig, i, epoch)));
            rig.Run(1_000_000);
        }

        rig.Require(() => rig.Session("S1").Pending == 0, "all sent or declared", 200_000_000);
        CollectionAssert.AreEqual(Enumerable.Range(1, 120).Where(n => n != 3).Select(n => (uint)n).ToArray(), Numbers(doctor, 16).Distinct().ToArray());
        CollectionAssert.AreEqual(Enumerable.Range(1, 120).Select(n => (uint)n).ToArray(), Numbers(doctor, 35).Distinct().ToArray());
        CheckSums(rig, doctor, 16, 120);
        Assert.IsTrue(rig.Log.Any(l => l.Code == "G2427"), rig.LogText());
        Assert.IsLessThanOrEqualTo(8, rig.Core.Snapshot().Counters.UplinkConnections);
    }

    [TestMethod]
    public void An_outage_without_a_pattern_sets_nothing_aside()
    {
        Rig rig = new(110, external: true);
        TestClient pod = rig.Pod(Rig.PodA);
        rig.Doctor();
        rig.Foreign.Answer = (_, _) => PlainBroker.Silence;
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 10; i++)
        {
            pod.Publish(Up, Frames.Join(Readings(rig, i, epoch)));
            rig.Run(5_000_000);
            rig.CutUplink();
        }

        rig.Foreign.Answer = null;
        rig.CutUplink();
        rig.Require(() => rig.Session("S1").Pending == 0, "all sent");
        Assert.IsTrue(rig.Core.Snapshot().Streams.All(s => s.Dropped == 0), "a broker that answers nothing at all is no reason to give a reading up");
    }

    [TestMethod]
    public void A_subscriber_at_QoS_0_gets_each_reading_once()
    {
        Rig rig = new(111);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient viewer = rig.Add(new TestClient("viewer"));
        rig.Require(() => viewer.Client.IsConnected, "connected");
        viewer.Client.Subscribe("cart/C1/session/S1/vital/#", MqttQos.AtMostOnce, rig.NowUs);
        rig.Require(() => viewer.Subscriptions.Count == 1, "subscribed");
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 10; i++)
        {
            pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
            rig.Run(1_000_000);
        }

        rig.Run(10_000_000);
        CollectionAssert.AreEqual(Enumerable.Range(1, 10).Select(n => (uint)n).ToArray(), Numbers(viewer, 16));
        Assert.AreEqual(10, rig.Stream(Rig.PodA, 1, 16).Sent, "handed over counts as handed over");
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(32)]
    public void Beside_a_mute_listener_a_doctor_who_comes_later_gets_all_that_is_stored_and_all_that_is_live(int window)
    {
        Rig rig = new(112, o => o with { Window = window });
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient mute = rig.Doctor("doctor-mute");
        mute.AcknowledgesReceived = false;
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 200; i++)
        {
            pod.Publish(Up, Frames.Join(Readings(rig, i, epoch)));
        }

        rig.Require(() => pod.Waiting == 0, "stored");
        rig.Run(5_000_000);
        TestClient doctor = rig.Add(new TestClient("doctor"));
        doctor.Subscribe("cart/C1/session/S1/#", rig.NowUs);
        long joined = rig.NowUs;
        rig.Require(() => Numbers(doctor, 35).Distinct().Count() == 200 && Numbers(doctor, 16).Distinct().Count() == 200, "200 of 200 stored", 20_000_000);
        TestContext.WriteLine($"window {window}: 200 of 200 within {(rig.NowUs - joined) / 1000} ms");
        for (uint i = 201; i <= 250; i++)
        {
            pod.Publish(Up, Frames.Join(Readings(rig, i, epoch)));
            rig.Run(1_000_000);
            CollectionAssert.Contains(Numbers(doctor, 35), i, "live at once");
        }

        uint[] order = [.. Numbers(doctor, 35).Distinct()];
        CollectionAssert.AreEqual(Enumerable.Range(1, 250).Select(n => (uint)n).ToArray(), order);
        Assert.IsTrue(rig.Core.Snapshot().Streams.All(s => s.Dropped == 0));
    }

    [TestMethod]
    public void A_stream_that_only_a_mute_listener_takes_holds_no_other_and_is_told()
    {
        Rig rig = new(113, o => o with { Window = 2 });
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient mute = rig.Add(new TestClient("mute"));
        mute.AcknowledgesReceived = false;
        mute.Subscribe("cart/C1/session/S1/vital/+/16", rig.NowUs);
        mute.Subscribe("cart/C1/session/S1/wave/#", rig.NowUs);
        TestClient doctor = rig.Add(new TestClient("doctor"));
        doctor.Subscribe("cart/C1/session/S1/vital/+/35", rig.NowUs);
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 60; i++)
        {
            pod.Publish(Up, Frames.Join(Readings(rig, i, epoch)));
            rig.Run(1_000_000);
        }

        CollectionAssert.AreEqual(Enumerable.Range(1, 60).Select(n => (uint)n).ToArray(), Numbers(doctor, 35));
        Assert.AreEqual(60, rig.Stream(Rig.PodA, 1, 16).Pending);
        Assert.IsTrue(rig.Log.Any(l => l.Code == "G2122" && l.What.Contains("mute", StringComparison.Ordinal)), rig.LogText());
        mute.AcknowledgesReceived = true;
        rig.Disconnect(mute);
        rig.Connect(mute);
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Pending == 0, "it wakes and gets all");
        Assert.IsFalse(rig.Core.Snapshot().Issues.Any(i => i.Code == "G2428" && i.Subject.Name == Place + ".1.16"), "the issue is over");
    }

    [TestMethod]
    public void A_listener_of_waves_that_stalls_keeps_no_place_of_the_other_waves()
    {
        Rig rig = new(117);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient mute = rig.Add(new TestClient("mute"));
        mute.Subscribe("cart/C1/session/S1/wave/+/32", rig.NowUs);
        TestClient doctor = rig.Add(new TestClient("doctor"));
        doctor.Subscribe("cart/C1/session/S1/wave/+/33", rig.NowUs);
        uint epoch = rig.OpenSession("S1");
        uint newest = 0;
        Feed(8, 33, 32);
        rig.Require(() => rig.Session("S1").Pending == 0, "both are taken");
        mute.AcknowledgesReceived = false;
        Feed(200, 32);
        Assert.AreEqual(200, rig.Stream(Rig.PodA, 1, 32).Pending);
        rig.Run(AnswerTimeouts.StallUs + 500_000); // all its places are stalled now, and none is sent again before 30 s
        newest = 8;
        Feed(8, 33);
        rig.Require(() => rig.Stream(Rig.PodA, 1, 33).Sent == 16, "the doctor gets his", 2_000_000);

        // The places come back exactly once, whichever way a stalled reading ends.
        mute.AcknowledgesReceived = true;
        rig.Disconnect(mute);
        rig.Connect(mute);
        newest = 16;
        Feed(40, 33);
        rig.Require(() => rig.Session("S1").Pending == 0, "all are sent");
        Assert.AreEqual(0, rig.Core.Snapshot().InFlight);

        void Feed(int count, params int[] streams)
        {
            for (int i = 0; i < count; i++)
            {
                newest++;
                foreach (int stream in streams)
                {
                    pod.Publish(Up, Frames.Wave(Rig.PodA, 1, stream, newest, rig.PodUs, epoch));
                }

                rig.Run(20_000);
            }
        }
    }

    [TestMethod]
    public void A_replay_goes_on_past_topics_that_nobody_takes_and_ends_when_nobody_answers()
    {
        Rig rig = new(114);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient first = rig.Add(new TestClient("first"));
        first.Subscribe("cart/C1/session/S1/#", rig.NowUs);
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 20; i++)
        {
            pod.Publish(Up, Frames.Join(Readings(rig, i, epoch)));
        }

        rig.Require(() => pod.Waiting == 0 && rig.Session("S1").Pending == 0, "sent");
        rig.Disconnect(first);
        TestClient late = rig.Add(new TestClient("late"));
        late.Subscribe("cart/C1/reply/#", rig.NowUs);
        late.Subscribe("cart/C1/session/S1/replay/dr-2/vital/#", rig.NowUs);
        late.Publish("cart/C1/session/S1/replay", "{\"v\":1,\"id\":\"r1\",\"consumer\":\"dr-2\"}"u8.ToArray());
        rig.Require(() => late.Received.Any(m => m.Topic == "cart/C1/reply/r1"), "the replay ends");
        StringAssert.Contains(late.Received.Single(m => m.Topic == "cart/C1/reply/r1").Text, "\"ok\":true,\"code\":null,\"text\":null,\"count\":60}");

        // Four who ask and never acknowledge do not keep a fifth out for ever.
        for (int i = 0; i < 4; i++)
        {
            TestClient mute = rig.Add(new TestClient("mute" + i));
            mute.Subscribe("cart/C1/session/S1/replay/m" + i + "/#", rig.NowUs);
            mute.AcknowledgesReceived = false;
            mute.Publish("cart/C1/session/S1/replay", System.Text.Encoding.UTF8.GetBytes("{\"v\":1,\"id\":\"m" + i + "\",\"consumer\":\"m" + i + "\"}"));
        }

        rig.Require(() => late.Received.Count(m => m.Topic.StartsWith("cart/C1/reply/m", StringComparison.Ordinal) && m.Text.Contains("G2407")) == 4, "each ends with its reason", 40_000_000);
        late.Publish("cart/C1/session/S1/replay", "{\"v\":1,\"id\":\"r2\",\"consumer\":\"dr-2\"}"u8.ToArray());
        rig.Require(() => late.Received.Any(m => m.Topic == "cart/C1/reply/r2" && m.Text.Contains("\"ok\":true")), "the fifth gets his", 5_000_000);
    }

    [TestMethod]
    public void A_correction_of_a_stream_that_nobody_takes_any_longer_holds_no_other()
    {
        Rig rig = new(115);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient both = rig.Add(new TestClient("both"));
        both.Subscribe("cart/C1/session/S1/vital/#", rig.NowUs);
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 3; i++)
        {
            pod.Publish(Up, Frames.Join(Readings(rig, i, epoch)));
        }

        rig.Require(() => rig.Stream(Rig.PodA, 1, 35).Sent == 3 && rig.Stream(Rig.PodA, 1, 16).Sent == 3, "sent without a time");
        rig.Disconnect(both);
        TestClient doctor = rig.Add(new TestClient("doctor"));
        doctor.Subscribe("cart/C1/session/S1/vital/+/35", rig.NowUs);
        rig.Require(() => doctor.Subscriptions.Count == 1, "subscribed");
        pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 35, 4, rig.PodUs, epoch));
        pod.Publish(Up, rig.ClockFrame(Rig.PodA, 1, 1));
        rig.Require(() => doctor.Received.Count(m => m.Text.Contains("\"correctedFrom\":\"unsynchronised\"")) == 3, "those that he takes are corrected", 20_000_000);
    }

    [TestMethod]
    [DataRow(1, 0, 0)]
    [DataRow(2, 40_000, 0)]
    [DataRow(16, 0, 64)]
    [DataRow(64, 25_000, 400)]
    [DataRow(256, 0, 120)]
    [DataRow(1024, 60_000, 500)]
    public void At_every_window_nothing_is_out_of_order_and_nothing_is_missing(int window, int acknowledgeUs, int bytesPerMillisecond)
    {
        bool isLong = Environment.GetEnvironmentVariable("CART_LONG") == "1";
        uint rounds = (isLong ? 1_000_000u : 50_000u) / 6 / 4;
        if (acknowledgeUs > 0 && window <= 2)
        {
            rounds /= 20; // one acknowledgement at a time
        }

        Rig rig = new(120, o => o with { Window = window }, external: false);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Add(new TestClient("doctor") { AcknowledgeDelayUs = acknowledgeUs, BytesPerMillisecond = bytesPerMillisecond });
        doctor.Subscribe("cart/C1/session/S1/#", rig.NowUs);
        rig.Require(() => doctor.Subscriptions.Count == 1, "subscribed");
        uint epoch = rig.OpenSession("S1");
        Dictionary<string, uint> newest = [];
        long count = 0;
        long late = 0;
        doctor.OnReceived = (topic, payload) =>
        {
            string[] parts = topic.Split('/');
            doctor.Received.Clear();
            if (parts.Length != 7 || parts[4] is not ("vital" or "wave"))
            {
                return;
            }

            string id = payload[0] == (byte)'{' ? IdOf(payload) : Frames.Id(payload);
            uint number = Number(id);
            string stream = id[..id.LastIndexOf('.')];
            late += number == newest.GetValueOrDefault(stream) + 1 ? 0 : 1;
            newest[stream] = number;
            count++;
        };
        long beganUs = rig.NowUs;
        for (uint i = 1; i <= rounds; i++)
        {
            pod.Publish(Up, Frames.Join(Readings(rig, i, epoch)));
            if (i % 8 == 0)
            {
                rig.Run(2_000);
                rig.Require(() => pod.Waiting < 64, "the pod's readings are taken");
            }
        }

        rig.Require(() => pod.Waiting == 0 && rig.Session("S1").Pending == 0, "all sent", 100_000_000_000);
        TestContext.WriteLine($"window {window}, acknowledged after {acknowledgeUs} us, {bytesPerMillisecond} bytes/ms: {count} readings, {late} out of order, {(rig.NowUs - beganUs) / 1000} ms of simulated time");
        Assert.AreEqual(0, late, "out of order, repeated or missing");
        Assert.AreEqual(rounds * 4, count);
    }

    private static byte[][] Readings(Rig rig, uint number, uint epoch) =>
    [
        Frames.Numeric(Rig.PodA, 1, 16, number, rig.PodUs, epoch),
        Frames.Numeric(Rig.PodA, 1, 35, number, rig.PodUs, epoch, value: 97, exponent: 0, mdc: MdcCodes.OxygenSaturation),
        Frames.Numeric(Rig.PodA, 1, 36, number, rig.PodUs, epoch, value: 70, exponent: 0, mdc: MdcCodes.PulseRate),
        Frames.Wave(Rig.PodA, 1, 32, number, rig.PodUs, epoch),
    ];

    private static string IdOf(byte[] payload) =>
        payload.Length > 0 && payload[0] == (byte)'{' && System.Text.Encoding.UTF8.GetString(payload) is var text && text.StartsWith("{\"v\":1,\"id\":\"", StringComparison.Ordinal)
            ? text.Split('"')[5]
            : string.Empty;

    private static uint Number(string id) => uint.TryParse(id[(id.LastIndexOf('.') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : 0;

    private static uint[] Numbers(TestClient client, int stream) =>
        [.. client.Received.Where(m => m.Topic == "cart/C1/session/S1/vital/" + Place + "/" + stream).Select(m => Number(IdOf(m.Payload)))];

    /// <summary>Produced = delivered + pending + declared, and the declarations name exactly what did not come.</summary>
    private static void CheckSums(Rig rig, TestClient doctor, int stream, int produced)
    {
        bool wave = stream is 32;
        HashSet<uint> arrived = wave
            ? [.. doctor.Received.Where(m => m.Topic == "cart/C1/session/S1/wave/" + Place + "/" + stream).Select(m => Number(Frames.Id(m.Payload)))]
            : [.. Numbers(doctor, stream)];
        HashSet<uint> declared = [];
        rig.Require(
            () =>
            {
                declared = [];
                foreach (Arrived gap in doctor.Received.Where(m => m.Topic.Contains("/gap/") && m.Text.Contains("\"cause\":\"deliveryRefused\"")))
                {
                    JsonElement lost = JsonDocument.Parse(gap.Payload).RootElement.GetProperty("lost");
                    if (lost.GetProperty("stream").GetInt32() == stream)
                    {
                        Assert.IsFalse(lost.GetProperty("atLeast").GetBoolean());
                        for (uint n = lost.GetProperty("first").GetUInt32(); n <= lost.GetProperty("last").GetUInt32(); n++)
                        {
                            declared.Add(n);
                        }
                    }
                }

                return declared.Count + arrived.Count == produced;
            },
            "sent or declared");
        StreamHealth health = rig.Stream(Rig.PodA, 1, stream);
        Assert.AreEqual(produced, health.Sent + health.Dropped);
        Assert.AreEqual(0, health.Pending);
        Assert.AreEqual(declared.Count, health.Dropped);
        Assert.IsFalse(declared.Overlaps(arrived), "what came is not declared");
        Assert.AreEqual(health.Produced, health.Stored + health.DeclaredLost + health.Missing, "the sums of ingest are not touched");
    }
}
