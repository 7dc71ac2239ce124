using System;
using System.Globalization;
using System.IO;
using System.Linq;
using EdgeGateway.Journal;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Gateway;
using Simulators.Kernel;

namespace Journal.Tests;

[TestClass]
public sealed class DamageTests
{
    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void Bits_all_over_a_closed_directory_may_flip_and_what_is_lost_is_declared()
    {
        Bench before = Closed(21);
        int flips = 0;
        int losses = 0;
        foreach (string file in before.Disk.Files)
        {
            long bits = before.Disk.Contents(file).Length * 8L;
            for (long bit = 0; bit < bits; bit += 149)
            {
                Bench bench = before.Copy();
                bench.BitRot = true;
                bench.Disk.FlipBit(file, bit);
                bench.StartAndSettle();
                bench.Settle(100_000);
                bench.ReadAll(); // damage is found by reading
                bench.Settle(100_000);
                bench.Verify($"bit {bit} of {file}");
                Assert.IsTrue(bench.Losses.Where(l => l.Damaged).Sum(l => l.Last - l.First + 1) <= 12, $"bit {bit} of {file} must not cost more than its record: {string.Join(", ", bench.Losses)}");
                losses += bench.Losses.Count(l => l.Damaged);
                flips++;
                int declared = bench.Losses.Count;
                bench.Log.BeginClose(1);
                bench.Settle(100_000);
                bench.Disk.KillProcess();
                bench.StartAndSettle();
                bench.ReadAll();
                Assert.AreEqual(declared, bench.Losses.Count(l => l.Damaged), $"bit {bit} of {file}: what was set aside is declared once");
            }
        }

        TestContext.WriteLine($"{flips} flips, {losses} declared losses");
        Assert.IsTrue(losses > flips / 4);
    }

    [TestMethod]
    public void Any_file_may_vanish_and_what_is_lost_is_declared()
    {
        Bench before = Closed(22);
        foreach (string file in before.Disk.Files)
        {
            Bench bench = before.Copy();
            bench.BitRot = true;
            bench.Disk.Remove(file);
            bench.StartAndSettle();
            bench.Settle(100_000);
            bench.Verify(file + " is gone");
            Assert.AreEqual(file.StartsWith("segment", StringComparison.Ordinal), bench.Losses.Count > 0, file);
        }
    }

    [TestMethod]
    public void The_damaged_bytes_are_kept_as_a_file()
    {
        Bench bench = Closed(23);
        bench.BitRot = true;
        string file = bench.Disk.Files.First(f => f.StartsWith("segment", StringComparison.Ordinal));
        byte[] data = bench.Disk.Contents(file);
        bench.Disk.FlipBit(file, (28 + 22 + 3) * 8);
        bench.StartAndSettle();
        bench.ReadAll();
        bench.Settle(100_000);
        string kept = bench.Disk.Files.Single(f => f.StartsWith("quarantine", StringComparison.Ordinal));
        byte[] set = bench.Disk.Contents(kept);
        Assert.AreEqual(data[28 + 22 + 3] ^ 1, set[22 + 3]);
        CollectionAssert.AreEqual(data[28..(28 + 25)], set[..25]);
        JournalLoss loss = bench.Losses.Single();
        Assert.AreEqual(1, loss.First);
        Assert.AreEqual(1, loss.Last);
        Assert.AreEqual(RecordClass.Control, loss.Class, "the seal's counts tell the class");
    }

    [TestMethod]
    public void With_both_checkpoints_damaged_everything_is_replayed()
    {
        Bench bench = Closed(24);
        foreach (string file in bench.Disk.Files.Where(f => f.StartsWith("checkpoint", StringComparison.Ordinal)))
        {
            bench.Disk.FlipBit(file, 300);
        }

        ulong sum = bench.Projection.Sum;
        bench.StartAndSettle();
        Assert.AreEqual(bench.Log.LastIndex, bench.OpenedWith!.RecordsReplayed);
        Assert.AreEqual(sum, bench.Projection.Sum);
        Assert.AreEqual(0, bench.Losses.Count);
    }

