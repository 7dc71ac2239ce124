using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using EdgeGateway.Certificates;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Certificates.Tests;

/// <summary>Root, issuing key, holders, and what a gateway and a pod make of their certificates.</summary>
[TestClass]
public sealed class AuthorityTests
{
    internal const string PodId = "02aabbfffe0000a1";
    internal static readonly DateTimeOffset Now = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    private static readonly CertificateIdentity PodOfWard = new("ward-3", CertificateRole.Pod, PodId);

    [TestMethod]
    public void Pods_certificate_is_proven_by_the_root_and_names_cart_role_and_pod()
    {
        using Cart cart = new("ward-3");
        CertificatePair pod = cart.Authority.IssueWithKey(PodOfWard, [], Now);
        using X509Certificate2 certificate = pod.ReadCertificate();
        Assert.AreEqual(PodOfWard.SubjectText, certificate.Subject);
        Assert.IsTrue(pod.IsWhole());
        CertificateFinding finding = cart.Verifier().Client(certificate, Now, static _ => false);
        Assert.AreEqual(CertificateVerdict.Accepted, finding.Verdict, finding.Detail);
        Assert.AreEqual(PodOfWard, finding.Identity);
        Assert.IsLessThanOrEqualTo(1024, pod.CertificatePem.Length);
        Assert.IsLessThanOrEqualTo(1024, pod.KeyPem.Length);
        Assert.IsLessThanOrEqualTo(1024, cart.RootPem.Length);
        string anchor = cart.Authority.AnchorPem(Now);
        Assert.IsLessThanOrEqualTo(1024, anchor.Length);
        Assert.IsTrue(cart.Authority.IsAnchor(anchor));
        Assert.IsFalse(cart.Authority.IsAnchor(cart.RootPem) || cart.Authority.IsAnchor(string.Empty) || cart.Authority.IsAnchor("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"));
        using Cart second = new("ward-3");
        Assert.IsFalse(cart.Authority.IsAnchor(second.Authority.AnchorPem(Now)), "another key of the same name");
        Assert.AreEqual(Now - TimeSpan.FromDays(2), new DateTimeOffset(certificate.NotBefore.ToUniversalTime()));
        Assert.AreEqual(Now + TimeSpan.FromDays(730), new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));
    }

    [TestMethod]
    public void Refusals_each_have_their_own_verdict()
    {
        using Cart cart = new("ward-3");
        using Cart other = new("ward-4", cart);
        using Cart stranger = new("ward-3");
        Dictionary<string, CertificateVerdict> found = [];
        void Try(string what, CertificatePair pair, DateTimeOffset at, Func<string, bool>? isRevoked = null)
        {
            using X509Certificate2 certificate = pair.ReadCertificate();
            using CertificateVerifier verifier = cart.Verifier(other);
            found.Add(what, verifier.Client(certificate, at, isRevoked ?? (static _ => false)).Verdict);
        }

        CertificatePair pod = cart.Authority.IssueWithKey(PodOfWard, [], Now);
        Try("in time", pod, Now.AddDays(729));
        Try("too late", pod, Now.AddDays(731));
        Try("two weeks back", pod, Now.AddDays(-14));
        Try("1970", pod, DateTimeOffset.UnixEpoch);
        Try("one day back", pod, Now.AddDays(-1));
        Try("revoked", pod, Now, static _ => true);
        Try("another cart's, under the same root", other.Authority.IssueWithKey(PodOfWard with { CartId = "ward-4" }, [], Now), Now);
        Try("another root's, with the same names", stranger.Authority.IssueWithKey(PodOfWard, [], Now), Now);
        using CertificateVerifier again = cart.Verifier();
        Assert.AreEqual(CertificateVerdict.None, again.Client(null, Now, static _ => false).Verdict);
        using X509Certificate2 asServer = pod.ReadCertificate();
        found.Add("a pod's as a gateway's", again.Gateway(asServer, Now).Verdict);
        using X509Certificate2 gateway = cart.Authority.IssueWithKey(new CertificateIdentity("ward-3", CertificateRole.Gateway, "gateway"), ["cart.example", "10.0.0.2"], Now).ReadCertificate();
        found.Add("a gateway's", again.Gateway(gateway, Now).Verdict);
        Assert.IsTrue(gateway.MatchesHostname("cart.example") && gateway.MatchesHostname("10.0.0.2") && !gateway.MatchesHostname("other.example"));

        CertificateVerdict[] wanted =
        [
            CertificateVerdict.Accepted, CertificateVerdict.Expired, CertificateVerdict.NotYetValid, CertificateVerdict.NotYetValid, CertificateVerdict.Accepted, CertificateVerdict.Revoked,
            CertificateVerdict.OtherCart, CertificateVerdict.Untrusted, CertificateVerdict.OtherRole, CertificateVerdict.Accepted,
        ];
        CollectionAssert.AreEqual(wanted, found.Values.ToArray(), string.Join("; ", found));
    }

    [TestMethod]
    public void Stolen_issuing_key_cannot_speak_for_another_cart()
    {
        // The key of ward-4's gateway signs a pod of ward-3: the name constraint in its certificate refuses the chain, whoever checks it.
        using Cart cart = new("ward-3");
        using Cart thief = new("ward-4", cart);
        using ECDsa podKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(PodOfWard.ToDistinguishedName(), podKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false));
        using X509Certificate2 forged = request.Create(
            thief.Authority.Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(thief.IssuingKey), Now.AddDays(-1), Now.AddDays(1), [1, 2, 3]);
        using CertificateVerifier verifier = cart.Verifier(thief);
        CertificateFinding finding = verifier.Client(forged, Now, static _ => false);
        Assert.AreEqual(CertificateVerdict.OtherCart, finding.Verdict, finding.Detail);
        Assert.IsNull(finding.Identity, "what it says of itself is not believed");
    }

    [TestMethod]
    public void Leaf_makes_no_further_certificate()
    {
        using Cart cart = new("ward-3");
        CertificatePair pod = cart.Authority.IssueWithKey(PodOfWard, [], Now);
        using X509Certificate2 issuer = pod.ReadCertificate();
        using ECDsa issuerKey = ECDsa.Create();
        issuerKey.ImportFromPem(pod.KeyPem);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(new CertificateIdentity("ward-3", CertificateRole.Technician, "mallory").ToDistinguishedName(), key, HashAlgorithmName.SHA256);
        using X509Certificate2 forged = request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), Now.AddDays(-1), Now.AddDays(1), [9]);
        using CertificateVerifier verifier = new("ward-3", cart.RootPem, cart.IssuingPem + "\n" + pod.CertificatePem);
        Assert.AreEqual(CertificateVerdict.Untrusted, verifier.Client(forged, Now, static _ => false).Verdict);
    }

    [TestMethod]
    public void Changed_byte_of_a_certificate_is_never_accepted()
    {
        using Cart cart = new("ward-3");
        using X509Certificate2 certificate = cart.Authority.IssueWithKey(PodOfWard, [], Now).ReadCertificate();
        byte[] whole = certificate.RawData;
        using CertificateVerifier verifier = cart.Verifier();
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] changed = [.. whole];
            changed[i] ^= 0x04;
            X509Certificate2 read;
            try
            {
                read = X509CertificateLoader.LoadCertificate(changed);
            }
            catch (CryptographicException)
            {
                continue;
            }

            using (read)
            {
                Assert.AreNotEqual(CertificateVerdict.Accepted, VerdictOf(verifier, read), "byte " + i);
            }
        }
    }

    [TestMethod]
    public void Issuing_certificate_is_renewed_for_the_same_key_and_pods_stay()
    {
        using Cart cart = new("ward-3");
        using X509Certificate2 pod = cart.Authority.IssueWithKey(PodOfWard, [], Now).ReadCertificate();
        DateTimeOffset later = Now.AddDays(300);
        using X509Certificate2 renewed = cart.Root.SignIssuing(IssuingAuthority.RequestPem("ward-3", cart.IssuingKeyPem), "ward-3", later);
        using CertificateVerifier verifier = new("ward-3", cart.RootPem, renewed.ExportCertificatePem());
        Assert.AreEqual(CertificateVerdict.Accepted, verifier.Client(pod, Now.AddDays(600), static _ => false).Verdict);
    }

    [TestMethod]
    public void Issuing_certificate_that_has_run_out_does_not_end_the_pods_links()
    {
        using Cart cart = new("ward-3");
        using X509Certificate2 pod = cart.Authority.IssueWithKey(PodOfWard, [], Now).ReadCertificate();
        using CertificateVerifier verifier = cart.Verifier();
        Assert.AreEqual(CertificateVerdict.Accepted, verifier.Client(pod, Now.AddDays(400), static _ => false).Verdict);
    }

    [TestMethod]
    public void Roots_key_opens_with_its_passphrase_alone()
    {
        using RootAuthority root = RootAuthority.Create("hospital", Now);
        CertificatePair files = root.Export("correct horse battery");
        StringAssert.StartsWith(files.KeyPem, "-----BEGIN ENCRYPTED PRIVATE KEY-----");
        using RootAuthority again = RootAuthority.Open(files.CertificatePem, files.KeyPem, "correct horse battery");
        Assert.AreEqual(root.Certificate.Thumbprint, again.Certificate.Thumbprint);
        Assert.Throws<CryptographicException>(() => RootAuthority.Open(files.CertificatePem, files.KeyPem, "correct horse batterz"));
        using RootAuthority other = RootAuthority.Create("hospital", Now);
        Assert.Throws<CryptographicException>(() => RootAuthority.Open(other.Export("correct horse battery").CertificatePem, files.KeyPem, "correct horse battery"));
        Assert.Throws<CryptographicException>(() => RootAuthority.Open(files.CertificatePem, "nothing", "correct horse battery"));
        Assert.ThrowsExactly<ArgumentException>(() => root.Export("too short"));
    }

    [TestMethod]
    public void Request_that_is_none_or_has_another_curve_is_refused()
    {
        using RootAuthority root = RootAuthority.Create("hospital", Now);
        using ECDsa p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using RSA rsa = RSA.Create(2048);
        string good = IssuingAuthority.RequestPem("ward-3", IssuingAuthority.NewKeyPem());
        string[] bad =
        [
            string.Empty, "hello", good[..^40], root.Certificate.ExportCertificatePem(),
            new CertificateRequest("CN=x", p384, HashAlgorithmName.SHA256).CreateSigningRequestPem(),
            new CertificateRequest("CN=x", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequestPem(),
            Changed(good),
        ];
        foreach (string request in bad)
        {
            Assert.Throws<CryptographicException>(() => root.SignIssuing(request, "ward-3", Now), request);
        }

        Assert.ThrowsExactly<ArgumentException>(() => root.SignIssuing(good, "ward 3", Now));
    }

    [TestMethod]
    public void Issuing_authority_issues_for_its_own_cart_and_opens_with_its_own_files_alone()
    {
        using Cart cart = new("ward-3");
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.ThrowsExactly<ArgumentException>(() => cart.Authority.Issue(PodOfWard with { CartId = "ward-4" }, new PublicKey(key), [], Now));
        Assert.ThrowsExactly<ArgumentException>(() => cart.Authority.Issue(PodOfWard, new PublicKey(key), ["name.example"], Now));
        Assert.ThrowsExactly<ArgumentException>(() => cart.Authority.Issue(new CertificateIdentity("ward-3", CertificateRole.Gateway, "gateway"), new PublicKey(key), [], Now));
        Assert.Throws<CryptographicException>(() => IssuingAuthority.Open("ward-4", new CertificatePair(cart.IssuingPem, cart.IssuingKeyPem)));
        Assert.Throws<CryptographicException>(() => IssuingAuthority.Open("ward-3", new CertificatePair(cart.IssuingPem, IssuingAuthority.NewKeyPem())));
        Assert.Throws<CryptographicException>(() => IssuingAuthority.Open("ward-3", new CertificatePair(cart.RootPem, cart.IssuingKeyPem)));
        Assert.Throws<CryptographicException>(() => IssuingAuthority.Open("ward-3", new CertificatePair(cart.IssuingPem, "no key")));
    }

    [TestMethod]
    public void Subject_of_another_form_names_nobody()
    {
        string[] strange =
        [
            "O=ward-3, CN=02aabbfffe0000a1", "O=ward-3, OU=pod", "O=ward-3, OU=pod, CN=02AABBFFFE0000A1", "O=ward-3, OU=pod, CN=02aabbfffe0000a", "O=ward-3, OU=king, CN=x",
            "O=ward-3, OU=pod, CN=02aabbfffe0000a1, C=FR", "CN=02aabbfffe0000a1, OU=pod, O=ward-3", "O=ward 3, OU=pod, CN=02aabbfffe0000a1", "O=ward-3, OU=listener, CN=", "CN=x",
        ];
        foreach (string subject in strange)
        {
            // Names are written from the first part on, as they are encoded.
            X500DistinguishedName name = new(subject, X500DistinguishedNameFlags.None);
            Assert.IsFalse(CertificateIdentity.TryRead(name, out _), subject);
        }

        Assert.IsTrue(CertificateIdentity.TryRead(PodOfWard.ToDistinguishedName(), out CertificateIdentity? read));
        Assert.AreEqual(PodOfWard, read);
        Assert.ThrowsExactly<InvalidOperationException>(() => (PodOfWard with { Name = "x" }).ToDistinguishedName());
        Assert.ThrowsExactly<InvalidOperationException>(() => (PodOfWard with { CartId = "a, OU=pod" }).ToDistinguishedName());
    }

    [TestMethod]
    public void Renewal_comes_after_two_thirds()
    {
        Assert.AreEqual(Now.AddDays(60), CertificateTimes.RenewalOf(Now, Now.AddDays(90)));
        Assert.AreEqual(0, CertificateTimes.DaysLeft(Now.AddHours(23), Now));
        Assert.AreEqual(-1, CertificateTimes.DaysLeft(Now.AddHours(-1), Now));
        Assert.AreEqual(TimeSpan.FromDays(730), CertificateTimes.Of(CertificateRole.Pod));
    }

    [TestMethod]
    public void No_text_of_a_secret_leaves_by_ToString()
    {
        using Cart cart = new("ward-3");
        CertificatePair pair = cart.Authority.IssueWithKey(PodOfWard, [], Now);
        PodBundle bundle = new(PodId, "10.0.0.2", 8883, cart.RootPem, pair, "ward", "planted-password", PodBundle.NewTechnicianKey());
        string said = pair + " " + bundle;
        Assert.IsFalse(said.Contains("PRIVATE", StringComparison.Ordinal) || said.Contains("planted", StringComparison.Ordinal), said);
        string written = Encoding.UTF8.GetString(bundle.Write());
        StringAssert.Contains(written, "planted-password");
        Assert.ThrowsExactly<InvalidOperationException>(() => (bundle with { DeviceId = "x" }).Write());
        Assert.ThrowsExactly<InvalidOperationException>(() => (bundle with { GatewayPort = 0 }).Write());
        Assert.ThrowsExactly<InvalidOperationException>(() => (bundle with { TechnicianKey = new byte[16] }).Write());
        Assert.ThrowsExactly<InvalidOperationException>(() => (bundle with { AuthorityPem = new string('A', 1025) }).Write());
        Assert.ThrowsExactly<InvalidOperationException>(() => (bundle with { WifiName = new string('é', 17) }).Write());
    }

    private static CertificateVerdict VerdictOf(CertificateVerifier verifier, X509Certificate2 certificate)
    {
        try
        {
            return verifier.Client(certificate, Now, static _ => false).Verdict;
        }
        catch (CryptographicException)
        {
            return CertificateVerdict.Untrusted;
        }
    }

    private static string Changed(string pem)
    {
        int place = pem.Length / 2;
        return pem[..place] + (pem[place] == 'A' ? 'B' : 'A') + pem[(place + 1)..];
    }

    /// <summary>A root, or another cart's, and the issuing authority of one cart.</summary>
    internal sealed class Cart : IDisposable
    {
        private readonly bool _ownsRoot;

        public Cart(string id, Cart? under = null)
        {
            Id = id;
            _ownsRoot = under is null;
            Root = under?.Root ?? RootAuthority.Create("hospital", Now);
            IssuingKeyPem = IssuingAuthority.NewKeyPem();
            using X509Certificate2 issuing = Root.SignIssuing(IssuingAuthority.RequestPem(id, IssuingKeyPem), id, Now);
            IssuingPem = issuing.ExportCertificatePem();
            Authority = IssuingAuthority.Open(id, new CertificatePair(IssuingPem, IssuingKeyPem));
            IssuingKey = ECDsa.Create();
            IssuingKey.ImportFromPem(IssuingKeyPem);
        }

        public string Id { get; }

        public RootAuthority Root { get; }

        public string RootPem => Root.Certificate.ExportCertificatePem();

        public string IssuingPem { get; }

        public string IssuingKeyPem { get; }

        public ECDsa IssuingKey { get; }

        public IssuingAuthority Authority { get; }

        public CertificateVerifier Verifier(Cart? also = null) => new(Id, RootPem, IssuingPem + "\n" + also?.IssuingPem);

        public void Dispose()
        {
            Authority.Dispose();
            IssuingKey.Dispose();
            if (_ownsRoot)
            {
                Root.Dispose();
            }
        }
    }
}
