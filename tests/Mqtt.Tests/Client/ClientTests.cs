using System;
using System.Text;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.Codec;
using Mqtt.Tests.Codec;

namespace Mqtt.Tests.Client;

/// <summary>The client against a server of which every byte is the test's.</summary>
[TestClass]
public class ClientTests
{
    private long _nowUs = 1_000_000;

    private RecordingClientHandler Handler { get; } = new();

    private static MqttMessage Message(string payload, MqttQos qos = MqttQos.AtLeastOnce, bool retain = false) =>
        new() { Topic = "a", Payload = Encoding.UTF8.GetBytes(payload), Qos = qos, Retain = retain };

    private static string Show(AnyPacket? packet) => packet?.Content switch
    {
        RandomPackets.PublishContent p => $"{Encoding.UTF8.GetString(p.Message.Payload.Span)}{(p.Message.Duplicate ? "d" : string.Empty)}",
        null => "nothing",
        _ => packet.Type.ToString(),
    };

    private RawPeer Open(MqttClient client, MqttVersion version = MqttVersion.V5, bool present = false, byte code = 0, Action<MqttProperties>? change = null)
    {
        var peer = new RawPeer(version);
        client.Open(peer, _nowUs);
        peer.Next(PacketType.Connect);
        var connack = new ConnackPacket { SessionPresent = present, Code = code };
        change?.Invoke(connack.Properties);
        Feed(client, new AnyPacket(PacketType.Connack, version, connack));
        return peer;
    }

    private void Feed(MqttClient client, AnyPacket packet) => client.Received(RandomPackets.Write(packet), _nowUs);

    private void Ack(MqttClient client, PacketType type, ushort id, byte reason = 0, MqttVersion version = MqttVersion.V5) =>
        Feed(client, new AnyPacket(type, version, new RandomPackets.AckContent(id, reason, null)));

    private static ushort Id(AnyPacket packet) => ((RandomPackets.PublishContent)packet.Content).PacketId;

    [TestMethod]
    public void Connect_says_what_the_options_say()
    {
        var client = new MqttClient(
            new MqttClientOptions
            {
                ClientId = "cart-1",
                CleanStart = true,
                SessionExpirySeconds = 60,
                KeepAliveSeconds = 20,
                ReceiveMaximum = 9,
                UserName = "u",
                Password = new byte[] { 1 },
                Will = Message("gone", retain: true),
                WillDelaySeconds = 4,
                MaxPacketLength = 5_000,
            },
            Handler);
        var peer = new RawPeer(MqttVersion.V5);
        client.Open(peer, _nowUs);
        var p = (ConnectPacket)peer.Next(PacketType.Connect).Content;
        Assert.AreEqual(
            "cart-1 True 60 20 9 u 1 a True 4 5000",
            $"{p.ClientId} {p.CleanStart} {p.Properties.SessionExpiryInterval} {p.KeepAliveSeconds} {p.Properties.ReceiveMaximum} {p.UserName} {p.Password![0]} {p.Will!.Value.Topic} {p.Will.Value.Retain} {p.WillDelaySeconds} {p.Properties.MaximumPacketSize}");
        Assert.IsFalse(client.IsConnected);
        Assert.IsFalse(client.TryPublish(Message("x"), 1, _nowUs));
    }

    [TestMethod]
    [DataRow(MqttVersion.V311, (byte)5, (byte)0x87)]
    [DataRow(MqttVersion.V311, (byte)4, (byte)0x86)]
    [DataRow(MqttVersion.V311, (byte)1, (byte)0x84)]
    [DataRow(MqttVersion.V5, (byte)0x97, (byte)0x97)]
    public void A_refusal_is_told_once_with_its_reason(MqttVersion version, byte code, byte reason)
    {
        var client = new MqttClient(new MqttClientOptions { ClientId = "c", Version = version }, Handler);
        RawPeer peer = Open(client, version, code: code);
        Assert.IsTrue(peer.IsClosed);
        client.Closed(_nowUs);
        Assert.AreEqual(1, Handler.LostCount);
        Assert.AreEqual(reason, Handler.LostReason);
    }

