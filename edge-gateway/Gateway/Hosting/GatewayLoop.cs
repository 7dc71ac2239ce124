using System;
using System.Collections.Generic;
using System.Threading;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>
/// The one thread that owns the gateway's logic: it runs posted work in order, then one step, then waits for the next work or deadline.
/// Work from the network is bounded by <see cref="QueueBound"/> (beyond it <see cref="TryPost"/> refuses, and the transport stops reading);
/// completions of the disk are bounded by the operations in flight and always taken.
/// </summary>
public sealed class GatewayLoop : IMqttLoop, IDisposable
{
    /// <summary>Most pieces of network work waiting.</summary>
    public const int QueueBound = 8192;

    private const int LongestWaitMs = 1000;

    private readonly object _gate = new();
    private readonly TimeProvider _time;
    private readonly long _startTimestamp;
    private readonly Thread _thread;
    private readonly Action<Exception> _failed;
    private Func<long, long> _step = static _ => long.MaxValue;
    private List<Action> _incoming = [];
    private List<Action> _running = [];
    private bool _stopping;

    /// <summary>Makes a loop; nothing runs before <see cref="Start"/>.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="failed">Called on the loop's thread when work threw, which is a broken invariant: the loop has ended.</param>
    public GatewayLoop(TimeProvider time, Action<Exception> failed)
    {
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(failed);
        _time = time;
        _failed = failed;
        _startTimestamp = time.GetTimestamp();
        _thread = new Thread(Run) { IsBackground = true, Name = "gateway" };
    }

    /// <inheritdoc/>
    public long NowUs => (long)(_time.GetElapsedTime(_startTimestamp).Ticks / (TimeSpan.TicksPerMillisecond / 1000));

    /// <summary>Begins to run.</summary>
    /// <param name="step">Called after work and at its own deadlines; returns when it wants to be called next, µs.</param>
    public void Start(Func<long, long> step)
    {
        ArgumentNullException.ThrowIfNull(step);
        _step = step;
        _thread.Start();
    }

    /// <inheritdoc/>
    public bool TryPost(Action work) => Enqueue(work, bounded: true);

    /// <summary>Queues the end of an operation that the loop itself began; always taken while the loop runs.</summary>
    /// <param name="work">The work.</param>
    /// <returns>False when the loop has stopped.</returns>
    public bool PostCompletion(Action work) => Enqueue(work, bounded: false);

    /// <summary>Ends the loop after the work that is queued.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.Pulse(_gate);
        }

        if (_thread.IsAlive && Thread.CurrentThread != _thread)
        {
            _thread.Join();
        }
    }

    private bool Enqueue(Action work, bool bounded)
    {
        ArgumentNullException.ThrowIfNull(work);
        lock (_gate)
        {
            if (_stopping || (bounded && _incoming.Count >= QueueBound))
            {
                return false;
            }

            _incoming.Add(work);
            if (_incoming.Count == 1)
            {
                Monitor.Pulse(_gate);
            }

            return true;
        }
    }

    private void Run()
    {
        try
        {
            long wantedUs = 0;
            while (TakeWork(wantedUs))
            {
                foreach (Action work in _running)
                {
                    work();
                }

                _running.Clear();
                wantedUs = _step(NowUs);
            }
        }
#pragma warning disable CA1031 // every exception here is a broken invariant and ends the process with a record
        catch (Exception exception)
#pragma warning restore CA1031
        {
            lock (_gate)
            {
                _stopping = true;
            }

            _failed(exception);
        }
    }

    private bool TakeWork(long wantedUs)
    {
        lock (_gate)
        {
            while (_incoming.Count == 0 && !_stopping)
            {
                long waitUs = wantedUs - NowUs;
                if (waitUs <= 0)
                {
                    break;
                }

                // Rounded up: waking early would spin until the deadline.
                int waitMs = waitUs >= LongestWaitMs * 1000L ? LongestWaitMs : (int)((waitUs + 999) / 1000);
                Monitor.Wait(_gate, waitMs);
            }

            (_running, _incoming) = (_incoming, _running);
            return !_stopping || _running.Count > 0;
        }
    }
}
