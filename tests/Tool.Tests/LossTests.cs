using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using EdgeGateway.Certificates;
using EdgeGateway.Machine;
using EdgeGateway.Tool;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Tool.Tests;

/// <summary>The procedures of edge-gateway/Certificates/README.md when something is lost, step by step as they are written there.</summary>
[TestClass]
public sealed class LossTests
{
    private const string Pod = "02aabbfffe0000a1";
    private const string Next = "02aabbfffe0000a2";

    [TestMethod]
    public void Lost_pod_is_revoked_and_its_successor_takes_its_place()
    {
        using ToolCart cart = new ToolCart().Installed();
        Done("certs", "enrol", cart.Yaml, Pod, "--host", ToolCart.Host, "--label", "bed 4", "--out", cart.At("lost.json"));
        CertificatePair lost = PairIn(cart.At("lost.json"));
        Assert.AreEqual(CertificateVerdict.Accepted, VerdictOf(cart, lost));

        Done("pods", "revoke", cart.Yaml, Pod);
        Assert.AreEqual(CertificateVerdict.Revoked, VerdictOf(cart, lost));
        StringAssert.Contains(Done("pods", "list", cart.Yaml), Pod + " revoked");

        Done("certs", "enrol", cart.Yaml, Next, "--host", ToolCart.Host, "--out", cart.At("next.json"));
        Done("pods", "replace", cart.Yaml, Pod, Next);
        StringAssert.Contains(Done("pods", "list", cart.Yaml).Split('\n').Single(static l => l.StartsWith(Next, StringComparison.Ordinal)), "bed 4");
        Assert.AreEqual(CertificateVerdict.Accepted, VerdictOf(cart, PairIn(cart.At("next.json"))));

        // It is found again: a new certificate lets it in, the old one never does.
        Done("certs", "enrol", cart.Yaml, Pod, "--host", ToolCart.Host, "--out", cart.At("found.json"));
        Assert.AreEqual(CertificateVerdict.Accepted, VerdictOf(cart, PairIn(cart.At("found.json"))));
        Assert.AreEqual(PodStanding.Admitted, cart.Folder.ReadPods().StandingOf(Pod));
        Assert.AreEqual(CertificateVerdict.Revoked, VerdictOf(cart, lost));
    }

    [TestMethod]
    public void Lost_cart_cannot_pose_as_its_successor_nor_as_another_cart_of_its_root()
    {
        using ToolCart lost = new ToolCart("cart-1").Installed();
        Done("certs", "enrol", lost.Yaml, Pod, "--host", ToolCart.Host, "--out", lost.At("old.json"));
        CertificatePair old = PairIn(lost.At("old.json"));

        // A new gateway with another id; the pods are enrolled there.
        using ToolCart next = new ToolCart("cart-1b", lost).Installed();
        Done("certs", "enrol", next.Yaml, Pod, "--host", ToolCart.Host, "--out", next.At("new.json"));
        Assert.AreEqual(CertificateVerdict.Accepted, VerdictOf(next, PairIn(next.At("new.json"))));
        Assert.AreEqual(CertificateVerdict.OtherCart, VerdictOf(next, old));

        // What a pod does: chain and host name, and nothing else.
        Assert.IsTrue(PodTrusts(next.At("new.json"), next));
        Assert.IsFalse(PodTrusts(next.At("new.json"), lost), "the lost gateway is of the same root and has the same name");
        using ToolCart neighbour = new ToolCart("cart-2", lost).Installed();
        Assert.IsFalse(PodTrusts(next.At("new.json"), neighbour));

        // The yearly renewal of the issuing certificate, and of the gateway's, leaves the pod's trust as it is.
        next.Office.Install(next.Signed(), next.RootPem, []);
        next.Office.Renew([], onlyIfDue: false);
        Assert.IsTrue(PodTrusts(next.At("new.json"), next));
    }

    [TestMethod]
    public void Lost_key_of_a_program_is_revoked_by_name_and_that_of_another_authority_by_serial_number_or_file()
    {
        using ToolCart cart = new ToolCart().Installed();
        Done("certs", "issue", cart.Yaml, "listener", "dr-1", "--out", cart.At("dr-1.pem"));
        Done("certs", "revoke", cart.Yaml, "dr-1", "--reason", "lost");
        string pem = File.ReadAllText(cart.At("dr-1.pem"));
        Assert.AreEqual(CertificateVerdict.Revoked, VerdictOf(cart, new CertificatePair(CertificateFolder.Parts(pem, "CERTIFICATE")[0], string.Empty)));

        Done("certs", "revoke", cart.Yaml, "0a:0b:0c", "--foreign", "--reason", "lost");
        Assert.IsTrue(cart.Folder.ReadRegister().IsRevoked("0A0B0C"));
        Done("certs", "revoke", cart.Yaml, "F00D", "--foreign", "--reason", "lost");
        Assert.IsTrue(cart.Folder.ReadRegister().IsRevoked("00F00D"), "as .NET shows a number whose first bit is set");
        Refused("C2715", "certs", "revoke", cart.Yaml, "00:F0:0D", "--foreign", "--reason", "lost");
        Refused("C2715", "certs", "revoke", cart.Yaml, "0A0B0C", "--foreign", "--reason", "lost");
        Refused("C2712", "certs", "revoke", cart.Yaml, "dr-7", "--foreign", "--reason", "lost");
        Refused("C2712", "certs", "revoke", cart.Yaml, "ABC", "--foreign", "--reason", "lost");
        using ToolCart other = new ToolCart("ward-9").Installed();
        Done("certs", "issue", other.Yaml, "listener", "dr-2", "--out", other.At("dr-2.pem"));
        Done("certs", "revoke", cart.Yaml, other.At("dr-2.pem"), "--foreign", "--reason", "lost");
        using X509Certificate2 foreign = X509Certificate2.CreateFromPem(File.ReadAllText(other.At("dr-2.pem")));
        Assert.IsTrue(cart.Folder.ReadRegister().IsRevoked(foreign.SerialNumber));
        Refused("C2711", "certs", "revoke", cart.Yaml, cart.Yaml, "--foreign", "--reason", "lost");
    }

