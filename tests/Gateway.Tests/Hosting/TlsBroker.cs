using System;
using System.IO;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using Gateway.Tests.Security;

namespace Gateway.Tests.Hosting;

/// <summary>A server over TLS that says what it is told, and never speaks MQTT.</summary>
internal sealed class TlsBroker : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _serving;

    public TlsBroker(X509Certificate2 certificate, CertificateFixture files, bool wantsClient)
    {
        _listener.Start();
        _serving = ServeAsync(certificate, files, wantsClient);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
    }

    private async Task ServeAsync(X509Certificate2 certificate, CertificateFixture files, bool wantsClient)
    {
        X509ChainPolicy trust = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.ImportFromPem(files.RootPem);
        trust.ExtraStore.ImportFromPem(files.IssuingPem);
        while (true)
        {
            try
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync();
                using SslStream stream = new(client.GetStream());
                await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate, ClientCertificateRequired = wantsClient, CertificateChainPolicy = trust });
                byte[] heard = new byte[64];
                int count = await stream.ReadAsync(heard);
                await stream.WriteAsync(heard.AsMemory(0, count));
                while (await stream.ReadAsync(heard) > 0)
                {
                }
            }
            catch (Exception e) when (e is IOException or AuthenticationException)
            {
                // That peer is gone; the next one.
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException)
            {
                return;
            }
        }
    }
}
