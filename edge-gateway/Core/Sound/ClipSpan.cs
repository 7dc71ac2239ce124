using System;
using System.Collections.Generic;

namespace EdgeGateway.Core.Sound;

/// <summary>One frame of a clip: which, where its samples begin, how many.</summary>
/// <param name="Sequence">Its number in the stream.</param>
/// <param name="Index">Its place in the journal.</param>
/// <param name="FirstUs">Time of its first sample, device µs.</param>
/// <param name="Count">How many samples it holds.</param>
public readonly record struct ClipFrame(uint Sequence, long Index, long FirstUs, int Count);

/// <summary>A stretch of a clip without samples.</summary>
/// <param name="FirstSample">First sample missing, from the clip's beginning.</param>
/// <param name="Count">How many.</param>
public readonly record struct ClipGap(int FirstSample, int Count);

/// <summary>
/// Lays a clip's frames out: which sample of which frame stands where. Frames that follow one another in number and time are joined sample to sample, since the
/// converter's clock and the device's differ by a little; anything else is laid by its time, and what stays empty is a sequence gap. Pure.
/// </summary>
public sealed class ClipSpan
{
    /// <summary>Frames joined although their times differ by up to this much, µs.</summary>
    public const long JoinUs = LiveSound.TimeStepUs;

    private readonly List<(ClipFrame Frame, int At, int Skip, int Take)> _chunks = [];
    private readonly List<ClipGap> _sequenceGaps = [];

    private ClipSpan(int rateHz, int length)
    {
        RateHz = rateHz;
        Length = length;
    }

    /// <summary>Samples per second.</summary>
    public int RateHz { get; }

    /// <summary>Samples of the whole clip.</summary>
    public int Length { get; }

    /// <summary>Samples that are there.</summary>
    public int Filled { get; private set; }

    /// <summary>What is missing, in order.</summary>
    public IReadOnlyList<ClipGap> SequenceGaps => _sequenceGaps;

    /// <summary>True when every sample is there.</summary>
    public bool IsWhole => Length > 0 && Filled == Length;

    /// <summary>The chunks: frame, first place in the clip, samples of the frame to skip, samples to take.</summary>
    public IReadOnlyList<(ClipFrame Frame, int At, int Skip, int Take)> Chunks => _chunks;

    /// <summary>Lays out.</summary>
    /// <param name="firstUs">Where the clip begins, device µs.</param>
    /// <param name="endUs">Where it ends, device µs.</param>
    /// <param name="rateHz">Samples per second.</param>
    /// <param name="frames">Frames in the order of their numbers, each once; ones outside the span do no harm.</param>
    /// <returns>The span.</returns>
    public static ClipSpan Lay(long firstUs, long endUs, int rateHz, IEnumerable<ClipFrame> frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ClipSpan span = new(rateHz, (int)Math.Max(0, (endUs - firstUs) * rateHz / 1_000_000));
        long next = 0; // where the frame before ended, in samples from the clip's beginning
        long nextUs = 0;
        uint sequence = 0;
        int filledTo = 0;
        foreach (ClipFrame frame in frames)
        {
            bool joined = sequence != 0 && frame.Sequence == sequence + 1 && Math.Abs(frame.FirstUs - nextUs) <= JoinUs;
            long at = joined ? next : FloorDiv((frame.FirstUs - firstUs) * rateHz, 1_000_000);
            next = at + frame.Count;
            nextUs = frame.FirstUs + ((long)frame.Count * 1_000_000 / rateHz);
            sequence = frame.Sequence;
            int skip = (int)Math.Clamp(filledTo - at, 0, frame.Count);
            int take = (int)Math.Min(frame.Count - skip, span.Length - (at + skip));
            if (take <= 0)
            {
                continue;
            }

            int place = (int)(at + skip);
            if (place > filledTo)
            {
                span._sequenceGaps.Add(new ClipGap(filledTo, place - filledTo));
            }

            span._chunks.Add((frame, place, skip, take));
            span.Filled += take;
            filledTo = place + take;
        }

        if (filledTo < span.Length)
        {
            span._sequenceGaps.Add(new ClipGap(filledTo, span.Length - filledTo));
        }

        return span;
    }

    private static long FloorDiv(long value, long by) => value >= 0 ? value / by : -((-value + by - 1) / by);
}
