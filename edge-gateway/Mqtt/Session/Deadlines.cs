using System;

namespace EdgeGateway.Mqtt.Session;

/// <summary>One thing that may become due. Moving it later costs nothing until its old time; moving it earlier or giving it up is a step in the heap.</summary>
internal sealed class Deadline
{
    public Deadline(object owner, DeadlineKind kind)
    {
        Owner = owner;
        Kind = kind;
    }

    public object Owner { get; }

    public DeadlineKind Kind { get; }

    /// <summary>When it is due, µs; <see cref="long.MaxValue"/> for not at all.</summary>
    public long DueUs { get; set; } = long.MaxValue;

    /// <summary>The time under which it stands in the heap.</summary>
    public long QueuedUs { get; set; } = long.MaxValue;

    /// <summary>Among equal times, the order in which they were set.</summary>
    public long Order { get; set; }

    /// <summary>Its place in the heap; -1 for none.</summary>
    public int Index { get; set; } = -1;
}

internal enum DeadlineKind
{
    Connection,
    SessionExpiry,
    WillDelay,
    RetainedExpiry,
}

/// <summary>
/// Deadlines in order of time; equal times in the order in which they were set. A deadline that is given up leaves at once, so that the heap
/// keeps nobody alive: a closed connection with a keep-alive of 18 hours would else be held for as long.
/// </summary>
internal sealed class DeadlineHeap
{
    /// <summary>Room that is kept when the heap has become small.</summary>
    private const int ReservedRoom = 64;

    private Deadline[] _heap = new Deadline[ReservedRoom];
    private long _order;

    public int Count { get; private set; }

    /// <summary>The time of the next entry, µs. It may be earlier than the next deadline that is really due.</summary>
    public long NextUs => Count > 0 ? _heap[0].QueuedUs : long.MaxValue;

    public void Set(Deadline deadline, long dueUs)
    {
        deadline.DueUs = dueUs;
        if (dueUs == long.MaxValue)
        {
            Remove(deadline);
        }
        else if (deadline.Index < 0)
        {
            if (Count == _heap.Length)
            {
                Array.Resize(ref _heap, Count * 2);
            }

            Stamp(deadline);
            deadline.Index = Count;
            _heap[Count++] = deadline;
            Rise(deadline);
        }
        else if (dueUs < deadline.QueuedUs)
        {
            Stamp(deadline);
            Rise(deadline);
        }
    }

    /// <summary>Takes the next deadline that is due.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>The deadline, cleared, or null.</returns>
    public Deadline? TakeDue(long nowUs)
    {
        while (Count > 0 && _heap[0].QueuedUs <= nowUs)
        {
            Deadline first = _heap[0];
            if (first.DueUs <= nowUs)
            {
                Remove(first);
                first.DueUs = long.MaxValue;
                return first;
            }

            Stamp(first); // it was moved later in the meantime
            Sink(first);
        }

        return null;
    }

    private static bool Before(Deadline a, Deadline b) => a.QueuedUs < b.QueuedUs || (a.QueuedUs == b.QueuedUs && a.Order < b.Order);

    private void Stamp(Deadline deadline)
    {
        deadline.QueuedUs = deadline.DueUs;
        deadline.Order = _order++;
    }

    private void Remove(Deadline deadline)
    {
        int at = deadline.Index;
        if (at < 0)
        {
            return;
        }

        deadline.Index = -1;
        deadline.QueuedUs = long.MaxValue;
        Deadline last = _heap[--Count];
        _heap[Count] = null!;
        if (last != deadline)
        {
            last.Index = at;
            _heap[at] = last;
            Sink(last);
            Rise(last);
        }

        if (_heap.Length > ReservedRoom && Count < _heap.Length / 4)
        {
            Array.Resize(ref _heap, Math.Max(ReservedRoom, _heap.Length / 2));
        }
    }

    private void Rise(Deadline deadline)
    {
        int at = deadline.Index;
        while (at > 0 && Before(deadline, _heap[(at - 1) / 2]))
        {
            Place(_heap[(at - 1) / 2], at);
            at = (at - 1) / 2;
        }

        Place(deadline, at);
    }

    private void Sink(Deadline deadline)
    {
        int at = deadline.Index;
        while (true)
        {
            int child = (2 * at) + 1;
            if (child >= Count)
            {
                break;
            }

            if (child + 1 < Count && Before(_heap[child + 1], _heap[child]))
            {
                child++;
            }

            if (!Before(_heap[child], deadline))
            {
                break;
            }

            Place(_heap[child], at);
            at = child;
        }

        Place(deadline, at);
    }

    private void Place(Deadline deadline, int at)
    {
        _heap[at] = deadline;
        deadline.Index = at;
    }
}
