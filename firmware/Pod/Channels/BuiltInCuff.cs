using Firmware.Core;
using Firmware.Pod.Cuff;
using Firmware.Protocol;
using Firmware.Signals.Cuff;
using Firmware.Signals.Oscillometry;

namespace Firmware.Pod.Channels;

/// <summary>The built-in cuff: its safety chain (<see cref="CuffRun"/>, <see cref="CuffSelfTest"/> and <see cref="CalibrationHold"/>, which judge the air alone) as the clinical rules see it.</summary>
public sealed class BuiltInCuff : ICuff
{
    /// <summary>In the argument of a link's result: link x this + what was measured.</summary>
    public const int LinkFactor = 100_000;

    /// <summary>
    /// The pulse in the cuff may differ from the finger's by so many percent of it; beyond, one of them is a movement. Source: the rule by which two pulse rates of a cart do not agree.
    /// An irregular pulse is not compared: the two are means over different beats.
    /// </summary>
    public const int MaxPulseOffPercent = 20;

    private readonly ICuffPressureSource _source;
    private readonly CuffCalibration _calibration;
    private readonly OscillometricAnalysis _oscillometry = new();
    private readonly CuffRun _run;
    private readonly CuffSelfTest _test;
    private readonly CalibrationHold _hold;
    private ICuffClient _client = null!; // attached before everything else
    private bool _available;
    private int _changes;
    private int _results;
    private int _linkLosses;
    private int _lateLoops;
    private int _holdReports;
    private long _bleedUs;
    private FaultCode _reported;
    private bool _disagrees;
    private bool _wasTesting;

    /// <summary>Stores; the valves are open.</summary>
    /// <param name="source">The sensor's driver.</param>
    /// <param name="options">Limits and calibration.</param>
    /// <param name="chain">Pump and valves.</param>
    /// <param name="link">What is known of the gateway.</param>
    public BuiltInCuff(ICuffPressureSource source, PeripheralOptions options, ICuffActuators chain, LinkWatch link)
    {
        _source = source;
        _calibration = options.CuffCalibration;
        _run = new CuffRun(chain, options.CuffLimits, _calibration, _oscillometry, link);
        _test = new CuffSelfTest(chain, options.CuffLimits, _calibration, link);
        _hold = new CalibrationHold(chain, options.CuffLimits, _calibration, link);
        _run.Stop(AbsenceReason.Stopped, 0); // whatever the outputs were before: open
    }

    /// <inheritdoc/>
    public bool MeasuresChildren => false;

    /// <inheritdoc/>
    public bool HasSelfTest => true;

    /// <inheritdoc/>
    public bool IsAvailable => _available;

    /// <inheritdoc/>
    public bool IsMeasuring => _run.IsActive;

    /// <inheritdoc/>
    public bool IsHolding => _hold.IsActive;

    /// <inheritdoc/>
    public bool KeepsPressure => _hold.IsHolding;

    /// <inheritdoc/>
    public FaultCode HoldEnd => _hold.End;

    /// <inheritdoc/>
    public bool IsBusy => _run.IsActive || _test.IsActive || _hold.IsActive;

    /// <inheritdoc/>
    public bool NeedsLink => _run.IsActive || _test.IsActive || _hold.IsActive;

    /// <inheritdoc/>
    public bool MayBeInflated => _run.MayBeInflated || _test.IsActive || _hold.IsActive;

    /// <inheritdoc/>
    public bool NeedsSteadyLoop => (_run.State >= CuffState.ZeroCheck && _run.State < CuffState.Dump) || _test.NeedsSteadyLoop || _hold.IsHolding;

    /// <inheritdoc/>
    public int Status => (_calibration.IsCalibrated ? 0 : BloodPressureStatus.Uncalibrated) | (_run.Repeats > 0 ? BloodPressureStatus.Repeated : 0);

    /// <inheritdoc/>
    public CuffPhase Phase => _test.IsActive || _hold.IsActive ? CuffPhase.SelfTest : PhaseOfRun();

