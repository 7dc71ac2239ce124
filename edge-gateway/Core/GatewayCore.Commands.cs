using System;
using System.Collections.Generic;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Sound;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core;

/// <content>
/// What comes from the session's side: commands, receipts, requests. From there no air moves: what would inflate the cuff becomes a request that the bedside
/// shows; a stop is obeyed whatever stands around it, unless it is retained; and nothing that a broker kept is obeyed.
/// </content>
public sealed partial class GatewayCore
{
    /// <summary>A retained message came where only a living one counts.</summary>
    public const string RetainedRefused = "G2315";

    /// <summary>Somebody who cannot see the arm says that the cuff is off it.</summary>
    public const string NotFromHere = "G2319";

    private readonly SortedSet<string> _answering = new(StringComparer.Ordinal);

    /// <summary>What waits for the nurse, oldest first.</summary>
    /// <returns>A copy.</returns>
    public IReadOnlyList<BedsideRequest> Requests() => [.. _requests.Waiting];

    /// <summary>The nurse answers a request.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="isDone">True when it was done, false when it cannot be.</param>
    /// <returns>Done, or G2322 no such request waits.</returns>
    public SessionResult AnswerRequest(string id, bool isDone)
    {
        ArgumentNullException.ThrowIfNull(id);
        return _requests.TryAnswer(id, isDone)
            ? new SessionResult(null, string.Empty, string.Empty)
            : new SessionResult(BedsideRequests.Unknown, "request " + ListenerAccess.Shown(id), string.Empty);
    }

    private static bool IsCuffTopic(string topic, string root) =>
        topic.Length == root.Length + 12 && topic.StartsWith(root, StringComparison.Ordinal) && topic.EndsWith("command/cuff", StringComparison.Ordinal);

    /// <summary>A stop, before anything else is asked: not whether the gateway runs, whether the message is understood, or whether its id was seen.</summary>
    private bool TryStop(in MqttMessage message)
    {
        if (message.Retain || _state is State.Created or State.Opening or State.Stopped
            || !IsCuffTopic(message.Topic, _context.TopicRoot) || !StopWord.IsIn(message.Payload.Span))
        {
            return false;
        }

        StopCuffs();
        SessionRequest request = SessionRequest.Read(message.Payload);
        request.AnswerTo(message.Properties, _context.TopicRoot + "reply/");
        if (_state != State.Running || !Names.IsValid(request.Id))
        {
            _context.Log("G2323", request.Problem ?? "without a valid id");
            return true;
        }

        Reply(request.Id!, request.Session ?? string.Empty, "stop", null, string.Empty, null, request);
        return true;
    }

    /// <summary>A message of the session's side: a command, a receipt, or a request for a replay.</summary>
    private void OnSessionMessage(in MqttMessage message, Action acknowledge)
    {
        if (TryStop(message) || _state != State.Running || !message.Topic.StartsWith(_context.TopicRoot, StringComparison.Ordinal))
        {
            acknowledge();
            return;
        }

        string[] parts = message.Topic[_context.TopicRoot.Length..].Split('/');
        SessionRequest request = SessionRequest.Read(message.Payload);
        request.AnswerTo(message.Properties, _context.TopicRoot + "reply/");
        if (message.Retain)
        {
            // A broker keeps it and brings it again at each connection, to whoever is treated then.
            _context.Log(RetainedRefused, ListenerAccess.Shown(string.Join('/', parts)));
            if (Names.IsValid(request.Id))
            {
                Reply(request.Id!, Word(request.Session), Word(request.Command), RetainedRefused, "retained on " + ListenerAccess.Shown(string.Join('/', parts)), null, request);
            }

            acknowledge();
            return;
        }

        if (parts is ["command", "session"])
        {
            OnCommand(request);
            acknowledge();
        }
        else if (parts is ["session", _, "receipt"])
        {
            OnReceipt(parts[1], request, acknowledge);
        }
        else if (parts is ["session", _, "replay"])
        {
            OnReplay(parts[1], request);
            acknowledge();
        }
        else if (parts is ["command", "cuff"])
        {
            OnCuffCommand(message, request);
            acknowledge();
        }
        else if (parts is ["command", "sound"])
        {
            OnSoundCommand(message, request);
            acknowledge();
        }
        else if (parts is ["session", _, .. string[] rest] && SoundTopics.IsFromListener(string.Join('/', rest)))
        {
            OnListener(parts[1], rest, message.Payload, acknowledge);
        }
        else
        {
            _context.Counts.AccessRefused++;
            acknowledge();
        }
    }

    private static string Word(string? text) => text is null || text.Length > Names.MaxLength ? string.Empty : text;

