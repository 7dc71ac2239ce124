using System;
using System.Collections.Generic;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using Firmware.Protocol;

namespace EdgeGateway.Core.Delivery;

/// <content>Answers and their consequences for one stream: holding, probing, parking, setting aside, and time-outs.</content>
internal sealed partial class Uplink
{
    /// <summary>The pause before a held stream is probed grows to this many times the first one.</summary>
    public const int MaxProbeFactor = 4;

    /// <summary>Bytes of readings kept in memory for probing; a stream above it reads its reading again.</summary>
    public const int MaxProbeBytes = 1024 * 1024;

    /// <summary>With the embedded endpoint: an answer that has not come for so long stalls its stream and gives its place in the window to others, µs.</summary>
    public const long StallUs = 2_000_000;

    /// <summary>With the embedded endpoint: a reading that nobody acknowledged for so long is sent again, coded, µs.</summary>
    public const long UnansweredUs = 30_000_000;

    /// <summary>With an external broker: the same. Longer than the client's own bound, which ends the connection.</summary>
    public const long BrokerUnansweredUs = 60_000_000;

    /// <summary>Refused readings next to each other are declared in one gap record when they come within this time, µs.</summary>
    public const long AsideUs = 1_000_000;

    /// <summary>So long a stream hands nothing over after the journal asked to give up readings of it while some were under way, µs. The journal asks each second.</summary>
    public const long YieldUs = 2_000_000;

    /// <summary>Places in the window that stalled streams may take beyond it.</summary>
    public const int MaxStalled = 1024;

    /// <summary>Reads of the journal under way at once.</summary>
    public const int MaxReads = 64;

    /// <summary>Nobody subscribes to a session.</summary>
    private const string NobodySubscribes = "G2404";

    /// <summary>Somebody subscribes, and nobody acknowledges.</summary>
    private const string NobodyAcknowledges = "G2428";

    private DeliveryItem _suspectItem;

    private bool IsEmbedded => _context.Options.External is null;

