using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Codec;

namespace Mqtt.Tests.Codec;

/// <summary>One packet in a form that can be written, and compared after reading.</summary>
internal sealed record AnyPacket(PacketType Type, MqttVersion Version, object Content, int PublishFlags = 0);

/// <summary>Makes valid packets at random, and writes and reads them.</summary>
internal static class RandomPackets
{
    private static readonly string[] Words = ["a", "pod", "é", "漢字", "\U0001F9EA", "x y", "$SYS", "0", "long-level-name-that-goes-on"];

    public static AnyPacket Next(Random random)
    {
        var version = random.Next(2) == 0 ? MqttVersion.V311 : MqttVersion.V5;
        var type = (PacketType)random.Next(1, version == MqttVersion.V5 ? 16 : 15);
        object content = type switch
        {
            PacketType.Connect => Connect(random, version),
            PacketType.Connack => Connack(random, version),
            PacketType.Publish => Publish(random, version),
            PacketType.Puback or PacketType.Pubrec => Ack(random, version, type, [0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]),
            PacketType.Pubrel or PacketType.Pubcomp => Ack(random, version, type, [0, 0x92]),
            PacketType.Subscribe or PacketType.Unsubscribe => Subscribe(random, version, type),
            PacketType.Suback => Suback(random, version, type, version == MqttVersion.V5 ? [0, 1, 2, 0x80, 0x87, 0x8F, 0x97, 0x9E, 0xA1, 0xA2] : [0, 1, 2, 0x80]),
            PacketType.Unsuback => Suback(random, version, type, [0, 0x11, 0x80, 0x87, 0x8F, 0x91]),
            PacketType.Disconnect => Reason(random, version, type, [0, 4, 0x81, 0x82, 0x8D, 0x8E, 0x93, 0x94, 0x98, 0xA2]),
            PacketType.Auth => Reason(random, version, type, [0, 0x18, 0x19]),
            _ => "nothing",
        };
        return new AnyPacket(type, version, content);
    }

    public static byte[] Write(AnyPacket packet)
    {
        var w = new WireWriter();
        switch (packet.Content)
        {
            case ConnectPacket p: PacketWriter.Connect(w, p); break;
            case ConnackPacket p: PacketWriter.Connack(w, p, packet.Version); break;
            case PublishContent p:
                PacketWriter.Publish(
                    w, packet.Version, p.Message.Topic, p.Message.Payload.Span, p.Message.Qos, p.Message.Retain, p.Message.Duplicate, p.PacketId,
                    p.Message.Properties, p.Message.Properties?.MessageExpirySeconds, p.Alias, p.Identifiers);
                break;
            case AckContent p: PacketWriter.Ack(w, packet.Type, packet.Version, p.PacketId, p.Reason, p.Properties); break;
            case SubscribePacket p when packet.Type == PacketType.Subscribe: PacketWriter.Subscribe(w, p, packet.Version); break;
            case SubscribePacket p: PacketWriter.Unsubscribe(w, p, packet.Version); break;
            case SubackPacket p: PacketWriter.Suback(w, packet.Type, p, packet.Version); break;
            case ReasonContent p: PacketWriter.Reason(w, packet.Type, packet.Version, p.Reason, p.Properties); break;
            default: PacketWriter.Empty(w, packet.Type); break;
        }

        return w.Packet.ToArray();
    }

    /// <summary>Reads the packet that a framer has ready.</summary>
    public static AnyPacket Read(Framer framer, MqttVersion version)
    {
        PacketType type = framer.Type;
        ReadOnlyMemory<byte> body = framer.Body;
        var reader = new PacketReader();
        switch (type)
        {
            case PacketType.Connect:
                ConnectPacket connect = PacketReader.Connect(body);
                return new AnyPacket(type, connect.Version, connect);
            case PacketType.Connack:
                return new AnyPacket(type, version, PacketReader.Connack(body, version));
            case PacketType.Publish:
                PublishPacket p = reader.Publish(body, framer.Flags, version);
                return new AnyPacket(type, version, new PublishContent(
                    p.Message with { Payload = p.Message.Payload.ToArray() }, p.PacketId, p.TopicAlias, p.SubscriptionIdentifiers));
            case PacketType.Puback or PacketType.Pubrec or PacketType.Pubrel or PacketType.Pubcomp:
                AckPacket ack = reader.Ack(body, type, version);
                return new AnyPacket(type, version, new AckContent(ack.PacketId, ack.Reason, null));
            case PacketType.Subscribe:
                return new AnyPacket(type, version, PacketReader.Subscribe(body, version));
            case PacketType.Unsubscribe:
                return new AnyPacket(type, version, PacketReader.Unsubscribe(body, version));
            case PacketType.Suback or PacketType.Unsuback:
                return new AnyPacket(type, version, PacketReader.Suback(body, type, version));
            case PacketType.Disconnect or PacketType.Auth:
                ReasonPacket reason = PacketReader.Reason(body, type, version);
                return new AnyPacket(type, version, new ReasonContent(reason.Reason, reason.Properties));
            default:
                PacketReader.Empty(body);
                return new AnyPacket(type, version, "nothing");
        }
    }

