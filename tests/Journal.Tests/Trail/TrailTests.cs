using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using EdgeGateway.Journal;
using EdgeGateway.Journal.Trail;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Journal.Tests.Trail;

/// <summary>The trail: whatever is changed in it is noticed and named, and a cut of power at any step leaves one that verifies.</summary>
[TestClass]
public sealed class TrailTests
{
    private const int SegmentBytes = 1500;
    private const long QuotaBytes = 5 * SegmentBytes;

    private static readonly string KeyPem = NewKey();

    [TestMethod]
    public void Entries_come_back_in_order_over_many_files_and_the_beginning_that_was_given_up_is_signed()
    {
        MemoryTrailFiles files = new();
        List<TrailHead> heads = Fill(files, 60);
        TrailReport report = TrailReader.Verify(files, [heads[^1], heads[^5]]);
        Assert.IsTrue(report.IsWhole, Shown(report));
        Assert.AreEqual(heads[^1], report.Head);
        Assert.IsGreaterThan(1, report.First);
        Assert.AreEqual(report.First - 1, report.GivenUp);
        Assert.AreEqual(0, report.TornBytes);
        Assert.IsLessThanOrEqualTo(QuotaBytes, files.List().Sum(static f => f.Length));
        Assert.AreEqual(64, report.Key.Length);
        string[] bodies = [.. TrailReader.Read(files).Where(static e => !e.IsOpening).Select(static e => Encoding.UTF8.GetString(e.Body.Span))];
        CollectionAssert.AreEqual(Enumerable.Range(0, 60).Select(Body).TakeLast(bodies.Length).ToArray(), bodies);
        Assert.IsTrue(TrailReader.Verify(files, [heads[0]]).IsWhole, "a head that was given up cannot be looked for, and is no fault");
    }

    [TestMethod]
    public void Empty_folder_is_whole_and_a_published_head_is_missing_in_it()
    {
        MemoryTrailFiles files = new();
        Assert.IsTrue(TrailReader.Verify(files, []).IsWhole);
        Assert.AreEqual(TrailHead.None, Writer(files).Append([]));
        TrailReport report = TrailReader.Verify(files, [new TrailHead(7, new string('a', 64))]);
        Assert.AreEqual(TrailFault.HeadNotFound, report.Findings.Single().Fault);
        Assert.AreEqual((1, 7), (report.Findings[0].First, report.Findings[0].Last));
    }

    [TestMethod]
    public void Power_cut_at_each_step_leaves_a_chain_that_verifies_with_all_that_was_acknowledged()
    {
        MemoryTrailFiles whole = new();
        Fill(whole, 26);
        int torn = 0;
        for (int step = 0; step < whole.Steps; step++)
        {
            for (int seed = 0; seed < Long(1, 4); seed++)
            {
                MemoryTrailFiles files = new() { CutAt = step };
                List<TrailHead> heads = [];
                Assert.ThrowsExactly<PowerCutException>(() => Fill(files, 26, heads));
                MemoryTrailFiles left = files.Survivor(new Random(step * 31 + seed));
                TrailReport report = TrailReader.Verify(left, heads.Count == 0 ? [] : [heads[^1]]);
                string at = $"step {step}, seed {seed}: ";
                Assert.IsTrue(report.IsWhole, at + Shown(report));
                torn += report.TornBytes > 0 ? 1 : 0;

                TrailWriter again = Writer(left);
                TrailHead next = again.Append([Encoding.UTF8.GetBytes("after")]);
                Assert.IsGreaterThan(heads.Count == 0 ? 0 : heads[^1].Index, next.Index);
                report = TrailReader.Verify(left, [next, .. heads.Count == 0 ? Array.Empty<TrailHead>() : [heads[^1]]]);
                Assert.IsTrue(report.IsWhole, at + "after the next entry: " + Shown(report));
                Assert.AreEqual(0, report.TornBytes, at + "what was torn is named by the next file");
            }
        }

        Assert.IsGreaterThan(5, torn, "the cuts must have torn something");
    }

