using System;
using System.Collections.Generic;
using System.Text.Json;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Mqtt;
using Firmware.Protocol;

namespace EdgeGateway.Core.Retained;

/// <summary>
/// The retained topics of a session, for a doctor who joins late: descriptions of binary streams, the last vitals (<c>state</c>), the vital-sign
/// set (<c>set</c>), the spot values (<c>spot</c>) and the devices (<c>device/{id}</c>). They repeat what the readings said and are not journaled.
/// </summary>
internal sealed class RetainedTopics : IGatewayPart
{
    /// <summary>Most streams with a last vital; further ones are left out of state and set, not out of the readings.</summary>
    private const int MaxRows = 64;

    /// <summary>Most descriptions remembered as published; above it all are published again when needed.</summary>
    private const int MaxDescribed = 1024;

    /// <summary>Most consumers of a session remembered as seen; above it all count as new again.</summary>
    private const int MaxConsumers = 256;

    /// <summary>The set is published again after so long, so that it does not expire under a cart that is well, µs.</summary>
    private const long SetPeriodUs = 15_000_000;

    private const int VitalClass = 1 << (int)EdgeGateway.Journal.RecordClass.Vital;
    private const int EventClass = 1 << (int)EdgeGateway.Journal.RecordClass.Event;

    private readonly GatewayContext _context;
    private readonly ISessionLink _link;
    private readonly SpotValues _spot = new();
    private readonly SortedSet<string> _consumers = new(StringComparer.Ordinal);
    private readonly Action<MqttMessage>? _pages;
    private readonly Pods _pods;
    private readonly SortedDictionary<(ulong Device, int Stream), Row> _rows = [];
    private readonly Dictionary<(uint Session, StreamKey Key), (long DeviceUs, ReadingTime Time)> _described = [];
    private readonly SortedDictionary<ulong, bool> _devices = [];
    private uint _session;
    private bool _dirty;
    private bool _spotDirty;
    private bool _hasSpot;
    private long _nextStateUs;
    private long _setUs;

    /// <summary>Makes the topics of no session.</summary>
    /// <param name="context">The folds.</param>
    /// <param name="link">The way to the session's broker.</param>
    /// <param name="pods">The pods.</param>
    /// <param name="pages">With an external broker: takes retained messages for the cart's own pages while the broker is away; else null.</param>
    public RetainedTopics(GatewayContext context, ISessionLink link, Pods pods, Action<MqttMessage>? pages)
    {
        _pages = pages;
        _context = context;
        _link = link;
        _pods = pods;
    }

    public long NextUs =>
        CanPublish && (_dirty || _spotDirty || _rows.Count > 0 || _spot.Count > 0 || (_devices.Count > 0 && _context.Sessions.Open is not null)) ? _nextStateUs : long.MaxValue;

    private bool CanPublish => _link.IsUp || _pages is not null;

    /// <summary>The link is up again: the broker may have forgotten what it retained.</summary>
    public void LinkUp()
    {
        _described.Clear();
        _dirty = _context.Sessions.Open is not null;
        _spotDirty |= _hasSpot && _dirty;
        _consumers.Clear();
        DevicesChanged();
    }

    /// <summary>A consumer spoke. One that was not seen before may have missed what the broker did not keep for it: all goes out again.</summary>
    /// <param name="consumer">Its name.</param>
    /// <param name="asksForAll">True when it says itself that it has just come.</param>
    /// <returns>True when all goes out again.</returns>
    public bool ConsumerSeen(string consumer, bool asksForAll)
    {
        if (_pages is null)
        {
            return false; // the embedded endpoint keeps what is retained
        }

        if (_consumers.Count >= MaxConsumers && !_consumers.Contains(consumer))
        {
            _consumers.Clear();
        }

        bool isNew = _consumers.Add(consumer) || asksForAll;
        if (isNew)
        {
            _described.Clear();
            _dirty = _context.Sessions.Open is not null;
            _spotDirty |= _hasSpot && _dirty;
            DevicesChanged();
        }

        return isNew;
    }

    /// <summary>The gateway started: the spot values of the open session are read again from the journal.</summary>
    public void Begin()
    {
        if (_context.Sessions.Open is not { } open)
        {
            return;
        }

        long events = long.MaxValue;
        int vitals = 0;
        foreach ((DeliveryKey key, DeliveryMarks marks) in _context.Delivery.Marks)
        {
            if (key.Session == open.Number && marks.Class == EdgeGateway.Journal.RecordClass.Vital && vitals++ < MaxRows)
            {
                _context.Read(marks.LastIndex, VitalClass, 1, (records, _) => Restore(open, records));
            }
            else if (key.Session == open.Number && marks.Class == EdgeGateway.Journal.RecordClass.Event && key.Stream.Stream == Streams.Events)
            {
                events = Math.Min(events, marks.FirstIndex);
            }
        }

        if (events != long.MaxValue)
        {
            RestoreEvents(open, events, _context.Journal.LastIndex);
        }
    }

