using System;
using System.Threading;
using Firmware.Core;
using Firmware.Pod.Link;
using nanoFramework.M2Mqtt;
using nanoFramework.M2Mqtt.Exceptions;
using nanoFramework.M2Mqtt.Messages;

namespace Firmware.Esp32;

/// <summary>
/// nanoFramework.M2Mqtt, MQTT 3.1.1, plain or TLS 1.2, as <see cref="MqttLink"/> wants a library. Connecting blocks, so a thread of this adapter does it; that thread and those of the library only
/// append to one bounded queue. The library's own queue is bounded by <see cref="MqttFlights.QueueSize"/>. One client at a time: the old one is disposed first.
/// </summary>
public sealed class M2MqttLibrary : IMqttLibrary
{
    private readonly object _gate = new object();
    private readonly MqttEventKind[] _kinds = new MqttEventKind[MqttLink.MaxEvents];
    private readonly int[] _attempts = new int[MqttLink.MaxEvents];
    private readonly int[] _identifiers = new int[MqttLink.MaxEvents];
    private readonly string[] _topics = new string[MqttLink.MaxEvents];
    private readonly byte[][] _payloads = new byte[MqttLink.MaxEvents][];
    private readonly AutoResetEvent _work = new AutoResetEvent(false);
    private readonly AutoResetEvent _wake;
    private readonly EspWifi _wifi;
    private readonly LinkSecurity? _security;
    private readonly string _host;
    private readonly int _port;
    private readonly string _clientId;
    private readonly string _willTopic;
    private readonly string _will;
    private readonly string[] _subscriptions;
    private int _head;
    private int _count;
    private bool _overflow;
    private bool _started;
    private int _wanted;
    private MqttClient? _client;
    private int _clientAttempt;

    /// <summary>Stores; the first <see cref="Connect"/> begins.</summary>
    /// <param name="wifi">The network.</param>
    /// <param name="security">Certificates; null for plain TCP.</param>
    /// <param name="host">The gateway's name or address.</param>
    /// <param name="port">Its TCP port.</param>
    /// <param name="clientId">MQTT client identifier.</param>
    /// <param name="willTopic">Topic of the will, retained.</param>
    /// <param name="will">The will.</param>
    /// <param name="subscriptions">Topics of messages to this pod.</param>
    /// <param name="wake">Set when there is work for the loop.</param>
    public M2MqttLibrary(EspWifi wifi, LinkSecurity? security, string host, int port, string clientId, string willTopic, string will, string[] subscriptions, AutoResetEvent wake)
    {
        _wifi = wifi;
        _security = security;
        _host = host;
        _port = port;
        _clientId = clientId;
        _willTopic = willTopic;
        _will = will;
        _subscriptions = subscriptions;
        _wake = wake;
    }

    /// <inheritdoc/>
    public void Connect(int attempt)
    {
        _wanted = attempt;
        if (!_started)
        {
            _started = true;
            new Thread(Work).Start();
        }

        _work.Set();
    }

    /// <inheritdoc/>
    public int Publish(string topic, byte[] payload, bool isAcknowledged, bool retain)
    {
        MqttClient? client = _client;
        if (client == null)
        {
            return -1;
        }

        try
        {
            return client.Publish(topic, payload, null!, null!, isAcknowledged ? MqttQoSLevel.AtLeastOnce : MqttQoSLevel.AtMostOnce, retain);
        }
        catch (MqttClientException e) when (e.ErrorCode == MqttClientErrorCode.InflightQueueFull)
        {
            return 0;
        }
        catch (Exception)
        {
            Append(MqttEventKind.Lost, _clientAttempt, 0, string.Empty, null);
            return -1;
        }
    }

    /// <inheritdoc/>
    public bool TryTake(MqttEvent into)
    {
        lock (_gate)
        {
            if (_count == 0)
            {
                return false;
            }

            into.Kind = _kinds[_head];
            into.Attempt = _attempts[_head];
            into.Identifier = _identifiers[_head];
            into.Topic = _topics[_head];
            into.Payload = _payloads[_head];
            _payloads[_head] = null!;
            _head = (_head + 1) % MqttLink.MaxEvents;
            _count--;
            return true;
        }
    }

