using Firmware.Core;
using Firmware.Pod.Channels;
using Firmware.Pod.Configuration;
using Firmware.Pod.Cuff;
using Firmware.Protocol;

namespace Firmware.Pod.Console;

/// <summary>The unlock, and what may be done behind it on a pod that is on no patient: the cuff's self test, injected faults, simulated readings, restart, erasing.</summary>
public sealed class BenchCommands
{
    /// <summary>From one row of a held pressure to the next, µs.</summary>
    public const long HoldRowUs = 200_000;

    /// <summary>From one simulated reading to the next, µs.</summary>
    public const long SimulatedPeriodUs = 1_000_000;

    /// <summary>The second step of <c>factory</c> must follow within, µs.</summary>
    public const long FactoryUs = 60_000_000;

    private const int IdDigits = 16;

    private readonly ConsoleServices _services;
    private readonly SensorCommands _sensors;
    private readonly PodWatch _watch;
    private HoldEnd _holdEnd;
    private long _traceFrom;
    private bool _hasFailed;
    private bool _isByHand;
    private int _place;
    private long _rowUs;
    private long _sampleUs;
    private int _samples;
    private int _value;
    private int _low;
    private int _high;
    private bool _isSimulating;
    private long _simulateUs;
    private int _simulated;
    private long _factoryUs = long.MinValue / 2;

    /// <summary>Stores.</summary>
    /// <param name="services">The pod.</param>
    /// <param name="sensors">Finds parts.</param>
    /// <param name="watch">What was seen of the pod's frames.</param>
    public BenchCommands(ConsoleServices services, SensorCommands sensors, PodWatch watch)
    {
        _services = services;
        _sensors = sensors;
        _watch = watch;
    }

    /// <summary>Whether somebody stands beside a cuff that moves.</summary>
    public CuffHold Hold { get; } = new CuffHold();

    /// <summary>Time passes.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Step(long nowUs)
    {
        OnHoldEnd(Hold.Step(nowUs), nowUs);
        if (_isSimulating && nowUs >= _simulateUs && _services.Pod != null)
        {
            _simulateUs = nowUs + SimulatedPeriodUs;

            // Made up, and in no range that says something: a contact at rest, a healthy adult.
            _services.Pod.ProduceSimulated(Streams.Temperature, MdcCodes.SkinTemperature, 37_000, -3, nowUs);
            _services.Pod.ProduceSimulated(Streams.OxygenSaturation, MdcCodes.OxygenSaturation, 980, -1, nowUs);
            _services.Pod.ProduceSimulated(Streams.PulseRate, MdcCodes.PulseRate, 700, -1, nowUs);
            _simulated += 3;
        }

        ConfigurationStore configuration = _services.Configuration;
        bool mayWrite = _services.Pod == null || !_services.Pod.Situation.IsCuffInflated;
        if (configuration.IsOnTrial && nowUs >= ConfigurationStore.TrialUs && mayWrite && !_services.IsInSession && _services.RestartUs == long.MaxValue)
        {
            if (configuration.Undo() == StoreStatus.Ok)
            {
                _services.Pod?.Report(FaultCode.ConfigurationUndone, nowUs);
                _services.RestartAt(nowUs + ConfigurationCommands.RestartUs, FaultCode.ConfigurationUndone);
            }
        }
    }

    /// <summary>A byte came while the hold goes on.</summary>
    /// <param name="value">The byte.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void OnHoldKey(byte value, long nowUs)
    {
        HoldEnd end = Hold.Key(value, nowUs);
        if (end == HoldEnd.None)
        {
            _services.Pod?.HoldKey(nowUs);
        }

        OnHoldEnd(end, nowUs);
    }

    /// <summary>The hold ended, or not.</summary>
    /// <param name="end">Why.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void OnHoldEnd(HoldEnd end, long nowUs)
    {
        if (end == HoldEnd.None)
        {
            return;
        }

        _holdEnd = end;
        _services.Pod?.StopCuff(nowUs);
        if (!_isByHand || end == HoldEnd.Silence)
        {
            _services.Pod?.Report(FaultCode.CuffKeyMissing, nowUs);
        }
    }

