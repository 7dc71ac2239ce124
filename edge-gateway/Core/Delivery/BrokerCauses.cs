using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Codec;

namespace EdgeGateway.Core.Delivery;

/// <summary>Why a broker ended or refused a connection, as a code whose advice fits.</summary>
public static class BrokerCauses
{
    /// <summary>The code for a loss.</summary>
    /// <param name="kind">Who ended the connection.</param>
    /// <param name="reason">MQTT 5 reason code; 0 for none.</param>
    /// <returns>A code of hardware/faults.json; null when the broker just cannot be reached, which is nobody's refusal.</returns>
    public static string? CodeOf(MqttLossKind kind, byte reason) => kind switch
    {
        MqttLossKind.Unanswered => FaultCodes.BrokerNotAnswering,
        MqttLossKind.Silent when reason == MqttReason.ServerUnavailable => FaultCodes.BrokerNotAnswering, // no CONNACK; a ping without answer is the network's
        MqttLossKind.BrokenProtocol => FaultCodes.BrokerProtocolUnsupported,
        MqttLossKind.Refused or MqttLossKind.Disconnected => reason switch
        {
            MqttReason.UnsupportedProtocolVersion => FaultCodes.BrokerProtocolUnsupported,
            MqttReason.BadUserNameOrPassword or MqttReason.BadAuthenticationMethod => FaultCodes.BrokerLoginRefused,
            MqttReason.NotAuthorized or MqttReason.ClientIdentifierNotValid => FaultCodes.BrokerNotAuthorized,
            MqttReason.Banned or MqttReason.ConnectionRateExceeded => FaultCodes.BrokerBanned,
            MqttReason.ServerUnavailable or MqttReason.ServerBusy or MqttReason.ServerShuttingDown or MqttReason.QuotaExceeded => FaultCodes.BrokerBusy,
            MqttReason.PacketTooLarge => FaultCodes.BrokerPacketTooLarge,
            MqttReason.UseAnotherServer or MqttReason.ServerMoved => FaultCodes.BrokerUseAnotherServer,
            MqttReason.SessionTakenOver => FaultCodes.ClientIdTakenOver,
            MqttReason.KeepAliveTimeout or < 0x80 => null,
            _ => FaultCodes.BrokerRefusedConnection,
        },
        _ => null,
    };
}
