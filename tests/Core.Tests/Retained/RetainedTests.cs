using System;
using System.Linq;
using System.Text.Json;
using EdgeGateway.Core;
using EdgeGateway.Journal;
using Firmware.Core;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Retained;

/// <summary>What a doctor who joins late sees, and what damage on the disk becomes.</summary>
[TestClass]
public sealed class RetainedTests
{
    [TestMethod]
    public void A_late_doctor_sees_the_last_vitals_in_clinical_order_and_never_an_old_one()
    {
        Rig rig = new(31);
        TestClient pod = rig.Pod(Rig.PodA);
        rig.Doctor("first");
        uint epoch = rig.OpenSession("S1");
        rig.Run(50_000_000);
        pod.Publish(Topics.Up(Rig.PodA), rig.ClockFrame(Rig.PodA, 1, 1));
        pod.Publish(Topics.Up(Rig.PodA), Frames.Join(
            Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch),
            Frames.Numeric(Rig.PodA, 1, 49, 1, rig.PodUs, epoch, value: 97, exponent: 0, mdc: MdcCodes.OxygenSaturation),
            Frames.Numeric(Rig.PodA, 1, 50, 1, rig.PodUs - 40_000_000, epoch, value: 60, exponent: 0, mdc: MdcCodes.PulseRate)));
        rig.Require(() => rig.Stream(Rig.PodA, 1, 50).Sent == 1 && rig.Core.Snapshot().InFlight == 0, "sent");
        rig.Run(2_000_000);

