using System;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Retained;
using EdgeGateway.Core.Sound;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core;

/// <summary>Puts together what goes to the session's side: the way there, readings and what is retained of them, corrections and replays.</summary>
internal sealed class GatewayDelivery
{
    private readonly GatewayServices _services;
    private readonly GatewayOptions _options;

    /// <summary>Puts together the way and what is retained there; <see cref="Complete"/> follows.</summary>
    /// <param name="services">Journal, projections, clock and log.</param>
    /// <param name="options">How to deliver.</param>
    /// <param name="ports">How to reach an external broker.</param>
    /// <param name="server">The gateway's own server.</param>
    /// <param name="listeners">Who listens over WebSocket.</param>
    /// <param name="parts">Sent of the connection and of settled deliveries.</param>
    /// <param name="pods">The pods.</param>
    /// <param name="received">Takes what the broker brings for the gateway.</param>
    /// <exception cref="ArgumentException">An external broker is asked for without client and connector.</exception>
    public GatewayDelivery(
        GatewayServices services, GatewayOptions options, GatewayPorts ports, IMqttServer server, ListenerAccess listeners, GatewayParts parts, Pods pods, SessionMessage received)
    {
        _services = services;
        _options = options;
        if (options.External is { } broker)
        {
            Fitted = MakeFitted(broker, ports, parts, received);
            Link = new MirroredLink(Fitted, server, listeners);
        }
        else
        {
            Link = new EmbeddedLink(server);
        }

        RetainedPublisher publisher = new(
            Link,
            Fitted is null ? null : message => server.Publish(message with { Qos = MqttQos.AtMostOnce }, 0, services.Clock.NowUs),
            services.Topics,
            services.Json);
        DeviceTopics devices = new(publisher, services.Sessions, pods, options);
        SpotRestore restore = new(services.Sessions, services.Delivery, services.Reader, services.Messages);
        Descriptions = new StreamDescriptions(publisher, services.Topics, services.Time, options.ClockDriftPpm);
        Retained = new RetainedTopics(services.Sessions, services.Time, services.Clock, publisher, devices, restore, options);
    }

    /// <summary>The way to the session's broker.</summary>
    public ISessionLink Link { get; }

    /// <summary>With an external broker, what fits messages to it.</summary>
    public FittedLink? Fitted { get; }

    public StreamDescriptions Descriptions { get; }

    public RetainedTopics Retained { get; }

    public Uplink Uplink { get; private set; } = null!;

    public DeliveryProgress Progress { get; private set; } = null!;

    public DeliverySessions Sessions { get; private set; } = null!;

    public LossDeclarations Losses { get; private set; } = null!;

    public StreamAnswers Answers { get; private set; } = null!;

    public ReadingPublisher Publisher { get; private set; } = null!;

    public Corrections Corrections { get; private set; } = null!;

    public Replays Replays { get; private set; } = null!;

    public RecordRetention Retention { get; private set; } = null!;

    /// <summary>Messages with readings that were acknowledged since the start.</summary>
    public long Acknowledged => Answers.Acknowledged + Corrections.Acknowledged;

    /// <summary>Puts together what sends.</summary>
    /// <param name="life">Whether the gateway runs.</param>
    /// <param name="sound">Live sound, beside which stored sound and waves have to give way.</param>
    /// <param name="replies">Where the end of a replay is sent.</param>
    public void Complete(GatewayLife life, LiveSound sound, SessionReplies replies)
    {
        GatewayServices s = _services;
        bool isEmbedded = _options.External is null;
        DeliveryCursors cursors = new(s.Delivery, s.Reader, _options);
        DeliveryWindow window = new(cursors, s.Reader, _options.Window);
        StreamIssues issues = new(s.Sessions, s.Issues, s.Own, _options.GatewayId);
        StreamHolds holds = new(cursors, _options.ProbeUs, isEmbedded);
        AnswerTimeouts timeouts = new(cursors, window, holds, issues, s.Clock, isEmbedded);
        Losses = new LossDeclarations(s.Deduplication, s.Delivery, s.Writer, s.Own, s.Log, timeouts.AsksToDeclare);
        SentMarks marks = new(window, Losses, s.Writer, s.Own);
        Answers = new StreamAnswers(cursors, window, marks, holds, issues, s.Log, _options.GatewayId);
        Publisher = new ReadingPublisher(Link, s.Sessions, s.Messages, Descriptions, Retained, window, s.Reader, sound.BackgroundSent);
        LossReconciliation reconciliation = new(s.Delivery, s.Reader, cursors, Losses);
        DeliveryScheduler scheduler = new(s.Sessions, cursors, window, holds, issues, Publisher, reconciliation, sound.MaxBackgroundInFlight);
        Sessions = new DeliverySessions(s.Sessions, cursors, window, holds, issues, marks, timeouts, Losses);
        Progress = new DeliveryProgress(s.Delivery, s.Deduplication, s.Reader, cursors, window, _options.Window);
        Uplink = new Uplink(life, s.Clock, Link, s.Reader, cursors, window, timeouts, marks, Answers, Publisher, scheduler, Sessions);
        Corrections = new Corrections(Link, Progress, s.Messages, s.Sessions, s.Time, s.Reader, s.Writer, s.Clock, _options.ProbeUs);
        Retention = new RecordRetention(s.Journal, s.Writer, s.Waiters, s.Retention, s.Sessions, s.Delivery, Sessions, s.Clock, s.Own, s.Acts, s.Issues, _options);
        Replays = new Replays(Link, s.Delivery, Progress, Descriptions, s.Messages, s.Topics, s.Reader, replies);
    }

    private FittedLink MakeFitted(ExternalBroker broker, GatewayPorts ports, GatewayParts parts, SessionMessage received)
    {
        IUplinkConnector connector = ports.Uplink ?? throw new ArgumentException("An external broker needs a connector.", nameof(ports));
        MqttClientFactory client = ports.Client ?? throw new ArgumentException("An external broker needs a client.", nameof(ports));
        FittedLink? fitted = null;
        void Settle(long ticket, byte reasonCode)
        {
            if (fitted is null || !fitted.TryFit(ticket, reasonCode))
            {
                parts.Settled(ticket, reasonCode);
            }
        }

        ExternalLinkOptions about = new(broker, _options.CartId, _options.Window, _options.Seed);
        LinkEvents events = new(Settle, received, parts.LinkUp, parts.LinkDown);
        ExternalLink external = new(about, _services.TopicRoot, client, connector, events, _services.Issues, _services.Clock, _services.Log);
        return fitted = new FittedLink(external, broker, _services.Issues, (ticket, reasonCode) => parts.Settled(ticket, reasonCode));
    }
}
