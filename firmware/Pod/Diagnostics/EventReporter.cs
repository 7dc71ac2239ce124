using Firmware.Core;
using Firmware.Pod.Store;
using Firmware.Protocol;

namespace Firmware.Pod.Diagnostics;

/// <summary>
/// Turns faults into event frames, and repeated ones into a count: the first of a code and stream goes at once; what follows within
/// <see cref="PeriodUs"/> is counted and goes as one event at its end. An event's argument is the number of occurrences it stands for.
/// Reporting only counts, so it is allowed anywhere; frames are made in <see cref="Step"/>.
/// </summary>
public sealed class EventReporter
{
    /// <summary>Shortest time between two events of the same code and stream, µs.</summary>
    public const long PeriodUs = 10_000_000;

    /// <summary>Most pairs of code and stream. At the bound the pair that was quiet longest gives way; with none quiet the report is only counted.</summary>
    public const int MaxEntries = 64;

    private readonly PodCounters _counters;
    private readonly ushort[] _code = new ushort[MaxEntries];
    private readonly int[] _stream = new int[MaxEntries];
    private readonly int[] _waiting = new int[MaxEntries];
    private readonly long[] _firstUs = new long[MaxEntries];
    private readonly long[] _nextUs = new long[MaxEntries];
    private int _count;
    private bool _any;

    /// <summary>Allocates.</summary>
    /// <param name="counters">The counters.</param>
    public EventReporter(PodCounters counters)
    {
        _counters = counters;
        Trace = new TraceRing(128);
    }

    /// <summary>The newest reports, for the console.</summary>
    public TraceRing Trace { get; }

    /// <summary>When the next event frame is due; <see cref="long.MaxValue"/> for none.</summary>
    public long NextUs
    {
        get
        {
            long next = long.MaxValue;
            for (int i = 0; _any && i < _count; i++)
            {
                if (_waiting[i] != 0 && _nextUs[i] < next)
                {
                    next = _nextUs[i];
                }
            }

            return next;
        }
    }

    /// <summary>Reports one occurrence.</summary>
    /// <param name="code">The code; None is ignored.</param>
    /// <param name="stream">The stream it is about, 0 for none.</param>
    /// <param name="nowUs">When, monotonic µs.</param>
    public void Report(FaultCode code, int stream, long nowUs)
    {
        if (code == FaultCode.None)
        {
            return;
        }

        Trace.Add(nowUs, (int)code, stream);
        int place = -1;
        for (int i = 0; i < _count; i++)
        {
            if (_code[i] == (ushort)code && _stream[i] == stream)
            {
                place = i;
                break;
            }
        }

        if (place < 0)
        {
            place = NewPlace(nowUs);
            if (place < 0)
            {
                _counters.EventsMerged++;
                return;
            }

            _code[place] = (ushort)code;
            _stream[place] = stream;
            _waiting[place] = 0;
            _nextUs[place] = nowUs;
        }

        if (_waiting[place] == 0)
        {
            _firstUs[place] = nowUs;
        }
        else
        {
            _counters.EventsMerged++;
        }

        _waiting[place]++;
        _any = true;
    }

    /// <summary>Makes the event frames that are due.</summary>
    /// <param name="ring">Where they go.</param>
    /// <param name="epoch">The epoch in force.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Step(PodRing ring, uint epoch, long nowUs)
    {
        if (!_any)
        {
            return;
        }

        _any = false;
        int known = _count;
        for (int i = 0; i < known; i++)
        {
            if (_waiting[i] == 0)
            {
                continue;
            }

            if (nowUs < _nextUs[i])
            {
                _any = true;
                continue;
            }

            // Cleared first: making the frame may itself report, for example that the ring is full.
            int occurrences = _waiting[i];
            _waiting[i] = 0;
            _nextUs[i] = nowUs + PeriodUs;
            EventBody.Write(ring.Scratch, PodRing.BodyOffset, (FaultCode)_code[i], _stream[i], occurrences);
            ring.Commit(FrameKind.Event, Streams.Events, EventBody.Length, _firstUs[i], epoch, nowUs);
        }
    }

    private int NewPlace(long nowUs)
    {
        if (_count < MaxEntries)
        {
            return _count++;
        }

        int best = -1;
        for (int i = 0; i < MaxEntries; i++)
        {
            if (_waiting[i] == 0 && _nextUs[i] <= nowUs && (best < 0 || _nextUs[i] < _nextUs[best]))
            {
                best = i;
            }
        }

        return best;
    }
}