    [TestMethod]
    public void A_start_replays_a_bounded_number_of_records_whatever_the_log_holds()
    {
        JournalOptions options = Bench.Small with { QuotaBytes = 1 << 20, CheckpointBytes = 2048 };
        foreach (int records in new[] { 200, 2000, 6000 })
        {
            var bench = new Bench(25, options).StartAndSettle();
            for (int i = 0; i < records; i++)
            {
                bench.Append(RecordClass.Vital, new byte[30]);
                if (i % 20 == 0)
                {
                    bench.Settle();
                }
            }

            bench.Settle();
            bench.Disk.CutPower();
            bench.Disk.PowerOn(CutKeeps.Nothing);
            long read = bench.Disk.BytesRead;
            bench.StartAndSettle();
            Assert.AreEqual(records, bench.Log.LastIndex);
            Assert.IsTrue(bench.OpenedWith!.RecordsReplayed <= 2048 / 50 + 40, "replayed " + bench.OpenedWith.RecordsReplayed);
            long manifest = records * 50 / 480 * 48 * 2;
            TestContext.WriteLine($"{records} records: replayed {bench.OpenedWith.RecordsReplayed}, read {bench.Disk.BytesRead - read} bytes");
            Assert.IsTrue(bench.Disk.BytesRead - read < (16 * 1024) + (2 * manifest), records + " records: read " + (bench.Disk.BytesRead - read));
        }
    }

    [TestMethod]
    public void When_the_quota_is_reached_the_lowest_class_gives_way_and_released_records_first()
    {
        var bench = new Bench(26, Bench.Small with { QuotaBytes = 9 * 1024 }).StartAndSettle();
        for (int i = 0; i < 60; i++)
        {
            bench.Append(i % 2 == 0 ? RecordClass.Wave : RecordClass.Vital, new byte[60]);
            bench.Settle();
        }

        bench.Log.Release(1 << (int)RecordClass.Vital, 11);
        while (bench.Removed.Count < 20)
        {
            bench.Append(RecordClass.Vital, new byte[60]);
            bench.Settle(50_000);
        }

        long[] vitals = bench.Removed.Where(r => r.Value.Record.Class == RecordClass.Vital).Select(r => r.Key).ToArray();
        Assert.IsTrue(vitals.Length > 0 && vitals.All(i => i < 11), "only released vital signs: " + string.Join(" ", vitals));
        Assert.IsTrue(bench.Log.Status.UsedBytes <= bench.Options.QuotaBytes + (4 * bench.Options.SegmentBytes));
        bench.Verify("retention");
    }

    [TestMethod]
    public void A_full_disk_refuses_and_recovers_and_loses_nothing()
    {
        var bench = new Bench(27).StartAndSettle();
        bench.Disk.CapacityBytes = 1500;
        while (bench.Failures.Count == 0)
        {
            bench.Append(RecordClass.Vital, new byte[50]);
            bench.Settle();
        }

        Assert.AreEqual(DiskStatus.Full, bench.FailureStatuses[0]);
        Assert.IsFalse(bench.Log.IsWritable);
        Assert.AreEqual(0, bench.Append(RecordClass.Vital, new byte[50]));
        bench.Settle(200_000);
        Assert.AreEqual(1, bench.Failures.Count, "one episode, one message");
        bench.Disk.CapacityBytes = long.MaxValue;
        bench.Settle(100_000);
        Assert.AreEqual(1, bench.Recoveries);
        Assert.AreEqual(bench.Log.LastIndex, bench.Acknowledged);
        bench.Verify("after the disk was full");
    }

