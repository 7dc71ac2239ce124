using System;
using System.Collections.Concurrent;
using System.Threading;
using System.Threading.Tasks;

namespace Simulators.Kernel;

/// <summary>
/// Runs the kernel in step with a real clock, and lets other threads (HTTP, sockets) bring in work. The one place of the kernel that
/// knows threads; the simulated world itself stays single-threaded.
/// </summary>
public sealed class PacedRun : IDisposable
{
    /// <summary>Most pieces of work waiting to come in; further ones are refused.</summary>
    public const int MaxPosted = 4096;

    /// <summary>Longest wait before the clocks are compared again.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(100);

    private readonly SimulationKernel _kernel;
    private readonly TimeProvider _time;
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly SemaphoreSlim _signal = new(0);
    private readonly ITimer _timer;
    private int _postedCount;
    private volatile bool _stopped;

    /// <summary>Makes a run that has not begun.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="time">The real clock.</param>
    public PacedRun(SimulationKernel kernel, TimeProvider time)
    {
        _kernel = kernel;
        _time = time;
        _timer = time.CreateTimer(_ => Signal(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How far the world was behind the real clock at the worst, µs.</summary>
    public long WorstLagUs { get; private set; }

    /// <summary>Brings in work from any thread; it runs inside the world, in order, as soon as the run comes to it.</summary>
    /// <param name="work">The work.</param>
    /// <returns>False when <see cref="MaxPosted"/> wait or the run has ended: the work will not run.</returns>
    public bool TryPost(Action work)
    {
        if (_stopped)
        {
            return false;
        }

        if (Interlocked.Increment(ref _postedCount) > MaxPosted)
        {
            Interlocked.Decrement(ref _postedCount);
            return false;
        }

        _posted.Enqueue(work);
        Signal();
        return true;
    }

    /// <summary>Runs until a moment of true time, one µs per µs of the real clock.</summary>
    /// <param name="untilUs">The moment, µs.</param>
    /// <param name="cancel">Ends the run early, without an exception.</param>
    /// <returns>When the moment is reached, or the run is cancelled.</returns>
    public async Task RunAsync(long untilUs, CancellationToken cancel)
    {
        long startStamp = _time.GetTimestamp();
        long startUs = _kernel.NowUs;
        using CancellationTokenRegistration registration = cancel.Register(Signal);
        while (!cancel.IsCancellationRequested)
        {
            long realUs = startUs + ElapsedUs(startStamp);
            WorstLagUs = Math.Max(WorstLagUs, realUs - Math.Max(_kernel.NowUs, Math.Min(_kernel.NextEventUs, realUs)));
            if (realUs > _kernel.NowUs)
            {
                _kernel.Run(Math.Min(realUs, untilUs), () => !_posted.IsEmpty || cancel.IsCancellationRequested);
            }

            while (_posted.TryDequeue(out Action? work))
            {
                Interlocked.Decrement(ref _postedCount);
                work();
            }

            if (_kernel.NowUs >= untilUs)
            {
                break;
            }

            long waitUs = Math.Min(_kernel.NextEventUs, untilUs) - (startUs + ElapsedUs(startStamp));
            if (waitUs > 0)
            {
                TimeSpan wait = TimeSpan.FromMicroseconds(Math.Max(waitUs, 1000));
                _timer.Change(wait < LongestWait ? wait : LongestWait, Timeout.InfiniteTimeSpan);
                await _signal.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }

        _stopped = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        _signal.Dispose();
    }

    private void Signal()
    {
        try
        {
            _signal.Release();
        }
        catch (ObjectDisposedException)
        {
            // The last tick of the timer may come after the end of the run: nobody waits any more.
        }
    }

    private long ElapsedUs(long startStamp) => (long)_time.GetElapsedTime(startStamp).TotalMicroseconds;
}
