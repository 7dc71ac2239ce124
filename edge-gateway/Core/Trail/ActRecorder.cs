using System;
using System.Collections.Generic;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Trail;

/// <summary>
/// Writes what people and machines do into the trail. What comes in floods is counted instead: the same refusal or view within a while is one entry with a number, and each kind has a bucket, so that nobody can push
/// the trail's past out of its quota within a day. Without a trail it does nothing.
/// </summary>
internal sealed class ActRecorder : IGatewayPart
{
    /// <summary>How long the same refusal or view is counted before its number is written, µs.</summary>
    public const long WindowUs = 10_000_000;

    /// <summary>Different refusals and views that are counted at once; further ones count as their kind alone.</summary>
    public const int MaxCounted = 256;

    private const long PeriodUs = 1_000_000;

    private readonly ITrail? _trail;
    private readonly GatewayClock _clock;
    private readonly HealthIssues _issues;
    private readonly SortedDictionary<string, (Act Act, long SinceUs, long Count)> _counted = new(StringComparer.Ordinal);

    // Assumption: an entry takes some 300 bytes. Flooded with all kinds at once, the buckets let 15,000 entries a day pass, 4.5 MB of 32; and none empties that of another kind.
    private readonly Bucket _refusals = new("refusals", 120, 30_000_000);
    private readonly Bucket _views = new("views", 120, 30_000_000);
    private readonly Bucket _connections = new("connections", 120, 30_000_000);
    private readonly Bucket _stops = new("stops", 120, 30_000_000);
    private readonly Bucket _deeds = new("deeds", 1000, 25_000_000);
    private long _nextUs;
    private bool _isImplausible;
    private string? _reported;

    /// <summary>Makes it.</summary>
    /// <param name="trail">Where acts are written; null for nowhere.</param>
    /// <param name="clock">The clocks.</param>
    /// <param name="issues">Told when the trail cannot be written, or is not the one that was.</param>
    public ActRecorder(ITrail? trail, GatewayClock clock, HealthIssues issues) => (_trail, _clock, _issues) = (trail, clock, issues);

    /// <summary>Sessions that were closed, each with the ticket of that act, for whoever publishes the head; bounded by that part.</summary>
    public Queue<(string Session, long Ticket)> Closed { get; } = new();

    /// <summary>Where acts are written; null for nowhere.</summary>
    public ITrail? Trail => _trail;

    /// <summary>Writes an act, or counts it.</summary>
    /// <param name="act">The act.</param>
    public void Record(Act act)
    {
        if (_trail is null)
        {
            return;
        }

        long nowUs = _clock.NowUs;
        bool isCounted = act.IsRefused || act.IsView || string.Equals(act.What, ActNames.CuffStop, StringComparison.Ordinal);
        string key = isCounted ? KeyOf(act) : string.Empty;
        if (isCounted && _counted.TryGetValue(key, out (Act Act, long SinceUs, long Count) same))
        {
            _counted[key] = same with { Count = same.Count + 1 };
            return;
        }

        if (isCounted && _counted.Count < MaxCounted)
        {
            _counted[key] = (act, nowUs, 0);
        }

        Write(act, nowUs);
    }

    /// <inheritdoc/>
    public void Begin(long nowUs) => _nextUs = nowUs;

    /// <inheritdoc/>
    public void Stop(long nowUs)
    {
        WriteCounts(nowUs, isAll: true);
        Record(new Act(ActNames.GatewayStop, ActAuthor.Gateway));
    }

    /// <summary>Writes numbers that are due, and says in health how the trail is.</summary>
    public long Step(long nowUs)
    {
        if (_trail is null)
        {
            return long.MaxValue;
        }

        if (nowUs < _nextUs)
        {
            return _nextUs;
        }

        _nextUs = nowUs + PeriodUs;
        WriteCounts(nowUs, isAll: false);
        bool isImplausible = _clock.Utc.Implausible is not null;
        if (isImplausible && !_isImplausible)
        {
            Record(new Act(ActNames.ClockStep, ActAuthor.Gateway) { Code = FaultCodes.ClockImplausible });
        }

        _isImplausible = isImplausible;
        _issues.Set(_trail.Problem is not null, FaultCodes.TrailNotWritten, HealthSubject.Gateway, _trail.Problem ?? string.Empty);
        if (_trail.Finding is { } finding && !string.Equals(_reported, finding, StringComparison.Ordinal))
        {
            _reported = finding;
            _issues.Raise(FaultCodes.TrailNotWhole, HealthSubject.Gateway, finding);
        }

        return _nextUs;
    }

    private void WriteCounts(long nowUs, bool isAll)
    {
        List<string>? due = null;
        foreach ((string key, (Act Act, long SinceUs, long Count) counted) in _counted)
        {
            if (isAll || nowUs - counted.SinceUs >= WindowUs)
            {
                (due ??= []).Add(key);
            }
        }

        foreach (string key in due ?? [])
        {
            _counted.Remove(key, out (Act Act, long SinceUs, long Count) counted);
            if (counted.Count > 0)
            {
                Write(counted.Act with { Count = counted.Count }, nowUs);
            }
        }

        foreach (Bucket bucket in (ReadOnlySpan<Bucket>)[_refusals, _views, _connections, _stops, _deeds])
        {
            if (bucket.Withheld > 0 && (isAll || bucket.TryTake(nowUs)))
            {
                Append(new Act(ActNames.ActsCounted, ActAuthor.Gateway) { Subject = bucket.Name, Count = bucket.Withheld }, nowUs);
                bucket.Withheld = 0;
            }
        }
    }

    private static string KeyOf(Act act) => string.Join('\n', act.What, Invariant.Text((int)act.Who.Kind), act.Who.Token, act.From, act.Session, act.Subject, act.Code);

    private void Write(Act act, long nowUs)
    {
        Bucket bucket = BucketOf(act);
        bool isOwn = act.Who.Kind == AuthorKind.Gateway;
        if (!isOwn && !bucket.TryTake(nowUs))
        {
            bucket.Withheld += act.Count;
            return;
        }

        long ticket = Append(act, nowUs);
        if (string.Equals(act.What, ActNames.SessionClose, StringComparison.Ordinal) && !act.IsRefused)
        {
            Closed.Enqueue((act.Session, ticket));
        }
    }

    private long Append(Act act, long nowUs)
    {
        GatewayMoment now = _clock.Now;
        return _trail!.Write(ActJson.Write(act, now.HasUtc ? now.UtcUs : null, now.BootId, nowUs));
    }

    private Bucket BucketOf(Act act) =>
        act.IsRefused ? _refusals
        : act.IsView ? _views
        : act.What.StartsWith("peer.", StringComparison.Ordinal) ? _connections
        : string.Equals(act.What, ActNames.CuffStop, StringComparison.Ordinal) ? _stops
        : _deeds;

    private sealed class Bucket
    {
        private readonly int _most;
        private readonly long _refillUs;
        private int _left;
        private long _sinceUs = long.MinValue;

        public Bucket(string name, int most, long refillUs) => (Name, _most, _refillUs, _left) = (name, most, refillUs, most);

        public string Name { get; }

        /// <summary>Acts that found it empty.</summary>
        public long Withheld { get; set; }

        public bool TryTake(long nowUs)
        {
            if (_sinceUs == long.MinValue || _left == _most)
            {
                _sinceUs = nowUs;
            }

            long refilled = Math.Min(_most - _left, (nowUs - _sinceUs) / _refillUs);
            _left += (int)refilled;
            _sinceUs += refilled * _refillUs;
            if (_left == 0)
            {
                return false;
            }

            _left--;
            return true;
        }
    }
}
