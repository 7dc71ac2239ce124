using Firmware.Signals.Optical;

namespace Firmware.Signals.Oscillometry;

/// <summary>
/// Second stage, done while samples come in: the period of the pulse. Windows of 5.12 s are compared with themselves 0.28 to 1.6 s later; each comparison is normalised by its
/// own energy before they are added, so that a pulse that lasts outweighs a movement that is strong.
/// </summary>
internal sealed class PulsePeriod
{
    /// <summary>Samples from one that is used to the next: 25 a second, since the oscillation is a mean over 70 ms.</summary>
    private const int Stride = 4;

    private const int Window = 128;
    private const int Hop = 64;
    private const int MinLag = 6;
    private const int MaxLag = 42; // two more than what is looked for, 37.5 to 187 /min, on both sides
    private const int MinPeakPercent = 75;

    private readonly CuffDeflation _deflation;
    private readonly short[] _oscillation;
    private readonly int[] _scores = new int[MaxLag + 1];
    private readonly int[] _sums = new int[MaxLag + 1];
    private int _from;
    private int _lag;
    private long _root;
    private long _later;

    /// <summary>Stores.</summary>
    /// <param name="deflation">The stage before.</param>
    public PulsePeriod(CuffDeflation deflation)
    {
        _deflation = deflation;
        _oscillation = deflation.Oscillation;
    }

    /// <summary>Windows that were compared.</summary>
    public int Windows { get; private set; }

    /// <summary>True when samples wait to be compared.</summary>
    public bool IsDue => _lag > 0 || _deflation.Count > (_from + Window + MaxLag) * Stride;

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        _from = 0;
        _lag = 0;
        Windows = 0;
        for (int i = 0; i <= MaxLag; i++)
        {
            _sums[i] = 0;
        }
    }

    /// <summary>Compares a window at one lag, when <see cref="IsDue"/>.</summary>
    public void Step()
    {
        if (_lag == 0)
        {
            int energy = 0;
            int end = (_from + Window) * Stride;
            for (int i = _from * Stride; i < end; i += Stride)
            {
                energy += _oscillation[i] * _oscillation[i];
            }

            _root = IntegerMath.SquareRoot(energy);
            _later = energy;
            for (int i = 0; i < MinLag; i++)
            {
                Slide(i);
            }

            _lag = MinLag;
            return;
        }

        int product = 0;
        int first = _from * Stride;
        int second = first + (_lag * Stride);
        int last = first + (Window * Stride);
        while (first < last)
        {
            product += _oscillation[first] * _oscillation[second];
            first += Stride;
            second += Stride;
        }

        _scores[_lag] = (int)(product * 1000L / ((_root * IntegerMath.SquareRoot(_later)) + 1));
        Slide(_lag);
        if (++_lag > MaxLag)
        {
            for (int i = MinLag; i <= MaxLag; i++)
            {
                _sums[i] += _scores[i];
            }

            Windows++;
            _from += Hop;
            _lag = 0;
        }
    }

    /// <summary>The period: the first peak of at least 75 % of the highest one. A heart that changes its rate has a lower peak at one period than a steady one, but not at half of it.</summary>
    /// <returns>Samples of the grid; 0 when there is none.</returns>
    public int Find()
    {
        int best = 0;
        for (int lag = MinLag + 1; lag < MaxLag; lag++)
        {
            // Smoothed over three lags: vibration of the valve has tops of its own.
            _scores[lag] = _sums[lag - 1] + (2 * _sums[lag]) + _sums[lag + 1];
        }

        for (int lag = MinLag + 2; lag < MaxLag - 1; lag++)
        {
            best = IsPeak(lag) && _scores[lag] > best ? _scores[lag] : best;
        }

        for (int lag = MinLag + 2; lag < MaxLag - 1 && best > 0; lag++)
        {
            if (IsPeak(lag) && _scores[lag] * 100L >= best * (long)MinPeakPercent)
            {
                // The top of the parabola through the peak and its neighbours.
                int bend = (2 * _scores[lag]) - _scores[lag - 1] - _scores[lag + 1];
                return (lag * Stride) + (bend <= 0 ? 0 : (_scores[lag + 1] - _scores[lag - 1]) * Stride / (2 * bend));
            }
        }

        return 0;
    }

    private int At(int place) => _oscillation[place * Stride];

    // The energy of the window that lies one lag later.
    private void Slide(int lag)
    {
        int leaves = At(_from + lag);
        int enters = At(_from + lag + Window);
        _later += (enters * enters) - (leaves * leaves);
    }

    private bool IsPeak(int lag) => _scores[lag] >= _scores[lag - 1] && _scores[lag] >= _scores[lag + 1];
}
