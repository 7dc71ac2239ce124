namespace Firmware.Pod.Start;

/// <summary>
/// The STOP button, sensed. The button opens the valves by itself; the program ends the measurement. It is obeyed at the first sample that is low, and counts as released after
/// <see cref="ReleaseUs"/> of high ones: a bouncing contact is one press.
/// </summary>
public sealed class StopButton
{
    /// <summary>High for this long: released, µs. Assumption: longer than a contact bounces.</summary>
    public const long ReleaseUs = 50_000;

    private long _lowUs;

    /// <summary>True while it is pressed.</summary>
    public bool IsPressed { get; private set; }

    /// <summary>Takes one sample.</summary>
    /// <param name="isLow">The line is low.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True at the beginning of a press.</returns>
    public bool Sample(bool isLow, long nowUs)
    {
        bool was = IsPressed;
        if (isLow)
        {
            _lowUs = nowUs;
            IsPressed = true;
        }
        else if (IsPressed && nowUs - _lowUs >= ReleaseUs)
        {
            IsPressed = false;
        }

        return IsPressed && !was;
    }
}
