using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using EdgeGateway.Machine;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Transports;
using Gateway.Tests.Security;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Mqtt.Tests.Transports;
using Simulators.Peers;

namespace Gateway.Tests.Hosting;

/// <summary>Why the uplink has no connection: each cause has its own code, with either client, and health has what the log has.</summary>
[TestClass]
public sealed class UplinkCauseTests
{
    [TestMethod]
    [DataRow(BrokerClientKind.Builtin)]
    [DataRow(BrokerClientKind.MqttNet)]
    public async Task Each_cause_has_its_own_code_in_log_and_health(BrokerClientKind kind)
    {
        using CertificateFixture files = new("hospital");
        using CertificateFixture stranger = new("hospital");
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        await using TlsBroker good = new(files.Gateway("localhost"), files, wantsClient: true);
        await using TlsBroker other = new(files.Gateway("other.example"), files, wantsClient: false);
        await using TlsBroker old = new(files.Gateway("localhost", now.AddDays(-400)), files, wantsClient: false);
        using TcpListener nobody = new(IPAddress.Loopback, 0);
        nobody.Start();
        int dead = ((IPEndPoint)nobody.LocalEndpoint).Port;
        nobody.Stop();
        byte[] authority = Encoding.ASCII.GetBytes(files.RootPem + "\n" + files.IssuingPem);
        ExternalBroker plain = new() { Host = "localhost", Client = kind, UserName = "cart-1", Password = "secret"u8.ToArray(), FirstBackoffUs = 10_000 };
        ExternalBroker secure = plain with { Transport = UplinkTransport.Tls, Authority = authority };
        List<string> codes = [];

        // The network and TLS.
        codes.Add(await CauseAsync(plain with { Port = dead }, FaultCodes.BrokerUnreachable, "efused"));
        codes.Add(await CauseAsync(secure with { Port = good.Port, Authority = Encoding.ASCII.GetBytes(stranger.RootPem) }, FaultCodes.BrokerCertificateUntrusted, "issued by"));
        codes.Add(await CauseAsync(secure with { Port = other.Port }, FaultCodes.BrokerNameWrong, "not for localhost"));
        codes.Add(await CauseAsync(secure with { Port = old.Port }, FaultCodes.BrokerCertificateNotInTime, "valid"));
        codes.Add(FaultCodes.BrokerRefusedCertificate); // below: a peer made with .NET closes without the alert that says so

        // MQTT.
        PeerBroker mqtt = new();
        await using PeerTcpHost host = new(mqtt, TimeProvider.System);
        ExternalBroker peer = plain with { Port = host.Port };
        codes.Add(await CauseAsync(secure with { Port = host.Port }, FaultCodes.BrokerTlsFailed, "localhost"));
        codes.Add(await CauseAsync(peer with { Transport = UplinkTransport.WebSocket }, FaultCodes.BrokerWebSocketRefused, "ws://"));
        foreach ((byte reason, string code) in (IReadOnlyList<(byte, string)>)[(0x86, FaultCodes.BrokerLoginRefused), (0x87, FaultCodes.BrokerNotAuthorized), (0x84, FaultCodes.BrokerProtocolUnsupported)])
        {
            await host.Do(_ => mqtt.Habits = new BrokerHabits { ConnackReason = reason, ReasonString = "see the ward" });
            codes.Add(await CauseAsync(peer, code, "see the ward"));
            await CauseAsync(peer with { Version = MqttVersion.V311 }, code, "refused");
        }

        await host.Do(_ => mqtt.Habits = new BrokerHabits { EndsConnectionsAfterUs = 1_000, EndReason = 0x95 });
        codes.Add(await CauseAsync(peer, FaultCodes.BrokerPacketTooLarge, "0x95"));
        Assert.HasCount(codes.Count, codes.Distinct(), "each its own");
        Assert.HasCount(codes.Count, codes.Select(c => FaultCatalogue.Default[c].Do.English).Distinct(), "each with its own next step");
    }

