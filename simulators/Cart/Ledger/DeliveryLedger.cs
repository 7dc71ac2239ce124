using System;
using System.Collections.Generic;
using System.Globalization;
using Firmware.Core;
using Firmware.Protocol;

namespace Simulators.Cart.Ledger;

/// <summary>What has become of one reading, as far as the world knows.</summary>
[Flags]
public enum ReadingFate
{
    /// <summary>A number in its stream that no frame was made for.</summary>
    None = 0,

    /// <summary>The pod made a frame of it.</summary>
    Produced = 1,

    /// <summary>It is flushed to the pod's store.</summary>
    StoredByPod = 2,

    /// <summary>The gateway has acknowledged it to the pod.</summary>
    Acknowledged = 4,

    /// <summary>It gave way in the pod's full ring.</summary>
    Evicted = 8,

    /// <summary>It carries a session's epoch and is of a kind that is published.</summary>
    Bound = 16,

    /// <summary>The pod lost its power with it in RAM only.</summary>
    LostWithPower = 32,

    /// <summary>A gap record about it was made by the pod.</summary>
    DeclaredByPod = 64,

    /// <summary>A gap record about it was delivered.</summary>
    GapDelivered = 128,

    /// <summary>A subscriber received it.</summary>
    Delivered = 256,
}

/// <summary>One stream of one boot of a device.</summary>
public sealed class StreamDeliveries
{
    private readonly List<Entry> _entries = [];

    internal StreamDeliveries(ReadingId first) => First = first;

    /// <summary>The stream's first reading.</summary>
    public ReadingId First { get; }

    /// <summary>Highest sequence known.</summary>
    public int Count => _entries.Count;

    /// <summary>What gap records declare of this stream: first and last number, and whether the record was made or delivered.</summary>
    internal List<(uint First, uint Last, ReadingFate Fate, ReadingId Record)> Declared { get; } = [];

    /// <summary>What has become of a reading.</summary>
    /// <param name="sequence">1 to <see cref="Count"/>.</param>
    /// <returns>Its fate.</returns>
    public ReadingFate FateOf(uint sequence) => _entries[(int)sequence - 1].Fate | DeclaredFate(sequence);

    internal ReadingFate DeclaredFate(uint sequence)
    {
        ReadingFate fate = ReadingFate.None;
        foreach ((uint first, uint last, ReadingFate declared, _) in Declared)
        {
            fate |= sequence >= first && sequence <= last ? declared : ReadingFate.None;
        }

        return fate;
    }

    internal Entry this[uint sequence]
    {
        get => sequence <= _entries.Count ? _entries[(int)sequence - 1] : default;
        set
        {
            while (_entries.Count < sequence)
            {
                _entries.Add(default);
            }

            _entries[(int)sequence - 1] = value;
        }
    }

    internal readonly record struct Entry(ReadingFate Fate, FrameKind Kind, long MeasuredUs, long DeliveredUs, uint Crc)
    {
        public Entry With(ReadingFate fate) => this with { Fate = Fate | fate };
    }
}

/// <summary>What one subscriber received.</summary>
public sealed class SubscriberLedger
{
    private readonly Dictionary<ReadingId, uint> _highest = [];
    private readonly HashSet<ReadingId> _seen = [];

    /// <summary>Makes an empty ledger.</summary>
    /// <param name="name">The subscriber's name.</param>
    public SubscriberLedger(string name) => Name = name;

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Different readings.</summary>
    public long Received { get; private set; }

    /// <summary>Readings that came again without a better time.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Readings that came again with a better time.</summary>
    public long Corrections { get; private set; }

    /// <summary>New readings that came after a later one of their stream.</summary>
    public long OrderViolations { get; private set; }

    /// <summary>Readings that came without a UTC.</summary>
    public long Unsynchronised { get; private set; }

    /// <summary>Messages that are no readings although their topic says so.</summary>
    public long Malformed { get; internal set; }

