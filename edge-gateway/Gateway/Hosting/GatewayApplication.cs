using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Http;
using EdgeGateway.Gateway.Security;
using EdgeGateway.Gateway.Telemetry;
using EdgeGateway.Mqtt.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>Composes the gateway's process: <see cref="GatewayService"/>, Kestrel with both listeners, the log on stderr, and the instruments.</summary>
public static class GatewayApplication
{
    /// <summary>How long the host waits for a stop; the logic's own bound lies within it. Source: design, a clean stop on SIGTERM within 5 s.</summary>
    public static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Puts the process together; nothing is opened before its start.</summary>
    /// <param name="options">Configuration, already checked: no binder and no other source adds to it.</param>
    /// <param name="time">The clocks.</param>
    /// <param name="change">Changes the builder at the end, for tests; null for nothing.</param>
    /// <returns>The application.</returns>
    public static WebApplication Build(GatewayHostOptions options, TimeProvider time, Action<WebApplicationBuilder>? change = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        WebApplicationBuilder builder = HttpApi.CreateBuilder();
        AddLog(builder.Logging);
        IServiceCollection services = builder.Services;
        services.Configure<HostOptions>(static o => o.ShutdownTimeout = ShutdownTimeout);
        services.Configure<ConsoleLifetimeOptions>(static o => o.SuppressStatusMessages = true);
        services.AddSingleton(Options.Create(options));
        services.AddSingleton(time);
        services.AddSingleton<GatewayLog>();
        services.AddSingleton<IGatewayLog>(static s => s.GetRequiredService<GatewayLog>());
        services.AddSingleton<StopLatch>();
        services.AddSingleton<GatewayService>();
        services.AddHostedService(static s => s.GetRequiredService<GatewayService>());
        services.AddSingleton(static s => new HttpConnections(s.GetRequiredService<IOptions<GatewayHostOptions>>().Value.Web.Trusts));
        services.AddSingleton<IConfigureOptions<KestrelServerOptions>, GatewayListeners>();
        services.AddSingleton(HandleOf);
        services.AddSingleton<IStartupFilter, GatewayPipeline>();
        services.AddSingleton(static s =>
        {
            GatewayService service = s.GetRequiredService<GatewayService>();
            return new MqttConnectionHandler(service.Loop, service.Core!.Server, s.GetRequiredService<TimeProvider>());
        });
        services.AddSingleton<GatewayTelemetry>();
        if (options.Access.HasAccounts)
        {
            services.AddSingleton(s => new AccessControl(options, s.GetRequiredService<TimeProvider>()));
            services.AddSingleton<IApiTokens>(static s => s.GetRequiredService<AccessControl>().Store);
            services.AddSingleton(static s => new AccessService(
                s.GetRequiredService<AccessControl>(), s.GetRequiredService<GatewayService>(), s.GetRequiredService<IGatewayLog>(), s.GetRequiredService<TimeProvider>(), s.GetService<IOperatorToken>()));
            services.AddHostedService(static s => s.GetRequiredService<AccessService>());
        }

        if (options.Tls is { } tls)
        {
            // Loaded while the host starts: what is wrong with them is a refusal with a code.
            services.AddSingleton(s => CartCertificates.Load(options.Core.CartId, tls.Directory, s.GetRequiredService<TimeProvider>()));
            services.AddSingleton<ICartMembers>(static s => s.GetRequiredService<CartCertificates>());
            services.AddSingleton(static s => new TlsListener(s.GetRequiredService<CartCertificates>(), s.GetRequiredService<GatewayService>, s.GetRequiredService<TimeProvider>()));
            services.AddHostedService(static s => s.GetRequiredService<TlsListener>());
        }

        if (options.Web.Listen is not null)
        {
            services.AddSingleton(s => WebCertificate.Load(options.Web, s.GetService<CartCertificates>()));
            services.AddHostedService(static s => new WebCertificateWatch(s.GetRequiredService<WebCertificate>(), s.GetRequiredService<GatewayService>, s.GetRequiredService<TimeProvider>()));
        }

        change?.Invoke(builder);
        return builder.Build();
    }

    /// <summary>Makes the instruments. Done when the gateway is ready: nothing waits for them.</summary>
    /// <param name="application">The application, started.</param>
    public static void MakeInstruments(WebApplication application)
    {
        ArgumentNullException.ThrowIfNull(application);
        application.Services.GetRequiredService<GatewayTelemetry>();
    }

