namespace Firmware.Core;

/// <summary>The newest few happenings, for a person who looks afterwards. The oldest gives way; nothing is allocated after the start.</summary>
public sealed class TraceRing
{
    private readonly long[] _timeUs;
    private readonly int[] _code;
    private readonly int[] _argument;
    private int _next;

    /// <summary>Allocates.</summary>
    /// <param name="capacity">How many are kept, above 0.</param>
    public TraceRing(int capacity)
    {
        _timeUs = new long[capacity];
        _code = new int[capacity];
        _argument = new int[capacity];
    }

    /// <summary>How many are held.</summary>
    public int Count { get; private set; }

    /// <summary>How many were ever added.</summary>
    public long Total { get; private set; }

    /// <summary>Adds one.</summary>
    /// <param name="timeUs">When, monotonic µs.</param>
    /// <param name="code">What.</param>
    /// <param name="argument">About what.</param>
    public void Add(long timeUs, int code, int argument)
    {
        _timeUs[_next] = timeUs;
        _code[_next] = code;
        _argument[_next] = argument;
        _next = _next + 1 == _timeUs.Length ? 0 : _next + 1;
        Total++;
        if (Count < _timeUs.Length)
        {
            Count++;
        }
    }

    /// <summary>When entry <paramref name="index"/> was added.</summary>
    /// <param name="index">0 is the oldest held.</param>
    /// <returns>Monotonic µs.</returns>
    public long TimeUs(int index) => _timeUs[Slot(index)];

    /// <summary>What it was.</summary>
    /// <param name="index">0 is the oldest held.</param>
    /// <returns>The code.</returns>
    public int Code(int index) => _code[Slot(index)];

    /// <summary>What it was about.</summary>
    /// <param name="index">0 is the oldest held.</param>
    /// <returns>The argument.</returns>
    public int Argument(int index) => _argument[Slot(index)];

    private int Slot(int index)
    {
        int slot = _next - Count + index;
        return slot < 0 ? slot + _timeUs.Length : slot;
    }
}
