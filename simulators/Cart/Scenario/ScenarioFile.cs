using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using EdgeGateway.Core.Sound;
using EdgeGateway.Faults;
using Firmware.Core;
using Firmware.Protocol;
using Simulators.Network;
using Simulators.Patient;
using Simulators.Peers;

namespace Simulators.Cart.Scenario;

/// <summary>Reads scenario files. All errors of a file come in one <see cref="CodedErrorException"/>.</summary>
public static class ScenarioFile
{
    private const long Second = 1_000_000;
    private const long Millisecond = 1000;
    private const decimal MaxSeconds = ScenarioDefinition.MaxDurationUs / Second;

    private static readonly (string, ChipKind)[] ChipWords = [("tmp117", ChipKind.Tmp117), ("max30102", ChipKind.Max30102), ("mprls0300", ChipKind.Mprls0300), ("pcm1808", ChipKind.Pcm1808), ("suntech-nibp", ChipKind.SunTechNibp)];

    private static readonly (string, bool)[] BrokerWords = [("embedded", false), ("external", true)];

    private static readonly (string, BrokerPacket)[] PacketWords =
    [
        ("connack", BrokerPacket.Connack), ("puback", BrokerPacket.Puback), ("suback", BrokerPacket.Suback), ("pingresp", BrokerPacket.Pingresp), ("publish", BrokerPacket.Publish),
    ];

    private static readonly (string, TimelineAction)[] ActionWords =
    [
        ("unplug-chip", TimelineAction.UnplugChip),
        ("cut-pod-power", TimelineAction.CutPodPower),
        ("cut-pod-network", TimelineAction.CutPodNetwork),
        ("reset-pod-connection", TimelineAction.ResetPodConnection),
        ("kill-gateway", TimelineAction.KillGateway),
        ("cut-gateway-power", TimelineAction.CutGatewayPower),
        ("restart-gateway", TimelineAction.RestartGateway),
        ("slow-disk", TimelineAction.SlowDisk),
        ("stop-broker", TimelineAction.StopBroker),
        ("cut-uplink", TimelineAction.CutUplink),
        ("cut-session", TimelineAction.CutSession),
        ("stop-subscriber", TimelineAction.StopSubscriber),
        ("synchronise-clock", TimelineAction.SynchroniseClock),
        ("finger-off", TimelineAction.FingerOff),
        ("motion", TimelineAction.Motion),
        ("ambient-light", TimelineAction.AmbientLight),
        ("glare", TimelineAction.Glare),
        ("cold-finger", TimelineAction.ColdFinger),
        ("set-patient", TimelineAction.SetPatient),
        ("test-cuff", TimelineAction.TestCuff),
        ("start-cuff", TimelineAction.StartCuff),
        ("stop-cuff", TimelineAction.StopCuff),
        ("cuff-leak", TimelineAction.CuffLeak),
        ("cuff-kink", TimelineAction.CuffKink),
        ("cuff-off", TimelineAction.CuffOff),
        ("hang-pod", TimelineAction.HangPod),
        ("listen", TimelineAction.Listen),
        ("record-clip", TimelineAction.RecordClip),
        ("lift-chestpiece", TimelineAction.LiftChestpiece),
        ("cable-loose", TimelineAction.CableLoose),
        ("clock-lost", TimelineAction.ClockLost),
        ("room-noise", TimelineAction.RoomNoise),
        ("rub", TimelineAction.Rub),
        ("thin-session", TimelineAction.ThinSession),
    ];

    private static readonly (string, AbsenceReason)[] ReasonWords =
    [
        ("not-present", AbsenceReason.NotPresent),
        ("bus-fault", AbsenceReason.BusFault),
        ("checksum-mismatch", AbsenceReason.ChecksumMismatch),
        ("sensor-fault", AbsenceReason.SensorFault),
        ("out-of-range", AbsenceReason.OutOfRange),
        ("not-settled", AbsenceReason.NotSettled),
        ("stale", AbsenceReason.Stale),
        ("wrong-part", AbsenceReason.WrongPart),
        ("unconfirmed", AbsenceReason.Unconfirmed),
        ("not-on-patient", AbsenceReason.NotOnPatient),
        ("motion", AbsenceReason.Motion),
        ("ambient-light", AbsenceReason.AmbientLight),
        ("saturated", AbsenceReason.Saturated),
        ("weak-signal", AbsenceReason.WeakSignal),
        ("channels-swapped", AbsenceReason.ChannelsSwapped),
        ("suspended", AbsenceReason.Suspended),
        ("quarantined", AbsenceReason.Quarantined),
        ("cuff-on-same-arm", AbsenceReason.CuffOnSameArm),
        ("deflation-too-fast", AbsenceReason.DeflationTooFast),
        ("no-deflation", AbsenceReason.NoDeflation),
        ("too-few-beats", AbsenceReason.TooFewBeats),
        ("envelope-at-edge", AbsenceReason.EnvelopeAtEdge),
        ("implausible", AbsenceReason.Implausible),
        ("stopped", AbsenceReason.Stopped),
        ("cuff-fault", AbsenceReason.CuffFault),
        ("link-lost", AbsenceReason.LinkLost),
    ];

