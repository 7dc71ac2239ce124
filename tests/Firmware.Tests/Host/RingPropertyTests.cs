using Firmware.Core;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Store;
using Firmware.Tests.Pod;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Kernel;

namespace Firmware.Tests.Host;

[TestClass]
public sealed class RingPropertyTests
{
    private const long Second = 1_000_000;

    private static PodBench Begin(SimulatedByteStore? store, Account account)
    {
        PodBench bench = new PodBench(store).Small().Start();
        account.Watch(bench);
        return bench;
    }

    // Frames lost on the way, links lost, acknowledgements that never come, outages that fill the rings, and power cuts at any moment.
    private static void Live(ulong seed)
    {
        SeededRandom random = new(seed);
        Account account = new();
        PodBench bench = Begin(null, account);
        SimulatedByteStore store = bench.Store;
        for (int i = 0; i < 30; i++)
        {
            switch (random.NextInt32(9))
            {
                case 0:
                    bench.Link.Connect();
                    break;
                case 1:
                    bench.Link.Drop();
                    account.Receiving = true;
                    break;
                case 2:
                    bench.SetEpoch((uint)random.NextInt32(4));
                    break;
                case 3:
                    bench.Light.SamplesToDrop = random.NextInt32(40);
                    break;
                case 4:
                    // What is lost on the way ends a connection: nothing behind it arrives before the link was lost.
                    bench.Link.AutoAcknowledge = account.Receiving && random.NextInt32(3) != 0;
                    account.Receiving = bench.Link.AutoAcknowledge || (account.Receiving && random.NextInt32(2) == 0);
                    break;
                case 5:
                    bench.Light.FailWith = random.NextInt32(2) == 0 ? AbsenceReason.None : AbsenceReason.NotPresent;
                    break;
                case 6 when random.NextInt32(2) == 0:
                    store.PowerUp(random.NextInt32(101));
                    bench = Begin(store, account);
                    account.Receiving = true;
                    break;
                case 7:
                    bench.Host.Situation.NeedsSteadyLoop = random.NextInt32(2) == 0;
                    break;
                default:
                    break;
            }

            bench.Run(random.NextInt32(6) * Second / 2);
            PodCounters c = bench.Host.Counters;
            Assert.AreEqual(c.Recovered + c.Produced, c.Acknowledged + bench.Host.Pending + c.Evicted, $"seed {seed}");
        }

        bench.Host.Situation.NeedsSteadyLoop = false;
        bench.Light.FailWith = AbsenceReason.None;
        bench.SetEpoch(0);
        bench.Link.Drop();
        account.Receiving = true;
        bench.Link.AutoAcknowledge = true;
        bench.Link.Connect();
        bench.Run(15 * Second);
        bench.Run(15 * Second);
        account.Check($"seed {seed}");
    }

    [TestMethod]
    public void Produced_is_delivered_pending_and_declared_whatever_happens()
    {
        for (ulong seed = 0; seed < 1200; seed++)
        {
            Live(seed);
        }
    }

    [TestMethod]
    public void A_store_that_fails_at_any_one_call_costs_no_reading()
    {
        int calls = int.MaxValue;
        for (int call = 1; call <= calls; call++)
        {
            Account account = new();
            PodBench bench = Begin(null, account);
            bench.Store.FailAtCall = call;
            bench.Link.Connect();
            bench.SetEpoch(1);
            bench.Run(2 * Second);
            bench.Link.Drop();
            bench.Run(4 * Second);
            bench.Link.Connect();
            bench.Run(25 * Second);
            calls = bench.Store.Calls;
            bench.SetEpoch(0);
            bench.Link.Drop();
            bench.Link.Connect();
            bench.Run(3 * Second);
            account.Check($"call {call}");
            Assert.AreEqual(call == 1 || call == 2, (bench.Host.BootId & BootCounter.RandomBit) != 0, $"call {call}");
        }

        Assert.IsGreaterThan(12, calls);
    }

    [TestMethod]
    public void A_store_that_is_full_or_dead_does_not_stop_the_pod_and_its_boot_id_says_so()
    {
        foreach (int capacity in new[] { 0, 40, 600 })
        {
            Account account = new();
            PodBench bench = Begin(null, account);
            bench.Store.Capacity = capacity;
            bench.Run(Second);
            bench.SetEpoch(1);
            bench.Run(20 * Second);
            bench.Link.Connect();
            bench.Run(20 * Second);
            bench.SetEpoch(0);
            bench.Link.Drop();
            bench.Link.Connect();
            bench.Run(3 * Second);
            account.Check($"capacity {capacity}");
            Assert.AreEqual(capacity == 0, (bench.Host.BootId & BootCounter.RandomBit) != 0);
            Assert.IsTrue(bench.Host.Counters.Produced > 100);
        }
    }

    [TestMethod]
    public void Damage_in_any_byte_of_the_store_is_set_aside_and_what_it_held_is_declared()
    {
        SeededRandom random = new(5);
        int damaged = 0;
        for (int trial = 0; trial < 300; trial++)
        {
            Account account = new();
            PodBench bench = Begin(null, account);
            bench.SetEpoch(1);
            bench.Run((10 + random.NextInt32(20)) * Second);
            Assert.IsTrue(bench.Host.Flush(bench.NowUs));
            bench.Store.PowerUp(100);
            string[] names = bench.Store.List();
            string name = names[1 + random.NextInt32(names.Length - 1)];
            int at = random.NextInt32(bench.Store.Length(name));
            bench.Store.Damage(name, at);
            account.IgnoreStored = true;
            PodBench after = Begin(bench.Store, account);
            after.Link.Connect();
            after.Run(10 * Second);
            Assert.AreEqual(bench.Host.BootId + 1, after.Host.BootId);
            damaged += after.Host.Counters.StoreBytesDamaged + after.Host.Counters.StoreBytesTorn > 0 ? 1 : 0;
            account.Check($"trial {trial}: {name} at {at}");
        }

        Assert.AreEqual(300, damaged);
    }
}
