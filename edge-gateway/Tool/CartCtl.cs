using System;
using System.CommandLine;
using System.IO;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Journal;
using EdgeGateway.Tool.Accounts;
using EdgeGateway.Tool.Broker;
using EdgeGateway.Tool.Certificates;

namespace EdgeGateway.Tool;

/// <summary>The command line <c>cartctl</c>. Results go to one writer, diagnostics to the other. A journal's records are only read; <c>certs</c> and <c>pods</c> change the cart's folder of certificates and stand in its trail, <c>accounts</c>, <c>tokens</c> and <c>claim</c> its folder of accounts, <c>restore</c> replaces a cart's files, <c>init</c> writes a first configuration.</summary>
public static class CartCtl
{
    /// <summary>Done, nothing to report.</summary>
    public const int Clean = 0;

    /// <summary>Damage was found.</summary>
    public const int Damage = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The input cannot be read, or is refused.</summary>
    public const int Unreadable = 3;

    /// <summary>Most records that one call of inspect shows.</summary>
    public const int MaxLimit = 1_000_000;

    /// <summary>Runs one command.</summary>
    /// <param name="arguments">The words after the program's name.</param>
    /// <param name="results">Where results go.</param>
    /// <param name="diagnostics">Where everything else goes.</param>
    /// <returns>0 clean, 1 damage found, 2 usage, 3 input unreadable or refused.</returns>
    public static int Run(string[] arguments, TextWriter results, TextWriter diagnostics) => Run(arguments, TextReader.Null, results, diagnostics);

    /// <summary>Runs one command.</summary>
    /// <param name="arguments">The words after the program's name.</param>
    /// <param name="input">Where secrets are read from that no file holds.</param>
    /// <param name="results">Where results go.</param>
    /// <param name="diagnostics">Where everything else goes.</param>
    /// <param name="time">The clock; null for the machine's.</param>
    /// <returns>0 clean, 1 damage found, 2 usage, 3 input unreadable or refused.</returns>
    public static int Run(string[] arguments, TextReader input, TextWriter results, TextWriter diagnostics, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(results);
        ArgumentNullException.ThrowIfNull(diagnostics);
        int exit = Clean;
        RootCommand root = Commands(input, results, diagnostics, code => exit = code);
        root.Add(BackupCommands.Backup(input, results, diagnostics, code => exit = code, time ?? TimeProvider.System));
        root.Add(BackupCommands.Restore(input, results, diagnostics, code => exit = code, time ?? TimeProvider.System));
        foreach (Command command in new CertificateCommands(input, results, diagnostics, code => exit = code, time ?? TimeProvider.System).Commands())
        {
            root.Add(command);
        }

        root.Add(new BrokerCommands(results, diagnostics, code => exit = code, time ?? TimeProvider.System).Make());
        root.Add(new AuditCommands(results, diagnostics, code => exit = code, time ?? TimeProvider.System).Command());
        foreach (Command command in new AccountCommands(input, results, diagnostics, code => exit = code, time ?? TimeProvider.System).Commands())
        {
            root.Add(command);
        }

        ParseResult parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (System.CommandLine.Parsing.ParseError error in parsed.Errors)
            {
                diagnostics.WriteLine(FaultCodes.CartctlCommandLineWrong + ": " + error.Message);
            }

            diagnostics.WriteLine("Try: cartctl --help");
            return Usage;
        }

