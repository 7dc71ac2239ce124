using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using EdgeGateway.Mqtt;
using Firmware.Protocol;

namespace EdgeGateway.Gateway;

/// <summary>
/// The retained topics of a session, for a doctor who joins late: descriptions of binary streams, the last vitals (<c>state</c>), the vital-sign
/// set (<c>set</c>) and the devices (<c>device/{id}</c>). They repeat what the readings said and are not journaled.
/// </summary>
internal sealed class RetainedTopics
{
    /// <summary>Most streams with a last vital; further ones are left out of state and set, not out of the readings.</summary>
    private const int MaxRows = 64;

    /// <summary>Most descriptions remembered as published; above it all are published again when needed.</summary>
    private const int MaxDescribed = 1024;

    private readonly GatewayContext _context;
    private readonly ISessionLink _link;
    private readonly Pods _pods;
    private readonly SortedDictionary<(ulong Device, int Stream), Row> _rows = [];
    private readonly Dictionary<(uint Session, StreamKey Key), (long DeviceUs, ReadingTime Time)> _described = [];
    private readonly SortedDictionary<ulong, bool> _devices = [];
    private uint _session;
    private bool _dirty;
    private long _nextStateUs;

    public RetainedTopics(GatewayContext context, ISessionLink link, Pods pods)
    {
        _context = context;
        _link = link;
        _pods = pods;
    }

    public long NextUs =>
        _link.IsUp && (_dirty || _rows.Count > 0 || (_devices.Count > 0 && _context.Sessions.Open is not null)) ? _nextStateUs : long.MaxValue;

    /// <summary>The link is up again: the broker may have forgotten what it retained.</summary>
    public void LinkUp()
    {
        _described.Clear();
        _dirty = _context.Sessions.Open is not null;
        DevicesChanged();
    }

