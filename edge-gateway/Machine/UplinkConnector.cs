using System;
using System.Collections.Generic;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using EdgeGateway.Core;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Transports;

namespace EdgeGateway.Machine;

/// <summary>The uplink's connections: over TCP, TLS or WebSocket, to one broker after the other of those that are configured.</summary>
public sealed class UplinkConnector : IUplinkConnector, IMqttTransportEvents, IDisposable
{
    private readonly List<MqttEndpoint> _endpoints;
    private readonly IMqttLoop _loop;
    private readonly MqttTcpConnector _connector;
    private IUplinkEvents? _events;
    private int _place;

    /// <summary>Makes a connector.</summary>
    /// <param name="loop">The gateway's loop.</param>
    /// <param name="broker">The broker, its alternatives, and by what it is reached.</param>
    /// <param name="time">The clock for timeouts.</param>
    public UplinkConnector(IMqttLoop loop, ExternalBroker broker, TimeProvider time)
    {
        _endpoints = EndpointsOf(broker);
        _loop = loop;
        _connector = new MqttTcpConnector(loop, this, time);
    }

    /// <summary>Where the last attempt went.</summary>
    public MqttEndpoint Endpoint => _endpoints[_place];

    /// <inheritdoc/>
    public void Connect(IUplinkEvents events)
    {
        _events = events;
        _connector.Connect(_endpoints[_place], Failed);
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
    public void Closed(long nowUs)
    {
        _place = (_place + 1) % _endpoints.Count; // whoever has ended it may be going down: the next one is asked first
        if (_connector.LastFailure is { } failure)
        {
            Tell(failure, nowUs);
        }
        else
        {
            _events?.Closed("the connection was closed", nowUs);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _connector.Dispose();

    private static List<MqttEndpoint> EndpointsOf(ExternalBroker broker)
    {
        ArgumentNullException.ThrowIfNull(broker);
        MqttTlsOptions? tls = null;
        if (broker.Transport is UplinkTransport.Tls or UplinkTransport.SecureWebSocket)
        {
            X509Certificate2Collection? trust = null;
            if (!broker.Authority.IsEmpty)
            {
                trust = [];
                trust.ImportFromPem(System.Text.Encoding.UTF8.GetString(broker.Authority.Span));
            }

            tls = new MqttTlsOptions { Trust = trust, Own = OwnOf(broker), ServerName = broker.ServerName };
        }

        string? path = broker.Transport is UplinkTransport.WebSocket or UplinkTransport.SecureWebSocket ? broker.WebSocketPath : null;
        List<MqttEndpoint> endpoints = [new MqttEndpoint(broker.Host, broker.Port) { Tls = tls, WebSocketPath = path }];
        foreach (BrokerAddress other in broker.Alternatives)
        {
            endpoints.Add(new MqttEndpoint(other.Host, other.Port) { Tls = tls, WebSocketPath = path });
        }

        return endpoints;
    }

    private static SslStreamCertificateContext? OwnOf(ExternalBroker broker)
    {
        if (broker.Certificate.IsEmpty)
        {
            return null;
        }

        string pem = System.Text.Encoding.UTF8.GetString(broker.Certificate.Span);
        using X509Certificate2 read = X509Certificate2.CreateFromPem(pem, pem);
        X509Certificate2Collection between = [];
        between.ImportFromPem(pem);
        return SslStreamCertificateContext.Create(X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null), between, offline: true);
    }

    private static string? CodeOf(MqttConnectFailureKind kind) => kind switch
    {
        MqttConnectFailureKind.Untrusted => FaultCodes.BrokerCertificateUntrusted,
        MqttConnectFailureKind.NameWrong => FaultCodes.BrokerNameWrong,
        MqttConnectFailureKind.NotInTime => FaultCodes.BrokerCertificateNotInTime,
        MqttConnectFailureKind.OwnCertificateRefused => FaultCodes.BrokerRefusedCertificate,
        MqttConnectFailureKind.TlsFailed => FaultCodes.BrokerTlsFailed,
        MqttConnectFailureKind.WebSocketRefused => FaultCodes.BrokerWebSocketRefused,
        _ => null,
    };

    private void Failed(MqttConnectFailure failure)
    {
        _place = (_place + 1) % _endpoints.Count;
        Tell(failure, _loop.NowUs);
    }

    private void Tell(MqttConnectFailure failure, long nowUs)
    {
        if (CodeOf(failure.Kind) is { } code)
        {
            _events?.Refused(code, failure.Text, nowUs);
        }
        else
        {
            _events?.Closed(failure.Text, nowUs);
        }
    }
}
