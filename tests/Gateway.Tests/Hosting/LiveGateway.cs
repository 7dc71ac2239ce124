using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Gateway.Http;
using Gateway.Tests.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Hosting;

/// <summary>A gateway in this process on real sockets and a real disk.</summary>
internal sealed class LiveGateway : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly StringWriter _log;
    private readonly string _folder;

    private LiveGateway(WebApplication application, StringWriter log, string folder)
    {
        (Application, _log, _folder) = (application, log, folder);
        (HttpPort, MqttPort, TlsPort) = (GatewayApplication.PortOf(application, "http"), GatewayApplication.PortOf(application, "mqtt"), GatewayApplication.PortOf(application, "mqtts"));
        Origin = $"http://127.0.0.1:{HttpPort}";
    }

    public WebApplication Application { get; }

    public GatewayService Service => Application.Services.GetRequiredService<GatewayService>();

    public HttpConnections Connections => Application.Services.GetRequiredService<HttpConnections>();

    public int HttpPort { get; }

    public int MqttPort { get; }

    /// <summary>The port of MQTT over TLS; 0 without it.</summary>
    public int TlsPort { get; }

    public string Origin { get; }

    /// <summary>Every route that is served, with its methods; none stands for all.</summary>
    public IEnumerable<(string Pattern, IReadOnlyList<string> Methods)> Routes =>
        from endpoint in Application.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        select ("/" + (endpoint.RoutePattern.RawText ?? string.Empty).TrimStart('/'), endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []);

    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    public static GatewayHostOptions Options(string folder, GatewayWebOptions? web = null) => new()
    {
        Core = new GatewayOptions { CartId = "cart-1", GatewayId = 0x0200000000000001, Production = false },
        MqttPort = 0,
        HttpPort = 0,
        JournalDirectory = folder,
        JournalQuotaBytes = 64 * 1024 * 1024,
        Web = web ?? new GatewayWebOptions(),
    };

    public static async Task<LiveGateway> StartAsync(GatewayWebOptions? web = null, Func<GatewayHostOptions, GatewayHostOptions>? change = null)
    {
        StringWriter log = new();
        string folder = Directory.CreateTempSubdirectory("gateway-live-").FullName;
        GatewayHostOptions options = Options(folder, web);
        options = change?.Invoke(options) ?? options;
        WebApplication application = GatewayApplication.Build(options, TimeProvider.System, b =>
        {
            b.Logging.ClearProviders();
            b.Logging.AddProvider(new LineProvider(log, options.Language));
        });
        Assert.IsNull(await GatewayApplication.TryStartAsync(application));
        LiveGateway gateway = new(application, log, folder);
        await gateway.Service.Ready.WaitAsync(Patience);
        GatewayApplication.MakeInstruments(application);
        return gateway;
    }

    /// <summary>A client with a connection pool of its own, as a program that sends nothing but what is asked.</summary>
    public static HttpClient Client() => new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero, UseCookies = false }) { Timeout = Patience };

    /// <summary>A pod that takes commands; what comes is read from the stream.</summary>
    public async Task<NetworkStream> PodAsync()
    {
        TcpClient pod = new();
        await pod.ConnectAsync(IPAddress.Loopback, MqttPort);
        NetworkStream stream = pod.GetStream();
        await stream.WriteAsync(MqttBytes.Connect("pod-02aabbfffe0000a1", "u", "p"));
        await stream.WriteAsync(MqttBytes.Subscribe(1, "pod/02aabbfffe0000a1/cmd"));
        byte[] topic = Encoding.ASCII.GetBytes("pod/02aabbfffe0000a1/state");
        byte[] state = Encoding.ASCII.GetBytes("""{"peripherals":[{"name":"MPRLS0300"}]}""");
        await stream.WriteAsync((byte[])[0x32, (byte)(2 + topic.Length + 3 + state.Length), 0, (byte)topic.Length, .. topic, 0, 2, 0, .. state]);
        await UntilAsync(stream, [0, 2]);
        return stream;
    }

    /// <summary>Reads until a pattern comes.</summary>
    public static async Task UntilAsync(Stream stream, byte[] pattern)
    {
        using CancellationTokenSource patience = new(Patience);
        List<byte> read = [];
        byte[] chunk = new byte[4096];
        while (read.ToArray().AsSpan().IndexOf(pattern) < 0)
        {
            int count = await stream.ReadAsync(chunk, patience.Token);
            Assert.AreNotEqual(0, count, "the stream ended; read: " + Convert.ToHexString(read.ToArray()));
            read.AddRange(chunk[..count]);
        }
    }

    /// <summary>A raw connection that sends some bytes, or none.</summary>
    public async Task<Socket> RawAsync(string text = "")
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, HttpPort);
        if (text.Length > 0)
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(text));
        }

        return socket;
    }

    public async ValueTask DisposeAsync()
    {
        await Application.StopAsync();
        await Application.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
