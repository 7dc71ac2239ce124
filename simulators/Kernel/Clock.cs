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
