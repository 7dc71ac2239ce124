using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt.Topics;

namespace EdgeGateway.Mqtt.Codec;

/// <summary>Where a property stands: its packet type, and the will, which has properties of its own.</summary>
[Flags]
internal enum PropertyPlace
{
    None = 0,
    Connect = 1 << 1,
    Connack = 1 << 2,
    Publish = 1 << 3,
    Puback = 1 << 4,
    Pubrec = 1 << 5,
    Pubrel = 1 << 6,
    Pubcomp = 1 << 7,
    Subscribe = 1 << 8,
    Suback = 1 << 9,
    Unsubscribe = 1 << 10,
    Unsuback = 1 << 11,
    Disconnect = 1 << 14,
    Auth = 1 << 15,
    Will = 1 << 16,
}

/// <summary>All properties of MQTT 5 (2.2.2.2, table 2-4). Null or empty means absent.</summary>
internal sealed class MqttProperties
{
    private const PropertyPlace Messages = PropertyPlace.Publish | PropertyPlace.Will;
    private const PropertyPlace Handshake = PropertyPlace.Connect | PropertyPlace.Connack;
    private const PropertyPlace Reasons = PropertyPlace.Connack | PropertyPlace.Puback | PropertyPlace.Pubrec | PropertyPlace.Pubrel |
        PropertyPlace.Pubcomp | PropertyPlace.Suback | PropertyPlace.Unsuback | PropertyPlace.Disconnect | PropertyPlace.Auth;

    private static readonly PropertyPlace[] AllowedPlaces = MakeAllowedPlaces();

    public byte? PayloadFormatIndicator { get; set; }

    public uint? MessageExpiryInterval { get; set; }

    public string? ContentType { get; set; }

    public string? ResponseTopic { get; set; }

    public byte[]? CorrelationData { get; set; }

    public List<int> SubscriptionIdentifiers { get; } = [];

    public uint? SessionExpiryInterval { get; set; }

    public string? AssignedClientIdentifier { get; set; }

    public ushort? ServerKeepAlive { get; set; }

    public string? AuthenticationMethod { get; set; }

    public byte[]? AuthenticationData { get; set; }

    public byte? RequestProblemInformation { get; set; }

    public uint? WillDelayInterval { get; set; }

    public byte? RequestResponseInformation { get; set; }

    public string? ResponseInformation { get; set; }

    public string? ServerReference { get; set; }

    public string? ReasonString { get; set; }

    public ushort? ReceiveMaximum { get; set; }

    public ushort? TopicAliasMaximum { get; set; }

    public ushort? TopicAlias { get; set; }

    public byte? MaximumQos { get; set; }

    public byte? RetainAvailable { get; set; }

    public uint? MaximumPacketSize { get; set; }

    public byte? WildcardSubscriptionAvailable { get; set; }

    public byte? SubscriptionIdentifierAvailable { get; set; }

    public byte? SharedSubscriptionAvailable { get; set; }

    public List<KeyValuePair<string, string>> UserProperties { get; } = [];

    public void Clear()
    {
        PayloadFormatIndicator = null;
        MessageExpiryInterval = null;
        ContentType = null;
        ResponseTopic = null;
        CorrelationData = null;
        SubscriptionIdentifiers.Clear();
        SessionExpiryInterval = null;
        AssignedClientIdentifier = null;
        ServerKeepAlive = null;
        AuthenticationMethod = null;
        AuthenticationData = null;
        RequestProblemInformation = null;
        WillDelayInterval = null;
        RequestResponseInformation = null;
        ResponseInformation = null;
        ServerReference = null;
        ReasonString = null;
        ReceiveMaximum = null;
        TopicAliasMaximum = null;
        TopicAlias = null;
        MaximumQos = null;
        RetainAvailable = null;
        MaximumPacketSize = null;
        WildcardSubscriptionAvailable = null;
        SubscriptionIdentifierAvailable = null;
        SharedSubscriptionAvailable = null;
        UserProperties.Clear();
    }

    /// <summary>Which packets may carry a property; None for an unknown identifier.</summary>
    public static PropertyPlace Allowed(int identifier) =>
        identifier < AllowedPlaces.Length ? AllowedPlaces[identifier] : PropertyPlace.None;

    /// <summary>Reads a property group into this cleared object.</summary>
    public void Read(ref WireReader reader, PropertyPlace place)
    {
        Clear();
        int length = reader.Varint();
        if (length == 0)
        {
            return;
        }

        WireReader group = new(reader.Take(length));
        ulong seen = 0;
        while (group.Remaining > 0)
        {
            int identifier = group.Varint();
            if ((Allowed(identifier) & place) == PropertyPlace.None)
            {
                throw Wire.Malformed($"property 0x{identifier:X2} is unknown or not allowed in {place} (2.2.2.2)");
            }

            bool repeats = identifier == 0x26 || (identifier == 0x0B && place == PropertyPlace.Publish);
            if (!repeats && (seen & (1UL << identifier)) != 0)
            {
                throw Wire.Violation($"property 0x{identifier:X2} occurs twice");
            }

            seen |= 1UL << identifier;
            ReadOne(ref group, identifier);
        }

        if (AuthenticationData is not null && AuthenticationMethod is null)
        {
            throw Wire.Violation("authentication data without an authentication method (3.1.2.11.10)");
        }
    }

