using System;
using System.Threading;
using Firmware.Core;
using Firmware.Pod.Link;
using nanoFramework.M2Mqtt;
using nanoFramework.M2Mqtt.Exceptions;
using nanoFramework.M2Mqtt.Messages;

namespace Firmware.Esp32;

/// <summary>
/// The way to the gateway over nanoFramework.M2Mqtt, MQTT 3.1.1, plain or TLS 1.2. Connecting blocks, so a thread of this adapter does it; that thread and those of
/// the library only append to one bounded queue. All events are raised in <see cref="Step"/>. When the queue is full the connection is given up:
/// everything not acknowledged is sent again. The library's own queue is bounded too, a message that it gives up after 3 s is sent again under its ticket, and a link
/// that does not move is given up by <see cref="MqttFlights"/>, since the library does not notice. One connection at a time: the old one is disposed first. No attempt
/// is made while a cuff holds pressure but after a loss: the cuff is started over a link, and emptied when it is lost.
/// </summary>
public sealed class M2MqttLink : IPodLink
{
    /// <summary>Most events waiting for the loop.</summary>
    public const int QueueBound = 64;

    /// <summary>An attempt that has come to nothing after this time is given up, µs; above the library's own 30 s for a connection.</summary>
    public const long AttemptTimeoutUs = 60_000_000;

    private const byte EventConnected = 1;
    private const byte EventLost = 2;
    private const byte EventAcknowledged = 3;
    private const byte EventMessage = 4;
    private const byte EventGivenUp = 5;

    private readonly object _gate = new object();
    private readonly byte[] _kinds = new byte[QueueBound];
    private readonly MqttClient?[] _senders = new MqttClient?[QueueBound];
    private readonly int[] _identifiers = new int[QueueBound];
    private readonly string[] _topics = new string[QueueBound];
    private readonly byte[][] _payloads = new byte[QueueBound][];
    private readonly MqttFlights _flights = new MqttFlights();
    private readonly LinkPauses _pauses = new LinkPauses();
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
    private bool _attempting;
    private MqttClient? _client;
    private MqttClient? _candidate;
    private MqttClient? _abandoned;
    private long _nextAttemptUs;
    private long _attemptDeadlineUs;
    private long _nowUs;

    /// <summary>Stores; the first <see cref="Step"/> begins.</summary>
    /// <param name="wifi">The network.</param>
    /// <param name="security">Certificates; null for plain TCP.</param>
    /// <param name="host">The gateway's name or address.</param>
    /// <param name="port">Its TCP port.</param>
    /// <param name="clientId">MQTT client identifier.</param>
    /// <param name="willTopic">Topic of the will, retained.</param>
    /// <param name="will">The will.</param>
    /// <param name="subscriptions">Topics of messages to this pod.</param>
    /// <param name="wake">Set when there is work for the loop.</param>
    public M2MqttLink(EspWifi wifi, LinkSecurity? security, string host, int port, string clientId, string willTopic, string will, string[] subscriptions, AutoResetEvent wake)
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
        if (!IsConnected || (ticket != 0 && !_flights.HasRoom))
        {
            return false;
        }

        byte[] copy;
        try
        {
            copy = new byte[count];
        }
        catch (Exception)
        {
            // No memory now. The message stays where it is, and the watch gives the link up if that goes on.
            _flights.OnFull(_nowUs);
            return false;
        }

        Array.Copy(buffer, 0, copy, 0, count);
        int identifier = Publish(topic, copy, ticket == 0 ? MqttQoSLevel.AtMostOnce : MqttQoSLevel.AtLeastOnce, retain);
        if (identifier == 0)
        {
            return false;
        }

        if (ticket != 0)
        {
            // The acknowledgement may be in the queue already; it is looked up in Step, on this same thread.
            _flights.Add(identifier, ticket, topic, copy, retain, _nowUs);
        }

        return true;
    }

    // The library's number of the message; 0 when it was not taken.
    private int Publish(string topic, byte[] payload, MqttQoSLevel qos, bool retain)
    {
        MqttClient? client = _client;
        if (client == null)
        {
            return 0;
        }

        try
        {
            int identifier = client.Publish(topic, payload, null!, null!, qos, retain);
            _flights.OnTaken(_nowUs);
            return identifier;
        }
        catch (MqttClientException e) when (e.ErrorCode == MqttClientErrorCode.InflightQueueFull)
        {
            _flights.OnFull(_nowUs);
            return 0;
        }
        catch (Exception)
        {
            Append(EventLost, client, 0, string.Empty, null);
            return 0;
        }
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        _nowUs = nowUs;
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
            for (int place = _flights.NextAgain(); place >= 0; place = _flights.NextAgain())
            {
                int identifier = Publish(_flights.Topic(place), _flights.Payload(place), MqttQoSLevel.AtLeastOnce, _flights.IsRetained(place));
                if (identifier == 0)
                {
                    break;
                }

                _flights.SentAgain(place, identifier);
            }

            if (!_flights.IsStuck(nowUs))
            {
                return _flights.StuckUs();
            }

            Drop(nowUs);
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
        else if (IsConnected && sender == _client && kind == EventGivenUp)
        {
            _flights.GiveUp(identifier);
        }
        else if (IsConnected && sender == _client && kind == EventAcknowledged)
        {
            _flights.OnHeard();
            int ticket = _flights.Acknowledge(identifier);
            if (ticket > 0)
            {
                Acknowledged?.Invoke(ticket);
            }
        }
        else if (IsConnected && sender == _client && payload != null)
        {
            _flights.OnHeard();
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
        _flights.Clear();
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

            if (!_wifi.Wait())
            {
                Append(EventLost, null, 0, string.Empty, null);
                return;
            }

            client = _security == null
                ? new MqttClient(_host, _port, false, null!, null!, MqttSslProtocols.None)
                : new MqttClient(_host, _port, true, _security.Authority, _security.Certificate, MqttSslProtocols.TLSv1_2);
            client.Settings.InflightQueueSize = MqttFlights.QueueSize;
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

        Append(granted ? EventConnected : EventLost, (MqttClient)sender, e.MessageId, string.Empty, null);
    }

    private void OnPublished(object sender, MqttMsgPublishedEventArgs e) =>
        Append(e.IsPublished ? EventAcknowledged : EventGivenUp, (MqttClient)sender, e.MessageId, string.Empty, null);

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
}
