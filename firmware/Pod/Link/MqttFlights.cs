using Firmware.Protocol;

namespace Firmware.Pod.Link;

/// <summary>
/// What is on its way over nanoFramework.M2Mqtt, and whether the link still moves. That library repeats a message of QoS 1 after 1 s and gives up after 3 s, without any word of it being the link's
/// end; it never says that a connection is blocked, and it pings only when nothing was sent. So a message that it gave up stays here under its ticket and is sent again, and the link is
/// <see cref="IsStuck"/> when the oldest message waits for too long without an older one having been answered, when nothing was taken for too long, or when nothing was received for too long of a
/// gateway that was sent something. What the library holds is bounded here, by messages and by <see cref="RoomBytes"/>: it hands on what comes in behind what waits to go out, so that a command
/// waits for as long as the messages before it take.
/// </summary>
public sealed class MqttFlights
{
    /// <summary>The oldest message may wait for this long, and as long again after each answer to an older one, µs. Above the library's 3 s; with the loop's lateness below 20 s.</summary>
    public const long OverdueUs = 15_000_000;

    /// <summary>The library's queue may be full for this long, µs.</summary>
    public const long FullUs = 10_000_000;

    /// <summary>
    /// Nothing may be received for this long after something was sent, µs. At most 10 s apart a clock request goes, which the gateway answers (<see cref="PodOptions.TimePeriodMs"/>).
    /// </summary>
    public const long SilentUs = 18_000_000;

    /// <summary>Messages of QoS 0 that may wait in the library beside those of QoS 1. Assumption: 0.8 s of live sound; small ones may be <see cref="SmallRoom"/> more.</summary>
    public const int QosZeroRoom = 8;

    /// <summary>Small messages of QoS 0 beyond <see cref="QosZeroRoom"/>: requests for the gateway's time, by which a cuff knows that it lives.</summary>
    public const int SmallRoom = 4;

    /// <summary>Messages that come in and wait in the same queue of the library. It drops what finds the queue full without a word, a STOP too, so this is far above what comes while a send is blocked. Assumption: 64 of about 100 bytes.</summary>
    public const int InboundRoom = 64;

    /// <summary>A message of at most this length is small, bytes of payload: vital signs, events and requests are.</summary>
    public const int SmallBytes = 1024;

    /// <summary>Room beyond <see cref="RoomBytes"/> for what cannot wait, small messages and live sound, bytes.</summary>
    public const int UrgentRoomBytes = 4096;

    /// <summary>Least of <see cref="RoomBytes"/>, bytes: the longest message and one chunk of live sound.</summary>
    public const int MinRoomBytes = 6 * 1024;

    /// <summary>Most of <see cref="RoomBytes"/>, bytes: four of the longest messages.</summary>
    public const int MaxRoomBytes = 16 * 1024;

    /// <summary>
    /// An answer may come this much later than the fastest one of the connection before <see cref="RoomBytes"/> shrinks, µs: so long the queue delays a command. Assumption: half of the 500 ms in which
    /// a stop of the cuff is to arrive. The rule is that of delay-based congestion control. Source: Brakmo, Peterson, "TCP Vegas", IEEE JSAC 13(8), 1995, section 3.2.
    /// </summary>
    public const long QueueDelayUs = 250_000;

    private const int GrowBytes = 1024;
    private const long LiveIsRecentUs = 500_000;

    private readonly int[] _identifiers = new int[LinkParameters.Window];
    private readonly int[] _tickets = new int[LinkParameters.Window];
    private readonly long[] _sentUs = new long[LinkParameters.Window];
    private readonly string[] _topics = new string[LinkParameters.Window];
    private readonly byte[][] _payloads = new byte[LinkParameters.Window][];
    private readonly bool[] _retain = new bool[LinkParameters.Window];
    private readonly long[] _handedUs = new long[LinkParameters.Window];
    private readonly long[] _endBytes = new long[LinkParameters.Window];
    private readonly long[] _endZero = new long[LinkParameters.Window];
    private readonly long[] _order = new long[LinkParameters.Window];
    private int _oldest = -1;
    private int _again;
    private long _added;
    private long _takenBytes;
    private long _provenBytes;
    private long _takenZero;
    private long _provenZero;
    private long _fastestUs = long.MaxValue;
    private long _sizedUs;
    private long _liveUs = -LiveIsRecentUs;
    private long _progressUs;
    private long _fullSinceUs = -1;
    private long _fullUs;
    private long _askedUs = -1;

    /// <summary>The bound to give to the library's queue, which holds both qualities of service and what comes in.</summary>
    public static int QueueSize => LinkParameters.Window + QosZeroRoom + SmallRoom + InboundRoom;

    /// <summary>
    /// Bytes that may be with the library and not proven to have left, <see cref="MinRoomBytes"/> to <see cref="MaxRoomBytes"/>. An answer proves all that was handed over before its message, since the
    /// library sends in order.
    /// </summary>
    public int RoomBytes { get; private set; } = MaxRoomBytes;

