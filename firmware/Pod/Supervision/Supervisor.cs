using Firmware.Core;
using Firmware.Pod.Channels;
using Firmware.Pod.Diagnostics;
using Firmware.Protocol;

namespace Firmware.Pod.Supervision;

/// <summary>What can happen to a peripheral.</summary>
public enum SupervisorEvent : byte
{
    /// <summary>The pause is over.</summary>
    Due = 0,

    /// <summary>The driver is not finished.</summary>
    Working = 1,

    /// <summary>The driver finished what it was asked.</summary>
    Ready = 2,

    /// <summary>The part works, but this reading may not be used.</summary>
    Withheld = 3,

    /// <summary>A transfer failed, and not too often in a row.</summary>
    Transient = 4,

    /// <summary>Nothing answers at the address.</summary>
    NotPresent = 5,

    /// <summary>The part, or the way to it, failed.</summary>
    Fault = 6,

    /// <summary>It failed as often as is allowed.</summary>
    FaultLimit = 7,

    /// <summary>A person asks to try again.</summary>
    Retry = 8,
}

/// <summary>What is to be done with a transition.</summary>
public enum SupervisorAction : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Restart the driver and probe at once.</summary>
    Begin = 1,

    /// <summary>Take the driver's new counts.</summary>
    Publish = 2,

    /// <summary>State the absence of a value.</summary>
    Suppress = 3,

    /// <summary>The part is gone: pause until the next look.</summary>
    Leave = 4,

    /// <summary>Pause, longer each time.</summary>
    Pause = 5,

    /// <summary>Leave the part alone.</summary>
    GiveUp = 6,
}

/// <summary>The supervisor's one table, a pure function.</summary>
public static class SupervisorTable
{
    /// <summary>How many states there are.</summary>
    public const int States = 6;

    /// <summary>How many events there are.</summary>
    public const int Events = 9;

    private const byte Stay = 0xFF;

    // Rows: state. Columns: Due, Working, Ready, Withheld, Transient, NotPresent, Fault, FaultLimit, Retry. An entry is 16 x next state + action.
    // "Stay" is an event that means nothing there: a driver is not called while it pauses, so its results cannot come.
    private static readonly byte[] Entries =
    [
        /* Absent      */ 0x11, Stay, Stay, Stay, Stay, Stay, Stay, Stay, 0x11,
        /* Probing     */ Stay, 0x10, 0x20, 0x45, 0x45, 0x04, 0x45, 0x56, 0x11,
        /* Settling    */ Stay, 0x20, 0x32, 0x23, 0x23, 0x04, 0x45, 0x56, 0x11,
        /* Measuring   */ Stay, 0x30, 0x32, 0x33, 0x33, 0x04, 0x45, 0x56, Stay,
        /* Backoff     */ 0x11, Stay, Stay, Stay, Stay, Stay, Stay, Stay, 0x11,
        /* Quarantined */ 0x11, Stay, Stay, Stay, Stay, 0x04, Stay, Stay, 0x11,
    ];

    /// <summary>The next state and what to do.</summary>
    /// <param name="state">The present state.</param>
    /// <param name="happened">What happened.</param>
    /// <param name="action">What to do.</param>
    /// <returns>The next state.</returns>
    public static SupervisorState Next(SupervisorState state, SupervisorEvent happened, out SupervisorAction action)
    {
        byte entry = Entries[((int)state * Events) + (int)happened];
        if (entry == Stay)
        {
            action = SupervisorAction.None;
            return state;
        }

        action = (SupervisorAction)(entry & 0x0F);
        return (SupervisorState)(entry >> 4);
    }
}

/// <summary>
/// Drives one peripheral: looks for it, configures it, measures with it, and decides what a failure means. A cart is attended, so what is plugged
/// in again works again by itself within about a second.
/// </summary>
public sealed class Supervisor : IStepped
{
    /// <summary>From one look for an absent part to the next, µs: one transaction each.</summary>
    public const long AbsentPeriodUs = 1_000_000;

    /// <summary>First pause after a failure, µs; doubled with each further one.</summary>
    public const long FirstPauseUs = 250_000;

    /// <summary>Longest pause, µs.</summary>
    public const long LongestPauseUs = 8_000_000;

    /// <summary>Failures without <see cref="StableUs"/> of measuring between them that end in quarantine.</summary>
    public const int FailureLimit = 5;

    /// <summary>Measuring this long forgives earlier failures, µs.</summary>
    public const long StableUs = 10_000_000;

    /// <summary>From one attempt at a quarantined part to the next, µs.</summary>
    public const long QuarantinePeriodUs = 60_000_000;

