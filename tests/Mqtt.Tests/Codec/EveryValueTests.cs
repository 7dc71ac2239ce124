using System;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Codec;

namespace Mqtt.Tests.Codec;

/// <summary>Every value of each byte that has few right ones. Source: the tables of MQTT 5.0 and 3.1.1, typed from the standards.</summary>
[TestClass]
public class EveryValueTests
{
    // 2.4, by packet.
    private static readonly Dictionary<PacketType, int[]> s_reasons = new()
    {
        [PacketType.Puback] = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
        [PacketType.Pubrec] = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
        [PacketType.Pubrel] = [0x00, 0x92],
        [PacketType.Pubcomp] = [0x00, 0x92],
        [PacketType.Suback] = [0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2],
        [PacketType.Unsuback] = [0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91],
        [PacketType.Disconnect] =
        [
            0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2,
        ],
        [PacketType.Auth] = [0x00, 0x18, 0x19],
    };

    [TestMethod]
    [DataRow(PacketType.Puback)]
    [DataRow(PacketType.Pubrec)]
    [DataRow(PacketType.Pubrel)]
    [DataRow(PacketType.Pubcomp)]
    [DataRow(PacketType.Suback)]
    [DataRow(PacketType.Unsuback)]
    [DataRow(PacketType.Disconnect)]
    [DataRow(PacketType.Auth)]
    public void Each_packet_takes_its_own_reasons_and_no_other(object packet)
    {
        PacketType type = (PacketType)packet;
        for (int reason = 0; reason < 256; reason++)
        {
            byte[] body = type switch
            {
                PacketType.Suback or PacketType.Unsuback => [0, 1, 0, (byte)reason],
                PacketType.Disconnect or PacketType.Auth => [(byte)reason],
                _ => [0, 1, (byte)reason],
            };
            Assert.AreEqual(s_reasons[type].Contains(reason), Reads(type, 0, body, MqttVersion.V5), $"{type} 0x{reason:X2}");
        }
    }

    [TestMethod]
    public void The_acknowledgements_of_version_3_1_1_have_three_codes_and_a_failure()
    {
        for (int code = 0; code < 256; code++)
        {
            Assert.AreEqual(code is 0 or 1 or 2 or 0x80, Reads(PacketType.Suback, 0, [0, 1, (byte)code], MqttVersion.V311), $"0x{code:X2}");
            Assert.AreEqual(code <= 5, Reads(PacketType.Connack, 0, [0, (byte)code], MqttVersion.V311), $"0x{code:X2}");
            Assert.AreEqual(code == 0, Reads(PacketType.Connack, 0, [1, (byte)code], MqttVersion.V311), $"present, 0x{code:X2}");
            Assert.AreEqual(code <= 1, Reads(PacketType.Connack, 0, [(byte)code, 0], MqttVersion.V311), $"flags 0x{code:X2}");
        }

        Assert.IsTrue(Reads(PacketType.Unsuback, 0, [0, 1], MqttVersion.V311));
        Assert.IsFalse(Reads(PacketType.Unsuback, 0, [0, 1, 0], MqttVersion.V311));
        Assert.IsFalse(Reads(PacketType.Suback, 0, [0, 1], MqttVersion.V311));
        Assert.IsFalse(Reads(PacketType.Suback, 0, [0, 1, 0], MqttVersion.V5));
        Assert.IsFalse(Reads(PacketType.Unsuback, 0, [0, 1, 0], MqttVersion.V5));
    }

    [TestMethod]
    public void Each_option_of_a_subscription_is_read_from_its_bits()
    {
        for (int options = 0; options < 256; options++)
        {
            bool isRight5 = (options & 3) != 3 && (options & 0xC0) == 0 && (options & 0x30) != 0x30;
            byte[] body5 = [0, 9, 0, 0, 1, (byte)'a', (byte)options];
            Assert.AreEqual(isRight5, Reads(PacketType.Subscribe, 2, body5, MqttVersion.V5), $"0x{options:X2}");
            if (isRight5)
            {
                SubscriptionRequest request = PacketReader.Subscribe(body5, MqttVersion.V5).Filters.Single();
                Assert.AreEqual(new SubscriptionRequest("a", (MqttQos)(options & 3), (options & 4) != 0, (options & 8) != 0, (byte)(options >> 4)), request);
            }

            Assert.AreEqual(options < 3, Reads(PacketType.Subscribe, 2, [0, 9, 0, 1, (byte)'a', (byte)options], MqttVersion.V311), $"0x{options:X2}");
        }
    }

