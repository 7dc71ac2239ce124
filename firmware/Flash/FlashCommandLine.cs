using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.IO;
using System.Linq;
using EdgeGateway.Faults;

namespace Firmware.Flash;

/// <summary>The commands and options of cart-flash. All errors of a command line come together, each with its code.</summary>
internal sealed class FlashCommandLine
{
    private static readonly string[] WithoutBoard = ["check", "ports", "archive", "console", "calibrate", "up"];
    private readonly RootCommand _root;
    private ParseResult? _parsed;

    /// <summary>Makes the commands.</summary>
    public FlashCommandLine()
    {
        _root = new RootCommand("Brings up pods' boards.")
        {
            new Command("check", "Tests the desk without a board.") { Archive, Image, Offline, Records, Json },
            new Command("ports", "Lists serial ports, and which plug is which.") { Json },
            new Command("up", "Brings up one board or several: chip, runtime, program, configuration, self test, record, label.")
            {
                Ports, ConsolePorts, Board, Target, Image, Archive, Version, Bundle, Secrets, Records, CartName, Role, Parts, Factory, Confirm, Reprovision, PsramConfirmed, NoGateway, WhatIf, Json,
            },
            new Command("console", "Finds the console, and joins this terminal to it.") { Port, Send },
            new Command("calibrate", "Calibrates the cuff's sensor or the oximeter.") { Sensor, Port, Serial, Due, Points, Secrets, Records, CartName, WhatIf },
            new Command("archive", "Fetches the runtimes into a folder, and notes their hashes.") { Archive, Version, WhatIf },
            new Command("details", "Asks the chip what it is.") { Port },
            new Command("runtime", "Writes the runtime, and nothing else.") { Port, Version, Archive, MassErase },
            new Command("deploy", "Writes the pod's program, and nothing else.") { Port, Image },
            new Command("help", "Explains."),
        };
        foreach (Command command in _root.Subcommands.Where(c => c.Name is "details" or "runtime" or "deploy"))
        {
            command.Options.Add(Pod);
            command.Options.Add(Cart);
            command.Options.Add(WhatIf);
            command.Options.Add(Json);
        }
    }

    public Option<string?> Port { get; } = new("--port") { Description = "The serial port." };

    public Option<string[]> Ports { get; } = new("--port") { Description = "The ports by which boards are flashed; without it the one that is found.", AllowMultipleArgumentsPerToken = true };

    public Option<string[]> ConsolePorts { get; } = new("--console-port") { Description = "The ports on which consoles are looked for; without it all.", AllowMultipleArgumentsPerToken = true };

    public Option<string?> Board { get; } = new("--board") { Description = "The board that is meant; without it whichever fits the chip." };

    public Option<string?> Target { get; } = new("--target") { Description = "The runtime's image; without it the board's." };

    public Option<string?> Bundle { get; } = new("--bundle") { Description = "Provisioning bundle: a file, a folder with one per pod, or - for standard input." };

    public Option<string?> Secrets { get; } = new("--secrets") { Description = "A file, or - for standard input, with {\"wifiPassword\":…,\"technicianKey\":…} for one pod, or {\"wifiPassword\":…,\"technicianKeys\":{id:…}}; without it they are asked for." };

    public Option<string?> Records { get; } = new("--records") { Description = "Folder of records, labels and state files; without it flash-records." };

    public Option<string?> CartName { get; } = new("--cart-name") { Description = "The cart's name, for label and configuration." };

    public Option<string?> Role { get; } = new("--role") { Description = "What the pod is for; without it what it has, else vitals." };

    public Option<string?> Parts { get; } = new("--parts") { Description = "The fitted parts; without it what it has, else those of hardware/cart.json." };

    public Option<bool> Factory { get; } = new("--factory") { Description = "Erase identity, calibrations, certificates and unsent readings first." };

    public Option<string?> Confirm { get; } = new("--confirm") { Description = "FACTORY, where nobody can type it." };

    public Option<bool> Reprovision { get; } = new("--reprovision") { Description = "Give a provisioned pod its bundle anew: what the bundle leaves out is taken away, calibrations stay." };

    public Option<bool> PsramConfirmed { get; } = new("--psram-confirmed") { Description = "A person has read the PSRAM's size on the module, where nanoff cannot find out." };

    public Option<bool> NoGateway { get; } = new("--no-gateway") { Description = "No gateway is at this bench: the self test's item gateway is not judged." };

    public Option<bool> Offline { get; } = new("--offline") { Description = "Print versions and files to fetch elsewhere." };

    public Option<string?> Send { get; } = new("--send") { Description = "One command instead of a terminal; its answer is printed." };

    public Option<string?> Serial { get; } = new("--serial") { Description = "Serial number of the sensor's board." };

    public Option<string?> Due { get; } = new("--due") { Description = "When the calibration is due again, YYYY-MM-DD; without it in a year." };

    public Option<string?> Points { get; } = new("--points") { Description = "A file with the reference's values, one a line, instead of typing them; for rigs that set them by themselves." };

    public Argument<string> Sensor { get; } = new("sensor") { Description = "cuff or oximeter" };

    public Option<string?> Version { get; } = new("--fwversion") { Description = "Another version of the runtime than the one that the program is built for." };

    public Option<string?> Archive { get; } = new("--archive") { Description = "A folder with downloaded runtimes, for a machine without network." };

    public Option<bool> MassErase { get; } = new("--masserase") { Description = "Erase the whole flash first." };

    public Option<string?> Image { get; } = new("--image") { Description = "The Pod.bin that building firmware/Esp32 leaves." };

    public Option<string?> Pod { get; } = new("--pod") { Description = "Which pod of the cart; needed when it has several." };

