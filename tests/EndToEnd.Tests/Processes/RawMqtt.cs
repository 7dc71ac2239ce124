using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;

namespace EndToEnd.Tests.Processes;

/// <summary>The few packets of MQTT 3.1.1 that a fast test client needs, written without this repository's own MQTT.</summary>
internal sealed class RawMqtt : IDisposable
{
    private readonly TcpClient _socket = new() { NoDelay = true };
    private readonly Stream _stream;

    private RawMqtt(string host, int port)
    {
        _socket.Connect(host, port);
        _stream = new BufferedStream(_socket.GetStream(), 64 * 1024);
    }

    public static async Task<RawMqtt> ConnectAsync(int port, string clientId, bool clean, string? filter)
    {
        RawMqtt made = new("127.0.0.1", port);
        await made.SendAsync(0x10, [0, 4, .. "MQTT"u8, 4, (byte)(clean ? 2 : 0), 0, 0, .. Text(clientId)]);
        (byte head, byte[] body) = await made.ReadAsync();
        if (head >> 4 != 2 || body[1] != 0)
        {
            throw new IOException("CONNACK " + body[1]);
        }

        if (filter is not null)
        {
            await made.SendAsync(0x82, [0, 1, .. Text(filter), 1]);
        }

        return made;
    }

    public Task PublishAsync(string topic, ushort id, byte[] payload) => SendAsync(0x32, [.. Text(topic), (byte)(id >> 8), (byte)id, .. payload]);

    public Task AcknowledgeAsync(ushort id) => SendAsync(0x40, [(byte)(id >> 8), (byte)id]);

    public async Task<(byte Head, byte[] Body)> ReadAsync()
    {
        byte[] one = new byte[1];
        await _stream.ReadExactlyAsync(one);
        byte head = one[0];
        int length = 0;
        int shift = 0;
        do
        {
            await _stream.ReadExactlyAsync(one);
            length |= (one[0] & 0x7F) << shift;
            shift += 7;
        }
        while ((one[0] & 0x80) != 0);

        byte[] body = new byte[length];
        await _stream.ReadExactlyAsync(body);
        return (head, body);
    }

    /// <summary>Topic, identifier (0 for QoS 0) and payload of a PUBLISH.</summary>
    public static (string Topic, ushort Id, byte[] Payload) Published(byte head, byte[] body)
    {
        int length = BinaryPrimitives.ReadUInt16BigEndian(body);
        bool counted = (head & 6) != 0;
        ushort id = counted ? BinaryPrimitives.ReadUInt16BigEndian(body.AsSpan(2 + length)) : (ushort)0;
        return (Encoding.UTF8.GetString(body, 2, length), id, body[(2 + length + (counted ? 2 : 0))..]);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    private static IEnumerable<byte> Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
    }

    private async Task SendAsync(byte head, byte[] body)
    {
        List<byte> packet = [head];
        int length = body.Length;
        do
        {
            packet.Add((byte)((length & 0x7F) | (length > 0x7F ? 0x80 : 0)));
            length >>= 7;
        }
        while (length > 0);

        packet.AddRange(body);
        await _socket.GetStream().WriteAsync(packet.ToArray());
    }
}
