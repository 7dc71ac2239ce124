using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;
using EdgeGateway.Core;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using EdgeGateway.Journal;
using EdgeGateway.Mqtt;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Health;

/// <summary>Each thing that is not well is caused, seen in /health with its subject and beginning, ended, and gone again.</summary>
[TestClass]
public sealed class HealthTests
{
    private const long Second = 1_000_000;
    private static readonly string PodA = Topics.DeviceText(Rig.PodA);

    [TestMethod]
    public void A_well_gateway_has_no_issue_and_is_ok()
    {
        Rig rig = new(101);
        Connected(rig);
        rig.Doctor();
        rig.OpenSession("S1");
        rig.Run(120 * Second);
        using JsonDocument health = Health(rig);
        Assert.AreEqual("ok", health.RootElement.GetProperty("status").GetString(), health.RootElement.GetProperty("issues").GetRawText());
        Assert.AreEqual(0, health.RootElement.GetProperty("issues").GetArrayLength());
        Assert.IsTrue(health.RootElement.GetProperty("ready").GetBoolean());
    }

    [TestMethod]
    public void A_pod_that_is_away_in_an_open_session_is_named_within_seconds_and_since_when()
    {
        Rig rig = new(102);
        TestClient pod = Connected(rig);
        rig.Doctor();
        rig.OpenSession("S1");
        rig.Run(2 * Second);
        rig.Disconnect(pod);
        long goneUs = rig.NowUs;
        rig.Run(2 * Second);
        Assert.IsNull(Issue(rig, "G2148"), "a quick reconnection is no issue");
        rig.Run(12 * Second);
        JsonElement issue = Issue(rig, "G2148")!.Value;
        Assert.AreEqual(PodA, issue.GetProperty("subject").GetProperty("pod").GetString());
        Assert.AreEqual((rig.NowUs - goneUs) / 1000.0, issue.GetProperty("sinceMs").GetInt64(), 100);
        Assert.AreEqual(Rfc3339.Text(Rig.UtcStartUs + goneUs)[..20], issue.GetProperty("since").GetString()![..20]);
        Assert.AreEqual(1, issue.GetProperty("count").GetInt64(), "one going is one, however often it is looked at");
        Assert.AreEqual("degraded", Status(rig));
        Assert.AreEqual(1, Lines(rig, "G2141"), "one line for its going");
        Assert.AreEqual(1, Lines(rig, "G2148"));
        rig.Connect(pod);
        rig.Require(() => Issue(rig, "G2148") is null, "it is back");
        Assert.AreEqual(2, Lines(rig, "G2140"), "one line for each coming");
        Assert.AreEqual(1, rig.Log.Count(l => l.Code == "G2090" && l.Ended == "G2148"), "and one for the issue's end");
        Assert.AreEqual("ok", Status(rig));
    }

    [TestMethod]
    public void A_pod_that_is_away_without_a_session_is_named_after_a_minute()
    {
        Rig rig = new(103);
        TestClient pod = Connected(rig);
        rig.Disconnect(pod);
        rig.Run(PodChecks.PodGoneIdleUs - (3 * Second));
        Assert.IsNull(Issue(rig, "G2148"));
        rig.Run(5 * Second);
        Assert.IsNotNull(Issue(rig, "G2148"));
        Assert.IsTrue(Issue(rig, "G2148")!.Value.GetProperty("sinceMs").GetInt64() >= 60_000, "since it went, not since it was noticed");
    }

    [TestMethod]
    public void A_pod_that_measured_in_the_session_before_a_restart_and_does_not_come_back_is_named()
    {
        Rig rig = new(104);
        TestClient pod = rig.Pod(Rig.PodA);
        rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        rig.Require(() => pod.Waiting == 0, "stored");
        rig.Kill();
        rig.Require(() => Issue(rig, "G2148") is not null, "the pod of before the start", 10 * Second);
        rig.Connect(pod);
        rig.Require(() => Issue(rig, "G2148") is null, "it is back", 10 * Second);
    }

