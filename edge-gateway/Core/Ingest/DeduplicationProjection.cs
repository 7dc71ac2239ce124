using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Journal;
using Firmware.Protocol;

namespace EdgeGateway.Core.Ingest;

/// <summary>What is known of the sequence numbers of one stream. Produced = Stored + declared lost + missing, always.</summary>
public sealed class StreamMarks
{
    /// <summary>Most ranges of missing numbers. Above it the owner declares the lowest as a gap; a projection that is asked for more drops it as declared.</summary>
    public const int MaxMissingRanges = 64;

    /// <summary>Most ranges of numbers declared lost that are remembered one by one, so that a late arrival is still taken.</summary>
    public const int MaxDeclaredRanges = 64;

    internal StreamMarks(StreamKey key) => Key = key;

    /// <summary>The stream.</summary>
    public StreamKey Key { get; }

    /// <summary>Highest sequence number known to exist.</summary>
    public uint High { get; internal set; }

    /// <summary>Highest sequence number stored.</summary>
    public uint StoredThrough { get; internal set; }

    /// <summary>Different readings stored.</summary>
    public long Stored { get; internal set; }

    /// <summary>Numbers declared lost before they reached the journal.</summary>
    public long DeclaredLost => Declared.Total + DeclaredForgotten;

    /// <summary>Neither stored nor declared, below <see cref="High"/>.</summary>
    public SequenceRanges Missing { get; internal set; } = new();

    /// <summary>Journal index of the last record about it.</summary>
    public long LastIndex { get; internal set; }

    /// <summary>Session of the newest frame, 0 for none: the one that is told of a sequence gap before it.</summary>
    public uint LastSession { get; internal set; }

    internal SequenceRanges Declared { get; set; } = new();

    internal long DeclaredForgotten { get; set; }

    /// <summary>True when a number was stored before, or was declared so long ago that this cannot be told from it.</summary>
    /// <param name="sequence">The number.</param>
    /// <returns>True for a duplicate.</returns>
    public bool IsDuplicate(uint sequence) => sequence <= High && !Missing.Contains(sequence) && !Declared.Contains(sequence);

    internal void Store(uint sequence)
    {
        if (sequence > High)
        {
            Missing.Add(High + 1, sequence - 1);
            High = sequence;
        }
        else if (Missing.Remove(sequence, sequence) == 0 && Declared.Remove(sequence, sequence) == 0)
        {
            return;
        }

        Stored++;
        StoredThrough = Math.Max(StoredThrough, sequence);
        Bound();
    }

    internal void Declare(uint first, uint last)
    {
        if (first == 0 || last < first)
        {
            return;
        }

        if (last > High)
        {
            Missing.Add(High + 1, last);
            High = last;
        }

        // Only what is missing can be lost: a number that was stored stays stored, whatever a pod says later.
        List<SequenceRange> lost = [];
        foreach (SequenceRange range in Missing.Ranges)
        {
            if (range.First <= last && range.Last >= first)
            {
                lost.Add(new SequenceRange(Math.Max(range.First, first), Math.Min(range.Last, last)));
            }
        }

        foreach (SequenceRange range in lost)
        {
            Missing.Remove(range.First, range.Last);
            Declared.Add(range.First, range.Last);
        }

        Bound();
    }

    internal void Save(ByteWriter writer)
    {
        writer.Key(Key).U32(High).U32(StoredThrough).I64(Stored).I64(LastIndex).U32(LastSession).I64(DeclaredForgotten);
        Missing.Save(writer);
        Declared.Save(writer);
    }

    internal static StreamMarks Load(ref ByteReader reader)
    {
        StreamMarks marks = new(reader.Key())
        {
            High = reader.U32(),
            StoredThrough = reader.U32(),
            Stored = reader.I64(),
            LastIndex = reader.I64(),
            LastSession = reader.U32(),
            DeclaredForgotten = reader.I64(),
        };
        marks.Missing = SequenceRanges.Load(ref reader);
        marks.Declared = SequenceRanges.Load(ref reader);
        return marks;
    }

    private void Bound()
    {
        while (Missing.Ranges.Count > MaxMissingRanges)
        {
            DeclaredForgotten += Missing.RemoveLowest().Count;
        }

        while (Declared.Ranges.Count > MaxDeclaredRanges)
        {
            DeclaredForgotten += Declared.RemoveLowest().Count;
        }
    }
}

/// <summary>Which readings the journal has, by high-water mark and sequence gaps per stream.</summary>
public sealed class DeduplicationProjection : IJournalProjection
{
    /// <summary>Most streams remembered. At the bound the one longest unused is forgotten: its readings, if they came again, would be stored and sent twice, never lost.</summary>
    public const int MaxStreams = 4096;

