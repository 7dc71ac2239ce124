using System;
using Firmware.Core;
using Firmware.Pod.Diagnostics;
using Firmware.Protocol;

namespace Firmware.Pod.Store;

/// <summary>
/// Every frame between its making and its acknowledgement: numbers, RAM per class, the store, and the declaration of what is lost.
/// README.md gives the rules in words.
/// </summary>
public sealed class PodRing
{
    /// <summary>Where a body is to be written in <see cref="Scratch"/>.</summary>
    public const int BodyOffset = Frame.HeaderLength;

    /// <summary>Most pairs of boot and stream that are kept account of.</summary>
    public const int MaxLedgers = 64;

    /// <summary>Most frames in one append to the store.</summary>
    public const int MaxFramesPerBatch = 24;

    /// <summary>Pause before a store that refused is tried again, µs.</summary>
    public const long StoreRetryUs = 10_000_000;

    /// <summary>A release that is not carried by another append is written after this time, µs.</summary>
    public const long ReleasePeriodUs = 10_000_000;

    /// <summary>While the link is up, a loss is declared this long after the last declaration, µs.</summary>
    public const long DeclarePeriodUs = 1_000_000;

    // A chunk of sound is shorter only where it was ended early. Of these 1,652 bytes are 100 ms.
    private const int TypicalSoundFrame = 512;

    // Pause between two batches or two deletions, so that the sensors come in between.
    private const long BatchPauseUs = 5_000;

    private readonly PodOptions _options;
    private readonly ICrc32 _crc32;
    private readonly PodCounters _counters;
    private readonly EventReporter _events;
    private readonly SegmentLog _log;
    private readonly FrameQueue[] _queues = new FrameQueue[FrameClasses.Count];
    private readonly StreamLedger[] _ledgers = new StreamLedger[MaxLedgers];
    private readonly int[] _batchClass = new int[MaxFramesPerBatch];
    private readonly int[] _batchIndex = new int[MaxFramesPerBatch];
    private readonly uint[] _markReleased = new uint[MaxLedgers];
    private readonly uint[] _markCeiling = new uint[MaxLedgers];
    private readonly bool[] _marked = new bool[MaxLedgers];
    private int _ledgerCount;
    private uint _bootId;
    private bool _storeOk;
    private bool _fullReported;
    private long _storeRetryUs;
    private long _dirtySinceUs = long.MaxValue;
    private long _releaseSinceUs = long.MaxValue;
    private long _waveSinceUs = long.MaxValue;
    private long _soundSinceUs = long.MaxValue;
    private long _declareUs;
    private bool _hasLosses;

    /// <summary>Allocates; talks to nobody.</summary>
    /// <param name="options">The bounds.</param>
    /// <param name="log">The segments.</param>
    /// <param name="crc32">The CRC.</param>
    /// <param name="counters">The counters.</param>
    /// <param name="events">Where faults are reported.</param>
    public PodRing(PodOptions options, SegmentLog log, ICrc32 crc32, PodCounters counters, EventReporter events)
    {
        _options = options;
        _log = log;
        _crc32 = crc32;
        _counters = counters;
        _events = events;
        Scratch = new byte[Frame.MaxMessageLength];
        _queues[(int)FrameClass.Vital] = new FrameQueue(options.VitalRingBytes, FrameQueue.SmallestFrame);
        _queues[(int)FrameClass.Gap] = new FrameQueue(options.GapRingBytes, FrameQueue.SmallestFrame);
        _queues[(int)FrameClass.Event] = new FrameQueue(options.EventRingBytes, FrameQueue.SmallestFrame);
        _queues[(int)FrameClass.Wave] = new FrameQueue(options.WaveRingBytes, FrameQueue.SmallestFrame);

        // Half a mebibyte is allocated only where something is heard.
        _queues[(int)FrameClass.Sound] = new FrameQueue(HasSound(options) ? options.SoundRingBytes : Frame.MaxMessageLength, TypicalSoundFrame);
    }

    /// <summary>A frame was made.</summary>
    public event FrameHandler? FrameProduced;

    /// <summary>A frame was taken up from the store.</summary>
    public event FrameHandler? FrameRecovered;

    /// <summary>A frame is flushed to the store.</summary>
    public event FrameHandler? FrameStored;

    /// <summary>A frame is the gateway's.</summary>
    public event FrameHandler? FrameAcknowledged;

