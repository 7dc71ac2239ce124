using System;
using System.Buffers.Binary;
using System.Linq;
using EdgeGateway.Journal;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Gateway;
using Simulators.Kernel;

namespace Journal.Tests;

/// <summary>An opening that fails half way leaves nothing of itself behind: the next one on the same object gives what a new journal gives.</summary>
[TestClass]
public sealed class OpeningTests
{
    private const DiskOperations All = DiskOperations.Read | DiskOperations.List | DiskOperations.Create | DiskOperations.Append | DiskOperations.Sync | DiskOperations.SyncDirectory;

    [TestMethod]
    [DataRow(41UL, 0)]
    [DataRow(42UL, 0)]
    [DataRow(43UL, 2048)]
    public void An_opening_behind_one_that_failed_is_like_the_first(ulong seed, int reserveBytes)
    {
        Bench before = Killed(seed, reserveBytes);
        Bench first = before.Copy();
        first.StartAndSettle();
        string expected = State(first);
        int failed = 0;
        for (int skip = 0; skip < 200; skip++)
        {
            Bench bench = before.Copy();
            bench.Disk.FailNext(All, string.Empty, DiskStatus.Failed, skip);
            bench.Start();
            bench.Settle();
            if (bench.OpenedWith is not null)
            {
                continue; // a checkpoint that cannot be read is passed over, or nothing is left to fail
            }

            failed++;
            Assert.AreNotEqual(0, bench.Failures.Count, "it says why");
            Assert.AreEqual(JournalIntake.Nothing, bench.Log.Intake);
            Assert.AreEqual(0, bench.Append(RecordClass.Vital, "not open"));
            bench.Log.Open();
            bench.Settle();
            Assert.IsNotNull(bench.OpenedWith, $"seed {seed}, after failure {skip}: {string.Join("; ", bench.Failures)}");
            Assert.AreEqual(expected, State(bench), $"seed {seed}, after failure {skip}");
            bench.Verify($"after failure {skip}");

            // And it goes on, over its own checkpoints, as the first does.
            Bench again = bench;
            for (int i = 0; i < 60; i++)
            {
                again.Append((RecordClass)(i % 5), "after " + i);
                again.Settle();
            }

            again.Log.BeginClose(5);
            again.Settle();
            again.Disk.KillProcess();
            again.StartAndSettle();
            again.Verify($"reopened after failure {skip}");
        }

        Assert.IsGreaterThan(2, failed);
    }

    [TestMethod]
    public void Opening_what_is_open_or_opening_does_nothing()
    {
        Bench bench = Killed(44, 0).Copy();
        bench.Start();
        bench.Log.Open();
        bench.Settle();
        JournalOpened opened = bench.OpenedWith!;
        string state = State(bench);
        bench.OpenedWith = null;
        bench.Log.Open();
        bench.Settle();
        Assert.IsNull(bench.OpenedWith, "told once");
        bench.OpenedWith = opened;
        Assert.AreEqual(state, State(bench));
    }

    [TestMethod]
    public void A_segment_of_a_newer_version_that_is_read_is_not_opened_and_not_touched()
    {
        Bench before = Killed(45, 0);
        Bench right = before.Copy();
        right.StartAndSettle();
        int refused = 0;
        foreach (string file in before.Disk.Files.Where(f => f.StartsWith("segment", StringComparison.Ordinal)))
        {
            Bench bench = before.Copy();
            byte[] data = bench.Disk.Contents(file);
            if (data.Length < 28)
            {
                continue;
            }

            byte[] newer = (byte[])data.Clone();
            newer[8]++; // the version, behind the magic of 8 bytes; the header's checksum stands behind 24
            BinaryPrimitives.WriteUInt32LittleEndian(newer.AsSpan(24), Crc32C.Of(newer.AsSpan(0, 24)));
            bench.Disk.Put(file, newer);
            string[] files = [.. bench.Disk.Files];
            bench.Start();
            bench.Settle();
            if (bench.OpenedWith is not null)
            {
                continue; // what a checkpoint knows is not read before somebody asks for it
            }

            refused++;
            StringAssert.Contains(bench.Failures[0], file + " was written by a newer version of this program: update, or use an empty directory");
            Assert.AreEqual(DiskStatus.Failed, bench.FailureStatuses[0]);
            CollectionAssert.AreEqual(files, bench.Disk.Files.ToArray());
            CollectionAssert.AreEqual(newer, bench.Disk.Contents(file));

            // With the right program it opens as if nothing had been tried.
            bench.Disk.Put(file, data);
            bench.Log.Open();
            bench.Settle();
            Assert.AreEqual(State(right), State(bench));
        }

        Assert.IsGreaterThan(0, refused);
    }

    private static string State(Bench bench)
    {
        JournalOpened opened = bench.OpenedWith!;
        JournalStatus status = bench.Log.Status;
        return string.Join(
            '\n',
            $"{opened.FirstIndex} to {opened.LastIndex}, torn {opened.TornBytes}, replayed {opened.RecordsReplayed}, losses {string.Join(',', opened.Losses)}, ignored {string.Join(',', opened.Ignored)}",
            $"fold {bench.Projection.Count} {bench.Projection.Sum}; last {bench.Log.LastIndex}, synced {bench.Log.SyncedIndex}, replay from {bench.Log.ReplayFrom}",
            $"used {status.UsedBytes} of {status.QuotaBytes}, {status.Fill}, {status.Segments} segments, reserve {status.ReserveBytes} of {status.ReserveWantedBytes}, unknown {status.UnknownRecords}, intake {bench.Log.Intake}",
            string.Join(' ', bench.ReadAll().Select(r => r.Index)));
    }

    /// <summary>A journal with checkpoints, segments of several classes and an unsealed tail, whose process was killed.</summary>
    private static Bench Killed(ulong seed, int reserveBytes)
    {
        Bench bench = new Bench(seed, Bench.Small with { ReserveBytes = reserveBytes }).StartAndSettle();
        SeededRandom random = new(seed);
        for (int i = 0; i < 90; i++)
        {
            bench.Append((RecordClass)(i % 5), new byte[10 + random.NextInt32(50)]);
            bench.Settle();
        }

        bench.Disk.KillProcess();
        return bench;
    }
}
