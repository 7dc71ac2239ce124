using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using EdgeGateway.Journal;
using EdgeGateway.Machine;
using EdgeGateway.Tool;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Tool.Tests;

/// <summary><c>cartctl backup</c>, <c>restore</c> and <c>journal upgrade</c>, on a cart's files.</summary>
[TestClass]
public sealed class BackupCommandsTests
{
    private const string Passphrase = "correct horse battery";
    private static readonly DateTimeOffset Made = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private string _folder = null!;

    [TestInitialize]
    public void Begin() => _folder = Directory.CreateTempSubdirectory("cartctl-backup-").FullName;

    [TestCleanup]
    public void End() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void A_cart_comes_back_on_another_machine_and_its_journal_is_read_there()
    {
        string old = Cart("old");
        Assert.AreEqual(CartCtl.Clean, Run(out string said, out string wrong, "backup", old, "--out", At("cart.backup"), "--passphrase-file", At("passphrase")), wrong);
        StringAssert.Contains(said, "cart ward-3");
        byte[] file = File.ReadAllBytes(At("cart.backup"));
        foreach (string secret in new[] { "planted-password", "planted-certificate", "ward-3", Encoding.Latin1.GetString(File.ReadAllBytes(At("old/journal/keys/cart.key"))) })
        {
            Assert.IsTrue(file.AsSpan().IndexOf(Encoding.Latin1.GetBytes(secret)) < 0, "in clear: " + secret);
        }

        Directory.CreateDirectory(At("new"));
        string restored = At("new/gateway.yaml");
        Assert.AreEqual(CartCtl.Clean, Run(out said, out wrong, "restore", At("cart.backup"), restored, "--passphrase-file", At("passphrase")), wrong);
        foreach (string name in new[] { "gateway.yaml", "broker.secret", "certificates/gateway.pem", "certificates/pods.json", "journal/keys/cart.key", "journal/keys/encrypted" })
        {
            CollectionAssert.AreEqual(File.ReadAllBytes(At("old/" + name)), File.ReadAllBytes(At("new/" + name)), name);
        }

        if (!OperatingSystem.IsWindows())
        {
            Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(At("new/journal/keys/cart.key")));
        }

        // The journal's disk is moved over: its records are read with what the backup brought.
        foreach (string segment in Directory.GetFiles(At("old/journal")))
        {
            File.Copy(segment, Path.Combine(At("new/journal"), Path.GetFileName(segment)), overwrite: true);
        }

        Assert.AreEqual(CartCtl.Clean, Run(out said, out _, "journal", "verify", At("new/journal")));
        StringAssert.Contains(said, "encrypted records: 3, of which 0 could not be read");
        uint before = BootOf(At("old/journal/keys"));
        Assert.IsTrue(BootOf(At("new/journal/keys")) >= before + JournalKeyFiles.RestoredBootStep, "the boot number goes above every start since the backup");
        Write(At("new/journal"), 1);
        Assert.IsTrue(BootOf(At("new/journal/keys")) > before + JournalKeyFiles.RestoredBootStep);

