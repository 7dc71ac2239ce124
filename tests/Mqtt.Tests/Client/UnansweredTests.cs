using System;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.Codec;
using Mqtt.Tests.Codec;
using Mqtt.Tests.Peers;
using Simulators.Peers;

namespace Mqtt.Tests.Client;

/// <summary>No wait of the client is without a bound, whatever else the broker answers.</summary>
[TestClass]
public class UnansweredTests
{
    private const long SecondUs = 1_000_000;

    [TestMethod]
    [DataRow(BrokerPacket.Puback, MqttQos.AtLeastOnce, MqttVersion.V5)]
    [DataRow(BrokerPacket.Puback, MqttQos.AtLeastOnce, MqttVersion.V311)]
    [DataRow(BrokerPacket.Pubrec, MqttQos.ExactlyOnce, MqttVersion.V5)]
    [DataRow(BrokerPacket.Pubcomp, MqttQos.ExactlyOnce, MqttVersion.V5)]
    [DataRow(BrokerPacket.Pubcomp, MqttQos.ExactlyOnce, MqttVersion.V311)]
    public void A_lost_acknowledgement_ends_the_connection_after_30_s_and_the_message_is_sent_again(BrokerPacket lost, MqttQos qos, MqttVersion version)
    {
        var bench = new PeerBench(new BrokerHabits { TellsNoSubscriber = false, Lost = [new LostPackets(lost)] });
        PeerBench.Peer peer = bench.Add(new MqttClientOptions { ClientId = "c", Version = version, KeepAliveSeconds = 10, KeepInFlight = true, SessionExpirySeconds = 600 });
        peer.Open();
        Assert.IsTrue(peer.Publish("a", "one", qos, ticket: 1));
        long sentUs = bench.NowUs;
        for (int second = 1; second <= 29; second++)
        {
            // Later messages are answered, and so are pings: only the one waits.
            bench.Advance(SecondUs);
            Assert.IsTrue(peer.Publish("a", "later", qos, ticket: 1 + second));
            Assert.IsTrue(peer.Client.IsConnected, $"after {second} s");
        }

        Assert.AreEqual(sentUs, peer.Client.UnansweredSinceUs);
        bench.Advance(SecondUs);
        Assert.AreEqual(1, peer.Handler.LostCount);
        Assert.AreEqual(MqttLossKind.Unanswered, peer.Client.LastLoss);
        StringAssert.Contains(peer.Handler.Events[^1], lost == BrokerPacket.Pubcomp ? "did not answer PUBREL 1 for 30 s" : "did not answer PUBLISH 1 to a for 30 s");
        Assert.IsFalse(peer.Handler.Acknowledgements.Exists(a => a.Ticket == 1));
        peer.Open();
        Assert.IsTrue(peer.Handler.Acknowledgements.Exists(a => a == (1, 0)));
        Assert.AreEqual(long.MaxValue, peer.Client.UnansweredSinceUs);
        bench.Advance(120 * SecondUs);
        Assert.AreEqual(1, peer.Handler.LostCount, "what was answered late is not asked for again");
    }

    [TestMethod]
    [DataRow(BrokerPacket.Suback)]
    [DataRow(BrokerPacket.Unsuback)]
    public void A_lost_answer_to_a_subscription_ends_the_connection_and_it_is_asked_for_again(BrokerPacket lost)
    {
        var bench = new PeerBench(new BrokerHabits { Lost = [new LostPackets(lost)] });
        PeerBench.Peer peer = bench.Add(new MqttClientOptions { ClientId = "c", KeepAliveSeconds = 10, AnswerTimeoutSeconds = 12, SessionExpirySeconds = 600 });
        peer.Open();
        peer.Subscribe("a/#");
        if (lost == BrokerPacket.Unsuback)
        {
            peer.Client.Unsubscribe("a/#", bench.NowUs);
            bench.Settle();
        }

        bench.Advance(12 * SecondUs - 1);
        Assert.IsTrue(peer.Client.IsConnected);
        bench.Advance(1);
        Assert.AreEqual(MqttLossKind.Unanswered, peer.Client.LastLoss);
        StringAssert.Contains(peer.Handler.Events[^1], lost == BrokerPacket.Suback ? "SUBSCRIBE to a/#" : "UNSUBSCRIBE to a/#");
        peer.Open();
        Assert.HasCount(lost == BrokerPacket.Suback ? 2 : 1, bench.Broker.Subscribes);
        Assert.AreEqual(long.MaxValue, peer.Client.UnansweredSinceUs);
    }

