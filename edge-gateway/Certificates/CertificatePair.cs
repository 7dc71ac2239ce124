using System;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EdgeGateway.Certificates;

/// <summary>A certificate and its private key, in PEM (RFC 7468).</summary>
/// <param name="CertificatePem">The certificate.</param>
/// <param name="KeyPem">The key, PKCS #8; never written to a log.</param>
public sealed record CertificatePair(string CertificatePem, string KeyPem)
{
    /// <summary>The certificate, without its key.</summary>
    /// <returns>To be disposed by the caller.</returns>
    /// <exception cref="CryptographicException">It is no certificate.</exception>
    public X509Certificate2 ReadCertificate() => X509Certificate2.CreateFromPem(CertificatePem);

    /// <summary>True when certificate and key belong together.</summary>
    /// <returns>False when they do not, or one of them cannot be read.</returns>
    public bool IsWhole()
    {
        try
        {
            using X509Certificate2 both = X509Certificate2.CreateFromPem(CertificatePem, KeyPem);
            return both.HasPrivateKey;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Says which certificate it is, never the key.</summary>
    /// <returns>The subject's place alone.</returns>
    public override string ToString() => "certificate and key";
}
