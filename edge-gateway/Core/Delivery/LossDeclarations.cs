using System;
using System.Collections.Generic;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Faults;
using EdgeGateway.Journal;
using Firmware.Protocol;

namespace EdgeGateway.Core.Delivery;

/// <summary>
/// Declares what the journal gives up before it was sent: which readings, by exact ranges as far as the bound allows. Gap records outlive everything else: one that the
/// journal gives up is appended again, merged with its neighbours, before it goes. Nothing is given up before its declaration is on the disk, and nothing of a
/// stream while readings of it are under way: their answers say what became of them, and the journal asks again.
/// </summary>
internal sealed class LossDeclarations
{
    private readonly DeduplicationProjection _deduplication;
    private readonly DeliveryProjection _delivery;
    private readonly JournalWriter _journal;
    private readonly OwnFrames _own;
    private readonly CodedLog _log;
    private readonly Func<DeliveryKey, bool> _isUnderWay;

    /// <summary>Makes it.</summary>
    /// <param name="deduplication">What was stored of each stream.</param>
    /// <param name="delivery">What is still to be sent.</param>
    /// <param name="journal">Where losses are noted, and whether it has room.</param>
    /// <param name="own">Makes the gap records.</param>
    /// <param name="log">The log.</param>
    /// <param name="isUnderWay">Whether any reading of a key is under way, or set aside and not declared; asking makes the key send nothing more for a while.</param>
    public LossDeclarations(
        DeduplicationProjection deduplication, DeliveryProjection delivery, JournalWriter journal, OwnFrames own, CodedLog log, Func<DeliveryKey, bool> isUnderWay)
    {
        _deduplication = deduplication;
        _delivery = delivery;
        _journal = journal;
        _own = own;
        _log = log;
        _isUnderWay = isUnderWay;
    }

    /// <summary>Records the journal is about to give up.</summary>
    /// <param name="loss">Which.</param>
    /// <param name="records">The records.</param>
    /// <returns>False when not all of it could be declared now: the journal asks again.</returns>
    public bool Lost(in JournalLoss loss, IReadOnlyList<JournalRecord> records)
    {
        GapCause cause = loss.Damaged ? GapCause.StoreDamaged : GapCause.JournalFull;
        SortedDictionary<DeliveryKey, Sum> sums = [];
        foreach (JournalRecord record in records)
        {
            if (!Reading.TryRead(record, out Reading reading) || reading.Session == 0)
            {
                continue;
            }

            DeliveryKey key = new(reading.Session, reading.Key);
            if (_delivery.Find(key) is not { } marks || record.Index <= marks.SettledIndex)
            {
                continue;
            }

            if (!sums.TryGetValue(key, out Sum? sum))
            {
                sum = new Sum();
                sums.Add(key, sum);
            }

            sum.Count++;
            sum.Index = record.Index;
            sum.Lost.Add(reading.Head.Sequence, reading.Head.Sequence);
            if (reading.IsGap)
            {
                sum.Carried.Add(DeclaredGap.Read(reading.Body.ToArray()));
            }
        }

        bool all = true;
        foreach ((DeliveryKey key, Sum sum) in sums)
        {
            all &= !_isUnderWay(key) && TryDeclare(key, sum, cause);
        }

        return all;
    }

    /// <summary>Readings of a session that are never going to be sent, because it is about to be forgotten.</summary>
    /// <param name="session">The session's number.</param>
    public void Abandon(uint session) => Abandon(session, withGaps: true);

    /// <summary>Readings of a session that are never going to be sent, because nobody fetched them in time. Gap records are sent whenever somebody comes.</summary>
    /// <param name="session">The session's number.</param>
    public void Expire(uint session) => Abandon(session, withGaps: false);

    private void Abandon(uint session, bool withGaps)
    {
        foreach ((DeliveryKey key, DeliveryMarks marks) in new List<KeyValuePair<DeliveryKey, DeliveryMarks>>(_delivery.Marks))
        {
            if (key.Session == session && marks.Pending > 0 && (withGaps || key.Stream.Stream != Streams.Gaps))
            {
                DeclareRest(key, marks, GapCause.JournalFull);
            }
        }
    }

