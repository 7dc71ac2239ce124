using System;
using System.Collections.Generic;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Delivery;

/// <summary>
/// Where the delivery of each session stands in the journal: per class a scan from the first pending reading, and beside a long backlog a live-tail cursor. Both read ahead
/// a bounded number of bytes, so memory does not grow with the backlog. Per stream it keeps how far its readings are handed over, and what waits for the answer to an earlier one.
/// Reads the journal; sends nothing.
/// </summary>
internal sealed class DeliveryCursors(DeliveryProjection delivery, JournalReader journal, GatewayOptions options)
{
    /// <summary>Reads of the journal under way at once.</summary>
    public const int MaxReads = 64;

    private int _reads;

    /// <summary>The sessions with something to deliver, by number; enumerated at each step, which costs no object by index.</summary>
    public SortedList<uint, SessionDelivery> Sessions { get; } = [];

    /// <summary>True when readings of a session are still to be sent.</summary>
    public bool IsPending(uint number) => delivery.PendingBySession.ContainsKey(number);

    /// <summary>The first reading of a class that is still to be sent in any session.</summary>
    /// <param name="recordClass">The class.</param>
    /// <returns>Its index; <see cref="long.MaxValue"/> for none.</returns>
    public long FirstPending(RecordClass recordClass)
    {
        long first = long.MaxValue;
        foreach (uint session in delivery.PendingBySession.Keys)
        {
            first = Math.Min(first, delivery.FirstPending(session, recordClass));
        }

        return first;
    }

    /// <summary>True when a record is on the disk: only then may its reading be handed over.</summary>
    public bool IsStored(long index) => index <= journal.SyncedIndex;

    /// <summary>The journal is open: what is pending there is to be sent.</summary>
    public void Begin()
    {
        foreach (uint session in delivery.PendingBySession.Keys)
        {
            StateOf(session);
        }
    }

    /// <summary>A session's state, made when there is none.</summary>
    public SessionDelivery StateOf(uint number)
    {
        if (!Sessions.TryGetValue(number, out SessionDelivery? state))
        {
            state = new SessionDelivery(number);
            Sessions.Add(number, state);
            Restart(state);
        }

        return state;
    }

    /// <summary>A stream's state, made when there is none.</summary>
    public StreamDelivery StreamOf(SessionDelivery state, StreamKey key, RecordClass recordClass)
    {
        if (!state.Streams.TryGetValue(key, out StreamDelivery? stream))
        {
            stream = new StreamDelivery(state, key, recordClass, delivery.Find(new DeliveryKey(state.Number, key)));
            state.Streams.Add(key, stream);
        }

        return stream;
    }

    /// <summary>A stream's state, null when there is none.</summary>
    public StreamDelivery? Find(DeliveryKey key) =>
        Sessions.TryGetValue(key.Session, out SessionDelivery? state) && state.Streams.TryGetValue(key.Stream, out StreamDelivery? stream) ? stream : null;

    /// <summary>Every queue of a session from its first pending reading.</summary>
    public void Restart(SessionDelivery state)
    {
        foreach (RecordClass recordClass in DeliveryScheduler.Order)
        {
            long first = delivery.FirstPending(state.Number, recordClass);
            bool isEmpty = first == long.MaxValue;
            state.Queues[(int)recordClass] = new DeliveryQueue(new DeliveryCursor(isEmpty ? journal.LastIndex + 1 : first, isEmpty));
        }
    }

    /// <summary>A reading entered the journal: cursors at its end take it without reading it back.</summary>
    public void Offer(SessionDelivery state, long index, in Reading reading)
    {
        DeliveryQueue queue = state.Queues[(int)reading.Class];
        queue.Scan.Offer(index, reading, options.ReadAheadBytes);
        queue.LiveTail?.Offer(index, reading, options.ReadAheadBytes);
    }

    /// <summary>Reads ahead of a scan that has nothing left and is not at the end, and begins a live tail when the end is far away.</summary>
    public void ReadAhead(SessionDelivery state, DeliveryQueue queue, RecordClass recordClass)
    {
        DeliveryCursor scan = queue.Scan;
        if (scan.IsReading || _reads >= MaxReads)
        {
            return;
        }

        if (queue.LiveTail is null && journal.LastIndex - scan.Position > options.LiveDistanceRecords)
        {
            BeginLiveTail(state, queue, recordClass);
        }

        BeginRead(state, scan, recordClass);
    }

    /// <summary>Highest journal index of a stream that is settled: sent and marked, or lost and declared; 0 for none.</summary>
    public long SettledIndex(StreamDelivery stream) => delivery.Find(stream.Key)?.SettledIndex ?? 0;