    /// <summary>A frame gave way.</summary>
    public event FrameHandler? FrameEvicted;

    /// <summary>Where the body of the next frame is written, from <see cref="BodyOffset"/>.</summary>
    public byte[] Scratch { get; }

    /// <summary>True while the store takes what it is given.</summary>
    public bool StoreOk => _storeOk;

    /// <summary>Frames not acknowledged.</summary>
    public int Pending
    {
        get
        {
            int pending = 0;
            for (int i = 0; i < FrameClasses.Count; i++)
            {
                pending += _queues[i].Pending;
            }

            return pending;
        }
    }

    /// <summary>The frames of one class, for inspection.</summary>
    /// <param name="frameClass">The class.</param>
    /// <returns>The queue.</returns>
    public FrameQueue Queue(FrameClass frameClass) => _queues[(int)frameClass];

    /// <summary>Account of one stream in one boot, or null.</summary>
    /// <param name="bootId">The boot.</param>
    /// <param name="stream">The stream.</param>
    /// <returns>The account.</returns>
    public StreamLedger? Find(uint bootId, int stream)
    {
        for (int i = 0; i < _ledgerCount; i++)
        {
            if (_ledgers[i].Stream == stream && _ledgers[i].BootId == bootId)
            {
                return _ledgers[i];
            }
        }

        return null;
    }

    /// <summary>Account of one stream in one boot, begun when there is none.</summary>
    /// <param name="bootId">The boot.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="frameClass">The stream's class.</param>
    /// <returns>The account, or null at the bound of <see cref="MaxLedgers"/>.</returns>
    public StreamLedger? FindOrAdd(uint bootId, int stream, FrameClass frameClass)
    {
        StreamLedger? ledger = Find(bootId, stream);
        if (ledger == null && _ledgerCount < MaxLedgers)
        {
            ledger = new StreamLedger { BootId = bootId, Stream = stream, Class = frameClass };
            _ledgers[_ledgerCount++] = ledger;
        }

        return ledger;
    }

    /// <summary>How many accounts there are.</summary>
    public int LedgerCount => _ledgerCount;

    /// <summary>One account.</summary>
    /// <param name="index">0 to <see cref="LedgerCount"/> - 1.</param>
    /// <returns>The account.</returns>
    public StreamLedger Ledger(int index) => _ledgers[index];

    /// <summary>Begins this boot, once recovery has read the store.</summary>
    /// <param name="bootId">This boot's number.</param>
    /// <param name="storeOk">False when the boot counter could not be written.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Begin(uint bootId, bool storeOk, long nowUs)
    {
        _bootId = bootId;
        _storeOk = storeOk;
        _storeRetryUs = nowUs + StoreRetryUs;
    }

    /// <summary>Says that losses were put into an account from outside.</summary>
    public void HasLosses() => _hasLosses = true;

    /// <summary>Takes up a frame of an earlier boot.</summary>
    /// <param name="buffer">Holds it.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="length">Its length.</param>
    /// <param name="segment">The segment that holds it.</param>
    public void Restore(byte[] buffer, int offset, int length, int segment)
    {
        FrameClass frameClass = FrameClasses.Of(Frame.Kind(buffer, offset), Frame.Stream(buffer, offset));
        StreamLedger? ledger = FindOrAdd(Frame.BootId(buffer, offset), Frame.Stream(buffer, offset), frameClass);
        if (ledger != null)
        {
            ledger.Live++;
            if (Frame.Sequence(buffer, offset) > ledger.Last)
            {
                ledger.Last = Frame.Sequence(buffer, offset);
            }
        }

        _log.AddLive(segment, 1);
        _counters.Recovered++;
        FrameRecovered?.Invoke(buffer, offset, length);
        Append((int)frameClass, buffer, offset, length, segment);
    }

