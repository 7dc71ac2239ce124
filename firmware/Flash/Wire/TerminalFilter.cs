using System;
using System.Text;

namespace Firmware.Flash.Wire;

/// <summary>
/// What a pod writes to a person's terminal: printable ASCII, line ends, backspace, and the colours that the console has. Every other byte is a question mark or nothing, so that no pod can move the cursor, set the
/// window's title, answer for the keyboard or ring the bell. It keeps its place between two calls, since a sequence may be cut in two.
/// </summary>
public sealed class TerminalFilter
{
    // "ESC [ 31 m" has three signs behind the bracket; twice that.
    private const int MaxSequence = 6;

    private readonly StringBuilder _sequence = new();

    /// <summary>Takes bytes of the line.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>What may be shown.</returns>
    public string Take(ReadOnlySpan<byte> bytes)
    {
        StringBuilder shown = new(bytes.Length);
        foreach (byte value in bytes)
        {
            if (_sequence.Length > 0)
            {
                Continue(shown, value);
            }
            else if (value == 0x1B)
            {
                _sequence.Append('\u001b');
            }
            else
            {
                Plain(shown, value);
            }
        }

        return shown.ToString();
    }

    private static void Plain(StringBuilder shown, byte value)
    {
        if (value is (>= (byte)' ' and <= (byte)'~') or (byte)'\r' or (byte)'\n' or (byte)'\b')
        {
            shown.Append((char)value);
        }
        else if (value != 0x07)
        {
            shown.Append('?');
        }
    }

    private void Continue(StringBuilder shown, byte value)
    {
        bool isNext = _sequence.Length == 1 ? value == '[' : char.IsAsciiDigit((char)value) && _sequence.Length < MaxSequence;
        if (isNext)
        {
            _sequence.Append((char)value);
            return;
        }

        // Source: ECMA-48, 8.3.117: 0 is plain, 30 to 37 are colours. Others hide text or outlive the line.
        string number = _sequence.Length > 2 ? _sequence.ToString(2, _sequence.Length - 2) : string.Empty;
        if (value == 'm' && (number is "0" || (number.Length == 2 && number[0] == '3' && number[1] <= '7')))
        {
            shown.Append(_sequence).Append('m');
            _sequence.Clear();
            return;
        }

        // What was held back is shown as what it is, and the byte that ended it is one like any other.
        shown.Append('?').Append(_sequence.ToString(1, _sequence.Length - 1));
        _sequence.Clear();
        if (value == 0x1B)
        {
            _sequence.Append('\u001b');
        }
        else
        {
            Plain(shown, value);
        }
    }
}
