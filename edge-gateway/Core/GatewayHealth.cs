using EdgeGateway.Core.Access;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Ingest;

namespace EdgeGateway.Core;

/// <summary>Puts together what finds what is not well.</summary>
internal sealed class GatewayHealth
{
    /// <summary>Puts it together.</summary>
    /// <param name="services">Journal, projections, clock and log.</param>
    /// <param name="options">Which broker, which devices.</param>
    /// <param name="life">How far the gateway is.</param>
    /// <param name="pods">The pods.</param>
    /// <param name="delivery">How far delivery is.</param>
    public GatewayHealth(GatewayServices services, GatewayOptions options, GatewayLife life, Pods pods, GatewayDelivery delivery)
    {
        GatewayServices s = services;
        Disk = new DiskHealth(s.Journal, s.Own, s.Issues, s.Log);
        Followers followers = new(s.Sessions, s.Clock, s.Log, s.TopicRoot, ListenerAccess.IsBedsidePage);
        PodChecks ofPods = new(pods, s.Sessions, s.Delivery, s.Time, s.Issues, s.Clock, s.Log, options);
        SessionChecks ofSession = new(s.Sessions, s.Delivery, s.Reader, followers, s.Issues);
        Checks = new HealthChecks(
            () => HealthFacts.Of(life, s.Journal, Disk, options, delivery.Link, delivery.Progress, s.Sessions, delivery.Acknowledged),
            ofPods,
            ofSession,
            followers,
            s.Issues,
            s.Clock,
            s.Log);
    }

    public DiskHealth Disk { get; }

    public HealthChecks Checks { get; }
}
