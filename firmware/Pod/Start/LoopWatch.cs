namespace Firmware.Pod.Start;

/// <summary>
/// Whether the pod's loop goes on. The loop says so at each turn; a second thread asks. It catches a loop that turns without end or waits for a lock; it cannot catch a native call that does not
/// return, since the runtime stops every thread meanwhile: that is what an external watchdog on the one-shot's trigger is for.
/// </summary>
public sealed class LoopWatch
{
    /// <summary>A loop that was not seen for this long stands, µs.</summary>
    public const long StandsUs = 30_000_000;

    private long _seenUs;

    /// <summary>No I/O.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public LoopWatch(long nowUs) => _seenUs = nowUs;

    /// <summary>The loop is about to turn.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Seen(long nowUs) => _seenUs = nowUs;

    /// <summary>Whether the loop stands.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when it does.</returns>
    public bool Stands(long nowUs) => nowUs - _seenUs > StandsUs;
}
