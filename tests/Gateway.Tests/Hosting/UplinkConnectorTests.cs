using System;
using System.Collections.Concurrent;
using System.IO;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Tasks;
using EdgeGateway.Certificates;
using EdgeGateway.Core;
using EdgeGateway.Faults;
using EdgeGateway.Machine;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Transports;
using Gateway.Tests.Security;
using Gateway.Tests.Web;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Mqtt.Tests.Transports;

namespace Gateway.Tests.Hosting;

/// <summary>The uplink's connections on real sockets.</summary>
[TestClass]
public sealed class UplinkConnectorTests
{
    [TestMethod]
    public async Task A_connection_opens_carries_bytes_both_ways_and_closes_once()
    {
        using TcpListener broker = new(IPAddress.Loopback, 0);
        broker.Start();
        using MqttLoop loop = new(TimeProvider.System, "uplink");
        loop.Start();
        using UplinkConnector uplink = new(loop, To(((IPEndPoint)broker.LocalEndpoint).Port), TimeProvider.System);
        using Seen seen = new();
        loop.TryPost(() => uplink.Connect(seen));
        using (TcpClient peer = await broker.AcceptTcpClientAsync().WaitAsync(LiveGateway.Patience))
        {
            IMqttConnection connection = (IMqttConnection)(await seen.NextAsync()).What;
            loop.TryPost(() => connection.Write("up"u8));
            await LiveGateway.UntilAsync(peer.GetStream(), "up"u8.ToArray());
            await peer.GetStream().WriteAsync("down"u8.ToArray());
            string text = string.Empty;
            while (text.Length < 4)
            {
                text += (await seen.NextAsync()).What;
            }

            Assert.AreEqual("down", text);
        }

        Assert.AreEqual("closed", (await seen.NextAsync()).Kind);
        TaskCompletionSource turned = new();
        loop.TryPost(turned.SetResult);
        await turned.Task.WaitAsync(LiveGateway.Patience);
        Assert.IsTrue(seen.IsEmpty, "closed once");
    }

    [TestMethod]
    public async Task An_attempt_that_fails_ends_with_one_reason()
    {
        using TcpListener nobody = new(IPAddress.Loopback, 0);
        nobody.Start();
        int port = ((IPEndPoint)nobody.LocalEndpoint).Port;
        nobody.Stop();
        using MqttLoop loop = new(TimeProvider.System, "uplink");
        loop.Start();
        using UplinkConnector uplink = new(loop, To(port), TimeProvider.System);
        using Seen seen = new();
        loop.TryPost(() => uplink.Connect(seen));
        (string kind, object why) = await seen.NextAsync();
        Assert.AreEqual("closed", kind);
        Assert.AreNotEqual(string.Empty, why);
    }

    [TestMethod]
    public async Task Tls_opens_to_a_broker_that_the_authority_has_proven_and_shows_its_own_certificate()
    {
        using CertificateFixture files = new("hospital");
        await using TlsBroker broker = new(files.Gateway("localhost"), files, wantsClient: true);
        (string kind, object what) = await TryAsync(new ExternalBroker
        {
            Host = "localhost",
            Port = broker.Port,
            Transport = UplinkTransport.Tls,
            Authority = Bytes(files.RootPem + "\n" + files.IssuingPem),
            Certificate = Bytes(Pair(files.Listener("cart-1"))),
        });
        Assert.AreEqual("opened", kind, what.ToString());
    }

    [TestMethod]
    public async Task Each_cause_of_a_failed_tls_connection_has_its_own_code()
    {
        using CertificateFixture files = new("hospital");
        using CertificateFixture stranger = new("hospital");
        ExternalBroker broker = new() { Host = "localhost", Transport = UplinkTransport.Tls, Authority = Bytes(files.RootPem + "\n" + files.IssuingPem) };
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        await using TlsBroker good = new(files.Gateway("localhost"), files, wantsClient: true);
        await using TlsBroker other = new(files.Gateway("other.example"), files, wantsClient: false);
        await using TlsBroker old = new(files.Gateway("localhost", now.AddDays(-400)), files, wantsClient: false);
        using TcpListener plain = new(IPAddress.Loopback, 0);
        plain.Start();
        _ = Task.Run(async () =>
        {
            while (true)
            {
                using TcpClient client = await plain.AcceptTcpClientAsync();
                await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
            }
        });

        Assert.AreEqual(FaultCodes.BrokerCertificateUntrusted, await CodeAsync(broker with { Port = good.Port, Authority = Bytes(stranger.RootPem) }));
        Assert.AreEqual(FaultCodes.BrokerCertificateUntrusted, await CodeAsync(broker with { Port = good.Port, Authority = default }), "the system's authorities do not know it");
        Assert.AreEqual(FaultCodes.BrokerNameWrong, await CodeAsync(broker with { Port = other.Port }));
        Assert.AreEqual(FaultCodes.BrokerCertificateNotInTime, await CodeAsync(broker with { Port = old.Port }));
        Assert.AreEqual(FaultCodes.BrokerTlsFailed, await CodeAsync(broker with { Port = ((IPEndPoint)plain.LocalEndpoint).Port }));
        Assert.AreEqual("opened", (await TryAsync(broker with { Port = other.Port, ServerName = "other.example" })).Kind);
    }

