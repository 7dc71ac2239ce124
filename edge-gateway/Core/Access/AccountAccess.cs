using System;
using System.Collections.Generic;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Health;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core.Access;

/// <summary>
/// Who the session's side is, over the gateway's own MQTT endpoint: where accounts are set up, a program shows a platform's API token as its password; a listener's certificate and a session's link stand for themselves.
/// A token that ends, or is revoked, ends its connections.
/// </summary>
internal sealed class AccountAccess
{
    /// <summary>How long a connection may outlive its token, µs.</summary>
    public const long CheckUs = 1_000_000;

    private const byte BadUserNameOrPassword = 0x86;

    private readonly IApiTokens? _tokens;
    private readonly HealthIssues _issues;
    private readonly CodedLog _log;
    private readonly SortedDictionary<string, Actor> _actors = new(StringComparer.Ordinal);
    private (string ClientId, Actor Actor) _admitted = (string.Empty, Actor.Nobody);
    private long _checkedUs = long.MinValue;

    /// <summary>Makes it.</summary>
    /// <param name="tokens">Tokens of platforms; null where no accounts are set up, and whoever reaches loopback is let in.</param>
    /// <param name="issues">Sent what goes wrong.</param>
    /// <param name="log">The log.</param>
    public AccountAccess(IApiTokens? tokens, HealthIssues issues, CodedLog log)
    {
        _tokens = tokens;
        _issues = issues;
        _log = log;
    }

    /// <summary>Decides about a connection of the session's side that is not over WebSocket and does not only stop the cuff.</summary>
    /// <param name="request">Who asks; a certificate of it is proven.</param>
    /// <returns>0, or an MQTT 5 reason code.</returns>
    public byte Connecting(in MqttConnectRequest request)
    {
        Actor? actor = _tokens is null ? Actor.Unprotected
            : request.Certificate is not null ? Actor.Certified
            : _tokens.IdOf(request.Password.Span) is { } id ? new Actor(ActorRole.Platform, id, request.Address ?? string.Empty)
            : null;
        _admitted = (request.ClientId, actor ?? Actor.Nobody);
        if (actor is not null)
        {
            return 0;
        }

        _log.Write(FaultCodes.ApiTokenRefused, request.Remote + " calls itself " + LogText.Shown(request.ClientId) + " and shows no token that is good here", HealthSubject.Listener(LogText.Shown(request.ClientId)));
        return BadUserNameOrPassword;
    }

    /// <summary>A client is connected.</summary>
    public void Came(string clientId)
    {
        if (string.Equals(_admitted.ClientId, clientId, StringComparison.Ordinal))
        {
            _actors[clientId] = _admitted.Actor;
            _admitted = (string.Empty, Actor.Nobody);
        }
    }

    /// <summary>A client is gone.</summary>
    public void Went(string clientId) => _actors.Remove(clientId);

    /// <summary>Who a client is.</summary>
    public Actor ActorOf(string clientId) =>
        ListenerAccess.IsListenerId(clientId) ? Actor.Listener : _actors.TryGetValue(clientId, out Actor? actor) ? actor : Actor.Nobody;

    /// <summary>True when a client may subscribe at all. STOP's connections wait for their answer.</summary>
    public bool MaySubscribe(string clientId) => EndpointGuard.IsStopId(clientId) || ActorOf(clientId).May(AccessRight.Follow);

    /// <summary>Whether the accounts can be read.</summary>
    /// <param name="problem">Why not; null when they can.</param>
    public void Files(string? problem) => _issues.Set(problem is not null, FaultCodes.AccountsUnreadable, HealthSubject.Gateway, problem ?? string.Empty);

    /// <summary>The accounts have changed: connections are looked at in the next step.</summary>
    public void Changed() => _checkedUs = long.MinValue;

    /// <summary>Ends connections whose token is no longer good.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <param name="end">Ends a client's connection.</param>
    /// <returns>When it wants to be called next, µs.</returns>
    public long Step(long nowUs, Action<string> end)
    {
        if (_tokens is null || _actors.Count == 0)
        {
            return long.MaxValue;
        }

        if (_checkedUs != long.MinValue && nowUs < _checkedUs + CheckUs)
        {
            return _checkedUs + CheckUs;
        }

        _checkedUs = nowUs;
        foreach ((string clientId, Actor actor) in new List<KeyValuePair<string, Actor>>(_actors))
        {
            if (actor.Token.Length > 0 && !_tokens.IsGood(actor.Token))
            {
                _log.Write(FaultCodes.ApiTokenRefused, "the token of " + LogText.Shown(clientId) + " has ended", HealthSubject.Listener(LogText.Shown(clientId)));
                end(clientId);
            }
        }

        return nowUs + CheckUs;
    }
}
