using System;
using EdgeGateway.Core.Readings;
using EdgeGateway.Journal;
using Firmware.Protocol;

namespace EdgeGateway.Core.Records;

/// <summary>Which records are encrypted together and erased together. The kinds are part of the journal's format: values are only ever added.</summary>
public static class RecordKeys
{
    /// <summary>Readings of a session, by its number; sound apart.</summary>
    public const byte Session = 1;

    /// <summary>Sound of a session, by its number.</summary>
    public const byte SessionSound = 2;

    /// <summary>Readings of no session, by the UTC day on which they came, counted from 1970-01-01.</summary>
    public const byte Day = 3;

    /// <summary>Readings of no session that came while UTC was not known, by the start of the gateway.</summary>
    public const byte Boot = 4;

    /// <summary>µs of one day.</summary>
    public const long DayUs = 86_400_000_000;

    /// <summary>Whose key encrypts a record. Bookkeeping and gap records hold no measured value and stay plain: what was lost can be said after the readings are erased.</summary>
    /// <param name="type">The record's type.</param>
    /// <param name="recordClass">Its class.</param>
    /// <param name="payload">Its payload.</param>
    /// <returns>The key owner; none for a record that stays plain.</returns>
    public static JournalKeyOwner OwnerOf(byte type, RecordClass recordClass, ReadOnlySpan<byte> payload)
    {
        if (type != (byte)JournalRecordType.Frame || !FrameStamp.TryRead(payload, out FrameStamp stamp) || FrameHead.Read(payload[FrameStamp.Length..]).Kind == FrameKind.Gap)
        {
            return default;
        }

        return stamp.Session != 0 ? new JournalKeyOwner(recordClass == RecordClass.Sound ? SessionSound : Session, stamp.Session)
            : stamp.Received.HasUtc && stamp.Received.UtcUs >= 0 ? new JournalKeyOwner(Day, (uint)(stamp.Received.UtcUs / DayUs))
            : new JournalKeyOwner(Boot, stamp.Received.BootId);
    }
}