    /// <summary>A reading arrived.</summary>
    /// <param name="delivery">Which.</param>
    /// <param name="outOfOrder">True when it is new and a later one of its stream came before it.</param>
    /// <returns>True when it is new.</returns>
    public bool Add(in Delivery delivery, out bool outOfOrder)
    {
        outOfOrder = false;
        if (!_seen.Add(delivery.Id))
        {
            Corrections += delivery.Corrected ? 1 : 0;
            Duplicates += delivery.Corrected ? 0 : 1;
            return false;
        }

        Received++;
        Unsynchronised += delivery.HasUtc ? 0 : 1;
        ReadingId stream = delivery.Id with { Sequence = 0 };
        _highest.TryGetValue(stream, out uint highest);
        outOfOrder = delivery.Id.Sequence < highest;
        OrderViolations += outOfOrder ? 1 : 0;
        _highest[stream] = Math.Max(highest, delivery.Id.Sequence);
        return true;
    }
}

/// <summary>
/// The one who knows everything: each reading that any pod made, and each that any subscriber received. At the end it says of every
/// reading what became of it; a reading of which nobody knows is what this project exists to prevent.
/// </summary>
public sealed class DeliveryLedger
{
    /// <summary>Most findings that are kept as text; more are counted.</summary>
    public const int MaxFindings = 100;

    private readonly SortedDictionary<ReadingId, StreamDeliveries> _streams = [];
    private readonly List<SubscriberLedger> _subscribers = [];
    private readonly List<string> _findings = [];

    /// <summary>All streams, by device, boot and number.</summary>
    public IReadOnlyCollection<StreamDeliveries> AllStreams => _streams.Values;

    /// <summary>All subscribers, in order of their first connection.</summary>
    public IReadOnlyList<SubscriberLedger> Subscribers => _subscribers;

    /// <summary>What was found to be wrong on the way: changed bytes, readings from nowhere, order.</summary>
    public IReadOnlyList<string> Findings => _findings;

    /// <summary>How much was found to be wrong.</summary>
    public long FindingCount { get; private set; }

    /// <summary>The last value published, by stream of a device, in its unit.</summary>
    public SortedDictionary<(ulong Device, int Stream), double> Values { get; } = [];

    /// <summary>Status of the last value of each stream, bits of <see cref="Firmware.Protocol.BloodPressureStatus"/>; 0 where a value has none.</summary>
    public SortedDictionary<(ulong Device, int Stream), int> Statuses { get; } = [];

    /// <summary>Coded events made, by device and code.</summary>
    public SortedDictionary<(ulong Device, int Code), int> Events { get; } = [];

    /// <summary>Absences published, by stream of a device and reason.</summary>
    public SortedDictionary<(ulong Device, int Stream, AbsenceReason Reason), int> Absences { get; } = [];

    /// <summary>A subscriber begins.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Its own part of the ledger.</returns>
    public SubscriberLedger AddSubscriber(string name)
    {
        SubscriberLedger subscriber = new(name);
        _subscribers.Add(subscriber);
        return subscriber;
    }

    /// <summary>A pod made a frame.</summary>
    /// <param name="buffer">Holds it.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="length">Its length.</param>
    /// <param name="measuredUs">True time of its first sample, µs.</param>
    public void Produced(byte[] buffer, int offset, int length, long measuredUs)
    {
        ReadingId id = ReadingId.Of(buffer, offset);
        StreamDeliveries stream = StreamOf(id);
        StreamDeliveries.Entry entry = stream[id.Sequence];
        if (entry.Fate.HasFlag(ReadingFate.Produced))
        {
            Find($"{id} was made twice");
        }

        FrameKind kind = Frame.Kind(buffer, offset);
        ReadingFate fate = ReadingFate.Produced;
        if (Frame.BindingEpoch(buffer, offset) != 0 && kind != FrameKind.Clock)
        {
            fate |= ReadingFate.Bound;
        }

        uint crc = LittleEndian.ReadUInt32(buffer, offset + length - Frame.TrailerLength);
        stream[id.Sequence] = new StreamDeliveries.Entry(entry.Fate | fate, kind, measuredUs, 0, crc);
        if (kind == FrameKind.Gap)
        {
            int body = offset + Frame.HeaderLength;
            ReadingId first = new(GapBody.DeviceId(buffer, body), GapBody.BootId(buffer, body), GapBody.Stream(buffer, body), GapBody.First(buffer, body));
            Declare(first, GapBody.Last(buffer, body), ReadingFate.DeclaredByPod, id);
        }
    }

