using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Codec;
using EdgeGateway.Mqtt.Topics;
using EdgeGateway.Mqtt.Transports;

namespace Simulators.Peers;

/// <summary>
/// A broker of MQTT 3.1.1 and 5 with the habits of real ones, typed from the OASIS texts apart from the gateway's own server, codec included. No I/O, threads or clock:
/// it stands behind <see cref="MqttMemoryLink"/>, behind a listener of the simulated network, and behind <see cref="PeerTcpHost"/>. It writes down what it got. A
/// client that breaks MQTT or an announced bound is closed with the standard's reason, and named in <see cref="Violations"/>.
/// </summary>
public sealed class PeerBroker : IMqttServer
{
    /// <summary>Most entries of each list of what happened; further ones are counted only.</summary>
    public const int MaxLog = 1_000_000;

    /// <summary>Longest packet that is taken at all, bytes.</summary>
    public const int MaxPacketBytes = 16 * 1024 * 1024;

    /// <summary>Most messages queued for one session; further ones are dropped and counted in <see cref="Dropped"/>.</summary>
    public const int MaxQueued = 1_000_000;

    /// <summary>Most messages in flight to one client, whatever it allows.</summary>
    public const int MaxInFlight = 1_000;

    /// <summary>Longest wait of a group of acknowledgements that is to be reversed, µs.</summary>
    private const long GroupWaitUs = 50_000;

    private readonly List<BrokerReceived> _received = [];
    private readonly List<BrokerConnect> _connects = [];
    private readonly List<BrokerSubscribe> _subscribes = [];
    private readonly List<string> _violations = [];
    private readonly SortedDictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, BrokerMessage> _retained = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, List<long>> _recentConnects = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _banned = new(StringComparer.Ordinal);
    private readonly List<Connection> _connections = [];
    private readonly Dictionary<LostPackets, int> _offered = [];
    private readonly Dictionary<PublishRefusal, int> _refused = [];
    private int _connectRefusals;
    private int _ends;
    private int _connectionNumber;

    /// <summary>Makes a broker without sessions.</summary>
    /// <param name="habits">How it behaves.</param>
    public PeerBroker(BrokerHabits? habits = null) => Habits = habits ?? new BrokerHabits();

    /// <summary>How it behaves; may be replaced at any time. A habit that counts (losses, refusals) goes on counting while the same entry stays.</summary>
    public BrokerHabits Habits { get; set; }

    /// <summary>Every PUBLISH it got, in order.</summary>
    public IReadOnlyList<BrokerReceived> Received => _received;

    /// <summary>Every CONNECT it got, in order.</summary>
    public IReadOnlyList<BrokerConnect> Connects => _connects;

    /// <summary>Every filter of every SUBSCRIBE it got, in order.</summary>
    public IReadOnlyList<BrokerSubscribe> Subscribes => _subscribes;

    /// <summary>What clients did that MQTT or an announced bound forbids.</summary>
    public IReadOnlyList<string> Violations => _violations;

    /// <summary>Pings it got.</summary>
    public long Pings { get; private set; }

    /// <summary>Packets that it should have sent and did not (<see cref="BrokerHabits.Lost"/>).</summary>
    public long Swallowed { get; private set; }

    /// <summary>Messages for a session whose queue was full.</summary>
    public long Dropped { get; private set; }

    /// <summary>Connections that are open.</summary>
    public int OpenConnections => _connections.Count;

    /// <summary>Retained messages that it keeps.</summary>
    public IReadOnlyDictionary<string, BrokerMessage> Retained => _retained;

    /// <inheritdoc/>
    public IMqttServerConnection Accept(IMqttConnection connection, string remote, MqttPeerCertificate? certificate, long nowUs)
    {
        Connection accepted = new(this, connection, ++_connectionNumber, nowUs);
        _connections.Add(accepted);
        return accepted;
    }

    /// <inheritdoc/>
    /// <remarks>As if another client had published it; a ticket is not reported.</remarks>
    public void Publish(in MqttMessage message, long ticket, long nowUs) =>
        Route(string.Empty, new BrokerMessage(message.Topic, message.Payload.ToArray()) { Qos = message.Qos, Retain = message.Retain }, [], nowUs);

    /// <inheritdoc/>
    /// <remarks>Nothing is deferred here.</remarks>
    public void Acknowledge(long token, byte reasonCode, long nowUs)
    {
    }

