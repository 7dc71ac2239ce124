using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Mqtt.Codec;
using EdgeGateway.Mqtt.Server;
using EdgeGateway.Mqtt.Transports;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace EdgeGateway.Mqtt.AspNetCore;

/// <summary>
/// A broker in this process, on loopback only: a server, its loop and a listener on Kestrel's sockets. Sessions and queues live in
/// memory. Without a handler of one's own every client is let in and every message is routed, then acknowledged.
/// </summary>
public sealed class MqttBroker : IAsyncDisposable
{
    /// <summary>How often another port is tried when the one chosen for IPv4 is taken on IPv6.</summary>
    private const int PortAttempts = 16;

    /// <summary>How long connections may take to close at the end.</summary>
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(3);

    private readonly MqttLoop _loop;
    private readonly MqttConnectionHandler _handler;
    private readonly SocketTransportFactory _transport = new(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
    private readonly List<IConnectionListener> _listeners = [];
    private readonly List<Task> _accepting = [];
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _time;
    private int _open = 1;
    private bool _disposed;

    /// <summary>Makes a broker that does not listen yet.</summary>
    /// <param name="options">How to be a server.</param>
    /// <param name="time">The clock.</param>
    /// <param name="handler">The application; null lets everyone in.</param>
    public MqttBroker(MqttServerOptions options, TimeProvider time, IMqttServerHandler? handler = null)
    {
        _time = time;
        Server = new MqttServer(options, handler ?? new LetAllIn());
        _loop = new MqttLoop(time, "mqtt-broker");
        _loop.AddStep(Server.Step);
        _handler = new MqttConnectionHandler(_loop, Server, time);
    }

    /// <summary>The port in use, once started.</summary>
    public int Port { get; private set; }

    /// <summary>The server. Its methods belong to <see cref="Loop"/>; counters may be read from anywhere, approximately.</summary>
    public MqttServer Server { get; }

    /// <summary>The loop that owns the server.</summary>
    public IMqttLoop Loop => _loop;

    /// <summary>Listens on 127.0.0.1 and, where the machine has it, on ::1.</summary>
    /// <param name="port">TCP port; 0 for any free one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Completed when it listens.</returns>
    /// <exception cref="System.IO.IOException">The port is taken or not allowed.</exception>
    public async Task StartAsync(int port, CancellationToken cancellationToken = default)
    {
        for (int attempt = 1; ; attempt++)
        {
            IConnectionListener first = await _transport.BindAsync(new IPEndPoint(IPAddress.Loopback, port), cancellationToken).ConfigureAwait(false);
            int bound = ((IPEndPoint)first.EndPoint).Port;
            try
            {
                if (Socket.OSSupportsIPv6)
                {
                    _listeners.Add(await _transport.BindAsync(new IPEndPoint(IPAddress.IPv6Loopback, bound), cancellationToken).ConfigureAwait(false));
                }
            }
            catch (Exception e) when (e is SocketException { SocketErrorCode: SocketError.AddressNotAvailable })
            {
                // A machine without ::1 has IPv4 only.
                Port = bound;
            }
            catch (Exception e) when (e is AddressInUseException or SocketException)
            {
                await first.DisposeAsync().ConfigureAwait(false);
                if (port == 0 && attempt < PortAttempts)
                {
                    continue;
                }

                throw;
            }

            _listeners.Add(first);
            Port = bound;
            break;
        }

        _loop.Start();
        foreach (IConnectionListener listener in _listeners)
        {
            _accepting.Add(AcceptAsync(listener));
        }
    }

    /// <summary>Stops listening, tells every client, closes.</summary>
    /// <returns>Completed when all is closed.</returns>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        foreach (IConnectionListener listener in _listeners)
        {
            await listener.UnbindAsync().ConfigureAwait(false);
        }

        await Task.WhenAll(_accepting).ConfigureAwait(false);
        _loop.TryPost(() => Server.Stop(_loop.NowUs));
        Release();
        try
        {
            await _empty.Task.WaitAsync(StopGrace, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The listeners below abort what is left.
        }

        foreach (IConnectionListener listener in _listeners)
        {
            await listener.DisposeAsync().ConfigureAwait(false);
        }

        _loop.Dispose();
    }

    private async Task AcceptAsync(IConnectionListener listener)
    {
        while (await listener.AcceptAsync().ConfigureAwait(false) is { } connection)
        {
            Interlocked.Increment(ref _open);
            _ = ServeAsync(connection);
        }
    }

    private async Task ServeAsync(ConnectionContext connection)
    {
        try
        {
            await _handler.OnConnectedAsync(connection).ConfigureAwait(false);
        }
        finally
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            Release();
        }
    }

    private void Release()
    {
        if (Interlocked.Decrement(ref _open) == 0)
        {
            _empty.TrySetResult();
        }
    }

    private sealed class LetAllIn : IMqttServerHandler
    {
        public byte Connecting(in MqttConnectRequest request) => MqttReason.Success;

        public void Connected(string clientId)
        {
        }

        public void Disconnected(string clientId)
        {
        }

        public MqttPublishDisposition Published(string clientId, in MqttMessage message, long token) => MqttPublishDisposition.Accept;

        public bool MaySubscribe(string clientId, string filter) => true;

        public void Subscribed(string clientId, string filter)
        {
        }

        public void Delivered(long ticket, byte reasonCode)
        {
        }
    }
}
