using Firmware.Core;

namespace Firmware.Esp32;

/// <summary>Lines for the service console. A line that the port does not take is lost: nothing waits for a console.</summary>
public sealed class EspConsole
{
    /// <summary>Bits per second.</summary>
    public const int BaudRate = 115200;

    private const int ChunkBytes = 128;

    private readonly ISerialPort _port;
    private readonly byte[] _chunk = new byte[ChunkBytes];

    /// <summary>Stores.</summary>
    /// <param name="port">The line.</param>
    public EspConsole(ISerialPort port)
    {
        _port = port;
    }

    /// <summary>Writes lines; each begins with '#', as everything does that answers no command.</summary>
    /// <param name="text">The lines, with '\n' between.</param>
    public void Write(string text)
    {
        int count = 0;
        bool isStart = true;
        for (int i = 0; i < text.Length; i++)
        {
            if (count > ChunkBytes - 4)
            {
                _port.TryWrite(_chunk, 0, count);
                count = 0;
            }

            if (isStart)
            {
                _chunk[count++] = (byte)'#';
                _chunk[count++] = (byte)' ';
            }

            isStart = text[i] == '\n';
            _chunk[count++] = text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~') ? (byte)text[i] : (byte)'?';
        }

        if (!isStart)
        {
            _chunk[count++] = (byte)'\n';
        }

        _port.TryWrite(_chunk, 0, count);
    }
}
