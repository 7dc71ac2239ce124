using EdgeGateway.Faults;
using EdgeGateway.Faults.Yaml;
using EdgeGateway.Mqtt.Codec;
using EdgeGateway.Mqtt.Topics;
using Simulators.Peers;
using static Simulators.Cart.Scenario.ScenarioSections;

namespace Simulators.Cart.Scenario;

/// <summary>Reads how an external broker behaves.</summary>
internal static class BrokerReader
{
    private static readonly (string Word, BrokerPacket Value)[] Packets =
    [
        ("connack", BrokerPacket.Connack), ("puback", BrokerPacket.Puback), ("suback", BrokerPacket.Suback), ("pingresp", BrokerPacket.Pingresp), ("publish", BrokerPacket.Publish),
    ];

    public static BrokerDefinition Read(YamlSection map)
    {
        BrokerDefinition definition = new()
        {
            Habits = new BrokerHabits
            {
                ReceiveMaximum = map.Has("receiveMaximum") ? (ushort)map.Count("receiveMaximum", 1, 1, ushort.MaxValue) : null,
                MaximumPacketSize = map.Has("maximumPacketBytes") ? (uint)map.Count("maximumPacketBytes", 100, 100, PeerBroker.MaxPacketBytes) : null,
                RetainAvailable = map.Flag("retainAvailable", true),
                KeepsRetained = map.Flag("keepsRetained", true),
                ObeysRetainHandling = map.Flag("obeysRetainHandling", true),
                OneByteAtATime = map.Flag("oneByteAtATime", false),
                EndsConnectionsAfterUs = map.Scaled("endsConnectionsAfterS", 0, Second, 0, MaxSeconds),
                EndReason = (byte)map.Count("endReason", MqttReason.SessionTakenOver, 0, byte.MaxValue),
                EndTimes = (int)map.Count("endTimes", int.MaxValue, 1, int.MaxValue),
                PublishRefusals = map.Maps("refuses", BrokerDefinition.MaxEntries).ReadAll(Refusal),
                Lost = map.Maps("loses", BrokerDefinition.MaxEntries).ReadAll(Loss),
            },
            Retained = map.Maps("retained", BrokerDefinition.MaxEntries).ReadAll(Retained),
        };
        map.End();
        return definition;
    }

    private static PublishRefusal Refusal(YamlSection map)
    {
        PublishRefusal refusal = new(map.Text("topic", required: true) ?? "#", (byte)map.Count("reason", 128, 128, byte.MaxValue, required: true))
        {
            Times = (int)map.Count("times", int.MaxValue, 1, int.MaxValue),
            Closes = map.Flag("closes", false),
        };
        IsFilter(map, "topic", refusal.Filter);
        map.End();
        return refusal;
    }

    private static LostPackets Loss(YamlSection map)
    {
        LostPackets loss = new(map.Word("packet", BrokerPacket.Puback, Packets, required: true))
        {
            After = (int)map.Count("after", 0, 0, int.MaxValue),
            Count = (int)map.Count("count", 1, 1, int.MaxValue),
            Filter = map.Has("topic") ? map.Text("topic") ?? "#" : null,
        };
        IsFilter(map, "topic", loss.Filter ?? "#");
        map.End();
        return loss;
    }

    private static BrokerMessage Retained(YamlSection map)
    {
        string topic = map.Text("topic", required: true) ?? "a";
        BrokerMessage message = new(topic, System.Text.Encoding.UTF8.GetBytes(map.Text("payload", required: true) ?? string.Empty));
        if (topic.Length > 0 && !MqttTopics.IsValidName(topic))
        {
            map.Error(FaultCodes.ScenarioOutOfRange, "topic", $"'{topic}' is no topic name");
        }

        map.End();
        return message;
    }

    private static void IsFilter(YamlSection map, string key, string filter)
    {
        if (filter.Length > 0 && !MqttTopics.IsValidFilter(filter))
        {
            map.Error(FaultCodes.ScenarioOutOfRange, key, $"'{filter}' is no topic filter");
        }
    }
}
