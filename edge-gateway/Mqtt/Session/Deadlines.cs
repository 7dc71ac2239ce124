using System.Collections.Generic;

namespace EdgeGateway.Mqtt.Session;

/// <summary>One thing that may become due. Moving it later costs nothing; moving it earlier adds one entry to the heap.</summary>
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
}

internal enum DeadlineKind
{
    Connection,
    SessionExpiry,
    WillDelay,
    RetainedExpiry,
}

/// <summary>Deadlines in order of time; equal times in the order in which they were set.</summary>
internal sealed class DeadlineHeap
{
    private readonly PriorityQueue<Deadline, (long DueUs, long Order)> _heap = new();
    private long _order;

    public void Set(Deadline deadline, long dueUs)
    {
        deadline.DueUs = dueUs;
        if (dueUs < deadline.QueuedUs)
        {
            deadline.QueuedUs = dueUs;
            _heap.Enqueue(deadline, (dueUs, _order++));
        }
    }

    /// <summary>Takes the next deadline that is due.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>The deadline, cleared, or null.</returns>
    public Deadline? TakeDue(long nowUs)
    {
        while (_heap.TryPeek(out Deadline? deadline, out (long DueUs, long Order) at) && at.DueUs <= nowUs)
        {
            _heap.Dequeue();
            if (at.DueUs != deadline.QueuedUs)
            {
                continue; // replaced by an earlier entry
            }

            deadline.QueuedUs = long.MaxValue;
            if (deadline.DueUs <= nowUs)
            {
                deadline.DueUs = long.MaxValue;
                return deadline;
            }

            if (deadline.DueUs != long.MaxValue)
            {
                Set(deadline, deadline.DueUs);
            }
        }

        return null;
    }

    /// <summary>The time of the next entry, µs. It may be earlier than the next deadline that is really due.</summary>
    public long NextUs => _heap.TryPeek(out _, out (long DueUs, long Order) at) ? at.DueUs : long.MaxValue;
}
