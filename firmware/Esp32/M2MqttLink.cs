using System;
using System.Threading;
using Firmware.Core;
using Firmware.Pod.Link;
using nanoFramework.M2Mqtt;
using nanoFramework.M2Mqtt.Messages;
using nanoFramework.Networking;

namespace Firmware.Esp32;

/// <summary>
/// The way to the gateway over nanoFramework.M2Mqtt, MQTT 3.1.1. Connecting blocks, so a thread of this adapter does it; that thread and those of
/// the library only append to one bounded queue. All events are raised in <see cref="Step"/>. When the queue is full the connection is given up:
/// everything not acknowledged is sent again.
/// </summary>
public sealed class M2MqttLink : IPodLink
{
    /// <summary>Most events waiting for the loop.</summary>
    public const int QueueBound = 64;

    /// <summary>Longest wait for the network in one attempt, ms.</summary>
    public const int NetworkWaitMs = 10_000;

    /// <summary>An attempt that has come to nothing after this time is given up, µs; above the library's own 30 s for a connection.</summary>
    public const long AttemptTimeoutUs = 60_000_000;

    private const byte EventConnected = 1;
    private const byte EventLost = 2;
    private const byte EventAcknowledged = 3;
    private const byte EventMessage = 4;

    private readonly object _gate = new object();
    private readonly byte[] _kinds = new byte[QueueBound];
    private readonly MqttClient?[] _senders = new MqttClient?[QueueBound];
    private readonly int[] _identifiers = new int[QueueBound];
    private readonly string[] _topics = new string[QueueBound];
    private readonly byte[][] _payloads = new byte[QueueBound][];
    private readonly int[] _flightIdentifiers = new int[LinkParameters.Window];
    private readonly int[] _flightTickets = new int[LinkParameters.Window];
    private readonly LinkPauses _pauses = new LinkPauses();
    private readonly AutoResetEvent _work = new AutoResetEvent(false);
    private readonly AutoResetEvent _wake;
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
    private bool _attempting;
    private MqttClient? _client;
    private MqttClient? _candidate;
    private MqttClient? _abandoned;
    private long _nextAttemptUs;
    private long _attemptDeadlineUs;

    /// <summary>Stores; the first <see cref="Step"/> begins.</summary>
    /// <param name="host">The gateway's name or address.</param>
    /// <param name="port">Its TCP port.</param>
    /// <param name="clientId">MQTT client identifier.</param>
    /// <param name="willTopic">Topic of the will, retained.</param>
    /// <param name="will">The will.</param>
    /// <param name="subscriptions">Topics of messages to this pod.</param>
    /// <param name="wake">Set when there is work for the loop.</param>
    public M2MqttLink(string host, int port, string clientId, string willTopic, string will, string[] subscriptions, AutoResetEvent wake)
    {
        _host = host;
        _port = port;
        _clientId = clientId;
        _willTopic = willTopic;
        _will = will;
        _subscriptions = subscriptions;
        _wake = wake;
    }

    /// <inheritdoc/>
    public event LinkAcknowledgedHandler? Acknowledged;

    /// <inheritdoc/>
    public event LinkStateHandler? Connected;

    /// <inheritdoc/>
    public event LinkStateHandler? Lost;

    /// <inheritdoc/>
    public event LinkMessageHandler? Message;

    /// <inheritdoc/>
    public bool IsConnected { get; private set; }

    /// <summary>How often the queue was full.</summary>
    public int Overflows { get; private set; }

    /// <inheritdoc/>
    public bool TryPublish(string topic, byte[] buffer, int count, int ticket, bool retain)
    {
        MqttClient? client = _client;
        int slot = ticket == 0 ? 0 : FreeSlot();
        if (!IsConnected || client == null || slot < 0)
        {
            return false;
        }

        byte[] copy = new byte[count];
        Array.Copy(buffer, 0, copy, 0, count);
        try
        {
            MqttQoSLevel qos = ticket == 0 ? MqttQoSLevel.AtMostOnce : MqttQoSLevel.AtLeastOnce;
            int identifier = client.Publish(topic, copy, null!, null!, qos, retain);
            if (ticket == 0)
            {
                return true;
            }

            if (identifier == 0)
            {
                return false;
            }

            // The acknowledgement may be in the queue already; it is looked up in Step, on this same thread.
            _flightIdentifiers[slot] = identifier;
            _flightTickets[slot] = ticket;
            return true;
        }
        catch (Exception)
        {
            Append(EventLost, client, 0, string.Empty, null);
            return false;
        }
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        if (!_started)
        {
            _started = true;
            new Thread(Work).Start();
        }

        for (int i = 0; i < QueueBound && Raise(nowUs); i++)
        {
        }

        bool overflow;
        lock (_gate)
        {
            overflow = _overflow;
            _overflow = false;
        }

        if (overflow)
        {
            Overflows++;
            Drop(nowUs);
        }

        if (IsConnected)
        {
            return long.MaxValue;
        }

        if (_attempting)
        {
            if (nowUs < _attemptDeadlineUs)
            {
                return _attemptDeadlineUs;
            }

            Drop(nowUs);
        }

        if (nowUs < _nextAttemptUs)
        {
            return _nextAttemptUs;
        }

        _attempting = true;
        _attemptDeadlineUs = nowUs + AttemptTimeoutUs;
        _work.Set();
        return _attemptDeadlineUs;
    }

