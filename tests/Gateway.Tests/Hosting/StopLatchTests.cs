using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Mqtt;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Hosting;

/// <summary>STOP's own path to the loop.</summary>
[TestClass]
public sealed class StopLatchTests
{
    [TestMethod]
    public async Task All_that_ask_between_two_turns_are_one_stop_and_a_later_one_is_another()
    {
        StopLatch latch = new();
        FullLoop loop = new();
        List<Action<StopResult>> stops = [];
        Task<StopResult?> first = latch.AskAsync(loop, TimeSpan.FromMinutes(1), CancellationToken.None);
        Task<StopResult?> second = latch.AskAsync(loop, TimeSpan.FromMinutes(1), CancellationToken.None);
        Assert.AreEqual(2, loop.Woken, "a loop that sleeps is woken");
        latch.Step(stops.Add);
        latch.Step(stops.Add);
        Assert.HasCount(1, stops);
        Task<StopResult?> third = latch.AskAsync(loop, TimeSpan.FromMinutes(1), CancellationToken.None);
        latch.Step(stops.Add);
        Assert.HasCount(2, stops);
        stops[0](new StopResult(2, 1, false));
        Assert.AreEqual(2, (await first)!.Value.Sent);
        Assert.AreEqual(1, (await second)!.Value.Taken);
        Assert.IsFalse(third.IsCompleted);
        stops[1](new StopResult(1, 1, true));
        Assert.IsTrue((await third)!.Value.IsConfirmed);
    }

    [TestMethod]
    public async Task A_loop_that_does_not_turn_is_said_so_and_whoever_is_gone_has_stopped_all_the_same()
    {
        StopLatch latch = new();
        Assert.IsNull(await latch.AskAsync(new FullLoop(), TimeSpan.FromMilliseconds(1), CancellationToken.None));
        using CancellationTokenSource gone = new();
        Task<StopResult?> asked = latch.AskAsync(new FullLoop(), TimeSpan.FromMinutes(1), gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => asked);
        int stops = 0;
        latch.Step(_ => stops++);
        Assert.AreEqual(1, stops);
    }

    [TestMethod]
    public async Task A_stop_that_throws_is_told_to_who_asked_and_the_next_one_is_done()
    {
        StopLatch latch = new();
        Task<StopResult?> failed = latch.AskAsync(new FullLoop(), TimeSpan.FromMinutes(1), CancellationToken.None);
        latch.Step(static _ => throw new InvalidOperationException("a rule was broken"));
        Assert.AreEqual("a rule was broken", (await Assert.ThrowsExactlyAsync<InvalidOperationException>(() => failed)).Message);
        Task<StopResult?> next = latch.AskAsync(new FullLoop(), TimeSpan.FromMinutes(1), CancellationToken.None);
        latch.Step(static done => done(new StopResult(1, 1, true)));
        Assert.IsTrue((await next)!.Value.IsConfirmed);
    }

    /// <summary>A loop whose queue is full.</summary>
    private sealed class FullLoop : IMqttLoop
    {
        public int Woken { get; private set; }

        public long NowUs => 0;

        public bool TryPost(Action work)
        {
            Woken++;
            return false;
        }
    }
}