    /// <inheritdoc/>
    public void Disconnect(string clientId, byte reasonCode, long nowUs)
    {
        if (_sessions.TryGetValue(clientId, out Session? session))
        {
            session.Connection?.End(reasonCode, nowUs);
        }
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        long next = long.MaxValue;
        foreach (Connection connection in _connections.ToArray())
        {
            next = Math.Min(next, connection.Step(nowUs));
        }

        foreach (Session session in new List<Session>(_sessions.Values))
        {
            if (session.Connection is null && session.ExpiresUs <= nowUs)
            {
                _sessions.Remove(session.ClientId);
            }
        }

        return next;
    }

    private static void Note<T>(List<T> list, T entry)
    {
        if (list.Count < MaxLog)
        {
            list.Add(entry);
        }
    }

    /// <summary>Tells whether a packet is one of those that get lost.</summary>
    private bool IsLost(BrokerPacket kind, string? topic)
    {
        foreach (LostPackets lost in Habits.Lost)
        {
            if (lost.Kind != kind || (lost.Filter is not null && (topic is null || !MqttTopics.Matches(lost.Filter, topic))))
            {
                continue;
            }

            int before = _offered.GetValueOrDefault(lost);
            _offered[lost] = before + 1;
            if (before >= lost.After && before - lost.After < lost.Count)
            {
                Swallowed++;
                return true;
            }
        }

        return false;
    }

    private PublishRefusal? Refusal(string topic, ReadOnlySpan<byte> payload)
    {
        foreach (PublishRefusal refusal in Habits.PublishRefusals)
        {
            if (MqttTopics.Matches(refusal.Filter, topic)
                && (refusal.PayloadContains is null || Encoding.UTF8.GetString(payload).Contains(refusal.PayloadContains, StringComparison.Ordinal))
                && _refused.GetValueOrDefault(refusal) < refusal.Times)
            {
                _refused[refusal] = _refused.GetValueOrDefault(refusal) + 1;
                return refusal;
            }
        }

        return null;
    }

    private byte Admit(string clientId, string? user, string? password, MqttVersion version, long nowUs)
    {
        BrokerHabits habits = Habits;
        if (habits.BanAfterConnects > 0)
        {
            if (_banned.TryGetValue(clientId, out long untilUs) && nowUs < untilUs)
            {
                return MqttReason.Banned;
            }

            if (!_recentConnects.TryGetValue(clientId, out List<long>? recent))
            {
                _recentConnects.Add(clientId, recent = []);
            }

            recent.RemoveAll(t => nowUs - t > habits.BanWindowUs);
            recent.Add(nowUs);
            if (recent.Count >= habits.BanAfterConnects)
            {
                recent.Clear();
                _banned[clientId] = nowUs + habits.BanUs;
                return MqttReason.Banned;
            }
        }

        if (habits.ConnackReason != 0 && _connectRefusals < habits.ConnackRefusals)
        {
            _connectRefusals++;
            return habits.ConnackReason;
        }

        bool known = (habits.UserName is null || string.Equals(habits.UserName, user, StringComparison.Ordinal))
            && (habits.Password is null || string.Equals(habits.Password, password, StringComparison.Ordinal));
        return known ? (byte)0 : MqttReason.BadUserNameOrPassword;
    }

    private bool Route(string from, BrokerMessage message, List<byte> properties, long nowUs)
    {
        if (message.Retain && Habits.KeepsRetained)
        {
            if (message.Payload.IsEmpty)
            {
                _retained.Remove(message.Topic);
            }
            else
            {
                _retained[message.Topic] = message;
            }
        }

        bool any = false;
        foreach (Session session in _sessions.Values)
        {
            Subscription? best = null;
            foreach (Subscription subscription in session.Subscriptions)
            {
                bool ownEcho = subscription.NoLocal && string.Equals(session.ClientId, from, StringComparison.Ordinal);
                if (!ownEcho && MqttTopics.Matches(subscription.Filter, message.Topic) && (best is null || subscription.Qos > best.Qos))
                {
                    best = subscription;
                }
            }

            if (best is not null)
            {
                any = true;
                MqttQos qos = (MqttQos)Math.Min((byte)message.Qos, (byte)best.Qos);
                session.Send(new Outgoing(message with { Qos = qos, Retain = message.Retain && best.RetainAsPublished, Duplicate = false }, properties), this, nowUs);
            }
        }

        return any;
    }

    private sealed record Subscription(string Filter, MqttQos Qos, bool NoLocal, bool RetainAsPublished);

    private sealed class Outgoing(BrokerMessage message, List<byte> properties)
    {
        public BrokerMessage Message { get; } = message;

        public List<byte> Properties { get; } = properties;

