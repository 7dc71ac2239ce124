using System.Collections.Generic;
using System.Text;
using Simulators.Peers;

namespace Simulators.Cart.Pod;

/// <summary>Packets of MQTT 3.1.1 that a pod's library sends, and the cutting of what it receives.</summary>
internal static class M2MqttPackets
{
    /// <summary>PINGREQ.</summary>
    public static byte[] Ping => [0xC0, 0];

    /// <summary>CONNECT, clean session, with a retained will of QoS 1.</summary>
    public static byte[] Connect(string clientId, string willTopic, byte[] will, int keepAliveSeconds) => MqttBytes.Packet(
        0x10,
        [.. MqttBytes.Text("MQTT"), 4, 0x2E, (byte)(keepAliveSeconds >> 8), (byte)keepAliveSeconds, .. MqttBytes.Text(clientId), .. MqttBytes.Text(willTopic), (byte)(will.Length >> 8), (byte)will.Length, .. will]);

    /// <summary>SUBSCRIBE at QoS 1.</summary>
    public static byte[] Subscribe(int packetId, IReadOnlyList<string> filters)
    {
        List<byte> body = [(byte)(packetId >> 8), (byte)packetId];
        foreach (string filter in filters)
        {
            body.AddRange(MqttBytes.Text(filter));
            body.Add(1);
        }

        return MqttBytes.Packet(0x82, [.. body]);
    }

    /// <summary>PUBLISH; packet identifier 0 for QoS 0.</summary>
    public static byte[] Publish(string topic, byte[] payload, int packetId, bool retain, bool duplicate)
    {
        byte[] id = packetId == 0 ? [] : [(byte)(packetId >> 8), (byte)packetId];
        return MqttBytes.Packet((byte)(0x30 | (duplicate ? 8 : 0) | (packetId == 0 ? 0 : 2) | (retain ? 1 : 0)), [.. MqttBytes.Text(topic), .. id, .. payload]);
    }

    /// <summary>PUBACK.</summary>
    public static byte[] Acknowledge(int packetId) => [0x40, 2, (byte)(packetId >> 8), (byte)packetId];

    /// <summary>Cuts the next packet off.</summary>
    /// <param name="bytes">What has come; shorter afterwards.</param>
    /// <param name="header">Its first byte.</param>
    /// <param name="body">All behind its length.</param>
    /// <returns>False when no whole packet is there.</returns>
    public static bool TryCut(List<byte> bytes, out byte header, out byte[] body)
    {
        header = 0;
        body = [];
        int length = 0;
        for (int i = 1; i < bytes.Count && i <= 4; i++)
        {
            length |= (bytes[i] & 0x7F) << (7 * (i - 1));
            if ((bytes[i] & 0x80) != 0)
            {
                continue;
            }

            if (bytes.Count < i + 1 + length)
            {
                return false;
            }

            header = bytes[0];
            body = [.. bytes.GetRange(i + 1, length)];
            bytes.RemoveRange(0, i + 1 + length);
            return true;
        }

        return false;
    }

    /// <summary>The topic of a PUBLISH.</summary>
    /// <param name="body">Its body.</param>
    /// <param name="next">Where what follows it begins.</param>
    /// <returns>The topic.</returns>
    public static string Topic(byte[] body, out int next)
    {
        next = 2 + ((body[0] << 8) | body[1]);
        return Encoding.UTF8.GetString(body, 2, next - 2);
    }
}
