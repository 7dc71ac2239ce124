using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Cuff;

/// <summary>What somebody elsewhere asks for that would inflate the cuff.</summary>
/// <param name="AtUtcUs">When it was given, µs since 1970; null when it does not say.</param>
/// <param name="SaysOff">True when it says that the cuff is off the arm, which nobody elsewhere can know.</param>
internal readonly record struct AirRequest(long? AtUtcUs, bool SaysOff);

/// <summary>Makes what would inflate the cuff, asked from elsewhere, a request to the bedside. No air moves from here.</summary>
internal sealed class AirRequests(SessionControl sessions, CuffControl cuff, BedsideRequests requests, SyncWaiters waiters, GatewayClock clock)
{
    /// <summary>Takes one.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="id">The request's id.</param>
    /// <param name="session">The session it names; may be empty for a self test.</param>
    /// <param name="isTest">True for the self test.</param>
    /// <param name="expirySeconds">Its Message Expiry; null for none.</param>
    /// <returns>G2320 when it waits for the nurse, else why it does not.</returns>
    public SessionResult Ask(AirRequest request, string id, string session, bool isTest, uint? expirySeconds)
    {
        if (request.SaysOff)
        {
            return new SessionResult(FaultCodes.CuffOffFromElsewhere, "cuffOffTheArm can be said at the bedside only", session);
        }

        if (CommandAge.Refused(request.AtUtcUs, expirySeconds, clock.Utc) is { } tooOld)
        {
            return new SessionResult(tooOld.Code, tooOld.Text, session);
        }

        if (waiters.IsFull)
        {
            return new SessionResult(FaultCodes.TooManyRequestsWaiting, SyncWaiters.FullText, session);
        }

        SessionResult? refused = isTest ? null : sessions.NotOpen(session);
        if ((refused ?? cuff.Missing(session, mustConnect: false)) is { } why)
        {
            return why;
        }

        (string code, string text) = requests.Add(id, isTest ? BedsideAction.SelfTest : BedsideAction.Measure);
        return new SessionResult(code, text, session);
    }
}
