using System.Collections.Generic;

namespace EdgeGateway.Mqtt.Codec;

/// <summary>CONNECT (3.1).</summary>
internal sealed class ConnectPacket
{
    public MqttVersion Version { get; set; }

    public bool CleanStart { get; set; }

    public ushort KeepAliveSeconds { get; set; }

    public string ClientId { get; set; } = string.Empty;

    public string? UserName { get; set; }

    public byte[]? Password { get; set; }

    public MqttMessage? Will { get; set; }

    public uint WillDelaySeconds { get; set; }

    public MqttProperties Properties { get; } = new();
}

/// <summary>CONNACK (3.2).</summary>
internal sealed class ConnackPacket
{
    public bool SessionPresent { get; set; }

    /// <summary>As it stands on the wire: a return code under 3.1.1, a reason code under 5.</summary>
    public byte Code { get; set; }

    public MqttProperties Properties { get; } = new();
}

/// <summary>PUBLISH (3.3) as it stands on the wire: the topic may be empty when an alias is given.</summary>
internal struct PublishPacket
{
    public MqttMessage Message;
    public ushort PacketId;
    public ushort TopicAlias;
    public int[] SubscriptionIdentifiers;
}

/// <summary>PUBACK, PUBREC, PUBREL, PUBCOMP (3.4 to 3.7).</summary>
internal struct AckPacket
{
    public ushort PacketId;
    public byte Reason;
}

/// <summary>One entry of a SUBSCRIBE (3.8.3.1).</summary>
internal readonly record struct SubscriptionRequest(string Filter, MqttQos Qos, bool NoLocal, bool RetainAsPublished, byte RetainHandling);

/// <summary>SUBSCRIBE (3.8) or UNSUBSCRIBE (3.10, only the filters count).</summary>
internal sealed class SubscribePacket
{
    public ushort PacketId { get; set; }

    public List<SubscriptionRequest> Filters { get; } = [];

    public MqttProperties Properties { get; } = new();
}

/// <summary>SUBACK (3.9) or UNSUBACK (3.11; without codes under 3.1.1).</summary>
internal sealed class SubackPacket
{
    public ushort PacketId { get; set; }

    public List<byte> Codes { get; } = [];

    public MqttProperties Properties { get; } = new();
}

/// <summary>DISCONNECT (3.14) or AUTH (3.15).</summary>
internal sealed class ReasonPacket
{
    public byte Reason { get; set; }

    public MqttProperties Properties { get; } = new();
}