    /// <summary>
    /// Declares a loss that happened before numbering: it takes the next number of its stream, so that its place in the order is known.
    /// </summary>
    /// <param name="stream">The stream that lost.</param>
    /// <param name="frameClass">Its class.</param>
    /// <param name="cause">Why.</param>
    /// <param name="unit">What is counted, see <see cref="GapBody"/>.</param>
    /// <param name="count">How many.</param>
    /// <param name="firstUs">Time of the first, 0 when unknown.</param>
    /// <param name="lastUs">Time of the last, 0 when unknown.</param>
    /// <param name="epoch">The epoch of what was lost.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void DeclareUnnumbered(
        int stream,
        FrameClass frameClass,
        GapCause cause,
        int unit,
        uint count,
        long firstUs,
        long lastUs,
        uint epoch,
        long nowUs)
    {
        StreamLedger? gaps = FindOrAdd(_bootId, Streams.Gaps, FrameClass.Gap);
        StreamLedger? ledger = FindOrAdd(_bootId, stream, frameClass);
        if (ledger == null || gaps == null)
        {
            _counters.GapsDropped++;
            _events.Report(FaultCode.GapRecordLost, stream, nowUs);
            return;
        }

        // Both marks are written before the number is taken, so that no mark can pass over it while its record is not yet in the ring.
        EnsureCeiling(gaps, nowUs);
        EnsureCeiling(ledger, nowUs);
        ledger.Last++;
        _counters.NumbersGivenToLosses++;
        uint number = ledger.Last;
        Declare(_bootId, stream, cause, unit, number, number, count, firstUs, lastUs, epoch, nowUs);
    }

    /// <summary>Makes one frame of the body in <see cref="Scratch"/>.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="stream">Its stream.</param>
    /// <param name="bodyLength">Length of the body.</param>
    /// <param name="monotonicUs">Time of its first sample.</param>
    /// <param name="epoch">The epoch it belongs to, 0 for none.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>Its sequence number; 0 when there are more streams than <see cref="MaxLedgers"/>.</returns>
    public uint Commit(FrameKind kind, int stream, int bodyLength, long monotonicUs, uint epoch, long nowUs)
    {
        FrameClass frameClass = FrameClasses.Of(kind, stream);
        StreamLedger? ledger = FindOrAdd(_bootId, stream, frameClass);
        if (ledger == null)
        {
            return 0;
        }

        EnsureCeiling(ledger, nowUs);
        ledger.Last++;
        ledger.Live++;
        Frame.WriteHeader(Scratch, 0, kind, bodyLength, _options.DeviceId, _bootId, stream, _options.FrameFlags, ledger.Last, monotonicUs, epoch);
        int length = Frame.Seal(Scratch, 0, _crc32);
        _counters.Produced++;
        FrameProduced?.Invoke(Scratch, 0, length);
        uint sequence = ledger.Last;
        Append((int)frameClass, Scratch, 0, length, FrameQueue.NotStored);
        if (frameClass == FrameClass.Wave)
        {
            if (_waveSinceUs == long.MaxValue)
            {
                _waveSinceUs = nowUs;
            }
        }
        else if (frameClass == FrameClass.Sound)
        {
            if (_soundSinceUs == long.MaxValue)
            {
                _soundSinceUs = nowUs;
            }
        }
        else if (_dirtySinceUs == long.MaxValue)
        {
            _dirtySinceUs = nowUs;
        }

        return sequence;
    }

    /// <summary>Makes a gap record of this boot.</summary>
    /// <param name="bootId">The boot that lost.</param>
    /// <param name="stream">The stream that lost.</param>
    /// <param name="cause">Why.</param>
    /// <param name="unit">What is counted, see <see cref="GapBody"/>.</param>
    /// <param name="first">First number lost.</param>
    /// <param name="last">Last number lost.</param>
    /// <param name="count">How many.</param>
    /// <param name="firstUs">Time of the first, 0 when unknown.</param>
    /// <param name="lastUs">Time of the last, 0 when unknown.</param>
    /// <param name="epoch">The epoch of what was lost, 0 when unknown.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Declare(
        uint bootId,
        int stream,
        GapCause cause,
        int unit,
        uint first,
        uint last,
        uint count,
        long firstUs,
        long lastUs,
        uint epoch,
        long nowUs)
    {
        GapBody.Write(Scratch, BodyOffset, _options.DeviceId, bootId, stream, cause, unit, first, last, count, firstUs, lastUs);
        if (Commit(FrameKind.Gap, Streams.Gaps, GapBody.Length, nowUs, epoch, nowUs) != 0)
        {
            _counters.Gaps++;
        }
    }

    /// <summary>Whether a message should go now.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <param name="dueUs">When there is nothing to send yet: when there will be.</param>
    /// <returns>True when a message should go.</returns>
    public bool WantsToSend(long nowUs, out long dueUs)
    {
        dueUs = long.MaxValue;
        if (HasUrgent())
        {
            return true;
        }

        FrameQueue sound = _queues[(int)FrameClass.Sound];
        FrameQueue waves = _queues[(int)FrameClass.Wave];
        _soundSinceUs = Since(sound, _soundSinceUs, nowUs);
        _waveSinceUs = Since(waves, _waveSinceUs, nowUs);
        long sinceUs = Earlier(_soundSinceUs, _waveSinceUs);
        if (sinceUs == long.MaxValue)
        {
            return false;
        }

        dueUs = sinceUs + (_options.SendAfterMs * 1000L);
        return sound.UnsentBytes + waves.UnsentBytes >= _options.SendBytes || dueUs <= nowUs;
    }

    /// <summary>Whether a vital sign, a gap record or an event waits to be sent.</summary>
    /// <returns>True when one does.</returns>
    public bool HasUrgent()
    {
        for (int i = 0; i < FrameClasses.DurableCount; i++)
        {
            if (_queues[i].MoveToUnsent())
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Puts whole frames into a message: by class, in order within each.</summary>
    /// <param name="message">Where to put them, <see cref="Frame.MaxMessageLength"/> bytes.</param>
    /// <param name="ticket">The message's ticket.</param>
    /// <param name="urgentOnly">True for vital signs, gap records and events alone.</param>
    /// <returns>Bytes in the message.</returns>
    public int Fill(byte[] message, int ticket, bool urgentOnly)
    {
        int count = 0;
        int places = urgentOnly ? FrameClasses.DurableCount : FrameClasses.Count;
        for (int i = 0; i < places; i++)
        {
            FrameQueue queue = _queues[(int)FrameClasses.InOrderOfSending(i)];
            while (queue.MoveToUnsent())
            {
                int length = queue.Length(queue.Sent);
                if (count + length > Frame.MaxMessageLength)
                {
                    break;
                }

                Array.Copy(queue.Data, queue.Start(queue.Sent), message, count, length);
                count += length;
                queue.SendNext(ticket);
            }
        }

        return count;
    }

    /// <summary>Takes a message back that the link did not take.</summary>
    /// <param name="ticket">Its ticket.</param>
    public void Unfill(int ticket)
    {
        for (int i = 0; i < FrameClasses.Count; i++)
        {
            _queues[i].Unsend(ticket);
        }
    }

    /// <summary>Makes everything that is not acknowledged unsent again.</summary>
    public void VoidTickets()
    {
        for (int i = 0; i < FrameClasses.Count; i++)
        {
            _queues[i].VoidTickets();
        }
    }

    /// <summary>Frees all frames of a message.</summary>
    /// <param name="ticket">Its ticket.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Acknowledge(int ticket, long nowUs)
    {
        for (int c = 0; c < FrameClasses.Count; c++)
        {
            FrameQueue queue = _queues[c];
            for (int i = 0; i < queue.Sent; i++)
            {
                if (queue.Ticket(i) != ticket)
                {
                    continue;
                }

                FrameAcknowledged?.Invoke(queue.Data, queue.Start(i), queue.Length(i));
                _counters.Acknowledged++;
                queue.Acknowledge(i);
                LeaveStore(queue, i, nowUs);
            }

            while (queue.Count > 0 && queue.Ticket(0) == FrameQueue.Done)
            {
                RemoveHead(queue);
            }
        }
    }

    /// <summary>Flushes, deletes and declares what is due.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <param name="connected">Whether the link is up: only then are losses declared, so that a long outage makes one record and not many.</param>
    /// <returns>When it wants to be called next.</returns>
    public long Step(long nowUs, bool connected)
    {
        if (_hasLosses && connected && nowUs >= _declareUs)
        {
            DeclareLosses(nowUs);
            _declareUs = nowUs + DeclarePeriodUs;
        }

        PassOver();
        if (!_storeOk)
        {
            if (nowUs < _storeRetryUs)
            {
                return Earlier(_storeRetryUs, _hasLosses && connected ? _declareUs : long.MaxValue);
            }

            _storeRetryUs = nowUs + StoreRetryUs;
            DeleteDead(nowUs);
            if (WriteBatch(null, false, nowUs))
            {
                _storeOk = true;
                _fullReported = false;
                _events.Report(FaultCode.StoreRecovered, 0, nowUs);
            }

            return nowUs;
        }

        long flushUs = _dirtySinceUs == long.MaxValue ? long.MaxValue : _dirtySinceUs + (_options.FlushPeriodMs * 1000L);
        long releaseUs = _releaseSinceUs == long.MaxValue ? long.MaxValue : _releaseSinceUs + ReleasePeriodUs;
        bool crowded = _log.Count >= _options.MaxSegments - 1 && _log.Oldest() != 0;
        if (nowUs >= flushUs || nowUs >= releaseUs || crowded)
        {
            if (TryWriteBatch(null, crowded, nowUs))
            {
                PassOver();
            }

            DeleteDead(nowUs);
            return nowUs + BatchPauseUs;
        }

        if (DeleteDead(nowUs))
        {
            return nowUs + BatchPauseUs;
        }

        return Earlier(Earlier(flushUs, releaseUs), _hasLosses && connected ? _declareUs : long.MaxValue);
    }

    /// <summary>Puts all into the store that waits, whatever its age.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when everything is in the store.</returns>
    public bool FlushAll(long nowUs)
    {
        PassOver();
        while (_storeOk && HasUnstored())
        {
            if (!TryWriteBatch(null, false, nowUs))
            {
                return false;
            }

            PassOver();
        }

        return _storeOk && TryWriteBatch(null, false, nowUs);
    }

    private static long Earlier(long a, long b) => a < b ? a : b;

    private static bool HasSound(PodOptions options)
    {
        for (int i = 0; i < options.Peripherals.Length; i++)
        {
            if (options.Peripherals[i].Part == PodPart.Pcm1808)
            {
                return true;
            }
        }

        return false;
    }

    private static long Since(FrameQueue queue, long sinceUs, long nowUs) =>
        !queue.MoveToUnsent() ? long.MaxValue : sinceUs == long.MaxValue ? nowUs : sinceUs;

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

    private void PassOver()
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

    private void Append(int frameClass, byte[] buffer, int offset, int length, int segment)
    {
        FrameQueue queue = _queues[frameClass];
        while (!queue.TryAppend(buffer, offset, length, segment))
        {
            EvictHead(queue, (FrameClass)frameClass);
        }
    }

    private void EvictHead(FrameQueue queue, FrameClass frameClass)
    {
        int start = queue.Start(0);
        if (queue.Ticket(0) != FrameQueue.Done)
        {
            byte[] data = queue.Data;
            FrameEvicted?.Invoke(data, start, queue.Length(0));
            _counters.Evicted++;
            long timeUs = Frame.MonotonicUs(data, start);
            uint sequence = Frame.Sequence(data, start);
            StreamLedger? ledger = Find(Frame.BootId(data, start), Frame.Stream(data, start));
            bool kept = ledger != null;
            ledger?.AddLoss(sequence, sequence, 1, timeUs, timeUs, GapCause.RingFull, false);
            if (frameClass == FrameClass.Gap)
            {
                kept &= Fold(data, start + Frame.HeaderLength);
            }

            _hasLosses = true;
            _events.Report(FaultCode.RingFull, Frame.Stream(data, start), timeUs);
            if (!kept)
            {
                _counters.GapsDropped++;
                _events.Report(FaultCode.GapRecordLost, Frame.Stream(data, start), timeUs);
            }

            LeaveStore(queue, 0, timeUs);
        }

        RemoveHead(queue);
    }

    private bool Fold(byte[] data, int body)
    {
        StreamLedger? about = Find(GapBody.BootId(data, body), GapBody.Stream(data, body));
        if (about == null || GapBody.DeviceId(data, body) != _options.DeviceId)
        {
            return false;
        }

        uint first = GapBody.First(data, body);
        uint last = GapBody.Last(data, body);
        bool exact = GapBody.Unit(data, body) == GapBody.Readings;
        about.AddLoss(
            first,
            last,
            exact ? GapBody.Count(data, body) : 0,
            GapBody.FirstUs(data, body),
            GapBody.LastUs(data, body),
            GapBody.Cause(data, body),
            true);
        return true;
    }

    private void LeaveStore(FrameQueue queue, int index, long nowUs)
    {
        int segment = queue.Segment(index);
        if (segment == FrameQueue.NotStored)
        {
            return;
        }

        _log.AddLive(segment, -1);
        queue.SetSegment(index, FrameQueue.NotStored);
        StreamLedger? ledger = Find(Frame.BootId(queue.Data, queue.Start(index)), Frame.Stream(queue.Data, queue.Start(index)));
        if (ledger != null)
        {
            ledger.ReleaseDue = true;
            if (_releaseSinceUs == long.MaxValue)
            {
                _releaseSinceUs = nowUs;
            }
        }
    }

    private void RemoveHead(FrameQueue queue)
    {
        int start = queue.Start(0);
        StreamLedger? ledger = Find(Frame.BootId(queue.Data, start), Frame.Stream(queue.Data, start));
        if (ledger != null)
        {
            ledger.Live--;
            ledger.Released = Frame.Sequence(queue.Data, start);
        }

        queue.RemoveHead();
    }

    private void DeclareLosses(long nowUs)
    {
        _hasLosses = false;
        for (int i = 0; i < _ledgerCount; i++)
        {
            StreamLedger ledger = _ledgers[i];
            if (ledger.LostFirst == 0)
            {
                continue;
            }

            // The mark is written first: once the range is taken out, none may be before its record is in the ring.
            StreamLedger? gaps = FindOrAdd(_bootId, Streams.Gaps, FrameClass.Gap);
            if (gaps != null)
            {
                EnsureCeiling(gaps, nowUs);
            }

            uint first = ledger.LostFirst;
            int unit = GapBody.Readings | (ledger.LostAtLeast ? GapBody.AtLeast : 0);

            // It is taken out before the record is made: a full ring of gap records may put another range in its place meanwhile.
            ledger.LostFirst = 0;
            Declare(ledger.BootId, ledger.Stream, ledger.LostCause, unit, first, ledger.LostLast, ledger.LostCount, ledger.LostFirstUs, ledger.LostLastUs, 0, nowUs);
        }
    }

    private void EnsureCeiling(StreamLedger ledger, long nowUs)
    {
        if (ledger.Last < ledger.Ceiling || !_storeOk)
        {
            return;
        }

        TryWriteBatch(ledger, false, nowUs);
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
        _storeOk = false;
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
        if (!_storeOk)
        {
            return false;
        }

        return WriteBatch(needed, relocate, nowUs);
    }

    // One append and one flush: frames first, gaps before all others, then marks. A prefix that a cut leaves is therefore never a mark that
    // passes over a loss whose declaration is not in the store.
    private bool WriteBatch(StreamLedger? needed, bool relocate, long nowUs)
    {
        for (int i = 0; i < _ledgerCount; i++)
        {
            _marked[i] = false;
        }

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
            for (int i = 0; i < _ledgerCount; i++)
            {
                if (_ledgers[i].Ceiling != 0 || _ledgers[i].Last != 0)
                {
                    AddMark(i, _ledgers[i].Ceiling, false);
                }
            }
        }

        frames = AddUnstored(frames);
        bool gapsStored = GapsStoredAfter(frames);
        if (relocate)
        {
            frames = AddOldest(frames);
        }

        for (int i = 0; i < _ledgerCount; i++)
        {
            StreamLedger ledger = _ledgers[i];
            int span = FrameClasses.MarkSpan(ledger.Class);
            bool mine = ledger.BootId == _bootId;
            bool near = mine && ledger.Ceiling != 0 && ledger.Ceiling - ledger.Last <= (uint)(span / 8);
            if (ledger == needed || near)
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

        Settle(frames, segment, gapsStored);
        return true;
    }

    private void AddMark(int index, uint ceiling, bool gapsStored)
    {
        StreamLedger ledger = _ledgers[index];
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

            if (!_log.Fits(queue.Length(i), MaxLedgers))
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
                if (queue.Segment(i) == oldest && _log.Fits(queue.Length(i), MaxLedgers))
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

    private void Settle(int frames, int segment, bool gapsStored)
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

        for (int i = _ledgerCount - 1; i >= 0; i--)
        {
            if (!_marked[i])
            {
                continue;
            }

            StreamLedger ledger = _ledgers[i];
            ledger.Ceiling = _markCeiling[i];
            ledger.ReleasedStored = _markReleased[i];
            if (!gapsStored)
            {
                continue;
            }

            ledger.ClosedStored = ledger.Closed;
            ledger.ReleaseDue = false;
            if (ledger.BootId != _bootId && ledger.Closed && ledger.Live == 0 && ledger.LostFirst == 0)
            {
                _ledgerCount--;
                _ledgers[i] = _ledgers[_ledgerCount];
                _marked[i] = false;
            }
        }

        bool releaseDue = false;
        for (int i = 0; i < _ledgerCount; i++)
        {
            releaseDue |= _ledgers[i].ReleaseDue;
        }

        if (!releaseDue)
        {
            _releaseSinceUs = long.MaxValue;
        }
    }
}
