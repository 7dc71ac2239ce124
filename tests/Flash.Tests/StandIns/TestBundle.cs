using System;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace Flash.Tests.StandIns;

/// <summary>Bundles with a certificate that fits; the authority is made once.</summary>
internal static class TestBundle
{
    public const string Password = "planted-password-7741";
    public const string TechnicianKey = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    private const string OwnKey = "own";

    private static readonly ECDsa AuthorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly X509Certificate2 Authority = MakeAuthority(AuthorityKey);

    public static string Json(string deviceId, string? password = Password, string? technicianKey = OwnKey, DateTimeOffset? ends = null, bool isOtherKey = false, bool isOtherAuthority = false)
    {
        (string certificate, string key) = MakeLeaf(ends ?? new DateTimeOffset(2028, 11, 29, 0, 0, 0, TimeSpan.Zero));
        using X509Certificate2? other = isOtherAuthority ? MakeAuthority(ECDsa.Create(ECCurve.NamedCurves.nistP256)) : null;
        return JsonSerializer.Serialize(new
        {
            v = 1,
            deviceId,
            gateway = new { host = "192.168.4.1", port = 8883 },
            ca = (other ?? Authority).ExportCertificatePem(),
            certificate,
            key = isOtherKey ? MakeLeaf(DateTimeOffset.MaxValue.AddYears(-7000)).Key : key,
            wifi = new { ssid = "cart 7", password },
            technicianKey = technicianKey is OwnKey ? KeyOf(deviceId) : technicianKey,
        });
    }

    /// <summary>Each pod has a key of its own; their tails are alike, so that a search finds all.</summary>
    public static string KeyOf(string deviceId) => deviceId is "246f28fffeaa0001" ? TechnicianKey : new string([.. deviceId.Where(char.IsAsciiHexDigit)]) + TechnicianKey[16..];

    private static X509Certificate2 MakeAuthority(ECDsa key)
    {
        CertificateRequest request = new("CN=test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        return request.CreateSelfSigned(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2046, 1, 1, 0, 0, 0, TimeSpan.Zero));
    }

    private static (string Certificate, string Key) MakeLeaf(DateTimeOffset ends)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=pod", key, HashAlgorithmName.SHA256);
        DateTimeOffset bound = new(2045, 1, 1, 0, 0, 0, TimeSpan.Zero);
        DateTimeOffset last = ends < bound ? ends : bound;
        using X509Certificate2 leaf = request.Create(Authority, new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero), last, [1, 2, 3, 4]);
        return (leaf.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
