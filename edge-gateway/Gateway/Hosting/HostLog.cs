using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using EdgeGateway.Core;
using EdgeGateway.Core.Health;
using EdgeGateway.Faults;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>
/// The process's log on stderr: one line an entry, with code, what happened here, and the next step. The same code about the same subject within
/// <see cref="QuietUs"/> is counted and said once more with its number, not repeated; of one code, whatever its subjects, at most <see cref="MaxPerCode"/>
/// lines are written within that time. So nobody who comes and goes, under one name or many, floods it.
/// </summary>
public sealed class HostLog : IGatewayLog
{
    /// <summary>How long a repeated code is only counted, µs.</summary>
    public const long QuietUs = 10_000_000;

    /// <summary>Lines of one code within <see cref="QuietUs"/>; further ones are counted and said with the next.</summary>
    public const int MaxPerCode = 20;

    /// <summary>Codes with subjects remembered; above it those whose quiet time is over are forgotten, then the oldest.</summary>
    public const int MaxRemembered = 1024;

    private readonly TextWriter _writer;
    private readonly string _language;
    private readonly TimeProvider _time;
    private readonly SortedDictionary<(string Code, string Ended, HealthSubject Subject), (long FirstUs, long Repeats)> _recent = [];
    private readonly SortedDictionary<string, (long FirstUs, int Lines, long Held)> _codes = new(StringComparer.Ordinal);

    /// <summary>Makes a log.</summary>
    /// <param name="writer">Where lines go.</param>
    /// <param name="language">"en" or "fr".</param>
    /// <param name="time">Stamps the lines.</param>
    public HostLog(TextWriter writer, string language, TimeProvider time)
    {
        _writer = writer;
        _language = language;
        _time = time;
    }

    /// <summary>Codes with subjects that are remembered now.</summary>
    public int Remembered
    {
        get
        {
            lock (_recent)
            {
                return _recent.Count;
            }
        }
    }

    /// <inheritdoc/>
    public void Write(in GatewayLogEntry entry)
    {
        lock (_recent)
        {
            long repeats = 0;
            (string, string, HealthSubject) key = (entry.Code, entry.Ended ?? string.Empty, entry.Subject);
            if (_recent.TryGetValue(key, out (long FirstUs, long Repeats) seen))
            {
                if (entry.NowUs - seen.FirstUs < QuietUs)
                {
                    _recent[key] = (seen.FirstUs, seen.Repeats + 1);
                    return;
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
                return;
            }

            _codes[entry.Code] = (budget.FirstUs, budget.Lines + 1, 0);
            Remember(key, entry.NowUs);
            string said = Said(repeats, " more since then") + Said(budget.Held, " more of this code held back");
            FaultEntry fault = FaultCatalogue.Default[entry.Code];
            string stamp = _time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            _writer.WriteLine(
                $"{stamp} {fault.Severity.ToString().ToLowerInvariant()} {entry.Code} {fault.Happened.In(_language)} {LogText.OneLine(entry.What)}{said} | {fault.Do.In(_language)}");
            _writer.Flush();
        }
    }

    /// <summary>A line without a code, for what is neither error nor warning.</summary>
    /// <param name="text">The line.</param>
    public void Say(string text)
    {
        lock (_recent)
        {
            _writer.WriteLine(LogText.OneLine(text));
            _writer.Flush();
        }
    }

    private static string Said(long count, string what) => count == 0 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $" ({count}{what})");

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
