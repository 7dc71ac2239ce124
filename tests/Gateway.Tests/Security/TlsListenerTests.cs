using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Certificates;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Machine;
using Gateway.Tests.Hosting;
using Gateway.Tests.Web;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Security;

/// <summary>A real gateway behind mutual TLS: who gets in, who does not and with which word, and what changes while it runs.</summary>
[TestClass]
public sealed class TlsListenerTests
{
    private const string Known = "02aabbfffe0000a1";
    private const string Second = "02aabbfffe0000a2";
    private const string New = "02aabbfffe0000a3";

    private static CertificateFixture _cart = null!;
    private static LiveGateway _gateway = null!;

    public TestContext TestContext { get; set; } = null!;

    [ClassInitialize]
    public static async Task StartAsync(TestContext context)
    {
        _cart = new CertificateFixture("cart-1");
        _cart.Admit(Known);
        _cart.Admit(Second);
        _gateway = await LiveGateway.StartAsync(change: o => o with { Tls = new GatewayTlsOptions { Directory = _cart.Folder.Path, MqttAddress = IPAddress.Loopback, MqttPort = 0 } });
    }

    [ClassCleanup]
    public static async Task StopAsync()
    {
        await _gateway.DisposeAsync();
        _cart.Dispose();
    }

    [TestMethod]
    [DataRow(SslProtocols.Tls12)]
    [DataRow(SslProtocols.Tls13)]
    public async Task Admitted_pod_is_let_in_with_either_version(SslProtocols version)
    {
        await using Peer pod = await Peer.OpenAsync(_gateway.TlsPort, _cart, _cart.Pod(Known), version);
        Assert.AreEqual(0, await pod.ConnectAsync("pod-" + Known));
        Assert.AreEqual(version, pod.Protocol);
    }

    [TestMethod]
    public async Task Refused_peers_are_told_apart_in_health_with_what_to_do()
    {
        using CertificateFixture other = new("cart-2", _cart);
        using CertificateFixture stranger = new("cart-1");
        CertificatePair revoked = _cart.Pod(Second);
        _cart.Revoke(revoked);
        await UntilAsync(() => Task.FromResult(_gateway.Application.Services.GetService(typeof(EdgeGateway.Core.Access.ICartMembers)) is EdgeGateway.Core.Access.ICartMembers members && members.IsRevoked(CertificateFixture.SerialOf(revoked))));
        (string Code, CertificatePair? Shown)[] cases =
        [
            (FaultCodes.PeerWithoutCertificate, null),
            (FaultCodes.PeerCertificateUntrusted, stranger.Pod(Known)),
            (FaultCodes.PeerOfOtherCart, other.Pod(Known)),
            (FaultCodes.PeerCertificateExpired, _cart.Pod(Second, TimeProvider.System.GetUtcNow().AddDays(-731))),
            (FaultCodes.PeerCertificateNotYetValid, _cart.Pod(Second, TimeProvider.System.GetUtcNow().AddDays(20))),
            (FaultCodes.PeerCertificateRevoked, revoked),
        ];
        foreach ((string code, CertificatePair? shown) in cases)
        {
            Assert.IsFalse(await Peer.IsLetInAsync(_gateway.TlsPort, _cart, shown), code);
            JsonElement issue = await IssueAsync(code);
            Assert.IsGreaterThan(10, issue.GetProperty("do").GetString()!.Length);
        }

        using TcpClient plain = new();
        await plain.ConnectAsync(IPAddress.Loopback, _gateway.TlsPort);
        await plain.GetStream().WriteAsync(MqttBytes.Connect("pod-" + Known, "u", "p"));
        Assert.AreEqual(0, await ReadAsync(plain.GetStream()));
        JsonElement inPlain = await IssueAsync(FaultCodes.PeerWithoutTls);
        StringAssert.Contains(inPlain.GetProperty("detail").GetString(), "127.0.0.1: it sent an MQTT CONNECT in plain and calls itself pod-" + Known);
    }

