using System;
using System.Collections.Generic;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Retained;
using EdgeGateway.Journal;
using Firmware.Protocol;

namespace EdgeGateway.Core.Delivery;

/// <summary>
/// Sends bound readings to their sessions. The queues are positions in the journal, so memory does not grow with the backlog. Classes go in the
/// order of their worth; within a class the open session goes before closed ones, and in a session with a long backlog the streams without one
/// go before it. A place in the window is free again when the mark "sent" is on the disk: a kill repeats at most a window of readings.
/// State is kept per stream: an answer about one stream says nothing of another.
/// </summary>
internal sealed partial class Uplink
{
    /// <summary>Most readings waiting to be shown on the cart's own page; the oldest gives way, since a view is of the present.</summary>
    private const int MaxViews = 256;

    /// <summary>Closed sessions whose backlog is worked on at the same time.</summary>
    private const int MaxBacklogSessions = 4;

    /// <summary>Most readings in one mark: its record stays below the journal's longest.</summary>
    private const int MaxMarked = 1024;

    /// <summary>How often what is pending is compared with what the journal has, µs.</summary>
    private const long ReconcilePeriodUs = 250_000;

    private static readonly RecordClass[] Order = [RecordClass.Vital, RecordClass.Event, RecordClass.Sound, RecordClass.Wave];

    private readonly GatewayContext _context;
    private readonly ISessionLink _link;
    private readonly RetainedTopics _retained;
    private readonly Dictionary<long, DeliverySlot> _byTicket = [];
    private readonly LinkedList<DeliverySlot> _unanswered = new();
    private readonly LinkedList<DeliverySlot> _stalled = new();
    private readonly Queue<DeliverySlot> _marked = new();
    private readonly List<(long Ticket, byte Reason)> _settled = [];
    private readonly SortedDictionary<uint, SessionDelivery> _sessions = [];
    private readonly SortedSet<StreamDelivery> _toMark = new(ByKey);
    private readonly SortedSet<StreamDelivery> _aside = new(ByKey);
    private readonly SortedSet<StreamDelivery> _yielding = new(ByKey);
    private readonly List<StreamDelivery> _streams = [];
    private readonly List<SentEntry> _entries = [];
    private readonly List<DeliverySlot> _marking = [];
    private readonly Queue<(long Index, uint Session, byte[] Record)> _views = new();
    private readonly Func<int, int> _mostBulk;
    private readonly Action _bulkSent;
    private readonly BulkWindow _bulk = new();
    private readonly LossDeclarations _losses;
    private int _slots;
    private int _bulkInFlight;
    private int _probeBytes;
    private long _beginIndex;
    private int _reads;
    private bool _hasMore;
    private bool _linkIsFull;
    private long _acknowledgedSinceUp;
    private long _subscriberAppearedUs = long.MinValue;
    private long _nextReleaseUs;

    public Uplink(GatewayContext context, ISessionLink link, RetainedTopics retained, Func<int, int> mostBulk, Action bulkSent)
    {
        _mostBulk = mostBulk;
        _bulkSent = bulkSent;
        _context = context;
        _losses = new LossDeclarations(context, AsksToDeclare);
        _link = link;
        _retained = retained;
    }

    public int InFlight => _slots;

    private static Comparer<StreamDelivery> ByKey => Comparer<StreamDelivery>.Create(static (a, b) => a.Key.CompareTo(b.Key));

    public bool HasSubscriber(uint session) => !_sessions.TryGetValue(session, out SessionDelivery? state) || !state.HasNoSubscriber;

    /// <summary>The journal is open: what is pending there is to be sent.</summary>
    public void Begin()
    {
        _beginIndex = _context.Journal.LastIndex;
        foreach (uint session in _context.Delivery.PendingBySession.Keys)
        {
            StateOf(session);
        }
    }

