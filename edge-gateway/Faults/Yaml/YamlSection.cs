using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace EdgeGateway.Faults.Yaml;

/// <summary>
/// One mapping while it is being read: each value by its key. An error is noted and reading goes on with the default, so that one reply has them
/// all. A key is known once it was asked for; <see cref="End"/> names the others.
/// </summary>
public sealed class YamlSection
{
    private readonly YamlReport _report;
    private readonly YamlNode? _node;
    private readonly List<string> _asked = [];

    internal YamlSection(YamlReport report, YamlNode? node, string path, int line)
    {
        _report = report;
        Path = path;
        Line = line;
        if (node is null || (report.Rules.IsEmptyAbsent && node.IsEmpty))
        {
            return;
        }

        if (node.Kind != YamlNodeKind.Mapping)
        {
            report.Add(report.Rules.WrongKind(node, YamlKind.Mapping, string.Empty), node.Line, path);
            return;
        }

        _node = node;
        Dictionary<string, int> seen = new(StringComparer.Ordinal);
        foreach (YamlPair pair in node.Pairs)
        {
            if (!seen.TryAdd(pair.Key, pair.Line))
            {
                report.Add(report.Rules.KeyTwice(pair.Key, seen[pair.Key]), pair.Line, PathOf(pair.Key));
            }
        }
    }

    /// <summary>True when the file has this section.</summary>
    public bool IsPresent => _node is not null;

    /// <summary>What stands there; null when the file does not have this section.</summary>
    public YamlNode? Node => _node;

    /// <summary>Its path, empty at the top.</summary>
    public string Path { get; }

    /// <summary>Where the section, or what should have it, begins; a missing key is reported there.</summary>
    public int Line { get; }

    /// <summary>The path of a key in this section.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The path.</returns>
    public string PathOf(string key) => Path.Length == 0 ? key : Path + "." + key;

    /// <summary>The line of a key, or of the section when it does not have it.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The line.</returns>
    public int LineOf(string key) => _node?.Find(key)?.Line ?? Line;

    /// <summary>True when the section has a key.</summary>
    /// <param name="key">The key.</param>
    /// <returns>True when it is there.</returns>
    public bool Has(string key) => Take(key) is not null;

    /// <summary>Notes an error about a key.</summary>
    /// <param name="code">The code.</param>
    /// <param name="key">The key.</param>
    /// <param name="detail">The facts.</param>
    /// <param name="suggestion">What would be right, or null.</param>
    public void Error(string code, string key, string detail, string? suggestion = null) => ErrorAt(key, code, key, detail, suggestion);

    /// <summary>Notes an error about a key in the line of another one.</summary>
    /// <param name="lineKey">The key that names the line.</param>
    /// <param name="code">The code.</param>
    /// <param name="key">The key.</param>
    /// <param name="detail">The facts.</param>
    /// <param name="suggestion">What would be right, or null.</param>
    public void ErrorAt(string lineKey, string code, string key, string detail, string? suggestion = null) =>
        _report.Add(new YamlFinding(code, detail, suggestion), LineOf(lineKey), PathOf(key));

    /// <summary>Notes that a key must be there.</summary>
    /// <param name="key">The key.</param>
    /// <param name="example">A value that would be right, or null.</param>
    public void Missing(string key, string? example = null)
    {
        Know(key);
        _report.Add(_report.Rules.Missing(PathOf(key), key, example), Line, PathOf(key));
    }

    /// <summary>Makes a key known without reading it.</summary>
    /// <param name="key">The key.</param>
    public void Know(string key)
    {
        if (!_asked.Contains(key, StringComparer.Ordinal))
        {
            _asked.Add(key);
            _report.Know(Path, key);
        }
    }

    /// <summary>A section inside this one.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="required">True when its absence is an error.</param>
    /// <returns>The section, which may be absent.</returns>
    public YamlSection Section(string key, bool required = false) => new(_report, Take(key, required), PathOf(key), LineOf(key));

    /// <summary>A list of sections.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="max">Most items; what is beyond is one error and is not read.</param>
    /// <param name="required">True when there must be one.</param>
    /// <returns>The sections, in order; empty when there is no list.</returns>
    public IReadOnlyList<YamlSection> Sections(string key, int max = int.MaxValue, bool required = false)
    {
        IReadOnlyList<YamlNode>? items = List(key, required);
        if (items is null)
        {
            return [];
        }

        if (items.Count > max || (required && items.Count == 0))
        {
            Report(_report.Rules.WrongCount(items.Count, required ? 1 : 0, max), items.Count > max ? items[max].Line : LineOf(key), key);
        }

        List<YamlSection> sections = [];
        for (int i = 0; i < Math.Min(items.Count, max); i++)
        {
            string path = string.Create(CultureInfo.InvariantCulture, $"{PathOf(key)}[{i}]");
            YamlNode item = items[i];
            bool isMapping = item.Kind == YamlNodeKind.Mapping || (_report.Rules.IsEmptyAbsent && item.IsEmpty);
            if (!isMapping)
            {
                _report.Add(_report.Rules.WrongKind(item, YamlKind.MappingItem, string.Empty), item.Line, path);
            }

            sections.Add(new YamlSection(_report, isMapping ? item : null, path, item.Line));
        }

        return sections;
    }

