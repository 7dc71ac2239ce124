using System;
using EdgeGateway.Core.Json;

namespace EdgeGateway.Core.Time;

/// <summary>
/// Whether a clock that somebody vouches for can be right: not before this program was made, not in a far future, and no faster or slower than the monotonic
/// clock beside it. No I/O.
/// </summary>
public sealed class ClockPlausibility
{
    /// <summary>No true clock shows less: 2026-01-01T00:00:00Z, before this version was made, µs since 1970. A clock without a battery begins at 1970 or at the date of its system's image.</summary>
    public const long EarliestUtcUs = 1_767_225_600_000_000;

    /// <summary>No true clock shows more while this version is in use: 2100-01-01T00:00:00Z, µs since 1970.</summary>
    public const long LatestUtcUs = 4_102_444_800_000_000;

    /// <summary>A step of more than this, beside the clock's uncertainty, is a jump, µs.</summary>
    public const long JumpUs = 5_000_000;

    /// <summary>How long a clock that has jumped must go steadily until it is believed again, µs.</summary>
    public const long SteadyUs = 60_000_000;

    private long? _offsetUs;
    private long _distrustUntilUs = long.MinValue;
    private long _jumpUs;

    /// <summary>Looks at a clock.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <param name="utcUs">What it shows, µs since 1970.</param>
    /// <param name="uncertaintyUs">How wrong it is said to be at most, µs.</param>
    /// <param name="mayStep">True when its steps are corrections by a source of time: then they are no jumps.</param>
    /// <returns>Null when it can be right, else why not.</returns>
    public string? Problem(long nowUs, long utcUs, long uncertaintyUs, bool mayStep)
    {
        long offsetUs = utcUs - nowUs;
        long before = _offsetUs ?? offsetUs;
        _offsetUs = offsetUs;
        if (!mayStep && Math.Abs(offsetUs - before) > JumpUs + uncertaintyUs)
        {
            _jumpUs = offsetUs - before;
            _distrustUntilUs = nowUs + SteadyUs;
        }

        return utcUs < EarliestUtcUs ? "it shows " + Shown(utcUs) + ", before this program was made"
            : utcUs > LatestUtcUs ? "it shows " + Shown(utcUs) + ", a far future"
            : nowUs < _distrustUntilUs ? "it jumped by " + Invariant.Text(_jumpUs / 1000) + " ms"
            : null;
    }

    private static string Shown(long utcUs) =>
        utcUs is < -62_135_596_800_000_000 or > 253_402_300_799_999_999 ? "no date" : Rfc3339.Text(utcUs);
}
