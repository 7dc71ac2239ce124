using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using EdgeGateway.Faults;

namespace Firmware.Flash.Provisioning;

/// <summary>What one pod gets: one JSON object <c>{v, deviceId, gateway:{host,port}, ca, certificate, key, wifi:{ssid,password}, technicianKey}</c>. Its secrets are in no text that this program writes.</summary>
public sealed class ProvisioningBundle
{
    /// <summary>Largest PEM text that the pod takes, bytes.</summary>
    public const int MaxPemBytes = 2048;

    /// <summary>Largest bundle, bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    private static readonly string[] Members = ["v", "deviceId", "gateway", "ca", "certificate", "key", "wifi", "technicianKey"];

    private ProvisioningBundle()
    {
    }

    /// <summary>The pod's id, 16 hexadecimal digits, small.</summary>
    public string DeviceId { get; private init; } = string.Empty;

    /// <summary>Where the gateway answers.</summary>
    public string GatewayHost { get; private init; } = string.Empty;

    /// <summary>Its TCP port.</summary>
    public int GatewayPort { get; private init; }

    /// <summary>Certificate of the authority, PEM; null with no TLS.</summary>
    public string? AuthorityPem { get; private init; }

    /// <summary>The pod's certificate, PEM; null with no TLS.</summary>
    public string? CertificatePem { get; private init; }

    /// <summary>The pod's private key, PEM; a secret.</summary>
    public string? KeyPem { get; private init; }

    /// <summary>Name of the wireless network; null for a pod that has its network already.</summary>
    public string? WifiSsid { get; private init; }

    /// <summary>Its password; a secret. Null when it must be asked for.</summary>
    public string? WifiPassword { get; set; }

    /// <summary>The key of the technician's unlock, hexadecimal; a secret. Null when it must be asked for.</summary>
    public string? TechnicianKey { get; set; }

    /// <summary>The certificate's SHA-256 and end, for the record; empty with no TLS.</summary>
    public string CertificateFingerprint { get; private init; } = string.Empty;

    /// <summary>When the certificate ends, UTC; null with no TLS.</summary>
    public DateTimeOffset? CertificateEnds { get; private init; }

    /// <summary>Every secret that it holds, for what must search texts for them.</summary>
    public IEnumerable<string> Secrets => new[] { WifiPassword, TechnicianKey, KeyPem }.OfType<string>();