    private bool Raise(long nowUs)
    {
        byte kind;
        MqttClient? sender;
        int identifier;
        string topic;
        byte[]? payload;
        lock (_gate)
        {
            if (_count == 0)
            {
                return false;
            }

            kind = _kinds[_head];
            sender = _senders[_head];
            identifier = _identifiers[_head];
            topic = _topics[_head];
            payload = _payloads[_head];
            _senders[_head] = null;
            _payloads[_head] = null!;
            _head = (_head + 1) % QueueBound;
            _count--;
        }

        if (kind == EventConnected)
        {
            if (!_attempting || sender != _candidate)
            {
                return true;
            }

            _client = sender;
            _attempting = false;
            IsConnected = true;
            _pauses.OnConnected();
            Connected?.Invoke();
        }
        else if (kind == EventLost)
        {
            // Of the connection or of the attempt; one that was given up before says nothing new.
            if ((IsConnected && sender == _client) || (_attempting && (sender == null || sender == _candidate)))
            {
                Drop(nowUs);
            }
        }
        else if (IsConnected && sender == _client && kind == EventAcknowledged)
        {
            int ticket = TakeTicket(identifier);
            if (ticket > 0)
            {
                Acknowledged?.Invoke(ticket);
            }
        }
        else if (IsConnected && sender == _client && payload != null)
        {
            Message?.Invoke(topic, payload, payload.Length);
        }

        return true;
    }

    private void Drop(long nowUs)
    {
        bool was = IsConnected;
        MqttClient? client = was ? _client : _candidate;
        IsConnected = false;
        _attempting = false;
        _client = null;
        _candidate = null;
        for (int i = 0; i < LinkParameters.Window; i++)
        {
            _flightIdentifiers[i] = 0;
        }

        _nextAttemptUs = nowUs + _pauses.Next();
        if (client != null)
        {
            // Closing may block; the attempt that follows does it first, on its own thread.
            _abandoned = client;
        }

        if (was)
        {
            Lost?.Invoke();
        }
    }

    private void Work()
    {
        while (true)
        {
            _work.WaitOne();
            Attempt();
        }
    }

    private void Attempt()
    {
        MqttClient? client = null;
        try
        {
            MqttClient? old = _abandoned;
            _abandoned = null;
            if (old != null)
            {
                Close(old);
            }

            if (!WifiNetworkHelper.NetworkReady.WaitOne(NetworkWaitMs, false))
            {
                Append(EventLost, null, 0, string.Empty, null);
                return;
            }

            client = new MqttClient(_host, _port, false, null!, null!, MqttSslProtocols.None);
            _candidate = client;
            client.ProtocolVersion = MqttProtocolVersion.Version_3_1_1;
            client.MqttMsgPublished += OnPublished;
            client.MqttMsgPublishReceived += OnReceived;
            client.MqttMsgSubscribed += OnSubscribed;
            client.ConnectionClosed += OnClosed;
            MqttReasonCode code = client.Connect(
                _clientId, null!, null!, true, MqttQoSLevel.AtLeastOnce, true, _willTopic, _will, true, LinkParameters.KeepAliveSeconds);
            if (code != MqttReasonCode.Success)
            {
                Append(EventLost, client, 0, string.Empty, null);
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
            Append(EventLost, client, 0, string.Empty, null);
        }
    }

    private static void Close(MqttClient client)
    {
        try
        {
            client.Disconnect();
        }
        catch (Exception)
        {
            // It is gone already.
        }

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

        Append(granted ? EventConnected : EventLost, (MqttClient)sender, e.MessageId, string.Empty, null);
    }

    private void OnPublished(object sender, MqttMsgPublishedEventArgs e) =>
        Append(e.IsPublished ? EventAcknowledged : EventLost, (MqttClient)sender, e.MessageId, string.Empty, null);

    private void OnReceived(object sender, MqttMsgPublishEventArgs e) => Append(EventMessage, (MqttClient)sender, 0, e.Topic, e.Message);

    private void OnClosed(object sender, EventArgs e) => Append(EventLost, (MqttClient)sender, 0, string.Empty, null);

    private void Append(byte kind, MqttClient? sender, int identifier, string topic, byte[]? payload)
    {
        lock (_gate)
        {
            if (_count == QueueBound)
            {
                _overflow = true;
            }
            else
            {
                int at = (_head + _count) % QueueBound;
                _kinds[at] = kind;
                _senders[at] = sender;
                _identifiers[at] = identifier;
                _topics[at] = topic;
                _payloads[at] = payload!;
                _count++;
            }
        }

        _wake.Set();
    }

    private int FreeSlot()
    {
        for (int i = 0; i < LinkParameters.Window; i++)
        {
            if (_flightIdentifiers[i] == 0)
            {
                return i;
            }
        }

        return -1;
    }

    private int TakeTicket(int identifier)
    {
        for (int i = 0; i < LinkParameters.Window; i++)
        {
            if (_flightIdentifiers[i] == identifier)
            {
                _flightIdentifiers[i] = 0;
                return _flightTickets[i];
            }
        }

        return 0;
    }
}
