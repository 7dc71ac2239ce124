using System;
using System.Linq;
using System.Text;
using System.Text.Json;
using Core.Tests.Health;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Delivery;

/// <summary>A receipt says what arrived: one that says more than can be is not believed, and is named.</summary>
[TestClass]
public sealed class ReceiptTests
{
    private const string Untrue = "G2430";
    private static readonly string s_place = Topics.DeviceText(Rig.PodA);

    private readonly Rig _rig = new(161);
    private readonly TestClient _pod;
    private readonly TestClient _doctor;

    public ReceiptTests()
    {
        _pod = _rig.Pod(Rig.PodA);
        _doctor = _rig.Doctor();
        uint epoch = _rig.OpenSession("S1");
        for (uint i = 1; i <= 3; i++)
        {
            _pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, i, _rig.PodUs, epoch));
        }

        _rig.Require(() => _rig.Stream(Rig.PodA, 1, 16).Sent == 3, "sent");
    }

    [TestMethod]
    public void All_that_was_sent_may_have_arrived_and_been_seen()
    {
        Receipt(Stream(16, 3, 3));
        Assert.IsNull(HealthTests.Issue(_rig, Untrue));
        Assert.AreEqual(3u, _rig.Stream(Rig.PodA, 1, 16).ReceivedThrough);
        Assert.AreEqual(3u, _rig.Stream(Rig.PodA, 1, 16).SeenThrough);
    }

    [TestMethod]
    [DataRow(16, 4, 0, "through 4 is above what was sent, 3")]
    [DataRow(16, 2, 3, "seen 3 is above through 2")]
    [DataRow(17, 0, 0, "nothing of it was sent to this session")]
    [DataRow(17, 1, 0, "nothing of it was sent to this session")]
    public void What_cannot_be_is_not_taken_and_named_until_a_true_one_comes(int stream, int through, int seen, string why)
    {
        Receipt(Stream(stream, through, seen));
        JsonElement issue = HealthTests.Issue(_rig, Untrue)!.Value;
        StringAssert.Contains(issue.GetRawText(), "dr-1");
        Assert.IsTrue(_rig.Log.Any(e => e.Code == Untrue && e.What.Contains(why, StringComparison.Ordinal)), _rig.LogText());
        Assert.AreEqual(0u, _rig.Stream(Rig.PodA, 1, 16).ReceivedThrough);
        Receipt(Stream(16, 2, 2));
        Assert.IsNull(HealthTests.Issue(_rig, Untrue));
        Assert.AreEqual(2u, _rig.Stream(Rig.PodA, 1, 16).ReceivedThrough);
    }

    [TestMethod]
    public void A_stream_twice_in_one_receipt_is_not_taken()
    {
        Receipt(Stream(16, 1, 1) + "," + Stream(16, 2, 2));
        Assert.IsNotNull(HealthTests.Issue(_rig, Untrue));
        Assert.AreEqual(0u, _rig.Stream(Rig.PodA, 1, 16).ReceivedThrough);
    }

    [TestMethod]
    public void After_a_kill_what_was_sent_before_may_have_arrived_and_what_was_never_stored_may_not()
    {
        _rig.Kill();
        Receipt(Stream(16, 3, 0));
        Assert.IsNull(HealthTests.Issue(_rig, Untrue));
        Receipt(Stream(16, 4, 0));
        Assert.IsNotNull(HealthTests.Issue(_rig, Untrue));
        Assert.AreEqual(3u, _rig.Stream(Rig.PodA, 1, 16).ReceivedThrough);
    }

    private static string Stream(int stream, int through, int seen) =>
        FormattableString.Invariant($"{{\"device\":\"{s_place}\",\"boot\":1,\"stream\":{stream},\"through\":{through},\"holes\":[],\"seen\":{seen}}}");

    private void Receipt(string streams)
    {
        if (!_doctor.Client.IsConnected)
        {
            _rig.Connect(_doctor);
        }

        _doctor.Publish("cart/C1/session/S1/receipt", Encoding.UTF8.GetBytes("{\"v\":1,\"consumer\":\"dr-1\",\"streams\":[" + streams + "]}"));
        _rig.Require(() => _doctor.Waiting == 0, "the receipt is acknowledged");
    }
}
