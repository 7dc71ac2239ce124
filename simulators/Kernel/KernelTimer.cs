using System;

namespace Simulators.Kernel;

/// <summary>One wake-up call that can be moved and stopped; at most one is in force at a time.</summary>
public sealed class KernelTimer
{
    private readonly SimulationKernel _kernel;
    private readonly Action _work;

    /// <summary>Makes a timer that is not set.</summary>
    /// <param name="kernel">The kernel it runs on.</param>
    /// <param name="work">What it does when due.</param>
    public KernelTimer(SimulationKernel kernel, Action work)
    {
        _kernel = kernel;
        _work = work;
    }

    /// <summary>When it is due, µs; <see cref="long.MaxValue"/> when it is not set.</summary>
    public long DueUs { get; private set; } = long.MaxValue;

    internal int Generation { get; private set; }

    /// <summary>Sets it, in place of what was set before.</summary>
    /// <param name="timeUs">When, µs; a time gone by means now, <see cref="long.MaxValue"/> stops it.</param>
    public void Set(long timeUs)
    {
        if (timeUs == long.MaxValue)
        {
            Stop();
            return;
        }

        long dueUs = Math.Max(timeUs, _kernel.NowUs);
        if (dueUs == DueUs)
        {
            return;
        }

        Generation++;
        DueUs = dueUs;
        _kernel.Push(this, dueUs, Generation);
    }

    /// <summary>Sets it unless it is due earlier already.</summary>
    /// <param name="timeUs">When at the latest, µs.</param>
    public void SetAtLatest(long timeUs)
    {
        if (timeUs < DueUs)
        {
            Set(timeUs);
        }
    }

    /// <summary>Stops it.</summary>
    public void Stop()
    {
        Generation++;
        DueUs = long.MaxValue;
    }

    internal void Fire()
    {
        DueUs = long.MaxValue;
        _work();
    }
}

/// <summary>
/// Runs something of the shape <c>long Step(long nowUs)</c> on the kernel: calls it when it wants to be called, and at once when an event
/// has given it work. Time is that of the part's own oscillator.
/// </summary>
public sealed class SteppedProcess
{
    /// <summary>The shortest time between two steps, µs of true time: a part that asks for the present again gets the next µs.</summary>
    public const long MinPeriodUs = 1;

    private readonly SimulationKernel _kernel;
    private readonly Oscillator _oscillator;
    private readonly Func<long, long> _step;
    private readonly ProcessorClock? _processor;
    private readonly KernelTimer _timer;
    private bool _stopped;

    /// <summary>Makes a process that runs when <see cref="Wake"/> is first called.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="oscillator">The part's own clock.</param>
    /// <param name="step">The part's step: local µs in, local µs of the next call out.</param>
    /// <param name="processor">Where it may stand within a step, or null for a program that never does: no step comes before it goes on.</param>
    public SteppedProcess(SimulationKernel kernel, Oscillator oscillator, Func<long, long> step, ProcessorClock? processor = null)
    {
        _kernel = kernel;
        _oscillator = oscillator;
        _step = step;
        _processor = processor;
        _timer = new KernelTimer(kernel, Step);
    }

    /// <summary>Steps made.</summary>
    public long Steps { get; private set; }

    /// <summary>Something has happened: step at this instant, after what runs now.</summary>
    public void Wake()
    {
        if (!_stopped)
        {
            _timer.SetAtLatest(_kernel.NowUs);
        }
    }

    /// <summary>No step any more (power cut, process killed).</summary>
    public void Stop()
    {
        _stopped = true;
        _timer.Stop();
    }

    private void Step()
    {
        if (_stopped)
        {
            return;
        }

        if (ReadyUs > _kernel.NowUs)
        {
            _timer.SetAtLatest(ReadyUs); // woken while it stands
            return;
        }

        Steps++;
        long nextLocalUs = _step(_oscillator.LocalUs(_kernel.NowUs));
        if (_stopped || nextLocalUs == long.MaxValue)
        {
            return;
        }

        _timer.SetAtLatest(Math.Max(Math.Max(_oscillator.WorldUs(nextLocalUs), _kernel.NowUs + MinPeriodUs), ReadyUs));
    }

    private long ReadyUs => _processor?.NowUs ?? 0;
}
