using System;
using System.Collections.Generic;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core.Access;

/// <summary>What a page needs to listen to a session, or why there is nothing.</summary>
/// <param name="Code">Null when there is a link, else a code of hardware/faults.json.</param>
/// <param name="Text">What happened, English; empty when there is a link.</param>
/// <param name="Cart">The cart's name.</param>
/// <param name="Session">The session's name.</param>
/// <param name="Token">The token; empty when there is none.</param>
public sealed record ListenerLink(string? Code, string Text, string Cart, string Session, string Token);

/// <summary>
/// Who may listen over WebSocket: clients named <c>web.{session}.{any}</c> with the session's name as user name and its token as
/// password, while the session is open and for <see cref="ListenerTokens.GraceUs"/> after. They subscribe inside their session alone
/// and publish nothing but its receipts and replay requests.
/// </summary>
internal sealed class ListenerAccess : IGatewayPart
{
    /// <summary>Listeners of all sessions at once; a further one is refused.</summary>
    public const int MaxListeners = 64;

    /// <summary>How client identifiers of listeners begin, and of nobody else.</summary>
    private const string ClientPrefix = "web.";

    /// <summary>How the part of a client identifier that a listener chooses begins when it is the cart's own page.</summary>
    private const string BedsidePage = "near-";

    /// <summary>How the names of their receipts' consumers begin.</summary>
    private const string ConsumerPrefix = "web-";

    private const byte BadUserNameOrPassword = 0x86;
    private const byte NotAuthorised = 0x87;
    private const byte ClientIdNotValid = 0x85;
    private const byte QuotaExceeded = 0x97;
    private const byte AdministrativeAction = 0x98;

    private readonly ListenerTokens? _tokens;
    private readonly SessionProjection _sessions;
    private readonly string _cartId;
    private readonly string _topicRoot;
    private readonly GatewayClock _clock;
    private readonly CodedLog _log;
    private readonly Action<string, byte> _end;
    private readonly SortedDictionary<string, uint> _listeners = new(StringComparer.Ordinal);
    private (string ClientId, uint Session) _admitted = (string.Empty, 0);

    /// <summary>Makes it.</summary>
    /// <param name="tokens">Makes and verifies tokens; null admits nobody.</param>
    /// <param name="sessions">The sessions.</param>
    /// <param name="cartId">The cart's name.</param>
    /// <param name="topicRoot"><c>cart/{cartId}/</c>.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="log">The log.</param>
    /// <param name="end">Ends a client's connection, with an MQTT 5 reason code.</param>
    public ListenerAccess(
        ListenerTokens? tokens, SessionProjection sessions, string cartId, string topicRoot, GatewayClock clock, CodedLog log, Action<string, byte> end)
    {
        _tokens = tokens;
        _sessions = sessions;
        _cartId = cartId;
        _topicRoot = topicRoot;
        _clock = clock;
        _log = log;
        _end = end;
    }

    /// <summary>Connections, subscriptions and publications refused since the start.</summary>
    public long RefusedCount { get; private set; }

    /// <summary>Listeners connected now.</summary>
    public int Count => _listeners.Count;

    /// <summary>True for a client identifier that only listeners may have.</summary>
    public static bool IsListenerId(string clientId) => clientId.StartsWith(ClientPrefix, StringComparison.Ordinal);

    /// <summary>True for the client identifier of the cart's own page.</summary>
    public static bool IsBedsidePage(string clientId) =>
        IsListenerId(clientId) && clientId.Split('.') is [_, _, string chosen] && chosen.StartsWith(BedsidePage, StringComparison.Ordinal);

    /// <summary>The link of an open session.</summary>
    public ListenerLink LinkOf(string sessionId)
    {
        if (_tokens is not { } tokens)
        {
            return new ListenerLink(FaultCodes.NoListenerLink, "this gateway has no listener key", _cartId, sessionId, string.Empty);
        }

        if (_sessions.FindById(sessionId) is not { IsOpen: true } session)
        {
            return new ListenerLink(FaultCodes.NoListenerLink, "no session of that name is open", _cartId, sessionId, string.Empty);
        }

        return new ListenerLink(null, string.Empty, _cartId, sessionId, tokens.Make(_cartId, session.Number, session.Epoch, session.Id));
    }

