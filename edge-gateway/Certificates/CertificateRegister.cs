using System;
using System.Buffers;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EdgeGateway.Certificates;

/// <summary>One certificate that this cart has issued or taken in.</summary>
/// <param name="Serial">Its serial number, upper-case hexadecimal.</param>
/// <param name="Role">The holder's role.</param>
/// <param name="Name">The holder's name.</param>
/// <param name="NotBefore">First moment, UTC.</param>
/// <param name="NotAfter">Last moment, UTC.</param>
/// <param name="RevokedAt">When it was revoked; null when it was not.</param>
/// <param name="Reason">Why: one of <see cref="CertificateRegister.Reasons"/>; empty when it was not.</param>
public sealed record RegisteredCertificate(string Serial, CertificateRole Role, string Name, DateTimeOffset NotBefore, DateTimeOffset NotAfter, DateTimeOffset? RevokedAt, string Reason);

/// <summary>
/// The certificates of a cart, as the file certificates.json holds them. It is the revocation list too: what stands in it as revoked is refused at once, without a network. A serial number that does not
/// stand in it is not refused for that: a file that was lost must not end every pod's link, and the pod list has its own word.
/// </summary>
public sealed class CertificateRegister
{
    /// <summary>Most certificates. Those that expired longest ago give way.</summary>
    public const int MaxCertificates = 4096;

    /// <summary>Longest file, bytes.</summary>
    public const int MaxFileBytes = 2 * 1024 * 1024;

    private const string Format = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    private readonly List<RegisteredCertificate> _certificates;
    private readonly HashSet<string> _revoked = new(StringComparer.Ordinal);

    private CertificateRegister(List<RegisteredCertificate> certificates)
    {
        _certificates = certificates;
        foreach (RegisteredCertificate certificate in certificates)
        {
            if (certificate.RevokedAt is not null)
            {
                _revoked.Add(Number(certificate.Serial));
            }
        }
    }

    /// <summary>Why a certificate is revoked.</summary>
    public static IReadOnlyList<string> Reasons { get; } = ["lost", "replaced", "compromised", "retired"];

    /// <summary>An empty register.</summary>
    public static CertificateRegister Empty { get; } = new([]);

    /// <summary>All certificates, in the order of their issue.</summary>
    public IReadOnlyList<RegisteredCertificate> Certificates => _certificates;

    /// <summary>Reads the file.</summary>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="problem">What is wrong, or null.</param>
    /// <returns>The register, or null when the file is not whole: a revocation list that is read in part is none.</returns>
    public static CertificateRegister? Read(ReadOnlyMemory<byte> bytes, out string? problem)
    {
        if (bytes.Length > MaxFileBytes)
        {
            problem = "longer than " + MaxFileBytes.ToString(CultureInfo.InvariantCulture) + " bytes";
            return null;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            List<RegisteredCertificate> certificates = [];
            HashSet<string> serials = new(StringComparer.Ordinal);
            if (document.RootElement.GetProperty("v").GetInt32() != 1)
            {
                problem = "a version other than 1";
                return null;
            }

            foreach (JsonElement item in document.RootElement.GetProperty("certificates").EnumerateArray())
            {
                RegisteredCertificate certificate = One(item);
                if (!serials.Add(certificate.Serial))
                {
                    throw new FormatException("serial " + certificate.Serial + " stands twice");
                }

                certificates.Add(certificate);
            }

            problem = null;
            return certificates.Count <= MaxCertificates ? new CertificateRegister(certificates) : throw new FormatException("too many certificates");
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            problem = e.Message;
            return null;
        }
    }

    /// <summary>The file.</summary>
    /// <returns>Its bytes, UTF-8, one certificate a line.</returns>
    public byte[] Write()
    {
        StringBuilder text = new("{\"v\":1,\"certificates\":[");
        for (int i = 0; i < _certificates.Count; i++)
        {
            RegisteredCertificate one = _certificates[i];
            text.Append(i == 0 ? "\n" : ",\n").Append("{\"serial\":\"").Append(one.Serial).Append("\",\"role\":\"").Append(CertificateIdentity.RoleWords[(int)one.Role])
                .Append("\",\"name\":\"").Append(one.Name).Append("\",\"notBefore\":\"").Append(Text(one.NotBefore)).Append("\",\"notAfter\":\"").Append(Text(one.NotAfter)).Append('"');
            if (one.RevokedAt is { } at)
            {
                text.Append(",\"revokedAt\":\"").Append(Text(at)).Append("\",\"reason\":\"").Append(one.Reason).Append('"');
            }

            text.Append('}');
        }

        return Encoding.UTF8.GetBytes(text.Append("\n]}\n").ToString());
    }

