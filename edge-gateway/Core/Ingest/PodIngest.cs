using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Faults;
using EdgeGateway.Journal;
using EdgeGateway.Mqtt;
using Firmware.Protocol;

namespace EdgeGateway.Core.Ingest;

/// <summary>
/// Takes in messages of frames: proves each frame, drops what is known, appends the rest, and acknowledges when it is on the disk. Messages are
/// handled and acknowledged in the order in which they came.
/// </summary>
internal sealed class PodIngest : IGatewayPart
{
    /// <summary>Above this many holes in one stream the lowest is declared lost at once, before the fold's own bound.</summary>
    private const int MaxHoles = StreamMarks.MaxMissingRanges - 8;

    /// <summary>How often holes are looked at, µs.</summary>
    private const long HolePeriodUs = 1_000_000;

    /// <summary>How often what a full disk kept out is declared, µs. Its acknowledgement waits for that, so the period is short against a pod's window of messages.</summary>
    private const long GivenUpPeriodUs = 250_000;

    /// <summary>It is declared at once when so many messages wait for it: no more than a pod sends without an answer.</summary>
    private const int MaxUndeclared = 4;

    /// <summary>Barrier of a message whose declaration is still to be appended.</summary>
    private const long Undeclared = long.MaxValue;

    /// <summary>Most frames appended per step when held messages are taken in, so that a step stays short.</summary>
    private const int MaxHeldPerStep = 16;

    private readonly GatewayContext _context;
    private readonly IMqttServer _server;
    private readonly Pods _pods;
    private readonly Queue<Held> _held = new();
    private readonly Queue<Acknowledgement> _acknowledgements = new();
    private readonly SortedDictionary<StreamKey, (uint First, long SinceUs)> _holes = [];
    private readonly List<StreamKey> _overflowing = [];
    private readonly SortedDictionary<DeliveryKey, SequenceRanges> _givenUp = [];
    private long _givenUpDueUs = long.MaxValue;
    private int _undeclared; // messages that wait for the declaration
    private long _nextHolesUs;
    private bool _more;

    public PodIngest(GatewayContext context, IMqttServer server, Pods pods)
    {
        _context = context;
        _server = server;
        _pods = pods;
    }

    public int HeldCount => _held.Count;

    /// <summary>A message on <c>pod/{id}/up</c>.</summary>
    /// <param name="clientId">The pod's client identifier.</param>
    /// <param name="deviceId">The device of the topic, which is the client's.</param>
    /// <param name="payload">Frames back to back; valid during the call.</param>
    /// <param name="token">The server's token; 0 for QoS 0, which is never acknowledged.</param>
    public void Message(string clientId, ulong deviceId, ReadOnlyMemory<byte> payload, long token)
    {
        _context.Counts.Messages++;
        Pod pod = _pods.Of(deviceId);
        pod.Messages++;
        pod.LastHeardUs = _context.NowUs;

        // What the journal cannot take now waits, and everything behind it too, so that order and acknowledgements stay simple.
        if (_held.Count == 0 && TryTake(deviceId, ArrayOf(payload), token))
        {
            return;
        }

        if (_held.Count >= _context.Options.MaxHeldMessages)
        {
            // The pod's ring still has it: after the reconnection it sends again.
            _context.Counts.HeldOverflows++;
            _context.Issues.Raise(FaultCodes.PodHeldBack, HealthSubject.Pod(deviceId), GatewayContext.Text(_held.Count) + " messages wait for the journal");
            _server.Disconnect(clientId, 0x97, _context.NowUs);
            return;
        }

        _held.Enqueue(new Held(deviceId, payload.ToArray(), token));
    }

    public void Step(long nowUs)
    {
        _more = false;
        for (int i = 0; _held.Count > 0; i++)
        {
            if (i == MaxHeldPerStep)
            {
                _more = true;
                break;
            }

            Held held = _held.Peek();
            if (!TryTake(held.DeviceId, new ArraySegment<byte>(held.Payload), held.Token))
            {
                break;
            }

            _held.Dequeue();
            if (_held.Count == 0)
            {
                foreach (Pod pod in _pods.All)
                {
                    _context.Issues.Clear(FaultCodes.PodHeldBack, HealthSubject.Pod(pod.DeviceId));
                }
            }
        }

        if (_givenUp.Count > 0 && (nowUs >= _givenUpDueUs || _context.Journal.Intake == JournalIntake.Everything))
        {
            DeclareGivenUp();
        }

        while (_acknowledgements.Count > 0 && _acknowledgements.Peek().Barrier <= _context.Journal.SyncedIndex)
        {
            _server.Acknowledge(_acknowledgements.Dequeue().Token, 0, nowUs);
        }

        if (nowUs >= _nextHolesUs)
        {
            _nextHolesUs = nowUs + HolePeriodUs;
            DeclareHoles(nowUs);
        }
    }

