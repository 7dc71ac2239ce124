using System;
using System.Collections.Generic;
using System.Text.Json;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Sound;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Commands;

/// <summary>From where a command may be given. Who may give it is said by its <see cref="AccessRight"/>.</summary>
internal enum CommandRights
{
    /// <summary>From wherever the cart is reached: its own pages and programs by HTTP, the session's side by MQTT.</summary>
    Anybody,

    /// <summary>The cart's own screen alone: it moves air. From the session's side it becomes a request to the bedside.</summary>
    BedsideScreen,

    /// <summary>STOP: refused to nobody, before anything else is asked, by ways of its own to the loop.</summary>
    Always,
}

/// <summary>A command as it was given.</summary>
/// <param name="Id">The request's id by MQTT; the request's name in the route by HTTP, empty for none.</param>
/// <param name="Session">The session it names; may be empty.</param>
/// <param name="Body">Its JSON; empty when none is read.</param>
/// <param name="IsOfSession">True when it came by MQTT from the session's side.</param>
/// <param name="AskedUs">When it was asked for, µs of the gateway's clock.</param>
/// <param name="ExpirySeconds">Its Message Expiry; null for none.</param>
internal sealed record CommandCall(string Id, string Session, ReadOnlyMemory<byte> Body, bool IsOfSession, long AskedUs, uint? ExpirySeconds)
{
    /// <summary>Who gives it.</summary>
    public Actor Actor { get; init; } = Actor.Unprotected;
}

/// <summary>How a command ended.</summary>
/// <param name="Code">Null when it was done, else a code of hardware/faults.json, which has its HTTP status.</param>
/// <param name="Text">What happened, English; by MQTT also what was made, such as a clip's name.</param>
/// <param name="Members">Writes the members of the HTTP answer; null with a code.</param>
internal readonly record struct CommandResult(string? Code, string Text, Action<Utf8JsonWriter>? Members)
{
    /// <summary>The result of a part.</summary>
    /// <param name="result">What it said.</param>
    /// <param name="members">The HTTP answer's members when it was done.</param>
    public static CommandResult Of(SessionResult result, Action<Utf8JsonWriter> members) => new(result.Code, result.Text, result.IsDone ? members : null);
}

/// <summary>The parts that commands act on.</summary>
/// <param name="Sessions">Opens and closes sessions.</param>
/// <param name="Cuff">The cuff at the bedside.</param>
/// <param name="Air">The cuff asked for from elsewhere.</param>
/// <param name="Stop">STOP.</param>
/// <param name="Sound">The stethoscope.</param>
/// <param name="Requests">Requests to the bedside.</param>
/// <param name="Acts">Who gave which command, for the trail.</param>
internal sealed record CommandTargets(SessionControl Sessions, CuffControl Cuff, AirRequests Air, CuffStop Stop, SoundControl Sound, BedsideRequests Requests, ActRecorder Acts);

/// <summary>Does a command that was understood.</summary>
/// <param name="on">The parts.</param>
/// <param name="done">Called on the loop, once.</param>
internal delegate void CommandRun(CommandTargets on, Action<CommandResult> done);

/// <summary>One command of the gateway.</summary>
internal sealed record GatewayCommand
{
    /// <summary>Its name, for people and tests.</summary>
    public required string Name { get; init; }

    /// <summary>The MQTT topic; null when it is given at the bedside alone.</summary>
    public CommandTopic? Topic { get; init; }

    /// <summary>Its word in <c>command</c>; empty without a topic.</summary>
    public string Verb { get; init; } = string.Empty;

    /// <summary>Its name in the trail: topic and verb; <c>bedside.answer</c> for the one that is given at the bedside alone.</summary>
    public string Act => Topic switch
    {
        CommandTopic.Session => "session." + Verb,
        CommandTopic.Cuff => "cuff." + Verb,
        CommandTopic.Sound => "sound." + Verb,
        _ => "bedside.answer",
    };

    /// <summary>The HTTP method.</summary>
    public required string Method { get; init; }

    /// <summary>The HTTP route; <c>{session}</c> and <c>{id}</c> stand for names.</summary>
    public required string Route { get; init; }

    /// <summary>From where it may be given.</summary>
    public CommandRights Rights { get; init; }

    /// <summary>The right that it needs; <see cref="RoleRights"/> says who has it.</summary>
    public required AccessRight Right { get; init; }

    /// <summary>The right that it needs from the session's side, where what moves air can only be asked for.</summary>
    public AccessRight RightFromSession => Rights == CommandRights.BedsideScreen && ReadElsewhere is not null ? AccessRight.AskAir : Right;

    /// <summary>What it looks like to a program: the OpenAPI document is made of it.</summary>
    public required CommandDocument Document { get; init; }

