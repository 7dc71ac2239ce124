using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using EdgeGateway.Core;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>
/// One line an entry, as technicians read it on stderr: UTC, severity, code, what happened here, how many were held back, and the next step, in the configured language.
/// Whatever a stranger put into it stays on its line.
/// </summary>
internal sealed class FaultConsoleFormatter : ConsoleFormatter
{
    /// <summary>Its name among the console's formatters.</summary>
    public const string FormatterName = "cart-gateway";

    private readonly string _language;
    private readonly TimeProvider _time;

    /// <summary>Makes the formatter.</summary>
    /// <param name="options">Has the language.</param>
    /// <param name="time">Stamps the lines.</param>
    public FaultConsoleFormatter(IOptions<GatewayHostOptions> options, TimeProvider time)
        : base(FormatterName)
    {
        _language = options.Value.Language;
        _time = time;
    }

    /// <inheritdoc/>
    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        string stamp = _time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        string what = string.Empty;
        long repeats = 0, heldBack = 0;
        if (logEntry.State is IReadOnlyList<KeyValuePair<string, object?>> values)
        {
            foreach ((string name, object? value) in values)
            {
                switch (name)
                {
                    case "What":
                        what = value as string ?? string.Empty;
                        break;
                    case "Repeats":
                        repeats = value as long? ?? 0;
                        break;
                    case "HeldBack":
                        heldBack = value as long? ?? 0;
                        break;
                }
            }
        }

        if (logEntry.EventId.Name is { } code && FaultCatalogue.Default.Find(code) is { } fault)
        {
            string held = Held(repeats, " more since then") + Held(heldBack, " more of this code held back");
            textWriter.WriteLine(
                $"{stamp} {fault.Severity.ToString().ToLowerInvariant()} {code} {fault.Happened.In(_language)} {LogText.OneLine(what)}{held} | {fault.Do.In(_language)}");
            return;
        }

        string text = logEntry.Formatter(logEntry.State, logEntry.Exception);
        string exception = logEntry.Exception is { } thrown ? " " + thrown.GetType().Name + ": " + thrown.Message : string.Empty;
        textWriter.WriteLine($"{stamp} {logEntry.LogLevel.ToString().ToLowerInvariant()} {logEntry.Category} {LogText.OneLine(text + exception)}");
    }

    private static string Held(long count, string what) => count == 0 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $" ({count}{what})");
}
