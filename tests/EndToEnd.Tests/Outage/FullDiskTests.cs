using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using EndToEnd.Tests.Processes;
using Firmware.Core;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace EndToEnd.Tests.Outage;

/// <summary>
/// The gateway's journal on a disk of a fixed size, filled while the broker is away, killed in that state and started again; then the broker comes back. Everything
/// that was acknowledged arrives or stands in a gap record that names exactly it. The disk holds the journal's reserves (24 MiB) and 16 MiB for readings, filled at full
/// speed; CART_LONG=1: 64 MiB at 20,000, 5,000 and 1,000 readings/s (CART_RATES names others), and one more kill while it drains.
/// </summary>
[TestClass]
public sealed class FullDiskTests
{
    private const ulong Device = 0x0200000000000010;
    private const int Vital = 16; // streams
    private const int Wave = 17;
    private const int InFlight = 16;

    /// <summary>Most repeats of one kill: the places in the window.</summary>
    private const int Window = 32;

    /// <summary>What the journal keeps on the disk for itself.</summary>
    private const int ReserveMebibytes = 24;

    // A pod's newer version may write more behind a number; here it fills the disk with fewer readings. The long run writes them as they are.
    private const int PaddedBytes = 800;

    private static readonly SoftwareCrc32 Crc = new();
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("CART_LONG") == "1";

    public TestContext TestContext { get; set; } = null!;

    private static int FramesPerMessage => IsLong ? 40 : 4;

    private static int VitalBytes => IsLong ? NumericBody.Length : PaddedBytes;

    [TestMethod]
    [RequiresFixedDisk]
    public async Task A_full_disk_is_filled_killed_started_and_drained()
    {
        if (!IsLong)
        {
            await RunAsync(16, int.MaxValue);
            return;
        }

        foreach (string rate in (Environment.GetEnvironmentVariable("CART_RATES") ?? "20000,5000,1000").Split(','))
        {
            await RunAsync(64, int.Parse(rate, CultureInfo.InvariantCulture));
        }
    }

