using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using EdgeGateway.Core.Access;
using EdgeGateway.Faults;
using EdgeGateway.Machine;

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
    public const int MaxSetAside = SecretFile.MaxSetAside;

    /// <summary>Reads the key, or makes it when there is none that can be used.</summary>
    /// <param name="dataDirectory">The gateway's data directory.</param>
    /// <param name="told">What a person should know, in order; empty when all is well.</param>
    /// <returns>32 bytes, always.</returns>
    public static byte[] LoadOrCreate(string dataDirectory, out IReadOnlyList<CodedError> told)
    {
        ArgumentException.ThrowIfNullOrEmpty(dataDirectory);
        string path = Path.Combine(dataDirectory, RelativePath);
        if (!SecretFile.TryLoadOrCreate(path, ListenerTokens.KeyLength, isKeptWhenExposed: false, out byte[]? key, out string? replaced, out string? failure))
        {
            key = RandomNumberGenerator.GetBytes(ListenerTokens.KeyLength);
        }

        List<CodedError> said = [];
        told = said;
        if (replaced is not null)
        {
            said.Add(new CodedError(FaultCodes.ListenerKeyReplaced, new ErrorPlace(path, 0, null), replaced));
        }

        if (failure is not null)
        {
            said.Add(new CodedError(FaultCodes.ListenerKeyNotKept, new ErrorPlace(path, 0, null), failure));
        }

        return key;
    }
}
