using System;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Core;
using EdgeGateway.Faults;
using Firmware.Core;
using Firmware.Pod;
using Firmware.Pod.Link;
using Firmware.Pod.Start;
using Firmware.Pod.Store;
using Firmware.Protocol;
using Simulators.Buses;
using Simulators.Cart.Gateway;
using Simulators.Cart.Ledger;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;
using Simulators.Chips;
using Simulators.Kernel;
using Simulators.Patient;

namespace Simulators.Cart.Pod;

/// <summary>Makes a pod's way to the gateway for one boot.</summary>
/// <param name="localNowUs">The boot's own clock.</param>
/// <param name="wake">To be called after each event.</param>
/// <returns>The way.</returns>
public delegate IUplinkConnector PodConnectorFactory(Func<long> localNowUs, Action wake);

/// <summary>
/// One simulated pod: the unchanged pod program on a simulated bus with simulated chips, flash and network, with its own oscillator. Its power can be
/// cut and come back.
/// </summary>
public sealed class SimulatedPod
{
    private readonly WorldServices _world;
    private readonly string _place;
    private readonly PodConnectorFactory _connectors;
    private readonly SeededRandom _random;
    private readonly SimulatedI2cBus _bus;
    private readonly ProcessorClock _processor;
    private readonly SeededRandom _lateness;
    private readonly IByteStore? _store;
    private SimulatedPodConsole? _console;
    private readonly SortedDictionary<PodPart, FittedPart> _parts = [];
    private IUplinkConnector? _connector;
    private SteppedProcess? _process;
    private SteppedProcess? _dead;
    private Oscillator _oscillator;

    /// <summary>Makes a pod whose power is off.</summary>
    /// <param name="world">What it stands on.</param>
    /// <param name="cart">Its cart's name.</param>
    /// <param name="definition">What it is.</param>
    /// <param name="connectors">Makes its way to the gateway for one boot.</param>
    /// <param name="store">A store of its own, or null for a simulated flash.</param>
    /// <param name="recording">Light in place of the synthetic pulse, or null.</param>
    public SimulatedPod(
        WorldServices world, string cart, PodDefinition definition, PodConnectorFactory connectors, IByteStore? store = null, IPatientLight? recording = null)
    {
        _world = world;
        Definition = definition;
        _place = cart + "/" + definition.Id;
        _connectors = connectors;
        _random = world.Random.Fork("pod:" + _place);
        _oscillator = new Oscillator(definition.BootUs, definition.DriftPpb);
        _processor = new ProcessorClock(world.Kernel);
        Flash = store is null ? new SimulatedFlash(_random.Fork("store"), _processor) : null;
        _store = store;
        _lateness = _random.Fork("lateness");
        _bus = new SimulatedI2cBus(_processor) { ClearsWhenHeld = false };
        Pulse = new SyntheticPulse(definition.Pulse, _random.Fork("pulse"));
        Pulse.FingerOn(definition.FingerOnUs);
        Light = new DisturbedLight(recording ?? Pulse, _random.Fork("disturbance")) { ChannelsSwapped = definition.ChannelsSwapped };
        Skin = new ContactTemperature(definition.AmbientMilliCelsius, definition.PatientMilliCelsius);
        Arm = new CuffedArm(Pulse, definition.Arm);
        foreach (PodPart part in definition.Chips)
        {
            FittedPart fitted = Make(part);
            fitted.Off(); // The supply comes with the pod's.
            fitted.IsPlugged = !fitted.HasPlug || definition.PluggedAtStart.Contains(part);
            _parts[part] = fitted;
        }
    }

    /// <summary>A frame was made.</summary>
    public event FrameHandler? FrameProduced;

    /// <summary>The gateway has taken responsibility for a frame.</summary>
    public event FrameHandler? FrameAcknowledged;

    /// <summary>A frame gave way in the full ring.</summary>
    public event FrameHandler? FrameEvicted;

    /// <summary>Gives the pod a console and a configuration in its store. From the next power-on it drives the parts that the configuration names, under the identity that it gives.</summary>
    /// <param name="port">The console's line.</param>
    /// <param name="mac">The chip's MAC, six bytes.</param>
    /// <param name="version">Version of the program.</param>
    /// <returns>The console.</returns>
    public SimulatedPodConsole FitConsole(IConsolePort port, byte[] mac, string version)
    {
        _console = new SimulatedPodConsole(port, Store(), mac) { Version = version };
        return _console;
    }

