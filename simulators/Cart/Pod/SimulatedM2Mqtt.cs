using System;
using System.Collections.Generic;
using EdgeGateway.Core;
using EdgeGateway.Mqtt;
using Firmware.Pod.Link;
using Firmware.Protocol;

namespace Simulators.Cart.Pod;

/// <summary>
/// nanoFramework.M2Mqtt 5.1.220 as the board's adapter meets it, on any transport. Read from the library's source: one queue for both qualities of service and for what comes in, worked off by one
/// thread in whose sends it stands while the socket takes nothing; a message of QoS 1 is repeated 1 s after its newest copy and given up 1 s after the third; an acknowledgement that finds no message
/// waiting is dropped, one for each pass; what comes in and finds the queue full is dropped without a word; a message of QoS 0 is taken whatever the network does; a ping goes only when nothing was
/// sent for the keep-alive, and waits for a send that stands. Events reach the loop from a thread of their own. While the loop stands still, so does all of this: it is one core, and what stands there
/// is native code.
/// </summary>
public sealed class SimulatedM2Mqtt : IMqttLibrary
{
    /// <summary>From one copy of a message of QoS 1 to the next, µs. Source: M2Mqtt, MqttSettings.DefaultDelayRetry.</summary>
    public const long RetryUs = 1_000_000;

    /// <summary>Copies of a message of QoS 1. Source: M2Mqtt, MqttSettings.MaximumAttemptsRetry.</summary>
    public const int MaxCopies = 3;

    /// <summary>How long CONNECT and PINGREQ wait for their answer, µs. Source: M2Mqtt, MqttSettings.DefaultTimeout; of a ping, the keep-alive.</summary>
    public const long AnswerUs = 30_000_000;

    /// <summary>Bytes that the socket takes before a send stands. Source: ESP-IDF 5, CONFIG_LWIP_TCP_SND_BUF_DEFAULT. Assumption: the board's image leaves it there.</summary>
    public const int SendBufferBytes = 5760;

    /// <summary>From an event in the library to the loop's turn, µs. Assumption: one step of the loop, which may take 2 ms.</summary>
    public const long DispatchUs = 2_000;

    /// <summary>Disposing of a client takes this long, µs. Source: M2Mqtt, MqttClient.Close, a sleep of 200 ms.</summary>
    public const long DisposeUs = 200_000;

    /// <summary>Disposing of a client whose send stands takes longer by this, µs. Source: M2Mqtt, MqttClient.Close, which joins the sending thread for at most 1 s.</summary>
    public const long JoinUs = 1_000_000;

    /// <summary>A TLS handshake, µs, for which the runtime stands still. Assumption: ECDHE-ECDSA on P-256 at 240 MHz; decided so for the board.</summary>
    public const long UsualHandshakeUs = 1_500_000;

    // How often a socket that is full is looked at.
    private const long PollUs = 5_000;

    private readonly string _clientId;
    private readonly string _willTopic;
    private readonly string[] _subscriptions;
    private readonly IUplinkConnector _connector;
    private readonly long _handshakeUs;
    private readonly Action<long> _stand;
    private readonly Queue<(MqttEvent Event, long DueUs)> _events = new();
    private readonly Queue<Entry> _queue = new();
    private readonly Queue<(byte Type, int Identifier, byte[] Body)> _answers = new();
    private readonly List<byte> _received = [];
    private long _nowUs;
    private bool _overflow;
    private int _wanted;
    private int _attempt;
    private long _dialUs;
    private Dialled? _dialled;
    private IMqttConnection? _connection;
    private State _state;
    private long _deadlineUs;
    private int _identifier;
    private bool _signalled;
    private int _passLeft;
    private bool _passAnswered;
    private bool _passOrphan;
    private long _passUs = long.MaxValue;
    private Entry? _sending;
    private long _sentUs;
    private long _pingUs = -1;

    /// <summary>Makes a library that is not connected.</summary>
    /// <param name="deviceId">The pod's EUI-64.</param>
    /// <param name="connector">Makes connections; its events come with the pod's own time.</param>
    /// <param name="handshakeUs">A handshake takes this long, µs, and the loop stands for it; 0 for plain TCP.</param>
    /// <param name="stand">Stands the pod's loop still for so many µs.</param>
    public SimulatedM2Mqtt(ulong deviceId, IUplinkConnector connector, long handshakeUs, Action<long> stand)
    {
        _clientId = "pod-" + Topics.DeviceText(deviceId);
        _willTopic = Topics.State(deviceId);
        _subscriptions = [Topics.Command(deviceId), Topics.TimeReply(deviceId)];
        _connector = connector;
        _handshakeUs = handshakeUs;
        _stand = stand;
    }

