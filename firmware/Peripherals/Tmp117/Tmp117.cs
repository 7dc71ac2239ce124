using Firmware.Core;

namespace Firmware.Peripherals;

/// <summary>
/// TI TMP117 contact thermometer: one temperature per second, 8 conversions averaged (the datasheet's setting for ASTM E1112).
/// The part has no checksum, so each result is read until two successive readings agree, and its configuration and its
/// offset are read back with it. Source for all registers: TI SNOSD82D; see README.md.
/// </summary>
public sealed class Tmp117 : IDriver
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
    /// Guess: a bare part moved from a room at 20 °C into skin contact at 37 °C with a time constant of 4 s begins at 4.3 °C/s.
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

    private enum Stage : byte
    {
        Identity,
        Reset,
        AwaitReset,
        Configure,
        Measuring,
        Lost,
    }

    private readonly II2cPort _port;
    private readonly int _address;
    private readonly byte[] _write = new byte[3];
    private readonly byte[] _read = new byte[2];
    private Stage _stage;
    private int _word;
    private long _since;
    private bool _wasReadyAgain;
    private bool _hasPublished;
    private bool _hasWithheld;
    private int _withheldMilliCelsius;
    private long _withheldAtUs;

    /// <summary>Stores; talks to nobody.</summary>
    /// <param name="port">The bus.</param>
    /// <param name="address">7-bit address, 0x48 to 0x4B.</param>
    public Tmp117(II2cPort port, int address)
    {
        _port = port;
        _address = address;
    }

    /// <inheritdoc/>
    public string PartName => "TMP117";

    /// <inheritdoc/>
    public long NextStepUs { get; private set; }

    /// <inheritdoc/>
    public AbsenceReason Reason { get; private set; }

    /// <inheritdoc/>
    public FaultCode FaultCode { get; private set; }

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
    public void Restart()
    {
        _stage = Stage.Identity;
        _hasPublished = false;
        _hasWithheld = false;
        Reason = AbsenceReason.None;
        FaultCode = FaultCode.None;
        NextStepUs = 0;
    }

    /// <inheritdoc/>
    public DriverResult Probe(long nowUs)
    {
        switch (_stage)
        {
            case Stage.Reset:
                return ProbeReset(nowUs);
            case Stage.AwaitReset:
                return ProbeAwaitReset(nowUs);
            case Stage.Configure:
                return ProbeConfigure(nowUs);
            default:
                _hasPublished = false;
                _hasWithheld = false;
                return ProbeIdentity(nowUs);
        }
    }

    /// <inheritdoc/>
    public DriverResult Measure(long nowUs)
    {
        if (_stage != Stage.Measuring)
        {
            AbsenceReason reason = Reason == AbsenceReason.None ? AbsenceReason.SensorFault : Reason;
            FaultCode code = FaultCode == FaultCode.None ? FaultCode.Tmp117ConfigurationLost : FaultCode;
            return Lose(reason, code, nowUs);
        }

        if (!ReadWord(Tmp117Registers.Configuration, nowUs))
        {
            return DriverResult.Failed;
        }

        if ((_word & Tmp117Registers.ConfigurationMask) != WantedConfiguration)
        {
            return Lose(AbsenceReason.SensorFault, FaultCode.Tmp117ConfigurationLost, nowUs);
        }

        if ((_word & Tmp117Registers.DataReady) == 0)
        {
            if (nowUs - _since > StallUs)
            {
                return Lose(AbsenceReason.SensorFault, FaultCode.Tmp117NoConversion, nowUs);
            }

            return Continue(nowUs + LookIntervalUs);
        }

        _since = nowUs;
        return MeasureResult(nowUs);
    }

    // Two successive readings must agree. A conversion may end between the first and the second; none can end again before the
    // third, so then the second and the third agree and are the new result. If it is the first that the third agrees with, or neither, it was the bus.
    private DriverResult MeasureResult(long nowUs)
    {
        if (!ReadWord(Tmp117Registers.TempResult, nowUs))
        {
            return DriverResult.Failed;
        }

        int first = _word;
        if (!ReadWord(Tmp117Registers.TempResult, nowUs))
        {
            return DriverResult.Failed;
        }

        int result = _word;
        if (result != first)
        {
            if (!ReadWord(Tmp117Registers.TempResult, nowUs))
            {
                return DriverResult.Failed;
            }

            if (_word != result)
            {
                return Withhold(AbsenceReason.ChecksumMismatch, FaultCode.Tmp117ReadingsDisagree, nowUs);
            }
        }

        if (!IsOffsetExpected(nowUs))
        {
            return DriverResult.Failed;
        }

        // Reading has cleared the flag. If it stands again, either a conversion ended just now, once, or the part is hung and repeats itself.
        if (!ReadWord(Tmp117Registers.Configuration, nowUs))
        {
            return DriverResult.Failed;
        }

        if ((_word & Tmp117Registers.DataReady) != 0)
        {
            bool isHung = _wasReadyAgain;
            _wasReadyAgain = true;
            return isHung
                ? Lose(AbsenceReason.SensorFault, FaultCode.Tmp117NoConversion, nowUs)
                : Continue(nowUs + LookIntervalUs);
        }

        _wasReadyAgain = false;
        return result == Tmp117Registers.TempResultAtReset
            ? Withhold(AbsenceReason.NotSettled, FaultCode.Tmp117ResultAtReset, nowUs)
            : Judge(Tmp117Decoder.Count(result), nowUs);
    }

    private DriverResult Judge(short count, long nowUs)
    {
        int milliCelsius = Tmp117Decoder.MilliCelsius(count);
        if (milliCelsius < RatedMinimumMilliCelsius || milliCelsius > RatedMaximumMilliCelsius)
        {
            return Withhold(AbsenceReason.OutOfRange, FaultCode.Tmp117OutsideRating, nowUs);
        }

        if (milliCelsius < MedicalMinimumMilliCelsius || milliCelsius > MedicalMaximumMilliCelsius)
        {
            return Withhold(AbsenceReason.OutOfRange, FaultCode.Tmp117OutsideMedicalRange, nowUs);
        }

        bool believed = !_hasPublished
            || IsReachable(TemperatureMilliCelsius, SampledAtUs, milliCelsius, nowUs)
            || (_hasWithheld && IsReachable(_withheldMilliCelsius, _withheldAtUs, milliCelsius, nowUs));
        if (!believed)
        {
            _hasWithheld = true;
            _withheldMilliCelsius = milliCelsius;
            _withheldAtUs = nowUs;
            return Withhold(AbsenceReason.Unconfirmed, FaultCode.Tmp117JumpUnconfirmed, nowUs);
        }

        _hasWithheld = false;
        _hasPublished = true;
        TemperatureCount = count;
        TemperatureMilliCelsius = milliCelsius;
        SampledAtUs = nowUs;
        Reason = AbsenceReason.None;
        FaultCode = FaultCode.None;
        NextStepUs = nowUs + EarliestCycleUs;
        return DriverResult.Ready;
    }

    private static bool IsReachable(int fromMilliCelsius, long fromUs, int toMilliCelsius, long toUs)
    {
        long elapsedUs = toUs - fromUs < CycleUs ? CycleUs : toUs - fromUs;
        long change = toMilliCelsius - fromMilliCelsius;
        return (change < 0 ? -change : change) * 1_000_000 <= elapsedUs * JumpMilliCelsiusPerSecond;
    }

    private DriverResult ProbeIdentity(long nowUs)
    {
        if (!ReadWord(Tmp117Registers.DeviceId, nowUs))
        {
            return DriverResult.Failed;
        }

        if ((_word & Tmp117Registers.DeviceIdMask) != Tmp117Registers.DeviceIdValue)
        {
            return Lose(AbsenceReason.WrongPart, FaultCode.Tmp117WrongPart, nowUs);
        }

        _stage = Stage.Reset;
        return Continue(nowUs);
    }

    private DriverResult ProbeReset(long nowUs)
    {
        if (!WriteWord(Tmp117Registers.Configuration, Tmp117Registers.SoftReset, nowUs))
        {
            return DriverResult.Failed;
        }

        _stage = Stage.AwaitReset;
        _since = nowUs;
        return Continue(nowUs + ResetUs);
    }

    private DriverResult ProbeAwaitReset(long nowUs)
    {
        bool answered = ReadWord(Tmp117Registers.Configuration, nowUs);
        if (answered && (_word & (Tmp117Registers.SoftReset | Tmp117Registers.EepromBusy)) == 0)
        {
            _stage = Stage.Configure;
            return Continue(nowUs);
        }

        if (nowUs - _since > ResetTimeoutUs)
        {
            return answered ? Lose(AbsenceReason.SensorFault, FaultCode.Tmp117ResetTimeout, nowUs) : DriverResult.Failed;
        }

        if (!answered && Reason != AbsenceReason.NotPresent)
        {
            return DriverResult.Failed;
        }

        // A part in reset need not answer its address.
        _stage = Stage.AwaitReset;
        return Continue(nowUs + ResetLookIntervalUs);
    }

    private DriverResult ProbeConfigure(long nowUs)
    {
        if (!WriteWord(Tmp117Registers.Configuration, WantedConfiguration, nowUs) || !ReadWord(Tmp117Registers.Configuration, nowUs))
        {
            return DriverResult.Failed;
        }

        if ((_word & Tmp117Registers.ConfigurationMask) != WantedConfiguration)
        {
            return Lose(AbsenceReason.SensorFault, FaultCode.Tmp117ConfigurationRefused, nowUs);
        }

        if (!IsOffsetExpected(nowUs))
        {
            return DriverResult.Failed;
        }

        _stage = Stage.Measuring;
        _wasReadyAgain = false;
        _since = nowUs;
        Continue(nowUs + FirstConversionUs);
        return DriverResult.Ready;
    }

    private bool IsOffsetExpected(long nowUs)
    {
        if (!ReadWord(Tmp117Registers.TempOffset, nowUs))
        {
            return false;
        }

        if (Tmp117Decoder.Count(_word) != ExpectedOffsetCount)
        {
            Lose(AbsenceReason.SensorFault, FaultCode.Tmp117OffsetUnexpected, nowUs);
            return false;
        }

        return true;
    }

    private bool ReadWord(byte register, long nowUs)
    {
        _write[0] = register;
        I2cStatus status = _port.WriteRead(_address, _write, 0, 1, _read, 0, 2);
        if (status != I2cStatus.Ok)
        {
            return BusFailed(status, nowUs);
        }

        _word = Tmp117Decoder.Word(_read, 0);
        return true;
    }

    private bool WriteWord(byte register, int word, long nowUs)
    {
        _write[0] = register;
        _write[1] = (byte)(word >> 8);
        _write[2] = (byte)word;
        I2cStatus status = _port.WriteRead(_address, _write, 0, 3, _read, 0, 0);
        return status == I2cStatus.Ok || BusFailed(status, nowUs);
    }

    private bool BusFailed(I2cStatus status, long nowUs)
    {
        bool isAbsent = status == I2cStatus.AddressNack;
        if (_stage != Stage.Measuring)
        {
            _stage = Stage.Identity;
        }

        Fail(isAbsent ? AbsenceReason.NotPresent : AbsenceReason.BusFault, isAbsent ? FaultCode.Tmp117NotPresent : FaultCode.Tmp117BusFault, nowUs + FaultPauseUs);
        return false;
    }

    private DriverResult Continue(long nextStepUs)
    {
        Reason = AbsenceReason.None;
        FaultCode = FaultCode.None;
        NextStepUs = nextStepUs;
        return DriverResult.Working;
    }

    /// <summary>This result is not published; the next one may be.</summary>
    private DriverResult Withhold(AbsenceReason reason, FaultCode code, long nowUs) => Fail(reason, code, nowUs + EarliestCycleUs);

    /// <summary>The part is no longer what was probed; only a new probe brings it back.</summary>
    private DriverResult Lose(AbsenceReason reason, FaultCode code, long nowUs)
    {
        _stage = Stage.Lost;
        return Fail(reason, code, nowUs + FaultPauseUs);
    }

    private DriverResult Fail(AbsenceReason reason, FaultCode code, long nextStepUs)
    {
        Reason = reason;
        FaultCode = code;
        NextStepUs = nextStepUs;
        return DriverResult.Failed;
    }
}