    public void SessionChanged()
    {
        _rows.Clear();
        _spot.Clear();
        _spotDirty = _hasSpot;
        _consumers.Clear();
        _dirty = true;
        _nextStateUs = 0;
        DevicesChanged();
    }

    /// <inheritdoc/>
    void IGatewayPart.Begin(long nowUs) => Begin();

    /// <inheritdoc/>
    long IGatewayPart.Step(long nowUs)
    {
        Step(nowUs);
        return NextUs;
    }

    /// <inheritdoc/>
    void IGatewayPart.PodCame(Pod pod) => DevicesChanged();

    /// <inheritdoc/>
    void IGatewayPart.PodWent(Pod pod) => DevicesChanged();

    public void DevicesChanged()
    {
        _devices[_context.Options.GatewayId] = true;
        foreach (Pod pod in _pods.All)
        {
            _devices[pod.DeviceId] = true;
        }

        _nextStateUs = 0;
    }

    /// <summary>Sees to it that a binary stream's description is out before its first frame, and again when its times got better.</summary>
    /// <returns>False when the link cannot take it now.</returns>
    public bool TryDescribe(Session session, in Reading reading, long nowUs)
    {
        FrameHead head = reading.Head;
        bool wave = head.Kind == FrameKind.Waveform && head.BodyLength >= WaveformBody.SamplesOffset;
        if (head.Version != Frame.Version || (!wave && head.Kind != FrameKind.Sound))
        {
            return true;
        }

        ReadingTime time = _context.Time.Map(head.DeviceId, head.BootId, head.MonotonicUs);
        if (_described.TryGetValue((session.Number, head.Key), out (long DeviceUs, ReadingTime Time) known))
        {
            long spanUs = head.MonotonicUs - known.DeviceUs;
            long aged = known.Time.UncertaintyUs + TimeFold.DriftUs(spanUs, _context.Options.ClockDriftPpm);
            bool better = time.IsKnown
                && (!known.Time.IsKnown || time.UncertaintyUs * 2 < aged || time.Disagrees(known.Time.UtcUs + spanUs, aged));
            if (!better)
            {
                return true;
            }
        }

        Utf8JsonWriter json = _context.Json.Begin();
        json.WriteStartObject();
        json.WriteNumber("v"u8, 1);
        json.WriteString("session"u8, session.Id);
        json.WriteDevice("device"u8, head.DeviceId);
        json.WriteNumber("boot"u8, head.BootId);
        json.WriteNumber("stream"u8, head.Stream);
        json.WriteString("kind"u8, WireWords.TopicOf(head.Kind, head.Stream));
        json.WriteString("contentType"u8, ReadingMessage.FrameContentType);
        if (wave)
        {
            Samples(json, reading.Bytes, reading.BodyOffset);
        }

        json.WriteStartObject("time"u8);
        if (time.IsKnown)
        {
            json.WriteUtc("utc"u8, time.UtcUs);
            json.WriteMilliseconds("uncertaintyMs"u8, time.UncertaintyUs);
            json.WriteString("method"u8, "exchange"u8);
        }
        else
        {
            json.WriteNull("utc"u8);
            json.WriteNull("uncertaintyMs"u8);
            json.WriteString("method"u8, "unsynchronised"u8);
        }

        json.WriteNumber("deviceUs"u8, head.MonotonicUs);
        json.WriteNumber("driftPpm"u8, _context.Options.ClockDriftPpm);
        json.WriteEndObject();
        json.WriteEndObject();
        if (!Publish(_context.Topics.Of(_context.Topics.RootOf(session), head) + "/description", _context.Json.ToBytes(), null, nowUs))
        {
            return false;
        }

        if (_described.Count >= MaxDescribed)
        {
            _described.Clear();
        }

        _described[(session.Number, head.Key)] = (head.MonotonicUs, time);
        return true;
    }

    /// <summary>The same for a replay: only when no description is out. That of the live readings is not replaced by an older one.</summary>
    /// <returns>False when the link cannot take it now.</returns>
    public bool TryDescribeOnce(Session session, in Reading reading, long nowUs) =>
        _described.ContainsKey((session.Number, reading.Key)) || TryDescribe(session, reading, nowUs);

