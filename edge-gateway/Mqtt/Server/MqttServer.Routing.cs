using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using EdgeGateway.Mqtt.Codec;
using EdgeGateway.Mqtt.Session;

namespace EdgeGateway.Mqtt.Server;

/// <content>Routing of a message to its subscribers.</content>
public sealed partial class MqttServer
{
    /// <summary>Hands a message to all matching sessions. Calls nobody outside, so the lists it works on stay whole.</summary>
    /// <returns>0, 0x10 when nobody matches, or 0x97 when every receiver's queue was full.</returns>
    private byte Route(ServerSession? publisher, in MqttMessage message, long ticket, long nowUs)
    {
        StoredMessage? stored = null;
        if (message.Retain)
        {
            stored = Retain(message, ticket, nowUs);
        }

        FindTargets(publisher, message.Topic);
        bool someoneIsThere = ticket == 0;
        for (int i = 0; i < _targets.Count && !someoneIsThere; i++)
        {
            someoneIsThere = _targets[i] is { Connection: { IsClosed: false }, MatchQos: not MqttQos.AtMostOnce };
        }

        int kept = 0;
        bool dropped = false;
        bool handedOver = false;
        foreach (ServerSession session in _targets)
        {
            bool isView = session.MatchQos == MqttQos.AtMostOnce && session.Connection?.Transport.Transport == MqttTransport.WebSocket;
            if (session.Ended || (ticket < 0 && !isView))
            {
                continue;
            }

            MqttQos qos = message.Qos < session.MatchQos ? message.Qos : session.MatchQos;
            bool retain = message.Retain && session.MatchRetainAsPublished;
            try
            {
                if (qos == MqttQos.AtMostOnce)
                {
                    // A page that listens at QoS 0 over WebSocket looks on; another subscriber at QoS 0 has what it was handed.
                    handedOver |= SendQos0(session, message, retain, nowUs) && !isView;
                    kept++;
                    continue;
                }

                if (!someoneIsThere)
                {
                    continue; // the host keeps it and sends it again when somebody has come; a copy from now would then come late
                }

                stored ??= new StoredMessage(message, nowUs, ticket);
                bool queued = Enqueue(session, stored, qos, retain, session.MatchIdentifiers.Count == 0 ? [] : session.MatchIdentifiers.ToArray(), nowUs);
                kept += queued ? 1 : 0;
                dropped |= !queued;
            }
            catch (Exception e)
            {
                // One receiver's trouble: the others get the message all the same.
                if (session.Connection is { } connection)
                {
                    Fault(connection, e, endSession: true);
                }
                else
                {
                    NoteFault(session.ClientId, e);
                }
            }
        }

        // With a subscriber at QoS 1 its acknowledgement settles; with subscribers at QoS 0 alone the handing over does.
        byte reason = handedOver && stored is not { Outstanding: > 1 } ? MqttReason.Success : MqttReason.NoMatchingSubscribers;
        if (stored is not null)
        {
            Complete(stored, reason, held: true); // the router's own hold
        }
        else if (ticket > 0)
        {
            _settled.Enqueue((ticket, reason));
        }

        return kept > 0 ? MqttReason.Success : dropped ? MqttReason.QuotaExceeded : MqttReason.NoMatchingSubscribers;
    }

    /// <summary>One entry per session, with the best of its matching subscriptions (3.3.4).</summary>
    private void FindTargets(ServerSession? publisher, string topic)
    {
        _matches.Clear();
        _targets.Clear();
        _subscriptions.Match(topic, _matches);
        _matchStamp++;
        foreach (Subscription subscription in _matches)
        {
            ServerSession session = subscription.Session;
            if (subscription.NoLocal && session == publisher)
            {
                continue;
            }

            if (session.MatchStamp != _matchStamp)
            {
                session.MatchStamp = _matchStamp;
                session.MatchQos = subscription.Qos;
                session.MatchRetainAsPublished = false;
                session.MatchIdentifiers.Clear();
                _targets.Add(session);
            }

            session.MatchQos = subscription.Qos > session.MatchQos ? subscription.Qos : session.MatchQos;
            session.MatchRetainAsPublished |= subscription.RetainAsPublished;
            if (subscription.Identifier != 0)
            {
                session.MatchIdentifiers.Add(subscription.Identifier);
            }
        }
    }

    /// <returns>True when the message was written to a connection.</returns>
    private bool SendQos0(ServerSession session, in MqttMessage message, bool retain, long nowUs)
    {
        if (session.Connection is not { } connection)
        {
            return false; // QoS 0 is not kept for absent clients (4.1)
        }

        int bound = message.DropAbovePendingBytes > 0 ? Math.Min(message.DropAbovePendingBytes, _options.MaxPendingBytes) : _options.MaxPendingBytes;
        if (connection.PendingBytes > bound)
        {
            NoteDrop(session.ClientId, message.Topic, MqttDropReason.SlowConsumer);
            return false;
        }

        if (!WritePublish(
            connection, message.Topic, message.Payload.Span, MqttQos.AtMostOnce, retain, duplicate: false, packetId: 0, message.Properties,
            message.Properties?.MessageExpirySeconds, CollectionsMarshal.AsSpan(session.MatchIdentifiers)))
        {
            NoteDrop(session.ClientId, message.Topic, MqttDropReason.TooLarge);
            return false;
        }

        return true;
    }

