using Firmware.Signals.Optical;

namespace Firmware.Signals.Oscillometry;

/// <summary>
/// Fourth stage: which beats are beats of the pulse. One heart makes beats of one shape, a period apart; a moving arm does not. A beat is sure when its shape is that of a
/// neighbour, about a period away, and that of the mean of all such beats. Where most alike neighbours are not a period apart the pulse is irregular, and the distance decides nothing.
/// </summary>
internal sealed class CuffShapes
{
    /// <summary>Least correlation of two neighbouring beats that are alike, thousandths. Chosen on recordings, see README.md.</summary>
    public const int MinAlike = 800;

    /// <summary>Least correlation of a beat with the mean of all, thousandths: the shape changes along a deflation. Chosen on recordings, see README.md.</summary>
    public const int MinLikeMean = 600;

    private const int MaxPoints = 40; // so that a comparison stays within a step
    private const int NearPercent = 20;
    private const int MaxMean = 16_000;

    // The top of a flat beat, or of one with vibration on it, may lie a tenth of a period beside where it lies in another.
    private const int ShiftShare = 10;
    private const int Attempts = 3;

    private readonly CuffBeats _beats;
    private readonly short[] _oscillation;
    private readonly short[] _alike = new short[OscillometricAnalysis.MaxBeats]; // with the next beat
    private readonly int[] _sums = new int[MaxPoints];
    private readonly short[] _mean = new short[MaxPoints + 1]; // one more, as a stretch has
    private int _back;
    private int _points;
    private int _stride;
    private int _pass;
    private int _cursor;
    private int _shift;
    private int _attempt;
    private int _near;
    private int _pairs;
    private int _added;

    /// <summary>Stores.</summary>
    /// <param name="deflation">The first stage.</param>
    /// <param name="beats">The stage before.</param>
    public CuffShapes(CuffDeflation deflation, CuffBeats beats)
    {
        _oscillation = deflation.Oscillation;
        _beats = beats;
    }

    /// <summary>True for a beat of the pulse.</summary>
    public bool[] IsSure { get; } = new bool[OscillometricAnalysis.MaxBeats];

    /// <summary>True when most neighbours that are alike are not a period apart.</summary>
    public bool IsIrregular => _near * 10 < _pairs * 6;

    /// <summary>True when all beats were looked at.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Whether one beat follows another after about a period.</summary>
    /// <param name="beat">The earlier one.</param>
    /// <param name="next">The later one.</param>
    /// <returns>True when it does, to a fifth of the period.</returns>
    public bool IsNear(int beat, int next)
    {
        int off = _beats.At[next] - _beats.At[beat] - _beats.Period;
        return (off < 0 ? -off : off) * 100 <= _beats.Period * NearPercent;
    }

    /// <summary>Begins.</summary>
    public void Begin()
    {
        _back = _beats.Period * 30 / 100;
        int samples = _beats.Period * 80 / 100;
        _stride = ((samples - 1) / MaxPoints) + 1;
        _points = samples / _stride;
        _shift = _beats.Period / ShiftShare;
        _attempt = 0;
        _pass = 0;
        _cursor = 0;
        _near = 0;
        _pairs = 0;
        _added = 0;
        IsDone = false;
        for (int i = 0; i < MaxPoints; i++)
        {
            _sums[i] = 0;
        }
    }

    /// <summary>One beat in one of three passes.</summary>
    /// <returns>What it cost: about as many times ten operations.</returns>
    public int Step()
    {
        int i = _cursor;
        if (i >= _beats.Count)
        {
            _cursor = 0;
            _pass++;
            IsDone = _pass == 3;
            if (_pass != 2)
            {
                return 1;
            }

            Average();
            return 1 + (_points * 4 / 10);
        }

        switch (_pass)
        {
            case 0:
                return Compare(i);
            case 1:
                return AddToMean(i);
            default:
                return Decide(i);
        }
    }

    private int Compare(int i)
    {
        if (i + 1 >= _beats.Count)
        {
            _alike[i] = 0;
            _cursor++;
            return 1;
        }

        int alike = Alike(_beats.At[i] - _back, _oscillation, _beats.At[i + 1] - _back + Shift(), _stride);
        _alike[i] = (short)(_attempt == 0 || alike > _alike[i] ? alike : _alike[i]);
        if (IsLastAttempt(_alike[i] >= MinAlike) && _alike[i] >= MinAlike)
        {
            _pairs++;
            _near += IsNear(i, i + 1) ? 1 : 0;
        }

        return 35 + _points;
    }

    // First as the tops lie, then with the second beat earlier, then later.
    private int Shift() => _attempt == 0 ? 0 : _attempt == 1 ? -_shift : _shift;

    private bool IsLastAttempt(bool isEnough)
    {
        if (!isEnough && ++_attempt < Attempts)
        {
            return false;
        }

        _attempt = 0;
        _cursor++;
        return true;
    }

    private bool IsPair(int i) => i >= 0 && i + 1 < _beats.Count && _alike[i] >= MinAlike && (IsIrregular || IsNear(i, i + 1));

    private int AddToMean(int i)
    {
        _cursor++;
        int from = _beats.At[i] - _back;
        if ((!IsPair(i) && !IsPair(i - 1)) || from < 0 || from + (_points * _stride) >= _beats.Samples || _beats.Amplitude[i] <= 0)
        {
            return 2;
        }

        // Each beat with the same weight, however high it is.
        int height = _beats.Amplitude[i];
        for (int k = 0; k < _points; k++)
        {
            _sums[k] += _oscillation[from + (k * _stride)] * 256 / height;
        }

        _added++;
        return 2 + (_points / 2);
    }

    private int Decide(int i)
    {
        IsSure[i] = false;
        if (!IsPair(i) && !IsPair(i - 1))
        {
            _cursor++;
            return 2;
        }

        IsSure[i] = Alike(_beats.At[i] - _back + Shift(), _mean, 0, 1) >= MinLikeMean;
        IsLastAttempt(IsSure[i]);
        return 35 + _points;
    }

    // The sums become a beat in thousandths of its height, whose products with a sample fit 32 bits. A flat top under a large swing may be far beyond its height.
    private void Average()
    {
        for (int k = 0; k < _points; k++)
        {
            long mean = _added == 0 ? 0 : _sums[k] * 1000L / 256 / _added;
            _mean[k] = (short)(mean > MaxMean ? MaxMean : mean < -MaxMean ? -MaxMean : mean);
        }
    }

    // The correlation coefficient of a stretch of what oscillates with another stretch, thousandths; 0 where one reaches beyond what was measured.
    private int Alike(int first, short[] other, int second, int stride)
    {
        int end = other == _oscillation ? _beats.Samples : MaxPoints + 1;
        if (first < 0 || second < 0 || first + (_points * _stride) >= _beats.Samples || second + (_points * stride) >= end)
        {
            return 0;
        }

        int sumA = 0;
        int sumB = 0;
        long product = 0;
        long squareA = 0;
        long squareB = 0;
        for (int k = 0; k < _points; k++)
        {
            int a = _oscillation[first];
            int b = other[second];
            sumA += a;
            sumB += b;
            product += a * b;
            squareA += a * a;
            squareB += b * b;
            first += _stride;
            second += stride;
        }

        long covariance = product - ((long)sumA * sumB / _points);
        long ownSquares = squareA - ((long)sumA * sumA / _points);
        long otherSquares = squareB - ((long)sumB * sumB / _points);
        return covariance <= 0 ? 0 : (int)(covariance * 1000 / ((IntegerMath.SquareRoot(ownSquares) * IntegerMath.SquareRoot(otherSquares)) + 1));
    }
}
