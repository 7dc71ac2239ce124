namespace Firmware.Signals.Optical;

/// <summary>
/// The period of the pulse from the autocorrelation of filtered light over the newest seconds, apart from the beats: a second wave within each beat does not
/// repeat after half a period as the whole beat does after a whole one. Light is taken 25 times a second, brought to a few bits by its own usual height and
/// clipped, so that one strong beat counts little more than a usual one. Products are summed per second and lag, and the work is spread over the samples.
/// Source: Rabiner 1977, "On the use of autocorrelation analysis for pitch detection", IEEE Trans. ASSP 25(1) 24: clipping, normalised peaks, parabola.
/// </summary>
public sealed class PulseAutocorrelation
{
    /// <summary>Samples per second that are correlated.</summary>
    public const int SamplesPerSecond = 25;

    /// <summary>Longest span, s.</summary>
    public const int MaxSeconds = 10;

    /// <summary>Shortest lag, correlated samples; a period is found between this and <see cref="MaxLag"/>, 28.8 to 250 per minute.</summary>
    public const int MinLag = 5;

    /// <summary>Longest lag, correlated samples.</summary>
    public const int MaxLag = 52;

    /// <summary>
    /// A peak of this share of the highest is as good, per cent, and of such the shortest lag is the period, since twice the period repeats as well. Two waves in turn of
    /// which the lower has 0.56 of the higher's height correlate by 85 % at half their period: below that they are one beat, above it two. Source: 2a / (1 + a²).
    /// </summary>
    public const int AsGoodPercent = 85;

    /// <summary>A wave is smooth when this much of it is its own opposite half a period on, thousandths. Assumption: a sine has 1,000; tried on recordings (README).</summary>
    public const int SmoothThousandths = 850;

    private const int Lags = MaxLag + 1;
    private const int RingLength = 64;
    private const int RingMask = RingLength - 1;
    private const int EnergyRing = 16;
    private const int EnergyMask = EnergyRing - 1;

    // A usual sample is 8, a clipped one 31: the products of a second stay below 25 x 961 and fit 16 bits.
    private const int UsualHeight = 8;
    private const int ClippedHeight = 31;
    private const int GainShift = 20;
    private const int LargestMagnitude = 1000000;
    private const int HalfLag = (MinLag + MaxLag) / 2;

    // Twice the ring, so that a lagged place needs no wrapping.
    private readonly short[] _ring = new short[2 * RingLength];
    private readonly short[] _products = new short[MaxSeconds * Lags];
    private readonly int[] _total = new int[Lags];
    private readonly short[] _correlation = new short[Lags];
    private readonly int[] _height = new int[MaxSeconds];
    private readonly int[] _energy = new int[EnergyRing];
    private readonly int[] _sorted = new int[MaxSeconds];
    private readonly bool _isHalved;
    private int _heightSum;
    private int _energyPlace;
    private int _place;
    private int _row;
    private int _rows;
    private int _firstOfTwo;
    private bool _isSecondOfTwo;
    private int _newest;
    private int _gain;

    /// <summary>Makes one at rest.</summary>
    /// <param name="samplesPerSecond">25 or 50 samples a second come in; any other number is taken as 50.</param>
    public PulseAutocorrelation(int samplesPerSecond)
    {
        _isHalved = samplesPerSecond != SamplesPerSecond;
        Reset();
    }

    /// <summary>The period, sixteenths of a correlated sample (of 40 ms); 0 when there is none.</summary>
    public int PeriodSixteenths { get; private set; }

    /// <summary>The correlation at the period, thousandths, at most about 1,000; 0 when there is none.</summary>
    public int StrengthThousandths { get; private set; }

