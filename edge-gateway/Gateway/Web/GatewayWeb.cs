using System;
using System.Buffers;
using System.Net;
using System.Text.Json;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Http;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace EdgeGateway.Gateway.Web;

/// <summary>
/// The gateway's pages and the listeners' way in: <c>GET /</c> (near page), <c>/far.html</c>, their files, <c>GET
/// /api/session/{id}/link</c> (the far page's link with its token) and <c>/mqtt</c> (MQTT over WebSocket). Strict headers on every answer.
/// </summary>
public static class GatewayWeb
{
    /// <summary>The path of the WebSocket.</summary>
    public const string MqttPath = "/mqtt";

    /// <summary>Puts the headers on every answer and refuses foreign hosts. Before routing.</summary>
    /// <param name="application">The application.</param>
    /// <param name="web">Who may use it.</param>
    /// <param name="language">"en" or "fr".</param>
    public static void UseGatewayWeb(this IApplicationBuilder application, GatewayWebOptions web, string language)
    {
        ArgumentNullException.ThrowIfNull(application);
        ArgumentNullException.ThrowIfNull(web);
        application.Use((context, next) =>
        {
            ForwardedRequest.Apply(context, web);

            // No browser leaves the host away: a program that does and wants to stop a cuff is no foreign page.
            bool ours = IsOurs(context.Request.Host, web) || (!context.Request.Host.HasValue && RequestGuard.IsStop(context.Request));
            Protect(context.Response.Headers, ours && context.Request.Host.HasValue ? context.Request.Host.Value : null);
            if (!ours)
            {
                return LoopCalls.FaultAsync(context, FaultCodes.HostNameUnknown, string.Empty, HttpApi.LanguageOf(context, language));
            }

            if (RequestGuard.Refused(context.Request, context.Connection.RemoteIpAddress, web) is { } refused)
            {
                return LoopCalls.FaultAsync(context, refused.Status, refused.Code, refused.Text, HttpApi.LanguageOf(context, language));
            }

            return next(context);
        });
        application.UseWebSockets();
    }

    /// <summary>Adds the routes.</summary>
    /// <param name="routes">The application.</param>
    /// <param name="web">Who may use it.</param>
    /// <param name="loop">The loop that owns the core.</param>
    /// <param name="core">The gateway's logic now, or null while there is none; asked on the loop or for each request.</param>
    /// <param name="time">The clock for closing times.</param>
    /// <param name="log">The log, or null.</param>
    /// <param name="language">"en" or "fr"; a request's Accept-Language wins.</param>
    public static void MapGatewayWeb(
        this IEndpointRouteBuilder routes, GatewayWebOptions web, IMqttLoop loop, Func<GatewayCore?> core, TimeProvider time, IGatewayLog? log, string language)
    {
        ArgumentNullException.ThrowIfNull(web);
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(core);
        foreach ((string path, WebFile file) in WebFiles.All)
        {
            routes.MapGet(path, context => FileAsync(context, file));
        }

        WebFile index = WebFiles.All["/index.html"];
        routes.MapGet("/", context => FileAsync(context, index));
        routes.MapGet("/api/session/{id}/link", context => LinkAsync(context, web, loop, core, language));
        routes.Map(MqttPath, context => MqttAsync(context, web, loop, core, time, log, language));
    }

