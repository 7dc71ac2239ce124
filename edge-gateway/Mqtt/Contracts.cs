using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt.Server;

namespace EdgeGateway.Mqtt;

/// <summary>MQTT quality of service (MQTT 5.0, 4.3).</summary>
public enum MqttQos : byte
{
    /// <summary>QoS 0.</summary>
    AtMostOnce = 0,

    /// <summary>QoS 1.</summary>
    AtLeastOnce = 1,

    /// <summary>QoS 2.</summary>
    ExactlyOnce = 2,
}

/// <summary>Protocol level of a connection.</summary>
public enum MqttVersion : byte
{
    /// <summary>MQTT 3.1.1.</summary>
    V311 = 4,

    /// <summary>MQTT 5.0.</summary>
    V5 = 5,
}

/// <summary>The properties of a PUBLISH (MQTT 5.0, 3.3.2.3). Under 3.1.1 they are not sent.</summary>
public sealed record MqttPublishProperties
{
    /// <summary>Content type, or null.</summary>
    public string? ContentType { get; init; }

    /// <summary>Response topic, or null.</summary>
    public string? ResponseTopic { get; init; }

    /// <summary>Correlation data; empty when absent.</summary>
    public ReadOnlyMemory<byte> CorrelationData { get; init; }

    /// <summary>Message expiry in seconds, or null for none.</summary>
    public uint? MessageExpirySeconds { get; init; }

    /// <summary>True when the payload is declared to be UTF-8.</summary>
    public bool PayloadIsUtf8 { get; init; }

    /// <summary>User properties in order; empty when absent.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> UserProperties { get; init; } = [];
}

/// <summary>One application message.</summary>
public readonly record struct MqttMessage
{
    /// <summary>Topic name, 1 to 65,535 bytes of UTF-8 without wildcards.</summary>
    public required string Topic { get; init; }

    /// <summary>The payload. In a callback it is valid during the call only, unless the callee copies it.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>True when nobody changes the payload's bytes after the call, so that whoever keeps the message needs no copy. Never travels.</summary>
    public bool IsPayloadImmutable { get; init; }

    /// <summary>Quality of service.</summary>
    public MqttQos Qos { get; init; }

    /// <summary>Retain flag.</summary>
    public bool Retain { get; init; }

    /// <summary>DUP flag as received.</summary>
    public bool Duplicate { get; init; }

    /// <summary>
    /// At QoS 0: bytes waiting in a receiver's connection above which the message is dropped for it, since it is worth nothing when late. 0: the
    /// state machine's own bound. Never travels.
    /// </summary>
    public int DropAbovePendingBytes { get; init; }

    /// <summary>Properties, or null for none.</summary>
    public MqttPublishProperties? Properties { get; init; }
}

/// <summary>What carries a connection's bytes. An application may trust the ones differently.</summary>
public enum MqttTransport : byte
{
    /// <summary>A byte stream of its own: TCP, TLS, memory.</summary>
    Stream = 0,

    /// <summary>WebSocket with the subprotocol "mqtt" (MQTT 5.0, 6), as browsers use it.</summary>
    WebSocket = 1,
}

/// <summary>The outward half of one byte stream (TCP, WebSocket, memory). Called on the owner's loop only; never blocks.</summary>
public interface IMqttConnection
{
    /// <summary>Queues bytes to be sent; the implementation copies them before it returns.</summary>
    /// <param name="bytes">The bytes.</param>
    void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Bytes queued and not yet handed to the network. The state machines stop starting new deliveries above their named bound.</summary>
    int PendingBytes { get; }

    /// <summary>What carries the bytes.</summary>
    MqttTransport Transport => MqttTransport.Stream;

    /// <summary>The peer's network address without port, by which connections are bounded; null for peers that are not (loopback, memory, simulation).</summary>
    string? Address => null;

    /// <summary>Sends what is queued, then closes. Idempotent.</summary>
    void Close();
}

