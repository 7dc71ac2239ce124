using System;
using System.Linq;
using EdgeGateway.Faults;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Pod;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;

namespace Simulators.Tests.Cart;

[TestClass]
public sealed class SimulatedPodTests
{
    [TestMethod]
    public void Every_part_of_the_vocabulary_has_a_simulated_chip_that_its_driver_finds()
    {
        foreach (PodPart part in Enum.GetValues<PodPart>())
        {
            using SimulatedWorld world = World(part);
            world.Run();
            SimulatedPod pod = world.Carts[0].Pods[0];
            Assert.AreEqual(1, pod.Boots);
            Assert.AreEqual(SupervisorState.Measuring, pod.Host!.Peripheral(0).State, part.ToString());
        }
    }

    [TestMethod]
    public void A_part_without_one_is_named_and_so_is_one_without_a_plug()
    {
        CodedError unknown = Assert.ThrowsExactly<CodedErrorException>(() => World((PodPart)99)).Errors.Single();
        Assert.AreEqual((FaultCodes.ScenarioWordUnknown, "pod 'bedside': part 99 has no simulated chip"), (unknown.Code, unknown.Detail));
        using SimulatedWorld world = World(PodPart.Pcm1808);
        foreach (PodPart part in new[] { PodPart.Pcm1808, PodPart.Tmp117 })
        {
            CodedError fixedPart = Assert.ThrowsExactly<CodedErrorException>(() => world.Carts[0].Pods[0].SetPlugged(part, false)).Errors.Single();
            Assert.AreEqual((FaultCodes.ScenarioWordUnknown, $"pod 'bedside': part {part} has no plug on this pod"), (fixedPart.Code, fixedPart.Detail));
        }
    }

    private static SimulatedWorld World(PodPart part) => new(
        new ScenarioDefinition
        {
            Name = "one-part",
            Summary = "A pod with one part.",
            DurationUs = 10_000_000,
            Carts = [new CartDefinition { Id = "cart-a", Pods = [new PodDefinition { Id = "bedside", DeviceId = 0x02a1b2fffe0000f1, Chips = [part], PluggedAtStart = [part] }] }],
            Expect = new Expectations { MinDelivered = 0 },
        },
        1,
        traced: false);
}
