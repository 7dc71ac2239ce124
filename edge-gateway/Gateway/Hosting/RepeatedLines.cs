using System;
using System.Collections.Generic;
using System.Threading;
using EdgeGateway.Core;
using EdgeGateway.Core.Health;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>
/// Decides which log lines are written. The same code about the same subject within <see cref="QuietUs"/> is counted and written once more with its number, not
/// repeated; of one code, whatever its subjects, at most <see cref="MaxPerCode"/> lines are written within that time. So nobody who comes and goes, under one name
/// or many, floods the log, and a second pod or session is not hidden behind the first. Any thread.
/// </summary>
internal sealed class RepeatedLines
{
    /// <summary>How long a repeated code is only counted, µs.</summary>
    public const long QuietUs = 10_000_000;

    /// <summary>Lines of one code within <see cref="QuietUs"/>; further ones are counted and told with the next.</summary>
    public const int MaxPerCode = 20;

    /// <summary>Codes with subjects remembered; above it those whose quiet time is over are forgotten, then the oldest.</summary>
    public const int MaxRemembered = 1024;

    private readonly Lock _gate = new();
    private readonly SortedDictionary<(string Code, string Ended, HealthSubject Subject), (long FirstUs, long Repeats)> _recent = [];
    private readonly SortedDictionary<string, (long FirstUs, int Lines, long Held)> _codes = new(StringComparer.Ordinal);

    /// <summary>Codes with subjects that are remembered now.</summary>
    public int Remembered
    {
        get
        {
            lock (_gate)
            {
                return _recent.Count;
            }
        }
    }

    /// <summary>Takes one line.</summary>
    /// <param name="entry">The line.</param>
    /// <param name="repeats">Lines of the same code and subject that were held back since the last one.</param>
    /// <param name="heldBack">Lines of the same code, about whatever, that were held back since the last one.</param>
    /// <returns>True to write it with the two numbers; false when it is held back and counted.</returns>
    public bool TryPass(in GatewayLogEntry entry, out long repeats, out long heldBack)
    {
        repeats = 0;
        heldBack = 0;
        (string, string, HealthSubject) key = (entry.Code, entry.Ended ?? string.Empty, entry.Subject);
        lock (_gate)
        {
            if (_recent.TryGetValue(key, out (long FirstUs, long Repeats) seen))
            {
                if (entry.NowUs - seen.FirstUs < QuietUs)
                {
                    _recent[key] = (seen.FirstUs, seen.Repeats + 1);
                    return false;
                }

                repeats = seen.Repeats;
            }

            (long FirstUs, int Lines, long Held) budget = _codes.GetValueOrDefault(entry.Code, (entry.NowUs, 0, 0));
            if (entry.NowUs - budget.FirstUs >= QuietUs)
            {
                budget = (entry.NowUs, 0, budget.Held);
            }

            if (budget.Lines >= MaxPerCode)
            {
                _codes[entry.Code] = budget with { Held = budget.Held + 1 };
                return false;
            }

            heldBack = budget.Held;
            _codes[entry.Code] = (budget.FirstUs, budget.Lines + 1, 0);
            Remember(key, entry.NowUs);
            return true;
        }
    }

    private void Remember((string Code, string Ended, HealthSubject Subject) key, long nowUs)
    {
        if (_recent.Count >= MaxRemembered && !_recent.ContainsKey(key))
        {
            (string, string, HealthSubject) oldest = default;
            long oldestUs = long.MaxValue;
            List<(string, string, HealthSubject)> over = [];
            foreach (((string, string, HealthSubject) known, (long firstUs, _)) in _recent)
            {
                if (nowUs - firstUs >= QuietUs)
                {
                    over.Add(known);
                }

                if (firstUs < oldestUs)
                {
                    (oldest, oldestUs) = (known, firstUs);
                }
            }

            if (over.Count == 0)
            {
                over.Add(oldest);
            }

            foreach ((string, string, HealthSubject) known in over)
            {
                _recent.Remove(known);
            }
        }

        _recent[key] = (nowUs, 0);
    }
}
