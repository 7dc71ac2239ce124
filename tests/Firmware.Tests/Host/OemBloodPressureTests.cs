using System;
using System.Collections.Generic;
using System.Linq;
using Firmware.Core;
using Firmware.Pod;
using Firmware.Pod.Channels;
using Firmware.Protocol;
using Firmware.Tests.Pod;
using Simulators.Cart.Pod;
using Simulators.Chips;
using Simulators.Kernel;

namespace Firmware.Tests.Host;

/// <summary>A whole pod with an OEM module's simulated chip: commands in, frames out.</summary>
[TestClass]
public sealed class OemBloodPressureTests
{
    private const int Epoch = 7;

    [TestMethod]
    public void A_measurement_comes_out_as_that_of_the_own_cuff_does()
    {
        Rig rig = new();
        rig.Patient(PatientCategory.Adult, CuffSize.Adult);
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Until(() => rig.Values.ContainsKey(Streams.CuffPulseRate), 60);
        Assert.AreEqual(1200, rig.Values[Streams.Systolic].Value);
        Assert.AreEqual(800, rig.Values[Streams.Diastolic].Value);
        Assert.AreEqual(930, rig.Values[Streams.MeanPressure].Value);
        Assert.AreEqual(720, rig.Values[Streams.CuffPulseRate].Value);
        Assert.AreEqual(1, rig.Simulated.Starts[0x20]);
        Assert.IsTrue(rig.Pressures > 30, "the cuff's pressure is streamed");
        CollectionAssert.AreEqual(new[] { CuffPhase.Idle, CuffPhase.ZeroCheck, CuffPhase.Inflate, CuffPhase.Dump, CuffPhase.Done }, rig.Phases);
        Assert.IsFalse(rig.Host.Situation.IsCuffInflated);
    }

    [TestMethod]
    public void Without_a_category_nothing_starts_and_a_newborn_cannot_be_named()
    {
        Rig rig = new();
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Run(5);
        for (int category = 3; category < 256; category++)
        {
            rig.Patient((PatientCategory)category, CuffSize.Child);
            rig.Command(PodCommand.StartCuff, Epoch);
            rig.Run(1);
        }

        Assert.AreEqual(0, rig.Simulated.Starts.Count);
        Assert.IsTrue(rig.Codes.Contains(FaultCode.CuffNoCategory));
        Assert.AreEqual(AbsenceReason.Suspended, rig.Values[Streams.Systolic].Absence);
        rig.Patient(PatientCategory.Pediatric, CuffSize.Child);
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Until(() => rig.Simulated.Starts.Count > 0, 5);
        Assert.AreEqual(1, rig.Simulated.Starts[0x87]);
        Assert.IsFalse(rig.Simulated.Starts.ContainsKey(0x28));
    }

    [TestMethod]
    public void A_command_of_another_session_does_nothing_but_a_stop_is_always_obeyed()
    {
        Rig rig = new();
        rig.Patient(PatientCategory.Adult, CuffSize.Adult);
        rig.Command(PodCommand.StartCuff, Epoch + 1);
        rig.Run(3);
        Assert.AreEqual(0, rig.Simulated.Starts.Count);
        Assert.IsTrue(rig.Codes.Contains(FaultCode.CuffWrongSession));
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Until(() => rig.Simulated.TruePressureMmHg > 80, 10);
        long at = rig.Clock.NowUs;
        rig.Command(PodCommand.StopCuff);
        rig.Run(0.1);
        Assert.IsTrue(rig.Simulated.AbortedUs - at is > 0 and <= 100_000, $"{rig.Simulated.AbortedUs - at} µs");
        rig.Until(() => rig.Values.ContainsKey(Streams.Systolic), 10);
        Assert.AreEqual(AbsenceReason.Stopped, rig.Values[Streams.Systolic].Absence);
    }

    [TestMethod]
    public void The_end_of_the_session_lets_the_air_out_and_publishes_nothing()
    {
        Rig rig = new();
        rig.Patient(PatientCategory.Adult, CuffSize.Adult);
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Until(() => rig.Simulated.TruePressureMmHg > 80, 10);
        rig.SetEpoch(0);
        rig.Until(() => rig.Simulated.TruePressureMmHg < 5, 5);
        rig.Run(5);
        Assert.IsFalse(rig.Values.ContainsKey(Streams.Systolic));
        rig.SetEpoch(9);
        rig.Command(PodCommand.StartCuff, 9);
        rig.Run(2);
        Assert.AreEqual(1, rig.Simulated.Starts.Values.Sum(), "who is measured is asked once per session");
    }

