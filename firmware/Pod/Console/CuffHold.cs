namespace Firmware.Pod.Console;

/// <summary>Why a hold ended.</summary>
public enum HoldEnd : byte
{
    /// <summary>It goes on.</summary>
    None = 0,

    /// <summary>No key for too long, or the line is lost, which looks the same.</summary>
    Silence = 1,

    /// <summary>A key that is not the hold's.</summary>
    OtherKey = 2,

    /// <summary>The longest time is over.</summary>
    TooLong = 3,
}

/// <summary>
/// Somebody stands beside a cuff that the console lets move: a blank at least every <see cref="KeyUs"/> says so. Silence, any other key, or <see cref="LongestUs"/> in all end it, and the valves open.
/// Source: rule of the console, safety of the cuff: a key each 10 s, 120 s.
/// </summary>
public sealed class CuffHold
{
    /// <summary>Longest time between two keys, µs.</summary>
    public const long KeyUs = 10_000_000;

    /// <summary>Longest hold, µs.</summary>
    public const long LongestUs = 120_000_000;

    private long _keyUs;

    /// <summary>True while it holds.</summary>
    public bool IsActive { get; private set; }

    /// <summary>When it began, monotonic µs.</summary>
    public long SinceUs { get; private set; }

    /// <summary>Begins.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Begin(long nowUs)
    {
        IsActive = true;
        SinceUs = nowUs;
        _keyUs = nowUs;
    }

    /// <summary>Ends it without a reason of its own.</summary>
    public void End() => IsActive = false;

    /// <summary>When time ends it at the latest.</summary>
    public long DueUs => _keyUs + KeyUs < SinceUs + LongestUs ? _keyUs + KeyUs : SinceUs + LongestUs;

    /// <summary>A key came.</summary>
    /// <param name="value">The byte.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>Whether it ended thereby.</returns>
    public HoldEnd Key(byte value, long nowUs)
    {
        HoldEnd end = Step(nowUs);
        if (end != HoldEnd.None)
        {
            return end;
        }

        if (value != ' ')
        {
            IsActive = false;
            return HoldEnd.OtherKey;
        }

        _keyUs = nowUs;
        return HoldEnd.None;
    }

    /// <summary>Time passes.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>Whether it ended thereby.</returns>
    public HoldEnd Step(long nowUs)
    {
        HoldEnd end = !IsActive ? HoldEnd.None
            : nowUs - SinceUs >= LongestUs ? HoldEnd.TooLong
            : nowUs - _keyUs >= KeyUs ? HoldEnd.Silence
            : HoldEnd.None;
        IsActive = IsActive && end == HoldEnd.None;
        return end;
    }
}
