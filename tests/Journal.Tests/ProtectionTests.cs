using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using EdgeGateway.Journal;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Gateway;
using Simulators.Kernel;

namespace Journal.Tests;

/// <summary>Records at rest: encrypted, erased by destroying their key, and after every cut either as before or as after.</summary>
[TestClass]
public sealed class ProtectionTests
{
    private static readonly JournalKeyOwner One = new(1, (byte)'1');
    private static readonly JournalKeyOwner Two = new(1, (byte)'2');

    // Room for all, so that nothing but the erasure takes records away.
    private static JournalOptions Roomy { get; } = Bench.Small with { QuotaBytes = 256 * 1024, CheckpointBytes = 16 * 1024, CheckpointRecords = 400 };

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void Encrypted_records_are_read_as_written_and_their_bytes_are_nowhere_on_the_disk()
    {
        Bench bench = new Bench(1, Roomy).Protect().StartAndSettle();
        Assert.IsTrue(bench.Log.Keys!.IsEncrypting, "a new directory is encrypted at once");
        Fill(bench, 40);
        bench.Verify("written");
        Assert.AreEqual(0, Raw(bench, "CANARY").Count, "no plaintext on any disk");
        Assert.AreEqual(1, Raw(bench, "bookkeeping 7").Count, "what is plain is found by the same search");
        Restart(bench);
        bench.Verify("started again");
        bench.Log.BeginClose(1);
        bench.Settle();
        bench.Kill();
        bench.StartAndSettle();
        bench.Verify("closed and started");
        Assert.AreEqual(0, Raw(bench, "CANARY").Count);
        Assert.AreEqual("1/49 1/50", string.Join(' ', bench.Log.Keys!.Owners.Select(o => $"{o.Kind}/{o.Number}")));
    }

    [TestMethod]
    public void A_journal_of_an_older_version_stays_plain_until_it_is_asked_for_or_has_been_well_for_24_hours()
    {
        foreach (bool isAsked in new[] { false, true })
        {
            Bench bench = Golden();
            bench.Protect().StartAndSettle();
            Assert.IsFalse(bench.Log.Keys!.IsEncrypting);
            List<Sent> before = bench.ReadAll();
            Assert.AreEqual(30, before.Count);
            Fill(bench, 6);
            bench.Settle();
            Assert.AreEqual(1, Raw(bench, "CANARY 1 4").Count, "written in the old form");
            Assert.AreEqual(0, bench.KeyDisk!.Files.Count);

            string written = string.Join('\n', bench.ReadAll());

            // Taken back: the older version, which knows no keys, reads what the newer one wrote.
            bench.Kill();
            Bench older = new(29, bench.Options);
            foreach (string file in bench.Disk.Files)
            {
                older.Disk.Put(file, bench.Disk.Contents(file));
            }

            older.StartAndSettle();
            Assert.AreEqual(0, older.Losses.Count);
            Assert.AreEqual(bench.Log.LastIndex, older.Log.LastIndex);
            Assert.AreEqual(written, string.Join('\n', older.ReadAll()));

            bench.StartAndSettle();
            if (isAsked)
            {
                bench.KeyDisk.Put("encrypted", []);
            }

            for (int i = 0; i < JournalProtection.HealthyHoursBeforeEncryption && !isAsked; i++)
            {
                Assert.AreEqual(i, bench.Log.Keys!.HealthyHours);
                bench.Log.Keys.AddHealthyHour();
                bench.Settle();
                if (i % 5 == 0)
                {
                    Restart(bench); // hours of several days count together
                    Assert.IsFalse(bench.Log.Keys!.IsEncrypting, "hour " + i);
                }
            }

            Restart(bench);
            Assert.IsTrue(bench.Log.Keys!.IsEncrypting);
            Fill(bench, 6, "SECRET");
            Assert.AreEqual(0, Raw(bench, "SECRET").Count);
            Restart(bench);
            Assert.AreEqual(30 + 6 + 6, bench.ReadAll().Count, "both forms in one journal");

            // Now the older version is not able to, and says so instead of losing anything.
            bench.Kill();
            Bench refused = new(29, bench.Options);
            foreach (string file in bench.Disk.Files)
            {
                refused.Disk.Put(file, bench.Disk.Contents(file));
            }

            refused.Start();
            refused.Settle();
            Assert.IsNull(refused.OpenedWith);
            StringAssert.Contains(refused.Failures[0], "is encrypted, and no key was given");
        }
    }