    [TestMethod]
    public void No_answer_to_connect_is_a_loss()
    {
        var client = new MqttClient(new MqttClientOptions { ClientId = "c" }, Handler);
        client.Open(new RawPeer(MqttVersion.V5), _nowUs);
        Assert.AreEqual(_nowUs + MqttClient.ConnectTimeoutUs, client.Step(_nowUs));
        client.Step(_nowUs + MqttClient.ConnectTimeoutUs - 1);
        Assert.AreEqual(0, Handler.LostCount);
        client.Step(_nowUs + MqttClient.ConnectTimeoutUs);
        Assert.AreEqual(MqttReason.ServerUnavailable, Handler.LostReason);
    }

    [TestMethod]
    [DataRow(4, 100, 4)]
    [DataRow(10, 3, 3)]
    public void The_window_is_the_smaller_of_option_and_receive_maximum(int option, int receiveMaximum, int expected)
    {
        var client = new MqttClient(new MqttClientOptions { ClientId = "c", Window = option }, Handler);
        RawPeer peer = Open(client, change: p => p.ReceiveMaximum = (ushort)receiveMaximum);
        int sent = 0;
        while (client.TryPublish(Message("x"), sent + 1, _nowUs))
        {
            sent++;
        }

        Assert.AreEqual(expected, sent);
        Assert.AreEqual(expected, client.InFlight);
        Assert.IsTrue(client.TryPublish(Message("q0", MqttQos.AtMostOnce), 0, _nowUs), "QoS 0 has no window");
        Ack(client, PacketType.Puback, Id(peer.Next(PacketType.Publish)), 0x10);
        Assert.AreEqual((1L, (byte)0x10), Handler.Acknowledgements[0]);
        Assert.IsTrue(client.TryPublish(Message("x"), 99, _nowUs));
    }

    [TestMethod]
    public void A_full_transport_refuses()
    {
        var client = new MqttClient(new MqttClientOptions { ClientId = "c", MaxPendingBytes = 100 }, Handler);
        RawPeer peer = Open(client);
        peer.PendingBytes = 101;
        Assert.IsFalse(client.TryPublish(Message("x", MqttQos.AtMostOnce), 0, _nowUs));
        peer.PendingBytes = 100;
        Assert.IsTrue(client.TryPublish(Message("x", MqttQos.AtMostOnce), 0, _nowUs));
    }

    [TestMethod]
    [DataRow(true, "1d 2d 3d nothing")]
    [DataRow(false, "nothing")]
    public void What_is_in_flight_is_sent_again_in_order_when_the_options_say_so(bool keep, string expected)
    {
        var client = new MqttClient(new MqttClientOptions { ClientId = "c", KeepInFlight = keep, SessionExpirySeconds = 100 }, Handler);
        Open(client);
        for (int i = 1; i <= 3; i++)
        {
            Assert.IsTrue(client.TryPublish(Message($"{i}"), i, _nowUs));
        }

        client.Closed(_nowUs);
        Assert.AreEqual(keep ? 3 : 0, client.InFlight);
        RawPeer peer = Open(client, present: true);
        string got = string.Empty;
        AnyPacket? packet;
        do
        {
            packet = peer.TryNext();
            got += $"{Show(packet)} ";
            if (packet is not null)
            {
                Ack(client, PacketType.Puback, Id(packet));
            }
        }
        while (packet is not null);
        Assert.AreEqual(expected, got.Trim());
        Assert.HasCount(keep ? 3 : 0, Handler.Acknowledgements);
    }