    /// <summary>The command that ran is over.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void OnCommandEnd(long nowUs)
    {
        if (Hold.IsActive)
        {
            Hold.End();
            _services.Pod?.StopCuff(nowUs);
        }
    }

    /// <summary><c>challenge</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done or refused.</returns>
    public CommandTurn Challenge(ConsoleCall call)
    {
        if (!_services.HasKey)
        {
            return call.Refuse(FaultCode.PodUnprovisioned, "there is no technicianKey yet");
        }

        long lockedUs = _services.Gate.LockedForUs(call.NowUs);
        if (lockedUs > 0)
        {
            return call.Refuse(FaultCode.ConsoleLocked, "for " + ((lockedUs + 999_999) / 1_000_000).ToString() + " s still");
        }

        uint bootId = _services.Pod == null ? 0 : _services.Pod.BootId;
        call.Answer.Text("challenge", _services.Gate.NewChallenge(_services.Configuration.Active.Bytes(ConfigurationKeys.TechnicianKey), bootId, call.NowUs));
        call.Answer.Say("  cartctl pod unlock answers it; then type unlock and the answer");
        return CommandTurn.Done;
    }

    /// <summary><c>unlock</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done or refused.</returns>
    public CommandTurn Unlock(ConsoleCall call)
    {
        if (!_services.HasKey)
        {
            return call.Refuse(FaultCode.PodUnprovisioned, "there is no technicianKey yet");
        }

        if (_services.Pod != null && _services.Pod.Situation.IsCuffInflated)
        {
            return call.Refuse(FaultCode.ConsoleBusy, "wrong answers are counted in the store, and nothing is written while the cuff holds pressure");
        }

        FaultCode code = _services.Gate.TryUnlock(_services.Configuration.Active.Bytes(ConfigurationKeys.TechnicianKey), call.Argument(0), call.NowUs);
        _services.Pod?.Report(code, call.NowUs);
        if (code != FaultCode.ConsoleUnlocked)
        {
            long lockedUs = _services.Gate.LockedForUs(call.NowUs);
            return call.Refuse(code, lockedUs > 0 ? "for " + ((lockedUs + 999_999) / 1_000_000).ToString() + " s" : string.Empty);
        }

        call.Answer.Number("idleMs", UnlockGate.IdleUs / 1000);
        return CommandTurn.Done;
    }

    /// <summary><c>lock</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done.</returns>
    public CommandTurn Lock(ConsoleCall call)
    {
        _services.Gate.Lock();
        return CommandTurn.Done;
    }

    /// <summary><c>cuff stop</c>: refused to nobody.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done.</returns>
    public CommandTurn CuffStop(ConsoleCall call)
    {
        _services.Pod?.StopCuff(call.NowUs);
        return CommandTurn.Done;
    }

    /// <summary><c>cuff test</c>: the chain's self test, while somebody holds a key.</summary>
    /// <param name="call">The call.</param>
    /// <returns>One result a turn.</returns>
    public CommandTurn CuffTest(ConsoleCall call)
    {
        IPodService? pod = _services.Pod;
        if (pod == null)
        {
            return call.Refuse(FaultCode.PodNotRunning, string.Empty);
        }

        if (call.Turn == 0)
        {
            return BeginTest(call, pod);
        }

        if (_holdEnd != HoldEnd.None)
        {
            return call.Refuse(FaultCode.CuffKeyMissing, _holdEnd == HoldEnd.Silence ? "no key for 10 s" : _holdEnd == HoldEnd.OtherKey ? "another key" : "120 s are over");
        }

        if (_services.IsInSession)
        {
            Hold.End();
            pod.StopCuff(call.NowUs);
            return call.Refuse(FaultCode.ConsoleSessionOpen, "a session was opened meanwhile; the valves are open");
        }

        if (_watch.Results > 0)
        {
            FaultCode code = _watch.TakeResult(out int argument);
            _hasFailed |= code == FaultCode.CuffSelfTestFailed;
            call.Answer.Text("link", Link(argument / BuiltInCuff.LinkFactor), 14);
            call.Answer.Number("measured", argument % BuiltInCuff.LinkFactor, 9);
            call.Answer.Text("result", code == FaultCode.CuffLinkPassed ? "PASS" : "FAIL", 6);
            call.Answer.EndRow();
            return CommandTurn.More;
        }

        FaultCode outcome = Outcome(pod, call);
        if (outcome == FaultCode.CuffSelfTestPassed)
        {
            Hold.End();
            call.Answer.Text("result", "PASS");
            return CommandTurn.Done;
        }

        if (outcome != FaultCode.None)
        {
            Hold.End();
            pod.StopCuff(call.NowUs);
            return call.Refuse(outcome, string.Empty);
        }

        call.DueUs = call.NowUs + ServiceConsole.WorkPeriodUs;
        return CommandTurn.More;
    }

