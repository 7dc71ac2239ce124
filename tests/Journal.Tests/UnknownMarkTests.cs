using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using EdgeGateway.Journal;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Gateway;

namespace Journal.Tests;

/// <summary>
/// A newer version may write records with marks that this one does not know: classes above the five, and records of the journal's own. With a right checksum they are
/// kept as vital signs, skipped and counted; they are no damage, and nothing around them is lost.
/// </summary>
[TestClass]
public sealed class UnknownMarkTests
{
    private const byte NewClass = 0x05;
    private const byte NewOwn = 0x90;
    private const int Known = 6;

    private static JournalOptions Options { get; } = Bench.Small with { KnownTypes = new HashSet<byte> { 1, Bench.GapType } };

    [TestMethod]
    [DataRow(0x05)]
    [DataRow(0x7F)]
    [DataRow(0x82)]
    [DataRow(0xFF)]
    public void In_any_place_it_is_kept_skipped_and_counted_and_costs_nothing(int mark)
    {
        foreach (int place in new[] { 0, 3, Known })
        {
            foreach (Ending ending in Enum.GetValues<Ending>())
            {
                string where = $"mark {mark:x2}, place {place}, {ending}: ";
                Bench bench = Directory((byte)mark, place, ending, out List<Sent> known, out long last);
                JournalReport report = SyncedMarkTests.Inspect(bench);
                Assert.AreEqual(0, report.Findings.Count, where + string.Join("; ", report.Findings));
                Assert.AreEqual($"{mark}:1", Marks(report), where);
                Assert.AreEqual($"1:{Known}", string.Join(' ', report.RecordsByType.Select(t => $"{t.Key}:{t.Value}")), where);
                CollectionAssert.AreEqual(new[] { 1, 3, 1, 1, 1 }, report.Segments.Single().CountByClass.ToArray(), where + "it counts as a vital sign");

                bench.StartAndSettle();
                Check(bench, known, last, where + "opened");
                Assert.AreEqual(1, bench.Log.Status.UnknownMarks, where);
                Assert.AreEqual(0, bench.Log.Status.UnknownRecords, where);
                Assert.AreEqual(Known, bench.Projection.Count, where + "no projection sees it");
                Assert.AreEqual(0, bench.OpenedWith!.TornBytes, where);

                Assert.AreEqual(last + 1, bench.Append(RecordClass.Vital, "after"), where + "its index is not used again");
                known.Add(bench.Model[last + 1]);
                bench.Settle();
                bench.Log.BeginClose(1);
                bench.Settle();
                bench.Disk.KillProcess();
                Assert.AreEqual($"{mark}:1", Marks(SyncedMarkTests.Inspect(bench)), where + "closed");
                CheckBytes(bench, (byte)mark, where);

                bench.StartAndSettle();
                Check(bench, known, last + 1, where + "opened again");
                Assert.AreEqual(Known + 1, bench.Projection.Count, where + "the checkpoint has them");
            }
        }
    }

    [TestMethod]
    [DataRow(NewClass)]
    [DataRow(NewOwn)]
    public void Neighbours_are_lost_alone_and_it_survives_their_healing(byte mark)
    {
        for (int n = 0; n < Known * (Known + 1) * 2; n++)
        {
            int damaged = n % Known;
            int place = n / Known % (Known + 1);
            Ending ending = n / Known / (Known + 1) == 0 ? Ending.Marked : Ending.Sealed;
            string where = $"mark {mark:x2}, place {place}, record {damaged}, {ending}";
            Bench bench = Directory(mark, place, ending, out List<Sent> known, out long last);
            bench.BitRot = true;
            byte[] data = bench.Disk.Contents(bench.Disk.Files.Single());
            bench.Disk.FlipBit(bench.Disk.Files.Single(), data.AsSpan().IndexOf(Encoding.ASCII.GetBytes($"known {damaged}")) * 8L);
            Sent lost = known[damaged];
            known.RemoveAt(damaged);
            JournalFinding finding = SyncedMarkTests.Inspect(bench).Findings.Single();
            Assert.AreEqual((lost.Index, lost.Index), (finding.FirstLost, finding.LastLost), where);
            bench.StartAndSettle();
            bench.Settle(100_000);
            JournalLoss loss = bench.OpenedWith!.Losses.Single();
            Assert.AreEqual((lost.Index, lost.Index, ending == Ending.Sealed ? lost.Class : null), (loss.First, loss.Last, loss.Class), where);
            Assert.AreEqual(1, bench.Log.Status.Rewrites, where + ": the damage is set aside");
            CheckBytes(bench, mark, where);
            known.Add(bench.Model[last + 1]);
            Check(bench, known, last + 1, where);
        }
    }