/// <summary>
/// A single-threaded owner of state machines: adapters with threads of their own post to it. In simulation it is the kernel.
/// </summary>
public interface IMqttLoop
{
    /// <summary>Monotonic µs.</summary>
    long NowUs { get; }

    /// <summary>Queues work to be run on the loop, in order. Callable from any thread.</summary>
    /// <param name="work">The work.</param>
    /// <returns>False when the loop's bounded queue is full or the loop has stopped; the work will not run.</returns>
    bool TryPost(Action work);
}

/// <summary>Guards for work that is posted for one peer.</summary>
public static class MqttLoopGuard
{
    /// <summary>
    /// Queues work for one peer (a connection, a request): an exception in it ends with that peer and not with the loop. The loop itself keeps its
    /// rule that an exception in unguarded work or in a step is a broken invariant.
    /// </summary>
    /// <param name="loop">The loop.</param>
    /// <param name="work">The work.</param>
    /// <param name="failed">Sent of an exception in <paramref name="work"/>, on the loop; closes that peer.</param>
    /// <returns>False when the loop takes no more work; nothing will run.</returns>
    public static bool TryPost(this IMqttLoop loop, Action work, Action<Exception> failed)
    {
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(work);
        ArgumentNullException.ThrowIfNull(failed);
        return loop.TryPost(() =>
        {
            try
            {
                work();
            }
            catch (Exception e)
            {
                failed(e);
            }
        });
    }
}

/// <summary>What a server does with a published message.</summary>
public enum MqttPublishDisposition
{
    /// <summary>Acknowledge now and route to subscribers.</summary>
    Accept,

    /// <summary>Acknowledge later, when <see cref="IMqttServer.Acknowledge"/> is called with the token; not routed by the server itself.</summary>
    Deferred,

    /// <summary>Not authorised: MQTT 5 answers reason 0x87, MQTT 3.1.1 closes the connection.</summary>
    Refuse,
}

/// <summary>Who asks to connect.</summary>
/// <param name="ClientId">Client identifier; the assigned one when the client sent none.</param>
/// <param name="UserName">User name, or null.</param>
/// <param name="Password">Password; empty when absent.</param>
/// <param name="Certificate">The verified client certificate, or null.</param>
/// <param name="Remote">The peer, for logs.</param>
/// <param name="Version">Protocol level.</param>
public readonly record struct MqttConnectRequest(
    string ClientId, string? UserName, ReadOnlyMemory<byte> Password, MqttPeerCertificate? Certificate, string Remote, MqttVersion Version)
{
    /// <summary>What carries the connection.</summary>
    public MqttTransport Transport { get; init; }

    /// <summary>The peer's address as in <see cref="IMqttConnection.Address"/>, or null.</summary>
    public string? Address { get; init; }

    /// <summary>The connection that the client identifier has now, or null. It is closed with 0x8E when this request is accepted.</summary>
    public MqttLivingConnection? Living { get; init; }
}

/// <summary>The certificate with which a client has proven who it is. What carries the bytes has verified it.</summary>
/// <param name="Subject">Its subject, as .NET writes one: "CN=02aabbfffe0000a1, OU=pod, O=ward-3".</param>
/// <param name="Serial">Its serial number, upper-case hexadecimal.</param>
public sealed record MqttPeerCertificate(string Subject, string Serial);

/// <summary>The connection that a client identifier has when another one asks for it.</summary>
/// <param name="Remote">Its peer, for logs.</param>
/// <param name="Address">Its peer's address as in <see cref="IMqttConnection.Address"/>, or null.</param>
/// <param name="LastReceivedUs">When bytes came from it last, monotonic µs.</param>
/// <param name="Certificate">The certificate that it has shown, or null.</param>
public sealed record MqttLivingConnection(string Remote, string? Address, long LastReceivedUs, MqttPeerCertificate? Certificate = null);

