using Firmware.Core;

namespace Firmware.Signals.Optical;

/// <summary>
/// Red and infrared light to pulse rate, beats, ratio R, SpO2, perfusion index and quality, in integers. Knows nothing of chips: counts come in, once a second results go
/// out. Pulse rate is the mean beat interval over at most <see cref="PulseWindowSeconds"/> where the autocorrelation of the same seconds agrees; R is the ratio of the RMS
/// rises over <see cref="RiseMs"/>, each divided by its own mean light, over at most <see cref="RatioWindowSeconds"/>. All are made from the newest calm seconds, those since the last motion.
/// Nothing is clipped or held: every result is made anew from its own window. Source of R: Webster (ed.) 1997, "Design of Pulse Oximeters", 4.2; of the beats:
/// <see cref="BeatDetector"/>; of the period: <see cref="PulseAutocorrelation"/>; of motion: <see cref="CommonMotion"/> and <see cref="MotionComb"/>.
/// </summary>
public sealed class PulseOximetry
{
    /// <summary>The longest window of a pulse rate, s.</summary>
    public const int PulseWindowSeconds = 10;

    /// <summary>The shortest window behind motion that a result is made from, s. Assumption: three beats of the slowest pulse.</summary>
    public const int ShortestWindowSeconds = 6;

    /// <summary>The window of R and of the perfusion index, s.</summary>
    public const int RatioWindowSeconds = 8;

    /// <summary>The filters' time to forget how they began, s: a step has decayed to below 1 % after 2 s of a 0.8 Hz high-pass.</summary>
    public const int SettlingSeconds = 2;

    /// <summary>
    /// R is of rises over this time, ms, in which blood comes fast and breathing and wander change little. Source: the derivative method, Webster (ed.) 1997, 4.2;
    /// the time is that of a finger's systolic upstroke, Assumption, with 100 to 240 ms tried on recordings (README).
    /// </summary>
    public const int RiseMs = 160;

    /// <summary>Slowest pulse published, tenths per minute. Source: ISO 80601-2-61, usual declared range.</summary>
    public const int SlowestPulseTenths = 300;

    /// <summary>Fastest pulse published, tenths per minute. Source: ISO 80601-2-61, usual declared range.</summary>
    public const int FastestPulseTenths = 2400;

    /// <summary>
    /// Least correlation of red and infrared, thousandths, at which R is one of blood. Source: Fraczkiewicz's RF algorithm for the MAX30102, 0.8.
    /// </summary>
    public const int MinCorrelationThousandths = 800;

    /// <summary>
    /// Least pulsation, thousandths of a percent, that is told from noise. Source: the range that makers of oximeters declare begins at 0.02 %,
    /// less what the band-pass takes.
    /// </summary>
    public const int MinPerfusionMilliPercent = 15;

    /// <summary>Below this perfusion index a doubtful signal is called weak, above it disturbed; thousandths of a percent. Assumption: 0.1 %.</summary>
    public const int WeakPerfusionMilliPercent = 100;

    /// <summary>
    /// Two seconds whose pulsation (RMS) is above this share of what two seconds of the last ten usually have, per cent, are motion. Source: breathing and irregular beats
    /// change a pulse by less than half (Reisner et al. 2008, Anesthesiology 108, 950); Assumption for the number.
    /// </summary>
    public const int RestlessPercent = 200;

    /// <summary>So many seconds behind motion do not count, for the filters remember it, s.</summary>
    public const int RestlessSeconds = 2;

    /// <summary>
    /// Least strength of the infrared light's autocorrelation, thousandths, at which it is a pulse. Chosen on recordings with and without added motion (README).
    /// </summary>
    public const int MinLikenessThousandths = 400;

    /// <summary>The same for a pulsation below <see cref="WeakPerfusionMilliPercent"/>: a weak pulse must be regular to be believed. Assumption.</summary>
    public const int MinWeakLikenessThousandths = 600;

