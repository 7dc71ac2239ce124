using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using EdgeGateway.Tool;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Tool.Tests;

/// <summary><c>cartctl certs</c> and <c>cartctl pods</c>, from the root on the integrator's computer to a pod's bundle.</summary>
[TestClass]
public sealed class CertificateCommandsTests
{
    private const string Pod = "02aabbfffe0000a1";
    private const string Passphrase = "correct horse battery";
    private const string WifiPassword = "planted-wifi-password";

    private static string _made = null!;

    private string _folder = null!;
    private string _yaml = null!;

    [ClassInitialize]
    public static void MakeOnce(TestContext context)
    {
        // Opening a root's key is slow on purpose: one cart is made, and copied for each test.
        CertificateCommandsTests maker = new();
        maker.Begin();
        File.WriteAllText(maker.At("said"), maker.Make());
        _made = maker._folder;
    }

    [ClassCleanup]
    public static void Remove() => Directory.Delete(_made, recursive: true);

    [TestInitialize]
    public void Begin()
    {
        _folder = Directory.CreateTempSubdirectory("cartctl-certs-").FullName;
        _yaml = At("gateway.yaml");
        File.WriteAllText(_yaml, "cart:\n  id: ward-3\n  gatewayId: \"0200000000000001\"\njournal:\n  directory: ./journal\ntls:\n  directory: ./certificates\n");
        File.WriteAllText(At("passphrase"), Passphrase + "\n");
        File.WriteAllText(At("wifi"), WifiPassword + "\n");
    }

    [TestCleanup]
    public void End() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void Acts_stand_in_the_trail_which_tells_what_was_changed_in_it()
    {
        MakeCart();
        Done("certs", "enrol", _yaml, Pod, "--host", "cart.example", "--label", "Mrs Planted-Label", "--wifi", "ward", "--wifi-password-file", At("wifi"), "--out", At("bundle.json"));
        Done("pods", "replace", _yaml, Pod, "02aabbfffe0000a2");
        Refused(3, "certs", "revoke", _yaml, "no-such", "--reason", "lost");
        string shown = Done("audit", "show", _yaml);
        StringAssert.Contains(shown, "pod.enrol            integrator  from=console  subject=" + Pod);
        StringAssert.Contains(shown, "pod.replace          integrator  from=console  subject=" + Pod + "/02aabbfffe0000a2");
        StringAssert.Contains(shown, "certificate.revoke   integrator  from=console  subject=no-such  code=C2715");
        StringAssert.Contains(shown, "certificate.install");
        Assert.HasCount(1, Done("audit", "show", _yaml, "--act", "pod.replace").Trim().Split('\n').ToList());
        string files = string.Concat(Directory.GetFiles(At("journal/audit")).Where(f => Path.GetFileName(f) is not "lock").Select(f => System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(f))));
        Assert.IsFalse(files.Contains("Planted", StringComparison.Ordinal) || files.Contains(WifiPassword, StringComparison.Ordinal), "no free text, no secret");

        string whole = Done("audit", "verify", _yaml);
        string head = whole.Split('\n').Single(static l => l.StartsWith("head ", StringComparison.Ordinal))[5..].Trim();
        Done("audit", "verify", _yaml, "--head", head, "--head", head.Split(':')[1]);
        StringAssert.Contains(Refused(3, "audit", "verify", _yaml, "--head", "12"), "C2742");
        StringAssert.Contains(Refused(1, "audit", "verify", _yaml, "--head", "999:" + head.Split(':')[1]), "C2741");
        using (JsonDocument json = JsonDocument.Parse(Done("audit", "verify", _yaml, "--json")))
        {
            Assert.IsTrue(json.RootElement.GetProperty("whole").GetBoolean());
            Assert.AreEqual(head, json.RootElement.GetProperty("last").GetInt64().ToString(CultureInfo.InvariantCulture) + ":" + json.RootElement.GetProperty("head").GetString());
        }

