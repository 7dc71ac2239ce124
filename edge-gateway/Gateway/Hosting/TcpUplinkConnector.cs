using System;
using EdgeGateway.Core;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Transports;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>The uplink's connections over TCP.</summary>
public sealed class TcpUplinkConnector : IUplinkConnector, IMqttTransportEvents, IDisposable
{
    private readonly string _host;
    private readonly int _port;
    private readonly IMqttLoop _loop;
    private readonly MqttTcpConnector _connector;
    private IUplinkEvents? _events;

    /// <summary>Makes a connector to one broker.</summary>
    /// <param name="loop">The gateway's loop.</param>
    /// <param name="host">Name or address.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="time">The clock for timeouts.</param>
    public TcpUplinkConnector(IMqttLoop loop, string host, int port, TimeProvider time)
    {
        _loop = loop;
        _host = host;
        _port = port;
        _connector = new MqttTcpConnector(loop, this, time);
    }

    /// <inheritdoc/>
    public void Connect(IUplinkEvents events)
    {
        _events = events;
        _connector.Connect(_host, _port, text => _events?.Closed(text, _loop.NowUs));
    }

    /// <inheritdoc/>
    public void Opened(IMqttConnection connection, long nowUs) => _events?.Opened(connection, nowUs);

    /// <inheritdoc/>
    public void Received(ReadOnlySpan<byte> bytes, long nowUs) => _events?.Received(bytes, nowUs);

    /// <inheritdoc/>
    public void Drained(long nowUs)
    {
        // The core is stepped after every turn of the loop and looks at the room itself.
    }

    /// <inheritdoc/>
    public void Closed(long nowUs) => _events?.Closed("the connection was closed", nowUs);

    /// <inheritdoc/>
    public void Dispose() => _connector.Dispose();
}