    /// <summary>From this strength on, thousandths, the autocorrelation tells the beats their usual interval. Assumption.</summary>
    public const int MinGuideThousandths = 500;

    /// <summary>Below this strength, thousandths, intervals that scatter are an irregular pulse rather than noise in a regular one. Assumption.</summary>
    public const int MaxIrregularThousandths = 600;

    /// <summary>
    /// From this strength on, thousandths, twice as many beats as the autocorrelation has are second waves, for alternate beats of one kind do not repeat so well.
    /// Chosen on recordings (README).
    /// </summary>
    public const int SecondWaveThousandths = 900;

    /// <summary>
    /// From this share on, per cent, the lower ones of every two beats are no second waves. Assumption: a second wave is at most half of its beat, and a quarter more.
    /// </summary>
    public const int MinAlternatePercent = 62;

    /// <summary>Likeness, thousandths, from which two beats in turn are beats: each has the shape of the one before it. Chosen on made-up beats (README).</summary>
    public const int MinInTurnLikenessThousandths = 800;

    /// <summary>Of two intervals in turn of which one is twice the other within this, per cent, a beat may be missed in the longer. Assumption.</summary>
    public const int TwicePercent = 5;

    /// <summary>Twice the period's rate is that of all beats within this, per cent. Assumption.</summary>
    public const int BeatsInTurnPercent = 5;

    /// <summary>Likeness that three quarters of the beats of an irregular pulse reach, thousandths. Chosen on made-up motion and a simulated patient (README).</summary>
    public const int MinBeatLikenessThousandths = 700;

    /// <summary>Beats of unusual height among those of an irregular pulse, at most, per cent. Assumption.</summary>
    public const int MaxOutlierPercent = 25;

    /// <summary>Least beats of an irregular pulse. Assumption: five intervals.</summary>
    public const int MinIrregularBeats = 6;

    /// <summary>
    /// Within this of R = 1, x 10,000, blood is not told from motion by the difference of the lights, for motion moves both by the same share but for this. There must be more in
    /// the difference than noise for an SpO2, and the wave must not be smooth. Assumption; tried on recordings (README).
    /// </summary>
    public const int CommonRatioBand = 500;

    /// <summary>R x 10,000 from which what is left of light under motion is blood: motion that is left brings R nearer to 1. Assumption.</summary>
    public const int SurelyBloodRatio = 11000;

    /// <summary>Below that R, what is left says the same SpO2 within this, tenths of a percent, whether what it has in common is noise or motion. Assumption: what is wrong with confidence.</summary>
    public const int MaxLeftTenths = 50;

    /// <summary>From this on, per cent, the comb takes away motion rather than blood (<see cref="MotionComb.GainPercent"/>). Chosen on made-up motion (README).</summary>
    public const int MinCombGainPercent = 130;

    /// <summary>SpO2 of two halves, or by two ways, may differ by this, tenths of a percent. Assumption: half of what is wrong with confidence.</summary>
    public const int MaxSpreadTenths = 25;

    /// <summary>An irregular pulse's rates with and without its longest intervals may differ by this, tenths per minute. Assumption: what is wrong with confidence.</summary>
    public const int MaxDoubtTenths = 100;

    private const int IrregularQuality = 55;
    private const int GainShift = 12;

    // The work at the end of a second is spread over this many samples behind it, so that no single one takes long; the first second is shorter by as many.
    private const int ResultSteps = 2;
    private const int CombStep = 3;
    private const int Rows = PulseWindowSeconds;

    private readonly PulseBandPass _redFilter;
    private readonly PulseBandPass _infraredFilter;
    private readonly BeatDetector _beats;
    private readonly PulseRhythm _rhythm = new PulseRhythm();
    private readonly PulseAutocorrelation _period;
    private readonly PulseAutocorrelation _differencePeriod;
    private readonly CommonMotion _motion = new CommonMotion();
    private readonly MotionComb _comb;

