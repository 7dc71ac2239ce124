using System;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Codec;

namespace Mqtt.Tests.Codec;

/// <summary>One case for each thing that the standard forbids within a packet, written as bytes by hand.</summary>
[TestClass]
public class StrictnessTests
{
    [TestMethod]
    [DataRow("00 00", 0x81, "packet type 0")]
    [DataRow("31 FF FF FF FF 01", 0x81, "five bytes of length")]
    [DataRow("30 80 00", 0x81, "length longer than needed")]
    [DataRow("36 05 00 01 61 00 01", 0x81, "QoS 3")]
    [DataRow("38 03 00 01 61", 0x81, "DUP with QoS 0")]
    [DataRow("60 02 00 01", 0x81, "PUBREL flags 0")]
    [DataRow("80 06 00 01 00 01 61 00", 0x81, "SUBSCRIBE flags 0")]
    [DataRow("C1 00", 0x81, "PINGREQ flags 1")]
    [DataRow("C0 01 00", 0x81, "PINGREQ with a body")]
    [DataRow("30 03 00 02 61", 0x81, "topic longer than the packet")]
    [DataRow("30 06 00 01 61 05 01 00", 0x81, "properties longer than the packet")]
    [DataRow("30 03 00 00 00", 0x82, "empty topic without alias")]
    [DataRow("30 04 00 01 2B 00", 0x90, "+ in a topic name")]
    [DataRow("30 04 00 01 23 00", 0x90, "# in a topic name")]
    [DataRow("30 05 00 02 C0 80 00", 0x81, "overlong U+0000")]
    [DataRow("30 05 00 02 C1 A1 00", 0x81, "overlong letter")]
    [DataRow("30 06 00 03 ED A0 80 00", 0x81, "high surrogate")]
    [DataRow("30 06 00 03 ED BF BF 00", 0x81, "low surrogate")]
    [DataRow("30 07 00 04 F4 90 80 80 00", 0x81, "above U+10FFFF")]
    [DataRow("30 04 00 01 00 00", 0x81, "U+0000")]
    [DataRow("30 04 00 01 80 00", 0x81, "lone continuation byte")]
    [DataRow("32 06 00 01 61 00 00 00", 0x81, "packet identifier 0")]
    [DataRow("30 08 00 01 61 04 01 00 01 00", 0x82, "property twice")]
    [DataRow("30 06 00 01 61 02 01 02", 0x82, "payload format 2")]
    [DataRow("30 07 00 01 61 03 23 00 00", 0x94, "topic alias 0")]
    [DataRow("30 06 00 01 61 02 0B 00", 0x82, "subscription identifier 0")]
    [DataRow("30 09 00 01 61 05 11 00 00 00 01", 0x81, "session expiry in PUBLISH")]
    [DataRow("30 06 00 01 61 02 7F 00", 0x81, "unknown property")]
    [DataRow("30 08 00 01 61 04 08 00 01 23", 0x82, "wildcard in the response topic")]
    [DataRow("40 02 00 00", 0x81, "PUBACK for identifier 0")]
    [DataRow("40 03 00 01 01", 0x81, "PUBACK with an unknown reason")]
    [DataRow("40 05 00 01 00 00 00", 0x81, "PUBACK with bytes left")]
    [DataRow("82 03 00 01 00", 0x82, "SUBSCRIBE without filter")]
    [DataRow("82 07 00 01 00 00 01 61 03", 0x81, "QoS 3 in SUBSCRIBE")]
    [DataRow("82 07 00 01 00 00 01 61 30", 0x81, "retain handling 3")]
    [DataRow("82 07 00 01 00 00 01 61 40", 0x81, "reserved subscription bits")]
    [DataRow("82 08 00 01 00 00 02 61 23 00", 0x8F, "a# as filter")]
    [DataRow("82 09 00 01 00 00 03 23 2F 61 00", 0x8F, "#/a as filter")]
    [DataRow("82 06 00 01 00 00 00 00", 0x8F, "empty filter")]
    [DataRow("A2 03 00 01 00", 0x82, "UNSUBSCRIBE without filter")]
    [DataRow("E0 01 05", 0x81, "DISCONNECT with an unknown reason")]
    [DataRow("F0 01 01", 0x81, "AUTH with an unknown reason")]
    [DataRow("F0 07 18 05 16 00 02 01 02", 0x82, "authentication data without method")]
    [DataRow("20 03 02 00 00", 0x81, "reserved CONNACK flags")]
    [DataRow("20 03 01 87 00", 0x82, "session present in a refusal")]
    [DataRow("20 06 00 00 03 21 00 00", 0x82, "Receive Maximum 0")]
    [DataRow("20 08 00 00 05 27 00 00 00 00", 0x82, "Maximum Packet Size 0")]
    [DataRow("20 05 00 00 02 24 02", 0x82, "Maximum QoS 2")]
    [DataRow("10 0D 00 04 4D 51 54 54 05 01 00 00 00 00 00", 0x81, "reserved connect flag")]
    [DataRow("10 0D 00 04 4D 51 54 54 05 18 00 00 00 00 00", 0x81, "will QoS without will")]
    [DataRow("10 0D 00 04 4D 51 54 54 05 1C 00 00 00 00 00", 0x81, "will QoS 3")]
    [DataRow("10 0D 00 04 4D 51 54 54 06 02 00 00 00 00 00", 0x84, "protocol level 6")]
    [DataRow("10 0D 00 04 4D 51 54 58 05 02 00 00 00 00 00", 0x81, "another protocol")]
    [DataRow("10 0E 00 04 4D 51 54 54 05 02 00 00 00 00 00 00", 0x81, "bytes after CONNECT")]
    [DataRow("10 0E 00 04 4D 51 54 54 04 42 00 00 00 00 00 00", 0x81, "password without user name in 3.1.1", MqttVersion.V311)]
    [DataRow("82 06 00 01 00 01 61 04", 0x81, "reserved subscription bits in 3.1.1", MqttVersion.V311)]
    [DataRow("20 02 00 06", 0x81, "reserved return code in 3.1.1", MqttVersion.V311)]
    [DataRow("90 03 00 01 03", 0x81, "reserved SUBACK code in 3.1.1", MqttVersion.V311)]
    [DataRow("E0 01 00", 0x81, "DISCONNECT with a body in 3.1.1", MqttVersion.V311)]
    [DataRow("40 03 00 01 00", 0x81, "PUBACK with a reason in 3.1.1", MqttVersion.V311)]
    public void What_the_standard_forbids_is_refused_with_its_reason(string hex, int reason, string what, MqttVersion version = MqttVersion.V5)
    {
        MqttProtocolException error = Assert.ThrowsExactly<MqttProtocolException>(() => ReadOne(hex, version), what);
        Assert.AreEqual((byte)reason, error.ReasonCode, $"{what}: {error.Message}");
    }

