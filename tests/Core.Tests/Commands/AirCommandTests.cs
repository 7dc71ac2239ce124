using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;
using EdgeGateway.Core;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Time;
using EdgeGateway.Mqtt;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Gateway;

namespace Core.Tests.Commands;

/// <summary>The rules "no air without a press" and "STOP always" for what comes over MQTT: no air moves from there, nothing retained, repeated or late is done, and a stop always is.</summary>
[TestClass]
public sealed class AirCommandTests
{
    private const string Own = """{"v":1,"state":"online","boot":1,"epoch":0,"peripherals":[{"name":"MPRLS0300","state":"measuring"},{"name":"PCM1808","state":"measuring"}]}""";
    private static readonly CuffPatient Adult = new(PatientCategory.Adult, CuffSize.Adult, false);

    public static IEnumerable<object[]> CommandsOfTheSessionsSide => GatewayCommands.All.Where(c => c.Topic is not null)
        .Select(c => new object[] { "command/" + c.Topic.ToString()!.ToLowerInvariant(), $$"""{"command":"{{c.Verb}}",{{MembersOf(c.Verb)}}"id":"a1"}""" });

    [TestMethod]
    [DynamicData(nameof(CommandsOfTheSessionsSide))]
    [DataRow("session/S1/replay", """{"consumer":"dr-1","id":"a1"}""")]
    [DataRow("session/S1/request", """{"consumer":"dr-1","site":"mitral","id":"a1"}""")]
    [DataRow("session/S1/listening", """{"consumer":"dr-1","id":"a1"}""")]
    public void What_a_broker_kept_is_refused_with_a_reply_and_does_nothing(string topic, string payload)
    {
        // Under MQTT 5 the gateway asks its broker not to bring what it has kept (Retain Handling 2), so nothing comes that could be answered.
        foreach ((bool external, MqttVersion version) in new[] { (false, MqttVersion.V5), (true, MqttVersion.V311), (true, MqttVersion.V5) })
        {
            Cart cart = new(external, version);
            TestClient stethoscope = cart.Rig.Doctor("desk");
            cart.Rig.Require(() => stethoscope.Subscriptions.Count == 1, "subscribed");
            if (external)
            {
                // The broker keeps it while the gateway is away, and brings it when it comes back.
                cart.Rig.BrokerIsUp = false;
                cart.Rig.CutUplink();
                cart.Send(stethoscope, topic, payload, retain: true);
                cart.Rig.Run(1_000_000);
                cart.Rig.BrokerIsUp = true;
            }
            else
            {
                cart.Send(stethoscope, topic, payload, retain: true);
            }

            if (!external || version == MqttVersion.V311)
            {
                cart.Rig.Require(() => stethoscope.Received.Any(m => m.Topic == "cart/C1/reply/a1"), "answered");
                Assert.AreEqual("G2315", CodeOf(stethoscope, "a1"), topic + payload);
            }

            cart.Rig.Require(() => cart.Rig.Core.Snapshot().UplinkConnected, "connected");
            cart.Rig.Run(2_000_000);
            Assert.IsTrue(cart.Rig.Session("S1").IsOpen, "S1 is open");
            Assert.HasCount(1, cart.Rig.Core.Snapshot().Sessions.ToArray(), "no other session");
            Assert.IsNull(cart.Rig.Core.Cuff.Patient);
            Assert.IsEmpty(cart.Rig.Core.Requests.Waiting);
            Assert.IsEmpty(cart.Sent(PodCommand.StopCuff).Concat(cart.Sent(PodCommand.StartCuff)).Concat(cart.Sent(PodCommand.TestCuff)).ToArray(), "the pod is told nothing");
        }
    }

