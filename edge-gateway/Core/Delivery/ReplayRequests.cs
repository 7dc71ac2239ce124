using System.Collections.Generic;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Delivery;

/// <summary>Takes requests for a replay.</summary>
internal sealed class ReplayRequests(SessionProjection sessions, DeliveryProjection delivery, Replays replays, Consumers consumers, SessionReplies replies, CodedLog log)
{
    /// <summary>Takes one.</summary>
    /// <param name="call">On <c>session/{id}/replay</c>.</param>
    public void On(in SessionCall call)
    {
        SessionRequest request = call.Request;
        if (Names.IsValid(request.Id))
        {
            Begin(call.Levels[1], request);
        }
        else
        {
            log.Write(FaultCodes.ReplayRefused, "a replay request without a valid id", sessions.SubjectOf(call.Levels[1]));
        }

        call.Acknowledge();
    }

    private void Begin(string sessionId, SessionRequest request)
    {
        Session? session = sessions.FindById(sessionId);
        if (request.Problem is not null || !Names.IsValid(request.Consumer) || session is null)
        {
            string why = request.Problem ?? (session is null ? "no such session" : "consumer is 1 to 64 of A-Z a-z 0-9 '_' '-'");
            replies.Send(request.AnswerTo, sessionId, "replay", FaultCodes.ReplayRefused, why);
            return;
        }

        consumers.Seen(request.Consumer!, asksForAll: true);
        SortedDictionary<StreamKey, ReceiptStream> has = [];
        if (request.HasStreams)
        {
            foreach (ReceiptStream stream in request.Streams)
            {
                has[stream.Key] = stream;
            }
        }
        else if (delivery.Receipt(session.Number, request.Consumer!) is { } receipt)
        {
            foreach ((StreamKey key, ReceiptStream stream) in receipt)
            {
                has[key] = stream;
            }
        }

        if (!replays.TryBegin(request.AnswerTo, session, request.Consumer!, has))
        {
            replies.Send(request.AnswerTo, sessionId, "replay", FaultCodes.ReplayRefused, "too many replays are running");
        }
    }
}
