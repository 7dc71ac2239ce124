using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt.Session;

namespace EdgeGateway.Mqtt.Server;

/// <summary>One subscription of one session.</summary>
internal sealed class Subscription
{
    public required ServerSession Session { get; init; }

    public required string Filter { get; init; }

    public MqttQos Qos { get; set; }

    public bool NoLocal { get; set; }

    public bool RetainAsPublished { get; set; }

    /// <summary>Subscription identifier; 0 for none.</summary>
    public int Identifier { get; set; }
}

/// <summary>What the server keeps for a client identifier, with or without a connection (4.1).</summary>
internal sealed class ServerSession
{
    public ServerSession(string clientId, SessionGroup? group)
    {
        ClientId = clientId;
        Group = group;
        Expiry = new Deadline(this, DeadlineKind.SessionExpiry);
        WillDelay = new Deadline(this, DeadlineKind.WillDelay);
    }

    public string ClientId { get; }

    public SessionGroup? Group { get; }

    public ServerConnection? Connection { get; set; }

    /// <summary>Its place among the sessions without connection, oldest first; null while it is connected.</summary>
    public LinkedListNode<ServerSession>? AbsentNode { get; set; }

    /// <summary>Its place among the sessions of its group, oldest first.</summary>
    public LinkedListNode<ServerSession>? GroupNode { get; set; }

    /// <summary>When the oldest message in flight became the oldest, µs; <see cref="long.MaxValue"/> with none.</summary>
    public long HeadSinceUs { get; set; } = long.MaxValue;

    /// <summary>Seconds that the session outlives its connection; <see cref="uint.MaxValue"/> for ever.</summary>
    public uint ExpirySeconds { get; set; }

    public Deadline Expiry { get; }

    public Deadline WillDelay { get; }

    /// <summary>The will that waits for its delay.</summary>
    public MqttMessage? DelayedWill { get; set; }

    public SortedDictionary<string, Subscription> Subscriptions { get; } = new(StringComparer.Ordinal);

    public OutboundWindow Window { get; } = new();

    public OutboundList Queue { get; } = new();

    public long QueuedBytes { get; set; }

    /// <summary>QoS 2 messages received and not released: their identifiers.</summary>
    public HashSet<ushort> Unreleased { get; } = [];

    public bool Ended { get; set; }

    // The router merges overlapping subscriptions here: one copy per session (3.3.4).
    public long MatchStamp { get; set; }

    public MqttQos MatchQos { get; set; }

    public bool MatchRetainAsPublished { get; set; }

    public List<int> MatchIdentifiers { get; } = [];
}

/// <summary>Sessions and connections that are counted together.</summary>
internal sealed class SessionGroup
{
    public SessionGroup(string name) => Name = name;

    public string Name { get; }

    /// <summary>The group's sessions, oldest first.</summary>
    public LinkedList<ServerSession> Sessions { get; } = new();

    /// <summary>Its connections that stand in kept places.</summary>
    public int ReservedConnections { get; set; }
}

/// <summary>A retained message.</summary>
internal sealed class RetainedMessage
{
    public RetainedMessage(StoredMessage message)
    {
        Message = message;
        Expiry = new Deadline(this, DeadlineKind.RetainedExpiry);
    }

    public StoredMessage Message { get; }

    public Deadline Expiry { get; }
}
