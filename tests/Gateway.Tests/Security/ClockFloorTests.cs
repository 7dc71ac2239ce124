using System;
using EdgeGateway.Certificates;
using EdgeGateway.Gateway.Security;
using EdgeGateway.Machine;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Security;

/// <summary>By which time certificates are judged: a clock at 1970, one that is two weeks back, and one that once stood far ahead.</summary>
[TestClass]
public sealed class ClockFloorTests
{
    [TestMethod]
    public void Clock_of_1970_and_one_two_weeks_back_let_nothing_in_that_has_run_out()
    {
        using CertificateFixture cart = new("cart-1");
        DateTimeOffset now = Seconds(TimeProvider.System.GetUtcNow());
        SetTime time = new(now);
        using CartCertificates certificates = CartCertificates.Load("cart-1", cart.Folder.Path, time);
        Assert.AreEqual(now, certificates.Utc);
        Assert.IsNull(certificates.ClockProblem);

        time.Now = DateTimeOffset.UnixEpoch;
        Assert.IsGreaterThanOrEqualTo(now.AddMinutes(-1), certificates.Utc, "the cart's own certificates were issued: that much is past");

        certificates.SetFloor(UsOf(now.AddDays(30)));
        time.Now = now.AddDays(16);
        Assert.AreEqual(now.AddDays(30), certificates.Utc, "what was recorded is past");
        StringAssert.Contains(certificates.ClockProblem, "recorded " + now.AddDays(30).ToString("yyyy-MM-dd"));
        using CertificateVerifier verifier = new("cart-1", cart.RootPem, cart.IssuingPem);
        using var ended = cart.Pod("02aabbfffe0000a1", now.AddDays(20 - 730)).ReadCertificate();
        Assert.AreEqual(CertificateVerdict.Expired, verifier.Client(ended, certificates.Utc, static _ => false).Verdict);
        Assert.AreEqual(CertificateVerdict.Accepted, verifier.Client(ended, time.Now, static _ => false).Verdict, "by the clock alone it would be let in");

        time.Now = now.AddDays(31);
        Assert.AreEqual(time.Now, certificates.Utc);
        Assert.IsNull(certificates.ClockProblem);
    }

    [TestMethod]
    public void Time_that_was_recorded_far_ahead_shuts_no_pod_out_and_a_technicians_word_corrects_it()
    {
        using CertificateFixture cart = new("cart-1");
        DateTimeOffset now = Seconds(TimeProvider.System.GetUtcNow());
        SetTime time = new(now);
        using CartCertificates certificates = CartCertificates.Load("cart-1", cart.Folder.Path, time);
        DateTimeOffset wrong = new(2045, 6, 1, 12, 0, 0, TimeSpan.Zero);
        certificates.SetFloor(UsOf(wrong));
        Assert.IsLessThanOrEqualTo(now.AddDays(366), certificates.Utc, "at most the gateway's own last day");
        StringAssert.Contains(certificates.ClockProblem, "recorded 2045-06-01");
        using CertificateVerifier verifier = new("cart-1", cart.RootPem, cart.IssuingPem);
        using var pod = cart.Pod("02aabbfffe0000a1").ReadCertificate();
        Assert.AreEqual(CertificateVerdict.Accepted, verifier.Client(pod, certificates.Utc, static _ => false).Verdict);

        // The journal leaves out what the word covers; the word itself is past from then on.
        cart.Folder.Write(new ClockWord(now, wrong.AddDays(1)));
        Assert.IsTrue(certificates.Refresh(out string? problem), problem);
        certificates.SetFloor(UsOf(now.AddDays(-3)));
        Assert.AreEqual(now, certificates.Utc);
        Assert.IsNull(certificates.ClockProblem);
        time.Now = now.AddDays(-14);
        Assert.AreEqual(now, certificates.Utc);
        Assert.IsNotNull(certificates.ClockProblem);
    }

    [TestMethod]
    public void Holders_whose_certificate_ends_soon_are_named_by_their_newest_and_only_while_they_belong_here()
    {
        using CertificateFixture cart = new("cart-1");
        DateTimeOffset now = Seconds(TimeProvider.System.GetUtcNow());
        SetTime time = new(now);
        CertificateRegister register = CertificateRegister.Empty;
        int serial = 0x100000;
        void Add(CertificateRole role, string name, int daysLeft) =>
            register = register.With(new RegisteredCertificate((++serial).ToString("X6"), role, name, now.AddDays(daysLeft - 732), now.AddDays(daysLeft), null, string.Empty), now);
        Add(CertificateRole.Pod, "02aabbfffe0000a1", 40);
        Add(CertificateRole.Pod, "02aabbfffe0000a2", 40);
        Add(CertificateRole.Pod, "02aabbfffe0000a2", 700); // renewed
        Add(CertificateRole.Pod, "02aabbfffe0000a3", 5); // nobody has admitted it
        Add(CertificateRole.Pod, "02aabbfffe0000a4", -3);
        Add(CertificateRole.Listener, "dr-1", 10);
        Add(CertificateRole.Listener, "dr-2", -10); // not used any more
        Add(CertificateRole.Gateway, "gateway", 1); // said by a code of its own
        cart.Folder.Write(register.Revoke(static c => c.Name == "dr-3", "lost", now, out _));
        foreach (string pod in new[] { "02aabbfffe0000a1", "02aabbfffe0000a2", "02aabbfffe0000a4" })
        {
            cart.Admit(pod);
        }

        using CartCertificates certificates = CartCertificates.Load("cart-1", cart.Folder.Path, time);
        Assert.AreEqual("pod 02aabbfffe0000a4: -3 days left, listener dr-1: 10 days left, pod 02aabbfffe0000a1: 40 days left", certificates.HoldersDue(now));
        for (int i = 0; i < 20; i++)
        {
            Add(CertificateRole.Listener, "view-" + i, 30);
        }

        cart.Folder.Write(register);
        Assert.IsTrue(certificates.Refresh(out _));
        StringAssert.EndsWith(certificates.HoldersDue(now), ", and 15 more");
    }

    private static DateTimeOffset Seconds(DateTimeOffset moment) => new(moment.UtcTicks - (moment.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);

    private static long UsOf(DateTimeOffset moment) => (moment.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;

    private sealed class SetTime(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