    /// <inheritdoc/>
    bool IGatewayPart.StepsWhileStopping => true;

    /// <inheritdoc/>
    long IGatewayPart.Step(long nowUs)
    {
        Step(nowUs);
        return NextUs;
    }

    /// <summary>When it has something to do without an event.</summary>
    public long NextUs => _more ? 0 : Math.Min(_nextHolesUs, _givenUpDueUs);

    // The frames' proofs are shared with the pods, which have arrays and offsets.
    private static ArraySegment<byte> ArrayOf(ReadOnlyMemory<byte> payload) =>
        MemoryMarshal.TryGetArray(payload, out ArraySegment<byte> array) ? array : new ArraySegment<byte>(payload.ToArray());

    private bool TryTake(ulong deviceId, ArraySegment<byte> payload, long token)
    {
        if (!MayTake())
        {
            return false;
        }

        int refused = 0;
        byte[] bytes = payload.Array!;
        int offset = payload.Offset;
        int end = offset + payload.Count;
        while (offset < end)
        {
            FrameFault fault = payload.Count <= Frame.MaxMessageLength
                ? Frame.Check(bytes, offset, end - offset, _context.Crc32, out int length)
                : TooLong(out length);
            if (fault == FrameFault.None && Frame.DeviceId(bytes, offset) == deviceId)
            {
                if (!TryTakeFrame(bytes.AsSpan(offset, length)))
                {
                    return false;
                }

                offset += length;
                continue;
            }

            refused++;
            offset = fault == FrameFault.None ? offset + length : NextFrame(bytes, offset + 1, payload, deviceId);
        }

        if (payload.Count == 0)
        {
            refused++;
        }

        if (refused > 0)
        {
            Refuse(deviceId, refused, payload.Count);
        }

        if (token != 0)
        {
            // A duplicate is acknowledged when its original is on the disk, which may still be on its way there.
            // What was given up counts as taken when its declaration is.
            _acknowledgements.Enqueue(new Acknowledgement(token, _givenUp.Count > 0 ? Undeclared : _context.Journal.LastIndex));
            if (_givenUp.Count > 0 && ++_undeclared >= MaxUndeclared)
            {
                DeclareGivenUp();
            }
        }

        return true;

        static FrameFault TooLong(out int length)
        {
            length = 0;
            return FrameFault.TooLong;
        }
    }

    // A full disk never stops a consultation: while a session is open, what is small and counts goes into the reserve for it; else the pods keep theirs.
    private bool MayTake() => _context.Journal.Intake == JournalIntake.Everything || IsVitalsOnly;

    private bool IsVitalsOnly => _context.Journal.Intake == JournalIntake.OpenSessionVitals && _context.Sessions.Open is not null;

    private bool TryTakeFrame(ReadOnlySpan<byte> frame)
    {
        FrameHead head = FrameHead.Read(frame);
        if (_context.Deduplication.IsDuplicate(head.Key, head.Sequence))
        {
            _context.Counts.Duplicates++;
            return true;
        }

        (uint session, BindingReason reason) = _context.Binder.Decide(head, frame, _context.Options.Production);
        RecordClass recordClass = FrameHead.ClassOf(head.Kind, head.Stream);
        bool isBulk = recordClass is RecordClass.Sound or RecordClass.Wave;
        if (isBulk && IsVitalsOnly)
        {
            GiveUp(new DeliveryKey(session, head.Key), head.Sequence);
            return true;
        }

        if (!_context.TryAppendFrame(head, frame, session, reason, isBulk ? JournalPurpose.Reading : JournalPurpose.OpenSessionVital))
        {
            return false;
        }

        _context.Counts.Frames++;
        Pod pod = _pods.Of(head.DeviceId);
        if ((head.Flags & FrameFlags.FromStorage) == 0)
        {
            pod.BootId = head.BootId;
        }

        if (_context.Deduplication.Find(head.Key) is { } marks && marks.Missing.Ranges.Count > MaxHoles)
        {
            DeclareLowest(marks);
        }

        return true;
    }

    // Waveforms and sound would fill the reserve within minutes, and a pod that waits for their acknowledgement sends no vital sign either: they are not stored, and that is declared.
    private void GiveUp(DeliveryKey key, uint sequence)
    {
        if (!_givenUp.TryGetValue(key, out SequenceRanges? ranges))
        {
            ranges = new SequenceRanges();
            _givenUp.Add(key, ranges);
            _givenUpDueUs = Math.Min(_givenUpDueUs, _context.NowUs + GivenUpPeriodUs);
        }

        ranges.Add(sequence, sequence);
        if (ranges.Ranges.Count >= LossDeclarations.MaxRanges)
        {
            DeclareGivenUp();
        }
    }

