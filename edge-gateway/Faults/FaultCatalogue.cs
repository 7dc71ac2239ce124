using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;

namespace EdgeGateway.Faults;

/// <summary>How grave a coded event is.</summary>
public enum FaultSeverity
{
    /// <summary>Nothing to do.</summary>
    Info,

    /// <summary>It works, less well.</summary>
    Warning,

    /// <summary>A request was refused.</summary>
    Error,

    /// <summary>A part does not work.</summary>
    Fault,
}

/// <summary>Who can take the next step.</summary>
public enum FaultAudience
{
    /// <summary>Whoever stands beside the patient.</summary>
    Nurse,

    /// <summary>The doctor at the other end.</summary>
    Doctor,

    /// <summary>Whoever maintains the cart.</summary>
    Technician,

    /// <summary>Whoever connects carts to other systems.</summary>
    Integrator,

    /// <summary>Whoever works on this code.</summary>
    Developer,
}

/// <summary>One text in both languages.</summary>
/// <param name="English">The English text.</param>
/// <param name="French">The French text.</param>
public sealed record FaultText(string English, string French)
{
    /// <summary>The text in one language.</summary>
    /// <param name="language">"fr" for French; anything else is English.</param>
    /// <returns>The text.</returns>
    public string In(string language) => string.Equals(language, "fr", StringComparison.Ordinal) ? French : English;
}

/// <summary>One entry of hardware/faults.json.</summary>
/// <param name="Code">A letter (P pod, G gateway, J journal, C cartctl, F cart-flash, S simulator) and four digits.</param>
/// <param name="Name">What source calls it, for example "SessionUnknown".</param>
/// <param name="Severity">How grave it is.</param>
/// <param name="Http">The status of an HTTP answer with this code, 202 or 400 to 503; null when none has it.</param>
/// <param name="Happened">What happened.</param>
/// <param name="Means">What it means.</param>
/// <param name="Do">What to do next, at most 25 words.</param>
/// <param name="Who">Who can do it.</param>
/// <param name="Consultation">What becomes of a running consultation.</param>
public sealed record FaultEntry(
    string Code,
    string Name,
    FaultSeverity Severity,
    int? Http,
    FaultText Happened,
    FaultText Means,
    FaultText Do,
    FaultAudience Who,
    FaultText Consultation);

/// <summary>The one catalogue of coded errors, hardware/faults.json, embedded in this assembly.</summary>
public sealed class FaultCatalogue
{
    private const string ResourceName = "faults.json";
    private static readonly Lazy<FaultCatalogue> Embedded = new(LoadEmbedded);
    private readonly FrozenDictionary<string, FaultEntry> _byCode;

    private FaultCatalogue(IReadOnlyList<FaultEntry> entries)
    {
        Entries = entries;
        Dictionary<string, FaultEntry> byCode = new(StringComparer.Ordinal);
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (FaultEntry entry in entries)
        {
            if (!byCode.TryAdd(entry.Code, entry))
            {
                throw new InvalidDataException($"hardware/faults.json: {entry.Code} stands twice; keep one.");
            }

            if (!names.Add(entry.Name))
            {
                throw new InvalidDataException($"hardware/faults.json: the name {entry.Name} stands twice; keep one.");
            }
        }

        _byCode = byCode.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>The catalogue that was compiled in.</summary>
    public static FaultCatalogue Default => Embedded.Value;

    /// <summary>All entries, in the order of the file (sorted by code).</summary>
    public IReadOnlyList<FaultEntry> Entries { get; }

    /// <summary>An entry by its code.</summary>
    /// <param name="code">The code, for example "G2003".</param>
    /// <exception cref="KeyNotFoundException">There is no such entry: a defect of the program that raised the code.</exception>
    public FaultEntry this[string code] => _byCode.TryGetValue(code, out FaultEntry? entry)
        ? entry
        : throw new KeyNotFoundException($"Code {code} is not in hardware/faults.json: add its entry.");

    /// <summary>An entry of the pod's, by the number that goes over the wire.</summary>
    /// <param name="number">The value of <c>Firmware.Core.FaultCode</c>, 1 to 9999.</param>
    /// <returns>The entry, or null for a number that this gateway does not know (a newer pod).</returns>
    public FaultEntry? FindPod(int number) => Find(FormattableString.Invariant($"P{number:D4}"));

    /// <summary>An entry, or null.</summary>
    /// <param name="code">The code.</param>
    /// <returns>The entry, or null.</returns>
    public FaultEntry? Find(string code) => _byCode.GetValueOrDefault(code);

    /// <summary>Reads a catalogue.</summary>
    /// <param name="json">The bytes of the file, UTF-8.</param>
    /// <returns>The catalogue.</returns>
    /// <exception cref="InvalidDataException">A field is missing, of the wrong kind, or a code or a name stands twice.</exception>
    public static FaultCatalogue Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            List<FaultEntry> entries = [];
            foreach (JsonElement item in document.RootElement.GetProperty("faults").EnumerateArray())
            {
                entries.Add(new FaultEntry(
                    String(item, "code"),
                    String(item, "name"),
                    Word<FaultSeverity>(item, "severity"),
                    item.TryGetProperty("http", out JsonElement http) ? http.GetInt32() : null,
                    Text(item, "happened"),
                    Text(item, "means"),
                    Text(item, "do"),
                    Word<FaultAudience>(item, "who"),
                    Text(item, "consultation")));
            }

            return new FaultCatalogue(entries);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"hardware/faults.json does not follow its schema: {e.Message}", e);
        }
    }

    private static FaultCatalogue LoadEmbedded()
    {
        using Stream stream = typeof(FaultCatalogue).Assembly.GetManifestResourceStream(ResourceName)
            ?? throw new InvalidDataException($"The resource {ResourceName} is not in this assembly.");
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return Parse(bytes.ToArray());
    }

    private static string String(JsonElement item, string name) =>
        item.GetProperty(name).GetString() ?? throw new InvalidOperationException($"{name} is null.");

    private static FaultText Text(JsonElement item, string name)
    {
        JsonElement text = item.GetProperty(name);
        return new FaultText(String(text, "en"), String(text, "fr"));
    }

    private static T Word<T>(JsonElement item, string name)
        where T : struct, Enum
    {
        string word = String(item, name);
        foreach (T value in Enum.GetValues<T>())
        {
            if (string.Equals(value.ToString(), word, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        throw new InvalidOperationException($"{name}: '{word}' is none of the words allowed.");
    }
}
