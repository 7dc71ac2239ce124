using System.Collections.Generic;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Delivery;

/// <summary>Takes consumers' receipts: journals what can be true, and says once in health what cannot.</summary>
internal sealed class ReceiptIntake(
    SessionProjection sessions, DeliveryProgress progress, Consumers consumers, JournalWriter journal, SyncWaiters waiters, HealthIssues issues, CodedLog log)
{
    /// <summary>Most consumers whose untrue receipts stand as issues at once; those of further ones are only logged.</summary>
    private const int MaxUntrue = 16;

    /// <summary>Receipts taken in since the start.</summary>
    public long Taken { get; private set; }

    /// <summary>Takes one.</summary>
    /// <param name="call">On <c>session/{id}/receipt</c>.</param>
    public void On(in SessionCall call)
    {
        string sessionId = call.Levels[1];
        SessionRequest request = call.Request;
        Session? session = sessions.FindById(sessionId);
        if (request.Problem is not null || !Names.IsValid(request.Consumer) || session is null || !request.HasStreams)
        {
            string why = request.Problem ?? (session is null ? "no such session" : "consumer and streams are needed");
            log.Write(FaultCodes.ReceiptRefused, "receipt for session " + LogText.Shown(sessionId) + ": " + why, sessions.SubjectOf(sessionId));
            call.Acknowledge();
            return;
        }

        HealthSubject listener = HealthSubject.Listener(request.Consumer!);
        if (Problem(session, request.Streams) is { } untrue)
        {
            // Sent once until one of its receipts is taken in again, or none has come for long. Names are free to choose, so they take a few places at most.
            string what = "session " + sessionId + ": " + untrue;
            if (issues.Stands(FaultCodes.ReceiptUntrue, listener) || issues.Of(FaultCodes.ReceiptUntrue).Count < MaxUntrue)
            {
                issues.Raise(FaultCodes.ReceiptUntrue, listener, what);
            }
            else
            {
                log.Write(FaultCodes.ReceiptUntrue, request.Consumer + ", " + what, listener);
            }

            call.Acknowledge();
            return;
        }

        consumers.Seen(request.Consumer!, asksForAll: false);
        if (waiters.IsFull || !journal.TryAppend(JournalRecordType.Receipt, new ReceiptRecord(session.Number, request.Consumer!, request.Streams).Encode(), out _))
        {
            // Acknowledged all the same: an acknowledgement that never comes would hold back all that this connection sends after it, STOP included.
            // Receipts say all that the consumer has, so the next one makes up for it.
            log.Write(FaultCodes.ReceiptRefused, "receipt for session " + LogText.Shown(sessionId) + ": the journal takes no records now", sessions.SubjectOf(sessionId));
            call.Acknowledge();
            return;
        }

        issues.Clear(FaultCodes.ReceiptUntrue, listener);
        Taken++;
        waiters.AfterSync(call.Acknowledge);
    }

    /// <summary>What makes a receipt untrue: nobody has what was never sent, and nobody has seen what he has not received.</summary>
    private string? Problem(Session session, List<ReceiptStream> streams)
    {
        SortedSet<StreamKey> known = [];
        foreach (ReceiptStream stream in streams)
        {
            uint sent = progress.SentThrough(new DeliveryKey(session.Number, stream.Key));
            string? problem = !known.Add(stream.Key) ? "twice in one receipt"
                : sent == 0 ? "nothing of it was sent to this session"
                : stream.Through > sent ? "through " + Invariant.Text(stream.Through) + " is above what was sent, " + Invariant.Text(sent)
                : stream.Seen > stream.Through ? "seen " + Invariant.Text(stream.Seen) + " is above through " + Invariant.Text(stream.Through)
                : null;
            if (problem is not null)
            {
                return ReadingJson.StreamText(stream.Key) + ": " + problem;
            }
        }

        return null;
    }
}
