using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.Codec;
using Mqtt.Tests.Codec;

namespace Mqtt.Tests.Client;

/// <summary>Bytes of a server that were changed on purpose: whatever comes, a client ends that connection at most, once, and the next one works.</summary>
[TestClass]
public class ClientFuzzTests
{
    private const int Seed = 20_261;
    private const int InputsPerClient = 50;

    private static int Inputs => string.Equals(Environment.GetEnvironmentVariable("CART_LONG"), "1", StringComparison.Ordinal) ? 4_000_000 : 40_000;

    [TestMethod]
    public void Changed_bytes_of_a_server_end_one_connection_at_most()
    {
        var random = new Random(Seed);
        List<byte[]> corpus = Corpus(random);
        int survived = 0;
        int ended = 0;
        for (int input = 0; input < Inputs;)
        {
            var handler = new RecordingClientHandler();
            MqttVersion version = random.Next(3) == 0 ? MqttVersion.V311 : MqttVersion.V5;
            var client = new MqttClient(
                new MqttClientOptions { ClientId = "c", Version = version, KeepInFlight = random.Next(2) == 0, SessionExpirySeconds = 60, Window = 8, MaxPacketLength = 64 * 1024, UnretainedWhenUnavailable = true },
                handler);
            client.Subscribe("a/#", MqttQos.ExactlyOnce, 0);
            long nowUs = 0;
            int connections = 0;
            for (int i = 0; i < InputsPerClient; i++, input++)
            {
                byte[] bytes = Mutate(corpus[random.Next(corpus.Count)], corpus[random.Next(corpus.Count)], random);
                try
                {
                    nowUs += 1_000;
                    connections++;
                    client.Open(new Sink(), nowUs);
                    bool isIn = random.Next(5) > 0;
                    if (isIn)
                    {
                        client.Received(version == MqttVersion.V5 ? [0x20, 0x03, 0x00, 0x00, 0x00] : [0x20, 0x02, 0x00, 0x00], nowUs);
                        Publish(client, random, nowUs);
                    }

                    for (int at = 0; at < bytes.Length;)
                    {
                        int chunk = random.Next(3) == 0 ? 1 : random.Next(1, bytes.Length - at + 1);
                        client.Received(bytes.AsSpan(at, Math.Min(chunk, bytes.Length - at)), nowUs);
                        at += chunk;
                    }

                    client.Step(nowUs);
                    Publish(client, random, nowUs);
                    bool lives = client.IsConnected;
                    survived += lives ? 1 : 0;
                    ended += lives ? 0 : 1;
                    client.Closed(nowUs);
                    Assert.AreEqual(connections, handler.LostCount, "one loss for each connection");
                    Assert.IsFalse(client.IsConnected);
                    if (i % 10 == 9)
                    {
                        connections++;
                        AnHonestServerIsServed(client, handler, version, nowUs);
                        client.Closed(nowUs);
                        handler.Messages.Clear();
                        handler.Tokens.Clear();
                        handler.Acknowledgements.Clear();
                        handler.Subscriptions.Clear();
                        handler.Events.Clear();
                    }
                }
                catch (Exception e)
                {
                    throw new AssertFailedException($"seed {Seed}, input {input}: {Convert.ToHexString(bytes)}\n{e}", e);
                }
            }
        }

        // Else the changes are too coarse or too fine to try anything.
        Assert.IsGreaterThan(Inputs / 20, survived);
        Assert.IsGreaterThan(Inputs / 20, ended);
    }

    private static void Publish(MqttClient client, Random random, long nowUs)
    {
        for (int i = 0; i < 3; i++)
        {
            client.TryPublish(new MqttMessage { Topic = "a/b", Payload = new byte[] { 1 }, Qos = (MqttQos)random.Next(3), Retain = random.Next(4) == 0 }, i + 1, nowUs);
        }
    }