    private async Task RunAsync(int mebibytes, int rate)
    {
        TimeSpan patience = TimeSpan.FromMinutes(IsLong ? 30 : 4);
        using CancellationTokenSource end = new(patience);
        string folder = Directory.CreateTempSubdirectory("cart-full-").FullName;
        using FixedDisk disk = FixedDisk.Mount(ReserveMebibytes + mebibytes);
        int brokerPort = Programs.FreePort();
        int mqttPort = Programs.FreePort();
        int httpPort = Programs.FreePort();
        string gatewayFile = await GatewayFile.WriteAsync(folder, mqttPort, httpPort, brokerPort);
        await File.WriteAllTextAsync(gatewayFile, (await File.ReadAllTextAsync(gatewayFile)).Replace("./journal", disk.Path + "/journal", StringComparison.Ordinal));
        string brokerFile = Path.Combine(folder, "mosquitto.conf");
        await File.WriteAllTextAsync(brokerFile, $"user root\nlistener {brokerPort} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 200\n");
        RunningProcess gateway = RunningProcess.StartDotnet("gateway", Programs.CartGateway, gatewayFile);
        RunningProcess? broker = null;
        Pod pod = new(mqttPort, rate);
        try
        {
            await gateway.PrintsAsync("running");
            using HttpClient http = new() { BaseAddress = new Uri($"http://127.0.0.1:{httpPort}") };
            using (StringContent nothing = new(string.Empty))
            {
                Assert.IsTrue((await http.PutAsync(new Uri("/api/session/S1", UriKind.Relative), nothing)).IsSuccessStatusCode);
            }

            Assert.IsEmpty(await DiskIssuesAsync(http), "well before");

            async Task KillAsync()
            {
                gateway.Signal(RunningProcess.Kill);
                await gateway.EndAsync();
                gateway.Dispose();
                gateway = RunningProcess.StartDotnet("gateway", Programs.CartGateway, gatewayFile);
                await gateway.PrintsAsync("running");
            }

            // Fill until nothing is taken any more and health says why.
            long began = TimeProvider.System.GetTimestamp();
            await pod.PublishAsync(async () => (await DiskIssuesAsync(http)).Contains("G2210"), end.Token);
            int taken = pod.Acknowledged.Count;
            Assert.IsGreaterThan(1_000, taken);
            string speed = rate == int.MaxValue ? "full speed" : rate + "/s";
            TestContext.WriteLine($"{mebibytes} MiB, {speed}: {taken} readings acknowledged in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:F1} s, then refused with {disk.FreeBytes} bytes free");
            began = TimeProvider.System.GetTimestamp();
            await KillAsync();
            Assert.Contains("G2210", await DiskIssuesAsync(http), "full as before");
            using (JsonDocument health = JsonDocument.Parse(await http.GetStringAsync(new Uri("/health", UriKind.Relative), end.Token)))
            {
                Assert.IsTrue(health.RootElement.GetProperty("ready").GetBoolean(), health.RootElement.ToString());
            }

            TestContext.WriteLine($"killed with {disk.FreeBytes} bytes free, ready again in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:F1} s");

            // The broker is back, and somebody listens.
            broker = RunningProcess.Start("broker", Programs.Find("mosquitto")!, "-c", brokerFile);
            await broker.PrintsAsync("running");
            began = TimeProvider.System.GetTimestamp();
            using RawMqtt doctor = await RawMqtt.ConnectAsync(brokerPort, "doctor", clean: true, "cart/cart-1/session/S1/#");
            Arrivals arrived = new();
            int kills = 1;
            if (IsLong)
            {
                await arrived.TakeAsync(doctor, () => arrived.Received.Count >= taken / 4, end.Token);
                Task drain = arrived.TakeAsync(doctor, () => arrived.Lacks(pod.Acknowledged) == 0, end.Token);
                await KillAsync();
                kills++;
                await drain;
            }
            else
            {
                await arrived.TakeAsync(doctor, () => arrived.Lacks(pod.Acknowledged) == 0, end.Token);
            }

            double seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
            TestContext.WriteLine(
                $"drained in {seconds:F1} s: {arrived.Received.Count} received, {arrived.Repeated} repeated, {arrived.Late.Count} out of order, {arrived.Declared.Count} declared in {arrived.Gaps} gap records");
            Assert.IsEmpty(arrived.Late.Take(10).ToList(), "received after a later one of its stream");
            Assert.IsEmpty(arrived.Declared.Where(arrived.Received.Contains).Take(10).ToList(), "declared lost, and there");
            Assert.AreEqual(0, arrived.Inexact, "gap records that say 'at least'");
            Assert.IsLessThanOrEqualTo(Window * kills, arrived.Repeated, "a kill repeats at most a window");

            // It is well again by itself and takes readings, the ones that were refused first.
            await UntilAsync(async () => (await DiskIssuesAsync(http)).Count == 0, end.Token);
            await pod.PublishAsync(() => Task.FromResult(pod.Acknowledged.Count >= taken + (20 * FramesPerMessage)), end.Token);
            await arrived.TakeAsync(doctor, () => arrived.Lacks(pod.Acknowledged) == 0, end.Token);
            Assert.IsEmpty(arrived.Late.Take(10).ToList(), "received after a later one of its stream");
            Assert.IsEmpty(await DiskIssuesAsync(http), "well after");
            gateway.Signal(RunningProcess.Terminate);
            Assert.AreEqual(0, await gateway.EndAsync(), gateway.Printed);
            using RunningProcess verify = RunningProcess.StartDotnet("cartctl", Programs.CartCtl, "journal", "verify", disk.Path + "/journal");
            Assert.AreEqual(0, await verify.EndAsync(), verify.Printed);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"{pod.Acknowledged.Count} acknowledged; free {disk.FreeBytes}; gateway:\n{gateway.Printed}", e);
        }
        finally
        {
            gateway.Dispose();
            broker?.Dispose();
        }

