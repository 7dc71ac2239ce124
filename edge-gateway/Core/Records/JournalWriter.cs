using System;
using EdgeGateway.Core.Readings;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Records;

/// <summary>Sent of each frame that entered the journal.</summary>
internal delegate void FrameAppended(long index, in Reading reading);

/// <summary>Appends the gateway's records to the journal.</summary>
/// <param name="journal">The journal.</param>
/// <param name="now">The moment at which a frame comes in.</param>
/// <param name="classOf">The class that a stream has in a session already; null for a stream without one.</param>
/// <param name="parser">Sent what comes next, so that the projections need not read it back.</param>
internal sealed class JournalWriter(IJournal journal, Func<GatewayMoment> now, Func<DeliveryKey, RecordClass?> classOf, ReadingParser parser)
{
    /// <summary>Sent of each frame that entered the journal.</summary>
    public FrameAppended? Appended { get; set; }

    /// <summary>Index of the newest record; 0 for none.</summary>
    public long LastIndex => journal.LastIndex;

    /// <inheritdoc cref="IJournal.SyncedIndex"/>
    public long SyncedIndex => journal.SyncedIndex;

    /// <inheritdoc cref="IJournal.Intake"/>
    public JournalIntake Intake => journal.Intake;

    /// <inheritdoc cref="IJournal.RoomBytes"/>
    public int RoomBytes => journal.RoomBytes;

    /// <inheritdoc cref="IJournal.RecordOverhead"/>
    public int RecordOverhead => journal.RecordOverhead;

    /// <summary>Appends a record of the gateway's own bookkeeping.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="payload">Its payload; its bytes are not changed afterwards.</param>
    /// <param name="index">Its index.</param>
    /// <returns>False when the journal takes none now.</returns>
    public bool TryAppend(JournalRecordType type, ReadOnlyMemory<byte> payload, out long index) =>
        journal.TryAppendOwned((byte)type, RecordClass.Control, payload, out index, JournalPurpose.Bookkeeping);

    /// <summary>Appends a whole frame with its stamp.</summary>
    /// <param name="head">Its header.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="session">The session it is bound to; 0 for none.</param>
    /// <param name="reason">Why.</param>
    /// <param name="purpose">Which reserve it may use.</param>
    /// <returns>False when the journal takes none now.</returns>
    public bool TryAppendFrame(in FrameHead head, ReadOnlySpan<byte> frame, uint session, BindingReason reason, JournalPurpose purpose)
    {
        // A stream keeps the class of its first reading in a session, whatever an earlier version took it for.
        RecordClass recordClass = classOf(new DeliveryKey(session, head.Key)) ?? FrameHead.ClassOf(head.Kind, head.Stream);
        Reading reading = Reading.Make(head, frame, new FrameStamp(session, reason, now()), recordClass);
        parser.Expect(reading, journal.LastIndex + 1);
        if (!journal.TryAppendOwned((byte)JournalRecordType.Frame, recordClass, reading.Record, out long index, purpose))
        {
            return false;
        }

        Appended?.Invoke(index, reading);
        return true;
    }
}
