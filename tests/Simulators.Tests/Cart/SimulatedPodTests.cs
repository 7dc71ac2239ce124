using System;
using System.Linq;
using EdgeGateway.Faults;
using Firmware.Core;
using Firmware.Pod.Configuration;
using Firmware.Pod.Start;
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

    [TestMethod]
    public void A_board_of_another_kind_is_refused_recorded_and_in_safe_mode_after_three_starts_and_its_console_mends_it()
    {
        using SimulatedWorld world = World(PodPart.Tmp117, 400);
        SimulatedPod pod = world.Carts[0].Pods[0];
        SimulatedConsolePort port = new();
        SimulatedPodConsole console = pod.FitConsole(port, [0x02, 0xa1, 0xb2, 0, 0, 0xf1], "1.2.3");
        world.Kernel.Run(Second);
        foreach (string line in new[] { "role vitals", "parts Tmp117", "gateway.host cart", "board esp32-wrover" })
        {
            port.Send("config set " + line + "\r");
            world.Kernel.Run(world.Kernel.NowUs + (Second / 2));
        }

        port.Send("config commit\r");
        world.Kernel.Run(8 * Second);
        port.Send("config confirm\r");
        world.Kernel.Run(9 * Second);
        Assert.AreEqual((2, "esp32-wrover"), (pod.Boots, console.Services.Configuration.Active.Text(ConfigurationKeys.Board)), port.Take());
        Assert.IsNotNull(pod.Host);

        // The same drive under another board.
        console.Board.Board = "esp32-s3";
        pod.CutPower();
        pod.PowerOn();
        Assert.IsNull(pod.Host, "no pin of another board is driven");
        Assert.IsTrue(pod.IsOn);
        StringAssert.Contains(port.Take(), "P1008");
        world.Kernel.Run(world.Kernel.NowUs + (2 * StartGuard.PauseMs * 1000L) + Second);
        Assert.AreEqual(5, pod.Boots, "two more starts, 5 s apart; the one before was cut short, and counts too");
        world.Kernel.Run(world.Kernel.NowUs + (4 * StartGuard.PauseMs * 1000L));
        Assert.AreEqual(5, pod.Boots, "the last one is safe mode, which does not restart by itself");
        Assert.IsTrue(console.IsSafeMode);
        Assert.IsNull(pod.Host);
        port.Take();
        port.Send("\rfaults\rreboot-reason\rselftest\rcuff test\r");
        world.Kernel.Run(world.Kernel.NowUs + (8 * Second));
        string text = port.Take();
        StringAssert.Contains(text, "state: safeMode");
        StringAssert.Contains(text, "is not made for board esp32-wrover", "the record");
        StringAssert.Contains(text, "P1008");
        Assert.IsTrue(pod.Link!.IsConnected, "the link is tried");
        StringAssert.Contains(System.Text.Encoding.UTF8.GetString(EdgeGateway.Core.Health.HealthJson.Write(world.Carts[0].Gateway.Core!.Snapshot(), "en").Span), "G2157");

        // Its own board again, and a switch: an ordinary start, which says why the last ones ended.
        console.Board.Board = "esp32-wrover";
        pod.CutPower();
        pod.PowerOn();
        world.Kernel.Run(world.Kernel.NowUs + (5 * Second));
        Assert.IsNotNull(pod.Host);
        port.Take();
        port.Send("reboot-reason\r");
        world.Kernel.Run(world.Kernel.NowUs + Second);
        text = port.Take();
        Assert.AreEqual(2, text.Split("P1008").Length - 1, text);
        StringAssert.Contains(text, "P1051");
    }

    [TestMethod]
    public void A_program_that_fails_in_its_loop_opens_the_cuff_keeps_its_record_and_restarts()
    {
        using SimulatedWorld world = World(PodPart.Tmp117, 60);
        SimulatedPod pod = world.Carts[0].Pods[0];
        SimulatedConsolePort port = new();
        SimulatedPodConsole console = pod.FitConsole(port, [0x02, 0xa1, 0xb2, 0, 0, 0xf1], "1.2.3");
        world.Kernel.Run(3 * Second);
        bool fails = true;
        pod.FrameProduced += (_, _, _) =>
        {
            if (fails)
            {
                fails = false;
                throw new InvalidOperationException("planted");
            }
        };
        pod.Host!.Report(FaultCode.ConsoleMark, 0);
        world.Kernel.Run(4 * Second);
        Assert.IsNull(pod.Host);
        StringAssert.Contains(port.Take(), "planted");
        world.Kernel.Run(12 * Second);
        Assert.AreEqual(2, pod.Boots);
        Assert.IsNotNull(pod.Host);
        Assert.AreEqual(FaultCode.ProgramFailed, console.Services.ResetReason);

        // The power goes while a failed start waits for its restart: one start more, not two.
        fails = true;
        pod.Host.Report(FaultCode.ConsoleMark, 0);
        world.Kernel.Run(13 * Second);
        Assert.IsNull(pod.Host);
        pod.CutPower();
        pod.PowerOn();
        world.Kernel.Run(30 * Second);
        Assert.AreEqual(3, pod.Boots);
    }

    private const long Second = 1_000_000;

    private static SimulatedWorld World(PodPart part, int seconds = 10) => new(
        new ScenarioDefinition
        {
            Name = "one-part",
            Summary = "A pod with one part.",
            DurationUs = seconds * Second,
            Carts = [new CartDefinition { Id = "cart-a", Pods = [new PodDefinition { Id = "bedside", DeviceId = 0x02a1b2fffe0000f1, Chips = [part], PluggedAtStart = [part] }] }],
            Expect = new Expectations { MinDelivered = 0 },
        },
        1,
        traced: false);
}
