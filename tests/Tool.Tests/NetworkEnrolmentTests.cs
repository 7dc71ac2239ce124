using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Certificates;
using EdgeGateway.Machine;
using EdgeGateway.Tool.Certificates;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Tool.Tests;

/// <summary>The enrolment over the network: one code, one pod, and strangers on the same port.</summary>
[TestClass]
public sealed class NetworkEnrolmentTests
{
    private const string Pod = "02aabbfffe0000a1";
    private const string Other = "02aabbfffe0000a2";

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task Bundle_comes_to_who_has_code_and_fingerprint_and_to_nobody_after()
    {
        using ToolCart cart = new ToolCart().Installed();
        using Listening listening = new(cart, Pod);

        // A wrong pin costs no try and sends no code; a file that is there stays.
        for (int i = 0; i < 2 * EnrolmentCode.MaxWrong; i++)
        {
            (int refused, string why) = listening.Fetch(Pod, cart.At("x"), pin: new string('a', 64));
            Assert.AreEqual(3, refused, why);
            StringAssert.Contains(why, "C2717");
            StringAssert.Contains(why, "somebody stands between");
        }

        File.WriteAllText(cart.At("kept"), "kept");
        StringAssert.Contains(listening.Fetch(Pod, cart.At("kept")).Said, "C2713");
        StringAssert.Contains(listening.Fetch(Pod, cart.At("x"), code: listening.Code == "00000000" ? "00000001" : "00000000").Said, "is wrong");
        StringAssert.Contains(listening.Fetch(Other, cart.At("x")).Said, "is wrong");
        Assert.IsFalse(File.Exists(cart.At("x")));
        Assert.IsEmpty(cart.Folder.ReadPods().Pods.ToArray(), "nothing is made before the code has come");
        cart.Folder.Lock().Dispose(); // the folder is free for others while the port waits

        (int exit, string said) = listening.Fetch(Pod, cart.At("bundle.json"));
        Assert.AreEqual(0, exit, said + listening.Said);
        Assert.AreEqual(0, await listening.ExitAsync(), listening.Said);
        Assert.AreEqual(PodStanding.Admitted, cart.Folder.ReadPods().StandingOf(Pod));
        Assert.IsTrue(OperatingSystem.IsWindows() || File.GetUnixFileMode(cart.At("bundle.json")) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        using JsonDocument bundle = JsonDocument.Parse(await File.ReadAllTextAsync(cart.At("bundle.json"), TestContext.CancellationToken));
        Assert.AreEqual(listening.Pin, EnrolmentWire.Fingerprint(bundle.RootElement.GetProperty("ca").GetString()!));
        using X509Certificate2 pair = X509Certificate2.CreateFromPem(bundle.RootElement.GetProperty("certificate").GetString(), bundle.RootElement.GetProperty("key").GetString());
        Assert.IsFalse(cart.Folder.ReadRegister().IsRevoked(pair.SerialNumber));
        Assert.IsFalse(listening.Said.Contains("PRIVATE", StringComparison.Ordinal));
        Assert.AreEqual(3, listening.Fetch(Pod, cart.At("again.json")).Exit, "the port is closed");
    }

    [TestMethod]
    public async Task Five_wrong_tries_end_the_code_and_nothing_was_made()
    {
        using ToolCart cart = new ToolCart().Installed();
        using Listening listening = new(cart, Pod);
        for (int i = 0; i < EnrolmentCode.MaxWrong; i++)
        {
            Assert.AreEqual(3, listening.Fetch(i % 2 == 0 ? Pod : Other, cart.At("x"), code: i % 2 == 0 ? "wrong" : null).Exit);
        }

        Assert.AreEqual(3, await listening.ExitAsync());
        StringAssert.Contains(listening.Said, "C2716");
        Assert.AreEqual(3, listening.Fetch(Pod, cart.At("x")).Exit);
        Assert.IsEmpty(cart.Folder.ReadPods().Pods.ToArray());
        Assert.HasCount(1, cart.Folder.ReadRegister().Certificates.ToArray());
    }

    [TestMethod]
    public async Task Ten_minutes_of_the_monotonic_clock_end_it_whatever_the_wall_clock_says()
    {
        using ToolCart cart = new ToolCart().Installed();
        using Listening listening = new(cart, Pod, new FastTime(3000));
        Assert.AreEqual(3, await listening.ExitAsync());
        StringAssert.Contains(listening.Said, "10 minutes");
        Assert.IsEmpty(cart.Folder.ReadPods().Pods.ToArray());
    }

    [TestMethod]
    public async Task Bundle_that_is_not_confirmed_is_revoked()
    {
        using ToolCart cart = new ToolCart().Installed();
        using Listening listening = new(cart, Pod);
        using (TcpClient client = new())
        {
            await client.ConnectAsync(IPAddress.Loopback, listening.Port, TestContext.CancellationToken);
            await using SslStream stream = await ClientAsync(client);
            await EnrolmentWire.ReadLineAsync(stream, EnrolmentWire.MaxAnswerBytes, TestContext.CancellationToken);
            await EnrolmentWire.WriteLineAsync(stream, "enrol " + Pod + " " + listening.Code, TestContext.CancellationToken);
            StringAssert.StartsWith(await EnrolmentWire.ReadLineAsync(stream, EnrolmentWire.MaxAnswerBytes, TestContext.CancellationToken), "bundle ");
        }

        Assert.AreEqual(3, await listening.ExitAsync());
        StringAssert.Contains(listening.Said, "did not confirm");
        RegisteredCertificate pod = cart.Folder.ReadRegister().Certificates.Single(static c => c.Role == CertificateRole.Pod);
        Assert.IsNotNull(pod.RevokedAt);
    }

    [TestMethod]
    public async Task Slow_huge_many_and_garbled_peers_do_not_keep_the_honest_one_away()
    {
        using ToolCart cart = new ToolCart().Installed();
        using Listening listening = new(cart, Pod);
        List<TcpClient> peers = [];
        for (int i = 0; i < 40; i++)
        {
            TcpClient client = new();
            peers.Add(client);
            await client.ConnectAsync(IPAddress.Loopback, listening.Port, TestContext.CancellationToken);
            try
            {
                switch (i % 4)
                {
                    case 0:
                        break; // says nothing
                    case 1:
                        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"), TestContext.CancellationToken);
                        break;
                    case 2:
                        await client.GetStream().WriteAsync((byte[])[22, 3, 1, 0xFF, 0xFF, 1], TestContext.CancellationToken);
                        break;
                    default:
                        SslStream stream = await ClientAsync(client);
                        await stream.WriteAsync(new byte[4096], TestContext.CancellationToken);
                        break;
                }
            }
            catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException or SocketException)
            {
                // Cut: one address has had its places.
            }
        }

        (int exit, string said) = listening.Fetch(Pod, cart.At("bundle.json"));
        Assert.AreEqual(0, exit, said + listening.Said);
        Assert.AreEqual(0, await listening.ExitAsync());
        Assert.IsLessThanOrEqualTo(EnrolmentPort.MaxReported, listening.Said.Split('\n').Count(static l => l.StartsWith("127.0.0.1 ", StringComparison.Ordinal)), listening.Said);
        foreach (TcpClient peer in peers)
        {
            peer.Dispose();
        }
    }