    private enum State
    {
        Closed,
        Dialling,
        Connecting,
        Running,
    }

    private enum Stage
    {
        Queued,
        Waiting,
        ToAcknowledge,
    }

    /// <summary>Messages that came in, found the queue full, and were dropped.</summary>
    public long DroppedInbound { get; private set; }

    /// <summary>Copies of messages of QoS 1 beyond the first.</summary>
    public long Repeats { get; private set; }

    /// <summary>Messages of QoS 1 given up.</summary>
    public long GivenUp { get; private set; }

    /// <summary>Acknowledgements that found no message waiting.</summary>
    public long Orphans { get; private set; }

    /// <summary>Most messages that were in the queue at once.</summary>
    public int MaxQueued { get; private set; }

    /// <summary>Bytes of payload in the queue.</summary>
    public long QueuedBytes { get; private set; }

    /// <summary>Most of <see cref="QueuedBytes"/> at once.</summary>
    public long MaxQueuedBytes { get; private set; }

    /// <inheritdoc/>
    public void Connect(int attempt)
    {
        _wanted = attempt;
        bool hadClient = _attempt != 0;
        _dialUs = _nowUs + (hadClient ? DisposeUs + (_sending is null ? 0 : JoinUs) : 0);
        Dispose();
    }

    /// <inheritdoc/>
    public int Publish(string topic, byte[] payload, bool isAcknowledged, bool retain)
    {
        ArgumentNullException.ThrowIfNull(payload);
        if (_state != State.Running)
        {
            return -1;
        }

        int identifier = NextIdentifier();
        Entry entry = new() { Topic = topic, Payload = payload, Identifier = identifier, IsAcknowledged = isAcknowledged, Retain = retain };
        return Enqueue(entry) ? identifier : 0;
    }

    /// <inheritdoc/>
    public bool TryTake(MqttEvent into)
    {
        ArgumentNullException.ThrowIfNull(into);
        if (!_events.TryPeek(out (MqttEvent Event, long DueUs) next) || next.DueUs > _nowUs)
        {
            return false;
        }

        _events.Dequeue();
        into.Kind = next.Event.Kind;
        into.Attempt = next.Event.Attempt;
        into.Identifier = next.Event.Identifier;
        into.Topic = next.Event.Topic;
        into.Payload = next.Event.Payload;
        return true;
    }

    /// <inheritdoc/>
    public bool TakeOverflow()
    {
        bool overflow = _overflow;
        _overflow = false;
        return overflow;
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        _nowUs = nowUs;
        long next = Dial();
        if (_state == State.Connecting)
        {
            next = Math.Min(next, Open());
        }

        Receive();
        if (_state == State.Running)
        {
            next = Math.Min(next, Work());
            next = Math.Min(next, KeepAlive());
        }

        return _events.TryPeek(out (MqttEvent Event, long DueUs) e) ? Math.Min(next, Math.Max(e.DueUs, nowUs)) : next;
    }

    private long Dial()
    {
        if (_wanted == _attempt)
        {
            return long.MaxValue;
        }

        if (_dialled is not null)
        {
            return long.MaxValue; // The socket before is still closing, or its dial has not ended.
        }

        if (_nowUs < _dialUs)
        {
            return _dialUs;
        }

        _attempt = _wanted;
        _state = State.Dialling;
        _dialled = new Dialled(this);
        _connector.Connect(_dialled);
        return long.MaxValue;
    }

    // The socket is open: the handshake, then CONNECT and its answer.
    private long Open()
    {
        if (_deadlineUs == 0)
        {
            _deadlineUs = _nowUs + AnswerUs;
            Write(M2MqttPackets.Connect(_clientId, _willTopic, StateMessage.Will(), LinkParameters.KeepAliveSeconds));
        }
        else if (_nowUs >= _deadlineUs)
        {
            Fail();
            return long.MaxValue;
        }

        return _deadlineUs;
    }

