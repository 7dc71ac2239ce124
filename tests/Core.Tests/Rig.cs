using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using EdgeGateway.Core;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Journal;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.Server;
using EdgeGateway.Mqtt.Transports;
using Firmware.Core;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Gateway;
using Simulators.Kernel;

namespace Core.Tests;

/// <summary>The frames of a test device.</summary>
internal static class Frames
{
    public static readonly SoftwareCrc32 Crc = new();

    public static byte[] Make(
        FrameKind kind, byte[] body, ulong device, uint boot, int stream, uint sequence, long us, uint epoch, int flags = 0, byte version = 1)
    {
        byte[] frame = new byte[Frame.Overhead + body.Length];
        Frame.WriteHeader(frame, 0, kind, body.Length, device, boot, stream, flags, sequence, us, epoch);
        frame[0] = version;
        body.CopyTo(frame, Frame.HeaderLength);
        Frame.Seal(frame, 0, Crc);
        return frame;
    }

    public static byte[] Numeric(
        ulong device, uint boot, int stream, uint sequence, long us, uint epoch, int value = 3662, int exponent = -2, uint mdc = MdcCodes.SkinTemperature,
        AbsenceReason absence = AbsenceReason.None, int quality = 90, uint windowMs = 0, int flags = 0)
    {
        byte[] body = new byte[NumericBody.Length];
        NumericBody.Write(body, 0, mdc, value, exponent, absence, quality, windowMs);
        return Make(FrameKind.Numeric, body, device, boot, stream, sequence, us, epoch, flags);
    }

    public static byte[] Wave(ulong device, uint boot, int stream, uint sequence, long us, uint epoch, int samples = 10)
    {
        byte[] body = new byte[WaveformBody.Length(samples, 18)];
        WaveformBody.WriteHead(body, 0, MdcCodes.RedLightCounts, 10_000, samples, 18);
        for (int i = 0; i < samples; i++)
        {
            WaveformBody.WriteSample(body, 0, i, 18, (int)((sequence * 97) + (uint)i) & 0x3FFFF);
        }

        return Make(FrameKind.Waveform, body, device, boot, stream, sequence, us, epoch);
    }

    public static byte[] Event(ulong device, uint boot, uint sequence, long us, uint epoch, int code = 1101, int stream = 16, int argument = 7)
    {
        byte[] body = new byte[EventBody.Length];
        EventBody.Write(body, 0, (FaultCode)code, stream, argument);
        return Make(FrameKind.Event, body, device, boot, Streams.Events, sequence, us, epoch);
    }

    public static byte[] Clock(ulong device, uint boot, uint sequence, long t1, long t2, long t3, long t4, uint gatewayBoot)
    {
        byte[] body = new byte[ClockBody.Length];
        ClockBody.Write(body, 0, t1, t2, t3, t4, ((t2 - t1) + (t3 - t4)) / 2, (uint)((t4 - t1 - (t3 - t2) + 1) / 2), 0, gatewayBoot);
        return Make(FrameKind.Clock, body, device, boot, Streams.Clock, sequence, t4, 0);
    }

    public static byte[] Gap(ulong device, uint boot, uint sequence, long us, uint epoch, int stream, uint first, uint last, GapCause cause)
    {
        byte[] body = new byte[GapBody.Length];
        GapBody.Write(body, 0, device, boot, stream, cause, GapBody.Readings, first, last, last - first + 1, 0, 0);
        return Make(FrameKind.Gap, body, device, boot, Streams.Gaps, sequence, us, epoch);
    }

    public static string Id(byte[] frame) =>
        $"{Topics.DeviceText(Frame.DeviceId(frame, 0))}.{Frame.BootId(frame, 0)}.{Frame.Stream(frame, 0)}.{Frame.Sequence(frame, 0)}";

    public static byte[] Join(params byte[][] frames)
    {
        List<byte> bytes = [];
        foreach (byte[] frame in frames)
        {
            bytes.AddRange(frame);
        }

        return [.. bytes];
    }
}

/// <summary>A message as a client received it.</summary>
internal sealed record Arrived(string Topic, byte[] Payload, bool Retain, bool Duplicate, string? ContentType, MqttPublishProperties? Properties)
{
    public string Text => Encoding.UTF8.GetString(Payload);
}

/// <summary>A client over a link in memory; messages are sent again after each loss until they are acknowledged, as a pod does.</summary>
internal sealed class TestClient : IMqttClientHandler
{
    private readonly List<(long Ticket, string Topic, byte[] Payload, MqttPublishProperties? Properties)> _unacknowledged = [];
    private readonly List<string> _filters = [];
    private int _sentThrough;
    private long _ticket;

