using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Journal;

namespace EdgeGateway.Machine;

/// <summary>
/// A cart's files, for backup and restore: the configuration and what it names, certificates and pod list, the wrapped keys and the key that wraps them; never a reading.
/// A restore writes every file beside its place first, then notes what is to be moved, then moves: a cut before the note leaves the old state, a cut behind it is ended by the next restore, and
/// the gateway refuses to start in between.
/// </summary>
public sealed class CartFiles
{
    /// <summary>What is added to the configuration's name while a restore moves files.</summary>
    public const string NoteSuffix = ".restoring";

    private const string BesideSuffix = ".restored";
    private const int MaxFileBytes = 64 * 1024 * 1024;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly string[] CertificateFiles =
        [CertificateFolder.RootFile, CertificateFolder.IssuingFile, CertificateFolder.GatewayFile, CertificateFolder.RegisterFile, CertificateFolder.PodsFile, CertificateFolder.AnchorFile, CertificateFolder.ClockFile];

    private readonly string _configuration;
    private readonly string? _credentials;

    /// <summary>Makes it; nothing is read.</summary>
    /// <param name="configuration">gateway.yaml.</param>
    /// <param name="credentials">The unit's directory of credentials; null for none.</param>
    public CartFiles(string configuration, string? credentials)
    {
        ArgumentException.ThrowIfNullOrEmpty(configuration);
        _configuration = Path.GetFullPath(configuration);
        _credentials = credentials;
    }

    /// <summary>Called before each step of a restore with its name; for tests that cut there.</summary>
    internal Action<string> Step { get; set; } = static _ => { };

    /// <summary>Reads all.</summary>
    /// <param name="now">The time that the backup bears.</param>
    /// <returns>The backup.</returns>
    /// <exception cref="CodedErrorException">The configuration has errors.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public CartBackup Collect(DateTimeOffset now)
    {
        ConfigurationResult result = ConfigurationFile.Load(_configuration);
        if (result.Options is not { } options)
        {
            throw new CodedErrorException(result.Errors);
        }

        List<BackupFile> files = [new(BackupPlace.Configuration, string.Empty, Read(_configuration))];
        foreach (string named in NamedIn(options))
        {
            files.Add(new BackupFile(BackupPlace.Named, named, Read(Path.Combine(Folder, named))));
        }

        foreach (string name in CertificateFiles)
        {
            if (options.Tls is { } tls && File.Exists(Path.Combine(tls.Directory, name)))
            {
                files.Add(new BackupFile(BackupPlace.Certificates, name, Read(Path.Combine(tls.Directory, name))));
            }
        }

        string keys = KeysOf(options);
        foreach (string name in Directory.Exists(keys) ? JournalKeyFiles.Of(keys) : [])
        {
            try
            {
                files.Add(new BackupFile(BackupPlace.Keys, name, Read(Path.Combine(keys, name))));
            }
            catch (FileNotFoundException)
            {
                // Replaced by a newer one meanwhile, or erased: then it belongs into no backup.
            }
        }

        string cartKey = CartKey.PathOf(options, _credentials);
        if (SecretFile.TryRead(cartKey, JournalProtection.KeyBytes, out byte[]? key, out _))
        {
            files.Add(new BackupFile(BackupPlace.CartKey, string.Empty, key));
        }

        return new CartBackup(options.Core.CartId, now, files);
    }

    /// <summary>Whether a restore was cut while it moved files.</summary>
    public bool IsUnfinished => File.Exists(_configuration + NoteSuffix);

    /// <summary>Ends a restore that was cut.</summary>
    /// <exception cref="IOException">A file cannot be moved.</exception>
    public void Finish()
    {
        foreach (string target in JsonSerializer.Deserialize<string[]>(File.ReadAllText(_configuration + NoteSuffix)) ?? [])
        {
            Step("move " + target);
            if (File.Exists(target + BesideSuffix))
            {
                File.Move(target + BesideSuffix, target, overwrite: true);
                DirectorySync.Sync(Path.GetDirectoryName(target)!);
            }
        }

        Step("forget");
        File.Delete(_configuration + NoteSuffix);
        DirectorySync.Sync(Folder);
    }