/// <summary>What kind of client was accepted: which bounds are its own.</summary>
public sealed record MqttAdmission
{
    /// <summary>A client of no group, under the bounds for all.</summary>
    public static readonly MqttAdmission Ordinary = new();

    /// <summary>Name of the group whose sessions and connections are counted together (a role, a token); empty for none.</summary>
    public string Group { get; init; } = string.Empty;

    /// <summary>Most sessions of the group, connected or not; at the bound its oldest session without connection is given up for the new one. 0: only the bounds for all.</summary>
    public int MaxSessionsInGroup { get; init; }

    /// <summary>At that bound with every session connected. True: the group's oldest connection is closed with 0x97. False: the new one is refused with 0x97.</summary>
    public bool OldestGivesWay { get; init; }

    /// <summary>Connections that this group may have although <see cref="MqttServerOptions.MaxConnections"/> or <see cref="MqttServerOptions.MaxSessions"/> is reached.</summary>
    public int ReservedPlaces { get; init; }

    /// <summary>Longest session expiry, seconds; null for the server's own bound. 0: the session ends with its connection.</summary>
    public uint? MaxSessionExpirySeconds { get; init; }

    /// <summary>Longest silence, seconds, whatever keep-alive the client chose. 0: its keep-alive alone decides. Null: the server's own bound for MQTT 3.1.1.</summary>
    public int? MaxSilenceSeconds { get; init; }
}

/// <summary>Why a server closed or refused a connection.</summary>
public enum MqttCloseCause
{
    /// <summary>The client broke the protocol, or a bound on what it sends or leaves unread.</summary>
    ProtocolBroken,

    /// <summary>A message has waited too long for the client's acknowledgement.</summary>
    NotAcknowledged,

    /// <summary>The connection was refused, since all places that it might have are taken.</summary>
    NoPlace,

    /// <summary>The connection gave its place to a newer one.</summary>
    PlaceTaken,
}

/// <summary>The application behind a server. Every call comes on the server's loop.</summary>
public interface IMqttServerHandler
{
    /// <summary>Decides on a CONNECT.</summary>
    /// <param name="request">Who asks.</param>
    /// <returns>0 to accept, else an MQTT 5 reason code (0x87 not authorised, ...), translated for 3.1.1.</returns>
    byte Connecting(in MqttConnectRequest request);

    /// <summary>Says what kind of client was accepted; asked once after <see cref="Connecting"/> returned 0.</summary>
    /// <param name="request">Who was accepted.</param>
    /// <returns>Its bounds.</returns>
    MqttAdmission Admit(in MqttConnectRequest request) => MqttAdmission.Ordinary;

    /// <summary>A session's connection came up.</summary>
    /// <param name="clientId">Client identifier.</param>
    void Connected(string clientId);

    /// <summary>A session's connection is gone; its will, if any, is published by the server.</summary>
    /// <param name="clientId">Client identifier.</param>
    void Disconnected(string clientId);

    /// <summary>A client published.</summary>
    /// <param name="clientId">Client identifier.</param>
    /// <param name="message">The message; its payload is valid during the call only.</param>
    /// <param name="token">Names the message for <see cref="IMqttServer.Acknowledge"/> when the answer is Deferred; void after the client's disconnection.</param>
    /// <returns>What to do with it.</returns>
    MqttPublishDisposition Published(string clientId, in MqttMessage message, long token);

    /// <summary>A client asks to subscribe.</summary>
    /// <param name="clientId">Client identifier.</param>
    /// <param name="filter">Topic filter.</param>
    /// <returns>True to allow it.</returns>
    bool MaySubscribe(string clientId, string filter);

    /// <summary>A client's subscription is in force (SUBACK queued).</summary>
    /// <param name="clientId">Client identifier.</param>
    /// <param name="filter">Topic filter.</param>
    void Subscribed(string clientId, string filter);

