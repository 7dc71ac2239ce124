using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text.Json;
using EdgeGateway.Core.Auscultation;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using EdgeGateway.Journal;
using EdgeGateway.Mqtt;
using Firmware.Protocol;

namespace EdgeGateway.Core.Sound;

/// <summary>A clip with its samples, for a file or for analysis.</summary>
/// <param name="Clip">What was asked for.</param>
/// <param name="Span">What is there; <see cref="ClipSpan.SequenceGaps"/> are silence in the samples.</param>
/// <param name="Samples">Raw samples, 16 bits.</param>
/// <param name="State">Where it stands.</param>
public sealed record ClipSound(ClipRecord Clip, ClipSpan Span, short[] Samples, ClipState State);

/// <summary>
/// Clips of sound: each is a span of a stream that is already on its way into the journal, so a clip costs nothing but a record, is lossless, and survives
/// whatever the journal survives. What is said of it is worked out of the frames that are there; nothing is invented.
/// </summary>
internal sealed class Clips : IGatewayPart
{
    /// <summary>Length of a clip, µs.</summary>
    public const long LengthUs = 15_000_000;

    /// <summary>How much of it lies before the button, µs, as far as there was sound.</summary>
    public const long PreRollUs = 5_000_000;

    /// <summary>Sound is coming when its newest frame is not older than this, µs.</summary>
    public const long FreshUs = 2_000_000;

    /// <summary>A clip's last frames may lie this far beyond its end by the device's clock, µs.</summary>
    public const long SlackUs = 300_000;

    /// <summary>Clips that are followed at once; older ones are worked out when they are asked for.</summary>
    public const int MaxFollowed = 32;

    /// <summary>How often delivery is looked at, µs.</summary>
    private const long LookUs = 500_000;

    private readonly ClipProjection _clips;
    private readonly SessionProjection _sessions;
    private readonly DeduplicationProjection _deduplication;
    private readonly DeliveryProjection _delivery;
    private readonly TimeProjection _time;
    private readonly JournalWriter _journal;
    private readonly ClipReader _reader;
    private readonly ISessionLink _link;
    private readonly StethoscopeSession _stethoscope;
    private readonly GatewayClock _clock;
    private readonly string _topicRoot;
    private readonly SortedDictionary<StreamKey, Recent> _recent = [];
    private readonly List<Followed> _followed = [];
    private readonly JsonOutput _json = new();
    private long _nextLookUs;

    /// <summary>Makes it.</summary>
    /// <param name="clips">The clips that the journal has.</param>
    /// <param name="sessions">The sessions.</param>
    /// <param name="deduplication">What may still come of a stream.</param>
    /// <param name="delivery">What was delivered of it.</param>
    /// <param name="time">When it was recorded.</param>
    /// <param name="journal">Where clips are noted.</param>
    /// <param name="reader">Reads their frames.</param>
    /// <param name="link">Where manifests are published.</param>
    /// <param name="stethoscope">What the nurse confirmed.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="topicRoot"><c>cart/{cartId}/</c>.</param>
    public Clips(
        ClipProjection clips,
        SessionProjection sessions,
        DeduplicationProjection deduplication,
        DeliveryProjection delivery,
        TimeProjection time,
        JournalWriter journal,
        ClipReader reader,
        ISessionLink link,
        StethoscopeSession stethoscope,
        GatewayClock clock,
        string topicRoot)
    {
        _clips = clips;
        _sessions = sessions;
        _deduplication = deduplication;
        _delivery = delivery;
        _time = time;
        _journal = journal;
        _reader = reader;
        _link = link;
        _stethoscope = stethoscope;
        _clock = clock;
        _topicRoot = topicRoot;
    }

    public long NextUs => _followed.Count > 0 ? _nextLookUs : long.MaxValue;

    /// <summary>The journal is open: clips whose sound is still to be delivered are taken up again.</summary>
    public void Begin()
    {
        foreach (ClipRecord clip in _clips.All)
        {
            if (_sessions.Find(clip.Session) is { } session && (session.IsOpen || _delivery.PendingBySession.ContainsKey(clip.Session)))
            {
                Follow(clip, isNew: false);
            }
        }
    }

