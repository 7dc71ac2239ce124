using System;
using System.Collections.Generic;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Delivery;

/// <summary>
/// No wait without a bound: an unanswered reading first gives its place in the window to others, then it is sent again; sooner when a new subscriber came, or when the journal wants to
/// give up readings of its stream.
/// </summary>
internal sealed class AnswerTimeouts(DeliveryCursors cursors, DeliveryWindow window, StreamHolds holds, StreamIssues issues, GatewayClock clock, bool isEmbedded)
{
    /// <summary>With the embedded endpoint: an answer that has not come for so long stalls its stream and gives its place in the window to others, µs.</summary>
    public const long StallUs = 2_000_000;

    /// <summary>With the embedded endpoint: a reading that nobody acknowledged for so long is sent again, coded, µs.</summary>
    public const long UnansweredUs = 30_000_000;

    /// <summary>With an external broker: the same. Longer than the client's own bound, which ends the connection.</summary>
    public const long BrokerUnansweredUs = 60_000_000;

    /// <summary>So long a stream hands nothing over after the journal asked to give up readings of it while some were under way, µs. The journal asks each second.</summary>
    public const long YieldUs = 2_000_000;

    private readonly SortedSet<StreamDelivery> _yielding = new(StreamDelivery.ByKey);
    private long _subscriberAppearedUs = long.MinValue;

    /// <summary>When there is something to do next, the next probe included, monotonic µs; it may be in the past.</summary>
    public long NextUs(long nowUs)
    {
        long next = holds.NextUs(nowUs);
        next = window.OldestUnanswered is { } first ? Math.Min(next, first.PublishedUs + (isEmbedded ? StallUs : BrokerUnansweredUs)) : next;
        next = window.OldestStalled is { } stalled ? Math.Min(next, stalled.PublishedUs + UnansweredUs) : next;
        if (_yielding.Count > 0)
        {
            foreach (StreamDelivery stream in _yielding)
            {
                next = Math.Min(next, Math.Max(nowUs + 1, stream.YieldsUntilUs));
            }
        }

        return next;
    }

    /// <summary>Stalls, and sends again, what is unanswered for too long.</summary>
    public void CheckUnanswered(long nowUs)
    {
        if (!isEmbedded)
        {
            while (window.OldestUnanswered is { } slot && nowUs - slot.PublishedUs >= BrokerUnansweredUs)
            {
                TimedOut(slot.Stream, nowUs);
            }

            return;
        }

        while (window.OldestUnanswered is { } slot && nowUs - slot.PublishedUs >= StallUs)
        {
            window.Stall(slot);
            slot.Stream.Confirm(false);
        }

        WithdrawStalled(nowUs);
        while (window.OldestStalled is { } slot && nowUs - slot.PublishedUs >= UnansweredUs)
        {
            TimedOut(slot.Stream, nowUs);
        }
    }

    /// <summary>Somebody subscribed: streams without a subscriber are probed at once, and what nobody acknowledges is sent again.</summary>
    public void SubscriberAppeared(long nowUs)
    {
        _subscriberAppearedUs = nowUs;
        foreach (SessionDelivery state in cursors.Sessions.Values)
        {
            holds.ProbeAtOnce(state, nowUs);
        }

        WithdrawStalled(nowUs);
    }

    /// <summary>
    /// The journal wants to give up readings of a key. Which ones are lost is known only when nothing of it is under way, so it hands over nothing new until then.
    /// </summary>
    /// <returns>True while something is under way, or set aside and not declared.</returns>
    public bool AsksToDeclare(DeliveryKey key)
    {
        if (cursors.Find(key) is not { } stream || (stream.Unmarked.Count == 0 && stream.AsideCount == 0 && stream.Superseded == 0))
        {
            return false;
        }

        stream.YieldsUntilUs = clock.NowUs + YieldUs;
        stream.IsYielding = true;
        _yielding.Add(stream);
        return true;
    }

    /// <summary>What stalls in a stream that the journal waits for is waited for no longer. Streams that it has not asked about for a while go on.</summary>
    public void CheckYielding(long nowUs)
    {
        if (_yielding.Count == 0)
        {
            return;
        }

        foreach (StreamDelivery stream in new List<StreamDelivery>(_yielding))
        {
            if (nowUs >= stream.YieldsUntilUs)
            {
                EndYield(stream);
                cursors.CatchUp(stream);
            }
            else if (window.HasStalled(stream))
            {
                SendAgain(stream, nowUs);
            }
        }
    }

    /// <summary>A stream hands over readings as before.</summary>
    public void EndYield(StreamDelivery stream)
    {
        stream.IsYielding = false;
        _yielding.Remove(stream);
    }

    private static DeliveryItem? FirstUnanswered(StreamDelivery stream)
    {
        foreach (DeliverySlot slot in stream.Unmarked)
        {
            if (slot.State == SlotState.Published)
            {
                return slot.Item;
            }
        }

        return stream.Probe;
    }

    /// <summary>Sent before somebody subscribed, and unanswered by those who were there: he gets it at once.</summary>
    private void WithdrawStalled(long nowUs)
    {
        while (window.OldestStalled is { } slot && slot.PublishedUs <= _subscriberAppearedUs)
        {
            StreamDelivery stream = slot.Stream;
            SendAgain(stream, nowUs);
            holds.ProbeAtOnce(stream.Session, nowUs);
        }
    }

    private void TimedOut(StreamDelivery stream, long nowUs)
    {
        if (FirstUnanswered(stream) is { } reading)
        {
            issues.Raise(stream, FaultCodes.NobodyAcknowledges, issues.SessionOf(stream) + ": no acknowledgement of reading " + ReadingJson.Identity(reading.Reading.Head));
        }

        SendAgain(stream, nowUs);
    }

    /// <summary>Forgets what is unanswered of a stream; its first reading is sent again as a probe.</summary>
    private void SendAgain(StreamDelivery stream, long nowUs)
    {
        DeliveryItem? first = FirstUnanswered(stream);
        window.ForgetUnanswered(stream);
        holds.Hold(stream, first, 0, nowUs);
    }
}