        public ushort Id { get; set; }

        public bool IsSent { get; set; }

        public bool IsReleased { get; set; }
    }

    private sealed class Session(string clientId)
    {
        private ushort _lastId;

        public string ClientId { get; } = clientId;

        public List<Subscription> Subscriptions { get; } = [];

        public List<Outgoing> InFlight { get; } = [];

        public Queue<Outgoing> Waiting { get; } = new();

        public SortedSet<ushort> Unreleased { get; } = [];

        public uint ExpirySeconds { get; set; }

        public long ExpiresUs { get; set; } = long.MaxValue;

        public Connection? Connection { get; set; }

        public void Send(Outgoing outgoing, PeerBroker broker, long nowUs)
        {
            if (outgoing.Message.Qos == MqttQos.AtMostOnce)
            {
                Connection?.Deliver(outgoing, nowUs);
            }
            else if (Waiting.Count >= MaxQueued)
            {
                broker.Dropped++;
            }
            else
            {
                Waiting.Enqueue(outgoing);
                Pump(nowUs);
            }
        }

        public void Pump(long nowUs)
        {
            while (Connection is { } connection && InFlight.Count < connection.SendMaximum && Waiting.TryDequeue(out Outgoing? next))
            {
                do
                {
                    _lastId = _lastId == ushort.MaxValue ? (ushort)1 : (ushort)(_lastId + 1);
                }
                while (InFlight.Exists(o => o.Id == _lastId));
                next.Id = _lastId;
                if (connection.Deliver(next, nowUs))
                {
                    InFlight.Add(next);
                }
            }
        }
    }

    private sealed class Connection : IMqttServerConnection
    {
        private readonly PeerBroker _broker;
        private readonly IMqttConnection _out;
        private readonly int _number;
        private readonly List<byte> _held = [];
        private readonly List<(long DueUs, byte[] Packet)> _delayed = [];
        private readonly SortedDictionary<int, string> _aliases = [];
        private byte[] _input = [];
        private int _inputLength;
        private Session? _session;
        private MqttVersion _version;
        private string _clientId = string.Empty;
        private (BrokerMessage Message, List<byte> Properties)? _will;
        private long _lastReceivedUs;
        private long _keepAliveUs;
        private long _endUs = long.MaxValue;
        private long _clientMaxPacket = long.MaxValue;
        private int _announcedReceiveMaximum = ushort.MaxValue;
        private long _announcedMaxPacket = long.MaxValue;
        private byte _announcedMaximumQos = 2;
        private bool _announcedRetain = true;
        private int _announcedAliases;
        private int _unanswered;
        private bool _isOver;

        public Connection(PeerBroker broker, IMqttConnection connection, int number, long nowUs)
        {
            _broker = broker;
            _out = connection;
            _number = number;
            _lastReceivedUs = nowUs;
        }

        public int SendMaximum { get; private set; } = MaxInFlight;

        private BrokerHabits Habits => _broker.Habits;

        private bool IsV5 => _version == MqttVersion.V5;

        public void Received(ReadOnlySpan<byte> bytes, long nowUs)
        {
            if (_isOver)
            {
                return;
            }

            _lastReceivedUs = nowUs;
            if (_input.Length < _inputLength + bytes.Length)
            {
                Array.Resize(ref _input, Math.Max(_input.Length * 2, _inputLength + bytes.Length));
            }

            bytes.CopyTo(_input.AsSpan(_inputLength));
            _inputLength += bytes.Length;
            int at = 0;
            try
            {
                while (!_isOver && TryFrame(_input.AsSpan(at, _inputLength - at), out int headerLength, out int length))
                {
                    byte header = _input[at];
                    byte[] body = _input.AsSpan(at + headerLength, length).ToArray();
                    at += headerLength + length;
                    if (Habits.SilentPacketLimit > 0 && headerLength + length > Habits.SilentPacketLimit)
                    {
                        Close(nowUs, publishWill: true);
                        return;
                    }

                    if (headerLength + length > _announcedMaxPacket)
                    {
                        throw new PeerWireException(MqttReason.PacketTooLarge, "a packet of " + Number(headerLength + length) + " bytes");
                    }

                    Handle(header, body, nowUs);
                }
            }
            catch (PeerWireException e)
            {
                Note(_broker._violations, _clientId + ": " + e.Message);
                End(e.Reason, nowUs);
            }

            _inputLength -= at;
            _input.AsSpan(at, _inputLength).CopyTo(_input);
        }

        public void Drained(long nowUs)
        {
        }