    [TestMethod]
    public void Two_cuts_in_a_row_at_each_step_leave_a_chain_that_verifies()
    {
        MemoryTrailFiles begun = new();
        Fill(begun, 7);
        for (int first = 0; first < 12; first++)
        {
            for (int second = 0; second < 12; second++)
            {
                MemoryTrailFiles files = MemoryTrailFiles.Copy(begun);
                TrailHead acknowledged = Writer(files).Append([]);
                foreach ((int cut, int seed) in new[] { (first, first), (second, 100 + second) })
                {
                    files.CutAt = files.Steps + cut;
                    try
                    {
                        TrailWriter writer = Writer(files);
                        for (int i = 0; i < 5; i++)
                        {
                            acknowledged = writer.Append([Encoding.UTF8.GetBytes(Body(i))]);
                        }
                    }
                    catch (PowerCutException)
                    {
                        // The point of it.
                    }

                    files = files.Survivor(new Random(seed));
                }

                Writer(files).Append([Encoding.UTF8.GetBytes("after")]);
                TrailReport report = TrailReader.Verify(files, [acknowledged]);
                Assert.IsTrue(report.IsWhole, $"{first}, {second}: {Shown(report)}");
            }
        }
    }

    [TestMethod]
    public void Two_writers_in_turn_make_one_chain()
    {
        MemoryTrailFiles files = new();
        TrailWriter one = Writer(files);
        TrailWriter other = Writer(files);
        TrailHead head = TrailHead.None;
        for (int i = 0; i < 40; i++)
        {
            head = (i % 3 == 0 ? other : one).Append([Encoding.UTF8.GetBytes(Body(i))]);
        }

        TrailReport report = TrailReader.Verify(files, [head]);
        Assert.IsTrue(report.IsWhole, Shown(report));
        Assert.AreEqual(Body(39), Encoding.UTF8.GetString(TrailReader.Read(files).Last().Body.Span));
    }

    [TestMethod]
    public void Disk_that_refuses_at_any_step_costs_no_acknowledged_entry()
    {
        MemoryTrailFiles whole = new();
        Fill(whole, 20);
        for (int step = 0; step < whole.Steps; step++)
        {
            MemoryTrailFiles files = new() { RefuseAt = step };
            TrailWriter writer = Writer(files);
            TrailHead head = TrailHead.None;
            for (int i = 0; i < 20; i++)
            {
                try
                {
                    head = writer.Append([Encoding.UTF8.GetBytes(Body(i))]);
                }
                catch (IOException)
                {
                    head = writer.Append([Encoding.UTF8.GetBytes(Body(i))]); // as its caller does
                }
            }

            TrailReport report = TrailReader.Verify(files, [head]);
            Assert.IsTrue(report.IsWhole, $"step {step}: {Shown(report)}");
        }
    }

    [TestMethod]
    public void Disk_that_stays_full_gets_no_file_with_each_try_and_all_is_well_when_there_is_room()
    {
        MemoryTrailFiles files = new();
        List<TrailHead> heads = Fill(files, 10);
        TrailWriter writer = Writer(files);
        int before = files.Names.Count;
        files.FullFrom = files.Steps;
        for (int i = 0; i < 20; i++)
        {
            Assert.ThrowsExactly<IOException>(() => writer.Append([Encoding.UTF8.GetBytes("full")]));
            Assert.IsLessThanOrEqualTo(before + 1, files.Names.Count);
        }

        files.FullFrom = int.MaxValue;
        TrailReport report = TrailReader.Verify(files, [heads[^1], writer.Append([Encoding.UTF8.GetBytes("room")])]);
        Assert.IsTrue(report.IsWhole, Shown(report));
    }

