using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace EdgeGateway.Machine;

/// <summary>What a file of a backup belongs to, which says where it goes back to.</summary>
public enum BackupPlace
{
    /// <summary>gateway.yaml itself; its name is empty.</summary>
    Configuration,

    /// <summary>A file that gateway.yaml names, as it is written there.</summary>
    Named,

    /// <summary>The folder of certificates.</summary>
    Certificates,

    /// <summary>The folder of keys.</summary>
    Keys,

    /// <summary>The cart's key; its name is empty.</summary>
    CartKey,
}

/// <summary>A file of a backup.</summary>
/// <param name="Place">What it belongs to.</param>
/// <param name="Name">Its name there.</param>
/// <param name="Bytes">What it holds.</param>
public sealed record BackupFile(BackupPlace Place, string Name, byte[] Bytes);

/// <summary>
/// A backup of a cart as bytes: <c>CARTBKUP | u16 version | u16 0 | u32 iterations | salt (16) | nonce (12) | u32 length | ciphertext | tag (16)</c>. The key is PBKDF2-SHA-256 (RFC 8018) of the
/// passphrase; the cipher is AES-256-GCM, with all before the ciphertext as additional data; the plaintext is JSON.
/// </summary>
/// <param name="CartId">Whose it is.</param>
/// <param name="CreatedUtc">When it was made.</param>
/// <param name="Files">What it holds.</param>
public sealed record CartBackup(string CartId, DateTimeOffset CreatedUtc, IReadOnlyList<BackupFile> Files)
{
    /// <summary>Shortest passphrase, characters.</summary>
    public const int MinPassphraseLength = 12;

    /// <summary>Longest backup that is read, bytes.</summary>
    public const int MaxBytes = 256 * 1024 * 1024;

    /// <summary>Iterations of PBKDF2. Source: OWASP Password Storage Cheat Sheet, PBKDF2-HMAC-SHA256.</summary>
    public const int Iterations = 600_000;

    private const int MaxIterations = 10 * Iterations; // a file may not keep a machine busy for hours
    private const ushort Version = 1;
    private const int SaltBytes = 16;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int HeadBytes = 8 + 2 + 2 + 4 + SaltBytes + NonceBytes + 4;

    private static ReadOnlySpan<byte> Magic => "CARTBKUP"u8;

    /// <summary>Encrypts it.</summary>
    /// <param name="passphrase">The passphrase.</param>
    /// <returns>The file's bytes.</returns>
    public byte[] Write(string passphrase)
    {
        byte[] plain = Json();
        byte[] file = new byte[HeadBytes + plain.Length + TagBytes];
        Magic.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(12), Iterations);
        RandomNumberGenerator.Fill(file.AsSpan(16, SaltBytes + NonceBytes));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(HeadBytes - 4), plain.Length);
        using AesGcm cipher = Cipher(passphrase, file.AsSpan(16, SaltBytes), Iterations);
        cipher.Encrypt(file.AsSpan(16 + SaltBytes, NonceBytes), plain, file.AsSpan(HeadBytes, plain.Length), file.AsSpan(HeadBytes + plain.Length), file.AsSpan(0, HeadBytes));
        CryptographicOperations.ZeroMemory(plain);
        return file;
    }

    /// <summary>Decrypts one.</summary>
    /// <param name="file">The file's bytes.</param>
    /// <param name="passphrase">The passphrase.</param>
    /// <returns>The backup.</returns>
    /// <exception cref="InvalidDataException">It is no whole backup.</exception>
    /// <exception cref="AuthenticationTagMismatchException">The passphrase is another one, or the file was changed.</exception>
    public static CartBackup Read(ReadOnlySpan<byte> file, string passphrase)
    {
        if (file.Length < HeadBytes + TagBytes || !file[..8].SequenceEqual(Magic))
        {
            throw new InvalidDataException("it does not begin like one");
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(file[8..]) != Version)
        {
            throw new InvalidDataException("it is of another version");
        }

        uint iterations = BinaryPrimitives.ReadUInt32LittleEndian(file[12..]);
        int length = BinaryPrimitives.ReadInt32LittleEndian(file[(HeadBytes - 4)..]);
        if (iterations is < Iterations or > MaxIterations || length < 0 || file.Length - HeadBytes - TagBytes != length)
        {
            throw new InvalidDataException("its length is not what its head says");
        }

        byte[] plain = new byte[length];
        using AesGcm cipher = Cipher(passphrase, file.Slice(16, SaltBytes), (int)iterations);
        cipher.Decrypt(file.Slice(16 + SaltBytes, NonceBytes), file.Slice(HeadBytes, length), file[^TagBytes..], plain, file[..HeadBytes]);
        try
        {
            return FromJson(plain);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException or ArgumentException)
        {
            throw new InvalidDataException("its contents are not understood", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static AesGcm Cipher(string passphrase, ReadOnlySpan<byte> salt, int iterations)
    {
        byte[] key = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(passphrase.Normalize(NormalizationForm.FormC)), salt, iterations, HashAlgorithmName.SHA256, 32);
        AesGcm cipher = new(key, TagBytes);
        CryptographicOperations.ZeroMemory(key);
        return cipher;
    }

    private static CartBackup FromJson(byte[] plain)
    {
        using JsonDocument document = JsonDocument.Parse(plain);
        List<BackupFile> files = [];
        foreach (JsonElement file in document.RootElement.GetProperty("files").EnumerateArray())
        {
            files.Add(new BackupFile(Enum.Parse<BackupPlace>(file.GetProperty("place").GetString()!), file.GetProperty("name").GetString()!, file.GetProperty("bytes").GetBytesFromBase64()));
        }

        return new CartBackup(document.RootElement.GetProperty("cartId").GetString()!, document.RootElement.GetProperty("createdUtc").GetDateTimeOffset(), files);
    }

    private byte[] Json()
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteString("cartId", CartId);
            json.WriteString("createdUtc", CreatedUtc);
            json.WriteStartArray("files");
            foreach (BackupFile file in Files)
            {
                json.WriteStartObject();
                json.WriteString("place", file.Place.ToString());
                json.WriteString("name", file.Name);
                json.WriteBase64String("bytes", file.Bytes);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
