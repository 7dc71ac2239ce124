using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Retained;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Sound;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using EdgeGateway.Journal;
using EdgeGateway.Mqtt;
using Firmware.Core;
using Firmware.Protocol;

namespace EdgeGateway.Core;

/// <summary>How a session command ended.</summary>
/// <param name="Code">Null when it was done, else a code from G2300 to G2399 of hardware/faults.json.</param>
/// <param name="Text">What happened, English; empty when it was done.</param>
/// <param name="Session">The session's name.</param>
public readonly record struct SessionResult(string? Code, string Text, string Session)
{
    /// <summary>True when it was done and is on the disk.</summary>
    public bool IsDone => Code is null;
}

/// <summary>
/// The gateway's logic in one synchronous, single-threaded part without I/O: bytes, completions and time come in by calls, bytes, writes and
/// deadlines go out through ports. One loop owns it and everything it makes.
/// </summary>
public sealed partial class GatewayCore : IStepped
{
    /// <summary>Session commands and receipts that wait for the disk at once; further ones are refused with G2306.</summary>
    public const int MaxWaiting = 256;

    private const byte NotAuthorised = 0x87;
    private const byte ServerUnavailable = 0x88;
    private const byte ClientIdNotValid = 0x85;
    private const byte ShuttingDown = 0x8B;
    private const byte QuotaExceeded = 0x97;
    private const string PodPrefix = "pod-";

    /// <summary>A receipt that cannot be true.</summary>
    private const string UntrueReceipt = "G2430";

    /// <summary>Most consumers whose untrue receipts stand as issues at once; those of further ones are only logged.</summary>
    private const int MaxUntrue = 16;

    /// <summary>How often UTC is looked at, µs.</summary>
    private const long UtcPeriodUs = 1_000_000;

    private readonly GatewayContext _context;
    private readonly IMqttServer _server;
    private readonly ISessionLink _link;
    private readonly ExternalLink? _external;
    private readonly FittedLink? _fitted;
    private readonly Pods _pods = new();
    private readonly DiskHealth _disk;
    private readonly PodIngest _ingest;
    private readonly Uplink _uplink;
    private readonly Corrections _corrections;
    private readonly Replays _replays;
    private readonly RetainedTopics _retained;
    private readonly ListenerAccess _listeners;
    private readonly EndpointGuard _endpoint;
    private readonly LiveSound _sound;
    private readonly SoundDesk _desk;
    private readonly Clips _clips;
    private readonly BedsideRequests _requests;
    private readonly HealthChecks _checks;
    private readonly Queue<(long Barrier, Action Then)> _afterSync = new();
    private readonly SortedSet<string> _clients = new(StringComparer.Ordinal);
    private readonly List<(long Ticket, byte Reason)> _delivered = [];
    private readonly Queue<long> _tokens = new();
    private readonly uint _epochStart;
    private State _state;
    private DiskStatus _diskStatus;
    private long _nextUtcUs;
    private long _bootIndex;
    private long _closeTicket;
    private ushort _correlation;
    private Action? _stopped;

    /// <summary>Makes the gateway; nothing happens before <see cref="Start"/>.</summary>
    /// <param name="options">How it behaves.</param>
    /// <param name="ports">What it needs from outside.</param>
    /// <exception cref="ArgumentException">An option is outside its range, or an external broker is asked for without client and connector.</exception>
    public GatewayCore(GatewayOptions options, GatewayPorts ports)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(ports);
        if (!Names.IsValid(options.CartId) || options.GatewayId == 0 || options.Window is < 1 or > 1024 || options.ReadAheadBytes < GatewayOptions.MinReadAheadBytes
            || options.MaxHeldMessages < 1 || options.MaxSessions < 16 || options.StateStalenessUs is < 1_000_000 or > 30_000_000
            || options.ClockDriftPpm < 1)
        {
            throw new ArgumentException("An option is outside the range that its documentation gives.", nameof(options));
        }

        _context = new GatewayContext(options, ports);
        _listeners = new ListenerAccess(_context);
        _endpoint = new EndpointGuard(_context, _pods);
        _checks = new HealthChecks(_context, _pods);
        _epochStart = ports.Entropy.NextUInt32();
        _server = ports.Server(new ServerHandler(this));
        if (options.External is { } broker)
        {
            _external = new ExternalLink(_context, broker, SettleFromBroker, OnSessionMessage, LinkUp, LinkDown);
            _fitted = new FittedLink(_context, _external, broker, Settle);
            _link = new MirroredLink(_fitted, _server, _listeners);
        }
        else
        {
            _link = new EmbeddedLink(_server);
        }

