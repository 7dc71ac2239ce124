using System;
using System.IO;
using System.IO.Compression;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Sound;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace EdgeGateway.Gateway.Http;

/// <summary>
/// Clips as files: <c>GET /api/session/{session}/clip/{clip}.wav</c> and <c>GET /api/session/{session}/clips.zip</c>. A file is whole or it is not given: while the gateway
/// is busy the answer is 503, and no clip is left out.
/// </summary>
internal static class SoundApi
{
    /// <summary>Adds the routes.</summary>
    /// <param name="routes">The application.</param>
    /// <param name="loop">The loop that owns the core.</param>
    /// <param name="core">The gateway's logic, null while it does not run; asked on the loop.</param>
    /// <param name="language">"en" or "fr"; a request's Accept-Language that begins with the other one wins.</param>
    public static void MapSound(this IEndpointRouteBuilder routes, IMqttLoop loop, Func<GatewayCore?> core, string language)
    {
        routes.MapGet("/api/session/{session}/clip/{clip}.wav", context => WavAsync(context, loop, core, language));
        routes.MapGet("/api/session/{session}/clips.zip", context => ZipAsync(context, loop, core, language));
    }

    internal static async Task WavAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        string session = LoopCalls.Route(context, "session");
        string clip = LoopCalls.Route(context, "clip");
        (string? code, string text, ClipSound? sound) = await ReadAsync(context, loop, core, session, clip).ConfigureAwait(false);
        await (sound is null
            ? LoopCalls.FaultAsync(context, code ?? FaultCodes.ClipUnknown, text, HttpApi.LanguageOf(context, configured))
            : FileAsync(context, "audio/wav", session + "-" + clip + ".wav", ClipFile.Wav(sound, session))).ConfigureAwait(false);
    }

    internal static async Task ZipAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        string language = HttpApi.LanguageOf(context, configured);
        string session = LoopCalls.Route(context, "session");
        LoopAnswer<string[]> clips = await LoopCalls.AskAsync<string[]>(context, loop, core, (running, done) => done(running.Sound.ClipsOf(session))).ConfigureAwait(false);
        if (!clips.IsGiven)
        {
            await LoopCalls.FaultAsync(context, FaultCodes.GatewayBusy, string.Empty, language).ConfigureAwait(false);
            return;
        }

        if (clips.Value.Length == 0)
        {
            await LoopCalls.FaultAsync(context, FaultCodes.ClipUnknown, "session " + ListenerAccess.Shown(session) + " has no clips", language).ConfigureAwait(false);
            return;
        }

        using MemoryStream file = new();
        using (ZipArchive zip = new(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (string clip in clips.Value)
            {
                (string? code, string text, ClipSound? sound) = await ReadAsync(context, loop, core, session, clip).ConfigureAwait(false);
                if (sound is null)
                {
                    // Nobody would miss a clip in a file that looks whole.
                    await LoopCalls.FaultAsync(context, code ?? FaultCodes.ClipUnknown, text.Length > 0 ? text : "at clip " + clip, language).ConfigureAwait(false);
                    return;
                }

                ZipArchiveEntry entry = zip.CreateEntry(clip + ".wav", CompressionLevel.Fastest);
                Stream target = await entry.OpenAsync(context.RequestAborted).ConfigureAwait(false);
                await using (target.ConfigureAwait(false))
                {
                    await target.WriteAsync(ClipFile.Wav(sound, session), context.RequestAborted).ConfigureAwait(false);
                }
            }
        }

        await FileAsync(context, "application/zip", session + "-clips.zip", file.ToArray()).ConfigureAwait(false);
    }

    private static async Task<ClipReading> ReadAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string session, string clip)
    {
        LoopAnswer<ClipReading> answer = await LoopCalls.AskAsync<ClipReading>(context, loop, core, (running, done) => running.Sound.ReadClip(session, clip, done)).ConfigureAwait(false);
        return answer.IsGiven ? answer.Value : new ClipReading(FaultCodes.GatewayBusy, string.Empty, null);
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
