using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Gateway.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Microsoft.VisualStudio.TestTools.UnitTesting;

[assembly: HostingStartup(typeof(Gateway.Tests.Hosting.ForeignStartup))]

namespace Gateway.Tests.Hosting;

/// <summary>What an assembly may hang into a host that lets the environment name it.</summary>
public sealed class ForeignStartup : IHostingStartup
{
    public static bool IsCalled { get; private set; }

    public void Configure(IWebHostBuilder builder) => IsCalled = true;
}

/// <summary>The process as it is composed: start, refusals, stop, and that nothing but gateway.yaml decides.</summary>
[TestClass]
public sealed partial class GatewayApplicationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gateway-app-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public async Task It_starts_before_its_listeners_and_stops_cleanly()
    {
        LiveGateway gateway = await LiveGateway.StartAsync();
        Assert.AreNotEqual(gateway.HttpPort, gateway.MqttPort);
        Assert.IsFalse(gateway.Service.IsStoppedCleanly);
        GatewayService service = gateway.Service;
        await gateway.DisposeAsync();
        Assert.IsTrue(service.IsStoppedCleanly);
        Assert.IsFalse(service.Broken.IsCompleted);
        using Socket late = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsExactlyAsync<SocketException>(() => late.ConnectAsync(IPAddress.Loopback, gateway.HttpPort));
    }

    [TestMethod]
    public async Task Logic_that_breaks_ends_the_process_and_is_not_stopped_as_if_it_were_well()
    {
        LiveGateway gateway = await LiveGateway.StartAsync();
        GatewayService service = gateway.Service;
        TaskCompletionSource stopping = new();
        gateway.Application.Lifetime.ApplicationStopping.Register(stopping.SetResult);
        service.Loop.TryPost(static () => throw new InvalidOperationException("a rule was broken"));
        Assert.AreEqual("a rule was broken", (await service.Broken.WaitAsync(LiveGateway.Patience)).Message);
        await stopping.Task.WaitAsync(LiveGateway.Patience);
        await gateway.DisposeAsync();
        Assert.IsFalse(service.IsStoppedCleanly);
    }

    [TestMethod]
    public async Task A_taken_port_and_an_unusable_directory_are_refused_with_a_code()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        await RefusedAsync(LiveGateway.Options(_folder) with { HttpPort = ((IPEndPoint)taken.LocalEndpoint).Port }, FaultCodes.ListenerNotOpened);
        string file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, string.Empty);
        await RefusedAsync(LiveGateway.Options(file), FaultCodes.JournalUnusable);

        // What was refused holds nothing: the same directory serves the next start.
        await using WebApplication next = GatewayApplication.Build(LiveGateway.Options(_folder), TimeProvider.System, static b => b.Logging.ClearProviders());
        Assert.IsNull(await GatewayApplication.TryStartAsync(next));
        await next.StopAsync();
    }

    [TestMethod]
    public async Task No_environment_variable_and_no_file_decides_anything()
    {
        (string Name, string Value)[] variables =
        [
            ("ASPNETCORE_URLS", "http://127.0.0.1:1"), ("DOTNET_URLS", "http://127.0.0.1:1"), ("ASPNETCORE_ENVIRONMENT", "Development"), ("DOTNET_ENVIRONMENT", "Development"),
            ("ASPNETCORE_HTTP_PORTS", "1"), ("Kestrel__Endpoints__More__Url", "http://127.0.0.1:2"), ("Logging__LogLevel__Default", "Trace"), ("DOTNET_shutdownTimeoutSeconds", "1"),
            ("ASPNETCORE_HOSTINGSTARTUPASSEMBLIES", typeof(ForeignStartup).Assembly.GetName().Name!), ("ASPNETCORE_FORWARDEDHEADERS_ENABLED", "true"),
        ];
        foreach ((string name, string value) in variables)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        try
        {
            await using WebApplication application = GatewayApplication.Build(LiveGateway.Options(_folder), TimeProvider.System, static b => b.Logging.ClearProviders());
            Assert.IsEmpty(application.Configuration.AsEnumerable().Where(v => v.Value is not null && variables.Any(k => k.Value == v.Value)).ToArray());
            Assert.IsTrue(application.Environment.IsProduction());
            Assert.IsFalse(ForeignStartup.IsCalled, "no assembly that the environment names is called");
            Assert.AreEqual(ForwardedHeaders.None, application.Services.GetRequiredService<IOptions<ForwardedHeadersOptions>>().Value.ForwardedHeaders);
            Assert.AreEqual(GatewayApplication.ShutdownTimeout, application.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout);
            Assert.IsNull(await GatewayApplication.TryStartAsync(application));
            Assert.HasCount(2, application.Urls);
            Assert.IsTrue(application.Urls.All(u => u.StartsWith("http://127.0.0.1:", StringComparison.Ordinal) && !u.EndsWith(":1", StringComparison.Ordinal)), string.Join(' ', application.Urls));
            await application.StopAsync();
        }
        finally
        {
            foreach ((string name, _) in variables)
            {
                Environment.SetEnvironmentVariable(name, null);
            }
        }
    }

    [TestMethod]
    public async Task Options_log_and_bounds_are_what_they_are_said_to_be()
    {
        GatewayHostOptions options = LiveGateway.Options(_folder) with { Language = "fr" };
        await using WebApplication application = GatewayApplication.Build(options, TimeProvider.System);
        IServiceProvider services = application.Services;
        Assert.AreSame(options, services.GetRequiredService<IOptions<GatewayHostOptions>>().Value);
        ConsoleLoggerOptions console = services.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value;
        Assert.AreEqual(FaultConsoleFormatter.FormatterName, console.FormatterName);
        Assert.AreEqual(LogLevel.Trace, console.LogToStandardErrorThreshold, "nothing of the log goes to stdout");
        Assert.AreEqual(ConsoleLoggerQueueFullMode.DropWrite, console.QueueFullMode, "a terminal that stands still does not hold the loop");
        Assert.IsTrue(services.GetServices<ConsoleFormatter>().OfType<FaultConsoleFormatter>().Any());
        ILoggerFactory loggers = services.GetRequiredService<ILoggerFactory>();
        Assert.IsTrue(loggers.CreateLogger(GatewayLog.Category).IsEnabled(LogLevel.Information));
        ILogger server = loggers.CreateLogger("Microsoft.AspNetCore.Server.Kestrel");
        Assert.IsTrue(server.IsEnabled(LogLevel.Error), "it gets a code");
        Assert.IsFalse(server.IsEnabled(LogLevel.Warning));
        Assert.IsFalse(loggers.CreateLogger("Microsoft.AspNetCore.Routing").IsEnabled(LogLevel.Critical));
        KestrelServerOptions kestrel = services.GetRequiredService<IOptions<KestrelServerOptions>>().Value;
        Assert.AreEqual(GatewayListeners.MaxRequestBodyBytes, kestrel.Limits.MaxRequestBodySize);
        Assert.AreEqual(HttpConnections.HeadTimeout, kestrel.Limits.RequestHeadersTimeout);
        Assert.AreEqual(HttpConnections.IdleTimeout, kestrel.Limits.KeepAliveTimeout);
        Assert.IsNull(kestrel.Limits.MaxConcurrentConnections);
        Assert.IsFalse(kestrel.AddServerHeader);
        Assert.IsLessThan(GatewayApplication.ShutdownTimeout, GatewayService.MaxStop);
        GatewayHandle handle = services.GetRequiredService<GatewayHandle>();
        Assert.AreEqual("fr", handle.Language);
        Assert.AreSame(services.GetRequiredService<StopLatch>(), handle.Stop);
        Assert.IsNull(handle.Core());
    }

    [TestMethod]
    public async Task An_error_of_the_web_server_is_a_line_with_a_code_and_its_repeats_are_counted()
    {
        using StringWriter text = new();
        WebApplication application = GatewayApplication.Build(LiveGateway.Options(_folder), TimeProvider.System, b =>
        {
            b.Services.Remove(b.Services.Single(s => s.ServiceType == typeof(ILoggerProvider) && s.ImplementationType == typeof(ConsoleLoggerProvider)));
            b.Logging.AddProvider(new LineProvider(text, "en"));
        });
        await using (application)
        {
            ILogger server = application.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Microsoft.AspNetCore.Server.Kestrel.Connections");
            LogFailed(server, "early", null);
            Assert.AreEqual(string.Empty, text.ToString(), "a start that fails is told by its refusal");
            Assert.IsNull(await GatewayApplication.TryStartAsync(application));
            for (int i = 0; i < 3; i++)
            {
                LogFailed(server, "0HN1", new IOException("broken\npipe"));
            }

            await application.StopAsync();
        }

        string[] lines = [.. text.ToString().Split('\n').Where(l => l.Contains(FaultCodes.WebServerFailed, StringComparison.Ordinal))];
        Assert.HasCount(2, lines, text.ToString());
        StringAssert.Contains(lines[0], "Connection 0HN1 failed. IOException: broken");
        StringAssert.Contains(lines[1], "(2 more since then)", "at the stop");
        Assert.IsFalse(text.ToString().Contains("early", StringComparison.Ordinal));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Connection {Id} failed.")]
    private static partial void LogFailed(ILogger logger, string id, Exception? exception);

    private static async Task RefusedAsync(GatewayHostOptions options, string code)
    {
        await using WebApplication application = GatewayApplication.Build(options, TimeProvider.System, static b => b.Logging.ClearProviders());
        CodedError? refusal = await GatewayApplication.TryStartAsync(application);
        Assert.AreEqual(code, refusal?.Code);
        Assert.AreEqual(code == FaultCodes.ListenerNotOpened, application.Services.GetRequiredService<GatewayService>().IsStoppedCleanly, "a journal that was opened is closed");
        Assert.IsFalse(string.IsNullOrEmpty(refusal!.Detail));
    }
}
