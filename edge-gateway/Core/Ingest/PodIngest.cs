using System;
using System.Collections.Generic;
using System.Text.Json;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Journal;
using EdgeGateway.Mqtt;
using Firmware.Protocol;

namespace EdgeGateway.Core.Ingest;

/// <summary>
/// Takes in messages of frames: proves each frame, drops what is known, appends the rest, and acknowledges when it is on the disk. Messages are
/// handled and acknowledged in the order in which they came.
/// </summary>
internal sealed class PodIngest
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
    /// <param name="payload">Frames back to back.</param>
    /// <param name="token">The server's token; 0 for QoS 0, which is never acknowledged.</param>
    public void Message(string clientId, ulong deviceId, ReadOnlySpan<byte> payload, long token)
    {
        _context.Counts.Messages++;
        Pod pod = _pods.Of(deviceId);
        pod.Messages++;
        pod.LastHeardUs = _context.NowUs;

        // What the journal cannot take now waits, and everything behind it too, so that order and acknowledgements stay simple.
        if (_held.Count == 0 && TryTake(deviceId, payload.ToArray(), token))
        {
            return;
        }

        if (_held.Count >= _context.Options.MaxHeldMessages)
        {
            // The pod's ring still has it: after the reconnection it sends again.
            _context.Counts.HeldOverflows++;
            _context.Issues.Raise("G2205", HealthSubject.Pod(deviceId), GatewayContext.Text(_held.Count) + " messages wait for the journal");
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
            if (!TryTake(held.DeviceId, held.Payload, held.Token))
            {
                break;
            }

            _held.Dequeue();
            if (_held.Count == 0)
            {
                foreach (Pod pod in _pods.All)
                {
                    _context.Issues.Clear("G2205", HealthSubject.Pod(pod.DeviceId));
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

    /// <summary>When it has something to do without an event.</summary>
    public long NextUs => _more ? 0 : Math.Min(_nextHolesUs, _givenUpDueUs);

    private bool TryTake(ulong deviceId, byte[] payload, long token)
    {
        if (!MayTake())
        {
            return false;
        }

        int refused = 0;
        int offset = 0;
        while (offset < payload.Length)
        {
            FrameFault fault = payload.Length <= Frame.MaxMessageLength
                ? Frame.Check(payload, offset, payload.Length - offset, _context.Crc32, out int length)
                : TooLong(out length);
            if (fault == FrameFault.None && Frame.DeviceId(payload, offset) == deviceId)
            {
                if (!TryTakeFrame(payload.AsSpan(offset, length)))
                {
                    return false;
                }

                offset += length;
                continue;
            }

            refused++;
            offset = fault == FrameFault.None ? offset + length : NextFrame(payload, offset + 1, deviceId);
        }

        if (payload.Length == 0)
        {
            refused++;
        }

        if (refused > 0)
        {
            Refuse(deviceId, refused, payload.Length);
        }

        if (token != 0)
        {
            // A duplicate is acknowledged when its original is on the disk, which may still be on its way there.
            // What was given up counts as taken when its declaration is.
            _acknowledgements.Enqueue(new Acknowledgement(token) { Barrier = _givenUp.Count > 0 ? Undeclared : _context.Journal.LastIndex });
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

        (uint session, BindingReason reason) = _context.Binder.Decide(frame, _context.Options.Production);
        RecordClass recordClass = FrameHead.ClassOf(head.Kind);
        bool isBulk = recordClass is RecordClass.Sound or RecordClass.Wave;
        if (isBulk && IsVitalsOnly)
        {
            GiveUp(new DeliveryKey(session, head.Key), head.Sequence);
            return true;
        }

        if (!_context.TryAppendFrame(frame, session, reason, out _, isBulk ? JournalPurpose.Reading : JournalPurpose.OpenSessionVital))
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
        foreach (Acknowledgement waiting in _acknowledgements)
        {
            waiting.Barrier = Math.Min(waiting.Barrier, _context.Journal.LastIndex);
        }
    }

    /// <summary>Where the next whole frame of this device begins, or the end. A candidate needs the device's eight bytes in place before its CRC is computed.</summary>
    private int NextFrame(byte[] payload, int from, ulong deviceId)
    {
        if (payload.Length <= Frame.MaxMessageLength)
        {
            for (int at = from; at + Frame.Overhead <= payload.Length; at++)
            {
                if (Frame.DeviceId(payload, at) == deviceId
                    && Frame.Check(payload, at, payload.Length - at, _context.Crc32, out _) == FrameFault.None)
                {
                    return at;
                }
            }
        }

        return payload.Length;
    }

    private void Refuse(ulong deviceId, int parts, int length)
    {
        _context.Counts.RefusedParts += parts;
        string code = length > Frame.MaxMessageLength ? "G2202" : "G2201";
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
            "G2203", HealthSubject.Pod(marks.Key.DeviceId), ReadingJson.StreamText(marks.Key) + ": " + GatewayContext.Text(range.First) + " to " + GatewayContext.Text(range.Last));
        _context.Gap(marks.Key, GapCause.Unexplained, GapBody.Readings, range, count, marks.LastSession);
    }

    private readonly record struct Held(ulong DeviceId, byte[] Payload, long Token);

    private sealed class Acknowledgement(long token)
    {
        public long Token { get; } = token;

        /// <summary>The index that has to be on the disk first.</summary>
        public long Barrier { get; set; }
    }
}

/// <summary>What is known of a connected or known pod.</summary>
internal sealed class Pod
{
    /// <summary>Most parts of one pod; further ones are not known by name.</summary>
    private const int MaxParts = 16;

    public required ulong DeviceId { get; init; }

    public bool IsConnected { get; set; }

    public bool HasCommands { get; set; }

    public uint BootId { get; set; }

    public long Messages { get; set; }

    public long LastHeardUs { get; set; }

    public uint Epoch { get; set; }

    /// <summary>The parts that the pod's last state names.</summary>
    public IReadOnlyList<string> Parts { get; private set; } = [];

    /// <summary>The parts that the pod's last state calls absent, quarantined or in backoff, with that word; empty when there are none.</summary>
    public string FaultyParts { get; private set; } = string.Empty;

    public bool Has(string part)
    {
        foreach (string name in Parts)
        {
            if (string.Equals(name, part, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads the pod's state message; one that is not understood, or says offline, changes nothing.</summary>
    /// <returns>True when the parts are others than before.</returns>
    public bool TakeState(ReadOnlyMemory<byte> json)
    {
        List<string> parts = [];
        List<string> faulty = [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("peripherals", out JsonElement list) || list.ValueKind != JsonValueKind.Array)
            {
                return false;
            }

            foreach (JsonElement part in list.EnumerateArray())
            {
                if (part.ValueKind == JsonValueKind.Object && part.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String
                    && parts.Count < MaxParts)
                {
                    parts.Add(name.GetString()!);
                    if (part.TryGetProperty("state", out JsonElement word) && word.ValueKind == JsonValueKind.String && (word.GetString() is "absent" or "backoff" or "quarantined"))
                    {
                        faulty.Add(ListenerAccess.Shown(name.GetString()!) + ": " + word.GetString());
                    }
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }

        bool changed = parts.Count != Parts.Count;
        for (int i = 0; !changed && i < parts.Count; i++)
        {
            changed = !string.Equals(parts[i], Parts[i], StringComparison.Ordinal);
        }

        Parts = parts;
        FaultyParts = string.Join(", ", faulty);
        return changed;
    }
}

/// <summary>Pods by device id.</summary>
internal sealed class Pods
{
    /// <summary>Most pods known at once; further ones are refused at their connection.</summary>
    public const int MaxPods = EndpointLimits.MaxPods + EndpointLimits.MaxNewPods;

    private readonly SortedDictionary<ulong, Pod> _pods = [];

    public IReadOnlyCollection<Pod> All => _pods.Values;

    public bool IsFull => _pods.Count >= MaxPods;

    public Pod? Find(ulong deviceId) => _pods.GetValueOrDefault(deviceId);

    /// <summary>Forgets a pod of which nothing is kept.</summary>
    public void Remove(ulong deviceId) => _pods.Remove(deviceId);

    public Pod Of(ulong deviceId)
    {
        if (!_pods.TryGetValue(deviceId, out Pod? pod))
        {
            pod = new Pod { DeviceId = deviceId };
            _pods.Add(deviceId, pod);
        }

        return pod;
    }
}
