namespace Firmware.Peripherals;

/// <summary>
/// Says when samples were taken, from their number: the converter's clock makes them, the pod's clock only sees when they have come. A reader that has
/// emptied the port knows that the newest sample is not younger than now; how much older it is depends on the port's own buffering and on the loop's delay,
/// so only the least age within a window says something. Stamps that lie ahead of the time are pulled back at once, by at most one period for each look;
/// stamps that lag are moved on once per window, by at most <see cref="LargestStepPeriods"/> periods, while the period is corrected slowly.
/// </summary>
public sealed class Pcm1808Clock
{
    /// <summary>How far the period may move from the nominal one, ppm. Assumption: five times what two crystals of 50 ppm differ.</summary>
    public const int TolerancePpm = 500;

    /// <summary>Most periods by which the stamps move on at the end of a window.</summary>
    public const int LargestStepPeriods = 4;

    private const int Shift = 16;
    private readonly long _nominal;
    private readonly long _window;
    private long _next;
    private long _period;
    private long _min;
    private long _samples;
    private bool _isLoose;

    /// <summary>Makes a clock that is not started.</summary>
    /// <param name="sampleRateHz">Samples per second.</param>
    public Pcm1808Clock(int sampleRateHz)
    {
        _nominal = (1_000_000L << Shift) / sampleRateHz;
        _period = _nominal;
        _window = sampleRateHz;
    }

    /// <summary>When the next sample to be read was, or will be, taken: monotonic µs.</summary>
    public long NextUs => _next >> Shift;

    /// <summary>From one sample to the next as found so far, ns.</summary>
    public int PeriodNs => (int)((_period * 1000) >> Shift);

    /// <summary>Sampling begins.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Start(long nowUs)
    {
        _period = _nominal;
        _next = (nowUs << Shift) + _period;
        _isLoose = false;
        BeginWindow();
    }

    /// <summary>The count is no longer known for sure: the next look sets the stamps anew and leaves the period alone.</summary>
    public void Loosen() => _isLoose = true;

    /// <summary>The next samples have been read, or are known to be lost.</summary>
    /// <param name="count">0 or more.</param>
    public void Advance(long count)
    {
        _next += count * _period;
        _samples += count;
    }

    /// <summary>When a sample that was read already was taken.</summary>
    /// <param name="back">How many samples before the next to be read, 0 or more.</param>
    /// <returns>Monotonic µs.</returns>
    public long BackUs(long back) => (_next - (back * _period)) >> Shift;

    /// <summary>How many samples fit between two times.</summary>
    /// <param name="fromUs">Earlier, µs.</param>
    /// <param name="toUs">Later, µs.</param>
    /// <returns>The number, rounded down; 0 when the times are in the other order.</returns>
    public long SamplesBetween(long fromUs, long toUs) => toUs <= fromUs ? 0 : ((toUs - fromUs) << Shift) / _period;

    /// <summary>All that the port had has been read.</summary>
    /// <param name="nowUs">When, monotonic µs.</param>
    public void Observe(long nowUs)
    {
        long age = (nowUs << Shift) - (_next - _period);
        if (_isLoose)
        {
            _isLoose = false;
            _next += age < 0 ? age : age > _period ? age - _period : 0;
            BeginWindow();
            return;
        }

        if (age < 0)
        {
            Correct(Clamp(age, _period));
            return;
        }

        if (age < _min)
        {
            _min = age;
        }

        if (_samples >= _window)
        {
            Correct(_min <= _period ? 0 : Clamp(_min - _period, LargestStepPeriods * _period));
        }
    }

    private static long Clamp(long value, long limit) => value < -limit ? -limit : value > limit ? limit : value;

    private void Correct(long correction)
    {
        _next += correction;
        long samples = _samples < _window / 8 ? _window / 8 : _samples;
        _period += correction / (4 * samples);
        _period = _nominal + Clamp(_period - _nominal, _nominal * TolerancePpm / 1_000_000);
        BeginWindow();
    }

    private void BeginWindow()
    {
        _min = long.MaxValue;
        _samples = 0;
    }
}
