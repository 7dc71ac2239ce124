using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Http;

namespace EdgeGateway.Gateway.Telemetry;

/// <summary>
/// The counts of <see cref="GatewaySnapshot"/> as observable instruments, and an activity for each command by HTTP, under one name. Nothing is exported from here: whoever listens to <see cref="Name"/>
/// (an OpenTelemetry exporter, dotnet-counters) collects. Names follow OpenTelemetry's conventions: lower case with dots, no unit or "total" in the name, units in UCUM.
/// </summary>
internal sealed class GatewayTelemetry : IDisposable
{
    /// <summary>The name of the meter and of the activity source.</summary>
    public const string Name = "CartGateway";

    /// <summary>Attribute of a reading count: which one of the sums it is.</summary>
    public const string StateAttribute = "cart.reading.state";

    /// <summary>How long one snapshot serves all instruments of a collection, and how long a collection waits for the loop.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    /// <summary>The program's version.</summary>
    public static readonly string? Version = typeof(GatewayTelemetry).Assembly.GetName().Version?.ToString(3);
    private static readonly ActivitySource Activities = new(Name, Version);

    private readonly Lock _gate = new();
    private readonly GatewayHandle _gateway;
    private readonly Meter _meter;
    private GatewaySnapshot? _last;
    private long? _takenAt;

    /// <summary>Makes the instruments.</summary>
    /// <param name="meters">Makes the meter.</param>
    /// <param name="gateway">The gateway.</param>
    public GatewayTelemetry(IMeterFactory meters, GatewayHandle gateway)
    {
        _gateway = gateway;
        _meter = meters.Create(new MeterOptions(Name) { Version = Version });
        foreach ((string name, string unit, string description, Func<GatewaySnapshot, long> count) in Counts)
        {
            _meter.CreateObservableCounter(name, () => Observe(count), unit, description);
        }

        foreach ((string name, string unit, string description, Func<GatewaySnapshot, long> value) in Levels)
        {
            _meter.CreateObservableUpDownCounter(name, () => Observe(value), unit, description);
        }

        _meter.CreateObservableUpDownCounter("cart.gateway.readings", Readings, "{reading}", "Readings of all streams by state: produced = stored + declared lost + missing; stored = sent + pending + unbound + dropped.");
        _meter.CreateObservableUpDownCounter("cart.gateway.issues", Issues, "{issue}", "Issues of the gateway's health, by code and severity.");
        _meter.CreateObservableGauge("cart.gateway.clock.uncertainty", ClockUncertainty, "s", "Uncertainty of the gateway's UTC; absent while it is not synchronised.");
    }

    /// <summary>What only grows since the gateway's start.</summary>
    internal static IReadOnlyList<(string Name, string Unit, string Description, Func<GatewaySnapshot, long> Count)> Counts { get; } =
    [
        ("cart.gateway.pod.messages", "{message}", "Messages of frames received from pods.", static s => s.Counters.Messages),
        ("cart.gateway.pod.held_overflows", "{disconnection}", "Pods disconnected because too many messages waited for the journal.", static s => s.Counters.HeldOverflows),
        ("cart.gateway.frames.stored", "{frame}", "Frames stored.", static s => s.Counters.Frames),
        ("cart.gateway.frames.duplicates", "{frame}", "Frames that were known already.", static s => s.Counters.Duplicates),
        ("cart.gateway.frames.refused", "{part}", "Parts of messages that were not valid frames of the sender.", static s => s.Counters.RefusedParts),
        ("cart.gateway.delivery.published", "{message}", "Messages to the session's broker or subscriber, repeats included.", static s => s.Counters.Published),
        ("cart.gateway.delivery.acknowledged", "{message}", "Acknowledgements of them.", static s => s.Counters.Acknowledged),
        ("cart.gateway.delivery.no_subscriber", "{message}", "Answers that nobody subscribes.", static s => s.Counters.NoSubscriber),
        ("cart.gateway.delivery.corrections", "{message}", "Readings published again because a better time came.", static s => s.Counters.Corrections),
        ("cart.gateway.delivery.replayed", "{message}", "Readings published again because a consumer asked.", static s => s.Counters.Replayed),
        ("cart.gateway.receipts", "{receipt}", "Receipts taken in.", static s => s.Counters.Receipts),
        ("cart.gateway.clock.replies", "{reply}", "Clock requests of pods answered.", static s => s.Counters.ClockReplies),
        ("cart.gateway.uplink.connections", "{connection}", "Connections made to the external broker.", static s => s.Counters.UplinkConnections),
        ("cart.gateway.access.refusals", "{refusal}", "Publications and subscriptions that the access rules refused.", static s => s.Counters.AccessRefused),
        ("cart.gateway.live_sound.frames", "{frame}", "Live sound frames taken in.", static s => s.LiveSound.Frames),
        ("cart.gateway.live_sound.refused", "{frame}", "Live sound frames that are damaged, of no open session, or of another kind.", static s => s.LiveSound.Refused),
        ("cart.gateway.live_sound.late", "{frame}", "Live sound frames that came after a newer one, or twice.", static s => s.LiveSound.Late),
        ("cart.gateway.live_sound.gaps", "{gap}", "Places where a live sound frame was missing.", static s => s.LiveSound.SequenceGaps),
        ("cart.gateway.live_sound.chunks", "{chunk}", "Chunks handed over for listeners.", static s => s.LiveSound.Chunks),
        ("cart.gateway.live_sound.not_taken", "{chunk}", "Chunks that the link to the session's broker did not take.", static s => s.LiveSound.NotTaken),
        ("cart.gateway.journal.records", "{record}", "Newest index appended to the journal.", static s => s.JournalLastIndex),
    ];

