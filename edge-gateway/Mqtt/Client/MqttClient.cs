using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt.Codec;
using EdgeGateway.Mqtt.Session;
using EdgeGateway.Mqtt.Topics;

namespace EdgeGateway.Mqtt.Client;

/// <summary>
/// The client side of MQTT 3.1.1 and 5.0: one logical session over any number of connections, one after the other, without
/// I/O, threads or clock. Each <see cref="Open"/> ends with exactly one <see cref="IMqttClientHandler.Lost"/>.
/// </summary>
public sealed class MqttClient : IMqttClient
{
    /// <summary>From CONNECT to CONNACK at most, µs.</summary>
    public const long ConnectTimeoutUs = 10_000_000;

    /// <summary>How often messages that wait for room in the transport are looked at, µs.</summary>
    private const long BlockedPollUs = 5_000;

    /// <summary>Most subscriptions that are remembered.</summary>
    private const int MaxSubscriptions = 1_000;

    private readonly MqttClientOptions _options;
    private readonly IMqttClientHandler _handler;
    private readonly WireWriter _writer = new();
    private readonly OutboundWindow _window = new();
    private readonly List<ClientSubscription> _subscriptions = [];
    private readonly InboundAcks _acks = new();
    private readonly HashSet<ushort> _unreleased = [];
    private readonly SortedDictionary<ushort, long> _releasesAwaited = [];
    private readonly Dictionary<long, long> _deferred = [];
    private readonly Func<ushort, bool> _idTaken;
    private readonly string?[] _inboundAliases;

    private State _state;
    private IMqttConnection? _connection;
    private Framer _framer;
    private PacketReader _reader = new();
    private OutboundAliases _aliases = new(0);
    private int _openReleases;
    private long _keepAliveUs;
    private long _answerDueUs;
    private long _progressUs;
    private long _writtenBytes;
    private long _drainedBytes;
    private long _drainedUs;
    private long _openedUs;
    private long _sentUs;
    private long _lastReceivedUs;
    private long _pingUs;
    private bool _pinging;
    private bool _receiving;
    private long _lastToken;

    /// <summary>Makes a client that is not connected.</summary>
    /// <param name="options">How to be a client.</param>
    /// <param name="handler">The application.</param>
    /// <exception cref="ArgumentException">An option is outside of its range.</exception>
    public MqttClient(MqttClientOptions options, IMqttClientHandler handler)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(handler);
        if (options.Window is < 1 or > 65_000)
        {
            throw new ArgumentException("Window is from 1 to 65,000", nameof(options));
        }

        if (options.ReceiveMaximum == 0)
        {
            throw new ArgumentException("ReceiveMaximum is from 1 to 65,535 (MQTT 5.0, 3.1.2.11.3)", nameof(options));
        }

        if (options.AnswerTimeoutSeconds is < 1 or > 3_600)
        {
            throw new ArgumentException("AnswerTimeoutSeconds is from 1 to 3,600", nameof(options));
        }

        if (options.Will is { } will && !MqttTopics.IsValidName(will.Topic))
        {
            throw new ArgumentException("the topic of Will is no topic name", nameof(options));
        }

