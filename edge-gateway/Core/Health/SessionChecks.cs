using System;
using System.Collections.Generic;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Faults;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Health;

/// <summary>Finds what is not well with the open session: readings that wait, that nobody acknowledges or takes, and listeners that stay away.</summary>
/// <param name="sessions">Which session is open.</param>
/// <param name="delivery">What waits.</param>
/// <param name="journal">How far the journal is.</param>
/// <param name="followers">Who listens.</param>
/// <param name="issues">The health.</param>
internal sealed class SessionChecks(SessionProjection sessions, DeliveryProjection delivery, JournalReader journal, Followers followers, HealthIssues issues)
{
    /// <summary>Readings that wait this long because nobody subscribes are an issue, µs.</summary>
    public const long NobodyUs = 30_000_000;

    /// <summary>Readings handed over and not acknowledged for this long are an issue, µs.</summary>
    public const long UnacknowledgedUs = 15_000_000;

    /// <summary>Readings that wait this long although somebody takes some are an issue, µs.</summary>
    public const long BehindUs = 30_000_000;

    /// <summary>The last listener of the open session that stays away this long is an issue, µs: longer than a reload of the page.</summary>
    public const long ListenerGoneUs = 10_000_000;

    private readonly Queue<(long Us, long Index)> _indexes = new();
    private long _nextIndexUs;
    private long _indexBefore;
    private long _nobodySinceUs = -1;
    private long _waitingSinceUs = -1;
    private long _acknowledged;
    private uint _session;
    private string _sessionName = string.Empty;

    /// <summary>Looks at the open session.</summary>
    /// <param name="facts">What there is to look at now.</param>
    /// <param name="refuses">True while the journal refuses readings.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Look(in HealthFacts facts, bool refuses, long nowUs)
    {
        long storedBefore = IndexBefore(nowUs);
        Session? open = sessions.Open;
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
            followers.ForgetLast();
            _nobodySinceUs = _waitingSinceUs = -1;
        }

        foreach (HealthIssue stands in issues.Of(FaultCodes.LastListenerGone))
        {
            if (open is null || followers.Any)
            {
                issues.Clear(FaultCodes.LastListenerGone, stands.Subject);
            }
        }

        if (open is null)
        {
            return;
        }

        if (followers.LastGone.Length > 0)
        {
            if (followers.Any)
            {
                followers.ForgetLast();
            }
            else if (nowUs - followers.LastGoneUs >= ListenerGoneUs)
            {
                issues.Set(true, FaultCodes.LastListenerGone, new HealthSubject(HealthSubjectKind.Listener, followers.LastGone), "session " + open.Id, followers.LastGoneUs);
            }
        }

        HealthSubject subject = new(HealthSubjectKind.Session, open.Id);
        long pending = delivery.PendingBySession.GetValueOrDefault(open.Number);
        bool nobody = facts.IsUp && !facts.HasSubscriber && pending > 0;
        _nobodySinceUs = !nobody ? -1 : _nobodySinceUs < 0 ? nowUs : _nobodySinceUs;
        bool hasNoSubscriber = nobody && nowUs - _nobodySinceUs >= NobodyUs && !issues.Stands(FaultCodes.NobodySubscribes, subject);
        string waiting = Invariant.Text(pending) + " readings wait";
        issues.Set(hasNoSubscriber, FaultCodes.SessionHasNoSubscriber, subject, waiting, _nobodySinceUs);

        // A disk that refuses takes no marks: then it is not the listener who is silent.
        bool silent = facts.IsUp && !nobody && !refuses && pending > 0 && facts.InFlight > 0 && facts.Acknowledged == _acknowledged;
        _acknowledged = facts.Acknowledged;
        _waitingSinceUs = !silent ? -1 : _waitingSinceUs < 0 ? nowUs : _waitingSinceUs;
        bool isUnacknowledged = silent && nowUs - _waitingSinceUs >= UnacknowledgedUs;
        issues.Set(isUnacknowledged, FaultCodes.SessionNotAcknowledged, subject, Invariant.Text(facts.InFlight) + " readings handed over", _waitingSinceUs);
        string oldest = facts.IsUp && !nobody && !isUnacknowledged && !refuses ? ClassBehind(open.Number, storedBefore) : string.Empty;
        issues.Set(oldest.Length > 0, FaultCodes.DeliveryLate, subject, waiting + ", " + oldest, nowUs - BehindUs);
    }

    /// <summary>The first class, vital signs first, of which a reading waits that was stored at or before an index; empty when none does.</summary>
    private string ClassBehind(uint session, long index)
    {
        foreach (RecordClass recordClass in (ReadOnlySpan<RecordClass>)[RecordClass.Vital, RecordClass.Event, RecordClass.Sound, RecordClass.Wave])
        {
            if (delivery.FirstPending(session, recordClass) <= index)
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

    /// <summary>Notes the journal's newest index once a second, for as long as a reading may wait; gives the newest one from that long ago, 0 while there is none.</summary>
    private long IndexBefore(long nowUs)
    {
        if (nowUs >= _nextIndexUs)
        {
            _nextIndexUs = nowUs + HealthChecks.PeriodUs;
            _indexes.Enqueue((nowUs, journal.LastIndex));
        }

        while (_indexes.TryPeek(out (long Us, long Index) noted) && nowUs - noted.Us >= BehindUs)
        {
            _indexBefore = noted.Index;
            _indexes.Dequeue();
        }

        return _indexBefore;
    }
}
