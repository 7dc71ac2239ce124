using System;
using System.Collections.Generic;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Health;

/// <summary>Who follows the session: the clients that have subscribed to its topics, the cart's own page apart.</summary>
/// <param name="sessions">Which session is open.</param>
/// <param name="clock">The clock.</param>
/// <param name="log">Sent of each that comes and goes.</param>
/// <param name="topicRoot"><c>cart/{cartId}/</c>.</param>
/// <param name="isBedsidePage">True for the client identifier of the cart's own page.</param>
internal sealed class Followers(SessionProjection sessions, GatewayClock clock, CodedLog log, string topicRoot, Predicate<string> isBedsidePage)
{
    /// <summary>Listeners remembered at once; further ones are not watched.</summary>
    public const int MaxListeners = 1024;

    private readonly SortedSet<string> _listeners = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _former = new(StringComparer.Ordinal);

    /// <summary>True while somebody follows.</summary>
    public bool Any => _listeners.Count > 0;

    /// <summary>The last one that left, when none was left; empty when none has.</summary>
    public string LastGone { get; private set; } = string.Empty;

    /// <summary>When it left, monotonic µs.</summary>
    public long LastGoneUs { get; private set; }

    /// <summary>The last one that left is forgotten.</summary>
    public void ForgetLast() => LastGone = string.Empty;

    /// <summary>Somebody subscribed to a session's topics. The cart's own page, told by its name, does not count.</summary>
    /// <param name="clientId">Its identifier.</param>
    /// <param name="filter">To what.</param>
    /// <returns>True when it follows from now on.</returns>
    public bool Subscribed(string clientId, string filter)
    {
        bool follows = filter.StartsWith(topicRoot + "session/", StringComparison.Ordinal) || filter.EndsWith('#') || filter.StartsWith(topicRoot + "+", StringComparison.Ordinal);
        return follows && !isBedsidePage(clientId) && TryAdd(clientId);
    }

    /// <summary>A client's connection came up. One that listened before listens again, since a server keeps subscriptions.</summary>
    /// <param name="clientId">Its identifier.</param>
    /// <returns>True when it follows from now on.</returns>
    public bool Came(string clientId) => _former.Contains(clientId) && TryAdd(clientId);

    /// <summary>A client's connection is gone.</summary>
    /// <param name="clientId">Its identifier.</param>
    public void Went(string clientId)
    {
        if (!_listeners.Remove(clientId))
        {
            return;
        }

        if (_former.Count >= MaxListeners)
        {
            _former.Clear();
        }

        _former.Add(clientId);

        HealthSubject listener = new(HealthSubjectKind.Listener, LogText.Shown(clientId));
        log.Write(FaultCodes.ListenerDisconnected, listener.Name, listener);
        if (_listeners.Count == 0 && sessions.Open is not null)
        {
            LastGone = listener.Name;
            LastGoneUs = clock.NowUs;
        }
    }

    private bool TryAdd(string clientId)
    {
        if (_listeners.Count >= MaxListeners || !_listeners.Add(clientId))
        {
            return false;
        }

        HealthSubject listener = new(HealthSubjectKind.Listener, LogText.Shown(clientId));
        log.Write(FaultCodes.ListenerConnected, listener.Name, listener);
        return true;
    }
}
