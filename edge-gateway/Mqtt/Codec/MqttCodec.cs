using System;
using EdgeGateway.Mqtt.Topics;

namespace EdgeGateway.Mqtt.Codec;

/// <summary>Writes packets. Each method leaves one finished packet in the writer.</summary>
internal static class PacketWriter
{
    public static void Connect(WireWriter w, ConnectPacket p)
    {
        w.Begin();
        w.String("MQTT");
        w.Byte((byte)p.Version);
        int flags = (p.CleanStart ? 0x02 : 0) | (p.Password is not null ? 0x40 : 0) | (p.UserName is not null ? 0x80 : 0);
        if (p.Will is { } will)
        {
            flags |= 0x04 | ((int)will.Qos << 3) | (will.Retain ? 0x20 : 0);
        }

        w.Byte(flags);
        w.UInt16(p.KeepAliveSeconds);
        if (p.Version == MqttVersion.V5)
        {
            p.Properties.Write(w);
        }

        w.String(p.ClientId);
        if (p.Will is { } message)
        {
            if (p.Version == MqttVersion.V5)
            {
                MqttProperties properties = WillProperties(message.Properties);
                properties.WillDelayInterval = p.WillDelaySeconds > 0 ? p.WillDelaySeconds : null;
                properties.Write(w);
            }

            w.String(message.Topic);
            w.Binary(message.Payload.Span);
        }

        if (p.UserName is not null)
        {
            w.String(p.UserName);
        }

        if (p.Password is not null)
        {
            w.Binary(p.Password);
        }

        w.Finish(PacketType.Connect, 0);
    }

    public static void Connack(WireWriter w, ConnackPacket p, MqttVersion version)
    {
        w.Begin();
        w.Byte(p.SessionPresent ? 1 : 0);
        w.Byte(p.Code);
        if (version == MqttVersion.V5)
        {
            p.Properties.Write(w);
        }

        w.Finish(PacketType.Connack, 0);
    }

    /// <returns>Length of the packet, bytes.</returns>
    public static int Publish(
        WireWriter w,
        MqttVersion version,
        string topic,
        ReadOnlySpan<byte> payload,
        MqttQos qos,
        bool retain,
        bool duplicate,
        ushort packetId,
        MqttPublishProperties? properties,
        uint? expirySeconds,
        int topicAlias,
        ReadOnlySpan<int> subscriptionIdentifiers)
    {
        w.Begin();
        w.String(topic);
        if (qos != MqttQos.AtMostOnce)
        {
            w.UInt16(packetId);
        }

        if (version == MqttVersion.V5)
        {
            MqttProperties.WritePublish(w, properties, expirySeconds, topicAlias, subscriptionIdentifiers);
        }

        w.Raw(payload);
        return w.Finish(PacketType.Publish, (duplicate ? 8 : 0) | ((int)qos << 1) | (retain ? 1 : 0));
    }

    /// <summary>PUBACK, PUBREC, PUBREL or PUBCOMP. Reason 0 without properties is left out (3.4.2.1).</summary>
    public static void Ack(WireWriter w, PacketType type, MqttVersion version, ushort packetId, byte reason, MqttProperties? properties = null)
    {
        w.Begin();
        w.UInt16(packetId);
        if (version == MqttVersion.V5 && (reason != 0 || properties is not null))
        {
            w.Byte(reason);
            properties?.Write(w);
        }

        w.Finish(type, type == PacketType.Pubrel ? 2 : 0);
    }

    public static void Subscribe(WireWriter w, SubscribePacket p, MqttVersion version)
    {
        w.Begin();
        w.UInt16(p.PacketId);
        if (version == MqttVersion.V5)
        {
            p.Properties.Write(w);
        }

        foreach (SubscriptionRequest filter in p.Filters)
        {
            w.String(filter.Filter);
            w.Byte(version == MqttVersion.V5
                ? (int)filter.Qos | (filter.NoLocal ? 4 : 0) | (filter.RetainAsPublished ? 8 : 0) | (filter.RetainHandling << 4)
                : (int)filter.Qos);
        }

        w.Finish(PacketType.Subscribe, 2);
    }

    public static void Unsubscribe(WireWriter w, SubscribePacket p, MqttVersion version)
    {
        w.Begin();
        w.UInt16(p.PacketId);
        if (version == MqttVersion.V5)
        {
            p.Properties.Write(w);
        }

        foreach (SubscriptionRequest filter in p.Filters)
        {
            w.String(filter.Filter);
        }

        w.Finish(PacketType.Unsubscribe, 2);
    }

