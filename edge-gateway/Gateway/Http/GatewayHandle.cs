using System;
using System.Globalization;
using System.Net;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Core.Commands;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Gateway.Security;
using EdgeGateway.Mqtt;
using Microsoft.AspNetCore.Http;

namespace EdgeGateway.Gateway.Http;

/// <summary>A gateway as its HTTP side reaches it: handlers post to the loop and wait for its answer.</summary>
/// <param name="Loop">The loop that owns the logic.</param>
/// <param name="Core">The logic, null while it does not run (a simulated one that is killed and starts again); asked on the loop.</param>
public sealed record GatewayHandle(IMqttLoop Loop, Func<GatewayCore?> Core)
{
    /// <summary>"en" or "fr"; a request's Accept-Language that likes the other one better wins.</summary>
    public string Language { get; init; } = "en";

    /// <summary>Who may use the pages and the WebSocket.</summary>
    public GatewayWebOptions Web { get; init; } = new();

    /// <summary>The clock for closing times.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The log, or null for none.</summary>
    public IGatewayLog? Log { get; init; }

    /// <summary>STOP's own path to the loop; null for the loop's queue.</summary>
    public StopLatch? Stop { get; init; }

    /// <summary>Who may do what; null where no accounts are set up.</summary>
    internal AccessControl? Access { get; init; }

    /// <summary>The bounds of connections and requests in progress; null for none.</summary>
    internal HttpConnections? Connections { get; init; }

    /// <summary>Who sends a request: the one place where an act by HTTP gets its actor.</summary>
    /// <param name="context">The request.</param>
    /// <returns>Who; <see cref="Actor.Unprotected"/> where no accounts are set up.</returns>
    internal Actor ActorOf(HttpContext context) => Access?.ActorOf(context) ?? Actor.Unprotected;

    /// <summary>The language of an answer.</summary>
    /// <param name="context">The request.</param>
    /// <returns>"en" or "fr".</returns>
    internal string LanguageOf(HttpContext context) => LanguageOf(context.Request.Headers.AcceptLanguage.ToString(), Language);

    /// <summary>The language that is liked best of the two (RFC 9110, 12.5.4), else the configured one.</summary>
    /// <param name="wanted">An Accept-Language header; may be empty.</param>
    /// <param name="configured">"en" or "fr".</param>
    /// <returns>"en" or "fr".</returns>
    internal static string LanguageOf(string wanted, string configured)
    {
        string best = configured;
        double bestWeight = 0;
        foreach (string range in wanted.Split(','))
        {
            string[] parts = range.Split(';');
            string name = parts[0].Trim();
            string? language = name.StartsWith("fr", StringComparison.OrdinalIgnoreCase) ? "fr" : name.StartsWith("en", StringComparison.OrdinalIgnoreCase) ? "en" : null;
            double weight = 1;
            foreach (string part in parts[1..])
            {
                string parameter = part.Trim();
                if (parameter.StartsWith("q=", StringComparison.OrdinalIgnoreCase)
                    && !double.TryParse(parameter.AsSpan(2), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out weight))
                {
                    weight = 0;
                }
            }

            if (language is not null && weight > bestWeight)
            {
                best = language;
                bestWeight = weight;
            }
        }

        return best;
    }

    /// <summary>Logs a code of the HTTP side.</summary>
    /// <param name="code">The code.</param>
    /// <param name="text">What happened here; may be empty.</param>
    internal void Write(string code, string text) => Log?.Write(new GatewayLogEntry(code, text, Loop.NowUs));

    /// <summary>Writes who asked for what by HTTP into the trail, on the loop; a loop that takes nothing more loses it, as it loses the request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="what">One of <see cref="ActNames"/>, or a command's.</param>
    /// <param name="session">The session; empty for none.</param>
    /// <param name="subject">What it was done to; may be empty.</param>
    /// <param name="code">Why it was refused; empty when it was done.</param>
    internal void Record(HttpContext context, string what, string session = "", string subject = "", string code = "")
    {
        IPAddress? remote = context.Connection.RemoteIpAddress;
        ActAuthor author = Access is { } access ? access.ActorOf(context).Author(string.Empty) : new(remote is not null && IPAddress.IsLoopback(remote) ? AuthorKind.Local : AuthorKind.Listener, string.Empty);
        Act act = new(what, author)
        { From = (remote is { IsIPv4MappedToIPv6: true } ? remote.MapToIPv4() : remote)?.ToString() ?? string.Empty, Session = session, Subject = subject, Code = code };
        Loop.TryPost(() => Core()?.Commands.Acts.Record(act));
    }

    /// <summary>Posts work that one caller waits for: what it throws is that caller's, and the loop goes on.</summary>
    /// <typeparam name="T">What is waited for.</typeparam>
    /// <param name="waiting">Gets the exception. When it is answered already, the exception is in the log alone.</param>
    /// <param name="work">The work.</param>
    /// <returns>False when the loop takes no more work.</returns>
    internal bool TryPost<T>(TaskCompletionSource<T> waiting, Action work) => Loop.TryPost(() =>
    {
        try
        {
            work();
        }
        catch (Exception exception)
        {
            if (!waiting.TrySetException(exception))
            {
                Write(FaultCodes.RequestHandlerFailed, TextOf(exception));
            }
        }
    });

    /// <summary>An exception as the log has it.</summary>
    /// <param name="exception">The exception.</param>
    /// <returns>Its type and message.</returns>
    internal static string TextOf(Exception exception) => exception.GetType().Name + ": " + LogText.Shown(exception.Message);
}
