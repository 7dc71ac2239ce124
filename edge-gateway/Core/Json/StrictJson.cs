using System;
using System.Collections.Generic;
using System.Text.Json;
using System.Text.Unicode;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Json;

/// <summary>
/// One JSON object from outside, read strictly: a key that stands twice, text that is no Unicode and a member of another type are refused, never guessed. The
/// first thing that is wrong is kept in <see cref="Problem"/>. Members nobody asks for are ignored, so that later versions may add some, unless
/// <see cref="RefuseUnknown"/> is called: where a misspelled key would change what happens to a patient.
/// </summary>
internal sealed class StrictJson : IDisposable
{
    /// <summary>Deepest nesting.</summary>
    public const int MaxDepth = 8;

    private readonly JsonDocument? _document;
    private readonly List<string> _asked = [];

    private StrictJson(JsonDocument? document, string? problem)
    {
        _document = document;
        Problem = problem;
    }

    /// <summary>What is wrong, English; null when nothing is.</summary>
    public string? Problem { get; private set; }

    /// <summary>Reads an object.</summary>
    /// <param name="payload">UTF-8; must not change while this lives.</param>
    /// <param name="maxLength">Longest, bytes.</param>
    /// <returns>The object; with a <see cref="Problem"/>, and then without members, when it is none.</returns>
    public static StrictJson Read(ReadOnlyMemory<byte> payload, int maxLength)
    {
        if (payload.Length > maxLength)
        {
            return new StrictJson(null, "longer than " + Invariant.Text(maxLength) + " bytes");
        }

        if (!Utf8.IsValid(payload.Span))
        {
            return new StrictJson(null, "no JSON: not UTF-8");
        }

        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(payload, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                document.Dispose();
                return new StrictJson(null, "not a JSON object");
            }

            if (HasHalfCharacter(document.RootElement, payload.Span))
            {
                document.Dispose();
                return new StrictJson(null, "a text has half a character (a lone surrogate)");
            }

            return new StrictJson(document, null);
        }
        catch (JsonException exception)
        {
            // The reader's own text may repeat what a stranger sent; the line is enough.
            string what = exception.Message.Contains("uplicate", StringComparison.Ordinal) ? "a key stands twice" : "no JSON: line " + Invariant.Text((exception.LineNumber ?? 0) + 1);
            return new StrictJson(null, what);
        }
        catch (InvalidOperationException)
        {
            // Escapes that are no characters, met while keys are compared.
            document?.Dispose();
            return new StrictJson(null, "a text has half a character (a lone surrogate)");
        }
    }

    /// <summary>The one text of this name in an object that is otherwise refused, so that the refusal can be answered.</summary>
    /// <param name="payload">UTF-8.</param>
    /// <param name="maxLength">Longest, bytes.</param>
    /// <param name="name">The member.</param>
    /// <returns>The text; null when there is none, more than one, or no JSON object.</returns>
    public static string? OnlyText(ReadOnlyMemory<byte> payload, int maxLength, string name)
    {
        if (payload.Length > maxLength || !Utf8.IsValid(payload.Span))
        {
            return null;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(payload, new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (document.RootElement.ValueKind != JsonValueKind.Object || HasHalfCharacter(document.RootElement, payload.Span))
            {
                return null;
            }

            string? found = null;
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (string.Equals(property.Name, name, StringComparison.Ordinal))
                {
                    if (found is not null || property.Value.ValueKind != JsonValueKind.String)
                    {
                        return null;
                    }

                    found = property.Value.GetString();
                }
            }

            return found;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>True when the object has this member, of whatever type.</summary>
    /// <param name="name">The member.</param>
    /// <returns>True when it is there.</returns>
    public bool Has(string name) => TryMember(name, out _);

    /// <summary>A text.</summary>
    /// <param name="name">The member.</param>
    /// <returns>The text; null when it is absent or, with a problem, of another type.</returns>
    public string? Text(string name)
    {
        if (!TryMember(name, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString();
        }

        Wrong(name + " is a text in quotes");
        return null;
    }

    /// <summary>True or false.</summary>
    /// <param name="name">The member.</param>
    /// <returns>The flag; null when it is absent or, with a problem, of another type.</returns>
    public bool? Flag(string name)
    {
        if (!TryMember(name, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Wrong(name + " is true or false, without quotes");
        return null;
    }

    /// <summary>A whole number.</summary>
    /// <param name="name">The member.</param>
    /// <param name="least">Smallest allowed.</param>
    /// <param name="most">Largest allowed.</param>
    /// <returns>The number; null when it is absent or, with a problem, no whole number in the range.</returns>
    public long? Whole(string name, long least, long most)
    {
        if (!TryMember(name, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= least && number <= most)
        {
            return number;
        }

        Wrong(name + " is a whole number from " + Invariant.Text(least) + " to " + Invariant.Text(most));
        return null;
    }

    /// <summary>A list.</summary>
    /// <param name="name">The member.</param>
    /// <param name="most">Most entries.</param>
    /// <param name="list">The list.</param>
    /// <returns>False when it is absent or, with a problem, no list or too long.</returns>
    public bool TryList(string name, int most, out JsonElement list)
    {
        if (!TryMember(name, out list))
        {
            return false;
        }

        if (list.ValueKind == JsonValueKind.Array && list.GetArrayLength() <= most)
        {
            return true;
        }

        Wrong(name + " is no array of at most " + Invariant.Text(most));
        return false;
    }

    /// <summary>Refuses members that nobody asked for, with the nearest word.</summary>
    /// <param name="alsoAllowed">Members that are allowed and not read here.</param>
    public void RefuseUnknown(params ReadOnlySpan<string> alsoAllowed)
    {
        if (_document is null || Problem is not null)
        {
            return;
        }

        List<string> known = [.. _asked, .. alsoAllowed];
        foreach (JsonProperty property in _document.RootElement.EnumerateObject())
        {
            if (!known.Contains(property.Name))
            {
                Wrong("'" + LogText.Shown(property.Name) + "' is no key here; " + (NearestWord.Suggest(property.Name, known) ?? "keys: " + string.Join(", ", known)));
                return;
            }
        }
    }

    /// <summary>Notes what is wrong; the first one stays.</summary>
    /// <param name="problem">What, English.</param>
    public void Wrong(string problem) => Problem ??= problem;

    /// <inheritdoc/>
    public void Dispose() => _document?.Dispose();

    private static bool HasHalfCharacter(JsonElement root, ReadOnlySpan<byte> payload)
    {
        // Only an escape can say one: valid UTF-8 cannot.
        if (payload.IndexOf("\\u"u8) < 0)
        {
            return false;
        }

        try
        {
            Visit(root);
            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }

    private static void Visit(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                {
                    Visit(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    _ = property.Name;
                    Visit(property.Value);
                }

                break;
            default:
                break;
        }
    }

    private bool TryMember(string name, out JsonElement value)
    {
        if (!_asked.Contains(name))
        {
            _asked.Add(name);
        }

        value = default;
        return _document is not null && _document.RootElement.TryGetProperty(name, out value);
    }
}