    [TestMethod]
    public void A_start_from_elsewhere_becomes_a_request_that_the_bedside_answers_and_no_air_moves()
    {
        foreach (bool external in new[] { false, true })
        {
            Cart cart = new(external);
            TestClient stethoscope = cart.Rig.Doctor("desk");
            Assert.IsNull(cart.Rig.Core.Cuff.SetPatient("S1", Adult).Code);
            Assert.AreEqual("G2320", cart.Ask(stethoscope, "a1", cart.Start("a1")));
            Assert.AreEqual("G2320", cart.Ask(stethoscope, "a2", "{\"command\":\"test\",\"id\":\"a2\",\"at\":\"" + cart.At(0) + "\"}"));
            CollectionAssert.AreEqual(new[] { "a1 Measure S1", "a2 SelfTest S1" }, cart.Rig.Core.Requests.Waiting.Select(r => $"{r.Id} {r.Action} {r.Session}").ToArray());
            cart.Rig.Require(() => stethoscope.Received.Any(m => m.Topic == "cart/C1/session/S1/request/a2"), "the session is told");
            Assert.IsNull(cart.Rig.Core.Requests.Answer("a1", isDone: true).Code);
            Assert.AreEqual("G2322", cart.Rig.Core.Requests.Answer("a1", isDone: true).Code);
            Assert.IsNull(cart.Rig.Core.Requests.Answer("a2", isDone: false).Code);
            cart.Rig.Require(() => States(stethoscope, "a1").Contains("done") && States(stethoscope, "a2").Contains("notPossible"), "and how they were answered");
            Assert.IsEmpty(cart.Rig.Core.Requests.Waiting);
            cart.Rig.Run(5_000_000);
            Assert.IsEmpty(cart.Sent(PodCommand.StartCuff).Concat(cart.Sent(PodCommand.TestCuff)).ToArray(), "no air");
        }
    }

    [TestMethod]
    [DataRow("""{"command":"test","id":"a1","at":"AT","cuffOffTheArm":true}""", "G2319")]
    [DataRow("""{"command":"test","id":"a1","at":"AT","cuffOffTheArm":false}""", "G2319")]
    [DataRow("""{"command":"start","session":"S1","id":"a1","at":"AT","cuffOffTheArm":true}""", "G2319")]
    [DataRow("""{"command":"start","session":"S9","id":"a1","at":"AT"}""", "G2331")]
    [DataRow("""{"command":"start","session":"S1","id":"a1","at":"yesterday"}""", "G2310")]
    [DataRow("""{"command":"start","session":"S1","id":"a1","at":1767323045}""", "G2310")]
    [DataRow("""{"command":"start","session":"S1","id":"a1","at":"AT","urgent":true}""", "G2310")]
    [DataRow("""{"command":"start","session":"S1","session":"S1","id":"a1","at":"AT"}""", "G2310")]
    public void What_cannot_be_known_or_is_not_understood_is_no_request(string payload, string code)
    {
        Cart cart = new();
        TestClient stethoscope = cart.Rig.Doctor("desk");
        Assert.AreEqual(code, cart.Ask(stethoscope, "a1", payload.Replace("AT", cart.At(0), StringComparison.Ordinal)));
        Assert.IsEmpty(cart.Rig.Core.Requests.Waiting);
    }

