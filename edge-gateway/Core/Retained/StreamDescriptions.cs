using System.Collections.Generic;
using System.Text.Json;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using Firmware.Protocol;

namespace EdgeGateway.Core.Retained;

/// <summary>The retained descriptions of binary streams: what their samples mean, and when they were taken.</summary>
/// <param name="publisher">Where they go.</param>
/// <param name="topics">Their topics.</param>
/// <param name="time">When streams were measured.</param>
/// <param name="driftPpm">By how much a pod's clock may drift.</param>
internal sealed class StreamDescriptions(RetainedPublisher publisher, ReadingTopics topics, TimeProjection time, int driftPpm) : IGatewayPart
{
    /// <summary>Most descriptions remembered as published; above it all are published again when needed.</summary>
    private const int MaxDescribed = 1024;

    private readonly Dictionary<(uint Session, StreamKey Key), (long DeviceUs, ReadingTime Time)> _described = [];

    /// <summary>The link is up again: the broker may have forgotten what it retained.</summary>
    public void LinkUp() => Clear();

    /// <summary>All are published again when they are needed.</summary>
    public void Clear() => _described.Clear();

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

        ReadingTime at = time.Map(head.DeviceId, head.BootId, head.MonotonicUs);
        if (_described.TryGetValue((session.Number, head.Key), out (long DeviceUs, ReadingTime Time) known))
        {
            long spanUs = head.MonotonicUs - known.DeviceUs;
            long aged = known.Time.UncertaintyUs + TimeProjection.DriftUs(spanUs, driftPpm);
            bool better = at.IsKnown
                && (!known.Time.IsKnown || at.UncertaintyUs * 2 < aged || at.Disagrees(known.Time.UtcUs + spanUs, aged));
            if (!better)
            {
                return true;
            }
        }

        Utf8JsonWriter json = publisher.Begin(session);
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
        if (at.IsKnown)
        {
            json.WriteUtc("utc"u8, at.UtcUs);
            json.WriteMilliseconds("uncertaintyMs"u8, at.UncertaintyUs);
            json.WriteString("method"u8, "exchange"u8);
        }
        else
        {
            json.WriteNull("utc"u8);
            json.WriteNull("uncertaintyMs"u8);
            json.WriteString("method"u8, "unsynchronised"u8);
        }

        json.WriteNumber("deviceUs"u8, head.MonotonicUs);
        json.WriteNumber("driftPpm"u8, driftPpm);
        json.WriteEndObject();
        json.WriteEndObject();
        if (!publisher.TryPublish(session, topics.Of(string.Empty, head) + "/description", null, nowUs))
        {
            return false;
        }

        if (_described.Count >= MaxDescribed)
        {
            _described.Clear();
        }

        _described[(session.Number, head.Key)] = (head.MonotonicUs, at);
        return true;
    }

    /// <summary>The same for a replay: only when no description is out. That of the live readings is not replaced by an older one.</summary>
    /// <returns>False when the link cannot take it now.</returns>
    public bool TryDescribeOnce(Session session, in Reading reading, long nowUs) =>
        _described.ContainsKey((session.Number, reading.Key)) || TryDescribe(session, reading, nowUs);

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
}
