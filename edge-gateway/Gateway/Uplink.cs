using System;
using System.Collections.Generic;
using EdgeGateway.Journal;
using Firmware.Protocol;

namespace EdgeGateway.Gateway;

/// <summary>
/// Sends bound readings to their sessions. The queues are positions in the journal, so memory does not grow with the backlog. Classes go in the
/// order of law 9; within a class the open session goes before closed ones, and in a session with a long backlog the streams without one
/// go before it. A place in the window is free again when the mark "sent" is on the disk: a kill repeats at most a window of readings.
/// </summary>
internal sealed class Uplink
{
    /// <summary>Most readings waiting to be shown on the cart's own page; the oldest gives way, since a view is of the present.</summary>
    private const int MaxViews = 256;

    /// <summary>Closed sessions whose backlog is worked on at the same time.</summary>
    private const int MaxBacklogSessions = 4;

    private static readonly RecordClass[] Order = [RecordClass.Vital, RecordClass.Event, RecordClass.Sound, RecordClass.Wave];

    private readonly GatewayContext _context;
    private readonly ISessionLink _link;
    private readonly RetainedTopics _retained;
    private readonly List<Slot> _slots = [];
    private readonly List<(long Ticket, byte Reason)> _settled = [];
    private readonly SortedDictionary<uint, SessionState> _sessions = [];
    private readonly List<DeliveryKey> _blocked = [];
    private readonly List<SentEntry> _entries = [];
    private readonly Queue<(long Index, uint Session, byte[] Record)> _views = new();
    private readonly Func<int, int> _mostBulk;
    private readonly Action _bulkSent;
    private readonly BulkWindow _bulk = new();
    private long _nextReleaseUs;

    public Uplink(GatewayContext context, ISessionLink link, RetainedTopics retained, Func<int, int> mostBulk, Action bulkSent)
    {
        _mostBulk = mostBulk;
        _bulkSent = bulkSent;
        _context = context;
        _link = link;
        _retained = retained;
    }

    public int InFlight => _slots.Count;

    public bool HasSubscriber(uint session) => !_sessions.TryGetValue(session, out SessionState? state) || !state.IsUnheard;

