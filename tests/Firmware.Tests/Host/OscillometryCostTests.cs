using System;
using System.IO;
using System.Linq;
using System.Reflection;
using Firmware.Tests.Host.Cuffs;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Firmware.Tests.Host;

/// <summary>
/// What the cuff's analysis costs in one call: its sources are compiled with a counter at each arithmetic operation and comparison, and run. The step that compared
/// a whole deflation with itself at two lags took 62,451 of them in the first of these cases, and was estimated at 44 to 78 ms on the board: the 2 ms of a step are 1,600 of them.
/// </summary>
[TestClass]
public sealed class OscillometryCostTests
{
    /// <summary>Most operations in one call: 1.5 ms at 1.25 µs each. Estimated, no board was used.</summary>
    private const long MaxInOneCall = 1_200;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow(72, 3.0, 0, DisplayName = "an ordinary deflation")]
    [DataRow(40, 2.0, 0, DisplayName = "a slow pulse: the longest stretches to compare")]
    [DataRow(170, 1.0, 0, DisplayName = "a fast pulse in a slow deflation: the most beats")]
    [DataRow(60, 3.0, 30, DisplayName = "an end that stands: the most neighbours")]
    public void No_call_takes_more_than_a_step_may(int rate, double mmHgPerSecond, double timeConstant)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "signal-sources");
        Assembly counted = CountedCode.Compile(
            Directory.GetFiles(Path.Combine(folder, "Oscillometry"), "*.cs").Append(Path.Combine(folder, "Optical", "IntegerMath.cs")).Order(StringComparer.Ordinal).Select(File.ReadAllText),
            withMemory: false);
        Type cost = counted.GetType("Cost", throwOnError: true)!;
        FieldInfo multiplications = cost.GetField("Multiplications")!;
        FieldInfo others = cost.GetField("Others")!;
        object analysis = Activator.CreateInstance(counted.GetType("Firmware.Signals.Oscillometry.OscillometricAnalysis", throwOnError: true)!)!;
        Action<int, long> add = analysis.GetType().GetMethod("Add")!.CreateDelegate<Action<int, long>>(analysis);
        Func<bool> step = analysis.GetType().GetMethod("Step")!.CreateDelegate<Func<bool>>(analysis);
        analysis.GetType().GetMethod("Reset")!.Invoke(analysis, null);
        long Spent() => (long)multiplications.GetValue(null)! + (long)others.GetValue(null)!;
        double[] mmHg = new SimulatedDeflation { PulseRate = rate, MmHgPerSecond = mmHgPerSecond, TimeConstantSeconds = timeConstant, ToMmHg = timeConstant > 0 ? 45 : 25 }.Samples();
        long largestAdd = 0;
        long began = Spent();
        for (int i = 0; i < mmHg.Length; i++)
        {
            long before = Spent();
            add((int)(mmHg[i] * 100), i * 10_000L);
            largestAdd = Math.Max(largestAdd, Spent() - before);
        }

        long adding = Spent() - began;
        long largestStep = 0;
        int steps = 0;
        bool isDone = false;
        while (!isDone)
        {
            long before = Spent();
            isDone = step();
            largestStep = Math.Max(largestStep, Spent() - before);
            steps++;
        }

        string said = $"{mmHg.Length} samples: at most {largestAdd} operations with one of them, {adding / mmHg.Length} on average; then {steps} steps of at most {largestStep}, {Spent() - began - adding} in all";
        TestContext.WriteLine(said);
        Console.WriteLine(said);
        Assert.IsGreaterThan(100, largestAdd, said);
        Assert.IsLessThanOrEqualTo(MaxInOneCall, largestAdd, said);
        Assert.IsGreaterThan(100, largestStep, said);
        Assert.IsLessThanOrEqualTo(MaxInOneCall, largestStep, said);
        Assert.IsLessThan(1_500, steps, said + ": 15 s of the pod's loop after the cuff is vented, at the longest deflation there may be");
    }
}
