using System;
using EdgeGateway.Core.Ingest;

namespace EdgeGateway.Core;

/// <summary>
/// One part of the gateway's logic. <see cref="GatewayCore"/> holds the parts as one ordered list and tells each of them in that order; a part overrides what concerns it.
/// Every call comes on the gateway's loop.
/// </summary>
internal interface IGatewayPart
{
    /// <summary>True when it is stepped while the gateway stops, too.</summary>
    bool StepsWhileStopping => false;

    /// <summary>The gateway runs: journal and projections are there, and the open session has been announced by <see cref="SessionChanged"/>.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Begin(long nowUs)
    {
    }

    /// <summary>Does what is due, for at most 2 ms.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next without an event, µs; <see cref="long.MaxValue"/> for never.</returns>
    long Step(long nowUs) => long.MaxValue;

    /// <summary>The gateway stops cleanly: last words. Sent in the reverse of the list's order.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Stop(long nowUs)
    {
    }

    /// <summary>The external broker took the connection.</summary>
    void LinkUp()
    {
    }

    /// <summary>The connection to the external broker is gone.</summary>
    void LinkDown()
    {
    }

    /// <summary>Another session is open than before, or none.</summary>
    void SessionChanged()
    {
    }

    /// <summary>A pod's connection came up.</summary>
    /// <param name="pod">The pod.</param>
    void PodCame(Pod pod)
    {
    }

    /// <summary>A pod's connection is gone.</summary>
    /// <param name="pod">The pod.</param>
    void PodWent(Pod pod)
    {
    }

    /// <summary>A pod takes commands: it has subscribed to its command topic.</summary>
    /// <param name="pod">The pod.</param>
    void PodReady(Pod pod)
    {
    }

    /// <summary>A pod names other parts than before.</summary>
    /// <param name="pod">The pod.</param>
    void PodPartsChanged(Pod pod)
    {
    }

    /// <summary>A client that is no pod came.</summary>
    /// <param name="clientId">Its identifier.</param>
    /// <param name="hasSubscriptions">True when the server has kept subscriptions of it.</param>
    void ClientCame(string clientId, bool hasSubscriptions)
    {
    }

    /// <summary>A client that is no pod is gone.</summary>
    /// <param name="clientId">Its identifier.</param>
    void ClientWent(string clientId)
    {
    }

    /// <summary>A client that is no pod has subscribed.</summary>
    /// <param name="clientId">Its identifier.</param>
    /// <param name="filter">To what.</param>
    void ClientSubscribed(string clientId, string filter)
    {
    }

    /// <summary>A delivery was settled.</summary>
    /// <param name="ticket">Which.</param>
    /// <param name="reasonCode">0, 0x10 for no matching subscribers, or an MQTT 5 reason code from 0x80.</param>
    /// <returns>True when it is this part's.</returns>
    bool Settled(long ticket, byte reasonCode) => false;
}

/// <summary>The parts in their order.</summary>
internal sealed class GatewayParts
{
    private IGatewayPart[] _parts = [];

    /// <summary>Sets the list, once: parts refer to each other and to this list.</summary>
    /// <param name="parts">The parts in the order in which they are stepped and told.</param>
    public void Set(params IGatewayPart[] parts) => _parts = parts;

    /// <summary>Steps all.</summary>
    /// <param name="life">Whether the gateway runs; asked before each part.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When the first of them wants to be called next, µs.</returns>
    public long Step(GatewayLife life, long nowUs)
    {
        long next = long.MaxValue;
        foreach (IGatewayPart part in _parts)
        {
            if (life.IsRunning || part.StepsWhileStopping)
            {
                next = Math.Min(next, part.Step(nowUs));
            }
        }

        return next;
    }

    /// <inheritdoc cref="IGatewayPart.Begin"/>
    public void Begin(long nowUs) => Tell(part => part.Begin(nowUs));

    /// <inheritdoc cref="IGatewayPart.Stop"/>
    public void Stop(long nowUs)
    {
        for (int i = _parts.Length - 1; i >= 0; i--)
        {
            _parts[i].Stop(nowUs);
        }
    }

    /// <inheritdoc cref="IGatewayPart.LinkUp"/>
    public void LinkUp() => Tell(static part => part.LinkUp());

    /// <inheritdoc cref="IGatewayPart.LinkDown"/>
    public void LinkDown() => Tell(static part => part.LinkDown());

    /// <inheritdoc cref="IGatewayPart.SessionChanged"/>
    public void SessionChanged() => Tell(static part => part.SessionChanged());

    /// <summary>Tells something to each part in order.</summary>
    /// <param name="what">What.</param>
    public void Tell(Action<IGatewayPart> what)
    {
        foreach (IGatewayPart part in _parts)
        {
            what(part);
        }
    }

    /// <inheritdoc cref="IGatewayPart.Settled"/>
    public bool Settled(long ticket, byte reasonCode)
    {
        foreach (IGatewayPart part in _parts)
        {
            if (part.Settled(ticket, reasonCode))
            {
                return true;
            }
        }

        return false;
    }
}