    /// <summary>Bytes with the library that are not proven to have left.</summary>
    public long UnprovenBytes => _takenBytes - _provenBytes;

    /// <summary>Messages on their way.</summary>
    public int Count { get; private set; }

    /// <summary>Whether a message may be handed to the library now.</summary>
    /// <param name="isAcknowledged">True for QoS 1.</param>
    /// <param name="bytes">Bytes of its payload.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when it may.</returns>
    public bool HasRoomFor(bool isAcknowledged, int bytes, long nowUs)
    {
        bool isSmall = bytes <= SmallBytes;
        if (isAcknowledged)
        {
            // One is always in flight: only its answer proves what went before it. While there is live sound, what is large and may wait is no more than this one.
            bool isBehindLive = !isSmall && nowUs - _liveUs < LiveIsRecentUs;
            int room = RoomBytes + (isSmall ? UrgentRoomBytes : 0);
            return Count == 0 || (!isBehindLive && Count < LinkParameters.Window && UnprovenBytes + bytes <= room);
        }

        return _takenZero - _provenZero < QosZeroRoom + (isSmall ? SmallRoom : 0) && UnprovenBytes + bytes <= RoomBytes + UrgentRoomBytes;
    }

    /// <summary>Forgets all: the link is gone.</summary>
    public void Clear()
    {
        Count = 0;
        _oldest = -1;
        _again = 0;
        _fullSinceUs = -1;
        _askedUs = -1;
        _provenBytes = _takenBytes;
        _provenZero = _takenZero;
        _fastestUs = long.MaxValue;
        RoomBytes = MaxRoomBytes;
        for (int i = 0; i < _tickets.Length; i++)
        {
            _tickets[i] = 0;
            _payloads[i] = null!;
        }
    }

    /// <summary>A message of QoS 1 was handed to the library; <see cref="HasRoomFor"/> was true, and <see cref="OnTaken"/> was called.</summary>
    /// <param name="identifier">The library's number of it, above 0.</param>
    /// <param name="ticket">Its ticket, above 0.</param>
    /// <param name="topic">Its topic.</param>
    /// <param name="payload">Its bytes, as the library has them.</param>
    /// <param name="retain">Whether it is retained.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Add(int identifier, int ticket, string topic, byte[] payload, bool retain, long nowUs)
    {
        for (int i = 0; i < _tickets.Length; i++)
        {
            if (_tickets[i] == 0)
            {
                _identifiers[i] = identifier;
                _tickets[i] = ticket;
                _topics[i] = topic;
                _payloads[i] = payload;
                _retain[i] = retain;
                _sentUs[i] = nowUs;
                _order[i] = ++_added;
                MarkHanded(i, nowUs);
                _oldest = Count == 0 ? i : _oldest;
                Count++;
                return;
            }
        }
    }

    /// <summary>A message was acknowledged.</summary>
    /// <param name="identifier">The library's number of it.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>Its ticket, or 0 for one that is not known.</returns>
    public int Acknowledge(int identifier, long nowUs)
    {
        int at = IndexOf(identifier);
        return at < 0 ? 0 : Settle(at, nowUs);
    }

    /// <summary>The gateway said in a message of its own that it has stored one of ours: the library drops an acknowledgement that comes after its 3 s.</summary>
    /// <param name="buffer">Holds <see cref="MessageIdentity"/>'s bytes.</param>
    /// <param name="offset">Where they begin.</param>
    /// <param name="count">How many.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>Its ticket, or 0 for one that is not on its way.</returns>
    public int AcknowledgeStored(byte[] buffer, int offset, int count, long nowUs)
    {
        for (int i = 0; i < _tickets.Length; i++)
        {
            if (_tickets[i] != 0 && MessageIdentity.Names(buffer, offset, count, _payloads[i]))
            {
                return Settle(i, nowUs);
            }
        }

        return 0;
    }

    private int Settle(int at, long nowUs)
    {
        int ticket = _tickets[at];
        Prove(at, nowUs);
        _again -= _identifiers[at] == 0 ? 1 : 0;
        _tickets[at] = 0;
        _payloads[at] = null!;
        Count--;
        if (at == _oldest)
        {
            _progressUs = nowUs;
            _oldest = Oldest();
        }

        return ticket;
    }

    /// <summary>The library gave a message up. It is to be sent again, and is as old as before.</summary>
    /// <param name="identifier">The library's number of it.</param>
    public void GiveUp(int identifier)
    {
        int at = IndexOf(identifier);
        if (at >= 0)
        {
            _identifiers[at] = 0;
            _again++;
        }
    }

