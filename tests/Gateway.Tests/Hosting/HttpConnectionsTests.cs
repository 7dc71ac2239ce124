using System;
using System.Buffers;
using System.Collections.Generic;
using System.IO.Pipelines;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Gateway.Http;
using Firmware.Protocol;
using Microsoft.AspNetCore.Connections;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Hosting;

/// <summary>A STOP finds a place beside any number of connections that want nothing, or cannot have it.</summary>
[TestClass]
public sealed class HttpConnectionsTests
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("CART_LONG") == "1";

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("silent", 256)]
    [DataRow("silent", 1000)]
    [DataRow("one byte", 256)]
    [DataRow("one byte", 1000)]
    [DataRow("half a head", 300)]
    [DataRow("kept alive", 300)]
    [DataRow("half a body", 300)]
    public async Task A_stop_is_obeyed_beside_idle_connections(string kind, int count)
    {
        await using LiveGateway gateway = await LiveGateway.StartAsync();
        await using NetworkStream pod = await gateway.PodAsync();
        count = IsLong ? 4 * count : count;
        string text = kind switch
        {
            "silent" => string.Empty,
            "one byte" => "G",
            "half a head" => "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
            "kept alive" => "GET /api/requests HTTP/1.1\r\nHost: localhost\r\n\r\n",
            _ => "PUT /api/session/S1/sound HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
        };
        List<Socket> idle = [];
        try
        {
            for (int i = 0; i < count; i++)
            {
                idle.Add(await gateway.RawAsync(text));
            }

            (int silent, int waiting, int busy) = gateway.Connections.Counts;
            Assert.IsTrue(silent <= HttpConnections.MaxSilent && waiting + busy <= HttpConnections.MaxBusy + HttpConnections.StopPlaces, $"{silent} {waiting} {busy}");
            using HttpClient http = LiveGateway.Client();
            for (int i = 1; i <= 3; i++) // this pod does not acknowledge, so each answer takes its 0.8 s
            {
                long began = TimeProvider.System.GetTimestamp();
                using HttpResponseMessage answer = await http.PostAsync(new Uri(gateway.Origin + RequestGuard.StopPath), null);
                TimeSpan took = TimeProvider.System.GetElapsedTime(began);
                Assert.AreEqual(HttpStatusCode.OK, answer.StatusCode, await answer.Content.ReadAsStringAsync());
                StringAssert.StartsWith(await answer.Content.ReadAsStringAsync(), "{\"state\":\"sent\",\"told\":1,");
                Assert.IsLessThan(2.0, took.TotalSeconds, "seconds to the answer");
                TestContext.WriteLine($"{kind} x {count}: stop {i} after {took.TotalMilliseconds:F1} ms");
            }

            await LiveGateway.UntilAsync(pod, [1, PodCommand.StopCuff]);
        }
        finally
        {
            idle.ForEach(s => s.Dispose());
        }

        // All places come back.
        while (gateway.Connections.Counts is not (0, <= 1, 0))
        {
            await Task.Yield();
        }
    }

    [TestMethod]
    public async Task When_all_places_are_busy_others_are_refused_with_a_code_and_a_stop_is_not()
    {
        await using LiveGateway gateway = await LiveGateway.StartAsync();
        List<Socket> busy = [];
        try
        {
            while (gateway.Connections.Counts.Busy < HttpConnections.MaxBusy)
            {
                busy.Add(await gateway.RawAsync("PUT /api/session/S1/sound HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"));
                Assert.IsLessThan(4000, busy.Count);
            }

            using HttpClient http = LiveGateway.Client();
            using HttpResponseMessage refused = await http.GetAsync(new Uri(gateway.Origin + "/health"));
            Assert.AreEqual(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            StringAssert.Contains(await refused.Content.ReadAsStringAsync(), "G2093");
            using HttpResponseMessage stop = await http.PostAsync(new Uri(gateway.Origin + RequestGuard.StopPath), null);
            Assert.AreEqual(HttpStatusCode.OK, stop.StatusCode);
        }
        finally
        {
            busy.ForEach(s => s.Dispose());
        }
    }

    [TestMethod]
    public async Task Hostile_connections_leave_little_behind()
    {
        await using LiveGateway gateway = await LiveGateway.StartAsync();
        string[] kinds = [string.Empty, "G", "GET /health HTTP/1.1\r\nHost: localhost\r\nX: ", "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", "POST /api/cuff/test HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"];
        int count = IsLong ? 20_000 : 1_000;
        long before = 0, most = 0;
        for (int i = 0; i < count;)
        {
            List<Socket> wave = [];
            for (int j = 0; j < 250; j++, i++)
            {
                wave.Add(await gateway.RawAsync(kinds[i % kinds.Length]));
            }

            most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: false));
            wave.ForEach(s => s.Dispose());
            while (gateway.Connections.Counts is not (0, 0, 0))
            {
                await Task.Yield();
            }

            // What the first wave makes once and for all is no leak.
            before = i == 250 ? GC.GetTotalMemory(forceFullCollection: true) : before;
        }

        long after = GC.GetTotalMemory(forceFullCollection: true);
        TestContext.WriteLine($"{count} connections: managed memory {before / 1024} KiB after 250, at most {most / 1024} KiB, {after / 1024} KiB at the end; working set {Environment.WorkingSet / 1024 / 1024} MiB");
        Assert.IsLessThan(8L * 1024 * 1024, after - before, "bytes left behind");
    }

    [TestMethod]
    public async Task A_gateway_that_stops_stops_the_cuffs_first()
    {
        LiveGateway gateway = await LiveGateway.StartAsync();
        await using NetworkStream pod = await gateway.PodAsync();
        await gateway.DisposeAsync();
        await LiveGateway.UntilAsync(pod, [1, PodCommand.StopCuff]);
    }

    [TestMethod]
    public async Task A_stop_needs_no_place_in_the_loops_queue()
    {
        await using LiveGateway gateway = await LiveGateway.StartAsync();
        using ManualResetEventSlim release = new();
        using HttpClient http = LiveGateway.Client();
        gateway.Service.Loop.TryPost(() => release.Wait());
        while (gateway.Service.Loop.TryPost(static () => { }))
        {
        }

        Task<HttpResponseMessage> stop = http.PostAsync(new Uri(gateway.Origin + RequestGuard.StopPath), null);
        using HttpResponseMessage other = await http.GetAsync(new Uri(gateway.Origin + "/health"));
        Assert.AreEqual(HttpStatusCode.ServiceUnavailable, other.StatusCode, "the queue is full");
        release.Set();
        using HttpResponseMessage answer = await stop;
        Assert.AreEqual(HttpStatusCode.OK, answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    [TestMethod]
    public async Task A_connection_without_a_first_byte_is_closed_after_10_s_and_one_with_a_byte_goes_on()
    {
        foreach (bool speaks in new[] { false, true })
        {
            HttpConnections book = new(_ => false);
            HandMovedTime time = new();
            Pipe input = new(), output = new();
            DefaultConnectionContext connection = new() { Transport = new Ends(input.Reader, output.Writer), RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 1) };
            byte[] seen = [];
            Task served = book.ServeAsync(
                connection,
                async c =>
                {
                    seen = (await c.Transport.Input.ReadAsync()).Buffer.First.ToArray();
                    Assert.AreEqual((0, 1, 0), book.Counts);
                },
                time);
            Assert.AreEqual((1, 0, 0), book.Counts);
            Assert.AreEqual(TimeSpan.FromSeconds(10), time.Due);
            if (speaks)
            {
                await input.Writer.WriteAsync("G"u8.ToArray());
            }
            else
            {
                time.Pass();
            }

            await served;
            Assert.AreEqual(speaks ? "G" : string.Empty, Encoding.ASCII.GetString(seen));
            Assert.AreEqual((0, 0, 0), book.Counts);
        }
    }

    private sealed record Ends(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>One timer that goes off when it is told to.</summary>
    private sealed class HandMovedTime : TimeProvider
    {
        private Action _goOff = () => { };

        public TimeSpan Due { get; private set; }

        public void Pass() => _goOff();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Due = dueTime;
            _goOff = () => callback(state);
            return new Still();
        }

        private sealed class Still : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }

    [TestMethod]
    public void Whoever_wants_nothing_gives_way_the_oldest_first()
    {
        HttpConnections book = new(_ => false);
        List<int> closed = [];
        HttpConnectionEntry Take(int number) => book.Accept(IPAddress.Loopback, () => closed.Add(number))!;
        HttpConnectionEntry[] silent = [.. Enumerable.Range(0, HttpConnections.MaxSilent + 2).Select(Take)];
        CollectionAssert.AreEqual(new[] { 0, 1 }, closed);
        Assert.AreEqual((HttpConnections.MaxSilent, 0, 0), book.Counts);
        book.Spoke(silent[0]);
        Assert.AreEqual(0, book.Counts.Idle, "one that is gone does not come back");
        foreach (HttpConnectionEntry entry in silent)
        {
            book.Gone(entry);
            book.Gone(entry);
        }

        Assert.AreEqual((0, 0, 0), book.Counts);

        // 256 in progress, 2 idle, and one more that speaks: the oldest idle one goes.
        HttpConnectionEntry[] busy = [.. Enumerable.Range(1000, HttpConnections.MaxBusy).Select(Take)];
        foreach (HttpConnectionEntry entry in busy)
        {
            book.Spoke(entry);
            Assert.IsTrue(book.Begin(entry, isStop: false));
        }

        closed.Clear();
        HttpConnectionEntry[] idle = [.. Enumerable.Range(2000, 3).Select(Take)];
        Array.ForEach(idle, book.Spoke);
        CollectionAssert.AreEqual(new[] { 2000 }, closed);
        Assert.IsFalse(book.Begin(idle[1], isStop: false));
        Assert.IsTrue(book.Begin(idle[1], isStop: true));
        Assert.AreEqual((0, 1, 257), book.Counts);
        book.End(idle[1]);
        Assert.AreEqual((0, 2, 256), book.Counts);
        Array.ForEach(busy, book.End);
        Array.ForEach(busy, book.Gone);
        Array.ForEach(idle, book.Gone);
        Assert.AreEqual((0, 0, 0), book.Counts);
    }

    [TestMethod]
    public void One_address_elsewhere_has_a_bound_and_loopback_and_trusted_proxies_have_none()
    {
        IPAddress elsewhere = IPAddress.Parse("192.0.2.7"), proxy = IPAddress.Parse("192.0.2.8");
        HttpConnections book = new(proxy.Equals);
        List<HttpConnectionEntry> open = [];
        for (int i = 0; i < HttpConnections.MaxPerAddress; i++)
        {
            open.Add(book.Accept(elsewhere, () => { })!);
        }

        Assert.IsNull(book.Accept(elsewhere, () => { }));
        foreach (IPAddress free in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback, proxy })
        {
            for (int i = 0; i < 2 * HttpConnections.MaxPerAddress; i++)
            {
                Assert.IsNotNull(book.Accept(free, () => { }));
            }
        }

        // Those of the address were silent and gave way: their places are free again, once each.
        open.ForEach(book.Gone);
        Assert.IsNotNull(book.Accept(elsewhere, () => { }));
    }
}
