using System;
using System.Collections.Generic;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Faults;
using EdgeGateway.Journal;
using Firmware.Protocol;

namespace EdgeGateway.Core.Health;

/// <summary>What the checks look at, at one moment.</summary>
/// <param name="IsReady">True when readings can be taken in.</param>
/// <param name="IsStarting">True before the gateway is ready for the first time.</param>
/// <param name="IsWritable">True when the journal takes appends.</param>
/// <param name="Disk">Why the disk refuses; Ok when it does not.</param>
/// <param name="Broker">The external broker as host:port; null for the embedded endpoint.</param>
/// <param name="IsUp">True when the uplink can publish.</param>
/// <param name="InFlight">Readings handed over and not yet marked as sent.</param>
/// <param name="HasSubscriber">False when the open session's last message found no subscriber.</param>
internal readonly record struct HealthFacts(
    bool IsReady, bool IsStarting, bool IsWritable, DiskStatus Disk, string? Broker, bool IsUp, int InFlight, bool HasSubscriber)
{
    /// <summary>The facts of this moment.</summary>
    /// <param name="life">How far the gateway is.</param>
    /// <param name="journal">The journal.</param>
    /// <param name="disk">What its disk said.</param>
    /// <param name="options">Which broker.</param>
    /// <param name="link">The way to it.</param>
    /// <param name="uplink">What is handed over.</param>
    /// <param name="sessions">Which session is open.</param>
    public static HealthFacts Of(GatewayLife life, IJournal journal, DiskHealth disk, GatewayOptions options, ISessionLink link, Uplink uplink, SessionFold sessions) => new(
        life.IsRunning,
        life.State is GatewayState.Created or GatewayState.Opening or GatewayState.Booting,
        journal.IsWritable,
        disk.Status,
        options.External is { } broker ? broker.Host + ":" + GatewayContext.Text(broker.Port) : null,
        link.IsUp,
        uplink.InFlight,
        sessions.Open is not { } open || uplink.HasSubscriber(open.Number));
}

/// <summary>
/// Finds what is not well by looking once a second at the gateway's own state, and ends each issue when it is over. Events (a pod that came, a listener
/// that left) are told by the calls. No I/O; one loop owns it. README.md beside it lists every issue.
/// </summary>
internal sealed class HealthChecks : IGatewayPart
{
    /// <summary>How often it looks, µs.</summary>
    public const long PeriodUs = 1_000_000;

    /// <summary>A pod that is away this long in an open session is an issue, µs: longer than a quick reconnection.</summary>
    public const long PodGoneUs = 3_000_000;

    /// <summary>The same without an open session, µs.</summary>
    public const long PodGoneIdleUs = 60_000_000;

    /// <summary>A pod of the list that has not come this long after the start is an issue, µs.</summary>
    public const long PodNeverCameUs = 60_000_000;

    /// <summary>A connected pod without a clock exchange for this long is an issue, µs.</summary>
    public const long NoExchangeUs = 30_000_000;

    /// <summary>A part that does not work for this long is an issue, µs: longer than a quick new plug.</summary>
    public const long PartFaultUs = 5_000_000;

    /// <summary>An external broker that is not reached this long after the start is an issue, µs; one that was reached, at once.</summary>
    public const long FirstBrokerUs = 3_000_000;

    /// <summary>A disk that refused is called so for this long after it took something again, µs: one that is full takes a little now and then.</summary>
    public const long RefusedUs = 5_000_000;

    /// <summary>Readings that wait this long because nobody subscribes are an issue, µs.</summary>
    public const long NobodyUs = 30_000_000;

    /// <summary>Readings handed over and not acknowledged for this long are an issue, µs.</summary>
    public const long UnacknowledgedUs = 15_000_000;

    /// <summary>Readings that wait this long although somebody takes some are an issue, µs.</summary>
    public const long BehindUs = 30_000_000;

    /// <summary>The last listener of the open session that stays away this long is an issue, µs: longer than a reload of the page.</summary>
    public const long ListenerGoneUs = 10_000_000;

    /// <summary>Issues that are single events end when none has come for this long, µs.</summary>
    public const long QuietUs = 600_000_000;

