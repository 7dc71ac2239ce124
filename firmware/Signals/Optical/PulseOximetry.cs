using Firmware.Core;

namespace Firmware.Signals.Optical;

/// <summary>
/// Red and infrared light to pulse rate, beats, ratio R, SpO2, perfusion index and quality, in integers. Knows nothing of chips: counts come in,
/// once a second results go out. Pulse rate is the mean beat interval over at most <see cref="PulseWindowSeconds"/>; R is the ratio of the RMS
/// pulsations, each divided by its own mean light, over <see cref="RatioWindowSeconds"/>. Nothing is clipped or held: every result is made anew
/// from its own window. Source of R: Webster (ed.) 1997, "Design of Pulse Oximeters", 4.2; of the beats: <see cref="BeatDetector"/>.
/// </summary>
public sealed class PulseOximetry
{
    /// <summary>The longest window of a pulse rate, s.</summary>
    public const int PulseWindowSeconds = 10;

    /// <summary>The shortest window a first pulse rate is made from, s: its quality needs the window of R.</summary>
    public const int ShortestPulseWindowSeconds = RatioWindowSeconds;

    /// <summary>The window of R and of the perfusion index, s.</summary>
    public const int RatioWindowSeconds = 8;

    /// <summary>The filters' time to forget how they began, s: a step has decayed to below 1 % after 2 s of a 0.8 Hz high-pass.</summary>
    public const int SettlingSeconds = 2;

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
    /// The mean light of two seconds may differ from that of two others of the window by this share, in thousandths, before motion is assumed.
    /// Chosen on recordings (README).
    /// </summary>
    public const int CalmWanderThousandths = 25;

    /// <summary>
    /// The strongest two seconds of the window may hold this many hundredths of the mean pulsation energy before motion is assumed.
    /// Chosen on recordings (README).
    /// </summary>
    public const int CalmBurstHundredths = 300;

    /// <summary>
    /// Least likeness of the pulsation to itself one beat interval earlier, thousandths, at which it is a pulse. Chosen on recordings with and without
    /// added motion (README).
    /// </summary>
    public const int MinLikenessThousandths = 400;

    /// <summary>The same for a pulsation below <see cref="WeakPerfusionMilliPercent"/>: a weak pulse must be regular to be believed. Assumption.</summary>
    public const int MinWeakLikenessThousandths = 800;

    // An interval beyond 8/5 of the median.
    private const int MissedNumerator = 8;
    private const int MissedDenominator = 5;
    private const int BeatRing = 64;
    private const int BeatMask = BeatRing - 1;
    private const int UsualIntervals = 5;
    private const int PulsationRing = 128;
    private const int PulsationMask = PulsationRing - 1;

    private readonly PulseBandPass _redFilter;
    private readonly PulseBandPass _infraredFilter;
    private readonly BeatDetector _beats;

    // Sums of one second each; the ring holds the window of R.
    private readonly long[] _redSum = new long[RatioWindowSeconds];
    private readonly long[] _infraredSum = new long[RatioWindowSeconds];
    private readonly long[] _redSquares = new long[RatioWindowSeconds];
    private readonly long[] _infraredSquares = new long[RatioWindowSeconds];
    private readonly long[] _products = new long[RatioWindowSeconds];
    private readonly long[] _beatSixteenths = new long[BeatRing];
    private readonly int[] _beatAmplitude = new int[BeatRing];
    private readonly int[] _scratch = new int[BeatRing];
    private readonly long[] _likeProducts = new long[RatioWindowSeconds];
    private readonly long[] _earlierSquares = new long[RatioWindowSeconds];
    private readonly int[] _pulsation = new int[PulsationRing];
    private int _second;
    private int _inSecond;
    private int _samples;
    private int _beatCount;
    private int _interval;

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
        _beats = new BeatDetector(SamplesPerSecond);
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
    public int RatioWindowMs => RatioWindowSeconds * SamplesPerSecond * SamplePeriodUs / 1000;

    /// <summary>Correlation of the red and the infrared pulsation, thousandths, -1,000 to 1,000.</summary>
    public int CorrelationThousandths { get; private set; }