    [TestMethod]
    [NeedsProgram("mosquitto")]
    public async Task A_certificate_that_the_broker_refuses_has_its_code_with_either_client()
    {
        using CertificateFixture files = new("hospital");
        using CertificateFixture stranger = new("hospital");
        string folder = Directory.CreateTempSubdirectory("uplink-cause-").FullName;
        UplinkConnectorTests.WriteMosquittoFiles(folder, files);
        (RunningProgram mosquitto, int port) = await UplinkConnectorTests.MosquittoAsync(folder);
        using RunningProgram running = mosquitto;
        foreach (BrokerClientKind kind in (BrokerClientKind[])[BrokerClientKind.Builtin, BrokerClientKind.MqttNet])
        {
            ExternalBroker broker = new() { Host = "localhost", Port = port, Client = kind, Transport = UplinkTransport.Tls, Authority = Encoding.ASCII.GetBytes(files.RootPem), FirstBackoffUs = 10_000 };
            await CauseAsync(broker, FaultCodes.BrokerRefusedCertificate, "alert", "SSL_ERROR");
            await CauseAsync(broker with { Certificate = Encoding.ASCII.GetBytes(Pair(stranger)) }, FaultCodes.BrokerRefusedCertificate, "alert", "SSL_ERROR");
        }

        Directory.Delete(folder, recursive: true);
    }

    private static string Pair(CertificateFixture files)
    {
        EdgeGateway.Certificates.CertificatePair pair = files.Listener("cart-1");
        return pair.CertificatePem + "\n" + pair.KeyPem + "\n";
    }

    // One link of its own, until the log has said why.
    private static async Task<string> CauseAsync(ExternalBroker broker, string code, params string[] details)
    {
        using MqttLoop loop = new(TimeProvider.System, "uplink");
        using UplinkConnector connector = new(loop, broker, TimeProvider.System);
        Lines log = new();
        GatewayClock clock = new(new LoopTime(loop));
        CodedLog coded = new(log, clock);
        HealthIssues issues = new(coded.WriteIssue, () => clock.Now);
        LinkEvents events = new(
            static (_, _) => { },
            static (in MqttMessage _, Action acknowledge) => acknowledge(),
            static () => { },
            static () => { });
        ExternalLink link = new(new ExternalLinkOptions(broker, "c", 32, 7), "cart/c/", (options, handler) => BrokerClients.Make(broker.Client, options, handler, loop), connector, events, issues, clock, coded);
        loop.AddStep(link.Step);
        loop.Start();
        GatewayLogEntry entry = await log.FirstAsync();
        Assert.AreEqual(code, entry.Code, $"{broker.Client} {broker.Transport} {entry.What}");
        Assert.IsTrue(details.Any(d => entry.What.Contains(d, StringComparison.OrdinalIgnoreCase)), entry.What);
        TaskCompletionSource<(string Failure, IReadOnlyList<HealthIssue> Issues)> looked = new();
        loop.TryPost(() => looked.SetResult((link.LastFailure, issues.Of(code))));
        (string failure, IReadOnlyList<HealthIssue> standing) = await looked.Task.WaitAsync(LiveGateway.Patience);
        string inHealth = standing.Count > 0 ? standing[0].Detail : failure;
        Assert.IsTrue(details.Any(d => inHealth.Contains(d, StringComparison.OrdinalIgnoreCase)), "health has what the log has: " + inHealth);
        TaskCompletionSource stopped = new();
        loop.TryPost(() =>
        {
            link.Stop(loop.NowUs);
            stopped.SetResult();
        });
        await stopped.Task.WaitAsync(LiveGateway.Patience);
        return code;
    }

    private sealed class LoopTime(MqttLoop loop) : IGatewayTime
    {
        public long NowUs => loop.NowUs;

        public UtcEstimate Utc => default;
    }

    private sealed class Lines : IGatewayLog
    {
        private readonly TaskCompletionSource<GatewayLogEntry> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Write(in GatewayLogEntry entry) => _first.TrySetResult(entry);

        public Task<GatewayLogEntry> FirstAsync() => _first.Task.WaitAsync(LiveGateway.Patience);
    }
}
