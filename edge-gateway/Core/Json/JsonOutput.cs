using System;
using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace EdgeGateway.Core.Json;

/// <summary>A JSON writer on a buffer that is used again for each message.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The writer holds nothing but the buffer beside it.")]
internal sealed class JsonOutput
{
    /// <summary>How all JSON of the gateway is written. It is of fixed form: its shape is proved by tests and not again at each message.</summary>
    public static readonly JsonWriterOptions Options = new() { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly Utf8JsonWriter _writer;

    public JsonOutput() => _writer = new Utf8JsonWriter(_buffer, Options);

    /// <summary>Begins a text; the one before is over.</summary>
    /// <returns>The writer.</returns>
    public Utf8JsonWriter Begin()
    {
        _buffer.ResetWrittenCount();
        _writer.Reset();
        return _writer;
    }

    /// <summary>The finished text.</summary>
    /// <returns>Bytes of its own.</returns>
    public byte[] ToBytes()
    {
        _writer.Flush();
        return _buffer.WrittenSpan.ToArray();
    }
}

/// <summary>Numbers from scaled integers, never from a double; times and texts, the same bytes for the same value.</summary>
internal static class JsonOutputExtensions
{
    private const int MaxNumber = 64;
    private const int MaxEscaped = 6; // bytes of one UTF-16 unit: \u0000

    /// <summary>A member whose value is value x 10^exponent, with all the digits of the value, since they say how finely it was measured.</summary>
    public static void WriteScaled(this Utf8JsonWriter json, ReadOnlySpan<byte> name, long value, int exponent)
    {
        Span<byte> text = stackalloc byte[MaxNumber];
        json.WritePropertyName(name);
        json.WriteRawValue(text[..Scaled(text, value, exponent)], skipInputValidation: true);
    }

    /// <summary>A member of µs as ms, without trailing zeros.</summary>
    public static void WriteMilliseconds(this Utf8JsonWriter json, ReadOnlySpan<byte> name, long us)
    {
        Span<byte> text = stackalloc byte[MaxNumber];
        json.WritePropertyName(name);
        json.WriteRawValue(text[..Milliseconds(text, us)], skipInputValidation: true);
    }

    /// <summary>A member that is a time: RFC 3339 with µs.</summary>
    public static void WriteUtc(this Utf8JsonWriter json, ReadOnlySpan<byte> name, long utcUs)
    {
        Span<byte> text = stackalloc byte[Rfc3339.Length];
        Rfc3339.Write(text, utcUs);
        json.WriteString(name, text);
    }

    /// <summary>A member that is a device's EUI-64, 16 lower-case hexadecimal digits.</summary>
    public static void WriteDevice(this Utf8JsonWriter json, ReadOnlySpan<byte> name, ulong device)
    {
        Span<byte> text = stackalloc byte[16];
        device.TryFormat(text, out _, "x16", CultureInfo.InvariantCulture);
        json.WriteString(name, text);
    }

    /// <summary>A member of any text, or null. Only quotation marks, backslashes and control characters below U+0020 are escaped; half a character (a lone surrogate) becomes U+FFFD.</summary>
    public static void WriteText(this Utf8JsonWriter json, ReadOnlySpan<byte> name, string? value)
    {
        if (value is null)
        {
            json.WriteNull(name);
        }
        else if (Ascii.IsValid(value) && value.AsSpan().IndexOfAnyInRange('\0', '\u001F') < 0 && !value.Contains('\u007F', StringComparison.Ordinal))
        {
            json.WriteString(name, value);
        }
        else
        {
            json.WritePropertyName(name);
            byte[] text = ArrayPool<byte>.Shared.Rent((MaxEscaped * value.Length) + 2);
            json.WriteRawValue(text.AsSpan(0, Escaped(text, value)), skipInputValidation: true);
            ArrayPool<byte>.Shared.Return(text);
        }
    }

    /// <summary>µs as ms, without trailing zeros.</summary>
    /// <returns>Bytes written.</returns>
    public static int Milliseconds(Span<byte> text, long us)
    {
        (us / 1000).TryFormat(text, out int length, default, CultureInfo.InvariantCulture);
        long rest = us % 1000;
        if (rest != 0)
        {
            text[length++] = (byte)'.';
            for (int scale = 100; rest != 0; scale /= 10)
            {
                text[length++] = (byte)('0' + (rest / scale));
                rest %= scale;
            }
        }

        return length;
    }

    private static int Escaped(Span<byte> text, string value)
    {
        int length = 0;
        text[length++] = (byte)'"';
        foreach (Rune rune in value.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '"' or '\\':
                    text[length++] = (byte)'\\';
                    text[length++] = (byte)rune.Value;
                    break;
                case < ' ':
                    "\\u00"u8.CopyTo(text[length..]);
                    text[length + 4] = "0123456789abcdef"u8[rune.Value >> 4];
                    text[length + 5] = "0123456789abcdef"u8[rune.Value & 15];
                    length += MaxEscaped;
                    break;
                default:
                    length += rune.EncodeToUtf8(text[length..]);
                    break;
            }
        }

        text[length++] = (byte)'"';
        return length;
    }

    private static int Scaled(Span<byte> text, long value, int exponent)
    {
        const int MaxZeros = 9;
        if (exponent is >= 0 or < -18)
        {
            value.TryFormat(text, out int length, default, CultureInfo.InvariantCulture);
            if (exponent is > MaxZeros or < 0)
            {
                text[length++] = (byte)'e';
                exponent.TryFormat(text[length..], out int more, default, CultureInfo.InvariantCulture);
                return length + more;
            }

            int zeros = value == 0 ? 0 : exponent;
            text.Slice(length, zeros).Fill((byte)'0');
            return length + zeros;
        }

        ulong magnitude = value < 0 ? (ulong)(-(value + 1)) + 1 : (ulong)value;
        ulong scale = 1;
        for (int i = 0; i < -exponent; i++)
        {
            scale *= 10;
        }

        int at = 0;
        if (value < 0)
        {
            text[at++] = (byte)'-';
        }

        (magnitude / scale).TryFormat(text[at..], out int whole, default, CultureInfo.InvariantCulture);
        at += whole;
        text[at++] = (byte)'.';
        ulong fraction = magnitude % scale;
        for (int i = at - exponent - 1; i >= at; i--)
        {
            text[i] = (byte)('0' + (fraction % 10));
            fraction /= 10;
        }

        return at - exponent;
    }
}
