using EdgeGateway.Core.Access;
using EdgeGateway.Core.Time;

namespace EdgeGateway.Core;

/// <summary>What the host tells the logic of peers with certificates, and of the cart's own certificates. Called on the loop.</summary>
public sealed class GatewayPeers
{
    private readonly CertificateAccess _certificates;
    private readonly TimeProjection _time;
    private readonly AccountAccess _accounts;

    internal GatewayPeers(CertificateAccess certificates, TimeProjection time, AccountAccess accounts)
    {
        _accounts = accounts;
        _certificates = certificates;
        _time = time;
    }

    /// <summary>The latest UTC that this or an earlier start has recorded, µs; 0 when none has.</summary>
    public long LatestUtcUs => _time.LatestUtcUs;

    /// <summary>The pod list or the revoked certificates have changed: whoever does not belong to the cart any more is cut off.</summary>
    public void MembersChanged() => _certificates.MembersChanged();

    /// <summary>The accounts or tokens have changed, or cannot be read.</summary>
    /// <param name="problem">Why they cannot, English; null when they can.</param>
    public void AccountsChanged(string? problem)
    {
        _accounts.Files(problem);
        _accounts.Changed();
    }

    /// <summary>Whether the files of certificates can be read.</summary>
    /// <param name="problem">Why not, English; null when they can.</param>
    public void Files(string? problem) => _certificates.Files(problem);

    /// <summary>How much is left of the cart's own certificates.</summary>
    /// <param name="ended">Which have run out, English; null for none.</param>
    /// <param name="due">Which are to be renewed, and how many days are left; null for none.</param>
    public void Lives(string? ended, string? due) => _certificates.Lives(ended, due);

    /// <summary>A peer was refused in the handshake, before it could say a word.</summary>
    /// <param name="code">Why: a code of hardware/faults.json.</param>
    /// <param name="device">The pod that its proven certificate named; 0 for another peer.</param>
    /// <param name="address">Its address without port.</param>
    /// <param name="text">What happened, English.</param>
    public void HandshakeRefused(string code, ulong device, string address, string text) => _certificates.HandshakeRefused(code, device, address, text);
}
