using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using EdgeGateway.Mqtt.Codec;
using EdgeGateway.Mqtt.Session;
using EdgeGateway.Mqtt.Topics;

namespace EdgeGateway.Mqtt.Server;

/// <content>What the server does with each packet of a client.</content>
public sealed partial class MqttServer
{
    private void Handle(ServerConnection connection, long nowUs)
    {
        ReadOnlyMemory<byte> body = connection.Framer.Body;
        PacketType type = connection.Framer.Type;
        if (connection.Session is not { } session)
        {
            if (type != PacketType.Connect)
            {
                throw Wire.Violation("the first packet is not CONNECT (3.1)");
            }

            OnConnect(connection, PacketReader.Connect(body), nowUs);
            return;
        }

        MqttVersion version = connection.Version;
        switch (type)
        {
            case PacketType.Publish:
                OnPublish(connection, session, connection.Reader.Publish(body, connection.Framer.Flags, version), nowUs);
                break;
            case PacketType.Puback:
            case PacketType.Pubrec:
            case PacketType.Pubcomp:
                OnOutboundAck(connection, session, type, connection.Reader.Ack(body, type, version), nowUs);
                break;
            case PacketType.Pubrel:
                OnRelease(connection, session, connection.Reader.Ack(body, type, version));
                break;
            case PacketType.Subscribe:
                OnSubscribe(connection, session, PacketReader.Subscribe(body, version), nowUs);
                break;
            case PacketType.Unsubscribe:
                OnUnsubscribe(connection, session, PacketReader.Unsubscribe(body, version));
                break;
            case PacketType.Pingreq:
                PacketReader.Empty(body);
                PacketWriter.Empty(_writer, PacketType.Pingresp);
                connection.Write(_writer.Packet);
                break;
            case PacketType.Disconnect:
                OnDisconnect(connection, session, PacketReader.Reason(body, type, version), nowUs);
                break;
            case PacketType.Connect:
                throw Wire.Violation("a second CONNECT (3.1)");
            case PacketType.Auth:
                throw Wire.Violation("AUTH without an authentication method in CONNECT (4.12)");
            default:
                throw Wire.Violation($"{type} is sent by servers only");
        }
    }

    private void OnConnect(ServerConnection connection, ConnectPacket packet, long nowUs)
    {
        connection.Version = packet.Version;
        if (packet.Properties.AuthenticationMethod is not null)
        {
            Refuse(connection, MqttReason.BadAuthenticationMethod, "no authentication method is supported", nowUs);
            return;
        }

        string clientId = packet.ClientId;
        bool assigned = clientId.Length == 0;
        if (assigned)
        {
            if (packet.Version == MqttVersion.V311 && !packet.CleanStart)
            {
                Refuse(connection, MqttReason.ClientIdentifierNotValid, "no client identifier and clean session 0 (MQTT 3.1.1, 3.1.3.1)", nowUs);
                return;
            }

            do
            {
                clientId = _options.AssignedClientIdPrefix + (++_lastAssigned).ToString(System.Globalization.CultureInfo.InvariantCulture);
            }
            while (_sessions.ContainsKey(clientId));
        }
        else if (Wire.Utf8.GetByteCount(clientId) > _options.MaxClientIdLength)
        {
            Refuse(connection, MqttReason.ClientIdentifierNotValid, $"the client identifier is longer than {_options.MaxClientIdLength} bytes", nowUs);
            return;
        }

        if (packet.Will is { } will && will.Qos > _options.MaximumQos)
        {
            Refuse(connection, MqttReason.QosNotSupported, "the will's quality of service is above the maximum", nowUs);
            return;
        }

        if (packet.Will is { } wanted && wanted.Topic.Length > _options.MaxTopicLength)
        {
            Refuse(connection, MqttReason.TopicNameInvalid, $"the will's topic is longer than {_options.MaxTopicLength} characters", nowUs);
            return;
        }

        MqttAdmission admission = MqttAdmission.Ordinary;
        byte verdict;
        try
        {
            var request = new MqttConnectRequest(clientId, packet.UserName, packet.Password, connection.Certificate, connection.Remote, packet.Version)
            {
                Transport = connection.Transport.Transport,
                Address = connection.Address,
                Living = _sessions.TryGetValue(clientId, out ServerSession? known) && known.Connection is { IsClosed: false } living
                    ? new MqttLivingConnection(living.Remote, living.Address, living.LastReceivedUs, living.Certificate)
                    : null,
            };
            verdict = _handler.Connecting(request);
            if (verdict == 0 && !connection.IsClosed)
            {
                admission = _handler.Admit(request);
            }
        }
        catch (Exception e)
        {
            NoteFault(connection.Name, e);
            verdict = MqttReason.ImplementationSpecificError;
        }

        if (connection.IsClosed)
        {
            return;
        }

        if (verdict != 0)
        {
            Refuse(connection, verdict, "refused by the application", nowUs, told: true);
            return;
        }

        if (_sessions.TryGetValue(clientId, out ServerSession? session) && session.Connection is { } other)
        {
            Close(other, MqttReason.SessionTakenOver, "another connection uses the client identifier", nowUs);
            _sessions.TryGetValue(clientId, out session); // with expiry 0 the session ended there
        }

        if (session is not null && (packet.CleanStart || !string.Equals(session.Group?.Name ?? string.Empty, admission.Group, StringComparison.Ordinal)))
        {
            // Who comes as somebody of another kind does not get what was kept for the first.
            EndSession(session);
            session = null;
        }

        SessionGroup? group = session?.Group ?? GroupOf(admission);
        if (!TryFindPlace(connection, group, admission, isNew: session is null, out string? refusal, nowUs))
        {
            Refuse(connection, MqttReason.QuotaExceeded, refusal, nowUs, cause: MqttCloseCause.NoPlace);
            return;
        }

        bool present = session is not null;
        if (session is null)
        {
            session = new ServerSession(clientId, group);
            _sessions.Add(clientId, session);
            if (group is not null)
            {
                _groups[group.Name] = group;
                session.GroupNode = group.Sessions.AddLast(session);
            }
        }

        Attach(connection, session, packet, admission, nowUs);
        SendConnack(connection, session, packet, present, assigned);
        try
        {
            _handler.Connected(clientId);
        }
        catch (Exception e)
        {
            Fault(connection, e, endSession: false);
        }

        if (!connection.IsClosed)
        {
            Pump(session, nowUs);
        }
    }

