using System;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Mqtt.Session;

namespace Mqtt.Tests.Session;

/// <summary>The deadlines of the server, against a plain list that does the same.</summary>
[TestClass]
public class DeadlineTests
{
    [TestMethod]
    public void Deadlines_come_in_order_of_time_and_equal_ones_as_they_were_set()
    {
        DeadlineHeap heap = new();
        Deadline[] all = [.. Enumerable.Range(0, 500).Select(i => new Deadline(i, DeadlineKind.WillDelay))];
        for (int i = 0; i < all.Length; i++)
        {
            heap.Set(all[i], 1000 + (i * 7 % 25));
        }

        Assert.AreEqual(500, heap.Count);
        Assert.AreEqual(1000, heap.NextUs);
        Assert.IsNull(heap.TakeDue(999));
        List<int> taken = [];
        while (heap.TakeDue(1024) is { } due)
        {
            Assert.AreEqual(long.MaxValue, due.DueUs, "what was taken is due no more");
            Assert.AreEqual(-1, due.Index);
            taken.Add((int)due.Owner);
        }

        CollectionAssert.AreEqual(Enumerable.Range(0, 500).OrderBy(i => i * 7 % 25).ThenBy(i => i).ToArray(), taken);
        Assert.AreEqual(0, heap.Count);
        Assert.AreEqual(long.MaxValue, heap.NextUs);
        Assert.IsNull(heap.TakeDue(long.MaxValue - 1));
    }

    [TestMethod]
    public void A_new_deadline_is_due_at_no_time()
    {
        Deadline deadline = new(this, DeadlineKind.Connection);
        Assert.AreEqual(long.MaxValue, deadline.DueUs);
        Assert.AreEqual(long.MaxValue, deadline.QueuedUs);
        Assert.AreEqual(-1, deadline.Index);
        Assert.AreSame(this, deadline.Owner);
        Assert.AreEqual(DeadlineKind.Connection, deadline.Kind);
        DeadlineHeap heap = new();
        heap.Set(deadline, long.MaxValue);
        Assert.AreEqual(0, heap.Count);
    }

    [TestMethod]
    public void A_deadline_may_move_both_ways_and_be_given_up()
    {
        DeadlineHeap heap = new();
        Deadline a = new("a", DeadlineKind.Connection);
        Deadline b = new("b", DeadlineKind.Connection);
        Deadline c = new("c", DeadlineKind.Connection);
        heap.Set(a, 100);
        heap.Set(b, 200);
        heap.Set(c, 300);
        heap.Set(a, 250);
        Assert.AreEqual(3, heap.Count);
        Assert.AreEqual(100, heap.NextUs, "moved later costs nothing before its old time");
        Assert.IsNull(heap.TakeDue(199));
        Assert.AreEqual(200, heap.NextUs);
        heap.Set(c, 150);
        Assert.AreEqual(150, heap.NextUs);
        Assert.AreSame(c, heap.TakeDue(150));
        heap.Set(b, long.MaxValue);
        Assert.AreEqual(1, heap.Count);
        Assert.AreEqual(-1, b.Index);
        Assert.AreEqual(long.MaxValue, b.QueuedUs);
        heap.Set(a, 250);
        Assert.IsNull(heap.TakeDue(249));
        Assert.AreSame(a, heap.TakeDue(250));
        heap.Set(b, 10);
        Assert.AreSame(b, heap.TakeDue(10), "one that was given up can be set again");
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    public void Random_changes_give_what_a_plain_list_gives(int seed)
    {
        Random random = new(seed);
        DeadlineHeap heap = new();
        Deadline[] all = [.. Enumerable.Range(0, 300).Select(i => new Deadline(i, DeadlineKind.SessionExpiry))];
        Dictionary<Deadline, (long Queued, long Order)> list = [];
        long order = 0;
        long now = 0;
        for (int round = 0; round < 20_000; round++)
        {
            Deadline one = all[random.Next(all.Length)];
            switch (random.Next(8))
            {
                case 0:
                    now += random.Next(20);
                    Assert.AreSame(Take(list, now, ref order), heap.TakeDue(now), $"seed {seed}, round {round}");
                    break;
                case 1 or 2:
                    heap.Set(one, long.MaxValue);
                    list.Remove(one);
                    break;
                default:
                    long due = now + random.Next(200);
                    heap.Set(one, due);
                    if (!list.TryGetValue(one, out (long Queued, long Order) at) || due < at.Queued)
                    {
                        list[one] = (due, order++);
                    }

                    break;
            }

            Assert.AreEqual(list.Count, heap.Count);
            Assert.AreEqual(list.Count == 0 ? long.MaxValue : list.Values.Min(v => v.Queued), heap.NextUs);
        }
    }

    [TestMethod]
    public void Room_grows_with_the_deadlines_and_is_given_back()
    {
        DeadlineHeap heap = new();
        Deadline[] all = [.. Enumerable.Range(0, 20_000).Select(i => new Deadline(i, DeadlineKind.Connection))];
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (Deadline deadline in all)
        {
            heap.Set(deadline, (int)deadline.Owner);
        }

        Assert.IsLessThan(1_000_000L, GC.GetAllocatedBytesForCurrentThread() - before, "room is doubled, not made one by one");
        foreach (Deadline deadline in all.Reverse())
        {
            heap.Set(deadline, long.MaxValue);
        }

        Assert.AreEqual(0, heap.Count);
        long held = Retained(heap);
        Assert.AreEqual(64, held);
    }

    private static int Retained(DeadlineHeap heap) =>
        ((Deadline[])typeof(DeadlineHeap).GetField("_heap", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance)!.GetValue(heap)!).Length;

    private static Deadline? Take(Dictionary<Deadline, (long Queued, long Order)> list, long now, ref long order)
    {
        while (list.Count > 0)
        {
            Deadline first = list.MinBy(e => (e.Value.Queued, e.Value.Order)).Key;
            if (list[first].Queued > now)
            {
                return null;
            }

            if (first.DueUs <= now)
            {
                list.Remove(first);
                return first;
            }

            list[first] = (first.DueUs, order++);
        }

        return null;
    }
}
