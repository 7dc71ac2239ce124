using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt.Codec;

namespace EdgeGateway.Mqtt.Session;

/// <summary>A message held for one or more receivers.</summary>
internal sealed class StoredMessage
{
    public StoredMessage(in MqttMessage message, long nowUs, long ticket)
    {
        Topic = message.Topic;
        Payload = message.IsPayloadImmutable ? message.Payload : message.Payload.ToArray();
        Qos = message.Qos;
        Properties = message.Properties;
        Ticket = ticket;
        ReceivedUs = nowUs;
        CostBytes = OverheadBytes + (2 * Topic.Length) + Payload.Length + PropertyBytes(Properties);
        ExpiresUs = message.Properties?.MessageExpirySeconds is { } seconds ? nowUs + (seconds * 1_000_000L) : long.MaxValue;
    }

    /// <summary>Assumption: objects and list links of one held message beside its topic and payload, bytes.</summary>
    private const int OverheadBytes = 160;

    /// <summary>Assumption: two strings and their place in the list, bytes.</summary>
    private const int PropertyOverheadBytes = 64;

    public string Topic { get; }

    public ReadOnlyMemory<byte> Payload { get; }

    public MqttQos Qos { get; }

    public MqttPublishProperties? Properties { get; }

    public long Ticket { get; }

    public long ReceivedUs { get; }

    public long ExpiresUs { get; }

    /// <summary>Receivers that have neither acknowledged nor gone, and the router itself while it works.</summary>
    public int Outstanding { get; set; } = 1;

    public bool Settled { get; set; }

    /// <summary>Why the last receiver that failed did.</summary>
    public byte FailureReason { get; set; } = MqttReason.NoMatchingSubscribers;

    /// <summary>What the message counts for in a queue's bound, bytes.</summary>
    public int CostBytes { get; }

    /// <summary>What properties hold: a stranger can put a megabyte of them behind an empty payload.</summary>
    private static int PropertyBytes(MqttPublishProperties? properties)
    {
        if (properties is null)
        {
            return 0;
        }

        int bytes = OverheadBytes + (2 * (properties.ContentType?.Length ?? 0)) + (2 * (properties.ResponseTopic?.Length ?? 0)) + properties.CorrelationData.Length;
        for (int i = 0; i < properties.UserProperties.Count; i++)
        {
            bytes += PropertyOverheadBytes + (2 * properties.UserProperties[i].Key.Length) + (2 * properties.UserProperties[i].Value.Length);
        }

        return bytes;
    }

    /// <summary>What is left of the message expiry, whole seconds (3.3.2.3.3), or null for no expiry.</summary>
    public uint? RemainingSeconds(long nowUs) =>
        Properties?.MessageExpirySeconds is { } seconds ? (uint)Math.Max(0, seconds - ((nowUs - ReceivedUs) / 1_000_000)) : null;
}

internal enum OutboundState
{
    /// <summary>Waiting in the queue, without packet identifier.</summary>
    Queued,

    /// <summary>PUBLISH sent, or to be sent again; PUBACK or PUBREC is awaited.</summary>
    Published,

    /// <summary>PUBREC received; PUBCOMP is awaited.</summary>
    Released,
}

/// <summary>One message on its way to one receiver.</summary>
internal sealed class OutboundEntry
{
    public StoredMessage Message { get; set; } = null!;

    public MqttQos Qos { get; set; }

    public bool Retain { get; set; }

    public int[] SubscriptionIdentifiers { get; set; } = [];

    public OutboundState State { get; set; }

    public ushort PacketId { get; set; }

    /// <summary>Counts against the receiver's Receive Maximum on the present connection.</summary>
    public bool Counted { get; set; }

    /// <summary>Sent at least once under its packet identifier, so DUP is set from now on.</summary>
    public bool SentBefore { get; set; }

    /// <summary>It counts among those that the message's ticket waits for: its session was connected when it was queued, and has been since.</summary>
    public bool HoldsTicket { get; set; }

    /// <summary>When its last packet went out on the present connection, µs; <see cref="long.MaxValue"/> when none has.</summary>
    public long SentUs { get; set; } = long.MaxValue;

    /// <summary>Given up by the application; only its packet identifier must still be released.</summary>
    public bool IsVoid { get; set; }

