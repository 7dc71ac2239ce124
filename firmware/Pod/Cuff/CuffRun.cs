using Firmware.Core;
using Firmware.Pod.Supervision;
using Firmware.Signals.Cuff;
using Firmware.Signals.Oscillometry;

namespace Firmware.Pod.Cuff;

/// <summary>
/// One measurement with the built-in cuff, from zero check to empty cuff: judges each sample, drives pump and valves, feeds the oscillometry. The dump valve is held
/// closed by a one-shot that is triggered for each sample that was judged good, and by nothing else: no sample, no pulse, no pressure.
/// Whatever ends it, the dump valve opens first, then the bleed valve, then the pump.
/// </summary>
public sealed class CuffRun
{
    /// <summary>From one sample to the next, µs.</summary>
    public const int PeriodUs = OscillometricAnalysis.SamplePeriodUs;

    private const int WindowSamples = 200; // 2 s when none is late; slopes are by the samples' own times
    private const int PumpStartPermille = 500;
    private const int PumpMinPermille = 120;
    private const int BleedStartPermille = 200;
    private const int BleedMinPermille = 60;
    private const int PumpControlUs = 100_000;
    private const int BleedControlUs = 500_000;

    // Samples arrive with the loop's lateness: what is due in this time is done with this sample rather than a whole period later.
    private const int LatenessUs = PeriodUs / 2;
    private const int LeakWindow = 50;

    private readonly ICuffActuators _chain;
    private readonly CuffLimits _limits;
    private readonly CuffCalibration _calibration;
    private readonly OscillometricAnalysis _oscillometry;
    private readonly LinkWatch _link;
    private readonly SampleWatch _samples = new SampleWatch();
    private readonly int[] _window = new int[WindowSamples];
    private readonly long[] _windowUs = new long[WindowSamples];
    private int _windowCount;
    private int _windowNext;
    private long _stateSinceUs;
    private long _pumpSinceUs = -1;
    private long _emptySinceUs = long.MinValue;
    private int _lastCentiMmHg;
    private bool _hasSample;
    private int _zeroMilliMmHg;
    private int _zeroCount;
    private long _zeroFirstUs;
    private int _zeroLow;
    private int _zeroHigh;
    private long _zeroSum;
    private int _target;
    private int _losses;
    private bool _linkLost;
    private int _repeats;
    private bool _repeat;
    private int _pumpPermille;
    private int _bleedPermille;
    private long _controlUs;
    private int _bleedFrom;
    private int _bleedBegin;
    private long _bleedFromUs;
    private bool _analysed;
    private bool _measured;
    private bool _slow;

    /// <summary>Stores; the valves are open until the first start.</summary>
    /// <param name="chain">Pump and valves.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="calibration">The sensor's.</param>
    /// <param name="oscillometry">What reads the pressures out of the deflation.</param>
    /// <param name="link">What is known of the gateway: no cuff holds pressure without it.</param>
    public CuffRun(ICuffActuators chain, CuffLimits limits, CuffCalibration calibration, OscillometricAnalysis oscillometry, LinkWatch link)
    {
        _chain = chain;
        _limits = limits;
        _calibration = calibration;
        _oscillometry = oscillometry;
        _link = link;
    }

    /// <summary>Where it stands.</summary>
    public CuffState State { get; private set; }

    /// <summary>Changes whenever <see cref="State"/> does.</summary>
    public int Changes { get; private set; }

    /// <summary>True between a start and <see cref="CuffState.Done"/>.</summary>
    public bool IsActive => State != CuffState.Idle && State != CuffState.Done;

    /// <summary>True while there may be pressure in the cuff: from before the pump starts until it is known to be empty.</summary>
    public bool MayBeInflated => State >= CuffState.Inflate && State <= CuffState.Unconfirmed;

    /// <summary>In <see cref="CuffState.Done"/>: why there is no result; None when there is one.</summary>
    public AbsenceReason Reason { get; private set; }

    /// <summary>The fault that ended it, or the refusal; None otherwise.</summary>
    public FaultCode FaultCode { get; private set; }

