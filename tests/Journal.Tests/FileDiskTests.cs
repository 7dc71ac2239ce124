using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using EdgeGateway.Journal;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Journal.Tests;

/// <summary>The real file system, in a directory of the test run.</summary>
[TestClass]
public sealed class FileDiskTests : IJournalHandler
{
    private readonly BlockingCollection<Action> _loop = [];
    private readonly List<string> _texts = [];
    private long _synced;
    private bool _closed;
    private JournalOpened? _opened;

    public TestContext TestContext { get; set; } = null!;

    private string Root => Path.Combine(TestContext.TestRunDirectory!, "journal-" + TestContext.TestName);

    [TestInitialize]
    public void Clear()
    {
        if (Directory.Exists(Root))
        {
            Directory.Delete(Root, recursive: true);
        }
    }

    [TestMethod]
    public void What_was_closed_is_read_by_the_next_and_by_the_inspector_meanwhile()
    {
        using (var disk = new FileDisk(Root, Post))
        {
            JournalLog log = Open(disk);
            for (int i = 0; i < 500; i++)
            {
                Assert.IsTrue(log.TryAppend(1, (RecordClass)(i % 5), new byte[200], out _));
            }

            Until(() => _synced == 500);
            int seen = 0;
            JournalReport live = JournalInspector.Inspect(Root, _ => seen++);
            Assert.AreEqual(500, seen, "the inspector reads a directory in use");
            Assert.IsFalse(live.IsDamaged, string.Join("; ", live.Findings));
            IOException refused = Assert.ThrowsExactly<IOException>(() => new FileDisk(Root, Post));
            StringAssert.Contains(refused.Message, "J2601");
            log.BeginClose(1);
            Until(() => _closed);
        }

        _opened = null;
        using (var disk = new FileDisk(Root, Post))
        {
            Open(disk);
            Assert.AreEqual(500, _opened!.LastIndex);
            Assert.AreEqual(0, _opened.RecordsReplayed);
        }
    }

    [TestMethod]
    public void Throughput_is_measured()
    {
        using var disk = new FileDisk(Root, Post);
        JournalLog log = Open(disk);
        byte[] payload = new byte[200];
        var rates = new List<double>();
        for (int run = 0; run < 5; run++)
        {
            long start = TimeProvider.System.GetTimestamp();
            long target = log.LastIndex + 10_000;
            while (log.LastIndex < target)
            {
                if (!log.TryAppend(1, RecordClass.Wave, payload, out _))
                {
                    TakeOne();
                }
            }

            Until(() => _synced == target);
            rates.Add(10_000 / TimeProvider.System.GetElapsedTime(start).TotalSeconds);
        }

        rates.Sort();
        JournalStatus status = log.Status;
        TestContext.WriteLine($"median {rates[2]:F0} records/s of 200 bytes; {(double)status.Syncs / status.Records:F5} syncs per record; {(double)status.BytesWritten / status.PayloadBytes:F3} bytes written per payload byte");
        Assert.IsTrue(status.Syncs * 10 < status.Records, "one sync serves many");
        log.BeginClose(1);
        Until(() => _closed);
    }

    [TestMethod]
    public void The_reserve_is_real_blocks_and_links_are_named_by_start_and_inspection_and_never_followed()
    {
        string outside = Path.Combine(TestContext.TestRunDirectory!, "outside-" + TestContext.TestName);
        File.WriteAllText(outside, "somebody else's");
        Directory.CreateDirectory(Root);
        File.CreateSymbolicLink(Path.Combine(Root, "segment-0000000000000001-0000.log"), outside);
        Directory.CreateDirectory(Path.Combine(Root, "checkpoint-0000000000000001.ckp"));
        File.WriteAllText(Path.Combine(Root, "Segment-0000000000000001-0000.LOG"), "other letters");
        using (var disk = new FileDisk(Root, Post))
        {
            JournalLog log = Open(disk);
            CollectionAssert.AreEqual(
                new[] { "Segment-0000000000000001-0000.LOG", "checkpoint-0000000000000001.ckp", "segment-0000000000000001-0000.log" },
                new List<string>(_opened!.Ignored));
            for (int i = 0; i < 50; i++)
            {
                Assert.IsTrue(log.TryAppend(1, RecordClass.Vital, new byte[200], out _));
            }

            Until(() => _synced == 50);
            while (log.Status.ReserveBytes < log.Status.ReserveWantedBytes)
            {
                TakeOne();
                log.Step(1);
            }

            log.BeginClose(1);
            Until(() => _closed);
        }

        Assert.AreEqual("somebody else's", File.ReadAllText(outside), "the link was not followed");
        JournalReport report = JournalInspector.Inspect(Root);
        List<string> named = [];
        foreach (JournalFinding finding in report.Findings)
        {
            Assert.IsTrue(finding.Text.StartsWith("J2607", StringComparison.Ordinal), finding.ToString());
            named.Add(finding.File);
        }

        CollectionAssert.AreEqual(new List<string>(_opened!.Ignored), named, "both name the same");
        long bytes = 0;
        foreach (string file in Directory.GetFiles(Root, "reserve-*.bin"))
        {
            bytes += new FileInfo(file).Length;
            using System.Diagnostics.Process du = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("du", ["-k", file]) { RedirectStandardOutput = true, UseShellExecute = false })!;
            long blocks = long.Parse(du.StandardOutput.ReadToEnd().Split('\t')[0], System.Globalization.CultureInfo.InvariantCulture);
            Assert.IsTrue(blocks * 1024 >= new FileInfo(file).Length, file + " takes " + blocks + " KiB");
        }

        Assert.AreEqual(new JournalOptions().ReserveBytes, bytes);
    }

    public void Opened(JournalOpened opened) => _opened = opened;

    public void Synced(long throughIndex) => _synced = throughIndex;

    public void Failing(DiskStatus status, string text) => _texts.Add(text);

    public void Recovered()
    {
    }

    public void IntakeChanged(JournalIntake intake, string reason)
    {
    }

    public bool Lost(in JournalLoss loss, IReadOnlyList<JournalRecord> records)
    {
        _texts.Add(loss.ToString());
        return true;
    }

    public void Read(long ticket, IReadOnlyList<JournalRecord> records, long nextIndex) => _closed = true;

    private bool Post(Action action)
    {
        _loop.Add(action);
        return true;
    }

    private JournalLog Open(FileDisk disk)
    {
        var log = new JournalLog(disk, new JournalOptions(), [new SumProjection("sum")], this);
        log.Open();
        Until(() => _opened is not null);
        return log;
    }

    private void TakeOne()
    {
        Assert.IsTrue(_loop.TryTake(out Action? action, 20_000), "the disk is silent: " + string.Join("; ", _texts));
        action();
    }

    private void Until(Func<bool> fact)
    {
        while (!fact())
        {
            TakeOne();
        }

        Assert.AreEqual(0, _texts.Count, string.Join("; ", _texts));
    }
}
