using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Threading.Tasks;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;

namespace Benchmarks;

/// <summary>
/// Counts the IL instructions that the pod's own code executes, in virtual time, so that the figures are those of the code and not of this machine: per signal and for a whole pod, on average and in the worst
/// single step of the loop. Code outside of the pod's assembly (base library, link, buses) counts as the one instruction that calls it. What the same count gave for <see cref="AnchorPerSecond"/>, whose time
/// on the device's own runtime is known, turns counts into time.
/// </summary>
public static class PodOperations
{
    /// <summary>
    /// Instructions per second of the anchor: the pod with four parts and sound, cuff at rest, at commit 17e21e6. Source: that commit's Firmware.dll, built in Release, woven and run as here, 30 s from second 12 on.
    /// </summary>
    public const double AnchorPerSecond = 1_641_386;

    /// <summary>Time of the anchor on the real nanoCLR, a 32-bit build on a PC, ms per second. Source: measured on 2026-11-28, four parts with sound.</summary>
    public const double AnchorMs = 7.6;

    /// <summary>How many times slower an ESP32 is than that, at best and at worst. Assumption: no board was used.</summary>
    public const int MinBoardFactor = 50;

    /// <summary>See <see cref="MinBoardFactor"/>.</summary>
    public const int MaxBoardFactor = 90;

    private const string Step = "Firmware.Pod.PodHost::Step";
    private const string NativeOnTheDevice = "SoftwareCrc32";

    private static readonly Pass[] Passes =
    [
        new("temperature alone", "tmp117", "", 12, 30),
        new("light alone", "max30102", "", 12, 30),
        new("cuff alone, at rest", "mprls0300", "", 12, 30),
        new("cuff alone, self test", "mprls0300", "  - {atS: 2, do: test-cuff}\n", 2, 60),
        new("cuff alone, blood pressure", "mprls0300", "  - {atS: 2, do: test-cuff}\n  - {atS: 90, do: set-patient}\n  - {atS: 91, do: start-cuff}\n", 91, 60),
        new("sound alone", "pcm1808", "  - {atS: 4, do: listen}\n", 12, 30),
        new(Whole, AllParts, Listen, 12, 30),
        new("four parts, blood pressure", AllParts, "  - {atS: 2, do: test-cuff}\n  - {atS: 88, do: listen}\n  - {atS: 90, do: set-patient}\n  - {atS: 91, do: start-cuff}\n", 91, 60),
    ];

    private const string Whole = "four parts with sound, cuff at rest";
    private const string AllParts = "tmp117, max30102, mprls0300, pcm1808";
    private const string Listen = "  - {atS: 4, do: listen}\n";

    /// <summary>What a pod with four parts and sound, its cuff at rest, takes of a board.</summary>
    /// <returns>Percent busy at <see cref="MinBoardFactor"/> and at <see cref="MaxBoardFactor"/>. Estimated.</returns>
    public static (double Low, double High) WholePod()
    {
        MethodInfo measure = Woven(out string[] groups);
        Pass whole = Array.Find(Passes, static p => p.Name == Whole)!;
        double ms = Count(measure, whole, groups)[0] / (double)whole.Seconds / AnchorPerSecond * AnchorMs;
        return (ms * MinBoardFactor / 10, ms * MaxBoardFactor / 10);
    }

    /// <summary>Measures and prints.</summary>
    /// <returns>When it is done.</returns>
    public static async Task RunAsync()
    {
        MethodInfo measure = Woven(out string[] groups);
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"| IL instructions of the pod | per second | … in signals | … in drivers | … elsewhere | steps/s | worst step (most of a group in one step) | PC's nanoCLR, ms/s | … worst step, ms | ESP32 (estimate, x {MinBoardFactor} to {MaxBoardFactor}), % busy | … worst step, ms |\n");
        text.Append("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
        foreach (Pass pass in Passes)
        {
            await Console.Error.WriteLineAsync(pass.Name).ConfigureAwait(false);
            text.Append(Row(pass, Count(measure, pass, groups), groups));
        }

        text.Append(CultureInfo.InvariantCulture, $"\nCRC-32 is left out: the device's runtime has it in native code. While the cuff is inflated the pod stops sound. Anchor: {AnchorPerSecond:#,0} instructions per second took {AnchorMs} ms per second there. No board was used.");
        await Console.Out.WriteLineAsync(text.ToString()).ConfigureAwait(false);
    }

