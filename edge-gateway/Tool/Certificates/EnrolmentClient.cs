using System;
using System.Globalization;
using System.IO;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Certificates;

namespace EdgeGateway.Tool.Certificates;

/// <summary>
/// The pod's side of the enrolment over the network, on the technician's computer beside the pod, since a stock board can make no key: it fetches the bundle from <see cref="EnrolmentPort"/>, and cart-flash gives it to the
/// board by its serial line.
/// </summary>
/// <param name="host">Where the gateway is reached.</param>
/// <param name="port">The port that its console showed.</param>
/// <param name="pin">The anchor's SHA-256 that its console showed, 64 lower-case hexadecimal digits.</param>
/// <param name="time">The clock.</param>
internal sealed class EnrolmentClient(string host, int port, string pin, TimeProvider time)
{
    /// <summary>Fetches the bundle of a pod.</summary>
    /// <param name="deviceId">The pod.</param>
    /// <param name="code">The code that the console showed.</param>
    /// <param name="keep">Keeps the bundle, before the gateway is told that it was taken.</param>
    /// <returns>Null when it was taken, else why not.</returns>
    public async Task<string?> FetchAsync(string deviceId, string code, Action<byte[]> keep)
    {
        using CancellationTokenSource late = new(EnrolmentWire.PeerTimeout, time);
        try
        {
            using TcpClient client = new();
            await client.ConnectAsync(host, port, late.Token).ConfigureAwait(false);
            X509Certificate2? shown = null;

            // Whoever answers is let into the handshake, and proven before a word is said: the anchor to prove it by comes inside.
            using SslStream stream = new(client.GetStream(), leaveInnerStreamOpen: false, (_, certificate, _, _) =>
            {
                shown = certificate is null ? null : X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
                return shown is not null;
            });
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host, EnabledSslProtocols = EnrolmentWire.Protocols }, late.Token).ConfigureAwait(false);
            using X509Certificate2 leaf = shown!;
            string? greeting = await EnrolmentWire.ReadLineAsync(stream, EnrolmentWire.MaxAnswerBytes, late.Token).ConfigureAwait(false);
            if (Problem(greeting, leaf) is { } problem)
            {
                return problem;
            }

            await EnrolmentWire.WriteLineAsync(stream, EnrolmentWire.Ask + " " + deviceId + " " + code, late.Token).ConfigureAwait(false);
            string answer = await EnrolmentWire.ReadLineAsync(stream, EnrolmentWire.MaxAnswerBytes, late.Token).ConfigureAwait(false) ?? string.Empty;
            if (answer.Split(' ') is not [EnrolmentWire.Bundle, var length] || !int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out int count) || count is < 1 or > EnrolmentWire.MaxBundleBytes)
            {
                return answer switch
                {
                    EnrolmentWire.Wrong => "the code or the device id is wrong",
                    EnrolmentWire.Over => "the code is over: used, too old, or tried too often",
                    _ => "the gateway ended without an answer",
                };
            }

            byte[] bundle = new byte[count];
            await stream.ReadExactlyAsync(bundle, late.Token).ConfigureAwait(false);
            if (!IsOf(bundle, deviceId))
            {
                return "what came is no bundle of pod " + deviceId + " for this gateway";
            }

            keep(bundle);
            await EnrolmentWire.WriteLineAsync(stream, EnrolmentWire.Taken, late.Token).ConfigureAwait(false);
            string? done = await EnrolmentWire.ReadLineAsync(stream, EnrolmentWire.MaxAnswerBytes, late.Token).ConfigureAwait(false);
            return string.Equals(done, EnrolmentWire.Done, StringComparison.Ordinal) ? null : "the gateway did not confirm, and has revoked the bundle";
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException or CryptographicException or EndOfStreamException)
        {
            return e.Message.TrimEnd('.');
        }
        catch (OperationCanceledException)
        {
            return "the gateway did not answer in time";
        }
    }

    // The anchor that is pinned, and a gateway's certificate of its cart that comes from it.
    private string? Problem(string? greeting, X509Certificate2 leaf)
    {
        byte[] der = new byte[EnrolmentWire.MaxAnswerBytes];
        if (greeting?.Split(' ') is not [EnrolmentWire.Greeting, var base64] || !Convert.TryFromBase64String(base64, der, out int length))
        {
            return "no gateway answers there";
        }

        string found = Convert.ToHexStringLower(SHA256.HashData(der.AsSpan(0, length)));
        if (!string.Equals(found, pin, StringComparison.Ordinal))
        {
            return "the gateway there has the fingerprint " + found + ", not the one of --pin: it is another one, or somebody stands between";
        }

        using X509Certificate2 anchor = X509CertificateLoader.LoadCertificate(der.AsSpan(0, length));
        if (IssuingAuthority.CartOf(anchor) is not { } cart)
        {
            return "the certificate of that fingerprint is no cart's";
        }

        using CertificateVerifier verifier = new(cart, anchor.ExportCertificatePem(), string.Empty);
        CertificateFinding finding = verifier.Gateway(leaf, time.GetUtcNow());
        return finding.Verdict == CertificateVerdict.Accepted ? null : "the gateway there does not prove itself: " + finding.Detail;
    }

    private bool IsOf(byte[] bundle, string deviceId)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(bundle);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && string.Equals(document.RootElement.GetProperty("deviceId").GetString(), deviceId, StringComparison.Ordinal)
                && string.Equals(EnrolmentWire.Fingerprint(document.RootElement.GetProperty("ca").GetString() ?? string.Empty), pin, StringComparison.Ordinal);
        }
        catch (Exception e) when (e is JsonException or System.Collections.Generic.KeyNotFoundException or InvalidOperationException or CryptographicException or ArgumentException)
        {
            return false;
        }
    }
}
