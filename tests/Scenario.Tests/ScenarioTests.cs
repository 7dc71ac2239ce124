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
        Assert.AreEqual(
            ScenarioLibrary.RecordedHash(name),
            run.TraceSha256,
            $"the trace of {name} with seed {run.Seed} has changed; when that is meant, run simulators/Scenarios/refresh.sh");
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
}
