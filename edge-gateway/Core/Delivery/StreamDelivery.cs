using System.Collections.Generic;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Delivery;

/// <summary>A record of the journal that waits to be sent.</summary>
/// <param name="Index">Its journal index.</param>
/// <param name="Record">Its payload: the stamp and the frame.</param>
internal readonly record struct DeliveryItem(long Index, byte[] Record)
{
    /// <summary>The frame's head.</summary>
    public FrameHead Head => FrameHead.Read(System.MemoryExtensions.AsSpan(Record, FrameStamp.Length));
}

/// <summary>How far a reading in the window is.</summary>
internal enum SlotState
{
    /// <summary>Handed over; no answer yet.</summary>
    Published,

    /// <summary>Acknowledged; its mark is still to be written.</summary>
    Acknowledged,

    /// <summary>Refused for good; its loss is still to be declared.</summary>
    Refused,

    /// <summary>Superseded: an earlier reading of its stream has to go first. Whatever the answer, it is sent again.</summary>
    Doomed,
}

/// <summary>One place in the window.</summary>
internal sealed class DeliverySlot
{
    public required long Ticket { get; init; }

    public required StreamDelivery Stream { get; init; }

    public required DeliveryItem Item { get; init; }

    public required uint Sequence { get; init; }

    public required long ToldUtcUs { get; init; }

    public required uint ToldUncertaintyUs { get; init; }

    public required bool IsCorrectable { get; init; }

    public required long PublishedUs { get; init; }

    public required bool WasFull { get; init; }

    public SlotState State { get; set; }

    /// <summary>Journal index of the mark or loss that settles it, 0 before.</summary>
    public long MarkIndex { get; set; }

    /// <summary>True when it was unanswered for so long that it no longer counts against the window.</summary>
    public bool IsStalled { get; set; }

    public bool IsBulk => Stream.Class is RecordClass.Sound or RecordClass.Wave;
}

/// <summary>
/// How the delivery of one stream of one session stands. What a broker or subscriber answers about one stream changes this stream alone.
/// No I/O. Memory: the readings in flight, one to probe with, and those that wait for the answer to the first one.
/// </summary>
internal sealed class StreamDelivery
{
    public StreamDelivery(SessionDelivery session, StreamKey key, RecordClass recordClass, DeliveryMarks? marks)
    {
        Session = session;
        Key = new DeliveryKey(session.Number, key);
        Class = recordClass;
        Published = marks?.SettledIndex ?? 0;
        Through = Published;
        BeganAfter = marks?.SentThrough ?? 0;
    }

    public SessionDelivery Session { get; }

    public DeliveryKey Key { get; }

    public RecordClass Class { get; }

    /// <summary>Highest journal index handed to the link or settled.</summary>
    public long Published { get; set; }

    /// <summary>Highest sequence handed to the link since the start, 0 for none.</summary>
    public uint HighestSequence { get; set; }

    /// <summary>Highest sequence that was marked as sent when this state was made.</summary>
    public uint BeganAfter { get; }

    /// <summary>Highest journal index handed over or parked: nothing up to it is to be read again.</summary>
    public long Through { get; set; }

    /// <summary>The live-tail cursor may take nothing of this stream before all up to this index went out.</summary>
    public long Barrier { get; set; }

    /// <summary>True after an acknowledgement; until then one reading is in flight at most, so that nothing overtakes a probe.</summary>
    public bool IsConfirmed { get; private set; }

    /// <summary>True while nothing is sent but a probe now and then.</summary>
    public bool IsHeld { get; set; }

    /// <summary>When a held stream is probed next, monotonic µs.</summary>
    public long HeldUntilUs { get; set; }

    /// <summary>Why it is held: an MQTT 5 reason code, 0 when nobody answered.</summary>
    public byte HeldFor { get; set; }

    /// <summary>Probes in a row without success; the pause grows with them.</summary>
    public int Probes { get; set; }

    /// <summary>The reading to probe with; null when it has to be read first.</summary>
    public DeliveryItem? Probe { get; set; }

    /// <summary>True while the reading to probe with has yet to be handed over: an answer about an earlier one says nothing of it.</summary>
    public bool HasProbeToSend => Probe is { } probe && probe.Index > Published;

    /// <summary>True when the lane has passed readings of this stream that were not sent.</summary>
    public bool IsBehind { get; set; }

    /// <summary>Readings that wait for the answer to the first one: the ones right behind it, without one left out.</summary>
    public Queue<DeliveryItem> Parked { get; } = new();

    /// <summary>Places in the window whose mark is not written, in the order of the journal.</summary>
    public LinkedList<DeliverySlot> Unmarked { get; } = new();

    /// <summary>Of these, how many are unanswered and not superseded.</summary>
    public int InFlight { get; set; }

