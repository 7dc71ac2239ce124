using System;
using System.Text.Json;
using System.Threading.Tasks;
using EdgeGateway.Mqtt;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>
/// The cuff's HTTP side, for whoever stands at the cart: <c>PUT</c> and <c>GET /api/session/{id}/patient</c>, <c>POST /api/session/{id}/cuff/start</c>, <c>POST
/// /api/cuff/stop</c> (always obeyed, session or not) and <c>POST /api/cuff/test</c>. Every refusal is a coded error as JSON.
/// </summary>
public static class CuffApi
{
    /// <summary>A request about the cuff is not understood.</summary>
    public const string NotUnderstood = "G2310";

    private const int MaxBodyBytes = 1024;

    /// <summary>Adds the routes.</summary>
    /// <param name="routes">The application.</param>
    /// <param name="loop">The loop that owns the core.</param>
    /// <param name="core">The gateway's logic, null while it does not run; asked on the loop.</param>
    /// <param name="language">"en" or "fr"; a request's Accept-Language that begins with the other one wins.</param>
    public static void MapCuff(this IEndpointRouteBuilder routes, IMqttLoop loop, Func<GatewayCore?> core, string language)
    {
        ArgumentNullException.ThrowIfNull(routes);
        routes.MapPut("/api/session/{id}/patient", context => PatientAsync(context, loop, core, language));
        routes.MapGet("/api/session/{id}/patient", context => PatientOfAsync(context, loop, core, language));
        routes.MapPost("/api/session/{id}/cuff/start", context => DoAsync(context, loop, core, language, (running, id) => running.StartCuff(id)));
        routes.MapPost("/api/cuff/stop", context => DoAsync(context, loop, core, language, (running, _) =>
        {
            running.StopCuffs();
            return default;
        }));
        routes.MapPost("/api/cuff/test", context => TestAsync(context, loop, core, language));
    }

    private static async Task<JsonDocument?> BodyAsync(HttpContext context, string language)
    {
        byte[] body = new byte[MaxBodyBytes + 1];
        int length = 0;
        int read;
        while (length < body.Length && (read = await context.Request.Body.ReadAsync(body.AsMemory(length), context.RequestAborted).ConfigureAwait(false)) > 0)
        {
            length += read;
        }

        string problem = "not a JSON object of at most 1024 bytes";
        if (length <= MaxBodyBytes)
        {
            try
            {
                JsonDocument document = JsonDocument.Parse(body.AsMemory(0, length), new JsonDocumentOptions { MaxDepth = 8 });
                if (document.RootElement.ValueKind == JsonValueKind.Object)
                {
                    return document;
                }

                document.Dispose();
            }
            catch (JsonException exception)
            {
                problem = "no JSON: line " + GatewayContext.Text((exception.LineNumber ?? 0) + 1);
            }
        }

        await HttpApi.FaultAsync(context, StatusCodes.Status400BadRequest, NotUnderstood, problem, language).ConfigureAwait(false);
        return null;
    }

    private static async Task PatientAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        string language = HttpApi.LanguageOf(context, configured);
        using JsonDocument? body = await BodyAsync(context, language).ConfigureAwait(false);
        if (body is null)
        {
            return;
        }

        if (GatewayCore.TryPatient(body.RootElement, out CuffPatient patient) is { } problem)
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

    private static async Task TestAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        string language = HttpApi.LanguageOf(context, configured);
        using JsonDocument? body = await BodyAsync(context, language).ConfigureAwait(false);
        if (body is null)
        {
            return;
        }

        if (!body.RootElement.TryGetProperty("cuffOffTheArm", out JsonElement word) || word.ValueKind != JsonValueKind.True)
        {
            await HttpApi.FaultAsync(context, StatusCodes.Status400BadRequest, NotUnderstood, "cuffOffTheArm must be true: the self test inflates beyond what an arm may feel", language).ConfigureAwait(false);
            return;
        }

        SessionResult? result = await SoundApi.AskAsync<SessionResult?>(context, loop, core, (running, done) => done(running.TestCuff())).ConfigureAwait(false);
        await AnswerAsync(context, result, "sent", language).ConfigureAwait(false);
    }

    private static async Task DoAsync(
        HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured, Func<GatewayCore, string, SessionResult> what)
    {
        string id = SoundApi.Route(context, "id");
        SessionResult? result = await SoundApi.AskAsync<SessionResult?>(context, loop, core, (running, done) => done(what(running, id))).ConfigureAwait(false);
        await AnswerAsync(context, result, "sent", HttpApi.LanguageOf(context, configured)).ConfigureAwait(false);
    }

    private static Task AnswerAsync(HttpContext context, SessionResult? result, string state, string language) =>
        SoundApi.AnswerAsync(context, result is null ? HttpApi.Busy : result.Value.Code, result?.Text ?? string.Empty, language, json => json.WriteString("state", state));
}
