using System;
using System.Globalization;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Health;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Mqtt;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace EdgeGateway.Gateway.Http;

/// <summary>
/// The gateway's HTTP side: <c>GET /health</c> (200 with JSON; 503 with JSON when the gateway's loop does not answer), <c>GET /ready</c> (200 or 503), the commands
/// (<see cref="CommandApi"/>), and what the pages read. Every refusal is a coded error as JSON. Handlers only post to the loop and wait for its answer.
/// </summary>
public static class HttpApi
{
    /// <summary>How long health and readiness wait for the gateway's loop; then the answer is that it does not answer. Below the 2 s within which a health check is answered.</summary>
    public static readonly TimeSpan HealthPatience = TimeSpan.FromMilliseconds(1500);

    /// <summary>Adds the routes.</summary>
    /// <param name="routes">The application.</param>
    /// <param name="loop">The loop that owns the core.</param>
    /// <param name="core">The gateway's logic.</param>
    /// <param name="language">"en" or "fr"; a request's Accept-Language that begins with the other one wins.</param>
    public static void MapGateway(this IEndpointRouteBuilder routes, IMqttLoop loop, GatewayCore core, string language) =>
        MapGateway(routes, loop, () => core, language);

    /// <summary>Adds the routes for a gateway that may be away for a while (a simulated one that is killed and starts again).</summary>
    /// <param name="routes">The application.</param>
    /// <param name="loop">The loop that owns the core.</param>
    /// <param name="core">The gateway's logic, null while it does not run; asked on the loop.</param>
    /// <param name="language">"en" or "fr"; a request's Accept-Language that begins with the other one wins.</param>
    /// <param name="stop">STOP's own way to the loop; null for the loop's queue.</param>
    public static void MapGateway(this IEndpointRouteBuilder routes, IMqttLoop loop, Func<GatewayCore?> core, string language, StopLatch? stop = null)
    {
        routes.MapGet("/health", context => HealthAsync(context, loop, core, language));
        routes.MapGet("/ready", context => ReadyAsync(context, loop, core, language));
        routes.MapCommands(loop, core, language, stop);
        routes.MapSound(loop, core, language);
        routes.MapBedside(loop, core, language);
    }

    /// <summary>The language that a request likes best of the two (RFC 9110, 12.5.4), else the configured one.</summary>
    internal static string LanguageOf(HttpContext context, string configured) => LanguageOf(context.Request.Headers.AcceptLanguage.ToString(), configured);

    /// <summary>The language that is liked best of the two, else the configured one.</summary>
    /// <param name="wanted">An Accept-Language header; may be empty.</param>
    /// <param name="configured">"en" or "fr".</param>
    /// <returns>"en" or "fr".</returns>
    internal static string LanguageOf(string wanted, string configured)
    {
        string best = configured;
        double bestWeight = 0;
        foreach (string range in wanted.Split(','))
        {
            string[] parts = range.Split(';');
            string name = parts[0].Trim();
            string? language = name.StartsWith("fr", StringComparison.OrdinalIgnoreCase) ? "fr" : name.StartsWith("en", StringComparison.OrdinalIgnoreCase) ? "en" : null;
            double weight = 1;
            foreach (string part in parts[1..])
            {
                string parameter = part.Trim();
                if (parameter.StartsWith("q=", StringComparison.OrdinalIgnoreCase)
                    && !double.TryParse(parameter.AsSpan(2), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out weight))
                {
                    weight = 0;
                }
            }

            if (language is not null && weight > bestWeight)
            {
                best = language;
                bestWeight = weight;
            }
        }

        return best;
    }

    /// <summary>The snapshot; null without one when the gateway does not run or takes no more work, and with <c>Answered</c> false when its loop gave no answer in time.</summary>
    private static async Task<(bool Answered, GatewaySnapshot? Snapshot)> SnapshotAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core)
    {
        TaskCompletionSource<GatewaySnapshot?> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!loop.TryPost(() => done.TrySetResult(core()?.Snapshot())))
        {
            return (true, null);
        }

        try
        {
            return (true, await done.Task.WaitAsync(HealthPatience, context.RequestAborted).ConfigureAwait(false));
        }
        catch (TimeoutException)
        {
            return (false, null);
        }
    }

    private static async Task HealthAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        string language = LanguageOf(context, configured);
        (_, GatewaySnapshot? snapshot) = await SnapshotAsync(context, loop, core).ConfigureAwait(false);
        await (snapshot is null
            ? LoopCalls.JsonAsync(context, StatusCodes.Status503ServiceUnavailable, HealthJson.WriteNoAnswer(language))
            : LoopCalls.JsonAsync(context, StatusCodes.Status200OK, HealthJson.Write(snapshot, language))).ConfigureAwait(false);
    }

    private static async Task ReadyAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        string language = LanguageOf(context, configured);
        (bool answered, GatewaySnapshot? snapshot) = await SnapshotAsync(context, loop, core).ConfigureAwait(false);
        if (snapshot is { IsReady: true, JournalWritable: true })
        {
            await LoopCalls.JsonAsync(context, StatusCodes.Status200OK, "{\"ready\":true}"u8.ToArray()).ConfigureAwait(false);
            return;
        }

        string code = !answered ? FaultCodes.GatewayNotAnswering : snapshot is null ? FaultCodes.GatewayBusy : snapshot.IsReady ? HealthJson.JournalRefuses : HealthJson.NotReady;
        await LoopCalls.FaultAsync(context, code, string.Empty, language).ConfigureAwait(false);
    }
}
