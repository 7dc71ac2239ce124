namespace EdgeGateway.Core.Access;

/// <summary>What the cart has decided about a pod that has proven who it is.</summary>
public enum PeerStanding
{
    /// <summary>Nothing yet: somebody must admit it.</summary>
    Unknown,

    /// <summary>It belongs to this cart.</summary>
    Admitted,

    /// <summary>It does not any longer.</summary>
    Revoked,
}

/// <summary>Who belongs to this cart: the pod list and the revoked certificates. Answers come from memory.</summary>
public interface ICartMembers
{
    /// <summary>What the list says of a pod.</summary>
    /// <param name="deviceId">Its EUI-64.</param>
    /// <returns>Unknown when it does not stand in it.</returns>
    PeerStanding StandingOf(ulong deviceId);

    /// <summary>True when a certificate was revoked.</summary>
    /// <param name="serial">Its serial number, upper-case hexadecimal.</param>
    bool IsRevoked(string serial);
}