    /// <summary>Runs one pod and counts; called in the context of the woven pod.</summary>
    /// <param name="chips">Its parts, as a scenario writes them.</param>
    /// <param name="timeline">What is done, as a scenario writes it.</param>
    /// <param name="fromSeconds">When counting begins.</param>
    /// <param name="seconds">How long it lasts.</param>
    /// <param name="groups">How many groups there are.</param>
    /// <returns>All, steps, worst step, each group, and the most of each group in one step.</returns>
    internal static long[] Measure(string chips, string timeline, int fromSeconds, int seconds, int groups)
    {
        int until = fromSeconds + seconds;
        string scenario = $$"""
            name: operations
            summary: "A pod whose instructions are counted."
            seed: 1
            durationS: {{until + 10}}
            carts:
              - id: cart-a
                pods:
                  - id: bedside
                    device: "02a1b2fffe0000d1"
                    chips: [{{chips}}]
                    pulse: {rateBpm: 72}
                sessions:
                  - {id: S1, openS: 1, closeS: {{until + 5}}}
                subscribers:
                  - {id: doctor, session: S1, connectS: 0.5}
            {{(timeline.Length > 0 ? "timeline:\n" + timeline : string.Empty)}}
            expect:
              minDelivered: 1

            """;
        using SimulatedWorld world = new(ScenarioFile.Parse("operations.yaml", scenario), 1, traced: false);
        world.Kernel.Run(fromSeconds * 1_000_000L);
        OperationCounter.Begin(groups);
        world.Kernel.Run(until * 1_000_000L);
        long[] counts = [OperationCounter.All, OperationCounter.Steps, OperationCounter.WorstStep, .. OperationCounter.Groups, .. OperationCounter.WorstGroups];
        world.Kernel.Run((until + 10) * 1_000_000L);
        return world.Report() is { Balance.Delivered: > 0 } ? counts : throw new InvalidOperationException("The pod delivered nothing.");
    }

    // A context of its own: the woven pod under the simulators, and this assembly once more, whose counter the pod then knows.
    private static MethodInfo Woven(out string[] groups)
    {
        string folder = AppContext.BaseDirectory;
        WovenContext context = new(folder);
        Assembly inside = context.LoadFromAssemblyPath(typeof(PodOperations).Assembly.Location);
        context.Firmware = OperationWeaver.Weave(Path.Combine(folder, "Firmware.dll"), typeof(OperationCounter), Step, out groups, NativeOnTheDevice);
        return inside.GetType(typeof(PodOperations).FullName!, throwOnError: true)!.GetMethod(nameof(Measure), BindingFlags.Static | BindingFlags.NonPublic)!;
    }

    private static long[] Count(MethodInfo measure, Pass pass, string[] groups) =>
        (long[])measure.Invoke(null, [pass.Chips, pass.Timeline, pass.FromSeconds, pass.Seconds, groups.Length])!;

    private static string Row(Pass pass, long[] counts, string[] groups)
    {
        double PerSecond(string begin) => groups.Select((g, i) => g.StartsWith(begin, StringComparison.Ordinal) ? counts[3 + i] : 0).Sum() / (double)pass.Seconds;
        double all = counts[0] / (double)pass.Seconds;
        double signals = PerSecond("Firmware.Signals");
        double drivers = PerSecond("Firmware.Peripherals");
        double ms = all / AnchorPerSecond * AnchorMs;
        double worstMs = counts[2] / AnchorPerSecond * AnchorMs;
        string worst = string.Join(", ", groups.Select((g, i) => (Group: g, Count: counts[3 + groups.Length + i])).OrderByDescending(w => w.Count).Take(3)
            .Select(w => string.Create(CultureInfo.InvariantCulture, $"{w.Group.Replace("Firmware.", string.Empty, StringComparison.Ordinal)} {w.Count:#,0}")));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {pass.Name} | {all:#,0} | {signals:#,0} | {drivers:#,0} | {all - signals - drivers:#,0} | {counts[1] / (double)pass.Seconds:0} | {counts[2]:#,0} ({worst}) | {ms:0.00} | {worstMs:0.000} | {ms * MinBoardFactor / 10:0.0} to {ms * MaxBoardFactor / 10:0.0} | {worstMs * MinBoardFactor:0.0} to {worstMs * MaxBoardFactor:0.0} |\n");
    }

    private sealed record Pass(string Name, string Chips, string Timeline, int FromSeconds, int Seconds);
}
