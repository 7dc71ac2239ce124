using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using EdgeGateway.Journal;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Gateway;

namespace Journal.Tests;

/// <summary>The opening of a directory that is made by hand, file by file: which generation counts, what is secured again, what is missing, and what the reserve has.</summary>
[TestClass]
public sealed class OpeningCaseTests
{
    private static readonly JournalOptions Roomy = Bench.Small with { SegmentBytes = 4096, QuotaBytes = 1 << 20, CheckpointBytes = 1 << 18, CheckpointRecords = 10_000 };

    /// <summary>More than an opening reads of one file, bytes.</summary>
    private static readonly int TooLarge = Roomy.SegmentBytes + JournalOptions.MaxSegmentBytes + 1;

    [TestMethod]
    public void The_newest_copy_that_is_whole_counts_and_is_secured_under_the_next_generation()
    {
        Bench bench = Empty();
        Put(bench, new SegmentName(1, 0, false), 5, true);
        Put(bench, new SegmentName(1, 1, true), 5, true, "one ");
        Put(bench, new SegmentName(1, 2, true), 5, true, "two ");
        Cut(bench, Put(bench, new SegmentName(1, 3, true), 5, true, "three "), 1);
        Put(bench, new SegmentName(6, 0, false), 8, false);
        bench.StartAndSettle();
        AssertOpened(bench, 1, 8, torn: 0, replayed: 8);
        AssertSegments(bench, new SegmentName(1, 4, true), new SegmentName(6, 1, true));
        Assert.AreEqual(2, bench.Log.Status.Rewrites);
        AssertTexts(bench, "two 1", "two 2", "two 3", "two 4", "two 5", "6", "7", "8");
    }

    [TestMethod]
    public void A_copy_whose_seal_alone_was_kept_does_not_count()
    {
        Bench bench = Empty();
        Put(bench, new SegmentName(1, 0, false), 5, true);
        SegmentName copy = Put(bench, new SegmentName(1, 1, true), 5, true, "copy ");
        bench.Disk.FlipBit(copy.File, (JournalFormat.HeaderBytes + JournalFormat.RecordHeadBytes + 2) * 8L);
        Put(bench, new SegmentName(6, 0, false), 8, false);
        bench.StartAndSettle();
        AssertOpened(bench, 1, 8, torn: 0, replayed: 8);
        AssertTexts(bench, "1", "2", "3", "4", "5", "6", "7", "8");
        AssertSegments(bench, new SegmentName(1, 2, true), new SegmentName(6, 1, true));
    }

    [TestMethod]
    [DataRow(0, 1)]
    [DataRow(1, 1)]
    [DataRow(0, 2)]
    public void A_copy_that_cannot_be_read_does_not_count(int skip, int failures)
    {
        // First its seal is read, then the whole of it; whichever fails.
        Bench bench = Empty();
        Put(bench, new SegmentName(1, 0, false), 5, true);
        SegmentName copy = Put(bench, new SegmentName(1, 1, true), 5, true, "copy ");
        Put(bench, new SegmentName(6, 0, false), 8, false);
        for (int i = 0; i < failures; i++)
        {
            bench.Disk.FailNext(DiskOperations.Read, copy.File, DiskStatus.Failed, skip);
        }

        bench.StartAndSettle();
        AssertTexts(bench, "1", "2", "3", "4", "5", "6", "7", "8");
        AssertSegments(bench, new SegmentName(1, 2, true), new SegmentName(6, 1, true));
    }

    [TestMethod]
    public void Of_the_newest_segment_the_generation_that_was_chosen_is_secured_behind_all_there_were()
    {
        Bench bench = Empty();
        Put(bench, new SegmentName(1, 0, false), 5, false);
        Cut(bench, Put(bench, new SegmentName(1, 1, true), 5, true), 2);
        Cut(bench, Put(bench, new SegmentName(1, 2, true), 5, true), 3);
        bench.StartAndSettle();
        AssertOpened(bench, 1, 5, torn: 0, replayed: 5);
        AssertSegments(bench, new SegmentName(1, 3, true));
        Assert.AreEqual(1, bench.Log.Status.Rewrites);
        AssertTexts(bench, "1", "2", "3", "4", "5");
    }

    [TestMethod]
    public void Attempts_of_which_nothing_was_ever_written_are_removed_and_their_numbers_not_used_again()
    {
        Bench bench = Empty();
        Put(bench, new SegmentName(1, 0, false), 5, true);
        bench.Disk.Put(new SegmentName(6, 0, false).File, []);
        Cut(bench, Put(bench, new SegmentName(6, 1, true), 6, true), 1);
        bench.StartAndSettle();
        AssertOpened(bench, 1, 5, torn: 0, replayed: 5);
        Assert.AreEqual(6, bench.Append(RecordClass.Vital, "6"));
        bench.Settle();
        AssertSegments(bench, new SegmentName(1, 0, false), new SegmentName(6, 2, false));
        AssertTexts(bench, "1", "2", "3", "4", "5", "6");
    }

