using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using Simulators.Cart.Report;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;

namespace Benchmarks;

/// <summary>
/// Live sound over a simulated way of 256 kbit/s and 60 ms, beside pulse and temperature: whole carts in virtual time, so the figures are those of the way and not of this machine. The same carts
/// without anybody listening show what sound costs the vital signs.
/// </summary>
internal static class LinkBench
{
    private const string Definition = "auscultation-256k";

    /// <summary>Measures and prints.</summary>
    /// <param name="rounds">How many seeds.</param>
    public static async Task RunAsync(int rounds)
    {
        ScenarioDefinition heard = ScenarioLibrary.Load(Definition).Scenario;
        ScenarioDefinition unheard = heard with { Timeline = [] };
        List<RunReport> with = [];
        List<RunReport> without = [];
        for (int round = 0; round < rounds; round++)
        {
            with.Add(Run(heard, heard.Seed + (ulong)round));
            without.Add(Run(unheard, heard.Seed + (ulong)round));
        }

        await Console.Out.WriteLineAsync(
            "| over 256 kbit/s and 60 ms, simulated | median [least..most] | target |\n| --- | --- | --- |\n"
            + Row("live sound: first sample to arrival, 95 %, ms", with.Select(r => r.Sound[0].DelayP95Us / 1000.0), "400")
            + Row("… variation behind a buffer of 150 ms, 95 % less 5 %, ms", with.Select(r => r.Sound[0].VariationUs / 1000.0), "50")
            + Row("… pieces missing, %", with.Select(r => 100.0 * r.Sound[0].Missing / (r.Sound[0].Missing + r.Sound[0].Chunks)), "-")
            + Row("vital signs: measured to delivered, 95 %, with sound, ms", with.Select(r => r.Balance.VitalLatencyP95Us / 1000.0), "-")
            + Row("… without sound, ms", without.Select(r => r.Balance.VitalLatencyP95Us / 1000.0), "-")
            + $"{rounds} seeds of 130 s of virtual time; every reading accounted for in {with.Concat(without).Count(r => r.Balance.Holds)} of {2 * rounds} runs.").ConfigureAwait(false);
    }

    private static RunReport Run(ScenarioDefinition scenario, ulong seed)
    {
        using SimulatedWorld world = new(scenario, seed, traced: false);
        world.Run();
        return world.Report();
    }

    private static string Row(string name, IEnumerable<double> values, string target)
    {
        List<double> sorted = [.. values.Order()];
        return string.Create(CultureInfo.InvariantCulture, $"| {name} | {sorted[sorted.Count / 2]:0.0} [{sorted[0]:0.0}..{sorted[^1]:0.0}] | {target} |\n");
    }
}
