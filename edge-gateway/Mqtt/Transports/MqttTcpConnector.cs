using System;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace EdgeGateway.Mqtt.Transports;

/// <summary>Opens TCP connections for one client. When to try again is the caller's decision.</summary>
public sealed class MqttTcpConnector : IDisposable
{
    /// <summary>From the call to an open socket at most.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long the network may take for the last bytes after a close.</summary>
    private static readonly TimeSpan LastBytesTime = TimeSpan.FromSeconds(2);

    private readonly IMqttLoop _loop;
    private readonly IMqttTransportEvents _events;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Makes a connector.</summary>
    /// <param name="loop">The loop that owns the client.</param>
    /// <param name="client">The client.</param>
    /// <param name="time">The clock for timeouts.</param>
    public MqttTcpConnector(IMqttLoop loop, IMqttClient client, TimeProvider time)
        : this(loop, new ClientEvents(client), time)
    {
    }

    /// <summary>Makes a connector for an owner that is not a client itself.</summary>
    /// <param name="loop">The loop on which the owner is called.</param>
    /// <param name="events">The owner.</param>
    /// <param name="time">The clock for timeouts.</param>
    public MqttTcpConnector(IMqttLoop loop, IMqttTransportEvents events, TimeProvider time)
    {
        _loop = loop;
        _events = events;
        _time = time;
    }

    /// <summary>
    /// Starts to connect. On success the client's <see cref="IMqttClient.Open"/> is called on the loop, and all that follows comes through its
    /// handler; else <paramref name="failed"/> is called on the loop. Called again only after that, or after the handler's Lost.
    /// </summary>
    /// <param name="host">Name or address.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="failed">Sent why there is no connection.</param>
    public void Connect(string host, int port, Action<string> failed) => _ = ConnectAsync(host, port, failed);

    /// <summary>Gives up attempts under way. A connection that is open belongs to the client: disconnect it there.</summary>
    public void Dispose() => _stop.Cancel();

    private async Task ConnectAsync(string host, int port, Action<string> failed)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            using var timeout = new CancellationTokenSource(ConnectTimeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stop.Token);
            await socket.ConnectAsync(host, port, either.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ArgumentException)
        {
            socket.Dispose();
            string why = e is OperationCanceledException ? $"no answer within {ConnectTimeout.TotalSeconds} s" : e.Message;
            _loop.TryPost(() => failed($"no connection to {host}:{port}: {why}"));
            return;
        }

        using (socket)
        {
            SocketPipe pipe = new(socket);
            Task carried = pipe.RunAsync(CancellationToken.None);
            Peer peer = new(pipe, _loop, _events, _time);
            await peer.RunAsync(() => socket.Close(timeout: 0)).ConfigureAwait(false);

            await Task.WhenAny(pipe.Sent, Task.Delay(LastBytesTime, _time, _stop.Token)).ConfigureAwait(false);
            socket.Close(); // whoever still sends is not read any more
            await carried.ConfigureAwait(false);
            _loop.TryPost(peer.Ended);
        }
    }

    private sealed class Peer : PipePeer
    {
        private readonly IMqttTransportEvents _events;
        private bool _reported;

        public Peer(IDuplexPipe pipe, IMqttLoop loop, IMqttTransportEvents events, TimeProvider time)
            : base(pipe, loop, time) => _events = events;

        protected override void Opened() => _events.Opened(this, Loop.NowUs);

        protected override void Received(ReadOnlySpan<byte> bytes, long nowUs) => _events.Received(bytes, nowUs);

        protected override void Drained(long nowUs) => _events.Drained(nowUs);

        protected override void TransportClosed(long nowUs)
        {
            _reported = true;
            _events.Closed(nowUs);
        }

        protected override void Faulted(Exception exception, long nowUs)
        {
            _reported = true;
            _events.Faulted(exception, nowUs);
        }

        // Whoever closed the connection himself hears of its end too. A client does not: it has ended its own half already, and may have a new one.
        public void Ended()
        {
            if (!_reported && _events is not ClientEvents)
            {
                TransportClosed(Loop.NowUs);
            }
        }
    }

    private sealed class ClientEvents(IMqttClient client) : IMqttTransportEvents
    {
        public void Opened(IMqttConnection connection, long nowUs) => client.Open(connection, nowUs);

        public void Received(ReadOnlySpan<byte> bytes, long nowUs) => client.Received(bytes, nowUs);

        public void Drained(long nowUs) => client.Step(nowUs);

        public void Closed(long nowUs) => client.Closed(nowUs);
    }
}
