using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using EdgeGateway.Core.Commands;
using EdgeGateway.Faults;
using Firmware.Core;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests;

/// <summary>Every example of edge-gateway/MQTT.md is published by this scenario, byte for byte, and every topic of the scenario is on the page.</summary>
[TestClass]
public sealed partial class MqttPageTests
{
    private const string Pod = "02aabbfffe0000a1";
    private const string CommandTopics = "cart/C1/command/";

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void Every_example_of_the_page_is_what_is_published()
    {
        string page = File.ReadAllText(PagePath());
        List<(string Topic, string Payload)> definition = Definition();
        MatchCollection examples = Example().Matches(page);
        definition.AddRange(CuffAndSound([.. examples.Select(e => (e.Groups["topic"].Value, e.Groups["payload"].Value.Trim())).Where(e => e.Item1.StartsWith(CommandTopics, StringComparison.Ordinal)).Except(definition)]));
        definition.AddRange(Oximeter());
        if (Environment.GetEnvironmentVariable("MQTT_STORY") is { Length: > 0 } path)
        {
            File.WriteAllLines(path, definition.Select(m => m.Topic + "\t" + m.Payload));
        }

        Assert.IsGreaterThanOrEqualTo(18, examples.Count, "the page has an example for each topic");
        foreach (Match example in examples)
        {
            string topic = example.Groups["topic"].Value;
            string payload = example.Groups["payload"].Value.Trim();
            string[] published = [.. definition.Where(m => m.Topic == topic).Select(m => m.Payload)];
            int cut = payload.IndexOf('…', StringComparison.Ordinal); // what stands on either side of it is shown, byte for byte
            bool isShown = cut < 0
                ? published.Contains(payload)
                : published.Any(p => p.Length > payload.Length && p.StartsWith(payload[..cut], StringComparison.Ordinal) && p.EndsWith(payload[(cut + 1)..], StringComparison.Ordinal));
            Assert.IsTrue(isShown, $"{topic}: the page shows\n{payload}\nand these are published\n{string.Join('\n', published)}");
        }

        string[] shown = [.. examples.Select(e => e.Groups["topic"].Value)];
        foreach (string topic in definition.Select(m => m.Topic).Distinct())
        {
            Assert.IsTrue(shown.Any(s => SameKind(s, topic)), topic + " is published and has no example on the page");
        }
    }

    [TestMethod]
    public void Every_command_of_the_table_with_a_topic_has_an_example()
    {
        string page = File.ReadAllText(PagePath());
        string[] shown = [.. Example().Matches(page).Select(e => e.Groups["topic"].Value + " " + e.Groups["payload"].Value.Trim())];
        foreach (GatewayCommand command in GatewayCommands.All.Where(c => c.Topic is not null))
        {
            string begin = CommandTopics + command.Topic.ToString()!.ToLowerInvariant() + " {\"command\":\"" + command.Verb + "\"";
            Assert.IsTrue(shown.Any(s => s.StartsWith(begin, StringComparison.Ordinal)), "no example of: " + command.Name);
        }
    }

    // Device and stream may differ from the example's; the kind of topic may not.
    private static bool SameKind(string shown, string topic) => Generic(shown) == Generic(topic);

