using System.Text;
using System.Text.Json;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Time;
using Firmware.Core;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Json;

/// <summary>The JSON of readings, byte for byte.</summary>
[TestClass]
public sealed class JsonTests
{
    /// <summary>The contract's example, with the values that it leaves as placeholders filled in.</summary>
    private const string Golden =
        "{\"v\":1,\"id\":\"02aabbfffe0000a1.7.48.9\",\"session\":\"S1\",\"kind\":\"vital\",\"code\":{\"mdc\":150456,\"loinc\":\"59408-5\"},\"value\":97,\"unit\":\"%\",\"absent\":null,\"quality\":88,"
        + "\"time\":{\"utc\":\"2026-01-02T03:04:05.678901Z\",\"uncertaintyMs\":4.2,\"method\":\"exchange\",\"deviceUs\":123456789,\"correctedFrom\":null},\"window\":{\"ms\":8000}}";

    private static readonly ReadingTime Known = new(true, 1_767_323_045_678_901, 4_200);

    [TestMethod]
    public void The_contracts_example_comes_out_byte_for_byte()
    {
        byte[] frame = Frames.Numeric(
            Rig.PodA, 7, 48, 9, 123_456_789, 5, value: 97, exponent: 0, mdc: MdcCodes.OxygenSaturation, quality: 88, windowMs: 8_000);
        Assert.AreEqual(Golden, Write(frame, new ReadingContext("S1", Known, "exchange", null)));
    }

    [TestMethod]
    public void A_saturation_of_60_carries_its_ratio()
    {
        byte[] body = new byte[NumericBody.LengthWithRatio];
        NumericBody.Write(body, 0, MdcCodes.OxygenSaturation, 600, -1, AbsenceReason.None, 55, 8_000);
        NumericBody.WriteRatio(body, 0, 16_420);
        string json = Write(Sealed(FrameKind.Numeric, Streams.OxygenSaturation, body), new ReadingContext("S1", Known, "exchange", null));
        StringAssert.Contains(json, "\"code\":{\"mdc\":150456,\"loinc\":\"59408-5\"},\"value\":60.0,\"unit\":\"%\",\"absent\":null,\"quality\":55,");
        StringAssert.EndsWith(json, "\"window\":{\"ms\":8000},\"ratio\":1.6420}");
    }

    [TestMethod]
    [DataRow(0, "")]
    [DataRow(OximetryStatus.Uncalibrated, "\"status\":[\"uncalibrated\"],")]
    [DataRow(OximetryStatus.Uncalibrated | OximetryStatus.Questionable, "\"status\":[\"uncalibrated\",\"questionable\"],")]
    [DataRow(0x4000, "")] // a bit of a later version
    public void A_saturation_says_beside_its_ratio_what_its_curve_is(int status, string text)
    {
        byte[] body = new byte[NumericBody.LengthWithRatioAndStatus];
        NumericBody.Write(body, 0, MdcCodes.OxygenSaturation, 831, -1, AbsenceReason.None, 88, 8_000);
        NumericBody.WriteRatio(body, 0, 9_020);
        OximetryStatus.WriteBesideRatio(body, 0, status);
        string json = Write(Sealed(FrameKind.Numeric, Streams.OxygenSaturation, body), new ReadingContext("S1", Known, "exchange", null));
        StringAssert.EndsWith(json, "\"window\":{\"ms\":8000}," + text + "\"ratio\":0.9020}");
    }

    [TestMethod]
    [DataRow(NumericBody.LengthWithStatus, OximetryStatus.IrregularPulse, ",\"status\":[\"irregularPulse\"]}")]
    [DataRow(NumericBody.LengthWithStatus, 0, "}")]
    [DataRow(NumericBody.Length, OximetryStatus.IrregularPulse, "}")] // of a pod that writes no status
    public void A_pulse_rate_says_that_the_pulse_is_irregular(int length, int status, string text)
    {
        byte[] body = new byte[NumericBody.LengthWithStatus];
        NumericBody.Write(body, 0, MdcCodes.PulseRate, 721, -1, AbsenceReason.None, 88, 10_000);
        OximetryStatus.Write(body, 0, status);
        string json = Write(Sealed(FrameKind.Numeric, Streams.PulseRate, body[..length]), new ReadingContext("S1", Known, "exchange", null));
        StringAssert.EndsWith(json, "\"window\":{\"ms\":10000}" + text);
    }

