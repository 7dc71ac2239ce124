namespace Firmware.Signals.Optical;

/// <summary>What the light says of the finger and of the LED currents.</summary>
public enum OpticalState : byte
{
    /// <summary>No finger: little of the LED's own infrared light comes back.</summary>
    FingerOff = 0,

    /// <summary>A finger is there and the LED currents are being set.</summary>
    Adjusting = 1,

    /// <summary>Light is within its band, or as near as the currents allow: samples may be measured with.</summary>
    Measuring = 2,

    /// <summary>Too much light at the lowest currents.</summary>
    Saturated = 3,

    /// <summary>Too much of the light is not the LED's.</summary>
    StrayLight = 4,
}

/// <summary>
/// Finger on and off, saturation, and LED current by rule. A finger is told by the LED's own light: what comes back from tissue, glass and clip goes with
/// the current, what comes from the room does not. So before a finger is believed both LEDs are dark for <see cref="LookSamples"/> (a look): what is
/// still counted then is taken away, and its flicker is kept, since no pulsation of that size can be one of blood. The LED's own light of the empty clip
/// is the board's (<see cref="OpticalCalibration.EmptyClipCounts"/>), and a finger is a multiple of it, however dark its skin.
/// The mean light of each channel is then held between 25 and 75 % of full scale as far as the currents reach, and a change aims at the middle. The
/// currents are register codes of 0.2 mA. One decision per <see cref="DecisionSamples"/> samples: a removed finger is known within 0.5 s of its samples,
/// and within 3 s when light from the room takes its place.
/// </summary>
public sealed class OpticalFrontEnd
{
    /// <summary>Samples per decision, 0.5 s at 50 Hz.</summary>
    public const int DecisionSamples = 25;

    /// <summary>
    /// Samples of a look at the room's light, 1 s at 50 Hz. Counts do not go below 0, so that of flicker around 0 half of each period is not seen: 1 s sees
    /// most of the other half of all that would look like a pulse above 40 per minute.
    /// </summary>
    public const int LookSamples = 50;

    /// <summary>Samples whose mean is one value of the room's flicker: the noise of single samples is none.</summary>
    public const int FlickerSamples = 5;

    /// <summary>Counts at full scale, 18 bits.</summary>
    public const int FullScaleCounts = 262143;

    /// <summary>At and above this a sample is saturated. Assumption: the full scale less the noise of one sample.</summary>
    public const int SaturatedCounts = 260000;

    /// <summary>The current at start and while no finger is there, register code (6.4 mA).</summary>
    public const int StartCode = 0x20;

    /// <summary>No current, register code. Source: MAX30102 datasheet, LED Pulse Amplitude, 0x00 = 0.0 mA.</summary>
    public const int DarkCode = 0x00;

    /// <summary>Lowest current that is measured with, register code (0.4 mA).</summary>
    public const int LowestCode = 0x02;

    /// <summary>
    /// Highest current, register code (51 mA, the part's limit). Source: MAX30102 datasheet, LED Pulse Amplitude. The pulses of 0.411 ms, 100 times a
    /// second, make 2.1 mA in the mean for each LED (README, power and eye).
    /// </summary>
    public const int HighestCode = 0xFF;

    /// <summary>Lower edge of the band, 25 % of full scale.</summary>
    public const int BandLowCounts = 65536;

    /// <summary>Upper edge of the band, 75 % of full scale.</summary>
    public const int BandHighCounts = 196607;

    /// <summary>Where a change aims, half of full scale.</summary>
    public const int AimCounts = 131072;

    /// <summary>A finger that was off is on from so many times the empty clip's light. Assumption: calibrate the empty clip on the board.</summary>
    public const int FingerOnTimes = 4;

    /// <summary>A finger that was on is off below so many times the empty clip's light. Assumption, a quarter of hysteresis.</summary>
    public const int FingerOffTimes = 3;

    /// <summary>
    /// The LED's light is at least so many times the room's, or nothing is measured: R is made of both means, and a tenth of foreign light changes it by
    /// at most a tenth. Assumption.
    /// </summary>
    public const int MinLightToStray = 10;

    /// <summary>After a look that found no finger, or too much of the room's light, the next follows after so many decisions, 2 s.</summary>
    public const int LookPauseDecisions = 4;

    /// <summary>
    /// Light that differs by more than one of so many parts from what it was when measuring began is looked at again. Assumption: an eighth, several times what
    /// a pulse and a breath change.
    /// </summary>
    public const int OtherLightParts = 8;

    private const int FingerSettlingDecisions = 1;

    private readonly OpticalCalibration _calibration;
    private long _redSum;
    private long _infraredSum;
    private int _count;
    private int _saturated;
    private int _wait;
    private int _pause;
    private bool _isMoving;

    // Infrared light as it was when measuring began, or is to be with the currents just set; 0 when that is not known.
    private long _reference;

