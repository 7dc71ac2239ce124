using Firmware.Core;

namespace Firmware.Pod.Console;

/// <summary>
/// One answer in either face. A command names fields; in the protocol they are the members of a JSON object, for a person the columns of a row or lines of "name  value". Fields that end with
/// <see cref="EndRow"/> are one part of a longer answer, those that are left when the command ends are its last line.
/// </summary>
public sealed class ConsoleAnswer
{
    /// <summary>Longest JSON, bytes.</summary>
    public const int MaxJsonBytes = 1023;

    /// <summary>Room that must be free in the output before a command is asked for its next row: a part, or its two lines.</summary>
    public const int RowBytes = 1200;

    private const int MaxLineSigns = 320;
    private const string HexDigits = "0123456789abcdef";

    private readonly ConsoleOutput _output;
    private readonly ICrc32 _crc32;
    private readonly byte[] _json = new byte[MaxJsonBytes + 64];
    private readonly byte[] _head = new byte[MaxLineSigns];
    private readonly byte[] _line = new byte[MaxLineSigns];
    private string _id = string.Empty;
    private int _jsonCount;
    private int _headCount;
    private int _lineCount;
    private int _fields;
    private int _parts;
    private bool _isTable;
    private string _section = string.Empty;

    /// <summary>Stores.</summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="crc32">The CRC of protocol lines.</param>
    public ConsoleAnswer(ConsoleOutput output, ICrc32 crc32)
    {
        _output = output;
        _crc32 = crc32;
    }

    /// <summary>True in the protocol's face.</summary>
    public bool IsProtocol => _id.Length > 0;

    /// <summary>True when results are coloured for a person.</summary>
    public bool HasColour { get; set; }

    /// <summary>Begins an answer.</summary>
    /// <param name="id">The request's number; empty for a person.</param>
    public void Begin(string id)
    {
        _id = id;
        _parts = 0;
        _section = string.Empty;
        Section(string.Empty);
    }

    /// <summary>Names the part of a longer answer that follows; its rows begin with that member.</summary>
    /// <param name="name">The name; empty for none.</param>
    public void Section(string name)
    {
        _section = name;
        _isTable = false;
        if (name.Length > 0 && !IsProtocol)
        {
            _output.Line(string.Empty);
            _output.Line("-- " + name);
        }

        Clear();
    }

    /// <summary>A field of text.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value; non-ASCII becomes '?'.</param>
    /// <param name="width">Columns in a row for a person.</param>
    public void Text(string name, string value, int width)
    {
        Name(name, width);
        if (IsProtocol)
        {
            Json('"');
            for (int i = 0; i < value.Length; i++)
            {
                char sign = value[i];
                if (sign == '"' || sign == '\\')
                {
                    Json('\\');
                }

                Json(sign < ' ' || sign > '~' ? '?' : sign);
            }

            Json('"');
            return;
        }

        Column(value, width);
    }

    /// <summary>A field of text, as wide as it is.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    public void Text(string name, string value) => Text(name, value, 0);

    /// <summary>A number.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    /// <param name="width">Columns in a row for a person.</param>
    public void Number(string name, long value, int width)
    {
        Name(name, width);
        Plain(value.ToString(), width);
    }

    /// <summary>A number.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    public void Number(string name, long value) => Number(name, value, 0);

    /// <summary>Yes or no.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    /// <param name="width">Columns in a row for a person.</param>
    public void Flag(string name, bool value, int width)
    {
        Name(name, width);
        Plain(IsProtocol ? (value ? "true" : "false") : value ? "yes" : "no", width);
    }

    /// <summary>Yes or no.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    public void Flag(string name, bool value) => Flag(name, value, 0);

    /// <summary>A member that has no value.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="width">Columns in a row for a person.</param>
    public void None(string name, int width)
    {
        Name(name, width);
        Plain(IsProtocol ? "null" : "-", width);
    }

    /// <summary>Ends a row: one part of a longer answer.</summary>
    public void EndRow()
    {
        _parts++;
        if (IsProtocol)
        {
            Send("PART " + _parts.ToString() + " ");
            Clear();
            return;
        }

        if (!_isTable)
        {
            _isTable = true;
            Trimmed(_head, _headCount);
        }

        Trimmed(_line, _lineCount);
        Clear();
    }

    /// <summary>Ends the fields that are left as a row when there are any: inside of a longer answer.</summary>
    public void EndSection()
    {
        if (_fields == 0)
        {
            return;
        }

        if (IsProtocol)
        {
            EndRow();
        }
        else
        {
            Clear();
        }
    }

    /// <summary>A line for a person alone.</summary>
    /// <param name="text">The line.</param>
    public void Say(string text)
    {
        if (!IsProtocol)
        {
            _output.Line(text);
        }
    }

