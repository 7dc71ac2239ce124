using Firmware.Core;

namespace Firmware.Peripherals;

/// <summary>
/// SunTech's OEM module for blood pressure on a serial line. It measures by itself; this driver starts, watches and aborts it, and believes a result only when it is proven to be of this
/// measurement. One question at a time; a start is never repeated, an abort until the cuff is empty. See README.md.
/// </summary>
public sealed partial class SunTechNibp : Driver, IBloodPressureModule
{
    /// <summary>From one question for the cuff's pressure to the next, µs. Source: the maker's host program, 500 ms.</summary>
    public const int PressureAskedEveryUs = 500_000;

    /// <summary>From one question for the result to the next, µs. Source: the same, 2,000 ms.</summary>
    public const int ResultPeriodUs = 2_000_000;

    /// <summary>An answer that does not come within this time does not come, µs. Assumption: the longest, 67 bytes, takes 70 ms on the line.</summary>
    public const int AnswerTimeoutUs = 400_000;

    /// <summary>Silence behind a lost or damaged answer before the next question, µs: a late answer must not be taken for the next one's.</summary>
    public const int QuietUs = 600_000;

    /// <summary>From one look at the line to the next, µs.</summary>
    public const int LookUs = 10_000;

    /// <summary>Questions without an answer, in a row, after which nobody is there.</summary>
    public const int UnansweredLimit = 3;

    /// <summary>The highest first inflation that is asked for, mmHg. Source: IEC 80601-2-30, 201.12.4.105 (300 mmHg), less 20.</summary>
    public const int HighestInflationMmHg = 280;

    /// <summary>A measurement is aborted above this pressure, mmHg. Source: IEC 80601-2-30, 201.12.4.105.</summary>
    public const int HighestMmHg = 300;

    /// <summary>The cuff counts as empty below this pressure, mmHg. Source: IEC 80601-2-30, 201.12.1.107.</summary>
    public const int EmptyMmHg = 15;

    /// <summary>Longest measurement, µs. Source: IEC 80601-2-30, 201.12.1.107 (180 s), less 10 s to empty.</summary>
    public const int LongestRunUs = 170_000_000;

    /// <summary>A measurement without this pressure after <see cref="NoPressureUs"/> has not begun, mmHg.</summary>
    public const int BegunMmHg = 20;

    /// <summary>See <see cref="BegunMmHg"/>, µs. Assumption.</summary>
    public const int NoPressureUs = 12_000_000;

    /// <summary>Without the cuff's pressure for this long the module is aborted, µs: four questions.</summary>
    public const int PressureLostUs = 2_000_000;

    /// <summary>The cuff must be empty this long after the end, µs. Source: IEC 80601-2-30, 201.12.1.107.</summary>
    public const int EmptyUs = 10_000_000;

    /// <summary>From one abort to the next until the cuff is empty, µs.</summary>
    public const int AbortPeriodUs = 500_000;

    private const int MinMmHg = -20;
    private const int MaxMmHg = 400;

    private enum Question : byte
    {
        None,
        Abort,
        Information,
        Pressure,
        Result,
        Inflation,
        Start,
    }

    private readonly ISerialPort _port;
    private readonly byte[] _out = new byte[8];
    private readonly byte[] _in = new byte[2 * SunTechNibpProtocol.MaxLength];
    private Question _question;
    private int _received;
    private long _askedUs;
    private long _quietUntilUs;
    private int _unanswered;
    private bool _abortDue;
    private bool _isProbed;
    private bool _isAborted;
    private long _pressureAskedUs;
    private long _resultAskedUs;
    private long _pressureUs;
    private bool _isSettling;

    /// <summary>Stores. No I/O.</summary>
    /// <param name="port">The line, 9,600 baud, 8N1.</param>
    public SunTechNibp(ISerialPort port) => _port = port;

    /// <inheritdoc/>
    public override string PartName => PartNames.SunTechNibp;

    /// <summary>The newest cuff pressure, mmHg. New after Ready only.</summary>
    public int PressureMmHg { get; private set; }

    /// <summary>When it came, monotonic µs.</summary>
    public long SampledAtUs { get; private set; }