    // Sums of one second each; the ring holds the longest window. Squares and products are of rises, but for the pulsation's own.
    private readonly long[] _pulsationSquares = new long[Rows];
    private readonly long[] _redSum = new long[Rows];
    private readonly long[] _infraredSum = new long[Rows];
    private readonly long[] _redSquares = new long[Rows];
    private readonly long[] _infraredSquares = new long[Rows];
    private readonly long[] _products = new long[Rows];

    private readonly int[] _redBefore;
    private readonly int[] _infraredBefore;

    // The root of the pulsation energy of each second and the one before it.
    private readonly int[] _strength = new int[Rows];
    private readonly int[] _sorted = new int[Rows];
    private int _second;
    private int _before;
    private int _inSecond;
    private int _step;
    private int _samples;
    private int _seconds;
    private int _calm;
    private int _restless;
    private int _differenceGain;
    private int _ratioSeconds;
    private int _ratioOfAll;

    /// <summary>Makes an analysis at rest.</summary>
    /// <param name="curve">How R becomes SpO2.</param>
    /// <param name="samplesPerSecond">25 or 50; any other number is taken as 50.</param>
    public PulseOximetry(SaturationCurve curve, int samplesPerSecond)
    {
        Curve = curve;
        SamplesPerSecond = samplesPerSecond == 25 ? 25 : 50;
        SamplePeriodUs = 1000000 / SamplesPerSecond;
        _redFilter = new PulseBandPass(1000000 / SamplesPerSecond);
        _infraredFilter = new PulseBandPass(1000000 / SamplesPerSecond);
        _redBefore = new int[RiseMs * SamplesPerSecond / 1000];
        _infraredBefore = new int[RiseMs * SamplesPerSecond / 1000];
        _beats = new BeatDetector(SamplesPerSecond);
        _period = new PulseAutocorrelation(SamplesPerSecond);
        _differencePeriod = new PulseAutocorrelation(SamplesPerSecond);
        _comb = new MotionComb(SamplesPerSecond);
        Reset();
    }

    /// <summary>How R becomes SpO2; may be exchanged at any time (calibration).</summary>
    public SaturationCurve Curve { get; set; }

    /// <summary>Nominal samples per second, 25 or 50.</summary>
    public int SamplesPerSecond { get; }

    /// <summary>From one sample to the next as the chip's oscillator really makes them, µs: set it whenever it is known better.</summary>
    public int SamplePeriodUs { get; set; }

    /// <summary>Samples since <see cref="Reset"/>.</summary>
    public int SampleCount => _samples;

    /// <summary>True when the newest sample completed a second and the results below are new.</summary>
    public bool HasNewResults { get; private set; }

    /// <summary>How long before the newest sample the newest beat was, µs.</summary>
    public long BeatAgeUs => ((((long)_samples - 1) * 16) - _beats.PeakSixteenths) * SamplePeriodUs / 16;

    /// <summary>The time between the two newest beats, ms; 0 when there is no earlier one.</summary>
    public int BeatIntervalMs { get; private set; }

    /// <summary>Pulse rate in tenths per minute; meaningless unless <see cref="PulseAbsence"/> is None.</summary>
    public int PulseRateTenths { get; private set; }

    /// <summary>Why there is no pulse rate, or None.</summary>
    public AbsenceReason PulseAbsence { get; private set; }

    /// <summary>Quality of the pulse, 0 to 100.</summary>
    public int PulseQuality { get; private set; }

    /// <summary>
    /// True when the beats of the newest pulse rate come at irregular times: three intervals and a fifth of all are more than 15 % off their median, as for the cuff. It is a
    /// reason for doubt about the rate, which is a mean of few and uneven intervals, and never a finding. False while there is no rate.
    /// </summary>
    public bool IsPulseIrregular { get; private set; }

    /// <summary>The window of the pulse rate, ms.</summary>
    public int PulseWindowMs { get; private set; }

    /// <summary>Ratio R x 10,000, 0 to 65,535; 0 when it could not be formed.</summary>
    public int RatioTenThousandths { get; private set; }