    [TestMethod]
    public void The_power_goes_before_every_operation_ends_with_keys_under_way()
    {
        foreach (string which in new[] { "keys", "journal" })
        {
            Bench whole = new Bench(12).Protect();
            CrashTests.Script(whole);
            SimulatedDisk counted = which == "keys" ? whole.KeyDisk! : whole.Disk;
            long total = counted.OperationsEnded;
            Assert.IsTrue(total > 20, which + ": " + total);
            foreach (CutKeeps keeps in Enum.GetValues<CutKeeps>())
            {
                for (long cut = 0; cut < total; cut += which == "keys" ? 2 : 29)
                {
                    Bench bench = new Bench(12).Protect();
                    (which == "keys" ? bench.KeyDisk! : bench.Disk).CutAfterOperations = cut;
                    CrashTests.Script(bench);
                    CrashTests.Recover(bench, keeps, string.Create(CultureInfo.InvariantCulture, $"{which}: cut before operation {cut} of {total}, keeps {keeps}"));
                }
            }

            TestContext.WriteLine($"{which}: {total} operations");
        }
    }

    [TestMethod]
    public void Random_histories_of_cuts_failures_and_full_disks_with_keys()
    {
        for (ulong seed = 5001; seed <= 5060; seed++)
        {
            CrashTests.History(seed, isProtected: true);
        }
    }

    [TestMethod]
    public void The_power_goes_at_every_step_of_an_erasure_and_all_of_it_or_none_is_gone()
    {
        Bench before = new Bench(21, Roomy).Protect().StartAndSettle();
        Fill(before, 40);
        Restart(before);
        Fill(before, 20); // a second key of both owners, in the same files
        before.Log.BeginClose(1);
        before.Settle();
        before.Kill();
        int erased = 0;
        int kept = 0;
        foreach (CutKeeps keeps in Enum.GetValues<CutKeeps>())
        {
            for (int cut = 0; cut < 60; cut++)
            {
                Bench bench = before.Copy().StartAndSettle();
                bench.Log.Keys!.Erase(One);
                for (int i = 0; i < cut && bench.Log.Keys.Owners.Contains(One); i++)
                {
                    bench.StepOne();
                }

                bool isDone = !bench.Log.Keys.Owners.Contains(One);
                bench.Disk.CutPower();
                bench.KeyDisk!.CutPower();
                bench.PowerOn(keeps);
                bench.StartAndSettle();
                string when = $"keeps {keeps}, after {cut} steps";
                Assert.AreEqual(0, bench.Losses.Count, when);
                List<Sent> read = bench.ReadAll();
                int ones = Count(read, "CANARY 1");
                Assert.AreEqual(30, Count(read, "CANARY 2"), when + ": nobody else's");
                Assert.IsTrue(ones is 30 or 0, when + ": " + ones);
                Assert.AreEqual(ones == 30, bench.Log.Keys!.Owners.Contains(One), when);
                Assert.IsTrue(!isDone || ones == 0, when + ": it was said to be done");
                Assert.AreEqual(ones, Openable(bench, "CANARY 1"), when + ": with everything on the disk, and the cart's key");
                Assert.AreEqual(30, Openable(bench, "CANARY 2"), when + ": the same search finds what is there");
                (erased, kept) = ones == 0 ? (erased + 1, kept) : (erased, kept + 1);

                // And asked again it is done.
                bench.Log.Keys.Erase(One);
                bench.Settle();
                Assert.IsFalse(bench.Log.Keys.Owners.Contains(One), when);
                Assert.AreEqual(0, Count(bench.ReadAll(), "CANARY 1"), when);
                Assert.AreEqual(0, Openable(bench, "CANARY 1"), when);
            }
        }

        TestContext.WriteLine($"{erased} times erased, {kept} times kept");
        Assert.IsTrue(erased > 20 && kept > 20);
    }