    public OutboundEntry? Next { get; set; }

    public OutboundEntry? Previous { get; set; }
}

/// <summary>Entries in order; any one can be taken out.</summary>
internal sealed class OutboundList
{
    public OutboundEntry? First { get; private set; }

    public OutboundEntry? Last { get; private set; }

    public int Count { get; private set; }

    public void Append(OutboundEntry entry)
    {
        entry.Previous = Last;
        entry.Next = null;
        if (Last is null)
        {
            First = entry;
        }
        else
        {
            Last.Next = entry;
        }

        Last = entry;
        Count++;
    }

    public void Remove(OutboundEntry entry)
    {
        if (entry.Previous is null)
        {
            First = entry.Next;
        }
        else
        {
            entry.Previous.Next = entry.Next;
        }

        if (entry.Next is null)
        {
            Last = entry.Previous;
        }
        else
        {
            entry.Next.Previous = entry.Previous;
        }

        entry.Next = entry.Previous = null;
        Count--;
    }
}

/// <summary>
/// Messages that have a packet identifier and are not completed, in the order of their first sending. It belongs to the
/// session and outlives connections.
/// </summary>
internal sealed class OutboundWindow
{
    private readonly Dictionary<ushort, OutboundEntry> _byId = [];
    private ushort _lastId;

    public OutboundList Entries { get; } = new();

    public int Count => Entries.Count;

    /// <summary>The next entry to be sent again after a connection was resumed; null when all have been.</summary>
    public OutboundEntry? Resend { get; private set; }

    /// <summary>Entries that count against the receiver's Receive Maximum.</summary>
    public int Counted { get; private set; }

    public void Add(OutboundEntry entry, Func<ushort, bool>? alsoTaken = null)
    {
        do
        {
            _lastId = _lastId == ushort.MaxValue ? (ushort)1 : (ushort)(_lastId + 1);
        }
        while (_byId.ContainsKey(_lastId) || (alsoTaken is not null && alsoTaken(_lastId)));
        entry.PacketId = _lastId;
        entry.State = OutboundState.Published;
        _byId.Add(_lastId, entry);
        Entries.Append(entry);
    }

    public bool Contains(ushort packetId) => _byId.ContainsKey(packetId);

    public OutboundEntry? Find(ushort packetId) => _byId.GetValueOrDefault(packetId);

    public void CountSent(OutboundEntry entry)
    {
        entry.Counted = true;
        Counted++;
    }

    public void Remove(OutboundEntry entry)
    {
        if (Resend == entry)
        {
            Resend = entry.Next;
        }

        _byId.Remove(entry.PacketId);
        Entries.Remove(entry);
        if (entry.Counted)
        {
            entry.Counted = false;
            Counted--;
        }
    }

    /// <summary>A new connection: nothing counts yet, and all must be sent again.</summary>
    public void Resume()
    {
        for (OutboundEntry? entry = Entries.First; entry is not null; entry = entry.Next)
        {
            entry.Counted = false;
        }

        Counted = 0;
        Resend = Entries.First;
    }

    public void ResendDone() => Resend = Resend?.Next;
}

/// <summary>Topic aliases that this side gives on one connection: first come, first served, never replaced.</summary>
internal sealed class OutboundAliases
{
    /// <summary>Most aliases used, whatever the receiver allows.</summary>
    public const int MaxAliases = 32;

    private readonly Dictionary<string, int> _aliases = new(StringComparer.Ordinal);
    private readonly int _maximum;

    public OutboundAliases(int receiverMaximum) => _maximum = Math.Min(receiverMaximum, MaxAliases);

    /// <summary>Finds what to send for a topic.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="known">True when the receiver knows the alias, so the topic can be left out.</param>
    /// <returns>The alias; 0 for none.</returns>
    public int Get(string topic, out bool known)
    {
        known = false;
        if (_maximum == 0)
        {
            return 0;
        }

        if (_aliases.TryGetValue(topic, out int alias))
        {
            known = true;
            return alias;
        }

        return _aliases.Count < _maximum ? _aliases.Count + 1 : 0;
    }

    /// <summary>The packet with a new alias has been written.</summary>
    public void Learn(string topic, int alias) => _aliases[topic] = alias;
}
