using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Core.Tests;
using Core.Tests.Sound;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Http;
using EdgeGateway.Mqtt;
using Firmware.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Hosting;

/// <summary>Every command over HTTP and over MQTT: the same outcome, the status of the catalogue, and an answer where it is asked for.</summary>
[TestClass]
public sealed class CommandTableTests
{
    private const string Done = "";
    private const string Waits = "G2320";
    private const string Cuff = """{"v":1,"state":"online","boot":1,"epoch":0,"peripherals":[{"name":"MPRLS0300"},{"name":"PCM1808"}]}""";

    /// <summary>Command, session, members by HTTP, members by MQTT, outcome by HTTP, outcome by MQTT. Null: not given there.</summary>
    public static IEnumerable<object?[]> Cases =>
    [
        ["open a session", "S1", "", "", Done, Done],
        ["open a session", "S2", "", "", "G2302", "G2302"],
        ["open a session", "a b", "", "", "G2301", "G2301"],
        ["close a session", "S1", "", "", Done, Done],
        ["close a session", "S9", "", "", "G2304", "G2304"],
        ["close a session", "", "", "", "G2301", "G2301"],
        ["say who is measured", "S1", Adult, Adult, Done, Done],
        ["say who is measured", "S9", Adult, Adult, "G2331", "G2331"],
        ["say who is measured", "S1", "\"category\":\"pediatric\",\"cuffSize\":\"child\"", "\"category\":\"pediatric\",\"cuffSize\":\"child\"", "G2314", "G2314"],
        ["say who is measured", "S1", "\"category\":\"newborn\",\"cuffSize\":\"adult\"", "\"category\":\"newborn\",\"cuffSize\":\"adult\"", "G2310", "G2310"],
        ["say who is measured", "S1", Adult + ",\"more\":1", Adult + ",\"more\":1", "G2310", "G2310"],
        ["start the cuff", "S1", "", "\"at\":\"AT\"", Done, Waits],
        ["start the cuff", "S9", "", "\"at\":\"AT\"", "G2331", "G2331"],
        ["start the cuff", "S1", "\"more\":1", "\"at\":\"AT\",\"more\":1", "G2310", "G2310"],
        ["stop the cuff", "", "", "", Done, Done],
        ["stop the cuff", "S9", "\"more\":1", "\"more\":1", Done, Done],
        ["test the cuff", "", "\"cuffOffTheArm\":true", "\"at\":\"AT\"", Done, Waits],
        ["test the cuff", "", "\"cuffOffTheArm\":7", "\"at\":7", "G2310", "G2310"],
        ["listen", "S1", "\"listening\":true,\"site\":\"mitral\"", "\"listening\":true,\"site\":\"mitral\"", Done, Done],
        ["listen", "S9", "\"listening\":true", "\"listening\":true", "G2331", "G2331"],
        ["listen", "S1", "\"site\":\"mitral\"", "\"site\":\"mitral\"", "G2330", "G2330"],
        ["keep a clip", "S1", "", "", Done, Done],
        ["keep a clip", "S9", "", "", "G2331", "G2331"],
        ["keep a clip", "S1", "\"by\":5", "\"by\":5", "G2330", "G2330"],
        ["answer a request", "", "\"answer\":\"done\"", null, "G2322", null],
        ["answer a request", "", "\"answer\":\"yes\"", null, "G2310", null],
    ];

    private static string Adult => "\"category\":\"adult\",\"cuffSize\":\"adult\"";

    [TestMethod]
    public void Every_row_is_tried() =>
        CollectionAssert.AreEquivalent(GatewayCommands.All.Select(c => c.Name).ToArray(), Cases.Select(c => (string)c[0]!).Distinct().ToArray());

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void It_has_the_same_outcome_over_HTTP_and_over_MQTT(string name, string session, string http, string? mqtt, string byHttp, string? byMqtt)
    {
        GatewayCommand command = GatewayCommands.All.Single(c => c.Name == name);
        Assert.AreEqual(byHttp, OverHttp(command, session, http), "HTTP");
        Assert.AreEqual(mqtt is null, command.Topic is null, "given at the bedside alone");
        if (mqtt is not null)
        {
            Assert.AreEqual(byMqtt, OverMqtt(command, session, mqtt, asksForTopic: false), "MQTT");
            Assert.AreEqual(byMqtt, OverMqtt(command, session, mqtt, asksForTopic: true), "MQTT with a response topic");
        }

        Assert.AreEqual(command.Rights == CommandRights.BedsideScreen && byHttp.Length == 0, byHttp.Length == 0 && byMqtt == Waits, "what moves air is done at the bedside and asked for from elsewhere, and nothing else is");
    }

