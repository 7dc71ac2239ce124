using System;
using System.Linq;
using System.Text;
using EdgeGateway.Core;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Delivery;

/// <summary>Wrong frames, topics and commands each end in a coded entry with its place, and the catalogue gives the cause and the next step.</summary>
[TestClass]
public sealed class RefusalTests
{
    public static System.Collections.Generic.IEnumerable<object[]> WrongFrames()
    {
        byte[] good = Frames.Numeric(Rig.PodA, 1, 16, 1, 5, 0);
        yield return ["one byte", new byte[] { 1 }];
        yield return ["half a header", good[..20]];
        yield return ["no checksum", good[..^4]];
        yield return ["a flipped bit in the body", Flip(good, 40)];
        yield return ["a flipped bit in the header", Flip(good, 24)];
        yield return ["a flipped bit in the checksum", Flip(good, good.Length - 1)];
        yield return ["version 0", Frames.Make(FrameKind.Numeric, new byte[16], Rig.PodA, 1, 16, 1, 5, 0, version: 0)];
        yield return ["sequence 0", Frames.Numeric(Rig.PodA, 1, 16, 0, 5, 0)];
        yield return ["another device's frame", Frames.Numeric(Rig.PodB, 1, 16, 1, 5, 0)];
        yield return ["bytes after the frame", Frames.Join(good, [9, 9, 9])];
        yield return ["a message longer than allowed", new byte[Frame.MaxMessageLength + 1]];
        yield return ["text", Encoding.UTF8.GetBytes("{\"temperature\":36.6}")];
    }

    [TestMethod]
    [DynamicData(nameof(WrongFrames))]
    public void A_wrong_frame_is_acknowledged_and_named(string what, byte[] payload)
    {
        Rig rig = new(51);
        TestClient pod = rig.Pod(Rig.PodA);
        pod.Publish(Topics.Up(Rig.PodA), payload);
        rig.Require(() => pod.Waiting == 0, what + " must not make the pod loop for ever");
        GatewayLogEntry entry = rig.Log.Single(l => l.Code is "G2201" or "G2202");
        StringAssert.Contains(entry.What, Topics.DeviceText(Rig.PodA), "the place: " + entry.What);
        AssertNextStep(entry.Code);
        Assert.AreEqual(1, rig.Core.Snapshot().Counters.RefusedParts, what);
    }

    [TestMethod]
    [DataRow("pod-02aabbfffe0000a1", "pod/02aabbfffe0000b2/up", DisplayName = "another pod's readings")]
    [DataRow("pod-02aabbfffe0000a1", "pod/02aabbfffe0000a1/cmd", DisplayName = "a pod commands itself")]
    [DataRow("pod-02aabbfffe0000a1", "pod/02aabbfffe0000a1/time/reply", DisplayName = "a pod answers its own clock")]
    [DataRow("pod-02aabbfffe0000a1", "cart/C1/session/S1/vital/02aabbfffe0000a1/16", DisplayName = "a pod goes past the gateway")]
    [DataRow("pod-02aabbfffe0000a1", "anything", DisplayName = "a pod elsewhere")]
    [DataRow("doctor", "pod/02aabbfffe0000a1/up", DisplayName = "a consumer plays a pod")]
    [DataRow("doctor", "pod/02aabbfffe0000a1/cmd", DisplayName = "a consumer commands a pod")]
    [DataRow("doctor", "cart/C1/session/S1/vital/02aabbfffe0000a1/16", DisplayName = "a consumer invents a reading")]
    [DataRow("doctor", "cart/C1/session/S1/state", DisplayName = "a consumer invents the state")]
    [DataRow("doctor", "cart/C2/command/session", DisplayName = "another cart's commands")]
    [DataRow("doctor", "cart/C1/session/S1/vital", DisplayName = "a topic cut short")]
    public void A_wrong_topic_is_refused_with_its_code_and_place(string clientId, string topic)
    {
        Rig rig = new(52);
        TestClient client = rig.Add(new TestClient(clientId));
        client.Publish(topic, Encoding.UTF8.GetBytes("x"));
        rig.Require(() => rig.Log.Any(l => l.Code == "G2101"), topic);
        GatewayLogEntry entry = rig.Log.First(l => l.Code == "G2101");
        StringAssert.Contains(entry.What, topic);
        StringAssert.Contains(entry.What, clientId);
        AssertNextStep(entry.Code);
        Assert.IsGreaterThan(0, rig.Core.Snapshot().Counters.AccessRefused);
        Assert.HasCount(0, rig.Core.Snapshot().Streams.ToArray(), "nothing was taken in");
    }

    [TestMethod]
    public void A_command_with_a_response_topic_is_answered_there_with_its_correlation()
    {
        Rig rig = new(53);
        TestClient stethoscope = rig.Doctor("desk");
        byte[] correlation = [1, 2, 3];
        stethoscope.Publish(
            "cart/C1/command/session",
            Encoding.UTF8.GetBytes("{\"command\":\"open\",\"session\":\"S1\",\"id\":\"r1\"}"),
            new MqttPublishProperties { ResponseTopic = "cart/C1/reply/desk-7", CorrelationData = correlation });
        rig.Require(() => stethoscope.Received.Any(m => m.Topic == "cart/C1/reply/desk-7"), "answered");
        Arrived answer = stethoscope.Received.Single(m => m.Topic == "cart/C1/reply/desk-7");
        StringAssert.Contains(answer.Text, "\"ok\":true");
        CollectionAssert.AreEqual(correlation, answer.Properties!.CorrelationData.ToArray());

        stethoscope.Publish(
            "cart/C1/command/session",
            Encoding.UTF8.GetBytes("{\"command\":\"open\",\"session\":\"S2\",\"id\":\"r2\"}"),
            new MqttPublishProperties { ResponseTopic = "pod/02aabbfffe0000a1/cmd", CorrelationData = correlation });
        rig.Require(() => stethoscope.Received.Any(m => m.Topic == "cart/C1/reply/r2"), "an answer never leaves the cart's replies");
    }

    private static void AssertNextStep(string code)
    {
        FaultEntry entry = FaultCatalogue.Default[code];
        Assert.AreNotEqual(string.Empty, entry.Means.In("en"));
        Assert.AreNotEqual(string.Empty, entry.Do.In("en"));
        Assert.AreNotEqual(string.Empty, entry.Do.In("fr"));
    }

    private static byte[] Flip(byte[] frame, int at)
    {
        byte[] wrong = (byte[])frame.Clone();
        wrong[at] ^= 0x10;
        return wrong;
    }
}
