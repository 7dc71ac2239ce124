using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Codec;
using EdgeGateway.Mqtt.Server;
using Mqtt.Tests.Codec;
using Simulators.Peers;

namespace Mqtt.Tests.Server;

/// <summary>
/// Mutated inputs into the server, before CONNECT and after, whole and in pieces: no exception is even caught, the honest connection beside works
/// on, and what the server holds stays bounded. With <c>CART_LONG=1</c> millions, with a corpus that grows by what led to a new answer.
/// </summary>
[TestClass]
public class FuzzTests
{
    private const ulong Seed = 20_260;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void Mutated_first_packets_close_at_most_their_own_connection() => Run(LongRun.Choose(36_000, 3_000_000), afterConnect: false);

    [TestMethod]
    public void Mutated_packets_of_a_session_close_at_most_their_own_connection() => Run(LongRun.Choose(36_000, 3_000_000), afterConnect: true);

    private void Run(int inputs, bool afterConnect)
    {
        var mutator = new Mutator(Seed + (afterConnect ? 1UL : 0UL), Corpus(afterConnect));
        var options = new MqttServerOptions
        {
            MaxUnidentified = 64,
            MaxSessions = 300,
            MaxAbsentSessions = 64,
            MaxRetainedMessages = 100,
            MaxSubscriptionsPerSession = 50,
            MaxFiltersPerPacket = 50,
            MaxTopicLength = 512,
            MaxQueuedBytesInAll = 4 * 1024 * 1024,
            MaxConnectLength = 16 * 1024,
        };
        var world = new World(options);
        world.Handler.OnPublished = (_, message, _) => message.Topic.Length % 5 == 0 && message.Topic != "good/topic" ? MqttPublishDisposition.Refuse : MqttPublishDisposition.Accept;
        World.Peer good = world.Connect("good");
        good.Subscribe("good/topic");
        var seen = new HashSet<long>();
        int closed = 0;
        long began = TimeProvider.System.GetTimestamp();
        for (int i = 0; i < inputs; i++)
        {
            byte[] input = mutator.Next();
            try
            {
                closed += One(world, mutator, input, afterConnect, seen) ? 1 : 0;
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {Seed}, input {i} {Convert.ToHexString(input.AsSpan(0, Math.Min(200, input.Length)))}: {e}");
            }

            if (world.Server.Counters.Faults > 0)
            {
                Assert.Fail($"seed {Seed}, input {i} {Convert.ToHexString(input.AsSpan(0, Math.Min(200, input.Length)))}: a fault was caught; {string.Join(" ", world.Handler.Faults)}");
            }

            if (i % 500 == 0)
            {
                world.Handler.Messages.Clear();
                world.Handler.Events.Clear();
                world.Drops.Clear();
                world.Closings.Clear();
                good.Handler.Messages.Clear();
                world.Advance(1_000_000);
                good.Publish("good/topic", $"{i}");
                Assert.Contains($"{i}", good.Texts(), $"seed {Seed}, input {i}");
                Assert.IsLessThanOrEqualTo(300, world.Server.SessionCount);
                Assert.IsLessThanOrEqualTo(64, world.Server.AbsentSessionCount);
                Assert.IsLessThanOrEqualTo(100, world.Server.RetainedCount);
                Assert.IsLessThanOrEqualTo(4L * 1024 * 1024, world.Server.QueuedBytes);
            }
        }

        Assert.AreEqual(0, good.Handler.LostCount);
        Assert.IsGreaterThan(inputs / 8, closed, "most inputs are refused");
        Assert.IsLessThan(inputs, closed, "some are not");
        GC.Collect();
        TestContext.WriteLine(
            $"{inputs} inputs in {TimeProvider.System.GetElapsedTime(began).TotalMilliseconds:F0} ms, {closed} connections closed, corpus {mutator.CorpusCount}, {GC.GetTotalMemory(true) / 1024} KiB held");
    }

    /// <returns>True when the server closed the connection.</returns>
    private static bool One(World world, Mutator mutator, byte[] input, bool afterConnect, HashSet<long> seen)
    {
        MqttVersion version = mutator.Below(2) == 0 ? MqttVersion.V311 : MqttVersion.V5;
        var peer = new CountingPeer();
        IMqttServerConnection inward = world.Server.Accept(peer, "fuzz", null, world.NowUs);
        if (afterConnect)
        {
            string id = $"fuzz{mutator.Below(20)}";
            inward.Received(version == MqttVersion.V5 ? MqttBytes.Connect5(id, mutator.Below(2) == 0, 30, 60) : MqttBytes.Connect311(id, mutator.Below(2) == 0, 30), world.NowUs);
        }

        int chunks = mutator.Below(3);
        for (int at = 0; at < input.Length;)
        {
            int take = chunks == 0 ? input.Length : Math.Min(input.Length - at, 1 + mutator.Below(chunks == 1 ? 4 : 100));
            inward.Received(input.AsSpan(at, take), world.NowUs);
            at += take;
        }

        bool closed = peer.IsClosed;
        if (seen.Count < 100_000 && seen.Add(peer.Shape))
        {
            mutator.Keep(input);
        }

        inward.Closed(world.NowUs);
        return closed;
    }

    private static List<byte[]> Corpus(bool afterConnect)
    {
        var random = new Random(4);
        List<byte[]> corpus = [.. HostileBytes.FirstBytes];
        for (int i = 0; i < 400; i++)
        {
            AnyPacket packet = RandomPackets.Next(random);
            if (afterConnect || packet.Type == PacketType.Connect)
            {
                corpus.Add(RandomPackets.Write(packet));
            }
        }

        // Several packets in one piece, so that a change in one moves the others.
        int single = corpus.Count;
        for (int i = 0; i < 40; i++)
        {
            corpus.Add([.. corpus[random.Next(single)], .. corpus[random.Next(single)], .. corpus[random.Next(single)]]);
        }

        return corpus;
    }

    /// <summary>A transport that remembers the outline of what it was sent: two inputs with the same outline are no news.</summary>
    private sealed class CountingPeer : IMqttConnection
    {
        public bool IsClosed { get; private set; }

        public long Shape { get; private set; } = 17;

        public int PendingBytes => 0;

        public void Write(ReadOnlySpan<byte> bytes) => Shape = (Shape * 31) + bytes[0] + (bytes.Length > 2 ? bytes[2] * 257 : 0);

        public void Close()
        {
            IsClosed = true;
            Shape = (Shape * 31) + 1;
        }
    }
}
