using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Auscultation;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using EdgeGateway.Journal;
using EdgeGateway.Mqtt;
using Firmware.Protocol;

namespace EdgeGateway.Core.Sound;

/// <summary>A clip with its samples, for a file or for analysis.</summary>
/// <param name="Clip">What was asked for.</param>
/// <param name="Span">What is there; <see cref="ClipSpan.Holes"/> are silence in the samples.</param>
/// <param name="Samples">Raw samples, 16 bits.</param>
/// <param name="State">Where it stands.</param>
public sealed record ClipSound(ClipRecord Clip, ClipSpan Span, short[] Samples, ClipState State);

/// <summary>
/// Clips of sound: each is a span of a stream that is already on its way into the journal, so a clip costs nothing but a record, is lossless, and survives
/// whatever the journal survives. What is told of it is worked out of the frames that are there; nothing is invented.
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

    private const int SoundClass = 1 << (int)RecordClass.Sound;

    private readonly GatewayContext _context;
    private readonly ISessionLink _link;
    private readonly SoundDesk _desk;
    private readonly SortedDictionary<StreamKey, Recent> _recent = [];
    private readonly List<Followed> _followed = [];
    private long _nextLookUs;

    public Clips(GatewayContext context, ISessionLink link, SoundDesk desk)
    {
        _context = context;
        _link = link;
        _desk = desk;
    }

    public long NextUs => _followed.Count > 0 ? _nextLookUs : long.MaxValue;

    /// <summary>The journal is open: clips whose sound is still to be delivered are taken up again.</summary>
    public void Begin()
    {
        foreach (ClipRecord clip in _context.Clips.All)
        {
            if (_context.Sessions.Find(clip.Session) is { } session && (session.IsOpen || _context.Delivery.PendingBySession.ContainsKey(clip.Session)))
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
        if (reading.Class != RecordClass.Sound || session == 0 || !TryFrame(reading, out ClipFrame frame, index))
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

        recent.Add(frame, SoundBody.SampleRateHz(reading.Bytes, reading.BodyOffset), _context.NowUs);
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
        if (_context.Sessions.Open is not { } open || !string.Equals(open.Id, sessionId, StringComparison.Ordinal))
        {
            return (FaultCodes.SessionNotOpen, "session " + sessionId + " is not open on this cart");
        }

        StreamKey key = default;
        Recent? newest = null;
        foreach ((StreamKey candidate, Recent recent) in _recent)
        {
            if (recent.Session == open.Number && _context.NowUs - recent.HeardUs <= FreshUs && (newest is null || recent.HeardUs >= newest.HeardUs))
            {
                newest = recent;
                key = candidate;
            }
        }

        if (newest is null)
        {
            return (FaultCodes.NoSoundArriving, "no sound has come from a stethoscope in the last 2 s");
        }

        IReadOnlyList<ClipRecord> others = _context.Clips.Of(open.Number);
        if (others.Count >= ClipFold.MaxPerSession)
        {
            return (FaultCodes.TooManyClips, "session " + sessionId + " has " + GatewayContext.Text(others.Count) + " clips");
        }

        SoundPlace at = place ?? _desk.Confirmed;
        ClipFrame first = newest.FirstWithin(PreRollUs);
        long firstUs = Math.Max(first.FirstUs, newest.EndUs - PreRollUs);
        clip = new ClipRecord(
            open.Number, others.Count + 1, key, firstUs, firstUs + LengthUs, first.Index, _context.Now, at.Site, at.Posture, at.Mode, by);
        if (!_context.TryAppend(JournalRecordType.Clip, clip.Encode(), out _))
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
            return (FaultCodes.ClipUnknown, "session " + sessionId + " has no clip " + ListenerAccess.Shown(clipId));
        }

        return _context.TryAppend(JournalRecordType.ClipMark, new ClipMarkRecord(clip.Session, clip.Number, usable, _context.Now, by).Encode(), out _)
            ? null
            : (FaultCodes.SessionCommandNotNow, "the journal takes no records now");
    }

    /// <summary>A clip by its names.</summary>
    public ClipRecord? Find(string sessionId, string clipId) =>
        _context.Sessions.FindById(sessionId) is { } session && clipId.Length is > 1 and < 4 && clipId[0] == 'c'
            && int.TryParse(clipId.AsSpan(1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int number)
            ? _context.Clips.Find(session.Number, number)
            : null;

    /// <summary>Reads a clip's samples out of the journal.</summary>
    /// <param name="clip">The clip.</param>
    /// <param name="then">Called on the loop, once.</param>
    public void Read(ClipRecord clip, Action<ClipSound> then)
    {
        SortedDictionary<uint, (ClipFrame Frame, byte[] Body)> found = [];
        Scan(clip, clip.FromIndex, (frame, body) => found[frame.Sequence] = (frame, body), rateHz =>
        {
            List<ClipFrame> frames = [];
            foreach ((ClipFrame frame, _) in found.Values)
            {
                frames.Add(frame);
            }

            ClipSpan span = ClipSpan.Lay(clip.FirstUs, clip.EndUs, rateHz == 0 ? 8000 : rateHz, frames);
            short[] samples = new short[span.Length];
            foreach ((ClipFrame frame, int at, int skip, int take) in span.Pieces)
            {
                ReadOnlySpan<byte> bytes = found[frame.Sequence].Body.AsSpan(SoundBody.SamplesOffset + (2 * skip));
                for (int i = 0; i < take; i++)
                {
                    samples[at + i] = BinaryPrimitives.ReadInt16LittleEndian(bytes[(2 * i)..]);
                }
            }

            then(new ClipSound(clip, span, samples, Judge(clip, span, frames)));
        });
    }

    /// <summary>The manifest as JSON.</summary>
    public byte[] Manifest(ClipRecord clip, ClipSpan span, ClipState state, IReadOnlyCollection<ClipFrame> frames, AuscultationResult? verdict)
    {
        string session = _context.Sessions.Find(clip.Session)?.Id ?? string.Empty;
        (long lacking, bool received) = Delivery(clip, span);
        ReadingTime time = _context.Time.Map(clip.Key.DeviceId, clip.Key.BootId, clip.FirstUs);
        JsonText json = new();
        json.Raw("{\"v\":1,\"session\":").String(session).Raw(",\"clip\":").String(clip.Id).Raw(",\"state\":").String(SoundWords.Of(state))
            .Raw(",\"device\":").String(Topics.DeviceText(clip.Key.DeviceId)).Raw(",\"boot\":").Number(clip.Key.BootId).Raw(",\"stream\":").Number(clip.Key.Stream)
            .Raw(",\"site\":").String(SoundWords.Of(clip.Site)).Raw(",\"posture\":").String(SoundWords.Of(clip.Posture))
            .Raw(",\"filter\":").String(SoundWords.Of(clip.Mode)).Raw(",\"by\":").String(clip.By.Length == 0 ? null : clip.By)
            .Raw(",\"rateHz\":").Number(span.RateHz).Raw(",\"samples\":").Number(span.Length)
            .Raw(",\"firstUs\":").Number(clip.FirstUs).Raw(",\"endUs\":").Number(clip.EndUs);
        if (span.Pieces.Count > 0)
        {
            json.Raw(",\"firstSequence\":").Number(span.Pieces[0].Frame.Sequence).Raw(",\"lastSequence\":").Number(span.Pieces[^1].Frame.Sequence)
                .Raw(",\"skipSamples\":").Number(span.Pieces[0].Skip - span.Pieces[0].At);
        }
        else
        {
            json.Raw(",\"firstSequence\":null,\"lastSequence\":null,\"skipSamples\":null");
        }

        json.Raw(",\"missing\":[");
        for (int i = 0; i < span.Holes.Count; i++)
        {
            json.Raw(i == 0 ? "{\"firstSample\":" : ",{\"firstSample\":").Number(span.Holes[i].FirstSample).Raw(",\"count\":").Number(span.Holes[i].Count).Raw("}");
        }

        json.Raw("],\"missingSamples\":").Number(span.Length - span.Filled).Raw(",");
        SoundJson.Verdict(json, verdict);
        bool? usable = _context.Clips.Mark(clip.Session, clip.Number)?.IsUsable;
        json.Raw(",\"usable\":");
        (usable is { } known ? json.Boolean(known) : json.Raw("null"))
            .Raw(",\"delivered\":").Boolean(lacking == 0 && state >= ClipState.Complete).Raw(",\"lacking\":").Number(lacking)
            .Raw(",\"received\":").Boolean(received && lacking == 0 && state >= ClipState.Complete).Raw(",\"time\":{\"utc\":");
        if (time.IsKnown)
        {
            json.Utc(time.UtcUs).Raw(",\"uncertaintyMs\":").Milliseconds(time.UncertaintyUs);
        }
        else
        {
            json.Raw("null,\"uncertaintyMs\":null");
        }

        return json.Raw("}}").ToBytes();
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
            if (followed.IsScanning || _context.Sessions.Find(followed.Clip.Session) is not { } session)
            {
                continue;
            }

            ClipSpan span = followed.Span;
            ClipState state = Judge(followed.Clip, span, followed.Frames);
            if (state >= ClipState.Complete && followed.AnalysedSamples != span.Filled && !followed.IsAnalysing)
            {
                Analyse(followed);
            }

            byte[] manifest = Manifest(followed.Clip, span, state, followed.Frames, followed.Verdict);
            if (followed.Published is null || !manifest.AsSpan().SequenceEqual(followed.Published))
            {
                MqttMessage message = new()
                {
                    Topic = _context.TopicRoot + "session/" + session.Id + "/clip/" + followed.Clip.Id,
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
        long settled = _context.Delivery.Find(new DeliveryKey(clip.Session, clip.Key))?.SettledIndex ?? 0;
        long lacking = 0;
        uint last = 0;
        foreach ((ClipFrame frame, _, _, _) in span.Pieces)
        {
            lacking += frame.Index > settled ? 1 : 0;
            last = frame.Sequence;
        }

        bool received = last != 0 && _context.Delivery.Totals(clip.Key) is { } totals && totals.ReceivedThrough >= last;
        return (lacking, received);
    }

    private ClipState Judge(ClipRecord clip, ClipSpan span, IReadOnlyCollection<ClipFrame> frames)
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

        StreamMarks? marks = _context.Deduplication.Find(clip.Key);
        bool missing = false;
        foreach (SequenceRange range in marks?.Missing.Ranges ?? [])
        {
            // A number that nobody has declared lost may still come.
            missing |= range.First <= last && span.Pieces.Count > 0 && range.Last >= span.Pieces[0].Frame.Sequence;
        }

        if (lastUs < clip.EndUs)
        {
            // The end has not come. It never will when listening has ended, the pod has begun another boot, or a later frame is here.
            bool open = _context.Sessions.Find(clip.Session) is { IsOpen: true };
            bool over = !open || !_desk.IsListening || (_recent.TryGetValue(clip.Key, out Recent? recent) && recent.EndUs >= clip.EndUs + SlackUs);
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
            Scan(clip, clip.FromIndex, (frame, _) => followed.Add(frame), _ => followed.IsScanning = false);
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

    private void Scan(ClipRecord clip, long fromIndex, Action<ClipFrame, byte[]> found, Action<int> then, int rateHz = 0)
    {
        _context.Read(Math.Max(1, fromIndex), SoundClass, _context.Options.ReadAheadBytes, (records, next) =>
        {
            bool over = records.Count == 0 || next > _context.Journal.LastIndex;
            int rate = rateHz;
            foreach (JournalRecord record in records)
            {
                if (!Reading.TryRead(record, out Reading reading) || reading.Session != clip.Session || reading.Key != clip.Key
                    || !TryFrame(reading, out ClipFrame frame, record.Index))
                {
                    continue;
                }

                rate = SoundBody.SampleRateHz(reading.Bytes, reading.BodyOffset);
                if (frame.FirstUs >= clip.EndUs + LengthUs)
                {
                    // Frames that were late in coming stand behind: a whole clip's length of newer ones is enough to look through.
                    over = true;
                    break;
                }

                if (frame.FirstUs < clip.EndUs + SlackUs && frame.FirstUs > clip.FirstUs - SlackUs)
                {
                    found(frame, reading.Body.ToArray());
                }
            }

            if (over)
            {
                then(rate);
            }
            else
            {
                Scan(clip, next, found, then, rate);
            }
        });
    }

    private static bool TryFrame(in Reading reading, out ClipFrame frame, long index)
    {
        FrameHead head = reading.Head;
        frame = default;
        if (head is not { Version: Frame.Version, Kind: FrameKind.Sound, BodyLength: >= SoundBody.SamplesOffset })
        {
            return false;
        }

        int count = SoundBody.Count(reading.Bytes, reading.BodyOffset);
        if (SoundBody.Codec(reading.Bytes, reading.BodyOffset) != SoundCodec.Pcm16 || count == 0 || head.BodyLength != SoundBody.SamplesOffset + (2 * count)
            || SoundBody.SampleRateHz(reading.Bytes, reading.BodyOffset) == 0)
        {
            return false;
        }

        frame = new ClipFrame(head.Sequence, index, head.MonotonicUs, count);
        return true;
    }

    /// <summary>The newest seconds of one stream.</summary>
    private sealed class Recent(uint session)
    {
        private const long KeptUs = PreRollUs + 1_000_000;
        private readonly LinkedList<ClipFrame> _frames = new();

        public uint Session { get; } = session;

        public IEnumerable<ClipFrame> Frames => _frames;

        public long EndUs { get; private set; }

        public long HeardUs { get; private set; }

        public void Add(ClipFrame frame, int rateHz, long nowUs)
        {
            _frames.AddLast(frame);
            EndUs = Math.Max(EndUs, frame.FirstUs + (frame.Count * 1_000_000L / rateHz));
            HeardUs = nowUs;
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