    private SessionGroup? GroupOf(MqttAdmission admission) =>
        admission.Group.Length == 0 ? null : _groups.GetValueOrDefault(admission.Group) ?? new SessionGroup(admission.Group);

    /// <summary>Finds a place for a connection and, if it is new, its session; at a bound it makes one where the policy says so.</summary>
    private bool TryFindPlace(
        ServerConnection connection, SessionGroup? group, MqttAdmission admission, bool isNew, [NotNullWhen(false)] out string? refusal, long nowUs)
    {
        refusal = null;
        if (isNew && group is not null && admission.MaxSessionsInGroup > 0 && group.Sessions.Count >= admission.MaxSessionsInGroup)
        {
            if (OldestOf(group, connected: false) is { } absent)
            {
                GiveUp(absent);
            }
            else if (admission.OldestGivesWay && OldestOf(group, connected: true) is { Connection: { } oldest } first)
            {
                Fail(oldest, MqttReason.QuotaExceeded, $"a newer connection needs the place; there are {admission.MaxSessionsInGroup} for this kind of client", nowUs, MqttCloseCause.PlaceTaken);
                EndSession(first);
            }
            else
            {
                refusal = $"more than {admission.MaxSessionsInGroup} sessions of one kind";
                return false;
            }
        }

        connection.InReservedPlace = group is not null && group.ReservedConnections < admission.ReservedPlaces;
        if (connection.InReservedPlace)
        {
            return true;
        }

        if (_identified - _reservedConnections >= _options.MaxConnections)
        {
            refusal = $"more than {_options.MaxConnections} connections";
            return false;
        }

        if (isNew && _sessions.Count - _reservedConnections >= _options.MaxSessions)
        {
            if (_absent.First is not { } absent)
            {
                refusal = $"more than {_options.MaxSessions} sessions";
                return false;
            }

            GiveUp(absent.Value);
        }

        return true;
    }

    private static ServerSession? OldestOf(SessionGroup group, bool connected)
    {
        for (LinkedListNode<ServerSession>? node = group.Sessions.First; node is not null; node = node.Next)
        {
            if (node.Value.Connection is not null == connected)
            {
                return node.Value;
            }
        }

        return null;
    }

