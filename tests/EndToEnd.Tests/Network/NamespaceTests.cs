using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Faults;
using EdgeGateway.Tool;
using EndToEnd.Tests.Processes;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace EndToEnd.Tests.Network;

/// <summary>
/// A visit over four machines that trust nobody: a pod with a certificate, the gateway, mosquitto with TLS, password and ACL, and whoever looks by HTTPS and at the broker. The cart's certificates are cartctl's own.
/// </summary>
[TestClass]
[SupportedOSPlatform("linux")]
public sealed class NamespaceTests : IDisposable
{
    private const string Pod = "0200000000000010";
    private const string Lost = "0200000000000011";
    private const string Old = "0200000000000012";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly string GatewayAddress = CartNetwork.AddressOf(1);
    private static readonly string BrokerAddress = CartNetwork.AddressOf(2);

    private readonly List<RunningProcess> _running = [];
    private string _folder = null!;
    private CartNetwork _network = null!;

    public void Dispose() => _network?.Dispose();

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [RequiresNamespaces]
    public async Task Visit_passes_over_four_machines_and_who_does_not_belong_is_refused_with_its_own_code()
    {
        _folder = Directory.CreateTempSubdirectory("cart-namespaces-").FullName;
        _network = new CartNetwork("pod", "gateway", "broker", "page");
        try
        {
            await VisitAsync();
        }
        catch (Exception) when (Said())
        {
            throw;
        }
        finally
        {
            foreach (RunningProcess process in Enumerable.Reverse(_running))
            {
                process.Dispose();
            }

            _network.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }

    private async Task VisitAsync()
    {
        await StartBrokerAsync();
        MakeCarts();
        RunningProcess gateway = Keep(_network.StartDotnet("gateway", "gateway", Programs.CartGateway, At("cart-1/gateway.yaml")));

        // HTTP has no TLS of its own: what stands before it here is a proxy, with the gateway's certificate.
        Keep(_network.Start("gateway", "proxy", "socat", "OPENSSL-LISTEN:8443,reuseaddr,fork,verify=0,cert=" + At("cart-1/certificates/gateway.pem"), "TCP:127.0.0.1:8080"));
        await gateway.PrintsAsync("running");

        // The pod speaks as on its own machine; TLS with its certificate is put around it.
        Keep(_network.Start(
            "pod", "tls", "socat", "TCP-LISTEN:1883,bind=127.0.0.1,reuseaddr,fork",
            $"OPENSSL:{GatewayAddress}:8883,commonname=gateway,cafile={At("root/root.pem")},cert={At("pod.pem")}"));
        RunningProcess pod = Keep(_network.StartDotnet("pod", "pod", Programs.CartSim, "pod", "--gateway", "127.0.0.1:1883", "--device", Pod));

        // Whoever looks: the page by HTTPS, the readings at the broker with name and password.
        RunningProcess reader = Keep(Reader("clinic", "clinic-secret"));
        RunningProcess stranger = Keep(Reader("clinic", "guessed"));
        Assert.AreNotEqual(0, await stranger.EndAsync(), "a wrong password reads nothing");
        using HttpClient page = Browser();
        string html = await page.GetStringAsync(new Uri("/", UriKind.Relative));
        StringAssert.Contains(html, "<html");
        using StringContent nothing = new("{}", Encoding.UTF8, "application/json");
        using (HttpResponseMessage opened = await page.PutAsync(new Uri("/api/session/V1", UriKind.Relative), nothing))
        {
            Assert.AreEqual(HttpStatusCode.OK, opened.StatusCode, await opened.Content.ReadAsStringAsync());
        }

        await reader.PrintsAsync("cart/cart-1/session/V1/vital/");
        await RefusedAsync();
        using HttpResponseMessage closed = await page.DeleteAsync(new Uri("/api/session/V1", UriKind.Relative));
        Assert.AreEqual(HttpStatusCode.OK, closed.StatusCode);
        string head = await reader.PrintsAsync("cart/cart-1/session/V1/trail ");

        // The pod is lost while it is connected: cut off at once, offline.
        Cartctl(null, "pods", "revoke", At("cart-1/gateway.yaml"), Pod);
        await IssueAsync(FaultCodes.PeerCertificateRevoked, Pod);
        await ConnectedAsync(false);
        Assert.IsFalse(pod.HasExited);
        gateway.Signal(RunningProcess.Terminate);
        Assert.AreEqual(0, await gateway.EndAsync(), gateway.Printed);

        using JsonDocument published = JsonDocument.Parse(head[head.IndexOf('{', StringComparison.Ordinal)..]);
        string trail = Cartctl(
            null, "audit", "verify", At("cart-1/gateway.yaml"), "--head", published.RootElement.GetProperty("index").GetInt64() + ":" + published.RootElement.GetProperty("hash").GetString());
        StringAssert.Contains(trail, "whole");
        string acts = Cartctl(null, "audit", "show", At("cart-1/gateway.yaml"));
        foreach (string act in (string[])["pod.enrol", "gateway.start", "view.page", "session.open", "session.close", "pod.revoke", "gateway.stop", FaultCodes.PeerOfOtherCart, FaultCodes.PeerCertificateExpired])
        {
            StringAssert.Contains(acts, act);
        }
    }

    private async Task RefusedAsync()
    {
        (string Code, string? File, string? Subject)[] cases =
        [
            (FaultCodes.PeerWithoutCertificate, null, null),
            (FaultCodes.PeerOfOtherCart, "other.pem", null),
            (FaultCodes.PeerCertificateExpired, "old.pem", Old),
            (FaultCodes.PeerCertificateRevoked, "lost.pem", Lost),
        ];
        HashSet<string> steps = new(StringComparer.Ordinal);
        foreach ((string code, string? file, string? subject) in cases)
        {
            Assert.IsFalse(await IsLetInAsync(file is null ? null : At(file)), code);
            JsonElement issue = await IssueAsync(code, subject);
            Assert.IsTrue(steps.Add(issue.GetProperty("do").GetString()!), code + " has a next step of its own");
            TestContext.WriteLine(code + ": " + issue.GetProperty("do").GetString());
        }

        await ConnectedAsync(true);
    }

    private void MakeCarts()
    {
        File.WriteAllText(At("passphrase"), "correct horse battery\n");
        Cartctl(null, "certs", "root", "hospital", "--out", At("root"), "--passphrase-file", At("passphrase"));
        foreach (string cart in (string[])["cart-1", "cart-2"])
        {
            Directory.CreateDirectory(At(cart));
            string yaml = At(cart + "/gateway.yaml");
            File.WriteAllText(yaml, Configuration(cart));
            File.WriteAllText(At(cart + "/broker.secret"), "cart-secret\n");
            File.SetUnixFileMode(At(cart + "/broker.secret"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Cartctl(null, "certs", "request", yaml, "--out", At(cart + ".csr"));
            Cartctl(null, "certs", "sign", At(cart + ".csr"), "--root", At("root"), "--cart", cart, "--passphrase-file", At("passphrase"), "--out", At(cart + ".pem"));
            Cartctl(null, "certs", "install", yaml, "--issuing", At(cart + ".pem"), "--root", At("root/root.pem"), "--name", GatewayAddress);
        }

        Enrol("cart-1", Pod, "pod.pem", null);
        Enrol("cart-1", Lost, "lost.pem", null);
        Enrol("cart-1", Old, "old.pem", new Past(TimeSpan.FromDays(735)));
        Enrol("cart-2", Pod, "other.pem", null);
        Cartctl(null, "pods", "revoke", At("cart-1/gateway.yaml"), Lost);
    }

    private void Enrol(string cart, string pod, string file, TimeProvider? time)
    {
        Cartctl(time, "certs", "enrol", At(cart + "/gateway.yaml"), pod, "--host", GatewayAddress, "--out", At(file + ".json"));
        using JsonDocument bundle = JsonDocument.Parse(File.ReadAllText(At(file + ".json")));
        File.WriteAllText(At(file), bundle.RootElement.GetProperty("certificate").GetString() + "\n" + bundle.RootElement.GetProperty("key").GetString() + "\n");
    }

    private static string Configuration(string cart) =>
        $"""
        cart:
          id: {cart}
          gatewayId: "0200000000000001"
          production: false
        listen:
          mqttPort: 1883
          httpPort: 8080
        tls:
          directory: ./certificates
        web:
          hostNames:
            - name: {GatewayAddress}
        sessionBroker:
          host: {BrokerAddress}
          port: 8883
          transport: tls
          authorityFile: ../broker-ca.pem
          userName: {cart}
          passwordFile: broker.secret
        journal:
          directory: ./journal
        time:
          trustSystemClock: true

        """;

    // mosquitto under an authority of its own, with password and ACL.
    private async Task StartBrokerAsync()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=broker", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Parse(BrokerAddress));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        await File.WriteAllTextAsync(At("broker-ca.pem"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(At("broker.key"), key.ExportPkcs8PrivateKeyPem());
        foreach ((string user, string password) in (ReadOnlySpan<(string, string)>)[("cart-1", "cart-secret"), ("clinic", "clinic-secret")])
        {
            string[] create = File.Exists(At("passwords")) ? [] : ["-c"];
            using RunningProcess made = RunningProcess.Start("mosquitto_passwd", Programs.Find("mosquitto_passwd")!, [.. create, "-b", At("passwords"), user, password]);
            Assert.AreEqual(0, made.EndAsync().GetAwaiter().GetResult(), made.Printed);
        }

        await File.WriteAllTextAsync(At("acl"), "user cart-1\ntopic readwrite cart/cart-1/#\nuser clinic\ntopic read cart/cart-1/session/#\n");
        await File.WriteAllTextAsync(
            At("mosquitto.conf"),
            $"""
            user root
            listener 8883 {BrokerAddress}
            certfile {At("broker-ca.pem")}
            keyfile {At("broker.key")}
            allow_anonymous false
            password_file {At("passwords")}
            acl_file {At("acl")}

            """);
        RunningProcess broker = Keep(_network.Start("broker", "mosquitto", Programs.Find("mosquitto")!, "-v", "-c", At("mosquitto.conf")));
        await broker.PrintsAsync("running");
    }

    private RunningProcess Reader(string user, string password) => _network.Start(
        "page", "reader", Programs.Find("mosquitto_sub")!, "-V", "5", "-q", "1", "-h", BrokerAddress, "-p", "8883", "--cafile", At("broker-ca.pem"), "-u", user, "-P", password, "-t", "cart/cart-1/session/#", "-F", "%t %p");

    private HttpClient Browser() => Client("page", GatewayAddress, 8443, tls: true);

    private HttpClient Client(string machine, string address, int port, bool tls)
    {
        X509ChainPolicy trust = Trust();
        SocketsHttpHandler handler = new()
        {
            UseProxy = false,
            ConnectCallback = async (_, cancellation) =>
            {
                Socket socket = _network.SocketOf(machine);
                await socket.ConnectAsync(IPAddress.Parse(address), port, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = trust },
        };
        return new HttpClient(handler) { BaseAddress = new Uri($"{(tls ? "https" : "http")}://{address}:{port}"), Timeout = Patience };
    }

    private X509ChainPolicy Trust()
    {
        X509ChainPolicy trust = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.ImportFromPemFile(At("root/root.pem"));
        return trust;
    }

    private async Task<bool> IsLetInAsync(string? pem)
    {
        using CancellationTokenSource patience = new(Patience);
        using Socket socket = _network.SocketOf("pod");
        await socket.ConnectAsync(IPAddress.Parse(GatewayAddress), 8883, patience.Token);
        X509Certificate2Collection own = [];
        if (pem is not null)
        {
            using X509Certificate2 read = X509Certificate2.CreateFromPemFile(pem);
            own.Add(X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null));
        }

        try
        {
            await using NetworkStream network = new(socket);
            await using SslStream stream = new(network);
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = GatewayAddress, ClientCertificates = own, CertificateChainPolicy = Trust() }, patience.Token);
            await stream.WriteAsync((byte[])[0x10, 32, 0, 4, .. "MQTT"u8, 4, 2, 0, 60, 0, 20, .. Encoding.ASCII.GetBytes("pod-" + Pod)], patience.Token);
            byte[] answer = new byte[4];
            await stream.ReadExactlyAsync(answer, patience.Token);
            return answer[3] == 0;
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return false;
        }
    }