    /// <summary><c>cuff hold</c>: the valves stay closed while somebody presses the space bar, for a calibration by hand; what the sensor reads five times a second. Any other key ends it.</summary>
    /// <param name="call">The call.</param>
    /// <returns>One row a turn.</returns>
    public CommandTurn CuffHolds(ConsoleCall call)
    {
        IPodService? pod = _services.Pod;
        if (pod == null)
        {
            return call.Refuse(FaultCode.PodNotRunning, string.Empty);
        }

        if (call.Turn == 0)
        {
            return BeginHold(call, pod);
        }

        if (_holdEnd == HoldEnd.OtherKey)
        {
            call.Answer.Text("ended", "by a key; the valves are open");
            return CommandTurn.Done;
        }

        if (_holdEnd != HoldEnd.None)
        {
            return call.Refuse(_holdEnd == HoldEnd.Silence ? FaultCode.CuffKeyMissing : FaultCode.CuffHoldTooLong, "the valves are open");
        }

        if (_services.IsInSession)
        {
            Hold.End();
            pod.StopCuff(call.NowUs);
            return call.Refuse(FaultCode.ConsoleSessionOpen, "a session was opened meanwhile; the valves are open");
        }

        if (!pod.IsCuffHeld || pod.CuffHoldEnd != FaultCode.None)
        {
            Hold.End();
            pod.StopCuff(call.NowUs);
            return call.Refuse(pod.CuffHoldEnd == FaultCode.None ? FaultCode.StopPressed : pod.CuffHoldEnd, "the valves are open");
        }

        Look((ICuffPressureSource)pod.Driver(_place));
        if (call.NowUs >= _rowUs && _samples > 0)
        {
            _rowUs = call.NowUs + HoldRowUs;
            call.Answer.Number("ms", (call.NowUs - Hold.SinceUs) / 1000, 8);
            call.Answer.Number("value", _value, 9);
            call.Answer.Number("low", _low, 9);
            call.Answer.Number("high", _high, 9);
            call.Answer.Number("leftMs", (Hold.DueUs - call.NowUs) / 1000, 9);
            call.Answer.EndRow();
            _samples = 0;
        }

        call.DueUs = call.NowUs + ServiceConsole.WorkPeriodUs;
        return CommandTurn.More;
    }

