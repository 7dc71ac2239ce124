using System;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Journal;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Gateway;

namespace Journal.Tests;

/// <summary>A disk that fills: readings are refused early, bookkeeping goes on, what was released makes room, and it recovers by itself.</summary>
[TestClass]
public sealed class FullDiskTests
{
    private const int Capacity = 24 * 1024;

    private static JournalOptions Options { get; } = Bench.Small with { QuotaBytes = 64 * 1024, ReserveBytes = 8 * 1024, CheckpointBytes = 4096, MaxUnsyncedBytes = 2048, CheckpointRecords = 1000 };

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow(1UL, true, true)]
    [DataRow(2UL, true, false)]
    [DataRow(3UL, false, true)]
    [DataRow(4UL, false, false)]
    public void A_full_disk_refuses_readings_drains_and_recovers_by_itself(ulong seed, bool killed, bool saysFree)
    {
        Bench bench = Full(seed, Options, saysFree);
        long taken = bench.Log.LastIndex;
        Assert.AreEqual(JournalIntake.Bookkeeping, bench.Log.Intake, bench.Log.IntakeReason);
        Assert.IsTrue(bench.Log.IntakeReason.Contains("the disk is full", StringComparison.Ordinal), bench.Log.IntakeReason);
        Assert.AreEqual(0, bench.Failures.Count, "bookkeeping never failed: " + string.Join("; ", bench.Failures));
        Assert.AreEqual(taken, bench.Acknowledged, "all that was taken is on the disk");
        Assert.AreEqual(0, bench.Append(RecordClass.Vital, new byte[60], 1, JournalPurpose.OpenSessionVital), "there is no reserve for vital signs here");
        if (killed)
        {
            bench.Disk.KillProcess();
            bench.StartAndSettle();
            Assert.AreEqual(JournalIntake.Bookkeeping, bench.Log.Intake, "killed and started it is as full as before: " + bench.Log.IntakeReason);
        }

        // The owner delivers: a mark for each reading, and now and then what is delivered is released.
        for (long i = 1; i <= taken; i++)
        {
            Assert.AreNotEqual(0, bench.Append(RecordClass.Control, new byte[20], 5, JournalPurpose.Bookkeeping), $"mark {i} of {taken} finds room: {bench.Log.IntakeReason}");
            bench.Settle();
            bench.Log.Release(30, i);
            if (i % 10 == 0)
            {
                bench.Settle(Options.RetryUs * 2);
            }
        }

        bench.Settle(Options.RetryUs * 200);
        Assert.AreEqual(JournalIntake.Everything, bench.Log.Intake, bench.Log.IntakeReason + " " + bench.Log.Status);
        Assert.AreEqual(bench.Log.Status.ReserveWantedBytes, bench.Log.Status.ReserveBytes, "the reserve is taken again");
        Assert.AreNotEqual(0, bench.Append(RecordClass.Vital, new byte[60]));
        bench.Settle();
        bench.Verify("after it was full");
        Assert.IsTrue(bench.Removed.Values.All(r => r.Record.Class == RecordClass.Control || r.Record.Index < taken), "only what was released went");
    }

    [TestMethod]
    public void Nothing_undelivered_goes_for_a_full_disk_below_the_quota()
    {
        Bench bench = Full(5, Options);
        bench.Settle(Options.RetryUs * 50);
        for (int i = 0; i < 200; i++)
        {
            Assert.AreEqual(0, bench.Append(RecordClass.Wave, new byte[60]), "refused as long as it is full");
            bench.Settle(Options.RetryUs);
        }

        Assert.AreEqual(0, bench.Removed.Count, "nothing was released, so nothing goes");
        bench.Verify("full");
    }

    [TestMethod]
    public void Empty_files_do_not_pile_up_on_a_full_disk()
    {
        Bench bench = Full(6, Options with { ReserveBytes = 0 });
        bench.Disk.CapacityBytes = bench.Disk.UsedBytes;
        for (int i = 0; i < 300; i++)
        {
            bench.Append(RecordClass.Control, new byte[20], 5, JournalPurpose.Bookkeeping);
            bench.Settle(Options.RetryUs);
        }

        int empty = bench.Disk.Files.Count(f => bench.Disk.Contents(f).Length <= 28);
        Assert.IsTrue(empty <= 1, empty + " empty files: " + string.Join(" ", bench.Disk.Files));
        bench.Disk.CapacityBytes = long.MaxValue;
        bench.Settle(Options.RetryUs * 4);
        Assert.AreEqual(JournalIntake.Everything, bench.Log.Intake, bench.Log.IntakeReason);
        bench.Verify("after 300 tries");
    }

    [TestMethod]
    public void Vital_signs_of_the_open_session_pass_until_their_reserve_is_used_up()
    {
        JournalOptions options = Options with { VitalReserveBytes = 4096 };
        Bench bench = Full(7, options, capacity: 40 * 1024);
        Assert.AreEqual(JournalIntake.OpenSessionVitals, bench.Log.Intake, bench.Log.IntakeReason);
        int passed = 0;
        while (bench.Append(RecordClass.Vital, new byte[60], 1, JournalPurpose.OpenSessionVital) != 0)
        {
            passed++;
            bench.Settle();
            Assert.AreEqual(0, bench.Append(RecordClass.Wave, new byte[60]), "no other reading passes");
        }

        TestContext.WriteLine($"{passed} vital signs of {60 + 22} bytes passed into 4,096 bytes");
        Assert.IsTrue(passed >= 15, "only " + passed + " passed");
        Assert.AreEqual(JournalIntake.Bookkeeping, bench.Log.Intake);
        Assert.AreNotEqual(0, bench.Append(RecordClass.Control, new byte[20], 5, JournalPurpose.Bookkeeping), "marks pass all the same");
        bench.Settle();
        Assert.AreEqual(bench.Log.LastIndex, bench.Acknowledged);
        bench.Verify("after the vital signs");
    }

    [TestMethod]
    public void On_a_disk_too_small_for_the_reserve_it_works_without_and_says_so()
    {
        var bench = new Bench(8, Options, diskOptions: new SimulatedDiskOptions { CapacityBytes = 10 * 1024 }).StartAndSettle();
        bench.Settle(Options.RetryUs * 10);
        Assert.IsTrue(bench.Log.IsReserveMissing);
        Assert.AreEqual(JournalIntake.Everything, bench.Log.Intake);
        Assert.AreEqual(0, bench.Log.Status.ReserveBytes);
        for (int i = 0; i < 500 && bench.Append(RecordClass.Vital, new byte[60]) != 0; i++)
        {
            bench.Settle(Options.RetryUs);
        }

        Assert.AreEqual(JournalIntake.Bookkeeping, bench.Log.Intake, "what is free decides: " + bench.Log.IntakeReason);
        Assert.AreEqual(0, bench.Failures.Count, string.Join("; ", bench.Failures));
        Assert.IsTrue(bench.Disk.FreeBytes >= 1024, "refused before it is full: " + bench.Disk.FreeBytes);
        bench.Verify("small disk");
    }

    [TestMethod]
    public void Killed_at_any_operation_on_a_full_disk_it_opens_and_goes_on()
    {
        for (int cut = 1; cut < 240; cut += Environment.GetEnvironmentVariable("CART_LONG") == "1" ? 1 : 12)
        {
            Bench bench = Full((ulong)(100 + cut), Options);
            bench.Disk.CutAfterOperations = bench.Disk.OperationsEnded + cut;
            long taken = bench.Log.LastIndex;
            long done = 0;
            for (int life = 0; life < 4 && done < taken; life++)
            {
                while (done < taken && bench.Append(RecordClass.Control, new byte[20], 5, JournalPurpose.Bookkeeping) != 0 && !bench.Disk.IsOff)
                {
                    bench.Settle(done % 8 == 0 ? Options.RetryUs * 2 : 0);
                    bench.Log.Release(30, ++done);
                }

                bench.Disk.CutPower();
                bench.Disk.PowerOn(CutKeeps.AnyPart);
                bench.StartAndSettle();
                bench.Settle(Options.RetryUs * 2);
                bench.Log.Release(30, done);
                bench.Disk.CutAfterOperations = life == 2 ? long.MaxValue : bench.Disk.OperationsEnded + (cut * (life + 2));
            }

            bench.Disk.CutAfterOperations = long.MaxValue;
            bench.Log.Release(30, taken + 1);
            bench.Settle(Options.RetryUs * 200);
            Assert.AreEqual(JournalIntake.Everything, bench.Log.Intake, $"cut {cut}: {bench.Log.IntakeReason} {bench.Log.Status}");
            bench.Verify("cut " + cut);
        }
    }

    // Readings until they are refused.
    private static Bench Full(ulong seed, JournalOptions options, bool saysFree = true, int capacity = Capacity)
    {
        var bench = new Bench(seed, options, diskOptions: new SimulatedDiskOptions { CapacityBytes = capacity }) { Disk = { SaysFreeBytes = saysFree } };
        bench.StartAndSettle();
        bench.Settle(options.RetryUs * 10);
        Assert.AreEqual(bench.Log.Status.ReserveWantedBytes, bench.Log.Status.ReserveBytes, "the reserve is there: " + bench.Log.Status);
        int refused = 0;
        for (int i = 0; refused < 5; i++)
        {
            Assert.IsTrue(i < 5000, "it never fills");
            refused = bench.Append(i % 3 == 0 ? RecordClass.Wave : RecordClass.Vital, new byte[60]) == 0 ? refused + 1 : 0;
            bench.Settle(options.ReserveBytes == 0 ? options.RetryUs : 0);
        }

        return bench;
    }
}
