using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using EdgeGateway.Certificates;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Certificates.Tests;

/// <summary>The register of certificates, the pod list and the enrolment code.</summary>
[TestClass]
public sealed class ListTests
{
    private static readonly DateTimeOffset Now = AuthorityTests.Now;

    [TestMethod]
    public void Register_is_read_as_it_was_written_and_revokes_for_good()
    {
        CertificateRegister register = CertificateRegister.Empty.With(One("0A", CertificateRole.Pod, AuthorityTests.PodId), Now).With(One("0B", CertificateRole.Listener, "ward-view"), Now);
        register = register.Revoke(static c => c.Role == CertificateRole.Pod, "lost", Now, out int count);
        Assert.AreEqual(1, count);
        register = register.Revoke(static c => c.Role == CertificateRole.Pod, "retired", Now.AddDays(1), out count);
        Assert.AreEqual(0, count, "what was revoked stays as it was");
        CertificateRegister again = CertificateRegister.Read(register.Write(), out string? problem)!;
        Assert.IsNull(problem);
        CollectionAssert.AreEqual(register.Certificates.ToArray(), again.Certificates.ToArray());
        Assert.IsTrue(again.IsRevoked("0A"));
        Assert.IsFalse(again.IsRevoked("0B"));
        Assert.IsFalse(again.IsRevoked("0C"));
        Assert.ThrowsExactly<ArgumentException>(() => register.Revoke(static _ => true, "because", Now, out _));
    }

    [TestMethod]
    public void File_that_is_cut_anywhere_is_refused_whole()
    {
        byte[] register = CertificateRegister.Empty.With(One("0A", CertificateRole.Pod, AuthorityTests.PodId), Now).Revoke(static _ => true, "lost", Now, out _).Write();
        byte[] pods = PodList.Empty.With(new ListedPod(AuthorityTests.PodId, PodStanding.Admitted, Now, "left \"arm\"")).Write();
        for (int i = 0; i < register.Length - 2; i++)
        {
            Assert.IsNull(CertificateRegister.Read(register.AsMemory(0, i), out string? problem), "register, " + i);
            Assert.IsNotNull(problem);
        }

        for (int i = 0; i < pods.Length - 2; i++)
        {
            Assert.IsNull(PodList.Read(pods.AsMemory(0, i), out string? problem), "pods, " + i);
            Assert.IsNotNull(problem);
        }
    }

    [TestMethod]
    public void Wrong_files_are_refused_with_what_is_wrong()
    {
        string[] registers =
        [
            "[]", "{\"v\":2,\"certificates\":[]}", "{\"v\":1}", "{\"v\":1,\"v\":1,\"certificates\":[]}", Register("\"serial\":\"0a\",\"role\":\"pod\",\"name\":\"02aabbfffe0000a1\""),
            Register("\"serial\":\"0A\",\"role\":\"king\",\"name\":\"x\""), Register("\"serial\":\"0A\",\"role\":\"pod\",\"name\":\"x\""),
            Register("\"serial\":\"0A\",\"role\":\"listener\",\"name\":\"x\",\"reason\":\"lost\""), Register("\"serial\":\"0A\",\"role\":\"listener\",\"name\":\"x\",\"revokedAt\":\"2026-01-01T00:00:00Z\",\"reason\":\"?\""),
            Register("\"serial\":\"0A\",\"role\":\"listener\",\"name\":\"x\"").Replace("2026-03-01T00:00:00Z", "yesterday", StringComparison.Ordinal),
        ];
        foreach (string text in registers)
        {
            Assert.IsNull(CertificateRegister.Read(Encoding.UTF8.GetBytes(text), out string? problem), text);
            Assert.IsFalse(string.IsNullOrEmpty(problem), text);
        }

        Assert.IsNotNull(CertificateRegister.Read(Encoding.UTF8.GetBytes(Register("\"serial\":\"0A\",\"role\":\"listener\",\"name\":\"x\"")), out _));
        string[] lists =
        [
            "{\"v\":1,\"pods\":[{}]}", "{\"v\":1,\"pods\":{}}", "{\"v\":0,\"pods\":[]}", Pods("02aabbfffe0000a1", "perhaps"), Pods("02AABBFFFE0000A1", "admitted"),
            Pods("02aabbfffe0000a1", "admitted").Replace("]}", ",{\"deviceId\":\"02aabbfffe0000a1\",\"standing\":\"revoked\",\"since\":\"2026-03-01T00:00:00Z\"}]}", StringComparison.Ordinal),
        ];
        foreach (string text in lists)
        {
            Assert.IsNull(PodList.Read(Encoding.UTF8.GetBytes(text), out string? problem), text);
            Assert.IsFalse(string.IsNullOrEmpty(problem), text);
        }

        Assert.IsNotNull(PodList.Read(Encoding.UTF8.GetBytes(Pods("02aabbfffe0000a1", "admitted")), out _));
    }

