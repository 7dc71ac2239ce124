using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using EdgeGateway.Gateway.Faults;
using EdgeGateway.Gateway.Health;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>
/// The process's log on stderr: one line an entry, with code, what happened here, and the next step. The same code about the same subject within
/// <see cref="QuietUs"/> is counted and said once more with its number, not repeated.
/// </summary>
public sealed class HostLog : IGatewayLog
{
    /// <summary>How long a repeated code is only counted, µs.</summary>
    public const long QuietUs = 10_000_000;

    private readonly TextWriter _writer;
    private readonly string _language;
    private readonly TimeProvider _time;
    private readonly SortedDictionary<(string Code, HealthSubject Subject), (long FirstUs, long Repeats)> _recent = [];

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

    /// <inheritdoc/>
    public void Write(in GatewayLogEntry entry)
    {
        lock (_recent)
        {
            string repeated = string.Empty;
            if (_recent.TryGetValue((entry.Code, entry.Subject), out (long FirstUs, long Repeats) seen))
            {
                if (entry.NowUs - seen.FirstUs < QuietUs)
                {
                    _recent[(entry.Code, entry.Subject)] = (seen.FirstUs, seen.Repeats + 1);
                    return;
                }

                repeated = seen.Repeats == 0
                    ? string.Empty
                    : string.Create(CultureInfo.InvariantCulture, $" ({seen.Repeats} more since then)");
            }

            _recent[(entry.Code, entry.Subject)] = (entry.NowUs, 0);
            FaultEntry fault = FaultCatalogue.Default[entry.Code];
            string stamp = _time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            _writer.WriteLine(
                $"{stamp} {fault.Severity.ToString().ToLowerInvariant()} {entry.Code} {fault.Happened.In(_language)} {entry.What}{repeated} | {fault.Do.In(_language)}");
            _writer.Flush();
        }
    }

    /// <summary>A line without a code, for what is neither error nor warning.</summary>
    /// <param name="text">The line.</param>
    public void Say(string text)
    {
        lock (_recent)
        {
            _writer.WriteLine(text);
            _writer.Flush();
        }
    }
}
