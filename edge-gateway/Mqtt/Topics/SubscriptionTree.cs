using System;
using System.Collections.Generic;

namespace EdgeGateway.Mqtt.Topics;

/// <summary>
/// Topic filters as a tree of levels. Children are looked up, never enumerated, so that the order of what matches depends
/// on the order of subscribing only.
/// </summary>
/// <typeparam name="T">What is subscribed.</typeparam>
internal sealed class SubscriptionTree<T>
    where T : class
{
    private readonly Node _root = new();

    public int Count { get; private set; }

    public void Add(string filter, T subscription)
    {
        Node node = _root;
        ReadOnlySpan<char> rest = filter;
        bool last;
        do
        {
            ReadOnlySpan<char> level = MqttTopics.Next(ref rest, out last);
            node = node.Child(level) ?? node.AddChild(level.ToString());
        }
        while (!last);
        node.Here.Add(subscription);
        Count++;
    }

    public void Remove(string filter, T subscription)
    {
        var path = new List<(Node Node, string Level)>();
        Node node = _root;
        ReadOnlySpan<char> rest = filter;
        bool last;
        do
        {
            ReadOnlySpan<char> level = MqttTopics.Next(ref rest, out last);
            path.Add((node, level.ToString()));
            Node? child = node.Child(level);
            if (child is null)
            {
                return;
            }

            node = child;
        }
        while (!last);
        if (!node.Here.Remove(subscription))
        {
            return;
        }

        Count--;
        for (int i = path.Count - 1; i >= 0 && node.IsEmpty; i--)
        {
            path[i].Node.RemoveChild(path[i].Level);
            node = path[i].Node;
        }
    }

    /// <summary>Adds all that matches a topic name to a list.</summary>
    public void Match(string topic, List<T> matches)
    {
        Walk(_root, topic, topic[0] == '$', matches);
    }

    private static void Walk(Node node, ReadOnlySpan<char> rest, bool noWildcards, List<T> matches)
    {
        if (!noWildcards && node.Hash is { } hash)
        {
            matches.AddRange(hash.Here);
        }

        ReadOnlySpan<char> level = MqttTopics.Next(ref rest, out bool last);
        Step(node.Exact(level), rest, last, matches);
        if (!noWildcards)
        {
            Step(node.Plus, rest, last, matches);
        }
    }

    private static void Step(Node? child, ReadOnlySpan<char> rest, bool last, List<T> matches)
    {
        if (child is null)
        {
            return;
        }

        if (!last)
        {
            Walk(child, rest, noWildcards: false, matches);
            return;
        }

        matches.AddRange(child.Here);
        if (child.Hash is { } parentMatch)
        {
            matches.AddRange(parentMatch.Here); // "a/#" matches "a" (4.7.1.2)
        }
    }

    private sealed class Node
    {
        private Dictionary<string, Node>? _children;

        public List<T> Here { get; } = [];

        public Node? Plus { get; private set; }

        public Node? Hash { get; private set; }

        public bool IsEmpty => Here.Count == 0 && Plus is null && Hash is null && (_children is null || _children.Count == 0);

        public Node? Exact(ReadOnlySpan<char> level) =>
            _children is not null && _children.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(level, out Node? child) ? child : null;

        public Node? Child(ReadOnlySpan<char> level) => level switch
        {
            "+" => Plus,
            "#" => Hash,
            _ => Exact(level),
        };

        public Node AddChild(string level)
        {
            var child = new Node();
            switch (level)
            {
                case "+":
                    Plus = child;
                    break;
                case "#":
                    Hash = child;
                    break;
                default:
                    _children ??= new(StringComparer.Ordinal);
                    _children.Add(level, child);
                    break;
            }

            return child;
        }

        public void RemoveChild(string level)
        {
            switch (level)
            {
                case "+":
                    Plus = null;
                    break;
                case "#":
                    Hash = null;
                    break;
                default:
                    _children?.Remove(level);
                    break;
            }
        }
    }
}
