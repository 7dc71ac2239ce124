using System.Collections.Generic;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using EdgeGateway.Journal;
using Firmware.Core;
using Firmware.Protocol;

namespace EdgeGateway.Core.Ingest;

/// <summary>The frames that the gateway makes itself: gaps and events. They are stored and forwarded like any reading.</summary>
internal sealed class OwnFrames : IGatewayPart
{
    /// <summary>
    /// Frames that wait for room in the journal, of each kind. Above it a gap is merged into a waiting one of its stream; what finds none, and events, are counted as dropped
    /// and declared with an event as soon as there is room.
    /// </summary>
    public const int MaxWaiting = 256;

    private readonly ulong _gatewayId;
    private readonly GatewayClock _clock;
    private readonly JournalWriter _writer;
    private readonly SessionProjection _sessions;
    private readonly CodedLog _log;
    private readonly ICrc32 _crc32;
    private readonly Queue<(byte[] Body, uint Session)> _waitingEvents = new();
    private readonly List<(byte[] Body, uint Session)> _waitingGaps = [];
    private uint _gapSequence;
    private uint _eventSequence;
    private int _dropped;

    /// <summary>Makes it.</summary>
    /// <param name="gatewayId">The gateway's own EUI-64.</param>
    /// <param name="clock">The clocks.</param>
    /// <param name="writer">Where frames go.</param>
    /// <param name="sessions">Which session is open.</param>
    /// <param name="log">The log.</param>
    /// <param name="crc32">The checksum.</param>
    public OwnFrames(ulong gatewayId, GatewayClock clock, JournalWriter writer, SessionProjection sessions, CodedLog log, ICrc32 crc32)
    {
        _gatewayId = gatewayId;
        _clock = clock;
        _writer = writer;
        _sessions = sessions;
        _log = log;
        _crc32 = crc32;
    }

    /// <summary>A gap of the gateway's own, for a session (0 for none).</summary>
    public void Gap(StreamKey lost, GapCause cause, int unit, SequenceRange range, uint count, uint session)
    {
        byte[] body = GapOf(lost, cause, unit, range, count, 0, 0);
        if (_waitingGaps.Count == 0 && TryOwn(FrameKind.Gap, body, session))
        {
            return;
        }

        if (_waitingGaps.Count < MaxWaiting)
        {
            _waitingGaps.Add((body, session));
            return;
        }

        DeclaredGap gap = DeclaredGap.Read(body);
        for (int i = 0; i < _waitingGaps.Count; i++)
        {
            if (_waitingGaps[i].Session == session
                && DeclaredGap.Merge([DeclaredGap.Read(_waitingGaps[i].Body), gap], 1) is [var merged])
            {
                SequenceRange covered = new(merged.First, merged.Last);
                _waitingGaps[i] = (GapOf(merged.Key, merged.Cause, merged.Unit, covered, merged.Count, merged.FirstUs, merged.LastUs), session);
                return;
            }
        }

        _dropped++;
    }

    /// <summary>The same, at once or not at all.</summary>
    public bool TryGap(StreamKey lost, GapCause cause, int unit, SequenceRange range, uint count, long firstUs, long lastUs, uint session) =>
        TryOwn(FrameKind.Gap, GapOf(lost, cause, unit, range, count, firstUs, lastUs), session);

    /// <summary>A coded event of the gateway's own: stored, sent to the session, and in the log.</summary>
    /// <param name="code">A code of hardware/faults.json.</param>
    /// <param name="subject">What it is about.</param>
    /// <param name="stream">The stream, 0 for none.</param>
    /// <param name="argument">The event's argument.</param>
    /// <param name="what">What happened, for the log.</param>
    /// <param name="isLogged">False when the log was told already.</param>
    public void Event(string code, HealthSubject subject, int stream, int argument, string what, bool isLogged = true)
    {
        byte[] body = EventOf(code, stream, argument);
        uint session = _sessions.Open?.Number ?? 0;
        if (isLogged)
        {
            _log.Write(code, what, subject);
        }

        if (_waitingEvents.Count > 0 || !TryOwn(FrameKind.Event, body, session))
        {
            if (_waitingEvents.Count >= MaxWaiting)
            {
                _dropped++;
                return;
            }

            _waitingEvents.Enqueue((body, session));
        }
    }

    /// <summary>An event that declares a loss, before what it tells of is given up: at once, with a gap record's right to the journal's room, or not at all.</summary>
    /// <param name="code">A code of hardware/faults.json.</param>
    /// <param name="subject">What it is about.</param>
    /// <param name="argument">The event's argument.</param>
    /// <param name="what">What happened, for the log.</param>
    /// <returns>False when the journal does not take it now; the log is not told then.</returns>
    public bool TryLossEvent(string code, HealthSubject subject, int argument, string what)
    {
        if (!TryOwn(FrameKind.Event, EventOf(code, 0, argument), _sessions.Open?.Number ?? 0, JournalPurpose.Bookkeeping))
        {
            return false;
        }

        _log.Write(code, what, subject);
        return true;
    }

    /// <summary>Appends what had to wait.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>Never: it is tried again at each step.</returns>
    public long Step(long nowUs)
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

        if (_dropped > 0 && _waitingEvents.Count == 0)
        {
            int dropped = _dropped;
            _dropped = 0;
            Event(FaultCodes.OwnRecordsDropped, HealthSubject.Gateway, 0, dropped, "records of the gateway's own that found no room: " + Invariant.Text(dropped));
        }

        return long.MaxValue;
    }

    private static byte[] EventOf(string code, int stream, int argument)
    {
        byte[] body = new byte[EventBody.Length];
        int number = ((code[1] - '0') * 1000) + ((code[2] - '0') * 100) + ((code[3] - '0') * 10) + code[4] - '0';
        EventBody.Write(body, 0, (FaultCode)number, stream, argument);
        return body;
    }

    private static byte[] GapOf(StreamKey lost, GapCause cause, int unit, SequenceRange range, uint count, long firstUs, long lastUs)
    {
        byte[] body = new byte[GapBody.Length];
        GapBody.Write(body, 0, lost.DeviceId, lost.BootId, lost.Stream, cause, unit, range.First, range.Last, count, firstUs, lastUs);
        return body;
    }

    private bool TryOwn(FrameKind kind, byte[] body, uint session, JournalPurpose eventPurpose = JournalPurpose.OpenSessionVital)
    {
        bool gap = kind == FrameKind.Gap;
        uint sequence = (gap ? _gapSequence : _eventSequence) + 1;
        byte[] frame = new byte[Frame.Overhead + body.Length];
        Frame.WriteHeader(
            frame, 0, kind, body.Length, _gatewayId, _clock.BootId, gap ? Streams.Gaps : Streams.Events, 0, sequence, _clock.NowUs, 0);
        body.CopyTo(frame, Frame.HeaderLength);
        Frame.Seal(frame, 0, _crc32);
        BindingReason reason = session == 0 ? BindingReason.NoSession : BindingReason.ByTime;
        if (!_writer.TryAppendFrame(FrameHead.Read(frame), frame, session, reason, gap ? JournalPurpose.Bookkeeping : eventPurpose))
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