    [TestMethod]
    public void What_comes_for_an_owner_whose_keys_were_erased_has_a_new_key_and_the_old_records_stay_unreadable()
    {
        Bench bench = new Bench(22, Roomy).Protect().StartAndSettle();
        Fill(bench, 20);
        bench.Log.Keys!.Erase(One);
        bench.Append(RecordClass.Vital, Text("1", "late", 3)); // before the keys are gone: the wish is taken back
        bench.Settle();
        Assert.IsTrue(bench.Log.Keys.Owners.Contains(One));
        Assert.AreEqual(10, Count(bench.ReadAll(), "CANARY 1"));

        bench.Log.Keys.Erase(One);
        bench.Settle();
        Assert.IsFalse(bench.Log.Keys.Owners.Contains(One));
        bench.Append(RecordClass.Vital, Text("1", "later", 4));
        bench.Settle();
        List<Sent> read = bench.ReadAll();
        Assert.AreEqual(0, Count(read, "CANARY 1"), "in the same life, from memory too");
        Assert.AreEqual(1, Count(read, "later 1"));
        Restart(bench);
        read = bench.ReadAll();
        Assert.AreEqual(0, bench.Losses.Count, "an erasure is no damage: " + string.Join("; ", bench.Losses));
        Assert.AreEqual(0, Count(read, "CANARY 1") + Count(read, "late 1"));
        Assert.AreEqual(1, Count(read, "later 1"));
        Assert.AreEqual(10, Count(read, "CANARY 2"));
    }

    [TestMethod]
    public void A_half_written_key_file_leaves_the_older_one()
    {
        Bench before = new Bench(23, Roomy).Protect().StartAndSettle();
        Fill(before, 20);
        before.Kill();
        string file = before.KeyDisk!.Files.Single(f => f.StartsWith("key-01-00000031", StringComparison.Ordinal));
        byte[] whole = before.KeyDisk.Contents(file);
        string next = file[..^12] + "00000009.bin";
        var kinds = new List<byte[]> { Array.Empty<byte>(), new byte[whole.Length] };
        for (int length = 1; length < whole.Length; length += 7)
        {
            kinds.Add(whole[..length]);
        }

        for (int bit = 0; bit < whole.Length * 8; bit += 11)
        {
            byte[] flipped = (byte[])whole.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            kinds.Add(flipped);
        }

        foreach (byte[] half in kinds)
        {
            Bench bench = before.Copy();
            bench.KeyDisk!.Put(next, half);
            bench.StartAndSettle();
            bench.Verify("beside the older one");
            Assert.AreEqual(0, bench.OpenedWith!.UnusableKeys.Count);

            // Alone it is a lost key: the records are declared as lost, kept, and never shown.
            Bench alone = before.Copy();
            alone.KeyDisk!.Put(file, half);
            alone.BitRot = true;
            alone.StartAndSettle();
            Assert.AreEqual(file, alone.OpenedWith!.UnusableKeys.Single());
            Assert.AreEqual(10, alone.Losses.Sum(l => (int)(l.Last - l.First + 1)));
            List<Sent> read = alone.ReadAll();
            Assert.AreEqual(0, Count(read, "CANARY 1"));
            Assert.AreEqual(10, Count(read, "CANARY 2"));
        }
    }

    [TestMethod]
    public void Readings_under_a_lost_key_come_back_with_the_key()
    {
        Bench bench = new Bench(24, Roomy).Protect().StartAndSettle();
        Fill(bench, 20);
        byte[] old = bench.CartKey;
        bench.Kill();
        bench.CartKey = SHA256.HashData(old);
        bench.BitRot = true;
        bench.StartAndSettle();
        Assert.AreEqual(2, bench.OpenedWith!.UnusableKeys.Count);
        Assert.AreEqual(0, bench.ReadAll().Count(r => r.Class != RecordClass.Control));
        long index = bench.Append(RecordClass.Vital, Text("1", "new", 1));
        bench.Settle();
        Assert.AreEqual(index, bench.Acknowledged, "readings go on, under new keys");
        for (int i = 0; i < 60; i++)
        {
            bench.Append(RecordClass.Wave, Text("2", "further", i)); // segments are sealed, checkpoints are written, and nothing locked is thrown away
            bench.Settle();
        }

        bench.Kill();
        bench.CartKey = old;
        bench.StartAndSettle();
        List<Sent> read = bench.ReadAll();
        Assert.AreEqual(10, Count(read, "CANARY 1"));
        Assert.AreEqual(10, Count(read, "CANARY 2"));
        Assert.AreEqual(0, Count(read, "new 1"), "that one is under the other key");
    }

