using Firmware.Core;

namespace Firmware.Pod.Console;

/// <summary>
/// Bytes on their way to the line. They leave in small portions, no faster than the line carries them, so that no call of the port waits. Text is ASCII: whatever is not becomes '?'.
/// </summary>
public sealed class ConsoleOutput
{
    /// <summary>Bytes that can wait.</summary>
    public const int Capacity = 4096;

    /// <summary>Most bytes of one step.</summary>
    public const int PortionBytes = 128;

    /// <summary>Time that the line needs for a byte, µs. Source: 10 bits at 115200 per second.</summary>
    public const int ByteUs = 87;

    private readonly IConsolePort _port;
    private readonly byte[] _buffer = new byte[Capacity];
    private int _start;
    private long _freeUs;

    /// <summary>Stores.</summary>
    /// <param name="port">The line.</param>
    public ConsoleOutput(IConsolePort port) => _port = port;

    /// <summary>Bytes that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Room for more.</summary>
    public int Room => Capacity - Count;

    /// <summary>Bytes that found no room since the start.</summary>
    public long Dropped { get; private set; }

    /// <summary>Adds a byte as it is.</summary>
    /// <param name="value">The byte.</param>
    public void Byte(byte value)
    {
        if (Count == Capacity)
        {
            Dropped++;
            return;
        }

        int at = _start + Count;
        _buffer[at < Capacity ? at : at - Capacity] = value;
        Count++;
    }

    /// <summary>Adds text.</summary>
    /// <param name="text">The text.</param>
    public void Text(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            char sign = text[i];
            Byte(sign <= '~' ? (byte)sign : (byte)'?');
        }
    }

    /// <summary>Adds text and the end of a line.</summary>
    /// <param name="text">The text.</param>
    public void Line(string text)
    {
        Text(text);
        Text("\r\n");
    }

    /// <summary>Adds bytes as they are.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="count">How many.</param>
    public void Bytes(byte[] bytes, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Byte(bytes[i]);
        }
    }

    /// <summary>Hands a portion to the line.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next; <see cref="long.MaxValue"/> with nothing waiting.</returns>
    public long Step(long nowUs)
    {
        if (Count == 0)
        {
            return long.MaxValue;
        }

        if (nowUs < _freeUs)
        {
            return _freeUs;
        }

        int portion = Count < PortionBytes ? Count : PortionBytes;
        portion = portion < Capacity - _start ? portion : Capacity - _start;
        _freeUs = nowUs + (portion * ByteUs);
        if (_port.TryWrite(_buffer, _start, portion))
        {
            _start += portion;
            _start = _start == Capacity ? 0 : _start;
            Count -= portion;
        }

        return Count == 0 ? long.MaxValue : _freeUs;
    }
}
