using System;
using System.Buffers;
using System.Text.Json;
using System.Threading.Tasks;
using EdgeGateway.Mqtt;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>
/// The gateway's HTTP side: <c>GET /health</c> (always 200, JSON), <c>GET /ready</c> (200 or 503), <c>PUT</c> and <c>DELETE
/// /api/session/{id}</c>. Every refusal is a coded error as JSON. Handlers only post to the loop and wait for its answer.
/// </summary>
public static class HttpApi
{
    /// <summary>The loop's queue is full, or it has stopped.</summary>
    public const string Busy = "G2084";

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
    public static void MapGateway(this IEndpointRouteBuilder routes, IMqttLoop loop, Func<GatewayCore?> core, string language)
    {
        routes.MapGet("/health", context => HealthAsync(context, loop, core, language));
        routes.MapGet("/ready", context => ReadyAsync(context, loop, core, language));
        routes.MapPut("/api/session/{id}", context => SessionAsync(context, loop, core, open: true, language));
        routes.MapDelete("/api/session/{id}", context => SessionAsync(context, loop, core, open: false, language));
        routes.MapSound(loop, core, language);
        routes.MapCuff(loop, core, language);
    }

    internal static string LanguageOf(HttpContext context, string configured)
    {
        string wanted = context.Request.Headers.AcceptLanguage.ToString();
        return wanted.StartsWith("fr", StringComparison.OrdinalIgnoreCase) ? "fr"
            : wanted.StartsWith("en", StringComparison.OrdinalIgnoreCase) ? "en"
            : configured;
    }

    private static Task<GatewaySnapshot?> SnapshotAsync(IMqttLoop loop, Func<GatewayCore?> core)
    {
        TaskCompletionSource<GatewaySnapshot?> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return loop.TryPost(() => done.SetResult(core()?.Snapshot())) ? done.Task : Task.FromResult<GatewaySnapshot?>(null);
    }

    private static async Task HealthAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        string language = LanguageOf(context, configured);
        GatewaySnapshot? snapshot = await SnapshotAsync(loop, core).ConfigureAwait(false);
        if (snapshot is null)
        {
            await FaultAsync(context, StatusCodes.Status503ServiceUnavailable, Busy, string.Empty, language).ConfigureAwait(false);
            return;
        }

        await JsonAsync(context, StatusCodes.Status200OK, HealthJson.Write(snapshot, language)).ConfigureAwait(false);
    }

    private static async Task ReadyAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        string language = LanguageOf(context, configured);
        GatewaySnapshot? snapshot = await SnapshotAsync(loop, core).ConfigureAwait(false);
        if (snapshot is { IsReady: true, JournalWritable: true })
        {
            await JsonAsync(context, StatusCodes.Status200OK, "{\"ready\":true}"u8.ToArray()).ConfigureAwait(false);
            return;
        }

        string code = snapshot is null ? Busy : snapshot.IsReady ? HealthJson.JournalRefuses : HealthJson.NotReady;
        await FaultAsync(context, StatusCodes.Status503ServiceUnavailable, code, string.Empty, language).ConfigureAwait(false);
    }

    private static async Task SessionAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, bool open, string configured)
    {
        string language = LanguageOf(context, configured);
        string id = (string?)context.Request.RouteValues["id"] ?? string.Empty;
        TaskCompletionSource<SessionResult> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        bool posted = loop.TryPost(() =>
        {
            GatewayCore? running = core();
            if (running is null)
            {
                done.TrySetResult(new SessionResult(Busy, string.Empty, id));
            }
            else if (open)
            {
                running.OpenSession(id, result => done.TrySetResult(result));
            }
            else
            {
                running.CloseSession(id, result => done.TrySetResult(result));
            }
        });
        if (!posted)
        {
            await FaultAsync(context, StatusCodes.Status503ServiceUnavailable, Busy, string.Empty, language).ConfigureAwait(false);
            return;
        }

        SessionResult result = await done.Task.WaitAsync(context.RequestAborted).ConfigureAwait(false);
        if (result.Code is string code)
        {
            await FaultAsync(context, StatusCodes.Status409Conflict, code, result.Text, language).ConfigureAwait(false);
            return;
        }

        ArrayBufferWriter<byte> buffer = new(128);
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteString("session", result.Session);
            json.WriteString("state", open ? "open" : "closed");
            json.WriteEndObject();
        }

        await JsonAsync(context, StatusCodes.Status200OK, buffer.WrittenMemory).ConfigureAwait(false);
    }

    internal static async Task FaultAsync(HttpContext context, int status, string code, string detail, string language)
    {
        ArrayBufferWriter<byte> buffer = new(512);
        using (Utf8JsonWriter json = new(buffer))
        {
            HealthJson.WriteFault(json, code, detail, language);
        }

        await JsonAsync(context, status, buffer.WrittenMemory).ConfigureAwait(false);
    }

    internal static async Task JsonAsync(HttpContext context, int status, ReadOnlyMemory<byte> body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = body.Length;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
    }
}
