using System;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Json;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Mqtt;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace EdgeGateway.Gateway.Http;

/// <summary>
/// The cuff's HTTP side, for whoever stands at the cart: <c>PUT</c> and <c>GET /api/session/{id}/patient</c>, <c>POST /api/session/{id}/cuff/start</c>, <c>POST
/// /api/cuff/stop</c> (always obeyed, session or not) and <c>POST /api/cuff/test</c>. Every refusal is a coded error as JSON.
/// </summary>
public static class CuffApi
{
    /// <summary>A request about the cuff is not understood.</summary>
    public const string NotUnderstood = "G2310";

    /// <summary>How long a STOP waits for the loop's next turn before it is said that nobody answers.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Adds the routes.</summary>
    /// <param name="routes">The application.</param>
    /// <param name="loop">The loop that owns the core.</param>
    /// <param name="core">The gateway's logic, null while it does not run; asked on the loop.</param>
    /// <param name="language">"en" or "fr"; a request's Accept-Language that begins with the other one wins.</param>
    /// <param name="stop">STOP's own way to the loop; null for the loop's queue.</param>
    public static void MapCuff(this IEndpointRouteBuilder routes, IMqttLoop loop, Func<GatewayCore?> core, string language, StopLatch? stop = null)
    {
        ArgumentNullException.ThrowIfNull(routes);
        routes.MapPut("/api/session/{id}/patient", context => PatientAsync(context, loop, core, language));
        routes.MapGet("/api/session/{id}/patient", context => PatientOfAsync(context, loop, core, language));
        routes.MapPost("/api/session/{id}/cuff/start", context => StartAsync(context, loop, core, language));
        routes.MapPost(RequestGuard.StopPath, context => StopAsync(context, loop, core, language, stop));
        routes.MapPost("/api/cuff/test", context => TestAsync(context, loop, core, language));
    }

    private static async Task PatientAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        string language = HttpApi.LanguageOf(context, configured);
        using StrictJson json = StrictJson.Read(await HttpApi.BodyAsync(context, CuffPatientJson.MaxLength).ConfigureAwait(false), CuffPatientJson.MaxLength);
        CuffPatient patient = CuffPatientJson.Read(json);
        if (json.Problem is { } problem)
        {
            await HttpApi.FaultAsync(context, StatusCodes.Status400BadRequest, NotUnderstood, problem, language).ConfigureAwait(false);
            return;
        }

        string id = SoundApi.Route(context, "id");
        SessionResult? result = await SoundApi.AskAsync<SessionResult?>(context, loop, core, (running, done) => done(running.SetPatient(id, patient))).ConfigureAwait(false);
        await AnswerAsync(context, result, "kept", language).ConfigureAwait(false);
    }

    // A page that is opened again must not ask who is measured a second time.
    private static async Task PatientOfAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        string id = SoundApi.Route(context, "id");
        SessionResult? result = null;
        CuffPatient? patient = await SoundApi.AskAsync<CuffPatient?>(context, loop, core, (running, done) =>
        {
            result = running.PatientOf(id, out CuffPatient? said);
            done(said);
        }).ConfigureAwait(false);
        await SoundApi.AnswerAsync(context, result is null ? HttpApi.Busy : result.Value.Code, result?.Text ?? string.Empty, HttpApi.LanguageOf(context, configured), json =>
        {
            json.WriteString("session", id);
            json.WriteString("category", patient is null ? null : GatewayCore.Word(patient.Value.Category));
            json.WriteString("cuffSize", patient is null ? null : GatewayCore.Word(patient.Value.CuffSize));
            json.WriteBoolean("cuffOnOximeterArm", patient?.IsOnOximeterArm == true);
        }).ConfigureAwait(false);
    }

    /// <summary>Begins the self test. Asked for is the moment at which the request's head was here, before its body.</summary>
    internal static async Task TestAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        long askedUs = loop.NowUs;
        string language = HttpApi.LanguageOf(context, configured);
        using StrictJson json = StrictJson.Read(await HttpApi.BodyAsync(context, CuffPatientJson.MaxLength).ConfigureAwait(false), CuffPatientJson.MaxLength);
        bool isOff = json.Flag("cuffOffTheArm") == true;
        json.RefuseUnknown();
        if (!isOff)
        {
            json.Wrong("cuffOffTheArm must be true: the self test inflates beyond what an arm may feel");
        }

        if (json.Problem is { } problem)
        {
            await HttpApi.FaultAsync(context, StatusCodes.Status400BadRequest, NotUnderstood, problem, language).ConfigureAwait(false);
            return;
        }

        SessionResult? result = await InflateAsync(context, loop, core, running => running.TestCuff(askedUs)).ConfigureAwait(false);
        await AnswerAsync(context, result, "sent", language).ConfigureAwait(false);
    }

    /// <summary>Starts one measurement. Asked for is the moment at which the request's head was here, before its body.</summary>
    internal static async Task StartAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        long askedUs = loop.NowUs;
        string language = HttpApi.LanguageOf(context, configured);
        using StrictJson json = StrictJson.Read(await HttpApi.BodyAsync(context, CuffPatientJson.MaxLength).ConfigureAwait(false), CuffPatientJson.MaxLength);
        json.RefuseUnknown();
        if (json.Problem is { } problem)
        {
            await HttpApi.FaultAsync(context, StatusCodes.Status400BadRequest, NotUnderstood, problem, language).ConfigureAwait(false);
            return;
        }

        string id = SoundApi.Route(context, "id");
        SessionResult? result = await InflateAsync(context, loop, core, running => running.StartCuff(id, askedUs)).ConfigureAwait(false);
        await AnswerAsync(context, result, "sent", language).ConfigureAwait(false);
    }

    // Whoever asked may be gone when the loop comes to it: air moves for nobody who is not told of it.
    private static Task<SessionResult?> InflateAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, Func<GatewayCore, SessionResult> inflate)
    {
        CancellationToken gone = context.RequestAborted;
        return SoundApi.AskAsync<SessionResult?>(context, loop, core, (running, done) =>
            done(gone.IsCancellationRequested ? new SessionResult(GatewayCore.Overtaken, "whoever asked is gone", string.Empty) : inflate(running)));
    }

    // No body is read and nothing is asked: whatever stands around it, a stop is a stop.
    private static async Task StopAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured, StopLatch? stop)
    {
        StopResult? result = stop is not null
            ? await stop.AskAsync(loop, Patience, context.RequestAborted).ConfigureAwait(false)
            : await SoundApi.AskAsync<StopResult?>(context, loop, core, (running, done) => running.StopCuffs(said => done(said))).ConfigureAwait(false);
        await SoundApi.AnswerAsync(context, result is null ? HttpApi.Busy : null, string.Empty, HttpApi.LanguageOf(context, configured), json =>
        {
            json.WriteString("state", "sent");
            json.WriteNumber("told", result?.Told ?? 0);
            json.WriteNumber("taken", result?.Taken ?? 0);
            json.WriteBoolean("confirmed", result?.IsConfirmed == true);
        }).ConfigureAwait(false);
    }

    private static Task AnswerAsync(HttpContext context, SessionResult? result, string state, string language) =>
        SoundApi.AnswerAsync(context, result is null ? HttpApi.Busy : result.Value.Code, result?.Text ?? string.Empty, language, json => json.WriteString("state", state));
}
