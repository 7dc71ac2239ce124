using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using EdgeGateway.Core;
using EdgeGateway.Mqtt;
using Firmware.Protocol;
using Simulators.Cart.Ledger;

namespace Simulators.Cart.Subscribers;

/// <summary>Called for each reading that arrives.</summary>
/// <param name="delivery">The reading; its payload is valid during the call only.</param>
public delegate void DeliveryHandler(in Delivery delivery);

/// <summary>
/// A consumer of one session: subscribes to its readings over MQTT 5 with a session that outlives connections, acknowledges each after it
/// was handed on, and sends receipts.
/// </summary>
public sealed class SessionSubscriber : IUplinkEvents, IMqttClientHandler
{
    /// <summary>Time between two receipts while readings arrive, µs.</summary>
    public const long ReceiptPeriodUs = 500_000;

    /// <summary>Pause before a new connection attempt, µs.</summary>
    public const long PauseUs = 500_000;

    /// <summary>How long the broker keeps the session, s.</summary>
    public const uint SessionExpirySeconds = 3600;

    /// <summary>Most streams in one receipt; with more the others follow in the next.</summary>
    public const int MaxReceiptStreams = 256;

    /// <summary>Most sequence gaps of a stream in one receipt, as the gateway takes them.</summary>
    public const int MaxReceiptGaps = 64;

    private static readonly string[] Classes = ["vital", "wave", "sound", "event", "gap"];

    private readonly string _prefix;
    private readonly string _name;
    private readonly bool _receipts;
    private readonly IUplinkConnector _connector;
    private readonly IMqttClient _client;
    private readonly DeliveryHandler _received;
    private readonly Action<string> _malformed;
    private readonly SortedDictionary<ReadingId, StreamMarks> _marks = [];
    private IMqttConnection? _connection;
    private bool _dialling;
    private bool _subscribed;
    private long _nowUs;
    private long _dialUs;
    private long _receiptUs = long.MaxValue;

    /// <summary>Makes a subscriber; the first <see cref="Step"/> dials.</summary>
    /// <param name="cart">The cart's name.</param>
    /// <param name="session">The session's name.</param>
    /// <param name="name">Its own name, A-Z a-z 0-9 '_' '-'.</param>
    /// <param name="receipts">True to send receipts.</param>
    /// <param name="connector">Makes connections.</param>
    /// <param name="clients">Makes the MQTT client.</param>
    /// <param name="received">Sent of each reading, before it is acknowledged.</param>
    /// <param name="malformed">Sent of each message that is no reading although its topic says so.</param>
    /// <param name="listens">True to listen to live sound too.</param>
    public SessionSubscriber(
        string cart,
        string session,
        string name,
        bool receipts,
        IUplinkConnector connector,
        MqttClientFactory clients,
        DeliveryHandler received,
        Action<string> malformed,
        bool listens = false)
    {
        _prefix = $"cart/{cart}/session/{session}/";
        Listener = listens ? new SoundListener(_prefix, name) : null;
        _name = name;
        _receipts = receipts;
        _connector = connector;
        _received = received;
        _malformed = malformed;
        _client = clients(
            new MqttClientOptions
            {
                ClientId = $"{cart}-{session}-{name}",
                Version = MqttVersion.V5,
                CleanStart = false,
                SessionExpirySeconds = SessionExpirySeconds,
                KeepAliveSeconds = 10,
            },
            this);
    }

    /// <summary>Its ears, or null.</summary>
    public SoundListener? Listener { get; }

    /// <summary>True while connected.</summary>
    public bool IsConnected => _client.IsConnected;

    /// <summary>True when every subscription is in force.</summary>
    public bool IsSubscribed { get; private set; }

    /// <summary>Receipts sent.</summary>
    public long ReceiptsSent { get; private set; }

    /// <summary>Does what is due.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next, µs.</returns>
    public long Step(long nowUs)
    {
        _nowUs = nowUs;
        if (_connection is null && !_dialling && nowUs >= _dialUs)
        {
            _dialling = true;
            _connector.Connect(this);
        }

        if (nowUs >= _receiptUs && _client.IsConnected)
        {
            SendReceipt();
        }

        if (Listener is { } ears && _client.IsConnected && nowUs >= ears.DueUs && ears.Report(nowUs) is { } report)
        {
            _client.TryPublish(new MqttMessage { Topic = _prefix + "listening", Payload = report, Qos = MqttQos.AtLeastOnce }, 2, nowUs);
        }

        long nextUs = _client.Step(nowUs);
        nextUs = Listener is null ? nextUs : Math.Min(nextUs, Math.Max(Listener.DueUs, nowUs + 1000));
        nextUs = _connection is null && !_dialling ? Math.Min(nextUs, _dialUs) : nextUs;
        return _client.IsConnected ? Math.Min(nextUs, _receiptUs) : nextUs;
    }

    void IUplinkEvents.Opened(IMqttConnection connection, long nowUs)
    {
        _nowUs = nowUs;
        _dialling = false;
        _connection = connection;
        _client.Open(connection, nowUs);
    }

    void IUplinkEvents.Received(ReadOnlySpan<byte> bytes, long nowUs)
    {
        _nowUs = nowUs;
        _client.Received(bytes, nowUs);
    }