    /// <summary>What goes up and down.</summary>
    internal static IReadOnlyList<(string Name, string Unit, string Description, Func<GatewaySnapshot, long> Value)> Levels { get; } =
    [
        ("cart.gateway.ready", "1", "1 when readings can be taken in, else 0.", static s => s is { IsReady: true, JournalWritable: true } ? 1 : 0),
        ("cart.gateway.journal.unsynced", "{record}", "Records appended and not yet on the disk.", static s => s.JournalLastIndex - s.JournalSyncedIndex),
        ("cart.gateway.uplink.connected", "1", "1 when the uplink can publish, else 0.", static s => s.UplinkConnected ? 1 : 0),
        ("cart.gateway.delivery.in_flight", "{message}", "Messages published and not yet durably marked as sent.", static s => s.InFlight),
        ("cart.gateway.pod.held", "{message}", "Messages of pods that wait for the journal.", static s => s.Held),
        ("cart.gateway.pod.connected", "{pod}", "Pods whose connection stands.", static s => s.Pods.Count(static p => p.IsConnected)),
        ("cart.gateway.sessions.open", "{session}", "Open sessions.", static s => s.Sessions.Count(static p => p.IsOpen)),
    ];

    /// <summary>Begins the activity of a command.</summary>
    /// <param name="command">The command's name.</param>
    /// <returns>The activity; null when nobody listens.</returns>
    public static Activity? Begin(string command) => Activities.StartActivity(command)?.SetTag("cart.command", command);

    /// <summary>Marks the activity of a command that was refused.</summary>
    /// <param name="activity">The activity, or null.</param>
    /// <param name="code">The code.</param>
    public static void Refused(Activity? activity, string code) => activity?.SetTag("error.type", code).SetStatus(ActivityStatusCode.Error, FaultCatalogue.Default[code].Happened.English);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    // A collection runs on a thread of its listener, never on the loop.
    private GatewaySnapshot? Snapshot()
    {
        lock (_gate)
        {
            if (_takenAt is { } at && _gateway.Time.GetElapsedTime(at) < Fresh)
            {
                return _last;
            }

            _last = Take();
            _takenAt = _gateway.Time.GetTimestamp();
            return _last;
        }
    }

    private GatewaySnapshot? Take()
    {
        TaskCompletionSource<GatewaySnapshot?> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            return _gateway.TryPost(done, () => done.TrySetResult(_gateway.Core()?.Snapshot())) && done.Task.Wait(Fresh) ? done.Task.Result : null;
        }
        catch (AggregateException exception)
        {
            // This collection has no measurements; whoever collects is not ended by it.
            _gateway.Write(FaultCodes.RequestHandlerFailed, "metrics: " + GatewayHandle.TextOf(exception.InnerExceptions[0]));
            return null;
        }
    }

    private IEnumerable<Measurement<long>> Observe(Func<GatewaySnapshot, long> value) => Snapshot() is { } snapshot ? [new Measurement<long>(value(snapshot))] : [];

    private IEnumerable<Measurement<long>> Readings()
    {
        if (Snapshot() is not { } snapshot)
        {
            return [];
        }

        IReadOnlyList<StreamHealth> streams = snapshot.Streams;
        return
        [
            Of("produced", streams.Sum(static s => s.Produced)), Of("stored", streams.Sum(static s => s.Stored)), Of("declared_lost", streams.Sum(static s => s.DeclaredLost)),
            Of("missing", streams.Sum(static s => s.Missing)), Of("sent", streams.Sum(static s => s.Sent)), Of("pending", streams.Sum(static s => s.Pending)),
            Of("unbound", streams.Sum(static s => s.Unbound)), Of("dropped", streams.Sum(static s => s.Dropped)),
        ];

        static Measurement<long> Of(string state, long readings) => new(readings, new KeyValuePair<string, object?>(StateAttribute, state));
    }

    private IEnumerable<Measurement<long>> Issues() => Snapshot() is not { } snapshot ? [] : snapshot.Issues
        .GroupBy(static i => i.Code, StringComparer.Ordinal)
        .Select(static g => new Measurement<long>(
            g.Count(),
            new KeyValuePair<string, object?>("error.type", g.Key),
            new KeyValuePair<string, object?>("severity", FaultCatalogue.Default[g.Key].Severity.ToString().ToLowerInvariant())));

    private IEnumerable<Measurement<double>> ClockUncertainty() =>
        Snapshot() is { Utc: { Synchronised: true } utc } ? [new Measurement<double>(utc.UncertaintyUs / 1e6)] : [];
}
