using System;
using System.Collections.Generic;
using System.Text.Json;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using Firmware.Protocol;

namespace EdgeGateway.Core.Retained;

/// <summary>
/// The retained topics of a session, for a doctor who joins late: the last vitals (<c>state</c>), the vital-sign set (<c>set</c>), the spot values (<c>spot</c>) and the devices
/// (<c>device/{id}</c>, <see cref="DeviceTopics"/>); <see cref="StreamDescriptions"/> are beside them. They repeat what the readings said and are not journaled.
/// </summary>
internal sealed class RetainedTopics : IGatewayPart
{
    /// <summary>Most streams with a last vital; further ones are left out of state and set, not out of the readings.</summary>
    public const int MaxRows = 64;

    /// <summary>Most consumers of a session remembered as seen; above it all count as new again.</summary>
    private const int MaxConsumers = 256;

    /// <summary>The set is published again after so long, so that it does not expire under a cart that is well, µs.</summary>
    private const long SetPeriodUs = 15_000_000;

    private readonly SessionProjection _sessions;
    private readonly TimeProjection _time;
    private readonly GatewayClock _clock;
    private readonly RetainedPublisher _publisher;
    private readonly DeviceTopics _devices;
    private readonly SpotRestore _restore;
    private readonly long _periodUs;
    private readonly long _stalenessUs;
    private readonly SpotValues _spot = new();
    private readonly SortedSet<string> _consumers = new(StringComparer.Ordinal);
    private readonly SortedDictionary<(ulong Device, int Stream), Row> _rows = [];
    private uint _session;
    private bool _dirty;
    private bool _spotDirty;
    private bool _hasSpot;
    private long _nextStateUs;
    private long _setUs;

    /// <summary>Makes the topics of no session.</summary>
    /// <param name="sessions">The sessions.</param>
    /// <param name="time">How old a reading is.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="publisher">Where the topics go.</param>
    /// <param name="devices">The topics of the devices.</param>
    /// <param name="restore">Reads spot values again.</param>
    /// <param name="options">How often the state is published, and how old a last value may be.</param>
    public RetainedTopics(
        SessionProjection sessions, TimeProjection time, GatewayClock clock, RetainedPublisher publisher, DeviceTopics devices, SpotRestore restore, GatewayOptions options)
    {
        _sessions = sessions;
        _time = time;
        _clock = clock;
        _publisher = publisher;
        _devices = devices;
        _restore = restore;
        _periodUs = options.StatePeriodUs;
        _stalenessUs = options.StateStalenessUs;
    }

    public long NextUs =>
        _publisher.CanPublish && (_dirty || _spotDirty || _rows.Count > 0 || _spot.Count > 0 || _devices.IsDue) ? _nextStateUs : long.MaxValue;

    /// <summary>The link is up again: the broker may have forgotten what it retained.</summary>
    public void LinkUp()
    {
        _dirty = _sessions.Open is not null;
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
        if (_publisher.IsEmbedded)
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
            _dirty = _sessions.Open is not null;
            _spotDirty |= _hasSpot && _dirty;
            DevicesChanged();
        }

        return isNew;
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
    void IGatewayPart.Begin(long nowUs) => _restore.Read((index, in reading, json) =>
    {
        bool isNew = _spot.Take(index, reading, json);
        _spotDirty |= isNew;
        _dirty |= isNew;
    });

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
        _devices.Changed();
        _nextStateUs = 0;
    }

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
        if (!_time.TryMapToGateway(head.DeviceId, head.BootId, head.MonotonicUs, _clock.BootId, out TimeInterval at)
            || nowUs - at.LowUs > _stalenessUs)
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

        // What may be worse than it says is shown with its words, and does not become a row of the set by itself. Nor does the value before it stay there.
        Quantity? quantity = MdcTable.Find(mdc);
        row.ClinicalOrder = quantity is null || NumericStatus.IsQuestionable(head, reading.Bytes, reading.BodyOffset, quantity) ? 0 : quantity.ClinicalOrder;
        _dirty = true;
    }

    public void Step(long nowUs)
    {
        if (nowUs < _nextStateUs || !_publisher.CanPublish)
        {
            return;
        }

        _nextStateUs = nowUs + _periodUs;
        List<(ulong, int)> stale = [];
        foreach (((ulong, int) key, Row row) in _rows)
        {
            if (nowUs - row.MeasuredUs > _stalenessUs)
            {
                stale.Add(key);
            }
        }

        foreach ((ulong, int) key in stale)
        {
            _rows.Remove(key);
            _dirty = true;
        }

        _devices.Publish(nowUs);
        Session? open = _sessions.Open;
        bool hasRows = _rows.Count > 0 || _spot.Count > 0;
        _dirty |= open is not null && hasRows && nowUs - _setUs >= SetPeriodUs;
        if (_spotDirty && _session != 0 && _session != open?.Number && _hasSpot && _sessions.Find(_session) is { } over)
        {
            _hasSpot = !PublishSpot(over, false, nowUs);
            _spotDirty = _hasSpot || _spot.Count > 0;
        }

        if (_dirty && _session != 0 && _session != open?.Number && _sessions.Find(_session) is { } ended)
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

    private bool PublishSpot(Session session, bool open, long nowUs)
    {
        Utf8JsonWriter json = _publisher.Begin(session);
        json.WriteBoolean("open"u8, open);
        _spot.Write(json, open);
        json.WriteEndObject();
        return _publisher.TryPublish(session, "spot", null, nowUs);
    }

    private bool PublishState(Session session, bool open, long nowUs)
    {
        Utf8JsonWriter json = _publisher.Begin(session);
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
        uint expiry = (uint)(_stalenessUs / 1_000_000);
        return _publisher.TryPublish(session, "state", expiry, nowUs) && PublishSet(session, open, expiry, nowUs);
    }

    private bool PublishSet(Session session, bool open, uint expiry, long nowUs)
    {
        Utf8JsonWriter json = _publisher.Begin(session);
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
        return _publisher.TryPublish(session, "set", expiry, nowUs);
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

    private sealed class Row
    {
        public long MeasuredUs { get; set; }

        public ReadOnlyMemory<byte> Json { get; set; }

        public int ClinicalOrder { get; set; }
    }
}
