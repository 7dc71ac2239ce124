using Firmware.Core;
using Firmware.Pod.Cuff;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Store;
using Firmware.Pod.Supervision;
using Firmware.Protocol;
using Firmware.Signals.Cuff;
using Firmware.Signals.Oscillometry;

namespace Firmware.Pod.Channels;

/// <summary>
/// The own cuff as a sensor: commands of people, the rules of the session (who is measured is asked once; adults only; nothing without a session), self test and
/// measurement, and what is published of them. A stop is obeyed whatever else is the case.
/// </summary>
public sealed class BloodPressureCuff : Sensor
{
    /// <summary>What the body of <see cref="PodCommand.TestCuff"/> says when the cuff is off the arm.</summary>
    public const byte OffTheArm = 0xA5;

    /// <summary>In the argument of a link's result: link x this + what was measured.</summary>
    public const int LinkFactor = 100_000;

    private readonly ICuffPressureSource _source;
    private readonly PodRing _ring;
    private readonly PodSituation _situation;
    private readonly EventReporter _events;
    private readonly LinkWatch _link;
    private readonly CuffCalibration _calibration;
    private readonly OscillometricAnalysis _oscillometry = new();
    private readonly CuffRun _run;
    private readonly CuffSelfTest _test;
    private readonly BloodPressureReadings _readings;
    private uint _epoch;
    private PatientCategory _category;
    private CuffSize _cuffSize;
    private bool _sameArm;
    private int _lastSystolic;
    private int _changes;
    private int _results;
    private int _linkLosses;
    private long _bleedUs;
    private bool _publish;
    private FaultCode _reported;
    private bool _available;
    private bool _wasTesting;

    /// <summary>Stores; the valves are open.</summary>
    /// <param name="source">The sensor's driver.</param>
    /// <param name="options">Streams, chain and calibration.</param>
    /// <param name="ring">Where readings go.</param>
    /// <param name="situation">What oximeter and stethoscope must know.</param>
    /// <param name="events">Where faults are reported.</param>
    /// <param name="link">What is known of the gateway.</param>
    public BloodPressureCuff(ICuffPressureSource source, PeripheralOptions options, PodRing ring, PodSituation situation, EventReporter events, LinkWatch link)
        : base(options.Stream)
    {
        _source = source;
        _ring = ring;
        _situation = situation;
        _events = events;
        _link = link;
        _calibration = options.CuffCalibration;
        _readings = new BloodPressureReadings(options, ring);
        _run = new CuffRun(options.Cuff!, options.CuffLimits, _calibration, _oscillometry, link);
        _test = new CuffSelfTest(options.Cuff!, options.CuffLimits, _calibration, link);
        _run.Stop(AbsenceReason.Stopped, 0); // whatever the outputs were before: open
    }

    /// <summary>The measurement.</summary>
    public CuffRun Run => _run;

    /// <summary>The chain's test.</summary>
    public CuffSelfTest Test => _test;

    /// <summary>Who is measured in this session.</summary>
    public PatientCategory Category => _category;

    /// <summary>Which cuff is used in this session.</summary>
    public CuffSize CuffSize => _cuffSize;

    /// <inheritdoc/>
    public override int LinkProbePeriodUs => _run.IsActive || _test.IsActive ? LinkWatch.ProbePeriodUs : LinkWatch.RestProbePeriodUs;

    /// <inheritdoc/>
    public override void Take(long nowUs)
    {
        _available = true;
        long atUs = _source.SampledAtUs;
        int milliMmHg = _source.PressureMilliMmHg;
        if (_test.IsActive)
        {
            _test.Sample(milliMmHg, atUs, nowUs);
            return;
        }

        _run.Sample(milliMmHg, atUs, nowUs);
        if (_run.IsActive)
        {
            _readings.Pressure(_run.CuffCentiMmHg, atUs, CuffRun.PeriodUs, nowUs);
        }
    }

    /// <inheritdoc/>
    public override bool Expects(AbsenceReason reason) => reason == AbsenceReason.Saturated && _test.IsActive;

