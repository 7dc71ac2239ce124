using System;
using System.Buffers.Binary;
using System.Text;
using EdgeGateway.Mqtt;

namespace Benchmarks;

/// <summary>
/// The other end of a connection to the gateway's MQTT server, in the same thread, that allocates nothing once its buffers stand: what is measured is the gateway and not a client.
/// It answers each PUBLISH of QoS 1 with PUBACK, at once or when it is allowed to again, and counts.
/// </summary>
internal sealed class RawPeer : IMqttConnection
{
    private const int Connect = 0x10, Publish = 0x30, Puback = 0x40, Subscribe = 0x82, Qos1 = 0x02;

    private readonly bool _isVersion5;
    private readonly IMqttServerConnection _server;
    private byte[] _in = new byte[256 * 1024];
    private int _inLength;
    private byte[] _answers = new byte[16 * 1024];
    private byte[] _sending = new byte[16 * 1024];
    private int _answersLength;

    /// <summary>Opens the connection and says CONNECT, without keep-alive.</summary>
    /// <param name="server">The server.</param>
    /// <param name="clientId">The client identifier.</param>
    /// <param name="isVersion5">True for MQTT 5.0, false for 3.1.1.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public RawPeer(IMqttServer server, string clientId, bool isVersion5, long nowUs)
    {
        _isVersion5 = isVersion5;
        _server = server.Accept(this, clientId, null, nowUs);
        byte[] id = Encoding.ASCII.GetBytes(clientId);
        byte[] body = [0, 4, .. "MQTT"u8, (byte)(isVersion5 ? 5 : 4), 0x02 /* clean start */, 0, 0, .. isVersion5 ? new byte[1] : [], 0, (byte)id.Length, .. id];
        Send([Connect, (byte)body.Length, .. body], nowUs);
    }

    /// <summary>PUBACKs that arrived.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>PUBLISH packets of QoS 1 that arrived.</summary>
    public int Received { get; private set; }

    /// <summary>True to keep the answers until it is false again.</summary>
    public bool IsSilent { get; set; }

    /// <summary>True when the server has closed the connection.</summary>
    public bool IsClosed { get; private set; }

    /// <inheritdoc/>
    public int PendingBytes => 0;

    /// <summary>A PUBLISH of QoS 1 to 3.1.1's layout.</summary>
    /// <param name="topic">The topic, ASCII.</param>
    /// <param name="payload">The payload.</param>
    /// <param name="packetId">1 to 65,535.</param>
    /// <returns>The packet.</returns>
    public static byte[] Message(string topic, ReadOnlySpan<byte> payload, int packetId)
    {
        int length = 2 + topic.Length + 2 + payload.Length;
        byte[] packet = new byte[1 + LengthBytes(length) + length];
        packet[0] = Publish | Qos1;
        int at = 1;
        for (int rest = length; ; rest >>= 7)
        {
            packet[at++] = (byte)((rest & 0x7F) | (rest > 0x7F ? 0x80 : 0));
            if (rest <= 0x7F)
            {
                break;
            }
        }

        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(at), (ushort)topic.Length);
        at += 2 + Encoding.ASCII.GetBytes(topic, packet.AsSpan(at + 2));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(at), (ushort)packetId);
        payload.CopyTo(packet.AsSpan(at + 2));
        return packet;
    }

    /// <summary>Subscribes at QoS 1.</summary>
    /// <param name="filter">The filter, ASCII, at most 100 characters.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void SubscribeTo(string filter, long nowUs)
    {
        byte[] body = [0, 1, .. _isVersion5 ? new byte[1] : [], 0, (byte)filter.Length, .. Encoding.ASCII.GetBytes(filter), 1];
        Send([Subscribe, (byte)body.Length, .. body], nowUs);
    }

    /// <summary>Hands a packet to the server.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Send(ReadOnlySpan<byte> packet, long nowUs) => _server.Received(packet, nowUs);

    /// <summary>Hands over the answers that are due.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when there were any.</returns>
    public bool Answer(long nowUs)
    {
        if (_answersLength == 0 || IsSilent)
        {
            return false;
        }

        // The server may write while it reads.
        (_sending, _answers) = (_answers, _sending);
        int length = _answersLength;
        _answersLength = 0;
        _server.Received(_sending.AsSpan(0, length), nowUs);
        return true;
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (_in.Length - _inLength < bytes.Length)
        {
            Array.Resize(ref _in, (_inLength + bytes.Length) * 2);
        }

        bytes.CopyTo(_in.AsSpan(_inLength));
        _inLength += bytes.Length;
        int at = 0;
        while (TryPacket(_in.AsSpan(at, _inLength - at), out int head, out int length))
        {
            Take(_in[at], _in.AsSpan(at + head, length));
            at += head + length;
        }

        _in.AsSpan(at, _inLength - at).CopyTo(_in);
        _inLength -= at;
    }

    /// <inheritdoc/>
    public void Close() => IsClosed = true;

    private static int LengthBytes(int length) => length < 1 << 7 ? 1 : length < 1 << 14 ? 2 : 3;

    private static bool TryPacket(ReadOnlySpan<byte> bytes, out int head, out int length)
    {
        length = 0;
        for (head = 1; head < bytes.Length; head++)
        {
            length |= (bytes[head] & 0x7F) << (7 * (head - 1));
            if (bytes[head] < 0x80)
            {
                head++;
                return bytes.Length - head >= length;
            }
        }

        return false;
    }

    private void Take(byte first, ReadOnlySpan<byte> body)
    {
        if ((first & 0xF0) == Puback)
        {
            Acknowledged++;
        }
        else if ((first & 0xF0) == Publish && (first & 0x06) == Qos1)
        {
            Received++;
            if (_answers.Length - _answersLength < 4)
            {
                Array.Resize(ref _answers, _answers.Length * 2);
            }

            int topic = BinaryPrimitives.ReadUInt16BigEndian(body);
            ReadOnlySpan<byte> answer = [Puback, 2, body[2 + topic], body[3 + topic]];
            answer.CopyTo(_answers.AsSpan(_answersLength));
            _answersLength += answer.Length;
        }
    }
}
