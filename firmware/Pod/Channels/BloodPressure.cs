using Firmware.Core;
using Firmware.Pod.Cuff;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Store;
using Firmware.Pod.Supervision;
using Firmware.Protocol;

namespace Firmware.Pod.Channels;

/// <summary>
/// The clinical rules of blood pressure, the same for every cuff: commands of people, the patient context (asked once per session; nothing without a session), who may be measured
/// with which cuff, and what is published of it. A stop is obeyed whatever else is the case.
/// </summary>
public sealed class BloodPressure : Sensor, ICuffClient
{
    /// <summary>What the body of <see cref="PodCommand.TestCuff"/> says when the cuff is off the arm.</summary>
    public const byte OffTheArm = 0xA5;

    private readonly ICuff _cuff;
    private readonly PodRing _ring;
    private readonly PodSituation _situation;
    private readonly EventReporter _events;
    private readonly LinkWatch _link;
    private readonly BloodPressureReadings _readings;
    private uint _epoch;
    private PatientCategory _category;
    private CuffSize _cuffSize;
    private bool _publish;

    /// <summary>Stores.</summary>
    /// <param name="cuff">The cuff with what judges its air; it tells its outcomes to this.</param>
    /// <param name="ring">Where readings go.</param>
    /// <param name="situation">What oximeter and stethoscope must know.</param>
    /// <param name="events">Where faults are reported.</param>
    /// <param name="link">What is known of the gateway.</param>
    public BloodPressure(ICuff cuff, PodRing ring, PodSituation situation, EventReporter events, LinkWatch link)
        : base(Streams.Systolic)
    {
        _cuff = cuff;
        _ring = ring;
        _situation = situation;
        _events = events;
        _link = link;
        _readings = new BloodPressureReadings(ring);
        cuff.Attach(this);
    }

    /// <summary>Who is measured in this session.</summary>
    public PatientCategory Category => _category;

    /// <summary>Which cuff is used in this session.</summary>
    public CuffSize CuffSize => _cuffSize;

    /// <inheritdoc/>
    public NibpPatient Patient => _category == PatientCategory.Adult ? NibpPatient.Adult : NibpPatient.Pediatric;

    /// <inheritdoc/>
    public int LastSystolicCentiMmHg { get; private set; }

    /// <inheritdoc/>
    public int FingerPulseTenths(long nowUs) => _situation.FingerPulseTenths(nowUs);

    /// <inheritdoc/>
    public override int LinkProbePeriodUs => _cuff.NeedsLink ? LinkWatch.ProbePeriodUs : LinkWatch.RestProbePeriodUs;

    /// <inheritdoc/>
    public override void OnSample(long nowUs) => _cuff.OnSample(nowUs);

    /// <inheritdoc/>
    public override bool Expects(AbsenceReason reason) => _cuff.Expects(reason);

    /// <inheritdoc/>
    public override void Suppress(AbsenceReason reason, long nowUs) => _cuff.Suppress(reason, nowUs);

    /// <inheritdoc/>
    public override void OnDeviceLost(long nowUs) => _cuff.OnDeviceLost(nowUs);

    /// <inheritdoc/>
    public override void OnBusHeld(long nowUs) => _cuff.OnBusHeld(nowUs);

    /// <summary>Not a command of the gateway's: it is asked for at the pod alone, with no session.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False when the cuff cannot, is in use, or a session is open.</returns>
    public override bool TryHold(long nowUs)
    {
        bool begins = _epoch == 0 && _cuff.IsAvailable && _cuff.TryHold(nowUs);
        _situation.IsCuffInflated |= begins;
        return begins;
    }

    /// <inheritdoc/>
    public override void HoldKey(long nowUs) => _cuff.HoldKey(nowUs);

    /// <inheritdoc/>
    public override bool KeepsPressure => _cuff.KeepsPressure;

    /// <inheritdoc/>
    public override FaultCode HoldEnd => _cuff.HoldEnd;

    /// <inheritdoc/>
    public override void ChangeEpoch(uint epoch, long nowUs)
    {
        if (_cuff.IsHolding)
        {
            _cuff.Stop(nowUs); // somebody may wear it now
        }

        if (_cuff.IsMeasuring)
        {
            _publish = false;
            _cuff.Abandon(nowUs);
        }

        _readings.ChangeEpoch(epoch, nowUs);
        _readings.Phase(_cuff.Phase, nowUs);
        _epoch = epoch;
        _category = PatientCategory.Unknown;
        _cuffSize = CuffSize.Unknown;
        _situation.IsCuffOnOximeterArm = false;
        LastSystolicCentiMmHg = 0;
    }