        _options = options;
        _handler = handler;
        _framer = new Framer(options.MaxPacketLength);
        _inboundAliases = new string?[TopicAliasMaximum + 1];
        _idTaken = id => FindPending(id) is not null;
    }

    private enum State
    {
        Closed,
        Connecting,
        Connected,
    }

    /// <summary>Topic aliases that a server may use towards us.</summary>
    public static ushort TopicAliasMaximum => 32;

    /// <inheritdoc/>
    public bool IsConnected => _state == State.Connected;

    /// <inheritdoc/>
    public int InFlight => _window.Count;

    /// <inheritdoc/>
    public MqttServerLimits ServerLimits { get; private set; } = MqttServerLimits.None;

    /// <inheritdoc/>
    public MqttLossKind LastLoss { get; private set; }

    /// <inheritdoc/>
    public long UnansweredSinceUs => Unanswered(out _);

    /// <summary>Messages of QoS 0 that the server's limits (packet size, retain) did not allow to be sent.</summary>
    public long Discarded { get; private set; }

    /// <summary>PUBLISH packets sent again after a resumption or in a new session.</summary>
    public long SentAgain { get; private set; }

    /// <summary>The client identifier in use: the option, or the one that the server assigned.</summary>
    public string ClientId { get; private set; } = string.Empty;

    private MqttVersion Version => _options.Version;

    private long AnswerTimeoutUs => _options.AnswerTimeoutSeconds * 1_000_000L;

    /// <inheritdoc/>
    public void Open(IMqttConnection connection, long nowUs)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (_state != State.Closed)
        {
            throw new InvalidOperationException("a connection is open; wait for Lost, or call Disconnect, before the next one");
        }

        _connection = connection;
        _state = State.Connecting;
        _framer = new Framer(_options.MaxPacketLength);
        _reader = new PacketReader();
        _openReleases = 0;
        _pinging = false;
        _answerDueUs = long.MaxValue;
        _writtenBytes = _drainedBytes = 0;
        _openedUs = _sentUs = _lastReceivedUs = _drainedUs = _progressUs = nowUs;
        Array.Clear(_inboundAliases);

        var packet = new ConnectPacket
        {
            Version = Version,
            ClientId = ClientId.Length > 0 ? ClientId : _options.ClientId,
            CleanStart = _options.CleanStart,
            KeepAliveSeconds = _options.KeepAliveSeconds,
            UserName = _options.UserName,
            Password = _options.Password.IsEmpty ? null : _options.Password.ToArray(),
            Will = _options.Will,
        };
        if (Version == MqttVersion.V5)
        {
            packet.WillDelaySeconds = _options.WillDelaySeconds;
            packet.Properties.SessionExpiryInterval = _options.SessionExpirySeconds > 0 ? _options.SessionExpirySeconds : null;
            packet.Properties.ReceiveMaximum = _options.ReceiveMaximum;
            packet.Properties.MaximumPacketSize = (uint)_options.MaxPacketLength;
            packet.Properties.TopicAliasMaximum = TopicAliasMaximum;
        }

        PacketWriter.Connect(_writer, packet);
        Send(nowUs);
    }

    /// <inheritdoc/>
    public void Received(ReadOnlySpan<byte> bytes, long nowUs)
    {
        if (_state == State.Closed)
        {
            return;
        }

        if (_receiving)
        {
            throw new InvalidOperationException("Received was called from inside Received; queue the bytes");
        }

        _receiving = true;
        _lastReceivedUs = nowUs;
        Framer framer = _framer;
        try
        {
            // A handler may close this connection and open the next one in its callback: the rest belongs to the old one.
            while (_state != State.Closed && framer == _framer && framer.TryRead(ref bytes))
            {
                Handle(nowUs);
            }
        }
        catch (MqttProtocolException e)
        {
            Fail(MqttLossKind.BrokenProtocol, e.ReasonCode, $"the server broke the protocol: {e.Message}");
        }
        finally
        {
            _receiving = false;
        }
    }

    /// <inheritdoc/>
    public void Closed(long nowUs)
    {
        if (_state != State.Closed)
        {
            EndConnection(MqttLossKind.Transport, 0, _state == State.Connecting ? "the transport closed before CONNACK" : "the transport closed");
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// What the server has said it will not take (packet too long, 0x95; retained, 0x9A, unless the options let it go unretained; quality of service, 0x9B) is settled at
    /// once by <see cref="IMqttClientHandler.Acknowledged"/> with that reason, before this returns true.
    /// </remarks>
    public bool TryPublish(in MqttMessage message, long ticket, long nowUs)
    {
        if (!MqttTopics.IsValidName(message.Topic))
        {
            throw new ArgumentException("the topic is no topic name", nameof(message));
        }

        int bound = message.Qos == MqttQos.AtMostOnce && message.DropAbovePendingBytes > 0
            ? Math.Min(message.DropAbovePendingBytes, _options.MaxPendingBytes)
            : _options.MaxPendingBytes;
        if (_state != State.Connected || _connection!.PendingBytes > bound || _window.Resend is not null)
        {
            return false;
        }

        bool counted = message.Qos != MqttQos.AtMostOnce;
        if (counted && (_window.Count >= _options.Window || _window.Counted >= ServerLimits.ReceiveMaximum))
        {
            return false;
        }

        byte refused = Refusal(message.Qos, message.Retain);
        if (refused == MqttReason.Success && !counted)
        {
            if (!WritePublish(message, message.Payload.Span, duplicate: false, packetId: 0, message.Properties?.MessageExpirySeconds, nowUs))
            {
                refused = MqttReason.PacketTooLarge;
            }
        }
        else if (refused == MqttReason.Success)
        {
            // Without KeepInFlight nothing is ever sent again, so the payload need not be kept.
            MqttMessage kept = _options.KeepInFlight ? message : message with { Payload = default };
            var entry = new OutboundEntry { Message = new StoredMessage(kept, nowUs, ticket), Qos = message.Qos, Retain = message.Retain };
            _window.Add(entry, _idTaken);
            if (WritePublish(message, message.Payload.Span, duplicate: false, entry.PacketId, message.Properties?.MessageExpirySeconds, nowUs))
            {
                entry.SentBefore = true;
                _window.CountSent(entry);
                Await(entry, nowUs);
                return true;
            }

            _window.Remove(entry);
            refused = MqttReason.PacketTooLarge;
        }

        if (refused != MqttReason.Success)
        {
            Discarded += counted ? 0 : 1;
            _handler.Acknowledged(ticket, refused);
        }

        return true;
    }

    /// <inheritdoc/>
    public void Subscribe(string filter, MqttQos qos, long nowUs) => Subscribe(filter, qos, default, nowUs);

    /// <inheritdoc/>
    public void Subscribe(string filter, MqttQos qos, MqttSubscribeOptions options, long nowUs)
    {
        if (!MqttTopics.IsValidFilter(filter))
        {
            throw new ArgumentException("the filter is no topic filter", nameof(filter));
        }

        ClientSubscription? subscription = _subscriptions.Find(s => string.Equals(s.Filter, filter, StringComparison.Ordinal));
        if (subscription is null)
        {
            if (_subscriptions.Count >= MaxSubscriptions)
            {
                throw new InvalidOperationException($"more than {MaxSubscriptions} subscriptions");
            }

            subscription = new ClientSubscription(filter);
            _subscriptions.Add(subscription);
        }

        subscription.Qos = qos;
        subscription.Options = options;
        subscription.IsGranted = false;
        subscription.IsRemoved = false;
        if (_state == State.Connected)
        {
            SendSubscribe(subscription, nowUs);
        }
    }

    /// <summary>Ends a subscription. Nothing is reported; messages on their way may still arrive.</summary>
    /// <param name="filter">The filter, as it was subscribed.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Unsubscribe(string filter, long nowUs)
    {
        ClientSubscription? subscription = _subscriptions.Find(s => string.Equals(s.Filter, filter, StringComparison.Ordinal));
        if (subscription is null)
        {
            return;
        }

        subscription.IsRemoved = true;
        if (_state == State.Connected)
        {
            SendSubscribe(subscription, nowUs);
        }
    }

    /// <inheritdoc/>
    public void Acknowledge(long token, long nowUs)
    {
        if (_deferred.Remove(token, out long number))
        {
            _acks.Complete(number, MqttReason.Success);
            SendAcks(nowUs);
        }
    }

    /// <inheritdoc/>
    public void Disconnect(long nowUs)
    {
        if (_state == State.Closed)
        {
            return;
        }

        if (_state == State.Connected)
        {
            PacketWriter.Reason(_writer, PacketType.Disconnect, Version, MqttReason.Success);
            Send(nowUs);
        }

        EndConnection(MqttLossKind.OwnWish, 0, "closed by this side");
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        if (_state == State.Closed)
        {
            return long.MaxValue;
        }

        if (_state == State.Connecting)
        {
            if (nowUs - _openedUs < ConnectTimeoutUs)
            {
                return _openedUs + ConnectTimeoutUs;
            }

            EndConnection(MqttLossKind.Silent, MqttReason.ServerUnavailable, "no CONNACK within 10 s");
            return long.MaxValue;
        }

        Pump(nowUs);
        long next = KeepAlive(nowUs);
        next = _state == State.Connected ? Math.Min(next, Answers(nowUs)) : next;
        next = _state == State.Connected ? Math.Min(next, Drain(nowUs)) : long.MaxValue;
        return _state == State.Connected && _window.Resend is not null && _connection!.PendingBytes > _options.MaxPendingBytes
            ? Math.Min(next, nowUs + BlockedPollUs)
            : next;
    }

    /// <summary>
    /// A ping is due when nothing was sent for the keep-alive (3.1.2.10), and also when nothing was heard for it: a peer that died
    /// behind a link which swallows what we send shows in no other way.
    /// </summary>
    private long KeepAlive(long nowUs)
    {
        if (_keepAliveUs == 0)
        {
            return long.MaxValue;
        }

        long timeoutUs = Math.Max(1_000_000, _keepAliveUs / 2);
        if (_pinging && nowUs - _pingUs >= timeoutUs)
        {
            Fail(MqttLossKind.Silent, MqttReason.KeepAliveTimeout, "the server did not answer a ping");
            return long.MaxValue;
        }

        long due = Math.Min(_sentUs, _lastReceivedUs) + _keepAliveUs;
        if (!_pinging && due <= nowUs)
        {
            PacketWriter.Empty(_writer, PacketType.Pingreq);
            Send(nowUs);
            _pinging = true;
            _pingUs = nowUs;
        }

        return _pinging ? _pingUs + timeoutUs : due;
    }

    /// <summary>
    /// What the server owes an answer for too long. A server that lost one acknowledgement and answers pings would else hold a place in the window for ever, and all
    /// places before long. The time of the next look is a bound from below, so that a look costs nothing until then.
    /// </summary>
    private long Answers(long nowUs)
    {
        if (nowUs < _answerDueUs)
        {
            return _answerDueUs;
        }

        long sinceUs = Unanswered(out Func<string>? what);
        _answerDueUs = sinceUs == long.MaxValue ? long.MaxValue : sinceUs + AnswerTimeoutUs;
        if (nowUs >= _answerDueUs)
        {
            Fail(MqttLossKind.Unanswered, MqttReason.UnspecifiedError, $"the server did not answer {what!()} for {_options.AnswerTimeoutSeconds} s");
            return long.MaxValue;
        }

        return _answerDueUs;
    }

    /// <summary>
    /// Since when the server owes what it has owed longest. Messages on a slow link wait for each other: as long as it is always the oldest that is answered next, the server
    /// is at it, and the time of the others begins with that answer. One that was passed over by later ones has no such grace.
    /// </summary>
    /// <param name="what">Says what it is.</param>
    /// <returns>µs; <see cref="long.MaxValue"/> for nothing.</returns>
    private long Unanswered(out Func<string>? what)
    {
        OutboundEntry? oldest = null;
        for (OutboundEntry? entry = _window.Entries.First; entry is not null; entry = entry.Next)
        {
            oldest = entry.SentUs != long.MaxValue && (oldest is null || entry.SentUs < oldest.SentUs) ? entry : oldest;
        }

        what = null;
        long sinceUs = long.MaxValue;
        if (oldest is not null)
        {
            sinceUs = Math.Max(oldest.SentUs, _progressUs);
            what = () => oldest.State == OutboundState.Released ? $"PUBREL {oldest.PacketId}" : $"PUBLISH {oldest.PacketId} to {oldest.Message.Topic}";
        }

        foreach (ClientSubscription subscription in _subscriptions)
        {
            if (subscription.PendingId != 0 && subscription.SentUs < sinceUs)
            {
                sinceUs = subscription.SentUs;
                what = () => $"{(subscription.IsRemoved ? "UNSUBSCRIBE" : "SUBSCRIBE")} to {subscription.Filter}";
            }
        }

        foreach ((ushort id, long sentUs) in _releasesAwaited)
        {
            if (sentUs < sinceUs)
            {
                sinceUs = sentUs;
                what = () => $"PUBREC {id}";
            }
        }

        return sinceUs;
    }

    /// <summary>Bytes that the transport does not take: as long as some are taken, a slow link is no fault.</summary>
    private long Drain(long nowUs)
    {
        int pending = _connection!.PendingBytes;
        long drained = _writtenBytes - pending;
        if (pending == 0 || drained != _drainedBytes)
        {
            _drainedBytes = drained;
            _drainedUs = nowUs;
        }
        else if (nowUs - _drainedUs >= AnswerTimeoutUs)
        {
            EndConnection(MqttLossKind.Unanswered, MqttReason.UnspecifiedError, $"the connection took none of {pending} bytes for {_options.AnswerTimeoutSeconds} s");
            return long.MaxValue;
        }

        return pending == 0 ? long.MaxValue : _drainedUs + AnswerTimeoutUs;
    }

    private void Await(OutboundEntry entry, long nowUs)
    {
        entry.SentUs = nowUs;
        Await(nowUs);
    }

    private void Await(long nowUs) => _answerDueUs = Math.Min(_answerDueUs, nowUs + AnswerTimeoutUs);

    private byte Refusal(MqttQos qos, bool retain) => qos > ServerLimits.MaximumQos ? MqttReason.QosNotSupported :
        retain && !ServerLimits.RetainAvailable && !_options.UnretainedWhenUnavailable ? MqttReason.RetainNotSupported : MqttReason.Success;

    private void Handle(long nowUs)
    {
        ReadOnlyMemory<byte> body = _framer.Body;
        PacketType type = _framer.Type;
        if (_state == State.Connecting)
        {
            if (type != PacketType.Connack)
            {
                throw Wire.Violation("the first packet is not CONNACK (3.2)");
            }

            OnConnack(PacketReader.Connack(body, Version), nowUs);
            return;
        }

        switch (type)
        {
            case PacketType.Publish:
                OnPublish(_reader.Publish(body, _framer.Flags, Version), nowUs);
                break;
            case PacketType.Puback:
            case PacketType.Pubrec:
            case PacketType.Pubcomp:
                OnOutboundAck(type, _reader.Ack(body, type, Version), nowUs);
                break;
            case PacketType.Pubrel:
                OnRelease(_reader.Ack(body, type, Version), nowUs);
                break;
            case PacketType.Suback:
            case PacketType.Unsuback:
                OnSuback(type, PacketReader.Suback(body, type, Version));
                break;
            case PacketType.Pingresp:
                PacketReader.Empty(body);
                _pinging = false;
                break;
            case PacketType.Disconnect when Version == MqttVersion.V5:
                ReasonPacket packet = PacketReader.Reason(body, type, Version);
                EndConnection(MqttLossKind.Disconnected, packet.Reason, "the server disconnected" + Words(packet.Properties));
                break;
            case PacketType.Connack:
                throw Wire.Violation("a second CONNACK (3.2)");
            case PacketType.Auth:
                throw Wire.Violation("AUTH without an authentication method in CONNECT (4.12)");
            default:
                throw Wire.Violation($"{type} is sent by clients only");
        }
    }

    private void OnConnack(ConnackPacket packet, long nowUs)
    {
        if (packet.Code != 0)
        {
            // A refusal in the form of 3.1.1 (1 to 5) is told in the codes of 5, so that a handler knows one set only.
            byte reason = packet.Code switch
            {
                1 => MqttReason.UnsupportedProtocolVersion,
                2 => MqttReason.ClientIdentifierNotValid,
                3 => MqttReason.ServerUnavailable,
                4 => MqttReason.BadUserNameOrPassword,
                5 => MqttReason.NotAuthorized,
                _ => packet.Code,
            };
            EndConnection(MqttLossKind.Refused, reason, "the server refused the connection" + Words(packet.Properties));
            return;
        }

        if (packet.SessionPresent && _options.CleanStart)
        {
            throw Wire.Violation("the server says that a session is present after a clean start (3.2.2.1.1)");
        }

        MqttProperties p = packet.Properties;
        if (p.AuthenticationMethod is not null)
        {
            throw Wire.Violation("CONNACK has an authentication method that CONNECT did not have (4.12)");
        }

        if (_options.ClientId.Length == 0 && p.AssignedClientIdentifier is { } assigned)
        {
            ClientId = assigned;
        }
        else if (ClientId.Length == 0)
        {
            ClientId = _options.ClientId;
        }

        ServerLimits = new MqttServerLimits
        {
            ReceiveMaximum = p.ReceiveMaximum ?? ushort.MaxValue,
            MaximumPacketSize = p.MaximumPacketSize ?? long.MaxValue,
            MaximumQos = (MqttQos)(p.MaximumQos ?? 2),
            RetainAvailable = p.RetainAvailable != 0,
            WildcardsAvailable = p.WildcardSubscriptionAvailable != 0,
            SharedSubscriptionsAvailable = p.SharedSubscriptionAvailable != 0,
            TopicAliasMaximum = p.TopicAliasMaximum ?? 0,
            KeepAliveSeconds = p.ServerKeepAlive,
        };
        _keepAliveUs = (p.ServerKeepAlive ?? _options.KeepAliveSeconds) * 1_000_000L;
        _aliases = new OutboundAliases(ServerLimits.TopicAliasMaximum);
        _state = State.Connected;

        if (!packet.SessionPresent)
        {
            ForgetServerSession();
        }

        _window.Resume();
        _handler.Connected(packet.SessionPresent);
        for (int i = 0; i < _subscriptions.Count && _state == State.Connected; i++)
        {
            // One that the handler has just asked for is on its way already.
            ClientSubscription subscription = _subscriptions[i];
            if (subscription.PendingId == 0 && !subscription.IsRefused && (!subscription.IsGranted || subscription.IsRemoved))
            {
                SendSubscribe(subscription, nowUs);
            }
        }

        Pump(nowUs);
    }

    private static string Words(MqttProperties properties) =>
        (properties.ReasonString is { } why ? ": " + why : string.Empty) + (properties.ServerReference is { } other ? ", use " + other : string.Empty);

    /// <summary>The server knows nothing of us: what is in flight goes out as new messages in the old order, and subscriptions are repeated.</summary>
    private void ForgetServerSession()
    {
        _unreleased.Clear();
        _subscriptions.RemoveAll(s => s.IsRemoved);
        foreach (ClientSubscription subscription in _subscriptions)
        {
            subscription.IsGranted = false;
            subscription.PendingId = 0;
        }

        for (OutboundEntry? entry = _window.Entries.First; entry is not null;)
        {
            OutboundEntry? next = entry.Next;
            if (entry.State == OutboundState.Released)
            {
                // PUBREC came: the server had the message. A release in a session that is gone means nothing.
                Settle(entry, MqttReason.Success);
            }
            else
            {
                entry.SentBefore = false;
            }

            entry = next;
        }
    }

    /// <summary>Sends again what is in flight after a connection, as far as the server's Receive Maximum and the transport allow.</summary>
    private void Pump(long nowUs)
    {
        while (_state == State.Connected && _window.Resend is { } entry && _connection!.PendingBytes <= _options.MaxPendingBytes)
        {
            if (entry.State == OutboundState.Released)
            {
                _window.ResendDone();
                SendAck(PacketType.Pubrel, entry.PacketId, 0, nowUs);
                Await(entry, nowUs);
                continue;
            }

            if (_window.Counted >= ServerLimits.ReceiveMaximum)
            {
                return;
            }

            _window.ResendDone();
            StoredMessage stored = entry.Message;
            if (Refusal(entry.Qos, entry.Retain) is var refused && refused != MqttReason.Success)
            {
                Settle(entry, refused);
                continue;
            }

            var message = new MqttMessage { Topic = stored.Topic, Qos = entry.Qos, Retain = entry.Retain, Properties = stored.Properties };
            if (WritePublish(message, stored.Payload.Span, entry.SentBefore, entry.PacketId, stored.RemainingSeconds(nowUs), nowUs))
            {
                entry.SentBefore = true;
                SentAgain++;
                _window.CountSent(entry);
                Await(entry, nowUs);
            }
            else
            {
                Settle(entry, MqttReason.PacketTooLarge);
            }
        }
    }

    private void OnPublish(in PublishPacket packet, long nowUs)
    {
        MqttMessage message = ResolveAlias(packet);
        if (message.Qos == MqttQos.AtMostOnce)
        {
            _handler.Received(message, 0);
            return;
        }

        if (_unreleased.Contains(packet.PacketId) && message.Qos == MqttQos.ExactlyOnce)
        {
            SendAck(PacketType.Pubrec, packet.PacketId, 0, nowUs);
            _releasesAwaited[packet.PacketId] = nowUs;
            Await(nowUs);
            return;
        }

        if (_acks.Contains(packet.PacketId))
        {
            if (!message.Duplicate)
            {
                throw Wire.Violation("a packet identifier is used again before its acknowledgement (2.2.1)");
            }

            return;
        }

        if (_acks.Count + _openReleases >= (Version == MqttVersion.V5 ? _options.ReceiveMaximum : ushort.MaxValue))
        {
            throw new MqttProtocolException(MqttReason.ReceiveMaximumExceeded, $"more than {_options.ReceiveMaximum} messages are unacknowledged");
        }

        long token = ++_lastToken;
        long number = _acks.Add(packet.PacketId, message.Qos, token);
        _deferred.Add(token, number);
        bool acknowledge = _handler.Received(message, token);
        if (acknowledge && _deferred.Remove(token))
        {
            _acks.Complete(number, MqttReason.Success);
            SendAcks(nowUs);
        }
    }

    private MqttMessage ResolveAlias(in PublishPacket packet)
    {
        if (packet.TopicAlias == 0)
        {
            return packet.Message;
        }

        if (packet.TopicAlias >= _inboundAliases.Length)
        {
            throw new MqttProtocolException(MqttReason.TopicAliasInvalid, "the topic alias is above our maximum (3.3.2.3.4)");
        }

        if (packet.Message.Topic.Length > 0)
        {
            _inboundAliases[packet.TopicAlias] = packet.Message.Topic;
            return packet.Message;
        }

        string topic = _inboundAliases[packet.TopicAlias] ?? throw Wire.Violation("the topic alias is not known (3.3.2.3.4)");
        return packet.Message with { Topic = topic };
    }

    private void SendAcks(long nowUs)
    {
        while (_state == State.Connected && _acks.TryTake(out InboundAcks.Entry entry))
        {
            if (entry.Qos == MqttQos.ExactlyOnce)
            {
                _unreleased.Add(entry.PacketId);
                _openReleases++;
                _releasesAwaited[entry.PacketId] = nowUs;
                Await(nowUs);
            }

            SendAck(entry.Qos == MqttQos.ExactlyOnce ? PacketType.Pubrec : PacketType.Puback, entry.PacketId, entry.Reason, nowUs);
        }
    }

    private void OnRelease(AckPacket packet, long nowUs)
    {
        bool known = _unreleased.Remove(packet.PacketId);
        _releasesAwaited.Remove(packet.PacketId);
        if (known && _openReleases > 0)
        {
            _openReleases--;
        }

        SendAck(PacketType.Pubcomp, packet.PacketId, known ? MqttReason.Success : MqttReason.PacketIdentifierNotFound, nowUs);
    }

    private void OnOutboundAck(PacketType type, AckPacket packet, long nowUs)
    {
        OutboundEntry? entry = _window.Find(packet.PacketId);
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
                SendAck(PacketType.Pubrel, packet.PacketId, MqttReason.PacketIdentifierNotFound, nowUs);
            }
            else if (entry is not null)
            {
                throw Wire.Violation($"{type} does not answer what was sent under its packet identifier (4.3)");
            }

            return;
        }

        if (entry!.Previous is null)
        {
            _progressUs = nowUs;
        }

        if (type == PacketType.Pubrec && packet.Reason < 0x80)
        {
            entry.State = OutboundState.Released;
            SendAck(PacketType.Pubrel, packet.PacketId, 0, nowUs);
            Await(entry, nowUs);
            return;
        }

        Settle(entry, type == PacketType.Pubcomp ? MqttReason.Success : packet.Reason);
        Pump(nowUs);
    }

    private void OnSuback(PacketType type, SubackPacket packet)
    {
        ClientSubscription? subscription = FindPending(packet.PacketId);
        if (subscription is null)
        {
            return; // an answer to a request that a newer one has replaced
        }

        subscription.PendingId = 0;
        if (type == PacketType.Unsuback)
        {
            if (subscription.IsRemoved)
            {
                _subscriptions.Remove(subscription);
            }

            return;
        }

        if (packet.Codes.Count != 1)
        {
            throw Wire.Violation("SUBACK does not have one code for one filter (3.9.3)");
        }

        subscription.IsGranted = packet.Codes[0] < 0x80;
        _handler.Subscribed(subscription.Filter, packet.Codes[0]);
    }

    private ClientSubscription? FindPending(ushort packetId)
    {
        foreach (ClientSubscription subscription in _subscriptions)
        {
            if (subscription.PendingId == packetId)
            {
                return subscription;
            }
        }

        return null;
    }

    private void SendSubscribe(ClientSubscription subscription, long nowUs)
    {
        subscription.PendingId = 0;
        subscription.IsRefused = false;
        bool shared = subscription.Filter.StartsWith(MqttTopics.SharedPrefix, StringComparison.Ordinal);
        if (!subscription.IsRemoved && shared && !ServerLimits.SharedSubscriptionsAvailable)
        {
            Refuse(subscription, MqttReason.SharedSubscriptionsNotSupported);
            return;
        }

        if (!subscription.IsRemoved && !ServerLimits.WildcardsAvailable && subscription.Filter.AsSpan().ContainsAny('+', '#'))
        {
            Refuse(subscription, MqttReason.WildcardSubscriptionsNotSupported);
            return;
        }

        ushort id = ushort.MaxValue; // publishes count up from 1, these count down
        while (_window.Contains(id) || FindPending(id) is not null)
        {
            id--;
        }

        var packet = new SubscribePacket { PacketId = id };
        MqttSubscribeOptions options = subscription.Options;
        packet.Filters.Add(new SubscriptionRequest(
            subscription.Filter, subscription.Qos, options.NoLocal && !shared, options.RetainAsPublished, (byte)options.RetainHandling));
        if (subscription.IsRemoved)
        {
            PacketWriter.Unsubscribe(_writer, packet, Version);
        }
        else
        {
            PacketWriter.Subscribe(_writer, packet, Version);
        }

        if (_writer.Packet.Length > ServerLimits.MaximumPacketSize)
        {
            Refuse(subscription, MqttReason.PacketTooLarge);
            return;
        }

        subscription.PendingId = id;
        subscription.SentUs = nowUs;
        Send(nowUs);
        Await(nowUs);
    }

    /// <summary>What the server would end the connection for, this side answers by itself, once on each connection.</summary>
    private void Refuse(ClientSubscription subscription, byte reason)
    {
        subscription.IsRefused = true;
        if (!subscription.IsRemoved)
        {
            _handler.Subscribed(subscription.Filter, reason);
        }
    }

    /// <returns>False when the packet is longer than the server accepts; nothing was sent.</returns>
    private bool WritePublish(
        in MqttMessage message, ReadOnlySpan<byte> payload, bool duplicate, ushort packetId, uint? expirySeconds, long nowUs)
    {
        int alias = _aliases.Get(message.Topic, out bool known);
        int length = PacketWriter.Publish(
            _writer, Version, known ? string.Empty : message.Topic, payload, message.Qos, message.Retain && ServerLimits.RetainAvailable, duplicate, packetId, message.Properties,
            expirySeconds, alias, []);
        if (length > ServerLimits.MaximumPacketSize)
        {
            return false;
        }

        if (alias != 0 && !known)
        {
            _aliases.Learn(message.Topic, alias);
        }

        Send(nowUs);
        _writer.Trim();
        return true;
    }

    private void SendAck(PacketType type, ushort packetId, byte reason, long nowUs)
    {
        PacketWriter.Ack(_writer, type, Version, packetId, reason);
        Send(nowUs);
    }

    private void Send(long nowUs)
    {
        _connection!.Write(_writer.Packet);
        _writtenBytes += _writer.Packet.Length;
        _sentUs = nowUs;
    }

    /// <summary>Closes because of what the server did or did not do; MQTT 5 tells it why.</summary>
    private void Fail(MqttLossKind kind, byte reason, string text)
    {
        if (_state == State.Connected && Version == MqttVersion.V5)
        {
            // Keep Alive timeout is a server's word (3.14.2.1, table 3-10).
            byte told = reason == MqttReason.KeepAliveTimeout ? MqttReason.UnspecifiedError : reason;
            PacketWriter.Reason(_writer, PacketType.Disconnect, Version, told);
            _connection!.Write(_writer.Packet);
        }

        EndConnection(kind, reason, text);
    }

    private void EndConnection(MqttLossKind kind, byte reason, string text)
    {
        if (_state == State.Closed)
        {
            return;
        }

        _state = State.Closed;
        LastLoss = kind;
        _releasesAwaited.Clear();
        IMqttConnection connection = _connection!;
        _connection = null;
        _acks.Clear(token => _deferred.Remove(token), _unreleased);
        foreach (ClientSubscription subscription in _subscriptions)
        {
            subscription.PendingId = 0;
            subscription.IsRefused = false;
        }

        for (OutboundEntry? entry = _window.Entries.First; entry is not null; entry = entry.Next)
        {
            entry.SentUs = long.MaxValue;
        }

        if (!_options.KeepInFlight)
        {
            VoidInFlight();
        }

        connection.Close();
        _handler.Lost(reason, text);
    }

    /// <summary>
    /// QoS 1 is forgotten. QoS 2 is released without a word to the application: a server that kept the session would else take a
    /// later message under the same identifier for a repetition and drop it.
    /// </summary>
    private void VoidInFlight()
    {
        for (OutboundEntry? entry = _window.Entries.First; entry is not null;)
        {
            OutboundEntry? next = entry.Next;
            if (entry.Qos == MqttQos.ExactlyOnce)
            {
                entry.State = OutboundState.Released;
                entry.IsVoid = true;
            }
            else
            {
                _window.Remove(entry);
            }

            entry = next;
        }
    }

    private void Settle(OutboundEntry entry, byte reason)
    {
        _window.Remove(entry);
        if (!entry.IsVoid)
        {
            _handler.Acknowledged(entry.Message.Ticket, reason);
        }
    }

    private sealed class ClientSubscription(string filter)
    {
        public string Filter { get; } = filter;

        public MqttQos Qos { get; set; }

        public MqttSubscribeOptions Options { get; set; }

        public bool IsGranted { get; set; }

        /// <summary>Answered by this side on the present connection, since the server has said that it does not take it.</summary>
        public bool IsRefused { get; set; }

        public bool IsRemoved { get; set; }

        public ushort PendingId { get; set; }

        public long SentUs { get; set; }
    }
}
