using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.Transports;
using EndToEnd.Tests.Processes;
using Firmware.Core;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace EndToEnd.Tests.Browser;

/// <summary>
/// The gateway as a process, and a pod with a cuff and a stethoscope that the test plays by hand over MQTT: real frames with real sequence numbers, the pod's own
/// clock, and every command that the gateway sends.
/// </summary>
internal sealed class FedPod : IAsyncDisposable, IMqttClientHandler
{
    public const ulong Device = 0x0200000000000010;
    public const string Session = "S1";
    public const int SoundRateHz = 8000;

    /// <summary>Signals that let a process stand still and go on.</summary>
    public const int Halt = 19, GoOn = 18;
    private const int SoundSamples = 800;

    /// <summary>Frames that wait for the gateway, as in a pod's ring: it is slower than the sensors on a busy machine.</summary>
    private const int MaxUnsent = 4096;
    private const uint Boot = 1;
    private const string State =
        """{"v":1,"state":"online","boot":1,"epoch":0,"peripherals":[{"name":"MPRLS0300","state":"measuring"},{"name":"PCM1808","state":"measuring"}]}""";

    private static readonly SoftwareCrc32 Crc = new();

    private readonly MqttLoop _loop = new(TimeProvider.System, "fed-pod");
    private readonly MqttClient _client;
    private readonly MqttTcpConnector _connector;
    private readonly Dictionary<int, uint> _sequences = [];
    private readonly Queue<(byte[] Frame, uint Ticket)> _unsent = [];
    private readonly List<byte[]> _commands = [];
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _synchronised = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _folder;
    private readonly int _mqttPort;
    private RunningProcess _gateway;
    private readonly CancellationTokenSource _stop = new();
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _sounding = Task.CompletedTask;
    private long _soundUs;
    private long _sample;
    private uint _epoch;
    private uint _liveEvery = uint.MaxValue;

    private FedPod(string folder, RunningProcess gateway, int httpPort, int mqttPort)
    {
        _folder = folder;
        _mqttPort = mqttPort;
        _gateway = gateway;
        Near = $"http://127.0.0.1:{httpPort}";
        _client = new MqttClient(
            new MqttClientOptions { ClientId = "pod-" + Topics.DeviceText(Device), Version = MqttVersion.V311, CleanStart = true, Window = 64 }, this);
        _connector = new MqttTcpConnector(_loop, _client, TimeProvider.System);
        _loop.AddStep(_client.Step);
        _loop.Start();
    }

    /// <summary>The gateway's configuration file.</summary>
    public string GatewayYaml => Path.Combine(_folder, "gateway.yaml");

    /// <summary>Address of the gateway's pages.</summary>
    public string Near { get; }

    /// <summary>False: the pod hears commands and does not acknowledge them.</summary>
    public bool AcknowledgesCommands { get; set; } = true;

    /// <summary>What the gateway printed, for failures.</summary>
    public string Printed => _gateway.Printed;

    /// <summary>Starts gateway and pod, and opens the session.</summary>
    /// <param name="opens">False: no session is opened.</param>
    /// <param name="more">More of gateway.yaml.</param>
    public static async Task<FedPod> StartAsync(bool opens = true, string more = "")
    {
        string folder = Directory.CreateTempSubdirectory("cart-fed-pod-").FullName;
        int httpPort = Programs.FreePort();
        int mqttPort = Programs.FreePort();
        string file = await GatewayFile.WriteAsync(folder, mqttPort, httpPort, more: more);
        RunningProcess gateway = RunningProcess.StartDotnet("gateway", Programs.CartGateway, file);
        await gateway.PrintsAsync("running");
        FedPod pod = new(folder, gateway, httpPort, mqttPort);
        pod._connector.Connect("127.0.0.1", mqttPort, why => pod._synchronised.TrySetException(new InvalidOperationException(why)));
        if (opens)
        {
            await pod.OpenSessionAsync();
        }

        await pod._synchronised.Task.WaitAsync(TimeSpan.FromMilliseconds(Chromium.PatienceMs));
        await pod.CommandAsync(c => c[1] == PodCommand.SetEpoch && (!opens || BinaryPrimitives.ReadUInt32LittleEndian(c.AsSpan(PodCommand.HeaderLength)) != 0));
        return pod;
    }

