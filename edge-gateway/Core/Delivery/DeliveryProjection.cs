using System;
using System.Collections.Generic;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Delivery;

/// <summary>How far the readings of one stream in one session are. They are sent in the order of the journal, so one index says all.</summary>
public sealed class DeliveryMarks
{
    internal DeliveryMarks(RecordClass recordClass, long firstIndex)
    {
        Class = recordClass;
        FirstIndex = firstIndex;
    }

    /// <summary>Their class; a stream has one.</summary>
    public RecordClass Class { get; }

    /// <summary>Index of the first.</summary>
    public long FirstIndex { get; }

    /// <summary>Index of the newest.</summary>
    public long LastIndex { get; internal set; }

    /// <summary>All up to this index are settled: sent, or lost and declared.</summary>
    public long SettledIndex { get; internal set; }

    /// <summary>Highest sequence sent, 0 for none.</summary>
    public uint SentThrough { get; internal set; }

    /// <summary>How many were bound to the session.</summary>
    public long Bound { get; internal set; }

    /// <summary>How many were sent.</summary>
    public long Sent { get; internal set; }

    /// <summary>How many were lost here before they were sent.</summary>
    public long Dropped { get; internal set; }

    /// <summary>How many are still to be sent.</summary>
    public long Pending => Bound - Sent - Dropped;
}

/// <summary>Totals of one stream over all sessions, those forgotten included.</summary>
public sealed class StreamTotals
{
    /// <summary>Bound to no session.</summary>
    public long Unbound { get; internal set; }

    /// <summary>Sent.</summary>
    public long Sent { get; internal set; }

    /// <summary>Lost here.</summary>
    public long Dropped { get; internal set; }

    /// <summary>Bound to a session.</summary>
    public long Bound { get; internal set; }

    /// <summary>Highest sequence sent, 0 for none.</summary>
    public uint SentThrough { get; internal set; }

    /// <summary>Highest sequence that a receipt names, 0 for none.</summary>
    public uint ReceivedThrough { get; internal set; }

    /// <summary>Highest sequence that a receipt says was seen, 0 for none.</summary>
    public uint SeenThrough { get; internal set; }

    internal long LastIndex { get; set; }
}

/// <summary>What was sent, received and seen.</summary>
public sealed class DeliveryProjection : IJournalProjection
{
    /// <summary>Most (session, stream) pairs remembered. At the bound the oldest without pending readings is forgotten; when there is none, the oldest: its readings would be sent again, never lost.</summary>
    public const int MaxKeys = 16_384;

    /// <summary>Most streams with totals; the one longest unused goes.</summary>
    public const int MaxStreams = DeduplicationProjection.MaxStreams;

    /// <summary>Most consumers with receipts remembered; the one whose session is oldest goes.</summary>
    public const int MaxConsumers = 256;

    private readonly SortedDictionary<DeliveryKey, DeliveryMarks> _marks = [];
    private readonly SortedDictionary<StreamKey, StreamTotals> _totals = [];
    private readonly SortedDictionary<(uint Session, string Consumer), SortedDictionary<StreamKey, ReceiptStream>> _receipts =
        new(Comparer<(uint Session, string Consumer)>.Create(static (a, b) =>
            a.Session != b.Session ? a.Session.CompareTo(b.Session) : string.CompareOrdinal(a.Consumer, b.Consumer)));

    private readonly SortedDictionary<uint, long> _pending = [];

    /// <inheritdoc/>
    public string Name => "delivery";

    /// <summary>Parses records, for all projections of one journal together.</summary>
    internal ReadingParser Parser { get; init; } = new();

    /// <summary>All (session, stream) pairs, in order.</summary>
    public IReadOnlyCollection<KeyValuePair<DeliveryKey, DeliveryMarks>> Marks => _marks;

    /// <summary>Sessions with readings to be sent, ascending, and how many.</summary>
    public IReadOnlyDictionary<uint, long> PendingBySession => _pending;

    /// <summary>One pair.</summary>
    /// <param name="key">Which.</param>
    /// <returns>How far it is, or null.</returns>
    public DeliveryMarks? Find(DeliveryKey key) => _marks.GetValueOrDefault(key);

    /// <summary>The newest session that readings of a stream were bound to.</summary>
    /// <param name="key">The stream.</param>
    /// <returns>The session's number, 0 when there is none.</returns>
    public uint LastSessionOf(StreamKey key)
    {
        uint session = 0;
        foreach (DeliveryKey known in _marks.Keys)
        {
            session = known.Stream == key ? Math.Max(session, known.Session) : session;
        }

        return session;
    }

    /// <summary>Totals of one stream.</summary>
    /// <param name="key">Which.</param>
    /// <returns>The totals, or null.</returns>
    public StreamTotals? Totals(StreamKey key) => _totals.GetValueOrDefault(key);