    [TestMethod]
    public void A_pubrel_that_never_comes_ends_the_connection()
    {
        var bench = new PeerBench(new BrokerHabits { Lost = [new LostPackets(BrokerPacket.Pubrel)] });
        PeerBench.Peer peer = bench.Add(new MqttClientOptions { ClientId = "c", KeepAliveSeconds = 10, SessionExpirySeconds = 600 });
        peer.Open();
        peer.Subscribe("a", MqttQos.ExactlyOnce);
        bench.Broker.Publish(new MqttMessage { Topic = "a", Payload = new byte[] { 1 }, Qos = MqttQos.ExactlyOnce }, 0, bench.NowUs);
        bench.Settle();
        Assert.HasCount(1, peer.Handler.Messages);
        bench.Advance(30 * SecondUs);
        Assert.AreEqual(MqttLossKind.Unanswered, peer.Client.LastLoss);
        peer.Open();
        Assert.HasCount(1, peer.Handler.Messages, "once is once");
        Assert.AreEqual(long.MaxValue, peer.Client.UnansweredSinceUs);
    }

    [TestMethod]
    public void A_broker_that_takes_the_connection_and_never_answers_it_is_left()
    {
        var bench = new PeerBench(new BrokerHabits { Lost = [new LostPackets(BrokerPacket.Connack)] });
        PeerBench.Peer peer = bench.Add(new MqttClientOptions { ClientId = "c", KeepAliveSeconds = 0 });
        peer.Open();
        bench.Advance(MqttClient.ConnectTimeoutUs - 1);
        Assert.AreEqual(0, peer.Handler.LostCount);
        bench.Advance(1);
        Assert.AreEqual(1, peer.Handler.LostCount);
        Assert.AreEqual(MqttLossKind.Silent, peer.Client.LastLoss);
        peer.Open();
        Assert.IsTrue(peer.Client.IsConnected);
    }

    [TestMethod]
    public void A_transport_that_takes_no_byte_is_left_and_a_slow_one_is_not()
    {
        var handler = new RecordingClientHandler();
        var client = new MqttClient(new MqttClientOptions { ClientId = "c", KeepAliveSeconds = 0 }, handler);
        var peer = new RawPeer(MqttVersion.V5);
        long nowUs = SecondUs;
        client.Open(peer, nowUs);
        client.Received(RandomPackets.Write(new AnyPacket(PacketType.Connack, MqttVersion.V5, new ConnackPacket())), nowUs);
        peer.PendingBytes = 100_000;
        for (int second = 0; second <= 80; second++)
        {
            client.Step(nowUs += SecondUs);
            peer.PendingBytes -= second % 20 == 0 ? 1 : 0; // one byte each 20 s is slow
        }

        Assert.AreEqual(nowUs + (31 * SecondUs), client.Step(nowUs + SecondUs));
        client.Step(nowUs + (31 * SecondUs) - 1);
        Assert.AreEqual(0, handler.LostCount);
        client.Step(nowUs + (31 * SecondUs));
        Assert.AreEqual(1, handler.LostCount);
        Assert.AreEqual(MqttLossKind.Unanswered, client.LastLoss);
        Assert.IsTrue(peer.IsClosed);
    }

    [TestMethod]
    public void A_full_window_behind_lost_acknowledgements_empties_itself()
    {
        // The case as it was seen: after 32 in flight nothing was ever sent again.
        var bench = new PeerBench(new BrokerHabits { TellsNoSubscriber = false, Lost = [new LostPackets(BrokerPacket.Puback) { Count = 32 }] });
        PeerBench.Peer peer = bench.Add(new MqttClientOptions { ClientId = "c", KeepAliveSeconds = 15, KeepInFlight = true, SessionExpirySeconds = 600 });
        peer.Open();
        int ticket = 0;
        while (peer.Publish("a", "x", ticket: ticket + 1))
        {
            ticket++;
        }

        Assert.AreEqual(32, ticket);
        bench.Advance(30 * SecondUs);
        peer.Open();
        Assert.AreEqual(string.Join(' ', Enumerable.Range(1, 32)), string.Join(' ', peer.Handler.Acknowledgements.Select(a => a.Ticket)));
        Assert.IsTrue(peer.Publish("a", "x", ticket: 33));
    }