    /// <summary>SpO2 in tenths of a percent; meaningless unless <see cref="SaturationAbsence"/> is None.</summary>
    public int SaturationTenths { get; private set; }

    /// <summary>Why there is no SpO2, or None.</summary>
    public AbsenceReason SaturationAbsence { get; private set; }

    /// <summary>Quality of R, 0 to 100.</summary>
    public int SaturationQuality { get; private set; }

    /// <summary>What to call a result whose quality is not enough to be published: WeakSignal or Motion.</summary>
    public AbsenceReason Doubt { get; private set; }

    /// <summary>Perfusion index (infrared pulsation peak to peak through the mean light) in thousandths of a percent.</summary>
    public int PerfusionIndexMilliPercent { get; private set; }

    /// <summary>Why there is no perfusion index, or None.</summary>
    public AbsenceReason PerfusionAbsence { get; private set; }

    /// <summary>The window of R and of the perfusion index, ms.</summary>
    public int RatioWindowMs => _ratioSeconds * SamplesPerSecond * SamplePeriodUs / 1000;

    /// <summary>Correlation of the red and the infrared pulsation, thousandths, -1,000 to 1,000.</summary>
    public int CorrelationThousandths { get; private set; }

    /// <summary>Likeness of the infrared pulsation to itself one period earlier, thousandths, 0 to about 1,000.</summary>
    public int LikenessThousandths => _period.StrengthThousandths;

    /// <summary>What red and infrared have in common beyond blood, thousandths of the pulsation energy (<see cref="CommonMotion"/>).</summary>
    public int CommonThousandths => _motion.ShareThousandths;

    /// <summary>Mean red light of the window, counts.</summary>
    public int MeanRed { get; private set; }

    /// <summary>Mean infrared light of the window, counts.</summary>
    public int MeanInfrared { get; private set; }

    /// <summary>Forgets everything, as after a change of light or a finger put on.</summary>
    public void Reset()
    {
        for (int i = 0; i < Rows; i++)
        {
            ClearSecond(i);
            _strength[i] = 0;
        }

        for (int i = 0; i < _redBefore.Length; i++)
        {
            _redBefore[i] = 0;
            _infraredBefore[i] = 0;
        }

        _second = 0;
        _before = 0;
        _inSecond = ResultSteps;
        _step = ResultSteps;
        _samples = 0;
        _seconds = 0;
        _calm = 0;
        _restless = 0;
        _ratioSeconds = RatioWindowSeconds;
        _beats.Reset();
        _rhythm.Reset();
        _period.Reset();
        _differencePeriod.Reset();
        _comb.Reset();
        HasNewResults = false;
        BeatIntervalMs = 0;
        PulseRateTenths = 0;
        PulseWindowMs = 0;
        PulseQuality = 0;
        IsPulseIrregular = false;
        SaturationTenths = 0;
        SaturationQuality = 0;
        PulseAbsence = AbsenceReason.NotSettled;
        ForgetRatio(AbsenceReason.NotSettled);
    }