    /// <summary>Listeners remembered at once; further ones are not watched.</summary>
    public const int MaxListeners = 1024;

    /// <summary>Pods watched at once; further ones are not.</summary>
    public const int MaxWatched = 256;

    /// <summary>The codes with which the broker's own answer says why it is not connected: 2410 to 2418.</summary>
    private const int FirstBrokerAnswer = 2410, LastBrokerAnswer = 2418;

    /// <summary>How the part of a client identifier that a listener chooses begins when it is the cart's own page.</summary>
    private const string BedsidePage = "near-";

    private readonly GatewayContext _context;
    private readonly Pods _pods;
    private readonly Func<HealthFacts> _facts;
    private readonly long _startUs;
    private readonly HealthSubject _disk = new(HealthSubjectKind.Disk, "journal");
    private readonly SortedDictionary<ulong, PodWatch> _watches = [];
    private readonly SortedSet<string> _listeners = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _former = new(StringComparer.Ordinal);
    private readonly Queue<(long Us, long Index)> _indexes = new();
    private string _lastListener = string.Empty;
    private long _listenerGoneUs;
    private long _nextIndexUs;
    private long _indexBefore;
    private long _nobodySinceUs = -1;
    private long _waitingSinceUs = -1;
    private long _acknowledged;
    private uint _session;
    private string _sessionName = string.Empty;
    private long _refusedSinceUs = -1;
    private long _refusedUs;
    private long _brokerGoneUs = -1;
    private bool _wasUp;

    /// <summary>Makes the checks.</summary>
    /// <param name="context">The projections.</param>
    /// <param name="pods">The pods.</param>
    /// <param name="facts">What there is to look at now.</param>
    public HealthChecks(GatewayContext context, Pods pods, Func<HealthFacts> facts)
    {
        _context = context;
        _pods = pods;
        _facts = facts;
        _startUs = context.NowUs;
        NextUs = _startUs;
    }

    /// <summary>When it wants to look again, µs.</summary>
    public long NextUs { get; private set; }

    /// <inheritdoc/>
    public void PodCame(Pod pod)
    {
        ulong device = pod.DeviceId;
        PodWatch watch = WatchOf(device);
        watch.CameUs = _context.NowUs;
        watch.Came = true;
        _context.Log(FaultCodes.PodConnected, "pod " + Topics.DeviceText(device), HealthSubject.Pod(device));
        NextUs = 0;
    }

    /// <inheritdoc/>
    public void PodWent(Pod pod)
    {
        ulong device = pod.DeviceId;
        WatchOf(device).GoneUs = _context.NowUs;
        _context.Log(FaultCodes.PodDisconnected, "pod " + Topics.DeviceText(device), HealthSubject.Pod(device));
    }

    /// <summary>The disk refuses.</summary>
    public void DiskRefused()
    {
        Refused(_context.NowUs);
        NextUs = 0;
    }

    /// <inheritdoc/>
    public void LinkDown()
    {
        _brokerGoneUs = _context.NowUs;
        NextUs = 0;
    }

    /// <inheritdoc/>
    public void LinkUp()
    {
        if (_facts().Broker is { } broker)
        {
            _wasUp = true;
            _context.Log(FaultCodes.BrokerConnected, broker, new HealthSubject(HealthSubjectKind.Broker, broker));
        }
    }

    /// <summary>A session was opened.</summary>
    public void SessionOpened(string session) => _context.Log(FaultCodes.SessionOpened, "session " + session, new HealthSubject(HealthSubjectKind.Session, session));

    /// <summary>A session was closed.</summary>
    public void SessionClosed(string session) => _context.Log(FaultCodes.SessionClosed, "session " + session, new HealthSubject(HealthSubjectKind.Session, session));

    /// <summary>Somebody subscribed to a session's topics. The cart's own page, told by its name, does not count.</summary>
    public void ClientSubscribed(string clientId, string filter)
    {
        string root = _context.TopicRoot;
        bool follows = filter.StartsWith(root + "session/", StringComparison.Ordinal) || filter.EndsWith('#') || filter.StartsWith(root + "+", StringComparison.Ordinal);
        if (follows && !IsBedsidePage(clientId))
        {
            Follows(clientId);
        }
    }

