using System;
using System.Linq;
using System.Text;
using EdgeGateway.Core.Access;
using EdgeGateway.Mqtt;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Access;

/// <summary>What a listener over WebSocket may do, with the real core, journal and server under virtual time.</summary>
[TestClass]
public sealed class ListenerAccessTests
{
    private const byte ClientIdNotValid = 0x85;
    private const byte BadUserNameOrPassword = 0x86;
    private const byte NotAuthorised = 0x87;
    private const byte AdministrativeAction = 0x98;

    [TestMethod]
    public void A_listener_with_its_token_hears_its_session()
    {
        Rig rig = new();
        uint epoch = rig.OpenSession("S1");
        TestClient listener = Listener(rig, "S1", Token(rig, "S1"));
        listener.Subscribe("cart/C1/session/S1/#", rig.NowUs);
        rig.Require(() => listener.Subscriptions.Any(s => s.Reason == 1), "the subscription is granted");
        TestClient pod = rig.Pod(Rig.PodA);
        pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        rig.Require(() => listener.Received.Any(m => m.Topic == "cart/C1/session/S1/vital/" + Topics.DeviceText(Rig.PodA) + "/16"), "the vital arrives");
    }

    [TestMethod]
    public void The_token_of_another_session_a_wrong_one_and_none_are_refused()
    {
        Rig rig = new();
        rig.OpenSession("S1");
        string other = Token(rig, "S1");
        rig.CloseSession("S1");
        rig.OpenSession("S2");
        Assert.AreEqual(BadUserNameOrPassword, Refusal(rig, "S2", other));
        Assert.AreEqual(BadUserNameOrPassword, Refusal(rig, "S2", new string('A', 43)));
        Assert.AreEqual(BadUserNameOrPassword, Refusal(rig, "S2", ""));
        Assert.AreEqual(BadUserNameOrPassword, Refusal(rig, "S3", other));
        Assert.IsTrue(rig.Log.Count(l => l.Code == "G2113") >= 4, rig.LogText());
        Assert.IsFalse(rig.LogText().Contains(other, StringComparison.Ordinal), "a token is never logged");
    }

    [TestMethod]
    [DataRow("pod-02aabbfffe0000a1")]
    [DataRow("doctor")]
    [DataRow("web.S2.page")]
    [DataRow("web.S")]
    public void A_listener_has_no_client_identifier_but_of_its_own_session(string clientId)
    {
        Rig rig = new();
        rig.OpenSession("S1");
        TestClient listener = rig.Add(new TestClient(clientId, userName: "S1", password: Token(rig, "S1")) { Transport = MqttTransport.WebSocket });
        rig.Require(() => listener.Losses > 0, "refused");
        Assert.AreEqual(ClientIdNotValid, listener.LostReason);
    }

    [TestMethod]
    public void A_listeners_client_identifier_is_refused_without_a_web_socket()
    {
        Rig rig = new();
        rig.OpenSession("S1");
        TestClient client = rig.Add(new TestClient("web.S1.page", userName: "S1", password: Token(rig, "S1")));
        rig.Require(() => client.Losses > 0, "refused");
        Assert.AreEqual(ClientIdNotValid, client.LostReason);
    }

    [TestMethod]
    [DataRow("#")]
    [DataRow("cart/C1/#")]
    [DataRow("cart/C1/session/+/vital/+/+")]
    [DataRow("cart/C1/session/S2/#")]
    [DataRow("cart/C1/session/S1")]
    [DataRow("cart/C2/session/S1/#")]
    [DataRow("cart/C1/reply/#")]
    [DataRow("pod/#")]
    public void A_listener_may_not_subscribe_outside_its_session(string filter)
    {
        Rig rig = new();
        rig.OpenSession("S1");
        TestClient listener = Listener(rig, "S1", Token(rig, "S1"));
        listener.Subscribe(filter, rig.NowUs);
        rig.Require(() => listener.Subscriptions.Count == 1, "answered");
        Assert.AreEqual(NotAuthorised, listener.Subscriptions[0].Reason);
    }

    [TestMethod]
    [DataRow("cart/C1/command/session", """{"command":"close","session":"S1","id":"x"}""", false)]
    [DataRow("cart/C1/session/S2/receipt", """{"consumer":"web-page","streams":[]}""", false)]
    [DataRow("cart/C1/session/S1/state", "{}", false)]
    [DataRow("cart/C1/session/S1/vital/02aabbfffe0000a1/16", "{}", false)]
    [DataRow("pod/02aabbfffe0000a1/up", "x", false)]
    [DataRow("cart/C1/session/S1/receipt", """{"consumer":"doctor","streams":[]}""", false)]
    [DataRow("cart/C1/session/S1/replay", """{"consumer":"doctor","id":"r1"}""", false)]
    [DataRow("cart/C1/session/S1/receipt", """{"consumer":"web-page","streams":[]}""", true)]
    [DataRow("cart/C1/session/S1/replay", """{"consumer":"web-page","id":"r1"}""", true)]
    public void A_listener_publishes_its_own_receipts_and_replay_requests_and_nothing_else(string topic, string payload, bool allowed)
    {
        Rig rig = new();
        rig.OpenSession("S1");
        TestClient listener = Listener(rig, "S1", Token(rig, "S1"));
        rig.Require(() => listener.Client.IsConnected, "connected");
        long refusedBefore = rig.Core.Snapshot().Counters.AccessRefused;
        listener.Publish(topic, Encoding.UTF8.GetBytes(payload));
        rig.Require(() => listener.Acknowledged.Count == 1, "answered");
        Assert.AreEqual(allowed ? 0 : 1, rig.Core.Snapshot().Counters.AccessRefused - refusedBefore, rig.LogText());
        Assert.AreEqual(!allowed, rig.Log.Any(l => l.Code == "G2114"), rig.LogText());
        Assert.IsTrue(rig.Session("S1").IsOpen);
    }

