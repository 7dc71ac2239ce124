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

    /// <summary>Slowest deflation, hundredths of mmHg per second. Assumption.</summary>
    public const int SlowestCentiMmHgPerSecond = 80;

    /// <summary>Lowest height of the envelope, hundredths of mmHg: nine times a sensor's noise of 0.05 mmHg. Assumption.</summary>
    public const int WeakestCentiMmHg = 45;

    /// <summary>Largest mean distance of the beats' amplitudes from the envelope, percent of its height. Chosen on recordings and made-up disturbance, see README.md.</summary>
    public const int MaxScatterPercent = 10;

    /// <summary>The envelope's ups and downs together, percent of those of one hill of its height. Chosen as the scatter.</summary>
    public const int MaxUnevenPercent = 220;

    private const int MinPulsePressure = 1500;
    private const int MaxPulsePressure = 13_000;
    private const int MinDiastolic = 2500;
    private const int MaxSystolic = 26_000;
    private const int AboveMeanCentiMmHg = 8000;
    private const int BelowMeanCentiMmHg = 1000;

    private enum Stage : byte
    {
        Begin,
        Period,
        Beats,
        Envelope,
        Done,
    }

    private readonly CuffDeflation _deflation = new();
    private readonly PulsePeriod _period;
    private readonly CuffBeats _beats;
    private readonly OscillometricEnvelope _envelope;
    private readonly CuffRhythm _rhythm;
    private Stage _stage;

    /// <summary>Allocates.</summary>
    public OscillometricAnalysis()
    {
        int[] sort = new int[MaxBeats];
        _period = new PulsePeriod(_deflation);
        _beats = new CuffBeats(_deflation);
        _envelope = new OscillometricEnvelope(_beats, sort);
        _rhythm = new CuffRhythm(_beats, sort);
    }

    /// <summary>Why there is no result; meaningful when <see cref="Step"/> has returned true.</summary>
    public OscillometryRefusal Refusal { get; private set; }

    /// <summary>Systolic pressure, hundredths of mmHg.</summary>
    public int SystolicCentiMmHg { get; private set; }

    /// <summary>Diastolic pressure, hundredths of mmHg.</summary>
    public int DiastolicCentiMmHg { get; private set; }

    /// <summary>Mean arterial pressure, hundredths of mmHg.</summary>
    public int MeanCentiMmHg { get; private set; }

    /// <summary>Pulse rate, tenths of 1/min.</summary>
    public int PulseRateTenthsPerMinute => _rhythm.RateTenthsPerMinute;

    /// <summary>True when the intervals between beats scatter: the result is less certain.</summary>
    public bool IrregularPulse => _rhythm.IsIrregular;

    /// <summary>0 to 100, by how closely the beats follow the envelope.</summary>
    public int Quality { get; private set; }

    /// <summary>Beats found.</summary>
    public int BeatCount => _beats.Count;

    /// <summary>Deflation around the mean pressure, hundredths of mmHg per second.</summary>
    public int DeflationCentiMmHgPerSecond { get; private set; }

    /// <summary>Height of the envelope, peak to peak, hundredths of mmHg.</summary>
    public int PeakAmplitudeCentiMmHg { get; private set; }

    /// <summary>
    /// While samples come in: true once the oscillations have been far below their greatest for some seconds, so that the deflation may end.
    /// </summary>
    public bool IsDiastolicPassed => _deflation.IsDiastolicPassed;

    /// <summary>Samples taken.</summary>
    public int SampleCount => _deflation.Added;

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        _deflation.Reset();
        _beats.Reset();
        _stage = Stage.Begin;
        Refusal = OscillometryRefusal.NoDeflation;
    }

    /// <summary>Takes one sample of the deflation.</summary>
    /// <param name="cuffPressureCentiMmHg">0 to 32,767 hundredths of mmHg.</param>
    public void Add(int cuffPressureCentiMmHg) => _deflation.Add(cuffPressureCentiMmHg);

    /// <summary>One bounded piece of the analysis, to be called after the last sample until it returns true.</summary>
    /// <returns>True when it is finished.</returns>
    public bool Step()
    {
        switch (_stage)
        {
            case Stage.Begin:
                return Begin();
            case Stage.Period:
                return FindPeriod();
            case Stage.Beats:
                return FindBeats();
            case Stage.Envelope:
                return End(FindPressures());
            default:
                return true;
        }
    }

    /// <summary>The whole analysis at once, for a PC.</summary>
    public void Finish()
    {
        while (!Step())
        {
        }
    }

    private bool End(OscillometryRefusal refusal)
    {
        Refusal = refusal;
        _stage = Stage.Done;
        return true;
    }

    private bool Begin()
    {
        if (_deflation.IsTooLong)
        {
            return End(OscillometryRefusal.TooLong);
        }

        if (_deflation.Count < 3 * PulsePeriod.MaxLag)
        {
            return End(OscillometryRefusal.TooFewBeats);
        }

        if (_deflation.MeanFall() < SlowestCentiMmHgPerSecond)
        {
            return End(OscillometryRefusal.NoDeflation);
        }

        _period.Begin();
        _stage = Stage.Period;
        return false;
    }

    private bool FindPeriod()
    {
        if (!_period.Step())
        {
            return false;
        }

        if (_period.Samples == 0)
        {
            return End(OscillometryRefusal.TooFewBeats);
        }

        _beats.Begin(_period.Samples);
        _stage = Stage.Beats;
        return false;
    }

    private bool FindBeats()
    {
        if (!_beats.Step())
        {
            return false;
        }

        if (_beats.IsTooMany)
        {
            return End(OscillometryRefusal.TooMuchMotion);
        }

        if (_beats.Count < MinBeats)
        {
            return End(OscillometryRefusal.TooFewBeats);
        }

        _stage = Stage.Envelope;
        return false;
    }

    private OscillometryRefusal FindPressures()
    {
        _envelope.Make();
        PeakAmplitudeCentiMmHg = _envelope.Height;
        MeanCentiMmHg = _envelope.MeanPressure;
        DeflationCentiMmHgPerSecond = Deflation();
        if (DeflationCentiMmHgPerSecond > FastestCentiMmHgPerSecond)
        {
            return OscillometryRefusal.TooFast;
        }

        if (_envelope.Height < WeakestCentiMmHg)
        {
            return OscillometryRefusal.Weak;
        }

        if (_envelope.MaxBeat < 2 || _envelope.MaxBeat > _beats.Count - 3)
        {
            return OscillometryRefusal.EdgeMaximum;
        }

        int systolic = _envelope.Cross(-1, _envelope.SystolicLevel());
        if (systolic == 0)
        {
            return OscillometryRefusal.SystolicNotBracketed;
        }

        int diastolic = _envelope.Cross(1, _envelope.Height * DiastolicPermille / 1000);
        if (diastolic == 0)
        {
            return OscillometryRefusal.DiastolicNotBracketed;
        }

        SystolicCentiMmHg = systolic;
        DiastolicCentiMmHg = diastolic;
        int pulse = systolic - diastolic;
        if (pulse < MinPulsePressure || pulse > MaxPulsePressure || MeanCentiMmHg <= diastolic || MeanCentiMmHg >= systolic
            || diastolic < MinDiastolic || systolic > MaxSystolic)
        {
            return OscillometryRefusal.Implausible;
        }

        _rhythm.Find(systolic, diastolic, _period.Samples);
        return Validate(systolic, diastolic);
    }

    private int Deflation()
    {
        short[] pressure = _deflation.Pressure;
        int from = _beats.At[_envelope.MaxBeat];
        int to = from;
        while (from > 0 && pressure[from] < MeanCentiMmHg + AboveMeanCentiMmHg)
        {
            from--;
        }

        while (to < _deflation.Count - 1 && pressure[to] > MeanCentiMmHg - BelowMeanCentiMmHg)
        {
            to++;
        }

        return to == from ? 0 : (int)((pressure[from] - pressure[to]) * (1_000_000L / SamplePeriodUs) / (to - from));
    }

    private OscillometryRefusal Validate(int systolic, int diastolic)
    {
        long off = 0;
        int count = 0;
        for (int i = 0; i < _beats.Count; i++)
        {
            if (_beats.Pressure[i] <= systolic + 1000 && _beats.Pressure[i] >= diastolic - 1000)
            {
                int distance = _beats.Amplitude[i] - _envelope.At(i);
                off += distance < 0 ? -distance : distance;
                count++;
            }
        }

        int percent = count == 0 ? 100 : (int)(off * 100 / ((long)count * _envelope.Height));
        int quality = 100 - (percent * 2) - (_envelope.Replaced * 50 / _beats.Count) - (IrregularPulse ? 20 : 0);
        Quality = quality < 1 ? 1 : quality;
        return percent > MaxScatterPercent || _envelope.UnevenPercent() > MaxUnevenPercent || count < MinBeats / 2 || PulseRateTenthsPerMinute == 0
            ? OscillometryRefusal.TooMuchMotion : OscillometryRefusal.None;
    }
}
