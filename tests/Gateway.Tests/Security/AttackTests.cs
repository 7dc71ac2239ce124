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
using EdgeGateway.Machine;
using Firmware.Core;
using Firmware.Protocol;
using Gateway.Tests.Hosting;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Peers;
using MqttBytes = Gateway.Tests.Web.MqttBytes;

namespace Gateway.Tests.Security;

/// <summary>
/// Bad handshakes, malformed packets, slow connections and a flood of retained messages at once against a running gateway: honest pods keep their connections and lose nothing, STOP is answered, and memory is given
/// back. 50, 1,000, 100 and 500 of them; CART_LONG=1: 500, 10,000, 1,000 and 5,000. Latencies are printed and decide nothing.
/// </summary>
[TestClass]
public sealed class AttackTests
{
    private const int VitalStream = 10;

    private static readonly bool IsLong = Environment.GetEnvironmentVariable("CART_LONG") == "1";
    private static readonly string[] Pods = ["02aabbfffe0000b1", "02aabbfffe0000b2"];

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task Honest_pods_lose_nothing_while_everything_is_attacked_at_once()
    {
        using CertificateFixture cart = new("cart-1");
        foreach (string pod in Pods)
        {
            cart.Admit(pod);
        }

        string journal = Directory.CreateTempSubdirectory("gateway-attack-").FullName;
        await using (LiveGateway gateway = await LiveGateway.StartAsync(change: o => o with
        {
            JournalDirectory = journal,
            Tls = new GatewayTlsOptions { Directory = cart.Folder.Path, MqttAddress = IPAddress.Loopback, MqttPort = 0 },
        }))
        {
            await AttackAsync(gateway, cart);
        }

        CartTrail trail = new(journal);
        EdgeGateway.Journal.Trail.TrailReport report = trail.Verify();
        Assert.IsTrue(report.IsWhole, CartTrail.Summary(report));
        Assert.IsLessThan(1500, report.Head.Index, "a flood does not fill the trail");
        Directory.Delete(journal, recursive: true);
    }