    /// <summary>Repetitions that were used.</summary>
    public int Repeats => _repeats;

    /// <summary>The newest pressure, hundredths of mmHg, against this measurement's zero.</summary>
    public int CuffCentiMmHg => _lastCentiMmHg;

    /// <summary>The target of the newest inflation, hundredths of mmHg.</summary>
    public int TargetCentiMmHg => _target;

    /// <summary>When the newest inflation began, monotonic µs; -1 while the cuff is known to be empty.</summary>
    public long InflatedSinceUs => _pumpSinceUs;

    /// <summary>Begins. A cuff that has not rested is let rest first.</summary>
    /// <param name="lastSystolicCentiMmHg">The session's last systolic pressure, hundredths of mmHg; 0 when none is known.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False when one is under way.</returns>
    public bool TryStart(int lastSystolicCentiMmHg, long nowUs)
    {
        if (IsActive)
        {
            return false;
        }

        _losses = _link.Losses;
        _linkLost = false;
        _repeats = 0;
        _repeat = false;
        Reason = AbsenceReason.None;
        FaultCode = FaultCode.None;
        int target = lastSystolicCentiMmHg > 0 ? lastSystolicCentiMmHg + _limits.AboveSystolicCentiMmHg : _limits.FirstTargetCentiMmHg;
        _target = Bounded(target);
        Apply(IsRested(nowUs) ? CuffEvent.Start : CuffEvent.StartTired, nowUs);
        return true;
    }

    /// <summary>Ends it. Always obeyed, at once, and harmless at rest.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Stop(AbsenceReason reason, long nowUs)
    {
        OpenAll();
        if (IsActive)
        {
            Note(reason, FaultCode.None);
            Apply(CuffEvent.Stop, nowUs);
        }
    }

    /// <summary>A sample that the driver stands for.</summary>
    /// <param name="readingMilliMmHg">The part's reading, thousandths of mmHg.</param>
    /// <param name="atUs">When its conversion ended, monotonic µs.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Sample(int readingMilliMmHg, long atUs, long nowUs)
    {
        int before = _lastCentiMmHg;
        bool hadSample = _hasSample;
        int zero = State == CuffState.ZeroCheck || State == CuffState.Idle || State == CuffState.Rest ? _calibration.ZeroMilliMmHg : _zeroMilliMmHg;
        int centiMmHg = _calibration.ToCentiMmHg(readingMilliMmHg, zero);
        _lastCentiMmHg = centiMmHg;
        _samples.OnSample(atUs);
        _hasSample = true;
        if (State == CuffState.ZeroCheck)
        {
            CheckZero(readingMilliMmHg, centiMmHg, atUs, nowUs);
            return;
        }

        if (!MayBeInflated)
        {
            return;
        }

        Push(centiMmHg, atUs);
        if (State == CuffState.Dump || State == CuffState.Unconfirmed)
        {
            return; // the valves are open, and whether the cuff is empty is judged by Step
        }

        if (nowUs - atUs > SampleWatch.LateLimitUs)
        {
            // It says what was: the valves are not held closed on that.
            Fail(AbsenceReason.CuffFault, FaultCode.CuffLoopLate, nowUs);
            return;
        }

        int step = centiMmHg - before;
        if (hadSample && (step > _limits.JumpCentiMmHg || -step > _limits.JumpCentiMmHg))
        {
            Fail(AbsenceReason.CuffFault, FaultCode.CuffImplausibleJump, nowUs);
            return;
        }

        // The larger of raw and calibrated: a calibration that is wrong must not hide a pressure.
        int raw = readingMilliMmHg / 10;
        if ((raw > centiMmHg ? raw : centiMmHg) >= _calibration.Trip)
        {
            Fail(AbsenceReason.CuffFault, FaultCode.CuffOverPressure, nowUs);
            return;
        }

        if (!Validate(centiMmHg, atUs, nowUs))
        {
            return;
        }

        // Only here: this sample was seen, and nothing is wrong with it.
        if (State != CuffState.Dump)
        {
            _chain.TriggerDumpHold();
        }
    }