    public TestClient(string id, MqttVersion version = MqttVersion.V5, uint sessionExpirySeconds = 0, string? userName = null, string? password = null)
    {
        Id = id;
        Options = new MqttClientOptions
        {
            ClientId = id,
            Version = version,
            CleanStart = sessionExpirySeconds == 0,
            SessionExpirySeconds = sessionExpirySeconds,
            KeepAliveSeconds = 0,
            KeepInFlight = false,
            Window = 16,
            UserName = userName,
            Password = Encoding.UTF8.GetBytes(password ?? string.Empty),
        };
        Client = new MqttClient(Options, this);
    }

    public string Id { get; }

    public MqttClientOptions Options { get; }

    public MqttClient Client { get; private set; }

    public MqttMemoryLink? Link { get; set; }

    public MqttTransport Transport { get; init; }

    public List<Arrived> Received { get; } = [];

    public List<long> Acknowledged { get; } = [];

    public List<(string Filter, byte Reason)> Subscriptions { get; } = [];

    public byte LostReason { get; private set; }

    public int Losses { get; private set; }

    public int Waiting => _unacknowledged.Count;

    public bool AcknowledgesReceived { get; set; } = true;

    /// <summary>It acknowledges so long after it received, µs.</summary>
    public long AcknowledgeDelayUs { get; set; }

    /// <summary>Bytes that its connection moves each millisecond in each direction; 0 for all at once.</summary>
    public int BytesPerMillisecond { get; set; }

    public Func<long>? Now { get; set; }

    private readonly Queue<(long Token, long DueUs)> _due = new();
    private long _nextPumpUs;

    /// <summary>Gives the acknowledgements that are due and moves bytes.</summary>
    public bool Move(long nowUs, ref long nextUs)
    {
        bool moved = false;
        while (_due.TryPeek(out (long Token, long DueUs) due) && due.DueUs <= nowUs)
        {
            _due.Dequeue();
            Client.Acknowledge(due.Token, nowUs);
            moved = true;
        }

        nextUs = _due.Count > 0 ? Math.Min(nextUs, _due.Peek().DueUs) : nextUs;
        if (BytesPerMillisecond == 0)
        {
            return moved | (Link?.Pump(nowUs) ?? false);
        }

        if (Link is { } link && link.PendingUp + link.PendingDown > 0)
        {
            if (nowUs >= _nextPumpUs)
            {
                _nextPumpUs = nowUs + 1000;
                moved |= link.Pump(nowUs, BytesPerMillisecond);
            }

            nextUs = Math.Min(nextUs, _nextPumpUs);
        }

        return moved;
    }

    public Action<string, byte[]>? OnReceived { get; set; }

    public Action<long>? OnAcknowledged { get; set; }

    public long Publish(string topic, byte[] payload, MqttPublishProperties? properties = null)
    {
        _unacknowledged.Add((++_ticket, topic, payload, properties));
        return _ticket;
    }

    public void Subscribe(string filter, long nowUs)
    {
        _filters.Add(filter);
        if (Client.IsConnected)
        {
            Client.Subscribe(filter, MqttQos.AtLeastOnce, nowUs);
        }
    }

    public void Send(long nowUs)
    {
        while (Client.IsConnected && _sentThrough < _unacknowledged.Count)
        {
            (long ticket, string topic, byte[] payload, MqttPublishProperties? properties) = _unacknowledged[_sentThrough];
            if (!Client.TryPublish(new MqttMessage { Topic = topic, Payload = payload, Qos = MqttQos.AtLeastOnce, Properties = properties }, ticket, nowUs))
            {
                return;
            }

            _sentThrough++;
        }
    }

    public void Connected(bool sessionPresent)
    {
        foreach (string filter in _filters)
        {
            Client.Subscribe(filter, MqttQos.AtLeastOnce, 0);
        }
    }

    public void Lost(byte reasonCode, string text)
    {
        LostReason = reasonCode;
        Losses++;
        _sentThrough = 0;
        _due.Clear();
    }

    void IMqttClientHandler.Acknowledged(long ticket, byte reasonCode)
    {
        int at = _unacknowledged.FindIndex(m => m.Ticket == ticket);
        if (at >= 0)
        {
            _unacknowledged.RemoveAt(at);
            _sentThrough--;
            Acknowledged.Add(ticket);
            OnAcknowledged?.Invoke(ticket);
        }
    }