    /// <summary>True when a serial number was revoked.</summary>
    /// <param name="serial">Upper-case hexadecimal.</param>
    /// <returns>False too for one that is not known.</returns>
    public bool IsRevoked(string serial)
    {
        ArgumentNullException.ThrowIfNull(serial);
        return _revoked.Contains(Number(serial));
    }

    /// <summary>A serial number as a number: programs disagree on zeros before it (.NET shows the sign byte of its encoding, OpenSSL does not).</summary>
    /// <param name="serial">Upper-case hexadecimal.</param>
    /// <returns>Its digits without zeros before them.</returns>
    public static string Number(string serial)
    {
        ArgumentNullException.ThrowIfNull(serial);
        return serial.TrimStart('0');
    }

    /// <summary>The register with one certificate more.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="now">Now, for what gives way at the bound.</param>
    /// <returns>The new register.</returns>
    /// <exception cref="InvalidOperationException">It is full of certificates that are in time.</exception>
    public CertificateRegister With(RegisteredCertificate certificate, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        List<RegisteredCertificate> all = [.. _certificates];
        if (all.Count >= MaxCertificates)
        {
            int oldest = 0;
            for (int i = 1; i < all.Count; i++)
            {
                oldest = all[i].NotAfter < all[oldest].NotAfter ? i : oldest;
            }

            if (all[oldest].NotAfter >= now)
            {
                throw new InvalidOperationException("The register is full: " + MaxCertificates.ToString(CultureInfo.InvariantCulture) + " certificates are in time.");
            }

            all.RemoveAt(oldest);
        }

        all.Add(certificate);
        return new CertificateRegister(all);
    }

    /// <summary>The register with certificates revoked.</summary>
    /// <param name="which">Which ones; those that were revoked before stay as they are.</param>
    /// <param name="reason">One of <see cref="Reasons"/>.</param>
    /// <param name="now">Now.</param>
    /// <param name="count">How many were revoked by this call.</param>
    /// <returns>The new register.</returns>
    /// <exception cref="ArgumentException">The reason is none of the words.</exception>
    public CertificateRegister Revoke(Predicate<RegisteredCertificate> which, string reason, DateTimeOffset now, out int count)
    {
        ArgumentNullException.ThrowIfNull(which);
        if (!IsReason(reason))
        {
            throw new ArgumentException("The reason is one of " + string.Join(", ", Reasons) + ".", nameof(reason));
        }

        count = 0;
        List<RegisteredCertificate> all = [.. _certificates];
        for (int i = 0; i < all.Count; i++)
        {
            if (all[i].RevokedAt is null && which(all[i]))
            {
                all[i] = all[i] with { RevokedAt = now, Reason = reason };
                count++;
            }
        }

        return new CertificateRegister(all);
    }

    private static RegisteredCertificate One(JsonElement item)
    {
        string serial = item.GetProperty("serial").GetString() ?? string.Empty;
        string role = item.GetProperty("role").GetString() ?? string.Empty;
        string name = item.GetProperty("name").GetString() ?? string.Empty;
        int place = 0;
        while (place < CertificateIdentity.RoleWords.Count && !string.Equals(CertificateIdentity.RoleWords[place], role, StringComparison.Ordinal))
        {
            place++;
        }

        if (place == CertificateIdentity.RoleWords.Count || !CertificateIdentity.IsNameOf((CertificateRole)place, name) || !IsSerial(serial))
        {
            throw new FormatException("'" + serial + "', '" + role + "', '" + name + "' are not serial number, role and name of a certificate");
        }

        DateTimeOffset? revoked = item.TryGetProperty("revokedAt", out JsonElement at) ? Moment(at) : null;
        string reason = item.TryGetProperty("reason", out JsonElement why) ? why.GetString() ?? string.Empty : string.Empty;
        if ((revoked is null) != (reason.Length == 0) || (reason.Length > 0 && !IsReason(reason)))
        {
            throw new FormatException("revokedAt and reason of " + serial + " do not go together");
        }

        return new RegisteredCertificate(serial, (CertificateRole)place, name, Moment(item.GetProperty("notBefore")), Moment(item.GetProperty("notAfter")), revoked, reason);
    }

    private static bool IsReason(string reason)
    {
        foreach (string known in Reasons)
        {
            if (string.Equals(known, reason, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsSerial(string serial) =>
        serial.Length is >= 2 and <= 40 && serial.Length % 2 == 0 && serial.AsSpan().IndexOfAnyExcept(SearchValues.Create("0123456789ABCDEF")) < 0;

    private static DateTimeOffset Moment(JsonElement text) =>
        DateTimeOffset.ParseExact(text.GetString() ?? string.Empty, Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);

    private static string Text(DateTimeOffset moment) => moment.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);
}
