using System.Collections.Generic;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Health;

/// <summary>Makes the health that the host shows: of sessions, pods, streams, the journal and the uplink, with what is not well.</summary>
internal sealed class HealthSnapshots(
    GatewayOptions options,
    GatewayLife life,
    GatewayClock clock,
    IJournal journal,
    DiskHealth disk,
    Pods pods,
    SessionProjection sessions,
    DeduplicationProjection deduplication,
    DeliveryProjection delivery,
    TimeProjection time,
    HealthIssues issues,
    PodIngest ingest,
    ISessionLink link,
    DeliveryProgress progress,
    HealthChecks checks)
{
    /// <summary>The gateway's health, live sound apart.</summary>
    /// <param name="counters">What the parts have counted.</param>
    /// <returns>A copy; it does not change later.</returns>
    public GatewaySnapshot Make(GatewayCounters counters)
    {
        checks.Look(clock.NowUs);
        List<SessionHealth> ofSessions = [];
        foreach (Session session in sessions.Sessions)
        {
            long pending = delivery.PendingBySession.GetValueOrDefault(session.Number);
            ofSessions.Add(new SessionHealth(session.Number, session.Id, session.Epoch, session.IsOpen, pending, progress.HasSubscriber(session.Number)));
        }

        List<PodHealth> ofPods = [];
        foreach (Pod pod in pods.All)
        {
            long? uncertainty = time.NewestExchange(pod.DeviceId, pod.BootId) is { } exchange && exchange.GatewayBootId == clock.BootId
                ? exchange.UncertaintyUs + TimeProjection.DriftUs(clock.NowUs - exchange.DeviceUs - exchange.OffsetUs, options.ClockDriftPpm)
                : null;
            ofPods.Add(new PodHealth(pod.DeviceId, pod.IsConnected, pod.BootId, pod.Messages, pod.LastReceivedUs, pod.Epoch, uncertainty) { IsOnBench = pod.IsOnBench, Heartbeat = pod.Heartbeat });
        }

        List<StreamHealth> ofStreams = [];
        foreach (StreamMarks marks in deduplication.Streams)
        {
            StreamTotals? totals = delivery.Totals(marks.Key);
            ofStreams.Add(new StreamHealth(
                marks.Key.DeviceId,
                marks.Key.BootId,
                marks.Key.Stream,
                marks.High,
                marks.Stored,
                marks.DeclaredLost,
                marks.Missing.Total,
                totals?.Sent ?? 0,
                (totals?.Bound ?? 0) - (totals?.Sent ?? 0) - (totals?.Dropped ?? 0),
                totals?.Unbound ?? 0,
                totals?.Dropped ?? 0,
                marks.StoredThrough,
                totals?.SentThrough ?? 0,
                totals?.ReceivedThrough ?? 0,
                totals?.SeenThrough ?? 0));
        }

        return new GatewaySnapshot
        {
            NowUs = clock.NowUs,
            BootId = clock.BootId,
            IsReady = life.IsRunning,
            JournalWritable = journal.IsWritable,
            JournalStatus = disk.Status,
            JournalLastIndex = journal.LastIndex,
            JournalSyncedIndex = journal.SyncedIndex,
            IsEmbedded = options.External is null,
            ReceiptsExpected = options.ReceiptsExpected,
            UplinkConnected = link.IsUp,
            InFlight = progress.InFlight,
            Held = ingest.HeldCount,
            Utc = clock.Utc,
            Counters = counters,
            Issues = issues.ToList(),
            Sessions = ofSessions,
            Pods = ofPods,
            Streams = ofStreams,
        };
    }
}
