using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading.Tasks;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Firmware.Tests.Host.CuffSafety;

/// <summary>The cuff's promises on the bladder's true pressure: over drawn cuffs, patients and faults, by examples, and against planted mutants.</summary>
[TestClass]
public sealed class CuffSafetyTests
{
    // CART_LONG=1: all of them.
    private static readonly int Seeds = string.Equals(Environment.GetEnvironmentVariable("CART_LONG"), "1", StringComparison.Ordinal) ? 10_000 : 3_000;

    private static readonly (string Name, string File, string Find, string Replace)[] Mutants =
    [
        ("no zero check", "CuffRun.cs", "if (centiMmHg > allowed || centiMmHg < -allowed)", "if (false)"),
        ("trip at 305 without a calibration", "CuffCalibration.cs", "UncalibratedTripCentiMmHg = 29_000", "UncalibratedTripCentiMmHg = 30_500"),
        ("the calibrated error not taken off the trip", "CuffCalibration.cs", "TripCentiMmHg - ErrorCentiMmHg :", "30_500 :"),
        ("a third repetition", "CuffLimits.cs", "MaxRepeats { get; set; } = 2", "MaxRepeats { get; set; } = 3"),
        ("the timer restarted with the bleed", "CuffRun.cs", "if (nowUs - _pumpSinceUs > _limits.InflatedUs)", "if (nowUs - _stateSinceUs > _limits.InflatedUs)"),
        ("no time limit", "CuffLimits.cs", "InflatedUs { get; set; } = 170_000_000", "InflatedUs { get; set; } = 1_700_000_000"),
        ("the valve after the pump", "CuffRun.cs", "        _chain.OpenDumpValve();\n        _chain.SetBleedValve(1000);\n        _chain.SetPump(0);", "        _chain.SetPump(0);\n        _chain.SetBleedValve(1000);\n        _chain.OpenDumpValve();"),
        ("the dump valve not opened", "CuffRun.cs", "        _chain.OpenDumpValve();\n        _chain.SetBleedValve(1000);", "        _chain.SetBleedValve(1000);"),
        ("the one-shot triggered by time", "CuffRun.cs", "    private void WatchTime(long nowUs)\n    {", "    private void WatchTime(long nowUs)\n    {\n        _chain.TriggerDumpHold();"),
        ("a lost sensor after a second", "CuffLimits.cs", "SensorLostUs { get; set; } = 80_000", "SensorLostUs { get; set; } = 1_000_000"),
        ("no inflation timeout", "CuffLimits.cs", "InflateTimeoutUs { get; set; } = 30_000_000", "InflateTimeoutUs { get; set; } = 3_000_000_00"),
        ("no early pressure asked for", "CuffLimits.cs", "EarlyUs { get; set; } = 5_000_000", "EarlyUs { get; set; } = 500_000_000"),
        ("rest skipped", "CuffLimits.cs", "RestUs { get; set; } = 30_000_000", "RestUs { get; set; } = 1_000_000"),
        ("stop obeyed only in the bleed", "CuffTable.cs", "/* Inflate     */ Stay, Stay, Stay, Stay, 0x43, Stay, Stay, 0x61, 0x61,", "/* Inflate     */ Stay, Stay, Stay, Stay, 0x43, Stay, Stay, 0x61, Stay,"),
        ("a cuff that does not empty not said", "CuffRun.cs", "if (State == CuffState.Dump && nowUs - _stateSinceUs > _limits.DumpUs)", "if (false)"),
        ("a jump believed", "CuffLimits.cs", "JumpCentiMmHg { get; set; } = 4_000", "JumpCentiMmHg { get; set; } = 400_000"),
        ("a kink not known", "CuffLimits.cs", "RiseCentiMmHgPerSecond { get; set; } = 6_000", "RiseCentiMmHgPerSecond { get; set; } = 600_000"),
        ("a fall not known", "CuffLimits.cs", "FallCentiMmHgPerSecond { get; set; } = 3_000", "FallCentiMmHgPerSecond { get; set; } = 300_000"),
        ("a leak not known", "CuffLimits.cs", "LeakCentiMmHgPerSecond { get; set; } = 150", "LeakCentiMmHgPerSecond { get; set; } = 15_000"),
        ("no bound of the target", "CuffLimits.cs", "HighestTargetCentiMmHg { get; set; } = 28_000", "HighestTargetCentiMmHg { get; set; } = 38_000"),
        ("a lost gateway not looked for", "CuffRun.cs", "        WatchLink(nowUs);\n", ""),
        ("a gateway that comes back goes on where it was", "LinkWatch.cs", "!_isConnected || Losses != losses || nowUs", "!_isConnected || nowUs"),
        ("silence taken for life", "LinkWatch.cs", "MaxSilenceUs = 5_000_000", "MaxSilenceUs = 500_000_000"),
        ("a repetition without a gateway", "CuffRun.cs", "if (isWorth && !_linkLost && ", "if (isWorth && "),
        ("one NACK taken for an absent part", "I2cDriver.cs", "return _nacks >= NackLimit && nowUs - _nackUs >= NackUs;", "return true;"),
        ("a late loop given no time for a sample", "SampleWatch.cs", "IsLate && limitUs < LateLimitUs ? LateLimitUs : limitUs", "limitUs"),
        ("a late sample waited for beyond what is allowed", "SampleWatch.cs", "LateLimitUs = MaxBlindUs - 4_000", "LateLimitUs = MaxBlindUs * 3"),
        ("a late loop not told apart from a lost sensor", "SampleWatch.cs", "        IsLate |= nowUs - _lookUs > LateUs;\n", ""),
        ("a held bus asked again at once", "BusMonitor.cs", "        _isAlone = true;", "        _isAlone = false;"),
    ];

