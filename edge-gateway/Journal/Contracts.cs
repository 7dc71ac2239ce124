using System;
using System.Collections.Generic;

namespace EdgeGateway.Journal;

/// <summary>How long a record is worth keeping against another when space is short. The lowest class gives way first.</summary>
public enum RecordClass : byte
{
    /// <summary>The journal's own bookkeeping (sessions, marks, receipts): kept as long as anything refers to it.</summary>
    Control = 0,

    /// <summary>Vital signs, absences, gap records.</summary>
    Vital = 1,

    /// <summary>Events.</summary>
    Event = 2,

    /// <summary>Sound.</summary>
    Sound = 3,

    /// <summary>Waveforms.</summary>
    Wave = 4,
}

/// <summary>One record as it is read back.</summary>
/// <param name="Index">Its number in the one order of the log, from 1, never used twice.</param>
/// <param name="Type">What the payload is; the meaning is the owner's.</param>
/// <param name="Class">Its class.</param>
/// <param name="Payload">The bytes; valid during the call only.</param>
public readonly record struct JournalRecord(long Index, byte Type, RecordClass Class, ReadOnlyMemory<byte> Payload)
{
    /// <summary>The class on the disk when this version does not know it, 5 to 127; the record is kept as a vital sign then, and only an inspection shows it. Null otherwise.</summary>
    public byte? UnknownMark { get; init; }

    /// <summary>Encrypted, and there is no key for it here; only an inspection shows it, with the payload as it stands on the disk.</summary>
    public bool IsLocked { get; init; }
}

/// <summary>
/// State made of the records alone. The journal feeds every projection each record once, in order, when it is appended or, at a start, read back
/// after the newest checkpoint; it saves all projections together in a checkpoint from time to time.
/// </summary>
public interface IJournalProjection
{
    /// <summary>Its name in checkpoints, 1 to 32 of a-z and '-'.</summary>
    string Name { get; }

    /// <summary>True when checkpoints of versions without it are taken all the same: it is then empty, since they wrote no record that it is made of. While it is empty, and says so with no bytes, it stays out of checkpoints.</summary>
    bool MayBeMissing => false;

    /// <summary>Back to the state before the first record.</summary>
    void Reset();

    /// <summary>Takes in one record.</summary>
    /// <param name="record">The record.</param>
    void Apply(in JournalRecord record);

    /// <summary>The whole state as bytes, the same bytes for the same state.</summary>
    /// <returns>The bytes.</returns>
    byte[] Save();

    /// <summary>Restores what <see cref="Save"/> made.</summary>
    /// <param name="state">The bytes.</param>
    /// <returns>False when they are not understood; the journal then replays from the beginning.</returns>
    bool TryLoad(ReadOnlySpan<byte> state);
}

/// <summary>Records that are gone, to be declared by the owner as gap records.</summary>
/// <param name="First">First index lost.</param>
/// <param name="Last">Last index lost.</param>
/// <param name="Class">The class lost, or null when it cannot be known.</param>
/// <param name="Damaged">True: damage was set aside. False: retention removed them.</param>
/// <param name="Where">The segment file, for the log.</param>
public readonly record struct JournalLoss(long First, long Last, RecordClass? Class, bool Damaged, string Where);

/// <summary>What opening found.</summary>
/// <param name="FirstIndex">Oldest record there is, 0 when empty.</param>
/// <param name="LastIndex">Newest record, 0 when empty.</param>
/// <param name="TornBytes">Bytes of an unfinished tail that were cut.</param>
/// <param name="RecordsReplayed">Records read after the checkpoint.</param>
/// <param name="Losses">Damage that was set aside.</param>
public sealed record JournalOpened(long FirstIndex, long LastIndex, long TornBytes, long RecordsReplayed, IReadOnlyList<JournalLoss> Losses)
{
    /// <summary>Names in the directory that look like the journal's and are no regular files (symbolic links, directories): they are left alone, and what should be in them counts as missing.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];

    /// <summary>Key files that the cart's key does not open, or that are damaged: left alone. Their records are in <see cref="Losses"/> as far as they were to be replayed, and are skipped by reads.</summary>
    public IReadOnlyList<string> UnusableKeys { get; init; } = [];
}

/// <summary>What the journal takes now. Each level includes those below it.</summary>
public enum JournalIntake
{
    /// <summary>Nothing: it is not open, or the disk refuses.</summary>
    Nothing,

    /// <summary>Bookkeeping only (marks, receipts, releases, gap records): the disk is full, and the reserve that is left is for these.</summary>
    Bookkeeping,

    /// <summary>Bookkeeping and vital signs of the open session, from the reserve for them.</summary>
    OpenSessionVitals,

    /// <summary>Everything.</summary>
    Everything,
}

/// <summary>What an append is for, which decides whether it is taken while the disk is full.</summary>
public enum JournalPurpose
{
    /// <summary>A reading: refused as soon as the disk is full, so that whoever sent it keeps it.</summary>
    Reading,

    /// <summary>A vital sign of the session that is open now: taken while the reserve for them lasts.</summary>
    OpenSessionVital,

    /// <summary>Bookkeeping: marks, receipts, releases, gap records. Taken as long as the disk can write at all.</summary>
    Bookkeeping,
}

/// <summary>The owner of a journal. Every call comes on its loop.</summary>
public interface IJournalHandler
{
    /// <summary>The journal is open, the projections hold their state.</summary>
    /// <param name="opened">What was found.</param>
    void Opened(JournalOpened opened);

    /// <summary>Every record up to and including this index is on the disk.</summary>
    /// <param name="throughIndex">The index.</param>
    void Synced(long throughIndex);

