using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt.Codec;
using EdgeGateway.Mqtt.Session;
using EdgeGateway.Mqtt.Topics;

namespace EdgeGateway.Mqtt.Server;

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

    /// <summary>However steadily others are acknowledged, no message waits longer than this many times <see cref="MqttServerOptions.MaxUnacknowledgedSeconds"/>.</summary>
    private const int UnacknowledgedFactor = 4;

    private readonly MqttServerOptions _options;
    private readonly IMqttServerHandler _handler;
    private readonly DeadlineHeap _deadlines = new();
    private readonly Dictionary<string, ServerSession> _sessions = new(StringComparer.Ordinal);
    private readonly LinkedList<ServerConnection> _connections = new();
    private readonly LinkedList<ServerConnection> _unidentified = new();
    private readonly LinkedList<ServerSession> _absent = new();
    private readonly Dictionary<string, int> _byAddress = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SessionGroup> _groups = new(StringComparer.Ordinal);
    private readonly SubscriptionTree<Subscription> _subscriptions = new();
    private readonly TopicTree<RetainedMessage> _retained = new();
    private readonly Dictionary<long, (ServerConnection Connection, long Number)> _deferred = [];
    private readonly Queue<(long Ticket, byte Reason)> _settled = new();
    private readonly Queue<MqttDrop> _drops = new();
    private readonly Queue<(string ClientId, MqttMessage Will)> _wills = new();
    private readonly Queue<(ServerConnection Connection, Exception Exception, bool EndSession)> _failed = new();
    private readonly Queue<(string Peer, byte Reason, MqttCloseCause Cause, string Text)> _causes = new();
    private readonly List<Subscription> _matches = [];
    private readonly List<ServerSession> _targets = [];
    private readonly List<RetainedMessage> _retainedMatches = [];
    private readonly WireWriter _writer = new();
    private long _retainedBytes;
    private long _queuedBytes;
    private int _reservedConnections;
    private int _identified;
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
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxUnidentified, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxUnacknowledgedSeconds, nameof(options));
        _options = options;
        _handler = handler;
    }

    /// <summary>What has been counted since the start.</summary>
    public MqttServerCounters Counters { get; } = new();

    /// <summary>Connections, with or without CONNECT.</summary>
    public int ConnectionCount => _connections.Count;

    /// <summary>Sessions, connected or not.</summary>
    public int SessionCount => _sessions.Count;

    /// <summary>Connections of which no CONNECT has been accepted.</summary>
    public int UnidentifiedCount => _unidentified.Count;

    /// <summary>Sessions without connection.</summary>
    public int AbsentSessionCount => _absent.Count;

    /// <summary>Bytes queued for all sessions, as <see cref="MqttServerOptions.MaxQueuedBytesInAll"/> counts them.</summary>
    public long QueuedBytes => _queuedBytes;

    /// <summary>Retained messages.</summary>
    public int RetainedCount => _retained.Count;

    /// <summary>Tells whether a client has a connection now.</summary>
    /// <param name="clientId">Client identifier.</param>
    /// <returns>True when it has.</returns>
    public bool IsConnected(string clientId) => _sessions.TryGetValue(clientId, out ServerSession? session) && session.Connection is not null;

    /// <inheritdoc/>
    public bool HasSubscriptions(string clientId) => _sessions.TryGetValue(clientId, out ServerSession? session) && session.Subscriptions.Count > 0;

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
    public IMqttServerConnection Accept(IMqttConnection connection, string remote, MqttPeerCertificate? certificate, long nowUs)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var accepted = new ServerConnection(this, connection, remote, certificate, Math.Min(_options.MaxConnectLength, _options.MaxPacketLength));
        int sameAddress = accepted.Address is { } address ? _byAddress.GetValueOrDefault(address) : 0;
        Enter();
        try
        {
            if (sameAddress >= _options.MaxConnectionsPerAddress)
            {
                accepted.IsDetached = true;
                NoteCause(remote, MqttReason.QuotaExceeded, MqttCloseCause.NoPlace, $"more than {_options.MaxConnectionsPerAddress} connections of one address");
                CloseTransport(accepted);
                return accepted;
            }

            if (_unidentified.Count >= _options.MaxUnidentified)
            {
                Counters.UnidentifiedGivenUp++;
                Close(_unidentified.First!.Value, null, $"more than {_options.MaxUnidentified} connections wait for their CONNECT; this one was the oldest", nowUs);
            }

            if (accepted.Address is { } counted)
            {
                _byAddress[counted] = sameAddress + 1;
            }

            accepted.Node = _connections.AddLast(accepted);
            accepted.UnidentifiedNode = _unidentified.AddLast(accepted);
            _deadlines.Set(accepted.Timer, nowUs + (_options.ConnectTimeoutSeconds * 1_000_000L));
        }
        finally
        {
            Leave(nowUs);
        }

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
        try
        {
            Route(publisher: null, message, ticket, nowUs);
        }
        finally
        {
            Leave(nowUs);
        }
    }

    /// <inheritdoc/>
    public void Acknowledge(long token, byte reasonCode, long nowUs)
    {
        if (!_deferred.Remove(token, out (ServerConnection Connection, long Number) owed))
        {
            return;
        }

        Enter();
        try
        {
            owed.Connection.Acks.Complete(owed.Number, reasonCode);
            SendAcks(owed.Connection, nowUs);
        }
        catch (Exception e)
        {
            Fault(owed.Connection, e, endSession: true);
        }
        finally
        {
            Leave(nowUs);
        }
    }

    /// <inheritdoc/>
    public void Disconnect(string clientId, byte reasonCode, long nowUs)
    {
        if (_sessions.TryGetValue(clientId, out ServerSession? session) && session.Connection is { } connection)
        {
            Enter();
            try
            {
                Close(connection, reasonCode, "closed by the application", nowUs);
            }
            finally
            {
                Leave(nowUs);
            }
        }
    }

    /// <summary>Closes every connection with 0x8B, server shutting down. Wills are published to nobody who is gone.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Stop(long nowUs)
    {
        Enter();
        try
        {
            while (_connections.First is { } node)
            {
                Close(node.Value, MqttReason.ServerShuttingDown, "the server is stopping", nowUs);
            }
        }
        finally
        {
            Leave(nowUs);
        }
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        Enter();
        try
        {
            while (_deadlines.TakeDue(nowUs) is { } due)
            {
                OnDue(due, nowUs);
            }
        }
        finally
        {
            Leave(nowUs);
        }

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
        connection.LastReceivedUs = nowUs;
        try
        {
            while (!connection.IsClosed && connection.Framer.TryRead(ref bytes))
            {
                Handle(connection, nowUs);
                if (connection.PendingBytes > (long)_options.MaxPendingBytes * PendingCloseFactor)
                {
                    Fail(connection, MqttReason.QuotaExceeded, "the client does not read what it is sent", nowUs);
                }
            }
        }
        catch (MqttProtocolException e)
        {
            OnProtocolError(connection, e, nowUs);
        }
        catch (Exception e)
        {
            // Whatever it was: it happened to this connection, and to nobody else.
            Fault(connection, e, endSession: true);
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
            try
            {
                Pump(session, nowUs);
            }
            catch (Exception e)
            {
                Fault(connection, e, endSession: true);
            }
            finally
            {
                Leave(nowUs);
            }
        }
    }

    internal void OnClosed(ServerConnection connection, long nowUs)
    {
        if (!connection.IsDetached)
        {
            Enter();
            try
            {
                Detach(connection, publishWill: true, nowUs);
            }
            catch (Exception e)
            {
                Fault(connection, e, endSession: true);
            }
            finally
            {
                Leave(nowUs);
            }
        }
    }

    /// <summary>The transport caught an exception of its own or of this server.</summary>
    internal void OnTransportFault(ServerConnection connection, Exception exception, long nowUs)
    {
        Enter();
        Fault(connection, exception, endSession: false);
        Leave(nowUs);
    }

    /// <summary>An exception was caught in the handling of one connection: nothing more is done for it, and it is closed once the server's state is whole.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="exception">What was thrown.</param>
    /// <param name="endSession">True when it may have left the session half changed: the session then ends too.</param>
    internal void Fault(ServerConnection connection, Exception exception, bool endSession)
    {
        if (connection.IsFaulted || connection.IsDetached)
        {
            NoteFault(connection.Name, exception);
            return;
        }

        connection.IsFaulted = true;
        _failed.Enqueue((connection, exception, endSession));
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
                try
                {
                    if (!TellNext(nowUs))
                    {
                        return;
                    }
                }
                catch (Exception e)
                {
                    NoteFault(string.Empty, e); // the application's own; the rest is told all the same
                }
            }
        }
        finally
        {
            _notifying = false;
        }
    }

    /// <returns>False when there is nothing left to tell.</returns>
    private bool TellNext(long nowUs)
    {
        if (_failed.TryDequeue(out (ServerConnection Connection, Exception Exception, bool EndSession) failed))
        {
            EndFaulted(failed.Connection, failed.Exception, failed.EndSession, nowUs);
        }
        else if (_settled.TryDequeue(out (long Ticket, byte Reason) settled))
        {
            _handler.Delivered(settled.Ticket, settled.Reason);
        }
        else if (_drops.TryDequeue(out MqttDrop drop))
        {
            _options.Dropped?.Invoke(drop);
        }
        else if (_causes.TryDequeue(out (string Peer, byte Reason, MqttCloseCause Cause, string Text) told))
        {
            _handler.ClosedForCause(told.Peer, told.Reason, told.Cause, told.Text);
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
            return false;
        }

        return true;
    }

    private void OnDue(Deadline due, long nowUs)
    {
        switch (due.Kind)
        {
            case DeadlineKind.Connection:
                var connection = (ServerConnection)due.Owner;
                try
                {
                    OnConnectionTimer(connection, nowUs);
                }
                catch (Exception e)
                {
                    Fault(connection, e, endSession: true);
                }

                break;
            case DeadlineKind.SessionExpiry:
                EndSessionSafely((ServerSession)due.Owner);
                break;
            case DeadlineKind.WillDelay:
                ReleaseWill((ServerSession)due.Owner);
                break;
            case DeadlineKind.RetainedExpiry:
                RemoveRetained((RetainedMessage)due.Owner);
                break;
        }
    }

    private void NoteFault(string peer, Exception exception)
    {
        Counters.Faults++;
        try
        {
            _handler.Faulted(peer, exception);
        }
        catch (Exception)
        {
            Counters.Faults++; // whoever cannot even be told has been counted
        }
    }

    private void TellClosing(string peer, byte reason, string text)
    {
        try
        {
            _options.Closing?.Invoke(peer, reason, text);
        }
        catch (Exception e)
        {
            NoteFault(peer, e);
        }
    }

    private void NoteCause(string peer, byte reason, MqttCloseCause cause, string text)
    {
        TellClosing(peer, reason, text);
        _causes.Enqueue((peer, reason, cause, text));
    }

    private void EndFaulted(ServerConnection connection, Exception exception, bool endSession, long nowUs)
    {
        NoteFault(connection.Name, exception);
        ServerSession? session = connection.Session;
        connection.IsFaulted = false; // the last words are tried; a transport that throws again is faulted and detached
        try
        {
            Close(connection, MqttReason.ImplementationSpecificError, "its handling failed: " + exception.GetType().Name, nowUs);
        }
        catch (Exception e)
        {
            connection.IsDetached = true;
            NoteFault(connection.Name, e);
        }

        connection.IsFaulted = true;
        if (endSession && session is not null && session.Connection is null)
        {
            EndSessionSafely(session);
        }
    }

    /// <summary>Ends a session that may be half changed: what cannot be undone in order is at least forgotten.</summary>
    private void EndSessionSafely(ServerSession session)
    {
        try
        {
            EndSession(session);
        }
        catch (Exception e)
        {
            NoteFault(session.ClientId, e);
            if (_sessions.TryGetValue(session.ClientId, out ServerSession? known) && known == session)
            {
                _sessions.Remove(session.ClientId);
            }

            LeaveBooks(session);
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
        else if (connection.SilenceUs > 0 && nowUs - connection.LastReceivedUs >= connection.SilenceUs)
        {
            Close(connection, MqttReason.KeepAliveTimeout, "nothing was heard for one and a half times the keep-alive", nowUs);
        }
        else if (AcknowledgementDueUs(connection.Session) <= nowUs)
        {
            Counters.Unacknowledged++;
            Fail(connection, MqttReason.QuotaExceeded, $"a message has waited for its acknowledgement longer than {_options.MaxUnacknowledgedSeconds} s", nowUs, MqttCloseCause.NotAcknowledged);
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
        long due = connection.SilenceUs > 0 ? connection.LastReceivedUs + connection.SilenceUs : long.MaxValue;
        if (connection.IsBlocked)
        {
            due = Math.Min(due, nowUs + BlockedPollUs);
        }

        if (connection.Session is { } session)
        {
            due = Math.Min(due, AcknowledgementDueUs(session));
        }

        _deadlines.Set(connection.Timer, due);
    }

    /// <summary>When the oldest message in flight must have been acknowledged, µs.</summary>
    private long AcknowledgementDueUs(ServerSession session)
    {
        if (_options.MaxUnacknowledgedSeconds == 0 || session.HeadSinceUs == long.MaxValue || session.Window.Entries.First is not { } head)
        {
            return long.MaxValue;
        }

        long boundUs = _options.MaxUnacknowledgedSeconds * 1_000_000L;
        long lastUs = head.SentUs == long.MaxValue ? long.MaxValue : head.SentUs + (UnacknowledgedFactor * boundUs);
        return Math.Min(session.HeadSinceUs + boundUs, lastUs);
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
    private void Fail(ServerConnection connection, byte reason, string text, long nowUs, MqttCloseCause cause = MqttCloseCause.ProtocolBroken)
    {
        Counters.ClosedForCause++;
        if (!connection.IsDetached)
        {
            _causes.Enqueue((connection.Name, reason, cause, text));
        }

        Close(connection, reason, text, nowUs);
    }

    private void Close(ServerConnection connection, byte? reason, string text, long nowUs)
    {
        if (connection.IsDetached)
        {
            return;
        }

        TellClosing(connection.Name, reason ?? 0, text);
        if (reason is { } code && connection.Version == MqttVersion.V5 && connection.Session is not null)
        {
            PacketWriter.Reason(_writer, PacketType.Disconnect, MqttVersion.V5, code);
            connection.Write(_writer.Packet);
        }

        Detach(connection, publishWill: true, nowUs);
    }

    private void CloseTransport(ServerConnection connection)
    {
        try
        {
            connection.Transport.Close();
        }
        catch (Exception e)
        {
            NoteFault(connection.Name, e);
        }
    }

    /// <summary>A connection leaves all counts and lists.</summary>
    private void LeaveBooks(ServerConnection connection)
    {
        if (connection.UnidentifiedNode is { } waiting)
        {
            _unidentified.Remove(waiting);
            connection.UnidentifiedNode = null;
        }

        if (connection.Node is not { } node)
        {
            return;
        }

        _connections.Remove(node);
        connection.Node = null;
        if (connection.Address is { } address && _byAddress.TryGetValue(address, out int count))
        {
            if (count > 1)
            {
                _byAddress[address] = count - 1;
            }
            else
            {
                _byAddress.Remove(address);
            }
        }

        if (connection.Session is { } session)
        {
            _identified--;
            if (connection.InReservedPlace && session.Group is { } group)
            {
                connection.InReservedPlace = false;
                group.ReservedConnections--;
                _reservedConnections--;
            }
        }
    }

    /// <summary>A session leaves all counts and lists but that of its identifier.</summary>
    private void LeaveBooks(ServerSession session)
    {
        if (session.AbsentNode is { } absent)
        {
            _absent.Remove(absent);
            session.AbsentNode = null;
        }

        if (session.Group is { } group && session.GroupNode is { } node)
        {
            group.Sessions.Remove(node);
            session.GroupNode = null;
            if (group.Sessions.Count == 0 && _groups.TryGetValue(group.Name, out SessionGroup? known) && known == group)
            {
                _groups.Remove(group.Name);
            }
        }
    }

    private void Detach(ServerConnection connection, bool publishWill, long nowUs)
    {
        connection.IsDetached = true;
        _deadlines.Set(connection.Timer, long.MaxValue);
        LeaveBooks(connection);
        connection.Acks.Clear(token => _deferred.Remove(token), connection.Session?.Unreleased);
        CloseTransport(connection);
        if (connection.Session is not { } session)
        {
            return;
        }

        session.Connection = null;
        session.HeadSinceUs = long.MaxValue;
        try
        {
            _handler.Disconnected(session.ClientId);
        }
        catch (Exception e)
        {
            NoteFault(session.ClientId, e);
        }

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
            return;
        }

        ReleaseTickets(session);
        session.AbsentNode = _absent.AddLast(session);
        if (session.ExpirySeconds != uint.MaxValue)
        {
            _deadlines.Set(session.Expiry, nowUs + (session.ExpirySeconds * 1_000_000L));
        }

        while (_absent.Count > _options.MaxAbsentSessions)
        {
            GiveUp(_absent.First!.Value);
        }
    }

    /// <summary>Who is away holds no ticket open: the host hears that nobody took the message, and sends it again when somebody is there.</summary>
    private void ReleaseTickets(ServerSession session)
    {
        for (OutboundEntry? entry = session.Window.Entries.First; entry is not null; entry = entry.Next)
        {
            Done(entry, MqttReason.NoMatchingSubscribers);
        }

        OutboundEntry? next;
        for (OutboundEntry? entry = session.Queue.First; entry is not null; entry = next)
        {
            next = entry.Next;
            bool open = entry.Message is { Ticket: > 0, Settled: false };
            Done(entry, MqttReason.NoMatchingSubscribers);
            if (open && entry.Message.Settled)
            {
                Unqueue(session, entry); // it comes again with a new ticket; a second copy would only come late
            }
        }
    }

    /// <summary>Ends a session without connection because its place is needed.</summary>
    private void GiveUp(ServerSession session)
    {
        Counters.SessionsGivenUp++;
        EndSessionSafely(session);
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
        LeaveBooks(session);
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
                Drop(session, inFlight, MqttDropReason.SessionEnded, MqttReason.NoMatchingSubscribers);
            }
        }

        while (session.Queue.First is { } queued)
        {
            Unqueue(session, queued);
            Drop(session, queued, MqttDropReason.SessionEnded, MqttReason.NoMatchingSubscribers);
        }
    }

    private void Drop(ServerSession session, OutboundEntry entry, MqttDropReason reason, byte code)
    {
        NoteDrop(session.ClientId, entry.Message.Topic, reason);
        Done(entry, code);
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
    private void Done(OutboundEntry entry, byte reason)
    {
        bool held = entry.HoldsTicket;
        entry.HoldsTicket = false;
        Complete(entry.Message, reason, held);
    }

    /// <summary>
    /// Settles the ticket of a message when it is time: the first acknowledgement settles it for good, and without one the last of those who
    /// were connected does.
    /// </summary>
    private void Complete(StoredMessage message, byte reason, bool held)
    {
        message.Outstanding -= held ? 1 : 0;
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
