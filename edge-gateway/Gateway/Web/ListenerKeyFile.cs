using System;
using System.IO;
using System.Security.Cryptography;
using EdgeGateway.Gateway.Faults;

namespace EdgeGateway.Gateway.Web;

/// <summary>The key of <see cref="ListenerTokens"/> on the disk: made once from the system's randomness, readable by its owner alone.</summary>
public static class ListenerKeyFile
{
    /// <summary>The key cannot be read or made.</summary>
    public const string Unusable = "G2110";

    /// <summary>Where the key is inside the gateway's data directory. The journal looks at files beside it only, never into folders.</summary>
    public const string RelativePath = "keys/listener.key";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Reads the key, or makes it when there is none.</summary>
    /// <param name="dataDirectory">The gateway's data directory.</param>
    /// <param name="error">Why there is no key; null when there is one.</param>
    /// <returns>32 bytes, or null.</returns>
    public static byte[]? LoadOrCreate(string dataDirectory, out CodedError? error)
    {
        ArgumentException.ThrowIfNullOrEmpty(dataDirectory);
        string path = Path.Combine(dataDirectory, RelativePath);
        error = null;
        try
        {
            if (!File.Exists(path))
            {
                Create(path);
            }

            byte[] key = File.ReadAllBytes(path);
            if (key.Length != ListenerTokens.KeyLength)
            {
                error = new CodedError(Unusable, new ErrorPlace(path, 0, null), $"it has {key.Length} bytes instead of {ListenerTokens.KeyLength}");
                return null;
            }

            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~OwnerOnly) != UnixFileMode.None)
            {
                // Others could have read it: a key that is no secret is no key.
                error = new CodedError(Unusable, new ErrorPlace(path, 0, null), "other users may read it");
                return null;
            }

            return key;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error = new CodedError(Unusable, new ErrorPlace(path, 0, null), e.Message.TrimEnd('.'));
            return null;
        }
    }

    // Written beside its place and moved there: a cut of power leaves no half key.
    private static void Create(string path)
    {
        string folder = Path.GetDirectoryName(path)!;
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        }

        string beside = path + ".new";
        File.Delete(beside);
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using (FileStream file = new(beside, options))
        {
            byte[] key = RandomNumberGenerator.GetBytes(ListenerTokens.KeyLength);
            file.Write(key);
            file.Flush(flushToDisk: true);
            CryptographicOperations.ZeroMemory(key);
        }

        File.Move(beside, path);
    }
}
