using System;
using System.Collections.Generic;
using System.Text;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Codec;
using EdgeGateway.Mqtt.Server;
using Mqtt.Tests.Codec;
using Simulators.Peers;

namespace Mqtt.Tests.Server;

/// <summary>One bad connection is that connection's trouble: it is closed, told and counted, and the others notice nothing.</summary>
[TestClass]
public class IsolationTests
{
    public static IEnumerable<object[]> FirstBytes()
    {
        for (int i = 0; i < HostileBytes.FirstBytes.Count; i++)
        {
            yield return [Convert.ToHexString(HostileBytes.FirstBytes[i])];
        }
    }

    /// <summary>Among them the five bytes that used an announced length of 268,435,455 as an index.</summary>
    [TestMethod]
    [DynamicData(nameof(FirstBytes))]
    public void Whatever_comes_first_closes_its_own_connection_only(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        var world = new World();
        World.Peer good = world.Connect("good");
        foreach (bool atOnce in new[] { true, false })
        {
            RawPeer peer = RawPeer.To(world, MqttVersion.V5);
            for (int i = 0; i < (atOnce ? 1 : bytes.Length); i++)
            {
                peer.Inward.Received(atOnce ? bytes : bytes.AsSpan(i, 1), world.NowUs);
            }

            world.Advance(10_000_000); // what is not refused at once is a CONNECT that never comes
            Assert.IsTrue(peer.IsClosed);
        }

        Assert.AreEqual(0, world.Server.Counters.Faults, "refused as hostile, not survived as a fault");
        StillWorks(world, good);
    }

    [TestMethod]
    [DataRow(1_100_000, false)]
    [DataRow(1_100_000, true)]
    [DataRow(100_000, true)]
    public void A_connect_above_the_bound_is_refused_by_its_head(int bytes, bool inChunks)
    {
        var world = new World(new MqttServerOptions { MaxConnectLength = 16 * 1024 });
        World.Peer good = world.Connect("good");
        byte[] connect = HostileBytes.LongConnect(bytes);
        RawPeer peer = RawPeer.To(world, MqttVersion.V5);
        for (int at = 0; at < connect.Length && !peer.IsClosed; at += inChunks ? 1_000 : connect.Length)
        {
            peer.Inward.Received(connect.AsSpan(at, Math.Min(inChunks ? 1_000 : connect.Length, connect.Length - at)), world.NowUs);
        }

        Assert.IsTrue(peer.IsClosed);
        StillWorks(world, good);
    }

    [TestMethod]
    [DataRow("Connecting")]
    [DataRow("Admit")]
    [DataRow("Connected")]
    [DataRow("Published0")]
    [DataRow("Published1")]
    [DataRow("MaySubscribe")]
    [DataRow("Subscribed")]
    public void An_exception_of_the_application_closes_the_connection_that_it_was_called_for(string where)
    {
        var handler = new ThrowingHandler { Where = where };
        var server = new MqttServer(new MqttServerOptions(), handler);
        long nowUs = 1_000_000;
        var good = new OpenPeer(server, "good", nowUs);
        good.Send(MqttBytes.Subscribe5(1, "t"), nowUs);
        handler.Victim = "bad";
        var bad = new OpenPeer(server, "bad", nowUs);
        bad.Send(MqttBytes.Subscribe5(1, "x"), nowUs);
        bad.Send(MqttBytes.Publish5("t", [1], where == "Published0" ? (ushort)0 : (ushort)5), nowUs);
        Assert.IsTrue(bad.IsClosed, where);
        Assert.IsGreaterThan(0, server.Counters.Faults);
        Assert.HasCount((int)server.Counters.Faults, handler.Faults);
        Assert.DoesNotContain("40-02-00-05", bad.Got, "what failed is not acknowledged");
        int before = good.Count;
        good.Send(MqttBytes.Publish5("t", [2], 0), nowUs);
        Assert.IsGreaterThan(before, good.Count, "the other one goes on");
        Assert.IsFalse(good.IsClosed);
        Assert.AreEqual(1, server.ConnectionCount);

        // The same client may come again, and its session is whole.
        handler.Victim = string.Empty;
        var again = new OpenPeer(server, "bad", nowUs);
        again.Send(MqttBytes.Subscribe5(1, "t"), nowUs);
        again.Send(MqttBytes.Publish5("t", [3], 0), nowUs);
        Assert.IsFalse(again.IsClosed);
    }

