using System;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Health;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Codec;

namespace EdgeGateway.Core.Delivery;

/// <summary>Told how a ticket was settled: 0, 0x10 for no matching subscribers, or an MQTT 5 reason code from 0x80.</summary>
internal delegate void TicketSettled(long ticket, byte reasonCode);

/// <summary>A message for the gateway from the session's side. The payload is valid during the call only.</summary>
/// <param name="message">The message.</param>
/// <param name="acknowledge">Called when it may be acknowledged.</param>
internal delegate void SessionMessage(in MqttMessage message, Action acknowledge);

/// <summary>The way to the session's broker, embedded or not.</summary>
internal interface ISessionLink
{
    /// <summary>True when messages can be handed over.</summary>
    bool IsUp { get; }

    /// <summary>What the broker takes; of the last connection while there is none.</summary>
    MqttServerLimits Limits => MqttServerLimits.None;

    /// <summary>Hands over a message at QoS 1.</summary>
    /// <param name="message">The message.</param>
    /// <param name="ticket">Above 0: settled later. 0: not reported.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False when it cannot be taken now.</returns>
    bool TryPublish(in MqttMessage message, long ticket, long nowUs);

    /// <summary>Shows a message to the cart's own page, which takes no part in delivery.</summary>
    /// <param name="message">The message.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void View(in MqttMessage message, long nowUs);

    /// <summary>Connection attempts and protocol deadlines.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next.</returns>
    long Step(long nowUs);

    /// <summary>Ends cleanly.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Stop(long nowUs);
}

/// <summary>Makes the way to the session's broker that the options ask for.</summary>
internal static class SessionLink
{
    /// <summary>Makes it.</summary>
    /// <param name="context">Options and ports.</param>
    /// <param name="server">The gateway's own server.</param>
    /// <param name="listeners">Who listens over WebSocket.</param>
    /// <param name="parts">Told of the connection and of settled deliveries.</param>
    /// <param name="received">Takes what the broker brings for the gateway.</param>
    /// <returns>The way, and with an external broker what fits messages to it.</returns>
    public static (ISessionLink Link, FittedLink? Fitted) Make(
        GatewayContext context, IMqttServer server, ListenerAccess listeners, GatewayParts parts, SessionMessage received)
    {
        if (context.Options.External is not { } broker)
        {
            return (new EmbeddedLink(server), null);
        }

        FittedLink? fitted = null;
        void Settle(long ticket, byte reasonCode)
        {
            if (fitted is null || !fitted.TryFit(ticket, reasonCode))
            {
                parts.Settled(ticket, reasonCode);
            }
        }

        ExternalLink external = new(context, broker, Settle, received, parts.LinkUp, parts.LinkDown);
        fitted = new FittedLink(context, external, broker, (ticket, reasonCode) => parts.Settled(ticket, reasonCode));
        return (new MirroredLink(fitted, server, listeners), fitted);
    }
}

/// <summary>The embedded endpoint: the gateway's own server, to which the session's subscribers connect.</summary>
internal sealed class EmbeddedLink : ISessionLink
{
    private readonly IMqttServer _server;

    public EmbeddedLink(IMqttServer server) => _server = server;

    public bool IsUp => true;

    public bool TryPublish(in MqttMessage message, long ticket, long nowUs)
    {
        _server.Publish(message, ticket, nowUs);
        return true;
    }

    public void View(in MqttMessage message, long nowUs) => _server.Publish(message with { Qos = MqttQos.AtMostOnce, Retain = false }, -1, nowUs);

    public long Step(long nowUs) => long.MaxValue;

    public void Stop(long nowUs)
    {
    }
}

/// <summary>
/// An external broker, with a copy at QoS 0 of what it was handed for the cart's own page, which listens here. The copy settles nothing.
/// </summary>
internal sealed class MirroredLink : ISessionLink
{
    private readonly ISessionLink _link;
    private readonly IMqttServer _server;
    private readonly ListenerAccess _listeners;

    public MirroredLink(ISessionLink link, IMqttServer server, ListenerAccess listeners)
    {
        _link = link;
        _server = server;
        _listeners = listeners;
    }

    public bool IsUp => _link.IsUp;

    public MqttServerLimits Limits => _link.Limits;

    public bool TryPublish(in MqttMessage message, long ticket, long nowUs)
    {
        if (!_link.TryPublish(message, ticket, nowUs))
        {
            return false;
        }

        // Retained ones are kept for a page that comes later.
        if (message.Retain || _listeners.Count > 0)
        {
            _server.Publish(message with { Qos = MqttQos.AtMostOnce }, 0, nowUs);
        }

        return true;
    }

    public void View(in MqttMessage message, long nowUs) => _server.Publish(message with { Qos = MqttQos.AtMostOnce, Retain = false }, -1, nowUs);