    /// <summary>True when a page of this origin may open a WebSocket here.</summary>
    /// <param name="origin">The Origin header; null or empty when there is none: then no browser asks, and the token alone decides.</param>
    /// <param name="scheme">"http" or "https", as the request came.</param>
    /// <param name="host">The request's host with its port.</param>
    /// <param name="web">Who may use it.</param>
    /// <returns>True to go on.</returns>
    public static bool MayConnect(string? origin, string scheme, string host, GatewayWebOptions web)
    {
        ArgumentNullException.ThrowIfNull(web);
        if (string.IsNullOrEmpty(origin) || string.Equals(origin, scheme + "://" + host, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        if (web.PublicUrl is { } own && string.Equals(origin, own, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        for (int i = 0; i < web.Origins.Count; i++)
        {
            if (string.Equals(origin, web.Origins[i], StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True for this machine's own name or address as seen from itself.</summary>
    /// <param name="name">A host without its port.</param>
    /// <returns>True for "localhost" and every loopback address.</returns>
    internal static bool IsLoopback(string name) =>
        string.Equals(name, "localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(name, out IPAddress? address) && IPAddress.IsLoopback(address));

    private static bool IsOurs(HostString host, GatewayWebOptions web)
    {
        string name = host.Host;
        if (IsLoopback(name))
        {
            return true;
        }

        if (web.PublicUrl is { } own && string.Equals(host.Value, new Uri(own).Authority, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        for (int i = 0; i < web.HostNames.Count; i++)
        {
            if (string.Equals(name, web.HostNames[i], StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    // The host was compared with our own names before it is repeated here. "'self'" alone does not name ws: in every browser.
    private static void Protect(IHeaderDictionary headers, string? host)
    {
        string sockets = host is null ? string.Empty : $" ws://{host} wss://{host}";
        headers.ContentSecurityPolicy =
            $"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'{sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
        headers.CacheControl = "no-store";
    }

    private static Task FileAsync(HttpContext context, WebFile file)
    {
        // The program may be another one tomorrow: kept, but asked for again each time.
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers.ETag = file.Tag;
        if (string.Equals(context.Request.Headers.IfNoneMatch.ToString(), file.Tag, StringComparison.Ordinal))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        context.Response.ContentType = file.ContentType;
        context.Response.ContentLength = file.Bytes.Length;
        return context.Response.Body.WriteAsync(file.Bytes, context.RequestAborted).AsTask();
    }

    private static async Task LinkAsync(HttpContext context, GatewayWebOptions web, IMqttLoop loop, Func<GatewayCore?> core, string configured)
    {
        string language = HttpApi.LanguageOf(context, configured);
        string id = (string?)context.Request.RouteValues["id"] ?? string.Empty;
        TaskCompletionSource<ListenerLink?> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!loop.TryPost(() => done.SetResult(core()?.LinkOf(id))) || await done.Task.WaitAsync(context.RequestAborted).ConfigureAwait(false) is not { } link)
        {
            await LoopCalls.FaultAsync(context, FaultCodes.GatewayBusy, string.Empty, language).ConfigureAwait(false);
            return;
        }

        if (link.Code is { } code)
        {
            await LoopCalls.FaultAsync(context, code, link.Text, language).ConfigureAwait(false);
            return;
        }

        // The page that asks listens where it is; the link is for somebody elsewhere, who reaches this gateway under its public name if it has one.
        string own = context.Request.Scheme + "://" + context.Request.Host.Value;
        string far = web.PublicUrl ?? own;
        string broker = WebSocketOf(own);
        string page = $"{far}/far.html#broker={Uri.EscapeDataString(WebSocketOf(far))}&cart={link.Cart}&session={link.Session}&token={link.Token}";
        ArrayBufferWriter<byte> buffer = new(512);
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteString("cart", link.Cart);
            json.WriteString("session", link.Session);
            json.WriteString("broker", broker);
            json.WriteString("token", link.Token);
            json.WriteString("page", page);
            json.WriteNumber("graceMs", ListenerTokens.GraceUs / 1000);
            json.WriteEndObject();
        }

        await LoopCalls.JsonAsync(context, StatusCodes.Status200OK, buffer.WrittenMemory).ConfigureAwait(false);
    }

    private static string WebSocketOf(string origin) => (origin.StartsWith("https:", StringComparison.OrdinalIgnoreCase) ? "wss" : "ws") + origin[origin.IndexOf(':', StringComparison.Ordinal)..] + MqttPath;

    private static async Task MqttAsync(
        HttpContext context, GatewayWebOptions web, IMqttLoop loop, Func<GatewayCore?> core, TimeProvider time, IGatewayLog? log, string configured)
    {
        string language = HttpApi.LanguageOf(context, configured);
        string origin = context.Request.Headers.Origin.ToString();
        if (!MayConnect(origin, context.Request.Scheme, context.Request.Host.Value ?? string.Empty, web))
        {
            log?.Write(new GatewayLogEntry(FaultCodes.WebSocketOriginRefused, "origin " + ListenerAccess.Shown(origin), loop.NowUs));
            await LoopCalls.FaultAsync(context, FaultCodes.WebSocketOriginRefused, string.Empty, language).ConfigureAwait(false);
            return;
        }

        if (!MqttWebSocket.IsOffered(context))
        {
            await LoopCalls.FaultAsync(context, FaultCodes.WebSocketNotMqtt, string.Empty, language).ConfigureAwait(false);
            return;
        }

        if (core()?.Server is not { } server)
        {
            await LoopCalls.FaultAsync(context, FaultCodes.GatewayBusy, string.Empty, language).ConfigureAwait(false);
            return;
        }

        if (await MqttWebSocket.ServeAsync(context, loop, server, time).ConfigureAwait(false) == MqttWebSocketEnd.Text)
        {
            log?.Write(new GatewayLogEntry(FaultCodes.WebSocketTextMessage, string.Empty, loop.NowUs));
        }
    }
}
