namespace Firmware.Signals.Oscillometry;

/// <summary>
/// First stage: brings the samples to a grid of <see cref="OscillometricAnalysis.SamplePeriodUs"/> by their time stamps, takes the slow deflation away from each as it comes in, and
/// keeps what oscillates beside the pressure it lies on. Hundredths of mmHg.
/// </summary>
internal sealed class CuffDeflation
{
    // Moving averages for the deflation, twice, and for the oscillation. Odd, so that their delays are whole samples.
    private const int SlowTaps = 75;
    private const int FastTaps = 7;

    // The longest gap that is bridged, in samples: ten times what the cuff's safety chain lets pass, so that one call stays bounded.
    private const int MaxBridged = 100;

    private readonly int[] _first = new int[SlowTaps];
    private readonly int[] _second = new int[SlowTaps];
    private readonly int[] _delayed = new int[SlowTaps];
    private readonly int[] _fast = new int[FastTaps];
    private long _firstSum;
    private long _secondSum;
    private long _fastSum;
    private long _lastUs;
    private long _gridUs;
    private int _last;
    private bool _hasLast;
    private int _slot;
    private int _fastSlot;

    // 20 mmHg, so that sums over a window fit 32 bits: no pulse in a cuff is half as high.
    private const int Clip = 2000;

    /// <summary>What oscillates, up to <see cref="Count"/>; within ±20 mmHg.</summary>
    public short[] Oscillation { get; } = new short[OscillometricAnalysis.MaxSamples];

    /// <summary>The pressure it lies on, up to <see cref="Count"/>.</summary>
    public short[] Pressure { get; } = new short[OscillometricAnalysis.MaxSamples];

    /// <summary>How many there are; fewer than <see cref="Added"/> by the filters' delay.</summary>
    public int Count { get; private set; }

    /// <summary>Samples of the grid that were filled.</summary>
    public int Added { get; private set; }

    /// <summary>Of them those between two samples further apart than <see cref="OscillometricAnalysis.LongestGapUs"/>: how the pressure went there is not known.</summary>
    public int Bridged { get; private set; }

    /// <summary>True when there were more than find room.</summary>
    public bool IsTooLong { get; private set; }

    /// <summary>True when a time stamp was not later than the one before it.</summary>
    public bool IsOutOfOrder { get; private set; }

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        Added = 0;
        Bridged = 0;
        Count = 0;
        IsTooLong = false;
        IsOutOfOrder = false;
        _hasLast = false;
        _firstSum = 0;
        _secondSum = 0;
        _fastSum = 0;
        _slot = 0;
        _fastSlot = 0;
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
    }

    /// <summary>Takes one sample of the deflation.</summary>
    /// <param name="cuffPressureCentiMmHg">0 to 32,767 hundredths of mmHg.</param>
    /// <param name="atUs">When it was taken, monotonic µs.</param>
    public void Add(int cuffPressureCentiMmHg, long atUs)
    {
        if (!_hasLast)
        {
            _hasLast = true;
            _lastUs = atUs;
            _gridUs = atUs + OscillometricAnalysis.SamplePeriodUs;
            _last = cuffPressureCentiMmHg;
            Fill(cuffPressureCentiMmHg);
            return;
        }

        long gap = atUs - _lastUs;
        if (gap <= 0)
        {
            IsOutOfOrder = true;
            return;
        }

        if (gap > MaxBridged * OscillometricAnalysis.SamplePeriodUs)
        {
            // Nothing lies between; the grid goes on here, and the deflation is not used.
            Bridged += OscillometricAnalysis.MaxSamples;
            _gridUs = atUs;
        }

        int rise = cuffPressureCentiMmHg - _last;
        while (_gridUs <= atUs)
        {
            Bridged += gap > OscillometricAnalysis.LongestGapUs ? 1 : 0;
            Fill(_last + (int)(rise * (_gridUs - _lastUs) / gap));
            _gridUs += OscillometricAnalysis.SamplePeriodUs;
        }

        _lastUs = atUs;
        _last = cuffPressureCentiMmHg;
    }

    // One sample of the grid.
    private void Fill(int centiMmHg)
    {
        if (Count >= OscillometricAnalysis.MaxSamples)
        {
            IsTooLong = true;
            return;
        }

        _firstSum += centiMmHg - _first[_slot];
        _delayed[_slot] = centiMmHg;
        _first[_slot] = centiMmHg;
        int mean = (int)(_firstSum / SlowTaps);
        _secondSum += mean - _second[_slot];
        _second[_slot] = mean;
        _slot = _slot + 1 == SlowTaps ? 0 : _slot + 1;
        Added++;
        if (Added < 2 * SlowTaps)
        {
            return;
        }

        // The middle of the second average lies 74 samples back, and its slot is the one that is written next.
        int slow = (int)(_secondSum / SlowTaps);
        int middle = _delayed[_slot];
        _fastSum += middle - slow - _fast[_fastSlot];
        _fast[_fastSlot] = middle - slow;
        _fastSlot = _fastSlot + 1 == FastTaps ? 0 : _fastSlot + 1;
        if (Added < (2 * SlowTaps) + FastTaps)
        {
            return;
        }

        int value = (int)(_fastSum / FastTaps);
        Oscillation[Count] = (short)(value > Clip ? Clip : value < -Clip ? -Clip : value);
        Pressure[Count] = (short)(slow > short.MaxValue ? short.MaxValue : slow);
        Count++;
    }
}