        public void Closed(long nowUs) => Gone(nowUs, publishWill: true);

        public long Step(long nowUs)
        {
            if (_isOver)
            {
                return long.MaxValue;
            }

            if (nowUs >= _endUs)
            {
                End(Habits.EndReason, nowUs);
                return long.MaxValue;
            }

            if (_keepAliveUs > 0 && nowUs - _lastReceivedUs > _keepAliveUs + (_keepAliveUs / 2))
            {
                End(MqttReason.KeepAliveTimeout, nowUs);
                return long.MaxValue;
            }

            FlushDelayed(nowUs);
            if (_held.Count > 0)
            {
                _out.Write(_held.ToArray());
                _held.Clear();
            }

            long next = Math.Min(_endUs, _keepAliveUs > 0 ? _lastReceivedUs + _keepAliveUs + (_keepAliveUs / 2) + 1 : long.MaxValue);
            foreach ((long dueUs, _) in _delayed)
            {
                next = Math.Min(next, dueUs);
            }

            return next;
        }

        /// <summary>Closes with a reason, which MQTT 5 is told.</summary>
        public void End(byte reason, long nowUs)
        {
            if (IsV5 && _session is not null && reason != 0)
            {
                Write(BrokerPacket.Disconnect, 0xE0, new PeerWriter().U8(reason).Group(Words()), null);
            }

            Close(nowUs, publishWill: true);
        }

        /// <returns>False when the message does not fit the client's Maximum Packet Size and was dropped.</returns>
        public bool Deliver(Outgoing outgoing, long nowUs)
        {
            BrokerMessage message = outgoing.Message;
            byte[] packet = PublishPacket(outgoing, message.Duplicate || outgoing.IsSent);
            if (packet.Length > _clientMaxPacket)
            {
                return false;
            }

            outgoing.IsSent = true;
            if (!_broker.IsLost(BrokerPacket.Publish, message.Topic))
            {
                Write(packet);
                if (Habits.RepeatsDeliveries && message.Qos != MqttQos.AtMostOnce)
                {
                    Write(PublishPacket(outgoing, duplicate: true));
                }
            }

            return true;
        }

        private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

        private static bool TryFrame(ReadOnlySpan<byte> bytes, out int headerLength, out int length)
        {
            headerLength = 0;
            length = 0;
            for (int i = 1; i < bytes.Length && i <= 4; i++)
            {
                length |= (bytes[i] & 0x7F) << (7 * (i - 1));
                if (bytes[i] < 0x80)
                {
                    if (length > MaxPacketBytes)
                    {
                        throw new PeerWireException(MqttReason.PacketTooLarge, "a packet longer than this broker can hold");
                    }

                    headerLength = i + 1;
                    return bytes.Length - headerLength >= length;
                }

                if (i == 4)
                {
                    throw new PeerWireException(MqttReason.MalformedPacket, "a length of more than four bytes");
                }
            }

            return false;
        }

        private byte[] PublishPacket(Outgoing outgoing, bool duplicate)
        {
            BrokerMessage message = outgoing.Message;
            PeerWriter body = new PeerWriter().Text(message.Topic);
            if (message.Qos != MqttQos.AtMostOnce)
            {
                body.U16(outgoing.Id);
            }

            if (IsV5)
            {
                body.Group(new PeerWriter().Bytes(outgoing.Properties.ToArray()));
            }

            body.Bytes(message.Payload.Span);
            return body.Packet(0x30 | (duplicate && message.Qos != MqttQos.AtMostOnce ? 8 : 0) | ((int)message.Qos << 1) | (message.Retain ? 1 : 0));
        }

        private void Handle(byte header, byte[] body, long nowUs)
        {
            int type = header >> 4;
            int flags = header & 0x0F;
            if (type != 3 && flags != (type is 6 or 8 or 10 ? 2 : 0))
            {
                throw new PeerWireException(MqttReason.MalformedPacket, "reserved flags of packet type " + Number(type));
            }

            PeerReader r = new(body);
            if (_session is null && type != 1)
            {
                throw new PeerWireException(MqttReason.ProtocolError, "the first packet is of type " + Number(type));
            }

            switch (type)
            {
                case 1 when _session is null:
                    OnConnect(ref r, nowUs);
                    break;
                case 3:
                    OnPublish(ref r, flags, nowUs);
                    break;
                case 4 or 5 or 7:
                    OnDeliveryAnswer(type, ref r, nowUs);
                    break;
                case 6:
                    ushort id = r.U16();
                    if (_session!.Unreleased.Remove(id))
                    {
                        _unanswered--;
                    }

                    Acknowledge(BrokerPacket.Pubcomp, id, 0, null, nowUs);
                    break;
                case 8 or 10:
                    OnSubscribe(type == 8, ref r, nowUs);
                    break;
                case 12:
                    _broker.Pings++;
                    if (Habits.AnswersPings)
                    {
                        Write(BrokerPacket.Pingresp, 0xD0, new PeerWriter(), null);
                    }

                    break;
                case 14:
                    Close(nowUs, publishWill: r.Left > 0 && r.U8() == MqttReason.DisconnectWithWill);
                    break;
                default:
                    throw new PeerWireException(MqttReason.ProtocolError, "packet type " + Number(type));
            }
        }

