using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt.Codec;
using EdgeGateway.Mqtt.Server;
using EdgeGateway.Mqtt.Session;
using EdgeGateway.Mqtt.Topics;

namespace EdgeGateway.Mqtt;

/// <summary>
/// The server side of MQTT 3.1.1 and 5.0 for any number of connections, without I/O, threads or clock. The same calls in the
/// same order with the same times give the same bytes.
/// </summary>
public sealed partial class MqttServer : IMqttServer
{
    /// <summary>How often a connection whose transport is full is looked at when nobody calls <see cref="IMqttServerConnection.Drained"/>, µs.</summary>
    private const long BlockedPollUs = 5_000;

    /// <summary>A connection is closed when this many times <see cref="MqttServerOptions.MaxPendingBytes"/> wait in it.</summary>
    private const int PendingCloseFactor = 4;

    private readonly MqttServerOptions _options;
    private readonly IMqttServerHandler _handler;
    private readonly DeadlineHeap _deadlines = new();
    private readonly Dictionary<string, ServerSession> _sessions = new(StringComparer.Ordinal);
    private readonly LinkedList<ServerConnection> _connections = new();
    private readonly Dictionary<ServerConnection, LinkedListNode<ServerConnection>> _connectionNodes = [];
    private readonly SubscriptionTree<Subscription> _subscriptions = new();
    private readonly TopicTree<RetainedMessage> _retained = new();
    private readonly Dictionary<long, (ServerConnection Connection, long Number)> _deferred = [];
    private readonly Queue<(long Ticket, byte Reason)> _settled = new();
    private readonly Queue<MqttDrop> _drops = new();
    private readonly Queue<(string ClientId, MqttMessage Will)> _wills = new();
    private readonly List<Subscription> _matches = [];
    private readonly List<ServerSession> _targets = [];
    private readonly List<RetainedMessage> _retainedMatches = [];
    private readonly WireWriter _writer = new();
    private long _retainedBytes;
    private long _lastToken;
    private long _lastAssigned;
    private long _matchStamp;
    private int _depth;
    private bool _notifying;

