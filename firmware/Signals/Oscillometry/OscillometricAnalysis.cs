using Firmware.Signals.Optical;

namespace Firmware.Signals.Oscillometry;

/// <summary>
/// Blood pressure out of a cuff's deflation, in integers. While samples come in, the slow deflation is taken away from them; afterwards the beats are found, their
/// amplitudes make an envelope over the pressure, and fixed shares of its height give the pressures. README.md says how, with sources and figures. Hundredths of mmHg.
/// </summary>
public sealed class OscillometricAnalysis
{
    /// <summary>From one sample to the next, µs.</summary>
    public const int SamplePeriodUs = 10_000;

    /// <summary>Longest deflation, samples: 150 s. Twice as many bytes, twice: 60 KB in all.</summary>
    public const int MaxSamples = 15_000;

    /// <summary>Most beats: 150 s at 180 /min, with room for notches.</summary>
    public const int MaxBeats = 512;

    /// <summary>Fewest beats that make an envelope. Source: Geddes et al. 1982 measured with 20 and more; 8 is the fewest that bracket it at 4.5 mmHg/s. Guess.</summary>
    public const int LeastBeats = 8;

    /// <summary>The systolic pressure is where the rising envelope has this share of its height, in thousandths. Source: Geddes et al., Ann. Biomed. Eng. 10 (1982) 271: 0.45 to 0.57.</summary>
    public const int SystolicPermille = 500;

    /// <summary>The diastolic pressure is where the falling envelope has this share of its height, in thousandths. Source: the same: 0.75 to 0.86.</summary>
    public const int DiastolicPermille = 750;

    /// <summary>Fastest deflation, hundredths of mmHg per second around the mean pressure. Chosen on recordings, see README.md.</summary>
    public const int FastestCentiMmHgPerSecond = 600;

    /// <summary>Slowest deflation, hundredths of mmHg per second. Guess.</summary>
    public const int SlowestCentiMmHgPerSecond = 80;

    /// <summary>Lowest height of the envelope, hundredths of mmHg: nine times a sensor's noise of 0.05 mmHg. Guess.</summary>
    public const int WeakestCentiMmHg = 45;

    /// <summary>Largest mean distance of the beats' amplitudes from the envelope, percent of its height. Chosen on recordings and made-up disturbance, see README.md.</summary>
    public const int MostScatterPercent = 10;

    /// <summary>The envelope's ups and downs together, percent of those of one hill of its height. Chosen as the scatter.</summary>
    public const int MostUnevenPercent = 220;

    // Moving averages for the deflation, twice, and for the oscillation. Odd, so that their delays are whole samples.
    private const int SlowTaps = 75;
    private const int FastTaps = 7;

    private const int LeastLag = 30; // 200 /min
    private const int MostLag = 160; // 37.5 /min
    private const int FarCentiMmHg = 6000;
    private const int SmoothCentiMmHg = 700;
    private const int LeastPulsePressure = 1500;
    private const int MostPulsePressure = 13_000;
    private const int LeastDiastolic = 2500;
    private const int MostSystolic = 26_000;
    private const int LiveWindow = 120;
    private const int LiveSkip = 4;
    private const int AboveMeanCentiMmHg = 8000;
    private const int BelowMeanCentiMmHg = 1000;