    private void Attach(ServerConnection connection, ServerSession session, ConnectPacket packet, MqttAdmission admission, long nowUs)
    {
        bool v5 = packet.Version == MqttVersion.V5;
        connection.Session = session;
        connection.Framer.MaxPacketLength = _options.MaxPacketLength;
        session.Connection = connection;
        session.HeadSinceUs = long.MaxValue;
        if (connection.UnidentifiedNode is { } waiting)
        {
            _unidentified.Remove(waiting);
            connection.UnidentifiedNode = null;
        }

        if (session.AbsentNode is { } absent)
        {
            _absent.Remove(absent);
            session.AbsentNode = null;
        }

        _identified++;
        if (connection.InReservedPlace)
        {
            session.Group!.ReservedConnections++;
            _reservedConnections++;
        }

        _deadlines.Set(session.Expiry, long.MaxValue);
        _deadlines.Set(session.WillDelay, long.MaxValue);
        session.DelayedWill = null; // resumed before the delay was over (3.1.3.2.2)
        session.ExpirySeconds = Math.Min(
            SessionExpiryBound(admission),
            v5 ? packet.Properties.SessionExpiryInterval ?? 0 : packet.CleanStart ? 0 : _options.SessionExpiry311Seconds);
        session.Window.Resume();

        connection.Will = packet.Will;
        connection.WillDelaySeconds = packet.WillDelaySeconds;
        int keepAliveSeconds = packet.KeepAliveSeconds;
        if (v5 && _options.MaxKeepAliveSeconds > 0 && (keepAliveSeconds == 0 || keepAliveSeconds > _options.MaxKeepAliveSeconds))
        {
            keepAliveSeconds = _options.MaxKeepAliveSeconds;
        }

        connection.SilenceUs = keepAliveSeconds * 1_500_000L; // 3.1.2.10: one and a half times
        long silenceUs = (admission.MaxSilenceSeconds ?? (v5 ? 0 : _options.MaxSilence311Seconds)) * 1_000_000L;
        if (silenceUs > 0 && (connection.SilenceUs == 0 || connection.SilenceUs > silenceUs))
        {
            connection.SilenceUs = silenceUs;
        }

        connection.KeepAliveSeconds = keepAliveSeconds;
        connection.SessionExpiryBound = SessionExpiryBound(admission);
        connection.SendMaximum = Math.Min(_options.MaxInFlight, packet.Properties.ReceiveMaximum ?? ushort.MaxValue);
        connection.MaxPacketLength = packet.Properties.MaximumPacketSize ?? long.MaxValue;
        connection.Aliases = new OutboundAliases(packet.Properties.TopicAliasMaximum ?? 0);
        connection.InboundAliases = v5 ? new string?[_options.TopicAliasMaximum + 1] : [];
        SetTimer(connection, nowUs);
    }

    private uint SessionExpiryBound(MqttAdmission admission) => Math.Min(_options.MaxSessionExpirySeconds, admission.MaxSessionExpirySeconds ?? uint.MaxValue);

    private void SendConnack(ServerConnection connection, ServerSession session, ConnectPacket packet, bool present, bool assigned)
    {
        var connack = new ConnackPacket { SessionPresent = present };
        if (packet.Version == MqttVersion.V5)
        {
            MqttProperties p = connack.Properties;
            p.SessionExpiryInterval = session.ExpirySeconds != (packet.Properties.SessionExpiryInterval ?? 0) ? session.ExpirySeconds : null;
            p.AssignedClientIdentifier = assigned ? session.ClientId : null;
            p.ServerKeepAlive = connection.KeepAliveSeconds != packet.KeepAliveSeconds ? (ushort)connection.KeepAliveSeconds : null;
            p.ReceiveMaximum = _options.ReceiveMaximum;
            p.MaximumPacketSize = (uint)_options.MaxPacketLength;
            p.TopicAliasMaximum = _options.TopicAliasMaximum > 0 ? _options.TopicAliasMaximum : null;
            p.MaximumQos = _options.MaximumQos < MqttQos.ExactlyOnce ? (byte)_options.MaximumQos : null;
            p.SharedSubscriptionAvailable = 0;
        }

        PacketWriter.Connack(_writer, connack, packet.Version);
        connection.Write(_writer.Packet);
    }

    /// <summary>Answers a CONNECT with a refusal and closes; <c>told</c>: the application decided, and so knows already.</summary>
    private void Refuse(
        ServerConnection connection, byte reason, string text, long nowUs, bool told = false, MqttCloseCause cause = MqttCloseCause.ProtocolBroken)
    {
        bool v5 = connection.Version == MqttVersion.V5;
        byte code = v5 ? reason : (byte)(reason switch
        {
            MqttReason.UnsupportedProtocolVersion => 1,
            MqttReason.ClientIdentifierNotValid => 2,
            MqttReason.BadUserNameOrPassword => 4,
            MqttReason.NotAuthorized or MqttReason.Banned or MqttReason.BadAuthenticationMethod => 5,
            _ => 3,
        });
        PacketWriter.Connack(_writer, new ConnackPacket { Code = code }, connection.Version);
        connection.Write(_writer.Packet);
        Counters.ClosedForCause++;
        if (!told)
        {
            _causes.Enqueue((connection.Name, reason, cause, text));
        }

        Close(connection, reason, text, nowUs);
    }

