using System;
using System.Linq;
using EdgeGateway.Mqtt;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Retained;

/// <summary>What the page beside the patient finds when it opens, with a broker elsewhere that is there or away.</summary>
[TestClass]
public sealed class BedsidePageTests
{
    private const string State = "cart/C1/session/S1/state";
    private const string Set = "cart/C1/session/S1/set";
    private const string Value = "\"value\":36.62";

    [TestMethod]
    [DataRow(true, DisplayName = "the broker takes them")]
    [DataRow(false, DisplayName = "the broker is away")]
    public void A_page_that_opens_later_finds_the_last_values_at_once(bool isUp)
    {
        Rig rig = new(141, external: true);
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        rig.Require(() => rig.Core.Snapshot().UplinkConnected, "the broker is reached");
        pod.Publish(Topics.Up(Rig.PodA), rig.ClockFrame(Rig.PodA, 1, 1));
        if (!isUp)
        {
            rig.BrokerIsUp = false;
            rig.CutUplink();
            rig.Run(1_000_000);
        }

        pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        rig.Run(3_000_000);
        TestClient page = Page(rig);
        rig.Run(20_000);
        foreach (string topic in new[] { State, Set })
        {
            Arrived? kept = page.Received.FirstOrDefault(m => m.Topic == topic);
            Assert.IsNotNull(kept, topic + " is there when the page opens");
            Assert.IsTrue(kept.Retain);
            StringAssert.Contains(kept.Text, Value);
        }

        Assert.AreEqual(isUp, rig.Core.Snapshot().UplinkConnected);
    }

    [TestMethod]
    public void While_the_broker_is_away_an_open_page_gets_each_new_value()
    {
        Rig rig = new(142, external: true);
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        TestClient page = Page(rig);
        pod.Publish(Topics.Up(Rig.PodA), rig.ClockFrame(Rig.PodA, 1, 1));
        rig.BrokerIsUp = false;
        rig.CutUplink();
        rig.Run(1_000_000);
        for (uint i = 1; i <= 3; i++)
        {
            pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch, value: 3600 + (int)i));
            string value = FormattableString.Invariant($"\"value\":{36.00m + (i / 100m)}");
            rig.Require(() => page.Received.Any(m => m.Topic == State && m.Text.Contains(value)) && page.Received.Any(m => m.Topic == Set && m.Text.Contains(value)), value);
        }
    }

    [TestMethod]
    public void A_value_whose_age_is_not_known_is_no_last_value()
    {
        Rig rig = new(143);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");

        // Of boot 2 no clock exchange has been seen: the reading may be of any age.
        pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 2, 16, 1, 5_000_000, epoch, flags: FrameFlags.FromStorage));
        rig.Require(() => doctor.Received.Any(m => m.Topic.EndsWith("/vital/02aabbfffe0000a1/16", StringComparison.Ordinal)), "it is sent as a reading");
        rig.Run(3_000_000);
        Assert.IsFalse(doctor.Received.Any(m => (m.Topic == State || m.Topic == Set) && m.Text.Contains(Value)));
        pod.Publish(Topics.Up(Rig.PodA), rig.ClockFrame(Rig.PodA, 1, 1));
        pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        rig.Require(() => doctor.Received.Any(m => m.Topic == State && m.Text.Contains(Value)), "one of known age is");
    }

    private static TestClient Page(Rig rig)
    {
        TestClient page = rig.Add(new TestClient("web.S1.near-1", userName: "S1", password: rig.Core.LinkOf("S1").Token) { Transport = MqttTransport.WebSocket });
        rig.Require(() => page.Client.IsConnected, "the page is connected");
        page.Client.Subscribe(State, MqttQos.AtMostOnce, rig.NowUs);
        page.Client.Subscribe(Set, MqttQos.AtMostOnce, rig.NowUs);
        rig.Require(() => page.Subscriptions.Count == 2, "the page listens");
        return page;
    }
}
