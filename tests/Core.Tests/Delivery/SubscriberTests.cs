using System;
using System.Linq;
using Core.Tests.Health;
using EdgeGateway.Mqtt;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Delivery;

/// <summary>Who subscribes gets each reading once, and at once when he comes back.</summary>
[TestClass]
public sealed class SubscriberTests
{
    private static readonly string s_vital = "cart/C1/session/S1/vital/" + Topics.DeviceText(Rig.PodA) + "/16";

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Beside_a_doctor_who_takes_a_stream_the_page_sees_each_reading_of_it_once(bool external)
    {
        Rig rig = new(171, external: external);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        rig.Require(() => doctor.Subscriptions.Count > 0 && rig.Core.Snapshot().UplinkConnected, "the doctor listens");

        // Before the first answer nobody knows that the stream is taken; the page is shown it all the same.
        pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 1, "the stream is taken");
        TestClient page = rig.Page("S1");
        for (uint i = 2; i <= 6; i++)
        {
            pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
            rig.Run(500_000);
        }

        Assert.AreEqual(6, doctor.Received.Count(m => m.Topic == s_vital), "the doctor");
        Assert.AreEqual(5, page.Received.Count(m => m.Topic == s_vital), "the page");
    }

    [TestMethod]
    public void Whoever_comes_back_with_his_subscriptions_gets_what_waited_without_a_probes_pause()
    {
        Rig rig = new(172, options: o => o with { ProbeUs = 60_000_000 });
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Add(new TestClient("doctor", MqttVersion.V5, sessionExpirySeconds: 0));
        uint epoch = rig.OpenSession("S1");
        pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        rig.Run(2_000_000);
        Assert.AreEqual(0, rig.Stream(Rig.PodA, 1, 16).Sent);
        doctor.Subscribe("cart/C1/session/S1/#", rig.NowUs);
        rig.Run(500_000);
        Assert.AreEqual(1, doctor.Received.Count(m => m.Topic == s_vital));
    }

    [TestMethod]
    public void That_nobody_subscribes_is_an_issue_and_over_when_somebody_takes_a_reading()
    {
        Rig rig = new(173);
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        rig.Run(2_000_000);
        string issue = HealthTests.Issue(rig, "G2404")!.Value.GetRawText();
        StringAssert.Contains(issue, "\"session\":\"S1\"");
        TestClient doctor = rig.Doctor();
        rig.Require(() => doctor.Received.Any(m => m.Topic == s_vital), "it is taken");
        rig.Run(1_000_000);
        Assert.IsNull(HealthTests.Issue(rig, "G2404"));
    }
}