    /// <summary>Its scenario.</summary>
    public PodDefinition Definition { get; }

    /// <summary>The patient's synthetic pulse; used when there is no recording.</summary>
    public SyntheticPulse Pulse { get; }

    /// <summary>What the sensor sees of the patient, with disturbances.</summary>
    public DisturbedLight Light { get; }

    /// <summary>The patient's skin.</summary>
    public ContactTemperature Skin { get; }

    /// <summary>The thermometer's simulated chip, or null.</summary>
    public SimulatedTmp117? Thermometer { get; private set; }

    /// <summary>The oximeter's simulated chip, or null.</summary>
    public SimulatedMax30102? Oximeter { get; private set; }

    /// <summary>The arm in the cuff.</summary>
    public CuffedArm Arm { get; }

    /// <summary>The cuff with pump, valves and what is beyond software's reach, or null.</summary>
    public CuffPneumatics? Cuff { get; private set; }

    /// <summary>The cuff sensor's simulated chip, or null.</summary>
    public SimulatedMprls0300? CuffSensor { get; private set; }

    /// <summary>The OEM module for blood pressure, or null.</summary>
    public SimulatedSunTechNibp? Module { get; private set; }

    /// <summary>True pressure in whatever cuff it has, mmHg; 0 without one.</summary>
    public double TrueCuffMmHg
    {
        get
        {
            Cuff?.AdvanceTo(_processor.NowUs);
            return Math.Max(Cuff?.BladderMmHg ?? 0, Module?.TruePressureMmHg ?? 0);
        }
    }

    /// <summary>What the stethoscope hears, or null.</summary>
    public ChestSound? Chest { get; private set; }

    /// <summary>The stethoscope's converter, or null.</summary>
    public SimulatedPcm1808? Converter { get; private set; }

    /// <summary>Its drive; null when it was given a store of its own.</summary>
    public SimulatedFlash? Flash { get; }

    /// <summary>How long its program has stood in calls that wait, over all boots, µs.</summary>
    public long StoodUs => _processor.StoodUs;

    /// <summary>Each step of the program comes late by up to this much, drawn anew each time, µs; 0 for never.</summary>
    public long MaxLatenessUs { get; set; }

    /// <summary>The program that runs; null while the power is off.</summary>
    public PodHost? Host { get; private set; }

    /// <summary>Its link; null before its first boot.</summary>
    public MqttLink? Link { get; private set; }

    /// <summary>The library under the link; null before its first boot.</summary>
    public SimulatedM2Mqtt? Library { get; private set; }

    /// <summary>Times the power came on.</summary>
    public int Boots { get; private set; }

    /// <summary>Steps of the program, over all boots.</summary>
    public long Steps => (_process?.Steps ?? 0) + (_dead?.Steps ?? 0);

    /// <summary>True time of a moment of the running boot's own clock.</summary>
    /// <param name="monotonicUs">µs since boot.</param>
    /// <returns>True time, µs.</returns>
    public long WorldUs(long monotonicUs) => _oscillator.WorldUs(monotonicUs);

    /// <summary>True while the power is on, also in safe mode and between a failed boot and its restart.</summary>
    public bool IsOn { get; private set; }

    /// <summary>The power comes on. Nothing happens when it is on.</summary>
    public void PowerOn()
    {
        if (IsOn)
        {
            return;
        }

        IsOn = true;
        Boots++;
        _world.Trace?.Begin(_place, "power-on").Add("boot", Boots).End();
        _oscillator = new Oscillator(_world.Kernel.NowUs, Definition.DriftPpb);
        foreach (FittedPart part in _parts.Values)
        {
            if (part.IsPlugged)
            {
                part.On();
            }
        }

        Cuff?.AdvanceTo(_processor.NowUs);
        Cuff?.PowerOn();
        SeededRandom random = _random.Fork("boot:" + Boots.ToString(System.Globalization.CultureInfo.InvariantCulture));
        IByteStore store = Store();
        if (_console is not { } console)
        {
            Start(store, random);
            return;
        }

        console.Use(store);
        console.Begin(new SeededEntropy(random.Fork("console")), 0);
        if (console.IsSafeMode)
        {
            StartSafeMode(console);
            return;
        }

        try
        {
            console.RequireBoard();
            Start(store, random);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            Fail(console, failure, isRunning: false);
        }
    }