    /// <inheritdoc/>
    public override bool TryCommand(byte command, byte[] buffer, int offset, int count, long nowUs)
    {
        switch (command)
        {
            case PodCommand.StopCuff:
                _cuff.Stop(nowUs);
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
            case PodCommand.TestCuff:
                if (!_cuff.HasSelfTest || count != 1 || buffer[offset] != OffTheArm)
                {
                    return false;
                }

                Test(nowUs);
                return true;
            default:
                return false;
        }
    }

    /// <inheritdoc/>
    public override long Step(AbsenceReason reason, long nowUs)
    {
        long next = _cuff.Step(nowUs);
        _situation.IsCuffInflated = _cuff.MayBeInflated;
        _situation.NeedsSteadyLoop = _cuff.NeedsSteadyLoop;
        return next;
    }

    /// <inheritdoc/>
    public void OnPressure(int centiMmHg, long atUs, int periodUs, long nowUs) => _readings.Pressure(centiMmHg, atUs, periodUs, nowUs);

    /// <inheritdoc/>
    public void OnPressureEnd(long nowUs) => _readings.FlushPressure(nowUs);

    /// <inheritdoc/>
    public void OnPhase(CuffPhase phase, long nowUs) => _readings.Phase(phase, nowUs);

    /// <inheritdoc/>
    public void OnFault(FaultCode code, long nowUs) => _events.Report(code, Stream, nowUs);

    /// <inheritdoc/>
    public void OnLinkTested(FaultCode code, int argument, long nowUs)
    {
        _events.Trace.Add(nowUs, (int)code, Stream);
        EventBody.Write(_ring.Scratch, PodRing.BodyOffset, code, Stream, argument);
        _ring.Commit(FrameKind.Event, Streams.Events, EventBody.Length, nowUs, _epoch, nowUs);
    }

    /// <inheritdoc/>
    public void OnInflating() => _situation.IsCuffInflated = true;

    /// <inheritdoc/>
    public void OnAbsent(AbsenceReason reason, long nowUs)
    {
        if (_publish)
        {
            _publish = false;
            _readings.Absent(reason, _cuff.Status, nowUs);
        }
    }

    /// <inheritdoc/>
    public void OnResult(int systolicCentiMmHg, int diastolicCentiMmHg, int meanCentiMmHg, int pulseTenthsPerMinute, int status, int quality, int windowMs, long atUs, long nowUs)
    {
        if (_publish)
        {
            _publish = false;
            LastSystolicCentiMmHg = systolicCentiMmHg;
            _readings.Result(systolicCentiMmHg, diastolicCentiMmHg, meanCentiMmHg, pulseTenthsPerMinute, status, quality, windowMs, atUs, nowUs);
        }
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

    // An adult's cuff fits a child's arm too; a child's cuff is for children only.
    private bool MayBeMeasured()
    {
        bool isAdultCuff = _cuffSize == CuffSize.SmallAdult || _cuffSize == CuffSize.Adult || _cuffSize == CuffSize.LargeAdult;
        return (_category == PatientCategory.Adult && isAdultCuff)
            || (_cuff.MeasuresChildren && _category == PatientCategory.Pediatric && (isAdultCuff || _cuffSize == CuffSize.Child));
    }

    private void Start(long nowUs)
    {
        FaultCode refused = _cuff.IsBusy ? FaultCode.CuffBusy
            : !_link.IsCommandFresh(nowUs) ? FaultCode.CuffCommandLate
            : !MayBeMeasured() ? FaultCode.CuffNoCategory
            : !_cuff.IsAvailable ? FaultCode.CuffSensorAbsent
            : _cuff.IsSelfTestDue(nowUs) ? FaultCode.CuffSelfTestDue
            : FaultCode.None;
        if (refused != FaultCode.None)
        {
            _events.Report(refused, Stream, nowUs);
            if (refused != FaultCode.CuffBusy)
            {
                _readings.Absent(refused == FaultCode.CuffCommandLate ? AbsenceReason.LinkLost : AbsenceReason.Suspended, _cuff.Status, nowUs);
            }

            return;
        }

        _publish = true;
        _cuff.Start(nowUs);
    }

    private void Test(long nowUs)
    {
        FaultCode refused = _cuff.IsMeasuring || _cuff.IsHolding ? FaultCode.CuffBusy
            : !_cuff.IsAvailable ? FaultCode.CuffSensorAbsent
            : !_link.IsCommandFresh(nowUs) ? FaultCode.CuffCommandLate
            : FaultCode.None;
        if (refused != FaultCode.None)
        {
            _events.Report(refused, Stream, nowUs);
            return;
        }

        _cuff.Test(nowUs);
    }
}
