using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Core;
using EdgeGateway.Core.Sound;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Tool.Broker;

/// <summary>What was measured in one hour, or in what there was of it.</summary>
/// <param name="Number">The hour, from 0.</param>
/// <param name="FromUs">When it began, monotonic µs.</param>
/// <param name="Sent">Small messages sent.</param>
/// <param name="Lost">Of these, not back within 5 s, or without a connection.</param>
/// <param name="RoundTripMs">Median of the round trip, ms; null when none came back.</param>
/// <param name="RoundTrip95Ms">Its 95th percentile, ms.</param>
/// <param name="RateKbits">Least of the measured rates, kbit/s; null when none was measured.</param>
/// <param name="Probes">Rates measured.</param>
/// <param name="Skipped">Probes that were not sent, since a session was open.</param>
/// <param name="Breaks">Connections that ended.</param>
internal sealed record RoomHour(int Number, long FromUs, int Sent, int Lost, double? RoundTripMs, double? RoundTrip95Ms, double? RateKbits, int Probes, int Skipped, int Breaks)
{
    /// <summary>What a video call needs beside the sound, kbit/s each way. Assumption: one picture of 640 x 360 with speech, as browsers send it on a low-bandwidth link.</summary>
    public const double CallKbits = 600;

    /// <summary>Longest round trip of a call, ms. Source: ITU-T G.114, one-way delay of at most 150 ms is transparent to most applications; twice that, and no more for encoding than the call brings itself.</summary>
    public const double CallRoundTripMs = 300;

    /// <summary>Most lost messages for a call, thousandths. Source: ITU-T G.1010, table I.1, conversational voice and videophone: below 3 % and below 1 %.</summary>
    public const double CallLossPermille = 10;

    // Source: hardware/vocabulary.json, ListeningStep: what each step of live sound takes.
    private static readonly (ListeningStep Step, double Kbits)[] Steps = [(ListeningStep.Full, 137), (ListeningStep.HeartMode, 66), (ListeningStep.RhythmOnly, 18)];

    /// <summary>Lost messages, thousandths of those sent; 0 when none was.</summary>
    public double LossPermille => Sent == 0 ? 0 : 1000.0 * Lost / Sent;

    /// <summary>True when there is enough to judge by.</summary>
    public bool IsMeasured => RateKbits is not null && RoundTrip95Ms is not null;

    /// <summary>The best step of live sound that goes through; ClipsOnly when none does; null when nothing was measured.</summary>
    public ListeningStep? Sound
    {
        get
        {
            if (!IsMeasured)
            {
                return Sent > 0 && Lost == Sent ? ListeningStep.ClipsOnly : null;
            }

            // Half of the round trip is the delay of the sound; the bounds are those by which live sound steps down.
            bool isLate = RoundTrip95Ms / 2 > ListeningSteps.GoodLagMs || LossPermille > ListeningSteps.BadLossPermille;
            return isLate ? ListeningStep.ClipsOnly : Steps.Where(s => s.Kbits <= RateKbits).Select(static s => (ListeningStep?)s.Step).FirstOrDefault() ?? ListeningStep.ClipsOnly;
        }
    }

    /// <summary>True when a video call goes through beside whole live sound; null when nothing was measured.</summary>
    public bool? Call => IsMeasured
        ? RateKbits >= Steps[0].Kbits + CallKbits && RoundTrip95Ms <= CallRoundTripMs && LossPermille <= CallLossPermille
        : Sent > 0 && Lost == Sent ? false : null;
}

/// <summary>
/// Measures hour by hour whether the link from this room to the session's broker and back carries live sound and a call: a message of 64 bytes every 10 s, and 128 KiB every 10 minutes, on a topic of its
/// own, and neither while a session is open. No I/O, no clock.
/// </summary>
internal sealed class RoomTest : BrokerLink
{
    /// <summary>Length of an hour, µs.</summary>
    public const long HourUs = 3_600_000_000;

    /// <summary>Between two small messages, µs.</summary>
    public const long PingPeriodUs = 10_000_000;

    /// <summary>Bytes of a small message.</summary>
    public const int PingBytes = 64;

    /// <summary>A small message that is not back after this time is lost, µs.</summary>
    public const long PingLostUs = 5_000_000;

    /// <summary>Between two measurements of the rate, µs. Source: the bound of safety rule "a probe of 128 KiB at most every 10 minutes and never in a session".</summary>
    public const long ProbePeriodUs = 600_000_000;

    /// <summary>Bytes of one, in all.</summary>
    public const int ProbeBytes = 128 * 1024;

    /// <summary>Bytes of one of its messages; less where the broker takes less.</summary>
    public const int ChunkBytes = 8 * 1024;

