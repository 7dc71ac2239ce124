using Firmware.Core;
using Firmware.Peripherals;
using Firmware.Pod.Cuff;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Store;
using Firmware.Pod.Supervision;
using Firmware.Protocol;

namespace Firmware.Pod.Channels;

/// <summary>A driver of a module that measures blood pressure by itself.</summary>
public interface IBloodPressureModule : IDriver
{
    /// <summary>The newest cuff pressure, mmHg. New after Ready only.</summary>
    int PressureMmHg { get; }

    /// <summary>When it came, monotonic µs.</summary>
    long SampledAtUs { get; }

    /// <summary>Where a measurement stands.</summary>
    SunTechPhase Phase { get; }

    /// <summary>Measurements that have ended.</summary>
    int Outcomes { get; }

    /// <summary>Why the last has no value; None for a value.</summary>
    AbsenceReason OutcomeReason { get; }

    /// <summary>The code of what happened to it.</summary>
    FaultCode OutcomeFault { get; }

    /// <summary>Systolic pressure, mmHg.</summary>
    int SystolicMmHg { get; }

    /// <summary>Diastolic pressure, mmHg.</summary>
    int DiastolicMmHg { get; }

    /// <summary>Mean pressure, mmHg.</summary>
    int MeanMmHg { get; }

    /// <summary>Pulse, 1/min; 0 for none.</summary>
    int PulsePerMinute { get; }

    /// <summary>How long the measurement took, µs.</summary>
    long DurationUs { get; }

    /// <summary>Asks for one measurement.</summary>
    /// <param name="patient">Adult or child.</param>
    /// <param name="inflationMmHg">First inflation, mmHg.</param>
    /// <returns>False when it cannot be begun now.</returns>
    bool TryStart(SunTechPatient patient, int inflationMmHg);

    /// <summary>Lets the air out, whatever is the case.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Stop(long nowUs);
}

/// <summary>The SunTech module as a source of blood pressures.</summary>
public sealed class SunTechNibpSource : IBloodPressureModule
{
    private readonly SunTechNibp _driver;

    /// <summary>Stores; talks to nobody.</summary>
    /// <param name="port">The line.</param>
    public SunTechNibpSource(ISerialPort port) => _driver = new SunTechNibp(port);

    /// <inheritdoc/>
    public string PartName => _driver.PartName;

    /// <inheritdoc/>
    public long NextStepUs => _driver.NextStepUs;

    /// <inheritdoc/>
    public AbsenceReason Reason => _driver.Reason;

    /// <inheritdoc/>
    public FaultCode FaultCode => _driver.FaultCode;

    /// <inheritdoc/>
    public int PressureMmHg => _driver.PressureMmHg;

    /// <inheritdoc/>
    public long SampledAtUs => _driver.SampledAtUs;

    /// <inheritdoc/>
    public SunTechPhase Phase => _driver.Phase;

    /// <inheritdoc/>
    public int Outcomes => _driver.Outcomes;

    /// <inheritdoc/>
    public AbsenceReason OutcomeReason => _driver.OutcomeReason;

    /// <inheritdoc/>
    public FaultCode OutcomeFault => _driver.OutcomeFault;

    /// <inheritdoc/>
    public int SystolicMmHg => _driver.SystolicMmHg;

    /// <inheritdoc/>
    public int DiastolicMmHg => _driver.DiastolicMmHg;

    /// <inheritdoc/>
    public int MeanMmHg => _driver.MeanMmHg;

    /// <inheritdoc/>
    public int PulsePerMinute => _driver.PulsePerMinute;

    /// <inheritdoc/>
    public long DurationUs => _driver.DurationUs;

    /// <inheritdoc/>
    public bool TryStart(SunTechPatient patient, int inflationMmHg) => _driver.TryStart(patient, inflationMmHg);

    /// <inheritdoc/>
    public void Stop(long nowUs) => _driver.Stop(nowUs);

    /// <inheritdoc/>
    public void Restart() => _driver.Restart();