    public long Step(long nowUs) => _link.Step(nowUs);

    public void Stop(long nowUs) => _link.Stop(nowUs);
}

/// <summary>
/// An external broker: connects, subscribes to what is for the gateway, and begins again after a loss with a bounded, seeded pause. What the broker does to the cart is
/// an issue of its health, each with the advice that fits; what it refuses of single messages is not, and goes to the owner.
/// </summary>
internal sealed class ExternalLink : ISessionLink, IUplinkEvents, IMqttClientHandler
{
    /// <summary>Messages beyond the window that may be in flight: corrections, replays and retained descriptions.</summary>
    public const int ExtraWindow = 32;

    /// <summary>How long a connection must stand, with answers, before the pause between attempts is short again and what was wrong with earlier ones is over, µs.</summary>
    public const long HealthyUs = 30_000_000;

    /// <summary>An answer that is owed for longer than this is not health, µs.</summary>
    public const long LateAnswerUs = 5_000_000;

    /// <summary>How often a connection that is not healthy yet is looked at again, µs.</summary>
    public const long HealthLookUs = 1_000_000;

    /// <summary>
    /// Longest pause after what will not go away by itself (a wrong password, another client of the same identifier, a ban), µs; <see cref="ExternalBroker.LongestBackoffUs"/>
    /// when that is longer. Brokers ban clients that connect too often (EMQX by default: 15 times in a minute).
    /// </summary>
    public const long LongestRefusedBackoffUs = 60_000_000;

    /// <summary>Longest pause after a fight that is only guessed at from short-lived connections, µs; <see cref="ExternalBroker.LongestBackoffUs"/> when that is longer.</summary>
    public const long LongestUnexplainedBackoffUs = 15_000_000;

    /// <summary>
    /// How long a connection must stand before a fight with another client of the same identifier is over, µs: the other one may be in its own longest pause.
    /// </summary>
    public const long PeaceUs = 2 * LongestRefusedBackoffUs;

    /// <summary>A connection that the broker ends sooner after CONNACK than this, without a reason, is short-lived, µs.</summary>
    public const long ShortLifeUs = 10_000_000;

    /// <summary>
    /// So many short-lived connections, one after the other and with every attempt between them accepted, are taken for a fight with another client of the same identifier.
    /// On a network that comes and goes some attempt fails.
    /// </summary>
    public const int ShortLives = 3;

    private static readonly string[] RefusalCodes = [FaultCodes.BrokerLoginRefused, FaultCodes.BrokerNotAuthorized, FaultCodes.BrokerBanned, FaultCodes.BrokerBusy, FaultCodes.BrokerUseAnotherServer, FaultCodes.BrokerProtocolUnsupported, FaultCodes.BrokerRefusedConnection];

    private static readonly string[] Codes = [FaultCodes.BrokerNotAnswering, FaultCodes.BrokerLoginRefused, FaultCodes.BrokerNotAuthorized, FaultCodes.BrokerBanned, FaultCodes.BrokerBusy, FaultCodes.BrokerPacketTooLarge, FaultCodes.BrokerUseAnotherServer, FaultCodes.BrokerProtocolUnsupported, FaultCodes.BrokerRefusedConnection];

    private readonly GatewayContext _context;
    private readonly ExternalBroker _broker;
    private readonly IMqttClient _client;
    private readonly IUplinkConnector _connector;
    private readonly TicketSettled _settled;
    private readonly SessionMessage _message;
    private readonly Action _up;
    private readonly Action _down;
    private readonly HealthSubject _subject;
    private ulong _random;
    private int _failures;
    private int _shortLives;
    private long _nextAttemptUs;
    private long _connectedUs = -1;
    private long _nextLookUs = long.MaxValue;
    private bool _wasRefused;
    private bool _connecting;
    private bool _hasTransport;
    private bool _stopped;

    public ExternalLink(GatewayContext context, ExternalBroker broker, TicketSettled settled, SessionMessage message, Action up, Action down)
    {
        _context = context;
        _broker = broker;
        _settled = settled;
        _message = message;
        _up = up;
        _down = down;
        _random = context.Options.Seed;
        _subject = new HealthSubject(HealthSubjectKind.Broker, broker.Host + ":" + GatewayContext.Text(broker.Port));
        _connector = context.Ports.Uplink ?? throw new ArgumentException("An external broker needs a connector.", nameof(context));
        MqttClientFactory factory = context.Ports.Client ?? throw new ArgumentException("An external broker needs a client.", nameof(context));

        // A clean start: what was in flight is known from the journal's marks, and a command must not arrive an hour late.
        _client = factory(
            new MqttClientOptions
            {
                ClientId = ClientId,
                Version = broker.Version,
                CleanStart = true,
                SessionExpirySeconds = 0,
                KeepAliveSeconds = broker.KeepAliveSeconds,
                Window = context.Options.Window + ExtraWindow,
                KeepInFlight = false,
                UserName = broker.UserName,
                Password = broker.Password,
            },
            this);

        // The client subscribes anew on each connection by itself. What the broker has kept is not for us: a command is of its moment, and one that is retained all the
        // same is told by its flag.
        foreach (SessionTopic topic in SessionTopics.All)
        {
            Subscribe(topic.Filter);
        }
    }