    /// <summary>Reads a bundle; all its errors come together.</summary>
    /// <param name="json">The bytes, UTF-8.</param>
    /// <param name="place">What the errors call it.</param>
    /// <param name="now">The time now, against which the certificate is held.</param>
    /// <returns>The bundle.</returns>
    /// <exception cref="CodedErrorException">It is wrong. No error holds a secret.</exception>
    public static ProvisioningBundle Parse(byte[] json, string place, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(json);
        List<CodedError> errors = [];
        void Wrong(string? path, string detail) => errors.Add(new CodedError(FaultCodes.BundleUnusable, new ErrorPlace(place, 0, path), detail));
        JsonElement root;
        try
        {
            root = json.Length <= MaxBytes ? JsonElement.Parse(json) : throw new JsonException("it is too large");
        }
        catch (JsonException)
        {
            // The parser's own words may quote what it read.
            throw new CodedErrorException(new CodedError(FaultCodes.BundleUnusable, new ErrorPlace(place, 0, null), "it is not JSON, or larger than 64 KiB"));
        }

        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.BundleUnusable, new ErrorPlace(place, 0, null), "it is not a JSON object"));
        }

        foreach (JsonProperty member in root.EnumerateObject().Where(m => !Members.Contains(m.Name, StringComparer.Ordinal)))
        {
            Wrong(member.Name, "a bundle has no such member");
        }

        if (!root.TryGetProperty("v", out JsonElement v) || v.ValueKind != JsonValueKind.Number || !v.TryGetInt32(out int version) || version != 1)
        {
            Wrong("v", "it must be 1");
        }

        string? Text(JsonElement from, string name, string path, bool isNeeded, Func<string, bool> isRight, string rule)
        {
            if (!from.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            {
                if (isNeeded)
                {
                    Wrong(path, "it is missing");
                }

                return null;
            }

            string? text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
            if (text is null || !isRight(text))
            {
                Wrong(path, rule);
                return null;
            }

            return text;
        }

        string? id = Text(root, "deviceId", "deviceId", true, t => Digits(t).Length == 16 && t.All(c => char.IsAsciiHexDigit(c) || c is ':' or '-'), "it must be 16 hexadecimal digits");
        string? host = null;
        int port = 0;
        if (!root.TryGetProperty("gateway", out JsonElement gateway) || gateway.ValueKind != JsonValueKind.Object)
        {
            Wrong("gateway", "it must be an object with host and port");
        }
        else
        {
            host = Text(gateway, "host", "gateway.host", true, t => t.Length is > 0 and <= 64 && t.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or ':'), "it must be a name or an address of at most 64 signs");
            if (!gateway.TryGetProperty("port", out JsonElement number) || number.ValueKind != JsonValueKind.Number || !number.TryGetInt32(out port) || port is < 1 or > 65535)
            {
                Wrong("gateway.port", "it must be 1 to 65535");
            }
        }

        string? ssid = null;
        string? password = null;
        if (root.TryGetProperty("wifi", out JsonElement wifi) && wifi.ValueKind != JsonValueKind.Null)
        {
            if (wifi.ValueKind == JsonValueKind.Object)
            {
                ssid = Text(wifi, "ssid", "wifi.ssid", true, t => t.Length is > 0 and <= 32 && IsAscii(t), "it must be 1 to 32 printable ASCII signs");
                password = Text(wifi, "password", "wifi.password", false, IsWifiPassword, WifiPasswordRule);
            }
            else
            {
                Wrong("wifi", "it must be an object with ssid and password");
            }
        }

        string? technicianKey = Text(root, "technicianKey", "technicianKey", false, IsTechnicianKey, TechnicianKeyRule);
        string? ca = Text(root, "ca", "ca", false, t => IsPem(t, "CERTIFICATE"), "it must be one certificate as PEM, ASCII, at most 2,048 bytes");
        string? certificate = Text(root, "certificate", "certificate", false, t => IsPem(t, "CERTIFICATE"), "it must be one certificate as PEM, ASCII, at most 2,048 bytes");
        string? key = Text(root, "key", "key", false, t => IsPem(t, "EC PRIVATE KEY") || IsPem(t, "PRIVATE KEY"), "it must be one private key as PEM, ASCII, at most 2,048 bytes");
        string fingerprint = string.Empty;
        DateTimeOffset? ends = null;
        if (ca is not null && certificate is not null && key is not null)
        {
            CheckCertificates(ca, certificate, key, now, Wrong, out fingerprint, out ends);
        }
        else if ((ca ?? certificate ?? key) is not null)
        {
            Wrong("certificate", "ca, certificate and key come together or not at all");
        }

        return errors.Count > 0 ? throw new CodedErrorException(errors) : new ProvisioningBundle
        {
            DeviceId = Digits(id!),
            GatewayHost = host!,
            GatewayPort = port,
            AuthorityPem = ca,
            CertificatePem = certificate,
            KeyPem = key,
            WifiSsid = ssid,
            WifiPassword = password,
            TechnicianKey = technicianKey?.ToLowerInvariant(),
            CertificateFingerprint = fingerprint,
            CertificateEnds = ends,
        };
    }

    /// <summary>What a password of a wireless network must be.</summary>
    public const string WifiPasswordRule = "it must be 8 to 63 printable ASCII signs";

    /// <summary>What a technician's key must be.</summary>
    public const string TechnicianKeyRule = "it must be 32 to 64 hexadecimal digits, an even number of them";

    /// <summary>True for a password of a wireless network. Source: IEEE 802.11, passphrase of 8 to 63 ASCII signs.</summary>
    /// <param name="text">The password.</param>
    /// <returns>True when it can be one.</returns>
    public static bool IsWifiPassword(string text) => text.Length is >= 8 and <= 63 && IsAscii(text);

    /// <summary>True for a technician's key.</summary>
    /// <param name="text">The key.</param>
    /// <returns>True when it can be one.</returns>
    public static bool IsTechnicianKey(string text) => text.Length is >= 32 and <= 64 && text.Length % 2 == 0 && text.All(char.IsAsciiHexDigit);

    /// <summary>The hexadecimal digits of an id, small.</summary>
    /// <param name="text">The id, with separators or without.</param>
    /// <returns>The digits.</returns>
    public static string Digits(string text) => new([.. text.Where(char.IsAsciiHexDigit).Select(char.ToLowerInvariant)]);

    private static bool IsAscii(string text) => text.All(c => c is >= ' ' and <= '~');

    private static bool IsPem(string text, string label) =>
        text.Length <= MaxPemBytes && text.All(c => c is '\n' or '\r' or (>= ' ' and <= '~')) && PemEncoding.TryFind(text, out PemFields fields) && string.Equals(text[fields.Label], label, StringComparison.Ordinal)
        && text[..fields.Location.Start].Trim().Length == 0 && text[fields.Location.End..].Trim().Length == 0;

    private static void CheckCertificates(string ca, string certificate, string key, DateTimeOffset now, Action<string?, string> wrong, out string fingerprint, out DateTimeOffset? ends)
    {
        fingerprint = string.Empty;
        ends = null;
        try
        {
            using X509Certificate2 authority = X509Certificate2.CreateFromPem(ca);
            using X509Certificate2 leaf = X509Certificate2.CreateFromPem(certificate);
            using ECDsa? own = leaf.GetECDsaPublicKey();
            using ECDsa given = ECDsa.Create();
            given.ImportFromPem(key);
            if (own is null || own.KeySize != 256)
            {
                wrong("certificate", "its key must be ECDSA P-256");
            }
            else if (!own.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(given.ExportSubjectPublicKeyInfo()))
            {
                wrong("key", "it is not the certificate's");
            }

            using X509Chain chain = new();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.Add(authority);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority | X509VerificationFlags.IgnoreNotTimeValid;

            // A cart's issuing key stands between its root and the pod, and is not in the bundle: only what names ca as its issuer can be proven by it. The gateway proves the rest.
            bool isDirect = leaf.IssuerName.RawData.AsSpan().SequenceEqual(authority.SubjectName.RawData);
            if (isDirect && (!chain.Build(leaf) || !chain.ChainElements[^1].Certificate.RawDataMemory.Span.SequenceEqual(authority.RawDataMemory.Span)))
            {
                wrong("certificate", "it was not issued by ca");
            }
            else if (authority.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault() is not { CertificateAuthority: true })
            {
                wrong("ca", "it is not the certificate of an authority");
            }

            ends = new DateTimeOffset(leaf.NotAfter.ToUniversalTime(), TimeSpan.Zero);
            fingerprint = Convert.ToHexStringLower(SHA256.HashData(leaf.RawData));
            if (ends <= now)
            {
                wrong("certificate", "it ended " + ends.Value.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            }
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            wrong("certificate", "certificate, ca or key cannot be read");
        }
    }

    /// <summary>A PEM text cut into chunks for the pod's line: base64 of its bytes, whole groups of four signs but the last.</summary>
    /// <param name="pem">The text.</param>
    /// <param name="chunkSigns">Signs of a chunk, a multiple of 4.</param>
    /// <returns>The chunks in their order.</returns>
    public static IReadOnlyList<string> Cut(string pem, int chunkSigns = 360)
    {
        string base64 = Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
        return [.. base64.Chunk(chunkSigns).Select(c => new string(c))];
    }
}