    /// <summary>The power goes. Nothing happens when it is off.</summary>
    public void CutPower()
    {
        if (!IsOn)
        {
            return;
        }

        IsOn = false;
        _world.Trace?.Begin(_place, "power-cut").End();
        StopProgram();
        Flash?.CutPower();
        Cuff?.AdvanceTo(_processor.NowUs);
        Cuff?.PowerOff();
        foreach (FittedPart part in _parts.Values)
        {
            part.Off();
        }

        _world.Ledger.PowerCut(Definition.DeviceId);
    }

    /// <summary>The program hangs: nothing calls it any more, and its outputs stay as they are. Only <see cref="CutPower"/> ends it.</summary>
    public void Hang()
    {
        _world.Trace?.Begin(_place, "hang").End();
        _process?.Stop();
    }

    /// <summary>The program stands still, as while native code does not return, and goes on afterwards.</summary>
    /// <param name="us">For how long from now, µs.</param>
    public void Stand(long us)
    {
        if (us > 0)
        {
            _world.Trace?.Begin(_place, "stand").Add("us", us).End();
            _processor.Stand(us);
        }
    }

    /// <summary>One transaction in so many of the bus is not acknowledged somewhere, at a byte that is drawn.</summary>
    /// <param name="perMillion">How many of a million, 0 for none.</param>
    public void SetBusNoise(int perMillion) => _bus.SetNoise(perMillion, _random.Fork("bus noise"));

    /// <summary>A part holds SDA low from now on, whatever is clocked, or releases it.</summary>
    /// <param name="isHeld">True for low.</param>
    public void HoldBus(bool isHeld) => _bus.SetHeldLow(isHeld);

    /// <summary>A part has lost count of the clock in mid-read and holds SDA low until it is clocked on.</summary>
    public void HangBus() => _bus.HoldSdaLowUntilClocks(SimulatedI2cBus.RecoveryClocks);

    /// <summary>Something is wrong with the cuff, or right again.</summary>
    /// <param name="fault">What.</param>
    /// <param name="isThere">True for wrong.</param>
    public void SetCuffFault(CuffChainFaults fault, bool isThere)
    {
        if (Cuff is { } cuff)
        {
            cuff.AdvanceTo(_processor.NowUs);
            cuff.Faults = isThere ? cuff.Faults | fault : cuff.Faults & ~fault;
        }
    }

    /// <summary>A chip is plugged in or out.</summary>
    /// <param name="chip">Which.</param>
    /// <param name="plugged">True for in.</param>
    /// <exception cref="CodedErrorException">The pod has no such chip, or it has no plug (S3007).</exception>
    public void SetPlugged(PodPart chip, bool plugged)
    {
        if (!_parts.TryGetValue(chip, out FittedPart? part) || !part.HasPlug)
        {
            throw NoSuch(chip, "has no plug on this pod");
        }

        _world.Trace?.Begin(_place, plugged ? "plug" : "unplug").Add("chip", chip.ToString()).End();
        part.IsPlugged = plugged;
        if (!plugged)
        {
            part.Off();
        }
        else if (Host is not null)
        {
            part.On();
        }
    }

    // The step is due at the world's time; a loop that is late comes to it when the processor does.
    private long Late(Oscillator oscillator, long nowUs)
    {
        if (MaxLatenessUs == 0)
        {
            return nowUs;
        }

        _processor.Stand(_lateness.NextInt32((int)MaxLatenessUs + 1));
        return oscillator.LocalUs(_processor.NowUs);
    }

    // The simulator's counterpart of the pod's PartFactory: the one place that knows which part is simulated by what.
    private FittedPart Make(PodPart part) => part switch
    {
        PodPart.Tmp117 => MakeTmp117(),
        PodPart.Max30102 => MakeMax30102(),
        PodPart.Mprls0300 => MakeMprls0300(),
        PodPart.SunTechNibp => MakeSunTechNibp(),
        PodPart.Pcm1808 => MakePcm1808(),
        _ => throw NoSuch(part, "has no simulated chip"),
    };

