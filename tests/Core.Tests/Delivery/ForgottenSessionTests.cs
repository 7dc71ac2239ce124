using System;
using System.Linq;
using EdgeGateway.Core;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Delivery;

/// <summary>Sessions have a bound too: the oldest closed one gives way, and what of it was never sent is declared before.</summary>
[TestClass]
public sealed class ForgottenSessionTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void What_a_forgotten_session_had_not_sent_is_declared_and_waits_no_longer(bool killed)
    {
        Rig rig = new(181, options: o => o with { MaxSessions = 16 });
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        for (uint i = 1; i <= 4; i++)
        {
            pod.Publish(Topics.Up(Rig.PodA), Frames.Numeric(Rig.PodA, 1, 16, i, rig.PodUs, epoch));
        }

        rig.Require(() => pod.Waiting == 0, "stored");
        rig.CloseSession("S1");
        foreach (string id in Enumerable.Range(2, 15).Select(i => "S" + i))
        {
            rig.OpenSession(id);
            rig.CloseSession(id);
        }

        Assert.AreEqual((4L, 0L), Of(rig), "nobody takes them; they wait");
        rig.OpenSession("S17");
        rig.Run(1_000_000);
        Assert.AreEqual((0L, 4L), Of(rig));
        Assert.IsTrue(rig.Log.Any(e => e.Code == "G2405" && e.What.Contains("4 readings lost before they were sent, 1 to 4", StringComparison.Ordinal)), rig.LogText());
        Assert.IsFalse(rig.Core.Snapshot().Sessions.Any(s => s.Id == "S1"));
        if (killed)
        {
            rig.Kill();
            Assert.AreEqual((0L, 4L), Of(rig));
        }

        // The next ones are not touched.
        Assert.IsTrue(rig.Core.Snapshot().Sessions.Any(s => s.Id == "S2"));
    }

    private static (long Pending, long Lost) Of(Rig rig)
    {
        StreamHealth stream = rig.Stream(Rig.PodA, 1, 16);
        return (stream.Pending, stream.Dropped);
    }
}
