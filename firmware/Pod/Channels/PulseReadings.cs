using Firmware.Core;
using Firmware.Pod.Store;
using Firmware.Pod.Supervision;
using Firmware.Protocol;
using Firmware.Signals.Optical;

namespace Firmware.Pod.Channels;

/// <summary>
/// The oximeter's light as vital signs: SpO2 with its ratio, pulse rate and perfusion index once a second, each a value or an absence with its reason,
/// and a frame per beat. Sets the LED currents by rule. A loss, a restart, a change of current or of epoch begins the analysis anew, so that no value
/// is made from two of them.
/// </summary>
public sealed class PulseReadings
{
    /// <summary>While a value is absent, the absence is stated again this often, µs; a new reason at once.</summary>
    public const long AbsencePeriodUs = 5_000_000;

    /// <summary>No number is made for this long after ambient light was too much, µs. Assumption: someone crossing the window.</summary>
    public const long AmbientHoldUs = 2_000_000;

    /// <summary>Samples per second that the driver delivers.</summary>
    public const int SamplesPerSecond = 50;

    private const int Saturation = 0;
    private const int Pulse = 1;
    private const int Perfusion = 2;
    private const int Vitals = 3;
    private const int TenthsExponent = -1;
    private const int MilliExponent = -3;

    // A pulsation is at least so many times the room's flicker, peak to peak. Assumption: R and the places of beats then move by a quarter at most, and
    // flicker that is nothing but a lamp's is as large as itself.
    private const int MinPulsationToFlicker = 4;

    /// <summary>
    /// After a cuff on the oximeter's arm is empty, its blood needs this long to be what it was before, µs. Assumption: 10 s, as long as monitors hold their values back.
    /// </summary>
    public const long ReperfusionUs = 10_000_000;

    private readonly ILightSource _source;
    private readonly PodSituation _situation;
    private readonly PodRing _ring;
    private readonly OpticalCalibration _optics;
    private readonly OpticalFrontEnd _light;
    private readonly PulseOximetry _analysis;
    private readonly ChannelOrder _order = new ChannelOrder();
    private readonly int _minQuality;
    private readonly long _staleUs;
    private readonly int[] _stream = new int[Vitals];
    private readonly uint[] _code = new uint[Vitals];
    private readonly AbsenceReason[] _absence = new AbsenceReason[Vitals];
    private readonly long[] _absenceUs = new long[Vitals];
    private uint _epoch;
    private long _epochSinceUs;
    private long _ambientUntilUs;
    private long _cuffUntilUs;
    private long _takenUs;
    private long _resultUs;
    private int _weakResults;
    private bool _isFlickerLike;

    /// <summary>Stores and allocates.</summary>
    /// <param name="source">The driver.</param>
    /// <param name="options">The optics.</param>
    /// <param name="pod">The publishing threshold and the staleness.</param>
    /// <param name="ring">Where readings go.</param>
    /// <param name="situation">Whether a cuff keeps the blood away.</param>
    public PulseReadings(ILightSource source, PeripheralOptions options, PodOptions pod, PodRing ring, PodSituation situation)
    {
        _source = source;
        _situation = situation;
        _ring = ring;
        _optics = options.Optics;
        _light = new OpticalFrontEnd(_optics);
        _analysis = new PulseOximetry(_optics.Curve, SamplesPerSecond);
        _minQuality = pod.MinPulseQuality;
        _staleUs = pod.PulseStaleMs * 1000L;
        _stream[Saturation] = Streams.OxygenSaturation;
        _stream[Pulse] = Streams.PulseRate;
        _stream[Perfusion] = Streams.PerfusionIndex;
        _code[Saturation] = MdcCodes.OxygenSaturation;
        _code[Pulse] = MdcCodes.PulseRate;
        _code[Perfusion] = MdcCodes.PerfusionIndex;
    }

    /// <summary>True while something lies on the sensor.</summary>
    public bool IsFingerOn => _light.State == OpticalState.Measuring || _light.State == OpticalState.StrayLight;

    /// <summary>The driver has new counts.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void OnSample(long nowUs)
    {
        _takenUs = nowUs;
        if (_source.LostSamples > 0)
        {
            _light.Begin();
            _analysis.Reset();
        }

        if (_situation.IsCuffInflated && _situation.IsCuffOnOximeterArm)
        {
            _cuffUntilUs = nowUs + ReperfusionUs;
            _analysis.Reset();
        }

        if (_source.AmbientLightOverflow)
        {
            _ambientUntilUs = nowUs + AmbientHoldUs;
            _analysis.Reset();
        }

        if (IsCurrentToChange())
        {
            return; // measured before the currents were changed
        }

        _analysis.Curve = _optics.Curve;
        _analysis.SamplePeriodUs = _source.SamplePeriodUs;
        for (int i = 0; i < _source.SampleCount; i++)
        {
            int red = _source.Red[i];
            int infrared = _source.Infrared[i];
            long atUs = _source.FirstSampleUs + ((long)i * _source.SamplePeriodUs);
            if (_light.Add(red, infrared))
            {
                _analysis.Reset();
                _weakResults = _light.State == OpticalState.FingerOff ? 0 : _weakResults;
                if (IsCurrentToChange())
                {
                    return;
                }
            }

            if (_epoch != 0 && atUs >= _epochSinceUs && Reason(nowUs) == AbsenceReason.None)
            {
                Measure(red, infrared, atUs, nowUs);
                if (IsCurrentToChange())
                {
                    _analysis.Reset();
                    return;
                }
            }
        }
    }

