using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Scenario.Tests.Golden;
using Simulators.Cart.Report;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;

namespace Scenario.Tests;

/// <summary>Every built-in scenario, whole carts in virtual time.</summary>
[TestClass]
public sealed class ScenarioTests
{
    public static IEnumerable<object[]> Names => ScenarioLibrary.Names.Select(n => new object[] { n });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Its_expectations_are_met_and_its_trace_is_the_recorded_one(string name)
    {
        ScenarioRun run = SharedRuns.Scenario(name);
        string missed = string.Join('\n', run.Missed.Select(m => m.Render()));
        Assert.IsEmpty(run.Missed, $"seed {run.Seed}\n{missed}");
        Assert.IsTrue(run.BalanceHolds);
        if (GoldenFile.Difference(ScenarioLibrary.RecordedTrace(name), run.Trace, 2) is string difference)
        {
            Assert.Fail($"{name}.trace.csv, seed {run.Seed}: {difference}\nWhen that is meant, run simulators/Scenarios/refresh.sh {name}.");
        }
    }

    [TestMethod]
    public void A_pod_that_joins_a_session_changes_no_line_of_the_streams_that_were_there()
    {
        ScenarioDefinition scenario = ScenarioLibrary.Load("first-consultation").Scenario;
        CartDefinition cart = scenario.Carts[0];
        PodDefinition added = cart.Pods[0] with { Id = "added", DeviceId = 0x02a1b2fffe0000fa, BootUs = 20_000_000 };
        IReadOnlyList<string> before = Layers(scenario);
        IReadOnlyList<string> after = Layers(scenario with { Carts = [cart with { Pods = [.. cart.Pods, added] }] });
        string[] readings = [.. before.Where(l => l.Contains("02a1b2fffe000001/", StringComparison.Ordinal))];
        Assert.IsGreaterThan(10, readings.Length);
        Assert.IsGreaterThan(before.Count + 5, after.Count);

        // Layer, stream and how many. The digest holds times too, and those move by milliseconds: both pods share the gateway's disk, whose answers decide when a pod writes to its flash, and its loop stands meanwhile.
        static string Counted(string line) => line[..line.LastIndexOf(',')];
        string[] changed = [.. readings.Select(Counted).Except(after.Select(Counted), StringComparer.Ordinal)];
        Assert.IsEmpty(changed, string.Join('\n', changed));
    }

    [TestMethod]
    [DataRow("first-consultation", 11UL)]
    [DataRow("pulled-plug", 12UL)]
    [DataRow("gateway-killed", 13UL)]
    [DataRow("gateway-killed", 14UL)]
    [DataRow("broker-away", 15UL)]
    [DataRow("thin-network", 16UL)]
    [DataRow("late-doctor", 17UL)]
    public void With_another_seed_no_reading_is_unaccounted_for(string name, ulong seed)
    {
        using SimulatedWorld world = new(ScenarioLibrary.Load(name).Scenario, seed, traced: false);
        world.Run();
        RunReport report = world.Report();
        Assert.IsTrue(report.Balance.Holds, $"seed {seed}: {string.Join('\n', report.Ledger.Findings)}");
        Assert.AreEqual(0, report.Ledger.FindingCount, $"seed {seed}: {string.Join('\n', report.Ledger.Findings)}");
        Assert.AreEqual(0, report.Balance.OrderViolations, $"seed {seed}");
        Assert.IsGreaterThan(100, report.Balance.Delivered, $"seed {seed}");
    }

    [TestMethod]
    [DataRow("noisy-bus-cuff", 31UL)]
    [DataRow("noisy-bus-cuff", 32UL)]
    [DataRow("held-bus", 31UL)]
    [DataRow("held-bus", 32UL)]
    public void A_disturbed_bus_meets_every_expectation_with_other_seeds_too(string name, ulong seed)
    {
        using SimulatedWorld world = new(ScenarioLibrary.Load(name).Scenario, seed, traced: false);
        world.Run();
        RunReport report = world.Report();
        Assert.IsEmpty(report.Missed, $"seed {seed}\n{string.Join('\n', report.Missed.Select(m => m.Render()))}");
        Assert.IsTrue(report.Balance.Holds, $"seed {seed}");
    }

    [TestMethod]
    public void Two_processes_with_one_seed_write_the_same_bytes()
    {
        string folder = Directory.CreateTempSubdirectory("cart-sim").FullName;
        List<byte[]> traces = [];
        foreach (string seed in new[] { "4711", "4711", "4712" })
        {
            string file = Path.Combine(folder, $"{traces.Count}.trace");
            string program = Path.Combine(AppContext.BaseDirectory, "cart-sim.dll");
            ProcessStartInfo start = new("dotnet", [program, "run", "two-carts", "--seed", seed, "--trace", file, "--json"])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process process = Process.Start(start)!;
            process.OutputDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            string diagnostics = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.IsTrue(process.ExitCode is 0 or 1, diagnostics);
            traces.Add(File.ReadAllBytes(file));
        }

        Directory.Delete(folder, recursive: true);
        Assert.IsGreaterThan(100_000, traces[0].Length);
        Assert.IsTrue(traces[0].AsSpan().SequenceEqual(traces[1]), "the same seed, two processes");
        Assert.IsFalse(traces[0].AsSpan().SequenceEqual(traces[2]), "another seed");
    }

    private static IReadOnlyList<string> Layers(ScenarioDefinition scenario)
    {
        using SimulatedWorld world = new(scenario, scenario.Seed, traced: true);
        world.Run();
        return world.Report().TraceLayers;
    }
}
