using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Json;
using EdgeGateway.Mqtt;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace EdgeGateway.Gateway.Http;

/// <summary>
/// What somebody elsewhere asks of whoever stands at the cart: <c>GET /api/requests</c>, and <c>POST /api/requests/{id}</c> with <c>{"answer":"done"}</c> or
/// <c>{"answer":"notPossible"}</c>. An answer moves no air: the press that inflates is the cuff's own button.
/// </summary>
public static class BedsideApi
{
    private const int MaxBodyBytes = 256;

    /// <summary>Adds the routes.</summary>
    /// <param name="routes">The application.</param>
    /// <param name="loop">The loop that owns the core.</param>
    /// <param name="core">The gateway's logic, null while it does not run; asked on the loop.</param>
    /// <param name="language">"en" or "fr"; a request's Accept-Language that begins with the other one wins.</param>
    public static void MapBedside(this IEndpointRouteBuilder routes, IMqttLoop loop, Func<GatewayCore?> core, string language)
    {
        ArgumentNullException.ThrowIfNull(routes);
        routes.MapGet("/api/requests", context => ListAsync(context, loop, core, language));
        routes.MapPost("/api/requests/{id}", context => AnswerAsync(context, loop, core, language));
    }

    private static async Task ListAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        long nowUs = 0;
        IReadOnlyList<BedsideRequest>? requests = await SoundApi.AskAsync<IReadOnlyList<BedsideRequest>>(context, loop, core, (running, done) =>
        {
            nowUs = loop.NowUs;
            done(running.Requests());
        }).ConfigureAwait(false);
        await SoundApi.AnswerAsync(context, requests is null ? HttpApi.Busy : null, string.Empty, HttpApi.LanguageOf(context, configured), json =>
        {
            json.WriteStartArray("requests");
            foreach (BedsideRequest request in requests!)
            {
                json.WriteStartObject();
                json.WriteString("id", request.Id);
                json.WriteString("action", request.Action);
                json.WriteString("session", request.Session);
                json.WriteString("utc", request.At.HasUtc ? JsonText.UtcText(request.At.UtcUs) : null);
                json.WriteNumber("ageMs", (nowUs - request.At.Us) / 1000);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }).ConfigureAwait(false);
    }

    private static async Task AnswerAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        string language = HttpApi.LanguageOf(context, configured);
        using StrictJson json = StrictJson.Read(await HttpApi.BodyAsync(context, MaxBodyBytes).ConfigureAwait(false), MaxBodyBytes);
        string? answer = json.Text("answer");
        json.RefuseUnknown();
        if (answer is not ("done" or "notPossible"))
        {
            json.Wrong("answer is \"done\" or \"notPossible\"");
        }

        if (json.Problem is { } problem)
        {
            await HttpApi.FaultAsync(context, StatusCodes.Status400BadRequest, CuffApi.NotUnderstood, problem, language).ConfigureAwait(false);
            return;
        }

        string id = SoundApi.Route(context, "id");
        SessionResult? result = await SoundApi.AskAsync<SessionResult?>(context, loop, core, (running, done) => done(running.AnswerRequest(id, answer is "done"))).ConfigureAwait(false);
        await SoundApi.AnswerAsync(context, result is null ? HttpApi.Busy : result.Value.Code, result?.Text ?? string.Empty, language, body =>
        {
            body.WriteString("id", id);
            body.WriteString("state", answer);
        }).ConfigureAwait(false);
    }
}
