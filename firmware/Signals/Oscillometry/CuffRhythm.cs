namespace Firmware.Signals.Oscillometry;

/// <summary>The pulse of the beats between diastolic and systolic pressure: its rate, and whether their intervals scatter.</summary>
internal sealed class CuffRhythm
{
    private readonly CuffBeats _beats;
    private readonly SortedSample _sample;
    private int _first;
    private int _last;
    private int _cursor;

    /// <summary>Stores.</summary>
    /// <param name="beats">The beats.</param>
    /// <param name="sample">Used from <see cref="Begin"/> until it is done.</param>
    public CuffRhythm(CuffBeats beats, SortedSample sample)
    {
        _beats = beats;
        _sample = sample;
    }

    /// <summary>Pulse rate, tenths of 1/min; 0 when no two intervals agree.</summary>
    public int RateTenthsPerMinute { get; private set; }

    /// <summary>True when the intervals scatter.</summary>
    public bool IsIrregular { get; private set; }

    /// <summary>Begins. Of more than <see cref="SortedSample.Capacity"/> intervals those at the highest pressures are used.</summary>
    /// <param name="first">The first beat.</param>
    /// <param name="last">The last beat.</param>
    public void Begin(int first, int last)
    {
        _sample.Clear();
        _first = first;
        _last = last - first > SortedSample.Capacity ? first + SortedSample.Capacity : last;
        _cursor = first;
        RateTenthsPerMinute = 0;
        IsIrregular = false;
    }

    /// <summary>One bounded piece.</summary>
    /// <returns>True when it is done.</returns>
    public bool Step()
    {
        if (++_cursor <= _last)
        {
            _sample.Insert(Interval(_cursor));
            return false;
        }

        int median = _sample.Median;
        int sum = 0;
        int near = 0;
        int odd = 0;
        int all = 0;
        for (int i = _first + 1; i <= _last; i++)
        {
            int interval = Interval(i);
            if (interval * 10 > median * 17)
            {
                continue; // with a beat missed between
            }

            all++;
            int off = interval - median;
            off = off < 0 ? -off : off;
            if (off * 100 <= median * 20)
            {
                sum += interval;
                near++;
            }

            odd += off * 100 > median * 15 ? 1 : 0;
        }

        RateTenthsPerMinute = near == 0 ? 0 : (int)(60_000L * near / sum);
        IsIrregular = odd >= 3 && odd * 5 >= all;
        return true;
    }

    private int Interval(int beat) => _beats.At[beat] - _beats.At[beat - 1];
}