    [TestMethod]
    public void A_winner_with_damage_is_left_as_it_is_beside_its_rivals()
    {
        Bench bench = Empty();
        SegmentName first = Put(bench, new SegmentName(1, 0, false), 5, true);
        SegmentName rival = Cut(bench, Put(bench, new SegmentName(1, 1, true), 5, true), 1);
        bench.Disk.FlipBit(first.File, (JournalFormat.HeaderBytes + JournalFormat.RecordHeadBytes) * 8L);
        Put(bench, new SegmentName(6, 0, false), 8, false);
        string[] files = [first.File, rival.File];
        bench.Start();
        while (bench.OpenedWith is null)
        {
            bench.StepOne();
        }

        JournalLoss loss = bench.OpenedWith.Losses.Single();
        Assert.AreEqual(new JournalLoss(1, 1, RecordClass.Vital, true, first.File), loss);
        CollectionAssert.IsSubsetOf(files, bench.Disk.Files.ToArray(), "until the owner has declared what is lost nothing of it is removed");
        Assert.AreEqual(1, bench.Log.Status.Rewrites, "of the newest segment alone");
    }

    [TestMethod]
    [DataRow(DiskOperations.Read, 1)]
    [DataRow(DiskOperations.Create, 0)]
    [DataRow(DiskOperations.Append, 0)]
    [DataRow(DiskOperations.Sync, 0)]
    public void A_winner_that_cannot_be_written_again_keeps_its_rivals(DiskOperations kind, int skip)
    {
        Bench bench = Empty();
        SegmentName first = Put(bench, new SegmentName(1, 0, false), 5, true);
        SegmentName rival = Cut(bench, Put(bench, new SegmentName(1, 1, true), 5, true), 1);
        Put(bench, new SegmentName(6, 0, false), 8, false);

        // Its seal is read first, then the whole of it, then, in order to write it again, once more.
        bench.Disk.FailNext(kind, kind == DiskOperations.Read ? first.File : "segment-0000000000000001-0002", DiskStatus.Failed, skip + (kind == DiskOperations.Read ? 1 : 0));
        bench.Start();
        while (bench.OpenedWith is null)
        {
            bench.StepOne();
        }

        AssertOpened(bench, 1, 8, torn: 0, replayed: 8);
        CollectionAssert.IsSubsetOf(new[] { first.File, rival.File }, bench.Disk.Files.ToArray(), "both stay");
        Assert.AreEqual(1, bench.Log.Status.Rewrites, "of the newest segment alone");
        bench.Settle(1_000_000);
        AssertTexts(bench, "1", "2", "3", "4", "5", "6", "7", "8");
    }

    [TestMethod]
    public void The_newest_segment_is_written_again_without_its_torn_bytes()
    {
        Bench bench = Empty();
        SegmentName tail = Put(bench, new SegmentName(1, 7, false), 3, false);
        byte[] data = bench.Disk.Contents(tail.File);
        bench.Disk.Put(tail.File, [.. data, .. new byte[11]]);
        bench.StartAndSettle();
        AssertOpened(bench, 1, 3, torn: 11, replayed: 3);
        AssertSegments(bench, new SegmentName(1, 8, true));
        Assert.AreEqual(1, bench.Log.Status.Rewrites);
        Assert.AreEqual(JournalIntake.Everything, bench.Intakes.Single().Intake, "it says that it takes readings");
        long read = bench.Disk.BytesRead;
        AssertTexts(bench, "1", "2", "3");
        Assert.AreEqual(read, bench.Disk.BytesRead, "what was just written is in memory");
    }

    [TestMethod]
    [DataRow(DiskOperations.Create, DiskStatus.Failed)]
    [DataRow(DiskOperations.Append, DiskStatus.Failed)]
    [DataRow(DiskOperations.Sync, DiskStatus.Failed)]
    [DataRow(DiskOperations.Create, DiskStatus.Full)]
    public void A_newest_segment_that_cannot_be_written_again_is_not_opened(DiskOperations kind, DiskStatus status)
    {
        Bench bench = Empty();
        SegmentName tail = Put(bench, new SegmentName(1, 0, false), 3, false);
        for (int i = 0; i < 2; i++)
        {
            bench.Disk.FailNext(kind, "segment", status);
        }

        bench.Start();
        bench.Settle();
        Assert.IsNull(bench.OpenedWith);
        StringAssert.Contains(bench.Failures.Single(), "the newest segment could not be written again");
        Assert.AreEqual(status, bench.FailureStatuses.Single());
        CollectionAssert.Contains(bench.Disk.Files.ToArray(), tail.File);
        while (bench.OpenedWith is null)
        {
            bench.Log.Open();
            bench.Settle();
        }

        AssertTexts(bench, "1", "2", "3");
        Assert.AreEqual(1, bench.Recoveries, "it says so when it works again");
    }

