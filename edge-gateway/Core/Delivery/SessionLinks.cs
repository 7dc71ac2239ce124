using System;
using EdgeGateway.Core.Access;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core.Delivery;

/// <summary>Sent how a ticket was settled: 0, 0x10 for no matching subscribers, or an MQTT 5 reason code from 0x80.</summary>
internal delegate void TicketSettled(long ticket, byte reasonCode);

/// <summary>A message for the gateway from the session's side. The payload is valid during the call only.</summary>
/// <param name="message">The message.</param>
/// <param name="acknowledge">Called when it may be acknowledged.</param>
internal delegate void SessionMessage(in MqttMessage message, Action acknowledge);

/// <summary>Who is told what happens on the way to an external broker.</summary>
/// <param name="Settled">A ticket was settled.</param>
/// <param name="Message">The broker brings a message for the gateway.</param>
/// <param name="Up">The broker took the connection.</param>
/// <param name="Down">The connection is gone.</param>
internal sealed record LinkEvents(TicketSettled Settled, SessionMessage Message, Action Up, Action Down);

/// <summary>The way to the session's broker, embedded or not.</summary>
internal interface ISessionLink
{
    /// <summary>True when messages can be handed over.</summary>
    bool IsUp { get; }

    /// <summary>What the broker takes; of the last connection while there is none.</summary>
    MqttServerLimits Limits => MqttServerLimits.None;

    /// <summary>Connections made since the start; 0 where none are made.</summary>
    long Connections => 0;

    /// <summary>Why the last attempt or connection ended, English; empty before any has.</summary>
    string LastFailure => string.Empty;

    /// <summary>Hands over a message at QoS 1.</summary>
    /// <param name="message">The message.</param>
    /// <param name="ticket">Above 0: settled later. 0: not reported.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False when it cannot be taken now.</returns>
    bool TryPublish(in MqttMessage message, long ticket, long nowUs);

    /// <summary>Shows a message to the cart's own page, which takes no part in delivery.</summary>
    /// <param name="message">The message.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void View(in MqttMessage message, long nowUs);

    /// <summary>Connection attempts and protocol deadlines.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next.</returns>
    long Step(long nowUs);

    /// <summary>Ends cleanly.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Stop(long nowUs);
}

/// <summary>The embedded endpoint: the gateway's own server, to which the session's subscribers connect.</summary>
internal sealed class EmbeddedLink : ISessionLink
{
    private readonly IMqttServer _server;

    public EmbeddedLink(IMqttServer server) => _server = server;

    public bool IsUp => true;

    public bool TryPublish(in MqttMessage message, long ticket, long nowUs)
    {
        _server.Publish(message, ticket, nowUs);
        return true;
    }

    public void View(in MqttMessage message, long nowUs) => _server.Publish(message with { Qos = MqttQos.AtMostOnce, Retain = false }, -1, nowUs);

    public long Step(long nowUs) => long.MaxValue;

    public void Stop(long nowUs)
    {
    }
}

/// <summary>
/// An external broker, with a copy at QoS 0 of what it was handed for the cart's own page, which listens here. The copy settles nothing.
/// </summary>
internal sealed class MirroredLink : ISessionLink
{
    private readonly ISessionLink _link;
    private readonly IMqttServer _server;
    private readonly ListenerAccess _listeners;

    public MirroredLink(ISessionLink link, IMqttServer server, ListenerAccess listeners)
    {
        _link = link;
        _server = server;
        _listeners = listeners;
    }

    public bool IsUp => _link.IsUp;

    public MqttServerLimits Limits => _link.Limits;

    public long Connections => _link.Connections;

    public string LastFailure => _link.LastFailure;

    public bool TryPublish(in MqttMessage message, long ticket, long nowUs)
    {
        if (!_link.TryPublish(message, ticket, nowUs))
        {
            return false;
        }

        // Retained ones are kept for a page that comes later.
        if (message.Retain || _listeners.Count > 0)
        {
            _server.Publish(message with { Qos = MqttQos.AtMostOnce }, 0, nowUs);
        }

        return true;
    }

    public void View(in MqttMessage message, long nowUs) => _server.Publish(message with { Qos = MqttQos.AtMostOnce, Retain = false }, -1, nowUs);

    public long Step(long nowUs) => _link.Step(nowUs);

    public void Stop(long nowUs) => _link.Stop(nowUs);
}
