using System;
using System.Collections.Generic;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Sound;
using EdgeGateway.Journal;

namespace EdgeGateway.Core;

/// <summary>A consultation as others see it.</summary>
/// <param name="Number">Its number in this journal, from 1, never used twice.</param>
/// <param name="Id">Its name, 1 to 64 of A-Z a-z 0-9 '_' '-'.</param>
/// <param name="Epoch">Its binding epoch, never 0.</param>
/// <param name="IsOpen">True until it is closed.</param>
/// <param name="Pending">Readings bound to it and not yet sent.</param>
/// <param name="HasSubscriber">False when the last message found no subscriber.</param>
public sealed record SessionHealth(uint Number, string Id, uint Epoch, bool IsOpen, long Pending, bool HasSubscriber);

/// <summary>A pod as the gateway sees it.</summary>
/// <param name="DeviceId">The EUI-64.</param>
/// <param name="IsConnected">True while its connection stands.</param>
/// <param name="BootId">Newest boot seen, 0 when none.</param>
/// <param name="Messages">Messages since the gateway's start.</param>
/// <param name="LastReceivedUs">Monotonic µs of its last message, 0 when none since the start.</param>
/// <param name="Epoch">The epoch it was last given, 0 for none.</param>
/// <param name="ClockUncertaintyUs">Uncertainty of its clock against the gateway's now, µs; null when there is no exchange.</param>
public sealed record PodHealth(ulong DeviceId, bool IsConnected, uint BootId, long Messages, long LastReceivedUs, uint Epoch, long? ClockUncertaintyUs)
{
    /// <summary>True while it says that it simulates readings or carries an injected fault.</summary>
    public bool IsOnBench { get; init; }

    /// <summary>The newest that it said of itself; null for nothing since the gateway's start.</summary>
    public PodHeartbeat? Heartbeat { get; init; }
}

/// <summary>One of the cart's own certificates.</summary>
/// <param name="What">Which one: "gateway", "issuing", "web".</param>
/// <param name="NotAfter">Its last moment, UTC.</param>
/// <param name="DaysLeft">Whole days left; negative when it has run out.</param>
/// <param name="Fingerprint">SHA-256 of its DER, 64 lower-case hexadecimal digits.</param>
public sealed record CertificateHealth(string What, DateTimeOffset NotAfter, int DaysLeft, string Fingerprint);

/// <summary>
/// One stream of one boot of a device. Always:
/// Produced = Stored + DeclaredLost + Missing, and Stored = Sent + Pending + Unbound + Dropped.
/// </summary>
/// <param name="DeviceId">The device.</param>
/// <param name="BootId">Its boot.</param>
/// <param name="Stream">Its stream.</param>
/// <param name="Produced">Highest sequence number known to exist.</param>
/// <param name="Stored">Different readings taken into the journal.</param>
/// <param name="DeclaredLost">Readings declared lost before the journal (by the pod, or as unexplained).</param>
/// <param name="Missing">Readings neither received nor declared: still in the pod, or soon to be declared.</param>
/// <param name="Sent">Readings acknowledged by the session's broker or subscriber, durably marked.</param>
/// <param name="Pending">Readings bound to a session and not yet sent.</param>
/// <param name="Unbound">Readings that belong to no session, or are for the gateway alone: never published.</param>
/// <param name="Dropped">Readings lost from the journal (retention, damage) before they were sent; declared as gaps.</param>
/// <param name="StoredThrough">Highest sequence number stored.</param>
/// <param name="SentThrough">Highest sequence number sent, 0 for none.</param>
/// <param name="ReceivedThrough">Highest sequence number that a consumer's receipt names, 0 for none.</param>
/// <param name="SeenThrough">Highest sequence number that a consumer's receipt says a person has seen, 0 for none.</param>
public sealed record StreamHealth(
    ulong DeviceId,
    uint BootId,
    int Stream,
    long Produced,
    long Stored,
    long DeclaredLost,
    long Missing,
    long Sent,
    long Pending,
    long Unbound,
    long Dropped,
    uint StoredThrough,
    uint SentThrough,
    uint ReceivedThrough,
    uint SeenThrough);

