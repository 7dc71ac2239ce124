using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Security.Cryptography;

namespace EdgeGateway.Journal.Trail;

/// <summary>One entry's number and hash: whoever has it can later tell whether the trail up to it is still the same.</summary>
/// <param name="Index">The entry's number, from 1; 0 for an empty trail.</param>
/// <param name="Hash">SHA-256 in 64 lower-case hexadecimal digits; empty for an empty trail.</param>
public readonly record struct TrailHead(long Index, string Hash)
{
    /// <summary>The head of an empty trail.</summary>
    public static readonly TrailHead None = new(0, string.Empty);

    /// <summary>As people and files write it: number, colon, hash.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Index}:{Hash}");

    /// <summary>Reads <c>hash</c> or <c>number:hash</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="head">The head; its number is 0 when the text has none.</param>
    /// <returns>False when it is neither.</returns>
    public static bool TryParse(string text, out TrailHead head)
    {
        ArgumentNullException.ThrowIfNull(text);
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string hash = text[(colon + 1)..].Trim().ToLowerInvariant();
        long index = 0;
        bool good = hash.Length == 2 * TrailFormat.HashBytes && Array.TrueForAll(hash.ToCharArray(), char.IsAsciiHexDigitLower)
            && (colon < 0 || (long.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out index) && index > 0));
        head = good ? new TrailHead(index, hash) : None;
        return good;
    }
}

/// <summary>One entry as it stands in the trail.</summary>
/// <param name="Index">Its number, from 1, without gaps.</param>
/// <param name="IsOpening">True for the entry that each file begins with; its body is the trail's own.</param>
/// <param name="Body">What was entered.</param>
/// <param name="Hash">Its hash.</param>
public sealed record TrailEntry(long Index, bool IsOpening, ReadOnlyMemory<byte> Body, string Hash);

/// <summary>What the entry at the beginning of each file says; signed.</summary>
/// <param name="TrailId">Which trail, 16 random bytes.</param>
/// <param name="Start">The number of the entry with which the trail begins from now on: entries before it were given up to the quota. 1 while none was.</param>
/// <param name="BeforeStart">The hash of the entry before that one; zeros for none.</param>
/// <param name="Torn">What unfinished writes left at the ends of the files before.</param>
/// <param name="PublicKey">The key that signs, SubjectPublicKeyInfo (RFC 5280, 4.1.2.7), ECDSA P-256.</param>
internal sealed record TrailOpening(byte[] TrailId, long Start, byte[] BeforeStart, TornBytes Torn, byte[] PublicKey);

/// <summary>Bytes of unfinished writes: they stay where they are, and the next file says which they are.</summary>
/// <param name="Files">How many files end with such bytes.</param>
/// <param name="Bytes">How many bytes.</param>
/// <param name="Hash">SHA-256 over name, length and bytes of each.</param>
internal readonly record struct TornBytes(int Files, long Bytes, byte[] Hash)
{
    public bool IsSameAs(TornBytes other) => Files == other.Files && Bytes == other.Bytes && Hash.AsSpan().SequenceEqual(other.Hash);
}

/// <summary>The bytes of the trail; README.md of this folder has the table.</summary>
internal static class TrailFormat
{
    public const int HashBytes = 32;
    public const byte OpeningType = 1;
    public const byte EntryType = 2;
    public const int TrailIdBytes = 16;
    public const int SignatureBytes = 64;
    public const string KeyFile = "trail.key";
    public const string LockFile = "lock";

    private const byte OpeningVersion = 1;
    private const int FixedOpeningBytes = 1 + TrailIdBytes + 8 + HashBytes + 4 + 8 + HashBytes + 2;
    private const int MaxPublicKeyBytes = 256;

    private static ReadOnlySpan<byte> EntryLabel => "cart trail entry 1"u8;

    private static ReadOnlySpan<byte> OpeningLabel => "cart trail opening 1"u8;

    public static byte[] NoHash { get; } = new byte[HashBytes];

    public static string Text(ReadOnlySpan<byte> hash) => Convert.ToHexStringLower(hash);