        // Without the key it is said what cannot be read; with a wrong file, that it is none.
        File.Move(At("new/journal/keys/cart.key"), At("kept.key"));
        Assert.AreEqual(CartCtl.Clean, Run(out said, out _, "journal", "verify", At("new/journal")));
        StringAssert.Contains(said, "encrypted records: 4, of which 4 could not be read");
        StringAssert.Contains(said, "J2608");
        Assert.AreEqual(CartCtl.Clean, Run(out said, out _, "journal", "inspect", At("new/journal"), "--key-file", At("kept.key")));
        Assert.IsFalse(said.Contains("not readable here", StringComparison.Ordinal));
        Assert.AreEqual(CartCtl.Clean, Run(out said, out _, "journal", "inspect", At("new/journal"), "--json"));
        StringAssert.Contains(said, "\"locked\":true");
        Assert.AreEqual(CartCtl.Unreadable, Run(out _, out wrong, "journal", "verify", At("new/journal"), "--key-file", At("passphrase")));
        StringAssert.Contains(wrong, "is no key of a cart");
    }

    [TestMethod]
    public void A_half_changed_foreign_older_or_running_one_is_refused_and_nothing_is_changed()
    {
        string cart = Cart("old");
        Assert.AreEqual(CartCtl.Clean, Run(out _, out string wrong, "backup", cart, "--out", At("cart.backup"), "--passphrase-file", At("passphrase")), wrong);
        Assert.AreEqual(CartCtl.Unreadable, Run(out _, out _, "backup", cart, "--out", At("cart.backup"), "--passphrase-file", At("passphrase")), "not over another file");
        File.WriteAllText(At("short"), "short\n");
        Assert.AreEqual(CartCtl.Unreadable, Run(out _, out _, "backup", cart, "--out", At("b"), "--passphrase-file", At("short")));
        byte[] whole = File.ReadAllBytes(At("cart.backup"));
        string before = State(At("old"));

        foreach (int length in new[] { 0, 7, 20, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(At("half"), whole[..length]);
            Refused("C2730", "restore", At("half"), cart, "--passphrase-file", At("passphrase"));
        }

        File.WriteAllBytes(At("half"), [.. whole, 0]);
        Refused("C2730", "restore", At("half"), cart, "--passphrase-file", At("passphrase"));
        foreach (int at in new[] { 17, 35, 60, whole.Length - 1 })
        {
            byte[] changed = (byte[])whole.Clone();
            changed[at] ^= 1;
            File.WriteAllBytes(At("changed"), changed);
            Refused("C2731", "restore", At("changed"), cart, "--passphrase-file", At("passphrase"));
        }

        File.WriteAllText(At("other"), "another passphrase\n");
        Refused("C2731", "restore", At("cart.backup"), cart, "--passphrase-file", At("other"));
        Assert.AreEqual(before, State(At("old")));

        // The pod list was changed after the backup.
        File.WriteAllText(At("old/certificates/pods.json"), "{\"newer\":1}");
        File.SetLastWriteTimeUtc(At("old/certificates/pods.json"), Made.AddDays(1).UtcDateTime);
        before = State(At("old"));
        Refused("C2732", "restore", At("cart.backup"), cart, "--passphrase-file", At("passphrase"));
        Assert.AreEqual(before, State(At("old")));
        using (FileDisk running = new(At("old/journal"), static _ => true))
        {
            Refused("C2733", "restore", At("cart.backup"), cart, "--passphrase-file", At("passphrase"), "--older");
        }

        Assert.AreEqual(CartCtl.Clean, Run(out _, out wrong, "restore", At("cart.backup"), cart, "--passphrase-file", At("passphrase"), "--older"), wrong);
        StringAssert.Contains(File.ReadAllText(At("old/certificates/pods.json")), "planted-pods");

        void Refused(string code, params string[] words)
        {
            Assert.AreEqual(CartCtl.Unreadable, Run(out _, out string said, words), string.Join(' ', words));
            StringAssert.Contains(said, code);
        }
    }

    [TestMethod]
    public void A_restore_that_is_cut_at_any_step_leaves_the_old_cart_or_ends_with_the_new_one()
    {
        string source = Cart("source");
        CartBackup backup = new CartFiles(source, null).Collect(Made);
        List<string> steps = [];
        CartFiles whole = new(Other("whole"), null) { Step = steps.Add };
        whole.Restore(backup, evenOlder: true);
        string restored = State(At("whole"));
        Assert.IsTrue(steps.Count > 10);
        int old = 0;
        for (int cut = 0; cut < steps.Count; cut++)
        {
            string name = "cut-" + cut;
            string configuration = Other(name);
            string before = State(At(name));
            int left = cut;
            CartFiles cart = new(configuration, null)
            {
                Step = _ =>
                {
                    if (left-- == 0)
                    {
                        throw new IOException("the power is gone");
                    }
                },
            };
            Assert.ThrowsExactly<IOException>(() => cart.Restore(backup, evenOlder: true));
            CartFiles again = new(configuration, null);
            if (!again.IsUnfinished)
            {
                old++;
                Assert.AreEqual(before, State(At(name)), "before step " + steps[cut]);
                again.Restore(backup, evenOlder: true);
            }
            else
            {
                Assert.AreEqual("G2506", ConfigurationFile.Load(configuration).Errors.Single().Code, "the gateway does not start with half of it");
                again.Finish();
            }

            Assert.IsFalse(again.IsUnfinished);
            Assert.AreEqual(restored, State(At(name)), "after step " + steps[cut]);
            Assert.IsFalse(Directory.GetFiles(At(name), "*.restored*", SearchOption.AllDirectories).Length > 0, "no copy of a key is left beside");
        }

        Assert.IsTrue(old > 3 && old < steps.Count - 3);
    }

    [TestMethod]
    public void A_journal_that_is_asked_to_is_encrypted_from_the_next_start_on()
    {
        string journal = Directory.CreateDirectory(At("journal")).FullName;
        Write(journal, 2, isProtected: false);
        Write(journal, 2);
        Assert.AreEqual(CartCtl.Clean, Run(out string said, out _, "journal", "verify", journal));
        Assert.IsFalse(said.Contains("encrypted", StringComparison.Ordinal), "an older version could have to read it");
        Assert.AreEqual(CartCtl.Clean, Run(out said, out string wrong, "journal", "upgrade", journal), wrong);
        StringAssert.Contains(said, "From the next start on");
        Assert.AreEqual(CartCtl.Clean, Run(out said, out _, "journal", "upgrade", journal));
        StringAssert.Contains(said, "already");
        Write(journal, 3);
        Assert.AreEqual(CartCtl.Clean, Run(out said, out _, "journal", "verify", journal, "--key-file", At("cart.key")));
        StringAssert.Contains(said, "encrypted records: 3, of which 0 could not be read");
        Assert.AreEqual(CartCtl.Unreadable, Run(out _, out _, "journal", "upgrade", At("nowhere")));
    }

    private static uint BootOf(string keys) =>
        Directory.GetFiles(keys, "boot-*").Select(f => Convert.ToUInt32(Path.GetFileName(f)[5..], 16)).Max();

    // Every file with its bytes; what a restore may leave in the making is not part of a cart's state.
    private static string State(string folder) => string.Join('\n', Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
        .Where(f => !f.Contains(".restored", StringComparison.Ordinal) && !f.EndsWith("/lock", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal)
        .Select(f => Path.GetRelativePath(folder, f) + " " + Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f)))));

    private string At(string name) => Path.Combine(_folder, name);

    private int Run(out string results, out string diagnostics, params string[] words)
    {
        using StringWriter said = new();
        using StringWriter wrong = new();
        int exit = CartCtl.Run(words, TextReader.Null, said, wrong, new FixedTime());
        results = said.ToString();
        diagnostics = wrong.ToString();
        return exit;
    }

    private string Cart(string name)
    {
        string folder = Directory.CreateDirectory(At(name)).FullName;
        File.WriteAllText(At("passphrase"), Passphrase + "\n");
        string yaml = Path.Combine(folder, "gateway.yaml");
        File.WriteAllText(yaml, "cart:\n  id: ward-3\n  gatewayId: \"0200000000000001\"\njournal:\n  directory: ./journal\ntls:\n  directory: ./certificates\nsessionBroker:\n  host: broker.example\n  transport: tls\n  userName: cart\n  passwordFile: broker.secret\n");
        File.WriteAllText(Path.Combine(folder, "broker.secret"), "planted-password\n");
        Directory.CreateDirectory(Path.Combine(folder, "certificates"));
        File.WriteAllText(Path.Combine(folder, "certificates", CertificateFolder.GatewayFile), "planted-certificate of " + "the first cart");
        File.WriteAllText(Path.Combine(folder, "certificates", CertificateFolder.PodsFile), "{\"planted-pods\":1}");
        Write(Path.Combine(folder, "journal"), 3);
        foreach (string file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
        {
            File.SetLastWriteTimeUtc(file, Made.AddHours(-1).UtcDateTime);
        }

        return yaml;
    }

    // A cart of its own, all of it older and different.
    private string Other(string name)
    {
        string folder = Directory.CreateDirectory(At(name)).FullName;
        string yaml = Path.Combine(folder, "gateway.yaml");
        File.WriteAllText(yaml, "cart:\n  id: ward-9\n  gatewayId: \"0200000000000009\"\njournal:\n  directory: ./journal\n");
        Directory.CreateDirectory(Path.Combine(folder, "certificates"));
        File.WriteAllText(Path.Combine(folder, "certificates", CertificateFolder.PodsFile), "{\"other\":1}");
        return yaml;
    }

    // A gateway's journal on real files, as far as it matters here: readings of one session, then the end.
    private void Write(string journal, int records, bool isProtected = true)
    {
        string keys = Path.Combine(journal, CartKey.Folder);
        using BlockingCollection<Action> loop = [];
        using FileDisk disk = new(journal, action => loop.TryAdd(action));
        using FileDisk? keyDisk = isProtected ? new FileDisk(keys, action => loop.TryAdd(action)) : null;
        byte[] key = new byte[32];
        if (keyDisk is not null)
        {
            string path = journal.EndsWith("/journal", StringComparison.Ordinal) && Path.GetDirectoryName(journal) == _folder ? At("cart.key") : CartKey.PathOf(journal, null, null);
            Assert.IsTrue(SecretFile.TryLoadOrCreate(path, 32, isKeptWhenExposed: true, out byte[]? made, out _, out string? failure), failure);
            key = made;
        }

        Owner owner = new();
        JournalLog log = new(disk, new JournalOptions { ReserveBytes = 0 }, [], owner, keyDisk is null ? null : new JournalProtection { Disk = keyDisk, CartKey = key, KeyOf = static (_, _, _) => new JournalKeyOwner(1, 1), Random = RandomNumberGenerator.Fill });
        log.Open();
        Until(() => owner.IsOpen);
        for (int i = 0; i < records; i++)
        {
            Assert.IsTrue(log.TryAppend(1, RecordClass.Vital, "reading"u8, out _));
        }

        log.BeginClose(7);
        Until(() => owner.IsClosed);

        void Until(Func<bool> fact)
        {
            while (!fact())
            {
                Assert.IsTrue(loop.TryTake(out Action? next, TimeSpan.FromSeconds(20)), owner.Text);
                next();
            }
        }
    }

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Made;
    }

    private sealed class Owner : IJournalHandler
    {
        public bool IsOpen { get; private set; }

        public bool IsClosed { get; private set; }

        public string Text { get; private set; } = string.Empty;

        public void Opened(JournalOpened opened) => IsOpen = true;

        public void Synced(long throughIndex)
        {
        }

        public void IntakeChanged(JournalIntake intake, string reason)
        {
        }

        public void Failing(DiskStatus status, string text) => Text = text;

        public void Recovered()
        {
        }

        public bool Lost(in JournalLoss loss, IReadOnlyList<JournalRecord> records) => true;

        public void Read(long ticket, IReadOnlyList<JournalRecord> records, long nextIndex) => IsClosed |= ticket == 7;
    }
}