    /// <summary>A frame entered the journal.</summary>
    public void Appended(long index, RecordClass recordClass, uint session, byte[] record)
    {
        if (session != 0)
        {
            SessionDelivery state = StateOf(session);
            DeliveryLane lane = state.Lanes[(int)recordClass];
            lane.Scan.Offer(index, record, _context.Options.ReadAheadBytes);
            lane.Leap?.Offer(index, record, _context.Options.ReadAheadBytes);
            StreamKey key = FrameHead.Read(record.AsSpan(FrameStamp.Length)).Key;
            if (!_link.IsUp || !state.Streams.TryGetValue(key, out StreamDelivery? stream) || !stream.IsConfirmed)
            {
                // Nobody far away takes this stream's readings now; the nurse beside the patient still sees them.
                _views.Enqueue((index, session, record));
                if (_views.Count > MaxViews)
                {
                    _views.Dequeue();
                }
            }
        }
    }

    public bool Settled(long ticket, byte reasonCode)
    {
        if (!_byTicket.ContainsKey(ticket))
        {
            return false;
        }

        // From inside the link's own calls only noted down; the step works on it.
        _settled.Add((ticket, reasonCode));
        return true;
    }

    /// <summary>The link is up after having been down: nothing is known of subscribers.</summary>
    public void LinkUp()
    {
        _bulk.Reset();
        _acknowledgedSinceUp = 0;
    }

    /// <summary>The link is down: what was not acknowledged will be sent again.</summary>
    public void LinkDown()
    {
        long nowUs = _context.NowUs;
        DrainSettled(nowUs);
        StreamDelivery? suspect = Suspect();
        foreach (SessionDelivery state in _sessions.Values)
        {
            Reset(state);
        }

        if (suspect is not null)
        {
            Accuse(suspect, nowUs);
        }
    }

    /// <summary>Somebody subscribed: streams without a subscriber are probed at once, and what nobody acknowledges is sent again.</summary>
    public void SubscriberAppeared()
    {
        long nowUs = _context.NowUs;
        _subscriberAppearedUs = nowUs;
        foreach (SessionDelivery state in _sessions.Values)
        {
            ProbeAtOnce(state, nowUs);
        }

        WithdrawStalled(nowUs);
    }

    /// <summary>Readings of a session that are never going to be sent, because it is about to be forgotten.</summary>
    public void Abandon(uint session)
    {
        _losses.Abandon(session);
        Forget(session);
    }

    /// <summary>Records the journal gives up.</summary>
    public bool Lost(in JournalLoss loss, IReadOnlyList<JournalRecord> records) => _losses.Lost(loss, records);

    /// <summary>Sends what may be sent.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <param name="mayPublish">False while the gateway stops: then only marks are made.</param>
    public void Step(long nowUs, bool mayPublish)
    {
        _hasMore = false;
        DrainSettled(nowUs);
        CheckUnanswered(nowUs);
        CheckYielding(nowUs);
        Mark(nowUs);
        DeclareAside(nowUs, all: !mayPublish);
        Free();
        ShowViews(nowUs);
        if (!mayPublish || !_link.IsUp)
        {
            return;
        }

        _linkIsFull = false;
        while (_slots - _stalled.Count < _context.Options.Window && _slots < _context.Options.Window + MaxStalled && !_linkIsFull && TrySendOne(nowUs))
        {
        }

        // A message may be settled inside the call that published it.
        _hasMore = _settled.Count > 0;
        DrainSettled(nowUs);
        if (nowUs >= _nextReleaseUs)
        {
            _nextReleaseUs = nowUs + 1_000_000;
            Release();
        }
    }

    public long NextUs(long nowUs)
    {
        if (_settled.Count > 0 || _hasMore)
        {
            return nowUs;
        }

        long next = NextUnansweredUs();
        foreach (SessionDelivery state in _sessions.Values)
        {
            foreach (DeliveryLane lane in state.Lanes)
            {
                if (lane is not null && lane.Held.Count > 0 && lane.Held.Min.DueUs > nowUs)
                {
                    next = Math.Min(next, lane.Held.Min.DueUs);
                }
            }
        }

        foreach (StreamDelivery stream in _aside)
        {
            next = Math.Min(next, Math.Max(nowUs + 1, stream.AsideSinceUs + AsideUs));
        }

        foreach (StreamDelivery stream in _yielding)
        {
            next = Math.Min(next, Math.Max(nowUs + 1, stream.YieldsUntilUs));
        }

        return next;
    }