    /// <summary>The driver has no sample and says why, or was restarted.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void SensorFailed(AbsenceReason reason, long nowUs)
    {
        if (State == CuffState.ZeroCheck || (MayBeInflated && State < CuffState.Dump))
        {
            Fail(AbsenceReason.CuffFault, reason == AbsenceReason.Saturated ? FaultCode.CuffOverPressure : FaultCode.CuffSensorLost, nowUs);
        }
    }

    /// <summary>Does what time asks for. To be called at least each <see cref="PeriodUs"/> while active.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next.</returns>
    public long Step(long nowUs)
    {
        WatchLink(nowUs);
        switch (State)
        {
            case CuffState.Rest:
                if (IsRested(nowUs))
                {
                    Apply(CuffEvent.Rested, nowUs);
                }

                break;
            case CuffState.ZeroCheck:
                if (nowUs - _stateSinceUs > _limits.ZeroTimeoutUs)
                {
                    Fail(AbsenceReason.CuffFault, FaultCode.CuffSensorLost, nowUs);
                }

                break;
            case CuffState.Inflate:
            case CuffState.Hold:
            case CuffState.Bleed:
                WatchTime(nowUs);
                break;
            case CuffState.Dump:
            case CuffState.Unconfirmed:
                WatchEmptying(nowUs);
                break;
            default:
                break;
        }

        if (!IsActive)
        {
            return long.MaxValue;
        }

        long next = nowUs + PeriodUs;
        long lostUs = _samples.NextUs(_limits.SensorLostUs);
        return MayBeInflated && State < CuffState.Dump && lostUs < next ? lostUs : next;
    }

    // Whatever it does: no air is held, and none is to be pumped later, for a gateway that is not there. With the valves open a finished deflation keeps its result.
    private void WatchLink(long nowUs)
    {
        if (!IsActive || _linkLost || !_link.IsLost(_losses, nowUs))
        {
            return;
        }

        _linkLost = true;
        if (State < CuffState.Dump)
        {
            Fail(AbsenceReason.LinkLost, FaultCode.CuffLinkLost, nowUs);
        }
    }

    private bool IsRested(long nowUs) => _emptySinceUs == long.MinValue || nowUs - _emptySinceUs >= _limits.RestUs;

    private int Bounded(int target) => target > _limits.HighestTargetCentiMmHg ? _limits.HighestTargetCentiMmHg : target;

    private void CheckZero(int readingMilliMmHg, int centiMmHg, long atUs, long nowUs)
    {
        int allowed = _calibration.IsCalibrated ? _limits.ZeroCentiMmHg : _limits.UncalibratedZeroCentiMmHg;
        if (centiMmHg > allowed || centiMmHg < -allowed)
        {
            // Air may still be on its way out; only what stays is a fault.
            _zeroCount = 0;
            if (nowUs - _stateSinceUs > _limits.ZeroTimeoutUs / 2)
            {
                Fail(AbsenceReason.CuffFault, FaultCode.CuffNotAtZero, nowUs);
            }

            return;
        }

        if (_zeroCount == 0)
        {
            _zeroLow = centiMmHg;
            _zeroHigh = centiMmHg;
            _zeroSum = 0;
            _zeroFirstUs = atUs;
        }

        _zeroCount++;
        _zeroSum += readingMilliMmHg;
        _zeroLow = centiMmHg < _zeroLow ? centiMmHg : _zeroLow;
        _zeroHigh = centiMmHg > _zeroHigh ? centiMmHg : _zeroHigh;
        if (_zeroHigh - _zeroLow > _limits.ZeroSpreadCentiMmHg)
        {
            _zeroCount = 0;
            return;
        }

        if (atUs - _zeroFirstUs + PeriodUs >= _limits.ZeroUs && _zeroCount * 2L * PeriodUs >= _limits.ZeroUs)
        {
            _zeroMilliMmHg = (int)(_zeroSum / _zeroCount);
            Apply(CuffEvent.Zeroed, nowUs);
        }
    }

