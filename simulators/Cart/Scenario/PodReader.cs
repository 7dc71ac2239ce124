using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using EdgeGateway.Faults;
using EdgeGateway.Faults.Yaml;
using Firmware.Protocol;
using Simulators.Patient;
using static Simulators.Cart.Scenario.ScenarioSections;

namespace Simulators.Cart.Scenario;

/// <summary>Reads pods and the patient that is measured.</summary>
/// <param name="durationUs">How long the scenario runs, µs.</param>
internal sealed class PodReader(long durationUs)
{
    private static readonly (string Word, ChestMurmur Value)[] Murmurs = [("none", ChestMurmur.None), ("systolic", ChestMurmur.Systolic), ("diastolic", ChestMurmur.Diastolic)];

    private readonly Dictionary<ulong, string> _devices = [];

    public PodDefinition Read(YamlSection map)
    {
        PodDefinition standard = new() { Id = string.Empty, DeviceId = 0 };
        bool onOximeterArm = false;
        IReadOnlyList<PodPart> chips = map.Words("chips", PodPart.Tmp117, ScenarioWords.Parts) ?? standard.Chips;
        PodDefinition pod = new()
        {
            Id = map.Name("id", upperCase: false),
            DeviceId = Device(map),
            BootUs = map.Scaled("bootS", 0, Second, 0, durationUs / (decimal)Second),
            DriftPpb = (int)map.Scaled("driftPpm", 0, 1000, -500, 500),
            Chips = chips,
            PluggedAtStart = map.Words("pluggedAtStart", PodPart.Tmp117, ScenarioWords.Parts) ?? chips,
            Pulse = map.Read("pulse", new SyntheticPulseOptions(), Pulse),
            Recording = map.Text("recording"),
            ChannelsSwapped = map.Flag("channelsSwapped", false),
            FingerOnUs = map.Scaled("fingerOnS", 0, Second, 0, MaxSeconds),
            AmbientMilliCelsius = (int)map.Scaled("ambientC", standard.AmbientMilliCelsius, 1000, -40, 60),
            PatientMilliCelsius = (int)map.Scaled("patientC", standard.PatientMilliCelsius, 1000, 10, 50),
            TouchUs = map.Scaled("touchS", standard.TouchUs, Second, 0, MaxSeconds),
            Arm = map.Read("arm", standard.Arm, arm => Arm(arm, out onOximeterArm)),
            IsCuffOnOximeterArm = onOximeterArm,
            Chest = map.Read("chest", standard.Chest, Chest),
        };
        foreach (PodPart chip in pod.PluggedAtStart)
        {
            if (!pod.Chips.Contains(chip))
            {
                map.Error(FaultCodes.ScenarioReferenceUnknown, "pluggedAtStart", $"'{WordOf(ScenarioWords.Parts, chip)}' is not one of the pod's chips");
            }
        }

        map.End();
        return pod;
    }

    private static CuffedArmOptions Arm(YamlSection map, out bool onOximeterArm)
    {
        CuffedArmOptions standard = new();
        CuffedArmOptions arm = new()
        {
            SystolicMmHg = map.Number("systolicMmHg", standard.SystolicMmHg, 60, 250),
            DiastolicMmHg = map.Number("diastolicMmHg", standard.DiastolicMmHg, 30, 150),
        };
        if (arm.SystolicMmHg - arm.DiastolicMmHg < 10)
        {
            map.Error(FaultCodes.ScenarioTimesContradict, "diastolicMmHg", "it is not 10 mmHg below systolicMmHg");
            arm = standard;
        }

        onOximeterArm = map.Flag("onOximeterArm", false);
        map.End();
        return arm;
    }

    private static ChestSoundOptions Chest(YamlSection map)
    {
        ChestSoundOptions standard = new();
        ChestSoundOptions chest = new()
        {
            Site = map.Word("site", standard.Site, ScenarioWords.Sites),
            HeartMilliVolt = map.Number("heartMilliVolt", standard.HeartMilliVolt, 0, 1500),
            HasThird = map.Flag("third", false),
            HasFourth = map.Flag("fourth", false),
            Murmur = map.Word("murmur", ChestMurmur.None, Murmurs),
            BreathMilliVolt = map.Number("breathMilliVolt", standard.BreathMilliVolt, 0, 500),
            BreathsPerMinute = map.Number("breathsPerMinute", standard.BreathsPerMinute, 0, 60),
            RoomMilliVolt = map.Number("roomMilliVolt", standard.RoomMilliVolt, 0, 500),
        };
        map.End();
        return chest;
    }

    private static SyntheticPulseOptions Pulse(YamlSection map)
    {
        SyntheticPulseOptions standard = new();
        double ratio = map.Number("ratio", standard.Ratio, 0.2m, 3);
        if (map.Has("saturationPercent"))
        {
            double saturation = map.Number(
                "saturationPercent", PatientSaturation.HighestPercent, 60, 100);
            saturation = Math.Clamp(saturation, PatientSaturation.LowestPercent, PatientSaturation.HighestPercent);
            if (map.Has("ratio"))
            {
                map.Error(FaultCodes.ScenarioTimesContradict, "ratio", "the pulse has a saturationPercent too, which gives the ratio");
            }

            ratio = PatientSaturation.RatioAt(saturation);
        }

        SyntheticPulseOptions pulse = new()
        {
            RateBpm = map.Number("rateBpm", standard.RateBpm, 20, 300),
            BreathsPerMinute = map.Number("breathsPerMinute", standard.BreathsPerMinute, 0, 60),
            InfraredDcCounts = map.Number("infraredCounts", standard.InfraredDcCounts, 0, RecordedLight.MaxCounts),
            RedDcCounts = map.Number("redCounts", standard.RedDcCounts, 0, RecordedLight.MaxCounts),
            PerfusionPercent = map.Number("perfusionPercent", standard.PerfusionPercent, 0, 20),
            VariabilityPercent = map.Number("variabilityPercent", standard.VariabilityPercent, 0, 20),
            IrregularPercent = map.Number("irregularPercent", standard.IrregularPercent, 0, 40),
            Ratio = ratio,
            NoiseCounts = map.Number("noiseCounts", standard.NoiseCounts, 0, 1000),
        };
        map.End();
        return pulse;
    }

    private ulong Device(YamlSection map)
    {
        string? text = map.Text("device", static t => t.Length == 16 && t.All(char.IsAsciiHexDigit) && t.Any(static c => c != '0'), "16 hexadecimal digits above 0", required: true);
        ulong device = text is null ? 0 : ulong.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        if (device != 0 && !_devices.TryAdd(device, map.PathOf("device")))
        {
            map.Error(FaultCodes.ScenarioNameTwice, "device", $"the same device id stands at {_devices[device]} already");
        }

        return device;
    }
}
