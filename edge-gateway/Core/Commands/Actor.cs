using EdgeGateway.Core.Trail;

namespace EdgeGateway.Core.Commands;

/// <summary>Who somebody is to the cart.</summary>
public enum ActorRole
{
    /// <summary>Somebody who has not said who they are, on another machine.</summary>
    Nobody,

    /// <summary>A page or program on the cart's own machine that has not said who it is.</summary>
    Local,

    /// <summary>Whoever reaches a cart on which no accounts are set up: loopback alone protects it.</summary>
    Unprotected,

    /// <summary>A nurse: at the patient, at the cart's own screen.</summary>
    Nurse,

    /// <summary>A doctor, or whoever has a session's link or a listener's certificate: follows one session and asks.</summary>
    Doctor,

    /// <summary>A technician: readiness and the cuff's self test.</summary>
    Technician,

    /// <summary>An integrator: accounts and how the cart is set up; nothing of a patient.</summary>
    Integrator,

    /// <summary>A platform's program, by its token; or the session's own broker, which decides itself whom it lets publish.</summary>
    Platform,
}

/// <summary>What a row of a table needs.</summary>
public enum AccessRight
{
    /// <summary>STOP. Refused to nobody.</summary>
    Stop,

    /// <summary>The pages' files, readiness, logging in. Nothing of a patient, and nothing of how the cart is.</summary>
    Page,

    /// <summary>The cart's health.</summary>
    Health,

    /// <summary>What is asked of the bedside, and the answers.</summary>
    Requests,

    /// <summary>Opening and closing sessions.</summary>
    Session,

    /// <summary>The link with which somebody elsewhere follows a session.</summary>
    Link,

    /// <summary>Saying who is measured.</summary>
    Patient,

    /// <summary>What inflates the cuff: taken from the cart's own screen alone.</summary>
    Air,

    /// <summary>Asking the bedside for it.</summary>
    AskAir,

    /// <summary>Listening, and keeping clips.</summary>
    Sound,

    /// <summary>Reading a session: its readings, clips and patient context; receipts, replays and what listeners say.</summary>
    Follow,

    /// <summary>Who may log in.</summary>
    Accounts,
}

/// <summary>
/// Who does something, for the decision and for whoever writes it down: one value at one place, <see cref="CommandCall.Actor"/> of every command. It names no person: the token is the account's, drawn by chance.
/// </summary>
/// <param name="Role">The role.</param>
/// <param name="Token">The account's or the API token's opaque name; empty when there is none, <see cref="WithoutBadge"/> for a nurse whom nobody has named.</param>
/// <param name="Origin">From where: "screen" for the cart's own, "link" for a listener of a session, "certificate", "broker", "local", or an address.</param>
public sealed record Actor(ActorRole Role, string Token, string Origin)
{
    /// <summary>The token of a nurse who goes on without a badge, where the site allows it.</summary>
    public const string WithoutBadge = "without-badge";

    /// <summary>The session's own broker.</summary>
    public static Actor Broker { get; } = new(ActorRole.Platform, string.Empty, "broker");

    /// <summary>Whoever reaches a cart without accounts.</summary>
    public static Actor Unprotected { get; } = new(ActorRole.Unprotected, string.Empty, "local");

    /// <summary>Somebody over MQTT whom no part has let in.</summary>
    public static Actor Nobody { get; } = new(ActorRole.Nobody, string.Empty, string.Empty);

    /// <summary>A listener over WebSocket, who has one session's token.</summary>
    public static Actor Listener { get; } = new(ActorRole.Doctor, string.Empty, "link");

    /// <summary>A listener by its certificate.</summary>
    public static Actor Certified { get; } = new(ActorRole.Doctor, string.Empty, "certificate");

    /// <summary>True when the role has a right.</summary>
    /// <param name="right">What is asked for.</param>
    public bool May(AccessRight right) => RoleRights.Has(Role, right);

    /// <summary>Who the trail says it was.</summary>
    /// <param name="client">The MQTT client that it came from; empty when it came another way.</param>
    /// <returns>The role, and the token; without one the client's name.</returns>
    public ActAuthor Author(string client) => new(
        Role switch
        {
            ActorRole.Local => AuthorKind.Local,
            ActorRole.Unprotected => client.Length > 0 ? AuthorKind.Platform : AuthorKind.Local,
            ActorRole.Nurse => AuthorKind.Nurse,
            ActorRole.Doctor => AuthorKind.Doctor,
            ActorRole.Technician => AuthorKind.Technician,
            ActorRole.Integrator => AuthorKind.Integrator,
            ActorRole.Platform => AuthorKind.Platform,
            _ => AuthorKind.Unknown,
        },
        Token.Length > 0 ? Token : client);
}