    /// <summary>From one look whether a quarantined part was unplugged to the next, µs.</summary>
    public const long QuarantineLookUs = 1_000_000;

    /// <summary>Failed transfers in a row that a measuring part is allowed before it is restarted, when they also last for <see cref="TransientUs"/>.</summary>
    public const int TransientLimit = 5;

    /// <summary>A measuring part whose transfers fail is restarted no sooner than this after the first of them, µs: a burst of disturbances is no fault of the part. Source: what a cuff that holds pressure may go without a sample; its own watch is quicker.</summary>
    public const long TransientUs = 100_000;

    private readonly IDriver _driver;
    private readonly Sensor _sensor;
    private readonly II2cPort _bus;
    private readonly BusMonitor? _monitor;
    private readonly int _address;
    private readonly EventReporter _events;
    private readonly byte[] _none = new byte[1];
    private long _dueUs;
    private long _lookUs;
    private long _measuringSinceUs;
    private int _transients;
    private long _transientUs;
    private AbsenceReason _lastReason;
    private bool _announcedAbsent;

    /// <summary>No I/O.</summary>
    /// <param name="driver">The part's driver.</param>
    /// <param name="sensor">What makes readings of its counts.</param>
    /// <param name="bus">Its bus.</param>
    /// <param name="address">Its address; 0 for a part that is not on the I2C bus.</param>
    /// <param name="events">Where faults are reported.</param>
    public Supervisor(IDriver driver, Sensor sensor, II2cPort bus, int address, EventReporter events)
    {
        _driver = driver;
        _sensor = sensor;
        _bus = bus;
        _monitor = address == 0 ? null : bus as BusMonitor;
        _address = address;
        _events = events;
        PartName = driver.PartName;
    }

    /// <summary>The part's name.</summary>
    public string PartName { get; }

    /// <summary>Where the peripheral stands.</summary>
    public SupervisorState State { get; private set; }

    /// <summary>Failures that are not forgiven yet.</summary>
    public int Failures { get; private set; }

    /// <summary>Changes whenever <see cref="State"/> does.</summary>
    public int Changes { get; private set; }

    /// <summary>What the peripheral does now, one plain word; empty for one that does but one thing.</summary>
    public string Activity => _sensor.Activity;

    /// <summary>Why there is no value now; None while measuring.</summary>
    public AbsenceReason Reason
    {
        get
        {
            if (State == SupervisorState.Measuring)
            {
                return AbsenceReason.None;
            }

            if (State == SupervisorState.Quarantined)
            {
                return AbsenceReason.Quarantined;
            }

            return _lastReason == AbsenceReason.None ? AbsenceReason.NotSettled : _lastReason;
        }
    }

    /// <summary>The pause after a number of failures.</summary>
    /// <param name="failures">From 1.</param>
    /// <returns>µs.</returns>
    public static long PauseUs(int failures)
    {
        long pause = FirstPauseUs;
        for (int i = 1; i < failures && pause < LongestPauseUs; i++)
        {
            pause *= 2;
        }

        return pause < LongestPauseUs ? pause : LongestPauseUs;
    }

    /// <summary>Tries again at once, whatever failed before.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Retry(long nowUs)
    {
        if (State != SupervisorState.Measuring)
        {
            Failures = 0;
        }

        Apply(SupervisorEvent.Retry, nowUs);
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        if (nowUs < _dueUs)
        {
            if (State != SupervisorState.Quarantined)
            {
                return _dueUs;
            }

            if (nowUs >= _lookUs)
            {
                Look(nowUs);
            }

            return _lookUs < _dueUs ? _lookUs : _dueUs;
        }

        switch (State)
        {
            case SupervisorState.Probing:
                OnResult(_driver.Probe(nowUs), nowUs);
                break;
            case SupervisorState.Settling:
            case SupervisorState.Measuring:
                OnResult(_driver.Measure(nowUs), nowUs);
                break;
            default:
                Apply(SupervisorEvent.Due, nowUs);
                break;
        }

        return _dueUs;
    }

    private bool IsBusLeftAlone => _monitor != null && _monitor.IsLeftAlone;

