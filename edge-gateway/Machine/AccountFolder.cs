using System;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Journal;
using Microsoft.Win32.SafeHandles;

namespace EdgeGateway.Machine;

/// <summary>
/// The folder of accounts in the gateway's state directory: who may log in, and the code of the first administrator. Each file is replaced whole and readable by its owner alone; one that a superuser writes belongs to
/// whom the state directory belongs to, so that the gateway can read it.
/// </summary>
/// <param name="path">The folder.</param>
public sealed partial class AccountFolder(string path)
{
    /// <summary>Who may log in, and which tokens are good.</summary>
    public const string AccountsFile = "accounts.json";

    /// <summary>The code that cartctl has given to the first administrator.</summary>
    public const string ClaimFile = "claim.json";

    /// <summary>How long a claim code is good, minutes.</summary>
    public const int ClaimMinutes = 15;

    private const string LockFile = ".lock";
    private const string ClaimFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    private const string ClaimLetters = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";
    private const int ClaimLength = 10;
    private const int MaxClaimBytes = 1024;
    // Source: linux/stat.h, struct statx: the same on every machine.
    private const int AtCwd = -100;
    private const uint StatxBasic = 0x7FF;
    private const int StatxUid = 20;
    private const int StatxIno = 32;
    private const int StatxSize = 40;
    private const int StatxMtime = 112;
    private const int StatxLength = 256;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The folder.</summary>
    public string Path => path;

    /// <summary>The file of accounts.</summary>
    public string AccountsPath => System.IO.Path.Combine(path, AccountsFile);

    /// <summary>The folder of a gateway: "access" in the directory of its journal.</summary>
    /// <param name="options">Its configuration.</param>
    /// <returns>The folder.</returns>
    public static AccountFolder Of(GatewayHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new AccountFolder(System.IO.Path.Combine(options.JournalDirectory, "access"));
    }

