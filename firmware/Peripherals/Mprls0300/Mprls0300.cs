using Firmware.Core;

namespace Firmware.Peripherals;

/// <summary>
/// Honeywell MPRLS0300YG00001B, gauge pressure of 0 to 300 mmHg: 100 conversions a second, fewer at rest. The part has neither identity nor checksum: each answer is read twice
/// and must agree, every bit of its status must be as it should, and words that never change are not believed. See README.md.
/// </summary>
public sealed class Mprls0300 : I2cDriver, ICuffPressureSource
{
    /// <summary>The only address of this order code. Source: Honeywell 32332628, order guide.</summary>
    public const int DefaultAddress = 0x18;

    /// <summary>From one conversion's command to the next, µs.</summary>
    public const int PeriodUs = 10_000;

    /// <summary>The same while it rests, µs: 8 a second, so that an unplugged sensor is known within an eighth of one. Assumption.</summary>
    public const int RestPeriodUs = 125_000;

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

    /// <summary>A pressure below this is none, thousandths of mmHg. Assumption: no cuff is sucked empty.</summary>
    public const int LowestMilliMmHg = -15_000;

    /// <summary>A value at the transfer function's ends is confirmed by another conversion within this much of it, thousandths of mmHg. Assumption: what a cuff can do in 20 ms.</summary>
    public const int ConfirmMilliMmHg = 5_000;

    /// <summary>Pause after a failed transaction, µs: a conversion that may be under way has ended by then.</summary>
    public const int FaultPauseUs = 10_000;

    /// <summary>Pause after a command that was not acknowledged and after an answer that could not be read, µs: the part is as it was, and a cuff that holds pressure cannot wait long.</summary>
    public const int RetryUs = 2_000;

    /// <summary>
    /// So many commands in a row that no look finds the part busy after are a part that begins no conversion. One is none: a program that stood for the 5 ms of a conversion between command and look finds it
    /// done, and cannot tell it from a command that was not heard. All of them, with the pauses of a stalling program, stay within the 80 ms for which a cuff may be without a sample.
    /// </summary>
    public const int MaxUnseenConversions = 3;

    /// <summary>An answer that cannot be read for this long after its command is given up for a new conversion, µs.</summary>
    public const int AnswerUs = 20_000;

    private readonly byte[] _command = new byte[] { Mprls0300Registers.Measure, 0, 0 };
    private readonly byte[] _answer = new byte[4];
    private readonly byte[] _again = new byte[4];
    private bool _isConverting;
    private long _commandUs;
    private int _lastCounts;
    private int _equal;
    private int _unseen;
    private bool _hasSuppressed;
    private int _suppressedMilliMmHg;

    /// <summary>Stores. No I/O.</summary>
    /// <param name="port">The bus.</param>
    /// <param name="address">7-bit address, 0x18.</param>
    public Mprls0300(II2cPort port, int address)
        : base(port, address, FaultCode.Mprls0300NotPresent, FaultCode.Mprls0300BusFault, FaultPauseUs)
    {
    }

    /// <inheritdoc/>
    public override string PartName => PartNames.Mprls0300;

    /// <summary>The newest word, 24 bits. New after Ready only.</summary>
    public int Counts { get; private set; }

    /// <summary>The newest pressure by the nominal transfer function, thousandths of mmHg, neither zeroed nor calibrated. New after Ready only.</summary>
    public int PressureMilliMmHg { get; private set; }

    /// <summary>When its conversion ended, monotonic µs: the command's time and the typical duration.</summary>
    public long SampledAtUs { get; private set; }

    /// <inheritdoc/>
    public bool IsResting { get; set; }

    /// <inheritdoc/>
    public override void Restart()
    {
        _equal = 0;
        _lastCounts = -1;
        _hasSuppressed = false;
        _unseen = 0;
        base.Restart();
    }

    /// <inheritdoc/>
    public override DriverResult Measure(long nowUs)
    {
        if (!IsMeasuring)
        {
            return FailUnconfigured(FaultCode.Mprls0300NoConversion, nowUs);
        }

        if (!_isConverting)
        {
            return BeginConversion(nowUs);
        }

        _isConverting = false;
        if (!Read(_answer, 4, nowUs))
        {
            return RetryAnswer(nowUs);
        }

        if ((_answer[0] & Mprls0300Registers.Busy) != 0)
        {
            _isConverting = true;
            return AwaitConversion(nowUs);
        }

        if (!Read(_again, 4, nowUs))
        {
            return RetryAnswer(nowUs);
        }

        for (int i = 0; i < 4; i++)
        {
            if (_answer[i] != _again[i])
            {
                return Suppress(AbsenceReason.ChecksumMismatch, FaultCode.Mprls0300ReadingsDisagree);
            }
        }

        return Validate(nowUs);
    }

    /// <inheritdoc/>
    protected override DriverResult ProbeStep(int step, long nowUs)
    {
        switch (step)
        {
            case 0:
                return ProbeLook(nowUs);
            case 1:
                return Command(nowUs) ? EndProbeStep(nowUs) : DriverResult.Failed;
            case 2:
                return ProbeBusy(nowUs);
            default:
                return ProbeFirst(nowUs);
        }
    }

