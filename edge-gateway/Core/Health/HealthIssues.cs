using System;
using System.Collections.Generic;
using System.Globalization;
using EdgeGateway.Core.Records;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Health;

/// <summary>Something that is not well now.</summary>
/// <param name="Code">Its code in hardware/faults.json.</param>
/// <param name="Subject">What it is about.</param>
/// <param name="SinceUs">Monotonic µs at which it came.</param>
/// <param name="SinceUtcUs">UTC at which it came, µs since 1970; <see cref="GatewayMoment.NoUtc"/> when the clock was not known.</param>
/// <param name="Count">How often it was raised since it came.</param>
/// <param name="Detail">The newest case's facts, English; may be empty.</param>
public sealed record HealthIssue(string Code, HealthSubject Subject, long SinceUs, long SinceUtcUs, long Count, string Detail)
{
    /// <summary>Monotonic µs at which it was raised last.</summary>
    public long LastUs { get; init; } = SinceUs;

    /// <summary>UTC at which it came, µs since 1970: as it was known then, else by the monotonic time that has passed since.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <param name="utc">UTC at that moment.</param>
    /// <returns>Null while UTC is not known.</returns>
    public long? SinceUtc(long nowUs, UtcEstimate utc) =>
        SinceUtcUs != GatewayMoment.NoUtc ? SinceUtcUs : utc.Synchronised ? utc.UtcUs - (nowUs - SinceUs) : null;
}

/// <summary>
/// What is not well now, one entry per code and subject. Each coming and each going is one line in the log, whatever happens between. No I/O; one loop owns it.
/// </summary>
internal sealed class HealthIssues
{
    /// <summary>Issues kept at once. A further one takes the place of the least grave if that is less grave than itself; else it is logged and counted once, not listed.</summary>
    public const int MaxIssues = 256;

    /// <summary>Issues without a place that are remembered, so that each is reported once; the one that was raised longest ago is forgotten first.</summary>
    public const int MaxUnlisted = 1024;

    private readonly SortedDictionary<(string Code, HealthSubject Subject), HealthIssue> _issues = new(Order.Instance);
    private readonly SortedDictionary<(string Code, HealthSubject Subject), long> _unlisted = new(Order.Instance);
    private readonly Action<string, HealthSubject, string, string> _log;
    private readonly Func<GatewayMoment> _now;

    /// <summary>Makes an empty list.</summary>
    /// <param name="log">Takes code, subject, facts, and the code of the issue that ended (empty for a coming) of each coming and going.</param>
    /// <param name="now">The gateway's clocks.</param>
    public HealthIssues(Action<string, HealthSubject, string, string> log, Func<GatewayMoment> now)
    {
        _log = log;
        _now = now;
    }

    /// <summary>Issues that found no place in the list, each counted once until it ends.</summary>
    public long Unlisted { get; private set; }

    /// <summary>Raises what the host met before the gateway ran; it is about files, and stands until the next start.</summary>
    /// <param name="told">What it met.</param>
    public void Raise(IReadOnlyList<CodedError> told)
    {
        foreach (CodedError error in told)
        {
            Raise(error.Code, new HealthSubject(HealthSubjectKind.Disk, System.IO.Path.GetFileName(error.Place.File) ?? string.Empty), error.Detail);
        }
    }

    /// <summary>Raises an issue, or counts it once more while it stands.</summary>
    /// <param name="code">Its code in hardware/faults.json.</param>
    /// <param name="subject">What it is about.</param>
    /// <param name="detail">This case's facts, English; may be empty.</param>
    /// <param name="sinceUs">Monotonic µs at which it began, when that was before now; -1 for now.</param>
    public void Raise(string code, HealthSubject subject, string detail, long sinceUs = -1)
    {
        if (_issues.TryGetValue((code, subject), out HealthIssue? standing))
        {
            _issues[(code, subject)] = standing with { Count = standing.Count + 1, Detail = detail, LastUs = _now().Us };
            return;
        }

        GatewayMoment now = _now();
        bool isSent = _unlisted.ContainsKey((code, subject));
        if (!isSent)
        {
            _log(code, subject, detail, string.Empty);
        }

        if (_issues.Count >= MaxIssues)
        {
            HealthIssue least = ToList()[^1];
            if (FaultCatalogue.Default[least.Code].Severity >= FaultCatalogue.Default[code].Severity)
            {
                Unlisted += isSent ? 0 : 1;
                Unlist((code, subject), now.Us);
                return;
            }

            Unlisted++;
            _issues.Remove((least.Code, least.Subject));
            Unlist((least.Code, least.Subject), least.LastUs);
        }

        _unlisted.Remove((code, subject));
        long beforeUs = sinceUs < 0 ? 0 : now.Us - sinceUs;
        long utcUs = now.UtcUs == GatewayMoment.NoUtc ? GatewayMoment.NoUtc : now.UtcUs - beforeUs;
        _issues.Add((code, subject), new HealthIssue(code, subject, now.Us - beforeUs, utcUs, 1, detail) { LastUs = now.Us });
    }