    /// <summary>Takes one pair of samples.</summary>
    /// <param name="red">Red light, counts, 0 to 262,143.</param>
    /// <param name="infrared">Infrared light, counts, 0 to 262,143.</param>
    /// <returns>True when a beat is complete.</returns>
    public bool Add(int red, int infrared)
    {
        if (_samples == 0)
        {
            _redFilter.Reset(-red);
            _infraredFilter.Reset(-infrared);
            SetDifferenceGain(red, infrared);
        }

        if (_inSecond == SamplesPerSecond)
        {
            _inSecond = 0;
            ClearSecond(_second);
        }

        // Blood takes light away: turned over, systole points upwards.
        long redPulsation = _redFilter.Next(-red);
        long infraredPulsation = _infraredFilter.Next(-infrared);
        _redSum[_second] += red;
        _infraredSum[_second] += infrared;
        _pulsationSquares[_second] += infraredPulsation * infraredPulsation;
        long redRise = redPulsation - _redBefore[_before];
        long infraredRise = infraredPulsation - _infraredBefore[_before];
        _redBefore[_before] = (int)redPulsation;
        _infraredBefore[_before] = (int)infraredPulsation;
        _before = _before + 1 < _redBefore.Length ? _before + 1 : 0;
        _redSquares[_second] += redRise * redRise;
        _infraredSquares[_second] += infraredRise * infraredRise;
        _products[_second] += redRise * infraredRise;
        _samples++;
        _inSecond++;
        bool isBeat = _beats.Next((int)infraredPulsation, -infrared);
        if (isBeat)
        {
            long interval = _rhythm.Take(_beats);
            BeatIntervalMs = (int)(((interval * SamplePeriodUs) + 8000) / 16000);
        }

        _period.Next((int)infraredPulsation);
        _differencePeriod.Next((int)(infraredPulsation - ((redPulsation * _differenceGain) >> GainShift)));
        _comb.Next((int)redPulsation, (int)infraredPulsation);
        _step = _inSecond == SamplesPerSecond ? 0 : _step + 1;
        HasNewResults = _step == ResultSteps;
        switch (_step)
        {
            case 0:
                EndSecond();
                break;
            case 1:
                _differencePeriod.EndSecond(_calm > 0);
                break;
            case ResultSteps:
                EvaluateRatio();
                EvaluatePulse();
                break;
            case CombStep:
                _comb.FindPeriod(_period, _differencePeriod);
                break;
        }

        return isBeat;
    }

    // Red counts by this have the same relative size as infrared ones.
    private void SetDifferenceGain(long red, long infrared) => _differenceGain = (int)((infrared << GainShift) / (red + 1));

    private void EndSecond()
    {
        _seconds++;
        _restless = IsRestless() ? RestlessSeconds : _restless > 0 ? _restless - 1 : 0;
        bool isCalm = _seconds > SettlingSeconds && _restless == 0;
        _calm = !isCalm ? 0 : _calm < Rows ? _calm + 1 : Rows;
        _period.EndSecond(isCalm);
        _comb.EndSecond();
        SetDifferenceGain(_redSum[_second], _infraredSum[_second]);
        _second = (_second + 1) % Rows;
        _beats.UsualInterval = _period.StrengthThousandths < MinGuideThousandths ? 0
            : _period.PeriodSixteenths * SamplesPerSecond / (16 * PulseAutocorrelation.SamplesPerSecond);
    }

    // The newest two seconds hold much more pulsation than two seconds usually did of late.
    private bool IsRestless()
    {
        int before = (_second + Rows - 1) % Rows;
        _strength[_second] = (int)IntegerMath.SquareRoot(_pulsationSquares[_second] + _pulsationSquares[before]);
        int known = _seconds - SettlingSeconds - 1;
        known = known < Rows ? known : Rows;
        if (known < 3)
        {
            return false;
        }

        for (int i = 0; i < known; i++)
        {
            _sorted[i] = _strength[(_second + Rows - i) % Rows];
        }

        long newest = _strength[_second];
        return newest * 100 > (long)IntegerMath.Median(_sorted, known) * RestlessPercent;
    }

    private void ClearSecond(int second)
    {
        _redSum[second] = 0;
        _infraredSum[second] = 0;
        _pulsationSquares[second] = 0;
        _redSquares[second] = 0;
        _infraredSquares[second] = 0;
        _products[second] = 0;
    }