    public bool IsUp => _client.IsConnected;

    public MqttServerLimits Limits => _client.ServerLimits;

    private string ClientId => _broker.ClientId ?? "cart-" + _context.Options.CartId;

    public bool TryPublish(in MqttMessage message, long ticket, long nowUs) => _client.TryPublish(message, ticket, nowUs);

    public void View(in MqttMessage message, long nowUs)
    {
        // The page listens on the cart, not at the broker.
    }

    public long Step(long nowUs)
    {
        if (!_stopped && !_connecting && !_hasTransport && nowUs >= _nextAttemptUs)
        {
            _connecting = true;
            _connector.Connect(this);
        }

        long next = _client.Step(nowUs);
        if (nowUs >= _nextLookUs)
        {
            Look(nowUs);
        }

        next = Math.Min(next, _nextLookUs);
        return !_stopped && !_connecting && !_hasTransport ? Math.Min(next, _nextAttemptUs) : next;
    }

    public void Stop(long nowUs)
    {
        _stopped = true;
        _client.Disconnect(nowUs);
    }

    public void Opened(IMqttConnection connection, long nowUs)
    {
        _connecting = false;
        _hasTransport = true;
        if (_stopped)
        {
            connection.Close();
            return;
        }

        _client.Open(connection, nowUs);
    }

    public void Received(ReadOnlySpan<byte> bytes, long nowUs) => _client.Received(bytes, nowUs);

    public void Closed(string text, long nowUs)
    {
        bool had = _hasTransport;
        _connecting = false;
        _hasTransport = false;
        if (had)
        {
            _client.Closed(nowUs);
        }
        else
        {
            _shortLives = 0;
            Backoff(_broker.LongestBackoffUs, nowUs);
            LogAway(text);
        }
    }

    void IMqttClientHandler.Connected(bool sessionPresent)
    {
        _context.Counts.UplinkConnections++;
        _connectedUs = _context.NowUs;
        _nextLookUs = _connectedUs + HealthyUs;

        // What CONNECT was refused for is over with CONNACK; whether the rest is over, time tells.
        if (_wasRefused)
        {
            foreach (string code in RefusalCodes)
            {
                _context.Issues.Clear(code, _subject);
            }
        }

        _up();
    }

    void IMqttClientHandler.Lost(byte reasonCode, string text)
    {
        long nowUs = _context.NowUs;
        bool wasConnected = _connectedUs >= 0;
        bool isShort = wasConnected && nowUs - _connectedUs < ShortLifeUs && _client.LastLoss == MqttLossKind.Transport;
        _shortLives = isShort ? _shortLives + 1 : 0;
        _connectedUs = -1;
        _nextLookUs = long.MaxValue;
        _wasRefused = !wasConnected;
        text = Shown(text);
        string? code = CodeOf(_client.LastLoss, reasonCode);
        bool isGuess = code is null && _shortLives >= ShortLives;
        if (isGuess)
        {
            // MQTT 3.1.1 has no word for it; what it looks like from here is all that there is.
            code = FaultCodes.ClientIdTakenOver;
            text = GatewayContext.Text(_shortLives) + " connections ended without a reason within " + GatewayContext.Text(ShortLifeUs / 1_000_000)
                + " s of their beginning: another client called " + Shown(ClientId) + ", or a message that the broker does not allow";
        }

        long longestUs = isGuess ? LongestUnexplainedBackoffUs
            : code is FaultCodes.ClientIdTakenOver or FaultCodes.BrokerLoginRefused or FaultCodes.BrokerNotAuthorized or FaultCodes.BrokerBanned or FaultCodes.BrokerUseAnotherServer or FaultCodes.BrokerProtocolUnsupported || reasonCode == MqttReason.QuotaExceeded ? LongestRefusedBackoffUs
            : 0;
        Backoff(Math.Max(longestUs, _broker.LongestBackoffUs), nowUs);
        if (code is not null && !_stopped)
        {
            _context.Issues.Raise(code, _subject, reasonCode >= 0x80 ? text + " (reason 0x" + Hex(reasonCode) + ")" : text);
        }
        else if (_client.LastLoss != MqttLossKind.OwnWish)
        {
            LogAway(text);
        }

        _down();
    }

    void IMqttClientHandler.Acknowledged(long ticket, byte reasonCode) => _settled(ticket, reasonCode);

