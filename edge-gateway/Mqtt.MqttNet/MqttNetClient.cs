using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Threading;
using EdgeGateway.Mqtt.Topics;

namespace EdgeGateway.Mqtt.MqttNet;

/// <summary>
/// MQTTnet's client behind the port of the built-in one. What MQTTnet leaves to its user is done here: the server's Receive Maximum and Maximum Packet Size, the retained
/// subscriptions, keep-alive and all waiting times by the loop's monotonic clock, and bounds on what a server may send. One MQTTnet client for each connection; the bytes stay the transport's.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A link is ended with its connection, by EndConnection, and disposes itself on another thread.")]
public sealed class MqttNetClient : IMqttClient, IMqttNetLinkOwner
{
    /// <summary>From CONNECT to CONNACK at most, µs.</summary>
    public const long ConnectTimeoutUs = 10_000_000;

    /// <summary>How long MQTTnet may take to read what came before the transport closed, µs; then the connection is lost without its last words. Assumption: a pool thread comes in that time.</summary>
    public const long LastWordsUs = 2_000_000;

    /// <summary>Most messages that have arrived and were not handed over; above it the connection ends, since MQTTnet's own queue has no bound.</summary>
    public const int MaxWaitingMessages = 4_096;

    /// <summary>Most subscriptions that are remembered.</summary>
    private const int MaxSubscriptions = 1_000;

    private const byte UnspecifiedError = 0x80;
    private const byte ProtocolError = 0x82;
    private const byte ServerUnavailable = 0x88;
    private const byte KeepAliveTimeout = 0x8D;
    private const byte ReceiveMaximumExceeded = 0x93;
    private const byte PacketTooLarge = 0x95;
    private const byte QuotaExceeded = 0x97;
    private const byte RetainNotSupported = 0x9A;
    private const byte QosNotSupported = 0x9B;
    private const byte SharedSubscriptionsNotSupported = 0x9E;
    private const byte WildcardSubscriptionsNotSupported = 0xA2;

    private readonly MqttClientOptions _options;
    private readonly IMqttClientHandler _handler;
    private readonly IMqttLoop _loop;
    private readonly List<Subscription> _subscriptions = [];
    private readonly LinkedList<Sent> _sent = [];
    private readonly LinkedList<Held> _held = [];
    private readonly List<Action> _early = [];

    private MqttNetLink? _link;
    private InboundFrames _frames;
    private MqttNetEnd? _earlyEnd;
    private string _clientId;
    private int _isWoken;
    private bool _isAnswered;
    private bool _isPinging;
    private long _handedOver;
    private long _openedUs;
    private long _closedUs;
    private long _sentUs;
    private long _lastReceivedUs;
    private long _pingUs;
    private long _keepAliveUs;
    private long _progressUs;
    private long _drainedBytes;
    private long _drainedUs;
    private long _lastToken;

    /// <summary>Makes a client that is not connected.</summary>
    /// <param name="options">How to be a client.</param>
    /// <param name="handler">The application.</param>
    /// <param name="loop">The loop on which the client is called, and on which it calls.</param>
    /// <exception cref="ArgumentException">An option is outside of its range.</exception>
    /// <exception cref="NotSupportedException">Messages in flight shall survive a connection: MQTTnet begins its packet identifiers anew with each.</exception>
    public MqttNetClient(MqttClientOptions options, IMqttClientHandler handler, IMqttLoop loop)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(loop);
        if (options.KeepInFlight)
        {
            throw new NotSupportedException("MQTTnet begins its packet identifiers anew with each connection: nothing in flight survives it");
        }

        if (options.Window is < 1 or > 65_000 || options.ReceiveMaximum == 0 || options.AnswerTimeoutSeconds is < 1 or > 3_600)
        {
            throw new ArgumentException("Window is from 1 to 65,000, ReceiveMaximum from 1 to 65,535, AnswerTimeoutSeconds from 1 to 3,600", nameof(options));
        }

