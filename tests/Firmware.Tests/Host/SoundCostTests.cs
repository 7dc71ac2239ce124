using System;
using System.IO;
using System.Linq;
using System.Reflection;
using Firmware.Core;
using Firmware.Protocol;
using Firmware.Tests.Peripherals;
using Firmware.Tests.Pod;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Firmware.Tests.Host;

/// <summary>
/// What a second of sound costs: operations (arithmetic, comparisons, increments, array accesses) counted in the code itself. What that is on the device is computed from the
/// runtime's measured loop: 22 million turns a second on a desk, each an increment and a comparison, so 44 million operations; an ESP32 is 50 times slower, by the pessimist's
/// factor 100 times. Neither was measured on a board.
/// </summary>
[TestClass]
public sealed class SoundCostTests
{
    private const int Rate = 8000;
    private const double HostOperationsPerSecond = 44e6;
    private const int Pessimist = 100;
    private const int Usual = 50;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void The_cost_of_a_second_of_sound_is_bounded()
    {
        long adapter = Adapter();
        long driver = Driver();
        long chunk = Chunk(string.Empty);
        long copyOnly = Chunk("copy");
        long level = chunk - copyOnly;
        long all = adapter + driver + chunk;
        string said = $"operations per second of sound: adapter {adapter}, driver {driver}, chunk {chunk} (of it level, peak and clipping {level}), together {all}; "
            + $"of an ESP32 {Share(all, Usual):F0} %, by the pessimist's factor {Share(all, Pessimist):F0} %; level, peak and clipping {Share(level, Usual):F1} and {Share(level, Pessimist):F1} %";
        TestContext.WriteLine(said);
        Console.WriteLine(said);
        Assert.IsTrue(Share(level, Pessimist) <= 10, said);
        Assert.IsTrue(level > Rate && copyOnly > 5 * Rate && adapter > 5 * Rate && driver > Rate / 8, said);
        Assert.IsTrue(Share(all, Pessimist) <= 50, said);
    }

    [TestMethod]
    public void Sound_allocates_nothing()
    {
        SoundBench bench = new SoundBench().Start();
        bench.Link.Connect();
        bench.ListenNow();
        bench.Run(20_000_000);
        int frames = bench.Frames;
        long before = GC.GetAllocatedBytesForCurrentThread();
        bench.Run(20_000_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.IsTrue(bench.Frames - frames >= 199);
        Assert.AreEqual(0L, allocated, $"{allocated} bytes in 20 s of sound");
    }

    private static double Share(long operations, int slower) => operations * 100.0 / (HostOperationsPerSecond / slower);

    private static long Adapter()
    {
        Assembly counted = CountedCode.Compile([Source("driver-sources", "Pcm1808", "Pcm1808Decoder.cs")], withMemory: true);
        Type decoder = counted.GetType("Firmware.Peripherals.Pcm1808Decoder", throwOnError: true)!;
        var all = decoder.GetMethod("TakeAll")!.CreateDelegate<Action<byte[], int, short[], int, int>>();
        var some = decoder.GetMethod("TakeSome")!.CreateDelegate<Action<byte[], int, short[], int, int>>();
        return Count(counted, () =>
        {
            byte[] frames = new byte[4 * 200];
            short[] samples = new short[200];
            for (int i = 0; i < 40; i++)
            {
                all(frames, 0, samples, 0, 200);
                some(frames, 2, samples, 0, 200);
            }
        });
    }

    private static long Driver()
    {
        string[] names = ["Pcm1808.cs", "Pcm1808.Chunks.cs", "Pcm1808Clock.cs", "Pcm1808Window.cs"];
        Assembly counted = CountedCode.Compile(names.Select(n => Source("driver-sources", "Pcm1808", n)).Append(Source("driver-sources", string.Empty, "Driver.cs")), withMemory: true);
        Type type = counted.GetType("Firmware.Peripherals.Pcm1808", throwOnError: true)!;
        var script = new AudioScript();
        var driver = (IDriver)Activator.CreateInstance(type, script)!;
        while (driver.Probe(script.NowUs) == DriverResult.Working)
        {
            script.NowUs = driver.NextStepUs;
        }

        return Count(counted, () =>
        {
            long endUs = script.NowUs + 1_000_000;
            while (driver.NextStepUs <= endUs)
            {
                script.NowUs = driver.NextStepUs;
                Assert.AreNotEqual(DriverResult.Failed, driver.Measure(script.NowUs));
            }
        });
    }

    private static long Chunk(string kind)
    {
        string source = Source("sound-sources", string.Empty, "SoundChunk.cs");
        if (kind == "copy")
        {
            foreach (string line in new[] { "squares += value * value;", "if (value > largest)\n            {\n                largest = value;\n            }\n            else if (value < least)\n            {\n                least = value;\n            }" })
            {
                int at = source.IndexOf(line, StringComparison.Ordinal);
                Assert.IsTrue(at >= 0, line);
                source = source.Remove(at, line.Length);
            }
        }

        Assembly counted = CountedCode.Compile([source], withMemory: true);
        Type type = counted.GetType("Firmware.Pod.Channels.SoundChunk", throwOnError: true)!;
        object chunk = Activator.CreateInstance(type, 800)!;
        var add = type.GetMethod("Add")!.CreateDelegate<Action<short[], int, int>>(chunk);
        var write = type.GetMethod("Write")!.CreateDelegate<Func<byte[], int, int, int>>(chunk);
        short[] samples = new short[200];
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = AudioScript.Truth(i);
        }

        byte[] body = new byte[SoundBody.SamplesOffset + 1600];
        return Count(counted, () =>
        {
            for (int i = 0; i < 10; i++)
            {
                for (int chunk = 0; chunk < 4; chunk++)
                {
                    add(samples, 0, 200);
                }

                write(body, 0, Rate);
            }
        });
    }

    private static long Count(Assembly counted, Action act)
    {
        Type cost = counted.GetType("Cost", throwOnError: true)!;
        FieldInfo[] counters = cost.GetFields();
        foreach (FieldInfo counter in counters)
        {
            counter.SetValue(null, 0L);
        }

        act();
        return counters.Sum(c => (long)c.GetValue(null)!);
    }

    private static string Source(string folder, string part, string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, folder, part, name));
}