    /// <summary>What the journal takes has changed; called once for each change.</summary>
    /// <param name="intake">What it takes from now on.</param>
    /// <param name="reason">Why, English, for the log; empty for <see cref="JournalIntake.Everything"/>.</param>
    void IntakeChanged(JournalIntake intake, string reason);

    /// <summary>The disk refuses. Appends are refused until it recovers; what was appended and not synced is not acknowledged.</summary>
    /// <param name="status">Why.</param>
    /// <param name="text">What happened, for the log.</param>
    void Failing(DiskStatus status, string text);

    /// <summary>Appends are possible again.</summary>
    void Recovered();

    /// <summary>
    /// Retention is about to remove records, or damage was found while reading. The owner appends its declarations during the call; the records are removed when these are on the disk.
    /// </summary>
    /// <param name="loss">What is gone.</param>
    /// <param name="records">The records themselves when they could be read (retention), so that their identities can be declared; valid during the call only. Empty for records of an unknown class, of which each call has one run of neighbouring indices.</param>
    /// <returns>False when the owner could not declare all of it now: retention then leaves the records where they are and asks again later.</returns>
    bool Lost(in JournalLoss loss, IReadOnlyList<JournalRecord> records);

    /// <summary>A read begun by <see cref="IJournal.BeginRead"/> ended.</summary>
    /// <param name="ticket">Its ticket.</param>
    /// <param name="records">Records in order; valid during the call only.</param>
    /// <param name="nextIndex">Where to go on; beyond the last index when all was read.</param>
    void Read(long ticket, IReadOnlyList<JournalRecord> records, long nextIndex);
}

/// <summary>
/// The durable, ordered store: bytes, order, durability, retention, inspection. It knows no meanings. Not thread safe: one loop owns it.
/// </summary>
public interface IJournal
{
    /// <summary>True after Opened and while bookkeeping can be appended. Readings may be refused all the same: see <see cref="Intake"/>.</summary>
    bool IsWritable { get; }

    /// <summary>What it takes now.</summary>
    JournalIntake Intake { get; }

    /// <summary>Why it takes less than everything, English; empty otherwise.</summary>
    string IntakeReason { get; }

    /// <summary>True when the disk is too small for the reserves: the journal works without them, and what the system says is free decides alone.</summary>
    bool IsReserveMissing { get; }

    /// <summary>Bytes that can still be appended before the bound of unsynced bytes refuses: payloads plus <see cref="RecordOverhead"/> each. 0 while nothing is taken.</summary>
    int RoomBytes { get; }

    /// <summary>What a record takes beyond its payload, bytes.</summary>
    int RecordOverhead { get; }

    /// <summary>The keys of encrypted records; null for a journal without.</summary>
    IJournalKeys? Keys => null;

    /// <summary>Newest index appended.</summary>
    long LastIndex { get; }

    /// <summary>Newest index known to be on the disk.</summary>
    long SyncedIndex { get; }

    /// <summary>Begins to open: lists, recovers, replays; ends with <see cref="IJournalHandler.Opened"/>.</summary>
    void Open();

    /// <summary>Appends in memory and begins to write; durable when <see cref="IJournalHandler.Synced"/> names it. Projections have seen it when the call returns.</summary>
    /// <param name="type">The owner's record type, 0 to 254; 255 is the journal's own.</param>
    /// <param name="recordClass">Its class.</param>
    /// <param name="payload">The bytes; copied.</param>
    /// <param name="index">The record's index; 0 when refused.</param>
    /// <param name="purpose">What it is for.</param>
    /// <returns>False when <see cref="Intake"/> does not allow it or when the bound of unsynced bytes is reached; nothing was appended.</returns>
    bool TryAppend(byte type, RecordClass recordClass, ReadOnlySpan<byte> payload, out long index, JournalPurpose purpose = JournalPurpose.Reading);

    /// <summary>The same without a copy: the journal keeps the bytes until they are on the disk, and shows them to the projections and to reads. Nobody may change them any more.</summary>
    /// <param name="type">What the payload is.</param>
    /// <param name="recordClass">Its class.</param>
    /// <param name="payload">The bytes.</param>
    /// <param name="index">Its number.</param>
    /// <param name="purpose">What it is for.</param>
    /// <returns>False when it cannot be taken now.</returns>
    bool TryAppendOwned(byte type, RecordClass recordClass, ReadOnlyMemory<byte> payload, out long index, JournalPurpose purpose = JournalPurpose.Reading) =>
        TryAppend(type, recordClass, payload.Span, out index, purpose);

    /// <summary>Begins to read records of some classes in order, from the disk or from memory, synced or not.</summary>
    /// <param name="fromIndex">First index wanted.</param>
    /// <param name="classes">Bit per class wanted (1 &lt;&lt; class).</param>
    /// <param name="maxBytes">Roughly how many payload bytes at most; at least one record comes when there is one.</param>
    /// <param name="ticket">Names the read in its end.</param>
    void BeginRead(long fromIndex, int classes, int maxBytes, long ticket);

    /// <summary>Records of these classes below this index are no longer needed for delivery: they are the first to give way.</summary>
    /// <param name="classes">Bit per class.</param>
    /// <param name="index">First index still needed.</param>
    void Release(int classes, long index);

    /// <summary>Writes a checkpoint and syncs, in order to stop.</summary>
    /// <param name="ticket">Ends as a <see cref="IJournalHandler.Read"/> with no records.</param>
    void BeginClose(long ticket);

    /// <summary>Deadlines (checkpoints, retries).</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next, µs.</returns>
    long Step(long nowUs);
}