    // A look: what was measured, and with which currents, before the LEDs went dark; and the room's light since.
    private bool _isLooking;
    private bool _wasSaturated;
    private int _litRed;
    private int _litInfrared;
    private int _litRedCode;
    private int _litInfraredCode;
    private int _redBlock;
    private int _infraredBlock;
    private int _inBlock;
    private int _lowRed;
    private int _highRed;
    private int _lowInfrared;
    private int _highInfrared;

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

    /// <summary>Mean red light of the newest decision with the LEDs lit, counts.</summary>
    public int MeanRed { get; private set; }

    /// <summary>Mean infrared light of the newest decision with the LEDs lit, counts.</summary>
    public int MeanInfrared { get; private set; }

    /// <summary>Mean of the red channel with the LEDs dark, counts: the room's light that the part did not cancel at the newest look.</summary>
    public int StrayRed { get; private set; }

    /// <summary>The same of the infrared channel.</summary>
    public int StrayInfrared { get; private set; }

    /// <summary>By how much the larger of the two flickered at the newest look, counts peak to peak: no pulsation of this size is one of blood.</summary>
    public int FlickerCounts { get; private set; }

    /// <summary>Back to the start, as after a reset of the chip.</summary>
    public void Reset()
    {
        State = OpticalState.FingerOff;
        RedCode = StartCode;
        InfraredCode = StartCode;
        MeanRed = 0;
        MeanInfrared = 0;
        StrayRed = 0;
        StrayInfrared = 0;
        FlickerCounts = 0;
        _isLooking = false;
        _wait = 0;
        _pause = 0;
        _isMoving = false;
        _reference = 0;
        Begin();
    }

    /// <summary>Red over infrared light at equal LED currents, thousandths; 0 before the first decision and while the LEDs are dark.</summary>
    public int RedShareThousandths
    {
        get
        {
            int red = Own(MeanRed, StrayRed);
            int infrared = Own(MeanInfrared, StrayInfrared);
            return infrared == 0 || RedCode == DarkCode ? 0 : (int)((long)red * InfraredCode * 1000 / ((long)infrared * RedCode));
        }
    }

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

        if (_isLooking)
        {
            Watch(red, infrared);
        }

        _count++;
        if (_count < (_isLooking ? LookSamples : DecisionSamples))
        {
            return false;
        }

        int meanRed = (int)(_redSum / _count);
        int meanInfrared = (int)(_infraredSum / _count);
        bool saturated = _saturated > 0;
        Begin();
        if (_isLooking)
        {
            return EndLook(meanRed, meanInfrared);
        }

