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

    /// <summary>Characters of a time.</summary>
    public const int UtcLength = 27;

    public static string UtcText(long utcUs)
    {
        Span<byte> text = stackalloc byte[UtcLength];
        WriteUtc(text, utcUs);
        return Encoding.ASCII.GetString(text);
    }

    /// <summary>RFC 3339 with µs: <c>2026-01-02T03:04:05.678901Z</c>.</summary>
    public static void WriteUtc(Span<byte> text, long utcUs)
    {
        DateTime at = DateTime.UnixEpoch.AddTicks(utcUs * 10);
        Padded(text[..4], at.Year);
        text[4] = (byte)'-';
        Padded(text.Slice(5, 2), at.Month);
        text[7] = (byte)'-';
        Padded(text.Slice(8, 2), at.Day);
        text[10] = (byte)'T';
        Padded(text.Slice(11, 2), at.Hour);
        text[13] = (byte)':';
        Padded(text.Slice(14, 2), at.Minute);
        text[16] = (byte)':';
        Padded(text.Slice(17, 2), at.Second);
        text[19] = (byte)'.';
        Padded(text.Slice(20, 6), (int)(at.Ticks % TimeSpan.TicksPerSecond / 10));
        text[26] = (byte)'Z';
    }

    public byte[] ToBytes() => Encoding.UTF8.GetBytes(_text.ToString());

    private static void Padded(Span<byte> text, int value)
    {
        for (int i = text.Length - 1; i >= 0; i--)
        {
            text[i] = (byte)('0' + (value % 10));
            value /= 10;
        }
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
