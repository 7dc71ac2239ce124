using Firmware.Core;
using Firmware.Pod.Cuff;
using Firmware.Protocol;

namespace Firmware.Pod.Channels;

/// <summary>
/// An OEM module as the clinical rules see it. It has its own protection, its own test and its own repetitions; the rest between two measurements and the lost link are judged here, and
/// its driver asks for the deflation until the cuff is seen empty.
/// </summary>
public sealed class OemCuff : ICuff
{
    /// <summary>First inflation for an adult of whom nothing is known, mmHg. Assumption: 40 above most systolic pressures.</summary>
    public const int AdultInflationMmHg = 160;

    /// <summary>First inflation for a child, mmHg. Assumption: as for an adult, less 40.</summary>
    public const int PediatricInflationMmHg = 120;

    /// <summary>Added to the last systolic pressure of the session for the first inflation, mmHg. Source: AHA 2019 (Muntner et al.).</summary>
    public const int AboveSystolicMmHg = 30;

    /// <summary>Rest with an empty cuff between two measurements, µs. Source: IEC 80601-2-30, 201.12.1.107.</summary>
    public const int RestUs = 30_000_000;

    private const int LookUs = 10_000;

    private readonly IBloodPressureModule _module;
    private readonly LinkWatch _link;
    private ICuffClient _client = null!; // attached before everything else
    private int _outcomes;
    private int _losses;
    private bool _linkLost;
    private bool _endedByLink;
    private bool _available;
    private bool _isActive;
    private bool _isWaiting;
    private bool _warned;
    private long _restedUs;
    private long _stoppedUs;

    /// <summary>Stores.</summary>
    /// <param name="module">The module's driver.</param>
    /// <param name="link">What is known of the gateway.</param>
    public OemCuff(IBloodPressureModule module, LinkWatch link)
    {
        _module = module;
        _link = link;
    }

    /// <inheritdoc/>
    public bool MeasuresChildren => true;

    /// <inheritdoc/>
    public bool HasSelfTest => false;

    /// <inheritdoc/>
    public bool IsAvailable => _available;

    /// <inheritdoc/>
    public bool IsMeasuring => _isActive || _isWaiting;

    /// <inheritdoc/>
    public bool IsHolding => false;

    /// <inheritdoc/>
    public bool KeepsPressure => false;

    /// <inheritdoc/>
    public FaultCode HoldEnd => FaultCode.None;

    /// <inheritdoc/>
    public bool IsBusy => _isActive || _isWaiting || _module.Phase != NibpPhase.Idle;

    /// <inheritdoc/>
    public bool NeedsLink => _isActive || _isWaiting;

    /// <inheritdoc/>
    public bool MayBeInflated => _isActive || _warned || _module.Phase != NibpPhase.Idle;

    /// <inheritdoc/>
    public bool NeedsSteadyLoop => _module.Phase == NibpPhase.Prepare || _module.Phase == NibpPhase.Run;

    /// <inheritdoc/>
    public int Status => 0;

    /// <inheritdoc/>
    public CuffPhase Phase
    {
        get
        {
            switch (_module.Phase)
            {
                case NibpPhase.Prepare:
                    return CuffPhase.ZeroCheck;
                case NibpPhase.Run:
                    return CuffPhase.Inflate;
                case NibpPhase.Empty:
                    return CuffPhase.Dump;
                case NibpPhase.Unconfirmed:
                    return CuffPhase.Fault;
                default:
                    return _warned ? CuffPhase.Fault : CuffPhase.Idle;
            }
        }
    }

    /// <summary>The module judges its air by itself, and is calibrated by its maker.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False.</returns>
    public bool TryHold(long nowUs) => false;

    /// <inheritdoc/>
    public void HoldKey(long nowUs)
    {
    }

    /// <inheritdoc/>
    public void Attach(ICuffClient client) => _client = client;

    /// <inheritdoc/>
    public bool IsSelfTestDue(long nowUs) => false;

    /// <inheritdoc/>
    public void Start(long nowUs)
    {
        _losses = _link.Losses;
        _linkLost = false;
        _endedByLink = false;
        if (nowUs < _restedUs)
        {
            _isWaiting = true;
            _client.OnPhase(CuffPhase.Rest, nowUs);
            return;
        }

        Begin(nowUs);
    }

    /// <inheritdoc/>
    public void Test(long nowUs)
    {
        // The module tests itself.
    }

    /// <inheritdoc/>
    public void Stop(long nowUs)
    {
        if (_isWaiting)
        {
            _isWaiting = false;
            _client.OnAbsent(AbsenceReason.Stopped, nowUs);
            _client.OnPhase(CuffPhase.Done, nowUs);
        }

        _module.Stop(nowUs);
    }

    /// <inheritdoc/>
    public void Abandon(long nowUs)
    {
        _isWaiting = false;
        _module.Stop(nowUs);
    }

