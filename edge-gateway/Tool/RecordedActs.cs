using System;
using System.IO;
using System.Security.Cryptography;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Machine;

namespace EdgeGateway.Tool;

/// <summary>Commands that change a cart stand in its trail, done or refused. Where the trail cannot be written nothing is done.</summary>
/// <param name="diagnostics">Where it says that the trail cannot be written.</param>
/// <param name="time">The clock.</param>
internal sealed class RecordedActs(TextWriter diagnostics, TimeProvider time)
{
    /// <summary>Runs a command and records it.</summary>
    /// <param name="configuration">gateway.yaml, which names the journal's directory; one that has errors records nothing, and the command says them.</param>
    /// <param name="what">The act's name.</param>
    /// <param name="subject">What it is done to; empty for the cart.</param>
    /// <param name="command">Does it: the exit code, and the code of its refusal, empty when it was done.</param>
    /// <returns>The exit code.</returns>
    public int Run(string configuration, string what, string subject, Func<(int Exit, string Refusal)> command)
    {
        if (ConfigurationFile.Load(configuration).Options is not { } options)
        {
            return command().Exit;
        }

        CartTrail trail = new(options.JournalDirectory);
        if (!TryWrite(() => trail.Append(), trail, "nothing was changed"))
        {
            return CartCtl.Unreadable;
        }

        (int exit, string refusal) = command();
        Act act = new(what, new ActAuthor(AuthorKind.Integrator, string.Empty)) { From = ActNames.FromConsole, Subject = subject, Code = refusal };
        return TryWrite(() => trail.Record(act, time.GetUtcNow()), trail, refusal.Length > 0 ? "nothing was changed" : "the change was made") ? exit : CartCtl.Unreadable;
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
}