    private void EvaluatePulse()
    {
        PulseQuality = 0;
        PulseRateTenths = 0;
        IsPulseIrregular = false;
        if (PerfusionAbsence == AbsenceReason.NotSettled || PerfusionAbsence == AbsenceReason.WeakSignal)
        {
            PulseAbsence = PerfusionAbsence;
            return;
        }

        // Behind motion the beats of it are measured too: a rate without quality, which is published only for evaluation.
        bool isCalm = _calm >= ShortestWindowSeconds;
        int window = (isCalm ? _calm : RatioWindowSeconds) * SamplesPerSecond;
        PulseWindowMs = (int)((long)window * SamplePeriodUs / 1000);
        _rhythm.Measure((long)(_samples - ResultSteps - window) * 16, SamplePeriodUs);
        PulseRateTenths = _rhythm.RateTenths;
        if (PulseRateTenths == 0)
        {
            PulseAbsence = AbsenceReason.WeakSignal;
            return;
        }

        PulseAbsence = AbsenceReason.None;
        if (!isCalm)
        {
            PulseQuality = 0;
        }
        else if (_motion.HidesPulse)
        {
            TakeDifference();
        }
        else if (IsAsCommon(_ratioOfAll) && _period.IsSmooth && !IsDifferenceSure())
        {
            PulseQuality = 0;
        }
        else if (_period.StrengthThousandths >= RequiredLikenessThousandths && (_period.StrengthThousandths >= MaxIrregularThousandths || !_rhythm.IsIrregular))
        {
            TakeRegular();
        }
        else
        {
            TakeIrregular();
        }

        if (PulseRateTenths < SlowestPulseTenths || PulseRateTenths > FastestPulseTenths)
        {
            PulseAbsence = AbsenceReason.OutOfRange;
        }
    }

    // Motion hides the pulse in either light, and not in their difference.
    private void TakeDifference()
    {
        if (CommonMotion.IsEnough(_differencePeriod))
        {
            PulseRateTenths = Rate(_differencePeriod);
            PulseQuality = Quality(_differencePeriod.StrengthThousandths, CommonMotion.AloneThousandths);
        }
    }

    // Beats give the finer rate, and the autocorrelation says that they are beats.
    private void TakeRegular()
    {
        int byPeriod = Rate(_period);
        int byBeats = _rhythm.RateTenths;
        bool agree = PulseRhythm.Agree(byBeats, byPeriod);
        bool areBeats = AreBeatsInTurn(byPeriod);
        bool areSecondWaves = !areBeats && AreSecondWaves(byPeriod);
        bool isCommon = _motion.ShareThousandths > CommonMotion.MinShareThousandths;
        if (IsDifferenceSure())
        {
            TakeDifference();
        }
        else if ((agree || areBeats || areSecondWaves) && !_rhythm.MayMissBeats && !(isCommon && _rhythm.IsIrregular))
        {
            PulseRateTenths = areSecondWaves ? byPeriod : areBeats ? _rhythm.RateOfAllTenths : byBeats;
            IsPulseIrregular = !areSecondWaves && _rhythm.IsIrregular;
            PulseQuality = Quality(_period.StrengthThousandths, RequiredLikenessThousandths);
        }
    }

    // Under motion the difference of the lights has blood alone: where it repeats as infrared does, that is the pulse.
    private bool IsDifferenceSure() => _motion.IsPresent && PulseRhythm.Agree(Rate(_period), Rate(_differencePeriod)) && CommonMotion.IsEnough(_differencePeriod);

    // Two beats in each period that have one shape: of a heart whose beats come early or weak in turn.
    private bool AreBeatsInTurn(int byPeriod) => PulseRhythm.IsWithin(_rhythm.RateOfAllTenths, 2 * byPeriod, BeatsInTurnPercent)
        && _rhythm.LikenessThousandths >= MinInTurnLikenessThousandths && !PulseRhythm.IsWithin(_rhythm.IntervalsPercent, 200, TwicePercent)
        && (_rhythm.AlternateMs <= BeatDetector.LatestSecondWaveMs || _rhythm.AlternatePercent >= MinAlternatePercent);

    // Two waves in each period of which the second has another shape.
    private bool AreSecondWaves(int byPeriod) => _period.StrengthThousandths >= SecondWaveThousandths && PulseRhythm.Agree(_rhythm.RateTenths, 2 * byPeriod)
        && _rhythm.LikenessThousandths < BeatDetector.BeatLikenessThousandths
        && (_rhythm.AlternatePercent < MinAlternatePercent || !PulseRhythm.IsWithin(_rhythm.RateOfAllTenths, 2 * byPeriod, BeatsInTurnPercent));