    bool IMqttClientHandler.Received(in MqttMessage message, long token)
    {
        byte[] payload = message.Payload.ToArray();
        Received.Add(new Arrived(message.Topic, payload, message.Retain, message.Duplicate, message.Properties?.ContentType, message.Properties));
        OnReceived?.Invoke(message.Topic, payload);
        if (AcknowledgeDelayUs > 0 && Now is { } now)
        {
            _due.Enqueue((token, now() + AcknowledgeDelayUs));
            return false;
        }

        return AcknowledgesReceived;
    }

    public void Subscribed(string filter, byte reasonCode) => Subscriptions.Add((filter, reasonCode));
}

/// <summary>A broker of somebody else's: takes every message and routes it, or answers as it is told.</summary>
internal sealed class PlainBroker : IMqttServerHandler
{
    /// <summary>Stands for no answer at all.</summary>
    public const byte Silence = 0xFE;

    /// <summary>Stands for a connection that is ended instead of an answer.</summary>
    public const byte Hangup = 0xFD;

    private readonly List<(long Token, byte Reason)> _answers = [];
    private readonly List<string> _hangups = [];

    /// <summary>The answer to a message, by topic and payload: 0 to route it, a reason code, or one of the two above.</summary>
    public Func<string, byte[], byte>? Answer { get; set; }

    /// <summary>Gives the answers that are due.</summary>
    /// <returns>True when there were any.</returns>
    public bool Flush(MqttServer server, long nowUs)
    {
        bool any = _answers.Count > 0 || _hangups.Count > 0;
        foreach ((long token, byte reason) in _answers)
        {
            server.Acknowledge(token, reason, nowUs);
        }

        _answers.Clear();
        foreach (string client in _hangups.ToArray())
        {
            server.Disconnect(client, 0x87, nowUs);
        }

        _hangups.Clear();
        return any;
    }

    public byte Connecting(in MqttConnectRequest request) => 0;

    public void Connected(string clientId)
    {
    }

    public void Disconnected(string clientId)
    {
    }

    public MqttPublishDisposition Published(string clientId, in MqttMessage message, long token)
    {
        byte answer = clientId == "cart-C1" ? Answer?.Invoke(message.Topic, message.Payload.ToArray()) ?? 0 : (byte)0;
        switch (answer)
        {
            case 0:
                return MqttPublishDisposition.Accept;
            case Silence:
                return MqttPublishDisposition.Deferred;
            case Hangup:
                _hangups.Add(clientId);
                return MqttPublishDisposition.Deferred;
            default:
                _answers.Add((token, answer));
                return MqttPublishDisposition.Deferred;
        }
    }

    public bool MaySubscribe(string clientId, string filter) => true;

    public void Subscribed(string clientId, string filter)
    {
    }

    public void Delivered(long ticket, byte reasonCode)
    {
    }
}

/// <summary>One whole gateway with the real MQTT, the real journal and a simulated disk, under simulated time.</summary>
internal sealed class Rig : IGatewayTime, IEntropy, IGatewayLog, IUplinkConnector
{
    public const ulong Gateway = 0x02AABBFFFE000001;
    public const ulong PodA = 0x02AABBFFFE0000A1;
    public const ulong PodB = 0x02AABBFFFE0000B2;
    public const long UtcStartUs = 1_767_323_045_000_000; // 2026-01-02T03:04:05Z

    private readonly SeededRandom _random;
    private readonly SeededRandom _keyRandom;
    private readonly IApiTokens? _tokens;
    private readonly List<TestClient> _clients = [];
    private readonly List<GatewayLogEntry> _log = [];
    private MqttMemoryLink? _uplinkLink;
    private IUplinkEvents? _uplink;
    private long _connectAtUs = long.MaxValue;

    public Rig(
        ulong seed = 1,
        Func<GatewayOptions, GatewayOptions>? options = null,
        JournalOptions? journal = null,
        bool external = false,
        IMqttServer? broker = null,
        MqttServerOptions? brokerOptions = null,
        bool isProtected = false,
        IApiTokens? tokens = null)
    {
        _tokens = tokens;
        _random = new SeededRandom(seed);
        Disk = new SimulatedDisk(seed);
        KeyDisk = isProtected ? new SimulatedDisk(seed + 1) : null;
        _keyRandom = _random.Fork("keys");
        JournalOptions = journal ?? new JournalOptions();
        GatewayOptions made = new() { CartId = "C1", GatewayId = Gateway, Production = false, Seed = seed };
        if (external || broker is not null)
        {
            made = made with { External = new ExternalBroker { Host = "broker.test" } };
            Broker = broker ?? new MqttServer(brokerOptions ?? new MqttServerOptions(), Foreign);
        }

        Options = options is null ? made : options(made);
        Begin();
    }