    [TestMethod]
    public void A_start_on_a_full_disk_gives_the_reserve_back_and_opens()
    {
        var bench = new Bench(30, Bench.Small with { ReserveBytes = 4096 }).StartAndSettle();
        for (int i = 0; i < 3; i++)
        {
            bench.Append(RecordClass.Vital, new byte[50]);
            bench.Settle(100_000);
        }

        Assert.IsTrue(bench.Disk.Files.Contains("reserve-0000.bin"));
        bench.Disk.CutPower();
        bench.Disk.PowerOn(CutKeeps.Nothing);
        bench.Disk.CapacityBytes = bench.Disk.Files.Sum(f => (long)bench.Disk.Contents(f).Length);
        bench.StartAndSettle();
        Assert.AreEqual(3, bench.Log.LastIndex);
        bench.Verify("a start on a full disk");
    }

    [TestMethod]
    public void After_a_failed_sync_the_records_are_written_again_elsewhere()
    {
        var bench = new Bench(28).StartAndSettle();
        bench.Append(RecordClass.Vital, "first");
        bench.Settle();
        bench.Disk.FailNext(DiskOperations.Sync, "segment", DiskStatus.Failed);
        long index = bench.Append(RecordClass.Vital, "second");
        bench.Settle();
        Assert.AreEqual(1, bench.Acknowledged);
        Assert.AreEqual(1, bench.Failures.Count);
        bench.Settle(100_000);
        Assert.AreEqual(index, bench.Acknowledged);
        bench.Disk.CutPower();
        bench.Disk.PowerOn(CutKeeps.Nothing);
        bench.StartAndSettle();
        bench.Verify("after a failed sync");
        Assert.AreEqual(2, bench.Log.LastIndex);
    }

    [TestMethod]
    public void A_golden_directory_of_version_1_stays_readable()
    {
        // Written by version 0.1.0 of this program, seed 29; one line per file: its name and its bytes.
        string golden = Path.Combine(AppContext.BaseDirectory, "Golden", "journal-v1.txt");
        var bench = new Bench(29);
        foreach (string line in File.ReadAllLines(golden))
        {
            string[] parts = line.Split(' ');
            bench.Disk.Put(parts[0], Convert.FromHexString(parts[1]));
        }

        bench.StartAndSettle();
        Assert.AreEqual(0, bench.Losses.Count);
        Assert.AreEqual(30, bench.Log.LastIndex);
        bench.OpenedWith = null;
        var read = bench.ReadAll();
        Assert.AreEqual(30, read.Count);
        for (int i = 0; i < 30; i++)
        {
            string text = string.Create(CultureInfo.InvariantCulture, $"record {i + 1}");
            Assert.AreEqual(new Sent(i + 1, (byte)(i % 3), (RecordClass)(i % 5), Convert.ToHexString(System.Text.Encoding.ASCII.GetBytes(text))), read[i]);
        }
    }

    internal static string Golden()
    {
        var bench = new Bench(29, Bench.Small with { CheckpointRecords = 20 }).StartAndSettle();
        for (int i = 0; i < 30; i++)
        {
            bench.Append((RecordClass)(i % 5), System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"record {i + 1}")), (byte)(i % 3));
            bench.Settle();
        }

        return string.Concat(bench.Disk.Files.Select(f => f + " " + Convert.ToHexString(bench.Disk.Contents(f)) + "\n"));
    }

    private static Bench Closed(ulong seed)
    {
        var bench = new Bench(seed).StartAndSettle();
        var random = new SeededRandom(seed);
        for (int i = 0; i < 45; i++)
        {
            bench.Append((RecordClass)(i % 5), new byte[10 + random.NextInt32(50)]);
            bench.Settle();
        }

        bench.Log.BeginClose(1);
        bench.Settle();
        bench.Disk.KillProcess();
        Bench copy = bench.Copy();
        copy.Start();
        copy.Settle();
        Assert.AreEqual(0, copy.Losses.Count);
        copy.Disk.KillProcess();
        return copy;
    }
}
