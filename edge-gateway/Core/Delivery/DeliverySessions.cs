using EdgeGateway.Core.Sessions;

namespace EdgeGateway.Core.Delivery;

/// <summary>Begins the delivery of sessions anew when the connection is gone, and ends it when there is nothing to send or the session is forgotten.</summary>
internal sealed class DeliverySessions(
    SessionProjection sessions, DeliveryCursors cursors, DeliveryWindow window, StreamHolds holds, StreamIssues issues, SentMarks marks, AnswerTimeouts timeouts, LossDeclarations losses)
{
    /// <summary>The connection is gone: nothing is in flight, and nothing is known of subscribers.</summary>
    public void Restart()
    {
        foreach (SessionDelivery state in cursors.Sessions.Values)
        {
            foreach (StreamDelivery stream in state.Streams.Values)
            {
                holds.Unhold(stream);
                window.ForgetUnanswered(stream);
                stream.Confirm(false);
                stream.Probes = 0;
                stream.HighWaterMark = 0;
                stream.IsBehind = false;
            }

            cursors.Restart(state);
            issues.ReportSubscribers(state);
        }
    }

    /// <summary>A session that is closed and sent needs no state: forgets one.</summary>
    public void ForgetDone()
    {
        uint done = 0;
        foreach (SessionDelivery state in cursors.Sessions.Values)
        {
            if (!cursors.IsPending(state.Number) && sessions.Find(state.Number) is not { IsOpen: true } && state.Slots == 0)
            {
                done = state.Number;
                break;
            }
        }

        if (done != 0)
        {
            Forget(done);
        }
    }

    /// <summary>Readings of a session that are never going to be sent, because it is about to be forgotten.</summary>
    public void Abandon(uint session)
    {
        losses.Abandon(session);
        Forget(session);
    }

    /// <summary>Readings of a session that nobody fetched in time: all but gap records are declared as lost. The gap records go on waiting.</summary>
    public void Expire(uint session)
    {
        Forget(session);
        losses.Expire(session);
    }

    /// <summary>Takes a session's state away. Late answers find no place.</summary>
    private void Forget(uint number)
    {
        if (cursors.Sessions.TryGetValue(number, out SessionDelivery? state))
        {
            foreach (StreamDelivery stream in state.Streams.Values)
            {
                holds.Unhold(stream);
                window.ForgetUnanswered(stream);
                issues.Clear(stream);
                stream.Confirm(false);
                marks.ForgetAside(stream);
                timeouts.EndYield(stream);
            }

            issues.ReportSubscribers(state);
            cursors.Sessions.Remove(number);
        }
    }
}