    [TestMethod]
    public void A_changed_ciphertext_with_a_right_checksum_is_a_declared_loss_and_never_a_value()
    {
        Bench before = new Bench(25, Roomy).Protect().StartAndSettle();
        Fill(before, 6);
        before.Kill();
        string file = before.Disk.Files.First(f => f.StartsWith("segment-", StringComparison.Ordinal));
        Assert.IsTrue(SegmentName.TryParse(file, out SegmentName name));
        byte[] data = before.Disk.Contents(file);
        SegmentContent content = SegmentContent.Scan(name, (byte[])data.Clone(), data.Length, long.MaxValue);
        Entry victim = content.Entries.First(e => e.IsLocked);
        int head = victim.Offset - JournalFormat.RecordHeadBytes;

        // Every byte of the record but its length, its index, its place and its class, which are proved by other means.
        foreach (int at in Enumerable.Range(head, JournalFormat.RecordHeadBytes + victim.Length).Where(a => a - head is 8 or 10 or >= 26))
        {
            Bench bench = before.Copy();
            byte[] changed = (byte[])data.Clone();
            changed[at] ^= 0x40;
            Span<byte> record = changed.AsSpan(head, JournalFormat.RecordHeadBytes + victim.Length);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(record[4..], JournalFormat.RecordCrc(record, JournalFormat.SaltOf(name)));
            bench.Disk.Put(file, changed);
            bench.BitRot = true;
            bench.NotProjected.Add(victim.Index);
            bench.StartAndSettle();
            string where = "byte " + (at - head);
            Assert.AreEqual(victim.Index, bench.Losses.Single().First, where);
            Assert.AreEqual(victim.Index, bench.Losses.Single().Last, where);
            Assert.IsFalse(bench.ReadAll().Exists(r => r.Index == victim.Index), where);
            bench.Verify(where);
        }
    }

    [TestMethod]
    public void No_nonce_comes_twice_under_one_key_over_starts_kills_cuts_and_copies_that_are_put_back()
    {
        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        var random = new SeededRandom(26);
        Bench bench = new Bench(26, Roomy).Protect().StartAndSettle();
        (Dictionary<string, byte[]> Journal, Dictionary<string, byte[]> Keys)? copy = null;
        int records = 0;
        for (int life = 0; life < 120; life++)
        {
            Fill(bench, 1 + random.NextInt32(6), "life " + life);
            if (random.NextInt32(5) == 0)
            {
                bench.Log.Keys!.Erase(random.NextInt32(2) == 0 ? One : Two);
                bench.Settle();
            }

            records += Note(bench, seen);
            switch (random.NextInt32(4))
            {
                case 0:
                    bench.Kill();
                    break;
                case 1:
                    bench.Disk.CutPower();
                    bench.KeyDisk!.CutPower();
                    bench.PowerOn((CutKeeps)random.NextInt32(3));
                    break;
                case 2:
                    bench.Kill();
                    copy = (Contents(bench.Disk), Contents(bench.KeyDisk!));
                    break;
                default:
                    bench.Kill();
                    if (copy is { } back)
                    {
                        // The state directory as it was, with its boot number: everything that was written since is written once more, as something else.
                        PutBack(bench.Disk, back.Journal);
                        PutBack(bench.KeyDisk!, back.Keys);
                        bench.Model.Clear();
                        bench.Acknowledged = 0;
                    }

                    break;
            }

            bench.BitRot = true;
            bench.Model.Clear();
            bench.StartAndSettle();
        }

        TestContext.WriteLine($"{records} records looked at, {seen.Count} pairs of key and nonce");
        Assert.IsTrue(seen.Count > 300);
    }