    /// <inheritdoc/>
    void IGatewayPart.Begin(long nowUs) => Begin();

    /// <inheritdoc/>
    long IGatewayPart.Step(long nowUs)
    {
        Step(nowUs);
        return NextUs;
    }

    /// <summary>The broker may have forgotten what it retained.</summary>
    public void LinkUp()
    {
        foreach (Followed followed in _followed)
        {
            followed.Published = null;
        }
    }

    /// <summary>A frame entered the journal.</summary>
    public void Appended(long index, in Reading reading)
    {
        uint session = reading.Session;
        StreamKey key = reading.Key;
        if (reading.Class != RecordClass.Sound || session == 0 || !ClipReader.TryFrame(reading, out ClipFrame frame, index))
        {
            return;
        }

        if (!_recent.TryGetValue(key, out Recent? recent) || recent.Session != session)
        {
            if (_recent.Count >= LiveSound.MaxStreams)
            {
                _recent.Clear();
            }

            recent = new Recent(session);
            _recent[key] = recent;
        }

        recent.Add(frame, SoundBody.SampleRateHz(reading.Bytes, reading.BodyOffset), _clock.NowUs);
        foreach (Followed followed in _followed)
        {
            if (followed.Clip.Key == key && followed.Clip.Session == session)
            {
                followed.Add(frame);
            }
        }
    }

    /// <summary>The button: a clip of what was heard just now and of what comes.</summary>
    /// <param name="sessionId">The session's name.</param>
    /// <param name="place">Where the stethoscope sits; without a site what the nurse confirmed.</param>
    /// <param name="by">Who pressed it: an opaque token, or empty.</param>
    /// <param name="clip">The clip; null when it was refused.</param>
    /// <returns>Null when the record is in the journal, else a code and what happened.</returns>
    public (string Code, string Text)? TryBegin(string sessionId, SoundPlace? place, string by, out ClipRecord? clip)
    {
        clip = null;
        if (_sessions.Open is not { } open || !string.Equals(open.Id, sessionId, StringComparison.Ordinal))
        {
            return (FaultCodes.SessionNotOpen, "session " + sessionId + " is not open on this cart");
        }

        StreamKey key = default;
        Recent? newest = null;
        foreach ((StreamKey candidate, Recent recent) in _recent)
        {
            if (recent.Session == open.Number && _clock.NowUs - recent.LastReceivedUs <= FreshUs && (newest is null || recent.LastReceivedUs >= newest.LastReceivedUs))
            {
                newest = recent;
                key = candidate;
            }
        }

        if (newest is null)
        {
            return (FaultCodes.NoSoundArriving, "no sound has come from a stethoscope in the last 2 s");
        }

        IReadOnlyList<ClipRecord> others = _clips.Of(open.Number);
        if (others.Count >= ClipProjection.MaxPerSession)
        {
            return (FaultCodes.TooManyClips, "session " + sessionId + " has " + Invariant.Text(others.Count) + " clips");
        }

        SoundPlace at = place ?? _stethoscope.Confirmed;
        ClipFrame first = newest.FirstWithin(PreRollUs);
        long firstUs = Math.Max(first.FirstUs, newest.EndUs - PreRollUs);
        clip = new ClipRecord(
            open.Number, others.Count + 1, key, firstUs, firstUs + LengthUs, first.Index, _clock.Now, at.Site, at.Posture, at.Mode, by);
        if (!_journal.TryAppend(JournalRecordType.Clip, clip.Encode(), out _))
        {
            clip = null;
            return (FaultCodes.SessionCommandNotNow, "the journal takes no records now");
        }

        Followed followed = Follow(clip, isNew: true);
        foreach (ClipFrame frame in newest.Frames)
        {
            followed.Add(frame);
        }

        return null;
    }

    /// <summary>A doctor's word on a clip.</summary>
    /// <returns>Null when the record is in the journal, else a code and what happened.</returns>
    public (string Code, string Text)? TryMark(string sessionId, string clipId, bool usable, string by)
    {
        if (Find(sessionId, clipId) is not { } clip)
        {
            return (FaultCodes.ClipUnknown, "session " + sessionId + " has no clip " + LogText.Shown(clipId));
        }

        return _journal.TryAppend(JournalRecordType.ClipMark, new ClipMarkRecord(clip.Session, clip.Number, usable, _clock.Now, by).Encode(), out _)
            ? null
            : (FaultCodes.SessionCommandNotNow, "the journal takes no records now");
    }