    /// <summary>The code of a request that is not understood.</summary>
    public required string NotUnderstood { get; init; }

    /// <summary>Longest body, bytes; 0 when none is read.</summary>
    public int MaxLength { get; init; }

    /// <summary>Reads a request: gives what to do, or null and what is wrong.</summary>
    public required Func<CommandCall, (CommandRun? Run, string? Problem)> Read { get; init; }

    /// <summary>How a command of <see cref="CommandRights.BedsideScreen"/> is read from elsewhere: it becomes a request to the bedside. Without it, it is refused from there.</summary>
    public Func<CommandCall, (CommandRun? Run, string? Problem)>? ReadElsewhere { get; init; }

    /// <summary>Reads a request of the session's side, from where nothing that moves air is done.</summary>
    /// <param name="call">The request.</param>
    /// <returns>What to do, or null and what is wrong.</returns>
    public (CommandRun? Run, string? Problem) ReadFromSession(CommandCall call) =>
        Rights != CommandRights.BedsideScreen ? Read(call)
        : ReadElsewhere is { } ask ? ask(call)
        : (static (_, done) => done(new CommandResult(FaultCodes.NotAtBedside, "it is taken from the cart's own screen alone", null)), null);
}

/// <summary>All commands of the gateway, one row each. HTTP and MQTT are loops over it. What only reads has its own routes in <c>Gateway/Http</c>.</summary>
internal static class GatewayCommands
{
    /// <summary>STOP.</summary>
    public static readonly GatewayCommand Stop = new()
    {
        Name = "stop the cuff",
        Topic = CommandTopic.Cuff,
        Verb = "stop",
        Method = "POST",
        Route = "/api/cuff/stop",
        Right = AccessRight.Stop,
        Rights = CommandRights.Always,
        Document = new(
            "stopCuff", "Stops every cuff. Refused to a page of another origin, or of a host name that is not this gateway's, alone; from a program it needs no session, body, content type or known host.", "cuff", null, typeof(StopAnswer)),
        NotUnderstood = FaultCodes.CuffRequestNotUnderstood,
        Read = static _ => (static (on, done) => on.Stop.Now(result => done(Stopped(result))), null),
    };

