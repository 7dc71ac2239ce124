using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Codec;

namespace Simulators.Peers;

/// <summary>What a broker sends, by the number on the wire (MQTT 5.0, 2.1.2).</summary>
public enum BrokerPacket : byte
{
    /// <summary>The answer to CONNECT.</summary>
    Connack = 2,

    /// <summary>A message to a subscriber.</summary>
    Publish = 3,

    /// <summary>The answer to PUBLISH at QoS 1.</summary>
    Puback = 4,

    /// <summary>The first answer to PUBLISH at QoS 2.</summary>
    Pubrec = 5,

    /// <summary>The release of a message at QoS 2 to a subscriber.</summary>
    Pubrel = 6,

    /// <summary>The last answer at QoS 2.</summary>
    Pubcomp = 7,

    /// <summary>The answer to SUBSCRIBE.</summary>
    Suback = 9,

    /// <summary>The answer to UNSUBSCRIBE.</summary>
    Unsuback = 11,

    /// <summary>The answer to a ping.</summary>
    Pingresp = 13,

    /// <summary>The broker's last word.</summary>
    Disconnect = 14,
}

/// <summary>A message that the broker does not take.</summary>
/// <param name="Filter">Topics, as a topic filter.</param>
/// <param name="Reason">Reason in PUBACK or PUBREC (0x80, 0x83, 0x87, 0x90, 0x97, 0x99 in MQTT 5.0, 3.4.2.1). MQTT 3.1.1 has none: there the message is acknowledged and dropped, or <see cref="Closes"/>.</param>
public sealed record PublishRefusal(string Filter, byte Reason)
{
    /// <summary>Only messages whose payload, read as UTF-8, contains this; null for all.</summary>
    public string? PayloadContains { get; init; }

    /// <summary>How many messages are refused; the ones after are taken.</summary>
    public int Times { get; init; } = int.MaxValue;

    /// <summary>True: the connection is closed instead of an answer, as AWS IoT and brokers of MQTT 3.1.1 do. Under MQTT 5 with DISCONNECT of this reason.</summary>
    public bool Closes { get; init; }
}

/// <summary>A subscription that the broker does not grant.</summary>
/// <param name="Filter">The filter of the SUBSCRIBE, word for word.</param>
/// <param name="Reason">Reason in SUBACK; MQTT 3.1.1 is told 0x80.</param>
public sealed record SubscriptionRefusal(string Filter, byte Reason);

/// <summary>Packets that the broker should send and does not, while it goes on with everything else.</summary>
/// <param name="Kind">Which.</param>
public sealed record LostPackets(BrokerPacket Kind)
{
    /// <summary>How many of this kind are sent before the first is lost.</summary>
    public int After { get; init; }

    /// <summary>How many are lost; the ones after are sent again.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Only acknowledgements of messages whose topic matches this filter; null for all.</summary>
    public string? Filter { get; init; }
}

/// <summary>A message that the broker sends by itself.</summary>
/// <param name="Topic">Topic.</param>
/// <param name="Payload">Payload.</param>
public sealed record BrokerMessage(string Topic, ReadOnlyMemory<byte> Payload)
{
    /// <summary>Quality of service.</summary>
    public MqttQos Qos { get; init; } = MqttQos.AtLeastOnce;

    /// <summary>Retain flag on the wire.</summary>
    public bool Retain { get; init; }

    /// <summary>DUP flag on the wire (QoS 1 and 2).</summary>
    public bool Duplicate { get; init; }
}

/// <summary>
/// How a broker behaves. The default is a plain, honest broker of MQTT 3.1.1 and 5; each property is one habit that real brokers were seen to have. A habit may be
/// changed while the broker runs.
/// </summary>
public sealed record BrokerHabits
{
    /// <summary>Reason with which CONNECT is refused (MQTT 5 code, translated for 3.1.1); 0 to let in.</summary>
    public byte ConnackReason { get; init; }

    /// <summary>How many CONNECTs are refused with <see cref="ConnackReason"/>; the ones after are let in.</summary>
    public int ConnackRefusals { get; init; } = int.MaxValue;

    /// <summary>User name that is asked for, or null for anyone; anything else is answered by 0x86.</summary>
    public string? UserName { get; init; }

    /// <summary>Password that is asked for, or null for any.</summary>
    public string? Password { get; init; }

    /// <summary>Reason string of CONNACK, acknowledgements and DISCONNECT (MQTT 5); null for none.</summary>
    public string? ReasonString { get; init; }

    /// <summary>User properties of the same packets (MQTT 5).</summary>
    public IReadOnlyList<KeyValuePair<string, string>> UserProperties { get; init; } = [];

    /// <summary>Receive Maximum, 1 to 65,535; null: not said, which means 65,535. Whoever exceeds it is closed with 0x93.</summary>
    public ushort? ReceiveMaximum { get; init; }

    /// <summary>Maximum Packet Size, bytes; null for none. Whoever exceeds it is closed with 0x95.</summary>
    public uint? MaximumPacketSize { get; init; }

    /// <summary>A bound of packets that is not announced, bytes: above it the connection is closed without a word. 0 for none.</summary>
    public int SilentPacketLimit { get; init; }

    /// <summary>Maximum QoS, 0 or 1; null for 2. Whoever exceeds it is closed with 0x9B.</summary>
    public byte? MaximumQos { get; init; }

    /// <summary>False: Retain Available 0 is announced, and whoever retains is closed with 0x9A.</summary>
    public bool RetainAvailable { get; init; } = true;

    /// <summary>False: retained messages are taken and not kept, without a word.</summary>
    public bool KeepsRetained { get; init; } = true;

