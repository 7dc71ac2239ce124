using System;
using EdgeGateway.Core.Sessions;

namespace EdgeGateway.Core.Commands;

/// <summary>What a message of the session's side is for.</summary>
internal enum SessionTopicKind
{
    /// <summary>A command, see <see cref="GatewayCommands"/>.</summary>
    Command,

    /// <summary>What a consumer has received.</summary>
    Receipt,

    /// <summary>Send again what a consumer does not have.</summary>
    Replay,

    /// <summary>What a listener says of sound, or asks for.</summary>
    Listener,
}

/// <summary>One topic of the session's side, below <c>cart/{cartId}/</c>.</summary>
/// <param name="Filter">Its filter, with <c>+</c> for a session or a clip.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="Command">For commands, which.</param>
/// <param name="Right">The right that it needs; a command has its own.</param>
internal sealed record SessionTopic(string Filter, SessionTopicKind Kind, CommandTopic Command = CommandTopic.Session, AccessRight Right = AccessRight.Follow)
{
    private readonly string[] _levels = Filter.Split('/');

    /// <summary>True for a topic of this filter.</summary>
    /// <param name="levels">The topic's levels below the cart's.</param>
    public bool Matches(ReadOnlySpan<string> levels)
    {
        bool matches = levels.Length == _levels.Length;
        for (int i = 0; matches && i < levels.Length; i++)
        {
            matches = _levels[i] is "+" || string.Equals(_levels[i], levels[i], StringComparison.Ordinal);
        }

        return matches;
    }
}

/// <summary>A message of the session's side.</summary>
/// <param name="Topic">Which topic it is.</param>
/// <param name="Levels">The topic's levels below the cart's.</param>
/// <param name="Request">What is common to all of them.</param>
/// <param name="Payload">The message; valid during the call only.</param>
/// <param name="ExpirySeconds">Its Message Expiry; null for none.</param>
/// <param name="Acknowledge">Called once, when it may be acknowledged.</param>
/// <param name="Actor">Who sent it.</param>
/// <param name="Client">The MQTT client that sent it, for the trail; empty when it is not known.</param>
internal readonly record struct SessionCall(SessionTopic Topic, string[] Levels, SessionRequest Request, ReadOnlyMemory<byte> Payload, uint? ExpirySeconds, Action Acknowledge, Actor Actor, string Client);

/// <summary>All topics on which the session's side may say something to the gateway: subscriptions at a broker, rights at the endpoint and dispatch are loops over it.</summary>
internal static class SessionTopics
{
    /// <summary>The topics, in the order in which they are subscribed to.</summary>
    public static readonly SessionTopic[] All =
    [
        new("command/session", SessionTopicKind.Command, CommandTopic.Session),
        new("session/+/receipt", SessionTopicKind.Receipt),
        new("session/+/replay", SessionTopicKind.Replay),
        new("session/+/request", SessionTopicKind.Listener),
        new("session/+/listening", SessionTopicKind.Listener),
        new("session/+/listener-check", SessionTopicKind.Listener),
        new("session/+/clip/+/mark", SessionTopicKind.Listener),
        new("command/sound", SessionTopicKind.Command, CommandTopic.Sound),
        new("command/cuff", SessionTopicKind.Command, CommandTopic.Cuff),
    ];

    /// <summary>The topic that some levels are of.</summary>
    /// <param name="levels">Levels below the cart's.</param>
    /// <returns>The topic, or null.</returns>
    public static SessionTopic? Of(ReadOnlySpan<string> levels)
    {
        foreach (SessionTopic topic in All)
        {
            if (topic.Matches(levels))
            {
                return topic;
            }
        }

        return null;
    }

    /// <summary>True for what a listener over WebSocket may publish, who is bound to one session and gives no commands.</summary>
    /// <param name="below">The topic below its session's.</param>
    public static bool IsOfListener(string below) => Of(["session", "any", .. below.Split('/')]) is not null;
}
