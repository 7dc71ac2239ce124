using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Machine;

namespace EdgeGateway.Gateway.Security;

/// <summary>
/// The certificate of the pages over TLS: a file of one's own, looked at again every second, or the gateway's own of the cart. What cannot be read later leaves the last whole one in use. Any thread.
/// </summary>
internal sealed class WebCertificate
{
    private const int MaxFileBytes = 256 * 1024;

    private readonly GatewayWebOptions _web;
    private readonly CartCertificates? _cart;
    private volatile SslStreamCertificateContext? _own;
    private string _stamp = string.Empty;

    private WebCertificate(GatewayWebOptions web, CartCertificates? cart)
    {
        _web = web;
        _cart = cart;
    }

    /// <summary>What is shown now.</summary>
    public SslStreamCertificateContext Shown => _own ?? _cart!.Gateway;

    /// <summary>The name or address of the configuration that the certificate does not have: publicUrl's host, then the address that is listened on; null when it has both.</summary>
    public string? MissingName
    {
        get
        {
            string? host = _web.PublicUrl is { } url && Uri.TryCreate(url, UriKind.Absolute, out Uri? page) ? page.IdnHost : null;
            if (host is not null && !Names(host))
            {
                return host;
            }

            // Any address says nothing of the name by which a browser comes, and a loopback one is no name at all beside a public one.
            string? address = host is null && _web.Listen is { } listen && !listen.Address.Equals(IPAddress.Any) && !listen.Address.Equals(IPAddress.IPv6Any) ? listen.Address.ToString() : null;
            return address is not null && !Names(address) && !(IPAddress.IsLoopback(_web.Listen!.Address) && Names("localhost")) ? address : null;
        }
    }

    /// <summary>Makes it.</summary>
    /// <param name="web">The pages' configuration.</param>
    /// <param name="cart">The cart's certificates; null without.</param>
    /// <returns>The certificate.</returns>
    /// <exception cref="CodedErrorException">It cannot be used (G2178).</exception>
    public static WebCertificate Load(GatewayWebOptions web, CartCertificates? cart)
    {
        WebCertificate certificate = new(web, cart);
        certificate.Refresh(out string? problem);
        return problem is null && (certificate._own is not null || cart is not null)
            ? certificate
            : throw new CodedErrorException(new CodedError(FaultCodes.WebCertificateUnusable, new ErrorPlace(web.CertificateFile, 0, null), problem ?? "there is none"));
    }

    /// <summary>Looks whether the file has changed, and reads it if so. One caller at a time.</summary>
    /// <param name="problem">Why what is there now cannot be used; null when it can.</param>
    public void Refresh(out string? problem)
    {
        problem = null;
        if (_web.CertificateFile is not { } path)
        {
            return;
        }

        FileInfo file = new(path);
        string stamp = file.Exists ? FormattableString.Invariant($"{file.LastWriteTimeUtc.Ticks}.{file.Length}") : "-";
        if (string.Equals(stamp, _stamp, StringComparison.Ordinal))
        {
            return;
        }

        try
        {
            _own = Read(path);
            _stamp = stamp;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException or NotSupportedException)
        {
            problem = e.Message.TrimEnd('.');
        }
    }

    /// <summary>How one connection is served.</summary>
    /// <returns>The options.</returns>
    public SslServerAuthenticationOptions Options() => new()
    {
        ServerCertificateContext = Shown,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        AllowRenegotiation = false,
        ApplicationProtocols = [SslApplicationProtocol.Http11],
    };

    private static SslStreamCertificateContext Read(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        byte[] bytes = new byte[MaxFileBytes + 1];
        int count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (count > MaxFileBytes)
        {
            throw new IOException(path + " is longer than any such file");
        }

        string text = Encoding.UTF8.GetString(bytes, 0, count);
        IReadOnlyList<string> certificates = CertificateFolder.Parts(text, "CERTIFICATE");
        if (certificates.Count == 0)
        {
            throw new CryptographicException("it has no certificate");
        }

        using X509Certificate2 made = X509Certificate2.CreateFromPem(text, text);
        X509Certificate2Collection between = [.. certificates.Skip(1).Select(static c => X509Certificate2.CreateFromPem(c))];
        return SslStreamCertificateContext.Create(X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null), between, offline: true);
    }

    private bool Names(string name)
    {
        X509Certificate2 certificate = Shown.TargetCertificate;
        return certificate.MatchesHostname(name, allowWildcards: true, allowCommonName: false);
    }
}