    /// <summary>The part is gone or is restarted.</summary>
    public void OnDeviceLost()
    {
        _light.Reset();
        _analysis.Reset();
        _weakResults = 0;
        _order.Reset(); // what comes back may be another board
    }

    /// <summary>The binding epoch changed.</summary>
    /// <param name="epoch">The new one, 0 for none.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void ChangeEpoch(uint epoch, long nowUs)
    {
        _epoch = epoch;
        _epochSinceUs = nowUs;
        _takenUs = nowUs;
        _resultUs = nowUs;
        _analysis.Reset();
        for (int i = 0; i < Vitals; i++)
        {
            _absence[i] = AbsenceReason.None;
            _absenceUs[i] = nowUs - AbsencePeriodUs;
        }
    }

    /// <summary>States what is absent.</summary>
    /// <param name="reason">Why there is no light; None while measuring.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next.</returns>
    public long Step(AbsenceReason reason, long nowUs)
    {
        if (_epoch == 0)
        {
            return long.MaxValue;
        }

        AbsenceReason absent = reason != AbsenceReason.None ? reason : Reason(nowUs);
        if (absent == AbsenceReason.None)
        {
            long staleUs = _resultUs + _staleUs;
            if (nowUs < staleUs)
            {
                return staleUs;
            }

            // Light comes in, and nothing can be made of it yet, or no light comes any more.
            absent = nowUs - _takenUs >= _staleUs ? AbsenceReason.Stale : AbsenceReason.NotSettled;
        }

        long next = long.MaxValue;
        for (int i = 0; i < Vitals; i++)
        {
            State(i, absent, 0, 0, nowUs, nowUs);
            long due = _absenceUs[i] + AbsencePeriodUs;
            next = due < next ? due : next;
        }

        return next;
    }

    // Asks for the currents wanted when the newest batch has others.
    private bool IsCurrentToChange()
    {
        if (_source.RedCurrentCode == _light.RedCode && _source.InfraredCurrentCode == _light.InfraredCode)
        {
            return false;
        }

        _source.SetLedCurrent(_light.RedCode, _light.InfraredCode);
        return true;
    }

    // Why nothing can be made of the light that comes in.
    private AbsenceReason Reason(long nowUs)
    {
        if (nowUs < _cuffUntilUs || (_situation.IsCuffInflated && _situation.IsCuffOnOximeterArm))
        {
            return AbsenceReason.CuffOnSameArm;
        }

        if (nowUs < _ambientUntilUs)
        {
            return AbsenceReason.AmbientLight;
        }

        switch (_light.State)
        {
            case OpticalState.FingerOff:
                return AbsenceReason.NotOnPatient;
            case OpticalState.Saturated:
                return AbsenceReason.Saturated;
            case OpticalState.StrayLight:
                return AbsenceReason.AmbientLight;
            case OpticalState.Adjusting:
                return AbsenceReason.NotSettled;
            default:
                return AbsenceReason.None;
        }
    }

    private void Measure(int red, int infrared, long atUs, long nowUs)
    {
        if (_analysis.Add(red, infrared) && _analysis.SampleCount > PulseOximetry.SettlingSeconds * SamplesPerSecond)
        {
            long beatUs = atUs - _analysis.BeatAgeUs;
            int quality = _analysis.PulseAbsence == AbsenceReason.None ? _analysis.PulseQuality : 0;
            BeatBody.Write(_ring.Scratch, PodRing.BodyOffset, beatUs, _analysis.BeatIntervalMs, quality);
            _ring.Commit(FrameKind.Beat, Streams.PulseBeats, BeatBody.Length, beatUs, _epoch, nowUs);
        }

        if (_analysis.HasNewResults)
        {
            _resultUs = nowUs;
            if (!IsLookDue())
            {
                Publish(atUs, nowUs);
            }
        }
    }

    // Light without a pulsation for a whole window may come from an empty clip, and a pulsation that comes up in it from a lamp: both are held against
    // the room's light once. True when the newest result is not to be published, since a look has begun.
    private bool IsLookDue()
    {
        if (_analysis.PerfusionAbsence == AbsenceReason.WeakSignal)
        {
            if (_situation.IsCuffInflated)
            {
                return false; // a cuff keeps the blood away
            }

            _weakResults++;
            if (_weakResults == PulseOximetry.RatioWindowSeconds)
            {
                _light.LookAgain();
            }

            return false;
        }

        bool isDue = _weakResults >= PulseOximetry.RatioWindowSeconds && _analysis.PerfusionAbsence == AbsenceReason.None;
        if (_analysis.PerfusionAbsence == AbsenceReason.None)
        {
            _weakResults = 0;
        }

        if (isDue)
        {
            _light.LookAgain();
        }

        return isDue;
    }