        _retained = new RetainedTopics(_context, _link, _pods, _external is null ? null : ShowRetained);
        _sound = new LiveSound(_context, _link);
        _uplink = new Uplink(_context, _link, _retained, window => _sound.MostBulk(window), () => _sound.BulkSent());
        _disk = new DiskHealth(_context);
        _ingest = new PodIngest(_context, _server, _pods);
        _corrections = new Corrections(_context, _link, _uplink);
        _replays = new Replays(_context, _link, _uplink, _retained, (id, session, command, code, text, count) => Reply(id, session, command, code, text, count));
        _desk = new SoundDesk(_context, _link, _server, _pods);
        _clips = new Clips(_context, _link, _desk);
        _requests = new BedsideRequests(_context, _link);
        _context.Appended = (index, recordClass, session, record) =>
        {
            _uplink.Appended(index, recordClass, session, record);
            _clips.Appended(index, recordClass, session, record);
        };
        _context.Journal = ports.Journal(
            new JournalHandler(this),
            [_context.Deduplication, _context.Sessions, _context.Delivery, _context.Time, _context.Boots, _context.Clips, _context.Commands]);
    }

    private enum State
    {
        Created,
        Opening,
        Booting,
        Running,
        Stopping,
        Stopped,
    }

    /// <summary>The MQTT server: transports hand accepted peers to it. Peers are refused (0x88, server unavailable) until the journal is open.</summary>
    public IMqttServer Server => _server;

    /// <summary>True once the journal is open and until the gateway stops.</summary>
    public bool IsReady => _state == State.Running;

    /// <summary>Which start of the gateway this is, from 1; 0 before the journal is open.</summary>
    public uint BootId => _context.BootId;

    /// <summary>Opens the journal.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Start(long nowUs)
    {
        if (_state == State.Created)
        {
            _state = State.Opening;
            _context.Journal.Open();
        }
    }

    /// <summary>Does what is due, for at most 2 ms. To be called after every event that reached the gateway, the server or the journal, and at the returned time.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next, µs.</returns>
    public long Step(long nowUs)
    {
        long next = Math.Min(_server.Step(nowUs), _context.Journal.Step(nowUs));
        if (_state is State.Created or State.Opening or State.Stopped)
        {
            return next;
        }

        if (_state == State.Booting && !TryBoot(nowUs))
        {
            return next;
        }

        if (_state == State.Running)
        {
            RecordUtc(nowUs);
            _disk.Step();
            _context.AppendWaiting();
            next = Math.Min(next, _link.Step(nowUs));
        }

        for (int i = 0; i < _delivered.Count; i++)
        {
            Settle(_delivered[i].Ticket, _delivered[i].Reason);
        }

        _delivered.Clear();
        _ingest.Step(nowUs);
        while (_tokens.TryDequeue(out long token))
        {
            _server.Acknowledge(token, 0, nowUs);
        }

        while (_afterSync.Count > 0 && _afterSync.Peek().Barrier <= _context.Journal.SyncedIndex)
        {
            _afterSync.Dequeue().Then();
        }

        bool running = _state == State.Running;
        _uplink.Step(nowUs, running);
        if (running)
        {
            _corrections.Step(nowUs);
            _replays.Step(nowUs);
            _retained.Step(nowUs);
            _desk.Step(nowUs);
            _sound.Step(_desk, nowUs);
            _clips.Step(nowUs);
            _requests.Step(nowUs);
            next = Math.Min(next, Math.Min(_sound.NextUs, _clips.NextUs));
            next = Math.Min(next, _listeners.Step(_server, nowUs));
            next = Math.Min(next, _endpoint.Step(nowUs));
            next = Math.Min(next, Math.Min(_checks.Step(Facts(), nowUs), StepStops(nowUs)));
        }

        // What was appended or published in this step may have given the two below something to do.
        next = Math.Min(next, Math.Min(_server.Step(nowUs), _context.Journal.Step(nowUs)));
        if (_state == State.Stopped)
        {
            return long.MaxValue;
        }

        if (!running)
        {
            return next;
        }

        next = Math.Min(next, Math.Min(_ingest.NextUs, _nextUtcUs));
        next = Math.Min(next, Math.Min(Math.Min(_uplink.NextUs(nowUs), _replays.NextUs), Math.Min(_corrections.NextUs(nowUs), _retained.NextUs)));
        return _delivered.Count > 0 || _tokens.Count > 0 ? nowUs : next;
    }

    /// <summary>Opens a session; the same name while it is open is done at once (idempotent).</summary>
    /// <param name="sessionId">1 to 64 of A-Z a-z 0-9 '_' '-'.</param>
    /// <param name="completed">Called on the loop, once, when the opening is on the disk or was refused.</param>
    public void OpenSession(string sessionId, Action<SessionResult> completed)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        ArgumentNullException.ThrowIfNull(completed);
        if (!MayChange(sessionId, completed))
        {
            return;
        }

        SessionFold sessions = _context.Sessions;
        if (sessions.Open is { } open)
        {
            if (string.Equals(open.Id, sessionId, StringComparison.Ordinal))
            {
                AfterSync(() => completed(new SessionResult(null, string.Empty, sessionId)));
            }
            else
            {
                completed(new SessionResult("G2302", "session " + open.Id + " is open on this cart", sessionId));
            }

            return;
        }

        if (sessions.FindById(sessionId) is not null)
        {
            // Two consultations of one name could not be told apart by who reads them later.
            completed(new SessionResult("G2303", "session " + sessionId + " was closed before", sessionId));
            return;
        }

        if (sessions.NextForgotten is { } forgotten)
        {
            _uplink.Abandon(forgotten.Number);
        }

        EpochIssuedRecord epoch = sessions.NextEpoch(_epochStart);
        SessionOpenedRecord opened = new(sessions.NextNumber, epoch.Epoch, _context.Now, _context.Options.Production, sessionId);

        // The epoch first: if the power goes between the two, it is lost and never used again.
        if (!_context.TryAppend(JournalRecordType.EpochIssued, epoch.Encode(), out _)
            || !_context.TryAppend(JournalRecordType.SessionOpened, opened.Encode(), out _))
        {
            completed(new SessionResult("G2305", "the journal takes no records now", sessionId));
            return;
        }

        AfterSync(() =>
        {
            // Only now: an epoch that is not on the disk could be given twice.
            GiveEpochs();
            SessionChanged();
            _checks.SessionOpened(sessionId);
            completed(new SessionResult(null, string.Empty, sessionId));
        });
    }

    /// <summary>Closes a session; closing it again is done at once (idempotent).</summary>
    /// <param name="sessionId">Its name.</param>
    /// <param name="completed">Called on the loop, once, when the close is on the disk or was refused.</param>
    public void CloseSession(string sessionId, Action<SessionResult> completed)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        ArgumentNullException.ThrowIfNull(completed);
        if (!MayChange(sessionId, completed))
        {
            return;
        }

        if (_context.Sessions.FindById(sessionId) is not { } session)
        {
            completed(new SessionResult("G2304", "there is no session " + sessionId, sessionId));
            return;
        }

        if (session.IsOpen)
        {
            if (!_context.TryAppend(JournalRecordType.SessionClosed, new SessionClosedRecord(session.Number, _context.Now).Encode(), out _))
            {
                completed(new SessionResult("G2305", "the journal takes no records now", sessionId));
                return;
            }

            // At once: the sooner the pods stop, the less is measured that belongs to nobody.
            GiveEpochs();
            SessionChanged();
            _checks.SessionClosed(sessionId);
        }

        AfterSync(() => completed(new SessionResult(null, string.Empty, sessionId)));
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
    public GatewaySnapshot Snapshot()
    {
        _checks.Look(Facts(), _context.NowUs);
        Counts counts = _context.Counts;
        List<SessionHealth> sessions = [];
        foreach (Session session in _context.Sessions.Sessions)
        {
            long pending = _context.Delivery.PendingBySession.GetValueOrDefault(session.Number);
            sessions.Add(new SessionHealth(session.Number, session.Id, session.Epoch, session.IsOpen, pending, _uplink.HasSubscriber(session.Number)));
        }

        List<PodHealth> pods = [];
        foreach (Pod pod in _pods.All)
        {
            long? uncertainty = _context.Time.NewestExchange(pod.DeviceId, pod.BootId) is { } exchange && exchange.GatewayBootId == _context.BootId
                ? exchange.UncertaintyUs + TimeFold.DriftUs(_context.NowUs - exchange.DeviceUs - exchange.OffsetUs, _context.Options.ClockDriftPpm)
                : null;
            pods.Add(new PodHealth(pod.DeviceId, pod.IsConnected, pod.BootId, pod.Messages, pod.LastHeardUs, pod.Epoch, uncertainty));
        }

        List<StreamHealth> streams = [];
        foreach (StreamMarks marks in _context.Deduplication.Streams)
        {
            StreamTotals? totals = _context.Delivery.Totals(marks.Key);
            streams.Add(new StreamHealth(
                marks.Key.DeviceId,
                marks.Key.BootId,
                marks.Key.Stream,
                marks.High,
                marks.Stored,
                marks.DeclaredLost,
                marks.Missing.Total,
                totals?.Sent ?? 0,
                (totals?.Bound ?? 0) - (totals?.Sent ?? 0) - (totals?.LostHere ?? 0),
                totals?.Kept ?? 0,
                totals?.LostHere ?? 0,
                marks.StoredThrough,
                totals?.SentThrough ?? 0,
                totals?.ReceivedThrough ?? 0,
                totals?.SeenThrough ?? 0));
        }

        return new GatewaySnapshot
        {
            NowUs = _context.NowUs,
            BootId = _context.BootId,
            IsReady = IsReady,
            JournalWritable = _context.Journal.IsWritable,
            JournalStatus = _diskStatus,
            JournalLastIndex = _context.Journal.LastIndex,
            JournalSyncedIndex = _context.Journal.SyncedIndex,
            IsEmbedded = _external is null,
            ReceiptsExpected = _context.Options.ReceiptsExpected,
            UplinkConnected = _link.IsUp,
            InFlight = _uplink.InFlight,
            Held = _ingest.HeldCount,
            Utc = _context.Ports.Time.Utc,
            Counters = new GatewayCounters
            {
                Messages = counts.Messages,
                Frames = counts.Frames,
                Duplicates = counts.Duplicates,
                RefusedParts = counts.RefusedParts,
                Published = counts.Published,
                Acknowledged = counts.Acknowledged,
                NoSubscriber = counts.NoSubscriber,
                Corrections = counts.Corrections,
                Replayed = counts.Replayed,
                Receipts = counts.Receipts,
                ClockReplies = counts.ClockReplies,
                UplinkConnections = counts.UplinkConnections,
                AccessRefused = counts.AccessRefused,
                HeldOverflows = counts.HeldOverflows,
            },
            LiveSound = _sound.Counts,
            Issues = _context.Issues.ToList(),
            Sessions = sessions,
            Pods = pods,
            Streams = streams,
        };
    }

    /// <summary>Stops: no new work, a checkpoint, and the journal closed.</summary>
    /// <param name="completed">Called on the loop, once, when all is on the disk.</param>
    public void BeginStop(Action completed)
    {
        ArgumentNullException.ThrowIfNull(completed);
        if (_state is State.Stopping or State.Stopped)
        {
            return;
        }

        bool open = _state is State.Booting or State.Running;
        _state = State.Stopping;
        _stopped = completed;
        if (!open)
        {
            _state = State.Stopped;
            completed();
            return;
        }

        long nowUs = _context.NowUs;
        _uplink.Step(nowUs, mayPublish: false);
        _link.Stop(nowUs);

        // Nobody could stop a cuff through a gateway that is gone.
        Command(PodCommand.StopCuff, [], onlyCuffs: true);
        foreach (string client in new List<string>(_clients))
        {
            _server.Disconnect(client, ShuttingDown, nowUs);
        }

        _closeTicket = _context.NextTicket();
        _context.Journal.BeginClose(_closeTicket);
    }

    private bool TryBoot(long nowUs)
    {
        if (_bootIndex == 0)
        {
            GatewayMoment at = _context.Now with { BootId = _context.Boots.LastBootId + 1 };
            if (!_context.TryAppend(JournalRecordType.GatewayBoot, new GatewayBootRecord(at).Encode(), out _bootIndex))
            {
                return false;
            }

            _context.BootId = at.BootId;
        }

        // A start that is not on the disk could be numbered again, and clock exchanges of two starts would be taken for one.
        if (_context.Journal.SyncedIndex < _bootIndex)
        {
            return false;
        }

        _state = State.Running;
        _nextUtcUs = nowUs;
        _uplink.Begin();
        SessionChanged();
        _retained.Begin();
        _clips.Begin();
        _context.Log("G2200", "start " + GatewayContext.Text(_context.BootId));
        foreach (CodedError told in _context.Ports.Told)
        {
            _context.Issues.Raise(told.Code, new HealthSubject(HealthSubjectKind.Disk, System.IO.Path.GetFileName(told.Place.File) ?? string.Empty), told.Detail);
        }

        return true;
    }

    private void RecordUtc(long nowUs)
    {
        if (nowUs < _nextUtcUs)
        {
            return;
        }

        _nextUtcUs = nowUs + UtcPeriodUs;
        string? implausible = _context.Ports.Time.Utc.Implausible;
        _context.Issues.Set(implausible is not null, ClockPlausibility.Implausible, HealthSubject.Gateway, implausible ?? string.Empty);
        GatewayMoment now = _context.Now;
        if (_context.Time.IsWorthRecording(now) && _context.TryAppend(JournalRecordType.TimeMapping, new TimeMappingRecord(now).Encode(), out _))
        {
            _context.Log("G2501", "UTC " + JsonText.UtcText(now.UtcUs) + " within " + GatewayContext.Text(now.UncertaintyUs) + " µs");
        }
    }

    private bool MayChange(string sessionId, Action<SessionResult> completed)
    {
        if (!Names.IsValid(sessionId))
        {
            completed(new SessionResult("G2301", "a session's name is 1 to 64 of A-Z a-z 0-9 '_' '-'", sessionId));
            return false;
        }

        if (_state != State.Running)
        {
            completed(new SessionResult("G2305", "the gateway is starting or stopping", sessionId));
            return false;
        }

        if (_afterSync.Count >= MaxWaiting)
        {
            completed(new SessionResult("G2306", GatewayContext.Text(MaxWaiting) + " requests wait for the disk", sessionId));
            return false;
        }

        return true;
    }

    private void AfterSync(Action then) => _afterSync.Enqueue((_context.Journal.LastIndex, then));

    private void GiveEpochs()
    {
        foreach (Pod pod in _pods.All)
        {
            GiveEpoch(pod);
        }
    }

    private void GiveEpoch(Pod pod)
    {
        if (!pod.IsConnected || !pod.HasCommands)
        {
            return;
        }

        pod.Epoch = _context.Sessions.Open?.Epoch ?? 0;
        byte[] command = new byte[PodCommand.HeaderLength + 4];
        command[0] = 1;
        command[1] = PodCommand.SetEpoch;
        BinaryPrimitives.WriteUInt16LittleEndian(command.AsSpan(2), ++_correlation);
        BinaryPrimitives.WriteUInt32LittleEndian(command.AsSpan(4), pod.Epoch);
        _server.Publish(new MqttMessage { Topic = Topics.Command(pod.DeviceId), Payload = command, Qos = MqttQos.AtLeastOnce }, 0, _context.NowUs);
    }

    private HealthFacts Facts() => new(
        IsReady,
        _state is State.Created or State.Opening or State.Booting,
        _context.Journal.IsWritable,
        _diskStatus,
        _context.Options.External is { } broker ? broker.Host + ":" + GatewayContext.Text(broker.Port) : null,
        _link.IsUp,
        _uplink.InFlight,
        _context.Sessions.Open is not { } open || _uplink.HasSubscriber(open.Number));

    private void Settle(long ticket, byte reasonCode)
    {
        if (StopSettled(ticket, reasonCode))
        {
            return;
        }

        if (!_uplink.Settled(ticket, reasonCode) && !_corrections.Settled(ticket, reasonCode))
        {
            _replays.Settled(ticket, reasonCode);
        }
    }

    private void SettleFromBroker(long ticket, byte reasonCode)
    {
        if (_fitted is null || !_fitted.TryFit(ticket, reasonCode))
        {
            Settle(ticket, reasonCode);
        }
    }

    /// <summary>While the broker is away: for the cart's own pages, which listen here.</summary>
    private void ShowRetained(MqttMessage message) => _server.Publish(message with { Qos = MqttQos.AtMostOnce }, 0, _context.NowUs);

    /// <summary>Somebody of the session's side spoke, which an external broker's subscriptions do not tell.</summary>
    private void ConsumerSeen(string consumer, bool asksForAll)
    {
        if (_external is not null && _retained.ConsumerSeen(consumer, asksForAll))
        {
            _uplink.SubscriberAppeared();
        }
    }

    private void LinkUp()
    {
        _fitted?.LinkUp();
        if (Facts().Broker is { } broker)
        {
            _checks.BrokerCame(broker);
        }

        _uplink.LinkUp();
        _retained.LinkUp();
        _desk.LinkUp();
        _clips.LinkUp();
    }

    private void LinkDown()
    {
        _checks.BrokerWent();
        _uplink.LinkDown();
        _corrections.LinkDown();
        _replays.LinkDown();
    }

    private void Reply(string id, string session, string command, string? code, string text, long? count, SessionRequest? asked = null)
    {
        JsonText json = new();
        json.Raw("{\"v\":1,\"id\":").String(id).Raw(",\"command\":").String(command).Raw(",\"session\":").String(session)
            .Raw(",\"ok\":").Boolean(code is null).Raw(",\"code\":").String(code).Raw(",\"text\":").String(text.Length == 0 ? null : text);
        if (count is { } number)
        {
            json.Raw(",\"count\":").Number(number);
        }

        MqttMessage message = new()
        {
            Topic = asked?.ResponseTopic ?? (_context.TopicRoot + "reply/" + id),
            Payload = json.Raw("}").ToBytes(),
            Qos = MqttQos.AtLeastOnce,
            Properties = new MqttPublishProperties
            {
                ContentType = ReadingMessage.JsonContentType,
                PayloadIsUtf8 = true,
                CorrelationData = asked?.CorrelationData ?? default,
            },
        };
        if (!_link.TryPublish(message, 0, _context.NowUs))
        {
            // Commands are idempotent: who has no answer asks again.
            _context.Log("G2307", "the answer to request " + id + " could not be sent");
        }
    }

    private void OnCommand(SessionRequest request)
    {
        if (!Names.IsValid(request.Id))
        {
            _context.Log("G2301", "a session command without a valid id: " + (request.Problem ?? "id is 1 to 64 of A-Z a-z 0-9 '_' '-'"));
            return;
        }

        string id = request.Id!;
        string session = Word(request.Session);
        string command = Word(request.Command);
        if (request.Problem is not null || command is not ("open" or "close"))
        {
            Reply(id, session, command, "G2301", request.Problem ?? "command is \"open\" or \"close\"", null, request);
            return;
        }

        if (WasAnswered(CommandTopic.Session, request))
        {
            return;
        }

        BeginAnswer(CommandTopic.Session, id);
        void Completed(SessionResult result) => EndAnswer(CommandTopic.Session, request, session, command, result.Code, result.Text);
        if (command is "open")
        {
            OpenSession(session, Completed);
        }
        else
        {
            CloseSession(session, Completed);
        }
    }

    private void OnReceipt(string sessionId, SessionRequest request, Action acknowledge)
    {
        Session? session = _context.Sessions.FindById(sessionId);
        if (request.Problem is not null || !Names.IsValid(request.Consumer) || session is null || !request.HasStreams)
        {
            _context.Log("G2406", "receipt for session " + ListenerAccess.Shown(sessionId) + ": " + (request.Problem ?? (session is null ? "no such session" : "consumer and streams are needed")));
            acknowledge();
            return;
        }

        HealthSubject listener = new(HealthSubjectKind.Listener, request.Consumer!);
        if (ReceiptProblem(session, request.Streams) is { } untrue)
        {
            // Told once until one of its receipts is taken in again, or none has come for long. Names are free to choose, so they take a few places at most.
            string what = "session " + sessionId + ": " + untrue;
            if (_context.Issues.Stands(UntrueReceipt, listener) || _context.Issues.Of(UntrueReceipt).Count < MaxUntrue)
            {
                _context.Issues.Raise(UntrueReceipt, listener, what);
            }
            else
            {
                _context.Log(UntrueReceipt, request.Consumer + ", " + what);
            }

            acknowledge();
            return;
        }

        ConsumerSeen(request.Consumer!, asksForAll: false);
        if (_afterSync.Count >= MaxWaiting
            || !_context.TryAppend(JournalRecordType.Receipt, new ReceiptRecord(session.Number, request.Consumer!, request.Streams).Encode(), out _))
        {
            // Acknowledged all the same: an acknowledgement that never comes would hold back all that this connection sends after it, STOP included.
            // Receipts say all that the consumer has, so the next one makes up for it.
            _context.Log("G2406", "receipt for session " + ListenerAccess.Shown(sessionId) + ": the journal takes no records now");
            acknowledge();
            return;
        }

        _context.Issues.Clear(UntrueReceipt, listener);
        _context.Counts.Receipts++;
        AfterSync(acknowledge);
    }

    /// <summary>What makes a receipt untrue: nobody has what was never sent, and nobody has seen what he has not received.</summary>
    private string? ReceiptProblem(Session session, List<ReceiptStream> streams)
    {
        SortedSet<StreamKey> known = [];
        foreach (ReceiptStream stream in streams)
        {
            uint sent = _uplink.SentThrough(new DeliveryKey(session.Number, stream.Key));
            string? problem = !known.Add(stream.Key) ? "twice in one receipt"
                : sent == 0 ? "nothing of it was sent to this session"
                : stream.Through > sent ? "through " + GatewayContext.Text(stream.Through) + " is above what was sent, " + GatewayContext.Text(sent)
                : stream.Seen > stream.Through ? "seen " + GatewayContext.Text(stream.Seen) + " is above through " + GatewayContext.Text(stream.Through)
                : null;
            if (problem is not null)
            {
                return ReadingJson.StreamText(stream.Key) + ": " + problem;
            }
        }

        return null;
    }

    private void OnReplay(string sessionId, SessionRequest request)
    {
        if (!Names.IsValid(request.Id))
        {
            _context.Log("G2407", "a replay request without a valid id");
            return;
        }

        string id = request.Id!;
        Session? session = _context.Sessions.FindById(sessionId);
        if (request.Problem is not null || !Names.IsValid(request.Consumer) || session is null)
        {
            Reply(id, sessionId, "replay", "G2407", request.Problem ?? (session is null ? "no such session" : "consumer is 1 to 64 of A-Z a-z 0-9 '_' '-'"), null);
            return;
        }

        ConsumerSeen(request.Consumer!, asksForAll: true);
        SortedDictionary<StreamKey, ReceiptStream> has = [];
        if (request.HasStreams)
        {
            foreach (ReceiptStream stream in request.Streams)
            {
                has[stream.Key] = stream;
            }
        }
        else if (_context.Delivery.Receipt(session.Number, request.Consumer!) is { } receipt)
        {
            foreach ((StreamKey key, ReceiptStream stream) in receipt)
            {
                has[key] = stream;
            }
        }

        if (!_replays.TryBegin(id, session, request.Consumer!, has))
        {
            Reply(id, sessionId, "replay", "G2407", "too many replays are running", null);
        }
    }

    private static bool TryPodId(string clientId, out ulong device)
    {
        device = 0;
        return clientId.StartsWith(PodPrefix, StringComparison.Ordinal) && Names.TryDevice(clientId.AsSpan(PodPrefix.Length), out device);
    }

    private void AnswerClock(ulong device, ReadOnlySpan<byte> request)
    {
        if (request.Length != ClockMessage.RequestLength)
        {
            _context.Log("G2502", "pod " + Topics.DeviceText(device) + ": a clock request of " + GatewayContext.Text(request.Length) + " bytes");
            return;
        }

        byte[] reply = new byte[ClockMessage.ReplyLength];
        request.CopyTo(reply);
        BinaryPrimitives.WriteInt64LittleEndian(reply.AsSpan(12), _context.NowUs);
        BinaryPrimitives.WriteUInt32LittleEndian(reply.AsSpan(28), _context.BootId);
        _context.Counts.ClockReplies++;
        long nowUs = _context.NowUs;
        BinaryPrimitives.WriteInt64LittleEndian(reply.AsSpan(20), nowUs);
        _server.Publish(new MqttMessage { Topic = Topics.TimeReply(device), Payload = reply, Qos = MqttQos.AtMostOnce }, 0, nowUs);
    }

    private sealed class JournalHandler : IJournalHandler
    {
        private readonly GatewayCore _core;

        public JournalHandler(GatewayCore core) => _core = core;

        public void Opened(JournalOpened opened)
        {
            if (_core._state == State.Opening)
            {
                _core._state = State.Booting;
            }

            _core._disk.Opened(opened);
        }

        public void Synced(long throughIndex)
        {
        }

        public void Failing(DiskStatus status, string text)
        {
            _core._diskStatus = status;
            _core._disk.Failing(text);
            _core._checks.DiskRefused();
        }

        public void Recovered() => _core._diskStatus = DiskStatus.Ok;

        public void IntakeChanged(JournalIntake intake, string reason) => _core._disk.IntakeChanged(intake, reason);

        public bool Lost(in JournalLoss loss, IReadOnlyList<JournalRecord> records)
        {
            _core._disk.Lost(loss);
            return _core._uplink.Lost(loss, records);
        }

        public void Read(long ticket, IReadOnlyList<JournalRecord> records, long nextIndex)
        {
            if (!_core._context.TryEndRead(ticket, records, nextIndex) && ticket == _core._closeTicket && _core._state == State.Stopping)
            {
                _core._state = State.Stopped;
                _core._stopped?.Invoke();
            }
        }
    }

    private sealed class ServerHandler : IMqttServerHandler
    {
        private readonly GatewayCore _core;

        public ServerHandler(GatewayCore core) => _core = core;

        public byte Connecting(in MqttConnectRequest request)
        {
            if (_core._state != State.Running)
            {
                return ServerUnavailable;
            }

            if (request.Transport == MqttTransport.WebSocket)
            {
                return _core._listeners.Connecting(request);
            }

            if (ListenerAccess.IsListenerId(request.ClientId))
            {
                return Refused(ClientIdNotValid, "client identifiers that begin with web. are for listeners over WebSocket");
            }

            if (EndpointGuard.IsStopId(request.ClientId))
            {
                return 0; // STOP is refused to nobody; Published lets it do nothing else
            }

            if (!request.ClientId.StartsWith(PodPrefix, StringComparison.Ordinal))
            {
                // With an external broker the session's side is there, and this server is for pods alone.
                return _core._external is null ? (byte)0 : Refused(NotAuthorised, ListenerAccess.Shown(request.ClientId) + " is no pod, and the session's broker is elsewhere");
            }

            if (!TryPodId(request.ClientId, out ulong device) || device == _core._context.Options.GatewayId)
            {
                return Refused(ClientIdNotValid, ListenerAccess.Shown(request.ClientId) + " is not pod- and 16 lower-case hexadecimal digits");
            }

            return _core._endpoint.HasRoomFor(device)
                ? _core._endpoint.Claimed(request, device)
                : Refused(QuotaExceeded, "more pods than the gateway knows how to keep");
        }

        public MqttAdmission Admit(in MqttConnectRequest request) =>
            _core._endpoint.Admit(request, TryPodId(request.ClientId, out ulong device) ? device : 0);

        public void ClosedForCause(string peer, byte reasonCode, string text) => _core._endpoint.ClosedForCause(peer, reasonCode, text);

        public void Faulted(string peer, Exception exception) => _core._endpoint.Faulted(peer, exception);

        public void Connected(string clientId)
        {
            _core._clients.Add(clientId);
            _core._listeners.Connected(clientId);
            if (TryPodId(clientId, out ulong device))
            {
                Pod pod = _core._pods.Of(device);
                pod.IsConnected = true;
                pod.HasCommands = false;
                _core._retained.DevicesChanged();
                _core._checks.PodCame(device);
            }
            else
            {
                _core._checks.ClientCame(clientId);
                if (_core._server.HasSubscriptions(clientId))
                {
                    _core._uplink.SubscriberAppeared(); // with a kept session no SUBSCRIBE comes
                }
            }
        }

        public void Disconnected(string clientId)
        {
            _core._clients.Remove(clientId);
            _core._listeners.Disconnected(clientId);
            if (TryPodId(clientId, out ulong device))
            {
                Pod pod = _core._pods.Of(device);
                pod.IsConnected = false;
                pod.HasCommands = false;
                _core._retained.DevicesChanged();
                _core._checks.PodWent(device);
            }
            else
            {
                _core._checks.ListenerWent(clientId);
            }
        }

        public MqttPublishDisposition Published(string clientId, in MqttMessage message, long token)
        {
            // Before any question of who asks: no role is refused a stop.
            if (_core.TryStop(message))
            {
                if (message.Qos != MqttQos.AtMostOnce)
                {
                    _core._tokens.Enqueue(token);
                }

                return MqttPublishDisposition.Deferred;
            }

            if (ListenerAccess.IsListenerId(clientId) && !_core._listeners.MayPublish(clientId, message))
            {
                return MqttPublishDisposition.Refuse;
            }

            if (EndpointGuard.IsStopId(clientId) && !EndpointGuard.IsStop(_core._context.TopicRoot, message))
            {
                return Refuse(clientId, message.Topic);
            }

            if (_core._state != State.Running)
            {
                // Not acknowledged: whoever sent it keeps it and sends it again.
                return message.Qos == MqttQos.AtMostOnce ? MqttPublishDisposition.Accept : MqttPublishDisposition.Deferred;
            }

            return TryPodId(clientId, out ulong device) ? FromPod(clientId, device, message, token) : FromSession(clientId, message, token);
        }

        public bool MaySubscribe(string clientId, string filter)
        {
            if (ListenerAccess.IsListenerId(clientId))
            {
                return _core._listeners.MaySubscribe(clientId, filter);
            }

            bool allowed = TryPodId(clientId, out ulong device)
                ? filter.StartsWith("pod/" + Topics.DeviceText(device) + "/", StringComparison.Ordinal)
                : filter.StartsWith(_core._context.TopicRoot + (EndpointGuard.IsStopId(clientId) ? "reply/" : string.Empty), StringComparison.Ordinal);
            if (!allowed)
            {
                _core._context.Counts.AccessRefused++;
                _core._context.Log("G2101", ListenerAccess.Shown(clientId) + " may not subscribe to " + ListenerAccess.Shown(filter));
            }

            return allowed;
        }

        public void Subscribed(string clientId, string filter)
        {
            if (!TryPodId(clientId, out ulong device))
            {
                _core._uplink.SubscriberAppeared();
                _core._checks.ListenerCame(clientId, filter);
                return;
            }

            string command = Topics.Command(device);
            if (string.Equals(filter, command, StringComparison.Ordinal) || filter.EndsWith("/#", StringComparison.Ordinal) || filter.EndsWith("/+", StringComparison.Ordinal))
            {
                Pod pod = _core._pods.Of(device);
                pod.HasCommands = true;
                _core.GiveEpoch(pod);
                _core._desk.Tell(pod);
                _core.TellPatient(pod);
            }
        }

        public void Delivered(long ticket, byte reasonCode) => _core._delivered.Add((ticket, reasonCode));

        private byte Refused(byte reason, string text)
        {
            _core._context.Counts.AccessRefused++;
            _core._context.Log("G2102", text);
            return reason;
        }

        private MqttPublishDisposition Refuse(string clientId, string topic)
        {
            _core._context.Counts.AccessRefused++;
            _core._context.Log("G2101", ListenerAccess.Shown(clientId) + " may not publish to " + ListenerAccess.Shown(topic));
            return MqttPublishDisposition.Refuse;
        }

        private MqttPublishDisposition FromPod(string clientId, ulong device, in MqttMessage message, long token)
        {
            string root = "pod/" + Topics.DeviceText(device) + "/";
            if (!message.Topic.StartsWith(root, StringComparison.Ordinal))
            {
                return Refuse(clientId, message.Topic);
            }

            switch (message.Topic[root.Length..])
            {
                case "up":
                    bool counted = message.Qos != MqttQos.AtMostOnce;
                    _core._ingest.Message(clientId, device, message.Payload.Span, counted ? token : 0);
                    return MqttPublishDisposition.Deferred;
                case "time":
                    _core.AnswerClock(device, message.Payload.Span);
                    return message.Qos == MqttQos.AtMostOnce ? MqttPublishDisposition.Deferred : MqttPublishDisposition.Accept;
                case "sound":
                    _core._sound.FromPod(device, message.Payload.ToArray(), _core._context.NowUs);
                    return message.Qos == MqttQos.AtMostOnce ? MqttPublishDisposition.Deferred : MqttPublishDisposition.Accept;
                case "state":
                    Pod pod = _core._pods.Of(device);
                    if (pod.TakeState(message.Payload))
                    {
                        _core._desk.Tell(pod);
                        _core.TellPatient(pod);
                    }

                    return MqttPublishDisposition.Accept;
                default:
                    return Refuse(clientId, message.Topic);
            }
        }

        private MqttPublishDisposition FromSession(string clientId, in MqttMessage message, long token)
        {
            string root = _core._context.TopicRoot;
            bool forGateway = message.Topic.StartsWith(root, StringComparison.Ordinal)
                && message.Topic[root.Length..].Split('/') is ["command", "session" or "sound" or "cuff"] or ["session", _, "receipt"] or ["session", _, "replay"]
                    or ["session", _, "request" or "listening" or "listener-check"] or ["session", _, "clip", _, "mark"];
            if (!forGateway)
            {
                return Refuse(clientId, message.Topic);
            }

            bool acknowledged = message.Qos != MqttQos.AtMostOnce;
            GatewayCore core = _core;
            core.OnSessionMessage(message, () =>
            {
                if (acknowledged)
                {
                    // Never from inside the server's own call: the token is not yet its.
                    core._tokens.Enqueue(token);
                }
            });
            return MqttPublishDisposition.Deferred;
        }
    }
}