    [TestMethod]
    [DataRow(5)]
    [DataRow(4)]
    public void Each_flag_of_a_connection_is_read_from_its_bit(int level)
    {
        for (int flags = 0; flags < 256; flags++)
        {
            bool will = (flags & 4) != 0;
            bool user = (flags & 0x80) != 0;
            bool password = (flags & 0x40) != 0;
            List<byte> body = [0, 4, .. "MQTT"u8, (byte)level, (byte)flags, 1, 2];
            body.AddRange(level == 5 ? [0] : (ReadOnlySpan<byte>)[]);
            body.AddRange([0, 1, (byte)'c']);
            if (will)
            {
                body.AddRange(level == 5 ? [5, 0x18, 0, 0, 0, 7] : (ReadOnlySpan<byte>)[]);
                body.AddRange([0, 1, (byte)'w', 0, 2, 8, 9]);
            }

            body.AddRange(user ? [0, 1, (byte)'u'] : (ReadOnlySpan<byte>)[]);
            body.AddRange(password ? [0, 2, 3, 4] : (ReadOnlySpan<byte>)[]);
            int qos = (flags >> 3) & 3;
            bool isRight = (flags & 1) == 0 && qos != 3 && (will || (qos == 0 && (flags & 0x20) == 0)) && (level == 5 || user || !password);
            Assert.AreEqual(isRight, Reads(PacketType.Connect, 0, [.. body], (MqttVersion)level), $"0x{flags:X2}");
            if (!isRight)
            {
                continue;
            }

            ConnectPacket packet = PacketReader.Connect(body.ToArray());
            Assert.AreEqual((MqttVersion)level, packet.Version);
            Assert.AreEqual((flags & 2) != 0, packet.CleanStart);
            Assert.AreEqual(258, packet.KeepAliveSeconds);
            Assert.AreEqual("c", packet.ClientId);
            Assert.AreEqual(user ? "u" : null, packet.UserName);
            CollectionAssert.AreEqual(password ? new byte[] { 3, 4 } : null, packet.Password);
            Assert.AreEqual(will && level == 5 ? 7u : 0u, packet.WillDelaySeconds);
            if (packet.Will is { } message)
            {
                Assert.AreEqual(("w", (MqttQos)qos, (flags & 0x20) != 0), (message.Topic, message.Qos, message.Retain));
                CollectionAssert.AreEqual(new byte[] { 8, 9 }, message.Payload.ToArray());
            }

            Assert.AreEqual(will, packet.Will is not null);
            WireWriter writer = new();
            PacketWriter.Connect(writer, packet);
            CollectionAssert.AreEqual(body, writer.Packet.ToArray()[2..]);
        }
    }

    [TestMethod]
    public void Each_flag_of_a_message_is_read_from_its_bit_and_written_to_it()
    {
        foreach (MqttVersion version in new[] { MqttVersion.V311, MqttVersion.V5 })
        {
            for (int flags = 0; flags < 16; flags++)
            {
                int qos = (flags >> 1) & 3;
                bool isRight = qos != 3 && (qos != 0 || (flags & 8) == 0);
                byte[] body = [0, 1, (byte)'a', .. qos > 0 ? new byte[] { 0, 5 } : [], .. version == MqttVersion.V5 ? new byte[] { 0 } : [], 7];
                Assert.AreEqual(isRight, Reads(PacketType.Publish, flags, body, version), $"{version} {flags:X}");
                if (!isRight)
                {
                    continue;
                }

                PublishPacket packet = new PacketReader().Publish(body, flags, version);
                Assert.AreEqual(("a", (MqttQos)qos, (flags & 1) != 0, (flags & 8) != 0), (packet.Message.Topic, packet.Message.Qos, packet.Message.Retain, packet.Message.Duplicate));
                Assert.AreEqual(qos > 0 ? 5 : 0, packet.PacketId);
                CollectionAssert.AreEqual(new byte[] { 7 }, packet.Message.Payload.ToArray());
                Assert.AreEqual(0, packet.TopicAlias);
                Assert.IsEmpty(packet.SubscriptionIdentifiers);
                WireWriter writer = new();
                int length = PacketWriter.Publish(writer, version, "a", [7], (MqttQos)qos, (flags & 1) != 0, (flags & 8) != 0, 5, null, null, 0, []);
                Assert.AreEqual(body.Length + 2, length);
                CollectionAssert.AreEqual(new[] { (byte)(0x30 | flags), (byte)body.Length }.Concat(body).ToArray(), writer.Packet.ToArray());
            }
        }
    }

