using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;

namespace CartGen;

/// <summary>
/// An object of a JSON file that is read strictly: each problem is noted with its path, and reading goes on with a harmless value, so that all problems
/// come in one reply.
/// </summary>
internal sealed class JsonRow
{
    private readonly JsonElement _element;
    private readonly string _file;
    private readonly List<Problem> _problems;
    private readonly HashSet<string> _read = ["$schema", "about"];

    private JsonRow(JsonElement element, string file, string path, List<Problem> problems)
    {
        _element = element;
        _file = file;
        Path = path;
        _problems = problems;
    }

    /// <summary>Where it stands in its file.</summary>
    public string Path { get; }

    /// <summary>The root of a file; null when the file is not there or no JSON object.</summary>
    public static JsonRow? Root(IReadOnlyDictionary<string, string> files, string file, List<Problem> problems)
    {
        if (!files.TryGetValue(file, out string? text))
        {
            problems.Add(new Problem(Problem.Unreadable, file, string.Empty, "it is not there"));
            return null;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return new JsonRow(document.RootElement.Clone(), file, string.Empty, problems);
            }

            problems.Add(new Problem(Problem.Unreadable, file, string.Empty, "its root is no object"));
        }
        catch (JsonException e)
        {
            problems.Add(new Problem(Problem.Unreadable, file, string.Empty, string.Create(CultureInfo.InvariantCulture, $"line {e.LineNumber + 1}: {e.Message.Split(" LineNumber")[0].TrimEnd('.')}")));
        }