    /// <inheritdoc/>
    public DriverResult Probe(long nowUs) => _driver.Probe(nowUs);

    /// <inheritdoc/>
    public DriverResult Measure(long nowUs) => _driver.Measure(nowUs);
}

/// <summary>
/// An OEM module as a sensor: the same commands, rules and readings as the own cuff. It has its own protection and its own repetitions, so there is no self test and no repetition of
/// ours; it may measure children. A stop is obeyed whatever else is the case.
/// </summary>
public sealed class OemBloodPressure : Sensor
{
    /// <summary>First inflation for an adult of whom nothing is known, mmHg. Guess: 40 above most systolic pressures.</summary>
    public const int AdultInflationMmHg = 160;

    /// <summary>First inflation for a child, mmHg. Guess: as for an adult, less 40.</summary>
    public const int PediatricInflationMmHg = 120;

    /// <summary>Added to the last systolic pressure of the session for the first inflation, mmHg. Source: AHA 2019 (Muntner et al.).</summary>
    public const int AboveSystolicMmHg = 30;

    /// <summary>Rest with an empty cuff between two measurements, µs. Source: IEC 80601-2-30, 201.12.1.107.</summary>
    public const int RestUs = 30_000_000;

    private const int LookUs = 10_000;

    private readonly IBloodPressureModule _module;
    private readonly PodSituation _situation;
    private readonly EventReporter _events;
    private readonly LinkWatch _link;
    private readonly BloodPressureReadings _readings;
    private uint _epoch;
    private PatientCategory _category;
    private CuffSize _cuffSize;
    private int _lastSystolicMmHg;
    private int _outcomes;
    private int _losses;
    private bool _linkLost;
    private bool _endedByLink;
    private bool _available;
    private bool _publish;
    private bool _isActive;
    private bool _isWaiting;
    private bool _warned;
    private long _restedUs;
    private long _stoppedUs;

    /// <summary>Stores.</summary>
    /// <param name="module">The module's driver.</param>
    /// <param name="options">Streams.</param>
    /// <param name="ring">Where readings go.</param>
    /// <param name="situation">What oximeter and stethoscope must know.</param>
    /// <param name="events">Where faults are reported.</param>
    /// <param name="link">What is known of the gateway.</param>
    public OemBloodPressure(IBloodPressureModule module, PeripheralOptions options, PodRing ring, PodSituation situation, EventReporter events, LinkWatch link)
        : base(options.Stream)
    {
        _module = module;
        _situation = situation;
        _events = events;
        _link = link;
        _readings = new BloodPressureReadings(options, ring);
    }

    /// <summary>Who is measured in this session.</summary>
    public PatientCategory Category => _category;

    /// <inheritdoc/>
    public override int LinkProbePeriodUs => _isActive || _isWaiting ? LinkWatch.ProbePeriodUs : LinkWatch.RestProbePeriodUs;

    /// <inheritdoc/>
    public override void Take(long nowUs)
    {
        _available = true;
        if (_module.Phase != SunTechPhase.Idle)
        {
            _readings.Pressure(_module.PressureMmHg * 100, _module.SampledAtUs, SunTechNibp.PressurePeriodUs, nowUs);
        }
    }

    /// <inheritdoc/>
    public override void Withhold(AbsenceReason reason, long nowUs)
    {
        // One lost answer is no lost module; its driver counts them and aborts by itself.
    }

    /// <inheritdoc/>
    public override void Interrupt(long nowUs)
    {
        _available = false;
        if (!_isActive && _module.Phase == SunTechPhase.Idle)
        {
            return;
        }

        // The module is gone with an inflated cuff, and nothing can ask it any more.
        _isActive = false;
        _isWaiting = false;
        Warn(nowUs);
        _module.Stop(nowUs);
        _stoppedUs = nowUs;
        Publish(AbsenceReason.CuffFault, nowUs);
        _readings.Phase(CuffPhase.Fault, nowUs);
    }

