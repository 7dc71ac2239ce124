using System;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Sessions;

/// <summary>How a session command ended.</summary>
/// <param name="Code">Null when it was done, else a code from G2300 to G2399 of hardware/faults.json.</param>
/// <param name="Text">What happened, English; empty when it was done.</param>
/// <param name="Session">The session's name.</param>
public readonly record struct SessionResult(string? Code, string Text, string Session)
{
    /// <summary>True when it was done and is on the disk.</summary>
    public bool IsDone => Code is null;

    /// <summary>Done.</summary>
    /// <param name="session">The session's name; may be empty.</param>
    /// <returns>The result.</returns>
    public static SessionResult Done(string session) => new(null, string.Empty, session);
}

/// <summary>Opens and closes sessions. Each is done when it is on the disk, and then only pods learn of an epoch.</summary>
public sealed class SessionControl
{
    /// <summary>What is said while the gateway does not run.</summary>
    internal const string NotRunningText = "the gateway is starting or stopping";

    private const string JournalRefusesText = "the journal takes no records now";

    private readonly GatewayLife _life;
    private readonly SessionProjection _sessions;
    private readonly JournalWriter _journal;
    private readonly SyncWaiters _waiters;
    private readonly GatewayClock _clock;
    private readonly DeliverySessions _delivery;
    private readonly CodedLog _log;
    private readonly Action _changed;
    private readonly uint _epochStart;
    private readonly bool _production;

    /// <summary>Makes it.</summary>
    /// <param name="life">Whether the gateway runs.</param>
    /// <param name="sessions">The sessions.</param>
    /// <param name="journal">Where openings and closes are written.</param>
    /// <param name="waiters">What waits for the disk.</param>
    /// <param name="clock">The clocks.</param>
    /// <param name="delivery">Sent of a session that is about to be forgotten.</param>
    /// <param name="log">The log.</param>
    /// <param name="changed">Tells all parts that another session is open, or none.</param>
    /// <param name="epochStart">Where the epochs of an empty journal begin.</param>
    /// <param name="production">True when sessions are opened for patients.</param>
    internal SessionControl(
        GatewayLife life,
        SessionProjection sessions,
        JournalWriter journal,
        SyncWaiters waiters,
        GatewayClock clock,
        DeliverySessions delivery,
        CodedLog log,
        Action changed,
        uint epochStart,
        bool production)
    {
        _life = life;
        _sessions = sessions;
        _journal = journal;
        _waiters = waiters;
        _clock = clock;
        _delivery = delivery;
        _log = log;
        _changed = changed;
        _epochStart = epochStart;
        _production = production;
    }

    /// <summary>Opens a session; the same name while it is open is done at once (idempotent).</summary>
    /// <param name="sessionId">1 to 64 of A-Z a-z 0-9 '_' '-'.</param>
    /// <param name="completed">Called on the loop, once, when the opening is on the disk or was refused.</param>
    public void Open(string sessionId, Action<SessionResult> completed)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        ArgumentNullException.ThrowIfNull(completed);
        if (!MayChange(sessionId, completed))
        {
            return;
        }

        if (_sessions.Open is { } open)
        {
            if (string.Equals(open.Id, sessionId, StringComparison.Ordinal))
            {
                _waiters.AfterSync(() => completed(SessionResult.Done(sessionId)));
            }
            else
            {
                completed(new SessionResult(FaultCodes.OtherSessionOpen, "session " + open.Id + " is open on this cart", sessionId));
            }

            return;
        }

        if (_sessions.FindById(sessionId) is not null)
        {
            // Two consultations of one name could not be told apart by who reads them later.
            completed(new SessionResult(FaultCodes.SessionNameUsed, "session " + sessionId + " was closed before", sessionId));
            return;
        }

        if (_sessions.NextForgotten is { } forgotten)
        {
            _delivery.Abandon(forgotten.Number);
        }

        EpochIssuedRecord epoch = _sessions.NextEpoch(_epochStart);
        SessionOpenedRecord opened = new(_sessions.NextNumber, epoch.Epoch, _clock.Now, _production, sessionId);

        // The epoch first: if the power goes between the two, it is lost and never used again.
        if (!_journal.TryAppend(JournalRecordType.EpochIssued, epoch.Encode(), out _)
            || !_journal.TryAppend(JournalRecordType.SessionOpened, opened.Encode(), out _))
        {
            completed(new SessionResult(FaultCodes.SessionCommandNotNow, JournalRefusesText, sessionId));
            return;
        }

        _waiters.AfterSync(() =>
        {
            // Only now: an epoch that is not on the disk could be given twice.
            _changed();
            _log.Write(FaultCodes.SessionOpened, "session " + sessionId, new HealthSubject(HealthSubjectKind.Session, sessionId));
            completed(SessionResult.Done(sessionId));
        });
    }

    /// <summary>Closes a session; closing it again is done at once (idempotent).</summary>
    /// <param name="sessionId">Its name.</param>
    /// <param name="completed">Called on the loop, once, when the close is on the disk or was refused.</param>
    public void Close(string sessionId, Action<SessionResult> completed)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        ArgumentNullException.ThrowIfNull(completed);
        if (!MayChange(sessionId, completed))
        {
            return;
        }

        if (_sessions.FindById(sessionId) is not { } session)
        {
            completed(new SessionResult(FaultCodes.SessionUnknown, "there is no session " + sessionId, sessionId));
            return;
        }

        if (session.IsOpen)
        {
            if (!_journal.TryAppend(JournalRecordType.SessionClosed, new SessionClosedRecord(session.Number, _clock.Now).Encode(), out _))
            {
                completed(new SessionResult(FaultCodes.SessionCommandNotNow, JournalRefusesText, sessionId));
                return;
            }

            // At once: the sooner the pods stop, the less is measured that belongs to nobody.
            _changed();
            _log.Write(FaultCodes.SessionClosed, "session " + sessionId, new HealthSubject(HealthSubjectKind.Session, sessionId));
        }

        _waiters.AfterSync(() => completed(SessionResult.Done(sessionId)));
    }

    /// <summary>Why something cannot be done for a session: the gateway does not run, or the session is not the open one.</summary>
    /// <param name="sessionId">Its name.</param>
    /// <returns>Null when it is the open one; else G2305 or G2331.</returns>
    internal SessionResult? NotOpen(string sessionId) =>
        !_life.IsRunning ? new SessionResult(FaultCodes.SessionCommandNotNow, NotRunningText, sessionId)
        : _sessions.Open is not { } open || !string.Equals(open.Id, sessionId, StringComparison.Ordinal)
            ? new SessionResult(FaultCodes.SessionNotOpen, "session " + sessionId + " is not open on this cart", sessionId)
        : null;

    private bool MayChange(string sessionId, Action<SessionResult> completed)
    {
        SessionResult? refused = !Names.IsValid(sessionId) ? new SessionResult(FaultCodes.SessionCommandNotUnderstood, "a session's name is 1 to 64 of A-Z a-z 0-9 '_' '-'", sessionId)
            : !_life.IsRunning ? new SessionResult(FaultCodes.SessionCommandNotNow, NotRunningText, sessionId)
            : _waiters.IsFull ? new SessionResult(FaultCodes.TooManyRequestsWaiting, SyncWaiters.FullText, sessionId)
            : null;
        if (refused is { } why)
        {
            completed(why);
        }

        return refused is null;
    }
}
