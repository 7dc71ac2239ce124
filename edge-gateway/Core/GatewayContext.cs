using System;
using System.Collections.Generic;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Sound;
using EdgeGateway.Core.Time;
using EdgeGateway.Journal;
using Firmware.Core;
using Firmware.Protocol;

namespace EdgeGateway.Core;

/// <summary>Receives the records of a read.</summary>
internal delegate void RecordsRead(IReadOnlyList<JournalRecord> records, long nextIndex);

/// <summary>Told of each frame that entered the journal.</summary>
internal delegate void FrameAppended(long index, RecordClass recordClass, uint session, byte[] record);

/// <summary>Counts since the start.</summary>
internal sealed class Counts
{
    public long Messages;
    public long Frames;
    public long Duplicates;
    public long RefusedParts;
    public long Published;
    public long Acknowledged;
    public long NoSubscriber;
    public long Corrections;
    public long Replayed;
    public long Receipts;
    public long ClockReplies;
    public long UplinkConnections;
    public long AccessRefused;
    public long HeldOverflows;
}

/// <summary>What the parts of the gateway share: journal, folds, clocks, log, and the frames that the gateway makes itself.</summary>
internal sealed class GatewayContext
{
    /// <summary>
    /// Frames of the gateway's own that wait for room in the journal, of each kind. Above it a gap is merged into a waiting one of its stream; what finds none, and events, are counted as dropped
    /// and declared with an event as soon as there is room.
    /// </summary>
    public const int MaxWaitingFrames = 256;

    private readonly Dictionary<long, RecordsRead> _reads = [];
    private readonly Queue<(byte[] Body, uint Session)> _waitingEvents = new();
    private readonly List<(byte[] Body, uint Session)> _waitingGaps = [];
    private readonly SoftwareCrc32 _crc32 = new();
    private uint _gapSequence;
    private uint _eventSequence;
    private long _lastTicket;
    private int _droppedFrames;

    public GatewayContext(GatewayOptions options, GatewayPorts ports)
    {
        Options = options;
        Ports = ports;
        Deduplication = new DeduplicationFold(options.GatewayId);
        Sessions = new SessionFold(options.MaxSessions);
        Delivery = new DeliveryFold();
        Time = new TimeFold(options.ClockDriftPpm, options.MaxUncertaintyUs);
        Boots = new BootFold();
        Clips = new ClipFold();
        Commands = new AnsweredCommands();
        Binder = new Binder(Sessions, Time, Boots, Delivery);
        TopicRoot = "cart/" + options.CartId + "/";
        Issues = new HealthIssues((code, subject, what, ended) => Ports.Log?.Write(new GatewayLogEntry(code, what, NowUs, subject, ended)), () => Now);
    }

    public GatewayOptions Options { get; }

    public GatewayPorts Ports { get; }

    public IJournal Journal { get; set; } = null!;

    public DeduplicationFold Deduplication { get; }

    public SessionFold Sessions { get; }

    public DeliveryFold Delivery { get; }

    public TimeFold Time { get; }

    public BootFold Boots { get; }

    public ClipFold Clips { get; }

    public AnsweredCommands Commands { get; }

    public Binder Binder { get; }

    public Counts Counts { get; } = new();

    public ICrc32 Crc32 => _crc32;

    public string TopicRoot { get; }

    public uint BootId { get; set; }

    public long NowUs => Ports.Time.NowUs;

    public FrameAppended? Appended { get; set; }

    public GatewayMoment Now
    {
        get
        {
            UtcEstimate utc = Ports.Time.Utc;
            return utc.Synchronised && utc.UncertaintyUs <= uint.MaxValue
                ? new GatewayMoment(BootId, NowUs, utc.UtcUs, (uint)utc.UncertaintyUs)
                : new GatewayMoment(BootId, NowUs, GatewayMoment.NoUtc, 0);
        }
    }

    public long NextTicket() => ++_lastTicket;

    /// <summary>What is not well now.</summary>
    public HealthIssues Issues { get; }

    public void Log(string code, string what, HealthSubject subject = default) => Ports.Log?.Write(new GatewayLogEntry(code, LogText.OneLine(what), NowUs, subject));

    public bool TryAppend(JournalRecordType type, ReadOnlySpan<byte> payload, out long index) =>
        Journal.TryAppend((byte)type, RecordClass.Control, payload, out index, JournalPurpose.Bookkeeping);

    /// <summary>Appends a whole frame with its stamp.</summary>
    public bool TryAppendFrame(ReadOnlySpan<byte> frame, uint session, BindingReason reason, out long index, JournalPurpose purpose = JournalPurpose.Reading)
    {
        FrameHead head = FrameHead.Read(frame);
        byte[] record = new byte[FrameStamp.Length + frame.Length];
        new FrameStamp(session, reason, Now).Write(record, frame);
        RecordClass recordClass = FrameHead.ClassOf(head.Kind);
        if (!Journal.TryAppend((byte)JournalRecordType.Frame, recordClass, record, out index, purpose))
        {
            return false;
        }

        Appended?.Invoke(index, recordClass, session, record);
        return true;
    }