    public static void Suback(WireWriter w, PacketType type, SubackPacket p, MqttVersion version)
    {
        w.Begin();
        w.UInt16(p.PacketId);
        if (version == MqttVersion.V5)
        {
            p.Properties.Write(w);
        }

        if (type == PacketType.Suback || version == MqttVersion.V5)
        {
            foreach (byte code in p.Codes)
            {
                w.Byte(code);
            }
        }

        w.Finish(type, 0);
    }

    public static void Empty(WireWriter w, PacketType type)
    {
        w.Begin();
        w.Finish(type, 0);
    }

    /// <summary>DISCONNECT or AUTH. Under 3.1.1 DISCONNECT has no body and AUTH does not exist.</summary>
    public static void Reason(WireWriter w, PacketType type, MqttVersion version, byte reason, MqttProperties? properties = null)
    {
        w.Begin();
        if (version == MqttVersion.V5 && (reason != 0 || properties is not null))
        {
            w.Byte(reason);
            properties?.Write(w);
        }

        w.Finish(type, 0);
    }

    private static MqttProperties WillProperties(MqttPublishProperties? from)
    {
        var to = new MqttProperties();
        if (from is not null)
        {
            to.PayloadFormatIndicator = from.PayloadIsUtf8 ? (byte)1 : null;
            to.MessageExpiryInterval = from.MessageExpirySeconds;
            to.ContentType = from.ContentType;
            to.ResponseTopic = from.ResponseTopic;
            to.CorrelationData = from.CorrelationData.IsEmpty ? null : from.CorrelationData.ToArray();
            to.UserProperties.AddRange(from.UserProperties);
        }

        return to;
    }
}

/// <summary>
/// Reads the bodies of packets, strictly: all that the standard calls malformed or a protocol error within one packet is
/// refused here, so the state machines see valid packets only. One reader serves one connection.
/// </summary>
internal sealed class PacketReader
{
    private readonly MqttProperties _scratch = new();
    private readonly TopicCache _topics = new();

    /// <summary>CONNECT. A wrong level is told by <see cref="MqttReason.UnsupportedProtocolVersion"/>.</summary>
    public static ConnectPacket Connect(ReadOnlyMemory<byte> body)
    {
        WireReader r = new(body.Span);
        if (!r.Utf8().SequenceEqual("MQTT"u8))
        {
            throw Wire.Malformed("the protocol name is not MQTT (3.1.2.1)");
        }

        byte level = r.Byte();
        if (level is not (4 or 5))
        {
            throw new MqttProtocolException(MqttReason.UnsupportedProtocolVersion, $"protocol level {level} is not 4 (MQTT 3.1.1) or 5");
        }

        var packet = new ConnectPacket { Version = (MqttVersion)level };
        int flags = r.Byte();
        if ((flags & 1) != 0)
        {
            throw Wire.Malformed("the reserved connect flag is set (3.1.2.3)");
        }

        int willQos = (flags >> 3) & 3;
        bool will = (flags & 0x04) != 0;
        if (willQos == 3 || (!will && (flags & 0x38) != 0))
        {
            throw Wire.Malformed("will flags contradict each other (3.1.2.5 to 3.1.2.7)");
        }

        if (packet.Version == MqttVersion.V311 && (flags & 0xC0) == 0x40)
        {
            throw Wire.Malformed("a password without a user name (MQTT 3.1.1, 3.1.2.9)");
        }

        packet.CleanStart = (flags & 0x02) != 0;
        packet.KeepAliveSeconds = r.UInt16();
        if (packet.Version == MqttVersion.V5)
        {
            packet.Properties.Read(ref r, PropertyPlace.Connect);
        }

        packet.ClientId = r.String();
        if (will)
        {
            var properties = new MqttProperties();
            if (packet.Version == MqttVersion.V5)
            {
                properties.Read(ref r, PropertyPlace.Will);
                packet.WillDelaySeconds = properties.WillDelayInterval ?? 0;
            }

            string topic = r.String();
            if (!MqttTopics.IsValidName(topic))
            {
                throw new MqttProtocolException(MqttReason.TopicNameInvalid, "the will topic is no topic name (3.1.3.3)");
            }

            packet.Will = new MqttMessage
            {
                Topic = topic,
                Payload = r.Binary().ToArray(),
                Qos = (MqttQos)willQos,
                Retain = (flags & 0x20) != 0,
                Properties = properties.ToPublishProperties(),
            };
        }

        packet.UserName = (flags & 0x80) != 0 ? r.String() : null;
        packet.Password = (flags & 0x40) != 0 ? r.Binary().ToArray() : null;
        r.End();
        return packet;
    }

