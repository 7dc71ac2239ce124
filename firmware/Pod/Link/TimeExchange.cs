using Firmware.Core;
using Firmware.Pod.Cuff;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Store;
using Firmware.Protocol;

namespace Firmware.Pod.Link;

/// <summary>The arithmetic of one exchange of clocks, in the manner of RFC 5905, section 8. Pure.</summary>
public static class ClockMath
{
    /// <summary>Whether four times can belong together: nothing ran backwards, and the reply was not sent before the request came.</summary>
    /// <param name="t1">Request sent, pod µs.</param>
    /// <param name="t2">Request received, gateway µs.</param>
    /// <param name="t3">Reply sent, gateway µs.</param>
    /// <param name="t4">Reply received, pod µs.</param>
    /// <returns>True when they can.</returns>
    public static bool IsPossible(long t1, long t2, long t3, long t4) =>
        t1 >= 0 && t2 >= 0 && t4 >= t1 && t3 >= t2 && t4 - t1 >= t3 - t2 && t4 - t1 <= int.MaxValue;

    /// <summary>Gateway minus pod: ((t2 - t1) + (t3 - t4)) / 2.</summary>
    /// <param name="t1">Request sent, pod µs.</param>
    /// <param name="t2">Request received, gateway µs.</param>
    /// <param name="t3">Reply sent, gateway µs.</param>
    /// <param name="t4">Reply received, pod µs.</param>
    /// <returns>µs.</returns>
    public static long OffsetUs(long t1, long t2, long t3, long t4) => ((t2 - t1) + (t3 - t4)) / 2;

    /// <summary>Half the round trip, rounded up: however unequal the two ways are, the true offset is not further from <see cref="OffsetUs"/>.</summary>
    /// <param name="t1">Request sent, pod µs.</param>
    /// <param name="t2">Request received, gateway µs.</param>
    /// <param name="t3">Reply sent, gateway µs.</param>
    /// <param name="t4">Reply received, pod µs.</param>
    /// <returns>µs.</returns>
    public static uint UncertaintyUs(long t1, long t2, long t3, long t4) => (uint)((t4 - t1 - (t3 - t2) + 1) / 2);
}

/// <summary>
/// How fast the gateway's clock runs against the pod's, from the exchanges with the least uncertainty in the older and in the newer half of a window.
/// </summary>
public sealed class DriftEstimator
{
    /// <summary>Exchanges kept: more than five minutes at the usual period.</summary>
    public const int Capacity = 32;

    /// <summary>Two exchanges nearer than this say nothing about drift, µs.</summary>
    public const long ShortestBaseUs = 60_000_000;

    /// <summary>A drift that is not known better than this is not stated, ppb.</summary>
    public const long WorstPpb = 200_000;

    private readonly long[] _atUs = new long[Capacity];
    private readonly long[] _offsetUs = new long[Capacity];
    private readonly uint[] _uncertaintyUs = new uint[Capacity];
    private int _count;

    /// <summary>Forgets all.</summary>
    public void Clear() => _count = 0;

    /// <summary>Takes in one exchange.</summary>
    /// <param name="atUs">Its middle, pod µs; later than the one before.</param>
    /// <param name="offsetUs">Its offset.</param>
    /// <param name="uncertaintyUs">Its uncertainty.</param>
    /// <returns>The drift now, ppb; 0 while it is not known.</returns>
    public int Add(long atUs, long offsetUs, uint uncertaintyUs)
    {
        if (_count == Capacity)
        {
            for (int i = 1; i < Capacity; i++)
            {
                _atUs[i - 1] = _atUs[i];
                _offsetUs[i - 1] = _offsetUs[i];
                _uncertaintyUs[i - 1] = _uncertaintyUs[i];
            }

            _count--;
        }

        _atUs[_count] = atUs;
        _offsetUs[_count] = offsetUs;
        _uncertaintyUs[_count] = uncertaintyUs;
        _count++;
        return Estimate();
    }

