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
        using CartFiles cart = new("cart-1");
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
        using CartFiles cart = new("cart-1");
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

    private static DateTimeOffset Seconds(DateTimeOffset moment) => new(moment.UtcTicks - (moment.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);

    private static long UsOf(DateTimeOffset moment) => (moment.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;

    private sealed class SetTime(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