    [TestMethod]
    public void Without_a_session_what_is_in_flight_goes_out_as_new_and_subscriptions_are_repeated()
    {
        var client = new MqttClient(new MqttClientOptions { ClientId = "c", KeepInFlight = true, SessionExpirySeconds = 100 }, Handler);
        client.Subscribe("cmd/#", MqttQos.AtLeastOnce, _nowUs);
        RawPeer first = Open(client);
        var request = (SubscribePacket)first.Next(PacketType.Subscribe).Content;
        var suback = new SubackPacket { PacketId = request.PacketId };
        suback.Codes.Add(1);
        Feed(client, new AnyPacket(PacketType.Suback, MqttVersion.V5, suback));
        Assert.AreEqual(("cmd/#", (byte)1), Handler.Subscriptions[0]);
        client.TryPublish(Message("1"), 1, _nowUs);
        client.Closed(_nowUs);

        RawPeer resumed = Open(client, present: true);
        Assert.AreEqual("1d nothing", $"{Show(resumed.TryNext())} {Show(resumed.TryNext())}");
        client.Closed(_nowUs);
        RawPeer anew = Open(client, present: false);
        Assert.AreEqual("Subscribe 1 nothing", $"{Show(anew.TryNext())} {Show(anew.TryNext())} {Show(anew.TryNext())}");
    }

    [TestMethod]
    public void Sending_again_keeps_to_the_receive_maximum_and_goes_before_anything_new()
    {
        var client = new MqttClient(new MqttClientOptions { ClientId = "c", KeepInFlight = true, SessionExpirySeconds = 100 }, Handler);
        Open(client);
        for (int i = 1; i <= 3; i++)
        {
            client.TryPublish(Message($"{i}"), i, _nowUs);
        }

        client.Closed(_nowUs);
        RawPeer peer = Open(client, present: true, change: p => p.ReceiveMaximum = 2);
        AnyPacket one = peer.Next(PacketType.Publish);
        Assert.AreEqual("2d nothing", $"{Show(peer.TryNext())} {Show(peer.TryNext())}");
        Assert.IsFalse(client.TryPublish(Message("new"), 4, _nowUs));
        Assert.IsFalse(client.TryPublish(Message("new", MqttQos.AtMostOnce), 4, _nowUs));
        Ack(client, PacketType.Puback, Id(one));
        Assert.AreEqual("3d", Show(peer.TryNext()));
    }

    [TestMethod]
    public void A_qos_2_message_goes_through_its_four_packets_and_is_released_after_a_loss()
    {
        var client = new MqttClient(new MqttClientOptions { ClientId = "c", KeepInFlight = true, SessionExpirySeconds = 100 }, Handler);
        RawPeer first = Open(client);
        client.TryPublish(Message("x", MqttQos.ExactlyOnce), 5, _nowUs);
        ushort id = Id(first.Next(PacketType.Publish));
        Ack(client, PacketType.Pubrec, id);
        Assert.AreEqual(id, first.NextAck(PacketType.Pubrel).PacketId);
        client.Closed(_nowUs);
        RawPeer second = Open(client, present: true);
        Assert.AreEqual(id, second.NextAck(PacketType.Pubrel).PacketId);
        Assert.IsEmpty(Handler.Acknowledgements);
        Ack(client, PacketType.Pubcomp, id);
        Assert.AreEqual((5L, (byte)0), Handler.Acknowledgements[0]);
        Assert.AreEqual(0, client.InFlight);
    }

    [TestMethod]
    public void A_qos_2_message_given_up_by_the_application_is_released_on_the_server()
    {
        var client = new MqttClient(new MqttClientOptions { ClientId = "c", SessionExpirySeconds = 100 }, Handler);
        RawPeer first = Open(client);
        client.TryPublish(Message("x", MqttQos.ExactlyOnce), 5, _nowUs);
        ushort id = Id(first.Next(PacketType.Publish));
        client.Closed(_nowUs);
        RawPeer second = Open(client, present: true);
        Assert.AreEqual(id, second.NextAck(PacketType.Pubrel).PacketId);
        Ack(client, PacketType.Pubcomp, id, MqttReason.PacketIdentifierNotFound);
        Assert.IsEmpty(Handler.Acknowledgements);
        Assert.AreEqual(0, client.InFlight);
    }

