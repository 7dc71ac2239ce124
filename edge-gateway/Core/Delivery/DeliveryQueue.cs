using System.Collections.Generic;
using EdgeGateway.Core.Readings;

namespace EdgeGateway.Core.Delivery;

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

    public void Offer(long index, in Reading reading, int maxBytes)
    {
        if (!IsCaughtUp)
        {
            return;
        }

        if (_bytes + reading.Record.Length > maxBytes)
        {
            IsCaughtUp = false;
            IsBroken = true;
            Position = index;
            return;
        }

        Add(index, reading);
    }

    public void Add(long index, in Reading reading)
    {
        _items.Enqueue(new DeliveryItem(index, reading));
        _bytes += reading.Record.Length;
    }

    public bool TryPeek(out DeliveryItem item) => _items.TryPeek(out item);

    public void Take() => _bytes -= _items.Dequeue().Length;
}

/// <summary>Where one class of one session stands in the journal.</summary>
internal sealed class DeliveryQueue
{
    public DeliveryQueue(DeliveryCursor scan) => Scan = scan;

    public DeliveryCursor Scan { get; set; }

    /// <summary>The live-tail cursor: overtakes a long backlog with the readings of streams that have none.</summary>
    public DeliveryCursor? LiveTail { get; set; }

    /// <summary>Streams that are held and not being probed, by when they are due.</summary>
    public SortedSet<(long DueUs, StreamKey Key)> Held { get; } = [];

    /// <summary>Streams with parked readings.</summary>
    public SortedSet<StreamKey> Parked { get; } = [];

    /// <summary>Bytes of all parked readings.</summary>
    public int ParkedBytes { get; set; }

    /// <summary>When what is pending is compared with what is there next, monotonic µs.</summary>
    public long ReconcileUs { get; set; }
}
