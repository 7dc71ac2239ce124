using System;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core;

/// <summary>Puts together what takes in pods' readings.</summary>
internal sealed class GatewayIngest
{
    /// <summary>Puts it together.</summary>
    /// <param name="services">Journal, projections, clock and log.</param>
    /// <param name="options">How to take in.</param>
    /// <param name="server">Where pods are connected.</param>
    /// <param name="pods">The pods.</param>
    /// <param name="sayStored">Says to a pod that a message which came again is stored.</param>
    public GatewayIngest(GatewayServices services, GatewayOptions options, IMqttServer server, Pods pods, Action<Pod, byte[]> sayStored)
    {
        SessionBinder binder = new(services.Sessions, services.Time, services.Boots, services.Delivery);
        UnstoredReadings unstored = new(services.Own, services.Clock);
        Proof = new FrameProof(services.Crc32, services.Own, services.Sessions);
        Gaps = new SequenceGaps(services.Deduplication, pods, services.Own, services.Issues, options);
        Frames = new FrameIntake(services.Deduplication, binder, services.Sessions, services.Writer, unstored, Gaps, options.Production);
        Messages = new PodIngest(server, pods, sayStored, Proof, Frames, unstored, services.Writer, services.Issues, services.Clock, options.MaxHeldMessages);
    }

    public PodIngest Messages { get; }

    public FrameProof Proof { get; }

    public FrameIntake Frames { get; }

    public SequenceGaps Gaps { get; }
}
