using System;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Journal;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Gateway;
using Simulators.Kernel;

namespace Journal.Tests;

/// <summary>
/// Directories that somebody or something has changed: neither the inspection nor the start throws, both say the same, and of what was acknowledged nothing is gone without a word.
/// 40,000 mutated inputs; CART_LONG=1 runs 1,000,000.
/// </summary>
[TestClass]
public sealed class FuzzTests
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("CART_LONG") == "1";

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void Mutated_directories_are_read_alike_by_the_inspection_and_by_the_start()
    {
        int inputs = IsLong ? 100_000 : 1_000;
        Bench[] corpus = [Corpus(51, 25, closed: true), Corpus(52, 40, closed: false), Corpus(53, 12, closed: false), Corpus(54, 60, closed: true), Newer(57, 40, seal: false), Newer(58, 40, seal: true)];
        int opened = 0;
        int damaged = 0;
        for (int i = 0; i < inputs; i++)
        {
            var random = new SeededRandom((ulong)i).Fork("fuzz");
            Bench bench = corpus[i % corpus.Length].Copy();
            string what = Mutate(bench.Disk, random);
            bench.BitRot = true;
            bench.Acknowledged = Math.Min(bench.Acknowledged, Provable(bench.Disk));
            try
            {
                JournalReport report = SyncedMarkTests.Inspect(bench);
                bench.Start();
                bench.Settle();
                if (bench.OpenedWith is null)
                {
                    Assert.IsTrue(report.Findings.Any(f => f.Text.Contains("J2606", StringComparison.Ordinal)) || bench.Failures.Any(f => f.Contains("larger than any segment", StringComparison.Ordinal)), "not opened: " + string.Join("; ", bench.Failures));
                    continue;
                }

                opened++;
                List<Sent> read = bench.ReadAll();
                CheckAlike(report, bench);
                damaged += report.IsDamaged ? 1 : 0;
                CheckNothingIsGone(bench, read);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"input {i}: {what}", e);
            }
        }

        TestContext.WriteLine($"{inputs} directories: {opened} opened, {damaged} with damage");
        Assert.IsTrue(opened > inputs / 2 && damaged > inputs / 4);
    }

    [TestMethod]
    public void Mutated_segments_and_checkpoints_never_throw()
    {
        int inputs = IsLong ? 900_000 : 40_000;
        Bench bench = Corpus(55, 40, closed: true);
        SimulatedDisk newer = Newer(59, 30, seal: false, first: 41).Disk;
        bench.Disk.Put(newer.Files.Single(), newer.Contents(newer.Files.Single()));
        string[] files = [.. bench.Disk.Files.Where(f => f.StartsWith("segment", StringComparison.Ordinal) || f.StartsWith("checkpoint", StringComparison.Ordinal))];
        byte[][] data = [.. files.Select(bench.Disk.Contents)];
        var random = new SeededRandom(55).Fork("bytes");
        int whole = 0;
        for (int i = 0; i < inputs; i++)
        {
            int at = i % files.Length;
            byte[] bytes = Mutate(data[at], data[random.NextInt32(data.Length)], random);
            if (files[at].StartsWith("checkpoint", StringComparison.Ordinal))
            {
                if (i % 3 == 0 && bytes.Length > 4)
                {
                    // With a right checksum the lengths in it are all that stands between it and the reader.
                    BitConverter.TryWriteBytes(bytes.AsSpan(bytes.Length - 4), Crc32C.Of(bytes.AsSpan(0, bytes.Length - 4)));
                }

                whole += JournalFormat.TryReadCheckpoint(bytes, out _) is null ? 0 : 1;
                continue;
            }

            Assert.IsTrue(SegmentName.TryParse(files[at], out SegmentName name));
            long limit = random.NextInt32(3) == 0 ? random.NextInt32(60) : long.MaxValue;
            SegmentContent content = SegmentContent.Scan(name, bytes, bytes.Length, limit, random.NextInt32(40));
            long standsFor = JournalRules.StandsFor(content, limit, null, random.NextInt32(40));
            long before = 0;
            foreach (JournalLoss loss in content.Losses(standsFor))
            {
                Assert.IsTrue(loss.First <= loss.Last && loss.First >= 1, $"input {i}: {loss}");
            }

            foreach (Entry entry in content.Entries)
            {
                Assert.IsTrue(entry.Index > before && entry.Offset + entry.Length <= bytes.Length, $"input {i}: {entry}");
                before = entry.Index;
            }
        }

        TestContext.WriteLine($"{inputs} inputs, {whole} checkpoints were taken");
    }

    // What a whole mark, seal or checkpoint still says was on the disk; of an end that was cut off with its mark nothing can be known.
    private static long Provable(SimulatedDisk disk)
    {
        long provable = 0;
        foreach (string file in disk.Files)
        {
            byte[] data = disk.Contents(file);
            if (SegmentName.TryParse(file, out SegmentName name))
            {
                SegmentContent content = SegmentContent.Scan(name, data, data.Length, long.MaxValue);
                provable = Math.Max(provable, Math.Max(content.SyncedThrough, content.Seal?.Last ?? 0));
            }

            else if (JournalFormat.KindOf(file, out _, out _) == FileKind.Checkpoint)
            {
                provable = Math.Max(provable, JournalFormat.TryReadCheckpoint(data, out _)?.Index ?? 0);
            }
        }

        return provable;
    }

    private static void CheckAlike(JournalReport report, Bench bench)
    {
        var inspected = new SortedSet<long>();
        foreach (JournalFinding finding in report.Findings)
        {
            for (long i = Math.Max(1, finding.FirstLost); i <= finding.LastLost; i++)
            {
                inspected.Add(i);
            }
        }

        var started = new SortedSet<long>();
        foreach (JournalLoss loss in bench.Losses)
        {
            for (long i = loss.First; loss.Damaged && i <= loss.Last; i++)
            {
                started.Add(i);
            }
        }

        if (!inspected.SetEquals(started))
        {
            Assert.Fail("the inspection says " + string.Join(" ", inspected) + "\nthe start says " + string.Join(" ", started) + "\n" + string.Join("\n", report.Findings));
        }
    }

    // Every record that was acknowledged is there as it was, or inside of what was declared as damaged.
    private static void CheckNothingIsGone(Bench bench, List<Sent> read)
    {
        var there = new HashSet<Sent>(read);
        foreach (Sent record in bench.Model.Values)
        {
            bool kept = there.Contains(record) || bench.Losses.Any(l => l.Damaged && l.First <= record.Index && record.Index <= l.Last)
                || (record.Class == RecordClass.Control && record.Index <= bench.Log.ReplayFrom) || bench.Removed.ContainsKey(record.Index);
            if (!kept && record.Index <= bench.Acknowledged)
            {
                Assert.Fail("record " + record + " is gone without a word; losses " + string.Join(", ", bench.Losses));
            }
        }
    }

    private static string Mutate(SimulatedDisk disk, SeededRandom random)
    {
        string[] files = [.. disk.Files];
        string file = files[random.NextInt32(files.Length)];
        string other = files[random.NextInt32(files.Length)];
        switch (random.NextInt32(8))
        {
            case 0:
                disk.Remove(file);
                return file + " removed";
            case 1:
                byte[] one = disk.Contents(file);
                disk.Put(file, disk.Contents(other));
                disk.Put(other, one);
                return file + " and " + other + " swapped";
            case 2:
                disk.Put(file, []);
                return file + " emptied";
            default:
                disk.Put(file, Mutate(disk.Contents(file), disk.Contents(other), random));
                return file + " mutated";
        }
    }

    private static byte[] Mutate(byte[] data, byte[] other, SeededRandom random)
    {
        byte[] made = (byte[])data.Clone();
        for (int n = 1 + random.NextInt32(3); n > 0 && made.Length > 0; n--)
        {
            int at = random.NextInt32(made.Length);
            int length = 1 + random.NextInt32(Math.Min(64, made.Length - at));
            switch (random.NextInt32(7))
            {
                case 0:
                    made = made[..at];
                    break;
                case 1:
                    made = [.. made[..at], .. made[at..(at + length)], .. made[at..]];
                    break;
                case 2:
                    made = [.. made[..at], .. made[(at + length)..]];
                    break;
                case 3 when other.Length > 0:
                    int from = random.NextInt32(other.Length);
                    made = [.. made[..at], .. other[from..Math.Min(other.Length, from + length)], .. made[at..]];
                    break;
                case 4 when at + 4 <= made.Length:
                    int[] hostile = [-1, int.MaxValue, int.MinValue, 0, 1 << 20];
                    BitConverter.TryWriteBytes(made.AsSpan(at), hostile[random.NextInt32(hostile.Length)]);
                    break;
                case 5:
                    made.AsSpan(at, length).Clear();
                    break;
                default:
                    made[at] ^= (byte)(1 << random.NextInt32(8));
                    break;
            }
        }

        return made;
    }

    // Of a newer version: among its records are some with marks that this one does not know.
    private static Bench Newer(ulong seed, int records, bool seal, long first = 1)
    {
        var bench = new Bench(seed);
        var random = new SeededRandom(seed);
        var made = new HandMade(first);
        int[] counts = new int[JournalFormat.ClassCount];
        long index = first - 1;
        for (int i = 0; i < records; i++)
        {
            string text = new('x', random.NextInt32(40));
            switch (random.NextInt32(6))
            {
                case 0:
                    made.Add((byte)(5 + random.NextInt32(0x7B)), ++index, text);
                    counts[(int)RecordClass.Vital]++;
                    break;
                case 1:
                    made.Add((byte)(0x82 + random.NextInt32(0x7E)), index, text);
                    counts[(int)RecordClass.Vital]++;
                    break;
                case 2 when index >= first:
                    made.AddSynced(index);
                    break;
                default:
                    RecordClass recordClass = (RecordClass)(i % 5);
                    made.Add((byte)recordClass, ++index, text);
                    counts[(int)recordClass]++;
                    bench.Model[index] = new Sent(index, 1, recordClass, Convert.ToHexString(System.Text.Encoding.ASCII.GetBytes(text)));
                    break;
            }
        }

        if (seal)
        {
            made.AddSeal(index, counts);
        }
        else
        {
            made.AddSynced(index);
        }

        bench.Disk.Put(made.File, made.Bytes);
        bench.Acknowledged = index;
        return bench;
    }

    // All acknowledged, none given way to the quota; killed or closed.
    private static Bench Corpus(ulong seed, int records, bool closed)
    {
        var bench = new Bench(seed).StartAndSettle();
        var random = new SeededRandom(seed);
        for (int i = 0; i < records; i++)
        {
            bench.Append((RecordClass)(i % 5), new byte[4 + random.NextInt32(40)]);
            if (random.NextInt32(3) == 0)
            {
                bench.Settle();
            }
        }

        bench.Settle();
        if (closed)
        {
            bench.Log.BeginClose(1);
            bench.Settle();
        }

        bench.Disk.KillProcess();
        return bench.Copy();
    }
}