    private readonly ulong _gatewayId;
    private readonly SortedDictionary<StreamKey, StreamMarks> _streams = [];

    /// <summary>Makes an empty projection.</summary>
    /// <param name="gatewayId">The gateway's own EUI-64: its gap frames speak for every device.</param>
    public DeduplicationProjection(ulong gatewayId) => _gatewayId = gatewayId;

    /// <inheritdoc/>
    public string Name => "deduplication";

    /// <summary>Parses records, for all projections of one journal together.</summary>
    internal ReadingParser Parser { get; init; } = new();

    /// <summary>All streams, in order.</summary>
    public IReadOnlyCollection<StreamMarks> Streams => _streams.Values;

    /// <summary>One stream.</summary>
    /// <param name="key">Which.</param>
    /// <returns>What is known, or null.</returns>
    public StreamMarks? Find(StreamKey key) => _streams.GetValueOrDefault(key);

    /// <summary>True when a reading is in the journal already.</summary>
    /// <param name="key">Its stream.</param>
    /// <param name="sequence">Its sequence.</param>
    /// <returns>True for a duplicate.</returns>
    public bool IsDuplicate(StreamKey key, uint sequence) => _streams.TryGetValue(key, out StreamMarks? marks) && marks.IsDuplicate(sequence);

    /// <inheritdoc/>
    public void Reset() => _streams.Clear();

    /// <inheritdoc/>
    public void Apply(in JournalRecord record)
    {
        if (!Parser.TryRead(record, out Reading reading))
        {
            return;
        }

        StreamMarks marks = Touch(reading.Key, record.Index);
        marks.Store(reading.Head.Sequence);
        marks.LastSession = reading.Session;
        if (reading.IsGap)
        {
            ApplyGap(reading.Head, reading.Body, record.Index);
        }
    }

    /// <inheritdoc/>
    public byte[] Save()
    {
        ByteWriter writer = new(1024);
        writer.U8(1).U32((uint)_streams.Count);
        foreach (StreamMarks marks in _streams.Values)
        {
            marks.Save(writer);
        }

        return writer.ToArray();
    }

    /// <inheritdoc/>
    public bool TryLoad(ReadOnlySpan<byte> state)
    {
        Reset();
        ByteReader reader = new(state);
        if (reader.U8() != 1)
        {
            return false;
        }

        uint count = reader.U32();
        for (uint i = 0; i < count && !reader.Failed; i++)
        {
            StreamMarks marks = StreamMarks.Load(ref reader);
            _streams[marks.Key] = marks;
        }

        return reader.AtEnd;
    }

    private void ApplyGap(in FrameHead head, ReadOnlySpan<byte> body, long index)
    {
        ulong device = BinaryPrimitives.ReadUInt64LittleEndian(body);
        GapCause cause = (GapCause)body[14];
        bool own = head.DeviceId == _gatewayId;

        // A pod speaks for itself only. What the gateway lost from its own journal, or was refused at delivery, had been stored, and what was stored stays so: that is
        // the delivery projection's matter. An exact one of a full disk may also name what was never let in.
        bool isOfStored = cause is GapCause.StoreDamaged or GapCause.DeliveryRefused || (cause == GapCause.JournalFull && body[15] != GapBody.Readings);
        if (own ? isOfStored : device != head.DeviceId)
        {
            return;
        }

        uint first = BinaryPrimitives.ReadUInt32LittleEndian(body[16..]);
        if (first != 0)
        {
            StreamKey lost = new(device, BinaryPrimitives.ReadUInt32LittleEndian(body[8..]), BinaryPrimitives.ReadUInt16LittleEndian(body[12..]));
            Touch(lost, index).Declare(first, BinaryPrimitives.ReadUInt32LittleEndian(body[20..]));
        }
    }

    private StreamMarks Touch(StreamKey key, long index)
    {
        if (!_streams.TryGetValue(key, out StreamMarks? marks))
        {
            if (_streams.Count >= MaxStreams)
            {
                ForgetOldest();
            }

            marks = new StreamMarks(key);
            _streams.Add(key, marks);
        }

        marks.LastIndex = index;
        return marks;
    }

    private void ForgetOldest()
    {
        StreamMarks? oldest = null;
        foreach (StreamMarks marks in _streams.Values)
        {
            if (oldest is null || marks.LastIndex < oldest.LastIndex)
            {
                oldest = marks;
            }
        }

        _streams.Remove(oldest!.Key);
    }
}