    /// <inheritdoc/>
    public override void Withhold(AbsenceReason reason, long nowUs)
    {
        // One disturbed transfer is no lost sensor: the clock decides, unless the part itself says what is wrong.
        if (reason == AbsenceReason.Saturated)
        {
            _test.SensorFailed(reason, nowUs);
            _run.SensorFailed(reason, nowUs);
        }
    }

    /// <inheritdoc/>
    public override void Interrupt(long nowUs)
    {
        _available = false;
        _test.SensorFailed(AbsenceReason.SensorFault, nowUs);
        _run.SensorFailed(AbsenceReason.SensorFault, nowUs);
    }

    /// <inheritdoc/>
    public override void ChangeEpoch(uint epoch, long nowUs)
    {
        if (_run.IsActive)
        {
            _run.Stop(AbsenceReason.Stopped, nowUs);
            _publish = false;
        }

        _readings.ChangeEpoch(epoch, nowUs);
        _readings.Phase(_test.IsActive ? CuffPhase.SelfTest : PhaseOf(_run.FaultCode != FaultCode.None), nowUs);
        _epoch = epoch;
        _category = PatientCategory.Unknown;
        _cuffSize = CuffSize.Unknown;
        _sameArm = false;
        _situation.IsCuffOnOximeterArm = false;
        _lastSystolic = 0;
    }

    /// <inheritdoc/>
    public override bool TryCommand(byte command, byte[] buffer, int offset, int count, long nowUs)
    {
        switch (command)
        {
            case PodCommand.StopCuff:
                if (_test.IsActive)
                {
                    _readings.Phase(CuffPhase.Idle, nowUs);
                }

                _test.Stop();
                _run.Stop(AbsenceReason.Stopped, nowUs);
                return true;
            case PodCommand.SetPatient:
                if (count != 7)
                {
                    return false;
                }

                if (IsForSession(buffer, offset, nowUs))
                {
                    _category = (PatientCategory)buffer[offset + 4];
                    _cuffSize = (CuffSize)buffer[offset + 5];
                    _sameArm = buffer[offset + 6] == 1;
                    _situation.IsCuffOnOximeterArm = _sameArm;
                }

                return true;
            case PodCommand.StartCuff:
                if (count != 4)
                {
                    return false;
                }

                if (IsForSession(buffer, offset, nowUs))
                {
                    Start(nowUs);
                }

                return true;
            case PodCommand.TestCuff:
                if (count != 1 || buffer[offset] != OffTheArm)
                {
                    return false;
                }

                if (_run.IsActive || !_available || !_link.IsCommandFresh(nowUs))
                {
                    _events.Report(_run.IsActive ? FaultCode.CuffBusy : !_available ? FaultCode.CuffSensorAbsent : FaultCode.CuffCommandLate, Stream, nowUs);
                }
                else
                {
                    _test.TryStart(nowUs);
                }

                return true;
            default:
                return false;
        }
    }

    /// <inheritdoc/>
    public override long Step(AbsenceReason reason, long nowUs)
    {
        long next = _test.Step(nowUs);
        long run = _run.Step(nowUs);
        if (run < next)
        {
            next = run;
        }

        if (_results != _test.Results)
        {
            _results = _test.Results;
            ReportTest(nowUs);
        }

        if (_linkLosses != _test.LinkLosses)
        {
            _linkLosses = _test.LinkLosses;
            _events.Report(FaultCode.CuffLinkLost, Stream, nowUs);
            _readings.Phase(CuffPhase.Fault, nowUs);
        }

        if (_wasTesting && !_test.IsActive)
        {
            _readings.Phase(CuffPhase.Idle, nowUs);
        }

        _wasTesting = _test.IsActive;
        if (_changes != _run.Changes)
        {
            _changes = _run.Changes;
            Follow(nowUs);
        }

        _situation.IsCuffInflated = _run.MayBeInflated || _test.IsActive;
        return next;
    }