    [TestMethod]
    public void A_second_measurement_rests_first_and_begins_higher_when_the_first_was_high()
    {
        Rig rig = new(new SunTechNibpOptions { Systolic = 185, Diastolic = 110, Mean = 135 });
        rig.Patient(PatientCategory.Adult, CuffSize.LargeAdult);
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Until(() => rig.Values.ContainsKey(Streams.CuffPulseRate), 90);
        long ended = rig.Clock.NowUs;
        rig.Values.Clear();
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Until(() => rig.Simulated.Starts[0x20] == 2, 40);
        Assert.IsTrue(rig.Clock.NowUs - ended >= 29_900_000, $"{rig.Clock.NowUs - ended} µs of rest");
        Assert.AreEqual(215, rig.Simulated.InflationMmHg);
        Assert.IsTrue(rig.Phases.Contains(CuffPhase.Rest));
    }

    [TestMethod]
    public void A_module_that_is_unplugged_with_an_inflated_cuff_is_a_cuff_to_be_taken_off_by_hand()
    {
        Rig rig = new();
        rig.Patient(PatientCategory.Adult, CuffSize.Adult);
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Until(() => rig.Simulated.TruePressureMmHg > 100, 10);
        rig.Simulated.IsSilent = true;
        rig.Until(() => rig.Codes.Contains(FaultCode.CuffDeflationNotConfirmed), 16);
        rig.Until(() => rig.Values.ContainsKey(Streams.Systolic), 2);
        Assert.AreEqual(AbsenceReason.CuffFault, rig.Values[Streams.Systolic].Absence);
        Assert.IsTrue(rig.Host.Situation.IsCuffInflated, "no sound and no SpO2 of that arm while nobody knows");
        rig.Simulated.IsSilent = false;
        rig.Until(() => rig.Simulated.TruePressureMmHg < 5 && !rig.Host.Situation.IsCuffInflated, 90);
    }

    [TestMethod]
    public void A_module_that_comes_back_with_an_inflated_cuff_is_commanded_to_deflate_until_the_cuff_is_seen_empty()
    {
        Rig rig = new();
        rig.Patient(PatientCategory.Adult, CuffSize.Adult);
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Until(() => rig.Simulated.TruePressureMmHg > 100, 10);
        rig.Simulated.IsValveStuck = true;
        rig.Simulated.IsSilent = true;
        rig.Until(() => rig.Codes.Contains(FaultCode.CuffDeflationNotConfirmed), 16);
        rig.Simulated.IsSilent = false;
        rig.Codes.Clear();
        int aborts = rig.Simulated.Aborts;
        for (int i = 0; i < 200; i++)
        {
            rig.Run(0.1);
            Assert.IsTrue(rig.Host.Situation.IsCuffInflated, $"{i / 10.0} s: the cuff has {rig.Simulated.TruePressureMmHg:F0} mmHg");
            if (i == 50)
            {
                rig.Command(PodCommand.StartCuff, Epoch);
            }
        }

        Assert.IsTrue(rig.Simulated.Aborts - aborts >= 30, $"{rig.Simulated.Aborts - aborts} aborts in 20 s");
        Assert.IsTrue(rig.Codes.Contains(FaultCode.CuffBusy), "a start on a cuff that is not empty is refused");
        Assert.AreEqual(1, rig.Simulated.Starts[0x20]);
        rig.Simulated.IsValveStuck = false;
        rig.Until(() => !rig.Host.Situation.IsCuffInflated, 5);
        Assert.IsTrue(rig.Simulated.TruePressureMmHg < 15);
        Assert.AreEqual(CuffPhase.Idle, rig.Phases[^1]);

        long emptyUs = rig.Clock.NowUs;
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Until(() => rig.Simulated.Starts[0x20] == 2, 40);
        Assert.IsTrue(rig.Clock.NowUs - emptyUs >= 29_900_000, $"{rig.Clock.NowUs - emptyUs} µs of rest");
    }

