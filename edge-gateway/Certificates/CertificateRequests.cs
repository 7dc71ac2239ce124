using System;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EdgeGateway.Certificates;

/// <summary>Requests for a certificate (PKCS #10, RFC 2986).</summary>
public static class CertificateRequests
{
    private const string EllipticCurve = "1.2.840.10045.2.1";
    private const int PointBytes = 65; // uncompressed point of P-256: 04, x, y

    /// <summary>Checks a request and takes its key. What it says beside is not believed.</summary>
    /// <param name="requestPem">The request.</param>
    /// <returns>The key.</returns>
    /// <exception cref="CryptographicException">It is no request, its signature is not of its key, or its key is not on P-256.</exception>
    public static PublicKey Read(string requestPem)
    {
        PublicKey key;
        try
        {
            key = CertificateRequest.LoadSigningRequestPem(requestPem, HashAlgorithmName.SHA256).PublicKey;
        }
        catch (ArgumentException e)
        {
            throw new CryptographicException("It is no request for a certificate.", e);
        }

        using ECDsa? points = string.Equals(key.Oid.Value, EllipticCurve, StringComparison.Ordinal) ? key.GetECDsaPublicKey() : null;
        return points is { KeySize: 256 } && key.EncodedKeyValue.RawData.Length == PointBytes ? key : throw new CryptographicException("Its key is not on P-256.");
    }

    /// <summary>A request for the certificate of a holder, for an authority of one's own.</summary>
    /// <param name="identity">Whose it will be.</param>
    /// <param name="names">DNS names and addresses of a server.</param>
    /// <param name="key">The holder's key.</param>
    /// <returns>PEM.</returns>
    public static string Make(CertificateIdentity identity, System.Collections.Generic.IReadOnlyList<string> names, ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(names);
        CertificateRequest request = new(identity.ToDistinguishedName(), key, HashAlgorithmName.SHA256);
        CertificateForms.AddHolder(request, identity.Role, names);
        return request.CreateSigningRequestPem();
    }
}
