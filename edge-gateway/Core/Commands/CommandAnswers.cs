using System;
using System.Collections.Generic;
using EdgeGateway.Core.Records;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Commands;

/// <summary>Answers commands of the session's side, each id once: who sends it again gets the first answer again, and nothing is done twice.</summary>
internal sealed class CommandAnswers(AnsweredCommands answered, JournalWriter journal, SyncWaiters waiters, SessionReplies replies)
{
    private readonly SortedSet<string> _answering = new(StringComparer.Ordinal);

    /// <summary>True when a command must not be done again: its first answer goes out once more, or is on its way.</summary>
    /// <param name="topic">Where it came.</param>
    /// <param name="to">Where its answer goes.</param>
    public bool WasAnswered(CommandTopic topic, in ReplyAddress to)
    {
        if (answered.Find(topic, to.Id) is { } first)
        {
            replies.Send(to, first.Session, first.Command, first.Code, first.Text);
            return true;
        }

        return _answering.Contains(Key(topic, to.Id));
    }

    /// <summary>A command is being done; until it is answered its id is not taken again.</summary>
    /// <param name="topic">Where it came.</param>
    /// <param name="id">Its id.</param>
    public void Begin(CommandTopic topic, string id) => _answering.Add(Key(topic, id));

    /// <summary>A command ended without an answer: its id may be used again.</summary>
    /// <param name="topic">Where it came.</param>
    /// <param name="id">Its id.</param>
    public void Abandon(CommandTopic topic, string id) => _answering.Remove(Key(topic, id));

    /// <summary>
    /// Answers a command that was understood, and remembers the answer unless it was "not now": then asking again is asking for the first time. What had an effect on the
    /// cuff is journaled first, and said when it is on the disk: after a restart the same id must find the same answer.
    /// </summary>
    /// <param name="topic">Where it came.</param>
    /// <param name="to">Where its answer goes.</param>
    /// <param name="session">The session it named.</param>
    /// <param name="command">Its word.</param>
    /// <param name="code">Null when it was done.</param>
    /// <param name="text">What is said; may be empty.</param>
    public void End(CommandTopic topic, ReplyAddress to, string session, string command, string? code, string text)
    {
        _answering.Remove(Key(topic, to.Id));
        CommandAnsweredRecord answer = new(topic, to.Id, command, session, code, text);
        if (topic == CommandTopic.Cuff && (code is null or FaultCodes.BedsideRequestWaiting) && journal.TryAppend(JournalRecordType.CommandAnswered, answer.Encode(), out _))
        {
            waiters.AfterSync(() => replies.Send(to, session, command, code, text));
            return;
        }

        if (code is not (FaultCodes.SessionCommandNotNow or FaultCodes.TooManyRequestsWaiting))
        {
            answered.Remember(answer);
        }

        replies.Send(to, session, command, code, text);
    }

    private static string Key(CommandTopic topic, string id) => Invariant.Text((int)topic) + "/" + id;
}
