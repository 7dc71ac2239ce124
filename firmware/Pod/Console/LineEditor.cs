namespace Firmware.Pod.Console;

/// <summary>What a byte made of the line that is typed.</summary>
public enum LineEvent : byte
{
    /// <summary>Nothing yet.</summary>
    None = 0,

    /// <summary>The line is whole.</summary>
    Line = 1,

    /// <summary>Tab: complete it.</summary>
    Complete = 2,

    /// <summary>Ctrl-C: whatever runs is to end.</summary>
    Cancel = 3,

    /// <summary>Ctrl-L: say again who this is.</summary>
    Banner = 4,

    /// <summary>The line was too long and is thrown away.</summary>
    TooLong = 5,
}

/// <summary>
/// The line that is typed. A line that begins with '@' is a request of the protocol: it is not echoed, and only its end means anything. Every other line is a person's: CR, LF and CR LF end it, backspace and
/// DEL take a sign away, Ctrl-U all, arrows bring earlier ones back. What is typed of a secret is echoed as stars and never kept.
/// </summary>
public sealed class LineEditor
{
    /// <summary>Longest line, signs.</summary>
    public const int MaxSigns = 512;

    /// <summary>Earlier lines that are kept.</summary>
    public const int MaxHistory = 8;

    private const int MaxKeptSigns = 128;

    private readonly ConsoleOutput _output;
    private readonly char[] _line = new char[MaxSigns];
    private readonly string[] _history = new string[MaxHistory];
    private int _count;
    private int _historyCount;
    private int _historyAt;
    private int _escape;
    private bool _wasReturn;
    private bool _isTooLong;
    private int _secretFrom = -1;

    /// <summary>Stores.</summary>
    /// <param name="output">Where it echoes.</param>
    public LineEditor(ConsoleOutput output) => _output = output;

    /// <summary>True while what is typed is a request of the protocol.</summary>
    public bool IsProtocol => _count > 0 && _line[0] == '@';

    /// <summary>The line.</summary>
    public string Text => new string(_line, 0, _count);

    /// <summary>Takes one byte.</summary>
    /// <param name="value">The byte.</param>
    /// <returns>What it made of the line.</returns>
    public LineEvent Take(byte value)
    {
        bool wasReturn = _wasReturn;
        _wasReturn = value == '\r';
        if (value == '\n' && wasReturn)
        {
            return LineEvent.None;
        }

        if (_escape > 0 && value >= ' ')
        {
            return Escape(value);
        }

        _escape = 0;
        switch (value)
        {
            case (byte)'\r':
            case (byte)'\n':
                if (_isTooLong)
                {
                    _isTooLong = false;
                    Clear();
                    return LineEvent.TooLong;
                }

                if (!IsProtocol)
                {
                    _output.Text("\r\n");
                }

                return LineEvent.Line;
            case 0x03:
                Clear();
                return LineEvent.Cancel;
            case 0x09:
                return IsProtocol ? LineEvent.None : LineEvent.Complete;
            case 0x0C:
                return IsProtocol ? LineEvent.None : LineEvent.Banner;
            case 0x08:
            case 0x7F:
                if (!IsProtocol || _count == 1)
                {
                    Rub(1);
                }

                return LineEvent.None;
            case 0x15:
                Rub(_count);
                return LineEvent.None;
            case 0x1B:
                _escape = 1;
                return LineEvent.None;
            default:
                if (value >= ' ' && value <= '~')
                {
                    Add((char)value);
                }

                return LineEvent.None;
        }
    }

    /// <summary>Adds text as if it were typed.</summary>
    /// <param name="text">The text.</param>
    public void Append(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            Add(text[i]);
        }
    }

    /// <summary>Shows the line again, behind a prompt.</summary>
    public void Redraw()
    {
        for (int i = 0; i < _count; i++)
        {
            Echo(i);
        }
    }

    /// <summary>Keeps the line for the arrow, unless it holds a secret, and begins a new one.</summary>
    public void Finish()
    {
        string text = _count <= MaxKeptSigns && _secretFrom < 0 && !IsProtocol ? Text : string.Empty;
        if (text.Length > 0 && (_historyCount == 0 || !string.Equals(_history[_historyCount - 1], text)))
        {
            if (_historyCount == MaxHistory)
            {
                for (int i = 1; i < MaxHistory; i++)
                {
                    _history[i - 1] = _history[i];
                }

                _historyCount--;
            }

            _history[_historyCount++] = text;
        }

        Clear();
    }

    /// <summary>Begins a new line.</summary>
    public void Clear()
    {
        for (int i = 0; i < _count; i++)
        {
            _line[i] = '\0';
        }

        _count = 0;
        _secretFrom = -1;
        _historyAt = _historyCount;
    }

    private LineEvent Escape(byte value)
    {
        if (_escape == 1)
        {
            _escape = value == '[' || value == 'O' ? 2 : 0;
            return LineEvent.None;
        }

        // Of a sequence only its last sign means anything here; digits and ';' stand before it.
        if (value >= '@')
        {
            _escape = 0;
            if (!IsProtocol && (value == 'A' || value == 'B'))
            {
                Recall(value == 'A' ? -1 : 1);
            }
        }

        return LineEvent.None;
    }

    private void Recall(int step)
    {
        int at = _historyAt + step;
        if (at < 0 || at > _historyCount)
        {
            return;
        }

        Rub(_count);
        _historyAt = at;
        if (at < _historyCount)
        {
            Append(_history[at]);
        }
    }

    private void Add(char sign)
    {
        if (_count == MaxSigns || _isTooLong)
        {
            _isTooLong = true;
            return;
        }

        _line[_count++] = sign;
        if (sign == ' ' && _secretFrom < 0 && !IsProtocol && _count > 1 && _line[_count - 2] != ' ')
        {
            _secretFrom = IsSecretNext() ? _count : -1;
        }

        if (!IsProtocol)
        {
            Echo(_count - 1);
        }
    }

    private void Echo(int at) => _output.Byte(_secretFrom >= 0 && at >= _secretFrom ? (byte)'*' : (byte)_line[at]);

    private void Rub(int signs)
    {
        bool isEchoed = !IsProtocol;
        for (int i = 0; i < signs && _count > 0; i++)
        {
            _count--;
            _line[_count] = '\0';
            if (isEchoed)
            {
                _output.Text("\b \b");
            }
        }

        _isTooLong = false;
        if (_count < _secretFrom)
        {
            _secretFrom = -1;
        }
    }

    // Whatever follows "config set" and one of these may be a secret; so may what follows "config put" and an answer to a challenge.
    private bool IsSecretNext()
    {
        string[] words = new string(_line, 0, _count).Split(' ');
        int count = 0;
        string first = string.Empty;
        string second = string.Empty;
        string third = string.Empty;
        for (int i = 0; i < words.Length; i++)
        {
            if (words[i].Length > 0)
            {
                count++;
                first = count == 1 ? words[i] : first;
                second = count == 2 ? words[i] : second;
                third = count == 3 ? words[i] : third;
            }
        }

        if (count == 1)
        {
            return string.Equals(first, "unlock");
        }

        if (count < 3 || !string.Equals(first, "config"))
        {
            return false;
        }

        int key = Configuration.ConfigurationKeys.IndexOf(third);
        bool isSecret = key < 0 || Configuration.ConfigurationKeys.All[key].IsSecret;
        return isSecret && (string.Equals(second, "set") || string.Equals(second, "put"));
    }
}
