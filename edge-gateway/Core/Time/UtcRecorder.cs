using EdgeGateway.Core.Health;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Records;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Time;

/// <summary>Looks at UTC once a second: journals how it lies to the monotonic clock when that is worth a record, and says in health when it cannot be believed.</summary>
internal sealed class UtcRecorder(GatewayClock clock, TimeProjection time, JournalWriter journal, HealthIssues issues, CodedLog log) : IGatewayPart
{
    /// <summary>How often UTC is looked at, µs.</summary>
    private const long PeriodUs = 1_000_000;

    private long _nextUs;

    /// <inheritdoc/>
    public void Begin(long nowUs) => _nextUs = nowUs;

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        if (nowUs < _nextUs)
        {
            return _nextUs;
        }

        _nextUs = nowUs + PeriodUs;
        string? implausible = clock.Utc.Implausible;
        issues.Set(implausible is not null, FaultCodes.ClockImplausible, HealthSubject.Gateway, implausible ?? string.Empty);
        GatewayMoment now = clock.Now;
        if (time.IsWorthRecording(now) && journal.TryAppend(JournalRecordType.TimeMapping, new TimeMappingRecord(now).Encode(), out _))
        {
            log.Write(FaultCodes.GatewayClockRecorded, "UTC " + Rfc3339.Text(now.UtcUs) + " within " + Invariant.Text(now.UncertaintyUs) + " µs", HealthSubject.Gateway);
        }

        return _nextUs;
    }
}