    /// <summary>Everything of a key that is still to be sent is lost: which readings is known as a range that covers them.</summary>
    /// <param name="key">Session and stream.</param>
    /// <param name="marks">How far they are.</param>
    /// <param name="cause">Why.</param>
    public void DeclareRest(DeliveryKey key, DeliveryMarks marks, GapCause cause)
    {
        // A later reading may have been sent, so the lost ones may lie anywhere up to the newest that was stored.
        uint through = _deduplication.Find(key.Stream)?.StoredThrough ?? 0;
        uint first = marks.Pending == through ? 1 : marks.SettledIndex < marks.LastIndex ? marks.SentThrough + 1 : Math.Min(1, through);
        Sum sum = new() { Count = marks.Pending, Index = marks.LastIndex, Covering = first == 0 || first > through ? new SequenceRange(0, 0) : new SequenceRange(first, through) };
        TryDeclare(key, sum, cause);
    }

    private bool TryDeclare(DeliveryKey key, Sum sum, GapCause cause)
    {
        if (_delivery.Find(key) is not { } marks)
        {
            return true;
        }

        uint lost = (uint)Math.Clamp(Math.Min(sum.Count, marks.Pending), 0, uint.MaxValue);
        if (lost == 0)
        {
            return true;
        }

        List<DeclaredGap> gaps = DeclaredGap.Merge([.. sum.Carried, .. Own(key.Stream, sum, lost, cause)], DeclaredGap.MaxRanges);
        if (!HasRoom(gaps.Count))
        {
            gaps = DeclaredGap.Merge(gaps, 1);
        }

        if (!HasRoom(gaps.Count))
        {
            return false;
        }

        // The gap records first: were the power to go between the two, the readings would be declared once more, never not at all.
        foreach (DeclaredGap gap in gaps)
        {
            if (!_own.TryGap(gap.Key, gap.Cause, gap.Unit, new SequenceRange(gap.First, gap.Last), gap.Count, gap.FirstUs, gap.LastUs, key.Session))
            {
                return false;
            }
        }

        SequenceRange range = sum.Lost.Ranges.Count > 0 ? new SequenceRange(sum.Lost.Ranges[0].First, sum.Lost.Ranges[^1].Last) : sum.Covering;
        StoreLossRecord record = new(key.Session, key.Stream, range.First, range.Last, lost, sum.Index, cause);
        if (!_journal.TryAppend(JournalRecordType.StoreLoss, record.Encode(), out _))
        {
            return false;
        }

        string stream = ReadingJson.StreamText(key.Stream);
        _log.Write(
            FaultCodes.StoredReadingsLost,
            stream + ": " + Invariant.Text(lost) + " readings lost before they were sent, " + Invariant.Text(range.First) + " to " + Invariant.Text(range.Last),
            new HealthSubject(HealthSubjectKind.Stream, stream));
        return true;
    }

    /// <summary>True when the journal takes so many gap records and the loss itself now.</summary>
    public bool HasRoom(int gaps)
    {
        int overhead = _journal.RecordOverhead;
        int gap = overhead + FrameStamp.Length + Frame.Overhead + GapBody.Length;
        return _journal.RoomBytes >= (gaps * gap) + overhead + StoreLossRecord.Length;
    }

    private static IEnumerable<DeclaredGap> Own(StreamKey key, Sum sum, uint lost, GapCause cause)
    {
        if (sum.Lost.Ranges.Count == 0)
        {
            bool known = sum.Covering.First != 0;
            yield return new DeclaredGap(key, cause, GapBody.Readings | (known && sum.Covering.Count == lost ? 0 : GapBody.AtLeast), sum.Covering.First, sum.Covering.Last, lost, 0, 0);
            yield break;
        }

        foreach (SequenceRange range in sum.Lost.Ranges)
        {
            yield return new DeclaredGap(key, cause, GapBody.Readings, range.First, range.Last, (uint)range.Count, 0, 0);
        }
    }

    private sealed class Sum
    {
        public long Count { get; set; }

        public long Index { get; set; }

        public SequenceRanges Lost { get; } = new();

        public SequenceRange Covering { get; init; }

        public List<DeclaredGap> Carried { get; } = [];
    }
}