    public Option<string?> Cart { get; } = new("--cart") { Description = "Another file than hardware/cart.json." };

    public Option<bool> WhatIf { get; } = new("--what-if", "--dry-run") { Description = "Print what would be done, and do nothing." };

    public Option<bool> Json { get; } = new("--json") { Description = "Exactly one JSON object." };

    /// <summary>The command that was given.</summary>
    public string Command => _parsed!.CommandResult.Command.Name;

    /// <summary>True when the command needs the cart's description.</summary>
    public bool NeedsCart => !WithoutBoard.Contains(Command, StringComparer.Ordinal);

    /// <summary>Every command with its description, for the explanation and the tests.</summary>
    public IEnumerable<(string Name, string About)> Commands => _root.Subcommands.Select(c => (c.Name, c.Description ?? string.Empty));

    /// <summary>The value of an option that was given.</summary>
    public T? Value<T>(Option<T> option) => _parsed!.CommandResult.Command.Options.Contains(option) ? _parsed.GetValue(option) : default;

    /// <summary>The value of an argument.</summary>
    public string Value(Argument<string> argument) => _parsed!.GetValue(argument) ?? string.Empty;

    /// <summary>
    /// What a person types in PowerShell, as this command line reads it: -WhatIf and -whatif for --what-if, -Port:COM3, -Check for the command check; without a command it is a
    /// bring-up. Lists of ports come as "COM3,COM4" or as several words.
    /// </summary>
    public IReadOnlyList<string> Normalise(IReadOnlyList<string> arguments)
    {
        Dictionary<string, string> known = new(StringComparer.Ordinal);
        foreach (Option option in _root.Subcommands.SelectMany(c => c.Options))
        {
            foreach (string name in option.Aliases.Prepend(option.Name))
            {
                known[Plain(name)] = name;
            }
        }

        List<string> words = [];
        foreach (string word in arguments)
        {
            bool isOption = word.Length > 1 && word[0] == '-' && word[1] != '-' ? char.IsAsciiLetter(word[1]) : word.Length > 2 && word.StartsWith("--", StringComparison.Ordinal);
            int colon = word.IndexOf(':', StringComparison.Ordinal);
            if (isOption && known.TryGetValue(Plain(word), out string? whole))
            {
                words.Add(whole);
            }
            else if (isOption && colon > 0 && known.TryGetValue(Plain(word[..colon]), out string? name))
            {
                words.Add(name);
                words.AddRange(colon + 1 < word.Length ? [word[(colon + 1)..]] : []);
            }
            else
            {
                words.Add(word);
            }
        }

        if (words.Count > 0 && words[0].StartsWith('-'))
        {
            string first = Plain(words[0]);
            string? command = _root.Subcommands.Select(c => c.Name).FirstOrDefault(n => string.Equals(n, first, StringComparison.Ordinal));
            if (command is not null)
            {
                words[0] = command;
            }
            else if (words[0] is not ("--help" or "-h" or "-?" or "/?"))
            {
                words.Insert(0, "up");
            }
        }

        return words;
    }

    /// <summary>Reads the command line, and runs it.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="output">Where help goes.</param>
    /// <param name="diagnostics">Where nothing else goes.</param>
    /// <param name="run">Runs the command.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="CodedErrorException">The command line is wrong.</exception>
    public int Run(IReadOnlyList<string> arguments, TextWriter output, TextWriter diagnostics, Func<int> run)
    {
        foreach (Command command in _root.Subcommands)
        {
            command.SetAction(_ => run());
        }

        _parsed = _root.Parse(Normalise(arguments), new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (_parsed.Errors.Count > 0)
        {
            throw new CodedErrorException(Errors(_parsed));
        }

        return _parsed.Invoke(new InvocationConfiguration { Output = output, Error = diagnostics, EnableDefaultExceptionHandler = false });
    }

    private static string Plain(string word) => word.TrimStart('-').TrimEnd(':').Replace("-", string.Empty, StringComparison.Ordinal).ToLowerInvariant();

    private List<CodedError> Errors(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        if (command == _root)
        {
            string word = parsed.UnmatchedTokens.Count > 0 ? parsed.UnmatchedTokens[0] : string.Empty;
            return [new CodedError(FaultCodes.FlashWordUnknown, ErrorPlace.None, $"'{word}' is not a command", NearestWord.Suggest(word, _root.Subcommands.Select(c => c.Name)))];
        }

        List<CodedError> errors = [];
        bool isOption = false;
        foreach (string token in parsed.UnmatchedTokens)
        {
            // What follows an unknown option is most likely its value.
            if (!isOption || token.StartsWith('-'))
            {
                errors.Add(new CodedError(FaultCodes.FlashWordUnknown, ErrorPlace.None, $"'{token}' is not an option of {command.Name}", NearestWord.Suggest(token, command.Options.Select(o => o.Name))));
            }

            isOption = token.StartsWith('-');
        }

        foreach (OptionResult option in parsed.Errors.Select(e => e.SymbolResult is ArgumentResult argument ? argument.Parent : e.SymbolResult).OfType<OptionResult>().Distinct())
        {
            string wrong = option.IdentifierTokenCount > 1 ? "is given twice" : "has no value";
            errors.Add(new CodedError(FaultCodes.FlashCommandLineIncomplete, ErrorPlace.None, option.Option.Name + " " + wrong));
        }

        return errors.Count > 0 ? errors : [.. parsed.Errors.Select(e => new CodedError(FaultCodes.FlashCommandLineIncomplete, ErrorPlace.None, e.Message.TrimEnd('.')))];
    }
}