    private void OnResult(DriverResult result, long nowUs)
    {
        if (result != DriverResult.Failed)
        {
            if (result == DriverResult.Ready && State == SupervisorState.Measuring)
            {
                _transients = 0;
                if (nowUs - _measuringSinceUs >= StableUs)
                {
                    Failures = 0;
                }
            }

            _dueUs = _driver.NextStepUs;
            Apply(result == DriverResult.Ready ? SupervisorEvent.Ready : SupervisorEvent.Working, nowUs);
            return;
        }

        AbsenceReason reason = _driver.Reason == AbsenceReason.None ? AbsenceReason.SensorFault : _driver.Reason;
        SupervisorEvent happened = Classify(reason, nowUs);
        bool isBus = reason == AbsenceReason.BusFault && IsBusLeftAlone; // its own event says so, once for all its parts
        if ((happened != SupervisorEvent.NotPresent || !_announcedAbsent) && !(happened == SupervisorEvent.Withheld && _sensor.Expects(reason)) && !isBus)
        {
            _events.Report(_driver.FaultCode, _sensor.Stream, nowUs);
        }

        _lastReason = reason;
        _dueUs = _driver.NextStepUs;
        Apply(happened, nowUs);
    }

    private SupervisorEvent Classify(AbsenceReason reason, long nowUs)
    {
        if (reason == AbsenceReason.NotPresent)
        {
            return SupervisorEvent.NotPresent;
        }

        bool begun = State == SupervisorState.Measuring || State == SupervisorState.Settling;
        bool transfer = reason == AbsenceReason.BusFault || reason == AbsenceReason.ChecksumMismatch;
        if (reason == AbsenceReason.BusFault && IsBusLeftAlone)
        {
            return SupervisorEvent.Fault; // the bus's, and not counted as the part's
        }

        if (begun && transfer)
        {
            _transientUs = _transients == 0 ? nowUs : _transientUs;
            _transients++;
            if (_transients < TransientLimit || nowUs - _transientUs < TransientUs)
            {
                return SupervisorEvent.Transient;
            }
        }
        else if (begun && reason != AbsenceReason.SensorFault && reason != AbsenceReason.WrongPart)
        {
            _transients = 0; // its transfers work
            return SupervisorEvent.Withheld;
        }

        return Failures + 1 >= FailureLimit ? SupervisorEvent.FaultLimit : SupervisorEvent.Fault;
    }

    private void Apply(SupervisorEvent happened, long nowUs)
    {
        SupervisorState before = State;
        State = SupervisorTable.Next(before, happened, out SupervisorAction action);
        if (State != before)
        {
            Changes++;
        }

        switch (action)
        {
            case SupervisorAction.Begin:
                _driver.Restart();
                _transients = 0;
                _dueUs = nowUs;
                break;
            case SupervisorAction.Publish:
                if (before != SupervisorState.Measuring)
                {
                    _measuringSinceUs = nowUs;
                    _transients = 0;
                    _lastReason = AbsenceReason.None;
                    _announcedAbsent = false;
                    _events.Report(FaultCode.PartPresent, _sensor.Stream, nowUs);
                }

                _sensor.OnSample(nowUs);
                break;
            case SupervisorAction.Suppress:
                // A transfer that failed for once is tried again at the next step: the value is late, not absent.
                if (_address == 0 || happened != SupervisorEvent.Transient || _lastReason != AbsenceReason.BusFault)
                {
                    _sensor.Suppress(_lastReason, nowUs);
                }

                break;
            case SupervisorAction.Leave:
                Failures = before == SupervisorState.Quarantined ? 0 : Failures;
                _lastReason = AbsenceReason.NotPresent;
                _dueUs = nowUs + AbsentPeriodUs;
                if (!_announcedAbsent)
                {
                    _announcedAbsent = true;
                    _events.Report(FaultCode.PartAbsent, _sensor.Stream, nowUs);
                }

                _sensor.OnDeviceLost(nowUs);
                break;
            case SupervisorAction.Pause:
                if (IsBusLeftAlone)
                {
                    _dueUs = _monitor!.AloneUntilUs;
                    _sensor.OnDeviceLost(nowUs);
                    break;
                }

                Failures++;
                _dueUs = nowUs + PauseUs(Failures);
                _events.Report(FaultCode.PartFailing, _sensor.Stream, nowUs);
                _sensor.OnDeviceLost(nowUs);
                break;
            case SupervisorAction.GiveUp:
                Failures++;
                _dueUs = nowUs + QuarantinePeriodUs;
                _lookUs = nowUs + QuarantineLookUs;
                _events.Report(FaultCode.PartQuarantined, _sensor.Stream, nowUs);
                _sensor.OnDeviceLost(nowUs);
                break;
            default:
                break;
        }
    }

    // One byte is read from wherever the part's pointer stands: harmless, since a quarantined part is reset before it is used again.
    private void Look(long nowUs)
    {
        _lookUs = nowUs + QuarantineLookUs;
        if (_address != 0 && _bus.WriteRead(_address, _none, 0, 0, _none, 0, 1) == I2cStatus.AddressNack)
        {
            Apply(SupervisorEvent.NotPresent, nowUs);
            _lookUs = _dueUs;
        }
    }
}