        private void OnConnect(ref PeerReader r, long nowUs)
        {
            if (!string.Equals(r.Text(), "MQTT", StringComparison.Ordinal))
            {
                throw new PeerWireException(MqttReason.ProtocolError, "no MQTT");
            }

            byte level = r.U8();
            if (level is not (4 or 5))
            {
                Write(BrokerPacket.Connack, 0x20, new PeerWriter().U8(0).U8(1), null);
                Close(nowUs, publishWill: false);
                return;
            }

            _version = (MqttVersion)level;
            byte flags = r.U8();
            ushort keepAlive = r.U16();
            PeerProperties properties = IsV5 ? r.Properties() : new PeerProperties();
            _clientId = r.Text();
            bool assigned = _clientId.Length == 0;
            if (assigned)
            {
                _clientId = Habits.AssignedClientId;
            }

            if ((flags & 4) != 0)
            {
                List<byte> willProperties = IsV5 ? r.Properties().Kept : [];
                string topic = r.Text();
                _will = (new BrokerMessage(topic, r.Binary().ToArray()) { Qos = (MqttQos)((flags >> 3) & 3), Retain = (flags & 0x20) != 0 }, WithoutDelay(willProperties));
            }

            string? user = (flags & 0x80) != 0 ? r.Text() : null;
            string? password = (flags & 0x40) != 0 ? Encoding.UTF8.GetString(r.Binary()) : null;
            bool clean = (flags & 2) != 0;
            byte reason = _broker.Admit(_clientId, user, password, _version, nowUs);
            bool lost = _broker.IsLost(BrokerPacket.Connack, null);
            Note(_broker._connects, new BrokerConnect(_clientId, _version, clean, lost ? (byte)0xFF : reason, nowUs));
            if (lost)
            {
                return;
            }

            if (reason != 0)
            {
                PeerWriter refusal = new PeerWriter().U8(0).U8(IsV5 ? reason : Reason311(reason));
                Write(BrokerPacket.Connack, 0x20, IsV5 ? refusal.Group(Words()) : refusal, null, isJudged: true);
                Close(nowUs, publishWill: false);
                return;
            }

            if (_broker._sessions.TryGetValue(_clientId, out Session? session))
            {
                session.Connection?.End(MqttReason.SessionTakenOver, nowUs);
                if (!_broker._sessions.ContainsKey(_clientId) || clean || Habits.ForgetsSessions)
                {
                    session = null;
                }
            }

            bool present = session is not null;
            session ??= new Session(_clientId);
            _broker._sessions[_clientId] = session;
            session.Connection = this;
            session.ExpirySeconds = IsV5 ? (uint)properties.Number(0x11, 0) : clean ? 0 : uint.MaxValue;
            _session = session;
            _keepAliveUs = (Habits.ServerKeepAliveSeconds is { } own && IsV5 ? own : keepAlive) * 1_000_000L;
            SendMaximum = (int)Math.Min(MaxInFlight, properties.Number(0x21, ushort.MaxValue));
            _clientMaxPacket = properties.Number(0x27, long.MaxValue);
            PeerWriter connack = new PeerWriter().U8(present ? 1 : 0).U8(0);
            if (IsV5)
            {
                connack.Group(Announce(assigned));
            }

            Write(BrokerPacket.Connack, 0x20, connack, null, isJudged: true);
            if (Habits.EndsConnectionsAfterUs > 0 && _broker._ends < Habits.EndTimes)
            {
                _broker._ends++;
                _endUs = nowUs + Habits.EndsConnectionsAfterUs;
            }

            foreach (Outgoing again in session.InFlight.ToArray())
            {
                if (again.IsReleased)
                {
                    Write(BrokerPacket.Pubrel, 0x62, new PeerWriter().U16(again.Id), again.Message.Topic);
                }
                else
                {
                    Deliver(again, nowUs);
                }
            }

            session.Pump(nowUs);
        }