    /// <summary>A message of the host with a ticket above 0 was settled.</summary>
    /// <param name="ticket">The ticket given to <see cref="IMqttServer.Publish"/>.</param>
    /// <param name="reasonCode">
    /// 0: the first subscriber has acknowledged it at QoS 1 or 2; copies for others are their own matter. 0x10: no matching subscriber with a QoS above 0 is
    /// connected, or all that were have gone: sessions without connection never hold a ticket open, and a message that nobody connected could take is not
    /// queued for them, since the host keeps it. 0x97: their queues are full. 0x80 and above: every one refused it, with the last one's reason. It may
    /// come before <see cref="IMqttServer.Publish"/> returns.
    /// </param>
    void Delivered(long ticket, byte reasonCode);

    /// <summary>The server closed a connection, or refused one, for what its peer did or did not do.</summary>
    /// <param name="peer">Client identifier, or the remote before CONNECT was accepted. Chosen by a stranger: to be shown escaped.</param>
    /// <param name="reasonCode">MQTT 5 reason code; 0 for none.</param>
    /// <param name="cause">Which kind of cause.</param>
    /// <param name="text">What happened, for logs. It may hold a stranger's text.</param>
    void ClosedForCause(string peer, byte reasonCode, MqttCloseCause cause, string text)
    {
    }

    /// <summary>An exception in the handling of one connection was caught, in the server, in this handler, or in the transport; that connection is closed and nothing else.</summary>
    /// <param name="peer">Client identifier, or the remote before CONNECT was accepted; empty when no connection is concerned. To be shown escaped.</param>
    /// <param name="exception">What was thrown.</param>
    void Faulted(string peer, Exception exception)
    {
    }
}

/// <summary>A server's protocol state machines, without I/O. Not thread safe: one loop owns it.</summary>
public interface IMqttServer
{
    /// <summary>A transport has accepted a peer.</summary>
    /// <param name="connection">The outward half.</param>
    /// <param name="remote">The peer, for logs.</param>
    /// <param name="certificate">The verified client certificate, or null.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>The inward half.</returns>
    IMqttServerConnection Accept(IMqttConnection connection, string remote, MqttPeerCertificate? certificate, long nowUs);

    /// <summary>The host publishes to subscribers of the embedded endpoint.</summary>
    /// <param name="message">The message; its payload is copied.</param>
    /// <param name="ticket">Above 0 (QoS 1 only): settled by <see cref="IMqttServerHandler.Delivered"/>. 0: not reported. Below 0: a view, for subscribers at QoS 0 only, who take no part in delivery; not reported, not retained.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Publish(in MqttMessage message, long ticket, long nowUs);

    /// <summary>Sends the PUBACK of a deferred message. PUBACKs leave in the order of their PUBLISHes; a token that is void is ignored.</summary>
    /// <param name="token">The token.</param>
    /// <param name="reasonCode">0, or an MQTT 5 reason code.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Acknowledge(long token, byte reasonCode, long nowUs);

    /// <summary>Tells whether a client's session has a subscription: one that was kept has it without a new SUBSCRIBE.</summary>
    /// <param name="clientId">Client identifier.</param>
    /// <returns>True when it has; a server that cannot tell says true.</returns>
    bool HasSubscriptions(string clientId) => true;

    /// <summary>Closes one client's connection (administrative action).</summary>
    /// <param name="clientId">Client identifier.</param>
    /// <param name="reasonCode">MQTT 5 reason code for the DISCONNECT.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Disconnect(string clientId, byte reasonCode, long nowUs);

    /// <summary>Keep-alive, expiry, resends.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next, µs; <see cref="long.MaxValue"/> for no deadline.</returns>
    long Step(long nowUs);
}

/// <summary>The inward half of one accepted connection.</summary>
public interface IMqttServerConnection
{
    /// <summary>Bytes arrived.</summary>
    /// <param name="bytes">The bytes, in any chunks.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Received(ReadOnlySpan<byte> bytes, long nowUs);

