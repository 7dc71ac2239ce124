using System;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Mqtt.Server;
using Simulators.Peers;

namespace Mqtt.Tests.Server;

/// <summary>An honest doctor and an honest pod beside bad peers, one habit at a time and all together, under virtual time.</summary>
[TestClass]
public class CompanyTests
{
    /// <summary>No honest message waits longer than this beside bad peers that are there before it, µs of virtual time.</summary>
    private const long LongestWaitUs = 2_000_000;

    private static readonly int Messages = LongRun.Choose(60, 3_000);

    public TestContext TestContext { get; set; } = null!;

    public static IEnumerable<object[]> Companies()
    {
        foreach (HostileHabit habit in Enum.GetValues<HostileHabit>())
        {
            yield return [habit.ToString(), new[] { habit }];
        }

        yield return ["all together", Enum.GetValues<HostileHabit>()];
    }

    [TestMethod]
    [DynamicData(nameof(Companies))]
    public void An_honest_doctor_gets_everything_in_order_and_an_honest_pod_keeps_its_connection(string name, HostileHabit[] habits)
    {
        var host = new ResendingHost(32, new MqttServerOptions { MaxUnidentified = 64, MaxAbsentSessions = 64, MaxQueuedBytesInAll = 8 * 1024 * 1024, MaxTopicLength = 512 });
        var doctor = new Honest("doctor", "s/#");
        var pod = new Honest("pod1", "pod/cmd");
        doctor.Open(host);
        pod.Open(host);
        var peers = new List<object>();
        ulong seed = 1;
        foreach (HostileHabit habit in habits)
        {
            for (int i = 0; i < 4; i++)
            {
                peers.Add(new HostilePeer(habit, $"{habit}{i}", "s/#", seed++));
            }
        }

        peers.Add(doctor);
        peers.Add(pod);
        object[] company = [.. peers];
        host.Run(500_000, company);
        var waits = new List<long>();
        long podTicket = 0;
        long began = TimeProvider.System.GetTimestamp();
        for (int i = 1; i <= Messages; i++)
        {
            long sinceUs = host.NowUs;
            host.Add(1);
            Assert.IsTrue(pod.Publish("pod/up", ++podTicket, host.NowUs), name);
            while (doctor.Received.Count == 0 || doctor.Received[^1] < i || pod.Acknowledged < podTicket)
            {
                host.Run(10_000, company);
                Assert.IsLessThanOrEqualTo(LongestWaitUs, host.NowUs - sinceUs, $"{name}: message {i}");
            }

            waits.Add(host.NowUs - sinceUs);
            host.Run(200_000, company);
        }

        waits.Sort();
        Assert.AreEqual(Messages, doctor.InOrder());
        Assert.AreEqual(0, doctor.Losses + pod.Losses, name);
        Assert.AreEqual(0L, host.Server.Counters.Faults, name);
        Assert.IsLessThanOrEqualTo(64, host.Server.AbsentSessionCount);
        TestContext.WriteLine(
            $"{name}: wait median {waits[Messages / 2] / 1000} ms, p99 {waits[Messages * 99 / 100] / 1000} ms of virtual time; {Messages} messages took {TimeProvider.System.GetElapsedTime(began).TotalMilliseconds:F0} ms; "
            + $"{peers.OfType<HostilePeer>().Sum(p => p.Connections)} hostile connections");
    }
}