    [TestMethod]
    public void A_flipped_bit_in_it_is_damage_as_in_any_record()
    {
        Bench bench = Directory(NewClass, 3, Ending.Sealed, out List<Sent> known, out long last);
        bench.BitRot = true;
        bench.Disk.FlipBit(bench.Disk.Files.Single(), bench.Disk.Contents(bench.Disk.Files.Single()).AsSpan().IndexOf("from the future"u8) * 8L);
        Assert.IsTrue(SyncedMarkTests.Inspect(bench).IsDamaged);
        bench.StartAndSettle();
        JournalLoss loss = bench.OpenedWith!.Losses.Single();
        Assert.AreEqual((4L, 4L, (RecordClass?)RecordClass.Vital), (loss.First, loss.Last, loss.Class));
        known.Add(bench.Model[last + 1]);
        Check(bench, known, last + 1, "damaged");
    }

    [TestMethod]
    public void Behind_the_synced_mark_it_is_part_of_the_unfinished_write()
    {
        foreach (byte mark in new[] { NewClass, NewOwn })
        {
            var made = new HandMade(1);
            made.Add((byte)RecordClass.Vital, 1, "known 0");
            made.AddSynced(1);
            made.Add((byte)RecordClass.Vital, 2, "torn 0");
            int damaged = made.Length - 1;
            made.Add(mark, mark == NewClass ? 3 : 2, "from the future", place: 1);
            made.Add((byte)RecordClass.Vital, mark == NewClass ? 4 : 3, "torn 1", place: mark == NewClass ? 2 : 1);
            var bench = new Bench(60, Options);
            bench.Disk.Put(made.File, made.Bytes);
            bench.Disk.FlipBit(made.File, damaged * 8L);
            Assert.IsFalse(SyncedMarkTests.Inspect(bench).IsDamaged, $"mark {mark:x2}: nothing acknowledged is in it");
            Assert.AreEqual(string.Empty, Marks(SyncedMarkTests.Inspect(bench)), "what is cut does not count");
            bench.StartAndSettle();
            Assert.AreEqual(1, bench.Log.LastIndex, $"mark {mark:x2}");
            Assert.AreEqual(0, bench.Losses.Count, $"mark {mark:x2}");
            Assert.AreEqual(0, bench.Log.Status.UnknownMarks, $"mark {mark:x2}");
            Assert.IsTrue(bench.OpenedWith!.TornBytes > 0);
        }
    }

