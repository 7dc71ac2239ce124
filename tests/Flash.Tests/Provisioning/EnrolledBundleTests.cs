using System;
using System.Security.Cryptography.X509Certificates;
using EdgeGateway.Certificates;
using EdgeGateway.Faults;
using Firmware.Flash.Provisioning;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Flash.Tests.Provisioning;

/// <summary>What <c>cartctl certs enrol</c> writes is what cart-flash takes: two programs, one file.</summary>
[TestClass]
public sealed class EnrolledBundleTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    [TestMethod]
    [DataRow("ward", "secret-of-the-ward")]
    [DataRow("", "")]
    public void Bundle_of_an_enrolled_pod_is_taken_with_and_without_a_network(string wifi, string password)
    {
        using RootAuthority root = RootAuthority.Create("hospital", Now);
        string key = IssuingAuthority.NewKeyPem();
        using X509Certificate2 issuing = root.SignIssuing(IssuingAuthority.RequestPem("ward-3", key), "ward-3", Now);
        using IssuingAuthority authority = IssuingAuthority.Open("ward-3", new CertificatePair(issuing.ExportCertificatePem(), key));
        const string Pod = "02aabbfffe0000a1";
        CertificatePair pair = authority.IssueWithKey(new CertificateIdentity("ward-3", CertificateRole.Pod, Pod), [], Now);
        byte[] file = new PodBundle(Pod, "10.0.0.2", 8883, authority.AnchorPem(Now), pair, wifi, password, PodBundle.NewTechnicianKey()).Write();
        ProvisioningBundle bundle = ProvisioningBundle.Parse(file, "bundle.json", Now);
        Assert.AreEqual(Pod, bundle.DeviceId);
        Assert.AreEqual(8883, bundle.GatewayPort);
        Assert.AreEqual(wifi.Length == 0 ? null : wifi, bundle.WifiSsid);

        // A bundle of before, whose authority is the root, is taken too; one of another key of the same name is not.
        byte[] older = new PodBundle(Pod, "10.0.0.2", 8883, root.Certificate.ExportCertificatePem(), pair, wifi, password, PodBundle.NewTechnicianKey()).Write();
        Assert.AreEqual(Pod, ProvisioningBundle.Parse(older, "bundle.json", Now).DeviceId);
        string otherKey = IssuingAuthority.NewKeyPem();
        using X509Certificate2 otherIssuing = root.SignIssuing(IssuingAuthority.RequestPem("ward-3", otherKey), "ward-3", Now);
        using IssuingAuthority other = IssuingAuthority.Open("ward-3", new CertificatePair(otherIssuing.ExportCertificatePem(), otherKey));
        byte[] wrong = new PodBundle(Pod, "10.0.0.2", 8883, other.AnchorPem(Now), pair, wifi, password, PodBundle.NewTechnicianKey()).Write();
        Assert.ThrowsExactly<CodedErrorException>(() => ProvisioningBundle.Parse(wrong, "bundle.json", Now));
    }
}