        private PeerWriter Announce(bool assigned)
        {
            BrokerHabits habits = Habits;
            PeerWriter p = Words();
            if (habits.ReceiveMaximum is { } receiveMaximum)
            {
                p.U8(0x21).U16(receiveMaximum);
                _announcedReceiveMaximum = receiveMaximum;
            }

            if (habits.MaximumPacketSize is { } maximumPacketSize)
            {
                p.U8(0x27).U32(maximumPacketSize);
                _announcedMaxPacket = maximumPacketSize;
            }

            if (habits.MaximumQos is { } maximumQos)
            {
                p.U8(0x24).U8(maximumQos);
                _announcedMaximumQos = maximumQos;
            }

            if (!habits.RetainAvailable)
            {
                p.U8(0x25).U8(0);
                _announcedRetain = false;
            }

            if (habits.ServerKeepAliveSeconds is { } keepAlive)
            {
                p.U8(0x13).U16(keepAlive);
            }

            if (habits.TopicAliasMaximum > 0)
            {
                p.U8(0x22).U16(habits.TopicAliasMaximum);
                _announcedAliases = habits.TopicAliasMaximum;
            }

            if (assigned)
            {
                p.U8(0x12).Text(_clientId);
            }

            return p;
        }

        private void OnPublish(ref PeerReader r, int flags, long nowUs)
        {
            BrokerHabits habits = Habits;
            MqttQos qos = (MqttQos)((flags >> 1) & 3);
            string topic = r.Text();
            ushort id = qos == MqttQos.AtMostOnce ? (ushort)0 : r.U16();
            PeerProperties properties = IsV5 ? r.Properties() : new PeerProperties();
            byte[] payload = r.Rest().ToArray();
            int alias = (int)properties.Number(0x23, 0);
            if (alias > _announcedAliases)
            {
                throw new PeerWireException(MqttReason.TopicAliasInvalid, "topic alias " + Number(alias));
            }

            if (topic.Length > 0 && alias > 0)
            {
                _aliases[alias] = topic;
            }
            else if (topic.Length == 0 && !_aliases.TryGetValue(alias, out topic!))
            {
                throw new PeerWireException(MqttReason.ProtocolError, "a topic alias that was never given");
            }

            bool retain = (flags & 1) != 0;
            bool duplicate = (flags & 8) != 0;
            if (!MqttTopics.IsValidName(topic) || (int)qos == 3)
            {
                throw new PeerWireException(MqttReason.MalformedPacket, "topic or quality of service of PUBLISH");
            }

            if ((byte)qos > _announcedMaximumQos)
            {
                throw new PeerWireException(MqttReason.QosNotSupported, "quality of service above Maximum QoS");
            }

            if (retain && !_announcedRetain)
            {
                throw new PeerWireException(MqttReason.RetainNotSupported, "retained although Retain Available is 0");
            }

            bool known = qos == MqttQos.ExactlyOnce && _session!.Unreleased.Contains(id);
            if (qos != MqttQos.AtMostOnce && !known && ++_unanswered > _announcedReceiveMaximum && IsV5)
            {
                throw new PeerWireException(MqttReason.ReceiveMaximumExceeded, "more than Receive Maximum unanswered");
            }

            byte reason = 0;
            bool closes = false;
            if (habits.MaxTopicLevels > 0 && topic.AsSpan().Count('/') + 1 > habits.MaxTopicLevels)
            {
                reason = MqttReason.TopicNameInvalid;
                closes = !IsV5;
            }
            else if (_broker.Refusal(topic, payload) is { } refusal)
            {
                reason = refusal.Reason;
                closes = refusal.Closes;
            }

            if (reason == 0 && !known && !_broker.Route(_clientId, new BrokerMessage(topic, payload) { Qos = qos, Retain = retain }, properties.Kept, nowUs) && habits.TellsNoSubscriber)
            {
                reason = MqttReason.NoMatchingSubscribers;
            }

            Note(_broker._received, new BrokerReceived(_clientId, topic, payload, qos, retain, duplicate, closes ? (byte)0xFF : reason, _number, nowUs));
            if (closes)
            {
                End(reason, nowUs);
            }
            else if (qos == MqttQos.AtLeastOnce)
            {
                Acknowledge(BrokerPacket.Puback, id, reason, topic, nowUs);
            }
            else if (qos == MqttQos.ExactlyOnce)
            {
                if (reason < 0x80)
                {
                    _session!.Unreleased.Add(id);
                }

                Acknowledge(BrokerPacket.Pubrec, id, reason, topic, nowUs);
            }
        }