    [TestMethod]
    public void Clock_and_daily_renewal_change_only_what_is_due()
    {
        using ToolCart cart = new ToolCart().Installed();
        string before = cart.Folder.ReadPem(CertificateFolder.GatewayFile);
        StringAssert.Contains(Done("certs", "renew", cart.Yaml, "--if-due"), "not due");
        Assert.AreEqual(before, cart.Folder.ReadPem(CertificateFolder.GatewayFile));
        using StringWriter said = new(CultureInfo.InvariantCulture);
        Assert.AreEqual(0, CartCtl.Run(["certs", "renew", cart.Yaml, "--if-due"], TextReader.Null, said, said, new Later(TimeSpan.FromDays(243))), said.ToString());
        Assert.AreNotEqual(before, cart.Folder.ReadPem(CertificateFolder.GatewayFile));

        Refused("C2712", "certs", "clock", cart.Yaml, "2020-01-01");
        Refused("C2712", "certs", "clock", cart.Yaml, "soon");
        Assert.IsNull(cart.Folder.ReadClock());
        Done("certs", "clock", cart.Yaml, "2061-02-03");
        Assert.AreEqual(new DateTimeOffset(2061, 2, 4, 0, 0, 0, TimeSpan.Zero), cart.Folder.ReadClock()!.Recorded);
        foreach (string damaged in new[] { string.Empty, "{", "[]", "{\"v\":1}", "{\"v\":2,\"utc\":\"2026-01-01T00:00:00Z\",\"recorded\":\"2027-01-01T00:00:00Z\"}", "{\"v\":1,\"utc\":\"2028-01-01T00:00:00Z\",\"recorded\":\"2027-01-01T00:00:00Z\"}" })
        {
            File.WriteAllText(Path.Combine(cart.Folder.Path, CertificateFolder.ClockFile), damaged);
            Assert.IsNull(cart.Folder.ReadClock(), damaged);
        }
    }

    // As mbedTLS on a pod: one trusted certificate, the chain that the gateway shows, the host name.
    private static bool PodTrusts(string bundleFile, ToolCart gateway)
    {
        using JsonDocument bundle = JsonDocument.Parse(File.ReadAllText(bundleFile));
        string[] shown = [.. CertificateFolder.Parts(gateway.Folder.ReadPem(CertificateFolder.GatewayFile), "CERTIFICATE")];
        using X509Certificate2 anchor = X509Certificate2.CreateFromPem(bundle.RootElement.GetProperty("ca").GetString());
        using X509Certificate2 leaf = X509Certificate2.CreateFromPem(shown[0]);
        using X509Certificate2 issuing = X509Certificate2.CreateFromPem(shown[1]);
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(anchor);
        chain.ChainPolicy.ExtraStore.Add(issuing);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(leaf) && leaf.MatchesHostname(bundle.RootElement.GetProperty("gateway").GetProperty("host").GetString()!);
    }

    private static CertificateVerdict VerdictOf(ToolCart cart, CertificatePair shown)
    {
        string[] own = [.. CertificateFolder.Parts(cart.Folder.ReadPem(CertificateFolder.GatewayFile), "CERTIFICATE")];
        using CertificateVerifier verifier = new(cart.CartId, cart.Folder.ReadPem(CertificateFolder.RootFile), own[1]);
        using X509Certificate2 certificate = shown.ReadCertificate();
        return verifier.Client(certificate, TimeProvider.System.GetUtcNow(), cart.Folder.ReadRegister().IsRevoked).Verdict;
    }

    private static CertificatePair PairIn(string file)
    {
        using JsonDocument bundle = JsonDocument.Parse(File.ReadAllText(file));
        return new CertificatePair(bundle.RootElement.GetProperty("certificate").GetString()!, bundle.RootElement.GetProperty("key").GetString()!);
    }

    private static string Done(params string[] words)
    {
        using StringWriter said = new(CultureInfo.InvariantCulture);
        Assert.AreEqual(0, CartCtl.Run(words, TextReader.Null, said, said), string.Join(' ', words) + "\n" + said);
        return said.ToString();
    }

    private static void Refused(string code, params string[] words)
    {
        using StringWriter said = new(CultureInfo.InvariantCulture);
        Assert.AreEqual(3, CartCtl.Run(words, TextReader.Null, said, said), string.Join(' ', words) + "\n" + said);
        StringAssert.Contains(said.ToString(), code, string.Join(' ', words));
    }

    private sealed class Later(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }
}