    /// <summary>A rate that is not measured by then is what has come by then, µs.</summary>
    public const long ProbeLostUs = 60_000_000;

    /// <summary>Pause before a new connection, µs.</summary>
    public const long PauseUs = 5_000_000;

    private const byte PingKind = 1;
    private const byte ProbeKind = 2;
    private const int HeadBytes = 17;

    private readonly string _topic;
    private readonly Func<bool> _isSessionOpen;
    private readonly Action<RoomHour> _hourDone;
    private readonly SortedDictionary<long, long> _pings = [];
    private readonly List<double> _roundTrips = [];
    private readonly List<double> _rates = [];
    private readonly long _endUs;
    private readonly long _startUs;
    private long _hourUs;
    private int _hour;
    private int _sent;
    private int _lost;
    private int _skipped;
    private int _breaks;
    private long _nextPingUs;
    private long _nextProbeUs;
    private long _nextConnectUs;
    private long _probe;
    private long _probeUs = -1;
    private int _probeSent;
    private int _probeBack;
    private bool _isConnecting;
    private bool _isSubscribed;
    private long _number;

    /// <summary>Makes a test.</summary>
    /// <param name="broker">The broker.</param>
    /// <param name="cartId">The cart's name.</param>
    /// <param name="nonce">Names this run on its topic: letters and digits.</param>
    /// <param name="client">Makes the client.</param>
    /// <param name="connector">Makes connections.</param>
    /// <param name="spanUs">How long, µs.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <param name="isSessionOpen">True while a session is open on this cart: then nothing is sent.</param>
    /// <param name="hourDone">Sent each hour when it is over.</param>
    public RoomTest(ExternalBroker broker, string cartId, string nonce, TestClientFactory client, IUplinkConnector connector, long spanUs, long nowUs, Func<bool> isSessionOpen, Action<RoomHour> hourDone)
        : base(broker, cartId, client, connector)
    {
        _topic = "cart/" + cartId + "/test/" + nonce;
        _isSessionOpen = isSessionOpen;
        _hourDone = hourDone;
        _startUs = _hourUs = _nextPingUs = _nextProbeUs = _nextConnectUs = nowUs;
        _endUs = nowUs + spanUs;
    }

    /// <summary>Why there was no connection last; null before there was none.</summary>
    public BrokerFailure? LastFailure { get; private set; }

    /// <summary>True once a connection was there and its subscription granted.</summary>
    public bool WasUp { get; private set; }

    /// <summary>Set when the broker refuses the subscription to the test's own topic: nothing can be measured.</summary>
    public byte? RefusedReason { get; private set; }

    /// <inheritdoc/>
    protected override long Turn(long nowUs)
    {
        Forget(nowUs);
        if (nowUs >= _hourUs + HourUs || nowUs >= _endUs)
        {
            EndHour(nowUs);
            if (nowUs >= _endUs)
            {
                IsDone = true;
                Client.Disconnect(nowUs);
                return long.MaxValue;
            }
        }

        if (!Client.IsConnected && !_isConnecting && MayConnect && nowUs >= _nextConnectUs)
        {
            _isConnecting = true;
            Connect();
        }

        bool isOpen = _isSessionOpen();
        if (nowUs >= _nextPingUs)
        {
            _nextPingUs += PingPeriodUs;
            if (!isOpen && _probeUs < 0)
            {
                Ping(nowUs); // not behind a probe, which would hold it up
            }
        }

        if (nowUs >= _nextProbeUs)
        {
            if (isOpen)
            {
                _skipped++;
                _nextProbeUs += ProbePeriodUs;
            }
            else if (_isSubscribed)
            {
                // From when it was sent: never two within the period.
                _nextProbeUs = nowUs + ProbePeriodUs;
                _probe++;
                _probeUs = nowUs;
                _probeSent = _probeBack = 0;
            }
        }

        if (_probeUs >= 0 && isOpen)
        {
            _probeUs = -1; // a session that opens meanwhile has the link for itself
            _skipped++;
        }

        SendProbe(nowUs);
        return Math.Min(Math.Min(_endUs, _hourUs + HourUs), Math.Min(_nextPingUs, Math.Min(NextProbe(nowUs), NextLoss())));
    }

    /// <inheritdoc/>
    protected override void Up()
    {
        _isConnecting = false;
        Client.Subscribe(_topic, MqttQos.AtLeastOnce, new MqttSubscribeOptions { RetainHandling = MqttRetainHandling.Never }, NowUs);
    }

    /// <inheritdoc/>
    protected override void Down(BrokerFailure failure)
    {
        _breaks += _isSubscribed ? 1 : 0;
        _isConnecting = _isSubscribed = false;
        _probeUs = -1;
        LastFailure = failure;
        _nextConnectUs = NowUs + PauseUs;
    }

