using System;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Retained;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Sound;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using Firmware.Core;

namespace EdgeGateway.Core;

/// <summary>
/// The gateway's logic in one synchronous, single-threaded whole without I/O: bytes, completions and time come in by calls, bytes, writes and
/// deadlines go out through ports. One loop owns it and everything it makes. It is an ordered list of parts: a feature is a part, and one entry here.
/// </summary>
public sealed class GatewayCore : IStepped
{
    private readonly GatewayLife _life = new();
    private readonly GatewayParts _parts = new();
    private readonly GatewayContext _context;
    private readonly JournalEvents _journalEvents;
    private readonly EndpointHandler _endpoint;
    private readonly ListenerAccess _listeners;
    private readonly HealthSnapshots _snapshots;
    private long _bootIndex;

    /// <summary>Makes the gateway; nothing happens before <see cref="Start"/>.</summary>
    /// <param name="options">How it behaves.</param>
    /// <param name="ports">What it needs from outside.</param>
    /// <exception cref="ArgumentException">An option is outside its range, or an external broker is asked for without client and connector.</exception>
    public GatewayCore(GatewayOptions options, GatewayPorts ports)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(ports);
        GatewayOptions.Check(options);

        // The journal, the projections of it, and the server.
        _journalEvents = new JournalEvents(_life);
        GatewayContext context = _context = new GatewayContext(options, ports, _life, _journalEvents);
        GatewayClock clock = context.Clock;
        CodedLog log = context.Coded;
        Pods pods = new();
        _listeners = new ListenerAccess(context, (clientId, reason) => Server!.Disconnect(clientId, reason, clock.NowUs));
        EndpointGuard guard = new(context, pods);
        _endpoint = new EndpointHandler(_life, pods, _listeners, guard, _parts, log, context.Counts, options, context.TopicRoot);
        Server = ports.Server(_endpoint);

        // The way to the session's side.
        SessionMessages? fromSession = null;
        (ISessionLink link, FittedLink? fitted) = SessionLink.Make(context, Server, _listeners, _parts, (in MqttMessage message, Action acknowledge) => fromSession!.On(message, acknowledge));
        SessionReplies replies = new(link, clock, log, context.TopicRoot);
        PodCommands podCommands = new(Server, clock);

        // The data path.
        RetainedTopics retained = new(context, link, pods, fitted is null ? null : message => Server.Publish(message with { Qos = MqttQos.AtMostOnce }, 0, clock.NowUs));
        SoundDesk desk = new(context, link, podCommands, pods);
        LiveSound sound = new(context, link, desk);
        Uplink uplink = new(context, link, retained, sound.MostBulk, sound.BulkSent);
        PodIngest ingest = new(context, Server, pods);
        Corrections corrections = new(context, link, uplink);
        Replays replays = new(context, link, uplink, retained, replies);
        Clips clips = new(context, link, desk);
        context.Writer.Appended = (index, in reading) =>
        {
            uplink.Appended(index, reading);
            clips.Appended(index, reading);
        };

        // Health.
        DiskHealth disk = new(context);
        HealthChecks checks = new(context, pods, () => HealthFacts.Of(_life, context.Journal, disk, options, link, uplink, context.Sessions));
        _journalEvents.Attach(context.Reader, disk, checks, uplink);
        _snapshots = new HealthSnapshots(
            options, _life, clock, context.Journal, disk, pods, context.Sessions, context.Deduplication, context.Delivery, context.Time, context.Counts, context.Issues,
            ingest, link, uplink, sound, checks);

        // What people do.
        Sessions = new SessionControl(
            _life, context.Sessions, context.Writer, context.Waiters, clock, uplink, checks, _parts.SessionChanged, ports.Entropy.NextUInt32(), options.Production);
        Stop = new CuffStop(pods, podCommands, context.Reader, clock);
        Cuff = new CuffControl(Sessions, context.Sessions, pods, podCommands, Stop);
        Requests = new BedsideRequests(context.Sessions, clock, link, context.TopicRoot);
        Sound = new SoundControl(_life, context.Sessions, context.Clips, desk, sound, clips, context.Waiters);
        AirRequests air = new(Sessions, Cuff, Requests, context.Waiters, clock);
        Commands = new CommandTargets(Sessions, Cuff, air, Stop, Sound, Requests);

        // What comes from the session's side.
        Consumers consumers = new(retained, uplink);
        CommandMessages commands = new(Commands, new CommandAnswers(context.Commands, context.Writer, context.Waiters, replies), replies, clock, log);
        ReceiptIntake receipts = new(context.Sessions, uplink, consumers, context.Writer, context.Waiters, context.Issues, log, context.Counts);
        ReplayRequests replayRequests = new(context.Sessions, context.Delivery, replays, consumers, replies, log);
        ListenerMessages listeners = new(context.Sessions, consumers, desk, sound, clips, context.Waiters, clock, log);
        fromSession = new SessionMessages(_life, Stop, replies, log, context.Counts, context.TopicRoot)
            { Commands = commands.On, Receipts = receipts.On, Replays = replayRequests.On, Listeners = listeners.On };
        _endpoint.Attach(Server, fromSession, ingest, new ClockAnswers(Server, clock, log, context.Counts), sound);