    /// <summary>A reading went out, or was shown beside the patient.</summary>
    public void Sent(Session session, in Reading reading, in ReadingMessage message, long index, long nowUs)
    {
        if (!session.IsOpen || !message.IsJson)
        {
            return;
        }

        FrameHead head = reading.Head;
        _spotDirty |= _spot.Take(index, reading, message.Payload);
        if (head.Kind != FrameKind.Numeric || head.IsStatus)
        {
            return;
        }

        // A value from the backlog is old however late it goes out; one whose age is not known is not shown as a last value.
        if (!_context.Time.TryMapToGateway(head.DeviceId, head.BootId, head.MonotonicUs, _context.BootId, out TimeInterval at)
            || nowUs - at.LowUs > _context.Options.StateStalenessUs)
        {
            return;
        }

        bool isKnown = _rows.TryGetValue((head.DeviceId, head.Stream), out Row? row);
        if ((!isKnown && _rows.Count >= MaxRows) || (isKnown && row!.MeasuredUs > at.LowUs))
        {
            return; // no room, or the backlog of an earlier boot comes after the live readings of this one
        }

        if (row is null)
        {
            row = new Row();
            _rows.Add((head.DeviceId, head.Stream), row);
        }

        uint mdc = NumericBody.MdcCode(reading.Bytes, reading.BodyOffset);
        row.MeasuredUs = at.LowUs;
        row.Json = message.Payload;
        row.ClinicalOrder = MdcTable.Find(mdc)?.ClinicalOrder ?? 0;
        _dirty = true;
    }

    public void Step(long nowUs)
    {
        if (nowUs < _nextStateUs || !CanPublish)
        {
            return;
        }

        _nextStateUs = nowUs + _context.Options.StatePeriodUs;
        List<(ulong, int)> stale = [];
        foreach (((ulong, int) key, Row row) in _rows)
        {
            if (nowUs - row.MeasuredUs > _context.Options.StateStalenessUs)
            {
                stale.Add(key);
            }
        }

        foreach ((ulong, int) key in stale)
        {
            _rows.Remove(key);
            _dirty = true;
        }

        PublishDevices(nowUs);
        Session? open = _context.Sessions.Open;
        bool hasRows = _rows.Count > 0 || _spot.Count > 0;
        _dirty |= open is not null && hasRows && nowUs - _setUs >= SetPeriodUs;
        if (_spotDirty && _session != 0 && _session != open?.Number && _hasSpot && _context.Sessions.Find(_session) is { } over)
        {
            _hasSpot = !PublishSpot(over, false, nowUs);
            _spotDirty = _hasSpot || _spot.Count > 0;
        }

        if (_dirty && _session != 0 && _session != open?.Number && _context.Sessions.Find(_session) is { } ended)
        {
            _dirty = !PublishState(ended, false, nowUs);
        }

        if (_dirty && open is not null)
        {
            _session = open.Number;
            _dirty = !PublishState(open, true, nowUs);
            _setUs = _dirty ? _setUs : nowUs;
        }
        else if (open is null)
        {
            _dirty = false;
        }

        if (_spotDirty && open is not null && _spot.Count > 0)
        {
            _session = open.Number;
            _spotDirty = !PublishSpot(open, true, nowUs);
            _hasSpot |= !_spotDirty;
        }
    }

    private void Restore(Session open, IReadOnlyList<EdgeGateway.Journal.JournalRecord> records)
    {
        foreach (EdgeGateway.Journal.JournalRecord record in records)
        {
            if (Reading.TryRead(record, out Reading reading) && reading.Session == open.Number && _context.Sessions.Open?.Number == open.Number
                && SpotValues.IsOne(reading))
            {
                bool isNew = _spot.Take(record.Index, reading, ReadingMessage.Make(_context, open, reading, null).Payload);
                _spotDirty |= isNew;
                _dirty |= isNew;
            }
        }
    }

    private void RestoreEvents(Session open, long from, long through) => _context.Read(from, EventClass, 64 * 1024, (records, next) =>
    {
        Restore(open, records);
        if (records.Count > 0 && next <= through)
        {
            RestoreEvents(open, next, through);
        }
    });

    private bool PublishSpot(Session session, bool open, long nowUs)
    {
        Utf8JsonWriter json = Begin(session);
        json.WriteBoolean("open"u8, open);
        _spot.Write(json, open);
        json.WriteEndObject();
        return Publish(_context.Topics.RootOf(session) + "spot", _context.Json.ToBytes(), null, nowUs);
    }

    private Utf8JsonWriter Begin(Session session)
    {
        Utf8JsonWriter json = _context.Json.Begin();
        json.WriteStartObject();
        json.WriteNumber("v"u8, 1);
        json.WriteString("session"u8, session.Id);
        return json;
    }

