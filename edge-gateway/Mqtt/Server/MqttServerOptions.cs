using System;
using EdgeGateway.Mqtt.Codec;

namespace EdgeGateway.Mqtt.Server;

/// <summary>What happens to a QoS 1 or 2 message for a session whose queue is at its bound.</summary>
public enum MqttQueueFullPolicy
{
    /// <summary>The new message is dropped for that session.</summary>
    DropNewest,

    /// <summary>The oldest queued message is dropped for that session.</summary>
    DropOldest,
}

/// <summary>Why a message did not reach a subscriber.</summary>
public enum MqttDropReason
{
    /// <summary>The session's queue was at <see cref="MqttServerOptions.MaxQueuedMessages"/> or <see cref="MqttServerOptions.MaxQueuedBytes"/>, or all queues at <see cref="MqttServerOptions.MaxQueuedBytesInAll"/>.</summary>
    QueueFull,

    /// <summary>A QoS 0 message, and the connection had more than <see cref="MqttServerOptions.MaxPendingBytes"/> to send.</summary>
    SlowConsumer,

    /// <summary>The packet is longer than the client's Maximum Packet Size.</summary>
    TooLarge,

    /// <summary>The message expired in the queue.</summary>
    Expired,

    /// <summary>The session ended with the message in it.</summary>
    SessionEnded,

    /// <summary>The message was routed, but not kept as retained: <see cref="MqttServerOptions.MaxRetainedMessages"/> or <see cref="MqttServerOptions.MaxRetainedBytes"/>.</summary>
    RetainedFull,
}

/// <summary>One message that a subscriber does not get.</summary>
/// <param name="ClientId">The subscriber; empty for a retained message that was not kept.</param>
/// <param name="Topic">The message's topic.</param>
/// <param name="Reason">Why.</param>
public readonly record struct MqttDrop(string ClientId, string Topic, MqttDropReason Reason);

/// <summary>How to be a server. Every number is a bound with a stated policy.</summary>
public sealed record MqttServerOptions
{
    /// <summary>Most connections with a session, places kept for groups (<see cref="MqttAdmission.ReservedPlaces"/>) not counted; above it CONNECT is refused with 0x97. Default 10,000.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>Most connections of which no CONNECT has been accepted; at it the oldest of them is closed for a new one. Default 1,024.</summary>
    public int MaxUnidentified { get; init; } = 1_024;

    /// <summary>Most connections of one address (<see cref="IMqttConnection.Address"/>), with or without CONNECT; above it a new one is closed at once. Default 10,000.</summary>
    public int MaxConnectionsPerAddress { get; init; } = 10_000;

    /// <summary>Most sessions, connected or not; at it the oldest one without connection is given up, and with none of those CONNECT is refused with 0x97. Default 10,000.</summary>
    public int MaxSessions { get; init; } = 10_000;

    /// <summary>Most sessions without connection; at it the oldest of them is given up. Default 10,000.</summary>
    public int MaxAbsentSessions { get; init; } = 10_000;

    /// <summary>Most subscriptions of a session; above it SUBACK says 0x97. Default 1,000.</summary>
    public int MaxSubscriptionsPerSession { get; init; } = 1_000;

    /// <summary>Most filters of one SUBSCRIBE that are looked at; the ones behind get 0x97. It bounds how often one packet can ask for retained messages. Default 1,000.</summary>
    public int MaxFiltersPerPacket { get; init; } = 1_000;

    /// <summary>Longest topic name or filter accepted, characters; above it 0x90 or 0x8F. It bounds what topic aliases and subscriptions hold. Default 65,535.</summary>
    public int MaxTopicLength { get; init; } = 65_535;

    /// <summary>Longest packet accepted, bytes; above it the connection is closed with 0x95. Default 1 MiB.</summary>
    public int MaxPacketLength { get; init; } = 1024 * 1024;

    /// <summary>Longest CONNECT accepted, bytes; above it the connection is closed. It bounds what strangers can make the server hold. Default 256 KiB, which holds one of the longest fields of each kind.</summary>
    public int MaxConnectLength { get; init; } = 256 * 1024 + 64;

    /// <summary>Longest client identifier accepted, bytes of UTF-8; above it CONNECT is refused with 0x85. Default 256.</summary>
    public int MaxClientIdLength { get; init; } = 256;

    /// <summary>Most messages of one client that wait for our acknowledgement: our Receive Maximum. MQTT 5 clients above it are closed with 0x93. Default 100.</summary>
    public ushort ReceiveMaximum { get; init; } = 100;

    /// <summary>The same for MQTT 3.1.1, which cannot announce it; above it the connection is closed. Default 4,096.</summary>
    public int MaxUnacknowledged311 { get; init; } = 4_096;

    /// <summary>Highest quality of service, announced to MQTT 5 clients; a publish above it is closed with 0x9B, a subscription is granted less. Default 2.</summary>
    public MqttQos MaximumQos { get; init; } = MqttQos.ExactlyOnce;

    /// <summary>Topic aliases that an MQTT 5 client may use towards us, 0 to 65,535. Default 32.</summary>
    public ushort TopicAliasMaximum { get; init; } = 32;

    /// <summary>Most QoS 1 and 2 messages in flight to one client; its own Receive Maximum lowers it. 1 to 65,000. Default 100.</summary>
    public int MaxInFlight { get; init; } = 100;

