using System;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Time;
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
/// The JSON of readings. Members stand in a fixed order; <c>site</c>, <c>flags</c> and <c>ratio</c> are left out when they do not apply, all
/// others are always there, null when there is nothing.
/// </summary>
internal static class ReadingJson
{
    private static readonly string?[] AbsenceNames =
    [
        null, "notPresent", "busFault", "checksumMismatch", "sensorFault", "outOfRange", "notSettled", "stale", "wrongPart", "unconfirmed",
        "notOnPatient", "motion", "ambientLight", "saturated", "weakSignal", "channelsSwapped", "suspended", "quarantined",
        "cuffOnSameArm", "deflationTooFast", "noDeflation", "tooFewBeats", "envelopeAtEdge", "implausible", "stopped", "cuffFault", "linkLost",
    ];

    private static readonly string[] CauseNames =
    [
        "unknown", "sensorOverrun", "ringFull", "powerLost", "storeDamaged", "journalFull", "frameRefused", "unexplained",
        "sensorInterrupted", "sensorImplausible", "deliveryRefused",
    ];

    private static readonly string[] FlagNames = ["test", "simulated", "injected", "predicted", "manual", "fromStorage"];

    /// <summary>True when a frame goes out as JSON; everything else goes out as it is.</summary>
    public static bool Handles(FrameHead head) => head.Version == Frame.Version && head.Kind switch
    {
        FrameKind.Numeric => head.BodyLength >= NumericBody.Length,
        FrameKind.Event => head.BodyLength >= EventBody.Length,
        FrameKind.Beat => head.BodyLength >= BeatBody.Length,
        FrameKind.Gap => head.BodyLength >= GapBody.Length,
        _ => false,
    };

    /// <summary>A reading's identity: <c>device.boot.stream.sequence</c>.</summary>
    public static string Identity(FrameHead head)
    {
        JsonText text = new();
        text.Raw(Topics.DeviceText(head.DeviceId)).Raw(".").Number(head.BootId).Raw(".").Number(head.Stream).Raw(".").Number(head.Sequence);
        return System.Text.Encoding.ASCII.GetString(text.ToBytes());
    }

    /// <summary>A stream's name in logs: <c>device.boot.stream</c>.</summary>
    public static string StreamText(StreamKey key)
    {
        JsonText text = new();
        text.Raw(Topics.DeviceText(key.DeviceId)).Raw(".").Number(key.BootId).Raw(".").Number(key.Stream);
        return System.Text.Encoding.ASCII.GetString(text.ToBytes());
    }

    /// <summary>The name of a cause in JSON.</summary>
    public static string CauseName(GapCause cause) => (int)cause < CauseNames.Length ? CauseNames[(int)cause] : "unknown";

    /// <summary>The letter of a fault code's catalogue range and its digits, for example "P1101".</summary>
    public static string CodeText(int code)
    {
        char letter = code switch
        {
            < 2000 => 'P',
            < 2600 => 'G',
            < 2700 => 'J',
            < 2800 => 'C',
            _ => 'S',
        };
        JsonText text = new();
        text.Number(10_000 + (code % 10_000));
        byte[] digits = text.ToBytes();
        digits[0] = (byte)letter;
        return System.Text.Encoding.ASCII.GetString(digits);
    }

    public static byte[] Write(FrameHead head, ReadOnlySpan<byte> frame, in ReadingContext context)
    {
        byte[] body = frame.Slice(Frame.HeaderLength, head.BodyLength).ToArray();
        JsonText json = new();
        json.Raw("{\"v\":1,\"id\":").String(Identity(head)).Raw(",\"session\":").String(context.Session)
            .Raw(",\"kind\":\"").Raw(head.Kind == FrameKind.Beat ? "beat" : FrameHead.SegmentOf(head.Kind)).Raw("\",");
        switch (head.Kind)
        {
            case FrameKind.Numeric:
                Numeric(json, body);
                Time(json, head, context);
                json.Raw(",\"window\":{\"ms\":").Number(NumericBody.WindowMs(body, 0)).Raw("}");
                if (context.Site is not null)
                {
                    json.Raw(",\"site\":").String(context.Site);
                }

                if (body.Length >= NumericBody.LengthWithStatus && IsBloodPressure(NumericBody.MdcCode(body, 0)))
                {
                    Status(json, BloodPressureStatus.Read(body, 0));
                }

                if (body.Length >= NumericBody.LengthWithRatio && NumericBody.MdcCode(body, 0) == MdcCodes.OxygenSaturation)
                {
                    json.Raw(",\"ratio\":").Scaled(NumericBody.RatioTenThousandths(body, 0), -4);
                }

                break;
            case FrameKind.Event:
                json.Raw("\"code\":").String(CodeText((int)EventBody.Code(body, 0))).Raw(",\"stream\":").Number(EventBody.Stream(body, 0))
                    .Raw(",\"argument\":").Number(EventBody.Argument(body, 0)).Raw(",");
                Time(json, head, context);
                break;
            case FrameKind.Beat:
                int intervalMs = BeatBody.IntervalMs(body, 0);
                json.Raw("\"beat\":{\"deviceUs\":").Number(BeatBody.TimeUs(body, 0)).Raw(",\"intervalMs\":");
                (intervalMs == 0 ? json.Raw("null") : json.Number(intervalMs))
                    .Raw(",\"quality\":").Number(BeatBody.Quality(body, 0)).Raw("},");
                Time(json, head, context);
                break;
            default:
                Gap(json, body);
                Time(json, head, context);
                break;
        }

        Flags(json, head.Flags);
        return json.Raw("}").ToBytes();
    }