    /// <summary>Answers a CONNECT that could not be read, as far as its version is known (3.1.4, 3.1.2.2).</summary>
    private void RefuseMalformedConnect(ServerConnection connection, MqttProtocolException error, long nowUs)
    {
        ReadOnlySpan<byte> body = connection.Framer.Body.Span;
        int level = !connection.Framer.InPacket && body.Length > 6 && body[..6].SequenceEqual("\0\u0004MQTT"u8) ? body[6] : 0;
        if (level >= (int)MqttVersion.V5)
        {
            connection.Version = MqttVersion.V5;
            Refuse(connection, error.ReasonCode, error.Message, nowUs);
        }
        else if (error.ReasonCode == MqttReason.UnsupportedProtocolVersion)
        {
            Refuse(connection, error.ReasonCode, error.Message, nowUs);
        }
        else
        {
            Fail(connection, error.ReasonCode, error.Message, nowUs);
        }
    }

    private void OnPublish(ServerConnection connection, ServerSession session, PublishPacket packet, long nowUs)
    {
        if (packet.SubscriptionIdentifiers.Length > 0)
        {
            throw Wire.Violation("a client sent a subscription identifier (3.3.4)");
        }

        if (packet.Message.Topic.Length > _options.MaxTopicLength)
        {
            throw new MqttProtocolException(MqttReason.TopicNameInvalid, $"the topic is longer than {_options.MaxTopicLength} characters");
        }

        MqttMessage message = ResolveAlias(connection, packet);
        if (message.Qos > _options.MaximumQos)
        {
            throw new MqttProtocolException(MqttReason.QosNotSupported, "the quality of service is above the announced maximum (3.2.2.3.4)");
        }

        if (message.Qos == MqttQos.AtMostOnce)
        {
            Counters.Received++;
            if (Ask(connection, session, message, 0) == MqttPublishDisposition.Accept && !connection.IsClosed)
            {
                Route(session, message, 0, nowUs);
            }

            return;
        }

        if (session.Unreleased.Contains(packet.PacketId))
        {
            if (message.Qos != MqttQos.ExactlyOnce)
            {
                throw Wire.Violation("a packet identifier is used again before its QoS 2 exchange is over (2.2.1)");
            }

            SendAck(connection, PacketType.Pubrec, packet.PacketId, 0);
            return;
        }

        if (connection.Acks.Contains(packet.PacketId))
        {
            if (!message.Duplicate)
            {
                throw Wire.Violation("a packet identifier is used again before its acknowledgement (2.2.1)");
            }

            return; // sent again on a timer, as some 3.1.1 clients do; the answer to the first one is still to come
        }

        int most = connection.Version == MqttVersion.V5 ? _options.ReceiveMaximum : _options.MaxUnacknowledged311;
        if (connection.Acks.Count + connection.OpenReleases >= most)
        {
            throw new MqttProtocolException(MqttReason.ReceiveMaximumExceeded, $"more than {most} messages are unacknowledged");
        }

        Counters.Received++;
        long token = ++_lastToken;
        long number = connection.Acks.Add(packet.PacketId, message.Qos, token);
        _deferred.Add(token, (connection, number));
        MqttPublishDisposition verdict = Ask(connection, session, message, token);
        if (connection.IsClosed || verdict == MqttPublishDisposition.Deferred)
        {
            return;
        }

        _deferred.Remove(token);
        byte reason = MqttReason.NotAuthorized;
        if (verdict == MqttPublishDisposition.Accept)
        {
            reason = Route(session, message, 0, nowUs);
        }
        else if (connection.Version == MqttVersion.V311)
        {
            Fail(connection, MqttReason.NotAuthorized, $"not allowed to publish to {message.Topic}", nowUs);
            return;
        }

        connection.Acks.Complete(number, reason);
        SendAcks(connection, nowUs);
    }