    [TestMethod]
    public void A_row_of_the_bedside_screen_that_forgets_the_others_does_nothing_for_them()
    {
        GatewayCommand forgetful = GatewayCommands.Find(CommandTopic.Cuff, "start")! with { ReadElsewhere = null };
        (CommandRun? run, string? problem) = forgetful.ReadFromSession(new CommandCall("a1", "S1", "{}"u8.ToArray(), IsOfSession: true, 0, null));
        Assert.IsNull(problem);
        CommandResult? told = null;
        run!(null!, result => told = result); // no part is asked
        Assert.AreEqual("G2099", told!.Value.Code);
    }

    [TestMethod]
    public void Every_path_of_a_command_that_moves_air_is_guarded()
    {
        foreach (GatewayCommand command in GatewayCommands.All)
        {
            DefaultHttpContext context = new();
            context.Request.Path = command.Route.Replace("{session}", "S1", StringComparison.Ordinal).Replace("{id}", "a1", StringComparison.Ordinal);
            Assert.AreEqual(command.Rights == CommandRights.BedsideScreen, RequestGuard.MovesAir(context.Request), command.Route);
        }
    }

    [TestMethod]
    [DataRow("/api/session/S1/inflate", "/api/session/{session}/inflate", true)]
    [DataRow("/clinic/api/session/S1/CUFF/start", "/api/session/{session}/cuff/start", true)]
    [DataRow("/api/session/S1/sound", "/api/session/{session}/inflate", false)]
    [DataRow("/start", "/api/session/{session}/cuff/start", false)]
    public void A_path_ends_as_a_route_whatever_stands_before(string path, string route, bool ends) => Assert.AreEqual(ends, RequestGuard.EndsAs(path, route));

    [TestMethod]
    [DataRow("S1", null)]
    [DataRow("S9", "G2407")]
    public void The_end_of_a_replay_comes_where_it_is_asked_for(string session, string? code)
    {
        Rig rig = Cart();
        TestClient stethoscope = rig.Doctor("desk");
        rig.Require(() => stethoscope.Subscriptions.Count == 1, "subscribed");
        stethoscope.Publish("cart/C1/session/" + session + "/replay", """{"consumer":"dr-1","id":"r1"}"""u8.ToArray(), Wanted);
        Arrived answer = AnswerOf(rig, stethoscope, "cart/C1/reply/mine");
        CollectionAssert.AreEqual(Wanted.CorrelationData.ToArray(), answer.Properties!.CorrelationData.ToArray());
        using JsonDocument json = JsonDocument.Parse(answer.Text);
        Assert.AreEqual("r1", json.RootElement.GetProperty("id").GetString());
        Assert.AreEqual(code, json.RootElement.GetProperty("code").GetString());
    }

    [TestMethod]
    public void A_full_queue_is_not_a_wrong_name_and_not_an_unknown_session()
    {
        Assert.AreEqual(429, FaultCatalogue.Default["G2306"].Http);
        Assert.AreEqual(503, FaultCatalogue.Default["G2305"].Http);
        Rig rig = Cart();
        Fill(rig);
        HeldLoop loop = new(rig);
        DefaultHttpContext context = BareRequest.Of("PUT", string.Empty, ("session", "S1"));
        Task asked = BareRequest.AnswerAsync(context, CommandApi.RunAsync(context, GatewayCommands.Find(CommandTopic.Session, "open")!, new GatewayHandle(loop, () => rig.Core)));
        loop.Run();
        loop.Finish(asked);
        Assert.AreEqual(429, context.Response.StatusCode, BareRequest.Text(context));
    }

