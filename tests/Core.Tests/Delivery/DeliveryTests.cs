using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;
using EdgeGateway.Core;
using EdgeGateway.Journal;
using EdgeGateway.Mqtt;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Gateway;
using Simulators.Kernel;

namespace Core.Tests.Delivery;

/// <summary>Ingest, window, losses and consumers, with the real MQTT and journal.</summary>
[TestClass]
public sealed class DeliveryTests
{
    private static readonly string Up = Topics.Up(Rig.PodA);
    private static readonly string Place = Topics.DeviceText(Rig.PodA);

    [TestMethod]
    public void The_carts_own_page_sees_what_no_consumer_takes_yet_and_settles_nothing()
    {
        Rig rig = new(42);
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        TestClient page = rig.Page("S1");
        for (uint i = 1; i <= 5; i++)
        {
            pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
            pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 17, i, rig.PodUs, epoch));
            rig.Run(1_000_000);
        }

        string[] shown = [.. page.Received.Where(m => m.Topic.Contains("/vital/")).Select(m => m.Text.Split('"')[5]).Distinct()];
        Assert.HasCount(10, shown, string.Join(' ', shown));
        Assert.AreEqual(10, rig.Session("S1").Pending, "a view is no delivery");

        TestClient doctor = rig.Doctor();
        rig.Require(() => rig.Session("S1").Pending == 0, "the backlog follows");
        string[] delivered = [.. doctor.Received.Where(m => m.Topic.Contains("/vital/") && m.Topic.EndsWith("/16", StringComparison.Ordinal)).Select(m => m.Text.Split('"')[5])];
        CollectionAssert.AreEqual(Enumerable.Range(1, 5).Select(n => "02aabbfffe0000a1.1.16." + n).ToArray(), delivered, "once each, in order: views are not for consumers");
    }

    [TestMethod]
    public void What_a_pod_lost_with_its_power_is_told_to_the_session_it_was_lost_from()
    {
        Rig rig = new(41);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        pod.Publish(Topics.Up(Rig.PodA), Frames.Wave(Rig.PodA, 1, Streams.RedLight, 1, rig.PodUs, epoch));
        rig.Require(() => pod.Waiting == 0, "stored");

        // The next boot has no epoch and no clock exchange yet.
        pod.Publish(Topics.Up(Rig.PodA), Frames.Gap(Rig.PodA, 2, 1, 5, 0, Streams.RedLight, 2, 9, GapCause.PowerLost));
        byte[] stranger = Frames.Gap(Rig.PodA, 2, 2, 5, 0, Streams.InfraredLight, 2, 9, GapCause.PowerLost);
        pod.Publish(Topics.Up(Rig.PodA), stranger);
        rig.Require(() => pod.Waiting == 0, "stored");
        rig.Run(5_000_000);
        Arrived[] gaps = [.. doctor.Received.Where(m => m.Topic.Contains("/session/S1/gap/"))];
        Assert.HasCount(0, gaps.Where(g => g.Text.Contains("\"stream\":33")).ToArray(), "nothing of that stream was ever of a session");
        Assert.HasCount(0, gaps.Where(g => g.Text.Contains("\"stream\":32")).ToArray(), "the record names boot 2, whose readings went nowhere");

        byte[] body = new byte[GapBody.Length];
        GapBody.Write(body, 0, Rig.PodA, 1, Streams.RedLight, GapCause.PowerLost, GapBody.Readings | GapBody.AtLeast, 2, 9, 0, 0, 0);
        pod.Publish(Topics.Up(Rig.PodA), Frames.Make(FrameKind.Gap, body, Rig.PodA, 2, Streams.Gaps, 3, 5, 0));
        rig.Require(() => doctor.Received.Any(m => m.Topic.Contains("/session/S1/gap/") && m.Text.Contains("\"boot\":1,\"stream\":32")), "the session is told");
    }

    [TestMethod]
    public void Nothing_is_acknowledged_before_it_is_on_the_disk()
    {
        Rig rig = new();
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        rig.Require(() => pod.Client.IsConnected, "connected");
        List<long> syncedAtAcknowledgement = [];
        for (uint i = 1; i <= 20; i++)
        {
            long before = rig.Journal.LastIndex;
            pod.OnAcknowledged = _ => syncedAtAcknowledgement.Add(rig.Journal.SyncedIndex);
            pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
            rig.Require(() => pod.Waiting == 0, "acknowledged");
            Assert.IsTrue(syncedAtAcknowledgement[^1] > before, "the frame's index was synced");
        }

        rig.Disk.FailNext(DiskOperations.Sync, "", DiskStatus.Failed);
        pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, 21, rig.PodUs, epoch));
        rig.Run(100_000);
        Assert.AreEqual(1, pod.Waiting, "a failed sync acknowledges nothing");
        rig.Require(() => pod.Waiting == 0, "after the disk has recovered it is");
        Assert.AreEqual(21, rig.Stream(Rig.PodA, 1, 16).Stored);
    }

    [TestMethod]
    public void Duplicates_are_acknowledged_and_sent_once()
    {
        Rig rig = new();
        TestClient doctor = rig.Doctor();
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        byte[] frame = Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch);
        pod.Publish(Up, Frames.Join(frame, frame));
        pod.Publish(Up, frame);
        rig.Require(() => pod.Waiting == 0, "both acknowledged");
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 1, "sent");
        rig.Run(1_000_000);
        Assert.AreEqual(1, Vitals(doctor).Count);
        Assert.AreEqual(2, rig.Core.Snapshot().Counters.Duplicates);
    }

    [TestMethod]
    public void A_bad_part_becomes_an_event_and_a_gap_and_its_neighbours_stay()
    {
        Rig rig = new();
        TestClient doctor = rig.Doctor();
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        byte[] bad = Frames.Numeric(Rig.PodA, 1, 16, 2, rig.PodUs, epoch);
        bad[40] ^= 1;
        byte[] foreign = Frames.Numeric(Rig.PodB, 1, 16, 1, rig.PodUs, epoch);
        byte[] torn = [.. Frames.Numeric(Rig.PodA, 1, 16, 9, rig.PodUs, epoch).Take(30)];
        pod.Publish(Up, Frames.Join(
            Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch), bad, Frames.Numeric(Rig.PodA, 1, 16, 3, rig.PodUs, epoch), foreign,
            Frames.Numeric(Rig.PodA, 1, 16, 4, rig.PodUs, epoch), torn));
        rig.Require(() => pod.Waiting == 0, "acknowledged all the same");
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 3, "the good ones are sent");
        Assert.AreEqual(3, rig.Core.Snapshot().Counters.RefusedParts);
        rig.Require(() => doctor.Received.Any(m => m.Topic.Contains("/gap/") && m.Text.Contains("\"cause\":\"frameRefused\"")), "the gap is sent");
        rig.Require(() => doctor.Received.Any(m => m.Topic.Contains("/event/") && m.Text.Contains("\"code\":\"G2201\"")), "the event is sent");
        Assert.IsFalse(rig.Core.Snapshot().Streams.Any(s => s.DeviceId == Rig.PodB), "nothing is taken in another's name");

        // The sequence gap that it left is declared when the pod could have filled it for long enough.
        rig.Require(() => doctor.Received.Any(m => m.Text.Contains("\"first\":2,\"last\":2") && m.Text.Contains("\"cause\":\"unexplained\"")), "the hole is declared", 200_000_000);
        StreamHealth stream = rig.Stream(Rig.PodA, 1, 16);
        Assert.AreEqual(1, stream.DeclaredLost);
        Assert.AreEqual(stream.Produced, stream.Stored + stream.DeclaredLost + stream.Missing);
    }

    [TestMethod]
    public void A_frame_of_a_later_version_with_a_longer_body_passes_unchanged()
    {
        Rig rig = new();
        TestClient doctor = rig.Doctor();
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        byte[] body = new byte[300];
        new Random(5).NextBytes(body);
        byte[] later = Frames.Make(FrameKind.Numeric, body, Rig.PodA, 1, 16, 1, rig.PodUs, epoch, version: 2);
        byte[] unknown = Frames.Make((FrameKind)77, body, Rig.PodA, 1, 99, 1, rig.PodUs, epoch, version: 2);
        pod.Publish(Up, Frames.Join(later, unknown, later));
        rig.Require(() => rig.Stream(Rig.PodA, 1, 99).Sent == 1 && rig.Stream(Rig.PodA, 1, 16).Sent == 1, "sent");
        CollectionAssert.AreEqual(later, Vitals(doctor).Single().Payload);
        CollectionAssert.AreEqual(unknown, doctor.Received.Single(m => m.Topic == "cart/C1/session/S1/event/" + Place + "/99").Payload);
        Assert.AreEqual(1, rig.Core.Snapshot().Counters.Duplicates);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Without_a_subscriber_readings_stay_pending_and_then_come_in_order(bool external)
    {
        Rig rig = new(3, external: external);
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 500; i++)
        {
            pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
        }

        rig.Require(() => pod.Waiting == 0, "stored");
        rig.Run(10_000_000);
        Assert.AreEqual(500, rig.Stream(Rig.PodA, 1, 16).Pending);
        Assert.IsFalse(rig.Session("S1").HasSubscriber);
        Assert.IsTrue(rig.Core.Snapshot().Counters.Published <= 10, "only probes went out");
        TestClient doctor = rig.Doctor();
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 500, "all sent");
        CheckOrder(doctor, 0);
        Assert.AreEqual(500, Vitals(doctor).Count);
    }

    [TestMethod]
    public void Vital_signs_go_before_waves_and_the_open_session_before_the_backlog_of_a_closed_one()
    {
        Rig rig = new(4, o => o with { Window = 1 });
        TestClient pod = rig.Pod(Rig.PodA);
        uint first = rig.OpenSession("S1");
        for (uint i = 1; i <= 50; i++)
        {
            pod.Publish(Up, Frames.Join(Frames.Wave(Rig.PodA, 1, 32, i, rig.PodUs, first), Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, first)));
        }

        rig.Require(() => pod.Waiting == 0, "stored");
        rig.CloseSession("S1");
        uint second = rig.OpenSession("S2");
        for (uint i = 51; i <= 100; i++)
        {
            pod.Publish(Up, Frames.Join(Frames.Wave(Rig.PodA, 1, 32, i, rig.PodUs, second), Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, second)));
        }

        rig.Require(() => pod.Waiting == 0, "stored");
        TestClient doctor = rig.Doctor();
        rig.Require(() => rig.Stream(Rig.PodA, 1, 32).Sent == 100 && rig.Stream(Rig.PodA, 1, 16).Sent == 100, "all sent");
        string[] order = [.. doctor.Received.Where(m => m.Topic.EndsWith("/16", StringComparison.Ordinal) || m.Topic.EndsWith("/32", StringComparison.Ordinal))
            .Select(m => m.Topic.Split('/')[3] + " " + m.Topic.Split('/')[4])];
        CollectionAssert.AreEqual(
            Enumerable.Repeat("S2 vital", 50).Concat(Enumerable.Repeat("S1 vital", 50)).Concat(Enumerable.Repeat("S2 wave", 50)).Concat(Enumerable.Repeat("S1 wave", 50)).ToArray(),
            order);
    }

    [TestMethod]
    public void A_stream_without_backlog_overtakes_the_backlog_of_another()
    {
        Rig rig = new(5, o => o with { LiveDistanceRecords = 50, ReadAheadBytes = 8192, Window = 4 });
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 1500; i++)
        {
            pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch, flags: FrameFlags.FromStorage));
        }

        rig.Require(() => pod.Waiting == 0, "stored");
        TestClient doctor = rig.Doctor();
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent > 100, "the backlog flows");
        for (uint i = 1; i <= 5; i++)
        {
            pod.Publish(Up, Frames.Join(Frames.Numeric(Rig.PodA, 2, 16, i, rig.PodUs, epoch), Frames.Numeric(Rig.PodA, 1, 16, 1500 + i, rig.PodUs, epoch)));
        }

        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 1505, "all sent");
        int live = doctor.Received.FindIndex(m => m.Text.Contains(Place + ".2.16.5\""));
        int end = doctor.Received.FindIndex(m => m.Text.Contains(Place + ".1.16.1500\""));
        Assert.IsTrue(live >= 0 && live < end, "the new boot's stream did not wait: " + live + " " + end);
        CheckOrder(doctor, 0);
    }

    [TestMethod]
    [DataRow(11UL, true)]
    [DataRow(12UL, true)]
    [DataRow(13UL, true)]
    [DataRow(21UL, false)]
    [DataRow(22UL, false)]
    [DataRow(23UL, false)]
    public void A_cut_at_any_operation_loses_nothing_acknowledged_and_repeats_at_most_a_window(ulong seed, bool external)
    {
        SeededRandom random = new(seed);
        Rig rig = new(seed, o => o with { Window = 8 }, new JournalOptions { SegmentBytes = 16 * 1024, MaxPayloadBytes = 4096, QuotaBytes = 1024 * 1024, CheckpointRecords = 50, CheckpointBytes = 64 * 1024 }, external);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        rig.Require(() => doctor.Subscriptions.Count > 0, "subscribed");
        uint vital = 0;
        uint wave = 0;
        int kills = 0;
        for (int round = 0; round < 40; round++)
        {
            for (int i = random.NextInt32(12); i >= 0; i--)
            {
                pod.Publish(Up, Frames.Join(
                    Frames.Numeric(Rig.PodA, 1, 16, ++vital, rig.PodUs, epoch), Frames.Wave(Rig.PodA, 1, 32, ++wave, rig.PodUs, epoch)));
            }

            rig.Disk.CutAfterOperations = rig.Disk.OperationsEnded + random.NextInt32(20);
            rig.RunUntil(() => rig.Disk.IsOff, 30_000 + random.NextInt32(60_000));
            kills++;
            rig.Kill(rig.Disk.IsOff ? (CutKeeps)random.NextInt32(3) : null);
            rig.Connect(pod);
            if (!external)
            {
                rig.Connect(doctor);
            }
        }

        rig.Require(() => pod.Waiting == 0, "seed " + seed + ": all acknowledged");
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == vital && rig.Stream(Rig.PodA, 1, 32).Sent == wave, "seed " + seed + ": all sent");
        rig.Run(1_000_000);
        Assert.AreEqual(epoch, rig.Session("S1").Epoch, "the session and its epoch survive");

        int duplicates = CheckOrder(doctor, (int)vital);
        HashSet<string> ids = [.. Identities(doctor)];
        for (uint i = 1; i <= vital; i++)
        {
            Assert.IsTrue(ids.Contains(Place + ".1.16." + i), "seed " + seed + ": vital " + i + " was acknowledged and did not arrive");
        }

        for (uint i = 1; i <= wave; i++)
        {
            Assert.IsTrue(ids.Contains(Place + ".1.32." + i), "seed " + seed + ": wave " + i + " was acknowledged and did not arrive");
        }

        Assert.IsTrue(duplicates <= kills * rig.Options.Window, "seed " + seed + ": " + duplicates + " duplicates in " + kills + " kills");
    }

    [TestMethod]
    public void Receipts_are_kept_over_a_kill_and_a_late_consumer_gets_the_rest_in_order()
    {
        Rig rig = new(7);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 100; i++)
        {
            pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
        }

        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 100, "sent");
        Assert.AreEqual(0u, rig.Stream(Rig.PodA, 1, 16).ReceivedThrough);
        string streams = "\"streams\":[{\"device\":\"" + Place + "\",\"boot\":1,\"stream\":16,\"through\":60,\"holes\":[[5,6],[40,40]],\"seen\":50}]";
        doctor.Publish("cart/C1/session/S1/receipt", Encoding.UTF8.GetBytes("{\"v\":1,\"consumer\":\"dr-1\"," + streams + "}"));
        rig.Require(() => doctor.Waiting == 0, "the receipt is acknowledged");
        Assert.AreEqual(60u, rig.Stream(Rig.PodA, 1, 16).ReceivedThrough);
        rig.Kill();
        Assert.AreEqual(60u, rig.Stream(Rig.PodA, 1, 16).ReceivedThrough);
        Assert.AreEqual(50u, rig.Stream(Rig.PodA, 1, 16).SeenThrough);

        // It asks from its last mark, which the journal knows; meanwhile live readings go on, on their own topics.
        TestClient late = rig.Doctor("late");
        rig.Require(() => late.Subscriptions.Count > 0, "subscribed");
        rig.Connect(pod);
        late.Publish("cart/C1/session/S1/replay", Encoding.UTF8.GetBytes("{\"v\":1,\"id\":\"r1\",\"consumer\":\"dr-1\"}"));
        pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, 101, rig.PodUs, epoch));
        rig.Require(() => late.Received.Any(m => m.Topic == "cart/C1/reply/r1"), "the replay ends");
        string prefix = "cart/C1/session/S1/replay/dr-1/vital/" + Place + "/16";
        uint[] expected = [5, 6, 40, .. Enumerable.Range(61, 40).Select(i => (uint)i)];
        uint[] got = [.. late.Received.Where(m => m.Topic == prefix).Select(m => uint.Parse(m.Text.Split('"')[5].Split('.')[3], System.Globalization.CultureInfo.InvariantCulture))];
        CollectionAssert.AreEqual(expected, got);
        StringAssert.Contains(late.Received.Single(m => m.Topic == "cart/C1/reply/r1").Text, "\"ok\":true,\"code\":null,\"text\":null,\"count\":43}");
        rig.Require(() => late.Received.Any(m => m.Topic == "cart/C1/session/S1/vital/" + Place + "/16" && m.Text.Contains(".16.101\"")), "live goes on");
    }

    [TestMethod]
    public void A_reading_sent_unsynchronised_is_corrected_once_when_its_time_becomes_known()
    {
        Rig rig = new(8);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        long measuredUs = rig.NowUs;
        pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 1, "sent");
        StringAssert.Contains(Vitals(doctor).Single().Text, "\"method\":\"unsynchronised\"");
        rig.Run(3_000_000);
        pod.Publish(Up, rig.ClockFrame(Rig.PodA, 1, 1));
        rig.Require(() => Vitals(doctor).Count == 2, "corrected");
        using JsonDocument json = JsonDocument.Parse(Vitals(doctor)[1].Payload);
        Assert.AreEqual(Place + ".1.16.1", json.RootElement.GetProperty("id").GetString());
        JsonElement time = json.RootElement.GetProperty("time");
        Assert.AreEqual("unsynchronised", time.GetProperty("correctedFrom").GetString());
        DateTimeOffset said = time.GetProperty("utc").GetDateTimeOffset();
        double off = Math.Abs((said - DateTimeOffset.UnixEpoch).TotalMicroseconds - (Rig.UtcStartUs + measuredUs));
        Assert.IsTrue(off <= time.GetProperty("uncertaintyMs").GetDouble() * 1000, "the truth lies inside: off by " + off);
        pod.Publish(Up, rig.ClockFrame(Rig.PodA, 1, 2));
        rig.Run(10_000_000);
        Assert.AreEqual(2, Vitals(doctor).Count, "a better time is no reason to correct again");
    }

    [TestMethod]
    public void A_clock_that_was_set_corrects_what_was_said_with_the_wrong_one()
    {
        Rig rig = new(9) { UtcErrorUs = 0 };
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        pod.Publish(Up, rig.ClockFrame(Rig.PodA, 1, 1));
        pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 1, "sent");
        string first = JsonDocument.Parse(Vitals(doctor)[0].Payload).RootElement.GetProperty("time").GetProperty("utc").GetString()!;
        rig.UtcErrorUs = 3_600_000_000;
        rig.Require(() => Vitals(doctor).Count == 2, "corrected");
        StringAssert.Contains(Vitals(doctor)[1].Text, "\"correctedFrom\":\"" + first + "\"");
        rig.Require(() => rig.Journal.SyncedIndex == rig.Journal.LastIndex && rig.Disk.Step(rig.NowUs) == long.MaxValue, "at rest");
        rig.Kill();
        rig.Connect(doctor);
        rig.Run(10_000_000);
        Assert.AreEqual(2, Vitals(doctor).Count, "after a start it is not corrected again");
    }

    [TestMethod]
    public void Retention_declares_what_was_not_sent_and_the_sums_hold()
    {
        Rig rig = new(10, o => o with { Production = false }, new JournalOptions { SegmentBytes = 8192, MaxPayloadBytes = 2048, QuotaBytes = 128 * 1024, MaxBatchBytes = 4096, MaxUnsyncedBytes = 16 * 1024, CheckpointRecords = 100, CheckpointBytes = 16 * 1024 });
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 1500; i++)
        {
            pod.Publish(Up, Frames.Wave(Rig.PodA, 1, 32, i, rig.PodUs, epoch));
        }

        rig.Require(() => pod.Waiting == 0, "stored");
        TestClient doctor = rig.Doctor();
        rig.Require(() => rig.Session("S1").Pending == 0, "all sent or declared");
        StreamHealth stream = rig.Stream(Rig.PodA, 1, 32);
        Assert.IsTrue(stream.Dropped > 100, "the journal was too small: " + stream.Dropped);
        Assert.AreEqual(1500, stream.Sent + stream.Dropped);
        Assert.AreEqual(stream.Produced, stream.Stored + stream.DeclaredLost + stream.Missing);
        long declared = doctor.Received.Where(m => m.Topic.Contains("/gap/")).Sum(m => JsonDocument.Parse(m.Payload).RootElement.GetProperty("lost").GetProperty("count").GetInt64());
        Assert.AreEqual(stream.Dropped, declared, "every loss is told to the session");
        HashSet<string> arrived = [.. Identities(doctor)];
        Assert.AreEqual(stream.Sent, arrived.Count(i => i.Contains(".1.32.")));
    }

    [TestMethod]
    public void Access_is_refused_beyond_ones_own_topics()
    {
        Rig rig = new();
        TestClient pod = rig.Pod(Rig.PodA);
        rig.Require(() => pod.Client.IsConnected, "connected");
        pod.Publish(Topics.Up(Rig.PodB), Frames.Numeric(Rig.PodB, 1, 16, 1, 5, 0));
        rig.Require(() => pod.Losses == 1, "a pod that speaks for another is cut off (3.1.1 has no other answer)");

        TestClient doctor = rig.Doctor();
        rig.Require(() => doctor.Subscriptions.Count == 1, "subscribed");
        Assert.IsTrue(doctor.Subscriptions[0].Reason < 0x80);
        doctor.Subscribe("pod/" + Place + "/up", rig.NowUs);
        doctor.Subscribe("#", rig.NowUs);
        rig.Require(() => doctor.Subscriptions.Count == 3, "answered");
        Assert.IsTrue(doctor.Subscriptions[1].Reason >= 0x80 && doctor.Subscriptions[2].Reason >= 0x80);
        doctor.Publish("cart/C1/session/S1/vital/" + Place + "/16", [1]);
        doctor.Publish(Topics.Command(Rig.PodA), [1]);
        rig.Run(1_000_000);
        Assert.IsFalse(doctor.Received.Any(m => m.Topic.Contains("/vital/")), "nobody but the gateway says vitals");
        Assert.IsTrue(rig.Core.Snapshot().Counters.AccessRefused >= 5);

        TestClient impostor = rig.Add(new TestClient("pod-zz"));
        rig.Run(100_000);
        Assert.IsFalse(impostor.Client.IsConnected);
    }

    [TestMethod]
    public void Session_commands_are_answered_with_codes_and_can_be_repeated()
    {
        Rig rig = new();
        TestClient doctor = rig.Doctor();
        rig.Require(() => doctor.Subscriptions.Count == 1, "subscribed");
        Assert.AreEqual("null", Ask("a1", "open", "S1"));
        Assert.AreEqual("null", Ask("a2", "open", "S1"));
        Assert.AreEqual("\"G2302\"", Ask("a3", "open", "S2"));
        Assert.AreEqual("\"G2301\"", Ask("a4", "open", "not/valid"));
        Assert.AreEqual("\"G2301\"", Ask("a5", "pause", "S1"));
        Assert.AreEqual("\"G2304\"", Ask("a6", "close", "S7"));
        Assert.AreEqual("null", Ask("a7", "close", "S1"));
        Assert.AreEqual("null", Ask("a8", "close", "S1"));
        Assert.AreEqual("\"G2303\"", Ask("a9", "open", "S1"));
        uint first = rig.Session("S1").Epoch;
        rig.Kill();
        rig.Connect(doctor);
        Assert.AreEqual("null", Ask("b1", "open", "S2"));
        Assert.AreNotEqual(first, rig.Session("S2").Epoch);
        Assert.AreNotEqual(0u, rig.Session("S2").Epoch);

        string Ask(string id, string command, string session)
        {
            doctor.Publish("cart/C1/command/session", Encoding.UTF8.GetBytes("{\"command\":\"" + command + "\",\"session\":\"" + session + "\",\"id\":\"" + id + "\"}"));
            rig.Require(() => doctor.Received.Any(m => m.Topic == "cart/C1/reply/" + id), "answer " + id);
            return JsonDocument.Parse(doctor.Received.Last(m => m.Topic == "cart/C1/reply/" + id).Payload).RootElement.GetProperty("code").GetRawText();
        }
    }

    [TestMethod]
    public void A_clock_request_is_answered_at_once_with_the_gateways_times()
    {
        Rig rig = new();
        TestClient pod = rig.Pod(Rig.PodA);
        pod.Subscribe(Topics.TimeReply(Rig.PodA), rig.NowUs);
        rig.Run(100_000);
        byte[] request = new byte[ClockMessage.RequestLength];
        LittleEndian.WriteUInt32(request, 0, 77);
        LittleEndian.WriteUInt64(request, 4, 123_456);
        pod.Client.TryPublish(new MqttMessage { Topic = Topics.Time(Rig.PodA), Payload = request, Qos = MqttQos.AtMostOnce }, 0, rig.NowUs);
        rig.Require(() => pod.Received.Count == 1, "answered");
        byte[] reply = pod.Received[0].Payload;
        Assert.AreEqual(ClockMessage.ReplyLength, reply.Length);
        Assert.AreEqual(77u, LittleEndian.ReadUInt32(reply, 0));
        Assert.AreEqual(123_456UL, LittleEndian.ReadUInt64(reply, 4));
        Assert.AreEqual((ulong)rig.NowUs, LittleEndian.ReadUInt64(reply, 12));
        Assert.AreEqual((ulong)rig.NowUs, LittleEndian.ReadUInt64(reply, 20));
        Assert.AreEqual(rig.Core.BootId, LittleEndian.ReadUInt32(reply, 28));
    }

    [TestMethod]
    public void A_clean_stop_ends_and_the_next_start_knows_everything()
    {
        Rig rig = new();
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == 1, "sent");
        bool stopped = false;
        rig.Core.BeginStop(() => stopped = true);
        rig.Require(() => stopped, "stopped", 5_000_000);
        rig.Kill();
        Assert.AreEqual(2u, rig.Core.BootId);
        Assert.AreEqual(1, rig.Stream(Rig.PodA, 1, 16).Sent);
        rig.Connect(doctor);
        rig.Run(1_000_000);
        Assert.AreEqual(1, Vitals(doctor).Count);
    }

    private static List<Arrived> Vitals(TestClient client) => [.. client.Received.Where(m => m.Topic == "cart/C1/session/S1/vital/" + Place + "/16")];

    private static IEnumerable<string> Identities(TestClient client)
    {
        foreach (Arrived message in client.Received)
        {
            string[] parts = message.Topic.Split('/');
            if (parts.Length == 7 && parts[2] == "session" && parts[4] is "vital" or "wave" && !message.Retain)
            {
                yield return message.Payload[0] == (byte)'{' ? message.Text.Split('"')[5] : Frames.Id(message.Payload);
            }
        }
    }

    /// <summary>First appearances are in order within each stream.</summary>
    /// <returns>How many repeats there were.</returns>
    private static int CheckOrder(TestClient client, int atLeast)
    {
        Dictionary<string, long> newest = [];
        HashSet<string> seen = [];
        int repeats = 0;
        foreach (string id in Identities(client))
        {
            if (!seen.Add(id))
            {
                repeats++;
                continue;
            }

            int dot = id.LastIndexOf('.');
            long sequence = long.Parse(id[(dot + 1)..], System.Globalization.CultureInfo.InvariantCulture);
            long before = newest.GetValueOrDefault(id[..dot]);
            Assert.IsTrue(sequence > before, id + " came after " + before);
            newest[id[..dot]] = sequence;
        }

        Assert.IsTrue(seen.Count >= atLeast);
        return repeats;
    }
}
