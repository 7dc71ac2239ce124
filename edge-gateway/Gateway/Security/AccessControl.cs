using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Http;
using EdgeGateway.Machine;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace EdgeGateway.Gateway.Security;

/// <summary>
/// Who asks by HTTP, and whether the role has the route's right, for all routes in one place. STOP never comes here. Any thread.
/// </summary>
internal sealed class AccessControl
{
    /// <summary>The name of the cookie; over TLS with the prefix that binds it to this host.</summary>
    public const string CookieName = "cart_login";

    /// <summary>Requests of one address that change something: so many at once, STOP not counted, nor what comes from this machine. Assumption: far beyond a page or program that works.</summary>
    public const int Burst = 60;

    /// <summary>And so many a second.</summary>
    public const int PerSecond = 10;

    /// <summary>Addresses whose requests are counted; at the bound the one whose last request is longest ago is forgotten.</summary>
    public const int MaxAddresses = 1024;

    private const string SecureCookieName = "__Host-" + CookieName;

    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (double Left, long Ticks)> _rates = new(StringComparer.Ordinal);

    /// <summary>Makes it.</summary>
    /// <param name="options">Whose cart, and how it is set up.</param>
    /// <param name="time">The clocks.</param>
    public AccessControl(GatewayHostOptions options, TimeProvider time)
    {
        _time = time;
        Options = options.Access;
        AccountFolder folder = AccountFolder.Of(options);
        Store = new AccountStore(folder, options.Core.CartId, time);
        Logins = new Logins(Store, options.Access, time);
        Claim = new AdministratorClaim(folder, time);
    }

    /// <summary>How it is set up.</summary>
    public GatewayAccessOptions Options { get; }

    /// <summary>The accounts.</summary>
    public AccountStore Store { get; }

    /// <summary>Who is logged in.</summary>
    public Logins Logins { get; }

    /// <summary>The way to the first account.</summary>
    public AdministratorClaim Claim { get; }

    /// <summary>True while the cart has no account, and none that cannot be read.</summary>
    public bool IsUnclaimed => Store.Book.Accounts.Count == 0 && Store.Problem is null;

    /// <summary>Who sends a request, decided once for each.</summary>
    /// <param name="context">The request; its remote address is the one that a trusted proxy forwarded.</param>
    /// <returns>Who. An API token counts before a cookie; one that is wrong is nobody's.</returns>
    public Actor ActorOf(HttpContext context)
    {
        if (context.Features.Get<Actor>() is { } known)
        {
            return known;
        }

        Actor actor = Decide(context);
        context.Features.Set(actor);
        return actor;
    }

    /// <summary>Decides whether a request may do what its route does.</summary>
    /// <param name="context">The request.</param>
    /// <param name="route">The route; not STOP.</param>
    /// <returns>Null to go on; else the code, what happened, and how long to wait.</returns>
    public (string Code, string Text, TimeSpan Wait)? Refused(HttpContext context, HttpRoute route)
    {
        Actor actor = ActorOf(context);
        bool changes = RequestGuard.Changes(context.Request.Method);
        if (changes && context.Connection.RemoteIpAddress is { } remote && !IPAddress.IsLoopback(remote) && TooMany(LimitedOf(context)))
        {
            return (FaultCodes.TooManyRequests, string.Empty, TimeSpan.FromSeconds(1));
        }

        if (!actor.May(route.Right))
        {
            return actor.Role is ActorRole.Nobody or ActorRole.Local
                ? (FaultCodes.LoginNeeded, string.Empty, TimeSpan.Zero)
                : (FaultCodes.RoleLacksRight, RoleRights.Word(actor.Role) + " on " + route.Name, TimeSpan.Zero);
        }

        // Air is moved by whoever has logged in at the screen itself: not by a token, and not by a login of elsewhere.
        if (route.Right == AccessRight.Air && !string.Equals(actor.Origin, "screen", StringComparison.Ordinal))
        {
            return (FaultCodes.NotAtBedside, "the login is from " + actor.Origin, TimeSpan.Zero);
        }

        if (changes && route.Right != AccessRight.Page)
        {
            Logins.Touch(CookieOf(context.Request));
        }

        return null;
    }

    /// <summary>The cookie of a request.</summary>
    /// <param name="request">The request.</param>
    /// <returns>Empty when there is none.</returns>
    public static string CookieOf(HttpRequest request) => request.Cookies[NameOfCookie(request)] ?? string.Empty;

    /// <summary>Puts the cookie of a login on an answer, or takes it away.</summary>
    /// <param name="context">The request.</param>
    /// <param name="cookie">The cookie; empty to take it away.</param>
    public static void SetCookie(HttpContext context, string cookie)
    {
        // No Max-Age: it goes with the browser. Strict: no other site sends it, not even by a link.
        CookieOptions options = new() { Path = "/", HttpOnly = true, SameSite = Microsoft.AspNetCore.Http.SameSiteMode.Strict, Secure = context.Request.IsHttps };
        if (cookie.Length == 0)
        {
            context.Response.Cookies.Delete(NameOfCookie(context.Request), options);
        }
        else
        {
            context.Response.Cookies.Append(NameOfCookie(context.Request), cookie, options);
        }
    }

    /// <summary>Where a request comes from, for limits and for whoever writes it down.</summary>
    /// <param name="context">The request.</param>
    /// <returns>The address.</returns>
    public static string AddressOf(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "unknown";

    /// <summary>What counts as one address for limits: of IPv6 the first 64 bits, since one machine has the rest for itself (RFC 4291, 2.5.1).</summary>
    /// <param name="context">The request.</param>
    /// <returns>The address, or its prefix.</returns>
    public static string LimitedOf(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is not { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false } six)
        {
            return AddressOf(context);
        }

        byte[] bytes = six.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes) + "/64";
    }

    private static string NameOfCookie(HttpRequest request) => request.IsHttps ? SecureCookieName : CookieName;

    private Actor Decide(HttpContext context)
    {
        string address = AddressOf(context);
        if (context.Request.Headers.ContainsKey(HeaderNames.Authorization))
        {
            string shown = context.Request.Headers.Authorization.ToString();
            return shown.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && Store.IdOf(Encoding.UTF8.GetBytes(shown[7..].Trim())) is { } id
                ? new Actor(ActorRole.Platform, id, address)
                : new Actor(ActorRole.Nobody, string.Empty, address);
        }

        bool isAtCart = RequestGuard.BeyondBedside(context.Request, context.Connection.RemoteIpAddress) is null;
        Actor? actor = Logins.ActorOf(CookieOf(context.Request));

        // A login of the screen counts there alone: its cookie is nobody's anywhere else.
        return actor is not null && (isAtCart || !string.Equals(actor.Origin, "screen", StringComparison.Ordinal)) ? actor
            : new Actor(isAtCart ? ActorRole.Local : ActorRole.Nobody, string.Empty, isAtCart ? "local" : address);
    }

    private bool TooMany(string address)
    {
        lock (_gate)
        {
            long nowTicks = _time.GetTimestamp();
            if (!_rates.TryGetValue(address, out (double Left, long Ticks) rate))
            {
                if (_rates.Count >= MaxAddresses)
                {
                    _rates.Remove(_rates.MinBy(static r => r.Value.Ticks).Key);
                }

                rate = (Burst, nowTicks);
            }

            double left = Math.Min(Burst, rate.Left + (_time.GetElapsedTime(rate.Ticks, nowTicks).TotalSeconds * PerSecond));
            _rates[address] = (Math.Max(0, left - 1), nowTicks);
            return left < 1;
        }
    }
}
