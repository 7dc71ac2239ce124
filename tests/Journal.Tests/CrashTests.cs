using System;
using System.Globalization;
using System.Threading.Tasks;
using EdgeGateway.Journal;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Gateway;
using Simulators.Kernel;

namespace Journal.Tests;

/// <summary>The power goes anywhere. What was acknowledged is there; every other loss is a torn tail or declared.</summary>
[TestClass]
public sealed class CrashTests
{
    private const int Histories = 250;

    private static readonly CutKeeps[] Keeps = [CutKeeps.Nothing, CutKeeps.Everything, CutKeeps.AnyPart];

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow(7, 1)]
    [DataRow(25, 41)]
    public void The_power_goes_after_every_byte(int bursts, int stride)
    {
        // A directory near its quota; the script on top of it reaches rolls, checkpoints and compaction within a few thousand bytes.
        var before = new Bench(11);
        Script(before, 60);
        before.Log.BeginClose(1);
        before.Settle();
        before.Disk.KillProcess();
        Bench whole = before.Copy();
        Script(whole, bursts);
        long total = whole.Disk.BytesAppended;
        Assert.IsTrue(whole.Log.Status.Rewrites > 0 && whole.Log.Status.Checkpoints > 0, "the script must reach all parts: " + whole.Log.Status);
        Parallel.ForEach(Keeps, new ParallelOptions { MaxDegreeOfParallelism = 2 }, keeps =>
        {
            for (long cut = 1; cut <= total; cut += keeps == CutKeeps.AnyPart ? stride : 5 * stride)
            {
                Bench bench = before.Copy();
                bench.Disk.CutAfterBytes = cut;
                Script(bench, bursts);
                Recover(bench, keeps, string.Create(CultureInfo.InvariantCulture, $"cut after byte {cut} of {total}, keeps {keeps}"));
            }
        });
        TestContext.WriteLine($"{total} bytes, a cut after each {stride}, any part kept, and after each {5 * stride} with all or nothing kept");
    }

    [TestMethod]
    public void The_power_goes_before_every_operation_ends()
    {
        var whole = new Bench(12);
        Script(whole);
        long total = whole.Disk.OperationsEnded;
        foreach (CutKeeps keeps in Keeps)
        {
            for (long cut = 0; cut < total; cut++)
            {
                var bench = new Bench(12) { Disk = { CutAfterOperations = cut } };
                Script(bench);
                Recover(bench, keeps, string.Create(CultureInfo.InvariantCulture, $"cut before operation {cut} of {total}, keeps {keeps}"));
            }
        }

        TestContext.WriteLine($"{total} operations");
    }

    [TestMethod]
    public void The_power_goes_again_while_recovering()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            for (int cut = 0; cut < 40; cut += 1)
            {
                var bench = new Bench(seed) { Disk = { CutAfterOperations = 40 + (long)(seed * 5 % 150) } };
                Script(bench);
                bench.PowerOn(CutKeeps.AnyPart);
                bench.Disk.CutAfterOperations = bench.Disk.OperationsEnded + cut;
                bench.Start();
                bench.Settle(100_000);
                bench.Disk.CutPower();
                Recover(bench, CutKeeps.AnyPart, $"second cut after {cut} operations");
            }
        }
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    public void Random_histories_of_cuts_failures_and_full_disks(int quarter)
    {
        long rewrites = 0;
        long removed = 0;
        long checkpoints = 0;
        long failures = 0;
        for (ulong seed = 1 + ((ulong)quarter * 1000); seed <= ((ulong)quarter * 1000) + Histories; seed++)
        {
            var bench = History(seed);
            rewrites += bench.Rewrites;
            removed += bench.Bench.Removed.Count;
            checkpoints += bench.Checkpoints;
            failures += bench.Bench.Failures.Count;
        }

        TestContext.WriteLine($"{Histories} histories: {rewrites} rewrites, {removed} removed, {checkpoints} checkpoints, {failures} times failing");
        Assert.IsTrue(rewrites > 1000 && removed > 1000 && checkpoints > 500 && failures > 100, "the histories must reach all parts");
    }

    internal static (Bench Bench, long Rewrites, long Checkpoints) History(ulong seed, bool isProtected = false)
    {
        var random = new SeededRandom(seed).Fork("history");
        var bench = isProtected ? new Bench(seed).Protect() : new Bench(seed);
        long rewrites = 0;
        long checkpoints = 0;
        int lives = 2 + random.NextInt32(4);
        for (int life = 0; life < lives; life++)
        {
            bench.Disk.FailureRate = random.NextInt32(2) == 0 ? random.NextInt32(300) : 0;
            bench.Disk.ShortWriteRate = random.NextInt32(3) == 0 ? random.NextInt32(300) : 0;
            if (bench.KeyDisk is not null)
            {
                bench.KeyDisk.FailureRate = bench.Disk.FailureRate;
                bench.KeyDisk.ShortWriteRate = bench.Disk.ShortWriteRate;
            }

            bench.Disk.CapacityBytes = random.NextInt32(3) == 0 ? 5000 + random.NextInt32(6000) : long.MaxValue;
            bench.Start();
            bench.Settle(random.NextInt32(100_000));
            int steps = random.NextInt32(60);
            for (int i = 0; i < steps; i++)
            {
                Act(bench, random);
            }

            rewrites += bench.Log.Status.Rewrites;
            checkpoints += bench.Log.Status.Checkpoints;
            if (random.NextInt32(4) == 0)
            {
                bench.Kill();
            }
            else
            {
                bench.Disk.CutPower();
                bench.KeyDisk?.CutPower();
                bench.PowerOn(Keeps[random.NextInt32(3)]);
            }
        }

        bench.Disk.FailureRate = 0;
        bench.Disk.ShortWriteRate = 0;
        if (bench.KeyDisk is not null)
        {
            bench.KeyDisk.FailureRate = 0;
            bench.KeyDisk.ShortWriteRate = 0;
        }

        bench.Disk.CapacityBytes = long.MaxValue;
        bench.StartAndSettle();
        bench.Settle(200_000);
        bench.Verify("at the end");
        rewrites += bench.Log.Status.Rewrites;
        return (bench, rewrites, checkpoints);
    }

    private static void Act(Bench bench, SeededRandom random)
    {
        switch (random.NextInt32(8))
        {
            case 0:
                bench.Settle(random.NextInt32(50_000));
                break;
            case 1:
                bench.Log.Release(30, bench.Acknowledged - random.NextInt32(20));
                break;
            case 2:
                bench.Log.BeginRead(1 + random.NextInt32((int)bench.Log.LastIndex + 1), 1 + random.NextInt32(31), 300, 5);
                break;
            case 3:
                for (int i = random.NextInt32(20); i > 0; i--)
                {
                    bench.StepOne();
                }

                break;
            default:
                for (int i = random.NextInt32(12); i > 0; i--)
                {
                    bench.Append((RecordClass)random.NextInt32(5), new byte[random.NextInt32(100)]);
                }

                break;
        }
    }

    // Appends of all classes with pauses; over quota before its end.
    internal static void Script(Bench bench, int bursts = 60)
    {
        bench.Start();
        bench.Settle();
        var random = new SeededRandom(bench.Seed).Fork("script");
        for (int i = 0; i < bursts && !bench.Disk.IsOff; i++)
        {
            int burst = 1 + random.NextInt32(4);
            for (int j = 0; j < burst; j++)
            {
                bench.Append((RecordClass)random.NextInt32(5), new byte[20 + random.NextInt32(60)]);
            }

            if (i == bursts / 2)
            {
                bench.Log.Release(1 << (int)RecordClass.Wave, bench.Acknowledged);
            }

            for (int j = random.NextInt32(5); j > 0; j--)
            {
                bench.StepOne();
            }

            if (random.NextInt32(4) == 0)
            {
                bench.Settle();
            }
        }

        bench.Settle();
    }

    internal static void Recover(Bench bench, CutKeeps keeps, string when)
    {
        try
        {
            bench.PowerOn(keeps);
            bench.StartAndSettle();
            bench.Verify(when);
            for (int i = 0; i < 3; i++)
            {
                Assert.AreNotEqual(0, bench.Append(RecordClass.Vital, "after"), when);
            }

            bench.Settle();
            bench.Kill();
            bench.StartAndSettle();
            bench.Verify(when + ", and once more");
            Assert.AreEqual(bench.Model.Count == 0 ? 0 : bench.Log.LastIndex, bench.Acknowledged, when);
        }
        catch (Exception e) when (e is not AssertFailedException)
        {
            throw new InvalidOperationException(when, e);
        }
    }
}