    private bool Validate(int centiMmHg, long atUs, long nowUs)
    {
        int rise = Slope(_limits.RiseWindow);
        switch (State)
        {
            case CuffState.Inflate:
                if (rise > _limits.RiseCentiMmHgPerSecond)
                {
                    return Fail(AbsenceReason.CuffFault, FaultCode.CuffHoseKinked, nowUs);
                }

                if (-Slope(_limits.FallWindow) > _limits.FallCentiMmHgPerSecond)
                {
                    return Fail(AbsenceReason.CuffFault, FaultCode.CuffCameOff, nowUs);
                }

                if (centiMmHg >= _target)
                {
                    Apply(CuffEvent.Reached, nowUs);
                    return true;
                }

                DrivePump(atUs);
                return true;
            case CuffState.Hold:
                if (-Slope(LeakWindow) > _limits.LeakCentiMmHgPerSecond && nowUs - _stateSinceUs >= _limits.HoldUs)
                {
                    return Fail(AbsenceReason.CuffFault, FaultCode.CuffLeaks, nowUs);
                }

                if (nowUs - _stateSinceUs >= _limits.HoldUs)
                {
                    Apply(CuffEvent.Held, nowUs);
                    _bleedBegin = centiMmHg;
                    _bleedFrom = centiMmHg;
                    _bleedFromUs = nowUs;
                }

                return true;
            default:
                if (-Slope(_limits.FallWindow) > _limits.FallCentiMmHgPerSecond)
                {
                    return Fail(AbsenceReason.CuffFault, FaultCode.CuffCameOff, nowUs);
                }

                _oscillometry.Add(centiMmHg < 0 ? 0 : centiMmHg, atUs);
                if (centiMmHg <= _limits.BleedEndCentiMmHg || _oscillometry.IsDiastolicPassed)
                {
                    _measured = true;
                    Apply(CuffEvent.Measured, nowUs);
                    return false;
                }

                DriveBleed(atUs);
                return true;
        }
    }

    private void WatchTime(long nowUs)
    {
        if (_samples.IsLost(_limits.SensorLostUs, nowUs))
        {
            Fail(AbsenceReason.CuffFault, _samples.IsLate ? FaultCode.CuffLoopLate : FaultCode.CuffSensorLost, nowUs);
            return;
        }

        if (nowUs - _pumpSinceUs > _limits.InflatedUs)
        {
            Fail(AbsenceReason.CuffFault, FaultCode.CuffTooLong, nowUs);
            return;
        }

        if (_chain.IsPressureSwitchOpen)
        {
            Fail(AbsenceReason.CuffFault, FaultCode.CuffSwitchOpened, nowUs);
            return;
        }

        if (State == CuffState.Inflate)
        {
            if (nowUs - _stateSinceUs > _limits.InflateTimeoutUs)
            {
                Fail(AbsenceReason.CuffFault, FaultCode.CuffInflationTimeout, nowUs);
            }
            else if (nowUs - _stateSinceUs > _limits.EarlyUs && _lastCentiMmHg < _limits.EarlyCentiMmHg)
            {
                Fail(AbsenceReason.CuffFault, FaultCode.CuffNoPressure, nowUs);
            }
        }
        else if (State == CuffState.Bleed && nowUs - _bleedFromUs > _limits.BleedStuckUs)
        {
            if (_bleedFrom - _lastCentiMmHg < _limits.BleedFallCentiMmHg)
            {
                EndSlow(nowUs);
                return;
            }

            _bleedFrom = _lastCentiMmHg;
            _bleedFromUs = nowUs;
        }
    }

    // The valves open either way. What fell before it became slow may hold a blood pressure; a bleed that stands is a fault of its valve, whatever was measured before.
    private void EndSlow(long nowUs)
    {
        if (Fall() < _limits.BleedStandsCentiMmHgPerSecond || _bleedBegin - _lastCentiMmHg < _limits.BleedSomeCentiMmHg)
        {
            Fail(AbsenceReason.NoDeflation, FaultCode.CuffNoDeflation, nowUs);
            return;
        }

        _measured = true;
        _slow = true;
        Apply(CuffEvent.Measured, nowUs);
    }