    private void Receive()
    {
        while (_state is State.Connecting or State.Running && M2MqttPackets.TryCut(_received, out byte header, out byte[] body))
        {
            switch (header >> 4)
            {
                case 2 when body.Length == 2 && body[1] == 0:
                    _state = State.Running;
                    _pingUs = -1;
                    Enqueue(new Entry { Identifier = NextIdentifier(), IsAcknowledged = true, IsSubscription = true });
                    break;
                case 2:
                    Fail();
                    break;
                case 3:
                    string topic = M2MqttPackets.Topic(body, out int at);
                    bool isAcknowledged = (header & 6) != 0;
                    int identifier = isAcknowledged ? (body[at] << 8) | body[at + 1] : 0;
                    DroppedInbound += Enqueue(new Entry
                    {
                        Topic = topic,
                        Payload = body[(at + (isAcknowledged ? 2 : 0))..],
                        Identifier = identifier,
                        IsAcknowledged = isAcknowledged,
                        Stage = Stage.ToAcknowledge,
                    }) ? 0 : 1;
                    break;
                case 4 or 9 when body.Length >= 2:
                    _answers.Enqueue(((byte)(header >> 4), (body[0] << 8) | body[1], body));
                    _signalled = true;
                    break;
                case 13:
                    _pingUs = -1;
                    break;
                default:
                    Fail();
                    break;
            }
        }
    }

    // The thread that works the queue off: a pass looks at each entry that is there at its beginning once, and stands in a send that the socket does not take.
    private long Work()
    {
        while (_state == State.Running)
        {
            if (_sending is { } stood)
            {
                if (!TrySend(stood))
                {
                    return _nowUs + PollUs;
                }
            }
            else if (_passLeft == 0)
            {
                EndPass();
                if (!_signalled && _nowUs < _passUs)
                {
                    return _passUs;
                }

                _signalled = false;
                _passUs = long.MaxValue;
                _passAnswered = false;
                _passOrphan = false;
                _passLeft = _queue.Count;
                if (_passLeft == 0)
                {
                    return long.MaxValue;
                }
            }
            else
            {
                _passLeft--;
                Look(_queue.Dequeue());
            }
        }

        return long.MaxValue;
    }

    private void Look(Entry entry)
    {
        QueuedBytes -= entry.Payload.Length;
        _passOrphan = false;
        switch (entry.Stage)
        {
            case Stage.Queued:
                entry.Packet = Packet(entry);
                _sending = entry;
                break;
            case Stage.ToAcknowledge when entry.IsAcknowledged:
                entry.Packet = M2MqttPackets.Acknowledge(entry.Identifier);
                _sending = entry;
                break;
            case Stage.ToAcknowledge:
                Raise(MqttEventKind.Message, 0, entry.Topic, entry.Payload);
                break;
            default:
                Await(entry);
                break;
        }
    }

    private void Await(Entry entry)
    {
        bool hasAnswer = _answers.TryPeek(out (byte Type, int Identifier, byte[] Body) answer);
        if (hasAnswer && answer.Identifier == entry.Identifier && answer.Type == (entry.IsSubscription ? 9 : 4))
        {
            _answers.Dequeue();
            _passAnswered = true;
            if (!entry.IsSubscription)
            {
                Raise(MqttEventKind.Acknowledged, entry.Identifier, string.Empty, null);
                return;
            }

            bool isGranted = true;
            for (int i = 2; i < answer.Body.Length; i++)
            {
                isGranted &= answer.Body[i] < 0x80;
            }

            Raise(isGranted ? MqttEventKind.Connected : MqttEventKind.Lost, entry.Identifier, string.Empty, null);
            return;
        }

        _passOrphan = hasAnswer;
        if (_nowUs - entry.SentUs < RetryUs)
        {
            _passUs = Math.Min(_passUs, entry.SentUs + RetryUs);
            Requeue(entry);
        }
        else if (entry.Copies < MaxCopies)
        {
            entry.Stage = Stage.Queued;
            Requeue(entry);
            _signalled = true;
        }
        else if (!entry.IsSubscription)
        {
            GivenUp++;
            Raise(MqttEventKind.GivenUp, entry.Identifier, string.Empty, null);
        }
    }

    private void EndPass()
    {
        if (_passOrphan && !_passAnswered)
        {
            _answers.Dequeue();
            Orphans++;
        }

        _passOrphan = false;
    }

    private bool TrySend(Entry entry)
    {
        if (_connection!.PendingBytes > 0 && _connection.PendingBytes + entry.Packet.Length > SendBufferBytes)
        {
            return false;
        }

        Write(entry.Packet);
        _sending = null;
        entry.Packet = [];
        if (entry.Stage == Stage.ToAcknowledge)
        {
            Raise(MqttEventKind.Message, 0, entry.Topic, entry.Payload);
            return true;
        }

        if (!entry.IsAcknowledged)
        {
            return true;
        }

        Repeats += entry.Copies > 0 ? 1 : 0;
        entry.Copies++;
        entry.SentUs = _nowUs;
        entry.Stage = Stage.Waiting;
        _passUs = Math.Min(_passUs, _nowUs + RetryUs);
        Requeue(entry);
        return true;
    }