    /// <summary>Queues a message for a session and sends what the window allows.</summary>
    /// <returns>False when the message was dropped at the queue's bound.</returns>
    private bool Enqueue(ServerSession session, StoredMessage message, MqttQos qos, bool retain, int[] identifiers, long nowUs)
    {
        bool connected = session.Connection is { IsClosed: false };
        while (session.Queue.Count >= _options.MaxQueuedMessages || session.QueuedBytes + message.CostBytes > _options.MaxQueuedBytes)
        {
            if (_options.QueueFullPolicy == MqttQueueFullPolicy.DropNewest || session.Queue.First is not { } oldest)
            {
                return Refused(session, message, connected);
            }

            Unqueue(session, oldest);
            Drop(session, oldest, MqttDropReason.QueueFull, MqttReason.QuotaExceeded);
        }

        while (_queuedBytes + message.CostBytes > _options.MaxQueuedBytesInAll)
        {
            ServerSession? oldest = OldestAbsentWithQueue(session);
            if (oldest is null)
            {
                return Refused(session, message, connected);
            }

            GiveUp(oldest);
        }

        message.Outstanding += connected ? 1 : 0;
        session.Queue.Append(new OutboundEntry
        {
            Message = message,
            Qos = qos,
            Retain = retain,
            SubscriptionIdentifiers = identifiers,
            HoldsTicket = connected,
        });
        session.QueuedBytes += message.CostBytes;
        _queuedBytes += message.CostBytes;
        Pump(session, nowUs);
        return true;
    }

    /// <summary>A queue has no room for a message. With a ticket that is the reason, unless another receiver takes it.</summary>
    private bool Refused(ServerSession session, StoredMessage message, bool connected)
    {
        NoteDrop(session.ClientId, message.Topic, MqttDropReason.QueueFull);
        if (connected && !message.Settled)
        {
            message.FailureReason = MqttReason.QuotaExceeded;
        }

        return false;
    }

    private ServerSession? OldestAbsentWithQueue(ServerSession except)
    {
        for (LinkedListNode<ServerSession>? node = _absent.First; node is not null; node = node.Next)
        {
            if (node.Value != except && node.Value.QueuedBytes > 0)
            {
                return node.Value;
            }
        }

        return null;
    }

    private void Unqueue(ServerSession session, OutboundEntry entry)
    {
        session.Queue.Remove(entry);
        session.QueuedBytes -= entry.Message.CostBytes;
        _queuedBytes -= entry.Message.CostBytes;
    }

    /// <summary>Takes an entry out of the window; the next one may then be the oldest.</summary>
    private static void TakeFromWindow(ServerSession session, OutboundEntry entry, long nowUs)
    {
        bool first = session.Window.Entries.First == entry;
        session.Window.Remove(entry);
        if (first)
        {
            // With a resumed session the next one may still have to be sent on this connection.
            session.HeadSinceUs = session.Window.Entries.First is { } head && session.Window.Resend != head ? nowUs : long.MaxValue;
        }
    }

    /// <summary>An entry went out on this connection: from now on its acknowledgement is awaited.</summary>
    private void AwaitAcknowledgement(ServerSession session, ServerConnection connection, OutboundEntry entry, long nowUs)
    {
        entry.SentUs = nowUs;
        if (session.Window.Entries.First == entry)
        {
            session.HeadSinceUs = nowUs;
            SetTimer(connection, nowUs);
        }
    }

    /// <summary>Sends again what a resumed session owes, then what is queued, as far as window and transport allow.</summary>
    private void Pump(ServerSession session, long nowUs)
    {
        if (session.Connection is not { IsClosed: false } connection)
        {
            return;
        }

        OutboundWindow window = session.Window;
        while (window.Resend is not null || session.Queue.First is not null)
        {
            if (connection.PendingBytes > _options.MaxPendingBytes)
            {
                if (!connection.IsBlocked)
                {
                    connection.IsBlocked = true;
                    SetTimer(connection, nowUs);
                }

                return;
            }

            connection.IsBlocked = false;
            if (window.Resend is { State: OutboundState.Released } released)
            {
                SendAck(connection, PacketType.Pubrel, released.PacketId, 0);
                window.ResendDone();
                AwaitAcknowledgement(session, connection, released, nowUs);
                continue;
            }

            if (window.Counted >= connection.SendMaximum)
            {
                return;
            }

            if (window.Resend is { } again)
            {
                window.ResendDone();
                SendEntry(session, connection, again, nowUs);
            }
            else if (window.Count >= _options.MaxInFlight)
            {
                return;
            }
            else
            {
                OutboundEntry next = session.Queue.First!;
                Unqueue(session, next);
                if (next.Message.ExpiresUs <= nowUs)
                {
                    Drop(session, next, MqttDropReason.Expired, MqttReason.NoMatchingSubscribers);
                    continue;
                }

                window.Add(next);
                SendEntry(session, connection, next, nowUs);
            }
        }

        connection.IsBlocked = false;
    }