    /// <summary>The rows.</summary>
    public static readonly GatewayCommand[] All =
    [
        new()
        {
            Name = "open a session",
            Topic = CommandTopic.Session,
            Verb = "open",
            Method = "PUT",
            Route = "/api/session/{session}",
            Right = AccessRight.Session,
            Document = new(
                "openSession", "Opens a session. The same again is done already.", "session", null, typeof(SessionAnswer),
                FaultCodes.OtherSessionOpen, FaultCodes.SessionNameUsed, FaultCodes.SessionCommandNotNow, FaultCodes.TooManyRequestsWaiting),
            NotUnderstood = FaultCodes.SessionCommandNotUnderstood,
            Read = static call => ((on, done) => on.Sessions.Open(call.Session, result => done(CommandResult.Of(result, SessionState(call, "open")))), null),
        },
        new()
        {
            Name = "close a session",
            Topic = CommandTopic.Session,
            Verb = "close",
            Method = "DELETE",
            Route = "/api/session/{session}",
            Right = AccessRight.Session,
            Document = new(
                "closeSession", "Closes a session.", "session", null, typeof(SessionAnswer),
                FaultCodes.SessionUnknown, FaultCodes.SessionCommandNotNow, FaultCodes.TooManyRequestsWaiting),
            NotUnderstood = FaultCodes.SessionCommandNotUnderstood,
            Read = static call => ((on, done) => on.Sessions.Close(call.Session, result => done(CommandResult.Of(result, SessionState(call, "closed")))), null),
        },
        new()
        {
            Name = "say who is measured",
            Topic = CommandTopic.Cuff,
            Verb = "patient",
            Method = "PUT",
            Route = "/api/session/{session}/patient",
            Right = AccessRight.Patient,
            Document = new(
                "setPatient", "Says who is measured, and with which cuff.", "cuff", typeof(PatientBody), typeof(StateAnswer),
                FaultCodes.SessionNotOpen, FaultCodes.NoCuffFitted, FaultCodes.PatientNotStated, FaultCodes.PatientCategoryNotMeasured, FaultCodes.SessionCommandNotNow),
            NotUnderstood = FaultCodes.CuffRequestNotUnderstood,
            MaxLength = CuffPatientJson.MaxLength,
            Read = static call => Read(call, CuffPatientJson.MaxLength, static (json, envelope) => CuffPatientJson.Read(json, envelope), (on, patient, done) =>
                done(CommandResult.Of(on.Cuff.SetPatient(call.Session, patient), State("kept")))),
        },
        new()
        {
            Name = "start the cuff",
            Topic = CommandTopic.Cuff,
            Verb = "start",
            Method = "POST",
            Route = "/api/session/{session}/cuff/start",
            Right = AccessRight.Air,
            Rights = CommandRights.BedsideScreen,
            Document = new(
                "startCuff", "Starts one measurement. Taken from the cart's own screen alone.", "cuff", typeof(NothingBody), typeof(StateAnswer),
                FaultCodes.SessionNotOpen, FaultCodes.NoCuffFitted, FaultCodes.CuffPodNotConnected, FaultCodes.PatientNotStated, FaultCodes.OvertakenByStop, FaultCodes.SessionCommandNotNow),
            NotUnderstood = FaultCodes.CuffRequestNotUnderstood,
            MaxLength = CuffPatientJson.MaxLength,
            Read = static call => Read(call, CuffPatientJson.MaxLength, static (json, _) => Nothing(json), (on, _, done) =>
                done(CommandResult.Of(on.Cuff.Start(call.Session, call.AskedUs), State("sent")))),
            ReadElsewhere = static call => Ask(call, isTest: false),
        },
        Stop,
        new()
        {
            Name = "test the cuff",
            Topic = CommandTopic.Cuff,
            Verb = "test",
            Method = "POST",
            Route = "/api/cuff/test",
            Right = AccessRight.Air,
            Rights = CommandRights.BedsideScreen,
            Document = new(
                "testCuff", "Starts the cuff's self test. Taken from the cart's own screen alone.", "cuff", typeof(CuffTestBody), typeof(StateAnswer),
                FaultCodes.NoCuffFitted, FaultCodes.CuffPodNotConnected, FaultCodes.OvertakenByStop),
            NotUnderstood = FaultCodes.CuffRequestNotUnderstood,
            MaxLength = CuffPatientJson.MaxLength,
            Read = static call => Read(call, CuffPatientJson.MaxLength, static (json, _) => CuffIsOff(json), (on, _, done) =>
                done(CommandResult.Of(on.Cuff.Test(call.AskedUs), State("sent")))),
            ReadElsewhere = static call => Ask(call, isTest: true),
        },
        new()
        {
            Name = "listen",
            Topic = CommandTopic.Sound,
            Verb = "listen",
            Method = "PUT",
            Route = "/api/session/{session}/sound",
            Right = AccessRight.Sound,
            Document = new(
                "listen", "Turns listening on or off, and confirms where the stethoscope sits.", "sound", typeof(ListenBody), typeof(ListenAnswer),
                FaultCodes.SessionNotOpen, FaultCodes.NoStethoscopeFitted, FaultCodes.StethoscopePodNotConnected, FaultCodes.SessionCommandNotNow),
            NotUnderstood = FaultCodes.SoundRequestNotUnderstood,
            MaxLength = SoundRequest.MaxLength,
            Read = static call => SoundRequest.Read(call.Body) is { Problem: null, Listening: { } listening } request
                ? ((on, done) => done(CommandResult.Of(on.Sound.Set(call.Session, listening, request.Place, request.By), Listening(call, listening, request))), null)
                : (null, SoundRequest.Read(call.Body).Problem ?? "listening is true or false"),
        },
        new()
        {
            Name = "keep a clip",
            Topic = CommandTopic.Sound,
            Verb = "clip",
            Method = "POST",
            Route = "/api/session/{session}/clip",
            Right = AccessRight.Sound,
            Document = new(
                "keepClip", "Keeps a clip: the last 5 s and the next 10.", "sound", typeof(ClipBody), typeof(ClipAnswer),
                FaultCodes.SessionNotOpen, FaultCodes.NoStethoscopeFitted, FaultCodes.NoSoundArriving, FaultCodes.TooManyClips, FaultCodes.SessionCommandNotNow, FaultCodes.TooManyRequestsWaiting),
            NotUnderstood = FaultCodes.SoundRequestNotUnderstood,
            MaxLength = SoundRequest.MaxLength,
            Read = static call => SoundRequest.Read(call.Body) is { Problem: null } request
                ? ((on, done) => on.Sound.BeginClip(call.Session, request.HasPlace ? request.Place : null, request.By, result => done(Clip(call, result))), null)
                : (null, SoundRequest.Read(call.Body).Problem),
        },
        new()
        {
            Name = "answer a request",
            Method = "POST",
            Route = "/api/requests/{id}",
            Right = AccessRight.Requests,
            Document = new(
                "answerRequest", "Says what became of a request to the bedside.", "bedside", typeof(RequestBody), typeof(RequestAnswer),
                FaultCodes.BedsideRequestUnknown),
            NotUnderstood = FaultCodes.CuffRequestNotUnderstood,
            MaxLength = 256,
            Read = static call => Read(call, 256, static (json, _) => Answer(json), (on, answer, done) =>
                done(CommandResult.Of(on.Requests.Answer(call.Id, answer is "done"), json => Answered(json, call.Id, answer)))),
        },
    ];

