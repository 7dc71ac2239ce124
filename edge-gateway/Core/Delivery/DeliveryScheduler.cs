using System;
using System.Collections.Generic;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Delivery;

/// <summary>
/// Decides what goes next. Classes go in the order of their worth; within a class the open session goes before closed ones, and within a session probes before parked readings, these
/// before the live tail, and the live tail before the backlog. The order within a stream comes first.
/// </summary>
internal sealed class DeliveryScheduler(
    SessionProjection sessions, DeliveryCursors cursors, DeliveryWindow window, StreamHolds holds, StreamIssues issues, ReadingPublisher publisher, LossReconciliation reconciliation, Func<int, int> maxBackground)
{
    /// <summary>Closed sessions whose backlog is worked on at the same time.</summary>
    private const int MaxBacklogSessions = 4;

    /// <summary>How often what is pending is compared with what the journal has, µs.</summary>
    private const long ReconcilePeriodUs = 250_000;

    /// <summary>The classes by their worth: vital signs with absences and gaps, events, sound, waves.</summary>
    public static ReadOnlySpan<RecordClass> Order => [RecordClass.Vital, RecordClass.Event, RecordClass.Sound, RecordClass.Wave];

    /// <summary>Hands over what may be sent now, until the window or the link is full.</summary>
    public void Send(long nowUs)
    {
        publisher.Retry();
        while (window.HasRoom && !publisher.IsLinkFull && TrySendOne(nowUs))
        {
        }
    }

    private static bool IsBackground(RecordClass recordClass) => recordClass is RecordClass.Sound or RecordClass.Wave;

    private static bool Taken(DeliveryCursor cursor)
    {
        cursor.Take();
        return true;
    }

    private bool TrySendOne(long nowUs)
    {
        uint open = sessions.Open?.Number ?? 0;
        bool isThrottled = window.BackgroundInFlight >= maxBackground(window.Background.Size);
        foreach (RecordClass recordClass in Order)
        {
            if (isThrottled && IsBackground(recordClass))
            {
                continue;
            }

            if (open != 0 && cursors.Sessions.TryGetValue(open, out SessionDelivery? live) && TrySendFrom(live, recordClass, nowUs))
            {
                return true;
            }

            int backlogs = 0;
            for (int i = 0; i < cursors.Sessions.Count; i++)
            {
                SessionDelivery state = cursors.Sessions.GetValueAtIndex(i);
                if (publisher.IsLinkFull)
                {
                    return false;
                }

                if (state.Number == open || backlogs >= MaxBacklogSessions || !cursors.IsPending(state.Number))
                {
                    continue;
                }

                // Sessions nobody listens to do not keep the others waiting.
                backlogs += state.HasNoSubscriber ? 0 : 1;
                if (TrySendFrom(state, recordClass, nowUs))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private bool TrySendFrom(SessionDelivery state, RecordClass recordClass, long nowUs)
    {
        DeliveryQueue queue = state.Queues[(int)recordClass];
        if (TryProbe(state, queue, nowUs) || publisher.IsLinkFull || TryParked(state, queue, nowUs) || publisher.IsLinkFull)
        {
            return !publisher.IsLinkFull;
        }

        if (queue.LiveTail is { } tail && (tail.IsBroken || queue.Scan.IsCaughtUp))
        {
            queue.LiveTail = null;
        }

        return (queue.LiveTail is not null && TryLiveTail(state, queue, queue.LiveTail, recordClass, nowUs))
            || (!publisher.IsLinkFull && TryScan(state, queue, recordClass, nowUs));
    }

    private bool TryProbe(SessionDelivery state, DeliveryQueue queue, long nowUs)
    {
        if (queue.Held.Count == 0 || queue.Held.Min.DueUs > nowUs)
        {
            return false;
        }

        foreach ((long dueUs, StreamKey key) in new List<(long DueUs, StreamKey Key)>(queue.Held))
        {
            if (dueUs > nowUs)
            {
                break;
            }

            StreamDelivery stream = state.Streams[key];
            if (stream.Superseded > 0 || stream.IsYielding)
            {
                continue;
            }

            if (stream.Probe is { } item && item.Index > stream.Published && item.Index > cursors.SettledIndex(stream))
            {
                if (!publisher.TryPublish(stream, item, nowUs))
                {
                    return false;
                }

                // Held as before until the answer: only then is it known whether its others may follow.
                queue.Held.Remove((dueUs, key));
                return true;
            }

            // Its first reading has to be read first, or is gone.
            holds.Unhold(stream);
            issues.ReportSubscribers(state);
            cursors.CatchUp(stream);
        }

        return false;
    }

    private bool TryParked(SessionDelivery state, DeliveryQueue queue, long nowUs)
    {
        if (queue.Parked.Count == 0)
        {
            return false;
        }

        foreach (StreamKey key in queue.Parked)
        {
            StreamDelivery stream = state.Streams[key];
            if (!stream.CanSend)
            {
                continue;
            }

            DeliveryItem item = stream.Parked.Peek();
            if (!cursors.IsStored(item.Index))
            {
                continue;
            }

            if (item.Index > cursors.SettledIndex(stream) && !publisher.TryPublish(stream, item, nowUs))
            {
                return false;
            }

            cursors.Unpark(queue, stream);
            return true;
        }

        return false;
    }

    private bool TryLiveTail(SessionDelivery state, DeliveryQueue queue, DeliveryCursor tail, RecordClass recordClass, long nowUs)
    {
        while (tail.TryPeek(out DeliveryItem item) && cursors.IsStored(item.Index))
        {
            StreamDelivery stream = cursors.StreamOf(state, item.Key, recordClass);
            if (item.Index <= cursors.SkipThrough(stream))
            {
                tail.Take();
            }
            else if (stream.IsBehind || cursors.SkipThrough(stream) < stream.HighWaterMark)
            {
                // Its stream has a backlog: the order of a stream comes first.
                stream.HighWaterMark = item.Index;
                tail.Take();
            }
            else if (!stream.CanSend)
            {
                if (!cursors.TryPark(queue, stream, item))
                {
                    stream.HighWaterMark = item.Index;
                }

                tail.Take();
            }
            else
            {
                return publisher.TryPublish(stream, item, nowUs) && Taken(tail);
            }
        }

        return false;
    }

    private bool TryScan(SessionDelivery state, DeliveryQueue queue, RecordClass recordClass, long nowUs)
    {
        DeliveryCursor scan = queue.Scan;
        while (scan.TryPeek(out DeliveryItem item))
        {
            StreamDelivery stream = cursors.StreamOf(state, item.Key, recordClass);
            if (item.Index <= cursors.SkipThrough(stream))
            {
                scan.Take();
            }
            else if (stream.IsBehind || (!stream.CanSend && !cursors.TryPark(queue, stream, item)))
            {
                // It is read again from its own position when somebody takes its stream.
                stream.IsBehind = true;
                scan.Take();
            }
            else if (stream.Through == item.Index)
            {
                scan.Take(); // parked
            }
            else
            {
                return cursors.IsStored(item.Index) && publisher.TryPublish(stream, item, nowUs) && Taken(scan);
            }
        }

        if (!scan.IsCaughtUp)
        {
            cursors.ReadAhead(state, queue, recordClass);
        }
        else if (nowUs >= queue.ReconcileUs)
        {
            queue.ReconcileUs = nowUs + ReconcilePeriodUs;
            reconciliation.Check(state, recordClass);
        }

        return false;
    }

}
