using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Transports;

namespace Mqtt.Tests.Transports;

/// <summary>Both clients at brokers of other makers, by each way of the uplink.</summary>
[TestClass]
public sealed class SecurePeerTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public Task At_MQTTnets_server(bool isMqttNet) => EachWayAsync("mqttnet", isMqttNet);

    [TestMethod]
    [NeedsProgram("mosquitto")]
    [DataRow(false)]
    [DataRow(true)]
    public Task At_mosquitto(bool isMqttNet) => EachWayAsync("mosquitto", isMqttNet);

    private static async Task EachWayAsync(string name, bool isMqttNet)
    {
        await using SecurePeer peer = await SecurePeer.StartAsync(name);
        foreach (string way in SecurePeer.Ways)
        {
            foreach (MqttVersion version in (MqttVersion[])[MqttVersion.V5, MqttVersion.V311])
            {
                // mosquitto's WebSocket takes some 25 ms for each.
                int messages = way is "ws" or "wss" ? LongRun.Choose(20, 2_000) : LongRun.Choose(100, 20_000);
                using LiveClient client = new(new MqttClientOptions { ClientId = "c-" + way, Version = version, CleanStart = true }, isMqttNet);
                Echo(client, peer.Endpoint(way), messages, way + " " + version);
            }
        }

        // What the transport is told of a certificate that nobody vouches for, and of a path that is none.
        using LiveClient stranger = new(new MqttClientOptions { ClientId = "s", CleanStart = true }, isMqttNet);
        stranger.Open(peer.Endpoint("wss") with { Tls = new MqttTlsOptions { Trust = [] } });
        stranger.ExpectBeginning("failed Untrusted");
        stranger.Open(peer.Endpoint("tls") with { Tls = new MqttTlsOptions { Trust = peer.Endpoint("tls").Tls!.Trust, ServerName = "other.example" } });
        stranger.ExpectBeginning("failed NameWrong");
    }

    private static void Echo(LiveClient client, MqttEndpoint endpoint, int messages, string what)
    {
        client.Open(endpoint);
        client.Expect("connected anew");
        client.Do(nowUs => client.Client.Subscribe("a/#", MqttQos.AtLeastOnce, nowUs));
        client.Expect("subscribed a/# 0x01");
        int sent = 0;
        int acknowledged = 0;
        List<string> received = [];
        string large = new('x', 100_000);
        while (received.Count < messages || acknowledged < messages)
        {
            client.Do(nowUs =>
            {
                while (sent < messages && client.Client.TryPublish(
                    new MqttMessage { Topic = "a/n", Payload = Encoding.UTF8.GetBytes(sent == 0 ? large : sent.ToString(CultureInfo.InvariantCulture)), Qos = MqttQos.AtLeastOnce }, sent + 1, nowUs))
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
                StringAssert.StartsWith(fact, "acknowledged ", what);
                StringAssert.EndsWith(fact, " 0x00", what);
                acknowledged++;
            }
        }

        Assert.AreEqual(large, received[0], what);
        CollectionAssert.AreEqual(Enumerable.Range(1, messages - 1).Select(i => i.ToString(CultureInfo.InvariantCulture)).ToArray(), received.Skip(1).ToArray(), what);
        client.Do(client.Client.Disconnect);
        client.Expect("lost 0x00");
    }
}