    private static readonly (string, ChestSite)[] SiteWords =
    [
        ("aortic", ChestSite.Aortic), ("pulmonic", ChestSite.Pulmonic), ("tricuspid", ChestSite.Tricuspid), ("mitral", ChestSite.Mitral),
        ("right-upper-lung", ChestSite.RightUpperLung), ("left-upper-lung", ChestSite.LeftUpperLung),
        ("right-lower-lung", ChestSite.RightLowerLung), ("left-lower-lung", ChestSite.LeftLowerLung),
    ];

    private static readonly (string, ChestMurmur)[] MurmurWords =
        [("none", ChestMurmur.None), ("systolic", ChestMurmur.Systolic), ("diastolic", ChestMurmur.Diastolic)];

    private static readonly (string, ListeningStep)[] StepWords =
    [
        ("full", ListeningStep.Full), ("long-chunks", ListeningStep.LongChunks), ("heart-mode", ListeningStep.HeartMode),
        ("rhythm-only", ListeningStep.RhythmOnly), ("clips-only", ListeningStep.ClipsOnly),
    ];

    private static readonly (string, int)[] StatusWords =
    [
        ("irregular-pulse", BloodPressureStatus.IrregularPulse),
        ("repeated", BloodPressureStatus.Repeated),
        ("uncalibrated", BloodPressureStatus.Uncalibrated),
    ];

    private static readonly (string, int)[] StreamWords =
    [
        ("temperature", Streams.Temperature),
        ("oximeter-die-temperature", Streams.OximeterDieTemperature),
        ("oxygen-saturation", Streams.OxygenSaturation),
        ("pulse-rate", Streams.PulseRate),
        ("perfusion-index", Streams.PerfusionIndex),
        ("systolic", Streams.Systolic),
        ("diastolic", Streams.Diastolic),
        ("mean-pressure", Streams.MeanPressure),
        ("cuff-pulse-rate", Streams.CuffPulseRate),
    ];

    /// <summary>Reads a scenario from a file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The scenario.</returns>
    /// <exception cref="CodedErrorException">It cannot be read, or is wrong: S3001 to S3010.</exception>
    public static ScenarioDefinition Load(string path)
    {
        string text;
        try
        {
            FileInfo info = new(path);
            if (info.Exists && info.Length > ScenarioDefinition.MaxFileLength)
            {
                throw new CodedErrorException(new CodedError(
                    "S3001", new ErrorPlace(path, 0, null), $"it has {info.Length} bytes, more than {ScenarioDefinition.MaxFileLength}"));
            }

            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CodedErrorException(new CodedError("S3001", new ErrorPlace(path, 0, null), e.Message.TrimEnd('.')));
        }

        return Parse(path, text);
    }

    /// <summary>Reads a scenario from its text.</summary>
    /// <param name="file">How it is called in errors.</param>
    /// <param name="text">YAML 1.2.</param>
    /// <returns>The scenario.</returns>
    /// <exception cref="CodedErrorException">It is wrong: S3002 to S3010.</exception>
    public static ScenarioDefinition Parse(string file, string text)
    {
        YamlReader reader = new(file);
        YamlMap? root = reader.Load(text);
        ScenarioDefinition? scenario = root is null ? null : Read(root);
        return reader.Errors.Count > 0 || scenario is null ? throw new CodedErrorException(reader.InOrder()) : scenario;
    }

    private static ScenarioDefinition Read(YamlMap root)
    {
        string name = root.Name("name", upperCase: false);
        string summary = root.Text("summary", string.Empty, required: true);
        ulong seed = (ulong)root.Whole("seed", 1, 0, long.MaxValue);
        long durationUs = root.Scaled("durationS", Second, Second, 1, MaxSeconds, required: true);
        List<CartStory> carts = ReadAll(root.Maps("carts", ScenarioDefinition.MaxCarts, required: true), map => Cart(map, durationUs));
        NoneTwice(root.Maps("carts", ScenarioDefinition.MaxCarts), "id", carts.Select(c => c.Id).ToList());
        List<TimelineEvent> timeline = ReadAll(root.Maps("timeline", ScenarioDefinition.MaxEvents), map => Event(map, carts, durationUs));
        Expectations expect = root.Map("expect", required: true) is YamlMap map ? Expect(map, carts, durationUs) : new Expectations { MinDelivered = 0 };
        DevicesOnce(root, carts);
        root.End();
        return new ScenarioDefinition
        {
            Name = name,
            Summary = summary,
            Seed = seed,
            DurationUs = durationUs,
            Carts = carts,
            Timeline = timeline.OrderBy(e => e.AtUs).ToList(),
            Expect = expect,
        };
    }