    [TestMethod]
    public void An_inspection_reads_encrypted_records_with_the_key_and_says_what_it_cannot_read_without()
    {
        Bench bench = new Bench(27, Roomy).Protect().StartAndSettle();
        Fill(bench, 20);
        bench.Log.Keys!.Erase(One);
        bench.Settle();
        bench.Kill();
        string journal = Directory.CreateTempSubdirectory("journal").FullName;
        string keys = Directory.CreateDirectory(Path.Combine(journal, "keys")).FullName;
        foreach ((string folder, SimulatedDisk disk) in new[] { (journal, bench.Disk), (keys, bench.KeyDisk!) })
        {
            foreach (string file in disk.Files)
            {
                File.WriteAllBytes(Path.Combine(folder, file), disk.Contents(file));
            }
        }

        var shown = new List<string>();
        int locked = 0;
        void Show(JournalRecord record)
        {
            locked += record.IsLocked ? 1 : 0;
            shown.Add(record.IsLocked ? string.Empty : Encoding.ASCII.GetString(record.Payload.Span));
        }

        JournalReport with = JournalInspector.Inspect(journal, Show, keys, bench.CartKey);
        Assert.IsFalse(with.IsDamaged, string.Join("; ", with.Findings));
        Assert.AreEqual((20L, 10L, 10), (with.Encrypted, with.Locked, locked), "the other ten are erased");
        Assert.AreEqual(10, shown.Count(t => t.Contains("CANARY 2", StringComparison.Ordinal)));
        Assert.AreEqual(0, with.UnusableKeys.Count);

        shown.Clear();
        locked = 0;
        JournalReport without = JournalInspector.Inspect(journal, Show);
        Assert.AreEqual((20L, 20L, 20), (without.Encrypted, without.Locked, locked));
        Assert.IsFalse(without.IsDamaged);
        JournalReport wrong = JournalInspector.Inspect(journal, null, keys, SHA256.HashData(bench.CartKey));
        Assert.AreEqual((20L, 1), (wrong.Locked, wrong.UnusableKeys.Count));
        Directory.Delete(journal, recursive: true);
    }

    [TestMethod]
    public void What_encryption_costs_a_record_and_a_start_is_measured()
    {
        foreach (bool isProtected in new[] { false, true })
        {
            var options = new JournalOptions { ReserveBytes = 0 };
            Bench bench = new(28, options);
            bench = (isProtected ? bench.Protect() : bench).StartAndSettle();
            byte[] payload = Encoding.ASCII.GetBytes("1" + new string('x', 200));
            const int Records = 10_000;
            long began = TimeProvider.System.GetTimestamp();
            for (int i = 0; i < Records; i++)
            {
                while (!bench.Log.TryAppend(1, RecordClass.Vital, payload, out _))
                {
                    bench.Settle();
                }
            }

            bench.Settle();
            double write = TimeProvider.System.GetElapsedTime(began).TotalMicroseconds / Records;
            Assert.AreEqual(Records, bench.Acknowledged);
            bench.Kill();
            began = TimeProvider.System.GetTimestamp();
            bench.StartAndSettle();
            TestContext.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{(isProtected ? "encrypted" : "plain")}: {write:0.00} µs and {bench.Disk.UsedBytes / (double)Records:0} bytes per record of 201 bytes, start {TimeProvider.System.GetElapsedTime(began).TotalMilliseconds:0} ms with {bench.OpenedWith!.RecordsReplayed} records to replay"));
        }
    }

    private static Bench Golden()
    {
        var bench = new Bench(29, Roomy);
        foreach (string line in File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Golden", "journal-v1.txt")))
        {
            string[] parts = line.Split(' ');
            bench.Disk.Put(parts[0], Convert.FromHexString(parts[1]));
        }

        return bench;
    }

    // For two owners in turn, and a plain record of bookkeeping every seventh time. An odd length is encrypted.
    private static void Fill(Bench bench, int count, string what = "CANARY")
    {
        for (int i = 0; i < count; i++)
        {
            Assert.AreNotEqual(0, bench.Append(i % 3 == 0 ? RecordClass.Wave : RecordClass.Vital, Text(i % 2 == 0 ? "1" : "2", what, i)));
            if (i % 7 == 6)
            {
                bench.Append(RecordClass.Control, "bookkeeping " + (i + 1));
            }

            if (i % 4 == 3)
            {
                bench.Settle();
            }
        }

        bench.Settle();
    }

    private static byte[] Text(string owner, string what, int number)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{owner} {what} {owner} {number}");
        return Encoding.ASCII.GetBytes(text.Length % 2 == 0 ? text + "." : text);
    }

    private static int Count(List<Sent> records, string text) => records.Count(r => Encoding.ASCII.GetString(Convert.FromHexString(r.Hex)).Contains(text, StringComparison.Ordinal));

    private static void Restart(Bench bench)
    {
        bench.Kill();
        bench.StartAndSettle();
    }

    // Files of both disks with a text in their raw bytes.
    private static List<string> Raw(Bench bench, string text) =>
    [
        .. bench.Disk.Files.Where(f => bench.Disk.Contents(f).AsSpan().IndexOf(Encoding.ASCII.GetBytes(text)) >= 0),
        .. bench.KeyDisk!.Files.Where(f => bench.KeyDisk.Contents(f).AsSpan().IndexOf(Encoding.ASCII.GetBytes(text)) >= 0),
    ];

