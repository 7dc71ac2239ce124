using System;
using System.IO;
using System.Text;

namespace Firmware.Flash;

/// <summary>The keyboard as a serial terminal sends it: Enter as CR, arrows as ECMA-48 sequences, Ctrl-C as its byte. Nothing is echoed; the pod does that.</summary>
internal sealed class KeyStream : Stream
{
    public KeyStream() => Console.TreatControlCAsInput = true;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The bytes of a key; none for one that a serial terminal does not send.</summary>
    /// <param name="key">The key.</param>
    /// <returns>ASCII.</returns>
    public static byte[] Bytes(ConsoleKeyInfo key) => key.Key switch
    {
        ConsoleKey.Enter => "\r"u8.ToArray(),
        ConsoleKey.Backspace => [0x7F],
        ConsoleKey.UpArrow => "\u001b[A"u8.ToArray(),
        ConsoleKey.DownArrow => "\u001b[B"u8.ToArray(),
        ConsoleKey.RightArrow => "\u001b[C"u8.ToArray(),
        ConsoleKey.LeftArrow => "\u001b[D"u8.ToArray(),
        _ => key.KeyChar is > '\0' and <= '~' ? Encoding.ASCII.GetBytes([key.KeyChar]) : [],
    };

    public override int Read(byte[] buffer, int offset, int count)
    {
        while (true)
        {
            byte[] bytes = Bytes(Console.ReadKey(intercept: true));
            if (bytes.Length > 0 && bytes.Length <= count)
            {
                bytes.CopyTo(buffer, offset);
                return bytes.Length;
            }
        }
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        Console.TreatControlCAsInput = false;
        base.Dispose(disposing);
    }
}