    /// <summary>Most QoS 1 and 2 messages queued for a session beside those in flight. Default 10,000.</summary>
    public int MaxQueuedMessages { get; init; } = 10_000;

    /// <summary>Most bytes queued for a session (topic, payload and 160 bytes for each message). Default 16 MiB.</summary>
    public long MaxQueuedBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Most bytes queued for all sessions together, counted as in <see cref="MaxQueuedBytes"/>; at it sessions without connection are given up, oldest first, then the new message is dropped. Default 256 MiB.</summary>
    public long MaxQueuedBytesInAll { get; init; } = 256L * 1024 * 1024;

    /// <summary>
    /// How long the oldest message in flight to a connected client may wait for its acknowledgement, seconds, counted from the moment when it became the
    /// oldest; then the client is closed with 0x97. Four times as long counted from its sending, however steadily others are acknowledged. 0: for ever. Default 30.
    /// </summary>
    public int MaxUnacknowledgedSeconds { get; init; } = 30;

    /// <summary>What happens at the bounds of one session. Default <see cref="MqttQueueFullPolicy.DropNewest"/>: what was acknowledged first is kept.</summary>
    public MqttQueueFullPolicy QueueFullPolicy { get; init; }

    /// <summary>Above this many bytes waiting in a connection no further message is started; QoS 0 is dropped. Above four times as many the connection is closed. Default 256 KiB.</summary>
    public int MaxPendingBytes { get; init; } = 256 * 1024;

    /// <summary>Most retained messages. Above it the message is routed, but not kept. Default 10,000.</summary>
    public int MaxRetainedMessages { get; init; } = 10_000;

    /// <summary>Most bytes of retained messages, counted as in <see cref="MaxQueuedBytes"/>. Default 64 MiB.</summary>
    public long MaxRetainedBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Seconds from the transport to CONNECT; after it the connection is closed. Default 10.</summary>
    public int ConnectTimeoutSeconds { get; init; } = 10;

    /// <summary>Longest keep-alive, seconds; a longer or absent one is replaced under MQTT 5 (Server Keep Alive). 0: any. Default 0.</summary>
    public ushort MaxKeepAliveSeconds { get; init; }

    /// <summary>Longest silence of MQTT 3.1.1 clients, seconds, which cannot be told another keep-alive than their own; also for keep-alive 0. 0: any. Default 0.</summary>
    public int MaxSilence311Seconds { get; init; }

    /// <summary>Longest session expiry, seconds; a longer one is replaced, and MQTT 5 is told. <see cref="uint.MaxValue"/>: any, also never. Default one day.</summary>
    public uint MaxSessionExpirySeconds { get; init; } = 86_400;

    /// <summary>Session expiry of MQTT 3.1.1 clients that connect with clean session 0, seconds. Default one day.</summary>
    public uint SessionExpiry311Seconds { get; init; } = 86_400;

    /// <summary>Client identifiers assigned by us are this and a counter. Default <c>auto-</c>.</summary>
    public string AssignedClientIdPrefix { get; init; } = "auto-";

    /// <summary>Reason in SUBACK under MQTT 5 when the application refuses a filter: 0x87 or 0x80. Default 0x87.</summary>
    public byte RefusedSubscriptionReason { get; init; } = MqttReason.NotAuthorized;

    /// <summary>Sent of every message that a subscriber does not get, on the server's loop; null for counters only.</summary>
    public Action<MqttDrop>? Dropped { get; init; }

    /// <summary>Sent why a connection was closed by us: client identifier or remote, reason code, text; for logs. Null: nobody.</summary>
    public Action<string, byte, string>? Closing { get; init; }
}

/// <summary>What a server has counted since its start.</summary>
public sealed class MqttServerCounters
{
    private readonly long[] _dropped = new long[6];

    /// <summary>Messages received from clients.</summary>
    public long Received { get; internal set; }

    /// <summary>PUBLISH packets sent, repetitions included.</summary>
    public long Sent { get; internal set; }

    /// <summary>PUBLISH packets sent again with DUP.</summary>
    public long SentAgain { get; internal set; }

    /// <summary>Connections closed because a client broke the protocol or a bound.</summary>
    public long ClosedForCause { get; internal set; }

    /// <summary>Exceptions caught in the handling of one connection.</summary>
    public long Faults { get; internal set; }

    /// <summary>Connections closed before CONNECT because newer ones needed their places.</summary>
    public long UnidentifiedGivenUp { get; internal set; }

    /// <summary>Sessions without connection that were given up at a bound before they expired.</summary>
    public long SessionsGivenUp { get; internal set; }

    /// <summary>Connections closed because a message was not acknowledged in time.</summary>
    public long Unacknowledged { get; internal set; }

    /// <summary>All messages that a subscriber did not get.</summary>
    public long DroppedTotal
    {
        get
        {
            long sum = 0;
            foreach (long count in _dropped)
            {
                sum += count;
            }

            return sum;
        }
    }

    /// <summary>Messages that a subscriber did not get, for one reason.</summary>
    /// <param name="reason">The reason.</param>
    /// <returns>How many.</returns>
    public long Dropped(MqttDropReason reason) => _dropped[(int)reason];

    internal void CountDrop(MqttDropReason reason) => _dropped[(int)reason]++;
}
