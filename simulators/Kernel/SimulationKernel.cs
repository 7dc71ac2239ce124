using System;

namespace Simulators.Kernel;

/// <summary>
/// The world's queue of events and its virtual time. Events run by time, and at one time in the order in which they were put in, so that
/// a run depends on nothing but its inputs. Not thread safe: everything in the simulated world runs inside <see cref="Run(long)"/>;
/// other threads come in through <see cref="PacedRun.TryPost"/>.
/// </summary>
public sealed class SimulationKernel : ISimulationClock
{
    /// <summary>Most events waiting. More is a part that puts in events without end: the run stops.</summary>
    public const int MaxEvents = 1 << 20;

    /// <summary>Most events at one instant. More is two parts that wake each other without time passing: the run stops.</summary>
    public const int MaxEventsPerInstant = 1 << 18;

    private const int InitialEvents = 256;
    private Entry[] _heap = new Entry[InitialEvents];
    private int _count;
    private long _nextOrder;
    private int _eventsAtThisInstant;

    /// <inheritdoc/>
    public long NowUs { get; private set; }

    /// <summary>Events that have run since the start.</summary>
    public long EventsRun { get; private set; }

    /// <summary>Events waiting, those of timers that were moved included.</summary>
    public int EventsWaiting => _count;

    /// <summary>When the next event is due, µs; <see cref="long.MaxValue"/> when none waits.</summary>
    public long NextEventUs => _count == 0 ? long.MaxValue : _heap[0].TimeUs;

    /// <summary>Puts in an event.</summary>
    /// <param name="timeUs">When, µs; a time gone by means now.</param>
    /// <param name="work">What.</param>
    /// <exception cref="InvalidOperationException"><see cref="MaxEvents"/> are waiting.</exception>
    public void At(long timeUs, Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        Push(new Entry(Math.Max(timeUs, NowUs), _nextOrder++, work, null, 0));
    }

    /// <summary>Puts in an event some time from now.</summary>
    /// <param name="delayUs">How long from now, µs, not below 0.</param>
    /// <param name="work">What.</param>
    public void After(long delayUs, Action work)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(delayUs);
        At(NowUs + delayUs, work);
    }

    /// <summary>Runs every event due at or before a time, then sets the clock to it.</summary>
    /// <param name="untilUs">The time, µs, not before the present.</param>
    public void Run(long untilUs) => Run(untilUs, static () => false);

    /// <summary>Runs every event due at or before a time, unless told to stop between two of them; sets the clock to the time when not stopped.</summary>
    /// <param name="untilUs">The time, µs, not before the present.</param>
    /// <param name="stop">Asked before each event; true stops.</param>
    public void Run(long untilUs, Func<bool> stop)
    {
        ArgumentNullException.ThrowIfNull(stop);
        ArgumentOutOfRangeException.ThrowIfLessThan(untilUs, NowUs);
        while (_count > 0 && _heap[0].TimeUs <= untilUs)
        {
            if (stop())
            {
                return;
            }

            RunNext();
        }

        if (untilUs > NowUs)
        {
            NowUs = untilUs;
            _eventsAtThisInstant = 0;
        }
    }

    internal void Push(KernelTimer timer, long timeUs, int generation) =>
        Push(new Entry(Math.Max(timeUs, NowUs), _nextOrder++, null, timer, generation));

    private void RunNext()
    {
        Entry next = Pop();
        if (next.Timer is not null && next.Timer.Generation != next.Generation)
        {
            return; // The timer was moved or stopped after this entry went in.
        }

        if (next.TimeUs > NowUs)
        {
            NowUs = next.TimeUs;
            _eventsAtThisInstant = 0;
        }

        if (++_eventsAtThisInstant > MaxEventsPerInstant)
        {
            throw new InvalidOperationException(
                $"More than {MaxEventsPerInstant} events at {NowUs} µs: two parts wake each other without time passing.");
        }

        EventsRun++;
        if (next.Timer is not null)
        {
            next.Timer.Fire();
        }
        else
        {
            next.Work!();
        }
    }

    private void Push(in Entry entry)
    {
        if (_count == MaxEvents)
        {
            throw new InvalidOperationException($"More than {MaxEvents} events wait at {NowUs} µs: a part puts in events without end.");
        }

        if (_count == _heap.Length)
        {
            Array.Resize(ref _heap, _heap.Length * 2);
        }

        int place = _count++;
        while (place > 0)
        {
            int parent = (place - 1) >> 1;
            if (!entry.IsBefore(_heap[parent]))
            {
                break;
            }

            _heap[place] = _heap[parent];
            place = parent;
        }

        _heap[place] = entry;
    }

    private Entry Pop()
    {
        Entry first = _heap[0];
        Entry last = _heap[--_count];
        _heap[_count] = default;
        int place = 0;
        while (true)
        {
            int child = (2 * place) + 1;
            if (child >= _count)
            {
                break;
            }

            if (child + 1 < _count && _heap[child + 1].IsBefore(_heap[child]))
            {
                child++;
            }

            if (!_heap[child].IsBefore(last))
            {
                break;
            }

            _heap[place] = _heap[child];
            place = child;
        }

        if (_count > 0)
        {
            _heap[place] = last;
        }

        return first;
    }

    private readonly record struct Entry(long TimeUs, long Order, Action? Work, KernelTimer? Timer, int Generation)
    {
        public bool IsBefore(in Entry other) => TimeUs < other.TimeUs || (TimeUs == other.TimeUs && Order < other.Order);
    }
}
