using System.Collections.Generic;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Delivery;

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

    /// <summary>Order by session, device, boot and stream.</summary>
    public static Comparer<StreamDelivery> ByKey { get; } = Comparer<StreamDelivery>.Create(static (a, b) => a.Key.CompareTo(b.Key));

    public SessionDelivery Session { get; }

    /// <summary>Its class in its session.</summary>
    public DeliveryQueue Queue => Session.Queues[(int)Class];

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
    public long HighWaterMark { get; set; }

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

    /// <summary>True when the queue has passed readings of this stream that were not sent.</summary>
    public bool IsBehind { get; set; }

    /// <summary>Readings that wait for the answer to the first one: the ones right behind it, without one left out.</summary>
    public Queue<DeliveryItem> Parked { get; } = new();

    /// <summary>Places in the window whose mark is not written, in the order of the journal.</summary>
    public LinkedList<DeliverySlot> Unmarked { get; } = new();

    /// <summary>Of these, how many are unanswered and not superseded.</summary>
    public int InFlight { get; set; }

    /// <summary>How many superseded ones are unanswered.</summary>
    public int Superseded { get; set; }

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
    public bool CanSend => !IsHeld && !IsYielding && Superseded == 0 && (IsConfirmed || InFlight == 0);

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

/// <summary>A session's streams and queues.</summary>
internal sealed class SessionDelivery
{
    public SessionDelivery(uint number) => Number = number;

    public uint Number { get; }

    public DeliveryQueue[] Queues { get; } = new DeliveryQueue[(int)RecordClass.Wave + 1];

    public SortedDictionary<StreamKey, StreamDelivery> Streams { get; } = [];

    /// <summary>Places in the window.</summary>
    public int Slots { get; set; }

    /// <summary>Streams that somebody takes.</summary>
    public int Confirmed { get; set; }

    /// <summary>Streams held since nobody takes them.</summary>
    public int WithoutSubscriber { get; set; }

    /// <summary>True when the newest answers say that nobody takes anything of this session.</summary>
    public bool HasNoSubscriber => WithoutSubscriber > 0 && Confirmed == 0;

    /// <summary>The same when it was reported last.</summary>
    public bool ReportedNoSubscriber { get; set; }
}