    /// <summary>What the stream has behind it: handed over, parked, or settled otherwise, for example lost and declared.</summary>
    public long SkipThrough(StreamDelivery stream) => Math.Max(stream.Through, SettledIndex(stream));

    /// <summary>The last reading of a stream that needs not be sent again.</summary>
    public long LastTaken(StreamDelivery stream) =>
        Math.Max(SettledIndex(stream), Math.Max(stream.Unmarked.Last?.Value.Item.Index ?? 0, stream.AsideCount > 0 ? stream.AsideThrough : 0));

    /// <summary>The stream's position is behind its last reading that needs not be sent again.</summary>
    public void GoBack(StreamDelivery stream)
    {
        ClearParked(stream);
        stream.Published = LastTaken(stream);
        stream.Through = stream.Published;
        stream.IsBehind = true;
    }

    /// <summary>When a stream may go on and the queue has passed readings of it, the queue goes back to them. Streams without a backlog go on as the live tail.</summary>
    public void CatchUp(StreamDelivery stream)
    {
        if (!stream.IsBehind || !stream.CanSend || stream.Parked.Count > 0)
        {
            return;
        }

        DeliveryQueue queue = stream.Queue;
        DeliveryCursor old = queue.Scan;
        long from = SkipThrough(stream) + 1;
        bool becomesTail = queue.LiveTail is null && old.IsCaughtUp;
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
                other.HighWaterMark = Math.Max(other.HighWaterMark, delivery.Find(other.Key)?.LastIndex ?? 0);
                other.IsBehind &= SkipThrough(other) + 1 < from;
            }
            else if (becomesTail)
            {
                other.HighWaterMark = 0;
            }
        }

        if (becomesTail)
        {
            old.IsBroken = false;
            queue.LiveTail = old;
        }

        queue.Scan = new DeliveryCursor(from, false);
    }

    /// <summary>Keeps a reading in memory until the one before it is answered.</summary>
    /// <returns>False when the queue has no room: the reading is read again later.</returns>
    public bool TryPark(DeliveryQueue queue, StreamDelivery stream, in DeliveryItem item)
    {
        if (queue.ParkedBytes + item.Length > options.ReadAheadBytes)
        {
            return false;
        }

        queue.ParkedBytes += item.Length;
        stream.Parked.Enqueue(item);
        stream.Through = item.Index;
        queue.Parked.Add(stream.Key.Stream);
        return true;
    }

    /// <summary>A stream's first parked reading was handed over or is settled.</summary>
    public void Unpark(DeliveryQueue queue, StreamDelivery stream)
    {
        queue.ParkedBytes -= stream.Parked.Dequeue().Length;
        if (stream.Parked.Count == 0)
        {
            queue.Parked.Remove(stream.Key.Stream);
            CatchUp(stream);
        }
    }

    /// <summary>True when nothing of a stream waits: not for an answer, not for a subscriber, not for being read again.</summary>
    public bool IsAtRest(DeliveryKey key) => Find(key) is not { } stream
        || (!stream.IsHeld && !stream.IsYielding && !stream.IsBehind && stream.Parked.Count == 0 && stream.Unmarked.Count == 0 && stream.AsideCount == 0);

    private static void ClearParked(StreamDelivery stream)
    {
        if (stream.Parked.Count > 0)
        {
            DeliveryQueue queue = stream.Queue;
            foreach (DeliveryItem item in stream.Parked)
            {
                queue.ParkedBytes -= item.Length;
            }

            stream.Parked.Clear();
            queue.Parked.Remove(stream.Key.Stream);
        }
    }

    private void BeginRead(SessionDelivery state, DeliveryCursor scan, RecordClass recordClass)
    {
        scan.IsReading = true;
        _reads++;
        journal.Read(scan.Position, 1 << (int)recordClass, options.ReadAheadBytes, (records, next) =>
        {
            scan.IsReading = false;
            _reads--;
            for (int i = 0; i < records.Count; i++)
            {
                if (Reading.TryRead(records[i], out Reading reading) && reading.Session == state.Number)
                {
                    scan.Add(records[i].Index, reading.Kept());
                }
            }

            scan.Position = next;
            scan.IsCaughtUp = next > journal.LastIndex;
        });
    }

    private void BeginLiveTail(SessionDelivery state, DeliveryQueue queue, RecordClass recordClass)
    {
        foreach ((DeliveryKey key, DeliveryMarks marks) in delivery.Marks)
        {
            if (key.Session == state.Number && marks.Class == recordClass)
            {
                StreamOf(state, key.Stream, recordClass).HighWaterMark = marks.LastIndex;
            }
        }

        queue.LiveTail = new DeliveryCursor(journal.LastIndex + 1, true);
    }
}
