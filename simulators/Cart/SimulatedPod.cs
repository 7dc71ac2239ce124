using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt;
using Firmware.Core;
using Firmware.Pod;
using Firmware.Protocol;
using Simulators.Buses;
using Simulators.Chips;
using Simulators.Kernel;
using Simulators.Network;
using Simulators.Patient;

namespace Simulators.Cart;

/// <summary>Random bits for a device, from the run's seed.</summary>
public sealed class SeededEntropy : IEntropy
{
    private readonly SeededRandom _random;

    /// <summary>Makes a source.</summary>
    /// <param name="random">Where the bits come from.</param>
    public SeededEntropy(SeededRandom random) => _random = random;

    /// <inheritdoc/>
    public uint NextUInt32() => _random.NextUInt32();
}

/// <summary>Light of the patient in the units of the oximeter twin's optical door.</summary>
public sealed class OpticalDoor : ILightSource
{
    private readonly IPatientLight _patient;

    /// <summary>Makes a door.</summary>
    /// <param name="patient">Whose light.</param>
    public OpticalDoor(IPatientLight patient) => _patient = patient;

    /// <inheritdoc/>
    public LightSample At(long us)
    {
        OpticalSample sample = _patient.At(us);
        return new LightSample(MilliCounts(sample.RedCounts), MilliCounts(sample.InfraredCounts), 0);
    }

    private static long MilliCounts(double counts) => (long)Math.Floor((counts * 1000) + 0.5);
}

/// <summary>
/// One simulated pod: the unchanged pod program on a simulated bus with twins, flash and network, with its own oscillator. Its power can be
/// cut and come back.
/// </summary>
public sealed class SimulatedPod
{
    private readonly SimulatedWorld _world;
    private readonly string _place;
    private readonly string _gatewayAddress;
    private readonly SeededRandom _random;
    private readonly SimulatedI2cBus _bus;
    private readonly SimulatedByteStore _store;
    private readonly SortedDictionary<ChipKind, (int Address, bool Plugged)> _chips = [];
    private readonly long _crystalStartUs;
    private SimulatedConnector? _connector;
    private SteppedProcess? _process;
    private SteppedProcess? _dead;
    private Oscillator _oscillator;

    internal SimulatedPod(SimulatedWorld world, string cart, PodStory story, NetworkPath path, string gatewayAddress, IPatientLight? recording)
    {
        _world = world;
        Story = story;
        Path = path;
        _place = cart + "/" + story.Id;
        _gatewayAddress = gatewayAddress;
        _random = world.Random.Fork("pod:" + _place);
        _crystalStartUs = story.BootUs;
        _oscillator = new Oscillator(_crystalStartUs, story.DriftPpb);
        _store = new SimulatedByteStore(_random.Fork("store"));
        _bus = new SimulatedI2cBus(world.Kernel);
        Pulse = new SyntheticPulse(story.Pulse, _random.Fork("pulse"));
        Pulse.FingerOn(story.FingerOnUs);
        Skin = new ContactTemperature(story.AmbientMilliCelsius, story.PatientMilliCelsius);
        foreach (ChipKind chip in story.Chips)
        {
            int address;
            if (chip == ChipKind.Tmp117)
            {
                Thermometer = new Tmp117Twin(world.Kernel, _random.Fork("tmp117"), new Tmp117Options { HasNoise = true, HasPartError = true });
                Thermometer.SetTemperature(us => Skin.MilliCelsiusAt(us));
                address = Thermometer.Address;
                _bus.Attach(address, Thermometer);
            }
            else
            {
                Oximeter = new Max30102Twin(world.Kernel, _random.Fork("max30102"))
                {
                    Light = new OpticalDoor(recording ?? Pulse),
                };
                address = Max30102Twin.Address;
                _bus.Attach(address, Oximeter);
            }

            _bus.Unplug(address); // The supply comes with the pod's.
            bool plugged = false;
            foreach (ChipKind there in story.PluggedAtStart)
            {
                plugged |= there == chip;
            }

            _chips[chip] = (address, plugged);
        }
    }

    /// <summary>A frame was made.</summary>
    public event FrameHandler? FrameProduced;

    /// <summary>Its story.</summary>
    public PodStory Story { get; }

    /// <summary>Its way to the gateway.</summary>
    public NetworkPath Path { get; }

    /// <summary>The patient's synthetic pulse; used when there is no recording.</summary>
    public SyntheticPulse Pulse { get; }

    /// <summary>The patient's skin.</summary>
    public ContactTemperature Skin { get; }

    /// <summary>The thermometer's twin, or null.</summary>
    public Tmp117Twin? Thermometer { get; }

    /// <summary>The oximeter's twin, or null.</summary>
    public Max30102Twin? Oximeter { get; }

