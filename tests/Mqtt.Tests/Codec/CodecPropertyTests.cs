using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Codec;

namespace Mqtt.Tests.Codec;

/// <summary>What must hold for all packets, tried on seeded random ones.</summary>
[TestClass]
public class CodecPropertyTests
{
    private const int Rounds = 20_000;

    [TestMethod]
    public void Random_packets_split_at_random_places_read_back_equal()
    {
        const int Seed = 20_260_101;
        var random = new Random(Seed);
        var kinds = new SortedSet<PacketType>();
        for (int round = 0; round < Rounds / 20; round++)
        {
            var sent = new List<AnyPacket>();
            var stream = new List<byte>();
            for (int i = 0; i < 20; i++)
            {
                AnyPacket packet = RandomPackets.Next(random);
                kinds.Add(packet.Type);
                sent.Add(packet);
                stream.AddRange(RandomPackets.Write(packet));
            }

            var framer = new Framer(Wire.MaxVarint);
            byte[] bytes = stream.ToArray();
            int read = 0;
            for (int at = 0; at < bytes.Length;)
            {
                int chunk = Math.Min(bytes.Length - at, random.Next(3) == 0 ? random.Next(1, 5) : random.Next(1, 3_000));
                ReadOnlySpan<byte> input = bytes.AsSpan(at, chunk);
                at += chunk;
                while (framer.TryRead(ref input))
                {
                    AnyPacket expected = sent[read++];
                    string got = RandomPackets.Describe(RandomPackets.Read(framer, expected.Version));
                    Assert.AreEqual(RandomPackets.Describe(expected), got, $"seed {Seed}, round {round}, packet {read - 1}");
                }
            }

            Assert.HasCount(read, sent, $"seed {Seed}, round {round}");
            Assert.IsFalse(framer.InPacket);
        }

        Assert.HasCount(15, kinds, "every packet type has been tried");
    }

    [TestMethod]
    public void What_was_read_is_written_as_the_same_bytes()
    {
        const int Seed = 7_001;
        var random = new Random(Seed);
        for (int round = 0; round < 5_000; round++)
        {
            AnyPacket packet = RandomPackets.Next(random);
            if (packet.Content is RandomPackets.AckContent { Properties: not null } or RandomPackets.ReasonContent)
            {
                continue; // these have several forms for one meaning
            }

            byte[] bytes = RandomPackets.Write(packet);
            var framer = new Framer(Wire.MaxVarint);
            ReadOnlySpan<byte> input = bytes;
            Assert.IsTrue(framer.TryRead(ref input));
            CollectionAssert.AreEqual(bytes, RandomPackets.Write(RandomPackets.Read(framer, packet.Version)), $"seed {Seed}, round {round}, {RandomPackets.Describe(packet)}");
        }
    }

    [TestMethod]
    public void Every_prefix_of_a_packet_is_incomplete()
    {
        const int Seed = 41;
        var random = new Random(Seed);
        for (int round = 0; round < 400; round++)
        {
            AnyPacket packet = RandomPackets.Next(random);
            byte[] bytes = RandomPackets.Write(packet);
            if (bytes.Length > 2_000)
            {
                continue;
            }

            for (int length = 0; length < bytes.Length; length++)
            {
                var framer = new Framer(Wire.MaxVarint);
                ReadOnlySpan<byte> input = bytes.AsSpan(0, length);
                Assert.IsFalse(framer.TryRead(ref input), $"seed {Seed}, round {round}: {length} of {bytes.Length} bytes of {packet.Type}");
                Assert.IsTrue(input.IsEmpty);
            }
        }
    }

    /// <summary>A body that is cut short inside its own length is malformed, or says less; it is never read beyond its end.</summary>
    [TestMethod]
    public void A_body_cut_short_is_refused_or_read_as_a_shorter_one()
    {
        const int Seed = 43;
        var random = new Random(Seed);
        int refused = 0;
        for (int round = 0; round < 3_000; round++)
        {
            AnyPacket packet = RandomPackets.Next(random);
            byte[] bytes = RandomPackets.Write(packet);
            if (bytes[1] is < 1 or > 127)
            {
                continue; // one byte of length is enough here
            }

            int cut = random.Next(1, bytes[1] + 1);
            bytes[1] -= (byte)cut;
            if (ReadAll(bytes.AsSpan(0, bytes.Length - cut), packet.Version) is not null)
            {
                refused++;
            }
        }

        Assert.IsGreaterThan(500, refused);
    }

    [TestMethod]
    public void Random_bytes_throw_nothing_but_the_protocol_error()
    {
        const int Seed = 99;
        var random = new Random(Seed);
        int refused = 0;
        for (int round = 0; round < Rounds; round++)
        {
            byte[] bytes = new byte[random.Next(1, 64)];
            random.NextBytes(bytes);
            if (random.Next(2) == 0)
            {
                // A plausible header, so that bodies are reached.
                bytes[0] = (byte)(random.Next(1, 16) << 4);
                bytes[0] |= (byte)((bytes[0] >> 4) is 6 or 8 or 10 ? 2 : 0);
                if (bytes.Length > 1)
                {
                    bytes[1] = (byte)(bytes.Length - 2);
                }
            }

            refused += ReadAll(bytes, random.Next(2) == 0 ? MqttVersion.V311 : MqttVersion.V5) is null ? 0 : 1;
        }

        Assert.IsGreaterThan(Rounds / 4, refused);
    }

    [TestMethod]
    public void Valid_packets_with_flipped_bits_throw_nothing_but_the_protocol_error()
    {
        const int Seed = 100;
        var random = new Random(Seed);
        int refused = 0;
        for (int round = 0; round < Rounds; round++)
        {
            AnyPacket packet = RandomPackets.Next(random);
            byte[] bytes = RandomPackets.Write(packet);
            for (int flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(Math.Min(bytes.Length, 80))] ^= (byte)(1 << random.Next(8));
            }

            refused += ReadAll(bytes, packet.Version) is null ? 0 : 1;
        }

        Assert.IsGreaterThan(Rounds / 10, refused);
    }

    /// <returns>The protocol error that ended the reading, or null.</returns>
    private static MqttProtocolException? ReadAll(ReadOnlySpan<byte> bytes, MqttVersion version)
    {
        var framer = new Framer(100_000);
        try
        {
            while (framer.TryRead(ref bytes))
            {
                RandomPackets.Read(framer, version);
            }
        }
        catch (MqttProtocolException e)
        {
            Assert.IsGreaterThanOrEqualTo((byte)0x80, e.ReasonCode);
            return e;
        }

        return null;
    }
}