    [TestMethod]
    public void On_a_full_disk_what_can_never_count_goes_before_the_newest_segment_is_written_again()
    {
        Bench bench = Empty();
        Put(bench, new SegmentName(1, 0, false), 5, true);
        SegmentName useless = Cut(bench, Put(bench, new SegmentName(1, 1, true), 5, true), 1);
        Put(bench, new SegmentName(6, 0, false), 8, false);
        bench.Disk.Put("reserve.bin", new byte[700]); // of an older version
        bench.Disk.FailNext(DiskOperations.Create, "segment-0000000000000001-0002", DiskStatus.Failed); // so that the useless one is still there
        bench.Disk.FailNext(DiskOperations.Create, "segment-0000000000000006-0001", DiskStatus.Full);
        List<string> trace = [];
        bench.Disk.Trace = trace.Add;
        bench.Start();
        while (bench.OpenedWith is null && bench.Failures.Count == 0)
        {
            bench.StepOne();
        }

        AssertOpened(bench, 1, 8, torn: 0, replayed: 8);
        CollectionAssert.DoesNotContain(bench.Disk.Files.ToArray(), useless.File);
        CollectionAssert.DoesNotContain(bench.Disk.Files.ToArray(), "reserve.bin");
        CollectionAssert.Contains(bench.Disk.Files.ToArray(), new SegmentName(6, 1, true).File);
        int deleted = trace.FindLastIndex(t => t.Contains("Delete", StringComparison.Ordinal) && t.Contains("reserve.bin", StringComparison.Ordinal));
        int synced = trace.FindIndex(deleted, t => t.Contains("SyncDirectory", StringComparison.Ordinal));
        int written = trace.FindLastIndex(t => t.Contains("Create", StringComparison.Ordinal) && t.Contains("segment-0000000000000006-0001", StringComparison.Ordinal));
        Assert.IsTrue(deleted >= 0 && deleted < synced && synced < written, string.Join('\n', trace));
    }

    [TestMethod]
    [DataRow(DiskOperations.Sync)]
    [DataRow(DiskOperations.SyncDirectory)]
    public void A_newest_segment_with_damage_is_only_synced_and_must_be(DiskOperations kind)
    {
        Bench bench = Empty();
        SegmentName tail = PutSynced(bench, new SegmentName(1, 0, false), 5);
        bench.BitRot = true;
        bench.Disk.FlipBit(tail.File, (JournalFormat.HeaderBytes + JournalFormat.RecordHeadBytes) * 8L);
        bench.Disk.FailNext(kind, string.Empty, DiskStatus.Failed);
        bench.Start();
        bench.Settle();
        Assert.IsNull(bench.OpenedWith);
        StringAssert.Contains(bench.Failures.Single(), "the newest segment could not be synced");
        bench.Log.Open();
        while (bench.OpenedWith is null)
        {
            bench.StepOne();
        }

        Assert.AreEqual(new JournalLoss(1, 1, null, true, tail.File), bench.OpenedWith.Losses.Single());
        Assert.AreEqual(5, bench.OpenedWith.LastIndex);
        CollectionAssert.AreEqual(new[] { tail.File }, bench.Disk.Files.ToArray(), "it is not written again before its damage is declared");
        Assert.AreEqual(0, bench.Log.Status.Rewrites);
    }

    [TestMethod]
    public void A_segment_that_cannot_be_read_is_lost_up_to_the_next_and_the_rest_is_served()
    {
        Bench bench = Empty();
        bench.Declares = false;
        Put(bench, new SegmentName(1, 0, false), 5, true);
        SegmentName bad = Put(bench, new SegmentName(6, 0, false), 8, false);
        Put(bench, new SegmentName(9, 0, false), 10, false);
        for (int i = 0; i < 1 + Roomy.ReadAttempts; i++)
        {
            bench.Disk.FailNext(DiskOperations.Read, bad.File, DiskStatus.Failed);
        }

        bench.BitRot = true;
        bench.Start();
        while (bench.OpenedWith is null)
        {
            bench.StepOne();
        }

        Assert.AreEqual(new JournalLoss(6, 8, null, true, bad.File), bench.OpenedWith.Losses.Single());
        Assert.AreEqual(10, bench.OpenedWith.LastIndex);
        Assert.AreEqual(7, bench.OpenedWith.RecordsReplayed);
    }