    /// <summary>The outward half has room again: bytes that waited have gone. Optional; without it <see cref="IMqttServer.Step"/> looks by itself.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Drained(long nowUs);

    /// <summary>The transport is gone.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Closed(long nowUs);

    /// <summary>The transport caught an exception in what it did for this connection; it ends.</summary>
    /// <param name="exception">What was thrown.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Faulted(Exception exception, long nowUs) => Closed(nowUs);
}

/// <summary>When a server sends what it has retained (MQTT 5.0, 3.8.3.1). Under 3.1.1 always <see cref="AtSubscribe"/>.</summary>
public enum MqttRetainHandling : byte
{
    /// <summary>At each subscription.</summary>
    AtSubscribe = 0,

    /// <summary>At a subscription that did not exist.</summary>
    IfNew = 1,

    /// <summary>Never.</summary>
    Never = 2,
}

/// <summary>How to subscribe (MQTT 5.0, 3.8.3.1). Under 3.1.1 none of it is sent, and a message that was retained earlier comes with its retain flag set.</summary>
public readonly record struct MqttSubscribeOptions
{
    /// <summary>When the server sends what it has retained.</summary>
    public MqttRetainHandling RetainHandling { get; init; }

    /// <summary>True: a message keeps the retain flag with which it was published, also when it comes at once. False: only one that was retained earlier has it.</summary>
    public bool RetainAsPublished { get; init; }

    /// <summary>True: what this client publishes does not come back to it.</summary>
    public bool NoLocal { get; init; }
}

/// <summary>What the server said in CONNACK that it takes (MQTT 5.0, 3.2.2.3). Under 3.1.1 nothing is said: <see cref="None"/>.</summary>
public sealed record MqttServerLimits
{
    /// <summary>No limits.</summary>
    public static readonly MqttServerLimits None = new();

    /// <summary>Messages of QoS 1 and 2 that may be unacknowledged, 1 to 65,535.</summary>
    public int ReceiveMaximum { get; init; } = ushort.MaxValue;

    /// <summary>Longest packet, bytes with its fixed header; <see cref="long.MaxValue"/> for any. A longer PUBLISH is answered with 0x95 by the client itself.</summary>
    public long MaximumPacketSize { get; init; } = long.MaxValue;

    /// <summary>Highest quality of service. A PUBLISH above it is answered with 0x9B by the client itself.</summary>
    public MqttQos MaximumQos { get; init; } = MqttQos.ExactlyOnce;

    /// <summary>False: the server retains nothing (<see cref="MqttClientOptions.UnretainedWhenUnavailable"/> says what becomes of retained messages).</summary>
    public bool RetainAvailable { get; init; } = true;

    /// <summary>False: a filter with a wildcard is answered with 0xA2 by the client itself.</summary>
    public bool WildcardsAvailable { get; init; } = true;

    /// <summary>False: a shared subscription is answered with 0x9E by the client itself.</summary>
    public bool SharedSubscriptionsAvailable { get; init; } = true;

    /// <summary>Topic aliases that the server takes, 0 to 65,535.</summary>
    public int TopicAliasMaximum { get; init; }

    /// <summary>Keep-alive that the server asks for, s; null for the client's own.</summary>
    public ushort? KeepAliveSeconds { get; init; }
}

/// <summary>Who ended a client's connection, and by what.</summary>
public enum MqttLossKind : byte
{
    /// <summary>There was no loss, or a client that does not say.</summary>
    Unknown,

    /// <summary>This side disconnected.</summary>
    OwnWish,

    /// <summary>The transport closed, and nobody said why.</summary>
    Transport,

    /// <summary>CONNACK refused; the reason is the server's.</summary>
    Refused,

    /// <summary>DISCONNECT of the server; the reason is the server's.</summary>
    Disconnected,

    /// <summary>No CONNACK, or no answer to a ping: the peer may be dead.</summary>
    Silent,

