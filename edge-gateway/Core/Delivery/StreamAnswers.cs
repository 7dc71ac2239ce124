using EdgeGateway.Core.Health;
using EdgeGateway.Core.Readings;
using Firmware.Protocol;

namespace EdgeGateway.Core.Delivery;

/// <summary>
/// What a broker's or subscriber's answer means for the stream of the reading: it goes on, it is held, or the reading is set aside and declared. An answer about one stream says nothing
/// of another. A connection that ends counts as an answer to its oldest unanswered reading.
/// </summary>
internal sealed class StreamAnswers(
    DeliveryCursors cursors, DeliveryWindow window, SentMarks marks, StreamHolds holds, StreamIssues issues, CodedLog log, ulong gatewayId)
{
    private long _acknowledgedSinceUp;

    /// <summary>Acknowledgements since the start.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Answers "no matching subscribers" since the start.</summary>
    public long NoSubscriber { get; private set; }

    /// <summary>The link is up after having been down: nothing is known of it.</summary>
    public void LinkUp()
    {
        window.Background.Reset();
        _acknowledgedSinceUp = 0;
    }

    /// <summary>Works on the answers that were noted down.</summary>
    public void Drain(long nowUs)
    {
        for (int i = 0; i < window.SettledCount; i++)
        {
            if (!window.TryTakeSettled(i, out DeliverySlot? slot, out byte reason))
            {
                continue;
            }

            StreamDelivery stream = slot.Stream;
            if (slot.State == SlotState.Superseded)
            {
                stream.Superseded--;
                window.Vacate(slot);
                cursors.CatchUp(stream);
            }
            else if (reason < 0x80 && reason != DeliveryRefusal.NoSubscribers)
            {
                stream.InFlight--;
                Acknowledged++;
                _acknowledgedSinceUp++;
                if (slot.IsBackground)
                {
                    window.Background.Acknowledged(nowUs - slot.PublishedUs, slot.WasFull, nowUs);
                }

                slot.State = SlotState.Acknowledged;
                marks.Add(stream);
                if (!stream.HasProbeToSend)
                {
                    Accepted(stream, nowUs);
                }
            }
            else
            {
                stream.InFlight--;
                Refused(slot, reason, nowUs);
            }
        }

        window.ClearSettled();
    }

    /// <summary>
    /// The stream whose reading is the oldest unanswered one when the connection is lost; it counts one loss more. Null for none. Source: MQTT 5.0, 4.6: a broker works on publications in order.
    /// </summary>
    /// <param name="item">The reading.</param>
    public StreamDelivery? Suspect(out DeliveryItem item)
    {
        if (window.OldestPublished() is not { } slot)
        {
            item = default;
            return null;
        }

        StreamDelivery stream = slot.Stream;
        bool again = stream.SuspectIndex == slot.Item.Index;

        // The last step needs a proof that the link works: others were acknowledged on this connection.
        bool counts = _acknowledgedSinceUp > 0 || stream.SuspectLosses < DeliveryRefusal.MaxConnectionLosses - 1;
        stream.SuspectLosses = again ? stream.SuspectLosses + (counts ? 1 : 0) : 1;
        stream.SuspectIndex = slot.Item.Index;
        item = slot.Item;
        return stream;
    }

    /// <summary>Some brokers answer a denied publication by ending the connection. The reading at which it always ends is kept back, so that the others prove the link; then it is set aside.</summary>
    public void Accuse(StreamDelivery stream, in DeliveryItem item, long nowUs)
    {
        if (stream.SuspectLosses >= DeliveryRefusal.MaxConnectionLosses)
        {
            const byte Reason = DeliveryRefusal.ConnectionEnded;
            issues.Raise(stream, DeliveryRefusal.CodeOf(Reason), DeliveryRefusal.Text(Reason) + " " + Invariant.Text(stream.SuspectLosses) + " times at reading " + ReadingJson.Identity(item.Reading.Head));
            stream.SuspectLosses = 0;
            if (item.Reading.Head.Kind != FrameKind.Gap)
            {
                DeliverySlot slot = window.NewSlot(stream, item, nowUs);
                window.Enter(slot);
                stream.InFlight--;
                window.Answered(slot);
                SetAside(slot, Reason);
                return;
            }
        }

        if (stream.SuspectLosses >= DeliveryRefusal.MaxConnectionLosses - 1)
        {
            holds.Hold(stream, item, 0, nowUs);
        }
    }

    private void Accepted(StreamDelivery stream, long nowUs)
    {
        bool wasAlone = stream.Session.Confirmed == 0;
        holds.Unhold(stream);
        stream.Probes = 0;
        stream.Tries = 0;
        stream.SuspectLosses = 0;
        stream.Confirm(true);
        issues.Clear(stream);
        if (wasAlone && stream.Session.WithoutSubscriber > 0)
        {
            // Somebody came: he may want the others too.
            holds.ProbeAtOnce(stream.Session, nowUs);
        }

        issues.ReportSubscribers(stream.Session);
        cursors.CatchUp(stream);
    }

    private void Refused(DeliverySlot slot, byte reason, long nowUs)
    {
        StreamDelivery stream = slot.Stream;
        if (reason == DeliveryRefusal.NoSubscribers)
        {
            NoSubscriber++;
            window.Withdraw(stream, slot);
            holds.Hold(stream, slot.Item, reason, nowUs);
            issues.ReportSubscribers(stream.Session);
            return;
        }

        stream.Tries = stream.TriedIndex == slot.Item.Index ? stream.Tries + 1 : 1;
        stream.TriedIndex = slot.Item.Index;
        issues.Raise(stream, DeliveryRefusal.CodeOf(reason), issues.SessionOf(stream) + ": " + DeliveryRefusal.Text(reason) + ", reading " + ReadingJson.Identity(slot.Item.Reading.Head));
        bool isGap = slot.Item.Reading.Head.Kind == FrameKind.Gap;
        if (stream.Tries < DeliveryRefusal.TriesOf(reason) || isGap)
        {
            // A record of a loss is never set aside: it would need another one that is refused as well.
            window.Withdraw(stream, slot);
            holds.Hold(stream, slot.Item, reason, nowUs);
            return;
        }

        SetAside(slot, reason);
    }

    /// <summary>A reading is given up: its place in the order stays, and what comes after it goes on.</summary>
    private void SetAside(DeliverySlot slot, byte reason)
    {
        StreamDelivery stream = slot.Stream;
        slot.State = SlotState.Refused;
        marks.Add(stream);
        stream.Tries = 0;
        if (!stream.HasProbeToSend)
        {
            holds.Unhold(stream);
            stream.Probes = 0;
        }

        if (stream.AsideCount == 0 && stream.Key.Stream.DeviceId != gatewayId)
        {
            log.Write(DeliveryRefusal.CodeOf(reason), "set aside: " + ReadingJson.Identity(slot.Item.Reading.Head), StreamIssues.SubjectOf(stream));
        }

        cursors.CatchUp(stream);
    }
}
