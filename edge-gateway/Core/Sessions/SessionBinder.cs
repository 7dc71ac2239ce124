using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Time;
using Firmware.Protocol;

namespace EdgeGateway.Core.Sessions;

/// <summary>How a span of time lies to a moment.</summary>
internal enum TimeOrder
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>Wholly before it, uncertainty included.</summary>
    Before,

    /// <summary>Wholly after it, uncertainty included.</summary>
    After,

    /// <summary>The moment lies inside the span or its uncertainty.</summary>
    Across,
}

/// <summary>
/// Decides which session a frame belongs to. A pure function of the projections: what cannot be proven is not bound, so that a reading never
/// reaches another patient's session.
/// </summary>
internal sealed class SessionBinder
{
    private readonly SessionProjection _sessions;
    private readonly TimeProjection _time;
    private readonly BootProjection _boots;
    private readonly DeliveryProjection _delivery;

    public SessionBinder(SessionProjection sessions, TimeProjection time, BootProjection boots, DeliveryProjection delivery)
    {
        _sessions = sessions;
        _time = time;
        _boots = boots;
        _delivery = delivery;
    }

    /// <summary>Decides.</summary>
    /// <param name="head">The frame's head.</param>
    /// <param name="frame">The whole frame.</param>
    /// <param name="production">True when this gateway serves patients now, whatever a session was opened as.</param>
    /// <returns>Session number, 0 for none, and the reason.</returns>
    public (uint Session, BindingReason Reason) Decide(in FrameHead head, ReadOnlySpan<byte> frame, bool production)
    {
        if (head.Kind is FrameKind.Clock or FrameKind.Health)
        {
            return (0, BindingReason.ForGateway);
        }

        long endUs = EndUs(head, frame);
        Session? session = head.Epoch == 0 ? null : _sessions.FindByEpoch(head.Epoch);
        (Session? bound, BindingReason reason) = session is not null ? ByEpoch(session, head, endUs)
            : ByLostReadings(head, frame) is { } heir ? (heir, BindingReason.ByLostReadings)
            : ByTime(head, endUs);
        if (bound is null)
        {
            return (0, reason);
        }

        return PatientRule.Refuses(head.Flags, bound, production) ? (0, BindingReason.NotForPatients) : (bound.Number, reason);
    }

    /// <summary>End of what a frame's measurement took in, device µs: the last sample of a waveform, the end of a number's window.</summary>
    /// <param name="head">Its head.</param>
    /// <param name="frame">The whole frame.</param>
    /// <returns>Device µs, not below the frame's own time.</returns>
    internal static long EndUs(in FrameHead head, ReadOnlySpan<byte> frame)
    {
        ReadOnlySpan<byte> body = frame[Frame.HeaderLength..];
        if (head.Version != Frame.Version)
        {
            return head.MonotonicUs;
        }

        if (head.Kind == FrameKind.Waveform && head.BodyLength >= WaveformBody.SamplesOffset)
        {
            long count = BinaryPrimitives.ReadUInt16LittleEndian(body[8..]);
            return head.MonotonicUs + (Math.Max(0, count - 1) * BinaryPrimitives.ReadUInt32LittleEndian(body[4..]));
        }

        return head.Kind == FrameKind.Numeric && head.BodyLength >= NumericBody.Length
            ? head.MonotonicUs + (BinaryPrimitives.ReadUInt32LittleEndian(body[12..]) * 1_000L)
            : head.MonotonicUs;
    }

