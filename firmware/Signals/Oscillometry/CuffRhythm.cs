namespace Firmware.Signals.Oscillometry;

/// <summary>The pulse of the beats between diastolic and systolic pressure: its rate, and whether their intervals scatter.</summary>
internal sealed class CuffRhythm
{
    private readonly CuffBeats _beats;
    private readonly int[] _sort;

    /// <summary>Stores.</summary>
    /// <param name="beats">The beats.</param>
    /// <param name="sort">Room for as many numbers as there are beats, used within a call only.</param>
    public CuffRhythm(CuffBeats beats, int[] sort)
    {
        _beats = beats;
        _sort = sort;
    }

    /// <summary>Pulse rate, tenths of 1/min; 0 when no two intervals agree.</summary>
    public int RateTenthsPerMinute { get; private set; }

    /// <summary>True when the intervals scatter.</summary>
    public bool IsIrregular { get; private set; }

    /// <summary>Finds it.</summary>
    /// <param name="systolic">Systolic pressure, hundredths of mmHg.</param>
    /// <param name="diastolic">Diastolic pressure, hundredths of mmHg.</param>
    /// <param name="period">The period where no interval is found, samples.</param>
    public void Find(int systolic, int diastolic, int period)
    {
        int count = 0;
        for (int i = 1; i < _beats.Count; i++)
        {
            if (_beats.Pressure[i - 1] <= systolic + 1000 && _beats.Pressure[i] >= diastolic - 1000)
            {
                _sort[count++] = _beats.At[i] - _beats.At[i - 1];
            }
        }

        int median = count == 0 ? period : Medians.Of(_sort, count);
        long sum = 0;
        int near = 0;
        int odd = 0;
        int all = 0;
        for (int i = 1; i < _beats.Count; i++)
        {
            int interval = _beats.At[i] - _beats.At[i - 1];
            if (_beats.Pressure[i - 1] > systolic + 1000 || _beats.Pressure[i] < diastolic - 1000 || interval * 10 > median * 17)
            {
                continue; // outside, or with a beat missed between
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
    }
}