    public async Task OpenSessionAsync()
    {
        using HttpClient http = new() { BaseAddress = new Uri(Near) };
        using StringContent nothing = new(string.Empty);
        (await http.PutAsync(new Uri("/api/session/" + Session, UriKind.Relative), nothing)).EnsureSuccessStatusCode();
    }

    /// <summary>The gateway is killed, as by SIGKILL.</summary>
    public async Task KillGatewayAsync()
    {
        _gateway.Signal(RunningProcess.Kill);
        await _gateway.EndAsync();
        _gateway.Dispose();
    }

    /// <summary>The gateway's process stands still, or goes on.</summary>
    public void SignalGateway(int number) => _gateway.Signal(number);

    /// <summary>A gateway on the same journal and ports.</summary>
    public async Task StartGatewayAsync()
    {
        _gateway = RunningProcess.StartDotnet("gateway", Programs.CartGateway, Path.Combine(_folder, "gateway.yaml"));
        await _gateway.PrintsAsync("running");
    }

    /// <summary>A vital sign of now.</summary>
    public void Vital(int stream, uint mdc, int value, int exponent) => Numeric(stream, mdc, value, exponent, AbsenceReason.None, 90, null);

    /// <summary>Waits for a command of the gateway that came or comes.</summary>
    public async Task<byte[]> CommandAsync(Func<byte[], bool> wanted)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromMilliseconds(Chromium.PatienceMs));
        while (true)
        {
            Task news;
            lock (_gate)
            {
                if (_commands.LastOrDefault(wanted) is { } found)
                {
                    return found;
                }

                news = _news.Task;
            }

            await news.WaitAsync(patience.Token);
        }
    }

    /// <summary>How many such commands came.</summary>
    public int Count(Func<byte[], bool> wanted)
    {
        lock (_gate)
        {
            return _commands.Count(wanted);
        }
    }

    /// <summary>Somebody elsewhere says something on the session's broker, which is the gateway itself.</summary>
    public async Task AskAsync(string topic, string json)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using Elsewhere elsewhere = new(topic, json, done);
        elsewhere.Connect(_mqttPort);
        await done.Task.WaitAsync(TimeSpan.FromMilliseconds(Chromium.PatienceMs));
    }

    /// <summary>Forgets the commands that came.</summary>
    public void ForgetCommands()
    {
        lock (_gate)
        {
            _commands.Clear();
        }
    }

    public void Phase(CuffPhase phase) => Numeric(Streams.CuffPhase, MdcCodes.CuffPhase, (int)phase, 0, AbsenceReason.None, 100, null);

    /// <summary>A quarter of a second of cuff pressure, rising.</summary>
    public void Pressure(int fromCentiMmHg, int stepCentiMmHg) => Post(() =>
    {
        const int Count = 25;
        byte[] body = new byte[WaveformBody.Length(Count, 16)];
        WaveformBody.WriteHead(body, 0, MdcCodes.CuffPressure, 10_000, Count, 16);
        for (int i = 0; i < Count; i++)
        {
            WaveformBody.WriteSample(body, 0, i, 16, fromCentiMmHg + (i * stepCentiMmHg));
        }

        Send(FrameKind.Waveform, body, Streams.CuffPressure, _loop.NowUs - 250_000);
    });

    /// <summary>All four numbers of a measurement, with one status, of one moment.</summary>
    public void Result(int systolic, int diastolic, int mean, int pulse, int status, AbsenceReason absence = AbsenceReason.None) => Post(() =>
    {
        long us = _loop.NowUs;
        Write(Streams.Systolic, MdcCodes.NoninvasiveSystolic, systolic * 10, -1, absence, 84, status, us);
        Write(Streams.Diastolic, MdcCodes.NoninvasiveDiastolic, diastolic * 10, -1, absence, 84, status, us);
        Write(Streams.MeanPressure, MdcCodes.NoninvasiveMean, mean * 10, -1, absence, 84, status, us);
        Write(Streams.CuffPulseRate, MdcCodes.NoninvasivePulseRate, pulse * 10, -1, absence, 84, status, us);
    });

    public void Event(FaultCode code, int stream) => Post(() =>
    {
        byte[] body = new byte[EventBody.Length];
        EventBody.Write(body, 0, code, stream, 0);
        Send(FrameKind.Event, body, Streams.Events, _loop.NowUs);
    });

    /// <summary>Begins to send sound as a stethoscope does, a frame each 100 ms, both ways: a tone of 110 Hz, a quarter of full scale.</summary>
    /// <param name="dropLiveEvery">Each so many-th frame is stored and forwarded alone, so that listeners miss it.</param>
    public void Sound(uint dropLiveEvery = uint.MaxValue)
    {
        _liveEvery = dropLiveEvery;
        _sounding = SoundAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sounding;
        _loop.TryPost(() => _client.Disconnect(_loop.NowUs));
        _connector.Dispose();
        _loop.Dispose();
        _gateway.Signal(GoOn);
        _gateway.Signal(RunningProcess.Terminate);
        await _gateway.EndAsync();
        _gateway.Dispose();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    void IMqttClientHandler.Connected(bool sessionPresent)
    {
        _client.Subscribe(Topics.TimeReply(Device), MqttQos.AtMostOnce, _loop.NowUs);
        _client.TryPublish(new MqttMessage { Topic = Topics.State(Device), Payload = Encoding.UTF8.GetBytes(State), Qos = MqttQos.AtLeastOnce, Retain = true }, 1, _loop.NowUs);
        _client.Subscribe(Topics.Command(Device), MqttQos.AtLeastOnce, _loop.NowUs);
    }

    void IMqttClientHandler.Subscribed(string filter, byte reasonCode)
    {
        if (filter == Topics.TimeReply(Device))
        {
            byte[] request = new byte[ClockMessage.RequestLength];
            BinaryPrimitives.WriteUInt32LittleEndian(request, 1);
            BinaryPrimitives.WriteInt64LittleEndian(request.AsSpan(4), _loop.NowUs);
            _client.TryPublish(new MqttMessage { Topic = Topics.Time(Device), Payload = request, Qos = MqttQos.AtMostOnce }, 0, _loop.NowUs);
        }
    }

    void IMqttClientHandler.Lost(byte reasonCode, string text) => _synchronised.TrySetException(new InvalidOperationException($"the pod's connection was lost: {reasonCode} {text}"));

    void IMqttClientHandler.Acknowledged(long ticket, byte reasonCode) => _loop.TryPost(Flush);

    bool IMqttClientHandler.Received(in MqttMessage message, long token)
    {
        byte[] payload = message.Payload.ToArray();
        if (message.Topic == Topics.TimeReply(Device))
        {
            long t1 = BinaryPrimitives.ReadInt64LittleEndian(payload.AsSpan(4)), t2 = BinaryPrimitives.ReadInt64LittleEndian(payload.AsSpan(12));
            long t3 = BinaryPrimitives.ReadInt64LittleEndian(payload.AsSpan(20)), t4 = _loop.NowUs;
            byte[] body = new byte[ClockBody.Length];
            ClockBody.Write(body, 0, t1, t2, t3, t4, (t2 - t1 + (t3 - t4)) / 2, (uint)((t4 - t1 - (t3 - t2) + 1) / 2), 0, BinaryPrimitives.ReadUInt32LittleEndian(payload.AsSpan(28)));
            Send(FrameKind.Clock, body, Streams.Clock, t4);
            _synchronised.TrySetResult();
            return true;
        }

        bool taken = AcknowledgesCommands;
        if (payload[1] == PodCommand.SetEpoch)
        {
            _epoch = BinaryPrimitives.ReadUInt32LittleEndian(payload.AsSpan(PodCommand.HeaderLength));
        }

        lock (_gate)
        {
            _commands.Add(payload);
            _news.TrySetResult();
            _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        return taken;
    }

    private async Task SoundAsync()
    {
        using PeriodicTimer frame = new(TimeSpan.FromMilliseconds(100));
        try
        {
            do
            {
                Post(SoundFrame);
            }
            while (await frame.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private void SoundFrame()
    {
        if (_soundUs == 0)
        {
            _soundUs = _loop.NowUs - 100_000;
        }

        byte[] body = new byte[SoundBody.SamplesOffset + (2 * SoundSamples)];
        SoundBody.WriteHead(body, 0, SoundRateHz, SoundCodec.Pcm16, SoundSamples, 5793, 8192, 0);
        for (int i = 0; i < SoundSamples; i++)
        {
            short value = (short)Math.Round(8192 * Math.Sin(2 * Math.PI * 110 * _sample++ / SoundRateHz));
            BinaryPrimitives.WriteInt16LittleEndian(body.AsSpan(SoundBody.SamplesOffset + (2 * i)), value);
        }

        byte[] frame = Send(FrameKind.Sound, body, Streams.Sound, _soundUs);
        _soundUs += 100_000;
        if (_sequences[Streams.Sound] % _liveEvery != 0)
        {
            _client.TryPublish(new MqttMessage { Topic = Topics.LiveSound(Device), Payload = frame, Qos = MqttQos.AtMostOnce }, 0, _loop.NowUs);
        }
    }

    private void Numeric(int stream, uint mdc, int value, int exponent, AbsenceReason absence, int quality, int? status) =>
        Post(() => Write(stream, mdc, value, exponent, absence, quality, status, _loop.NowUs));

    private void Write(int stream, uint mdc, int value, int exponent, AbsenceReason absence, int quality, int? status, long us)
    {
        byte[] body = new byte[status is null ? NumericBody.Length : NumericBody.LengthWithStatus];
        NumericBody.Write(body, 0, mdc, value, exponent, absence, quality, 0);
        if (status is { } bits)
        {
            BloodPressureStatus.Write(body, 0, bits);
        }

        Send(FrameKind.Numeric, body, stream, us);
    }

    private void Post(Action act) => Assert.IsTrue(_loop.TryPost(act), "the pod's loop takes no more");

    private byte[] Send(FrameKind kind, byte[] body, int stream, long us)
    {
        uint sequence = _sequences[stream] = _sequences.GetValueOrDefault(stream) + 1;
        byte[] frame = new byte[Frame.Overhead + body.Length];
        Frame.WriteHeader(frame, 0, kind, body.Length, Device, Boot, stream, 0, sequence, us, kind == FrameKind.Clock ? 0 : _epoch);
        body.CopyTo(frame, Frame.HeaderLength);
        Frame.Seal(frame, 0, Crc);
        Assert.IsLessThan(MaxUnsent, _unsent.Count, "the gateway takes no more");
        _unsent.Enqueue((frame, sequence));
        Flush();
        return frame;
    }

    private void Flush()
    {
        while (_unsent.TryPeek(out (byte[] Frame, uint Ticket) next)
            && _client.TryPublish(new MqttMessage { Topic = Topics.Up(Device), Payload = next.Frame, Qos = MqttQos.AtLeastOnce }, next.Ticket, _loop.NowUs))
        {
            _unsent.Dequeue();
        }
    }

    /// <summary>A client that says one thing.</summary>
    private sealed class Elsewhere : IDisposable, IMqttClientHandler
    {
        private readonly MqttLoop _loop = new(TimeProvider.System, "elsewhere");
        private readonly MqttClient _client;
        private readonly MqttTcpConnector _connector;
        private readonly string _topic;
        private readonly string _json;
        private readonly TaskCompletionSource _done;

        public Elsewhere(string topic, string json, TaskCompletionSource done)
        {
            (_topic, _json, _done) = (topic, json, done);
            _client = new MqttClient(new MqttClientOptions { ClientId = "elsewhere", CleanStart = true }, this);
            _connector = new MqttTcpConnector(_loop, _client, TimeProvider.System);
            _loop.AddStep(_client.Step);
            _loop.Start();
        }

        public void Connect(int port) => _connector.Connect("127.0.0.1", port, why => _done.TrySetException(new InvalidOperationException(why)));

        public void Connected(bool sessionPresent) =>
            _client.TryPublish(new MqttMessage { Topic = _topic, Payload = Encoding.UTF8.GetBytes(_json), Qos = MqttQos.AtLeastOnce }, 1, _loop.NowUs);

        public void Lost(byte reasonCode, string text) => _done.TrySetException(new InvalidOperationException(text));

        public void Acknowledged(long ticket, byte reasonCode) => _done.TrySetResult();

        public bool Received(in MqttMessage message, long token) => true;

        public void Subscribed(string filter, byte reasonCode)
        {
        }

        public void Dispose()
        {
            _connector.Dispose();
            _loop.Dispose();
        }
    }
}
