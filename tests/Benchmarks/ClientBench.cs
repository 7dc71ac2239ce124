using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Machine;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Transports;

namespace Benchmarks;

/// <summary>
/// The two clients of the uplink in turns at one mosquitto, in clear and over TLS: QoS 1, 200 bytes, 32 messages in flight, MQTT 3.1.1 so that mosquitto's Receive Maximum of 20 narrows neither.
/// CPU and memory are this process's; the broker is another.
/// </summary>
internal static class ClientBench
{
    public const int DefaultRounds = 5;
    public const int DefaultCount = 20_000;
    private const int Window = 32;
    private const int PayloadBytes = 200;
    private const int Reconnections = 30;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Measures and prints.</summary>
    /// <param name="rounds">Rounds; in each, every contestant once.</param>
    /// <param name="count">Messages of a pass.</param>
    public static async Task RunAsync(int rounds, int count)
    {
        string folder = Directory.CreateTempSubdirectory("cart-bench-").FullName;
        int plain = ChildProcess.FreePort();
        int secure = ChildProcess.FreePort();
        X509Certificate2 root = WriteCertificates(folder);
        string file = Path.Combine(folder, "mosquitto.conf");
        await File.WriteAllTextAsync(
            file,
            string.Create(
                CultureInfo.InvariantCulture,
                $"user root\nallow_anonymous true\nmax_queued_messages 0\nlistener {plain} 127.0.0.1\nlistener {secure} 127.0.0.1\ncertfile {folder}/server.pem\nkeyfile {folder}/server.key\n")).ConfigureAwait(false);
        using ChildProcess broker = ChildProcess.Start([ChildProcess.Find("mosquitto")!, "-v", "-c", file]);
        await broker.PrintsAsync("running").ConfigureAwait(false);
        MqttEndpoint[] endpoints =
        [
            new("127.0.0.1", plain),
            new("127.0.0.1", secure) { Tls = new MqttTlsOptions { Trust = [root], ServerName = "localhost" } },
        ];
        Dictionary<(BrokerClientKind Kind, int Way), List<Pass>> passes = [];
        for (int round = -1; round < rounds; round++)
        {
            for (int way = 0; way < endpoints.Length; way++)
            {
                foreach (BrokerClientKind kind in (BrokerClientKind[])[BrokerClientKind.Builtin, BrokerClientKind.MqttNet])
                {
                    Pass pass = await PassAsync(kind, endpoints[way], round < 0 ? 2_000 : count).ConfigureAwait(false);
                    if (round >= 0)
                    {
                        passes.TryAdd((kind, way), []);
                        passes[(kind, way)].Add(pass);
                    }
                }
            }
        }

        (BrokerClientKind Kind, int Way)[] columns = [(BrokerClientKind.Builtin, 0), (BrokerClientKind.MqttNet, 0), (BrokerClientKind.Builtin, 1), (BrokerClientKind.MqttNet, 1)];
        string table = "| median [min..max] | builtin, tcp | mqttnet, tcp | builtin, tls | mqttnet, tls |\n| --- | --- | --- | --- | --- |\n";
        foreach ((string name, Func<Pass, double> of, string form) in (IReadOnlyList<(string, Func<Pass, double>, string)>)
        [
            ("messages/s acknowledged", p => p.PerSecond, "N0"),
            ("… CPU of the process, µs per message", p => p.CpuUs, "N1"),
            ("… allocated, bytes per message", p => p.AllocatedBytes, "N0"),
            ("heap after a collection with the client connected, KB above before", p => p.HeldBytes / 1024.0, "N0"),
            ("connect: socket to CONNACK, ms", p => p.ConnectMs, "N2"),
        ])
        {
            table += "| " + name + " |" + string.Concat(columns.Select(k => " " + Cell([.. passes[k].Select(of).Order()], form) + " |")) + "\n";
        }

        await Console.Out.WriteLineAsync(table + string.Create(
            CultureInfo.InvariantCulture, $"{rounds} rounds in turns, {count} messages of {PayloadBytes} bytes, {Window} in flight, {Reconnections} connections in a row; {Environment.ProcessorCount} processors.")).ConfigureAwait(false);
        Directory.Delete(folder, recursive: true);
    }

    private static string Cell(List<double> sorted, string form) =>
        $"{sorted[sorted.Count / 2].ToString(form, CultureInfo.InvariantCulture)} [{sorted[0].ToString(form, CultureInfo.InvariantCulture)}..{sorted[^1].ToString(form, CultureInfo.InvariantCulture)}]";