    private static CartStory Cart(YamlMap map, long durationUs)
    {
        CartStory standard = new() { Id = string.Empty, Pods = [] };
        IReadOnlyList<YamlMap> podMaps = map.Maps("pods", ScenarioDefinition.MaxPods, required: true);
        IReadOnlyList<YamlMap> sessionMaps = map.Maps("sessions", 64);
        IReadOnlyList<YamlMap> subscriberMaps = map.Maps("subscribers", ScenarioDefinition.MaxSubscribers);
        YamlMap? network = map.Map("network");
        CartStory cart = new()
        {
            Id = map.Name("id", upperCase: true),
            Gateway = map.Map("gateway") is YamlMap gateway ? Gateway(gateway) : new GatewayStory(),
            ExternalBroker = map.Word("broker", false, BrokerWords),
            Broker = map.Map("brokerHabits") is YamlMap broker ? Broker(broker) : null,
            PodNetwork = Quality(network?.Map("pods"), standard.PodNetwork),
            UplinkNetwork = Quality(network?.Map("uplink"), standard.UplinkNetwork),
            SessionNetwork = Quality(network?.Map("session"), standard.SessionNetwork),
            Pods = ReadAll(podMaps, pod => Pod(pod, durationUs)),
            Sessions = ReadAll(sessionMaps, session => Session(session, durationUs)),
            Subscribers = ReadAll(subscriberMaps, subscriber => Subscriber(subscriber, durationUs)),
        };
        if (cart is { Broker: not null, ExternalBroker: false })
        {
            map.Error("S3009", "brokerHabits", "the cart has no external broker", "Set 'broker: external' for the cart.");
        }

        NoneTwice(podMaps, "id", cart.Pods.Select(p => p.Id).ToList());
        NoneTwice(sessionMaps, "id", cart.Sessions.Select(s => s.Id).ToList());
        NoneTwice(subscriberMaps, "id", cart.Subscribers.Select(s => s.Id).ToList());
        for (int i = 0; i < cart.Subscribers.Count; i++)
        {
            IEnumerable<string> sessions = cart.Sessions.Select(s => s.Id);
            if (cart.Subscribers[i].Session.Length > 0 && !sessions.Contains(cart.Subscribers[i].Session, StringComparer.Ordinal))
            {
                subscriberMaps[i].Error(
                    "S3009",
                    "session",
                    $"there is no session '{cart.Subscribers[i].Session}' in this cart",
                    NearestWord.Suggest(cart.Subscribers[i].Session, sessions));
            }
        }

        network?.End();
        map.End();
        return cart;
    }

    private static BrokerStory Broker(YamlMap map)
    {
        BrokerStory story = new()
        {
            Habits = new BrokerHabits
            {
                ReceiveMaximum = map.Has("receiveMaximum") ? (ushort)map.Whole("receiveMaximum", 1, 1, ushort.MaxValue) : null,
                MaximumPacketSize = map.Has("maximumPacketBytes") ? (uint)map.Whole("maximumPacketBytes", 100, 100, PeerBroker.MaxPacketBytes) : null,
                RetainAvailable = map.Flag("retainAvailable", true),
                KeepsRetained = map.Flag("keepsRetained", true),
                ObeysRetainHandling = map.Flag("obeysRetainHandling", true),
                OneByteAtATime = map.Flag("oneByteAtATime", false),
                EndsConnectionsAfterUs = map.Scaled("endsConnectionsAfterS", 0, Second, 0, MaxSeconds),
                EndReason = (byte)map.Whole("endReason", EdgeGateway.Mqtt.Codec.MqttReason.SessionTakenOver, 0, byte.MaxValue),
                EndTimes = (int)map.Whole("endTimes", int.MaxValue, 1, int.MaxValue),
                PublishRefusals = ReadAll(map.Maps("refuses", BrokerStory.MaxEntries), Refusal),
                Lost = ReadAll(map.Maps("loses", BrokerStory.MaxEntries), Loss),
            },
            Retained = ReadAll(map.Maps("retained", BrokerStory.MaxEntries), Retained),
        };
        map.End();
        return story;
    }

