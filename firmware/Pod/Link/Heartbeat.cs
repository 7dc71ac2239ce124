using Firmware.Core;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Store;
using Firmware.Pod.Supervision;
using Firmware.Protocol;

namespace Firmware.Pod.Link;

/// <summary>
/// How the pod itself does, as one reading a minute while its gateway is there; nobody else wants it, so that none waits in the store and none wears the flash. It carries no value of a patient,
/// stands under no epoch, and is 72 bytes: 10 bit/s.
/// </summary>
public sealed class Heartbeat
{
    /// <summary>From one reading to the next, µs. Assumption: a minute is soon enough for a heap that shrinks, and nothing on the thinnest link.</summary>
    public const long PeriodUs = 60_000_000;

    /// <summary>The first one, µs after the loop began: what it says of the loop has happened by then. What is not well before stands in the state message.</summary>
    public const long FirstUs = 10_000_000;

    private const int MaxUInt16 = 0xFFFF;

    private readonly PodOptions _options;
    private readonly PodRing _ring;
    private readonly SegmentLog _log;
    private readonly PodCounters _counters;
    private readonly TraceRing _trace;
    private readonly byte[] _body = new byte[HealthBody.Length];
    private long _askedUs = long.MaxValue;
    private long _lateUs;
    private long _dueUs = -1;

    /// <summary>Stores.</summary>
    /// <param name="options">What the pod is; its board tells memory and signal.</param>
    /// <param name="ring">Where readings go.</param>
    /// <param name="log">The store's segments.</param>
    /// <param name="counters">What was counted.</param>
    /// <param name="trace">The reports.</param>
    public Heartbeat(PodOptions options, PodRing ring, SegmentLog log, PodCounters counters, TraceRing trace)
    {
        _options = options;
        _ring = ring;
        _log = log;
        _counters = counters;
        _trace = trace;
    }

    /// <summary>A step of the loop begins.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void OnStep(long nowUs)
    {
        long late = nowUs - _askedUs;
        _lateUs = late > _lateUs ? late : _lateUs;
    }

    /// <summary>A step of the loop ends.</summary>
    /// <param name="nextUs">When it wants to be called next.</param>
    /// <param name="nowUs">Monotonic µs, as it is now.</param>
    public void OnStepEnd(long nextUs, long nowUs)
    {
        // Called at once again is not late, and what a step itself took is its own.
        _askedUs = nextUs == long.MaxValue ? long.MaxValue : nextUs > nowUs ? nextUs : nowUs;
    }

    /// <summary>Makes a reading when one is due.</summary>
    /// <param name="isWanted">The gateway is there, and the loop may stand: a board counts its free memory by collecting it.</param>
    /// <param name="isOnBench">The pod is on a bench.</param>
    /// <param name="supervisors">The parts.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next.</returns>
    public long Step(bool isWanted, bool isOnBench, Supervisor[] supervisors, long nowUs)
    {
        if (_dueUs < 0)
        {
            _dueUs = nowUs + FirstUs;
        }

        if (!isWanted || !_options.SendsHealth)
        {
            return long.MaxValue;
        }

        if (nowUs < _dueUs)
        {
            return _dueUs;
        }

        Fill(true, isOnBench, supervisors, nowUs);
        for (int i = 0; i < HealthBody.Length; i++)
        {
            _ring.Scratch[PodRing.BodyOffset + i] = _body[i];
        }

        _ring.Commit(FrameKind.Health, Streams.Health, HealthBody.Length, nowUs, 0, nowUs);
        _dueUs = nowUs + PeriodUs;
        _lateUs = 0;
        return _dueUs;
    }

    /// <summary>What a reading of now says.</summary>
    /// <param name="mayStand">False while the loop must be steady: free memory is not known then.</param>
    /// <param name="isOnBench">The pod is on a bench.</param>
    /// <param name="supervisors">The parts.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>A <see cref="HealthBody"/>; valid until the next call.</returns>
    public byte[] Fill(bool mayStand, bool isOnBench, Supervisor[] supervisors, long nowUs)
    {
        int failing = 0;
        for (int i = 0; i < supervisors.Length; i++)
        {
            failing += supervisors[i].State == SupervisorState.Measuring ? 0 : 1;
        }

        IBoardService? board = _options.Board;
        long memory = board == null || !mayStand ? -1 : board.FreeManagedBytes;
        int signal = board == null ? 0 : board.SignalDecibelMilliwatt;
        int flags = (_ring.StoreOk ? 0 : HealthBody.StoreFails)
            | (isOnBench ? HealthBody.OnBench : 0)
            | (signal < 0 ? 0 : HealthBody.SignalNotOffered)
            | (_options.Starts > 0 ? 0 : HealthBody.StartsUnknown);
        LittleEndian.WriteUInt32(_body, 0, Bounded(nowUs / 1_000_000));
        LittleEndian.WriteUInt32(_body, 4, _options.Starts);
        LittleEndian.WriteUInt32(_body, 8, memory < 0 ? HealthBody.MemoryUnknown : Bounded(memory));
        LittleEndian.WriteUInt32(_body, 12, Bounded(_trace.Total));
        LittleEndian.WriteUInt16(_body, 16, (int)_options.LastEnd);
        LittleEndian.WriteUInt16(_body, 18, _log.Count >= _options.MaxSegments ? 1000 : _log.Count * 1000 / _options.MaxSegments);
        LittleEndian.WriteUInt16(_body, 20, Bounded16(_lateUs / 1000));
        LittleEndian.WriteUInt16(_body, 22, Bounded16(_counters.LinksLost));
        _body[24] = (byte)(signal < -128 ? -128 : signal < 0 ? signal : 0);
        _body[25] = (byte)failing;
        _body[26] = (byte)supervisors.Length;
        _body[27] = (byte)flags;
        LittleEndian.WriteUInt32(_body, 28, Bounded(_ring.Pending));
        return _body;
    }

    private static uint Bounded(long value) => value < 0 ? 0 : value < HealthBody.MemoryUnknown ? (uint)value : HealthBody.MemoryUnknown - 1;

    private static int Bounded16(long value) => value < MaxUInt16 ? (int)value : MaxUInt16;
}
