using System;
using System.Collections.Generic;
using Firmware.Core;
using Firmware.Pod;
using Firmware.Pod.Channels;
using Firmware.Pod.Store;
using Firmware.Protocol;
using Firmware.Tests.Host.CuffSafety;
using Firmware.Tests.Pod;
using Simulators.Buses;
using Simulators.Cart.Pod;
using Simulators.Chips;
using Simulators.Kernel;

namespace Firmware.Tests.Host.Endurance;

/// <summary>
/// A whole pod at full load: thermometer, oximeter, built-in cuff and a stethoscope that somebody listens to, the unchanged drivers on simulated chips, the board's store on a flash that costs time. Faults
/// are drawn from a seed. Nothing here grows with the time that passes, so that what grows is the pod.
/// </summary>
internal sealed class LoadedPod
{
    private const long Second = 1_000_000;
    private const byte Thermometer = 0x48;

    private readonly ManualClock _world = new();
    private readonly ProcessorClock _processor;
    private readonly SimulatedI2cBus _bus;
    private readonly SimulatedPcm1808 _converter;
    private readonly CuffPneumatics _cuff = new() { Arm = new TestArm(1400, 72) };
    private readonly SeededRandom _random;
    private readonly List<(long Us, Action End)> _ends = [];
    private readonly Finger _finger = new();
    private FakeLink _link = null!;
    private LittlefsStore _store = null!;
    private long _bootUs;
    private long _nextUs;
    private uint _epoch;
    private long _brokenUs = -60 * Second;
    private long _testedUs = long.MinValue;

    public LoadedPod(ulong seed)
    {
        _random = new SeededRandom(seed);
        _processor = new ProcessorClock(_world);
        Flash = new SimulatedFlash(_random.Fork("flash"), _processor);
        _bus = new SimulatedI2cBus(_processor);
        SimulatedTmp117 thermometer = new(_processor, _random.Fork("tmp117"), new Tmp117Options { HasNoise = true });
        thermometer.SetTemperature(static us => 36_600 + (us / Second % 100));
        _bus.Attach(Thermometer, thermometer);
        _bus.Attach(SimulatedMax30102.Address, new SimulatedMax30102(_processor, _random.Fork("max30102")) { Light = _finger });
        SimulatedMprls0300 sensor = new(_processor, _random.Fork("mprls0300"));
        sensor.SetPressure(us =>
        {
            _cuff.AdvanceTo(us);
            return _cuff.ManifoldMicroMmHg;
        });
        _bus.Attach(SimulatedMprls0300.Address, sensor);
        _converter = new SimulatedPcm1808(_processor, _random.Fork("pcm1808"));
        _converter.SetInput(static ns => (ns / 125_000 % 40) * 1_000_000);
        _cuff.PowerOn();
        Flash.Committed += us =>
        {
            if (_cuff.IsDumpValveCoilPowered)
            {
                CommitsUnderPressure++;
            }
        };
        Boot();
    }

    public SimulatedFlash Flash { get; }

    public PodHost Host { get; private set; } = null!;

    public StreamAccount Account { get; } = new();

    public long NowUs => _world.NowUs;

