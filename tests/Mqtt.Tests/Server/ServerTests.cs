using System;
using System.Text;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Codec;
using EdgeGateway.Mqtt.Server;
using Mqtt.Tests.Codec;

namespace Mqtt.Tests.Server;

[TestClass]
public class ServerTests
{
    private static MqttMessage Message(string topic, string payload, MqttQos qos = MqttQos.AtLeastOnce, bool retain = false, uint? expirySeconds = null) => new()
    {
        Topic = topic,
        Payload = Encoding.UTF8.GetBytes(payload),
        Qos = qos,
        Retain = retain,
        Properties = expirySeconds is null ? null : new MqttPublishProperties { MessageExpirySeconds = expirySeconds },
    };

    private static string Text(RandomPackets.PublishContent packet) => Encoding.UTF8.GetString(packet.Message.Payload.Span);

    [TestMethod]
    [DataRow((byte)0x87, 5, MqttVersion.V311)]
    [DataRow((byte)0x86, 4, MqttVersion.V311)]
    [DataRow((byte)0x88, 3, MqttVersion.V311)]
    [DataRow((byte)0x85, 2, MqttVersion.V311)]
    [DataRow((byte)0x87, 0x87, MqttVersion.V5)]
    public void A_refusal_is_told_in_the_codes_of_the_version(byte verdict, int code, MqttVersion version)
    {
        var world = new World();
        world.Handler.OnConnecting = _ => verdict;
        RawPeer peer = RawPeer.To(world, version);
        peer.Send(world, RawPeer.RawConnect("c", version));
        Assert.AreEqual((byte)code, ((ConnackPacket)peer.Next(PacketType.Connack).Content).Code);
        Assert.IsTrue(peer.IsClosed);
        Assert.AreEqual(0, world.Server.SessionCount);
        Assert.IsEmpty(world.Handler.Events);
    }

    [TestMethod]
    public void The_application_sees_who_connects()
    {
        var world = new World();
        MqttConnectRequest seen = default;
        world.Handler.OnConnecting = request => { seen = request; return 0; };
        RawPeer.Connected(world, "c", MqttVersion.V5, p => { p.UserName = "u"; p.Password = [1, 2]; });
        Assert.AreEqual("c u 2 raw V5", $"{seen.ClientId} {seen.UserName} {seen.Password.Length} {seen.Remote} {seen.Version}");
    }

    [TestMethod]
    public void Identifiers_are_assigned_by_counting()
    {
        var world = new World();
        RawPeer taken = RawPeer.Connected(world, "auto-2", MqttVersion.V5);
        for (int i = 0; i < 2; i++)
        {
            RawPeer peer = RawPeer.To(world, MqttVersion.V5);
            peer.Send(world, RawPeer.RawConnect(string.Empty, MqttVersion.V5));
            Assert.AreEqual(i == 0 ? "auto-1" : "auto-3", ((ConnackPacket)peer.Next(PacketType.Connack).Content).Properties.AssignedClientIdentifier);
        }

        RawPeer old = RawPeer.To(world, MqttVersion.V311);
        old.Send(world, RawPeer.RawConnect(string.Empty, MqttVersion.V311, p => p.CleanStart = false));
        Assert.AreEqual((byte)2, ((ConnackPacket)old.Next(PacketType.Connack).Content).Code);
        Assert.IsFalse(taken.IsClosed);
    }

    [TestMethod]
    public void Levels_that_are_not_spoken_are_refused_in_their_own_form()
    {
        var world = new World();
        RawPeer three = RawPeer.To(world, MqttVersion.V311);
        three.Inward.Received(Convert.FromHexString("100D00044D51545403020000000161"), world.NowUs);
        Assert.AreEqual((byte)1, ((ConnackPacket)three.Next(PacketType.Connack).Content).Code);
        RawPeer six = RawPeer.To(world, MqttVersion.V5);
        six.Inward.Received(Convert.FromHexString("100D00044D51545406020000000161"), world.NowUs);
        Assert.AreEqual((byte)0x84, ((ConnackPacket)six.Next(PacketType.Connack).Content).Code);
        RawPeer other = RawPeer.To(world, MqttVersion.V5);
        other.Inward.Received("GET / HTTP/1.1\r\n\r\n"u8, world.NowUs);
        other.ExpectNothing();
        Assert.IsTrue(three.IsClosed && six.IsClosed && other.IsClosed);
    }

    [TestMethod]
    public void The_limits_are_announced_to_version_5()
    {
        var world = new World(new MqttServerOptions { ReceiveMaximum = 7, MaxKeepAliveSeconds = 60, MaximumQos = MqttQos.AtLeastOnce, MaxSessionExpirySeconds = 100, MaxPacketLength = 4_000, TopicAliasMaximum = 3 });
        RawPeer peer = RawPeer.To(world, MqttVersion.V5);
        peer.Send(world, RawPeer.RawConnect("c", MqttVersion.V5, p => { p.KeepAliveSeconds = 0; p.Properties.SessionExpiryInterval = 1_000; }));
        MqttProperties p = ((ConnackPacket)peer.Next(PacketType.Connack).Content).Properties;
        Assert.AreEqual("7 60 1 100 4000 3 0", $"{p.ReceiveMaximum} {p.ServerKeepAlive} {p.MaximumQos} {p.SessionExpiryInterval} {p.MaximumPacketSize} {p.TopicAliasMaximum} {p.SharedSubscriptionAvailable}");
        peer.SendPublish(world, "a", MqttQos.ExactlyOnce, 1);
        peer.ExpectDisconnect(MqttReason.QosNotSupported);
    }

