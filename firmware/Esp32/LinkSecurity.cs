using System;
using System.IO;
using System.Security.Cryptography.X509Certificates;

namespace Firmware.Esp32;

/// <summary>The pod's certificate and the authority that it trusts, PEM files on the drive, put there with nanoff --filedeployment: ca.pem, pod.pem, pod-key.pem. Without them the link is plain TCP.</summary>
public sealed class LinkSecurity
{
    /// <summary>Longest file, bytes. P-256 certificates are below 1 KiB.</summary>
    public const int MaxBytes = 4096;

    private LinkSecurity(X509Certificate authority, X509Certificate2 certificate)
    {
        Authority = authority;
        Certificate = certificate;
    }

    /// <summary>Who signs the gateway's certificate.</summary>
    public X509Certificate Authority { get; }

    /// <summary>The pod's certificate with its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Since when the pod's certificate is valid, s since 1970.</summary>
    public uint ValidFrom => EspUtcClock.Seconds(Certificate.NotBefore);

    /// <summary>Reads the files.</summary>
    /// <param name="root">The drive's root.</param>
    /// <returns>Null when none of them is there.</returns>
    /// <exception cref="InvalidOperationException">One is missing or too long, or the board has no PSRAM: a handshake takes about 60 KB of native memory.</exception>
    public static LinkSecurity? Load(string root)
    {
        bool hasAuthority = File.Exists(root + "ca.pem");
        bool hasCertificate = File.Exists(root + "pod.pem");
        bool hasKey = File.Exists(root + "pod-key.pem");
        if (!hasAuthority && !hasCertificate && !hasKey)
        {
            return null;
        }

        if (!hasAuthority || !hasCertificate || !hasKey)
        {
            throw new InvalidOperationException("ca.pem, pod.pem and pod-key.pem belong together, and one is missing");
        }

        if (!EspMemory.HasPsram)
        {
            throw new InvalidOperationException("TLS needs PSRAM");
        }

        return new LinkSecurity(new X509Certificate(Text(root + "ca.pem")), new X509Certificate2(Text(root + "pod.pem"), Text(root + "pod-key.pem"), string.Empty));
    }

    private static string Text(string path)
    {
        if (new FileInfo(path).Length > MaxBytes)
        {
            throw new InvalidOperationException(path + " is longer than 4096 bytes");
        }

        return File.ReadAllText(path);
    }
}