        TestClient late = rig.Doctor("late");
        rig.Require(() => late.Received.Any(m => m.Topic == "cart/C1/session/S1/set" && m.Retain), "the set is retained");
        Arrived state = late.Received.Last(m => m.Topic == "cart/C1/session/S1/state");
        Arrived set = late.Received.Last(m => m.Topic == "cart/C1/session/S1/set");
        Assert.AreEqual(30u, state.Properties!.MessageExpirySeconds is { } left && left is > 25 and <= 30 ? 30u : 0u);
        int[] codes = [.. JsonDocument.Parse(set.Payload).RootElement.GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("code").GetProperty("mdc").GetInt32())];
        CollectionAssert.AreEqual(new[] { 150456, 150388 }, codes, "saturation before temperature, and nothing measured 40 s ago");
        Assert.IsTrue(late.Received.Any(m => m.Topic == "cart/C1/session/S1/device/" + Topics.DeviceText(Rig.PodA)), "the device is described");

        rig.Run(35_000_000);
        Arrived later = late.Received.Last(m => m.Topic == "cart/C1/session/S1/state");
        Assert.AreEqual(0, JsonDocument.Parse(later.Payload).RootElement.GetProperty("vitals").GetArrayLength(), "after 30 s without a new value none is shown");
        rig.CloseSession("S1");
        rig.Require(() => late.Received.Last(m => m.Topic == "cart/C1/session/S1/state").Text.Contains("\"open\":false"), "the close is told");
    }

    [TestMethod]
    public void A_questionable_saturation_is_shown_and_does_not_become_a_row_of_the_set_nor_leave_the_one_before_there()
    {
        Rig rig = new(36);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        rig.Run(20_000_000);
        pod.Publish(Topics.Up(Rig.PodA), rig.ClockFrame(Rig.PodA, 1, 1));
        CollectionAssert.AreEqual(new[] { 150456 }, Taken(1, 972, OximetryStatus.Uncalibrated));
        CollectionAssert.AreEqual(Array.Empty<int>(), Taken(2, 864, OximetryStatus.Uncalibrated | OximetryStatus.Questionable));
        StringAssert.Contains(doctor.Received.Last(m => m.Topic == "cart/C1/session/S1/state").Text, "\"value\":86.4");
        CollectionAssert.AreEqual(new[] { 150456 }, Taken(3, 931, OximetryStatus.Uncalibrated));

        int[] Taken(uint sequence, int tenths, int status)
        {
            byte[] body = new byte[NumericBody.LengthWithRatioAndStatus];
            NumericBody.Write(body, 0, MdcCodes.OxygenSaturation, tenths, -1, AbsenceReason.None, 90, 8_000);
            OximetryStatus.WriteBesideRatio(body, 0, status);
            pod.Publish(Topics.Up(Rig.PodA), Frames.Make(FrameKind.Numeric, body, Rig.PodA, 1, Streams.OxygenSaturation, sequence, rig.PodUs, epoch, 0));
            rig.Require(() => rig.Stream(Rig.PodA, 1, Streams.OxygenSaturation).Sent == sequence && rig.Core.Snapshot().InFlight == 0, "sent");
            rig.Run(6_000_000);
            using JsonDocument set = JsonDocument.Parse(doctor.Received.Last(m => m.Topic == "cart/C1/session/S1/set").Payload);
            return [.. set.RootElement.GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("code").GetProperty("mdc").GetInt32())];
        }
    }

    [TestMethod]
    public void Damage_on_the_disk_becomes_gaps_and_the_rest_arrives()
    {
        Rig rig = new(32, null, new JournalOptions { SegmentBytes = 8192, MaxPayloadBytes = 2048, QuotaBytes = 1024 * 1024, CheckpointBytes = 16 * 1024 });
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 400; i++)
        {
            pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
        }

        rig.Require(() => pod.Waiting == 0, "stored");
        string[] segments = [.. rig.Disk.Files.Where(f => f.StartsWith("segment", StringComparison.Ordinal) && rig.Disk.Contents(f).Length > 4096)];
        Assert.IsTrue(segments.Length > 3, string.Join(' ', rig.Disk.Files));
        rig.Disk.FlipBit(segments[1], 3000 * 8);
        rig.Kill();
        TestClient doctor = rig.Doctor();
        rig.Require(() => rig.Session("S1").Pending == 0, "all sent or declared");
        StreamHealth stream = rig.Stream(Rig.PodA, 1, 16);
        Assert.IsTrue(stream.Dropped > 0, "the damage took something: " + stream.Dropped);
        Assert.AreEqual(400, stream.Sent + stream.Dropped);
        rig.Require(() => doctor.Received.Any(m => m.Text.Contains("\"cause\":\"storeDamaged\"")), "the session is told");
        long declared = doctor.Received.Where(m => m.Text.Contains("\"cause\":\"storeDamaged\""))
            .Sum(m => JsonDocument.Parse(m.Payload).RootElement.GetProperty("lost").GetProperty("count").GetInt64());
        Assert.AreEqual(stream.Dropped, declared);
    }

    [TestMethod]
    public void The_external_brokers_outage_keeps_everything_and_resumes_in_order()
    {
        Rig rig = new(33, external: true);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        uint sequence = 0;
        for (int outage = 0; outage < 5; outage++)
        {
            for (int i = 0; i < 100; i++)
            {
                pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, ++sequence, rig.PodUs, epoch));
            }

            rig.Run(20_000);
            rig.BrokerIsUp = false;
            rig.CutUplink();
            rig.Run(20_000_000);
            Assert.IsFalse(rig.Core.Snapshot().UplinkConnected);
            rig.BrokerIsUp = true;
            rig.Require(() => rig.Core.Snapshot().UplinkConnected, "connected again", 7_000_000);
        }

        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == sequence, "all sent");
        uint[] first = [.. doctor.Received.Where(m => m.Topic.Contains("/vital/"))
            .Select(m => uint.Parse(m.Text.Split('"')[5].Split('.')[3], System.Globalization.CultureInfo.InvariantCulture)).Distinct()];
        CollectionAssert.AreEqual(Enumerable.Range(1, (int)sequence).Select(i => (uint)i).ToArray(), first);
        Assert.IsTrue(doctor.Received.Count(m => m.Topic.Contains("/vital/")) <= sequence + (5 * rig.Options.Window));
        Assert.AreEqual(6, rig.Core.Snapshot().Counters.UplinkConnections);
        Assert.IsTrue(rig.Log.Count(l => l.Code == "G2401") < 40, "repeated failures are counted, not repeated");
    }
}