    void IUplinkEvents.Closed(string text, long nowUs)
    {
        _nowUs = nowUs;
        _dialling = false;
        _dialUs = nowUs + PauseUs;
        if (_connection is not null)
        {
            _connection = null;
            _client.Closed(nowUs);
        }
    }

    void IMqttClientHandler.Connected(bool sessionPresent)
    {
        if (_subscribed)
        {
            return; // The client repeats them by itself after a connection without session.
        }

        _subscribed = true;
        foreach (string word in Classes)
        {
            _client.Subscribe(_prefix + word + "/#", MqttQos.AtLeastOnce, _nowUs);
        }

        if (Listener is not null)
        {
            _client.Subscribe(_prefix + "live/#", MqttQos.AtMostOnce, _nowUs);
            _client.Subscribe(_prefix + "clip/#", MqttQos.AtLeastOnce, _nowUs);
        }
    }

    void IMqttClientHandler.Lost(byte reasonCode, string text) => _connection?.Close();

    void IMqttClientHandler.Acknowledged(long ticket, byte reasonCode)
    {
    }

    bool IMqttClientHandler.Received(in MqttMessage message, long token)
    {
        if (Listener is { } ears && ears.Take(message.Topic, message.Payload.Span, _nowUs))
        {
            return true;
        }

        if (Delivery.TryRead(message, out Delivery delivery, out string fault))
        {
            _received(delivery);
            Mark(delivery);
        }
        else if (fault.Length > 0)
        {
            _malformed(fault);
        }

        return true;
    }

    void IMqttClientHandler.Subscribed(string filter, byte reasonCode)
    {
        if (reasonCode >= 0x80)
        {
            _malformed($"the subscription to {filter} was refused with 0x{reasonCode:x2}");
        }
        else if (filter.EndsWith("gap/#", StringComparison.Ordinal))
        {
            IsSubscribed = true;
        }
    }

    private void Mark(in Delivery delivery)
    {
        ReadingId key = delivery.Id with { Sequence = 0 };
        if (!_marks.TryGetValue(key, out StreamMarks? marks))
        {
            _marks.Add(key, marks = new StreamMarks());
        }

        marks.Add(delivery.Id.Sequence);
        if (_receipts && _receiptUs == long.MaxValue)
        {
            _receiptUs = _nowUs + ReceiptPeriodUs;
        }
    }

    private void SendReceipt()
    {
        StringBuilder json = new();
        json.Append(CultureInfo.InvariantCulture, $"{{\"v\":1,\"consumer\":\"{_name}\",\"streams\":[");
        List<StreamMarks> told = [];
        foreach ((ReadingId key, StreamMarks marks) in _marks)
        {
            if (!marks.Changed || told.Count == MaxReceiptStreams)
            {
                continue;
            }

            json.Append(told.Count > 0 ? "," : string.Empty);
            json.Append(CultureInfo.InvariantCulture, $"{{\"device\":\"{Topics.DeviceText(key.Device)}\",\"boot\":{key.Boot},\"stream\":{key.Stream},\"through\":{marks.Through},\"holes\":[");
            json.AppendJoin(',', marks.GapsAsText(MaxReceiptGaps));
            json.Append("]}");
            told.Add(marks);
        }

        json.Append("]}");
        MqttMessage message = new()
        {
            Topic = _prefix + "receipt",
            Payload = Encoding.UTF8.GetBytes(json.ToString()),
            Qos = MqttQos.AtLeastOnce,
        };
        if (_client.TryPublish(message, 1, _nowUs))
        {
            ReceiptsSent++;
            foreach (StreamMarks marks in told)
            {
                marks.Changed = false;
            }

            _receiptUs = long.MaxValue;
        }
        else
        {
            _receiptUs = _nowUs + ReceiptPeriodUs;
        }
    }

    /// <summary>What there is of one stream: the highest sequence, and the sequence gaps below it.</summary>
    private sealed class StreamMarks
    {
        private readonly List<(uint First, uint Last)> _sequenceGaps = [];

        public uint Through { get; private set; }

        public bool Changed { get; set; }

        public void Add(uint sequence)
        {
            Changed = true;
            if (sequence > Through)
            {
                if (sequence > Through + 1)
                {
                    _sequenceGaps.Add((Through + 1, sequence - 1));
                }

                Through = sequence;
                return;
            }

            for (int i = 0; i < _sequenceGaps.Count; i++)
            {
                (uint first, uint last) = _sequenceGaps[i];
                if (sequence < first || sequence > last)
                {
                    continue;
                }

                _sequenceGaps.RemoveAt(i);
                if (sequence < last)
                {
                    _sequenceGaps.Insert(i, (sequence + 1, last));
                }

                if (sequence > first)
                {
                    _sequenceGaps.Insert(i, (first, sequence - 1));
                }

                return;
            }
        }

        public IEnumerable<string> GapsAsText(int max)
        {
            for (int i = Math.Max(0, _sequenceGaps.Count - max); i < _sequenceGaps.Count; i++)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"[{_sequenceGaps[i].First},{_sequenceGaps[i].Last}]");
            }
        }
    }
}