    [TestMethod]
    [DataRow("Disconnected")]
    [DataRow("Delivered")]
    [DataRow("Dropped")]
    [DataRow("ClosedForCause")]
    [DataRow("Will")]
    public void An_exception_where_no_connection_is_concerned_is_told_and_the_rest_is_told_all_the_same(string where)
    {
        var handler = new ThrowingHandler { Where = where == "Will" ? "Published0" : where, Victim = "bad" };
        var server = new MqttServer(
            new MqttServerOptions { MaxQueuedMessages = 1, MaxInFlight = 1, Dropped = _ => handler.Throw("Dropped", "bad") }, handler);
        var good = new OpenPeer(server, "good", 0);
        good.Send(MqttBytes.Subscribe5(1, "#"), 0);
        var bad = new OpenPeer(server, "bad", 0, will: where == "Will");
        bad.Send(MqttBytes.Subscribe5(1, "x"), 0);
        for (int i = 1; i <= 4; i++)
        {
            server.Publish(new MqttMessage { Topic = "x", Payload = new byte[] { 1 }, Qos = MqttQos.AtLeastOnce }, i, 0);
        }

        bad.Send([0x10, 0x00], 0); // a second CONNECT: closed for cause
        Assert.IsTrue(bad.IsClosed);
        server.Step(0);
        handler.Victim = string.Empty;
        server.Publish(new MqttMessage { Topic = "nobody/else", Payload = new byte[] { 1 }, Qos = MqttQos.AtMostOnce }, 0, 0);
        Assert.IsGreaterThan(0, server.Counters.Faults, where);
        Assert.IsFalse(good.IsClosed);
        Assert.AreEqual(1, server.ConnectionCount);
        Assert.AreEqual(1, server.SessionCount);
        good.Send([0xC0, 0x00], 0);
        Assert.EndsWith("D0-00", good.Got);
    }

    [TestMethod]
    [DataRow("Write")]
    [DataRow("PendingBytes")]
    [DataRow("Close")]
    public void A_transport_that_throws_loses_its_own_connection_and_no_message_of_others(string where)
    {
        var handler = new RecordingServerHandler();
        var server = new MqttServer(new MqttServerOptions(), handler);
        var first = new OpenPeer(server, "first", 0);
        var bad = new OpenPeer(server, "bad", 0);
        var last = new OpenPeer(server, "last", 0);
        foreach (OpenPeer peer in new[] { first, bad, last })
        {
            peer.Send(MqttBytes.Subscribe5(1, "t"), 0);
        }

        bad.Throws = where;
        if (where == "Close")
        {
            bad.Send([0x10, 0x00], 0);
        }

        int firstBefore = first.Count;
        int lastBefore = last.Count;
        first.Send(MqttBytes.Publish5("t", [1], 9), 0);
        Assert.IsGreaterThan(firstBefore, first.Count);
        Assert.IsGreaterThan(lastBefore, last.Count, "the receiver behind the broken one gets it too");
        Assert.Contains("40-02-00-09", first.Got, "the publisher is answered");
        Assert.AreEqual(2, server.ConnectionCount);
        Assert.Contains("disconnected bad", handler.Events);
        Assert.IsGreaterThan(0, server.Counters.Faults);
    }

    [TestMethod]
    public void A_deep_topic_and_a_storm_of_filters_are_bounded_work()
    {
        var world = new World();
        RawPeer peer = RawPeer.Connected(world, "deep", MqttVersion.V5);
        peer.Inward.Received(MqttBytes.Publish5(new string('/', 65_535), [1], 0), world.NowUs);
        peer.ExpectDisconnect(MqttReason.TopicNameInvalid);
        RawPeer filters = RawPeer.Connected(world, "filters", MqttVersion.V5);
        filters.Inward.Received(MqttBytes.Subscribe5(1, new string('/', 65_535)), world.NowUs);
        filters.ExpectDisconnect(MqttReason.TopicFilterInvalid);

        for (int i = 0; i < 300; i++)
        {
            world.Server.Publish(new MqttMessage { Topic = $"r/{i}", Payload = new byte[10], Qos = MqttQos.AtLeastOnce, Retain = true }, 0, world.NowUs);
        }

        RawPeer storm = RawPeer.Connected(world, "storm", MqttVersion.V5);
        storm.Inward.Received(MqttBytes.Subscribe5(2, System.Linq.Enumerable.Repeat("#", 100_000)), world.NowUs);
        var suback = (SubackPacket)storm.Next(PacketType.Suback).Content;
        Assert.HasCount(100_000, suback.Codes);
        Assert.AreEqual(1_000, suback.Codes.FindAll(c => c < 0x80).Count, "MaxFiltersPerPacket");
        Assert.AreEqual(MqttReason.QuotaExceeded, suback.Codes[1_000]);
    }

