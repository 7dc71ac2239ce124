using System;
using System.Collections.Generic;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Faults;
using EdgeGateway.Journal;
using Firmware.Protocol;

namespace EdgeGateway.Core.Ingest;

/// <summary>
/// Declares what the journal gives up before it was sent: which readings, by exact ranges as far as the bound allows. Gap records outlive everything else: one that the
/// journal gives up is appended again, merged with its neighbours, before it goes. Nothing is given up before its declaration is on the disk, and nothing of a
/// stream while readings of it are under way: their answers say what became of them, and the journal asks again.
/// </summary>
internal sealed class LossDeclarations
{
    /// <summary>Most gap records per stream and session made of one loss. What is beyond is declared as one range that covers it, with the exact count.</summary>
    public const int MaxRanges = 16;

    private readonly GatewayContext _context;
    private readonly Func<DeliveryKey, bool> _isUnderWay;

    /// <summary>Makes it.</summary>
    /// <param name="context">The gateway.</param>
    /// <param name="isUnderWay">Whether any reading of a key is under way, or set aside and not declared; asking makes the key send nothing more for a while.</param>
    public LossDeclarations(GatewayContext context, Func<DeliveryKey, bool> isUnderWay)
    {
        _context = context;
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
            if (_context.Delivery.Find(key) is not { } marks || record.Index <= marks.SettledIndex)
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
                sum.Carried.Add(Gap.Read(reading.Body.ToArray()));
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
    public void Abandon(uint session)
    {
        foreach ((DeliveryKey key, DeliveryMarks marks) in new List<KeyValuePair<DeliveryKey, DeliveryMarks>>(_context.Delivery.Marks))
        {
            if (key.Session == session && marks.Pending > 0)
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
        uint through = _context.Deduplication.Find(key.Stream)?.StoredThrough ?? 0;
        uint first = marks.Pending == through ? 1 : marks.SettledIndex < marks.LastIndex ? marks.SentThrough + 1 : Math.Min(1, through);
        Sum sum = new() { Count = marks.Pending, Index = marks.LastIndex, Covering = first == 0 || first > through ? new SequenceRange(0, 0) : new SequenceRange(first, through) };
        TryDeclare(key, sum, cause);
    }

    private bool TryDeclare(DeliveryKey key, Sum sum, GapCause cause)
    {
        if (_context.Delivery.Find(key) is not { } marks)
        {
            return true;
        }

        uint lost = (uint)Math.Clamp(Math.Min(sum.Count, marks.Pending), 0, uint.MaxValue);
        if (lost == 0)
        {
            return true;
        }

        List<Gap> gaps = Gap.Merge([.. sum.Carried, .. Own(key.Stream, sum, lost, cause)], MaxRanges);
        if (!HasRoom(gaps.Count))
        {
            gaps = Gap.Merge(gaps, 1);
        }

        if (!HasRoom(gaps.Count))
        {
            return false;
        }

        // The gap records first: were the power to go between the two, the readings would be declared once more, never not at all.
        foreach (Gap gap in gaps)
        {
            if (!_context.TryGap(gap.Key, gap.Cause, gap.Unit, new SequenceRange(gap.First, gap.Last), gap.Count, gap.FirstUs, gap.LastUs, key.Session))
            {
                return false;
            }
        }

        SequenceRange range = sum.Lost.Ranges.Count > 0 ? new SequenceRange(sum.Lost.Ranges[0].First, sum.Lost.Ranges[^1].Last) : sum.Covering;
        StoreLossRecord record = new(key.Session, key.Stream, range.First, range.Last, lost, sum.Index, cause);
        if (!_context.TryAppend(JournalRecordType.StoreLoss, record.Encode(), out _))
        {
            return false;
        }

        _context.Log(FaultCodes.StoredReadingsLost, ReadingJson.StreamText(key.Stream) + ": " + GatewayContext.Text(lost) + " readings lost before they were sent, "
            + GatewayContext.Text(range.First) + " to " + GatewayContext.Text(range.Last));
        return true;
    }

    /// <summary>True when the journal takes so many gap records and the loss itself now.</summary>
    public bool HasRoom(int gaps)
    {
        int overhead = _context.Journal.RecordOverhead;
        int gap = overhead + FrameStamp.Length + Frame.Overhead + GapBody.Length;
        return _context.Journal.RoomBytes >= (gaps * gap) + overhead + StoreLossRecord.Length;
    }

    private static IEnumerable<Gap> Own(StreamKey key, Sum sum, uint lost, GapCause cause)
    {
        if (sum.Lost.Ranges.Count == 0)
        {
            bool known = sum.Covering.First != 0;
            yield return new Gap(key, cause, GapBody.Readings | (known && sum.Covering.Count == lost ? 0 : GapBody.AtLeast), sum.Covering.First, sum.Covering.Last, lost, 0, 0);
            yield break;
        }

        foreach (SequenceRange range in sum.Lost.Ranges)
        {
            yield return new Gap(key, cause, GapBody.Readings, range.First, range.Last, (uint)range.Count, 0, 0);
        }
    }

    private sealed class Sum
    {
        public long Count { get; set; }

        public long Index { get; set; }

        public SequenceRanges Lost { get; } = new();

        public SequenceRange Covering { get; init; }

        public List<Gap> Carried { get; } = [];
    }

    /// <summary>What one gap record says.</summary>
    internal readonly record struct Gap(StreamKey Key, GapCause Cause, int Unit, uint First, uint Last, uint Count, long FirstUs, long LastUs)
    {
        private bool IsExact => (Unit & GapBody.AtLeast) == 0 && First != 0;

        private bool CountsReadings => (Unit & ~GapBody.AtLeast) == GapBody.Readings;

        public static Gap Read(byte[] body) => new(
            new StreamKey(GapBody.DeviceId(body, 0), GapBody.BootId(body, 0), GapBody.Stream(body, 0)),
            GapBody.Cause(body, 0),
            GapBody.Unit(body, 0),
            GapBody.First(body, 0),
            GapBody.Last(body, 0),
            GapBody.Count(body, 0),
            GapBody.FirstUs(body, 0),
            GapBody.LastUs(body, 0));

        /// <summary>Merges what follows on each other; of one stream, cause and unit at most so many stay, the closest are joined to a range that covers them.</summary>
        public static List<Gap> Merge(List<Gap> gaps, int most)
        {
            gaps.Sort(static (a, b) =>
            {
                int order = a.Key.CompareTo(b.Key);
                order = order != 0 ? order : a.Cause.CompareTo(b.Cause);
                order = order != 0 ? order : (a.Unit & ~GapBody.AtLeast).CompareTo(b.Unit & ~GapBody.AtLeast);
                order = order != 0 ? order : a.First.CompareTo(b.First);
                return order != 0 ? order : a.Last.CompareTo(b.Last);
            });
            List<Gap> merged = [];
            int begin = 0;
            foreach (Gap gap in gaps)
            {
                if (begin < merged.Count && !merged[begin].IsOfOneKindWith(gap))
                {
                    Bound(merged, begin, most);
                    begin = merged.Count;
                }

                if (merged.Count > begin && merged[^1].TryJoin(gap, out Gap joined))
                {
                    merged[^1] = joined;
                }
                else
                {
                    merged.Add(gap);
                }
            }

            Bound(merged, begin, most);
            return merged;
        }

        private static void Bound(List<Gap> merged, int begin, int most)
        {
            while (merged.Count - begin > most)
            {
                int closest = begin;
                for (int i = begin; i + 1 < merged.Count; i++)
                {
                    closest = merged[i + 1].First - merged[i].Last < merged[closest + 1].First - merged[closest].Last ? i : closest;
                }

                merged[closest] = merged[closest].Cover(merged[closest + 1]);
                merged.RemoveAt(closest + 1);
            }
        }

        private bool IsOfOneKindWith(Gap other) => Key == other.Key && Cause == other.Cause && (Unit & ~GapBody.AtLeast) == (other.Unit & ~GapBody.AtLeast);

        private bool TryJoin(Gap next, out Gap joined)
        {
            joined = this;
            if (First == 0 && next.First == 0)
            {
                joined = Cover(next);
                return true;
            }

            // A gap of samples counts samples, so only its count says how much; a gap of readings is as large as its range.
            if (First == 0 || !CountsReadings || !IsExact || !next.IsExact || (ulong)next.First > (ulong)Last + 1)
            {
                return false;
            }

            uint last = Math.Max(Last, next.Last);
            joined = this with { Last = last, Count = last - First + 1, FirstUs = Earlier(FirstUs, next.FirstUs), LastUs = Math.Max(LastUs, next.LastUs) };
            return true;
        }

        private Gap Cover(Gap next) => this with
        {
            Unit = Unit | GapBody.AtLeast,
            First = First == 0 ? next.First : next.First == 0 ? First : Math.Min(First, next.First),
            Last = Math.Max(Last, next.Last),
            Count = (uint)Math.Min((ulong)Count + next.Count, uint.MaxValue),
            FirstUs = Earlier(FirstUs, next.FirstUs),
            LastUs = Math.Max(LastUs, next.LastUs),
        };

        private static long Earlier(long a, long b) => a == 0 ? b : b == 0 ? a : Math.Min(a, b);
    }
}