    /// <inheritdoc/>
    public void Attach(ICuffClient client) => _client = client;

    /// <inheritdoc/>
    public bool IsSelfTestDue(long nowUs) => !_test.IsValid(nowUs);

    /// <inheritdoc/>
    public void Start(long nowUs)
    {
        _client.OnInflating();
        _run.TryStart(_client.LastSystolicCentiMmHg, nowUs);
    }

    /// <inheritdoc/>
    public void Test(long nowUs) => _test.TryStart(nowUs);

    /// <inheritdoc/>
    public bool TryHold(long nowUs) => !IsBusy && _hold.TryStart(nowUs);

    /// <inheritdoc/>
    public void HoldKey(long nowUs) => _hold.Key(nowUs);

    /// <inheritdoc/>
    public void Stop(long nowUs)
    {
        _hold.Stop(nowUs);
        if (_hold.IsActive)
        {
            return; // it empties, and what else there is has no part in it
        }

        if (_test.IsActive)
        {
            _client.OnPhase(CuffPhase.Idle, nowUs);
        }

        _test.Stop();
        _run.Stop(AbsenceReason.Stopped, nowUs);
    }

    /// <inheritdoc/>
    public void Abandon(long nowUs) => _run.Stop(AbsenceReason.Stopped, nowUs);

    /// <inheritdoc/>
    public void OnSample(long nowUs)
    {
        _available = true;
        long atUs = _source.SampledAtUs;
        int milliMmHg = _source.PressureMilliMmHg;
        if (_hold.IsActive)
        {
            _hold.Sample(milliMmHg, atUs, nowUs);
            return;
        }

        if (_test.IsActive)
        {
            _test.Sample(milliMmHg, atUs, nowUs);
            return;
        }

        _run.Sample(milliMmHg, atUs, nowUs);
        if (_run.IsActive)
        {
            _client.OnPressure(_run.CuffCentiMmHg, atUs, CuffRun.PeriodUs, nowUs);
        }
    }

    /// <inheritdoc/>
    public bool Expects(AbsenceReason reason) => reason == AbsenceReason.Saturated && _test.IsActive;

    /// <inheritdoc/>
    public void Suppress(AbsenceReason reason, long nowUs)
    {
        // One disturbed transfer is no lost sensor: the clock decides, unless the part itself says what is wrong.
        if (reason == AbsenceReason.Saturated)
        {
            _hold.SensorFailed(reason, nowUs);
            _test.SensorFailed(reason, nowUs);
            _run.SensorFailed(reason, nowUs);
        }
    }

    /// <inheritdoc/>
    public void OnDeviceLost(long nowUs)
    {
        _available = false;
        _hold.SensorFailed(AbsenceReason.SensorFault, nowUs);
        _test.SensorFailed(AbsenceReason.SensorFault, nowUs);
        _run.SensorFailed(AbsenceReason.SensorFault, nowUs);
    }

    /// <inheritdoc/>
    public void OnBusHeld(long nowUs)
    {
        _hold.SensorFailed(AbsenceReason.SensorFault, nowUs);
        _test.SensorFailed(AbsenceReason.SensorFault, nowUs);
        _run.SensorFailed(AbsenceReason.SensorFault, nowUs);
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        _source.IsResting = !_test.IsActive && !_hold.IsActive && (!_run.IsActive || _run.State == CuffState.Rest);
        long next = _test.Step(nowUs);
        long run = _run.Step(nowUs);
        long hold = _hold.Step(nowUs);
        run = hold < run ? hold : run;
        if (run < next)
        {
            next = run;
        }

        if (_holdReports != _hold.Reports)
        {
            _holdReports = _hold.Reports;
            _client.OnFault(_hold.Report, nowUs);
        }

        if (_results != _test.Results)
        {
            _results = _test.Results;
            ReportTest(nowUs);
        }

        if (_linkLosses != _test.LinkLosses)
        {
            _linkLosses = _test.LinkLosses;
            _client.OnFault(FaultCode.CuffLinkLost, nowUs);
            _client.OnPhase(CuffPhase.Fault, nowUs);
        }

        if (_lateLoops != _test.LateLoops)
        {
            _lateLoops = _test.LateLoops;
            _client.OnFault(FaultCode.CuffLoopLate, nowUs);
            _client.OnPhase(CuffPhase.Fault, nowUs);
        }

        bool isTesting = _test.IsActive || _hold.IsActive;
        if (_hold.IsActive && !_wasTesting)
        {
            _client.OnPhase(CuffPhase.SelfTest, nowUs);
        }
        else if (_wasTesting && !isTesting)
        {
            _client.OnPhase(CuffPhase.Idle, nowUs);
        }

        _wasTesting = isTesting;
        if (_changes != _run.Changes)
        {
            _changes = _run.Changes;
            Follow(nowUs);
        }

        return next;
    }

