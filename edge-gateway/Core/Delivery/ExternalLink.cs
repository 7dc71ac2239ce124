using System;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Codec;

namespace EdgeGateway.Core.Delivery;

/// <summary>How to be the client of an external broker.</summary>
/// <param name="Broker">The broker.</param>
/// <param name="CartId">The cart's name, of which the client's is made.</param>
/// <param name="Window">Most readings in flight.</param>
/// <param name="Seed">Of the pauses between attempts.</param>
internal sealed record ExternalLinkOptions(ExternalBroker Broker, string CartId, int Window, ulong Seed);

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

    private static readonly string[] TransportCodes = [FaultCodes.BrokerCertificateUntrusted, FaultCodes.BrokerNameWrong, FaultCodes.BrokerCertificateNotInTime, FaultCodes.BrokerRefusedCertificate, FaultCodes.BrokerTlsFailed, FaultCodes.BrokerWebSocketRefused];

    private static readonly string[] RefusalCodes = [.. TransportCodes, FaultCodes.BrokerLoginRefused, FaultCodes.BrokerNotAuthorized, FaultCodes.BrokerBanned, FaultCodes.BrokerBusy, FaultCodes.BrokerUseAnotherServer, FaultCodes.BrokerProtocolUnsupported, FaultCodes.BrokerRefusedConnection];

    private static readonly string[] Codes = [FaultCodes.BrokerNotAnswering, FaultCodes.BrokerLoginRefused, FaultCodes.BrokerNotAuthorized, FaultCodes.BrokerBanned, FaultCodes.BrokerBusy, FaultCodes.BrokerPacketTooLarge, FaultCodes.BrokerUseAnotherServer, FaultCodes.BrokerProtocolUnsupported, FaultCodes.BrokerRefusedConnection];

    private readonly ExternalBroker _broker;
    private readonly string _clientId;
    private readonly IMqttClient _client;
    private readonly IUplinkConnector _connector;
    private readonly LinkEvents _events;
    private readonly HealthIssues _issues;
    private readonly GatewayClock _clock;
    private readonly CodedLog _log;
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
    private bool _hasClient;
    private bool _stopped;
    private (string? Code, string Text) _lateCode;

    /// <summary>Makes it; nothing is connected before the first step.</summary>
    /// <param name="options">The broker, and how to be its client.</param>
    /// <param name="topicRoot"><c>cart/{cartId}/</c>.</param>
    /// <param name="client">Makes the client.</param>
    /// <param name="connector">Makes connections.</param>
    /// <param name="events">Sent what happens.</param>
    /// <param name="issues">Sent what the broker does to the cart.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="log">The log.</param>
    public ExternalLink(
        ExternalLinkOptions options,
        string topicRoot,
        MqttClientFactory client,
        IUplinkConnector connector,
        LinkEvents events,
        HealthIssues issues,
        GatewayClock clock,
        CodedLog log)
    {
        ExternalBroker broker = _broker = options.Broker;
        _clientId = broker.ClientId ?? "cart-" + options.CartId;
        _connector = connector;
        _events = events;
        _issues = issues;
        _clock = clock;
        _log = log;
        _random = options.Seed;
        _subject = HealthSubject.Broker(broker);

        // A clean start: what was in flight is known from the journal's marks, and a command must not arrive an hour late.
        _client = client(
            new MqttClientOptions
            {
                ClientId = _clientId,
                Version = broker.Version,
                CleanStart = true,
                SessionExpirySeconds = 0,
                KeepAliveSeconds = broker.KeepAliveSeconds,
                Window = options.Window + ExtraWindow,
                KeepInFlight = false,
                UserName = broker.UserName,
                Password = broker.Password,
            },
            this);

        // The client subscribes anew on each connection by itself. What the broker has kept is not for us: a command is of its moment, and one that is retained all the
        // same is told by its flag.
        foreach (SessionTopic topic in SessionTopics.All)
        {
            _client.Subscribe(
                topicRoot + topic.Filter,
                MqttQos.AtLeastOnce,
                new MqttSubscribeOptions { RetainHandling = MqttRetainHandling.Never, RetainAsPublished = true },
                clock.NowUs);
        }
    }

    public bool IsUp => _client.IsConnected;

    public MqttServerLimits Limits => _client.ServerLimits;

    public long Connections { get; private set; }

    public string LastFailure { get; private set; } = string.Empty;

    // A client may tell of the end of its connection later than the transport does: it reads what came before it first.
    private bool MayConnect => !_stopped && !_connecting && !_hasTransport && !_hasClient;

    public bool TryPublish(in MqttMessage message, long ticket, long nowUs) => _client.TryPublish(message, ticket, nowUs);

    public void View(in MqttMessage message, long nowUs)
    {
        // The page listens on the cart, not at the broker.
    }

    public long Step(long nowUs)
    {
        if (MayConnect && nowUs >= _nextAttemptUs)
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
        return MayConnect ? Math.Min(next, _nextAttemptUs) : next;
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

        _hasClient = true;
        _lateCode = default;
        _client.Open(connection, nowUs);
    }

    public void Received(ReadOnlySpan<byte> bytes, long nowUs) => _client.Received(bytes, nowUs);

    public void Refused(string code, string text, long nowUs)
    {
        bool had = _hasTransport;
        _connecting = false;
        _hasTransport = false;
        if (had)
        {
            _lateCode = _hasClient ? (code, text) : default;
            _client.Closed(nowUs);
        }
        else
        {
            _shortLives = 0;
            _wasRefused = true;
            Backoff(Math.Max(LongestUnexplainedBackoffUs, _broker.LongestBackoffUs), nowUs);
            RaiseTransport(code, LogText.Shown(text));
        }
    }

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
        Connections++;
        _connectedUs = _clock.NowUs;
        _nextLookUs = _connectedUs + HealthyUs;

        // What CONNECT was refused for is over with CONNACK; whether the rest is over, time tells.
        if (_wasRefused)
        {
            foreach (string code in RefusalCodes)
            {
                _issues.Clear(code, _subject);
            }
        }

        _events.Up();
    }

    void IMqttClientHandler.Lost(byte reasonCode, string text)
    {
        long nowUs = _clock.NowUs;
        bool wasConnected = _connectedUs >= 0;
        bool isShort = wasConnected && nowUs - _connectedUs < ShortLifeUs && _client.LastLoss == MqttLossKind.Transport;
        _shortLives = isShort ? _shortLives + 1 : 0;
        _connectedUs = -1;
        _hasClient = false;
        _nextLookUs = long.MaxValue;
        _wasRefused = !wasConnected;
        text = LogText.Shown(text);
        string? code = BrokerCauses.CodeOf(_client.LastLoss, reasonCode);
        if (_lateCode.Code is { } late && !_stopped)
        {
            // The transport knows more of its end than MQTT does.
            _wasRefused = true;
            Backoff(Math.Max(LongestUnexplainedBackoffUs, _broker.LongestBackoffUs), nowUs);
            RaiseTransport(late, LogText.Shown(_lateCode.Text));
            _lateCode = default;
            _events.Down();
            return;
        }

        bool isGuess = code is null && _shortLives >= ShortLives;
        if (isGuess)
        {
            // MQTT 3.1.1 has no word for it; what it looks like from here is all that there is.
            code = FaultCodes.ClientIdTakenOver;
            text = Invariant.Text(_shortLives) + " connections ended without a reason within " + Invariant.Text(ShortLifeUs / 1_000_000)
                + " s of their beginning: another client called " + LogText.Shown(_clientId) + ", or a message that the broker does not allow";
        }

        long longestUs = isGuess ? LongestUnexplainedBackoffUs
            : code is FaultCodes.ClientIdTakenOver or FaultCodes.BrokerLoginRefused or FaultCodes.BrokerNotAuthorized or FaultCodes.BrokerBanned or FaultCodes.BrokerUseAnotherServer or FaultCodes.BrokerProtocolUnsupported || reasonCode == MqttReason.QuotaExceeded ? LongestRefusedBackoffUs
            : 0;
        Backoff(Math.Max(longestUs, _broker.LongestBackoffUs), nowUs);
        if (code is not null && !_stopped)
        {
            _issues.Raise(code, _subject, reasonCode >= 0x80 ? text + " (reason 0x" + Hex(reasonCode) + ")" : text);
        }
        else if (_client.LastLoss != MqttLossKind.OwnWish)
        {
            LogAway(text);
        }

        _events.Down();
    }

    void IMqttClientHandler.Acknowledged(long ticket, byte reasonCode) => _events.Settled(ticket, reasonCode);

    bool IMqttClientHandler.Received(in MqttMessage message, long token)
    {
        bool now = false;
        bool inside = true;
        _events.Message(message, () =>
        {
            if (inside)
            {
                now = true;
            }
            else
            {
                _client.Acknowledge(token, _clock.NowUs);
            }
        });
        inside = false;
        return now;
    }

    void IMqttClientHandler.Subscribed(string filter, byte reasonCode) =>
        _issues.Set(
            reasonCode >= 0x80,
            FaultCodes.BrokerRefusedMessage,
            new HealthSubject(HealthSubjectKind.Stream, filter),
            "the broker refuses the subscription to " + filter + " with reason 0x" + Hex(reasonCode));

    private static string Hex(byte value) => Convert.ToHexString([value]);

    /// <summary>Repeated failures are counted, not repeated: the first and then each doubling.</summary>
    private void LogAway(string text)
    {
        LastFailure = LogText.Shown(text);

        // An attempt that a clean stop cuts short is nobody's failure.
        if (!_stopped && (_failures & (_failures - 1)) == 0)
        {
            _log.Write(FaultCodes.BrokerUnreachable, _subject.Name + ": " + text + " (attempt " + Invariant.Text(_failures) + ")", _subject);
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
            _issues.Clear(code, _subject);
        }

        long peaceUs = _connectedUs + PeaceUs;
        _nextLookUs = nowUs < peaceUs && _issues.Stands(FaultCodes.ClientIdTakenOver, _subject) ? peaceUs : long.MaxValue;
        if (nowUs >= peaceUs)
        {
            _issues.Clear(FaultCodes.ClientIdTakenOver, _subject);
        }
    }

    // One cause at a time stands: the newest.
    private void RaiseTransport(string code, string text)
    {
        if (_stopped)
        {
            return;
        }

        foreach (string other in TransportCodes)
        {
            if (!string.Equals(other, code, StringComparison.Ordinal))
            {
                _issues.Clear(other, _subject);
            }
        }

        _issues.Raise(code, _subject, text);
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
