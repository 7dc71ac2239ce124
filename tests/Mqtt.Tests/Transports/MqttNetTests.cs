using System;
using System.Buffers;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using System.Threading.Tasks;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.AspNetCore;
using EdgeGateway.Mqtt.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;
using NetClientOptionsBuilder = MQTTnet.MqttClientOptionsBuilder;
using NetServer = MQTTnet.Server.MqttServer;
using NetServerFactory = MQTTnet.Server.MqttServerFactory;
using NetServerOptionsBuilder = MQTTnet.Server.MqttServerOptionsBuilder;

namespace Mqtt.Tests.Transports;

/// <summary>
/// Against MQTTnet 5.2, a second implementation of somebody else's: its client at our server over TCP and WebSocket, our client at its server. Its client does not keep to
/// the broker's Receive Maximum, so here it waits for each acknowledgement.
/// </summary>
[TestClass]
public sealed class MqttNetTests
{
    private static readonly bool IsLong = string.Equals(Environment.GetEnvironmentVariable("CART_LONG"), "1", StringComparison.Ordinal);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [TestMethod]
    [DataRow("tcp", MqttProtocolVersion.V311, MqttQualityOfServiceLevel.AtMostOnce, 100)]
    [DataRow("tcp", MqttProtocolVersion.V311, MqttQualityOfServiceLevel.ExactlyOnce, 50)]
    [DataRow("tcp", MqttProtocolVersion.V500, MqttQualityOfServiceLevel.AtLeastOnce, 1_000)]
    [DataRow("tcp", MqttProtocolVersion.V500, MqttQualityOfServiceLevel.ExactlyOnce, 50)]
    [DataRow("ws", MqttProtocolVersion.V311, MqttQualityOfServiceLevel.AtLeastOnce, 50)]
    [DataRow("ws", MqttProtocolVersion.V500, MqttQualityOfServiceLevel.AtMostOnce, 100)]
    public async Task Its_client_at_our_server(string transport, MqttProtocolVersion version, MqttQualityOfServiceLevel qos, int messages)
    {
        messages = IsLong ? 10_000 : messages;
        await using OurServer server = await OurServer.StartAsync(transport);
        using NetClient publisher = await NetClient.ConnectAsync(server, version, "publisher");
        await publisher.SendAsync("a/kept", "retained", qos, retain: true);
        using NetClient subscriber = await NetClient.ConnectAsync(server, version, "subscriber");
        await subscriber.Client.SubscribeAsync("a/#", MqttQualityOfServiceLevel.ExactlyOnce);
        Assert.AreEqual("a/kept retained True", await subscriber.NextAsync());

        string large = new('x', 200_000);
        await publisher.SendAsync("a/large", large, qos);
        Assert.AreEqual("a/large " + large + " False", await subscriber.NextAsync());
        for (int i = 0; i < messages; i++)
        {
            await publisher.SendAsync("a/n", i.ToString(CultureInfo.InvariantCulture), qos);
        }

        for (int i = 0; i < messages; i++)
        {
            Assert.AreEqual($"a/n {i} False", await subscriber.NextAsync());
        }

        publisher.Client.Dispose(); // without DISCONNECT
        Assert.AreEqual("a/will publisher is gone False", await subscriber.NextAsync());
        Assert.AreEqual(0, server.Server.Counters.DroppedTotal);
        Assert.AreEqual(0, server.Server.Counters.ClosedForCause);
    }

