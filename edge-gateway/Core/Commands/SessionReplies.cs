using System;
using System.Text.Json;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core.Commands;

/// <summary>Where the answer to a request of the session's side goes.</summary>
/// <param name="Id">The request's id, 1 to 64 of A-Z a-z 0-9 '_' '-'.</param>
/// <param name="ResponseTopic">The topic it asks for (MQTT 5.0, 4.10), below the cart's replies; null for <c>reply/{id}</c>.</param>
/// <param name="CorrelationData">What the answer carries back (MQTT 5.0, 4.10); empty when there is nothing.</param>
internal readonly record struct ReplyAddress(string Id, string? ResponseTopic, ReadOnlyMemory<byte> CorrelationData);

/// <summary>Answers requests of the session's side.</summary>
internal sealed class SessionReplies(ISessionLink link, GatewayClock clock, CodedLog log, string topicRoot)
{
    private readonly JsonOutput _json = new();

    /// <summary>Sends an answer; one that cannot be sent is named in the log.</summary>
    /// <param name="to">Where it goes.</param>
    /// <param name="session">The session that the request named; may be empty.</param>
    /// <param name="command">The command's word.</param>
    /// <param name="code">Null when it was done.</param>
    /// <param name="text">What happened; may be empty.</param>
    /// <param name="count">A replay's count of readings; null for none.</param>
    public void Send(in ReplyAddress to, string session, string command, string? code, string text, long? count = null)
    {
        Utf8JsonWriter json = _json.Begin();
        json.WriteStartObject();
        json.WriteNumber("v"u8, 1);
        json.WriteText("id"u8, to.Id);
        json.WriteText("command"u8, command);
        json.WriteText("session"u8, session);
        json.WriteBoolean("ok"u8, code is null);
        json.WriteText("code"u8, code);
        json.WriteText("text"u8, text.Length == 0 ? null : text);
        if (count is { } number)
        {
            json.WriteNumber("count"u8, number);
        }

        json.WriteEndObject();
        MqttMessage message = new()
        {
            Topic = to.ResponseTopic ?? (topicRoot + "reply/" + to.Id),
            Payload = _json.ToBytes(),
            Qos = MqttQos.AtLeastOnce,
            Properties = new MqttPublishProperties
            {
                ContentType = ReadingMessage.JsonContentType,
                PayloadIsUtf8 = true,
                CorrelationData = to.CorrelationData,
            },
        };
        if (!link.TryPublish(message, 0, clock.NowUs))
        {
            // Commands are idempotent: who has no answer asks again.
            log.Write(FaultCodes.AnswerNotSent, "the answer to request " + to.Id + " could not be sent", HealthSubject.Gateway);
        }
    }
}