    [TestMethod]
    [DataRow(0L, null, true, "G2320", DisplayName = "now")]
    [DataRow(-9_000_000L, null, true, "G2320", DisplayName = "9 s ago")]
    [DataRow(9_000_000L, null, true, "G2320", DisplayName = "a clock 9 s ahead")]
    [DataRow(-10_900_000L, null, true, "G2320", DisplayName = "10.9 s ago, within 10 s and the uncertainty of 1 s")]
    [DataRow(-12_000_000L, null, true, "G2316", DisplayName = "12 s ago")]
    [DataRow(12_000_000L, null, true, "G2316", DisplayName = "12 s ahead")]
    [DataRow(-3_600_000_000L, 10u, true, "G2316", DisplayName = "an hour ago, although it would expire")]
    [DataRow(null, null, true, "G2317", DisplayName = "no time at all")]
    [DataRow(null, 11u, true, "G2317", DisplayName = "an expiry of 11 s")]
    [DataRow(null, 10u, true, "G2320", DisplayName = "an expiry of 10 s")]
    [DataRow(0L, null, false, "G2318", DisplayName = "no clock here and no expiry")]
    [DataRow(0L, 10u, false, "G2320", DisplayName = "no clock here, an expiry of 10 s")]
    [DataRow(null, null, false, "G2317", DisplayName = "no clock here, nothing said")]
    public void Age_decides(long? atUs, uint? expirySeconds, bool synchronised, string code)
    {
        Cart cart = new();
        cart.Rig.Synchronised = synchronised;
        cart.Rig.UtcUncertaintyUs = 1_000_000;
        TestClient stethoscope = cart.Rig.Doctor("desk");
        string at = atUs is { } us ? ",\"at\":\"" + cart.At(us) + "\"" : string.Empty;
        Assert.AreEqual(code, cart.Ask(stethoscope, "a1", "{\"command\":\"start\",\"session\":\"S1\",\"id\":\"a1\"" + at + "}", expirySeconds));
        Assert.HasCount(code == "G2320" ? 1 : 0, cart.Rig.Core.Requests.Waiting);
    }

    [TestMethod]
    public void An_id_seen_gets_the_first_answer_again_and_for_air_across_restarts_too()
    {
        foreach (CutKeeps? cut in new CutKeeps?[] { null, CutKeeps.Nothing })
        {
            Cart cart = new();
            TestClient stethoscope = cart.Rig.Doctor("desk");
            string start = cart.Start("a1");
            Assert.AreEqual("G2320", cart.Ask(stethoscope, "a1", start));
            string first = stethoscope.Received.Last(m => m.Topic == "cart/C1/reply/a1").Text;
            Assert.IsNull(cart.Rig.Core.Requests.Answer("a1", isDone: true).Code);
            Assert.AreEqual("G2320", cart.Ask(stethoscope, "a1", start));
            Assert.AreEqual("G2320", cart.Ask(stethoscope, "a1", "{\"command\":\"start\",\"session\":\"S1\",\"id\":\"a1\"}"), "however it looks");
            Assert.AreEqual(first, stethoscope.Received.Last(m => m.Topic == "cart/C1/reply/a1").Text);
            Assert.IsEmpty(cart.Rig.Core.Requests.Waiting, "it is no second request");
            cart.Rig.Kill(cut);
            cart.Reconnect(stethoscope);
            Assert.AreEqual("G2320", cart.Ask(stethoscope, "a1", start));
            Assert.AreEqual(first, stethoscope.Received.Last(m => m.Topic == "cart/C1/reply/a1").Text);
            Assert.IsEmpty(cart.Rig.Core.Requests.Waiting, "nor after a restart");
        }
    }

    [TestMethod]
    public void Ids_are_remembered_up_to_their_bound()
    {
        AnsweredCommands answers = new();
        for (int i = 0; i <= AnsweredCommands.MaxIds; i++)
        {
            answers.Remember(new CommandAnsweredRecord(CommandTopic.Cuff, "a" + i, "start", "S1", "G2320", "x"));
            answers.Remember(new CommandAnsweredRecord(CommandTopic.Sound, "a" + i, "clip", "S1", null, "c1"));
        }

        Assert.IsNull(answers.Find(CommandTopic.Cuff, "a0"));
        Assert.IsNotNull(answers.Find(CommandTopic.Cuff, "a1"));
        answers.Remember(new CommandAnsweredRecord(CommandTopic.Cuff, "a1", "start", "S1", null, "another"));
        Assert.AreEqual("G2320", answers.Find(CommandTopic.Cuff, "a1")!.Code, "the first answer stays");
        AnsweredCommands again = new();
        Assert.IsTrue(again.TryLoad(answers.Save()));
        CollectionAssert.AreEqual(answers.Save(), again.Save());
        Assert.AreEqual(answers.Find(CommandTopic.Cuff, "a256"), again.Find(CommandTopic.Cuff, "a256"));
        Assert.IsNull(again.Find(CommandTopic.Sound, "a256"), "what moves no air is of one start");
        Assert.IsFalse(again.TryLoad(answers.Save().AsSpan()[..^1]));
    }