    /// <summary>Opens the journal and the listeners. What was opened by a start that fails is closed again as by a stop: the cuffs first, then a checkpoint, and the journal.</summary>
    /// <param name="application">The application.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Null when the gateway runs, else why it does not.</returns>
    /// <exception cref="OperationCanceledException">It was stopped while it started, or its logic broke (<see cref="GatewayService.Broken"/>).</exception>
    public static async Task<CodedError?> TryStartAsync(WebApplication application, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(application);
        try
        {
            await application.StartAsync(cancellation).ConfigureAwait(false);
            GatewayService service = application.Services.GetRequiredService<GatewayService>();
            IReadOnlyList<PlannedListener> listeners = ListenersOf(application);
            service.Loop.TryPost(() => service.Core?.Peers.Listening(listeners));
            return null;
        }
        catch (Exception exception)
        {
            await application.StopAsync(CancellationToken.None).ConfigureAwait(false);
            switch (exception)
            {
                case CodedErrorException coded:
                    return coded.Errors[0];
                case IOException or SocketException:
                    return new CodedError(FaultCodes.ListenerNotOpened, ErrorPlace.None, exception.Message);
                default:
                    throw;
            }
        }
    }

    /// <summary>The listeners with the ports that they have.</summary>
    /// <param name="application">The application, started.</param>
    /// <returns>MQTT, HTTP, and where they are configured MQTT over TLS and the pages over TLS.</returns>
    public static IReadOnlyList<PlannedListener> ListenersOf(WebApplication application)
    {
        ArgumentNullException.ThrowIfNull(application);
        return GatewayListeners.Open(application.Services.GetRequiredService<IServer>(), application.Services.GetRequiredService<IOptions<GatewayHostOptions>>().Value);
    }

    /// <summary>The port of a listener.</summary>
    /// <param name="application">The application, started.</param>
    /// <param name="protocol">"http", "mqtt", "mqtts" or "https".</param>
    /// <returns>0 when there is none.</returns>
    public static int PortOf(WebApplication application, string protocol) => ListenersOf(application).FirstOrDefault(l => string.Equals(l.Protocol, protocol, StringComparison.Ordinal))?.Port ?? 0;

    // What frameworks would say has a code where it matters (WebServerFaults); their own lines have no bound.
    private static void AddLog(ILoggingBuilder logging)
    {
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter(static (provider, category, level) => string.Equals(provider, typeof(WebServerFaults).FullName, StringComparison.Ordinal)
            ? WebServerFaults.Covers(category, level)
            : level >= LogLevel.Information && string.Equals(category, GatewayLog.Category, StringComparison.Ordinal));
        logging.Services.AddSingleton<ILoggerProvider>(static s => new WebServerFaults(
            () => s.GetRequiredService<IHostApplicationLifetime>().ApplicationStarted.IsCancellationRequested ? s.GetRequiredService<GatewayHandle>() : null));
        logging.AddConsole(static o =>
        {
            o.FormatterName = FaultConsoleFormatter.FormatterName;
            o.LogToStandardErrorThreshold = LogLevel.Trace;

            // A terminal that stands still must not hold the loop.
            o.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        });

        // Ours in place of the three that come with the console, none of which is used.
        logging.Services.RemoveAll<ConsoleFormatter>();
        logging.Services.AddSingleton<ConsoleFormatter, FaultConsoleFormatter>();
    }

    // Routes are made while the web server starts, which is while the journal opens on the loop's thread: neither waits for the other.
    private sealed class GatewayPipeline(GatewayHandle gateway) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => application =>
        {
            application.UseGateway(gateway);
            next(application);
        };
    }

    private static GatewayHandle HandleOf(IServiceProvider services)
    {
        GatewayService service = services.GetRequiredService<GatewayService>();
        GatewayHostOptions options = services.GetRequiredService<IOptions<GatewayHostOptions>>().Value;
        return new GatewayHandle(service.Loop, () => service.Core)
        {
            Language = options.Language,
            Web = options.Web,
            Time = services.GetRequiredService<TimeProvider>(),
            Log = services.GetRequiredService<IGatewayLog>(),
            Stop = services.GetRequiredService<StopLatch>(),
            Access = services.GetService<AccessControl>(),
            Connections = services.GetRequiredService<HttpConnections>(),
        };
    }
}
