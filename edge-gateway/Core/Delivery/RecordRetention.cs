using System.Collections.Generic;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Journal;
using Firmware.Protocol;

namespace EdgeGateway.Core.Delivery;

/// <summary>
/// Erases stored readings by destroying their keys, when their time is over: delivered ones some days after their session's close, sound some hours after it was received, those that nobody fetched
/// after a month, declared as gaps first. It also counts the healthy hours after which a journal of an older version is encrypted. Without keys it does nothing.
/// </summary>
internal sealed class RecordRetention : IGatewayPart
{
    /// <summary>How often it looks, µs: times of retention are in hours and days.</summary>
    public const long PeriodUs = 3_600_000_000;

    /// <summary>From the start to the first look, µs: a cart that is switched on for an hour a day still erases.</summary>
    public const long FirstLookUs = 60_000_000;

    /// <summary>How long unfetched readings must have been too old, by a clock that may be wrong, before they are given up, µs.</summary>
    public const long SecondThoughtUs = RecordKeys.DayUs;

    private const int MaxNamed = 8;

    private readonly IJournal _journal;
    private readonly JournalWriter _writer;
    private readonly SyncWaiters _waiters;
    private readonly RetentionProjection _retention;
    private readonly SessionProjection _sessions;
    private readonly DeliveryProjection _delivery;
    private readonly DeliverySessions _deliverySessions;
    private readonly GatewayClock _clock;
    private readonly OwnFrames _own;
    private readonly ActRecorder _acts;
    private readonly HealthIssues _issues;
    private readonly GatewayOptions _options;
    private readonly SortedSet<JournalKeyOwner> _wished = [];
    private long _nextUs;
    private long _healthyFromUs;

    /// <summary>Makes it.</summary>
    /// <param name="journal">The journal with its keys.</param>
    /// <param name="writer">Where its steps are noted.</param>
    /// <param name="waiters">What waits for the disk.</param>
    /// <param name="retention">How far each key is.</param>
    /// <param name="sessions">The sessions.</param>
    /// <param name="delivery">What is still to be sent.</param>
    /// <param name="deliverySessions">Gives up what nobody fetched.</param>
    /// <param name="clock">The clocks.</param>
    /// <param name="own">Makes the event.</param>
    /// <param name="acts">The trail.</param>
    /// <param name="issues">Whether the disk is well.</param>
    /// <param name="options">The times.</param>
    public RecordRetention(
        IJournal journal, JournalWriter writer, SyncWaiters waiters, RetentionProjection retention, SessionProjection sessions, DeliveryProjection delivery, DeliverySessions deliverySessions,
        GatewayClock clock, OwnFrames own, ActRecorder acts, HealthIssues issues, GatewayOptions options)
    {
        _journal = journal;
        _writer = writer;
        _waiters = waiters;
        _retention = retention;
        _sessions = sessions;
        _delivery = delivery;
        _deliverySessions = deliverySessions;
        _clock = clock;
        _own = own;
        _acts = acts;
        _issues = issues;
        _options = options;
    }

    /// <inheritdoc/>
    public void Begin(long nowUs)
    {
        _nextUs = nowUs + FirstLookUs;
        _healthyFromUs = nowUs;
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        if (_journal.Keys is not { } keys)
        {
            return long.MaxValue;
        }

        if (_journal.Intake != JournalIntake.Everything)
        {
            _healthyFromUs = nowUs;
        }

        if (nowUs - _healthyFromUs >= PeriodUs)
        {
            _healthyFromUs = nowUs;
            if (!HasDiskIssue())
            {
                keys.AddHealthyHour();
            }
        }

        if (nowUs >= _nextUs)
        {
            _nextUs = nowUs + PeriodUs;
            Look(keys);
        }

        return long.Min(_nextUs, _healthyFromUs + PeriodUs);
    }

    private bool HasDiskIssue()
    {
        foreach (HealthIssue issue in _issues.ToList())
        {
            if (issue.Subject.Kind == HealthSubjectKind.Disk && FaultCatalogue.Default[issue.Code].Severity >= FaultSeverity.Error)
            {
                return true;
            }
        }

        return false;
    }

    private void Look(IJournalKeys keys)
    {
        GatewayMoment now = _clock.Now;
        if (!now.HasUtc || _clock.Utc.Implausible is not null)
        {
            return; // no age can be told
        }

        long utcUs = now.UtcUs - now.UncertaintyUs;
        SortedDictionary<uint, SessionDelivered> delivered = Delivered();
        List<string> erased = [];
        foreach (JournalKeyOwner owner in new List<JournalKeyOwner>(keys.Owners))
        {
            bool isOver = owner.Kind switch
            {
                RecordKeys.Session => IsSessionOver(owner, delivered.GetValueOrDefault(owner.Number), utcUs),
                RecordKeys.SessionSound => IsSoundOver(owner, delivered.GetValueOrDefault(owner.Number), utcUs),
                RecordKeys.Day => utcUs >= ((owner.Number + 1L) * RecordKeys.DayUs) + DeliveredUs,
                RecordKeys.Boot => owner.Number != _clock.BootId && SinceMark(owner, utcUs) is { } since && utcUs >= since + DeliveredUs,
                _ => false, // of a newer version
            };
            if (!isOver || _waiters.IsFull)
            {
                continue;
            }

            if (_wished.Contains(owner))
            {
                keys.Erase(owner); // not done since the last look, or taken back by a record that came meanwhile
            }
            else if (TryNote(owner, RetentionStep.Erased, utcUs))
            {
                _wished.Add(owner);
                _waiters.AfterSync(() => keys.Erase(owner));
                erased.Add(NameOf(owner));
                _acts.Record(new Act(ActNames.KeysErased, ActAuthor.Gateway) { Session = SessionOf(owner), Subject = owner.Kind == RecordKeys.SessionSound ? "sound" : SessionOf(owner).Length > 0 ? string.Empty : "unbound" });
            }
        }

        _wished.RemoveWhere(owner => !Has(keys, owner));
        if (erased.Count > 0)
        {
            string what = string.Join(", ", erased.GetRange(0, int.Min(erased.Count, MaxNamed))) + (erased.Count > MaxNamed ? " and " + Invariant.Text(erased.Count - MaxNamed) + " more" : string.Empty);
            _own.Event(FaultCodes.RecordsErased, HealthSubject.Gateway, 0, erased.Count, what);
        }
    }

