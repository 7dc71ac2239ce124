using System.Collections.Generic;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Core.Time;

namespace EdgeGateway.Core;

/// <summary>What the host tells the logic of peers with certificates, and of the cart's own certificates. Called on the loop.</summary>
public sealed class GatewayPeers
{
    private readonly CertificateAccess _certificates;
    private readonly TimeProjection _time;
    private readonly AccountAccess _accounts;
    private IReadOnlyList<CertificateHealth> _ofCart = [];
    private CertificateHealth? _web;

    internal GatewayPeers(CertificateAccess certificates, TimeProjection time, AccountAccess accounts)
    {
        _accounts = accounts;
        _certificates = certificates;
        _time = time;
    }

    /// <summary>The listeners that are open; empty where the host has none.</summary>
    public IReadOnlyList<PlannedListener> Listeners { get; private set; } = [];

    /// <summary>The cart's own certificates; empty without.</summary>
    public IReadOnlyList<CertificateHealth> Certificates => _web is null ? _ofCart : [.. _ofCart, _web];

    /// <summary>The latest UTC that this or an earlier start has recorded, what lies in a stretch apart.</summary>
    /// <param name="afterUs">Times after this one,</param>
    /// <param name="untilUs">and up to this one do not count. Equal for none.</param>
    /// <returns>µs; 0 when none has.</returns>
    public long LatestUtcUs(long afterUs, long untilUs) => _time.LatestUtcUs(afterUs, untilUs);

    /// <summary>The listeners are open.</summary>
    /// <param name="listeners">Each with the port that it has.</param>
    public void Listening(IReadOnlyList<PlannedListener> listeners) => Listeners = listeners;

    /// <summary>The cart's own certificates, as health shows them.</summary>
    /// <param name="certificates">All of them.</param>
    public void Show(IReadOnlyList<CertificateHealth> certificates) => _ofCart = certificates;

    /// <summary>The certificate of the pages, as health shows it.</summary>
    /// <param name="certificate">The certificate.</param>
    public void ShowWeb(CertificateHealth certificate) => _web = certificate;

    /// <summary>Whether the machine's clock is behind what was recorded.</summary>
    /// <param name="problem">By how much, English; null when it is not.</param>
    public void Clock(string? problem) => _certificates.Clock(problem);

    /// <summary>Whether the certificate of the pages can be used, and names this gateway.</summary>
    /// <param name="unusable">Why it cannot be used, English; null when it can.</param>
    /// <param name="missing">The name that it does not have; null for none.</param>
    public void WebCertificate(string? unusable, string? missing) => _certificates.WebCertificate(unusable, missing);

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
    /// <param name="holders">Which pods and programs have one that is to be renewed; null for none.</param>
    public void Lives(string? ended, string? due, string? holders) => _certificates.Lives(ended, due, holders);

    /// <summary>A peer was refused in the handshake, before it could say a word.</summary>
    /// <param name="code">Why: a code of hardware/faults.json.</param>
    /// <param name="device">The pod that its proven certificate named; 0 for another peer.</param>
    /// <param name="address">Its address without port.</param>
    /// <param name="text">What happened, English.</param>
    public void HandshakeRefused(string code, ulong device, string address, string text) => _certificates.HandshakeRefused(code, device, address, text);
}