    /// <summary>Something happened to a frame at its pod.</summary>
    /// <param name="buffer">Holds it.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="fate">What happened.</param>
    public void AtPod(byte[] buffer, int offset, ReadingFate fate)
    {
        ReadingId id = ReadingId.Of(buffer, offset);
        StreamDeliveries stream = StreamOf(id);
        StreamDeliveries.Entry entry = stream[id.Sequence];
        if (!entry.Fate.HasFlag(ReadingFate.Produced))
        {
            Find($"{id} was {fate} and never made");
        }

        stream[id.Sequence] = entry.With(fate);
    }

    /// <summary>A pod lost its power: what is neither in its store nor acknowledged is gone.</summary>
    /// <param name="device">The pod.</param>
    public void PowerCut(ulong device)
    {
        foreach (StreamDeliveries stream in _streams.Values)
        {
            if (stream.First.Device != device)
            {
                continue;
            }

            for (uint sequence = 1; sequence <= stream.Count; sequence++)
            {
                StreamDeliveries.Entry entry = stream[sequence];
                if ((entry.Fate & (ReadingFate.StoredByPod | ReadingFate.Acknowledged | ReadingFate.Evicted)) == ReadingFate.None)
                {
                    stream[sequence] = entry.With(ReadingFate.LostWithPower);
                }
            }
        }
    }

    /// <summary>A subscriber received a reading.</summary>
    /// <param name="subscriber">Who.</param>
    /// <param name="delivery">What.</param>
    /// <param name="nowUs">True time, µs.</param>
    /// <returns>True when it is new to this subscriber.</returns>
    public bool Received(SubscriberLedger subscriber, in Delivery delivery, long nowUs)
    {
        bool isNew = subscriber.Add(delivery, out bool outOfOrder);
        if (outOfOrder)
        {
            Find($"{delivery.Id} came to {subscriber.Name} after a later one of its stream");
        }

        if (delivery.Gap is LedgerGap gap)
        {
            Declare(gap.First, gap.LastSequence, ReadingFate.GapDelivered, delivery.Id);
        }

        if (!_streams.TryGetValue(delivery.Id with { Sequence = 0 }, out StreamDeliveries? stream))
        {
            if (delivery.Class is not ("gap" or "event"))
            {
                Find($"{delivery.Id} was delivered and nobody made it");
            }

            return isNew; // The gateway's own gap records and events have its own identity.
        }

        StreamDeliveries.Entry entry = stream[delivery.Id.Sequence];
        if (!entry.Fate.HasFlag(ReadingFate.Produced))
        {
            Find($"{delivery.Id} was delivered and nobody made it");
            return isNew;
        }

        if (delivery.IsFrame)
        {
            ReadOnlySpan<byte> frame = delivery.Payload.Span;
            uint crc = (uint)(frame[^4] | (frame[^3] << 8) | (frame[^2] << 16) | (frame[^1] << 24));
            if (crc != entry.Crc)
            {
                Find($"{delivery.Id} was changed on its way");
            }
        }

        if (!entry.Fate.HasFlag(ReadingFate.Delivered))
        {
            stream[delivery.Id.Sequence] = entry.With(ReadingFate.Delivered) with { DeliveredUs = nowUs };
        }

        return isNew;
    }

    /// <summary>Something else is wrong.</summary>
    /// <param name="text">What.</param>
    public void Find(string text)
    {
        FindingCount++;
        if (_findings.Count < MaxFindings)
        {
            _findings.Add(text);
        }
    }