    [TestMethod]
    [DataRow(true, DisplayName = "with a certificate of another cart under the same root")]
    [DataRow(false, DisplayName = "with a certificate of nobody")]
    public async Task Who_stands_between_with_the_true_anchor_hears_no_code(bool ofSameRoot)
    {
        using ToolCart cart = new ToolCart().Installed();
        using ToolCart second = new ToolCart("ward-3", ofSameRoot ? cart : null).Installed();
        string pem = second.Folder.ReadPem(CertificateFolder.GatewayFile);
        using X509Certificate2 read = X509Certificate2.CreateFromPem(pem, pem);
        using X509Certificate2 own = X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
        string anchor = cart.Office.Anchor();
        using X509Certificate2 shown = X509Certificate2.CreateFromPem(anchor);
        using TcpListener between = new(IPAddress.Loopback, 0);
        between.Start();
        Task<string?> heard = Task.Run(async () =>
        {
            using TcpClient client = await between.AcceptTcpClientAsync(TestContext.CancellationToken);
            await using SslStream stream = new(client.GetStream());
            await stream.AuthenticateAsServerAsync(own);
            await EnrolmentWire.WriteLineAsync(stream, EnrolmentWire.Greeting + " " + Convert.ToBase64String(shown.RawData), TestContext.CancellationToken);
            try
            {
                return await EnrolmentWire.ReadLineAsync(stream, EnrolmentWire.MaxRequestBytes, TestContext.CancellationToken);
            }
            catch (IOException)
            {
                return null;
            }
        });
        EnrolmentClient victim = new("127.0.0.1", ((IPEndPoint)between.LocalEndpoint).Port, EnrolmentWire.Fingerprint(anchor), TimeProvider.System);
        string? problem = await victim.FetchAsync(Pod, "12345678", static _ => Assert.Fail("kept"));
        StringAssert.Contains(problem, "does not prove itself");
        Assert.IsNull(await heard);
    }