    /// <summary>The oldest message that is to be sent again.</summary>
    /// <returns>Its place, or -1.</returns>
    public int NextAgain()
    {
        int oldest = -1;
        for (int i = 0; _again > 0 && i < _tickets.Length; i++)
        {
            if (_tickets[i] != 0 && _identifiers[i] == 0 && (oldest < 0 || _order[i] < _order[oldest]))
            {
                oldest = i;
            }
        }

        return oldest;
    }

    /// <summary>A message's topic.</summary>
    /// <param name="place">Its place.</param>
    /// <returns>The topic.</returns>
    public string Topic(int place) => _topics[place];

    /// <summary>A message's bytes.</summary>
    /// <param name="place">Its place.</param>
    /// <returns>The bytes.</returns>
    public byte[] Payload(int place) => _payloads[place];

    /// <summary>Whether a message is retained.</summary>
    /// <param name="place">Its place.</param>
    /// <returns>True when it is.</returns>
    public bool IsRetained(int place) => _retain[place];

    /// <summary>A message was handed to the library again.</summary>
    /// <param name="place">Its place.</param>
    /// <param name="identifier">The library's new number of it.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void SentAgain(int place, int identifier, long nowUs)
    {
        _identifiers[place] = identifier;
        _again--;
        MarkHanded(place, nowUs);
    }

    /// <summary>The library took a message, of either quality of service.</summary>
    /// <param name="isAcknowledged">True for QoS 1.</param>
    /// <param name="bytes">Bytes of its payload.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void OnTaken(bool isAcknowledged, int bytes, long nowUs)
    {
        _takenBytes += bytes;
        if (!isAcknowledged)
        {
            _takenZero++;
            _liveUs = bytes > SmallBytes ? nowUs : _liveUs;
        }

        _fullSinceUs = -1;
        _askedUs = _askedUs < 0 ? nowUs : _askedUs;
    }

    /// <summary>Something came of the gateway: an acknowledgement, or a message.</summary>
    public void OnReceived()
    {
        _askedUs = -1;
        if (Count == 0)
        {
            // Nothing is in flight whose answer would tell.
            _provenBytes = _takenBytes;
            _provenZero = _takenZero;
        }
    }

    /// <summary>The library's queue was full.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void OnFull(long nowUs)
    {
        if (_fullSinceUs < 0)
        {
            _fullSinceUs = nowUs;
        }

        _fullUs = nowUs;
    }

    /// <summary>Whether the link is to be given up.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when it is.</returns>
    public bool IsStuck(long nowUs) => nowUs >= StuckUs();

    /// <summary>When the link is to be given up, if nothing happens; <see cref="long.MaxValue"/> while nothing waits.</summary>
    /// <returns>Monotonic µs.</returns>
    public long StuckUs()
    {
        long stuckUs = _askedUs < 0 ? long.MaxValue : _askedUs + SilentUs;

        // Full once is not full until somebody tried again.
        if (_fullSinceUs >= 0 && _fullUs - _fullSinceUs >= FullUs)
        {
            return _fullUs;
        }

        int oldest = _oldest;
        if (oldest >= 0)
        {
            // A thin link whose oldest message is answered again and again does move, however old the next one is by then.
            long sinceUs = _sentUs[oldest] > _progressUs ? _sentUs[oldest] : _progressUs;
            stuckUs = sinceUs + OverdueUs < stuckUs ? sinceUs + OverdueUs : stuckUs;
        }

        return stuckUs;
    }

    private void MarkHanded(int at, long nowUs)
    {
        _handedUs[at] = nowUs;
        _endBytes[at] = _takenBytes;
        _endZero[at] = _takenZero;
    }

    private void Prove(int at, long nowUs)
    {
        if (_endBytes[at] > _provenBytes)
        {
            _provenBytes = _endBytes[at];
            _provenZero = _endZero[at];
        }

        // One step for each round trip: an answer to a message that was handed over after the last step. A message given up keeps the time of its newest copy.
        long tripUs = nowUs - _handedUs[at];
        _fastestUs = tripUs < _fastestUs ? tripUs : _fastestUs;
        if (_handedUs[at] < _sizedUs)
        {
            return;
        }

        _sizedUs = nowUs;
        int bytes = tripUs - _fastestUs > QueueDelayUs ? RoomBytes / 2 : RoomBytes + GrowBytes;
        RoomBytes = bytes < MinRoomBytes ? MinRoomBytes : bytes > MaxRoomBytes ? MaxRoomBytes : bytes;
    }

    private int Oldest()
    {
        int oldest = -1;
        for (int i = 0; i < _tickets.Length; i++)
        {
            if (_tickets[i] != 0 && (oldest < 0 || _order[i] < _order[oldest]))
            {
                oldest = i;
            }
        }

        return oldest;
    }

    private int IndexOf(int identifier)
    {
        for (int i = 0; i < _tickets.Length; i++)
        {
            if (_tickets[i] != 0 && _identifiers[i] == identifier && identifier != 0)
            {
                return i;
            }
        }

        return -1;
    }
}
