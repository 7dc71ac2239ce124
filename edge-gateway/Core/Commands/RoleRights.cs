using System.Collections.Generic;

namespace EdgeGateway.Core.Commands;

/// <summary>The rights of the roles, one row each. Routes and topics name the right that they need; who has it is said here and nowhere else.</summary>
public static class RoleRights
{
    private static readonly AccessRight[] Everybody = [AccessRight.Stop, AccessRight.Page];

    /// <summary>The rows, in the order of the page.</summary>
    public static IReadOnlyList<(ActorRole Role, IReadOnlyList<AccessRight> Rights)> All { get; } =
    [
        (ActorRole.Nobody, Everybody),
        (ActorRole.Local, [.. Everybody, AccessRight.Health]),
        (ActorRole.Unprotected,
        [
            .. Everybody, AccessRight.Health, AccessRight.Requests, AccessRight.Session, AccessRight.Link, AccessRight.Patient, AccessRight.Air, AccessRight.AskAir, AccessRight.Sound,
            AccessRight.Follow,
        ]),
        (ActorRole.Nurse,
        [
            .. Everybody, AccessRight.Health, AccessRight.Requests, AccessRight.Session, AccessRight.Link, AccessRight.Patient, AccessRight.Air, AccessRight.Sound, AccessRight.Follow,
        ]),
        (ActorRole.Doctor, [.. Everybody, AccessRight.Health, AccessRight.AskAir, AccessRight.Sound, AccessRight.Follow]),
        (ActorRole.Technician, [.. Everybody, AccessRight.Health, AccessRight.Requests, AccessRight.Air]),
        (ActorRole.Integrator, [.. Everybody, AccessRight.Health, AccessRight.Accounts]),
        (ActorRole.Platform,
        [
            .. Everybody, AccessRight.Health, AccessRight.Session, AccessRight.Link, AccessRight.Patient, AccessRight.AskAir, AccessRight.Sound, AccessRight.Follow,
        ]),
    ];

    /// <summary>True when a role has a right.</summary>
    /// <param name="role">The role.</param>
    /// <param name="right">The right.</param>
    public static bool Has(ActorRole role, AccessRight right)
    {
        foreach ((ActorRole row, IReadOnlyList<AccessRight> rights) in All)
        {
            if (row == role)
            {
                foreach (AccessRight own in rights)
                {
                    if (own == right)
                    {
                        return true;
                    }
                }
            }
        }

        return false;
    }

    /// <summary>The word for a role in files, answers and on the command line.</summary>
    /// <param name="role">The role.</param>
    /// <returns>Lower case: "nurse".</returns>
    public static string Word(ActorRole role) => role.ToString().ToLowerInvariant();

    /// <summary>The role that an account may have, by its word.</summary>
    /// <param name="word">"nurse", "doctor", "technician" or "integrator".</param>
    /// <returns>The role, or null for any other word.</returns>
    public static ActorRole? OfAccount(string? word) => word switch
    {
        "nurse" => ActorRole.Nurse,
        "doctor" => ActorRole.Doctor,
        "technician" => ActorRole.Technician,
        "integrator" => ActorRole.Integrator,
        _ => null,
    };
}