    /// <summary>
    /// True when the light is a smooth wave: half a period on (one and a half, where that is too short) it is its own opposite, as a tremor is. A pulse has a short systole and
    /// a long diastole, and is not.
    /// </summary>
    public bool IsSmooth
    {
        get
        {
            int lag = (PeriodSixteenths + 16) / 32;
            lag = lag < MinLag ? ((PeriodSixteenths * 3) + 16) / 32 : lag;
            return lag >= MinLag && lag <= MaxLag && -_correlation[lag] >= SmoothThousandths;
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        for (int i = 0; i < 2 * RingLength; i++)
        {
            _ring[i] = 0;
        }

        for (int i = 0; i < MaxSeconds; i++)
        {
            _height[i] = 0;
        }

        for (int i = 0; i < EnergyRing; i++)
        {
            _energy[i] = 0;
        }

        _energyPlace = 0;
        _place = 0;
        _row = 0;
        _newest = 0;
        _isSecondOfTwo = false;
        _gain = 0;
        Restart();
        ClearRow();
    }

    /// <summary>Takes one filtered sample.</summary>
    /// <param name="value">The sample, systole upwards.</param>
    public void Next(int value)
    {
        if (_isHalved)
        {
            // Of every two samples the mean is correlated: the short lags with the second of them, the long ones with the first of the next two.
            _isSecondOfTwo = !_isSecondOfTwo;
            if (_isSecondOfTwo)
            {
                _firstOfTwo = value;
                Correlate(HalfLag + 1, MaxLag);
                return;
            }

            value = (_firstOfTwo + value) / 2;
        }

        int magnitude = value < 0 ? -value : value;
        _heightSum += magnitude < LargestMagnitude ? magnitude : LargestMagnitude;
        int scaled = (int)(((long)value * _gain) >> GainShift);
        _newest = scaled > ClippedHeight ? ClippedHeight : scaled < -ClippedHeight ? -ClippedHeight : scaled;
        _place = (_place + 1) & RingMask;
        _ring[_place] = (short)_newest;
        _ring[_place + RingLength] = (short)_newest;
        int energy = _row * Lags;
        _products[energy] = (short)(_products[energy] + (_newest * _newest));
        Correlate(MinLag, _isHalved ? HalfLag : MaxLag);
    }

    /// <summary>Ends a second, and finds the period of the span that ends with it.</summary>
    /// <param name="isCalm">False: the second does not count, and the span begins again behind it.</param>
    public void EndSecond(bool isCalm)
    {
        int row = _row * Lags;
        _height[_row] = _heightSum;
        _energyPlace = (_energyPlace + 1) & EnergyMask;
        _energy[_energyPlace] = _products[row];
        _row = (_row + 1) % MaxSeconds;
        SetGain();
        if (isCalm)
        {
            _rows++;
            for (int lag = MinLag; lag < Lags; lag++)
            {
                _total[lag] += _products[row + lag];
            }

            FindPeriod();
            if (_rows == MaxSeconds)
            {
                // The oldest second leaves the span; its row is the next to be filled.
                _rows--;
                row = _row * Lags;
                for (int lag = MinLag; lag < Lags; lag++)
                {
                    _total[lag] -= _products[row + lag];
                }
            }
        }
        else
        {
            Restart();
        }

        ClearRow();
    }

    /// <summary>The correlation at a lag.</summary>
    /// <param name="lag">The lag, correlated samples, <see cref="MinLag"/> to <see cref="MaxLag"/>.</param>
    /// <returns>Thousandths.</returns>
    public int At(int lag) => _correlation[lag];

    /// <summary>The highest correlation within an eighth of a period, thousandths.</summary>
    /// <param name="periodSixteenths">The period, sixteenths of a correlated sample.</param>
    /// <returns>0 to about 1,000.</returns>
    public int Near(int periodSixteenths)
    {
        int from = periodSixteenths * 7 / 128;
        int to = ((periodSixteenths * 9) + 127) / 128;
        int highest = 0;
        for (int lag = from < MinLag ? MinLag : from; lag <= to && lag <= MaxLag; lag++)
        {
            highest = _correlation[lag] > highest ? _correlation[lag] : highest;
        }

        return highest;
    }

    private void Restart()
    {
        for (int lag = 0; lag < Lags; lag++)
        {
            _total[lag] = 0;
            _correlation[lag] = 0;
        }

        _rows = 0;
        PeriodSixteenths = 0;
        StrengthThousandths = 0;
    }

    private void ClearRow()
    {
        int row = _row * Lags;
        for (int lag = 0; lag < Lags; lag++)
        {
            _products[row + lag] = 0;
        }

        _heightSum = 0;
    }

    private void Correlate(int from, int to)
    {
        if (_newest == 0)
        {
            return;
        }

        int row = _row * Lags;
        int last = row + to;
        int earlier = _place + RingLength - from;
        for (int at = row + from; at <= last; at++)
        {
            _products[at] = (short)(_products[at] + (_newest * _ring[earlier]));
            earlier--;
        }
    }

    // By the median of the seconds, so that a burst of motion does not take the bits of the pulse behind it.
    private void SetGain()
    {
        int known = 0;
        for (int i = 0; i < MaxSeconds; i++)
        {
            if (_height[i] > 0)
            {
                _sorted[known++] = _height[i];
            }
        }

        long gain = known == 0 ? 0 : ((long)UsualHeight * SamplesPerSecond << GainShift) / IntegerMath.Median(_sorted, known);
        _gain = (int)gain;
    }

    // Each lag's products by the energies of the span and of the span moved back by the lag, which lies between those for 0, 1 and 2 s.
    private void Normalise()
    {
        long here = 0;
        long once = 0;
        long twice = 0;
        for (int i = 0; i < _rows; i++)
        {
            here += _energy[(_energyPlace - i) & EnergyMask];
            once += _energy[(_energyPlace - i - 1) & EnergyMask];
            twice += _energy[(_energyPlace - i - 2) & EnergyMask];
        }

        int none = (int)here + 1;
        int one = (int)IntegerMath.SquareRoot(here * once) + 1;
        int two = (int)IntegerMath.SquareRoot(here * twice) + 1;
        for (int lag = MinLag; lag <= MaxLag; lag++)
        {
            int beyond = lag - SamplesPerSecond;
            int energy = (beyond < 0 ? (one * lag) - (none * beyond) : (one * (SamplesPerSecond - beyond)) + (two * beyond)) / SamplesPerSecond;
            int correlation = energy <= 0 ? 0 : (int)((long)_total[lag] * 1000 / energy);
            _correlation[lag] = (short)(correlation > short.MaxValue ? short.MaxValue : correlation < short.MinValue ? short.MinValue : correlation);
        }
    }

    private void FindPeriod()
    {
        PeriodSixteenths = 0;
        StrengthThousandths = 0;
        Normalise();
        int highest = 0;
        for (int lag = MinLag + 1; lag < MaxLag; lag++)
        {
            if (IsPeak(lag))
            {
                int height = Height(lag);
                highest = height > highest ? height : highest;
            }
        }

        for (int lag = MinLag + 1; lag < MaxLag && highest > 0; lag++)
        {
            if (IsPeak(lag) && Height(lag) * 100 >= highest * AsGoodPercent)
            {
                int curvature = Curvature(lag);
                PeriodSixteenths = (lag * 16) + (curvature == 0 ? 0 : 8 * (_correlation[lag + 1] - _correlation[lag - 1]) / curvature);
                StrengthThousandths = Height(lag);
                return;
            }
        }
    }

    private bool IsPeak(int lag) => _correlation[lag] >= _correlation[lag - 1] && _correlation[lag] > _correlation[lag + 1];

    private int Curvature(int lag) => (2 * _correlation[lag]) - _correlation[lag - 1] - _correlation[lag + 1];

    // The top of the parabola through a peak and its neighbours.
    private int Height(int lag)
    {
        int slope = _correlation[lag + 1] - _correlation[lag - 1];
        int curvature = Curvature(lag);
        return curvature <= 0 ? _correlation[lag] : _correlation[lag] + (slope * slope / (8 * curvature));
    }
}
