using Firmware.Core;

namespace Firmware.Peripherals;

/// <summary>
/// Honeywell MPRLS0300YG00001B, gauge pressure of 0 to 300 mmHg: 100 conversions a second. The part has neither identity nor checksum: each answer is read twice
/// and must agree, every bit of its status must be as it should, and words that never change are not believed. See README.md.
/// </summary>
public sealed class Mprls0300 : IDriver
{
    /// <summary>The only address of this order code. Source: Honeywell 32332628, order guide.</summary>
    public const int DefaultAddress = 0x18;

    /// <summary>From one conversion's command to the next, µs.</summary>
    public const int PeriodUs = 10_000;

    /// <summary>From the command to the first look, µs. Source: Honeywell 32332628: 5 ms.</summary>
    public const int ConversionUs = 5_200;

    /// <summary>From one look at a busy part to the next, µs.</summary>
    public const int LookIntervalUs = 1_000;

    /// <summary>A conversion that takes longer has failed, µs: nearly twice what it should, so that a lost sensor is known long before 100 ms.</summary>
    public const int ConversionTimeoutUs = 9_800;

    /// <summary>
    /// As many equal words in a row are a part that hangs. The converter's noise is some tens of counts: the chance of ten equal ones is far below 10^-9.
    /// </summary>
    public const int FrozenWords = 8;

    /// <summary>A pressure below this is none, thousandths of mmHg. Guess: no cuff is sucked empty.</summary>
    public const int LowestMilliMmHg = -15_000;

    /// <summary>A value at the transfer function's ends is confirmed by another conversion within this much of it, thousandths of mmHg. Guess: what a cuff can do in 20 ms.</summary>
    public const int ConfirmMilliMmHg = 5_000;

    /// <summary>Pause after a failed transaction, µs.</summary>
    public const int FaultPauseUs = 10_000;

    private enum Stage : byte
    {
        Look,
        Command,
        BusyLook,
        First,
        Begin,
        Await,
        Lost,
    }

    private readonly II2cPort _port;
    private readonly int _address;
    private readonly byte[] _write = new byte[] { Mprls0300Registers.Measure, 0, 0 };
    private readonly byte[] _answer = new byte[4];
    private readonly byte[] _again = new byte[4];
    private Stage _stage;
    private long _commandUs;
    private int _lastCounts;
    private int _equal;
    private bool _hasWithheld;
    private int _withheldMilliMmHg;

    /// <summary>Stores; talks to nobody.</summary>
    /// <param name="port">The bus.</param>
    /// <param name="address">7-bit address, 0x18.</param>
    public Mprls0300(II2cPort port, int address)
    {
        _port = port;
        _address = address;
    }

    /// <inheritdoc/>
    public string PartName => "MPRLS0300";

    /// <inheritdoc/>
    public long NextStepUs { get; private set; }

    /// <inheritdoc/>
    public AbsenceReason Reason { get; private set; }

    /// <inheritdoc/>
    public FaultCode FaultCode { get; private set; }

    /// <summary>The newest word, 24 bits. New after Ready only.</summary>
    public int Counts { get; private set; }

    /// <summary>The newest pressure by the nominal transfer function, thousandths of mmHg, neither zeroed nor calibrated. New after Ready only.</summary>
    public int PressureMilliMmHg { get; private set; }

    /// <summary>When its conversion ended, monotonic µs: the command's time and the typical duration.</summary>
    public long SampledAtUs { get; private set; }

