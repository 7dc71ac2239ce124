using System;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Delivery;

/// <summary>The health issues of delivery: at most one per stream, and one per session that nobody subscribes to.</summary>
internal sealed class StreamIssues(SessionProjection sessions, HealthIssues health, OwnFrames own, ulong gatewayId)
{
    /// <summary>What an issue or an entry in the log of a stream is about.</summary>
    public static HealthSubject SubjectOf(StreamDelivery stream) => new(HealthSubjectKind.Stream, ReadingJson.StreamText(stream.Key.Stream));

    /// <summary>The session's name in a message, "?" when it is forgotten.</summary>
    public string SessionOf(StreamDelivery stream) => "session " + (sessions.Find(stream.Key.Session)?.Id ?? "?");

    /// <summary>Raises a stream's issue; one with another code is cleared first.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="code">Fault code.</param>
    /// <param name="what">What happened.</param>
    public void Raise(StreamDelivery stream, string code, string what)
    {
        if (stream.Issue is not null && !string.Equals(stream.Issue, code, StringComparison.Ordinal))
        {
            Clear(stream);
        }

        bool isNew = stream.Issue is null;
        stream.Issue = code;
        health.Raise(code, SubjectOf(stream), what);
        if (isNew && stream.Key.Stream.DeviceId != gatewayId)
        {
            own.Event(code, SubjectOf(stream), stream.Key.Stream.Stream, 0, what, isLogged: false);
        }
    }

    /// <summary>Clears a stream's issue, if it has one.</summary>
    public void Clear(StreamDelivery stream)
    {
        if (stream.Issue is { } code)
        {
            stream.Issue = null;
            health.Clear(code, SubjectOf(stream));
        }
    }

    /// <summary>Raises or clears that nobody subscribes to a session, when that has changed.</summary>
    public void ReportSubscribers(SessionDelivery state)
    {
        if (state.ReportedNoSubscriber != state.HasNoSubscriber)
        {
            state.ReportedNoSubscriber = state.HasNoSubscriber;
            string id = sessions.Find(state.Number)?.Id ?? Invariant.Text(state.Number);
            health.Set(state.HasNoSubscriber, FaultCodes.NobodySubscribes, new HealthSubject(HealthSubjectKind.Session, id), "session " + id + ": " + DeliveryRefusal.Text(DeliveryRefusal.NoSubscribers));
        }
    }
}