    private static PublishRefusal Refusal(YamlMap map)
    {
        PublishRefusal refusal = new(map.Text("topic", "#", required: true), (byte)map.Whole("reason", 128, 128, byte.MaxValue, required: true))
        {
            Times = (int)map.Whole("times", int.MaxValue, 1, int.MaxValue),
            Closes = map.Flag("closes", false),
        };
        IsFilter(map, "topic", refusal.Filter);
        map.End();
        return refusal;
    }

    private static LostPackets Loss(YamlMap map)
    {
        LostPackets loss = new(map.Word("packet", BrokerPacket.Puback, PacketWords, required: true))
        {
            After = (int)map.Whole("after", 0, 0, int.MaxValue),
            Count = (int)map.Whole("count", 1, 1, int.MaxValue),
            Filter = map.Has("topic") ? map.Text("topic", "#") : null,
        };
        IsFilter(map, "topic", loss.Filter ?? "#");
        map.End();
        return loss;
    }

    private static BrokerMessage Retained(YamlMap map)
    {
        string topic = map.Text("topic", "a", required: true);
        BrokerMessage message = new(topic, System.Text.Encoding.UTF8.GetBytes(map.Text("payload", string.Empty, required: true)));
        if (topic.Length > 0 && !EdgeGateway.Mqtt.Topics.MqttTopics.IsValidName(topic))
        {
            map.Error("S3006", "topic", $"'{topic}' is no topic name");
        }

        map.End();
        return message;
    }

    private static void IsFilter(YamlMap map, string key, string filter)
    {
        if (filter.Length > 0 && !EdgeGateway.Mqtt.Topics.MqttTopics.IsValidFilter(filter))
        {
            map.Error("S3006", key, $"'{filter}' is no topic filter");
        }
    }

    private static GatewayStory Gateway(YamlMap map)
    {
        GatewayStory standard = new();
        GatewayStory gateway = new()
        {
            DriftPpb = (int)map.Scaled("driftPpm", 0, 1000, -500, 500),
            Synchronised = map.Flag("synchronised", true),
            UtcUncertaintyUs = map.Scaled("utcUncertaintyMs", standard.UtcUncertaintyUs, Millisecond, 0, 60_000),
            DiskSyncUs = map.Scaled("diskSyncMs", standard.DiskSyncUs, Millisecond, 0, 10_000),
            DiskBytes = map.Scaled("diskMegabytes", standard.DiskBytes, 1_000_000, 1, 100_000),
            Window = (int)map.Whole("window", standard.Window, 1, 1024),
        };
        map.End();
        return gateway;
    }

    private static PathQuality Quality(YamlMap? map, PathQuality standard)
    {
        if (map is null)
        {
            return standard;
        }

        PathQuality quality = new()
        {
            LatencyUs = map.Scaled("latencyMs", standard.LatencyUs, Millisecond, 0, 60_000),
            JitterUs = map.Scaled("jitterMs", standard.JitterUs, Millisecond, 0, 60_000),
            BytesPerSecond = map.Scaled("kilobytesPerSecond", standard.BytesPerSecond, 1000, 0, 1_000_000),
        };
        map.End();
        return quality;
    }

    private static PodStory Pod(YamlMap map, long durationUs)
    {
        PodStory standard = new() { Id = string.Empty, DeviceId = 0 };
        bool onOximeterArm = false;
        IReadOnlyList<ChipKind> chips = map.Words("chips", ChipKind.Tmp117, ChipWords) ?? standard.Chips;
        PodStory pod = new()
        {
            Id = map.Name("id", upperCase: false),
            DeviceId = Device(map),
            BootUs = map.Scaled("bootS", 0, Second, 0, durationUs / (decimal)Second),
            DriftPpb = (int)map.Scaled("driftPpm", 0, 1000, -500, 500),
            Chips = chips,
            PluggedAtStart = map.Words("pluggedAtStart", ChipKind.Tmp117, ChipWords) ?? chips,
            Pulse = map.Map("pulse") is YamlMap pulse ? Pulse(pulse) : new SyntheticPulseOptions(),
            Recording = map.Has("recording") ? map.Text("recording", string.Empty) : null,
            ChannelsSwapped = map.Flag("channelsSwapped", false),
            FingerOnUs = map.Scaled("fingerOnS", 0, Second, 0, MaxSeconds),
            AmbientMilliCelsius = (int)map.Scaled("ambientC", standard.AmbientMilliCelsius, 1000, -40, 60),
            PatientMilliCelsius = (int)map.Scaled("patientC", standard.PatientMilliCelsius, 1000, 10, 50),
            TouchUs = map.Scaled("touchS", standard.TouchUs, Second, 0, MaxSeconds),
            Arm = map.Map("arm") is YamlMap arm ? Arm(arm, out onOximeterArm) : new CuffedArmOptions(),
            IsCuffOnOximeterArm = onOximeterArm,
            Chest = map.Map("chest") is YamlMap chest ? Chest(chest) : new ChestSoundOptions(),
        };
        foreach (ChipKind chip in pod.PluggedAtStart)
        {
            if (!pod.Chips.Contains(chip))
            {
                map.Error("S3009", "pluggedAtStart", $"'{WordOf(ChipWords, chip)}' is not one of the pod's chips");
            }
        }

        map.End();
        return pod;
    }