    [TestMethod]
    public async Task Stand_in_with_a_pods_habits_and_limits_is_let_in()
    {
        // M2Mqtt on mbedTLS: TLS 1.2 alone, one cipher suite, its leaf alone, one trusted certificate; MQTT 3.1.1, clean, with a retained will.
        await using Peer pod = await Peer.OpenAsync(_gateway.TlsPort, _cart, _cart.Pod(Known), SslProtocols.Tls12, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, _cart.AnchorPem);
        Assert.AreEqual(0, await pod.ConnectAsPodAsync(Known));
        Assert.IsLessThan(0x80, await pod.SubscribeAsync("pod/" + Known + "/cmd", isVersion5: false));
        Assert.IsGreaterThanOrEqualTo(0x80, await pod.SubscribeAsync("pod/" + Second + "/cmd", isVersion5: false));

        // No other gateway of the same root proves itself to it, whatever names it has.
        using CertificateFixture other = new("cart-2", _cart);
        Assert.IsFalse(await TrustsAsync(other));
        Assert.IsTrue(await TrustsAsync(_cart));
        if (OperatingSystem.IsLinux())
        {
            await Assert.ThrowsAsync<Exception>(async () =>
            {
                await using Peer weak = await Peer.OpenAsync(_gateway.TlsPort, _cart, _cart.Pod(Known), SslProtocols.Tls12, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256);
            });
        }
    }

    [TestMethod]
    public async Task Two_boards_of_one_device_id_are_noticed_and_the_first_keeps_its_place()
    {
        const string Twice = "02aabbfffe0000a7";
        _cart.Admit(Twice);
        await UntilAsync(() => Task.FromResult(_gateway.Application.Services.GetService(typeof(EdgeGateway.Core.Access.ICartMembers)) is EdgeGateway.Core.Access.ICartMembers members
            && members.StandingOf(0x02aabbfffe0000a7) == EdgeGateway.Core.Access.PeerStanding.Admitted));
        await using Peer first = await Peer.OpenAsync(_gateway.TlsPort, _cart, _cart.Pod(Twice));
        Assert.AreEqual(0, await first.ConnectAsync("pod-" + Twice));
        await using (Peer second = await Peer.OpenAsync(_gateway.TlsPort, _cart, _cart.Pod(Twice)))
        {
            Assert.AreNotEqual(0, await second.ConnectAsync("pod-" + Twice), "another key of the same name waits until the first is silent");
        }

        JsonElement issue = await IssueAsync(FaultCodes.DuplicateDeviceId);
        Assert.AreEqual(Twice, issue.GetProperty("subject").GetProperty("pod").GetString());
        Assert.IsTrue(await first.IsOpenAsync());
    }

    [TestMethod]
    public async Task Listeners_name_is_not_taken_over_with_another_certificate_while_its_holder_lives()
    {
        CertificatePair second = _cart.Listener("dr-7");
        await using (Peer first = await Peer.OpenAsync(_gateway.TlsPort, _cart, _cart.Listener("dr-7")))
        {
            Assert.AreEqual(0, await first.ConnectAsync("dr-7"));
            await using (Peer other = await Peer.OpenAsync(_gateway.TlsPort, _cart, second))
            {
                Assert.AreNotEqual(0, await other.ConnectAsync("dr-7"));
            }

            await IssueAsync(FaultCodes.ListenerNameTwice);
            Assert.IsTrue(await first.IsOpenAsync());
        }

        await UntilAsync(async () =>
        {
            await using Peer again = await Peer.OpenAsync(_gateway.TlsPort, _cart, second);
            return await again.ConnectAsync("dr-7") == 0;
        });
    }

    [TestMethod]
    public async Task Strangers_without_number_do_not_hide_a_pod_that_asks()
    {
        const string Asks = "02aabbfffe0000a8";
        EdgeGateway.Core.GatewayCore core = _gateway.Service.Core!;
        _gateway.Service.Loop.TryPost(() =>
        {
            for (int i = 0; i < 300; i++)
            {
                core.Peers.HandshakeRefused(FaultCodes.PeerWithoutTls, 0, "10.0.0." + i, "10.0.0." + i);
            }
        });
        await using Peer pod = await Peer.OpenAsync(_gateway.TlsPort, _cart, _cart.Pod(Asks));
        Assert.AreNotEqual(0, await pod.ConnectAsync("pod-" + Asks));
        await UntilAsync(async () =>
        {
            using HttpClient http = LiveGateway.Client();
            using JsonDocument health = JsonDocument.Parse(await http.GetStringAsync(_gateway.Origin + "/health"));
            JsonElement[] issues = [.. health.RootElement.GetProperty("issues").EnumerateArray()];
            Assert.IsLessThanOrEqualTo(70, issues.Length);
            return issues.Any(static i => i.GetProperty("code").ValueEquals(FaultCodes.NewPodAsks) && i.GetProperty("subject").GetProperty("pod").ValueEquals(Asks));
        });
    }