    [TestMethod]
    public void A_pod_of_the_list_that_never_came_is_named_after_a_minute_until_it_comes()
    {
        Rig rig = new(105, o => o with { Devices = [new DeviceDescription { DeviceId = Rig.PodB }, new DeviceDescription { DeviceId = Rig.Gateway }] });
        rig.Run(PodChecks.PodNeverCameUs - (10 * Second));
        Assert.IsNull(Issue(rig, "G2149"));
        rig.Run(15 * Second);
        JsonElement issue = Issue(rig, "G2149")!.Value;
        Assert.AreEqual(Topics.DeviceText(Rig.PodB), issue.GetProperty("subject").GetProperty("pod").GetString());
        Assert.IsNull(Issue(rig, "G2148"), "one issue for one pod");
        rig.Pod(Rig.PodB);
        rig.Require(() => Issue(rig, "G2149") is null, "it came");
    }

    [TestMethod]
    public void A_full_disk_is_an_issue_at_once_and_failing_until_there_is_room()
    {
        Rig rig = new(106);
        TestClient pod = Connected(rig);
        rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        rig.Run(Second);
        Full(rig, () => false, Second);
        pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        long fullUs = rig.NowUs;
        Full(rig, () => false, 20 * Second);
        JsonElement issue = Issue(rig, "G2085")!.Value;
        Assert.AreEqual("journal", issue.GetProperty("subject").GetProperty("disk").GetString());
        Assert.AreEqual((rig.NowUs - fullUs) / 1000.0, issue.GetProperty("sinceMs").GetInt64(), 2_000, "one issue, whatever little the disk takes between");
        Assert.AreEqual(1, Lines(rig, "G2085"));
        Assert.AreEqual("failing", Status(rig));
        using (JsonDocument health = Health(rig))
        {
            Assert.AreEqual("G2085", health.RootElement.GetProperty("issues")[0].GetProperty("code").GetString(), "gravest first");
        }

        rig.Disk.CapacityBytes = long.MaxValue;
        rig.Require(() => Issue(rig, "G2085") is null, "there is room");
        rig.Require(() => pod.Waiting == 0, "and what waited was stored");
        Assert.AreEqual("ok", Status(rig), $"full from {fullUs}\n" + rig.LogText());
    }

    [TestMethod]
    public void A_broker_that_is_away_is_an_issue_with_its_name_until_it_is_back()
    {
        Rig rig = new(107, external: true);
        Connected(rig);
        rig.Require(() => rig.Core.Snapshot().UplinkConnected, "connected");
        Assert.AreEqual(1, Lines(rig, "G2142"));
        Assert.IsNull(Issue(rig, "G2086"));
        rig.BrokerIsUp = false;
        rig.CutUplink();
        rig.Run(Second);
        Assert.IsNotNull(Issue(rig, "G2086"), "at once: it was reached before");
        rig.Run(20 * Second);
        JsonElement issue = Issue(rig, "G2086")!.Value;
        Assert.AreEqual("broker.test:1883", issue.GetProperty("subject").GetProperty("broker").GetString());
        Assert.AreEqual(21_000, issue.GetProperty("sinceMs").GetInt64(), 200, "since it went, through every new attempt");
        Assert.AreEqual(1, issue.GetProperty("count").GetInt64());
        string cause = issue.GetProperty("detail").GetString()!;
        StringAssert.Contains(rig.LogText(), cause, "why, as the log has it");
        Assert.AreNotEqual(string.Empty, cause);
        Assert.AreEqual("degraded", Status(rig));
        rig.BrokerIsUp = true;
        rig.Require(() => Issue(rig, "G2086") is null, "it is back");
        Assert.AreEqual("ok", Status(rig));
        Assert.AreEqual(2, Lines(rig, "G2142"));
    }

