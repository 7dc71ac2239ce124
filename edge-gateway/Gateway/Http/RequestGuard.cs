using System;
using System.IO;
using System.Linq;
using System.Net;
using EdgeGateway.Core;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace EdgeGateway.Gateway.Http;

/// <summary>
/// Who may change something by HTTP, for all routes in one place: a page of this gateway (Origin and Sec-Fetch-Site say so), or a program on this machine that
/// sends neither. What inflates the cuff is taken from the cart's own screen alone. Requests come as <c>application/json</c>, which no page of another origin can send without asking first. A STOP is refused to a page of
/// another origin alone. See decisions in <c>edge-gateway/Gateway/Web/README.md</c>.
/// </summary>
internal static class RequestGuard
{
    /// <summary>The path of STOP.</summary>
    public static readonly string StopPath = HttpRoutes.All.Single(r => r.Rights == CommandRights.Always).Pattern;

    private const string SecFetchSite = "Sec-Fetch-Site";

    /// <summary>The routes for the cart's own screen.</summary>
    private static readonly string[] BedsideRoutes = [.. HttpRoutes.All.Where(r => r.Rights == CommandRights.BedsideScreen).Select(r => r.Pattern)];

    private static readonly string[] OfProxies = ["Forwarded", "Via", "X-Real-IP"];

    /// <summary>Decides on a request. Its scheme, host and remote address are those that a trusted proxy forwarded, see <see cref="ForwardedRequest"/>.</summary>
    /// <param name="request">The request; its host was compared with our own names before, unless it is a STOP of a program.</param>
    /// <param name="remote">Who sends it; null when not known.</param>
    /// <param name="web">Who may use the pages.</param>
    /// <param name="isProven">True when it carries a platform's token that is good here: then the program may be on another machine.</param>
    /// <returns>Null to go on, else the code, whose status the catalogue has, and what happened.</returns>
    public static (string Code, string Text)? Refused(HttpRequest request, IPAddress? remote, GatewayWebOptions web, bool isProven = false)
    {
        if (!Changes(request.Method))
        {
            return null;
        }

        IHeaderDictionary headers = request.Headers;
        bool hasOrigin = headers.ContainsKey(HeaderNames.Origin);
        if (hasOrigin && (headers.Origin.Count != 1 || !IsOwnPage(headers.Origin[0], request, web)))
        {
            return (FaultCodes.ForeignPageRefused, "origin " + LogText.Shown(headers.Origin.ToString()));
        }

        bool hasSite = headers.TryGetValue(SecFetchSite, out Microsoft.Extensions.Primitives.StringValues site);
        if (hasSite && (site.Count != 1 || site[0] is not ("same-origin" or "none")))
        {
            return (FaultCodes.ForeignPageRefused, "Sec-Fetch-Site " + LogText.Shown(site.ToString()));
        }

        if (IsStop(request))
        {
            return null;
        }

        if (!hasOrigin && !hasSite && !isProven && (remote is null || !IPAddress.IsLoopback(remote)))
        {
            return (FaultCodes.ForeignProgramRefused, "from " + LogText.Shown(remote?.ToString() ?? "an unknown address"));
        }

        if (MovesAir(request) && BeyondBedside(request, remote) is { } beyond)
        {
            return (FaultCodes.NotAtBedside, beyond);
        }

        bool hasBody = request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? request.ContentLength is null or > 0;
        bool needsType = hasBody || request.Method is not ("PUT" or "DELETE");
        return needsType && !IsJson(request)
            ? (FaultCodes.ContentTypeNotJson, "Content-Type " + LogText.Shown(request.ContentType ?? "is absent"))
            : null;
    }

    /// <summary>True for every method but those that only read.</summary>
    /// <param name="method">The method.</param>
    /// <returns>True when it may change something.</returns>
    public static bool Changes(string method) => method is not ("GET" or "HEAD" or "OPTIONS");

    /// <summary>True for a STOP.</summary>
    /// <param name="request">The request.</param>
    /// <returns>True for its method and path.</returns>
    public static bool IsStop(HttpRequest request) =>
        HttpMethods.IsPost(request.Method) && string.Equals(request.Path.Value?.TrimEnd('/'), StopPath, StringComparison.OrdinalIgnoreCase);

