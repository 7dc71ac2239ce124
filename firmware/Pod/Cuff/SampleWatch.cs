namespace Firmware.Pod.Cuff;

/// <summary>
/// Whether the pressure in a cuff is still known: the time since the newest good sample, and whose fault its age is. A sensor that gives nothing while the loop runs is lost; a loop that stood
/// still finds an old sample, and the sensor gets the time of one conversion. Neither may last longer than <see cref="MaxBlindUs"/>.
/// </summary>
public sealed class SampleWatch
{
    /// <summary>A cuff that holds pressure is never without a good sample for longer, µs. Source: ARCHITECTURE.md, rule "valves first".</summary>
    public const int MaxBlindUs = 100_000;

    /// <summary>From one look to the next; beyond it the loop was late, µs: twice the period of samples.</summary>
    public const int LateUs = 2 * CuffRun.PeriodUs;

    /// <summary>After a late look the next sample is awaited for this long, µs. Source: one conversion, 5 ms typical (Honeywell 32332628), with a look each ms behind it.</summary>
    public const int AwaitUs = 8_000;

    /// <summary>The oldest sample at a late look behind which another one is awaited, µs: what <see cref="AwaitUs"/> and one step of the loop leave of <see cref="MaxBlindUs"/>.</summary>
    public const int LateLimitUs = MaxBlindUs - AwaitUs - 2_000;

    private long _lookUs;
    private long _awaitUs;

    /// <summary>When the newest good sample was taken, monotonic µs.</summary>
    public long SampledUs { get; private set; }

    /// <summary>True when the newest look was late, or came while a sample behind a late one was awaited.</summary>
    public bool IsLate { get; private set; }

    /// <summary>Begins: the pressure is known now.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Begin(long nowUs)
    {
        SampledUs = nowUs;
        _lookUs = nowUs;
        _awaitUs = nowUs;
        IsLate = false;
    }

    /// <summary>A good sample.</summary>
    /// <param name="atUs">When it was taken, monotonic µs.</param>
    public void OnSample(long atUs) => SampledUs = atUs;

    /// <summary>Looks; to be called once in each step of the loop, behind its sample.</summary>
    /// <param name="limitUs">The oldest sample while the loop runs, µs; below <see cref="LateLimitUs"/>.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when the pressure is no longer known: the valves are to be opened.</returns>
    public bool IsLost(int limitUs, long nowUs)
    {
        long ageUs = nowUs - SampledUs;
        bool isLateLook = nowUs - _lookUs > LateUs;
        _lookUs = nowUs;
        if (isLateLook && ageUs <= LateLimitUs)
        {
            _awaitUs = nowUs + AwaitUs;
        }

        IsLate = isLateLook || nowUs <= _awaitUs;
        return ageUs > limitUs && nowUs > _awaitUs;
    }
}
