using EdgeGateway.Core.Delivery;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Delivery;

/// <summary>The window of sound and waveforms gives way to queueing, and comes back slowly.</summary>
[TestClass]
public sealed class BackgroundCongestionWindowTests
{
    private const long Ms = 1_000;

    [TestMethod]
    public void It_grows_only_while_it_is_in_use_whole_and_up_to_its_bound()
    {
        BackgroundCongestionWindow window = new();
        Assert.AreEqual(BackgroundCongestionWindow.First, window.Size);
        for (int i = 1; i <= 100; i++)
        {
            window.Acknowledged(20 * Ms, wasFull: false, i * 20 * Ms);
        }

        Assert.AreEqual(BackgroundCongestionWindow.First, window.Size);
        for (int i = 1; i <= 100; i++)
        {
            window.Acknowledged(20 * Ms, wasFull: true, i * 20 * Ms);
        }

        Assert.AreEqual(BackgroundCongestionWindow.Max, window.Size);
    }

    [TestMethod]
    public void Queueing_halves_it_once_per_round_trip_and_never_below_one()
    {
        BackgroundCongestionWindow window = new();
        long now = 1_000 * Ms;
        window.Acknowledged(50 * Ms, true, now);
        int before = window.Size;
        window.Acknowledged((50 * Ms) + BackgroundCongestionWindow.QueueUs + 1, true, now += 200 * Ms);
        Assert.AreEqual(before / 2, window.Size);
        window.Acknowledged((50 * Ms) + BackgroundCongestionWindow.QueueUs + 1, true, now += 10 * Ms);
        Assert.AreEqual(before / 2, window.Size, "what is in flight was sent under the old window");
        for (int i = 0; i < 10; i++)
        {
            window.Acknowledged(500 * Ms, true, now += 600 * Ms);
        }

        Assert.AreEqual(1, window.Size);
    }

    [TestMethod]
    public void After_it_gave_way_it_stays_small_for_a_while_and_a_new_path_starts_afresh()
    {
        BackgroundCongestionWindow window = new();
        long now = 1_000 * Ms;
        window.Acknowledged(50 * Ms, true, now);
        window.Acknowledged(400 * Ms, true, now += 500 * Ms);
        int small = window.Size;
        long cut = now;
        while ((now += 100 * Ms) <= cut + BackgroundCongestionWindow.CalmUs)
        {
            window.Acknowledged(50 * Ms, true, now);
            Assert.AreEqual(small, window.Size);
        }

        window.Acknowledged(50 * Ms, true, now);
        Assert.AreEqual(small + 1, window.Size);
        window.Reset();
        Assert.AreEqual(BackgroundCongestionWindow.First, window.Size);
    }

    [TestMethod]
    public void A_slow_link_is_no_queue()
    {
        BackgroundCongestionWindow window = new();
        for (int i = 1; i <= 10; i++)
        {
            window.Acknowledged(700 * Ms, wasFull: true, i * 700 * Ms);
        }

        Assert.AreEqual(BackgroundCongestionWindow.First + 10, window.Size);
    }
}