    [TestMethod]
    public void A_read_that_works_at_the_last_attempt_loses_nothing()
    {
        Bench bench = Empty();
        SegmentName tail = Put(bench, new SegmentName(1, 0, false), 5, false);
        for (int i = 0; i < Roomy.ReadAttempts; i++)
        {
            bench.Disk.FailNext(DiskOperations.Read, tail.File, DiskStatus.Failed); // its seal, then all attempts but one
        }

        bench.StartAndSettle();
        AssertOpened(bench, 1, 5, torn: 0, replayed: 5);
    }

    [TestMethod]
    public void A_newest_segment_that_cannot_be_read_is_lost_from_its_first_index()
    {
        Bench bench = Empty();
        bench.Declares = false;
        Put(bench, new SegmentName(1, 0, false), 5, true);
        SegmentName bad = Put(bench, new SegmentName(6, 0, false), 8, false);
        for (int i = 0; i < 1 + Roomy.ReadAttempts; i++)
        {
            bench.Disk.FailNext(DiskOperations.Read, bad.File, DiskStatus.Failed);
        }

        bench.BitRot = true;
        bench.Start();
        while (bench.OpenedWith is null)
        {
            bench.StepOne();
        }

        Assert.AreEqual(new JournalLoss(6, 6, null, true, bad.File), bench.OpenedWith.Losses.Single());
        Assert.AreEqual(6, bench.OpenedWith.LastIndex);
    }

    [TestMethod]
    public void A_file_that_is_larger_than_any_segment_is_not_read_and_nothing_is_touched()
    {
        Bench bench = Empty();
        string file = new SegmentName(1, 0, false).File;
        bench.Disk.Put(file, new byte[TooLarge]);
        bench.Start();
        bench.Settle();
        Assert.IsNull(bench.OpenedWith);
        StringAssert.Contains(bench.Failures.Single(), file + " is larger than any segment: move it out of the directory");
        Assert.AreEqual(DiskStatus.Failed, bench.FailureStatuses.Single());
        CollectionAssert.AreEqual(new[] { file }, bench.Disk.Files.ToArray());
        Assert.IsLessThan(1000L, bench.Disk.BytesRead);
        bench.Disk.Put(file, new byte[TooLarge - 1]);
        bench.Log.Open();
        bench.Settle();
        Assert.IsGreaterThan(1000L, bench.Disk.BytesRead, "one byte less is read");
    }

    [TestMethod]
    public void A_segment_missing_above_the_checkpoint_is_declared_from_end_to_end()
    {
        Bench bench = Empty();
        bench.Declares = false;
        Put(bench, new SegmentName(1, 0, false), 5, true);
        Put(bench, new SegmentName(9, 0, false), 12, false);
        bench.BitRot = true;
        bench.StartAndSettle();
        Assert.AreEqual(new JournalLoss(6, 8, null, true, new SegmentName(6, 0, false).File), bench.OpenedWith!.Losses.Single());
        Assert.AreEqual((1L, 12L, 9L), (bench.OpenedWith.FirstIndex, bench.OpenedWith.LastIndex, bench.OpenedWith.RecordsReplayed));
    }

    [TestMethod]
    public void A_missing_first_segment_is_declared_and_the_first_index_is_that_of_the_next()
    {
        Bench bench = Empty();
        bench.Declares = false;
        Put(bench, new SegmentName(4, 0, false), 6, false);
        bench.BitRot = true;
        bench.StartAndSettle();
        Assert.AreEqual((1L, 3L), (bench.OpenedWith!.Losses.Single().First, bench.OpenedWith.Losses.Single().Last));
        Assert.AreEqual((4L, 6L), (bench.OpenedWith.FirstIndex, bench.OpenedWith.LastIndex));
    }

    [TestMethod]
    public void A_newest_segment_of_which_nothing_was_written_still_says_how_far_the_indices_were_used()
    {
        Bench bench = Empty();
        bench.Declares = false;
        bench.BitRot = true;
        bench.Disk.Put(new SegmentName(6, 0, false).File, []);
        bench.StartAndSettle();
        Assert.AreEqual((1L, 5L), (bench.OpenedWith!.Losses.Single().First, bench.OpenedWith.Losses.Single().Last));
        Assert.AreEqual((0L, 5L), (bench.OpenedWith.FirstIndex, bench.OpenedWith.LastIndex));
        Assert.AreEqual(6, bench.Append(RecordClass.Vital, "6"));
    }

