using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Core.Tests;
using EdgeGateway.Core;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Server;
using EdgeGateway.Mqtt.Transports;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Hosting;

/// <summary>The gateway's own MQTT endpoint beside clients that should not be there, or not so.</summary>
[TestClass]
public class EndpointTests
{
    private const long Second = 1_000_000;

    private static string PodId => "pod-" + Topics.DeviceText(Rig.PodA);

    [TestMethod]
    public void The_second_pod_of_a_device_id_is_refused_and_named_while_the_first_lives()
    {
        Rig rig = new();
        uint epoch = rig.OpenSession("S1");
        TestClient first = rig.Pod(Rig.PodA);
        TestClient second = new(PodId, MqttVersion.V311);
        rig.Require(() => first.Client.IsConnected, "connected");
        for (uint i = 1; i <= 30; i++)
        {
            first.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
            rig.Run(Second);
            if (i > 2 && second.Link is null)
            {
                if (i == 3)
                {
                    rig.Add(second);
                }
                else
                {
                    rig.Connect(second);
                }
            }
        }

        Assert.AreEqual(0, first.Losses, rig.LogText());
        Assert.IsGreaterThan(10, second.Losses, "refused each time");
        HealthIssue issue = rig.Core.Snapshot().Issues.Single(i => i.Code == "G2121");
        Assert.AreEqual(HealthSubject.Pod(Rig.PodA), issue.Subject);
        Assert.AreEqual(1, rig.Log.Count(l => l.Code == "G2121"), "one line, however often it tries");
        for (uint i = 31; i <= 100; i++)
        {
            first.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
            rig.Run(Second);
        }

        Assert.IsFalse(rig.Core.Snapshot().Issues.Any(i => i.Code == "G2121"), "it ends a minute after the last try");
        Assert.AreEqual(0, first.Losses);
    }

    [TestMethod]
    [DataRow(null, null, 7)]
    [DataRow("192.0.2.1", "192.0.2.1", 0)]
    [DataRow("192.0.2.1", "192.0.2.9", 7)]
    public void A_pod_whose_old_connection_lingers_comes_back_soon_and_without_an_alarm(string? from, string? to, int withinSeconds)
    {
        Rig rig = new();
        for (int round = 0; round < 3; round++)
        {
            TestClient before = At(rig, new TestClient(PodId, MqttVersion.V311), from);
            rig.Require(() => before.Client.IsConnected, "connected");
            rig.Run(Second);
            before.Link = null; // gone without a word: the server hears nothing more of it
            TestClient after = At(rig, new TestClient(PodId, MqttVersion.V311), to);
            long sinceUs = rig.NowUs;
            while (!after.Client.IsConnected)
            {
                rig.Run(Second);
                if (!after.Client.IsConnected && after.Link is null)
                {
                    Connect(rig, after, to);
                }

                Assert.IsLessThanOrEqualTo(Math.Max(1, withinSeconds) * Second, rig.NowUs - sinceUs, rig.LogText());
            }

            after.Link?.Cut(rig.NowUs);
            after.Link = null;
            Assert.IsEmpty(rig.Core.Snapshot().Issues.Where(i => i.Code == "G2121").ToList(), rig.LogText());
            rig.Run(61 * Second);
        }
    }

    /// <summary>Both live, say something every 10 s only, and come back 1 s after each loss: they do not throw each other out for ever.</summary>
    [TestMethod]
    [DataRow(null, null)]
    [DataRow("192.0.2.1", "192.0.2.1")]
    [DataRow("192.0.2.1", "192.0.2.2")]
    public void Two_quiet_pods_of_one_id_do_not_fight_for_ever(string? one, string? other)
    {
        Rig rig = new();
        TestClient[] pods = [new(PodId, MqttVersion.V311), new(PodId, MqttVersion.V311)];
        string?[] addresses = [one, other];
        At(rig, pods[0], one);
        At(rig, pods[1], other);
        int takenOver = 0;
        bool[] was = [false, false];
        for (int s = 0; s < 600; s++)
        {
            for (int i = 0; i < 2; i++)
            {
                if (was[i] && !pods[i].Client.IsConnected)
                {
                    takenOver++;
                }

                was[i] = pods[i].Client.IsConnected;
                if (pods[i].Link is null)
                {
                    Connect(rig, pods[i], addresses[i]);
                }
                else if (s % 10 == 0 && was[i])
                {
                    pods[i].Publish(Topics.State(Rig.PodA), Encoding.UTF8.GetBytes("""{"v":1,"state":"online"}"""));
                }
            }

            rig.Run(Second);
        }

        Assert.IsLessThanOrEqualTo(4, takenOver, rig.LogText());
        Assert.IsTrue(rig.Core.Snapshot().Issues.Any(i => i.Code == "G2121"), "and it is named");
    }