    /// <summary>How a span of a device's time lies to a moment of the gateway's.</summary>
    /// <param name="head">The frame: device, boot, and its time as the span's start.</param>
    /// <param name="endUs">The span's end, device µs.</param>
    /// <param name="at">The moment.</param>
    /// <returns>The order, if it can be proven.</returns>
    internal TimeOrder Compare(in FrameHead head, long endUs, GatewayMoment at)
    {
        TimeOrder order = TimeOrder.Unknown;
        IReadOnlyList<uint> boots = _time.GatewayBootsOf(head.DeviceId, head.BootId);
        for (int i = 0; i < boots.Count; i++)
        {
            uint boot = boots[i];
            if (!_time.TryMapToGateway(head.DeviceId, head.BootId, head.MonotonicUs, boot, out TimeInterval start)
                || !_time.TryMapToGateway(head.DeviceId, head.BootId, endUs, boot, out TimeInterval end)
                || !_boots.TryFind(boot, out GatewayBoot known))
            {
                continue;
            }

            if (boot == at.BootId)
            {
                return end.HighUs <= at.Us ? TimeOrder.Before : start.LowUs >= at.Us ? TimeOrder.After : TimeOrder.Across;
            }

            // The clocks of two starts are not comparable, but the starts are: what is certainly inside the one is before or after all of the other.
            if (boot < at.BootId && end.HighUs <= known.LastUs)
            {
                return TimeOrder.Before;
            }

            if (boot > at.BootId && start.LowUs >= known.StartUs)
            {
                return TimeOrder.After;
            }
        }

        ReadingTime first = _time.Map(head.DeviceId, head.BootId, head.MonotonicUs);
        ReadingTime last = _time.Map(head.DeviceId, head.BootId, endUs);
        if (at.HasUtc && first.IsKnown && last.IsKnown)
        {
            order = last.UtcUs + last.UncertaintyUs <= at.UtcUs - at.UncertaintyUs ? TimeOrder.Before
                : first.UtcUs - first.UncertaintyUs >= at.UtcUs + at.UncertaintyUs ? TimeOrder.After
                : TimeOrder.Across;
        }

        return order;
    }

    private (Session? Session, BindingReason Reason) ByEpoch(Session session, in FrameHead head, long endUs)
    {
        if (Compare(head, endUs, session.OpenedAt) == TimeOrder.Before)
        {
            return (null, BindingReason.BeforeOpen);
        }

        if (session.ClosedAt is not { } closedAt)
        {
            return (session, BindingReason.ByEpoch);
        }

        return Compare(head, endUs, closedAt) switch
        {
            TimeOrder.Before => (session, BindingReason.ByEpoch),
            TimeOrder.After => (null, BindingReason.AfterClose),
            TimeOrder.Across => (null, BindingReason.AcrossClose),
            _ => (null, BindingReason.TimeUnknown),
        };
    }

    // After a cut of power a pod declares what it lost before it is given an epoch again. The record holds no measurement; it belongs where the
    // readings around the sequence gap went, or nobody would learn of the loss.
    private Session? ByLostReadings(in FrameHead head, ReadOnlySpan<byte> frame)
    {
        if (head.Version != Frame.Version || head.Kind != FrameKind.Gap || head.BodyLength < GapBody.Length)
        {
            return null;
        }

        ReadOnlySpan<byte> body = frame[Frame.HeaderLength..];
        StreamKey lost = new(
            BinaryPrimitives.ReadUInt64LittleEndian(body),
            BinaryPrimitives.ReadUInt32LittleEndian(body[8..]),
            BinaryPrimitives.ReadUInt16LittleEndian(body[12..]));
        uint number = lost.DeviceId == head.DeviceId ? _delivery.LastSessionOf(lost) : 0;
        return number == 0 ? null : _sessions.Find(number);
    }

    private (Session? Session, BindingReason Reason) ByTime(in FrameHead head, long endUs)
    {
        bool unknown = false;
        foreach (Session session in _sessions.Sessions)
        {
            TimeOrder toOpen = Compare(head, endUs, session.OpenedAt);
            TimeOrder toClose = session.ClosedAt is { } closedAt ? Compare(head, endUs, closedAt) : TimeOrder.Before;
            if (toOpen == TimeOrder.After && toClose == TimeOrder.Before)
            {
                return (session, BindingReason.ByTime);
            }

            unknown |= toOpen == TimeOrder.Unknown || toClose == TimeOrder.Unknown;
        }

        return (null, unknown ? BindingReason.TimeUnknown : BindingReason.NoSession);
    }
}
