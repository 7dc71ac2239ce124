using System;
using System.Globalization;
using System.Threading;
using EdgeGateway.Core;
using EdgeGateway.Core.Health;
using Microsoft.Extensions.Logging;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>
/// The log of the gateway's logic as an <see cref="ILogger"/>: the event id is the code's number, its name the code, the level follows the severity. A repeated line is held back per
/// code and subject (<see cref="RepeatedLines"/>); how many were is written with the next line, or when the quiet time is over, or at the stop, whichever comes first. Any thread.
/// </summary>
internal sealed partial class GatewayLog : IGatewayLog, IDisposable
{
    /// <summary>The category of all that this process logs.</summary>
    public const string Category = "CartGateway";

    private static readonly TimeSpan Quiet = TimeSpan.FromMicroseconds(RepeatedLines.QuietUs);

    private readonly Lock _gate = new();
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private long _lastUs; // of the newest entry, by the loop's clock
    private long _lastAt; // the same moment by ours
    private bool _isArmed;

    /// <summary>Makes the adapter.</summary>
    /// <param name="loggers">Makes its logger.</param>
    /// <param name="time">The clock for the end of a quiet time.</param>
    public GatewayLog(ILoggerFactory loggers, TimeProvider time)
    {
        _logger = loggers.CreateLogger(Category);
        _time = time;
        _timer = time.CreateTimer(_ => OnQuietOver(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Which lines are held back.</summary>
    internal RepeatedLines Repeated { get; } = new();

    /// <inheritdoc/>
    public void Write(in GatewayLogEntry entry)
    {
        lock (_gate)
        {
            (_lastUs, _lastAt) = (entry.NowUs, _time.GetTimestamp());
        }

        if (Repeated.TryPass(entry, out long repeats, out long heldBack))
        {
            Write(entry.Code, entry.What, entry.Subject, repeats, heldBack);
        }
        else
        {
            Arm();
        }
    }

    /// <summary>Writes what is still held back: nothing comes after it.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        WriteHeldBack(long.MaxValue);
    }

    private void OnQuietOver()
    {
        long nowUs;
        lock (_gate)
        {
            _isArmed = false;
            nowUs = _lastUs + (_time.GetElapsedTime(_lastAt).Ticks / TimeSpan.TicksPerMicrosecond);
        }

        WriteHeldBack(nowUs);
        if (Repeated.HoldsBack)
        {
            Arm();
        }
    }

    private void WriteHeldBack(long nowUs)
    {
        foreach ((string code, HealthSubject subject, long repeats, long heldBack) in Repeated.TakeHeldBack(nowUs))
        {
            Write(code, string.Empty, subject, repeats, heldBack);
        }
    }

    private void Arm()
    {
        lock (_gate)
        {
            if (!_isArmed)
            {
                _isArmed = true;
                _timer.Change(Quiet, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Write(string code, string text, HealthSubject about, long repeats, long heldBack)
    {
        string what = LogText.OneLine(text), subject = Of(about);
        if (!int.TryParse(code.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int number) || !FaultLog.TryWrite(_logger, number, what, subject, repeats, heldBack))
        {
            Unlisted(_logger, code, what, subject, repeats, heldBack);
        }
    }

    [LoggerMessage(EventId = 0, Level = LogLevel.Error, Message = "{Code} {What} ({Subject}; held back: {Repeats}, of this code {HeldBack})")]
    private static partial void Unlisted(ILogger logger, string code, string what, string subject, long repeats, long heldBack);

    private static string Of(HealthSubject subject) =>
        subject.Kind == HealthSubjectKind.Gateway ? "gateway" : subject.Kind.ToString().ToLowerInvariant() + " " + LogText.OneLine(subject.Name ?? string.Empty);
}