    /// <summary>Ends an issue; does nothing when it does not stand.</summary>
    /// <param name="code">Its code.</param>
    /// <param name="subject">What it was about.</param>
    public void Clear(string code, HealthSubject subject)
    {
        if (_issues.Remove((code, subject), out HealthIssue? ended))
        {
            long seconds = (_now().Us - ended.SinceUs) / 1_000_000;
            _log(FaultCodes.HealthIssueEnded, subject, code + " after " + Invariant.Text(seconds) + " s, raised " + Invariant.Text(ended.Count) + " time(s)", code);
        }
        else if (_unlisted.Remove((code, subject)))
        {
            _log(FaultCodes.HealthIssueEnded, subject, code + ", which was not listed", code);
        }
    }

    /// <summary>Raises or ends an issue that is a state: while it stands only its facts change, not its count.</summary>
    /// <param name="stands">True to raise it.</param>
    /// <param name="code">Its code.</param>
    /// <param name="subject">What it is about.</param>
    /// <param name="detail">This case's facts.</param>
    /// <param name="sinceUs">Monotonic µs at which it began, when that was before now; -1 for now.</param>
    public void Set(bool stands, string code, HealthSubject subject, string detail, long sinceUs = -1)
    {
        if (!stands)
        {
            Clear(code, subject);
        }
        else if (_issues.TryGetValue((code, subject), out HealthIssue? standing))
        {
            if (!string.Equals(standing.Detail, detail, StringComparison.Ordinal))
            {
                _issues[(code, subject)] = standing with { Detail = detail };
            }
        }
        else
        {
            Raise(code, subject, detail, sinceUs);
        }
    }

    /// <summary>Ends issues of a code that were not raised again for a while.</summary>
    /// <param name="code">Their code.</param>
    /// <param name="quietUs">How long, µs.</param>
    public void ClearQuiet(string code, long quietUs)
    {
        long nowUs = _now().Us;
        foreach (HealthIssue issue in Of(code))
        {
            if (nowUs - issue.LastUs >= quietUs)
            {
                Clear(code, issue.Subject);
            }
        }

        List<HealthSubject> over = [];
        foreach (((string unlisted, HealthSubject subject), long lastUs) in _unlisted)
        {
            if (string.Equals(unlisted, code, StringComparison.Ordinal) && nowUs - lastUs >= quietUs)
            {
                over.Add(subject);
            }
        }

        foreach (HealthSubject subject in over)
        {
            Clear(code, subject);
        }
    }

    /// <summary>The issues of one code.</summary>
    /// <param name="code">The code.</param>
    /// <returns>A copy, by subject.</returns>
    public IReadOnlyList<HealthIssue> Of(string code)
    {
        List<HealthIssue> found = [];
        foreach (HealthIssue issue in _issues.Values)
        {
            if (string.Equals(issue.Code, code, StringComparison.Ordinal))
            {
                found.Add(issue);
            }
        }

        return found;
    }

    /// <summary>Tells whether any issue about a subject has a code of a range.</summary>
    /// <param name="first">The lowest code's four digits.</param>
    /// <param name="last">The highest code's four digits.</param>
    /// <param name="subject">The subject.</param>
    /// <returns>True while one stands.</returns>
    public bool StandsBetween(int first, int last, HealthSubject subject)
    {
        foreach ((string code, HealthSubject about) in _issues.Keys)
        {
            if (about == subject && int.TryParse(code.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= first && number <= last)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Ends every issue about a subject.</summary>
    /// <param name="subject">The subject.</param>
    public void ClearAll(HealthSubject subject)
    {
        foreach ((string code, HealthSubject about) in new List<(string, HealthSubject)>([.. _issues.Keys, .. _unlisted.Keys]))
        {
            if (about == subject)
            {
                Clear(code, subject);
            }
        }
    }

    /// <summary>Tells whether an issue stands.</summary>
    /// <param name="code">Its code.</param>
    /// <param name="subject">What it is about.</param>
    /// <returns>True while it stands.</returns>
    public bool Stands(string code, HealthSubject subject) => _issues.ContainsKey((code, subject));

    /// <summary>The issues that stand, gravest first, then by code and subject.</summary>
    /// <returns>A copy.</returns>
    public IReadOnlyList<HealthIssue> ToList()
    {
        List<HealthIssue> list = [.. _issues.Values];
        list.Sort((a, b) =>
        {
            int bySeverity = FaultCatalogue.Default[b.Code].Severity.CompareTo(FaultCatalogue.Default[a.Code].Severity);
            return bySeverity != 0 ? bySeverity : Order.Instance.Compare((a.Code, a.Subject), (b.Code, b.Subject));
        });
        return list;
    }

    private void Unlist((string Code, HealthSubject Subject) issue, long nowUs)
    {
        if (_unlisted.Count >= MaxUnlisted && !_unlisted.ContainsKey(issue))
        {
            (string Code, HealthSubject Subject) oldest = default;
            long oldestUs = long.MaxValue;
            foreach (((string, HealthSubject) known, long lastUs) in _unlisted)
            {
                (oldest, oldestUs) = lastUs < oldestUs ? (known, lastUs) : (oldest, oldestUs);
            }

            _unlisted.Remove(oldest);
        }

        _unlisted[issue] = nowUs;
    }

    private sealed class Order : IComparer<(string Code, HealthSubject Subject)>
    {
        public static readonly Order Instance = new();

        public int Compare((string Code, HealthSubject Subject) x, (string Code, HealthSubject Subject) y)
        {
            int byCode = string.CompareOrdinal(x.Code, y.Code);
            return byCode != 0 ? byCode : x.Subject.CompareTo(y.Subject);
        }
    }
}
