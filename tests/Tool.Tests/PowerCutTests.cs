using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeGateway.Certificates;
using EdgeGateway.Faults;
using EdgeGateway.Machine;
using EdgeGateway.Tool.Certificates;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Tool.Tests;

/// <summary>Every change of the folder of certificates, cut before each of its steps on the disk: what is left is the old or the new, a gateway can start with it, and the command can be given again.</summary>
[TestClass]
public sealed class PowerCutTests
{
    private const string Pod = "02aabbfffe0000a1";
    private const string Next = "02aabbfffe0000a2";

    private static readonly Enrolment Enrolled = new(ToolCart.Host, 8883, "finger", string.Empty, string.Empty);

    private static ToolCart _made = null!;
    private static RootAuthority _newRoot = null!;

    [ClassInitialize]
    public static void Make(TestContext context)
    {
        _made = new ToolCart().Installed();
        _made.Office.Enrol(Pod, Enrolled);
        _newRoot = RootAuthority.Create("hospital-2", TimeProvider.System.GetUtcNow());
    }

    [ClassCleanup]
    public static void Remove()
    {
        _made.Dispose();
        _newRoot.Dispose();
    }

    [TestMethod]
    public void Issuing_certificate_is_renewed_whole() => CutEverywhere(
        static cart => cart.Signed(), static (cart, signed) => cart.Office.Install(signed, cart.RootPem, []), static cart => Assert.AreEqual(cart.RootPem.Trim(), cart.Folder.ReadPem(CertificateFolder.RootFile).Trim()));

    [TestMethod]
    public void Root_is_changed_whole() => CutEverywhere(
        static cart => cart.Signed(_newRoot), static (cart, signed) => cart.Office.Install(signed, _newRoot.Certificate.ExportCertificatePem(), []),
        static cart => Assert.AreEqual(_newRoot.Certificate.ExportCertificatePem().Trim(), cart.Folder.ReadPem(CertificateFolder.RootFile).Trim(), "the old root is not trusted any more"));

    [TestMethod]
    public void Gateways_certificate_is_renewed_whole() => CutEverywhere(static _ => string.Empty, static (cart, _) => cart.Office.Renew([ToolCart.Host, "other.example"], onlyIfDue: false), static cart =>
    {
        using X509Certificate2 leaf = X509Certificate2.CreateFromPem(cart.Folder.ReadPem(CertificateFolder.GatewayFile));
        Assert.IsTrue(leaf.MatchesHostname("other.example"));
    });

    [TestMethod]
    public void Authority_of_ones_own_is_taken_whole() => CutEverywhere(OwnCertificate, static (cart, certificates) =>
    {
        IReadOnlyList<string> both = CertificateFolder.Parts(certificates, "CERTIFICATE");
        cart.Office.Import(both[0], both[1]);
    }, static cart => Assert.HasCount(1, CertificateFolder.Parts(cart.Folder.ReadPem(CertificateFolder.RootFile), "CERTIFICATE").ToArray()), isRepeated: false);

    [TestMethod]
    public void Pod_is_enrolled_whole() => CutEverywhere(
        static _ => string.Empty, static (cart, _) => cart.Office.Enrol(Next, Enrolled), static cart => Assert.AreEqual(PodStanding.Admitted, cart.Folder.ReadPods().StandingOf(Next)));

    [TestMethod]
    public void Pod_is_revoked_whole() => CutEverywhere(static _ => string.Empty, static (cart, _) => cart.Office.Revoke(Pod, "lost"), static cart =>
    {
        Assert.AreEqual(PodStanding.Revoked, cart.Folder.ReadPods().StandingOf(Pod));
        Assert.IsTrue(cart.Folder.ReadRegister().Certificates.Where(static c => c.Name == Pod).All(static c => c.RevokedAt is not null));
    });

    [TestMethod]
    public void Pod_is_replaced_whole() => CutEverywhere(static _ => string.Empty, static (cart, _) => cart.Office.Replace(Pod, Next), static cart =>
    {
        Assert.AreEqual(PodStanding.Revoked, cart.Folder.ReadPods().StandingOf(Pod));
        Assert.AreEqual(PodStanding.Admitted, cart.Folder.ReadPods().StandingOf(Next));
    });

