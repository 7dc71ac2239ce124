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
    private readonly RootCommand _root;
    private ParseResult? _parsed;

    /// <summary>Makes the commands.</summary>
    public FlashCommandLine()
    {
        _root = new RootCommand(
            """
            Brings up a pod's board by nanoff, with the board's facts from hardware/cart.json:
              cart-flash ports
              cart-flash details --port P
              cart-flash runtime --port P [--fwversion X] [--archive DIR] [--masserase]
              cart-flash deploy  --port P --image FILE
            """)
        {
            new Command("ports", "Lists serial ports."),
            new Command("details", "Asks the chip what it is.") { Port },
            new Command("runtime", "Writes the runtime.") { Port, Version, Archive, MassErase },
            new Command("deploy", "Writes the pod's program.") { Port, Image },
        };
        foreach (Command command in _root.Subcommands)
        {
            command.Options.Add(Pod);
            command.Options.Add(Cart);
            command.Options.Add(DryRun);
            command.Options.Add(Json);
        }
    }

    /// <summary>The serial port.</summary>
    public Option<string?> Port { get; } = new("--port") { Description = "The serial port." };

    /// <summary>The runtime's version.</summary>
    public Option<string?> Version { get; } = new("--fwversion") { Description = "Another version of the runtime than the one that cart.json names and the program is built for." };

    /// <summary>Where runtimes are.</summary>
    public Option<string?> Archive { get; } = new("--archive") { Description = "A folder with downloaded runtimes, for a machine without network." };

    /// <summary>Erase all first.</summary>
    public Option<bool> MassErase { get; } = new("--masserase") { Description = "Erase the whole flash first." };

    /// <summary>The pod's program.</summary>
    public Option<string?> Image { get; } = new("--image") { Description = "The .bin file that building firmware/Esp32 leaves." };

    /// <summary>Which pod of the cart.</summary>
    public Option<string?> Pod { get; } = new("--pod") { Description = "Which pod of the cart; needed when it has several." };

    /// <summary>The cart's description.</summary>
    public Option<string?> Cart { get; } = new("--cart") { Description = "Another file than hardware/cart.json." };

    /// <summary>Print only.</summary>
    public Option<bool> DryRun { get; } = new("--dry-run") { Description = "Print the command and run nothing." };

    /// <summary>JSON.</summary>
    public Option<bool> Json { get; } = new("--json") { Description = "Exactly one JSON object." };

    /// <summary>The command that was given.</summary>
    public string Command => _parsed!.CommandResult.Command.Name;

    /// <summary>The value of an option that was given.</summary>
    public T? Value<T>(Option<T> option) => _parsed!.CommandResult.Command.Options.Contains(option) ? _parsed.GetValue(option) : default;

    /// <summary>Prints the help.</summary>
    public void Help(TextWriter output, TextWriter diagnostics) => _root.Parse(["--help"]).Invoke(Streams(output, diagnostics));

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

        _parsed = _root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (_parsed.Errors.Count > 0)
        {
            throw new CodedErrorException(Errors(_parsed));
        }

        return _parsed.Invoke(Streams(output, diagnostics));
    }

    private static InvocationConfiguration Streams(TextWriter output, TextWriter diagnostics) => new() { Output = output, Error = diagnostics, EnableDefaultExceptionHandler = false };

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

        return errors.Count > 0 ? errors : [.. parsed.Errors.Select(e => new CodedError(FaultCodes.FlashWordUnknown, ErrorPlace.None, e.Message.TrimEnd('.')))];
    }
}