    private FittedPart MakeTmp117()
    {
        Thermometer = new SimulatedTmp117(_processor, _random.Fork("tmp117"), new Tmp117Options { HasNoise = true, HasPartError = true });
        Thermometer.SetTemperature(us => Skin.MilliCelsiusAt(us));
        return OnBus(Thermometer.Address, Thermometer, static _ => { });
    }

    private FittedPart MakeMax30102()
    {
        Oximeter = new SimulatedMax30102(_processor, _random.Fork("max30102")) { Light = new FingerStimulus(Finger()) };
        return OnBus(SimulatedMax30102.Address, Oximeter, options => options.Optics.Curve = Definition.Curve ?? options.Optics.Curve);
    }

    private FittedPart MakeMprls0300()
    {
        CuffPneumatics cuff = new() { Arm = new ArmStimulus(Arm) };
        Cuff = cuff;
        CuffSensor = new SimulatedMprls0300(_processor, _random.Fork("mprls0300"));
        CuffSensor.SetPressure(us =>
        {
            cuff.AdvanceTo(us);
            return Definition.CuffPressure?.Invoke(us, cuff.IsDumpValveCoilPowered) ?? cuff.ManifoldMicroMmHg;
        });
        return OnBus(SimulatedMprls0300.Address, CuffSensor, options =>
        {
            options.Cuff = new SimulatedCuffActuators(cuff, _processor);
            options.CuffLimits.FirstTargetCentiMmHg = Definition.CuffTargetCentiMmHg ?? options.CuffLimits.FirstTargetCentiMmHg;
            options.CuffLimits.MaxRepeats = Definition.CuffRepeats ?? options.CuffLimits.MaxRepeats;
        });
    }

    private FittedPart MakeSunTechNibp()
    {
        CuffedArmOptions arm = Definition.Arm;
        SimulatedSunTechNibp module = new(_processor, new SunTechNibpOptions
        {
            Systolic = (int)arm.SystolicMmHg,
            Diastolic = (int)arm.DiastolicMmHg,
            Mean = (int)(arm.DiastolicMmHg + ((arm.SystolicMmHg - arm.DiastolicMmHg) / 3)),
            Pulse = (int)Definition.Pulse.RateBpm,
        });
        Module = module;
        return new FittedPart(0, module.PowerOn, module.PowerOff, options => options.Serial = new SimulatedSerialPort(module));
    }

    private FittedPart MakePcm1808()
    {
        ChestSound chest = new(Definition.Chest, Pulse, _random.Fork("chest"));
        Chest = chest;
        SimulatedPcm1808 converter = new(_processor, _random.Fork("pcm1808"), new Pcm1808Options { DriftPpm = Definition.DriftPpb / 1000 });
        converter.SetInput(Definition.SoundNanoVolt ?? chest.NanoVoltAt);
        Converter = converter;

        // Its clocks come from the pod, when the pod opens the port.
        return new FittedPart(0, static () => { }, converter.StopClocks, options => options.Audio = new SimulatedAudioPort(converter));
    }

    private FittedPart OnBus(int address, II2cTarget chip, Action<PeripheralOptions> wire)
    {
        _bus.Attach(address, chip);
        return new FittedPart(address, () => _bus.Replug(address), () => _bus.Unplug(address), wire);
    }

    private CodedErrorException NoSuch(PodPart part, string why) =>
        new(new CodedError(FaultCodes.ScenarioWordUnknown, ErrorPlace.None, $"pod '{Definition.Id}': part {part} {why}"));

    // The board's own store on the drive; what it remembers of the drive is lost with the power.
    private IByteStore Store() => _store ?? new LittlefsStore(Flash!, Flash!.Bytes);

    private void Start(IByteStore store, SeededRandom random)
    {
        PodOptions options = Options(_oscillator);
        SimulatedM2Mqtt library = NewLink(options.DeviceId);
        MqttLink link = Link!;
        II2cPort bus = new SimulatedI2cPort(_bus, _processor.Stand);
        PodHost host = new(options, _console?.Bus(bus) ?? bus, store, new SoftwareCrc32(), new SeededEntropy(random.Fork("pod")), link);
        Host = host;
        Library = library;
        link.Situation = host.Situation;
        host.FrameProduced += OnProduced;
        host.FrameRecovered += (buffer, offset, length) => AtPod(buffer, offset, "recovered", ReadingFate.None);
        host.FrameStored += (buffer, offset, length) => AtPod(buffer, offset, null, ReadingFate.StoredByPod);
        host.FrameAcknowledged += (buffer, offset, length) =>
        {
            AtPod(buffer, offset, "acknowledged", ReadingFate.Acknowledged);
            FrameAcknowledged?.Invoke(buffer, offset, length);
        };
        host.FrameEvicted += (buffer, offset, length) =>
        {
            AtPod(buffer, offset, "evicted", ReadingFate.Evicted);
            FrameEvicted?.Invoke(buffer, offset, length);
        };
        _console?.Attach(host);
        Oscillator oscillator = _oscillator;
        Run(nowUs => StepWithConsole(host, Late(oscillator, nowUs)));
    }