    [TestMethod]
    public void Silence_ends_a_connection_after_one_and_a_half_keep_alives()
    {
        var world = new World();
        RawPeer peer = RawPeer.Connected(world, "c", MqttVersion.V5, p => p.KeepAliveSeconds = 10);
        world.Advance(14_000_000);
        peer.Inward.Received([0xC0, 0x00], world.NowUs);
        peer.Next(PacketType.Pingresp);
        world.Advance(14_999_999);
        Assert.IsFalse(peer.IsClosed);
        world.Advance(1);
        peer.ExpectDisconnect(MqttReason.KeepAliveTimeout);
    }

    [TestMethod]
    public void A_peer_that_never_connects_is_closed()
    {
        var world = new World();
        RawPeer peer = RawPeer.To(world, MqttVersion.V5);
        world.Advance(9_999_999);
        Assert.IsFalse(peer.IsClosed);
        world.Advance(1);
        Assert.IsTrue(peer.IsClosed);
        Assert.AreEqual(0, world.Server.ConnectionCount);
    }

    [TestMethod]
    public void The_next_wanted_time_is_the_deadline()
    {
        var world = new World();
        Assert.AreEqual(long.MaxValue, world.Server.Step(world.NowUs));
        RawPeer.Connected(world, "c", MqttVersion.V5, p => p.KeepAliveSeconds = 10);
        long next = world.Server.Step(world.NowUs);
        while (next < world.NowUs + 15_000_000)
        {
            next = world.Server.Step(next); // the CONNECT deadline may still stand in the heap
        }

        Assert.AreEqual(world.NowUs + 15_000_000, next);
    }

    [TestMethod]
    public void A_second_connection_takes_over()
    {
        var world = new World();
        RawPeer first = RawPeer.Connected(world, "c", MqttVersion.V5);
        RawPeer second = RawPeer.Connected(world, "c", MqttVersion.V5);
        first.ExpectDisconnect(MqttReason.SessionTakenOver);
        Assert.IsFalse(second.IsClosed);
        Assert.AreEqual("connected c, disconnected c, connected c", string.Join(", ", world.Handler.Events));
        first.Inward.Closed(world.NowUs);
        Assert.IsTrue(world.Server.IsConnected("c"));
    }

    [TestMethod]
    public void The_will_is_published_when_a_connection_breaks_and_not_after_a_goodbye()
    {
        var world = new World();
        World.Peer watcher = world.Connect("w");
        watcher.Subscribe("state");
        foreach (bool goodbye in new[] { false, true })
        {
            World.Peer peer = world.AddClient(new MqttClientOptions { ClientId = "c", Will = Message("state", "gone") });
            peer.Open();
            if (goodbye)
            {
                peer.Client.Disconnect(world.NowUs);
                world.Settle();
            }
            else
            {
                peer.Cut();
            }
        }

        Assert.AreEqual("gone", string.Join(",", watcher.Texts()));
        Assert.AreEqual("c", world.Handler.Messages[0].ClientId);
    }

    [TestMethod]
    public void A_delayed_will_waits_and_is_forgotten_when_the_client_comes_back()
    {
        var world = new World();
        World.Peer watcher = world.Connect("w");
        watcher.Subscribe("state");
        World.Peer peer = world.AddClient(new MqttClientOptions { ClientId = "c", SessionExpirySeconds = 100, Will = Message("state", "gone"), WillDelaySeconds = 5 });
        peer.Open();
        peer.Cut();
        world.Advance(4_000_000);
        peer.Open();
        world.Advance(10_000_000);
        Assert.IsEmpty(watcher.Texts());
        peer.Cut();
        world.Advance(4_999_999);
        Assert.IsEmpty(watcher.Texts());
        world.Advance(1);
        Assert.HasCount(1, watcher.Texts());
    }

    [TestMethod]
    public void The_end_of_a_session_releases_a_delayed_will()
    {
        var world = new World();
        World.Peer watcher = world.Connect("w");
        watcher.Subscribe("state");
        World.Peer peer = world.AddClient(new MqttClientOptions { ClientId = "c", SessionExpirySeconds = 3, Will = Message("state", "gone"), WillDelaySeconds = 50 });
        peer.Open();
        peer.Cut();
        world.Advance(2_999_999);
        Assert.IsEmpty(watcher.Texts());
        world.Advance(1);
        Assert.HasCount(1, watcher.Texts());
        Assert.AreEqual(1, world.Server.SessionCount);
    }