    [TestMethod]
    public void What_the_server_will_not_take_is_settled_at_once()
    {
        var client = new MqttClient(new MqttClientOptions { ClientId = "c" }, Handler);
        RawPeer peer = Open(client, change: p => { p.MaximumPacketSize = 40; p.RetainAvailable = 0; p.MaximumQos = 1; });
        Assert.IsTrue(client.TryPublish(Message(new string('x', 50)), 1, _nowUs));
        Assert.IsTrue(client.TryPublish(Message("x", retain: true), 2, _nowUs));
        Assert.IsTrue(client.TryPublish(Message("x", MqttQos.ExactlyOnce), 3, _nowUs));
        Assert.IsTrue(client.TryPublish(Message(new string('x', 50), MqttQos.AtMostOnce), 4, _nowUs));
        peer.ExpectNothing();
        Assert.AreEqual("(1, 149) (2, 154) (3, 155) (4, 149)", string.Join(" ", Handler.Acknowledgements));
        Assert.AreEqual(1, client.Discarded);
        Assert.AreEqual(0, client.InFlight);
    }

    [TestMethod]
    public void Aliases_stay_below_the_servers_maximum()
    {
        var client = new MqttClient(new MqttClientOptions { ClientId = "c" }, Handler);
        RawPeer peer = Open(client, change: p => p.TopicAliasMaximum = 1);
        foreach (string topic in new[] { "t/1", "t/1", "t/2" })
        {
            client.TryPublish(Message("x") with { Topic = topic }, 1, _nowUs);
        }

        var shown = string.Empty;
        for (int i = 0; i < 3; i++)
        {
            RandomPackets.PublishContent p = peer.NextPublish();
            shown += $"{p.Message.Topic}:{p.Alias} ";
        }

        Assert.AreEqual("t/1:1 :1 t/2:0 ", shown);
    }

    [TestMethod]
    public void Pings_keep_the_connection_and_their_absence_ends_it()
    {
        var client = new MqttClient(new MqttClientOptions { ClientId = "c", KeepAliveSeconds = 30 }, Handler);
        RawPeer peer = Open(client, change: p => p.ServerKeepAlive = 10);
        Assert.AreEqual(_nowUs + 10_000_000, client.Step(_nowUs));
        _nowUs += 10_000_000;
        Assert.AreEqual(_nowUs + 5_000_000, client.Step(_nowUs));
        peer.Next(PacketType.Pingreq);
        client.Received([0xD0, 0x00], _nowUs);
        _nowUs += 9_000_000;
        client.TryPublish(Message("x"), 1, _nowUs);
        _nowUs += 1_000_000;
        client.Step(_nowUs);
        peer.Next(PacketType.Publish);
        peer.Next(PacketType.Pingreq); // sent, but nothing heard: the peer may be dead
        _nowUs += 5_000_000;
        client.Step(_nowUs);
        Assert.AreEqual(MqttReason.KeepAliveTimeout, Handler.LostReason);
        peer.ExpectDisconnect(MqttReason.UnspecifiedError); // 0x8D is a word of servers
    }

    [TestMethod]
    public void A_disconnect_of_the_server_is_told_with_its_words()
    {
        var client = new MqttClient(new MqttClientOptions { ClientId = "c" }, Handler);
        RawPeer peer = Open(client);
        Feed(client, new AnyPacket(PacketType.Disconnect, MqttVersion.V5, new RandomPackets.ReasonContent(0x8B, new MqttProperties { ReasonString = "back at noon" })));
        Assert.AreEqual("connected anew, lost 0x8B the server disconnected: back at noon", string.Join(", ", Handler.Events));
        Assert.IsTrue(peer.IsClosed);
    }

    [TestMethod]
    public void A_server_above_our_receive_maximum_is_left()
    {
        Handler.OnReceived = _ => false;
        var client = new MqttClient(new MqttClientOptions { ClientId = "c", ReceiveMaximum = 2 }, Handler);
        RawPeer peer = Open(client);
        for (ushort id = 1; id <= 3; id++)
        {
            Feed(client, new AnyPacket(PacketType.Publish, MqttVersion.V5, new RandomPackets.PublishContent(Message("x"), id, 0, [])));
        }

        peer.ExpectDisconnect(MqttReason.ReceiveMaximumExceeded);
        Assert.HasCount(2, Handler.Messages);
    }

