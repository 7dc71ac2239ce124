using System;
using System.IO.Pipelines;
using System.Net;
using System.Threading.Tasks;
using EdgeGateway.Mqtt.Transports;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace EdgeGateway.Mqtt.AspNetCore;

/// <summary>
/// MQTT on a Kestrel endpoint: <c>listen.UseConnectionHandler&lt;MqttConnectionHandler&gt;()</c>, with TLS in front of it where
/// configured. The server's state machines run on the loop only.
/// </summary>
public sealed class MqttConnectionHandler : ConnectionHandler
{
    private readonly IMqttLoop _loop;
    private readonly IMqttServer _server;
    private readonly TimeProvider _time;

    /// <summary>Makes the handler.</summary>
    /// <param name="loop">The loop that owns the server.</param>
    /// <param name="server">The server.</param>
    /// <param name="time">The clock for the time that a closing peer is given.</param>
    public MqttConnectionHandler(IMqttLoop loop, IMqttServer server, TimeProvider time)
    {
        _loop = loop;
        _server = server;
        _time = time;
    }

    /// <inheritdoc/>
    public override Task OnConnectedAsync(ConnectionContext connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        MqttPeerCertificate? certificate = connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate is { } shown ? new MqttPeerCertificate(shown.Subject, shown.SerialNumber) : null;
        string remote = connection.RemoteEndPoint?.ToString() ?? connection.ConnectionId;
        return ServeAsync(connection.Transport, remote, certificate, connection.Abort, address: CountedAddress((connection.RemoteEndPoint as IPEndPoint)?.Address));
    }

    /// <summary>The address by which a peer's connections are bounded.</summary>
    /// <param name="address">The peer's address, or null when it has none.</param>
    /// <returns>Its text, IPv4 for a mapped one; null for loopback, which is not bounded by address.</returns>
    public static string? CountedAddress(IPAddress? address)
    {
        if (address is null || IPAddress.IsLoopback(address))
        {
            return null;
        }

        return (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
    }

    /// <summary>Serves one peer over any duplex pipe until either side has closed.</summary>
    /// <param name="pipe">The pipe.</param>
    /// <param name="remote">The peer, for logs.</param>
    /// <param name="certificate">The verified client certificate, or null.</param>
    /// <param name="abort">Ends the transport at once.</param>
    /// <param name="transport">What carries the bytes, for the application.</param>
    /// <param name="address">What the peer's connections are bounded by (<see cref="CountedAddress"/>); null for a peer that is not.</param>
    /// <returns>Completed when the connection is over.</returns>
    public Task ServeAsync(IDuplexPipe pipe, string remote, MqttPeerCertificate? certificate, Action abort, MqttTransport transport = MqttTransport.Stream, string? address = null) =>
        new Peer(this, pipe, remote, certificate) { Transport = transport, Address = address }.RunAsync(abort);

    private sealed class Peer : PipePeer
    {
        private readonly MqttConnectionHandler _owner;
        private readonly string _remote;
        private readonly MqttPeerCertificate? _certificate;
        private IMqttServerConnection? _inward;

        public Peer(MqttConnectionHandler owner, IDuplexPipe pipe, string remote, MqttPeerCertificate? certificate)
            : base(pipe, owner._loop, owner._time)
        {
            _owner = owner;
            _remote = remote;
            _certificate = certificate;
        }

        protected override void Opened() => _inward = _owner._server.Accept(this, _remote, _certificate, Loop.NowUs);

        protected override void Received(ReadOnlySpan<byte> bytes, long nowUs) => _inward!.Received(bytes, nowUs);

        protected override void Drained(long nowUs) => _inward!.Drained(nowUs);

        protected override void TransportClosed(long nowUs) => _inward?.Closed(nowUs);

        protected override void Faulted(Exception exception, long nowUs) => _inward?.Faulted(exception, nowUs);
    }
}
