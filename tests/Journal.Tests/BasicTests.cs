using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Journal;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Journal.Tests;

[TestClass]
public sealed class BasicTests
{
    [TestMethod]
    public void What_is_appended_is_synced_and_read_back_in_order()
    {
        var bench = new Bench(1).StartAndSettle();
        for (int i = 0; i < 30; i++)
        {
            Assert.AreEqual(i + 1, bench.Append((RecordClass)(i % 5), "record " + i));
        }

        bench.Settle();
        Assert.AreEqual(30, bench.Acknowledged);
        CollectionAssert.AreEqual(bench.Model.Values.ToList(), bench.ReadAll());
        CollectionAssert.AreEqual(bench.Model.Values.Where(r => r.Class == RecordClass.Vital).ToList(), bench.ReadAll(1 << (int)RecordClass.Vital));
    }

    [TestMethod]
    public void What_was_closed_is_there_again_and_nothing_is_replayed()
    {
        var bench = new Bench(2).StartAndSettle();
        for (int i = 0; i < 50; i++)
        {
            bench.Append(RecordClass.Vital, "v" + i);
        }

        bench.Log.BeginClose(7);
        bench.Settle();
        Assert.IsTrue(bench.EndedTickets.Contains(7));
        ulong sum = bench.Projection.Sum;
        bench.Disk.KillProcess();
        bench.StartAndSettle();
        Assert.AreEqual(0, bench.OpenedWith!.RecordsReplayed);
        Assert.AreEqual(50, bench.OpenedWith.LastIndex);
        Assert.AreEqual(1, bench.OpenedWith.FirstIndex);
        Assert.AreEqual(0, bench.OpenedWith.Losses.Count);
        Assert.AreEqual(sum, bench.Projection.Sum);
        CollectionAssert.AreEqual(bench.Model.Values.ToList(), bench.ReadAll());
        Assert.AreEqual(51, bench.Append(RecordClass.Vital, "after"));
    }

    [TestMethod]
    public void One_sync_serves_all_that_waits()
    {
        var bench = new Bench(3, Bench.Small with { SegmentBytes = 65536, MaxBatchBytes = 65536, QuotaBytes = 1 << 20, CheckpointBytes = 1 << 18, CheckpointRecords = 10_000, MaxUnsyncedBytes = 65536 }).StartAndSettle();
        bench.Append(RecordClass.Wave, "w");
        bench.Settle();
        for (int i = 0; i < 1000; i++)
        {
            bench.Append(RecordClass.Wave, "w");
        }

        var acknowledged = new List<long>();
        bench.OnSynced = () => acknowledged.Add(bench.Acknowledged);
        bench.Settle();
        CollectionAssert.AreEqual(new List<long> { 2, 1001 }, acknowledged, "the first goes at once, one more sync serves the rest");
    }

    [TestMethod]
    public void Unsynced_bytes_are_bounded_and_the_refusal_appends_nothing()
    {
        var bench = new Bench(4).StartAndSettle();
        int taken = 0;
        while (bench.Append(RecordClass.Sound, new byte[100]) != 0)
        {
            taken++;
        }

        Assert.AreEqual(4096 / 122, taken);
        Assert.AreEqual(taken, bench.Log.LastIndex);
        Assert.AreEqual(taken, bench.Projection.Count);
        bench.Settle();
        Assert.AreEqual(taken, bench.Acknowledged);
        Assert.AreEqual(taken + 1, bench.Append(RecordClass.Sound, new byte[100]));
    }

    [TestMethod]
    public void The_unsynced_tail_is_read_from_memory_but_never_inside_the_call()
    {
        var bench = new Bench(5).StartAndSettle();
        bench.Append(RecordClass.Vital, "a");
        bench.Append(RecordClass.Wave, "b");
        bench.Append(RecordClass.Vital, "c");
        bench.Log.BeginRead(1, 1 << (int)RecordClass.Vital, 1000, 77);
        Assert.IsFalse(bench.EndedTickets.Contains(77));
        while (!bench.EndedTickets.Contains(77))
        {
            bench.StepOne();
        }

        Assert.AreEqual(2, bench.LastRead.Count);
        Assert.AreEqual(4, bench.LastReadNext);
    }
}
