using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Configuration;

/// <summary>Collects all errors of one file, and all keys there could have been.</summary>
internal sealed class ConfigurationReport(string file)
{
    /// <summary>Errors said; the last one says how many more there are.</summary>
    public const int MaxErrors = 100;

    private readonly List<(string Path, string Key, int Line)> _unknown = [];
    private readonly Dictionary<string, List<string>> _known = new(StringComparer.Ordinal);
    private long _more;

    /// <summary>The errors so far.</summary>
    public List<CodedError> Errors { get; } = [];

    /// <summary>A place in the file.</summary>
    /// <param name="line">The line.</param>
    /// <param name="path">The path of the value.</param>
    /// <returns>The place.</returns>
    public ErrorPlace At(int line, string path) => new(file, line, path);

    /// <summary>Adds an error.</summary>
    /// <param name="code">The code.</param>
    /// <param name="line">The line.</param>
    /// <param name="path">The path of the value.</param>
    /// <param name="detail">The facts.</param>
    /// <param name="suggestion">What would be right, or null.</param>
    public void Add(string code, int line, string path, string detail, string? suggestion = null)
    {
        if (Errors.Count >= MaxErrors)
        {
            _more++;
            return;
        }

        Errors.Add(new CodedError(code, At(line, path), detail, suggestion));
    }

    /// <summary>A section that exists, whether the file has it or not.</summary>
    /// <param name="path">Its path without indices.</param>
    /// <param name="key">A key it may have.</param>
    public void Know(string path, string key)
    {
        if (!_known.TryGetValue(path, out List<string>? keys))
        {
            _known[path] = keys = [];
        }

        if (!keys.Contains(key, StringComparer.Ordinal))
        {
            keys.Add(key);
        }
    }

    /// <summary>A key that nobody asked for.</summary>
    /// <param name="path">The section.</param>
    /// <param name="key">The key.</param>
    /// <param name="line">Its line.</param>
    public void Unknown(string path, string key, int line)
    {
        if (_unknown.Count >= MaxErrors)
        {
            _more++;
            return;
        }

        _unknown.Add((path, key, line));
    }

    /// <summary>All errors, by line. Suggestions come last, when every key that could have stood anywhere is known.</summary>
    /// <returns>The errors.</returns>
    public IReadOnlyList<CodedError> Finish()
    {
        foreach ((string path, string key, int line) in _unknown)
        {
            string full = path.Length == 0 ? key : path + "." + key;
            List<string> here = _known.GetValueOrDefault(WithoutIndices(path)) ?? [];
            string? suggestion = NearestWord.Suggest(key, here);
            if (suggestion is null)
            {
                string? elsewhere = _known.OrderBy(k => k.Key, StringComparer.Ordinal).FirstOrDefault(k => k.Value.Contains(key, StringComparer.Ordinal)).Key;
                suggestion = elsewhere is null
                    ? $"Keys here: {string.Join(", ", here)}."
                    : elsewhere.Length == 0 ? "It belongs at the top of the file." : $"It belongs to '{elsewhere}'.";
            }

            Add("G2003", line, full, $"'{ConfigurationSection.Shown(key)}'", suggestion);
        }

        _unknown.Clear();
        if (_more > 0)
        {
            CodedError last = Errors[^1];
            Errors[^1] = new CodedError(last.Code, last.Place, last.Detail + string.Create(CultureInfo.InvariantCulture, $"; and {_more} more errors"), last.Suggestion);
            _more = 0;
        }

        return Errors.OrderBy(e => e.Place.Line).ThenBy(e => e.Code, StringComparer.Ordinal).ThenBy(e => e.Place.Path, StringComparer.Ordinal).ToArray();
    }

    /// <summary>"devices[2].sites" as "devices.sites".</summary>
    /// <param name="path">The path.</param>
    /// <returns>The path without indices.</returns>
    internal static string WithoutIndices(string path) =>
        string.Concat(path.Split('[').Select((part, i) => i == 0 ? part : part[(part.IndexOf(']', StringComparison.Ordinal) + 1)..]));
}

/// <summary>One section while it is being read: each value by its key, each error noted and reading continued with the default.</summary>
internal sealed class ConfigurationSection
{
    private readonly ConfigurationReport _report;
    private readonly ConfigurationNode? _node;
    private readonly string _path;
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly int _line;

