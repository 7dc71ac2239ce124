using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace EdgeGateway.Gateway.Http;

/// <summary>What the page at the cart reads: <c>GET /api/requests</c>, what somebody elsewhere asks for, and <c>GET /api/session/{session}/patient</c>, who is measured.</summary>
internal static class BedsideApi
{
    /// <summary>Adds the routes.</summary>
    /// <param name="routes">The application.</param>
    /// <param name="loop">The loop that owns the core.</param>
    /// <param name="core">The gateway's logic, null while it does not run; asked on the loop.</param>
    /// <param name="language">"en" or "fr"; a request's Accept-Language that begins with the other one wins.</param>
    public static void MapBedside(this IEndpointRouteBuilder routes, IMqttLoop loop, Func<GatewayCore?> core, string language)
    {
        routes.MapGet("/api/requests", context => ListAsync(context, loop, core, language));
        routes.MapGet("/api/session/{session}/patient", context => PatientAsync(context, loop, core, language));
    }

    private static async Task ListAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        LoopAnswer<(long NowUs, IReadOnlyList<BedsideRequest> Waiting)> answer = await LoopCalls.AskAsync<(long NowUs, IReadOnlyList<BedsideRequest> Waiting)>(
            context, loop, core, (running, done) => done((loop.NowUs, running.Requests.Waiting))).ConfigureAwait(false);
        if (!answer.IsGiven)
        {
            await LoopCalls.FaultAsync(context, FaultCodes.GatewayBusy, string.Empty, HttpApi.LanguageOf(context, configured)).ConfigureAwait(false);
            return;
        }

        await LoopCalls.ObjectAsync(context, json =>
        {
            json.WriteStartArray("requests");
            foreach (BedsideRequest request in answer.Value.Waiting)
            {
                json.WriteStartObject();
                json.WriteString("id", request.Id);
                json.WriteString("action", BedsideWords.Of(request.Action));
                json.WriteString("session", request.Session);
                json.WriteString("utc", request.At.HasUtc ? JsonText.UtcText(request.At.UtcUs) : null);
                json.WriteNumber("ageMs", (answer.Value.NowUs - request.At.Us) / 1000);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }).ConfigureAwait(false);
    }

    // A page that is opened again must not ask who is measured a second time.
    private static async Task PatientAsync(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        string id = LoopCalls.Route(context, "session");
        LoopAnswer<(SessionResult Result, CuffPatient? Patient)> answer = await LoopCalls.AskAsync<(SessionResult Result, CuffPatient? Patient)>(
            context, loop, core, (running, done) => done((running.Cuff.PatientOf(id, out CuffPatient? said), said))).ConfigureAwait(false);
        (SessionResult result, CuffPatient? patient) = answer.Value;
        if (!answer.IsGiven || result.Code is not null)
        {
            await LoopCalls.FaultAsync(context, result.Code ?? FaultCodes.GatewayBusy, result.Text ?? string.Empty, HttpApi.LanguageOf(context, configured)).ConfigureAwait(false);
            return;
        }

        await LoopCalls.ObjectAsync(context, json =>
        {
            json.WriteString("session", id);
            json.WriteString("category", patient is { } known ? WireWords.Of(known.Category) : null);
            json.WriteString("cuffSize", patient is { } said ? WireWords.Of(said.CuffSize) : null);
            json.WriteBoolean("cuffOnOximeterArm", patient?.IsOnOximeterArm == true);
        }).ConfigureAwait(false);
    }
}
