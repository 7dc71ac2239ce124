using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Transports;

namespace Simulators.Peers;

/// <summary>
/// A peer without I/O behind a TCP port on 127.0.0.1, for tests of whole processes. Each write leaves as a piece of its own (no Nagle), so that a peer which cuts its
/// bytes is seen to. The peer belongs to the loop: look at it inside <see cref="Do"/>.
/// </summary>
public sealed class PeerTcpHost : IAsyncDisposable
{
    /// <summary>Most chunks that wait for a client that does not read; above it the connection is reset.</summary>
    public const int MaxWaitingChunks = 1_000_000;

    private readonly IMqttServer _server;
    private readonly MqttLoop _loop;
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Peer> _peers = [];
    private readonly Task _accepting;

    /// <summary>Listens.</summary>
    /// <param name="server">The peer.</param>
    /// <param name="time">The clock.</param>
    /// <param name="port">TCP port; 0 for any free one.</param>
    public PeerTcpHost(IMqttServer server, TimeProvider time, int port = 0)
    {
        _server = server;
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _loop = new MqttLoop(time, "peer");
        _loop.AddStep(server.Step);
        _loop.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>The port.</summary>
    public int Port { get; }

    /// <summary>Does something with the peer on its loop.</summary>
    /// <param name="work">Given the time, monotonic µs.</param>
    /// <returns>Completed when it is done.</returns>
    public Task Do(Action<long> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        bool posted = _loop.TryPost(() =>
        {
            try
            {
                work(_loop.NowUs);
                done.SetResult();
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                done.SetException(e); // the test's own assertions too
            }
        });
        if (!posted)
        {
            done.SetException(new ObjectDisposedException(nameof(PeerTcpHost)));
        }

        return done.Task;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Stop();
        await _accepting.ConfigureAwait(false);
        Peer[] peers;
        lock (_peers)
        {
            peers = [.. _peers];
        }

        foreach (Peer peer in peers)
        {
            peer.Abort();
        }

        _loop.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptSocketAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            socket.NoDelay = true;
            Peer peer = new(this, socket);
            lock (_peers)
            {
                _peers.Add(peer);
            }

            _ = peer.RunAsync();
        }
    }

    private sealed class Peer(PeerTcpHost host, Socket socket) : IMqttConnection
    {
        private readonly Channel<byte[]> _chunks = Channel.CreateBounded<byte[]>(MaxWaitingChunks);
        private int _pending;

        public int PendingBytes => Volatile.Read(ref _pending);

        public void Write(ReadOnlySpan<byte> bytes)
        {
            Interlocked.Add(ref _pending, bytes.Length);
            if (!_chunks.Writer.TryWrite(bytes.ToArray()))
            {
                Abort();
            }
        }

        public void Close() => _chunks.Writer.TryComplete();

        public void Abort()
        {
            _chunks.Writer.TryComplete();
            socket.Dispose();
        }

        public async Task RunAsync()
        {
            IMqttServerConnection? inward = null;
            Task sending = SendAsync();
            byte[] buffer = new byte[16 * 1024];
            try
            {
                await host.Do(nowUs => inward = host._server.Accept(this, socket.RemoteEndPoint?.ToString() ?? "?", null, nowUs)).ConfigureAwait(false);
                while (true)
                {
                    int count = await socket.ReceiveAsync(buffer).ConfigureAwait(false);
                    if (count == 0)
                    {
                        break;
                    }

                    await host.Do(nowUs => inward!.Received(buffer.AsSpan(0, count), nowUs)).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                _chunks.Writer.TryComplete(); // a reset is a close
            }

            lock (host._peers)
            {
                host._peers.Remove(this);
            }

            try
            {
                await host.Do(nowUs => inward?.Closed(nowUs)).ConfigureAwait(false);
            }
            catch (ObjectDisposedException)
            {
                Close(); // the host has stopped, and nobody asks the peer any more
            }

            Close();
            await sending.ConfigureAwait(false);
            socket.Dispose();
        }

        private async Task SendAsync()
        {
            try
            {
                await foreach (byte[] chunk in _chunks.Reader.ReadAllAsync().ConfigureAwait(false))
                {
                    for (int sent = 0; sent < chunk.Length;)
                    {
                        sent += await socket.SendAsync(chunk.AsMemory(sent)).ConfigureAwait(false);
                    }

                    Interlocked.Add(ref _pending, -chunk.Length);
                }

                socket.Shutdown(SocketShutdown.Send);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                _chunks.Writer.TryComplete(); // nobody reads any more
            }
        }
    }
}