    /// <summary>What a cart answers that is not well: every code is described and has its status.</summary>
    [TestMethod]
    [DataRow("open a session", "G2305", "G2306", null, null)]
    [DataRow("close a session", "G2305", "G2306", null, null)]
    [DataRow("say who is measured", "G2305", Done, "G2311", Done)]
    [DataRow("start the cuff", "G2305", Done, "G2311", "G2313")]
    [DataRow("test the cuff", null, Done, "G2311", Done)]
    [DataRow("stop the cuff", null, Done, Done, Done)]
    [DataRow("listen", "G2305", Done, Done, Done)]
    [DataRow("keep a clip", "G2305", "G2306", Done, Done)]
    [DataRow("answer a request", null, "G2322", "G2322", "G2322")]
    public void A_cart_that_is_not_well_answers_what_is_described(string name, string? stopping, string full, string? noCuff, string? nobodySaid)
    {
        GatewayCommand command = GatewayCommands.All.Single(c => c.Name == name);
        string members = name switch
        {
            "say who is measured" => Adult,
            "test the cuff" => "\"cuffOffTheArm\":true",
            "listen" => "\"listening\":true",
            "answer a request" => "\"answer\":\"done\"",
            _ => string.Empty,
        };
        (string? Code, Action<Rig>? Make, bool HasCuff, bool HasPatient)[] carts =
        [
            (stopping, Stop, true, true),
            (full, Fill, true, true),
            (noCuff, null, false, false),
            (nobodySaid, null, true, false),
        ];
        foreach ((string? code, Action<Rig>? make, bool hasCuff, bool hasPatient) in carts.Where(c => c.Code is not null))
        {
            Assert.AreEqual(code, OverHttp(command, "S1", members, Cart(hasCuff, hasPatient), make));
        }
    }

    [TestMethod]
    public void Whom_a_cart_measures_is_not_said_while_it_stops()
    {
        Rig rig = Cart();
        Stop(rig);
        HeldLoop loop = new(rig);
        DefaultHttpContext context = BareRequest.Of("GET", string.Empty, ("session", "S1"));
        Task asked = BareRequest.AnswerAsync(context, ReadApi.PatientAsync(context, new GatewayHandle(loop, () => rig.Core)));
        loop.Run();
        loop.Finish(asked);
        Assert.AreEqual(503, context.Response.StatusCode);
        StringAssert.Contains(BareRequest.Text(context), "G2305");
        CollectionAssert.Contains(HttpRoutes.All.Single(r => r.Name == "getPatient").AllRefusals.ToArray(), "G2305");
    }

    [TestMethod]
    public void With_no_place_in_the_loops_queue_the_answer_is_503_for_each()
    {
        Rig rig = Cart();
        foreach (GatewayCommand command in GatewayCommands.All.Where(c => c.Rights != CommandRights.Always))
        {
            DefaultHttpContext context = BareRequest.Of(command.Method, "{" + Cases.First(c => (string)c[0]! == command.Name)[2] + "}", ("session", "S1"), ("id", "a1"));
            Assert.IsTrue(BareRequest.AnswerAsync(context, CommandApi.RunAsync(context, command, new GatewayHandle(new HeldLoop(rig, places: 0), () => rig.Core))).IsCompleted);
            Assert.AreEqual(503, context.Response.StatusCode, command.Name + BareRequest.Text(context));
            StringAssert.Contains(BareRequest.Text(context), "G2084");
        }
    }

    private static MqttPublishProperties Wanted => new() { ResponseTopic = "cart/C1/reply/mine", CorrelationData = new byte[] { 4, 2 } };

    /// <summary>A cart with an open session, a cuff, a stethoscope that is heard, and a patient.</summary>
    private static Rig Cart(bool hasCuff = true, bool hasPatient = true)
    {
        SoundRig sound = new(3);
        if (hasCuff)
        {
            sound.Pod.Publish(Topics.State(Rig.PodA), Encoding.UTF8.GetBytes(Cuff));
        }

        sound.Play(10);
        if (hasPatient)
        {
            Assert.IsNull(sound.Rig.Core.Cuff.SetPatient("S1", new CuffPatient(PatientCategory.Adult, CuffSize.Adult, false)).Code);
        }

        return sound.Rig;
    }