    [TestMethod]
    public void A_listener_stays_for_the_grace_after_the_close_and_is_then_cut()
    {
        Rig rig = new();
        rig.OpenSession("S1");
        string token = Token(rig, "S1");
        TestClient listener = Listener(rig, "S1", token);
        rig.Require(() => listener.Client.IsConnected, "connected");
        rig.CloseSession("S1");
        long closedUs = rig.NowUs;
        rig.Run(ListenerTokens.GraceUs - 5_000_000);
        Assert.IsTrue(listener.Client.IsConnected, "within the grace");
        TestClient late = Listener(rig, "S1", token, "late");
        rig.Require(() => late.Client.IsConnected, "within the grace a listener may come back");
        rig.Require(() => listener.Losses > 0 && late.Losses > 0, "cut");
        Assert.IsTrue(rig.NowUs - closedUs is > ListenerTokens.GraceUs - 1_000_000 and < ListenerTokens.GraceUs + 1_000_000);
        Assert.AreEqual(AdministrativeAction, listener.LostReason);
        Assert.AreEqual(NotAuthorised, Refusal(rig, "S1", token));
        Assert.AreEqual("G2117", rig.Core.LinkOf("S1").Code);
    }

    [TestMethod]
    public void A_closed_session_is_over_after_a_restart_and_an_open_one_goes_on_with_its_token()
    {
        Rig rig = new();
        rig.OpenSession("S1");
        string closed = Token(rig, "S1");
        rig.CloseSession("S1");
        rig.OpenSession("S2");
        string open = Token(rig, "S2");
        rig.Kill();
        rig.Begin();
        Assert.AreEqual(open, Token(rig, "S2"));
        TestClient listener = Listener(rig, "S2", open);
        rig.Require(() => listener.Client.IsConnected, "admitted");
        Assert.AreEqual(NotAuthorised, Refusal(rig, "S1", closed));
    }

    [TestMethod]
    public void Listeners_are_bounded_and_one_that_left_makes_room()
    {
        Rig rig = new();
        rig.OpenSession("S1");
        string token = Token(rig, "S1");
        TestClient[] listeners = Enumerable.Range(0, EndpointLimits.MaxListenersPerToken).Select(i => Listener(rig, "S1", token, "p" + i)).ToArray();
        rig.Require(() => listeners.All(l => l.Client.IsConnected), "as many as the bound are admitted");
        Assert.AreEqual(0x97, Refusal(rig, "S1", token));
        Assert.IsTrue(rig.Log.Any(l => l.Code == "G2115"));
        rig.Disconnect(listeners[3]);
        TestClient next = Listener(rig, "S1", token, "next");
        rig.Require(() => next.Client.IsConnected, "there is room again");
    }

    [TestMethod]
    public void With_an_external_broker_the_carts_own_page_hears_a_copy_that_settles_nothing()
    {
        Rig rig = new(1, external: true);
        uint epoch = rig.OpenSession("S1");
        TestClient page = Listener(rig, "S1", Token(rig, "S1"));
        page.Subscribe("cart/C1/session/S1/#", rig.NowUs);
        TestClient pod = rig.Pod(Rig.PodA);
        pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        rig.Require(() => page.Received.Any(m => m.Topic.Contains("/vital/", StringComparison.Ordinal)), "the page hears the vital");
        rig.Run(3_000_000);
        Assert.AreEqual(0, rig.Stream(Rig.PodA, 1, 16).Sent, "nobody at the broker has it: it is not sent");
        TestClient doctor = rig.Doctor();
        rig.Require(() => doctor.Received.Any(m => m.Topic.Contains("/vital/", StringComparison.Ordinal)), "the doctor gets it");
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 1, "now it is sent");
    }

    private static string Token(Rig rig, string session)
    {
        ListenerLink link = rig.Core.LinkOf(session);
        Assert.IsNull(link.Code, link.Text);
        return link.Token;
    }

    private static TestClient Listener(Rig rig, string session, string token, string name = "page") =>
        rig.Add(new TestClient("web." + session + "." + name, userName: session, password: token) { Transport = MqttTransport.WebSocket });

    private static byte Refusal(Rig rig, string session, string token)
    {
        TestClient client = Listener(rig, session, token, "refused");
        rig.Require(() => client.Losses > 0, "refused");
        return client.LostReason;
    }
}