    /// <summary>A server without a session takes the connection: what waits goes out, a new message is acknowledged, one of its own arrives.</summary>
    private static void AnHonestServerIsServed(MqttClient client, RecordingClientHandler handler, MqttVersion version, long nowUs)
    {
        var peer = new RawPeer(version);
        client.Open(peer, nowUs);
        Assert.AreEqual(PacketType.Connect, peer.TryNext()?.Type);
        client.Received(version == MqttVersion.V5 ? [0x20, 0x03, 0x00, 0x00, 0x00] : [0x20, 0x02, 0x00, 0x00], nowUs);
        Serve(client, peer, version, nowUs);
        Assert.AreEqual(0, client.InFlight);
        int before = handler.Acknowledgements.Count;
        Assert.IsTrue(client.TryPublish(new MqttMessage { Topic = "a/new", Qos = MqttQos.AtLeastOnce }, 99, nowUs));
        Serve(client, peer, version, nowUs);
        Assert.AreEqual((99L, (byte)0), handler.Acknowledgements[before]);
        int messages = handler.Messages.Count;
        client.Received(RandomPackets.Write(new AnyPacket(PacketType.Publish, version, new RandomPackets.PublishContent(new MqttMessage { Topic = "a/b", Qos = MqttQos.AtLeastOnce }, 7, 0, []))), nowUs);
        Assert.HasCount(messages + 1, handler.Messages);
        Assert.IsTrue(client.IsConnected);
    }

    private static void Serve(MqttClient client, RawPeer peer, MqttVersion version, long nowUs)
    {
        while (peer.TryNext() is { } packet)
        {
            AnyPacket? answer = packet.Content switch
            {
                RandomPackets.PublishContent { Message.Qos: MqttQos.AtLeastOnce } p => new AnyPacket(PacketType.Puback, version, new RandomPackets.AckContent(p.PacketId, 0, null)),
                RandomPackets.PublishContent { Message.Qos: MqttQos.ExactlyOnce } p => new AnyPacket(PacketType.Pubrec, version, new RandomPackets.AckContent(p.PacketId, 0, null)),
                RandomPackets.AckContent p when packet.Type == PacketType.Pubrel => new AnyPacket(PacketType.Pubcomp, version, new RandomPackets.AckContent(p.PacketId, 0, null)),
                _ => null,
            };
            if (answer is not null)
            {
                client.Received(RandomPackets.Write(answer), nowUs);
            }
        }
    }

    /// <summary>What a server says, right: alone and in rows of a few packets, among them answers to identifiers that are in use.</summary>
    private static List<byte[]> Corpus(Random random)
    {
        List<byte[]> corpus = [];
        for (int i = 0; i < 600; i++)
        {
            List<byte> row = [];
            for (int k = random.Next(1, 5); k > 0; k--)
            {
                AnyPacket packet;
                do
                {
                    packet = RandomPackets.Next(random);
                }
                while (packet.Type is PacketType.Connect or PacketType.Subscribe or PacketType.Unsubscribe or PacketType.Pingreq && random.Next(20) > 0);
                if (packet.Content is RandomPackets.AckContent ack && random.Next(3) > 0)
                {
                    packet = packet with { Content = ack with { PacketId = (ushort)random.Next(1, 10) } };
                }

                byte[] bytes = RandomPackets.Write(packet);
                if (bytes.Length < 2_000)
                {
                    row.AddRange(bytes);
                }
            }

            corpus.Add([.. row]);
        }

        return corpus;
    }

    private static byte[] Mutate(byte[] from, byte[] other, Random random)
    {
        List<byte> bytes = [.. from];
        for (int changes = random.Next(4); changes > 0 && bytes.Count > 0; changes--)
        {
            int at = random.Next(3) == 0 ? random.Next(Math.Min(6, bytes.Count)) : random.Next(bytes.Count);
            switch (random.Next(8))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes[at] = random.Next(2) == 0 ? (byte)0xFF : (byte)0x7F; break;
                case 3: bytes.RemoveRange(at, random.Next(1, Math.Min(9, bytes.Count - at + 1))); break;
                case 4: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 9), bytes.Count - at))); break;
                case 5: bytes.InsertRange(at, new byte[random.Next(1, 5)]); break;
                case 6: bytes.RemoveRange(at, bytes.Count - at); break;
                default:
                    bytes.RemoveRange(at, bytes.Count - at);
                    bytes.AddRange(other.AsSpan(Math.Min(at, other.Length)));
                    break;
            }
        }

        return [.. bytes];
    }

    private sealed class Sink : IMqttConnection
    {
        public int PendingBytes => 0;

        public void Write(ReadOnlySpan<byte> bytes)
        {
            // A server that only talks.
        }

        public void Close()
        {
        }
    }
}
