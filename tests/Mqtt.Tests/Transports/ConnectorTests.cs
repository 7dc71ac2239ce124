using System;
using System.Threading.Tasks;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.AspNetCore;
using EdgeGateway.Mqtt.Server;
using EdgeGateway.Mqtt.Transports;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Mqtt.Tests.Transports;

/// <summary>An owner of outgoing transports hears of each end exactly once.</summary>
[TestClass]
public sealed class ConnectorTests
{
    [TestMethod]
    [DataRow(true, DisplayName = "this side closes")]
    [DataRow(false, DisplayName = "the broker closes")]
    public async Task Each_opened_transport_is_told_closed_once(bool ownClose)
    {
        await using MqttBroker broker = new(new MqttServerOptions { ConnectTimeoutSeconds = 1 }, TimeProvider.System);
        await broker.StartAsync(0);
        using MqttLoop loop = new(TimeProvider.System, "test");
        loop.Start();
        for (int attempt = 0; attempt < 3; attempt++)
        {
            Owner owner = new(ownClose);
            using MqttTcpConnector connector = new(loop, owner, TimeProvider.System);
            connector.Connect("127.0.0.1", broker.Port, owner.Failed);

            // Without a CONNECT the broker ends the connection by itself.
            await owner.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
            TaskCompletionSource after = new();
            loop.TryPost(after.SetResult);
            await after.Task;
            Assert.AreEqual("opened closed", owner.Heard);
        }
    }

    [TestMethod]
    public void A_broker_that_stops_reading_is_left_and_the_next_connection_is_made()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        int port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        using var client = new LiveClient(new MqttClientOptions { ClientId = "c", KeepAliveSeconds = 0, AnswerTimeoutSeconds = 1, Version = MqttVersion.V311 });
        client.Open(port);
        using System.Net.Sockets.Socket first = listener.AcceptSocket();
        first.Send([0x20, 0x02, 0x00, 0x00]);
        client.Expect("connected anew");
        byte[] large = new byte[100_000];
        string? fact = null;
        while (fact is null)
        {
            // The network's own buffers fill first, however large they are.
            client.Do(nowUs =>
            {
                while (client.Client.TryPublish(new MqttMessage { Topic = "a", Payload = large }, 0, nowUs))
                {
                }
            });
            fact = client.TryNext(TimeSpan.FromMilliseconds(20));
        }

        Assert.AreEqual("lost 0x80", fact);
        Assert.AreEqual(MqttLossKind.Unanswered, client.Client.LastLoss);
        client.Open(port);
        using System.Net.Sockets.Socket second = listener.AcceptSocket();
        second.Send([0x20, 0x02, 0x00, 0x00]);
        client.Expect("connected anew");
    }

    [TestMethod]
    public async Task What_was_written_before_a_close_reaches_the_peer()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        using MqttLoop loop = new(TimeProvider.System, "test");
        loop.Start();
        Owner owner = new(ownClose: true) { LastWords = new byte[300_000] };
        using MqttTcpConnector connector = new(loop, owner, TimeProvider.System);
        connector.Connect("127.0.0.1", ((System.Net.IPEndPoint)listener.LocalEndpoint).Port, owner.Failed);
        using System.Net.Sockets.Socket peer = await listener.AcceptSocketAsync();
        byte[] buffer = new byte[64 * 1024];
        int got = 0;
        for (int count = 1; count > 0;)
        {
            count = await peer.ReceiveAsync(buffer);
            got += count;
        }

        peer.Close();
        Assert.AreEqual(owner.LastWords.Length, got);
        await owner.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private sealed class Owner(bool ownClose) : IMqttTransportEvents
    {
        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Heard { get; private set; } = string.Empty;

        public byte[] LastWords { get; init; } = [];

        public void Failed(string text) => Ended.TrySetException(new InvalidOperationException(text));

        public void Opened(IMqttConnection connection, long nowUs)
        {
            Heard += "opened";
            if (ownClose)
            {
                connection.Write(LastWords);
                connection.Close();
            }
        }

        public void Received(ReadOnlySpan<byte> bytes, long nowUs)
        {
        }

        public void Drained(long nowUs)
        {
        }

        public void Closed(long nowUs)
        {
            Heard += " closed";
            Ended.TrySetResult();
        }
    }
}
