namespace Firmware.Signals.Oscillometry;

/// <summary>
/// Third stage: the beats. A beat is the highest sample within nearly half a period on both sides; its amplitude the mean of its height over the feet before and behind it.
/// Hundredths of mmHg.
/// </summary>
internal sealed class CuffBeats
{
    private const int ScanSamples = 40;

    private readonly CuffDeflation _deflation;
    private readonly short[] _oscillation;
    private int _samples;
    private int _near;
    private int _reach;
    private int _cursor;
    private bool _isFound;

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

    /// <summary>True when all samples were looked at.</summary>
    public bool IsDone { get; private set; }

    /// <summary>From one beat to the next, samples.</summary>
    public int Period { get; private set; }

    /// <summary>Samples that were looked at.</summary>
    public int Samples => _samples;

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
    /// <param name="samples">How many samples are looked at.</param>
    public void Begin(int periodSamples, int samples)
    {
        Period = periodSamples;
        _samples = samples;
        _near = periodSamples * 45 / 100;
        _reach = periodSamples * 6 / 10;
        _cursor = 1;
        _isFound = false;
        Count = 0;
        IsTooMany = false;
        IsDone = false;
    }

    /// <summary>One bounded piece.</summary>
    /// <returns>What it cost: about as many times ten operations.</returns>
    public int Step()
    {
        if (_isFound)
        {
            return Measure();
        }

        for (int k = 0; k < ScanSamples; k++)
        {
            if (_cursor >= _samples - 1)
            {
                IsDone = true;
                return 1 + (k * 4 / 10);
            }

            int i = _cursor++;
            int value = _oscillation[i];
            if (value <= 0 || value < _oscillation[i - 1] || value < _oscillation[i + 1])
            {
                continue;
            }

            // A top: look around it, and go on from there with the next call.
            int looked = 0;
            bool isHighest = true;
            int from = i - _near < 0 ? 0 : i - _near;
            int to = i + _near >= _samples ? _samples - 1 : i + _near;
            for (int j = from; j <= to && isHighest; j++)
            {
                // Of equal neighbours the first counts.
                isHighest = _oscillation[j] < value || (_oscillation[j] == value && j >= i);
                looked++;
            }

            if (isHighest)
            {
                _isFound = true;
                _cursor = i;
            }

            return 1 + (k * 4 / 10) + (looked * 3 / 10);
        }

        return ScanSamples * 4 / 10;
    }

    // The feet of the beat at the cursor; what follows within reach of it is lower, and no beat.
    private int Measure()
    {
        _isFound = false;
        if (Count == OscillometricAnalysis.MaxBeats)
        {
            IsTooMany = true;
            IsDone = true;
            return 1;
        }

        int i = _cursor;
        At[Count] = i;
        Pressure[Count] = _deflation.Pressure[i];
        Amplitude[Count] = _oscillation[i] - ((Foot(i - _reach, i) + Foot(i, i + _reach)) / 2);
        Count++;
        _cursor = i + _near + 1;
        return 3 + (_reach * 6 / 10);
    }

    private int Foot(int from, int to)
    {
        int low = int.MaxValue;
        int end = to < _samples ? to : _samples - 1;
        for (int i = from < 0 ? 0 : from; i <= end; i++)
        {
            int value = _oscillation[i];
            low = value < low ? value : low;
        }

        return low;
    }
}