    /// <summary>A new account.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="role">Its role.</param>
    /// <param name="secret">PIN or password.</param>
    /// <returns>The account. Takes some tenths of a second.</returns>
    public static Account NewAccount(string name, ActorRole role, string secret)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SecretHash.SaltLength);
        return new Account(
            name, "op-" + RandomNumberGenerator.GetHexString(8, lowercase: true), role, SecretHash.IsPin(secret), SecretHash.Iterations, salt,
            SecretHash.Of(secret, salt, SecretHash.Iterations), string.Empty);
    }

    /// <summary>A new claim code: ten signs that no reader takes for another.</summary>
    /// <returns>The code, such as "K7M2P-9QRST".</returns>
    public static string NewClaimCode() => RandomNumberGenerator.GetString(ClaimLetters, ClaimLength / 2) + "-" + RandomNumberGenerator.GetString(ClaimLetters, ClaimLength / 2);

    /// <summary>What is kept of a claim code: hyphens, blanks and case do not count.</summary>
    /// <param name="code">The code as it was typed.</param>
    /// <returns>SHA-256 of it.</returns>
    public static byte[] HashOfClaim(string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        StringBuilder plain = new();
        foreach (char sign in code)
        {
            if (sign is not ('-' or ' '))
            {
                plain.Append(char.ToUpperInvariant(sign));
            }
        }

        return SHA256.HashData(Encoding.UTF8.GetBytes("cart-gateway claim v1\n" + plain));
    }

    /// <summary>Takes the folder for changes; one program at a time.</summary>
    /// <returns>To be disposed when the changes are made.</returns>
    /// <exception cref="IOException">Another program changes it, or it cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public IDisposable Lock()
    {
        Make();
        string file = System.IO.Path.Combine(path, LockFile);
        try
        {
            FileStream made = new(file, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
            Give(made.SafeFileHandle);
            return made;
        }
        catch (IOException) when (File.Exists(file))
        {
            return new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
    }

    /// <summary>Makes the folder when it is absent.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public void Make()
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
            if (Owner() is { } owner)
            {
                ChownLink(path, owner.User, owner.Group);
            }
        }
    }

    /// <summary>Reads the accounts.</summary>
    /// <returns>Nobody when there is no file.</returns>
    /// <exception cref="IOException">It cannot be read, or is damaged.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public AccountBook Read()
    {
        byte[]? bytes = Read(AccountsPath, AccountBook.MaxFileBytes);
        return bytes is null ? AccountBook.Empty : AccountBook.Read(bytes, out string? problem) ?? throw new IOException(AccountsPath + " is damaged: " + problem);
    }

    /// <summary>Replaces the accounts.</summary>
    /// <param name="book">The new ones.</param>
    /// <exception cref="IOException">They cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public void Write(AccountBook book)
    {
        ArgumentNullException.ThrowIfNull(book);
        Make();
        Replace(AccountsPath, book.Write());
    }

    /// <summary>What changes when the accounts are replaced: number, time and length of their file. A new file is made while the old one is there, so that its number is another.</summary>
    /// <returns>"-" when there is none.</returns>
    public string Stamp()
    {
        byte[] about = new byte[StatxLength];
        if (OperatingSystem.IsLinux() && Statx(AtCwd, AccountsPath, 0, StatxBasic, about) == 0)
        {
            return FormattableString.Invariant($"{BitConverter.ToUInt64(about, StatxIno)}.{BitConverter.ToInt64(about, StatxMtime)}.{BitConverter.ToUInt32(about, StatxMtime + 8)}.{BitConverter.ToUInt64(about, StatxSize)}");
        }

        FileInfo file = new(AccountsPath);
        return file.Exists ? FormattableString.Invariant($"{file.LastWriteTimeUtc.Ticks}.{file.Length}") : "-";
    }

    /// <summary>Leaves a claim code for the gateway.</summary>
    /// <param name="code">The code.</param>
    /// <param name="utc">Now.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public void WriteClaim(string code, DateTimeOffset utc)
    {
        Make();
        string file = System.IO.Path.Combine(path, ClaimFile);
        string until = utc.AddMinutes(ClaimMinutes).UtcDateTime.ToString(ClaimFormat, CultureInfo.InvariantCulture);
        Replace(file, Encoding.ASCII.GetBytes("{\"v\":1,\"hash\":\"" + Convert.ToHexStringLower(HashOfClaim(code)) + "\",\"until\":\"" + until + "\"}\n"));
    }

    /// <summary>The claim code that cartctl has left.</summary>
    /// <param name="utc">Now.</param>
    /// <returns>Its hash; null when there is none that is good now.</returns>
    public byte[]? ReadClaim(DateTimeOffset utc)
    {
        try
        {
            if (Read(System.IO.Path.Combine(path, ClaimFile), MaxClaimBytes) is not { } bytes)
            {
                return null;
            }

            using JsonDocument document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 4, AllowDuplicateProperties = false });
            DateTimeOffset until = DateTimeOffset.ParseExact(
                document.RootElement.GetProperty("until").GetString() ?? string.Empty, ClaimFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);

            // Also not before it was made: a clock that went back does not make an old code good.
            return utc < until && utc >= until.AddMinutes(-ClaimMinutes - 1) ? Convert.FromHexString(document.RootElement.GetProperty("hash").GetString() ?? string.Empty) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or FormatException or InvalidOperationException or System.Collections.Generic.KeyNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Takes the claim code away: it is used up.</summary>
    public void RemoveClaim()
    {
        try
        {
            File.Delete(System.IO.Path.Combine(path, ClaimFile));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ends by its time; and while there is an account nobody asks for it.
        }
    }

    private static byte[]? Read(string file, int most)
    {
        try
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            byte[] bytes = new byte[most + 1];
            int count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return count <= most ? bytes[..count] : throw new IOException(file + " is longer than any such file.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    // Written beside, given, synced, moved, the folder synced: a cut of power leaves the old file or the new one.
    private void Replace(string file, byte[] bytes)
    {
        string beside = file + ".new";
        File.Delete(beside);
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using (FileStream stream = new(beside, options))
        {
            Give(stream.SafeFileHandle);
            stream.Write(bytes);
            stream.Flush(flushToDisk: true);
        }

        File.Move(beside, file, overwrite: true);
        DirectorySync.Sync(path);
    }

    // What a superuser makes here belongs to whom the state directory belongs to. By its handle, and only what was made just now: whoever owns the folder could put another file under the name.
    private void Give(SafeFileHandle file)
    {
        if (Owner() is { } owner && Chown(file, owner.User, owner.Group) != 0)
        {
            throw new IOException("a file cannot be given to the owner of " + path);
        }
    }

    private (uint User, uint Group)? Owner()
    {
        byte[] about = new byte[StatxLength];
        return OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) is { } state && Statx(AtCwd, state, 0, StatxBasic, about) == 0
            ? (BitConverter.ToUInt32(about, StatxUid), BitConverter.ToUInt32(about, StatxUid + 4))
            : null;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int directory, string path, int flags, uint mask, [Out] byte[] about);

    [LibraryImport("libc", EntryPoint = "lchown", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ChownLink(string path, uint owner, uint group);

    [LibraryImport("libc", EntryPoint = "fchown")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Chown(SafeFileHandle file, uint owner, uint group);
}
