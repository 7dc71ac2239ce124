using System;

namespace EdgeGateway.Mqtt.Topics;

/// <summary>Rules of topic names and topic filters (MQTT 5.0, 4.7).</summary>
public static class MqttTopics
{
    /// <summary>Most levels of a topic name or filter: bounds the depth of every walk.</summary>
    public const int MaxLevels = 128;

    /// <summary>Prefix of shared subscriptions (4.8.2).</summary>
    public const string SharedPrefix = "$share/";

    /// <summary>Tells whether a topic name may be published to: not empty, no wildcard, no U+0000, at most <see cref="MaxLevels"/> levels.</summary>
    /// <param name="topic">The name.</param>
    /// <returns>True when it may.</returns>
    public static bool IsValidName(ReadOnlySpan<char> topic) =>
        !topic.IsEmpty && topic.IndexOfAny('+', '#', '\0') < 0 && Levels(topic) <= MaxLevels;

    /// <summary>Tells whether a topic filter is well formed: <c>+</c> fills a level, <c>#</c> fills the last one.</summary>
    /// <param name="filter">The filter.</param>
    /// <returns>True when it is.</returns>
    public static bool IsValidFilter(ReadOnlySpan<char> filter)
    {
        if (filter.IsEmpty || filter.Contains('\0') || Levels(filter) > MaxLevels)
        {
            return false;
        }

        ReadOnlySpan<char> rest = filter;
        while (true)
        {
            ReadOnlySpan<char> level = Next(ref rest, out bool last);
            if (level.IndexOfAny('+', '#') >= 0 && (level.Length != 1 || (level[0] == '#' && !last)))
            {
                return false;
            }

            if (last)
            {
                return true;
            }
        }
    }

    /// <summary>Tells whether a filter matches a name; wildcards at the first level do not match names that begin with <c>$</c> (4.7.2).</summary>
    /// <param name="filter">A valid filter.</param>
    /// <param name="topic">A valid name.</param>
    /// <returns>True when it does.</returns>
    public static bool Matches(ReadOnlySpan<char> filter, ReadOnlySpan<char> topic)
    {
        if (!topic.IsEmpty && topic[0] == '$' && !filter.IsEmpty && filter[0] is '+' or '#')
        {
            return false;
        }

        ReadOnlySpan<char> filterRest = filter;
        ReadOnlySpan<char> topicRest = topic;
        bool topicEnded = false;
        while (true)
        {
            ReadOnlySpan<char> wanted = Next(ref filterRest, out bool filterLast);
            if (wanted.SequenceEqual("#"))
            {
                return true;
            }

            if (topicEnded)
            {
                return false;
            }

            ReadOnlySpan<char> level = Next(ref topicRest, out bool topicLast);
            if (!wanted.SequenceEqual("+") && !wanted.SequenceEqual(level))
            {
                return false;
            }

            if (filterLast)
            {
                return topicLast;
            }

            // "a/#" also matches "a" (4.7.1.2): one more round of the filter decides.
            topicEnded = topicLast;
        }
    }

    /// <summary>Cuts the first level off.</summary>
    internal static ReadOnlySpan<char> Next(ref ReadOnlySpan<char> rest, out bool last)
    {
        int slash = rest.IndexOf('/');
        last = slash < 0;
        ReadOnlySpan<char> level = last ? rest : rest[..slash];
        rest = last ? [] : rest[(slash + 1)..];
        return level;
    }

    private static int Levels(ReadOnlySpan<char> topic) => topic.Count('/') + 1;
}
