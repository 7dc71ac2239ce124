using Firmware.Core;

namespace Firmware.Peripherals;

/// <content>One measurement of the module: started once, watched by pressure and time, aborted until the cuff is empty.</content>
public sealed partial class SunTechNibp
{
    private NibpPatient _patient;
    private int _inflationMmHg;
    private bool _hasBaseline;
    private bool _isInflationSet;
    private bool _sawNotReady;
    private bool _hasRisen;
    private long _startedUs;
    private long _endedUs;
    private long _abortedUs;
    private AbsenceReason _endReason;
    private FaultCode _endFault;

    /// <summary>Where a measurement stands.</summary>
    public NibpPhase Phase { get; private set; }

    /// <summary>Measurements that have ended, with a value or a reason. The members below belong to the last.</summary>
    public int Outcomes { get; private set; }

    /// <summary>Why there is no value; None for a value.</summary>
    public AbsenceReason OutcomeReason { get; private set; }

    /// <summary>The code of what happened; None for a value and for a stop.</summary>
    public FaultCode OutcomeFault { get; private set; }

    /// <summary>Systolic pressure, mmHg.</summary>
    public int SystolicMmHg { get; private set; }

    /// <summary>Diastolic pressure, mmHg.</summary>
    public int DiastolicMmHg { get; private set; }

    /// <summary>Mean pressure, mmHg.</summary>
    public int MeanMmHg { get; private set; }

    /// <summary>Pulse, 1/min; 0 when the module gave none that is believed.</summary>
    public int PulsePerMinute { get; private set; }

    /// <summary>How long the measurement took, µs.</summary>
    public long DurationUs { get; private set; }

    /// <summary>Asks for one measurement. It begins with the next steps.</summary>
    /// <param name="patient">Adult or child.</param>
    /// <param name="inflationMmHg">First inflation, at most <see cref="HighestInflationMmHg"/>.</param>
    /// <returns>False while one is under way, the cuff is not empty, or the module is not there.</returns>
    public bool TryStart(NibpPatient patient, int inflationMmHg)
    {
        if (Phase != NibpPhase.Idle || !_isProbed)
        {
            return false;
        }

        _patient = patient;
        _inflationMmHg = inflationMmHg > HighestInflationMmHg ? HighestInflationMmHg : inflationMmHg;
        _hasBaseline = false;
        _isInflationSet = false;
        _sawNotReady = false;
        _hasRisen = false;
        Phase = NibpPhase.Prepare;
        return true;
    }

    /// <summary>Lets the air out, whatever is the case. The command leaves in this call, or as soon as the line takes it.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Stop(long nowUs)
    {
        if (Phase == NibpPhase.Prepare || Phase == NibpPhase.Run)
        {
            End(AbsenceReason.Stopped, FaultCode.None, nowUs);
        }

        _abortDue = true;
        Ask(Question.Abort, nowUs);
    }

    private void Forget()
    {
        Phase = NibpPhase.Idle;
        _hasBaseline = false;
        _isSettling = false;
    }

    // What the cuff holds after a probe nobody knows: it is deflated, again and again, until it is seen empty.
    private void Settle(long nowUs)
    {
        _isSettling = true;
        Phase = NibpPhase.Empty;
        _endedUs = nowUs;
        _abortedUs = nowUs;
    }

    private void Begin(long nowUs)
    {
        Phase = NibpPhase.Run;
        _startedUs = nowUs;
        _pressureUs = nowUs;
        _resultAskedUs = nowUs;
    }

    // Time and silence; pressure is looked at when it comes.
    private void Watch(long nowUs)
    {
        if (Phase == NibpPhase.Run)
        {
            if (nowUs - _startedUs > LongestRunUs)
            {
                Abort(AbsenceReason.CuffFault, FaultCode.SunTechTimeLimit, nowUs);
            }
            else if (nowUs - _pressureUs > PressureLostUs)
            {
                Abort(AbsenceReason.CuffFault, FaultCode.SunTechPressureLost, nowUs);
            }
            else if (!_hasRisen && nowUs - _startedUs > NoPressureUs)
            {
                Abort(AbsenceReason.CuffFault, FaultCode.SunTechNotStarted, nowUs);
            }
        }
        else if (Phase == NibpPhase.Empty || Phase == NibpPhase.Unconfirmed)
        {
            // A repetition waits for the answer that is under way, at most its time-out: else one that comes each time just before would never be read.
            if (_question == Question.None && nowUs - _abortedUs >= AbortPeriodUs)
            {
                _abortDue = true;
            }

            if (Phase == NibpPhase.Empty && nowUs - _endedUs > EmptyUs)
            {
                Phase = NibpPhase.Unconfirmed;
                Close(nowUs);
            }
        }
    }

