using System;
using System.Numerics;
using System.Text;
using System.Text.Json;
using EdgeGateway.Core.Json;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Json;

/// <summary>Numbers, times and texts of the writer that all JSON of the gateway goes through.</summary>
[TestClass]
public sealed class JsonOutputTests
{
    private const int Trials = 5_000;

    // Control characters, ASCII with what must be escaped, what other writers escape, halves of characters, and any unit at all.
    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.Choose(0, 0x1F),
        Gen.Elements(0x22, 0x5C, 0x2F, 0x26, 0x27, 0x2B, 0x3C, 0x7F, 0x85, 0x2028, 0xFEFF, 0xFFFD, 0xFFFF),
        Gen.Choose(0x20, 0x7E),
        Gen.Choose(0xD800, 0xDBFF),
        Gen.Choose(0xDC00, 0xDFFF),
        Gen.Choose(0, 0xFFFF)).Select(unit => (char)unit).ArrayOf().Select(units => new string(units));

    private static readonly Gen<long> Longs = Gen.OneOf(
        Gen.Elements(0, 1, -1, 10, -100, long.MaxValue, long.MinValue, long.MinValue + 1),
        Gen.Choose(-10_000, 10_000).Select(small => (long)small),
        Gen.Choose(int.MinValue, int.MaxValue).Zip(Gen.Choose(int.MinValue, int.MaxValue), (high, low) => ((long)high << 32) | (uint)low));

    private static readonly Gen<int> Exponents = Gen.OneOf(Gen.Choose(-22, 12), Gen.Choose(int.MinValue, int.MaxValue), Gen.Elements(int.MinValue, int.MaxValue));

    [TestMethod]
    public void Any_text_is_read_back_as_it_was_with_halves_of_characters_replaced() => Check(Texts, text =>
    {
        byte[] bytes = Text(text);
        using JsonDocument read = JsonDocument.Parse(bytes);

        // UTF-8 has no halves of surrogate pairs, so a half cannot come back; U+FFFD stands for it.
        Assert.AreEqual(Whole(text), read.RootElement.GetProperty("t").GetString());
        Assert.AreEqual(-1, bytes.AsSpan().IndexOfAnyInRange((byte)0, (byte)0x1F));
    });

    [TestMethod]
    [DataRow(null, "null")]
    [DataRow("", "\"\"")]
    [DataRow("left axilla", "\"left axilla\"")]
    [DataRow("<&'+\"\\/>", "\"<&'+\\\"\\\\/>\"")]
    [DataRow("é ü 😀 \u00a0 \u2028", "\"é ü 😀 \u00a0 \u2028\"")]
    [DataRow("a\nb\t\u007f\u0001\u001f", "\"a\\u000ab\\u0009\u007f\\u0001\\u001f\"")]
    [DataRow("\u007f", "\"\u007f\"")]
    public void Of_a_text_only_quotation_marks_backslashes_and_control_characters_are_escaped(string? text, string json) =>
        Assert.AreEqual("{\"t\":" + json + "}", Encoding.UTF8.GetString(Text(text)));

    [TestMethod]
    public void A_scaled_number_is_the_text_that_big_integers_make() => Check(Longs.Zip(Exponents, (value, exponent) => (Value: value, Exponent: exponent)), drawn =>
    {
        string text = Scaled(drawn.Value, drawn.Exponent);
        Assert.AreEqual(Made(drawn.Value, drawn.Exponent), text, $"{drawn}");
        using JsonDocument read = JsonDocument.Parse(text);
        Assert.AreEqual(JsonValueKind.Number, read.RootElement.ValueKind, "it is a number of JSON");
    });

    [TestMethod]
    [DataRow(3662L, -2, "36.62")]
    [DataRow(3660L, -2, "36.60")]
    [DataRow(-5L, -2, "-0.05")]
    [DataRow(0L, -1, "0.0")]
    [DataRow(0L, 3, "0")]
    [DataRow(97L, 0, "97")]
    [DataRow(12L, 3, "12000")]
    [DataRow(12L, 9, "12000000000")]
    [DataRow(7L, 10, "7e10")]
    [DataRow(7L, -18, "0.000000000000000007")]
    [DataRow(7L, -19, "7e-19")]
    [DataRow(-7L, -128, "-7e-128")]
    [DataRow((long)int.MinValue, -9, "-2.147483648")]
    [DataRow(long.MinValue, 0, "-9223372036854775808")]
    [DataRow(long.MinValue, -18, "-9.223372036854775808")]
    public void A_number_keeps_all_digits_of_the_scaled_integer(long value, int exponent, string text) => Assert.AreEqual(text, Scaled(value, exponent));

    [TestMethod]
    [DataRow(0L, "0")]
    [DataRow(7L, "0.007")]
    [DataRow(1_000L, "1")]
    [DataRow(4_200L, "4.2")]
    [DataRow(4_203L, "4.203")]
    [DataRow(9_070L, "9.07")]
    [DataRow(long.MaxValue, "9223372036854775.807")]
    public void Milliseconds_have_no_trailing_zeros(long us, string text) => Assert.AreEqual(text, Member(json => json.WriteMilliseconds("n"u8, us)));

    [TestMethod]
    [DataRow(1_767_323_045_678_901L, "\"2026-01-02T03:04:05.678901Z\"")]
    [DataRow(0L, "\"1970-01-01T00:00:00.000000Z\"")]
    [DataRow(253_402_300_799_999_999L, "\"9999-12-31T23:59:59.999999Z\"")]
    public void A_time_has_all_its_microseconds(long utcUs, string text) => Assert.AreEqual(text, Member(json => json.WriteUtc("t"u8, utcUs)));

    [TestMethod]
    public void A_text_begun_anew_has_nothing_of_the_one_before()
    {
        JsonOutput output = new();
        output.Begin().WriteStartArray();
        output.Begin().WriteStartObject();
        Assert.AreEqual("{", Encoding.UTF8.GetString(output.ToBytes()));
    }

    private static string Made(long value, int exponent)
    {
        if (exponent is < -18 or > 9)
        {
            return new BigInteger(value) + "e" + exponent.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        if (exponent >= 0)
        {
            return (value * BigInteger.Pow(10, exponent)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        string digits = BigInteger.Abs(value).ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(1 - exponent, '0');
        return (value < 0 ? "-" : string.Empty) + digits[..(digits.Length + exponent)] + "." + digits[(digits.Length + exponent)..];
    }

    private static string Whole(string text)
    {
        StringBuilder whole = new();
        for (int i = 0; i < text.Length; i++)
        {
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
            {
                whole.Append(text[i]).Append(text[++i]);
            }
            else
            {
                whole.Append(char.IsSurrogate(text[i]) ? '\uFFFD' : text[i]);
            }
        }

        return whole.ToString();
    }

    private static string Scaled(long value, int exponent) => Member(json => json.WriteScaled("n"u8, value, exponent));

    private static byte[] Text(string? text) => Bytes(json => json.WriteText("t"u8, text));

    private static string Member(Action<Utf8JsonWriter> write)
    {
        string json = Encoding.UTF8.GetString(Bytes(write));
        return json["{\"n\":".Length..^1];
    }

    private static byte[] Bytes(Action<Utf8JsonWriter> write)
    {
        JsonOutput output = new();
        Utf8JsonWriter json = output.Begin();
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
        return output.ToBytes();
    }

    private static void Check<T>(Gen<T> drawn, Action<T> property) => Prop.ForAll(drawn.ToArbitrary(), property).Check(Config.QuickThrowOnFailure.WithMaxTest(Trials));
}