    [TestMethod]
    public void Sound_and_session_commands_are_not_done_twice_either()
    {
        Cart cart = new();
        TestClient stethoscope = cart.Rig.Doctor("desk");
        string open = """{"command":"open","session":"S2","id":"b1"}""";
        Assert.AreEqual("G2302", cart.Ask(stethoscope, "b1", open, topic: "command/session"));
        Assert.IsNull(cart.Ask(stethoscope, "b2", """{"command":"close","session":"S1","id":"b2"}""", topic: "command/session"));
        Assert.AreEqual("G2302", cart.Ask(stethoscope, "b1", open, topic: "command/session"), "a repeated open of an hour ago opens nothing now");
        Assert.IsFalse(cart.Rig.Core.Snapshot().Sessions.Any(s => s.IsOpen));
        Assert.AreEqual("G2331", cart.Ask(stethoscope, "b3", """{"command":"listen","session":"S3","listening":true,"id":"b3"}""", topic: "command/sound"));
        cart.Rig.OpenSession("S3");
        Assert.AreEqual("G2331", cart.Ask(stethoscope, "b3", """{"command":"listen","session":"S3","listening":true,"id":"b3"}""", topic: "command/sound"));
        Assert.IsNull(cart.Ask(stethoscope, "b4", """{"command":"listen","session":"S3","listening":true,"id":"b4"}""", topic: "command/sound"));
    }

    [TestMethod]
    public void Waiting_requests_have_a_bound_and_end_with_their_session()
    {
        Cart cart = new();
        TestClient stethoscope = cart.Rig.Doctor("desk");
        for (int i = 0; i < 8; i++)
        {
            Assert.AreEqual("G2320", cart.Ask(stethoscope, "a" + i, cart.Start("a" + i)));
        }

        Assert.AreEqual("G2321", cart.Ask(stethoscope, "a8", cart.Start("a8")));
        Assert.HasCount(8, cart.Rig.Core.Requests.Waiting);
        cart.Rig.CloseSession("S1");
        Assert.IsEmpty(cart.Rig.Core.Requests.Waiting);
        cart.Rig.Require(() => Enumerable.Range(0, 8).All(i => States(stethoscope, "a" + i).Contains("ended")), "whoever asked is told");
    }

    [TestMethod]
    [DataRow("""{"command":"stop","id":"s1"}""")]
    [DataRow("""{"command":"stop","id":"s1","session":"NOBODY"}""")]
    [DataRow("""{"command":"stop"}""")]
    [DataRow("""{"command":"stop","id":"not a name!"}""")]
    [DataRow("""{"command":"stop","id":7}""")]
    [DataRow("""{"command":"stop","id":"s1","at":"2020-01-01T00:00:00Z"}""")]
    [DataRow("""{"command":"stop","id":"s1","at":"rubbish","cuffOffTheArm":1,"extra":{}}""")]
    [DataRow("""{"command":"start","command":"stop","id":"s1"}""")]
    [DataRow("""{"command":"stop","command":"start","id":"s1"}""")]
    [DataRow("""{ "command" : "stop" """)]
    [DataRow("""{"id":"s1","command":"stop""")]
    [DataRow("""xx{"command":"stop"}yy""")]
    [DataRow("""{'command':'stop'}""")]
    [DataRow("""{"Command":"STOP"}""")]
    [DataRow("""stop""")]
    [DataRow("""{"command":"\u0073top","id":"s1"}""")]
    [DataRow("""{"\u0063ommand":"stop","id":"s1"}""")]
    [DataRow("""{"command":"\u0053TO\u0050"}""")]
    [DataRow(""" "STOP" """)]
    public void A_stop_is_obeyed_whatever_stands_around_it(string payload)
    {
        foreach (bool external in new[] { false, true })
        {
            Cart cart = new(external);
            TestClient stethoscope = cart.Rig.Doctor("desk");
            byte[] big = [.. Encoding.UTF8.GetBytes(payload), .. new byte[40_000]];
            foreach (byte[] bytes in new[] { Encoding.UTF8.GetBytes(payload), big })
            {
                cart.Commands.Clear();
                stethoscope.Publish("cart/C1/command/cuff", bytes);
                cart.Rig.Require(() => cart.Sent(PodCommand.StopCuff).Length == 1, "stopped: " + payload);
                cart.Rig.Require(() => stethoscope.Waiting == 0, "acknowledged");
            }
        }
    }

