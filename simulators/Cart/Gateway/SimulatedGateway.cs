using System;
using System.Collections.Generic;
using EdgeGateway.Core;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Journal;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.Server;
using Simulators.Cart.Pod;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;
using Simulators.Kernel;
using Simulators.Network;

namespace Simulators.Cart.Gateway;

/// <summary>
/// One simulated gateway machine: the unchanged gateway logic, journal and MQTT server on a simulated disk and network, with its own
/// oscillator. Its process can be killed and its power cut.
/// </summary>
public sealed class SimulatedGateway
{
    /// <summary>UTC at the world's beginning: 2026-01-02T03:04:05Z, µs since 1970.</summary>
    public const long WorldBeginsUtcUs = 1_767_323_045_000_000;

    /// <summary>How long before a session command that could not be done is tried again, µs.</summary>
    public const long CommandRetryUs = 200_000;

    private readonly WorldServices _world;
    private readonly CartDefinition _definition;
    private readonly NetworkPath _uplinkPath;
    private readonly string _brokerAddress;
    private readonly SeededRandom _random;
    private readonly KernelTimer _diskTimer;
    private Oscillator _oscillator;
    private SimulatedListener? _listener;
    private SimulatedConnector? _uplink;
    private SteppedProcess? _process;
    private GatewayCore? _core;
    private int _starts;
    private readonly long _utcErrorUs;
    private bool _stopping;
    private bool _startAfterStop;

    internal SimulatedGateway(WorldServices world, CartDefinition definition, string address, NetworkPath uplinkPath, string brokerAddress)
    {
        _world = world;
        _definition = definition;
        Address = address;
        _uplinkPath = uplinkPath;
        _brokerAddress = brokerAddress;
        _random = world.Random.Fork("gateway:" + definition.Id);
        IsSynchronised = definition.Gateway.Synchronised;
        _utcErrorUs = (long)((_random.Fork("utc").NextDouble() - 0.5) * definition.Gateway.UtcUncertaintyUs);
        Disk = new SimulatedDisk(_random.Fork("disk").NextUInt64(), new SimulatedDiskOptions { MaxSyncUs = definition.Gateway.DiskSyncUs, CapacityBytes = definition.Gateway.DiskBytes });
        _diskTimer = new KernelTimer(world.Kernel, DiskDue);
        _oscillator = new Oscillator(0, definition.Gateway.DriftPpb);
    }

    /// <summary>It published something, to whoever has subscribed; in a world with a trace only.</summary>
    public event Action<MqttMessage>? Published;

    /// <summary>Where it listens.</summary>
    public string Address { get; }

    /// <summary>Its disk.</summary>
    public SimulatedDisk Disk { get; }

    /// <summary>True when its machine knows UTC.</summary>
    public bool IsSynchronised { get; private set; }

    /// <summary>Its logic; null while the process is not running.</summary>
    public GatewayCore? Core => _core;

    /// <summary>What it wrote to its log, newest last, at most <see cref="MaxLog"/>.</summary>
    public IReadOnlyCollection<GatewayLogEntry> Log => _log;

    /// <summary>Most lines of the log that are kept; older ones are dropped.</summary>
    public const int MaxLog = 1000;

    private readonly Queue<GatewayLogEntry> _log = new();

    /// <summary>Starts the process. Nothing happens when it runs.</summary>
    public void Start()
    {
        if (_core is not null)
        {
            _startAfterStop = _stopping;
            return;
        }

        _starts++;
        _world.Trace?.Begin(_definition.Id, "gateway-start").Add("start", _starts).End();
        _oscillator = new Oscillator(_world.Kernel.NowUs, _definition.Gateway.DriftPpb);
        _listener = new SimulatedListener(Enter, Wake);
        _uplink = _definition.ExternalBroker ? new SimulatedConnector(_world.Network, _uplinkPath, _brokerAddress, Enter, Wake) : null;
        IDisk disk = _world.Trace is null ? Disk : new TracedDisk(Disk, _world.Trace, _definition.Id);
        GatewayOptions options = new()
        {
            CartId = _definition.Id,
            GatewayId = _random.Fork("id").NextUInt64() | 1,
            External = _definition.ExternalBroker ? new ExternalBroker { Host = _brokerAddress } : null,
            Production = false,
            Window = _definition.Gateway.Window,
            Seed = _random.Fork("start:" + _starts.ToString(System.Globalization.CultureInfo.InvariantCulture)).NextUInt64(),
        };
        GatewayPorts ports = new()
        {
            Journal = (handler, projections) => new JournalLog(disk, Journal(), projections, handler),
            Server = handler => _world.Trace is null ? new MqttServer(EndpointLimits.Server, handler) : new TappedServer(new MqttServer(EndpointLimits.Server, handler), OnPublished),
            Client = (clientOptions, handler) => _world.Trace is null ? new MqttClient(clientOptions, handler) : new TappedClient(new MqttClient(clientOptions, handler), OnPublished),
            Uplink = _uplink,
            Time = new GatewayTime(this),
            Entropy = new SeededEntropy(_random.Fork("entropy")),
            Log = new LogSink(this),
            Listeners = new ListenerTokens(ListenerKey()),
        };
        _core = new GatewayCore(options, ports);
        _process = new SteppedProcess(_world.Kernel, _oscillator, Step);
        _core.Start(Enter());
        _listener.Start(_world.Network, Address, _core.Server);
        Wake();
    }

