using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using EdgeGateway.Mqtt;
using Simulators.Kernel;

namespace Simulators.Peers;

/// <summary>What a hostile or broken client does to a server.</summary>
public enum HostileHabit
{
    /// <summary>Connects and says nothing.</summary>
    Silent,

    /// <summary>Sends its CONNECT one byte per step.</summary>
    Trickling,

    /// <summary>Sends one of <see cref="HostileBytes.FirstBytes"/>.</summary>
    Malformed,

    /// <summary>Subscribes at QoS 1 and acknowledges nothing, as a sleeping laptop does.</summary>
    Mute,

    /// <summary>Subscribes with a session that is to last, and goes away for good.</summary>
    Ghost,

    /// <summary>Subscribes and reads nothing: all that it is sent stays in the transport.</summary>
    SlowReader,

    /// <summary>Publishes as much as it can at each step, to a topic that it may not use.</summary>
    Flooding,

    /// <summary>Subscribes and refuses each message with reason 0x99.</summary>
    Refusing,

    /// <summary>Subscribes again and again to many filters in one packet.</summary>
    SubscribeStorm,
}

/// <summary>
/// A client with one bad habit, at the other end of a server's connection: in memory under virtual time, or behind any adapter that hands bytes
/// over. The owner opens it, steps it, and opens it again when it was closed; nothing is called from inside <see cref="Write"/>.
/// </summary>
public sealed class HostilePeer : IMqttConnection
{
    /// <summary>PUBLISH packets of one step of <see cref="HostileHabit.Flooding"/>.</summary>
    public const int FloodPackets = 10;

    /// <summary>Steps between two packets of <see cref="HostileHabit.SubscribeStorm"/>.</summary>
    public const int StormSteps = 50;

    /// <summary>Filters of one packet of <see cref="HostileHabit.SubscribeStorm"/>.</summary>
    public const int StormFilters = 400;

    private static readonly byte[] Flood = MqttBytes.Publish5("no/topic/of/yours", new byte[512], 0);

    private readonly HostileHabit _habit;
    private readonly string _clientId;
    private readonly string _filter;
    private readonly SeededRandom _random;
    private readonly List<byte> _in = [];
    private readonly Queue<byte[]> _out = new();
    private IMqttServerConnection? _server;
    private byte[] _opening = [];
    private int _openingAt;
    private int _steps;
    private int _generation;
    private bool _subscribed;

    /// <summary>Makes a peer that is not connected.</summary>
    /// <param name="habit">What it does.</param>
    /// <param name="clientId">Client identifier.</param>
    /// <param name="filter">What it subscribes to.</param>
    /// <param name="seed">Chooses among byte sequences.</param>
    public HostilePeer(HostileHabit habit, string clientId, string filter, ulong seed)
    {
        _habit = habit;
        _clientId = clientId;
        _filter = filter;
        _random = new SeededRandom(seed);
    }

    /// <inheritdoc/>
    public int PendingBytes { get; private set; }

    /// <summary>The address that the server sees; null for none.</summary>
    public string? Address { get; init; }

    /// <summary>True while it is connected.</summary>
    public bool IsOpen => _server is not null;

    /// <summary>Connections begun so far.</summary>
    public int Connections { get; private set; }

    /// <summary>PUBLISH packets received.</summary>
    public long Publishes { get; private set; }

    /// <summary>Reason code of the last DISCONNECT received; null for none.</summary>
    public byte? DisconnectReason { get; private set; }

    /// <summary>Connects, with a new identifier each time where the habit is to leave sessions behind.</summary>
    /// <param name="server">The server.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Open(IMqttServer server, long nowUs)
    {
        ArgumentNullException.ThrowIfNull(server);
        _generation++;
        Connections++;
        _in.Clear();
        _out.Clear();
        PendingBytes = 0;
        _steps = 0;
        _openingAt = 0;
        _subscribed = false;
        DisconnectReason = null;
        string id = _habit == HostileHabit.Ghost ? _clientId + "." + _generation.ToString(System.Globalization.CultureInfo.InvariantCulture) : _clientId;
        _opening = _habit switch
        {
            HostileHabit.Silent => [],
            HostileHabit.Malformed => HostileBytes.FirstBytes[_random.NextInt32(HostileBytes.FirstBytes.Count)],
            _ => MqttBytes.Connect5(id, cleanStart: false, keepAliveSeconds: 0, sessionExpirySeconds: uint.MaxValue),
        };
        _server = server.Accept(this, _clientId, null, nowUs);
    }

    /// <summary>Does what the habit demands now.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Step(long nowUs)
    {
        if (_server is not { } server)
        {
            return;
        }

        _steps++;
        if (_openingAt < _opening.Length)
        {
            int take = _habit == HostileHabit.Trickling ? 1 : _opening.Length;
            byte[] chunk = _opening[_openingAt..(_openingAt + take)];
            _openingAt += take;
            server.Received(chunk, nowUs);
        }

        while (_server == server && _out.TryDequeue(out byte[]? answer))
        {
            server.Received(answer, nowUs);
        }

        if (_server != server || !_subscribed)
        {
            return;
        }

        if (_habit == HostileHabit.Flooding)
        {
            for (int i = 0; i < FloodPackets && _server == server; i++)
            {
                server.Received(Flood, nowUs);
            }
        }
        else if (_habit == HostileHabit.SubscribeStorm && _steps % StormSteps == 0)
        {
            server.Received(MqttBytes.Subscribe5(7, System.Linq.Enumerable.Repeat(_filter, StormFilters)), nowUs);
        }
        else if (_habit == HostileHabit.Ghost && _steps > 2)
        {
            Vanish(nowUs);
        }
    }

    /// <summary>The transport is gone without a word.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Vanish(long nowUs)
    {
        IMqttServerConnection? server = _server;
        _server = null;
        server?.Closed(nowUs);
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (_habit == HostileHabit.SlowReader && _subscribed)
        {
            PendingBytes += bytes.Length;
            return;
        }

        if (bytes.Length > 1_000 && bytes[0] >> 4 == 9)
        {
            return; // a long SUBACK says nothing that the short one did not
        }

        _in.AddRange(bytes);
        while (TryTake(out byte header, out byte[] body))
        {
            React(header, body);
        }
    }

    /// <inheritdoc/>
    public void Close() => _server = null;

    private void React(byte header, byte[] body)
    {
        switch (header >> 4)
        {
            case 2 when body is [_, 0, ..]:
                _out.Enqueue(MqttBytes.Subscribe5(1, _filter));
                break;
            case 3:
                Publishes++;
                int topic = BinaryPrimitives.ReadUInt16BigEndian(body);
                if (_habit == HostileHabit.Refusing && (header & 6) != 0)
                {
                    _out.Enqueue(MqttBytes.Puback5(BinaryPrimitives.ReadUInt16BigEndian(body.AsSpan(2 + topic)), 0x99));
                }

                break;
            case 9:
                _subscribed = true;
                break;
            case 14:
                DisconnectReason = body.Length > 0 ? body[0] : (byte)0;
                break;
        }
    }

    private bool TryTake(out byte header, out byte[] body)
    {
        header = 0;
        body = [];
        int length = 0;
        for (int i = 1; i < _in.Count && i <= 4; i++)
        {
            length |= (_in[i] & 0x7F) << (7 * (i - 1));
            if ((_in[i] & 0x80) == 0)
            {
                if (_in.Count < 1 + i + length)
                {
                    return false;
                }

                header = _in[0];
                body = [.. _in.GetRange(1 + i, length)];
                _in.RemoveRange(0, 1 + i + length);
                return true;
            }
        }

        return false;
    }
}