    /// <inheritdoc/>
    public override void ChangeEpoch(uint epoch, long nowUs)
    {
        if (_isActive || _isWaiting)
        {
            _publish = false;
            _isWaiting = false;
            _module.Stop(nowUs);
        }

        _readings.ChangeEpoch(epoch, nowUs);
        _readings.Phase(Present(), nowUs);
        _epoch = epoch;
        _category = PatientCategory.Unknown;
        _cuffSize = CuffSize.Unknown;
        _situation.IsCuffOnOximeterArm = false;
        _lastSystolicMmHg = 0;
    }

    /// <inheritdoc/>
    public override bool TryCommand(byte command, byte[] buffer, int offset, int count, long nowUs)
    {
        switch (command)
        {
            case PodCommand.StopCuff:
                if (_isWaiting)
                {
                    _isWaiting = false;
                    Publish(AbsenceReason.Stopped, nowUs);
                    _readings.Phase(CuffPhase.Done, nowUs);
                }

                _module.Stop(nowUs);
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
                    _situation.IsCuffOnOximeterArm = buffer[offset + 6] == 1;
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
            default:
                return false;
        }
    }

    /// <inheritdoc/>
    public override long Step(AbsenceReason reason, long nowUs)
    {
        if ((_isActive || _isWaiting) && !_linkLost && _link.IsLost(_losses, nowUs))
        {
            LoseLink(nowUs);
        }

        if (_isWaiting && nowUs >= _restedUs)
        {
            Begin(nowUs);
        }

        if (_outcomes != _module.Outcomes)
        {
            _outcomes = _module.Outcomes;
            Finish(nowUs);
        }

        if (_isActive && _module.Phase == SunTechPhase.Run)
        {
            _readings.Phase(CuffPhase.Inflate, nowUs);
        }
        else if (_module.Phase == SunTechPhase.Empty)
        {
            _readings.Phase(CuffPhase.Dump, nowUs);
        }

        if (_module.Phase == SunTechPhase.Unconfirmed)
        {
            Warn(nowUs);
        }
        else if (_available && _module.Phase == SunTechPhase.Idle && _warned)
        {
            _warned = false;
            _restedUs = nowUs + RestUs;
            _readings.Phase(CuffPhase.Idle, nowUs);
        }

        if (_warned && !_available && nowUs - _stoppedUs >= SunTechNibp.AbortPeriodUs)
        {
            // Nothing is heard of the module; it may still hear.
            _stoppedUs = nowUs;
            _module.Stop(nowUs);
        }

        _situation.IsCuffInflated = _isActive || _warned || _module.Phase != SunTechPhase.Idle;
        long next = _isActive || _isWaiting ? nowUs + LookUs : long.MaxValue;
        return _warned && !_available && _stoppedUs + SunTechNibp.AbortPeriodUs < next ? _stoppedUs + SunTechNibp.AbortPeriodUs : next;
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

    private bool IsKnown
    {
        get
        {
            bool isAdultCuff = _cuffSize == CuffSize.SmallAdult || _cuffSize == CuffSize.Adult || _cuffSize == CuffSize.LargeAdult;
            return (_category == PatientCategory.Adult && isAdultCuff) || (_category == PatientCategory.Pediatric && (isAdultCuff || _cuffSize == CuffSize.Child));
        }
    }

    private CuffPhase Present()
    {
        switch (_module.Phase)
        {
            case SunTechPhase.Prepare:
                return CuffPhase.ZeroCheck;
            case SunTechPhase.Run:
                return CuffPhase.Inflate;
            case SunTechPhase.Empty:
                return CuffPhase.Dump;
            case SunTechPhase.Unconfirmed:
                return CuffPhase.Fault;
            default:
                return _warned ? CuffPhase.Fault : CuffPhase.Idle;
        }
    }

    private void Start(long nowUs)
    {
        FaultCode refused = _isActive || _isWaiting || _module.Phase != SunTechPhase.Idle ? FaultCode.CuffBusy
            : !_link.IsCommandFresh(nowUs) ? FaultCode.CuffCommandLate
            : !IsKnown ? FaultCode.CuffNoCategory
            : !_available ? FaultCode.CuffSensorAbsent
            : FaultCode.None;
        if (refused != FaultCode.None)
        {
            _events.Report(refused, Stream, nowUs);
            if (refused != FaultCode.CuffBusy)
            {
                _readings.Absent(refused == FaultCode.CuffCommandLate ? AbsenceReason.LinkLost : AbsenceReason.Suspended, 0, nowUs);
            }

            return;
        }

        _publish = true;
        _losses = _link.Losses;
        _linkLost = false;
        _endedByLink = false;
        if (nowUs < _restedUs)
        {
            _isWaiting = true;
            _readings.Phase(CuffPhase.Rest, nowUs);
            return;
        }

        Begin(nowUs);
    }

    private void Begin(long nowUs)
    {
        _isWaiting = false;
        bool isAdult = _category == PatientCategory.Adult;
        int usual = isAdult ? AdultInflationMmHg : PediatricInflationMmHg;
        int inflation = _lastSystolicMmHg + AboveSystolicMmHg > usual ? _lastSystolicMmHg + AboveSystolicMmHg : usual;
        if (!_available || !_module.TryStart(isAdult ? SunTechPatient.Adult : SunTechPatient.Pediatric, inflation))
        {
            _events.Report(FaultCode.CuffSensorAbsent, Stream, nowUs);
            Publish(AbsenceReason.Suspended, nowUs);
            _readings.Phase(CuffPhase.Fault, nowUs);
            return;
        }

        _isActive = true;
        _situation.IsCuffInflated = true;
        _readings.Phase(CuffPhase.ZeroCheck, nowUs);
    }

    // No air is held for a gateway that is not there, and none is pumped later. The driver repeats the abort until the cuff is seen empty.
    private void LoseLink(long nowUs)
    {
        _linkLost = true;
        if (_isActive && _module.Phase != SunTechPhase.Prepare && _module.Phase != SunTechPhase.Run)
        {
            return; // it is letting go already, and keeps its result
        }

        _endedByLink = true;
        _module.Stop(nowUs);
        _events.Report(FaultCode.CuffLinkLost, Stream, nowUs);
        if (_isWaiting)
        {
            _isWaiting = false;
            Publish(AbsenceReason.LinkLost, nowUs);
            _readings.Phase(CuffPhase.Fault, nowUs);
        }
    }

    private void Finish(long nowUs)
    {
        _isActive = false;
        _restedUs = nowUs + RestUs;
        if (_module.OutcomeFault != FaultCode.None)
        {
            _events.Report(_module.OutcomeFault, Stream, nowUs);
        }

        bool isUnconfirmed = _module.Phase == SunTechPhase.Unconfirmed;
        _readings.FlushPressure(nowUs);
        bool isLinkLost = _endedByLink && _module.OutcomeReason == AbsenceReason.Stopped;
        _readings.Phase(isUnconfirmed || isLinkLost || _module.OutcomeFault != FaultCode.None ? CuffPhase.Fault : CuffPhase.Done, nowUs);
        if (_module.OutcomeReason != AbsenceReason.None)
        {
            Publish(isLinkLost ? AbsenceReason.LinkLost : _module.OutcomeReason, nowUs);
            return;
        }

        if (!_publish)
        {
            return;
        }

        _publish = false;
        _lastSystolicMmHg = _module.SystolicMmHg;
        _readings.Result(
            _module.SystolicMmHg * 100,
            _module.DiastolicMmHg * 100,
            _module.MeanMmHg * 100,
            _module.PulsePerMinute * 10,
            0,
            100,
            (int)(_module.DurationUs / 1000),
            nowUs,
            nowUs);
    }

    private void Publish(AbsenceReason reason, long nowUs)
    {
        if (_publish)
        {
            _publish = false;
            _readings.Absent(reason, 0, nowUs);
        }
    }

    private void Warn(long nowUs)
    {
        if (!_warned)
        {
            _warned = true;
            _events.Report(FaultCode.CuffDeflationNotConfirmed, Stream, nowUs);
        }
    }
}
