namespace Firmware.Signals.Optical;

/// <summary>
/// R of light that a regular motion moves. Of each light that of one and of two periods of the motion ago is taken away, x(t) - 2 x(t - L) + x(t - 2 L): what repeats after
/// L is gone, and what grows or fades evenly too, while a pulse of another period stays, with its R. L is where the difference of the two lights, which holds blood alone, repeats
/// least beside infrared. 25 times a second, sums per second.
/// Source: a comb filter's zeros lie at the multiples of 1/L (Oppenheim and Schafer, Discrete-Time Signal Processing, 7.2); two lights that motion moves alike: <see cref="CommonMotion"/>.
/// </summary>
public sealed class MotionComb
{
    /// <summary>Seconds that are kept.</summary>
    public const int MaxSeconds = 10;

    /// <summary>Shortest and longest period of a motion that is taken away, samples of 40 ms: 0.96 to 4.2 Hz, where the band-pass leaves a motion. Assumption.</summary>
    public const int MinLag = 6;

    /// <summary>See <see cref="MinLag"/>.</summary>
    public const int MaxLag = 26;

    /// <summary>A part of each correlation's distance from 1 that is taken for noise, thousandths. Assumption.</summary>
    public const int NoiseThousandths = 50;

    /// <summary>A lag of this share of the best one's gain, per cent, is as good. Assumption, as <see cref="PulseAutocorrelation.AsGoodPercent"/>.</summary>
    public const int AsGoodPercent = 70;

    private const int RingLength = 128;
    private const int RingMask = RingLength - 1;

    private readonly int[] _red = new int[RingLength];
    private readonly int[] _infrared = new int[RingLength];
    private readonly long[] _redSquares = new long[MaxSeconds];
    private readonly long[] _infraredSquares = new long[MaxSeconds];
    private readonly long[] _products = new long[MaxSeconds];
    private readonly bool _isHalved;
    private int _place;
    private int _known;
    private int _row;
    private int _lag;

    /// <summary>Makes one at rest.</summary>
    /// <param name="samplesPerSecond">25 or 50 samples a second come in; any other number is taken as 50.</param>
    public MotionComb(int samplesPerSecond)
    {
        _isHalved = samplesPerSecond != PulseAutocorrelation.SamplesPerSecond;
        Reset();
    }

    /// <summary>R x 10,000 of what is left, 0 when it could not be formed.</summary>
    public int RatioTenThousandths { get; private set; }

    /// <summary>The same of the older and of the newer half of the window.</summary>
    public int OlderRatioTenThousandths { get; private set; }

    /// <summary>See <see cref="OlderRatioTenThousandths"/>.</summary>
    public int NewerRatioTenThousandths { get; private set; }

    /// <summary>Correlation of red and infrared in what is left, thousandths.</summary>
    public int CorrelationThousandths { get; private set; }

    /// <summary>RMS of what is left of infrared at a comb's highest gain of 4, in the filter's output scale.</summary>
    public int Strength { get; private set; }

    /// <summary>
    /// R x 10,000 of what is left if all that it has in common beyond blood is motion; <see cref="RatioTenThousandths"/> is it if that is noise. 0 when it could not be formed.
    /// </summary>
    public int BloodRatioTenThousandths { get; private set; }

    /// <summary>How much more of infrared than of the difference of the lights the comb takes away, per cent: 100 where nothing repeats as motion does.</summary>
    public int GainPercent { get; private set; }

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        for (int i = 0; i < MaxSeconds; i++)
        {
            Clear(i);
        }

