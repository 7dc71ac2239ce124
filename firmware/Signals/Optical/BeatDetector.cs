namespace Firmware.Signals.Optical;

/// <summary>
/// Heart beats from filtered infrared light by two moving averages: where the short one (a systolic peak, 120 ms) rises above the
/// long one (a beat, 600 ms) plus a small share of the signal's level there is a peak. Source: Elgendi et al. 2013, "Systolic peak
/// detection in acceleration photoplethysmograms", PLoS ONE 8(10) e76585, with the amplitude itself in place of its square, which
/// keeps the weak beats of an irregular pulse. A peak that is low and early for the usual interval is a second (dicrotic) wave and no beat. A beat is known at the end of
/// its peak's half wave, 0.4 to 0.7 s after its peak.
/// </summary>
public sealed class BeatDetector
{
    /// <summary>The short average, ms. Source: Elgendi 2013, 111 ms; 120 ms is a whole number of samples.</summary>
    public const int PeakWindowMs = 120;

    /// <summary>The long average, ms. Source: Elgendi 2013, 667 ms; 600 ms chosen on recordings (README).</summary>
    public const int BeatWindowMs = 600;

    /// <summary>The signal's level is its mean over this time, ms.</summary>
    public const int LevelWindowMs = 4000;

    /// <summary>
    /// A systolic peak stands at least this many quarters of the level above the middle: lower ones are dicrotic waves and noise in a long
    /// diastole. Chosen on recordings and on a synthetic pulse (README).
    /// </summary>
    public const int MinHeightQuarters = 6;

    /// <summary>Shortest time between two beats, ms: 250 beats per minute.</summary>
    public const int RefractoryMs = 240;

    /// <summary>
    /// Within this share of the usual interval, per cent, a peak much lower than the beat before it is a second wave of that beat. Source: a premature beat this early
    /// finds the heart too empty for a pulse of nearly full height; Assumption for the number.
    /// </summary>
    public const int SecondWavePercent = 65;

    /// <summary>Much lower: below this share of the height of the beat before, per cent. Chosen on a synthetic pulse, tried on recordings (README).</summary>
    public const int SecondWaveHeightPercent = 70;

    /// <summary>
    /// Later than this behind a beat, ms, nothing is its second wave, for that comes with the closing of the aortic valve. Source: Weissler et al. 1968, Circulation 37, 149:
    /// ejection takes 413 ms less 1.7 ms per beat a minute, at most 360 ms; Assumption: what is left is the wave's own way and rise.
    /// </summary>
    public const int LatestSecondWaveMs = 550;

    /// <summary>A wave of less than this share of the beat before it, per cent, in the unfiltered light is no weak beat, however late. Assumption.</summary>
    public const int FaintPercent = 25;

    /// <summary>From this likeness to the beat before it on, thousandths, a wave may be a beat. Chosen on made-up beats (README).</summary>
    public const int BeatLikenessThousandths = 550;

    // The shape of a beat: 40 ms from point to point, from 0.2 s before the peak to 0.36 s behind it.
    private const int ShapePoints = 15;
    private const int ShapePointsBefore = 5;
    private const int ShapeStepMs = 40;

    private const int RingLength = 256;
    private const int RingMask = RingLength - 1;

    private readonly int _peakWindow;
    private readonly int _beatWindow;
    private readonly int _levelWindow;
    private readonly int _refractory;
    private readonly int _shapeStep;
    private readonly int _latestSecondWave;

    // The centre of the long window lies this many samples back; the short window ends this many samples back.
    private readonly int _centreDelay;
    private readonly int _peakEndDelay;

    private readonly int[] _filtered = new int[RingLength];
    private readonly int[] _shape = new int[ShapePoints];
    private readonly int[] _candidate = new int[ShapePoints];
    private readonly int[] _light = new int[RingLength];
    private long _shapeRoot;
    private long _candidateRoot;
    private long _peakSum;
    private long _beatSum;
    private long _levelSum;
    private int _samples;
    private bool _inBlock;
    private int _blockStart;
    private int _blockPeak;
    private int _blockPeakValue;
    private int _troughValue;
    private int _footValue;
    private int _footPlace;
    private bool _hasWave;
    private bool _isWaveLate;
    private int _waveLikeness;
    private int _wavePeakLight;
    private int _waveFootLight;
    private int _lastPeak;