    [TestMethod]
    public void An_opening_that_failed_at_its_end_leaves_nothing_behind()
    {
        // A checkpoint, two segments, one of them missing, one that is empty, a reserve, and what was set aside: each is counted once.
        JournalOptions options = Roomy with { ReserveBytes = 16_384, KnownTypes = new HashSet<byte> { 2 } };
        Bench first = new(1, options) { Declares = false, BitRot = true };
        Put(first, new SegmentName(1, 0, false), 5, true);
        Put(first, new SegmentName(9, 0, false), 12, false);
        first.Disk.Put(new SegmentName(13, 0, false).File, []);
        first.Disk.Put(JournalFormat.ReserveFile(0), new byte[2 * options.SegmentBytes]);
        first.Disk.Put(JournalFormat.QuarantineFile(new SegmentName(1, 0, false), 100), new byte[77]);
        PutCheckpoint(first, 2, 2, Sum(2));
        PutCheckpoint(first, 5, 3, Sum(3));
        Bench second = first.Copy();
        (second.Declares, second.BitRot) = (false, true);
        second.Disk.FailNext(DiskOperations.Create, "segment", DiskStatus.Failed);
        second.Start();
        second.Settle();
        Assert.IsNull(second.OpenedWith);
        Assert.HasCount(1, second.Failures);
        first.Start();
        second.Log.Open();
        foreach (Bench bench in new[] { first, second })
        {
            while (bench.OpenedWith is null)
            {
                bench.StepOne();
            }
        }

        Assert.AreEqual(Shown(first), Shown(second));
        first.Settle(1_000_000);
        second.Settle(1_000_000);
        Assert.AreEqual(Shown(first), Shown(second), "also when all is done that was to be done");
        CollectionAssert.AreEqual(first.Disk.Files.ToArray(), second.Disk.Files.ToArray());
        Assert.AreEqual(6, first.OpenedWith!.RecordsReplayed, "4, 5 and 9 to 12");
    }

    [TestMethod]
    public void An_opening_behind_one_that_failed_begins_from_nothing_although_the_directory_has_changed()
    {
        JournalOptions options = Roomy with { ReserveBytes = 16_384, CheckpointRecords = 14 };
        Bench bench = new(1, options);
        Put(bench, new SegmentName(1, 0, false), 5, false);
        bench.Disk.Put(JournalFormat.ReserveFile(0), new byte[2 * options.SegmentBytes]);
        PutCheckpoint(bench, 2, 2, Sum(2));
        PutCheckpoint(bench, 5, 3, Sum(3));
        bench.Disk.FailNext(DiskOperations.Create, "segment", DiskStatus.Failed);
        bench.Disk.CapacityBytes = bench.Disk.UsedBytes + 100; // too little: readings would be refused
        bench.Start();
        bench.Settle();
        Assert.IsNull(bench.OpenedWith);

        // The reserve is gone, there is room, and no checkpoint can be read.
        bench.Disk.Remove(JournalFormat.ReserveFile(0));
        bench.Disk.CapacityBytes = 1 << 24;
        bench.Disk.FailNext(DiskOperations.Read, "checkpoint", DiskStatus.Failed);
        bench.Disk.FailNext(DiskOperations.Read, "checkpoint", DiskStatus.Failed);
        bench.Log.Open();
        while (bench.OpenedWith is null)
        {
            bench.StepOne();
        }

        AssertOpened(bench, 1, 5, torn: 0, replayed: 5);
        Assert.AreEqual(5, bench.Projection.Count, "each record once");
        Assert.AreEqual(Sum(5).Sum, bench.Projection.Sum);
        Assert.AreEqual(0, bench.Log.Status.ReserveBytes);
        Assert.AreEqual(JournalIntake.Everything, bench.Log.Intake);
        bench.Settle(1_000_000);
        for (int i = 0; i < 9; i++)
        {
            Assert.IsEmpty(Checkpoints(bench), "fourteen records are not there yet");
            bench.Append(RecordClass.Vital, "more");
            bench.Settle();
        }

        CollectionAssert.AreEqual(new[] { 6L }, Checkpoints(bench), "behind the numbers of those that could not be read");
    }

    [TestMethod]
    public void Two_checkpoints_are_kept_after_an_opening_that_failed_too()
    {
        Bench bench = new(1, Roomy with { CheckpointRecords = 4 });
        Put(bench, new SegmentName(1, 0, false), 5, false);
        PutCheckpoint(bench, 2, 2, Sum(2));
        PutCheckpoint(bench, 5, 3, Sum(3));
        bench.Disk.FailNext(DiskOperations.Create, "segment", DiskStatus.Failed);
        bench.Start();
        bench.Settle();
        Assert.IsNull(bench.OpenedWith);
        bench.Log.Open();
        bench.Settle();
        for (int i = 0; i < 3; i++)
        {
            bench.Append(RecordClass.Vital, "more");
            bench.Settle(1_000_000);
        }

        CollectionAssert.AreEqual(new[] { 5L, 6L }, Checkpoints(bench), $"read {bench.OpenedWith!.RecordsReplayed} again");
    }