    /// <summary>Writes the group with its length, properties in the order of their identifiers.</summary>
    public void Write(WireWriter w)
    {
        int start = w.BeginGroup();
        WriteByte(w, 0x01, PayloadFormatIndicator);
        WriteUInt32(w, 0x02, MessageExpiryInterval);
        WriteString(w, 0x03, ContentType);
        WriteString(w, 0x08, ResponseTopic);
        WriteBinary(w, 0x09, CorrelationData);
        foreach (int identifier in SubscriptionIdentifiers)
        {
            w.Byte(0x0B);
            w.Varint(identifier);
        }

        WriteUInt32(w, 0x11, SessionExpiryInterval);
        WriteString(w, 0x12, AssignedClientIdentifier);
        WriteUInt16(w, 0x13, ServerKeepAlive);
        WriteString(w, 0x15, AuthenticationMethod);
        WriteBinary(w, 0x16, AuthenticationData);
        WriteByte(w, 0x17, RequestProblemInformation);
        WriteUInt32(w, 0x18, WillDelayInterval);
        WriteByte(w, 0x19, RequestResponseInformation);
        WriteString(w, 0x1A, ResponseInformation);
        WriteString(w, 0x1C, ServerReference);
        WriteString(w, 0x1F, ReasonString);
        WriteUInt16(w, 0x21, ReceiveMaximum);
        WriteUInt16(w, 0x22, TopicAliasMaximum);
        WriteUInt16(w, 0x23, TopicAlias);
        WriteByte(w, 0x24, MaximumQos);
        WriteByte(w, 0x25, RetainAvailable);
        foreach (KeyValuePair<string, string> pair in UserProperties)
        {
            w.Byte(0x26);
            w.String(pair.Key);
            w.String(pair.Value);
        }

        WriteUInt32(w, 0x27, MaximumPacketSize);
        WriteByte(w, 0x28, WildcardSubscriptionAvailable);
        WriteByte(w, 0x29, SubscriptionIdentifierAvailable);
        WriteByte(w, 0x2A, SharedSubscriptionAvailable);
        w.EndGroup(start);
    }

    /// <summary>What the application sees of a message's properties; null when there is nothing to see.</summary>
    public MqttPublishProperties? ToPublishProperties()
    {
        if (PayloadFormatIndicator is null && MessageExpiryInterval is null && ContentType is null && ResponseTopic is null &&
            CorrelationData is null && UserProperties.Count == 0)
        {
            return null;
        }

        return new MqttPublishProperties
        {
            PayloadIsUtf8 = PayloadFormatIndicator == 1,
            MessageExpirySeconds = MessageExpiryInterval,
            ContentType = ContentType,
            ResponseTopic = ResponseTopic,
            CorrelationData = CorrelationData,
            UserProperties = UserProperties.Count == 0 ? [] : UserProperties.ToArray(),
        };
    }

    /// <summary>The same without an object in between, for outgoing messages.</summary>
    public static void WritePublish(
        WireWriter w, MqttPublishProperties? properties, uint? expirySeconds, int topicAlias, ReadOnlySpan<int> subscriptionIdentifiers)
    {
        int start = w.BeginGroup();
        if (properties is { PayloadIsUtf8: true })
        {
            WriteByte(w, 0x01, 1);
        }

        WriteUInt32(w, 0x02, expirySeconds);
        if (properties is not null)
        {
            WriteString(w, 0x03, properties.ContentType);
            WriteString(w, 0x08, properties.ResponseTopic);
            if (!properties.CorrelationData.IsEmpty)
            {
                w.Byte(0x09);
                w.Binary(properties.CorrelationData.Span);
            }
        }

        foreach (int identifier in subscriptionIdentifiers)
        {
            w.Byte(0x0B);
            w.Varint(identifier);
        }

        if (topicAlias != 0)
        {
            w.Byte(0x23);
            w.UInt16(topicAlias);
        }

        if (properties is not null)
        {
            for (int i = 0; i < properties.UserProperties.Count; i++)
            {
                w.Byte(0x26);
                w.String(properties.UserProperties[i].Key);
                w.String(properties.UserProperties[i].Value);
            }
        }

        w.EndGroup(start);
    }