    [TestMethod]
    public void A_line_that_brings_noise_only_does_not_keep_the_abort_from_the_module()
    {
        Rig rig = new();
        rig.Patient(PatientCategory.Adult, CuffSize.Adult);
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Until(() => rig.Simulated.TruePressureMmHg > 100, 10);
        rig.Simulated.IsValveStuck = true;
        rig.Simulated.OnAnswer = (frame, _) => [.. frame[..^1], (byte)(frame[^1] ^ 0x55)];
        rig.Until(() => rig.Codes.Contains(FaultCode.PartQuarantined), 60);
        int aborts = rig.Simulated.Aborts;
        rig.Run(10);
        Assert.IsTrue(rig.Simulated.Aborts - aborts >= 15, $"{rig.Simulated.Aborts - aborts} aborts in 10 s of quarantine");
        rig.Simulated.IsValveStuck = false;
        rig.Run(5);
        Assert.IsTrue(rig.Simulated.TruePressureMmHg < 5);
        Assert.IsTrue(rig.Host.Situation.IsCuffInflated, "nobody could see that it is empty");
        Assert.IsTrue(rig.Codes.Contains(FaultCode.CuffDeflationNotConfirmed));
    }

    [TestMethod]
    public void A_pod_that_boots_beside_an_inflated_cuff_starts_nothing_before_it_is_empty()
    {
        Rig rig = new(before: simulated =>
        {
            simulated.StartByHand();
            return 3;
        });
        rig.Simulated.IsValveStuck = true;
        rig.Patient(PatientCategory.Adult, CuffSize.Adult);
        Assert.IsTrue(rig.Simulated.TruePressureMmHg > 15, "the cuff still is inflated");
        Assert.IsTrue(rig.Host.Situation.IsCuffInflated);
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Run(15);
        Assert.AreEqual(0, rig.Simulated.Starts.Count);
        Assert.IsTrue(rig.Codes.Contains(FaultCode.CuffBusy));
        Assert.IsTrue(rig.Codes.Contains(FaultCode.CuffDeflationNotConfirmed), "a person is told after 10 s");
        rig.Simulated.IsValveStuck = false;
        rig.Until(() => !rig.Host.Situation.IsCuffInflated, 5);
        Assert.IsFalse(rig.Values.ContainsKey(Streams.Systolic), "there was no measurement whose absence could be told");
    }

    [TestMethod]
    public void After_a_low_pressure_the_first_inflation_is_not_below_the_usual_one()
    {
        Rig rig = new(new SunTechNibpOptions { Systolic = 84, Diastolic = 52, Mean = 63 });
        rig.Patient(PatientCategory.Adult, CuffSize.SmallAdult);
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Until(() => rig.Values.ContainsKey(Streams.CuffPulseRate), 90);
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Until(() => rig.Simulated.Starts[0x20] == 2, 40);
        Assert.AreEqual(OemCuff.AdultInflationMmHg, rig.Simulated.InflationMmHg);
    }

    [TestMethod]
    public void Each_error_of_the_module_is_an_absence_with_its_code()
    {
        foreach ((int error, FaultCode code, AbsenceReason reason) in new[] { (1, FaultCode.SunTechWeakSignal, AbsenceReason.WeakSignal), (2, FaultCode.SunTechArtifact, AbsenceReason.Motion), (89, FaultCode.SunTechSafetyTripped, AbsenceReason.CuffFault) })
        {
            Rig rig = new();
            rig.Simulated.Error = error;
            rig.Patient(PatientCategory.Adult, CuffSize.Adult);
            rig.Command(PodCommand.StartCuff, Epoch);
            rig.Until(() => rig.Values.ContainsKey(Streams.Systolic), 60);
            Assert.AreEqual(reason, rig.Values[Streams.Systolic].Absence);
            Assert.AreEqual(reason, rig.Values[Streams.CuffPulseRate].Absence);
            Assert.IsTrue(rig.Codes.Contains(code));
        }
    }