    public GatewayOptions Options { get; set; }

    public JournalOptions JournalOptions { get; }

    public SimulatedDisk Disk { get; }

    /// <summary>Where the keys are; null for a journal without.</summary>
    public SimulatedDisk? KeyDisk { get; }

    public GatewayCore Core { get; private set; } = null!;

    public JournalLog Journal { get; private set; } = null!;

    /// <summary>The gateway as its journal sees it.</summary>
    public IJournalHandler JournalHandler { get; private set; } = null!;

    public IReadOnlyList<IJournalProjection> Projections { get; private set; } = [];

    public IMqttServer? Broker { get; }

    public PlainBroker Foreign { get; } = new();

    /// <summary>False: the external broker retains nothing, and the gateway's client says so at once.</summary>
    public bool BrokerRetains { get; set; } = true;

    public bool BrokerIsUp { get; set; } = true;

    public long NowUs { get; private set; } = 1_000_000;

    public bool Synchronised { get; set; } = true;

    public long UtcErrorUs { get; set; }

    public long UtcUncertaintyUs { get; set; } = 500;

    public string? Implausible { get; set; }

    public UtcEstimate Utc => new(Synchronised, UtcStartUs + NowUs + UtcErrorUs, UtcUncertaintyUs, Implausible);

    public IReadOnlyList<GatewayLogEntry> Log => _log;

    public uint NextUInt32() => _random.NextUInt32();

    public void Write(in GatewayLogEntry entry) => _log.Add(entry);

    public void Connect(IUplinkEvents events)
    {
        _uplink = events;
        _connectAtUs = NowUs + 1_000;
    }

    /// <summary>Starts a gateway on the disk as it is.</summary>
    public void Begin()
    {
        Core = new GatewayCore(Options, new GatewayPorts
        {
            Journal = (handler, projections) =>
            {
                Projections = projections;
                JournalHandler = handler;
                return Journal = new JournalLog(Disk, JournalOptions, projections, handler, Protection());
            },
            Server = handler => new MqttServer(EndpointLimits.Server, handler),
            Client = (options, handler) =>
            {
                UplinkClient = new MqttClient(options, handler);
                return new LimitedClient(UplinkClient, handler, () => BrokerRetains);
            },
            Uplink = this,
            Time = this,
            Entropy = this,
            Log = this,
            Listeners = new EdgeGateway.Core.Access.ListenerTokens(new byte[32]),
            Tokens = _tokens,
        });
        Core.Start(NowUs);
        RunUntil(() => Core.IsReady || Disk.IsOff, 5_000_000);
    }

    public MqttClient? UplinkClient { get; private set; }

