using System;
using System.Collections.Generic;

namespace EdgeGateway.Faults.Yaml;

/// <summary>What a node of a YAML document is.</summary>
public enum YamlNodeKind
{
    /// <summary>One value.</summary>
    Scalar,

    /// <summary>Values in order.</summary>
    List,

    /// <summary>Keys with their values.</summary>
    Mapping,
}

/// <summary>One key of a mapping.</summary>
/// <param name="Key">The key.</param>
/// <param name="Line">Its line, from 1.</param>
/// <param name="Value">What stands behind it.</param>
public sealed record YamlPair(string Key, int Line, YamlNode Value);

/// <summary>One node of a document with its place.</summary>
public sealed class YamlNode
{
    private readonly List<YamlNode> _items = [];
    private readonly List<YamlPair> _pairs = [];

    internal YamlNode(YamlNodeKind kind, long line)
    {
        Kind = kind;
        Line = (int)line;
    }

    /// <summary>What it is.</summary>
    public YamlNodeKind Kind { get; }

    /// <summary>Its line, from 1.</summary>
    public int Line { get; }

    /// <summary>The text of a scalar; empty for the others.</summary>
    public string Text { get; internal init; } = string.Empty;

    /// <summary>True when a scalar stands without quotes.</summary>
    public bool IsPlain { get; internal init; }

    /// <summary>The items of a list.</summary>
    public IReadOnlyList<YamlNode> Items => _items;

    /// <summary>The keys of a mapping, in the order of the file; a key may stand twice.</summary>
    public IReadOnlyList<YamlPair> Pairs => _pairs;

    /// <summary>True for an empty value: "key:" with nothing behind it, "~" or "null".</summary>
    public bool IsEmpty => Kind == YamlNodeKind.Scalar && IsPlain && Text is "" or "~" or "null";

    /// <summary>The node and all below it, counted; what an alias repeats counts each time.</summary>
    internal long Size { get; set; } = 1;

    /// <summary>The first pair with a key.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The pair, or null.</returns>
    public YamlPair? Find(string key)
    {
        foreach (YamlPair pair in _pairs)
        {
            if (string.Equals(pair.Key, key, StringComparison.Ordinal))
            {
                return pair;
            }
        }

        return null;
    }

    internal void Add(YamlNode item)
    {
        _items.Add(item);
        Size += item.Size;
    }

    internal void Add(YamlPair pair)
    {
        _pairs.Add(pair);
        Size += pair.Value.Size;
    }
}