    /// <summary>The hash of an entry: over its number, its type and its payload, which begins with the hash of the entry before.</summary>
    public static byte[] HashOf(long index, byte type, ReadOnlySpan<byte> payload)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> head = stackalloc byte[9];
        BinaryPrimitives.WriteInt64LittleEndian(head, index);
        head[8] = type;
        hash.AppendData(EntryLabel);
        hash.AppendData(head);
        hash.AppendData(payload);
        return hash.GetHashAndReset();
    }

    /// <summary>The payload of an entry: the hash of the one before, then its body.</summary>
    public static byte[] Payload(ReadOnlySpan<byte> before, ReadOnlySpan<byte> body) => [.. before, .. body];

    /// <summary>A record with its head and checksum, as the journal has them.</summary>
    public static byte[] Record(SegmentName file, long index, byte type, ReadOnlySpan<byte> payload)
    {
        byte[] record = new byte[JournalFormat.RecordHeadBytes + payload.Length];
        JournalFormat.WriteRecord(record, JournalFormat.SaltOf(file), index, type, (byte)RecordClass.Control, 0, payload);
        return record;
    }

    public static byte[] Header(SegmentName file)
    {
        byte[] header = new byte[JournalFormat.HeaderBytes];
        JournalFormat.WriteHeader(header, file);
        return header;
    }

    public static byte[] WriteOpening(long index, ReadOnlySpan<byte> before, TrailOpening opening, ECDsa key)
    {
        byte[] body = new byte[FixedOpeningBytes + opening.PublicKey.Length + SignatureBytes];
        Span<byte> at = body;
        at[0] = OpeningVersion;
        opening.TrailId.CopyTo(at[1..]);
        at = at[(1 + TrailIdBytes)..];
        BinaryPrimitives.WriteInt64LittleEndian(at, opening.Start);
        opening.BeforeStart.CopyTo(at[8..]);
        at = at[(8 + HashBytes)..];
        BinaryPrimitives.WriteInt32LittleEndian(at, opening.Torn.Files);
        BinaryPrimitives.WriteInt64LittleEndian(at[4..], opening.Torn.Bytes);
        opening.Torn.Hash.CopyTo(at[12..]);
        at = at[(12 + HashBytes)..];
        BinaryPrimitives.WriteUInt16LittleEndian(at, (ushort)opening.PublicKey.Length);
        opening.PublicKey.CopyTo(at[2..]);
        byte[] signed = Signed(index, before, body.AsSpan(0, body.Length - SignatureBytes));
        key.SignHash(signed, DSASignatureFormat.IeeeP1363FixedFieldConcatenation).CopyTo(body, body.Length - SignatureBytes);
        return body;
    }

    /// <summary>Reads an opening; null when it is not understood.</summary>
    public static TrailOpening? ReadOpening(ReadOnlySpan<byte> body)
    {
        if (body.Length < FixedOpeningBytes + SignatureBytes || body[0] != OpeningVersion)
        {
            return null;
        }

        int keyBytes = BinaryPrimitives.ReadUInt16LittleEndian(body[(FixedOpeningBytes - 2)..]);
        if (keyBytes is 0 or > MaxPublicKeyBytes || body.Length != FixedOpeningBytes + keyBytes + SignatureBytes)
        {
            return null;
        }

        ReadOnlySpan<byte> at = body[(1 + TrailIdBytes)..];
        long start = BinaryPrimitives.ReadInt64LittleEndian(at);
        byte[] beforeStart = at.Slice(8, HashBytes).ToArray();
        at = at[(8 + HashBytes)..];
        TornBytes torn = new(BinaryPrimitives.ReadInt32LittleEndian(at), BinaryPrimitives.ReadInt64LittleEndian(at[4..]), at.Slice(12, HashBytes).ToArray());
        return start < 1 ? null : new TrailOpening(body.Slice(1, TrailIdBytes).ToArray(), start, beforeStart, torn, body.Slice(FixedOpeningBytes, keyBytes).ToArray());
    }

    /// <summary>True when an opening was signed by the key that it names.</summary>
    public static bool IsSigned(long index, ReadOnlySpan<byte> before, ReadOnlySpan<byte> body, byte[] publicKey)
    {
        try
        {
            using ECDsa key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(publicKey, out _);
            return key.VerifyHash(Signed(index, before, body[..^SignatureBytes]), body[^SignatureBytes..], DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>The torn bytes of files, in their order.</summary>
    public static TornBytes TornOf(IReadOnlyList<(SegmentName File, ReadOnlyMemory<byte> Bytes)> tails)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long bytes = 0;
        Span<byte> length = stackalloc byte[8];
        foreach ((SegmentName file, ReadOnlyMemory<byte> tail) in tails)
        {
            BinaryPrimitives.WriteInt64LittleEndian(length, tail.Length);
            hash.AppendData(Header(file));
            hash.AppendData(length);
            hash.AppendData(tail.Span);
            bytes += tail.Length;
        }

        return new TornBytes(tails.Count, bytes, hash.GetHashAndReset());
    }

    private static byte[] Signed(long index, ReadOnlySpan<byte> before, ReadOnlySpan<byte> body)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(number, index);
        hash.AppendData(OpeningLabel);
        hash.AppendData(number);
        hash.AppendData(before);
        hash.AppendData(body);
        return hash.GetHashAndReset();
    }
}
