using System;
using System.Buffers;
using System.IO;
using System.IO.Compression;
using System.Text.Json;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Sound;
using EdgeGateway.Mqtt;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace EdgeGateway.Gateway.Http;

/// <summary>
/// The stethoscope's HTTP side, for whoever stands at the cart: <c>PUT /api/session/{id}/sound</c> (listening, site), <c>POST
/// /api/session/{id}/clip</c> (the button), <c>GET /api/session/{id}/clip/{clip}.wav</c> and <c>GET /api/session/{id}/clips.zip</c>. Every refusal is a
/// coded error as JSON.
/// </summary>
public static class SoundApi
{
    /// <summary>A request about sound is not understood.</summary>
    public const string NotUnderstood = "G2330";

    /// <summary>There is no such clip.</summary>
    public const string NoClip = "G2336";

    /// <summary>Adds the routes.</summary>
    /// <param name="routes">The application.</param>
    /// <param name="loop">The loop that owns the core.</param>
    /// <param name="core">The gateway's logic, null while it does not run; asked on the loop.</param>
    /// <param name="language">"en" or "fr"; a request's Accept-Language that begins with the other one wins.</param>
    public static void MapSound(this IEndpointRouteBuilder routes, IMqttLoop loop, Func<GatewayCore?> core, string language)
    {
        ArgumentNullException.ThrowIfNull(routes);
        routes.MapPut("/api/session/{id}/sound", context => SetAsync(context, loop, core, language));
        routes.MapPost("/api/session/{id}/clip", context => ClipAsync(context, loop, core, language));
        routes.MapGet("/api/session/{id}/clip/{clip}.wav", context => WavAsync(context, loop, core, language));
        routes.MapGet("/api/session/{id}/clips.zip", context => ZipAsync(context, loop, core, language));
    }

    internal static string Route(HttpContext context, string name) => (string?)context.Request.RouteValues[name] ?? string.Empty;

    private static async Task<SoundRequest?> BodyAsync(HttpContext context, string language)
    {
        SoundRequest request = SoundRequest.Read(await HttpApi.BodyAsync(context, SoundRequest.MaxLength).ConfigureAwait(false));
        if (request.Problem is null)
        {
            return request;
        }

        await HttpApi.FaultAsync(context, StatusCodes.Status400BadRequest, NotUnderstood, request.Problem, language).ConfigureAwait(false);
        return null;
    }

    private static async Task SetAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        string language = HttpApi.LanguageOf(context, configured);
        if (await BodyAsync(context, language).ConfigureAwait(false) is not { } request)
        {
            return;
        }

        if (request.Listening is not { } listening)
        {
            await HttpApi.FaultAsync(context, StatusCodes.Status400BadRequest, NotUnderstood, "listening is true or false", language).ConfigureAwait(false);
            return;
        }

        string id = Route(context, "id");
        SessionResult? result = await AskAsync<SessionResult?>(context, loop, core, (running, done) => done(running.SetSound(id, listening, request.Place, request.By))).ConfigureAwait(false);
        await AnswerAsync(context, result?.Code ?? (result is null ? HttpApi.Busy : null), result?.Text ?? string.Empty, language, json =>
        {
            json.WriteString("session", id);
            json.WriteBoolean("listening", listening);
            json.WriteString("site", AuscultationWords.Of(request.Place.Site));
        }).ConfigureAwait(false);
    }

    private static async Task ClipAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        string language = HttpApi.LanguageOf(context, configured);
        if (await BodyAsync(context, language).ConfigureAwait(false) is not { } request)
        {
            return;
        }

        string id = Route(context, "id");
        SoundPlace? place = request.HasPlace ? request.Place : null;
        ClipResult? result = await AskAsync<ClipResult?>(context, loop, core, (running, done) => running.BeginClip(id, place, request.By, r => done(r))).ConfigureAwait(false);
        await AnswerAsync(context, result?.Code ?? (result is null ? HttpApi.Busy : null), result?.Text ?? string.Empty, language, json =>
        {
            json.WriteString("session", id);
            json.WriteString("clip", result!.Value.ClipId);
        }).ConfigureAwait(false);
    }

    private static async Task WavAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        string language = HttpApi.LanguageOf(context, configured);
        string id = Route(context, "id");
        string clip = Route(context, "clip");
        ClipSound? sound = await AskAsync<ClipSound?>(context, loop, core, (running, done) => running.ReadClip(id, clip, done)).ConfigureAwait(false);
        if (sound is null)
        {
            await HttpApi.FaultAsync(context, StatusCodes.Status404NotFound, NoClip, "session " + ListenerAccess.Shown(id) + ", clip " + ListenerAccess.Shown(clip), language).ConfigureAwait(false);
            return;
        }

        await FileAsync(context, "audio/wav", id + "-" + clip + ".wav", ClipFile.Wav(sound, id)).ConfigureAwait(false);
    }

    private static async Task ZipAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        string language = HttpApi.LanguageOf(context, configured);
        string id = Route(context, "id");
        string[] clips = await AskAsync<string[]>(context, loop, core, (running, done) => done(running.ClipsOf(id))).ConfigureAwait(false) ?? [];
        if (clips.Length == 0)
        {
            await HttpApi.FaultAsync(context, StatusCodes.Status404NotFound, NoClip, "session " + ListenerAccess.Shown(id) + " has no clips", language).ConfigureAwait(false);
            return;
        }

        using MemoryStream file = new();
        using (ZipArchive zip = new(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (string clip in clips)
            {
                ClipSound? sound = await AskAsync<ClipSound?>(context, loop, core, (running, done) => running.ReadClip(id, clip, done)).ConfigureAwait(false);
                if (sound is null)
                {
                    continue;
                }

                ZipArchiveEntry entry = zip.CreateEntry(clip + ".wav", CompressionLevel.Fastest);
                Stream target = await entry.OpenAsync(context.RequestAborted).ConfigureAwait(false);
                await using (target.ConfigureAwait(false))
                {
                    await target.WriteAsync(ClipFile.Wav(sound, id), context.RequestAborted).ConfigureAwait(false);
                }
            }
        }

        await FileAsync(context, "application/zip", id + "-clips.zip", file.ToArray()).ConfigureAwait(false);
    }

    /// <summary>Asks on the loop; the default when the gateway does not run.</summary>
    internal static async Task<T?> AskAsync<T>(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, Action<GatewayCore, Action<T?>> ask)
    {
        TaskCompletionSource<T?> answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        bool posted = loop.TryPost(() =>
        {
            if (core() is { } running)
            {
                ask(running, answer => answered.TrySetResult(answer));
            }
            else
            {
                answered.TrySetResult(default);
            }
        });
        return posted ? await answered.Task.WaitAsync(context.RequestAborted).ConfigureAwait(false) : default;
    }

    internal static async Task AnswerAsync(HttpContext context, string? code, string text, string language, Action<Utf8JsonWriter> write)
    {
        if (code is not null)
        {
            int status = string.Equals(code, HttpApi.Busy, StringComparison.Ordinal) ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status409Conflict;
            await HttpApi.FaultAsync(context, status, code, text, language).ConfigureAwait(false);
            return;
        }

        ArrayBufferWriter<byte> buffer = new(128);
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        await HttpApi.JsonAsync(context, StatusCodes.Status200OK, buffer.WrittenMemory).ConfigureAwait(false);
    }

    private static async Task FileAsync(HttpContext context, string type, string name, byte[] bytes)
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = bytes.Length;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.ContentDisposition = "attachment; filename=\"" + name + "\"";
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted).ConfigureAwait(false);
    }
}
