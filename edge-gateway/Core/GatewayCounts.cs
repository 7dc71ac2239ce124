using System;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Sound;
using EdgeGateway.Core.Time;

namespace EdgeGateway.Core;

/// <summary>Reads the counts of the parts; each part counts its own.</summary>
/// <param name="ingest">What was taken in.</param>
/// <param name="delivery">What was sent.</param>
/// <param name="receipts">What was received.</param>
/// <param name="clocks">Which clock requests were answered.</param>
/// <param name="sound">What was heard live.</param>
/// <param name="refused">Connections, subscriptions and publications refused.</param>
internal sealed class GatewayCounts(GatewayIngest ingest, GatewayDelivery delivery, ReceiptIntake receipts, ClockAnswers clocks, LiveSound sound, Func<long> refused)
{
    /// <summary>The counts of live sound.</summary>
    public LiveSoundCounts LiveSound => sound.Counts;

    /// <summary>The counts of this moment.</summary>
    /// <returns>A copy.</returns>
    public GatewayCounters Read() => new()
    {
        Messages = ingest.Messages.Messages,
        Frames = ingest.Frames.Stored,
        Duplicates = ingest.Frames.Duplicates,
        RefusedParts = ingest.Proof.RefusedParts,
        HeldOverflows = ingest.Messages.HeldOverflows,
        Published = delivery.Publisher.Published + delivery.Corrections.Published,
        Acknowledged = delivery.Acknowledged,
        NoSubscriber = delivery.Answers.NoSubscriber,
        Corrections = delivery.Corrections.Published,
        Replayed = delivery.Replays.Replayed,
        UplinkConnections = delivery.Link.Connections,
        Receipts = receipts.Taken,
        ClockReplies = clocks.Sent,
        AccessRefused = refused(),
    };
}
