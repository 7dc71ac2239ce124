namespace Simulators.Kernel;

/// <summary>The physical world's time.</summary>
public interface ISimulationClock
{
    /// <summary>µs since the start of the simulated world. Never steps back.</summary>
    long NowUs { get; }
}

/// <summary>A clock that a test moves by hand.</summary>
public sealed class ManualClock : ISimulationClock
{
    /// <inheritdoc/>
    public long NowUs { get; private set; }

    /// <summary>Moves the clock on.</summary>
    /// <param name="us">By how much, µs, not below 0.</param>
    public void Advance(long us)
    {
        System.ArgumentOutOfRangeException.ThrowIfNegative(us);
        NowUs += us;
    }

    /// <summary>Moves the clock to a time not before the present.</summary>
    /// <param name="us">The time, µs.</param>
    public void AdvanceTo(long us)
    {
        System.ArgumentOutOfRangeException.ThrowIfLessThan(us, NowUs);
        NowUs = us;
    }
}

/// <summary>
/// Time as one processor and the parts on its wires see it. While its program stands, in a call that waits for a medium or a bus, the processor is ahead of the world: what it does next in the
/// same step happens after the wait, and its next step (<see cref="SteppedProcess"/>) comes when the world is there too. Whatever acts on its parts meanwhile acts at the end of the wait.
/// </summary>
public sealed class ProcessorClock : ISimulationClock
{
    private readonly ISimulationClock _world;
    private long _untilUs;

    /// <summary>Makes a processor that does not stand.</summary>
    /// <param name="world">The world's time.</param>
    public ProcessorClock(ISimulationClock world) => _world = world;

    /// <inheritdoc/>
    public long NowUs => System.Math.Max(_world.NowUs, _untilUs);

    /// <summary>How long it has stood altogether, µs.</summary>
    public long StoodUs { get; private set; }

    /// <summary>The program stands from now on.</summary>
    /// <param name="us">How long, µs, not below 0.</param>
    public void Stand(long us)
    {
        System.ArgumentOutOfRangeException.ThrowIfNegative(us);
        _untilUs = NowUs + us;
        StoodUs += us;
    }
}