    /// <summary>The program that runs; null while the power is off.</summary>
    public PodHost? Host { get; private set; }

    /// <summary>Times the power came on.</summary>
    public int Boots { get; private set; }

    /// <summary>Steps of the program, over all boots.</summary>
    public long Steps => (_process?.Steps ?? 0) + (_dead?.Steps ?? 0);

    /// <summary>True time of a moment of the running boot's own clock.</summary>
    /// <param name="monotonicUs">µs since boot.</param>
    /// <returns>True time, µs.</returns>
    public long WorldUs(long monotonicUs) => _oscillator.WorldUs(monotonicUs);

    /// <summary>The power comes on. Nothing happens when it is on.</summary>
    public void PowerOn()
    {
        if (Host is not null)
        {
            return;
        }

        Boots++;
        _world.Trace?.Begin(_place, "power-on").Add("boot", Boots).End();
        _oscillator = new Oscillator(_world.Kernel.NowUs, Story.DriftPpb);
        Oscillator oscillator = _oscillator;
        foreach ((_, (int address, bool plugged)) in _chips)
        {
            if (plugged)
            {
                _bus.Replug(address);
            }
        }

        SeededRandom random = _random.Fork("boot:" + Boots.ToString(System.Globalization.CultureInfo.InvariantCulture));
        SteppedProcess? process = null;
        _connector = new SimulatedConnector(_world.Network, Path, _gatewayAddress, () => oscillator.LocalUs(_world.Kernel.NowUs), () => process?.Wake());
        MqttPodLink link = new(Story.DeviceId, _connector, static (options, handler) => new MqttClient(options, handler), new SeededEntropy(random.Fork("link")));
        PodHost host = new(Options(oscillator), new SimulatedI2cPort(_bus), _store, new SoftwareCrc32(), new SeededEntropy(random.Fork("pod")), link);
        Host = host;
        host.FrameProduced += OnProduced;
        host.FrameRecovered += (buffer, offset, length) => AtPod(buffer, offset, "recovered", ReadingFate.None);
        host.FrameStored += (buffer, offset, length) => AtPod(buffer, offset, null, ReadingFate.StoredByPod);
        host.FrameAcknowledged += (buffer, offset, length) => AtPod(buffer, offset, "acknowledged", ReadingFate.Acknowledged);
        host.FrameEvicted += (buffer, offset, length) => AtPod(buffer, offset, "evicted", ReadingFate.Evicted);
        process = new SteppedProcess(_world.Kernel, oscillator, host.Step);
        _process = process;
        process.Wake();
    }

    /// <summary>The power goes. Nothing happens when it is off.</summary>
    public void CutPower()
    {
        if (Host is null)
        {
            return;
        }

        _world.Trace?.Begin(_place, "power-cut").End();
        _process!.Stop();
        _dead = _process;
        _process = null;
        Host = null;
        _connector!.Vanish(machineAnswers: false);
        _store.CutPower();
        foreach ((_, (int address, _)) in _chips)
        {
            _bus.Unplug(address);
        }

        _world.Ledger.PowerCut(Story.DeviceId);
    }

    /// <summary>A chip is plugged in or out.</summary>
    /// <param name="chip">Which.</param>
    /// <param name="plugged">True for in.</param>
    public void SetPlugged(ChipKind chip, bool plugged)
    {
        _world.Trace?.Begin(_place, plugged ? "plug" : "unplug").Add("chip", chip.ToString()).End();
        int address = _chips[chip].Address;
        _chips[chip] = (address, plugged);
        if (!plugged)
        {
            _bus.Unplug(address);
        }
        else if (Host is not null)
        {
            _bus.Replug(address);
        }
    }

    private PodOptions Options(Oscillator oscillator)
    {
        List<PeripheralOptions> peripherals = [];
        foreach ((ChipKind chip, (int address, _)) in _chips)
        {
            peripherals.Add(new PeripheralOptions(chip == ChipKind.Tmp117 ? PodPart.Tmp117 : PodPart.Max30102, address));
        }

        return new PodOptions(Story.DeviceId, peripherals.ToArray())
        {
            FrameFlags = FrameFlags.Simulated,
            Clock = new OscillatorClock(oscillator, _world.Kernel),
            Maker = "simulated",
            Model = "pod",
            Serial = Story.Id,
            Firmware = "simulated",
        };
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
                (ulong, int, AbsenceReason) key = (Story.DeviceId, Frame.Stream(buffer, offset), reason);
                _world.Ledger.Absences[key] = _world.Ledger.Absences.GetValueOrDefault(key) + 1;
            }
        }

        FrameProduced?.Invoke(buffer, offset, length);
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

    private sealed class OscillatorClock(Oscillator oscillator, SimulationKernel kernel) : IMonotonicClock
    {
        public long NowUs => oscillator.LocalUs(kernel.NowUs);
    }
}
