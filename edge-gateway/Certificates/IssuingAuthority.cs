using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EdgeGateway.Certificates;

/// <summary>A cart's own authority, on its gateway: issues the certificates of its pods, its gateway, listeners and technicians. Its certificate comes from the root and is renewed each year for the same key.</summary>
public sealed class IssuingAuthority : IDisposable
{
    private const string CommonName = "2.5.4.3";

    private readonly ECDsa _key;

    private IssuingAuthority(string cartId, X509Certificate2 certificate, ECDsa key)
    {
        CartId = cartId;
        Certificate = certificate;
        _key = key;
    }

    /// <summary>The cart.</summary>
    public string CartId { get; }

    /// <summary>The certificate, without its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>A new issuing key.</summary>
    /// <returns>PKCS #8 in PEM; readable by the gateway's user alone.</returns>
    public static string NewKeyPem()
    {
        using ECDsa key = CertificateForms.NewKey();
        return key.ExportPkcs8PrivateKeyPem();
    }

    /// <summary>The request for the root to sign.</summary>
    /// <param name="cartId">The cart.</param>
    /// <param name="keyPem">The issuing key.</param>
    /// <returns>PKCS #10 in PEM.</returns>
    /// <exception cref="CryptographicException">The key cannot be read.</exception>
    public static string RequestPem(string cartId, string keyPem)
    {
        using ECDsa key = ReadKey(keyPem);
        return new CertificateRequest(NameOf(cartId), key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
    }

    /// <summary>Opens the authority.</summary>
    /// <param name="cartId">The cart.</param>
    /// <param name="pair">Certificate and key.</param>
    /// <returns>The authority.</returns>
    /// <exception cref="CryptographicException">They cannot be read, do not belong together, or are another cart's.</exception>
    public static IssuingAuthority Open(string cartId, CertificatePair pair)
    {
        ArgumentNullException.ThrowIfNull(pair);
        ECDsa key = ReadKey(pair.KeyPem);
        X509Certificate2? certificate = null;
        try
        {
            certificate = pair.ReadCertificate();
            if (!certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
            {
                throw new CryptographicException("The key is not that of the certificate.");
            }

            if (!certificate.SubjectName.RawData.AsSpan().SequenceEqual(NameOf(cartId).RawData))
            {
                throw new CryptographicException("It is the issuing certificate of " + certificate.Subject + ", not of cart " + cartId + ".");
            }

            return new IssuingAuthority(cartId, certificate, key);
        }
        catch (CryptographicException)
        {
            certificate?.Dispose();
            key.Dispose();
            throw;
        }
    }

    /// <summary>Issues a certificate for a holder's key.</summary>
    /// <param name="identity">The holder, of this cart.</param>
    /// <param name="key">The holder's public key, on P-256.</param>
    /// <param name="names">DNS names and addresses; of a gateway at least one, of others none.</param>
    /// <param name="now">Now.</param>
    /// <returns>The certificate.</returns>
    /// <exception cref="ArgumentException">The holder is of another cart, or names do not fit its role.</exception>
    public X509Certificate2 Issue(CertificateIdentity identity, PublicKey key, IReadOnlyList<string> names, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(names);
        if (!string.Equals(identity.CartId, CartId, StringComparison.Ordinal))
        {
            throw new ArgumentException("This key issues certificates of cart " + CartId + " alone.", nameof(identity));
        }

        if (names.Count > 0 != (identity.Role == CertificateRole.Gateway))
        {
            throw new ArgumentException("A gateway has at least one name or address, and nobody else has any.", nameof(names));
        }

        CertificateRequest request = new(identity.ToDistinguishedName(), key, HashAlgorithmName.SHA256);
        CertificateForms.AddHolder(request, identity.Role, names);
        return CertificateForms.Sign(request, Certificate, _key, now, CertificateTimes.Of(identity.Role));
    }

    /// <summary>Makes a key and issues its certificate: a stock pod can make none.</summary>
    /// <param name="identity">The holder, of this cart.</param>
    /// <param name="names">As in <see cref="Issue"/>.</param>
    /// <param name="now">Now.</param>
    /// <returns>Both.</returns>
    public CertificatePair IssueWithKey(CertificateIdentity identity, IReadOnlyList<string> names, DateTimeOffset now)
    {
        using ECDsa key = CertificateForms.NewKey();
        using X509Certificate2 certificate = Issue(identity, new PublicKey(key), names, now);
        return new CertificatePair(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>
    /// The certificate that this cart's pods trust: the issuing key under its own signature. A pod checks chain and host name alone, and knows neither roles nor carts; with the root as its anchor every cart of that
    /// root could pose as its gateway. It outlives the yearly renewal of the issuing certificate, since that one is of the same key.
    /// </summary>
    /// <param name="now">Now.</param>
    /// <returns>PEM, below 1 KB.</returns>
    public string AnchorPem(DateTimeOffset now)
    {
        CertificateRequest request = new(NameOf(CartId), _key, HashAlgorithmName.SHA256);
        CertificateForms.AddAuthority(request, pathLength: 0, permittedCart: null);
        using X509Certificate2 anchor = request.Create(
            request.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), now - CertificateTimes.Before, now + CertificateTimes.Root, CertificateForms.NewSerial());
        return anchor.ExportCertificatePem();
    }

    /// <summary>True for an anchor of this authority's key.</summary>
    /// <param name="pem">PEM; may be damaged.</param>
    /// <returns>False for another key's, and for what cannot be read.</returns>
    public bool IsAnchor(string pem)
    {
        try
        {
            using X509Certificate2 anchor = X509Certificate2.CreateFromPem(pem);
            return anchor.SubjectName.RawData.AsSpan().SequenceEqual(NameOf(CartId).RawData)
                && anchor.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(_key.ExportSubjectPublicKeyInfo());
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            return false;
        }
    }

    /// <summary>The cart whose issuing key a certificate is of.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <returns>Null for another certificate.</returns>
    public static string? CartOf(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return CartOf(certificate.SubjectName);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _key.Dispose();
        Certificate.Dispose();
    }

    internal static X500DistinguishedName NameOf(string cartId) => DistinguishedNames.Of((CommonName, "issuing"), (string.Empty, string.Empty), cartId);

    /// <summary>The cart whose issuing key a name is of; null for another name.</summary>
    internal static string? CartOf(X500DistinguishedName name)
    {
        foreach (X500RelativeDistinguishedName part in name.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            string? organization = part.HasMultipleElements ? null : part.GetSingleElementValue();
            return organization is not null && CertificateIdentity.IsName(organization) && name.RawData.AsSpan().SequenceEqual(NameOf(organization).RawData) ? organization : null;
        }

        return null;
    }

    private static ECDsa ReadKey(string keyPem)
    {
        ECDsa key = ECDsa.Create();
        try
        {
            key.ImportFromPem(keyPem);
            return key;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new CryptographicException("It is no private key.", e);
        }
    }
}