    private void WatchEmptying(long nowUs)
    {
        // A stuck output must not undo what was commanded once.
        OpenAll();
        if (_measured && !_analysed)
        {
            _analysed = _oscillometry.Step();
        }

        bool isFresh = _hasSample && nowUs - _samples.SampledUs <= _limits.SensorLostUs;
        bool isEmpty = isFresh && _lastCentiMmHg < PodSituation.InflatedCentiMmHg && nowUs - _stateSinceUs >= 5 * PeriodUs;
        if (!isEmpty)
        {
            if (State == CuffState.Dump && nowUs - _stateSinceUs > _limits.DumpUs)
            {
                Note(AbsenceReason.CuffFault, FaultCode.CuffDeflationNotConfirmed);
                Apply(CuffEvent.NotEmptied, nowUs);
            }

            return;
        }

        if (_measured && !_analysed)
        {
            return; // empty, and the analysis needs a few more steps
        }

        _pumpSinceUs = -1;
        _emptySinceUs = nowUs;
        Settle();
        Apply(_repeat ? CuffEvent.EmptiedRepeat : CuffEvent.Emptied, nowUs);
    }

    private void Settle()
    {
        _repeat = false;
        if (!_measured || Reason != AbsenceReason.None)
        {
            return;
        }

        OscillometryRefusal refusal = _oscillometry.Refusal;
        if (refusal == OscillometryRefusal.None)
        {
            return;
        }

        if (_slow)
        {
            // Not once more: a bleed that is slow once is slow again.
            Reason = AbsenceReason.DeflationTooSlow;
            FaultCode = FaultCode.CuffDeflationSlow;
            return;
        }

        bool isHigher = refusal == OscillometryRefusal.SystolicNotBracketed || refusal == OscillometryRefusal.EdgeMaximum;
        bool isWorth = isHigher || refusal == OscillometryRefusal.TooMuchMotion || refusal == OscillometryRefusal.Weak || refusal == OscillometryRefusal.TooFewBeats;
        if (isWorth && !_linkLost && _repeats < _limits.MaxRepeats && !(isHigher && _target >= _limits.HighestTargetCentiMmHg))
        {
            _repeats++;
            _repeat = true;
            _target = isHigher ? Bounded(_target + _limits.RepeatStepCentiMmHg) : _target;
            return;
        }

        Reason = ReasonOf(refusal);
        FaultCode = FaultCode.CuffNoReading;
    }

    private static AbsenceReason ReasonOf(OscillometryRefusal refusal)
    {
        switch (refusal)
        {
            case OscillometryRefusal.TooFast:
                return AbsenceReason.DeflationTooFast;
            case OscillometryRefusal.NoDeflation:
                return AbsenceReason.NoDeflation;
            case OscillometryRefusal.TooFewBeats:
                return AbsenceReason.TooFewBeats;
            case OscillometryRefusal.Weak:
                return AbsenceReason.WeakSignal;
            case OscillometryRefusal.TooMuchMotion:
                return AbsenceReason.Motion;
            case OscillometryRefusal.SamplesMissing:
                return AbsenceReason.SensorFault;
            case OscillometryRefusal.Implausible:
            case OscillometryRefusal.TooLong:
                return AbsenceReason.Implausible;
            default:
                return AbsenceReason.EnvelopeAtEdge;
        }
    }

    // The first reason is the one that counts; a cuff that does not empty outweighs all others.
    private void Note(AbsenceReason reason, FaultCode code)
    {
        if (Reason == AbsenceReason.None || code == FaultCode.CuffDeflationNotConfirmed)
        {
            Reason = reason;
            FaultCode = code;
        }
    }

    private bool Fail(AbsenceReason reason, FaultCode code, long nowUs)
    {
        OpenAll();
        Note(reason, code);
        Apply(CuffEvent.Fault, nowUs);
        return false;
    }

    private void OpenAll()
    {
        _chain.OpenDumpValve();
        _chain.SetBleedValve(1000);
        _chain.SetPump(0);
    }