        private void OnDeliveryAnswer(int type, ref PeerReader r, long nowUs)
        {
            ushort id = r.U16();
            byte reason = IsV5 && r.Left > 0 ? r.U8() : (byte)0;
            Outgoing? outgoing = _session!.InFlight.Find(o => o.Id == id);
            if (outgoing is null)
            {
                if (type == 5)
                {
                    Write(BrokerPacket.Pubrel, 0x62, Answer(id, MqttReason.PacketIdentifierNotFound), null);
                }

                return;
            }

            if (type == 5 && reason < 0x80)
            {
                outgoing.IsReleased = true;
                Write(BrokerPacket.Pubrel, 0x62, new PeerWriter().U16(id), outgoing.Message.Topic);
                return;
            }

            _session.InFlight.Remove(outgoing);
            _session.Pump(nowUs);
        }

        private void OnSubscribe(bool subscribes, ref PeerReader r, long nowUs)
        {
            ushort id = r.U16();
            if (IsV5)
            {
                r.Properties();
            }

            PeerWriter codes = new();
            List<(Subscription Subscription, bool SendsRetained)> added = [];
            while (r.Left > 0)
            {
                string filter = r.Text();
                if (!subscribes)
                {
                    codes.U8(_session!.Subscriptions.RemoveAll(s => string.Equals(s.Filter, filter, StringComparison.Ordinal)) > 0 ? 0 : MqttReason.NoSubscriptionExisted);
                    continue;
                }

                byte options = r.U8();
                MqttQos qos = (MqttQos)(options & 3);
                byte retainHandling = (byte)((options >> 4) & 3);
                Note(_broker._subscribes, new BrokerSubscribe(_clientId, filter, qos, retainHandling, (options & 8) != 0, _number));
                byte refused = 0;
                foreach (SubscriptionRefusal refusal in Habits.SubscriptionRefusals)
                {
                    refused = string.Equals(refusal.Filter, filter, StringComparison.Ordinal) ? refusal.Reason : refused;
                }

                if (refused != 0 || !MqttTopics.IsValidFilter(filter))
                {
                    codes.U8(!IsV5 ? 0x80 : refused != 0 ? refused : MqttReason.TopicFilterInvalid);
                    continue;
                }

                qos = (MqttQos)Math.Min((byte)qos, _announcedMaximumQos);
                bool existed = _session!.Subscriptions.RemoveAll(s => string.Equals(s.Filter, filter, StringComparison.Ordinal)) > 0;
                Subscription subscription = new(filter, qos, (options & 4) != 0, (options & 8) != 0);
                _session.Subscriptions.Add(subscription);
                bool obeys = IsV5 && Habits.ObeysRetainHandling;
                added.Add((subscription, !obeys || retainHandling == 0 || (retainHandling == 1 && !existed)));
                codes.U8((byte)qos);
            }

            PeerWriter answer = new PeerWriter().U16(id);
            if (IsV5)
            {
                answer.Group(Words());
            }

            BrokerPacket kind = subscribes ? BrokerPacket.Suback : BrokerPacket.Unsuback;
            Write(kind, (int)kind << 4, subscribes || IsV5 ? answer.Bytes(codes.Body) : answer, null);
            foreach ((Subscription subscription, bool sendsRetained) in added)
            {
                List<BrokerMessage> messages = [];
                foreach (BrokerMessage retained in _broker._retained.Values)
                {
                    if (sendsRetained && MqttTopics.Matches(subscription.Filter, retained.Topic))
                    {
                        messages.Add(retained with { Retain = true });
                    }
                }

                foreach (BrokerMessage own in Habits.AtSubscribe)
                {
                    if (MqttTopics.Matches(subscription.Filter, own.Topic))
                    {
                        messages.Add(own);
                    }
                }

                foreach (BrokerMessage message in messages)
                {
                    _session!.Send(new Outgoing(message with { Qos = (MqttQos)Math.Min((byte)message.Qos, (byte)subscription.Qos) }, []), _broker, nowUs);
                }
            }
        }

