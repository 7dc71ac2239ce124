using System.Linq;
using System.Text.Json;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests;

/// <summary>The whole way once, with every real part.</summary>
[TestClass]
public sealed class DataPathTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_reading_reaches_the_sessions_subscriber_as_json_and_a_wave_as_it_is(bool external)
    {
        Rig rig = new(1, external: external);
        TestClient pod = rig.Pod(Rig.PodA);
        pod.Subscribe(Topics.Command(Rig.PodA), rig.NowUs);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        rig.Require(() => pod.Received.Any(m => m.Payload.Length == 8 && m.Payload[4..8].SequenceEqual(System.BitConverter.GetBytes(epoch))), "the pod is given the epoch");

        pod.Publish(Topics.Up(Rig.PodA), rig.ClockFrame(Rig.PodA, 1, 1));
        byte[] vital = Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch);
        byte[] wave = Frames.Wave(Rig.PodA, 1, 32, 1, rig.PodUs, epoch);
        pod.Publish(Topics.Up(Rig.PodA), Frames.Join(vital, wave));
        string root = "cart/C1/session/S1/";
        string place = Topics.DeviceText(Rig.PodA);
        rig.Require(() => doctor.Received.Any(m => m.Topic == root + "wave/" + place + "/32"), "the wave arrives");

        Arrived json = doctor.Received.Single(m => m.Topic == root + "vital/" + place + "/16");
        using JsonDocument document = JsonDocument.Parse(json.Payload);
        Assert.AreEqual("36.62", document.RootElement.GetProperty("value").GetRawText());
        Assert.AreEqual("exchange", document.RootElement.GetProperty("time").GetProperty("method").GetString());
        Arrived binary = doctor.Received.Single(m => m.Topic == root + "wave/" + place + "/32");
        CollectionAssert.AreEqual(wave, binary.Payload);
        Assert.AreEqual("application/vnd.cart.frame", binary.ContentType);
        Assert.IsTrue(doctor.Received.Any(m => m.Topic == root + "wave/" + place + "/32/description"), "the stream is described");

        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 1 && rig.Core.Snapshot().InFlight == 0, "both are marked as sent");
        Assert.AreEqual(2, pod.Acknowledged.Count);
    }
}