    [TestMethod]
    public void At_the_end_of_an_unfinished_write_it_is_cut_with_it()
    {
        var made = new HandMade(1);
        made.Add((byte)RecordClass.Vital, 1, "known 0");
        made.AddSynced(1);
        made.Add((byte)RecordClass.Vital, 2, "torn 0");
        int damaged = made.Length - 1;
        made.Add(NewOwn, 2, "from the future");
        var bench = new Bench(63, Options);
        bench.Disk.Put(made.File, made.Bytes);
        bench.Disk.FlipBit(made.File, damaged * 8L);
        Assert.IsFalse(SyncedMarkTests.Inspect(bench).IsDamaged);
        bench.StartAndSettle();
        Assert.AreEqual(0, bench.Losses.Count);
        Assert.AreEqual(1, bench.Log.LastIndex);
        Assert.AreEqual(0, bench.Log.Status.UnknownMarks);
        Assert.AreEqual(made.Length - (damaged - 22 - 5), bench.OpenedWith!.TornBytes);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Release_never_takes_it_and_the_quota_takes_it_as_a_vital_sign(bool countedByItsWriter)
    {
        // Two marks of either kind among what is delivered; a writer that does not count them as it should makes no difference.
        var made = new HandMade(1);
        made.Add((byte)RecordClass.Vital, 1, "vital");
        made.Add(NewOwn, 1, "from the future, of the journal's own");
        made.Add((byte)RecordClass.Wave, 2, "wave");
        made.Add(NewClass, 3, "from the future");
        made.Add((byte)RecordClass.Control, 4, "control");
        made.AddSeal(4, countedByItsWriter ? [1, 3, 0, 0, 1] : [1, 1, 0, 0, 2]);
        var bench = new Bench(61, Options with { QuotaBytes = 12 * 1024 });
        bench.Disk.Put(made.File, made.Bytes);
        bench.StartAndSettle();
        Assert.AreEqual(2, bench.Log.Status.UnknownMarks);

        // Closed and opened again, the checkpoint alone knows the segment.
        bench.Log.BeginClose(1);
        bench.Settle();
        bench.Disk.KillProcess();
        bench.StartAndSettle();
        Assert.AreEqual(0, bench.Log.Status.UnknownMarks, "nothing was replayed");
        for (int i = 0; i < 600; i++)
        {
            bench.Append(RecordClass.Vital, new byte[60]);
            bench.Settle(50_000);
            bench.Log.Release(30, bench.Log.LastIndex + 1);
        }

        Assert.AreEqual("5:1 144:1", Marks(SyncedMarkTests.Inspect(bench)), "what was released went, and it stayed");
        Assert.IsTrue(bench.Log.Status.RecordsRemoved > 300, bench.Log.Status.ToString());
        Assert.IsFalse(SyncedMarkTests.Inspect(bench).IsDamaged);
        SegmentContent left = Content(bench, bench.Disk.Files.First(f => f.StartsWith("segment-0000000000000001", StringComparison.Ordinal)));
        CollectionAssert.AreEqual(new[] { 3L }, left.Entries.Select(e => e.Index).ToArray());
        Assert.AreEqual(1, left.UnknownOwn.Count);
        Assert.IsFalse(bench.Losses.Exists(l => l.First <= 3 && l.Last >= 3), "nothing of it was given up");

        // Waveforms give way before it; vital signs that nobody has taken do not.
        for (int i = 0; i < 60; i++)
        {
            bench.Append(RecordClass.Wave, new byte[60]);
            bench.Settle(50_000);
        }

        Assert.AreEqual("5:1 144:1", Marks(SyncedMarkTests.Inspect(bench)), "a lower class gives way first");
        for (int i = 0; i < 200 && Marks(SyncedMarkTests.Inspect(bench)).Length > 0; i++)
        {
            bench.Append(RecordClass.Vital, new byte[60]);
            bench.Settle(50_000);
        }

        Assert.AreEqual(string.Empty, Marks(SyncedMarkTests.Inspect(bench)), "oldest first among the vital signs");
        JournalLoss loss = bench.Losses.Single(l => l.First <= 3 && l.Last >= 3);
        Assert.AreEqual(new JournalLoss(3, 3, RecordClass.Vital, false, loss.Where), loss);
        Assert.IsFalse(bench.Removed.ContainsKey(3), "the owner never saw it");
        Assert.IsTrue(bench.Log.Status.UsedBytes <= bench.Options.QuotaBytes + (4 * bench.Options.SegmentBytes));
    }

    [TestMethod]
    public void Those_of_an_unknown_class_that_are_given_up_are_told_as_runs_of_neighbours_and_nothing_between_them()
    {
        var made = new HandMade(1);
        string marks = "uuvuvvuuuv"; // unknown and vital
        for (int i = 0; i < marks.Length; i++)
        {
            made.Add(marks[i] == 'u' ? NewClass : (byte)RecordClass.Vital, i + 1, "record");
        }

        made.AddSeal(marks.Length, [0, marks.Length, 0, 0, 0]);
        var bench = new Bench(63, Options with { QuotaBytes = 12 * 1024 });
        bench.Disk.Put(made.File, made.Bytes);
        bench.StartAndSettle();
        for (int i = 0; i < 600 && bench.Losses.Count == 0; i++)
        {
            bench.Append(RecordClass.Vital, new byte[60]);
            bench.Settle(50_000);
        }

        bench.Settle();
        List<JournalLoss> first = bench.Losses.FindAll(l => l.Last <= marks.Length);
        Assert.AreEqual("3-10 1-2 4-4 7-9", string.Join(' ', first.Select(l => $"{l.First}-{l.Last}")), "the known ones with their records, then each run");
        Assert.IsTrue(first.TrueForAll(l => !l.Damaged && l.Class == RecordClass.Vital), string.Join(' ', first));
        CollectionAssert.AreEquivalent(new long[] { 3, 5, 6, 10 }, bench.Removed.Keys.Where(index => index <= marks.Length).ToArray());
    }

    [TestMethod]
    public void A_full_disk_comes_to_rest_with_it()
    {
        Bench bench = Directory(NewClass, 3, Ending.Sealed, out _, out _);
        bench.Options = bench.Options with { QuotaBytes = 64 * 1024, ReserveBytes = 8 * 1024, CheckpointBytes = 4096, MaxUnsyncedBytes = 2048, CheckpointRecords = 1000 };
        bench.Disk.CapacityBytes = 24 * 1024;
        bench.StartAndSettle();
        while (bench.Log.Intake != JournalIntake.Bookkeeping)
        {
            bench.Append(RecordClass.Wave, new byte[60]);
            bench.Settle(50_000);
        }

        bench.Log.Release(30, bench.Log.LastIndex + 1);
        for (int i = 0; i < 40; i++)
        {
            bench.Append(RecordClass.Control, new byte[20], 5, JournalPurpose.Bookkeeping);
            bench.Settle(50_000);
        }

        bench.Settle(bench.Options.RetryUs * 200);
        Assert.AreEqual(JournalIntake.Everything, bench.Log.Intake, bench.Log.IntakeReason + " " + bench.Log.Status);
        Assert.IsTrue(bench.Log.Status.RecordsRemoved > 0);
        Assert.AreEqual("5:1", Marks(SyncedMarkTests.Inspect(bench)));
    }

    [TestMethod]
    public void Unknown_checkpoint_parts_cause_a_replay_past_it()
    {
        foreach (byte mark in new[] { NewClass, NewOwn })
        {
            Bench bench = Directory(mark, 3, Ending.Open, out List<Sent> known, out long last);
            bench.StartAndSettle();
            bench.Log.BeginClose(9);
            bench.Settle();
            bench.Disk.KillProcess();
            string file = bench.Disk.Files.Single(f => f.StartsWith("checkpoint", StringComparison.Ordinal));
            Checkpoint read = JournalFormat.TryReadCheckpoint(bench.Disk.Contents(file), out _)!;
            bench.Disk.Put(file, JournalFormat.WriteCheckpoint(read with { Projections = [.. read.Projections, ("from-the-future", new byte[] { 1, 2, 3 })] }));
            bench.StartAndSettle();
            Assert.AreEqual(last, bench.OpenedWith!.RecordsReplayed);
            Assert.AreEqual(Known, bench.Projection.Count);
            Assert.AreEqual(1, bench.Log.Status.UnknownMarks, $"mark {mark:x2} is counted in each replay");
            Check(bench, known, last, "replayed");
        }
    }

    [TestMethod]
    public void A_newest_file_that_holds_no_record_but_such_a_mark_was_never_begun()
    {
        var first = new HandMade(1);
        first.Add((byte)RecordClass.Vital, 1, "known 0");
        first.AddSeal(1, [0, 1, 0, 0, 0]);
        var second = new HandMade(2);
        second.Add(NewOwn, 1, "from the future");
        var bench = new Bench(64, Options);
        bench.Disk.Put(first.File, first.Bytes);
        bench.Disk.Put(second.File, second.Bytes);
        Assert.IsFalse(SyncedMarkTests.Inspect(bench).IsDamaged);
        bench.StartAndSettle();
        Assert.AreEqual(0, bench.Losses.Count);
        Assert.AreEqual(2, bench.Append(RecordClass.Vital, "known 1"));
        bench.Settle();
        bench.Disk.KillProcess();
        bench.StartAndSettle();
        Assert.AreEqual(2, bench.Log.LastIndex);
        Assert.AreEqual(2, bench.ReadAll().Count);
    }

    [TestMethod]
    public void A_seal_or_a_hole_is_no_unknown_mark_and_an_impossible_index_is_none_either()
    {
        Bench bench = Directory(NewClass, 0, Ending.Sealed, out _, out _);
        Assert.AreEqual("5:1", Marks(SyncedMarkTests.Inspect(bench)));
        var made = new HandMade(1);
        made.Add((byte)RecordClass.Vital, 1, "known 0");
        made.Add(NewClass, JournalFormat.MaxSegmentRecords + 2, "no segment holds so many");
        SegmentContent content = SegmentContent.Scan(made.Name, made.Bytes, made.Bytes.Length, long.MaxValue);
        Assert.AreEqual(1, content.LastIndex);
        Assert.AreEqual(0, content.UnknownMarks);
    }

    // Six records that this version knows, one with an unknown mark at the place, in one segment.
    private static Bench Directory(byte mark, int place, Ending ending, out List<Sent> known, out long last)
    {
        RecordClass[] classes = [RecordClass.Control, RecordClass.Vital, RecordClass.Event, RecordClass.Sound, RecordClass.Wave, RecordClass.Vital];
        bool takesIndex = mark < JournalFormat.FirstOwnMark;
        var made = new HandMade(1);
        known = [];
        long index = 0;
        for (int i = 0; i <= Known; i++)
        {
            if (i == place)
            {
                made.Add(mark, takesIndex ? ++index : index, "from the future");
            }

            if (i < Known)
            {
                string text = $"known {i}";
                made.Add((byte)classes[i], ++index, text);
                known.Add(new Sent(index, 1, classes[i], Convert.ToHexString(Encoding.ASCII.GetBytes(text))));
            }
        }

        last = index;
        if (ending == Ending.Sealed)
        {
            made.AddSeal(last, [1, 3, 1, 1, 1]);
        }
        else if (ending == Ending.Marked)
        {
            made.AddSynced(last);
        }

        var bench = new Bench(62, Options);
        bench.Disk.Put(made.File, made.Bytes);
        foreach (Sent record in known)
        {
            bench.Model[record.Index] = record;
        }

        return bench;
    }

    private static void Check(Bench bench, List<Sent> known, long last, string where)
    {
        Assert.AreEqual(last, bench.Log.LastIndex, where);
        CollectionAssert.AreEqual(known, bench.ReadAll(), where);
        CollectionAssert.AreEqual(known.Where(r => r.Class == RecordClass.Vital).ToList(), bench.ReadAll(1 << (int)RecordClass.Vital), where);
        Assert.AreEqual(bench.Losses.Count(l => l.Damaged), bench.OpenedWith!.Losses.Count, where);
    }

    // All of it is there, in the bytes and as they were, between the same neighbours.
    private static void CheckBytes(Bench bench, byte mark, string where)
    {
        SegmentContent content = Content(bench, bench.Disk.Files.First(f => f.StartsWith("segment-0000000000000001", StringComparison.Ordinal)));
        Entry entry = content.Entries.Concat(content.UnknownOwn).Single(e => e.IsUnknown);
        Assert.AreEqual(mark, entry.Mark, where);
        Assert.AreEqual(1, entry.Type, where);
        Assert.AreEqual("from the future", Encoding.ASCII.GetString(content.Data.AsSpan(entry.Offset, entry.Length)), where);
        Assert.AreEqual(mark, content.Data[entry.Offset - JournalFormat.RecordHeadBytes + 11], where);
        Assert.AreEqual(1, content.UnknownMarks, where);
        Assert.AreEqual(0, content.Damage.Count, where);
        foreach (Entry other in content.Entries)
        {
            Assert.AreEqual(other.Index < entry.Index || (entry.Mark >= JournalFormat.FirstOwnMark && other.Index == entry.Index), other.Offset < entry.Offset, where + "order");
        }
    }

    private static SegmentContent Content(Bench bench, string file)
    {
        Assert.IsTrue(SegmentName.TryParse(file, out SegmentName name));
        byte[] data = bench.Disk.Contents(file);
        return SegmentContent.Scan(name, data, data.Length, long.MaxValue);
    }

    private static string Marks(JournalReport report) => string.Join(' ', report.UnknownMarks.Select(m => $"{m.Key}:{m.Value}"));

    /// <summary>How the segment ends.</summary>
    private enum Ending
    {
        Open,
        Marked,
        Sealed,
    }
}

/// <summary>A segment written byte by byte, as any version may have done it.</summary>
internal sealed class HandMade
{
    private readonly List<byte> _bytes = [];
    private readonly uint _salt;

