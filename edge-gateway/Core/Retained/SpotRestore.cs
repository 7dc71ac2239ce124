using System;
using System.Collections.Generic;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Journal;
using Firmware.Protocol;

namespace EdgeGateway.Core.Retained;

/// <summary>Takes a spot value that was read from the journal.</summary>
internal delegate void SpotFound(long index, in Reading reading, ReadOnlyMemory<byte> json);

/// <summary>Reads the spot values of the open session from the journal again when the gateway starts.</summary>
/// <param name="sessions">The sessions.</param>
/// <param name="delivery">Which streams the session has.</param>
/// <param name="journal">The journal.</param>
/// <param name="messages">Makes the values' JSON.</param>
internal sealed class SpotRestore(SessionProjection sessions, DeliveryProjection delivery, JournalReader journal, ReadingMessages messages)
{
    private const int VitalClass = 1 << (int)RecordClass.Vital;
    private const int EventClass = 1 << (int)RecordClass.Event;

    /// <summary>Reads those of the open session.</summary>
    /// <param name="found">Sent each, later.</param>
    public void Read(SpotFound found)
    {
        if (sessions.Open is not { } open)
        {
            return;
        }

        long events = long.MaxValue;
        int vitals = 0;
        foreach ((DeliveryKey key, DeliveryMarks marks) in delivery.Marks)
        {
            if (key.Session == open.Number && marks.Class == RecordClass.Vital && vitals++ < RetainedTopics.MaxRows)
            {
                journal.Read(marks.LastIndex, VitalClass, 1, (records, _) => Restore(open, found, records));
            }
            else if (key.Session == open.Number && marks.Class == RecordClass.Event && key.Stream.Stream == Streams.Events)
            {
                events = Math.Min(events, marks.FirstIndex);
            }
        }

        if (events != long.MaxValue)
        {
            RestoreEvents(open, found, events, journal.LastIndex);
        }
    }

    private void Restore(Session open, SpotFound found, IReadOnlyList<JournalRecord> records)
    {
        foreach (JournalRecord record in records)
        {
            if (Reading.TryRead(record, out Reading reading) && reading.Session == open.Number && sessions.Open?.Number == open.Number
                && SpotValues.IsOne(reading))
            {
                found(record.Index, reading, messages.Make(open, reading, null).Payload);
            }
        }
    }

    private void RestoreEvents(Session open, SpotFound found, long from, long through) => journal.Read(from, EventClass, 64 * 1024, (records, next) =>
    {
        Restore(open, found, records);
        if (records.Count > 0 && next <= through)
        {
            RestoreEvents(open, found, next, through);
        }
    });
}
