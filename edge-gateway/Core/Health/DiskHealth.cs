using System.Collections.Generic;
using EdgeGateway.Core.Access;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Health;

/// <summary>
/// Says what the journal and its disk say: in health as long as it stands, in the log at each coming and going, as an event where a reader of the session has to know.
/// Damage stands until the next start, which names it again only when there is more of it; what was lost by it is declared as gaps.
/// </summary>
internal sealed class DiskHealth
{
    /// <summary>Readings are refused.</summary>
    public const string ReadingsRefused = "G2210";

    /// <summary>Only vital signs of the open session are taken.</summary>
    public const string VitalsOnly = "G2211";

    /// <summary>The disk is too small for the reserve.</summary>
    public const string ReserveMissing = "G2212";

    /// <summary>Damage was set aside.</summary>
    public const string Damaged = "G2213";

    /// <summary>An unfinished write was cut.</summary>
    public const string TornTail = "G2214";

    /// <summary>A name of the journal's is no regular file.</summary>
    public const string NotAFile = "G2215";

    /// <summary>The disk refuses all writing.</summary>
    public const string Refuses = "G2207";

    private static readonly HealthSubject Disk = new(HealthSubjectKind.Disk, "journal");

    private readonly GatewayContext _context;
    private readonly Queue<(string Code, int Argument, string What)> _events = new();

    public DiskHealth(GatewayContext context) => _context = context;

    public void Opened(JournalOpened opened)
    {
        if (opened.TornBytes > 0)
        {
            Note(TornTail, opened.TornBytes, GatewayContext.Text(opened.TornBytes) + " bytes of a write that had not ended");
        }

        foreach (JournalLoss loss in opened.Losses)
        {
            Lost(loss);
        }

        foreach (string name in opened.Ignored)
        {
            _context.Issues.Raise(NotAFile, new HealthSubject(HealthSubjectKind.Disk, ListenerAccess.Shown(name)), "left alone");
        }
    }

    /// <summary>Damage was found. What it took is seen when the uplink has read past it; there it becomes gaps.</summary>
    public void Lost(in JournalLoss loss)
    {
        if (loss.Damaged)
        {
            string what = loss.Where + ": records " + GatewayContext.Text(loss.First) + " to " + GatewayContext.Text(loss.Last);
            _context.Issues.Raise(Damaged, Disk, what);
            Note(Damaged, loss.Last - loss.First + 1, what);
        }
    }

    /// <summary>That the journal does not take readings is an issue of the health checks; here the log is told why.</summary>
    public void Failing(string text) => _context.Log(Refuses, text, Disk);

    public void IntakeChanged(JournalIntake intake, string reason)
    {
        _context.Issues.Set(intake == JournalIntake.Bookkeeping, ReadingsRefused, Disk, reason);
        _context.Issues.Set(intake == JournalIntake.OpenSessionVitals, VitalsOnly, Disk, reason);
    }

    public void Step()
    {
        _context.Issues.Set(_context.Journal.IsReserveMissing, ReserveMissing, Disk, _context.Journal.IntakeReason);
        while (_events.TryDequeue(out (string Code, int Argument, string What) told))
        {
            _context.Event(told.Code, 0, told.Argument, told.What);
        }
    }

    private void Note(string code, long argument, string what)
    {
        if (_events.Count < GatewayContext.MaxWaitingFrames)
        {
            _events.Enqueue((code, (int)long.Min(argument, int.MaxValue), what));
        }
    }
}
