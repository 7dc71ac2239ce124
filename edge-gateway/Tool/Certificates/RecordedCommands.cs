using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Security.Cryptography;
using EdgeGateway.Faults;

namespace EdgeGateway.Tool.Certificates;

/// <summary>Commands whose refusals are written with their codes, and whose acts stand in the cart's trail.</summary>
/// <param name="diagnostics">Where refusals go.</param>
/// <param name="exit">Sent the exit code.</param>
/// <param name="time">The machine's time.</param>
/// <param name="otherwise">The code of what has none: the disk's and the cryptography's own errors.</param>
internal sealed class RecordedCommands(TextWriter diagnostics, Action<int> exit, TimeProvider time, string otherwise = FaultCodes.CertificateStateUnusable)
{
    /// <summary>Name of the argument that names the cart's configuration.</summary>
    public const string ConfigurationName = "gateway.yaml";

    /// <summary>Makes a command. One with an act changes a cart: it is done when the cart's trail can be written, and stands there, as does its refusal.</summary>
    /// <param name="name">Its word.</param>
    /// <param name="description">What it does.</param>
    /// <param name="symbols">Arguments and options; an act wants the argument <see cref="ConfigurationName"/> among them.</param>
    /// <param name="action">What it does.</param>
    /// <param name="act">The act's name; null when nothing is changed.</param>
    /// <param name="subject">What is acted on.</param>
    /// <returns>The command.</returns>
    public Command Make(string name, string description, IEnumerable<Symbol> symbols, Action<ParseResult> action, string? act = null, Func<ParseResult, string>? subject = null)
    {
        Command command = new(name, description);
        foreach (Symbol symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                command.Add(argument);
            }
            else if (symbol is Option option)
            {
                command.Add(option);
            }
        }

        command.SetAction(parsed => exit(act is null
            ? Guarded(() => action(parsed)).Exit
            : new RecordedActs(diagnostics, time).Run(parsed.GetValue<string>(ConfigurationName)!, act, subject?.Invoke(parsed) ?? string.Empty, () => Guarded(() => action(parsed)))));
        return command;
    }

    private (int Exit, string Refusal) Guarded(Action action)
    {
        try
        {
            action();
            return (CartCtl.Clean, string.Empty);
        }
        catch (CodedErrorException e)
        {
            diagnostics.WriteLine(CodedError.RenderAll(e.Errors));
            return (CartCtl.Unreadable, e.Errors[0].Code);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or CryptographicException or InvalidOperationException)
        {
            diagnostics.WriteLine(CodedError.RenderAll([new CodedError(otherwise, ErrorPlace.None, e.Message.TrimEnd('.'))]));
            return (CartCtl.Unreadable, otherwise);
        }
    }
}
