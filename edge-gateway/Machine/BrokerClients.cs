using EdgeGateway.Core;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.MqttNet;

namespace EdgeGateway.Machine;

/// <summary>Makes the client towards the session's broker that the configuration names.</summary>
public static class BrokerClients
{
    /// <summary>Makes one.</summary>
    /// <param name="kind">Whose.</param>
    /// <param name="options">How to be a client.</param>
    /// <param name="handler">The application behind it.</param>
    /// <param name="loop">The loop on which it is called, and on which it calls.</param>
    /// <returns>The client, not connected.</returns>
    public static IMqttClient Make(BrokerClientKind kind, MqttClientOptions options, IMqttClientHandler handler, IMqttLoop loop) =>
        kind == BrokerClientKind.MqttNet ? new MqttNetClient(options, handler, loop) : new MqttClient(options, handler);
}
