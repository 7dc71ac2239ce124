using Firmware.Core;

namespace Firmware.Peripherals;

/// <summary>
/// TI TMP117 contact thermometer: one temperature per second, 8 conversions averaged (the datasheet's setting for ASTM E1112).
/// The part has no checksum, so each result is read until two successive readings agree, and its configuration and its
/// offset are read back with it. Source for all registers: TI SNOSD82D; see README.md.
/// </summary>
public sealed class Tmp117 : I2cDriver, ITemperatureSource
{
    /// <summary>The address with ADD0 tied to ground. Source: TI SNOSD82D, Table 7-2; the others are 0x49 to 0x4B.</summary>
    public const int DefaultAddress = 0x48;

    /// <summary>Lower end of the published range, m°C. Source: TI SNOSD82D, 6.5: accuracy ±0.1 °C from -20 °C to 50 °C only.</summary>
    public const int MedicalMinimumMilliCelsius = -20_000;

    /// <summary>Upper end of the published range, m°C. Source: as for the lower end.</summary>
    public const int MedicalMaximumMilliCelsius = 50_000;

    /// <summary>Lower end of what the part can meet, m°C. Source: TI SNOSD82D, 6.3 Recommended Operating Conditions.</summary>
    public const int RatedMinimumMilliCelsius = -55_000;

    /// <summary>Upper end of what the part can meet, m°C. Source: TI SNOSD82D, 6.3.</summary>
    public const int RatedMaximumMilliCelsius = 150_000;

    /// <summary>The offset that the part must add, counts of 7.8125 m°C. Source: TI SNOSD82D, Temp_Offset register: 0 as delivered.</summary>
    public const int ExpectedOffsetCount = 0;

    /// <summary>
    /// The fastest change believed without a second reading, m°C per second.
    /// Assumption: a bare part moved from a room at 20 °C into skin contact at 37 °C with a time constant of 4 s begins at 4.3 °C/s.
    /// </summary>
    public const int JumpMilliCelsiusPerSecond = 5_000;

    /// <summary>From one result to the next, µs. Source: TI SNOSD82D, Table 7-7: CONV = 100 with 8 averages.</summary>
    public const int CycleUs = 1_000_000;

    /// <summary>No look for a new result before this, µs. Source: TI SNOSD82D, 6.5: conversion 13 ms at least where 15.5 ms is typical, so the part's clock may be 16 % fast.</summary>
    public const int EarliestCycleUs = 830_000;

    /// <summary>First look after the configuration was written, µs. Source: TI SNOSD82D, Table 7-7: 8 averages take 125 ms; 16 % faster at most.</summary>
    public const int FirstConversionUs = 104_000;

    /// <summary>From one look for a new result to the next, µs; the largest error of <see cref="SampledAtUs"/> when called in time.</summary>
    public const int LookIntervalUs = 20_000;

    /// <summary>Without a new result for this long the part has stopped, µs: two cycles of the slowest clock (one may be hidden by a disturbed status).</summary>
    public const int StallUs = 2_500_000;

    /// <summary>From soft reset to the first look, µs. Source: TI SNOSD82D, Configuration register, Soft_Reset: 2 ms.</summary>
    public const int ResetUs = 2_500;

    /// <summary>From one look at a resetting part to the next, µs.</summary>
    public const int ResetLookIntervalUs = 1_000;

    /// <summary>A reset that takes longer has failed, µs. Source: TI SNOSD82D, 6.5: power-up 1.5 ms and EEPROM programming 7 ms; twice their sum, and more.</summary>
    public const int ResetTimeoutUs = 20_000;

    /// <summary>Pause after a failed transaction, µs.</summary>
    public const int FaultPauseUs = 100_000;

    // The chosen settings are also the reset value 0x0220. The pin bit differs from it, so that a part that lost its supply shows.
    private const int WantedConfiguration = Tmp117Registers.ConversionCycleOneSecond | Tmp117Registers.Average8 | Tmp117Registers.DataReadyOnAlertPin;

    private int _word;
    private long _since;
    private bool _wasReadyAgain;
    private bool _hasPublished;
    private bool _hasSuppressed;
    private int _suppressedMilliCelsius;
    private long _suppressedAtUs;

    /// <summary>Stores. No I/O.</summary>
    /// <param name="port">The bus.</param>
    /// <param name="address">7-bit address, 0x48 to 0x4B.</param>
    public Tmp117(II2cPort port, int address)
        : base(port, address, FaultCode.Tmp117NotPresent, FaultCode.Tmp117BusFault, FaultPauseUs)
    {
    }