    private SimulatedM2Mqtt NewLink(ulong deviceId)
    {
        Oscillator oscillator = _oscillator;
        _connector = _connectors(() => oscillator.LocalUs(_world.Kernel.NowUs), () => _process?.Wake());
        SimulatedM2Mqtt library = new(deviceId, _connector, Definition.HandshakeUs, Stand);
        Library = library;
        Link = new MqttLink(library, Topics.Command(deviceId));
        return library;
    }

    private void Run(Func<long, long> step)
    {
        _process = new SteppedProcess(_world.Kernel, _oscillator, step, _processor);
        _process.Wake();
    }

    private void StopProgram()
    {
        _process?.Stop();
        _dead = _process ?? _dead;
        _process = null;
        Host = null;
        (_connector as SimulatedConnector)?.Vanish(machineAnswers: false);
    }

    // As the board's program: nothing is measured, the console is served, and the link says it.
    private void StartSafeMode(SimulatedPodConsole console)
    {
        console.BeginSafeMode();
        _ = NewLink(console.Services.DeviceId);
        MqttLink link = Link!;
        byte[] state = StateMessage.SafeMode();
        string topic = Topics.State(console.Services.DeviceId);
        link.Connected += () => link.TryPublish(topic, state, state.Length, 1, true);
        Run(nowUs =>
        {
            long next = Math.Min(link.Step(nowUs), console.Step(nowUs, out bool restarts));
            return restarts ? Restart(0) : next;
        });
    }

    // What a program that ended leaves: its outputs open the cuff, its record is kept, and the board restarts when a person had time to read it.
    private void Fail(SimulatedPodConsole console, Exception failure, bool isRunning)
    {
        StopProgram();
        if (Cuff is { } cuff)
        {
            SimulatedCuffActuators actuators = new(cuff, _processor);
            actuators.OpenDumpValve();
            actuators.SetBleedValve(1000);
            actuators.SetPump(0);
        }

        if (console.Fail(failure, isRunning))
        {
            Restart(StartGuard.PauseMs * 1000L);
        }
        else
        {
            StartSafeMode(console);
        }
    }

    // Behind this step: the power's coming and going makes another process.
    private long Restart(long afterUs)
    {
        int boot = Boots;
        _world.Kernel.At(_world.Kernel.NowUs + afterUs, () =>
        {
            if (Boots == boot && IsOn)
            {
                CutPower();
                PowerOn();
            }
        });
        return long.MaxValue;
    }

    private long StepWithConsole(PodHost host, long nowUs)
    {
        if (_console is not { } console)
        {
            return host.Step(nowUs);
        }

        try
        {
            long next = Math.Min(host.Step(nowUs), console.Step(nowUs, out bool restarts));
            return restarts ? Restart(0) : next;
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            Fail(console, failure, isRunning: true);
            return long.MaxValue;
        }
    }

    // A configured part that the simulated pod does not have is driven all the same, and found absent. The fitted ones are wired.
    private List<PeripheralOptions> Peripherals()
    {
        List<PeripheralOptions> peripherals = [.. _console?.Parts() ?? _parts.Select(p => new PeripheralOptions(p.Key, p.Value.Address))];
        foreach (PeripheralOptions peripheral in peripherals.ToArray())
        {
            if (_parts.TryGetValue(peripheral.Part, out FittedPart? fitted))
            {
                fitted.Wire(peripheral);
            }
            else if (peripheral.Address == 0 || peripheral.Part == PodPart.Mprls0300)
            {
                peripherals.Remove(peripheral); // nothing to wire it to
            }
        }

        return peripherals;
    }

