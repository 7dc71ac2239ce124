using System;
using System.Collections.Generic;
using EdgeGateway.Core.Readings;
using Firmware.Protocol;

namespace EdgeGateway.Core.Ingest;

/// <summary>What one gap record says.</summary>
internal readonly record struct DeclaredGap(StreamKey Key, GapCause Cause, int Unit, uint First, uint Last, uint Count, long FirstUs, long LastUs)
{
    /// <summary>Most gap records per stream and session made of one loss. What is beyond is declared as one range that covers it, with the exact count.</summary>
    public const int MaxRanges = 16;

    private bool IsExact => (Unit & GapBody.AtLeast) == 0 && First != 0;

    private bool CountsReadings => (Unit & ~GapBody.AtLeast) == GapBody.Readings;

    public static DeclaredGap Read(byte[] body) => new(
        new StreamKey(GapBody.DeviceId(body, 0), GapBody.BootId(body, 0), GapBody.Stream(body, 0)),
        GapBody.Cause(body, 0),
        GapBody.Unit(body, 0),
        GapBody.First(body, 0),
        GapBody.Last(body, 0),
        GapBody.Count(body, 0),
        GapBody.FirstUs(body, 0),
        GapBody.LastUs(body, 0));

    /// <summary>Merges what follows on each other; of one stream, cause and unit at most so many stay, the closest are joined to a range that covers them.</summary>
    public static List<DeclaredGap> Merge(List<DeclaredGap> gaps, int most)
    {
        gaps.Sort(static (a, b) =>
        {
            int order = a.Key.CompareTo(b.Key);
            order = order != 0 ? order : a.Cause.CompareTo(b.Cause);
            order = order != 0 ? order : (a.Unit & ~GapBody.AtLeast).CompareTo(b.Unit & ~GapBody.AtLeast);
            order = order != 0 ? order : a.First.CompareTo(b.First);
            return order != 0 ? order : a.Last.CompareTo(b.Last);
        });
        List<DeclaredGap> merged = [];
        int begin = 0;
        foreach (DeclaredGap gap in gaps)
        {
            if (begin < merged.Count && !merged[begin].IsOfOneKindWith(gap))
            {
                Bound(merged, begin, most);
                begin = merged.Count;
            }

            if (merged.Count > begin && merged[^1].TryJoin(gap, out DeclaredGap joined))
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

    private static void Bound(List<DeclaredGap> merged, int begin, int most)
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

    private bool IsOfOneKindWith(DeclaredGap other) => Key == other.Key && Cause == other.Cause && (Unit & ~GapBody.AtLeast) == (other.Unit & ~GapBody.AtLeast);

    private bool TryJoin(DeclaredGap next, out DeclaredGap joined)
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

    private DeclaredGap Cover(DeclaredGap next) => this with
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
