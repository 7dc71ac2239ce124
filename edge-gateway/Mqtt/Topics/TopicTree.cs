using System;
using System.Collections.Generic;

namespace EdgeGateway.Mqtt.Topics;

/// <summary>Values under topic names, found by filters in ordinal order of the levels.</summary>
/// <typeparam name="T">What stands under a name.</typeparam>
internal sealed class TopicTree<T>
    where T : class
{
    private readonly Node _root = new();

    public int Count { get; private set; }

    public T? Get(string topic)
    {
        Node? node = _root;
        ReadOnlySpan<char> rest = topic;
        bool last = false;
        while (node is not null && !last)
        {
            ReadOnlySpan<char> level = MqttTopics.Next(ref rest, out last);
            node = node.Children.GetValueOrDefault(level.ToString());
        }

        return node?.Value;
    }

    public void Set(string topic, T value)
    {
        Node node = _root;
        ReadOnlySpan<char> rest = topic;
        bool last;
        do
        {
            string level = MqttTopics.Next(ref rest, out last).ToString();
            if (!node.Children.TryGetValue(level, out Node? child))
            {
                child = new Node();
                node.Children.Add(level, child);
            }

            node = child;
        }
        while (!last);
        Count += node.Value is null ? 1 : 0;
        node.Value = value;
    }

    public void Remove(string topic)
    {
        var path = new List<(Node Node, string Level)>();
        Node node = _root;
        ReadOnlySpan<char> rest = topic;
        bool last;
        do
        {
            string level = MqttTopics.Next(ref rest, out last).ToString();
            path.Add((node, level));
            if (!node.Children.TryGetValue(level, out Node? child))
            {
                return;
            }

            node = child;
        }
        while (!last);
        Count -= node.Value is null ? 0 : 1;
        node.Value = null;
        for (int i = path.Count - 1; i >= 0 && node.Value is null && node.Children.Count == 0; i--)
        {
            path[i].Node.Children.Remove(path[i].Level);
            node = path[i].Node;
        }
    }

    public void Match(string filter, List<T> matches) => Walk(_root, filter, first: true, matches);

    private static void Walk(Node node, ReadOnlySpan<char> rest, bool first, List<T> matches)
    {
        ReadOnlySpan<char> level = MqttTopics.Next(ref rest, out bool last);
        if (level.SequenceEqual("#"))
        {
            Collect(node, first, matches);
        }
        else if (level.SequenceEqual("+"))
        {
            foreach ((string name, Node child) in node.Children)
            {
                if (!first || !name.StartsWith('$'))
                {
                    Enter(child, rest, last, matches);
                }
            }
        }
        else if (node.Children.TryGetValue(level.ToString(), out Node? child))
        {
            Enter(child, rest, last, matches);
        }
    }

    private static void Enter(Node child, ReadOnlySpan<char> rest, bool last, List<T> matches)
    {
        if (!last)
        {
            Walk(child, rest, first: false, matches);
        }
        else if (child.Value is { } value)
        {
            matches.Add(value);
        }
    }

    private static void Collect(Node node, bool first, List<T> matches)
    {
        if (node.Value is { } value)
        {
            matches.Add(value);
        }

        foreach ((string name, Node child) in node.Children)
        {
            if (!first || !name.StartsWith('$'))
            {
                Collect(child, first: false, matches);
            }
        }
    }

    private sealed class Node
    {
        public SortedDictionary<string, Node> Children { get; } = new(StringComparer.Ordinal);

        public T? Value { get; set; }
    }
}
