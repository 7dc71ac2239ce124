using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Core;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Mqtt;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Commands;

/// <summary>What waits has a bound, and whoever finds no place is told so.</summary>
[TestClass]
public sealed class WaitingRequestsTests
{
    [TestMethod]
    public void Requests_that_wait_for_the_disk_have_a_bound_and_a_place_is_free_again_behind_it()
    {
        Rig rig = new(151);
        rig.OpenSession("S1");
        List<SessionResult> answers = [];
        for (int i = 0; i < SyncWaiters.MaxWaiting; i++)
        {
            rig.Core.Sessions.Open("S1", answers.Add);
        }

        Assert.IsEmpty(answers, "the disk has not answered");
        rig.Core.Sessions.Open("S1", answers.Add);
        Assert.AreEqual("G2306", answers.Single().Code);
        rig.Run(1_000_000);
        Assert.HasCount(SyncWaiters.MaxWaiting + 1, answers);
        Assert.AreEqual(SyncWaiters.MaxWaiting, answers.Count(a => a.Code is null));
        rig.Core.Sessions.Open("S1", answers.Add);
        rig.Run(1_000_000);
        Assert.IsNull(answers[^1].Code);
    }

    [TestMethod]
    public void Of_what_is_to_be_told_while_the_broker_is_away_the_newest_words_are_kept()
    {
        Rig rig = new(152, external: true);
        TestClient doctor = rig.Doctor();
        rig.OpenSession("S1");
        rig.Require(() => rig.Core.Snapshot().UplinkConnected && doctor.Subscriptions.Count > 0, "the broker is reached");
        rig.BrokerIsUp = false;
        rig.CutUplink();
        rig.Run(1_000_000);

        // Two words about each: 80 in all, of which 32 are kept.
        for (int i = 0; i < 40; i++)
        {
            Assert.AreEqual("G2320", rig.Core.Requests.Add("r" + i, BedsideAction.Measure).Code);
            Assert.IsNull(rig.Core.Requests.Answer("r" + i, isDone: true).Code);
        }

        rig.BrokerIsUp = true;
        rig.Require(() => Sent(doctor).Length > 0, "the broker is back", 120_000_000);
        rig.Run(1_000_000);
        CollectionAssert.AreEqual(
            Enumerable.Range(24, 16).SelectMany(i => new[] { $"r{i} waiting", $"r{i} done" }).ToArray(), Sent(doctor));
    }

    private static string[] Sent(TestClient doctor) =>
    [
        .. doctor.Received.Where(m => m.Topic.StartsWith("cart/C1/session/S1/request/", System.StringComparison.Ordinal))
            .Select(m => System.Text.Json.JsonDocument.Parse(m.Payload).RootElement)
            .Select(e => e.GetProperty("id").GetString() + " " + e.GetProperty("state").GetString()),
    ];
}
