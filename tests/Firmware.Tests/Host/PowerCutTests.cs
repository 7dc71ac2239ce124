using System;
using Firmware.Core;
using Firmware.Tests.Pod;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Firmware.Tests.Host;

[TestClass]
public sealed class PowerCutTests
{
    private const long Second = 1_000_000;

    // A life of a pod that comes to every kind of write: marks, frames, releases, a new segment, a deletion.
    private static void Live(PodBench bench)
    {
        bench.Link.Connect();
        bench.SetEpoch(7);
        bench.Run(2 * Second);
        bench.Light.SamplesToDrop = 3;
        bench.Run(Second);
        bench.Link.Drop();
        bench.Run(8 * Second);
        bench.Temperature.FailWith = AbsenceReason.BusFault;
        bench.Run(3 * Second);
        bench.Temperature.FailWith = AbsenceReason.None;
        bench.Link.Connect();
        bench.Run(12 * Second);
        bench.Link.AutoAcknowledge = false;
        bench.Run(6 * Second);
    }

    private static PodBench Begin(SimulatedByteStore? store, Account account)
    {
        PodBench bench = new PodBench(store).Small().Start();
        account.Watch(bench);
        return bench;
    }

    private static void Recover(SimulatedByteStore store, Account account, string what)
    {
        PodBench after = Begin(store, account);
        after.Link.Connect();
        after.Run(15 * Second);
        Assert.IsTrue(after.Host.IsReady, what);
        account.Check(what);
    }

    private static long WorkOfALife()
    {
        PodBench bench = Begin(null, new Account());
        Live(bench);
        Console.WriteLine($"work {bench.Store.Work}, produced {bench.Host.Counters.Produced}, stored {bench.Host.Counters.Stored}, bytes {bench.Host.Counters.StoreBytes}, flushes {bench.Host.Counters.StoreFlushes}, evicted {bench.Host.Counters.Evicted}");
        return bench.Store.Work;
    }

    [TestMethod]
    public void A_life_with_no_cut_reaches_the_bounds_and_loses_nothing_that_is_not_declared()
    {
        Account account = new();
        PodBench bench = Begin(null, account);
        Live(bench);
        bench.Link.AutoAcknowledge = true;
        bench.Link.Drop();
        bench.Link.Connect();
        bench.Run(5 * Second);
        account.Check("no cut");
        Assert.AreEqual(0, bench.Host.Pending);
        Console.WriteLine($"steps {bench.Steps}, work {WorkOfALife()}, delivered {account.Delivered} of {account.Produced}, lost {account.Lost}, gaps {account.Gaps.Count}");
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(50)]
    [DataRow(100)]
    public void A_power_cut_after_every_byte_loses_nothing_that_is_not_declared(int keepPercent)
    {
        long work = WorkOfALife();
        long lost = 0;
        for (long cut = 0; cut <= work; cut++)
        {
            Account account = new();
            PodBench bench = Begin(null, account);
            bench.Store.CutAtWork = cut;
            string what = $"cut after {cut}, {keepPercent} % kept";
            try
            {
                Live(bench);
            }
            catch (PowerCutException)
            {
            }

            bench.Store.PowerUp(keepPercent);
            Recover(bench.Store, account, what);
            lost += account.Lost;
        }

        Console.WriteLine($"cuts {work + 1}, frames lost and declared {lost}");
        Assert.IsTrue(lost > 0, "no cut lost anything: the test cuts nothing");
    }

    [TestMethod]
    public void A_power_cut_during_recovery_and_a_third_start_lose_nothing_that_is_not_declared()
    {
        long work = WorkOfALife();
        for (int trial = 0; trial < 2000; trial++)
        {
            Simulators.Kernel.SeededRandom random = new((ulong)trial);
            Account account = new();
            PodBench bench = Begin(null, account);
            SimulatedByteStore store = bench.Store;
            string what = $"seed {trial}";
            for (int life = 0; life < 4; life++)
            {
                // Short lives, so that some end while the store is read and the losses are declared.
                store.CutAtWork = store.Work + 1 + random.NextInt32(life == 0 ? (int)work : 600);
                try
                {
                    Live(bench);
                }
                catch (PowerCutException)
                {
                }

                store.PowerUp(random.NextInt32(101));
                bench = Begin(store, account);
            }

            bench.Link.Connect();
            bench.Run(15 * Second);
            account.Check(what);
        }
    }
}
