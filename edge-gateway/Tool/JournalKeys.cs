using System;
using System.IO;
using EdgeGateway.Faults;
using EdgeGateway.Journal;
using EdgeGateway.Machine;

namespace EdgeGateway.Tool;

/// <summary>The keys of a journal that is looked into, and <c>cartctl journal upgrade</c>.</summary>
internal static class JournalKeys
{
    /// <summary>Where the keys of a journal are.</summary>
    public static string DirectoryOf(string journal) => Path.Combine(journal, CartKey.Folder);

    /// <summary>The cart's key; empty when it is not there or may not be read: encrypted records are then said to be locked.</summary>
    public static ReadOnlyMemory<byte> CartKeyOf(string journal, string? keyFile)
    {
        if (SecretFile.TryRead(CartKey.PathOf(journal, keyFile, keyFile is null ? CartKey.Credentials : null), JournalProtection.KeyBytes, out byte[]? key, out string why))
        {
            return key;
        }

        // A file that was named has to be one.
        return keyFile is null ? ReadOnlyMemory<byte>.Empty : throw new IOException(keyFile + " is no key of a cart: " + (why.Length == 0 ? "there is no such file" : why) + ".");
    }

    public static int Upgrade(string journal, TextWriter results, TextWriter diagnostics)
    {
        try
        {
            results.WriteLine(JournalKeyFiles.Encrypt(DirectoryOf(journal))
                ? "From the next start on, records are encrypted as they are written. An older version of the gateway cannot read them: make a backup of the keys (cartctl backup)."
                : "Records are encrypted already.");
            return CartCtl.Clean;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            diagnostics.WriteLine(new CodedError(FaultCodes.JournalUpgradeRefused, new ErrorPlace(journal, 0, null), e.Message.TrimEnd('.')).Render());
            return CartCtl.Unreadable;
        }
    }
}
