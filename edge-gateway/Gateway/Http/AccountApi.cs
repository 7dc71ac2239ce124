using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Json;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Security;
using EdgeGateway.Machine;
using Microsoft.AspNetCore.Http;

namespace EdgeGateway.Gateway.Http;

/// <summary>Who may log in: the first administrator by a code, the others by the integrator. On the machine, <c>cartctl accounts</c> does the same.</summary>
internal static class AccountApi
{
    /// <summary><c>POST /api/claim</c>.</summary>
    public static async Task<IResult> ClaimAsync(HttpContext context, GatewayHandle gateway)
    {
        string language = gateway.LanguageOf(context);
        if (gateway.Access is not { } access)
        {
            return Problems.Of(FaultCodes.AccountsOff, string.Empty, language);
        }

        ReadOnlyMemory<byte> body = await LoopCalls.BodyAsync(context, LoginApi.MaxLength).ConfigureAwait(false);
        string code, name, secret;
        using (StrictJson json = StrictJson.Read(body, LoginApi.MaxLength))
        {
            code = json.Text("code") ?? string.Empty;
            name = json.Text("name") ?? string.Empty;
            secret = json.Text("secret") ?? string.Empty;
            json.RefuseUnknown();
            if (json.Problem is { } problem)
            {
                return Problems.Of(FaultCodes.LoginNotUnderstood, problem, language);
            }
        }

        // The code first: whoever has none is not told what a name may be.
        if (!access.IsUnclaimed || !access.Claim.IsRight(code))
        {
            gateway.Write(FaultCodes.LoginFailed, FaultCodes.ClaimRefused + " from " + AccessControl.AddressOf(context));
            return Problems.Of(FaultCodes.ClaimRefused, string.Empty, language);
        }

        if (Wrong(name, secret) is { } wrong)
        {
            return Problems.Of(FaultCodes.AccountRefused, wrong, language);
        }

        Account account = await Task.Run(() => AccountFolder.NewAccount(name, ActorRole.Integrator, secret)).ConfigureAwait(false);
        return Change(context, gateway, access, account, book =>
        {
            // Two that show the code at once: one is first.
            return book.Accounts.Count == 0 ? book.With(account) : throw new InvalidOperationException("there is an account already");
        }, access.Claim.Use);
    }

    /// <summary><c>GET /api/accounts</c>.</summary>
    public static Task<IResult> ListAsync(HttpContext context, GatewayHandle gateway)
    {
        if (gateway.Access is not { } access)
        {
            return Task.FromResult<IResult>(Problems.Of(FaultCodes.AccountsOff, string.Empty, gateway.LanguageOf(context)));
        }

        return Task.FromResult<IResult>(LoopCalls.Object(json =>
        {
            json.WriteStartArray("accounts");
            foreach (Account account in access.Store.Book.Accounts)
            {
                json.WriteStartObject();
                json.WriteString("name", account.Name);
                json.WriteString("role", RoleRights.Word(account.Role));
                json.WriteString("token", account.Token);
                json.WriteBoolean("pin", account.IsPin);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }));
    }

    /// <summary><c>PUT /api/accounts/{account}</c>.</summary>
    public static async Task<IResult> PutAsync(HttpContext context, GatewayHandle gateway)
    {
        string language = gateway.LanguageOf(context);
        if (gateway.Access is not { } access)
        {
            return Problems.Of(FaultCodes.AccountsOff, string.Empty, language);
        }

        string name = LoopCalls.Route(context, "account");
        ReadOnlyMemory<byte> body = await LoopCalls.BodyAsync(context, LoginApi.MaxLength).ConfigureAwait(false);
        ActorRole role;
        string secret;
        using (StrictJson json = StrictJson.Read(body, LoginApi.MaxLength))
        {
            ActorRole? known = RoleRights.OfAccount(json.Text("role"));
            secret = json.Text("secret") ?? string.Empty;
            json.RefuseUnknown();
            if (known is null)
            {
                json.Wrong("role is nurse, doctor, technician or integrator");
            }

            if (json.Problem is { } problem)
            {
                return Problems.Of(FaultCodes.LoginNotUnderstood, problem, language);
            }

            role = known!.Value;
        }

        if (Wrong(name, secret) is { } wrong)
        {
            return Problems.Of(FaultCodes.AccountRefused, wrong, language);
        }

        Account account = await Task.Run(() => AccountFolder.NewAccount(name, role, secret)).ConfigureAwait(false);
        return Change(context, gateway, access, account, book => Kept(book.With(book.Find(name) is { } before ? account with { Token = before.Token, Badge = before.Badge } : account)), null);
    }

    /// <summary><c>DELETE /api/accounts/{account}</c>.</summary>
    public static Task<IResult> DeleteAsync(HttpContext context, GatewayHandle gateway)
    {
        string language = gateway.LanguageOf(context);
        if (gateway.Access is not { } access)
        {
            return Task.FromResult<IResult>(Problems.Of(FaultCodes.AccountsOff, string.Empty, language));
        }

        string name = LoopCalls.Route(context, "account");
        return Task.FromResult(access.Store.Book.Find(name) is { } account
            ? Change(context, gateway, access, account, book => Kept(book.WithoutAccount(name)), null)
            : Problems.Of(FaultCodes.AccountUnknown, string.Empty, language));
    }

    // Nobody saws off the branch: without an integrator nobody could make accounts but on the machine.
    private static AccountBook Kept(AccountBook book) =>
        book.Accounts.Any(static a => a.Role == ActorRole.Integrator) ? book : throw new InvalidOperationException("it is the last integrator's account");

    private static string? Wrong(string name, string secret) => !AccountBook.IsName(name) ? "a name is 1 to 64 of A-Z a-z 0-9 _ -" : SecretHash.Problem(secret);

    private static IResult Change(HttpContext context, GatewayHandle gateway, AccessControl access, Account account, Func<AccountBook, AccountBook> change, Action? done)
    {
        try
        {
            access.Store.Change(change);
            done?.Invoke();
            return LoopCalls.Object(json =>
            {
                json.WriteString("name", account.Name);
                json.WriteString("role", RoleRights.Word(account.Role));
            });
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            return Problems.Of(FaultCodes.AccountRefused, e.Message, gateway.LanguageOf(context));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            gateway.Write(FaultCodes.AccountsNotWritten, GatewayHandle.TextOf(e));
            return Problems.Of(FaultCodes.AccountsNotWritten, string.Empty, gateway.LanguageOf(context));
        }
    }
}
