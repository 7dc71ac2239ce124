using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EdgeGateway.Certificates;

/// <summary>Why a peer's certificate is not accepted.</summary>
public enum CertificateVerdict
{
    /// <summary>It is accepted.</summary>
    Accepted,

    /// <summary>The peer has shown none.</summary>
    None,

    /// <summary>No authority of this cart has issued it, or it was changed.</summary>
    Untrusted,

    /// <summary>It names another cart, or says that one has issued it.</summary>
    OtherCart,

    /// <summary>It names a holder of another role, or is for another use.</summary>
    OtherRole,

    /// <summary>Its last moment is over.</summary>
    Expired,

    /// <summary>Its first moment is to come: one of the two clocks is wrong.</summary>
    NotYetValid,

    /// <summary>It was revoked here.</summary>
    Revoked,
}

/// <summary>What was found of a certificate.</summary>
/// <param name="Verdict">The verdict.</param>
/// <param name="Identity">Whom it names; null when that cannot be read.</param>
/// <param name="Serial">Its serial number, hexadecimal; empty when there is none.</param>
/// <param name="Detail">What was found, for a technician.</param>
public sealed record CertificateFinding(CertificateVerdict Verdict, CertificateIdentity? Identity, string Serial, string Detail);

/// <summary>
/// Decides offline whether a certificate is one of this cart. The network is never asked; revocation is the cart's own list. A certificate is proven by its chain to the root
/// first, and only then read: an answer about an unproven one says nothing else. An authority's certificate that has run out does not end its holders' connections: a cart without a network must not lose its
/// pods with it; health counts its days instead.
/// </summary>
public sealed class CertificateVerifier : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly string _cartId;
    private readonly X509Certificate2Collection _roots = [];
    private readonly X509Certificate2Collection _issuing = [];

    /// <summary>Makes a verifier.</summary>
    /// <param name="cartId">The cart.</param>
    /// <param name="rootPem">The certificates that are trusted, one or more.</param>
    /// <param name="issuingPem">The certificates between them and the leaves, one or more; empty when leaves come from the root.</param>
    /// <exception cref="CryptographicException">They cannot be read.</exception>
    public CertificateVerifier(string cartId, string rootPem, string issuingPem)
    {
        _cartId = cartId;
        _roots.ImportFromPem(rootPem);
        _issuing.ImportFromPem(issuingPem);
        if (_roots.Count == 0)
        {
            throw new CryptographicException("There is no certificate to trust.");
        }
    }

    /// <summary>Decides about a client's certificate, whatever its role.</summary>
    /// <param name="certificate">What the peer has shown; null for none.</param>
    /// <param name="utc">The time to judge by: the later of the clock and of its floor.</param>
    /// <param name="isRevoked">Whether a serial number was revoked.</param>
    /// <returns>What was found.</returns>
    public CertificateFinding Client(X509Certificate2? certificate, DateTimeOffset utc, Func<string, bool> isRevoked) => Validate(certificate, utc, isRevoked, ClientAuthentication);

    /// <summary>Decides about the certificate of this cart's gateway, as a pod does.</summary>
    /// <param name="certificate">What the gateway has shown; null for none.</param>
    /// <param name="utc">The time to judge by.</param>
    /// <returns>What was found.</returns>
    public CertificateFinding Gateway(X509Certificate2? certificate, DateTimeOffset utc)
    {
        CertificateFinding finding = Validate(certificate, utc, static _ => false, ServerAuthentication);
        return finding is { Verdict: CertificateVerdict.Accepted, Identity.Role: not CertificateRole.Gateway }
            ? finding with { Verdict = CertificateVerdict.OtherRole, Detail = finding.Identity.SubjectText + " is no gateway" }
            : finding;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (X509Certificate2 certificate in (IEnumerable<X509Certificate2>)[.. _roots, .. _issuing])
        {
            certificate.Dispose();
        }
    }

    private CertificateFinding Validate(X509Certificate2? certificate, DateTimeOffset utc, Func<string, bool> isRevoked, string use)
    {
        ArgumentNullException.ThrowIfNull(isRevoked);
        if (certificate is null)
        {
            return new CertificateFinding(CertificateVerdict.None, null, string.Empty, "no certificate was shown");
        }

        // Built for a moment at which the leaf is valid: whether it comes from here is one question, whether it is in time another.
        CertificateFinding Found(CertificateVerdict verdict, CertificateIdentity? identity, string detail) => new(verdict, identity, certificate.SerialNumber, detail);
        DateTimeOffset from = new(certificate.NotBefore.ToUniversalTime());
        DateTimeOffset to = new(certificate.NotAfter.ToUniversalTime());
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_roots);
        chain.ChainPolicy.ExtraStore.AddRange(_issuing);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = utc.UtcDateTime;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        bool isProven = chain.Build(certificate);
        foreach (X509ChainElement element in chain.ChainElements)
        {
            if (element.Certificate != certificate)
            {
                element.Certificate.Dispose();
            }
        }

        if (!isProven)
        {
            // A pod shows its leaf alone: that another cart's key has issued it is its own word, good enough to send it home.
            string? other = IssuingAuthority.CartOf(certificate.IssuerName);
            return other is null || string.Equals(other, _cartId, StringComparison.Ordinal)
                ? Found(CertificateVerdict.Untrusted, null, "issued by " + certificate.Issuer + ": " + StatusOf(chain))
                : Found(CertificateVerdict.OtherCart, null, "by its own word issued by cart " + other + ", this is " + _cartId);
        }

        if (!CertificateIdentity.TryRead(certificate.SubjectName, out CertificateIdentity? identity) || identity is null)
        {
            return Found(CertificateVerdict.OtherRole, null, certificate.Subject + " is no pod, gateway, listener or technician");
        }

        if (!string.Equals(identity.CartId, _cartId, StringComparison.Ordinal))
        {
            return Found(CertificateVerdict.OtherCart, identity, identity.SubjectText + " is of cart " + identity.CartId + ", this is " + _cartId);
        }

        if (!HasUse(certificate, use))
        {
            return Found(CertificateVerdict.OtherRole, identity, identity.SubjectText + " is not for this use");
        }

        if (isRevoked(certificate.SerialNumber))
        {
            return Found(CertificateVerdict.Revoked, identity, identity.SubjectText + ", serial " + certificate.SerialNumber);
        }

        return utc < from ? Found(CertificateVerdict.NotYetValid, identity, identity.SubjectText + " is valid from " + Text(from) + ", this clock says " + Text(utc))
            : utc > to ? Found(CertificateVerdict.Expired, identity, identity.SubjectText + " was valid until " + Text(to) + ", this clock says " + Text(utc))
            : Found(CertificateVerdict.Accepted, identity, identity.SubjectText);
    }

    private static bool HasUse(X509Certificate2 certificate, string use)
    {
        foreach (X509Extension extension in certificate.Extensions)
        {
            if (extension is X509EnhancedKeyUsageExtension uses)
            {
                foreach (Oid one in uses.EnhancedKeyUsages)
                {
                    if (string.Equals(one.Value, use, StringComparison.Ordinal))
                    {
                        return true;
                    }
                }
            }
        }

        return false;
    }

    private static string StatusOf(X509Chain chain)
    {
        foreach (X509ChainStatus status in chain.ChainStatus)
        {
            if (status.Status != X509ChainStatusFlags.NotTimeValid)
            {
                return status.Status.ToString();
            }
        }

        return "no chain to a certificate that is trusted here";
    }

    private static string Text(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
