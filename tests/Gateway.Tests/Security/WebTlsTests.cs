using System;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Gateway.Security;
using Gateway.Tests.Hosting;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Security;

/// <summary>The pages over TLS: with the cart's own certificate, and with a file of one's own.</summary>
[TestClass]
public sealed class WebTlsTests
{
    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task Pages_come_over_TLS_with_the_carts_certificate_and_its_renewal_needs_no_start()
    {
        using CertificateFixture cart = new("cart-1");
        await using LiveGateway gateway = await LiveGateway.StartAsync(
            new GatewayWebOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) },
            o => o with { Tls = new GatewayTlsOptions { Directory = cart.Folder.Path, MqttAddress = IPAddress.Loopback, MqttPort = 0 } });
        int port = GatewayApplication.PortOf(gateway.Application, "https");
        Assert.AreNotEqual(0, port);
        string before = await ShownAsync(cart, port);
        await UntilAsync(async () => string.Equals((await WebAsync(gateway))?.GetProperty("sha256").GetString(), before, StringComparison.Ordinal));
        cart.IssueGateway();
        await UntilAsync(async () => !string.Equals(await ShownAsync(cart, port), before, StringComparison.Ordinal));
        string after = await ShownAsync(cart, port);
        await UntilAsync(async () => string.Equals((await WebAsync(gateway))?.GetProperty("sha256").GetString(), after, StringComparison.Ordinal));

        // In plain it answers nothing, and a half handshake keeps nobody out.
        using Socket plain = new(SocketType.Stream, ProtocolType.Tcp);
        await plain.ConnectAsync(IPAddress.Loopback, port, TestContext.CancellationToken);
        await plain.SendAsync("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        using CancellationTokenSource patience = new(LiveGateway.Patience);
        int count;
        try
        {
            count = await plain.ReceiveAsync(new byte[16], patience.Token);
        }
        catch (SocketException)
        {
            count = 0;
        }

        Assert.IsLessThan(8, count, "an alert at most");
        Assert.AreEqual(after, await ShownAsync(cart, port));
    }

    [TestMethod]
    public void Certificate_of_ones_own_is_taken_again_and_a_damaged_one_leaves_the_last()
    {
        string folder = Directory.CreateTempSubdirectory("web-certificate-").FullName;
        string file = Path.Combine(folder, "web.pem");
        GatewayWebOptions web = new() { Listen = new IPEndPoint(IPAddress.Loopback, 8443), CertificateFile = file, PublicUrl = "https://cart.example" };
        CodedErrorException refusal = Assert.ThrowsExactly<CodedErrorException>(() => WebCertificate.Load(web, null));
        Assert.AreEqual(FaultCodes.WebCertificateUnusable, refusal.Errors[0].Code);

        File.WriteAllText(file, Pem("cart.example"));
        WebCertificate certificate = WebCertificate.Load(web, null);
        Assert.IsNull(certificate.MissingName);
        string first = certificate.Shown.TargetCertificate.SerialNumber;
        File.WriteAllText(file, "half");
        certificate.Refresh(out string? problem);
        Assert.IsNotNull(problem);
        Assert.AreEqual(first, certificate.Shown.TargetCertificate.SerialNumber);
        certificate.Refresh(out problem);
        Assert.IsNotNull(problem, "it stays said while it stays so");
        File.WriteAllText(file, Pem("other.example"));
        certificate.Refresh(out problem);
        Assert.IsNull(problem);
        Assert.AreNotEqual(first, certificate.Shown.TargetCertificate.SerialNumber);
        Assert.AreEqual("cart.example", certificate.MissingName);
        Directory.Delete(folder, recursive: true);
    }

    private static string Pem(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=" + name, key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        return made.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    // The fingerprint of what is shown, by a client that trusts the cart's root and has been answered.
    private static async Task<string> ShownAsync(CertificateFixture cart, int port)
    {
        string shown = string.Empty;
        using SocketsHttpHandler handler = new()
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck },
                RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                {
                    shown = Convert.ToHexStringLower(SHA256.HashData(certificate!.GetRawCertData()));
                    return errors == SslPolicyErrors.None;
                },
            },
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.ImportFromPem(cart.RootPem);
        using HttpClient client = new(handler) { Timeout = LiveGateway.Patience };
        using HttpResponseMessage answer = await client.GetAsync($"https://localhost:{port}/health");
        Assert.AreEqual(HttpStatusCode.OK, answer.StatusCode);
        return shown;
    }

    private static async Task<JsonElement?> WebAsync(LiveGateway gateway)
    {
        using HttpClient http = LiveGateway.Client();
        using JsonDocument health = JsonDocument.Parse(await http.GetStringAsync(gateway.Origin + "/health"));
        if (health.RootElement.TryGetProperty("certificates", out JsonElement certificates))
        {
            foreach (JsonElement certificate in certificates.EnumerateArray())
            {
                if (certificate.GetProperty("what").ValueEquals("web"))
                {
                    return certificate.Clone();
                }
            }
        }

        return null;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using CancellationTokenSource patience = new(LiveGateway.Patience);
        while (!await condition())
        {
            Assert.IsFalse(patience.IsCancellationRequested);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }
}
