using System.Text;

namespace EdgeGateway.Mqtt.MqttNet;

/// <summary>How long a PUBLISH will be on the wire, so that what exceeds the server's Maximum Packet Size is never given to MQTTnet, which would send it.</summary>
internal static class PublishLength
{
    /// <summary>The length of a PUBLISH without topic alias. Source: MQTT 5.0, 3.3; MQTT 3.1.1, 3.3.</summary>
    /// <param name="message">The message.</param>
    /// <param name="version">Protocol level; under 3.1.1 there are no properties.</param>
    /// <returns>Bytes with the fixed header.</returns>
    public static long Of(in MqttMessage message, MqttVersion version)
    {
        long remaining = Text(message.Topic) + (message.Qos == MqttQos.AtMostOnce ? 0 : 2) + message.Payload.Length;
        if (version == MqttVersion.V5)
        {
            long properties = Properties(message.Properties);
            remaining += VariableLength(properties) + properties;
        }

        return 1 + VariableLength(remaining) + remaining;
    }

    private static long Properties(MqttPublishProperties? properties)
    {
        if (properties is null)
        {
            return 0;
        }

        long length = (properties.PayloadIsUtf8 ? 2 : 0) + (properties.MessageExpirySeconds is not null ? 5 : 0)
            + (properties.ContentType is { } type ? 1 + Text(type) : 0) + (properties.ResponseTopic is { } topic ? 1 + Text(topic) : 0)
            + (properties.CorrelationData.IsEmpty ? 0 : 3 + properties.CorrelationData.Length);
        foreach ((string name, string value) in properties.UserProperties)
        {
            length += 1 + Text(name) + Text(value);
        }

        return length;
    }

    private static long Text(string text) => 2 + Encoding.UTF8.GetByteCount(text);

    private static int VariableLength(long value) => value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4;
}