    private readonly short[] _oscillation = new short[MaxSamples];
    private readonly short[] _pressure = new short[MaxSamples];
    private readonly int[] _first = new int[SlowTaps];
    private readonly int[] _second = new int[SlowTaps];
    private readonly int[] _delayed = new int[SlowTaps];
    private readonly int[] _fast = new int[FastTaps];
    private readonly int[] _beatAt = new int[MaxBeats];
    private readonly int[] _beatPressure = new int[MaxBeats];
    private readonly int[] _amplitude = new int[MaxBeats];
    private readonly int[] _clean = new int[MaxBeats];
    private readonly int[] _envelope = new int[MaxBeats];
    private readonly int[] _sort = new int[MaxBeats];
    private long _firstSum;
    private long _secondSum;
    private long _fastSum;
    private int _added;
    private int _count;
    private bool _tooLong;
    private int _stage;
    private int _cursor;
    private int _clip;
    private int _lag;
    private int _bestLag;
    private long _bestScore;
    private readonly int[] _scores = new int[MostLag + 1];
    private int _mapBeat;
    private int _height;
    private int _background;
    private int _liveHigh;
    private int _liveLow;
    private int _liveCount;
    private int _liveHeight;
    private int _liveBelow;
    private int _livePrevious;
    private int _liveWindows;

    /// <summary>Why there is no result; meaningful when <see cref="Step"/> has returned true.</summary>
    public OscillometryRefusal Refusal { get; private set; }

    /// <summary>Systolic pressure, hundredths of mmHg.</summary>
    public int SystolicCentiMmHg { get; private set; }

    /// <summary>Diastolic pressure, hundredths of mmHg.</summary>
    public int DiastolicCentiMmHg { get; private set; }

    /// <summary>Mean arterial pressure, hundredths of mmHg.</summary>
    public int MeanCentiMmHg { get; private set; }

    /// <summary>Pulse rate, tenths of 1/min.</summary>
    public int PulseRateTenthsPerMinute { get; private set; }

    /// <summary>True when the intervals between beats scatter: the result is less certain.</summary>
    public bool IrregularPulse { get; private set; }

    /// <summary>0 to 100, by how closely the beats follow the envelope.</summary>
    public int Quality { get; private set; }

    /// <summary>Beats found.</summary>
    public int BeatCount { get; private set; }

    /// <summary>Deflation around the mean pressure, hundredths of mmHg per second.</summary>
    public int DeflationCentiMmHgPerSecond { get; private set; }

    /// <summary>Height of the envelope, peak to peak, hundredths of mmHg.</summary>
    public int PeakAmplitudeCentiMmHg { get; private set; }

    /// <summary>
    /// While samples come in: true once the oscillations have been far below their greatest for some seconds, so that the deflation may end.
    /// </summary>
    public bool IsDiastolicPassed { get; private set; }

    /// <summary>Samples taken.</summary>
    public int SampleCount => _added;

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        _added = 0;
        _count = 0;
        _tooLong = false;
        _stage = 0;
        _firstSum = 0;
        _secondSum = 0;
        _fastSum = 0;
        for (int i = 0; i < SlowTaps; i++)
        {
            _first[i] = 0;
            _second[i] = 0;
            _delayed[i] = 0;
        }

        for (int i = 0; i < FastTaps; i++)
        {
            _fast[i] = 0;
        }