    private PodOptions Options(Oscillator oscillator)
    {
        PodOptions options = new(_console?.Services.DeviceId ?? Definition.DeviceId, Peripherals().ToArray())
        {
            FrameFlags = FrameFlags.Simulated,
            Clock = new OscillatorClock(oscillator, _processor),
            Maker = "simulated",
            Model = "pod",
            Serial = Definition.Id,
            Firmware = "simulated",
            SendsHealth = Definition.SendsHealth,
        };
        if (_console is { } console)
        {
            options.Board = console.Board;
            options.Starts = console.Services.Reboots?.Starts ?? 0;
            options.LastEnd = console.Services.ResetReason;
        }

        if (Definition.MinPulseQuality is int minQuality)
        {
            options.MinPulseQuality = minQuality;
        }

        return options;
    }

    private void OnProduced(byte[] buffer, int offset, int length)
    {
        _world.Trace?.Begin(_place, "frame").AddBytes("bytes", buffer.AsSpan(offset, length)).End();
        _world.Ledger.Produced(buffer, offset, length, _oscillator.WorldUs(Frame.MonotonicUs(buffer, offset)));
        if (Frame.Kind(buffer, offset) == FrameKind.Numeric)
        {
            AbsenceReason reason = NumericBody.Absence(buffer, offset + Frame.HeaderLength);
            if (reason != AbsenceReason.None)
            {
                (ulong, int, AbsenceReason) key = (Definition.DeviceId, Frame.Stream(buffer, offset), reason);
                _world.Ledger.Absences[key] = _world.Ledger.Absences.GetValueOrDefault(key) + 1;
            }
        }

        if (Frame.Kind(buffer, offset) == FrameKind.Numeric && NumericBody.Absence(buffer, offset + Frame.HeaderLength) == AbsenceReason.None)
        {
            double value = NumericBody.Value(buffer, offset + Frame.HeaderLength);
            for (int exponent = NumericBody.Exponent(buffer, offset + Frame.HeaderLength); exponent < 0; exponent++)
            {
                value /= 10;
            }

            _world.Ledger.Values[(Definition.DeviceId, Frame.Stream(buffer, offset))] = value;
            bool hasStatus = Frame.BodyLength(buffer, offset) >= NumericBody.LengthWithStatus;
            _world.Ledger.Statuses[(Definition.DeviceId, Frame.Stream(buffer, offset))] = hasStatus ? BloodPressureStatus.Read(buffer, offset + Frame.HeaderLength) : 0;
        }
        else if (Frame.Kind(buffer, offset) == FrameKind.Event)
        {
            (ulong, int) key = (Definition.DeviceId, (int)EventBody.Code(buffer, offset + Frame.HeaderLength));
            _world.Ledger.Events[key] = _world.Ledger.Events.GetValueOrDefault(key) + 1;
        }

        FrameProduced?.Invoke(buffer, offset, length);
    }

    // The cuff may be on the arm that wears the oximeter.
    private IPatientLight Finger()
    {
        if (!Definition.IsCuffOnOximeterArm)
        {
            return Light;
        }

        OpticalSample mean = new(Definition.Pulse.RedDcCounts, Definition.Pulse.InfraredDcCounts);
        return new CuffedLight(Light, mean, us =>
        {
            Cuff?.AdvanceTo(us);
            return Arm.Passes(Cuff?.BladderMmHg ?? 0);
        });
    }

    private void AtPod(byte[] buffer, int offset, string? word, ReadingFate fate)
    {
        ReadingId id = ReadingId.Of(buffer, offset);
        if (word is not null)
        {
            _world.Trace?.Begin(_place, word).Add("id", id.ToString()).End();
        }

        _world.Ledger.AtPod(buffer, offset, fate);
    }

    // A part as it is fitted: its I2C address, 0 when it is on another bus; what its supply does when it comes and goes; how the pod's program is told of it.
    private sealed class FittedPart(int address, Action on, Action off, Action<PeripheralOptions> wire)
    {
        public int Address => address;

        public bool HasPlug => address != 0;

        public bool IsPlugged { get; set; }

        public Action On => on;

        public Action Off => off;

        public Action<PeripheralOptions> Wire => wire;
    }

    private sealed class OscillatorClock(Oscillator oscillator, ProcessorClock processor) : IMonotonicClock
    {
        public long NowUs => oscillator.LocalUs(processor.NowUs);
    }
}