    /// <inheritdoc/>
    public void OnSample(long nowUs)
    {
        _available = true;
        if (_module.Phase != NibpPhase.Idle)
        {
            _client.OnPressure(_module.PressureMmHg * 100, _module.SampledAtUs, _module.PressurePeriodUs, nowUs);
        }
    }

    /// <inheritdoc/>
    public bool Expects(AbsenceReason reason) => false;

    /// <inheritdoc/>
    public void Suppress(AbsenceReason reason, long nowUs)
    {
        // One lost answer is no lost module; its driver counts them and aborts by itself.
    }

    /// <inheritdoc/>
    public void OnBusHeld(long nowUs)
    {
        // The module is on a line of its own and judges its air by itself.
    }

    /// <inheritdoc/>
    public void OnDeviceLost(long nowUs)
    {
        _available = false;
        if (!_isActive && _module.Phase == NibpPhase.Idle)
        {
            return;
        }

        // The module is gone with an inflated cuff, and nothing can ask it any more.
        _isActive = false;
        _isWaiting = false;
        Warn(nowUs);
        _module.Stop(nowUs);
        _stoppedUs = nowUs;
        _client.OnAbsent(AbsenceReason.CuffFault, nowUs);
        _client.OnPhase(CuffPhase.Fault, nowUs);
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
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

        if (_isActive && _module.Phase == NibpPhase.Run)
        {
            _client.OnPhase(CuffPhase.Inflate, nowUs);
        }
        else if (_module.Phase == NibpPhase.Empty)
        {
            _client.OnPhase(CuffPhase.Dump, nowUs);
        }

        if (_module.Phase == NibpPhase.Unconfirmed)
        {
            Warn(nowUs);
        }
        else if (_available && _module.Phase == NibpPhase.Idle && _warned)
        {
            _warned = false;
            _restedUs = nowUs + RestUs;
            _client.OnPhase(CuffPhase.Idle, nowUs);
        }

        if (_warned && !_available && nowUs - _stoppedUs >= _module.StopPeriodUs)
        {
            // The module sends nothing; it may still receive.
            _stoppedUs = nowUs;
            _module.Stop(nowUs);
        }

        long next = _isActive || _isWaiting ? nowUs + LookUs : long.MaxValue;
        return _warned && !_available && _stoppedUs + _module.StopPeriodUs < next ? _stoppedUs + _module.StopPeriodUs : next;
    }

    private void Begin(long nowUs)
    {
        _isWaiting = false;
        int usual = _client.Patient == NibpPatient.Adult ? AdultInflationMmHg : PediatricInflationMmHg;
        int above = (_client.LastSystolicCentiMmHg / 100) + AboveSystolicMmHg;
        if (!_available || !_module.TryStart(_client.Patient, above > usual ? above : usual))
        {
            _client.OnFault(FaultCode.CuffSensorAbsent, nowUs);
            _client.OnAbsent(AbsenceReason.Suspended, nowUs);
            _client.OnPhase(CuffPhase.Fault, nowUs);
            return;
        }

        _isActive = true;
        _client.OnInflating();
        _client.OnPhase(CuffPhase.ZeroCheck, nowUs);
    }

    // No air is held for a gateway that is not there, and none is pumped later. The driver repeats the abort until the cuff is seen empty.
    private void LoseLink(long nowUs)
    {
        _linkLost = true;
        if (_isActive && _module.Phase != NibpPhase.Prepare && _module.Phase != NibpPhase.Run)
        {
            return; // it deflates already, and keeps its result
        }

        _endedByLink = true;
        _module.Stop(nowUs);
        _client.OnFault(FaultCode.CuffLinkLost, nowUs);
        if (_isWaiting)
        {
            _isWaiting = false;
            _client.OnAbsent(AbsenceReason.LinkLost, nowUs);
            _client.OnPhase(CuffPhase.Fault, nowUs);
        }
    }

    private void Finish(long nowUs)
    {
        _isActive = false;
        _restedUs = nowUs + RestUs;
        if (_module.OutcomeFault != FaultCode.None)
        {
            _client.OnFault(_module.OutcomeFault, nowUs);
        }

        bool isUnconfirmed = _module.Phase == NibpPhase.Unconfirmed;
        _client.OnPressureEnd(nowUs);
        bool isLinkLost = _endedByLink && _module.OutcomeReason == AbsenceReason.Stopped;
        _client.OnPhase(isUnconfirmed || isLinkLost || _module.OutcomeFault != FaultCode.None ? CuffPhase.Fault : CuffPhase.Done, nowUs);
        if (_module.OutcomeReason != AbsenceReason.None)
        {
            _client.OnAbsent(isLinkLost ? AbsenceReason.LinkLost : _module.OutcomeReason, nowUs);
            return;
        }

        _client.OnResult(
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

    private void Warn(long nowUs)
    {
        if (!_warned)
        {
            _warned = true;
            _client.OnFault(FaultCode.CuffDeflationNotConfirmed, nowUs);
        }
    }
}
