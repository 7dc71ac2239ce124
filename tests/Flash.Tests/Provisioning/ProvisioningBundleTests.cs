using System;
using System.Linq;
using System.Text;
using EdgeGateway.Faults;
using Firmware.Flash.Provisioning;
using Firmware.Flash.Wire;
using Flash.Tests.StandIns;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Flash.Tests.Provisioning;

[TestClass]
public sealed class ProvisioningBundleTests
{
    private const string Id = "246f28fffeaa0001";
    private static readonly DateTimeOffset Now = new(2026, 11, 29, 12, 0, 0, TimeSpan.Zero);

    [TestMethod]
    public void A_whole_bundle_is_read()
    {
        ProvisioningBundle bundle = Parse(TestBundle.Json("24:6F:28:FF:FE:AA:00:01"));
        Assert.AreEqual(Id, bundle.DeviceId);
        Assert.AreEqual(8883, bundle.GatewayPort);
        Assert.AreEqual(64, bundle.CertificateFingerprint.Length);
        Assert.AreEqual(3, bundle.Secrets.Count());
    }

    [TestMethod]
    [DataRow("{\"v\":2}", "v: error F4020", "it must be 1")]
    [DataRow("{\"v\":1,\"wifis\":1}", "wifis", "no such member")]
    [DataRow("{\"v\":1,\"deviceId\":\"123\"}", "deviceId", "16 hexadecimal digits")]
    [DataRow("{\"v\":1}", "gateway", "host and port")]
    [DataRow("{\"v\":1,\"gateway\":{\"host\":\"a b\",\"port\":70000}}", "gateway.port", "1 to 65535")]
    [DataRow("{\"v\":1,\"gateway\":{\"host\":\"a b\",\"port\":70000}}", "gateway.host", "name or an address")]
    [DataRow("{\"v\":1,\"wifi\":{\"ssid\":\"x\",\"password\":\"planted\"}}", "wifi.password", "8 to 63")]
    [DataRow("{\"v\":1,\"technicianKey\":\"planted\"}", "technicianKey", "32 to 64 hexadecimal digits")]
    [DataRow("{\"v\":1,\"ca\":\"planted\"}", "ca", "one certificate as PEM")]
    [DataRow("{\"v\":1,\"key\":\"planted\"}", "key", "one private key as PEM")]
    [DataRow("[]", "bundle", "not a JSON object")]
    [DataRow("{\"technicianKey\":\"planted", "bundle", "not JSON")]
    public void What_is_wrong_is_named_and_no_secret_with_it(string json, string place, string expected)
    {
        string text = Assert.ThrowsExactly<CodedErrorException>(() => Parse(json)).Message;
        StringAssert.Contains(text, place);
        StringAssert.Contains(text, expected);
        Assert.IsFalse(text.Contains("planted", StringComparison.Ordinal), text);
    }

    [TestMethod]
    public void Certificate_key_and_authority_must_belong_together()
    {
        StringAssert.Contains(Refusal(TestBundle.Json(Id, isOtherKey: true)), "it is not the certificate's");
        StringAssert.Contains(Refusal(TestBundle.Json(Id, ends: Now.AddDays(-1))), "it ended 2026-11-28");
        StringAssert.Contains(Refusal(TestBundle.Json(Id, isOtherAuthority: true)), "it was not issued by ca");
        StringAssert.Contains(Refusal(TestBundle.Json(Id).Replace("\"certificate\"", "\"certificate2\"", StringComparison.Ordinal)), "come together or not at all");
    }

    [TestMethod]
    public void The_requests_hold_the_bundle_and_what_is_shown_of_them_no_secret()
    {
        ProvisioningBundle bundle = Parse(TestBundle.Json(Id, password: "a \"quoted\" pass\\word"));
        (string Command, string Shown)[] requests = [.. Provisioner.Requests(bundle, isOwnId: true, "esp32-wrover", "vitals", "Tmp117,Max30102", "cart 7")];
        Assert.IsTrue(requests.All(r => AnswerLine.Request(AnswerLine.MaxId, r.Command).Length <= AnswerLine.MaxRequestBytes));
        Assert.IsFalse(requests.Any(r => r.Command.StartsWith("config set deviceId", StringComparison.Ordinal)), "the pod makes this id itself");
        StandInPod pod = new("246f28aa0001");
        foreach ((string command, string _) in requests)
        {
            StringAssert.Contains(pod.Answer("@1 " + command), "@1 OK");
        }

        pod.Answer("@1 config commit");
        Assert.AreEqual("a \"quoted\" pass\\word", pod.Active["wifi.password"]);
        Assert.AreEqual(bundle.KeyPem, pod.Active["tls.key"]);
        Assert.AreEqual("cart 7", pod.Active["cartName"]);
        string shown = string.Join('\n', requests.Select(r => r.Shown));
        Assert.IsFalse(shown.Contains("quoted", StringComparison.Ordinal) || shown.Contains(TestBundle.TechnicianKey, StringComparison.Ordinal));
        string[] key = [.. requests.Where(r => r.Command.StartsWith("config put tls.key", StringComparison.Ordinal)).Select(r => r.Command.Split(' ')[^1])];
        Assert.IsTrue(key.Length > 0 && key.All(k => k.Length <= 360 && !shown.Contains(k, StringComparison.Ordinal)));
    }

    [TestMethod]
    public void The_answer_to_a_challenge_is_the_head_of_its_hmac()
    {
        // Source: RFC 4231, test case 1: key 20 times 0b, "Hi There"; b0344c61d8db3853….
        Assert.AreEqual("b0344c61d8db3853", Provisioner.AnswerTo(string.Concat(Enumerable.Repeat("0b", 20)), Convert.ToHexString("Hi There"u8)));
    }

    private static ProvisioningBundle Parse(string json) => ProvisioningBundle.Parse(Encoding.UTF8.GetBytes(json), "bundle", Now);

    private static string Refusal(string json) => Assert.ThrowsExactly<CodedErrorException>(() => Parse(json)).Message;
}
