using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO;
using System.Security.Cryptography;
using EdgeGateway.Journal;

namespace EdgeGateway.Machine;

/// <summary>A key of fixed length on the disk: made once from the system's randomness, readable by its owner alone. One that cannot be used is set aside and made anew.</summary>
public static class SecretFile
{
    /// <summary>Damaged keys that are kept beside the new one, as name.bad-1 and so on; a further one takes the place of the first.</summary>
    public const int MaxSetAside = 4;

    private const int MaxKept = 10_000; // of a key that still opens something: none is ever written over in practice
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Reads the key, or makes it when there is none that can be used.</summary>
    /// <param name="path">The file.</param>
    /// <param name="length">Its length, bytes.</param>
    /// <param name="isKeptWhenExposed">True to go on with a key that other users could read, after taking that right from them: where a new key costs more.</param>
    /// <param name="key">The key.</param>
    /// <param name="replaced">Why another key was set aside, or was exposed, English; null when nothing is to be said.</param>
    /// <param name="failure">Why there is none, English.</param>
    /// <returns>False when there is none and none can be made.</returns>
    public static bool TryLoadOrCreate(string path, int length, bool isKeptWhenExposed, [NotNullWhen(true)] out byte[]? key, out string? replaced, [NotNullWhen(false)] out string? failure)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        failure = null;
        replaced = isKeptWhenExposed ? Cover(path) : null;
        if (TryRead(path, length, out key, out string why))
        {
            return true;
        }

        try
        {
            if (why.Length > 0)
            {
                replaced = why + "; set aside as " + SetAside(path, isKeptWhenExposed ? MaxKept : MaxSetAside);
            }

            key = Create(path, length);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            failure = e.Message.TrimEnd('.');
            return false;
        }
    }

    /// <summary>Reads a key that is there and is one.</summary>
    /// <param name="path">Where.</param>
    /// <param name="length">Its length, bytes.</param>
    /// <param name="key">The key.</param>
    /// <param name="why">Why there is none; empty when there is simply no file.</param>
    /// <returns>False when there is none.</returns>
    public static bool TryRead(string path, int length, [NotNullWhen(true)] out byte[]? key, out string why)
    {
        key = null;
        try
        {
            FileInfo file = new(path);
            if (Directory.Exists(path))
            {
                why = "it is a directory";
                return false;
            }

            if (!file.Exists)
            {
                // A link to nothing is something that stands in the way.
                why = file.LinkTarget is null ? string.Empty : "it is a link to nothing";
                return false;
            }

            if (file.LinkTarget is null && file.Length != length)
            {
                // Before it is opened: a pipe in its place would never end.
                why = string.Create(CultureInfo.InvariantCulture, $"it has {file.Length} bytes instead of {length}");
                return false;
            }

            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~OwnerOnly) != UnixFileMode.None)
            {
                // Others could have read it: a key that is no secret is no key.
                why = "other users may read it";
                return false;
            }

            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            byte[] bytes = new byte[length + 1];
            int count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (count != length)
            {
                why = count < length
                    ? string.Create(CultureInfo.InvariantCulture, $"it has {count} bytes instead of {length}")
                    : string.Create(CultureInfo.InvariantCulture, $"it has more than {length} bytes");
                return false;
            }

            if (IsOneByteOver(bytes.AsSpan(0, length)))
            {
                // What a disk leaves of a file whose data never reached it; a random key is so once in 2^248.
                why = "all its bytes are the same";
                return false;
            }

            key = bytes[..length];
            why = string.Empty;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            why = e.Message.TrimEnd('.');
            return false;
        }
    }

    // Says that others could read it, once: they cannot any more.
    private static string? Cover(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows() || !File.Exists(path) || (File.GetUnixFileMode(path) & ~OwnerOnly) == UnixFileMode.None)
            {
                return null;
            }

            File.SetUnixFileMode(path, OwnerOnly);
            return "other users could read it until now";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsOneByteOver(ReadOnlySpan<byte> key)
    {
        foreach (byte value in key)
        {
            if (value != key[0])
            {
                return false;
            }
        }

        return true;
    }

    private static string SetAside(string path, int most)
    {
        for (int i = 1; i <= most; i++)
        {
            string aside = path + ".bad-" + i.ToString(CultureInfo.InvariantCulture);
            if (!Path.Exists(aside) && new FileInfo(aside).LinkTarget is null)
            {
                Move(path, aside);
                return Path.GetFileName(aside);
            }
        }

        string first = path + ".bad-1";
        Remove(first);
        Move(path, first);
        return Path.GetFileName(first);
    }

    private static void Move(string path, string to)
    {
        if (Directory.Exists(path) && new DirectoryInfo(path).LinkTarget is null)
        {
            Directory.Move(path, to);
        }
        else
        {
            File.Move(path, to);
        }
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path) && new DirectoryInfo(path).LinkTarget is null)
        {
            Directory.Delete(path, recursive: true);
        }
        else
        {
            File.Delete(path);
        }
    }

    // Written beside its place and moved there: a cut of power leaves no half key.
    private static byte[] Create(string path, int length)
    {
        string folder = Path.GetDirectoryName(path)!;
        if (File.Exists(folder))
        {
            // A file where the folder should be: out of the way with it.
            File.Move(folder, folder + ".bad", overwrite: true);
        }

        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        }

        string beside = path + ".new";
        Remove(beside);
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        byte[] key = RandomNumberGenerator.GetBytes(length);
        using (FileStream file = new(beside, options))
        {
            file.Write(key);
            file.Flush(flushToDisk: true);
        }

        File.Move(beside, path);
        DirectorySync.Sync(folder);
        return key;
    }
}
