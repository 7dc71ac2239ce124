using System;

namespace EdgeGateway.Journal;

/// <summary>Whose key encrypts a record. The meaning is the owner's of the journal; records of one key owner are erased together, by destroying its key.</summary>
/// <param name="Kind">What the number counts, 1 to 255; 0 for a record that stays plain.</param>
/// <param name="Number">Its number.</param>
public readonly record struct JournalKeyOwner(byte Kind, uint Number) : IComparable<JournalKeyOwner>
{
    /// <summary>True for a record that stays plain.</summary>
    public bool IsNone => Kind == 0;

    /// <inheritdoc/>
    public int CompareTo(JournalKeyOwner other) => Kind == other.Kind ? Number.CompareTo(other.Number) : Kind.CompareTo(other.Kind);

    /// <summary>Smaller in the order kind, number.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when it is.</returns>
    public static bool operator <(JournalKeyOwner left, JournalKeyOwner right) => left.CompareTo(right) < 0;

    /// <summary>Greater in the order kind, number.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when it is.</returns>
    public static bool operator >(JournalKeyOwner left, JournalKeyOwner right) => left.CompareTo(right) > 0;

    /// <summary>Not greater in the order kind, number.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when it is.</returns>
    public static bool operator <=(JournalKeyOwner left, JournalKeyOwner right) => left.CompareTo(right) <= 0;

    /// <summary>Not smaller in the order kind, number.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when it is.</returns>
    public static bool operator >=(JournalKeyOwner left, JournalKeyOwner right) => left.CompareTo(right) >= 0;
}

/// <summary>Says whose key encrypts a record.</summary>
/// <param name="type">The record's type.</param>
/// <param name="recordClass">Its class.</param>
/// <param name="payload">Its payload.</param>
/// <returns>The key owner; none for a record that stays plain. The same for the same record, always.</returns>
public delegate JournalKeyOwner JournalKeyOf(byte type, RecordClass recordClass, ReadOnlySpan<byte> payload);

/// <summary>Fills bytes of chance: the system's randomness on a cart, the seed's in simulation.</summary>
/// <param name="bytes">What to fill.</param>
public delegate void JournalRandom(Span<byte> bytes);

/// <summary>What a journal needs to encrypt its records and to read encrypted ones.</summary>
public sealed record JournalProtection
{
    /// <summary>Length of the cart's key and of every other key, bytes: AES-256.</summary>
    public const int KeyBytes = 32;

    /// <summary>Healthy hours after which a journal that an older version has written to is encrypted from the next start on. Source: the rule for format changes in ARCHITECTURE.md.</summary>
    public const int HealthyHoursBeforeEncryption = 24;

    /// <summary>The directory of the keys, apart from the journal's own.</summary>
    public required IDisk Disk { get; init; }

    /// <summary>The key that wraps all others, <see cref="KeyBytes"/> long.</summary>
    public required ReadOnlyMemory<byte> CartKey { get; init; }

    /// <summary>Whose key encrypts a record.</summary>
    public required JournalKeyOf KeyOf { get; init; }

    /// <summary>Where new keys come from.</summary>
    public required JournalRandom Random { get; init; }
}

/// <summary>The keys of an open journal. Every call comes on the journal's loop.</summary>
public interface IJournalKeys
{
    /// <summary>True when records are encrypted as they are written; false as long as an older version could still have to read them.</summary>
    bool IsEncrypting { get; }

    /// <summary>Healthy hours counted so far while it is false.</summary>
    int HealthyHours { get; }

    /// <summary>Who has a key here, in order.</summary>
    System.Collections.Generic.IReadOnlyCollection<JournalKeyOwner> Owners { get; }

    /// <summary>
    /// Asks for a key owner's keys to be destroyed, and with them all its records. It is done when <see cref="Owners"/> does not name it any more: two checkpoints come first, so
    /// that no replay misses a record. A record appended for it meanwhile takes the wish back.
    /// </summary>
    /// <param name="owner">Whose.</param>
    void Erase(JournalKeyOwner owner);

    /// <summary>Counts one hour in which this version worked well, durably. At <see cref="JournalProtection.HealthyHoursBeforeEncryption"/> encryption is due from the next start on.</summary>
    void AddHealthyHour();
}