    [TestMethod]
    [DataRow("""{"command":"start","note":"\"command\":\"stop\""}""")]
    [DataRow("""{"command":"stopped"}""")]
    [DataRow("""{"command":"\u0073topped"}""")]
    [DataRow("""{"command":"start","id":"\u0073top"}""")]
    [DataRow("""{"command":"start","note":"\u0022command\u0022:\u0022stop\u0022"}""")]
    [DataRow("""{"command":"sto"}""")]
    [DataRow("""{"commands":"stop"}""")]
    [DataRow("""stopp""")]
    [DataRow("")]
    public void What_is_no_stop_is_none(string payload)
    {
        Cart cart = new();
        TestClient stethoscope = cart.Rig.Doctor("desk");
        stethoscope.Publish("cart/C1/command/cuff", Encoding.UTF8.GetBytes(payload));
        cart.Rig.Require(() => stethoscope.Waiting == 0, "acknowledged");
        Assert.IsEmpty(cart.Sent(PodCommand.StopCuff));
    }

    [TestMethod]
    public void Ten_stops_of_one_id_stop_ten_times()
    {
        Cart cart = new();
        TestClient stethoscope = cart.Rig.Doctor("desk");
        for (int i = 1; i <= 10; i++)
        {
            Assert.IsNull(cart.Ask(stethoscope, "s1", """{"command":"stop","id":"s1","at":"2026-01-02T02:04:05Z"}"""));
            cart.Rig.Require(() => cart.Sent(PodCommand.StopCuff).Length == i, "each one");
        }
    }

    [TestMethod]
    [DataRow("no session")]
    [DataRow("closed session")]
    [DataRow("requests full")]
    [DataRow("journal waits")]
    [DataRow("listener")]
    [DataRow("another pod")]
    [DataRow("QoS 0")]
    [DataRow("clock unknown")]
    public void A_stop_is_obeyed_under_each_lock(string what)
    {
        Cart cart = new();
        TestClient stethoscope = cart.Rig.Doctor("desk");
        cart.Rig.Require(() => stethoscope.Subscriptions.Count == 1, "subscribed");
        TestClient who = stethoscope;
        switch (what)
        {
            case "no session" or "closed session":
                cart.Rig.CloseSession("S1");
                break;
            case "requests full":
                for (int i = 0; i < 9; i++)
                {
                    cart.Ask(stethoscope, "a" + i, cart.Start("a" + i));
                }

                break;
            case "journal waits":
                // All places behind the disk are taken at one moment.
                for (int i = 0; i < SyncWaiters.MaxWaiting; i++)
                {
                    cart.Rig.Core.Sessions.Open("S1", _ => { });
                }

                string? refused = null;
                cart.Rig.Core.Sessions.Open("S1", r => refused = r.Code);
                Assert.AreEqual("G2306", refused, "waiting requests have a bound");
                break;
            case "listener":
                who = cart.Rig.Add(new TestClient("web.S1.page", userName: "S1", password: cart.Rig.Core.LinkOf("S1").Token) { Transport = MqttTransport.WebSocket });
                cart.Rig.Require(() => who.Client.IsConnected, "connected");
                break;
            case "another pod":
                who = cart.Rig.Pod(Rig.PodB);
                cart.Rig.Require(() => who.Client.IsConnected, "connected");
                break;
            case "clock unknown":
                cart.Rig.Synchronised = false;
                break;
            default:
                break;
        }

        if (what == "QoS 0")
        {
            who.Client.TryPublish(new MqttMessage { Topic = "cart/C1/command/cuff", Payload = "{\"command\":\"stop\"}"u8.ToArray() }, 0, cart.Rig.NowUs);
        }
        else
        {
            who.Publish("cart/C1/command/cuff", """{"command":"stop","id":"s1"}"""u8.ToArray());
        }

        cart.Rig.Require(() => cart.Sent(PodCommand.StopCuff).Length == 1, what);
    }

