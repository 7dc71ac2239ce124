using Firmware.Signals.Optical;

namespace Firmware.Signals.Oscillometry;

/// <summary>Second stage: the period of the beats, as the first high peak of the autocorrelation of the clipped oscillation, at every other sample.</summary>
internal sealed class PulsePeriod
{
    /// <summary>Longest period looked for, samples: 37.5 /min.</summary>
    public const int MaxLag = 160;

    private const int MinLag = 30; // 200 /min

    private readonly CuffDeflation _deflation;
    private readonly short[] _oscillation;
    private readonly int[] _scores = new int[MaxLag + 1];
    private int _clip;
    private int _lag;

    /// <summary>Stores.</summary>
    /// <param name="deflation">The stage before.</param>
    public PulsePeriod(CuffDeflation deflation)
    {
        _deflation = deflation;
        _oscillation = deflation.Oscillation;
    }

    /// <summary>The period, samples; 0 when none was found.</summary>
    public int Samples { get; private set; }

    /// <summary>Begins.</summary>
    public void Begin()
    {
        int count = _deflation.Count;
        long sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += _oscillation[i] < 0 ? -_oscillation[i] : _oscillation[i];
        }

        _clip = (int)(2 * sum / count) + 1;
        _lag = MinLag;
        Samples = 0;
    }

    /// <summary>One bounded piece.</summary>
    /// <returns>True when it is finished.</returns>
    public bool Step()
    {
        int count = _deflation.Count;
        for (int k = 0; k < 2 && _lag <= MaxLag; k++, _lag++)
        {
            long product = 0;
            long head = 1;
            long tail = 1;
            for (int i = 0; i + _lag < count; i += 2)
            {
                int a = Clipped(i);
                int b = Clipped(i + _lag);
                product += a * b;
                head += a * a;
                tail += b * b;
            }

            _scores[_lag] = (int)(product * 1000 / (IntegerMath.SquareRoot(head) * IntegerMath.SquareRoot(tail) + 1));
        }

        if (_lag <= MaxLag)
        {
            return false;
        }

        int best = 0;
        for (int lag = MinLag + 1; lag < MaxLag; lag++)
        {
            if (IsPeak(lag) && _scores[lag] > best)
            {
                best = _scores[lag];
            }
        }

        Samples = 0;
        for (int lag = MinLag + 1; lag < MaxLag && Samples == 0; lag++)
        {
            if (IsPeak(lag) && _scores[lag] * 100 >= best * 85 && best > 0)
            {
                Samples = lag;
            }
        }

        return true;
    }

    private int Clipped(int i)
    {
        int value = _oscillation[i];
        return value > _clip ? _clip : value < -_clip ? -_clip : value;
    }

    private bool IsPeak(int lag) => _scores[lag] >= _scores[lag - 1] && _scores[lag] >= _scores[lag + 1];
}
