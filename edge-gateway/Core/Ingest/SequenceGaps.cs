using System;
using System.Collections.Generic;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Faults;
using Firmware.Protocol;

namespace EdgeGateway.Core.Ingest;

/// <summary>Declares as lost what is missing between the numbers of a stream, when the pod could have sent it for long enough and did not.</summary>
/// <param name="deduplication">What is missing.</param>
/// <param name="pods">Which pods could have sent it.</param>
/// <param name="own">Makes the gap records.</param>
/// <param name="issues">Sent of each.</param>
/// <param name="options">How long is long enough.</param>
internal sealed class SequenceGaps(DeduplicationProjection deduplication, Pods pods, OwnFrames own, HealthIssues issues, GatewayOptions options) : IGatewayPart
{
    /// <summary>Above this many in one stream the lowest is declared lost at once, before the projection's own bound.</summary>
    private const int MaxSequenceGaps = StreamMarks.MaxMissingRanges - 8;

    /// <summary>How often they are looked at, µs.</summary>
    private const long PeriodUs = 1_000_000;

    private readonly SortedDictionary<StreamKey, (uint First, long SinceUs)> _sequenceGaps = [];
    private readonly List<StreamKey> _overflowing = [];
    private long _nextUs;

    /// <inheritdoc/>
    public bool StepsWhileStopping => true;

    /// <summary>A frame was stored: it tells which boot its pod is in, and may leave more missing than is kept account of.</summary>
    /// <param name="head">Its head.</param>
    public void Stored(in FrameHead head)
    {
        Pod pod = pods.Of(head.DeviceId);
        if ((head.Flags & FrameFlags.FromStorage) == 0)
        {
            pod.BootId = head.BootId;
        }

        if (deduplication.Find(head.Key) is { } marks && marks.Missing.Ranges.Count > MaxSequenceGaps)
        {
            DeclareLowest(marks);
        }
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        if (nowUs < _nextUs)
        {
            return _nextUs;
        }

        _nextUs = nowUs + PeriodUs;
        _overflowing.Clear();
        foreach (StreamMarks marks in deduplication.Streams)
        {
            if (marks.Missing.Total == 0)
            {
                _sequenceGaps.Remove(marks.Key);
                continue;
            }

            Pod? pod = pods.Find(marks.Key.DeviceId);
            bool otherBoot = pod is not null && pod.BootId != 0 && pod.BootId != marks.Key.BootId;
            uint first = marks.Missing.Ranges[0].First;
            if (!_sequenceGaps.TryGetValue(marks.Key, out (uint First, long SinceUs) gap) || gap.First != first
                || (!otherBoot && pod is not { IsConnected: true }))
            {
                // A pod that is away may still bring it: the clock runs only while it could have.
                _sequenceGaps[marks.Key] = (first, nowUs);
                continue;
            }

            if (nowUs - gap.SinceUs >= (otherBoot ? options.UnexplainedOtherBootUs : options.UnexplainedUs))
            {
                _overflowing.Add(marks.Key);
            }
        }

        foreach (StreamKey key in _overflowing)
        {
            if (deduplication.Find(key) is { } marks)
            {
                DeclareLowest(marks);
            }
        }

        return _nextUs;
    }

    private void DeclareLowest(StreamMarks marks)
    {
        SequenceRange range = marks.Missing.Ranges[0];
        uint count = (uint)Math.Min(range.Count, uint.MaxValue);
        issues.Raise(
            FaultCodes.UndeclaredGap, HealthSubject.Pod(marks.Key.DeviceId), ReadingJson.StreamText(marks.Key) + ": " + Invariant.Text(range.First) + " to " + Invariant.Text(range.Last));
        own.Gap(marks.Key, GapCause.Unexplained, GapBody.Readings, range, count, marks.LastSession);
    }
}
