using System;
using EdgeGateway.Core;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Http;
using Microsoft.Extensions.Logging;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>
/// Gives the web server's own errors a code: each becomes a line of the gateway's log, where repeats are counted and held back like all others. What the server says before the
/// gateway has started is left to the refusal that ends the start.
/// </summary>
/// <param name="gateway">The gateway, asked for when there is something to say, since it has a log itself; null before it has started.</param>
internal sealed class WebServerFaults(Func<GatewayHandle?> gateway) : ILoggerProvider
{
    /// <summary>What the names of the server's own loggers begin with.</summary>
    public const string Prefix = "Microsoft.AspNetCore.Server.Kestrel";

    /// <summary>Whether a line is one of these.</summary>
    /// <param name="category">The logger's name.</param>
    /// <param name="level">The line's level.</param>
    public static bool Covers(string? category, LogLevel level) => level >= LogLevel.Error && category?.StartsWith(Prefix, StringComparison.Ordinal) == true;

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Line(gateway, categoryName);

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private sealed class Line(Func<GatewayHandle?> gateway, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => Covers(category, logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            string thrown = exception is null ? string.Empty : " " + GatewayHandle.TextOf(exception);
            try
            {
                gateway()?.Write(FaultCodes.WebServerFailed, LogText.Shown(formatter(state, exception)) + thrown);
            }
            catch (ObjectDisposedException)
            {
                // The process ends: there is no log any more.
            }
        }
    }
}