    [TestMethod]
    public void A_module_is_told_to_abort_until_its_cuff_is_empty_when_the_link_is_lost_and_nothing_goes_on_when_it_is_back()
    {
        Rig rig = new();
        rig.Patient(PatientCategory.Adult, CuffSize.Adult);
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Until(() => rig.Simulated.TruePressureMmHg > 100, 10);
        rig.Simulated.IsValveStuck = true;
        rig.Link.Drop();
        long lostUs = rig.Clock.NowUs;
        rig.Run(0.1);
        Assert.IsTrue(rig.Simulated.AbortedUs - lostUs is > 0 and <= 100_000, $"{rig.Simulated.AbortedUs - lostUs} µs");
        rig.Link.Connect();
        int aborts = rig.Simulated.Aborts;
        rig.Run(4.9);
        Assert.IsTrue(rig.Simulated.Aborts - aborts >= 7, $"{rig.Simulated.Aborts - aborts} aborts in 4.9 s with a valve that sticks");
        rig.Simulated.IsValveStuck = false;
        rig.Until(() => rig.Values.ContainsKey(Streams.Systolic), 10);
        Assert.IsTrue(rig.Simulated.TruePressureMmHg < 15 && rig.Clock.NowUs - lostUs <= 15_000_000, $"{rig.Simulated.TruePressureMmHg} mmHg after {rig.Clock.NowUs - lostUs} µs");
        Assert.AreEqual(AbsenceReason.LinkLost, rig.Values[Streams.Systolic].Absence);
        Assert.IsTrue(rig.Codes.Contains(FaultCode.CuffLinkLost));
        Assert.AreEqual(CuffPhase.Fault, rig.Phases[^1]);
        rig.Run(60);
        Assert.AreEqual(1, rig.Simulated.Starts.Values.Sum(), "a link that is back does not go on by itself");
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Until(() => rig.Simulated.Starts.Values.Sum() == 2, 5);
    }

    [TestMethod]
    public void A_stop_at_any_moment_between_two_questions_is_followed_by_a_cuff_that_is_seen_empty()
    {
        for (int ms = 0; ms < 520; ms += 4)
        {
            Rig rig = new();
            rig.Patient(PatientCategory.Adult, CuffSize.Adult);
            rig.Command(PodCommand.StartCuff, Epoch);
            rig.Until(() => rig.Simulated.TruePressureMmHg > 100, 10);
            rig.Run(ms / 1000.0);
            rig.Command(PodCommand.StopCuff);
            rig.Until(() => rig.Values.ContainsKey(Streams.Systolic), 6);
            Assert.IsFalse(rig.Codes.Contains(FaultCode.CuffDeflationNotConfirmed), $"{ms} ms");
        }
    }

    [TestMethod]
    public void A_module_is_told_to_abort_after_five_seconds_of_silence_and_a_rest_does_not_outlive_the_link()
    {
        Rig rig = new();
        rig.Patient(PatientCategory.Adult, CuffSize.Adult);
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Until(() => rig.Simulated.TruePressureMmHg > 100, 10);
        rig.Link.AutoAcknowledge = false;
        rig.Link.AnswersProbes = false;
        long silentUs = rig.Clock.NowUs;
        rig.Until(() => rig.Simulated.AbortedUs > silentUs, 5.2);
        Assert.IsTrue(rig.Simulated.AbortedUs - silentUs >= 4_000_000, $"{rig.Simulated.AbortedUs - silentUs} µs");
        rig.Until(() => rig.Values.ContainsKey(Streams.Systolic), 10);
        Assert.AreEqual(AbsenceReason.LinkLost, rig.Values[Streams.Systolic].Absence);

        rig.Link.AutoAcknowledge = true;
        rig.Link.AnswersProbes = true;
        rig.Run(5);
        rig.Values.Clear();
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Run(1);
        Assert.AreEqual(CuffPhase.Rest, rig.Phases[^1]);
        rig.Link.Drop();
        rig.Link.Connect();
        rig.Run(60);
        Assert.AreEqual(AbsenceReason.LinkLost, rig.Values[Streams.Systolic].Absence);
        Assert.AreEqual(1, rig.Simulated.Starts.Values.Sum(), "a rest that began before the link was lost is not followed by air");
    }

    [TestMethod]
    public void The_phase_is_told_when_a_session_begins_and_when_a_rest_ends_without_its_module()
    {
        Rig rig = new();
        CollectionAssert.AreEqual(new[] { CuffPhase.Idle }, rig.Phases, "after a boot");
        rig.Patient(PatientCategory.Adult, CuffSize.Adult);
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Until(() => rig.Values.ContainsKey(Streams.CuffPulseRate), 60);
        rig.Values.Clear();
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Run(1);
        Assert.AreEqual(CuffPhase.Rest, rig.Phases[^1]);
        rig.Simulated.IsSilent = true;
        rig.Until(() => rig.Values.ContainsKey(Streams.Systolic), 60);
        Assert.AreEqual(AbsenceReason.Suspended, rig.Values[Streams.Systolic].Absence);
        Assert.AreEqual(CuffPhase.Fault, rig.Phases[^1], "a page does not stay at the rest");
        Assert.AreEqual(1, rig.Simulated.Starts.Values.Sum());

        rig.Simulated.IsSilent = false;
        rig.Run(60);
        rig.Patient(PatientCategory.Adult, CuffSize.Adult);
        rig.Command(PodCommand.StartCuff, Epoch);
        rig.Until(() => rig.Simulated.TruePressureMmHg > 80, 60);
        int told = rig.Phases.Count;
        rig.SetEpoch(9);
        rig.Run(0.1);
        Assert.IsGreaterThan(told, rig.Phases.Count, "a new session in the middle of a measurement");
        Assert.AreEqual(CuffPhase.Dump, rig.Phases[told]);
        rig.Until(() => rig.Phases[^1] is CuffPhase.Done or CuffPhase.Idle, 10);
    }