    [TestMethod]
    [DataRow(MqttVersion.V311, MqttQos.AtMostOnce)]
    [DataRow(MqttVersion.V311, MqttQos.AtLeastOnce)]
    [DataRow(MqttVersion.V311, MqttQos.ExactlyOnce)]
    [DataRow(MqttVersion.V5, MqttQos.AtMostOnce)]
    [DataRow(MqttVersion.V5, MqttQos.AtLeastOnce)]
    [DataRow(MqttVersion.V5, MqttQos.ExactlyOnce)]
    public async Task Our_client_at_its_server(MqttVersion version, MqttQos qos)
    {
        int messages = IsLong ? 50_000 : 1_000;
        (NetServer server, int port) = await StartAsync();
        using var leaver = new LiveClient(new EdgeGateway.Mqtt.MqttClientOptions { ClientId = "leaver", Version = version, Will = new MqttMessage { Topic = "a/will", Payload = "leaver is gone"u8.ToArray(), Qos = qos } });
        leaver.Open(port);
        leaver.Expect("connected anew");
        leaver.Do(nowUs => leaver.Client.Subscribe("a/kept", MqttQos.AtMostOnce, nowUs));
        leaver.Expect("subscribed a/kept 0x00");
        leaver.Do(nowUs => Assert.IsTrue(leaver.Client.TryPublish(new MqttMessage { Topic = "a/kept", Payload = "retained"u8.ToArray(), Qos = qos, Retain = true }, 1, nowUs)));

        // Its server reads what is retained before it notes a subscription; what it has delivered to somebody it has retained before.
        if (qos == MqttQos.AtMostOnce)
        {
            leaver.Expect("received a/kept retained");
        }
        else
        {
            leaver.ExpectBoth("received a/kept retained", "acknowledged 1 0x00");
        }

        using var client = new LiveClient(new EdgeGateway.Mqtt.MqttClientOptions { ClientId = "c", Version = version, SessionExpirySeconds = 60, KeepInFlight = true });
        client.Open(port);
        client.Expect("connected anew");
        client.Do(nowUs => client.Client.Subscribe("a/#", MqttQos.ExactlyOnce, nowUs));
        client.ExpectBoth("subscribed a/# 0x02", "received a/kept retained");

        int sent = 0;
        int acknowledged = 0;
        List<string> received = [];
        string large = new('x', 200_000);
        while (received.Count < messages || (qos != MqttQos.AtMostOnce && acknowledged < messages))
        {
            client.Do(nowUs =>
            {
                // QoS 0 has no window; what the server has not yet given back is one.
                while (sent < messages && (qos != MqttQos.AtMostOnce || sent - received.Count < 100)
                    && client.Client.TryPublish(new MqttMessage { Topic = "a/n", Payload = Encoding.UTF8.GetBytes(sent == 0 ? large : $"{sent}"), Qos = qos }, sent + 1, nowUs))
                {
                    sent++;
                }
            });
            string fact = client.Next();
            if (fact.StartsWith("received a/n ", StringComparison.Ordinal))
            {
                received.Add(fact["received a/n ".Length..]);
            }
            else
            {
                StringAssert.StartsWith(fact, "acknowledged ");
                Assert.IsTrue(fact.EndsWith(" 0x00", StringComparison.Ordinal), fact);
                acknowledged++;
            }
        }

        Assert.AreEqual(large, received[0]);
        CollectionAssert.AreEqual(Enumerable.Range(1, messages - 1).Select(i => $"{i}").ToArray(), received.Skip(1).ToArray());
        leaver.Dispose();
        await server.DisconnectClientAsync("leaver", new MQTTnet.Server.MqttServerClientDisconnectOptions { ReasonCode = MqttDisconnectReasonCode.AdministrativeAction });
        client.Expect("received a/will leaver is gone");
        client.Do(client.Client.Disconnect);
        client.Expect("lost 0x00");
        await server.StopAsync(new MQTTnet.Server.MqttServerStopOptions());
        server.Dispose();
    }