    /// <summary>Asks the application. Its exception is the end of the connection that sent the message, which then is not acknowledged.</summary>
    private MqttPublishDisposition Ask(ServerConnection connection, ServerSession session, in MqttMessage message, long token)
    {
        try
        {
            return _handler.Published(session.ClientId, message, token);
        }
        catch (Exception e)
        {
            Fault(connection, e, endSession: false);
            return MqttPublishDisposition.Deferred;
        }
    }

    private static MqttMessage ResolveAlias(ServerConnection connection, in PublishPacket packet)
    {
        if (packet.TopicAlias == 0)
        {
            return packet.Message;
        }

        if (packet.TopicAlias >= connection.InboundAliases.Length)
        {
            throw new MqttProtocolException(MqttReason.TopicAliasInvalid, "the topic alias is above the maximum (3.3.2.3.4)");
        }

        if (packet.Message.Topic.Length > 0)
        {
            connection.InboundAliases[packet.TopicAlias] = packet.Message.Topic;
            return packet.Message;
        }

        string topic = connection.InboundAliases[packet.TopicAlias] ?? throw Wire.Violation("the topic alias is not known (3.3.2.3.4)");
        return packet.Message with { Topic = topic };
    }

    /// <summary>Sends what is decided, oldest first; an undecided one holds back those behind it.</summary>
    private void SendAcks(ServerConnection connection, long nowUs)
    {
        while (!connection.IsClosed && connection.Acks.TryTake(out InboundAcks.Entry entry))
        {
            if (connection.Version == MqttVersion.V311 && entry.Reason >= 0x80)
            {
                // 3.1.1 has no negative acknowledgement: either acknowledge or close (MQTT 3.1.1, 3.3.5.2).
                Fail(connection, entry.Reason, "a message was refused", nowUs);
                return;
            }

            if (entry.Qos == MqttQos.ExactlyOnce && entry.Reason < 0x80)
            {
                connection.Session!.Unreleased.Add(entry.PacketId);
                connection.OpenReleases++;
            }

            SendAck(connection, entry.Qos == MqttQos.ExactlyOnce ? PacketType.Pubrec : PacketType.Puback, entry.PacketId, entry.Reason);
        }
    }

    private void SendAck(ServerConnection connection, PacketType type, ushort packetId, byte reason)
    {
        PacketWriter.Ack(_writer, type, connection.Version, packetId, reason);
        connection.Write(_writer.Packet);
    }

    private void OnRelease(ServerConnection connection, ServerSession session, AckPacket packet)
    {
        bool known = session.Unreleased.Remove(packet.PacketId);
        if (known && connection.OpenReleases > 0)
        {
            connection.OpenReleases--;
        }

        SendAck(connection, PacketType.Pubcomp, packet.PacketId, known ? MqttReason.Success : MqttReason.PacketIdentifierNotFound);
    }

    private void OnOutboundAck(ServerConnection connection, ServerSession session, PacketType type, AckPacket packet, long nowUs)
    {
        OutboundEntry? entry = session.Window.Find(packet.PacketId);
        bool fits = entry is not null && type switch
        {
            PacketType.Puback => entry.Qos == MqttQos.AtLeastOnce,
            PacketType.Pubrec => entry.Qos == MqttQos.ExactlyOnce,
            _ => entry.State == OutboundState.Released,
        };
        if (!fits)
        {
            if (type == PacketType.Pubrec && entry is null)
            {
                SendAck(connection, PacketType.Pubrel, packet.PacketId, MqttReason.PacketIdentifierNotFound);
            }
            else if (entry is not null)
            {
                throw Wire.Violation($"{type} does not answer what was sent under its packet identifier (4.3)");
            }

            return; // an acknowledgement of what is already done: harmless
        }

        if (type == PacketType.Pubrec && packet.Reason < 0x80)
        {
            if (entry!.State == OutboundState.Published)
            {
                entry.State = OutboundState.Released;
                Done(entry, MqttReason.Success);
            }

            SendAck(connection, PacketType.Pubrel, packet.PacketId, 0);
            return;
        }

        TakeFromWindow(session, entry!, nowUs);
        if (entry!.State == OutboundState.Published)
        {
            // A subscriber's 0x10 still says that it has the message.
            Done(entry, packet.Reason >= 0x80 ? packet.Reason : MqttReason.Success);
        }

        Pump(session, nowUs);
    }