    /// <summary>Begins to stop, which stops the cuffs; what is asked after that is asked later.</summary>
    private static void Stop(Rig rig)
    {
        rig.Core.BeginStop(static () => { });
        rig.Run(1000);
    }

    /// <summary>As many requests as may wait for the disk.</summary>
    private static void Fill(Rig rig)
    {
        for (int i = 0; i < SyncWaiters.MaxWaiting; i++)
        {
            rig.Core.Sessions.Open("S1", static _ => { });
        }
    }

    private static string OverHttp(GatewayCommand command, string session, string members) => OverHttp(command, session, members, Cart(), null);

    private static string OverHttp(GatewayCommand command, string session, string members, Rig rig, Action<Rig>? make)
    {
        HeldLoop loop = new(rig);
        DefaultHttpContext context = BareRequest.Of(command.Method, "{" + members + "}", ("session", session), ("id", "a1"));
        rig.Run(1000);
        make?.Invoke(rig);
        Task asked = BareRequest.AnswerAsync(context, CommandApi.RunAsync(context, command, new GatewayHandle(loop, () => rig.Core)));
        SpinWait.SpinUntil(() => asked.IsCompleted || loop.Waiting > 0, TimeSpan.FromSeconds(10));
        loop.Run();
        loop.Finish(asked);
        using JsonDocument json = JsonDocument.Parse(BareRequest.Text(context));
        string code = json.RootElement.TryGetProperty("code", out JsonElement said) ? said.GetString()! : Done;
        Assert.AreEqual(code.Length == 0 ? 200 : FaultCatalogue.Default[code].Http, context.Response.StatusCode, BareRequest.Text(context));
        Assert.IsTrue(code.Length == 0 || HttpRoutes.All.Single(r => r.Name == command.Document.Id).AllRefusals.Contains(code), code + " is not described");
        return code;
    }

    private static string OverMqtt(GatewayCommand command, string session, string members, bool asksForTopic)
    {
        Rig rig = Cart();
        TestClient stethoscope = rig.Doctor("desk");
        rig.Require(() => stethoscope.Subscriptions.Count == 1, "subscribed");
        string json = "{\"command\":\"" + command.Verb + "\",\"id\":\"r1\"" + (session.Length > 0 ? ",\"session\":\"" + session + "\"" : string.Empty)
            + (members.Length > 0 ? "," + members : string.Empty) + "}";
        json = json.Replace("AT", Rfc3339.Text(rig.Utc.UtcUs), StringComparison.Ordinal);
        stethoscope.Publish("cart/C1/command/" + command.Topic.ToString()!.ToLowerInvariant(), Encoding.UTF8.GetBytes(json), asksForTopic ? Wanted : null);
        Arrived answer = AnswerOf(rig, stethoscope, asksForTopic ? "cart/C1/reply/mine" : "cart/C1/reply/r1");
        CollectionAssert.AreEqual(asksForTopic ? Wanted.CorrelationData.ToArray() : [], answer.Properties?.CorrelationData.ToArray() ?? []);
        using JsonDocument reply = JsonDocument.Parse(answer.Text);
        Assert.AreEqual("r1", reply.RootElement.GetProperty("id").GetString());
        Assert.AreEqual(command.Verb, reply.RootElement.GetProperty("command").GetString());
        return reply.RootElement.GetProperty("code").GetString() ?? Done;
    }

    private static Arrived AnswerOf(Rig rig, TestClient stethoscope, string topic)
    {
        rig.Require(() => stethoscope.Received.Any(m => m.Topic.StartsWith("cart/C1/reply/", StringComparison.Ordinal)), "answered");
        Arrived[] answers = [.. stethoscope.Received.Where(m => m.Topic.StartsWith("cart/C1/reply/", StringComparison.Ordinal))];
        Assert.HasCount(1, answers);
        Assert.AreEqual(topic, answers[0].Topic);
        return answers[0];
    }
}