    private async Task<JsonElement> IssueAsync(string code, string? pod)
    {
        JsonElement found = default;
        await HealthAsync(code, health =>
        {
            foreach (JsonElement issue in health.GetProperty("issues").EnumerateArray())
            {
                if (string.Equals(issue.GetProperty("code").GetString(), code, StringComparison.Ordinal)
                    && (pod is null || (issue.GetProperty("subject").TryGetProperty("pod", out JsonElement of) && string.Equals(of.GetString(), pod, StringComparison.Ordinal))))
                {
                    found = issue.Clone();
                    return true;
                }
            }

            return false;
        });
        return found;
    }

    private Task ConnectedAsync(bool isConnected) => HealthAsync("connected " + isConnected, health => health.GetProperty("pods").EnumerateArray().Any(
        p => string.Equals(p.GetProperty("device").GetString(), Pod, StringComparison.Ordinal) && p.GetProperty("connected").GetBoolean() == isConnected));

    private async Task HealthAsync(string wanted, Func<JsonElement, bool> isRight)
    {
        using HttpClient near = Client("gateway", "127.0.0.1", 8080, tls: false);
        using CancellationTokenSource patience = new(Patience);
        while (true)
        {
            string text = await near.GetStringAsync(new Uri("/health", UriKind.Relative));
            using JsonDocument health = JsonDocument.Parse(text);
            if (isRight(health.RootElement))
            {
                return;
            }

            Assert.IsFalse(patience.IsCancellationRequested, wanted + " does not come: " + text);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    private string Cartctl(TimeProvider? time, params string[] words)
    {
        using StringWriter results = new();
        using StringWriter diagnostics = new();
        Assert.AreEqual(0, CartCtl.Run(words, TextReader.Null, results, diagnostics, time), string.Join(' ', words) + "\n" + results + diagnostics);
        return results.ToString();
    }

    private RunningProcess Keep(RunningProcess process)
    {
        _running.Add(process);
        return process;
    }

    private bool Said()
    {
        foreach (RunningProcess process in _running)
        {
            TestContext.WriteLine($"--- {process.Name}\n{process.Printed}");
        }

        return true;
    }

    private string At(string name) => Path.Combine(_folder, name);

    // A clock that is behind: what it issues has run out since.
    private sealed class Past(TimeSpan back) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() - back;
    }
}