    /// <summary>What a consumer of a session has, by stream.</summary>
    /// <param name="session">The session's number.</param>
    /// <param name="consumer">The consumer's name.</param>
    /// <returns>Its newest receipt per stream, or null when there is none.</returns>
    public IReadOnlyDictionary<StreamKey, ReceiptStream>? Receipt(uint session, string consumer) => _receipts.GetValueOrDefault((session, consumer));

    /// <summary>Where sending has to begin: no reading of this session and class below it is to be sent.</summary>
    /// <param name="session">The session's number.</param>
    /// <param name="recordClass">The class.</param>
    /// <returns>The index; <see cref="long.MaxValue"/> when nothing is pending.</returns>
    public long FirstPending(uint session, RecordClass recordClass)
    {
        long first = long.MaxValue;
        foreach ((DeliveryKey key, DeliveryMarks marks) in _marks)
        {
            if (key.Session == session && marks.Class == recordClass && marks.Pending > 0)
            {
                first = Math.Min(first, Math.Max(marks.FirstIndex, marks.SettledIndex + 1));
            }
        }

        return first;
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _marks.Clear();
        _totals.Clear();
        _receipts.Clear();
        _pending.Clear();
    }

    /// <inheritdoc/>
    public void Apply(in JournalRecord record)
    {
        ReadOnlySpan<byte> payload = record.Payload.Span;
        switch ((JournalRecordType)record.Type)
        {
            case JournalRecordType.Frame when Parser.TryRead(record, out Reading reading):
                ApplyFrame(reading, record.Index);
                break;
            case JournalRecordType.SentMark:
                int count = SentMarkRecord.Count(payload);
                for (int i = 0; i < count; i++)
                {
                    ApplySent(SentMarkRecord.Entry(payload, i));
                }

                break;
            case JournalRecordType.StoreLoss when StoreLossRecord.TryDecode(payload, out StoreLossRecord loss):
                ApplyLoss(loss);
                break;
            case JournalRecordType.Receipt when ReceiptRecord.Decode(payload) is { } receipt:
                ApplyReceipt(receipt);
                break;
            default:
                break;
        }
    }

    /// <inheritdoc/>
    public byte[] Save()
    {
        ByteWriter writer = new(4096);
        writer.U8(1).U32((uint)_marks.Count);
        foreach ((DeliveryKey key, DeliveryMarks marks) in _marks)
        {
            writer.U32(key.Session).Key(key.Stream).U8((int)marks.Class).I64(marks.FirstIndex).I64(marks.LastIndex).I64(marks.SettledIndex)
                .U32(marks.SentThrough).I64(marks.Bound).I64(marks.Sent).I64(marks.Dropped);
        }

        writer.U32((uint)_totals.Count);
        foreach ((StreamKey key, StreamTotals totals) in _totals)
        {
            writer.Key(key).I64(totals.Unbound).I64(totals.Bound).I64(totals.Sent).I64(totals.Dropped).I64(totals.LastIndex)
                .U32(totals.SentThrough).U32(totals.ReceivedThrough).U32(totals.SeenThrough);
        }

        writer.U16(_receipts.Count);
        foreach (((uint session, string consumer), SortedDictionary<StreamKey, ReceiptStream> streams) in _receipts)
        {
            byte[] receipt = new ReceiptRecord(session, consumer, [.. streams.Values]).Encode();
            writer.U32((uint)receipt.Length).Bytes(receipt);
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
            uint session = reader.U32();
            DeliveryKey key = new(session, reader.Key());
            RecordClass recordClass = (RecordClass)reader.U8();
            DeliveryMarks marks = new(recordClass, reader.I64())
            {
                LastIndex = reader.I64(),
                SettledIndex = reader.I64(),
                SentThrough = reader.U32(),
                Bound = reader.I64(),
                Sent = reader.I64(),
                Dropped = reader.I64(),
            };
            _marks[key] = marks;
            AddPending(session, marks.Pending);
        }

        count = reader.U32();
        for (uint i = 0; i < count && !reader.Failed; i++)
        {
            StreamKey key = reader.Key();
            _totals[key] = new StreamTotals
            {
                Unbound = reader.I64(),
                Bound = reader.I64(),
                Sent = reader.I64(),
                Dropped = reader.I64(),
                LastIndex = reader.I64(),
                SentThrough = reader.U32(),
                ReceivedThrough = reader.U32(),
                SeenThrough = reader.U32(),
            };
        }

        int receipts = reader.U16();
        for (int i = 0; i < receipts && !reader.Failed; i++)
        {
            uint length = reader.U32();
            if (length > int.MaxValue || ReceiptRecord.Decode(reader.Take((int)length)) is not { } receipt)
            {
                return false;
            }

            SortedDictionary<StreamKey, ReceiptStream> streams = [];
            foreach (ReceiptStream stream in receipt.Streams)
            {
                streams[stream.Key] = stream;
            }

            _receipts[(receipt.Session, receipt.Consumer)] = streams;
        }

        return reader.AtEnd;
    }