    [TestMethod]
    public void Short_forms_are_written_where_the_standard_has_them()
    {
        Written("40 02 00 07", w => PacketWriter.Ack(w, PacketType.Puback, MqttVersion.V5, 7, 0));
        Written("40 03 00 07 10", w => PacketWriter.Ack(w, PacketType.Puback, MqttVersion.V5, 7, 0x10));
        Written("40 04 00 07 00 00", w => PacketWriter.Ack(w, PacketType.Puback, MqttVersion.V5, 7, 0, new MqttProperties()));
        Written("40 02 00 07", w => PacketWriter.Ack(w, PacketType.Puback, MqttVersion.V311, 7, 0x10));
        Written("62 02 00 07", w => PacketWriter.Ack(w, PacketType.Pubrel, MqttVersion.V311, 7, 0));
        Written("50 02 00 07", w => PacketWriter.Ack(w, PacketType.Pubrec, MqttVersion.V311, 7, 0));
        Written("E0 00", w => PacketWriter.Reason(w, PacketType.Disconnect, MqttVersion.V5, 0));
        Written("E0 01 8B", w => PacketWriter.Reason(w, PacketType.Disconnect, MqttVersion.V5, 0x8B));
        Written("E0 02 00 00", w => PacketWriter.Reason(w, PacketType.Disconnect, MqttVersion.V5, 0, new MqttProperties()));
        Written("E0 00", w => PacketWriter.Reason(w, PacketType.Disconnect, MqttVersion.V311, 0x8B));
        Written("C0 00", w => PacketWriter.Empty(w, PacketType.Pingreq));
        Written("20 02 01 00", w => PacketWriter.Connack(w, new ConnackPacket { SessionPresent = true }, MqttVersion.V311));
        Written("20 03 00 87 00", w => PacketWriter.Connack(w, new ConnackPacket { Code = 0x87 }, MqttVersion.V5));
        SubackPacket codes = new() { PacketId = 7 };
        codes.Codes.AddRange([1, 0x80]);
        Written("90 04 00 07 01 80", w => PacketWriter.Suback(w, PacketType.Suback, codes, MqttVersion.V311));
        Written("90 05 00 07 00 01 80", w => PacketWriter.Suback(w, PacketType.Suback, codes, MqttVersion.V5));
        Written("B0 02 00 07", w => PacketWriter.Suback(w, PacketType.Unsuback, codes, MqttVersion.V311));
        Written("B0 05 00 07 00 01 80", w => PacketWriter.Suback(w, PacketType.Unsuback, codes, MqttVersion.V5));
        SubscribePacket filters = new() { PacketId = 7 };
        filters.Filters.Add(new SubscriptionRequest("a", MqttQos.ExactlyOnce, true, true, 2));
        Written("82 06 00 07 00 01 61 02", w => PacketWriter.Subscribe(w, filters, MqttVersion.V311));
        Written("82 07 00 07 00 00 01 61 2E", w => PacketWriter.Subscribe(w, filters, MqttVersion.V5));
        Written("A2 05 00 07 00 01 61", w => PacketWriter.Unsubscribe(w, filters, MqttVersion.V311));
        Written("A2 06 00 07 00 00 01 61", w => PacketWriter.Unsubscribe(w, filters, MqttVersion.V5));
    }

    [TestMethod]
    public void A_topic_is_read_rightly_whatever_was_read_before_it()
    {
        // More topics than places to keep them, each twice, and lengths around the longest that is kept.
        PacketReader reader = new();
        List<string> topics = [.. Enumerable.Range(0, 500).Select(i => "t/" + i), new('x', 255), new('x', 256), new('x', 257), new('y', 256), new('y', 257)];
        foreach (string topic in topics.Concat(topics))
        {
            for (int again = 0; again < 2; again++)
            {
                WireWriter writer = new();
                PacketWriter.Publish(writer, MqttVersion.V311, topic, [], MqttQos.AtMostOnce, false, false, 0, null, null, 0, []);
                int head = writer.Packet.Length - topic.Length - 2;
                Assert.AreEqual(topic, reader.Publish(writer.Packet[head..].ToArray(), 0, MqttVersion.V311).Message.Topic);
            }
        }
    }

    private static void Written(string hex, Action<WireWriter> write)
    {
        WireWriter writer = new();
        write(writer);
        Assert.AreEqual(hex, string.Join(' ', writer.Packet.ToArray().Select(b => b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture))));
    }

    private static bool Reads(PacketType type, int flags, byte[] body, MqttVersion version)
    {
        ReadOnlySpan<byte> input = [(byte)(((int)type << 4) | (type is PacketType.Pubrel ? 2 : flags)), (byte)body.Length, .. body];
        try
        {
            Framer framer = new(1000);
            Assert.IsTrue(framer.TryRead(ref input));
            RandomPackets.Read(framer, version);
            return true;
        }
        catch (MqttProtocolException)
        {
            return false;
        }
    }
}
