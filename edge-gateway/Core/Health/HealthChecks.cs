using System;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Health;

/// <summary>
/// Finds what is not well by looking once a second at the gateway's own state, and ends each issue when it is over. Events (a pod that came, a listener
/// that left) are told by the calls. No I/O; one loop owns it. README.md beside it lists every issue.
/// </summary>
internal sealed class HealthChecks : IGatewayPart
{
    /// <summary>How often it looks, µs.</summary>
    public const long PeriodUs = 1_000_000;

    /// <summary>An external broker that is not reached this long after the start is an issue, µs; one that was reached, at once.</summary>
    public const long FirstBrokerUs = 3_000_000;

    /// <summary>A disk that refused is called so for this long after it took something again, µs: one that is full takes a little now and then.</summary>
    public const long RefusedUs = 5_000_000;

    /// <summary>Issues that are single events end when none has come for this long, µs.</summary>
    public const long QuietUs = 600_000_000;

    /// <summary>The codes with which the broker's own answer says why it is not connected: 2410 to 2418.</summary>
    private const int FirstBrokerAnswer = 2410, LastBrokerAnswer = 2418;

    private const int FirstTransportCause = 2431, LastTransportCause = 2436;

    private readonly Func<HealthFacts> _facts;
    private readonly PodChecks _pods;
    private readonly SessionChecks _session;
    private readonly Followers _followers;
    private readonly HealthIssues _issues;
    private readonly GatewayClock _clock;
    private readonly CodedLog _log;
    private readonly long _startUs;
    private readonly HealthSubject _disk = new(HealthSubjectKind.Disk, "journal");
    private long _refusedSinceUs = -1;
    private long _refusedUs;
    private long _brokerGoneUs = -1;
    private bool _wasUp;

    /// <summary>Makes the checks.</summary>
    /// <param name="facts">What there is to look at now.</param>
    /// <param name="pods">Looks at the pods.</param>
    /// <param name="session">Looks at the open session.</param>
    /// <param name="followers">Who follows it.</param>
    /// <param name="issues">The health.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="log">The log.</param>
    public HealthChecks(
        Func<HealthFacts> facts, PodChecks pods, SessionChecks session, Followers followers, HealthIssues issues, GatewayClock clock, CodedLog log)
    {
        _facts = facts;
        _pods = pods;
        _session = session;
        _followers = followers;
        _issues = issues;
        _clock = clock;
        _log = log;
        _startUs = clock.NowUs;
        NextUs = _startUs;
    }

    /// <summary>When it wants to look again, µs.</summary>
    public long NextUs { get; private set; }

    /// <inheritdoc/>
    public void PodCame(Pod pod)
    {
        _pods.Came(pod);
        NextUs = 0;
    }

    /// <inheritdoc/>
    public void PodWent(Pod pod) => _pods.Went(pod);

    /// <inheritdoc/>
    public void ClientCame(string clientId, bool hasSubscriptions) => NextUs = _followers.Came(clientId) ? 0 : NextUs;

    /// <inheritdoc/>
    public void ClientSubscribed(string clientId, string filter) => NextUs = _followers.Subscribed(clientId, filter) ? 0 : NextUs;

    /// <inheritdoc/>
    public void ClientWent(string clientId) => _followers.Went(clientId);

    /// <summary>The disk refuses.</summary>
    public void DiskRefused()
    {
        Refused(_clock.NowUs);
        NextUs = 0;
    }

    /// <inheritdoc/>
    public void LinkDown()
    {
        _brokerGoneUs = _clock.NowUs;
        NextUs = 0;
    }

    /// <inheritdoc/>
    public void LinkUp()
    {
        if (_facts().Broker is { } broker)
        {
            _wasUp = true;
            _log.Write(FaultCodes.BrokerConnected, broker, new HealthSubject(HealthSubjectKind.Broker, broker));
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
        _issues.Set(!facts.IsReady, FaultCodes.GatewayNotReady, HealthSubject.Gateway, facts.IsStarting ? "starting" : "stopping");
        if (facts.IsReady && (!facts.IsWritable || facts.Disk != DiskStatus.Ok))
        {
            Refused(nowUs);
        }

        bool refuses = _refusedSinceUs >= 0 && nowUs - _refusedUs < RefusedUs;
        string disk = facts.Disk != DiskStatus.Ok ? facts.Disk.ToString() : _issues.Of(FaultCodes.JournalRefusesReadings) is [var stands] ? stands.Detail : string.Empty;
        _issues.Set(refuses, FaultCodes.JournalRefusesReadings, _disk, disk, _refusedSinceUs);
        _refusedSinceUs = refuses ? _refusedSinceUs : -1;
        _issues.Set(!_clock.Utc.Synchronised, FaultCodes.GatewayClockUnsynchronised, HealthSubject.Gateway, string.Empty);
        Broker(facts, nowUs);
        if (facts.IsReady)
        {
            _pods.Look(nowUs);
            _session.Look(facts, refuses, nowUs);
        }

        _issues.ClearQuiet(FaultCodes.UndeclaredGap, QuietUs);
        _issues.ClearQuiet(FaultCodes.PodHeldBack, QuietUs);
        _issues.ClearQuiet(FaultCodes.ReceiptUntrue, QuietUs);
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

        // Where the broker's own answer or its certificate says why (a wrong password, a forbidden name), advice about the network would mislead.
        bool isExplained = _issues.StandsBetween(FirstBrokerAnswer, LastBrokerAnswer, subject) || _issues.StandsBetween(FirstTransportCause, LastTransportCause, subject);
        bool isAway = !facts.IsUp && (_wasUp || nowUs - _startUs >= FirstBrokerUs);
        _issues.Set(isAway && !isExplained, FaultCodes.BrokerAway, subject, facts.BrokerFailure, _brokerGoneUs);
    }
}
