using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using EdgeGateway.Mqtt.Transports;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MQTTnet.AspNetCore;

namespace Mqtt.Tests.Transports;

/// <summary>A broker of another maker that is reached by each of the uplink's ways: tcp, tls, ws and wss.</summary>
internal abstract class SecurePeer : IAsyncDisposable
{
    private readonly Dictionary<string, int> _ports = [];

    protected SecurePeer()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        KeyPem = key.ExportPkcs8PrivateKeyPem();
        Certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        foreach (string way in Ways)
        {
            using TcpListener probe = new(IPAddress.Loopback, 0);
            probe.Start();
            _ports[way] = ((IPEndPoint)probe.LocalEndpoint).Port;
        }
    }

    public static IReadOnlyList<string> Ways { get; } = ["tcp", "tls", "ws", "wss"];

    protected X509Certificate2 Certificate { get; }

    protected string KeyPem { get; }

    public int Port(string way) => _ports[way];

    public MqttEndpoint Endpoint(string way) => new("localhost", Port(way))
    {
        Tls = way is "tls" or "wss" ? new MqttTlsOptions { Trust = [Certificate] } : null,
        WebSocketPath = way is "ws" or "wss" ? "/mqtt" : null,
    };

    public static async Task<SecurePeer> StartAsync(string name)
    {
        for (int attempt = 0; ; attempt++)
        {
            SecurePeer peer = name == "mosquitto" ? new MosquittoPeer() : new MqttNetPeer();
            if (await peer.TryStartAsync())
            {
                return peer;
            }

            await peer.DisposeAsync(); // somebody else took a port meanwhile
            Assert.IsLessThan(5, attempt, name + " does not start");
        }
    }

    public abstract ValueTask DisposeAsync();

    protected abstract Task<bool> TryStartAsync();
}

/// <summary>MQTTnet's server behind Kestrel.</summary>
internal sealed class MqttNetPeer : SecurePeer
{
    private WebApplication? _web;

    public override async ValueTask DisposeAsync()
    {
        if (_web is not null)
        {
            await _web.DisposeAsync();
        }

        Certificate.Dispose();
    }

    protected override async Task<bool> TryStartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(static o => o.ShutdownTimeout = TimeSpan.FromMilliseconds(500)); // a WebSocket that the client closed last is waited for
        builder.Services.AddConnections();
        builder.Services.AddHostedMqttServer(static o => o.WithoutDefaultEndpoint().WithMaxPendingMessagesPerClient(10_000));
        builder.Services.AddMqttConnectionHandler();
        builder.Services.AddMqttWebSocketServerAdapter();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(o =>
        {
            o.ListenLocalhost(Port("tcp"), static l => l.UseMqtt());
            o.ListenLocalhost(Port("tls"), l => l.UseHttps(Certificate).UseMqtt());
            o.ListenLocalhost(Port("ws"));
            o.ListenLocalhost(Port("wss"), l => l.UseHttps(Certificate));
        });
        _web = builder.Build();
        _web.UseWebSockets();
        _web.MapMqtt("/mqtt");
        try
        {
            await _web.StartAsync();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}

/// <summary>mosquitto as a process. Debian's has WebSocket.</summary>
internal sealed class MosquittoPeer : SecurePeer
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mqtt-tests-").FullName;
    private RunningProgram? _program;

    public override ValueTask DisposeAsync()
    {
        _program?.Dispose();
        Certificate.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    protected override async Task<bool> TryStartAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "server.key"), KeyPem + "\n");
        await File.WriteAllTextAsync(Path.Combine(_folder, "server.pem"), Certificate.ExportCertificatePem() + "\n");
        string secure = $"certfile {_folder}/server.pem\nkeyfile {_folder}/server.key\n";
        string file = Path.Combine(_folder, "mosquitto.conf");
        await File.WriteAllTextAsync(
            file,
            "user root\nallow_anonymous true\nmax_queued_messages 0\nset_tcp_nodelay true\n" + string.Concat(Ways.Select(way =>
                $"listener {Port(way)} 127.0.0.1\n{(way is "ws" or "wss" ? "protocol websockets\n" : string.Empty)}{(way is "tls" or "wss" ? secure : string.Empty)}")));
        _program = new RunningProgram("mosquitto", "-v", "-c", file);
        string? line;
        do
        {
            line = await _program.Errors.ReadLineAsync();
        }
        while (line is not null && !line.EndsWith(" running", StringComparison.Ordinal));
        _ = line is null ? null : _program.Errors.ReadToEndAsync(); // or its pipe fills
        return line is not null;
    }
}
