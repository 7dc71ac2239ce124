using System;
using System.Diagnostics;
using System.Threading.Tasks;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Telemetry;
using Microsoft.AspNetCore.Http;

namespace EdgeGateway.Gateway.Http;

/// <summary>Commands by HTTP, for whoever stands at the cart: what a row of <see cref="GatewayCommands"/> does with a request.</summary>
internal static class CommandApi
{
    /// <summary>How long a STOP waits for the loop's next turn before it is said that nobody answers.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Runs one command. Asked for is the moment at which the request's head was here, before its body.</summary>
    /// <param name="context">The request.</param>
    /// <param name="command">The command.</param>
    /// <param name="gateway">The gateway.</param>
    /// <returns>The answer.</returns>
    public static async Task<IResult> RunAsync(HttpContext context, GatewayCommand command, GatewayHandle gateway)
    {
        using Activity? activity = GatewayTelemetry.Begin(command.Name);
        LoopAnswer<CommandResult> answer = command.Rights == CommandRights.Always
            ? await StopAsync(context, gateway).ConfigureAwait(false)
            : await AskAsync(context, command, gateway).ConfigureAwait(false);
        string? code = answer.IsGiven ? answer.Value.Code : FaultCodes.GatewayBusy;
        gateway.Record(context, command.Act, LoopCalls.Route(context, "session"), LoopCalls.Route(context, "id"), code ?? string.Empty);
        if (answer is { IsGiven: true, Value: { Code: null, Members: { } members } })
        {
            return LoopCalls.Object(members);
        }

        code ??= FaultCodes.RequestHandlerFailed;
        GatewayTelemetry.Refused(activity, code);
        return Problems.Of(code, answer.Value.Text ?? string.Empty, gateway.LanguageOf(context));
    }

    private static async Task<LoopAnswer<CommandResult>> AskAsync(HttpContext context, GatewayCommand command, GatewayHandle gateway)
    {
        long askedUs = gateway.Loop.NowUs;
        ReadOnlyMemory<byte> body = command.MaxLength > 0 ? await LoopCalls.BodyAsync(context, command.MaxLength).ConfigureAwait(false) : default;
        CommandCall call = new(LoopCalls.Route(context, "id"), LoopCalls.Route(context, "session"), body, IsOfSession: false, askedUs, null) { Actor = gateway.ActorOf(context) };
        (CommandRun? run, string? problem) = command.Read(call);
        if (run is null)
        {
            return new LoopAnswer<CommandResult>(true, new CommandResult(command.NotUnderstood, problem ?? string.Empty, null));
        }

        return await LoopCalls.AskAsync<CommandResult>(context, gateway, (running, done) =>
        {
            if (command.Rights == CommandRights.BedsideScreen && context.RequestAborted.IsCancellationRequested)
            {
                // Whoever asked may be gone when the loop comes to it: air moves for nobody who is not told of it.
                done(new CommandResult(FaultCodes.OvertakenByStop, "whoever asked is gone", null));
                return;
            }

            run(running.Commands, done);
        }).ConfigureAwait(false);
    }

    // No body is read and nothing is asked: whatever stands around it, a stop is a stop.
    private static async Task<LoopAnswer<CommandResult>> StopAsync(HttpContext context, GatewayHandle gateway)
    {
        if (gateway.Stop is not { } latch)
        {
            return await LoopCalls.AskAsync<CommandResult>(context, gateway, (running, done) => running.Stop.Now(result => done(GatewayCommands.Stopped(result)))).ConfigureAwait(false);
        }

        StopResult? result = await latch.AskAsync(gateway.Loop, Patience, context.RequestAborted).ConfigureAwait(false);
        return result is { } said ? new LoopAnswer<CommandResult>(true, GatewayCommands.Stopped(said)) : default;
    }
}