    /// <summary>How many superseded ones are unanswered.</summary>
    public int Doomed { get; set; }

    /// <summary>How often the reading that was refused last was sent.</summary>
    public int Tries { get; set; }

    /// <summary>Which reading that was, by journal index.</summary>
    public long TriedIndex { get; set; }

    /// <summary>The health issue that stands for this stream, or null.</summary>
    public string? Issue { get; set; }

    /// <summary>The oldest unanswered reading when the connection was lost.</summary>
    public long SuspectIndex { get; set; }

    /// <summary>Connections in a row that ended at it.</summary>
    public int SuspectLosses { get; set; }

    /// <summary>Refused readings whose loss is not declared yet: always one unbroken range.</summary>
    public SequenceRange Aside { get; set; }

    /// <summary>How many, 0 for none.</summary>
    public uint AsideCount { get; set; }

    /// <summary>Journal index of the last of them.</summary>
    public long AsideThrough { get; set; }

    /// <summary>When the first of them was set aside, monotonic µs.</summary>
    public long AsideSinceUs { get; set; }

    /// <summary>True while nothing new is handed over, so that the journal can give up readings of it.</summary>
    public bool IsYielding { get; set; }

    /// <summary>Until when at most, monotonic µs; each time the journal asks it is later.</summary>
    public long YieldsUntilUs { get; set; }

    /// <summary>True when a reading may be handed over now.</summary>
    public bool CanSend => !IsHeld && !IsYielding && Doomed == 0 && (IsConfirmed || InFlight == 0);

    /// <summary>Notes whether somebody takes this stream.</summary>
    public void Confirm(bool value)
    {
        if (IsConfirmed != value)
        {
            IsConfirmed = value;
            Session.Confirmed += value ? 1 : -1;
        }
    }
}

/// <summary>One position in the journal with the records read ahead of it.</summary>
internal sealed class DeliveryCursor
{
    private readonly Queue<DeliveryItem> _items = new();
    private int _bytes;

    public DeliveryCursor(long position, bool isCaughtUp)
    {
        Position = position;
        IsCaughtUp = isCaughtUp;
    }

    public long Position { get; set; }

    /// <summary>True while everything of the class up to the end is read: new records come by <see cref="Offer"/>.</summary>
    public bool IsCaughtUp { get; set; }

    public bool IsReading { get; set; }

    /// <summary>True when a new record found no room: a live-tail cursor ends, a scan reads it later.</summary>
    public bool IsBroken { get; set; }

    /// <summary>The next index that was not taken yet.</summary>
    public long Next => _items.TryPeek(out DeliveryItem item) ? item.Index : Position;

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
        _items.Enqueue(new DeliveryItem(index, record));
        _bytes += record.Length;
    }

    public bool TryPeek(out DeliveryItem item) => _items.TryPeek(out item);

    public void Take() => _bytes -= _items.Dequeue().Record.Length;
}

/// <summary>The way of one class of one session through the journal.</summary>
internal sealed class DeliveryLane
{
    public DeliveryLane(DeliveryCursor scan) => Scan = scan;

    public DeliveryCursor Scan { get; set; }

    /// <summary>The live-tail cursor: overtakes a long backlog with the readings of streams that have none.</summary>
    public DeliveryCursor? Leap { get; set; }

    /// <summary>Streams that are held and not being probed, by when they are due.</summary>
    public SortedSet<(long DueUs, StreamKey Key)> Held { get; } = [];

    /// <summary>Streams with parked readings.</summary>
    public SortedSet<StreamKey> Parked { get; } = [];

    /// <summary>Bytes of all parked readings.</summary>
    public int ParkedBytes { get; set; }

    /// <summary>When what is pending is compared with what is there next, monotonic µs.</summary>
    public long ReconcileUs { get; set; }
}

/// <summary>A session's streams and lanes.</summary>
internal sealed class SessionDelivery
{
    public SessionDelivery(uint number) => Number = number;

    public uint Number { get; }

    public DeliveryLane[] Lanes { get; } = new DeliveryLane[(int)RecordClass.Wave + 1];

    public SortedDictionary<StreamKey, StreamDelivery> Streams { get; } = [];

    /// <summary>Places in the window.</summary>
    public int Slots { get; set; }

    /// <summary>Streams that somebody takes.</summary>
    public int Confirmed { get; set; }

    /// <summary>Streams held since nobody takes them.</summary>
    public int WithoutSubscriber { get; set; }

    /// <summary>True when the newest answers say that nobody takes anything of this session.</summary>
    public bool HasNoSubscriber => WithoutSubscriber > 0 && Confirmed == 0;

    /// <summary>What was last told of it.</summary>
    public bool ToldNoSubscriber { get; set; }
}