        // A copy for somebody else, by itself; the export is an act too.
        StringAssert.Contains(Done("audit", "export", _yaml, "--out", At("copy")), "whole");
        Assert.IsFalse(File.Exists(At("copy/trail.key")), "the key stays on the cart");
        Done("audit", "verify", At("copy"), "--head", head);
        string[] lines = File.ReadAllLines(At("copy/entries.jsonl"));
        StringAssert.Contains(lines[^1], "export.trail");
        StringAssert.Contains(Refused(3, "audit", "export", _yaml, "--out", At("copy")), "C2713");

        // Changed, restarted, and not to be written.
        string segment = Directory.GetFiles(At("copy"), "segment-*").Single();
        byte[] bytes = File.ReadAllBytes(segment);
        int at = System.Text.Encoding.Latin1.GetString(bytes).IndexOf("pod.enrol", StringComparison.Ordinal);
        bytes[at] ^= 1;
        File.WriteAllBytes(segment, bytes);
        string changed = Refused(1, "audit", "verify", At("copy"));
        StringAssert.Contains(changed, "changed");
        Directory.Delete(At("journal/audit"), recursive: true);
        Done("certs", "renew", _yaml);
        string noted = File.ReadAllText(At("journal/audit.head"));
        Done("audit", "verify", _yaml);
        StringAssert.Contains(Refused(1, "audit", "verify", _yaml, "--head", head), "C2741");
        Directory.Delete(At("journal/audit"), recursive: true);
        StringAssert.Contains(Refused(1, "audit", "verify", _yaml), "gone");
        Assert.IsTrue(noted.EndsWith('\n'));
        File.WriteAllText(At("journal/audit"), "a file in its place");
        string pods = Done("pods", "list", _yaml);
        StringAssert.Contains(Refused(3, "pods", "revoke", _yaml, "02aabbfffe0000a2"), "C2743");
        Assert.AreEqual(pods, Done("pods", "list", _yaml), "without its entry nothing is changed");
    }

    [TestMethod]
    public void Story_from_the_root_to_an_enrolled_pod_and_its_loss()
    {
        MakeCart();
        Done("certs", "enrol", _yaml, Pod, "--host", "cart.example", "--label", "finger and cuff", "--wifi", "ward", "--wifi-password-file", At("wifi"), "--out", At("bundle.json"));
        using (JsonDocument bundle = JsonDocument.Parse(File.ReadAllText(At("bundle.json"))))
        {
            JsonElement root = bundle.RootElement;
            Assert.AreEqual(Pod, root.GetProperty("deviceId").GetString());
            Assert.AreEqual(8883, root.GetProperty("gateway").GetProperty("port").GetInt32());
            Assert.AreEqual(64, root.GetProperty("technicianKey").GetString()!.Length);
            Assert.AreEqual(WifiPassword, root.GetProperty("wifi").GetProperty("password").GetString());
            using X509Certificate2 pair = X509Certificate2.CreateFromPem(root.GetProperty("certificate").GetString(), root.GetProperty("key").GetString());
            Assert.AreEqual("CN=" + Pod + ", OU=pod, O=ward-3", pair.Subject);
        }

        StringAssert.Contains(Done("pods", "list", _yaml), Pod + " admitted");
        StringAssert.Contains(Done("certs", "list", _yaml), "729 days left");
        using (JsonDocument list = JsonDocument.Parse(Done("certs", "list", _yaml, "--json")))
        {
            Assert.AreEqual(2, list.RootElement.GetProperty("certificates").GetArrayLength());
        }

        Done("certs", "issue", _yaml, "listener", "dr-1", "--out", At("dr-1.pem"));
        Done("pods", "replace", _yaml, Pod, "02aabbfffe0000a2");
        string pods = Done("pods", "list", _yaml);
        StringAssert.Contains(pods, Pod + " revoked");
        StringAssert.Contains(pods, "02aabbfffe0000a2 admitted");
        StringAssert.Contains(pods.Split('\n')[1], "finger and cuff");
        StringAssert.Contains(Done("certs", "list", _yaml), "(replaced)");
        Done("certs", "revoke", _yaml, "dr-1", "--reason", "lost");
        StringAssert.Contains(Refused(3, "certs", "revoke", _yaml, "dr-1", "--reason", "lost"), "C2715");
        Done("certs", "renew", _yaml);
        Done("certs", "renew", _yaml, "--name", "other.example");
        StringAssert.Contains(Refused(3, "certs", "enrol", _yaml, Pod, "--host", "cart.example", "--out", At("again.json")), "other.example");
        Assert.IsFalse(File.Exists(At("again.json")));
    }

    [TestMethod]
    public void Secrets_stand_in_their_own_files_alone()
    {
        string said = MakeCart() + Done("certs", "enrol", _yaml, Pod, "--host", "10.0.0.2", "--wifi", "ward", "--wifi-password-file", At("wifi"), "--out", At("bundle.json")) + Done("certs", "list", _yaml);
        Assert.IsFalse(said.Contains("PRIVATE", StringComparison.Ordinal) || said.Contains(Passphrase, StringComparison.Ordinal) || said.Contains(WifiPassword, StringComparison.Ordinal), said);
        foreach (string file in Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Where(f => f != At("wifi") && f != At("passphrase") && f != At("bundle.json")))
        {
            string text = File.ReadAllText(file);
            Assert.IsFalse(text.Contains(WifiPassword, StringComparison.Ordinal) || text.Contains(Passphrase, StringComparison.Ordinal), file);
        }

        foreach (string file in new[] { At("bundle.json"), At("root/root.key"), At("certificates/issuing.pem"), At("certificates/gateway.pem") })
        {
            Assert.IsTrue(OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite), file);
        }

        StringAssert.Contains(File.ReadAllText(At("root/root.key")), "ENCRYPTED");
    }

    [TestMethod]
    public void What_is_wrong_is_refused_with_code_and_next_step_and_changes_nothing()
    {
        MakeCart();
        Dictionary<string, byte[]> before = Files();
        (string Code, string[] Words)[] wrong =
        [
            ("C2713", ["certs", "root", "hospital", "--out", At("root"), "--passphrase-file", At("passphrase")]),
            ("C2712", ["certs", "root", "a hospital", "--out", At("x"), "--passphrase-file", At("passphrase")]),
            ("C2710", ["certs", "root", "hospital", "--out", At("x"), "--passphrase-file", At("short")]),
            ("C2710", ["certs", "sign", At("request.pem"), "--root", At("root"), "--cart", "ward-3", "--out", At("x"), "--passphrase-file", At("wifi")]),
            ("C2712", ["certs", "sign", At("root/root.pem"), "--root", At("root"), "--cart", "ward-3", "--out", At("x"), "--passphrase-file", At("passphrase")]),
            ("C2712", ["certs", "sign", At("request.pem"), "--root", At("root"), "--cart", "ward 3", "--out", At("x"), "--passphrase-file", At("passphrase")]),
            ("C2711", ["certs", "sign", At("absent"), "--root", At("root"), "--cart", "ward-3", "--out", At("x"), "--passphrase-file", At("passphrase")]),
            ("C2712", ["certs", "install", _yaml, "--issuing", At("root/root.pem"), "--root", At("root/root.pem")]),
            ("C2712", ["certs", "install", _yaml, "--issuing", At("other.pem"), "--root", At("root/root.pem")]),
            ("C2712", ["certs", "install", _yaml, "--issuing", At("issuing.pem"), "--root", At("stranger/root.pem")]),
            ("C2712", ["certs", "enrol", _yaml, "02AABBFFFE0000A1", "--host", "10.0.0.2", "--out", At("x")]),
            ("C2712", ["certs", "enrol", _yaml, Pod, "--host", "10.0.0.9", "--out", At("x")]),
            ("C2713", ["certs", "enrol", _yaml, Pod, "--host", "10.0.0.2", "--out", At("passphrase")]),
            ("C2714", ["certs", "enrol", _yaml, Pod, "--host", "10.0.0.2", "--out", At("x"), "--wifi", "a name of a network beyond 32 bytes", "--wifi-password-file", At("wifi")]),
            ("C2712", ["certs", "issue", _yaml, "listener", "dr 1", "--out", At("x")]),
            ("C2715", ["certs", "revoke", _yaml, "nobody", "--reason", "lost"]),
            ("C2712", ["pods", "admit", _yaml, "pod-1"]),
            ("C2715", ["pods", "revoke", _yaml, Pod]),
            ("C2715", ["pods", "replace", _yaml, Pod, "02aabbfffe0000a2"]),
            ("C2714", ["certs", "import", _yaml, "--certificate", At("issuing.pem"), "--root", At("root/root.pem")]),
            ("G2007", ["certs", "list", At("bare.yaml")]),
            ("G2001", ["certs", "list", At("absent.yaml")]),
        ];
        foreach ((string code, string[] words) in wrong)
        {
            string said = Refused(3, words);
            StringAssert.Contains(said, code, string.Join(' ', words));
            StringAssert.Contains(said, "next: ", string.Join(' ', words));
        }

        Refused(2, "certs", "issue", _yaml, "king", "x", "--out", At("x"));
        Refused(2, "certs", "revoke", _yaml, Pod, "--reason", "because");
        Dictionary<string, byte[]> after = Files();
        CollectionAssert.AreEqual(before.Keys.ToArray(), after.Keys.ToArray());
        foreach ((string file, byte[] bytes) in before.Where(f => !f.Key.StartsWith(At("journal/audit"), StringComparison.Ordinal)))
        {
            // The trail names the refusals; nothing else is other than it was.
            CollectionAssert.AreEqual(bytes, after[file], file);
        }
    }

    [TestMethod]
    public void Own_authority_signs_the_gateways_request()
    {
        Done("certs", "csr", _yaml, "--name", "cart.example", "--out", At("gateway.csr"));

        // An authority of the hospital's own, made here by hand.
        using System.Security.Cryptography.ECDsa key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        CertificateRequest own = new("CN=Hospital CA", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        own.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 root = own.CreateSelfSigned(now.AddDays(-1), now.AddDays(1000));
        CertificateRequest asked = CertificateRequest.LoadSigningRequestPem(
            File.ReadAllText(At("gateway.csr")), System.Security.Cryptography.HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        using X509Certificate2 signed = asked.Create(root, now.AddDays(-1), now.AddDays(300), [7, 7]);
        File.WriteAllText(At("gateway.crt"), signed.ExportCertificatePem());
        File.WriteAllText(At("hospital.pem"), root.ExportCertificatePem());
        StringAssert.Contains(Refused(3, "certs", "import", _yaml, "--certificate", At("hospital.pem"), "--root", At("hospital.pem")), "C2712");
        Done("certs", "import", _yaml, "--certificate", At("gateway.crt"), "--root", At("hospital.pem"));
        StringAssert.Contains(Done("certs", "list", _yaml), "0707");
        Assert.IsFalse(File.Exists(At("certificates/gateway.key.new")));
    }

    [TestMethod]
    public void Issuing_certificate_is_renewed_for_the_same_key()
    {
        MakeCart();
        Done("certs", "enrol", _yaml, Pod, "--host", "10.0.0.2", "--out", At("bundle.json"));
        string key = File.ReadAllText(At("certificates/issuing.pem"));
        Done("certs", "request", _yaml, "--out", At("request-2.pem"));
        Done("certs", "sign", At("request-2.pem"), "--root", At("root"), "--cart", "ward-3", "--out", At("issuing-2.pem"), "--passphrase-file", At("passphrase"));
        Done("certs", "install", _yaml, "--issuing", At("issuing-2.pem"), "--root", At("root/root.pem"));
        string renewed = File.ReadAllText(At("certificates/issuing.pem"));
        Assert.AreNotEqual(key, renewed);
        Assert.AreEqual(key[key.IndexOf("-----BEGIN PRIVATE", StringComparison.Ordinal)..], renewed[renewed.IndexOf("-----BEGIN PRIVATE", StringComparison.Ordinal)..]);
        Done("certs", "enrol", _yaml, Pod, "--host", "10.0.0.2", "--out", At("bundle-2.json"));
    }

    [TestMethod]
    public void Half_written_file_beside_changes_nothing()
    {
        MakeCart();
        foreach (string name in new[] { "gateway.pem", "issuing.pem", "root.pem", "certificates.json", "pods.json" })
        {
            File.WriteAllText(At("certificates/" + name + ".new"), "half");
        }

        Done("certs", "enrol", _yaml, Pod, "--host", "10.0.0.2", "--out", At("bundle.json"));
        Done("certs", "renew", _yaml);
        StringAssert.Contains(Done("pods", "list", _yaml), "admitted");
        File.WriteAllText(At("certificates/pods.json"), "{\"v\":1,\"pods\":[");
        StringAssert.Contains(Refused(3, "pods", "list", _yaml), "C2714");
        StringAssert.Contains(Refused(3, "pods", "admit", _yaml, Pod), "C2714", "a damaged list is not overwritten");
    }

    private string MakeCart()
    {
        foreach (string file in Directory.GetFiles(_made, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(_folder, Path.GetRelativePath(_made, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy, overwrite: true); // with its mode
        }

        return File.ReadAllText(At("said"));
    }

    private string Make()
    {
        File.WriteAllText(At("short"), "short\n");
        File.WriteAllText(At("bare.yaml"), "cart:\n  id: ward-3\n  gatewayId: \"0200000000000001\"\njournal:\n  directory: ./journal\n");
        string said = Done("certs", "root", "hospital", "--out", At("root"), "--passphrase-file", At("passphrase"));
        said += Done("certs", "root", "stranger", "--out", At("stranger"), "--passphrase-file", At("passphrase"));
        said += Done("certs", "request", _yaml, "--out", At("request.pem"));
        said += Done("certs", "sign", At("request.pem"), "--root", At("root"), "--cart", "ward-3", "--out", At("issuing.pem"), "--passphrase-file", At("passphrase"));
        said += Done("certs", "sign", At("request.pem"), "--root", At("root"), "--cart", "ward-4", "--out", At("other.pem"), "--passphrase-file", At("passphrase"));
        return said + Done("certs", "install", _yaml, "--issuing", At("issuing.pem"), "--root", At("root/root.pem"), "--name", "cart.example", "--name", "10.0.0.2");
    }

    private string At(string name) => Path.Combine(_folder, name);

    private Dictionary<string, byte[]> Files() => Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Where(static f => !f.EndsWith(".lock", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal).ToDictionary(static f => f, File.ReadAllBytes, StringComparer.Ordinal);

    private static string Done(params string[] words)
    {
        (int exit, string results, string diagnostics) = Run(words);
        Assert.AreEqual(0, exit, string.Join(' ', words) + "\n" + results + diagnostics);
        return results + diagnostics;
    }

    private static string Refused(int expected, params string[] words)
    {
        (int exit, string results, string diagnostics) = Run(words);
        Assert.AreEqual(expected, exit, string.Join(' ', words) + "\n" + results + diagnostics);
        return diagnostics;
    }

    private static (int Exit, string Results, string Diagnostics) Run(string[] words)
    {
        using StringWriter results = new(CultureInfo.InvariantCulture);
        using StringWriter diagnostics = new(CultureInfo.InvariantCulture);
        int exit = CartCtl.Run(words, new StringReader(string.Empty), results, diagnostics);
        return (exit, results.ToString(), diagnostics.ToString());
    }
}
