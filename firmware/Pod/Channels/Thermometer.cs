using Firmware.Core;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Store;
using Firmware.Protocol;

namespace Firmware.Pod.Channels;

/// <summary>
/// A contact thermometer: each conversion once, as a skin temperature in m°C, or its absence with the reason. What settles under an arm and
/// may be called a body temperature is decided above this.
/// </summary>
public sealed class Thermometer : Sensor
{
    /// <summary>While a value is absent, the absence is stated again this often, µs; a new reason at once.</summary>
    public const long AbsencePeriodUs = 5_000_000;

    /// <summary>How much later than its end a conversion may be found, µs: one look of the driver and one step of the loop.</summary>
    public const long FoundLateUs = 30_000;

    /// <summary>
    /// A change of this many m°C per second takes one point of quality away.
    /// Assumption: 0.5 °C/s, a probe just put on, is worth nothing as a skin temperature.
    /// </summary>
    public const int MilliCelsiusPerSecondPerPoint = 5;

    /// <summary>Quality of the first value, of which no rate is known. Assumption: half.</summary>
    public const int FirstQuality = 50;

    /// <summary>It was laid on when it rose by this, and was taken off when it fell by this, m°C. Source: the rule by which a temperature is published after a rise of 2 °C.</summary>
    public const int ContactStepMilliCelsius = 2_000;

    /// <summary>What is warmer than this is on skin, however it came there, m°C. Assumption: no room in use is as warm.</summary>
    public const int SkinMilliCelsius = 32_000;

    private const int MilliExponent = -3;

    private readonly ITemperatureSource _source;
    private readonly PodRing _ring;
    private readonly PodCounters _counters;
    private readonly int _windowMs;
    private readonly long _staleUs;
    private uint _epoch;
    private long _epochSinceUs;
    private long _takenAtUs = -1;
    private int _takenMilliCelsius;
    private long _freshUs;
    private AbsenceReason _absence;
    private long _absenceUs;
    private int _turnMilliCelsius;
    private bool _isOnSkin;

    /// <summary>Stores.</summary>
    /// <param name="source">The driver.</param>
    /// <param name="options">Window and staleness.</param>
    /// <param name="ring">Where readings go.</param>
    /// <param name="counters">The counters.</param>
    public Thermometer(ITemperatureSource source, PodOptions options, PodRing ring, PodCounters counters)
        : base(Streams.Temperature)
    {
        _source = source;
        _ring = ring;
        _counters = counters;
        _windowMs = options.TemperatureWindowMs;
        _staleUs = options.TemperatureStaleMs * 1000L;
    }

    /// <inheritdoc/>
    /// <remarks>In a room as warm as skin it does not see that it was taken off.</remarks>
    public override bool IsApplied => _isOnSkin;

    /// <inheritdoc/>
    public override void OnSample(long nowUs)
    {
        long atUs = _source.SampledAtUs;
        if (atUs == _takenAtUs)
        {
            return; // the same conversion again is not a new value
        }

        int milliCelsius = _source.TemperatureMilliCelsius;
        int quality = Quality(milliCelsius, atUs);
        LookForContact(milliCelsius);
        _takenAtUs = atUs;
        _takenMilliCelsius = milliCelsius;

        // All that the value was made from must lie behind the change of epoch.
        if (_epoch == 0 || atUs - (_windowMs * 1000L) - FoundLateUs < _epochSinceUs)
        {
            _counters.OutsideSession++;
            return;
        }

        _freshUs = atUs;
        _absence = AbsenceReason.None;
        Write(milliCelsius, AbsenceReason.None, quality, atUs, nowUs);
    }

    /// <inheritdoc/>
    public override void Suppress(AbsenceReason reason, long nowUs) => State(reason, nowUs);

    /// <inheritdoc/>
    public override void OnDeviceLost(long nowUs)
    {
        _takenAtUs = -1;
        _isOnSkin = false;
    }

    /// <inheritdoc/>
    public override void ChangeEpoch(uint epoch, long nowUs)
    {
        _epoch = epoch;
        _epochSinceUs = nowUs;
        _freshUs = nowUs;
        _absence = AbsenceReason.None;
    }

    /// <inheritdoc/>
    public override long Step(AbsenceReason reason, long nowUs)
    {
        if (_epoch == 0)
        {
            return long.MaxValue;
        }

        if (reason != AbsenceReason.None)
        {
            State(reason, nowUs);
            return _absenceUs + AbsencePeriodUs;
        }

        if (nowUs - _freshUs < _staleUs)
        {
            return _freshUs + _staleUs;
        }

        // What was withheld says more than that nothing is new.
        State(_absence == AbsenceReason.None ? AbsenceReason.Stale : _absence, nowUs);
        return _absenceUs + AbsencePeriodUs;
    }

    private void State(AbsenceReason reason, long nowUs)
    {
        if (_epoch == 0 || (reason == _absence && nowUs - _absenceUs < AbsencePeriodUs))
        {
            return;
        }

        _absence = reason;
        _absenceUs = nowUs;
        Write(0, reason, 0, nowUs, nowUs);
    }

    private void Write(int milliCelsius, AbsenceReason absence, int quality, long atUs, long nowUs)
    {
        NumericBody.Write(_ring.Scratch, PodRing.BodyOffset, MdcCodes.SkinTemperature, milliCelsius, MilliExponent, absence, quality, (uint)_windowMs);
        _ring.Commit(FrameKind.Numeric, Stream, NumericBody.Length, atUs, _epoch, nowUs);
    }

    // The lowest while it is off, the highest while it is on: what it turns back from by a step.
    private void LookForContact(int milliCelsius)
    {
        bool isFirst = _takenAtUs < 0;
        if (isFirst || (_isOnSkin ? milliCelsius > _turnMilliCelsius : milliCelsius < _turnMilliCelsius))
        {
            _turnMilliCelsius = milliCelsius;
        }

        bool turns = _isOnSkin
            ? milliCelsius <= _turnMilliCelsius - ContactStepMilliCelsius
            : milliCelsius >= _turnMilliCelsius + ContactStepMilliCelsius || (isFirst && milliCelsius >= SkinMilliCelsius);
        if (turns)
        {
            _isOnSkin = !_isOnSkin;
            _turnMilliCelsius = milliCelsius;
        }
    }

    private int Quality(int milliCelsius, long atUs)
    {
        if (_takenAtUs < 0 || atUs <= _takenAtUs)
        {
            return FirstQuality;
        }

        long change = milliCelsius - _takenMilliCelsius;
        long perSecond = (change < 0 ? -change : change) * 1_000_000 / (atUs - _takenAtUs);
        long quality = 100 - (perSecond / MilliCelsiusPerSecondPerPoint);
        return quality < 1 ? 1 : (int)quality;
    }
}