    /// <inheritdoc/>
    public bool TakeOverflow()
    {
        lock (_gate)
        {
            bool overflow = _overflow;
            _overflow = false;
            return overflow;
        }
    }

    /// <inheritdoc/>
    public long Step(long nowUs) => long.MaxValue;

    private void Work()
    {
        while (true)
        {
            _work.WaitOne();
            Attempt(_wanted);
        }
    }

    private void Attempt(int attempt)
    {
        try
        {
            MqttClient? old = _client;
            _client = null;
            if (old != null)
            {
                Close(old);
            }

            if (!_wifi.Wait())
            {
                Append(MqttEventKind.Lost, attempt, 0, string.Empty, null);
                return;
            }

            MqttClient client = _security == null
                ? new MqttClient(_host, _port, false, null!, null!, MqttSslProtocols.None)
                : new MqttClient(_host, _port, true, _security.Authority, _security.Certificate, MqttSslProtocols.TLSv1_2);
            client.Settings.InflightQueueSize = MqttFlights.QueueSize;
            _clientAttempt = attempt;
            _client = client;
            client.ProtocolVersion = MqttProtocolVersion.Version_3_1_1;
            client.MqttMsgPublished += OnPublished;
            client.MqttMsgPublishReceived += OnReceived;
            client.MqttMsgSubscribed += OnSubscribed;
            client.ConnectionClosed += OnClosed;
            MqttReasonCode code = client.Connect(
                _clientId, null!, null!, true, MqttQoSLevel.AtLeastOnce, true, _willTopic, _will, true, LinkParameters.KeepAliveSeconds);
            if (code != MqttReasonCode.Success)
            {
                Append(MqttEventKind.Lost, attempt, 0, string.Empty, null);
                return;
            }

            MqttQoSLevel[] levels = new MqttQoSLevel[_subscriptions.Length];
            for (int i = 0; i < levels.Length; i++)
            {
                levels[i] = MqttQoSLevel.AtLeastOnce;
            }

            // The link counts as up when the broker has confirmed the subscriptions.
            client.Subscribe(_subscriptions, levels);
        }
        catch (Exception)
        {
            Append(MqttEventKind.Lost, attempt, 0, string.Empty, null);
        }
    }

    // Not Disconnect: it sends, and so waits for a send that is blocked. The broker sees the socket close and publishes the will.
    private static void Close(MqttClient client)
    {
        try
        {
            client.Dispose();
        }
        catch (Exception)
        {
            // Nothing is left to free.
        }
    }

    private void OnSubscribed(object sender, MqttMsgSubscribedEventArgs e)
    {
        bool granted = true;
        for (int i = 0; i < e.GrantedQoSLevels.Length; i++)
        {
            granted &= e.GrantedQoSLevels[i] != MqttQoSLevel.GrantedFailure;
        }

        AppendOf(sender, granted ? MqttEventKind.Connected : MqttEventKind.Lost, e.MessageId, string.Empty, null);
    }

    private void OnPublished(object sender, MqttMsgPublishedEventArgs e) =>
        AppendOf(sender, e.IsPublished ? MqttEventKind.Acknowledged : MqttEventKind.GivenUp, e.MessageId, string.Empty, null);

    private void OnReceived(object sender, MqttMsgPublishEventArgs e) => AppendOf(sender, MqttEventKind.Message, 0, e.Topic, e.Message);

    private void OnClosed(object sender, EventArgs e) => AppendOf(sender, MqttEventKind.Lost, 0, string.Empty, null);

    // What a client says that was given up is of no attempt.
    private void AppendOf(object sender, MqttEventKind kind, int identifier, string topic, byte[]? payload)
    {
        if (sender == (object?)_client)
        {
            Append(kind, _clientAttempt, identifier, topic, payload);
        }
    }

    private void Append(MqttEventKind kind, int attempt, int identifier, string topic, byte[]? payload)
    {
        lock (_gate)
        {
            if (_count == MqttLink.MaxEvents)
            {
                _overflow = true;
            }
            else
            {
                int at = (_head + _count) % MqttLink.MaxEvents;
                _kinds[at] = kind;
                _attempts[at] = attempt;
                _identifiers[at] = identifier;
                _topics[at] = topic;
                _payloads[at] = payload!;
                _count++;
            }
        }

        _wake.Set();
    }
}