    [TestMethod]
    public void Every_changed_byte_is_noticed()
    {
        MemoryTrailFiles files = new();
        Fill(files, 14);
        foreach (string name in files.Names)
        {
            byte[] good = files[name];
            TrailSegment segment = Segment(files, name);
            for (int at = 0; at < good.Length; at += Long(7, 1))
            {
                byte[] bad = [.. good];
                bad[at] ^= (byte)(1 << (at % 8));
                MemoryTrailFiles changed = MemoryTrailFiles.Copy(files);
                changed[name] = bad;
                TrailReport report = TrailReader.Verify(changed, []);
                Assert.IsTrue(!report.IsWhole || report.TornBytes > 0, $"{name} at {at} is not noticed");
                if (segment.Records.Where(r => r.Offset <= at && at < r.Offset + 22 + r.Payload.Length).Cast<TrailRecord?>().FirstOrDefault() is { } hit && report.TornBytes == 0)
                {
                    Assert.IsTrue(report.Findings.Any(f => f.First <= hit.Index && hit.Index <= f.Last), $"{name} at {at}: entry {hit.Index} is not named: {Shown(report)}");
                }
            }
        }
    }

    [TestMethod]
    public void Random_edits_are_noticed_or_change_nothing()
    {
        MemoryTrailFiles files = new();
        List<TrailHead> heads = Fill(files, 50);
        for (int seed = 0; seed < Long(200, 5000); seed++)
        {
            Random chance = new(seed);
            MemoryTrailFiles edited = MemoryTrailFiles.Copy(files);
            string name = files.Names[chance.Next(files.Names.Count)];
            byte[] bytes = files[name];
            int from = chance.Next(bytes.Length);
            int count = 1 + chance.Next(Math.Min(400, bytes.Length - from));
            string what;
            switch (chance.Next(6))
            {
                case 0:
                    what = "overwritten";
                    chance.NextBytes(bytes.AsSpan(from, count));
                    edited[name] = bytes;
                    break;
                case 1:
                    what = "cut out";
                    edited[name] = [.. bytes[..from], .. bytes[(from + count)..]];
                    break;
                case 2:
                    what = "copied";
                    edited[name] = [.. bytes[..from], .. bytes[from..(from + count)], .. bytes[from..]];
                    break;
                case 3:
                    what = "ended early";
                    edited[name] = bytes[..from];
                    break;
                case 4:
                    what = "file gone";
                    edited.Remove(name);
                    break;
                default:
                    what = "file under another name";
                    edited.Rename(name, name.Replace("-0000.log", "-0001.log", StringComparison.Ordinal));
                    break;
            }

            bool isSame = edited.Names.SequenceEqual(files.Names, StringComparer.Ordinal) && edited.Names.All(n => edited[n].AsSpan().SequenceEqual(files[n]));
            TrailReport report = TrailReader.Verify(edited, [heads[^1]]);
            Assert.IsTrue(isSame || !report.IsWhole || report.TornBytes > 0, $"seed {seed}: {name} {what} at {from} is not noticed");
        }
    }

    [TestMethod]
    public void Entry_with_another_body_and_a_right_checksum_is_named()
    {
        MemoryTrailFiles files = new();
        Fill(files, 14);
        List<(string File, TrailRecord Record)> all = [.. files.Names.SelectMany(n => Segment(files, n).Records.Select(r => (n, r)))];
        foreach ((string name, TrailRecord record) in all.Take(all.Count - 1).Where(static r => r.Record.Type == TrailFormat.EntryType))
        {
            MemoryTrailFiles changed = MemoryTrailFiles.Copy(files);
            byte[] payload = record.Payload.ToArray();
            payload[^1] ^= 1;
            Put(changed, name, record, payload);
            TrailReport report = TrailReader.Verify(changed, []);
            TrailFinding finding = report.Findings[0];
            Assert.AreEqual((TrailFault.Changed, record.Index), (finding.Fault, finding.First), Shown(report));
            Assert.HasCount(1, report.Findings, Shown(report));

            // The hash that it names, instead: then it is that entry itself.
            payload = record.Payload.ToArray();
            payload[3] ^= 1;
            Put(changed, name, record, payload);
            report = TrailReader.Verify(changed, []);
            Assert.IsTrue(report.Findings.Any(f => f.First == record.Index || f.First == record.Index - 1), Shown(report));
        }
    }