    /// <summary>The server lives, and does not acknowledge what it was sent, or does not take it from the network (<see cref="MqttClientOptions.AnswerTimeoutSeconds"/>).</summary>
    Unanswered,

    /// <summary>The server broke the protocol, or the bytes are no MQTT.</summary>
    BrokenProtocol,
}

/// <summary>The application behind a client. Every call comes on the client's loop.</summary>
public interface IMqttClientHandler
{
    /// <summary>CONNACK accepted the connection.</summary>
    /// <param name="sessionPresent">True when the server kept the session; QoS 1 messages in flight are sent again with DUP by the client itself.</param>
    void Connected(bool sessionPresent);

    /// <summary>The connection was refused or is gone; <see cref="IMqttClient.LastLoss"/> says who ended it. Tickets in flight stay owned by the client's session when the options say so, else they are void.</summary>
    /// <param name="reasonCode">MQTT 5 reason code, 0 when the transport just closed.</param>
    /// <param name="text">What happened, for logs.</param>
    void Lost(byte reasonCode, string text);

    /// <summary>A ticket is settled: by PUBACK, PUBCOMP or a refusing PUBREC, or by the client itself for what <see cref="IMqttClient.ServerLimits"/> do not allow. A refusal is about this message alone; the connection goes on.</summary>
    /// <param name="ticket">The ticket given to <see cref="IMqttClient.TryPublish"/>.</param>
    /// <param name="reasonCode">0 or an MQTT 5 reason code (0x10: no matching subscribers). The client's own: 0x95 longer than the server takes; 0x9A retained, and the server retains nothing; 0x9B above the server's Maximum QoS. These three come inside <see cref="IMqttClient.TryPublish"/> or when a message is sent again, nothing was sent, and trying again on this connection gives the same answer.</param>
    void Acknowledged(long ticket, byte reasonCode);

    /// <summary>A message arrived. QoS 1 is acknowledged when the call returns true; on false it is acknowledged by <see cref="IMqttClient.Acknowledge"/>.</summary>
    /// <param name="message">The message; its payload is valid during the call only.</param>
    /// <param name="token">Names it for <see cref="IMqttClient.Acknowledge"/>.</param>
    /// <returns>True to acknowledge now.</returns>
    bool Received(in MqttMessage message, long token);

    /// <summary>SUBACK, or the client's own answer for what the server has said that it does not take.</summary>
    /// <param name="filter">Topic filter.</param>
    /// <param name="reasonCode">Granted QoS, or 0x80 and above for refused.</param>
    void Subscribed(string filter, byte reasonCode);
}

/// <summary>A client's protocol state machine over one logical session and many connections, without I/O. Not thread safe.</summary>
public interface IMqttClient
{
    /// <summary>True between CONNACK and the loss of the connection.</summary>
    bool IsConnected { get; }

    /// <summary>QoS 1 messages sent and not acknowledged.</summary>
    int InFlight { get; }

    /// <summary>What the server of the present connection takes; that of the last one while there is none.</summary>
    MqttServerLimits ServerLimits => MqttServerLimits.None;

    /// <summary>Who ended the last connection; already right inside <see cref="IMqttClientHandler.Lost"/>.</summary>
    MqttLossKind LastLoss => MqttLossKind.Unknown;

    /// <summary>When the oldest packet was sent that the server still owes an answer for on the present connection, µs; <see cref="long.MaxValue"/> for none.</summary>
    long UnansweredSinceUs => long.MaxValue;

    /// <summary>A transport is up: CONNECT is sent.</summary>
    /// <param name="connection">The outward half.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Open(IMqttConnection connection, long nowUs);

    /// <summary>Bytes arrived.</summary>
    /// <param name="bytes">The bytes, in any chunks.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Received(ReadOnlySpan<byte> bytes, long nowUs);

    /// <summary>The transport is gone.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Closed(long nowUs);