    private void Apply(CuffEvent happened, long nowUs)
    {
        CuffState before = State;
        State = CuffTable.Next(before, happened, out CuffAction action);
        if (State != before)
        {
            Changes++;
            _stateSinceUs = nowUs;
        }

        switch (action)
        {
            case CuffAction.Open:
            case CuffAction.Warn:
                OpenAll();
                break;
            case CuffAction.Zero:
                OpenAll();
                _zeroCount = 0;
                _hasSample = false;
                break;
            case CuffAction.Pump:
                _windowCount = 0;
                _measured = false;
                _slow = false;
                _analysed = false;
                _repeat = false;
                _pumpSinceUs = nowUs;
                _pumpPermille = PumpStartPermille;
                _controlUs = nowUs;
                _samples.Begin(nowUs);
                _hasSample = false;
                _lastCentiMmHg = 0;
                _chain.TriggerDumpHold();
                _chain.SetBleedValve(0);
                _chain.SetPump(_pumpPermille);
                break;
            case CuffAction.Hold:
                _chain.SetPump(0);
                break;
            case CuffAction.Bleed:
                _oscillometry.Reset();
                _bleedPermille = BleedStartPermille;
                _controlUs = nowUs;
                _chain.SetBleedValve(_bleedPermille);
                break;
            default:
                break;
        }
    }

    private void DrivePump(long atUs)
    {
        if (!IsControlDue(PumpControlUs, atUs))
        {
            return;
        }

        _pumpPermille += (_limits.PumpCentiMmHgPerSecond - Slope(_limits.RiseWindow)) / 20;
        _pumpPermille = _pumpPermille < PumpMinPermille ? PumpMinPermille : _pumpPermille > 1000 ? 1000 : _pumpPermille;
        _chain.SetPump(_pumpPermille);
    }

    private void DriveBleed(long atUs)
    {
        if (_windowCount < WindowSamples || !IsControlDue(BleedControlUs, atUs))
        {
            return;
        }

        _bleedPermille += (_limits.BleedCentiMmHgPerSecond - Fall()) / 10;
        _bleedPermille = _bleedPermille < BleedMinPermille ? BleedMinPermille : _bleedPermille > 1000 ? 1000 : _bleedPermille;
        _chain.SetBleedValve(_bleedPermille);
    }

    // Hundredths of mmHg per second: the mean of the newer half of the window less the mean of the older one, over the time between them. A heart beat makes no difference to it.
    private int Fall()
    {
        int half = _windowCount / 2;
        long fallen = 0;
        long us = 0;
        int newer = Slot(0);
        int older = Slot(half);
        for (int i = 0; i < half; i++)
        {
            fallen += _window[older] - _window[newer];
            us += _windowUs[newer] - _windowUs[older];
            newer = newer == 0 ? WindowSamples - 1 : newer - 1;
            older = older == 0 ? WindowSamples - 1 : older - 1;
        }

        return us <= 0 ? 0 : (int)(fallen * 1_000_000 / us);
    }

    private bool IsControlDue(int everyUs, long atUs)
    {
        if (atUs - _controlUs < everyUs - LatenessUs)
        {
            return false;
        }

        _controlUs = atUs;
        return true;
    }

    private void Push(int centiMmHg, long atUs)
    {
        _window[_windowNext] = centiMmHg;
        _windowUs[_windowNext] = atUs;
        _windowNext = _windowNext + 1 == WindowSamples ? 0 : _windowNext + 1;
        if (_windowCount < WindowSamples)
        {
            _windowCount++;
        }
    }

    // 0 is the newest.
    private int At(int back) => _window[Slot(back)];

    private long UsAt(int back) => _windowUs[Slot(back)];

    private int Slot(int back)
    {
        int slot = _windowNext - 1 - back;
        return slot < 0 ? slot + WindowSamples : slot;
    }

    // Hundredths of mmHg per second over the newest samples, by their times; 0 while there are too few.
    private int Slope(int samples)
    {
        if (_windowCount <= samples)
        {
            return 0;
        }

        long us = UsAt(0) - UsAt(samples);
        return us <= 0 ? 0 : (int)((At(0) - At(samples)) * 1_000_000L / us);
    }
}