    [TestMethod]
    public void Acknowledgements_leave_in_order_and_void_tokens_are_ignored()
    {
        Handler.OnReceived = _ => false;
        var client = new MqttClient(new MqttClientOptions { ClientId = "c", SessionExpirySeconds = 9 }, Handler);
        RawPeer peer = Open(client);
        for (ushort id = 1; id <= 2; id++)
        {
            Feed(client, new AnyPacket(PacketType.Publish, MqttVersion.V5, new RandomPackets.PublishContent(Message("x"), id, 0, [])));
        }

        client.Acknowledge(Handler.Tokens[1], _nowUs);
        peer.ExpectNothing();
        client.Acknowledge(Handler.Tokens[0], _nowUs);
        Assert.AreEqual((ushort)1, peer.NextAck(PacketType.Puback).PacketId);
        Assert.AreEqual((ushort)2, peer.NextAck(PacketType.Puback).PacketId);
        Feed(client, new AnyPacket(PacketType.Publish, MqttVersion.V5, new RandomPackets.PublishContent(Message("x"), 3, 0, [])));
        client.Closed(_nowUs);
        RawPeer again = Open(client, present: true);
        client.Acknowledge(Handler.Tokens[2], _nowUs);
        again.ExpectNothing();
    }

    [TestMethod]
    [DataRow((int)PacketType.Connect)]
    [DataRow((int)PacketType.Connack)]
    [DataRow((int)PacketType.Subscribe)]
    [DataRow((int)PacketType.Pingreq)]
    [DataRow((int)PacketType.Auth)]
    public void Packets_that_a_server_must_not_send_end_the_connection(int number)
    {
        var type = (PacketType)number;
        var client = new MqttClient(new MqttClientOptions { ClientId = "c" }, Handler);
        RawPeer peer = Open(client);
        var random = new Random(1);
        AnyPacket packet;
        do
        {
            packet = RandomPackets.Next(random);
        }
        while (packet.Type != type || packet.Version != MqttVersion.V5);
        Feed(client, packet);
        peer.ExpectDisconnect(MqttReason.ProtocolError);
        Assert.AreEqual(MqttReason.ProtocolError, Handler.LostReason);
    }

    [TestMethod]
    public void A_handler_may_open_the_next_connection_from_inside_lost()
    {
        var client = new MqttClient(new MqttClientOptions { ClientId = "c" }, Handler);
        var next = new RawPeer(MqttVersion.V5);
        Open(client);
        Handler.OnLost = () => client.Open(next, _nowUs);
        byte[] disconnectAndMore = [0xE0, 0x01, 0x8B, 0xD0, 0x00, 0xFF, 0xFF];
        client.Received(disconnectAndMore, _nowUs);
        next.Next(PacketType.Connect);
        Assert.AreEqual(1, Handler.LostCount, "what follows belongs to the old connection");
    }

    [TestMethod]
    public void Random_bytes_from_a_server_end_in_one_loss()
    {
        const int Seed = 3;
        var random = new Random(Seed);
        for (int round = 0; round < 2_000; round++)
        {
            var handler = new RecordingClientHandler();
            var client = new MqttClient(new MqttClientOptions { ClientId = "c" }, handler);
            client.Open(new RawPeer(MqttVersion.V5), _nowUs);
            if (random.Next(4) > 0)
            {
                client.Received([0x20, 0x03, 0x00, 0x00, 0x00], _nowUs);
            }

            for (int i = 0; i < 5; i++)
            {
                byte[] bytes = RandomPackets.Write(RandomPackets.Next(random));
                bytes[random.Next(Math.Min(40, bytes.Length))] ^= (byte)(1 << random.Next(8));
                client.Received(bytes, _nowUs);
            }

            client.Closed(_nowUs);
            Assert.AreEqual(1, handler.LostCount, $"seed {Seed}, round {round}");
        }
    }
}