    /// <summary><c>"code":{…}</c>, as in a vital.</summary>
    public static void Code(JsonText json, uint mdc, Quantity? quantity) =>
        json.Raw("\"code\":{\"mdc\":").Number(mdc).Raw(",\"loinc\":").String(quantity?.Loinc).Raw("}");

    private static bool IsBloodPressure(uint mdc) =>
        mdc is MdcCodes.NoninvasiveSystolic or MdcCodes.NoninvasiveDiastolic or MdcCodes.NoninvasiveMean or MdcCodes.NoninvasivePulseRate;

    private static void Status(JsonText json, int status)
    {
        (int Bit, string Name)[] names =
        [
            (BloodPressureStatus.BodyMoved, "bodyMoved"),
            (BloodPressureStatus.CuffLoose, "cuffLoose"),
            (BloodPressureStatus.IrregularPulse, "irregularPulse"),
            (BloodPressureStatus.Repeated, "repeated"),
            (BloodPressureStatus.Uncalibrated, "uncalibrated"),
        ];
        bool any = false;
        foreach ((int bit, string name) in names)
        {
            if ((status & bit) != 0)
            {
                json.Raw(any ? "," : ",\"status\":[").String(name);
                any = true;
            }
        }

        if (any)
        {
            json.Raw("]");
        }
    }

    private static void Numeric(JsonText json, byte[] body)
    {
        uint mdc = NumericBody.MdcCode(body, 0);
        AbsenceReason absence = NumericBody.Absence(body, 0);
        Quantity? quantity = MdcTable.Find(mdc);
        Code(json, mdc, quantity);
        json.Raw(",\"value\":");
        if (absence == AbsenceReason.None)
        {
            json.Scaled(NumericBody.Value(body, 0), NumericBody.Exponent(body, 0));
        }
        else
        {
            json.Raw("null");
        }

        json.Raw(",\"unit\":").String(quantity?.Unit).Raw(",\"absent\":")
            .String((int)absence < AbsenceNames.Length ? AbsenceNames[(int)absence] : "unknown")
            .Raw(",\"quality\":").Number(NumericBody.Quality(body, 0)).Raw(",");
    }

    private static void Gap(JsonText json, byte[] body)
    {
        int unit = GapBody.Unit(body, 0);
        json.Raw("\"lost\":{\"device\":").String(Topics.DeviceText(GapBody.DeviceId(body, 0))).Raw(",\"boot\":").Number(GapBody.BootId(body, 0))
            .Raw(",\"stream\":").Number(GapBody.Stream(body, 0)).Raw(",\"first\":").Number(GapBody.First(body, 0))
            .Raw(",\"last\":").Number(GapBody.Last(body, 0)).Raw(",\"count\":").Number(GapBody.Count(body, 0))
            .Raw((unit & ~GapBody.AtLeast) == GapBody.Samples ? ",\"unit\":\"samples\"" : ",\"unit\":\"readings\"")
            .Raw(",\"atLeast\":").Boolean((unit & GapBody.AtLeast) != 0)
            .Raw(",\"firstUs\":").Number(GapBody.FirstUs(body, 0)).Raw(",\"lastUs\":").Number(GapBody.LastUs(body, 0))
            .Raw("},\"cause\":").String(CauseName(GapBody.Cause(body, 0))).Raw(",");
    }

    private static void Time(JsonText json, FrameHead head, in ReadingContext context)
    {
        json.Raw("\"time\":{\"utc\":");
        if (context.Time.IsKnown)
        {
            json.Utc(context.Time.UtcUs).Raw(",\"uncertaintyMs\":").Milliseconds(context.Time.UncertaintyUs).Raw(",\"method\":").String(context.Method);
        }
        else
        {
            json.Raw("null,\"uncertaintyMs\":null,\"method\":\"unsynchronised\"");
        }

        json.Raw(",\"deviceUs\":").Number(head.MonotonicUs).Raw(",\"correctedFrom\":");
        if (!context.IsCorrection)
        {
            json.Raw("null}");
        }
        else if (context.FirstUtcUs == GatewayMoment.NoUtc)
        {
            json.Raw("\"unsynchronised\"}");
        }
        else
        {
            json.Utc(context.FirstUtcUs).Raw("}");
        }
    }

    private static void Flags(JsonText json, int flags)
    {
        if (flags == 0)
        {
            return;
        }

        json.Raw(",\"flags\":[");
        bool first = true;
        for (int i = 0; i < FlagNames.Length; i++)
        {
            if ((flags & (1 << i)) != 0)
            {
                json.Raw(first ? "" : ",").String(FlagNames[i]);
                first = false;
            }
        }

        json.Raw("]");
    }
}