    private int Estimate()
    {
        if (_count < 2)
        {
            return 0;
        }

        int older = Best(0, _count / 2);
        int newer = Best(_count / 2, _count);
        long baseUs = _atUs[newer] - _atUs[older];
        long change = _offsetUs[newer] - _offsetUs[older];
        if (baseUs < ShortestBaseUs || change > int.MaxValue || change < -int.MaxValue)
        {
            return 0;
        }

        long worst = ((long)_uncertaintyUs[newer] + _uncertaintyUs[older]) * 1_000_000_000 / baseUs;
        long ppb = change * 1_000_000_000 / baseUs;
        return worst > WorstPpb || ppb > int.MaxValue || ppb < -int.MaxValue ? 0 : (int)ppb;
    }

    private int Best(int from, int to)
    {
        int best = from;
        for (int i = from + 1; i < to; i++)
        {
            if (_uncertaintyUs[i] <= _uncertaintyUs[best])
            {
                best = i;
            }
        }

        return best;
    }
}

/// <summary>
/// Asks the gateway for its time and makes a clock frame of each good answer. The same request, with <see cref="ProbeBit"/> in its exchange, is the probe of a living link
/// where a cuff needs one: its answer tells <see cref="LinkWatch"/> only, and is no clock sample.
/// </summary>
public sealed class TimeExchange
{
    /// <summary>An answer that takes longer is not waited for, µs.</summary>
    public const long TimeoutUs = 2_000_000;

    /// <summary>Period until <see cref="FastExchanges"/> answers have come since the link is up, µs.</summary>
    public const long FastPeriodUs = 1_000_000;

    /// <summary>Answers at the fast period.</summary>
    public const int FastExchanges = 5;

    /// <summary>Without an answer for this long while the link is up, the clock is reported as not synchronised, µs.</summary>
    public const long SilenceUs = 60_000_000;

    /// <summary>In the number of an exchange that is a probe of the link.</summary>
    public const uint ProbeBit = 0x8000_0000;

    private readonly PodRing _ring;
    private readonly IPodLink _link;
    private readonly LinkWatch _watch;
    private readonly IMonotonicClock? _clock;
    private readonly PodCounters _counters;
    private readonly EventReporter _events;
    private readonly string _topic;
    private readonly byte[] _request = new byte[ClockMessage.RequestLength];
    private readonly DriftEstimator _drift = new();
    private readonly long _periodUs;
    private uint _exchange;
    private uint _probe;
    private long _probedUs;
    private bool _waiting;
    private long _t1;
    private long _sentUs;
    private long _nextUs;
    private int _answers;
    private long _quietSinceUs;
    private uint _gatewayBootId;
    private bool _hasGateway;

    /// <summary>No I/O.</summary>
    /// <param name="options">Period, clock, device.</param>
    /// <param name="ring">Where clock frames go.</param>
    /// <param name="link">The link.</param>
    /// <param name="counters">The counters.</param>
    /// <param name="events">Where faults are reported.</param>
    /// <param name="watch">What is told of answers.</param>
    public TimeExchange(PodOptions options, PodRing ring, IPodLink link, PodCounters counters, EventReporter events, LinkWatch watch)
    {
        _ring = ring;
        _link = link;
        _clock = options.Clock;
        _counters = counters;
        _events = events;
        _watch = watch;
        _topic = Topics.Time(options.DeviceId);
        _periodUs = options.TimePeriodMs * 1000L;
    }

    /// <summary>From one probe of the link to the next, µs; 0 for none. Whatever was proven by other answers meanwhile saves a probe.</summary>
    public int ProbePeriodUs { get; set; }

    /// <summary>Requests given to the link.</summary>
    public long Sent { get; private set; }

    /// <summary>The link came up: ask at once.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Connect(long nowUs)
    {
        _waiting = false;
        _answers = 0;
        _nextUs = nowUs;
        _probedUs = nowUs;
        _quietSinceUs = nowUs;
    }