    private static CuffedArmOptions Arm(YamlMap map, out bool onOximeterArm)
    {
        CuffedArmOptions standard = new();
        CuffedArmOptions arm = new()
        {
            SystolicMmHg = map.Number("systolicMmHg", standard.SystolicMmHg, 60, 250),
            DiastolicMmHg = map.Number("diastolicMmHg", standard.DiastolicMmHg, 30, 150),
        };
        if (arm.SystolicMmHg - arm.DiastolicMmHg < 10)
        {
            map.Error("S3010", "diastolicMmHg", "it is not 10 mmHg below systolicMmHg");
            arm = standard;
        }

        onOximeterArm = map.Flag("onOximeterArm", false);
        map.End();
        return arm;
    }

    private static ChestSoundOptions Chest(YamlMap map)
    {
        ChestSoundOptions standard = new();
        ChestSoundOptions chest = new()
        {
            Site = map.Word("site", standard.Site, SiteWords),
            HeartMilliVolt = map.Number("heartMilliVolt", standard.HeartMilliVolt, 0, 1500),
            HasThird = map.Flag("third", false),
            HasFourth = map.Flag("fourth", false),
            Murmur = map.Word("murmur", ChestMurmur.None, MurmurWords),
            BreathMilliVolt = map.Number("breathMilliVolt", standard.BreathMilliVolt, 0, 500),
            BreathsPerMinute = map.Number("breathsPerMinute", standard.BreathsPerMinute, 0, 60),
            RoomMilliVolt = map.Number("roomMilliVolt", standard.RoomMilliVolt, 0, 500),
        };
        map.End();
        return chest;
    }

    private static ulong Device(YamlMap map)
    {
        string text = map.Text("device", string.Empty, required: true);
        bool good = text.Length == 16
            && ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong device)
            && device != 0;
        if (text.Length > 0 && !good)
        {
            map.Error("S3006", "device", $"'{YamlReader.Short(text)}' is not 16 hexadecimal digits above 0");
        }

