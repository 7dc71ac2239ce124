using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Codec;
using Mqtt.Tests.Transports;
using Simulators.Peers;

namespace Mqtt.Tests.Peers;

/// <summary>The broker with habits does what its habits say; each habit is seen by a client.</summary>
[TestClass]
public class PeerBrokerTests
{
    [TestMethod]
    [DataRow(MqttVersion.V311, MqttQos.AtMostOnce)]
    [DataRow(MqttVersion.V311, MqttQos.AtLeastOnce)]
    [DataRow(MqttVersion.V311, MqttQos.ExactlyOnce)]
    [DataRow(MqttVersion.V5, MqttQos.AtMostOnce)]
    [DataRow(MqttVersion.V5, MqttQos.AtLeastOnce)]
    [DataRow(MqttVersion.V5, MqttQos.ExactlyOnce)]
    public void Without_habits_it_is_a_plain_broker(MqttVersion version, MqttQos qos)
    {
        var bench = new PeerBench();
        PeerBench.Peer one = bench.Connect("one", version);
        PeerBench.Peer two = bench.Connect("two", version);
        two.Subscribe("a/+", MqttQos.ExactlyOnce);
        for (int i = 0; i < 20; i++)
        {
            Assert.IsTrue(one.Publish("a/b", $"{i}", qos, ticket: i + 1));
        }

        Assert.AreEqual(string.Join(' ', Enumerable.Range(0, 20)), string.Join(' ', two.Texts()));
        Assert.HasCount(qos == MqttQos.AtMostOnce ? 0 : 20, one.Handler.Acknowledgements);
        Assert.IsTrue(one.Handler.Acknowledgements.TrueForAll(a => a.Reason == 0));
        Assert.HasCount(20, bench.Broker.Received);
        Assert.IsEmpty(bench.Broker.Violations);
    }

    [TestMethod]
    public void A_session_and_a_retained_message_wait_for_their_client()
    {
        var bench = new PeerBench();
        PeerBench.Peer one = bench.Connect("one");
        PeerBench.Peer two = bench.Add(new MqttClientOptions { ClientId = "two", SessionExpirySeconds = 60 });
        two.Open();
        two.Subscribe("a/#");
        two.Cut();
        one.Publish("a/b", "meanwhile");
        one.Publish("a/c", "kept", retain: true);
        two.Open();
        Assert.AreEqual("connected again", two.Handler.Events[^1]);
        Assert.AreEqual("meanwhile kept", string.Join(' ', two.Texts()));
        PeerBench.Peer three = bench.Connect("three");
        three.Subscribe("a/#");
        Assert.IsTrue(three.Handler.Messages.Single().Retain);
    }

    [TestMethod]
    public void Refusals_answer_by_topic_and_payload_or_close()
    {
        var bench = new PeerBench(new BrokerHabits
        {
            MaxTopicLevels = 4,
            PublishRefusals =
            [
                new PublishRefusal("a/denied", 0x87),
                new PublishRefusal("a/+", 0x99) { PayloadContains = "strange" },
                new PublishRefusal("a/once", 0x97) { Times = 1 },
                new PublishRefusal("a/closes", 0x87) { Closes = true },
            ],
            SubscriptionRefusals = [new SubscriptionRefusal("a/secret", 0x87)],
        });
        PeerBench.Peer peer = bench.Connect("c");
        peer.Publish("a/denied", "x", ticket: 1);
        peer.Publish("a/free", "so strange", ticket: 2);
        peer.Publish("a/once", "x", ticket: 3);
        peer.Publish("a/once", "x", ticket: 4);
        peer.Publish("1/2/3/4/5", "x", ticket: 5);
        peer.Publish("a/free", "x", MqttQos.ExactlyOnce, ticket: 6);
        Assert.AreEqual("(1, 135) (2, 153) (3, 151) (4, 16) (5, 144) (6, 0)", string.Join(' ', peer.Handler.Acknowledgements));
        peer.Subscribe("a/secret");
        Assert.AreEqual(("a/secret", (byte)0x87), peer.Handler.Subscriptions[0]);
        peer.Publish("a/closes", "x", ticket: 7);
        Assert.AreEqual((byte)0x87, peer.Handler.LostReason);
        Assert.AreEqual((byte)0xFF, bench.Broker.Received[^1].Reason);
    }

    [TestMethod]
    public void Acknowledgements_get_lost_while_pings_are_answered()
    {
        var bench = new PeerBench(new BrokerHabits
        {
            TellsNoSubscriber = false,
            Lost = [new LostPackets(BrokerPacket.Puback) { After = 1 }, new LostPackets(BrokerPacket.Suback), new LostPackets(BrokerPacket.Pubcomp)],
        });
        PeerBench.Peer peer = bench.Add(new MqttClientOptions { ClientId = "c", KeepAliveSeconds = 2 });
        peer.Open();
        for (int i = 1; i <= 3; i++)
        {
            peer.Publish("a/b", "x", ticket: i);
        }

        peer.Publish("a/b", "x", MqttQos.ExactlyOnce, ticket: 4);
        peer.Subscribe("a/b");
        bench.Advance(2_000_000);
        Assert.AreEqual("1 3", string.Join(' ', peer.Handler.Acknowledgements.Select(a => a.Ticket)));
        Assert.IsEmpty(peer.Handler.Subscriptions);
        Assert.AreEqual(3, bench.Broker.Swallowed);
        Assert.AreEqual(1, bench.Broker.Pings);
        Assert.IsTrue(peer.Client.IsConnected);
    }

