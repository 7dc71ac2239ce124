using System;
using System.Collections.Generic;

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
/// <param name="CertificateSubject">Subject of the verified client certificate, or null.</param>
/// <param name="Remote">The peer, for logs.</param>
/// <param name="Version">Protocol level.</param>
public readonly record struct MqttConnectRequest(
    string ClientId, string? UserName, ReadOnlyMemory<byte> Password, string? CertificateSubject, string Remote, MqttVersion Version)
{
    /// <summary>What carries the connection.</summary>
    public MqttTransport Transport { get; init; }
}

/// <summary>The application behind a server. Every call comes on the server's loop.</summary>
public interface IMqttServerHandler
{
    /// <summary>Decides on a CONNECT.</summary>
    /// <param name="request">Who asks.</param>
    /// <returns>0 to accept, else an MQTT 5 reason code (0x87 not authorised, ...), translated for 3.1.1.</returns>
    byte Connecting(in MqttConnectRequest request);

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
    /// <param name="reasonCode">0: at least one subscriber acknowledged it at QoS 1. 0x10: no matching subscriber with a QoS above 0 is connected or has a session, or all of them went away for good. 0x97: their queues are full. 0x80 and above: every one refused it, with the last one's reason. It may come before <see cref="IMqttServer.Publish"/> returns.</param>
    void Delivered(long ticket, byte reasonCode);
}

/// <summary>A server's protocol state machines, without I/O. Not thread safe: one loop owns it.</summary>
public interface IMqttServer
{
    /// <summary>A transport has accepted a peer.</summary>
    /// <param name="connection">The outward half.</param>
    /// <param name="remote">The peer, for logs.</param>
    /// <param name="certificateSubject">Subject of the verified client certificate, or null.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>The inward half.</returns>
    IMqttServerConnection Accept(IMqttConnection connection, string remote, string? certificateSubject, long nowUs);

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
    /// <param name="bytes">The bytes, in any pieces.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Received(ReadOnlySpan<byte> bytes, long nowUs);

    /// <summary>The outward half has room again: bytes that waited have gone. Optional; without it <see cref="IMqttServer.Step"/> looks by itself.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Drained(long nowUs);

    /// <summary>The transport is gone.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Closed(long nowUs);
}

/// <summary>The application behind a client. Every call comes on the client's loop.</summary>
public interface IMqttClientHandler
{
    /// <summary>CONNACK accepted the connection.</summary>
    /// <param name="sessionPresent">True when the server kept the session; QoS 1 messages in flight are sent again with DUP by the client itself.</param>
    void Connected(bool sessionPresent);

    /// <summary>The connection was refused or is gone. Tickets in flight stay owned by the client's session when the options say so, else they are void.</summary>
    /// <param name="reasonCode">MQTT 5 reason code, 0 when the transport just closed.</param>
    /// <param name="text">What happened, for logs.</param>
    void Lost(byte reasonCode, string text);

    /// <summary>PUBACK for a ticket.</summary>
    /// <param name="ticket">The ticket given to <see cref="IMqttClient.TryPublish"/>.</param>
    /// <param name="reasonCode">0 or an MQTT 5 reason code (0x10: no matching subscribers).</param>
    void Acknowledged(long ticket, byte reasonCode);

    /// <summary>A message arrived. QoS 1 is acknowledged when the call returns true; on false it is acknowledged by <see cref="IMqttClient.Acknowledge"/>.</summary>
    /// <param name="message">The message; its payload is valid during the call only.</param>
    /// <param name="token">Names it for <see cref="IMqttClient.Acknowledge"/>.</param>
    /// <returns>True to acknowledge now.</returns>
    bool Received(in MqttMessage message, long token);

    /// <summary>SUBACK.</summary>
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

    /// <summary>A transport is up: CONNECT is sent.</summary>
    /// <param name="connection">The outward half.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Open(IMqttConnection connection, long nowUs);

    /// <summary>Bytes arrived.</summary>
    /// <param name="bytes">The bytes, in any pieces.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Received(ReadOnlySpan<byte> bytes, long nowUs);

    /// <summary>The transport is gone.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Closed(long nowUs);

    /// <summary>Publishes.</summary>
    /// <param name="message">The message; its payload is copied.</param>
    /// <param name="ticket">Named by <see cref="IMqttClientHandler.Acknowledged"/> for QoS 1; ignored for QoS 0.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False when not connected, when the window (the smaller of the option and the server's Receive Maximum) is full, or when the connection's queue is above its bound; nothing was sent.</returns>
    bool TryPublish(in MqttMessage message, long ticket, long nowUs);

    /// <summary>Subscribes; repeated by the client itself after a connection without session.</summary>
    /// <param name="filter">Topic filter.</param>
    /// <param name="qos">Highest quality of service wanted.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Subscribe(string filter, MqttQos qos, long nowUs);

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
}