    [TestMethod]
    public void Bytes_that_were_replayed_by_an_opening_that_failed_are_not_counted_again()
    {
        Bench bench = new(1, Roomy with { CheckpointBytes = Roomy.SegmentBytes });
        Put(bench, new SegmentName(1, 0, false), 25, false, new string('x', 75));
        bench.Disk.FailNext(DiskOperations.Create, "segment", DiskStatus.Failed);
        bench.Start();
        bench.Settle();
        Assert.IsNull(bench.OpenedWith);
        bench.Log.Open();
        bench.Settle();
        Assert.IsNotNull(bench.OpenedWith);
        Assert.IsEmpty(Checkpoints(bench), "2,470 bytes, not twice as many");
    }

    [TestMethod]
    public void The_first_checkpoint_is_number_one_and_the_bytes_in_use_are_those_of_the_files()
    {
        Bench bench = Empty();
        Put(bench, new SegmentName(1, 0, false), 5, true);
        SegmentName tail = Put(bench, new SegmentName(6, 0, false), 9, false);
        bench.StartAndSettle();
        Assert.AreEqual(bench.Disk.UsedBytes, bench.Log.Status.UsedBytes);
        CollectionAssert.DoesNotContain(bench.Disk.Files.ToArray(), tail.File);
        bench.Log.BeginClose(1);
        bench.Settle();
        CollectionAssert.AreEqual(new[] { 1L }, Checkpoints(bench));
    }

    [TestMethod]
    public void A_reserve_of_which_some_is_missing_on_a_disk_that_says_nothing_of_its_room_holds_readings_back_until_it_is_whole()
    {
        JournalOptions options = Bench.Small with { ReserveBytes = 2048, QuotaBytes = 1 << 16 };
        Bench none = new(1, options);
        Put(none, new SegmentName(1, 0, false), 3, false);
        Bench some = none.Copy();
        some.Disk.Put(JournalFormat.ReserveFile(1), new byte[512]);
        foreach ((Bench bench, JournalIntake atFirst) in new[] { (none, JournalIntake.Everything), (some, JournalIntake.Bookkeeping) })
        {
            bench.Start();
            while (bench.OpenedWith is null)
            {
                bench.StepOne();
            }

            Assert.AreEqual(atFirst, bench.Log.Intake);
            bench.Settle(1_000_000);
            Assert.AreEqual(JournalIntake.Everything, bench.Log.Intake);
        }
    }

    [TestMethod]
    public void Bytes_behind_the_checkpoint_count_towards_the_next()
    {
        Bench bench = new(1, Roomy with { CheckpointBytes = Roomy.SegmentBytes });
        Put(bench, new SegmentName(1, 0, false), 40, false, new string('x', 75)); // 40 times about 99 bytes, the heads of 22 with them
        bench.StartAndSettle();
        Assert.IsEmpty(Checkpoints(bench), "3,950 bytes were replayed");
        bench.Append(RecordClass.Vital, new byte[128]);
        bench.Settle();
        Assert.HasCount(1, Checkpoints(bench), "150 more make it due");
    }

    [TestMethod]
    public void The_newest_whole_checkpoint_is_loaded_and_the_one_before_it_bounds_what_may_go()
    {
        Bench bench = new(1, Roomy with { CheckpointRecords = 10 });
        Put(bench, new SegmentName(1, 0, false), 9, false);
        PutCheckpoint(bench, 3, 2, Sum(2));
        PutCheckpoint(bench, 4, 5, Sum(5));
        PutCheckpoint(bench, 7, 6, Sum(6));
        bench.StartAndSettle();
        AssertOpened(bench, 1, 9, torn: 0, replayed: 3);
        Assert.AreEqual(9, bench.Projection.Count);
        Assert.AreEqual(5, bench.Log.ReplayFrom, "the one before");
        CollectionAssert.AreEqual(new[] { 3L, 4L, 7L }, Checkpoints(bench));
        for (int i = 0; i < 7; i++)
        {
            bench.Append(RecordClass.Vital, "more");
            bench.Settle();
        }

        CollectionAssert.AreEqual(new[] { 7L, 8L }, Checkpoints(bench), "two are kept");
    }