    /// <inheritdoc/>
    public override string PartName => PartNames.Tmp117;

    /// <summary>The last published result in counts of 7.8125 m°C, as read from the part. New after Ready only.</summary>
    public short TemperatureCount { get; private set; }

    /// <summary>The last published result in m°C, from <see cref="MedicalMinimumMilliCelsius"/> to <see cref="MedicalMaximumMilliCelsius"/>. New after Ready only.</summary>
    public int TemperatureMilliCelsius { get; private set; }

    /// <summary>
    /// When the last published result was found, monotonic µs. The conversion had ended at most <see cref="LookIntervalUs"/> earlier,
    /// plus the caller's delay; its 8 samples span the 125 ms before.
    /// </summary>
    public long SampledAtUs { get; private set; }

    /// <inheritdoc/>
    public override DriverResult Measure(long nowUs)
    {
        if (!IsMeasuring)
        {
            return FailUnconfigured(FaultCode.Tmp117ConfigurationLost, nowUs);
        }

        if (!ReadWord(Tmp117Registers.Configuration, out _word, nowUs))
        {
            return DriverResult.Failed;
        }

        if ((_word & Tmp117Registers.ConfigurationMask) != WantedConfiguration)
        {
            return FailUntilReset(AbsenceReason.SensorFault, FaultCode.Tmp117ConfigurationLost, nowUs);
        }

        if ((_word & Tmp117Registers.DataReady) == 0)
        {
            if (nowUs - _since > StallUs)
            {
                return FailUntilReset(AbsenceReason.SensorFault, FaultCode.Tmp117NoConversion, nowUs);
            }

            return Continue(nowUs + LookIntervalUs);
        }

        _since = nowUs;
        return MeasureResult(nowUs);
    }

    /// <inheritdoc/>
    protected override void Forget()
    {
        _hasPublished = false;
        _hasSuppressed = false;
    }

    /// <inheritdoc/>
    protected override DriverResult ProbeStep(int step, long nowUs)
    {
        switch (step)
        {
            case 0:
                return ProbeIdentity(nowUs);
            case 1:
                return ProbeReset(nowUs);
            case 2:
                return ProbeAwaitReset(step, nowUs);
            default:
                return ProbeConfigure(nowUs);
        }
    }

    // Two successive readings must agree. A conversion may end between the first and the second; none can end again before the
    // third, so then the second and the third agree and are the new result. If it is the first that the third agrees with, or neither, it was the bus.
    private DriverResult MeasureResult(long nowUs)
    {
        if (!ReadWord(Tmp117Registers.TempResult, out _word, nowUs))
        {
            return DriverResult.Failed;
        }

        int first = _word;
        if (!ReadWord(Tmp117Registers.TempResult, out _word, nowUs))
        {
            return DriverResult.Failed;
        }

        int result = _word;
        if (result != first)
        {
            if (!ReadWord(Tmp117Registers.TempResult, out _word, nowUs))
            {
                return DriverResult.Failed;
            }

            if (_word != result)
            {
                return Suppress(AbsenceReason.ChecksumMismatch, FaultCode.Tmp117ReadingsDisagree, nowUs);
            }
        }

        if (!IsOffsetExpected(nowUs))
        {
            return DriverResult.Failed;
        }

        // Reading has cleared the flag. If it stands again, either a conversion ended just now, once, or the part is hung and repeats itself.
        if (!ReadWord(Tmp117Registers.Configuration, out _word, nowUs))
        {
            return DriverResult.Failed;
        }

        if ((_word & Tmp117Registers.DataReady) != 0)
        {
            bool isHung = _wasReadyAgain;
            _wasReadyAgain = true;
            return isHung
                ? FailUntilReset(AbsenceReason.SensorFault, FaultCode.Tmp117NoConversion, nowUs)
                : Continue(nowUs + LookIntervalUs);
        }

        _wasReadyAgain = false;
        return result == Tmp117Registers.TempResultAtReset
            ? Suppress(AbsenceReason.NotSettled, FaultCode.Tmp117ResultAtReset, nowUs)
            : Validate(Tmp117Decoder.Count(result), nowUs);
    }