/// <summary>Counts since the gateway's start.</summary>
public sealed record GatewayCounters
{
    /// <summary>Messages of frames received from pods.</summary>
    public long Messages { get; init; }

    /// <summary>Frames stored.</summary>
    public long Frames { get; init; }

    /// <summary>Frames that were known already.</summary>
    public long Duplicates { get; init; }

    /// <summary>Parts of messages that were not valid frames of the sender.</summary>
    public long RefusedParts { get; init; }

    /// <summary>Messages to the session's broker or subscriber, repeats included.</summary>
    public long Published { get; init; }

    /// <summary>Acknowledgements of them.</summary>
    public long Acknowledged { get; init; }

    /// <summary>Answers "no matching subscribers".</summary>
    public long NoSubscriber { get; init; }

    /// <summary>Readings published again because a better time came.</summary>
    public long Corrections { get; init; }

    /// <summary>Readings published again because a consumer asked.</summary>
    public long Replayed { get; init; }

    /// <summary>Receipts taken in.</summary>
    public long Receipts { get; init; }

    /// <summary>Clock requests answered.</summary>
    public long ClockReplies { get; init; }

    /// <summary>Connections made to the external broker.</summary>
    public long UplinkConnections { get; init; }

    /// <summary>Publications or subscriptions that the access rules refused.</summary>
    public long AccessRefused { get; init; }

    /// <summary>Pods disconnected because too many messages waited for the journal.</summary>
    public long HeldOverflows { get; init; }
}

/// <summary>The gateway's health at one moment.</summary>
public sealed record GatewaySnapshot
{
    /// <summary>Monotonic µs.</summary>
    public required long NowUs { get; init; }

    /// <summary>Which start of the gateway this is, from 1; 0 before the journal is open.</summary>
    public required uint BootId { get; init; }

    /// <summary>True when readings can be taken in.</summary>
    public required bool IsReady { get; init; }

    /// <summary>True when the journal takes appends.</summary>
    public required bool JournalWritable { get; init; }

    /// <summary>Why the disk refuses; Ok when it does not.</summary>
    public required DiskStatus JournalStatus { get; init; }

    /// <summary>Newest index appended.</summary>
    public required long JournalLastIndex { get; init; }

    /// <summary>Newest index on the disk.</summary>
    public required long JournalSyncedIndex { get; init; }

    /// <summary>True for the embedded endpoint.</summary>
    public required bool IsEmbedded { get; init; }

    /// <summary>True when consumers are expected to send receipts.</summary>
    public required bool ReceiptsExpected { get; init; }

    /// <summary>True when the uplink can publish: always with the embedded endpoint, else while connected.</summary>
    public required bool UplinkConnected { get; init; }

    /// <summary>Messages published and not yet durably marked as sent.</summary>
    public required int InFlight { get; init; }

    /// <summary>Messages of pods waiting for the journal.</summary>
    public required int Held { get; init; }

    /// <summary>UTC now.</summary>
    public required UtcEstimate Utc { get; init; }

    /// <summary>What is not well, gravest first.</summary>
    public IReadOnlyList<HealthIssue> Issues { get; init; } = [];

    /// <summary>The listeners that are open; empty where the host has none.</summary>
    public IReadOnlyList<PlannedListener> Listeners { get; init; } = [];

    /// <summary>The cart's own certificates; empty without.</summary>
    public IReadOnlyList<CertificateHealth> Certificates { get; init; } = [];

    /// <summary>Counts since the start.</summary>
    public required GatewayCounters Counters { get; init; }

    /// <summary>Counts of live sound since the start.</summary>
    public LiveSoundCounts LiveSound { get; init; }

    /// <summary>Sessions remembered, oldest first.</summary>
    public required IReadOnlyList<SessionHealth> Sessions { get; init; }

    /// <summary>Pods, by device id.</summary>
    public required IReadOnlyList<PodHealth> Pods { get; init; }

    /// <summary>Streams, by device id, boot and stream.</summary>
    public required IReadOnlyList<StreamHealth> Streams { get; init; }
}