    /// <summary>Likeness of the infrared pulsation to itself one beat interval earlier, thousandths, -1,000 to 1,000.</summary>
    public int LikenessThousandths { get; private set; }

    /// <summary>By how much the mean light of the window's four quarters differs, thousandths of the mean.</summary>
    public int WanderThousandths { get; private set; }

    /// <summary>The pulsation energy of the strongest two seconds in a row, hundredths of the window's mean: 100 for a perfectly even pulse.</summary>
    public int BurstHundredths { get; private set; }

    /// <summary>Mean red light of the window, counts.</summary>
    public int MeanRed { get; private set; }

    /// <summary>Mean infrared light of the window, counts.</summary>
    public int MeanInfrared { get; private set; }

    /// <summary>Forgets everything, as after a change of light or a finger put on.</summary>
    public void Reset()
    {
        for (int i = 0; i < RatioWindowSeconds; i++)
        {
            ClearSecond(i);
        }

        _second = 0;
        _inSecond = 0;
        _samples = 0;
        _beatCount = 0;
        _interval = 0;
        _beats.Reset();
        HasNewResults = false;
        BeatIntervalMs = 0;
        PulseRateTenths = 0;
        PulseWindowMs = 0;
        PulseQuality = 0;
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
        }

        if (_inSecond == 0)
        {
            ClearSecond(_second);
        }

        // Blood takes light away: turned over, systole points upwards.
        long redPulsation = _redFilter.Next(-red);
        long infraredPulsation = _infraredFilter.Next(-infrared);

        // The pulsation of one beat interval earlier: in a pulse it is much the same, in motion it is not.
        long earlier = _interval == 0 ? 0 : _pulsation[(_samples - _interval) & PulsationMask];
        _pulsation[_samples & PulsationMask] = (int)infraredPulsation;
        _redSum[_second] += red;
        _infraredSum[_second] += infrared;
        _redSquares[_second] += redPulsation * redPulsation;
        _infraredSquares[_second] += infraredPulsation * infraredPulsation;
        _products[_second] += redPulsation * infraredPulsation;
        _likeProducts[_second] += earlier * infraredPulsation;
        _earlierSquares[_second] += earlier * earlier;
        _samples++;
        _inSecond++;
        bool isBeat = _beats.Next((int)infraredPulsation);
        if (isBeat)
        {
            TakeBeat();
        }

        HasNewResults = _inSecond == SamplesPerSecond;
        if (HasNewResults)
        {
            _inSecond = 0;
            _second = (_second + 1) % RatioWindowSeconds;
            EvaluateRatio();
            EvaluatePulse();
        }

