using System;
using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using Firmware.Core;
using Firmware.Protocol;

namespace EdgeGateway.Core.Readings;

/// <summary>What a reading's JSON needs beside its frame.</summary>
/// <param name="Session">The session's name.</param>
/// <param name="Time">When it was measured.</param>
/// <param name="Method">How that is known: "exchange", or "gateway" for what the gateway itself made.</param>
/// <param name="Site">Where on the body, or null.</param>
internal readonly record struct ReadingContext(string Session, ReadingTime Time, string Method, string? Site)
{
    /// <summary>True when the reading was sent before with another time.</summary>
    public bool IsCorrection { get; init; }

    /// <summary>The first UTC it was sent with, <see cref="GatewayMoment.NoUtc"/> for unsynchronised.</summary>
    public long FirstUtcUs { get; init; }
}

/// <summary>
/// The JSON of readings. Members stand in a fixed order; <c>site</c>, <c>status</c>, <c>ratio</c> and <c>flags</c> are left out when they do not apply, all
/// others are always there, null when there is nothing.
/// </summary>
internal static class ReadingJson
{
    /// <summary>True when a frame goes out as JSON; everything else goes out as it is.</summary>
    public static bool Handles(in FrameHead head) => head.Version == Frame.Version && head.Kind switch
    {
        FrameKind.Numeric => head.BodyLength >= NumericBody.Length,
        FrameKind.Event => head.BodyLength >= EventBody.Length,
        FrameKind.Beat => head.BodyLength >= BeatBody.Length,
        FrameKind.Gap => head.BodyLength >= GapBody.Length,
        _ => false,
    };

    /// <summary>A reading's identity: <c>device.boot.stream.sequence</c>.</summary>
    public static string Identity(in FrameHead head) =>
        string.Create(CultureInfo.InvariantCulture, $"{head.DeviceId:x16}.{head.BootId}.{head.Stream}.{head.Sequence}");

    /// <summary>A stream's name in logs: <c>device.boot.stream</c>.</summary>
    public static string StreamText(StreamKey key) => string.Create(CultureInfo.InvariantCulture, $"{key.DeviceId:x16}.{key.BootId}.{key.Stream}");

    /// <summary>Writes a reading.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="head">Its head.</param>
    /// <param name="bytes">Where its body is.</param>
    /// <param name="body">Where the body begins.</param>
    /// <param name="context">What it needs beside.</param>
    /// <returns>The JSON, on bytes of its own.</returns>
    public static byte[] Write(JsonOutput output, in FrameHead head, byte[] bytes, int body, in ReadingContext context)
    {
        Utf8JsonWriter json = output.Begin();
        json.WriteStartObject();
        json.WriteNumber("v"u8, 1);
        WriteIdentity(json, head);
        json.WriteString("session"u8, context.Session);
        json.WriteString("kind"u8, KindOf(head));
        switch (head.Kind)
        {
            case FrameKind.Numeric:
                Quantity? quantity = Numeric(json, bytes, body);
                Time(json, head, context);
                json.WriteStartObject("window"u8);
                json.WriteNumber("ms"u8, NumericBody.WindowMs(bytes, body));
                json.WriteEndObject();
                if (context.Site is not null)
                {
                    json.WriteText("site"u8, context.Site);
                }

                Status(json, NumericStatus.Of(head, bytes, body, quantity), NumericStatus.WordsOf(quantity));
                if (head.BodyLength >= NumericBody.LengthWithRatio && quantity?.Carries == NumericExtra.Ratio)
                {
                    json.WriteScaled("ratio"u8, NumericBody.RatioTenThousandths(bytes, body), -4);
                }

                break;
            case FrameKind.Event:
                json.WriteString("code"u8, FaultCodes.OfNumber((int)EventBody.Code(bytes, body)));
                json.WriteNumber("stream"u8, EventBody.Stream(bytes, body));
                json.WriteNumber("argument"u8, EventBody.Argument(bytes, body));
                Time(json, head, context);
                break;
            case FrameKind.Beat:
                Beat(json, bytes, body);
                Time(json, head, context);
                break;
            default:
                Gap(json, bytes, body);
                Time(json, head, context);
                break;
        }

        Flags(json, head.Flags);
        json.WriteEndObject();
        return output.ToBytes();
    }

    /// <summary><c>"code":{…}</c>, as in a vital.</summary>
    public static void Code(Utf8JsonWriter json, uint mdc, Quantity? quantity)
    {
        json.WriteStartObject("code"u8);
        json.WriteNumber("mdc"u8, mdc);
        json.WriteString("loinc"u8, quantity?.Loinc);
        json.WriteEndObject();
    }

    private static string KindOf(in FrameHead head) => head.Kind switch
    {
        FrameKind.Beat => "beat",
        FrameKind.Numeric when head.IsStatus => "status",
        _ => WireWords.TopicOf(head.Kind, head.Stream),
    };

