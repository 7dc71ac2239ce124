using System;
using System.Collections.Generic;
using System.Threading;

namespace EdgeGateway.Mqtt.Transports;

/// <summary>
/// One thread that owns state machines: it runs what is posted, in order, then lets each of them step, then sleeps until more is
/// posted or the earliest deadline comes.
/// </summary>
public sealed class MqttLoop : IMqttLoop, IDisposable
{
    /// <summary>Most actions waiting by default.</summary>
    public const int DefaultMaxQueued = 65_536;

    private readonly Lock _startLock = new();
    private readonly object _gate = new();
    private readonly TimeProvider _time;
    private readonly int _maxQueued;
    private readonly long _origin;
    private readonly List<Func<long, long>> _steps = [];
    private readonly Thread _thread;
    private readonly ITimer _timer;
    private readonly Action<Exception>? _faulted;
    private List<Action> _queue = [];
    private List<Action> _running = [];
    private bool _started;
    private bool _stopped;
    private bool _due;

    /// <summary>Makes a loop that does not run yet.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="name">The thread's name.</param>
    /// <param name="maxQueued">Most actions waiting; <see cref="TryPost"/> says false above it.</param>
    /// <param name="faulted">Sent of an exception that an action or a step threw; the loop has stopped then. Null: the exception ends the process.</param>
    public MqttLoop(TimeProvider time, string name, int maxQueued = DefaultMaxQueued, Action<Exception>? faulted = null)
    {
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxQueued);
        _time = time;
        _maxQueued = maxQueued;
        _faulted = faulted;
        _origin = time.GetTimestamp();
        _timer = time.CreateTimer(_ => OnTimer(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _thread = new Thread(Run) { Name = name, IsBackground = true };
    }

    /// <inheritdoc/>
    public long NowUs => _time.GetElapsedTime(_origin).Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>True on the loop's own thread.</summary>
    public bool IsCurrent => Thread.CurrentThread == _thread;

    /// <summary>Adds a state machine. Before <see cref="Start"/> only.</summary>
    /// <param name="step">Takes now, returns when it wants to be called next, both in µs.</param>
    public void AddStep(Func<long, long> step)
    {
        lock (_startLock)
        {
            if (_started)
            {
                throw new InvalidOperationException("the loop is running; steps are added before Start");
            }

            _steps.Add(step);
        }
    }

    /// <summary>Starts the thread.</summary>
    public void Start()
    {
        lock (_startLock)
        {
            _started = true;
            _thread.Start();
        }
    }

    /// <inheritdoc/>
    public bool TryPost(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        lock (_gate)
        {
            if (_stopped || _queue.Count >= _maxQueued)
            {
                return false;
            }

            _queue.Add(work);
            if (_queue.Count == 1)
            {
                Monitor.Pulse(_gate);
            }

            return true;
        }
    }

    /// <summary>Stops after the actions that are already running and waits for the thread, unless called on it.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopped = true;
            Monitor.Pulse(_gate);
        }

        bool started;
        lock (_startLock)
        {
            started = _started;
        }

        if (started && !IsCurrent)
        {
            _thread.Join();
        }

        _timer.Dispose();
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            _due = true;
            Monitor.Pulse(_gate);
        }
    }

    private void Run()
    {
        try
        {
            while (Turn())
            {
            }
        }
        catch (Exception e) when (_faulted is not null)
        {
            lock (_gate)
            {
                _stopped = true;
            }

            _faulted(e);
        }
    }

    private bool Turn()
    {
        lock (_gate)
        {
            if (_stopped)
            {
                return false;
            }

            (_queue, _running) = (_running, _queue);
            _due = false;
        }

        foreach (Action work in _running)
        {
            work();
        }

        _running.Clear();
        long nextUs = long.MaxValue;
        foreach (Func<long, long> step in _steps)
        {
            nextUs = Math.Min(nextUs, step(NowUs));
        }

        Sleep(nextUs);
        return true;
    }

    private void Sleep(long untilUs)
    {
        long waitUs = untilUs == long.MaxValue ? long.MaxValue : untilUs - NowUs;
        if (waitUs <= 0)
        {
            return;
        }

        lock (_gate)
        {
            if (_queue.Count > 0 || _stopped)
            {
                return;
            }

            // Timers count in milliseconds; a day at most, then the steps are asked again.
            _timer.Change(
                waitUs == long.MaxValue ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(Math.Min(86_400_000, (waitUs + 999) / 1000)),
                Timeout.InfiniteTimeSpan);
            while (_queue.Count == 0 && !_stopped && !_due)
            {
                Monitor.Wait(_gate);
            }
        }
    }
}