    [TestMethod]
    public void Retained_messages_are_kept_replaced_deleted_and_expire()
    {
        var world = new World();
        world.Server.Publish(Message("cart/1/state", "old", retain: true), 0, world.NowUs);
        world.Server.Publish(Message("cart/1/state", "new", retain: true, expirySeconds: 30), 0, world.NowUs);
        world.Server.Publish(Message("cart/2/state", "two", retain: true), 0, world.NowUs);
        world.Advance(10_500_000);
        World.Peer doctor = world.Connect("d");
        doctor.Subscribe("cart/+/state");
        Assert.AreEqual("new,two", string.Join(",", doctor.Texts()));
        Assert.IsTrue(doctor.Handler.Messages[0].Retain);
        Assert.AreEqual(20u, doctor.Handler.Messages[0].Properties!.MessageExpirySeconds);

        world.Server.Publish(Message("cart/2/state", string.Empty, retain: true), 0, world.NowUs);
        world.Advance(19_499_999);
        Assert.AreEqual(1, world.Server.RetainedCount);
        world.Advance(1);
        Assert.AreEqual(0, world.Server.RetainedCount);
        World.Peer late = world.Connect("late");
        late.Subscribe("cart/+/state");
        Assert.IsEmpty(late.Texts());
    }

    [TestMethod]
    public void Retain_handling_and_retain_as_published_are_honoured()
    {
        var world = new World();
        world.Server.Publish(Message("t", "kept", retain: true), 0, world.NowUs);
        RawPeer peer = RawPeer.Connected(world, "c", MqttVersion.V5);
        peer.SendSubscribe(world, "t", MqttQos.AtMostOnce, retainHandling: 2);
        peer.Next(PacketType.Suback);
        peer.SendSubscribe(world, "t", MqttQos.AtMostOnce, retainHandling: 1);
        peer.Next(PacketType.Suback);
        peer.ExpectNothing();
        peer.SendSubscribe(world, "t", MqttQos.AtMostOnce, retainHandling: 0, retainAsPublished: true, identifier: 77);
        peer.Next(PacketType.Suback);
        RandomPackets.PublishContent kept = peer.NextPublish();
        Assert.AreEqual("kept True 77", $"{Text(kept)} {kept.Message.Retain} {kept.Identifiers[0]}");
        world.Server.Publish(Message("t", "live", retain: true), 0, world.NowUs);
        Assert.IsTrue(peer.NextPublish().Message.Retain);
        peer.SendSubscribe(world, "t", MqttQos.AtMostOnce, retainHandling: 2);
        peer.Next(PacketType.Suback);
        world.Server.Publish(Message("t", "live", retain: true), 0, world.NowUs);
        Assert.IsFalse(peer.NextPublish().Message.Retain);
    }

    [TestMethod]
    public void Retained_messages_are_bounded_and_what_is_not_kept_is_reported()
    {
        var world = new World(new MqttServerOptions { MaxRetainedMessages = 2 });
        for (int i = 0; i < 3; i++)
        {
            world.Server.Publish(Message($"t/{i}", "x", retain: true), 0, world.NowUs);
        }

        Assert.AreEqual(2, world.Server.RetainedCount);
        Assert.AreEqual(new MqttDrop(string.Empty, "t/2", MqttDropReason.RetainedFull), world.Drops[0]);
        Assert.AreEqual(1, world.Server.Counters.Dropped(MqttDropReason.RetainedFull));
    }

    [TestMethod]
    public void Overlapping_subscriptions_give_one_copy_with_the_best_quality_and_all_identifiers()
    {
        var world = new World();
        RawPeer peer = RawPeer.Connected(world, "c", MqttVersion.V5);
        peer.SendSubscribe(world, "a/#", MqttQos.AtMostOnce, identifier: 1);
        peer.Next(PacketType.Suback);
        peer.SendSubscribe(world, "a/+", MqttQos.AtLeastOnce, identifier: 2);
        peer.Next(PacketType.Suback);
        world.Server.Publish(Message("a/b", "x"), 0, world.NowUs);
        RandomPackets.PublishContent packet = peer.NextPublish();
        Assert.AreEqual(MqttQos.AtLeastOnce, packet.Message.Qos);
        Assert.AreEqual("1,2", string.Join(",", packet.Identifiers));
        peer.ExpectNothing();
    }

    [TestMethod]
    public void No_local_keeps_a_message_from_its_own_publisher()
    {
        var world = new World();
        RawPeer peer = RawPeer.Connected(world, "c", MqttVersion.V5);
        peer.SendSubscribe(world, "a", MqttQos.AtMostOnce, noLocal: true);
        peer.Next(PacketType.Suback);
        peer.SendPublish(world, "a", MqttQos.AtLeastOnce, 1);
        Assert.AreEqual(MqttReason.NoMatchingSubscribers, peer.NextAck(PacketType.Puback).Reason);
        peer.ExpectNothing();
    }