    private void Follow(long nowUs)
    {
        if (_run.State == CuffState.Bleed)
        {
            _bleedUs = nowUs;
        }

        if (_run.FaultCode != _reported)
        {
            _reported = _run.FaultCode;
            if (_reported != FaultCode.None)
            {
                _client.OnFault(_reported, nowUs);
            }
        }

        _disagrees = _run.State == CuffState.Done && _run.Reason == AbsenceReason.None && IsOffTheFinger(nowUs);
        _client.OnPhase(PhaseOfRun(), nowUs);
        if (_run.State != CuffState.Done)
        {
            return;
        }

        _client.OnPressureEnd(nowUs);
        if (_run.Reason != AbsenceReason.None)
        {
            _client.OnAbsent(_run.Reason, nowUs);
            return;
        }

        if (_disagrees)
        {
            _client.OnFault(FaultCode.CuffPulseDisagrees, nowUs);
            _client.OnAbsent(AbsenceReason.Motion, nowUs);
            return;
        }

        int windowMs = _oscillometry.DurationMs;
        _client.OnResult(
            _oscillometry.SystolicCentiMmHg,
            _oscillometry.DiastolicCentiMmHg,
            _oscillometry.MeanCentiMmHg,
            _oscillometry.PulseRateTenthsPerMinute,
            Status | (_oscillometry.IrregularPulse ? BloodPressureStatus.IrregularPulse : 0),
            _oscillometry.Quality,
            windowMs,
            _bleedUs + (windowMs * 1000L),
            nowUs);
    }

    private bool IsOffTheFinger(long nowUs)
    {
        int finger = _client.FingerPulseTenths(nowUs);
        int off = _oscillometry.PulseRateTenthsPerMinute - finger;
        return finger > 0 && !_oscillometry.IrregularPulse && (off < 0 ? -off : off) * 100 > finger * MaxPulseOffPercent;
    }

    private CuffPhase PhaseOfRun()
    {
        switch (_run.State)
        {
            case CuffState.Idle:
                return CuffPhase.Idle;
            case CuffState.Rest:
                return CuffPhase.Rest;
            case CuffState.ZeroCheck:
                return CuffPhase.ZeroCheck;
            case CuffState.Inflate:
            case CuffState.Hold:
                return CuffPhase.Inflate;
            case CuffState.Bleed:
                return CuffPhase.Bleed;
            case CuffState.Dump:
                return CuffPhase.Dump;
            case CuffState.Done:
                return _run.FaultCode != FaultCode.None || _disagrees ? CuffPhase.Fault : CuffPhase.Done;
            default:
                return CuffPhase.Fault;
        }
    }

    private void ReportTest(long nowUs)
    {
        if (!_test.IsActive)
        {
            if (_test.IsValid(nowUs))
            {
                _client.OnFault(FaultCode.CuffSelfTestPassed, nowUs);
            }

            return;
        }

        FaultCode code = _test.LinkPassed ? FaultCode.CuffLinkPassed : FaultCode.CuffSelfTestFailed;
        _client.OnLinkTested(code, ((int)_test.Link * LinkFactor) + (_test.Measured < 0 ? 0 : _test.Measured), nowUs);
        _client.OnPhase(CuffPhase.SelfTest, nowUs);
    }
}
