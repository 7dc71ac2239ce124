using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Gateway.Http;
using EdgeGateway.Mqtt.AspNetCore;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>The two listeners of the gateway's Kestrel: HTTP with its bounds of connections, then MQTT.</summary>
/// <param name="options">Addresses and ports.</param>
/// <param name="connections">The bounds of HTTP connections.</param>
/// <param name="time">The clock for time-outs.</param>
internal sealed class GatewayListeners(IOptions<GatewayHostOptions> options, HttpConnections connections, TimeProvider time) : IConfigureOptions<KestrelServerOptions>
{
    /// <summary>Longest body of a request, bytes; a longer one is refused with 413.</summary>
    public const int MaxRequestBodyBytes = 64 * 1024;

    /// <inheritdoc/>
    public void Configure(KestrelServerOptions kestrel)
    {
        kestrel.Limits.MaxRequestBodySize = MaxRequestBodyBytes;
        kestrel.Limits.RequestHeadersTimeout = HttpConnections.HeadTimeout;
        kestrel.Limits.KeepAliveTimeout = HttpConnections.IdleTimeout;

        // Connections have a bound of their own, which lets a STOP in; the MQTT listener of the same server has its server's.
        kestrel.Limits.MaxConcurrentConnections = null;
        kestrel.Listen(new IPEndPoint(options.Value.HttpAddress, options.Value.HttpPort), listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(next => connection => connections.ServeAsync(connection, next, time));
        });

        // The handler is there when the service has started, which is before a connection comes.
        kestrel.Listen(
            new IPEndPoint(options.Value.MqttAddress, options.Value.MqttPort),
            listen => listen.Run(connection => kestrel.ApplicationServices.GetRequiredService<MqttConnectionHandler>().OnConnectedAsync(connection)));
    }

    /// <summary>The ports in use, after the start.</summary>
    /// <param name="server">The server.</param>
    /// <returns>That of HTTP and that of MQTT; 0 before the start.</returns>
    public static (int Http, int Mqtt) PortsOf(IServer server)
    {
        ICollection<string> addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        int[] ports = [.. addresses.Select(static a => new Uri(a).Port)];
        return ports is [int http, int mqtt, ..] ? (http, mqtt) : (0, 0);
    }
}