    private DriverResult Validate(short count, long nowUs)
    {
        int milliCelsius = Tmp117Decoder.MilliCelsius(count);
        if (milliCelsius < RatedMinimumMilliCelsius || milliCelsius > RatedMaximumMilliCelsius)
        {
            return Suppress(AbsenceReason.OutOfRange, FaultCode.Tmp117OutsideRating, nowUs);
        }

        if (milliCelsius < MedicalMinimumMilliCelsius || milliCelsius > MedicalMaximumMilliCelsius)
        {
            return Suppress(AbsenceReason.OutOfRange, FaultCode.Tmp117OutsideMedicalRange, nowUs);
        }

        bool believed = !_hasPublished
            || IsReachable(TemperatureMilliCelsius, SampledAtUs, milliCelsius, nowUs)
            || (_hasSuppressed && IsReachable(_suppressedMilliCelsius, _suppressedAtUs, milliCelsius, nowUs));
        if (!believed)
        {
            _hasSuppressed = true;
            _suppressedMilliCelsius = milliCelsius;
            _suppressedAtUs = nowUs;
            return Suppress(AbsenceReason.Unconfirmed, FaultCode.Tmp117JumpUnconfirmed, nowUs);
        }

        _hasSuppressed = false;
        _hasPublished = true;
        TemperatureCount = count;
        TemperatureMilliCelsius = milliCelsius;
        SampledAtUs = nowUs;
        return Succeed(nowUs + EarliestCycleUs);
    }

    private static bool IsReachable(int fromMilliCelsius, long fromUs, int toMilliCelsius, long toUs)
    {
        long elapsedUs = toUs - fromUs < CycleUs ? CycleUs : toUs - fromUs;
        long change = toMilliCelsius - fromMilliCelsius;
        return (change < 0 ? -change : change) * 1_000_000 <= elapsedUs * JumpMilliCelsiusPerSecond;
    }

    private DriverResult ProbeIdentity(long nowUs)
    {
        if (!ReadWord(Tmp117Registers.DeviceId, out _word, nowUs))
        {
            return DriverResult.Failed;
        }

        if ((_word & Tmp117Registers.DeviceIdMask) != Tmp117Registers.DeviceIdValue)
        {
            return FailUntilReset(AbsenceReason.WrongPart, FaultCode.Tmp117WrongPart, nowUs);
        }

        return EndProbeStep(nowUs);
    }

    private DriverResult ProbeReset(long nowUs)
    {
        if (!WriteWord(Tmp117Registers.Configuration, Tmp117Registers.SoftReset, nowUs))
        {
            return DriverResult.Failed;
        }

        _since = nowUs;
        return EndProbeStep(nowUs + ResetUs);
    }

    private DriverResult ProbeAwaitReset(int step, long nowUs)
    {
        bool answered = ReadWord(Tmp117Registers.Configuration, out _word, nowUs);
        if (answered && (_word & (Tmp117Registers.SoftReset | Tmp117Registers.EepromBusy)) == 0)
        {
            return EndProbeStep(nowUs);
        }

        return AwaitReset(step, answered, nowUs - _since > ResetTimeoutUs, FaultCode.Tmp117ResetTimeout, nowUs + ResetLookIntervalUs, nowUs);
    }

    private DriverResult ProbeConfigure(long nowUs)
    {
        if (!WriteWord(Tmp117Registers.Configuration, WantedConfiguration, nowUs) || !ReadWord(Tmp117Registers.Configuration, out _word, nowUs))
        {
            return DriverResult.Failed;
        }

        if ((_word & Tmp117Registers.ConfigurationMask) != WantedConfiguration)
        {
            return FailUntilReset(AbsenceReason.SensorFault, FaultCode.Tmp117ConfigurationRefused, nowUs);
        }

        if (!IsOffsetExpected(nowUs))
        {
            return DriverResult.Failed;
        }

        _wasReadyAgain = false;
        _since = nowUs;
        return EndProbe(nowUs + FirstConversionUs);
    }

    private bool IsOffsetExpected(long nowUs)
    {
        if (!ReadWord(Tmp117Registers.TempOffset, out _word, nowUs))
        {
            return false;
        }

        if (Tmp117Decoder.Count(_word) != ExpectedOffsetCount)
        {
            FailUntilReset(AbsenceReason.SensorFault, FaultCode.Tmp117OffsetUnexpected, nowUs);
            return false;
        }

        return true;
    }

    // This result is not published; the next one may be.
    private DriverResult Suppress(AbsenceReason reason, FaultCode code, long nowUs) => Fail(reason, code, nowUs + EarliestCycleUs);
}