    public TestContext TestContext { get; set; } = null!;

    public static IEnumerable<object[]> ExampleNames => CuffExamples.All.Concat(CuffExamples.OnBoard).Select(e => new object[] { e.Name });

    public static IEnumerable<object[]> MutantNames => Mutants.Select(m => new object[] { m.Name });

    [TestMethod]
    public void Drawn_measurements_keep_every_limit_and_a_boards_costs_end_fewer_than_one_in_a_hundred()
    {
        CuffTrialFigures figures = new();
        ConcurrentBag<string> broken = [];
        Parallel.For(1, Seeds + 1, new ParallelOptions { MaxDegreeOfParallelism = 2 }, seed =>
        {
            // Every fourth on an ideal board.
            if (CuffTrial.Validate((ulong)seed, null, figures, seed % 4 != 0) is { } what)
            {
                broken.Add(what);
            }
        });
        TestContext.WriteLine(figures.ToString());
        Assert.IsTrue(figures.Judged > Seeds / 100, $"{figures.Judged} judged");
        Assert.IsLessThan(figures.Judged, figures.Nuisances.Count * 100, figures.ToString());
        Assert.IsEmpty(broken, broken.Count + " of " + Seeds + " broke a rule:\n" + string.Join('\n', broken.Order(StringComparer.Ordinal).Take(10)));
    }

    [TestMethod]
    [DynamicData(nameof(ExampleNames))]
    public void The_measurement_answers_each_example(string name) => Assert.IsNull(CuffExamples.All.Concat(CuffExamples.OnBoard).First(e => e.Name == name).Ask());

    [TestMethod]
    [DynamicData(nameof(MutantNames))]
    public void Each_planted_mutant_is_caught(string name)
    {
        (string _, string file, string find, string replace) = Mutants.First(m => m.Name == name);
        (string Name, Func<string?> Ask)[] examples = Compile(name, file, find, replace);
        foreach ((string example, Func<string?> ask) in examples)
        {
            if (ask() is { } found)
            {
                TestContext.WriteLine($"{name}: caught by \"{example}\": {found}");
                return;
            }
        }

        Assert.Fail(name + " was not caught by any example.");
    }

    [TestMethod]
    public void Unchanged_sources_compiled_the_same_way_pass_every_example()
    {
        foreach ((string example, Func<string?> ask) in Compile("unchanged", null, string.Empty, string.Empty))
        {
            Assert.IsNull(ask(), example);
        }
    }

    // The pod's sources with one passage changed, together with the examples, against the simulated chips and nothing of the real pod.
    private static (string Name, Func<string?> Ask)[] Compile(string name, string? file, string find, string replace)
    {
        string[] folders = ["cuff-sources", "signal-sources", "driver-sources", "cuff-trial-sources"];
        List<SyntaxTree> trees = [];
        int applied = file is null ? 1 : 0;
        foreach (string path in folders.SelectMany(f => Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, f), "*.cs", SearchOption.AllDirectories)).Order(StringComparer.Ordinal))
        {
            string text = File.ReadAllText(path);
            if (string.Equals(Path.GetFileName(path), file, StringComparison.Ordinal))
            {
                Assert.AreEqual(2, text.Split(find).Length, $"'{name}': the passage '{find}' must stand in {file} exactly once; plant the mutant anew.");
                text = text.Replace(find, replace, StringComparison.Ordinal);
                applied++;
            }

            trees.Add(CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.Preview), path));
        }

        Assert.AreEqual(1, applied, name);
        string platform = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        MetadataReference[] references = [.. platform.Split(Path.PathSeparator)
            .Where(p => Path.GetFileName(p).StartsWith("System.", StringComparison.Ordinal))
            .Append(typeof(Simulators.Chips.CuffPneumatics).Assembly.Location)
            .Append(typeof(Simulators.Buses.II2cTarget).Assembly.Location)
            .Append(typeof(Simulators.Kernel.ManualClock).Assembly.Location)
            .Select(p => (MetadataReference)MetadataReference.CreateFromFile(p))];
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Cuff." + name.Replace(' ', '-'),
            trees,
            references,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, nullableContextOptions: NullableContextOptions.Enable));
        using MemoryStream image = new();
        Microsoft.CodeAnalysis.Emit.EmitResult result = compilation.Emit(image);
        Assert.IsTrue(result.Success, $"'{name}' does not compile, so it proves nothing:\n" + string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Take(10)));
        Type examples = Assembly.Load(image.ToArray()).GetType(typeof(CuffExamples).FullName!, throwOnError: true)!;
        return ((string, Func<string?>)[])examples.GetField(nameof(CuffExamples.OnBoard), BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;
    }
}