    /// <inheritdoc/>
    public int PressurePeriodUs => PressureAskedEveryUs;

    /// <inheritdoc/>
    public int StopPeriodUs => AbortPeriodUs;

    /// <inheritdoc/>
    public override void Restart()
    {
        _question = Question.None;
        _received = 0;
        _unanswered = 0;
        _quietUntilUs = 0;
        _isProbed = false;
        _isAborted = false;
        _abortDue = false;
        Forget();
        Continue(0);
    }

    /// <inheritdoc/>
    public override DriverResult Probe(long nowUs)
    {
        if (_question == Question.None)
        {
            // A module may still be measuring for a pod that was restarted: first of all it deflates.
            return Ask(_isAborted ? Question.Information : Question.Abort, nowUs);
        }

        DriverResult result = Listen(nowUs);
        return result == DriverResult.Ready && !_isProbed ? DriverResult.Working : result;
    }

    /// <inheritdoc/>
    public override DriverResult Measure(long nowUs)
    {
        if (!_isProbed)
        {
            return Fail(Reason == AbsenceReason.None ? AbsenceReason.NotPresent : Reason, FaultCode == FaultCode.None ? FaultCode.SunTechNotPresent : FaultCode, nowUs + LookUs);
        }

        Watch(nowUs);
        if (_abortDue && _question != Question.Abort)
        {
            return Ask(Question.Abort, nowUs);
        }

        return _question == Question.None ? AskNext(nowUs) : Listen(nowUs);
    }

    private DriverResult AskNext(long nowUs)
    {
        if (nowUs < _quietUntilUs)
        {
            Drain();
            return Continue(_quietUntilUs);
        }

        if (Phase == NibpPhase.Prepare)
        {
            return Ask(!_hasBaseline ? Question.Result : !_isInflationSet ? Question.Inflation : Question.Start, nowUs);
        }

        if (Phase == NibpPhase.Run && nowUs - _resultAskedUs >= ResultPeriodUs)
        {
            return Ask(Question.Result, nowUs);
        }

        if (nowUs - _pressureAskedUs >= PressureAskedEveryUs)
        {
            return Ask(Question.Pressure, nowUs);
        }

        long next = _pressureAskedUs + PressureAskedEveryUs;
        long soon = nowUs + (2 * LookUs); // a request to start or to abort does not wait for the next question
        return Continue(next < soon ? next : soon);
    }

    private DriverResult Ask(Question question, long nowUs)
    {
        Drain();
        int count = 0;
        _out[count++] = SunTechNibpProtocol.HostStart;
        switch (question)
        {
            case Question.Information:
                _out[count++] = SunTechNibpProtocol.ModuleInformation;
                break;
            case Question.Inflation:
                _out[count++] = SunTechNibpProtocol.SetInflation;
                _out[count++] = (byte)_inflationMmHg;
                _out[count++] = (byte)(_inflationMmHg >> 8);
                break;
            case Question.Start:
                _out[count++] = _patient == NibpPatient.Pediatric ? SunTechNibpProtocol.StartPediatric : SunTechNibpProtocol.StartAdult;
                break;
            default:
                _out[count++] = SunTechNibpProtocol.Query;
                _out[count++] = question == Question.Abort ? SunTechNibpProtocol.Abort
                    : question == Question.Pressure ? SunTechNibpProtocol.CuffPressure : SunTechNibpProtocol.Result;
                _out[count++] = 0;
                break;
        }

        count = SunTechNibpProtocol.Seal(_out, count);
        if (!_port.TryWrite(_out, 0, count))
        {
            _question = Question.None;
            return Fail(AbsenceReason.BusFault, FaultCode.SunTechLineFailed, nowUs + LookUs);
        }

        _question = question;
        _askedUs = nowUs;
        _received = 0;
        if (question == Question.Pressure)
        {
            _pressureAskedUs = nowUs;
        }
        else if (question == Question.Result)
        {
            _resultAskedUs = nowUs;
        }
        else if (question == Question.Start)
        {
            // Whatever becomes of the answer: from here on the module may inflate.
            Begin(nowUs);
        }
        else if (question == Question.Abort)
        {
            _abortDue = false;
            _abortedUs = nowUs;
        }

        return Continue(nowUs + LookUs);
    }