    private static PropertyPlace[] MakeAllowedPlaces()
    {
        var places = new PropertyPlace[0x2B];
        places[0x01] = Messages;
        places[0x02] = Messages;
        places[0x03] = Messages;
        places[0x08] = Messages;
        places[0x09] = Messages;
        places[0x0B] = PropertyPlace.Publish | PropertyPlace.Subscribe;
        places[0x11] = Handshake | PropertyPlace.Disconnect;
        places[0x12] = PropertyPlace.Connack;
        places[0x13] = PropertyPlace.Connack;
        places[0x15] = Handshake | PropertyPlace.Auth;
        places[0x16] = Handshake | PropertyPlace.Auth;
        places[0x17] = PropertyPlace.Connect;
        places[0x18] = PropertyPlace.Will;
        places[0x19] = PropertyPlace.Connect;
        places[0x1A] = PropertyPlace.Connack;
        places[0x1C] = PropertyPlace.Connack | PropertyPlace.Disconnect;
        places[0x1F] = Reasons;
        places[0x21] = Handshake;
        places[0x22] = Handshake;
        places[0x23] = PropertyPlace.Publish;
        places[0x24] = PropertyPlace.Connack;
        places[0x25] = PropertyPlace.Connack;
        places[0x26] = Reasons | Messages | PropertyPlace.Connect | PropertyPlace.Subscribe | PropertyPlace.Unsubscribe;
        places[0x27] = Handshake;
        places[0x28] = PropertyPlace.Connack;
        places[0x29] = PropertyPlace.Connack;
        places[0x2A] = PropertyPlace.Connack;
        return places;
    }

    private static byte Flag(ref WireReader reader)
    {
        byte value = reader.Byte();
        return value <= 1 ? value : throw Wire.Violation("a property that may be 0 or 1 has another value");
    }

    private static void WriteByte(WireWriter w, int identifier, byte? value)
    {
        if (value is { } set)
        {
            w.Byte(identifier);
            w.Byte(set);
        }
    }

    private static void WriteUInt16(WireWriter w, int identifier, ushort? value)
    {
        if (value is { } set)
        {
            w.Byte(identifier);
            w.UInt16(set);
        }
    }

    private static void WriteUInt32(WireWriter w, int identifier, uint? value)
    {
        if (value is { } set)
        {
            w.Byte(identifier);
            w.UInt32(set);
        }
    }

    private static void WriteString(WireWriter w, int identifier, string? value)
    {
        if (value is not null)
        {
            w.Byte(identifier);
            w.String(value);
        }
    }

    private static void WriteBinary(WireWriter w, int identifier, byte[]? value)
    {
        if (value is not null)
        {
            w.Byte(identifier);
            w.Binary(value);
        }
    }

    private void ReadOne(ref WireReader r, int identifier)
    {
        switch (identifier)
        {
            case 0x01: PayloadFormatIndicator = Flag(ref r); break;
            case 0x02: MessageExpiryInterval = r.UInt32(); break;
            case 0x03: ContentType = r.String(); break;
            case 0x08:
                ResponseTopic = r.String();
                if (!MqttTopics.IsValidName(ResponseTopic))
                {
                    throw Wire.Violation("the response topic is no topic name (3.3.2.3.5)");
                }

                break;
            case 0x09: CorrelationData = r.Binary().ToArray(); break;
            case 0x0B:
                int subscription = r.Varint();
                SubscriptionIdentifiers.Add(subscription != 0 ? subscription : throw Wire.Violation("subscription identifier 0 (3.8.2.1.2)"));
                break;
            case 0x11: SessionExpiryInterval = r.UInt32(); break;
            case 0x12: AssignedClientIdentifier = r.String(); break;
            case 0x13: ServerKeepAlive = r.UInt16(); break;
            case 0x15: AuthenticationMethod = r.String(); break;
            case 0x16: AuthenticationData = r.Binary().ToArray(); break;
            case 0x17: RequestProblemInformation = Flag(ref r); break;
            case 0x18: WillDelayInterval = r.UInt32(); break;
            case 0x19: RequestResponseInformation = Flag(ref r); break;
            case 0x1A: ResponseInformation = r.String(); break;
            case 0x1C: ServerReference = r.String(); break;
            case 0x1F: ReasonString = r.String(); break;
            case 0x21:
                ushort receiveMaximum = r.UInt16();
                ReceiveMaximum = receiveMaximum != 0 ? receiveMaximum : throw Wire.Violation("Receive Maximum 0 (3.1.2.11.3)");
                break;
            case 0x22: TopicAliasMaximum = r.UInt16(); break;
            case 0x23:
                ushort alias = r.UInt16();
                TopicAlias = alias != 0 ? alias : throw new MqttProtocolException(MqttReason.TopicAliasInvalid, "topic alias 0 (3.3.2.3.4)");
                break;
            case 0x24: MaximumQos = Flag(ref r); break;
            case 0x25: RetainAvailable = Flag(ref r); break;
            case 0x26: UserProperties.Add(new(r.String(), r.String())); break;
            case 0x27:
                uint size = r.UInt32();
                MaximumPacketSize = size != 0 ? size : throw Wire.Violation("Maximum Packet Size 0 (3.1.2.11.4)");
                break;
            case 0x28: WildcardSubscriptionAvailable = Flag(ref r); break;
            case 0x29: SubscriptionIdentifierAvailable = Flag(ref r); break;
            case 0x2A: SharedSubscriptionAvailable = Flag(ref r); break;
            default: throw Wire.Malformed($"property 0x{identifier:X2} is unknown (2.2.2.2)");
        }
    }
}