    [TestMethod]
    public void A_checkpoint_that_is_damaged_or_not_understood_is_passed_over_and_removed()
    {
        Bench bench = new(1, Roomy with { CheckpointRecords = 12 });
        Put(bench, new SegmentName(1, 0, false), 9, false);
        PutCheckpoint(bench, 1, 2, Sum(2));
        PutCheckpoint(bench, 2, 4, new Checkpoint(2, 4, [], [("another name", Sum(4).Save())]));
        PutCheckpoint(bench, 3, 5, new Checkpoint(3, 5, [], [("sum", new byte[15])]));
        PutCheckpoint(bench, 4, 6, new Checkpoint(4, 6, [], []));
        PutCheckpoint(bench, 5, 7, Sum(7));
        bench.Disk.FlipBit(JournalFormat.CheckpointFile(5), 100);
        bench.Disk.Put(JournalFormat.CheckpointFile(6), new byte[35]); // shorter than any
        bench.StartAndSettle();
        AssertOpened(bench, 1, 9, torn: 0, replayed: 7);
        Assert.AreEqual(9, bench.Projection.Count);
        CollectionAssert.AreEqual(new[] { 1L }, Checkpoints(bench));
        Assert.AreEqual(0, bench.Log.ReplayFrom, "no older one is known");

        // The next one has a number that none of them had, and makes none that is good give way.
        for (int i = 0; i < 5; i++)
        {
            bench.Append(RecordClass.Vital, "more");
            bench.Settle();
        }

        CollectionAssert.AreEqual(new[] { 1L, 7L }, Checkpoints(bench));
    }

    [TestMethod]
    public void Names_that_are_no_files_are_named_and_their_numbers_are_not_used_again()
    {
        Bench bench = Empty();
        Put(bench, new SegmentName(1, 0, false), 3, false);
        bench.Disk.Put("CHECKPOINT-0000000000000009.ckp", []); // looks like one and is not
        bench.StartAndSettle();
        CollectionAssert.AreEqual(new[] { "CHECKPOINT-0000000000000009.ckp" }, bench.OpenedWith!.Ignored.ToArray());
    }

    [TestMethod]
    public void Files_of_the_reserve_count_when_they_are_of_todays_bounds_and_others_are_removed()
    {
        // 3 units besides the one that is twice as large: 4 * 512 of bookkeeping, 2 * 512 of vital signs.
        JournalOptions options = Bench.Small with { ReserveBytes = 2048, VitalReserveBytes = 1024, QuotaBytes = 1 << 16 };
        Bench bench = new(1, options);
        bench.StartAndSettle();
        bench.Settle(1_000_000);
        JournalStatus status = bench.Log.Status;
        Assert.AreEqual((3072L, 3072L), (status.ReserveBytes, status.ReserveWantedBytes));
        string[] units = [.. bench.Disk.Files.Where(f => f.StartsWith("reserve", StringComparison.Ordinal))];
        CollectionAssert.AreEqual(Enumerable.Range(0, 5).Select(JournalFormat.ReserveFile).ToArray(), units);
        CollectionAssert.AreEqual(new[] { 1024, 512, 512, 512, 512 }, units.Select(u => bench.Disk.Contents(u).Length).ToArray());
        bench.Log.BeginClose(1);
        bench.Settle();
        bench.Disk.KillProcess();

        long appended = bench.Disk.BytesAppended;
        bench.StartAndSettle();
        Assert.AreEqual(3072, bench.Log.Status.ReserveBytes, "all are there at once");
        Assert.IsLessThan(appended + 512, bench.Disk.BytesAppended, "and none is written again");
        bench.Log.BeginClose(2);
        bench.Settle();
        bench.Disk.KillProcess();

        bench.Disk.Put(JournalFormat.ReserveFile(0), new byte[1023]);
        bench.Disk.Put(JournalFormat.ReserveFile(5), new byte[512]);
        bench.Disk.Put("reserve.bin", new byte[512]);
        bench.Start();
        while (bench.OpenedWith is null)
        {
            bench.StepOne();
        }

        Assert.AreEqual(2048, bench.Log.Status.ReserveBytes, "one is too short, and one is of no number");
        bench.Settle(1_000_000);
        Assert.AreEqual(3072, bench.Log.Status.ReserveBytes);
        Assert.AreEqual(1024, bench.Disk.Contents(JournalFormat.ReserveFile(0)).Length);
        CollectionAssert.DoesNotContain(bench.Disk.Files.ToArray(), JournalFormat.ReserveFile(5));
        CollectionAssert.DoesNotContain(bench.Disk.Files.ToArray(), "reserve.bin");
    }

    [TestMethod]
    [DataRow(0, JournalIntake.Everything)]
    [DataRow(-1, JournalIntake.Bookkeeping)]
    public void Readings_wait_at_a_start_on_a_disk_with_less_room_than_the_missing_reserve_wants(int beyond, JournalIntake intake)
    {
        JournalOptions options = Bench.Small with { ReserveBytes = 2048, QuotaBytes = 1 << 16 };
        Bench bench = new(1, options);
        Put(bench, new SegmentName(1, 0, false), 3, false);

        // Missing are one unit of 1,024 and two of 512 bytes; in front of them what may wait for a sync.
        bench.Disk.CapacityBytes = bench.Disk.UsedBytes + 2048 + options.MaxUnsyncedBytes + beyond;
        bench.Start();
        while (bench.OpenedWith is null)
        {
            bench.StepOne();
        }

        Assert.AreEqual(intake, bench.Log.Intake);
    }

