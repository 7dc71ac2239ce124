using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using EdgeGateway.Journal;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Journal.Tests;

/// <summary>Damage before the mark of what was synced is told from an unfinished write behind it, by the start and by the inspection alike.</summary>
[TestClass]
public sealed class SyncedMarkTests
{
    private static JournalOptions Options { get; } = Bench.Small with { SegmentBytes = 64 * 1024, MaxUnsyncedBytes = 32 * 1024, MaxBatchBytes = 32 * 1024, QuotaBytes = 1 << 20, CheckpointBytes = 64 * 1024, CheckpointRecords = 10_000 };

    [TestMethod]
    public void A_flipped_bit_in_the_last_write_before_a_kill_is_damage_and_declared()
    {
        // 130 records in one write, synced and acknowledged; then the process is killed, and one bit of the 50th has turned over.
        (Bench bench, string file) = Written(41, 130);
        bench.Disk.KillProcess();
        int at = Find(bench.Disk.Contents(file), "record 50!");
        bench.Disk.FlipBit(file, at * 8L);
        bench.BitRot = true;
        JournalReport report = Inspect(bench);
        Assert.IsTrue(report.IsDamaged, "verify says so");
        JournalFinding finding = report.Findings.Single(f => f.IsDamage);
        Assert.AreEqual((52L, 52L), (finding.FirstLost, finding.LastLost));
        bench.StartAndSettle();
        JournalLoss loss = bench.OpenedWith!.Losses.Single();
        Assert.AreEqual((52L, 52L), (loss.First, loss.Last));
        Assert.AreEqual(131, bench.OpenedWith.LastIndex, "nothing behind it is given up");
        bench.NotProjected.Add(52);
        bench.Verify("one bit");
    }

    [TestMethod]
    public void The_last_record_before_the_mark_is_missed_too()
    {
        (Bench bench, string file) = Written(42, 130);
        bench.Disk.KillProcess();
        bench.Disk.FlipBit(file, Find(bench.Disk.Contents(file), "record 129!") * 8L);
        bench.BitRot = true;
        Assert.IsTrue(Inspect(bench).IsDamaged);
        bench.StartAndSettle();
        JournalLoss loss = bench.OpenedWith!.Losses.Single();
        Assert.AreEqual((131L, 131L), (loss.First, loss.Last), "the one that is damaged: " + loss);
        Assert.IsTrue(bench.OpenedWith.LastIndex >= 131, "no index is used twice");
        Assert.AreEqual(133, bench.Append(RecordClass.Vital, "after"), "after the declaration");
        bench.Settle();
        bench.NotProjected.Add(131);
        bench.Verify("the last record");
    }

    [TestMethod]
    public void Behind_the_mark_it_is_a_torn_tail_and_its_bytes_are_counted()
    {
        (Bench bench, string file) = Written(43, 20);
        for (int i = 0; i < 5; i++)
        {
            bench.Append(RecordClass.Vital, "torn " + i);
        }

        while (bench.Disk.Contents(file).AsSpan().IndexOf("torn 4"u8) < 0)
        {
            bench.StepOne();
        }

        bench.Disk.KillProcess();
        byte[] data = bench.Disk.Contents(file);
        bench.Disk.FlipBit(file, Find(data, "torn 2") * 8L);
        Assert.IsFalse(Inspect(bench).IsDamaged, "nothing acknowledged is in it");
        bench.StartAndSettle();
        Assert.AreEqual(0, bench.OpenedWith!.Losses.Count);
        Assert.IsTrue(bench.OpenedWith.TornBytes > 0);
        bench.Verify("torn");
    }

    [TestMethod]
    public void A_damaged_mark_costs_nothing()
    {
        (Bench bench, string file) = Written(44, 20);
        bench.Disk.KillProcess();
        byte[] data = bench.Disk.Contents(file);
        bench.Disk.FlipBit(file, (data.Length - 3) * 8L);
        Assert.IsFalse(Inspect(bench).IsDamaged);
        bench.StartAndSettle();
        Assert.AreEqual(0, bench.OpenedWith!.Losses.Count);
        Assert.AreEqual(21, bench.OpenedWith.LastIndex);
        bench.Verify("mark");
    }

