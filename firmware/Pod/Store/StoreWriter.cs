using Firmware.Core;
using Firmware.Pod.Diagnostics;
using Firmware.Protocol;

namespace Firmware.Pod.Store;

/// <summary>
/// Brings frames and marks from RAM into the segments: one append and one flush at a time, gaps first, so that a prefix which a cut of power leaves is never a mark that
/// passes over a loss whose declaration is not in the store. README.md gives the rules in words.
/// </summary>
public sealed class StoreWriter
{
    /// <summary>Most frames in one append to the store.</summary>
    public const int MaxFramesPerBatch = 24;

    /// <summary>Pause before a store that refused is tried again, µs.</summary>
    public const long StoreRetryUs = 10_000_000;

    /// <summary>A release that is not carried by another append is written after this time, µs.</summary>
    public const long ReleasePeriodUs = 10_000_000;

    // Pause between two batches or two deletions, so that the sensors come in between.
    private const long BatchPauseUs = 5_000;

    private readonly PodOptions _options;
    private readonly SegmentLog _log;
    private readonly FrameQueue[] _queues;
    private readonly LossLedger _ledgers;
    private readonly PodCounters _counters;
    private readonly EventReporter _events;
    private readonly int[] _batchClass = new int[MaxFramesPerBatch];
    private readonly int[] _batchIndex = new int[MaxFramesPerBatch];
    private readonly uint[] _markReleased = new uint[LossLedger.MaxLedgers];
    private readonly uint[] _markCeiling = new uint[LossLedger.MaxLedgers];
    private readonly bool[] _marked = new bool[LossLedger.MaxLedgers];
    private uint _bootId;
    private int _marksPerLedger = 1;
    private bool _isHeld;
    private bool _isRecovered;
    private bool _isCeilingNear;
    private bool _fullReported;
    private long _storeRetryUs;
    private long _dirtySinceUs = long.MaxValue;
    private long _releaseSinceUs = long.MaxValue;

    /// <summary>Allocates. No I/O.</summary>
    /// <param name="options">The bounds.</param>
    /// <param name="log">The segments.</param>
    /// <param name="queues">The frames, by class.</param>
    /// <param name="ledgers">The accounts.</param>
    /// <param name="counters">The counters.</param>
    /// <param name="events">Where faults are reported.</param>
    public StoreWriter(PodOptions options, SegmentLog log, FrameQueue[] queues, LossLedger ledgers, PodCounters counters, EventReporter events)
    {
        _options = options;
        _log = log;
        _queues = queues;
        _ledgers = ledgers;
        _counters = counters;
        _events = events;
    }

    /// <summary>A frame is flushed to the store.</summary>
    public event FrameHandler? FrameStored;

    /// <summary>True while the store takes what it is given.</summary>
    public bool IsOk { get; private set; }

    /// <summary>Begins this boot, once recovery has read the store.</summary>
    /// <param name="bootId">This boot's number.</param>
    /// <param name="storeOk">False when the boot counter could not be written.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Begin(uint bootId, bool storeOk, long nowUs)
    {
        _bootId = bootId;
        IsOk = storeOk;
        _storeRetryUs = nowUs + StoreRetryUs;
    }

    /// <summary>All that earlier boots left is taken up or declared: from now on their accounts are ended when nothing is left of them. Until then they keep their places, which recovery goes by.</summary>
    public void EndRecovery() => _isRecovered = true;

    /// <summary>A frame of an earlier boot was taken up.</summary>
    /// <param name="segment">The segment that holds it.</param>
    public void Adopt(int segment) => _log.AddLive(segment, 1);

    /// <summary>A frame waits to be stored.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void MarkDirty(long nowUs)
    {
        if (_dirtySinceUs == long.MaxValue)
        {
            _dirtySinceUs = nowUs;
        }
    }