    private void ApplyFrame(in Reading reading, long index)
    {
        StreamTotals totals = TotalsOf(reading.Key, index);
        if (reading.Session == 0)
        {
            totals.Unbound++;
            return;
        }

        totals.Bound++;
        DeliveryKey key = new(reading.Session, reading.Key);
        if (!_marks.TryGetValue(key, out DeliveryMarks? marks))
        {
            if (_marks.Count >= MaxKeys)
            {
                ForgetOldest();
            }

            marks = new DeliveryMarks(reading.Class, index);
            _marks.Add(key, marks);
        }

        marks.Bound++;
        marks.LastIndex = index;
        AddPending(reading.Session, 1);
    }

    private void ApplySent(SentEntry entry)
    {
        DeliveryKey key = new(entry.Session, entry.Key);
        if (!_marks.TryGetValue(key, out DeliveryMarks? marks) || entry.Index <= marks.SettledIndex)
        {
            return;
        }

        marks.SettledIndex = entry.Index;
        marks.SentThrough = Math.Max(marks.SentThrough, entry.Sequence);
        marks.Sent++;
        AddPending(entry.Session, -1);
        if (_totals.TryGetValue(entry.Key, out StreamTotals? totals))
        {
            totals.Sent++;
            totals.SentThrough = Math.Max(totals.SentThrough, entry.Sequence);
        }
    }

    private void ApplyLoss(StoreLossRecord loss)
    {
        DeliveryKey key = new(loss.Session, loss.Key);
        if (!_marks.TryGetValue(key, out DeliveryMarks? marks))
        {
            return;
        }

        long lost = Math.Max(0, Math.Min(loss.Count, marks.Pending));
        marks.Dropped += lost;
        marks.SettledIndex = Math.Max(marks.SettledIndex, loss.ThroughIndex);
        AddPending(loss.Session, -lost);
        if (_totals.TryGetValue(loss.Key, out StreamTotals? totals))
        {
            totals.Dropped += lost;
        }
    }

    private void ApplyReceipt(ReceiptRecord receipt)
    {
        if (!_receipts.TryGetValue((receipt.Session, receipt.Consumer), out SortedDictionary<StreamKey, ReceiptStream>? streams))
        {
            if (_receipts.Count >= MaxConsumers)
            {
                (uint, string) oldest = default;
                foreach ((uint, string) key in _receipts.Keys)
                {
                    oldest = key;
                    break;
                }

                _receipts.Remove(oldest);
            }

            streams = [];
            _receipts.Add((receipt.Session, receipt.Consumer), streams);
        }

        foreach (ReceiptStream stream in receipt.Streams)
        {
            if (streams.Count >= ReceiptRecord.MaxStreams && !streams.ContainsKey(stream.Key))
            {
                continue;
            }

            streams[stream.Key] = stream;
            if (_totals.TryGetValue(stream.Key, out StreamTotals? totals))
            {
                totals.ReceivedThrough = Math.Max(totals.ReceivedThrough, stream.Through);
                totals.SeenThrough = Math.Max(totals.SeenThrough, stream.Seen);
            }
        }
    }

    private void AddPending(uint session, long change)
    {
        long pending = _pending.GetValueOrDefault(session) + change;
        if (pending > 0)
        {
            _pending[session] = pending;
        }
        else
        {
            _pending.Remove(session);
        }
    }

    private StreamTotals TotalsOf(StreamKey key, long index)
    {
        if (!_totals.TryGetValue(key, out StreamTotals? totals))
        {
            if (_totals.Count >= MaxStreams)
            {
                StreamKey oldest = default;
                long least = long.MaxValue;
                foreach ((StreamKey other, StreamTotals candidate) in _totals)
                {
                    if (candidate.LastIndex < least)
                    {
                        least = candidate.LastIndex;
                        oldest = other;
                    }
                }

                _totals.Remove(oldest);
            }

            totals = new StreamTotals();
            _totals.Add(key, totals);
        }

        totals.LastIndex = index;
        return totals;
    }

    private void ForgetOldest()
    {
        DeliveryKey victim = default;
        bool found = false;
        foreach ((DeliveryKey key, DeliveryMarks marks) in _marks)
        {
            if (!found || marks.Pending == 0)
            {
                victim = key;
                found = true;
            }

            if (marks.Pending == 0)
            {
                break;
            }
        }

        AddPending(victim.Session, -_marks[victim].Pending);
        _marks.Remove(victim);
    }
}