        int status = parsed.Invoke(new InvocationConfiguration { Output = results, Error = diagnostics });
        return status != 0 ? Usage : exit;
    }

    private static RootCommand Commands(TextReader input, TextWriter results, TextWriter diagnostics, Action<int> exit)
    {
        var directory = new Argument<string>("dir") { Description = "The journal's directory; it may be in use." };
        var json = new Option<bool>("--json") { Description = "Exactly one JSON object." };
        var from = new Option<long>("--from") { Description = "First record to show.", DefaultValueFactory = _ => 1 };
        var limit = new Option<int>("--limit") { Description = "Most records to show (0 to 1000000).", DefaultValueFactory = _ => 100 };
        var recordClass = new Option<RecordClass?>("--class") { Description = "Only this class: control, vital, event, sound or wave." };
        from.Validators.Add(r => Check(r, r.GetValueOrDefault<long>() >= 1, "--from must be 1 or more."));
        limit.Validators.Add(r => Check(r, r.GetValueOrDefault<int>() is >= 0 and <= MaxLimit, "--limit must be 0 to 1000000."));

        var keyFile = new Option<string?>("--key-file") { Description = "The cart's key, for encrypted records; without it keys/cart.key in the directory is looked for." };
        var inspect = new Command("inspect", "Shows what the journal holds.") { directory, json, from, limit, recordClass, keyFile };
        inspect.SetAction(parsed => exit(Guard(diagnostics, parsed.GetValue(directory)!, path =>
            InspectCommand.Run(path, parsed.GetValue(keyFile), parsed.GetValue(json), parsed.GetValue(from), parsed.GetValue(limit), parsed.GetValue(recordClass), results))));
        var verify = new Command("verify", "Reads everything and checks it.") { directory, json, keyFile };
        verify.SetAction(parsed => exit(Guard(diagnostics, parsed.GetValue(directory)!, path => VerifyCommand.Run(path, parsed.GetValue(keyFile), parsed.GetValue(json), results))));
        var upgrade = new Command("upgrade", "Encrypts what is written from the next start on, without waiting for 24 healthy hours.") { directory };
        upgrade.SetAction(parsed => exit(Guard(diagnostics, parsed.GetValue(directory)!, path => JournalKeys.Upgrade(path, results, diagnostics))));
        return new RootCommand("Looks into a cart's gateway from the command line.")
        {
            new Command("journal", "The gateway's durable store.") { inspect, verify, upgrade },
            CheckCommands(json, results, diagnostics, exit),
            new InitCommand(input, results, diagnostics, exit).Make(),
            PodCommands(input, results, diagnostics, exit),
            new Command("settings", "The table of settings.")
            {
                Print("example", "Prints gateway.example.yaml: every key with its range and default.", SettingsText.Example, results, exit),
                Print("schema", "Prints gateway.schema.json, for editors.", SettingsText.Schema, results, exit),
            },
        };
    }

    private static Command CheckCommands(Option<bool> json, TextWriter results, TextWriter diagnostics, Action<int> exit)
    {
        var file = new Argument<string>("file") { Description = "The configuration file of a gateway." };
        var deep = new Option<bool>("--deep") { Description = "Also tries it, with the gateway stopped: writes into its directory, opens its ports, looks at its certificates' times, connects to the session's broker." };
        var check = new Command("check", "Says whether the gateway could start here with this configuration: the file, and this machine. Nothing is changed.") { file, json, deep };
        check.SetAction(parsed => exit(CheckCommand.Run(parsed.GetValue(file)!, parsed.GetValue(json), parsed.GetValue(deep) ? TimeProvider.System : null, results, diagnostics)));
        return check;
    }

    private static Command PodCommands(TextReader input, TextWriter results, TextWriter diagnostics, Action<int> exit)
    {
        var challenge = new Argument<string>("challenge") { Description = "What the pod's console shows: 32 hexadecimal digits." };
        var keyFile = new Option<string?>("--key-file") { Description = "The pod's provisioning bundle, or a file with its technician's key; else the key is read from the standard input." };
        var unlock = new Command("unlock", "Answers the challenge of a pod's console.") { challenge, keyFile };
        unlock.SetAction(parsed => exit(PodUnlockCommand.Run(parsed.GetValue(challenge)!, parsed.GetValue(keyFile), input, results, diagnostics)));
        return new Command("pod", "A technician's work on a pod.") { unlock };
    }

    private static Command Print(string name, string description, Func<string> text, TextWriter results, Action<int> exit)
    {
        var command = new Command(name, description);
        command.SetAction(_ =>
        {
            results.Write(text());
            exit(Clean);
        });
        return command;
    }

    private static void Check(System.CommandLine.Parsing.OptionResult result, bool good, string message)
    {
        if (!good)
        {
            result.AddError(message);
        }
    }

    private static int Guard(TextWriter diagnostics, string path, Func<string, int> command)
    {
        try
        {
            if (!Directory.Exists(path))
            {
                diagnostics.WriteLine(FaultCodes.JournalDirectoryMissing + ": there is no directory " + path + ". Give the directory that gateway.yaml names for the journal.");
                return Unreadable;
            }

            return command(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            diagnostics.WriteLine(FaultCodes.JournalDirectoryUnreadable + ": " + path + " cannot be read: " + e.Message + " Run as the gateway's user; if the medium fails, copy the directory first.");
            return Unreadable;
        }
    }
}
