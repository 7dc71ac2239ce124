using System;
using System.Collections.Generic;
using System.Text.Json;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core.Commands;

/// <summary>How a request to the bedside stands.</summary>
public enum BedsideRequestState
{
    /// <summary>The nurse has not answered.</summary>
    Waiting,

    /// <summary>The nurse says that it was done.</summary>
    Done,

    /// <summary>The nurse says that it cannot be done.</summary>
    NotPossible,

    /// <summary>Nobody answered before the session changed.</summary>
    Ended,
}

/// <summary>Something that somebody elsewhere asks of whoever stands at the cart. It does nothing by itself.</summary>
/// <param name="Id">Its id, 1 to 64 of A-Z a-z 0-9 '_' '-'.</param>
/// <param name="Action">What is asked.</param>
/// <param name="Session">The open session's name; empty when none is open.</param>
/// <param name="At">When it came.</param>
/// <param name="State">How it stands.</param>
public sealed record BedsideRequest(string Id, BedsideAction Action, string Session, GatewayMoment At, BedsideRequestState State);

/// <summary>
/// Requests to the bedside: what would inflate the cuff, asked from elsewhere. Shown on the nurse's page until it is answered or the session changes; the press
/// that inflates is the cuff's own button. In memory: after a restart of the gateway who asked asks again.
/// </summary>
public sealed class BedsideRequests : IGatewayPart
{
    /// <summary>Requests that wait at once; a further one is refused with G2321.</summary>
    public const int MaxWaiting = 8;

    private static readonly string[] States = ["waiting", "done", "notPossible", "ended"];

    private readonly SessionProjection _sessions;
    private readonly GatewayClock _clock;
    private readonly ISessionLink _link;
    private readonly string _topicRoot;
    private readonly List<BedsideRequest> _waiting = [];
    private readonly Queue<BedsideRequest> _unsent = new();
    private readonly JsonOutput _json = new();

    internal BedsideRequests(SessionProjection sessions, GatewayClock clock, ISessionLink link, string topicRoot)
    {
        _sessions = sessions;
        _clock = clock;
        _link = link;
        _topicRoot = topicRoot;
    }

    /// <summary>What waits, oldest first; a copy.</summary>
    public IReadOnlyList<BedsideRequest> Waiting => [.. _waiting];

    /// <summary>Takes a request.</summary>
    /// <returns>G2320 (it waits) or G2321 (too many wait), and what happened.</returns>
    public (string Code, string Text) Add(string id, BedsideAction action)
    {
        if (_waiting.Count >= MaxWaiting)
        {
            return (FaultCodes.TooManyBedsideRequests, Invariant.Text(MaxWaiting) + " requests wait already");
        }

        BedsideRequest request = new(id, action, _sessions.Open?.Id ?? string.Empty, _clock.Now, BedsideRequestState.Waiting);
        _waiting.RemoveAll(r => string.Equals(r.Id, id, StringComparison.Ordinal));
        _waiting.Add(request);
        Tell(request);
        return (FaultCodes.BedsideRequestWaiting, "request " + id + " (" + BedsideWords.Of(action) + ") is shown at the bedside");
    }

    /// <summary>The nurse answers.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="isDone">True when it was done, false when it cannot be.</param>
    /// <returns>Done, or G2322 no such request waits.</returns>
    public SessionResult Answer(string id, bool isDone)
    {
        int at = _waiting.FindIndex(r => string.Equals(r.Id, id, StringComparison.Ordinal));
        if (at < 0)
        {
            return new SessionResult(FaultCodes.BedsideRequestUnknown, "request " + LogText.Shown(id), string.Empty);
        }

        Tell(_waiting[at] with { State = isDone ? BedsideRequestState.Done : BedsideRequestState.NotPossible });
        _waiting.RemoveAt(at);
        return SessionResult.Done(string.Empty);
    }

    /// <summary>Another session is open, or none: what was asked before is nobody's wish now.</summary>
    public void SessionChanged()
    {
        foreach (BedsideRequest request in _waiting)
        {
            Tell(request with { State = BedsideRequestState.Ended });
        }

        _waiting.Clear();
    }

    /// <summary>Says to the session how its requests stand.</summary>
    public long Step(long nowUs)
    {
        while (_link.IsUp && _unsent.TryPeek(out BedsideRequest? request) && _link.TryPublish(Message(request), 0, nowUs))
        {
            _unsent.Dequeue();
        }

        return long.MaxValue;
    }

    private void Tell(BedsideRequest request)
    {
        if (request.Session.Length == 0)
        {
            return;
        }

        // While the broker is away the newest words count: the oldest give way.
        if (_unsent.Count >= 4 * MaxWaiting)
        {
            _unsent.Dequeue();
        }

        _unsent.Enqueue(request);
    }

    private MqttMessage Message(BedsideRequest request)
    {
        Utf8JsonWriter json = _json.Begin();
        json.WriteStartObject();
        json.WriteNumber("v"u8, 1);
        json.WriteText("id"u8, request.Id);
        json.WriteText("session"u8, request.Session);
        json.WriteString("action"u8, BedsideWords.Of(request.Action));
        json.WriteString("state"u8, States[(int)request.State]);
        json.WriteEndObject();
        return new MqttMessage
        {
            Topic = _topicRoot + "session/" + request.Session + "/request/" + request.Id,
            Payload = _json.ToBytes(),
            Qos = MqttQos.AtLeastOnce,
            Properties = new MqttPublishProperties { ContentType = ReadingMessage.JsonContentType, PayloadIsUtf8 = true },
        };
    }
}