    /// <summary>True when a command must not be done again: its first answer goes out once more, or is on its way.</summary>
    private bool WasAnswered(CommandTopic topic, SessionRequest request)
    {
        if (_context.Commands.Find(topic, request.Id!) is { } first)
        {
            Reply(first.Id, first.Session, first.Command, first.Code, first.Text, null, request);
            return true;
        }

        return _answering.Contains(Key(topic, request.Id!));
    }

    private static string Key(CommandTopic topic, string id) => GatewayContext.Text((int)topic) + "/" + id;

    private void BeginAnswer(CommandTopic topic, string id) => _answering.Add(Key(topic, id));

    /// <summary>Answers a command that was understood, and remembers the answer unless it was "not now": then asking again is asking for the first time.</summary>
    private void EndAnswer(CommandTopic topic, SessionRequest request, string session, string command, string? code, string text)
    {
        _answering.Remove(Key(topic, request.Id!));
        if (code is not ("G2305" or "G2306"))
        {
            _context.Commands.Remember(new CommandAnsweredRecord(topic, request.Id!, Word(command), Word(session), code, text));
        }

        Reply(request.Id!, session, command, code, text, null, request);
    }

    private void OnCuffCommand(in MqttMessage message, SessionRequest request)
    {
        if (!Names.IsValid(request.Id))
        {
            _context.Log("G2310", "a cuff command without a valid id: " + (request.Problem ?? "id is 1 to 64 of A-Z a-z 0-9 '_' '-'"));
            return;
        }

        string id = request.Id!;
        string session = Word(request.Session);
        string command = Word(request.Command);
        if (WasAnswered(CommandTopic.Cuff, request))
        {
            return;
        }

        using StrictJson json = StrictJson.Read(message.Payload, CuffPatientJson.MaxLength);
        SessionResult result = default;
        switch (command)
        {
            case "patient":
                CuffPatient patient = CuffPatientJson.Read(json, "v", "id", "command", "session");
                result = json.Problem is null ? SetPatient(session, patient) : default;
                break;
            case "start" or "test":
                result = Ask(json, id, session, isTest: command is "test", message.Properties?.MessageExpirySeconds);
                break;
            default:
                json.Wrong("command is \"patient\", \"start\", \"stop\" or \"test\"");
                break;
        }

        if ((request.Problem ?? json.Problem) is { } problem)
        {
            Reply(id, session, command, "G2310", problem, null, request);
            return;
        }

        bool hasEffect = result.Code is null or BedsideRequests.Waits;
        CommandAnsweredRecord answer = new(CommandTopic.Cuff, id, command, session, result.Code, result.Text ?? string.Empty);
        if (!hasEffect || !_context.TryAppend(JournalRecordType.CommandAnswered, answer.Encode(), out _))
        {
            EndAnswer(CommandTopic.Cuff, request, session, command, result.Code, result.Text ?? string.Empty);
            return;
        }

        // Said when it is on the disk: after a restart the same id must find the same answer.
        AfterSync(() => Reply(id, session, command, answer.Code, answer.Text, null, request));
    }

    /// <summary>Somebody elsewhere asks for what would inflate the cuff.</summary>
    private SessionResult Ask(StrictJson json, string id, string session, bool isTest, uint? expirySeconds)
    {
        string? at = json.Text("at");
        bool saysOff = json.Has("cuffOffTheArm");
        json.RefuseUnknown("v", "id", "command", "session");
        long atUs = 0;
        if (at is not null && !CommandAge.TryRead(at, out atUs))
        {
            json.Wrong("at is UTC as in 2026-01-02T03:04:05Z");
        }

        if (json.Problem is not null)
        {
            return default;
        }

        if (saysOff)
        {
            return new SessionResult(NotFromHere, "cuffOffTheArm can be said at the bedside only", session);
        }

        if (CommandAge.Refused(at is null ? null : atUs, expirySeconds, _context.Ports.Time.Utc) is { } tooOld)
        {
            return new SessionResult(tooOld.Code, tooOld.Text, session);
        }

        if (_afterSync.Count >= MaxWaiting)
        {
            return new SessionResult("G2306", GatewayContext.Text(MaxWaiting) + " requests wait for the disk", session);
        }

        SessionResult? refused = isTest ? null : SessionRefused(session);
        if ((refused ?? CuffMissing(session, mustConnect: false)) is { } why)
        {
            return why;
        }

        (string code, string text) = _requests.Add(id, isTest ? BedsideRequests.SelfTest : BedsideRequests.Measure);
        return new SessionResult(code, text, session);
    }
}
