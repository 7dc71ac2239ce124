using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using EdgeGateway.Core.Records;
using EdgeGateway.Faults;
using EdgeGateway.Journal;

namespace EdgeGateway.Tool;

/// <summary>What inspect and verify show of the directory itself.</summary>
internal static class VerificationText
{
    public static readonly string[] ClassNames = ["control", "vital", "event", "sound", "wave"];

    public static void WriteSegments(JournalReport report, TextWriter results)
    {
        foreach (JournalSegment segment in report.Segments)
        {
            var counts = new StringBuilder();
            for (int i = 0; i < ClassNames.Length; i++)
            {
                counts.Append(CultureInfo.InvariantCulture, $" {ClassNames[i]} {segment.CountByClass[i]}");
            }

            string state = !segment.Counts ? "does not count" : segment.Sealed ? "sealed" : "open";
            results.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{segment.File}  records {segment.First} to {segment.Last}  {segment.Bytes} bytes  {state} {counts}"));
            foreach ((long first, long last) in segment.DeclaredGaps)
            {
                results.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  declared lost earlier: {first} to {last}"));
            }
        }

        foreach (JournalCheckpointFile checkpoint in report.Checkpoints)
        {
            results.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{checkpoint.File}  at record {checkpoint.Index}  {checkpoint.Bytes} bytes  {(checkpoint.Whole ? "whole" : "damaged")}"));
        }

        foreach ((byte type, long records) in Unknown(report))
        {
            results.WriteLine(string.Create(CultureInfo.InvariantCulture, $"type {type}  {records} records of a type that this version does not know: kept and skipped"));
        }

        foreach ((byte mark, long records) in report.UnknownMarks)
        {
            results.WriteLine(string.Create(CultureInfo.InvariantCulture, $"mark 0x{mark:x2}  {records} records with a mark that this version does not know: kept as vital signs and skipped"));
        }

        if (report.Encrypted > 0)
        {
            results.WriteLine(string.Create(CultureInfo.InvariantCulture, $"encrypted records: {report.Encrypted}, of which {report.Locked} could not be read"));
        }

        if (report.Locked > 0)
        {
            CodedError locked = new(FaultCodes.JournalRecordsLocked, ErrorPlace.None, string.Create(CultureInfo.InvariantCulture, $"{report.Locked} records"));
            results.WriteLine("note   " + locked.Render());
        }

        foreach (string file in report.UnusableKeys)
        {
            results.WriteLine("note   " + file + ": a key file that this cart key does not open, or that is damaged");
        }

        foreach (JournalFinding finding in report.Findings)
        {
            string place = finding.Offset < 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" at byte {finding.Offset} ({finding.Bytes} bytes)");
            results.WriteLine((finding.IsDamage ? "DAMAGE " : "note   ") + finding.File + place + ": " + finding.Text);
        }
    }

    public static void WriteJson(JournalReport report, Utf8JsonWriter json)
    {
        json.WriteBoolean("damaged", report.IsDamaged);
        json.WriteStartArray("segments");
        foreach (JournalSegment segment in report.Segments)
        {
            json.WriteStartObject();
            json.WriteString("file", segment.File);
            json.WriteNumber("bytes", segment.Bytes);
            json.WriteNumber("first", segment.First);
            json.WriteNumber("last", segment.Last);
            json.WriteBoolean("sealed", segment.Sealed);
            json.WriteBoolean("counts", segment.Counts);
            json.WriteStartObject("classes");
            for (int i = 0; i < ClassNames.Length; i++)
            {
                json.WriteStartObject(ClassNames[i]);
                json.WriteNumber("records", segment.CountByClass[i]);
                json.WriteNumber("payloadBytes", segment.PayloadBytesByClass[i]);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteStartArray("declaredLost");
            foreach ((long first, long last) in segment.DeclaredGaps)
            {
                json.WriteStartObject();
                json.WriteNumber("first", first);
                json.WriteNumber("last", last);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("checkpoints");
        foreach (JournalCheckpointFile checkpoint in report.Checkpoints)
        {
            json.WriteStartObject();
            json.WriteString("file", checkpoint.File);
            json.WriteNumber("bytes", checkpoint.Bytes);
            json.WriteNumber("index", checkpoint.Index);
            json.WriteBoolean("whole", checkpoint.Whole);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("unknownTypes");
        foreach ((byte type, long records) in Unknown(report))
        {
            json.WriteStartObject();
            json.WriteNumber("type", type);
            json.WriteNumber("records", records);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("unknownMarks");
        foreach ((byte mark, long records) in report.UnknownMarks)
        {
            json.WriteStartObject();
            json.WriteNumber("mark", mark);
            json.WriteNumber("records", records);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteFindings(report.Findings, json);
        json.WriteStartObject("encrypted");
        json.WriteNumber("records", report.Encrypted);
        json.WriteNumber("locked", report.Locked);
        json.WriteStartArray("unusableKeys");
        foreach (string file in report.UnusableKeys)
        {
            json.WriteStringValue(file);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartObject("quarantine");
        json.WriteNumber("files", report.QuarantineFiles);
        json.WriteNumber("bytes", report.QuarantineBytes);
        json.WriteEndObject();
    }

    private static IEnumerable<KeyValuePair<byte, long>> Unknown(JournalReport report) =>
        report.RecordsByType.Where(t => !JournalRecordTypes.Known.Contains(t.Key));

    private static void WriteFindings(IReadOnlyList<JournalFinding> findings, Utf8JsonWriter json)
    {
        json.WriteStartArray("findings");
        foreach (JournalFinding finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("file", finding.File);
            json.WriteNumber("offset", finding.Offset);
            json.WriteNumber("bytes", finding.Bytes);
            json.WriteNumber("firstLost", finding.FirstLost);
            json.WriteNumber("lastLost", finding.LastLost);
            json.WriteBoolean("damage", finding.IsDamage);
            json.WriteString("text", finding.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}

/// <summary><c>cartctl journal verify</c>.</summary>
internal static class VerifyCommand
{
    public static int Run(string path, string? keyFile, bool asJson, TextWriter results)
    {
        JournalReport report = JournalInspector.Inspect(path, null, JournalKeys.DirectoryOf(path), JournalKeys.CartKeyOf(path, keyFile));
        if (asJson)
        {
            using var buffer = new MemoryStream();
            using (var json = new Utf8JsonWriter(buffer))
            {
                json.WriteStartObject();
                VerificationText.WriteJson(report, json);
                json.WriteEndObject();
            }

            results.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
        }
        else
        {
            VerificationText.WriteSegments(report, results);
            results.WriteLine(report.IsDamaged ? "Damage found." : "No damage.");
        }

        return report.IsDamaged ? CartCtl.Damage : CartCtl.Clean;
    }
}
