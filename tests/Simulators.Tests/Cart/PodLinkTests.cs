using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Firmware.Pod.Link;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Pod;
using Simulators.Cart.Report;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;
using Simulators.Network;

namespace Simulators.Tests.Cart;

/// <summary>The pod's link on a library with M2Mqtt's habits, in whole carts.</summary>
[TestClass]
public sealed class PodLinkTests
{
    private const long Second = 1_000_000;

    private static readonly PodPart[] Vital = [PodPart.Tmp117, PodPart.Max30102];
    private static readonly PodPart[] Full = [PodPart.Tmp117, PodPart.Max30102, PodPart.Mprls0300, PodPart.Pcm1808];

    [TestMethod]
    public void Acknowledgements_that_are_late_by_1500_ms_repeat_everything_and_lose_nothing()
    {
        using SimulatedWorld world = World(Vital, 100, new PathQuality { LatencyUs = 750_000 });
        SimulatedPod pod = world.Carts[0].Pods[0];
        RunReport report = Run(world);
        Assert.IsGreaterThan(50, pod.Library!.Repeats);
        Assert.AreEqual(0, pod.Library.GivenUp);
        IsWhole(report, pod, losses: 0);
        Assert.IsGreaterThan(900, report.Balance.Delivered);
    }

    [TestMethod]
    public void Acknowledgements_that_are_all_late_by_3500_ms_are_given_up_by_the_library_and_the_link_goes_on_and_delivers()
    {
        using SimulatedWorld world = World(Vital, 100, new PathQuality { LatencyUs = 1_750_000 }, tailSeconds: 120);
        SimulatedPod pod = world.Carts[0].Pods[0];
        RunReport report = Run(world);
        Assert.IsGreaterThan(20, pod.Library!.GivenUp);
        Assert.AreEqual(1, pod.Link!.Attempts);
        IsWhole(report, pod, losses: 0);
        Assert.IsGreaterThan(700, report.Balance.Delivered);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_blocked_send_takes_bounded_memory_and_the_link_is_given_up_within_20_s_with_its_epoch(bool hasSound)
    {
        // The access point goes away without a word while sound, or vital signs alone, fill the library.
        using SimulatedWorld world = World(
            hasSound ? Full : Vital, 130, new PathQuality { LatencyUs = 2_000 },
            [.. hasSound ? [Event(5, "listen", 40)] : Enumerable.Empty<TimelineEvent>(), Event(20, "cut-pod-network", 60)]);
        SimulatedPod pod = world.Carts[0].Pods[0];
        world.Kernel.Run(19 * Second);
        uint epoch = pod.Host!.Epoch;
        Assert.AreNotEqual(0u, epoch);
        int lostAtS = 0;
        for (int s = 20; s <= 79; s++)
        {
            world.Kernel.Run(s * Second);
            lostAtS = lostAtS == 0 && !pod.Link!.IsConnected ? s : lostAtS;
            Assert.IsLessThanOrEqualTo(MqttFlights.MaxRoomBytes + MqttFlights.UrgentRoomBytes + Frame.MaxMessageLength, pod.Link!.UnprovenBytes);
            Assert.AreEqual(epoch, pod.Host.Epoch);
        }

        Assert.IsTrue(lostAtS is > 20 and <= 40, lostAtS.ToString(CultureInfo.InvariantCulture));
        Assert.IsLessThanOrEqualTo(MqttFlights.QueueSize - MqttFlights.InboundRoom, pod.Library!.MaxQueued);
        world.Kernel.Run(129 * Second);
        Assert.AreEqual(epoch, pod.Host.Epoch);
        RunReport report = Run(world);
        IsWhole(report, pod, losses: 1);
        Assert.AreEqual(0, pod.Library.DroppedInbound);
    }

    [TestMethod]
    [DataRow(12, 1)]
    [DataRow(20, 2)]
    [DataRow(30, 3)]
    [DataRow(45, 4)]
    public void A_stop_reaches_the_cuff_within_500_ms_while_sound_fills_the_link(int kilobytesPerSecond, int seed)
    {
        // The self test first; a measurement with the ring full of sound that waits, stopped at another phase each time.
        int atMs = 94_700 + (seed * 411);
        using SimulatedWorld world = World(
            Full, 125, new PathQuality { LatencyUs = 2_000, JitterUs = 1_000 },
            [
                Event(4, "test-cuff"), Event(83, "set-patient"), Event(84, "weak-wifi", 9, 10_000), Event(84.5, "listen", 40), Event(93.1, "weak-wifi", 30, kilobytesPerSecond * 1000L),
                Event(94, "start-cuff"), Event(atMs / 1000.0, "stop-cuff"),
            ],
            seed);
        SimulatedPod pod = world.Carts[0].Pods[0];
        world.Kernel.Run(atMs * 1000L - 1);
        Assert.IsTrue(pod.Cuff!.IsDumpValveCoilPowered, "the measurement runs");
        Assert.IsGreaterThan(10, pod.Host!.Pending, "sound waits");
        world.Kernel.Run((atMs + 500) * 1000L);
        Assert.IsFalse(pod.Cuff.IsDumpValveCoilPowered);
        RunReport report = Run(world);
        Assert.AreEqual(0, pod.Host.Counters.LinksLost);
        Assert.IsTrue(report.Balance.Holds);
    }

    [TestMethod]
    public void The_loop_stands_for_the_handshake_of_each_connection()
    {
        using SimulatedWorld world = World(Vital, 12, new PathQuality { LatencyUs = 2_000 }, [Event(6, "reset-pod-connection")]);
        SimulatedPod pod = world.Carts[0].Pods[0];
        int longest = 0;
        int same = 0;
        long steps = 0;
        for (int ms = 0; ms < 12_000; ms += 10)
        {
            world.Kernel.Run(ms * 1000L);
            same = pod.Host is not null && pod.Host.Counters.Produced == steps ? same + 10 : 0;
            steps = pod.Host?.Counters.Produced ?? 0;
            longest = same > longest ? same : longest;
        }

        Assert.IsGreaterThanOrEqualTo((int)(SimulatedM2Mqtt.UsualHandshakeUs / 1000) - 20, longest);
        Assert.AreEqual(2, pod.Link!.Attempts);
    }

    private static void IsWhole(RunReport report, SimulatedPod pod, int losses)
    {
        Assert.IsTrue(report.Balance.Holds, string.Join('\n', report.Ledger.Findings));
        Assert.AreEqual(0, report.Ledger.FindingCount, string.Join('\n', report.Ledger.Findings));
        Assert.AreEqual(0, report.Balance.OrderViolations);
        Assert.AreEqual(losses, pod.Host!.Counters.LinksLost);
        Assert.AreEqual(0, pod.Host.Pending);
    }

    private static RunReport Run(SimulatedWorld world)
    {
        world.Run();
        return world.Report();
    }

    private static TimelineEvent Event(double atS, string name, double forS = 0, long amount = 0) =>
        new((long)(atS * Second), ScenarioFaults.Named(name), 0, 0, default, forS == 0 ? long.MaxValue : (long)(forS * Second), amount);

    private static SimulatedWorld World(PodPart[] parts, int seconds, PathQuality network, IReadOnlyList<TimelineEvent>? timeline = null, int seed = 1, int tailSeconds = 25) => new(
        new ScenarioDefinition
        {
            Name = "link",
            Summary = "A pod and its link.",
            DurationUs = (seconds + tailSeconds) * Second,
            Carts =
            [
                new CartDefinition
                {
                    Id = "cart-a",
                    PodNetwork = network,
                    Pods = [new PodDefinition { Id = "bedside", DeviceId = 0x02a1b2fffe0000f1, Chips = parts, PluggedAtStart = parts }],
                    Sessions = [new SessionDefinition("S1", Second, seconds * Second)],
                    Subscribers = [new SubscriberDefinition { Id = "doctor", Session = "S1" }],
                },
            ],
            Timeline = timeline ?? [],
            Expect = new Expectations { MinDelivered = 0 },
        },
        (ulong)seed,
        traced: false);
}