    private static async Task<(NetServer Server, int Port)> StartAsync()
    {
        for (int attempt = 0; ; attempt++)
        {
            int port;
            using (var probe = new TcpListener(IPAddress.Loopback, 0))
            {
                probe.Start();
                port = ((IPEndPoint)probe.LocalEndpoint).Port;
            }

            NetServer server = new NetServerFactory().CreateMqttServer(new NetServerOptionsBuilder()
                .WithDefaultEndpoint().WithDefaultEndpointPort(port).WithDefaultEndpointBoundIPAddress(IPAddress.Loopback).WithDefaultEndpointBoundIPV6Address(IPAddress.None)
                .WithMaxPendingMessagesPerClient(10_000).Build());
            try
            {
                await server.StartAsync();
                return (server, port);
            }
            catch (SocketException) when (attempt < 5)
            {
                server.Dispose(); // somebody else took the port meanwhile
            }
        }
    }

    /// <summary>Our server on a socket, or on a WebSocket at /mqtt.</summary>
    private sealed class OurServer : IAsyncDisposable
    {
        private MqttBroker? _broker;
        private WebApplication? _web;

        public MqttServer Server { get; private set; } = null!;

        public string Address { get; private set; } = string.Empty;

        public int Port { get; private set; }

        public bool IsWebSocket => _web is not null;

        public static async Task<OurServer> StartAsync(string transport)
        {
            var made = new OurServer();
            if (transport == "tcp")
            {
                made._broker = new MqttBroker(new MqttServerOptions(), TimeProvider.System);
                await made._broker.StartAsync(0);
                made.Port = made._broker.Port;
                made.Server = made._broker.Server;
                return made;
            }

            MqttBroker broker = new(new MqttServerOptions(), TimeProvider.System);
            made._broker = broker;
            await broker.StartAsync(0); // its loop too
            made.Server = broker.Server;
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            made._web = builder.Build();
            made._web.UseWebSockets();
            made._web.Run(async context => await MqttWebSocket.ServeAsync(context, broker.Loop, broker.Server, TimeProvider.System));
            await made._web.StartAsync();
            string url = made._web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
            made.Address = url.Replace("http:", "ws:", StringComparison.Ordinal) + "/mqtt";
            return made;
        }

        public async ValueTask DisposeAsync()
        {
            await _broker!.DisposeAsync();
            if (_web is not null)
            {
                await _web.DisposeAsync();
            }
        }
    }

    private sealed class NetClient : IDisposable
    {
        private readonly Channel<string> _arrived = Channel.CreateUnbounded<string>();

        public MQTTnet.IMqttClient Client { get; } = new MqttClientFactory().CreateMqttClient();

        public static async Task<NetClient> ConnectAsync(OurServer server, MqttProtocolVersion version, string id)
        {
            var made = new NetClient();
            NetClientOptionsBuilder options = new NetClientOptionsBuilder().WithClientId(id).WithProtocolVersion(version)
                .WithWillTopic("a/will").WithWillPayload(id + " is gone").WithWillQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce);
            options = server.IsWebSocket ? options.WithWebSocketServer(o => o.WithUri(server.Address)) : options.WithTcpServer("127.0.0.1", server.Port);
            made.Client.ApplicationMessageReceivedAsync += e =>
            {
                MqttApplicationMessage m = e.ApplicationMessage;
                made._arrived.Writer.TryWrite($"{m.Topic} {Encoding.UTF8.GetString(m.Payload.ToArray())} {m.Retain}");
                return Task.CompletedTask;
            };
            MqttClientConnectResult result = await made.Client.ConnectAsync(options.Build());
            Assert.AreEqual(MqttClientConnectResultCode.Success, result.ResultCode);
            return made;
        }

        public async Task SendAsync(string topic, string payload, MqttQualityOfServiceLevel qos, bool retain = false)
        {
            MqttClientPublishResult result = await Client.PublishAsync(
                new MqttApplicationMessageBuilder().WithTopic(topic).WithPayload(payload).WithQualityOfServiceLevel(qos).WithRetainFlag(retain).Build());
            Assert.IsTrue(result.IsSuccess, result.ReasonString);
        }

        public async Task<string> NextAsync() => await _arrived.Reader.ReadAsync().AsTask().WaitAsync(Patience);

        public void Dispose() => Client.Dispose();
    }
}