    /// <summary>Takes an answer.</summary>
    /// <param name="buffer">Its bytes.</param>
    /// <param name="count">How many.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Reply(byte[] buffer, int count, long nowUs)
    {
        long t4 = Now(nowUs);
        if (count == ClockMessage.ReplyLength && IsOfThisLink(buffer))
        {
            // However late: it answers what left then.
            _watch.Answer((long)LittleEndian.ReadUInt64(buffer, 4), t4);
            if ((LittleEndian.ReadUInt32(buffer, 0) & ProbeBit) != 0)
            {
                return;
            }
        }

        if (count != ClockMessage.ReplyLength
            || !_waiting
            || LittleEndian.ReadUInt32(buffer, 0) != _exchange
            || (long)LittleEndian.ReadUInt64(buffer, 4) != _t1)
        {
            _counters.ClockRepliesRefused++;
            return;
        }

        _waiting = false;
        long t2 = (long)LittleEndian.ReadUInt64(buffer, 12);
        long t3 = (long)LittleEndian.ReadUInt64(buffer, 20);
        if (!ClockMath.IsPossible(_t1, t2, t3, t4))
        {
            _counters.ClockRepliesRefused++;
            return;
        }

        uint bootId = LittleEndian.ReadUInt32(buffer, 28);
        if (!_hasGateway || bootId != _gatewayBootId)
        {
            if (_hasGateway)
            {
                _events.Report(FaultCode.GatewayClockChanged, 0, nowUs);
            }

            _drift.Clear();
            _gatewayBootId = bootId;
            _hasGateway = true;
        }

        long offsetUs = ClockMath.OffsetUs(_t1, t2, t3, t4);
        uint uncertaintyUs = ClockMath.UncertaintyUs(_t1, t2, t3, t4);
        int driftPpb = _drift.Add(_t1 + ((t4 - _t1) / 2), offsetUs, uncertaintyUs);
        ClockBody.Write(_ring.Scratch, PodRing.BodyOffset, _t1, t2, t3, t4, offsetUs, uncertaintyUs, driftPpb, bootId);
        _ring.Commit(FrameKind.Clock, Streams.Clock, ClockBody.Length, t4, 0, nowUs);
        _counters.ClockSamples++;
        _quietSinceUs = nowUs;
        _answers++;
    }

    /// <summary>Asks when it is time.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next.</returns>
    public long Step(long nowUs)
    {
        if (!_link.IsConnected)
        {
            _waiting = false;
            return long.MaxValue;
        }

        if (_waiting && nowUs - _sentUs >= TimeoutUs)
        {
            _waiting = false;
            _counters.ClockTimeouts++;
        }

        if (nowUs - _quietSinceUs >= SilenceUs)
        {
            _quietSinceUs = nowUs;
            _events.Report(FaultCode.ClockUnsynchronised, 0, nowUs);
        }

        if (!_waiting && nowUs >= _nextUs)
        {
            _exchange++;
            _t1 = Now(nowUs);
            _sentUs = nowUs;
            LittleEndian.WriteUInt32(_request, 0, _exchange);
            LittleEndian.WriteUInt64(_request, 4, (ulong)_t1);
            _waiting = _link.TryPublish(_topic, _request, ClockMessage.RequestLength, 0, false);
            Sent += _waiting ? 1 : 0;
            _nextUs = nowUs + (_answers < FastExchanges ? FastPeriodUs : _periodUs);
        }

        long next = _waiting ? _sentUs + TimeoutUs : _nextUs;
        if (ProbePeriodUs > 0)
        {
            long provenUs = _watch.ProvenUs;
            long dueUs = (provenUs > _probedUs ? provenUs : _probedUs) + ProbePeriodUs;
            if (nowUs >= dueUs)
            {
                Probe(nowUs);
                dueUs = nowUs + ProbePeriodUs;
            }

            next = next < dueUs ? next : dueUs;
        }

        return next < _quietSinceUs + SilenceUs ? next : _quietSinceUs + SilenceUs;
    }

    private void Probe(long nowUs)
    {
        _probedUs = nowUs;
        _probe = (_probe + 1) & ~ProbeBit;
        LittleEndian.WriteUInt32(_request, 0, _probe | ProbeBit);
        LittleEndian.WriteUInt64(_request, 4, (ulong)Now(nowUs));
        Sent += _link.TryPublish(_topic, _request, ClockMessage.RequestLength, 0, false) ? 1 : 0;
    }

    // An answer to a request of an earlier connection proves nothing of this one.
    private bool IsOfThisLink(byte[] buffer)
    {
        uint number = LittleEndian.ReadUInt32(buffer, 0);
        uint newest = (number & ProbeBit) != 0 ? _probe | ProbeBit : _exchange;
        return newest - number < 64;
    }

    private long Now(long nowUs) => _clock == null ? nowUs : _clock.NowUs;
}