    [TestMethod]
    public void Every_topic_tried_by_every_role_moves_no_air()
    {
        // Who may have what done: "yes" an effect, "no" none. Nobody here may inflate.
        string[] topics =
        [
            "command/cuff start", "command/cuff test", "command/cuff patient", "command/session open", "command/session close", "command/sound listen",
            "pod/02aabbfffe0000a1/cmd", "session/S1/request/a1",
        ];
        foreach (string role in new[] { "embedded", "broker", "listener", "pod", "own pod" })
        {
            foreach (string topic in topics)
            {
                Cart cart = new(role == "broker");
                Assert.IsNull(cart.Rig.Core.Cuff.SetPatient("S1", Adult).Code);
                cart.Rig.Require(() => cart.Sent(PodCommand.SetPatient).Length > 0, "told");
                TestClient who = role switch
                {
                    "listener" => cart.Rig.Add(new TestClient("web.S1.page", userName: "S1", password: cart.Rig.Core.LinkOf("S1").Token) { Transport = MqttTransport.WebSocket }),
                    "pod" => cart.Rig.Pod(Rig.PodB),
                    "own pod" => cart.Pod,
                    _ => cart.Rig.Doctor("desk"),
                };
                cart.Rig.Require(() => who.Client.IsConnected, role);
                string[] words = topic.Split(' ');
                string where = words[0].StartsWith("pod/", StringComparison.Ordinal) ? words[0] : "cart/C1/" + words[0];
                byte[] payload = words.Length == 1 ? [1, PodCommand.StartCuff, 0, 0, 0, 0, 0, 0] : Encoding.UTF8.GetBytes(words[1] switch
                {
                    "start" => cart.Start("a1"),
                    "test" => "{\"command\":\"test\",\"id\":\"a1\",\"at\":\"" + cart.At(0) + "\"}",
                    "patient" => """{"command":"patient","session":"S1","category":"adult","cuffSize":"largeAdult","id":"a1"}""",
                    "listen" => """{"command":"listen","session":"S1","listening":true,"id":"a1"}""",
                    "open" => """{"command":"open","session":"S2","id":"a1"}""",
                    _ => """{"command":"close","session":"S1","id":"a1"}""",
                });
                who.Publish(where, payload);
                cart.Rig.Run(3_000_000);
                string name = role + " " + topic;
                Assert.IsEmpty(cart.Sent(PodCommand.StartCuff), name);
                Assert.IsEmpty(cart.Sent(PodCommand.TestCuff), name);
                bool mayAsk = role is "embedded" or "broker";
                Assert.HasCount(mayAsk && words.Length == 2 && words[1] is "start" or "test" && mayAsk ? 1 : 0, cart.Rig.Core.Requests.Waiting, name);
                Assert.AreEqual(!(mayAsk && topic.EndsWith("close", StringComparison.Ordinal)), cart.Rig.Session("S1").IsOpen, name);
                Assert.AreEqual(mayAsk && topic.EndsWith("patient", StringComparison.Ordinal), cart.Rig.Core.Cuff.Patient is { CuffSize: CuffSize.LargeAdult }, name);
            }
        }
    }

