using System;

namespace EdgeGateway.Mqtt.Transports;

/// <summary>
/// A connection between a client and a server in one thread and without time of its own: bytes wait in two queues until
/// <see cref="Pump"/> moves them, in pieces of any size. It can be cut at any byte.
/// </summary>
public sealed class MqttMemoryLink
{
    private readonly IMqttServer _server;
    private readonly IMqttClient _client;
    private readonly string _remote;
    private Pipe? _up;
    private Pipe? _down;
    private IMqttServerConnection? _inward;

    /// <summary>Makes a link that is down.</summary>
    /// <param name="server">The server.</param>
    /// <param name="client">The client.</param>
    /// <param name="remote">The client's name in the server's logs.</param>
    public MqttMemoryLink(IMqttServer server, IMqttClient client, string remote)
    {
        _server = server;
        _client = client;
        _remote = remote;
    }

    /// <summary>What the server is told that carries the bytes.</summary>
    public MqttTransport Transport { get; init; }

    /// <summary>What the server is told as the client's address; null for none.</summary>
    public string? Address { get; init; }

    /// <summary>True while neither side has closed and nobody has cut.</summary>
    public bool IsUp => _up is { IsClosed: false } && _down is { IsClosed: false };

    /// <summary>Bytes on their way to the server.</summary>
    public int PendingUp => _up?.PendingBytes ?? 0;

    /// <summary>Bytes on their way to the client.</summary>
    public int PendingDown => _down?.PendingBytes ?? 0;

    /// <summary>Connects: the server accepts, the client sends CONNECT.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Open(long nowUs)
    {
        if (_inward is not null)
        {
            throw new InvalidOperationException("the link is up; cut it first");
        }

        _up = new Pipe();
        _down = new Pipe { Transport = Transport, Address = Address };
        _inward = _server.Accept(_down, _remote, null, nowUs);
        _client.Open(_up, nowUs);
    }

    /// <summary>Moves at most so many bytes in each direction, then tells of a close whose bytes have all been moved.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <param name="maxBytes">Most bytes for each direction, above 0.</param>
    /// <returns>True when something was moved or told.</returns>
    public bool Pump(long nowUs, int maxBytes = int.MaxValue)
    {
        if (_inward is not { } inward || _up is not { } up || _down is not { } down)
        {
            return false;
        }

        bool moved = Move(up, maxBytes, bytes => inward.Received(bytes, nowUs));
        moved |= _inward == inward && Move(down, maxBytes, bytes => _client.Received(bytes, nowUs));
        if (_inward != inward)
        {
            return moved;
        }

        if (moved)
        {
            inward.Drained(nowUs);
        }

        if ((up.IsClosed && up.PendingBytes == 0) || (down.IsClosed && down.PendingBytes == 0))
        {
            Cut(nowUs);
            return true;
        }

        return moved;
    }

    /// <summary>Cuts the link: bytes on their way are lost, both sides are told.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Cut(long nowUs)
    {
        if (_inward is { } inward)
        {
            _inward = null;
            _up = _down = null;
            inward.Closed(nowUs);
            _client.Closed(nowUs);
        }
    }

    private static bool Move(Pipe pipe, int maxBytes, BytesHandler receiver)
    {
        byte[] chunk = pipe.Take(maxBytes);
        if (chunk.Length > 0)
        {
            receiver(chunk);
        }

        return chunk.Length > 0;
    }

    private delegate void BytesHandler(ReadOnlySpan<byte> bytes);

    private sealed class Pipe : IMqttConnection
    {
        private byte[] _bytes = new byte[256];

        public int PendingBytes { get; private set; }

        public MqttTransport Transport { get; init; }

        public string? Address { get; init; }

        public bool IsClosed { get; private set; }

        public void Write(ReadOnlySpan<byte> bytes)
        {
            if (IsClosed)
            {
                return;
            }

            if (_bytes.Length - PendingBytes < bytes.Length)
            {
                Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, PendingBytes + bytes.Length));
            }

            bytes.CopyTo(_bytes.AsSpan(PendingBytes));
            PendingBytes += bytes.Length;
        }

        public void Close() => IsClosed = true;

        public byte[] Take(int most)
        {
            byte[] taken = _bytes.AsSpan(0, Math.Min(most, PendingBytes)).ToArray();
            PendingBytes -= taken.Length;
            _bytes.AsSpan(taken.Length, PendingBytes).CopyTo(_bytes);
            return taken;
        }
    }
}