    private JournalProtection? Protection() => KeyDisk is null ? null : new JournalProtection
    {
        Disk = KeyDisk,
        CartKey = new byte[32],
        KeyOf = EdgeGateway.Core.Records.RecordKeys.OwnerOf,
        Random = bytes =>
        {
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)_keyRandom.NextUInt32();
            }
        },
    };

    /// <summary>The process is gone, as by SIGKILL or by a cut of power.</summary>
    public void Kill(CutKeeps? cut = null)
    {
        foreach (TestClient client in _clients)
        {
            if (client.Link is not null && !(Broker is not null && client.Id.StartsWith("doctor", StringComparison.Ordinal)))
            {
                client.Link.Cut(NowUs);
                client.Link = null;
            }
        }

        CutUplink();
        _connectAtUs = long.MaxValue;
        if (cut is { } keeps)
        {
            Disk.CutPower();
            Disk.PowerOn(keeps);
            KeyDisk?.CutPower();
            KeyDisk?.PowerOn(keeps);
        }
        else
        {
            Disk.KillProcess();
            KeyDisk?.KillProcess();
        }

        NowUs += 10_000;
        Begin();
    }

    /// <summary>The connector gives up an attempt, as it does when the process ends.</summary>
    public void EndConnecting()
    {
        if (_uplinkLink is null)
        {
            _uplink?.Closed("given up", NowUs);
        }
    }

    public void CutUplink()
    {
        if (_uplinkLink is { } link)
        {
            _uplinkLink = null;
            link.Cut(NowUs);
        }
    }

    public TestClient Add(TestClient client)
    {
        client.Now = () => NowUs;
        _clients.Add(client);
        Connect(client);
        return client;
    }

    public TestClient Pod(ulong device) => Add(new TestClient("pod-" + Topics.DeviceText(device), MqttVersion.V311));

    public TestClient Doctor(string name = "doctor", uint sessionExpirySeconds = 3600)
    {
        TestClient client = Add(new TestClient(name, MqttVersion.V5, sessionExpirySeconds));
        client.Subscribe("cart/C1/#", NowUs);
        return client;
    }

    /// <summary>A page beside the patient: it listens at QoS 0 over WebSocket.</summary>
    public TestClient Page(string session)
    {
        TestClient page = Add(new TestClient("web." + session + ".page", userName: session, password: Core.LinkOf(session).Token) { Transport = MqttTransport.WebSocket });
        Require(() => page.Client.IsConnected, "the page is connected");
        page.Client.Subscribe("cart/C1/session/" + session + "/#", MqttQos.AtMostOnce, NowUs);
        Require(() => page.Subscriptions.Count == 1, "the page has subscribed");
        return page;
    }

    public void Connect(TestClient client)
    {
        IMqttServer server = Broker is not null && client.Transport == MqttTransport.Stream && !client.Id.StartsWith("pod-", StringComparison.Ordinal) ? Broker : Core.Server;
        client.Link = new MqttMemoryLink(server, client.Client, client.Id) { Transport = client.Transport };
        client.Link.Open(NowUs);
    }

    public void Disconnect(TestClient client)
    {
        client.Link?.Cut(NowUs);
        client.Link = null;
    }

    public void Run(long us)
    {
        long end = NowUs + us;
        RunUntil(() => false, us);
        Assert.AreEqual(end, NowUs);
    }

    /// <summary>Runs until a fact holds.</summary>
    /// <returns>False when it did not within the time.</returns>
    public bool RunUntil(Func<bool> fact, long withinUs = 60_000_000)
    {
        long end = NowUs + withinUs;
        while (true)
        {
            long next = Settle();
            if (fact())
            {
                return true;
            }

            if (NowUs >= end || Disk.IsOff)
            {
                return fact();
            }

            NowUs = Math.Min(end, Math.Max(next, NowUs + 1));
        }
    }

    public void Require(Func<bool> fact, string what, long withinUs = 60_000_000) => Assert.IsTrue(RunUntil(fact, withinUs), what + "\n" + LogText());

    public string LogText()
    {
        StringBuilder text = new();
        foreach (GatewayLogEntry entry in _log)
        {
            text.Append(entry.NowUs).Append(' ').Append(entry.Code).Append(' ').Append(entry.What).Append('\n');
        }

        return text.ToString();
    }

    public uint OpenSession(string id)
    {
        SessionResult? done = null;
        Core.Sessions.Open(id, r => done = r);
        Require(() => done is not null, "open");
        Assert.IsNull(done!.Value.Code, done.Value.Text);
        return Session(id).Epoch;
    }

    public void CloseSession(string id)
    {
        SessionResult? done = null;
        Core.Sessions.Close(id, r => done = r);
        Require(() => done is not null, "close");
        Assert.IsNull(done!.Value.Code, done.Value.Text);
    }

    public SessionHealth Session(string id)
    {
        foreach (SessionHealth session in Core.Snapshot().Sessions)
        {
            if (session.Id == id)
            {
                return session;
            }
        }

        throw new AssertFailedException("no session " + id);
    }

    public StreamHealth Stream(ulong device, uint boot, int stream)
    {
        foreach (StreamHealth health in Core.Snapshot().Streams)
        {
            if (health.DeviceId == device && health.BootId == boot && health.Stream == stream)
            {
                return health;
            }
        }

        throw new AssertFailedException("no stream");
    }

    /// <summary>The pod's clock is the gateway's minus 1 s: tells the gateway so, within 200 µs.</summary>
    public byte[] ClockFrame(ulong device, uint boot, uint sequence) =>
        Frames.Clock(device, boot, sequence, NowUs - 1_000_000 - 300, NowUs - 200, NowUs - 200, NowUs - 1_000_000 - 100, Core.BootId);

    /// <summary>Now on the pods' clock.</summary>
    public long PodUs => NowUs - 1_000_000;

    private long Settle()
    {
        long next;
        bool moved;
        int rounds = 0;
        do
        {
            Assert.IsLessThan(100_000, ++rounds, "no end at one moment\n" + LogText());
            long ended = Disk.OperationsEnded + (KeyDisk?.OperationsEnded ?? 0);
            next = Math.Min(Core.Step(NowUs), Math.Min(Disk.Step(NowUs), KeyDisk?.Step(NowUs) ?? long.MaxValue));
            moved = Disk.OperationsEnded + (KeyDisk?.OperationsEnded ?? 0) != ended;
            foreach (TestClient client in _clients)
            {
                if (client.Link is { IsUp: false })
                {
                    if (client.Transport == MqttTransport.WebSocket)
                    {
                        // Last words first.
                        client.Link.Pump(NowUs);
                    }

                    client.Link.Cut(NowUs);
                    client.Link = null;
                }

                client.Send(NowUs);
                moved |= client.Move(NowUs, ref next);
            }

            if (Broker is not null)
            {
                moved |= Broker is MqttServer foreign && Foreign.Flush(foreign, NowUs);
                next = Math.Min(next, Broker.Step(NowUs));
                if (NowUs >= _connectAtUs)
                {
                    _connectAtUs = long.MaxValue;
                    moved = true;
                    if (BrokerIsUp)
                    {
                        _uplinkLink = new MqttMemoryLink(Broker, new EventsAsClient(_uplink!), "gateway");
                        _uplinkLink.Open(NowUs);
                    }
                    else
                    {
                        _uplink!.Closed("refused", NowUs);
                    }
                }

                next = Math.Min(next, _connectAtUs);
                moved |= _uplinkLink?.Pump(NowUs) ?? false;
            }
        }
        while (moved || next <= NowUs);
        return next;
    }
}

