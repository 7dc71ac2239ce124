namespace Firmware.Signals.Oscillometry;

/// <summary>
/// First stage: takes the slow deflation away from each sample as it comes in, keeps what oscillates beside the pressure it lies on, and watches how the oscillations shrink.
/// Hundredths of mmHg.
/// </summary>
internal sealed class CuffDeflation
{
    // Moving averages for the deflation, twice, and for the oscillation. Odd, so that their delays are whole samples.
    private const int SlowTaps = 75;
    private const int FastTaps = 7;

    private const int LiveWindow = 120;
    private const int LiveSkip = 4;

    private readonly int[] _first = new int[SlowTaps];
    private readonly int[] _second = new int[SlowTaps];
    private readonly int[] _delayed = new int[SlowTaps];
    private readonly int[] _fast = new int[FastTaps];
    private long _firstSum;
    private long _secondSum;
    private long _fastSum;
    private int _liveHigh;
    private int _liveLow;
    private int _liveCount;
    private int _liveHeight;
    private int _liveBelow;
    private int _livePrevious;
    private int _liveWindows;

    /// <summary>What oscillates, up to <see cref="Count"/>.</summary>
    public short[] Oscillation { get; } = new short[OscillometricAnalysis.MaxSamples];

    /// <summary>The pressure it lies on, up to <see cref="Count"/>.</summary>
    public short[] Pressure { get; } = new short[OscillometricAnalysis.MaxSamples];

    /// <summary>How many there are; fewer than <see cref="Added"/> by the filters' delay.</summary>
    public int Count { get; private set; }

    /// <summary>Samples taken.</summary>
    public int Added { get; private set; }

    /// <summary>True when there were more than find room.</summary>
    public bool IsTooLong { get; private set; }

    /// <summary>True once the oscillations have been far below their greatest for some seconds.</summary>
    public bool IsDiastolicPassed { get; private set; }

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        Added = 0;
        Count = 0;
        IsTooLong = false;
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
    }

    /// <summary>Takes one sample of the deflation.</summary>
    /// <param name="cuffPressureCentiMmHg">0 to 32,767 hundredths of mmHg.</param>
    public void Add(int cuffPressureCentiMmHg)
    {
        if (Count >= OscillometricAnalysis.MaxSamples)
        {
            IsTooLong = true;
            return;
        }

        int slot = Added % SlowTaps;
        _firstSum += cuffPressureCentiMmHg - _first[slot];
        _delayed[slot] = cuffPressureCentiMmHg;
        _first[slot] = cuffPressureCentiMmHg;
        int mean = (int)(_firstSum / SlowTaps);
        _secondSum += mean - _second[slot];
        _second[slot] = mean;
        Added++;
        if (Added < 2 * SlowTaps)
        {
            return;
        }

        // The middle of the second average lies 74 samples back, and its slot is the one that is written next.
        int slow = (int)(_secondSum / SlowTaps);
        int next = Added % SlowTaps;
        int middle = _delayed[next];
        int fastSlot = Added % FastTaps;
        _fastSum += middle - slow - _fast[fastSlot];
        _fast[fastSlot] = middle - slow;
        if (Added < (2 * SlowTaps) + FastTaps)
        {
            return;
        }

        int value = (int)(_fastSum / FastTaps);
        Oscillation[Count] = (short)(value > short.MaxValue ? short.MaxValue : value < short.MinValue ? short.MinValue : value);
        Pressure[Count] = (short)(slow > short.MaxValue ? short.MaxValue : slow);
        Count++;
        Watch(value);
    }

    /// <summary>From the first to the last pressure, hundredths of mmHg per second.</summary>
    /// <returns>Above 0 for a pressure that falls.</returns>
    public long MeanFall() => (Pressure[0] - Pressure[Count - 1]) * (1_000_000L / OscillometricAnalysis.SamplePeriodUs) / Count;

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
        IsDiastolicPassed |= _liveBelow >= 5 && _liveHeight >= OscillometricAnalysis.WeakestCentiMmHg;
    }
}