    private async Task AttackAsync(LiveGateway gateway, CertificateFixture cart)
    {
        List<Peer> honest = [];
        foreach (string pod in Pods)
        {
            Peer peer = await Peer.OpenAsync(gateway.TlsPort, cart, cart.Pod(pod));
            Assert.AreEqual(0, await peer.ConnectAsync("pod-" + pod));
            honest.Add(peer);
        }

        using CancellationTokenSource over = new();
        Task<List<double>>[] publishing = [.. Pods.Select((pod, i) => PublishAsync(honest[i], pod, over.Token))];
        long before = GC.GetTotalMemory(forceFullCollection: true);
        List<Socket> slow = [];
        long from = TimeProvider.System.GetTimestamp();
        Task[] attacks =
        [
            BadHandshakesAsync(gateway, cart, IsLong ? 500 : 50),
            MalformedAsync(gateway, IsLong ? 10_000 : 1000),
            SlowAsync(gateway, slow, IsLong ? 1000 : 100),
            RetainedFloodAsync(gateway, IsLong ? 5000 : 500),
        ];
        List<double> stops = [];
        using HttpClient http = LiveGateway.Client();
        while (!Task.WhenAll(attacks).IsCompleted)
        {
            double at = TimeProvider.System.GetElapsedTime(from).TotalMilliseconds;
            using StringContent nothing = new("{}", Encoding.UTF8, "application/json");
            using HttpResponseMessage stopped = await http.PostAsync(gateway.Origin + "/api/cuff/stop", nothing);
            Assert.IsTrue(stopped.IsSuccessStatusCode, "STOP during the attack");
            stops.Add(TimeProvider.System.GetElapsedTime(from).TotalMilliseconds - at);
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }

        await Task.WhenAll(attacks);
        long during = GC.GetTotalMemory(forceFullCollection: false);
        double attackedMs = TimeProvider.System.GetElapsedTime(from).TotalMilliseconds;
        await over.CancelAsync();
        List<double>[] latencies = await Task.WhenAll(publishing);
        foreach (Socket socket in slow)
        {
            socket.Dispose();
        }

        for (int i = 0; i < Pods.Length; i++)
        {
            Assert.IsTrue(await honest[i].IsOpenAsync(), Pods[i] + " keeps its connection");
            ulong device = ulong.Parse(Pods[i], System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture);
            GatewaySnapshot snapshot = await SnapshotAsync(gateway);
            StreamHealth stream = snapshot.Streams.Single(s => s.DeviceId == device && s.Stream == VitalStream);
            Assert.AreEqual(latencies[i].Count, stream.Stored, Pods[i] + ": every acknowledged reading is stored, once");
            Assert.AreEqual(0, stream.Missing, Pods[i]);
            TestContext.WriteLine($"{Pods[i]}: {latencies[i].Count} readings acknowledged, median {Of(latencies[i], 0.5):F1} ms, p99 {Of(latencies[i], 0.99):F1} ms");
        }

        TestContext.WriteLine($"STOP by HTTP: {stops.Count}, median {Of(stops, 0.5):F1} ms, p99 {Of(stops, 0.99):F1} ms; the attack took {attackedMs / 1000:F1} s");
        foreach (Peer peer in honest)
        {
            await peer.DisposeAsync();
        }

        long after = 0;
        using CancellationTokenSource patience = new(LiveGateway.Patience);
        do
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            after = GC.GetTotalMemory(forceFullCollection: true);
        }
        while (after - before > 24L * 1024 * 1024 && !patience.IsCancellationRequested);
        TestContext.WriteLine($"memory before {before >> 10} KiB, at the end of the attack {during >> 10} KiB, after {after >> 10} KiB");
        Assert.IsLessThan(256L * 1024 * 1024, during - before, "memory is bounded");
        Assert.IsLessThanOrEqualTo(24L * 1024 * 1024, after - before, "memory is given back");
    }

    // Each reading is acknowledged before the next one: a pod that keeps what was not.
    private static async Task<List<double>> PublishAsync(Peer peer, string pod, CancellationToken over)
    {
        SoftwareCrc32 crc = new();
        ulong device = ulong.Parse(pod, System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture);
        List<double> latencies = [];
        long from = TimeProvider.System.GetTimestamp();
        for (uint sequence = 1; !over.IsCancellationRequested; sequence++)
        {
            byte[] frame = new byte[Frame.Overhead + NumericBody.Length];
            Frame.WriteHeader(frame, 0, FrameKind.Numeric, NumericBody.Length, device, 1, VitalStream, 0, sequence, sequence * 1000, 0);
            NumericBody.Write(frame, Frame.HeaderLength, 150456, 97, 0, AbsenceReason.None, 90, 0);
            Frame.Seal(frame, 0, crc);
            double at = TimeProvider.System.GetElapsedTime(from).TotalMilliseconds;
            Assert.IsLessThan(0x80, await peer.PublishAsync("pod/" + pod + "/up", frame));
            latencies.Add(TimeProvider.System.GetElapsedTime(from).TotalMilliseconds - at);
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        }

        return latencies;
    }

    // Attackers have other addresses than the pods: loopback is 127.0.0.0/8 on Linux.
    private static async Task<Socket?> ConnectAsync(int port, int from)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (OperatingSystem.IsLinux())
            {
                socket.Bind(new IPEndPoint(new IPAddress([127, 0, (byte)(1 + (from % 5)), (byte)(2 + (from % 200))]), 0));
            }

            await socket.ConnectAsync(IPAddress.Loopback, port);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    private static async Task BadHandshakesAsync(LiveGateway gateway, CertificateFixture cart, int count)
    {
        using CertificateFixture stranger = new("cart-1");
        EdgeGateway.Certificates.CertificatePair shown = stranger.Pod(Pods[0]);
        for (int i = 0; i < count; i++)
        {
            if (i % 10 == 0)
            {
                Assert.IsFalse(await Peer.IsLetInAsync(gateway.TlsPort, cart, i % 20 == 0 ? shown : null));
                continue;
            }

            using Socket? socket = await ConnectAsync(gateway.TlsPort, i);
            await SendAsync(socket, (i % 3) switch
            {
                0 => [22, 3, 1, 0x40, 0, 1, 0, 0x3F, 0xFC, 3, 3], // a hello that does not come to its end
                1 => MqttBytes.Connect("pod-" + Pods[1], "u", "p"), // in plain
                _ => [22, 3, 3, 0, 5, 1, 0, 0, 1, (byte)i],
            });
            await AnswerAsync(socket, TimeSpan.FromMilliseconds(20));
        }
    }

    private static async Task MalformedAsync(LiveGateway gateway, int count)
    {
        for (int i = 0; i < count; i++)
        {
            byte[] hostile = HostileBytes.FirstBytes[i % HostileBytes.FirstBytes.Count];
            using Socket? socket = await ConnectAsync(gateway.MqttPort, i);
            await SendAsync(socket, i % 2 == 0 ? hostile : [.. MqttBytes.Connect("m" + (i % 40), "u", "p"), .. hostile]);
            if (i % 50 == 0)
            {
                await AnswerAsync(socket, TimeSpan.FromMilliseconds(50));
            }
        }
    }

    private static async Task SlowAsync(LiveGateway gateway, List<Socket> slow, int count)
    {
        byte[] connect = MqttBytes.Connect("slow", "u", "p");
        byte[] request = Encoding.ASCII.GetBytes("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n");
        for (int i = 0; i < count; i++)
        {
            if (await ConnectAsync(i % 3 == 0 ? gateway.TlsPort : i % 3 == 1 ? gateway.MqttPort : gateway.HttpPort, i) is { } socket)
            {
                slow.Add(socket);
                await SendAsync(socket, i % 3 == 0 ? [22] : i % 3 == 1 ? connect[..1] : request[..8]);
            }
        }

        for (int at = 1; at < 4; at++)
        {
            for (int i = 0; i < slow.Count; i++)
            {
                await SendAsync(slow[i], [connect[at]]);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        }
    }

    private static async Task RetainedFloodAsync(LiveGateway gateway, int count)
    {
        byte[] payload = new byte[2000];
        for (int done = 0; done < count;)
        {
            using Socket? socket = await ConnectAsync(gateway.MqttPort, done);
            await SendAsync(socket, MqttBytes.Connect("flood-" + (done % 7), "u", "p"));
            int first = done;
            while (done < count && done - first < 250)
            {
                string topic = (done % 3) switch
                {
                    0 => "cart/cart-1/command/cuff",
                    1 => "cart/cart-1/session/S" + done + "/state",
                    _ => "elsewhere/" + done,
                };
                byte[] body = done % 3 == 0 ? Encoding.UTF8.GetBytes("""{"command":"start","id":"f""" + done + "\"}") : payload;
                done++;
                if (!await SendAsync(socket, Simulators.Peers.MqttBytes.Publish5(topic, body, (ushort)(1 + (done % 60_000)), retain: true)))
                {
                    break; // cut: it comes again
                }
            }

            await AnswerAsync(socket, TimeSpan.FromMilliseconds(100));
        }
    }

    private static async Task<bool> SendAsync(Socket? socket, byte[] bytes)
    {
        try
        {
            if (socket is null)
            {
                return false;
            }

            using CancellationTokenSource patience = new(TimeSpan.FromSeconds(5));
            await socket.SendAsync(bytes, SocketFlags.None, patience.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            return false; // cut already
        }
    }

    private static async Task AnswerAsync(Socket? socket, TimeSpan patience)
    {
        try
        {
            if (socket is not null)
            {
                using CancellationTokenSource late = new(patience);
                await socket.ReceiveAsync(new byte[4096], SocketFlags.None, late.Token);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // Cut, or silent.
        }
    }

    private static async Task<GatewaySnapshot> SnapshotAsync(LiveGateway gateway)
    {
        TaskCompletionSource<GatewaySnapshot> snapshot = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Assert.IsTrue(gateway.Service.Loop.TryPost(() => snapshot.SetResult(gateway.Service.Core!.Snapshot())));
        return await snapshot.Task.WaitAsync(LiveGateway.Patience);
    }

    private static double Of(List<double> values, double part)
    {
        List<double> sorted = [.. values.Order()];
        return sorted.Count == 0 ? 0 : sorted[Math.Min(sorted.Count - 1, (int)(part * sorted.Count))];
    }
}
