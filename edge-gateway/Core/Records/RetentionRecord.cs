using System;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Records;

/// <summary>A step of a key's retention. The byte is part of the journal's format: values are only ever added.</summary>
public enum RetentionStep : byte
{
    /// <summary>Its time runs from here on: nothing tells an earlier moment.</summary>
    Since = 1,

    /// <summary>Readings that nobody fetched have reached their age; they are given up when that still holds a day later.</summary>
    Due = 2,

    /// <summary>They have not reached it after all: the clock was wrong.</summary>
    NotDue = 3,

    /// <summary>Its records are erased.</summary>
    Erased = 4,
}

/// <summary><c>0 u8 kind | 1 u32 number | 5 u8 step | 6 i64 UTC µs</c>.</summary>
/// <param name="Owner">Whose key.</param>
/// <param name="Step">What happened.</param>
/// <param name="UtcUs">When, µs since 1970.</param>
public readonly record struct RetentionRecord(JournalKeyOwner Owner, RetentionStep Step, long UtcUs)
{
    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode() => new ByteWriter(14).U8(Owner.Kind).U32(Owner.Number).U8((int)Step).I64(UtcUs).ToArray();

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="record">What it says.</param>
    /// <returns>False when it is too short.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> payload, out RetentionRecord record)
    {
        ByteReader reader = new(payload);
        byte kind = (byte)reader.U8();
        uint number = reader.U32();
        RetentionStep step = (RetentionStep)reader.U8();
        record = new RetentionRecord(new JournalKeyOwner(kind, number), step, reader.I64());
        return !reader.Failed;
    }
}
