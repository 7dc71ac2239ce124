namespace Firmware.Signals.Oscillometry;

/// <summary>
/// Blood pressure out of a cuff's deflation, in integers. While samples come in, the slow deflation is taken away from them; afterwards the beats are found, their
/// amplitudes make an envelope over the pressure, and fixed shares of its height give the pressures. README.md says how, with sources and figures. Hundredths of mmHg.
/// The stages: <see cref="CuffDeflation"/>, <see cref="PulsePeriod"/>, <see cref="CuffBeats"/>, <see cref="OscillometricEnvelope"/>, <see cref="CuffRhythm"/>; here are the
/// pressures and what is refused.
/// </summary>
public sealed class OscillometricAnalysis
{
    /// <summary>From one sample to the next, µs.</summary>
    public const int SamplePeriodUs = 10_000;

    /// <summary>Longest deflation, samples: 150 s. Twice as many bytes, twice: 60 KB in all.</summary>
    public const int MaxSamples = 15_000;

    /// <summary>Most beats: 150 s at 180 /min, with room for notches.</summary>
    public const int MaxBeats = 512;

    /// <summary>Fewest beats that make an envelope. Source: Geddes et al. 1982 measured with 20 and more; 8 is the fewest that bracket it at 4.5 mmHg/s. Assumption.</summary>
    public const int MinBeats = 8;

    /// <summary>The systolic pressure is where the rising envelope has this share of its height, in thousandths. Source: Geddes et al., Ann. Biomed. Eng. 10 (1982) 271: 0.45 to 0.57.</summary>
    public const int SystolicPermille = 500;

    /// <summary>The diastolic pressure is where the falling envelope has this share of its height, in thousandths. Source: the same: 0.75 to 0.86.</summary>
    public const int DiastolicPermille = 750;

    /// <summary>Fastest deflation, hundredths of mmHg per second around the mean pressure. Chosen on recordings, see README.md.</summary>
    public const int FastestCentiMmHgPerSecond = 600;

    /// <summary>Lowest height of the envelope, hundredths of mmHg: nine times a sensor's noise of 0.05 mmHg. Assumption.</summary>
    public const int WeakestCentiMmHg = 45;

    /// <summary>Largest mean distance of the beats' amplitudes from the envelope, percent of its height. Chosen on recordings and made-up disturbance, see README.md.</summary>
    public const int MaxScatterPercent = 10;

    /// <summary>The envelope's ups and downs together, percent of those of one hill of its height. Chosen as the scatter.</summary>
    public const int MaxUnevenPercent = 220;

    /// <summary>Two samples further apart, µs, leave the pressure between them unknown: half of the 100 ms after which a cuff is vented. Assumption.</summary>
    public const int LongestGapUs = 50_000;

    /// <summary>Most of the deflation that may lie in such gaps, percent. Assumption.</summary>
    public const int MaxBridgedPercent = 5;

    private const int MinPulsePressure = 1500;
    private const int MaxPulsePressure = 13_000;
    private const int MinDiastolic = 2500;
    private const int MaxSystolic = 26_000;
    private const int AboveMeanCentiMmHg = 8000;
    private const int BelowMeanCentiMmHg = 1000;

    // A diastolic pressure above 110 with a pulse pressure below 25 mmHg is what a movement above the systolic pressure looks like; so is one above 90 with a pulse pressure that is
    // narrow, below a quarter of the systolic one, when it was passed in the time that a movement takes.
    private const int HighDiastolic = 11_000;
    private const int NarrowPulsePressure = 2500;
    private const int RaisedDiastolic = 9000;
    private const int NarrowPercent = 25;
    private const int MovementSamples = 700;

    // What rises again above the systolic level by this share of the rest of the height is a second hill, and nothing says which one is the pulse.
    private const int SecondHillPercent = 50;

    // Of the beats between systolic and diastolic pressure so many must be sure, and of those about the systolic pressure, which decide it.
    private const int MinSurePercent = 60;
    private const int NearInsideCentiMmHg = 1000;
    private const int NearOutsideCentiMmHg = 200;

    // A pulse under a cuff grows and shrinks over many beats; what begins or ends within two, by this share of the height, is a movement.
    private const int MaxStepPercent = 60;