    private byte[] Packet(Entry entry) => entry.IsSubscription
        ? M2MqttPackets.Subscribe(entry.Identifier, _subscriptions)
        : M2MqttPackets.Publish(entry.Topic, entry.Payload, entry.IsAcknowledged ? entry.Identifier : 0, entry.Retain, entry.Copies > 0);

    private long KeepAlive()
    {
        const long PeriodUs = LinkParameters.KeepAliveSeconds * 1_000_000L;
        if (_pingUs >= 0)
        {
            if (_nowUs - _pingUs >= PeriodUs)
            {
                Fail();
            }

            return _pingUs + PeriodUs;
        }

        if (_nowUs - _sentUs < PeriodUs)
        {
            return _sentUs + PeriodUs;
        }

        if (_sending is null)
        {
            Write(M2MqttPackets.Ping);
            _pingUs = _nowUs;
        }

        return _nowUs + PeriodUs;
    }

    private void Write(byte[] packet)
    {
        _sentUs = _nowUs;
        _connection!.Write(packet);
    }

    private bool Enqueue(Entry entry)
    {
        _signalled = true;
        if (_queue.Count >= MqttFlights.QueueSize)
        {
            return false;
        }

        Requeue(entry);
        return true;
    }

    private void Requeue(Entry entry)
    {
        _queue.Enqueue(entry);
        QueuedBytes += entry.Payload.Length;
        MaxQueued = Math.Max(MaxQueued, _queue.Count);
        MaxQueuedBytes = Math.Max(MaxQueuedBytes, QueuedBytes);
    }

    private int NextIdentifier()
    {
        _identifier = _identifier == ushort.MaxValue ? 1 : _identifier + 1;
        return _identifier;
    }

    private void Raise(MqttEventKind kind, int identifier, string topic, byte[]? payload)
    {
        if (_events.Count == MqttLink.MaxEvents)
        {
            _overflow = true;
            return;
        }

        _events.Enqueue((new MqttEvent { Kind = kind, Attempt = _attempt, Identifier = identifier, Topic = topic, Payload = payload }, _nowUs + DispatchUs));
    }

    // The library closes nothing by itself: it says that the connection is gone, and the link disposes of it.
    private void Fail()
    {
        _state = State.Closed;
        Raise(MqttEventKind.Lost, 0, string.Empty, null);
    }

    private void Dispose()
    {
        _state = State.Closed;
        _deadlineUs = 0;
        _queue.Clear();
        _answers.Clear();
        _received.Clear();
        _sending = null;
        _passLeft = 0;
        _passUs = long.MaxValue;
        _passOrphan = false;
        QueuedBytes = 0;
        IMqttConnection? connection = _connection;
        _connection = null;
        connection?.Close();
    }

    private void OnOpened(IMqttConnection connection)
    {
        if (_wanted != _attempt)
        {
            connection.Close(); // The attempt was given up meanwhile.
            return;
        }

        _connection = connection;
        _state = State.Connecting;
        _deadlineUs = 0;
        _stand(_handshakeUs);
    }

    private void OnClosed()
    {
        _dialled = null;
        bool isOurs = _wanted == _attempt && _state != State.Closed;
        _connection = null;
        if (isOurs)
        {
            Fail();
        }
    }

    private sealed class Entry
    {
        public string Topic { get; init; } = string.Empty;

        public byte[] Payload { get; init; } = [];

        public int Identifier { get; init; }

        public bool IsAcknowledged { get; init; }

        public bool IsSubscription { get; init; }

        public bool Retain { get; init; }

        public Stage Stage { get; set; }

        public byte[] Packet { get; set; } = [];

        public int Copies { get; set; }

        public long SentUs { get; set; }
    }

    // One dial and its connection: what an earlier one still says must not be taken for the present one's.
    private sealed class Dialled(SimulatedM2Mqtt owner) : IUplinkEvents
    {
        public void Opened(IMqttConnection connection, long nowUs)
        {
            owner._nowUs = nowUs;
            owner.OnOpened(connection);
        }

        public void Received(ReadOnlySpan<byte> bytes, long nowUs)
        {
            if (owner._dialled == this && owner._connection is not null)
            {
                owner._received.AddRange(bytes);
            }
        }

        public void Closed(string text, long nowUs)
        {
            if (owner._dialled == this)
            {
                owner._nowUs = nowUs;
                owner.OnClosed();
            }
        }
    }
}
