using System;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeGateway.Tool;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Tool.Tests;

/// <summary><c>cartctl check --deep</c>: what the plain check accepts is tried.</summary>
[TestClass]
public sealed class DeepCheckTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cartctl-deep-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void What_can_be_tried_and_goes_is_accepted_and_nothing_is_left()
    {
        Assert.AreEqual(CartCtl.Clean, Check(string.Empty, out string said), said);
        Assert.HasCount(1, Directory.GetFileSystemEntries(_folder), "the file alone");
    }

    [TestMethod]
    public void A_taken_port_is_named()
    {
        using TcpListener taken = Listener();
        Assert.AreEqual(CartCtl.Unreadable, Check(string.Empty, out string said, mqttPort: PortOf(taken)));
        StringAssert.Contains(said, "error G2014");
        StringAssert.Contains(said, "mqtt 127.0.0.1:" + PortOf(taken).ToString(CultureInfo.InvariantCulture));
        Assert.AreEqual(CartCtl.Clean, Check(string.Empty, out said, mqttPort: PortOf(taken), isDeep: false), "the plain check only looks: " + said);
    }

    [TestMethod]
    public void A_broker_is_reached_or_its_cause_is_named()
    {
        using TcpListener broker = Listener();
        using TcpListener gone = Listener();
        int closed = PortOf(gone);
        gone.Stop();
        string absent = "sessionBroker:\n  host: 127.0.0.1\n  port: " + closed.ToString(CultureInfo.InvariantCulture) + "\n";
        Assert.AreEqual(CartCtl.Unreadable, Check(absent, out string said));
        StringAssert.Contains(said, "G2401");
        string other = "  alternatives:\n    - host: 127.0.0.1\n      port: " + PortOf(broker).ToString(CultureInfo.InvariantCulture) + "\n";
        Assert.AreEqual(CartCtl.Clean, Check(absent + other, out said), said);
        Assert.AreEqual(CartCtl.Unreadable, Check(absent + "  transport: tls\n" + other.Replace(PortOf(broker).ToString(CultureInfo.InvariantCulture), closed.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal), out said));
        Assert.HasCount(3, said.Split("G2401"), "one for each address");
    }

    [TestMethod]
    [DataRow(-400, -35, false)]
    [DataRow(35, 400, false)]
    [DataRow(-1, 35, true)]
    public void A_certificate_out_of_its_time_is_named(int fromDays, int toDays, bool isGood)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 made = new CertificateRequest("CN=cart.example", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(fromDays), now.AddDays(toDays));
        File.WriteAllText(Path.Combine(_folder, "web.pem"), made.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
        string web = "web:\n  listen: 127.0.0.1:0\n  certificate: web.pem\n";
        Assert.AreEqual(isGood ? CartCtl.Clean : CartCtl.Unreadable, Check(web, out string said), said);
        Assert.AreEqual(!isGood, said.Contains("error G2015", StringComparison.Ordinal), said);
    }

    private static TcpListener Listener()
    {
        TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    }

    private static int PortOf(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;

    private int Check(string more, out string said, int mqttPort = 0, bool isDeep = true)
    {
        string file = Path.Combine(_folder, "gateway.yaml");
        File.WriteAllText(file, "cart:\n  id: cart-1\n  gatewayId: \"0200000000000001\"\nlisten:\n  mqttPort: " + mqttPort.ToString(CultureInfo.InvariantCulture) + "\n  httpPort: 0\njournal:\n  directory: ./journal\n" + more);
        using StringWriter results = new(CultureInfo.InvariantCulture);
        using StringWriter diagnostics = new(CultureInfo.InvariantCulture);
        int exit = CartCtl.Run(isDeep ? ["check", file, "--deep"] : ["check", file], results, diagnostics);
        said = results.ToString() + diagnostics.ToString();
        return exit;
    }
}