    /// <summary>A clip by its names.</summary>
    public ClipRecord? Find(string sessionId, string clipId) =>
        _sessions.FindById(sessionId) is { } session && clipId.Length is > 1 and < 4 && clipId[0] == 'c'
            && int.TryParse(clipId.AsSpan(1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int number)
            ? _clips.Find(session.Number, number)
            : null;

    /// <summary>Reads a clip's samples out of the journal.</summary>
    /// <param name="clip">The clip.</param>
    /// <param name="then">Called on the loop, once.</param>
    public void Read(ClipRecord clip, Action<ClipSound> then)
    {
        SortedDictionary<uint, (ClipFrame Frame, byte[] Body)> found = [];
        _reader.Scan(clip, clip.FromIndex, (frame, body) => found[frame.Sequence] = (frame, body), rateHz =>
        {
            List<ClipFrame> frames = [];
            foreach ((ClipFrame frame, _) in found.Values)
            {
                frames.Add(frame);
            }

            ClipSpan span = ClipSpan.Lay(clip.FirstUs, clip.EndUs, rateHz == 0 ? 8000 : rateHz, frames);
            short[] samples = new short[span.Length];
            foreach ((ClipFrame frame, int at, int skip, int take) in span.Chunks)
            {
                ReadOnlySpan<byte> bytes = found[frame.Sequence].Body.AsSpan(SoundBody.SamplesOffset + (2 * skip));
                for (int i = 0; i < take; i++)
                {
                    samples[at + i] = BinaryPrimitives.ReadInt16LittleEndian(bytes[(2 * i)..]);
                }
            }

            then(new ClipSound(clip, span, samples, StateOf(clip, span, frames)));
        });
    }

    /// <summary>The manifest as JSON.</summary>
    public byte[] Manifest(ClipRecord clip, ClipSpan span, ClipState state, IReadOnlyCollection<ClipFrame> frames, AuscultationResult? verdict)
    {
        string session = _sessions.Find(clip.Session)?.Id ?? string.Empty;
        (long lacking, bool received) = Delivery(clip, span);
        ReadingTime time = _time.Map(clip.Key.DeviceId, clip.Key.BootId, clip.FirstUs);
        bool complete = lacking == 0 && state >= ClipState.Complete;
        Utf8JsonWriter json = _json.Begin();
        json.WriteStartObject();
        json.WriteNumber("v"u8, 1);
        json.WriteText("session"u8, session);
        json.WriteText("clip"u8, clip.Id);
        json.WriteString("state"u8, SoundWords.Of(state));
        json.WriteDevice("device"u8, clip.Key.DeviceId);
        json.WriteNumber("boot"u8, clip.Key.BootId);
        json.WriteNumber("stream"u8, clip.Key.Stream);
        json.WriteString("site"u8, SoundWords.Of(clip.Site));
        json.WriteString("posture"u8, SoundWords.Of(clip.Posture));
        json.WriteString("filter"u8, SoundWords.Of(clip.Mode));
        json.WriteText("by"u8, clip.By.Length == 0 ? null : clip.By);
        json.WriteNumber("rateHz"u8, span.RateHz);
        json.WriteNumber("samples"u8, span.Length);
        json.WriteNumber("firstUs"u8, clip.FirstUs);
        json.WriteNumber("endUs"u8, clip.EndUs);
        if (span.Chunks.Count > 0)
        {
            json.WriteNumber("firstSequence"u8, span.Chunks[0].Frame.Sequence);
            json.WriteNumber("lastSequence"u8, span.Chunks[^1].Frame.Sequence);
            json.WriteNumber("skipSamples"u8, span.Chunks[0].Skip - span.Chunks[0].At);
        }
        else
        {
            json.WriteNull("firstSequence"u8);
            json.WriteNull("lastSequence"u8);
            json.WriteNull("skipSamples"u8);
        }

        json.WriteStartArray("missing"u8);
        foreach ((int firstSample, int count) in span.SequenceGaps)
        {
            json.WriteStartObject();
            json.WriteNumber("firstSample"u8, firstSample);
            json.WriteNumber("count"u8, count);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNumber("missingSamples"u8, span.Length - span.Filled);
        SoundJson.Verdict(json, verdict);
        if (_clips.Mark(clip.Session, clip.Number)?.IsUsable is { } usable)
        {
            json.WriteBoolean("usable"u8, usable);
        }
        else
        {
            json.WriteNull("usable"u8);
        }

        json.WriteBoolean("delivered"u8, complete);
        json.WriteNumber("lacking"u8, lacking);
        json.WriteBoolean("received"u8, received && complete);
        json.WriteStartObject("time"u8);
        if (time.IsKnown)
        {
            json.WriteUtc("utc"u8, time.UtcUs);
            json.WriteMilliseconds("uncertaintyMs"u8, time.UncertaintyUs);
        }
        else
        {
            json.WriteNull("utc"u8);
            json.WriteNull("uncertaintyMs"u8);
        }

        json.WriteEndObject();
        json.WriteEndObject();
        return _json.ToBytes();
    }

    /// <summary>Follows frames, delivery and analysis, and publishes what changed.</summary>
    public void Step(long nowUs)
    {
        if (_followed.Count == 0 || nowUs < _nextLookUs)
        {
            return;
        }

        _nextLookUs = nowUs + LookUs;
        for (int i = _followed.Count - 1; i >= 0; i--)
        {
            Followed followed = _followed[i];
            if (followed.IsScanning || _sessions.Find(followed.Clip.Session) is not { } session)
            {
                continue;
            }

            ClipSpan span = followed.Span;
            ClipState state = StateOf(followed.Clip, span, followed.Frames);
            if (state >= ClipState.Complete && followed.AnalysedSamples != span.Filled && !followed.IsAnalysing)
            {
                Analyse(followed);
            }

            byte[] manifest = Manifest(followed.Clip, span, state, followed.Frames, followed.Verdict);
            if (followed.Published is null || !manifest.AsSpan().SequenceEqual(followed.Published))
            {
                MqttMessage message = new()
                {
                    Topic = _topicRoot + "session/" + session.Id + "/clip/" + followed.Clip.Id,
                    Payload = manifest,
                    Qos = MqttQos.AtLeastOnce,
                    Retain = true,
                    Properties = new MqttPublishProperties { ContentType = ReadingMessage.JsonContentType, PayloadIsUtf8 = true },
                };
                if (_link.IsUp && _link.TryPublish(message, 0, nowUs))
                {
                    followed.Published = manifest;
                }
            }

            bool settled = state >= ClipState.Complete && followed.AnalysedSamples == span.Filled && Delivery(followed.Clip, span).Lacking == 0;
            if (settled && !session.IsOpen && followed.Published is not null)
            {
                _followed.RemoveAt(i);
            }
        }
    }

    /// <summary>Frames of the clip that the session's side has not acknowledged, and whether a consumer's receipt covers all of it.</summary>
    private (long Lacking, bool Received) Delivery(ClipRecord clip, ClipSpan span)
    {
        long settled = _delivery.Find(new DeliveryKey(clip.Session, clip.Key))?.SettledIndex ?? 0;
        long lacking = 0;
        uint last = 0;
        foreach ((ClipFrame frame, _, _, _) in span.Chunks)
        {
            lacking += frame.Index > settled ? 1 : 0;
            last = frame.Sequence;
        }

        bool received = last != 0 && _delivery.Totals(clip.Key) is { } totals && totals.ReceivedThrough >= last;
        return (lacking, received);
    }

    private ClipState StateOf(ClipRecord clip, ClipSpan span, IReadOnlyCollection<ClipFrame> frames)
    {
        if (span.IsWhole)
        {
            return ClipState.Complete;
        }

        uint last = 0;
        long lastUs = long.MinValue;
        foreach (ClipFrame frame in frames)
        {
            last = frame.Sequence;
            lastUs = frame.FirstUs + (frame.Count * 1_000_000L / span.RateHz);
        }

        StreamMarks? marks = _deduplication.Find(clip.Key);
        bool missing = false;
        foreach (SequenceRange range in marks?.Missing.Ranges ?? [])
        {
            // A number that nobody has declared lost may still come.
            missing |= range.First <= last && span.Chunks.Count > 0 && range.Last >= span.Chunks[0].Frame.Sequence;
        }

        if (lastUs < clip.EndUs)
        {
            // The end has not come. It never will when listening has ended, the pod has begun another boot, or a later frame is here.
            bool open = _sessions.Find(clip.Session) is { IsOpen: true };
            bool over = !open || !_stethoscope.IsListening || (_recent.TryGetValue(clip.Key, out Recent? recent) && recent.EndUs >= clip.EndUs + SlackUs);
            return !over ? ClipState.Recording : missing ? ClipState.Waiting : ClipState.Incomplete;
        }

        return missing ? ClipState.Waiting : ClipState.Incomplete;
    }

    private Followed Follow(ClipRecord clip, bool isNew)
    {
        if (_followed.Count >= MaxFollowed)
        {
            _followed.RemoveAt(0);
        }

        Followed followed = new(clip);
        _followed.Add(followed);
        _nextLookUs = 0;
        if (!isNew)
        {
            followed.IsScanning = true;
            _reader.Scan(clip, clip.FromIndex, (frame, _) => followed.Add(frame), _ => followed.IsScanning = false);
        }

        return followed;
    }

    private void Analyse(Followed followed)
    {
        followed.IsAnalysing = true;
        Read(followed.Clip, sound =>
        {
            followed.IsAnalysing = false;
            followed.AnalysedSamples = sound.Span.Filled;
            followed.Verdict = sound.Span.Filled == 0 ? null : HeartSoundAnalysis.Analyse(
                sound.Samples, sound.Span.RateHz, ListeningTarget.Of(followed.Clip.Site, followed.Clip.Mode));
            _nextLookUs = 0;
        });
    }

    /// <summary>The newest seconds of one stream.</summary>
    private sealed class Recent(uint session)
    {
        private const long KeptUs = PreRollUs + 1_000_000;
        private readonly LinkedList<ClipFrame> _frames = new();

        public uint Session { get; } = session;

        public IEnumerable<ClipFrame> Frames => _frames;

        public long EndUs { get; private set; }

        public long LastReceivedUs { get; private set; }

        public void Add(ClipFrame frame, int rateHz, long nowUs)
        {
            _frames.AddLast(frame);
            EndUs = Math.Max(EndUs, frame.FirstUs + (frame.Count * 1_000_000L / rateHz));
            LastReceivedUs = nowUs;
            while (_frames.First is { } first && first.Value.FirstUs < EndUs - KeptUs)
            {
                _frames.RemoveFirst();
            }
        }

        public ClipFrame FirstWithin(long spanUs)
        {
            foreach (ClipFrame frame in _frames)
            {
                if (frame.FirstUs + SlackUs > EndUs - spanUs)
                {
                    return frame;
                }
            }

            return _frames.Last!.Value;
        }
    }

    /// <summary>A clip that is followed until it is settled.</summary>
    private sealed class Followed(ClipRecord clip)
    {
        private readonly SortedDictionary<uint, ClipFrame> _frames = [];
        private ClipSpan? _span;

        public ClipRecord Clip { get; } = clip;

        public bool IsScanning { get; set; }

        public bool IsAnalysing { get; set; }

        public int AnalysedSamples { get; set; } = -1;

        public AuscultationResult? Verdict { get; set; }

        public byte[]? Published { get; set; }

        public IReadOnlyCollection<ClipFrame> Frames => _frames.Values;

        public ClipSpan Span => _span ??= ClipSpan.Lay(Clip.FirstUs, Clip.EndUs, RateHz, _frames.Values);

        private int RateHz { get; set; } = 8000;

        public void Add(ClipFrame frame)
        {
            if (frame.FirstUs < Clip.EndUs + SlackUs && frame.FirstUs > Clip.FirstUs - SlackUs && _frames.TryAdd(frame.Sequence, frame))
            {
                _span = null;
            }
        }
    }
}