    /// <summary>The process is killed; its system lives on.</summary>
    public void Kill() => Fall("gateway-killed", powerIsGone: false);

    /// <summary>The machine loses its power.</summary>
    public void CutPower()
    {
        Fall("gateway-power-cut", powerIsGone: true);
        Disk.CutPower();
        Disk.PowerOn(CutKeeps.AnyPart);
    }

    /// <summary>The process is asked to stop and ends when all is on the disk.</summary>
    public void Stop()
    {
        if (_core is GatewayCore core)
        {
            _stopping = true;
            Enter();
            core.BeginStop(() => _world.Kernel.After(0, Stopped));
            Wake();
        }
    }

    /// <summary>The machine learns UTC.</summary>
    public void Synchronise()
    {
        _world.Trace?.Begin(_definition.Id, "synchronised").End();
        IsSynchronised = true;
        Wake();
    }

    /// <summary>Opens a session, as soon as the gateway can.</summary>
    /// <param name="id">Its name.</param>
    public void OpenSession(string id) => Command(id, open: true);

    /// <summary>Closes a session, as soon as the gateway can.</summary>
    /// <param name="id">Its name.</param>
    public void CloseSession(string id) => Command(id, open: false);

    /// <summary>What whoever stands at the cart asks for now. A gateway that does not run does not hear it.</summary>
    /// <param name="what">Asked with the name of the open session, empty when there is none.</param>
    public void Command(Func<GatewayCore, string, SessionResult> what)
    {
        ArgumentNullException.ThrowIfNull(what);
        if (_core is not { IsReady: true } core)
        {
            _world.Trace?.Begin(_definition.Id, "command").Add("code", "unheard").End();
            return;
        }

        Enter();
        string session = string.Empty;
        foreach (SessionHealth health in core.Snapshot().Sessions)
        {
            session = health.IsOpen ? health.Id : session;
        }

        SessionResult result = what(core, session);
        _world.Trace?.Begin(_definition.Id, "command").Add("code", result.Code ?? "done").End();
        Wake();
    }

    /// <summary>Whoever stands at the cart presses the button for a clip.</summary>
    public void RecordClip() => Command((core, session) =>
    {
        core.Sound.BeginClip(session, null, string.Empty, result => _world.Trace?.Begin(_definition.Id, "clip").Add("code", result.Code ?? "done").Add("id", result.ClipId).End());
        return default;
    });

    /// <summary>Its machine's monotonic clock, µs; the disk is brought to the present. For transports that stand outside of the world.</summary>
    public long NowUs => Enter();

    /// <summary>Something outside has changed: step.</summary>
    public void Wake() => _process?.Wake();

    private void Command(string id, bool open)
    {
        void Done(SessionResult result)
        {
            _world.Trace?.Begin(_definition.Id, open ? "session-open" : "session-close").Add("id", id).Add("code", result.Code ?? "done").End();
            if (!result.IsDone)
            {
                _world.Kernel.After(CommandRetryUs, () => Command(id, open));
            }
        }

        if (_core is not { IsReady: true } core)
        {
            _world.Kernel.After(CommandRetryUs, () => Command(id, open));
            return;
        }

        Enter();
        if (open)
        {
            core.Sessions.Open(id, Done);
        }
        else
        {
            core.Sessions.Close(id, Done);
        }

        Wake();
    }

    private void OnPublished(MqttMessage message)
    {
        const int MaxText = 2048;
        TraceWriter line = _world.Trace!.Begin(_definition.Id, "published").Add("topic", message.Topic);
        ReadOnlySpan<byte> payload = message.Payload.Span;
        (payload.Length <= MaxText && payload.StartsWith("{"u8) ? line.Add("json", System.Text.Encoding.UTF8.GetString(payload)) : line.AddDigest(payload)).End();
        Published?.Invoke(message);
    }

