using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Security.Cryptography;
using EdgeGateway.Core.Access;
using EdgeGateway.Faults;

namespace EdgeGateway.Gateway.Security;

/// <summary>
/// The key of <see cref="ListenerTokens"/> on the disk: made once from the system's randomness, readable by its owner alone. A side file never stops vital
/// signs: one that cannot be used is set aside and made anew, and where the disk takes none the key lives until the process ends.
/// </summary>
public static class ListenerKeyFile
{
    /// <summary>Where the key is inside the gateway's data directory. The journal looks at files beside it only, never into folders.</summary>
    public const string RelativePath = "keys/listener.key";

    /// <summary>Damaged keys that are kept beside the new one, as listener.key.bad-1 and so on; a further one takes the place of the first.</summary>
    public const int MaxSetAside = 4;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Reads the key, or makes it when there is none that can be used.</summary>
    /// <param name="dataDirectory">The gateway's data directory.</param>
    /// <param name="told">What a person should know, in order; empty when all is well.</param>
    /// <returns>32 bytes, always.</returns>
    public static byte[] LoadOrCreate(string dataDirectory, out IReadOnlyList<CodedError> told)
    {
        ArgumentException.ThrowIfNullOrEmpty(dataDirectory);
        string path = Path.Combine(dataDirectory, RelativePath);
        List<CodedError> said = [];
        told = said;
        if (TryRead(path, out byte[] key, out string why))
        {
            return key;
        }

        try
        {
            if (why.Length > 0)
            {
                said.Add(new CodedError(FaultCodes.ListenerKeyReplaced, new ErrorPlace(path, 0, null), why + "; set aside as " + SetAside(path)));
            }

            return Create(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            said.Add(new CodedError(FaultCodes.ListenerKeyNotKept, new ErrorPlace(path, 0, null), e.Message.TrimEnd('.')));
            return RandomNumberGenerator.GetBytes(ListenerTokens.KeyLength);
        }
    }

    /// <summary>Reads a key that is there and is one.</summary>
    /// <param name="path">Where.</param>
    /// <param name="key">The key.</param>
    /// <param name="why">Why there is none; empty when there is simply no file.</param>
    /// <returns>False when there is none.</returns>
    private static bool TryRead(string path, out byte[] key, out string why)
    {
        key = [];
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

            if (file.LinkTarget is null && file.Length != ListenerTokens.KeyLength)
            {
                // Before it is opened: a pipe in its place would never end.
                why = string.Create(CultureInfo.InvariantCulture, $"it has {file.Length} bytes instead of {ListenerTokens.KeyLength}");
                return false;
            }

            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~OwnerOnly) != UnixFileMode.None)
            {
                // Others could have read it: a key that is no secret is no key.
                why = "other users may read it";
                return false;
            }

            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            byte[] bytes = new byte[ListenerTokens.KeyLength + 1];
            int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length != ListenerTokens.KeyLength)
            {
                why = length < ListenerTokens.KeyLength
                    ? string.Create(CultureInfo.InvariantCulture, $"it has {length} bytes instead of {ListenerTokens.KeyLength}")
                    : string.Create(CultureInfo.InvariantCulture, $"it has more than {ListenerTokens.KeyLength} bytes");
                return false;
            }

            key = bytes[..ListenerTokens.KeyLength];
            if (IsOneByteOver(key))
            {
                // What a disk leaves of a file whose data never reached it; a random key is so once in 2^248.
                why = "all its bytes are the same";
                return false;
            }

            why = string.Empty;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            why = e.Message.TrimEnd('.');
            return false;
        }
    }

    private static bool IsOneByteOver(byte[] key)
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

    private static string SetAside(string path)
    {
        for (int i = 1; i <= MaxSetAside; i++)
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
    private static byte[] Create(string path)
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

        byte[] key = RandomNumberGenerator.GetBytes(ListenerTokens.KeyLength);
        using (FileStream file = new(beside, options))
        {
            file.Write(key);
            file.Flush(flushToDisk: true);
        }

        File.Move(beside, path);
        return key;
    }
}
