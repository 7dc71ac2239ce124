using System;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Records;
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
    private readonly GatewayServices _services;
    private readonly JournalEvents _journalEvents;
    private readonly EndpointHandler _endpoint;
    private readonly ListenerAccess _listeners;
    private readonly HealthSnapshots _snapshots;
    private readonly GatewayCounts _counts;
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
        GatewayServices s = _services = new GatewayServices(options, ports, _journalEvents);
        (GatewayClock clock, CodedLog log, SessionProjection sessions, string topicRoot) = (s.Clock, s.Log, s.Sessions, s.TopicRoot);
        Pods pods = new();
        _listeners = new ListenerAccess(ports.Listeners, sessions, options.CartId, topicRoot, clock, log, (client, reason) => Server!.Disconnect(client, reason, clock.NowUs));
        CertificateAccess certificates = new(ports.Members, options.CartId, topicRoot, s.Issues, s.Acts, clock, log, (client, reason) => Server!.Disconnect(client, reason, clock.NowUs));
        Peers = new GatewayPeers(certificates, s.Time, s.Accounts);
        EndpointGuard guard = new(pods, s.Deduplication, s.Issues, clock, log);
        _endpoint = new EndpointHandler(_life, pods, _listeners, certificates, guard, s.Acts, s.Accounts, _parts, log, options, topicRoot);
        Server = ports.Server(_endpoint);

        // The data path.
        SessionMessages? fromSession = null;
        PodCommands podCommands = new(Server, clock);
        GatewayIngest ingest = new(s, options, Server, pods, podCommands.SayStored);
        GatewayDelivery delivery = new(s, options, ports, Server, _listeners, _parts, pods, (in MqttMessage message, Action acknowledge) => fromSession!.On(message, acknowledge, Actor.Broker));
        ISessionLink link = delivery.Link;
        SessionReplies replies = new(link, clock, log, topicRoot);
        StethoscopeSession stethoscope = new(sessions, link, podCommands, pods, topicRoot);
        LiveSound sound = new(sessions, link, stethoscope, s.Crc32, clock, log, topicRoot, options.Production);
        delivery.Complete(_life, sound, replies);
        Clips clips = new(s.Clips, sessions, s.Deduplication, s.Delivery, s.Time, s.Writer, new ClipReader(s.Reader, options.ReadAheadBytes), link, stethoscope, clock, topicRoot);
        s.Writer.Appended = (index, in reading) =>
        {
            delivery.Uplink.Appended(index, reading);
            clips.Appended(index, reading);
        };

        GatewayHealth health = new(s, options, _life, pods, delivery);
        _journalEvents.Attach(s.Reader, health.Disk, health.Checks, delivery.Losses);

        // What people do.
        Sessions = new SessionControl(
            _life, sessions, s.Writer, s.Waiters, clock, delivery.Sessions, log, _parts.SessionChanged, ports.Entropy.NextUInt32(), options.Production);
        Stop = new CuffStop(pods, podCommands, s.Reader, clock);
        Cuff = new CuffControl(Sessions, sessions, pods, podCommands, Stop);
        Requests = new BedsideRequests(sessions, clock, link, topicRoot);
        Sound = new SoundControl(_life, sessions, s.Clips, stethoscope, sound, clips, s.Waiters);
        AirRequests air = new(Sessions, Cuff, Requests, s.Waiters, clock);
        Commands = new CommandTargets(Sessions, Cuff, air, Stop, Sound, Requests, s.Acts);

        // What comes from the session's side.
        Consumers consumers = new(delivery.Retained, delivery.Descriptions, delivery.Uplink);
        CommandMessages commands = new(Commands, new CommandAnswers(s.Commands, s.Writer, s.Waiters, replies), replies, clock, log);
        ReceiptIntake receipts = new(sessions, delivery.Progress, consumers, s.Writer, s.Waiters, s.Issues, log);
        ReplayRequests replayRequests = new(sessions, s.Delivery, delivery.Replays, consumers, replies, log);
        ListenerMessages listeners = new(sessions, consumers, stethoscope, sound, clips, s.Waiters, clock, log);
        fromSession = new SessionMessages(_life, Stop, replies, s.Acts, log, topicRoot)
        { Commands = commands.On, Receipts = receipts.On, Replays = replayRequests.On, Listeners = listeners.On };
        ClockAnswers clockAnswers = new(Server, clock, log);
        _endpoint.Attach(Server, fromSession, ingest.Messages, clockAnswers, sound);
        _counts = new GatewayCounts(
            ingest, delivery, receipts, clockAnswers, sound, () => _listeners.RefusedCount + certificates.RefusedCount + guard.Refused + _endpoint.RefusedCount + fromSession.RefusedCount);
        _snapshots = new HealthSnapshots(
            options, _life, clock, s.Journal, health.Disk, pods, sessions, s.Deduplication, s.Delivery, s.Time, s.Issues, ingest.Messages, link, delivery.Progress, health.Checks);

        _parts.Set(
            new UtcRecorder(clock, s.Time, s.Writer, s.Issues, log),
            health.Disk,
            s.Own,
            new LinkPart(link, delivery.Fitted),
            new BindingEpochs(sessions, pods, podCommands),
            new SettledDeliveries(_endpoint),
            ingest.Messages,
            ingest.Gaps,
            _endpoint,
            s.Waiters,
            delivery.Progress,
            delivery.Uplink,
            delivery.Corrections,
            delivery.Replays, delivery.Retention,
            delivery.Descriptions, delivery.Retained,
            stethoscope,
            Cuff,
            sound,
            clips,
            Requests,
            _listeners, certificates, guard, s.Acts, new Trail.TrailHeads(s.Acts, link, topicRoot),
            health.Checks, Stop);
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

    /// <summary>What the host knows of peers with certificates.</summary>
    public GatewayPeers Peers { get; }

    /// <summary>What waits for the nurse.</summary>
    public BedsideRequests Requests { get; }

    /// <summary>True once the journal is open and until the gateway stops.</summary>
    public bool IsReady => _life.IsRunning;

    /// <summary>Which start of the gateway this is, from 1; 0 before the journal is open.</summary>
    public uint BootId => _services.Clock.BootId;

    /// <summary>What commands act on, see <see cref="GatewayCommands"/>.</summary>
    internal CommandTargets Commands { get; }

    /// <summary>Opens the journal.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Start(long nowUs)
    {
        if (_life.State == GatewayState.Created)
        {
            _life.State = GatewayState.Opening;
            _services.Journal.Open();
        }
    }

    /// <summary>Does what is due, for at most 2 ms. To be called after every event that reached the gateway, the server or the journal, and at the returned time.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next, µs.</returns>
    public long Step(long nowUs)
    {
        long next = Math.Min(Server.Step(nowUs), _services.Journal.Step(nowUs));
        if (_life.State is GatewayState.Created or GatewayState.Opening or GatewayState.Stopped || (_life.State == GatewayState.Booting && !TryBoot(nowUs)))
        {
            return next;
        }

        long ofParts = _parts.Step(_life, nowUs);

        // What was appended or published in this step may have given the two below something to do.
        next = Math.Min(next, Math.Min(Server.Step(nowUs), _services.Journal.Step(nowUs)));
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
    public GatewaySnapshot Snapshot() => _snapshots.Make(_counts.Read()) with { LiveSound = _counts.LiveSound, Listeners = Peers.Listeners, Certificates = Peers.Certificates };

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
        long nowUs = _services.Clock.NowUs;
        _parts.Stop(nowUs);
        _endpoint.DisconnectAll(nowUs);
        _journalEvents.Close(_services.Journal, completed);
    }

    // A start that is not on the disk could be numbered again, and clock exchanges of two starts would be taken for one.
    private bool TryBoot(long nowUs)
    {
        if (_bootIndex == 0)
        {
            GatewayMoment at = _services.Clock.Now with { BootId = _services.Boots.LastBootId + 1 };
            if (!_services.Writer.TryAppend(JournalRecordType.GatewayBoot, new GatewayBootRecord(at).Encode(), out _bootIndex))
            {
                return false;
            }

            _services.Clock.BootId = at.BootId;
        }

        if (_services.Journal.SyncedIndex < _bootIndex)
        {
            return false;
        }

        _life.State = GatewayState.Running;
        _parts.SessionChanged();
        _parts.Begin(nowUs);
        _services.Log.Write(FaultCodes.GatewayStarted, "start " + Invariant.Text(_services.Clock.BootId), HealthSubject.Gateway);
        _services.Issues.Raise(_services.Sent);
        return true;
    }
}
