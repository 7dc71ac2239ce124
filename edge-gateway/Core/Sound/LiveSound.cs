using System;
using System.Collections.Generic;
using System.Text.Json;
using EdgeGateway.Core.Auscultation;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using Firmware.Core;
using Firmware.Protocol;

namespace EdgeGateway.Core.Sound;

/// <summary>Counts of live sound since the start.</summary>
/// <param name="Frames">Frames of pods taken in.</param>
/// <param name="Refused">Frames that are damaged, of no open session, or of another kind.</param>
/// <param name="Late">Frames that came after a newer one, or twice.</param>
/// <param name="SequenceGaps">Places where a frame was missing.</param>
/// <param name="Chunks">Chunks handed over for listeners.</param>
/// <param name="NotTaken">Chunks that the way to the session's broker did not take.</param>
public readonly record struct LiveSoundCounts(long Frames, long Refused, long Late, long SequenceGaps, long Chunks, long NotTaken);

/// <summary>
/// The live way of sound: what a pod sends at QoS 0 goes on to the session's listeners at once, at QoS 0, reduced as far as the way to them asks for.
/// Nothing of it is stored, and nothing waits: the same frames also are stored and forwarded.
/// </summary>
internal sealed class LiveSound : IGatewayPart
{
    /// <summary>
    /// Bytes waiting in a listener's connection above which a chunk is dropped for it. A quarter of a second at 256 kbit/s: what is older has no use.
    /// </summary>
    public const int MaxPendingBytes = 8 * 1024;

    /// <summary>From one status message to the next, µs.</summary>
    public const long StatusPeriodUs = 1_000_000;

    /// <summary>A stream without a frame for this long is not being listened to, µs.</summary>
    public const long IdleUs = 3_000_000;

    /// <summary>A listener that has not reported for this long no longer counts, µs.</summary>
    public const long ReportForgottenUs = 10_000_000;

    /// <summary>Most listeners that are kept account of per stream; a further one is not heard.</summary>
    public const int MaxReporters = 16;

    /// <summary>Most streams at once; a further one is refused.</summary>
    public const int MaxStreams = 8;

    /// <summary>A frame that begins this far from where the one before it ended begins a new chunk, µs.</summary>
    public const long TimeStepUs = 20_000;

    private readonly SessionProjection _sessions;
    private readonly ISessionLink _link;
    private readonly StethoscopeSession _stethoscope;
    private readonly ICrc32 _crc32;
    private readonly GatewayClock _clock;
    private readonly CodedLog _log;
    private readonly string _topicRoot;
    private readonly bool _production;
    private readonly SortedDictionary<StreamKey, LiveStream> _streams = [];
    private readonly JsonOutput _json = new();
    private long _frames;
    private long _refused;
    private long _late;
    private long _sequenceGaps;
    private long _chunks;
    private long _notTaken;
    private int _behindChunk;
    private long _nextStatusUs;

    /// <summary>Makes it.</summary>
    /// <param name="sessions">Which session is open.</param>
    /// <param name="link">The way to its listeners.</param>
    /// <param name="stethoscope">What the nurse confirmed.</param>
    /// <param name="crc32">The frames' checksum.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="log">The log.</param>
    /// <param name="topicRoot"><c>cart/{cartId}/</c>.</param>
    /// <param name="production">True when this gateway serves patients.</param>
    public LiveSound(
        SessionProjection sessions, ISessionLink link, StethoscopeSession stethoscope, ICrc32 crc32, GatewayClock clock, CodedLog log, string topicRoot, bool production)
    {
        _sessions = sessions;
        _link = link;
        _stethoscope = stethoscope;
        _crc32 = crc32;
        _clock = clock;
        _log = log;
        _topicRoot = topicRoot;
        _production = production;
    }

    public LiveSoundCounts Counts => new(_frames, _refused, _late, _sequenceGaps, _chunks, _notTaken);

    /// <summary>True while sound comes in: the stored path then keeps room for it.</summary>
    public bool IsActive { get; private set; }