    /// <summary>Flushes and deletes what is due.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <param name="otherUs">When the caller has work of its own.</param>
    /// <param name="isHeld">
    /// True while nothing may make the loop stand: what is due waits in RAM, and goes with the first step after it. With the first step of it goes what waits then, and marks that cover what may
    /// be made meanwhile.
    /// </param>
    /// <returns>When it wants to be called next.</returns>
    public long Step(long nowUs, long otherUs, bool isHeld)
    {
        AdvanceStoredMark();
        bool begins = isHeld && !_isHeld;
        _isHeld = isHeld;
        if (isHeld)
        {
            if (begins && IsOk)
            {
                _marksPerLedger = 2;
                WriteBatch(null, false, nowUs);
                _marksPerLedger = 1;
            }

            return otherUs;
        }

        if (!IsOk)
        {
            if (nowUs < _storeRetryUs)
            {
                return Earlier(_storeRetryUs, otherUs);
            }

            _storeRetryUs = nowUs + StoreRetryUs;
            DeleteDead(nowUs);
            if (WriteBatch(null, false, nowUs))
            {
                IsOk = true;
                _fullReported = false;
                _events.Report(FaultCode.StoreRecovered, 0, nowUs);
            }

            return nowUs;
        }

        long flushUs = _dirtySinceUs == long.MaxValue ? long.MaxValue : _dirtySinceUs + (_options.FlushPeriodMs * 1000L);
        long releaseUs = _releaseSinceUs == long.MaxValue ? long.MaxValue : _releaseSinceUs + ReleasePeriodUs;
        bool crowded = _log.Count >= _options.MaxSegments - 1 && _log.Oldest() != 0;
        if (nowUs >= flushUs || nowUs >= releaseUs || crowded || _isCeilingNear)
        {
            if (TryWriteBatch(null, crowded, nowUs))
            {
                AdvanceStoredMark();
            }

            DeleteDead(nowUs);
            return nowUs + BatchPauseUs;
        }

        if (DeleteDead(nowUs))
        {
            return nowUs + BatchPauseUs;
        }

        return Earlier(Earlier(flushUs, releaseUs), otherUs);
    }

    /// <summary>Puts all into the store that waits, whatever its age.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when everything is in the store.</returns>
    public bool FlushAll(long nowUs)
    {
        AdvanceStoredMark();
        while (IsOk && HasUnstored())
        {
            if (!TryWriteBatch(null, false, nowUs))
            {
                return false;
            }

            AdvanceStoredMark();
        }

        return IsOk && TryWriteBatch(null, false, nowUs);
    }

    /// <summary>Sees to it that the account's next number may be given out, by a mark in the store where one is needed.</summary>
    /// <param name="ledger">The account.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void EnsureCeiling(StreamLedger ledger, long nowUs)
    {
        if (ledger.Last >= ledger.Ceiling)
        {
            TryWriteBatch(ledger, false, nowUs);
        }
        else if (IsNear(ledger))
        {
            // The next mark is written between two steps of the parts rather than in the middle of one, where the loop would stand.
            _isCeilingNear = true;
        }
    }

    /// <summary>A frame need not be in the store any more.</summary>
    /// <param name="queue">Its queue.</param>
    /// <param name="index">Its place there.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void LeaveStore(FrameQueue queue, int index, long nowUs)
    {
        int segment = queue.Segment(index);
        if (segment == FrameQueue.NotStored)
        {
            return;
        }

        _log.AddLive(segment, -1);
        queue.SetSegment(index, FrameQueue.NotStored);
        StreamLedger? ledger = _ledgers.Find(Frame.BootId(queue.Data, queue.Start(index)), Frame.Stream(queue.Data, queue.Start(index)));
        if (ledger != null)
        {
            ledger.ReleaseDue = true;
            if (_releaseSinceUs == long.MaxValue)
            {
                _releaseSinceUs = nowUs;
            }
        }
    }

    private static long Earlier(long a, long b) => a < b ? a : b;

    private static bool IsNear(StreamLedger ledger) => ledger.Ceiling - ledger.Last <= (uint)(FrameClasses.MarkSpan(ledger.Class) / 8);

    private bool HasUnstored()
    {
        for (int c = 0; c < FrameClasses.DurableCount; c++)
        {
            if (_queues[c].Stored < _queues[c].Count)
            {
                return true;
            }
        }

        return false;
    }