    /// <summary>A text with every field, so that equal texts mean equal packets.</summary>
    public static string Describe(AnyPacket packet)
    {
        object content = packet.Content switch
        {
            // What a short form does not carry is not compared: absent properties are empty ones.
            AckContent a => a with { Properties = null },
            ReasonContent r => r with { Properties = r.Properties ?? new MqttProperties() },
            SubscribePacket s when packet.Version == MqttVersion.V311 || packet.Type == PacketType.Unsubscribe => Simple(s, packet),
            SubackPacket { } s when packet.Type == PacketType.Unsuback && packet.Version == MqttVersion.V311 => new SubackPacket { PacketId = s.PacketId },
            PublishContent { Message.Properties: not null } p when packet.Version == MqttVersion.V311 => p with { Message = p.Message with { Properties = null } },
            _ => packet.Content,
        };
        return $"{packet.Type} {packet.Version} {System.Text.Json.JsonSerializer.Serialize(content, content.GetType())}";
    }

    public static string Topic(Random random)
    {
        int levels = random.Next(1, 6);
        var parts = new string[levels];
        for (int i = 0; i < levels; i++)
        {
            parts[i] = Words[random.Next(Words.Length)];
        }

        return string.Join('/', parts);
    }

    public static string Filter(Random random)
    {
        string[] parts = Topic(random).Split('/');
        for (int i = 0; i < parts.Length; i++)
        {
            if (random.Next(3) == 0)
            {
                parts[i] = "+";
            }
        }

        if (random.Next(3) == 0)
        {
            parts[^1] = "#";
        }

        return string.Join('/', parts);
    }

    private static SubscribePacket Simple(SubscribePacket s, AnyPacket packet)
    {
        var simple = new SubscribePacket { PacketId = s.PacketId };
        foreach (SubscriptionRequest f in s.Filters)
        {
            simple.Filters.Add(new(f.Filter, packet.Type == PacketType.Unsubscribe ? MqttQos.AtMostOnce : f.Qos, false, false, 0));
        }

        if (packet.Version == MqttVersion.V5)
        {
            simple.Properties.UserProperties.AddRange(s.Properties.UserProperties);
        }

        return simple;
    }

