using System;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Sound;

/// <summary>What listeners say of sound: which site they ask for, how far they are, what they heard of the test pulses, and whether a clip is usable.</summary>
internal sealed class ListenerMessages(SessionProjection sessions, Consumers consumers, StethoscopeSession stethoscope, LiveSound live, Clips clips, SyncWaiters waiters, GatewayClock clock, CodedLog log)
{
    /// <summary>Takes one.</summary>
    /// <param name="call">On a topic of <see cref="SessionTopicKind.Listener"/>.</param>
    public void On(in SessionCall call)
    {
        string sessionId = call.Levels[1];
        ReadOnlySpan<string> below = call.Levels.AsSpan(2);
        SoundRequest request = SoundRequest.Read(call.Payload);
        string? problem = request.Problem
            ?? (sessions.FindById(sessionId) is null ? "no such session" : Names.IsValid(request.Consumer) ? null : "consumer is 1 to 64 of A-Z a-z 0-9 '_' '-'");
        if (problem is null)
        {
            consumers.Seen(request.Consumer!, asksForAll: false);
        }

        bool isOpen = sessions.Open is { } open && string.Equals(open.Id, sessionId, StringComparison.Ordinal);
        if (problem is null && below is ["clip", { } clipId, "mark"])
        {
            problem = MarkProblem(sessionId, clipId, request);
            if (problem is null)
            {
                waiters.AfterSync(call.Acknowledge);
                return;
            }
        }
        else if (problem is null && isOpen && below is ["request"])
        {
            // Another request than for a site is somebody else's.
            if (request.HasPlace)
            {
                stethoscope.Request(request.Place, request.By);
            }
        }
        else if (problem is null && isOpen && below is ["listening"])
        {
            live.Report(request.Consumer!, new StreamKey(request.Device, 0, request.Stream), request.Number, request.Lost, clock.NowUs);
        }
        else if (problem is null && isOpen && below is ["listener-check"])
        {
            stethoscope.Check(request.Consumer!, request.Bands);
        }

        if (problem is not null)
        {
            string what = "from a listener of session " + LogText.Shown(sessionId) + " on " + LogText.Shown(string.Join('/', below!)) + ": " + problem;
            log.Write(FaultCodes.ListenerReportNotUnderstood, what, sessions.SubjectOf(sessionId));
        }

        call.Acknowledge();
    }

    private string? MarkProblem(string sessionId, string clipId, SoundRequest request) =>
        request.Usable is not { } usable ? "usable is true or false"
        : waiters.IsFull ? "too many requests wait for the disk"
        : clips.TryMark(sessionId, clipId, usable, request.By)?.Text;
}