    bool IMqttClientHandler.Received(in MqttMessage message, long token)
    {
        bool now = false;
        bool inside = true;
        _message(message, () =>
        {
            if (inside)
            {
                now = true;
            }
            else
            {
                _client.Acknowledge(token, _context.NowUs);
            }
        });
        inside = false;
        return now;
    }

    void IMqttClientHandler.Subscribed(string filter, byte reasonCode) =>
        _context.Issues.Set(
            reasonCode >= 0x80,
            FaultCodes.BrokerRefusedMessage,
            new HealthSubject(HealthSubjectKind.Stream, filter),
            "the broker refuses the subscription to " + filter + " with reason 0x" + Hex(reasonCode));

    /// <summary>The code for a loss; null when the broker just cannot be reached, which is nobody's refusal.</summary>
    private static string? CodeOf(MqttLossKind kind, byte reason) => kind switch
    {
        MqttLossKind.Unanswered => FaultCodes.BrokerNotAnswering,
        MqttLossKind.Silent when reason == MqttReason.ServerUnavailable => FaultCodes.BrokerNotAnswering, // no CONNACK; a ping without answer is the network's
        MqttLossKind.BrokenProtocol => FaultCodes.BrokerProtocolUnsupported,
        MqttLossKind.Refused or MqttLossKind.Disconnected => reason switch
        {
            MqttReason.UnsupportedProtocolVersion => FaultCodes.BrokerProtocolUnsupported,
            MqttReason.BadUserNameOrPassword or MqttReason.BadAuthenticationMethod => FaultCodes.BrokerLoginRefused,
            MqttReason.NotAuthorized or MqttReason.ClientIdentifierNotValid => FaultCodes.BrokerNotAuthorized,
            MqttReason.Banned or MqttReason.ConnectionRateExceeded => FaultCodes.BrokerBanned,
            MqttReason.ServerUnavailable or MqttReason.ServerBusy or MqttReason.ServerShuttingDown or MqttReason.QuotaExceeded => FaultCodes.BrokerBusy,
            MqttReason.PacketTooLarge => FaultCodes.BrokerPacketTooLarge,
            MqttReason.UseAnotherServer or MqttReason.ServerMoved => FaultCodes.BrokerUseAnotherServer,
            MqttReason.SessionTakenOver => FaultCodes.ClientIdTakenOver,
            MqttReason.KeepAliveTimeout or < 0x80 => null,
            _ => FaultCodes.BrokerRefusedConnection,
        },
        _ => null,
    };

    private static string Hex(byte value) => Convert.ToHexString([value]);

    /// <summary>Text of a stranger's in one line of plain characters.</summary>
    private static string Shown(string text) => ListenerAccess.Shown(text);

    private void Subscribe(string topic) => _client.Subscribe(
        _context.TopicRoot + topic,
        MqttQos.AtLeastOnce,
        new MqttSubscribeOptions { RetainHandling = MqttRetainHandling.Never, RetainAsPublished = true },
        _context.NowUs);

    /// <summary>Repeated failures are counted, not repeated: the first and then each doubling.</summary>
    private void LogAway(string text)
    {
        // An attempt that a clean stop cuts short is nobody's failure.
        if (!_stopped && (_failures & (_failures - 1)) == 0)
        {
            _context.Log(FaultCodes.BrokerUnreachable, _subject.Name + ": " + text + " (attempt " + GatewayContext.Text(_failures) + ")", _subject);
        }
    }

    /// <summary>A connection that has stood long enough, and is answered, is healthy: what was wrong before is over.</summary>
    private void Look(long nowUs)
    {
        if (_client.UnansweredSinceUs < nowUs - LateAnswerUs)
        {
            _nextLookUs = nowUs + HealthLookUs;
            return;
        }

        _failures = 0;
        _shortLives = 0;
        foreach (string code in Codes)
        {
            _context.Issues.Clear(code, _subject);
        }

        long peaceUs = _connectedUs + PeaceUs;
        _nextLookUs = nowUs < peaceUs && _context.Issues.Stands(FaultCodes.ClientIdTakenOver, _subject) ? peaceUs : long.MaxValue;
        if (nowUs >= peaceUs)
        {
            _context.Issues.Clear(FaultCodes.ClientIdTakenOver, _subject);
        }
    }

    private void Backoff(long longestUs, long nowUs)
    {
        long pause = _broker.FirstBackoffUs;
        for (int i = 0; i < _failures && pause < longestUs; i++)
        {
            pause *= 2;
        }

        pause = Math.Min(pause, longestUs);
        _failures++;

        // SplitMix64 (Steele, Lea, Flood 2014): carts that lost one broker together do not come back together.
        ulong z = _random += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        z ^= z >> 31;
        _nextAttemptUs = nowUs + pause - (pause / 8) + (long)(z % (ulong)Math.Max(1, pause / 4));
    }
}