    public void SessionChanged()
    {
        _rows.Clear();
        _dirty = true;
        _nextStateUs = 0;
        DevicesChanged();
    }

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
    public bool TryDescribe(Session session, FrameHead head, ReadOnlySpan<byte> frame, long nowUs)
    {
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

        JsonText json = new();
        json.Raw("{\"v\":1,\"session\":").String(session.Id).Raw(",\"device\":").String(Topics.DeviceText(head.DeviceId))
            .Raw(",\"boot\":").Number(head.BootId).Raw(",\"stream\":").Number(head.Stream)
            .Raw(",\"kind\":").String(FrameHead.SegmentOf(head.Kind)).Raw(",\"contentType\":").String(ReadingMessage.FrameContentType);
        if (wave)
        {
            ReadOnlySpan<byte> body = frame[Frame.HeaderLength..];
            uint mdc = BinaryPrimitives.ReadUInt32LittleEndian(body);
            Quantity? quantity = MdcTable.Find(mdc);
            int bits = body[10];
            json.Raw(",");
            ReadingJson.Code(json, mdc, quantity);
            json.Raw(",\"unit\":").String(quantity?.Unit);
            if (mdc == MdcCodes.CuffPressure)
            {
                json.Raw(",\"scale\":0.01");
            }

            json.Raw(",\"periodUs\":").Number(BinaryPrimitives.ReadUInt32LittleEndian(body[4..]))
                .Raw(",\"bits\":").Number(bits).Raw(",\"sampleBytes\":").Number(WaveformBody.BytesPerSample(bits)).Raw(",\"byteOrder\":\"little\"");
        }

        json.Raw(",\"time\":{\"utc\":");
        if (time.IsKnown)
        {
            json.Utc(time.UtcUs).Raw(",\"uncertaintyMs\":").Milliseconds(time.UncertaintyUs).Raw(",\"method\":\"exchange\"");
        }
        else
        {
            json.Raw("null,\"uncertaintyMs\":null,\"method\":\"unsynchronised\"");
        }

        json.Raw(",\"deviceUs\":").Number(head.MonotonicUs).Raw(",\"driftPpm\":").Number(_context.Options.ClockDriftPpm).Raw("}}");
        string topic = Root(session) + FrameHead.SegmentOf(head.Kind) + "/" + Topics.DeviceText(head.DeviceId) + "/" + GatewayContext.Text(head.Stream) + "/description";
        if (!Publish(topic, json.ToBytes(), null, nowUs))
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

    /// <summary>A reading went out.</summary>
    public void Sent(Session session, FrameHead head, ReadOnlySpan<byte> frame, ReadingMessage reading, long nowUs)
    {
        if (!session.IsOpen || !reading.IsJson || head.Kind != FrameKind.Numeric)
        {
            return;
        }

        // A value from the backlog is old however late it goes out; one whose age is not known is not shown as a last value.
        if (!_context.Time.TryMapToGateway(head.DeviceId, head.BootId, head.MonotonicUs, _context.BootId, out TimeInterval at)
            || nowUs - at.LowUs > _context.Options.StateStalenessUs)
        {
            return;
        }

        if (_rows.Count >= MaxRows && !_rows.ContainsKey((head.DeviceId, head.Stream)))
        {
            return;
        }

        uint mdc = BinaryPrimitives.ReadUInt32LittleEndian(frame[Frame.HeaderLength..]);
        _rows[(head.DeviceId, head.Stream)] = new Row(at.LowUs, reading.Payload, MdcTable.Find(mdc)?.ClinicalOrder ?? 0);
        _dirty = true;
    }

    public void Step(long nowUs)
    {
        if (nowUs < _nextStateUs || !_link.IsUp)
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
        if (_dirty && _session != 0 && _session != open?.Number && _context.Sessions.Find(_session) is { } ended)
        {
            _dirty = !PublishState(ended, false, nowUs);
        }

        if (_dirty && open is not null)
        {
            _session = open.Number;
            _dirty = !PublishState(open, true, nowUs);
        }
        else if (open is null)
        {
            _dirty = false;
        }
    }

    private bool PublishState(Session session, bool open, long nowUs)
    {
        JsonText state = new();
        state.Raw("{\"v\":1,\"session\":").String(session.Id).Raw(",\"open\":").Boolean(open).Raw(",\"vitals\":[");
        JsonText set = new();
        set.Raw("{\"v\":1,\"session\":").String(session.Id).Raw(",\"rows\":[");
        if (open)
        {
            string separator = "";
            foreach (Row row in _rows.Values)
            {
                state.Raw(separator).Raw(System.Text.Encoding.UTF8.GetString(row.Json));
                separator = ",";
            }

            separator = "";
            int last = 0;
            for (int order = Next(0); order != 0; order = Next(order))
            {
                foreach (Row row in _rows.Values)
                {
                    if (row.ClinicalOrder == order && order != last)
                    {
                        set.Raw(separator).Raw(System.Text.Encoding.UTF8.GetString(row.Json));
                        separator = ",";
                        last = order;
                    }
                }
            }
        }

        uint expiry = (uint)(_context.Options.StateStalenessUs / 1_000_000);
        return Publish(Root(session) + "state", state.Raw("]}").ToBytes(), expiry, nowUs)
            && Publish(Root(session) + "set", set.Raw("]}").ToBytes(), expiry, nowUs);
    }

    private int Next(int order)
    {
        int next = 0;
        foreach (Row row in _rows.Values)
        {
            if (row.ClinicalOrder > order && (next == 0 || row.ClinicalOrder < next))
            {
                next = row.ClinicalOrder;
            }
        }

        return next;
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
            JsonText json = new();
            json.Raw("{\"v\":1,\"device\":").String(Topics.DeviceText(device)).Raw(",\"role\":").String(gateway ? "gateway" : "pod")
                .Raw(",\"maker\":").String(about?.Maker).Raw(",\"model\":").String(about?.Model).Raw(",\"serial\":").String(about?.Serial)
                .Raw(",\"udi\":").String(about?.Udi).Raw(",\"firmware\":").String(about?.Firmware)
                .Raw(",\"calibration\":").String(about?.Calibration).Raw(",\"sensorClass\":").String(about?.SensorClass)
                .Raw(",\"connected\":").Boolean(gateway || pod is { IsConnected: true }).Raw("}");
            if (!Publish(Root(session) + "device/" + Topics.DeviceText(device), json.ToBytes(), null, nowUs))
            {
                return;
            }

            _devices.Remove(device);
        }
    }

    private string Root(Session session) => _context.TopicRoot + "session/" + session.Id + "/";

    private bool Publish(string topic, byte[] payload, uint? expirySeconds, long nowUs) => _link.TryPublish(
        new MqttMessage
        {
            Topic = topic,
            Payload = payload,
            Qos = MqttQos.AtLeastOnce,
            Retain = true,
            Properties = new MqttPublishProperties
            {
                ContentType = ReadingMessage.JsonContentType,
                PayloadIsUtf8 = true,
                MessageExpirySeconds = expirySeconds,
            },
        },
        0,
        nowUs);

    private sealed record Row(long MeasuredUs, byte[] Json, int ClinicalOrder);
}
