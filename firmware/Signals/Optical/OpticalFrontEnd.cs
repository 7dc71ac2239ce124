namespace Firmware.Signals.Optical;

/// <summary>What the light says of the finger and of the LED currents.</summary>
public enum OpticalState : byte
{
    /// <summary>No finger: too little infrared light comes back.</summary>
    FingerOff = 0,

    /// <summary>A finger is there and the LED currents are being set.</summary>
    Adjusting = 1,

    /// <summary>Light is within its band: samples may be measured with.</summary>
    Measuring = 2,

    /// <summary>Too much light at the lowest currents.</summary>
    Saturated = 3,
}

/// <summary>
/// Finger on and off, saturation, and LED current by rule: the mean light of each channel is held between 25 and 75 % of full scale, and a change
/// aims at the middle. The currents are register codes of 0.2 mA. One decision per <see cref="DecisionSamples"/> samples, so a removed finger is
/// known within 0.5 s of its samples.
/// </summary>
public sealed class OpticalFrontEnd
{
    /// <summary>Samples per decision, 0.5 s at 50 Hz.</summary>
    public const int DecisionSamples = 25;

    /// <summary>Counts at full scale, 18 bits.</summary>
    public const int FullScaleCounts = 262143;

    /// <summary>At and above this a sample is saturated. Assumption: the full scale less the noise of one sample.</summary>
    public const int SaturatedCounts = 260000;

    /// <summary>The current at start, register code (6.4 mA).</summary>
    public const int StartCode = 0x20;

    /// <summary>Lowest current, register code (0.4 mA).</summary>
    public const int LowestCode = 0x02;

    /// <summary>Highest current, register code (25.4 mA). Assumption: half of the part's limit, for a cool finger and a small supply.</summary>
    public const int HighestCode = 0x7F;

    /// <summary>Lower edge of the band, 25 % of full scale.</summary>
    public const int BandLowCounts = 65536;

    /// <summary>Upper edge of the band, 75 % of full scale.</summary>
    public const int BandHighCounts = 196607;

    /// <summary>Where a change aims, half of full scale.</summary>
    public const int AimCounts = 131072;

    private const int FingerSettlingDecisions = 1;

    private readonly OpticalCalibration _calibration;
    private long _redSum;
    private long _infraredSum;
    private int _count;
    private int _saturated;
    private int _wait;

    /// <summary>Begins with the finger off and the start-up currents.</summary>
    /// <param name="calibration">The board's optics.</param>
    public OpticalFrontEnd(OpticalCalibration calibration)
    {
        _calibration = calibration;
        Reset();
    }

    /// <summary>What the light says.</summary>
    public OpticalState State { get; private set; }

    /// <summary>The red LED's current wanted, register code.</summary>
    public int RedCode { get; private set; }

    /// <summary>The infrared LED's current wanted, register code.</summary>
    public int InfraredCode { get; private set; }

    /// <summary>Mean red light of the newest decision, counts.</summary>
    public int MeanRed { get; private set; }

    /// <summary>Mean infrared light of the newest decision, counts.</summary>
    public int MeanInfrared { get; private set; }

    /// <summary>Back to the start, as after a reset of the chip.</summary>
    public void Reset()
    {
        State = OpticalState.FingerOff;
        RedCode = StartCode;
        InfraredCode = StartCode;
        MeanRed = 0;
        MeanInfrared = 0;
        Begin();
        _wait = 0;
    }

    /// <summary>Red over infrared light at equal LED currents, thousandths; 0 before the first decision.</summary>
    public int RedShareThousandths =>
        MeanInfrared <= 0 ? 0 : (int)((long)MeanRed * InfraredCode * 1000 / ((long)MeanInfrared * RedCode));

    /// <summary>Takes one pair of samples, made with the currents <see cref="RedCode"/> and <see cref="InfraredCode"/>.</summary>
    /// <param name="red">Red light, counts.</param>
    /// <param name="infrared">Infrared light, counts.</param>
    /// <returns>True when the state or a current changed: whoever measures starts again.</returns>
    public bool Add(int red, int infrared)
    {
        _redSum += red;
        _infraredSum += infrared;
        if (red >= SaturatedCounts || infrared >= SaturatedCounts)
        {
            _saturated++;
        }

        _count++;
        if (_count < DecisionSamples)
        {
            return false;
        }

        MeanRed = (int)(_redSum / _count);
        MeanInfrared = (int)(_infraredSum / _count);
        bool saturated = _saturated > 0;
        Begin();
        return Decide(saturated);
    }

    /// <summary>Begins the present decision anew: what was counted before a loss of samples does not belong to what comes after.</summary>
    public void Begin()
    {
        _redSum = 0;
        _infraredSum = 0;
        _count = 0;
        _saturated = 0;
    }

    private bool Decide(bool saturated)
    {
        OpticalState before = State;
        int infraredAtStart = (int)((long)MeanInfrared * StartCode / InfraredCode);
        int edge = before == OpticalState.FingerOff ? _calibration.FingerOnCounts : _calibration.FingerOffCounts;
        if (!saturated && infraredAtStart < edge)
        {
            bool moved = RedCode != StartCode || InfraredCode != StartCode;
            RedCode = StartCode;
            InfraredCode = StartCode;
            State = OpticalState.FingerOff;
            return moved || before != OpticalState.FingerOff;
        }

        if (before == OpticalState.FingerOff)
        {
            // The finger is still moving into place: one more look before currents are changed.
            State = OpticalState.Adjusting;
            _wait = FingerSettlingDecisions;
            return true;
        }

        if (_wait > 0)
        {
            _wait--;
            return false;
        }

        int red = NextCode(RedCode, MeanRed, saturated);
        int infrared = NextCode(InfraredCode, MeanInfrared, saturated);
        if (red != RedCode || infrared != InfraredCode)
        {
            RedCode = red;
            InfraredCode = infrared;
            State = OpticalState.Adjusting;
            _wait = FingerSettlingDecisions;
            return true;
        }

        State = saturated ? OpticalState.Saturated : OpticalState.Measuring;
        return State != before;
    }

    private static int NextCode(int code, int mean, bool saturated)
    {
        if (mean >= BandLowCounts && mean <= BandHighCounts)
        {
            return code;
        }

        // A saturated mean says only "too much": halve. Else the light follows the current, so one step aims.
        long wanted = saturated && mean > BandHighCounts ? code / 2 : (long)code * AimCounts / (mean + 1);
        return wanted < LowestCode ? LowestCode : wanted > HighestCode ? HighestCode : (int)wanted;
    }
}
