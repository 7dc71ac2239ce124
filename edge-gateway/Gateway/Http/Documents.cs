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