    private static bool Has(IJournalKeys keys, JournalKeyOwner owner)
    {
        foreach (JournalKeyOwner known in keys.Owners)
        {
            if (known == owner)
            {
                return true;
            }
        }

        return false;
    }

    private long DeliveredUs => _options.DeliveredDays * RecordKeys.DayUs;

    private bool IsSessionOver(JournalKeyOwner owner, SessionDelivered delivered, long utcUs)
    {
        if (ClosedUtcUs(owner, utcUs) is not { } closedUs)
        {
            return false;
        }

        return delivered.Pending == 0 ? utcUs >= closedUs + DeliveredUs : IsGivenUp(owner, closedUs, utcUs);
    }

    private bool IsSoundOver(JournalKeyOwner owner, SessionDelivered delivered, long utcUs)
    {
        if (ClosedUtcUs(owner, utcUs) is not { } closedUs)
        {
            return false;
        }

        if (delivered.PendingSound > 0)
        {
            return IsGivenUp(owner, closedUs, utcUs);
        }

        // Received by nobody who says so: it goes with the session's other readings.
        bool isReceived = delivered.UnreceivedSound == 0;
        return utcUs >= closedUs + DeliveredUs || (isReceived && SinceMark(owner, utcUs) is { } since && utcUs >= since + (_options.SoundHours * PeriodUs));
    }

    // True when nothing is left to be sent: what nobody fetched in time has been declared as lost, on the second look a day later.
    private bool IsGivenUp(JournalKeyOwner owner, long closedUs, long utcUs)
    {
        RetentionState state = _retention.Find(owner);
        bool isDue = utcUs >= closedUs + (_options.UndeliveredDays * RecordKeys.DayUs);
        if (!isDue)
        {
            if (state.DueUtcUs is not null)
            {
                TryNote(owner, RetentionStep.NotDue, utcUs);
            }

            return false;
        }

        if (state.DueUtcUs is not { } dueUs)
        {
            TryNote(owner, RetentionStep.Due, utcUs);
        }
        else if (utcUs >= dueUs + SecondThoughtUs)
        {
            _deliverySessions.Expire(owner.Number);
        }

        return false; // with the next look, when its declaration is on the disk and nothing is pending
    }

    // When a session was closed; null while it is open. Where no UTC is known of it, its time begins when it is first looked at.
    private long? ClosedUtcUs(JournalKeyOwner owner, long utcUs) =>
        _sessions.Find(owner.Number) is not { } session ? SinceMark(owner, utcUs)
        : session.ClosedAt is not { } closed ? null
        : closed.HasUtc ? closed.UtcUs + closed.UncertaintyUs
        : SinceMark(owner, utcUs);

    private long? SinceMark(JournalKeyOwner owner, long utcUs)
    {
        if (_retention.Find(owner).SinceUtcUs is { } since)
        {
            return since;
        }

        TryNote(owner, RetentionStep.Since, utcUs);
        return null;
    }

    private bool TryNote(JournalKeyOwner owner, RetentionStep step, long utcUs) => _writer.TryAppend(JournalRecordType.Retention, new RetentionRecord(owner, step, utcUs).Encode(), out _);

    private string SessionOf(JournalKeyOwner owner) => owner.Kind is RecordKeys.Session or RecordKeys.SessionSound ? _sessions.Find(owner.Number)?.Id ?? string.Empty : string.Empty;

    private string NameOf(JournalKeyOwner owner) => owner.Kind switch
    {
        RecordKeys.Session => "session " + (_sessions.Find(owner.Number)?.Id ?? Invariant.Text(owner.Number)),
        RecordKeys.SessionSound => "sound of session " + (_sessions.Find(owner.Number)?.Id ?? Invariant.Text(owner.Number)),
        RecordKeys.Day => "unbound readings of day " + Invariant.Text(owner.Number),
        _ => "unbound readings of start " + Invariant.Text(owner.Number),
    };

    // Gap records are plain and say what was lost: they wait for whoever asks, and keep nothing else alive.
    private SortedDictionary<uint, SessionDelivered> Delivered()
    {
        SortedDictionary<uint, SessionDelivered> sessions = [];
        foreach ((DeliveryKey key, DeliveryMarks marks) in _delivery.Marks)
        {
            if (key.Stream.Stream == Streams.Gaps)
            {
                continue;
            }

            SessionDelivered so = sessions.GetValueOrDefault(key.Session);
            bool isSound = marks.Class == RecordClass.Sound;
            bool isReceived = marks.Pending == 0 && (!_options.ReceiptsExpected || (_delivery.Totals(key.Stream)?.ReceivedThrough ?? 0) >= marks.SentThrough);
            sessions[key.Session] = new SessionDelivered(
                so.Pending + (isSound ? 0 : marks.Pending), so.PendingSound + (isSound ? marks.Pending : 0), so.UnreceivedSound + (isSound && !isReceived ? 1 : 0));
        }

        return sessions;
    }

    private readonly record struct SessionDelivered(long Pending, long PendingSound, long UnreceivedSound);
}