    [TestMethod]
    public async Task Health_says_of_each_listener_where_and_with_what_and_of_each_certificate_how_long()
    {
        using HttpClient http = LiveGateway.Client();
        JsonElement root = default;
        await UntilAsync(async () =>
        {
            using JsonDocument health = JsonDocument.Parse(await http.GetStringAsync(_gateway.Origin + "/health"));
            root = health.RootElement.Clone();
            return root.TryGetProperty("certificates", out _);
        });
        string[] listeners = [.. root.GetProperty("listeners").EnumerateArray().Select(static l => $"{l.GetProperty("protocol")} {l.GetProperty("address")} {l.GetProperty("port")} {l.GetProperty("protection")}")];
        CollectionAssert.AreEqual(
            (string[])[$"mqtt 127.0.0.1 {_gateway.MqttPort} loopback", $"http 127.0.0.1 {_gateway.HttpPort} loopback", $"mqtts 127.0.0.1 {_gateway.TlsPort} mutualTls"], listeners);
        JsonElement[] certificates = [.. root.GetProperty("certificates").EnumerateArray()];
        CollectionAssert.AreEqual((string[])["gateway", "issuing"], certificates.Select(static c => c.GetProperty("what").GetString()).ToArray());
        Assert.IsTrue(certificates.All(static c => c.GetProperty("daysLeft").GetInt32() is 364 or 365), root.GetRawText());
        using X509Certificate2 issuing = X509Certificate2.CreateFromPem(_cart.IssuingPem);
        Assert.AreEqual(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(issuing.RawData)), certificates[1].GetProperty("sha256").GetString());
    }

    [TestMethod]
    public async Task Pod_that_nobody_has_admitted_asks_and_is_let_in_when_the_list_names_it()
    {
        CertificatePair certificate = _cart.Pod(New);
        await using (Peer first = await Peer.OpenAsync(_gateway.TlsPort, _cart, certificate))
        {
            Assert.AreNotEqual(0, await first.ConnectAsync("pod-" + New));
        }

        JsonElement issue = await IssueAsync(FaultCodes.NewPodAsks);
        Assert.AreEqual(New, issue.GetProperty("subject").GetProperty("pod").GetString());
        _cart.Admit(New);
        await UntilAsync(async () =>
        {
            await using Peer again = await Peer.OpenAsync(_gateway.TlsPort, _cart, certificate);
            return await again.ConnectAsync("pod-" + New) == 0;
        });
    }

    [TestMethod]
    public async Task Pod_does_not_speak_for_another_one_and_no_plain_one_takes_its_place()
    {
        await using Peer pod = await Peer.OpenAsync(_gateway.TlsPort, _cart, _cart.Pod(Second));
        Assert.AreNotEqual(0, await pod.ConnectAsync("pod-" + Known));
        await IssueAsync(FaultCodes.PeerOfOtherRole);

        await using Peer own = await Peer.OpenAsync(_gateway.TlsPort, _cart, _cart.Pod(Second));
        Assert.AreEqual(0, await own.ConnectAsync("pod-" + Second));
        using TcpClient plain = new();
        await plain.ConnectAsync(IPAddress.Loopback, _gateway.MqttPort);
        await plain.GetStream().WriteAsync(MqttBytes.Connect("pod-" + Second, "u", "p"));
        byte[] answer = new byte[4];
        await plain.GetStream().ReadExactlyAsync(answer, TestContext.CancellationToken);
        Assert.AreEqual(0x20, answer[0]);
        Assert.AreNotEqual(0, answer[3], "a pod that has a certificate comes with it, on loopback too");
        await IssueAsync(FaultCodes.PodWithoutTls);
        Assert.IsTrue(await own.IsOpenAsync());
    }

    [TestMethod]
    public async Task Revoked_certificate_ends_its_open_connection_and_others_stay()
    {
        CertificatePair certificate = _cart.Listener("ward-view");
        CertificatePair other = _cart.Listener("other-view");
        await using Peer listener = await Peer.OpenAsync(_gateway.TlsPort, _cart, certificate);
        await using Peer stays = await Peer.OpenAsync(_gateway.TlsPort, _cart, other);
        Assert.AreEqual(0, await listener.ConnectAsync("ward-view"));
        Assert.AreEqual(0, await stays.ConnectAsync("other-view.1"));
        _cart.Revoke(certificate);
        await listener.UntilClosedAsync();
        Assert.IsTrue(await stays.IsOpenAsync());
        Assert.IsFalse(await Peer.IsLetInAsync(_gateway.TlsPort, _cart, certificate));
    }

    [TestMethod]
    public async Task Listener_reads_sessions_and_nothing_else()
    {
        CertificatePair certificate = _cart.Listener("dr-1");
        await using (Peer wrong = await Peer.OpenAsync(_gateway.TlsPort, _cart, certificate))
        {
            Assert.AreNotEqual(0, await wrong.ConnectAsync("dr-2"), "an identifier is the certificate's name");
        }

        await using Peer listener = await Peer.OpenAsync(_gateway.TlsPort, _cart, certificate);
        Assert.AreEqual(0, await listener.ConnectAsync("dr-1"));
        Assert.IsLessThan(0x80, await listener.SubscribeAsync("cart/cart-1/session/#"));
        Assert.IsGreaterThanOrEqualTo(0x80, await listener.SubscribeAsync("pod/" + Known + "/up"));
        Assert.IsGreaterThanOrEqualTo(0x80, await listener.SubscribeAsync("cart/cart-1/#"));
        Assert.IsGreaterThanOrEqualTo(0x80, await listener.PublishAsync("cart/cart-1/command/session", """{"command":"open","session":"S1","id":"1"}"""));
        Assert.IsLessThan(0x80, await listener.PublishAsync("cart/cart-1/command/cuff", """{"command":"stop","id":"2"}"""), "STOP is refused to nobody");
    }

    [TestMethod]
    public async Task Will_of_a_listener_that_is_gone_commands_nothing()
    {
        using HttpClient http = LiveGateway.Client();
        await using (Peer listener = await Peer.OpenAsync(_gateway.TlsPort, _cart, _cart.Listener("dr-9")))
        {
            Assert.AreEqual(0, await listener.ConnectAsync("dr-9", "cart/cart-1/command/session", """{"command":"open","session":"WILL","id":"w"}"""));
        }

        // Its refusal is the fact to wait for; then a session that a program of this machine opens is the first one.
        await UntilAsync(() => Task.FromResult(_gateway.Log.Contains("dr-9 may not publish to cart/cart-1/command/session", StringComparison.Ordinal)), () => _gateway.Log);
        using StringContent empty = new("{}", Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await http.PutAsync(_gateway.Origin + "/api/session/AFTER-WILL", empty);
        Assert.IsTrue(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        using HttpResponseMessage closed = await http.DeleteAsync(_gateway.Origin + "/api/session/AFTER-WILL");
    }

    [TestMethod]
    public async Task Renewed_certificate_is_shown_without_a_new_start()
    {
        await using Peer pod = await Peer.OpenAsync(_gateway.TlsPort, _cart, _cart.Pod(Known));
        string before = pod.ServerSerial;
        _cart.IssueGateway();
        await UntilAsync(async () =>
        {
            await using Peer again = await Peer.OpenAsync(_gateway.TlsPort, _cart, _cart.Pod(Known));
            return !string.Equals(again.ServerSerial, before, StringComparison.Ordinal);
        });
    }

    [TestMethod]
    public async Task Bad_handshakes_and_silent_connections_do_not_hurt_an_honest_pod()
    {
        await using Peer pod = await Peer.OpenAsync(_gateway.TlsPort, _cart, _cart.Pod(Known));
        Assert.AreEqual(0, await pod.ConnectAsync("pod-" + Known));
        List<Socket> silent = [];
        for (int i = 0; i < 80; i++)
        {
            Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, _gateway.TlsPort);
            silent.Add(socket);
            if (i % 2 == 0)
            {
                try
                {
                    await socket.SendAsync((byte[])[22, 3, 1, 0xFF, 0xFF, (byte)i]);
                }
                catch (SocketException)
                {
                    // Cut already: one address has had its handshakes.
                }
            }
        }

        TlsGauge gauge = new(_gateway);
        Assert.IsLessThanOrEqualTo(64, gauge.Handshakes);
        Assert.IsTrue(await pod.IsOpenAsync());
        foreach (Socket socket in silent)
        {
            socket.Dispose();
        }

        await UntilAsync(() => Task.FromResult(gauge.Handshakes == 0));
        await using Peer after = await Peer.OpenAsync(_gateway.TlsPort, _cart, _cart.Pod(Second));
    }

    [TestMethod]
    public void Start_without_usable_certificates_is_refused_with_a_code()
    {
        using CertificateFixture other = new("cart-9");
        foreach (string directory in new[] { Path.Combine(other.Folder.Path, "absent"), other.Folder.Path })
        {
            CodedErrorException refusal = Assert.ThrowsExactly<CodedErrorException>(() => EdgeGateway.Gateway.Security.CartCertificates.Load("cart-1", directory, TimeProvider.System));
            Assert.AreEqual(FaultCodes.CertificatesUnusable, refusal.Errors[0].Code);
        }
    }

    // A handshake of a pod of this cart with the gateway of a cart, as mbedTLS judges it: chain to the one trusted certificate, and the host name.
    private static async Task<bool> TrustsAsync(CertificateFixture cart)
    {
        using X509Certificate2 own = cart.Gateway("localhost");
        using X509Certificate2 issuing = X509Certificate2.CreateFromPem(cart.IssuingPem);
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        Task serving = Task.Run(async () =>
        {
            using TcpClient client = await listener.AcceptTcpClientAsync();
            await using SslStream stream = new(client.GetStream());
            await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(own, [issuing], offline: true) });
            Assert.IsLessThan(16, await ReadAsync(stream), "a pod says nothing before its CONNECT");
        });
        try
        {
            await using Peer pod = await Peer.OpenAsync(((IPEndPoint)listener.LocalEndpoint).Port, cart, null, SslProtocols.Tls12, anchorPem: _cart.AnchorPem);
            return true;
        }
        catch (AuthenticationException)
        {
            return false;
        }
        finally
        {
            await serving.ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    private static async Task<int> ReadAsync(Stream stream)
    {
        using CancellationTokenSource patience = new(LiveGateway.Patience);
        try
        {
            return await stream.ReadAsync(new byte[16], patience.Token);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, Func<string>? said = null)
    {
        using CancellationTokenSource patience = new(LiveGateway.Patience);
        while (!await condition())
        {
            Assert.IsFalse(patience.IsCancellationRequested, said?.Invoke());
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    private static async Task<JsonElement> IssueAsync(string code)
    {
        using HttpClient http = LiveGateway.Client();
        JsonElement found = default;
        string last = string.Empty;
        await UntilAsync(async () =>
        {
            last = await http.GetStringAsync(_gateway.Origin + "/health");
            using JsonDocument health = JsonDocument.Parse(last);
            foreach (JsonElement issue in health.RootElement.GetProperty("issues").EnumerateArray())
            {
                if (string.Equals(issue.GetProperty("code").GetString(), code, StringComparison.Ordinal))
                {
                    found = issue.Clone();
                    return true;
                }
            }

            return false;
        }, () => code + " in " + last);
        return found;
    }

    private sealed class TlsGauge(LiveGateway gateway)
    {
        public int Handshakes => ((EdgeGateway.Gateway.Security.TlsListener)gateway.Application.Services.GetService(typeof(EdgeGateway.Gateway.Security.TlsListener))!).Handshakes;
    }
}

/// <summary>A cart's certificates in a folder of their own.</summary>
internal sealed class CertificateFixture : IDisposable
{
    private readonly RootAuthority _root;
    private readonly IssuingAuthority _issuing;
    private readonly bool _ownsRoot;

    public CertificateFixture(string cartId, CertificateFixture? under = null)
    {
        CartId = cartId;
        _ownsRoot = under is null;
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        _root = under?._root ?? RootAuthority.Create("hospital", now);
        Folder = new CertificateFolder(Directory.CreateTempSubdirectory("cart-certificates-").FullName);
        string key = IssuingAuthority.NewKeyPem();
        using X509Certificate2 issuing = _root.SignIssuing(IssuingAuthority.RequestPem(cartId, key), cartId, now);
        _issuing = IssuingAuthority.Open(cartId, new CertificatePair(issuing.ExportCertificatePem(), key));
        Folder.WritePem(CertificateFolder.RootFile, _root.Certificate.ExportCertificatePem());
        Folder.WritePem(CertificateFolder.IssuingFile, issuing.ExportCertificatePem(), key);
        IssueGateway();
    }

    public string CartId { get; }

    public CertificateFolder Folder { get; }

    public string RootPem => _root.Certificate.ExportCertificatePem();

    public string AnchorPem => _issuing.AnchorPem(TimeProvider.System.GetUtcNow());

    public string IssuingPem => _issuing.Certificate.ExportCertificatePem();

    public static string SerialOf(CertificatePair pair)
    {
        using X509Certificate2 certificate = pair.ReadCertificate();
        return certificate.SerialNumber;
    }

    public void IssueGateway()
    {
        CertificatePair gateway = _issuing.IssueWithKey(new CertificateIdentity(CartId, CertificateRole.Gateway, "gateway"), ["localhost", "127.0.0.1"], TimeProvider.System.GetUtcNow());
        Folder.WritePem(CertificateFolder.GatewayFile, gateway.CertificatePem, _issuing.Certificate.ExportCertificatePem(), gateway.KeyPem);
    }

    /// <summary>A server's certificate with its key.</summary>
    public X509Certificate2 Gateway(string name, DateTimeOffset? at = null)
    {
        CertificatePair pair = _issuing.IssueWithKey(new CertificateIdentity(CartId, CertificateRole.Gateway, "gateway"), [name], at ?? TimeProvider.System.GetUtcNow());
        using X509Certificate2 read = X509Certificate2.CreateFromPem(pair.CertificatePem, pair.KeyPem);
        return X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
    }

    public CertificatePair Pod(string deviceId, DateTimeOffset? at = null) =>
        _issuing.IssueWithKey(new CertificateIdentity(CartId, CertificateRole.Pod, deviceId), [], at ?? TimeProvider.System.GetUtcNow());

    public CertificatePair Listener(string name) => _issuing.IssueWithKey(new CertificateIdentity(CartId, CertificateRole.Listener, name), [], TimeProvider.System.GetUtcNow());

    public void Admit(string deviceId)
    {
        using IDisposable taken = Folder.Lock();
        Folder.Write(Folder.ReadPods().With(new ListedPod(deviceId, PodStanding.Admitted, TimeProvider.System.GetUtcNow(), string.Empty)));
    }

    public void Revoke(CertificatePair pair)
    {
        using IDisposable taken = Folder.Lock();
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        RegisteredCertificate one = new(SerialOf(pair), CertificateRole.Listener, "x", now, now.AddDays(1), null, string.Empty);
        Folder.Write(Folder.ReadRegister().With(one, now).Revoke(c => string.Equals(c.Serial, one.Serial, StringComparison.Ordinal), "lost", now, out _));
    }

    public void Dispose()
    {
        _issuing.Dispose();
        if (_ownsRoot)
        {
            _root.Dispose();
        }

        Directory.Delete(Folder.Path, recursive: true);
    }
}

/// <summary>A client over TLS, MQTT 5, byte by byte.</summary>
internal sealed class Peer : IAsyncDisposable
{
    private readonly TcpClient _socket;
    private readonly SslStream _stream;
    private byte _id;

    private Peer(TcpClient socket, SslStream stream) => (_socket, _stream) = (socket, stream);

    public SslProtocols Protocol => _stream.SslProtocol;

    public string ServerSerial => ((X509Certificate2)_stream.RemoteCertificate!).SerialNumber;

    public static async Task<Peer> OpenAsync(int port, CertificateFixture cart, CertificatePair? shown, SslProtocols version = SslProtocols.Tls13, TlsCipherSuite? suite = null, string? anchorPem = null)
    {
        TcpClient socket = new();
        await socket.ConnectAsync(IPAddress.Loopback, port);
        SslStream stream = new(socket.GetStream());
        X509Certificate2Collection own = [];
        if (shown is not null)
        {
            using X509Certificate2 read = X509Certificate2.CreateFromPem(shown.CertificatePem, shown.KeyPem);
            own.Add(X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null));
        }

        X509ChainPolicy trust = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.ImportFromPem(anchorPem ?? cart.RootPem);
        using CancellationTokenSource patience = new(LiveGateway.Patience);
        SslClientAuthenticationOptions options = new() { TargetHost = "localhost", ClientCertificates = own, CertificateChainPolicy = trust, EnabledSslProtocols = version };
        if (suite is { } one && OperatingSystem.IsLinux())
        {
            options.CipherSuitesPolicy = new CipherSuitesPolicy([one]);
        }

        try
        {
            await stream.AuthenticateAsClientAsync(options, patience.Token);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return new Peer(socket, stream);
    }

    /// <summary>True when a peer gets an answer to its CONNECT: in TLS 1.3 a client hears only then that its certificate was refused.</summary>
    public static async Task<bool> IsLetInAsync(int port, CertificateFixture cart, CertificatePair? shown)
    {
        try
        {
            await using Peer peer = await OpenAsync(port, cart, shown);
            await peer.ConnectAsync("pod-02aabbfffe0000a2");
            return true;
        }
        catch (Exception e) when (e is IOException or AuthenticationException or SocketException)
        {
            return false;
        }
    }

    public async Task<int> ConnectAsync(string clientId, string? willTopic = null, string will = "")
    {
        static byte[] Text(string text) => [(byte)(text.Length >> 8), (byte)text.Length, .. Encoding.UTF8.GetBytes(text)];
        byte[] body = willTopic is null ? [] : [.. Text("MQTT"), 5, 0x06, 0, 60, 0, .. Text(clientId), 0, .. Text(willTopic), .. Text(will)];
        await _stream.WriteAsync(willTopic is null ? MqttBytes.Connect(clientId, "u", "p") : [0x10, .. body.Length < 128 ? [(byte)body.Length] : new byte[] { (byte)((body.Length & 0x7F) | 0x80), (byte)(body.Length >> 7) }, .. body]);
        byte[] answer = await PacketAsync(0x20);
        return answer[1];
    }

    /// <summary>CONNECT as M2Mqtt sends it for a pod.</summary>
    public async Task<int> ConnectAsPodAsync(string deviceId)
    {
        static byte[] Text(string text) => [(byte)(text.Length >> 8), (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];
        byte[] body = [.. Text("MQTT"), 4, 0x2E, 0, 15, .. Text("pod-" + deviceId), .. Text("pod/" + deviceId + "/state"), .. Text("{}")];
        await _stream.WriteAsync((byte[])[0x10, (byte)body.Length, .. body]);
        return (await PacketAsync(0x20))[1];
    }

    public async Task<int> SubscribeAsync(string filter, bool isVersion5 = true)
    {
        byte[] subscribe = MqttBytes.Subscribe(++_id, filter);
        if (!isVersion5)
        {
            byte[] topic = Encoding.ASCII.GetBytes(filter);
            subscribe = [0x82, (byte)(5 + topic.Length), 0, _id, 0, (byte)topic.Length, .. topic, 1];
        }

        await _stream.WriteAsync(subscribe);
        return (await PacketAsync(0x90))[^1];
    }

    public Task<int> PublishAsync(string topic, string payload) => PublishAsync(topic, Encoding.UTF8.GetBytes(payload));

    public async Task<int> PublishAsync(string topic, byte[] payload)
    {
        byte[] name = Encoding.ASCII.GetBytes(topic);
        _id = (byte)((_id % 250) + 1); // never 0
        byte[] body = [0, (byte)name.Length, .. name, 0, _id, 0, .. payload];
        await _stream.WriteAsync((byte[])[0x32, (byte)((body.Length & 0x7F) | (body.Length > 127 ? 0x80 : 0)), .. body.Length > 127 ? [(byte)(body.Length >> 7)] : Array.Empty<byte>(), .. body]);
        byte[] answer = await PacketAsync(0x40);
        return answer.Length > 2 ? answer[2] : 0;
    }

    public async Task<bool> IsOpenAsync()
    {
        try
        {
            await _stream.WriteAsync(MqttBytes.Ping);
            await PacketAsync(0xD0);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public async Task UntilClosedAsync()
    {
        using CancellationTokenSource patience = new(LiveGateway.Patience);
        byte[] some = new byte[256];
        try
        {
            while (await _stream.ReadAsync(some, patience.Token) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Cut, not closed: it is over in either case.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _socket.Dispose();
    }

    // The next packet of a kind, without its fixed header; others are passed over.
    private async Task<byte[]> PacketAsync(byte kind)
    {
        using CancellationTokenSource patience = new(LiveGateway.Patience);
        while (true)
        {
            byte[] head = new byte[2];
            await _stream.ReadExactlyAsync(head, patience.Token);
            int length = head[1];
            if (length > 127)
            {
                byte[] more = new byte[1];
                await _stream.ReadExactlyAsync(more, patience.Token);
                length = (length & 0x7F) | (more[0] << 7);
            }

            byte[] body = new byte[length];
            await _stream.ReadExactlyAsync(body, patience.Token);
            if ((head[0] & 0xF0) == kind)
            {
                return body;
            }
        }
    }
}