    /// <summary>
    /// Durable sound and waveforms that may be in flight: what they queue on a low-bandwidth link, live sound waits for. So they go right behind a live chunk, where the way is free until the next: two of
    /// them where the window has grown, else one, and none for rhythm alone: then they wait until the way is better or nobody listens. Without live sound the way is theirs.
    /// </summary>
    /// <param name="window">How many the way carries by itself.</param>
    /// <returns>How many may be in flight now.</returns>
    public int MaxBackgroundInFlight(int window)
    {
        if (!IsActive)
        {
            return Math.Max(window, BackgroundCongestionWindow.First);
        }

        ListeningStep step = ListeningStep.Full;
        foreach (LiveStream stream in _streams.Values)
        {
            step = stream.Steps.Step > step ? stream.Steps.Step : step;
        }

        if (step == ListeningStep.ClipsOnly)
        {
            return window;
        }

        int perChunk = step == ListeningStep.RhythmOnly ? 0 : step == ListeningStep.Full && window > BackgroundCongestionWindow.First ? 2 : 1;
        return _behindChunk < perChunk ? window : 0;
    }

    /// <summary>One of them went out.</summary>
    public void BackgroundSent() => _behindChunk++;

    /// <summary>What is listened to, as confirmed by whoever holds the stethoscope.</summary>
    public AuscultationTarget Target { get; set; }

    public long NextUs => IsActive ? _nextStatusUs : long.MaxValue;

    /// <summary>The streams that are listened to.</summary>
    public IReadOnlyCollection<LiveStream> Streams => _streams.Values;

    /// <summary>A session ended or another began: what was heard before is nobody's business now.</summary>
    public void SessionChanged()
    {
        _streams.Clear();
        IsActive = false;
        Target = default;
    }

    /// <summary>A message on a pod's sound topic.</summary>
    public void FromPod(ulong device, byte[] payload)
    {
        long nowUs = _clock.NowUs;
        if (Frame.Check(payload, 0, payload.Length, _crc32, out int length) != FrameFault.None || length != payload.Length
            || Frame.DeviceId(payload, 0) != device)
        {
            _refused++;
            return;
        }

        FrameHead head = FrameHead.Read(payload);
        if (!IsForSession(head, payload))
        {
            _refused++;
            return;
        }

        if (!_streams.TryGetValue(head.Key, out LiveStream? stream))
        {
            if (_streams.Count >= MaxStreams)
            {
                _refused++;
                return;
            }

            stream = new LiveStream(head.Key);
            _streams.Add(head.Key, stream);
        }

        if (head.Sequence <= stream.LastSequence)
        {
            _late++;
            return;
        }

        _frames++;
        if (!IsActive)
        {
            IsActive = true;
            _nextStatusUs = nowUs + StatusPeriodUs;
        }

        int count = SoundBody.Count(payload, Frame.HeaderLength);
        int rateHz = SoundBody.SampleRateHz(payload, Frame.HeaderLength);
        long step = head.MonotonicUs - stream.EndUs;
        if (stream.LastSequence != 0 && (head.Sequence != stream.LastSequence + 1 || step > TimeStepUs || step < -TimeStepUs || rateHz != stream.RateHz))
        {
            _sequenceGaps++;
            Emit(stream, nowUs);
            stream.Break();
        }

        stream.Add(payload, Frame.HeaderLength, head, rateHz, count, nowUs, Target);
        while (stream.HasChunk)
        {
            Emit(stream, nowUs);
        }
    }

    /// <summary>A listener says how far it is.</summary>
    public void Report(string consumer, StreamKey key, uint number, long lost, long nowUs)
    {
        LiveStream? stream = null;
        foreach (LiveStream candidate in _streams.Values)
        {
            // A report names device and stream; only the newest boot is listened to.
            if (candidate.Key.DeviceId == key.DeviceId && candidate.Key.Stream == key.Stream)
            {
                stream = candidate;
            }
        }

        if (stream is not null && stream.TryReport(consumer, number, lost, nowUs, out ListeningReport worst))
        {
            ListeningStep before = stream.Steps.Step;
            if (stream.Steps.Take(worst, nowUs))
            {
                StepChanged(stream, before, nowUs);
            }
        }
    }

    /// <inheritdoc/>
    long IGatewayPart.Step(long nowUs)
    {
        Step(nowUs);
        return NextUs;
    }

    /// <summary>Ends what is no longer heard and tells listeners how things stand.</summary>
    public void Step(long nowUs)
    {
        if (!IsActive || nowUs < _nextStatusUs)
        {
            return;
        }

        _nextStatusUs = nowUs + StatusPeriodUs;
        List<StreamKey>? over = null;
        foreach ((StreamKey key, LiveStream stream) in _streams)
        {
            if (nowUs - stream.LastReceivedUs >= IdleUs)
            {
                (over ??= []).Add(key);
                continue;
            }

            ListeningStep before = stream.Steps.Step;
            if (stream.Steps.Tick(nowUs))
            {
                StepChanged(stream, before, nowUs);
            }

            PublishStatus(stream, nowUs);
        }

        foreach (StreamKey key in over ?? [])
        {
            _streams.Remove(key);
        }

        IsActive = _streams.Count > 0;
    }

