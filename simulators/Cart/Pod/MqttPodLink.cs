using System;
using System.Collections.Generic;
using EdgeGateway.Core;
using EdgeGateway.Mqtt;
using Firmware.Core;
using Firmware.Pod.Link;
using Firmware.Protocol;

namespace Simulators.Cart.Pod;

/// <summary>
/// A pod's way to the gateway over MQTT 3.1.1, on any transport. Connects, subscribes to the pod's topics, and connects again after a pause
/// when the connection is lost. Events are raised from inside <see cref="Step"/> only, as the port demands.
/// </summary>
public sealed class MqttPodLink : IPodLink, IUplinkEvents, IMqttClientHandler
{
    /// <summary>How long CONNECT and SUBSCRIBE may take together, µs, before the attempt is given up.</summary>
    public const long SetUpTimeoutUs = 5_000_000;

    /// <summary>Most events waiting to be raised; beyond it the connection is given up and begun again.</summary>
    public const int MaxEvents = 256;

    private readonly ulong _deviceId;
    private readonly IUplinkConnector _connector;
    private readonly IMqttClient _client;
    private readonly Queue<Event> _events = new();
    private readonly LinkPauses _pauses = new();
    private readonly string[] _filters;
    private Stage _stage = Stage.Idle;
    private long _nowUs;
    private long _deadlineUs;
    private int _granted;
    private bool _subscribed;
    private IMqttConnection? _connection;

    /// <summary>Makes a link; the first <see cref="Step"/> dials.</summary>
    /// <param name="deviceId">The pod's EUI-64.</param>
    /// <param name="connector">Makes connections; its events come with the pod's own time.</param>
    /// <param name="clients">Makes the MQTT client.</param>
    public MqttPodLink(ulong deviceId, IUplinkConnector connector, MqttClientFactory clients)
    {
        _deviceId = deviceId;
        _connector = connector;
        _filters = [Topics.TimeReply(deviceId), Topics.Command(deviceId)];
        _client = clients(
            new MqttClientOptions
            {
                ClientId = "pod-" + Topics.DeviceText(deviceId),
                Version = MqttVersion.V311,
                CleanStart = true,
                KeepAliveSeconds = LinkParameters.KeepAliveSeconds,
                Window = LinkParameters.Window,
                Will = new MqttMessage { Topic = Topics.State(deviceId), Payload = StateMessage.Will(), Qos = MqttQos.AtLeastOnce, Retain = true },
            },
            this);
    }

    private enum Stage
    {
        Idle,
        Dialling,
        SettingUp,
        Up,
    }

    /// <inheritdoc/>
    public event LinkAcknowledgedHandler? Acknowledged;

    /// <inheritdoc/>
    public event LinkStateHandler? Connected;

    /// <inheritdoc/>
    public event LinkStateHandler? Lost;

    /// <inheritdoc/>
    public event LinkMessageHandler? Message;

    private enum EventKind
    {
        Connected,
        Lost,
        Acknowledged,
        Message,
    }

    /// <inheritdoc/>
    public bool IsConnected { get; private set; }

    /// <summary>Attempts to connect so far.</summary>
    public long Attempts { get; private set; }

    /// <inheritdoc/>
    public bool TryPublish(string topic, byte[] buffer, int count, int ticket, bool retain)
    {
        if (!IsConnected || _stage != Stage.Up)
        {
            return false;
        }

        MqttMessage message = new()
        {
            Topic = topic,
            Payload = new ReadOnlyMemory<byte>(buffer, 0, count),
            Qos = ticket > 0 ? MqttQos.AtLeastOnce : MqttQos.AtMostOnce,
            Retain = retain,
        };
        return _client.TryPublish(message, ticket, _nowUs);
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        _nowUs = nowUs;
        if (_stage == Stage.Idle && nowUs >= _deadlineUs)
        {
            _stage = Stage.Dialling;
            Attempts++;
            _connector.Connect(this);
        }

        if (_stage == Stage.SettingUp && nowUs >= _deadlineUs)
        {
            _deadlineUs = nowUs + SetUpTimeoutUs;
            _connection?.Close();
        }

        long nextUs = _client.Step(nowUs);
        while (_events.TryDequeue(out Event e))
        {
            Raise(e);
        }

        return _stage is Stage.Idle or Stage.SettingUp ? Math.Min(nextUs, _deadlineUs) : nextUs;
    }

    void IUplinkEvents.Opened(IMqttConnection connection, long nowUs)
    {
        _nowUs = nowUs;
        _connection = connection;
        _stage = Stage.SettingUp;
        _deadlineUs = nowUs + SetUpTimeoutUs;
        _granted = 0;
        _client.Open(connection, nowUs);
    }

    void IUplinkEvents.Received(ReadOnlySpan<byte> bytes, long nowUs)
    {
        _nowUs = nowUs;
        _client.Received(bytes, nowUs);
    }

    void IUplinkEvents.Closed(string text, long nowUs)
    {
        _nowUs = nowUs;
        if (_connection is not null)
        {
            _connection = null;
            _client.Closed(nowUs);
        }

        if (_stage == Stage.Up)
        {
            Put(new Event(EventKind.Lost, 0, string.Empty, []));
        }

        _stage = Stage.Idle;
        _deadlineUs = nowUs + _pauses.Next();
    }

    void IMqttClientHandler.Connected(bool sessionPresent)
    {
        if (!_subscribed)
        {
            _subscribed = true; // From now on the client repeats them by itself at each connection.
            foreach (string filter in _filters)
            {
                _client.Subscribe(filter, MqttQos.AtLeastOnce, _nowUs);
            }
        }
    }

    void IMqttClientHandler.Lost(byte reasonCode, string text) => _connection?.Close();

    void IMqttClientHandler.Acknowledged(long ticket, byte reasonCode) =>
        Put(new Event(EventKind.Acknowledged, (int)ticket, string.Empty, []));

    bool IMqttClientHandler.Received(in MqttMessage message, long token)
    {
        Put(new Event(EventKind.Message, 0, message.Topic, message.Payload.ToArray()));
        return true;
    }

    void IMqttClientHandler.Subscribed(string filter, byte reasonCode)
    {
        if (reasonCode >= 0x80)
        {
            _connection?.Close();
            return;
        }

        _granted++;
        if (_stage == Stage.SettingUp && _granted == _filters.Length)
        {
            _stage = Stage.Up;
            _pauses.OnConnected();
            Put(new Event(EventKind.Connected, 0, string.Empty, []));
        }
    }

    private void Put(in Event e)
    {
        if (_events.Count >= MaxEvents)
        {
            _connection?.Close();
            return;
        }

        _events.Enqueue(e);
    }

    private void Raise(in Event e)
    {
        switch (e.Kind)
        {
            case EventKind.Connected:
                IsConnected = true;
                Connected?.Invoke();
                break;
            case EventKind.Lost:
                IsConnected = false;
                Lost?.Invoke();
                break;
            case EventKind.Acknowledged when IsConnected:
                Acknowledged?.Invoke(e.Ticket);
                break;
            case EventKind.Message when IsConnected:
                Message?.Invoke(e.Topic, e.Payload, e.Payload.Length);
                break;
            default:
                break; // An acknowledgement or message of a connection that was lost before it was raised: void.
        }
    }

    private readonly record struct Event(EventKind Kind, int Ticket, string Topic, byte[] Payload);
}