    [TestMethod]
    public void Chain_that_was_written_anew_fails_at_the_next_signature_or_at_a_published_head()
    {
        MemoryTrailFiles files = new();
        List<TrailHead> heads = Fill(files, 14);
        foreach (string name in files.Names)
        {
            MemoryTrailFiles changed = MemoryTrailFiles.Copy(files);
            byte[]? before = null;
            foreach (string later in files.Names.Where(n => string.CompareOrdinal(n, name) >= 0))
            {
                TrailSegment segment = Segment(files, later);
                foreach (TrailRecord record in segment.Records)
                {
                    byte[] payload = record.Payload.ToArray();
                    if (before is null && record.Type == TrailFormat.EntryType)
                    {
                        payload[^1] ^= 1;
                    }
                    else if (before is not null)
                    {
                        before.CopyTo(payload, 0);
                    }

                    if (before is not null || record.Type == TrailFormat.EntryType)
                    {
                        Put(changed, later, record, payload);
                        before = TrailFormat.HashOf(record.Index, record.Type, payload);
                    }
                }
            }

            TrailReport report = TrailReader.Verify(changed, []);
            Assert.AreEqual(string.Equals(name, files.Names[^1], StringComparison.Ordinal), report.IsWhole, "only the end of the newest file can be written anew without the key: " + Shown(report));
            Assert.IsFalse(TrailReader.Verify(changed, [heads[^1]]).IsWhole, "and a published head tells that too");
        }
    }

    [TestMethod]
    public void Cut_end_and_fresh_trail_are_told_by_a_published_head()
    {
        MemoryTrailFiles files = new();
        List<TrailHead> heads = Fill(files, 14);
        string newest = files.Names[^1];
        TrailRecord last = Segment(files, newest).Records[^1];
        files[newest] = files[newest][..last.Offset];
        TrailFinding cut = TrailReader.Verify(files, [heads[^1]]).Findings.Single();
        Assert.AreEqual((TrailFault.HeadNotFound, last.Index, last.Index), (cut.Fault, cut.First, cut.Last));

        MemoryTrailFiles fresh = new();
        Fill(fresh, 14);
        TrailReport report = TrailReader.Verify(fresh, [heads[^1]]);
        Assert.AreEqual(TrailFault.HeadNotFound, report.Findings.Single().Fault);
        Assert.AreEqual(TrailFault.HeadNotFound, TrailReader.Verify(fresh, [heads[^1] with { Index = 0 }]).Findings.Single().Fault);

        // Files of both: another trail goes on.
        MemoryTrailFiles mixed = MemoryTrailFiles.Copy(files);
        Fill(fresh, 30);
        foreach (string name in fresh.Names.Where(n => string.CompareOrdinal(n, newest) > 0))
        {
            mixed[name] = fresh[name];
        }

        Assert.IsTrue(TrailReader.Verify(mixed, []).Findings.Any(static f => f.Fault == TrailFault.Restarted));
    }

    [TestMethod]
    public void Beginning_that_nobody_gave_up_is_told_and_so_is_another_key()
    {
        MemoryTrailFiles files = new();
        Fill(files, 14);
        MemoryTrailFiles cut = MemoryTrailFiles.Copy(files);
        cut.Remove(cut.Names[0]);
        TrailFinding finding = TrailReader.Verify(cut, []).Findings.Single();
        Assert.AreEqual((TrailFault.BeginningCut, 1L), (finding.Fault, finding.First));

        string other = NewKey();
        TrailWriter thief = new(files, () => Key(other), SegmentBytes, QuotaBytes);
        for (int i = 0; i < 10; i++)
        {
            thief.Append([Encoding.UTF8.GetBytes(Body(i))]);
        }

        Assert.AreEqual(TrailFault.Restarted, TrailReader.Verify(files, []).Findings[0].Fault);
    }

