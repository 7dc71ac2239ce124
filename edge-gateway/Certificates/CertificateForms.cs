using System;
using System.Collections.Generic;
using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EdgeGateway.Certificates;

/// <summary>The extensions of this project's certificates. Source: RFC 5280, 4.2.</summary>
internal static class CertificateForms
{
    /// <summary>Most bytes of a certificate or key in PEM: what a pod has room for.</summary>
    public const int MaxPodPemBytes = 1024;

    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string NameConstraints = "2.5.29.30";
    private const int SerialBytes = 16;

    /// <summary>A new key on P-256, what mbedTLS on a pod does in hardware-friendly time.</summary>
    /// <returns>The key, from the system's randomness.</returns>
    public static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>A serial number that no other certificate has: 128 random bits, positive (RFC 5280, 4.1.2.2).</summary>
    /// <returns>Big-endian bytes.</returns>
    public static byte[] NewSerial()
    {
        byte[] serial = RandomNumberGenerator.GetBytes(SerialBytes);
        serial[0] = (byte)((serial[0] & 0x3F) | 0x40);
        return serial;
    }

    /// <summary>Makes a request a certification authority's.</summary>
    /// <param name="request">The request.</param>
    /// <param name="pathLength">How many authorities may stand below it; null for no bound.</param>
    /// <param name="permittedCart">The only cart that names below it may have; null for any.</param>
    public static void AddAuthority(CertificateRequest request, int? pathLength, string? permittedCart)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, pathLength is not null, pathLength ?? 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        if (permittedCart is not null)
        {
            request.CertificateExtensions.Add(PermittedNames(permittedCart));
        }
    }

    /// <summary>Makes a request that of a holder.</summary>
    /// <param name="request">The request.</param>
    /// <param name="role">The role: a pod is a client alone.</param>
    /// <param name="names">DNS names and addresses of a server.</param>
    public static void AddHolder(CertificateRequest request, CertificateRole role, IReadOnlyList<string> names)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        OidCollection uses = [new Oid(ClientAuthentication)];
        if (role == CertificateRole.Gateway)
        {
            uses.Add(new Oid(ServerAuthentication));
        }

        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(uses, critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        if (names.Count > 0)
        {
            SubjectAlternativeNameBuilder alternatives = new();
            foreach (string name in names)
            {
                if (IPAddress.TryParse(name, out IPAddress? address))
                {
                    alternatives.AddIpAddress(address);
                }
                else
                {
                    alternatives.AddDnsName(name);
                }
            }

            request.CertificateExtensions.Add(alternatives.Build());
        }
    }

    /// <summary>Signs a request.</summary>
    /// <param name="request">The request with its extensions.</param>
    /// <param name="issuer">The issuer's certificate, without its key.</param>
    /// <param name="issuerKey">The issuer's key.</param>
    /// <param name="now">Now.</param>
    /// <param name="life">How long it is valid.</param>
    /// <returns>The certificate.</returns>
    public static X509Certificate2 Sign(CertificateRequest request, X509Certificate2 issuer, ECDsa issuerKey, DateTimeOffset now, TimeSpan life)
    {
        foreach (X509Extension extension in issuer.Extensions)
        {
            if (extension is X509SubjectKeyIdentifierExtension identifier)
            {
                request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(identifier));
            }
        }

        // With the generator, since a leaf may outlive the present certificate of its issuer's key: that one is renewed for the same key.
        return request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), now - CertificateTimes.Before, now + life, NewSerial());
    }

    // NameConstraints ::= SEQUENCE { permittedSubtrees [0] SEQUENCE OF SEQUENCE { base [4] Name } } (RFC 5280, 4.2.1.10). Not critical, against the
    // standard's word: mbedTLS on a pod refuses what is critical and unknown to it. Those who know it (OpenSSL, Windows, Go) keep it in any case.
    private static X509Extension PermittedNames(string cart)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 4)))
        {
            writer.WriteEncodedValue(DistinguishedNames.OrganizationAlone(cart));
        }

        return new X509Extension(NameConstraints, writer.Encode(), critical: false);
    }
}
