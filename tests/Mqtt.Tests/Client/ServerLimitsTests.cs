using System;
using System.Linq;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.Codec;
using Mqtt.Tests.Peers;
using Simulators.Peers;

namespace Mqtt.Tests.Client;

/// <summary>The client keeps to what the broker said in CONNACK. The broker closes whoever does not, and says so.</summary>
[TestClass]
public class ServerLimitsTests
{
    [TestMethod]
    public void Every_limit_is_known_and_kept_and_a_refusal_is_about_one_message()
    {
        var bench = new PeerBench(new BrokerHabits
        {
            TellsNoSubscriber = false,
            ReceiveMaximum = 5,
            MaximumPacketSize = 200,
            MaximumQos = 1,
            RetainAvailable = false,
            ServerKeepAliveSeconds = 7,
            TopicAliasMaximum = 3,
        });
        PeerBench.Peer peer = bench.Connect("c");
        Assert.AreEqual(
            new MqttServerLimits { ReceiveMaximum = 5, MaximumPacketSize = 200, MaximumQos = MqttQos.AtLeastOnce, RetainAvailable = false, TopicAliasMaximum = 3, KeepAliveSeconds = 7 },
            peer.Client.ServerLimits);
        var random = new Random(17);
        int refused = 0;
        for (int i = 1; i <= 2_000; i++)
        {
            var message = new MqttMessage
            {
                Topic = "t/" + random.Next(9),
                Payload = new byte[random.Next(300)],
                Qos = (MqttQos)random.Next(3),
                Retain = random.Next(10) == 0,
            };
            bool wrong = message.Payload.Length > 192 || message.Qos == MqttQos.ExactlyOnce || message.Retain;
            int before = peer.Handler.Acknowledgements.Count;
            if (!peer.Client.TryPublish(message, i, bench.NowUs))
            {
                bench.Settle();
                continue;
            }

            if (wrong && message.Qos != MqttQos.AtMostOnce)
            {
                refused++;
                Assert.HasCount(before + 1, peer.Handler.Acknowledgements, "told inside the call");
                (long ticket, byte reason) = peer.Handler.Acknowledgements[^1];
                Assert.AreEqual(i, ticket);
                Assert.IsTrue(reason is 0x95 or 0x9A or 0x9B, $"{reason:X2}");
            }
        }

        bench.Settle();
        Assert.IsGreaterThan(500, refused);
        Assert.IsTrue(peer.Client.IsConnected);
        Assert.IsEmpty(bench.Broker.Violations);
        Assert.AreEqual(0, peer.Client.InFlight);
        Assert.IsTrue(bench.Broker.Received.All(r => r.Payload.Length <= 200 && r.Qos <= MqttQos.AtLeastOnce && !r.Retain));
    }

    [TestMethod]
    public void Retained_messages_go_unretained_when_the_options_say_so()
    {
        var bench = new PeerBench(new BrokerHabits { RetainAvailable = false, TellsNoSubscriber = false });
        PeerBench.Peer peer = bench.Add(new MqttClientOptions { ClientId = "c", UnretainedWhenUnavailable = true });
        peer.Open();
        Assert.IsTrue(peer.Publish("a", "x", retain: true, ticket: 1));
        Assert.IsTrue(peer.Publish("a", "y", MqttQos.AtMostOnce, retain: true));
        Assert.AreEqual((1L, (byte)0), peer.Handler.Acknowledgements.Single());
        Assert.AreEqual("False False", string.Join(' ', bench.Broker.Received.Select(r => r.Retain)));
        Assert.IsEmpty(bench.Broker.Violations);
    }

    [TestMethod]
    public void What_a_later_connection_does_not_take_is_settled_when_it_would_be_sent_again()
    {
        var bench = new PeerBench(new BrokerHabits { Lost = [new LostPackets(BrokerPacket.Puback) { Count = 3 }, new LostPackets(BrokerPacket.Pubrec)] });
        PeerBench.Peer peer = bench.Add(new MqttClientOptions { ClientId = "c", KeepInFlight = true, SessionExpirySeconds = 60 });
        peer.Open();
        peer.Publish("a", new string('x', 500), ticket: 1);
        peer.Publish("a", "retained", retain: true, ticket: 2);
        peer.Publish("a", "twice", MqttQos.ExactlyOnce, ticket: 3);
        peer.Publish("a", "good", ticket: 4);
        peer.Cut();
        bench.Broker.Habits = new BrokerHabits { MaximumPacketSize = 300, MaximumQos = 1, RetainAvailable = false, TellsNoSubscriber = false };
        peer.Open();
        Assert.AreEqual("(1, 149) (2, 154) (3, 155) (4, 0)", string.Join(' ', peer.Handler.Acknowledgements));
        Assert.IsTrue(peer.Client.IsConnected);
        Assert.IsEmpty(bench.Broker.Violations);
    }

    [TestMethod]
    public void A_broker_with_maximum_qos_0_answers_each_message_through_the_client()
    {
        var bench = new PeerBench(new BrokerHabits { MaximumQos = 0 });
        PeerBench.Peer peer = bench.Connect("c");
        Assert.AreEqual(MqttQos.AtMostOnce, peer.Client.ServerLimits.MaximumQos);
        Assert.IsTrue(peer.Publish("a", "x", ticket: 1));
        Assert.IsTrue(peer.Publish("a", "x", MqttQos.AtMostOnce));
        Assert.AreEqual((1L, MqttReason.QosNotSupported), peer.Handler.Acknowledgements.Single());
        Assert.HasCount(1, bench.Broker.Received);
        Assert.IsTrue(peer.Client.IsConnected);
    }

    [TestMethod]
    public void Filters_that_the_server_does_not_take_are_answered_here_once_per_connection()
    {
        var handler = new RecordingClientHandler();
        var client = new MqttClient(new MqttClientOptions { ClientId = "c", CleanStart = true }, handler);
        foreach (string filter in new[] { "a/+", "b", "$share/g/c", "long/" + new string('x', 100) })
        {
            client.Subscribe(filter, MqttQos.AtLeastOnce, 0);
        }

        for (int round = 1; round <= 2; round++)
        {
            var peer = new RawPeer(MqttVersion.V5);
            client.Open(peer, 0);
            peer.Next(EdgeGateway.Mqtt.Codec.PacketType.Connect);
            client.Received([0x20, 0x0C, 0x00, 0x00, 0x09, 0x28, 0x00, 0x2A, 0x00, 0x27, 0x00, 0x00, 0x00, 0x40], 0);
            peer.Next(EdgeGateway.Mqtt.Codec.PacketType.Subscribe);
            peer.ExpectNothing();
            Assert.AreEqual(
                $"a/+ A2 $share/g/c 9E long/{new string('x', 100)} 95",
                string.Join(' ', handler.Subscriptions.Skip(3 * (round - 1)).Select(s => $"{s.Filter} {s.Reason:X2}")));
            client.Closed(0);
        }
    }

    [TestMethod]
    public void Under_3_1_1_there_are_no_limits()
    {
        var bench = new PeerBench(new BrokerHabits { ReceiveMaximum = 5, MaximumPacketSize = 200, MaximumQos = 0, RetainAvailable = true });
        PeerBench.Peer peer = bench.Connect("c", MqttVersion.V311);
        Assert.AreEqual(MqttServerLimits.None, peer.Client.ServerLimits);
    }
}