    public SortedDictionary<string, int> Faults { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<FaultCode, int> Codes { get; } = [];

    public int CommitsUnderPressure { get; private set; }

    public int Measurements { get; private set; }

    public int Boots { get; private set; }

    /// <summary>What is reached from the pod and its store, bytes of the board's heap.</summary>
    public long Reached()
    {
        long sum = 0;
        foreach (long bytes in BudgetTests.Reached(Host, _store).Values)
        {
            sum += bytes;
        }

        return sum;
    }

    /// <summary>Lives, with a fault now and then.</summary>
    public void Live(long seconds)
    {
        long end = NowUs + (seconds * Second);
        while (NowUs < end)
        {
            Run(Math.Min(end - NowUs, (5 + _random.NextInt32(30)) * Second));
            EndDue();
            Draw();
        }
    }

    /// <summary>Every fault ends, and all that waits goes to the gateway.</summary>
    public void Settle()
    {
        EndFaults();
        Send(PodCommand.StopCuff);
        Run(15 * Second);
        Reconnect();
        Send(PodCommand.RetryPeripherals);
        Run(45 * Second);
        Listen();
        Run(15 * Second);
    }

    /// <summary>A self test and a blood pressure without a fault.</summary>
    public void MeasureOnce()
    {
        TestCuff();
        Run(35 * Second);
        Measure();
        Run(60 * Second);
    }

    private void EndFaults()
    {
        foreach ((long _, Action end) in _ends)
        {
            end();
        }

        _ends.Clear();
        _bus.Faults = null;
    }

    private void EndDue()
    {
        for (int i = _ends.Count - 1; i >= 0; i--)
        {
            if (NowUs >= _ends[i].Us)
            {
                _ends[i].End();
                _ends.RemoveAt(i);
            }
        }

        Listen();
    }

    private void Draw()
    {
        switch (_random.NextInt32(16))
        {
            case 0:
                Fault("link gone", 40, () => _link.Drop(), Reconnect);
                break;
            case 1:
                Fault("link silent", 12, () => Deaf(true), () =>
                {
                    Deaf(false);
                    Reconnect();
                });
                break;
            case 2:
                Unplug("thermometer unplugged", Thermometer);
                break;
            case 3:
                Unplug("oximeter unplugged", SimulatedMax30102.Address);
                break;
            case 4:
                Unplug("cuff sensor unplugged", SimulatedMprls0300.Address);
                break;
            case 5:
                Fault("slow flash", 60, () => Flash.EraseUs = 150_000, () => Flash.EraseUs = SimulatedFlash.TypicalEraseUs);
                break;
            case 6:
                Fault("broken flash", 30, () => Break(true), () => Break(false));
                break;
            case 7:
                Count("bus");
                I2cFaultPlan plan = new();
                for (int i = 0; i < 8; i++)
                {
                    plan.Refuse(_random.NextInt32(4000), _random.NextInt32(2) == 0 ? BusOutcome.AddressNack : BusOutcome.DataNack, 0, 1 + _random.NextInt32(2));
                }

                _bus.Faults = plan;
                break;
            case 8:
                Fault("finger off", 30, () => _finger.IsOn = false, () => _finger.IsOn = true);
                break;
            case 9:
                Fault("motion", 20, () => _finger.Moves = true, () => _finger.Moves = false);
                break;
            case 10 when _random.NextInt32(3) == 0 && NowUs - _brokenUs > 30 * Second:
                Count("power cut");
                PowerCut();
                break;
            case 11:
                Fault("cable loose", 10, () => _converter.Fault = Pcm1808Fault.CableLoose, () => _converter.Fault = Pcm1808Fault.None);
                break;
            case 12 when _random.NextInt32(3) == 0:
                Count("another session");
                Epoch(0);
                Run(2 * Second);
                Epoch(_epoch + 1);
                Listen();
                break;
            case 13:
                Count("cuff stopped");
                Send(PodCommand.StopCuff);
                break;
            default:
                Measure();
                break;
        }
    }

    private void Measure()
    {
        if (Host.Situation.IsCuffInflated || !_link.IsConnected)
        {
            return;
        }

        if (_testedUs == long.MinValue || NowUs - _testedUs > 10L * 3600 * Second)
        {
            TestCuff();
            return;
        }

        Count("blood pressure");
        Send(PodCommand.SetPatient, [.. Bytes(_epoch), (byte)PatientCategory.Adult, (byte)CuffSize.Adult, 0]);
        Send(PodCommand.StartCuff, Bytes(_epoch));
    }

    // Half of the tests have a slow flash and no other fault.
    private void TestCuff()
    {
        EndFaults();
        Count("self test");
        Flash.EraseUs = _random.NextInt32(2) == 0 ? 150_000 : SimulatedFlash.TypicalEraseUs;
        _cuff.AdvanceTo(_processor.NowUs);
        _cuff.Faults = CuffChainFaults.OffTheArm;
        Send(PodCommand.TestCuff, BloodPressure.OffTheArm);
        Run(95 * Second);
        _cuff.AdvanceTo(_processor.NowUs);
        _cuff.Faults = CuffChainFaults.None;
        Flash.EraseUs = SimulatedFlash.TypicalEraseUs;
    }

    private void Fault(string name, int seconds, Action begin, Action end)
    {
        Count(name);
        begin();
        _ends.Add((NowUs + ((1 + _random.NextInt32(seconds)) * Second), end));
    }

    private void Unplug(string name, int address) => Fault(name, 30, () => _bus.Unplug(address), () => _bus.Replug(address));

    private void Count(string name) => Faults[name] = Faults.GetValueOrDefault(name) + 1;

    // What is not in the store when the power goes is declared by the marks that are: not in the time in which it takes none.
    private void Break(bool broken)
    {
        Flash.IsBroken = broken;
        _brokenUs = broken ? long.MaxValue / 2 : NowUs;
    }

    private void Deaf(bool deaf)
    {
        _link.AutoAcknowledge = !deaf;
        _link.AnswersProbes = !deaf;
        Account.IsReceiving = !deaf;
    }

    private void Reconnect()
    {
        _link.Drop();
        Account.IsReceiving = true;
        _link.AutoAcknowledge = true;
        _link.AnswersProbes = true;
        _link.Connect();
        Epoch(_epoch);
    }

    private void Epoch(uint epoch)
    {
        _epoch = epoch == 0 ? _epoch : epoch;
        Send(PodCommand.SetEpoch, Bytes(epoch));
    }

    private void Listen() => Send(PodCommand.SetListening, [.. Bytes(_epoch), 1]);

    private void PowerCut()
    {
        Flash.CutPower();
        _cuff.AdvanceTo(_processor.NowUs);
        _cuff.PowerOff();
        _cuff.PowerOn();
        foreach (int address in new[] { Thermometer, SimulatedMax30102.Address, SimulatedMprls0300.Address })
        {
            _bus.BrownOut(address);
        }

        _converter.StopClocks();
        _link.Drop();
        Boot();
    }

    private void Boot()
    {
        Boots++;
        _bootUs = _processor.NowUs;
        _nextUs = _bootUs;
        _testedUs = long.MinValue;
        _link = new FakeLink();
        _store = new LittlefsStore(Flash, Flash.Bytes);
        PodOptions options = new(
            PodBench.DeviceId,
            [
                new PeripheralOptions(PodPart.Tmp117, Thermometer),
                new PeripheralOptions(PodPart.Max30102, SimulatedMax30102.Address),
                new PeripheralOptions(PodPart.Mprls0300, SimulatedMprls0300.Address) { Cuff = new SimulatedCuffActuators(_cuff, _processor) },
                new PeripheralOptions(PodPart.Pcm1808, 0) { Audio = new SimulatedAudioPort(_converter) },
            ])
        {
            Clock = new BootClock(_processor, _bootUs),
        };
        Host = new PodHost(options, new SimulatedI2cPort(_bus), _store, new SoftwareCrc32(), new FakeEntropy(), _link);
        Host.FrameProduced += OnFrame;
        Account.Watch(Host, _link);
        _link.Connect();
        Run(3 * Second);
        Epoch(_epoch + 1);
        Listen();
    }

    private void OnFrame(byte[] buffer, int offset, int length)
    {
        if (Frame.Kind(buffer, offset) == FrameKind.Event)
        {
            FaultCode code = EventBody.Code(buffer, offset + Frame.HeaderLength);
            Codes[code] = Codes.GetValueOrDefault(code) + 1;
            _testedUs = code == FaultCode.CuffSelfTestPassed ? NowUs : _testedUs;
        }
        else if (Frame.Stream(buffer, offset) == Streams.Systolic && NumericBody.Absence(buffer, offset + Frame.HeaderLength) == AbsenceReason.None)
        {
            Measurements++;
        }
    }

    private void Run(long us)
    {
        long end = NowUs + us;
        while (true)
        {
            long at = Math.Max(Math.Max(_nextUs, _world.NowUs + 1), _processor.NowUs);
            if (at > end)
            {
                _world.AdvanceTo(Math.Max(end, _world.NowUs));
                return;
            }

            _world.AdvanceTo(at);
            long next = Host.Step(at - _bootUs);
            _nextUs = next > long.MaxValue - _bootUs ? long.MaxValue : next + _bootUs;
        }
    }

    private static byte[] Bytes(uint word)
    {
        byte[] bytes = new byte[4];
        LittleEndian.WriteUInt32(bytes, 0, word);
        return bytes;
    }

    private void Send(byte command, params byte[] body) => _link.Send(Topics.Command(PodBench.DeviceId), [1, command, (byte)_random.NextInt32(256), (byte)_random.NextInt32(256), .. body]);

    private sealed class BootClock(ProcessorClock processor, long bootUs) : IMonotonicClock
    {
        public long NowUs => processor.NowUs - bootUs;
    }

    // A pulse of 72 a minute, as light.
    private sealed class Finger : ILightStimulus
    {
        public bool IsOn { get; set; } = true;

        public bool Moves { get; set; }

        public LightSample At(long us)
        {
            if (!IsOn)
            {
                return new LightSample(900_000, 900_000, 0);
            }

            double beat = us * 72 / 60e6;
            double phase = beat - Math.Floor(beat);
            double volume = phase < 0.2 ? phase / 0.2 : (1 - phase) / 0.8;
            double motion = Moves ? 0.05 * Math.Sin(us * 2 * Math.PI * 2.3 / 1e6) : 0;
            return new LightSample((long)(110e6 * (1 - (0.0075 * volume) + motion)), (long)(120e6 * (1 - (0.015 * volume) + motion)), 0);
        }
    }
}
