using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using EdgeGateway.Faults;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Simulators.Cart.Scenario;

/// <summary>
/// Reads values out of a YAML 1.2 document and collects every error on the way, so that one reply names them all. After an error a
/// reading goes on with the default; the caller looks at <see cref="Errors"/> at the end.
/// </summary>
internal sealed class YamlReader(string file)
{
    /// <summary>Most errors in one reply.</summary>
    public const int MaxErrors = 50;

    private readonly List<CodedError> _errors = [];

    public IReadOnlyList<CodedError> Errors => _errors;

    /// <summary>The document's mapping, or null with an error.</summary>
    public YamlMap? Load(string text)
    {
        YamlStream stream = [];
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            Add("S3002", (int)e.Start.Line, null, e.Message.TrimEnd('.'));
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // The YAML library throws these where a bracket or brace that was opened meets what cannot stand in it, without a place.
            Add("S3002", 1, null, "a bracket, brace or quote that was opened is not closed");
            return null;
        }

        if (stream.Documents.Count != 1 || stream.Documents[0].RootNode is not YamlMappingNode root)
        {
            Add("S3002", 1, null, "the file is not one mapping of keys to values");
            return null;
        }

        return new YamlMap(this, root, string.Empty);
    }

    public void Add(string code, int line, string? path, string detail, string? suggestion = null)
    {
        ErrorPlace place = new(file, line, path);
        bool known = _errors.Exists(e => e.Place == place && string.Equals(e.Detail, detail, StringComparison.Ordinal));
        if (!known && _errors.Count < MaxErrors)
        {
            _errors.Add(new CodedError(code, place, detail, suggestion));
        }
    }

    public void Add(string code, YamlNode node, string path, string detail, string? suggestion = null) =>
        Add(code, (int)node.Start.Line, path, detail, suggestion);

    /// <summary>The errors by line, for a reply that reads in the order of the file.</summary>
    public IReadOnlyList<CodedError> InOrder() => _errors.OrderBy(e => e.Place.Line).ToList();

    internal static string Short(string text) => text.Length <= 40 ? text : text[..40] + "...";
}

/// <summary>One mapping; a key is known once it was asked for.</summary>
internal sealed class YamlMap
{
    private readonly YamlReader _reader;
    private readonly YamlMappingNode _node;
    private readonly List<string> _known = [];

    public YamlMap(YamlReader reader, YamlMappingNode node, string path)
    {
        _reader = reader;
        _node = node;
        Path = path;
    }

    public string Path { get; }

    public int Line => (int)_node.Start.Line;

    public bool Has(string key)
    {
        Know(key);
        return Find(key) is not null;
    }

    public string PathOf(string key) => Path.Length == 0 ? key : Path + "." + key;

    public void Error(string code, string key, string detail, string? suggestion = null) =>
        _reader.Add(code, Find(key) is YamlNode node ? (int)node.Start.Line : Line, PathOf(key), detail, suggestion);

    public void Missing(string key) => _reader.Add("S3004", Line, PathOf(key), $"'{key}' is not there");

    public string Text(string key, string fallback, bool required = false)
    {
        YamlNode? node = Take(key, required);
        if (node is null)
        {
            return fallback;
        }

        if (node is YamlScalarNode { Value: { Length: > 0 } value })
        {
            return value;
        }

        WrongKind(key, node, "a text");
        return fallback;
    }

    /// <summary>A name: 1 to 64 of the characters allowed.</summary>
    public string Name(string key, bool upperCase)
    {
        string value = Text(key, string.Empty, required: true);
        if (value.Length == 0)
        {
            return value;
        }

        bool good = value.Length <= 64;
        foreach (char c in value)
        {
            good &= char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-' || (upperCase && (char.IsAsciiLetterUpper(c) || c == '_'));
        }

        if (!good)
        {
            string allowed = upperCase ? "A-Z, a-z, 0-9, '_' and '-'" : "a-z, 0-9 and '-'";
            Error("S3006", key, $"'{YamlReader.Short(value)}' is not 1 to 64 of {allowed}");
        }

        return value;
    }

    public bool Flag(string key, bool fallback)
    {
        YamlNode? node = Take(key, false);
        if (node is null)
        {
            return fallback;
        }

        if (node is YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } scalar)
        {
            return string.Equals(scalar.Value, "true", StringComparison.Ordinal);
        }