    private static byte[] Bytes(Random random, int most)
    {
        byte[] bytes = new byte[random.Next(most)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static bool Maybe(Random random) => random.Next(3) == 0;

    private static ushort Id(Random random) => (ushort)random.Next(1, 65_536);

    private static void Fill(Random random, MqttProperties p, PropertyPlace place)
    {
        bool Has(int identifier) => (MqttProperties.Allowed(identifier) & place) != PropertyPlace.None && Maybe(random);
        p.PayloadFormatIndicator = Has(0x01) ? (byte)random.Next(2) : null;
        p.MessageExpiryInterval = Has(0x02) ? (uint)random.NextInt64(1L << 32) : null;
        p.ContentType = Has(0x03) ? Topic(random) : null;
        p.ResponseTopic = Has(0x08) ? Topic(random) : null;
        p.CorrelationData = Has(0x09) ? Bytes(random, 40) : null;
        if (Has(0x0B))
        {
            p.SubscriptionIdentifiers.Add(random.Next(1, 268_435_456));
        }

        p.SessionExpiryInterval = Has(0x11) ? (uint)random.NextInt64(1L << 32) : null;
        p.AssignedClientIdentifier = Has(0x12) ? Topic(random) : null;
        p.ServerKeepAlive = Has(0x13) ? (ushort)random.Next(65_536) : null;
        if (Has(0x15))
        {
            p.AuthenticationMethod = Topic(random);
            p.AuthenticationData = Has(0x16) ? Bytes(random, 300) : null;
        }

        p.RequestProblemInformation = Has(0x17) ? (byte)random.Next(2) : null;
        p.WillDelayInterval = Has(0x18) ? (uint)random.NextInt64(1L << 32) : null;
        p.RequestResponseInformation = Has(0x19) ? (byte)random.Next(2) : null;
        p.ResponseInformation = Has(0x1A) ? Topic(random) : null;
        p.ServerReference = Has(0x1C) ? Topic(random) : null;
        p.ReasonString = Has(0x1F) ? Topic(random) : null;
        p.ReceiveMaximum = Has(0x21) ? Id(random) : null;
        p.TopicAliasMaximum = Has(0x22) ? (ushort)random.Next(65_536) : null;
        p.MaximumQos = Has(0x24) ? (byte)random.Next(2) : null;
        p.RetainAvailable = Has(0x25) ? (byte)random.Next(2) : null;
        p.MaximumPacketSize = Has(0x27) ? (uint)random.NextInt64(1, 1L << 32) : null;
        p.WildcardSubscriptionAvailable = Has(0x28) ? (byte)random.Next(2) : null;
        p.SubscriptionIdentifierAvailable = Has(0x29) ? (byte)random.Next(2) : null;
        p.SharedSubscriptionAvailable = Has(0x2A) ? (byte)random.Next(2) : null;
        while (Has(0x26))
        {
            p.UserProperties.Add(new(Topic(random), Topic(random)));
        }
    }

    private static MqttPublishProperties? PublishProperties(Random random, PropertyPlace place)
    {
        var p = new MqttProperties();
        Fill(random, p, place);
        if (p.PayloadFormatIndicator == 0)
        {
            p.PayloadFormatIndicator = null; // 0 says the same as absence (3.3.2.3.2)
        }

        if (p.CorrelationData is { Length: 0 })
        {
            p.CorrelationData = null;
        }

        return p.ToPublishProperties();
    }

    private static ConnectPacket Connect(Random random, MqttVersion version)
    {
        var p = new ConnectPacket
        {
            Version = version,
            CleanStart = Maybe(random),
            KeepAliveSeconds = (ushort)random.Next(65_536),
            ClientId = Maybe(random) ? string.Empty : Topic(random),
            UserName = Maybe(random) ? Topic(random) : null,
        };
        p.Password = Maybe(random) && (version == MqttVersion.V5 || p.UserName is not null) ? Bytes(random, 20) : null;
        if (Maybe(random))
        {
            p.Will = new MqttMessage
            {
                Topic = Topic(random),
                Payload = Bytes(random, 100),
                Qos = (MqttQos)random.Next(3),
                Retain = Maybe(random),
                Properties = version == MqttVersion.V5 ? PublishProperties(random, PropertyPlace.Will) : null,
            };
            p.WillDelaySeconds = version == MqttVersion.V5 ? (uint)random.Next(100) : 0;
        }

        if (version == MqttVersion.V5)
        {
            Fill(random, p.Properties, PropertyPlace.Connect);
        }

        return p;
    }

    private static ConnackPacket Connack(Random random, MqttVersion version)
    {
        var p = new ConnackPacket { Code = Maybe(random) ? (byte)(version == MqttVersion.V5 ? 0x87 : random.Next(6)) : (byte)0 };
        p.SessionPresent = p.Code == 0 && Maybe(random);
        if (version == MqttVersion.V5)
        {
            Fill(random, p.Properties, PropertyPlace.Connack);
        }

        return p;
    }

    private static PublishContent Publish(Random random, MqttVersion version)
    {
        var qos = (MqttQos)random.Next(3);
        bool v5 = version == MqttVersion.V5;
        int alias = v5 && Maybe(random) ? Id(random) : 0;
        return new PublishContent(
            new MqttMessage
            {
                Topic = alias > 0 && Maybe(random) ? string.Empty : Topic(random),
                Payload = Bytes(random, random.Next(4) == 0 ? 20_000 : 200),
                Qos = qos,
                Retain = Maybe(random),
                Duplicate = qos != MqttQos.AtMostOnce && Maybe(random),
                Properties = v5 ? PublishProperties(random, PropertyPlace.Publish) : null,
            },
            qos == MqttQos.AtMostOnce ? (ushort)0 : Id(random),
            (ushort)alias,
            v5 && Maybe(random) ? [random.Next(1, 268_435_456), random.Next(1, 200)] : []);
    }

    private static AckContent Ack(Random random, MqttVersion version, PacketType type, byte[] reasons)
    {
        bool v5 = version == MqttVersion.V5;
        MqttProperties? properties = null;
        if (v5 && Maybe(random))
        {
            properties = new MqttProperties();
            Fill(random, properties, (PropertyPlace)(1 << (int)type));
        }

        return new AckContent(Id(random), v5 ? reasons[random.Next(reasons.Length)] : (byte)0, properties);
    }

    private static SubscribePacket Subscribe(Random random, MqttVersion version, PacketType type)
    {
        var p = new SubscribePacket { PacketId = Id(random) };
        do
        {
            p.Filters.Add(new(Filter(random), (MqttQos)random.Next(3), Maybe(random), Maybe(random), (byte)random.Next(3)));
        }
        while (Maybe(random));
        if (version == MqttVersion.V5)
        {
            Fill(random, p.Properties, (PropertyPlace)(1 << (int)type));
        }

        return p;
    }

    private static SubackPacket Suback(Random random, MqttVersion version, PacketType type, byte[] codes)
    {
        var p = new SubackPacket { PacketId = Id(random) };
        do
        {
            p.Codes.Add(codes[random.Next(codes.Length)]);
        }
        while (Maybe(random));
        if (version == MqttVersion.V5)
        {
            Fill(random, p.Properties, (PropertyPlace)(1 << (int)type));
        }

        return p;
    }

    private static ReasonContent Reason(Random random, MqttVersion version, PacketType type, byte[] reasons)
    {
        if (version == MqttVersion.V311)
        {
            return new ReasonContent(0, null);
        }

        MqttProperties? properties = null;
        if (Maybe(random))
        {
            properties = new MqttProperties();
            Fill(random, properties, (PropertyPlace)(1 << (int)type));
        }

        return new ReasonContent(reasons[random.Next(reasons.Length)], properties);
    }

    internal sealed record PublishContent(MqttMessage Message, ushort PacketId, ushort Alias, int[] Identifiers);

    internal sealed record AckContent(ushort PacketId, byte Reason, MqttProperties? Properties);

    internal sealed record ReasonContent(byte Reason, MqttProperties? Properties);
}