    [TestMethod]
    public void A_strangers_name_or_topic_forges_no_line()
    {
        Rig rig = new();
        const string Forged = "x\r\n2026-01-01T00:00:00.000Z info G2200 all is well\u2028\u202e\u001b[2J";
        foreach (string id in new[] { Forged, "pod-" + Forged, "web." + Forged, "stop-" + Forged })
        {
            TestClient client = rig.Add(new TestClient(id, MqttVersion.V5));
            client.Subscribe("other/" + Forged, rig.NowUs);
            client.Publish("other/" + Forged, [1]);
            client.Publish("cart/C1/session/" + Forged + "/receipt", Encoding.UTF8.GetBytes("{}"));
            rig.Run(2 * Second);
        }

        TestClient page = rig.Add(new TestClient("web.S1." + Forged, userName: "S1" + Forged, password: Forged) { Transport = MqttTransport.WebSocket });
        rig.Require(() => page.Losses > 0, "refused");
        Assert.IsGreaterThan(5, rig.Log.Count(l => l.Code is "G2101" or "G2102" or "G2113" or "G2406"));
        foreach (GatewayLogEntry entry in rig.Log)
        {
            Assert.IsFalse(entry.What.Any(c => char.IsControl(c) || c is '\u2028' or '\u202e'), entry.What);
        }
    }

    [TestMethod]
    public void The_log_writes_one_line_for_each_entry_and_forgets_subjects_at_a_bound()
    {
        using StringWriter lines = new();
        using GatewayLog log = new(LineProvider.Factory(lines), TimeProvider.System);
        log.Write(new GatewayLogEntry("G2101", "a\nb\u2029c\u202ed é µ", 1));
        string line = lines.ToString();
        Assert.AreEqual(1, line.Count(c => c == '\n'));
        Assert.Contains(@"a\u000Ab\u2029c\u202Ed é µ", line);
        for (int i = 0; i < 5_000; i++)
        {
            log.Write(new GatewayLogEntry("G2101", "x", 2 + i, new HealthSubject(HealthSubjectKind.Listener, "stranger" + i)));
        }

        Assert.IsLessThanOrEqualTo(256, log.Repeated.Remembered);
    }