    private bool IsForSession(byte[] buffer, int offset, long nowUs)
    {
        uint epoch = LittleEndian.ReadUInt32(buffer, offset);
        if (epoch != 0 && epoch == _epoch)
        {
            return true;
        }

        _events.Report(FaultCode.CuffWrongSession, Stream, nowUs);
        return false;
    }

    private void Start(long nowUs)
    {
        FaultCode refused = _run.IsActive || _test.IsActive ? FaultCode.CuffBusy
            : !_link.IsCommandFresh(nowUs) ? FaultCode.CuffCommandLate
            : _category != PatientCategory.Adult || (_cuffSize != CuffSize.SmallAdult && _cuffSize != CuffSize.Adult && _cuffSize != CuffSize.LargeAdult) ? FaultCode.CuffNoCategory
            : !_available ? FaultCode.CuffSensorAbsent
            : !_test.IsValid(nowUs) ? FaultCode.CuffSelfTestDue
            : FaultCode.None;
        if (refused != FaultCode.None)
        {
            _events.Report(refused, Stream, nowUs);
            if (refused != FaultCode.CuffBusy)
            {
                _readings.Absent(refused == FaultCode.CuffCommandLate ? AbsenceReason.LinkLost : AbsenceReason.Suspended, Status(), nowUs);
            }

            return;
        }

        _publish = true;
        _situation.IsCuffInflated = true;
        _run.TryStart(_lastSystolic, nowUs);
    }

    private int Status() => (_calibration.IsCalibrated ? 0 : BloodPressureStatus.Uncalibrated) | (_run.Repeats > 0 ? BloodPressureStatus.Repeated : 0);

    private void Follow(long nowUs)
    {
        if (_run.State == CuffState.Bleed)
        {
            _bleedUs = nowUs;
        }

        bool isFault = _run.FaultCode != FaultCode.None;
        if (!isFault)
        {
            _reported = FaultCode.None;
        }
        else if (_run.FaultCode != _reported)
        {
            _reported = _run.FaultCode;
            _events.Report(_run.FaultCode, Stream, nowUs);
        }

        _readings.Phase(PhaseOf(isFault), nowUs);
        if (_run.State != CuffState.Done)
        {
            return;
        }

        _readings.FlushPressure(nowUs);
        if (!_publish)
        {
            return;
        }

        _publish = false;
        if (_run.Reason != AbsenceReason.None)
        {
            _readings.Absent(_run.Reason, Status(), nowUs);
            return;
        }

        _lastSystolic = _oscillometry.SystolicCentiMmHg;
        int status = Status() | (_oscillometry.IrregularPulse ? BloodPressureStatus.IrregularPulse : 0);
        int windowMs = _oscillometry.SampleCount * (OscillometricAnalysis.SamplePeriodUs / 1000);
        _readings.Result(
            _oscillometry.SystolicCentiMmHg,
            _oscillometry.DiastolicCentiMmHg,
            _oscillometry.MeanCentiMmHg,
            _oscillometry.PulseRateTenthsPerMinute,
            status,
            _oscillometry.Quality,
            windowMs,
            _bleedUs + (windowMs * 1000L),
            nowUs);
    }

    private CuffPhase PhaseOf(bool isFault)
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
                return isFault ? CuffPhase.Fault : CuffPhase.Done;
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
                _events.Report(FaultCode.CuffSelfTestPassed, Stream, nowUs);
            }

            return;
        }

        FaultCode code = _test.LinkPassed ? FaultCode.CuffLinkPassed : FaultCode.CuffSelfTestFailed;
        _events.Trace.Add(nowUs, (int)code, Stream);
        EventBody.Write(_ring.Scratch, PodRing.BodyOffset, code, Stream, ((int)_test.Link * LinkFactor) + (_test.Measured < 0 ? 0 : _test.Measured));
        _ring.Commit(FrameKind.Event, Streams.Events, EventBody.Length, nowUs, _epoch, nowUs);
        _readings.Phase(CuffPhase.SelfTest, nowUs);
    }
}
