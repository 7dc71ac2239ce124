using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using EdgeGateway.Core;
using EdgeGateway.Core.Commands;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Tool.Broker;

/// <summary>What became of one right.</summary>
internal enum RightState
{
    /// <summary>The connection ended before.</summary>
    NotTried,

    /// <summary>The broker says yes. Some say so to a subscription and then deliver nothing.</summary>
    Granted,

    /// <summary>A message went there and came back.</summary>
    Proven,

    /// <summary>The broker said no, or ended the connection.</summary>
    Refused,
}

/// <summary>One right, tried.</summary>
/// <param name="Right">The right.</param>
/// <param name="State">What became of it.</param>
/// <param name="Detail">What the broker said, English; may be empty.</param>
internal sealed record RightResult(BrokerRight Right, RightState State, string Detail);

/// <summary>What a probe found.</summary>
/// <param name="Failures">Attempts without a connection, and connections that ended, in their order.</param>
/// <param name="IsConnected">True when the broker took a connection.</param>
/// <param name="RoundTripMs">From publishing on the test's own topic to the message's return, ms; null when it did not return.</param>
/// <param name="Limits">What the broker takes.</param>
/// <param name="Rights">Each right.</param>
internal sealed record ProbeReport(IReadOnlyList<BrokerFailure> Failures, bool IsConnected, double? RoundTripMs, MqttServerLimits Limits, IReadOnlyList<RightResult> Rights);

/// <summary>
/// Tries at the session's broker what the gateway will do there: each subscription, and an empty message to each kind of topic, in a session that is none. Nothing is retained, and no payload could be
/// taken for a value. One thing at a time, since a broker may end the connection for what it does not allow.
/// </summary>
internal sealed class BrokerProbe : BrokerLink
{
    /// <summary>What stands for session, device and stream.</summary>
    public const string NoSession = "cartctl-test";

    /// <summary>Connections that the broker may end before the rest is left untried. Brokers ban clients that connect too often (EMQX by default: 15 times in a minute).</summary>
    public const int MaxConnections = 8;

    /// <summary>Pause before the next of them, µs.</summary>
    public const long PauseUs = 1_000_000;

    /// <summary>After a refused message nothing is sent for so long, µs: mosquitto 2.0.11 answers with 0x87 and ends the connection behind it, which says nothing of the next message.</summary>
    public const long AfterRefusalUs = 300_000;

    /// <summary>How long the test's own message may take to come back, µs.</summary>
    public const long EchoUs = 5_000_000;

    private readonly List<RightResult> _results;
    private readonly List<int> _order;
    private readonly List<BrokerFailure> _failures = [];
    private readonly string _echoTopic;
    private readonly int _addresses;
    private int _current = -1;
    private int _attempts;
    private int _connections;
    private int _endedAt = -1;
    private long _nextUs;
    private long _echoUs = -1;
    private double? _roundTripMs;
    private bool _isConnecting;
    private bool _isWaiting;

    /// <summary>Makes a probe.</summary>
    /// <param name="broker">The broker.</param>
    /// <param name="cartId">The cart's name.</param>
    /// <param name="nonce">Names this run on the test's own topic: letters and digits.</param>
    /// <param name="client">Makes the client.</param>
    /// <param name="connector">Makes connections.</param>
    public BrokerProbe(ExternalBroker broker, string cartId, string nonce, TestClientFactory client, IUplinkConnector connector)
        : base(broker, cartId, client, connector)
    {
        _echoTopic = "cart/" + cartId + "/test/" + nonce;
        _addresses = 1 + broker.Alternatives.Count;
        _results = [.. BrokerRights.Of(cartId).Select(right => new RightResult(right, RightState.NotTried, string.Empty))];

        // The test's own topic first: what does not come back there would not elsewhere.
        _order = [.. Enumerable.Range(0, _results.Count).OrderBy(i => IsTest(_results[i].Right) ? 0 : 1)];
    }

    /// <summary>What was found so far.</summary>
    public ProbeReport Report => new(_failures, _connections > 0, _roundTripMs, Client.ServerLimits, _results);

    /// <inheritdoc/>
    protected override long Turn(long nowUs)
    {
        if (!Client.IsConnected)
        {
            if (!_isConnecting && MayConnect && nowUs >= _nextUs)
            {
                bool isOver = _connections == 0 ? _attempts >= _addresses : _connections >= MaxConnections || _results.TrueForAll(static r => r.State != RightState.NotTried);
                if (isOver)
                {
                    IsDone = true;
                    return long.MaxValue;
                }

                _isConnecting = true;
                _attempts++;
                Connect();
            }

            return _isConnecting ? long.MaxValue : Math.Max(_nextUs, nowUs + 1);
        }

        if (_echoUs >= 0)
        {
            if (nowUs - _echoUs < EchoUs)
            {
                return _echoUs + EchoUs;
            }

            Note(_current, RightState.Refused, "the broker took the message, and it did not come back within 5 s: may this user read cart topics?");
            _echoUs = -1;
            _isWaiting = false;
        }

        return _isWaiting ? long.MaxValue : nowUs < _nextUs ? _nextUs : Next(nowUs);
    }