    [TestMethod]
    public void Shared_subscriptions_are_refused_and_forbidden_filters_too()
    {
        var world = new World(new MqttServerOptions { MaxSubscriptionsPerSession = 1 });
        world.Handler.OnMaySubscribe = filter => filter != "secret";
        foreach (MqttVersion version in new[] { MqttVersion.V311, MqttVersion.V5 })
        {
            RawPeer peer = RawPeer.Connected(world, $"c{version}", version);
            string Codes(string filter)
            {
                peer.SendSubscribe(world, filter, MqttQos.AtLeastOnce);
                return string.Join(",", ((SubackPacket)peer.Next(PacketType.Suback).Content).Codes);
            }

            bool v5 = version == MqttVersion.V5;
            Assert.AreEqual(v5 ? "158" : "128", Codes("$share/g/a"));
            Assert.AreEqual(v5 ? "135" : "128", Codes("secret"));
            Assert.AreEqual("1", Codes("a"));
            Assert.AreEqual(v5 ? "151" : "128", Codes("b"));
            Assert.AreEqual("1", Codes("a"), "the same filter again is no second one");
        }
    }

    [TestMethod]
    public void Deferred_acknowledgements_leave_in_the_order_of_their_messages()
    {
        var world = new World();
        world.Handler.OnPublished = (_, m, _) => m.Topic == "now" ? MqttPublishDisposition.Accept : MqttPublishDisposition.Deferred;
        RawPeer peer = RawPeer.Connected(world, "pod", MqttVersion.V5);
        peer.SendPublish(world, "a", MqttQos.AtLeastOnce, 11);
        peer.SendPublish(world, "a", MqttQos.AtLeastOnce, 12);
        peer.SendPublish(world, "now", MqttQos.AtLeastOnce, 13);
        peer.SendPublish(world, "a", MqttQos.AtLeastOnce, 12, duplicate: true);
        long[] tokens = [world.Handler.Messages[0].Token, world.Handler.Messages[1].Token];
        Assert.HasCount(3, world.Handler.Messages, "the repetition is not told twice");
        world.Server.Acknowledge(tokens[1], 0, world.NowUs);
        peer.ExpectNothing();
        world.Server.Acknowledge(tokens[0], 0x97, world.NowUs);
        Assert.AreEqual(new RandomPackets.AckContent(11, 0x97, null), peer.NextAck(PacketType.Puback));
        Assert.AreEqual(new RandomPackets.AckContent(12, 0, null), peer.NextAck(PacketType.Puback));
        Assert.AreEqual(new RandomPackets.AckContent(13, 0x10, null), peer.NextAck(PacketType.Puback));
        world.Server.Acknowledge(tokens[0], 0, world.NowUs);
        peer.ExpectNothing();
    }

    [TestMethod]
    public void A_deferred_token_is_void_after_the_disconnection()
    {
        var world = new World();
        world.Handler.OnPublished = (_, _, _) => MqttPublishDisposition.Deferred;
        RawPeer first = RawPeer.Connected(world, "pod", MqttVersion.V311);
        first.SendPublish(world, "a", MqttQos.AtLeastOnce, 1);
        first.Inward.Closed(world.NowUs);
        RawPeer second = RawPeer.Connected(world, "pod", MqttVersion.V311);
        second.SendPublish(world, "a", MqttQos.AtLeastOnce, 1, duplicate: true);
        world.Server.Acknowledge(world.Handler.Messages[0].Token, 0, world.NowUs);
        second.ExpectNothing();
        world.Server.Acknowledge(world.Handler.Messages[1].Token, 0, world.NowUs);
        Assert.AreEqual((ushort)1, second.NextAck(PacketType.Puback).PacketId);
    }

    [TestMethod]
    public void A_refused_message_is_told_to_version_5_and_closes_version_3()
    {
        var world = new World();
        world.Handler.OnPublished = (_, _, _) => MqttPublishDisposition.Refuse;
        RawPeer five = RawPeer.Connected(world, "five", MqttVersion.V5);
        five.SendPublish(world, "a", MqttQos.AtLeastOnce, 1);
        Assert.AreEqual(MqttReason.NotAuthorized, five.NextAck(PacketType.Puback).Reason);
        RawPeer three = RawPeer.Connected(world, "three", MqttVersion.V311);
        three.SendPublish(world, "a", MqttQos.AtLeastOnce, 1);
        three.ExpectNothing();
        Assert.IsTrue(three.IsClosed);
    }

    [TestMethod]
    public void Our_receive_maximum_is_enforced()
    {
        var world = new World(new MqttServerOptions { ReceiveMaximum = 3, MaxUnacknowledged311 = 4 });
        world.Handler.OnPublished = (_, _, _) => MqttPublishDisposition.Deferred;
        RawPeer five = RawPeer.Connected(world, "five", MqttVersion.V5);
        RawPeer three = RawPeer.Connected(world, "three", MqttVersion.V311);
        for (ushort id = 1; id <= 4; id++)
        {
            five.SendPublish(world, "a", id % 2 == 0 ? MqttQos.AtLeastOnce : MqttQos.ExactlyOnce, id);
            three.SendPublish(world, "a", MqttQos.AtLeastOnce, id);
        }

        five.ExpectDisconnect(MqttReason.ReceiveMaximumExceeded);
        Assert.IsFalse(three.IsClosed);
        three.SendPublish(world, "a", MqttQos.AtLeastOnce, 5);
        Assert.IsTrue(three.IsClosed);
    }

