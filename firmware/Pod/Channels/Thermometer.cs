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
    public override void OnSample(long nowUs)
    {
        long atUs = _source.SampledAtUs;
        if (atUs == _takenAtUs)
        {
            return; // the same conversion again is not a new value
        }

        int milliCelsius = _source.TemperatureMilliCelsius;
        int quality = Quality(milliCelsius, atUs);
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
    public override void OnDeviceLost(long nowUs) => _takenAtUs = -1;

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
