using EdgeGateway.Core.Retained;

namespace EdgeGateway.Core.Delivery;

/// <summary>Notices that somebody of the session's side spoke, which an external broker's subscriptions do not tell.</summary>
internal sealed class Consumers(RetainedTopics retained, StreamDescriptions descriptions, Uplink uplink)
{
    /// <summary>A consumer spoke.</summary>
    /// <param name="consumer">Its name.</param>
    /// <param name="asksForAll">True when it says itself that it has just come.</param>
    public void Seen(string consumer, bool asksForAll)
    {
        if (retained.ConsumerSeen(consumer, asksForAll))
        {
            descriptions.Clear();
            uplink.SubscriberAppeared();
        }
    }
}
