using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Firmware.Core;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Store;
using Firmware.Protocol;
using Firmware.Tests.Pod;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Firmware.Tests.Host;

/// <summary>The store waits while the cuff holds pressure, and loses nothing by it.</summary>
[TestClass]
public sealed class StoreHoldTests
{
    private const long Second = 1_000_000;

    // The longest self test, by its own bounds; a measurement is shorter.
    private const long LongestSeconds = 225;

    [TestMethod]
    public void Nothing_is_written_while_the_loop_must_be_steady_and_all_that_waited_goes_at_once_afterwards()
    {
        Account account = new();
        PodBench bench = new PodBench(null).Start();
        account.Watch(bench);
        HashSet<(int, uint)> waiting = [];
        bench.Host.FrameProduced += (buffer, offset, _) =>
        {
            // The pod's own health waits until the loop may stand, and comes behind what waited.
            if (Frame.Kind(buffer, offset) != FrameKind.Health && FrameClasses.IsDurable(FrameClasses.Of(Frame.Kind(buffer, offset), Frame.Stream(buffer, offset))))
            {
                waiting.Add((Frame.Stream(buffer, offset), Frame.Sequence(buffer, offset)));
            }
        };
        bench.Host.FrameStored += (buffer, offset, _) => waiting.Remove((Frame.Stream(buffer, offset), Frame.Sequence(buffer, offset)));
        bench.Host.FrameAcknowledged += (buffer, offset, _) => waiting.Remove((Frame.Stream(buffer, offset), Frame.Sequence(buffer, offset)));
        bench.Link.Connect();
        bench.SetEpoch(5);
        bench.Run(10 * Second);
        PodCounters counters = bench.Host.Counters;

        bench.Host.Situation.NeedsSteadyLoop = true;
        bench.Run(Second / 10);
        long flushes = counters.StoreFlushes;
        bench.Run((LongestSeconds - 4) * Second);
        bench.Link.AutoAcknowledge = false;
        bench.Run(4 * Second);
        Assert.AreEqual(flushes, counters.StoreFlushes, "flushes while the loop must be steady");
        int held = waiting.Count;
        Assert.IsGreaterThan(4, held);

        bench.Host.Situation.NeedsSteadyLoop = false;
        bench.Run(Second / 10);
        Assert.IsEmpty(waiting, $"of {held} frames that waited");
        bench.Store.PowerUp(0);

        // The power goes just then: everything is there, or declared.
        PodBench after = new PodBench(bench.Store).Start();
        account.Watch(after);
        after.Link.Connect();
        after.Run(15 * Second);
        account.Check("after a hold");
    }

    [TestMethod]
    public void A_cut_of_power_in_a_hold_loses_nothing_that_is_not_declared()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            Simulators.Kernel.SeededRandom random = new((ulong)seed);
            Account account = new();
            PodBench bench = new PodBench(null).Start();
            account.Watch(bench);
            bench.Link.Connect();
            bench.SetEpoch(5);
            bench.Run(random.NextInt32(4) * Second / 2);
            bench.Host.Situation.NeedsSteadyLoop = true;
            bench.Run(random.NextInt32(40) * Second / 2);
            bench.Link.AutoAcknowledge = random.NextInt32(2) == 0;
            bench.Run(random.NextInt32(6) * Second / 2);
            bench.Store.PowerUp(random.NextInt32(101));
            PodBench after = new PodBench(bench.Store).Start();
            account.Watch(after);
            after.Link.Connect();
            after.Run(15 * Second);
            account.Check($"seed {seed}");
        }
    }

    [TestMethod]
    public void A_stream_has_one_class_before_and_with_its_first_frame()
    {
        using JsonDocument vocabulary = JsonDocument.Parse(File.ReadAllText(Path.Combine(BudgetTests.Root(), "hardware", "vocabulary.json")));
        int seen = 0;
        foreach (JsonElement stream in vocabulary.RootElement.GetProperty("signals").EnumerateArray())
        {
            int number = stream.GetProperty("stream").GetInt32();
            FrameKind kind = Enum.Parse<FrameKind>(stream.GetProperty("kind").GetString()!, ignoreCase: true);
            Assert.AreEqual(FrameClasses.Of(kind, number), FrameClasses.OfStream(number), $"stream {number}");
            seen++;
        }

        Assert.IsGreaterThan(15, seen);
    }
}
