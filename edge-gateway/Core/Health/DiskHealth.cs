using System.Collections.Generic;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Faults;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Health;

/// <summary>
/// Says what the journal and its disk say: in health as long as it stands, in the log at each coming and going, as an event where a reader of the session has to know.
/// Damage stands until the next start, which names it again only when there is more of it; what was lost by it is declared as gaps.
/// </summary>
internal sealed class DiskHealth : IGatewayPart
{
    private static readonly HealthSubject Disk = new(HealthSubjectKind.Disk, "journal");

    private readonly IJournal _journal;
    private readonly OwnFrames _own;
    private readonly HealthIssues _issues;
    private readonly CodedLog _log;
    private readonly Queue<(string Code, int Argument, string What)> _events = new();
    private long _furtherUnread;
    private bool _hasToldUnread;

    /// <summary>Makes it.</summary>
    /// <param name="journal">The journal.</param>
    /// <param name="own">Makes events.</param>
    /// <param name="issues">The health.</param>
    /// <param name="log">The log.</param>
    public DiskHealth(IJournal journal, OwnFrames own, HealthIssues issues, CodedLog log)
    {
        _journal = journal;
        _own = own;
        _issues = issues;
        _log = log;
    }

    /// <summary>Why the disk refuses; Ok when it does not.</summary>
    public DiskStatus Status { get; private set; }

    public void Opened(JournalOpened opened)
    {
        if (opened.TornBytes > 0)
        {
            Note(FaultCodes.JournalTailCut, opened.TornBytes, Invariant.Text(opened.TornBytes) + " bytes of a write that had not ended");
        }

        foreach (JournalLoss loss in opened.Losses)
        {
            Lost(loss);
        }

        foreach (string name in opened.UnusableKeys)
        {
            _issues.Raise(FaultCodes.StoredKeysUnusable, new HealthSubject(HealthSubjectKind.Disk, name), "left alone");
        }

        foreach (string name in opened.Ignored)
        {
            _issues.Raise(FaultCodes.JournalNameNotAFile, new HealthSubject(HealthSubjectKind.Disk, LogText.Shown(name)), "left alone");
        }
    }

    /// <summary>Damage was found. What it took is seen when the uplink has read past it; there it becomes gaps.</summary>
    public void Lost(in JournalLoss loss)
    {
        if (loss.Damaged)
        {
            string what = loss.Where + ": records " + Invariant.Text(loss.First) + " to " + Invariant.Text(loss.Last);
            _issues.Raise(FaultCodes.JournalDamageSetAside, Disk, what);
            Note(FaultCodes.JournalDamageSetAside, loss.Last - loss.First + 1, what);
        }
    }

    /// <summary>
    /// Retention is about to give up records of a newer version, which nobody here can read: only their number is known. The first ones of a step are declared with an
    /// event before they go; those of further places in the same step are summed into one more, so that many places cost no more room than few.
    /// </summary>
    /// <param name="loss">Which.</param>
    /// <returns>False when it could not be declared now: the journal asks again.</returns>
    public bool UnreadGivenUp(in JournalLoss loss)
    {
        long count = loss.Last - loss.First + 1;
        if (_hasToldUnread)
        {
            _furtherUnread += count;
            return true;
        }

        string what = UnreadText(count) + ", " + Invariant.Text(loss.First) + " to " + Invariant.Text(loss.Last) + " in " + loss.Where;
        _hasToldUnread = _own.TryLossEvent(FaultCodes.StoredReadingsLost, Disk, (int)long.Min(count, int.MaxValue), what);
        return _hasToldUnread;
    }

    /// <summary>That the journal does not take readings is an issue of the health checks; here the reason goes to the log.</summary>
    public void Failing(DiskStatus status, string text)
    {
        Status = status;
        _log.Write(FaultCodes.DiskRefusesWrites, text, Disk);
    }

    /// <summary>The disk takes writes again.</summary>
    public void Recovered() => Status = DiskStatus.Ok;

    public void IntakeChanged(JournalIntake intake, string reason)
    {
        _issues.Set(intake == JournalIntake.Bookkeeping, FaultCodes.DiskFull, Disk, reason);
        _issues.Set(intake == JournalIntake.OpenSessionVitals, FaultCodes.DiskFullVitalsOnly, Disk, reason);
    }

    public long Step(long nowUs)
    {
        bool isMissing = _journal.IsReserveMissing;
        _issues.Set(isMissing, FaultCodes.JournalReserveMissing, Disk, isMissing ? _journal.IntakeReason : string.Empty);
        _hasToldUnread = false;
        if (_furtherUnread > 0)
        {
            long further = _furtherUnread;
            _furtherUnread = 0;
            _own.Event(FaultCodes.StoredReadingsLost, Disk, 0, (int)long.Min(further, int.MaxValue), UnreadText(further) + " in further places");
        }

        while (_events.TryDequeue(out (string Code, int Argument, string What) told))
        {
            _own.Event(told.Code, Disk, 0, told.Argument, told.What);
        }

        return long.MaxValue;
    }

    private static string UnreadText(long count) => Invariant.Text(count) + " records of a newer version given up";

    private void Note(string code, long argument, string what)
    {
        if (_events.Count < OwnFrames.MaxWaiting)
        {
            _events.Enqueue((code, (int)long.Min(argument, int.MaxValue), what));
        }
    }
}
