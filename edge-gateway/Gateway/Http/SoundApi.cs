using System.IO;
using System.IO.Compression;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Sound;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using Microsoft.AspNetCore.Http;

namespace EdgeGateway.Gateway.Http;

/// <summary>
/// Clips as files: <c>GET /api/session/{session}/clip/{clip}.wav</c> and <c>GET /api/session/{session}/clips.zip</c>. A file is whole or it is not given: while the gateway
/// is busy the answer is 503, and no clip is left out.
/// </summary>
internal static class SoundApi
{
    /// <summary>The media type of a clip.</summary>
    public const string WavType = "audio/wav";

    /// <summary>The media type of all clips.</summary>
    public const string ZipType = "application/zip";

    /// <summary><c>GET /api/session/{session}/clip/{clip}.wav</c>.</summary>
    public static async Task<IResult> WavAsync(HttpContext context, GatewayHandle gateway)
    {
        string session = LoopCalls.Route(context, "session");
        string clip = LoopCalls.Route(context, "clip");
        (string? code, string text, ClipSound? sound) = await ReadAsync(context, gateway, session, clip).ConfigureAwait(false);
        gateway.Record(context, ActNames.ClipExport, session, clip, sound is null ? code ?? FaultCodes.ClipUnknown : string.Empty);
        return sound is null
            ? Problems.Of(code ?? FaultCodes.ClipUnknown, text, gateway.LanguageOf(context))
            : TypedResults.File(ClipFile.Wav(sound, session), WavType, session + "-" + clip + ".wav");
    }

    /// <summary><c>GET /api/session/{session}/clips.zip</c>.</summary>
    public static async Task<IResult> ZipAsync(HttpContext context, GatewayHandle gateway)
    {
        string language = gateway.LanguageOf(context);
        string session = LoopCalls.Route(context, "session");
        LoopAnswer<string[]> clips = await LoopCalls.AskAsync<string[]>(context, gateway, (running, done) => done(running.Sound.ClipsOf(session))).ConfigureAwait(false);
        if (!clips.IsGiven)
        {
            return Problems.Of(FaultCodes.GatewayBusy, string.Empty, language);
        }

        if (clips.Value.Length == 0)
        {
            return Problems.Of(FaultCodes.ClipUnknown, "session " + LogText.Shown(session) + " has no clips", language);
        }

        using MemoryStream file = new();
        using (ZipArchive zip = new(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (string clip in clips.Value)
            {
                (string? code, string text, ClipSound? sound) = await ReadAsync(context, gateway, session, clip).ConfigureAwait(false);
                if (sound is null)
                {
                    // Nobody would miss a clip in a file that looks whole.
                    return Problems.Of(code ?? FaultCodes.ClipUnknown, text.Length > 0 ? text : "at clip " + clip, language);
                }

                ZipArchiveEntry entry = zip.CreateEntry(clip + ".wav", CompressionLevel.Fastest);
                Stream target = await entry.OpenAsync(context.RequestAborted).ConfigureAwait(false);
                await using (target.ConfigureAwait(false))
                {
                    await target.WriteAsync(ClipFile.Wav(sound, session), context.RequestAborted).ConfigureAwait(false);
                }
            }
        }

        gateway.Record(context, ActNames.ClipExport, session);
        return TypedResults.File(file.ToArray(), ZipType, session + "-clips.zip");
    }

    private static async Task<ClipReading> ReadAsync(HttpContext context, GatewayHandle gateway, string session, string clip)
    {
        LoopAnswer<ClipReading> answer = await LoopCalls.AskAsync<ClipReading>(context, gateway, (running, done) => running.Sound.ReadClip(session, clip, done)).ConfigureAwait(false);
        return answer.IsGiven ? answer.Value : new ClipReading(FaultCodes.GatewayBusy, string.Empty, null);
    }
}
