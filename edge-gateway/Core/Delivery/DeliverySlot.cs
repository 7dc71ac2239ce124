using System.Collections.Generic;
using EdgeGateway.Core.Readings;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Delivery;

/// <summary>A reading that waits to be sent.</summary>
/// <param name="Index">Its journal index.</param>
/// <param name="Reading">The reading, on bytes that are kept for it.</param>
internal readonly record struct DeliveryItem(long Index, Reading Reading)
{
    /// <summary>Its stream.</summary>
    public StreamKey Key => Reading.Key;

    /// <summary>Bytes of its record.</summary>
    public int Length => Reading.Record.Length;
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
    Superseded,
}

/// <summary>One place in the window. It is used again once its mark is on the disk, and brings its own links of the lists it stands in.</summary>
internal sealed class DeliverySlot
{
    public DeliverySlot()
    {
        Waiting = new LinkedListNode<DeliverySlot>(this);
        InStream = new LinkedListNode<DeliverySlot>(this);
    }

    /// <summary>Its link among the unanswered or the stalled.</summary>
    public LinkedListNode<DeliverySlot> Waiting { get; }

    /// <summary>Its link among the unmarked of its stream.</summary>
    public LinkedListNode<DeliverySlot> InStream { get; }

    public long Ticket { get; set; }

    public StreamDelivery Stream { get; set; } = null!;

    public DeliveryItem Item { get; set; }

    public long SentUtcUs { get; set; }

    public uint SentUncertaintyUs { get; set; }

    public bool IsCorrectable { get; set; }

    public long PublishedUs { get; set; }

    public bool WasFull { get; set; }

    public uint Sequence => Item.Reading.Head.Sequence;

    public SlotState State { get; set; }

    /// <summary>Journal index of the mark or loss that settles it, 0 before.</summary>
    public long MarkIndex { get; set; }

    /// <summary>True when it was unanswered for so long that it no longer counts against the window.</summary>
    public bool IsStalled { get; set; }

    public bool IsBackground => Stream.Class is RecordClass.Sound or RecordClass.Wave;
}