    /// <summary>False: Retain Handling of SUBSCRIBE is ignored; what is retained comes at each subscription.</summary>
    public bool ObeysRetainHandling { get; init; } = true;

    /// <summary>Server Keep Alive, s; null for the client's own.</summary>
    public ushort? ServerKeepAliveSeconds { get; init; }

    /// <summary>Topic Alias Maximum, 0 to 65,535.</summary>
    public ushort TopicAliasMaximum { get; init; }

    /// <summary>Identifier assigned to clients that have none.</summary>
    public string AssignedClientId { get; init; } = "assigned-1";

    /// <summary>Most levels of a topic name; above it PUBLISH is answered by 0x90, or closed under 3.1.1. 0 for any.</summary>
    public int MaxTopicLevels { get; init; }

    /// <summary>Messages that are not taken; the first that fits decides.</summary>
    public IReadOnlyList<PublishRefusal> PublishRefusals { get; init; } = [];

    /// <summary>Subscriptions that are not granted.</summary>
    public IReadOnlyList<SubscriptionRefusal> SubscriptionRefusals { get; init; } = [];

    /// <summary>Packets that are never sent.</summary>
    public IReadOnlyList<LostPackets> Lost { get; init; } = [];

    /// <summary>True: PUBLISH that nobody subscribes to is acknowledged with 0x10 (MQTT 5), as mosquitto and EMQX do. False: with 0.</summary>
    public bool TellsNoSubscriber { get; init; } = true;

    /// <summary>Messages sent to whoever subscribes to them, at each subscription, whatever its Retain Handling.</summary>
    public IReadOnlyList<BrokerMessage> AtSubscribe { get; init; } = [];

    /// <summary>True: each message to a subscriber at QoS 1 is sent twice, the second time with DUP and the same identifier.</summary>
    public bool RepeatsDeliveries { get; init; }

    /// <summary>True: each acknowledgement is sent twice.</summary>
    public bool RepeatsAcknowledgements { get; init; }

    /// <summary>How long acknowledgements of PUBLISH wait, µs.</summary>
    public long AcknowledgeAfterUs { get; init; }

    /// <summary>Acknowledgements of PUBLISH are gathered in groups of this many and sent in the wrong order; a group that is not full after 50 ms too. 0 or 1: in order.</summary>
    public int ReverseAcknowledgements { get; init; }

    /// <summary>True: all packets leave in pieces of one byte.</summary>
    public bool OneByteAtATime { get; init; }

    /// <summary>True: packets gather until the next step and leave as one chunk.</summary>
    public bool Coalesces { get; init; }

    /// <summary>False: pings are not answered.</summary>
    public bool AnswersPings { get; init; } = true;

    /// <summary>How long after CONNACK the broker ends each connection, µs; 0 for never. With 0x8E it is what another client of the same identifier does.</summary>
    public long EndsConnectionsAfterUs { get; init; }

    /// <summary>Reason of the DISCONNECT then (MQTT 5 only); 0: closed without a word.</summary>
    public byte EndReason { get; init; } = MqttReason.SessionTakenOver;

    /// <summary>How many connections are ended so.</summary>
    public int EndTimes { get; init; } = int.MaxValue;

    /// <summary>CONNECTs of one client within <see cref="BanWindowUs"/> that make it banned (0x8A; 5 under 3.1.1); 0 for no ban. EMQX: 15 in 60 s, for 300 s.</summary>
    public int BanAfterConnects { get; init; }

    /// <summary>The window, µs.</summary>
    public long BanWindowUs { get; init; } = 60_000_000;

    /// <summary>How long a ban lasts, µs.</summary>
    public long BanUs { get; init; } = 300_000_000;

    /// <summary>True: the state of a client's session is lost with each connection, whatever expiry was agreed.</summary>
    public bool ForgetsSessions { get; init; }
}

/// <summary>One message as the broker got it.</summary>
/// <param name="ClientId">From whom.</param>
/// <param name="Topic">Topic, an alias resolved.</param>
/// <param name="Payload">Payload.</param>
/// <param name="Qos">Quality of service.</param>
/// <param name="Retain">Retain flag.</param>
/// <param name="Duplicate">DUP flag.</param>
/// <param name="Reason">How it was answered; 0xFF when the connection was closed instead.</param>
/// <param name="Connection">Which connection of the broker, from 1.</param>
/// <param name="AtUs">When, µs.</param>
public sealed record BrokerReceived(string ClientId, string Topic, byte[] Payload, MqttQos Qos, bool Retain, bool Duplicate, byte Reason, int Connection, long AtUs);

/// <summary>One CONNECT.</summary>
/// <param name="ClientId">From whom; the assigned one when it had none.</param>
/// <param name="Version">Protocol level.</param>
/// <param name="CleanStart">Clean start.</param>
/// <param name="Reason">How it was answered, MQTT 5 code; 0xFF when the answer was lost.</param>
/// <param name="AtUs">When, µs.</param>
public sealed record BrokerConnect(string ClientId, MqttVersion Version, bool CleanStart, byte Reason, long AtUs);

/// <summary>One filter of a SUBSCRIBE.</summary>
/// <param name="ClientId">From whom.</param>
/// <param name="Filter">Filter.</param>
/// <param name="Qos">Quality of service asked for.</param>
/// <param name="RetainHandling">Retain Handling, 0 to 2 (MQTT 5).</param>
/// <param name="RetainAsPublished">Retain As Published (MQTT 5).</param>
/// <param name="Connection">Which connection of the broker, from 1.</param>
public sealed record BrokerSubscribe(string ClientId, string Filter, MqttQos Qos, byte RetainHandling, bool RetainAsPublished, int Connection);