    [TestMethod]
    public void Foreign_certificate_and_clock_are_noted_whole() => CutEverywhere(static _ => string.Empty, static (cart, _) =>
    {
        cart.Office.ClockIsRight(new DateOnly(2080, 1, 1));
        cart.Office.RevokeForeign("07:07", "lost");
    }, static cart =>
    {
        Assert.IsTrue(cart.Folder.ReadRegister().IsRevoked("0707"));
        Assert.AreEqual(2080, cart.Folder.ReadClock()!.Recorded.Year);
    });

    [TestMethod]
    public void What_root_writes_belongs_to_the_folders_owner_and_another_user_is_refused()
    {
        CodedErrorException refusal = Assert.ThrowsExactly<CodedErrorException>(static () => FileOwner.Check("/folder", owner: 1000, user: 1001));
        Assert.AreEqual(FaultCodes.FolderOfOtherUser, refusal.Errors[0].Code);
        FileOwner.Check("/folder", owner: 1000, user: 1000);
        FileOwner.Check("/folder", owner: 1000, user: 0);
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
        {
            return; // only root gives files away
        }

        using ToolCart cart = Copy(null);
        Own(cart.Folder.Path);
        cart.Office.Enrol(Next, Enrolled);
        cart.Office.Renew([], onlyIfDue: false);
        foreach (string name in new[] { CertificateFolder.PodsFile, CertificateFolder.RegisterFile, CertificateFolder.GatewayFile })
        {
            Assert.AreEqual((4321u, 4322u), FileOwner.Of(Path.Combine(cart.Folder.Path, name)), name);
        }

        // A folder that is made anew belongs to whom its parent does.
        Own(cart.Home);
        CertificateFolder fresh = new(cart.At("fresh"));
        fresh.Lock().Dispose();
        Assert.AreEqual((4321u, 4322u), FileOwner.Of(fresh.Path));
    }

    private static void Own(string path)
    {
        using Process change = Process.Start("chown", ["4321:4322", path]);
        change.WaitForExit();
        Assert.AreEqual(0, change.ExitCode);
    }

    // isRepeated: false where the command cannot be given again once it is done, for its input is used up.
    private static void CutEverywhere(Func<ToolCart, string> prepare, Action<ToolCart, string> change, Action<ToolCart> isNew, bool isRepeated = true)
    {
        for (int place = 0; ; place++)
        {
            Cut cut = new();
            using ToolCart cart = Copy(cut.Step);
            string prepared = prepare(cart);
            cut.Left = place;
            bool isDone = true;
            try
            {
                change(cart, prepared);
            }
            catch (PowerCut)
            {
                isDone = false;
            }

            cut.Left = -1;
            Assert.IsNull(cart.Folder.ProblemOf(cart.CartId), "a gateway starts after a cut before: " + cut.Last);
            cart.Folder.ReadPods();
            cart.Folder.ReadRegister();
            if (isDone)
            {
                Assert.IsGreaterThan(2, place, "steps were counted");
                isNew(cart);
                return;
            }

            try
            {
                change(cart, prepared);
            }
            catch (CodedErrorException e) when (e.Errors[0].Code == FaultCodes.NothingOfThatName || (!isRepeated && e.Errors[0].Code == FaultCodes.CertificateStateUnusable))
            {
                // It was done already, all but the last sync.
            }

            isNew(cart);
        }
    }

    private static ToolCart Copy(Action<string>? step)
    {
        ToolCart cart = new(under: _made, step: step);
        Directory.CreateDirectory(cart.Folder.Path);
        foreach (string file in Directory.GetFiles(_made.Folder.Path))
        {
            File.Copy(file, Path.Combine(cart.Folder.Path, Path.GetFileName(file)));
        }

        return cart;
    }

    private static string OwnCertificate(ToolCart cart)
    {
        string asked = cart.Office.RequestForOwnAuthority([ToolCart.Host]);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest own = new("CN=Hospital CA", key, HashAlgorithmName.SHA256);
        own.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 root = own.CreateSelfSigned(now.AddDays(-3), now.AddDays(1000));
        CertificateRequest request = CertificateRequest.LoadSigningRequestPem(asked, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        using X509Certificate2 signed = request.Create(root, now.AddDays(-3), now.AddDays(300), [7, 7]);
        return signed.ExportCertificatePem() + "\n" + root.ExportCertificatePem();
    }

    private sealed class Cut
    {
        public int Left { get; set; } = -1;

        public string Last { get; private set; } = string.Empty;

        public void Step(string what)
        {
            if (Left == 0)
            {
                Last = what;
                throw new PowerCut();
            }

            Left -= Left > 0 ? 1 : 0;
        }
    }

    private sealed class PowerCut : Exception;
}
