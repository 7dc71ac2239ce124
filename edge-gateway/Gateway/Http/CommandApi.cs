using System;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Mqtt;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace EdgeGateway.Gateway.Http;

/// <summary>
/// Commands by HTTP, for whoever stands at the cart: the loop over <see cref="GatewayCommands"/>. Every refusal is a coded error as JSON, under the status that the
/// catalogue gives its code.
/// </summary>
internal static class CommandApi
{
    /// <summary>How long a STOP waits for the loop's next turn before it is said that nobody answers.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Adds a route for each command.</summary>
    /// <param name="routes">The application.</param>
    /// <param name="loop">The loop that owns the core.</param>
    /// <param name="core">The gateway's logic, null while it does not run; asked on the loop.</param>
    /// <param name="language">"en" or "fr"; a request's Accept-Language that begins with the other one wins.</param>
    /// <param name="stop">STOP's own way to the loop; null for the loop's queue.</param>
    public static void MapCommands(this IEndpointRouteBuilder routes, IMqttLoop loop, Func<GatewayCore?> core, string language, StopLatch? stop)
    {
        foreach (GatewayCommand command in GatewayCommands.All)
        {
            RequestDelegate handler = command.Rights == CommandRights.Always
                ? context => StopAsync(context, loop, core, language, stop)
                : context => RunAsync(context, command, loop, core, language);
            routes.MapMethods(command.Route, [command.Method], handler);
        }
    }

    /// <summary>Runs one command. Asked for is the moment at which the request's head was here, before its body.</summary>
    /// <param name="context">The request.</param>
    /// <param name="command">The command.</param>
    /// <param name="loop">The loop that owns the core.</param>
    /// <param name="core">The gateway's logic, null while it does not run; asked on the loop.</param>
    /// <param name="configured">"en" or "fr".</param>
    internal static async Task RunAsync(HttpContext context, GatewayCommand command, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        long askedUs = loop.NowUs;
        string language = HttpApi.LanguageOf(context, configured);
        ReadOnlyMemory<byte> body = command.MaxLength > 0 ? await LoopCalls.BodyAsync(context, command.MaxLength).ConfigureAwait(false) : default;
        CommandCall call = new(LoopCalls.Route(context, "id"), LoopCalls.Route(context, "session"), body, IsOfSession: false, askedUs, null);
        (CommandRun? run, string? problem) = command.Read(call);
        if (run is null)
        {
            await LoopCalls.FaultAsync(context, command.NotUnderstood, problem ?? string.Empty, language).ConfigureAwait(false);
            return;
        }

        LoopAnswer<CommandResult> answer = await LoopCalls.AskAsync<CommandResult>(context, loop, core, (running, done) =>
        {
            if (command.Rights == CommandRights.BedsideScreen && context.RequestAborted.IsCancellationRequested)
            {
                // Whoever asked may be gone when the loop comes to it: air moves for nobody who is not told of it.
                done(new CommandResult(FaultCodes.OvertakenByStop, "whoever asked is gone", null));
                return;
            }

            run(running.Commands, done);
        }).ConfigureAwait(false);
        await AnswerAsync(context, answer, language).ConfigureAwait(false);
    }

    // No body is read and nothing is asked: whatever stands around it, a stop is a stop.
    internal static async Task StopAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured, StopLatch? stop)
    {
        LoopAnswer<CommandResult> answer;
        if (stop is null)
        {
            answer = await LoopCalls.AskAsync<CommandResult>(context, loop, core, (running, done) => running.Stop.Now(result => done(GatewayCommands.Stopped(result)))).ConfigureAwait(false);
        }
        else
        {
            StopResult? result = await stop.AskAsync(loop, Patience, context.RequestAborted).ConfigureAwait(false);
            answer = result is { } said ? new LoopAnswer<CommandResult>(true, GatewayCommands.Stopped(said)) : default;
        }

        await AnswerAsync(context, answer, HttpApi.LanguageOf(context, configured)).ConfigureAwait(false);
    }

    private static Task AnswerAsync(HttpContext context, LoopAnswer<CommandResult> answer, string language) =>
        !answer.IsGiven ? LoopCalls.FaultAsync(context, FaultCodes.GatewayBusy, string.Empty, language)
        : answer.Value is { Code: null, Members: { } members } ? LoopCalls.ObjectAsync(context, members)
        : LoopCalls.FaultAsync(context, answer.Value.Code ?? FaultCodes.RequestHandlerFailed, answer.Value.Text, language);
}