    [TestMethod]
    [DataRow(812, "812")]
    [DataRow(0, "null")]
    public void A_beat_has_its_time_interval_and_quality(int intervalMs, string text)
    {
        byte[] body = new byte[BeatBody.Length];
        BeatBody.Write(body, 0, 123_456_789, intervalMs, 90);
        Assert.AreEqual(
            "{\"v\":1,\"id\":\"02aabbfffe0000a1.7.38.9\",\"session\":\"S1\",\"kind\":\"beat\",\"beat\":{\"deviceUs\":123456789,\"intervalMs\":" + text
            + ",\"quality\":90},\"time\":{\"utc\":\"2026-01-02T03:04:05.678901Z\",\"uncertaintyMs\":4.2,\"method\":\"exchange\",\"deviceUs\":123456789,\"correctedFrom\":null}}",
            Write(Sealed(FrameKind.Beat, Streams.PulseBeats, body), new ReadingContext("S1", Known, "exchange", null)));
    }

    private static byte[] Sealed(FrameKind kind, int stream, byte[] body)
    {
        byte[] frame = new byte[Frame.Overhead + body.Length];
        body.CopyTo(frame, Frame.HeaderLength);
        Frame.WriteHeader(frame, 0, kind, body.Length, Rig.PodA, 7, stream, 0, 9, 123_456_789, 5);
        Frame.Seal(frame, 0, new SoftwareCrc32());
        return frame;
    }

    [TestMethod]
    public void An_absence_has_a_reason_and_no_value()
    {
        byte[] frame = Frames.Numeric(Rig.PodA, 1, 16, 1, 5, 5, value: 1234, absence: AbsenceReason.NotOnPatient);
        using JsonDocument json = JsonDocument.Parse(Write(frame, new ReadingContext("S1", Known, "exchange", null)));
        Assert.AreEqual(JsonValueKind.Null, json.RootElement.GetProperty("value").ValueKind);
        Assert.AreEqual("notOnPatient", json.RootElement.GetProperty("absent").GetString());
    }

    [TestMethod]
    public void Every_absence_reason_and_gap_cause_has_its_own_name()
    {
        System.Collections.Generic.HashSet<string> names = [];
        foreach (AbsenceReason reason in System.Enum.GetValues<AbsenceReason>())
        {
            if (reason != AbsenceReason.None)
            {
                byte[] frame = Frames.Numeric(Rig.PodA, 1, 16, 1, 5, 5, absence: reason);
                using JsonDocument json = JsonDocument.Parse(Write(frame, new ReadingContext("S1", Known, "exchange", null)));
                Assert.IsTrue(names.Add(json.RootElement.GetProperty("absent").GetString()!), reason.ToString());
            }
        }

        foreach (GapCause cause in System.Enum.GetValues<GapCause>())
        {
            Assert.IsTrue(names.Add("gap " + WireWords.Of(cause)), cause.ToString());
        }
    }

    [TestMethod]
    public void A_correction_names_what_was_said_first()
    {
        byte[] frame = Frames.Numeric(Rig.PodA, 1, 16, 1, 5, 5, flags: FrameFlags.Simulated | FrameFlags.FromStorage);
        string first = Write(frame, new ReadingContext("S1", default, "exchange", "axilla"));
        StringAssert.Contains(first, "\"time\":{\"utc\":null,\"uncertaintyMs\":null,\"method\":\"unsynchronised\",\"deviceUs\":5,\"correctedFrom\":null}");
        StringAssert.EndsWith(first, ",\"site\":\"axilla\",\"flags\":[\"simulated\",\"fromStorage\"]}");
        string then = Write(frame, new ReadingContext("S1", Known, "exchange", null) { IsCorrection = true, FirstUtcUs = GatewayMoment.NoUtc });
        StringAssert.Contains(then, "\"correctedFrom\":\"unsynchronised\"");
        string last = Write(frame, new ReadingContext("S1", Known, "exchange", null) { IsCorrection = true, FirstUtcUs = 1_767_323_045_000_000 });
        StringAssert.Contains(last, "\"correctedFrom\":\"2026-01-02T03:04:05.000000Z\"");
    }

    [TestMethod]
    public void Events_and_gaps_say_code_and_identities()
    {
        string text = Write(Frames.Event(Rig.PodA, 1, 1, 5, 0), new ReadingContext("S1", Known, "exchange", null));
        StringAssert.Contains(text, "\"kind\":\"event\",\"code\":\"P1101\",\"stream\":16,\"argument\":7,");
        string gap = Write(Frames.Gap(Rig.PodA, 3, 1, 5, 0, 32, 10, 12, GapCause.RingFull), new ReadingContext("S1", Known, "exchange", null));
        StringAssert.Contains(
            gap,
            "\"kind\":\"gap\",\"lost\":{\"device\":\"02aabbfffe0000a1\",\"boot\":3,\"stream\":32,\"first\":10,\"last\":12,\"count\":3,\"unit\":\"readings\",\"atLeast\":false,\"firstUs\":0,\"lastUs\":0},\"cause\":\"ringFull\",");
    }

    private static string Write(byte[] frame, ReadingContext context) => Encoding.UTF8.GetString(ReadingJson.Write(new JsonOutput(), FrameHead.Read(frame), frame, Frame.HeaderLength, context));
}
