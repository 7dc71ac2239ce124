using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO.Pipelines;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.AspNetCore;
using EdgeGateway.Mqtt.Server;
using EdgeGateway.Mqtt.Transports;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Simulators.Peers;

namespace Mqtt.Tests.Transports;

/// <summary>Exceptions and hostile peers at the transports: one connection ends, the loop and the others go on, and nothing is kept of who is gone.</summary>
[TestClass]
public class HostileTransportTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("Accept")]
    [DataRow("Received")]
    [DataRow("Drained")]
    [DataRow("Closed")]
    public async Task An_exception_in_one_connections_work_ends_it_and_not_the_loop(string where)
    {
        Exception? fault = null;
        using var loop = new MqttLoop(TimeProvider.System, "test", faulted: e => fault = e);
        var server = new ThrowingServer { Where = where };
        loop.Start();
        var handler = new MqttConnectionHandler(loop, server, TimeProvider.System);
        using var aborted = new ManualResetEventSlim();
        var up = new Pipe();
        var down = new Pipe(new PipeOptions(pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19));
        Task serving = handler.ServeAsync(new OrderTests.TwoPipes(up.Reader, down.Writer), "bad", null, () => aborted.Set());
        await up.Writer.WriteAsync(new byte[100]);
        if (where == "Closed")
        {
            await server.GotBytes.Task.WaitAsync(Patience);
            await up.Writer.CompleteAsync();
        }

        await serving.WaitAsync(Patience);
        Assert.IsTrue(aborted.IsSet, "the transport is cut");
        Assert.AreEqual(where == "Accept" ? 0 : 1, server.Faulted, "the server is told once");

        // The loop and another connection go on.
        server.Where = string.Empty;
        var good = new Pipe();
        var back = new Pipe();
        Task other = handler.ServeAsync(new OrderTests.TwoPipes(good.Reader, back.Writer), "good", null, () => { });
        await good.Writer.WriteAsync(new byte[7]);
        ReadResult echoed = await back.Reader.ReadAsync().AsTask().WaitAsync(Patience);
        Assert.IsGreaterThan(0L, echoed.Buffer.Length);
        await good.Writer.CompleteAsync();
        await other.WaitAsync(Patience);
        Assert.IsNull(fault);
    }

    [TestMethod]
    public void Guarded_work_of_one_peer_does_not_end_the_loop()
    {
        Exception? fault = null;
        using var loop = new MqttLoop(TimeProvider.System, "test", faulted: e => fault = e);
        loop.Start();
        using var told = new ManualResetEventSlim();
        string seen = string.Empty;
        Assert.IsTrue(loop.TryPost(
            () => throw new InvalidOperationException("one request"),
            e =>
            {
                seen = e.Message;
                told.Set();
            }));
        Assert.IsTrue(told.Wait(Patience));
        using var after = new ManualResetEventSlim();
        Assert.IsTrue(loop.TryPost(after.Set));
        Assert.IsTrue(after.Wait(Patience));
        Assert.AreEqual("one request", seen);
        Assert.IsNull(fault);
    }

    /// <summary>
    /// Hostile connections in waves over real TCP beside an honest client: it is served all the while, and of the others nothing stays reachable. With
    /// <c>CART_LONG=1</c> 20,000 of them, and memory is printed before, during, and 60 s after.
    /// </summary>
    [TestMethod]
    public async Task Of_hostile_connections_nothing_is_left_behind()
    {
        // This test blocks threads of the pool while it waits; the transports need some too.
        ThreadPool.GetMinThreads(out int workers, out int completions);
        ThreadPool.SetMinThreads(Math.Max(workers, 16), completions);
        int waves = LongRun.Choose(4, 50);
        int perWave = LongRun.Choose(125, 400);
        using var loop = new MqttLoop(TimeProvider.System, "test");
        var mqtt = new MqttServer(
            new MqttServerOptions { MaxUnidentified = 64, MaxConnections = 288, MaxSessions = 288, MaxAbsentSessions = 64, MaxQueuedBytesInAll = 32 << 20, MaxTopicLength = 512, MaxConnectLength = 16 << 10 },
            new RecordingServerHandler());
        var recording = new RecordingServer(mqtt);
        loop.AddStep(mqtt.Step);
        loop.Start();
        var handler = new MqttConnectionHandler(loop, recording, TimeProvider.System);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(512);
        using var stop = new CancellationTokenSource();
        Task accepting = AcceptAsync(listener, handler, stop.Token);
        var endpoint = (IPEndPoint)listener.LocalEndpoint;
        using var client = new LiveClient(new MqttClientOptions { ClientId = "honest", KeepAliveSeconds = 5 });
        client.Open(endpoint.Port);
        client.Expect("connected anew");
        client.Do(nowUs => client.Client.Subscribe("h", MqttQos.AtLeastOnce, nowUs));
        client.Expect("subscribed h 0x01");
        long before = Memory();
        long during = before;
        var waits = new List<double>();
        using var hostile = new HostileSockets(endpoint, 9);
        for (int wave = 0; wave < waves; wave++)
        {
            await hostile.OpenAsync(perWave, stop.Token);
            during = Math.Max(during, Environment.WorkingSet);
            long asked = TimeProvider.System.GetTimestamp();
            client.Publish("h", $"wave {wave}", MqttQos.AtLeastOnce, wave + 1);
            client.ExpectBoth($"acknowledged {wave + 1} 0x00", $"received h wave {wave}");
            waits.Add(TimeProvider.System.GetElapsedTime(asked).TotalMilliseconds);
            Assert.IsLessThan(2_000.0, waits[^1], "an honest message waits");
            hostile.Drop();
            Assert.IsLessThanOrEqualTo(64 + 288, mqtt.ConnectionCount);
        }

        Assert.AreEqual(waves * perWave, hostile.Opened + hostile.Refused);
        Assert.AreEqual(0L, mqtt.Counters.Faults);
        await UntilAsync(() => Ask(loop, () => mqtt.ConnectionCount) == 1, "all but the honest one are gone");
        Assert.IsLessThanOrEqualTo(64, Ask(loop, () => mqtt.AbsentSessionCount));
        await UntilAsync(() => recording.Alive() <= 2, "nothing of the others is reachable");
        if (LongRun.IsOn)
        {
            // The figure asked for is that of a minute later.
            using PeriodicTimer minute = new(TimeSpan.FromSeconds(60), TimeProvider.System);
            await minute.WaitForNextTickAsync();
        }

        long after = Environment.WorkingSet;
        long collected = Memory();
        waits.Sort();
        TestContext.WriteLine(
            $"{hostile.Opened} hostile connections: {before >> 20} MB before, {during >> 20} MB during, {after >> 20} MB {(LongRun.IsOn ? "60 s " : string.Empty)}after, {collected >> 20} MB "
            + $"after a collection, {GC.GetTotalMemory(false) >> 20} MB of it on the managed heap; an honest message took {waits[waits.Count / 2]:F1} ms in the median, {waits[^1]:F1} ms at most");
        client.Do(nowUs => client.Client.Disconnect(nowUs));
        await stop.CancelAsync();
        await accepting.WaitAsync(Patience);
    }

    private static long Memory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return Environment.WorkingSet;
    }

    private static int Ask(MqttLoop loop, Func<int> question)
    {
        int answer = 0;
        using var done = new ManualResetEventSlim();
        Assert.IsTrue(loop.TryPost(() =>
        {
            answer = question();
            done.Set();
        }));
        Assert.IsTrue(done.Wait(Patience));
        return answer;
    }

    private static async Task UntilAsync(Func<bool> fact, string what)
    {
        using PeriodicTimer again = new(TimeSpan.FromMilliseconds(50));
        using CancellationTokenSource patience = new(Patience);
        while (!fact())
        {
            Assert.IsTrue(await again.WaitForNextTickAsync(patience.Token), what);
        }
    }

    private static async Task AcceptAsync(TcpListener listener, MqttConnectionHandler handler, CancellationToken stop)
    {
        using var factory = new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), NullLogger.Instance);
        try
        {
            while (true)
            {
                _ = ServeAsync(factory.Create(await listener.AcceptSocketAsync(stop)), handler);
            }
        }
        catch (OperationCanceledException)
        {
            return; // the test is over
        }
    }

    private static async Task ServeAsync(ConnectionContext connection, MqttConnectionHandler handler)
    {
        await using (connection)
        {
            await handler.OnConnectedAsync(connection);
        }
    }

    /// <summary>Remembers, weakly, every connection that it passes on.</summary>
    private sealed class RecordingServer(IMqttServer server) : IMqttServer
    {
        private readonly ConcurrentQueue<WeakReference> _seen = new();

        public int Alive()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            return _seen.Count(s => s.IsAlive);
        }

        public IMqttServerConnection Accept(IMqttConnection connection, string remote, MqttPeerCertificate? certificate, long nowUs)
        {
            IMqttServerConnection inward = server.Accept(connection, remote, certificate, nowUs);
            _seen.Enqueue(new WeakReference(connection));
            _seen.Enqueue(new WeakReference(inward));
            return inward;
        }

        public void Publish(in MqttMessage message, long ticket, long nowUs) => server.Publish(message, ticket, nowUs);

        public void Acknowledge(long token, byte reasonCode, long nowUs) => server.Acknowledge(token, reasonCode, nowUs);

        public void Disconnect(string clientId, byte reasonCode, long nowUs) => server.Disconnect(clientId, reasonCode, nowUs);

        public long Step(long nowUs) => server.Step(nowUs);
    }

    /// <summary>Sends back what it gets, enough of it that the transport reports Drained; throws where it is told to.</summary>
    private sealed class ThrowingServer : IMqttServer, IMqttServerConnection
    {
        private IMqttConnection? _connection;

        public string Where { get; set; } = string.Empty;

        public int Faulted { get; private set; }

        public TaskCompletionSource GotBytes { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IMqttServerConnection Accept(IMqttConnection connection, string remote, MqttPeerCertificate? certificate, long nowUs)
        {
            Throw("Accept");
            _connection = connection;
            return this;
        }

        public void Received(ReadOnlySpan<byte> bytes, long nowUs)
        {
            Throw("Received");
            _connection!.Write(new byte[Where == "Drained" ? 64 * 1024 : bytes.Length]);
            GotBytes.TrySetResult();
        }

        public void Drained(long nowUs) => Throw("Drained");

        public void Closed(long nowUs) => Throw("Closed");

        void IMqttServerConnection.Faulted(Exception exception, long nowUs) => Faulted++;

        public void Publish(in MqttMessage message, long ticket, long nowUs)
        {
        }

        public void Acknowledge(long token, byte reasonCode, long nowUs)
        {
        }

        public void Disconnect(string clientId, byte reasonCode, long nowUs)
        {
        }

        public long Step(long nowUs) => long.MaxValue;

        private void Throw(string place)
        {
            if (place == Where)
            {
                throw new InvalidOperationException(place);
            }
        }
    }
}