    /// <summary>Publishes.</summary>
    /// <param name="message">The message; its payload is copied.</param>
    /// <param name="ticket">Named by <see cref="IMqttClientHandler.Acknowledged"/>: for QoS 1 and 2 when it is settled, for QoS 0 only when the client itself discards the message.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False when not connected, when the window (the smaller of the option and the server's Receive Maximum) is full, or when the connection's queue is above its bound; nothing was sent.</returns>
    bool TryPublish(in MqttMessage message, long ticket, long nowUs);

    /// <summary>Subscribes; may be called before there is a connection, and is repeated by the client itself, once, after a connection without session.</summary>
    /// <param name="filter">Topic filter.</param>
    /// <param name="qos">Highest quality of service wanted.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Subscribe(string filter, MqttQos qos, long nowUs);

    /// <summary>The same with a say in what is retained. A client that does not know these options subscribes without them.</summary>
    /// <param name="filter">Topic filter.</param>
    /// <param name="qos">Highest quality of service wanted.</param>
    /// <param name="options">How.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Subscribe(string filter, MqttQos qos, MqttSubscribeOptions options, long nowUs) => Subscribe(filter, qos, nowUs);

    /// <summary>Acknowledges a message whose <see cref="IMqttClientHandler.Received"/> returned false.</summary>
    /// <param name="token">The token; ignored when void.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Acknowledge(long token, long nowUs);

    /// <summary>Sends DISCONNECT and closes.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Disconnect(long nowUs);

    /// <summary>Keep-alive and timeouts.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next, µs.</returns>
    long Step(long nowUs);
}

/// <summary>How to be a client.</summary>
public sealed record MqttClientOptions
{
    /// <summary>Client identifier, 1 to 65,535 bytes of UTF-8.</summary>
    public required string ClientId { get; init; }

    /// <summary>Protocol level.</summary>
    public MqttVersion Version { get; init; } = MqttVersion.V5;

    /// <summary>True to begin with no session on the server.</summary>
    public bool CleanStart { get; init; }

    /// <summary>How long the server keeps the session after the connection, seconds (MQTT 5).</summary>
    public uint SessionExpirySeconds { get; init; }

    /// <summary>Keep-alive in seconds, 0 to 65,535; 0 switches it off.</summary>
    public ushort KeepAliveSeconds { get; init; } = 30;

    /// <summary>Most QoS 1 messages in flight, 1 to 65,535.</summary>
    public int Window { get; init; } = 32;

    /// <summary>Our own Receive Maximum, announced to the server.</summary>
    public ushort ReceiveMaximum { get; init; } = 64;

    /// <summary>True: messages in flight survive the loss of a connection and are sent again with DUP when the session is resumed. False: they are void at the loss and the caller sends again.</summary>
    public bool KeepInFlight { get; init; }

    /// <summary>User name, or null.</summary>
    public string? UserName { get; init; }

    /// <summary>Password; empty when absent.</summary>
    public ReadOnlyMemory<byte> Password { get; init; }

    /// <summary>The will, or null.</summary>
    public MqttMessage? Will { get; init; }

    /// <summary>Seconds from the loss of the connection to the publication of the will (MQTT 5).</summary>
    public uint WillDelaySeconds { get; init; }

    /// <summary>Above this many pending bytes in the transport, TryPublish refuses.</summary>
    public int MaxPendingBytes { get; init; } = 256 * 1024;

    /// <summary>Longest packet accepted, bytes.</summary>
    public int MaxPacketLength { get; init; } = 1024 * 1024;

    /// <summary>
    /// How long the server may owe an answer (PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK), and how long the transport may take no byte, s, 1 to 3,600. Beyond it the
    /// connection is closed and reported as lost, whatever else the server answers.
    /// </summary>
    public int AnswerTimeoutSeconds { get; init; } = 30;

    /// <summary>What becomes of retained messages when the server retains nothing. True: they are sent unretained. False: answered with 0x9A.</summary>
    public bool UnretainedWhenUnavailable { get; init; }
}
