using System;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.AspNetCore;
using EdgeGateway.Mqtt.Server;
using EdgeGateway.Mqtt.Transports;

namespace Mqtt.Tests.Transports;

[TestClass]
public class TransportTests
{
    [TestMethod]
    public async Task Client_and_broker_meet_over_tcp_and_a_stopped_broker_says_so()
    {
        var broker = new MqttBroker(new MqttServerOptions(), TimeProvider.System);
        await broker.StartAsync(0);
        using var client = new LiveClient(new MqttClientOptions { ClientId = "c" });
        client.Open(broker.Port);
        client.Expect("connected anew");
        client.Do(nowUs => client.Client.Subscribe("a", MqttQos.AtLeastOnce, nowUs));
        client.Expect("subscribed a 0x01");
        client.Publish("a", new string('x', 300_000), MqttQos.AtLeastOnce, 1);
        client.ExpectBoth("acknowledged 1 0x00", "received a " + new string('x', 300_000));
        await broker.DisposeAsync();
        client.Expect("lost 0x8B");
    }

    [TestMethod]
    public void A_refused_connection_is_told()
    {
        int port;
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        using var client = new LiveClient(new MqttClientOptions { ClientId = "c" });
        client.Open(port);
        client.ExpectBeginning($"failed no connection to mqtt://127.0.0.1:{port}:");
    }

    /// <summary>A peer that sends and never reads: what it is owed stays bounded, because it is no longer read from.</summary>
    [TestMethod]
    public async Task A_peer_that_does_not_read_is_held_back()
    {
        using var loop = new MqttLoop(TimeProvider.System, "test");
        var server = new MqttServer(new MqttServerOptions(), new RecordingServerHandler());
        loop.AddStep(server.Step);
        loop.Start();
        var up = new Pipe(new PipeOptions(pauseWriterThreshold: 65_536, resumeWriterThreshold: 32_768));
        var down = new Pipe(new PipeOptions(pauseWriterThreshold: 65_536, resumeWriterThreshold: 32_768));
        var handler = new MqttConnectionHandler(loop, server, TimeProvider.System);
        Task serving = handler.ServeAsync(new DuplexPipe(up.Reader, down.Writer), "test", null, () => down.Reader.CancelPendingRead());

        byte[] connect = Convert.FromHexString("100D00044D51545404020000000161");
        await up.Writer.WriteAsync(connect);
        byte[] pings = new byte[64 * 1024];
        for (int i = 0; i < pings.Length; i += 2)
        {
            pings[i] = 0xC0;
        }

        // Each PINGREQ is owed an answer of the same length, so what was sent and not yet answered stands in bounded places: 64 KiB and
        // one chunk in each pipe, 512 KiB and one read in the peer.
        const long Outstanding = 1_024 * 1_024;
        const int Chunks = 128;
        long sent = 0;
        using var full = new ManualResetEventSlim();
        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < Chunks; i++)
            {
                await up.Writer.WriteAsync(pings);
                if (Interlocked.Add(ref sent, pings.Length) >= 512 * 1_024)
                {
                    full.Set();
                }
            }

            await up.Writer.CompleteAsync();
        });
        Assert.IsTrue(full.Wait(TimeSpan.FromSeconds(20)), "the bounds are that large");
        long read = -4; // CONNACK
        while (true)
        {
            ReadResult result = await down.Reader.ReadAsync();
            Assert.IsLessThan(Outstanding, Interlocked.Read(ref sent) - read, "the sender is held back");
            read += result.Buffer.Length;
            down.Reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted || read == (long)Chunks * pings.Length)
            {
                break;
            }
        }

        await sending;
        Assert.AreEqual((long)Chunks * pings.Length, read, "every answer comes");
        await serving;
    }

    [TestMethod]
    public void A_loop_runs_what_is_posted_in_order_and_says_no_at_its_bound()
    {
        using var loop = new MqttLoop(TimeProvider.System, "test", maxQueued: 3);
        string ran = string.Empty;
        using var done = new ManualResetEventSlim();
        Assert.IsTrue(loop.TryPost(() => ran += "1"));
        Assert.IsTrue(loop.TryPost(() => ran += "2"));
        Assert.IsTrue(loop.TryPost(done.Set));
        Assert.IsFalse(loop.TryPost(() => ran += "3"));
        loop.Start();
        Assert.IsTrue(done.Wait(TimeSpan.FromSeconds(20)));
        Assert.AreEqual("12", ran);
        loop.Dispose();
        Assert.IsFalse(loop.TryPost(() => ran += "4"));
    }

    [TestMethod]
    public void A_loop_steps_at_the_wanted_time_by_the_clock_it_was_given()
    {
        using var time = new HandTime();
        using var loop = new MqttLoop(time, "test");
        using var first = new ManualResetEventSlim();
        using var due = new ManualResetEventSlim();
        loop.AddStep(nowUs =>
        {
            if (nowUs >= 5_000_000)
            {
                due.Set();
                return long.MaxValue;
            }

            first.Set();
            return 5_000_000;
        });
        loop.Start();
        Assert.IsTrue(first.Wait(TimeSpan.FromSeconds(20)));
        time.WaitForTimer();
        Assert.IsFalse(due.IsSet);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.IsTrue(due.Wait(TimeSpan.FromSeconds(20)));
    }

    [TestMethod]
    public void A_fault_in_a_loop_stops_it_and_is_told()
    {
        using var told = new ManualResetEventSlim();
        Exception? fault = null;
        using var loop = new MqttLoop(TimeProvider.System, "test", faulted: e => { fault = e; told.Set(); });
        loop.TryPost(() => throw new InvalidOperationException("broken"));
        loop.Start();
        Assert.IsTrue(told.Wait(TimeSpan.FromSeconds(20)));
        Assert.AreEqual("broken", fault!.Message);
        Assert.IsFalse(loop.TryPost(() => { }));
    }

    private sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>A clock moved by hand, with one timer.</summary>
    private sealed class HandTime : TimeProvider, IDisposable
    {
        private readonly ManualResetEventSlim _armed = new();
        private long _ticks;
        private TimerCallback? _callback;

        public void Dispose() => _armed.Dispose();

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _ticks);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _callback = callback;
            return new HandTimer(_armed);
        }

        public void WaitForTimer() => Assert.IsTrue(_armed.Wait(TimeSpan.FromSeconds(20)));

        public void Advance(TimeSpan by)
        {
            Interlocked.Add(ref _ticks, by.Ticks);
            _callback!(null);
        }

        private sealed class HandTimer(ManualResetEventSlim armed) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                if (dueTime > TimeSpan.Zero)
                {
                    armed.Set();
                }

                return true;
            }

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