    /// <inheritdoc/>
    public void Restart()
    {
        _stage = Stage.Look;
        _equal = 0;
        _lastCounts = -1;
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
            case Stage.Command:
                return Command(Stage.BusyLook, nowUs, nowUs);
            case Stage.BusyLook:
                // Right after the command a part of this family is busy, and nothing else is.
                if (!Read(_answer, 1, nowUs))
                {
                    return DriverResult.Failed;
                }

                if (_answer[0] != (Mprls0300Registers.Powered | Mprls0300Registers.Busy))
                {
                    return Lose(AbsenceReason.WrongPart, FaultCode.Mprls0300WrongPart, nowUs);
                }

                _stage = Stage.First;
                return Continue(_commandUs + ConversionUs);
            case Stage.First:
                return ProbeFirst(nowUs);
            default:
                _stage = Stage.Look;
                if (!Read(_answer, 1, nowUs))
                {
                    return DriverResult.Failed;
                }

                if ((_answer[0] & Mprls0300Registers.AlwaysZero) != 0 || (_answer[0] & Mprls0300Registers.Powered) == 0)
                {
                    return Lose(AbsenceReason.WrongPart, FaultCode.Mprls0300WrongPart, nowUs);
                }

                // A conversion of before may still be under way, and its end would look like that of ours.
                if ((_answer[0] & Mprls0300Registers.Busy) != 0)
                {
                    return Continue(nowUs + LookIntervalUs);
                }

                _stage = Stage.Command;
                return Continue(nowUs);
        }
    }

    /// <inheritdoc/>
    public DriverResult Measure(long nowUs)
    {
        if (_stage == Stage.Begin)
        {
            return BeginConversion(nowUs);
        }

        if (_stage != Stage.Await)
        {
            AbsenceReason reason = Reason == AbsenceReason.None ? AbsenceReason.SensorFault : Reason;
            return Lose(reason, FaultCode == FaultCode.None ? FaultCode.Mprls0300NoConversion : FaultCode, nowUs);
        }

        if (!Read(_answer, 4, nowUs))
        {
            return DriverResult.Failed;
        }

        if ((_answer[0] & Mprls0300Registers.Busy) != 0)
        {
            return nowUs - _commandUs > ConversionTimeoutUs
                ? Lose(AbsenceReason.SensorFault, FaultCode.Mprls0300NoConversion, nowUs)
                : Continue(nowUs + LookIntervalUs);
        }

        if (!Read(_again, 4, nowUs))
        {
            return DriverResult.Failed;
        }

        _stage = Stage.Begin;
        for (int i = 0; i < 4; i++)
        {
            if (_answer[i] != _again[i])
            {
                return Withhold(AbsenceReason.ChecksumMismatch, FaultCode.Mprls0300ReadingsDisagree);
            }
        }

        return Judge(nowUs);
    }

    private DriverResult BeginConversion(long nowUs)
    {
        DriverResult result = Command(Stage.Await, nowUs, nowUs + ConversionUs);
        if (result == DriverResult.Failed)
        {
            return result;
        }

        // A part that does not turn busy has begun no conversion: its word would be an old one. One flipped bit is not believed.
        for (int look = 0; look < 2; look++)
        {
            if (!Read(_answer, 1, nowUs))
            {
                return DriverResult.Failed;
            }

            if ((_answer[0] & Mprls0300Registers.Busy) != 0)
            {
                return result;
            }
        }

        return Lose(AbsenceReason.SensorFault, FaultCode.Mprls0300NoConversion, nowUs);
    }

    private DriverResult ProbeFirst(long nowUs)
    {
        if (!Read(_answer, 4, nowUs))
        {
            return DriverResult.Failed;
        }

        if ((_answer[0] & Mprls0300Registers.Busy) != 0)
        {
            return nowUs - _commandUs > ConversionTimeoutUs
                ? Lose(AbsenceReason.SensorFault, FaultCode.Mprls0300NoConversion, nowUs)
                : Continue(nowUs + LookIntervalUs);
        }

        if ((_answer[0] & ~Mprls0300Registers.MathSaturation) != Mprls0300Registers.Powered)
        {
            return Lose(AbsenceReason.SensorFault, StatusFault(), nowUs);
        }

        _stage = Stage.Begin;
        Continue(nowUs);
        return DriverResult.Ready;
    }

    private FaultCode StatusFault() => (_answer[0] & Mprls0300Registers.MemoryIntegrityFailed) != 0
        ? FaultCode.Mprls0300MemoryFailed
        : FaultCode.Mprls0300StatusImplausible;

    private DriverResult Judge(long nowUs)
    {
        int status = _answer[0];
        if ((status & ~Mprls0300Registers.MathSaturation) != Mprls0300Registers.Powered)
        {
            return Lose(AbsenceReason.SensorFault, StatusFault(), nowUs);
        }

        int counts = Mprls0300Decoder.Counts(_answer);
        _equal = counts == _lastCounts ? _equal + 1 : 0;
        _lastCounts = counts;
        if ((status & Mprls0300Registers.MathSaturation) != 0 || counts > Mprls0300Decoder.FullScaleCounts)
        {
            return Withhold(AbsenceReason.Saturated, FaultCode.Mprls0300Saturated);
        }

        if (_equal + 1 >= FrozenWords)
        {
            return Lose(AbsenceReason.SensorFault, FaultCode.Mprls0300Frozen, nowUs);
        }

        int milliMmHg = Mprls0300Decoder.MilliMmHg(counts);
        if (milliMmHg < LowestMilliMmHg)
        {
            return Withhold(AbsenceReason.OutOfRange, FaultCode.Mprls0300BelowRange);
        }

        // What stands exactly at an end of the transfer function may be a substitute, not a measurement: a second conversion, at once, decides.
        if (!_hasWithheld && (counts == Mprls0300Decoder.ZeroCounts || counts == Mprls0300Decoder.FullScaleCounts))
        {
            _hasWithheld = true;
            _withheldMilliMmHg = milliMmHg;
            return Continue(nowUs);
        }

        int away = milliMmHg - _withheldMilliMmHg;
        bool isConfirmed = !_hasWithheld || (away <= ConfirmMilliMmHg && -away <= ConfirmMilliMmHg);
        _hasWithheld = false;
        if (!isConfirmed)
        {
            return Withhold(AbsenceReason.Unconfirmed, FaultCode.Mprls0300EndUnconfirmed);
        }

        Counts = counts;
        PressureMilliMmHg = milliMmHg;
        SampledAtUs = _commandUs + ConversionUs;
        Reason = AbsenceReason.None;
        FaultCode = FaultCode.None;
        NextStepUs = _commandUs + PeriodUs;
        return DriverResult.Ready;
    }

    private DriverResult Command(Stage next, long nowUs, long nextStepUs)
    {
        I2cStatus status = _port.WriteRead(_address, _write, 0, 3, _answer, 0, 0);
        if (status != I2cStatus.Ok)
        {
            return BusFailed(status, nowUs);
        }

        _commandUs = nowUs;
        _stage = next;
        return Continue(nextStepUs);
    }

    private bool Read(byte[] into, int count, long nowUs)
    {
        I2cStatus status = _port.WriteRead(_address, _write, 0, 0, into, 0, count);
        if (status == I2cStatus.Ok)
        {
            return true;
        }

        BusFailed(status, nowUs);
        return false;
    }

    private DriverResult BusFailed(I2cStatus status, long nowUs)
    {
        bool isAbsent = status == I2cStatus.AddressNack;
        bool isMeasuring = _stage == Stage.Begin || _stage == Stage.Await;
        _stage = isMeasuring ? Stage.Begin : Stage.Look;
        return Fail(
            isAbsent ? AbsenceReason.NotPresent : AbsenceReason.BusFault,
            isAbsent ? FaultCode.Mprls0300NotPresent : FaultCode.Mprls0300BusFault,
            nowUs + FaultPauseUs);
    }

    private DriverResult Continue(long nextStepUs)
    {
        Reason = AbsenceReason.None;
        FaultCode = FaultCode.None;
        NextStepUs = nextStepUs;
        return DriverResult.Working;
    }

    // This conversion is not published; the next one may be.
    private DriverResult Withhold(AbsenceReason reason, FaultCode code) => Fail(reason, code, _commandUs + PeriodUs);

    // Nothing is published before the next probe.
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