    [TestMethod]
    [NeedsProgram("mosquitto")]
    public async Task Mosquitto_over_tls_takes_a_certificate_that_it_knows_and_its_refusal_has_a_code()
    {
        using CertificateFixture files = new("hospital");
        using CertificateFixture stranger = new("hospital");
        string folder = Directory.CreateTempSubdirectory("mosquitto-tls-").FullName;
        WriteMosquittoFiles(folder, files);
        (RunningProgram mosquitto, int port) = await MosquittoAsync(folder);
        using RunningProgram running = mosquitto;
        ExternalBroker broker = new() { Host = "localhost", Port = port, Transport = UplinkTransport.Tls, Authority = Bytes(files.RootPem) };
        byte[] connect = MqttBytes.Connect("cart-1", "u", "p");
        Assert.AreEqual("received", (await TryAsync(broker with { Certificate = Bytes(Pair(files.Listener("cart-1"))) }, connect)).Kind, "CONNACK");
        Assert.AreEqual(FaultCodes.BrokerRefusedCertificate, ((string)(await TryAsync(broker, connect)).What).Split(' ')[0], "no certificate where one is wanted");
        Assert.AreEqual(FaultCodes.BrokerRefusedCertificate, ((string)(await TryAsync(broker with { Certificate = Bytes(Pair(stranger.Listener("cart-1"))) }, connect)).What).Split(' ')[0]);
        Directory.Delete(folder, recursive: true);
    }

    [TestMethod]
    public async Task Next_address_is_asked_when_one_does_not_answer()
    {
        using TcpListener broker = new(IPAddress.Loopback, 0);
        broker.Start();
        using TcpListener nobody = new(IPAddress.Loopback, 0);
        nobody.Start();
        int dead = ((IPEndPoint)nobody.LocalEndpoint).Port;
        nobody.Stop();
        using MqttLoop loop = new(TimeProvider.System, "uplink");
        loop.Start();
        using UplinkConnector uplink = new(loop, To(dead) with { Alternatives = [new BrokerAddress("127.0.0.1", ((IPEndPoint)broker.LocalEndpoint).Port)] }, TimeProvider.System);
        using Seen seen = new();
        loop.TryPost(() => uplink.Connect(seen));
        Assert.AreEqual("closed", (await seen.NextAsync()).Kind);
        loop.TryPost(() => uplink.Connect(seen));
        Assert.AreEqual("opened", (await seen.NextAsync()).Kind);
    }

    [TestMethod]
    public async Task WebSocket_opens_at_its_path_and_a_wrong_path_has_its_code()
    {
        await using LiveGateway gateway = await LiveGateway.StartAsync();
        ExternalBroker broker = To(gateway.HttpPort) with { Transport = UplinkTransport.WebSocket };
        (string kind, object what) = await TryAsync(broker);
        Assert.AreEqual("opened", kind, what.ToString());
        Assert.AreEqual(FaultCodes.BrokerWebSocketRefused, await CodeAsync(broker with { WebSocketPath = "/no-such" }));
    }

    /// <summary>What a mosquitto needs to prove that it is localhost, and to judge certificates.</summary>
    internal static void WriteMosquittoFiles(string folder, CertificateFixture files)
    {
        using X509Certificate2 server = files.Gateway("localhost");
        using ECDsa key = server.GetECDsaPrivateKey()!;
        File.WriteAllText(Path.Combine(folder, "server.key"), key.ExportPkcs8PrivateKeyPem() + "\n");
        File.WriteAllText(Path.Combine(folder, "server.pem"), server.ExportCertificatePem() + "\n" + files.IssuingPem + "\n");
        File.WriteAllText(Path.Combine(folder, "ca.pem"), files.RootPem + "\n" + files.IssuingPem + "\n");
    }

