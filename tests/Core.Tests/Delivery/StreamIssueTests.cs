using System;
using System.Linq;
using System.Text.Json;
using Core.Tests.Health;
using EdgeGateway.Faults;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Delivery;

/// <summary>What a broker refuses of one stream is one issue of that stream, by its newest reason, and one event to the session for each reason.</summary>
[TestClass]
public sealed class StreamIssueTests
{
    private static readonly string s_place = Topics.DeviceText(Rig.PodA);

    [TestMethod]
    public void A_streams_issue_names_stream_session_reason_and_reading_and_ends_when_it_is_taken()
    {
        Rig rig = new(191, external: true);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        rig.Require(() => doctor.Subscriptions.Count > 0 && rig.Core.Snapshot().UplinkConnected, "the doctor listens");
        byte answer = 0x99;
        rig.Foreign.Answer = (topic, _) => topic.EndsWith("/vital/" + s_place + "/16", StringComparison.Ordinal) ? answer : (byte)0;
        pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        rig.Require(() => HealthTests.Issue(rig, FaultCodes.DeliveryPayloadFormatRefused) is not null, "refused");
        StringAssert.Contains(HealthTests.Issue(rig, FaultCodes.DeliveryPayloadFormatRefused)!.Value.GetRawText(), s_place + ".1.16");
        Assert.IsTrue(Logged(rig, FaultCodes.DeliveryPayloadFormatRefused, "session S1: reason 0x99, payload format invalid, reading " + s_place + ".1.16.1"), rig.LogText());
        rig.Run(3_000_000);
        Assert.AreEqual(1, Events(doctor, FaultCodes.DeliveryPayloadFormatRefused), "told to the session once");

        // Another reason takes the place of the first.
        answer = 0x87;
        pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, 2, rig.PodUs, epoch));
        rig.Require(() => HealthTests.Issue(rig, FaultCodes.DeliveryTopicNotAuthorized) is not null, "refused otherwise");
        Assert.IsNull(HealthTests.Issue(rig, FaultCodes.DeliveryPayloadFormatRefused));
        Assert.IsTrue(Logged(rig, FaultCodes.DeliveryTopicNotAuthorized, "session S1: reason 0x87, not authorized, reading " + s_place + ".1.16.2"), rig.LogText());
        rig.Run(10_000_000);
        Assert.AreEqual(1, Events(doctor, FaultCodes.DeliveryTopicNotAuthorized), "however often it is tried");
        Assert.AreEqual(1, Events(doctor, FaultCodes.DeliveryPayloadFormatRefused));

        answer = 0;
        pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, 3, rig.PodUs, epoch));
        rig.Require(() => HealthTests.Issue(rig, FaultCodes.DeliveryTopicNotAuthorized) is null, "taken", 300_000_000);
        answer = 0x87;
        pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, 4, rig.PodUs, epoch));
        rig.Require(() => Events(doctor, FaultCodes.DeliveryTopicNotAuthorized) == 2, "a new refusal is told anew");
    }

    [TestMethod]
    public void What_is_refused_of_the_gateways_own_frames_makes_no_event_of_it()
    {
        Rig rig = new(192, external: true);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        rig.Require(() => doctor.Subscriptions.Count > 0 && rig.Core.Snapshot().UplinkConnected, "the doctor listens");
        string own = Topics.DeviceText(Rig.Gateway);
        rig.Foreign.Answer = (topic, _) => topic.Contains("/" + own + "/", StringComparison.Ordinal) ? (byte)0x99 : (byte)0;

        // A gap in the pod's numbers becomes an event and a gap record of the gateway.
        byte[] wrong = Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch);
        wrong[^1] ^= 1;
        pod.Publish(Topics.Up(Rig.PodA), wrong);
        rig.Run(20_000_000);
        Assert.IsTrue(Logged(rig, FaultCodes.DeliveryPayloadFormatRefused, own), rig.LogText());
        Assert.AreEqual(0, Events(doctor, FaultCodes.DeliveryPayloadFormatRefused));
        rig.Foreign.Answer = null;
        pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, 2, rig.PodUs, epoch));
        rig.Run(20_000_000);
        Assert.AreEqual(0, Events(doctor, FaultCodes.DeliveryPayloadFormatRefused));
    }

    private static bool Logged(Rig rig, string code, string what) => rig.Log.Any(e => e.Code == code && e.What.Contains(what, StringComparison.Ordinal));

    private static int Events(TestClient doctor, string code) =>
        doctor.Received.Where(m => m.Topic.StartsWith("cart/C1/session/S1/event/", StringComparison.Ordinal) && m.ContentType == "application/json")
            .Count(m => JsonDocument.Parse(m.Payload).RootElement.GetRawText().Contains("\"" + code + "\"", StringComparison.Ordinal));
}