    private bool PublishState(Session session, bool open, long nowUs)
    {
        Utf8JsonWriter json = Begin(session);
        json.WriteBoolean("open"u8, open);
        json.WriteStartArray("vitals"u8);
        if (open)
        {
            foreach (Row row in _rows.Values)
            {
                json.WriteRawValue(row.Json.Span, skipInputValidation: true);
            }
        }

        json.WriteEndArray();
        json.WriteStartArray("agesMs"u8);
        if (open)
        {
            foreach (Row row in _rows.Values)
            {
                json.WriteNumberValue((nowUs - row.MeasuredUs) / 1000);
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
        uint expiry = (uint)(_context.Options.StateStalenessUs / 1_000_000);
        return Publish(_context.Topics.RootOf(session) + "state", _context.Json.ToBytes(), expiry, nowUs) && PublishSet(session, open, expiry, nowUs);
    }

    private bool PublishSet(Session session, bool open, uint expiry, long nowUs)
    {
        Utf8JsonWriter json = Begin(session);
        json.WriteStartArray("rows"u8);
        if (open)
        {
            foreach (ReadOnlyMemory<byte> row in Rows())
            {
                json.WriteRawValue(row.Span, skipInputValidation: true);
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
        return Publish(_context.Topics.RootOf(session) + "set", _context.Json.ToBytes(), expiry, nowUs);
    }

    /// <summary>The set: one row per quantity in clinical order. A spot value stays as long as the session is open.</summary>
    private SortedDictionary<int, ReadOnlyMemory<byte>>.ValueCollection Rows()
    {
        SortedDictionary<int, ReadOnlyMemory<byte>> rows = [];
        foreach ((int order, ReadOnlyMemory<byte> json) in _spot.Vitals)
        {
            rows[order] = json;
        }

        foreach (Row row in _rows.Values)
        {
            if (row.ClinicalOrder != 0)
            {
                rows.TryAdd(row.ClinicalOrder, row.Json);
            }
        }

        return rows.Values;
    }

    private void PublishDevices(long nowUs)
    {
        if (_context.Sessions.Open is not { } session)
        {
            return;
        }

        while (_devices.Count > 0)
        {
            ulong device = 0;
            foreach (ulong id in _devices.Keys)
            {
                device = id;
                break;
            }

            DeviceDescription? about = null;
            foreach (DeviceDescription known in _context.Options.Devices)
            {
                about = known.DeviceId == device ? known : about;
            }

            bool gateway = device == _context.Options.GatewayId;
            Pod? pod = _pods.Find(device);
            Utf8JsonWriter json = _context.Json.Begin();
            json.WriteStartObject();
            json.WriteNumber("v"u8, 1);
            json.WriteDevice("device"u8, device);
            json.WriteString("role"u8, gateway ? "gateway"u8 : "pod"u8);
            json.WriteText("maker"u8, about?.Maker);
            json.WriteText("model"u8, about?.Model);
            json.WriteText("serial"u8, about?.Serial);
            json.WriteText("udi"u8, about?.Udi);
            json.WriteText("firmware"u8, about?.Firmware);
            json.WriteText("calibration"u8, about?.Calibration);
            json.WriteText("sensorClass"u8, about?.SensorClass);
            json.WriteBoolean("connected"u8, gateway || pod is { IsConnected: true });
            json.WriteEndObject();
            if (!Publish(_context.Topics.RootOf(session) + "device/" + Topics.DeviceText(device), _context.Json.ToBytes(), null, nowUs))
            {
                return;
            }

            _devices.Remove(device);
        }
    }

    private static void Samples(Utf8JsonWriter json, byte[] bytes, int body)
    {
        uint mdc = WaveformBody.MdcCode(bytes, body);
        Quantity? quantity = MdcTable.Find(mdc);
        int bits = WaveformBody.Bits(bytes, body);
        ReadingJson.Code(json, mdc, quantity);
        json.WriteString("unit"u8, quantity?.Unit);
        if (quantity is { SampleExponent: not 0 and int exponent })
        {
            json.WriteScaled("scale"u8, 1, exponent);
        }

        json.WriteNumber("periodUs"u8, WaveformBody.PeriodUs(bytes, body));
        json.WriteNumber("bits"u8, bits);
        json.WriteNumber("sampleBytes"u8, WaveformBody.BytesPerSample(bits));
        json.WriteString("byteOrder"u8, "little"u8);
    }

    private bool Publish(string topic, byte[] payload, uint? expirySeconds, long nowUs)
    {
        MqttMessage message = new()
        {
            Topic = topic,
            Payload = payload,
            IsPayloadImmutable = true,
            Qos = MqttQos.AtLeastOnce,
            Retain = true,
            Properties = new MqttPublishProperties
            {
                ContentType = ReadingMessage.JsonContentType,
                PayloadIsUtf8 = true,
                MessageExpirySeconds = expirySeconds,
            },
        };
        if (!_link.IsUp && _pages is { } pages)
        {
            // The broker gets it when it is back; the page beside the patient does not wait.
            pages(message);
            return true;
        }

        return _link.TryPublish(message, 0, nowUs);
    }

    private sealed class Row
    {
        public long MeasuredUs { get; set; }

        public ReadOnlyMemory<byte> Json { get; set; }

        public int ClinicalOrder { get; set; }
    }
}