    /// <summary>The row of a word on a topic.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="verb">The word.</param>
    /// <returns>The row, or null.</returns>
    public static GatewayCommand? Find(CommandTopic topic, string? verb)
    {
        foreach (GatewayCommand command in All)
        {
            if (command.Topic == topic && string.Equals(command.Verb, verb, StringComparison.Ordinal))
            {
                return command;
            }
        }

        return null;
    }

    /// <summary>The code of a request on a topic that is not understood, and the words that are.</summary>
    /// <param name="topic">The topic.</param>
    /// <returns>The code, and a sentence for people.</returns>
    public static (string Code, string Words) NotUnderstoodOn(CommandTopic topic)
    {
        List<string> words = [];
        string code = string.Empty;
        foreach (GatewayCommand command in All)
        {
            if (command.Topic == topic)
            {
                words.Add("\"" + command.Verb + "\"");
                code = command.NotUnderstood;
            }
        }

        return (code, "command is " + string.Join(", ", words.GetRange(0, words.Count - 1)) + " or " + words[^1]);
    }

    private static (CommandRun? Run, string? Problem) Read<TRequest>(
        CommandCall call, int maxLength, Func<StrictJson, string[], TRequest> parse, Action<CommandTargets, TRequest, Action<CommandResult>> run)
    {
        using StrictJson json = StrictJson.Read(call.Body, maxLength);

        // The route names what stands in these members by MQTT; there they would only be a second, other truth.
        TRequest request = parse(json, call.IsOfSession ? ["v", "id", "command", "session"] : []);
        return json.Problem is { } problem ? (null, problem) : ((on, done) => run(on, request, done), null);
    }

    private static (CommandRun? Run, string? Problem) Ask(CommandCall call, bool isTest) =>
        Read(call, CuffPatientJson.MaxLength, ReadAir, (on, request, done) =>
            done(CommandResult.Of(on.Air.Ask(request, call.Id, call.Session, isTest, call.ExpirySeconds), State("waiting"))));

    private static AirRequest ReadAir(StrictJson json, string[] envelope)
    {
        string? at = json.Text("at");
        bool saysOff = json.Has("cuffOffTheArm");
        json.RefuseUnknown(envelope);
        long atUs = 0;
        if (at is not null && !CommandAge.TryRead(at, out atUs))
        {
            json.Wrong("at is UTC as in 2026-01-02T03:04:05Z");
        }

        return new AirRequest(at is null ? null : atUs, saysOff);
    }

    private static bool Nothing(StrictJson json)
    {
        json.RefuseUnknown();
        return true;
    }

    private static bool CuffIsOff(StrictJson json)
    {
        bool isOff = json.Flag("cuffOffTheArm") == true;
        json.RefuseUnknown();
        if (!isOff)
        {
            json.Wrong("cuffOffTheArm must be true: the self test inflates beyond what an arm may feel");
        }

        return isOff;
    }

    private static string? Answer(StrictJson json)
    {
        string? answer = json.Text("answer");
        json.RefuseUnknown();
        if (answer is not ("done" or "notPossible"))
        {
            json.Wrong("answer is \"done\" or \"notPossible\"");
        }

        return answer;
    }

    private static Action<Utf8JsonWriter> State(string state) => json => json.WriteString("state", state);

    private static Action<Utf8JsonWriter> SessionState(CommandCall call, string state) => json =>
    {
        json.WriteString("session", call.Session);
        json.WriteString("state", state);
    };

    private static Action<Utf8JsonWriter> Listening(CommandCall call, bool listening, SoundRequest request) => json =>
    {
        json.WriteString("session", call.Session);
        json.WriteBoolean("listening", listening);
        json.WriteString("site", SoundWords.Of(request.Place.Site));
    };

    private static CommandResult Clip(CommandCall call, ClipResult result) => result.Code is not null ? new(result.Code, result.Text, null) : new(null, result.ClipId, json =>
    {
        json.WriteString("session", call.Session);
        json.WriteString("clip", result.ClipId);
    });

    private static void Answered(Utf8JsonWriter json, string id, string? answer)
    {
        json.WriteString("id", id);
        json.WriteString("state", answer);
    }

    /// <summary>What became of a STOP.</summary>
    /// <param name="result">What the pods said.</param>
    internal static CommandResult Stopped(StopResult result) => new(null, string.Empty, json =>
    {
        json.WriteString("state", "sent");
        json.WriteNumber("told", result.Sent);
        json.WriteNumber("taken", result.Taken);
        json.WriteBoolean("confirmed", result.IsConfirmed);
    });
}