    /// <summary><c>fault inject</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done or refused.</returns>
    public CommandTurn Inject(ConsoleCall call)
    {
        IPodService? pod = _services.Pod;
        InjectableBus? bus = _services.Bus;
        if (pod == null || bus == null)
        {
            return call.Refuse(FaultCode.PodNotRunning, string.Empty);
        }

        if (string.Equals(call.Argument(0), "off"))
        {
            bus.Inject(0, I2cStatus.Ok);
            SetBench(pod, call.NowUs);
            return CommandTurn.Done;
        }

        int index = _sensors.Find(call.Argument(0));
        int address = index < 0 ? 0 : pod.Options.Peripherals[index].Address;
        if (address == 0)
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, "no such part on the I2C bus; sensor list names them");
        }

        string what = call.Argument(1);
        bool isStuck = string.Equals(what, "stuck");
        if (what.Length > 0 && !isStuck && !string.Equals(what, "nack"))
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, "nack or stuck");
        }

        bus.Inject(address, isStuck ? I2cStatus.Timeout : I2cStatus.AddressNack);
        SetBench(pod, call.NowUs);
        call.Answer.Text("part", Parts.Id(pod.Options.Peripherals[index].Part));
        call.Answer.Text("answers", isStuck ? "stuck" : "nack");
        return CommandTurn.Done;
    }

    /// <summary><c>sim</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done or refused.</returns>
    public CommandTurn Simulate(ConsoleCall call)
    {
        IPodService? pod = _services.Pod;
        bool isOn = string.Equals(call.Argument(0), "on");
        if (pod == null || !pod.IsReady)
        {
            return call.Refuse(FaultCode.PodNotRunning, string.Empty);
        }

        if (!isOn && !string.Equals(call.Argument(0), "off"))
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, "sim takes on or off");
        }

        _simulateUs = call.NowUs;
        _isSimulating = isOn;
        SetBench(pod, call.NowUs);
        call.Answer.Number("readings", _simulated);
        return CommandTurn.Done;
    }

    /// <summary><c>reboot</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done or refused.</returns>
    public CommandTurn Reboot(ConsoleCall call)
    {
        IPodService? pod = _services.Pod;
        if (pod != null && pod.Situation.IsCuffInflated)
        {
            return call.Refuse(FaultCode.ConsoleBusy, "the cuff is in use");
        }

        if (pod != null)
        {
            pod.Flush(call.NowUs);
        }

        _services.RestartAt(call.NowUs + ConfigurationCommands.RestartUs, FaultCode.RebootCommanded);
        call.Answer.Number("inMs", ConfigurationCommands.RestartUs / 1000);
        return CommandTurn.Done;
    }

    /// <summary><c>factory</c>, in two steps.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done or refused.</returns>
    public CommandTurn Factory(ConsoleCall call)
    {
        string digits = Topics.DeviceText(_services.DeviceId).Substring(IdDigits - 4);
        if (_services.Pod != null && _services.Pod.Situation.IsCuffInflated)
        {
            return call.Refuse(FaultCode.ConsoleBusy, "the cuff is in use");
        }

        if (call.Arguments.Length == 0)
        {
            _factoryUs = call.NowUs;
            call.Answer.Text("lost", "configuration, keys, calibrations, notes, reboot reasons, readings that are not delivered");
            call.Answer.Number("undelivered", _services.Pod == null ? 0 : _services.Pod.Counters.Pending);
            call.Answer.Text("kept", "the boot number, and the device id that comes from the chip");
            call.Answer.Text("next", "Type factory " + digits + " within a minute to go on.");
            return CommandTurn.Done;
        }

        if (call.NowUs - _factoryUs > FactoryUs || !string.Equals(call.Argument(0), digits))
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, "type factory first, then factory and the last four digits of the id within a minute");
        }

        _factoryUs = long.MinValue / 2;
        if (_services.Configuration.EraseAtNextStart() != StoreStatus.Ok)
        {
            return call.Refuse(FaultCode.StoreFailed, string.Empty);
        }

        _services.RestartAt(call.NowUs + ConfigurationCommands.RestartUs, FaultCode.StoreErased);
        call.Answer.Flag("restarts", true);
        return CommandTurn.Done;
    }

    private static string Link(int link)
    {
        switch ((CuffLink)link)
        {
            case CuffLink.Zero:
                return "zero";
            case CuffLink.Pump:
                return "pump";
            case CuffLink.Tightness:
                return "tightness";
            case CuffLink.OneShot:
                return "oneShot";
            case CuffLink.DumpValve:
                return "dumpValve";
            case CuffLink.Clear:
                return "clear";
            case CuffLink.BleedValve:
                return "bleedValve";
            case CuffLink.PressureSwitch:
                return "pressureSwitch";
            default:
                return "link " + link.ToString();
        }
    }

    // A reading or an event that is made meanwhile says what it comes from.
    private void SetBench(IPodService pod, long nowUs)
    {
        bool hasFault = _services.Bus != null && _services.Bus.Address != 0;
        bool isOnBench = _isSimulating || hasFault;
        if (isOnBench && !pod.IsOnBench)
        {
            pod.Report(FaultCode.BenchModeBegan, nowUs);
        }

        pod.IsOnBench = isOnBench;
        pod.Options.FrameFlags = hasFault ? pod.Options.FrameFlags | FrameFlags.Injected : pod.Options.FrameFlags & ~FrameFlags.Injected;
    }

    private CommandTurn BeginHold(ConsoleCall call, IPodService pod)
    {
        _place = _sensors.Find(Capabilities.CuffSelfTest);
        if (_place < 0 || !(pod.Driver(_place) is ICuffPressureSource))
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, "no built-in cuff is fitted");
        }

        if (pod.Situation.IsCuffInflated || !pod.TryHoldCuff(call.NowUs))
        {
            return call.Refuse(pod.Situation.IsCuffInflated ? FaultCode.CuffBusy : FaultCode.CuffSensorAbsent, string.Empty);
        }

        _holdEnd = HoldEnd.None;
        _isByHand = true;
        _samples = 0;
        _rowUs = call.NowUs + HoldRowUs;
        Hold.Begin(call.NowUs);
        call.Answer.Number("keyWithinMs", CuffHold.KeyUs / 1000, 12);
        call.Answer.Number("longestMs", CuffHold.LongestUs / 1000, 12);
        call.Answer.EndRow();
        call.Answer.Section(string.Empty);
        call.Answer.Say("  The valves are closed, the pump stands. Press the space bar at least every 10 s; any other key opens the valves.");
        return CommandTurn.More;
    }

    // What the sensor read since the last row, thousandths of mmHg.
    private void Look(ICuffPressureSource source)
    {
        if (source.SampledAtUs == _sampleUs)
        {
            return;
        }

        _sampleUs = source.SampledAtUs;
        _value = source.PressureMilliMmHg;
        _low = _samples == 0 || _value < _low ? _value : _low;
        _high = _samples == 0 || _value > _high ? _value : _high;
        _samples++;
    }

    private CommandTurn BeginTest(ConsoleCall call, IPodService pod)
    {
        if (_sensors.Find(Capabilities.CuffSelfTest) < 0)
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, "no cuff with a self test is fitted");
        }

        if (pod.Situation.IsCuffInflated)
        {
            return call.Refuse(FaultCode.CuffBusy, string.Empty);
        }

        _watch.ClearResults();
        _isByHand = false;
        _holdEnd = HoldEnd.None;
        _hasFailed = false;
        _traceFrom = pod.Trace.Total;
        pod.TestCuff(call.NowUs);
        FaultCode refused = Outcome(pod, call);
        if (refused != FaultCode.None)
        {
            return call.Refuse(refused, string.Empty);
        }

        Hold.Begin(call.NowUs);
        call.Answer.Number("keyWithinMs", CuffHold.KeyUs / 1000, 12);
        call.Answer.Number("longestMs", CuffHold.LongestUs / 1000, 12);
        call.Answer.EndRow();
        call.Answer.Section(string.Empty);
        call.Answer.Say("  The pump runs. Press the space bar at least every 10 s; any other key opens the valves.");
        return CommandTurn.More;
    }

    // How the self test ended, by the pod's reports since it began; None while it runs.
    private FaultCode Outcome(IPodService pod, ConsoleCall call)
    {
        TraceRing trace = pod.Trace;
        long oldest = trace.Total - trace.Count;
        for (long i = _traceFrom < oldest ? oldest : _traceFrom; i < trace.Total; i++)
        {
            FaultCode code = (FaultCode)trace.Code((int)(i - oldest));
            if (code == FaultCode.CuffBusy || code == FaultCode.CuffSensorAbsent || code == FaultCode.CuffCommandLate || code == FaultCode.CuffLinkLost || code == FaultCode.CuffSelfTestPassed)
            {
                return code;
            }
        }

        bool isOver = _hasFailed || (call.Turn > 1 && !pod.Situation.IsCuffInflated && Hold.IsActive && call.NowUs - Hold.SinceUs > 1_000_000);
        return isOver ? FaultCode.CuffSelfTestFailed : FaultCode.None;
    }
}
