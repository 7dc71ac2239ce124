using System;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Certificates;
using EdgeGateway.Core;
using EdgeGateway.Gateway.Hosting;
using Microsoft.Extensions.Hosting;

namespace EdgeGateway.Gateway.Security;

/// <summary>Looks at the certificate of the pages each second, and tells health of it.</summary>
internal sealed class WebCertificateWatch(WebCertificate certificate, Func<GatewayService> gateway, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            certificate.Refresh(out string? unusable);
            string? missing = certificate.MissingName;
            GatewayService service = gateway();
            service.Loop.TryPost(() =>
            {
                if (service.Core is { IsReady: true } core)
                {
                    core.Peers.WebCertificate(unusable, missing);
                    core.Peers.ShowWeb(HealthOf("web", certificate.Shown.TargetCertificate, time.GetUtcNow()));
                }
            });
        }
    }

    /// <summary>A certificate as health shows it.</summary>
    /// <param name="what">Which one.</param>
    /// <param name="shown">The certificate.</param>
    /// <param name="utc">Now.</param>
    /// <returns>Its line.</returns>
    public static CertificateHealth HealthOf(string what, X509Certificate2 shown, DateTimeOffset utc)
    {
        DateTimeOffset notAfter = new(shown.NotAfter.ToUniversalTime());
        return new CertificateHealth(what, notAfter, CertificateTimes.DaysLeft(notAfter, utc), Convert.ToHexStringLower(SHA256.HashData(shown.RawData)));
    }
}
