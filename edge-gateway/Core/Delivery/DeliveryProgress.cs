using System;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;

namespace EdgeGateway.Core.Delivery;

/// <summary>How far delivery is: what others ask of it.</summary>
/// <param name="delivery">What the journal says of it.</param>
/// <param name="deduplication">What was stored.</param>
/// <param name="journal">The journal's end.</param>
/// <param name="cursors">Where each stream stands.</param>
/// <param name="window">What is under way.</param>
/// <param name="windowSize">Most readings under way.</param>
internal sealed class DeliveryProgress(
    DeliveryProjection delivery, DeduplicationProjection deduplication, JournalReader journal, DeliveryCursors cursors, DeliveryWindow window, int windowSize) : IGatewayPart
{
    private long _beginIndex;

    /// <summary>Readings that were handed over and whose mark is not on the disk.</summary>
    public int InFlight => window.Count;

    /// <summary>False when the newest answers say that nobody takes anything of a session.</summary>
    public bool HasSubscriber(uint session) => !cursors.Sessions.TryGetValue(session, out SessionDelivery? state) || !state.HasNoSubscriber;

    /// <summary>Highest journal index of a key that was handed to the link or settled.</summary>
    public long PublishedIndex(DeliveryKey key) =>
        Math.Max(delivery.Find(key)?.SettledIndex ?? 0, cursors.Find(key)?.Published ?? 0);

    /// <summary>Highest number of a stream that a consumer of its session can have.</summary>
    /// <returns>The number; 0 when nothing was sent.</returns>
    public uint SentThrough(DeliveryKey key)
    {
        if (delivery.Find(key) is not { } marks)
        {
            return 0;
        }

        StreamDelivery? stream = cursors.Find(key);
        uint sent = Math.Max(marks.SentThrough, stream?.HighestSequence ?? 0);

        // What was on its way when an earlier start of the gateway ended may have arrived; that much is not known here.
        long before = marks.FirstIndex <= _beginIndex ? (stream?.BeganAfter ?? marks.SentThrough) + (long)windowSize : 0;
        long stored = deduplication.Find(key.Stream)?.High ?? 0;
        return (uint)Math.Max(sent, Math.Min(before, stored));
    }

    /// <inheritdoc/>
    public void Begin(long nowUs) => _beginIndex = journal.LastIndex;
}
