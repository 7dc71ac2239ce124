using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;
using Firmware.Core;
using Firmware.Pod;
using Firmware.Pod.Link;
using Firmware.Protocol;
using Firmware.Tests.Pod;
using Simulators.Cart.Pod;
using Simulators.Kernel;

namespace Firmware.Tests.Host;

/// <summary>What a pod says of itself: its parts, their streams and what they provide, within the message's bound.</summary>
[TestClass]
public sealed class StateMessageTests
{
    [TestMethod]
    public void A_pod_announces_what_each_part_is_and_provides()
    {
        PodPart[] parts = Enum.GetValues<PodPart>();
        JsonElement[] peripherals = Announced(new PodOptions(PodBench.DeviceId, [.. parts.Select(Fitted)])).Peripherals;
        string[] announced = [.. peripherals.Select(p => $"{p.GetProperty("part")} {p.GetProperty("streams")} {p.GetProperty("provides")}")];
        string[] known = [.. parts.Select(p => $"{Parts.Id(p)} [{string.Join(',', Parts.StreamsOf(p))}] [{string.Join(',', Parts.Provides(p).Select(w => $"\"{w}\""))}]")];
        CollectionAssert.AreEqual(known, announced);
        CollectionAssert.AreEqual(parts, peripherals.Select(p => Parts.TryFindName(p.GetProperty("name").GetString()!, out PodPart part) ? part : default).ToArray(), "a gateway finds an older pod's parts by these names");
        StringAssert.StartsWith(announced[Array.IndexOf(parts, PodPart.Mprls0300)], "Mprls0300 [48,49,50,51,52,53");
    }

    [TestMethod]
    public void Eight_parts_at_full_length_stay_within_the_bound()
    {
        string text = new('x', 100);
        int longest = 0;
        foreach (PodPart part in Enum.GetValues<PodPart>())
        {
            PeripheralOptions[] eight = new PeripheralOptions[PodOptions.MaxPeripherals];
            for (int i = 0; i < eight.Length; i++)
            {
                eight[i] = Fitted(part);
                eight[i].Driver = new Nameless(part);
            }

            PodOptions options = new(PodBench.DeviceId, eight) { Maker = text, Model = text, Serial = text, Firmware = text };
            (int length, JsonElement[] peripherals) = Announced(options);
            Assert.HasCount(PodOptions.MaxPeripherals, peripherals);
            Assert.AreEqual(64, peripherals[7].GetProperty("name").GetString()!.Length);
            longest = Math.Max(longest, length);
        }

        Console.WriteLine($"longest: {longest} of {StateMessage.MaxBytes} bytes");
        Assert.AreEqual(3072, StateMessage.MaxBytes);
        Assert.IsLessThanOrEqualTo(StateMessage.MaxBytes, longest);
    }

    [TestMethod]
    public void A_part_that_the_program_cannot_drive_is_refused_with_its_code()
    {
        PodFaultException refused = Assert.ThrowsExactly<PodFaultException>(() =>
            new PodHost(new PodOptions(PodBench.DeviceId, [new PeripheralOptions((PodPart)200, 0x40)]), new FakeBus(), new SimulatedByteStore(), new SoftwareCrc32(), new FakeEntropy(), new FakeLink()));
        Assert.AreEqual(FaultCode.PartUnknown, refused.FaultCode);
        StringAssert.StartsWith(refused.Message, "P1007: ");
        StringAssert.Contains(refused.Message, "200");
    }

    [TestMethod]
    public void A_driver_of_another_kind_of_part_is_refused_with_the_same_code()
    {
        foreach (PodPart part in Enum.GetValues<PodPart>())
        {
            PeripheralOptions fitted = Fitted(part);
            fitted.Driver = part == PodPart.Tmp117 ? new Firmware.Peripherals.Max30102(new FakeBus(), 0x57) : new Firmware.Peripherals.Tmp117(new FakeBus(), 0x48);
            PodFaultException refused = Assert.ThrowsExactly<PodFaultException>(() =>
                new PodHost(new PodOptions(PodBench.DeviceId, [fitted]), new FakeBus(), new SimulatedByteStore(), new SoftwareCrc32(), new FakeEntropy(), new FakeLink()));
            Assert.AreEqual(FaultCode.PartUnknown, refused.FaultCode);
            StringAssert.Contains(refused.Message, Parts.Id(part));
            StringAssert.Contains(refused.Message, fitted.Driver.PartName);
        }
    }

    private static PeripheralOptions Fitted(PodPart part)
    {
        ManualClock clock = new();
        return new PeripheralOptions(part, Parts.DefaultAddress(part))
        {
            Cuff = new SimulatedCuffActuators(new Simulators.Chips.CuffPneumatics(), clock),
            Serial = new SimulatedSerialPort(new Simulators.Chips.SimulatedSunTechNibp(clock, new Simulators.Chips.SunTechNibpOptions())),
            Audio = new Silence(),
        };
    }

    private static (int Length, JsonElement[] Peripherals) Announced(PodOptions options)
    {
        FakeLink link = new();
        byte[] state = [];
        link.Published += (topic, buffer, count) =>
        {
            if (topic == Topics.State(options.DeviceId))
            {
                state = buffer[..count];
            }
        };
        PodHost host = new(options, new FakeBus(), new SimulatedByteStore(), new SoftwareCrc32(), new FakeEntropy(), link) { IsOnBench = true };
        link.Connect();
        for (long nowUs = 0; nowUs < 5_000_000 && state.Length == 0; nowUs += 10_000)
        {
            host.Step(nowUs);
        }

        JsonElement root = JsonDocument.Parse(state).RootElement;
        Assert.IsTrue(root.GetProperty("bench").GetBoolean());
        return (state.Length, [.. root.GetProperty("peripherals").EnumerateArray()]);
    }

    private sealed class Silence : IAudioPort
    {
        public int SampleRateHz => 8000;

        public long LostSamples => 0;

        public AudioStatus Start() => AudioStatus.NotOpen;

        public AudioStatus Read(short[] wired, short[] other, int offset, int room, out int count)
        {
            count = 0;
            return AudioStatus.NotOpen;
        }

        public void Stop()
        {
        }
    }

    // Of every kind at once, with the longest name that is told.
    private sealed class Nameless(PodPart part) : ITemperatureSource, ILightSource, ICuffPressureSource, ISoundSource, IBloodPressureModule
    {
        public string PartName => new((char)('A' + (int)part), 80);

        public long NextStepUs => 1_000_000_000;

        public AbsenceReason Reason => AbsenceReason.NotPresent;

        public FaultCode FaultCode => FaultCode.PartAbsent;

        public int TemperatureMilliCelsius => 0;

        public long SampledAtUs => 0;

        public bool IsResting { get; set; }

        public int SampleCount => 0;

        public int[] Red => [];

        public int[] Infrared => [];

        public long FirstSampleUs => 0;

        public int SamplePeriodUs => 1;

        public int LostSamples => 0;

        public bool LostIsLowerBound => false;

        public SampleLoss LossCause => SampleLoss.None;

        public bool AmbientLightOverflow => false;

        public int RedCurrentCode => 0;

        public int InfraredCurrentCode => 0;

        public bool DieTemperatureReady => false;

        public int DieTemperatureMilliCelsius => 0;

        public int PressureMilliMmHg => 0;

        public int SampleRateHz => 8000;

        public short[] Samples => [];

        public int SamplePeriodNs => 125_000;

        public bool IsHeld => false;

        public int PressureMmHg => 0;

        public int PressurePeriodUs => 500_000;

        public int StopPeriodUs => 500_000;

        public NibpPhase Phase => NibpPhase.Idle;

        public int Outcomes => 0;

        public AbsenceReason OutcomeReason => AbsenceReason.None;

        public FaultCode OutcomeFault => FaultCode.None;

        public int SystolicMmHg => 0;

        public int DiastolicMmHg => 0;

        public int MeanMmHg => 0;

        public int PulsePerMinute => 0;

        public long DurationUs => 0;

        public void Restart()
        {
        }

        public DriverResult Probe(long nowUs) => DriverResult.Failed;

        public DriverResult Measure(long nowUs) => DriverResult.Failed;

        public void SetLedCurrent(int redCode, int infraredCode)
        {
        }

        public void Hold(bool held)
        {
        }

        public bool TryStart(NibpPatient patient, int inflationMmHg) => false;

        public void Stop(long nowUs)
        {
        }
    }
}
