using System.Collections.Generic;

namespace EdgeGateway.Core.Configuration;

/// <summary>Who has to say who they are.</summary>
public sealed record GatewayAccessOptions
{
    /// <summary>True: whoever uses pages, commands or the endpoint logs in or shows a token; STOP excepted. False: loopback alone protects, from foreign pages and not from programs of this machine.</summary>
    public bool HasAccounts { get; init; }

    /// <summary>After so long without a touch the cart's own screen is locked, s, 30 to 3,600. Assumption: five minutes; longer than a measurement of blood pressure with its repetition.</summary>
    public int LockAfterSeconds { get; init; } = 300;

    /// <summary>True: a nurse may go on at the cart's own screen without saying who it is; everything done so is marked.</summary>
    public bool AllowsWithoutBadge { get; init; }

    internal static GatewayAccessOptions Standard { get; } = new();

    /// <summary>Rows of the section access.</summary>
    internal static IReadOnlyList<Setting<GatewayAccessOptions>> Settings { get; } =
    [
        Setting.Flag<GatewayAccessOptions>(
            "accounts", Standard.HasAccounts, static (o, v) => o with { HasAccounts = v },
            "true: whoever uses the pages, the commands or the endpoint logs in or shows a token; STOP is refused to nobody. false: any program of this machine may do what a nurse may."),
        Setting.Whole<GatewayAccessOptions>(
            "lockAfterS", "s", 30, 3600, Standard.LockAfterSeconds, static (o, v) => o with { LockAfterSeconds = (int)v }, "Without a touch for so long the cart's own screen is locked; STOP stays."),
        Setting.Flag<GatewayAccessOptions>(
            "withoutBadge", Standard.AllowsWithoutBadge, static (o, v) => o with { AllowsWithoutBadge = v },
            "true: a nurse may go on at the cart's own screen without saying who it is; what is done so is marked."),
    ];
}

/// <summary>What HTTP needs before other machines may reach it. Asked in one place by whoever opens a listener.</summary>
public static class HttpExposure
{
    /// <summary>What is missing.</summary>
    /// <param name="hasTls">True when the listener speaks TLS.</param>
    /// <param name="access">Who has to say who they are.</param>
    /// <returns>Null when other machines may reach it; else what to do, English.</returns>
    public static string? Missing(bool hasTls, GatewayAccessOptions access) =>
        !hasTls ? "Beyond loopback HTTP needs TLS." : access is not { HasAccounts: true } ? "Beyond loopback HTTP needs accounts: write access: accounts: true." : null;
}
