using System.Globalization;
using System.IO;
using System.Text;
using System.Text.Json;
using EdgeGateway.Journal;
using Firmware.Core;
using Firmware.Protocol;

namespace EdgeGateway.Tool;

/// <summary><c>cartctl journal inspect</c>: segments, then records with their frames decoded.</summary>
internal static class InspectCommand
{
    /// <summary>Longest stamp that may stand before a frame in a record.</summary>
    private const int MaxStampBytes = 64;

    public static int Run(string path, string? keyFile, bool asJson, long from, int limit, RecordClass? only, TextWriter results)
    {
        using var buffer = new MemoryStream();
        using var json = new Utf8JsonWriter(buffer);
        var lines = new StringBuilder();
        int shown = 0;
        json.WriteStartObject();
        json.WriteStartArray("records");
        JournalReport report = JournalInspector.Inspect(path, record =>
        {
            if (record.Index < from || shown >= limit || (only is { } wanted && record.Class != wanted))
            {
                return;
            }

            shown++;
            byte[] payload = record.Payload.ToArray();
            int at = record.IsLocked ? -1 : FrameAt(payload);
            if (asJson)
            {
                Write(json, in record, payload, at);
            }
            else
            {
                lines.AppendLine(Line(in record, payload, at));
            }
        }, JournalKeys.DirectoryOf(path), JournalKeys.CartKeyOf(path, keyFile));
        json.WriteEndArray();
        if (asJson)
        {
            VerificationText.WriteJson(report, json);
            json.WriteEndObject();
            json.Flush();
            results.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
        }
        else
        {
            VerificationText.WriteSegments(report, results);
            results.Write(lines);
        }

        return CartCtl.Clean;
    }

    // A whole frame at the end of the record, behind a stamp of the gateway or not; its own checksum proves it.
    private static int FrameAt(byte[] payload)
    {
        var crc = new SoftwareCrc32();
        for (int at = 0; at <= MaxStampBytes && at + Frame.Overhead <= payload.Length; at++)
        {
            if (Frame.Check(payload, at, payload.Length - at, crc, out int length) == FrameFault.None && at + length == payload.Length)
            {
                return at;
            }
        }

        return -1;
    }

    private static string Line(in JournalRecord record, byte[] payload, int at)
    {
        string head = string.Create(CultureInfo.InvariantCulture, $"{record.Index}  {VerificationText.ClassNames[(int)record.Class]}{MarkOf(in record)}  type {record.Type}  {payload.Length} bytes");
        return record.IsLocked ? head + "  encrypted, not readable here" : at < 0 ? head : head + string.Create(
            CultureInfo.InvariantCulture,
            $"  {Frame.DeviceId(payload, at):x16}.{Frame.BootId(payload, at)}.{Frame.Stream(payload, at)}.{Frame.Sequence(payload, at)}  version {Frame.VersionOf(payload, at)}  {KindOf(payload, at)}  {Frame.MonotonicUs(payload, at)} µs  epoch {Frame.BindingEpoch(payload, at)}  flags 0x{Frame.Flags(payload, at):x4}");
    }

    private static string MarkOf(in JournalRecord record) =>
        record.UnknownMark is { } mark ? string.Create(CultureInfo.InvariantCulture, $" (mark 0x{mark:x2}, unknown)") : string.Empty;

    private static string KindOf(byte[] payload, int at) => Frame.Kind(payload, at) switch
    {
        FrameKind.Numeric => "numeric",
        FrameKind.Waveform => "waveform",
        FrameKind.Beat => "beat",
        FrameKind.Sound => "sound",
        FrameKind.Event => "event",
        FrameKind.Gap => "gap",
        FrameKind.Clock => "clock",
        FrameKind.Health => "health",
        FrameKind other => string.Create(CultureInfo.InvariantCulture, $"kind {(int)other}"),
    };

    private static void Write(Utf8JsonWriter json, in JournalRecord record, byte[] payload, int at)
    {
        json.WriteStartObject();
        json.WriteNumber("index", record.Index);
        json.WriteString("class", VerificationText.ClassNames[(int)record.Class]);
        if (record.UnknownMark is { } mark)
        {
            json.WriteNumber("unknownMark", mark);
        }

        json.WriteNumber("type", record.Type);
        json.WriteNumber("payloadBytes", payload.Length);
        if (record.IsLocked)
        {
            json.WriteBoolean("locked", true);
        }

        if (at >= 0)
        {
            json.WriteStartObject("frame");
            json.WriteNumber("version", Frame.VersionOf(payload, at));
            json.WriteString("kind", KindOf(payload, at));
            json.WriteString("deviceId", Frame.DeviceId(payload, at).ToString("x16", CultureInfo.InvariantCulture));
            json.WriteNumber("bootId", Frame.BootId(payload, at));
            json.WriteNumber("stream", Frame.Stream(payload, at));
            json.WriteNumber("sequence", Frame.Sequence(payload, at));
            json.WriteNumber("monotonicUs", Frame.MonotonicUs(payload, at));
            json.WriteNumber("bindingEpoch", Frame.BindingEpoch(payload, at));
            json.WriteNumber("flags", Frame.Flags(payload, at));
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