/// <summary>The real client towards a broker whose CONNACK says Retain Available 0: the message is answered at once and never sent.</summary>
internal sealed class LimitedClient : IMqttClient
{
    private readonly MqttClient _client;
    private readonly IMqttClientHandler _handler;
    private readonly Func<bool> _retains;

    public LimitedClient(MqttClient client, IMqttClientHandler handler, Func<bool> retains)
    {
        _client = client;
        _handler = handler;
        _retains = retains;
    }

    public bool IsConnected => _client.IsConnected;

    public int InFlight => _client.InFlight;

    public MqttServerLimits ServerLimits => _client.ServerLimits;

    public MqttLossKind LastLoss => _client.LastLoss;

    public long UnansweredSinceUs => _client.UnansweredSinceUs;

    public void Open(IMqttConnection connection, long nowUs) => _client.Open(connection, nowUs);

    public void Received(ReadOnlySpan<byte> bytes, long nowUs) => _client.Received(bytes, nowUs);

    public void Closed(long nowUs) => _client.Closed(nowUs);

    public bool TryPublish(in MqttMessage message, long ticket, long nowUs)
    {
        if (message.Retain && !_retains() && IsConnected)
        {
            _handler.Acknowledged(ticket, 0x9A);
            return true;
        }

        return _client.TryPublish(message, ticket, nowUs);
    }

    public void Subscribe(string filter, MqttQos qos, long nowUs) => _client.Subscribe(filter, qos, nowUs);

    public void Subscribe(string filter, MqttQos qos, MqttSubscribeOptions options, long nowUs) => _client.Subscribe(filter, qos, options, nowUs);

    public void Acknowledge(long token, long nowUs) => _client.Acknowledge(token, nowUs);

    public void Disconnect(long nowUs) => _client.Disconnect(nowUs);

    public long Step(long nowUs) => _client.Step(nowUs);
}

/// <summary>Lets the link in memory feed the gateway's connector events.</summary>
internal sealed class EventsAsClient : IMqttClient
{
    private readonly IUplinkEvents _events;

    public EventsAsClient(IUplinkEvents events) => _events = events;

    public bool IsConnected => throw new NotSupportedException();

    public int InFlight => throw new NotSupportedException();

    public void Open(IMqttConnection connection, long nowUs) => _events.Opened(connection, nowUs);

    public void Received(ReadOnlySpan<byte> bytes, long nowUs) => _events.Received(bytes, nowUs);

    public void Closed(long nowUs) => _events.Closed("the transport closed", nowUs);

    public bool TryPublish(in MqttMessage message, long ticket, long nowUs) => throw new NotSupportedException();

    public void Subscribe(string filter, MqttQos qos, long nowUs) => throw new NotSupportedException();

    public void Acknowledge(long token, long nowUs) => throw new NotSupportedException();

    public void Disconnect(long nowUs) => throw new NotSupportedException();

    public long Step(long nowUs) => throw new NotSupportedException();
}