    [TestMethod]
    public void A_qos_2_message_is_told_once_however_often_it_is_sent()
    {
        var world = new World();
        World.Peer watcher = world.Connect("w");
        watcher.Subscribe("a", MqttQos.AtMostOnce);
        RawPeer first = RawPeer.Connected(world, "c", MqttVersion.V5, p => p.Properties.SessionExpiryInterval = 100);
        first.SendPublish(world, "a", MqttQos.ExactlyOnce, 5);
        first.NextAck(PacketType.Pubrec);
        first.SendPublish(world, "a", MqttQos.ExactlyOnce, 5, duplicate: true);
        first.NextAck(PacketType.Pubrec);
        first.Inward.Closed(world.NowUs);
        RawPeer second = RawPeer.Connected(world, "c", MqttVersion.V5, p => p.CleanStart = false);
        second.SendPublish(world, "a", MqttQos.ExactlyOnce, 5, duplicate: true);
        second.NextAck(PacketType.Pubrec);
        second.SendAck(world, PacketType.Pubrel, 5);
        Assert.AreEqual((byte)0, second.NextAck(PacketType.Pubcomp).Reason);
        second.SendAck(world, PacketType.Pubrel, 5);
        Assert.AreEqual(MqttReason.PacketIdentifierNotFound, second.NextAck(PacketType.Pubcomp).Reason);
        second.SendPublish(world, "a", MqttQos.ExactlyOnce, 5);
        second.NextAck(PacketType.Pubrec);
        world.Settle();
        Assert.HasCount(2, watcher.Texts());
    }

    [TestMethod]
    public void The_clients_receive_maximum_is_never_exceeded_and_a_resumed_session_sends_again_with_dup()
    {
        var world = new World();
        RawPeer first = RawPeer.Connected(world, "c", MqttVersion.V5, p => { p.Properties.SessionExpiryInterval = 100; p.Properties.ReceiveMaximum = 2; });
        first.SendSubscribe(world, "a", MqttQos.AtLeastOnce);
        first.Next(PacketType.Suback);
        for (int i = 0; i < 5; i++)
        {
            world.Server.Publish(Message("a", $"{i}"), 0, world.NowUs);
        }

        ushort id = first.NextPublish().PacketId;
        first.NextPublish();
        first.ExpectNothing();
        first.SendAck(world, PacketType.Puback, id);
        Assert.AreEqual("2", Text(first.NextPublish()));
        first.ExpectNothing();
        first.Inward.Closed(world.NowUs);
        world.Server.Publish(Message("a", "5"), 0, world.NowUs);

        RawPeer second = RawPeer.To(world, MqttVersion.V5);
        second.Send(world, RawPeer.RawConnect("c", MqttVersion.V5, p => { p.CleanStart = false; p.Properties.ReceiveMaximum = 3; }));
        Assert.IsTrue(((ConnackPacket)second.Next(PacketType.Connack).Content).SessionPresent);
        string got = string.Empty;
        while (second.TryNext() is { Content: RandomPackets.PublishContent packet })
        {
            got += $"{Text(packet)}{(packet.Message.Duplicate ? "d" : string.Empty)} ";
        }

        Assert.AreEqual("1d 2d 3 ", got);
        Assert.AreEqual(2, world.Server.Counters.SentAgain);
    }

    [TestMethod]
    public void A_session_ends_when_its_expiry_is_over()
    {
        var world = new World();
        foreach (uint seconds in new uint[] { 0, 10 })
        {
            RawPeer peer = RawPeer.Connected(world, "c", MqttVersion.V5, p => p.Properties.SessionExpiryInterval = seconds);
            peer.Inward.Closed(world.NowUs);
            Assert.AreEqual(seconds == 0 ? 0 : 1, world.Server.SessionCount);
        }

        world.Advance(9_999_999);
        Assert.AreEqual(1, world.Server.SessionCount);
        world.Advance(1);
        Assert.AreEqual(0, world.Server.SessionCount);
    }

    [TestMethod]
    public void Disconnect_may_shorten_the_session_but_not_begin_one()
    {
        var world = new World();
        var expiry = new MqttProperties { SessionExpiryInterval = 5 };
        RawPeer none = RawPeer.Connected(world, "none", MqttVersion.V5);
        none.Send(world, new AnyPacket(PacketType.Disconnect, MqttVersion.V5, new RandomPackets.ReasonContent(0, expiry)));
        none.ExpectDisconnect(MqttReason.ProtocolError);
        RawPeer some = RawPeer.Connected(world, "some", MqttVersion.V5, p => p.Properties.SessionExpiryInterval = 1_000);
        some.Send(world, new AnyPacket(PacketType.Disconnect, MqttVersion.V5, new RandomPackets.ReasonContent(0, expiry)));
        world.Advance(5_000_000);
        Assert.AreEqual(0, world.Server.SessionCount);
    }

