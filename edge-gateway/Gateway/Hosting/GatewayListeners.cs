using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading.Tasks;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Gateway.Http;
using EdgeGateway.Gateway.Security;
using EdgeGateway.Mqtt.AspNetCore;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>The listeners of the gateway's Kestrel in the order of <see cref="ListenerPlan"/>: MQTT, then HTTP with its bounds of connections, then MQTT over mutual TLS and the pages over TLS where they are configured.</summary>
/// <param name="options">Addresses and ports.</param>
/// <param name="connections">The bounds of HTTP connections.</param>
/// <param name="time">The clock for time-outs.</param>
/// <param name="tls">What stands before MQTT on the TLS port; null without certificates.</param>
/// <param name="web">The certificate of the pages; null when they are not served over TLS.</param>
internal sealed class GatewayListeners(IOptions<GatewayHostOptions> options, HttpConnections connections, TimeProvider time, TlsListener? tls = null, WebCertificate? web = null) : IConfigureOptions<KestrelServerOptions>
{
    /// <summary>Longest body of a request, bytes; a longer one is refused with 413.</summary>
    public const int MaxRequestBodyBytes = 64 * 1024;

    /// <summary>Longest first line of a request, bytes; a longer one is refused with 414.</summary>
    public const int MaxRequestLineBytes = 8 * 1024;

    /// <summary>Most bytes of a request's headers; more are refused with 431. Generous: other programs of the same host name may have left cookies that a STOP brings along.</summary>
    public const int MaxRequestHeaderBytes = 64 * 1024;

    /// <summary>Most headers of a request; more are refused with 431.</summary>
    public const int MaxRequestHeaders = 100;

    /// <inheritdoc/>
    public void Configure(KestrelServerOptions kestrel)
    {
        kestrel.Limits.MaxRequestBodySize = MaxRequestBodyBytes;
        kestrel.Limits.MaxRequestLineSize = MaxRequestLineBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = MaxRequestHeaderBytes;
        kestrel.Limits.MaxRequestHeaderCount = MaxRequestHeaders;
        kestrel.Limits.RequestHeadersTimeout = HttpConnections.HeadTimeout;
        kestrel.Limits.KeepAliveTimeout = HttpConnections.IdleTimeout;

        // Connections have a bound of their own, which lets a STOP in; the MQTT listener of the same server has its server's.
        kestrel.Limits.MaxConcurrentConnections = null;

        // The handler is there when the service has started, which is before a connection comes.
        kestrel.Listen(
            new IPEndPoint(options.Value.MqttAddress, options.Value.MqttPort),
            listen => listen.Run(connection => kestrel.ApplicationServices.GetRequiredService<MqttConnectionHandler>().OnConnectedAsync(connection)));
        kestrel.Listen(new IPEndPoint(options.Value.HttpAddress, options.Value.HttpPort), listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(next => connection => connections.ServeAsync(connection, next, time));
        });

        if (options.Value.Tls is { } secured && tls is not null)
        {
            kestrel.Listen(new IPEndPoint(secured.MqttAddress, secured.MqttPort), listen =>
            {
                tls.Use(listen);
                listen.Run(connection => kestrel.ApplicationServices.GetRequiredService<MqttConnectionHandler>().OnConnectedAsync(connection));
            });
        }

        if (options.Value.Web.Listen is { } pages && web is not null)
        {
            kestrel.Listen(pages, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;

                // The bounds first: a handshake that does not come to its end takes a place too.
                listen.Use(next => connection => connections.ServeAsync(connection, next, time));
                listen.UseHttps(new TlsHandshakeCallbackOptions { HandshakeTimeout = TlsListener.HandshakeTimeout, OnConnection = _ => ValueTask.FromResult(web.Options()) });
            });
        }
    }

    /// <summary>The listeners with the ports that they have, after the start.</summary>
    /// <param name="server">The server.</param>
    /// <param name="options">What was asked for.</param>
    /// <returns>In the order of the plan; empty before the start.</returns>
    public static IReadOnlyList<PlannedListener> Open(IServer server, GatewayHostOptions options)
    {
        IReadOnlyList<PlannedListener> plan = ListenerPlan.Of(options);
        string[] addresses = [.. server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []];
        return addresses.Length == plan.Count ? [.. plan.Zip(addresses, static (listener, address) => listener with { Port = new Uri(address).Port })] : [];
    }
}