        _parts.Set(
            new UtcRecorder(clock, context.Time, context.Writer, context.Issues, log),
            disk,
            context.Own,
            new LinkPart(link, fitted),
            new BindingEpochs(context.Sessions, pods, podCommands),
            new SettledDeliveries(_endpoint),
            ingest,
            _endpoint,
            context.Waiters,
            uplink,
            corrections,
            replays,
            retained,
            desk,
            Cuff,
            sound,
            clips,
            Requests,
            _listeners,
            guard,
            checks,
            Stop);
    }

    /// <summary>The MQTT server: transports hand accepted peers to it. Peers are refused (0x88, server unavailable) until the journal is open.</summary>
    public IMqttServer Server { get; }

    /// <summary>Opens and closes sessions.</summary>
    public SessionControl Sessions { get; }

    /// <summary>The cuff at the bedside.</summary>
    public CuffControl Cuff { get; }

    /// <summary>STOP.</summary>
    public CuffStop Stop { get; }

    /// <summary>The stethoscope at the bedside.</summary>
    public SoundControl Sound { get; }

    /// <summary>What waits for the nurse.</summary>
    public BedsideRequests Requests { get; }

    /// <summary>True once the journal is open and until the gateway stops.</summary>
    public bool IsReady => _life.IsRunning;

    /// <summary>Which start of the gateway this is, from 1; 0 before the journal is open.</summary>
    public uint BootId => _context.BootId;

    /// <summary>What commands act on, see <see cref="GatewayCommands"/>.</summary>
    internal CommandTargets Commands { get; }

    /// <summary>Opens the journal.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Start(long nowUs)
    {
        if (_life.State == GatewayState.Created)
        {
            _life.State = GatewayState.Opening;
            _context.Journal.Open();
        }
    }

    /// <summary>Does what is due, for at most 2 ms. To be called after every event that reached the gateway, the server or the journal, and at the returned time.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next, µs.</returns>
    public long Step(long nowUs)
    {
        long next = Math.Min(Server.Step(nowUs), _context.Journal.Step(nowUs));
        if (_life.State is GatewayState.Created or GatewayState.Opening or GatewayState.Stopped || (_life.State == GatewayState.Booting && !TryBoot(nowUs)))
        {
            return next;
        }

        long ofParts = _parts.Step(_life, nowUs);

        // What was appended or published in this step may have given the two below something to do.
        next = Math.Min(next, Math.Min(Server.Step(nowUs), _context.Journal.Step(nowUs)));
        return _life.State == GatewayState.Stopped ? long.MaxValue
            : !_life.IsRunning ? next
            : _endpoint.HasMore ? nowUs : Math.Min(next, ofParts);
    }

    /// <summary>What a page needs to listen to an open session over WebSocket.</summary>
    /// <param name="sessionId">The session's name.</param>
    /// <returns>The link with its token, or why there is none.</returns>
    public ListenerLink LinkOf(string sessionId)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        return _listeners.LinkOf(sessionId);
    }

    /// <summary>The gateway's health.</summary>
    /// <returns>A copy; it does not change later.</returns>
    public GatewaySnapshot Snapshot() => _snapshots.Make();

    /// <summary>Stops: no new work, a checkpoint, and the journal closed.</summary>
    /// <param name="completed">Called on the loop, once, when all is on the disk.</param>
    public void BeginStop(Action completed)
    {
        ArgumentNullException.ThrowIfNull(completed);
        if (_life.State is GatewayState.Stopping or GatewayState.Stopped)
        {
            return;
        }

        if (_life.State is not (GatewayState.Booting or GatewayState.Running))
        {
            _life.State = GatewayState.Stopped;
            completed();
            return;
        }

        _life.State = GatewayState.Stopping;
        long nowUs = _context.NowUs;
        _parts.Stop(nowUs);
        _endpoint.DisconnectAll(nowUs);
        _journalEvents.Close(_context.Journal, completed);
    }

    // A start that is not on the disk could be numbered again, and clock exchanges of two starts would be taken for one.
    private bool TryBoot(long nowUs)
    {
        if (_bootIndex == 0)
        {
            GatewayMoment at = _context.Now with { BootId = _context.Boots.LastBootId + 1 };
            if (!_context.TryAppend(JournalRecordType.GatewayBoot, new GatewayBootRecord(at).Encode(), out _bootIndex))
            {
                return false;
            }

            _context.Clock.BootId = at.BootId;
        }

        if (_context.Journal.SyncedIndex < _bootIndex)
        {
            return false;
        }

        _life.State = GatewayState.Running;
        _parts.SessionChanged();
        _parts.Begin(nowUs);
        _context.Log(FaultCodes.GatewayStarted, "start " + GatewayContext.Text(_context.BootId));
        _context.Issues.Raise(_context.Ports.Told);
        return true;
    }
}