    private void Stopped()
    {
        if (_stopping)
        {
            Fall("gateway-stopped", powerIsGone: false);
        }
    }

    private void Fall(string word, bool powerIsGone)
    {
        if (_core is null)
        {
            return;
        }

        _world.Trace?.Begin(_definition.Id, word).End();
        _process!.Stop();
        _process = null;
        _core = null;
        _listener!.Kill(_world.Network, Address, powerIsGone, serverLives: false);
        if (powerIsGone)
        {
            _uplink?.Vanish(machineAnswers: true);
        }
        else
        {
            _uplink?.Abort();
        }

        _diskTimer.Stop();
        Disk.KillProcess();
        _stopping = false;
        if (_startAfterStop)
        {
            _startAfterStop = false;
            Start();
        }
    }

    /// <summary>The key of its listeners: from the seed, since nothing in a simulated world is secret.</summary>
    private byte[] ListenerKey()
    {
        SeededRandom random = _random.Fork("listener-key");
        byte[] key = new byte[ListenerTokens.KeyLength];
        for (int i = 0; i < key.Length; i++)
        {
            key[i] = (byte)random.NextUInt64();
        }

        return key;
    }

    private static JournalOptions Journal() => new()
    {
        QuotaBytes = 192L * 1024 * 1024,
        ReserveBytes = 4 * 1024 * 1024,
        VitalReserveBytes = 1024 * 1024,
    };

    /// <summary>Every way into the gateway begins here: the disk's time is brought to the present, so that what is begun takes its time from now.</summary>
    private long Enter()
    {
        Disk.Step(_world.Kernel.NowUs);
        return _oscillator.LocalUs(_world.Kernel.NowUs);
    }

    private long Step(long nowUs)
    {
        Disk.Step(_world.Kernel.NowUs);
        long next = _core!.Step(nowUs);
        _diskTimer.Set(Disk.Step(_world.Kernel.NowUs));
        return next;
    }

    private void DiskDue()
    {
        Disk.Step(_world.Kernel.NowUs);
        Wake();
    }

    private sealed class GatewayTime(SimulatedGateway owner) : IGatewayTime
    {
        public long NowUs => owner._oscillator.LocalUs(owner._world.Kernel.NowUs);

        public UtcEstimate Utc => new(
            owner.IsSynchronised,
            WorldBeginsUtcUs + owner._world.Kernel.NowUs + owner._utcErrorUs,
            owner._definition.Gateway.UtcUncertaintyUs);
    }

    private sealed class LogSink(SimulatedGateway owner) : IGatewayLog
    {
        public void Write(in GatewayLogEntry entry)
        {
            if (owner._log.Count == MaxLog)
            {
                owner._log.Dequeue();
            }

            owner._log.Enqueue(entry);
            owner._world.Trace?.Begin(owner._definition.Id, "log").Add("code", entry.Code).Add("what", entry.What).End();
        }
    }
}

/// <summary>A disk whose operations are written to the trace.</summary>
internal sealed class TracedDisk(IDisk disk, TraceWriter trace, string place) : IDisk
{
    public DiskCompleted? Completed
    {
        get => disk.Completed;
        set => disk.Completed = value;
    }

    public long FreeBytes => disk.FreeBytes;

    public void Create(string file, long ticket)
    {
        trace.Begin(place, "disk-create").Add("file", file).End();
        disk.Create(file, ticket);
    }

    public void Append(string file, ReadOnlyMemory<byte> data, long ticket)
    {
        trace.Begin(place, "disk-append").Add("file", file).AddDigest(data.Span).End();
        disk.Append(file, data, ticket);
    }

    public void Sync(string file, long ticket)
    {
        trace.Begin(place, "disk-sync").Add("file", file).End();
        disk.Sync(file, ticket);
    }

    public void Read(string file, long position, Memory<byte> buffer, long ticket)
    {
        trace.Begin(place, "disk-read").Add("file", file).Add("at", position).Add("n", buffer.Length).End();
        disk.Read(file, position, buffer, ticket);
    }

    public void Delete(string file, long ticket)
    {
        trace.Begin(place, "disk-delete").Add("file", file).End();
        disk.Delete(file, ticket);
    }

    public void List(long ticket) => disk.List(ticket);

    public void SyncDirectory(long ticket)
    {
        trace.Begin(place, "disk-sync-directory").End();
        disk.SyncDirectory(ticket);
    }
}