    private bool IsForSession(FrameHead head, byte[] payload)
    {
        if (head.Version != Frame.Version || head.Kind != FrameKind.Sound || head.BodyLength < SoundBody.SamplesOffset || head.Epoch == 0
            || _sessions.Open is not { } open || open.Epoch != head.Epoch)
        {
            return false;
        }

        int count = SoundBody.Count(payload, Frame.HeaderLength);
        return SoundBody.Codec(payload, Frame.HeaderLength) == SoundCodec.Pcm16
            && count > 0
            && SoundBody.SampleRateHz(payload, Frame.HeaderLength) > 0
            && head.BodyLength == SoundBody.SamplesOffset + (2 * count)
            && !PatientRule.Refuses(head.Flags, open, _production);
    }

    private void StepChanged(LiveStream stream, ListeningStep before, long nowUs)
    {
        // What waits was meant for the step before, and goes as such.
        Emit(stream, nowUs, before);
        stream.Break();
        string name = ReadingJson.StreamText(stream.Key);
        _log.Write(
            stream.Steps.Step > before ? FaultCodes.LiveSoundReduced : FaultCodes.LiveSoundRaised,
            name + ": " + SoundWords.Of(before) + " to " + SoundWords.Of(stream.Steps.Step),
            new HealthSubject(HealthSubjectKind.Stream, name));
    }

    private void Emit(LiveStream stream, long nowUs) => Emit(stream, nowUs, stream.Steps.Step);

    private void Emit(LiveStream stream, long nowUs, ListeningStep step)
    {
        ReadOnlyMemory<byte> chunk = stream.Take(step, nowUs);
        if (chunk.IsEmpty || _sessions.Open is not { } session)
        {
            return;
        }

        MqttMessage message = new()
        {
            Topic = Topic(session, stream.Key),
            Payload = chunk,
            Qos = MqttQos.AtMostOnce,
            DropAbovePendingBytes = MaxPendingBytes,
            Properties = new MqttPublishProperties { ContentType = LiveChunk.ContentType },
        };
        if (_link.IsUp && _link.TryPublish(message, 0, nowUs))
        {
            _chunks++;
            _behindChunk = 0;
        }
        else
        {
            _notTaken++;
            _link.View(message, nowUs);
        }
    }

    private string Topic(Session session, StreamKey key) =>
        _topicRoot + "session/" + session.Id + "/live/" + Topics.DeviceText(key.DeviceId) + "/" + Invariant.Text(key.Stream);

    private void PublishStatus(LiveStream stream, long nowUs)
    {
        if (_sessions.Open is not { } session)
        {
            return;
        }

        Utf8JsonWriter json = _json.Begin();
        json.WriteStartObject();
        json.WriteNumber("v"u8, 1);
        json.WriteText("session"u8, session.Id);
        json.WriteDevice("device"u8, stream.Key.DeviceId);
        json.WriteNumber("boot"u8, stream.Key.BootId);
        json.WriteNumber("stream"u8, stream.Key.Stream);
        json.WriteString("step"u8, SoundWords.Of(stream.Steps.Step));
        json.WriteNumber("number"u8, stream.Number);
        json.WriteString("site"u8, SoundWords.Of(_stethoscope.Confirmed.Site));
        json.WriteString("filter"u8, SoundWords.Of(_stethoscope.Confirmed.Mode));
        json.WriteNumber("level"u8, stream.Level);
        json.WriteNumber("peak"u8, stream.Peak);
        json.WriteNumber("clipped"u8, stream.Clipped);
        json.WriteStartObject("dropped"u8);
        json.WriteNumber("late"u8, _late);
        json.WriteNumber("missing"u8, _sequenceGaps);
        json.WriteNumber("notTaken"u8, _notTaken);
        json.WriteEndObject();
        SoundJson.Verdict(json, stream.Verdict);
        json.WriteEndObject();
        MqttMessage message = new()
        {
            Topic = Topic(session, stream.Key) + "/status",
            Payload = _json.ToBytes(),
            Qos = MqttQos.AtMostOnce,
            DropAbovePendingBytes = MaxPendingBytes,
            Properties = new MqttPublishProperties { ContentType = ReadingMessage.JsonContentType, PayloadIsUtf8 = true },
        };
        if (!_link.IsUp || !_link.TryPublish(message, 0, nowUs))
        {
            _link.View(message, nowUs);
        }
    }
}