    /// <summary>Begins a read; the records come to <paramref name="then"/>.</summary>
    public long Read(long fromIndex, int classes, int maxBytes, RecordsRead then)
    {
        long ticket = NextTicket();
        _reads.Add(ticket, then);
        Journal.BeginRead(fromIndex, classes, maxBytes, ticket);
        return ticket;
    }

    public bool TryEndRead(long ticket, IReadOnlyList<JournalRecord> records, long nextIndex)
    {
        if (!_reads.Remove(ticket, out RecordsRead? then))
        {
            return false;
        }

        then(records, nextIndex);
        return true;
    }

    /// <summary>A gap of the gateway's own, for a session (0 for none).</summary>
    public void Gap(StreamKey lost, GapCause cause, int unit, SequenceRange range, uint count, uint session)
    {
        byte[] body = GapOf(lost, cause, unit, range, count, 0, 0);
        if (_waitingGaps.Count == 0 && TryOwn(FrameKind.Gap, body, session))
        {
            return;
        }

        if (_waitingGaps.Count < MaxWaitingFrames)
        {
            _waitingGaps.Add((body, session));
            return;
        }

        LossDeclarations.Gap gap = LossDeclarations.Gap.Read(body);
        for (int i = 0; i < _waitingGaps.Count; i++)
        {
            if (_waitingGaps[i].Session == session
                && LossDeclarations.Gap.Merge([LossDeclarations.Gap.Read(_waitingGaps[i].Body), gap], 1) is [var merged])
            {
                SequenceRange covered = new(merged.First, merged.Last);
                _waitingGaps[i] = (GapOf(merged.Key, merged.Cause, merged.Unit, covered, merged.Count, merged.FirstUs, merged.LastUs), session);
                return;
            }
        }

        _droppedFrames++;
    }

    /// <summary>The same, at once or not at all.</summary>
    public bool TryGap(StreamKey lost, GapCause cause, int unit, SequenceRange range, uint count, long firstUs, long lastUs, uint session) =>
        TryOwn(FrameKind.Gap, GapOf(lost, cause, unit, range, count, firstUs, lastUs), session);

    /// <summary>A coded event of the gateway's own: stored, sent to the session, and in the log.</summary>
    public void Event(string code, int stream, int argument, string what, bool isLogged = true)
    {
        byte[] body = new byte[EventBody.Length];
        int number = ((code[1] - '0') * 1000) + ((code[2] - '0') * 100) + ((code[3] - '0') * 10) + code[4] - '0';
        EventBody.Write(body, 0, (FaultCode)number, stream, argument);
        uint session = Sessions.Open?.Number ?? 0;
        if (isLogged)
        {
            Log(code, what);
        }

        if (_waitingEvents.Count > 0 || !TryOwn(FrameKind.Event, body, session))
        {
            if (_waitingEvents.Count >= MaxWaitingFrames)
            {
                _droppedFrames++;
                return;
            }

            _waitingEvents.Enqueue((body, session));
        }
    }

    /// <summary>Appends what had to wait.</summary>
    public void AppendWaiting()
    {
        int done = 0;
        while (done < _waitingGaps.Count && TryOwn(FrameKind.Gap, _waitingGaps[done].Body, _waitingGaps[done].Session))
        {
            done++;
        }

        _waitingGaps.RemoveRange(0, done);
        while (_waitingEvents.TryPeek(out (byte[] Body, uint Session) waiting) && TryOwn(FrameKind.Event, waiting.Body, waiting.Session))
        {
            _waitingEvents.Dequeue();
        }

        if (_droppedFrames > 0 && _waitingEvents.Count == 0)
        {
            int dropped = _droppedFrames;
            _droppedFrames = 0;
            Event("G2206", 0, dropped, "records of the gateway's own that found no room: " + Text(dropped));
        }
    }

    public static string Text(long value)
    {
        JsonText text = new();
        return System.Text.Encoding.ASCII.GetString(text.Number(value).ToBytes());
    }

    private static byte[] GapOf(StreamKey lost, GapCause cause, int unit, SequenceRange range, uint count, long firstUs, long lastUs)
    {
        byte[] body = new byte[GapBody.Length];
        GapBody.Write(body, 0, lost.DeviceId, lost.BootId, lost.Stream, cause, unit, range.First, range.Last, count, firstUs, lastUs);
        return body;
    }

    private bool TryOwn(FrameKind kind, byte[] body, uint session)
    {
        bool gap = kind == FrameKind.Gap;
        uint sequence = (gap ? _gapSequence : _eventSequence) + 1;
        byte[] frame = new byte[Frame.Overhead + body.Length];
        Frame.WriteHeader(
            frame, 0, kind, body.Length, Options.GatewayId, BootId, gap ? Streams.Gaps : Streams.Events, 0, sequence, NowUs, 0);
        body.CopyTo(frame, Frame.HeaderLength);
        Frame.Seal(frame, 0, _crc32);
        if (!TryAppendFrame(frame, session, session == 0 ? BindingReason.NoSession : BindingReason.ByTime, out _, gap ? JournalPurpose.Bookkeeping : JournalPurpose.OpenSessionVital))
        {
            return false;
        }

        if (gap)
        {
            _gapSequence = sequence;
        }
        else
        {
            _eventSequence = sequence;
        }

        return true;
    }
}
