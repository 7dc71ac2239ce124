namespace Firmware.Pod.Cuff;

/// <summary>
/// Whether the pressure in a cuff is still known: the time since the newest good sample, and whose fault its age is. A sensor that gives nothing while the loop runs is lost. When the loop itself
/// stood still the sensor is given the rest of what is allowed, <see cref="MaxBlindUs"/>, and what ends it is the loop's fault.
/// </summary>
public sealed class SampleWatch
{
    /// <summary>A cuff that holds pressure is never without a good sample for longer, µs. Source: ARCHITECTURE.md, rule "valves first".</summary>
    public const int MaxBlindUs = 100_000;

    /// <summary>From one look to the next; beyond it the loop was late, µs: twice the period of samples.</summary>
    public const int LateUs = 2 * CuffRun.PeriodUs;

    /// <summary>The oldest sample since which the loop was late, µs: <see cref="MaxBlindUs"/> less two steps of the loop.</summary>
    public const int LateLimitUs = MaxBlindUs - 4_000;

    private long _lookUs;

    /// <summary>When the newest good sample was taken, monotonic µs.</summary>
    public long SampledUs { get; private set; }

    /// <summary>True when the loop was late since the newest good sample came.</summary>
    public bool IsLate { get; private set; }

    /// <summary>Begins: the pressure is known now.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Begin(long nowUs)
    {
        SampledUs = nowUs;
        _lookUs = nowUs;
        IsLate = false;
    }

    /// <summary>A good sample.</summary>
    /// <param name="atUs">When it was taken, monotonic µs.</param>
    public void OnSample(long atUs)
    {
        SampledUs = atUs;
        IsLate = false;
    }

    /// <summary>Looks; to be called in each step of the loop, behind its sample.</summary>
    /// <param name="limitUs">The oldest sample while the loop runs, µs.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when the pressure is no longer known: the valves are to be opened.</returns>
    public bool IsLost(int limitUs, long nowUs)
    {
        IsLate |= nowUs - _lookUs > LateUs;
        _lookUs = nowUs;
        return nowUs - SampledUs > Limit(limitUs);
    }

    /// <summary>When to look next at the latest, so that the limit is met to the step.</summary>
    /// <param name="limitUs">As for <see cref="IsLost"/>.</param>
    /// <returns>Monotonic µs.</returns>
    public long NextUs(int limitUs) => SampledUs + Limit(limitUs) + 1;

    private int Limit(int limitUs) => IsLate && limitUs < LateLimitUs ? LateLimitUs : limitUs;
}
