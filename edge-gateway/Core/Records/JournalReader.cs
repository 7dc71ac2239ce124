using System.Collections.Generic;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Records;

/// <summary>Receives the records of a read.</summary>
internal delegate void RecordsRead(IReadOnlyList<JournalRecord> records, long nextIndex);

/// <summary>Reads of the journal, each with what is to be done with its records, and the tickets of all that is settled later.</summary>
internal sealed class JournalReader(IJournal journal)
{
    private readonly Dictionary<long, RecordsRead> _reads = [];
    private long _lastTicket;

    /// <inheritdoc cref="IJournal.LastIndex"/>
    public long LastIndex => journal.LastIndex;

    /// <inheritdoc cref="IJournal.SyncedIndex"/>
    public long SyncedIndex => journal.SyncedIndex;

    /// <summary>A ticket that no other has.</summary>
    /// <returns>From 1.</returns>
    public long NextTicket() => ++_lastTicket;

    /// <summary>Begins a read.</summary>
    /// <param name="fromIndex">Where.</param>
    /// <param name="classes">Bit set of <see cref="RecordClass"/>.</param>
    /// <param name="maxBytes">Most bytes.</param>
    /// <param name="then">Sent the records, once.</param>
    /// <returns>Its ticket.</returns>
    public long Read(long fromIndex, int classes, int maxBytes, RecordsRead then)
    {
        long ticket = NextTicket();
        _reads.Add(ticket, then);
        journal.BeginRead(fromIndex, classes, maxBytes, ticket);
        return ticket;
    }

    /// <summary>Nobody will read records of these classes below an index any more: the journal may give them up first.</summary>
    /// <param name="classes">Bit set of <see cref="RecordClass"/>.</param>
    /// <param name="index">The first one that is still wanted.</param>
    public void Release(int classes, long index) => journal.Release(classes, index);

    /// <summary>A read has ended.</summary>
    /// <param name="ticket">Its ticket.</param>
    /// <param name="records">What was read.</param>
    /// <param name="nextIndex">Where it goes on.</param>
    /// <returns>False when the ticket is none of a read.</returns>
    public bool TryEnd(long ticket, IReadOnlyList<JournalRecord> records, long nextIndex)
    {
        if (!_reads.Remove(ticket, out RecordsRead? then))
        {
            return false;
        }

        then(records, nextIndex);
        return true;
    }
}
