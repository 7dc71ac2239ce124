using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Web;
using Microsoft.AspNetCore.Http;

namespace EdgeGateway.Gateway.Http;

/// <summary>One route: what it takes, what it answers, and what answers it.</summary>
internal sealed record HttpRoute
{
    /// <summary>Its name, for people and as the operation's id.</summary>
    public required string Name { get; init; }

    /// <summary>What it does, a sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>What it is about: the group in the OpenAPI document.</summary>
    public required string Tag { get; init; }

    /// <summary>The method; null for every one.</summary>
    public required string? Method { get; init; }

    /// <summary>The path; names in braces stand for names.</summary>
    public required string Pattern { get; init; }

    /// <summary>From where it may be asked.</summary>
    public CommandRights Rights { get; init; }

    /// <summary>The right that it needs where accounts are set up; <see cref="RoleRights"/> says who has it.</summary>
    public required AccessRight Right { get; init; }

    /// <summary>What its JSON body looks like; null when none is read.</summary>
    public Type? Body { get; init; }

    /// <summary>What the answer looks like.</summary>
    public required Type Answer { get; init; }

    /// <summary>The answer's media type.</summary>
    public string ContentType { get; init; } = "application/json";

    /// <summary>The codes of its refusals, beside those that every route has.</summary>
    public IReadOnlyList<string> Refusals { get; init; } = [];

    /// <summary>True when the same answer also comes with 503, from a gateway whose logic does not answer.</summary>
    public bool IsAnsweredBusy { get; init; }

    /// <summary>False when the OpenAPI document leaves it out.</summary>
    public bool IsDescribed { get; init; } = true;

    /// <summary>Answers a request.</summary>
    public required Func<HttpContext, GatewayHandle, Task<IResult>> Handle { get; init; }

    /// <summary>All codes of its refusals: its own, those of the guard for its method, and those that any route may give. A STOP gives the host's to pages alone.</summary>
    public IEnumerable<string> AllRefusals => Refusals
        .Concat(Method is not null && RequestGuard.Changes(Method) ? [FaultCodes.ForeignPageRefused] : [])
        .Concat(Method is not null && RequestGuard.Changes(Method) && Rights != CommandRights.Always ? [FaultCodes.ForeignProgramRefused, FaultCodes.ContentTypeNotJson] : [])
        .Concat(Rights == CommandRights.BedsideScreen ? [FaultCodes.NotAtBedside] : [])
        .Concat(Body is not null ? [FaultCodes.RequestBodyUnreadable, FaultCodes.RequestBodyTooLarge, FaultCodes.RequestBodyTooSlow] : [])
        .Concat(Right is not (AccessRight.Stop or AccessRight.Page) ? [FaultCodes.LoginNeeded, FaultCodes.RoleLacksRight] : [])
        .Concat(Method is not null && RequestGuard.Changes(Method) && Right != AccessRight.Stop ? [FaultCodes.TooManyRequests] : [])
        .Concat([FaultCodes.HostNameUnknown, FaultCodes.RequestHandlerFailed, FaultCodes.GatewayBusy])
        .Concat(Rights != CommandRights.Always ? [FaultCodes.NoPlaceForRequest] : [])
        .Distinct(StringComparer.Ordinal);
}

/// <summary>All routes of the gateway, one row each; the rows of <see cref="GatewayCommands"/> among them. Routing, the OpenAPI document and <see cref="RequestGuard"/> are loops over it.</summary>
internal static class HttpRoutes
{
    private const string Session = "session", Cuff = "cuff", Sound = "sound", Bedside = "bedside", Health = "health", Pages = "pages", Access = "access";

    /// <summary>The rows.</summary>
    public static readonly HttpRoute[] All =
    [
        Read(AccessRight.Health, "getHealth", "The gateway's health, with a code and a next step for everything that is not well. 503 with the same members when its logic does not answer.", Health, "/health", typeof(HealthAnswer), ReadApi.HealthAsync) with { IsAnsweredBusy = true },
        Read(
            AccessRight.Page, "getReadiness", "Whether readings can be taken in.", Health, "/ready", typeof(ReadyAnswer), ReadApi.ReadyAsync,
            FaultCodes.GatewayNotReady, FaultCodes.JournalRefusesReadings, FaultCodes.GatewayNotAnswering),
        .. GatewayCommands.All.Select(Of),
        Read(AccessRight.Follow, "getClip", "A clip as a WAV file, whole or not at all.", Sound, "/api/session/{session}/clip/{clip}.wav", typeof(Stream), SoundApi.WavAsync, FaultCodes.ClipUnknown, FaultCodes.SessionCommandNotNow) with { ContentType = SoundApi.WavType },
        Read(AccessRight.Follow, "getClips", "All clips of a session in one file, whole or not at all.", Sound, "/api/session/{session}/clips.zip", typeof(Stream), SoundApi.ZipAsync, FaultCodes.ClipUnknown, FaultCodes.SessionCommandNotNow) with { ContentType = SoundApi.ZipType },
        Read(AccessRight.Requests, "getRequests", "What somebody elsewhere asks of the bedside.", Bedside, "/api/requests", typeof(RequestsAnswer), ReadApi.RequestsAsync),
        Read(AccessRight.Follow, "getPatient", "Who is measured in a session, and with which cuff.", Cuff, "/api/session/{session}/patient", typeof(PatientAnswer), ReadApi.PatientAsync, FaultCodes.SessionNotOpen, FaultCodes.SessionCommandNotNow),
        Read(AccessRight.Link, "getLink", "The link of an open session for somebody elsewhere.", Session, "/api/session/{session}/link", typeof(LinkAnswer), ReadApi.LinkAsync, FaultCodes.NoListenerLink),
        .. AccessRoutes,
        .. WebFiles.All.Select(f => Page(f.Key, f.Value)),
        Page("/", WebFiles.All["/index.html"]),
        new()
        {
            Name = "mqtt", Summary = "MQTT over WebSocket.", Tag = Pages, Right = AccessRight.Page, Method = null, Pattern = GatewayWeb.MqttPath, Answer = typeof(void), IsDescribed = false, Handle = GatewayWeb.MqttAsync,
        },
    ];