    /// <summary>Decides on a CONNECT that came over WebSocket.</summary>
    /// <returns>0, or an MQTT 5 reason code.</returns>
    public byte Connecting(in MqttConnectRequest request)
    {
        string name = request.UserName ?? string.Empty;
        if (!Names.IsValid(name) || !request.ClientId.StartsWith(ClientPrefix + name + ".", StringComparison.Ordinal))
        {
            // A session of the server belongs to a client identifier: without this rule one could take over another's.
            return Refused(request.ClientId, ClientIdNotValid, FaultCodes.ListenerTokenRefused, request.Remote + ": the client identifier is not web.{session}. and more, with the session as user name");
        }

        Session? session = _sessions.FindById(name);
        if (_tokens is not { } tokens || session is null
            || !tokens.Verify(_cartId, session.Number, session.Epoch, session.Id, request.Password.Span))
        {
            return Refused(request.ClientId, BadUserNameOrPassword, FaultCodes.ListenerTokenRefused, request.Remote + ": not the token of session " + name);
        }

        if (EndUs(session) <= _clock.NowUs)
        {
            return Refused(request.ClientId, NotAuthorised, FaultCodes.ListenerTokenRefused, request.Remote + ": session " + name + " is over");
        }

        if (_listeners.Count >= MaxListeners && !_listeners.ContainsKey(request.ClientId))
        {
            return Refused(request.ClientId, QuotaExceeded, FaultCodes.TooManyListeners, request.Remote + ": " + Invariant.Text(MaxListeners) + " listeners are connected");
        }

        if (CountOf(session.Number) >= EndpointLimits.MaxListenersPerToken && !_listeners.ContainsKey(request.ClientId))
        {
            return Refused(
                request.ClientId, QuotaExceeded, FaultCodes.TooManyListeners, request.Remote + ": " + Invariant.Text(EndpointLimits.MaxListenersPerToken) + " listeners of session " + name + " are connected");
        }

        _admitted = (request.ClientId, session.Number);
        return 0;
    }

    /// <inheritdoc/>
    public void ClientCame(string clientId, bool hasSubscriptions)
    {
        if (string.Equals(_admitted.ClientId, clientId, StringComparison.Ordinal))
        {
            _listeners[clientId] = _admitted.Session;
            _admitted = (string.Empty, 0);
        }
    }

    /// <inheritdoc/>
    public void ClientWent(string clientId) => _listeners.Remove(clientId);

    /// <summary>True when a listener may subscribe to a filter.</summary>
    public bool MaySubscribe(string clientId, string filter)
    {
        bool allowed = Root(clientId) is { } root && filter.StartsWith(root, StringComparison.Ordinal);
        if (!allowed)
        {
            Refused(clientId, NotAuthorised, FaultCodes.ListenerTopicRefused, LogText.Shown(clientId) + " may not subscribe to " + LogText.Shown(filter));
        }

        return allowed;
    }

    /// <summary>True when a listener may publish to a topic.</summary>
    public bool MayPublish(string clientId, in MqttMessage message)
    {
        bool allowed = Root(clientId) is { } root && !message.Retain && message.Topic.StartsWith(root, StringComparison.Ordinal)
            && SessionTopics.IsOfListener(message.Topic[root.Length..])
            && IsOwn(clientId, message.Payload);
        if (!allowed)
        {
            Refused(clientId, NotAuthorised, FaultCodes.ListenerTopicRefused, LogText.Shown(clientId) + " may not publish this to " + LogText.Shown(message.Topic));
        }

        return allowed;
    }

    /// <summary>Ends the connections of sessions that are over.</summary>
    /// <returns>When it wants to be called next, µs.</returns>
    public long Step(long nowUs)
    {
        long next = long.MaxValue;
        List<string>? over = null;
        foreach ((string clientId, uint number) in _listeners)
        {
            long endUs = _sessions.Find(number) is { } session ? EndUs(session) : nowUs;
            if (endUs <= nowUs)
            {
                (over ??= []).Add(clientId);
            }
            else
            {
                next = Math.Min(next, endUs);
            }
        }

        foreach (string clientId in over ?? [])
        {
            _end(clientId, AdministrativeAction);
        }

        return next;
    }

    /// <summary>A consumer's name stands in its receipts: a listener may speak for the consumer <c>web-{any}</c> of its own identifier alone.</summary>
    private static bool IsOwn(string clientId, ReadOnlyMemory<byte> payload)
    {
        string any = clientId[(clientId.IndexOf('.', ClientPrefix.Length) + 1)..];
        return string.Equals(SessionRequest.Read(payload).Consumer, ConsumerPrefix + any, StringComparison.Ordinal);
    }

    private int CountOf(uint session)
    {
        int count = 0;
        foreach (uint number in _listeners.Values)
        {
            count += number == session ? 1 : 0;
        }

        return count;
    }

    private string? Root(string clientId) =>
        _listeners.TryGetValue(clientId, out uint number) && _sessions.Find(number) is { } session
            ? _topicRoot + "session/" + session.Id + "/"
            : null;

    /// <summary>When listening ends, monotonic µs. A session closed before this start of the gateway is over: how long ago is not known.</summary>
    private long EndUs(Session session) =>
        session.ClosedAt is not { } closed ? long.MaxValue
        : closed.BootId == _clock.BootId ? closed.Us + ListenerTokens.GraceUs
        : long.MinValue;

    private byte Refused(string clientId, byte reason, string code, string text)
    {
        RefusedCount++;
        _log.Write(code, text, HealthSubject.Listener(LogText.Shown(clientId)));
        return reason;
    }
}
