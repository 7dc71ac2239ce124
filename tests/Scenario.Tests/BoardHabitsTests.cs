using System.Collections.Generic;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Pod;
using Simulators.Cart.Report;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;

namespace Scenario.Tests;

/// <summary>Scenarios of what a board does and a desk does not, with other seeds than their own.</summary>
[TestClass]
public sealed class BoardHabitsTests
{
    [TestMethod]
    [DataRow(2UL)]
    [DataRow(3UL)]
    public void A_slow_flash_ends_no_measurement_and_is_not_written_while_the_valve_is_held(ulong seed)
    {
        using SimulatedWorld world = new(ScenarioLibrary.Load("slow-flash-cuff").Scenario, seed, traced: false);
        SimulatedPod pod = world.Carts[0].Pods[0];
        List<string> held = [];
        pod.Flash!.Committed += us =>
        {
            if (pod.Cuff!.IsDumpValveCoilPowered)
            {
                held.Add($"{world.Kernel.NowUs / 1000} ms: {us / 1000} ms at {pod.TrueCuffMmHg:F0} mmHg");
            }
        };
        world.Run();
        RunReport report = world.Report();
        Assert.IsEmpty(report.Missed, $"seed {seed}: {string.Join('\n', report.Missed)}");
        Assert.IsTrue(report.Balance.Holds);
        Assert.IsEmpty(held, string.Join('\n', held));
        Assert.IsGreaterThan(20L, pod.Flash.Commits);
        Assert.IsGreaterThan(140_000L, pod.Flash.LongestUs);
    }
}