    // No period, and beats that look alike at uneven times.
    private void TakeIrregular()
    {
        int off = _rhythm.RateTenths - _rhythm.RateOfAllTenths;
        if (_rhythm.Beats >= MinIrregularBeats && _rhythm.LikenessThousandths >= MinBeatLikenessThousandths && _rhythm.OutlierPercent <= MaxOutlierPercent
            && off + _rhythm.MissedTenths <= MaxDoubtTenths && PerfusionIndexMilliPercent >= WeakPerfusionMilliPercent && !_motion.IsPresent
            && !IsDisputed((_rhythm.RateTenths + _rhythm.RateOfAllTenths) / 2))
        {
            PulseRateTenths = (_rhythm.RateTenths + _rhythm.RateOfAllTenths) / 2;
            PulseQuality = IrregularQuality;
            IsPulseIrregular = _rhythm.IsIrregular;
        }
    }

    // Light that repeats as a pulse does, though not with one beat or with two: motion between even beats looks like an irregular pulse.
    private bool IsDisputed(int rateTenths) => _period.StrengthThousandths >= MinGuideThousandths
        && !IsNear(Rate(_period), rateTenths, MaxDoubtTenths) && !IsNear(2 * Rate(_period), rateTenths, MaxDoubtTenths);

    private int Rate(PulseAutocorrelation of)
    {
        long us = (long)of.PeriodSixteenths * SamplePeriodUs * SamplesPerSecond / PulseAutocorrelation.SamplesPerSecond;
        return us == 0 ? 0 : (int)(600L * 1000000 * 16 / us);
    }

    private int RequiredLikenessThousandths => PerfusionIndexMilliPercent < WeakPerfusionMilliPercent ? MinWeakLikenessThousandths : MinLikenessThousandths;

    /// <summary>50 to 100 from the least strength to 1,000, below 50 under it.</summary>
    private static int Quality(int strength, int least) => strength < least ? strength * 49 / least
        : strength > 1000 ? 100
        : 50 + ((strength - least) * 50 / (1000 - least));

    private void EvaluateRatio()
    {
        if (_seconds < RatioWindowSeconds + SettlingSeconds)
        {
            ForgetRatio(AbsenceReason.NotSettled);
            return;
        }

        bool isCalm = _calm >= ShortestWindowSeconds;
        _ratioSeconds = isCalm && _calm < RatioWindowSeconds ? _calm : RatioWindowSeconds;
        long redSum = 0;
        long infraredSum = 0;
        long redSquares = 0;
        long infraredSquares = 0;
        long products = 0;
        long pulsationSquares = 0;
        for (int i = 1; i <= _ratioSeconds; i++)
        {
            int row = (_second + Rows - i) % Rows;
            redSum += _redSum[row];
            infraredSum += _infraredSum[row];
            pulsationSquares += _pulsationSquares[row];
            redSquares += _redSquares[row];
            infraredSquares += _infraredSquares[row];
            products += _products[row];
        }

        int window = _ratioSeconds * SamplesPerSecond;
        MeanRed = (int)(redSum / window);
        MeanInfrared = (int)(infraredSum / window);
        long redRms = IntegerMath.SquareRoot(redSquares);
        long infraredRms = IntegerMath.SquareRoot(infraredSquares);
        if (MeanRed <= 0 || MeanInfrared <= 0 || redRms == 0 || infraredRms == 0)
        {
            ForgetRatio(AbsenceReason.WeakSignal);
            return;
        }

        CorrelationThousandths = (int)(products / ((redRms * infraredRms / 1000) + 1));

        // Peak to peak of a pulse is about 2.83 (2 x root 2, a sine's) of its RMS.
        long mean = IntegerMath.SquareRoot(pulsationSquares / window);
        PerfusionIndexMilliPercent = (int)(mean * 283000 / PulseBandPass.OutputScale / MeanInfrared);
        PerfusionAbsence = PerfusionIndexMilliPercent < MinPerfusionMilliPercent ? AbsenceReason.WeakSignal : AbsenceReason.None;
        Doubt = PerfusionIndexMilliPercent < WeakPerfusionMilliPercent ? AbsenceReason.WeakSignal : AbsenceReason.Motion;

        long ratio = redRms * 10000 / infraredRms * MeanInfrared / MeanRed;
        RatioTenThousandths = ratio > 65535 ? 65535 : (int)ratio;
        _ratioOfAll = RatioTenThousandths;
        _motion.Measure(redSquares, infraredSquares, products, MeanRed, MeanInfrared);
        _motion.Evaluate(_period, _differencePeriod, Rate(_period), Rate(_differencePeriod), RatioTenThousandths);
        int correlation = CorrelationThousandths;
        bool isKnown = isCalm && (TakeLeft(ref correlation) || !_motion.IsPresent);
        isKnown = isKnown && !(IsAsCommon(RatioTenThousandths) && (_motion.IsBloodHidden || _period.IsSmooth));
        SaturationTenths = Curve.SaturationTenths(RatioTenThousandths);
        int beyond = correlation - MinCorrelationThousandths;
        int quality = beyond <= 0 ? 0 : 50 + (beyond * 50 / (1000 - MinCorrelationThousandths));
        int like = Quality(LikenessThousandths, RequiredLikenessThousandths);
        quality = quality < like ? quality : like;
        SaturationQuality = isKnown ? quality : 0;
        SaturationAbsence = PerfusionAbsence != AbsenceReason.None ? PerfusionAbsence
            : SaturationTenths < SaturationCurve.LowestTenths || SaturationTenths > SaturationCurve.HighestTenths ? AbsenceReason.OutOfRange
            : AbsenceReason.None;
    }

