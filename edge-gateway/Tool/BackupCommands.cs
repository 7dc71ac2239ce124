using System;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Machine;
using EdgeGateway.Tool.Certificates;

namespace EdgeGateway.Tool;

/// <summary><c>cartctl backup</c> and <c>cartctl restore</c>: a cart's configuration, certificates, pod list and keys in one encrypted file. Never a reading.</summary>
internal static class BackupCommands
{
    /// <summary>The command that makes one.</summary>
    public static Command Backup(TextReader input, TextWriter results, TextWriter diagnostics, Action<int> exit, TimeProvider time)
    {
        Argument<string> configuration = new(RecordedCommands.ConfigurationName) { Description = "The gateway's configuration file." };
        Option<string> file = new("--out") { Description = "Where the backup is written; keep it off the cart.", Required = true };
        Option<string?> passphrase = PassphraseFile();
        const string Description = "Writes configuration, certificates, pod list and keys into one encrypted file. Without it, losing the cart's key is losing undelivered readings.";
        return new RecordedCommands(diagnostics, exit, time, FaultCodes.BackupNotMade).Make("backup", Description, [configuration, file, passphrase], parsed =>
        {
            string target = parsed.GetValue(file)!;
            if (Path.Exists(target))
            {
                throw Refused(FaultCodes.FileNotReplaced, target, string.Empty);
            }

            CartBackup backup = new CartFiles(parsed.GetValue(configuration)!, CartKey.Credentials).Collect(time.GetUtcNow());
            string secret = Secret(parsed.GetValue(passphrase), "New passphrase of the backup: ", input, diagnostics);
            if (secret.Length < CartBackup.MinPassphraseLength)
            {
                throw Refused(FaultCodes.PassphraseWrong, null, string.Create(CultureInfo.InvariantCulture, $"it has fewer than {CartBackup.MinPassphraseLength} characters"), "Take a longer one.");
            }

            CertificateFolder.Replace(target, backup.Write(secret));
            results.WriteLine(string.Create(CultureInfo.InvariantCulture, $"wrote {target}: {backup.Files.Count} files of cart {backup.CartId}. It opens every key of this day: destroy it when the next one is made."));
            if (!backup.Files.Any(static f => f.Place == BackupPlace.CartKey))
            {
                results.WriteLine("The cart's key is not in it: it could not be read here. Keep it yourself; without it the keys in this backup are of no use.");
            }
        }, ActNames.Backup);
    }

    /// <summary>The command that takes one back.</summary>
    public static Command Restore(TextReader input, TextWriter results, TextWriter diagnostics, Action<int> exit, TimeProvider time)
    {
        Argument<string> file = new("backup") { Description = "The backup." };
        Argument<string> configuration = new("gateway.yaml") { Description = "Where the configuration file belongs on this machine." };
        Option<bool> older = new("--older") { Description = "Also replace what was written after the backup." };
        Option<string?> passphrase = PassphraseFile();
        RecordedCommands make = new(diagnostics, exit, time, FaultCodes.BackupNotMade);
        return make.Make("restore", "Puts a backup's files into their places, all or none. Run it as the gateway's user, with the gateway stopped.", [file, configuration, older, passphrase], parsed =>
        {
            CartFiles cart = new(parsed.GetValue(configuration)!, CartKey.Credentials);
            if (cart.IsUnfinished)
            {
                cart.Finish();
                new RecordedActs(diagnostics, time).Run(parsed.GetValue(configuration)!, ActNames.Restore, string.Empty, static () => (CartCtl.Clean, string.Empty));
                results.WriteLine("ended the restore that was cut. Nothing else was done.");
                return;
            }

            byte[] bytes = Read(parsed.GetValue(file)!);
            CartBackup backup;
            try
            {
                backup = CartBackup.Read(bytes, Secret(parsed.GetValue(passphrase), "Passphrase of the backup: ", input, diagnostics));
            }
            catch (InvalidDataException e)
            {
                throw Refused(FaultCodes.BackupUnusable, parsed.GetValue(file), e.Message);
            }
            catch (AuthenticationTagMismatchException)
            {
                throw Refused(FaultCodes.BackupPassphraseWrong, parsed.GetValue(file), string.Empty);
            }

            cart.Restore(backup, parsed.GetValue(older));
            new RecordedActs(diagnostics, time).Run(parsed.GetValue(configuration)!, ActNames.Restore, string.Empty, static () => (CartCtl.Clean, string.Empty));
            results.WriteLine("restored cart " + backup.CartId + " from " + backup.CreatedUtc.ToString("u", CultureInfo.InvariantCulture) + ".");
        });
    }

    private static Option<string?> PassphraseFile() => new("--passphrase-file") { Description = "A file with the passphrase; without it the passphrase is read from the terminal or standard input." };

    private static CodedErrorException Refused(string code, string? file, string detail, string? suggestion = null) => CertificateOffice.Refused(code, file, detail, suggestion);

    private static string Secret(string? file, string prompt, TextReader input, TextWriter diagnostics)
    {
        if (file is not null)
        {
            return File.ReadAllText(file).TrimEnd('\r', '\n');
        }

        diagnostics.Write(prompt);
        string secret = SecretInput.ReadLine(input);
        diagnostics.WriteLine();
        return secret;
    }

    private static byte[] Read(string file) =>
        new FileInfo(file).Length <= CartBackup.MaxBytes ? File.ReadAllBytes(file) : throw Refused(FaultCodes.BackupUnusable, file, "it is longer than any backup");
}
