using System;
using System.Collections.Generic;
using EdgeGateway.Gateway.Faults;

namespace EdgeGateway.Gateway.Health;

/// <summary>Something that is not well now.</summary>
/// <param name="Code">Its code in hardware/faults.json.</param>
/// <param name="Subject">What it is about.</param>
/// <param name="SinceUs">Monotonic µs at which it came.</param>
/// <param name="SinceUtcUs">UTC at which it came, µs since 1970; <see cref="GatewayMoment.NoUtc"/> when the clock was not known.</param>
/// <param name="Count">How often it was raised since it came.</param>
/// <param name="Detail">The newest case's facts, English; may be empty.</param>
public sealed record HealthIssue(string Code, HealthSubject Subject, long SinceUs, long SinceUtcUs, long Count, string Detail);

/// <summary>
/// What is not well now, one entry per code and subject. Each coming and each going is one line in the log, whatever happens between. No I/O; one loop owns it.
/// </summary>
internal sealed class HealthIssues
{
    /// <summary>Issues kept at once; further ones are logged and counted, not listed.</summary>
    public const int MaxIssues = 256;

    /// <summary>An issue has ended.</summary>
    public const string Ended = "G2090";

    private readonly SortedDictionary<(string Code, HealthSubject Subject), HealthIssue> _issues = new(Order.Instance);
    private readonly Action<string, HealthSubject, string> _log;
    private readonly Func<GatewayMoment> _now;

    /// <summary>Makes an empty list.</summary>
    /// <param name="log">Takes code, subject and facts of each coming and going.</param>
    /// <param name="now">The gateway's clocks.</param>
    public HealthIssues(Action<string, HealthSubject, string> log, Func<GatewayMoment> now)
    {
        _log = log;
        _now = now;
    }

    /// <summary>Issues that found no place in the list.</summary>
    public long Unlisted { get; private set; }

    /// <summary>Raises an issue, or counts it once more while it stands.</summary>
    /// <param name="code">Its code in hardware/faults.json.</param>
    /// <param name="subject">What it is about.</param>
    /// <param name="detail">This case's facts, English; may be empty.</param>
    public void Raise(string code, HealthSubject subject, string detail)
    {
        if (_issues.TryGetValue((code, subject), out HealthIssue? standing))
        {
            _issues[(code, subject)] = standing with { Count = standing.Count + 1, Detail = detail };
            return;
        }

        _log(code, subject, detail);
        if (_issues.Count >= MaxIssues)
        {
            Unlisted++;
            return;
        }

        GatewayMoment now = _now();
        _issues.Add((code, subject), new HealthIssue(code, subject, now.Us, now.UtcUs, 1, detail));
    }

    /// <summary>Ends an issue; does nothing when it does not stand.</summary>
    /// <param name="code">Its code.</param>
    /// <param name="subject">What it was about.</param>
    public void Clear(string code, HealthSubject subject)
    {
        if (_issues.Remove((code, subject), out HealthIssue? ended))
        {
            long seconds = (_now().Us - ended.SinceUs) / 1_000_000;
            _log(Ended, subject, code + " after " + GatewayContext.Text(seconds) + " s, raised " + GatewayContext.Text(ended.Count) + " time(s)");
        }
    }

    /// <summary>Raises or ends an issue.</summary>
    /// <param name="stands">True to raise it.</param>
    /// <param name="code">Its code.</param>
    /// <param name="subject">What it is about.</param>
    /// <param name="detail">This case's facts.</param>
    public void Set(bool stands, string code, HealthSubject subject, string detail)
    {
        if (!stands)
        {
            Clear(code, subject);
        }
        else if (!Stands(code, subject))
        {
            Raise(code, subject, detail);
        }
    }

    /// <summary>Ends every issue about a subject.</summary>
    /// <param name="subject">The subject.</param>
    public void ClearAll(HealthSubject subject)
    {
        foreach ((string code, HealthSubject about) in new List<(string, HealthSubject)>(_issues.Keys))
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