    /// <summary>A client's connection came up. One that listened before listens again, since a server keeps subscriptions.</summary>
    /// <param name="clientId">Its identifier.</param>
    /// <param name="hasSubscriptions">Not looked at.</param>
    public void ClientCame(string clientId, bool hasSubscriptions)
    {
        if (_former.Contains(clientId))
        {
            Follows(clientId);
        }
    }

    private void Follows(string clientId)
    {
        if (_listeners.Count >= MaxListeners || !_listeners.Add(clientId))
        {
            return;
        }

        HealthSubject listener = new(HealthSubjectKind.Listener, ListenerAccess.Shown(clientId));
        _context.Log(FaultCodes.ListenerConnected, listener.Name, listener);
        NextUs = 0;
    }

    /// <summary>A client's connection is gone.</summary>
    public void ClientWent(string clientId)
    {
        if (!_listeners.Remove(clientId))
        {
            return;
        }

        if (_former.Count >= MaxListeners)
        {
            _former.Clear();
        }

        _former.Add(clientId);

        HealthSubject listener = new(HealthSubjectKind.Listener, ListenerAccess.Shown(clientId));
        _context.Log(FaultCodes.ListenerDisconnected, listener.Name, listener);
        if (_listeners.Count == 0 && _context.Sessions.Open is not null)
        {
            _lastListener = listener.Name;
            _listenerGoneUs = _context.NowUs;
        }
    }

    /// <summary>Looks when it is time.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to look again.</returns>
    public long Step(long nowUs)
    {
        if (nowUs >= NextUs)
        {
            NextUs = nowUs + PeriodUs;
            Look(nowUs);
        }

        return NextUs;
    }

    /// <summary>Looks now: whoever asks for the health gets the present one.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Look(long nowUs)
    {
        HealthFacts facts = _facts();
        HealthIssues issues = _context.Issues;
        issues.Set(!facts.IsReady, FaultCodes.GatewayNotReady, HealthSubject.Gateway, facts.IsStarting ? "starting" : "stopping");
        if (facts.IsReady && (!facts.IsWritable || facts.Disk != DiskStatus.Ok))
        {
            Refused(nowUs);
        }

        bool refuses = _refusedSinceUs >= 0 && nowUs - _refusedUs < RefusedUs;
        string disk = facts.Disk != DiskStatus.Ok ? facts.Disk.ToString() : issues.Of(FaultCodes.JournalRefusesReadings) is [var stands] ? stands.Detail : string.Empty;
        issues.Set(refuses, FaultCodes.JournalRefusesReadings, _disk, disk, _refusedSinceUs);
        _refusedSinceUs = refuses ? _refusedSinceUs : -1;
        issues.Set(!_context.Ports.Time.Utc.Synchronised, FaultCodes.GatewayClockUnsynchronised, HealthSubject.Gateway, string.Empty);
        Broker(facts, nowUs);
        if (facts.IsReady)
        {
            Pods(nowUs);
            Session(facts, refuses, nowUs);
        }

        issues.ClearQuiet(FaultCodes.UndeclaredGap, QuietUs);
        issues.ClearQuiet(FaultCodes.PodHeldBack, QuietUs);
        issues.ClearQuiet(FaultCodes.ReceiptUntrue, QuietUs);
    }

    private void Refused(long nowUs)
    {
        _refusedSinceUs = _refusedSinceUs < 0 ? nowUs : _refusedSinceUs;
        _refusedUs = nowUs;
    }

    private void Broker(in HealthFacts facts, long nowUs)
    {
        if (facts.Broker is not { } broker)
        {
            return;
        }

        HealthSubject subject = new(HealthSubjectKind.Broker, broker);
        _wasUp |= facts.IsUp;
        _brokerGoneUs = facts.IsUp ? -1 : _brokerGoneUs < 0 ? (_wasUp ? nowUs : _startUs) : _brokerGoneUs;

        // Where the broker's own answer says why (a wrong password, a forbidden name), advice about the network would mislead.
        bool isExplained = _context.Issues.StandsBetween(FirstBrokerAnswer, LastBrokerAnswer, subject);
        bool isAway = !facts.IsUp && (_wasUp || nowUs - _startUs >= FirstBrokerUs);
        _context.Issues.Set(isAway && !isExplained, FaultCodes.BrokerAway, subject, string.Empty, _brokerGoneUs);
    }