    /// <summary>Begins to read a section.</summary>
    /// <param name="report">Where errors go.</param>
    /// <param name="node">The section, or null when the file does not have it.</param>
    /// <param name="path">Its path, empty at the top.</param>
    /// <param name="line">Where it begins, and where a missing key is reported.</param>
    public ConfigurationSection(ConfigurationReport report, ConfigurationNode? node, string path, int line)
    {
        _report = report;
        _path = path;
        _line = line;
        if (node is null || node.IsEmpty)
        {
            return;
        }

        if (node.Kind != NodeKind.Section)
        {
            report.Add("G2004", node.Line, path, "a section with keys was expected", "Write the keys below it, indented by two blanks.");
            return;
        }

        _node = node;
        Dictionary<string, int> seen = new(StringComparer.Ordinal);
        foreach ((string key, int keyLine, ConfigurationNode _) in node.Pairs)
        {
            if (!seen.TryAdd(key, keyLine))
            {
                int first = seen[key];
                report.Add("G2006", keyLine, Full(key), $"'{Shown(key)}' stands already in line {first.ToString(CultureInfo.InvariantCulture)}");
            }
        }
    }

    /// <summary>True when the file has this section.</summary>
    public bool IsPresent => _node is not null;

    /// <summary>Where the section or what stands for it is.</summary>
    public int Line => _line;

    /// <summary>The line of a key, or of the section when it does not have it.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The line.</returns>
    public int LineOf(string key) => KeyLine(key) ?? Line;

    /// <summary>A path inside this section.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The path.</returns>
    public string Full(string key) => _path.Length == 0 ? key : _path + "." + key;

    /// <summary>A section inside this one.</summary>
    /// <param name="key">Its key.</param>
    /// <returns>The section, which may be absent.</returns>
    public ConfigurationSection Section(string key) => new(_report, Take(key), Full(key), KeyLine(key) ?? Line);

    /// <summary>A list of sections.</summary>
    /// <param name="key">Its key.</param>
    /// <returns>The sections, in order.</returns>
    public List<ConfigurationSection> Sections(string key)
    {
        ConfigurationNode? node = Take(key);
        if (node is null || node.IsEmpty)
        {
            return [];
        }

        if (node.Kind != NodeKind.List)
        {
            _report.Add("G2004", node.Line, Full(key), "a list was expected", "Begin each entry with '- '.");
            return [];
        }

        return node.Items.Select((item, i) => new ConfigurationSection(_report, item, $"{Full(key)}[{i.ToString(CultureInfo.InvariantCulture)}]", item.Line)).ToList();
    }