    /// <summary>Ends the answer: done.</summary>
    public void Done()
    {
        if (IsProtocol)
        {
            Send("OK - ");
        }
        else if (_fields == 0 && _parts == 0)
        {
            _output.Line("ok");
        }

        Clear();
    }

    /// <summary>Ends the answer: refused.</summary>
    /// <param name="code">Why.</param>
    /// <param name="detail">What exactly, for this case; empty for nothing more.</param>
    public void Fail(FaultCode code, string detail)
    {
        Clear();
        string word = "P" + ((int)code).ToString();
        if (IsProtocol)
        {
            if (detail.Length > 0)
            {
                Text("detail", detail);
            }

            Text("means", FaultTexts.Happened(code) + " " + FaultTexts.Means(code));
            Text("next", FaultTexts.Next(code));
            Send("ERR " + word + " ");
            Clear();
            return;
        }

        _output.Line(Red(word) + " " + FaultTexts.Happened(code));
        if (detail.Length > 0)
        {
            _output.Line("  " + detail);
        }

        _output.Line("  " + FaultTexts.Means(code));
        _output.Line("  next: " + FaultTexts.Next(code));
    }

    private string Red(string text) => HasColour ? "\u001b[31m" + text + "\u001b[0m" : text;

    private void Name(string name, int width)
    {
        if (IsProtocol)
        {
            Json(_jsonCount == 0 ? '{' : ',');
            Json('"');
            for (int i = 0; i < name.Length; i++)
            {
                Json(name[i]);
            }

            Json('"');
            Json(':');
        }
        else if (width > 0)
        {
            _headCount = Padded(_head, _headCount, name, width);
        }
        else
        {
            // A line of its own; written at once.
            _output.Text("  ");
            _output.Text(name);
            for (int i = name.Length; i < 16; i++)
            {
                _output.Byte((byte)' ');
            }
        }

        _fields++;
    }

    private void Plain(string value, int width)
    {
        if (!IsProtocol)
        {
            Column(value, width);
            return;
        }

        for (int i = 0; i < value.Length; i++)
        {
            Json(value[i]);
        }
    }

    private void Column(string value, int width)
    {
        if (width > 0)
        {
            _lineCount = Padded(_line, _lineCount, value, width);
            return;
        }

        _output.Line(value);
    }

    private int Padded(byte[] line, int at, string text, int width)
    {
        bool isColoured = HasColour && line == _line && (string.Equals(text, "PASS") || string.Equals(text, "FAIL") || string.Equals(text, "SKIP"));
        if (isColoured)
        {
            at = Raw(line, at, text[0] == 'P' ? "\u001b[32m" : text[0] == 'F' ? "\u001b[31m" : "\u001b[33m");
        }

        at = Raw(line, at, text);
        if (isColoured)
        {
            at = Raw(line, at, "\u001b[0m");
        }

        for (int i = text.Length; i < width && at < line.Length; i++)
        {
            line[at++] = (byte)' ';
        }

        // Two columns never touch.
        if (text.Length >= width && at < line.Length)
        {
            line[at++] = (byte)' ';
        }

        return at;
    }

    private static int Raw(byte[] line, int at, string text)
    {
        for (int i = 0; i < text.Length && at < line.Length; i++)
        {
            line[at++] = text[i] > '~' ? (byte)'?' : (byte)text[i];
        }

        return at;
    }

    private void Trimmed(byte[] line, int count)
    {
        while (count > 0 && line[count - 1] == ' ')
        {
            count--;
        }

        _output.Text("  ");
        _output.Bytes(line, count);
        _output.Text("\r\n");
    }

    // At the bound the rest is dropped, so that the line stays one that can be read; no answer comes near it.
    private void Json(char sign)
    {
        if (_jsonCount < MaxJsonBytes - 1)
        {
            _json[_jsonCount++] = (byte)sign;
        }
    }

    private void Send(string status)
    {
        string head = "@" + _id + " " + status;
        if (_jsonCount == 0)
        {
            Json('{');
        }

        byte[] line = new byte[head.Length + _jsonCount + 1];
        for (int i = 0; i < head.Length; i++)
        {
            line[i] = (byte)head[i];
        }

        for (int i = 0; i < _jsonCount; i++)
        {
            line[head.Length + i] = _json[i];
        }

        line[line.Length - 1] = (byte)'}';
        _output.Bytes(line, line.Length);
        _output.Text(" *");
        uint crc = _crc32.Compute(line, 0, line.Length);
        for (int shift = 28; shift >= 0; shift -= 4)
        {
            _output.Byte((byte)HexDigits[(int)((crc >> shift) & 0xF)]);
        }

        _output.Byte((byte)'\n');
    }

    private void Clear()
    {
        _jsonCount = 0;
        _headCount = 0;
        _lineCount = 0;
        _fields = 0;
        if (_section.Length > 0 && IsProtocol)
        {
            string section = _section;
            _section = string.Empty;
            Text("section", section);
            _section = section;
            _fields = 0;
        }
    }
}