    /// <summary>Makes a detector at rest.</summary>
    /// <param name="samplesPerSecond">25 or 50; any other number is taken as 50.</param>
    public BeatDetector(int samplesPerSecond)
    {
        int perSecond = samplesPerSecond == 25 ? 25 : 50;
        _peakWindow = PeakWindowMs * perSecond / 1000;
        _beatWindow = BeatWindowMs * perSecond / 1000;
        _levelWindow = LevelWindowMs * perSecond / 1000;
        _refractory = RefractoryMs * perSecond / 1000;
        _shapeStep = ShapeStepMs * perSecond / 1000;
        _latestSecondWave = LatestSecondWaveMs * perSecond / 1000;
        _centreDelay = _beatWindow / 2;
        _peakEndDelay = _centreDelay - (_peakWindow / 2);
        Reset();
    }

    /// <summary>The newest beat's place, in sixteenths of a sample since <see cref="Reset"/>.</summary>
    public long PeakSixteenths { get; private set; }

    /// <summary>The newest beat's height above the trough before it, in the filter's output scale.</summary>
    public int Amplitude { get; private set; }

    /// <summary>Light at the newest beat's peak, three times its counts, systole upwards.</summary>
    public int PeakLight { get; private set; }

    /// <summary>Light at the trough before the newest beat, likewise.</summary>
    public int FootLight { get; private set; }

    /// <summary>How much the newest beat looks like the one before it, thousandths: the correlation of the two from 0.2 s before the peak to 0.36 s behind it.</summary>
    public int LikenessThousandths { get; private set; }

    /// <summary>Height of the highest second wave between the newest beat and the one before it, per cent of that one's, in the unfiltered light; 0 for none.</summary>
    public int SecondWavePercentBefore { get; private set; }

    /// <summary>True when that wave came later than <see cref="LatestSecondWaveMs"/>.</summary>
    public bool IsSecondWaveLate { get; private set; }

    /// <summary>True when that wave had the shape of the beat before it, as second waves have not.</summary>
    public bool IsSecondWaveAlike { get; private set; }

    /// <summary>
    /// The usual interval, samples, by which second waves are told from beats: whoever knows it from elsewhere sets it, 0 for unknown. Beats themselves cannot tell it, since
    /// second waves that count as beats shorten it.
    /// </summary>
    public int UsualInterval { get; set; }

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        for (int i = 0; i < RingLength; i++)
        {
            _filtered[i] = 0;
            _light[i] = 0;
        }