    [TestMethod]
    public void A_slow_link_on_which_the_oldest_is_always_answered_next_is_not_left()
    {
        // 16 messages that need 4 s each: the last is answered after 64 s. Then one is passed over, and has no such grace.
        var handler = new RecordingClientHandler();
        var client = new MqttClient(new MqttClientOptions { ClientId = "c", KeepAliveSeconds = 0, Window = 16, Version = MqttVersion.V311 }, handler);
        long nowUs = SecondUs;
        client.Open(new RawPeer(MqttVersion.V311), nowUs);
        client.Received([0x20, 0x02, 0x00, 0x00], nowUs);
        void Publish()
        {
            while (client.TryPublish(new MqttMessage { Topic = "a", Qos = MqttQos.AtLeastOnce }, 1, nowUs))
            {
            }
        }

        Publish();
        Assert.AreEqual(16, client.InFlight);
        for (byte id = 1; id <= 16; id++)
        {
            client.Step(nowUs += 4 * SecondUs);
            client.Received([0x40, 0x02, 0x00, id], nowUs);
        }

        Assert.AreEqual(0, handler.LostCount);
        Assert.HasCount(16, handler.Acknowledgements);
        Publish();
        for (byte id = 18; id <= 24; id++)
        {
            client.Step(nowUs += 4 * SecondUs);
            client.Received([0x40, 0x02, 0x00, id], nowUs);
        }

        Assert.AreEqual(0, handler.LostCount);
        client.Step(nowUs += 2 * SecondUs);
        Assert.AreEqual(MqttLossKind.Unanswered, client.LastLoss);
        Assert.AreEqual(1, handler.LostCount);
    }

    [TestMethod]
    public void Each_filter_is_subscribed_once_on_each_connection()
    {
        var bench = new PeerBench();
        PeerBench.Peer peer = bench.Add(new MqttClientOptions { ClientId = "c", CleanStart = true });
        peer.Handler.OnConnected = _ =>
        {
            peer.Client.Subscribe("a", MqttQos.AtLeastOnce, bench.NowUs);
            peer.Client.Subscribe("b", MqttQos.AtLeastOnce, bench.NowUs);
        };
        for (int connection = 1; connection <= 3; connection++)
        {
            peer.Open();
            Assert.AreEqual("a b", string.Join(' ', bench.Broker.Subscribes.Where(s => s.Connection == connection).Select(s => s.Filter)));
            peer.Cut();
        }

        Assert.HasCount(6, peer.Handler.Subscriptions);
    }

    [TestMethod]
    public void The_retain_flag_and_retain_handling_reach_both_sides()
    {
        var bench = new PeerBench();
        bench.Connect("other").Publish("cmd/a", "kept", retain: true);
        PeerBench.Peer peer = bench.Add(new MqttClientOptions { ClientId = "c", CleanStart = true });
        peer.Client.Subscribe("cmd/+", MqttQos.AtLeastOnce, new MqttSubscribeOptions { RetainHandling = MqttRetainHandling.Never, RetainAsPublished = true }, bench.NowUs);
        peer.Open();
        Assert.AreEqual(new BrokerSubscribe("c", "cmd/+", MqttQos.AtLeastOnce, 2, true, 2), bench.Broker.Subscribes.Single());
        Assert.IsEmpty(peer.Handler.Messages);
        bench.Connect("third").Publish("cmd/b", "now, retained", retain: true);
        bench.Connect("fourth").Publish("cmd/b", "now");
        Assert.AreEqual("now, retained True, now False", string.Join(", ", peer.Handler.Messages.Select(m => $"{System.Text.Encoding.UTF8.GetString(m.Payload.Span)} {m.Retain}")));

        // A broker that does not obey, and MQTT 3.1.1: the flag says it.
        bench.Broker.Habits = new BrokerHabits { ObeysRetainHandling = false };
        PeerBench.Peer disobeyed = bench.Add(new MqttClientOptions { ClientId = "d" });
        disobeyed.Client.Subscribe("cmd/a", MqttQos.AtLeastOnce, new MqttSubscribeOptions { RetainHandling = MqttRetainHandling.Never }, bench.NowUs);
        disobeyed.Open();
        PeerBench.Peer old = bench.Add(new MqttClientOptions { ClientId = "e", Version = MqttVersion.V311 });
        old.Client.Subscribe("cmd/a", MqttQos.AtLeastOnce, new MqttSubscribeOptions { RetainHandling = MqttRetainHandling.Never, RetainAsPublished = true, NoLocal = true }, bench.NowUs);
        old.Open();
        Assert.IsTrue(disobeyed.Handler.Messages.Single().Retain);
        Assert.IsTrue(old.Handler.Messages.Single().Retain);
        Assert.IsEmpty(bench.Broker.Violations);
    }
}
