using System;

namespace EdgeGateway.Core.Delivery;

/// <summary>
/// Holds streams whose reading was refused or not answered: nothing of them is sent but that reading, now and then, as a probe. The pause grows with each probe that fails.
/// </summary>
/// <param name="cursors">Where each stream stands.</param>
/// <param name="probeUs">The first pause before a probe, µs.</param>
/// <param name="isEmbedded">True when the subscribers are at the gateway's own endpoint.</param>
internal sealed class StreamHolds(DeliveryCursors cursors, long probeUs, bool isEmbedded)
{
    /// <summary>The pause before a held stream is probed grows to this many times the first one.</summary>
    public const int MaxProbeFactor = 4;

    /// <summary>Bytes of readings kept in memory for probing; a stream above it reads its reading again.</summary>
    public const int MaxProbeBytes = 1024 * 1024;

    private int _probeBytes;

    /// <summary>Holds a stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="probe">The reading to probe with; null when it has to be read first.</param>
    /// <param name="reason">Why: an MQTT 5 reason code, 0 when nobody answered.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Hold(StreamDelivery stream, DeliveryItem? probe, byte reason, long nowUs)
    {
        Unhold(stream);
        stream.Confirm(false);
        int factor = Math.Min(MaxProbeFactor, 1 << Math.Min(stream.Probes, 8));
        stream.Probes++;
        stream.IsHeld = true;
        stream.HeldFor = reason;
        stream.HeldUntilUs = nowUs + (probeUs * factor);
        if (probe is { } item && _probeBytes + item.Length <= MaxProbeBytes)
        {
            stream.Probe = item;
            stream.Through = Math.Max(stream.Through, item.Index);
            _probeBytes += item.Length;
        }
        else
        {
            cursors.GoBack(stream);
        }

        stream.Session.WithoutSubscriber += reason == DeliveryRefusal.NoSubscribers ? 1 : 0;
        stream.Queue.Held.Add((stream.HeldUntilUs, stream.Key.Stream));
    }

    /// <summary>A stream is held no more.</summary>
    public void Unhold(StreamDelivery stream)
    {
        if (stream.IsHeld)
        {
            stream.Queue.Held.Remove((stream.HeldUntilUs, stream.Key.Stream));
            stream.IsHeld = false;
            stream.Session.WithoutSubscriber -= stream.HeldFor == DeliveryRefusal.NoSubscribers ? 1 : 0;
            _probeBytes -= stream.Probe?.Length ?? 0;
            stream.Probe = null;
        }
    }

    /// <summary>Somebody may take a session's held streams now: they are probed without waiting.</summary>
    public void ProbeAtOnce(SessionDelivery state, long nowUs)
    {
        foreach (StreamDelivery stream in state.Streams.Values)
        {
            bool isWaiting = stream.IsHeld && stream.InFlight == 0 && stream.HeldUntilUs > nowUs;
            if (isWaiting && (isEmbedded || stream.HeldFor == DeliveryRefusal.NoSubscribers))
            {
                stream.Queue.Held.Remove((stream.HeldUntilUs, stream.Key.Stream));
                stream.HeldUntilUs = nowUs;
                stream.Probes = 0;
                stream.Queue.Held.Add((nowUs, stream.Key.Stream));
            }
        }
    }

    /// <summary>When the next probe is due, monotonic µs; after <paramref name="nowUs"/>.</summary>
    public long NextUs(long nowUs)
    {
        long next = long.MaxValue;
        for (int i = 0; i < cursors.Sessions.Count; i++)
        {
            foreach (DeliveryQueue queue in cursors.Sessions.GetValueAtIndex(i).Queues)
            {
                if (queue is not null && queue.Held.Count > 0 && queue.Held.Min.DueUs > nowUs)
                {
                    next = Math.Min(next, queue.Held.Min.DueUs);
                }
            }
        }

        return next;
    }
}
