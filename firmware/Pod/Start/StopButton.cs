namespace Firmware.Pod.Start;

/// <summary>
/// The STOP button, sensed. The button opens the valves by itself; the program ends the measurement. Its contact is closed at rest: a broken wire stops like the button. It is obeyed at the first sample that says
/// stop, and counts as released after <see cref="ReleaseUs"/> without one: a bouncing contact is one press. A STOP that does not end is pressed, or its wire is broken, and is said to be either.
/// </summary>
public sealed class StopButton
{
    /// <summary>Without a stop for this long: released, µs. Assumption: longer than a contact bounces.</summary>
    public const long ReleaseUs = 50_000;

    /// <summary>A STOP that lasts for longer does not end by itself, µs. Assumption: longer than anybody presses.</summary>
    public const long StandsUs = 30_000_000;

    private long _stopUs;
    private long _sinceUs;
    private bool _isSaid;

    /// <summary>True while it is pressed.</summary>
    public bool IsPressed { get; private set; }

    /// <summary>Whether a press has become one that does not end.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True once for each press.</returns>
    public bool TakeStanding(long nowUs)
    {
        bool stands = IsPressed && !_isSaid && nowUs - _sinceUs >= StandsUs;
        _isSaid |= stands;
        return stands;
    }

    /// <summary>Takes one sample.</summary>
    /// <param name="isStopped">The line says stop.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True at the beginning of a press.</returns>
    public bool Sample(bool isStopped, long nowUs)
    {
        bool was = IsPressed;
        if (isStopped)
        {
            _stopUs = nowUs;
            IsPressed = true;
        }
        else if (IsPressed && nowUs - _stopUs >= ReleaseUs)
        {
            IsPressed = false;
        }

        if (IsPressed && !was)
        {
            _sinceUs = nowUs;
            _isSaid = false;
        }

        return IsPressed && !was;
    }
}
