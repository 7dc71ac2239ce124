using System;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core.Commands;

/// <summary>Takes what one kind of topic is for.</summary>
/// <param name="call">The message.</param>
internal delegate void SessionHandler(in SessionCall call);

/// <summary>
/// What comes from the session's side: commands, receipts, requests. From there no air moves: what would inflate the cuff becomes a request that the bedside
/// shows; a stop is obeyed whatever stands around it, unless it is retained; and nothing that a broker kept is obeyed.
/// </summary>
internal sealed class SessionMessages
{
    private readonly GatewayLife _life;
    private readonly CuffStop _stop;
    private readonly SessionReplies _replies;
    private readonly ActRecorder _acts;
    private readonly CodedLog _log;
    private readonly string _topicRoot;

    /// <summary>Makes it.</summary>
    /// <param name="life">Whether the gateway runs.</param>
    /// <param name="stop">Stops the cuff.</param>
    /// <param name="replies">Answers.</param>
    /// <param name="acts">Who stopped, and what was refused, for the trail.</param>
    /// <param name="log">The log.</param>
    /// <param name="topicRoot"><c>cart/{cartId}/</c>.</param>
    public SessionMessages(GatewayLife life, CuffStop stop, SessionReplies replies, ActRecorder acts, CodedLog log, string topicRoot)
    {
        _life = life;
        _stop = stop;
        _replies = replies;
        _acts = acts;
        _log = log;
        _topicRoot = topicRoot;
    }

    /// <summary>Messages on topics that are none of the gateway's, since the start.</summary>
    public long RefusedCount { get; private set; }

    /// <summary>The client of the gateway's own server whose message is handled just now; empty for the external broker.</summary>
    public string Client { private get; set; } = string.Empty;

    /// <summary>Takes commands.</summary>
    public required SessionHandler Commands { private get; init; }

    /// <summary>Takes receipts.</summary>
    public required SessionHandler Receipts { private get; init; }

    /// <summary>Takes requests for a replay.</summary>
    public required SessionHandler Replays { private get; init; }

    /// <summary>Takes what listeners say of sound.</summary>
    public required SessionHandler Listeners { private get; init; }

    /// <summary>True for a topic that is for the gateway.</summary>
    /// <param name="topic">The whole topic.</param>
    public bool Takes(string topic) => topic.StartsWith(_topicRoot, StringComparison.Ordinal) && SessionTopics.Of(topic[_topicRoot.Length..].Split('/')) is not null;

    /// <summary>A stop, before anything else is asked: not whether the gateway runs, whether the message is understood, or whether its id was seen.</summary>
    /// <param name="message">Any message of anybody.</param>
    /// <returns>True when it was one, and was obeyed.</returns>
    public bool TryStop(in MqttMessage message)
    {
        if (message.Retain || _life.State is GatewayState.Created or GatewayState.Opening or GatewayState.Stopped
            || !IsCuffTopic(message.Topic) || !StopWord.IsIn(message.Payload.Span))
        {
            return false;
        }

        _stop.Now();
        SessionRequest request = Read(message);
        Record(ActNames.CuffStop, Actor.Broker, request, string.Empty);
        if (!_life.IsRunning || !Names.IsValid(request.Id))
        {
            _log.Write(FaultCodes.StopObeyedUnanswered, request.Problem ?? "without a valid id", HealthSubject.Gateway);
            return true;
        }

        _replies.Send(request.AnswerTo, request.Session ?? string.Empty, "stop", null, string.Empty);
        return true;
    }

    /// <summary>A message of the session's side.</summary>
    /// <param name="message">The message.</param>
    /// <param name="acknowledge">Called once, when it may be acknowledged.</param>
    /// <param name="actor">Who sent it.</param>
    public void On(in MqttMessage message, Action acknowledge, Actor actor)
    {
        if (TryStop(message) || !_life.IsRunning || !message.Topic.StartsWith(_topicRoot, StringComparison.Ordinal))
        {
            acknowledge();
            return;
        }

        string[] levels = message.Topic[_topicRoot.Length..].Split('/');
        SessionRequest request = Read(message);
        if (message.Retain)
        {
            // A broker keeps it and brings it again at each connection, to whoever is treated then.
            string where = LogText.Shown(string.Join('/', levels));
            _log.Write(FaultCodes.RetainedRefused, where, HealthSubject.Gateway);
            Record(ActNames.MessageRefused, actor, request, FaultCodes.RetainedRefused);
            if (Names.IsValid(request.Id))
            {
                _replies.Send(request.AnswerTo, Names.Word(request.Session), Names.Word(request.Command), FaultCodes.RetainedRefused, "retained on " + where);
            }

            acknowledge();
            return;
        }

        SessionTopic? topic = SessionTopics.Of(levels);
        if (topic is not null && topic.Kind != SessionTopicKind.Command && !actor.May(topic.Right))
        {
            RefusedCount++;
            Record(ActNames.MessageRefused, actor, request, FaultCodes.RoleLacksRight);
            _log.Write(FaultCodes.RoleLacksRight, RoleRights.Word(actor.Role) + " on " + LogText.Shown(string.Join('/', levels)), HealthSubject.Gateway);
            acknowledge();
        }
        else if (topic is not null)
        {
            SessionHandler handler = topic.Kind switch
            {
                SessionTopicKind.Command => Commands,
                SessionTopicKind.Receipt => Receipts,
                SessionTopicKind.Replay => Replays,
                SessionTopicKind.Listener => Listeners,
                _ => throw new InvalidOperationException("No part takes " + topic.Filter + "."),
            };
            handler(new SessionCall(topic, levels, request, message.Payload, message.Properties?.MessageExpirySeconds, acknowledge, actor, Client));
        }
        else
        {
            RefusedCount++;
            acknowledge();
        }
    }

    private void Record(string what, Actor actor, SessionRequest request, string code) =>
        _acts.Record(new Act(what, actor.Author(Client)) { From = ActNames.FromMqtt, Session = Names.Word(request.Session), Code = code });

    private SessionRequest Read(in MqttMessage message)
    {
        SessionRequest request = SessionRequest.Read(message.Payload);
        request.Take(message.Properties, _topicRoot + "reply/");
        return request;
    }

    private bool IsCuffTopic(string topic) =>
        topic.Length == _topicRoot.Length + 12 && topic.StartsWith(_topicRoot, StringComparison.Ordinal) && topic.EndsWith("command/cuff", StringComparison.Ordinal);
}