    private void SendEntry(ServerSession session, ServerConnection connection, OutboundEntry entry, long nowUs)
    {
        StoredMessage message = entry.Message;
        if (!WritePublish(
            connection, message.Topic, message.Payload.Span, entry.Qos, entry.Retain, entry.SentBefore, entry.PacketId, message.Properties,
            message.RemainingSeconds(nowUs), entry.SubscriptionIdentifiers))
        {
            TakeFromWindow(session, entry, nowUs);
            Drop(session, entry, MqttDropReason.TooLarge, MqttReason.PacketTooLarge);
            return;
        }

        Counters.SentAgain += entry.SentBefore ? 1 : 0;
        entry.SentBefore = true;
        session.Window.CountSent(entry);
        AwaitAcknowledgement(session, connection, entry, nowUs);
    }

    /// <returns>False when the packet is longer than the client accepts (3.1.2.11.4); nothing was sent.</returns>
    private bool WritePublish(
        ServerConnection connection,
        string topic,
        ReadOnlySpan<byte> payload,
        MqttQos qos,
        bool retain,
        bool duplicate,
        ushort packetId,
        MqttPublishProperties? properties,
        uint? expirySeconds,
        ReadOnlySpan<int> identifiers)
    {
        int alias = connection.Aliases.Get(topic, out bool known);
        int length = PacketWriter.Publish(
            _writer, connection.Version, known ? string.Empty : topic, payload, qos, retain, duplicate, packetId, properties, expirySeconds,
            alias, identifiers);
        if (length > connection.MaxPacketLength)
        {
            return false;
        }

        if (alias != 0 && !known)
        {
            connection.Aliases.Learn(topic, alias);
        }

        connection.Write(_writer.Packet);
        _writer.Trim();
        Counters.Sent++;
        return true;
    }

    /// <summary>Keeps, replaces or deletes the retained message of a topic (3.3.1.3).</summary>
    /// <returns>The message when it was kept.</returns>
    private StoredMessage? Retain(in MqttMessage message, long ticket, long nowUs)
    {
        if (_retained.Get(message.Topic) is { } old)
        {
            RemoveRetained(old);
        }

        if (message.Payload.IsEmpty)
        {
            return null;
        }

        var stored = new StoredMessage(message, nowUs, ticket);
        if (_retained.Count >= _options.MaxRetainedMessages || _retainedBytes + stored.CostBytes > _options.MaxRetainedBytes)
        {
            NoteDrop(string.Empty, message.Topic, MqttDropReason.RetainedFull);
            return stored;
        }

        var retained = new RetainedMessage(stored);
        _retained.Set(message.Topic, retained);
        _retainedBytes += stored.CostBytes;
        _deadlines.Set(retained.Expiry, stored.ExpiresUs);
        return stored;
    }

    private void RemoveRetained(RetainedMessage retained)
    {
        if (_retained.Get(retained.Message.Topic) == retained)
        {
            _retained.Remove(retained.Message.Topic);
            _retainedBytes -= retained.Message.CostBytes;
            _deadlines.Set(retained.Expiry, long.MaxValue);
        }
    }

    private void SendRetained(ServerSession session, in SubscriptionRequest request, MqttQos granted, int identifier, long nowUs)
    {
        _retainedMatches.Clear();
        _retained.Match(request.Filter, _retainedMatches);
        int[] identifiers = identifier == 0 ? [] : [identifier];
        foreach (RetainedMessage retained in _retainedMatches)
        {
            StoredMessage message = retained.Message;
            if (message.ExpiresUs <= nowUs)
            {
                continue;
            }

            MqttQos qos = message.Qos < granted ? message.Qos : granted;
            if (qos != MqttQos.AtMostOnce)
            {
                Enqueue(session, message, qos, retain: true, identifiers, nowUs);
            }
            else if (session.Connection is not { } connection)
            {
                return;
            }
            else if (connection.PendingBytes > _options.MaxPendingBytes)
            {
                NoteDrop(session.ClientId, message.Topic, MqttDropReason.SlowConsumer);
            }
            else if (!WritePublish(
                connection, message.Topic, message.Payload.Span, MqttQos.AtMostOnce, retain: true, duplicate: false, packetId: 0, message.Properties,
                message.RemainingSeconds(nowUs), identifiers))
            {
                NoteDrop(session.ClientId, message.Topic, MqttDropReason.TooLarge);
            }
        }
    }
}