    // What finds no room stays, and the acknowledgements behind it wait: nothing is acknowledged that is neither on the disk nor declared there.
    private void DeclareGivenUp()
    {
        foreach ((DeliveryKey key, SequenceRanges ranges) in _givenUp)
        {
            while (ranges.Ranges.Count > 0)
            {
                SequenceRange range = ranges.Ranges[0];
                if (!_context.TryGap(key.Stream, GapCause.JournalFull, GapBody.Readings, range, (uint)range.Count, 0, 0, key.Session))
                {
                    _givenUpDueUs = _context.NowUs + GivenUpPeriodUs;
                    return;
                }

                ranges.RemoveLowest();
            }
        }

        _givenUp.Clear();
        _givenUpDueUs = long.MaxValue;
        _undeclared = 0;
        for (int i = _acknowledgements.Count; i > 0; i--)
        {
            Acknowledgement waiting = _acknowledgements.Dequeue();
            _acknowledgements.Enqueue(waiting with { Barrier = Math.Min(waiting.Barrier, _context.Journal.LastIndex) });
        }
    }

    /// <summary>Where the next whole frame of this device begins, or the end. A candidate needs the device's eight bytes in place before its CRC is computed.</summary>
    private int NextFrame(byte[] bytes, int from, ArraySegment<byte> payload, ulong deviceId)
    {
        int end = payload.Offset + payload.Count;
        if (payload.Count <= Frame.MaxMessageLength)
        {
            for (int at = from; at + Frame.Overhead <= end; at++)
            {
                if (Frame.DeviceId(bytes, at) == deviceId && Frame.Check(bytes, at, end - at, _context.Crc32, out _) == FrameFault.None)
                {
                    return at;
                }
            }
        }

        return end;
    }

    private void Refuse(ulong deviceId, int parts, int length)
    {
        _context.Counts.RefusedParts += parts;
        string code = length > Frame.MaxMessageLength ? FaultCodes.PodMessageTooLong : FaultCodes.InvalidFrames;
        string what = "pod " + Topics.DeviceText(deviceId) + ": " + GatewayContext.Text(parts) + " part(s) of a message of "
            + GatewayContext.Text(length) + " bytes are no valid frame of this pod";
        _context.Event(code, 0, parts, what);
        _context.Gap(
            new StreamKey(deviceId, 0, 0),
            GapCause.FrameRefused,
            GapBody.Readings | GapBody.AtLeast,
            new SequenceRange(0, 0),
            (uint)parts,
            _context.Sessions.Open?.Number ?? 0);
    }

    private void DeclareHoles(long nowUs)
    {
        GatewayOptions options = _context.Options;
        _overflowing.Clear();
        foreach (StreamMarks marks in _context.Deduplication.Streams)
        {
            if (marks.Missing.Total == 0)
            {
                _holes.Remove(marks.Key);
                continue;
            }

            Pod? pod = _pods.Find(marks.Key.DeviceId);
            bool otherBoot = pod is not null && pod.BootId != 0 && pod.BootId != marks.Key.BootId;
            uint first = marks.Missing.Ranges[0].First;
            if (!_holes.TryGetValue(marks.Key, out (uint First, long SinceUs) hole) || hole.First != first
                || (!otherBoot && pod is not { IsConnected: true }))
            {
                // A pod that is away may still bring it: the clock runs only while it could have.
                _holes[marks.Key] = (first, nowUs);
                continue;
            }

            if (nowUs - hole.SinceUs >= (otherBoot ? options.UnexplainedOtherBootUs : options.UnexplainedUs))
            {
                _overflowing.Add(marks.Key);
            }
        }

        foreach (StreamKey key in _overflowing)
        {
            if (_context.Deduplication.Find(key) is { } marks)
            {
                DeclareLowest(marks);
            }
        }
    }

    private void DeclareLowest(StreamMarks marks)
    {
        SequenceRange range = marks.Missing.Ranges[0];
        uint count = (uint)Math.Min(range.Count, uint.MaxValue);
        _context.Issues.Raise(
            FaultCodes.UndeclaredGap, HealthSubject.Pod(marks.Key.DeviceId), ReadingJson.StreamText(marks.Key) + ": " + GatewayContext.Text(range.First) + " to " + GatewayContext.Text(range.Last));
        _context.Gap(marks.Key, GapCause.Unexplained, GapBody.Readings, range, count, marks.LastSession);
    }

    private readonly record struct Held(ulong DeviceId, byte[] Payload, long Token);

    /// <summary>An answer that is owed.</summary>
    /// <param name="Token">The server's token.</param>
    /// <param name="Barrier">The index that has to be on the disk first.</param>
    private readonly record struct Acknowledgement(long Token, long Barrier);
}
