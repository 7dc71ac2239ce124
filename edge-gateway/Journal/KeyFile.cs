using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Security.Cryptography;

namespace EdgeGateway.Journal;

/// <summary>One key of an owner, wrapped by the cart's key: AES-256-GCM with a random nonce; additional data are kind, number and boot.</summary>
/// <param name="Boot">The start of the gateway that made it and alone encrypted with it.</param>
/// <param name="Wrapped">Nonce, ciphertext, tag.</param>
internal readonly record struct WrappedKey(uint Boot, byte[] Wrapped);

/// <summary>
/// A file of the keys' directory. <c>key-kind-number-generation.bin</c> has all keys of one owner: <c>CARTJKEY | u16 version | u8 kind | u8 0 | u32 number | u32 count | count of: u32 boot |
/// nonce (12) | key (32) | tag (16) | CRC-32C</c>. <c>boot-</c>, <c>plain-</c> and <c>encrypted</c> are empty: their names say all, so that none can be half written.
/// </summary>
internal static class KeyFile
{
    /// <summary>Keys in one file at most, one for each start of the gateway that wrote for the owner: a start every 2 s for a day does not reach it. Beyond it the oldest goes.</summary>
    public const int MaxKeys = 65_536;

    /// <summary>Longest file that is read, bytes.</summary>
    public const int MaxBytes = HeadBytes + (MaxKeys * EntryBytes) + 4;

    /// <summary>Says that records are encrypted.</summary>
    public const string Encrypted = "encrypted";

    private const ushort Version = 1;
    private const int HeadBytes = 20;
    private const int NonceBytes = 12;
    private const int WrappedBytes = NonceBytes + JournalProtection.KeyBytes + RecordCipher.TagBytes;
    private const int EntryBytes = 4 + WrappedBytes;

    private static ReadOnlySpan<byte> Magic => "CARTJKEY"u8;

    /// <summary>Says how many healthy hours this version has had.</summary>
    public static string Plain(int hours) => string.Create(CultureInfo.InvariantCulture, $"plain-{hours:x2}");

    /// <summary>Says which start of the gateway writes.</summary>
    public static string Boot(uint boot) => string.Create(CultureInfo.InvariantCulture, $"boot-{boot:x8}");

    public static string Name(JournalKeyOwner owner, uint generation) => string.Create(CultureInfo.InvariantCulture, $"key-{owner.Kind:x2}-{owner.Number:x8}-{generation:x8}.bin");

    public static bool TryParsePlain(string file, out int hours)
    {
        hours = 0;
        return file.StartsWith("plain-", StringComparison.Ordinal) && int.TryParse(file.AsSpan(6), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out hours)
            && string.Equals(Plain(hours), file, StringComparison.Ordinal);
    }

    public static bool TryParseBoot(string file, out uint boot)
    {
        boot = 0;
        return file.StartsWith("boot-", StringComparison.Ordinal) && uint.TryParse(file.AsSpan(5), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out boot)
            && string.Equals(Boot(boot), file, StringComparison.Ordinal);
    }

    public static bool TryParseName(string file, out JournalKeyOwner owner, out uint generation)
    {
        owner = default;
        generation = 0;
        if (file.Length != 28 || !file.StartsWith("key-", StringComparison.Ordinal)
            || !byte.TryParse(file.AsSpan(4, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte kind)
            || !uint.TryParse(file.AsSpan(7, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint number)
            || !uint.TryParse(file.AsSpan(16, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out generation))
        {
            return false;
        }

        owner = new JournalKeyOwner(kind, number);
        return kind != 0 && string.Equals(Name(owner, generation), file, StringComparison.Ordinal);
    }

    public static byte[] Write(JournalKeyOwner owner, IReadOnlyList<WrappedKey> keys)
    {
        byte[] file = new byte[HeadBytes + (keys.Count * EntryBytes) + 4];
        Magic.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(8), Version);
        file[10] = owner.Kind;
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(12), owner.Number);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(16), (uint)keys.Count);
        for (int i = 0; i < keys.Count; i++)
        {
            Span<byte> entry = file.AsSpan(HeadBytes + (i * EntryBytes), EntryBytes);
            BinaryPrimitives.WriteUInt32LittleEndian(entry, keys[i].Boot);
            keys[i].Wrapped.CopyTo(entry[4..]);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(file.Length - 4), Crc32C.Of(file.AsSpan(0, file.Length - 4)));
        return file;
    }