    /// <summary>Makes a server with no connections and no sessions.</summary>
    /// <param name="options">How to be a server.</param>
    /// <param name="handler">The application.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside of its range.</exception>
    public MqttServer(MqttServerOptions options, IMqttServerHandler handler)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ReceiveMaximum, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxInFlight, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxInFlight, 65_000, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxPacketLength, 64, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxPendingBytes, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxUnacknowledged311, 1, nameof(options));
        _options = options;
        _handler = handler;
    }

    /// <summary>What has been counted since the start.</summary>
    public MqttServerCounters Counters { get; } = new();

    /// <summary>Connections, with or without CONNECT.</summary>
    public int ConnectionCount => _connections.Count;

    /// <summary>Sessions, connected or not.</summary>
    public int SessionCount => _sessions.Count;

    /// <summary>Retained messages.</summary>
    public int RetainedCount => _retained.Count;

    /// <summary>Tells whether a client has a connection now.</summary>
    /// <param name="clientId">Client identifier.</param>
    /// <returns>True when it has.</returns>
    public bool IsConnected(string clientId) => _sessions.TryGetValue(clientId, out ServerSession? session) && session.Connection is not null;

    /// <summary>How many messages a session holds.</summary>
    /// <param name="clientId">Client identifier.</param>
    /// <param name="queued">Messages in the queue.</param>
    /// <param name="queuedBytes">What they count for, bytes.</param>
    /// <param name="inFlight">Messages in flight.</param>
    /// <returns>False when there is no such session.</returns>
    public bool TryGetBacklog(string clientId, out int queued, out long queuedBytes, out int inFlight)
    {
        bool found = _sessions.TryGetValue(clientId, out ServerSession? session);
        queued = session?.Queue.Count ?? 0;
        queuedBytes = session?.QueuedBytes ?? 0;
        inFlight = session?.Window.Count ?? 0;
        return found;
    }

    /// <inheritdoc/>
    public IMqttServerConnection Accept(IMqttConnection connection, string remote, string? certificateSubject, long nowUs)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var accepted = new ServerConnection(this, connection, remote, certificateSubject, _options.MaxPacketLength);
        if (_connections.Count >= _options.MaxConnections)
        {
            accepted.IsClosed = true;
            _options.Closing?.Invoke(remote, MqttReason.QuotaExceeded, $"more than {_options.MaxConnections} connections");
            connection.Close();
            return accepted;
        }

        _connectionNodes.Add(accepted, _connections.AddLast(accepted));
        _deadlines.Set(accepted.Timer, nowUs + (_options.ConnectTimeoutSeconds * 1_000_000L));
        return accepted;
    }

    /// <inheritdoc/>
    /// <remarks><see cref="IMqttServerHandler.Delivered"/> may come before this returns.</remarks>
    public void Publish(in MqttMessage message, long ticket, long nowUs)
    {
        if (!MqttTopics.IsValidName(message.Topic) || message.Topic.Length > Wire.MaxField)
        {
            throw new ArgumentException("the topic is not a valid topic name", nameof(message));
        }

        if (ticket > 0 && message.Qos == MqttQos.AtMostOnce)
        {
            throw new ArgumentException("a ticket needs QoS 1: QoS 0 is never acknowledged", nameof(message));
        }

        Enter();
        Route(publisher: null, message, ticket, nowUs);
        Leave(nowUs);
    }

    /// <inheritdoc/>
    public void Acknowledge(long token, byte reasonCode, long nowUs)
    {
        if (!_deferred.Remove(token, out (ServerConnection Connection, long Number) owed))
        {
            return;
        }

        Enter();
        owed.Connection.Acks.Complete(owed.Number, reasonCode);
        SendAcks(owed.Connection, nowUs);
        Leave(nowUs);
    }

    /// <inheritdoc/>
    public void Disconnect(string clientId, byte reasonCode, long nowUs)
    {
        if (_sessions.TryGetValue(clientId, out ServerSession? session) && session.Connection is { } connection)
        {
            Enter();
            Close(connection, reasonCode, "closed by the application", nowUs);
            Leave(nowUs);
        }
    }

    /// <summary>Closes every connection with 0x8B, server shutting down. Wills are published to nobody who is gone.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Stop(long nowUs)
    {
        Enter();
        while (_connections.First is { } node)
        {
            Close(node.Value, MqttReason.ServerShuttingDown, "the server is stopping", nowUs);
        }

        Leave(nowUs);
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        Enter();
        while (_deadlines.TakeDue(nowUs) is { } due)
        {
            switch (due.Kind)
            {
                case DeadlineKind.Connection:
                    OnConnectionTimer((ServerConnection)due.Owner, nowUs);
                    break;
                case DeadlineKind.SessionExpiry:
                    EndSession((ServerSession)due.Owner);
                    break;
                case DeadlineKind.WillDelay:
                    ReleaseWill((ServerSession)due.Owner);
                    break;
                case DeadlineKind.RetainedExpiry:
                    RemoveRetained((RetainedMessage)due.Owner);
                    break;
            }
        }

        Leave(nowUs);
        return _deadlines.NextUs;
    }

    internal void OnReceived(ServerConnection connection, ReadOnlySpan<byte> bytes, long nowUs)
    {
        if (connection.IsClosed)
        {
            return;
        }

        if (connection.IsReceiving)
        {
            throw new InvalidOperationException("Received was called from inside Received of the same connection; queue the bytes");
        }

        Enter();
        connection.IsReceiving = true;
        connection.HeardUs = nowUs;
        try
        {
            while (!connection.IsClosed && connection.Framer.TryRead(ref bytes))
            {
                Handle(connection, nowUs);
                if (connection.Transport.PendingBytes > (long)_options.MaxPendingBytes * PendingCloseFactor)
                {
                    Fail(connection, MqttReason.QuotaExceeded, "the client does not read what it is sent", nowUs);
                }
            }
        }
        catch (MqttProtocolException e)
        {
            OnProtocolError(connection, e, nowUs);
        }
        finally
        {
            connection.IsReceiving = false;
            Leave(nowUs);
        }
    }

    internal void OnDrained(ServerConnection connection, long nowUs)
    {
        if (!connection.IsClosed && connection.Session is { } session)
        {
            Enter();
            Pump(session, nowUs);
            Leave(nowUs);
        }
    }

    internal void OnClosed(ServerConnection connection, long nowUs)
    {
        if (!connection.IsClosed)
        {
            Enter();
            Detach(connection, publishWill: true, nowUs);
            Leave(nowUs);
        }
    }

    private void Enter() => _depth++;

    /// <summary>Tells the application what happened, once the server's state is whole again.</summary>
    private void Leave(long nowUs)
    {
        if (--_depth > 0 || _notifying)
        {
            return;
        }

        _notifying = true;
        try
        {
            while (true)
            {
                if (_settled.TryDequeue(out (long Ticket, byte Reason) settled))
                {
                    _handler.Delivered(settled.Ticket, settled.Reason);
                }
                else if (_drops.TryDequeue(out MqttDrop drop))
                {
                    _options.Dropped?.Invoke(drop);
                }
                else if (_wills.TryDequeue(out (string ClientId, MqttMessage Will) will))
                {
                    // A will is a message of the client like any other; nobody waits for its acknowledgement.
                    if (_handler.Published(will.ClientId, will.Will, 0) == MqttPublishDisposition.Accept)
                    {
                        Route(null, will.Will, 0, nowUs);
                    }
                }
                else
                {
                    return;
                }
            }
        }
        finally
        {
            _notifying = false;
        }
    }

    private void OnConnectionTimer(ServerConnection connection, long nowUs)
    {
        if (connection.IsClosed)
        {
            return;
        }

        if (connection.Session is null)
        {
            Close(connection, null, $"no CONNECT within {_options.ConnectTimeoutSeconds} s", nowUs);
        }
        else if (connection.SilenceUs > 0 && nowUs - connection.HeardUs >= connection.SilenceUs)
        {
            Close(connection, MqttReason.KeepAliveTimeout, "nothing was heard for one and a half times the keep-alive", nowUs);
        }
        else
        {
            if (connection.IsBlocked)
            {
                Pump(connection.Session, nowUs);
            }

            SetTimer(connection, nowUs);
        }
    }

    private void SetTimer(ServerConnection connection, long nowUs)
    {
        long due = connection.SilenceUs > 0 ? connection.HeardUs + connection.SilenceUs : long.MaxValue;
        if (connection.IsBlocked)
        {
            due = Math.Min(due, nowUs + BlockedPollUs);
        }

        _deadlines.Set(connection.Timer, due);
    }

    private void OnProtocolError(ServerConnection connection, MqttProtocolException error, long nowUs)
    {
        if (connection.Session is null && connection.Framer.Type == PacketType.Connect)
        {
            RefuseMalformedConnect(connection, error, nowUs);
            return;
        }

        Fail(connection, error.ReasonCode, error.Message, nowUs);
    }

    /// <summary>Closes a connection because of what the client did.</summary>
    private void Fail(ServerConnection connection, byte reason, string text, long nowUs)
    {
        Counters.ClosedForCause++;
        Close(connection, reason, text, nowUs);
    }

    private void Close(ServerConnection connection, byte? reason, string text, long nowUs)
    {
        if (connection.IsClosed)
        {
            return;
        }

        _options.Closing?.Invoke(connection.Name, reason ?? 0, text);
        if (reason is { } code && connection.Version == MqttVersion.V5 && connection.Session is not null)
        {
            PacketWriter.Reason(_writer, PacketType.Disconnect, MqttVersion.V5, code);
            connection.Transport.Write(_writer.Packet);
        }

        Detach(connection, publishWill: true, nowUs);
    }

    private void Detach(ServerConnection connection, bool publishWill, long nowUs)
    {
        connection.IsClosed = true;
        _deadlines.Set(connection.Timer, long.MaxValue);
        if (_connectionNodes.Remove(connection, out LinkedListNode<ServerConnection>? node))
        {
            _connections.Remove(node);
        }

        connection.Acks.Clear(token => _deferred.Remove(token), connection.Session?.Unreleased);
        connection.Transport.Close();
        if (connection.Session is not { } session)
        {
            return;
        }

        session.Connection = null;
        _handler.Disconnected(session.ClientId);
        if (session.Ended || session.Connection is not null)
        {
            return;
        }

        if (publishWill && connection.Will is { } will)
        {
            session.DelayedWill = will;
            if (connection.WillDelaySeconds == 0)
            {
                ReleaseWill(session);
            }
            else
            {
                _deadlines.Set(session.WillDelay, nowUs + (connection.WillDelaySeconds * 1_000_000L));
            }
        }

        if (session.ExpirySeconds == 0)
        {
            EndSession(session);
        }
        else if (session.ExpirySeconds != uint.MaxValue)
        {
            _deadlines.Set(session.Expiry, nowUs + (session.ExpirySeconds * 1_000_000L));
        }
    }

    private void ReleaseWill(ServerSession session)
    {
        _deadlines.Set(session.WillDelay, long.MaxValue);
        if (session.DelayedWill is { } will)
        {
            session.DelayedWill = null;
            _wills.Enqueue((session.ClientId, will));
        }
    }

    /// <summary>The session is over: the will that waited is due (3.1.3.2.2), subscriptions and messages go.</summary>
    private void EndSession(ServerSession session)
    {
        if (session.Ended)
        {
            return;
        }

        session.Ended = true;
        ReleaseWill(session);
        _deadlines.Set(session.Expiry, long.MaxValue);
        _sessions.Remove(session.ClientId);
        foreach (Subscription subscription in session.Subscriptions.Values)
        {
            _subscriptions.Remove(subscription.Filter, subscription);
        }

        session.Subscriptions.Clear();
        while (session.Window.Entries.First is { } inFlight)
        {
            session.Window.Remove(inFlight);
            if (inFlight.State == OutboundState.Published)
            {
                Drop(session, inFlight.Message, MqttDropReason.SessionEnded, MqttReason.NoMatchingSubscribers);
            }
        }

        while (session.Queue.First is { } queued)
        {
            Unqueue(session, queued);
            Drop(session, queued.Message, MqttDropReason.SessionEnded, MqttReason.NoMatchingSubscribers);
        }
    }

    private void Drop(ServerSession session, StoredMessage message, MqttDropReason reason, byte code)
    {
        NoteDrop(session.ClientId, message.Topic, reason);
        Complete(message, code);
    }

    private void NoteDrop(string clientId, string topic, MqttDropReason reason)
    {
        Counters.CountDrop(reason);
        if (_options.Dropped is not null)
        {
            _drops.Enqueue(new MqttDrop(clientId, topic, reason));
        }
    }

    /// <summary>One receiver of a message is done with it.</summary>
    private void Complete(StoredMessage message, byte reason)
    {
        message.Outstanding--;
        if (message.Ticket == 0 || message.Settled)
        {
            return;
        }

        if (reason < 0x80 && reason != MqttReason.NoMatchingSubscribers)
        {
            message.Settled = true;
            _settled.Enqueue((message.Ticket, MqttReason.Success));
            return;
        }

        if (reason != MqttReason.NoMatchingSubscribers)
        {
            message.FailureReason = reason;
        }

        if (message.Outstanding == 0)
        {
            message.Settled = true;
            _settled.Enqueue((message.Ticket, message.FailureReason));
        }
    }
}
