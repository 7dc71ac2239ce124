using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Health;

/// <summary>What the checks look at, at one moment.</summary>
/// <param name="IsReady">True when readings can be taken in.</param>
/// <param name="IsStarting">True before the gateway is ready for the first time.</param>
/// <param name="IsWritable">True when the journal takes appends.</param>
/// <param name="Disk">Why the disk refuses; Ok when it does not.</param>
/// <param name="Broker">The external broker as host:port; null for the embedded endpoint.</param>
/// <param name="IsUp">True when the uplink can publish.</param>
/// <param name="InFlight">Readings handed over and not yet marked as sent.</param>
/// <param name="HasSubscriber">False when the open session's last message found no subscriber.</param>
/// <param name="Acknowledged">Readings acknowledged since the start.</param>
internal readonly record struct HealthFacts(
    bool IsReady, bool IsStarting, bool IsWritable, DiskStatus Disk, string? Broker, bool IsUp, int InFlight, bool HasSubscriber, long Acknowledged)
{
    /// <summary>Why the broker could not be reached last, as the log has it; empty before it could not.</summary>
    public string BrokerFailure { get; init; } = string.Empty;

    /// <summary>The facts of this moment.</summary>
    /// <param name="life">How far the gateway is.</param>
    /// <param name="journal">The journal.</param>
    /// <param name="disk">What its disk said.</param>
    /// <param name="options">Which broker.</param>
    /// <param name="link">The way to it.</param>
    /// <param name="progress">What is handed over.</param>
    /// <param name="sessions">Which session is open.</param>
    /// <param name="acknowledged">Readings acknowledged since the start.</param>
    public static HealthFacts Of(
        GatewayLife life, IJournal journal, DiskHealth disk, GatewayOptions options, ISessionLink link, DeliveryProgress progress, SessionProjection sessions, long acknowledged) => new(
        life.IsRunning,
        life.State is GatewayState.Created or GatewayState.Opening or GatewayState.Booting,
        journal.IsWritable,
        disk.Status,
        options.External is { } broker ? HealthSubject.Broker(broker).Name : null,
        link.IsUp,
        progress.InFlight,
        sessions.Open is not { } open || progress.HasSubscriber(open.Number),
        acknowledged)
        {
            BrokerFailure = link.LastFailure,
        };
}