    [TestMethod]
    [DataRow(MqttQueueFullPolicy.DropNewest, "0 1 2")]
    [DataRow(MqttQueueFullPolicy.DropOldest, "7 8 9")]
    public void The_offline_queue_is_bounded_by_count_and_nothing_is_dropped_in_silence(MqttQueueFullPolicy policy, string kept)
    {
        var world = new World(new MqttServerOptions { MaxQueuedMessages = 3, QueueFullPolicy = policy });
        World.Peer peer = world.AddClient(new MqttClientOptions { ClientId = "c", SessionExpirySeconds = 1_000 });
        peer.Open();
        peer.Subscribe("a");
        peer.Cut();
        for (int i = 0; i < 10; i++)
        {
            world.Server.Publish(Message("a", $"{i}"), 0, world.NowUs);
        }

        Assert.HasCount(7, world.Drops);
        peer.Open();
        Assert.AreEqual(kept, string.Join(" ", peer.Texts()));
        Assert.IsTrue(world.Server.TryGetBacklog("c", out int queued, out long bytes, out int inFlight));
        Assert.AreEqual("0 0 0", $"{queued} {bytes} {inFlight}");
    }

    [TestMethod]
    public void The_offline_queue_is_bounded_by_bytes()
    {
        var world = new World(new MqttServerOptions { MaxQueuedBytes = 10_000 });
        World.Peer peer = world.AddClient(new MqttClientOptions { ClientId = "c", SessionExpirySeconds = 1_000 });
        peer.Open();
        peer.Subscribe("a");
        peer.Cut();
        for (int i = 0; i < 10; i++)
        {
            world.Server.Publish(Message("a", new string('x', 3_000)), 0, world.NowUs);
        }

        world.Server.TryGetBacklog("c", out int queued, out long bytes, out _);
        Assert.AreEqual(3, queued);
        Assert.IsLessThanOrEqualTo(10_000L, bytes);
        Assert.AreEqual(7, world.Server.Counters.Dropped(MqttDropReason.QueueFull));
    }

    [TestMethod]
    public void A_publisher_learns_that_every_queue_was_full()
    {
        var world = new World(new MqttServerOptions { MaxQueuedMessages = 1 });
        World.Peer sleeper = world.AddClient(new MqttClientOptions { ClientId = "s", SessionExpirySeconds = 1_000 });
        sleeper.Open();
        sleeper.Subscribe("a");
        sleeper.Cut();
        World.Peer publisher = world.Connect("p");
        publisher.Publish("a", "1", ticket: 1);
        publisher.Publish("a", "2", ticket: 2);
        publisher.Publish("b", "3", ticket: 3);
        Assert.AreEqual("(1, 0) (2, 151) (3, 16)", string.Join(" ", publisher.Handler.Acknowledgements));
    }

    [TestMethod]
    public void Tickets_are_settled_once_by_the_first_acknowledgement_or_the_last_failure()
    {
        var world = new World();
        world.Server.Publish(Message("a", "nobody"), 1, world.NowUs);
        RawPeer zero = RawPeer.Connected(world, "zero", MqttVersion.V5);
        zero.SendSubscribe(world, "a", MqttQos.AtMostOnce);
        world.Server.Publish(Message("a", "only QoS 0"), 2, world.NowUs);
        Assert.AreEqual("(1, 16) (2, 0)", string.Join(" ", world.Handler.Deliveries));

        RawPeer one = RawPeer.Connected(world, "one", MqttVersion.V5);
        RawPeer two = RawPeer.Connected(world, "two", MqttVersion.V5);
        foreach (RawPeer peer in new[] { one, two })
        {
            peer.SendSubscribe(world, "a", MqttQos.AtLeastOnce);
            peer.Next(PacketType.Suback);
        }

        world.Handler.Deliveries.Clear();
        world.Server.Publish(Message("a", "both"), 3, world.NowUs);
        Assert.IsEmpty(world.Handler.Deliveries);
        one.SendAck(world, PacketType.Puback, one.NextPublish().PacketId);
        two.SendAck(world, PacketType.Puback, two.NextPublish().PacketId);
        Assert.AreEqual("(3, 0)", string.Join(" ", world.Handler.Deliveries));

        world.Server.Publish(Message("a", "refused, then gone"), 4, world.NowUs);
        one.SendAck(world, PacketType.Puback, one.NextPublish().PacketId, MqttReason.NotAuthorized);
        Assert.HasCount(1, world.Handler.Deliveries);
        two.Inward.Closed(world.NowUs);
        Assert.AreEqual("(3, 0) (4, 135)", string.Join(" ", world.Handler.Deliveries));

        world.Server.Publish(Message("a", "gone"), 5, world.NowUs);
        one.Inward.Closed(world.NowUs);
        Assert.AreEqual((5L, MqttReason.NoMatchingSubscribers), world.Handler.Deliveries[^1]);
    }