    private void OnSubscribe(ServerConnection connection, ServerSession session, SubscribePacket packet, long nowUs)
    {
        int identifier = packet.Properties.SubscriptionIdentifiers.Count > 0 ? packet.Properties.SubscriptionIdentifiers[0] : 0;
        var suback = new SubackPacket { PacketId = packet.PacketId };
        var isNew = new bool[packet.Filters.Count];
        for (int i = 0; i < packet.Filters.Count; i++)
        {
            byte code = i < _options.MaxFiltersPerPacket
                ? SubscribeOne(connection, session, packet.Filters[i], identifier, out isNew[i])
                : MqttReason.QuotaExceeded;
            if (connection.IsClosed)
            {
                return;
            }

            suback.Codes.Add(connection.Version == MqttVersion.V311 && code >= 0x80 ? (byte)0x80 : code);
        }

        PacketWriter.Suback(_writer, PacketType.Suback, suback, connection.Version);
        connection.Write(_writer.Packet);
        for (int i = 0; i < packet.Filters.Count && !connection.IsClosed; i++)
        {
            SubscriptionRequest request = packet.Filters[i];
            if (suback.Codes[i] >= 0x80)
            {
                continue;
            }

            if (request.RetainHandling == 0 || (request.RetainHandling == 1 && isNew[i]))
            {
                SendRetained(session, request, (MqttQos)suback.Codes[i], identifier, nowUs);
            }

            try
            {
                _handler.Subscribed(session.ClientId, request.Filter);
            }
            catch (Exception e)
            {
                Fault(connection, e, endSession: false);
            }
        }
    }

    private byte SubscribeOne(ServerConnection connection, ServerSession session, in SubscriptionRequest request, int identifier, out bool isNew)
    {
        isNew = false;
        if (request.Filter.StartsWith(MqttTopics.SharedPrefix, StringComparison.Ordinal))
        {
            return MqttReason.SharedSubscriptionsNotSupported;
        }

        if (request.Filter.Length > _options.MaxTopicLength)
        {
            return MqttReason.TopicFilterInvalid;
        }

        bool allowed = false;
        try
        {
            allowed = _handler.MaySubscribe(session.ClientId, request.Filter);
        }
        catch (Exception e)
        {
            Fault(connection, e, endSession: false);
        }

        if (connection.IsClosed)
        {
            return MqttReason.UnspecifiedError;
        }

        if (!allowed)
        {
            return _options.RefusedSubscriptionReason;
        }

        if (!session.Subscriptions.TryGetValue(request.Filter, out Subscription? subscription))
        {
            if (session.Subscriptions.Count >= _options.MaxSubscriptionsPerSession)
            {
                return MqttReason.QuotaExceeded;
            }

            isNew = true;
            subscription = new Subscription { Session = session, Filter = request.Filter };
            session.Subscriptions.Add(request.Filter, subscription);
            _subscriptions.Add(request.Filter, subscription);
        }

        subscription.Qos = request.Qos < _options.MaximumQos ? request.Qos : _options.MaximumQos;
        subscription.NoLocal = request.NoLocal;
        subscription.RetainAsPublished = request.RetainAsPublished;
        subscription.Identifier = identifier;
        return (byte)subscription.Qos;
    }

    private void OnUnsubscribe(ServerConnection connection, ServerSession session, SubscribePacket packet)
    {
        var unsuback = new SubackPacket { PacketId = packet.PacketId };
        foreach (SubscriptionRequest request in packet.Filters)
        {
            bool existed = session.Subscriptions.TryGetValue(request.Filter, out Subscription? subscription);
            if (existed)
            {
                session.Subscriptions.Remove(request.Filter);
                _subscriptions.Remove(request.Filter, subscription!);
            }

            unsuback.Codes.Add(existed ? MqttReason.Success : MqttReason.NoSubscriptionExisted);
        }

        PacketWriter.Suback(_writer, PacketType.Unsuback, unsuback, connection.Version);
        connection.Write(_writer.Packet);
    }

    private void OnDisconnect(ServerConnection connection, ServerSession session, ReasonPacket packet, long nowUs)
    {
        if (packet.Properties.SessionExpiryInterval is { } seconds)
        {
            if (session.ExpirySeconds == 0 && seconds > 0 && connection.SessionExpiryBound > 0)
            {
                throw Wire.Violation("DISCONNECT sets a session expiry where CONNECT had none (3.14.2.2.2)");
            }

            session.ExpirySeconds = Math.Min(seconds, connection.SessionExpiryBound);
        }

        if (packet.Properties.ServerReference is not null)
        {
            throw Wire.Violation("a client sent a server reference (3.14.2.2.5)");
        }

        Detach(connection, publishWill: packet.Reason != MqttReason.Success, nowUs);
    }
}
