using System;
using System.Text.Json;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core.Retained;

/// <summary>Publishes what is retained of a session: one JSON object at a time, each on a topic of its own.</summary>
/// <param name="link">The way to the session's broker.</param>
/// <param name="pages">With an external broker: takes retained messages for the cart's own pages while the broker is away; else null.</param>
/// <param name="topics">The session's topics.</param>
/// <param name="json">For one JSON text at a time.</param>
internal sealed class RetainedPublisher(ISessionLink link, Action<MqttMessage>? pages, ReadingTopics topics, JsonOutput json)
{
    /// <summary>True when a message can go out, if only to the cart's own pages.</summary>
    public bool CanPublish => link.IsUp || pages is not null;

    /// <summary>True when the gateway's own endpoint keeps what is retained.</summary>
    public bool IsEmbedded => pages is null;

    /// <summary>Begins an object with its version.</summary>
    /// <returns>The writer, inside the object.</returns>
    public Utf8JsonWriter Begin()
    {
        Utf8JsonWriter writer = json.Begin();
        writer.WriteStartObject();
        writer.WriteNumber("v"u8, 1);
        return writer;
    }

    /// <summary>Begins an object with its version and session.</summary>
    /// <param name="session">The session.</param>
    /// <returns>The writer, inside the object.</returns>
    public Utf8JsonWriter Begin(Session session)
    {
        Utf8JsonWriter writer = Begin();
        writer.WriteString("session"u8, session.Id);
        return writer;
    }

    /// <summary>Publishes the object that was begun last, and has ended.</summary>
    /// <param name="session">The session.</param>
    /// <param name="name">Its topic below the session's.</param>
    /// <param name="expirySeconds">How long a broker keeps it; null for as long as it will.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False when the link cannot take it now.</returns>
    public bool TryPublish(Session session, string name, uint? expirySeconds, long nowUs)
    {
        MqttMessage message = new()
        {
            Topic = topics.RootOf(session) + name,
            Payload = json.ToBytes(),
            IsPayloadImmutable = true,
            Qos = MqttQos.AtLeastOnce,
            Retain = true,
            Properties = new MqttPublishProperties
            {
                ContentType = ReadingMessage.JsonContentType,
                PayloadIsUtf8 = true,
                MessageExpirySeconds = expirySeconds,
            },
        };
        if (!link.IsUp && pages is not null)
        {
            // The broker gets it when it is back; the page beside the patient does not wait.
            pages(message);
            return true;
        }

        return link.TryPublish(message, 0, nowUs);
    }
}