        _liveCount = 0;
        _liveHeight = 0;
        _liveBelow = 0;
        _livePrevious = 0;
        _liveWindows = 0;
        IsDiastolicPassed = false;
        Refusal = OscillometryRefusal.NoDeflation;
        BeatCount = 0;
    }

    /// <summary>Takes one sample of the deflation.</summary>
    /// <param name="cuffPressureCentiMmHg">0 to 32,767 hundredths of mmHg.</param>
    public void Add(int cuffPressureCentiMmHg)
    {
        if (_count >= MaxSamples)
        {
            _tooLong = true;
            return;
        }

        int slot = _added % SlowTaps;
        _firstSum += cuffPressureCentiMmHg - _first[slot];
        _delayed[slot] = cuffPressureCentiMmHg;
        _first[slot] = cuffPressureCentiMmHg;
        int mean = (int)(_firstSum / SlowTaps);
        _secondSum += mean - _second[slot];
        _second[slot] = mean;
        _added++;
        if (_added < 2 * SlowTaps)
        {
            return;
        }

        // The middle of the second average lies 74 samples back, and its slot is the one that is written next.
        int slow = (int)(_secondSum / SlowTaps);
        int next = _added % SlowTaps;
        int middle = _delayed[next];
        int fastSlot = _added % FastTaps;
        _fastSum += middle - slow - _fast[fastSlot];
        _fast[fastSlot] = middle - slow;
        if (_added < (2 * SlowTaps) + FastTaps)
        {
            return;
        }

        int value = (int)(_fastSum / FastTaps);
        _oscillation[_count] = (short)(value > short.MaxValue ? short.MaxValue : value < short.MinValue ? short.MinValue : value);
        _pressure[_count] = (short)(slow > short.MaxValue ? short.MaxValue : slow);
        _count++;
        Watch(value);
    }

    /// <summary>One bounded piece of the analysis, to be called after the last sample until it returns true.</summary>
    /// <returns>True when it is finished.</returns>
    public bool Step()
    {
        switch (_stage)
        {
            case 0:
                return Begin();
            case 1:
                return Correlate();
            case 2:
                return FindBeats();
            case 3:
                return MakeEnvelope();
            default:
                return true;
        }
    }

    /// <summary>The whole analysis at once, for the desk.</summary>
    public void Finish()
    {
        while (!Step())
        {
        }
    }

    // The height of the last second or so, and how it has fallen from the greatest one.
    private void Watch(int value)
    {
        _liveHigh = _liveCount == 0 || value > _liveHigh ? value : _liveHigh;
        _liveLow = _liveCount == 0 || value < _liveLow ? value : _liveLow;
        if (++_liveCount < LiveWindow)
        {
            return;
        }

        int height = _liveHigh - _liveLow;
        _liveCount = 0;
        if (++_liveWindows <= LiveSkip)
        {
            return; // what the end of the pumping leaves behind
        }

        // Of two neighbours the smaller: one bump is no envelope.
        int steady = height < _livePrevious ? height : _livePrevious;
        _livePrevious = height;
        if (steady > _liveHeight)
        {
            _liveHeight = steady;
            _liveBelow = 0;
            return;
        }

        _liveBelow = height * 2 < _liveHeight ? _liveBelow + 1 : 0;
        IsDiastolicPassed |= _liveBelow >= 5 && _liveHeight >= WeakestCentiMmHg;
    }

    private bool End(OscillometryRefusal refusal)
    {
        Refusal = refusal;
        _stage = 4;
        return true;
    }

    private bool Begin()
    {
        if (_tooLong)
        {
            return End(OscillometryRefusal.TooLong);
        }

        if (_count < 3 * MostLag)
        {
            return End(OscillometryRefusal.TooFewBeats);
        }

        long fall = (_pressure[0] - _pressure[_count - 1]) * (1_000_000L / SamplePeriodUs) / _count;
        if (fall < SlowestCentiMmHgPerSecond)
        {
            return End(OscillometryRefusal.NoDeflation);
        }

        long sum = 0;
        for (int i = 0; i < _count; i++)
        {
            sum += _oscillation[i] < 0 ? -_oscillation[i] : _oscillation[i];
        }

        _clip = (int)(2 * sum / _count) + 1;
        _lag = LeastLag;
        _stage = 1;
        return false;
    }

    // Autocorrelation of the clipped oscillation, at every other sample: its first high peak is the beat's period.
    private bool Correlate()
    {
        for (int k = 0; k < 2 && _lag <= MostLag; k++, _lag++)
        {
            long product = 0;
            long head = 1;
            long tail = 1;
            for (int i = 0; i + _lag < _count; i += 2)
            {
                int a = Clipped(i);
                int b = Clipped(i + _lag);
                product += a * b;
                head += a * a;
                tail += b * b;
            }

            _scores[_lag] = (int)(product * 1000 / (IntegerMath.SquareRoot(head) * IntegerMath.SquareRoot(tail) + 1));
        }

        if (_lag <= MostLag)
        {
            return false;
        }

        _bestScore = 0;
        for (int lag = LeastLag + 1; lag < MostLag; lag++)
        {
            if (IsPeak(lag) && _scores[lag] > _bestScore)
            {
                _bestScore = _scores[lag];
            }
        }

        _bestLag = 0;
        for (int lag = LeastLag + 1; lag < MostLag && _bestLag == 0; lag++)
        {
            if (IsPeak(lag) && _scores[lag] * 100 >= _bestScore * 85 && _bestScore > 0)
            {
                _bestLag = lag;
            }
        }

        if (_bestLag == 0)
        {
            return End(OscillometryRefusal.TooFewBeats);
        }

        BeatCount = 0;
        _cursor = 1;
        _stage = 2;
        return false;
    }

    private int Clipped(int i)
    {
        int value = _oscillation[i];
        return value > _clip ? _clip : value < -_clip ? -_clip : value;
    }

    private bool IsPeak(int lag) => _scores[lag] >= _scores[lag - 1] && _scores[lag] >= _scores[lag + 1];

    // A beat is the highest sample within nearly half a period on both sides; its amplitude the mean of its height over the feet before and behind it.
    private bool FindBeats()
    {
        int near = _bestLag * 45 / 100;
        int reach = _bestLag * 6 / 10;
        int budget = 600;
        while (_cursor < _count - 1)
        {
            int i = _cursor++;
            if (--budget < 0)
            {
                return false;
            }

            int value = _oscillation[i];
            if (value <= 0 || value < _oscillation[i - 1] || value < _oscillation[i + 1])
            {
                continue;
            }

            bool isHighest = true;
            int from = i - near < 0 ? 0 : i - near;
            int to = i + near >= _count ? _count - 1 : i + near;
            for (int j = from; j <= to && isHighest; j++)
            {
                // Of equal neighbours the first counts.
                isHighest = _oscillation[j] < value || (_oscillation[j] == value && j >= i);
            }

            if (!isHighest)
            {
                continue;
            }

            if (BeatCount == MaxBeats)
            {
                return End(OscillometryRefusal.TooMuchMotion);
            }

            budget -= 20;
            _beatAt[BeatCount] = i;
            _beatPressure[BeatCount] = _pressure[i];
            _amplitude[BeatCount] = value - ((Foot(i - reach, i) + Foot(i, i + reach)) / 2);
            BeatCount++;
        }

        if (BeatCount < LeastBeats)
        {
            return End(OscillometryRefusal.TooFewBeats);
        }

        _stage = 3;
        return false;
    }

    private int Foot(int from, int to)
    {
        int low = int.MaxValue;
        for (int i = from < 0 ? 0 : from; i <= to && i < _count; i++)
        {
            low = _oscillation[i] < low ? _oscillation[i] : low;
        }

        return low;
    }

    private bool MakeEnvelope()
    {
        int replaced = Clean();
        Smooth();
        _mapBeat = 0;
        for (int i = 1; i < BeatCount; i++)
        {
            _mapBeat = _envelope[i] > _envelope[_mapBeat] ? i : _mapBeat;
        }

        _height = _envelope[_mapBeat];
        PeakAmplitudeCentiMmHg = _height;
        MeanCentiMmHg = Vertex();
        DeflationCentiMmHgPerSecond = Deflation();
        if (DeflationCentiMmHgPerSecond > FastestCentiMmHgPerSecond)
        {
            return End(OscillometryRefusal.TooFast);
        }

        if (_height < WeakestCentiMmHg)
        {
            return End(OscillometryRefusal.Weak);
        }

        if (_mapBeat < 2 || _mapBeat > BeatCount - 3)
        {
            return End(OscillometryRefusal.EdgeMaximum);
        }

        _background = Background();
        int systolic = Cross(-1, SystolicLevel());
        if (systolic == 0)
        {
            return End(OscillometryRefusal.SystolicNotBracketed);
        }

        int diastolic = Cross(1, _height * DiastolicPermille / 1000);
        if (diastolic == 0)
        {
            return End(OscillometryRefusal.DiastolicNotBracketed);
        }

        SystolicCentiMmHg = systolic;
        DiastolicCentiMmHg = diastolic;
        int pulse = systolic - diastolic;
        if (pulse < LeastPulsePressure || pulse > MostPulsePressure || MeanCentiMmHg <= diastolic || MeanCentiMmHg >= systolic
            || diastolic < LeastDiastolic || systolic > MostSystolic)
        {
            return End(OscillometryRefusal.Implausible);
        }

        Rhythm(systolic, diastolic);
        return End(Judge(systolic, diastolic, replaced));
    }

    // Hampel filter over seven beats: three scaled deviations from the median, at least 15 % of it.
    private int Clean()
    {
        int replaced = 0;
        for (int i = 0; i < BeatCount; i++)
        {
            int from = i - 3 < 0 ? 0 : i - 3;
            int to = i + 3 >= BeatCount ? BeatCount - 1 : i + 3;
            int count = to - from + 1;
            for (int j = 0; j < count; j++)
            {
                _sort[j] = _amplitude[from + j];
            }

            int median = Median(count);
            for (int j = 0; j < count; j++)
            {
                int off = _amplitude[from + j] - median;
                _sort[j] = off < 0 ? -off : off;
            }

            int limit = Median(count) * 445 / 100;
            limit = limit < median * 15 / 100 ? median * 15 / 100 : limit;
            int away = _amplitude[i] - median;
            bool isOutlier = away > limit || -away > limit;
            _clean[i] = isOutlier ? median : _amplitude[i];
            replaced += isOutlier ? 1 : 0;
        }

        return replaced;
    }

    // A triangle over the pressure, not over the beats: a slow pulse must not smooth more than a fast one.
    private void Smooth()
    {
        for (int i = 0; i < BeatCount; i++)
        {
            long sum = 0;
            long weights = 0;
            for (int j = 0; j < BeatCount; j++)
            {
                int distance = _beatPressure[j] - _beatPressure[i];
                int weight = SmoothCentiMmHg - (distance < 0 ? -distance : distance);
                if (weight > 0)
                {
                    sum += (long)weight * _clean[j];
                    weights += weight;
                }
            }

            _envelope[i] = (int)(sum / weights);
        }
    }

    // The envelope's greatest, found again as the middle between where it has 95 % of its height on both sides.
    private int Vertex()
    {
        int level = _height * 95 / 100;
        int high = Cross(-1, level);
        int low = Cross(1, level);
        return high == 0 || low == 0 ? _beatPressure[_mapBeat] : (high + low) / 2;
    }

    private int Deflation()
    {
        int from = _beatAt[_mapBeat];
        int to = from;
        while (from > 0 && _pressure[from] < MeanCentiMmHg + AboveMeanCentiMmHg)
        {
            from--;
        }

        while (to < _count - 1 && _pressure[to] > MeanCentiMmHg - BelowMeanCentiMmHg)
        {
            to++;
        }

        return to == from ? 0 : (int)((_pressure[from] - _pressure[to]) * (1_000_000L / SamplePeriodUs) / (to - from));
    }

    /// <summary>
    /// Far above the envelope's greatest the artery is closed, and what still oscillates (the edge of the cuff, a tremor, the pump's table) is no pulse under it:
    /// the median amplitude there.
    /// </summary>
    private int Background()
    {
        int count = 0;
        for (int i = 0; i < BeatCount; i++)
        {
            if (_beatPressure[i] > MeanCentiMmHg + FarCentiMmHg)
            {
                _sort[count++] = _amplitude[i];
            }
        }

        int background = count < 3 ? 0 : Median(count);
        int most = _height * 75 / 100;
        return background > most ? most : background;
    }

    // What is independent adds by squares: the share is taken of the height without the background, and the background laid on again.
    private int SystolicLevel()
    {
        long pulse = ((long)_height * _height) - ((long)_background * _background);
        long level = (pulse * SystolicPermille / 1000 * SystolicPermille / 1000) + ((long)_background * _background);
        return (int)IntegerMath.SquareRoot(level);
    }

    // From the greatest outwards to where the envelope first falls below a level; 0 when it never does.
    private int Cross(int direction, int level)
    {
        int before = _mapBeat;
        for (int i = _mapBeat + direction; i >= 0 && i < BeatCount; i += direction)
        {
            if (_envelope[i] < level)
            {
                int fall = _envelope[before] - _envelope[i];
                int part = _envelope[before] - level;
                return _beatPressure[before] + (int)((long)(_beatPressure[i] - _beatPressure[before]) * part / (fall == 0 ? 1 : fall));
            }

            before = i;
        }

        return 0;
    }

    private void Rhythm(int systolic, int diastolic)
    {
        int count = 0;
        for (int i = 1; i < BeatCount; i++)
        {
            if (_beatPressure[i - 1] <= systolic + 1000 && _beatPressure[i] >= diastolic - 1000)
            {
                _sort[count++] = _beatAt[i] - _beatAt[i - 1];
            }
        }

        int median = count == 0 ? _bestLag : Median(count);
        long sum = 0;
        int near = 0;
        int odd = 0;
        int all = 0;
        for (int i = 1; i < BeatCount; i++)
        {
            int interval = _beatAt[i] - _beatAt[i - 1];
            if (_beatPressure[i - 1] > systolic + 1000 || _beatPressure[i] < diastolic - 1000 || interval * 10 > median * 17)
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

        PulseRateTenthsPerMinute = near == 0 ? 0 : (int)(60_000L * near / sum);
        IrregularPulse = odd >= 3 && odd * 5 >= all;
    }

    private OscillometryRefusal Judge(int systolic, int diastolic, int replaced)
    {
        long off = 0;
        int count = 0;
        for (int i = 0; i < BeatCount; i++)
        {
            if (_beatPressure[i] <= systolic + 1000 && _beatPressure[i] >= diastolic - 1000)
            {
                int distance = _amplitude[i] - _envelope[i];
                off += distance < 0 ? -distance : distance;
                count++;
            }
        }

        int percent = count == 0 ? 100 : (int)(off * 100 / ((long)count * _height));
        int quality = 100 - (percent * 2) - (replaced * 50 / BeatCount) - (IrregularPulse ? 20 : 0);
        Quality = quality < 1 ? 1 : quality;
        return percent > MostScatterPercent || UnevenPercent() > MostUnevenPercent || count < LeastBeats / 2 || PulseRateTenthsPerMinute == 0
            ? OscillometryRefusal.TooMuchMotion : OscillometryRefusal.None;
    }

    // What a pulse under a deflating cuff leaves is one hill: up once, down once. A moving arm leaves several.
    private int UnevenPercent()
    {
        long way = 0;
        for (int i = 1; i < BeatCount; i++)
        {
            int step = _envelope[i] - _envelope[i - 1];
            way += step < 0 ? -step : step;
        }

        int hill = (2 * _height) - _envelope[0] - _envelope[BeatCount - 1];
        return hill <= 0 ? int.MaxValue : (int)(way * 100 / hill);
    }

    // Of the first entries of _sort, which are sorted by it.
    private int Median(int count)
    {
        for (int i = 1; i < count; i++)
        {
            int value = _sort[i];
            int j = i - 1;
            while (j >= 0 && _sort[j] > value)
            {
                _sort[j + 1] = _sort[j];
                j--;
            }

            _sort[j + 1] = value;
        }

        return (count & 1) == 1 ? _sort[count / 2] : (_sort[(count / 2) - 1] + _sort[count / 2]) / 2;
    }
}
