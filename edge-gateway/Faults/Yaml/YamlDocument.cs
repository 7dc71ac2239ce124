using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace EdgeGateway.Faults.Yaml;

/// <summary>
/// Reads one YAML 1.2 document. Built from the parser's events and not by its object model, so that a key that stands twice is one error among
/// all, and so that depth, nodes and aliases have bounds.
/// </summary>
public sealed class YamlDocument
{
    private readonly YamlRules _rules;
    private readonly Parser _parser;
    private readonly Dictionary<string, YamlNode> _anchors = new(StringComparer.Ordinal);
    private int _aliases;
    private long _nodes;

    private YamlDocument(string text, YamlRules rules)
    {
        _rules = rules;
        _parser = new Parser(new StringReader(text));
    }

    /// <summary>Reads a file's bytes.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="rules">The file's rules.</param>
    /// <param name="error">Why it cannot be read, or null.</param>
    /// <returns>The bytes, or null with an error.</returns>
    public static byte[]? ReadFile(string path, YamlRules rules, out CodedError? error)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(rules);
        YamlFinding finding;
        try
        {
            FileInfo file = new(path);
            if (!file.Exists || file.Length <= rules.MaxFileBytes)
            {
                error = null;
                return File.ReadAllBytes(path);
            }

            finding = rules.TooLong(file.Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            finding = rules.Unreadable(e.Message.TrimEnd('.'), e is FileNotFoundException or DirectoryNotFoundException);
        }

        error = new CodedError(finding.Code, new ErrorPlace(path, 0, null), finding.Detail, finding.Suggestion);
        return null;
    }

    /// <summary>A file's text.</summary>
    /// <param name="bytes">Its bytes: UTF-8, or UTF-16 or UTF-32 with a byte-order mark.</param>
    /// <returns>The text, without the mark; what is no character becomes U+FFFD.</returns>
    public static string Text(ReadOnlySpan<byte> bytes)
    {
        using StreamReader reader = new(new MemoryStream(bytes.ToArray()), Encoding.UTF8, detectEncodingFromByteOrderMarks: true);
        return reader.ReadToEnd();
    }

    /// <summary>Reads a text and begins to read its top.</summary>
    /// <param name="text">The text.</param>
    /// <param name="report">Where errors go.</param>
    /// <returns>The top section, or null with an error when the text is not one document.</returns>
    public static YamlSection? Read(string text, YamlReport report)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(report);
        YamlNode? root = new YamlDocument(text, report.Rules).Read(report);
        return root is null ? null : new YamlSection(report, root, string.Empty, 1);
    }

    // YamlDotNet 16.3 ends some broken texts with an exception of its scanner that names no place.
    private static bool IsScannerFault(Exception e) => e is InvalidOperationException or ArgumentException or IndexOutOfRangeException;

    private YamlNode? Read(YamlReport report)
    {
        try
        {
            _parser.Consume<StreamStart>();
            YamlNode root;
            if (_parser.Accept<StreamEnd>(out _))
            {
                root = new YamlNode(YamlNodeKind.Scalar, 1) { IsPlain = true };
            }
            else
            {
                _parser.Consume<DocumentStart>();
                root = ReadNode(0);
                _parser.Consume<DocumentEnd>();
            }

            bool isSecond = !_parser.Accept<StreamEnd>(out _);
            if (isSecond || (root.Kind != YamlNodeKind.Mapping && !(_rules.IsEmptyAbsent && root.IsEmpty)))
            {
                int line = isSecond ? (int)_parser.Current!.Start.Line : root.Line;
                if (_rules.NotOneMapping(line, isSecond) is { } wrong)
                {
                    report.Add(wrong.Finding, wrong.Line, null);
                    return null;
                }
            }

            return root;
        }
        catch (YamlException e)
        {
            string detail = e.InnerException is null ? e.Message : e.InnerException.Message;
            report.Add(_rules.Syntax(detail.TrimEnd('.')), (int)e.Start.Line, null);
            return null;
        }
        catch (Exception e) when (IsScannerFault(e))
        {
            (int line, string detail) = _rules.Broken((int)(_parser.Current?.End.Line ?? 1));
            report.Add(_rules.Syntax(detail), line, null);
            return null;
        }
    }

    private YamlNode ReadNode(int depth)
    {
        if (depth > _rules.MaxDepth)
        {
            throw Refuse($"nested deeper than {_rules.MaxDepth}");
        }

        YamlNode node;
        AnchorName anchor;
        ParsingEvent begin;
        if (TryTake(out Scalar? scalar))
        {
            node = new YamlNode(YamlNodeKind.Scalar, scalar.Start.Line) { Text = scalar.Value, IsPlain = scalar.Style == ScalarStyle.Plain };
            anchor = scalar.Anchor;
            begin = scalar;
        }
        else if (TryTake(out SequenceStart? sequence))
        {
            node = new YamlNode(YamlNodeKind.List, sequence.Start.Line);
            anchor = sequence.Anchor;
            begin = sequence;
            while (!TryTake(out SequenceEnd? _))
            {
                node.Add(ReadNode(depth + 1));
            }
        }
        else if (TryTake(out MappingStart? mapping))
        {
            node = new YamlNode(YamlNodeKind.Mapping, mapping.Start.Line);
            anchor = mapping.Anchor;
            begin = mapping;
            ReadPairs(node, depth);
        }
        else
        {
            return Alias();
        }

        Count(1, begin);
        if (!anchor.IsEmpty && _rules.MaxAliases > 0)
        {
            _anchors[anchor.Value] = node;
        }

        return node;
    }

    private void ReadPairs(YamlNode node, int depth)
    {
        HashSet<string>? keys = _rules.EndsAtKeyTwice ? new HashSet<string>(StringComparer.Ordinal) : null;
        while (!TryTake(out MappingEnd? _))
        {
            if (!TryTake(out Scalar? key))
            {
                throw Refuse("a key is a single word");
            }

            if (keys?.Add(key.Value) == false)
            {
                throw new YamlException(key.Start, key.End, "Duplicate key " + key.Value);
            }

            node.Add(new YamlPair(key.Value, (int)key.Start.Line, ReadNode(depth + 1)));
        }
    }

    private YamlNode Alias()
    {
        if (_rules.MaxAliases == 0 || !TryTake(out AnchorAlias? alias))
        {
            throw Refuse("anchors and aliases are not used here; write the value out");
        }

        if (++_aliases > _rules.MaxAliases)
        {
            throw Refuse($"more than {_rules.MaxAliases} aliases", alias);
        }

        if (!_anchors.TryGetValue(alias.Value.Value, out YamlNode? node))
        {
            throw Refuse($"there is no anchor '{alias.Value.Value}' before this alias", alias);
        }

        Count(node.Size, alias);
        return node;
    }

    private void Count(long nodes, ParsingEvent at)
    {
        _nodes += nodes;
        if (_nodes > _rules.MaxNodes)
        {
            throw Refuse($"more than {_rules.MaxNodes} values", at);
        }
    }

    // What was taken is behind the parser's own place.
    private YamlException Refuse(string detail, ParsingEvent? at = null) =>
        new((at ?? _parser.Current)?.Start ?? Mark.Empty, (at ?? _parser.Current)?.End ?? Mark.Empty, detail);

    private bool TryTake<T>([NotNullWhen(true)] out T? taken)
        where T : ParsingEvent
    {
        taken = _parser.Accept<T>(out _) ? _parser.Consume<T>() : null;
        return taken is not null;
    }
}
