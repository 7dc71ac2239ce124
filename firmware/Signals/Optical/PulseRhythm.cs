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
    // Waves between beats, per cent of the beat before: a second wave is at most half of it and a quarter more or less by the filter; a weak beat that moves a finger's
    // light is a third of it; a seventh is none. Assumptions; chosen on made-up beats (README).
    private const int HighWavePercent = 55;
    private const int WavePercent = 30;
    private const int NoWavePercent = 15;

    // Added to the percent of a wave that came late or has a beat's shape.
    private const int BeatlikeWave = 1000;
    private const int Ring = 64;
    private const int Mask = Ring - 1;

    private readonly long[] _sixteenths = new long[Ring];
    private readonly int[] _amplitude = new int[Ring];
    private readonly int[] _likeness = new int[Ring];
    private readonly int[] _secondWave = new int[Ring];
    private readonly int[] _peak = new int[Ring];
    private readonly int[] _foot = new int[Ring];
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

    /// <summary>Height of the lower ones of every two beats, per cent of the higher ones'; by medians.</summary>
    public int AlternatePercent { get; private set; }

    /// <summary>From a higher one of every two beats to the lower one behind it, ms; by medians.</summary>
    public int AlternateMs { get; private set; }

    /// <summary>True when some of the waves between the beats may be beats that are weak: too high or too late for second waves, or behind some beats and not behind others.</summary>
    public bool MayMissBeats { get; private set; }

    /// <summary>How much higher the rate by all intervals were if those waves were beats, tenths per minute.</summary>
    public int MissedTenths { get; private set; }

    /// <summary>The longer of two intervals in turn, per cent of the shorter; by medians.</summary>
    public int IntervalsPercent { get; private set; }

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
        _secondWave[newest] = beat.IsSecondWaveLate || beat.IsSecondWaveAlike ? BeatlikeWave + beat.SecondWavePercentBefore : beat.SecondWavePercentBefore;
        _peak[newest] = beat.PeakLight;
        _foot[newest] = beat.FootLight;
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
        MeasureAlternation(beats, samplePeriodUs);
        CountWaves(beats);
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
        AlternatePercent = 100;
        AlternateMs = 0;
        MayMissBeats = false;
        MissedTenths = 0;
        IntervalsPercent = 100;
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

    // By the unfiltered light, above the mean of the feet before and behind, so that wander has no part; the newest beat has no foot behind it yet.
    private void MeasureAlternation(int beats, int samplePeriodUs)
    {
        int newer = MedianHeight(1, beats);
        int older = MedianHeight(2, beats);
        bool isNewerLower = newer < older;
        int lower = isNewerLower ? newer : older;
        AlternatePercent = lower <= 0 ? 0 : (int)(lower * 100L / (isNewerLower ? older : newer));
        int behindHigher = MedianInterval(isNewerLower ? 1 : 2, beats);
        int behindLower = MedianInterval(isNewerLower ? 2 : 1, beats);
        AlternateMs = (int)((long)behindHigher * samplePeriodUs / 16000);
        IntervalsPercent = (int)((behindHigher < behindLower ? behindLower : behindHigher) * 100L / ((behindHigher < behindLower ? behindHigher : behindLower) + 1));
    }

    private int MedianInterval(int first, int beats)
    {
        int count = 0;
        for (int i = first; i + 1 < beats; i += 2)
        {
            _sorted[count++] = (int)(_sixteenths[(_taken - 1 - i) & Mask] - _sixteenths[(_taken - 2 - i) & Mask]);
        }

        return count == 0 ? 0 : IntegerMath.Median(_sorted, count);
    }

    private void CountWaves(int beats)
    {
        int high = 0;
        int some = 0;
        int none = 0;
        for (int i = 0; i < beats - 1; i++)
        {
            int wave = _secondWave[(_taken - 1 - i) & Mask];
            int percent = wave >= BeatlikeWave ? wave - BeatlikeWave : wave;
            high += percent >= HighWavePercent || (wave >= BeatlikeWave && percent >= WavePercent) ? 1 : 0;
            some += percent >= WavePercent ? 1 : 0;
            none += percent < NoWavePercent ? 1 : 0;
        }

        MissedTenths = RateOfAllTenths * some / (beats - 1);
        MayMissBeats = high * 4 >= beats || (some * 5 >= beats && none * 4 >= beats);
    }

    private int MedianHeight(int first, int beats)
    {
        int count = 0;
        for (int i = first; i < beats; i += 2)
        {
            int at = (_taken - 1 - i) & Mask;
            _sorted[count++] = _peak[at] - ((_foot[at] + _foot[(at + 1) & Mask]) / 2);
        }

        return IntegerMath.Median(_sorted, count);
    }
}
