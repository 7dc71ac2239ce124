using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace EdgeGateway.Mqtt.Transports;

/// <summary>Where a client connects to, and by what.</summary>
/// <param name="Host">Name or address.</param>
/// <param name="Port">TCP port.</param>
public sealed record MqttEndpoint(string Host, int Port)
{
    /// <summary>TLS; null for plain bytes.</summary>
    public MqttTlsOptions? Tls { get; init; }

    /// <summary>Path of a WebSocket (MQTT 5.0, 6), beginning with a slash; null for MQTT straight on TCP or TLS.</summary>
    public string? WebSocketPath { get; init; }

    /// <summary>"mqtts://broker.example:8883", for logs.</summary>
    /// <returns>Scheme, host, port, and the path of a WebSocket.</returns>
    public override string ToString() =>
        (WebSocketPath is null ? Tls is null ? "mqtt" : "mqtts" : Tls is null ? "ws" : "wss") + "://" + Bracketed + ":" + Port.ToString(System.Globalization.CultureInfo.InvariantCulture) + WebSocketPath;

    /// <summary>The host as a URI has it: an IPv6 address in brackets.</summary>
    internal string Bracketed => Host.Contains(':', System.StringComparison.Ordinal) ? "[" + Host + "]" : Host;
}

/// <summary>How a client proves whom it speaks to, and who it is.</summary>
public sealed record MqttTlsOptions
{
    /// <summary>The certificates that are trusted; null for those of the system.</summary>
    public X509Certificate2Collection? Trust { get; init; }

    /// <summary>The client's own certificate; null for none.</summary>
    public SslStreamCertificateContext? Own { get; init; }

    /// <summary>The name that the server's certificate must have, and that is sent as SNI; null for the host.</summary>
    public string? ServerName { get; init; }
}

/// <summary>Why there is no connection.</summary>
public enum MqttConnectFailureKind
{
    /// <summary>The network: no route, nobody listens, no answer in time.</summary>
    Unreachable,

    /// <summary>The server's certificate comes from no authority that is trusted.</summary>
    Untrusted,

    /// <summary>The server's certificate names another host.</summary>
    NameWrong,

    /// <summary>The server's certificate has run out or is not valid yet, or this clock is wrong.</summary>
    NotInTime,

    /// <summary>The server wants a client certificate, or refuses the one that it was shown.</summary>
    OwnCertificateRefused,

    /// <summary>No TLS could be agreed on: another version, no TLS at that port, a connection that was cut.</summary>
    TlsFailed,

    /// <summary>The server speaks HTTP, but no MQTT over WebSocket at that path.</summary>
    WebSocketRefused,
}

/// <summary>Why there is no connection, or why one has ended.</summary>
/// <param name="Kind">The cause, as far as it is known.</param>
/// <param name="Text">What happened, English.</param>
public sealed record MqttConnectFailure(MqttConnectFailureKind Kind, string Text);
