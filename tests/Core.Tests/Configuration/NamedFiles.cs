using System;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Core.Tests.Configuration;

/// <summary>The files that the example names.</summary>
internal static class NamedFiles
{
    private static readonly (string Authority, string Pair) Made = Make();

    public static byte[]? Read(string path) => path switch
    {
        "broker.secret" => "secret\n"u8.ToArray(),
        "hospital-ca.pem" => Encoding.ASCII.GetBytes(Made.Authority),
        "broker-client.pem" => Encoding.ASCII.GetBytes(Made.Pair),
        "key-alone.pem" => Encoding.ASCII.GetBytes(Made.Pair[Made.Pair.IndexOf("-----BEGIN PRIVATE", StringComparison.Ordinal)..]),
        _ => null,
    };

    private static (string Authority, string Pair) Make()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest("CN=made up", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        return (certificate.ExportCertificatePem() + "\n", certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
    }
}
