using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using Firmware.Flash.Hardware;

namespace Firmware.Flash.BringUp;

/// <summary>What was done to one board, for the file of the device and for the table of the day. It holds no secret.</summary>
public sealed class BringUpRecord
{
    /// <summary>Name of the table to which each run adds one line per board.</summary>
    public const string TableName = "bring-up.csv";

    private const string Head = "utc,port,mac,deviceId,board,target,image,version,build,programSha256,provisioned,calibrationDue,pass,fail,skip,result,code";

    /// <summary>When it ended, UTC.</summary>
    public DateTimeOffset Utc { get; set; }

    /// <summary>The port.</summary>
    public string Port { get; set; } = string.Empty;

    /// <summary>The chip; null when it was not found out.</summary>
    public ChipDetails? Chip { get; set; }

    /// <summary>The board's name.</summary>
    public string Board { get; set; } = string.Empty;

    /// <summary>The runtime's image.</summary>
    public string Target { get; set; } = string.Empty;

    /// <summary>Hash of the program's file.</summary>
    public string ProgramSha256 { get; set; } = string.Empty;

    /// <summary>Version of the image as the pod says it.</summary>
    public string ImageVersion { get; set; } = string.Empty;

    /// <summary>Version of the program as the pod says it.</summary>
    public string Version { get; set; } = string.Empty;

    /// <summary>Build of the program as the pod says it.</summary>
    public string Build { get; set; } = string.Empty;

    /// <summary>The pod's id.</summary>
    public string DeviceId { get; set; } = string.Empty;

    /// <summary>True when it has a configuration.</summary>
    public bool IsProvisioned { get; set; }

    /// <summary>Where its gateway is; empty when this run did not set it.</summary>
    public string Gateway { get; set; } = string.Empty;

    /// <summary>SHA-256 of its certificate; empty when this run did not set it.</summary>
    public string CertificateFingerprint { get; set; } = string.Empty;

    /// <summary>When its certificate ends, YYYY-MM-DD.</summary>
    public string CertificateEnds { get; set; } = string.Empty;

    /// <summary>When its calibration is due, YYYY-MM-DD, or each sensor by its name when one has none; empty without any.</summary>
    public string CalibrationDue { get; set; } = string.Empty;

    /// <summary>The self test.</summary>
    public IReadOnlyList<SelfTestItem> SelfTest { get; set; } = [];

    /// <summary>What was done, step by step.</summary>
    public IList<string> Steps { get; } = [];

    /// <summary>"done", or what failed.</summary>
    public string Result { get; set; } = string.Empty;

    /// <summary>The fault code; empty when it is done.</summary>
    public string Code { get; set; } = string.Empty;

