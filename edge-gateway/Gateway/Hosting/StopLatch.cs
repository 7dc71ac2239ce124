using System;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>
/// STOP's own way to the loop: it needs no place in the loop's queue, which others may have filled. The loop looks at it in each turn; all that ask between two
/// turns are one stop, so that any number of them takes one place.
/// </summary>
public sealed class StopLatch
{
    private TaskCompletionSource<StopResult>? _asked;

    /// <summary>Asks for a stop.</summary>
    /// <param name="loop">The loop, which is woken when it sleeps.</param>
    /// <param name="patience">How long to wait for the loop.</param>
    /// <param name="cancellation">Who asked is gone; the stop is done all the same.</param>
    /// <returns>Who was told and who has taken it; null when the loop does not turn.</returns>
    public async Task<StopResult?> AskAsync(IMqttLoop loop, TimeSpan patience, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(loop);
        TaskCompletionSource<StopResult> fresh = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource<StopResult> asked = Interlocked.CompareExchange(ref _asked, fresh, null) ?? fresh;

        // When the queue is full the loop does not sleep, and comes by.
        loop.TryPost(static () => { });
        try
        {
            return await asked.Task.WaitAsync(patience, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Does what was asked. On the loop. What <paramref name="stop"/> throws is thrown to those who asked.</summary>
    /// <param name="stop">Stops all cuffs, and says later what became of it.</param>
    public void Step(Action<Action<StopResult>> stop)
    {
        ArgumentNullException.ThrowIfNull(stop);
        if (Interlocked.Exchange(ref _asked, null) is { } asked)
        {
            try
            {
                stop(result => asked.TrySetResult(result));
            }
            catch (Exception exception)
            {
                // Whoever pressed it is told at once that nothing is confirmed, and can press again: the loop goes on.
                asked.TrySetException(exception);
            }
        }
    }
}