    private void DrainSettled(long nowUs)
    {
        for (int i = 0; i < _settled.Count; i++)
        {
            (long ticket, byte reason) = _settled[i];
            if (!_byTicket.Remove(ticket, out DeliverySlot? slot))
            {
                continue;
            }

            StreamDelivery stream = slot.Stream;
            Answered(slot);
            if (slot.State == SlotState.Doomed)
            {
                stream.Doomed--;
                Vacate(slot);
                CatchUp(stream);
            }
            else if (reason < 0x80 && reason != DeliveryRefusal.NoSubscribers)
            {
                stream.InFlight--;
                _context.Counts.Acknowledged++;
                _acknowledgedSinceUp++;
                if (slot.IsBulk)
                {
                    _bulk.Acknowledged(nowUs - slot.PublishedUs, slot.WasFull, nowUs);
                }

                slot.State = SlotState.Acknowledged;
                _toMark.Add(stream);
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

        _settled.Clear();
    }

    /// <summary>A slot waits for no answer any more.</summary>
    private void Answered(DeliverySlot slot)
    {
        (slot.IsStalled ? _stalled : _unanswered).Remove(slot);
        LeaveBulk(slot);
        slot.IsStalled = false;
    }

    /// <summary>Gives back a place of bulk data; a stalled or superseded reading has given it back before.</summary>
    private void LeaveBulk(DeliverySlot slot) => _bulkInFlight -= slot.IsBulk && !slot.IsStalled && slot.State == SlotState.Published ? 1 : 0;

    private void Accepted(StreamDelivery stream, long nowUs)
    {
        bool wasAlone = stream.Session.Confirmed == 0;
        Unhold(stream);
        stream.Probes = 0;
        stream.Tries = 0;
        stream.SuspectLosses = 0;
        stream.Confirm(true);
        ClearIssue(stream);
        if (wasAlone && stream.Session.WithoutSubscriber > 0)
        {
            // Somebody came: he may want the others too.
            ProbeAtOnce(stream.Session, nowUs);
        }

        TellAudience(stream.Session);
        CatchUp(stream);
    }

    private void Refused(DeliverySlot slot, byte reason, long nowUs)
    {
        StreamDelivery stream = slot.Stream;
        if (reason == DeliveryRefusal.NoSubscribers)
        {
            _context.Counts.NoSubscriber++;
            Withdraw(stream, slot);
            Hold(stream, slot.Item, reason, nowUs);
            TellAudience(stream.Session);
            return;
        }

        stream.Tries = stream.TriedIndex == slot.Item.Index ? stream.Tries + 1 : 1;
        stream.TriedIndex = slot.Item.Index;
        string what = "session " + (_context.Sessions.Find(stream.Key.Session)?.Id ?? "?") + ": " + DeliveryRefusal.Text(reason) + ", reading "
            + ReadingJson.Identity(slot.Item.Head);
        RaiseIssue(stream, DeliveryRefusal.CodeOf(reason), what);
        bool isGap = slot.Item.Head.Kind == FrameKind.Gap;
        if (stream.Tries < DeliveryRefusal.TriesOf(reason) || isGap)
        {
            // A record of a loss is never set aside: it would need another one that is refused as well.
            Withdraw(stream, slot);
            Hold(stream, slot.Item, reason, nowUs);
            return;
        }

        SetAside(slot, reason, nowUs);
    }

    /// <summary>A reading is given up: its place in the order stays, and what comes after it goes on.</summary>
    private void SetAside(DeliverySlot slot, byte reason, long nowUs)
    {
        StreamDelivery stream = slot.Stream;
        slot.State = SlotState.Refused;
        _toMark.Add(stream);
        stream.Tries = 0;
        if (!stream.HasProbeToSend)
        {
            Unhold(stream);
            stream.Probes = 0;
        }

        if (stream.AsideCount == 0 && stream.Key.Stream.DeviceId != _context.Options.GatewayId)
        {
            _context.Log(DeliveryRefusal.CodeOf(reason), "set aside: " + ReadingJson.Identity(slot.Item.Head), SubjectOf(stream));
        }

        CatchUp(stream);
    }

    /// <summary>Moves refused readings at the head of a stream out of the window, to be declared together.</summary>
    /// <returns>False when the journal has no room for a declaration that has to come first.</returns>
    private bool TakeRefused(StreamDelivery stream, long nowUs)
    {
        while (stream.Unmarked.First?.Value is { State: SlotState.Refused } slot)
        {
            if (stream.AsideCount > 0 && slot.Sequence != stream.Aside.Last + 1 && !TryDeclareAside(stream))
            {
                return false;
            }

            if (stream.AsideCount == 0)
            {
                stream.AsideSinceUs = nowUs;
                stream.Aside = new SequenceRange(slot.Sequence, slot.Sequence);
                _aside.Add(stream);
            }

            stream.Aside = stream.Aside with { Last = slot.Sequence };
            stream.AsideThrough = slot.Item.Index;
            stream.AsideCount++;
            stream.Unmarked.RemoveFirst();
            Vacate(slot);
        }

        // What comes after them is marked after them.
        return stream.AsideCount == 0 || stream.Unmarked.First?.Value.State != SlotState.Acknowledged || TryDeclareAside(stream);
    }

    private void DeclareAside(long nowUs, bool all)
    {
        if (_aside.Count == 0)
        {
            return;
        }

        foreach (StreamDelivery stream in new List<StreamDelivery>(_aside))
        {
            if ((all || nowUs - stream.AsideSinceUs >= AsideUs) && !TryDeclareAside(stream))
            {
                // No room in the journal: they stay where they are, and are sent again after a start.
                stream.AsideSinceUs = nowUs;
            }
        }
    }

    private bool TryDeclareAside(StreamDelivery stream)
    {
        // The gap record first, as for every loss: were the power to go between the two, the readings would be declared once more, never not at all.
        StoreLossRecord record = new(
            stream.Key.Session, stream.Key.Stream, stream.Aside.First, stream.Aside.Last, stream.AsideCount, stream.AsideThrough, GapCause.DeliveryRefused);
        if (!_losses.HasRoom(1)
            || !_context.TryGap(stream.Key.Stream, GapCause.DeliveryRefused, GapBody.Readings, stream.Aside, stream.AsideCount, 0, 0, stream.Key.Session)
            || !_context.TryAppend(JournalRecordType.StoreLoss, record.Encode(), out _))
        {
            return false;
        }

        stream.AsideCount = 0;
        _aside.Remove(stream);
        return true;
    }

    /// <summary>Takes a reading out of the window, with all that was sent after it in its stream: nothing may overtake it.</summary>
    private void Withdraw(StreamDelivery stream, DeliverySlot first)
    {
        LinkedListNode<DeliverySlot>? node = stream.Unmarked.FindLast(first);
        if (node is { Next: null })
        {
            // What waits for its answer waits on.
            stream.Unmarked.Remove(node);
            Vacate(first);
            stream.Published = LastTaken(stream);
            return;
        }

        while (node is not null)
        {
            LinkedListNode<DeliverySlot>? next = node.Next;
            DeliverySlot slot = node.Value;
            stream.Unmarked.Remove(node);
            if (slot != first && slot.State == SlotState.Published)
            {
                stream.InFlight--;
                stream.Doomed++;
                LeaveBulk(slot);
                slot.State = SlotState.Doomed;
            }
            else
            {
                Vacate(slot);
            }

            node = next;
        }

        GoBack(stream);
    }

    /// <summary>Whatever is unanswered of a stream is forgotten; late answers find no place.</summary>
    private void ForgetUnanswered(StreamDelivery stream)
    {
        foreach (LinkedList<DeliverySlot> list in new[] { _unanswered, _stalled })
        {
            for (LinkedListNode<DeliverySlot>? node = list.First; node is not null;)
            {
                LinkedListNode<DeliverySlot>? next = node.Next;
                DeliverySlot slot = node.Value;
                if (slot.Stream == stream)
                {
                    _byTicket.Remove(slot.Ticket);
                    if (slot.State == SlotState.Doomed)
                    {
                        stream.Doomed--;
                        Vacate(slot);
                    }
                    else
                    {
                        stream.InFlight--;
                        LeaveBulk(slot);
                    }

                    list.Remove(node);
                }

                node = next;
            }
        }

        // What was answered up to the first unanswered one stays; the rest is sent again.
        bool keep = true;
        for (LinkedListNode<DeliverySlot>? node = stream.Unmarked.First; node is not null;)
        {
            LinkedListNode<DeliverySlot>? next = node.Next;
            keep &= node.Value.State is SlotState.Acknowledged or SlotState.Refused;
            if (!keep)
            {
                Vacate(node.Value);
                stream.Unmarked.Remove(node);
            }

            node = next;
        }

        GoBack(stream);
    }

    /// <summary>The stream's position is behind its last reading that needs not be sent again.</summary>
    private void GoBack(StreamDelivery stream)
    {
        ClearParked(stream);
        stream.Published = LastTaken(stream);
        stream.Through = stream.Published;
        stream.IsBehind = true;
    }

    private long LastTaken(StreamDelivery stream)
    {
        long settled = _context.Delivery.Find(stream.Key)?.SettledIndex ?? 0;
        return Math.Max(settled, Math.Max(stream.Unmarked.Last?.Value.Item.Index ?? 0, stream.AsideCount > 0 ? stream.AsideThrough : 0));
    }

    private void Hold(StreamDelivery stream, DeliveryItem? probe, byte reason, long nowUs)
    {
        Unhold(stream);
        stream.Confirm(false);
        int factor = Math.Min(MaxProbeFactor, 1 << Math.Min(stream.Probes, 8));
        stream.Probes++;
        stream.IsHeld = true;
        stream.HeldFor = reason;
        stream.HeldUntilUs = nowUs + (_context.Options.ProbeUs * factor);
        if (probe is { } item && _probeBytes + item.Record.Length <= MaxProbeBytes)
        {
            stream.Probe = item;
            stream.Through = Math.Max(stream.Through, item.Index);
            _probeBytes += item.Record.Length;
        }
        else
        {
            GoBack(stream);
        }

        stream.Session.WithoutSubscriber += reason == DeliveryRefusal.NoSubscribers ? 1 : 0;
        LaneOf(stream).Held.Add((stream.HeldUntilUs, stream.Key.Stream));
    }

    private void Unhold(StreamDelivery stream)
    {
        if (stream.IsHeld)
        {
            LaneOf(stream).Held.Remove((stream.HeldUntilUs, stream.Key.Stream));
            stream.IsHeld = false;
            stream.Session.WithoutSubscriber -= stream.HeldFor == DeliveryRefusal.NoSubscribers ? 1 : 0;
            _probeBytes -= stream.Probe?.Record.Length ?? 0;
            stream.Probe = null;
        }
    }

    private void ProbeAtOnce(SessionDelivery state, long nowUs)
    {
        foreach (StreamDelivery stream in state.Streams.Values)
        {
            bool isWaiting = stream.IsHeld && stream.InFlight == 0 && stream.HeldUntilUs > nowUs;
            if (isWaiting && (IsEmbedded || stream.HeldFor == DeliveryRefusal.NoSubscribers))
            {
                LaneOf(stream).Held.Remove((stream.HeldUntilUs, stream.Key.Stream));
                stream.HeldUntilUs = nowUs;
                stream.Probes = 0;
                LaneOf(stream).Held.Add((nowUs, stream.Key.Stream));
            }
        }
    }

    private bool TryProbe(SessionDelivery state, DeliveryLane lane, long nowUs)
    {
        if (lane.Held.Count == 0 || lane.Held.Min.DueUs > nowUs)
        {
            return false;
        }

        foreach ((long dueUs, StreamKey key) in new List<(long DueUs, StreamKey Key)>(lane.Held))
        {
            if (dueUs > nowUs)
            {
                break;
            }

            StreamDelivery stream = state.Streams[key];
            if (stream.Doomed > 0 || stream.IsYielding)
            {
                continue;
            }

            if (stream.Probe is { } item && item.Index > stream.Published && item.Index > (_context.Delivery.Find(stream.Key)?.SettledIndex ?? 0))
            {
                if (!TryPublish(stream, item, nowUs))
                {
                    return false;
                }

                // Held as before until the answer: only then is it known whether its others may follow.
                lane.Held.Remove((dueUs, key));
                return true;
            }

            // Its first reading has to be read first, or is gone.
            Unhold(stream);
            TellAudience(state);
            CatchUp(stream);
        }

        return false;
    }

    private bool TryPark(DeliveryLane lane, StreamDelivery stream, DeliveryItem item)
    {
        if (lane.ParkedBytes + item.Record.Length > _context.Options.ReadAheadBytes)
        {
            return false;
        }

        lane.ParkedBytes += item.Record.Length;
        stream.Parked.Enqueue(item);
        stream.Through = item.Index;
        lane.Parked.Add(stream.Key.Stream);
        return true;
    }

    private bool TryParked(SessionDelivery state, DeliveryLane lane, long nowUs)
    {
        if (lane.Parked.Count == 0)
        {
            return false;
        }

        foreach (StreamKey key in lane.Parked)
        {
            StreamDelivery stream = state.Streams[key];
            if (!stream.CanSend)
            {
                continue;
            }

            DeliveryItem item = stream.Parked.Peek();
            if (item.Index > _context.Journal.SyncedIndex)
            {
                continue;
            }

            long settled = _context.Delivery.Find(stream.Key)?.SettledIndex ?? 0;
            if (item.Index > settled && !TryPublish(stream, item, nowUs))
            {
                return false;
            }

            stream.Parked.Dequeue();
            lane.ParkedBytes -= item.Record.Length;
            if (stream.Parked.Count == 0)
            {
                lane.Parked.Remove(key);
                CatchUp(stream);
            }

            return true;
        }

        return false;
    }

    private static void ClearParked(StreamDelivery stream)
    {
        if (stream.Parked.Count > 0)
        {
            DeliveryLane lane = LaneOf(stream);
            foreach (DeliveryItem item in stream.Parked)
            {
                lane.ParkedBytes -= item.Record.Length;
            }

            stream.Parked.Clear();
            lane.Parked.Remove(stream.Key.Stream);
        }
    }

    private static DeliveryLane LaneOf(StreamDelivery stream) => stream.Session.Lanes[(int)stream.Class];

    /// <summary>When a stream may go on and the lane has passed readings of it, the lane goes back to them. Streams without a backlog go on as the live tail.</summary>
    private void CatchUp(StreamDelivery stream)
    {
        if (!stream.IsBehind || !stream.CanSend || stream.Parked.Count > 0)
        {
            return;
        }

        DeliveryLane lane = LaneOf(stream);
        DeliveryCursor old = lane.Scan;
        long from = SkipThrough(stream) + 1;
        bool becomesTail = lane.Leap is null && old.IsCaughtUp;
        if (!old.IsCaughtUp)
        {
            from = Math.Min(from, old.Next);
        }

        foreach (StreamDelivery other in stream.Session.Streams.Values)
        {
            if (other.Class != stream.Class)
            {
                continue;
            }

            if (other.IsBehind || other.IsHeld)
            {
                other.Barrier = Math.Max(other.Barrier, _context.Delivery.Find(other.Key)?.LastIndex ?? 0);
                other.IsBehind &= SkipThrough(other) + 1 < from;
            }
            else if (becomesTail)
            {
                other.Barrier = 0;
            }
        }

        if (becomesTail)
        {
            old.IsBroken = false;
            lane.Leap = old;
        }

        lane.Scan = new DeliveryCursor(from, false);
    }

    /// <summary>The connection is gone: nothing is in flight, and nothing is known of subscribers.</summary>
    private void Reset(SessionDelivery state)
    {
        foreach (StreamDelivery stream in state.Streams.Values)
        {
            Unhold(stream);
            ForgetUnanswered(stream);
            stream.Confirm(false);
            stream.Probes = 0;
            stream.Barrier = 0;
            stream.IsBehind = false;
        }

        NewLanes(state);
        TellAudience(state);
    }

    /// <summary>The stream whose reading is the oldest unanswered one. Source: MQTT 5.0, 4.6: a broker works on publications in order.</summary>
    private StreamDelivery? Suspect()
    {
        foreach (DeliverySlot slot in _unanswered)
        {
            if (slot.State == SlotState.Published)
            {
                StreamDelivery stream = slot.Stream;
                bool again = stream.SuspectIndex == slot.Item.Index;

                // The last step needs a proof that the link works: others were acknowledged on this connection.
                bool counts = _acknowledgedSinceUp > 0 || stream.SuspectLosses < DeliveryRefusal.MaxConnectionLosses - 1;
                stream.SuspectLosses = again ? stream.SuspectLosses + (counts ? 1 : 0) : 1;
                stream.SuspectIndex = slot.Item.Index;
                _suspectItem = slot.Item;
                return stream;
            }
        }

        return null;
    }

    /// <summary>Some brokers answer a denied publication by ending the connection. The reading at which it always ends is kept back, so that the others prove the link; then it is set aside.</summary>
    private void Accuse(StreamDelivery stream, long nowUs)
    {
        if (stream.SuspectLosses >= DeliveryRefusal.MaxConnectionLosses)
        {
            const byte Reason = DeliveryRefusal.ConnectionEnded;
            RaiseIssue(stream, DeliveryRefusal.CodeOf(Reason), DeliveryRefusal.Text(Reason) + " " + GatewayContext.Text(stream.SuspectLosses) + " times at reading " + ReadingJson.Identity(_suspectItem.Head));
            stream.SuspectLosses = 0;
            if (_suspectItem.Head.Kind != FrameKind.Gap)
            {
                DeliverySlot slot = new()
                {
                    Ticket = _context.NextTicket(),
                    Stream = stream,
                    Item = _suspectItem,
                    Sequence = _suspectItem.Head.Sequence,
                    ToldUtcUs = GatewayMoment.NoUtc,
                    ToldUncertaintyUs = 0,
                    IsCorrectable = false,
                    PublishedUs = nowUs,
                    WasFull = false,
                };
                Enter(slot);
                stream.InFlight--;
                Answered(slot);
                SetAside(slot, Reason, nowUs);
                return;
            }
        }

        if (stream.SuspectLosses >= DeliveryRefusal.MaxConnectionLosses - 1)
        {
            Hold(stream, _suspectItem, 0, nowUs);
        }
    }

    private long NextUnansweredUs()
    {
        long next = _unanswered.First is { } first ? first.Value.PublishedUs + (IsEmbedded ? StallUs : BrokerUnansweredUs) : long.MaxValue;
        return _stalled.First is { } stalled ? Math.Min(next, stalled.Value.PublishedUs + UnansweredUs) : next;
    }

    /// <summary>No wait without a bound: an unanswered reading first gives its place in the window to others, then it is sent again.</summary>
    private void CheckUnanswered(long nowUs)
    {
        if (!IsEmbedded)
        {
            while (_unanswered.First?.Value is { } slot && nowUs - slot.PublishedUs >= BrokerUnansweredUs)
            {
                TimedOut(slot.Stream, nowUs);
            }

            return;
        }

        while (_unanswered.First?.Value is { } slot && nowUs - slot.PublishedUs >= StallUs)
        {
            _unanswered.RemoveFirst();
            _stalled.AddLast(slot);
            LeaveBulk(slot);
            slot.IsStalled = true;
            slot.Stream.Confirm(false);
        }

        WithdrawStalled(nowUs);
        while (_stalled.First?.Value is { } slot && nowUs - slot.PublishedUs >= UnansweredUs)
        {
            TimedOut(slot.Stream, nowUs);
        }
    }

    /// <summary>
    /// The journal wants to give up readings of a key. Which ones are lost is known only when nothing of it is under way, so it hands over nothing new until then.
    /// </summary>
    /// <returns>True while something is under way, or set aside and not declared.</returns>
    private bool AsksToDeclare(DeliveryKey key)
    {
        if (!_sessions.TryGetValue(key.Session, out SessionDelivery? state) || !state.Streams.TryGetValue(key.Stream, out StreamDelivery? stream)
            || (stream.Unmarked.Count == 0 && stream.AsideCount == 0 && stream.Doomed == 0))
        {
            return false;
        }

        stream.YieldsUntilUs = _context.NowUs + YieldUs;
        stream.IsYielding = true;
        _yielding.Add(stream);
        return true;
    }

    /// <summary>What stalls in a stream that the journal waits for is waited for no longer. Streams that it has not asked about for a while go on.</summary>
    private void CheckYielding(long nowUs)
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
                CatchUp(stream);
            }
            else if (HasStalled(stream))
            {
                DeliveryItem? first = FirstUnanswered(stream);
                ForgetUnanswered(stream);
                Hold(stream, first, 0, nowUs);
            }
        }
    }

    private bool HasStalled(StreamDelivery stream)
    {
        foreach (DeliverySlot slot in _stalled)
        {
            if (slot.Stream == stream)
            {
                return true;
            }
        }

        return false;
    }

    private void EndYield(StreamDelivery stream)
    {
        stream.IsYielding = false;
        _yielding.Remove(stream);
    }

    /// <summary>Sent before somebody subscribed, and unanswered by those who were there: he gets it at once.</summary>
    private void WithdrawStalled(long nowUs)
    {
        while (_stalled.First?.Value is { } slot && slot.PublishedUs <= _subscriberAppearedUs)
        {
            StreamDelivery stream = slot.Stream;
            DeliveryItem? first = FirstUnanswered(stream);
            ForgetUnanswered(stream);
            Hold(stream, first, 0, nowUs);
            ProbeAtOnce(stream.Session, nowUs);
        }
    }

    private void TimedOut(StreamDelivery stream, long nowUs)
    {
        DeliveryItem? first = FirstUnanswered(stream);
        if (first is { } reading)
        {
            RaiseIssue(stream, NobodyAcknowledges, "session " + (_context.Sessions.Find(stream.Key.Session)?.Id ?? "?") + ": no acknowledgement of reading " + ReadingJson.Identity(reading.Head));
        }

        ForgetUnanswered(stream);
        Hold(stream, first, 0, nowUs);
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

    private static HealthSubject SubjectOf(StreamDelivery stream) => new(HealthSubjectKind.Stream, ReadingJson.StreamText(stream.Key.Stream));

    private void RaiseIssue(StreamDelivery stream, string code, string what)
    {
        if (stream.Issue is not null && !string.Equals(stream.Issue, code, StringComparison.Ordinal))
        {
            ClearIssue(stream);
        }

        bool isNew = stream.Issue is null;
        stream.Issue = code;
        _context.Issues.Raise(code, SubjectOf(stream), what);
        if (isNew && stream.Key.Stream.DeviceId != _context.Options.GatewayId)
        {
            _context.Event(code, stream.Key.Stream.Stream, 0, what, isLogged: false);
        }
    }

    private void ClearIssue(StreamDelivery stream)
    {
        if (stream.Issue is { } code)
        {
            stream.Issue = null;
            _context.Issues.Clear(code, SubjectOf(stream));
        }
    }

    private void TellAudience(SessionDelivery state)
    {
        if (state.ToldNoSubscriber != state.HasNoSubscriber)
        {
            state.ToldNoSubscriber = state.HasNoSubscriber;
            string id = _context.Sessions.Find(state.Number)?.Id ?? GatewayContext.Text(state.Number);
            _context.Issues.Set(state.HasNoSubscriber, NobodySubscribes, new HealthSubject(HealthSubjectKind.Session, id), "session " + id + ": " + DeliveryRefusal.Text(DeliveryRefusal.NoSubscribers));
        }
    }

    /// <summary>Takes a session's state away. Late answers find no place.</summary>
    private void Forget(uint number)
    {
        if (_sessions.TryGetValue(number, out SessionDelivery? state))
        {
            foreach (StreamDelivery stream in state.Streams.Values)
            {
                Unhold(stream);
                ForgetUnanswered(stream);
                ClearIssue(stream);
                stream.Confirm(false);
                stream.AsideCount = 0;
                _aside.Remove(stream);
                EndYield(stream);
            }

            TellAudience(state);
            _sessions.Remove(number);
        }
    }
}
