using System;
using EdgeGateway.Mqtt;

namespace Simulators.Cart.Gateway;

/// <summary>A server that shows what its host publishes.</summary>
internal sealed class TappedServer(IMqttServer server, Action<MqttMessage> published) : IMqttServer
{
    public IMqttServerConnection Accept(IMqttConnection connection, string remote, MqttPeerCertificate? certificate, long nowUs) =>
        server.Accept(connection, remote, certificate, nowUs);

    public void Publish(in MqttMessage message, long ticket, long nowUs)
    {
        published(message);
        server.Publish(message, ticket, nowUs);
    }

    public void Acknowledge(long token, byte reasonCode, long nowUs) => server.Acknowledge(token, reasonCode, nowUs);

    public bool HasSubscriptions(string clientId) => server.HasSubscriptions(clientId);

    public void Disconnect(string clientId, byte reasonCode, long nowUs) => server.Disconnect(clientId, reasonCode, nowUs);

    public long Step(long nowUs) => server.Step(nowUs);
}

/// <summary>A client that shows what it publishes.</summary>
internal sealed class TappedClient(IMqttClient client, Action<MqttMessage> published) : IMqttClient
{
    public bool IsConnected => client.IsConnected;

    public int InFlight => client.InFlight;

    public MqttServerLimits ServerLimits => client.ServerLimits;

    public MqttLossKind LastLoss => client.LastLoss;

    public long UnansweredSinceUs => client.UnansweredSinceUs;

    public void Open(IMqttConnection connection, long nowUs) => client.Open(connection, nowUs);

    public void Received(ReadOnlySpan<byte> bytes, long nowUs) => client.Received(bytes, nowUs);

    public void Closed(long nowUs) => client.Closed(nowUs);

    public bool TryPublish(in MqttMessage message, long ticket, long nowUs)
    {
        if (!client.TryPublish(message, ticket, nowUs))
        {
            return false;
        }

        published(message);
        return true;
    }

    public void Subscribe(string filter, MqttQos qos, long nowUs) => client.Subscribe(filter, qos, nowUs);

    public void Subscribe(string filter, MqttQos qos, MqttSubscribeOptions options, long nowUs) => client.Subscribe(filter, qos, options, nowUs);

    public void Acknowledge(long token, long nowUs) => client.Acknowledge(token, nowUs);

    public void Disconnect(long nowUs) => client.Disconnect(nowUs);

    public long Step(long nowUs) => client.Step(nowUs);
}