    private sealed class Rig
    {
        private readonly FakeLink _link = new();
        private long _nextUs;

        public Rig(SunTechNibpOptions? options = null, Func<SimulatedSunTechNibp, double>? before = null)
        {
            Simulated = new SimulatedSunTechNibp(Clock, options);
            if (before is not null)
            {
                Clock.Advance((long)(before(Simulated) * 1e6));
                Simulated.IsValveStuck = Simulated.TruePressureMmHg > 15;
            }

            PodOptions pod = new(PodBench.DeviceId, [new PeripheralOptions(PodPart.SunTechNibp, 0) { Serial = new SimulatedSerialPort(Simulated) }]);
            Host = new PodHost(pod, new FakeBus(), new SimulatedByteStore(), new SoftwareCrc32(), new FakeEntropy(), _link);
            Host.FrameProduced += OnFrame;
            Link = _link;
            _link.Connect();
            Run(3);
            SetEpoch(Epoch);
            Run(0.1);
        }

        public ManualClock Clock { get; } = new();

        public SimulatedSunTechNibp Simulated { get; }

        public FakeLink Link { get; }

        public PodHost Host { get; }

        public SortedDictionary<int, (int Value, AbsenceReason Absence)> Values { get; } = [];

        public List<CuffPhase> Phases { get; } = [];

        public HashSet<FaultCode> Codes { get; } = [];

        public int Pressures { get; private set; }

        public void SetEpoch(int epoch) => Command(PodCommand.SetEpoch, epoch);

        public void Patient(PatientCategory category, CuffSize size)
        {
            byte[] body = [Epoch, 0, 0, 0, (byte)category, (byte)size, 0];
            Send(PodCommand.SetPatient, body);
        }

        public void Command(byte command, int epoch) => Send(command, [(byte)epoch, 0, 0, 0]);

        public void Command(byte command) => Send(command, []);

        public void Run(double seconds) => Step(() => false, seconds);

        public void Until(Func<bool> fact, double seconds)
        {
            Step(fact, seconds);
            Assert.IsTrue(fact(), $"not within {seconds} s; {Simulated.TruePressureMmHg} mmHg; {string.Join(' ', Codes)}");
        }

        private void Send(byte command, byte[] body)
        {
            _link.Send(Topics.Command(PodBench.DeviceId), [1, command, 0, 0, .. body]);
            _nextUs = Clock.NowUs; // whatever comes from outside wakes the loop
        }

        private void Step(Func<bool> fact, double seconds)
        {
            long end = Clock.NowUs + (long)(seconds * 1e6);
            while (!fact())
            {
                long at = Math.Max(Clock.NowUs, _nextUs); // at its own time only, as on a board
                if (at > end)
                {
                    Clock.AdvanceTo(Math.Max(end, Clock.NowUs));
                    return;
                }

                Clock.AdvanceTo(at);
                _nextUs = Host.Step(at);
                if (_nextUs <= at)
                {
                    Clock.Advance(100);
                }
            }
        }

        private void OnFrame(byte[] buffer, int offset, int length)
        {
            int body = offset + Frame.HeaderLength;
            int stream = Frame.Stream(buffer, offset);
            switch (Frame.Kind(buffer, offset))
            {
                case FrameKind.Numeric when stream == Streams.CuffPhase:
                    Phases.Add((CuffPhase)NumericBody.Value(buffer, body));
                    break;
                case FrameKind.Numeric:
                    Values[stream] = (NumericBody.Value(buffer, body), NumericBody.Absence(buffer, body));
                    break;
                case FrameKind.Waveform:
                    Pressures++;
                    break;
                case FrameKind.Event:
                    Codes.Add(EventBody.Code(buffer, body));
                    break;
                default:
                    break;
            }
        }
    }
}
