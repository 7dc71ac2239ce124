using System;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Gateway;

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

/// <summary>An external broker: connects, subscribes to what is for the gateway, and begins again after a loss with a bounded, seeded pause.</summary>
internal sealed class ExternalLink : ISessionLink, IUplinkEvents, IMqttClientHandler
{
    /// <summary>Messages beyond the window that may be in flight: corrections, replays and retained descriptions.</summary>
    public const int ExtraWindow = 32;

    private readonly GatewayContext _context;
    private readonly ExternalBroker _broker;
    private readonly IMqttClient _client;
    private readonly IUplinkConnector _connector;
    private readonly TicketSettled _settled;
    private readonly SessionMessage _message;
    private readonly Action _up;
    private readonly Action _down;
    private ulong _random;
    private int _failures;
    private long _nextAttemptUs;
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
        _connector = context.Ports.Uplink ?? throw new ArgumentException("An external broker needs a connector.", nameof(context));
        MqttClientFactory factory = context.Ports.Client ?? throw new ArgumentException("An external broker needs a client.", nameof(context));

        // A clean start: what was in flight is known from the journal's marks, and a command must not arrive an hour late.
        _client = factory(
            new MqttClientOptions
            {
                ClientId = broker.ClientId ?? "cart-" + context.Options.CartId,
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
    }

    public bool IsUp => _client.IsConnected;

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
            // Repeated failures are counted, not repeated: the first and then each doubling.
            Backoff(nowUs);
            if ((_failures & (_failures - 1)) == 0)
            {
                _context.Log("G2401", _broker.Host + ":" + GatewayContext.Text(_broker.Port) + ": " + text + " (attempt " + GatewayContext.Text(_failures) + ")");
            }
        }
    }

    void IMqttClientHandler.Connected(bool sessionPresent)
    {
        _failures = 0;
        _context.Counts.UplinkConnections++;
        long nowUs = _context.NowUs;
        _client.Subscribe(_context.TopicRoot + "command/session", MqttQos.AtLeastOnce, nowUs);
        _client.Subscribe(_context.TopicRoot + "session/+/receipt", MqttQos.AtLeastOnce, nowUs);
        _client.Subscribe(_context.TopicRoot + "session/+/replay", MqttQos.AtLeastOnce, nowUs);
        foreach (string topic in Sound.SoundTopics.FromListeners)
        {
            _client.Subscribe(_context.TopicRoot + "session/+/" + topic, MqttQos.AtLeastOnce, nowUs);
        }

        _client.Subscribe(_context.TopicRoot + "command/sound", MqttQos.AtLeastOnce, nowUs);
        _client.Subscribe(_context.TopicRoot + "command/cuff", MqttQos.AtLeastOnce, nowUs);
        _up();
    }

    void IMqttClientHandler.Lost(byte reasonCode, string text)
    {
        Backoff(_context.NowUs);
        _context.Log(reasonCode >= 0x80 ? "G2402" : "G2401", _broker.Host + ":" + GatewayContext.Text(_broker.Port) + ": " + text);
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

    void IMqttClientHandler.Subscribed(string filter, byte reasonCode)
    {
        if (reasonCode >= 0x80)
        {
            _context.Log("G2403", "the broker refuses the subscription to " + filter + " with reason " + GatewayContext.Text(reasonCode));
        }
    }

    private void Backoff(long nowUs)
    {
        long pause = _broker.FirstBackoffUs;
        for (int i = 0; i < _failures && pause < _broker.LongestBackoffUs; i++)
        {
            pause *= 2;
        }

        pause = Math.Min(pause, _broker.LongestBackoffUs);
        _failures++;

        // SplitMix64 (Steele, Lea, Flood 2014): carts that lost one broker together do not come back together.
        ulong z = _random += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        z ^= z >> 31;
        _nextAttemptUs = nowUs + pause - (pause / 8) + (long)(z % (ulong)Math.Max(1, pause / 4));
    }
}