    /// <summary>A whole number.</summary>
    /// <param name="key">Its key; the unit is its last word.</param>
    /// <param name="least">Smallest value allowed.</param>
    /// <param name="most">Largest value allowed.</param>
    /// <param name="standard">The value when the file has none.</param>
    /// <returns>The value; the standard one when it is wrong.</returns>
    public long Whole(string key, long least, long most, long standard)
    {
        ConfigurationNode? node = Value(key);
        if (node is null)
        {
            return standard;
        }

        string range = string.Create(CultureInfo.InvariantCulture, $"{least} to {most}");
        if (!node.IsPlain || !long.TryParse(node.Text.Replace("_", string.Empty, StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value))
        {
            _report.Add("G2004", node.Line, Full(key), $"'{Shown(node.Text)}' is not a whole number", $"Write a number from {range}, without quotes or unit.");
            return standard;
        }

        if (value < least || value > most)
        {
            _report.Add("G2005", node.Line, Full(key), $"{Shown(node.Text)} is not in {range}", $"The default is {standard.ToString(CultureInfo.InvariantCulture)}.");
            return standard;
        }

        return value;
    }

    /// <summary>True or false.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="standard">The value when the file has none.</param>
    /// <returns>The value; the standard one when it is wrong.</returns>
    public bool Flag(string key, bool standard)
    {
        ConfigurationNode? node = Value(key);
        if (node is null)
        {
            return standard;
        }

        if (node.IsPlain && node.Text is "true" or "false")
        {
            return node.Text is "true";
        }

        string? meant = node.Text.ToUpperInvariant() switch
        {
            "YES" or "ON" or "1" or "TRUE" => "true",
            "NO" or "OFF" or "0" or "FALSE" => "false",
            _ => null,
        };
        _report.Add("G2004", node.Line, Full(key), $"'{Shown(node.Text)}' is neither true nor false", meant is null ? "Write true or false." : $"Did you mean {meant}?");
        return standard;
    }

    /// <summary>A text.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="rule">What it must satisfy.</param>
    /// <param name="expected">The rule in words, for the error: "1 to 64 of A-Z a-z 0-9 _ -".</param>
    /// <param name="standard">The value when the file has none; null for none.</param>
    /// <param name="meant">What a wrong value was meant to be, a sentence; null or its null for the rule in words.</param>
    /// <returns>The value; the standard one when it is wrong.</returns>
    public string? Text(string key, Func<string, bool> rule, string expected, string? standard = null, Func<string, string?>? meant = null)
    {
        ConfigurationNode? node = Value(key);
        if (node is null)
        {
            return standard;
        }

        if (!rule(node.Text))
        {
            _report.Add("G2004", node.Line, Full(key), $"'{Shown(node.Text)}' is not {expected}", meant?.Invoke(node.Text) ?? $"Write {expected}.");
            return standard;
        }

        return node.Text;
    }

    /// <summary>A text that the file must have.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="rule">What it must satisfy.</param>
    /// <param name="expected">The rule in words.</param>
    /// <param name="example">A line that would be right.</param>
    /// <param name="meant">What a wrong value was meant to be, a sentence; null or its null for the rule in words.</param>
    /// <returns>The value; empty when it is missing or wrong, with an error noted.</returns>
    public string Required(string key, Func<string, bool> rule, string expected, string example, Func<string, string?>? meant = null)
    {
        if (Peek(key) is null or { IsEmpty: true })
        {
            _asked.Add(key);
            _report.Know(ConfigurationReport.WithoutIndices(_path), key);
            _report.Add("G2007", Line, Full(key), $"'{Full(key)}'", $"For example: {example}");
            return string.Empty;
        }

        return Text(key, rule, expected, null, meant) ?? string.Empty;
    }

    /// <summary>One of some words.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="standard">The word when the file has none.</param>
    /// <param name="words">The words.</param>
    /// <returns>The word; the standard one when it is wrong.</returns>
    public string Choice(string key, string standard, params string[] words)
    {
        ConfigurationNode? node = Value(key);
        if (node is null || words.Contains(node.Text, StringComparer.Ordinal))
        {
            return node?.Text ?? standard;
        }

        _report.Add(
            "G2004", node.Line, Full(key), $"'{Shown(node.Text)}' is none of {string.Join(", ", words)}",
            NearestWord.Suggest(node.Text, words) ?? $"Write one of {string.Join(", ", words)}.");
        return standard;
    }

    /// <summary>Ends the section: what nobody asked for is unknown.</summary>
    public void End()
    {
        foreach ((string key, int line, ConfigurationNode _) in _node?.Pairs ?? [])
        {
            if (!_asked.Contains(key))
            {
                _report.Unknown(_path, key, line);
            }
        }
    }

    // A value may be a whole file by mistake; the place says where it is.
    internal static string Shown(string text) => text.Length <= 100 ? text : text[..100] + "…";

    private ConfigurationNode? Value(string key)
    {
        ConfigurationNode? node = Take(key);
        if (node is null || node.IsEmpty)
        {
            return null;
        }

        if (node.Kind != NodeKind.Scalar)
        {
            _report.Add("G2004", node.Line, Full(key), "one value was expected", "Write it on the same line, behind the colon.");
            return null;
        }

        return node;
    }

    private ConfigurationNode? Take(string key)
    {
        _asked.Add(key);
        _report.Know(ConfigurationReport.WithoutIndices(_path), key);
        return Peek(key);
    }

    private int? KeyLine(string key) =>
        _node?.Pairs.Where(p => string.Equals(p.Key, key, StringComparison.Ordinal)).Select(p => (int?)p.Line).FirstOrDefault();

    private ConfigurationNode? Peek(string key) => _node?.Pairs.FirstOrDefault(p => string.Equals(p.Key, key, StringComparison.Ordinal)).Value;
}