        return good ? ulong.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) : 0;
    }

    private static SyntheticPulseOptions Pulse(YamlMap map)
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
                map.Error("S3010", "ratio", "the pulse has a saturationPercent too, which gives the ratio");
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

    private static SessionStory Session(YamlMap map, long durationUs)
    {
        decimal end = durationUs / (decimal)Second;
        string id = map.Name("id", upperCase: true);
        long openUs = map.Scaled("openS", 0, Second, 0, end, required: true);
        long closeUs = map.Scaled("closeS", long.MaxValue, Second, 0, end);
        if (closeUs <= openUs)
        {
            map.Error("S3010", "closeS", "the session closes before it opens");
        }

        map.End();
        return new SessionStory(id, openUs, closeUs);
    }

    private static SubscriberStory Subscriber(YamlMap map, long durationUs)
    {
        SubscriberStory subscriber = new()
        {
            Id = map.Name("id", upperCase: false),
            Session = map.Text("session", string.Empty, required: true),
            ConnectUs = map.Scaled("connectS", 0, Second, 0, durationUs / (decimal)Second),
            Receipts = map.Flag("receipts", true),
            Listens = map.Flag("listens", false),
        };
        map.End();
        return subscriber;
    }

    private static TimelineEvent Event(YamlMap map, List<CartStory> carts, long durationUs)
    {
        decimal end = durationUs / (decimal)Second;
        long atUs = map.Scaled("atS", 0, Second, 0, end, required: true);
        TimelineAction action = map.Word("do", TimelineAction.CutSession, ActionWords, required: true);
        int cart = Reference(map, "cart", carts.Select(c => c.Id).ToList(), "cart", carts.Count == 1);
        int target = -1;
        ChipKind chip = ChipKind.Tmp117;
        long amount = 0;
        CartStory? story = cart < 0 ? null : carts[cart];
        if (IsOfPod(action))
        {
            target = Reference(map, "pod", story?.Pods.Select(p => p.Id).ToList(), "pod", story?.Pods.Count == 1);
            if (action == TimelineAction.UnplugChip)
            {
                chip = map.Word("chip", ChipKind.Tmp117, ChipWords, required: true);
                if (target >= 0 && !story!.Pods[target].Chips.Contains(chip))
                {
                    map.Error("S3009", "chip", $"pod '{story.Pods[target].Id}' has no '{WordOf(ChipWords, chip)}'");
                }
            }
        }
        else if (action == TimelineAction.StopSubscriber)
        {
            target = Reference(map, "subscriber", story?.Subscribers.Select(s => s.Id).ToList(), "subscriber", story?.Subscribers.Count == 1);
        }
        else if (action == TimelineAction.SlowDisk)
        {
            amount = map.Scaled("syncMs", 0, Millisecond, 1, 60_000, required: true);
        }
        else if (action == TimelineAction.ThinSession)
        {
            amount = map.Scaled("kilobytesPerSecond", 0, 1000, 0.1m, 100_000, required: true);
        }
        else if (action is TimelineAction.StopBroker or TimelineAction.CutUplink && story is { ExternalBroker: false })
        {
            map.Error("S3009", "do", $"cart '{story.Id}' has no external broker", "Set 'broker: external' for the cart.");
        }

        long forUs = long.MaxValue;
        bool isForAnyCuff = action is TimelineAction.SetPatient or TimelineAction.StartCuff or TimelineAction.StopCuff;
        if (IsOfCuff(action) && target >= 0 && !(isForAnyCuff ? HasCuff(story!.Pods[target]) : story!.Pods[target].Chips.Contains(ChipKind.Mprls0300)))
        {
            map.Error("S3009", "do", $"pod '{story.Pods[target].Id}' has no {(isForAnyCuff ? "cuff" : "built-in cuff")}", isForAnyCuff ? "Add mprls0300 or suntech-nibp to its chips." : "Add mprls0300 to its chips.");
        }

        if (IsOfSound(action) && target >= 0 && !story!.Pods[target].Chips.Contains(ChipKind.Pcm1808))
        {
            map.Error("S3009", "do", $"pod '{story.Pods[target].Id}' has no stethoscope", "Add pcm1808 to its chips.");
        }

        if (action == TimelineAction.UnplugChip && chip == ChipKind.SunTechNibp)
        {
            map.Error("S3009", "chip", "the OEM module is wired, not plugged");
        }

        if (action == TimelineAction.UnplugChip && chip == ChipKind.Pcm1808)
        {
            map.Error("S3009", "chip", "the stethoscope's converter is wired, not plugged", "Use cable-loose or clock-lost.");
        }

        if (action is not (TimelineAction.ResetPodConnection or TimelineAction.SynchroniseClock or TimelineAction.SetPatient or TimelineAction.TestCuff
            or TimelineAction.StartCuff or TimelineAction.StopCuff or TimelineAction.RecordClip))
        {
            bool mustEnd = action is TimelineAction.KillGateway or TimelineAction.CutGatewayPower or TimelineAction.RestartGateway;
            forUs = map.Scaled("forS", long.MaxValue, Second, 0.001m, MaxSeconds, required: mustEnd);
            if (forUs != long.MaxValue && atUs + forUs > durationUs)
            {
                map.Error("S3010", "forS", string.Create(
                    CultureInfo.InvariantCulture, $"it would end at {(atUs + forUs) / (decimal)Second} s, after the scenario's end at {end} s"));
            }
        }

        map.End();
        return new TimelineEvent(atUs, action, Math.Max(cart, 0), target, chip, forUs, amount);
    }

    private static bool IsOfPod(TimelineAction action) => action is TimelineAction.UnplugChip or TimelineAction.CutPodPower
        or TimelineAction.CutPodNetwork or TimelineAction.ResetPodConnection or TimelineAction.FingerOff or TimelineAction.Motion or TimelineAction.AmbientLight
        or TimelineAction.Glare or TimelineAction.ColdFinger or TimelineAction.HangPod || IsOfCuff(action) || IsOfSound(action);

    private static bool IsOfSound(TimelineAction action) => action is TimelineAction.Listen or TimelineAction.LiftChestpiece or TimelineAction.CableLoose
        or TimelineAction.ClockLost or TimelineAction.RoomNoise or TimelineAction.Rub;

    private static bool IsOfCuff(TimelineAction action) => action is TimelineAction.SetPatient or TimelineAction.TestCuff or TimelineAction.StartCuff
        or TimelineAction.StopCuff or TimelineAction.CuffLeak or TimelineAction.CuffKink or TimelineAction.CuffOff;

    private static Expectations Expect(YamlMap map, List<CartStory> carts, long durationUs)
    {
        Expectations expect = new()
        {
            MinDelivered = map.Whole("minDelivered", 0, 0, long.MaxValue, required: true),
            MaxDuplicates = map.Whole("maxDuplicates", 0, 0, long.MaxValue),
            MinPending = map.Whole("minPending", 0, 0, long.MaxValue),
            MaxPending = map.Whole("maxPending", map.Has("minPending") ? long.MaxValue : 0, 0, long.MaxValue),
            MinGapReadings = map.Whole("minGapReadings", 0, 0, long.MaxValue),
            MaxGapReadings = map.Whole("maxGapReadings", map.Has("minGapReadings") ? long.MaxValue : 0, 0, long.MaxValue),
            MaxGapsKept = map.Whole("maxGapsKept", 0, 0, long.MaxValue),
            MaxLatencyP99Us = map.Scaled("maxLatencyP99Ms", long.MaxValue, Millisecond, 0.001m, 86_400_000),
            MinUnsynchronised = map.Whole("minUnsynchronised", 0, 0, long.MaxValue),
            MinCorrections = map.Whole("minCorrections", 0, 0, long.MaxValue),
            Absences = ReadAll(map.Maps("absences", 64), absence => Absence(absence, carts)),
            Values = ReadAll(map.Maps("values", 64), value => Value(value, carts)),
            Events = ReadAll(map.Maps("events", 64), e => Coded(e, carts)),
            Cuffs = ReadAll(map.Maps("cuffs", 64), cuff => Pressure(cuff, carts, durationUs)),
            Sound = ReadAll(map.Maps("sound", 8), sound => Heard(sound, carts)),
            Clips = ReadAll(map.Maps("clips", 64), clip => Clip(clip, carts)),
        };
        map.End();
        return expect;
    }

    private static ExpectedAbsence Absence(YamlMap map, List<CartStory> carts)
    {
        (int cart, int pod) = Whose(map, carts);
        ExpectedAbsence absence = new(
            cart,
            pod,
            map.Word("stream", Streams.Temperature, StreamWords, required: true),
            map.Word("reason", AbsenceReason.NotPresent, ReasonWords, required: true),
            (int)map.Whole("atLeast", 1, 1, int.MaxValue));
        map.End();
        return absence;
    }

    private static ExpectedValue Value(YamlMap map, List<CartStory> carts)
    {
        (int cart, int pod) = Whose(map, carts);
        ExpectedValue value = new(
            cart, pod, map.Word("stream", Streams.Temperature, StreamWords, required: true), map.Number("low", 0, -1000, 1_000_000), map.Number("high", 0, -1000, 1_000_000),
            map.Word("status", 0, StatusWords));
        if (value.High < value.Low)
        {
            map.Error("S3010", "high", "it is below low");
        }

        map.End();
        return value;
    }

    private static ExpectedCuff Pressure(YamlMap map, List<CartStory> carts, long durationUs)
    {
        decimal end = durationUs / (decimal)Second;
        (int cart, int pod) = Whose(map, carts);
        ExpectedCuff cuff = new(
            cart, pod, map.Scaled("heldAtS", -1, Second, 0, end), map.Scaled("emptyFromS", -1, Second, 0, end), map.Scaled("emptyUntilS", durationUs, Second, 0, end));
        if (carts.Count > 0 && pod < carts[cart].Pods.Count && !HasCuff(carts[cart].Pods[pod]))
        {
            map.Error("S3009", "pod", $"pod '{carts[cart].Pods[pod].Id}' has no cuff", "Add mprls0300 or suntech-nibp to its chips.");
        }

        if (cuff.HeldUs < 0 && cuff.EmptyFromUs < 0)
        {
            map.Error("S3010", "heldAtS", "nothing is asked", "Set heldAtS, emptyFromS or both.");
        }
        else if (cuff.EmptyFromUs >= 0 && cuff.EmptyUntilUs < cuff.EmptyFromUs)
        {
            map.Error("S3010", "emptyUntilS", "it is before emptyFromS");
        }

        map.End();
        return cuff;
    }

    private static bool HasCuff(PodStory pod) => pod.Chips.Contains(ChipKind.Mprls0300) || pod.Chips.Contains(ChipKind.SunTechNibp);

    private static ExpectedSound Heard(YamlMap map, List<CartStory> carts)
    {
        int cart = Reference(map, "cart", carts.Select(c => c.Id).ToList(), "cart", carts.Count == 1);
        ExpectedSound sound = new(
            Math.Max(cart, 0),
            (int)map.Whole("minPieces", 1, 0, int.MaxValue),
            map.Word("lowest", ListeningStep.Full, StepWords),
            map.Word("atEnd", ListeningStep.Full, StepWords),
            map.Scaled("maxDelayP95Ms", long.MaxValue, Millisecond, 1, 60_000));
        map.End();
        return sound;
    }

    private static ExpectedClip Clip(YamlMap map, List<CartStory> carts)
    {
        int cart = Reference(map, "cart", carts.Select(c => c.Id).ToList(), "cart", carts.Count == 1);
        ExpectedClip clip = new(Math.Max(cart, 0), map.Text("clip", "c1", required: true), map.Text("state", "complete"), map.Flag("delivered", true), map.Text("verdict", string.Empty));
        map.End();
        return clip;
    }

    private static ExpectedEvent Coded(YamlMap map, List<CartStory> carts)
    {
        (int cart, int pod) = Whose(map, carts);
        string code = map.Text("code", string.Empty, required: true);
        bool good = code.Length == 5 && code[0] == 'P' && int.TryParse(code.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out _);
        if (!good && code.Length > 0)
        {
            map.Error("S3006", "code", $"'{YamlReader.Short(code)}' is not a pod's code: P and four digits");
        }

        ExpectedEvent expected = new(
            cart, pod, good ? int.Parse(code.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture) : 0, (int)map.Whole("atLeast", 1, 0, int.MaxValue));
        map.End();
        return expected;
    }

    private static (int Cart, int Pod) Whose(YamlMap map, List<CartStory> carts)
    {
        int cart = Reference(map, "cart", carts.Select(c => c.Id).ToList(), "cart", carts.Count == 1);
        CartStory? story = cart < 0 ? null : carts[cart];
        int pod = Reference(map, "pod", story?.Pods.Select(p => p.Id).ToList(), "pod", story?.Pods.Count == 1);
        return (Math.Max(cart, 0), Math.Max(pod, 0));
    }

    /// <summary>The index of what a key names; the only one there is when the key is left out.</summary>
    private static int Reference(YamlMap map, string key, List<string>? names, string what, bool onlyOne)
    {
        string name = map.Text(key, string.Empty, required: !onlyOne && names is not null);
        if (names is null)
        {
            return -1;
        }

        if (name.Length == 0)
        {
            return onlyOne ? 0 : -1;
        }

        for (int i = 0; i < names.Count; i++)
        {
            if (string.Equals(names[i], name, StringComparison.Ordinal))
            {
                return i;
            }
        }

        map.Error("S3009", key, $"there is no {what} '{YamlReader.Short(name)}'", NearestWord.Suggest(name, names));
        return -1;
    }

    private static void NoneTwice(IReadOnlyList<YamlMap> maps, string key, List<string> names)
    {
        for (int i = 0; i < names.Count; i++)
        {
            int first = names.IndexOf(names[i]);
            if (first < i && names[i].Length > 0)
            {
                maps[i].Error("S3008", key, $"'{names[i]}' stands at {maps[first].PathOf(key)} already");
            }
        }
    }

    private static void DevicesOnce(YamlMap root, List<CartStory> carts)
    {
        Dictionary<ulong, string> places = [];
        IReadOnlyList<YamlMap> cartMaps = root.Maps("carts", ScenarioDefinition.MaxCarts);
        for (int c = 0; c < carts.Count; c++)
        {
            IReadOnlyList<YamlMap> podMaps = cartMaps[c].Maps("pods", ScenarioDefinition.MaxPods);
            for (int p = 0; p < carts[c].Pods.Count; p++)
            {
                ulong device = carts[c].Pods[p].DeviceId;
                if (device != 0 && !places.TryAdd(device, podMaps[p].PathOf("device")))
                {
                    podMaps[p].Error("S3008", "device", $"the same device id stands at {places[device]} already");
                }
            }
        }
    }

    private static List<T> ReadAll<T>(IReadOnlyList<YamlMap> maps, Func<YamlMap, T> read)
    {
        List<T> all = [];
        foreach (YamlMap map in maps)
        {
            all.Add(read(map));
        }

        return all;
    }

    private static string WordOf<T>((string Word, T Value)[] words, T value)
    {
        foreach ((string word, T candidate) in words)
        {
            if (EqualityComparer<T>.Default.Equals(candidate, value))
            {
                return word;
            }
        }

        return string.Empty;
    }
}