    /// <inheritdoc/>
    protected override void Settled(long ticket, byte reasonCode)
    {
    }

    /// <inheritdoc/>
    protected override void Subscribed(string filter, byte reasonCode)
    {
        if (reasonCode >= 0x80)
        {
            RefusedReason = reasonCode;
            IsDone = true;
            Client.Disconnect(NowUs);
            return;
        }

        _isSubscribed = WasUp = true;
    }

    /// <inheritdoc/>
    protected override void Message(in MqttMessage message)
    {
        ReadOnlySpan<byte> payload = message.Payload.Span;
        if (payload.Length < HeadBytes || !string.Equals(message.Topic, _topic, StringComparison.Ordinal))
        {
            return;
        }

        long number = BinaryPrimitives.ReadInt64LittleEndian(payload[1..]);
        if (payload[0] == PingKind && _pings.Remove(number, out long sentUs))
        {
            _roundTrips.Add((NowUs - sentUs) / 1000.0);
        }
        else if (payload[0] == ProbeKind && number == _probe && _probeUs >= 0)
        {
            _probeBack += payload.Length;
            if (_probeBack >= ProbeBytes)
            {
                EndProbe(NowUs);
            }
        }
    }

    private void Ping(long nowUs)
    {
        _sent++;
        byte[] payload = new byte[PingBytes];
        payload[0] = PingKind;
        BinaryPrimitives.WriteInt64LittleEndian(payload.AsSpan(1), ++_number);
        if (_isSubscribed && Client.TryPublish(new MqttMessage { Topic = _topic, Payload = payload, Qos = MqttQos.AtMostOnce }, 0, nowUs))
        {
            _pings.Add(_number, nowUs);
        }
        else
        {
            _lost++;
        }
    }

    private void SendProbe(long nowUs)
    {
        if (_probeUs < 0)
        {
            return;
        }

        long limit = Math.Max(HeadBytes, (Client.ServerLimits.MaximumPacketSize / 2) - 256);
        while (_probeSent < ProbeBytes)
        {
            byte[] payload = new byte[Math.Max(HeadBytes, (int)Math.Min(limit, Math.Min(ChunkBytes, ProbeBytes - _probeSent)))];
            payload[0] = ProbeKind;
            BinaryPrimitives.WriteInt64LittleEndian(payload.AsSpan(1), _probe);
            if (!Client.TryPublish(new MqttMessage { Topic = _topic, Payload = payload, IsPayloadImmutable = true, Qos = MqttQos.AtLeastOnce }, 1, nowUs))
            {
                return;
            }

            _probeSent += payload.Length;
        }
    }

    // What is counted is what has gone there and come back: uplink and downlink at once, as a call uses them.
    private void EndProbe(long nowUs)
    {
        _rates.Add(_probeBack * 8.0 / Math.Max(1, (nowUs - _probeUs) / 1000.0));
        _probeUs = -1;
    }

    private void Forget(long nowUs)
    {
        foreach (long number in _pings.Where(p => nowUs - p.Value >= PingLostUs).Select(static p => p.Key).ToArray())
        {
            _pings.Remove(number);
            _lost++;
        }

        if (_probeUs >= 0 && nowUs - _probeUs >= ProbeLostUs)
        {
            EndProbe(nowUs);
        }
    }

    private void EndHour(long nowUs)
    {
        // What is on its way counts where it comes back.
        _roundTrips.Sort();
        _hourDone(new RoomHour(
            _hour,
            _hourUs - _startUs,
            _sent - _pings.Count,
            _lost,
            _roundTrips.Count == 0 ? null : _roundTrips[_roundTrips.Count / 2],
            _roundTrips.Count == 0 ? null : _roundTrips[Math.Min(_roundTrips.Count - 1, _roundTrips.Count * 95 / 100)],
            _rates.Count == 0 ? null : _rates.Min(),
            _rates.Count,
            _skipped,
            _breaks));
        _hour++;
        _hourUs = nowUs;
        _sent = _pings.Count;
        _lost = _skipped = _breaks = 0;
        _roundTrips.Clear();
        _rates.Clear();
    }

    private long NextProbe(long nowUs) => _probeUs >= 0 ? Math.Min(_probeUs + ProbeLostUs, _probeSent < ProbeBytes ? nowUs + 5_000 : long.MaxValue)
        : _isSubscribed || _isSessionOpen() ? _nextProbeUs : Client.IsConnected || _isConnecting ? long.MaxValue : Math.Max(_nextConnectUs, nowUs + 1);

    private long NextLoss() => _pings.Count == 0 ? long.MaxValue : _pings.Values.Min() + PingLostUs;
}
