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
        ("the raw pressure hidden by a calibration", "CuffRun.cs", "(raw > centiMmHg ? raw : centiMmHg) >= _calibration.Trip", "centiMmHg >= _calibration.Trip"),
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

    private static readonly (string Name, string Find, string Replace)[] HoldMutants =
    [
        ("no upper limit", "if (_centiMmHg > MaxCentiMmHg)", "if (false)"),
        ("the calibrated pressure alone judged", "_centiMmHg = raw > calibrated ? raw : calibrated;", "_centiMmHg = calibrated;"),
        ("the raw pressure alone judged", "_centiMmHg = raw > calibrated ? raw : calibrated;", "_centiMmHg = raw;"),
        ("no key asked for", "KeyUs = 10_000_000;", "KeyUs = 10_000_000_000;"),
        ("no longest time", "MaxUs = 120_000_000;", "MaxUs = 1_200_000_000;"),
        ("no zero asked for", "if (_centiMmHg > ZeroCentiMmHg || raw < -ZeroCentiMmHg)", "if (false)"),
        ("closed at the first zero", "if (_zeros < ZeroSamples)", "if (_zeros < -1)"),
        ("the bleed valve before the dump valve", "        _chain.OpenDumpValve();\n        _chain.SetBleedValve(1000);", "        _chain.SetBleedValve(1000);\n        _chain.OpenDumpValve();"),
        ("the dump valve not opened", "        _chain.OpenDumpValve();\n        _chain.SetBleedValve(1000);", "        _chain.SetBleedValve(1000);"),
        ("the one-shot triggered by time", "    private void StepHeld(long nowUs)\n    {", "    private void StepHeld(long nowUs)\n    {\n        _chain.TriggerDumpHold();"),
        ("a lost sensor not looked for", "if (_samples.IsLost(_limits.SensorLostUs, nowUs))", "if (false)"),
        ("a held bus not heard of", "        if (IsHolding)\n        {\n            Finish(reason", "        if (false)\n        {\n            Finish(reason"),
        ("a lost gateway not looked for", "else if (_hadLink && _link.IsLost(_losses, nowUs))", "else if (false)"),
        ("a gateway asked for where none was", "else if (_hadLink && _link", "else if (_link"),
        ("a valve that opened not looked for", "(nowUs - _sinceUs > ClosesUs && !_chain.IsDumpValveHeld)", "false"),
        ("a volume that does not empty not said", "if (nowUs - _sinceUs > EmptyUs)", "if (false)"),
        ("the pump run", "        _chain.SetPump(0);\n        _chain.SetBleedValve(0);", "        _chain.SetPump(400);\n        _chain.SetBleedValve(0);"),
        ("a second one begun beside the first", "        if (IsActive)\n        {\n            return false;", "        if (false)\n        {\n            return false;"),
    ];

    // Parsed once: a mutant parses the one file that it changes.
    private static readonly ConcurrentDictionary<string, SyntaxTree> Parsed = new(StringComparer.Ordinal);

    public TestContext TestContext { get; set; } = null!;

    public static IEnumerable<object[]> HoldExampleNames => HoldExamples.All.Select(e => new object[] { e.Name });

    public static IEnumerable<object[]> HoldMutantNames => HoldMutants.Select(m => new object[] { m.Name });

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
    [DynamicData(nameof(HoldExampleNames))]
    public void The_hold_of_a_calibration_answers_each_example(string name) => Assert.IsNull(HoldExamples.All.First(e => e.Name == name).Ask());

    [TestMethod]
    [DynamicData(nameof(HoldMutantNames))]
    public void Each_mutant_planted_in_the_hold_is_caught(string name)
    {
        (string _, string find, string replace) = HoldMutants.First(m => m.Name == name);
        foreach ((string example, Func<string?> ask) in Compile("hold: " + name, "CalibrationHold.cs", find, replace, typeof(HoldExamples), nameof(HoldExamples.All)))
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
    public void Drawn_self_tests_keep_every_limit_and_a_boards_costs_end_few()
    {
        int seeds = Seeds / 15;
        ConcurrentBag<string> broken = [];
        ConcurrentBag<string> nuisances = [];
        int judged = 0;
        Parallel.For(1, seeds + 1, new ParallelOptions { MaxDegreeOfParallelism = 2 }, seed =>
        {
            bool passes = CuffTrial.PassesSelfTest((ulong)seed, true, out string? wrong, out string ended);
            if (wrong is not null)
            {
                broken.Add(wrong);
            }

            // One that would not pass on an ideal board says nothing about the costs.
            if (passes || CuffTrial.PassesSelfTest((ulong)seed, false, out _, out _))
            {
                System.Threading.Interlocked.Increment(ref judged);
                if (!passes)
                {
                    nuisances.Add($"{seed} ({ended})");
                }
            }
        });
        string said = $"{judged} self tests of {seeds} judged, {nuisances.Count} ended by the board's costs: seeds {string.Join(' ', nuisances.Order())}";
        TestContext.WriteLine(said);
        Console.WriteLine(said);
        Assert.IsEmpty(broken, string.Join('\n', broken.Order(StringComparer.Ordinal).Take(10)));
        Assert.IsGreaterThan(seeds / 2, judged, said);
        Assert.IsLessThan(judged, nuisances.Count * 33, said + "; the goal is one in a hundred, which so few cannot tell from three");
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
    private static (string Name, Func<string?> Ask)[] Compile(string name, string? file, string find, string replace, Type? of = null, string field = nameof(CuffExamples.OnBoard))
    {
        // The hold stands apart from the rest of the pod, which is taken as it is: its mutants compile three files.
        string[] folders = ["cuff-sources", "signal-sources", "driver-sources", "cuff-trial-sources"];
        string[] alone = ["CalibrationHold.cs", "CuffTrial.cs", "HoldExamples.cs"];
        List<SyntaxTree> trees = [];
        int applied = file is null ? 1 : 0;
        foreach (string path in folders.SelectMany(f => Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, f), "*.cs", SearchOption.AllDirectories)).Order(StringComparer.Ordinal))
        {
            if (of is not null && !alone.Contains(Path.GetFileName(path)))
            {
                continue;
            }

            CSharpParseOptions options = new(LanguageVersion.Preview);
            if (!string.Equals(Path.GetFileName(path), file, StringComparison.Ordinal))
            {
                trees.Add(Parsed.GetOrAdd(path, p => CSharpSyntaxTree.ParseText(File.ReadAllText(p), options, p)));
            }
            else
            {
                string text = File.ReadAllText(path);
                Assert.AreEqual(2, text.Split(find).Length, $"'{name}': the passage '{find}' must stand in {file} exactly once; plant the mutant anew.");
                text = text.Replace(find, replace, StringComparison.Ordinal);
                applied++;
                trees.Add(CSharpSyntaxTree.ParseText(text, options, path));
            }
        }

        Assert.AreEqual(1, applied, name);
        string platform = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        MetadataReference[] references = [.. platform.Split(Path.PathSeparator)
            .Where(p => Path.GetFileName(p).StartsWith("System.", StringComparison.Ordinal))
            .Append(typeof(Simulators.Chips.CuffPneumatics).Assembly.Location)
            .Append(typeof(Simulators.Buses.II2cTarget).Assembly.Location)
            .Append(typeof(Simulators.Kernel.ManualClock).Assembly.Location)
            .Concat(of is null ? [] : [typeof(Firmware.Pod.PodHost).Assembly.Location, typeof(Simulators.Cart.Pod.SimulatedCuffActuators).Assembly.Location])
            .Select(p => (MetadataReference)MetadataReference.CreateFromFile(p))];
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Cuff." + name.Replace(' ', '-').Replace(':', '-'),
            trees,
            references,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, nullableContextOptions: NullableContextOptions.Enable));
        using MemoryStream image = new();
        Microsoft.CodeAnalysis.Emit.EmitResult result = compilation.Emit(image);
        Assert.IsTrue(result.Success, $"'{name}' does not compile, so it proves nothing:\n" + string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Take(10)));
        Type examples = Assembly.Load(image.ToArray()).GetType((of ?? typeof(CuffExamples)).FullName!, throwOnError: true)!;
        return ((string, Func<string?>)[])examples.GetField(field, BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;
    }
}
