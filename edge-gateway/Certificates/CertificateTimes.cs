using System;

namespace EdgeGateway.Certificates;

/// <summary>How long certificates are valid.</summary>
public static class CertificateTimes
{
    /// <summary>A certificate is valid from this long before its issue: a clock that is somewhat back must not refuse it.</summary>
    public static readonly TimeSpan Before = TimeSpan.FromDays(2);

    /// <summary>A root. Assumption: longer than a cart is in use.</summary>
    public static readonly TimeSpan Root = TimeSpan.FromDays(7300);

    /// <summary>The certificate of a cart's issuing key.</summary>
    public static readonly TimeSpan Issuing = TimeSpan.FromDays(365);

    /// <summary>A pod's.</summary>
    public static readonly TimeSpan Pod = TimeSpan.FromDays(730);

    /// <summary>Any other's.</summary>
    public static readonly TimeSpan Other = TimeSpan.FromDays(365);

    /// <summary>How long a leaf of a role is valid from its issue.</summary>
    /// <param name="role">The role.</param>
    /// <returns>The time.</returns>
    public static TimeSpan Of(CertificateRole role) => role == CertificateRole.Pod ? Pod : Other;

    /// <summary>When a certificate is to be renewed: after two thirds of its life.</summary>
    /// <param name="notBefore">Its first moment.</param>
    /// <param name="notAfter">Its last moment.</param>
    /// <returns>The moment.</returns>
    public static DateTimeOffset RenewalOf(DateTimeOffset notBefore, DateTimeOffset notAfter) => notBefore + ((notAfter - notBefore) * 2 / 3);

    /// <summary>Whole days left.</summary>
    /// <param name="notAfter">The last moment.</param>
    /// <param name="now">Now.</param>
    /// <returns>Negative when it has expired.</returns>
    public static int DaysLeft(DateTimeOffset notAfter, DateTimeOffset now) => (int)Math.Floor((notAfter - now).TotalDays);
}