    [TestMethod]
    public void What_topics_and_properties_hold_is_bounded_and_counted()
    {
        var world = new World(new MqttServerOptions { MaxTopicLength = 100, MaxQueuedBytes = 100_000 });
        RawPeer peer = RawPeer.Connected(world, "alias", MqttVersion.V5);
        peer.SendPublish(world, new string('t', 101), MqttQos.AtMostOnce, 0, alias: 1);
        peer.ExpectDisconnect(MqttReason.TopicNameInvalid);
        RawPeer filter = RawPeer.Connected(world, "filter", MqttVersion.V5);
        filter.SendSubscribe(world, new string('t', 101), MqttQos.AtLeastOnce);
        Assert.AreEqual(MqttReason.TopicFilterInvalid, ((SubackPacket)filter.Next(PacketType.Suback).Content).Codes[0]);

        // A megabyte of user properties behind an empty payload is a megabyte in the queue.
        World.Peer sleeper = world.AddClient(new MqttClientOptions { ClientId = "sleeper", SessionExpirySeconds = 1_000 });
        sleeper.Open();
        sleeper.Subscribe("a");
        sleeper.Cut();
        var properties = new MqttPublishProperties { UserProperties = [new(new string('k', 30_000), string.Empty)] };
        for (int i = 0; i < 10; i++)
        {
            world.Server.Publish(new MqttMessage { Topic = "a", Qos = MqttQos.AtLeastOnce, Properties = properties }, 0, world.NowUs);
        }

        world.Server.TryGetBacklog("sleeper", out int queued, out long bytes, out _);
        Assert.AreEqual(1, queued);
        Assert.IsGreaterThan(60_000L, bytes);
    }

    private static void StillWorks(World world, World.Peer good)
    {
        good.Subscribe("good/topic");
        good.Publish("good/topic", "still here");
        Assert.Contains("still here", good.Texts());
        Assert.AreEqual(0, good.Handler.LostCount);
        Assert.AreEqual(1, world.Server.ConnectionCount);
    }

    /// <summary>A connection whose transport can be made to throw.</summary>
    private sealed class OpenPeer : IMqttConnection
    {
        private readonly List<byte> _got = [];
        private readonly IMqttServerConnection _inward;

        public OpenPeer(MqttServer server, string clientId, long nowUs, bool will = false)
        {
            _inward = server.Accept(this, clientId, null, nowUs);
            var packet = new ConnectPacket { ClientId = clientId, Version = MqttVersion.V5, CleanStart = true, Will = will ? new MqttMessage { Topic = "w" } : null };
            Send(RandomPackets.Write(new AnyPacket(PacketType.Connect, MqttVersion.V5, packet)), nowUs);
        }

        public string Throws { get; set; } = string.Empty;

        public bool IsClosed { get; private set; }

        public int Count => _got.Count;

        public string Got => BitConverter.ToString([.. _got]);

        public int PendingBytes => Throws == "PendingBytes" ? throw new InvalidOperationException("pending") : 0;

        public void Send(byte[] bytes, long nowUs) => _inward.Received(bytes, nowUs);

        public void Write(ReadOnlySpan<byte> bytes)
        {
            if (Throws == "Write")
            {
                throw new InvalidOperationException("write");
            }

            _got.AddRange(bytes);
        }

        public void Close()
        {
            IsClosed = true;
            if (Throws == "Close")
            {
                throw new InvalidOperationException("close");
            }
        }
    }

    private sealed class ThrowingHandler : IMqttServerHandler
    {
        public string Where { get; init; } = string.Empty;

        public string Victim { get; set; } = string.Empty;

        public List<string> Faults { get; } = [];

        public void Throw(string place, string clientId)
        {
            if (place == Where && (Victim == clientId || (place == "Delivered" && Victim.Length > 0)))
            {
                throw new InvalidOperationException("the application fails in " + place);
            }
        }

        public byte Connecting(in MqttConnectRequest request)
        {
            Throw("Connecting", request.ClientId);
            return 0;
        }

        public MqttAdmission Admit(in MqttConnectRequest request)
        {
            Throw("Admit", request.ClientId);
            return MqttAdmission.Ordinary;
        }

        public void Connected(string clientId) => Throw("Connected", clientId);

        public void Disconnected(string clientId) => Throw("Disconnected", clientId);

        public MqttPublishDisposition Published(string clientId, in MqttMessage message, long token)
        {
            Throw(message.Qos == MqttQos.AtMostOnce ? "Published0" : "Published1", clientId);
            return MqttPublishDisposition.Accept;
        }

        public bool MaySubscribe(string clientId, string filter)
        {
            Throw("MaySubscribe", clientId);
            return true;
        }

        public void Subscribed(string clientId, string filter) => Throw("Subscribed", clientId);

        public void Delivered(long ticket, byte reasonCode) => Throw("Delivered", string.Empty);

        public void ClosedForCause(string peer, byte reasonCode, MqttCloseCause cause, string text) => Throw("ClosedForCause", peer);

        public void Faulted(string peer, Exception exception) => Faults.Add(peer + " " + exception.Message);
    }
}
