namespace Firmware.Peripherals;

/// <summary>
/// Says when samples were taken, from their number. What a reader sees is only which sample is the newest at a given time: it
/// was put into the FIFO less than one period before. The stamps follow the sample count, evenly, and move only when they
/// contradict what was seen, and then by at most an eighth of a period and with a slow correction of the period: no jitter
/// of the reader gets into them. They are right within one period, and the period within 0.4 % once it has been found.
/// </summary>
public sealed class Max30102Clock
{
    /// <summary>How far the part's oscillator may be off, in 1/256 of the period. Assumption: 6 %; the datasheet bounds it for no sample rate.</summary>
    public const int TolerancePer256 = 16;

    private const int Scale = 256;
    private readonly long _nominal;
    private long _next;
    private long _period;
    private long _sinceCorrection;
    private bool _isLoose;

    /// <summary>Makes a clock that is not started.</summary>
    /// <param name="nominalPeriodUs">The nominal sample period, µs.</param>
    public Max30102Clock(int nominalPeriodUs)
    {
        _nominal = (long)nominalPeriodUs * Scale;
        _period = _nominal;
    }

    /// <summary>When the next sample to be read was, or will be, taken: monotonic µs.</summary>
    public long NextUs => _next / Scale;

    /// <summary>The period as found so far, µs.</summary>
    public int PeriodUs => (int)((_period + (Scale / 2)) / Scale);

    /// <summary>Sampling begins.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Start(long nowUs)
    {
        _period = _nominal;
        _next = (nowUs * Scale) + _period;
        _sinceCorrection = 0;
        _isLoose = true;
    }

    /// <summary>The count is no longer known for sure: the next observation sets the stamps anew and leaves the period alone.</summary>
    public void Loosen() => _isLoose = true;

    /// <summary>The next <paramref name="count"/> samples have been read, or are known to be lost.</summary>
    /// <param name="count">0 or more.</param>
    public void Advance(int count)
    {
        _next += count * _period;
        _sinceCorrection += count;
    }

    /// <summary>How many periods fit between two times.</summary>
    /// <param name="fromUs">Earlier, µs.</param>
    /// <param name="toUs">Later, µs.</param>
    /// <returns>The number, rounded down; 0 when the times are in the other order.</returns>
    public int PeriodsBetween(long fromUs, long toUs)
    {
        long periods = (toUs - fromUs) * Scale / _period;
        return periods < 0 ? 0 : periods > int.MaxValue ? int.MaxValue : (int)periods;
    }

    /// <summary>The newest sample there is was seen.</summary>
    /// <param name="existing">How many samples there are from the next to be read to the newest, lost ones included; above 0.</param>
    /// <param name="nowUs">When it was seen, monotonic µs.</param>
    public void Observe(int existing, long nowUs)
    {
        long now = nowUs * Scale;
        long age = now - (_next + ((existing - 1) * _period));
        long correction = age < 0 ? age : age >= _period ? age - _period + Scale : 0;
        if (correction == 0)
        {
            _isLoose = false;
            return;
        }

        if (_isLoose)
        {
            _isLoose = false;
            _sinceCorrection = 0;
            _next += correction;
            return;
        }

        _next += Clamp(correction, _period / 8);
        long samples = _sinceCorrection < 1 ? 1 : _sinceCorrection;
        _period += Clamp(correction / (2 * samples), _nominal / 256);
        long tolerance = _nominal * TolerancePer256 / 256;
        _period = _nominal + Clamp(_period - _nominal, tolerance);
        _sinceCorrection = 0;
    }

    /// <summary>Samples are missing whose number is not known: the newest of <paramref name="existing"/> is half a period old.</summary>
    /// <param name="existing">Samples from the next to be read to the newest; 0 when the next is still to be taken.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>How many samples are missing by this account.</returns>
    public int Skip(int existing, long nowUs)
    {
        long next = (nowUs * Scale) - (_period / 2) - ((existing - 1) * _period);
        long missing = (next - _next + (_period / 2)) / _period;
        missing = missing < 0 ? 0 : missing;
        _next = next > _next ? next : _next;
        _sinceCorrection = 0;
        _isLoose = true;
        return missing > int.MaxValue ? int.MaxValue : (int)missing;
    }

    private static long Clamp(long value, long limit)
    {
        return value < -limit ? -limit : value > limit ? limit : value;
    }
}
