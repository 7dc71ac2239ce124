using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Simulators.Kernel;

namespace Simulators.Peers;

/// <summary>Hostile TCP connections in numbers: each sends a few bytes of its own and is held until the whole wave is dropped.</summary>
public sealed class HostileSockets : IDisposable
{
    /// <summary>Connections opened at once.</summary>
    private const int Parallel = 32;

    private readonly IPEndPoint _to;
    private readonly SeededRandom _random;
    private readonly List<Socket> _open = [];

    /// <summary>Makes a source of connections.</summary>
    /// <param name="to">The server.</param>
    /// <param name="seed">Chooses what each connection sends.</param>
    public HostileSockets(IPEndPoint to, ulong seed)
    {
        _to = to;
        _random = new SeededRandom(seed);
    }

    /// <summary>Connections that were opened so far.</summary>
    public int Opened { get; private set; }

    /// <summary>Connections that could not be opened so far.</summary>
    public int Refused { get; private set; }

    /// <summary>Opens a wave of connections; each is silent, sends malformed or half bytes, or a CONNECT with keep-alive 0 and a session that is to last.</summary>
    /// <param name="count">How many.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>When all have been opened and have sent.</returns>
    public async Task OpenAsync(int count, CancellationToken cancellation)
    {
        for (int done = 0; done < count; done += Parallel)
        {
            List<Task<Socket?>> wave = [];
            for (int i = done; i < Math.Min(count, done + Parallel); i++)
            {
                wave.Add(OneAsync(Bytes(), cancellation));
            }

            foreach (Socket? socket in await Task.WhenAll(wave).ConfigureAwait(false))
            {
                if (socket is null)
                {
                    Refused++;
                }
                else
                {
                    Opened++;
                    _open.Add(socket);
                }
            }
        }
    }

    /// <summary>Drops all that is open: half with a reset, half with a close.</summary>
    public void Drop()
    {
        for (int i = 0; i < _open.Count; i++)
        {
            if (i % 2 == 0)
            {
                _open[i].LingerState = new LingerOption(true, 0);
            }

            _open[i].Dispose();
        }

        _open.Clear();
    }

    /// <inheritdoc/>
    public void Dispose() => Drop();

    private byte[] Bytes()
    {
        string id = "ghost" + Opened.ToString(System.Globalization.CultureInfo.InvariantCulture) + "." + _random.NextUInt32().ToString("x", System.Globalization.CultureInfo.InvariantCulture);
        byte[] connect = _random.NextInt32(2) == 0 ? MqttBytes.Connect311(id, false, 0) : MqttBytes.Connect5(id, false, 0, uint.MaxValue);
        return _random.NextInt32(5) switch
        {
            0 => [],
            1 => HostileBytes.FirstBytes[_random.NextInt32(HostileBytes.FirstBytes.Count)],
            2 => connect[..(1 + _random.NextInt32(connect.Length - 1))],
            3 => [.. connect, .. MqttBytes.Publish5("no/topic/of/yours", new byte[8_000], 0)],
            _ => [.. connect, .. MqttBytes.Subscribe5(1, "cart/C1/#")],
        };
    }

    private async Task<Socket?> OneAsync(byte[] bytes, CancellationToken cancellation)
    {
        Socket socket = new(_to.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(_to, cancellation).ConfigureAwait(false);
            if (bytes.Length > 0)
            {
                await socket.SendAsync(bytes, cancellation).ConfigureAwait(false);
            }

            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }
}