        private void Acknowledge(BrokerPacket kind, ushort id, byte reason, string? topic, long nowUs)
        {
            // Lost ones count as answered: this side holds that it has answered.
            if (kind == BrokerPacket.Puback || (kind == BrokerPacket.Pubrec && reason >= 0x80))
            {
                _unanswered--;
            }

            if (_broker.IsLost(kind, topic))
            {
                return;
            }

            byte[] packet = Answer(id, reason).Packet((int)kind << 4);
            int copies = Habits.RepeatsAcknowledgements ? 2 : 1;
            for (int i = 0; i < copies; i++)
            {
                if (Habits.AcknowledgeAfterUs > 0 || Habits.ReverseAcknowledgements > 1)
                {
                    _delayed.Add((nowUs + Math.Max(Habits.AcknowledgeAfterUs, Habits.ReverseAcknowledgements > 1 ? GroupWaitUs : 0), packet));
                    if (Habits.AcknowledgeAfterUs == 0 && _delayed.Count >= Habits.ReverseAcknowledgements)
                    {
                        FlushDelayed(long.MaxValue);
                    }
                }
                else
                {
                    Write(packet);
                }
            }
        }

        private PeerWriter Answer(ushort id, byte reason)
        {
            PeerWriter answer = new PeerWriter().U16(id);
            if (!IsV5)
            {
                return answer;
            }

            PeerWriter words = Words();
            return !words.IsEmpty ? answer.U8(reason).Group(words) : reason != 0 ? answer.U8(reason) : answer;
        }

        private void FlushDelayed(long nowUs)
        {
            int due = 0;
            while (due < _delayed.Count && _delayed[due].DueUs <= nowUs)
            {
                due++;
            }

            for (int i = 0; i < due; i++)
            {
                Write(_delayed[Habits.ReverseAcknowledgements > 1 ? due - 1 - i : i].Packet);
            }

            _delayed.RemoveRange(0, due);
        }

        private PeerWriter Words()
        {
            PeerWriter words = new();
            if (Habits.ReasonString is { } text)
            {
                words.U8(0x1F).Text(text);
            }

            foreach ((string key, string value) in Habits.UserProperties)
            {
                words.U8(0x26).Text(key).Text(value);
            }

            return words;
        }

        private static List<byte> WithoutDelay(List<byte> willProperties)
        {
            // Will Delay Interval (0x18, four bytes) is for the broker only; this one publishes at once.
            List<byte> kept = [];
            PeerReader r = new(willProperties.ToArray());
            while (r.Left > 0)
            {
                int from = r.At;
                byte id = r.U8();
                switch (id)
                {
                    case 0x18 or 0x02:
                        r.U32();
                        break;
                    case 0x01:
                        r.U8();
                        break;
                    case 0x26:
                        r.Text();
                        r.Text();
                        break;
                    default:
                        r.Binary();
                        break;
                }

                if (id != 0x18)
                {
                    kept.AddRange(willProperties.GetRange(from, r.At - from));
                }
            }

            return kept;
        }

        private static byte Reason311(byte reason) => reason switch
        {
            MqttReason.UnsupportedProtocolVersion => 1,
            MqttReason.ClientIdentifierNotValid => 2,
            MqttReason.BadUserNameOrPassword => 4,
            MqttReason.NotAuthorized or MqttReason.Banned => 5,
            _ => 3,
        };

        private void Write(BrokerPacket kind, int header, PeerWriter body, string? topic, bool isJudged = false)
        {
            if (isJudged || !_broker.IsLost(kind, topic))
            {
                Write(body.Packet(header));
            }
        }

        private void Write(byte[] packet)
        {
            if (Habits.OneByteAtATime)
            {
                for (int i = 0; i < packet.Length; i++)
                {
                    _out.Write(packet.AsSpan(i, 1));
                }
            }
            else if (Habits.Coalesces)
            {
                _held.AddRange(packet);
            }
            else
            {
                _out.Write(packet);
            }
        }

        private void Close(long nowUs, bool publishWill)
        {
            if (_isOver)
            {
                return;
            }

            if (_held.Count > 0)
            {
                _out.Write(_held.ToArray());
                _held.Clear();
            }

            Gone(nowUs, publishWill);
            _out.Close();
        }

        private void Gone(long nowUs, bool publishWill)
        {
            if (_isOver)
            {
                return;
            }

            _isOver = true;
            _broker._connections.Remove(this);
            if (_session is not { } session || session.Connection != this)
            {
                return;
            }

            session.Connection = null;
            session.ExpiresUs = session.ExpirySeconds == uint.MaxValue ? long.MaxValue : nowUs + (session.ExpirySeconds * 1_000_000L);
            if (session.ExpirySeconds == 0)
            {
                _broker._sessions.Remove(session.ClientId);
            }

            if (publishWill && _will is { } will)
            {
                _broker.Route(_clientId, will.Message, will.Properties, nowUs);
            }
        }
    }
}
