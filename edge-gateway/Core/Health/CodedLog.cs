using EdgeGateway.Core.Time;

namespace EdgeGateway.Core.Health;

/// <summary>Writes coded lines into the host's log, if there is one.</summary>
internal sealed class CodedLog(IGatewayLog? log, GatewayClock clock)
{
    /// <summary>Writes one line.</summary>
    /// <param name="code">A code of hardware/faults.json.</param>
    /// <param name="what">What happened here: place and numbers, English; made one line.</param>
    /// <param name="subject">What it is about: repeated lines are held back for each subject by itself.</param>
    public void Write(string code, string what, HealthSubject subject) => log?.Write(new GatewayLogEntry(code, LogText.OneLine(what), clock.NowUs, subject));

    /// <summary>Writes the line of an issue as the issues word it.</summary>
    /// <param name="code">Its code.</param>
    /// <param name="subject">What it is about.</param>
    /// <param name="what">What happened.</param>
    /// <param name="ended">The code of the issue that has ended; else empty.</param>
    public void WriteIssue(string code, HealthSubject subject, string what, string ended) => log?.Write(new GatewayLogEntry(code, what, clock.NowUs, subject, ended));
}
