using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Kernel;

namespace Simulators.Tests.Kernel;

[TestClass]
public sealed class KernelTests
{
    [TestMethod]
    public void Events_run_by_time_and_then_by_order_of_insertion()
    {
        SimulationKernel kernel = new();
        List<int> ran = [];
        kernel.At(20, () => ran.Add(3));
        kernel.At(10, () => ran.Add(1));
        kernel.At(10, () =>
        {
            ran.Add(2);
            kernel.At(5, () => ran.Add(21)); // A time gone by is now, after what waits for now.
        });
        kernel.At(20, () => ran.Add(4));
        kernel.Run(30);
        CollectionAssert.AreEqual(new[] { 1, 2, 21, 3, 4 }, ran);
        Assert.AreEqual(30, kernel.NowUs);
    }

    [TestMethod]
    public void Many_events_in_any_order_run_sorted()
    {
        const ulong Seed = 77;
        SimulationKernel kernel = new();
        SeededRandom random = new(Seed);
        long last = -1;
        int ran = 0;
        for (int i = 0; i < 20_000; i++)
        {
            kernel.At(random.NextInt32(1000), () =>
            {
                Assert.IsTrue(kernel.NowUs >= last, $"seed {Seed}");
                last = kernel.NowUs;
                ran++;
            });
        }

        kernel.Run(1000);
        Assert.AreEqual(20_000, ran);
    }

    [TestMethod]
    public void A_moved_timer_fires_once_at_its_last_time()
    {
        SimulationKernel kernel = new();
        List<long> fired = [];
        KernelTimer timer = new(kernel, () => fired.Add(kernel.NowUs));
        timer.Set(10);
        timer.Set(50);
        timer.SetAtLatest(70);
        timer.SetAtLatest(30);
        kernel.Run(100);
        CollectionAssert.AreEqual(new long[] { 30 }, fired);
        timer.Set(120);
        timer.Stop();
        kernel.Run(200);
        Assert.HasCount(1, fired);
    }

    [TestMethod]
    public void Parts_that_wake_each_other_without_time_passing_stop_the_run()
    {
        SimulationKernel kernel = new();
        void Again() => kernel.At(kernel.NowUs, Again);
        kernel.At(0, Again);
        Assert.ThrowsExactly<InvalidOperationException>(() => kernel.Run(1));
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(20_000)]
    [DataRow(-20_000)]
    [DataRow(999_999)]
    [DataRow(-1_000_000)]
    public void An_oscillators_two_ways_agree(int driftPpb)
    {
        Oscillator oscillator = new(12_345, driftPpb, 17);
        SeededRandom random = new(5);
        for (int i = 0; i < 5000; i++)
        {
            long localUs = 17 + (long)(random.NextUInt64() % 8_000_000_000_000);
            long worldUs = oscillator.WorldUs(localUs);
            Assert.IsTrue(oscillator.LocalUs(worldUs) >= localUs, $"{localUs}");
            Assert.IsTrue(worldUs == 12_345 || oscillator.LocalUs(worldUs - 1) < localUs, $"{localUs}");
        }

        Assert.AreEqual(17 + 1_000_000_000 + driftPpb, oscillator.LocalUs(12_345 + 1_000_000_000));
    }

    [TestMethod]
    public void A_trace_has_canonical_bytes_and_their_hash()
    {
        SimulationKernel kernel = new();
        using MemoryStream bytes = new();
        using TraceWriter trace = new(kernel, bytes);
        kernel.Run(42);
        trace.Begin("a/pod", "frame").Add("n", -7).Add("text", "two words\n").AddBytes("bytes", [0x0f, 0xa0]).AddDigest("abc"u8).End();
        string hash = trace.Finish();
        string text = Encoding.UTF8.GetString(bytes.ToArray());

        // FNV-1a 64 of "abc" is e71fa2190541574b (Fowler, Noll, Vo: the published test vectors).
        Assert.AreEqual("cart-trace 1\n42 a/pod frame n=-7 text=two_words. bytes=0fa0 n=3 fnv=e71fa2190541574b\n", text);
        Assert.AreEqual(Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray())), hash);
        Assert.HasCount(1, trace.Subjects);
        Assert.AreEqual(1, trace.Subjects["a/pod frame"].Count);
        Assert.AreEqual(TraceTally.Of(bytes.ToArray().AsSpan("cart-trace 1\n".Length)), trace.Subjects["a/pod frame"].Digest);
    }

    [TestMethod]
    public void A_fork_does_not_depend_on_what_others_drew()
    {
        SeededRandom one = new(9);
        ulong first = one.Fork("pod").NextUInt64();
        Assert.AreEqual(first, new SeededRandom(9).Fork("pod").NextUInt64());
        Assert.AreNotEqual(first, new SeededRandom(9).Fork("pods").NextUInt64());
    }

    [TestMethod]
    public async System.Threading.Tasks.Task A_paced_run_takes_work_from_other_threads_and_ends_at_its_time()
    {
        SimulationKernel kernel = new();
        using PacedRun paced = new(kernel, TimeProvider.System);
        List<string> ran = [];
        kernel.At(20_000, () => ran.Add("event"));
        Assert.IsTrue(paced.TryPost(() => ran.Add("posted")));
        await paced.RunAsync(40_000, System.Threading.CancellationToken.None);
        CollectionAssert.AreEqual(new[] { "posted", "event" }, ran);
        Assert.AreEqual(40_000, kernel.NowUs);
        Assert.IsFalse(paced.TryPost(() => ran.Add("late")));
    }
}
