using System;
using System.Security.Cryptography.X509Certificates;
using Firmware.Pod.Configuration;

namespace Firmware.Esp32;

/// <summary>The pod's certificate and the authority that it trusts, from the configuration. Without them the link is plain TCP.</summary>
public sealed class LinkSecurity
{
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

    /// <summary>Takes what the configuration holds.</summary>
    /// <param name="configuration">The configuration in force.</param>
    /// <returns>Null when it holds no certificates.</returns>
    /// <exception cref="InvalidOperationException">One is missing, or the board has no PSRAM: a handshake takes about 60 KB of native memory.</exception>
    public static LinkSecurity? Of(PodConfiguration configuration)
    {
        bool hasAuthority = configuration.Has(ConfigurationKeys.TlsAuthority);
        bool hasCertificate = configuration.Has(ConfigurationKeys.TlsCertificate);
        bool hasKey = configuration.Has(ConfigurationKeys.TlsKey);
        if (!hasAuthority && !hasCertificate && !hasKey)
        {
            return null;
        }

        if (!hasAuthority || !hasCertificate || !hasKey)
        {
            throw new InvalidOperationException("tls.ca, tls.certificate and tls.key belong together, and one is missing");
        }

        if (!EspMemory.HasPsram)
        {
            throw new InvalidOperationException("TLS needs PSRAM");
        }

        return new LinkSecurity(
            new X509Certificate(configuration.Text(ConfigurationKeys.TlsAuthority)),
            new X509Certificate2(configuration.Text(ConfigurationKeys.TlsCertificate), configuration.Text(ConfigurationKeys.TlsKey), string.Empty));
    }
}
