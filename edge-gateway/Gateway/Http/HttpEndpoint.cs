using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Gateway.Web;
using EdgeGateway.Mqtt;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EdgeGateway.Gateway.Http;

/// <summary>The gateway's HTTP listener on Kestrel, alone or beside an MQTT listener in the same server.</summary>
public sealed class HttpEndpoint : IAsyncDisposable
{
    private readonly WebApplication _application;

    private HttpEndpoint(WebApplication application, HttpConnections connections, int httpPort, int mqttPort)
    {
        _application = application;
        Connections = connections;
        HttpPort = httpPort;
        MqttPort = mqttPort;
    }

    /// <summary>The HTTP port in use.</summary>
    public int HttpPort { get; }

    /// <summary>The MQTT port in use; 0 when there is no MQTT listener.</summary>
    public int MqttPort { get; }

    /// <summary>The book of HTTP connections.</summary>
    internal HttpConnections Connections { get; }

    /// <summary>Every route that is served, with its methods; none stands for all.</summary>
    internal IEnumerable<(string Pattern, IReadOnlyList<string> Methods)> Routes =>
        from source in ((IEndpointRouteBuilder)_application).DataSources
        from endpoint in source.Endpoints.OfType<RouteEndpoint>()
        select ("/" + (endpoint.RoutePattern.RawText ?? string.Empty).TrimStart('/'), endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []);

    /// <summary>Opens the listeners.</summary>
    /// <param name="http">Address and port of HTTP; port 0 takes any free one.</param>
    /// <param name="mqtt">Address and port of MQTT, or null for none.</param>
    /// <param name="mqttHandler">The connection handler of the MQTT listener; needed with <paramref name="mqtt"/>.</param>
    /// <param name="loop">The loop that owns the core.</param>
    /// <param name="core">The gateway's logic.</param>
    /// <param name="language">"en" or "fr".</param>
    /// <param name="web">Who may use the pages and the WebSocket.</param>
    /// <param name="time">The clock for closing times.</param>
    /// <param name="log">The log, or null.</param>
    /// <param name="stop">STOP's own way to the loop, or null for the loop's queue.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The open listeners.</returns>
    /// <exception cref="IOException">A port is taken, or this user may not open it.</exception>
    public static async Task<HttpEndpoint> StartAsync(
        IPEndPoint http,
        IPEndPoint? mqtt,
        ConnectionHandler? mqttHandler,
        IMqttLoop loop,
        GatewayCore core,
        string language,
        GatewayWebOptions web,
        TimeProvider time,
        IGatewayLog? log,
        StopLatch? stop,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(core);
        HttpConnections connections = new(web.Trusts);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = 64 * 1024;
            options.Limits.RequestHeadersTimeout = HttpConnections.HeadTimeout;
            options.Limits.KeepAliveTimeout = HttpConnections.IdleTimeout;

            // Connections have a bound of their own, which lets a STOP in; the MQTT listener of the same server has its server's.
            options.Limits.MaxConcurrentConnections = null;
            options.Listen(http, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(next => connection => connections.ServeAsync(connection, next, time));
            });
            if (mqtt is not null && mqttHandler is not null)
            {
                options.Listen(mqtt, listen => listen.Run(mqttHandler.OnConnectedAsync));
            }
        });
        WebApplication application = builder.Build();
        application.UseRequestPlaces(connections, (code, text) => log?.Write(new GatewayLogEntry(code, text, loop.NowUs)), language);
        application.UseGatewayWeb(web, language);
        application.UseRouting();
        application.MapGateway(loop, () => core, language, stop);
        application.MapGatewayWeb(web, loop, () => core, time, log, language);
        try
        {
            await application.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw new IOException(exception.Message, exception);
        }

        int httpPort = http.Port;
        int mqttPort = mqtt?.Port ?? 0;
        IServer server = application.Services.GetRequiredService<IServer>();
        int found = 0;
        foreach (string address in server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [])
        {
            int port = new Uri(address).Port;
            if (found++ == 0)
            {
                httpPort = port;
            }
            else
            {
                mqttPort = port;
            }
        }

        return new HttpEndpoint(application, connections, httpPort, mqttPort);
    }

    /// <summary>Closes the listeners and every connection.</summary>
    /// <returns>When done.</returns>
    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource now = new();
        await now.CancelAsync().ConfigureAwait(false);
        await _application.StopAsync(now.Token).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Signals are the program's business, not the web server's.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