    [TestMethod]
    public void Records_behind_the_checkpoint_count_towards_the_next()
    {
        Bench bench = new(1, Roomy with { CheckpointRecords = 10 });
        Put(bench, new SegmentName(1, 0, false), 9, false);
        bench.StartAndSettle();
        Assert.AreEqual(0, Checkpoints(bench).Length, "nine were replayed");
        bench.Append(RecordClass.Vital, "ten");
        bench.Settle();
        Assert.AreEqual(1, Checkpoints(bench).Length, "the tenth makes it due");
    }

    private static string Shown(Bench bench)
    {
        JournalOpened opened = bench.OpenedWith!;
        JournalStatus status = bench.Log.Status with { BytesWritten = 0, Syncs = 0, DiskErrors = 0 };
        return $"{opened.FirstIndex} to {opened.LastIndex}, torn {opened.TornBytes}, replayed {opened.RecordsReplayed}, losses {string.Join(',', opened.Losses)}; "
            + $"sum {bench.Projection.Count} {bench.Projection.Sum}; replay from {bench.Log.ReplayFrom}; {bench.Log.Intake}; {status}";
    }

    private static Bench Empty() => new(1, Roomy);

    // What a projection has made of the first records of Put.
    private static SumProjection Sum(long last)
    {
        SumProjection projection = new("sum");
        for (long i = 1; i <= last; i++)
        {
            projection.Apply(new JournalRecord(i, 1, RecordClass.Vital, Encoding.ASCII.GetBytes(i.ToString(System.Globalization.CultureInfo.InvariantCulture))));
        }

        return projection;
    }

    private static void PutCheckpoint(Bench bench, long sequence, long index, SumProjection projection) =>
        PutCheckpoint(bench, sequence, index, new Checkpoint(sequence, index, [], [("sum", projection.Save())]));

    private static void PutCheckpoint(Bench bench, long sequence, long index, Checkpoint checkpoint)
    {
        Assert.AreEqual(index, checkpoint.Index);
        bench.Disk.Put(JournalFormat.CheckpointFile(sequence), JournalFormat.WriteCheckpoint(checkpoint));
    }

    private static SegmentName Put(Bench bench, SegmentName name, long last, bool isSealed, string text = "")
    {
        SegmentContent content = Made(name, last, text);
        if (isSealed)
        {
            content.AddSeal(JournalFormat.SaltOf(name), last);
        }

        bench.Disk.Put(name.File, content.Data.AsSpan(0, content.Length));
        return name;
    }

    private static SegmentName PutSynced(Bench bench, SegmentName name, long last)
    {
        SegmentContent content = Made(name, last, string.Empty);
        content.AddSynced(JournalFormat.SaltOf(name), last);
        bench.Disk.Put(name.File, content.Data.AsSpan(0, content.Length));
        return name;
    }

    private static SegmentContent Made(SegmentName name, long last, string text)
    {
        SegmentContent content = SegmentContent.Begin(name, 8192);
        for (long i = name.First; i <= last; i++)
        {
            content.Add(JournalFormat.SaltOf(name), i, 1, RecordClass.Vital, (int)(i - name.First), Encoding.ASCII.GetBytes(text + i.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }

        return content;
    }

    // A rewrite that did not end: its last bytes are missing.
    private static SegmentName Cut(Bench bench, SegmentName name, int bytes)
    {
        byte[] data = bench.Disk.Contents(name.File);
        bench.Disk.Put(name.File, data.AsSpan(0, data.Length - bytes));
        return name;
    }

    private static long[] Checkpoints(Bench bench) =>
        [.. bench.Disk.Files.Select(f => JournalFormat.KindOf(f, out _, out long sequence) == FileKind.Checkpoint ? sequence : -1).Where(s => s >= 0).Order()];

    private static void AssertOpened(Bench bench, long first, long last, long torn, long replayed)
    {
        JournalOpened opened = bench.OpenedWith!;
        Assert.AreEqual(
            (first, last, torn, replayed, 0), (opened.FirstIndex, opened.LastIndex, opened.TornBytes, opened.RecordsReplayed, opened.Losses.Count), string.Join(", ", opened.Losses));
        Assert.AreEqual((last, last), (bench.Log.LastIndex, bench.Log.SyncedIndex));
    }

    private static void AssertSegments(Bench bench, params SegmentName[] names) => CollectionAssert.AreEqual(
        names.Select(n => n.File).ToArray(), bench.Disk.Files.Where(f => f.StartsWith("segment", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToArray());

    private static void AssertTexts(Bench bench, params string[] texts) =>
        CollectionAssert.AreEqual(texts, bench.ReadAll().Select(r => Encoding.ASCII.GetString(Convert.FromHexString(r.Hex))).ToArray());
}