    /// <summary>The journal is open: what is pending there is to be sent.</summary>
    public void Begin()
    {
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
            SessionState state = StateOf(session);
            Lane lane = state.Lanes[(int)recordClass];
            lane.Scan.Offer(index, record, _context.Options.ReadAheadBytes);
            lane.Leap?.Offer(index, record, _context.Options.ReadAheadBytes);
            if (!state.Confirmed || !_link.IsUp)
            {
                // Nobody far away takes this session's readings now; the nurse beside the patient still sees them.
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
        foreach (Slot slot in _slots)
        {
            if (slot.Ticket == ticket)
            {
                // From inside the link's own calls only noted down; the step works on it.
                _settled.Add((ticket, reasonCode));
                return true;
            }
        }

        return false;
    }

    /// <summary>The link is up after having been down: nothing is known of subscribers.</summary>
    public void LinkUp()
    {
        _bulk.Reset();
        foreach (SessionState state in _sessions.Values)
        {
            state.Confirmed = false;
            state.IsUnheard = false;
            state.NextProbeUs = 0;
        }
    }

    /// <summary>The link is down: what was not acknowledged will be sent again.</summary>
    public void LinkDown()
    {
        DrainSettled(_context.NowUs);
        foreach (SessionState state in _sessions.Values)
        {
            DropUnacknowledged(state);
            state.MustRewind = true;
            state.Confirmed = false;
        }
    }

    /// <summary>Somebody subscribed: sessions without a subscriber are probed at once.</summary>
    public void SubscriberAppeared()
    {
        foreach (SessionState state in _sessions.Values)
        {
            state.NextProbeUs = 0;
        }
    }

    /// <summary>Readings of a session that are never going to be sent, because it is about to be forgotten.</summary>
    public void Abandon(uint session)
    {
        foreach ((DeliveryKey key, DeliveryMarks marks) in new List<KeyValuePair<DeliveryKey, DeliveryMarks>>(_context.Delivery.Marks))
        {
            if (key.Session == session && marks.Pending > 0)
            {
                DeclareLost(key, marks, marks.LastIndex, new SequenceRange(0, 0), marks.Pending, GapCause.JournalFull);
            }
        }

        _sessions.Remove(session);
    }

    /// <summary>Records the journal gives up.</summary>
    public void Lost(in JournalLoss loss, IReadOnlyList<JournalRecord> records)
    {
        GapCause cause = loss.Damaged ? GapCause.StoreDamaged : GapCause.JournalFull;
        SortedDictionary<DeliveryKey, (SequenceRange Range, long Count, long Index)> lost = [];
        foreach (JournalRecord record in records)
        {
            if (record.Type != (byte)JournalRecordType.Frame || !FrameStamp.TryRead(record.Payload.Span, out FrameStamp stamp) || stamp.Session == 0)
            {
                continue;
            }

            FrameHead head = FrameHead.Read(record.Payload.Span[FrameStamp.Length..]);
            DeliveryKey key = new(stamp.Session, head.Key);
            if (_context.Delivery.Find(key) is not { } marks || record.Index <= marks.SettledIndex || IsInWindow(key, record.Index))
            {
                continue;
            }

            if (!lost.TryGetValue(key, out (SequenceRange Range, long Count, long Index) sum))
            {
                sum = (new SequenceRange(head.Sequence, head.Sequence), 0, 0);
            }

            lost[key] = (new SequenceRange(Math.Min(sum.Range.First, head.Sequence), Math.Max(sum.Range.Last, head.Sequence)), sum.Count + 1, record.Index);
        }

        foreach ((DeliveryKey key, (SequenceRange Range, long Count, long Index) sum) in lost)
        {
            if (_context.Delivery.Find(key) is { } marks)
            {
                DeclareLost(key, marks, sum.Index, sum.Range, sum.Count, cause);
            }
        }
    }

    /// <summary>Sends what may be sent.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <param name="mayPublish">False while the gateway stops: then only marks are made.</param>
    public void Step(long nowUs, bool mayPublish)
    {
        DrainSettled(nowUs);
        Mark();
        Free();
        ShowViews(nowUs);
        if (!mayPublish || !_link.IsUp)
        {
            return;
        }

        foreach (SessionState state in _sessions.Values)
        {
            if (state.MustRewind && nowUs >= state.NextProbeUs && !HasDoomed(state))
            {
                Rewind(state);
            }
        }

        while (_slots.Count < _context.Options.Window && TrySendOne(nowUs))
        {
        }

        // With the embedded server a message may be settled inside the call that published it.
        DrainSettled(nowUs);
        if (nowUs >= _nextReleaseUs)
        {
            _nextReleaseUs = nowUs + 1_000_000;
            Release();
        }
    }

    public long NextUs(long nowUs)
    {
        long next = long.MaxValue;
        foreach (SessionState state in _sessions.Values)
        {
            if (state.NextProbeUs > nowUs)
            {
                next = Math.Min(next, state.NextProbeUs);
            }
        }

        return _settled.Count > 0 ? nowUs : next;
    }

    /// <summary>Highest journal index of a key that was handed to the link or settled.</summary>
    public long PublishedIndex(DeliveryKey key)
    {
        long settled = _context.Delivery.Find(key)?.SettledIndex ?? 0;
        return _sessions.TryGetValue(key.Session, out SessionState? state) && state.Keys.TryGetValue(key.Stream, out KeyState? ram)
            ? Math.Max(settled, ram.Published)
            : settled;
    }

    private bool IsInWindow(DeliveryKey key, long index)
    {
        foreach (Slot slot in _slots)
        {
            if (slot.Index == index && slot.Key == key && slot.State != SlotState.Doomed)
            {
                return true;
            }
        }

        return false;
    }

    private void DeclareLost(DeliveryKey key, DeliveryMarks marks, long throughIndex, SequenceRange range, long count, GapCause cause)
    {
        uint lost = (uint)Math.Min(Math.Min(count, marks.Pending), uint.MaxValue);
        StoreLossRecord record = new(key.Session, key.Stream, range.First, range.Last, lost, throughIndex, cause);
        if (lost == 0 || !_context.TryAppend(JournalRecordType.StoreLoss, record.Encode(), out _))
        {
            return;
        }

        _context.Log("G2405", ReadingJson.StreamText(key.Stream) + ": " + GatewayContext.Text(lost) + " readings lost before they were sent");
        int unit = range.Count == lost ? GapBody.Readings : GapBody.Readings | GapBody.AtLeast;
        _context.Gap(key.Stream, cause, range.First == 0 ? GapBody.Readings : unit, range, lost, key.Session);
    }

    private SessionState StateOf(uint number)
    {
        if (!_sessions.TryGetValue(number, out SessionState? state))
        {
            state = new SessionState(number);
            _sessions.Add(number, state);
            Rewind(state);
        }

        return state;
    }

    private void DrainSettled(long nowUs)
    {
        for (int i = 0; i < _settled.Count; i++)
        {
            (long ticket, byte reason) = _settled[i];
            int at = _slots.FindIndex(s => s.Ticket == ticket);
            if (at < 0)
            {
                continue;
            }

            Slot slot = _slots[at];
            SessionState state = slot.Session;
            if (slot.State == SlotState.Doomed)
            {
                _slots.RemoveAt(at);
            }
            else if (reason < 0x80 && reason != 0x10)
            {
                _context.Counts.Acknowledged++;
                if (IsBulk(slot.Class))
                {
                    _bulk.Acknowledged(nowUs - slot.PublishedUs, slot.WasFull, nowUs);
                }

                slot.State = SlotState.Acknowledged;
                state.Confirmed = true;
                state.IsUnheard = false;
            }
            else
            {
                Unheard(state, slot, at, reason, nowUs);
            }
        }

        _settled.Clear();
    }

    private void Unheard(SessionState state, Slot failed, int at, byte reason, long nowUs)
    {
        _context.Counts.NoSubscriber++;
        if (!state.IsUnheard)
        {
            string session = _context.Sessions.Find(state.Number)?.Id ?? "?";
            _context.Log(
                reason == 0x10 ? "G2404" : "G2403",
                "session " + session + ": reason " + GatewayContext.Text(reason) + ", " + ReadingJson.StreamText(failed.Key.Stream));
        }

        state.IsUnheard = true;
        state.Confirmed = false;
        state.MustRewind = true;
        state.NextProbeUs = nowUs + _context.Options.ProbeUs;
        _slots.RemoveAt(at);

        // What is behind it in the session must not overtake it: it is sent again too, whatever its own answer will be.
        for (int i = _slots.Count - 1; i >= 0; i--)
        {
            Slot slot = _slots[i];
            if (slot.Session != state || slot.MarkIndex != 0)
            {
                continue;
            }

            if (slot.State == SlotState.Published)
            {
                slot.State = SlotState.Doomed;
            }
            else if (slot.State == SlotState.Acknowledged && slot.Key == failed.Key && slot.Index > failed.Index)
            {
                _slots.RemoveAt(i);
            }
        }
    }

    private void DropUnacknowledged(SessionState state)
    {
        _blocked.Clear();
        for (int i = 0; i < _slots.Count;)
        {
            Slot slot = _slots[i];
            if (slot.Session == state && slot.MarkIndex == 0 && (slot.State != SlotState.Acknowledged || _blocked.Contains(slot.Key)))
            {
                _blocked.Add(slot.Key);
                _slots.RemoveAt(i);
                continue;
            }

            i++;
        }
    }

    private bool HasDoomed(SessionState state)
    {
        foreach (Slot slot in _slots)
        {
            if (slot.Session == state && slot.State == SlotState.Doomed)
            {
                return true;
            }
        }

        return false;
    }

    private void Rewind(SessionState state)
    {
        state.MustRewind = false;
        state.Keys.Clear();
        foreach (Slot slot in _slots)
        {
            if (slot.Session == state)
            {
                state.KeyOf(slot.Key.Stream).Published = slot.Index;
            }
        }

        foreach (RecordClass recordClass in Order)
        {
            long first = _context.Delivery.FirstPending(state.Number, recordClass);
            state.Lanes[(int)recordClass] = new Lane(new Cursor(recordClass, first == long.MaxValue ? _context.Journal.LastIndex + 1 : first, first == long.MaxValue));
        }
    }

    private void Mark()
    {
        _entries.Clear();
        _blocked.Clear();
        foreach (Slot slot in _slots)
        {
            if (slot.MarkIndex != 0)
            {
                continue;
            }

            if (slot.State == SlotState.Acknowledged && !_blocked.Contains(slot.Key))
            {
                _entries.Add(new SentEntry(
                    slot.Key.Session, slot.Key.Stream, slot.Sequence, slot.Index, slot.ToldUtcUs, slot.ToldUncertaintyUs, slot.IsCorrectable));
            }
            else
            {
                _blocked.Add(slot.Key);
            }
        }

        if (_entries.Count == 0 || !_context.TryAppend(JournalRecordType.SentMark, SentMarkRecord.Encode(_entries), out long index))
        {
            return;
        }

        int entry = 0;
        foreach (Slot slot in _slots)
        {
            if (entry < _entries.Count && slot.MarkIndex == 0 && slot.Index == _entries[entry].Index)
            {
                slot.MarkIndex = index;
                entry++;
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
                ReadingMessage reading = ReadingMessage.Make(_context, session, FrameHead.Read(frame), frame, null);
                _link.View(reading.Message(_context.TopicRoot + "session/" + session.Id + "/"), nowUs);
            }
        }
    }

    private void Free()
    {
        long synced = _context.Journal.SyncedIndex;
        _slots.RemoveAll(s => s.MarkIndex != 0 && s.MarkIndex <= synced);
    }

    private bool TrySendOne(long nowUs)
    {
        uint open = _context.Sessions.Open?.Number ?? 0;
        bool isThrottled = BulkInFlight() >= _mostBulk(_bulk.Size);
        foreach (RecordClass recordClass in Order)
        {
            if (isThrottled && IsBulk(recordClass))
            {
                continue;
            }

            if (open != 0 && _sessions.TryGetValue(open, out SessionState? live) && TrySendFrom(live, recordClass, nowUs))
            {
                return true;
            }

            int backlogs = 0;
            foreach (SessionState state in _sessions.Values)
            {
                if (state.Number == open || backlogs >= MaxBacklogSessions || !_context.Delivery.PendingBySession.ContainsKey(state.Number))
                {
                    continue;
                }

                // Sessions nobody listens to do not keep the others waiting.
                backlogs += state.IsUnheard ? 0 : 1;
                if (TrySendFrom(state, recordClass, nowUs))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool IsBulk(RecordClass recordClass) => recordClass is RecordClass.Sound or RecordClass.Wave;

    private int BulkInFlight()
    {
        int count = 0;
        foreach (Slot slot in _slots)
        {
            count += slot.State == SlotState.Published && IsBulk(slot.Class) ? 1 : 0;
        }

        return count;
    }

    private bool TrySendFrom(SessionState state, RecordClass recordClass, long nowUs)
    {
        if (state.MustRewind || nowUs < state.NextProbeUs || (!state.Confirmed && HasSlot(state)))
        {
            return false;
        }

        Lane lane = state.Lanes[(int)recordClass];
        if (lane.Leap is { } leap)
        {
            if (leap.IsBroken || lane.Scan.IsCaughtUp)
            {
                lane.Leap = null;
            }
            else
            {
                while (leap.TryPeek(out Item item) && item.Index <= _context.Journal.SyncedIndex)
                {
                    KeyState key = state.KeyOf(item.Head.Key);
                    long published = PublishedIndex(new DeliveryKey(state.Number, item.Head.Key));
                    if (published >= item.Index)
                    {
                        leap.Take();
                    }
                    else if (published < key.Barrier)
                    {
                        // Its stream has a backlog: the order of a stream comes first.
                        key.Barrier = item.Index;
                        leap.Take();
                    }
                    else
                    {
                        return TryPublish(state, leap, item, nowUs);
                    }
                }
            }
        }

        Cursor scan = lane.Scan;
        while (scan.TryPeek(out Item item))
        {
            if (item.Index <= PublishedIndex(new DeliveryKey(state.Number, item.Head.Key)))
            {
                scan.Take();
                continue;
            }

            return item.Index <= _context.Journal.SyncedIndex && TryPublish(state, scan, item, nowUs);
        }

        if (scan.IsCaughtUp)
        {
            Reconcile(state, recordClass);
        }
        else if (!scan.IsReading)
        {
            if (lane.Leap is null && _context.Journal.LastIndex - scan.Position > _context.Options.LiveDistanceRecords)
            {
                BeginLeap(state, lane);
            }

            scan.IsReading = true;
            _context.Read(scan.Position, 1 << (int)recordClass, _context.Options.ReadAheadBytes, (records, next) =>
            {
                scan.IsReading = false;
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

    private void BeginLeap(SessionState state, Lane lane)
    {
        foreach ((DeliveryKey key, DeliveryMarks marks) in _context.Delivery.Marks)
        {
            if (key.Session == state.Number && marks.Class == lane.Scan.Class)
            {
                state.KeyOf(key.Stream).Barrier = marks.LastIndex;
            }
        }

        lane.Leap = new Cursor(lane.Scan.Class, _context.Journal.LastIndex + 1, true);
    }

    /// <summary>All is read and nothing is under way, yet the fold counts readings as pending: the journal has lost them, for example by damage.</summary>
    private void Reconcile(SessionState state, RecordClass recordClass)
    {
        if (!_context.Delivery.PendingBySession.ContainsKey(state.Number) || HasSlot(state) || _context.Journal.SyncedIndex != _context.Journal.LastIndex)
        {
            return;
        }

        foreach ((DeliveryKey key, DeliveryMarks marks) in new List<KeyValuePair<DeliveryKey, DeliveryMarks>>(_context.Delivery.Marks))
        {
            if (key.Session == state.Number && marks.Class == recordClass && marks.Pending > 0)
            {
                DeclareLost(key, marks, marks.LastIndex, new SequenceRange(0, 0), marks.Pending, GapCause.StoreDamaged);
            }
        }
    }

    private bool HasSlot(SessionState state)
    {
        foreach (Slot slot in _slots)
        {
            if (slot.Session == state)
            {
                return true;
            }
        }

        return false;
    }

    private bool TryPublish(SessionState state, Cursor cursor, Item item, long nowUs)
    {
        if (_context.Sessions.Find(state.Number) is not { } session)
        {
            cursor.Take();
            return true;
        }

        ReadOnlySpan<byte> frame = item.Record.AsSpan(FrameStamp.Length);
        ReadingMessage reading = ReadingMessage.Make(_context, session, item.Head, frame, null);
        if (!_retained.TryDescribe(session, item.Head, frame, nowUs))
        {
            return false;
        }

        // Before the call: the embedded server may settle the ticket inside it.
        Slot slot = new()
        {
            Ticket = _context.NextTicket(),
            Session = state,
            Key = new DeliveryKey(state.Number, item.Head.Key),
            Sequence = item.Head.Sequence,
            Index = item.Index,
            ToldUtcUs = reading.Time.IsKnown ? reading.Time.UtcUs : GatewayMoment.NoUtc,
            ToldUncertaintyUs = reading.Time.IsKnown ? (uint)Math.Min(reading.Time.UncertaintyUs, uint.MaxValue) : 0,
            IsCorrectable = reading.IsJson && item.Head.DeviceId != _context.Options.GatewayId,
            Class = cursor.Class,
            PublishedUs = nowUs,
            WasFull = IsBulk(cursor.Class) && BulkInFlight() + 1 >= Math.Min(_bulk.Size, 2),
        };
        _slots.Add(slot);
        if (!_link.TryPublish(reading.Message(_context.TopicRoot + "session/" + session.Id + "/"), slot.Ticket, nowUs))
        {
            _slots.Remove(slot);
            return false;
        }

        _context.Counts.Published++;
        if (IsBulk(slot.Class))
        {
            _bulkSent();
        }

        state.KeyOf(item.Head.Key).Published = item.Index;
        cursor.Take();
        _retained.Sent(session, item.Head, frame, reading, nowUs);
        return true;
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
        foreach (SessionState state in _sessions.Values)
        {
            if (!_context.Delivery.PendingBySession.ContainsKey(state.Number) && _context.Sessions.Find(state.Number) is not { IsOpen: true } && !HasSlot(state))
            {
                done = state.Number;
                break;
            }
        }

        if (done != 0)
        {
            _sessions.Remove(done);
        }
    }

    private enum SlotState
    {
        Published,
        Acknowledged,
        Doomed,
    }

    private readonly record struct Item(long Index, byte[] Record)
    {
        public FrameHead Head => FrameHead.Read(Record.AsSpan(FrameStamp.Length));
    }

    private sealed class Slot
    {
        public required long Ticket { get; init; }

        public required SessionState Session { get; init; }

        public required DeliveryKey Key { get; init; }

        public required uint Sequence { get; init; }

        public required long Index { get; init; }

        public required long ToldUtcUs { get; init; }

        public required uint ToldUncertaintyUs { get; init; }

        public required bool IsCorrectable { get; init; }

        public required RecordClass Class { get; init; }

        public required long PublishedUs { get; init; }

        public required bool WasFull { get; init; }

        public SlotState State { get; set; }

        public long MarkIndex { get; set; }
    }

    private sealed class KeyState
    {
        public long Published { get; set; }

        public long Barrier { get; set; }
    }

    /// <summary>One position in the journal with the records read ahead of it.</summary>
    private sealed class Cursor
    {
        private readonly Queue<Item> _items = new();
        private int _bytes;

        public Cursor(RecordClass recordClass, long position, bool isCaughtUp)
        {
            Class = recordClass;
            Position = position;
            IsCaughtUp = isCaughtUp;
        }

        public RecordClass Class { get; }

        public long Position { get; set; }

        /// <summary>True while everything of the class up to the end is read: new records come by <see cref="Offer"/>.</summary>
        public bool IsCaughtUp { get; set; }

        public bool IsReading { get; set; }

        /// <summary>True when a new record found no room: a leap ends, a scan reads it later.</summary>
        public bool IsBroken { get; private set; }

        public void Offer(long index, byte[] record, int maxBytes)
        {
            if (!IsCaughtUp)
            {
                return;
            }

            if (_bytes + record.Length > maxBytes)
            {
                IsCaughtUp = false;
                IsBroken = true;
                Position = index;
                return;
            }

            Add(index, record);
        }

        public void Add(long index, byte[] record)
        {
            _items.Enqueue(new Item(index, record));
            _bytes += record.Length;
        }

        public bool TryPeek(out Item item) => _items.TryPeek(out item);

        public void Take() => _bytes -= _items.Dequeue().Record.Length;
    }

    private sealed class Lane
    {
        public Lane(Cursor scan) => Scan = scan;

        public Cursor Scan { get; }

        public Cursor? Leap { get; set; }
    }

    private sealed class SessionState
    {
        public SessionState(uint number) => Number = number;

        public uint Number { get; }

        public Lane[] Lanes { get; } = new Lane[(int)RecordClass.Wave + 1];

        public SortedDictionary<StreamKey, KeyState> Keys { get; } = [];

        /// <summary>True after an acknowledgement: until then one message is in flight at most, so that nothing overtakes a probe.</summary>
        public bool Confirmed { get; set; }

        public bool IsUnheard { get; set; }

        public bool MustRewind { get; set; }

        public long NextProbeUs { get; set; }

        public KeyState KeyOf(StreamKey key)
        {
            if (!Keys.TryGetValue(key, out KeyState? state))
            {
                state = new KeyState();
                Keys.Add(key, state);
            }

            return state;
        }
    }
}