    /// <summary>True for a STOP of whoever is no page: the host that it names is not asked for. Every browser sends an Origin with a POST, so that a page of a foreign name pointed at this machine is none.</summary>
    /// <param name="request">The request.</param>
    /// <returns>True for a STOP with neither Origin nor Sec-Fetch-Site, and for one without a host, which no browser leaves away.</returns>
    public static bool IsStopOfProgram(HttpRequest request) =>
        IsStop(request) && (!request.Host.HasValue || !(request.Headers.ContainsKey(HeaderNames.Origin) || request.Headers.ContainsKey(SecFetchSite)));

    /// <summary>True for what inflates the cuff: a start, or the self test.</summary>
    /// <param name="request">The request.</param>
    /// <returns>True for every path that the routes of the two match, whatever its case.</returns>
    public static bool MovesAir(HttpRequest request)
    {
        string path = request.Path.Value?.TrimEnd('/') ?? string.Empty;
        return Array.Exists(BedsideRoutes, route => EndsAs(path, route));
    }

    /// <summary>True when a path ends as a route does, whatever stands before: the last two names, of which those in braces stand for any name.</summary>
    /// <param name="path">The path, without a slash at its end.</param>
    /// <param name="route">The route.</param>
    public static bool EndsAs(string path, string route)
    {
        string[] names = path.Split('/');
        string[] wanted = route.Split('/')[^2..];
        return names.Length >= wanted.Length && names[^2..].Zip(wanted).All(pair => pair.Second.StartsWith('{') || string.Equals(pair.First, pair.Second, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Puts the bound of requests in progress around all that follows.</summary>
    /// <param name="application">The application.</param>
    /// <param name="gateway">The gateway.</param>
    public static void UseRequestPlaces(this IApplicationBuilder application, GatewayHandle gateway) =>
        application.Use(async (context, next) =>
        {
            HttpConnectionEntry? entry = gateway.Connections is null ? null : context.Features.Get<HttpConnectionEntry>();
            if (entry is not null && !gateway.Connections!.Begin(entry, IsStop(context.Request)))
            {
                gateway.Write(FaultCodes.NoPlaceForRequest, string.Empty);
                context.Response.Headers.Connection = "close";
                await Problems.WriteAsync(context, gateway, FaultCodes.NoPlaceForRequest, string.Empty).ConfigureAwait(false);
                return;
            }

            try
            {
                await next(context).ConfigureAwait(false);
            }
            catch (Exception exception) when (context.RequestAborted.IsCancellationRequested && exception is OperationCanceledException or IOException)
            {
                // Who asked is gone: nobody is left to be answered.
            }
            finally
            {
                if (entry is not null)
                {
                    gateway.Connections!.End(entry);
                }
            }
        });

    /// <summary>Refuses foreign hosts, save for a STOP of a program, and who may not change something.</summary>
    /// <param name="application">The application.</param>
    /// <param name="gateway">The gateway.</param>
    public static void UseRequestGuard(this IApplicationBuilder application, GatewayHandle gateway) =>
        application.Use((context, next) =>
        {
            if (!IsStopOfProgram(context.Request) && !GatewayWeb.IsOurs(context.Request.Host, gateway.Web))
            {
                return Problems.WriteAsync(context, gateway, FaultCodes.HostNameUnknown, string.Empty);
            }

            bool isProven = Changes(context.Request.Method) && !IsStop(context.Request) && gateway.Access?.ActorOf(context).Role == ActorRole.Platform;
            if (Refused(context.Request, context.Connection.RemoteIpAddress, gateway.Web, isProven) is not { } refused)
            {
                return next(context);
            }

            gateway.Record(context, CommandOf(context.Request)?.Act ?? ActNames.RequestRefused, code: refused.Code);
            return Problems.WriteAsync(context, gateway, refused.Code, refused.Text);
        });

    private static GatewayCommand? CommandOf(HttpRequest request)
    {
        string path = request.Path.Value?.TrimEnd('/') ?? string.Empty;
        return Array.Find(GatewayCommands.All, command => string.Equals(command.Method, request.Method, StringComparison.OrdinalIgnoreCase) && EndsAs(path, command.Route));
    }

    /// <summary>Why a request is not from the cart's own screen. Behind a proxy each page looks like the nurse's: a page of ours says nothing of where it is shown.</summary>
    /// <param name="request">The request.</param>
    /// <param name="remote">Who sends it; null when not known.</param>
    /// <returns>Null when it is from there, as far as a request can say.</returns>
    public static string? BeyondBedside(HttpRequest request, IPAddress? remote)
    {
        if (remote is null || !IPAddress.IsLoopback(remote))
        {
            return "from " + LogText.Shown(remote?.ToString() ?? "an unknown address");
        }

        if (!GatewayWeb.IsLoopback(request.Host.Host))
        {
            return "host " + LogText.Shown(request.Host.Value ?? "is absent");
        }

        foreach (string header in request.Headers.Keys)
        {
            if (header.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase) || Array.Exists(OfProxies, o => header.Equals(o, StringComparison.OrdinalIgnoreCase)))
            {
                return "through a proxy: " + LogText.Shown(header);
            }
        }

        // A proxy may put its own target into the host and name nobody; the browser's address bar stands in the origin.
        string? origin = request.Headers.Origin.Count == 0 ? null : request.Headers.Origin[0];
        return origin is not null && !(Uri.TryCreate(origin, UriKind.Absolute, out Uri? page) && GatewayWeb.IsLoopback(page.Host))
            ? "origin " + LogText.Shown(origin)
            : null;
    }

    private static bool IsOwnPage(string? origin, HttpRequest request, GatewayWebOptions web)
    {
        // "null" is what any sandboxed page sends, of whatever site: it may listen where configured, but change nothing.
        if (string.IsNullOrEmpty(origin) || string.Equals(origin, "null", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        return GatewayWeb.MayConnect(origin, request.Scheme, request.Host.Value ?? string.Empty, web);
    }

    private static bool IsJson(HttpRequest request) =>
        request.Headers.ContentType.Count == 1
        && MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
        && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
        && (type.Charset.Length == 0 || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase));
}

/// <summary>What a trusted proxy says of the request that it forwards; from anybody else the same headers are ignored.</summary>
internal static class ForwardedRequest
{
    /// <summary>Takes over X-Forwarded-Proto, X-Forwarded-Host and X-Forwarded-For of a trusted proxy: the last entry of each, which is the proxy's own.</summary>
    /// <param name="context">The request; its scheme, host and remote address are set.</param>
    /// <param name="web">Which proxies are trusted.</param>
    public static void Apply(HttpContext context, GatewayWebOptions web)
    {
        if (context.Connection.RemoteIpAddress is not { } remote || !web.Trusts(remote))
        {
            return;
        }

        IHeaderDictionary headers = context.Request.Headers;
        string[] hops = Entries(headers["X-Forwarded-For"]);
        int at = hops.Length - 1;
        while (at > 0 && IPAddress.TryParse(hops[at], out IPAddress? hop) && web.Trusts(hop))
        {
            at--;
        }

        bool forwards = hops.Length > 0 || headers.ContainsKey("X-Forwarded-Proto") || headers.ContainsKey("X-Forwarded-Host");
        if (forwards)
        {
            // A proxy that forwards and names nobody speaks for somebody elsewhere all the same.
            context.Connection.RemoteIpAddress = at >= 0 && IPAddress.TryParse(hops[at], out IPAddress? client) ? client : IPAddress.None;
        }

        if (Entries(headers["X-Forwarded-Proto"]) is [.., var scheme] && (scheme is "http" or "https"))
        {
            context.Request.Scheme = scheme;
        }

        if (Entries(headers["X-Forwarded-Host"]) is [.., var host])
        {
            context.Request.Host = new HostString(host);
        }
    }

    private static string[] Entries(Microsoft.Extensions.Primitives.StringValues values) =>
        values.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