    // What somebody finds who has the whole disk and the cart's key: every file of keys that opens, tried on every place of every file.
    private static int Openable(Bench bench, string text)
    {
        using KeySet keys = AllKeys(bench, out _);
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (string file in bench.Disk.Files)
        {
            byte[] data = bench.Disk.Contents(file);
            foreach ((int at, int size) in Encrypted(data))
            {
                byte[] plain = new byte[size - JournalFormat.RecordHeadBytes - RecordCipher.Overhead];
                if (keys.TryOpen(data.AsSpan(at, size), plain) == KeyOutcome.Opened && Encoding.ASCII.GetString(plain).Contains(text, StringComparison.Ordinal))
                {
                    found.Add(Convert.ToHexString(data.AsSpan(at + 12, 8)) + Encoding.ASCII.GetString(plain));
                }
            }
        }

        return found.Count;
    }

    private static KeySet AllKeys(Bench bench, out Dictionary<(JournalKeyOwner Owner, uint Boot), string> names)
    {
        var keys = new KeySet();
        names = [];
        using var cart = new AesGcm(bench.CartKey, RecordCipher.TagBytes);
        foreach (string file in bench.KeyDisk!.Files)
        {
            if (KeyFile.TryParseName(file, out JournalKeyOwner owner, out _))
            {
                foreach (WrappedKey wrapped in KeyFile.TryRead(bench.KeyDisk.Contents(file), owner) ?? [])
                {
                    byte[] key = KeyFile.Unwrap(cart, owner, in wrapped)!;
                    names[(owner, wrapped.Boot)] = Convert.ToHexString(key);
                    keys.Add(owner, wrapped.Boot, key);
                }
            }
        }

        return keys;
    }

    // Whole encrypted records by their own bytes, wherever they stand.
    private static IEnumerable<(int At, int Size)> Encrypted(byte[] data)
    {
        for (int at = 0; at + JournalFormat.RecordHeadBytes + RecordCipher.Overhead <= data.Length; at++)
        {
            int length = BitConverter.ToInt32(data, at);
            if (data[at + 9] == RecordCipher.AesGcm256 && data[at + 8] is > 0 and < 3 && data[at + 11] < JournalFormat.ClassCount
                && length is >= RecordCipher.Overhead and < 4096 && at + JournalFormat.RecordHeadBytes + length <= data.Length)
            {
                yield return (at, JournalFormat.RecordHeadBytes + length);
            }
        }
    }

    // Every pair of key and nonce on the disk belongs to one ciphertext.
    private static int Note(Bench bench, Dictionary<string, string> seen)
    {
        int count = 0;
        using KeySet keys = AllKeys(bench, out Dictionary<(JournalKeyOwner Owner, uint Boot), string> names);
        foreach (string file in bench.Disk.Files)
        {
            byte[] data = bench.Disk.Contents(file);
            foreach ((int at, int size) in Encrypted(data))
            {
                ReadOnlySpan<byte> record = data.AsSpan(at, size);
                if (names.TryGetValue((RecordCipher.OwnerOf(record), RecordCipher.BootOf(record)), out string? key)
                    && keys.TryOpen(record, new byte[size - JournalFormat.RecordHeadBytes - RecordCipher.Overhead]) == KeyOutcome.Opened)
                {
                    count++;
                    string pair = key + Convert.ToHexString(record.Slice(JournalFormat.RecordHeadBytes + 4, 12));
                    string ciphertext = Convert.ToHexString(record[(JournalFormat.RecordHeadBytes + RecordCipher.PrefixBytes)..]);
                    Assert.AreEqual(ciphertext, seen.GetValueOrDefault(pair, ciphertext), "a nonce came twice");
                    seen[pair] = ciphertext;
                }
            }
        }

        return count;
    }

    private static Dictionary<string, byte[]> Contents(SimulatedDisk disk) => disk.Files.ToDictionary(f => f, disk.Contents, StringComparer.Ordinal);

    private static void PutBack(SimulatedDisk disk, Dictionary<string, byte[]> contents)
    {
        foreach (string file in disk.Files.ToArray())
        {
            disk.Remove(file);
        }

        foreach ((string file, byte[] bytes) in contents)
        {
            disk.Put(file, bytes);
        }
    }
}
