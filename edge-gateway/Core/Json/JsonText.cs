using System;
using System.Text;

namespace EdgeGateway.Core.Json;

/// <summary>Writes JSON by hand, byte for byte the same everywhere; numbers come from scaled integers, never from a double.</summary>
internal sealed class JsonText
{
    private readonly StringBuilder _text = new(512);

    public JsonText Raw(string json)
    {
        _text.Append(json);
        return this;
    }

    public JsonText Number(long value)
    {
        if (value < 0)
        {
            _text.Append('-');
        }

        Digits(value < 0 ? (ulong)(-(value + 1)) + 1 : (ulong)value, 1);
        return this;
    }

    /// <summary>value x 10^exponent with all the digits of the value, since they say how finely it was measured.</summary>
    public JsonText Scaled(long value, int exponent)
    {
        const int MostZeros = 9;
        if (exponent == 0)
        {
            return Number(value);
        }

        if (exponent > MostZeros || exponent < -18)
        {
            return Number(value).Raw("e").Number(exponent);
        }

        if (exponent > 0)
        {
            Number(value);
            _text.Append('0', value == 0 ? 0 : exponent);
            return this;
        }

        ulong magnitude = value < 0 ? (ulong)(-(value + 1)) + 1 : (ulong)value;
        ulong scale = 1;
        for (int i = 0; i < -exponent; i++)
        {
            scale *= 10;
        }

        if (value < 0)
        {
            _text.Append('-');
        }

        Digits(magnitude / scale, 1);
        _text.Append('.');
        Digits(magnitude % scale, -exponent);
        return this;
    }

    /// <summary>µs as ms, without trailing zeros.</summary>
    public JsonText Milliseconds(long us)
    {
        Number(us / 1000);
        long rest = us % 1000;
        if (rest != 0)
        {
            int digits = 3;
            while (rest % 10 == 0)
            {
                rest /= 10;
                digits--;
            }

            _text.Append('.');
            Digits((ulong)rest, digits);
        }

        return this;
    }

    /// <summary>A JSON string, or null.</summary>
    public JsonText String(string? value)
    {
        if (value is null)
        {
            _text.Append("null");
            return this;
        }

        _text.Append('"');
        foreach (char c in value)
        {
            switch (c)
            {
                case '"':
                    _text.Append("\\\"");
                    break;
                case '\\':
                    _text.Append("\\\\");
                    break;
                case < ' ':
                    _text.Append("\\u00").Append("0123456789abcdef"[c >> 4]).Append("0123456789abcdef"[c & 15]);
                    break;
                default:
                    _text.Append(c);
                    break;
            }
        }

        _text.Append('"');
        return this;
    }

    public JsonText Boolean(bool value) => Raw(value ? "true" : "false");

    /// <summary>RFC 3339 with µs, in quotes. Leap seconds do not occur: UTC comes as µs since 1970 without them.</summary>
    public JsonText Utc(long utcUs) => Raw("\"").Raw(UtcText(utcUs)).Raw("\"");

    public static string UtcText(long utcUs)
    {
        DateTime at = DateTime.UnixEpoch.AddTicks(utcUs * 10);
        StringBuilder text = new(27);
        Padded(text, at.Year, 4).Append('-');
        Padded(text, at.Month, 2).Append('-');
        Padded(text, at.Day, 2).Append('T');
        Padded(text, at.Hour, 2).Append(':');
        Padded(text, at.Minute, 2).Append(':');
        Padded(text, at.Second, 2).Append('.');
        return Padded(text, (int)(at.Ticks % TimeSpan.TicksPerSecond / 10), 6).Append('Z').ToString();
    }

    public byte[] ToBytes() => Encoding.UTF8.GetBytes(_text.ToString());

    private static StringBuilder Padded(StringBuilder text, int value, int digits)
    {
        int scale = 1;
        for (int i = 1; i < digits; i++)
        {
            scale *= 10;
        }

        for (; scale > 0; scale /= 10)
        {
            text.Append((char)('0' + (value / scale % 10)));
        }

        return text;
    }

    private void Digits(ulong value, int least)
    {
        Span<char> digits = stackalloc char[20];
        int at = digits.Length;
        do
        {
            digits[--at] = (char)('0' + (value % 10));
            value /= 10;
        }
        while (value != 0);
        for (int i = digits.Length - at; i < least; i++)
        {
            _text.Append('0');
        }

        _text.Append(digits[at..]);
    }
}
