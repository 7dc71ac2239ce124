using System;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EdgeGateway.Certificates;

/// <summary>
/// The root of an integrator's carts: ECDSA on P-256. It lives on the integrator's computer or stick, encrypted by a passphrase, and never on a cart;
/// it signs one thing, the certificate of a cart's issuing key.
/// </summary>
public sealed class RootAuthority : IDisposable
{
    /// <summary>Shortest passphrase of a root's key, characters. Assumption: with the rounds below a thousand years of one machine for a random one.</summary>
    public const int MinPassphraseLength = 12;

    /// <summary>Rounds of PBKDF2-SHA-256. Source: decisions on passwords, 600,000.</summary>
    private const int Rounds = 600_000;

    private const string CommonName = "2.5.4.3";

    private readonly ECDsa _key;

    private RootAuthority(X509Certificate2 certificate, ECDsa key)
    {
        Certificate = certificate;
        _key = key;
    }

    /// <summary>The root's certificate, without its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Makes a root with a new key.</summary>
    /// <param name="name">Whose it is: 1 to 64 of A-Z a-z 0-9 _ -.</param>
    /// <param name="now">Now.</param>
    /// <returns>The root.</returns>
    /// <exception cref="ArgumentException">The name has other signs.</exception>
    public static RootAuthority Create(string name, DateTimeOffset now)
    {
        if (!CertificateIdentity.IsName(name))
        {
            throw new ArgumentException("A root's name is 1 to 64 of A-Z a-z 0-9 _ -.", nameof(name));
        }

        ECDsa key = CertificateForms.NewKey();
        CertificateRequest request = new(DistinguishedNames.Of((CommonName, "root"), (string.Empty, string.Empty), name), key, HashAlgorithmName.SHA256);
        CertificateForms.AddAuthority(request, pathLength: 1, permittedCart: null);
        return new RootAuthority(request.Create(request.SubjectName, X509SignatureGenerator.CreateForECDsa(key), now - CertificateTimes.Before, now + CertificateTimes.Root, CertificateForms.NewSerial()), key);
    }

    /// <summary>Opens a root.</summary>
    /// <param name="certificatePem">Its certificate.</param>
    /// <param name="encryptedKeyPem">Its key, encrypted PKCS #8.</param>
    /// <param name="passphrase">The passphrase.</param>
    /// <returns>The root.</returns>
    /// <exception cref="CryptographicException">The passphrase is wrong, or the files do not belong together or are damaged.</exception>
    public static RootAuthority Open(string certificatePem, string encryptedKeyPem, ReadOnlySpan<char> passphrase)
    {
        ECDsa key = ECDsa.Create();
        try
        {
            key.ImportFromEncryptedPem(encryptedKeyPem, passphrase);
            X509Certificate2 certificate = X509Certificate2.CreateFromPem(certificatePem);
            if (certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
            {
                return new RootAuthority(certificate, key);
            }

            certificate.Dispose();
            throw new CryptographicException("The key is not that of the certificate.");
        }
        catch (ArgumentException e)
        {
            key.Dispose();
            throw new CryptographicException("It is no encrypted private key.", e);
        }
        catch (CryptographicException)
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>The root as files hold it.</summary>
    /// <param name="passphrase">At least <see cref="MinPassphraseLength"/> characters.</param>
    /// <returns>The certificate, and the key encrypted (PBES2, AES-256, PBKDF2-SHA-256).</returns>
    /// <exception cref="ArgumentException">The passphrase is too short.</exception>
    public CertificatePair Export(ReadOnlySpan<char> passphrase)
    {
        if (passphrase.Length < MinPassphraseLength)
        {
            throw new ArgumentException("A root's passphrase has at least 12 characters.", nameof(passphrase));
        }

        PbeParameters how = new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, Rounds);
        return new CertificatePair(Certificate.ExportCertificatePem(), _key.ExportEncryptedPkcs8PrivateKeyPem(passphrase, how));
    }

    /// <summary>Signs the request of a cart's issuing key (<see cref="IssuingAuthority.RequestPem"/>): path length 0, names of this cart alone.</summary>
    /// <param name="requestPem">The request. Its signature is checked; its extensions count for nothing.</param>
    /// <param name="cartId">The cart: what the integrator names, not what the request says.</param>
    /// <param name="now">Now.</param>
    /// <returns>The certificate.</returns>
    /// <exception cref="CryptographicException">It is no request, its signature is wrong, or its key is not on P-256.</exception>
    /// <exception cref="ArgumentException">The cart's id has other signs.</exception>
    public X509Certificate2 SignIssuing(string requestPem, string cartId, DateTimeOffset now)
    {
        if (!CertificateIdentity.IsName(cartId))
        {
            throw new ArgumentException("A cart's id is 1 to 64 of A-Z a-z 0-9 _ -.", nameof(cartId));
        }

        PublicKey key = CertificateRequests.Read(requestPem);
        CertificateRequest request = new(IssuingAuthority.NameOf(cartId), key, HashAlgorithmName.SHA256);
        CertificateForms.AddAuthority(request, pathLength: 0, cartId);
        return CertificateForms.Sign(request, Certificate, _key, now, CertificateTimes.Issuing);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _key.Dispose();
        Certificate.Dispose();
    }
}