    private static async Task<Pass> PassAsync(BrokerClientKind kind, MqttEndpoint endpoint, int count)
    {
        long held = GC.GetTotalMemory(forceFullCollection: true);
        using Load load = new(kind, endpoint);
        double connectMs = await load.ConnectAsync(Reconnections).WaitAsync(Patience).ConfigureAwait(false);
        held = GC.GetTotalMemory(forceFullCollection: true) - held;
        using Process own = Process.GetCurrentProcess();
        own.Refresh();
        TimeSpan cpu = own.TotalProcessorTime;
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        long began = TimeProvider.System.GetTimestamp();
        await load.SendAsync(count).WaitAsync(Patience).ConfigureAwait(false);
        double seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        own.Refresh();
        return new Pass(count / seconds, (own.TotalProcessorTime - cpu).TotalMicroseconds / count, (double)allocated / count, held, connectMs);
    }

    // One self-signed certificate that is its own root.
    private static X509Certificate2 WriteCertificates(string folder)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        X509Certificate2 made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(Path.Combine(folder, "server.pem"), made.ExportCertificatePem() + "\n");
        File.WriteAllText(Path.Combine(folder, "server.key"), key.ExportPkcs8PrivateKeyPem() + "\n");
        return made;
    }

    private sealed record Pass(double PerSecond, double CpuUs, double AllocatedBytes, double HeldBytes, double ConnectMs);

    private sealed class Load : IMqttClientHandler, IDisposable
    {
        private readonly MqttLoop _loop;
        private readonly MqttTcpConnector _connector;
        private readonly IMqttClient _client;
        private readonly MqttEndpoint _endpoint;
        private readonly byte[] _payload = new byte[PayloadBytes];
        private readonly List<double> _connects = [];
        private TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _openedAt;
        private int _connections;
        private int _wanted;
        private int _sent;
        private int _acknowledged;

        public Load(BrokerClientKind kind, MqttEndpoint endpoint)
        {
            _endpoint = endpoint;
            _loop = new MqttLoop(TimeProvider.System, "bench");
            _client = BrokerClients.Make(kind, new MqttClientOptions { ClientId = "bench", Version = MqttVersion.V311, CleanStart = true, Window = Window }, this, _loop);
            _connector = new MqttTcpConnector(_loop, _client, TimeProvider.System);
            _loop.AddStep(Step);
            _loop.Start();
        }

        /// <summary>Connects so many times, each on the loss of the one before; the median of the time from the first call to CONNACK, ms.</summary>
        public async Task<double> ConnectAsync(int times)
        {
            _connections = times;
            _loop.TryPost(Begin);
            await _done.Task.ConfigureAwait(false);
            return _connects.Order().ElementAt(_connects.Count / 2);
        }

        public Task SendAsync(int count)
        {
            _done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _loop.TryPost(() => _wanted = count);
            return _done.Task;
        }

        public void Dispose()
        {
            _loop.TryPost(() => _client.Disconnect(_loop.NowUs));
            _connector.Dispose();
            _loop.Dispose();
        }

        void IMqttClientHandler.Connected(bool sessionPresent)
        {
            _connects.Add(TimeProvider.System.GetElapsedTime(_openedAt).TotalMilliseconds);
            if (_connects.Count >= _connections)
            {
                _done.TrySetResult();
            }
            else
            {
                _loop.TryPost(() => _client.Disconnect(_loop.NowUs));
            }
        }

        void IMqttClientHandler.Lost(byte reasonCode, string text)
        {
            if (_connects.Count < _connections)
            {
                _loop.TryPost(Begin);
            }
            else if (_wanted > _acknowledged)
            {
                _done.TrySetException(new IOException(text));
            }
        }

        void IMqttClientHandler.Acknowledged(long ticket, byte reasonCode)
        {
            if (++_acknowledged == _wanted)
            {
                _done.TrySetResult();
            }
        }

        bool IMqttClientHandler.Received(in MqttMessage message, long token) => true;

        void IMqttClientHandler.Subscribed(string filter, byte reasonCode)
        {
        }

        private void Begin()
        {
            _openedAt = TimeProvider.System.GetTimestamp();
            _connector.Connect(_endpoint, failure => _done.TrySetException(new IOException(failure.Text)));
        }

        private long Step(long nowUs)
        {
            long next = _client.Step(nowUs);
            while (_sent < _wanted && _client.TryPublish(new MqttMessage { Topic = "bench/reading", Payload = _payload, IsPayloadImmutable = true, Qos = MqttQos.AtLeastOnce }, _sent + 1, nowUs))
            {
                _sent++;
            }

            return next;
        }
    }
}
