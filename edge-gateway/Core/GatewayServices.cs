using System.Collections.Generic;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Sound;
using EdgeGateway.Core.Time;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Journal;

namespace EdgeGateway.Core;

/// <summary>
/// What stands before any part does: the journal with its projections, the clock, the log, and the frames that the gateway makes itself. Only the files that put the gateway together know
/// it; each part gets what it uses of it.
/// </summary>
internal sealed class GatewayServices
{
    public GatewayServices(GatewayOptions options, GatewayPorts ports, IJournalHandler handler)
    {
        ReadingParser parser = new();
        Sent = ports.Sent;
        Deduplication = new DeduplicationProjection(options.GatewayId) { Parser = parser };
        Sessions = new SessionProjection(options.MaxSessions);
        Delivery = new DeliveryProjection { Parser = parser };
        Time = new TimeProjection(options.ClockDriftPpm, options.MaxUncertaintyUs) { Parser = parser };
        Boots = new BootProjection { Parser = parser };
        Clips = new ClipProjection();
        Commands = new AnsweredCommands();
        Retention = new RetentionProjection();
        TopicRoot = "cart/" + options.CartId + "/";
        Clock = new GatewayClock(ports.Time);
        Log = new CodedLog(ports.Log, Clock);
        Issues = new HealthIssues(Log.WriteIssue, () => Clock.Now);
        Accounts = new AccountAccess(ports.Tokens, Issues, Log);
        Acts = new ActRecorder(ports.Trail, Clock, Issues);
        Journal = ports.Journal(handler, [Deduplication, Sessions, Delivery, Time, Boots, Clips, Commands, Retention]);
        Writer = new JournalWriter(Journal, () => Clock.Now, key => Delivery.Find(key)?.Class, parser);
        Reader = new JournalReader(Journal);
        Waiters = new SyncWaiters(Journal);
        Own = new OwnFrames(options.GatewayId, Clock, Writer, Sessions, Log, Crc32);
        Topics = new ReadingTopics(TopicRoot);
        Messages = new ReadingMessages(Time, Topics, Json, options.GatewayId, options.Sites);
    }

    public IJournal Journal { get; }

    public JournalWriter Writer { get; }

    public JournalReader Reader { get; }

    public SyncWaiters Waiters { get; }

    public DeduplicationProjection Deduplication { get; }

    public SessionProjection Sessions { get; }

    public DeliveryProjection Delivery { get; }

    public TimeProjection Time { get; }

    public BootProjection Boots { get; }

    public ClipProjection Clips { get; }

    public AnsweredCommands Commands { get; }

    public RetentionProjection Retention { get; }

    public GatewayClock Clock { get; }

    public CodedLog Log { get; }

    /// <summary>What the host met before the gateway started; to be raised once it runs.</summary>
    public IReadOnlyList<CodedError> Sent { get; }

    /// <summary>What is not well now.</summary>
    public HealthIssues Issues { get; }

    /// <summary>What people and machines do, on its way to the trail.</summary>
    public ActRecorder Acts { get; }

    /// <summary>Who the session's side is.</summary>
    public AccountAccess Accounts { get; }

    public OwnFrames Own { get; }

    public HashingCrc32 Crc32 { get; } = new();

    /// <summary>For one JSON text at a time.</summary>
    public JsonOutput Json { get; } = new();

    public ReadingTopics Topics { get; }

    public ReadingMessages Messages { get; }

    /// <summary><c>cart/{cartId}/</c>.</summary>
    public string TopicRoot { get; }
}
