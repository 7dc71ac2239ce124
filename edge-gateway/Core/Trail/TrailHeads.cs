using System.Text.Json;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Readings;
using EdgeGateway.Journal.Trail;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core.Trail;

/// <summary>
/// Publishes the trail's head with each session's close, on <c>session/{session}/trail</c>: whoever keeps it can later tell whether the cart's trail up to there is still the same (<c>cartctl audit verify --head</c>).
/// </summary>
internal sealed class TrailHeads(ActRecorder acts, ISessionLink link, string topicRoot) : IGatewayPart
{
    /// <summary>Closes that wait for the disk or for the broker; the oldest give way, since a newer head covers them.</summary>
    public const int MaxWaiting = 16;

    private const long PeriodUs = 50_000;

    private readonly JsonOutput _json = new();

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        while (acts.Closed.Count > MaxWaiting)
        {
            acts.Closed.Dequeue();
        }

        while (acts.Trail is { } trail && acts.Closed.TryPeek(out (string Session, long Ticket) closed))
        {
            if (closed.Ticket == 0)
            {
                acts.Closed.Dequeue(); // it is not in the trail: there is no head with it
                continue;
            }

            if (trail.WrittenTicket < closed.Ticket || !link.IsUp || !link.TryPublish(Message(closed.Session, trail.Head), 0, nowUs))
            {
                return nowUs + PeriodUs;
            }

            acts.Closed.Dequeue();
        }

        return long.MaxValue;
    }

    private MqttMessage Message(string session, TrailHead head)
    {
        Utf8JsonWriter json = _json.Begin();
        json.WriteStartObject();
        json.WriteNumber("v"u8, 1);
        json.WriteText("session"u8, session);
        json.WriteNumber("index"u8, head.Index);
        json.WriteText("hash"u8, head.Hash);
        json.WriteEndObject();
        return new MqttMessage
        {
            Topic = topicRoot + "session/" + session + "/trail",
            Payload = _json.ToBytes(),
            Qos = MqttQos.AtLeastOnce,
            Properties = new MqttPublishProperties { ContentType = ReadingMessage.JsonContentType, PayloadIsUtf8 = true },
        };
    }
}