    [TestMethod]
    public void Real_folder_keeps_the_chain_between_two_programs_that_write_at_once()
    {
        string path = Directory.CreateTempSubdirectory("trail-").FullName;
        try
        {
            System.Threading.Tasks.Parallel.For(0, 4, writer =>
            {
                TrailFolder folder = new(path);
                TrailWriter trail = new(folder, folder.OpenKey);
                for (int i = 0; i < 25; i++)
                {
                    trail.Append([Encoding.UTF8.GetBytes($"{writer} {i}")]);
                }
            });
            TrailFolder read = new(path);
            TrailReport report = TrailReader.Verify(read, []);
            Assert.IsTrue(report.IsWhole, Shown(report));
            Assert.AreEqual(101, report.Head.Index);
            Assert.HasCount(100, TrailReader.Read(read).Where(static e => !e.IsOpening).Select(static e => Encoding.UTF8.GetString(e.Body.Span)).Distinct(StringComparer.Ordinal).ToList());
            if (!OperatingSystem.IsWindows())
            {
                Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(path, "trail.key")));
            }

            File.WriteAllText(Path.Combine(path, "trail.key"), "no key");
            using ECDsa made = read.OpenKey();
            Assert.AreEqual("no key", File.ReadAllText(Path.Combine(path, "trail.key.bad")));
        }
        finally
        {
            Directory.Delete(path, recursive: true);
        }
    }

    [TestMethod]
    [DataRow("12:", false)]
    [DataRow("x", false)]
    [DataRow("0:aa", false)]
    [DataRow("3:00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF", true)]
    [DataRow("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", true)]
    [DataRow("0:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", false)]
    public void Head_is_read_as_it_is_written(string text, bool isGood)
    {
        Assert.AreEqual(isGood, TrailHead.TryParse(text, out TrailHead head));
        if (isGood && head.Index > 0)
        {
            Assert.AreEqual(text.ToLowerInvariant(), head.ToString());
        }
    }

    private static int Long(int few, int many) => Environment.GetEnvironmentVariable("CART_LONG") is "1" ? many : few;

    private static string Body(int i) => "act " + i + " " + new string('x', 40 + (i * 7 % 90));

    private static string NewKey()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKeyPem();
    }

    private static ECDsa Key(string pem)
    {
        ECDsa key = ECDsa.Create();
        key.ImportFromPem(pem);
        return key;
    }

    private static TrailWriter Writer(MemoryTrailFiles files) => new(files, static () => Key(KeyPem), SegmentBytes, QuotaBytes);

    private static List<TrailHead> Fill(MemoryTrailFiles files, int count, List<TrailHead>? heads = null)
    {
        heads ??= [];
        TrailWriter writer = Writer(files);
        for (int i = 0; i < count; i++)
        {
            heads.Add(writer.Append([Encoding.UTF8.GetBytes(Body(i))]));
        }

        return heads;
    }

    private static TrailSegment Segment(MemoryTrailFiles files, string name)
    {
        Assert.IsTrue(SegmentName.TryParse(name, out SegmentName parsed));
        return new TrailSegment(parsed, files[name]);
    }

    // A record with another payload of the same length, and the checksum that fits it.
    private static void Put(MemoryTrailFiles files, string name, TrailRecord record, byte[] payload)
    {
        Assert.IsTrue(SegmentName.TryParse(name, out SegmentName parsed));
        byte[] bytes = files[name];
        TrailFormat.Record(parsed, record.Index, record.Type, payload).CopyTo(bytes, record.Offset);
        files[name] = bytes;
    }

    private static string Shown(TrailReport report) => string.Join("; ", report.Findings.Select(static f => f.Fault + " " + f.Text)) + $" [{report.First}..{report.Head.Index}, given up {report.GivenUp}, torn {report.TornBytes}]";
}