    /// <summary>A whole number, without decimals.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="min">Smallest value.</param>
    /// <param name="max">Largest value.</param>
    /// <param name="standard">The value when the file has none.</param>
    /// <returns>The value; the standard one when it is wrong.</returns>
    public long Whole(string key, long min, long max, long standard)
    {
        string range = Range(min, max);
        YamlNode? node = Value(key, YamlKind.Whole, false, range);
        if (node is null)
        {
            return standard;
        }

        string digits = node.Text.Replace("_", string.Empty, StringComparison.Ordinal);
        if (!node.IsPlain || !long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value))
        {
            Report(_report.Rules.WrongKind(node, YamlKind.Whole, range), node.Line, key);
            return standard;
        }

        if (value < min || value > max)
        {
            Report(_report.Rules.OutOfRange(node, value, range, standard.ToString(CultureInfo.InvariantCulture)), node.Line, key);
            return standard;
        }

        return value;
    }

    /// <summary>A decimal number times a scale, exactly: 2.5 s with 1,000,000 is 2,500,000 µs.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="standard">The value when the file has none, scaled.</param>
    /// <param name="scale">The scale.</param>
    /// <param name="min">Smallest value, as it is written.</param>
    /// <param name="max">Largest value, as it is written.</param>
    /// <param name="required">True when its absence is an error.</param>
    /// <returns>The value; the standard one when it is wrong.</returns>
    public long Scaled(string key, long standard, long scale, decimal min, decimal max, bool required = false)
    {
        if (!TryNumber(key, min, max, required, out YamlNode? node, out decimal value))
        {
            return standard;
        }

        decimal scaled = value * scale;
        if (decimal.Truncate(scaled) != scaled)
        {
            Report(_report.Rules.NotAMultiple(value, 1m / scale), node!.Line, key);
            return standard;
        }

        return (long)scaled;
    }

    /// <summary>A decimal number.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="standard">The value when the file has none.</param>
    /// <param name="min">Smallest value.</param>
    /// <param name="max">Largest value.</param>
    /// <returns>The value; the standard one when it is wrong.</returns>
    public double Number(string key, double standard, decimal min, decimal max) =>
        TryNumber(key, min, max, false, out _, out decimal value) ? (double)value : standard;

    /// <summary>True or false.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="standard">The value when the file has none.</param>
    /// <returns>The value; the standard one when it is wrong.</returns>
    public bool Flag(string key, bool standard)
    {
        YamlNode? node = Value(key, YamlKind.Flag);
        if (node is null)
        {
            return standard;
        }

        if (node.IsPlain && node.Text is "true" or "false")
        {
            return node.Text is "true";
        }

        Report(_report.Rules.WrongKind(node, YamlKind.Flag, string.Empty), node.Line, key);
        return standard;
    }

    /// <summary>A text.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="required">True when its absence is an error.</param>
    /// <param name="example">A value that would be right, for that error, or null.</param>
    /// <returns>The text; null when it is absent or wrong.</returns>
    public string? Text(string key, bool required = false, string? example = null) => Value(key, YamlKind.Text, required, string.Empty, example)?.Text;

    /// <summary>A text with a rule.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="isRight">True for a text that keeps the rule.</param>
    /// <param name="rule">The rule in words, for the error: "1 to 64 of A-Z a-z 0-9 _ -".</param>
    /// <param name="required">True when its absence is an error.</param>
    /// <param name="example">A value that would be right, for that error, or null.</param>
    /// <param name="meant">What a wrong text was meant to be, a sentence; null or its null for the rule alone.</param>
    /// <returns>The text; null when it is absent or wrong.</returns>
    public string? Text(string key, Func<string, bool> isRight, string rule, bool required = false, string? example = null, Func<string, string?>? meant = null)
    {
        ArgumentNullException.ThrowIfNull(isRight);
        string? text = Text(key, required, example);
        if (text is null || isRight(text))
        {
            return text;
        }

        Report(_report.Rules.Refused(text, rule, meant?.Invoke(text)), _node!.Find(key)!.Value.Line, key);
        return null;
    }

    /// <summary>One of some words.</summary>
    /// <typeparam name="T">What the words stand for.</typeparam>
    /// <param name="key">Its key.</param>
    /// <param name="standard">The value when the file has none.</param>
    /// <param name="words">The words and what they stand for.</param>
    /// <param name="required">True when its absence is an error.</param>
    /// <returns>The value; the standard one when it is wrong.</returns>
    public T Word<T>(string key, T standard, IReadOnlyList<(string Word, T Value)> words, bool required = false)
    {
        YamlNode? node = Value(key, YamlKind.Text, required);
        return node is null ? standard : WordOf(node, PathOf(key), standard, words);
    }

    /// <summary>A list of words.</summary>
    /// <typeparam name="T">What the words stand for.</typeparam>
    /// <param name="key">Its key.</param>
    /// <param name="standard">What stands in for a wrong word.</param>
    /// <param name="words">The words and what they stand for.</param>
    /// <returns>The values; null when there is no list.</returns>
    public IReadOnlyList<T>? Words<T>(string key, T standard, IReadOnlyList<(string Word, T Value)> words)
    {
        IReadOnlyList<YamlNode>? items = List(key, false);
        if (items is null)
        {
            return null;
        }

        List<T> values = [];
        for (int i = 0; i < items.Count; i++)
        {
            string path = string.Create(CultureInfo.InvariantCulture, $"{PathOf(key)}[{i}]");
            if (items[i] is { Kind: YamlNodeKind.Scalar, Text.Length: > 0 } item)
            {
                values.Add(WordOf(item, path, standard, words));
            }
            else
            {
                _report.Add(_report.Rules.WrongKind(items[i], YamlKind.WordItem, string.Empty), items[i].Line, path);
            }
        }

        return values;
    }

    /// <summary>Ends the section: what nobody asked for is unknown.</summary>
    public void End()
    {
        foreach (YamlPair pair in _node?.Pairs ?? [])
        {
            if (!_asked.Contains(pair.Key, StringComparer.Ordinal))
            {
                _report.Unknown(Path, pair.Key, pair.Line, _asked);
            }
        }
    }

    private static string Range(decimal min, decimal max) => string.Create(CultureInfo.InvariantCulture, $"{min} to {max}");

    private void Report(YamlFinding finding, int line, string key) => _report.Add(finding, line, PathOf(key));

    private bool TryNumber(string key, decimal min, decimal max, bool required, out YamlNode? node, out decimal value)
    {
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        value = 0;
        string range = Range(min, max);
        node = Value(key, YamlKind.Number, required, range);
        if (node is null)
        {
            return false;
        }

        if (!node.IsPlain || !decimal.TryParse(node.Text, Style, CultureInfo.InvariantCulture, out value))
        {
            Report(_report.Rules.WrongKind(node, YamlKind.Number, range), node.Line, key);
            return false;
        }

        if (value < min || value > max)
        {
            Report(_report.Rules.OutOfRange(node, value, range, null), node.Line, key);
            return false;
        }

        return true;
    }

    private T WordOf<T>(YamlNode node, string path, T standard, IReadOnlyList<(string Word, T Value)> words)
    {
        foreach ((string word, T value) in words)
        {
            if (string.Equals(word, node.Text, StringComparison.Ordinal))
            {
                return value;
            }
        }

        _report.Add(_report.Rules.NotAWord(node.Text, words.Select(w => w.Word).ToArray()), node.Line, path);
        return standard;
    }

    private IReadOnlyList<YamlNode>? List(string key, bool required)
    {
        YamlNode? node = Take(key, required);
        if (node is null || (_report.Rules.IsEmptyAbsent && node.IsEmpty))
        {
            return null;
        }

        if (node.Kind != YamlNodeKind.List)
        {
            Report(_report.Rules.WrongKind(node, YamlKind.List, string.Empty), node.Line, key);
            return null;
        }

        return node.Items;
    }

    private YamlNode? Value(string key, YamlKind wanted, bool required = false, string range = "", string? example = null)
    {
        YamlNode? node = Take(key, required, example);
        if (node is null || (_report.Rules.IsEmptyAbsent && node.IsEmpty))
        {
            return null;
        }

        // Where nothing is not absent, an empty scalar is of no kind.
        if (node.Kind != YamlNodeKind.Scalar || (!_report.Rules.IsEmptyAbsent && node.Text.Length == 0))
        {
            Report(_report.Rules.WrongKind(node, wanted, range), node.Line, key);
            return null;
        }

        return node;
    }

    private YamlNode? Take(string key, bool required = false, string? example = null)
    {
        Know(key);
        YamlNode? node = _node?.Find(key)?.Value;
        if (required && (node is null || (_report.Rules.IsEmptyAbsent && node.IsEmpty)))
        {
            Missing(key, example);
        }

        return node;
    }
}
