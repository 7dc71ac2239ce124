using System;
using System.Collections.Generic;
using EdgeGateway.Core.Health;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core.Delivery;

/// <summary>
/// The way to an external broker, fitted to what that broker supports (MQTT 5.0, 3.2.2.3.4 and 3.2.2.3.5): to one that retains nothing, messages go
/// unretained; to one that takes QoS 0 alone, they go at QoS 0 and count as sent when the connection has taken them. Both are reported once in health.
/// </summary>
internal sealed class FittedLink : ISessionLink
{
    /// <summary>Most topics remembered as refused; further ones are not reported.</summary>
    private const int MaxRefused = 64;

    private const byte RetainNotSupported = 0x9A;
    private const byte QosNotSupported = 0x9B;

    private readonly ISessionLink _link;
    private readonly HealthIssues _issues;
    private readonly TicketSettled _settled;
    private readonly HealthSubject _broker;
    private readonly SortedDictionary<string, string> _refused = new(StringComparer.Ordinal);
    private long _current = -1;
    private byte _answer;
    private bool _tellsRetain;
    private bool _tellsQos;

    /// <summary>Makes it.</summary>
    /// <param name="link">The connection.</param>
    /// <param name="broker">The broker.</param>
    /// <param name="issues">Sent what the broker does not support.</param>
    /// <param name="settled">Sent what became of messages at QoS 0.</param>
    public FittedLink(ISessionLink link, ExternalBroker broker, HealthIssues issues, TicketSettled settled)
    {
        _link = link;
        _issues = issues;
        _settled = settled;
        _broker = HealthSubject.Broker(broker);
    }

    public bool IsUp => _link.IsUp;

    public long Connections => _link.Connections;

    public string LastFailure => _link.LastFailure;

    /// <summary>False while the broker is known to retain nothing.</summary>
    public bool Retains { get; private set; } = true;

    /// <summary>True while the broker is known to take QoS 0 alone.</summary>
    public bool IsAtMostOnce { get; private set; }

    /// <summary>Another connection: what the broker supports is asked again.</summary>
    public void LinkUp()
    {
        Retains = true;
        IsAtMostOnce = false;
    }

    /// <summary>Looks at an answer before its owner does.</summary>
    /// <returns>True when the message is sent again in another form, and its owner is not to be told.</returns>
    public bool TryFit(long ticket, byte reasonCode)
    {
        if (ticket != _current)
        {
            return false;
        }

        _answer = reasonCode;
        return reasonCode is RetainNotSupported or QosNotSupported || ticket == 0;
    }

    public bool TryPublish(in MqttMessage message, long ticket, long nowUs)
    {
        // Once for each of the two limits, and once in the form that remains.
        for (int attempt = 0; attempt < 3; attempt++)
        {
            MqttMessage fitted = message with
            {
                Retain = message.Retain && Retains,
                Qos = IsAtMostOnce ? MqttQos.AtMostOnce : message.Qos,
            };
            _current = ticket;
            _answer = 0;
            bool taken = _link.TryPublish(fitted, ticket, nowUs);
            _current = -1;
            if (!taken)
            {
                return false;
            }

            if (_answer == RetainNotSupported && Retains)
            {
                Retains = false;
                _tellsRetain = true;
                _issues.Set(true, FaultCodes.BrokerRetainUnsupported, _broker, "state, set, devices and descriptions go out unretained");
            }
            else if (_answer == QosNotSupported && !IsAtMostOnce)
            {
                IsAtMostOnce = true;
                _tellsQos = true;
                _issues.Set(true, FaultCodes.BrokerQosOneUnsupported, _broker, "readings go out at QoS 0 and count as sent when the connection has taken them");
            }
            else
            {
                Sent(fitted);
                if (ticket == 0)
                {
                    TellRefused(fitted.Topic);
                }

                // What the client discards it has settled itself.
                if (fitted.Qos == MqttQos.AtMostOnce && ticket > 0 && _answer < 0x80)
                {
                    _settled(ticket, 0);
                }

                return true;
            }
        }

        return true;
    }

    public void View(in MqttMessage message, long nowUs) => _link.View(message, nowUs);

    public long Step(long nowUs) => _link.Step(nowUs);

    public void Stop(long nowUs) => _link.Stop(nowUs);

    /// <summary>What no owner waits for (state, set, replies) and does not fit is reported in health, by topic.</summary>
    private void TellRefused(string topic)
    {
        HealthSubject subject = new(HealthSubjectKind.Stream, topic);
        if (_refused.Remove(topic, out string? code) && _answer < 0x80)
        {
            _issues.Clear(code, subject);
        }
        else if (_answer >= 0x80 && _refused.Count < MaxRefused)
        {
            _refused[topic] = DeliveryRefusal.CodeOf(_answer);
            _issues.Set(true, DeliveryRefusal.CodeOf(_answer), subject, DeliveryRefusal.Text(_answer));
        }
    }

    /// <summary>A form that was refused before passes now: the issue is over.</summary>
    private void Sent(in MqttMessage message)
    {
        if (_tellsRetain && message.Retain)
        {
            _tellsRetain = false;
            _issues.Clear(FaultCodes.BrokerRetainUnsupported, _broker);
        }

        if (_tellsQos && message.Qos != MqttQos.AtMostOnce)
        {
            _tellsQos = false;
            _issues.Clear(FaultCodes.BrokerQosOneUnsupported, _broker);
        }
    }
}
