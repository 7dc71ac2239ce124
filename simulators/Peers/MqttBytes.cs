using System;
using System.Collections.Generic;
using System.Text;

namespace Simulators.Peers;

/// <summary>MQTT packets as bytes, typed again from the standard and not from the product's codec: a peer may also say what the codec never would.</summary>
public static class MqttBytes
{
    /// <summary>CONNECT of MQTT 3.1.1.</summary>
    /// <param name="clientId">Client identifier.</param>
    /// <param name="cleanSession">Clean session.</param>
    /// <param name="keepAliveSeconds">Keep-alive, s.</param>
    /// <returns>The packet.</returns>
    public static byte[] Connect311(string clientId, bool cleanSession, ushort keepAliveSeconds) =>
        Packet(0x10, [.. Text("MQTT"), 4, (byte)(cleanSession ? 2 : 0), (byte)(keepAliveSeconds >> 8), (byte)keepAliveSeconds, .. Text(clientId)]);

    /// <summary>CONNECT of MQTT 5.</summary>
    /// <param name="clientId">Client identifier.</param>
    /// <param name="cleanStart">Clean start.</param>
    /// <param name="keepAliveSeconds">Keep-alive, s.</param>
    /// <param name="sessionExpirySeconds">Session expiry, s.</param>
    /// <returns>The packet.</returns>
    public static byte[] Connect5(string clientId, bool cleanStart, ushort keepAliveSeconds, uint sessionExpirySeconds) =>
        Packet(
            0x10,
            [
                .. Text("MQTT"), 5, (byte)(cleanStart ? 2 : 0), (byte)(keepAliveSeconds >> 8), (byte)keepAliveSeconds,
                5, 0x11, (byte)(sessionExpirySeconds >> 24), (byte)(sessionExpirySeconds >> 16), (byte)(sessionExpirySeconds >> 8), (byte)sessionExpirySeconds,
                .. Text(clientId),
            ]);

    /// <summary>SUBSCRIBE of MQTT 5 with any number of filters at QoS 1.</summary>
    /// <param name="packetId">Packet identifier.</param>
    /// <param name="filters">The filters.</param>
    /// <returns>The packet.</returns>
    public static byte[] Subscribe5(ushort packetId, params IEnumerable<string> filters)
    {
        ArgumentNullException.ThrowIfNull(filters);
        List<byte> body = [(byte)(packetId >> 8), (byte)packetId, 0];
        foreach (string filter in filters)
        {
            body.AddRange(Text(filter));
            body.Add(1);
        }

        return Packet(0x82, [.. body]);
    }

    /// <summary>PUBLISH of MQTT 5.</summary>
    /// <param name="topic">Topic.</param>
    /// <param name="payload">Payload.</param>
    /// <param name="packetId">Packet identifier at QoS 1; 0 for QoS 0.</param>
    /// <param name="retain">Retain.</param>
    /// <returns>The packet.</returns>
    public static byte[] Publish5(string topic, byte[] payload, ushort packetId, bool retain = false)
    {
        byte[] id = packetId == 0 ? [] : [(byte)(packetId >> 8), (byte)packetId];
        return Packet((byte)(0x30 | (packetId == 0 ? 0 : 2) | (retain ? 1 : 0)), [.. Text(topic), .. id, 0, .. payload]);
    }

    /// <summary>PUBACK of MQTT 5.</summary>
    /// <param name="packetId">Packet identifier.</param>
    /// <param name="reason">Reason code.</param>
    /// <returns>The packet.</returns>
    public static byte[] Puback5(ushort packetId, byte reason) => Packet(0x40, [(byte)(packetId >> 8), (byte)packetId, reason]);

    /// <summary>Any packet with a body.</summary>
    /// <param name="header">First byte.</param>
    /// <param name="body">The body.</param>
    /// <returns>The packet.</returns>
    public static byte[] Packet(byte header, byte[] body)
    {
        ArgumentNullException.ThrowIfNull(body);
        List<byte> packet = [header];
        int length = body.Length;
        do
        {
            packet.Add((byte)((length & 0x7F) | (length > 127 ? 0x80 : 0)));
            length >>= 7;
        }
        while (length > 0);
        packet.AddRange(body);
        return [.. packet];
    }

    /// <summary>A text with its length before it.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The bytes.</returns>
    public static byte[] Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
    }
}