    [TestMethod]
    public void Pod_list_says_who_is_wanted()
    {
        PodList list = PodList.Empty.With(new ListedPod(AuthorityTests.PodId, PodStanding.Admitted, Now, "cuff"));
        Assert.AreEqual(PodStanding.Admitted, list.StandingOf(AuthorityTests.PodId));
        Assert.AreEqual(PodStanding.Unknown, list.StandingOf("02aabbfffe0000a2"));
        list = list.With(new ListedPod(AuthorityTests.PodId, PodStanding.Revoked, Now, "cuff"));
        Assert.AreEqual(PodStanding.Revoked, PodList.Read(list.Write(), out _)!.StandingOf(AuthorityTests.PodId));
        Assert.ThrowsExactly<ArgumentException>(() => list.With(new ListedPod("x", PodStanding.Admitted, Now, string.Empty)));
        Assert.ThrowsExactly<ArgumentException>(() => list.With(new ListedPod(AuthorityTests.PodId, PodStanding.Admitted, Now, "a\nb")));
        for (int i = 1; i < PodList.MaxPods; i++)
        {
            list = list.With(new ListedPod("02aabbffff" + i.ToString("x6", System.Globalization.CultureInfo.InvariantCulture), PodStanding.Admitted, Now, string.Empty));
        }

        Assert.ThrowsExactly<InvalidOperationException>(() => list.With(new ListedPod("02aabbffff000000", PodStanding.Admitted, Now, string.Empty)));
        Assert.IsLessThanOrEqualTo(PodList.MaxFileBytes, list.Write().Length);
    }

    [TestMethod]
    public void Full_register_gives_up_what_expired_longest_ago_and_nothing_that_is_in_time()
    {
        List<RegisteredCertificate> many = [];
        StringBuilder text = new("{\"v\":1,\"certificates\":[");
        for (int i = 0; i < CertificateRegister.MaxCertificates; i++)
        {
            text.Append(i == 0 ? string.Empty : ",").Append("{\"serial\":\"").Append((0x1000 + i).ToString("X4", System.Globalization.CultureInfo.InvariantCulture))
                .Append("\",\"role\":\"listener\",\"name\":\"x\",\"notBefore\":\"2026-01-01T00:00:00Z\",\"notAfter\":\"").Append(i == 7 ? "2026-02-01" : "2027-01-01").Append("T00:00:00Z\"}");
        }

        CertificateRegister register = CertificateRegister.Read(Encoding.UTF8.GetBytes(text.Append("]}").ToString()), out string? problem)!;
        Assert.IsNull(problem);
        register = register.With(One("FF", CertificateRole.Listener, "y"), Now);
        Assert.HasCount(CertificateRegister.MaxCertificates, register.Certificates);
        Assert.IsFalse(register.Certificates.Any(static c => string.Equals(c.Serial, "1007", StringComparison.Ordinal)));
        Assert.ThrowsExactly<InvalidOperationException>(() => register.With(One("FE", CertificateRole.Listener, "y"), Now));
        Assert.IsLessThanOrEqualTo(CertificateRegister.MaxFileBytes, register.Write().Length);
    }

    [TestMethod]
    public void Enrolment_code_has_one_use_ten_minutes_and_five_wrong_tries()
    {
        EnrolmentCode code = new("01234567", 0);
        Assert.AreEqual(EnrolmentAnswer.Wrong, code.Try("01234568"u8, 1));
        Assert.AreEqual(EnrolmentAnswer.Right, code.Try("01234567"u8, EnrolmentCode.LifeUs - 1));
        Assert.AreEqual(EnrolmentAnswer.Over, code.Try("01234567"u8, EnrolmentCode.LifeUs - 1));
        code = new EnrolmentCode("01234567", 0);
        Assert.AreEqual(EnrolmentAnswer.Over, code.Try("01234567"u8, EnrolmentCode.LifeUs));
        code = new EnrolmentCode("01234567", 0);
        for (int i = 0; i < EnrolmentCode.MaxWrong; i++)
        {
            Assert.AreEqual(i < EnrolmentCode.MaxWrong - 1 ? EnrolmentAnswer.Wrong : EnrolmentAnswer.Over, code.Try(i % 2 == 0 ? "0123456"u8 : "99999999"u8, 1));
        }

        Assert.AreEqual(EnrolmentAnswer.Over, code.Try("01234567"u8, 1));
        Assert.ThrowsExactly<ArgumentException>(() => new EnrolmentCode("1234567", 0));
        Assert.ThrowsExactly<ArgumentException>(() => new EnrolmentCode("1234567x", 0));
        Assert.AreEqual(EnrolmentCode.Length, EnrolmentCode.NewDigits().Length);
    }

    private static RegisteredCertificate One(string serial, CertificateRole role, string name) => new(serial, role, name, Now.AddDays(-2), Now.AddDays(300), null, string.Empty);

    private static string Register(string members) => "{\"v\":1,\"certificates\":[{" + members + ",\"notBefore\":\"2026-03-01T00:00:00Z\",\"notAfter\":\"2027-03-01T00:00:00Z\"}]}";

    private static string Pods(string deviceId, string standing) =>
        "{\"v\":1,\"pods\":[{\"deviceId\":\"" + deviceId + "\",\"standing\":\"" + standing + "\",\"since\":\"2026-03-01T00:00:00Z\"}]}";
}
