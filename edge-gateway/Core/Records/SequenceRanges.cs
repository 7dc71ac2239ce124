using System;
using System.Collections.Generic;

namespace EdgeGateway.Core.Records;

/// <summary>Sequence numbers from first to last, both included.</summary>
/// <param name="First">First, from 1.</param>
/// <param name="Last">Last, not below First.</param>
public readonly record struct SequenceRange(uint First, uint Last)
{
    /// <summary>How many numbers.</summary>
    public long Count => (long)Last - First + 1;
}

/// <summary>A set of sequence numbers as ascending ranges that neither touch nor overlap.</summary>
public sealed class SequenceRanges
{
    private readonly List<SequenceRange> _ranges = [];

    /// <summary>The ranges, ascending.</summary>
    public IReadOnlyList<SequenceRange> Ranges => _ranges;

    /// <summary>How many numbers are in the set.</summary>
    public long Total { get; private set; }

    /// <summary>True when a number is in the set.</summary>
    /// <param name="value">The number.</param>
    /// <returns>True when it is.</returns>
    public bool Contains(uint value)
    {
        int at = FirstEndingAtOrAfter(value);
        return at < _ranges.Count && _ranges[at].First <= value;
    }

    /// <summary>Adds a range.</summary>
    /// <param name="first">First number.</param>
    /// <param name="last">Last number; nothing happens when it is below first.</param>
    /// <returns>How many numbers are new in the set.</returns>
    public long Add(uint first, uint last)
    {
        if (last < first)
        {
            return 0;
        }

        long before = Total;
        uint low = first;
        uint high = last;
        int at = FirstEndingAtOrAfter(first == 0 ? 0 : first - 1);
        while (at < _ranges.Count && (_ranges[at].First <= last || (last != uint.MaxValue && _ranges[at].First == last + 1)))
        {
            low = Math.Min(low, _ranges[at].First);
            high = Math.Max(high, _ranges[at].Last);
            Total -= _ranges[at].Count;
            _ranges.RemoveAt(at);
        }

        SequenceRange merged = new(low, high);
        _ranges.Insert(at, merged);
        Total += merged.Count;
        return Total - before;
    }

    /// <summary>Takes a range out.</summary>
    /// <param name="first">First number.</param>
    /// <param name="last">Last number; nothing happens when it is below first.</param>
    /// <returns>How many numbers were in the set.</returns>
    public long Remove(uint first, uint last)
    {
        if (last < first)
        {
            return 0;
        }

        long before = Total;
        int at = FirstEndingAtOrAfter(first);
        while (at < _ranges.Count && _ranges[at].First <= last)
        {
            SequenceRange old = _ranges[at];
            Total -= old.Count;
            _ranges.RemoveAt(at);
            if (old.First < first)
            {
                SequenceRange left = new(old.First, first - 1);
                _ranges.Insert(at++, left);
                Total += left.Count;
            }

            if (old.Last > last)
            {
                SequenceRange right = new(last + 1, old.Last);
                _ranges.Insert(at++, right);
                Total += right.Count;
            }
        }

        return before - Total;
    }

    /// <summary>Takes the lowest range out.</summary>
    /// <returns>The range.</returns>
    public SequenceRange RemoveLowest()
    {
        SequenceRange lowest = _ranges[0];
        _ranges.RemoveAt(0);
        Total -= lowest.Count;
        return lowest;
    }

    internal void Save(ByteWriter writer)
    {
        writer.U16(_ranges.Count);
        foreach (SequenceRange range in _ranges)
        {
            writer.U32(range.First).U32(range.Last);
        }
    }

    internal static SequenceRanges Load(ref ByteReader reader)
    {
        SequenceRanges set = new();
        int count = reader.U16();
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            uint first = reader.U32();
            set.Add(first, reader.U32());
        }

        return set;
    }

    private int FirstEndingAtOrAfter(uint value)
    {
        int low = 0;
        int high = _ranges.Count;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (_ranges[middle].Last < value)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
