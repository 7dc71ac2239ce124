using System;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Ingest;

/// <summary>Takes in one proven frame: drops it when it is known, binds it, and appends it.</summary>
/// <param name="deduplication">What is known.</param>
/// <param name="binder">Decides on the session.</param>
/// <param name="sessions">Which session is open.</param>
/// <param name="journal">Where frames go, and what it takes now.</param>
/// <param name="unstored">Takes what a full disk keeps out.</param>
/// <param name="gaps">Sent of each frame that was stored.</param>
/// <param name="production">True when this gateway serves patients.</param>
internal sealed class FrameIntake(
    DeduplicationProjection deduplication, SessionBinder binder, SessionProjection sessions, JournalWriter journal, UnstoredReadings unstored, SequenceGaps gaps, bool production)
{
    /// <summary>Frames stored since the start.</summary>
    public long Stored { get; private set; }

    /// <summary>Frames that were known already, since the start.</summary>
    public long Duplicates { get; private set; }

    /// <summary>
    /// True when frames can be taken in. A full disk never stops a consultation: while a session is open, what is small and counts goes into the reserve for it; else the pods keep theirs.
    /// </summary>
    public bool IsOpen => journal.Intake == JournalIntake.Everything || IsVitalsOnly;

    private bool IsVitalsOnly => journal.Intake == JournalIntake.OpenSessionVitals && sessions.Open is not null;

    /// <summary>Takes one.</summary>
    /// <param name="frame">The frame.</param>
    /// <returns>False when the journal takes none now.</returns>
    public bool TryTake(ReadOnlySpan<byte> frame)
    {
        FrameHead head = FrameHead.Read(frame);
        if (deduplication.IsDuplicate(head.Key, head.Sequence))
        {
            Duplicates++;
            return true;
        }

        (uint session, BindingReason reason) = binder.Decide(head, frame, production);
        RecordClass recordClass = FrameHead.ClassOf(head.Kind, head.Stream);
        bool isBackground = recordClass is RecordClass.Sound or RecordClass.Wave;
        if (isBackground && IsVitalsOnly)
        {
            unstored.Add(new DeliveryKey(session, head.Key), head.Sequence);
            return true;
        }

        if (!journal.TryAppendFrame(head, frame, session, reason, isBackground ? JournalPurpose.Reading : JournalPurpose.OpenSessionVital))
        {
            return false;
        }

        Stored++;
        gaps.Stored(head);
        return true;
    }
}
