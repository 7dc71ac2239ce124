using System.Linq;
using EdgeGateway.Mqtt;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Commands;

/// <summary>The page on the cart sees the patient whatever the session's broker does.</summary>
[TestClass]
public sealed class BedsideViewTests
{
    private const string Vital = "cart/C1/session/S1/vital/02aabbfffe0000a1/16";

    [TestMethod]
    public void The_bedside_page_sees_each_reading_once_it_is_stored_while_the_broker_is_away_and_none_twice()
    {
        Rig rig = new(131, external: true);
        TestClient pod = rig.Pod(Rig.PodA);
        rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        TestClient page = rig.Add(new TestClient("web.S1.near-1", userName: "S1", password: rig.Core.LinkOf("S1").Token) { Transport = MqttTransport.WebSocket });
        rig.Require(() => page.Client.IsConnected, "the page is connected");

        // As the page does: at QoS 0, which makes nothing count as sent.
        page.Client.Subscribe("cart/C1/session/S1/vital/+/+", MqttQos.AtMostOnce, rig.NowUs);
        rig.Require(() => page.Subscriptions.Count == 1, "the page listens");
        rig.BrokerIsUp = false;
        rig.CutUplink();
        rig.Run(1_000_000);
        for (uint i = 1; i <= 5; i++)
        {
            pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
            rig.Run(1_000_000);
        }

        Assert.AreEqual(5, page.Received.Count(m => m.Topic == Vital), "seen beside the patient while nobody far away can");
        Assert.IsFalse(rig.Core.Snapshot().UplinkConnected);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void The_first_reading_of_a_stream_comes_to_the_bedside_page_once_though_nobody_remote_has_confirmed_it_yet(bool external)
    {
        Rig rig = new(133, external: external);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        TestClient page = rig.Page("S1");
        rig.Run(1_000_000);
        for (uint i = 1; i <= 3; i++)
        {
            pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
            rig.Run(1_000_000);
            Assert.AreEqual((int)i, doctor.Received.Count(m => m.Topic == Vital));
            Assert.AreEqual((int)i, page.Received.Count(m => m.Topic == Vital), "reading " + i);
        }
    }

    [TestMethod]
    public void A_value_of_a_backlog_is_neither_in_state_nor_in_set_and_the_state_says_how_old_its_values_are()
    {
        Rig rig = new(132);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        rig.Run(60_000_000);
        pod.Publish(Topics.Up(Rig.PodA), rig.ClockFrame(Rig.PodA, 1, 1));
        pod.Publish(Topics.Up(Rig.PodA), Frames.Join(
            Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs - 4_000_000, epoch),
            Frames.Numeric(Rig.PodA, 1, 50, 1, rig.PodUs - 31_000_000, epoch, value: 60, exponent: 0, mdc: MdcCodes.PulseRate)));
        rig.Require(() => doctor.Received.Any(m => m.Topic.EndsWith("/state", System.StringComparison.Ordinal) && m.Text.Contains("\"value\"")), "the state");
        Arrived state = doctor.Received.Last(m => m.Topic == "cart/C1/session/S1/state");
        using System.Text.Json.JsonDocument json = System.Text.Json.JsonDocument.Parse(state.Payload);
        Assert.AreEqual(1, json.RootElement.GetProperty("vitals").GetArrayLength(), state.Text);
        Assert.AreEqual(1, json.RootElement.GetProperty("agesMs").GetArrayLength());
        Assert.IsTrue(json.RootElement.GetProperty("agesMs")[0].GetInt64() is >= 4_000 and < 6_000, state.Text);
        Assert.IsTrue(doctor.Received.Any(m => m.Topic.EndsWith("/50", System.StringComparison.Ordinal)), "the old value was sent as a reading");
        Assert.IsFalse(doctor.Received.Any(m => m.Topic.EndsWith("/state", System.StringComparison.Ordinal) && m.Text.Contains("149530")));
        Assert.IsFalse(doctor.Received.Any(m => m.Topic.EndsWith("/set", System.StringComparison.Ordinal) && m.Text.Contains("149530")));
    }
}