    private static string Generic(string topic) => Regex.Replace(
        topic.Replace("/replay/dr-1/", "/replay/{consumer}/", StringComparison.Ordinal), "/(02[0-9a-f]{14}|[0-9]+|r[0-9]+|c[0-9]+)(?=/|$)", "/*", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));

    private static string PagePath()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder!.FullName, "edge-gateway", "MQTT.md");
    }

    /// <summary>One consultation that uses every topic, each message as text: JSON as it is, bytes as hexadecimal.</summary>
    private static List<(string Topic, string Payload)> Definition()
    {
        List<(string Topic, string Payload)> said = [];
        Rig rig = new(77);
        void Hear(string topic, byte[] payload)
        {
            if (!said.Contains((topic, Text(payload))))
            {
                said.Add((topic, Text(payload)));
            }
        }

        TestClient pod = rig.Pod(Rig.PodA);
        pod.OnReceived = Hear;
        TestClient doctor = rig.Doctor();
        doctor.OnReceived = Hear;
        TestClient stethoscope = rig.Add(new TestClient("desk"));
        stethoscope.OnReceived = Hear;
        stethoscope.Subscribe("cart/C1/reply/#", rig.NowUs);
        pod.Subscribe(Topics.Command(Rig.PodA), rig.NowUs);
        pod.Subscribe(Topics.TimeReply(Rig.PodA), rig.NowUs);
        rig.Require(() => stethoscope.Subscriptions.Count == 1 && pod.Subscriptions.Count == 2, "subscribed");
        void Say(TestClient who, string topic, byte[] payload)
        {
            Hear(topic, payload);
            who.Publish(topic, payload);
            rig.Require(() => who.Waiting == 0, topic);
            rig.Run(1_000_000);
        }

        Say(pod, Topics.State(Rig.PodA), Utf8("{\"v\":1,\"state\":\"online\",\"boot\":1,\"epoch\":0,\"peripherals\":[{\"name\":\"TMP117\",\"state\":\"measuring\"}]}"));
        byte[] request = new byte[ClockMessage.RequestLength];
        BinaryPrimitives.WriteUInt32LittleEndian(request, 1);
        BinaryPrimitives.WriteUInt64LittleEndian(request.AsSpan(4), (ulong)rig.PodUs);
        Say(pod, Topics.Time(Rig.PodA), request);
        Say(stethoscope, "cart/C1/command/session", Utf8("{\"command\":\"open\",\"session\":\"S1\",\"id\":\"r1\"}"));
        Say(stethoscope, "cart/C1/command/session", Utf8("{\"command\":\"open\",\"session\":\"S2\",\"id\":\"r2\"}"));
        uint epoch = rig.Session("S1").Epoch;
        Say(pod, Topics.Up(Rig.PodA), rig.ClockFrame(Rig.PodA, 1, 1));
        Say(pod, Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, Streams.Temperature, 1, rig.PodUs, epoch, value: 36620, exponent: -3));
        Say(pod, Topics.Up(Rig.PodA), Frames.Wave(Rig.PodA, 1, Streams.RedLight, 1, rig.PodUs, epoch, samples: 2));
        Say(pod, Topics.Up(Rig.PodA), Frames.Event(Rig.PodA, 1, 1, rig.PodUs, epoch));
        Say(pod, Topics.Up(Rig.PodA), Frames.Gap(Rig.PodA, 1, 1, rig.PodUs, epoch, Streams.RedLight, 2, 3, GapCause.RingFull));
        byte[] beat = new byte[BeatBody.Length];
        BeatBody.Write(beat, 0, rig.PodUs, 833, 94);
        Say(pod, Topics.Up(Rig.PodA), Frames.Make(FrameKind.Beat, beat, Rig.PodA, 1, Streams.PulseBeats, 1, rig.PodUs, epoch));
        rig.Run(2_000_000);
        Say(doctor, "cart/C1/session/S1/receipt", Utf8(
            $"{{\"v\":1,\"consumer\":\"dr-1\",\"streams\":[{{\"device\":\"{Pod}\",\"boot\":1,\"stream\":16,\"through\":1,\"holes\":[],\"seen\":1}}]}}"));
        Say(doctor, "cart/C1/session/S1/replay", Utf8("{\"v\":1,\"consumer\":\"dr-1\",\"id\":\"r3\"}"));
        rig.Run(5_000_000);
        Say(stethoscope, "cart/C1/command/session", Utf8("{\"command\":\"close\",\"session\":\"S1\",\"id\":\"r4\"}"));
        rig.Run(5_000_000);
        return said;
    }

    /// <summary>A consultation in which a blood pressure is measured and a heart is listened to, and the page's other commands are given.</summary>
    private static List<(string Topic, string Payload)> CuffAndSound(IReadOnlyList<(string Topic, string Payload)> commands)
    {
        List<(string Topic, string Payload)> said = [];
        Rig rig = new(78);
        void Hear(string topic, byte[] payload)
        {
            if (!said.Contains((topic, Text(payload))))
            {
                said.Add((topic, Text(payload)));
            }
        }

        TestClient pod = rig.Pod(Rig.PodA);
        pod.OnReceived = Hear;
        TestClient doctor = rig.Doctor();
        doctor.OnReceived = Hear;
        TestClient stethoscope = rig.Add(new TestClient("desk"));
        stethoscope.OnReceived = Hear;
        stethoscope.Subscribe("cart/C1/reply/#", rig.NowUs);
        pod.Subscribe(Topics.Command(Rig.PodA), rig.NowUs);
        pod.Subscribe(Topics.TimeReply(Rig.PodA), rig.NowUs);
        rig.Require(() => stethoscope.Subscriptions.Count == 1 && pod.Subscriptions.Count == 2, "subscribed");
        void Say(TestClient who, string topic, byte[] payload)
        {
            Hear(topic, payload);
            who.Publish(topic, payload);
            rig.Require(() => who.Waiting == 0, topic);
            rig.Run(1_000_000);
        }

        void Ask(string topic, string json) => Say(stethoscope, CommandTopics + topic, Utf8(json));
        pod.Publish(Topics.State(Rig.PodA), Utf8("{\"v\":1,\"state\":\"online\",\"boot\":1,\"epoch\":0,\"peripherals\":[{\"name\":\"MPRLS0300\",\"state\":\"measuring\"},{\"name\":\"PCM1808\",\"state\":\"measuring\"}]}"));
        uint epoch = rig.OpenSession("S1");
        Say(pod, Topics.Up(Rig.PodA), rig.ClockFrame(Rig.PodA, 1, 1));
        Ask("cuff", "{\"command\":\"test\",\"at\":\"2026-01-02T03:04:10Z\",\"id\":\"r10\"}");
        Assert.IsNull(rig.Core.Cuff.Test().Code, "pressed at the bedside");
        Ask("cuff", "{\"command\":\"start\",\"session\":\"S1\",\"id\":\"r11\"}");
        Ask("cuff", "{\"command\":\"patient\",\"session\":\"S1\",\"category\":\"adult\",\"cuffSize\":\"largeAdult\",\"cuffOnOximeterArm\":true,\"id\":\"r12\"}");
        Ask("cuff", "{\"command\":\"start\",\"session\":\"S1\",\"at\":\"2026-01-02T03:04:12Z\",\"id\":\"r13\"}");
        Assert.IsNull(rig.Core.Cuff.Start("S1").Code, "pressed at the bedside");
        Assert.IsNull(rig.Core.Requests.Answer("r13", isDone: true).Code);
        Ask("cuff", "{\"command\":\"stop\",\"id\":\"r14\"}");
        byte[] phase = new byte[NumericBody.Length];
        NumericBody.Write(phase, 0, MdcCodes.CuffPhase, (int)CuffPhase.Inflate, 0, AbsenceReason.None, 100, 0);
        Say(pod, Topics.Up(Rig.PodA), Frames.Make(FrameKind.Numeric, phase, Rig.PodA, 1, Streams.CuffPhase, 1, rig.PodUs, epoch));
        byte[] pressure = new byte[WaveformBody.Length(2, 16)];
        WaveformBody.WriteHead(pressure, 0, MdcCodes.CuffPressure, 10_000, 2, 16);
        WaveformBody.WriteSample(pressure, 0, 0, 16, 12_034);
        WaveformBody.WriteSample(pressure, 0, 1, 16, 12_059);
        Say(pod, Topics.Up(Rig.PodA), Frames.Make(FrameKind.Waveform, pressure, Rig.PodA, 1, Streams.CuffPressure, 1, rig.PodUs, epoch));
        byte[] systolic = new byte[NumericBody.LengthWithStatus];
        NumericBody.Write(systolic, 0, MdcCodes.NoninvasiveSystolic, 1_204, -1, AbsenceReason.None, 88, 34_000);
        BloodPressureStatus.Write(systolic, 0, BloodPressureStatus.IrregularPulse | BloodPressureStatus.Uncalibrated);
        Say(pod, Topics.Up(Rig.PodA), Frames.Make(FrameKind.Numeric, systolic, Rig.PodA, 1, Streams.Systolic, 1, rig.PodUs, epoch));

        Say(doctor, "cart/C1/session/S1/request", Utf8("{\"v\":1,\"consumer\":\"dr-1\",\"site\":\"mitral\",\"posture\":\"leftLateral\",\"filter\":\"bell\"}"));
        Ask("sound", "{\"command\":\"listen\",\"session\":\"S1\",\"listening\":true,\"site\":\"mitral\",\"posture\":\"leftLateral\",\"filter\":\"bell\",\"id\":\"r15\"}");
        long us = rig.PodUs;
        for (uint i = 1; i <= 60; i++)
        {
            byte[] body = new byte[SoundBody.SamplesOffset + (2 * 800)];
            SoundBody.WriteHead(body, 0, 8000, SoundCodec.Pcm16, 800, 1000, 20_010, 0);
            byte[] frame = Frames.Make(FrameKind.Sound, body, Rig.PodA, 1, Streams.Sound, i, us + (i * 100_000L), epoch);
            if (i == 1)
            {
                Hear(Topics.LiveSound(Rig.PodA), frame);
            }

            rig.Run(100_000);
            pod.Client.TryPublish(new EdgeGateway.Mqtt.MqttMessage { Topic = Topics.LiveSound(Rig.PodA), Payload = frame, Qos = EdgeGateway.Mqtt.MqttQos.AtMostOnce }, 0, rig.NowUs);
            pod.Publish(Topics.Up(Rig.PodA), frame);
        }

        Ask("sound", "{\"command\":\"clip\",\"session\":\"S1\",\"id\":\"r16\"}");
        Say(doctor, "cart/C1/session/S1/listening", Utf8($"{{\"v\":1,\"consumer\":\"dr-1\",\"device\":\"{Pod}\",\"stream\":64,\"number\":60,\"lost\":0}}"));
        Say(doctor, "cart/C1/session/S1/listener-check", Utf8("{\"v\":1,\"consumer\":\"dr-1\",\"bands\":[{\"hz\":60,\"sent\":3,\"heard\":3},{\"hz\":120,\"sent\":2,\"heard\":2},{\"hz\":250,\"sent\":4,\"heard\":4}]}"));
        rig.Run(15_000_000);
        Say(doctor, "cart/C1/session/S1/clip/c1/mark", Utf8("{\"v\":1,\"consumer\":\"dr-1\",\"usable\":true}"));
        foreach ((string topic, string payload) in commands.Except(said).ToArray())
        {
            Say(stethoscope, topic, Utf8(payload));
            using JsonDocument command = JsonDocument.Parse(payload);
            string reply = said.Single(m => m.Topic == "cart/C1/reply/" + command.RootElement.GetProperty("id").GetString()).Payload;
            using JsonDocument answer = JsonDocument.Parse(reply);
            Assert.AreEqual(command.RootElement.GetProperty("command").GetString(), answer.RootElement.GetProperty("command").GetString(), "the id was given before: " + payload);
            Assert.IsTrue(answer.RootElement.GetProperty("ok").GetBoolean() || answer.RootElement.GetProperty("code").GetString() is FaultCodes.BedsideRequestWaiting, payload + reply);
        }

        rig.CloseSession("S1");
        rig.Run(5_000_000);
        return said;
    }

    /// <summary>What an oximeter without a curve of its own says of a low saturation, and of an irregular pulse.</summary>
    private static List<(string Topic, string Payload)> Oximeter()
    {
        List<(string Topic, string Payload)> said = [];
        Rig rig = new(79);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        doctor.OnReceived = (topic, payload) => said.Add((topic, Text(payload)));
        uint epoch = rig.OpenSession("S1");
        pod.Publish(Topics.Up(Rig.PodA), rig.ClockFrame(Rig.PodA, 1, 1));
        rig.Run(1_000_000);
        byte[] saturation = new byte[NumericBody.LengthWithRatioAndStatus];
        NumericBody.Write(saturation, 0, MdcCodes.OxygenSaturation, 864, -1, AbsenceReason.None, 91, 8_000);
        NumericBody.WriteRatio(saturation, 0, 7_874);
        OximetryStatus.WriteBesideRatio(saturation, 0, OximetryStatus.Uncalibrated | OximetryStatus.Questionable);
        pod.Publish(Topics.Up(Rig.PodA), Frames.Make(FrameKind.Numeric, saturation, Rig.PodA, 1, Streams.OxygenSaturation, 1, rig.PodUs, epoch));
        byte[] pulse = new byte[NumericBody.LengthWithStatus];
        NumericBody.Write(pulse, 0, MdcCodes.PulseRate, 783, -1, AbsenceReason.None, 72, 10_000);
        OximetryStatus.Write(pulse, 0, OximetryStatus.IrregularPulse);
        pod.Publish(Topics.Up(Rig.PodA), Frames.Make(FrameKind.Numeric, pulse, Rig.PodA, 1, Streams.PulseRate, 1, rig.PodUs, epoch));
        rig.Require(() => pod.Waiting == 0, "stored");
        rig.Run(5_000_000);
        rig.CloseSession("S1");
        rig.Run(5_000_000);
        return said;
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(byte[] payload) => payload.Length > 0 && payload[0] == (byte)'{' ? Encoding.UTF8.GetString(payload) : Convert.ToHexStringLower(payload);

    [GeneratedRegex(@"<!-- example: (?<topic>\S+) -->\s*```\w*\n(?<payload>.*?)\n```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Example();
}