    public HandMade(long first)
    {
        Name = new SegmentName(first, 0, false);
        _salt = JournalFormat.SaltOf(Name);
        byte[] header = new byte[JournalFormat.HeaderBytes];
        JournalFormat.WriteHeader(header, Name);
        _bytes.AddRange(header);
    }

    public SegmentName Name { get; }

    public string File => Name.File;

    public int Length => _bytes.Count;

    public byte[] Bytes => [.. _bytes];

    public void Add(byte mark, long index, string text, byte type = 1, int place = 0)
    {
        byte[] payload = Encoding.ASCII.GetBytes(text);
        byte[] record = new byte[JournalFormat.RecordHeadBytes + payload.Length];
        JournalFormat.WriteRecord(record, _salt, index, type, mark, place, payload);
        _bytes.AddRange(record);
    }

    public void AddSynced(long index)
    {
        byte[] record = new byte[JournalFormat.SyncedBytes];
        JournalFormat.WriteSynced(record, _salt, index, _bytes.Count);
        _bytes.AddRange(record);
    }

    public void AddSeal(long last, int[] counts)
    {
        byte[] record = new byte[JournalFormat.SealBytes];
        JournalFormat.WriteSeal(record, _salt, new Seal(Name.First, last, counts));
        _bytes.AddRange(record);
    }
}