    /// <summary>Reads a file; null when it is not whole, another owner's or of another version.</summary>
    public static List<WrappedKey>? TryRead(ReadOnlySpan<byte> file, JournalKeyOwner owner)
    {
        if (file.Length < HeadBytes + 4 || !file[..8].SequenceEqual(Magic) || BinaryPrimitives.ReadUInt32LittleEndian(file[^4..]) != Crc32C.Of(file[..^4])
            || BinaryPrimitives.ReadUInt16LittleEndian(file[8..]) != Version || file[10] != owner.Kind || BinaryPrimitives.ReadUInt32LittleEndian(file[12..]) != owner.Number)
        {
            return null;
        }

        uint count = BinaryPrimitives.ReadUInt32LittleEndian(file[16..]);
        if (count > MaxKeys || file.Length != HeadBytes + (count * EntryBytes) + 4)
        {
            return null;
        }

        var keys = new List<WrappedKey>();
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = file.Slice(HeadBytes + (i * EntryBytes), EntryBytes);
            keys.Add(new WrappedKey(BinaryPrimitives.ReadUInt32LittleEndian(entry), entry[4..].ToArray()));
        }

        return keys;
    }

    /// <summary>Reads all keys of a directory, changing nothing.</summary>
    /// <param name="directory">Its path; it need not exist.</param>
    /// <param name="cartKey">The cart's key; empty when it is not known.</param>
    /// <param name="keys">Where they go.</param>
    /// <param name="attempts">How often the directory is listed at most.</param>
    /// <returns>The files that could not be opened.</returns>
    public static List<string> LoadAll(string directory, ReadOnlySpan<byte> cartKey, KeySet keys, int attempts = 8)
    {
        var unusable = new List<string>();
        var loaded = new HashSet<JournalKeyOwner>();
        using AesGcm? cipher = cartKey.IsEmpty ? null : new AesGcm(cartKey, RecordCipher.TagBytes);
        List<DiskFile> files = Directory.Exists(directory) ? JournalRules.List(directory) : [];
        for (int i = files.Count - 1; i >= 0; i--)
        {
            // The newest generation of an owner comes first, and the first whole one counts.
            if (!files[i].IsRegular || files[i].Length > MaxBytes || !TryParseName(files[i].Name, out JournalKeyOwner owner, out _) || loaded.Contains(owner))
            {
                continue;
            }

            bool opened = false;
            byte[] file;
            try
            {
                file = File.ReadAllBytes(Path.Combine(directory, files[i].Name));
            }
            catch (FileNotFoundException) when (attempts > 1)
            {
                // Replaced by a newer generation, or erased, while it is looked at.
                return LoadAll(directory, cartKey, keys, attempts - 1);
            }

            if (TryRead(file, owner) is { } wrapped)
            {
                loaded.Add(owner);
                opened = cipher is not null;
                foreach (WrappedKey one in wrapped)
                {
                    byte[]? key = cipher is null ? null : Unwrap(cipher, owner, in one);
                    opened &= key is not null;
                    if (key is not null)
                    {
                        keys.Add(owner, one.Boot, key);
                    }
                }
            }

            if (!opened)
            {
                unusable.Add(files[i].Name);
            }
        }

        return unusable;
    }

    public static byte[] Wrap(AesGcm cartKey, JournalKeyOwner owner, uint boot, ReadOnlySpan<byte> key, JournalRandom random)
    {
        byte[] wrapped = new byte[WrappedBytes];
        random(wrapped.AsSpan(0, NonceBytes));
        Span<byte> about = stackalloc byte[9];
        About(owner, boot, about);
        cartKey.Encrypt(wrapped.AsSpan(0, NonceBytes), key, wrapped.AsSpan(NonceBytes, key.Length), wrapped.AsSpan(NonceBytes + key.Length), about);
        return wrapped;
    }

    /// <summary>The key; null when the cart's key is another one.</summary>
    public static byte[]? Unwrap(AesGcm cartKey, JournalKeyOwner owner, in WrappedKey wrapped)
    {
        byte[] key = new byte[JournalProtection.KeyBytes];
        Span<byte> about = stackalloc byte[9];
        About(owner, wrapped.Boot, about);
        try
        {
            cartKey.Decrypt(wrapped.Wrapped.AsSpan(0, NonceBytes), wrapped.Wrapped.AsSpan(NonceBytes, key.Length), wrapped.Wrapped.AsSpan(NonceBytes + key.Length), key, about);
            return key;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private static void About(JournalKeyOwner owner, uint boot, Span<byte> about)
    {
        about[0] = owner.Kind;
        BinaryPrimitives.WriteUInt32LittleEndian(about[1..], owner.Number);
        BinaryPrimitives.WriteUInt32LittleEndian(about[5..], boot);
    }
}
