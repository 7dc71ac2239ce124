using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using EdgeGateway.Core;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Journal;
using EdgeGateway.Mqtt;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Kernel;

namespace Core.Tests.Ingest;

/// <summary>A full disk and a full quota: what was acknowledged arrives or is declared, reading by reading.</summary>
[TestClass]
public sealed class FullJournalTests
{
    private static readonly string Up = Topics.Up(Rig.PodA);
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("CART_LONG") == "1";

    private static JournalOptions Tiny { get; } = new()
    {
        SegmentBytes = 8192,
        MaxPayloadBytes = 2048,
        QuotaBytes = 112 * 1024,
        MaxBatchBytes = 4096,
        MaxUnsyncedBytes = 16 * 1024,
        CheckpointRecords = 200,
        CheckpointBytes = 16 * 1024,
        ReserveBytes = 64 * 1024,
    };

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_full_disk_drains_and_recovers_by_itself_and_drops_nothing(bool killed)
    {
        Rig rig = new(71, null, Tiny with { QuotaBytes = 4 * 1024 * 1024 });
        rig.Run(2_000_000);
        rig.Disk.CapacityBytes = rig.Disk.UsedBytes + (192 * 1024);
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        uint sent = 0;
        int refused = 0;
        while (refused < 20)
        {
            Assert.IsLessThan(20_000u, sent, "it never fills");
            long waiting = pod.Waiting;
            pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, ++sent, rig.PodUs, epoch));
            refused = rig.RunUntil(() => pod.Waiting == waiting, 50_000) ? 0 : refused + 1;
        }

        int kept = pod.Waiting;
        Assert.AreEqual(JournalIntake.Bookkeeping, rig.Journal.Intake);
        Assert.IsTrue(Issue(rig, "G2210") is { Detail.Length: > 0 }, "health says so");
        Assert.AreEqual(0, Codes(rig, "G2405") + Codes(rig, "G2207"), rig.LogText());
        Assert.AreEqual(1, Codes(rig, "G2210"), "one line");
        if (killed)
        {
            rig.Kill();
            Assert.IsTrue(rig.Core.IsReady, "killed in that state it becomes ready: " + rig.LogText());
            rig.Connect(pod);
            rig.Run(1_000_000);
            Assert.AreEqual(kept, pod.Waiting, "still refused");
        }

        TestClient doctor = rig.Doctor();
        rig.Require(() => pod.Waiting == 0 && rig.Stream(Rig.PodA, 1, 16).Sent == sent, "all arrives, what the pod kept included", 600_000_000);
        Assert.AreEqual(JournalIntake.Everything, rig.Journal.Intake);
        Assert.IsNull(Issue(rig, "G2210"), "it has gone");
        uint[] got = [.. Arrived(doctor)];
        CollectionAssert.AreEqual(Enumerable.Range(1, (int)sent).Select(i => (uint)i).ToArray(), got.Distinct().ToArray(), "everything, in order");
        Assert.AreEqual(0, Codes(rig, "G2405"), rig.LogText());
        TestContext.WriteLine($"{sent} readings, {kept} kept by the pod, {got.Length - sent} repeated");
    }

    [TestMethod]
    public void Vital_signs_of_the_open_session_pass_on_a_full_disk_and_what_does_not_is_declared()
    {
        (Rig rig, TestClient pod, uint epoch, uint wave) = FullForWaves(72);
        for (uint i = 1; i <= 100; i++)
        {
            pod.Publish(Up, Frames.Join(Frames.Wave(Rig.PodA, 1, 32, ++wave, rig.PodUs, epoch), Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch)));
            rig.Require(() => pod.Waiting == 0, "vital sign " + i + " passes");
        }

        rig.Run(6_000_000);
        TestClient doctor = rig.Doctor();
        rig.Require(() => rig.Session("S1").Pending == 0, "delivered", 600_000_000);
        Assert.AreEqual(100, Arrived(doctor).Distinct().Count(), "all vital signs");
        HashSet<uint> waves = [.. Sequences(doctor, "/wave/", 32)];
        HashSet<uint> declared = Declared(doctor, 32);
        for (uint i = 1; i <= wave; i++)
        {
            Assert.IsTrue(waves.Contains(i) != declared.Contains(i), $"wave {i} of {wave} arrived {waves.Contains(i)}, declared {declared.Contains(i)}");
        }

        Assert.IsGreaterThanOrEqualTo(90, declared.Count);
        rig.Require(() => rig.Journal.Intake == JournalIntake.Everything, "recovered: " + rig.Journal.IntakeReason, 60_000_000);
    }

    [TestMethod]
    public void What_a_full_disk_keeps_out_is_declared_before_it_is_acknowledged()
    {
        (Rig rig, TestClient pod, uint epoch, uint wave) = FullForWaves(73);
        for (int i = 0; i < 3; i++)
        {
            pod.Publish(Up, Frames.Wave(Rig.PodA, 1, 32, ++wave, rig.PodUs, epoch));
        }

        rig.Require(() => pod.Waiting == 0, "acknowledged");
        rig.Kill(); // and the pod is never seen again, so nothing that comes later shows a sequence gap
        TestClient doctor = rig.Doctor();
        rig.Require(() => rig.Session("S1").Pending == 0, "delivered", 600_000_000);
        HashSet<uint> waves = [.. Sequences(doctor, "/wave/", 32)];
        HashSet<uint> declared = Declared(doctor, 32);
        for (uint i = 1; i <= wave; i++)
        {
            Assert.IsTrue(waves.Contains(i) != declared.Contains(i), $"wave {i} of {wave} arrived {waves.Contains(i)}, declared {declared.Contains(i)}");
        }

        Assert.IsGreaterThanOrEqualTo(3, declared.Count);
    }

    [TestMethod]
    [DataRow(1UL)]
    [DataRow(2UL)]
    [DataRow(3UL)]
    public void However_often_the_journal_gives_way_what_is_lost_is_what_is_declared(ulong seed)
    {
        // A quota of a few segments, several streams and classes, nobody listening, starts between: earlier gap records are given up again and again.
        SeededRandom random = new(seed);
        Rig rig = new(seed, null, Tiny);
        rig.Run(2_000_000);
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        int[] streams = [16, 17, 18, 32];
        uint[] newest = new uint[streams.Length];
        int rounds = IsLong ? 120 : 14;
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < 60; i++)
            {
                List<byte[]> frames = [];
                for (int n = 1 + random.NextInt32(6); n > 0; n--)
                {
                    int at = random.NextInt32(streams.Length);
                    frames.Add(streams[at] == 32
                        ? Frames.Wave(Rig.PodA, 1, 32, ++newest[at], rig.PodUs, epoch)
                        : Frames.Numeric(Rig.PodA, 1, streams[at], ++newest[at], rig.PodUs, epoch));
                }

                pod.Publish(Up, Frames.Join([.. frames]));
            }

            rig.Require(() => pod.Waiting == 0, "stored", 600_000_000);
            if (random.NextInt32(4) == 0)
            {
                rig.Run(3_000_000);
                rig.Kill();
                rig.Connect(pod);
            }
        }

        rig.Run(5_000_000);
        TestClient doctor = rig.Doctor();
        rig.Require(() => rig.Session("S1").Pending == 0, "all sent or declared", 600_000_000);
        rig.Run(5_000_000);
        long lost = 0;
        for (int at = 0; at < streams.Length; at++)
        {
            HashSet<uint> got = [.. Sequences(doctor, streams[at] == 32 ? "/wave/" : "/vital/", streams[at])];
            HashSet<uint> declared = Declared(doctor, streams[at]);
            for (uint i = 1; i <= newest[at]; i++)
            {
                Assert.IsTrue(got.Contains(i) != declared.Contains(i), $"seed {seed}: {streams[at]}.{i} of {newest[at]} arrived {got.Contains(i)}, declared {declared.Contains(i)}");
                lost += got.Contains(i) ? 0 : 1;
            }
        }

        long total = newest.Sum(n => (long)n);
        TestContext.WriteLine($"seed {seed}: {total} readings, {lost} lost, {lost} declared");
        Assert.IsGreaterThan(total / 2, lost, "the journal gave way often");
    }

    [TestMethod]
    [DataRow(new[] { 16 }, 4, 100_000L)]
    [DataRow(new[] { 32 }, 32, 500_000L)]
    [DataRow(new[] { 16, 17, 18, 32 }, 32, 300_000L)]
    [DataRow(new[] { 16, 32, 33 }, 8, 100_000L)]
    public void The_journal_gives_way_while_a_slow_listener_takes_and_each_reading_arrives_or_is_declared(int[] streams, int window, long delayUs)
    {
        Rig rig = new(76, o => o with { Window = window }, Tiny);
        rig.Run(2_000_000);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        rig.Require(() => doctor.Subscriptions.Count > 0, "subscribed");
        doctor.AcknowledgeDelayUs = delayUs;
        uint epoch = rig.OpenSession("S1");
        uint[] newest = new uint[streams.Length];
        int rounds = IsLong ? 120 : 24;
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < 60; i++)
            {
                List<byte[]> frames = [];
                for (int at = 0; at < streams.Length; at++)
                {
                    frames.Add(streams[at] >= 32
                        ? Frames.Wave(Rig.PodA, 1, streams[at], ++newest[at], rig.PodUs, epoch)
                        : Frames.Numeric(Rig.PodA, 1, streams[at], ++newest[at], rig.PodUs, epoch));
                }

                pod.Publish(Up, Frames.Join([.. frames]));
            }

            rig.Require(() => pod.Waiting == 0, "stored", 600_000_000);
        }

        rig.Require(() => rig.Session("S1").Pending == 0, "all sent or declared", 1_200_000_000);
        rig.Run(5_000_000);
        long lost = 0;
        for (int at = 0; at < streams.Length; at++)
        {
            uint[] arrived = [.. Sequences(doctor, streams[at] >= 32 ? "/wave/" : "/vital/", streams[at])];
            HashSet<uint> got = [.. arrived];
            HashSet<uint> declared = Declared(doctor, streams[at]);
            for (uint i = 1; i <= newest[at]; i++)
            {
                Assert.IsTrue(got.Contains(i) != declared.Contains(i), $"{streams[at]}.{i} of {newest[at]} arrived {got.Contains(i)}, declared {declared.Contains(i)}");
            }

            StreamHealth health = rig.Stream(Rig.PodA, 1, streams[at]);
            Assert.AreEqual(got.Count, health.Sent, "the books: sent");
            Assert.AreEqual(newest[at] - got.Count, health.Dropped, "the books: lost here");
            CollectionAssert.AreEqual(arrived.Order().ToArray(), arrived, "in order");
            lost += declared.Count;
        }

        Assert.IsGreaterThan(0L, lost, "the journal gave way");
        TestContext.WriteLine($"{newest.Sum(n => (long)n)} readings, {lost} declared, at {rig.NowUs / 1_000_000} s");
    }

    [TestMethod]
    public void A_listener_who_stalls_keeps_no_segment_of_a_full_journal()
    {
        Rig rig = new(77, null, Tiny);
        rig.Run(2_000_000);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        rig.Require(() => doctor.Subscriptions.Count > 0, "subscribed");
        doctor.AcknowledgesReceived = false;
        uint epoch = rig.OpenSession("S1");
        uint newest = 0;
        for (int round = 0; round < 40; round++)
        {
            for (int i = 0; i < 60; i++)
            {
                pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, ++newest, rig.PodUs, epoch));
            }

            rig.Require(() => pod.Waiting == 0, "stored", 600_000_000);
        }

        // Less than the 30 s after which a reading that nobody acknowledges is sent again.
        rig.Require(() => Codes(rig, "G2405") > 0 && rig.Disk.UsedBytes < 2 * Tiny.QuotaBytes, "it gives way", 10_000_000);
        doctor.AcknowledgesReceived = true;
        rig.Disconnect(doctor);
        rig.Connect(doctor);
        rig.Require(() => rig.Session("S1").Pending == 0, "all sent or declared", 600_000_000);
        rig.Run(5_000_000);
        HashSet<uint> got = [.. Sequences(doctor, "/vital/", 16)];
        HashSet<uint> declared = Declared(doctor, 16);
        Assert.IsTrue(Enumerable.Range(1, (int)newest).All(i => got.Contains((uint)i) || declared.Contains((uint)i)), "complete");
        StreamHealth health = rig.Stream(Rig.PodA, 1, 16);
        Assert.AreEqual(newest, health.Sent + health.Dropped);
        Assert.AreEqual(declared.Count, health.Dropped);
    }

    [TestMethod]
    public void What_the_gateway_itself_could_not_store_is_declared()
    {
        // Parts that are no frames, while the disk is slow and the bound of unsynced bytes is low: each is an event and a gap of the gateway's own.
        Rig rig = new(73, null, Tiny with { QuotaBytes = 4 * 1024 * 1024 });
        TestClient doctor = rig.Doctor();
        TestClient pod = rig.Pod(Rig.PodA);
        rig.OpenSession("S1");
        rig.Require(() => pod.Client.IsConnected && doctor.Subscriptions.Count > 0, "connected");
        rig.Disk.MaxSyncUs = 3_000_000;
        for (int i = 0; i < 900; i++)
        {
            // Nothing waits for an acknowledgement, so all of them come at once.
            pod.Client.TryPublish(new MqttMessage { Topic = Up, Payload = new byte[] { 1, 2, 3 }, Qos = MqttQos.AtMostOnce }, 0, rig.NowUs);
        }

        rig.Run(2_000_000);
        rig.Disk.MaxSyncUs = 1_000;
        rig.Require(() => Codes(rig, "G2206") > 0, "said in the log", 120_000_000);
        rig.Require(() => doctor.Received.Any(m => m.Topic.Contains("/event/") && m.Text.Contains("2206")), "said to the session", 120_000_000);
        rig.Require(() => rig.Session("S1").Pending == 0, "all sent", 120_000_000);
        long said = doctor.Received.Where(m => m.Topic.Contains("/gap/")).Sum(m => JsonDocument.Parse(m.Payload).RootElement.GetProperty("lost").GetProperty("count").GetInt64());
        Assert.AreEqual(900, said, "gaps are merged, none is dropped");
    }

    [TestMethod]
    public void A_pod_whose_messages_find_no_room_is_disconnected_and_keeps_them()
    {
        Rig rig = new(74, o => o with { MaxHeldMessages = 2 }, Tiny);
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        rig.Disk.CapacityBytes = 0;
        pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch));
        rig.Require(() => rig.Journal.Intake == JournalIntake.Nothing, "the disk refuses");
        for (uint i = 2; i <= 40; i++)
        {
            pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
        }

        rig.Require(() => pod.Losses > 0, "disconnected");
        Assert.IsNotNull(Issue(rig, "G2205"), "health names the pod");
        Assert.IsLessThanOrEqualTo(2, rig.Core.Snapshot().Held);
        Assert.IsGreaterThan(0, pod.Waiting, "it keeps them");
        rig.Disk.CapacityBytes = long.MaxValue;
        rig.Connect(pod);
        rig.Require(() => { if (pod.Link is null) { rig.Connect(pod); } return rig.Stream(Rig.PodA, 1, 16).Stored == 40 && pod.Waiting == 0; }, "all stored after it");
        rig.Require(() => Issue(rig, "G2205") is null, "it has gone");
    }

    [TestMethod]
    public void Records_of_a_newer_version_that_are_given_up_are_a_line_and_an_event_with_their_number()
    {
        Rig rig = new(76, null, Tiny);
        TestClient doctor = rig.Doctor();
        rig.OpenSession("S1");
        rig.Run(1_000_000);
        long last = rig.Journal.LastIndex;
        Assert.IsTrue(rig.JournalHandler.Lost(new JournalLoss(5, 9, RecordClass.Vital, false, "segment-1.log"), []));
        Assert.AreEqual(last + 1, rig.Journal.LastIndex, "declared before they go");
        Assert.IsTrue(rig.JournalHandler.Lost(new JournalLoss(11, 11, RecordClass.Vital, false, "segment-1.log"), []));
        Assert.IsTrue(rig.JournalHandler.Lost(new JournalLoss(13, 14, RecordClass.Vital, false, "segment-1.log"), []));
        rig.Run(1_000_000);
        CollectionAssert.AreEqual(
            new[] { "5 records of a newer version given up, 5 to 9 in segment-1.log", "3 records of a newer version given up in further places" },
            rig.Log.Where(entry => entry.Code == "G2405").Select(entry => entry.What).ToArray());
        rig.Require(() => doctor.Received.Count(m => m.Topic.Contains("/event/") && m.Text.Contains("\"code\":\"G2405\"")) == 2, "told to the session");
        CollectionAssert.AreEqual(
            new[] { 5, 3 },
            doctor.Received.Where(m => m.Text.Contains("G2405")).Select(m => JsonDocument.Parse(m.Payload).RootElement.GetProperty("argument").GetInt32()).ToArray());
    }

    [TestMethod]
    public void Records_of_a_newer_version_stay_while_their_loss_cannot_be_declared()
    {
        Rig rig = new(77, null, Tiny);
        rig.OpenSession("S1");
        rig.Run(1_000_000);
        rig.Disk.CapacityBytes = 0;
        TestClient pod = rig.Pod(Rig.PodA);
        pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, 0));
        rig.Require(() => rig.Journal.Intake == JournalIntake.Nothing, "the disk refuses");
        Assert.IsFalse(rig.JournalHandler.Lost(new JournalLoss(5, 9, RecordClass.Vital, false, "segment-1.log"), []));
        Assert.AreEqual(0, Codes(rig, "G2405"), "not said either");
        rig.Disk.CapacityBytes = long.MaxValue;
        rig.Require(() => rig.JournalHandler.Lost(new JournalLoss(5, 9, RecordClass.Vital, false, "segment-1.log"), []), "asked again");
    }

    [TestMethod]
    public void Damage_is_in_health_until_the_next_start_and_a_torn_tail_is_an_event()
    {
        Rig rig = new(75, null, Tiny);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 20; i++)
        {
            pod.Publish(Up, Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
        }

        rig.Require(() => pod.Waiting == 0 && rig.Session("S1").Pending == 0, "sent");
        rig.Run(1_000_000);
        string file = rig.Disk.Files.Last(f => f.StartsWith("segment", StringComparison.Ordinal));
        rig.Disk.FlipBit(file, (28 + 40) * 8L);
        rig.Kill();
        rig.Run(1_000_000);
        Assert.IsNotNull(Issue(rig, "G2213"), rig.LogText());
        rig.Connect(doctor);
        rig.Require(() => doctor.Received.Any(m => m.Topic.Contains("/event/") && m.Text.Contains("2213")), "told to the session");
        rig.Kill();
        rig.Run(1_000_000);
        Assert.IsNull(Issue(rig, "G2213"), "set aside and declared: the next start is whole");
        byte[] tail = [.. rig.Disk.Contents(rig.Disk.Files.Last(f => f.StartsWith("segment", StringComparison.Ordinal) && f.EndsWith(".log", StringComparison.Ordinal))), 1, 2, 3, 4];
        rig.Disk.Put(rig.Disk.Files.Last(f => f.StartsWith("segment", StringComparison.Ordinal) && f.EndsWith(".log", StringComparison.Ordinal)), tail);
        rig.Kill();
        rig.Require(() => Codes(rig, "G2214") > 0, "the torn tail is said");
    }

    // A disk on which only vital signs of the open session are taken.
    private static (Rig Rig, TestClient Pod, uint Epoch, uint Wave) FullForWaves(ulong seed)
    {
        Rig rig = new(seed, null, Tiny with { QuotaBytes = 4 * 1024 * 1024, VitalReserveBytes = 128 * 1024 });
        rig.Run(4_000_000);
        rig.Disk.CapacityBytes = rig.Disk.UsedBytes + (96 * 1024);
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        uint wave = 0;
        while (rig.Journal.Intake == JournalIntake.Everything)
        {
            Assert.IsLessThan(20_000u, wave, "it never fills");
            pod.Publish(Up, Frames.Wave(Rig.PodA, 1, 32, ++wave, rig.PodUs, epoch));
            rig.RunUntil(() => pod.Waiting == 0, 50_000);
        }

        Assert.AreEqual(JournalIntake.OpenSessionVitals, rig.Journal.Intake, rig.Journal.IntakeReason);
        Assert.IsNotNull(Issue(rig, "G2211"));
        return (rig, pod, epoch, wave);
    }

    private static HealthIssueView? Issue(Rig rig, string code)
    {
        foreach (EdgeGateway.Core.Health.HealthIssue issue in rig.Core.Snapshot().Issues)
        {
            if (issue.Code == code)
            {
                return new HealthIssueView(issue.Detail);
            }
        }

        return null;
    }

    private static int Codes(Rig rig, string code) => rig.Log.Count(e => e.Code == code);

    private static IEnumerable<uint> Arrived(TestClient doctor) => Sequences(doctor, "/vital/", 16);

    // The identity is in JSON for vital signs; waveforms are the frames themselves.
    private static IEnumerable<uint> Sequences(TestClient doctor, string kind, int stream) => doctor.Received
        .Where(m => m.Topic.Contains(kind) && m.Topic.EndsWith("/" + stream, StringComparison.Ordinal))
        .Select(m => kind == "/wave/" ? Frame.Sequence(m.Payload, 0) : uint.Parse(m.Text.Split('"')[5].Split('.')[3], System.Globalization.CultureInfo.InvariantCulture));

    private static HashSet<uint> Declared(TestClient doctor, int stream)
    {
        HashSet<uint> declared = [];
        foreach (Arrived message in doctor.Received.Where(m => m.Topic.Contains("/gap/")))
        {
            JsonElement lost = JsonDocument.Parse(message.Payload).RootElement.GetProperty("lost");
            if (lost.GetProperty("stream").GetInt32() == stream && lost.GetProperty("device").GetString() == Topics.DeviceText(Rig.PodA))
            {
                for (uint i = lost.GetProperty("first").GetUInt32(); i <= lost.GetProperty("last").GetUInt32(); i++)
                {
                    declared.Add(i);
                }
            }
        }

        return declared;
    }

    private sealed record HealthIssueView(string Detail);
}