    private static string? CodeOf(TestClient stethoscope, string id)
    {
        using JsonDocument answer = JsonDocument.Parse(stethoscope.Received.Last(m => m.Topic == "cart/C1/reply/" + id).Payload);
        Assert.AreEqual(answer.RootElement.GetProperty("code").ValueKind == JsonValueKind.Null, answer.RootElement.GetProperty("ok").GetBoolean());
        return answer.RootElement.GetProperty("code").GetString();
    }

    private static string[] States(TestClient stethoscope, string id) =>
        [.. stethoscope.Received.Where(m => m.Topic == "cart/C1/session/S1/request/" + id).Select(m => JsonDocument.Parse(m.Payload).RootElement.GetProperty("state").GetString()!)];

    // What makes a row of the table do something when it is not refused.
    private static string MembersOf(string verb) => verb switch
    {
        "open" => """ "session":"OLD-PATIENT", """,
        "patient" => """ "session":"S1","category":"adult","cuffSize":"child", """,
        "test" => """ "cuffOffTheArm":true, """,
        "stop" => string.Empty,
        "listen" => """ "session":"S1","listening":true, """,
        _ => """ "session":"S1", """,
    };

    /// <summary>A gateway with session S1 and a pod with the cuff, which notes what it is told.</summary>
    private sealed class Cart
    {
        public Cart(bool external = false, MqttVersion version = MqttVersion.V5)
        {
            Rig = new Rig(71, o => external ? o with { External = o.External! with { Version = version } } : o, external: external);
            Pod = Rig.Pod(Rig.PodA);
            Pod.OnReceived = (_, payload) => Commands.Add(payload);
            Pod.Subscribe(Topics.Command(Rig.PodA), Rig.NowUs);
            Pod.Publish(Topics.State(Rig.PodA), Encoding.UTF8.GetBytes(Own));
            Rig.OpenSession("S1");
            Rig.Require(() => Pod.Client.IsConnected && Pod.Waiting == 0 && Commands.Count > 0 && Rig.Core.Snapshot().UplinkConnected, "all are connected");
            Rig.Run(100_000);
        }

        public Rig Rig { get; }

        public TestClient Pod { get; }

        public List<byte[]> Commands { get; } = [];

        public byte[][] Sent(byte command) => [.. Commands.Where(c => c.Length >= PodCommand.HeaderLength && c[1] == command)];

        public string At(long fromNowUs) => Rfc3339.Text(Rig.UtcStartUs + Rig.NowUs + fromNowUs);

        public string Start(string id) => "{\"command\":\"start\",\"session\":\"S1\",\"id\":\"" + id + "\",\"at\":\"" + At(0) + "\"}";

        public void Send(TestClient who, string topic, string payload, bool retain) => who.Client.TryPublish(
            new MqttMessage { Topic = "cart/C1/" + topic, Payload = Encoding.UTF8.GetBytes(payload), Qos = MqttQos.AtLeastOnce, Retain = retain }, 77, Rig.NowUs);

        public string? Ask(TestClient who, string id, string payload, uint? expirySeconds = null, string topic = "command/cuff")
        {
            int before = who.Received.Count(m => m.Topic == "cart/C1/reply/" + id);
            who.Publish("cart/C1/" + topic, Encoding.UTF8.GetBytes(payload), expirySeconds is null ? null : new MqttPublishProperties { MessageExpirySeconds = expirySeconds });
            Rig.Require(() => who.Received.Count(m => m.Topic == "cart/C1/reply/" + id) > before, "an answer to " + payload);
            return CodeOf(who, id);
        }

        public void Reconnect(TestClient who)
        {
            Rig.Connect(who);
            Rig.Connect(Pod);
            Rig.Require(() => who.Client.IsConnected && Pod.Client.IsConnected, "back");
        }
    }
}