    private void AdvanceStoredMark()
    {
        bool dirty = false;
        for (int c = 0; c < FrameClasses.DurableCount; c++)
        {
            FrameQueue queue = _queues[c];
            int stored = queue.Stored;
            while (stored < queue.Count && (queue.Ticket(stored) == FrameQueue.Done || queue.Segment(stored) != FrameQueue.NotStored))
            {
                stored++;
            }

            queue.SetStored(stored);
            dirty |= stored < queue.Count;
        }

        if (!dirty)
        {
            _dirtySinceUs = long.MaxValue;
        }
    }

    private bool DeleteDead(long nowUs)
    {
        if (_log.DeleteOneDead(out bool deleted) != StoreStatus.Ok)
        {
            Refused(StoreStatus.Failed, nowUs);
        }

        return deleted;
    }

    private void Refused(StoreStatus status, long nowUs)
    {
        _log.Abandon();
        IsOk = false;
        _storeRetryUs = nowUs + StoreRetryUs;
        if (status == StoreStatus.Full)
        {
            if (!_fullReported)
            {
                _fullReported = true;
                _events.Report(FaultCode.StoreFull, 0, nowUs);
            }

            return;
        }

        _events.Report(FaultCode.StoreFailed, 0, nowUs);
    }

    private bool TryWriteBatch(StreamLedger? needed, bool relocate, long nowUs)
    {
        if (!IsOk)
        {
            return false;
        }

        return WriteBatch(needed, relocate, nowUs);
    }

    // One append and one flush: frames first, gaps before all others, then marks. A prefix that a cut leaves is therefore never a mark that
    // passes over a loss whose declaration is not in the store.
    private bool WriteBatch(StreamLedger? needed, bool relocate, long nowUs)
    {
        for (int i = 0; i < _ledgers.Count; i++)
        {
            _marked[i] = false;
        }

        _isCeilingNear = false;
        bool ahead = _marksPerLedger > 1;
        bool begun = false;
        if (_log.Current == 0 || _log.CurrentBytes >= _options.SegmentBytes)
        {
            if (_log.TryBegin(_bootId, _options.MaxSegments))
            {
                begun = true;
            }
            else if (_log.Current == 0)
            {
                Refused(StoreStatus.Full, nowUs);
                return false;
            }
        }

        int frames = 0;
        if (begun)
        {
            // An older segment may go once this one is flushed, so every account is written anew, before any frame.
            for (int i = 0; i < _ledgers.Count; i++)
            {
                if (_ledgers.At(i).Ceiling != 0 || _ledgers.At(i).Last != 0)
                {
                    AddMark(i, _ledgers.At(i).Ceiling, false);
                }
            }
        }

        frames = AddUnstored(frames);
        bool gapsStored = GapsStoredAfter(frames);
        if (relocate)
        {
            frames = AddOldest(frames);
        }

        for (int i = 0; i < _ledgers.Count; i++)
        {
            StreamLedger ledger = _ledgers.At(i);
            int span = ahead ? FrameClasses.HeldSpan(ledger.Class) : FrameClasses.MarkSpan(ledger.Class);
            bool mine = ledger.BootId == _bootId;
            bool isDue = mine && (ahead || ledger.Ceiling == 0 || IsNear(ledger));
            if (ledger == needed || isDue)
            {
                // Twice, so that one damaged place cannot hide that the stream was in use.
                AddMark(i, ledger.Last + (uint)span, gapsStored);
                AddMark(i, ledger.Last + (uint)span, gapsStored);
            }
            else if (ledger.ReleaseDue || (!mine && ledger.Closed != ledger.ClosedStored))
            {
                AddMark(i, ledger.Ceiling, gapsStored);
            }
        }

        if (_log.BatchCount == 0)
        {
            return true;
        }

        int segment = _log.Current;
        StoreStatus status = _log.Commit();
        if (status != StoreStatus.Ok)
        {
            Refused(status, nowUs);
            return false;
        }

        OnBatchWritten(frames, segment, gapsStored);
        return true;
    }