    private void TakePressure(long nowUs)
    {
        if (Phase == NibpPhase.Run)
        {
            _hasRisen |= PressureMmHg >= BegunMmHg;
            if (PressureMmHg > HighestMmHg)
            {
                Abort(AbsenceReason.CuffFault, FaultCode.SunTechOverPressure, nowUs);
            }
        }
        else if (PressureMmHg < EmptyMmHg && Phase == NibpPhase.Empty)
        {
            Phase = NibpPhase.Idle;
            Close(nowUs);
        }
        else if (PressureMmHg < EmptyMmHg && Phase == NibpPhase.Unconfirmed)
        {
            Phase = NibpPhase.Idle;
        }
        else if (PressureMmHg >= BegunMmHg && Phase == NibpPhase.Idle)
        {
            // Nobody asked for it: a module that was started by other hands, or a valve that does not open.
            _endReason = AbsenceReason.CuffFault;
            Phase = NibpPhase.Empty;
            _endFault = FaultCode.SunTechUnasked;
            _endedUs = nowUs;
            _startedUs = nowUs;
            _abortDue = true;
        }
    }

    private DriverResult TakeReply(Question question, byte reply, long nowUs)
    {
        if (reply != SunTechNibpProtocol.Accepted && reply != SunTechNibpProtocol.Done && reply != SunTechNibpProtocol.Busy && reply != SunTechNibpProtocol.Aborted
            && reply != SunTechNibpProtocol.Sleeping)
        {
            return FallSilent(AbsenceReason.ChecksumMismatch, FaultCode.SunTechBadFrame, nowUs);
        }

        if (question == Question.Abort)
        {
            _isAborted = true;
            return Continue(nowUs + LookUs);
        }

        bool isTaken = reply == SunTechNibpProtocol.Accepted || reply == SunTechNibpProtocol.Done;
        if (!isTaken && (Phase == NibpPhase.Prepare || Phase == NibpPhase.Run))
        {
            Abort(AbsenceReason.CuffFault, FaultCode.SunTechNotAccepted, nowUs);
        }
        else if (question == Question.Inflation)
        {
            _isInflationSet = true;
        }

        return Continue(nowUs + LookUs);
    }

    private DriverResult TakeResult(long nowUs)
    {
        bool isReady = SunTechNibpDecoder.IsReady(_in);
        if (Phase == NibpPhase.Prepare)
        {
            _hasBaseline = true;
            _sawNotReady = !isReady;
        }
        else if (Phase == NibpPhase.Run)
        {
            if (!isReady)
            {
                _sawNotReady = true;
            }
            else if (_sawNotReady)
            {
                TakeValue(nowUs);
            }
            else if (_hasRisen && PressureMmHg < EmptyMmHg)
            {
                // The cuff was up and is empty, and the result was never taken back: it may be the one of before.
                Abort(AbsenceReason.Unconfirmed, FaultCode.SunTechStaleResult, nowUs);
            }
        }

        return Continue(nowUs + LookUs);
    }

    private void TakeValue(long nowUs)
    {
        int error = SunTechNibpDecoder.Error(_in);
        if (error != 0)
        {
            Abort(SunTechNibpDecoder.ReasonOf(error), SunTechNibpDecoder.CodeOf(error), nowUs);
            return;
        }

        if (!SunTechNibpDecoder.IsPlausible(_in) || !_hasRisen)
        {
            Abort(AbsenceReason.Implausible, FaultCode.SunTechImplausible, nowUs);
            return;
        }

        int pulse = SunTechNibpDecoder.Pulse(_in);
        SystolicMmHg = SunTechNibpDecoder.Systolic(_in);
        DiastolicMmHg = SunTechNibpDecoder.Diastolic(_in);
        MeanMmHg = SunTechNibpDecoder.Mean(_in);
        PulsePerMinute = pulse < SunTechNibpDecoder.MinPulse || pulse > SunTechNibpDecoder.MaxPulse ? 0 : pulse;
        End(AbsenceReason.None, FaultCode.None, nowUs);
    }

    private void Abort(AbsenceReason reason, FaultCode code, long nowUs)
    {
        End(reason, code, nowUs);
        _abortDue = true;
    }

    private void End(AbsenceReason reason, FaultCode code, long nowUs)
    {
        _endReason = reason;
        _endFault = code;
        _endedUs = nowUs;
        _abortedUs = nowUs;
        if (Phase == NibpPhase.Prepare)
        {
            _startedUs = nowUs;
        }

        Phase = NibpPhase.Empty;
    }

    private void Close(long nowUs)
    {
        if (_isSettling)
        {
            _isSettling = false; // there was no measurement whose end could be told
            return;
        }

        OutcomeReason = _endReason;
        OutcomeFault = _endFault;
        DurationUs = nowUs - _startedUs;
        Outcomes++;
    }
}
