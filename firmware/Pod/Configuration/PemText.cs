using System;

namespace Firmware.Pod.Configuration;

/// <summary>A PEM text that comes as base64 in pieces, over a line that carries short requests only. The pieces come in order; each is whole groups of four signs but the last.</summary>
public sealed class PemText
{
    /// <summary>Most base64 signs of one piece.</summary>
    public const int MaxChunkSigns = 360;

    private readonly byte[] _buffer = new byte[ConfigurationKeys.MaxPemBytes];
    private int _count;
    private int _of;

    /// <summary>The key that the pieces are for; -1 for none.</summary>
    public int Key { get; private set; } = -1;

    /// <summary>Pieces so far.</summary>
    public int Have { get; private set; }

    /// <summary>True when the last piece has come.</summary>
    public bool IsWhole => Key >= 0 && Have == _of;

    /// <summary>Forgets all pieces, and wipes them: they may be a private key's.</summary>
    public void Clear()
    {
        Key = -1;
        Have = 0;
        _of = 0;
        for (int i = 0; i < _count; i++)
        {
            _buffer[i] = 0;
        }

        _count = 0;
    }

    /// <summary>Takes a piece. The first one begins anew; a wrong one ends it all.</summary>
    /// <param name="key">Whose.</param>
    /// <param name="number">Its number, from 1.</param>
    /// <param name="of">How many there are.</param>
    /// <param name="base64">Its signs.</param>
    /// <returns>Empty, or what is wrong.</returns>
    public string Add(int key, int number, int of, string base64)
    {
        if (number == 1)
        {
            Clear();
            Key = key;
            _of = of;
        }

        bool isNext = key == Key && of == _of && number == Have + 1 && number <= of;
        string wrong = !isNext ? "piece " + (Key == key ? Have + 1 : 1).ToString() + " is next"
            : base64.Length == 0 || base64.Length > MaxChunkSigns ? "a piece has 1 to 360 signs"
            : Decode(base64, number == of);
        if (wrong.Length == 0)
        {
            Have = number;
            wrong = IsWhole ? Check(ConfigurationKeys.All[key].Kind, _buffer, _count) : string.Empty;
        }

        if (wrong.Length > 0)
        {
            Clear();
        }

        return wrong;
    }

    /// <summary>The whole text; forgotten here afterwards.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Take()
    {
        byte[] bytes = new byte[_count];
        Array.Copy(_buffer, 0, bytes, 0, _count);
        Clear();
        return bytes;
    }

    /// <summary>Whether bytes are the PEM of what a key wants.</summary>
    /// <param name="kind">Certificate or private key.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="count">How many.</param>
    /// <returns>Empty, or what is wrong.</returns>
    public static string Check(ConfigurationKind kind, byte[] bytes, int count)
    {
        if (count > ConfigurationKeys.MaxPemBytes)
        {
            return "a PEM text has at most " + ConfigurationKeys.MaxPemBytes.ToString() + " bytes";
        }

        for (int i = 0; i < count; i++)
        {
            if (bytes[i] != '\n' && bytes[i] != '\r' && (bytes[i] < ' ' || bytes[i] > '~'))
            {
                return "a PEM text is printable ASCII";
            }
        }

        int end = count;
        while (end > 0 && (bytes[end - 1] == '\n' || bytes[end - 1] == '\r'))
        {
            end--;
        }

        if (kind == ConfigurationKind.Certificate)
        {
            return IsFramed(bytes, end, "CERTIFICATE") ? string.Empty : "it is no PEM of one certificate";
        }

        return IsFramed(bytes, end, "EC PRIVATE KEY") || IsFramed(bytes, end, "PRIVATE KEY") ? string.Empty : "it is no PEM of one private key";
    }

    private static bool IsFramed(byte[] bytes, int end, string label)
    {
        string head = "-----BEGIN " + label + "-----";
        string tail = "-----END " + label + "-----";
        if (end < head.Length + tail.Length || !StandsAt(bytes, 0, head) || !StandsAt(bytes, end - tail.Length, tail))
        {
            return false;
        }

        // One only: the dashes of a second one would stand between.
        for (int i = head.Length; i < end - tail.Length; i++)
        {
            if (bytes[i] == '-')
            {
                return false;
            }
        }

        return true;
    }

    private static bool StandsAt(byte[] bytes, int at, string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (bytes[at + i] != text[i])
            {
                return false;
            }
        }

        return true;
    }

    // RFC 4648, 4; strict: no blanks, padding at the very end only.
    private string Decode(string text, bool isLast)
    {
        if ((text.Length & 3) != 0)
        {
            return "base64 comes in groups of four signs";
        }

        for (int i = 0; i < text.Length; i += 4)
        {
            int padding = text[i + 3] != '=' ? 0 : text[i + 2] != '=' ? 1 : 2;
            int bits = 0;
            for (int j = 0; j < 4; j++)
            {
                int value = j >= 4 - padding ? 0 : Value(text[i + j]);
                if (value < 0)
                {
                    return "this is no base64";
                }

                bits = (bits << 6) | value;
            }

            if (padding > 0 && (!isLast || i + 4 < text.Length))
            {
                return "base64 is padded at its end only";
            }

            if (_count + 3 - padding > _buffer.Length)
            {
                return "a PEM text has at most " + ConfigurationKeys.MaxPemBytes.ToString() + " bytes";
            }

            for (int j = 0; j < 3 - padding; j++)
            {
                _buffer[_count++] = (byte)(bits >> (16 - (8 * j)));
            }
        }

        return string.Empty;
    }

    private static int Value(char sign) =>
        sign >= 'A' && sign <= 'Z' ? sign - 'A'
        : sign >= 'a' && sign <= 'z' ? sign - 'a' + 26
        : sign >= '0' && sign <= '9' ? sign - '0' + 52
        : sign == '+' ? 62
        : sign == '/' ? 63
        : -1;
}