    /// <inheritdoc/>
    protected override void Up()
    {
        _isConnecting = false;
        _connections++;
        _isWaiting = false;
        _echoUs = -1;
        _nextUs = NowUs;

        // The subscription to the test's own topic ended with its connection.
        int reads = _results.FindIndex(static r => !r.Right.IsWrite && IsTest(r.Right));
        if (_results[reads].State == RightState.Granted && _results.Exists(static r => r.Right.IsWrite && IsTest(r.Right) && r.State == RightState.NotTried))
        {
            Note(reads, RightState.NotTried, string.Empty);
        }
    }

    /// <inheritdoc/>
    protected override void Down(BrokerFailure failure)
    {
        _isConnecting = false;
        _failures.Add(failure);
        if (_isWaiting)
        {
            // Tried once more, alone: the end may have been about what came before, or about nothing.
            if (_endedAt == _current)
            {
                Note(_current, RightState.Refused, "the broker ended the connection, twice: " + failure.Text);
            }

            _endedAt = _current;
            _isWaiting = false;
            _echoUs = -1;
        }

        _nextUs = NowUs + PauseUs;
    }

    /// <inheritdoc/>
    protected override void Settled(long ticket, byte reasonCode)
    {
        if (!_isWaiting || ticket != _current + 1 || !_results[_current].Right.IsWrite)
        {
            return;
        }

        if (reasonCode >= 0x80)
        {
            Note(_current, RightState.Refused, Reason(reasonCode));
            _isWaiting = false;
            _echoUs = -1;
            _nextUs = NowUs + AfterRefusalUs;
        }
        else if (_echoUs < 0)
        {
            Note(_current, RightState.Granted, Broker.Version == MqttVersion.V311 ? "MQTT 3.1.1 has no word for a refusal" : string.Empty);
            _isWaiting = false;
        }
    }

    /// <inheritdoc/>
    protected override void Subscribed(string filter, byte reasonCode)
    {
        if (_isWaiting && string.Equals(filter, FilterOf(_results[_current].Right), StringComparison.Ordinal))
        {
            Note(_current, reasonCode >= 0x80 ? RightState.Refused : RightState.Granted, reasonCode >= 0x80 ? Reason(reasonCode) : string.Empty);
            _isWaiting = false;
        }
    }

    /// <inheritdoc/>
    protected override void Message(in MqttMessage message)
    {
        if (_echoUs < 0 || !string.Equals(message.Topic, _echoTopic, StringComparison.Ordinal))
        {
            return; // a command for the gateway, which has its own connection
        }

        _roundTripMs = (NowUs - _echoUs) / 1000.0;
        _echoUs = -1;
        _isWaiting = false;
        Note(_current, RightState.Proven, string.Empty);
        int reads = _results.FindIndex(r => !r.Right.IsWrite && IsTest(r.Right));
        Note(reads, RightState.Proven, string.Empty);
    }

    private static bool IsTest(BrokerRight right) => right.Filter.EndsWith("/test/+", StringComparison.Ordinal);

    private static string Reason(byte code) => string.Create(CultureInfo.InvariantCulture, $"reason 0x{code:X2}");

    private string FilterOf(BrokerRight right) => IsTest(right) ? _echoTopic : right.Filter;

    private void Note(int index, RightState state, string detail) => _results[index] = _results[index] with { State = state, Detail = detail };

    private long Next(long nowUs)
    {
        int next = _order.FindIndex(i => _results[i].State == RightState.NotTried);
        next = next < 0 ? next : _order[next];
        if (next < 0)
        {
            IsDone = true;
            Client.Disconnect(nowUs);
            return long.MaxValue;
        }

        BrokerRight right = _results[next].Right;
        if (!right.IsWrite)
        {
            _current = next;
            _isWaiting = true;
            Client.Subscribe(FilterOf(right), MqttQos.AtLeastOnce, new MqttSubscribeOptions { RetainHandling = MqttRetainHandling.Never }, nowUs);
            return _isWaiting ? long.MaxValue : nowUs; // the client may answer for the broker
        }

        bool isEcho = IsTest(right) && _results.Exists(static r => !r.Right.IsWrite && IsTest(r.Right) && r.State == RightState.Granted);
        string topic = IsTest(right) ? _echoTopic : right.TopicOf(NoSession);
        _current = next;
        _isWaiting = true;
        _echoUs = isEcho ? nowUs : -1;
        if (!Client.TryPublish(new MqttMessage { Topic = topic, Qos = MqttQos.AtLeastOnce }, next + 1, nowUs))
        {
            _isWaiting = false;
            _echoUs = -1;
            return nowUs + 1_000;
        }

        return _isWaiting ? long.MaxValue : nowUs;
    }
}