        _place = 0;
        _known = 0;
        _row = 0;
        _lag = 0;
        GainPercent = 0;
        Forget();
    }

    /// <summary>Takes one sample of each filtered light.</summary>
    /// <param name="red">Red.</param>
    /// <param name="infrared">Infrared.</param>
    public void Next(int red, int infrared)
    {
        _place = (_place + 1) & RingMask;
        _red[_place] = red;
        _infrared[_place] = infrared;
        _known = _known < RingLength ? _known + 1 : RingLength;
        if (_lag == 0 || _known <= 2 * _lag || (_isHalved && (_place & 1) != 0))
        {
            return;
        }

        int once = (_place - _lag) & RingMask;
        int twice = (once - _lag) & RingMask;
        long redLeft = red - (2L * _red[once]) + _red[twice];
        long infraredLeft = infrared - (2L * _infrared[once]) + _infrared[twice];
        _redSquares[_row] += redLeft * redLeft;
        _infraredSquares[_row] += infraredLeft * infraredLeft;
        _products[_row] += redLeft * infraredLeft;
    }

    /// <summary>Ends a second.</summary>
    public void EndSecond()
    {
        _row = (_row + 1) % MaxSeconds;
        Clear(_row);
    }

    /// <summary>Finds the period to take away: both autocorrelations are of the same seconds.</summary>
    /// <param name="infrared">Of the infrared light.</param>
    /// <param name="difference">Of the difference of the two lights.</param>
    public void FindPeriod(PulseAutocorrelation infrared, PulseAutocorrelation difference)
    {
        int best = 0;
        for (int lag = MinLag; lag <= MaxLag; lag++)
        {
            int gain = Gain(infrared, difference, lag);
            best = gain > best ? gain : best;
        }

        // Twice the period repeats as well: the first lag that is a peak and nearly as good.
        int at = best == 0 ? 0 : MinLag;
        while (at != 0 && at < MaxLag && (Gain(infrared, difference, at) * 100 < best * AsGoodPercent || Gain(infrared, difference, at + 1) > Gain(infrared, difference, at)))
        {
            at++;
        }

        GainPercent = at == 0 ? 0 : Gain(infrared, difference, at);
        // The place of the peak to half a correlated sample.
        int before = at == 0 ? 0 : infrared.At(at - 1);
        int after = at == 0 ? 0 : infrared.At(at + 1);
        int curvature = at == 0 ? 0 : (2 * infrared.At(at)) - before - after;
        int off = curvature <= 0 ? 0 : 4 * (after - before) / curvature;
        _lag = !_isHalved ? at : (2 * at) + (off >= 2 ? 1 : off <= -2 ? -1 : 0);
    }

    private static int Gain(PulseAutocorrelation infrared, PulseAutocorrelation difference, int lag)
    {
        int blood = 1000 + NoiseThousandths - difference.At(lag);
        int all = 1000 + NoiseThousandths - infrared.At(lag);
        return all <= 0 ? 0 : blood * 100 / all;
    }

    /// <summary>Measures what is left of the newest whole seconds.</summary>
    /// <param name="seconds">How many.</param>
    /// <param name="meanRed">Mean red light, above 0.</param>
    /// <param name="meanInfrared">Mean infrared light, above 0.</param>
    public void Measure(int seconds, int meanRed, int meanInfrared)
    {
        Forget();
        int half = seconds / 2;
        NewerRatioTenThousandths = Ratio(1, half, meanRed, meanInfrared);
        OlderRatioTenThousandths = Ratio(half + 1, seconds, meanRed, meanInfrared);
        RatioTenThousandths = Ratio(1, seconds, meanRed, meanInfrared);
    }

    private int Ratio(int from, int to, int meanRed, int meanInfrared)
    {
        long redSquares = 0;
        long infraredSquares = 0;
        long products = 0;
        for (int i = from; i <= to; i++)
        {
            int row = (_row + MaxSeconds - i) % MaxSeconds;
            redSquares += _redSquares[row];
            infraredSquares += _infraredSquares[row];
            products += _products[row];
        }

        long red = IntegerMath.SquareRoot(redSquares);
        long infrared = IntegerMath.SquareRoot(infraredSquares);
        if (red == 0 || infrared == 0)
        {
            return 0;
        }

        CorrelationThousandths = (int)(products / ((red * infrared / 1000) + 1));
        Strength = (int)(infrared / (4 * IntegerMath.SquareRoot((to - from + 1) * PulseAutocorrelation.SamplesPerSecond)));
        long ratio = red * 10000 / infrared * meanInfrared / meanRed;

        // As CommonMotion has it, of relative lights and infrared's energy 1: red's is w = R², the products are u = R x correlation, T = (w - u²) / (1 - 2 u + w).
        long w = ratio * ratio / 10000;
        long u = ratio * CorrelationThousandths / 1000;
        long difference = 10000 - (2 * u) + w;
        long common = difference <= 0 ? 10000 : (w - (u * u / 10000)) * 10000 / difference;
        long blood = common >= 10000 ? 0 : (u - common) * 10000 / (10000 - common);
        BloodRatioTenThousandths = blood < 0 ? 0 : blood > 65535 ? 65535 : (int)blood;
        return ratio > 65535 ? 65535 : (int)ratio;
    }

    private void Forget()
    {
        RatioTenThousandths = 0;
        OlderRatioTenThousandths = 0;
        NewerRatioTenThousandths = 0;
        CorrelationThousandths = 0;
        BloodRatioTenThousandths = 0;
        Strength = 0;
    }

    private void Clear(int row)
    {
        _redSquares[row] = 0;
        _infraredSquares[row] = 0;
        _products[row] = 0;
    }
}