        return null;
    }

    /// <summary>Notes a problem with one of its keys.</summary>
    public void Wrong(string code, string key, string detail) => _problems.Add(new Problem(code, _file, At(key), detail));

    /// <summary>A text that must be there and is not empty.</summary>
    public string Text(string key) => OptionalText(key) ?? Missing(key, "?");

    /// <summary>A text that may be absent; empty counts as wrong.</summary>
    public string? OptionalText(string key)
    {
        if (!Find(key, JsonValueKind.String, "a text", out JsonElement value))
        {
            return null;
        }

        string text = value.GetString()!;
        if (text.Length > 0)
        {
            return text;
        }

        Wrong(Problem.KeyWrong, key, "is empty");
        return "?";
    }

    /// <summary>A text that must be there and may be empty.</summary>
    public string TextOrEmpty(string key) => Find(key, JsonValueKind.String, "a text", out JsonElement value) ? value.GetString()! : Missing(key, string.Empty);

    /// <summary>A whole number that must be there.</summary>
    public long Whole(string key, long low, long high) => OptionalWhole(key, low, high) ?? Missing(key, low);

    /// <summary>A whole number that may be absent.</summary>
    public long? OptionalWhole(string key, long low, long high)
    {
        if (!Find(key, JsonValueKind.Number, "a whole number", out JsonElement value))
        {
            return null;
        }

        if (!value.TryGetInt64(out long number))
        {
            Wrong(Problem.KeyWrong, key, "is not a whole number");
            return low;
        }

        if (number >= low && number <= high)
        {
            return number;
        }

        Wrong(Problem.OutOfRange, key, string.Create(CultureInfo.InvariantCulture, $"is {number}, outside {low} to {high}"));
        return low;
    }

    /// <summary>A number that may be absent and is not below zero.</summary>
    public double? OptionalNumber(string key)
    {
        if (!Find(key, JsonValueKind.Number, "a number", out JsonElement value))
        {
            return null;
        }

        double number = value.GetDouble();
        if (number >= 0)
        {
            return number;
        }

        Wrong(Problem.OutOfRange, key, "is below zero");
        return 0;
    }

    /// <summary>An object that may be absent.</summary>
    public JsonRow? Optional(string key) => Find(key, JsonValueKind.Object, "an object", out JsonElement value) ? new JsonRow(value, _file, At(key), _problems) : null;

    /// <summary>A truth value; null when absent.</summary>
    public bool? Flag(string key)
    {
        _read.Add(key);
        if (!_element.TryGetProperty(key, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Wrong(Problem.KeyWrong, key, "is not true or false");
        return null;
    }

    /// <summary>One of some words; the first when it is missing or wrong.</summary>
    public string OneOf(string key, params string[] words)
    {
        string? word = OptionalOneOf(key, words);
        return word ?? Missing(key, words[0]);
    }

    /// <summary>One of some words, or null when absent.</summary>
    public string? OptionalOneOf(string key, params string[] words)
    {
        string? word = OptionalText(key);
        if (word is null || words.Contains(word))
        {
            return word;
        }

        Wrong(Problem.NameUnknown, key, $"is '{word}', none of {string.Join(", ", words)}");
        return words[0];
    }

    /// <summary>Two keys that hold one text in both languages; null when both are absent.</summary>
    public Words? Texts(string englishKey, string frenchKey)
    {
        string? english = OptionalText(englishKey);
        string? french = OptionalText(frenchKey);
        if (english is null != french is null)
        {
            Wrong(Problem.KeyWrong, english is null ? englishKey : frenchKey, "is missing beside the other language");
        }

        return english is null || french is null ? null : new Words(english, french);
    }

    /// <summary>An object that must be there.</summary>
    public JsonRow Object(string key)
    {
        if (Find(key, JsonValueKind.Object, "an object", out JsonElement value))
        {
            return new JsonRow(value, _file, At(key), _problems);
        }

        if (!_element.TryGetProperty(key, out _))
        {
            Missing(key, 0);
        }

        using JsonDocument empty = JsonDocument.Parse("{}");
        return new JsonRow(empty.RootElement.Clone(), _file, At(key), []);
    }

    /// <summary>The objects of a list; empty when it is absent and may be.</summary>
    public IEnumerable<JsonRow> Rows(string key, bool optional = false)
    {
        int index = 0;
        foreach (JsonElement item in Items(key, optional))
        {
            string path = string.Create(CultureInfo.InvariantCulture, $"{At(key)}[{index++}]");
            if (item.ValueKind == JsonValueKind.Object)
            {
                yield return new JsonRow(item, _file, path, _problems);
            }
            else
            {
                _problems.Add(new Problem(Problem.KeyWrong, _file, path, "is no object"));
            }
        }
    }

    /// <summary>The lists of objects in a list.</summary>
    public IEnumerable<IReadOnlyList<JsonRow>> Lists(string key)
    {
        int index = 0;
        foreach (JsonElement list in Items(key, optional: false))
        {
            string path = string.Create(CultureInfo.InvariantCulture, $"{At(key)}[{index++}]");
            if (list.ValueKind == JsonValueKind.Array)
            {
                yield return [.. list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object).Select((item, i) => new JsonRow(item, _file, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), _problems))];
            }
            else
            {
                _problems.Add(new Problem(Problem.KeyWrong, _file, path, "is no list"));
            }
        }
    }

    /// <summary>Its keys with texts, in their order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Pairs() => [.. _element.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, Text(p.Name)))];

    /// <summary>The texts of a list that may be absent.</summary>
    public IReadOnlyList<string> OptionalList(string key) => _element.TryGetProperty(key, out _) ? List(key) : [];

    /// <summary>The texts of a list.</summary>
    public IReadOnlyList<string> List(string key)
    {
        List<string> texts = [];
        foreach (JsonElement item in Items(key, optional: false))
        {
            if (item.ValueKind == JsonValueKind.String)
            {
                texts.Add(item.GetString()!);
            }
            else
            {
                Wrong(Problem.KeyWrong, key, "holds something that is no text");
            }
        }

        return texts;
    }

    /// <summary>The whole numbers of a list.</summary>
    public IReadOnlyList<int> Numbers(string key)
    {
        List<int> numbers = [];
        foreach (JsonElement item in Items(key, optional: false))
        {
            if (item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int number))
            {
                numbers.Add(number);
            }
            else
            {
                Wrong(Problem.KeyWrong, key, "holds something that is no whole number");
            }
        }

        return numbers;
    }

    /// <summary>Its keys with whole numbers, in their order.</summary>
    public IReadOnlyList<BoardPin> Pins()
    {
        List<BoardPin> pins = [];
        foreach (JsonProperty property in _element.EnumerateObject())
        {
            pins.Add(new BoardPin(property.Name, (int)Whole(property.Name, 0, 63)));
        }

        return pins;
    }

    /// <summary>Keys that belong to others are not read here.</summary>
    public void Ignore(params string[] keys) => _read.UnionWith(keys);

    /// <summary>Notes every key that was not asked for.</summary>
    public void End()
    {
        foreach (JsonProperty property in _element.EnumerateObject())
        {
            if (!_read.Contains(property.Name))
            {
                Wrong(Problem.KeyWrong, property.Name, "is not a known key");
            }
        }
    }

    private JsonElement.ArrayEnumerator Items(string key, bool optional)
    {
        if (Find(key, JsonValueKind.Array, "a list", out JsonElement value))
        {
            return value.EnumerateArray();
        }

        if (!optional && !_element.TryGetProperty(key, out _))
        {
            Missing(key, 0);
        }

        return default;
    }

    private bool Find(string key, JsonValueKind kind, string what, out JsonElement value)
    {
        _read.Add(key);
        if (!_element.TryGetProperty(key, out value))
        {
            return false;
        }

        if (value.ValueKind == kind)
        {
            return true;
        }

        Wrong(Problem.KeyWrong, key, "is not " + what);
        return false;
    }

    private T Missing<T>(string key, T instead)
    {
        if (!_element.TryGetProperty(key, out _))
        {
            Wrong(Problem.KeyWrong, key, "is missing");
        }

        return instead;
    }

    private string At(string key) => Path.Length == 0 ? key : Path + "." + key;
}