    [TestMethod]
    public void Where_the_broker_says_why_the_general_advice_is_not_given_beside_it()
    {
        Bench bench = new();
        HealthSubject broker = new(HealthSubjectKind.Broker, "broker.test:1883");
        HealthFacts away = bench.Facts with { Broker = broker.Name, IsUp = false };
        bench.Look(away, bench.NowUs += 10 * Second);
        CollectionAssert.AreEqual(new[] { "G2086" }, bench.Codes());

        // What the client raises for the broker's own answer, for example a wrong password. The text does not matter here.
        bench.Issues.Raise("G2148", broker, "stands for a code of another kind");
        bench.Look(away, bench.NowUs);
        CollectionAssert.Contains(bench.Codes(), "G2086", "another kind of issue about the broker explains nothing");
        Assert.IsFalse(bench.Issues.StandsBetween(2410, 2418, broker));
        Assert.IsTrue(bench.Issues.StandsBetween(2148, 2149, broker));
        Assert.IsFalse(bench.Issues.StandsBetween(2148, 2149, new HealthSubject(HealthSubjectKind.Broker, "other:1883")));

        // And what its certificate says.
        bench.Issues.Raise(FaultCodes.BrokerNameWrong, broker, "not for broker.test");
        bench.Look(away, bench.NowUs);
        CollectionAssert.DoesNotContain(bench.Codes(), FaultCodes.BrokerAway);
    }

    [TestMethod]
    public void A_broker_that_was_never_reached_is_an_issue_after_some_seconds()
    {
        Rig rig = new(108, external: true) { BrokerIsUp = false };
        rig.Run(HealthChecks.FirstBrokerUs + (2 * Second));
        Assert.IsNotNull(Issue(rig, "G2086"));
    }

    [TestMethod]
    public void An_unsynchronised_clock_is_an_issue_whose_beginning_is_known_once_UTC_is()
    {
        Rig rig = new(109);
        Connected(rig);
        rig.Synchronised = false;
        rig.Run(Second);
        JsonElement issue = Issue(rig, "G2087")!.Value;
        Assert.AreEqual(JsonValueKind.Object, issue.GetProperty("subject").ValueKind);
        Assert.AreEqual(JsonValueKind.Null, issue.GetProperty("since").ValueKind, "no UTC, no time of day");
        Assert.AreEqual("degraded", Status(rig));

        // A pod that goes now has gone at a monotonic time, which UTC explains later.
        TestClient pod = rig.Pod(Rig.PodB);
        rig.OpenSession("S1");
        rig.Require(() => rig.Core.Snapshot().Pods.Any(p => p.DeviceId == Rig.PodB && p.IsConnected), "here");
        rig.Disconnect(pod);
        long goneUs = rig.NowUs;
        rig.Run(10 * Second);
        Assert.AreEqual(JsonValueKind.Null, Issue(rig, "G2148")!.Value.GetProperty("since").ValueKind);
        rig.Synchronised = true;
        rig.Run(2 * Second);
        Assert.IsNull(Issue(rig, "G2087"));
        Assert.AreEqual(Rfc3339.Text(Rig.UtcStartUs + goneUs)[..20], Issue(rig, "G2148")!.Value.GetProperty("since").GetString()![..20]);
    }

