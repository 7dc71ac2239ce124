using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Codec;
using Mqtt.Tests.Codec;

namespace Mqtt.Tests;

/// <summary>A peer of which every byte is the test's: it says what clients or servers of this project never would.</summary>
internal sealed class RawPeer : IMqttConnection
{
    private readonly List<byte> _bytes = [];
    private readonly Framer _framer = new(Wire.MaxVarint);

    public RawPeer(MqttVersion version) => Version = version;

    public MqttVersion Version { get; }

    public bool IsClosed { get; private set; }

    /// <summary>What a full transport would say; set by the test.</summary>
    public int PendingBytes { get; set; }

    public IMqttServerConnection Inward { get; set; } = null!;

    /// <summary>A connection to a server.</summary>
    public static RawPeer To(World world, MqttVersion version)
    {
        var peer = new RawPeer(version);
        peer.Inward = world.Server.Accept(peer, "raw", null, world.NowUs);
        return peer;
    }

    /// <summary>The same with a session.</summary>
    public static RawPeer Connected(World world, string clientId, MqttVersion version, Action<ConnectPacket>? change = null)
    {
        RawPeer peer = To(world, version);
        peer.Send(world, RawConnect(clientId, version, change));
        Assert.AreEqual((byte)0, ((ConnackPacket)peer.Next(PacketType.Connack).Content).Code);
        return peer;
    }

    public static AnyPacket RawConnect(string clientId, MqttVersion version, Action<ConnectPacket>? change = null)
    {
        var packet = new ConnectPacket { ClientId = clientId, Version = version, CleanStart = true };
        change?.Invoke(packet);
        return new AnyPacket(PacketType.Connect, version, packet);
    }

    public void Write(ReadOnlySpan<byte> bytes) => _bytes.AddRange(bytes);

    public void Close() => IsClosed = true;

    public void Send(World world, AnyPacket packet) => Inward.Received(RandomPackets.Write(packet), world.NowUs);

    public void SendPublish(World world, string topic, MqttQos qos, ushort packetId, bool duplicate = false, ushort alias = 0, string payload = "x") =>
        Send(world, new AnyPacket(PacketType.Publish, Version, new RandomPackets.PublishContent(
            new MqttMessage { Topic = topic, Payload = System.Text.Encoding.UTF8.GetBytes(payload), Qos = qos, Duplicate = duplicate }, packetId, alias, [])));

    public void SendSubscribe(World world, string filter, MqttQos qos, bool noLocal = false, bool retainAsPublished = false, byte retainHandling = 0, int identifier = 0)
    {
        var packet = new SubscribePacket { PacketId = 9 };
        packet.Filters.Add(new(filter, qos, noLocal, retainAsPublished, retainHandling));
        if (identifier != 0)
        {
            packet.Properties.SubscriptionIdentifiers.Add(identifier);
        }

        Send(world, new AnyPacket(PacketType.Subscribe, Version, packet));
    }

    public void SendAck(World world, PacketType type, ushort packetId, byte reason = 0) =>
        Send(world, new AnyPacket(type, Version, new RandomPackets.AckContent(packetId, reason, null)));

    /// <summary>The next packet that this peer was sent; null when there is none.</summary>
    public AnyPacket? TryNext()
    {
        ReadOnlySpan<byte> input = _bytes.ToArray();
        int before = input.Length;
        bool found = _framer.TryRead(ref input);
        _bytes.RemoveRange(0, before - input.Length);
        return found ? RandomPackets.Read(_framer, Version) : null;
    }

    public AnyPacket Next(PacketType type)
    {
        AnyPacket? packet = TryNext();
        Assert.IsNotNull(packet, $"{type} was expected, nothing came");
        Assert.AreEqual(type, packet.Type, RandomPackets.Describe(packet));
        return packet;
    }

    public RandomPackets.PublishContent NextPublish() => (RandomPackets.PublishContent)Next(PacketType.Publish).Content;

    public RandomPackets.AckContent NextAck(PacketType type) => (RandomPackets.AckContent)Next(type).Content;

    public void ExpectNothing() => Assert.IsNull(TryNext());

    public void ExpectDisconnect(byte reason)
    {
        Assert.AreEqual(reason, ((RandomPackets.ReasonContent)Next(PacketType.Disconnect).Content).Reason);
        Assert.IsTrue(IsClosed);
    }
}