    /// <summary>Puts a backup's files into their places.</summary>
    /// <param name="backup">The backup.</param>
    /// <param name="evenOlder">True to replace what is newer than the backup.</param>
    /// <exception cref="CodedErrorException">Refused: another cart's, older than what is there, a configuration with errors, or a gateway that runs. Nothing was changed.</exception>
    /// <exception cref="IOException">A file cannot be written. Nothing was changed, or <see cref="IsUnfinished"/>.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public void Restore(CartBackup backup, bool evenOlder)
    {
        ArgumentNullException.ThrowIfNull(backup);
        GatewayHostOptions options = OptionsOf(backup);
        Directory.CreateDirectory(options.JournalDirectory);
        using FileStream taken = Take(options.JournalDirectory);
        List<(string Target, byte[] Bytes)> files = Plan(backup, options);
        if (!evenOlder && Newer(files, backup) is { } newer)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.BackupOlder, new ErrorPlace(newer, 0, null), "it was written after " + backup.CreatedUtc.ToString("u", System.Globalization.CultureInfo.InvariantCulture)));
        }

        Sweep(KeysOf(options));
        foreach ((string target, byte[] bytes) in files)
        {
            Step("write " + target);
            MakeFolder(Path.GetDirectoryName(target)!);
            CertificateFolder.Replace(target + BesideSuffix, bytes);
        }

        Step("note");
        CertificateFolder.Replace(_configuration + NoteSuffix, JsonSerializer.SerializeToUtf8Bytes(files.Select(static f => f.Target).ToArray()));
        Finish();
    }

    private string Folder => Path.GetDirectoryName(_configuration)!;

    private static string KeysOf(GatewayHostOptions options) => Path.Combine(options.JournalDirectory, CartKey.Folder);

    private static IEnumerable<string> NamedIn(GatewayHostOptions options) =>
        options.Core.External is { } broker ? new[] { broker.PasswordFile, broker.AuthorityFile, broker.CertificateFile }.OfType<string>().Distinct(StringComparer.Ordinal) : [];

    // What the backup's own configuration says, with the files that it names taken from the backup.
    private GatewayHostOptions OptionsOf(CartBackup backup)
    {
        byte[] text = backup.Files.FirstOrDefault(static f => f.Place == BackupPlace.Configuration)?.Bytes
            ?? throw new CodedErrorException(new CodedError(FaultCodes.BackupUnusable, ErrorPlace.None, "there is no configuration in it"));
        ConfigurationResult result = GatewayConfiguration.Parse(
            text, _configuration, Folder, named => backup.Files.FirstOrDefault(f => f.Place == BackupPlace.Named && string.Equals(f.Name, named, StringComparison.Ordinal))?.Bytes);
        return result.Options ?? throw new CodedErrorException(result.Errors);
    }

    // A key that is there stays: a newer generation of it may hold what the backup does not know. The boot number goes far above every one that was seen, in the backup and here.
    private List<(string Target, byte[] Bytes)> Plan(CartBackup backup, GatewayHostOptions options)
    {
        List<(string Target, byte[] Bytes)> files = [];
        string keys = KeysOf(options);
        HashSet<string> there = new(Directory.Exists(keys) ? JournalKeyFiles.Of(keys) : [], StringComparer.Ordinal);
        foreach (BackupFile file in backup.Files)
        {
            string? target = file.Place switch
            {
                BackupPlace.Configuration => _configuration,
                BackupPlace.Named => NamedIn(options).Contains(file.Name, StringComparer.Ordinal) ? Path.GetFullPath(file.Name, Folder) : null,
                BackupPlace.Certificates => options.Tls is { } tls && CertificateFiles.Contains(file.Name, StringComparer.Ordinal) ? Path.Combine(tls.Directory, file.Name) : null,
                BackupPlace.Keys => JournalKeyFiles.IsName(file.Name) && !there.Contains(file.Name) ? Path.Combine(keys, file.Name) : null,
                _ => CartKey.PathOf(options, _credentials),
            };
            if (target is not null && !IsThere(target, file.Bytes))
            {
                files.Add((target, file.Bytes));
            }
        }

        string[] seen = [.. there, .. backup.Files.Where(static f => f.Place == BackupPlace.Keys).Select(static f => f.Name)];
        if (JournalKeyFiles.RaisedBoot(seen) is { } boot)
        {
            files.Add((Path.Combine(keys, boot), []));
        }

        return files;
    }

    private static bool IsThere(string target, byte[] bytes) => File.Exists(target) && new FileInfo(target).Length == bytes.Length && File.ReadAllBytes(target).AsSpan().SequenceEqual(bytes);

    // What would be replaced and was written after the backup.
    private static string? Newer(List<(string Target, byte[] Bytes)> files, CartBackup backup)
    {
        foreach ((string target, _) in files)
        {
            if (File.Exists(target) && File.GetLastWriteTimeUtc(target) > backup.CreatedUtc.UtcDateTime)
            {
                return target;
            }
        }

        return null;
    }

    // The journal's own lock: a gateway that runs holds it.
    private static FileStream Take(string journal)
    {
        try
        {
            return new FileStream(Path.Combine(journal, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.BackupNotMade, new ErrorPlace(journal, 0, null), "a gateway runs on it: " + e.Message.TrimEnd('.'), "Stop the gateway first."));
        }
    }

    private static void MakeFolder(string folder)
    {
        if (OperatingSystem.IsWindows() || Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        }
    }

    // What a restore left beside that was cut before its note: a key must not outlive its erasure there.
    private static void Sweep(string keys)
    {
        foreach (string left in Directory.Exists(keys) ? Directory.GetFiles(keys, "*" + BesideSuffix + "*") : [])
        {
            File.Delete(left);
        }
    }

    private static byte[] Read(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (stream.Length > MaxFileBytes)
        {
            throw new IOException(path + " is longer than any file of a cart.");
        }

        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