    [TestMethod]
    public void Squatters_take_neither_the_pods_places_nor_those_of_stop()
    {
        Rig rig = new();
        uint epoch = rig.OpenSession("S1");
        TestClient known = rig.Pod(Rig.PodA);
        known.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        rig.Require(() => known.Waiting == 0, "a pod that was seen");
        rig.Disconnect(known);
        List<TestClient> squatters = [];
        for (int i = 0; i < 300; i++)
        {
            squatters.Add(rig.Add(new TestClient("squatter" + i, MqttVersion.V311)));
            rig.RunUntil(() => true);
            squatters.Add(rig.Add(new TestClient("pod-02aabbfffe" + (0x100000 + i).ToString("x6", System.Globalization.CultureInfo.InvariantCulture), MqttVersion.V311)));
            rig.RunUntil(() => true);
        }

        rig.Run(Second);
        Assert.AreEqual(EndpointLimits.MaxSessionClients, squatters.Count(s => s.Client.IsConnected && s.Id.StartsWith("squatter", StringComparison.Ordinal)));
        Assert.AreEqual(EndpointLimits.MaxNewPods, squatters.Count(s => s.Client.IsConnected && s.Id.StartsWith("pod-", StringComparison.Ordinal)));
        Assert.IsTrue(rig.Core.Snapshot().Issues.Any(i => i.Code == "G2123"));
        rig.Connect(known);
        rig.Require(() => known.Client.IsConnected, "the known pod has a place");
        TestClient page = rig.Add(new TestClient("web.S1.p", userName: "S1", password: rig.Core.LinkOf("S1").Token) { Transport = MqttTransport.WebSocket });
        rig.Require(() => page.Client.IsConnected, "so has a listener");
        for (int i = 0; i < 5; i++)
        {
            TestClient stop = rig.Add(new TestClient("stop-" + i));
            stop.Subscribe("cart/C1/reply/#", rig.NowUs);
            stop.Publish("cart/C1/command/cuff", Encoding.UTF8.GetBytes("{\"command\":\"stop\",\"id\":\"s" + i + "\"}"));
            rig.Require(() => stop.Waiting == 0 && stop.Received.Any(a => a.Topic == "cart/C1/reply/s" + i), "STOP " + i + " is taken and answered");
            if (i == 4)
            {
                stop.Publish("cart/C1/command/cuff", Encoding.UTF8.GetBytes("{\"command\":\"start\",\"session\":\"S1\",\"id\":\"t\"}"));
                rig.Run(Second);
                Assert.IsFalse(stop.Received.Any(a => a.Topic == "cart/C1/reply/t"), "it can do nothing but stop");
            }
        }
    }

    [TestMethod]
    public void Who_sends_no_frame_is_no_known_pod_however_much_it_sends()
    {
        Rig rig = new();
        List<TestClient> strangers = [];
        for (int i = 0; i < EndpointLimits.MaxNewPods + 20; i++)
        {
            string device = "02aabbfffe" + (0x100000 + i).ToString("x6", System.Globalization.CultureInfo.InvariantCulture);
            TestClient stranger = rig.Add(new TestClient("pod-" + device, MqttVersion.V311));
            strangers.Add(stranger);
            stranger.Publish("pod/" + device + "/up", [1, 2, 3]);
            rig.Require(() => stranger.Waiting == 0, "taken and answered");
            rig.Disconnect(stranger);
            rig.Connect(stranger);
            rig.Require(() => stranger.Client.IsConnected, "back");
        }

        Assert.AreEqual(EndpointLimits.MaxNewPods, strangers.Count(s => s.Client.IsConnected), "they have the places of new pods alone");
    }

    [TestMethod]
    public void A_known_pod_finds_room_in_a_list_full_of_known_pods_that_are_away()
    {
        Rig rig = new();
        uint epoch = rig.OpenSession("S1");
        List<TestClient> pods = [];
        for (int i = 0; i <= Pods.MaxPods; i++)
        {
            ulong device = 0x02AABBFFFE100000UL + (ulong)i;
            TestClient pod = rig.Pod(device);
            pods.Add(pod);
            pod.Publish(Topics.Up(device), Frames.Numeric(device, 1, 16, 1, rig.PodUs, epoch));
            rig.RunUntil(() => pod.Waiting == 0, Second);
            rig.Disconnect(pod);
            rig.Run(10_000);
        }

        TestClient last = pods[Pods.MaxPods];
        Assert.AreEqual(1, last.Waiting, "a pod that is not known puts none out that is");

        // The list does not outlive a start; the readings do. So one more can become known.
        rig.Kill();
        rig.Connect(last);
        rig.Require(() => last.Waiting == 0, "it has its place after a start");
        rig.Kill();
        for (int i = 1; i <= Pods.MaxPods; i++)
        {
            rig.Connect(pods[i]);
            rig.Require(() => pods[i].Client.IsConnected, "pod " + i);
            rig.Disconnect(pods[i]);
            rig.Run(10_000);
        }

        Assert.HasCount(Pods.MaxPods, rig.Core.Snapshot().Pods);
        rig.Connect(pods[0]);
        rig.Require(() => pods[0].Client.IsConnected, "the known pod that comes back", Second);
        Assert.IsFalse(rig.Core.Snapshot().Pods.Any(p => p.DeviceId == 0x02AABBFFFE100001UL), "the one that was silent for longest gave way");
    }

