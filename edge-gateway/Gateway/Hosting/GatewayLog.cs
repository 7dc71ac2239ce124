using System;
using System.Globalization;
using EdgeGateway.Core;
using EdgeGateway.Core.Health;
using Microsoft.Extensions.Logging;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>
/// The log of the gateway's logic as an <see cref="ILogger"/>: the event id is the code's number, its name the code, the level follows the severity. A repeated line is held back per
/// code and subject (<see cref="RepeatedLines"/>). Any thread.
/// </summary>
internal sealed partial class GatewayLog : IGatewayLog
{
    /// <summary>The category of all that this process logs.</summary>
    public const string Category = "CartGateway";

    private readonly ILogger _logger;

    /// <summary>Makes the adapter.</summary>
    /// <param name="loggers">Makes its logger.</param>
    public GatewayLog(ILoggerFactory loggers) => _logger = loggers.CreateLogger(Category);

    /// <summary>Which lines are held back.</summary>
    internal RepeatedLines Repeated { get; } = new();

    /// <inheritdoc/>
    public void Write(in GatewayLogEntry entry)
    {
        if (Repeated.TryPass(entry, out long repeats, out long heldBack))
        {
            string what = LogText.OneLine(entry.What), subject = Of(entry.Subject);
            if (!int.TryParse(entry.Code.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int number) || !FaultLog.TryWrite(_logger, number, what, subject, repeats, heldBack))
            {
                Unlisted(_logger, entry.Code, what, subject, repeats, heldBack);
            }
        }
    }

    [LoggerMessage(EventId = 0, Level = LogLevel.Error, Message = "{Code} {What} ({Subject}; held back: {Repeats}, of this code {HeldBack})")]
    private static partial void Unlisted(ILogger logger, string code, string what, string subject, long repeats, long heldBack);

    private static string Of(HealthSubject subject) =>
        subject.Kind == HealthSubjectKind.Gateway ? "gateway" : subject.Kind.ToString().ToLowerInvariant() + " " + LogText.OneLine(subject.Name ?? string.Empty);
}
