using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Security.Cryptography;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Machine;

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

        command.SetAction(parsed => exit(act is null || TrailOf(parsed.GetValue<string>(ConfigurationName)) is not { } trail
            ? Guarded(() => action(parsed), out _)
            : Recorded(trail, By(act) with { Subject = subject?.Invoke(parsed) ?? string.Empty }, () => action(parsed))));
        return command;
    }

    /// <summary>Notes an act that is done: for one that made the configuration which names the trail.</summary>
    /// <param name="configuration">The configuration file.</param>
    /// <param name="act">The act's name.</param>
    public void Note(string configuration, string act)
    {
        if (TrailOf(configuration) is { } trail)
        {
            TryWrite(() => trail.Record(By(act), time.GetUtcNow()), trail, "the change was made");
        }
    }

    private static Act By(string act) => new(act, new Actor(ActorKind.Integrator, string.Empty)) { From = ActNames.FromConsole };

    private static CartTrail? TrailOf(string? configuration) =>
        configuration is not null && ConfigurationFile.Load(configuration).Options is { } options ? new CartTrail(options.JournalDirectory) : null;

    private int Recorded(CartTrail trail, Act act, Action action)
    {
        if (!TryWrite(() => trail.Append(), trail, "nothing was changed"))
        {
            return CartCtl.Unreadable;
        }

        int code = Guarded(action, out string refusal);
        return TryWrite(() => trail.Record(act with { Code = refusal }, time.GetUtcNow()), trail, refusal.Length > 0 ? "nothing was changed" : "the change was made") ? code : CartCtl.Unreadable;
    }

    private bool TryWrite(Action write, CartTrail trail, string then)
    {
        try
        {
            write();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            diagnostics.WriteLine(CodedError.RenderAll([new CodedError(FaultCodes.ActNotRecorded, new ErrorPlace(trail.Folder.Path, 0, null), then + ": " + e.Message.TrimEnd('.'))]));
            return false;
        }
    }

    private int Guarded(Action action, out string refusal)
    {
        try
        {
            action();
            refusal = string.Empty;
            return CartCtl.Clean;
        }
        catch (CodedErrorException e)
        {
            refusal = e.Errors[0].Code;
            diagnostics.WriteLine(CodedError.RenderAll(e.Errors));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or InvalidOperationException)
        {
            refusal = otherwise;
            diagnostics.WriteLine(CodedError.RenderAll([new CodedError(otherwise, ErrorPlace.None, e.Message.TrimEnd('.'))]));
        }

        return CartCtl.Unreadable;
    }
}
