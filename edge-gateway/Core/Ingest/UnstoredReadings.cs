using System;
using System.Collections.Generic;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Time;
using Firmware.Protocol;

namespace EdgeGateway.Core.Ingest;

/// <summary>
/// Readings that a full disk keeps out while a session is open. Waveforms and sound would fill the reserve within minutes, and a pod that waits for their acknowledgement sends no vital
/// sign either: they are not stored, and that is declared.
/// </summary>
internal sealed class UnstoredReadings(OwnFrames own, GatewayClock clock)
{
    /// <summary>How often they are declared, µs. Their acknowledgement waits for that, so the period is short against a pod's window of messages.</summary>
    private const long PeriodUs = 250_000;

    private readonly SortedDictionary<DeliveryKey, SequenceRanges> _ranges = [];

    /// <summary>True when some are to be declared.</summary>
    public bool Any => _ranges.Count > 0;

    /// <summary>True when a stream has as many ranges as may be declared of one loss: they are to be declared now.</summary>
    public bool IsFull { get; private set; }

    /// <summary>When they are declared at the latest, monotonic µs; <see cref="long.MaxValue"/> for never.</summary>
    public long DueUs { get; private set; } = long.MaxValue;

    /// <summary>A reading is not stored.</summary>
    /// <param name="key">Session and stream.</param>
    /// <param name="sequence">Its number.</param>
    public void Add(DeliveryKey key, uint sequence)
    {
        if (!_ranges.TryGetValue(key, out SequenceRanges? ranges))
        {
            ranges = new SequenceRanges();
            _ranges.Add(key, ranges);
            DueUs = Math.Min(DueUs, clock.NowUs + PeriodUs);
        }

        ranges.Add(sequence, sequence);
        IsFull |= ranges.Ranges.Count >= DeclaredGap.MaxRanges;
    }

    /// <summary>Declares all of them. What finds no room stays, to be declared later.</summary>
    /// <returns>True when all are declared.</returns>
    public bool TryDeclare()
    {
        IsFull = false;
        foreach ((DeliveryKey key, SequenceRanges ranges) in _ranges)
        {
            while (ranges.Ranges.Count > 0)
            {
                SequenceRange range = ranges.Ranges[0];
                if (!own.TryGap(key.Stream, GapCause.JournalFull, GapBody.Readings, range, (uint)range.Count, 0, 0, key.Session))
                {
                    DueUs = clock.NowUs + PeriodUs;
                    return false;
                }

                ranges.RemoveLowest();
            }
        }

        _ranges.Clear();
        DueUs = long.MaxValue;
        return true;
    }
}