    [TestMethod]
    public void What_cannot_be_enrolled_opens_no_port()
    {
        using ToolCart cart = new ToolCart().Installed();
        (string Code, string[] More)[] wrong =
        [
            ("C2712", [cart.Yaml, Pod, "--host", ToolCart.Host]),
            ("C2712", [cart.Yaml, Pod, "--host", ToolCart.Host, "--listen", "127.0.0.1:0", "--out", cart.At("x")]),
            ("C2712", [cart.Yaml, "02AABB", "--host", ToolCart.Host, "--listen", "127.0.0.1:0"]),
            ("C2712", [cart.Yaml, Pod, "--host", "elsewhere", "--listen", "127.0.0.1:0"]),
            ("C2712", [cart.Yaml, Pod, "--host", ToolCart.Host, "--listen", "127.0.0.1:0", "--label", new string('l', 65)]),
            ("C2718", [cart.Yaml, Pod, "--host", ToolCart.Host, "--listen", "8884"]),
            ("C2718", [cart.Yaml, Pod, "--host", ToolCart.Host, "--listen", "192.0.2.1:8884"]),
        ];
        foreach ((string code, string[] more) in wrong)
        {
            using StringWriter said = new();
            Assert.AreEqual(3, EdgeGateway.Tool.CartCtl.Run(["certs", "enrol", .. more], TextReader.Null, said, said), string.Join(' ', more) + said);
            StringAssert.Contains(said.ToString(), code, string.Join(' ', more));
        }

        Assert.IsEmpty(cart.Folder.ReadPods().Pods.ToArray());
    }

    private static async Task<SslStream> ClientAsync(TcpClient client)
    {
        SslStream stream = new(client.GetStream(), leaveInnerStreamOpen: false, static (_, certificate, _, _) => certificate is not null);
        using CancellationTokenSource patience = new(Listening.Patience);
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }, patience.Token);
        return stream;
    }

    /// <summary>A clock whose monotonic time and timers run faster, and whose wall clock stands still.</summary>
    private sealed class FastTime(int factor) : TimeProvider
    {
        private readonly DateTimeOffset _utc = System.GetUtcNow();

        public override DateTimeOffset GetUtcNow() => _utc;

        public override long GetTimestamp() => System.GetTimestamp() * factor;

        public override long TimestampFrequency => System.TimestampFrequency;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / factor : dueTime, period > TimeSpan.Zero ? period / factor : period);
    }
}