    private void Pods(long nowUs)
    {
        HealthIssues issues = _context.Issues;
        Session? open = _context.Sessions.Open;
        foreach (DeviceDescription listed in _context.Options.Devices)
        {
            if (listed.DeviceId != _context.Options.GatewayId)
            {
                WatchOf(listed.DeviceId).IsListed = true;
            }
        }

        if (open is not null && open.Number != _session)
        {
            // A pod that measured in this session before a start of the gateway belongs to it too.
            foreach ((DeliveryKey key, _) in _context.Delivery.Marks)
            {
                if (key.Session == open.Number && key.Stream.DeviceId != _context.Options.GatewayId)
                {
                    WatchOf(key.Stream.DeviceId).Came = true;
                }
            }
        }

        foreach ((ulong device, PodWatch watch) in _watches)
        {
            HealthSubject subject = HealthSubject.Pod(device);
            Pod? pod = _pods.Find(device);
            bool connected = pod is { IsConnected: true };
            long goneUs = nowUs - watch.GoneUs;
            bool gone = watch.Came && !connected && goneUs >= (open is null ? PodGoneIdleUs : PodGoneUs);

            issues.Set(gone, FaultCodes.PodAway, subject, string.Empty, watch.GoneUs);
            issues.Set(!watch.Came && watch.IsListed && !connected && nowUs - _startUs >= PodNeverCameUs, FaultCodes.PodNeverSeen, subject, string.Empty, _startUs);
            if (!connected || pod is null)
            {
                issues.Clear(FaultCodes.PodClockUnknown, subject);
                issues.Clear(FaultCodes.PodPartNotWorking, subject);
                watch.FaultSinceUs = -1;
                continue;
            }

            bool knowsTime = _context.Time.NewestExchange(device, pod.BootId) is { } exchange && exchange.GatewayBootId == _context.BootId;
            issues.Set(!knowsTime && nowUs - watch.CameUs >= NoExchangeUs, FaultCodes.PodClockUnknown, subject, string.Empty, watch.CameUs);
            string faulty = pod.FaultyParts;
            watch.FaultSinceUs = faulty.Length == 0 ? -1 : watch.FaultSinceUs < 0 ? nowUs : watch.FaultSinceUs;
            issues.Set(faulty.Length > 0 && nowUs - watch.FaultSinceUs >= PartFaultUs, FaultCodes.PodPartNotWorking, subject, faulty, watch.FaultSinceUs);
        }
    }

    /// <summary>Notes the journal's newest index once a second, for as long as a reading may wait; gives the newest one from that long ago, 0 while there is none.</summary>
    private long IndexBefore(long nowUs)
    {
        if (nowUs >= _nextIndexUs)
        {
            _nextIndexUs = nowUs + PeriodUs;
            _indexes.Enqueue((nowUs, _context.Journal.LastIndex));
        }

        while (_indexes.TryPeek(out (long Us, long Index) noted) && nowUs - noted.Us >= BehindUs)
        {
            _indexBefore = noted.Index;
            _indexes.Dequeue();
        }

        return _indexBefore;
    }

