using System;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace EdgeGateway.Journal;

/// <summary>
/// The encrypted form of a record, cipher 1 (AES-256-GCM, NIST SP 800-38D): the payload is <c>u32 number of the key owner | u32 gateway boot | u64 counter | ciphertext | tag (16)</c>, the key id
/// in the record's head is the key owner's kind. Boot and counter are the nonce. The additional data are the head without checksum and place in the write, which a rewrite changes, and the number.
/// </summary>
internal static class RecordCipher
{
    /// <summary>The record's byte for this cipher; 0 is plain.</summary>
    public const byte AesGcm256 = 1;

    public const int TagBytes = 16;

    /// <summary>Bytes before the ciphertext.</summary>
    public const int PrefixBytes = 16;

    /// <summary>What an encrypted record takes beyond a plain one.</summary>
    public const int Overhead = PrefixBytes + TagBytes;

    private const int Head = JournalFormat.RecordHeadBytes;
    private const int AdditionalBytes = 4 + 12 + 4;

    /// <summary>True for a record in this form; the bytes are a whole record.</summary>
    public static bool IsEncrypted(ReadOnlySpan<byte> record) => record[9] == AesGcm256 && record.Length >= Head + Overhead;

    public static JournalKeyOwner OwnerOf(ReadOnlySpan<byte> record) => new(record[8], BinaryPrimitives.ReadUInt32LittleEndian(record[Head..]));

    public static uint BootOf(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadUInt32LittleEndian(record[(Head + 4)..]);

    /// <summary>Writes one record; the target is exactly its size.</summary>
    public static void Write(
        Span<byte> target, uint salt, long index, byte type, byte recordClass, int place, ReadOnlySpan<byte> payload, JournalKeyOwner owner, AesGcm key, uint boot, ulong counter)
    {
        BinaryPrimitives.WriteInt32LittleEndian(target, payload.Length + Overhead);
        target[8] = owner.Kind;
        target[9] = AesGcm256;
        target[10] = type;
        target[11] = recordClass;
        BinaryPrimitives.WriteInt64LittleEndian(target[12..], index);
        BinaryPrimitives.WriteUInt16LittleEndian(target[20..], (ushort)place);
        BinaryPrimitives.WriteUInt32LittleEndian(target[Head..], owner.Number);
        BinaryPrimitives.WriteUInt32LittleEndian(target[(Head + 4)..], boot);
        BinaryPrimitives.WriteUInt64LittleEndian(target[(Head + 8)..], counter);
        Span<byte> additional = stackalloc byte[AdditionalBytes];
        Additional(target, additional);
        key.Encrypt(target.Slice(Head + 4, 12), payload, target.Slice(Head + PrefixBytes, payload.Length), target[^TagBytes..], additional);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], JournalFormat.RecordCrc(target, salt));
    }

    /// <summary>Reads a whole record's payload; the target has exactly its length.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> record, AesGcm key, Span<byte> payload)
    {
        Span<byte> additional = stackalloc byte[AdditionalBytes];
        Additional(record, additional);
        try
        {
            key.Decrypt(record.Slice(Head + 4, 12), record.Slice(Head + PrefixBytes, payload.Length), record[^TagBytes..], payload, additional);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    private static void Additional(ReadOnlySpan<byte> record, Span<byte> additional)
    {
        record[..4].CopyTo(additional);
        record.Slice(8, 12).CopyTo(additional[4..]);
        record.Slice(Head, 4).CopyTo(additional[16..]);
    }
}
