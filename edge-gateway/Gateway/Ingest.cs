using System;
using System.Collections.Generic;
using System.Text.Json;
using EdgeGateway.Mqtt;
using Firmware.Protocol;

namespace EdgeGateway.Gateway;

/// <summary>
/// Takes in messages of frames: proves each frame, drops what is known, appends the rest, and acknowledges when it is on the disk. Messages are
/// handled and acknowledged in the order in which they came.
/// </summary>
internal sealed class Ingest
{
    /// <summary>Above this many holes in one stream the lowest is declared lost at once, before the fold's own bound.</summary>
    private const int MaxHoles = StreamMarks.MaxMissingRanges - 8;

    /// <summary>How often holes are looked at, µs.</summary>
    private const long HolePeriodUs = 1_000_000;

    /// <summary>Most frames appended per step when held messages are taken in, so that a step stays short.</summary>
    private const int MaxHeldPerStep = 16;

    private readonly GatewayContext _context;
    private readonly IMqttServer _server;
    private readonly Pods _pods;
    private readonly Queue<Held> _held = new();
    private readonly Queue<(long Token, long Barrier)> _acknowledgements = new();
    private readonly SortedDictionary<StreamKey, (uint First, long SinceUs)> _holes = [];
    private readonly List<StreamKey> _overflowing = [];
    private long _nextHolesUs;
    private bool _more;

    public Ingest(GatewayContext context, IMqttServer server, Pods pods)
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
            _context.Log("G2205", "pod " + Topics.DeviceText(deviceId) + ": " + GatewayContext.Text(_held.Count) + " messages wait for the journal");
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
    public long NextUs => _more ? 0 : _nextHolesUs;

    private bool TryTake(ulong deviceId, byte[] payload, long token)
    {
        if (!_context.Journal.IsWritable)
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
            _acknowledgements.Enqueue((token, _context.Journal.LastIndex));
        }

        return true;

        static FrameFault TooLong(out int length)
        {
            length = 0;
            return FrameFault.TooLong;
        }
    }

    private bool TryTakeFrame(ReadOnlySpan<byte> frame)
    {
        FrameHead head = FrameHead.Read(frame);
        if (_context.Deduplication.IsDuplicate(head.Key, head.Sequence))
        {
            _context.Counts.Duplicates++;
            return true;
        }

        (uint session, BindingReason reason) = _context.Binder.Decide(frame, _context.Options.Production);
        if (!_context.TryAppendFrame(frame, session, reason, out _))
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
        _context.Log("G2203", ReadingJson.StreamText(marks.Key) + ": " + GatewayContext.Text(range.First) + " to " + GatewayContext.Text(range.Last));
        _context.Gap(marks.Key, GapCause.Unexplained, GapBody.Readings, range, count, marks.LastSession);
    }

    private readonly record struct Held(ulong DeviceId, byte[] Payload, long Token);
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
                }
            }
        }
        catch (JsonException)
        {
            return false;
        }

        bool changed = parts.Count != Parts.Count;
        for (int i = 0; !changed && i < parts.Count; i++)
        {
            changed = !string.Equals(parts[i], Parts[i], StringComparison.Ordinal);
        }

        Parts = parts;
        return changed;
    }
}

/// <summary>Pods by device id.</summary>
internal sealed class Pods
{
    /// <summary>Most pods known at once; further ones are refused at their connection.</summary>
    public const int MaxPods = 64;

    private readonly SortedDictionary<ulong, Pod> _pods = [];

    public IReadOnlyCollection<Pod> All => _pods.Values;

    public bool IsFull => _pods.Count >= MaxPods;

    public Pod? Find(ulong deviceId) => _pods.GetValueOrDefault(deviceId);

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
