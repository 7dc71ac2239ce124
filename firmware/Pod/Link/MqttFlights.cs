namespace Firmware.Pod.Link;

/// <summary>
/// What is on its way over nanoFramework.M2Mqtt, and whether the link still moves. That library repeats a message of QoS 1 after 1 s and gives up after 3 s, without any word of it being the link's
/// end; it never says that a connection is blocked, and it pings only when nothing was sent. So a message that it gave up stays here under its ticket and is sent again, and the link is
/// <see cref="IsStuck"/> when the oldest message waits for too long, when nothing was taken for too long, or when nothing was heard for too long of a gateway that was sent something.
/// </summary>
public sealed class MqttFlights
{
    /// <summary>The oldest message may wait for this long, µs. Above the library's 3 s; with the loop's lateness below 20 s.</summary>
    public const long OverdueUs = 15_000_000;

    /// <summary>The library's queue may be full for this long, µs.</summary>
    public const long FullUs = 10_000_000;

    /// <summary>
    /// Nothing may be heard for this long after something was sent, µs. At most 10 s apart a clock request goes, which the gateway answers (<see cref="PodOptions.TimePeriodMs"/>).
    /// </summary>
    public const long SilentUs = 18_000_000;

    /// <summary>
    /// Messages of QoS 0 that may wait in the library beside those of QoS 1. Assumption: 0.8 s of live sound; it bounds the memory of a blocked connection to 8 x 1.7 KB.
    /// </summary>
    public const int QosZeroRoom = 8;

    private readonly int[] _identifiers = new int[LinkParameters.Window];
    private readonly int[] _tickets = new int[LinkParameters.Window];
    private readonly long[] _sentUs = new long[LinkParameters.Window];
    private readonly string[] _topics = new string[LinkParameters.Window];
    private readonly byte[][] _payloads = new byte[LinkParameters.Window][];
    private readonly bool[] _retain = new bool[LinkParameters.Window];
    private long _fullSinceUs = -1;
    private long _fullUs;
    private long _askedUs = -1;

    /// <summary>The bound to give to the library's queue, which holds both qualities of service.</summary>
    public static int QueueSize => LinkParameters.Window + QosZeroRoom;

    /// <summary>Messages on their way.</summary>
    public int Count { get; private set; }

    /// <summary>True when one more can be sent.</summary>
    public bool HasRoom => Count < LinkParameters.Window;

    /// <summary>Forgets all: the link is gone.</summary>
    public void Clear()
    {
        Count = 0;
        _fullSinceUs = -1;
        _askedUs = -1;
        for (int i = 0; i < _tickets.Length; i++)
        {
            _tickets[i] = 0;
            _payloads[i] = null!;
        }
    }

    /// <summary>A message was handed to the library; <see cref="HasRoom"/> was true.</summary>
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
                Count++;
                return;
            }
        }
    }

    /// <summary>A message was acknowledged.</summary>
    /// <param name="identifier">The library's number of it.</param>
    /// <returns>Its ticket, or 0 for one that is not known.</returns>
    public int Acknowledge(int identifier)
    {
        int at = IndexOf(identifier);
        if (at < 0)
        {
            return 0;
        }

        int ticket = _tickets[at];
        _tickets[at] = 0;
        _payloads[at] = null!;
        Count--;
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
        }
    }

    /// <summary>The oldest message that is to be sent again.</summary>
    /// <returns>Its place, or -1.</returns>
    public int NextAgain()
    {
        int oldest = -1;
        for (int i = 0; i < _tickets.Length; i++)
        {
            if (_tickets[i] != 0 && _identifiers[i] == 0 && (oldest < 0 || _sentUs[i] < _sentUs[oldest]))
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
    public void SentAgain(int place, int identifier) => _identifiers[place] = identifier;

    /// <summary>The library took a message, of either quality of service.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void OnTaken(long nowUs)
    {
        _fullSinceUs = -1;
        _askedUs = _askedUs < 0 ? nowUs : _askedUs;
    }

    /// <summary>Something came of the gateway: an acknowledgement, or a message.</summary>
    public void OnHeard() => _askedUs = -1;

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

        for (int i = 0; i < _tickets.Length; i++)
        {
            if (_tickets[i] != 0 && _sentUs[i] + OverdueUs < stuckUs)
            {
                stuckUs = _sentUs[i] + OverdueUs;
            }
        }

        return stuckUs;
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
