using System;
using System.IO;
using EdgeGateway.Core;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Gateway.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Gateway.Tests.Hosting;

/// <summary>Logs into a text as the console would, by the program's own formatter.</summary>
internal sealed class LineProvider(TextWriter writer, string language, TimeProvider? time = null) : ILoggerProvider
{
    private readonly FaultConsoleFormatter _formatter = new(
        Options.Create(new GatewayHostOptions { Core = new GatewayOptions { CartId = "C1", GatewayId = 1 }, JournalDirectory = ".", Language = language }), time ?? TimeProvider.System);

    public static ILoggerFactory Factory(TextWriter writer, string language = "en", TimeProvider? time = null) =>
        LoggerFactory.Create(b => b.AddProvider(new LineProvider(writer, language, time)));

    public ILogger CreateLogger(string categoryName) => new Lines(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Lines(LineProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (provider.Writer)
            {
                provider._formatter.Write(new LogEntry<TState>(logLevel, category, eventId, state, exception, formatter), null, provider.Writer);
            }
        }
    }

    private TextWriter Writer { get; } = writer;
}