    /// <summary>Highest journal index of a key that was handed to the link or settled.</summary>
    public long PublishedIndex(DeliveryKey key)
    {
        long settled = _context.Delivery.Find(key)?.SettledIndex ?? 0;
        return _sessions.TryGetValue(key.Session, out SessionDelivery? state) && state.Streams.TryGetValue(key.Stream, out StreamDelivery? stream)
            ? Math.Max(settled, stream.Published)
            : settled;
    }

    /// <summary>Highest number of a stream that a consumer of its session can have.</summary>
    /// <returns>The number; 0 when nothing was sent.</returns>
    public uint SentThrough(DeliveryKey key)
    {
        if (_context.Delivery.Find(key) is not { } marks)
        {
            return 0;
        }

        StreamDelivery? stream = _sessions.TryGetValue(key.Session, out SessionDelivery? state) ? state.Streams.GetValueOrDefault(key.Stream) : null;
        uint sent = Math.Max(marks.SentThrough, stream?.HighestSequence ?? 0);

        // What was on its way when an earlier start of the gateway ended may have arrived; that much is not known here.
        long before = marks.FirstIndex <= _beginIndex ? (stream?.BeganAfter ?? marks.SentThrough) + (long)_context.Options.Window : 0;
        long stored = _context.Deduplication.Find(key.Stream)?.High ?? 0;
        return (uint)Math.Max(sent, Math.Min(before, stored));
    }

    private SessionDelivery StateOf(uint number)
    {
        if (!_sessions.TryGetValue(number, out SessionDelivery? state))
        {
            state = new SessionDelivery(number);
            _sessions.Add(number, state);
            NewLanes(state);
        }

        return state;
    }

    private StreamDelivery StreamOf(SessionDelivery state, StreamKey key, RecordClass recordClass)
    {
        if (!state.Streams.TryGetValue(key, out StreamDelivery? stream))
        {
            stream = new StreamDelivery(state, key, recordClass, _context.Delivery.Find(new DeliveryKey(state.Number, key)));
            state.Streams.Add(key, stream);
        }

        return stream;
    }

    /// <summary>Every lane from its first pending reading.</summary>
    private void NewLanes(SessionDelivery state)
    {
        foreach (RecordClass recordClass in Order)
        {
            long first = _context.Delivery.FirstPending(state.Number, recordClass);
            bool isEmpty = first == long.MaxValue;
            state.Lanes[(int)recordClass] = new DeliveryLane(new DeliveryCursor(isEmpty ? _context.Journal.LastIndex + 1 : first, isEmpty));
        }
    }

    /// <summary>Journals what was acknowledged and declares what was refused, in the order of each stream.</summary>
    private void Mark(long nowUs)
    {
        while (_toMark.Count > 0)
        {
            _entries.Clear();
            _marking.Clear();
            _streams.Clear();
            foreach (StreamDelivery stream in _toMark)
            {
                if (!TakeRefused(stream, nowUs))
                {
                    continue;
                }

                for (LinkedListNode<DeliverySlot>? node = stream.Unmarked.First; node?.Value is { State: SlotState.Acknowledged } slot && _entries.Count < MaxMarked; node = node.Next)
                {
                    _marking.Add(slot);
                    _entries.Add(new SentEntry(
                        stream.Key.Session, stream.Key.Stream, slot.Sequence, slot.Item.Index, slot.ToldUtcUs, slot.ToldUncertaintyUs, slot.IsCorrectable));
                }

                _streams.Add(stream);
            }

            if (_entries.Count > 0)
            {
                if (!_context.TryAppend(JournalRecordType.SentMark, SentMarkRecord.Encode(_entries), out long index))
                {
                    return;
                }

                foreach (DeliverySlot slot in _marking)
                {
                    slot.MarkIndex = index;
                    slot.Stream.Unmarked.RemoveFirst();
                    _marked.Enqueue(slot);
                }
            }

            bool more = false;
            foreach (StreamDelivery stream in _streams)
            {
                if (stream.Unmarked.First?.Value.State is SlotState.Refused or SlotState.Acknowledged)
                {
                    more = true;
                }
                else
                {
                    _toMark.Remove(stream);
                }
            }

            if (!more)
            {
                return;
            }
        }
    }

