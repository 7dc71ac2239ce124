using System;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Transports;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Hosting;

/// <summary>The uplink's connections on real sockets.</summary>
[TestClass]
public sealed class TcpUplinkConnectorTests
{
    [TestMethod]
    public async Task A_connection_opens_carries_bytes_both_ways_and_closes_once()
    {
        using TcpListener broker = new(IPAddress.Loopback, 0);
        broker.Start();
        using MqttLoop loop = new(TimeProvider.System, "uplink");
        loop.Start();
        using TcpUplinkConnector uplink = new(loop, "127.0.0.1", ((IPEndPoint)broker.LocalEndpoint).Port, TimeProvider.System);
        using Seen seen = new();
        loop.TryPost(() => uplink.Connect(seen));
        using (TcpClient peer = await broker.AcceptTcpClientAsync().WaitAsync(LiveGateway.Patience))
        {
            IMqttConnection connection = (IMqttConnection)(await seen.NextAsync()).What;
            loop.TryPost(() => connection.Write("up"u8));
            await LiveGateway.UntilAsync(peer.GetStream(), "up"u8.ToArray());
            await peer.GetStream().WriteAsync("down"u8.ToArray());
            string text = string.Empty;
            while (text.Length < 4)
            {
                text += (await seen.NextAsync()).What;
            }

            Assert.AreEqual("down", text);
        }

        Assert.AreEqual("closed", (await seen.NextAsync()).Kind);
        TaskCompletionSource turned = new();
        loop.TryPost(turned.SetResult);
        await turned.Task.WaitAsync(LiveGateway.Patience);
        Assert.IsTrue(seen.IsEmpty, "closed once");
    }

    [TestMethod]
    public async Task An_attempt_that_fails_ends_with_one_reason()
    {
        using TcpListener nobody = new(IPAddress.Loopback, 0);
        nobody.Start();
        int port = ((IPEndPoint)nobody.LocalEndpoint).Port;
        nobody.Stop();
        using MqttLoop loop = new(TimeProvider.System, "uplink");
        loop.Start();
        using TcpUplinkConnector uplink = new(loop, "127.0.0.1", port, TimeProvider.System);
        using Seen seen = new();
        loop.TryPost(() => uplink.Connect(seen));
        (string kind, object why) = await seen.NextAsync();
        Assert.AreEqual("closed", kind);
        Assert.AreNotEqual(string.Empty, why);
    }

    private sealed class Seen : IUplinkEvents, IDisposable
    {
        private readonly ConcurrentQueue<(string Kind, object What)> _events = [];
        private readonly System.Threading.SemaphoreSlim _news = new(0);

        public bool IsEmpty => _events.IsEmpty;

        public async Task<(string Kind, object What)> NextAsync()
        {
            Assert.IsTrue(await _news.WaitAsync(LiveGateway.Patience));
            Assert.IsTrue(_events.TryDequeue(out (string Kind, object What) next));
            return next;
        }

        public void Dispose() => _news.Dispose();

        public void Opened(IMqttConnection connection, long nowUs) => Add("opened", connection);

        public void Received(ReadOnlySpan<byte> bytes, long nowUs) => Add("received", Encoding.ASCII.GetString(bytes));

        public void Closed(string text, long nowUs) => Add("closed", text);

        private void Add(string kind, object what)
        {
            _events.Enqueue((kind, what));
            _news.Release();
        }
    }
}