        WrongKind(key, node, "true or false");
        return fallback;
    }

    /// <summary>A whole number.</summary>
    public long Whole(string key, long fallback, long min, long max, bool required = false) =>
        (long)Scaled(key, fallback, 1, min, max, required);

    /// <summary>A decimal number times a scale, exactly: 2.5 s with 1,000,000 is 2,500,000 µs.</summary>
    public long Scaled(string key, long fallback, long scale, decimal min, decimal max, bool required = false)
    {
        YamlNode? node = Take(key, required);
        return node is null || !Decimal(key, node, min, max, out decimal value) ? fallback : Scale(key, node, value, scale, fallback);
    }

    /// <summary>A decimal number.</summary>
    public double Number(string key, double fallback, decimal min, decimal max)
    {
        YamlNode? node = Take(key, false);
        return node is null || !Decimal(key, node, min, max, out decimal value) ? fallback : (double)value;
    }

    /// <summary>One of some words.</summary>
    public T Word<T>(string key, T fallback, IReadOnlyList<(string Word, T Value)> words, bool required = false)
    {
        string text = Text(key, string.Empty, required);
        if (text.Length == 0)
        {
            return fallback;
        }

        return Find(key) is YamlNode node ? WordOf(node, PathOf(key), text, fallback, words) : fallback;
    }

    /// <summary>A list of words.</summary>
    public IReadOnlyList<T>? Words<T>(string key, T fallback, IReadOnlyList<(string Word, T Value)> words)
    {
        YamlNode? node = Take(key, false);
        if (node is null)
        {
            return null;
        }

        if (node is not YamlSequenceNode list)
        {
            WrongKind(key, node, "a list");
            return null;
        }

        List<T> values = [];
        for (int i = 0; i < list.Children.Count; i++)
        {
            string path = $"{PathOf(key)}[{i}]";
            if (list.Children[i] is YamlScalarNode { Value: { Length: > 0 } text })
            {
                values.Add(WordOf(list.Children[i], path, text, fallback, words));
            }
            else
            {
                _reader.Add("S3005", list.Children[i], path, "it is not a word");
            }
        }

        return values;
    }

    /// <summary>A mapping inside, or null when it is not there.</summary>
    public YamlMap? Map(string key, bool required = false)
    {
        YamlNode? node = Take(key, required);
        if (node is null or YamlMappingNode)
        {
            return node is YamlMappingNode map ? new YamlMap(_reader, map, PathOf(key)) : null;
        }

        WrongKind(key, node, "a mapping of keys to values");
        return null;
    }

    /// <summary>A list of mappings; empty when it is not there.</summary>
    public IReadOnlyList<YamlMap> Maps(string key, int max, bool required = false)
    {
        YamlNode? node = Take(key, required);
        if (node is null)
        {
            return [];
        }

        if (node is not YamlSequenceNode list)
        {
            WrongKind(key, node, "a list");
            return [];
        }

        if (list.Children.Count > max || (required && list.Children.Count == 0))
        {
            Error("S3006", key, $"the list has {list.Children.Count} entries, not {(required ? 1 : 0)} to {max}");
        }

        List<YamlMap> maps = [];
        for (int i = 0; i < Math.Min(list.Children.Count, max); i++)
        {
            string path = $"{PathOf(key)}[{i}]";
            if (list.Children[i] is YamlMappingNode map)
            {
                maps.Add(new YamlMap(_reader, map, path));
            }
            else
            {
                _reader.Add("S3005", list.Children[i], path, "it is not a mapping of keys to values");
            }
        }

        return maps;
    }

    /// <summary>Every key that nobody asked for is an error.</summary>
    public void End()
    {
        foreach (YamlNode key in _node.Children.Keys)
        {
            string name = (key as YamlScalarNode)?.Value ?? string.Empty;
            if (!_known.Contains(name))
            {
                string of = Path.Length == 0 ? "of a scenario" : "of " + Path;
                string allowed = string.Join(", ", _known);
                _reader.Add(
                    "S3003",
                    key,
                    PathOf(name),
                    $"'{YamlReader.Short(name)}' is not a key {of}",
                    NearestWord.Suggest(name, _known) ?? $"The keys here are: {allowed}.");
            }
        }
    }

    private static bool TryDecimal(YamlNode node, out decimal value)
    {
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        value = 0;
        return node is YamlScalarNode { Style: ScalarStyle.Plain } scalar
            && decimal.TryParse(scalar.Value, Style, CultureInfo.InvariantCulture, out value);
    }

    private T WordOf<T>(YamlNode node, string path, string text, T fallback, IReadOnlyList<(string Word, T Value)> words)
    {
        foreach ((string word, T value) in words)
        {
            if (string.Equals(word, text, StringComparison.Ordinal))
            {
                return value;
            }
        }

        IEnumerable<string> names = words.Select(w => w.Word);
        _reader.Add(
            "S3007",
            node,
            path,
            $"'{YamlReader.Short(text)}' is not allowed here",
            NearestWord.Suggest(text, names) ?? $"Allowed are: {string.Join(", ", names)}.");
        return fallback;
    }

    private bool Decimal(string key, YamlNode node, decimal min, decimal max, out decimal value)
    {
        if (!TryDecimal(node, out value))
        {
            WrongKind(key, node, "a number");
            return false;
        }

        if (value < min || value > max)
        {
            Error("S3006", key, string.Create(CultureInfo.InvariantCulture, $"{value} is not {min} to {max}"));
            return false;
        }

        return true;
    }

    private long Scale(string key, YamlNode node, decimal value, long scale, long fallback)
    {
        decimal scaled = value * scale;
        if (decimal.Truncate(scaled) != scaled)
        {
            string step = scale == 1 ? "a whole number" : string.Create(CultureInfo.InvariantCulture, $"a multiple of {1m / scale}");
            _reader.Add("S3006", node, PathOf(key), string.Create(CultureInfo.InvariantCulture, $"{value} is not {step}"));
            return fallback;
        }

        return (long)scaled;
    }

    private void WrongKind(string key, YamlNode node, string wanted)
    {
        string found = node switch
        {
            YamlMappingNode => "a mapping",
            YamlSequenceNode => "a list",
            YamlScalarNode { Value: { Length: > 0 } value } => $"'{YamlReader.Short(value)}'",
            _ => "nothing",
        };
        _reader.Add("S3005", node, PathOf(key), $"it is {found}, not {wanted}");
    }

    private void Know(string key)
    {
        if (!_known.Contains(key))
        {
            _known.Add(key);
        }
    }

    private YamlNode? Find(string key) =>
        _node.Children.TryGetValue(new YamlScalarNode(key), out YamlNode? node) ? node : null;

    private YamlNode? Take(string key, bool required)
    {
        Know(key);
        YamlNode? node = Find(key);
        if (node is null && required)
        {
            Missing(key);
        }

        return node;
    }
}
