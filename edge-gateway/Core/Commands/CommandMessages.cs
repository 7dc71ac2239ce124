using EdgeGateway.Core.Health;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;

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
            targets.Acts.Record(new Act(ActNames.MessageRefused, call.Actor.Author(call.Client)) { From = ActNames.FromMqtt, Code = notUnderstood });
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
        GatewayCommand? command = GatewayCommands.Find(topic, verb);
        Act act = new(command?.Act ?? ActNames.MessageRefused, call.Actor.Author(call.Client)) { From = ActNames.FromMqtt, Session = session };
        if (command is not null && !call.Actor.May(command.RightFromSession))
        {
            targets.Acts.Record(act with { Code = FaultCodes.RoleLacksRight });
            replies.Send(to, session, verb, FaultCodes.RoleLacksRight, RoleRights.Word(call.Actor.Role) + " may not " + command.Name);
            return;
        }

        (CommandRun? run, string? problem) = command is not null
            ? command.ReadFromSession(new CommandCall(to.Id, session, call.Payload, IsOfSession: true, clock.NowUs, call.ExpirySeconds) { Actor = call.Actor })
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
