using EdgeGateway.Core.Health;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Core.Trail;

namespace EdgeGateway.Core.Commands;

/// <summary>Commands by MQTT: the loop over <see cref="GatewayCommands"/> for the session's side.</summary>
internal sealed class CommandMessages(CommandTargets targets, CommandAnswers answers, SessionReplies replies, GatewayClock clock, CodedLog log)
{
    /// <summary>Takes one.</summary>
    /// <param name="call">On a topic of <see cref="SessionTopicKind.Command"/>.</param>
    public void On(in SessionCall call)
    {
        Do(call.Topic.Command, call);
        call.Acknowledge();
    }

    private void Do(CommandTopic topic, in SessionCall call)
    {
        SessionRequest request = call.Request;
        (string notUnderstood, string words) = GatewayCommands.NotUnderstoodOn(topic);
        if (!Names.IsValid(request.Id))
        {
            string why = request.Problem ?? "id is 1 to 64 of A-Z a-z 0-9 '_' '-'";
            targets.Acts.Record(new Act(ActNames.MessageRefused, call.Who) { From = ActNames.FromMqtt, Code = notUnderstood });
            log.Write(notUnderstood, "a command on " + string.Join('/', call.Levels) + " without a valid id: " + why, HealthSubject.Gateway);
            return;
        }

        ReplyAddress to = request.AnswerTo;
        if (answers.WasAnswered(topic, to))
        {
            return;
        }

        string session = Names.Word(request.Session);
        string verb = Names.Word(request.Command);
        GatewayCommand? row = GatewayCommands.Find(topic, verb);
        Act act = new(row?.Act ?? ActNames.MessageRefused, call.Who) { From = ActNames.FromMqtt, Session = session };
        (CommandRun? run, string? problem) = row is { } command
            ? command.ReadFromSession(new CommandCall(to.Id, session, call.Payload, IsOfSession: true, clock.NowUs, call.ExpirySeconds))
            : (null, words);
        if (run is null || request.Problem is not null)
        {
            targets.Acts.Record(act with { Code = notUnderstood });
            replies.Send(to, session, verb, notUnderstood, request.Problem ?? problem ?? string.Empty);
            return;
        }

        answers.Begin(topic, to.Id);
        try
        {
            run(targets, result =>
            {
                targets.Acts.Record(act with { Code = result.Code ?? string.Empty });
                answers.End(topic, to, session, verb, result.Code, result.Text);
            });
        }
        catch
        {
            answers.Abandon(topic, to.Id);
            throw;
        }
    }
}
