using System;
using System.Globalization;
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
using EdgeGateway.Journal;
using Firmware.Core;
using Firmware.Protocol;

namespace EdgeGateway.Core;

/// <summary>Counts since the start.</summary>
internal sealed class Counts
{
    public long Messages;
    public long Frames;
    public long Duplicates;
    public long RefusedParts;
    public long Published;
    public long Acknowledged;
    public long NoSubscriber;
    public long Corrections;
    public long Replayed;
    public long Receipts;
    public long ClockReplies;
    public long UplinkConnections;
    public long AccessRefused;
    public long HeldOverflows;
}

/// <summary>
/// What the data path shares: the journal with its projections, the clocks, the log, and the frames that the gateway makes itself. It is made here; a part that is not on
/// the data path gets the one or two of these that it needs.
/// </summary>
internal sealed class GatewayContext
{
    public GatewayContext(GatewayOptions options, GatewayPorts ports, GatewayLife life, IJournalHandler handler)
    {
        ReadingParser parser = new();
        Options = options;
        Life = life;
        Ports = ports;
        Deduplication = new DeduplicationFold(options.GatewayId) { Parser = parser };
        Sessions = new SessionFold(options.MaxSessions);
        Delivery = new DeliveryFold { Parser = parser };
        Time = new TimeFold(options.ClockDriftPpm, options.MaxUncertaintyUs) { Parser = parser };
        Boots = new BootFold { Parser = parser };
        Clips = new ClipFold();
        Commands = new AnsweredCommands();
        Binder = new Binder(Sessions, Time, Boots, Delivery);
        TopicRoot = "cart/" + options.CartId + "/";
        Clock = new GatewayClock(ports.Time);
        Coded = new CodedLog(ports.Log, Clock);
        Issues = new HealthIssues(Coded.WriteIssue, () => Now);
        Journal = ports.Journal(handler, [Deduplication, Sessions, Delivery, Time, Boots, Clips, Commands]);
        Topics = new ReadingTopics(TopicRoot);
        Writer = new JournalWriter(Journal, Clock, Delivery, parser);
        Reader = new JournalReader(Journal);
        Own = new OwnFrames(options.GatewayId, Clock, Writer, Sessions, Coded, Crc32);
        Waiters = new SyncWaiters(Journal);
    }

    public GatewayOptions Options { get; }

    public GatewayPorts Ports { get; }

    public GatewayLife Life { get; }

    public IJournal Journal { get; }

    public DeduplicationFold Deduplication { get; }

    public SessionFold Sessions { get; }

    public DeliveryFold Delivery { get; }

    public TimeFold Time { get; }

    public BootFold Boots { get; }

    public ClipFold Clips { get; }

    public AnsweredCommands Commands { get; }

    public Binder Binder { get; }

    public Counts Counts { get; } = new();

    public ICrc32 Crc32 { get; } = new HashingCrc32();

    public string TopicRoot { get; }

    public GatewayClock Clock { get; }

    public ReadingTopics Topics { get; }

    /// <summary>For one JSON text at a time.</summary>
    public JsonOutput Json { get; } = new();

    public CodedLog Coded { get; }

    public JournalWriter Writer { get; }

    public JournalReader Reader { get; }

    public OwnFrames Own { get; }

    public SyncWaiters Waiters { get; }

    /// <summary>What is not well now.</summary>
    public HealthIssues Issues { get; }

    public uint BootId => Clock.BootId;

    public long NowUs => Clock.NowUs;

    public GatewayMoment Now => Clock.Now;

    public static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    public long NextTicket() => Reader.NextTicket();

    public void Log(string code, string what, HealthSubject subject = default) => Coded.Write(code, what, subject);

    public bool TryAppend(JournalRecordType type, ReadOnlyMemory<byte> payload, out long index) => Writer.TryAppend(type, payload, out index);

    /// <inheritdoc cref="JournalWriter.TryAppendFrame"/>
    public bool TryAppendFrame(in FrameHead head, ReadOnlySpan<byte> frame, uint session, BindingReason reason, JournalPurpose purpose) =>
        Writer.TryAppendFrame(head, frame, session, reason, purpose);

    /// <inheritdoc cref="JournalReader.Read"/>
    public long Read(long fromIndex, int classes, int maxBytes, RecordsRead then) => Reader.Read(fromIndex, classes, maxBytes, then);

    /// <inheritdoc cref="OwnFrames.Gap"/>
    public void Gap(StreamKey lost, GapCause cause, int unit, SequenceRange range, uint count, uint session) => Own.Gap(lost, cause, unit, range, count, session);

    /// <inheritdoc cref="OwnFrames.TryGap"/>
    public bool TryGap(StreamKey lost, GapCause cause, int unit, SequenceRange range, uint count, long firstUs, long lastUs, uint session) =>
        Own.TryGap(lost, cause, unit, range, count, firstUs, lastUs, session);

    /// <inheritdoc cref="OwnFrames.Event"/>
    public void Event(string code, int stream, int argument, string what, bool isLogged = true) => Own.Event(code, stream, argument, what, isLogged);
}