    /// <summary>Draws the balance.</summary>
    /// <param name="atGateway">By stream (sequence 0 in the key): how many bound readings the gateways say they still have to deliver, and how many they keep to themselves.</param>
    /// <returns>The balance.</returns>
    public LedgerBalance Balance(IReadOnlyDictionary<ReadingId, (long Pending, long Unbound)> atGateway)
    {
        LedgerBalance balance = new();
        List<long> latencies = [];
        List<long> vitals = [];
        foreach (StreamDeliveries stream in _streams.Values)
        {
            long atGatewayOpen = 0;
            long unknown = 0;
            long unboundHere = 0;
            uint firstOpen = 0;
            for (uint sequence = 1; sequence <= stream.Count; sequence++)
            {
                StreamDeliveries.Entry entry = stream[sequence];
                entry = entry.With(stream.DeclaredFate(sequence));
                balance.Produced++;
                if (entry.Fate.HasFlag(ReadingFate.Delivered))
                {
                    balance.Delivered++;
                    latencies.Add(entry.DeliveredUs - entry.MeasuredUs);
                    if (entry.Kind == FrameKind.Numeric)
                    {
                        vitals.Add(entry.DeliveredUs - entry.MeasuredUs);
                    }

                }
                else if (entry.Fate.HasFlag(ReadingFate.GapDelivered))
                {
                    balance.Gaps++;
                }
                else if (entry.Fate.HasFlag(ReadingFate.Produced) && !entry.Fate.HasFlag(ReadingFate.Bound))
                {
                    balance.Unbound++;
                    unboundHere += entry.Fate.HasFlag(ReadingFate.Acknowledged) ? 1 : 0;
                }
                else if (entry.Fate.HasFlag(ReadingFate.Acknowledged))
                {
                    atGatewayOpen++;
                    firstOpen = firstOpen == 0 ? sequence : firstOpen;
                }
                else if (IsHeldByPod(entry.Fate))
                {
                    balance.Pending++;
                }
                else if (entry.Fate.HasFlag(ReadingFate.DeclaredByPod) && IsRecordWithGateway(stream, sequence))
                {
                    balance.Gaps++;
                    balance.GapsKept++;
                }
                else if (entry.Fate.HasFlag(ReadingFate.DeclaredByPod))
                {
                    balance.Pending++; // The record of its loss is still under way.
                }
                else
                {
                    unknown++;
                    firstOpen = firstOpen == 0 ? sequence : firstOpen;
                }
            }

            atGateway.TryGetValue(stream.First with { Sequence = 0 }, out (long Pending, long Unbound) held);
            long pending = Math.Min(atGatewayOpen, held.Pending);

            // Measured across or after the session's close, with its epoch still on the pod: the gateway keeps them to itself.
            long closed = Math.Min(atGatewayOpen - pending, Math.Max(0, held.Unbound - unboundHere));
            balance.Pending += pending;
            balance.Unbound += closed;
            unknown += atGatewayOpen - pending - closed;
            balance.Lost += unknown;
            if (unknown > 0)
            {
                Find(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{stream.First with { Sequence = firstOpen }} and on: nobody knows of {unknown} readings (the gateway acknowledged {atGatewayOpen} that were not delivered, and holds {held.Pending} and keeps {held.Unbound})"));
            }
        }

        latencies.Sort();
        vitals.Sort();
        balance.VitalLatencyP95Us = Percentile(vitals, 95);
        balance.LatencyP50Us = Percentile(latencies, 50);
        balance.LatencyP95Us = Percentile(latencies, 95);
        balance.LatencyP99Us = Percentile(latencies, 99);
        balance.LatencyMaxUs = latencies.Count == 0 ? 0 : latencies[^1];
        foreach (SubscriberLedger subscriber in _subscribers)
        {
            balance.Duplicates = Math.Max(balance.Duplicates, subscriber.Duplicates);
            balance.OrderViolations += subscriber.OrderViolations;
            balance.Corrections += subscriber.Corrections;
            balance.Unsynchronised += subscriber.Unsynchronised;
        }

        return balance;
    }

    /// <summary>How many readings a pod must still hold, by what it said of each.</summary>
    /// <param name="device">The pod.</param>
    /// <returns>How many.</returns>
    public long HeldByPod(ulong device)
    {
        long held = 0;
        foreach (StreamDeliveries stream in _streams.Values)
        {
            for (uint sequence = 1; stream.First.Device == device && sequence <= stream.Count; sequence++)
            {
                held += IsHeldByPod(stream[sequence].Fate) ? 1 : 0;
            }
        }

        return held;
    }

    /// <summary>The smallest value that at least so many per cent of all do not exceed (nearest rank).</summary>
    internal static long Percentile(List<long> sorted, int percent) =>
        sorted.Count == 0 ? 0 : sorted[Math.Max(0, (int)(((long)sorted.Count * percent + 99) / 100) - 1)];

    internal StreamDeliveries StreamOf(in ReadingId id)
    {
        ReadingId key = id with { Sequence = 0 };
        if (!_streams.TryGetValue(key, out StreamDeliveries? stream))
        {
            _streams.Add(key, stream = new StreamDeliveries(id with { Sequence = 1 }));
        }

        return stream;
    }

    private static bool IsHeldByPod(ReadingFate fate) =>
        fate.HasFlag(ReadingFate.Produced)
        && (fate & (ReadingFate.Acknowledged | ReadingFate.Evicted | ReadingFate.LostWithPower)) == ReadingFate.None;

    /// <summary>
    /// A record declares a range of numbers lost. Some of them may have arrived all the same, and, when its count is a lower bound, some may
    /// never have been given out: a range makes no readings, it only says what became of those there are.
    /// </summary>
    private void Declare(in ReadingId first, uint last, ReadingFate fate, in ReadingId record) =>
        StreamOf(first).Declared.Add((first.Sequence, last, fate, record));

    private bool IsRecordWithGateway(StreamDeliveries stream, uint sequence)
    {
        foreach ((uint first, uint last, _, ReadingId record) in stream.Declared)
        {
            if (sequence >= first && sequence <= last && StreamOf(record)[record.Sequence].Fate.HasFlag(ReadingFate.Acknowledged))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>The balance of a run. Always: Produced = Delivered + Pending + Gaps + Unbound, that is, Lost = 0.</summary>
public sealed record LedgerBalance
{
    /// <summary>Numbers given to readings, those of losses before numbering included.</summary>
    public long Produced { get; set; }

    /// <summary>Readings that a subscriber received.</summary>
    public long Delivered { get; set; }

    /// <summary>Readings that pod or gateway still hold for a session.</summary>
    public long Pending { get; set; }

    /// <summary>Readings that a gap record declares lost, to the session or to the gateway.</summary>
    public long Gaps { get; set; }

    /// <summary>Those of <see cref="Gaps"/> whose record reached the gateway and belongs to no session, so that no subscriber heard of it.</summary>
    public long GapsKept { get; set; }

    /// <summary>Readings that belong to no session, or are for the gateway alone.</summary>
    public long Unbound { get; set; }

    /// <summary>Readings of which nobody knows. Always 0.</summary>
    public long Lost { get; set; }

    /// <summary>Readings that the subscriber with the most of them received again.</summary>
    public long Duplicates { get; set; }

    /// <summary>New readings that came after a later one of their stream. Always 0.</summary>
    public long OrderViolations { get; set; }

    /// <summary>Readings published again with a better time.</summary>
    public long Corrections { get; set; }

    /// <summary>Readings published without a UTC.</summary>
    public long Unsynchronised { get; set; }

    /// <summary>Measured to delivered, median, µs.</summary>
    public long LatencyP50Us { get; set; }

    /// <summary>Measured to delivered, 95th percentile, µs.</summary>
    public long LatencyP95Us { get; set; }

    /// <summary>Measured to delivered, numeric readings alone, 95th percentile, µs.</summary>
    public long VitalLatencyP95Us { get; set; }

    /// <summary>Measured to delivered, 99th percentile, µs.</summary>
    public long LatencyP99Us { get; set; }

    /// <summary>Measured to delivered, longest, µs.</summary>
    public long LatencyMaxUs { get; set; }

    /// <summary>True when every reading is accounted for.</summary>
    public bool Holds => Lost == 0 && Produced == Delivered + Pending + Gaps + Unbound;
}