    public static ConnackPacket Connack(ReadOnlyMemory<byte> body, MqttVersion version)
    {
        WireReader r = new(body.Span);
        int flags = r.Byte();
        if (flags > 1)
        {
            throw Wire.Malformed("reserved CONNACK flags are set (3.2.2.1)");
        }

        var packet = new ConnackPacket { SessionPresent = flags == 1, Code = r.Byte() };
        if (version == MqttVersion.V5 && r.Remaining > 0)
        {
            // A server that does not speak version 5 refuses in the form of 3.1.1, which has no properties.
            packet.Properties.Read(ref r, PropertyPlace.Connack);
        }
        else if (version == MqttVersion.V5 && packet.Code == 0)
        {
            throw Wire.Malformed("CONNACK has no properties (3.2.2.3)");
        }

        r.End();
        if (version == MqttVersion.V311 && packet.Code > 5)
        {
            throw Wire.Malformed("the CONNACK return code is reserved (MQTT 3.1.1, 3.2.2.3)");
        }

        if (packet.SessionPresent && packet.Code != 0)
        {
            throw Wire.Violation("a refusing CONNACK says that a session is present (3.2.2.1.1)");
        }

        return packet;
    }

    public PublishPacket Publish(ReadOnlyMemory<byte> body, int flags, MqttVersion version)
    {
        WireReader r = new(body.Span);
        PublishPacket packet = default;
        string topic = _topics.Get(r.Utf8());
        var qos = (MqttQos)((flags >> 1) & 3);
        packet.PacketId = qos == MqttQos.AtMostOnce ? (ushort)0 : r.PacketId();
        packet.SubscriptionIdentifiers = [];
        MqttPublishProperties? properties = null;
        if (version == MqttVersion.V5)
        {
            _scratch.Read(ref r, PropertyPlace.Publish);
            properties = _scratch.ToPublishProperties();
            packet.TopicAlias = _scratch.TopicAlias ?? 0;
            if (_scratch.SubscriptionIdentifiers.Count > 0)
            {
                packet.SubscriptionIdentifiers = [.. _scratch.SubscriptionIdentifiers];
            }
        }

        if (topic.Length == 0 && packet.TopicAlias == 0)
        {
            throw Wire.Violation("PUBLISH has neither topic nor alias (3.3.2.1)");
        }

        if (topic.Length > 0 && !MqttTopics.IsValidName(topic))
        {
            throw new MqttProtocolException(MqttReason.TopicNameInvalid, "the topic name has a wildcard or too many levels (3.3.2.1)");
        }

        packet.Message = new MqttMessage
        {
            Topic = topic,
            Payload = body[r.Position..],
            Qos = qos,
            Retain = (flags & 1) != 0,
            Duplicate = (flags & 8) != 0,
            Properties = properties,
        };
        return packet;
    }

    public AckPacket Ack(ReadOnlyMemory<byte> body, PacketType type, MqttVersion version)
    {
        WireReader r = new(body.Span);
        AckPacket packet = default;
        packet.PacketId = r.PacketId();
        if (version == MqttVersion.V5 && r.Remaining > 0)
        {
            packet.Reason = r.Byte();
            CheckAckReason(type, packet.Reason);
            if (r.Remaining > 0)
            {
                _scratch.Read(ref r, (PropertyPlace)(1 << (int)type));
            }
        }

        r.End();
        return packet;
    }

    public static SubscribePacket Subscribe(ReadOnlyMemory<byte> body, MqttVersion version)
    {
        WireReader r = new(body.Span);
        var packet = new SubscribePacket { PacketId = r.PacketId() };
        if (version == MqttVersion.V5)
        {
            packet.Properties.Read(ref r, PropertyPlace.Subscribe);
        }

        do
        {
            string filter = ReadFilter(ref r, "SUBSCRIBE");
            int options = r.Byte();
            int qos = options & 3;
            bool reserved = version == MqttVersion.V5 ? (options & 0xC0) != 0 || (options & 0x30) == 0x30 : (options & 0xFC) != 0;
            if (qos == 3 || reserved)
            {
                throw Wire.Malformed("subscription options have reserved values (3.8.3.1)");
            }

            packet.Filters.Add(new(filter, (MqttQos)qos, (options & 4) != 0, (options & 8) != 0, (byte)((options >> 4) & 3)));
        }
        while (r.Remaining > 0);
        return packet;
    }

    public static SubscribePacket Unsubscribe(ReadOnlyMemory<byte> body, MqttVersion version)
    {
        WireReader r = new(body.Span);
        var packet = new SubscribePacket { PacketId = r.PacketId() };
        if (version == MqttVersion.V5)
        {
            packet.Properties.Read(ref r, PropertyPlace.Unsubscribe);
        }

        do
        {
            packet.Filters.Add(new(ReadFilter(ref r, "UNSUBSCRIBE"), MqttQos.AtMostOnce, false, false, 0));
        }
        while (r.Remaining > 0);
        return packet;
    }