        MeanRed = meanRed;
        MeanInfrared = meanInfrared;
        return State == OpticalState.FingerOff ? Search(saturated) : Decide(saturated);
    }

    /// <summary>Begins the present decision anew: what was counted before a loss of samples does not belong to what comes after.</summary>
    public void Begin()
    {
        _redSum = 0;
        _infraredSum = 0;
        _count = 0;
        _saturated = 0;
        _redBlock = 0;
        _infraredBlock = 0;
        _inBlock = 0;
    }

    /// <summary>
    /// Looks at the room's light again while measuring: a pulsation came up in light that had none, and a lamp may be what pulsates. The currents
    /// change at once, and measuring goes on when <see cref="State"/> says so. Ignored in any other state.
    /// </summary>
    public void LookAgain()
    {
        if (State == OpticalState.Measuring && !_isLooking)
        {
            Begin();
            BeginLook(saturated: false);
        }
    }

    private bool Search(bool saturated)
    {
        if (_pause > 0)
        {
            _pause--;
            return false;
        }

        // Without a look the room's light counts in full: what is less than a finger even so is none.
        if (!saturated && MeanInfrared < _calibration.EmptyClipCounts * FingerOnTimes)
        {
            _isMoving = false;
            return false;
        }

        if (IsMoving())
        {
            return false;
        }

        BeginLook(saturated);
        return true;
    }

    private bool Decide(bool saturated)
    {
        OpticalState before = State;
        if (!saturated && IsEmpty(Own(MeanInfrared, StrayInfrared), InfraredCode, FingerOffTimes))
        {
            return TakeOff();
        }

        if (_wait > 0)
        {
            _wait--;
            return false;
        }

        // No pulse and no breath changes the light by so much: the finger may be away, with light from the room in its place.
        long change = MeanInfrared - _reference;
        bool isOther = _reference != 0 && !saturated && (change < 0 ? -change : change) * OtherLightParts > _reference;
        int red = NextCode(RedCode, MeanRed, StrayRed, saturated);
        int infrared = NextCode(InfraredCode, MeanInfrared, StrayInfrared, saturated);
        bool isOut = red != RedCode || infrared != InfraredCode;
        if (isOther || (isOut && !saturated && before != OpticalState.Adjusting))
        {
            if (IsMoving())
            {
                return false;
            }

            BeginLook(saturated);
            return true;
        }

        _isMoving = false;

        if (isOut)
        {
            Adjust(red, infrared, saturated);
            return true;
        }

        if (before == OpticalState.Adjusting)
        {
            _reference = MeanInfrared;
        }

        State = saturated ? OpticalState.Saturated
            : IsStray(MeanRed, StrayRed) || IsStray(MeanInfrared, StrayInfrared) ? OpticalState.StrayLight
            : OpticalState.Measuring;
        if (State == OpticalState.StrayLight)
        {
            _pause = before == OpticalState.StrayLight ? _pause - 1 : LookPauseDecisions;
            if (_pause <= 0)
            {
                BeginLook(saturated: false);
                return true;
            }
        }

        return State != before;
    }

    // A finger takes its time to come and to go: what is other light now is looked at when it still is one decision later.
    private bool IsMoving()
    {
        _isMoving = !_isMoving;
        return _isMoving;
    }

    private void BeginLook(bool saturated)
    {
        _isMoving = false;
        _isLooking = true;
        _wasSaturated = saturated;
        _litRed = MeanRed;
        _litInfrared = MeanInfrared;
        _litRedCode = RedCode;
        _litInfraredCode = InfraredCode;
        _lowRed = FullScaleCounts;
        _lowInfrared = FullScaleCounts;
        _highRed = 0;
        _highInfrared = 0;
        RedCode = DarkCode;
        InfraredCode = DarkCode;
        if (State == OpticalState.Measuring)
        {
            State = OpticalState.Adjusting;
        }
    }

    private void Watch(int red, int infrared)
    {
        _redBlock += red;
        _infraredBlock += infrared;
        _inBlock++;
        if (_inBlock < FlickerSamples)
        {
            return;
        }

        int meanRed = _redBlock / FlickerSamples;
        int meanInfrared = _infraredBlock / FlickerSamples;
        _lowRed = meanRed < _lowRed ? meanRed : _lowRed;
        _highRed = meanRed > _highRed ? meanRed : _highRed;
        _lowInfrared = meanInfrared < _lowInfrared ? meanInfrared : _lowInfrared;
        _highInfrared = meanInfrared > _highInfrared ? meanInfrared : _highInfrared;
        _redBlock = 0;
        _infraredBlock = 0;
        _inBlock = 0;
    }

    private bool EndLook(int strayRed, int strayInfrared)
    {
        _isLooking = false;
        StrayRed = strayRed;
        StrayInfrared = strayInfrared;
        int red = _highRed - _lowRed;
        int infrared = _highInfrared - _lowInfrared;
        FlickerCounts = red > infrared ? red : infrared;
        RedCode = _litRedCode;
        InfraredCode = _litInfraredCode;
        int times = State == OpticalState.FingerOff ? FingerOnTimes : FingerOffTimes;
        if (!_wasSaturated && IsEmpty(Own(_litInfrared, strayInfrared), _litInfraredCode, times))
        {
            TakeOff();
            return true;
        }

        if (State == OpticalState.StrayLight && (IsStray(_litRed, strayRed) || IsStray(_litInfrared, strayInfrared)))
        {
            _pause = LookPauseDecisions;
            return true;
        }

        int redCode = NextCode(_litRedCode, _litRed, strayRed, _wasSaturated);
        int infraredCode = NextCode(_litInfraredCode, _litInfrared, strayInfrared, _wasSaturated);
        bool isChanged = redCode != _litRedCode || infraredCode != _litInfraredCode;
        Adjust(redCode, infraredCode, _wasSaturated);
        _wait = isChanged ? FingerSettlingDecisions : 0;
        return true;
    }

    private void Adjust(int redCode, int infraredCode, bool saturated)
    {
        _reference = saturated ? 0 : ((long)Own(MeanInfrared, StrayInfrared) * infraredCode / InfraredCode) + StrayInfrared;
        RedCode = redCode;
        InfraredCode = infraredCode;
        State = OpticalState.Adjusting;
        _wait = FingerSettlingDecisions;
    }

    private bool TakeOff()
    {
        bool moved = RedCode != StartCode || InfraredCode != StartCode;
        OpticalState before = State;
        RedCode = StartCode;
        InfraredCode = StartCode;
        State = OpticalState.FingerOff;

        // A finger that was measured is gone. Else the room's light changed between the look and now.
        _pause = before == OpticalState.Measuring ? 0 : LookPauseDecisions;
        return moved || before != OpticalState.FingerOff;
    }

    private bool IsEmpty(int own, int code, int times) => (long)own * StartCode < (long)_calibration.EmptyClipCounts * times * code;

    private static int Own(int mean, int stray) => mean > stray ? mean - stray : 0;

    private static bool IsStray(int mean, int stray) => (long)stray * MinLightToStray > Own(mean, stray);

    private static int NextCode(int code, int mean, int stray, bool saturated)
    {
        if (mean >= BandLowCounts && mean <= BandHighCounts)
        {
            return code;
        }

        // A saturated mean says only "too much": from the lowest current one step aims. Else the LED's light follows its current.
        if (saturated && mean > BandHighCounts)
        {
            return LowestCode;
        }

        int foreign = stray < AimCounts / 2 ? stray : AimCounts / 2;
        long wanted = (long)code * (AimCounts - foreign) / (Own(mean, stray) + 1);
        return wanted < LowestCode ? LowestCode : wanted > HighestCode ? HighestCode : (int)wanted;
    }
}
