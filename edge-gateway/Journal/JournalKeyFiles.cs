using System;
using System.Collections.Generic;
using System.IO;

namespace EdgeGateway.Journal;

/// <summary>The directory of a journal's keys from outside, while no journal has it open: for backups, restores and upgrades.</summary>
public static class JournalKeyFiles
{
    /// <summary>How far a restore raises the boot number above all that were seen: starts between the backup and the restore, on whatever copy, stay below it. Assumption.</summary>
    public const uint RestoredBootStep = 65_536;

    /// <summary>Whether a name is that of a file of this directory.</summary>
    /// <param name="name">The name.</param>
    /// <returns>True when it is.</returns>
    public static bool IsName(string name) =>
        KeyFile.TryParseName(name, out _, out _) || KeyFile.TryParseBoot(name, out _) || KeyFile.TryParsePlain(name, out _) || string.Equals(name, KeyFile.Encrypted, StringComparison.Ordinal);

    /// <summary>The files of a directory.</summary>
    /// <param name="directory">Its path.</param>
    /// <returns>Their names, in ordinal order.</returns>
    public static IReadOnlyList<string> Of(string directory)
    {
        List<string> names = [];
        foreach (DiskFile file in JournalRules.List(directory))
        {
            if (file.IsRegular && IsName(file.Name))
            {
                names.Add(file.Name);
            }
        }

        return names;
    }

    /// <summary>The file that raises the boot number far above every one that was seen.</summary>
    /// <param name="names">Names of files, of every copy.</param>
    /// <returns>The file's name; null when nothing was ever encrypted.</returns>
    public static string? RaisedBoot(IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        uint? newest = null;
        foreach (string name in names)
        {
            newest = KeyFile.TryParseBoot(name, out uint boot) ? Math.Max(newest ?? 0, boot) : newest;
        }

        return newest is not { } seen ? null : KeyFile.Boot(seen > uint.MaxValue - RestoredBootStep ? uint.MaxValue : seen + RestoredBootStep);
    }

    /// <summary>Says that records are to be encrypted from the next start on, without waiting for healthy hours.</summary>
    /// <param name="directory">The directory of the keys; made when absent.</param>
    /// <returns>False when they are already.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static bool Encrypt(string directory)
    {
        if (OperatingSystem.IsWindows() || Directory.Exists(directory))
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        string file = Path.Combine(directory, KeyFile.Encrypted);
        if (File.Exists(file))
        {
            return false;
        }

        using (FileStream made = new(file, FileMode.CreateNew, FileAccess.Write))
        {
            made.Flush(flushToDisk: true);
        }

        DirectorySync.Sync(directory);
        return true;
    }
}