    // Three signs of movement. A resting arm shows one of them now and then, hardly ever two, and of two nothing is published: sure beats within the hill, and a few beside it, that do not
    // follow each other by a period; a sudden step of so many percent of the height; a hill that is narrow for its pressure, or whose mean pressure is not where a pulse has it. Source: a pulse
    // pressure below a quarter of the systolic one is called narrow (Stevenson and Perloff, JAMA 261 (1989) 884); the mean lies at a third to a half of it (Bos et al., J. Hypertens. 25
    // (2007) 751). The bounds are chosen on recordings with made-up motion, see README.md.
    private const int SignBeats = 3;
    private const int SignNarrowPercent = 27;
    private const int SignLowMeanPercent = 20;
    private const int SignHighMeanPercent = 60;
    private const int SignStepPercent = 50;
    private const int SignStepOfOddHillPercent = 40;

    // A step is sudden when it is 1.3 times the most that a bell has which falls to half of its height at the systolic and to three quarters at the diastolic pressure: sqrt(2 ln 2 / e) = 0.71
    // and sqrt(2 ln (4/3) / e) = 0.46 of the height over the width from there to the mean pressure. A slow pulse passes a narrow hill in few beats.
    private const int SuddenAbovePercent = 93;
    private const int SuddenBelowPercent = 60;

    // The pulse between the pressures has the period that the whole deflation has.
    private const int MaxRateOffPercent = 10;

    // A pressure is not read across a wider gap in the envelope: twice the width of its smoothing.
    private const int MaxCrossGapCentiMmHg = 1400;

    // While the cuff deflates: the deflation may end at this share of the mean pressure that was found. A movement above the systolic pressure by 40 mmHg at most would be
    // followed until the pulse's own hill is seen. Assumption.
    private const int EndPercentOfMean = 65;
    private const int FirstLookSamples = 1000;
    private const int LookAgainSamples = 100;

    // One step's budget: about so many times ten operations, less the largest piece. README.md has the figures.
    private const int StepBudget = 40;
    private const int LiveBudget = 25;

    private enum Stage : byte
    {
        Begin,
        Beats,
        Shapes,
        Envelope,
        Mean,
        Height,
        Background,
        Systolic,
        SecondHill,
        Diastolic,
        Rhythm,
        Scatter,
        Validate,
        Done,
    }

    private readonly CuffDeflation _deflation = new();
    private readonly PulsePeriod _period;
    private readonly CuffBeats _beats;
    private readonly CuffShapes _shapes;
    private readonly OscillometricEnvelope _envelope;
    private readonly CuffRhythm _rhythm;
    private Stage _stage;
    private bool _isEnded;
    private bool _isTooFast;
    private bool _isWhole;
    private int _samples;
    private int _firstPlace;
    private int _lastPlace;
    private int _cursor;
    private int _place;
    private int _level;
    private int _sure;
    private int _near;
    private int _sureNear;
    private int _steepest;
    private int _sudden;
    private int _inside;
    private int _lastSure;
    private bool _isBroken;
    private long _off;

    /// <summary>Allocates.</summary>
    public OscillometricAnalysis()
    {
        SortedSample sample = new();
        _period = new PulsePeriod(_deflation);
        _beats = new CuffBeats(_deflation);
        _shapes = new CuffShapes(_deflation, _beats);
        _envelope = new OscillometricEnvelope(_beats, _shapes, sample);
        _rhythm = new CuffRhythm(_beats, sample);
    }

    /// <summary>Why there is no result; meaningful when <see cref="Step"/> has returned true.</summary>
    public OscillometryRefusal Refusal { get; private set; }

    /// <summary>Systolic pressure, hundredths of mmHg.</summary>
    public int SystolicCentiMmHg { get; private set; }

    /// <summary>Diastolic pressure, hundredths of mmHg.</summary>
    public int DiastolicCentiMmHg { get; private set; }

    /// <summary>Mean arterial pressure, hundredths of mmHg.</summary>
    public int MeanCentiMmHg { get; private set; }

    /// <summary>Pulse rate, tenths of 1/min, by the samples' time stamps.</summary>
    public int PulseRateTenthsPerMinute => _rhythm.RateTenthsPerMinute;

    /// <summary>True when the intervals between beats scatter: the result is less certain.</summary>
    public bool IrregularPulse => _rhythm.IsIrregular;

    /// <summary>0 to 100, by how closely the beats follow the envelope, and how many had to be left out.</summary>
    public int Quality { get; private set; }

    /// <summary>Beats found.</summary>
    public int BeatCount => _beats.Count;

    /// <summary>Deflation around the mean pressure, hundredths of mmHg per second.</summary>
    public int DeflationCentiMmHgPerSecond { get; private set; }

    /// <summary>Height of the envelope, peak to peak, hundredths of mmHg.</summary>
    public int PeakAmplitudeCentiMmHg { get; private set; }