    private static void WriteIdentity(Utf8JsonWriter json, in FrameHead head)
    {
        Span<byte> text = stackalloc byte[64];
        Utf8.TryWrite(text, CultureInfo.InvariantCulture, $"{head.DeviceId:x16}.{head.BootId}.{head.Stream}.{head.Sequence}", out int length);
        json.WriteString("id"u8, text[..length]);
    }

    private static void Status(Utf8JsonWriter json, int status, ReadOnlySpan<(int Bit, string Word)> words)
    {
        int known = 0;
        foreach ((int bit, string _) in words)
        {
            known |= bit;
        }

        if ((status & known) != 0)
        {
            json.WriteStartArray("status"u8);
            Words(json, status, words);
            json.WriteEndArray();
        }
    }

    private static Quantity? Numeric(Utf8JsonWriter json, byte[] bytes, int body)
    {
        uint mdc = NumericBody.MdcCode(bytes, body);
        AbsenceReason absence = NumericBody.Absence(bytes, body);
        Quantity? quantity = MdcTable.Find(mdc);
        Code(json, mdc, quantity);
        if (absence == AbsenceReason.None)
        {
            json.WriteScaled("value"u8, NumericBody.Value(bytes, body), NumericBody.Exponent(bytes, body));
        }
        else
        {
            json.WriteNull("value"u8);
        }

        json.WriteString("unit"u8, quantity?.Unit);
        json.WriteString("absent"u8, WireWords.Of(absence));
        json.WriteNumber("quality"u8, NumericBody.Quality(bytes, body));
        return quantity;
    }

    private static void Beat(Utf8JsonWriter json, byte[] bytes, int body)
    {
        int intervalMs = BeatBody.IntervalMs(bytes, body);
        json.WriteStartObject("beat"u8);
        json.WriteNumber("deviceUs"u8, BeatBody.TimeUs(bytes, body));
        if (intervalMs == 0)
        {
            json.WriteNull("intervalMs"u8);
        }
        else
        {
            json.WriteNumber("intervalMs"u8, intervalMs);
        }

        json.WriteNumber("quality"u8, BeatBody.Quality(bytes, body));
        json.WriteEndObject();
    }

    private static void Gap(Utf8JsonWriter json, byte[] bytes, int body)
    {
        int unit = GapBody.Unit(bytes, body);
        json.WriteStartObject("lost"u8);
        json.WriteDevice("device"u8, GapBody.DeviceId(bytes, body));
        json.WriteNumber("boot"u8, GapBody.BootId(bytes, body));
        json.WriteNumber("stream"u8, GapBody.Stream(bytes, body));
        json.WriteNumber("first"u8, GapBody.First(bytes, body));
        json.WriteNumber("last"u8, GapBody.Last(bytes, body));
        json.WriteNumber("count"u8, GapBody.Count(bytes, body));
        json.WriteString("unit"u8, (unit & ~GapBody.AtLeast) == GapBody.Samples ? "samples"u8 : "readings"u8);
        json.WriteBoolean("atLeast"u8, (unit & GapBody.AtLeast) != 0);
        json.WriteNumber("firstUs"u8, GapBody.FirstUs(bytes, body));
        json.WriteNumber("lastUs"u8, GapBody.LastUs(bytes, body));
        json.WriteEndObject();
        json.WriteString("cause"u8, WireWords.Of(GapBody.Cause(bytes, body)));
    }

    private static void Time(Utf8JsonWriter json, in FrameHead head, in ReadingContext context)
    {
        json.WriteStartObject("time"u8);
        if (context.Time.IsKnown)
        {
            json.WriteUtc("utc"u8, context.Time.UtcUs);
            json.WriteMilliseconds("uncertaintyMs"u8, context.Time.UncertaintyUs);
            json.WriteString("method"u8, context.Method);
        }
        else
        {
            json.WriteNull("utc"u8);
            json.WriteNull("uncertaintyMs"u8);
            json.WriteString("method"u8, "unsynchronised"u8);
        }

        json.WriteNumber("deviceUs"u8, head.MonotonicUs);
        if (!context.IsCorrection)
        {
            json.WriteNull("correctedFrom"u8);
        }
        else if (context.FirstUtcUs == GatewayMoment.NoUtc)
        {
            json.WriteString("correctedFrom"u8, "unsynchronised"u8);
        }
        else
        {
            json.WriteUtc("correctedFrom"u8, context.FirstUtcUs);
        }

        json.WriteEndObject();
    }

    private static void Flags(Utf8JsonWriter json, int flags)
    {
        if (flags == 0)
        {
            return;
        }

        json.WriteStartArray("flags"u8);
        Words(json, flags, WireWords.FrameFlagsBits);
        json.WriteEndArray();
    }

    private static void Words(Utf8JsonWriter json, int value, ReadOnlySpan<(int Bit, string Word)> bits)
    {
        foreach ((int bit, string word) in bits)
        {
            if ((value & bit) != 0)
            {
                json.WriteStringValue(word);
            }
        }
    }
}
