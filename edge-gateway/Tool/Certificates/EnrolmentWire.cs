using System;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace EdgeGateway.Tool.Certificates;

/// <summary>
/// The words between the gateway and the computer that fetches a pod's bundle, each one line of ASCII inside TLS: the gateway says <c>cart-enrol-1 &lt;anchor, base64&gt;</c>, the computer
/// <c>enrol &lt;device id&gt; &lt;code&gt;</c>, the gateway <c>bundle &lt;bytes&gt;</c> and the bundle, or <c>wrong</c>, or <c>over</c>; the computer <c>taken</c>, the gateway <c>done</c>. Nothing secret is sent by the computer before the
/// gateway's certificate is proven to come from the anchor whose fingerprint its console showed.
/// </summary>
internal static class EnrolmentWire
{
    public const string Greeting = "cart-enrol-1";
    public const string Ask = "enrol";
    public const string Bundle = "bundle";
    public const string Wrong = "wrong";
    public const string Over = "over";
    public const string Taken = "taken";
    public const string Done = "done";

    /// <summary>Longest line of the computer, bytes.</summary>
    public const int MaxRequestBytes = 64;

    /// <summary>Longest line of the gateway, bytes.</summary>
    public const int MaxAnswerBytes = 4096;

    /// <summary>Longest bundle, bytes; cart-flash takes no longer one.</summary>
    public const int MaxBundleBytes = 64 * 1024;

    /// <summary>How long a peer may take for all that it has to say.</summary>
    public static readonly TimeSpan PeerTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Both sides' versions of TLS.</summary>
    public const SslProtocols Protocols = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>The fingerprint of a certificate.</summary>
    /// <param name="pem">PEM.</param>
    /// <returns>SHA-256 of its DER, 64 lower-case hexadecimal digits.</returns>
    public static string Fingerprint(string pem)
    {
        using X509Certificate2 certificate = X509Certificate2.CreateFromPem(pem);
        return Convert.ToHexStringLower(SHA256.HashData(certificate.RawData));
    }

    /// <summary>Writes a line.</summary>
    public static async Task WriteLineAsync(SslStream stream, string line, CancellationToken cancellation)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(line + "\n"), cancellation).ConfigureAwait(false);
        await stream.FlushAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Reads a line.</summary>
    /// <returns>Without its end; null when the peer ends before, or says more.</returns>
    public static async Task<string?> ReadLineAsync(SslStream stream, int most, CancellationToken cancellation)
    {
        byte[] line = new byte[most];
        for (int count = 0; count < most; count++)
        {
            if (await stream.ReadAsync(line.AsMemory(count, 1), cancellation).ConfigureAwait(false) == 0)
            {
                return null;
            }

            if (line[count] == (byte)'\n')
            {
                return Encoding.ASCII.GetString(line, 0, count);
            }
        }

        return null;
    }
}