    private void Session(in HealthFacts facts, bool refuses, long nowUs)
    {
        HealthIssues issues = _context.Issues;
        long storedBefore = IndexBefore(nowUs);
        Session? open = _context.Sessions.Open;
        if (open?.Number != _session)
        {
            if (_session != 0)
            {
                HealthSubject before = new(HealthSubjectKind.Session, _sessionName);
                issues.Clear(FaultCodes.SessionHasNoSubscriber, before);
                issues.Clear(FaultCodes.DeliveryLate, before);
                issues.Clear(FaultCodes.SessionNotAcknowledged, before);
            }

            _session = open?.Number ?? 0;
            _sessionName = open?.Id ?? string.Empty;
            _lastListener = string.Empty;
            _nobodySinceUs = _waitingSinceUs = -1;
        }

        foreach (HealthIssue stands in issues.Of(FaultCodes.LastListenerGone))
        {
            if (open is null || _listeners.Count > 0)
            {
                issues.Clear(FaultCodes.LastListenerGone, stands.Subject);
            }
        }

        if (open is null)
        {
            return;
        }

        if (_lastListener.Length > 0)
        {
            if (_listeners.Count > 0)
            {
                _lastListener = string.Empty;
            }
            else if (nowUs - _listenerGoneUs >= ListenerGoneUs)
            {
                issues.Set(true, FaultCodes.LastListenerGone, new HealthSubject(HealthSubjectKind.Listener, _lastListener), "session " + open.Id, _listenerGoneUs);
            }
        }

        HealthSubject subject = new(HealthSubjectKind.Session, open.Id);
        long pending = _context.Delivery.PendingBySession.GetValueOrDefault(open.Number);
        bool nobody = facts.IsUp && !facts.HasSubscriber && pending > 0;
        _nobodySinceUs = !nobody ? -1 : _nobodySinceUs < 0 ? nowUs : _nobodySinceUs;
        bool isUnheard = nobody && nowUs - _nobodySinceUs >= NobodyUs && !issues.Stands(FaultCodes.NobodySubscribes, subject);
        string waiting = GatewayContext.Text(pending) + " readings wait";
        issues.Set(isUnheard, FaultCodes.SessionHasNoSubscriber, subject, waiting, _nobodySinceUs);

        // A disk that refuses takes no marks: then it is not the listener who is silent.
        bool silent = facts.IsUp && !nobody && !refuses && pending > 0 && facts.InFlight > 0 && _context.Counts.Acknowledged == _acknowledged;
        _acknowledged = _context.Counts.Acknowledged;
        _waitingSinceUs = !silent ? -1 : _waitingSinceUs < 0 ? nowUs : _waitingSinceUs;
        bool isUnacknowledged = silent && nowUs - _waitingSinceUs >= UnacknowledgedUs;
        issues.Set(isUnacknowledged, FaultCodes.SessionNotAcknowledged, subject, GatewayContext.Text(facts.InFlight) + " readings handed over", _waitingSinceUs);
        string oldest = facts.IsUp && !nobody && !isUnacknowledged && !refuses ? ClassBehind(open.Number, storedBefore) : string.Empty;
        issues.Set(oldest.Length > 0, FaultCodes.DeliveryLate, subject, waiting + ", " + oldest, nowUs - BehindUs);
    }

    /// <summary>The first class, vital signs first, of which a reading waits that was stored at or before an index; empty when none does.</summary>
    private string ClassBehind(uint session, long index)
    {
        foreach (RecordClass recordClass in (ReadOnlySpan<RecordClass>)[RecordClass.Vital, RecordClass.Event, RecordClass.Sound, RecordClass.Wave])
        {
            if (_context.Delivery.FirstPending(session, recordClass) <= index)
            {
                return recordClass switch
                {
                    RecordClass.Vital => "vital signs among them",
                    RecordClass.Event => "events among them",
                    RecordClass.Sound => "sound",
                    _ => "waves",
                };
            }
        }

        return string.Empty;
    }

    private static bool IsBedsidePage(string clientId) =>
        ListenerAccess.IsListenerId(clientId) && clientId.Split('.') is [_, _, string chosen] && chosen.StartsWith(BedsidePage, StringComparison.Ordinal);

    private PodWatch WatchOf(ulong device)
    {
        if (!_watches.TryGetValue(device, out PodWatch? watch))
        {
            watch = new PodWatch { GoneUs = _context.NowUs };
            if (_watches.Count < MaxWatched)
            {
                _watches.Add(device, watch);
            }
        }

        return watch;
    }

    private sealed class PodWatch
    {
        public bool IsListed { get; set; }

        public bool Came { get; set; }

        public long CameUs { get; set; }

        public long GoneUs { get; set; }

        public long FaultSinceUs { get; set; } = -1;
    }
}