    public static SubackPacket Suback(ReadOnlyMemory<byte> body, PacketType type, MqttVersion version)
    {
        WireReader r = new(body.Span);
        var packet = new SubackPacket { PacketId = r.PacketId() };
        if (version == MqttVersion.V5)
        {
            packet.Properties.Read(ref r, (PropertyPlace)(1 << (int)type));
        }

        if (type == PacketType.Suback || version == MqttVersion.V5)
        {
            if (r.Remaining == 0)
            {
                throw Wire.Violation("an acknowledgement of subscriptions without codes (3.9.3)");
            }

            foreach (byte code in r.Rest())
            {
                bool known = type == PacketType.Unsuback
                    ? code is 0 or 0x11 or 0x80 or 0x83 or 0x87 or 0x8F or 0x91
                    : version == MqttVersion.V5
                        ? code is <= 2 or 0x80 or 0x83 or 0x87 or 0x8F or 0x91 or 0x97 or 0x9E or 0xA1 or 0xA2
                        : code is <= 2 or 0x80;
                packet.Codes.Add(known ? code : throw Wire.Malformed($"reason 0x{code:X2} does not belong in {type} (3.9.3)"));
            }
        }

        r.End();
        return packet;
    }

    public static ReasonPacket Reason(ReadOnlyMemory<byte> body, PacketType type, MqttVersion version)
    {
        var packet = new ReasonPacket();
        WireReader r = new(body.Span);
        if (version == MqttVersion.V5 && r.Remaining > 0)
        {
            packet.Reason = r.Byte();
            bool known = type == PacketType.Auth
                ? packet.Reason is 0x00 or 0x18 or 0x19
                : packet.Reason is 0x00 or 0x04 or (>= 0x80 and <= 0x83) or 0x87 or 0x89 or 0x8B or (>= 0x8D and <= 0x90) or
                    (>= 0x93 and <= 0xA2);
            if (!known)
            {
                throw Wire.Malformed($"reason 0x{packet.Reason:X2} does not belong in {type} (3.14.2.1, 3.15.2.1)");
            }

            if (r.Remaining > 0)
            {
                packet.Properties.Read(ref r, (PropertyPlace)(1 << (int)type));
            }
        }

        r.End();
        return packet;
    }

    public static void Empty(ReadOnlyMemory<byte> body)
    {
        if (!body.IsEmpty)
        {
            throw Wire.Malformed("a packet without body has one (3.12, 3.13)");
        }
    }

    private static string ReadFilter(ref WireReader r, string packet)
    {
        if (r.Remaining == 0)
        {
            throw Wire.Violation($"{packet} without topic filter (3.8.3, 3.10.3)");
        }

        string filter = r.String();
        return MqttTopics.IsValidFilter(filter)
            ? filter
            : throw new MqttProtocolException(MqttReason.TopicFilterInvalid, "a topic filter is malformed (4.7.1)");
    }

    private static void CheckAckReason(PacketType type, byte reason)
    {
        bool known = type is PacketType.Pubrel or PacketType.Pubcomp
            ? reason is 0 or 0x92
            : reason is 0 or 0x10 or 0x80 or 0x83 or 0x87 or 0x90 or 0x91 or 0x97 or 0x99;
        if (!known)
        {
            throw Wire.Malformed($"reason 0x{reason:X2} does not belong in {type} (3.4.2.1 to 3.7.2.1)");
        }
    }

    /// <summary>
    /// Keeps the strings of the topics last seen on a connection, so that a publisher which repeats its topics costs no new
    /// strings. A collision costs a new string, nothing else.
    /// </summary>
    private sealed class TopicCache
    {
        private const int Entries = 64;
        private const int MaxTopicBytes = 256;

        private readonly byte[]?[] _keys = new byte[]?[Entries];
        private readonly string[] _values = new string[Entries];

        public string Get(ReadOnlySpan<byte> utf8)
        {
            if (utf8.IsEmpty)
            {
                return string.Empty;
            }

            if (utf8.Length > MaxTopicBytes)
            {
                return Wire.Utf8.GetString(utf8);
            }

            uint hash = 2_166_136_261; // FNV-1a
            foreach (byte b in utf8)
            {
                hash = (hash ^ b) * 16_777_619;
            }

            uint slot = (hash ^ (hash >> 16)) % Entries;
            if (_keys[slot] is { } key && utf8.SequenceEqual(key))
            {
                return _values[slot];
            }

            _keys[slot] = utf8.ToArray();
            return _values[slot] = Wire.Utf8.GetString(utf8);
        }
    }
}