    [TestMethod]
    public void A_slow_consumer_holds_its_messages_back_and_loses_only_qos_0()
    {
        var world = new World(new MqttServerOptions { MaxPendingBytes = 1_000 });
        RawPeer peer = RawPeer.Connected(world, "c", MqttVersion.V5);
        peer.SendSubscribe(world, "#", MqttQos.AtLeastOnce);
        peer.Next(PacketType.Suback);
        peer.PendingBytes = 1_001;
        world.Server.Publish(Message("a", "vital"), 0, world.NowUs);
        world.Server.Publish(Message("a", "sound", MqttQos.AtMostOnce), 0, world.NowUs);
        peer.ExpectNothing();
        Assert.AreEqual(new MqttDrop("c", "a", MqttDropReason.SlowConsumer), world.Drops[0]);
        Assert.IsLessThan(world.NowUs + 100_000, world.Server.Step(world.NowUs), "a blocked connection is looked at again soon");
        peer.PendingBytes = 0;
        peer.Inward.Drained(world.NowUs);
        Assert.AreEqual("vital", Text(peer.NextPublish()));
        peer.PendingBytes = 4_001;
        peer.Inward.Received([0xC0, 0x00], world.NowUs);
        Assert.IsTrue(peer.IsClosed, "a peer that does not read is closed");
    }

    [TestMethod]
    public void A_blocked_connection_goes_on_without_being_told()
    {
        var world = new World(new MqttServerOptions { MaxPendingBytes = 1_000 });
        RawPeer peer = RawPeer.Connected(world, "c", MqttVersion.V5);
        peer.SendSubscribe(world, "#", MqttQos.AtLeastOnce);
        peer.Next(PacketType.Suback);
        peer.PendingBytes = 1_001;
        world.Server.Publish(Message("a", "vital"), 0, world.NowUs);
        world.Advance(5_000);
        peer.ExpectNothing();
        peer.PendingBytes = 0;
        world.Advance(5_000);
        Assert.AreEqual("vital", Text(peer.NextPublish()));
    }

    [TestMethod]
    public void What_is_longer_than_the_client_accepts_is_not_sent()
    {
        var world = new World();
        RawPeer peer = RawPeer.Connected(world, "c", MqttVersion.V5, p => p.Properties.MaximumPacketSize = 50);
        peer.SendSubscribe(world, "#", MqttQos.AtLeastOnce);
        peer.Next(PacketType.Suback);
        world.Server.Publish(Message("a", new string('x', 60)), 1, world.NowUs);
        world.Server.Publish(Message("a", new string('x', 60), MqttQos.AtMostOnce), 0, world.NowUs);
        world.Server.Publish(Message("a", "short"), 2, world.NowUs);
        Assert.AreEqual("short", Text(peer.NextPublish()));
        Assert.AreEqual((1L, MqttReason.PacketTooLarge), world.Handler.Deliveries[0]);
        Assert.AreEqual(2, world.Server.Counters.Dropped(MqttDropReason.TooLarge));
    }

    [TestMethod]
    public void Messages_expire_in_the_queue_and_the_rest_of_their_time_is_told()
    {
        var world = new World();
        World.Peer peer = world.AddClient(new MqttClientOptions { ClientId = "c", SessionExpirySeconds = 1_000 });
        peer.Open();
        peer.Subscribe("a");
        peer.Cut();
        world.Server.Publish(Message("a", "short", expirySeconds: 5), 0, world.NowUs);
        world.Server.Publish(Message("a", "long", expirySeconds: 50), 0, world.NowUs);
        world.Advance(6_000_000);
        peer.Open();
        Assert.AreEqual("long", string.Join(",", peer.Texts()));
        Assert.AreEqual(44u, peer.Handler.Messages[0].Properties!.MessageExpirySeconds);
        Assert.AreEqual(1, world.Server.Counters.Dropped(MqttDropReason.Expired));
    }

    [TestMethod]
    public void Topic_aliases_work_in_both_directions()
    {
        var world = new World(new MqttServerOptions { TopicAliasMaximum = 2 });
        RawPeer peer = RawPeer.Connected(world, "c", MqttVersion.V5, p => p.Properties.TopicAliasMaximum = 1);
        peer.SendSubscribe(world, "#", MqttQos.AtMostOnce);
        peer.Next(PacketType.Suback);
        peer.SendPublish(world, "long/topic", MqttQos.AtMostOnce, 0, alias: 2);
        peer.SendPublish(world, string.Empty, MqttQos.AtMostOnce, 0, alias: 2);
        peer.SendPublish(world, "other", MqttQos.AtMostOnce, 0);
        RandomPackets.PublishContent[] got = [peer.NextPublish(), peer.NextPublish(), peer.NextPublish()];
        Assert.AreEqual("long/topic 1", $"{got[0].Message.Topic} {got[0].Alias}");
        Assert.AreEqual(" 1", $"{got[1].Message.Topic} {got[1].Alias}");
        Assert.AreEqual("other 0", $"{got[2].Message.Topic} {got[2].Alias}");
        Assert.AreEqual("long/topic", world.Handler.Messages[1].Message.Topic);
        peer.SendPublish(world, "x", MqttQos.AtMostOnce, 0, alias: 3);
        peer.ExpectDisconnect(MqttReason.TopicAliasInvalid);
    }