        return isBeat;
    }

    private void ClearSecond(int second)
    {
        _redSum[second] = 0;
        _infraredSum[second] = 0;
        _redSquares[second] = 0;
        _infraredSquares[second] = 0;
        _products[second] = 0;
        _likeProducts[second] = 0;
        _earlierSquares[second] = 0;
    }

    private void TakeBeat()
    {
        int newest = _beatCount & BeatMask;
        _beatSixteenths[newest] = _beats.PeakSixteenths;
        _beatAmplitude[newest] = _beats.Amplitude;
        long interval = _beatCount == 0 ? 0 : _beats.PeakSixteenths - _beatSixteenths[(_beatCount - 1) & BeatMask];
        BeatIntervalMs = (int)(((interval * SamplePeriodUs) + 8000) / 16000);
        _beatCount++;
        if (_beatCount == 1)
        {
            return;
        }

        int intervals = _beatCount - 1 < UsualIntervals ? _beatCount - 1 : UsualIntervals;
        for (int i = 0; i < intervals; i++)
        {
            _scratch[i] = (int)(_beatSixteenths[(_beatCount - 1 - i) & BeatMask] - _beatSixteenths[(_beatCount - 2 - i) & BeatMask]);
        }

        int usual = (IntegerMath.Median(_scratch, intervals) + 8) / 16;
        _interval = usual < PulsationRing ? usual : PulsationRing - 1;
    }

    private void EvaluatePulse()
    {
        int usable = _samples - (SettlingSeconds * SamplesPerSecond);
        int longest = PulseWindowSeconds * SamplesPerSecond;
        int window = usable < longest ? usable : longest;
        PulseQuality = 0;
        PulseRateTenths = 0;
        if (window < ShortestPulseWindowSeconds * SamplesPerSecond)
        {
            PulseAbsence = AbsenceReason.NotSettled;
            return;
        }

        PulseWindowMs = (int)((long)window * SamplePeriodUs / 1000);
        long oldest = (long)(_samples - window) * 16;
        int inWindow = 0;
        while (inWindow < _beatCount && inWindow < BeatRing && _beatSixteenths[(_beatCount - 1 - inWindow) & BeatMask] >= oldest)
        {
            inWindow++;
        }

        int intervals = inWindow - 1;
        if (intervals < 2 || PerfusionAbsence == AbsenceReason.WeakSignal)
        {
            PulseAbsence = AbsenceReason.WeakSignal;
            return;
        }

        int quality = 100 - IntervalFaults(intervals) - AmplitudeFaults(inWindow);
        int like = LikenessQuality();
        quality = quality < like ? quality : like;
        PulseQuality = quality < 0 || IsRestless ? 0 : quality;
        PulseAbsence = PulseRateTenths < SlowestPulseTenths || PulseRateTenths > FastestPulseTenths
            ? AbsenceReason.OutOfRange
            : AbsenceReason.None;
    }

    // The rate, and what is wrong with the intervals. One beyond 1.6 medians is most likely a beat that was missed: it is no interval, and its
    // window is worth less.
    private int IntervalFaults(int intervals)
    {
        for (int i = 0; i < intervals; i++)
        {
            _scratch[i] = (int)(_beatSixteenths[(_beatCount - 1 - i) & BeatMask] - _beatSixteenths[(_beatCount - 2 - i) & BeatMask]);
        }

        long median = IntegerMath.Median(_scratch, intervals);
        long span = 0;
        int missed = 0;
        for (int i = 0; i < intervals; i++)
        {
            if (_scratch[i] * MissedDenominator > median * MissedNumerator)
            {
                missed++;
            }
            else
            {
                span += _scratch[i];
            }
        }

        long spanUs = span * SamplePeriodUs / 16;
        PulseRateTenths = (int)(((600L * 1000000 * (intervals - missed)) + (spanUs / 2)) / spanUs);
        return missed == 0 ? 0 : 55 + (missed * 5);
    }

    // Beats of less than half or more than twice the usual height.
    private int AmplitudeFaults(int beats)
    {
        for (int i = 0; i < beats; i++)
        {
            _scratch[i] = _beatAmplitude[(_beatCount - 1 - i) & BeatMask];
        }

        long median = IntegerMath.Median(_scratch, beats);
        int outliers = 0;
        for (int i = 0; i < beats; i++)
        {
            if ((long)_scratch[i] * 2 < median || _scratch[i] > median * 2)
            {
                outliers++;
            }
        }

        return outliers * 100 / beats;
    }

    private void EvaluateRatio()
    {
        if (_samples < (RatioWindowSeconds + SettlingSeconds) * SamplesPerSecond)
        {
            ForgetRatio(AbsenceReason.NotSettled);
            return;
        }

        long redSum = 0;
        long infraredSum = 0;
        long redSquares = 0;
        long infraredSquares = 0;
        long products = 0;
        long likeProducts = 0;
        long earlierSquares = 0;
        for (int i = 0; i < RatioWindowSeconds; i++)
        {
            redSum += _redSum[i];
            infraredSum += _infraredSum[i];
            redSquares += _redSquares[i];
            infraredSquares += _infraredSquares[i];
            products += _products[i];
            likeProducts += _likeProducts[i];
            earlierSquares += _earlierSquares[i];
        }

        int window = RatioWindowSeconds * SamplesPerSecond;
        MeanRed = (int)(redSum / window);
        MeanInfrared = (int)(infraredSum / window);
        long redRms = IntegerMath.SquareRoot(redSquares);
        long infraredRms = IntegerMath.SquareRoot(infraredSquares);
        if (MeanRed <= 0 || MeanInfrared <= 0 || redRms == 0 || infraredRms == 0)
        {
            ForgetRatio(AbsenceReason.WeakSignal);
            return;
        }

        MeasureUnrest(infraredSum, infraredSquares);
        CorrelationThousandths = (int)(products / ((redRms * infraredRms / 1000) + 1));

        LikenessThousandths = (int)(likeProducts / ((infraredRms * IntegerMath.SquareRoot(earlierSquares) / 1000) + 1));

        // Peak to peak of a pulse is about 2.83 (2 x root 2, a sine's) of its RMS.
        long mean = IntegerMath.SquareRoot(infraredSquares / window);
        PerfusionIndexMilliPercent = (int)(mean * 283000 / PulseBandPass.OutputScale / MeanInfrared);
        PerfusionAbsence = PerfusionIndexMilliPercent < MinPerfusionMilliPercent ? AbsenceReason.WeakSignal : AbsenceReason.None;
        Doubt = PerfusionIndexMilliPercent < WeakPerfusionMilliPercent ? AbsenceReason.WeakSignal : AbsenceReason.Motion;

        long ratio = redRms * 10000 / infraredRms * MeanInfrared / MeanRed;
        RatioTenThousandths = ratio > 65535 ? 65535 : (int)ratio;
        SaturationTenths = Curve.SaturationTenths(RatioTenThousandths);
        int beyond = CorrelationThousandths - MinCorrelationThousandths;
        int quality = beyond <= 0 ? 0 : 50 + (beyond * 50 / (1000 - MinCorrelationThousandths));
        int like = LikenessQuality();
        quality = quality < like ? quality : like;
        SaturationQuality = IsRestless ? 0 : quality;
        SaturationAbsence = PerfusionAbsence != AbsenceReason.None ? PerfusionAbsence
            : SaturationTenths < SaturationCurve.LowestTenths || SaturationTenths > SaturationCurve.HighestTenths ? AbsenceReason.OutOfRange
            : AbsenceReason.None;
    }

    private void MeasureUnrest(long infraredSum, long infraredSquares)
    {
        long lowest = long.MaxValue;
        long highest = 0;
        long strongest = 0;
        for (int i = 0; i < RatioWindowSeconds; i += 2)
        {
            long sum = _infraredSum[(_second + i) % RatioWindowSeconds] + _infraredSum[(_second + i + 1) % RatioWindowSeconds];
            lowest = sum < lowest ? sum : lowest;
            highest = sum > highest ? sum : highest;
        }

        // From the oldest second to the newest; _second is the oldest.
        long before = 0;
        for (int i = 0; i < RatioWindowSeconds; i++)
        {
            long squares = _infraredSquares[(_second + i) % RatioWindowSeconds];
            strongest = before + squares > strongest ? before + squares : strongest;
            before = squares;
        }

        WanderThousandths = (int)((highest - lowest) * 1000 * RatioWindowSeconds / 2 / infraredSum);
        BurstHundredths = (int)(strongest * 100 * RatioWindowSeconds / 2 / infraredSquares);
    }

    private bool IsRestless => WanderThousandths > CalmWanderThousandths || BurstHundredths > CalmBurstHundredths;

    /// <summary>50 to 100 from the least likeness to 1,000, below 50 under it.</summary>
    private int LikenessQuality()
    {
        int least = PerfusionIndexMilliPercent < WeakPerfusionMilliPercent ? MinWeakLikenessThousandths : MinLikenessThousandths;
        return LikenessThousandths <= 0 ? 0
            : LikenessThousandths < least ? LikenessThousandths * 49 / least
            : 50 + ((LikenessThousandths - least) * 50 / (1000 - least));
    }

    private void ForgetRatio(AbsenceReason reason)
    {
        SaturationAbsence = reason;
        PerfusionAbsence = reason;
        SaturationQuality = 0;
        SaturationTenths = 0;
        RatioTenThousandths = 0;
        PerfusionIndexMilliPercent = 0;
        CorrelationThousandths = 0;
        LikenessThousandths = 0;
        WanderThousandths = 0;
        BurstHundredths = 0;
        Doubt = reason == AbsenceReason.WeakSignal ? AbsenceReason.WeakSignal : AbsenceReason.Motion;
    }
}