    private void AddMark(int index, uint ceiling, bool gapsStored)
    {
        StreamLedger ledger = _ledgers.At(index);
        if (ceiling < ledger.Last)
        {
            ceiling = ledger.Last; // numbers were given out while the store was away
        }

        // What is released must be in the store as declared: with a gap record still outside, nothing new is called released.
        uint released = gapsStored ? ledger.ReleasedNow() : ledger.ReleasedStored;
        bool closed = ledger.Closed && (gapsStored || ledger.ClosedStored);
        _log.AddMark(ledger, ceiling, released, closed);
        _markReleased[index] = released;
        _markCeiling[index] = ceiling;
        _marked[index] = true;
    }

    private int AddUnstored(int frames)
    {
        frames = AddUnstored((int)FrameClass.Gap, frames);
        frames = AddUnstored((int)FrameClass.Vital, frames);
        return AddUnstored((int)FrameClass.Event, frames);
    }

    private int AddUnstored(int frameClass, int frames)
    {
        FrameQueue queue = _queues[frameClass];
        for (int i = queue.Stored; i < queue.Count && frames < MaxFramesPerBatch; i++)
        {
            if (queue.Ticket(i) == FrameQueue.Done || queue.Segment(i) != FrameQueue.NotStored)
            {
                continue;
            }

            if (!_log.Fits(queue.Length(i), _marksPerLedger * LossLedger.MaxLedgers))
            {
                break;
            }

            _log.AddFrame(queue.Data, queue.Start(i), queue.Length(i));
            _batchClass[frames] = frameClass;
            _batchIndex[frames] = i;
            frames++;
        }

        return frames;
    }

    private int AddOldest(int frames)
    {
        int oldest = _log.Oldest();
        for (int c = 0; c < FrameClasses.DurableCount && oldest != 0; c++)
        {
            FrameQueue queue = _queues[c];
            for (int i = 0; i < queue.Stored && frames < MaxFramesPerBatch; i++)
            {
                if (queue.Segment(i) == oldest && _log.Fits(queue.Length(i), LossLedger.MaxLedgers))
                {
                    _log.AddFrame(queue.Data, queue.Start(i), queue.Length(i));
                    _batchClass[frames] = c;
                    _batchIndex[frames] = i;
                    frames++;
                }
            }
        }

        return frames;
    }

    private bool GapsStoredAfter(int frames)
    {
        FrameQueue gaps = _queues[(int)FrameClass.Gap];
        int inBatch = 0;
        for (int i = 0; i < frames; i++)
        {
            if (_batchClass[i] == (int)FrameClass.Gap)
            {
                inBatch++;
            }
        }

        for (int i = gaps.Stored; i < gaps.Count; i++)
        {
            if (gaps.Ticket(i) != FrameQueue.Done && gaps.Segment(i) == FrameQueue.NotStored)
            {
                inBatch--;
            }
        }

        return inBatch >= 0;
    }

    private void OnBatchWritten(int frames, int segment, bool gapsStored)
    {
        for (int i = 0; i < frames; i++)
        {
            FrameQueue queue = _queues[_batchClass[i]];
            int index = _batchIndex[i];
            bool first = queue.Segment(index) == FrameQueue.NotStored;
            _log.AddLive(queue.Segment(index), -1);
            queue.SetSegment(index, segment);
            _log.AddLive(segment, 1);
            if (first)
            {
                _counters.Stored++;
                FrameStored?.Invoke(queue.Data, queue.Start(index), queue.Length(index));
            }
        }

        for (int i = _ledgers.Count - 1; i >= 0; i--)
        {
            if (!_marked[i])
            {
                continue;
            }

            StreamLedger ledger = _ledgers.At(i);
            ledger.Ceiling = _markCeiling[i];
            ledger.ReleasedStored = _markReleased[i];
            if (!gapsStored)
            {
                continue;
            }

            ledger.ClosedStored = ledger.Closed;
            ledger.ReleaseDue = false;
            if (_isRecovered && ledger.BootId != _bootId && ledger.Closed && ledger.Live == 0 && ledger.LostFirst == 0)
            {
                _ledgers.RemoveAt(i);
                _marked[i] = false;
            }
        }

        bool releaseDue = false;
        for (int i = 0; i < _ledgers.Count; i++)
        {
            releaseDue |= _ledgers.At(i).ReleaseDue;
        }

        if (!releaseDue)
        {
            _releaseSinceUs = long.MaxValue;
        }
    }
}
