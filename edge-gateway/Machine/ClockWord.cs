using System;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EdgeGateway.Machine;

/// <summary>
/// A technician's word that the machine's clock was right although an earlier start had recorded a later time: what was recorded between the two counts no longer as known to be past. Once the true time is beyond what
/// was recorded wrongly, the word has no effect.
/// </summary>
/// <param name="Utc">What the clock said when the word was given; known to be past since then.</param>
/// <param name="Recorded">The end of what was recorded wrongly.</param>
public sealed record ClockWord(DateTimeOffset Utc, DateTimeOffset Recorded)
{
    /// <summary>Longest file, bytes.</summary>
    public const int MaxFileBytes = 1024;

    private const string Format = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <summary>Reads the file.</summary>
    /// <param name="bytes">Its bytes.</param>
    /// <returns>Null for what is none.</returns>
    public static ClockWord? Read(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes);
            JsonElement root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("v", out JsonElement version) && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out int number) && number == 1
                && Moment(root, "utc") is { } utc && Moment(root, "recorded") is { } recorded && recorded > utc
                ? new ClockWord(utc, recorded)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The file.</summary>
    /// <returns>UTF-8.</returns>
    public byte[] Write() => Encoding.UTF8.GetBytes("{\"v\":1,\"utc\":\"" + Text(Utc) + "\",\"recorded\":\"" + Text(Recorded) + "\"}\n");

    private static string Text(DateTimeOffset moment) => moment.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);

    private static DateTimeOffset? Moment(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
        && DateTimeOffset.TryParseExact(value.GetString(), Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset moment)
            ? moment
            : null;
}
