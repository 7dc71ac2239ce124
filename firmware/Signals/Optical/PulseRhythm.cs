namespace Firmware.Signals.Optical;

/// <summary>
/// The newest beats as a rhythm: rate, irregularity, and how much the beats are like each other. A heart that beats irregularly sends beats that look alike at uneven
/// times; motion does neither.
/// </summary>
public sealed class PulseRhythm
{
    /// <summary>Two rates agree when they differ by no more than this, tenths per minute. Source: the accuracy of 5 per minute that ISO 80601-2-61 has makers state.</summary>
    public const int AgreementTenths = 50;

    /// <summary>An interval this far off the median, per cent of it, is odd; three and a fifth of all are irregular. Source: as the cuff has it, <c>CuffRhythm</c>.</summary>
    public const int OddPercent = 15;

    // An interval beyond 8/5 of the median is most likely a beat that was missed. Chosen on recordings (README).
    private const int MissedNumerator = 8;
    private const int MissedDenominator = 5;
    private const int Ring = 64;
    private const int Mask = Ring - 1;

    private readonly long[] _sixteenths = new long[Ring];
    private readonly int[] _amplitude = new int[Ring];
    private readonly int[] _likeness = new int[Ring];
    private readonly int[] _sorted = new int[Ring];
    private int _taken;

    /// <summary>Beats in the window.</summary>
    public int Beats { get; private set; }

    /// <summary>Rate by the mean interval, those left out that are beyond 1.6 medians; tenths per minute, 0 with fewer than three beats.</summary>
    public int RateTenths { get; private set; }

    /// <summary>Rate by all intervals, tenths per minute, 0 with fewer than three beats.</summary>
    public int RateOfAllTenths { get; private set; }

    /// <summary>True when the intervals scatter.</summary>
    public bool IsIrregular { get; private set; }

    /// <summary>Beats of less than half or more than twice the usual height, per cent.</summary>
    public int OutlierPercent { get; private set; }

    /// <summary>Likeness of a beat to the one before it that three quarters of the beats reach, thousandths.</summary>
    public int LikenessThousandths { get; private set; }

    /// <summary>True when two rates are known and differ by at most <see cref="AgreementTenths"/>.</summary>
    /// <param name="a">Tenths per minute, 0 for none.</param>
    /// <param name="b">Tenths per minute, 0 for none.</param>
    /// <returns>Whether they agree.</returns>
    public static bool Agree(int a, int b)
    {
        int off = a < b ? b - a : a - b;
        return a > 0 && b > 0 && off <= AgreementTenths;
    }

    /// <summary>True when a number is near another.</summary>
    /// <param name="a">The number.</param>
    /// <param name="b">The other.</param>
    /// <param name="percent">How near, per cent of the other.</param>
    /// <returns>Whether it is.</returns>
    public static bool IsWithin(int a, int b, int percent)
    {
        int off = a < b ? b - a : a - b;
        return off * 100 <= b * percent;
    }

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        _taken = 0;
        Forget();
    }

    /// <summary>Takes a beat.</summary>
    /// <param name="beat">The detector that has just found it.</param>
    /// <returns>The interval before it, sixteenths of a sample; 0 for the first.</returns>
    public long Take(BeatDetector beat)
    {
        int newest = _taken & Mask;
        long interval = _taken == 0 ? 0 : beat.PeakSixteenths - _sixteenths[(_taken - 1) & Mask];
        _sixteenths[newest] = beat.PeakSixteenths;
        _amplitude[newest] = beat.Amplitude;
        _likeness[newest] = beat.LikenessThousandths;
        _taken++;
        return interval;
    }

    /// <summary>Measures the beats of a window.</summary>
    /// <param name="oldestSixteenths">When it begins, sixteenths of a sample.</param>
    /// <param name="samplePeriodUs">From one sample to the next, µs.</param>
    public void Measure(long oldestSixteenths, int samplePeriodUs)
    {
        int beats = 0;
        while (beats < _taken && beats < Ring && _sixteenths[(_taken - 1 - beats) & Mask] >= oldestSixteenths)
        {
            beats++;
        }

        Forget();
        Beats = beats;
        if (beats < 3)
        {
            return;
        }

        MeasureIntervals(beats - 1, samplePeriodUs);
        MeasureHeights(beats);
        for (int i = 0; i < beats; i++)
        {
            _sorted[i] = _likeness[(_taken - 1 - i) & Mask];
        }

        IntegerMath.Median(_sorted, beats);
        LikenessThousandths = _sorted[beats / 4];
    }

    private void Forget()
    {
        Beats = 0;
        RateTenths = 0;
        RateOfAllTenths = 0;
        IsIrregular = false;
        OutlierPercent = 100;
        LikenessThousandths = 0;
    }

    private void MeasureIntervals(int intervals, int samplePeriodUs)
    {
        for (int i = 0; i < intervals; i++)
        {
            _sorted[i] = (int)(_sixteenths[(_taken - 1 - i) & Mask] - _sixteenths[(_taken - 2 - i) & Mask]);
        }

        long median = IntegerMath.Median(_sorted, intervals);
        long span = 0;
        long all = 0;
        int counted = 0;
        int odd = 0;
        for (int i = 0; i < intervals; i++)
        {
            long interval = _sorted[i];
            long off = interval < median ? median - interval : interval - median;
            all += interval;
            odd += off * 100 > median * OddPercent ? 1 : 0;
            if (interval * MissedDenominator <= median * MissedNumerator)
            {
                counted++;
                span += interval;
            }
        }

        RateTenths = Rate(counted, span, samplePeriodUs);
        RateOfAllTenths = Rate(intervals, all, samplePeriodUs);
        IsIrregular = odd >= 3 && odd * 5 >= intervals;
    }

    private static int Rate(int intervals, long sixteenths, int samplePeriodUs)
    {
        long us = sixteenths * samplePeriodUs / 16;
        return us <= 0 ? 0 : (int)(((600L * 1000000 * intervals) + (us / 2)) / us);
    }

    private void MeasureHeights(int beats)
    {
        for (int i = 0; i < beats; i++)
        {
            _sorted[i] = _amplitude[(_taken - 1 - i) & Mask];
        }

        long median = IntegerMath.Median(_sorted, beats);
        int outliers = 0;
        for (int i = 0; i < beats; i++)
        {
            if ((long)_sorted[i] * 2 < median || _sorted[i] > median * 2)
            {
                outliers++;
            }
        }

        OutlierPercent = outliers * 100 / beats;
    }
}
