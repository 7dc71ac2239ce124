using System.ComponentModel;

namespace EdgeGateway.Gateway.Http;

// What answers look like, for the OpenAPI document alone: they are written member by member. Those of commands stand with their rows (Core/Commands).

/// <summary>What waits at the bedside.</summary>
internal sealed record RequestsAnswer(WaitingRequest[] Requests);

/// <summary>One request to the bedside.</summary>
internal sealed record WaitingRequest(
    string Id, string Action, string Session, [property: Description("UTC when it was asked for; null while the clock is not synchronised.")] string? Utc, long AgeMs);

/// <summary>The patient context of a session.</summary>
internal sealed record PatientAnswer(
    string Session, [property: Description("Null until somebody has said it.")] string? Category, [property: Description("Null until somebody has said it.")] string? CuffSize, bool CuffOnOximeterArm);

/// <summary>A link for somebody elsewhere.</summary>
internal sealed record LinkAnswer(
    string Cart, string Session, [property: Description("The WebSocket that speaks MQTT.")] string Broker, [property: Description("The session's secret.")] string Token,
    [property: Description("The page's address, with the secret in its fragment.")] string Page, [property: Description("How long the token is good after the session's close, ms.")] long GraceMs);

/// <summary>Readings can be taken in.</summary>
internal sealed record ReadyAnswer(bool Ready);

/// <summary>The gateway's health; its further members are those of the README of Core/Health.</summary>
internal sealed record HealthAnswer(
    [property: Description("ok, degraded or failing.")] string Status, bool Ready, [property: Description("What is not well, gravest first.")] HealthIssueAnswer[] Issues);

/// <summary>One issue.</summary>
internal sealed record HealthIssueAnswer(string Code, string Severity, string Happened, string? Detail, string Means, string Do, string Consultation, long SinceMs, long Count);

/// <summary>Who logs in, by one of three ways.</summary>
[Description("A name and its secret; or withoutBadge; or badge.")]
internal sealed record LoginBody(
    [property: Description("The account's name.")] string? Name = null,
    [property: Description("Its PIN, which counts at the cart's own screen alone, or its password.")] string? Secret = null,
    [property: Description("True: go on without a badge, where the site allows it.")] bool WithoutBadge = false,
    [property: Description("True: take the badge that was just shown to the reader.")] bool Badge = false);

/// <summary>Who is logged in here, and how one may log in.</summary>
internal sealed record LoginAnswer(
    [property: Description("False where no accounts are set up: nobody logs in.")] bool Accounts,
    [property: Description("True for a request of the cart's own screen.")] bool AtCart,
    [property: Description("True while there is no account: POST /api/claim makes the first.")] bool Unclaimed,
    [property: Description("True when one may go on without a badge.")] bool WithoutBadge,
    [property: Description("True when a badge was shown just now.")] bool Badge,
    [property: Description("Without a touch for so long the cart's own screen is locked, ms.")] long LockAfterMs,
    [property: Description("Accounts with a PIN, at the cart's own screen alone.")] string[] Names,
    [property: Description("Null when nobody is.")] LoginWho? Who);

/// <summary>Who is logged in.</summary>
internal sealed record LoginWho(
    [property: Description("nurse, doctor, technician, integrator or platform.")] string Role,
    [property: Description("The account's name; empty without one.")] string Name,
    [property: Description("What stands for the account in every record; without-badge for a nurse whom nobody has named.")] string Token);

/// <summary>The first account.</summary>
[Description("The first account.")]
internal sealed record ClaimBody(
    [property: Description("The code on the console, or of cartctl claim.")] string Code,
    [property: Description("1 to 64 of A-Z a-z 0-9 _ -.")] string Name,
    [property: Description("A password of 12 to 128 characters, or a PIN of 6 to 12 digits.")] string Secret);

/// <summary>An account's role and secret.</summary>
[Description("An account's role and secret.")]
internal sealed record AccountBody(
    [property: Description("nurse, doctor, technician or integrator.")] string Role,
    [property: Description("A password of 12 to 128 characters, or a PIN of 6 to 12 digits.")] string Secret);

/// <summary>An account that was changed.</summary>
internal sealed record AccountAnswer(string Name, string Role);

/// <summary>Who may log in.</summary>
internal sealed record AccountsAnswer(ListedAccount[] Accounts);

/// <summary>One account.</summary>
internal sealed record ListedAccount(string Name, string Role, string Token, [property: Description("True when its secret is a PIN.")] bool Pin);
