using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Web;
using Microsoft.AspNetCore.Http;

namespace EdgeGateway.Gateway.Http;

/// <summary>What only reads: health, readiness, what waits at the bedside, the patient context, and the link for somebody elsewhere.</summary>
internal static class ReadApi
{
    /// <summary>How long health and readiness wait for the gateway's loop; then the answer is that it does not answer. Below the 2 s within which a health check is answered.</summary>
    public static readonly TimeSpan HealthPatience = TimeSpan.FromMilliseconds(1500);

    /// <summary><c>GET /health</c>: 200 with the health; 503 with a health that says so when the loop gives no answer.</summary>
    public static async Task<IResult> HealthAsync(HttpContext context, GatewayHandle gateway)
    {
        string language = gateway.LanguageOf(context);
        (_, GatewaySnapshot? snapshot) = await SnapshotAsync(context, gateway).ConfigureAwait(false);
        return snapshot is null
            ? LoopCalls.Text(HealthJson.WriteNoAnswer(language).Span, StatusCodes.Status503ServiceUnavailable)
            : LoopCalls.Text(HealthJson.Write(snapshot, language).Span);
    }

    /// <summary><c>GET /ready</c>: 200 when readings can be taken in.</summary>
    public static async Task<IResult> ReadyAsync(HttpContext context, GatewayHandle gateway)
    {
        (bool answered, GatewaySnapshot? snapshot) = await SnapshotAsync(context, gateway).ConfigureAwait(false);
        if (snapshot is { IsReady: true, JournalWritable: true })
        {
            return LoopCalls.Object(static json => json.WriteBoolean("ready", true));
        }

        string code = !answered ? FaultCodes.GatewayNotAnswering : snapshot is null ? FaultCodes.GatewayBusy : snapshot.IsReady ? HealthJson.JournalRefuses : HealthJson.NotReady;
        return Problems.Of(code, string.Empty, gateway.LanguageOf(context));
    }

    /// <summary><c>GET /api/requests</c>: what somebody elsewhere asks for.</summary>
    public static async Task<IResult> RequestsAsync(HttpContext context, GatewayHandle gateway)
    {
        LoopAnswer<(long NowUs, IReadOnlyList<BedsideRequest> Waiting)> answer = await LoopCalls.AskAsync<(long NowUs, IReadOnlyList<BedsideRequest> Waiting)>(
            context, gateway, (running, done) => done((gateway.Loop.NowUs, running.Requests.Waiting))).ConfigureAwait(false);
        if (!answer.IsGiven)
        {
            return Problems.Of(FaultCodes.GatewayBusy, string.Empty, gateway.LanguageOf(context));
        }

        return LoopCalls.Object(json =>
        {
            json.WriteStartArray("requests");
            foreach (BedsideRequest request in answer.Value.Waiting)
            {
                json.WriteStartObject();
                json.WriteString("id", request.Id);
                json.WriteString("action", BedsideWords.Of(request.Action));
                json.WriteString("session", request.Session);
                json.WriteString("utc", request.At.HasUtc ? Rfc3339.Text(request.At.UtcUs) : null);
                json.WriteNumber("ageMs", (answer.Value.NowUs - request.At.Us) / 1000);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    /// <summary><c>GET /api/session/{session}/patient</c>: a page that is opened again must not ask a second time who is measured.</summary>
    public static async Task<IResult> PatientAsync(HttpContext context, GatewayHandle gateway)
    {
        string id = LoopCalls.Route(context, "session");
        LoopAnswer<(SessionResult Result, CuffPatient? Patient)> answer = await LoopCalls.AskAsync<(SessionResult Result, CuffPatient? Patient)>(
            context, gateway, (running, done) => done((running.Cuff.PatientOf(id, out CuffPatient? said), said))).ConfigureAwait(false);
        (SessionResult result, CuffPatient? patient) = answer.Value;
        if (!answer.IsGiven || result.Code is not null)
        {
            return Problems.Of(result.Code ?? FaultCodes.GatewayBusy, result.Text ?? string.Empty, gateway.LanguageOf(context));
        }

        return LoopCalls.Object(json =>
        {
            json.WriteString("session", id);
            json.WriteString("category", patient is { } known ? WireWords.Of(known.Category) : null);
            json.WriteString("cuffSize", patient is { } said ? WireWords.Of(said.CuffSize) : null);
            json.WriteBoolean("cuffOnOximeterArm", patient?.IsOnOximeterArm == true);
        });
    }

    /// <summary><c>GET /api/session/{session}/link</c>: the link with its token, for whoever listens elsewhere.</summary>
    public static async Task<IResult> LinkAsync(HttpContext context, GatewayHandle gateway)
    {
        string id = LoopCalls.Route(context, "session");
        LoopAnswer<ListenerLink> answer = await LoopCalls.AskAsync<ListenerLink>(context, gateway, (running, done) => done(running.LinkOf(id))).ConfigureAwait(false);
        ListenerLink link = answer.Value;
        gateway.Record(context, ActNames.LinkView, id, code: answer.IsGiven ? link.Code ?? string.Empty : FaultCodes.GatewayBusy);
        if (!answer.IsGiven || link.Code is not null)
        {
            return Problems.Of(answer.IsGiven ? link.Code! : FaultCodes.GatewayBusy, answer.IsGiven ? link.Text : string.Empty, gateway.LanguageOf(context));
        }

        // The page that asks listens where it is; the link is for somebody elsewhere, who reaches this gateway under its public name if it has one.
        string own = context.Request.Scheme + "://" + context.Request.Host.Value;
        string far = gateway.Web.PublicUrl ?? own;
        return LoopCalls.Object(json =>
        {
            json.WriteString("cart", link.Cart);
            json.WriteString("session", link.Session);
            json.WriteString("broker", WebSocketOf(own));
            json.WriteString("token", link.Token);
            json.WriteString("page", $"{far}/clinician.html#broker={Uri.EscapeDataString(WebSocketOf(far))}&cart={link.Cart}&session={link.Session}&token={link.Token}");
            json.WriteNumber("graceMs", ListenerTokens.GraceUs / 1000);
        });
    }

    /// <summary>The snapshot; null without one when the gateway does not run or takes no more work, and with <c>Answered</c> false when its loop gave no answer in time.</summary>
    private static async Task<(bool Answered, GatewaySnapshot? Snapshot)> SnapshotAsync(HttpContext context, GatewayHandle gateway)
    {
        TaskCompletionSource<GatewaySnapshot?> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!gateway.TryPost(done, () => done.TrySetResult(gateway.Core()?.Snapshot())))
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

    private static string WebSocketOf(string origin) =>
        (origin.StartsWith("https:", StringComparison.OrdinalIgnoreCase) ? "wss" : "ws") + origin[origin.IndexOf(':', StringComparison.Ordinal)..] + GatewayWeb.MqttPath;
}