    [TestMethod]
    public void Properties_pass_through_untouched()
    {
        var world = new World();
        World.Peer subscriber = world.Connect("s");
        subscriber.Subscribe("cmd");
        World.Peer publisher = world.Connect("p");
        publisher.Publish("cmd", "{}", properties: new MqttPublishProperties
        {
            ContentType = "application/json",
            ResponseTopic = "reply/1",
            CorrelationData = new byte[] { 1, 2, 3 },
            PayloadIsUtf8 = true,
            UserProperties = [new("a", "1"), new("a", "2")],
        });
        MqttPublishProperties p = subscriber.Handler.Messages[0].Properties!;
        Assert.AreEqual("application/json reply/1 3 True a=1,a=2", $"{p.ContentType} {p.ResponseTopic} {p.CorrelationData.Length} {p.PayloadIsUtf8} {p.UserProperties[0].Key}={p.UserProperties[0].Value},{p.UserProperties[1].Key}={p.UserProperties[1].Value}");
    }

    [TestMethod]
    public void Bounds_on_connections_and_sessions_hold()
    {
        foreach (MqttServerOptions options in new[] { new MqttServerOptions { MaxConnections = 1 }, new MqttServerOptions { MaxSessions = 1 } })
        {
            var world = new World(options);
            RawPeer.Connected(world, "one", MqttVersion.V5);
            RawPeer two = RawPeer.To(world, MqttVersion.V5);
            two.Send(world, RawPeer.RawConnect("two", MqttVersion.V5));
            Assert.AreEqual(MqttReason.QuotaExceeded, ((ConnackPacket)two.Next(PacketType.Connack).Content).Code);
            Assert.AreEqual(1, world.Server.ConnectionCount);
            Assert.AreEqual(1, world.Server.SessionCount);
        }
    }

    [TestMethod]
    public void The_application_may_disconnect_a_client_from_inside_its_own_message()
    {
        var world = new World();
        world.Handler.OnPublished = (id, _, _) => { world.Server.Disconnect(id, MqttReason.AdministrativeAction, world.NowUs); return MqttPublishDisposition.Accept; };
        RawPeer peer = RawPeer.Connected(world, "c", MqttVersion.V5);
        peer.SendPublish(world, "a", MqttQos.AtLeastOnce, 1);
        peer.ExpectDisconnect(MqttReason.AdministrativeAction);
        peer.ExpectNothing();
    }

    [TestMethod]
    public void Stopping_tells_every_client()
    {
        var world = new World();
        RawPeer peer = RawPeer.Connected(world, "c", MqttVersion.V5);
        world.Server.Stop(world.NowUs);
        peer.ExpectDisconnect(MqttReason.ServerShuttingDown);
        Assert.AreEqual(0, world.Server.ConnectionCount);
    }

    /// <summary>Whatever bytes clients send, the server closes them or answers them, and other clients are not disturbed.</summary>
    [TestMethod]
    public void Random_packets_from_one_client_never_break_the_server()
    {
        const int Seed = 77;
        var random = new Random(Seed);
        var world = new World(new MqttServerOptions { MaxSessions = 500 });
        World.Peer good = world.Connect("good");
        good.Subscribe("good/topic");
        int closed = 0;
        for (int round = 0; round < 3_000; round++)
        {
            var version = random.Next(2) == 0 ? MqttVersion.V311 : MqttVersion.V5;
            RawPeer peer = RawPeer.To(world, version);
            peer.Send(world, RawPeer.RawConnect($"bad{random.Next(20)}", version, p => { p.CleanStart = random.Next(2) == 0; p.Properties.SessionExpiryInterval = version == MqttVersion.V5 ? 10u : null; }));
            for (int i = 0; i < 5 && !peer.IsClosed; i++)
            {
                AnyPacket packet = RandomPackets.Next(random);
                byte[] bytes = RandomPackets.Write(packet);
                if (random.Next(3) == 0)
                {
                    bytes[random.Next(Math.Min(60, bytes.Length))] ^= (byte)(1 << random.Next(8));
                }

                peer.Inward.Received(bytes, world.NowUs);
            }

            closed += peer.IsClosed ? 1 : 0;
            peer.Inward.Closed(world.NowUs);
            if (round % 100 == 0)
            {
                world.Advance(1_000_000);
                good.Publish("good/topic", $"{round}");
                Assert.Contains($"{round}", good.Texts(), $"seed {Seed}, round {round}");
            }
        }

        Assert.IsGreaterThan(1_000, closed, $"seed {Seed}");
        Assert.AreEqual(0, good.Handler.LostCount);
    }
}
