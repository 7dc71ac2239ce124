using System;
using System.IO;
using System.Linq;
using System.Reflection;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Firmware.Tests.Host;

/// <summary>
/// What the oximeter's signals cost per second of light: their sources are compiled with a counter at each arithmetic operation and comparison, and run.
/// The counts are of this code on any machine; how long one takes on a device is not known here.
/// </summary>
[TestClass]
public sealed class SignalCostTests
{
    /// <summary>Most multiplications and divisions per second of light.</summary>
    private const long MaxMultiplications = 5_000;

    /// <summary>Most other operations and comparisons per second of light.</summary>
    private const long MaxOthers = 22_000;

    /// <summary>Most operations of all kinds in one sample, the one that ends a second.</summary>
    private const long MaxInOneSample = 3_000;

    private const int Seconds = 60;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void The_cost_of_a_second_of_light_is_bounded()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "signal-sources", "Optical");
        Assembly counted = CountedCode.Compile(Directory.GetFiles(folder, "*.cs").Order(StringComparer.Ordinal).Select(File.ReadAllText), withMemory: false);
        Type cost = counted.GetType("Cost", throwOnError: true)!;
        FieldInfo multiplications = cost.GetField("Multiplications")!;
        FieldInfo others = cost.GetField("Others")!;
        Type curve = counted.GetType("Firmware.Signals.Optical.SaturationCurve", throwOnError: true)!;
        object standard = curve.GetMethod("Default")!.Invoke(null, null)!;
        object analysis = Activator.CreateInstance(counted.GetType("Firmware.Signals.Optical.PulseOximetry", throwOnError: true)!, standard, 50)!;
        object calibration = Activator.CreateInstance(counted.GetType("Firmware.Signals.Optical.OpticalCalibration", throwOnError: true)!)!;
        object light = Activator.CreateInstance(counted.GetType("Firmware.Signals.Optical.OpticalFrontEnd", throwOnError: true)!, calibration)!;
        Func<int, int, bool> add = analysis.GetType().GetMethod("Add")!.CreateDelegate<Func<int, int, bool>>(analysis);
        Func<int, int, bool> look = light.GetType().GetMethod("Add")!.CreateDelegate<Func<int, int, bool>>(light);
        multiplications.SetValue(null, 0L);
        others.SetValue(null, 0L);
        long largest = 0;
        for (int i = 0; i < Seconds * 50; i++)
        {
            long before = (long)multiplications.GetValue(null)! + (long)others.GetValue(null)!;

            // 120 beats per minute: more beats than most, so more work.
            int volume = Math.Abs((i % 25) - 12) * 100;
            look(110_000 - (volume / 2), 120_000 - volume);
            add(110_000 - (volume / 2), 120_000 - volume);
            largest = Math.Max(largest, (long)multiplications.GetValue(null)! + (long)others.GetValue(null)! - before);
        }

        long multiplied = (long)multiplications.GetValue(null)! / Seconds;
        long other = (long)others.GetValue(null)! / Seconds;
        string said = $"per second of light at 50 Hz and 120 beats per minute: {multiplied} multiplications and divisions, {other} other operations and comparisons; at most {largest} of all in one sample";
        TestContext.WriteLine(said);
        Console.WriteLine(said);
        Assert.IsTrue(multiplied > 500 && multiplied <= MaxMultiplications, said);
        Assert.IsTrue(other > 1_000 && other <= MaxOthers, said);
        Assert.IsTrue(largest <= MaxInOneSample, said);
    }
}