    [TestMethod]
    public void A_listener_leaves_no_session_whatever_it_asks_for()
    {
        Rig rig = new();
        rig.OpenSession("S1");
        string token = rig.Core.LinkOf("S1").Token;
        MqttServer server = (MqttServer)rig.Core.Server;
        int before = server.SessionCount;
        for (int i = 0; i < 500; i++)
        {
            TestClient page = rig.Add(new TestClient("web.S1.p" + i, sessionExpirySeconds: uint.MaxValue, userName: "S1", password: token) { Transport = MqttTransport.WebSocket });
            page.Subscribe("cart/C1/session/S1/#", rig.NowUs);
            rig.Require(() => page.Client.IsConnected, "connected");
            rig.Disconnect(page);
            Assert.AreEqual(before, server.SessionCount);
        }
    }

    /// <summary>Row 9: a sleeping page is there first; a doctor comes later.</summary>
    [TestMethod]
    public void Beside_a_mute_page_a_late_doctor_gets_what_is_stored_and_what_is_live()
    {
        Rig rig = new();
        uint epoch = rig.OpenSession("S1");
        TestClient mute = new("web.S1.mute", sessionExpirySeconds: 3600, userName: "S1", password: rig.Core.LinkOf("S1").Token)
        {
            Transport = MqttTransport.WebSocket,
            AcknowledgesReceived = false,
        };
        rig.Add(mute);
        mute.Subscribe("cart/C1/session/S1/#", rig.NowUs);
        TestClient pod = rig.Pod(Rig.PodA);
        for (uint i = 1; i <= 200; i++)
        {
            pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs + i, epoch));
        }

        rig.Require(() => pod.Waiting == 0, "all are stored");
        rig.Run(5 * Second);
        TestClient doctor = rig.Doctor("doctor", 0);
        rig.Require(() => Vitals(doctor).Count == 200, "200 of 200 stored", 120 * Second);
        for (uint i = 201; i <= 250; i++)
        {
            pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs + i, epoch));
            rig.Run(Second / 2);
        }

        rig.Require(() => Vitals(doctor).Count == 250, "50 of 50 live", 30 * Second);
        Assert.IsGreaterThan(0, mute.Losses);
        Assert.IsTrue(rig.Log.Any(l => l.Code == "G2122"));
        Assert.AreEqual(0, doctor.Losses);
    }

    [TestMethod]
    public void Five_bytes_close_their_own_connection_and_the_gateway_goes_on()
    {
        Rig rig = new();
        RawConnection raw = new();
        IMqttServerConnection inward = rig.Core.Server.Accept(raw, "stranger", null, rig.NowUs);
        inward.Received([0x10, 0xFF, 0xFF, 0xFF, 0x7F], rig.NowUs);
        Assert.IsTrue(raw.IsClosed);
        rig.OpenSession("S1");
        Assert.IsTrue(rig.Log.Any(l => l.Code == "G2124"));
        Assert.IsFalse(rig.Log.Any(l => l.Code == "G2120"), "a refusal, not a fault");
    }

    private static HashSet<string> Vitals(TestClient client) =>
        [.. client.Received.Where(m => m.Topic.Contains("/vital/", StringComparison.Ordinal)).Select(m => System.Text.Json.JsonDocument.Parse(m.Payload).RootElement.GetProperty("id").GetString()!)];

    private static TestClient At(Rig rig, TestClient client, string? address)
    {
        rig.Add(client);
        client.Link!.Cut(rig.NowUs);
        Connect(rig, client, address);
        return client;
    }

    private static void Connect(Rig rig, TestClient client, string? address)
    {
        client.Link = new MqttMemoryLink(rig.Core.Server, client.Client, client.Id) { Address = address };
        client.Link.Open(rig.NowUs);
    }

    private sealed class RawConnection : IMqttConnection
    {
        public int PendingBytes => 0;

        public bool IsClosed { get; private set; }

        public void Write(ReadOnlySpan<byte> bytes)
        {
        }

        public void Close() => IsClosed = true;
    }
}