        Directory.Delete(folder, recursive: true);
    }

    private static async Task<List<string>> DiskIssuesAsync(HttpClient http)
    {
        using JsonDocument health = JsonDocument.Parse(await http.GetStringAsync(new Uri("/health", UriKind.Relative)));
        return health.RootElement.GetProperty("issues").EnumerateArray()
            .Where(i => i.GetProperty("subject").TryGetProperty("disk", out _)).Select(i => i.GetProperty("code").GetString()!).ToList();
    }

    private static async Task UntilAsync(Func<Task<bool>> isFact, CancellationToken end)
    {
        using PeriodicTimer again = new(TimeSpan.FromMilliseconds(100));
        while (!await isFact())
        {
            await again.WaitForNextTickAsync(end);
        }
    }

    private static byte[] Seal(byte[] frame)
    {
        Frame.Seal(frame, 0, Crc);
        return frame;
    }

    private readonly record struct Reading(int Stream, uint Sequence);

    /// <summary>A pod that publishes whole messages, at most so many in flight, and keeps what is not acknowledged. The last reading of each message is of a waveform.</summary>
    private sealed class Pod(int port, int rate)
    {
        private uint _vital = 1; // next numbers
        private uint _wave = 1;

        public HashSet<Reading> Acknowledged { get; } = [];

        public async Task PublishAsync(Func<Task<bool>> isFact, CancellationToken end)
        {
            using RawMqtt link = await RawMqtt.ConnectAsync(port, "pod-" + Topics.DeviceText(Device), clean: true, Topics.Command(Device));
            uint epoch = 0;
            while (epoch == 0)
            {
                (byte head, byte[] body) = await link.ReadAsync().WaitAsync(end);
                if (head >> 4 == 3)
                {
                    (_, ushort id, byte[] payload) = RawMqtt.Published(head, body);
                    await link.AcknowledgeAsync(id);
                    epoch = payload[1] == PodCommand.SetEpoch ? BitConverter.ToUInt32(payload, PodCommand.HeaderLength) : 0;
                }
            }

            Dictionary<ushort, List<Reading>> flying = [];
            Task<(byte Head, byte[] Body)>? reading = null;
            ushort packet = 0;
            long sent = 0;
            long began = TimeProvider.System.GetTimestamp();
            using PeriodicTimer tick = new(TimeSpan.FromMilliseconds(50));
            Task<bool> look = tick.WaitForNextTickAsync(end).AsTask();
            while (true)
            {
                while (flying.Count < InFlight && (rate == int.MaxValue || sent < TimeProvider.System.GetElapsedTime(began).TotalSeconds * rate))
                {
                    packet = packet == ushort.MaxValue ? (ushort)1 : (ushort)(packet + 1);
                    List<Reading> readings = [];
                    await link.PublishAsync(Topics.Up(Device), packet, Message(epoch, readings));
                    flying.Add(packet, readings);
                    sent += readings.Count;
                }

                reading ??= link.ReadAsync();
                if (await Task.WhenAny(reading, look) == look)
                {
                    await look;
                    look = tick.WaitForNextTickAsync(end).AsTask();
                    if (await isFact())
                    {
                        // What was in flight is sent again after the next connection.
                        _vital = flying.Values.SelectMany(r => r).Where(r => r.Stream == Vital).Select(r => r.Sequence).Append(_vital).Min();
                        _wave = flying.Values.SelectMany(r => r).Where(r => r.Stream == Wave).Select(r => r.Sequence).Append(_wave).Min();
                        return;
                    }

                    continue;
                }

                (byte head, byte[] body) = await reading;
                reading = null;
                if (head >> 4 == 4 && flying.Remove((ushort)((body[0] << 8) | body[1]), out List<Reading>? done))
                {
                    Acknowledged.UnionWith(done);
                }
            }
        }

        private byte[] Message(uint epoch, List<Reading> readings)
        {
            List<byte> message = [];
            for (int i = 1; i < FramesPerMessage; i++)
            {
                byte[] frame = new byte[Frame.Overhead + VitalBytes];
                Frame.WriteHeader(frame, 0, FrameKind.Numeric, VitalBytes, Device, 1, Vital, 0, _vital, _vital * 1_000L, epoch);
                NumericBody.Write(frame, Frame.HeaderLength, MdcCodes.SkinTemperature, 3662, -2, AbsenceReason.None, 90, 0);
                message.AddRange(Seal(frame));
                readings.Add(new Reading(Vital, _vital++));
            }

            byte[] wave = new byte[Frame.Overhead + WaveformBody.Length(24, 18)];
            Frame.WriteHeader(wave, 0, FrameKind.Waveform, WaveformBody.Length(24, 18), Device, 1, Wave, 0, _wave, _vital * 1_000L, epoch);
            WaveformBody.WriteHead(wave, Frame.HeaderLength, MdcCodes.SkinTemperature, 10_000, 24, 18);
            message.AddRange(Seal(wave));
            readings.Add(new Reading(Wave, _wave++));
            return [.. message];
        }
    }

    /// <summary>What a subscriber of the session has.</summary>
    private sealed class Arrivals
    {
        private readonly Dictionary<int, uint> _newest = [];

        public HashSet<Reading> Received { get; } = [];

        public HashSet<Reading> Declared { get; } = [];

        /// <summary>Received for the first time after a later one of their stream.</summary>
        public List<Reading> Late { get; } = [];

        public int Repeated { get; private set; }

        public int Gaps { get; private set; }

        /// <summary>Gap records that do not name exactly what is lost.</summary>
        public int Inexact { get; private set; }

        public int Lacks(HashSet<Reading> wanted) =>
            Received.Count + Declared.Count < wanted.Count ? int.MaxValue : wanted.Count(r => !Received.Contains(r) && !Declared.Contains(r));

        public async Task TakeAsync(RawMqtt doctor, Func<bool> isFact, CancellationToken end)
        {
            while (!isFact())
            {
                (byte head, byte[] body) = await doctor.ReadAsync().WaitAsync(end);
                if (head >> 4 != 3)
                {
                    continue;
                }

                (string topic, ushort id, byte[] payload) = RawMqtt.Published(head, body);
                if (id != 0)
                {
                    await doctor.AcknowledgeAsync(id);
                }

                string[] levels = topic.Split('/');
                if (levels is [.., "vital", _, _])
                {
                    using JsonDocument json = JsonDocument.Parse(payload);
                    string[] identity = json.RootElement.GetProperty("id").GetString()!.Split('.');
                    Take(new Reading(int.Parse(identity[2], CultureInfo.InvariantCulture), uint.Parse(identity[3], CultureInfo.InvariantCulture)));
                }
                else if (levels is [.., "wave", _, _])
                {
                    Take(new Reading(Frame.Stream(payload, 0), Frame.Sequence(payload, 0)));
                }
                else if (levels is [.., "gap", _, _])
                {
                    using JsonDocument json = JsonDocument.Parse(payload);
                    JsonElement lost = json.RootElement.GetProperty("lost");
                    Gaps++;
                    Inexact += lost.GetProperty("atLeast").GetBoolean() ? 1 : 0;
                    for (uint i = lost.GetProperty("first").GetUInt32(); i <= lost.GetProperty("last").GetUInt32(); i++)
                    {
                        Declared.Add(new Reading(lost.GetProperty("stream").GetInt32(), i));
                    }
                }
            }
        }

        private void Take(Reading reading)
        {
            if (!Received.Add(reading))
            {
                Repeated++;
                return;
            }

            uint newest = _newest.GetValueOrDefault(reading.Stream);
            if (reading.Sequence < newest)
            {
                Late.Add(reading);
            }

            _newest[reading.Stream] = Math.Max(newest, reading.Sequence);
        }
    }
}
