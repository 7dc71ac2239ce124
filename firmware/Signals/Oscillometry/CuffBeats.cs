namespace Firmware.Signals.Oscillometry;

/// <summary>
/// Third stage: the beats. A beat is the highest sample within nearly half a period on both sides; its amplitude the mean of its height over the feet before and behind it.
/// Hundredths of mmHg.
/// </summary>
internal sealed class CuffBeats
{
    private readonly CuffDeflation _deflation;
    private readonly short[] _oscillation;
    private int _period;
    private int _cursor;

    /// <summary>Stores.</summary>
    /// <param name="deflation">The first stage.</param>
    public CuffBeats(CuffDeflation deflation)
    {
        _deflation = deflation;
        _oscillation = deflation.Oscillation;
    }

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>True when there were more than find room: no heart beats so.</summary>
    public bool IsTooMany { get; private set; }

    /// <summary>The sample of each beat.</summary>
    public int[] At { get; } = new int[OscillometricAnalysis.MaxBeats];

    /// <summary>The pressure it lies on.</summary>
    public int[] Pressure { get; } = new int[OscillometricAnalysis.MaxBeats];

    /// <summary>Its height.</summary>
    public int[] Amplitude { get; } = new int[OscillometricAnalysis.MaxBeats];

    /// <summary>Forgets all.</summary>
    public void Reset() => Count = 0;

    /// <summary>Begins.</summary>
    /// <param name="periodSamples">From one beat to the next, samples.</param>
    public void Begin(int periodSamples)
    {
        _period = periodSamples;
        _cursor = 1;
        Count = 0;
        IsTooMany = false;
    }

    /// <summary>One bounded piece.</summary>
    /// <returns>True when it is finished.</returns>
    public bool Step()
    {
        int count = _deflation.Count;
        int near = _period * 45 / 100;
        int reach = _period * 6 / 10;
        int budget = 600;
        while (_cursor < count - 1)
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
            int to = i + near >= count ? count - 1 : i + near;
            for (int j = from; j <= to && isHighest; j++)
            {
                // Of equal neighbours the first counts.
                isHighest = _oscillation[j] < value || (_oscillation[j] == value && j >= i);
            }

            if (!isHighest)
            {
                continue;
            }

            if (Count == OscillometricAnalysis.MaxBeats)
            {
                IsTooMany = true;
                return true;
            }

            budget -= 20;
            At[Count] = i;
            Pressure[Count] = _deflation.Pressure[i];
            Amplitude[Count] = value - ((Foot(i - reach, i) + Foot(i, i + reach)) / 2);
            Count++;
        }

        return true;
    }

    private int Foot(int from, int to)
    {
        int low = int.MaxValue;
        for (int i = from < 0 ? 0 : from; i <= to && i < _deflation.Count; i++)
        {
            low = _oscillation[i] < low ? _oscillation[i] : low;
        }

        return low;
    }
}
