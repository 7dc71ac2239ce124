using System;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EdgeGateway.Gateway.Http;

/// <summary>Logging in and out: <c>/api/login</c>. Where no accounts are set up it says so, and nothing more.</summary>
internal static class LoginApi
{
    /// <summary>Longest body, bytes.</summary>
    public const int MaxLength = 1024;

    /// <summary><c>GET /api/login</c>.</summary>
    public static Task<IResult> StateAsync(HttpContext context, GatewayHandle gateway) => Task.FromResult<IResult>(State(context, gateway, AccessControl.CookieOf(context.Request)));

    /// <summary><c>POST /api/login</c>.</summary>
    public static async Task<IResult> InAsync(HttpContext context, GatewayHandle gateway)
    {
        string language = gateway.LanguageOf(context);
        if (gateway.Access is not { } access)
        {
            return Problems.Of(FaultCodes.AccountsOff, string.Empty, language);
        }

        ReadOnlyMemory<byte> body = await LoopCalls.BodyAsync(context, MaxLength).ConfigureAwait(false);
        string name, secret;
        bool withoutBadge, badge;
        using (StrictJson json = StrictJson.Read(body, MaxLength))
        {
            name = json.Text("name") ?? string.Empty;
            secret = json.Text("secret") ?? string.Empty;
            withoutBadge = json.Flag("withoutBadge") == true;
            badge = json.Flag("badge") == true;
            json.RefuseUnknown();
            int ways = (withoutBadge ? 1 : 0) + (badge ? 1 : 0) + (name.Length + secret.Length > 0 ? 1 : 0);
            if (ways != 1 || (!withoutBadge && !badge && (!AccountBook.IsName(name) || secret.Length is 0 or > SecretHash.MaxPasswordLength)))
            {
                json.Wrong("name and secret, or withoutBadge, or badge");
            }

            if (json.Problem is { } problem)
            {
                return Problems.Of(FaultCodes.LoginNotUnderstood, problem, language);
            }
        }

        bool isAtCart = IsAtCart(context);
        string address = AccessControl.AddressOf(context);
        LoginResult result = withoutBadge ? access.Logins.WithoutBadge(isAtCart)
            : badge ? access.Logins.WithBadge(isAtCart)
            : await access.Logins.TryAsync(name, secret, isAtCart, new LoginOrigin(address, AccessControl.LimitedOf(context)), context.RequestAborted).ConfigureAwait(false);
        if (result.Code is { } code)
        {
            // The name is somebody's guess, not an operator: it stands in no line.
            gateway.Record(context, ActNames.Login, code: code);
            gateway.Write(FaultCodes.LoginFailed, code + " at " + (isAtCart ? "the cart's own screen" : LogText.Shown(address)));
            if (result.Wait > TimeSpan.Zero)
            {
                Problems.RetryAfter(context, result.Wait);
            }

            return Problems.Of(code, string.Empty, language);
        }

        access.Logins.End(AccessControl.CookieOf(context.Request));
        AccessControl.SetCookie(context, result.Cookie);
        gateway.Write(FaultCodes.OperatorLoggedIn, RoleRights.Word(result.Actor!.Role) + " " + result.Actor.Token + " at " + (isAtCart ? "the cart's own screen" : LogText.Shown(address)));
        context.Features.Set(result.Actor);
        gateway.Record(context, ActNames.Login);
        return State(context, gateway, result.Cookie);
    }

    /// <summary><c>POST /api/login/keep</c>.</summary>
    public static Task<IResult> KeepAsync(HttpContext context, GatewayHandle gateway)
    {
        string cookie = AccessControl.CookieOf(context.Request);
        gateway.Access?.Logins.Touch(cookie);
        return Task.FromResult<IResult>(State(context, gateway, cookie));
    }

    /// <summary><c>DELETE /api/login</c>.</summary>
    public static Task<IResult> OutAsync(HttpContext context, GatewayHandle gateway)
    {
        if (gateway.Access is { } access)
        {
            access.Logins.End(AccessControl.CookieOf(context.Request));
            AccessControl.SetCookie(context, string.Empty);
            context.Features.Set<Actor>(null);
        }

        return Task.FromResult<IResult>(State(context, gateway, string.Empty));
    }

    /// <summary>True for a request of the cart's own screen.</summary>
    /// <param name="context">The request.</param>
    internal static bool IsAtCart(HttpContext context) => RequestGuard.BeyondBedside(context.Request, context.Connection.RemoteIpAddress) is null;

    private static Utf8ContentHttpResult State(HttpContext context, GatewayHandle gateway, string cookie)
    {
        AccessControl? access = gateway.Access;
        bool isAtCart = IsAtCart(context);
        Actor actor = gateway.ActorOf(context);
        return LoopCalls.Object(json =>
        {
            json.WriteBoolean("accounts", access is not null);
            json.WriteBoolean("atCart", isAtCart);
            json.WriteBoolean("unclaimed", access?.IsUnclaimed == true);
            json.WriteBoolean("withoutBadge", isAtCart && access?.Options.AllowsWithoutBadge == true);
            json.WriteBoolean("badge", isAtCart && access?.Logins.HasBadge == true);
            json.WriteNumber("lockAfterMs", access is null ? 0 : access.Options.LockAfterSeconds * 1000L);

            // Whose PIN it is, is chosen at the cart's own screen; nobody elsewhere is told who works here.
            json.WriteStartArray("names");
            foreach (Account account in isAtCart && access is not null ? access.Store.Book.Accounts.Where(static a => a.IsPin) : [])
            {
                json.WriteStringValue(account.Name);
            }

            json.WriteEndArray();
            Who(json, actor, access?.Logins.NameOf(cookie) ?? string.Empty);
        });
    }

    private static void Who(Utf8JsonWriter json, Actor actor, string name)
    {
        if (actor.Role is ActorRole.Nobody or ActorRole.Local or ActorRole.Unprotected)
        {
            json.WriteNull("who");
            return;
        }

        json.WriteStartObject("who");
        json.WriteString("role", RoleRights.Word(actor.Role));
        json.WriteString("name", name);
        json.WriteString("token", actor.Token);
        json.WriteEndObject();
    }
}