    // Under motion: R of what is left when it is taken away. Where R of all the light says the same, it does not matter what is motion and what blood.
    private bool TakeLeft(ref int correlation)
    {
        if (_comb.GainPercent < MinCombGainPercent)
        {
            return false;
        }

        _comb.Measure(_ratioSeconds, MeanRed, MeanInfrared);
        int left = Curve.SaturationTenths(_comb.RatioTenThousandths);
        int perfusion = (int)((long)_comb.Strength * 283000 / PulseBandPass.OutputScale / MeanInfrared);
        bool isSteady = IsNear(Curve.SaturationTenths(_comb.OlderRatioTenThousandths), Curve.SaturationTenths(_comb.NewerRatioTenThousandths), MaxSpreadTenths);
        bool isBlood = _comb.RatioTenThousandths >= SurelyBloodRatio || IsNear(Curve.SaturationTenths(_comb.BloodRatioTenThousandths), left, MaxLeftTenths);
        if (_comb.CorrelationThousandths < MinCorrelationThousandths || perfusion < MinPerfusionMilliPercent || !isSteady || !isBlood)
        {
            return false;
        }

        if (!IsNear(left, Curve.SaturationTenths(RatioTenThousandths), MaxSpreadTenths))
        {
            RatioTenThousandths = _comb.RatioTenThousandths;
            correlation = _comb.CorrelationThousandths;
        }

        return true;
    }

    private static bool IsAsCommon(int ratioTenThousandths) => ratioTenThousandths > 10000 - CommonRatioBand && ratioTenThousandths < 10000 + CommonRatioBand;

    private static bool IsNear(int aTenths, int bTenths, int offTenths) => aTenths - bTenths <= offTenths && bTenths - aTenths <= offTenths;

    private void ForgetRatio(AbsenceReason reason)
    {
        SaturationAbsence = reason;
        PerfusionAbsence = reason;
        SaturationQuality = 0;
        SaturationTenths = 0;
        RatioTenThousandths = 0;
        PerfusionIndexMilliPercent = 0;
        CorrelationThousandths = 0;
        _motion.Reset();
        Doubt = reason == AbsenceReason.WeakSignal ? AbsenceReason.WeakSignal : AbsenceReason.Motion;
    }
}
