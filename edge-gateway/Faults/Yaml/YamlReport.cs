using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace EdgeGateway.Faults.Yaml;

/// <summary>Collects all errors of one file, and all keys that there could have been.</summary>
/// <param name="file">The file as the user named it.</param>
/// <param name="rules">The file's rules.</param>
public sealed class YamlReport(string file, YamlRules rules)
{
    private readonly List<CodedError> _errors = [];
    private readonly List<(string Path, string Key, int Line, IReadOnlyList<string> Here)> _unknown = [];
    private readonly Dictionary<string, HashSet<string>> _known = new(StringComparer.Ordinal);
    private long _more;

    /// <summary>The file's rules.</summary>
    public YamlRules Rules => rules;

    /// <summary>True when there is an error.</summary>
    public bool HasErrors => _errors.Count > 0 || _unknown.Count > 0;

    /// <summary>Adds an error.</summary>
    /// <param name="finding">What is wrong.</param>
    /// <param name="line">The line, from 1.</param>
    /// <param name="path">The path of the value, or null for none.</param>
    public void Add(YamlFinding finding, int line, string? path)
    {
        if (_errors.Count >= rules.MaxErrors)
        {
            _more++;
            return;
        }

        _errors.Add(new CodedError(finding.Code, new ErrorPlace(file, line, path), finding.Detail, finding.Suggestion));
    }

    /// <summary>All errors, by line. Unknown keys come last, when every key that could have stood anywhere is known.</summary>
    /// <returns>The errors; empty when there is none.</returns>
    public IReadOnlyList<CodedError> Finish()
    {
        foreach ((string path, string key, int line, IReadOnlyList<string> here) in _unknown)
        {
            string? elsewhere = _known.OrderBy(k => k.Key, StringComparer.Ordinal).FirstOrDefault(k => k.Value.Contains(key)).Key;
            Add(rules.UnknownKey(path, key, here, elsewhere), line, path.Length == 0 ? key : path + "." + key);
        }

        _unknown.Clear();
        if (_more > 0)
        {
            CodedError last = _errors[^1];
            _errors[^1] = new CodedError(last.Code, last.Place, last.Detail + string.Create(CultureInfo.InvariantCulture, $"; and {_more} more errors"), last.Suggestion);
            _more = 0;
        }

        return _errors.OrderBy(e => e.Place.Line).ThenBy(e => e.Code, StringComparer.Ordinal).ThenBy(e => e.Place.Path, StringComparer.Ordinal).ToArray();
    }

    internal void Know(string path, string key)
    {
        string mapping = WithoutIndices(path);
        if (!_known.TryGetValue(mapping, out HashSet<string>? keys))
        {
            _known[mapping] = keys = new HashSet<string>(StringComparer.Ordinal);
        }

        keys.Add(key);
    }

    internal void Unknown(string path, string key, int line, IReadOnlyList<string> here)
    {
        if (_unknown.Count >= rules.MaxErrors)
        {
            _more++;
            return;
        }

        _unknown.Add((path, key, line, here));
    }

    // "devices[2].sites" as "devices.sites".
    private static string WithoutIndices(string path) =>
        string.Concat(path.Split('[').Select((part, i) => i == 0 ? part : part[(part.IndexOf(']', StringComparison.Ordinal) + 1)..]));
}