    private void ShowViews(long nowUs)
    {
        while (_views.TryPeek(out (long Index, uint Session, byte[] Record) view) && view.Index <= _context.Journal.SyncedIndex)
        {
            _views.Dequeue();
            if (_context.Sessions.Find(view.Session) is { } session)
            {
                ReadOnlySpan<byte> frame = view.Record.AsSpan(FrameStamp.Length);
                FrameHead head = FrameHead.Read(frame);
                ReadingMessage reading = ReadingMessage.Make(_context, session, head, frame, null);
                _link.View(reading.Message(_context.TopicRoot + "session/" + session.Id + "/"), nowUs);
                _retained.Sent(session, head, frame, reading, view.Index, nowUs);
            }
        }
    }

    private void Free()
    {
        long synced = _context.Journal.SyncedIndex;
        while (_marked.TryPeek(out DeliverySlot? slot) && slot.MarkIndex <= synced)
        {
            _marked.Dequeue();
            Vacate(slot);
        }
    }

    private void Vacate(DeliverySlot slot)
    {
        _slots--;
        slot.Stream.Session.Slots--;
    }

    private bool TrySendOne(long nowUs)
    {
        uint open = _context.Sessions.Open?.Number ?? 0;
        bool isThrottled = _bulkInFlight >= _mostBulk(_bulk.Size);
        foreach (RecordClass recordClass in Order)
        {
            if (isThrottled && IsBulk(recordClass))
            {
                continue;
            }

            if (open != 0 && _sessions.TryGetValue(open, out SessionDelivery? live) && TrySendFrom(live, recordClass, nowUs))
            {
                return true;
            }

            int backlogs = 0;
            foreach (SessionDelivery state in _sessions.Values)
            {
                if (_linkIsFull)
                {
                    return false;
                }

                if (state.Number == open || backlogs >= MaxBacklogSessions || !_context.Delivery.PendingBySession.ContainsKey(state.Number))
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

    private static bool IsBulk(RecordClass recordClass) => recordClass is RecordClass.Sound or RecordClass.Wave;

    private bool TrySendFrom(SessionDelivery state, RecordClass recordClass, long nowUs)
    {
        DeliveryLane lane = state.Lanes[(int)recordClass];
        if (TryProbe(state, lane, nowUs) || _linkIsFull || TryParked(state, lane, nowUs) || _linkIsFull)
        {
            return !_linkIsFull;
        }

        if (lane.Leap is { } leap && (leap.IsBroken || lane.Scan.IsCaughtUp))
        {
            lane.Leap = null;
        }

        return (lane.Leap is not null && TryLeap(state, lane, lane.Leap, recordClass, nowUs)) || (!_linkIsFull && TryScan(state, lane, recordClass, nowUs));
    }

    private bool TryLeap(SessionDelivery state, DeliveryLane lane, DeliveryCursor leap, RecordClass recordClass, long nowUs)
    {
        while (leap.TryPeek(out DeliveryItem item) && item.Index <= _context.Journal.SyncedIndex)
        {
            StreamDelivery stream = StreamOf(state, item.Head.Key, recordClass);
            if (item.Index <= SkipThrough(stream))
            {
                leap.Take();
            }
            else if (stream.IsBehind || SkipThrough(stream) < stream.Barrier)
            {
                // Its stream has a backlog: the order of a stream comes first.
                stream.Barrier = item.Index;
                leap.Take();
            }
            else if (!stream.CanSend)
            {
                if (!TryPark(lane, stream, item))
                {
                    stream.Barrier = item.Index;
                }

                leap.Take();
            }
            else
            {
                return TryPublish(stream, item, nowUs) && Taken(leap);
            }
        }

        return false;
    }

    private bool TryScan(SessionDelivery state, DeliveryLane lane, RecordClass recordClass, long nowUs)
    {
        DeliveryCursor scan = lane.Scan;
        while (scan.TryPeek(out DeliveryItem item))
        {
            StreamDelivery stream = StreamOf(state, item.Head.Key, recordClass);
            if (item.Index <= SkipThrough(stream))
            {
                scan.Take();
            }
            else if (stream.IsBehind || (!stream.CanSend && !TryPark(lane, stream, item)))
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
                return item.Index <= _context.Journal.SyncedIndex && TryPublish(stream, item, nowUs) && Taken(scan);
            }
        }

        if (scan.IsCaughtUp)
        {
            if (nowUs >= lane.ReconcileUs)
            {
                lane.ReconcileUs = nowUs + ReconcilePeriodUs;
                Reconcile(state, recordClass);
            }
        }
        else if (!scan.IsReading && _reads < MaxReads)
        {
            if (lane.Leap is null && _context.Journal.LastIndex - scan.Position > _context.Options.LiveDistanceRecords)
            {
                BeginLeap(state, lane, recordClass);
            }

            scan.IsReading = true;
            _reads++;
            _context.Read(scan.Position, 1 << (int)recordClass, _context.Options.ReadAheadBytes, (records, next) =>
            {
                scan.IsReading = false;
                _reads--;
                foreach (JournalRecord record in records)
                {
                    if (record.Type == (byte)JournalRecordType.Frame && FrameStamp.TryRead(record.Payload.Span, out FrameStamp stamp)
                        && stamp.Session == state.Number)
                    {
                        scan.Add(record.Index, record.Payload.ToArray());
                    }
                }

                scan.Position = next;
                scan.IsCaughtUp = next > _context.Journal.LastIndex;
            });
        }

        return false;
    }

    private static bool Taken(DeliveryCursor cursor)
    {
        cursor.Take();
        return true;
    }

    /// <summary>What the stream has behind it: handed over, parked, or settled otherwise, for example lost and declared.</summary>
    private long SkipThrough(StreamDelivery stream) => Math.Max(stream.Through, _context.Delivery.Find(stream.Key)?.SettledIndex ?? 0);

    private void BeginLeap(SessionDelivery state, DeliveryLane lane, RecordClass recordClass)
    {
        foreach ((DeliveryKey key, DeliveryMarks marks) in _context.Delivery.Marks)
        {
            if (key.Session == state.Number && marks.Class == recordClass)
            {
                StreamOf(state, key.Stream, recordClass).Barrier = marks.LastIndex;
            }
        }

        lane.Leap = new DeliveryCursor(_context.Journal.LastIndex + 1, true);
    }

    /// <summary>All is read and nothing is under way, yet the fold counts readings as pending: the journal has lost them, for example by damage.</summary>
    private void Reconcile(SessionDelivery state, RecordClass recordClass)
    {
        if (!_context.Delivery.PendingBySession.ContainsKey(state.Number) || state.Slots > 0 || _context.Journal.SyncedIndex != _context.Journal.LastIndex)
        {
            return;
        }

        foreach ((DeliveryKey key, DeliveryMarks marks) in new List<KeyValuePair<DeliveryKey, DeliveryMarks>>(_context.Delivery.Marks))
        {
            if (key.Session == state.Number && marks.Class == recordClass && marks.Pending > 0 && IsAtRest(key))
            {
                _losses.DeclareRest(key, marks, GapCause.StoreDamaged);
            }
        }
    }

    /// <summary>True when nothing of a stream waits: not for an answer, not for a subscriber, not for being read again.</summary>
    private bool IsAtRest(DeliveryKey key) =>
        !_sessions.TryGetValue(key.Session, out SessionDelivery? state) || !state.Streams.TryGetValue(key.Stream, out StreamDelivery? stream)
        || (!stream.IsHeld && !stream.IsYielding && !stream.IsBehind && stream.Parked.Count == 0 && stream.Unmarked.Count == 0 && stream.AsideCount == 0);

    private bool TryPublish(StreamDelivery stream, DeliveryItem item, long nowUs)
    {
        FrameHead head = item.Head;
        if (_context.Sessions.Find(stream.Key.Session) is not { } session)
        {
            stream.Through = Math.Max(stream.Through, item.Index);
            return true;
        }

        ReadOnlySpan<byte> frame = item.Record.AsSpan(FrameStamp.Length);
        ReadingMessage reading = ReadingMessage.Make(_context, session, head, frame, null);
        if (!_retained.TryDescribe(session, head, frame, nowUs))
        {
            _linkIsFull = true;
            return false;
        }

        // Before the call: the embedded server may settle the ticket inside it.
        DeliverySlot slot = new()
        {
            Ticket = _context.NextTicket(),
            Stream = stream,
            Item = item,
            Sequence = head.Sequence,
            ToldUtcUs = reading.Time.IsKnown ? reading.Time.UtcUs : GatewayMoment.NoUtc,
            ToldUncertaintyUs = reading.Time.IsKnown ? (uint)Math.Min(reading.Time.UncertaintyUs, uint.MaxValue) : 0,
            IsCorrectable = reading.IsJson && head.DeviceId != _context.Options.GatewayId,
            PublishedUs = nowUs,
            WasFull = IsBulk(stream.Class) && _bulkInFlight + 1 >= Math.Min(_bulk.Size, 2),
        };
        _byTicket.Add(slot.Ticket, slot);
        if (!_link.TryPublish(reading.Message(_context.TopicRoot + "session/" + session.Id + "/"), slot.Ticket, nowUs))
        {
            _byTicket.Remove(slot.Ticket);
            _settled.RemoveAll(s => s.Ticket == slot.Ticket);
            _linkIsFull = true;
            return false;
        }

        Enter(slot);
        _context.Counts.Published++;
        if (slot.IsBulk)
        {
            _bulkSent();
        }

        _retained.Sent(session, head, frame, reading, item.Index, nowUs);
        return true;
    }

    private void Enter(DeliverySlot slot)
    {
        StreamDelivery stream = slot.Stream;
        _unanswered.AddLast(slot);
        stream.Unmarked.AddLast(slot);
        stream.InFlight++;
        stream.Session.Slots++;
        _slots++;
        _bulkInFlight += slot.IsBulk ? 1 : 0;
        stream.Published = slot.Item.Index;
        stream.HighestSequence = Math.Max(stream.HighestSequence, slot.Sequence);
        stream.Through = Math.Max(stream.Through, slot.Item.Index);
    }

    private void Release()
    {
        foreach (RecordClass recordClass in Order)
        {
            long first = _context.Journal.LastIndex + 1;
            foreach (uint session in _context.Delivery.PendingBySession.Keys)
            {
                first = Math.Min(first, _context.Delivery.FirstPending(session, recordClass));
            }

            _context.Journal.Release(1 << (int)recordClass, first);
        }

        // A session that is closed and sent needs no state.
        uint done = 0;
        foreach (SessionDelivery state in _sessions.Values)
        {
            if (!_context.Delivery.PendingBySession.ContainsKey(state.Number) && _context.Sessions.Find(state.Number) is not { IsOpen: true } && state.Slots == 0)
            {
                done = state.Number;
                break;
            }
        }

        if (done != 0)
        {
            Forget(done);
        }
    }
}