    [TestMethod]
    [DataRow("30 06 00 03 EF BB BF 00", "the byte order mark is a character (1.5.4)")]
    [DataRow("30 06 00 03 EF BF BF 00", "the non-character U+FFFF may be sent (1.5.4)")]
    [DataRow("30 0E 00 01 61 0A 26 00 00 00 00 26 00 00 00 00", "the same user property twice (3.3.2.3.7)")]
    [DataRow("40 02 00 01", "PUBACK without reason")]
    [DataRow("40 03 00 01 10", "PUBACK with a reason and no properties")]
    [DataRow("E0 00", "DISCONNECT without reason")]
    [DataRow("F0 00", "AUTH without reason")]
    public void What_the_standard_allows_is_read(string hex, string what)
    {
        try
        {
            ReadOne(hex, MqttVersion.V5);
        }
        catch (MqttProtocolException e)
        {
            Assert.Fail($"{what}: {e.Message}");
        }
    }

    [TestMethod]
    public void A_packet_above_the_maximum_is_refused_by_its_header_alone()
    {
        var framer = new Framer(100);
        Assert.AreEqual(MqttReason.PacketTooLarge, Assert.ThrowsExactly<MqttProtocolException>(() =>
        {
            ReadOnlySpan<byte> input = [0x30, 0x63];
            framer.TryRead(ref input);
        }).ReasonCode);
        ReadOnlySpan<byte> fits = [0x30, 0x62];
        Assert.IsFalse(new Framer(100).TryRead(ref fits));
    }

    [TestMethod]
    public void An_announced_length_costs_no_memory_until_bytes_come()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            ReadOnlySpan<byte> input = [0x30, 0xFF, 0xFF, 0xFF, 0x7F, 1, 2, 3];
            Assert.IsFalse(new Framer(Wire.MaxVarint + 5).TryRead(ref input));
        }

        Assert.IsLessThan(200_000L, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void A_publisher_that_repeats_its_topics_costs_no_strings()
    {
        var w = new WireWriter();
        PacketWriter.Publish(w, MqttVersion.V5, "pod/0011223344556677/up", new byte[200], MqttQos.AtLeastOnce, false, false, 7, null, null, 0, []);
        byte[] packet = w.Packet.ToArray();
        var framer = new Framer(10_000);
        var reader = new PacketReader();
        long Bytes(int rounds)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < rounds; i++)
            {
                ReadOnlySpan<byte> input = packet;
                framer.TryRead(ref input);
                reader.Publish(framer.Body, framer.Flags, MqttVersion.V5);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Bytes(100);
        Assert.AreEqual(0L, Bytes(1_000));
    }

    private static void ReadOne(string hex, MqttVersion version)
    {
        ReadOnlySpan<byte> input = Convert.FromHexString(hex.Replace(" ", string.Empty, StringComparison.Ordinal));
        var framer = new Framer(100_000);
        Assert.IsTrue(framer.TryRead(ref input), "the packet is whole");
        RandomPackets.Read(framer, version);
    }
}
