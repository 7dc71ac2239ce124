using System;
using System.Collections.Generic;
using System.Net;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Http;
using EdgeGateway.Mqtt.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace EdgeGateway.Gateway.Web;

/// <summary>
/// The gateway's pages and the listeners' way in: <c>GET /</c> (bedside view), <c>/clinician.html</c> (clinician view), their files, and <c>/mqtt</c> (MQTT over WebSocket). Strict headers on every answer.
/// </summary>
public static class GatewayWeb
{
    /// <summary>The path of the WebSocket.</summary>
    public const string MqttPath = "/mqtt";

    /// <summary>The clinician view.</summary>
    public const string ClinicianPath = "/clinician.html";

    /// <summary>Takes over what a trusted proxy says of the request, and puts the headers on every answer, whoever writes it. First of all.</summary>
    /// <param name="application">The application.</param>
    /// <param name="gateway">The gateway.</param>
    internal static void UseProtectiveHeaders(this IApplicationBuilder application, GatewayHandle gateway) =>
        application.Use((context, next) =>
        {
            ForwardedRequest.Apply(context, gateway.Web);
            string? host = IsOurs(context.Request.Host, gateway.Web) ? context.Request.Host.Value : null;
            context.Response.OnStarting(() =>
            {
                Protect(context.Response.Headers, host, IsEmbeddable(context.Request) ? gateway.Web.EmbedIn : []);
                return Task.CompletedTask;
            });
            return next(context);
        });

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

    /// <summary>True when a request's host is this gateway.</summary>
    /// <param name="host">The host; may be absent.</param>
    /// <param name="web">Who may use the pages.</param>
    /// <returns>True for our own names.</returns>
    internal static bool IsOurs(HostString host, GatewayWebOptions web)
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

    // Nothing can be done in it that a click could be stolen for, and it knows the broker alone: it has no cookie.
    private static bool IsEmbeddable(HttpRequest request) => string.Equals(request.Path.Value, ClinicianPath, StringComparison.Ordinal);

    // The host was compared with our own names before it is repeated here. "'self'" alone does not name ws: in every browser.
    private static void Protect(IHeaderDictionary headers, string? host, IReadOnlyList<string> embedIn)
    {
        // Which pages of others may show this one: none but the platforms' that are configured, and the clinician view alone.
        string frames = embedIn.Count == 0 ? "'none'" : string.Join(' ', embedIn);
        string sockets = host is null ? string.Empty : $" ws://{host} wss://{host}";
        headers.ContentSecurityPolicy =
            $"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'{sockets}; base-uri 'none'; form-action 'none'; frame-ancestors {frames}";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
        if (headers.CacheControl.Count == 0)
        {
            headers.CacheControl = "no-store";
        }
    }

    /// <summary>A file of the pages. The program may be another one tomorrow: it is kept, but asked for again each time.</summary>
    /// <param name="context">The request.</param>
    /// <param name="file">The file.</param>
    /// <returns>The answer: 304 for who has it already.</returns>
    internal static IResult File(HttpContext context, WebFile file)
    {
        context.Response.Headers.CacheControl = "no-cache";
        return TypedResults.Bytes(file.Bytes, file.ContentType, entityTag: new EntityTagHeaderValue(file.Tag));
    }

    /// <summary><c>/mqtt</c>: MQTT over WebSocket.</summary>
    /// <param name="context">The request.</param>
    /// <param name="gateway">The gateway.</param>
    /// <returns>A refusal, or nothing more when the connection is over.</returns>
    internal static async Task<IResult> MqttAsync(HttpContext context, GatewayHandle gateway)
    {
        string language = gateway.LanguageOf(context);
        string origin = context.Request.Headers.Origin.ToString();
        if (!MayConnect(origin, context.Request.Scheme, context.Request.Host.Value ?? string.Empty, gateway.Web))
        {
            gateway.Write(FaultCodes.WebSocketOriginRefused, "origin " + LogText.Shown(origin));
            return Problems.Of(FaultCodes.WebSocketOriginRefused, string.Empty, language);
        }

        if (!MqttWebSocket.IsOffered(context))
        {
            return Problems.Of(FaultCodes.WebSocketNotMqtt, string.Empty, language);
        }

        if (gateway.Core()?.Server is not { } server)
        {
            return Problems.Of(FaultCodes.GatewayBusy, string.Empty, language);
        }

        if (await MqttWebSocket.ServeAsync(context, gateway.Loop, server, gateway.Time).ConfigureAwait(false) == MqttWebSocketEnd.Text)
        {
            gateway.Write(FaultCodes.WebSocketTextMessage, string.Empty);
        }

        return TypedResults.Empty;
    }
}
