using System;
using System.Collections.Generic;
using System.IO;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Journal;

namespace EdgeGateway.Machine;

/// <summary>
/// The cart's key, which wraps the keys of stored readings. It is the credential <c>cart.key</c> that systemd gives the unit, else the file that the configuration names, else <c>keys/cart.key</c> in
/// the journal's directory. Losing it loses what was not delivered.
/// </summary>
public static class CartKey
{
    /// <summary>The folder of the keys in the journal's directory.</summary>
    public const string Folder = "keys";

    /// <summary>Name of the key's file, and of the credential.</summary>
    public const string FileName = "cart.key";

    /// <summary>Where the key is.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="credentials">The unit's directory of credentials; null for none.</param>
    /// <returns>The path; the file need not exist.</returns>
    public static string PathOf(GatewayHostOptions options, string? credentials)
    {
        ArgumentNullException.ThrowIfNull(options);
        return PathOf(options.JournalDirectory, options.CartKeyFile, credentials);
    }

    /// <summary>Where the key is.</summary>
    /// <param name="journal">The journal's directory.</param>
    /// <param name="configured">The configured file; null for none.</param>
    /// <param name="credentials">The unit's directory of credentials; null for none.</param>
    /// <returns>The path; the file need not exist.</returns>
    public static string PathOf(string journal, string? configured, string? credentials)
    {
        string? credential = string.IsNullOrEmpty(credentials) ? null : Path.Combine(credentials, FileName);
        return credential is not null && File.Exists(credential) ? credential : configured ?? Path.Combine(journal, Folder, FileName);
    }

    /// <summary>The unit's directory of credentials, as systemd names it; null for none.</summary>
    public static string? Credentials => Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY");

    /// <summary>Reads the key, or makes it. One that cannot be used is set aside: readings come first, and what was stored under the old one waits until it is back.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="credentials">The unit's directory of credentials; null for none.</param>
    /// <param name="told">What a person should know is added here.</param>
    /// <returns>The key.</returns>
    /// <exception cref="CodedErrorException">There is none, and none can be made (G2081, as for the directory that it stands in).</exception>
    public static byte[] LoadOrCreate(GatewayHostOptions options, string? credentials, ICollection<CodedError> told)
    {
        ArgumentNullException.ThrowIfNull(told);
        string path = PathOf(options, credentials);
        if (!SecretFile.TryLoadOrCreate(path, JournalProtection.KeyBytes, isKeptWhenExposed: true, out byte[]? key, out string? replaced, out string? failure))
        {
            throw new CodedErrorException(new CodedError(FaultCodes.JournalUnusable, new ErrorPlace(path, 0, null), failure));
        }

        if (replaced is not null)
        {
            told.Add(new CodedError(FaultCodes.CartKeyReplaced, new ErrorPlace(path, 0, null), replaced));
        }

        return key;
    }
}
