using System;
using EdgeGateway.Core.Time;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core.Readings;

/// <summary>A reading made ready for the session's broker.</summary>
/// <param name="Payload">Its JSON, or its frame bit for bit; nobody changes these bytes.</param>
/// <param name="Time">When it was measured.</param>
/// <param name="IsJson">True for JSON.</param>
/// <param name="Properties">The message's properties.</param>
internal readonly record struct ReadingMessage(ReadOnlyMemory<byte> Payload, ReadingTime Time, bool IsJson, MqttPublishProperties Properties)
{
    /// <summary>Content type of a frame as it is.</summary>
    public const string FrameContentType = "application/vnd.cart.frame";

    /// <summary>Content type of JSON.</summary>
    public const string JsonContentType = "application/json";

    /// <summary>The message itself.</summary>
    /// <param name="topic">Its topic.</param>
    /// <returns>The message.</returns>
    public MqttMessage Message(string topic) => new()
    {
        Topic = topic,
        Payload = Payload,
        IsPayloadImmutable = true,
        Qos = MqttQos.AtLeastOnce,
        Properties = Properties,
    };
}