    [TestMethod]
    public void An_idle_journal_writes_no_further_marks_and_nobody_sees_them()
    {
        (Bench bench, string file) = Written(45, 3);
        long operations = bench.Disk.OperationsEnded;
        long folded = bench.Projection.Count;
        bench.Settle(10_000_000);
        Assert.AreEqual(operations, bench.Disk.OperationsEnded, "idle is idle");
        Assert.AreEqual(4, folded);
        Assert.AreEqual(4, bench.Log.LastIndex);
        Assert.AreEqual(4, bench.ReadAll().Count);
        Assert.AreEqual(3, Count(bench.Disk.Contents(file)), "one mark for each sync");
        bench.Disk.KillProcess();
        bench.StartAndSettle();
        Assert.AreEqual(4, bench.Projection.Count);
        Assert.AreEqual(4, bench.OpenedWith!.RecordsReplayed);
    }

    [TestMethod]
    public void The_journals_own_type_is_refused_and_unknown_types_are_kept_through_rewrites()
    {
        var bench = new Bench(46).StartAndSettle();
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => bench.Log.TryAppend(255, RecordClass.Control, [1], out _));
        for (int i = 0; i < 60; i++)
        {
            bench.Append(i % 3 == 0 ? RecordClass.Wave : RecordClass.Vital, new byte[30], (byte)(200 + (i % 50)));
            bench.Settle();
        }

        Assert.IsTrue(bench.Log.Status.Rewrites > 0, "segments were written anew");
        bench.Verify("unknown types");
    }

    [TestMethod]
    public void Records_of_unknown_types_are_counted_at_a_start_and_by_an_inspection()
    {
        var bench = new Bench(48, Options with { KnownTypes = new HashSet<byte> { 1, Bench.GapType } }).StartAndSettle();
        for (int i = 0; i < 12; i++)
        {
            bench.Append(i % 2 == 0 ? RecordClass.Control : RecordClass.Vital, new byte[10], (byte)(i % 4 == 0 ? 77 : i % 4 == 1 ? 200 : 1));
        }

        bench.Settle();
        Assert.AreEqual(0, bench.Log.Status.UnknownRecords, "none were there at the start");
        bench.Disk.KillProcess();
        bench.StartAndSettle();
        Assert.AreEqual(6, bench.Log.Status.UnknownRecords);
        Assert.AreEqual(0, bench.OpenedWith!.Losses.Count, "no damage");
        JournalReport report = Inspect(bench);
        Assert.AreEqual("1:6 77:3 200:3", string.Join(' ', report.RecordsByType.Select(t => $"{t.Key}:{t.Value}")));
        bench.Verify("kept");
    }

    [TestMethod]
    public void Unknown_checkpoint_parts_cause_a_replay()
    {
        (Bench bench, _) = Written(47, 30);
        bench.Log.BeginClose(9);
        bench.Settle();
        bench.Disk.KillProcess();
        string file = bench.Disk.Files.Single(f => f.StartsWith("checkpoint", StringComparison.Ordinal));
        Checkpoint read = JournalFormat.TryReadCheckpoint(bench.Disk.Contents(file), out _)!;
        byte[] made = JournalFormat.WriteCheckpoint(read with { Projections = [.. read.Projections, ("from-the-future", new byte[] { 1, 2, 3 })] });
        bench.Disk.Put(file, made);
        bench.StartAndSettle();
        Assert.AreEqual(31, bench.OpenedWith!.RecordsReplayed);
        Assert.AreEqual(0, bench.OpenedWith.Losses.Count);
        bench.Verify("a part of a newer version");
    }

    internal static JournalReport Inspect(Bench bench)
    {
        var listed = new List<DiskFile>();
        foreach (string file in bench.Disk.Files)
        {
            listed.Add(new DiskFile(file, bench.Disk.Contents(file).Length));
        }

        return JournalInspector.Inspect(listed, bench.Disk.Contents, null);
    }

    // One record alone, then many in one write; all synced and acknowledged.
    private static (Bench Bench, string File) Written(ulong seed, int records)
    {
        var bench = new Bench(seed, Options).StartAndSettle();
        bench.Append(RecordClass.Vital, "first");
        bench.Settle();
        for (int i = 0; i < records; i++)
        {
            bench.Append(RecordClass.Vital, "record " + i + "!");
        }

        bench.Settle();
        Assert.AreEqual(records + 1, bench.Acknowledged);
        return (bench, bench.Disk.Files.Single(f => f.StartsWith("segment", StringComparison.Ordinal)));
    }

    private static int Find(byte[] data, string text)
    {
        int at = data.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(text));
        Assert.IsTrue(at > 0, text);
        return at;
    }

    private static int Count(byte[] data)
    {
        SegmentContent content = SegmentContent.Scan(new SegmentName(1, 0, false), data, data.Length, long.MaxValue);
        Assert.AreEqual(0, content.Damage.Count);
        int records = content.Entries.Sum(e => 22 + e.Length);
        return (data.Length - 28 - records) / JournalFormat.SyncedBytes;
    }
}