    /// <summary>
    /// While samples come in: true once what was measured so far gives a blood pressure, or was too fast for one, and the cuff is far below its mean pressure, so that the deflation may end.
    /// </summary>
    public bool IsDiastolicPassed { get; private set; }

    /// <summary>From the first sample to the last, ms.</summary>
    public int DurationMs => _deflation.Added * (SamplePeriodUs / 1000);

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        _deflation.Reset();
        _period.Reset();
        _beats.Reset();
        _stage = Stage.Done;
        _isEnded = false;
        _isTooFast = false;
        _isWhole = false;
        _samples = FirstLookSamples - LookAgainSamples;
        IsDiastolicPassed = false;
        Refusal = OscillometryRefusal.NoDeflation;
    }

    /// <summary>Takes one sample of the deflation, and goes on with a look at those before it.</summary>
    /// <param name="cuffPressureCentiMmHg">0 to 32,767 hundredths of mmHg.</param>
    /// <param name="atUs">When it was taken, monotonic µs: later than the one before.</param>
    public void Add(int cuffPressureCentiMmHg, long atUs)
    {
        _deflation.Add(cuffPressureCentiMmHg, atUs);
        if (_period.IsDue)
        {
            _period.Step();
            return;
        }

        if (_stage == Stage.Done)
        {
            if (_deflation.Count < _samples + LookAgainSamples)
            {
                return;
            }

            _samples = _deflation.Count;
            _stage = Stage.Begin;
        }

        Work(LiveBudget);
        IsDiastolicPassed |= _stage == Stage.Done && _isWhole && cuffPressureCentiMmHg * 100L <= MeanCentiMmHg * (long)EndPercentOfMean;
    }

    /// <summary>One bounded piece of the analysis, to be called after the last sample until it returns true.</summary>
    /// <returns>True when it is finished.</returns>
    public bool Step()
    {
        if (!_isEnded)
        {
            _isEnded = true;
            _samples = _deflation.Count;
            _stage = Stage.Begin;
        }

        if (_period.IsDue)
        {
            _period.Step();
            return false;
        }

        Work(StepBudget);
        return _stage == Stage.Done;
    }

    /// <summary>The whole analysis at once, for a PC.</summary>
    public void Finish()
    {
        while (!Step())
        {
        }
    }

    private void Work(int budget)
    {
        int spent = 0;
        while (spent < budget && _stage != Stage.Done)
        {
            spent += Advance();
        }
    }

    // One bounded chunk; gives about a tenth of the operations that it took.
    private int Advance()
    {
        switch (_stage)
        {
            case Stage.Begin:
                return Begin();
            case Stage.Beats:
                int cost = _beats.Step();
                return _beats.IsDone ? EndBeats() : cost;
            case Stage.Shapes:
                cost = _shapes.Step();
                if (_shapes.IsDone)
                {
                    _envelope.Begin();
                    _stage = Stage.Envelope;
                }

                return cost;
            case Stage.Envelope:
                cost = _envelope.Step();
                _stage = _envelope.IsDone ? Stage.Mean : _stage;
                return cost;
            default:
                return FindPressures();
        }
    }

    private int End(OscillometryRefusal refusal)
    {
        // Whatever else a deflation is that was too fast, it is so because of that. It is whole when nothing else is wrong with it: more of it would change nothing.
        _isWhole = refusal == OscillometryRefusal.None;
        Refusal = _isTooFast ? OscillometryRefusal.TooFast : refusal;
        _stage = Stage.Done;
        return 1;
    }

    private int Begin()
    {
        _isTooFast = false;
        if (_deflation.IsTooLong)
        {
            return End(OscillometryRefusal.TooLong);
        }

        if (_deflation.IsOutOfOrder || _deflation.Bridged * 100L > _deflation.Added * (long)MaxBridgedPercent)
        {
            return End(OscillometryRefusal.SamplesMissing);
        }

        if (_period.Windows == 0)
        {
            return End(OscillometryRefusal.TooFewBeats);
        }

        if (_deflation.Pressure[0] - _deflation.Pressure[_samples - 1] < MinPulsePressure)
        {
            return End(OscillometryRefusal.NoDeflation);
        }

        int period = _period.Find();
        if (period == 0)
        {
            return End(OscillometryRefusal.TooFewBeats);
        }

        _beats.Begin(period, _samples);
        _stage = Stage.Beats;
        return 40;
    }

    private int EndBeats()
    {
        if (_beats.IsTooMany)
        {
            return End(OscillometryRefusal.TooMuchMotion);
        }

        if (_beats.Count < MinBeats)
        {
            return End(OscillometryRefusal.TooFewBeats);
        }

        _shapes.Begin();
        _stage = Stage.Shapes;
        return 40;
    }

    private int FindPressures()
    {
        switch (_stage)
        {
            case Stage.Mean:
                if (_envelope.Height == 0)
                {
                    return End(OscillometryRefusal.TooMuchMotion); // no beat that is sure
                }

                _envelope.FindMean();
                PeakAmplitudeCentiMmHg = _envelope.Height;
                MeanCentiMmHg = _envelope.MeanPressure;
                _stage = Stage.Height;
                return 40;
            case Stage.Height:
                return CheckHeight();
            case Stage.Background:
                if (_envelope.AddBackground())
                {
                    _stage = Stage.Systolic;
                }

                return 8;
            case Stage.Systolic:
                return FindSystolic();
            case Stage.SecondHill:
                return LookForSecondHill();
            case Stage.Diastolic:
                return FindDiastolic();
            case Stage.Rhythm:
                if (_rhythm.Step())
                {
                    _cursor = _envelope.Beat(_firstPlace) < SignBeats ? 0 : _envelope.Beat(_firstPlace) - SignBeats;
                    _lastSure = -1;
                    _isBroken = false;
                    _place = _firstPlace;
                    _near = 0;
                    _sureNear = 0;
                    _steepest = 0;
                    _sudden = 0;
                    _off = 0;
                    _inside = 0;
                    _sure = 0;
                    _stage = Stage.Scatter;
                    return 50;
                }

                return 10;
            case Stage.Scatter:
                return AddScatter();
            default:
                return End(Validate());
        }
    }

    private int CheckHeight()
    {
        DeflationCentiMmHgPerSecond = Deflation();
        _isTooFast = DeflationCentiMmHgPerSecond > FastestCentiMmHgPerSecond;
        if (_envelope.Height < WeakestCentiMmHg)
        {
            return End(OscillometryRefusal.Weak);
        }

        if (_envelope.MaxPlace < 2 || _envelope.MaxPlace > _envelope.Count - 3)
        {
            return End(OscillometryRefusal.EdgeMaximum);
        }

        _envelope.BeginBackground();
        _stage = Stage.Background;
        return 50;
    }

    private int FindSystolic()
    {
        int level = _envelope.SystolicLevel();
        SystolicCentiMmHg = _envelope.Cross(-1, level);
        if (SystolicCentiMmHg == 0)
        {
            return End(OscillometryRefusal.SystolicNotBracketed);
        }

        if (_envelope.CrossGap > MaxCrossGapCentiMmHg)
        {
            return End(OscillometryRefusal.TooMuchMotion);
        }

        _firstPlace = _envelope.CrossPlace;
        _place = _firstPlace;
        _level = level + ((_envelope.Height - level) * SecondHillPercent / 100);
        _stage = Stage.SecondHill;
        return 30;
    }

    private int LookForSecondHill()
    {
        for (int k = 0; k < 16 && _place >= 0; k++, _place--)
        {
            if (_envelope.At(_place) > _level)
            {
                return End(OscillometryRefusal.TooMuchMotion);
            }
        }

        _stage = _place < 0 ? Stage.Diastolic : Stage.SecondHill;
        return 8;
    }

    private int FindDiastolic()
    {
        DiastolicCentiMmHg = _envelope.Cross(1, _envelope.Height * DiastolicPermille / 1000);
        if (DiastolicCentiMmHg == 0)
        {
            return End(OscillometryRefusal.DiastolicNotBracketed);
        }

        _lastPlace = _envelope.CrossPlace;
        if (_envelope.CrossGap > MaxCrossGapCentiMmHg)
        {
            return End(OscillometryRefusal.TooMuchMotion);
        }

        int pulse = SystolicCentiMmHg - DiastolicCentiMmHg;
        if (pulse < MinPulsePressure || pulse > MaxPulsePressure || MeanCentiMmHg <= DiastolicCentiMmHg || MeanCentiMmHg >= SystolicCentiMmHg
            || DiastolicCentiMmHg < MinDiastolic || SystolicCentiMmHg > MaxSystolic)
        {
            return End(OscillometryRefusal.Implausible);
        }

        int samples = _beats.At[_envelope.Beat(_lastPlace)] - _beats.At[_envelope.Beat(_firstPlace)];
        if ((DiastolicCentiMmHg > HighDiastolic && pulse < NarrowPulsePressure)
            || (DiastolicCentiMmHg > RaisedDiastolic && pulse * 100L < SystolicCentiMmHg * (long)NarrowPercent && samples < MovementSamples))
        {
            return End(OscillometryRefusal.TooMuchMotion);
        }

        _rhythm.Begin(_envelope.Beat(_firstPlace), _envelope.Beat(_lastPlace));
        _stage = Stage.Rhythm;
        return 60;
    }

    private int AddScatter()
    {
        int first = _envelope.Beat(_firstPlace);
        int last = _envelope.Beat(_lastPlace);
        int end = last + SignBeats < _beats.Count ? last + SignBeats : _beats.Count - 1;
        for (int k = 0; k < 8 && _cursor <= end; k++, _cursor++)
        {
            if (_shapes.IsSure[_cursor])
            {
                _isBroken |= _lastSure >= 0 && !_shapes.IsNear(_lastSure, _cursor);
                _lastSure = _cursor;
            }

            if (_cursor >= first && _cursor <= last)
            {
                AddInside();
            }
        }

        _stage = _cursor > end ? Stage.Validate : Stage.Scatter;
        return 20;
    }

    private void AddInside()
    {
        int sure = _shapes.IsSure[_cursor] ? 1 : 0;
        _sure += sure;
        _inside++;
        int pressure = _beats.Pressure[_cursor];
        if (pressure >= SystolicCentiMmHg - NearInsideCentiMmHg && pressure <= SystolicCentiMmHg + NearOutsideCentiMmHg)
        {
            _sureNear += sure;
            _near++;
        }

        if (_envelope.Beat(_place) == _cursor)
        {
            int step = _envelope.StepAt(_place);
            _steepest = step > _steepest ? step : _steepest;
            _sudden = step > _sudden && IsSudden(step) ? step : _sudden;
            _off += _envelope.Distance(_place++);
        }
    }

    private bool IsSudden(int step)
    {
        bool isAbove = _envelope.Pressure(_place) > MeanCentiMmHg;
        int width = isAbove ? SystolicCentiMmHg - MeanCentiMmHg : MeanCentiMmHg - DiastolicCentiMmHg;
        long drop = _envelope.Pressure(_place - 1) - _envelope.Pressure(_place + 1);
        return step * 100L * width > _envelope.Height * drop * (isAbove ? SuddenAbovePercent : SuddenBelowPercent);
    }

    // Over the beats from far above the mean pressure to a little below it.
    private int Deflation()
    {
        int from = _envelope.Beat(_envelope.MaxPlace);
        int to = from;
        while (from > 0 && _beats.Pressure[from] < MeanCentiMmHg + AboveMeanCentiMmHg)
        {
            from--;
        }

        while (to < _beats.Count - 1 && _beats.Pressure[to] > MeanCentiMmHg - BelowMeanCentiMmHg)
        {
            to++;
        }

        return to == from ? 0 : (int)((_beats.Pressure[from] - _beats.Pressure[to]) * (1_000_000L / SamplePeriodUs) / (_beats.At[to] - _beats.At[from]));
    }

    private OscillometryRefusal Validate()
    {
        int places = _lastPlace - _firstPlace + 1;
        int percent = (int)(_off * 100 / ((long)places * _envelope.Height));
        int quality = 100 - (percent * 2) - ((_envelope.Replaced + _envelope.Dropped) * 50 / _beats.Count) - (IrregularPulse ? 20 : 0);
        Quality = quality < 1 ? 1 : quality;
        return percent > MaxScatterPercent || _envelope.UnevenPercent() > MaxUnevenPercent || places < MinBeats / 2
            || _sure * 100 < _inside * MinSurePercent || _sureNear * 100 < _near * MinSurePercent || IsRateOff()
            || _steepest * 100L > _envelope.Height * (long)MaxStepPercent || HasMoved()
            ? OscillometryRefusal.TooMuchMotion : OscillometryRefusal.None;
    }

    private bool HasMoved()
    {
        int pulse = SystolicCentiMmHg - DiastolicCentiMmHg;
        int mean = (MeanCentiMmHg - DiastolicCentiMmHg) * 100 / pulse;
        bool isOdd = pulse * 100L < SystolicCentiMmHg * (long)SignNarrowPercent || mean < SignLowMeanPercent || mean > SignHighMeanPercent;
        int step = (int)(_sudden * 100L / _envelope.Height);
        return isOdd ? _isBroken || step > SignStepOfOddHillPercent : _isBroken && !_shapes.IsIrregular && step > SignStepPercent;
    }

    private bool IsRateOff()
    {
        if (PulseRateTenthsPerMinute == 0)
        {
            return true;
        }

        int off = (PulseRateTenthsPerMinute * _beats.Period) - 60_000;
        return !(IrregularPulse && _shapes.IsIrregular) && (off < 0 ? -off : off) > 60_000 * MaxRateOffPercent / 100;
    }
}