    /// <summary>A mosquitto that wants a client certificate, and its port.</summary>
    internal static async Task<(RunningProgram Program, int Port)> MosquittoAsync(string folder)
    {
        for (int attempt = 0; attempt < 5; attempt++)
        {
            int port;
            using (TcpListener probe = new(IPAddress.Loopback, 0))
            {
                probe.Start();
                port = ((IPEndPoint)probe.LocalEndpoint).Port;
            }

            File.WriteAllText(
                Path.Combine(folder, "mosquitto.conf"),
                $"user root\nlistener {port} 127.0.0.1\nallow_anonymous true\nrequire_certificate true\ncafile {folder}/ca.pem\ncertfile {folder}/server.pem\nkeyfile {folder}/server.key\n");
            RunningProgram broker = new("mosquitto", "-v", "-c", Path.Combine(folder, "mosquitto.conf"));
            string? line;
            string said = string.Empty;
            do
            {
                line = await broker.Errors.ReadLineAsync();
                said += line + "\n";
            }
            while (line is not null && !line.EndsWith(" running", StringComparison.Ordinal));
            if (line is not null)
            {
                _ = broker.Errors.ReadToEndAsync(); // or its pipe fills
                return (broker, port);
            }

            broker.Dispose();
            Assert.IsTrue(attempt < 4, said);
        }

        throw new InvalidOperationException();
    }

    private static ExternalBroker To(int port) => new() { Host = "127.0.0.1", Port = port };

    private static byte[] Bytes(string pem) => Encoding.ASCII.GetBytes(pem);

    private static string Pair(CertificatePair pair) => pair.CertificatePem + "\n" + pair.KeyPem + "\n";

    private static async Task<string> CodeAsync(ExternalBroker broker)
    {
        (string kind, object what) = await TryAsync(broker);
        return kind == "refused" ? ((string)what).Split(' ')[0] : kind + " " + what;
    }

    // One attempt. When it opens, what comes within a turn decides: in TLS 1.3 a refused client hears of it only then.
    private static async Task<(string Kind, object What)> TryAsync(ExternalBroker broker, byte[]? first = null)
    {
        using MqttLoop loop = new(TimeProvider.System, "uplink");
        loop.Start();
        using UplinkConnector uplink = new(loop, broker, TimeProvider.System);
        using Seen seen = new();
        loop.TryPost(() => uplink.Connect(seen));
        (string Kind, object What) opened = await seen.NextAsync();
        if (opened.Kind == "opened" && broker.Transport == UplinkTransport.Tls)
        {
            loop.TryPost(() => ((IMqttConnection)opened.What).Write(first ?? "hello"u8.ToArray()));
            (string Kind, object What) second = await seen.NextAsync();
            loop.TryPost(((IMqttConnection)opened.What).Close);
            if (second.Kind == "received")
            {
                await seen.NextAsync();
            }

            return second.Kind == "received" && first is null ? opened : second;
        }

        return opened;
    }

    private sealed class Seen : IUplinkEvents, IDisposable
    {
        private readonly ConcurrentQueue<(string Kind, object What)> _events = [];
        private readonly System.Threading.SemaphoreSlim _news = new(0);

        public bool IsEmpty => _events.IsEmpty;

        public async Task<(string Kind, object What)> NextAsync()
        {
            Assert.IsTrue(await _news.WaitAsync(LiveGateway.Patience));
            Assert.IsTrue(_events.TryDequeue(out (string Kind, object What) next));
            return next;
        }

        public void Dispose() => _news.Dispose();

        public void Opened(IMqttConnection connection, long nowUs) => Add("opened", connection);

        public void Received(ReadOnlySpan<byte> bytes, long nowUs) => Add("received", Encoding.ASCII.GetString(bytes));

        public void Closed(string text, long nowUs) => Add("closed", text);

        public void Refused(string code, string text, long nowUs) => Add("refused", code + " " + text);

        private void Add(string kind, object what)
        {
            _events.Enqueue((kind, what));
            _news.Release();
        }
    }
}