        _peakSum = 0;
        _beatSum = 0;
        _levelSum = 0;
        _samples = 0;
        _inBlock = false;
        _troughValue = 0;
        _footValue = 0;
        _footPlace = 0;
        _hasWave = false;
        _isWaveLate = false;
        IsSecondWaveLate = false;
        IsSecondWaveAlike = false;
        PeakLight = 0;
        FootLight = 0;
        _lastPeak = -_refractory;
        PeakSixteenths = 0;
        Amplitude = 0;
        _shapeRoot = 0;
        LikenessThousandths = 0;
        UsualInterval = 0;
        SecondWavePercentBefore = 0;
    }

    /// <summary>Takes one sample.</summary>
    /// <param name="value">The filtered sample, systole upwards.</param>
    /// <param name="light">The same before the filter, systole upwards: the filter makes slow waves lower, so that heights are compared in it.</param>
    /// <returns>True when a beat is complete; <see cref="PeakSixteenths"/> and <see cref="Amplitude"/> describe it.</returns>
    public bool Next(int value, int light)
    {
        int now = _samples;
        int rectified = value > 0 ? value : 0;
        _levelSum += rectified - Rectified(now - _levelWindow);
        _beatSum += rectified - Rectified(now - _beatWindow);
        _light[now & RingMask] = light;
        _filtered[now & RingMask] = value;
        _peakSum += Rectified(now - _peakEndDelay) - Rectified(now - _peakEndDelay - _peakWindow);
        _samples = now + 1;

        int centre = now - _centreDelay;
        if (centre < 0)
        {
            return false;
        }

        int centreValue = _filtered[centre & RingMask];

        // Mean of the short window > mean of the long one + 0.02 x level. The windows are as 6 to 30 to 200 samples at either rate.
        bool above = _peakSum * 5000 > (_beatSum * 1000) + (_levelSum * 3);
        if (above)
        {
            if (!_inBlock)
            {
                _inBlock = true;
                _blockStart = centre;
                _blockPeak = centre;
                _blockPeakValue = centreValue;
            }
            else if (centreValue > _blockPeakValue)
            {
                _blockPeak = centre;
                _blockPeakValue = centreValue;
            }

            return false;
        }

        if (centreValue < _troughValue)
        {
            _troughValue = centreValue;
        }

        if (centreValue < _footValue)
        {
            _footValue = centreValue;
            _footPlace = centre;
        }

        if (!_inBlock)
        {
            return false;
        }

        _inBlock = false;
        bool low = (long)_blockPeakValue * _levelWindow * 4 < _levelSum * MinHeightQuarters;
        if (centre - _blockStart < _peakWindow || _blockPeak - _lastPeak < _refractory)
        {
            return false;
        }

        int amplitude = _blockPeakValue - _troughValue;
        if (low || IsSecondWave(amplitude))
        {
            TakeSecondWave();
            return false;
        }

        int foot = LightNear(_footPlace);
        MeasureSecondWave(foot);
        PeakLight = LightNear(_blockPeak);
        FootLight = foot;
        Amplitude = amplitude;
        TakeShape(_blockPeak);
        PeakSixteenths = ((long)_blockPeak * 16) + VertexSixteenths(_blockPeak);
        _lastPeak = _blockPeak;
        _troughValue = centreValue;
        _footValue = centreValue;
        _footPlace = centre;
        return true;
    }

    // Early and low for the usual interval, or one that the filter makes and the light hardly shows.
    private bool IsSecondWave(int amplitude)
    {
        int delay = _blockPeak - _lastPeak;
        if (UsualInterval == 0 || delay * 100 >= UsualInterval * SecondWavePercent)
        {
            return false;
        }

        return (delay <= _latestSecondWave && (long)amplitude * 100 < (long)Amplitude * SecondWaveHeightPercent)
            || (LightNear(_blockPeak) - LightNear(_footPlace)) * 100L < (PeakLight - FootLight) * (long)FaintPercent;
    }

    private void TakeSecondWave()
    {
        if (!_hasWave || LightNear(_blockPeak) > _wavePeakLight)
        {
            _hasWave = true;
            _wavePeakLight = LightNear(_blockPeak);
            _waveFootLight = LightNear(_footPlace);
            _isWaveLate = _blockPeak - _lastPeak > _latestSecondWave;
            _waveLikeness = Likeness(_blockPeak);
        }

        _footValue = _filtered[_blockPeak & RingMask];
    }

    // Each height is above the mean of the feet before and behind, so that wander has no part.
    private void MeasureSecondWave(int foot)
    {
        long beat = PeakLight - (((long)FootLight + _waveFootLight) / 2);
        long wave = _wavePeakLight - (((long)_waveFootLight + foot) / 2);
        SecondWavePercentBefore = !_hasWave || beat <= 0 || wave <= 0 ? 0 : wave > beat ? 100 : (int)(wave * 100 / beat);
        IsSecondWaveLate = _isWaveLate && SecondWavePercentBefore > 0;
        IsSecondWaveAlike = _hasWave && _waveLikeness >= BeatLikenessThousandths;
        _hasWave = false;
        _isWaveLate = false;
    }

    private int Rectified(int place)
    {
        int value = _filtered[place & RingMask];
        return value > 0 ? value : 0;
    }

    // Of three samples, against noise.
    private int LightNear(int place) => _light[(place - 1) & RingMask] + _light[place & RingMask] + _light[(place + 1) & RingMask];

    private void TakeShape(int peak)
    {
        LikenessThousandths = Likeness(peak);
        for (int i = 0; i < ShapePoints; i++)
        {
            _shape[i] = _candidate[i];
        }

        _shapeRoot = _candidateRoot;
    }

    // To the newest beat.
    private int Likeness(int peak)
    {
        int from = peak - (ShapePointsBefore * _shapeStep);
        long sum = 0;
        for (int i = 0; i < ShapePoints; i++)
        {
            _candidate[i] = _filtered[(from + (i * _shapeStep)) & RingMask];
            sum += _candidate[i];
        }

        int mean = (int)(sum / ShapePoints);
        long energy = 0;
        long product = 0;
        for (int i = 0; i < ShapePoints; i++)
        {
            int value = _candidate[i] - mean;
            product += (long)value * _shape[i];
            energy += (long)value * value;
            _candidate[i] = value;
        }

        _candidateRoot = IntegerMath.SquareRoot(energy);
        long both = _candidateRoot * _shapeRoot;
        return both == 0 ? 0 : (int)(product * 1000 / both);
    }

    /// <summary>Where the top of the parabola through three samples lies, in sixteenths of a sample from the middle one.</summary>
    private int VertexSixteenths(int peak)
    {
        long before = _filtered[(peak - 1) & RingMask];
        long middle = _filtered[peak & RingMask];
        long after = _filtered[(peak + 1) & RingMask];
        long curvature = before - (2 * middle) + after;
        if (curvature >= 0)
        {
            return 0;
        }

        long sixteenths = 8 * (before - after) / curvature;
        return sixteenths < -8 ? -8 : sixteenths > 8 ? 8 : (int)sixteenths;
    }
}