        _options = options;
        _handler = handler;
        _loop = loop;
        _clientId = options.ClientId;
        _frames = new InboundFrames(options.MaxPacketLength);
    }

    /// <inheritdoc/>
    public bool IsConnected => _link is not null && _isAnswered && _closedUs == 0;

    /// <inheritdoc/>
    public int InFlight => _sent.Count;

    /// <inheritdoc/>
    public MqttServerLimits ServerLimits { get; private set; } = MqttServerLimits.None;

    /// <inheritdoc/>
    public MqttLossKind LastLoss { get; private set; }

    /// <inheritdoc/>
    public long UnansweredSinceUs => Unanswered(out _);

    private long AnswerTimeoutUs => _options.AnswerTimeoutSeconds * 1_000_000L;

    /// <inheritdoc/>
    public void Open(IMqttConnection connection, long nowUs)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (_link is not null)
        {
            throw new InvalidOperationException("a connection is open; wait for Lost, or call Disconnect, before the next one");
        }

        _frames = new InboundFrames(_options.MaxPacketLength);
        _isAnswered = _isPinging = false;
        _earlyEnd = null;
        _early.Clear();
        _handedOver = _closedUs = _drainedBytes = 0;
        _openedUs = _sentUs = _lastReceivedUs = _drainedUs = _progressUs = nowUs;
        _link = new MqttNetLink(connection, this, Wake);
        _link.Connect(_options, _clientId);
    }

    /// <inheritdoc/>
    public void Received(ReadOnlySpan<byte> bytes, long nowUs)
    {
        if (_link is not { } link || _closedUs != 0)
        {
            return;
        }

        _lastReceivedUs = nowUs;
        long pongs = _frames.Pongs;
        if (_frames.Take(bytes) is { } wrong)
        {
            Fail(MqttLossKind.BrokenProtocol, PacketTooLarge, "the server broke the protocol: " + wrong);
        }
        else if (_frames.Publishes - _handedOver > MaxWaitingMessages || link.UnreadBytes > 2L * _options.MaxPacketLength)
        {
            Fail(MqttLossKind.BrokenProtocol, QuotaExceeded, "the server sends faster than MQTTnet reads: " + (_frames.Publishes - _handedOver).ToString(CultureInfo.InvariantCulture) + " messages wait");
        }
        else
        {
            _isPinging &= _frames.Pongs == pongs;
            link.Take(bytes);
        }
    }

    /// <inheritdoc/>
    /// <remarks>Lost may come later than this call, by at most <see cref="LastWordsUs"/>: MQTTnet reads what came before the end first, acknowledgements and the server's reason among it.</remarks>
    public void Closed(long nowUs)
    {
        if (_link is { } link && _closedUs == 0)
        {
            _closedUs = Math.Max(1, nowUs);
            link.EndInput();
        }
    }

    /// <inheritdoc/>
    public bool TryPublish(in MqttMessage message, long ticket, long nowUs)
    {
        if (!MqttTopics.IsValidName(message.Topic))
        {
            throw new ArgumentException("the topic is no topic name", nameof(message));
        }

        int bound = message.Qos == MqttQos.AtMostOnce && message.DropAbovePendingBytes > 0 ? Math.Min(message.DropAbovePendingBytes, _options.MaxPendingBytes) : _options.MaxPendingBytes;
        if (!IsConnected || _link is not { } link || link.PendingBytes > bound)
        {
            return false;
        }

        bool counted = message.Qos != MqttQos.AtMostOnce;
        if (counted && _sent.Count >= Math.Min(_options.Window, ServerLimits.ReceiveMaximum))
        {
            return false;
        }

        MqttMessage fitted = message with { Retain = message.Retain && ServerLimits.RetainAvailable };
        byte refused = message.Qos > ServerLimits.MaximumQos ? QosNotSupported
            : message.Retain && !ServerLimits.RetainAvailable && !_options.UnretainedWhenUnavailable ? RetainNotSupported
            : ServerLimits.MaximumPacketSize < long.MaxValue && PublishLength.Of(fitted, _options.Version) > ServerLimits.MaximumPacketSize ? PacketTooLarge
            : (byte)0;
        if (refused != 0)
        {
            _handler.Acknowledged(ticket, refused);
            return true;
        }

        _sentUs = nowUs;
        if (!counted)
        {
            link.Publish(fitted, null);
            return true;
        }

        LinkedListNode<Sent> entry = _sent.AddLast(new Sent(ticket, message.Topic, nowUs));
        link.Publish(fitted, reason => Settle(link, entry, reason));
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

        Subscription? subscription = _subscriptions.Find(s => string.Equals(s.Filter, filter, StringComparison.Ordinal));
        if (subscription is null)
        {
            if (_subscriptions.Count >= MaxSubscriptions)
            {
                throw new InvalidOperationException($"more than {MaxSubscriptions} subscriptions");
            }

            subscription = new Subscription(filter);
            _subscriptions.Add(subscription);
        }

        subscription.Qos = qos;
        subscription.Options = options;
        subscription.IsGranted = false;
        if (IsConnected)
        {
            SendSubscribe(subscription, nowUs);
        }
    }

    /// <inheritdoc/>
    public void Acknowledge(long token, long nowUs)
    {
        for (LinkedListNode<Held>? held = _held.First; held is not null; held = held.Next)
        {
            if (held.Value.Token == token)
            {
                held.Value.IsDone = true;
                SendAcks(nowUs);
                return;
            }
        }
    }

    /// <inheritdoc/>
    public void Disconnect(long nowUs)
    {
        if (_link is not null)
        {
            EndConnection(MqttLossKind.OwnWish, 0, "closed by this side", _isAnswered && _closedUs == 0 ? (byte)0 : null);
        }
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        _link?.RunResults();
        if (_link is null)
        {
            return long.MaxValue;
        }

        if (_closedUs != 0)
        {
            if (nowUs - _closedUs >= LastWordsUs)
            {
                EndConnection(MqttLossKind.Transport, 0, "the transport closed");
                return long.MaxValue;
            }

            return _closedUs + LastWordsUs;
        }

        if (!_isAnswered)
        {
            if (nowUs - _openedUs >= ConnectTimeoutUs)
            {
                EndConnection(MqttLossKind.Silent, ServerUnavailable, "no CONNACK within 10 s");
                return long.MaxValue;
            }

            return _openedUs + ConnectTimeoutUs;
        }

        long next = KeepAlive(nowUs);
        next = _link is null ? next : Math.Min(next, Answers(nowUs));
        return _link is null ? long.MaxValue : Math.Min(next, Drain(nowUs));
    }

    void IMqttNetLinkOwner.Answered(MqttNetLink link, MqttNetAnswer answer)
    {
        if (link != _link || _isAnswered)
        {
            return;
        }

        if (answer.Code != 0)
        {
            Refused(answer);
            return;
        }

        long nowUs = _loop.NowUs;
        _isAnswered = true;
        _clientId = answer.AssignedClientId ?? _clientId;
        ServerLimits = answer.Limits;
        _keepAliveUs = (answer.Limits.KeepAliveSeconds ?? _options.KeepAliveSeconds) * 1_000_000L;
        _lastReceivedUs = _progressUs = _drainedUs = nowUs;
        foreach (Subscription subscription in _subscriptions)
        {
            subscription.IsGranted &= answer.IsSessionPresent;
        }

        if (_closedUs == 0)
        {
            _handler.Connected(answer.IsSessionPresent);
            for (int i = 0; i < _subscriptions.Count && link == _link; i++)
            {
                // One that the handler has just asked for is on its way already.
                if (!_subscriptions[i].IsGranted && _subscriptions[i].SentUs == 0)
                {
                    SendSubscribe(_subscriptions[i], nowUs);
                }
            }
        }

        foreach (Action early in _early.ToArray())
        {
            early();
        }

        _early.Clear();
        if (link == _link && _earlyEnd is { } end)
        {
            Finish(end);
        }
    }

    void IMqttNetLinkOwner.Received(MqttNetLink link, in MqttMessage message, ushort packetId, Action acknowledge)
    {
        MqttMessage kept = message;
        if (link == _link && !_isAnswered)
        {
            _early.Add(() => Take(link, kept, packetId, acknowledge)); // MQTTnet reads on before it says that CONNACK came
        }
        else
        {
            Take(link, kept, packetId, acknowledge);
        }
    }

    void IMqttNetLinkOwner.Ended(MqttNetLink link, MqttNetEnd end)
    {
        if (link != _link)
        {
            return;
        }

        // The end of a connection that was accepted may be found before CONNACK has been told.
        if (!_isAnswered && end.Exception is null && end.Refusal is null)
        {
            _earlyEnd = end;
        }
        else
        {
            Finish(end);
        }
    }

    // The loop may be busy or full: what waits is also looked at in each step.
    private void Wake()
    {
        if (Interlocked.Exchange(ref _isWoken, 1) == 0 && !_loop.TryPost(RunResults, Broken))
        {
            Volatile.Write(ref _isWoken, 0);
        }
    }

    private void RunResults()
    {
        Volatile.Write(ref _isWoken, 0);
        _link?.RunResults();
    }

    private void Broken(Exception exception)
    {
        if (_link is not null)
        {
            Fail(MqttLossKind.Unknown, UnspecifiedError, "an exception in the handling of the connection: " + exception.Message);
        }
    }

    private void Finish(MqttNetEnd end)
    {
        if (end.Refusal is { } refusal)
        {
            Refused(refusal);
        }
        else if (_frames.HasDisconnect && _isAnswered && _options.Version == MqttVersion.V5)
        {
            EndConnection(MqttLossKind.Disconnected, end.Reason, "the server disconnected" + end.Words);
        }
        else if (_closedUs != 0)
        {
            EndConnection(MqttLossKind.Transport, 0, _isAnswered ? "the transport closed" : "the transport closed before CONNACK");
        }
        else
        {
            Fail(MqttLossKind.BrokenProtocol, ProtocolError, "the server broke the protocol: " + (end.Exception?.Message ?? "MQTTnet ended the connection"));
        }
    }

    private void Refused(MqttNetAnswer answer) => EndConnection(MqttLossKind.Refused, answer.Code, "the server refused the connection" + answer.Words);

    private void Take(MqttNetLink link, in MqttMessage message, ushort packetId, Action acknowledge)
    {
        if (link != _link)
        {
            return;
        }

        _handedOver++;
        if (_closedUs != 0)
        {
            return; // it could not be acknowledged any more, and comes again
        }

        if (message.Qos == MqttQos.AtMostOnce)
        {
            _handler.Received(message, 0);
            return;
        }

        for (LinkedListNode<Held>? other = _held.First; other is not null; other = other.Next)
        {
            if (other.Value.PacketId == packetId)
            {
                if (!message.Duplicate)
                {
                    Fail(MqttLossKind.BrokenProtocol, ProtocolError, "the server broke the protocol: a packet identifier is used again before its acknowledgement (2.2.1)");
                }

                return;
            }
        }

        if (_held.Count >= (_options.Version == MqttVersion.V5 ? _options.ReceiveMaximum : ushort.MaxValue))
        {
            Fail(MqttLossKind.BrokenProtocol, ReceiveMaximumExceeded, $"the server broke the protocol: more than {_options.ReceiveMaximum} messages are unacknowledged");
            return;
        }

        Held held = new(++_lastToken, packetId, acknowledge);
        _held.AddLast(held);
        if (_handler.Received(message, held.Token) && link == _link)
        {
            held.IsDone = true;
            SendAcks(_loop.NowUs);
        }
    }

    // In the order of the messages (MQTT 5.0, 4.6).
    private void SendAcks(long nowUs)
    {
        while (IsConnected && _held.First is { Value.IsDone: true } first)
        {
            _held.RemoveFirst();
            _sentUs = nowUs;
            first.Value.Acknowledge();
        }
    }

    private void Settle(MqttNetLink link, LinkedListNode<Sent> entry, byte reason)
    {
        if (link != _link || entry.List is null)
        {
            return;
        }

        if (entry.Previous is null)
        {
            _progressUs = _loop.NowUs;
        }

        _sent.Remove(entry);
        _handler.Acknowledged(entry.Value.Ticket, reason);
    }

    private void SendSubscribe(Subscription subscription, long nowUs)
    {
        bool isShared = subscription.Filter.StartsWith("$share/", StringComparison.Ordinal);
        byte refused = isShared && !ServerLimits.SharedSubscriptionsAvailable ? SharedSubscriptionsNotSupported
            : !ServerLimits.WildcardsAvailable && subscription.Filter.AsSpan().ContainsAny('+', '#') ? WildcardSubscriptionsNotSupported
            : (byte)0;
        if (refused != 0)
        {
            _handler.Subscribed(subscription.Filter, refused);
            return;
        }

        MqttNetLink link = _link!;
        long number = ++subscription.Number;
        subscription.SentUs = Math.Max(1, nowUs);
        _sentUs = nowUs;
        MqttSubscribeOptions how = subscription.Options with { NoLocal = subscription.Options.NoLocal && !isShared };
        link.Subscribe(subscription.Filter, subscription.Qos, _options.Version == MqttVersion.V5 ? how : default, code =>
        {
            if (link == _link && number == subscription.Number)
            {
                subscription.SentUs = 0;
                subscription.IsGranted = code < UnspecifiedError;
                _handler.Subscribed(subscription.Filter, code);
            }
        });
    }

    // As the built-in client: a ping is due when nothing was sent for the keep-alive (3.1.2.10), and also when nothing was heard for it.
    private long KeepAlive(long nowUs)
    {
        if (_keepAliveUs == 0)
        {
            return long.MaxValue;
        }

        long timeoutUs = Math.Max(1_000_000, _keepAliveUs / 2);
        if (_isPinging && nowUs - _pingUs >= timeoutUs)
        {
            Fail(MqttLossKind.Silent, KeepAliveTimeout, "the server did not answer a ping");
            return long.MaxValue;
        }

        long due = Math.Min(_sentUs, _lastReceivedUs) + _keepAliveUs;
        if (!_isPinging && due <= nowUs)
        {
            _isPinging = true;
            _pingUs = _sentUs = nowUs;
            _link!.Ping();
        }

        return _isPinging ? _pingUs + timeoutUs : due;
    }

    private long Answers(long nowUs)
    {
        long sinceUs = Unanswered(out string? what);
        if (sinceUs == long.MaxValue)
        {
            return long.MaxValue;
        }

        if (nowUs >= sinceUs + AnswerTimeoutUs)
        {
            Fail(MqttLossKind.Unanswered, UnspecifiedError, $"the server did not answer {what} for {_options.AnswerTimeoutSeconds} s");
            return long.MaxValue;
        }

        return sinceUs + AnswerTimeoutUs;
    }

    // Messages are sent in the order of the list, so its first is the oldest. As long as it is always the oldest that is answered next, a slow server is at it.
    private long Unanswered(out string? what)
    {
        what = null;
        long sinceUs = long.MaxValue;
        if (_sent.First is { } first)
        {
            sinceUs = Math.Max(first.Value.SentUs, _progressUs);
            what = "PUBLISH to " + first.Value.Topic;
        }

        foreach (Subscription subscription in _subscriptions)
        {
            if (subscription.SentUs != 0 && subscription.SentUs < sinceUs)
            {
                sinceUs = subscription.SentUs;
                what = "SUBSCRIBE to " + subscription.Filter;
            }
        }

        return sinceUs;
    }

    // Bytes that the transport does not take: as long as some are taken, a slow link is no fault.
    private long Drain(long nowUs)
    {
        int pending = _link!.Connection.PendingBytes;
        long drained = _link.WrittenBytes - pending;
        if (pending == 0 || drained != _drainedBytes)
        {
            _drainedBytes = drained;
            _drainedUs = nowUs;
        }
        else if (nowUs - _drainedUs >= AnswerTimeoutUs)
        {
            EndConnection(MqttLossKind.Unanswered, UnspecifiedError, $"the connection took none of {pending} bytes for {_options.AnswerTimeoutSeconds} s");
            return long.MaxValue;
        }

        return pending == 0 ? long.MaxValue : _drainedUs + AnswerTimeoutUs;
    }

    // Keep Alive timeout is a server's word (3.14.2.1, table 3-10).
    private void Fail(MqttLossKind kind, byte reason, string text) =>
        EndConnection(kind, reason, text, !_isAnswered || _options.Version != MqttVersion.V5 ? null : reason == KeepAliveTimeout ? UnspecifiedError : reason);

    private void EndConnection(MqttLossKind kind, byte reason, string text, byte? sentReason = null)
    {
        MqttNetLink link = _link!;
        _link = null;
        LastLoss = kind;
        _sent.Clear();
        _held.Clear();
        _early.Clear();
        foreach (Subscription subscription in _subscriptions)
        {
            subscription.SentUs = 0;
        }

        link.End(_options.Version, sentReason);
        _handler.Lost(reason, text);
    }

    private sealed record Sent(long Ticket, string Topic, long SentUs);

    private sealed class Held(long token, ushort packetId, Action acknowledge)
    {
        public long Token { get; } = token;

        public ushort PacketId { get; } = packetId;

        public Action Acknowledge { get; } = acknowledge;

        public bool IsDone { get; set; }
    }

    private sealed class Subscription(string filter)
    {
        public string Filter { get; } = filter;

        public MqttQos Qos { get; set; }

        public MqttSubscribeOptions Options { get; set; }

        public bool IsGranted { get; set; }

        /// <summary>When the request went out that has no answer yet, µs; 0 for none.</summary>
        public long SentUs { get; set; }

        /// <summary>Of the newest request; answers to others say nothing.</summary>
        public long Number { get; set; }
    }
}