    [TestMethod]
    public void Late_reversed_and_doubled_acknowledgements_settle_each_ticket_once()
    {
        var bench = new PeerBench(new BrokerHabits { TellsNoSubscriber = false, ReverseAcknowledgements = 3, RepeatsAcknowledgements = true });
        PeerBench.Peer peer = bench.Connect("c");
        for (int i = 1; i <= 4; i++)
        {
            peer.Publish("a", "x", ticket: i);
        }

        bench.Advance(50_000);
        Assert.AreEqual("2 1 3 4", string.Join(' ', peer.Handler.Acknowledgements.Select(a => a.Ticket)));
        bench.Broker.Habits = new BrokerHabits { AcknowledgeAfterUs = 400_000 };
        peer.Publish("a", "x", ticket: 5);
        bench.Advance(399_999);
        Assert.HasCount(4, peer.Handler.Acknowledgements);
        bench.Advance(1);
        Assert.HasCount(5, peer.Handler.Acknowledgements);
    }

    [TestMethod]
    public void Bytes_one_by_one_and_all_at_once_and_words_on_everything_are_understood()
    {
        foreach (BrokerHabits habits in new[] { new BrokerHabits { OneByteAtATime = true }, new BrokerHabits { Coalesces = true } })
        {
            var bench = new PeerBench(habits with { ReasonString = "as you like", UserProperties = [new("a", "b"), new("a", "c")] });
            PeerBench.Peer peer = bench.Connect("c");
            bench.Advance(0);
            peer.Subscribe("a");
            peer.Publish("a", "one", MqttQos.ExactlyOnce, ticket: 1);
            for (int i = 0; i < 4; i++)
            {
                bench.Advance(0);
            }

            Assert.AreEqual("one", string.Join(' ', peer.Texts()));
            Assert.AreEqual((1L, (byte)0), peer.Handler.Acknowledgements.Single());
        }
    }

    [TestMethod]
    [DataRow(MqttVersion.V5, (byte)0x8A)]
    [DataRow(MqttVersion.V311, (byte)0x87)]
    public void Who_connects_too_often_is_banned_for_a_while(MqttVersion version, byte reason)
    {
        var bench = new PeerBench(new BrokerHabits { BanAfterConnects = 3, BanWindowUs = 10_000_000, BanUs = 20_000_000 });
        PeerBench.Peer peer = bench.Add(new MqttClientOptions { ClientId = "c", Version = version });
        for (int i = 0; i < 3; i++)
        {
            peer.Open();
            peer.Cut();
        }

        Assert.AreEqual(reason, peer.Handler.LostReason);
        bench.Advance(19_999_999);
        peer.Open();
        Assert.IsFalse(peer.Client.IsConnected);
        peer.Cut();
        bench.Advance(1);
        peer.Open();
        Assert.IsTrue(peer.Client.IsConnected);
    }

    [TestMethod]
    public void Logins_take_overs_and_ends_have_their_reasons()
    {
        var bench = new PeerBench(new BrokerHabits { UserName = "cart", Password = "right", ConnackReason = 0x89, ConnackRefusals = 1 });
        string Try(string password)
        {
            PeerBench.Peer peer = bench.Add(new MqttClientOptions { ClientId = "c", UserName = "cart", Password = Encoding.UTF8.GetBytes(password) });
            peer.Open();
            return peer.Client.IsConnected ? "in" : $"{peer.Handler.LostReason:X2}";
        }

        Assert.AreEqual("89 86 in", $"{Try("right")} {Try("wrong")} {Try("right")}");
        PeerBench.Peer first = bench.Add(new MqttClientOptions { ClientId = "d", UserName = "cart", Password = "right"u8.ToArray() });
        first.Open();
        PeerBench.Peer second = bench.Add(new MqttClientOptions { ClientId = "d", UserName = "cart", Password = "right"u8.ToArray() });
        second.Open();
        Assert.AreEqual(MqttReason.SessionTakenOver, first.Handler.LostReason);
        bench.Broker.Habits = bench.Broker.Habits with { EndsConnectionsAfterUs = 1_000_000, EndReason = 0 };
        second.Cut();
        second.Open();
        bench.Advance(1_000_000);
        Assert.IsFalse(second.Client.IsConnected);
        Assert.AreEqual((byte)0, second.Handler.LostReason);
    }

    [TestMethod]
    public void Retained_and_replayed_commands_come_at_each_subscription()
    {
        var bench = new PeerBench(new BrokerHabits { AtSubscribe = [new BrokerMessage("cmd/a", "again"u8.ToArray()) { Duplicate = true }] });
        bench.Connect("other").Publish("cmd/a", "kept", retain: true);
        PeerBench.Peer peer = bench.Connect("c", MqttVersion.V311);
        peer.Subscribe("cmd/+");
        peer.Subscribe("cmd/+");
        Assert.AreEqual("kept again kept again", string.Join(' ', peer.Texts()));
        bench.Broker.Habits = new BrokerHabits { KeepsRetained = false };
        bench.Connect("third").Publish("cmd/b", "lost", retain: true);
        Assert.HasCount(1, bench.Broker.Retained);
    }

    [TestMethod]
    public async Task It_serves_sockets_too()
    {
        var broker = new PeerBroker(new BrokerHabits { OneByteAtATime = true, TellsNoSubscriber = false });
        await using var host = new PeerTcpHost(broker, TimeProvider.System);
        using var client = new LiveClient(new MqttClientOptions { ClientId = "c" });
        client.Open(host.Port);
        client.Expect("connected anew");
        client.Publish("a", "x", MqttQos.AtLeastOnce, 1);
        client.Expect("acknowledged 1 0x00");
        IReadOnlyList<BrokerReceived> got = [];
        await host.Do(_ => got = [.. broker.Received]);
        Assert.AreEqual("a", got.Single().Topic);
        await host.Do(nowUs => broker.Disconnect("c", 0x8E, nowUs));
        client.Expect("lost 0x8E");
    }
}