    /// <summary>The id of a chip's pod by its last record.</summary>
    /// <param name="folder">The folder of records.</param>
    /// <param name="mac">The chip's address.</param>
    /// <returns>The id; empty when there is no record that can be read.</returns>
    public static string DeviceIdOf(string folder, string mac)
    {
        try
        {
            using JsonDocument record = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, mac + ".record.json")));
            return record.RootElement.TryGetProperty("deviceId", out JsonElement id) ? id.GetString() ?? string.Empty : string.Empty;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            return string.Empty;
        }
    }

    /// <summary>Another chip whose last record, of a bring-up that was done, has this id.</summary>
    /// <param name="folder">The folder of records.</param>
    /// <param name="deviceId">The id, 16 hexadecimal digits.</param>
    /// <param name="mac">The chip that may have it.</param>
    /// <returns>The other chip's address, or null.</returns>
    public static string? OtherMacOf(string folder, string deviceId, string mac)
    {
        if (!Directory.Exists(folder))
        {
            return null;
        }

        return Directory.EnumerateFiles(folder, "*.record.json").Select(f => Path.GetFileName(f)[..^".record.json".Length])
            .FirstOrDefault(m => m.Length == 12 && m.All(char.IsAsciiHexDigit) && !string.Equals(m, mac, StringComparison.Ordinal) && string.Equals(DeviceIdOf(folder, m), deviceId, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>How its files are called: by the chip, or by the port when the chip was not found out.</summary>
    public string FileName => Chip?.Mac ?? "port-" + new string([.. Port.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]);

    /// <summary>Writes the device's file and adds the line to the table.</summary>
    /// <param name="folder">The folder of records.</param>
    /// <param name="tool">Name and version of this program.</param>
    /// <returns>The device's file.</returns>
    /// <exception cref="EdgeGateway.Faults.CodedErrorException">A file cannot be written.</exception>
    public string Write(string folder, string tool)
    {
        string file = Path.Combine(folder, FileName + ".record.json");
        string utc = Utc.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        RecordFiles.Write(file, writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("v", 1);
            writer.WriteString("tool", tool);
            writer.WriteString("utc", utc);
            writer.WriteString("port", Port);
            writer.WriteString("mac", Chip?.MacText() ?? string.Empty);
            writer.WriteString("chip", Chip?.Name ?? string.Empty);
            if (Chip is ChipDetails chip)
            {
                writer.WriteNumber("flashMebibytes", chip.FlashMebibytes);
                writer.WriteString("psram", chip.PsramMebibytes is int psram ? psram.ToString(CultureInfo.InvariantCulture) + " MB" : "read from the module by a person");
            }

            writer.WriteString("board", Board);
            writer.WriteString("target", Target);
            writer.WriteString("image", ImageVersion);
            writer.WriteString("programSha256", ProgramSha256);
            writer.WriteString("version", Version);
            writer.WriteString("build", Build);
            writer.WriteString("deviceId", DeviceId);
            writer.WriteBoolean("provisioned", IsProvisioned);
            writer.WriteString("gateway", Gateway);
            writer.WriteString("certificateSha256", CertificateFingerprint);
            writer.WriteString("certificateEnds", CertificateEnds);
            writer.WriteString("calibrationDue", CalibrationDue);
            writer.WriteStartArray("selfTest");
            foreach (SelfTestItem item in SelfTest)
            {
                item.Write(writer);
            }

            writer.WriteEndArray();
            writer.WriteStartArray("steps");
            foreach (string step in Steps)
            {
                writer.WriteStringValue(step);
            }

            writer.WriteEndArray();
            writer.WriteString("result", Result);
            writer.WriteString("code", Code);
            writer.WriteEndObject();
        });
        string[] fields =
        [
            utc, Port, Chip?.MacText() ?? string.Empty, DeviceId, Board, Target, ImageVersion, Version, Build, ProgramSha256, IsProvisioned ? "yes" : "no", CalibrationDue.Replace(", ", " / ", StringComparison.Ordinal),
            Count("PASS"), Count("FAIL"), Count("SKIP"), Result, Code,
        ];
        RecordFiles.Append(Path.Combine(folder, TableName), Head, string.Join(',', fields.Select(Field)));
        return file;
    }

    /// <summary>A field of a table. Source: RFC 4180; a sign that a spreadsheet would take for a formula is quoted behind an apostrophe.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The field.</returns>
    public static string Field(string text)
    {
        ArgumentNullException.ThrowIfNull(text);

        // A spreadsheet of another language parts fields at semicolons, and takes what stands behind one, or behind blanks, for a formula too.
        string plain = Wire.PlainText.Clean(text).Replace(';', ',');
        string safe = plain.TrimStart() is { Length: > 0 } first && first[0] is '=' or '+' or '-' or '@' ? "'" + plain : plain;
        return safe.Any(c => c is ',' or '"' or '\n' or '\r') ? "\"" + safe.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"" : safe;
    }

    private string Count(string result) => SelfTest.Count(i => string.Equals(i.Result, result, StringComparison.Ordinal)).ToString(CultureInfo.InvariantCulture);
}
