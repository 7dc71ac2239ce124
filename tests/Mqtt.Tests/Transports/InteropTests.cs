using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.AspNetCore;
using EdgeGateway.Mqtt.Server;

namespace Mqtt.Tests.Transports;

/// <summary>Against the programs of another maker, as processes.</summary>
[TestClass]
public class InteropTests
{
    [TestMethod]
    [NeedsProgram("mosquitto")]
    [DataRow(MqttVersion.V311, MqttQos.AtMostOnce)]
    [DataRow(MqttVersion.V311, MqttQos.AtLeastOnce)]
    [DataRow(MqttVersion.V311, MqttQos.ExactlyOnce)]
    [DataRow(MqttVersion.V5, MqttQos.AtMostOnce)]
    [DataRow(MqttVersion.V5, MqttQos.AtLeastOnce)]
    [DataRow(MqttVersion.V5, MqttQos.ExactlyOnce)]
    public void Our_client_speaks_with_mosquitto(MqttVersion version, MqttQos qos)
    {
        using RunningProgram broker = StartMosquitto(out int port);
        using var client = new LiveClient(new MqttClientOptions { ClientId = "c", Version = version, SessionExpirySeconds = 60, KeepInFlight = true });
        client.Open(port);
        client.Expect("connected anew");
        client.Do(nowUs => client.Client.Subscribe("a/#", MqttQos.ExactlyOnce, nowUs));
        client.Expect("subscribed a/# 0x02");
        client.Publish("a/b", "one", qos, 1);
        if (qos == MqttQos.AtMostOnce)
        {
            client.Expect("received a/b one");
        }
        else
        {
            // The broker may forward before it acknowledges: its order is its own.
            client.ExpectBoth("received a/b one", "acknowledged 1 0x00");
        }

        // A session that mosquitto keeps: what comes meanwhile is there afterwards.
        client.Do(client.Client.Disconnect);
        client.Expect("lost 0x00");
        using (var other = new RunningProgram("mosquitto_pub", "-p", $"{port}", "-t", "a/c", "-m", "meanwhile", "-q", "1"))
        {
            Assert.AreEqual(0, other.WaitForExit());
        }

        client.Open(port);
        client.Expect("connected again");
        client.Expect("received a/c meanwhile");
        client.Do(client.Client.Disconnect);
        client.Expect("lost 0x00");
    }

    [TestMethod]
    [NeedsProgram("mosquitto_pub")]
    [NeedsProgram("mosquitto_sub")]
    [DataRow("mqttv311", "0")]
    [DataRow("mqttv311", "1")]
    [DataRow("mqttv311", "2")]
    [DataRow("mqttv5", "0")]
    [DataRow("mqttv5", "1")]
    [DataRow("mqttv5", "2")]
    public async Task Mosquittos_clients_speak_with_our_broker(string version, string qos)
    {
        await using var broker = new MqttBroker(new MqttServerOptions(), TimeProvider.System);
        await broker.StartAsync(0);
        string port = $"{broker.Port}";

        // A retained message first: once the subscriber has printed it, the subscription is a fact.
        using (var retained = new RunningProgram("mosquitto_pub", "-p", port, "-V", version, "-t", "a/state", "-m", "here", "-q", qos, "-r"))
        {
            Assert.AreEqual(0, retained.WaitForExit(), await retained.Errors.ReadToEndAsync());
        }

        using var subscriber = new RunningProgram("mosquitto_sub", "-p", port, "-V", version, "-t", "a/#", "-q", qos, "-v", "-C", "101", "-W", "20");
        Assert.AreEqual("a/state here", await subscriber.Output.ReadLineAsync());
        using (var publisher = new RunningProgram("mosquitto_pub", "-p", port, "-V", version, "-t", "a/b", "-q", qos, "-l"))
        {
            for (int i = 0; i < 100; i++)
            {
                await publisher.Input.WriteLineAsync($"line {i}");
            }

            publisher.Input.Close();
            Assert.AreEqual(0, publisher.WaitForExit(), await publisher.Errors.ReadToEndAsync());
        }

        for (int i = 0; i < 100; i++)
        {
            Assert.AreEqual($"a/b line {i}", await subscriber.Output.ReadLineAsync());
        }

        Assert.AreEqual(0, subscriber.WaitForExit());
        Assert.AreEqual(0, broker.Server.Counters.DroppedTotal);
    }

    private static RunningProgram StartMosquitto(out int port)
    {
        for (int attempt = 0; ; attempt++)
        {
            using (var probe = new TcpListener(IPAddress.Loopback, 0))
            {
                probe.Start();
                port = ((IPEndPoint)probe.LocalEndpoint).Port;
            }

            string file = Path.Combine(Path.GetTempPath(), $"mqtt-tests-{Environment.ProcessId}-{port}.conf");
            File.WriteAllText(file, $"listener {port} 127.0.0.1\nallow_anonymous true\n");
            var broker = new RunningProgram("mosquitto", "-v", "-c", file);
            string? line;
            do
            {
                line = broker.Errors.ReadLine();
            }
            while (line is not null && !line.EndsWith(" running", StringComparison.Ordinal));
            File.Delete(file);
            if (line is not null)
            {
                _ = broker.Errors.ReadToEndAsync(); // or its pipe fills
                return broker;
            }

            broker.Dispose();
            Assert.IsLessThan(5, attempt, "mosquitto does not start");
        }
    }
}