    private DriverResult Listen(long nowUs)
    {
        int room = _in.Length - _received;
        int count = room == 0 ? 0 : _port.Read(_in, _received, room);
        if (count < 0)
        {
            _question = Question.None;
            return Fail(AbsenceReason.BusFault, FaultCode.SunTechLineFailed, nowUs + LookUs);
        }

        _received += count;
        int at = 0;
        while (at < _received)
        {
            int left = _received - at;
            if (_in[at] != SunTechNibpProtocol.ModuleStart || (left > 1 && !SunTechNibpDecoder.IsLength(_in[at + 1])))
            {
                at++;
                continue;
            }

            if (left < 2 || left < _in[at + 1])
            {
                break;
            }

            Shift(at);
            at = 0;
            int length = _in[1];
            if (!SunTechNibpDecoder.IsProven(_in, length))
            {
                // A frame that is damaged says nothing, not even which one it was.
                return FallSilent(AbsenceReason.ChecksumMismatch, FaultCode.SunTechBadFrame, nowUs);
            }

            if (length == LengthOf(_question))
            {
                return Answer(length, nowUs);
            }

            Shift(length); // what nobody asked for
        }

        Shift(at);
        if (nowUs - _askedUs <= AnswerTimeoutUs)
        {
            return Continue(nowUs + LookUs);
        }

        _unanswered++;
        if (_unanswered < UnansweredLimit)
        {
            return FallSilent(AbsenceReason.BusFault, FaultCode.SunTechNoAnswer, nowUs);
        }

        _question = Question.None;
        _isProbed = false;
        return Fail(AbsenceReason.NotPresent, FaultCode.SunTechNotPresent, nowUs + QuietUs);
    }

    private static int LengthOf(Question question) => question == Question.Information ? SunTechNibpProtocol.InformationLength
        : question == Question.Pressure ? SunTechNibpProtocol.PressureLength
        : question == Question.Result ? SunTechNibpProtocol.ResultLength
        : SunTechNibpProtocol.ReplyLength;

    private DriverResult Answer(int length, long nowUs)
    {
        Question question = _question;
        _question = Question.None;
        _unanswered = 0;
        if (_received > length)
        {
            // More than was asked for: one of the two is not the answer, and nothing tells which.
            return FallSilent(AbsenceReason.ChecksumMismatch, FaultCode.SunTechBadFrame, nowUs);
        }

        switch (question)
        {
            case Question.Information:
                _isProbed = true;
                _pressureUs = nowUs;
                Settle(nowUs);
                Continue(nowUs);
                return DriverResult.Ready;
            case Question.Pressure:
                int pressure = SunTechNibpDecoder.PressureMmHg(_in);
                if (pressure < MinMmHg || pressure > MaxMmHg)
                {
                    return Fail(AbsenceReason.OutOfRange, FaultCode.SunTechImplausible, nowUs + LookUs);
                }

                PressureMmHg = pressure;
                SampledAtUs = nowUs;
                _pressureUs = nowUs;
                TakePressure(nowUs);
                Continue(nowUs + LookUs);
                return DriverResult.Ready;
            case Question.Result:
                return TakeResult(nowUs);
            default:
                return TakeReply(question, _in[2], nowUs);
        }
    }

    // The first bytes are done with.
    private void Shift(int count)
    {
        if (count == 0)
        {
            return;
        }

        for (int i = count; i < _received; i++)
        {
            _in[i - count] = _in[i];
        }

        _received -= count;
    }

    private void Drain()
    {
        for (int i = 0; i < 4 && _port.Read(_in, 0, _in.Length) > 0; i++)
        {
        }

        _received = 0;
    }

    private DriverResult FallSilent(AbsenceReason reason, FaultCode code, long nowUs)
    {
        _question = Question.None;
        _quietUntilUs = nowUs + QuietUs;
        return Fail(reason, code, _quietUntilUs);
    }
}
