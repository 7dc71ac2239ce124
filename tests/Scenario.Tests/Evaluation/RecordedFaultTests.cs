using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Evaluation;
using Simulators.Cart.World;
using Simulators.Kernel;
using Simulators.Patient;

namespace Scenario.Tests.Evaluation;

/// <summary>Every recording with a fault added, through the whole way: each fault ends in its named absence in time, and no number comes after that.</summary>
[TestClass]
public sealed class RecordedFaultTests
{
    private const ulong Seed = 7;
    private const double FaultSeconds = 20;
    private const long PlayUs = 36_000_000;

    private static readonly uint[] Vitals = [MdcCodes.OxygenSaturation, MdcCodes.PulseRate, MdcCodes.PerfusionIndex];

    public static IEnumerable<object[]> All => Recordings.All;

    [TestMethod]
    [Recordings]
    [DynamicData(nameof(All))]
    public void Each_fault_ends_in_its_named_absence_in_time(string recording)
    {
        ReferenceRecord record = Load(recording);
        foreach ((Disturbance disturbance, string reason, double withinSeconds) in new[]
        {
            (Disturbance.FingerOff, "notOnPatient", 4.0),
            (Disturbance.Glare, "saturated", 4.0),
            (Disturbance.AmbientLight, "ambientLight", 4.0),
            (Disturbance.Motion, "motion", 6.0),
        })
        {
            ReceivedRecord received = EvaluationRun.Play(record, Seed, light: light => new Later(light, disturbance));
            double limit = FaultSeconds + withinSeconds;
            foreach (uint vital in Vitals)
            {
                string what = $"{recording}, {disturbance}, {vital}, seed {Seed}";
                List<ReceivedVital> own = received.Vitals.Where(v => v.Mdc == vital && v.Seconds >= FaultSeconds && v.Seconds <= PlayUs / 1e6).ToList();
                Assert.IsFalse(own.Any(v => v.Value is not null && v.Seconds > limit), what + ": a number after the limit");
                Assert.IsTrue(own.Any(v => v.Absent == reason && v.Seconds <= limit), what + ": the absence was not named in time");
                string last = own[^1].Absent!;
                Assert.AreEqual(reason, last, what);
            }
        }
    }

    [TestMethod]
    [Recordings]
    [DynamicData(nameof(All))]
    public void Exchanged_channels_are_named_and_those_in_order_never(string recording)
    {
        ReferenceRecord record = Load(recording) with { PlayUs = RecordingSet.OxiwearPlayUs };
        ReceivedRecord right = EvaluationRun.Play(record, Seed);
        Assert.IsFalse(right.Vitals.Any(v => v.Absent is "channelsSwapped"), "called exchanged");
        ReceivedRecord swapped = EvaluationRun.Play(
            record, Seed, light: light => new DisturbedLight(light, new SeededRandom(Seed)) { ChannelsSwapped = true });
        Assert.IsFalse(swapped.Vitals.Any(v => v.Mdc == MdcCodes.OxygenSaturation && v.Value is not null), "a saturation from exchanged channels");

        // bidmc has equal light in both channels, so that only R speaks, and it is out of range.
        string reason = record.IsBackAndForth ? "channelsSwapped" : "outOfRange";
        Assert.IsTrue(swapped.Vitals.Any(v => v.Mdc == MdcCodes.OxygenSaturation && v.Absent == reason), $"never {reason}");
    }

    private static ReferenceRecord Load(string recording) => new()
    {
        Name = recording,
        Light = RecordedLight.Load(Path.Combine(Recordings.Folder!, recording)),
        IsBackAndForth = recording.StartsWith(RecordingSet.Oxiwear, StringComparison.Ordinal),
        PlayUs = PlayUs,
    };

    private sealed class Later : IPatientLight
    {
        private const long FromUs = PlayedRecording.BeginsUs + (long)(FaultSeconds * 1_000_000);
        private readonly IPatientLight _light;
        private readonly DisturbedLight _disturbed;

        public Later(IPatientLight light, Disturbance disturbance)
        {
            _light = light;
            _disturbed = new DisturbedLight(light, new SeededRandom(Seed));
            _disturbed.Set(disturbance, active: true);
        }

        public OpticalSample At(long worldUs) => worldUs < FromUs ? _light.At(worldUs) : _disturbed.At(worldUs);
    }
}
