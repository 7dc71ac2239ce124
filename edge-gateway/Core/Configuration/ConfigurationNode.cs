using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using EdgeGateway.Faults;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace EdgeGateway.Core.Configuration;

/// <summary>What a node of a configuration file is.</summary>
internal enum NodeKind
{
    /// <summary>One value.</summary>
    Scalar,

    /// <summary>Values in order.</summary>
    List,

    /// <summary>Keys with their values.</summary>
    Section,
}

/// <summary>One node of a configuration file with its place. Built from the parser's events, so that a key that stands twice is one error among all.</summary>
internal sealed class ConfigurationNode
{
    /// <summary>Deepest nesting; a deeper file is refused.</summary>
    public const int MaxDepth = 16;

    private ConfigurationNode(NodeKind kind, long line)
    {
        Kind = kind;
        Line = (int)line;
    }

    /// <summary>What it is.</summary>
    public NodeKind Kind { get; }

    /// <summary>Its line, from 1.</summary>
    public int Line { get; }

    /// <summary>The text of a scalar.</summary>
    public string Text { get; private init; } = string.Empty;

    /// <summary>True when a scalar stands without quotes.</summary>
    public bool IsPlain { get; private init; }

    /// <summary>The items of a list.</summary>
    public List<ConfigurationNode> Items { get; } = [];

    /// <summary>The keys of a section with their lines and values, in order.</summary>
    public List<(string Key, int Line, ConfigurationNode Value)> Pairs { get; } = [];

    /// <summary>True for an empty value ("key:" with nothing behind it).</summary>
    public bool IsEmpty => Kind == NodeKind.Scalar && IsPlain && Text is "" or "~" or "null";

    /// <summary>An empty section at the top of a file.</summary>
    /// <returns>The section.</returns>
    public static ConfigurationNode EmptySection() => new(NodeKind.Section, 1);

    /// <summary>Reads one document.</summary>
    /// <param name="text">The file.</param>
    /// <param name="file">Its name, for errors.</param>
    /// <param name="errors">Where a syntax error goes.</param>
    /// <returns>The document, or null when it is not YAML.</returns>
    public static ConfigurationNode? Read(string text, string file, List<CodedError> errors)
    {
        Parser parser = new(new StringReader(text));
        try
        {
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
            {
                return EmptySection();
            }

            parser.Consume<DocumentStart>();
            ConfigurationNode root = ReadNode(parser, 0);
            parser.Consume<DocumentEnd>();
            if (!parser.Accept<StreamEnd>(out _))
            {
                throw new YamlException(parser.Current!.Start, parser.Current.End, "a second document begins here");
            }

            return root.IsEmpty ? EmptySection() : root;
        }
        catch (YamlException e)
        {
            string detail = e.InnerException is null ? e.Message : e.InnerException.Message;
            errors.Add(new CodedError("G2002", new ErrorPlace(file, (int)e.Start.Line, null), detail.TrimEnd('.')));
            return null;
        }
        catch (Exception e) when (IsScannerFault(e))
        {
            errors.Add(new CodedError("G2002", new ErrorPlace(file, (int)(parser.Current?.End.Line ?? 1), null), "the text behind this line cannot be read as YAML"));
            return null;
        }
    }

    // YamlDotNet 16.3 ends some broken texts with an exception of its scanner that names no place.
    private static bool IsScannerFault(Exception e) => e is InvalidOperationException or ArgumentException or IndexOutOfRangeException;

    private static ConfigurationNode ReadNode(Parser parser, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new YamlException(parser.Current!.Start, parser.Current.End, $"nested deeper than {MaxDepth}");
        }

        if (TryTake(parser, out Scalar? scalar))
        {
            return new ConfigurationNode(NodeKind.Scalar, scalar.Start.Line) { Text = scalar.Value, IsPlain = scalar.Style == ScalarStyle.Plain };
        }

        if (TryTake(parser, out SequenceStart? sequence))
        {
            ConfigurationNode list = new(NodeKind.List, sequence.Start.Line);
            while (!TryTake(parser, out SequenceEnd? _))
            {
                list.Items.Add(ReadNode(parser, depth + 1));
            }

            return list;
        }

        if (TryTake(parser, out MappingStart? mapping))
        {
            ConfigurationNode section = new(NodeKind.Section, mapping.Start.Line);
            while (!TryTake(parser, out MappingEnd? _))
            {
                if (!TryTake(parser, out Scalar? key))
                {
                    throw new YamlException(parser.Current!.Start, parser.Current.End, "a key is a single word");
                }

                section.Pairs.Add((key.Value, (int)key.Start.Line, ReadNode(parser, depth + 1)));
            }

            return section;
        }

        throw new YamlException(parser.Current!.Start, parser.Current.End, "anchors and aliases are not used here; write the value out");
    }

    private static bool TryTake<T>(Parser parser, [NotNullWhen(true)] out T? taken)
        where T : ParsingEvent
    {
        taken = parser.Accept<T>(out _) ? parser.Consume<T>() : null;
        return taken is not null;
    }
}