    [TestMethod]
    public void A_pod_whose_time_is_not_known_is_named_until_it_exchanges_clocks()
    {
        Rig rig = new(110);
        TestClient pod = rig.Pod(Rig.PodA);
        rig.Run(PodChecks.NoExchangeUs - (5 * Second));
        Assert.IsNull(Issue(rig, "G2155"));
        rig.Run(10 * Second);
        Assert.AreEqual(PodA, Issue(rig, "G2155")!.Value.GetProperty("subject").GetProperty("pod").GetString());
        pod.Publish(Topics.Up(Rig.PodA), Frames.Join(rig.ClockFrame(Rig.PodA, 1, 1), Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, 0)));
        rig.Require(() => Issue(rig, "G2155") is null, "it has exchanged clocks");
    }

    [TestMethod]
    [DataRow("absent")]
    [DataRow("backoff")]
    [DataRow("quarantined")]
    public void A_part_that_the_pod_calls_faulty_is_named_until_it_works(string word)
    {
        Rig rig = new(111);
        TestClient pod = Connected(rig);
        State("probing");
        rig.Run(10 * Second);
        Assert.IsNull(Issue(rig, "G2156"), "probing is no fault");
        State(word);
        rig.Run(3 * Second);
        Assert.IsNull(Issue(rig, "G2156"), "a quick new plug is no issue");
        rig.Run(4 * Second);
        JsonElement issue = Issue(rig, "G2156")!.Value;
        Assert.AreEqual(PodA, issue.GetProperty("subject").GetProperty("pod").GetString());
        Assert.AreEqual("TMP117?: " + word, issue.GetProperty("detail").GetString(), "the part by name, a stranger's text made harmless");
        State("measuring");
        rig.Require(() => Issue(rig, "G2156") is null, "it works");

        void State(string state) => pod.Publish(
            Topics.State(Rig.PodA),
            Encoding.UTF8.GetBytes($$"""{"v":1,"state":"online","boot":1,"epoch":0,"peripherals":[{"name":"MAX30102","state":"measuring"},{"name":"TMP117\n","state":"{{state}}"}]}"""));
    }

    [TestMethod]
    public void A_session_nobody_subscribes_to_is_named_after_half_a_minute_until_somebody_does()
    {
        Rig rig = new(112);
        TestClient pod = Connected(rig);
        uint epoch = rig.OpenSession("S1");
        Feed(rig, pod, epoch, 35);
        JsonElement issue = (Issue(rig, "G2150") ?? Issue(rig, "G2404"))!.Value;
        Assert.AreEqual("S1", issue.GetProperty("subject").GetProperty("session").GetString());
        Assert.IsTrue(issue.GetProperty("sinceMs").GetInt64() >= 30_000);
        Assert.IsFalse(Issue(rig, "G2150") is not null && Issue(rig, "G2404") is not null, "said once");
        rig.Doctor();
        rig.Require(() => Issue(rig, "G2150") is null && Issue(rig, "G2404") is null, "somebody subscribes");
        rig.Require(() => Status(rig) == "ok", "and all is sent");
    }

    [TestMethod]
    public void A_listener_that_acknowledges_nothing_is_named_until_readings_are_taken()
    {
        Rig rig = new(113);
        TestClient pod = Connected(rig);
        TestClient mute = rig.Doctor("mute", sessionExpirySeconds: 0);
        uint epoch = rig.OpenSession("S1");
        mute.AcknowledgesReceived = false;
        Feed(rig, pod, epoch, 10);
        Assert.IsNull(Issue(rig, "G2152"));
        Feed(rig, pod, epoch, 10);
        Assert.AreEqual("S1", Issue(rig, "G2152")!.Value.GetProperty("subject").GetProperty("session").GetString());
        rig.Disconnect(mute);
        rig.Doctor("awake");
        rig.Require(() => Issue(rig, "G2152") is null, "somebody takes them");
    }

    [TestMethod]
    public void Readings_that_wait_too_long_although_somebody_listens_are_named_until_they_are_sent()
    {
        Bench bench = new();
        bench.OpenSession();
        bench.Frame(2);
        bench.Journal.LastIndex = 2;
        for (int i = 0; i <= 29; i++)
        {
            bench.Step();

            // However often it is asked meanwhile.
            bench.Look(bench.Facts, bench.NowUs + 1000);
            bench.Checks.PodCame(new Pod { DeviceId = Rig.PodA });
        }

        CollectionAssert.DoesNotContain(bench.Codes(), "G2151");
        bench.Journal.LastIndex = 500;
        bench.Step();
        bench.Step();
        CollectionAssert.Contains(bench.Codes(), "G2151");
        HealthIssue issue = bench.Issues.Of("G2151")[0];
        Assert.AreEqual(new HealthSubject(HealthSubjectKind.Session, "S1"), issue.Subject);
        StringAssert.Contains(issue.Detail, "vital signs");
        bench.Look(bench.Facts with { Broker = "b:1", IsUp = false }, bench.NowUs);
        CollectionAssert.DoesNotContain(bench.Codes(), "G2151", "with the broker away that is the one issue");
        bench.Step();
        CollectionAssert.Contains(bench.Codes(), "G2151");
        bench.Sent(2);
        bench.Step();
        CollectionAssert.DoesNotContain(bench.Codes(), "G2151", "sent");
    }

    [TestMethod]
    public void A_consumer_of_a_part_leaves_the_rest_waiting_and_health_says_so()
    {
        Rig rig = new(114);
        TestClient pod = Connected(rig);
        uint epoch = rig.OpenSession("S1");
        TestClient part = rig.Add(new TestClient("part", MqttVersion.V5));
        part.Subscribe("cart/C1/session/S1/vital/+/35", rig.NowUs);
        rig.Run(Second);
        uint sequence = 100;
        for (int i = 0; i < 70; i++)
        {
            sequence++;
            pod.Publish(Topics.Up(Rig.PodA), Frames.Join(
                Frames.Numeric(Rig.PodA, 1, 35, sequence - 100, rig.PodUs, epoch, value: 97, exponent: 0, mdc: MdcCodes.OxygenSaturation),
                Frames.Numeric(Rig.PodA, 1, 16, sequence - 99, rig.PodUs, epoch)));
            rig.Run(Second);
        }

        Assert.IsTrue(Issue(rig, "G2150") is not null || Issue(rig, "G2151") is not null, rig.LogText());
        rig.Doctor();
        rig.Require(() => Issue(rig, "G2150") is null && Issue(rig, "G2151") is null, "somebody takes all");
    }

    [TestMethod]
    public void The_last_listener_of_the_session_that_goes_is_named_and_the_bedside_page_is_none()
    {
        Rig rig = new(115);
        Connected(rig);
        rig.OpenSession("S1");
        TestClient bedside = Page(rig, "near-0011223344556677");
        TestClient doctor = Page(rig, "0011223344556677");
        rig.Require(() => bedside.Subscriptions.Count == 1 && doctor.Subscriptions.Count == 1, "both listen");
        Assert.AreEqual(1, Lines(rig, "G2146"), "the bedside page is nobody's listener");
        rig.Disconnect(doctor);
        rig.Run(5 * Second);
        Assert.IsNull(Issue(rig, "G2158"), "a reload is no issue");
        rig.Run(7 * Second);
        Assert.AreEqual("web.S1.0011223344556677", Issue(rig, "G2158")!.Value.GetProperty("subject").GetProperty("listener").GetString());
        Assert.AreEqual(1, Lines(rig, "G2147"));
        rig.Disconnect(bedside);
        Page(rig, "8899aabbccddeeff");
        rig.Require(() => Issue(rig, "G2158") is null, "another one follows");
    }

    [TestMethod]
    public void A_listener_gone_is_no_issue_after_the_session()
    {
        Rig rig = new(116);
        Connected(rig);
        TestClient doctor = rig.Doctor();
        rig.OpenSession("S1");
        rig.Run(Second);
        rig.Disconnect(doctor);
        rig.Run(15 * Second);
        Assert.IsNotNull(Issue(rig, "G2158"));
        rig.CloseSession("S1");
        rig.Require(() => Issue(rig, "G2158") is null, "the session is over");
        Assert.AreEqual(1, Lines(rig, "G2144"));
        Assert.AreEqual(1, Lines(rig, "G2145"));
    }

    [TestMethod]
    public void A_listener_whose_kept_subscriptions_come_back_with_it_is_back()
    {
        Rig rig = new(117);
        Connected(rig);
        TestClient doctor = rig.Doctor();
        rig.OpenSession("S1");
        rig.Run(Second);
        rig.Disconnect(doctor);
        rig.Run(15 * Second);
        Assert.IsNotNull(Issue(rig, "G2158"));
        rig.Connect(doctor);
        rig.Require(() => Issue(rig, "G2158") is null, "it is back");
    }

    [TestMethod]
    public void Unexplained_gaps_are_counted_since_the_first_and_end_after_ten_quiet_minutes()
    {
        Rig rig = new(119, o => o with { UnexplainedUs = 5 * Second });
        TestClient pod = Connected(rig);
        uint epoch = rig.OpenSession("S1");
        rig.Doctor();
        foreach (uint sequence in new uint[] { 1, 3 })
        {
            pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, sequence, rig.PodUs, epoch));
        }

        rig.Require(() => Issue(rig, "G2203") is not null, "declared");
        pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, 7, rig.PodUs, epoch));
        rig.Run(60 * Second);
        JsonElement issue = Issue(rig, "G2203")!.Value;
        Assert.AreEqual(2, issue.GetProperty("count").GetInt64());
        Assert.AreEqual(PodA, issue.GetProperty("subject").GetProperty("pod").GetString());
        StringAssert.Contains(issue.GetProperty("detail").GetString(), "4 to 6");
        Assert.AreEqual(1, Lines(rig, "G2203"), "one line for its coming");
        rig.Run(HealthChecks.QuietUs);
        Assert.IsNull(Issue(rig, "G2203"));
    }

    [TestMethod]
    public void A_pod_that_was_disconnected_because_too_much_waited_is_named()
    {
        Rig rig = new(120, o => o with { MaxHeldMessages = 2 });
        TestClient pod = Connected(rig);
        pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, 0));
        Full(rig, () => false, Second);
        for (uint i = 2; i <= 40; i++)
        {
            pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, 0));
        }

        Full(rig, () => Issue(rig, "G2205") is not null, 60 * Second);
        Assert.AreEqual(PodA, Issue(rig, "G2205")!.Value.GetProperty("subject").GetProperty("pod").GetString());
        rig.Disk.CapacityBytes = long.MaxValue;
        rig.Run(HealthChecks.QuietUs + (60 * Second));
        Assert.IsNull(Issue(rig, "G2205"));
    }

    [TestMethod]
    public void Before_the_journal_is_open_the_gateway_is_failing_and_says_that_it_starts()
    {
        Bench bench = new();
        bench.Look(bench.Facts with { IsReady = false, IsStarting = true, IsWritable = false }, bench.NowUs);
        CollectionAssert.AreEqual(new[] { "G2088" }, bench.Codes(), "a journal that is not open yet does not refuse");
        Assert.AreEqual("failing", HealthJson.StatusOf(bench.Issues.ToList()));
        bench.Look(bench.Facts, bench.NowUs);
        Assert.AreEqual("ok", HealthJson.StatusOf(bench.Issues.ToList()));
    }

    [TestMethod]
    public void Health_names_any_issue_gravest_first_in_both_languages()
    {
        Bench bench = new();
        bench.Issues.Raise("G2203", HealthSubject.Pod(Rig.PodA), "1 to 2");
        bench.Issues.Raise("G2085", new HealthSubject(HealthSubjectKind.Disk, "journal"), string.Empty);
        bench.Issues.Raise("G2403", new HealthSubject(HealthSubjectKind.Stream, "02aabbfffe0000a1.1.16"), "reason 0x99");
        bench.Issues.Raise("G2403", new HealthSubject(HealthSubjectKind.Stream, "02aabbfffe0000a1.1.16"), "reason 0x97");
        GatewaySnapshot snapshot = new Rig(121).Core.Snapshot() with { Issues = bench.Issues.ToList() };
        foreach (string language in new[] { "en", "fr" })
        {
            using JsonDocument health = JsonDocument.Parse(HealthJson.Write(snapshot, language));
            JsonElement[] issues = [.. health.RootElement.GetProperty("issues").EnumerateArray()];
            CollectionAssert.AreEqual(new[] { "G2085", "G2403", "G2203" }, issues.Select(i => i.GetProperty("code").GetString()).ToArray());
            CollectionAssert.AreEqual(new[] { "fault", "error", "warning" }, issues.Select(i => i.GetProperty("severity").GetString()).ToArray());
            foreach (JsonElement issue in issues)
            {
                FaultEntry fault = FaultCatalogue.Default[issue.GetProperty("code").GetString()!];
                Assert.AreEqual(fault.Happened.In(language), issue.GetProperty("happened").GetString());
                Assert.AreEqual(fault.Means.In(language), issue.GetProperty("means").GetString());
                Assert.AreEqual(fault.Do.In(language), issue.GetProperty("do").GetString());
            }

            Assert.AreEqual(2, issues[1].GetProperty("count").GetInt64());
            Assert.AreEqual("reason 0x97", issues[1].GetProperty("detail").GetString(), "the newest case's facts");
            Assert.AreEqual("02aabbfffe0000a1.1.16", issues[1].GetProperty("subject").GetProperty("stream").GetString());
            Assert.AreEqual("failing", health.RootElement.GetProperty("status").GetString());
        }
    }

    [TestMethod]
    public void A_full_list_makes_place_for_what_is_graver_and_for_nothing_else()
    {
        Bench bench = new();
        HealthIssues issues = bench.Issues;
        for (int i = 0; i < HealthIssues.MaxIssues + 50; i++)
        {
            issues.Raise("G2148", HealthSubject.Pod((ulong)i + 1), string.Empty);
        }

        Assert.HasCount(HealthIssues.MaxIssues, issues.ToList());
        Assert.AreEqual(50, issues.Unlisted);
        issues.Raise("G2085", new HealthSubject(HealthSubjectKind.Disk, "journal"), string.Empty);
        Assert.HasCount(HealthIssues.MaxIssues, issues.ToList());
        Assert.AreEqual("G2085", issues.ToList()[0].Code);
    }

    [TestMethod]
    public void What_finds_no_place_in_the_list_is_told_once_and_its_end_too()
    {
        List<string> lines = [];
        HealthIssues issues = new((code, subject, _, _) => lines.Add(code + " " + subject.Name), () => new GatewayMoment(1, 1, GatewayMoment.NoUtc, 0));
        for (int i = 0; i < HealthIssues.MaxIssues; i++)
        {
            issues.Raise("G2148", HealthSubject.Pod((ulong)i + 1), string.Empty);
        }

        HealthSubject late = HealthSubject.Pod(9_999);
        for (int second = 0; second < 60; second++)
        {
            issues.Set(true, "G2148", late, string.Empty);
        }

        Assert.AreEqual(1, lines.Count(l => l == "G2148 " + late.Name), "told once, not each second");
        Assert.AreEqual(1, issues.Unlisted);
        issues.Clear("G2148", HealthSubject.Pod(1));
        issues.Set(true, "G2148", late, string.Empty);
        Assert.IsTrue(issues.Stands("G2148", late), "it gets a place when there is one");
        Assert.AreEqual(1, lines.Count(l => l == "G2148 " + late.Name));
        HealthSubject other = HealthSubject.Pod(10_000);
        issues.Set(true, "G2148", other, string.Empty);
        issues.Set(false, "G2148", other, string.Empty);
        issues.Set(false, "G2148", other, string.Empty);
        CollectionAssert.AreEqual(new[] { "G2148 " + other.Name, FaultCodes.HealthIssueEnded + " " + other.Name }, lines.Where(l => l.EndsWith(other.Name, StringComparison.Ordinal)).ToArray());
    }

    internal static JsonElement? Issue(Rig rig, string code)
    {
        using JsonDocument health = Health(rig);
        foreach (JsonElement issue in health.RootElement.GetProperty("issues").EnumerateArray())
        {
            if (issue.GetProperty("code").GetString() == code)
            {
                return issue.Clone();
            }
        }

        return null;
    }

    private static JsonDocument Health(Rig rig) => JsonDocument.Parse(HealthJson.Write(rig.Core.Snapshot(), "en"));

    private static string? Status(Rig rig)
    {
        using JsonDocument health = Health(rig);
        return health.RootElement.GetProperty("status").GetString();
    }

    private static int Lines(Rig rig, string code) => rig.Log.Count(l => l.Code == code);

    /// <summary>A pod that is connected and whose clock is known.</summary>
    private static TestClient Connected(Rig rig)
    {
        TestClient pod = rig.Pod(Rig.PodA);
        pod.Publish(Topics.Up(Rig.PodA), Frames.Join(rig.ClockFrame(Rig.PodA, 1, 1), Frames.Numeric(Rig.PodA, 1, 17, 1, rig.PodUs, 0)));
        rig.Require(() => pod.Waiting == 0, "the pod is connected");
        return pod;
    }

    /// <summary>Runs with a disk that has room for nothing more, whatever the journal gives up.</summary>
    private static void Full(Rig rig, Func<bool> fact, long us) => rig.RunUntil(
        () =>
        {
            rig.Disk.CapacityBytes = rig.Disk.UsedBytes;
            return fact();
        },
        us);

    private static void Feed(Rig rig, TestClient pod, uint epoch, int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            uint sequence = (uint)pod.Acknowledged.Count + (uint)pod.Waiting;
            pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, sequence, rig.PodUs, epoch));
            rig.Run(Second);
        }
    }

    private static TestClient Page(Rig rig, string name)
    {
        TestClient page = rig.Add(new TestClient("web.S1." + name, userName: "S1", password: rig.Core.LinkOf("S1").Token) { Transport = MqttTransport.WebSocket });
        page.Subscribe("cart/C1/session/S1/vital/+/+", rig.NowUs);
        return page;
    }

    /// <summary>The checks alone, on projections that the test fills.</summary>
    private sealed class Bench : IGatewayTime
    {
        private readonly SessionProjection _sessions = new(16);
        private readonly DeliveryProjection _delivery = new();
        private readonly GatewayClock _clock;

        public Bench()
        {
            GatewayOptions options = new() { CartId = "C1", GatewayId = Rig.Gateway };
            TimeProjection time = new(options.ClockDriftPpm, options.MaxUncertaintyUs);
            _clock = new GatewayClock(this);
            CodedLog log = new(null, _clock);
            Issues = new HealthIssues(log.WriteIssue, () => _clock.Now);
            Followers followers = new(_sessions, _clock, log, "cart/C1/", ListenerAccess.IsBedsidePage);
            PodChecks pods = new(new Pods(), _sessions, _delivery, time, Issues, _clock, log, options);
            SessionChecks session = new(_sessions, _delivery, new JournalReader(Journal), followers, Issues);
            Checks = new HealthChecks(() => Facts, pods, session, followers, Issues, _clock, log);
        }

        public long NowUs { get; set; } = Second;

        public UtcEstimate Utc => new(true, Rig.UtcStartUs + NowUs, 500);

        public StubJournal Journal { get; } = new();

        public HealthIssues Issues { get; }

        public HealthChecks Checks { get; }

        public HealthFacts Facts { get; private set; } = new(true, false, true, DiskStatus.Ok, null, true, 0, true, 0);

        public string[] Codes() => [.. Issues.ToList().Select(i => i.Code)];

        /// <summary>Looks once with other facts than the bench's.</summary>
        public void Look(HealthFacts facts, long nowUs)
        {
            HealthFacts before = Facts;
            Facts = facts;
            Checks.Look(nowUs);
            Facts = before;
        }

        public void Step()
        {
            NowUs += HealthChecks.PeriodUs;
            Checks.Step(NowUs);
        }

        public void OpenSession() => Apply(1, JournalRecordType.SessionOpened, RecordClass.Control, new SessionOpenedRecord(1, 7, _clock.Now, true, "S1").Encode());

        public void Frame(long index)
        {
            byte[] frame = Frames.Numeric(Rig.PodA, 1, 16, 1, 5, 7);
            byte[] record = new byte[FrameStamp.Length + frame.Length];
            new FrameStamp(1, BindingReason.ByEpoch, _clock.Now).Write(record, frame);
            Apply(index, JournalRecordType.Frame, RecordClass.Vital, record);
        }

        public void Sent(long index) => Apply(
            index + 1, JournalRecordType.SentMark, RecordClass.Control, SentMarkRecord.Encode([new SentEntry(1, new StreamKey(Rig.PodA, 1, 16), 1, index, 0, 0, false)]));

        private void Apply(long index, JournalRecordType type, RecordClass recordClass, byte[] payload)
        {
            JournalRecord record = new(index, (byte)type, recordClass, payload);
            _sessions.Apply(record);
            _delivery.Apply(record);
        }
    }

    private sealed class StubJournal : IJournal
    {
        public bool IsWritable => true;

        public JournalIntake Intake => JournalIntake.Everything;

        public string IntakeReason => string.Empty;

        public bool IsReserveMissing => false;

        public int RoomBytes => int.MaxValue;

        public int RecordOverhead => 0;

        public long LastIndex { get; set; }

        public long SyncedIndex => LastIndex;

        public void Open()
        {
        }

        public bool TryAppend(byte type, RecordClass recordClass, ReadOnlySpan<byte> payload, out long index, JournalPurpose purpose = JournalPurpose.Reading) => throw new NotSupportedException();

        public void BeginRead(long fromIndex, int classes, int maxBytes, long ticket) => throw new NotSupportedException();

        public void Release(int classes, long index)
        {
        }

        public void BeginClose(long ticket)
        {
        }

        public long Step(long nowUs) => long.MaxValue;
    }
}