    private DriverResult ProbeLook(long nowUs)
    {
        if (!Read(_answer, 1, nowUs))
        {
            return DriverResult.Failed;
        }

        if ((_answer[0] & Mprls0300Registers.AlwaysZero) != 0 || (_answer[0] & Mprls0300Registers.Powered) == 0)
        {
            return FailUntilReset(AbsenceReason.WrongPart, FaultCode.Mprls0300WrongPart, nowUs);
        }

        // A conversion of before may still be under way, and its end would look like that of ours.
        return (_answer[0] & Mprls0300Registers.Busy) != 0 ? Continue(nowUs + LookIntervalUs) : EndProbeStep(nowUs);
    }

    // Right after the command a part of this family is busy, and nothing else is.
    private DriverResult ProbeBusy(long nowUs)
    {
        if (!Read(_answer, 1, nowUs))
        {
            return DriverResult.Failed;
        }

        return _answer[0] != (Mprls0300Registers.Powered | Mprls0300Registers.Busy)
            ? FailUntilReset(AbsenceReason.WrongPart, FaultCode.Mprls0300WrongPart, nowUs)
            : EndProbeStep(_commandUs + ConversionUs);
    }

    private DriverResult BeginConversion(long nowUs)
    {
        if (!Command(nowUs))
        {
            NextStepUs = nowUs + RetryUs;
            return DriverResult.Failed;
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
                _isConverting = true;
                _unseen = 0;
                return Continue(nowUs + ConversionUs);
            }
        }

        if (++_unseen < MaxUnseenConversions)
        {
            return Fail(AbsenceReason.BusFault, FaultCode.Mprls0300BusFault, nowUs + RetryUs);
        }

        return FailUntilReset(AbsenceReason.SensorFault, FaultCode.Mprls0300NoConversion, nowUs);
    }

    // The answer stands until the next command.
    private DriverResult RetryAnswer(long nowUs)
    {
        if (nowUs - _commandUs <= AnswerUs)
        {
            _isConverting = true;
            NextStepUs = nowUs + RetryUs;
        }

        return DriverResult.Failed;
    }

    private DriverResult ProbeFirst(long nowUs)
    {
        if (!Read(_answer, 4, nowUs))
        {
            return DriverResult.Failed;
        }

        if ((_answer[0] & Mprls0300Registers.Busy) != 0)
        {
            return AwaitConversion(nowUs);
        }

        if ((_answer[0] & ~Mprls0300Registers.MathSaturation) != Mprls0300Registers.Powered)
        {
            return FailUntilReset(AbsenceReason.SensorFault, StatusFault(), nowUs);
        }

        _isConverting = false;
        return EndProbe(nowUs);
    }

    private DriverResult AwaitConversion(long nowUs) => nowUs - _commandUs > ConversionTimeoutUs
        ? FailUntilReset(AbsenceReason.SensorFault, FaultCode.Mprls0300NoConversion, nowUs)
        : Continue(nowUs + LookIntervalUs);

    private FaultCode StatusFault() => (_answer[0] & Mprls0300Registers.MemoryIntegrityFailed) != 0
        ? FaultCode.Mprls0300MemoryFailed
        : FaultCode.Mprls0300StatusImplausible;

    private DriverResult Validate(long nowUs)
    {
        int status = _answer[0];
        if ((status & ~Mprls0300Registers.MathSaturation) != Mprls0300Registers.Powered)
        {
            return FailUntilReset(AbsenceReason.SensorFault, StatusFault(), nowUs);
        }

        int counts = Mprls0300Decoder.Counts(_answer);
        _equal = counts == _lastCounts ? _equal + 1 : 0;
        _lastCounts = counts;
        if ((status & Mprls0300Registers.MathSaturation) != 0 || counts > Mprls0300Decoder.FullScaleCounts)
        {
            return Suppress(AbsenceReason.Saturated, FaultCode.Mprls0300Saturated);
        }

        if (_equal + 1 >= FrozenWords)
        {
            return FailUntilReset(AbsenceReason.SensorFault, FaultCode.Mprls0300Frozen, nowUs);
        }

        int milliMmHg = Mprls0300Decoder.MilliMmHg(counts);
        if (milliMmHg < LowestMilliMmHg)
        {
            return Suppress(AbsenceReason.OutOfRange, FaultCode.Mprls0300BelowRange);
        }

        // What stands exactly at an end of the transfer function may be a substitute, not a measurement: a second conversion, at once, decides.
        if (!_hasSuppressed && (counts == Mprls0300Decoder.ZeroCounts || counts == Mprls0300Decoder.FullScaleCounts))
        {
            _hasSuppressed = true;
            _suppressedMilliMmHg = milliMmHg;
            return Continue(nowUs);
        }

        int away = milliMmHg - _suppressedMilliMmHg;
        bool isConfirmed = !_hasSuppressed || (away <= ConfirmMilliMmHg && -away <= ConfirmMilliMmHg);
        _hasSuppressed = false;
        if (!isConfirmed)
        {
            return Suppress(AbsenceReason.Unconfirmed, FaultCode.Mprls0300EndUnconfirmed);
        }

        Counts = counts;
        PressureMilliMmHg = milliMmHg;
        SampledAtUs = _commandUs + ConversionUs;
        return Succeed(NextCommandUs);
    }

    private long NextCommandUs => _commandUs + (IsResting ? RestPeriodUs : PeriodUs);

    private bool Command(long nowUs)
    {
        if (!Write(_command, nowUs))
        {
            return false;
        }

        _commandUs = nowUs;
        return true;
    }

    // This conversion is not published; the next one may be.
    private DriverResult Suppress(AbsenceReason reason, FaultCode code) => Fail(reason, code, NextCommandUs);
}