    // Whether the room's light flickers by a quarter of the weaker pulsation or more; thousandths of a percent of the mean light are the pulsation, and R
    // makes red's of it.
    private bool IsFlickerLike()
    {
        long infrared = (long)_analysis.PerfusionIndexMilliPercent * _analysis.MeanInfrared / 100000;
        long red = (long)_analysis.PerfusionIndexMilliPercent * _analysis.MeanRed / 100000 * _analysis.RatioTenThousandths / 10000;
        return (long)_light.FlickerCounts * MinPulsationToFlicker > (red < infrared ? red : infrared);
    }

    private void Publish(long atUs, long nowUs)
    {
        bool isRatio = _analysis.SaturationAbsence == AbsenceReason.None || _analysis.SaturationAbsence == AbsenceReason.OutOfRange;
        AbsenceReason exchanged = AbsenceReason.None;
        if (isRatio && _analysis.CorrelationThousandths >= PulseOximetry.MinCorrelationThousandths)
        {
            _order.Take(
                _analysis.RatioTenThousandths,
                _light.RedShareThousandths,
                _optics.MinRedShareThousandths,
                _analysis.SaturationQuality >= 50);
            exchanged = _order.IsExchanged ? AbsenceReason.ChannelsSwapped : AbsenceReason.None;
        }

        _isFlickerLike = _analysis.PerfusionAbsence == AbsenceReason.None && IsFlickerLike();
        PublishOne(
            Saturation, _analysis.SaturationAbsence, exchanged, _analysis.SaturationQuality, _analysis.SaturationTenths, TenthsExponent, _analysis.RatioWindowMs, atUs, nowUs);
        PublishOne(
            Pulse, _analysis.PulseAbsence, AbsenceReason.None, _analysis.PulseQuality, _analysis.PulseRateTenths, TenthsExponent, _analysis.PulseWindowMs, atUs, nowUs);
        PublishOne(
            Perfusion, _analysis.PerfusionAbsence, exchanged, _analysis.SaturationQuality, _analysis.PerfusionIndexMilliPercent, MilliExponent, _analysis.RatioWindowMs, atUs, nowUs);
    }

    private void PublishOne(
        int vital, AbsenceReason absence, AbsenceReason exchanged, int quality, int value, int exponent, int windowMs, long atUs, long nowUs)
    {
        bool isWeak = absence == AbsenceReason.WeakSignal || absence == AbsenceReason.NotSettled;
        AbsenceReason reason = isWeak ? absence
            : _isFlickerLike ? AbsenceReason.AmbientLight
            : exchanged != AbsenceReason.None ? exchanged
            : quality < _minQuality ? _analysis.Doubt
            : absence;
        if (reason != AbsenceReason.None)
        {
            State(vital, reason, quality, windowMs, atUs, nowUs);
            return;
        }

        _absence[vital] = AbsenceReason.None;
        Write(vital, value, exponent, AbsenceReason.None, quality, windowMs, atUs, nowUs);
    }

    private void State(int vital, AbsenceReason reason, int quality, int windowMs, long atUs, long nowUs)
    {
        if (reason == _absence[vital] && nowUs - _absenceUs[vital] < AbsencePeriodUs)
        {
            return;
        }

        _absence[vital] = reason;
        _absenceUs[vital] = nowUs;
        Write(vital, 0, vital == Perfusion ? MilliExponent : TenthsExponent, reason, quality, windowMs, atUs, nowUs);
    }

    private void Write(int vital, int value, int exponent, AbsenceReason absence, int quality, int windowMs, long atUs, long nowUs)
    {
        NumericBody.Write(_ring.Scratch, PodRing.BodyOffset, _code[vital], value, exponent, absence, quality, (uint)windowMs);
        int length = NumericBody.Length;
        bool isValue = absence == AbsenceReason.None;
        if (vital == Saturation)
        {
            NumericBody.WriteRatio(_ring.Scratch, PodRing.BodyOffset, windowMs == 0 ? 0 : _analysis.RatioTenThousandths);
            OximetryStatus.WriteBesideRatio(_ring.Scratch, PodRing.BodyOffset, isValue ? SaturationStatus(value) : 0);
            length = NumericBody.LengthWithRatioAndStatus;
        }
        else if (vital == Pulse)
        {
            OximetryStatus.Write(_ring.Scratch, PodRing.BodyOffset, isValue && _analysis.IsPulseIrregular ? OximetryStatus.IrregularPulse : 0);
            length = NumericBody.LengthWithStatus;
        }

        if (vital == Pulse && absence == AbsenceReason.None)
        {
            _situation.OnFingerPulse(value, atUs);
        }

        _ring.Commit(FrameKind.Numeric, _stream[vital], length, atUs, _epoch, nowUs);
    }

    private int SaturationStatus(int saturationTenths) =>
        (_optics.Curve.IsCalibrated ? 0 : OximetryStatus.Uncalibrated) | (_optics.Curve.IsQuestionable(saturationTenths) ? OximetryStatus.Questionable : 0);
}
