using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Codec;
using EdgeGateway.Mqtt.MqttNet;
using Mqtt.Tests.Codec;
using Simulators.Peers;

namespace Mqtt.Tests.Client;

/// <summary>What the uplink may rely on, of whichever client: the same cases for the built-in one and for MQTTnet's behind its port.</summary>
[TestClass]
public class ClientContractTests
{
    private static readonly MqttClientOptions Plain = new() { ClientId = "c", CleanStart = true };

    [TestMethod]
    [DataRow(ContractBench.Builtin)]
    [DataRow(ContractBench.MqttNet)]
    public void Connect_says_what_the_options_say(string kind)
    {
        ContractBench bench = new(kind, new MqttClientOptions
        {
            ClientId = "cart-1",
            CleanStart = true,
            SessionExpirySeconds = 60,
            KeepAliveSeconds = 20,
            ReceiveMaximum = 9,
            UserName = "u",
            Password = new byte[] { 1 },
            Will = new MqttMessage { Topic = "a", Payload = "gone"u8.ToArray(), Qos = MqttQos.AtLeastOnce, Retain = true },
            WillDelaySeconds = 4,
            MaxPacketLength = 5_000,
        });
        RawPeer peer = new(MqttVersion.V5);
        bench.Client.Open(peer, bench.NowUs);
        AnyPacket? packet = null;
        bench.Until(() => (packet = peer.TryNext()) is not null, "CONNECT");
        var p = (ConnectPacket)packet!.Content;
        Assert.AreEqual(
            "cart-1 True 60 20 9 u 1 a True 4 5000",
            $"{p.ClientId} {p.CleanStart} {p.Properties.SessionExpiryInterval} {p.KeepAliveSeconds} {p.Properties.ReceiveMaximum} {p.UserName} {p.Password![0]} {p.Will!.Value.Topic} {p.Will.Value.Retain} {p.WillDelaySeconds} {p.Properties.MaximumPacketSize}");
        Assert.IsFalse(bench.Client.IsConnected);
        Assert.IsFalse(bench.Publish("a", "x"));
        bench.Client.Disconnect(bench.NowUs);
        Assert.IsTrue(peer.IsClosed);
        Assert.AreEqual(1, bench.Handler.LostCount);
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin, MqttVersion.V311, (byte)0x87)]
    [DataRow(ContractBench.Builtin, MqttVersion.V311, (byte)0x86)]
    [DataRow(ContractBench.Builtin, MqttVersion.V311, (byte)0x84)]
    [DataRow(ContractBench.Builtin, MqttVersion.V5, (byte)0x97)]
    [DataRow(ContractBench.Builtin, MqttVersion.V5, (byte)0x86)]
    [DataRow(ContractBench.MqttNet, MqttVersion.V311, (byte)0x87)]
    [DataRow(ContractBench.MqttNet, MqttVersion.V311, (byte)0x86)]
    [DataRow(ContractBench.MqttNet, MqttVersion.V311, (byte)0x84)]
    [DataRow(ContractBench.MqttNet, MqttVersion.V5, (byte)0x97)]
    [DataRow(ContractBench.MqttNet, MqttVersion.V5, (byte)0x86)]
    [DataRow(ContractBench.MqttNet, MqttVersion.V5, (byte)0x8A)]
    public void A_refusal_is_told_once_with_its_reason(string kind, MqttVersion version, byte reason)
    {
        ContractBench bench = new(kind, Plain with { Version = version }, new BrokerHabits { ConnackReason = reason, ReasonString = version == MqttVersion.V5 ? "ask the ward" : null });
        bench.Begin();
        bench.Until(() => bench.Handler.LostCount > 0, "the loss");
        Assert.AreEqual(reason, bench.Handler.LostReason);
        Assert.AreEqual(MqttLossKind.Refused, bench.Client.LastLoss);
        StringAssert.Contains(bench.Handler.Events[^1], "the server refused the connection" + (version == MqttVersion.V5 ? ": ask the ward" : string.Empty));
        bench.Broker.Habits = new BrokerHabits();
        bench.Connect();
        Assert.AreEqual(1, bench.Handler.LostCount);
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin)]
    [DataRow(ContractBench.MqttNet)]
    public void No_answer_to_connect_is_a_loss_after_10_s(string kind)
    {
        ContractBench bench = new(kind, Plain, new BrokerHabits { Lost = [new LostPackets(BrokerPacket.Connack)] });
        bench.Begin();
        bench.Until(() => bench.Broker.Connects.Count == 1, "CONNECT");
        bench.Advance(9);
        Assert.AreEqual(0, bench.Handler.LostCount);
        bench.Advance(1);
        bench.Until(() => bench.Handler.LostCount == 1, "the loss");
        Assert.AreEqual(MqttLossKind.Silent, bench.Client.LastLoss);
        Assert.AreEqual(MqttReason.ServerUnavailable, bench.Handler.LostReason);
        bench.Connect();
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin, 4, 100, 4)]
    [DataRow(ContractBench.Builtin, 10, 3, 3)]
    [DataRow(ContractBench.MqttNet, 4, 100, 4)]
    [DataRow(ContractBench.MqttNet, 10, 3, 3)]
    public void The_window_is_the_smaller_of_option_and_receive_maximum(string kind, int option, int receiveMaximum, int expected)
    {
        ContractBench bench = new(kind, Plain with { Window = option }, new BrokerHabits { ReceiveMaximum = (ushort)receiveMaximum, Lost = [new LostPackets(BrokerPacket.Puback) { Count = 1 }] });
        bench.Connect();
        int sent = 0;
        while (bench.Publish("a", "x", ticket: sent + 1))
        {
            sent++;
        }

        Assert.AreEqual(expected, sent);
        Assert.AreEqual(expected, bench.Client.InFlight);
        Assert.IsTrue(bench.Publish("a", "q0", MqttQos.AtMostOnce, ticket: 0), "QoS 0 has no window");
        bench.Until(() => bench.Handler.Acknowledgements.Count == expected - 1, "the acknowledgements");
        Assert.AreEqual(1, bench.Client.InFlight);
        Assert.IsTrue(bench.Publish("a", "x", ticket: 99));
        bench.Until(() => bench.Handler.Acknowledgements.Exists(a => a.Ticket == 99), "the answer to the next");
        Assert.IsEmpty(bench.Broker.Violations);
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin)]
    [DataRow(ContractBench.MqttNet)]
    public void What_the_server_will_not_take_is_settled_at_once(string kind)
    {
        ContractBench bench = new(kind, Plain, new BrokerHabits { MaximumPacketSize = 60, RetainAvailable = false, MaximumQos = 1, TellsNoSubscriber = false });
        bench.Connect();

        // 2 bytes of fixed header, 3 of topic, 2 of identifier, 1 of properties: 52 bytes are the most.
        Assert.IsTrue(bench.Publish("a", new string('x', 52), ticket: 1));
        Assert.IsTrue(bench.Publish("a", new string('x', 53), ticket: 2));
        Assert.IsTrue(bench.Publish("a", "x", retain: true, ticket: 3));
        Assert.IsTrue(bench.Publish("a", "x", MqttQos.ExactlyOnce, ticket: 4));
        Assert.IsTrue(bench.Publish("a", new string('x', 60), MqttQos.AtMostOnce, ticket: 5));
        Assert.AreEqual("(2, 149) (3, 154) (4, 155) (5, 149)", string.Join(" ", bench.Handler.Acknowledgements));
        bench.Until(() => bench.Handler.Acknowledgements.Exists(a => a == (1, 0)), "the one that fits");
        Assert.HasCount(1, bench.Broker.Received);
        Assert.AreEqual(0, bench.Client.InFlight);
        Assert.IsTrue(bench.Client.IsConnected);
        Assert.IsEmpty(bench.Broker.Violations);
    }

    [TestMethod]
    public void The_length_of_a_publish_is_what_the_codec_writes()
    {
        Random random = new(4);
        WireWriter writer = new();
        for (int i = 0; i < 3_000; i++)
        {
            string Text(int most) => new('ä', random.Next(1, most));
            MqttMessage message = new()
            {
                Topic = Text(120),
                Payload = new byte[random.Next(4) == 0 ? random.Next(20_000) : random.Next(130)],
                Qos = (MqttQos)random.Next(3),
                Properties = random.Next(3) == 0 ? null : new MqttPublishProperties
                {
                    ContentType = random.Next(2) == 0 ? Text(30) : null,
                    ResponseTopic = random.Next(2) == 0 ? Text(30) : null,
                    CorrelationData = new byte[random.Next(20)],
                    MessageExpirySeconds = random.Next(2) == 0 ? 30u : null,
                    PayloadIsUtf8 = random.Next(2) == 0,
                    UserProperties = [.. Enumerable.Range(0, random.Next(4)).Select(n => new KeyValuePair<string, string>(Text(20), Text(90)))],
                },
            };
            MqttVersion version = random.Next(2) == 0 ? MqttVersion.V5 : MqttVersion.V311;
            int written = PacketWriter.Publish(
                writer, version, message.Topic, message.Payload.Span, message.Qos, false, false, message.Qos == MqttQos.AtMostOnce ? (ushort)0 : (ushort)7, message.Properties, message.Properties?.MessageExpirySeconds, 0, []);
            Assert.AreEqual(written, PublishLength.Of(message, version), RandomPackets.Describe(new AnyPacket(PacketType.Publish, version, new RandomPackets.PublishContent(message, 7, 0, []))));
        }
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin, MqttVersion.V5)]
    [DataRow(ContractBench.Builtin, MqttVersion.V311)]
    [DataRow(ContractBench.MqttNet, MqttVersion.V5)]
    [DataRow(ContractBench.MqttNet, MqttVersion.V311)]
    public void A_lost_acknowledgement_ends_the_connection_after_30_s(string kind, MqttVersion version)
    {
        ContractBench bench = new(kind, Plain with { Version = version, KeepAliveSeconds = 10 }, new BrokerHabits { TellsNoSubscriber = false, Lost = [new LostPackets(BrokerPacket.Puback)] });
        bench.Connect();
        Assert.IsTrue(bench.Publish("a", "one"));
        bench.Until(() => bench.Broker.Received.Count == 1, "the message");
        for (int second = 1; second <= 29; second++)
        {
            bench.Advance(1);
            Assert.IsTrue(bench.Publish("a", "later", ticket: 1 + second));
            bench.Until(() => bench.Handler.Acknowledgements.Exists(a => a.Ticket == 1 + second), "the answer");
        }

        Assert.AreEqual(1_000_000, bench.Client.UnansweredSinceUs);
        Assert.IsTrue(bench.Client.IsConnected);
        bench.Advance(1);
        bench.Until(() => bench.Handler.LostCount == 1, "the loss");
        Assert.AreEqual(MqttLossKind.Unanswered, bench.Client.LastLoss);
        StringAssert.Contains(bench.Handler.Events[^1], "for 30 s");
        Assert.AreEqual(0, bench.Client.InFlight);
        Assert.IsFalse(bench.Handler.Acknowledgements.Exists(a => a.Ticket == 1));
        bench.Connect();
        Assert.AreEqual(long.MaxValue, bench.Client.UnansweredSinceUs);
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin)]
    [DataRow(ContractBench.MqttNet)]
    public void A_lost_answer_to_a_subscription_ends_the_connection_and_it_is_asked_for_again(string kind)
    {
        ContractBench bench = new(kind, Plain with { AnswerTimeoutSeconds = 12 }, new BrokerHabits { Lost = [new LostPackets(BrokerPacket.Suback)] });
        bench.Client.Subscribe("a/#", MqttQos.AtLeastOnce, bench.NowUs);
        bench.Connect();
        bench.Until(() => bench.Broker.Subscribes.Count == 1, "SUBSCRIBE");
        bench.Advance(11);
        Assert.IsTrue(bench.Client.IsConnected);
        bench.Advance(1);
        bench.Until(() => bench.Handler.LostCount == 1, "the loss");
        Assert.AreEqual(MqttLossKind.Unanswered, bench.Client.LastLoss);
        bench.Connect();
        bench.Until(() => bench.Handler.Subscriptions.Contains(("a/#", (byte)1)), "SUBACK");
        Assert.HasCount(2, bench.Broker.Subscribes);
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin)]
    [DataRow(ContractBench.MqttNet)]
    public void Subscriptions_are_repeated_once_on_each_connection_and_a_refusal_is_told(string kind)
    {
        ContractBench bench = new(kind, Plain, new BrokerHabits { SubscriptionRefusals = [new SubscriptionRefusal("b/+", MqttReason.NotAuthorized)] });
        MqttSubscribeOptions how = new() { RetainHandling = MqttRetainHandling.Never, RetainAsPublished = true };
        bench.Client.Subscribe("a", MqttQos.AtLeastOnce, how, bench.NowUs);
        bench.Handler.OnConnected = _ => bench.Client.Subscribe("b/+", MqttQos.AtLeastOnce, how, bench.NowUs);
        for (int connection = 1; connection <= 3; connection++)
        {
            bench.Connect();
            bench.Until(() => bench.Handler.Subscriptions.Count == 2 * connection, "both answers");
            CollectionAssert.AreEquivalent(
                new[] { new BrokerSubscribe("c", "a", MqttQos.AtLeastOnce, 2, true, connection), new BrokerSubscribe("c", "b/+", MqttQos.AtLeastOnce, 2, true, connection) },
                bench.Broker.Subscribes.Where(s => s.Connection == connection).ToArray());
            bench.Link.Cut(bench.NowUs);
            bench.Until(() => bench.Handler.LostCount == connection, "the loss");
        }

        Assert.AreEqual(3, bench.Handler.Subscriptions.Count(s => s == ("b/+", MqttReason.NotAuthorized)));
        Assert.AreEqual(3, bench.Handler.Subscriptions.Count(s => s == ("a", (byte)1)));
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin)]
    [DataRow(ContractBench.MqttNet)]
    public void Pings_go_by_the_clock_of_the_loop_and_their_absence_ends_the_connection(string kind)
    {
        ContractBench bench = new(kind, Plain with { KeepAliveSeconds = 30 }, new BrokerHabits { ServerKeepAliveSeconds = 10 });
        bench.Connect();
        bench.Advance(9);
        Assert.AreEqual(0, bench.Broker.Pings);
        bench.Advance(1);
        bench.Until(() => bench.Broker.Pings == 1, "the ping");
        bench.Advance(4);
        Assert.IsTrue(bench.Client.IsConnected);
        bench.Broker.Habits = bench.Broker.Habits with { AnswersPings = false };
        bench.Advance(6);
        bench.Until(() => bench.Broker.Pings == 2, "the next ping");
        bench.Advance(4);
        Assert.IsTrue(bench.Client.IsConnected);
        bench.Advance(1);
        bench.Until(() => bench.Handler.LostCount == 1, "the loss");
        Assert.AreEqual(MqttLossKind.Silent, bench.Client.LastLoss);
        Assert.AreEqual(MqttReason.KeepAliveTimeout, bench.Handler.LostReason);
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin, (byte)0x8B)]
    [DataRow(ContractBench.Builtin, (byte)0x8E)]
    [DataRow(ContractBench.MqttNet, (byte)0x8B)]
    [DataRow(ContractBench.MqttNet, (byte)0x8E)]
    public void Last_words_of_the_server_are_told_although_the_transport_closes_with_them(string kind, byte reason)
    {
        ContractBench bench = new(kind, Plain, new BrokerHabits { ReasonString = "back at noon" });
        bench.Connect();
        bench.Broker.Disconnect("c", reason, bench.NowUs);
        bench.Until(() => bench.Handler.LostCount == 1, "the loss");
        Assert.AreEqual(MqttLossKind.Disconnected, bench.Client.LastLoss);
        Assert.AreEqual(reason, bench.Handler.LostReason);
        StringAssert.Contains(bench.Handler.Events[^1], "the server disconnected: back at noon");
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin)]
    [DataRow(ContractBench.MqttNet)]
    public void Each_connection_ends_with_one_loss_and_tickets_of_before_are_void(string kind)
    {
        ContractBench bench = new(kind, Plain, new BrokerHabits { AcknowledgeAfterUs = 1 });
        for (int round = 1; round <= 20; round++)
        {
            bench.Connect();
            Assert.IsTrue(bench.Publish("a", "x", ticket: round));
            Assert.AreEqual(1, bench.Client.InFlight);
            bench.Link.Cut(bench.NowUs);
            bench.Until(() => bench.Handler.LostCount == round, "the loss");
            Assert.AreEqual(MqttLossKind.Transport, bench.Client.LastLoss);
            Assert.AreEqual(0, bench.Client.InFlight);
            Assert.IsFalse(bench.Client.IsConnected);
            Assert.IsFalse(bench.Publish("a", "x"));
        }

        bench.NowUs += 10;
        bench.Connect();
        bench.Advance(5);
        Assert.IsEmpty(bench.Handler.Acknowledgements);
        Assert.AreEqual(20, bench.Handler.LostCount);
        bench.Client.Disconnect(bench.NowUs);
        Assert.AreEqual(21, bench.Handler.LostCount);
        Assert.AreEqual(MqttLossKind.OwnWish, bench.Client.LastLoss);
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin)]
    [DataRow(ContractBench.MqttNet)]
    public void Messages_arrive_whole_and_are_acknowledged_in_their_order(string kind)
    {
        ContractBench bench = new(kind, Plain with { CleanStart = false, SessionExpirySeconds = 60 });
        bench.Handler.OnReceived = _ => false;
        RawPeer peer = new(MqttVersion.V5);
        bench.Client.Open(peer, bench.NowUs);
        bench.Until(() => peer.TryNext() is not null, "CONNECT");

        // CONNACK and what the server has kept may come in one piece.
        MqttPublishProperties properties = new() { ContentType = "t", ResponseTopic = "r", CorrelationData = new byte[] { 4, 5 }, MessageExpirySeconds = 7, PayloadIsUtf8 = true, UserProperties = [new("k", "v"), new("k", "w")] };
        byte[] together =
        [
            .. RandomPackets.Write(new AnyPacket(PacketType.Connack, MqttVersion.V5, new ConnackPacket { SessionPresent = true })),
            .. RandomPackets.Write(new AnyPacket(PacketType.Publish, MqttVersion.V5, new RandomPackets.PublishContent(new MqttMessage { Topic = "a/b", Payload = "one"u8.ToArray(), Qos = MqttQos.AtLeastOnce, Retain = true, Properties = properties }, 7, 0, []))),
            .. RandomPackets.Write(new AnyPacket(PacketType.Publish, MqttVersion.V5, new RandomPackets.PublishContent(new MqttMessage { Topic = "a/c", Payload = "two"u8.ToArray(), Qos = MqttQos.AtLeastOnce, Duplicate = true }, 8, 0, []))),
            .. RandomPackets.Write(new AnyPacket(PacketType.Publish, MqttVersion.V5, new RandomPackets.PublishContent(new MqttMessage { Topic = "a/d", Payload = "three"u8.ToArray() }, 0, 0, []))),
        ];
        bench.Client.Received(together, bench.NowUs);
        bench.Until(() => bench.Handler.Messages.Count == 3, "the messages");
        Assert.AreEqual("connected again", bench.Handler.Events[0]);
        MqttMessage one = bench.Handler.Messages[0];
        Assert.AreEqual("a/b one True False", $"{one.Topic} {Encoding.UTF8.GetString(one.Payload.Span)} {one.Retain} {one.Duplicate}");
        Assert.AreEqual("t r 4,5 7 True k=v k=w", $"{one.Properties!.ContentType} {one.Properties.ResponseTopic} {string.Join(',', one.Properties.CorrelationData.ToArray())} {one.Properties.MessageExpirySeconds} {one.Properties.PayloadIsUtf8} {string.Join(' ', one.Properties.UserProperties.Select(p => p.Key + "=" + p.Value))}");
        Assert.AreEqual("a/c True", $"{bench.Handler.Messages[1].Topic} {bench.Handler.Messages[1].Duplicate}");
        Assert.AreEqual(MqttQos.AtMostOnce, bench.Handler.Messages[2].Qos);
        bench.Client.Acknowledge(bench.Handler.Tokens[1], bench.NowUs);
        peer.ExpectNothing();
        bench.Client.Acknowledge(bench.Handler.Tokens[0], bench.NowUs);
        bench.Client.Acknowledge(bench.Handler.Tokens[0], bench.NowUs);
        List<AnyPacket> acks = [];
        bench.Until(
            () =>
            {
                if (peer.TryNext() is { } next)
                {
                    acks.Add(next);
                }

                return acks.Count == 2;
            },
            "both acknowledgements");
        Assert.AreEqual("7 8", string.Join(' ', acks.Select(a => ((RandomPackets.AckContent)a.Content).PacketId)));
        Assert.IsTrue(acks.TrueForAll(a => a.Type == PacketType.Puback));
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin)]
    [DataRow(ContractBench.MqttNet)]
    public void A_thousand_messages_arrive_once_and_in_order_through_a_window(string kind)
    {
        ContractBench bench = new(kind, Plain, new BrokerHabits { ReceiveMaximum = 20, TellsNoSubscriber = false });
        bench.Connect();
        int sent = 0;
        bench.Until(
            () =>
            {
                while (sent < 1_000 && bench.Publish("a", $"{sent}", ticket: sent + 1))
                {
                    sent++;
                }

                return bench.Handler.Acknowledgements.Count == 1_000;
            },
            "all answers");
        Assert.AreEqual(string.Join(' ', Enumerable.Range(0, 1_000)), string.Join(' ', bench.Broker.Received.Select(r => Encoding.UTF8.GetString(r.Payload))));
        Assert.AreEqual(string.Join(' ', Enumerable.Range(1, 1_000)), string.Join(' ', bench.Handler.Acknowledgements.Select(a => a.Ticket).Order()));
        Assert.IsEmpty(bench.Broker.Violations);
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin, MqttVersion.V5)]
    [DataRow(ContractBench.Builtin, MqttVersion.V311)]
    [DataRow(ContractBench.MqttNet, MqttVersion.V5)]
    [DataRow(ContractBench.MqttNet, MqttVersion.V311)]
    public void A_message_with_properties_goes_out_under_either_version_and_a_topic_that_is_none_is_refused(string kind, MqttVersion version)
    {
        ContractBench bench = new(kind, Plain with { Version = version });
        RawPeer peer = new(version);
        bench.Client.Subscribe("a/+", MqttQos.AtLeastOnce, new MqttSubscribeOptions { RetainHandling = MqttRetainHandling.Never, NoLocal = true }, bench.NowUs);
        bench.Client.Open(peer, bench.NowUs);
        bench.Until(() => peer.TryNext() is not null, "CONNECT");
        bench.Client.Received(RandomPackets.Write(new AnyPacket(PacketType.Connack, version, new ConnackPacket())), bench.NowUs);
        AnyPacket? packet = null;
        bench.Until(() => (packet = peer.TryNext()) is not null, "SUBSCRIBE");
        Assert.AreEqual(PacketType.Subscribe, packet!.Type);
        MqttPublishProperties properties = new() { ContentType = "t", ResponseTopic = "r", CorrelationData = new byte[] { 4 }, MessageExpirySeconds = 7, PayloadIsUtf8 = true, UserProperties = [new("k", "v")] };
        Assert.IsTrue(bench.Client.TryPublish(new MqttMessage { Topic = "a/b", Payload = "x"u8.ToArray(), Qos = MqttQos.AtLeastOnce, Properties = properties }, 1, bench.NowUs));
        bench.Until(() => (packet = peer.TryNext()) is not null, "PUBLISH");
        MqttMessage sent = ((RandomPackets.PublishContent)packet!.Content).Message;
        Assert.AreEqual("a/b x", $"{sent.Topic} {Encoding.UTF8.GetString(sent.Payload.Span)}");
        Assert.AreEqual(version == MqttVersion.V5 ? "t r 4 7 True k=v" : "none", sent.Properties is not { ContentType: not null } p ? "none" : $"{p.ContentType} {p.ResponseTopic} {p.CorrelationData.Span[0]} {p.MessageExpirySeconds} {p.PayloadIsUtf8} {p.UserProperties[0].Key}={p.UserProperties[0].Value}");
        Assert.ThrowsExactly<ArgumentException>(() => bench.Client.TryPublish(new MqttMessage { Topic = "a/#" }, 2, bench.NowUs));
        Assert.ThrowsExactly<ArgumentException>(() => bench.Client.Subscribe("a/#/b", MqttQos.AtMostOnce, bench.NowUs));
        Assert.IsTrue(bench.Client.IsConnected);
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin)]
    [DataRow(ContractBench.MqttNet)]
    public void A_refusal_of_one_message_is_about_this_message_alone(string kind)
    {
        byte[] reasons = [MqttReason.NotAuthorized, MqttReason.QuotaExceeded, MqttReason.PayloadFormatInvalid, MqttReason.UnspecifiedError, MqttReason.TopicNameInvalid];
        ContractBench bench = new(kind, Plain, new BrokerHabits { PublishRefusals = [.. reasons.Select(r => new PublishRefusal($"r/{r}", r))] });
        bench.Connect();
        foreach (byte reason in reasons)
        {
            Assert.IsTrue(bench.Publish($"r/{reason}", "x", ticket: reason));
        }

        Assert.IsTrue(bench.Publish("nobody", "x", ticket: 1));
        bench.Until(() => bench.Handler.Acknowledgements.Count == reasons.Length + 1, "all answers");
        Assert.AreEqual(string.Join(' ', reasons.Select(r => ((long)r, r)).Append((1L, MqttReason.NoMatchingSubscribers)).Order()), string.Join(' ', bench.Handler.Acknowledgements.Order()));
        Assert.IsTrue(bench.Client.IsConnected);
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin)]
    [DataRow(ContractBench.MqttNet)]
    public void A_transport_that_takes_no_byte_refuses_and_is_left_after_30_s(string kind)
    {
        ContractBench bench = new(kind, Plain with { KeepAliveSeconds = 0, MaxPendingBytes = 100 });
        RawPeer peer = new(MqttVersion.V5);
        bench.Client.Open(peer, bench.NowUs);
        bench.Until(() => peer.TryNext() is not null, "CONNECT");
        bench.Client.Received(RandomPackets.Write(new AnyPacket(PacketType.Connack, MqttVersion.V5, new ConnackPacket())), bench.NowUs);
        bench.Until(() => bench.Client.IsConnected, "CONNACK");
        peer.PendingBytes = 101;
        Assert.IsFalse(bench.Publish("a", "x", MqttQos.AtMostOnce));
        peer.PendingBytes = 100;
        Assert.IsTrue(bench.Publish("a", "x", MqttQos.AtMostOnce));
        Assert.IsTrue(bench.Client.TryPublish(new MqttMessage { Topic = "a", DropAbovePendingBytes = 100 }, 0, bench.NowUs));
        Assert.IsFalse(bench.Client.TryPublish(new MqttMessage { Topic = "a", DropAbovePendingBytes = 99 }, 0, bench.NowUs));
        bench.Client.Step(bench.NowUs);
        bench.Advance(29);
        Assert.AreEqual(0, bench.Handler.LostCount);
        bench.Advance(2);
        bench.Until(() => bench.Handler.LostCount == 1, "the loss");
        Assert.AreEqual(MqttLossKind.Unanswered, bench.Client.LastLoss);
        Assert.IsTrue(peer.IsClosed);
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin, false, "FF FF FF FF FF")]
    [DataRow(ContractBench.Builtin, false, "30 03 00 01 61")]
    [DataRow(ContractBench.Builtin, true, "30 FF FF FF 7F")]
    [DataRow(ContractBench.Builtin, true, "48 54 54 50 2F 31 2E 31")]
    [DataRow(ContractBench.Builtin, true, "32 05 00 01 61 00 00")]
    [DataRow(ContractBench.Builtin, true, "90 04 00 00 00 01")]
    [DataRow(ContractBench.MqttNet, false, "FF FF FF FF FF")]
    [DataRow(ContractBench.MqttNet, false, "30 03 00 01 61")]
    [DataRow(ContractBench.MqttNet, true, "30 FF FF FF 7F")]
    [DataRow(ContractBench.MqttNet, true, "48 54 54 50 2F 31 2E 31")]
    public void Bytes_that_are_no_mqtt_end_the_connection_and_the_next_one_works(string kind, bool isConnected, string hex)
    {
        ContractBench bench = new(kind, Plain);
        RawPeer peer = new(MqttVersion.V5);
        bench.Client.Open(peer, bench.NowUs);
        bench.Until(() => peer.TryNext() is not null, "CONNECT");
        if (isConnected)
        {
            bench.Client.Received(RandomPackets.Write(new AnyPacket(PacketType.Connack, MqttVersion.V5, new ConnackPacket())), bench.NowUs);
            bench.Until(() => bench.Client.IsConnected, "CONNACK");
        }

        bench.Client.Received(Convert.FromHexString(hex.Replace(" ", string.Empty, StringComparison.Ordinal)), bench.NowUs);
        bench.Until(() => bench.Handler.LostCount == 1, "the loss");
        Assert.AreEqual(MqttLossKind.BrokenProtocol, bench.Client.LastLoss, bench.Handler.Events[^1]);
        Assert.IsTrue(peer.IsClosed);
        bench.Connect();
        Assert.IsTrue(bench.Publish("a", "x"));
        bench.Until(() => bench.Handler.Acknowledgements.Count == 1, "the answer");
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin)]
    [DataRow(ContractBench.MqttNet)]
    public void A_server_above_our_receive_maximum_is_left(string kind)
    {
        ContractBench bench = new(kind, Plain with { ReceiveMaximum = 2 });
        bench.Handler.OnReceived = _ => false;
        RawPeer peer = new(MqttVersion.V5);
        bench.Client.Open(peer, bench.NowUs);
        bench.Until(() => peer.TryNext() is not null, "CONNECT");
        bench.Client.Received(RandomPackets.Write(new AnyPacket(PacketType.Connack, MqttVersion.V5, new ConnackPacket())), bench.NowUs);
        bench.Until(() => bench.Client.IsConnected, "CONNACK");
        for (ushort id = 1; id <= 3; id++)
        {
            bench.Client.Received(
                RandomPackets.Write(new AnyPacket(PacketType.Publish, MqttVersion.V5, new RandomPackets.PublishContent(new MqttMessage { Topic = "a", Qos = MqttQos.AtLeastOnce }, id, 0, []))), bench.NowUs);
        }

        bench.Until(() => bench.Handler.LostCount == 1, "the loss");
        Assert.AreEqual(MqttReason.ReceiveMaximumExceeded, bench.Handler.LostReason);
        Assert.HasCount(2, bench.Handler.Messages);
        peer.ExpectDisconnect(MqttReason.ReceiveMaximumExceeded);
    }

    [TestMethod]
    [DataRow(ContractBench.Builtin)]
    [DataRow(ContractBench.MqttNet)]
    public void The_next_connection_may_be_opened_from_inside_the_loss(string kind)
    {
        ContractBench bench = new(kind, Plain);
        bench.Connect();
        bool again = true;
        bench.Handler.OnLost = () =>
        {
            if (again)
            {
                again = false;
                bench.Link.Open(bench.NowUs);
            }
        };
        bench.Link.Cut(bench.NowUs);
        bench.Until(() => bench.Client.IsConnected && bench.Broker.Connects.Count == 2, "the next connection");
        Assert.AreEqual(1, bench.Handler.LostCount);
        Assert.IsTrue(bench.Publish("a", "x"));
        bench.Until(() => bench.Handler.Acknowledgements.Count == 1, "the answer");
    }

    [TestMethod]
    public void What_MQTTnet_cannot_do_is_refused_when_it_is_asked_for() =>
        Assert.ThrowsExactly<NotSupportedException>(() => new ContractBench(ContractBench.MqttNet, Plain with { KeepInFlight = true }));

    [TestMethod]
    public void A_flood_that_MQTTnet_would_keep_in_a_queue_without_bound_ends_the_connection()
    {
        ContractBench bench = new(ContractBench.MqttNet, Plain);
        RawPeer peer = new(MqttVersion.V5);
        bench.Client.Open(peer, bench.NowUs);
        bench.Until(() => peer.TryNext() is not null, "CONNECT");
        bench.Client.Received(RandomPackets.Write(new AnyPacket(PacketType.Connack, MqttVersion.V5, new ConnackPacket())), bench.NowUs);
        bench.Until(() => bench.Client.IsConnected, "CONNACK");
        byte[] message = RandomPackets.Write(new AnyPacket(PacketType.Publish, MqttVersion.V5, new RandomPackets.PublishContent(new MqttMessage { Topic = "a" }, 0, 0, [])));
        for (int i = 0; i <= MqttNetClient.MaxWaitingMessages && bench.Handler.LostCount == 0; i++)
        {
            bench.Client.Received(message, bench.NowUs); // the loop takes nothing meanwhile
        }

        Assert.AreEqual(1, bench.Handler.LostCount);
        Assert.AreEqual(MqttLossKind.BrokenProtocol, bench.Client.LastLoss);
        Assert.IsTrue(peer.IsClosed);
    }
}