    /// <summary>Who one is, and who may log in.</summary>
    private static IEnumerable<HttpRoute> AccessRoutes =>
    [
        Read(AccessRight.Page, "getLogin", "Who is logged in here, and how one may log in.", Access, "/api/login", typeof(LoginAnswer), LoginApi.StateAsync),
        new()
        {
            Name = "logIn", Summary = "Logs in: a name and its PIN or password; at the cart's own screen also without a badge, where the site allows it, or with the badge that was just shown.", Tag = Access,
            Method = HttpMethods.Post, Pattern = "/api/login", Right = AccessRight.Page, Body = typeof(LoginBody), Answer = typeof(LoginAnswer),
            Refusals = [FaultCodes.LoginNotUnderstood, FaultCodes.LoginRefused, FaultCodes.LoginLocked, FaultCodes.LoginBusy, FaultCodes.RoleLacksRight, FaultCodes.AccountsOff], Handle = LoginApi.InAsync,
        },
        new()
        {
            Name = "keepLogin", Summary = "Says that somebody touches the screen: it is not locked yet.", Tag = Access, Method = HttpMethods.Post, Pattern = "/api/login/keep", Right = AccessRight.Page,
            Answer = typeof(LoginAnswer), Handle = LoginApi.KeepAsync,
        },
        new()
        {
            Name = "logOut", Summary = "Ends the login: the screen is locked.", Tag = Access, Method = HttpMethods.Delete, Pattern = "/api/login", Right = AccessRight.Page, Answer = typeof(LoginAnswer), Handle = LoginApi.OutAsync,
        },
        new()
        {
            Name = "claim", Summary = "Makes the first account, an integrator's, with the code that stands on the console.", Tag = Access, Method = HttpMethods.Post, Pattern = "/api/claim", Right = AccessRight.Page,
            Body = typeof(ClaimBody), Answer = typeof(AccountAnswer),
            Refusals = [FaultCodes.LoginNotUnderstood, FaultCodes.ClaimRefused, FaultCodes.AccountRefused, FaultCodes.AccountsNotWritten, FaultCodes.AccountsOff], Handle = AccountApi.ClaimAsync,
        },
        Read(AccessRight.Accounts, "getAccounts", "Who may log in.", Access, "/api/accounts", typeof(AccountsAnswer), AccountApi.ListAsync, FaultCodes.AccountsOff),
        new()
        {
            Name = "putAccount", Summary = "Makes an account, or gives one another role and secret.", Tag = Access, Method = HttpMethods.Put, Pattern = "/api/accounts/{account}", Right = AccessRight.Accounts,
            Body = typeof(AccountBody), Answer = typeof(AccountAnswer),
            Refusals = [FaultCodes.LoginNotUnderstood, FaultCodes.AccountRefused, FaultCodes.AccountsNotWritten, FaultCodes.AccountsOff], Handle = AccountApi.PutAsync,
        },
        new()
        {
            Name = "deleteAccount", Summary = "Removes an account; whoever is logged in with it is not any longer.", Tag = Access, Method = HttpMethods.Delete, Pattern = "/api/accounts/{account}", Right = AccessRight.Accounts,
            Answer = typeof(AccountAnswer), Refusals = [FaultCodes.AccountUnknown, FaultCodes.AccountRefused, FaultCodes.AccountsNotWritten, FaultCodes.AccountsOff], Handle = AccountApi.DeleteAsync,
        },
    ];

    private static HttpRoute Of(GatewayCommand command)
    {
        CommandDocument document = command.Document;
        return new HttpRoute
        {
            Name = document.Id,
            Summary = document.Summary,
            Tag = document.Tag,
            Method = command.Method,
            Pattern = command.Route,
            Rights = command.Rights,
            Right = command.Right,
            Body = document.Body,
            Answer = document.Answer,
            Refusals = [.. command.Rights == CommandRights.Always ? [] : new[] { command.NotUnderstood }, .. document.Refusals],
            Handle = (context, gateway) => CommandApi.RunAsync(context, command, gateway),
        };
    }

    private static HttpRoute Read(AccessRight right, string name, string summary, string tag, string pattern, Type answer, Func<HttpContext, GatewayHandle, Task<IResult>> handle, params string[] refusals) =>
        new() { Right = right, Name = name, Summary = summary, Tag = tag, Method = HttpMethods.Get, Pattern = pattern, Answer = answer, Refusals = refusals, Handle = handle };

    private static HttpRoute Page(string path, WebFile file) => new()
    {
        Name = "page " + path,
        Summary = "A file of the pages.",
        Right = AccessRight.Page,
        Tag = Pages,
        Method = HttpMethods.Get,
        Pattern = path,
        Answer = typeof(Stream),
        IsDescribed = false,
        Handle = (context, gateway) =>
        {
            if (path is "/" || path.EndsWith(".html", StringComparison.Ordinal))
            {
                gateway.Record(context, ActNames.PageView, subject: path);
            }

            return Task.FromResult(GatewayWeb.File(context, file));
        },
    };
}
