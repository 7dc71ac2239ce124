using System.Linq;
using EdgeGateway.Faults;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests;

/// <summary>A clean stop is no trouble: nothing above "info" stands in the log for it, whoever is connected and however the broker is.</summary>
[TestClass]
public sealed class CleanStopTests
{
    [TestMethod]
    [DataRow(false, true)]
    [DataRow(true, true)]
    [DataRow(true, false)]
    public void It_logs_no_warning(bool external, bool brokerIsUp)
    {
        Rig rig = new(17, external: external) { BrokerIsUp = brokerIsUp };
        TestClient pod = rig.Pod(Rig.PodA);
        rig.Doctor();
        rig.OpenSession("S1");
        TestClient page = rig.Page("S1");
        rig.Require(() => pod.Client.IsConnected && page.Client.IsConnected, "connected");
        rig.Require(() => rig.Core.Snapshot().UplinkConnected == brokerIsUp, "the broker is as it should be");

        // In the middle of an attempt where the broker is away.
        rig.Run(500_000);
        int before = rig.Log.Count;
        bool stopped = false;
        rig.Core.BeginStop(() => stopped = true);
        rig.Require(() => stopped, "stopped");
        rig.EndConnecting();
        string[] said = [.. rig.Log.Skip(before).Where(l => FaultCatalogue.Default[l.Code].Severity != FaultSeverity.Info).Select(l => l.Code + " " + l.What)];
        Assert.IsEmpty(said, string.Join('\n', said));
    }
}
