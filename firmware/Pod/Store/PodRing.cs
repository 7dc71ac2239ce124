using System;
using Firmware.Core;
using Firmware.Pod.Diagnostics;
using Firmware.Protocol;

namespace Firmware.Pod.Store;

/// <summary>
/// Every frame between its making and its acknowledgement: numbers, RAM per class, and the declaration of what is lost; <see cref="StoreWriter"/> brings it into the store.
/// README.md gives the rules in words.
/// </summary>
public sealed class PodRing
{
    /// <summary>Where a body is to be written in <see cref="Scratch"/>.</summary>
    public const int BodyOffset = Frame.HeaderLength;

    /// <summary>While the link is up, a loss is declared this long after the last declaration, µs.</summary>
    public const long DeclarePeriodUs = 1_000_000;

    // A chunk of sound is shorter only where it was ended early. Of these 1,652 bytes are 100 ms.
    private const int TypicalSoundFrame = 512;

    private readonly PodOptions _options;
    private readonly ICrc32 _crc32;
    private readonly PodCounters _counters;
    private readonly EventReporter _events;
    private readonly FrameQueue[] _queues = new FrameQueue[FrameClasses.Count];
    private readonly LossLedger _ledgers = new LossLedger();
    private readonly StoreWriter _writer;
    private readonly int[] _ownStreams = [Streams.Gaps, Streams.Events, Streams.Clock];
    private uint _bootId;
    private long _waveSinceUs = long.MaxValue;
    private long _soundSinceUs = long.MaxValue;
    private long _declareUs;
    private bool _isHeld;

    /// <summary>Allocates; does no I/O.</summary>
    /// <param name="options">The bounds.</param>
    /// <param name="log">The segments.</param>
    /// <param name="crc32">The CRC.</param>
    /// <param name="counters">The counters.</param>
    /// <param name="events">Where faults are reported.</param>
    public PodRing(PodOptions options, SegmentLog log, ICrc32 crc32, PodCounters counters, EventReporter events)
    {
        _options = options;
        _crc32 = crc32;
        _counters = counters;
        _events = events;
        _writer = new StoreWriter(options, log, _queues, _ledgers, counters, events);
        Scratch = new byte[Frame.MaxMessageLength];
        _queues[(int)FrameClass.Vital] = new FrameQueue(options.VitalRingBytes, FrameQueue.SmallestFrame);
        _queues[(int)FrameClass.Gap] = new FrameQueue(options.GapRingBytes, FrameQueue.SmallestFrame);
        _queues[(int)FrameClass.Event] = new FrameQueue(options.EventRingBytes, FrameQueue.SmallestFrame);
        _queues[(int)FrameClass.Wave] = new FrameQueue(options.WaveRingBytes, FrameQueue.SmallestFrame);

        // Half a mebibyte is allocated only where something is heard.
        _queues[(int)FrameClass.Sound] = new FrameQueue(options.HasSound ? options.SoundRingBytes : Frame.MaxMessageLength, TypicalSoundFrame);
    }

    /// <summary>A frame was made.</summary>
    public event FrameHandler? FrameProduced;

    /// <summary>A frame was taken up from the store.</summary>
    public event FrameHandler? FrameRecovered;

    /// <summary>A frame is flushed to the store.</summary>
    public event FrameHandler? FrameStored
    {
        add => _writer.FrameStored += value;
        remove => _writer.FrameStored -= value;
    }

    /// <summary>A frame is the gateway's.</summary>
    public event FrameHandler? FrameAcknowledged;

    /// <summary>A frame gave way.</summary>
    public event FrameHandler? FrameEvicted;

    /// <summary>Where the body of the next frame is written, from <see cref="BodyOffset"/>.</summary>
    public byte[] Scratch { get; }

    /// <summary>True while the store takes what it is given.</summary>
    public bool StoreOk => _writer.IsOk;

    /// <summary>The accounts of all streams.</summary>
    public LossLedger Ledgers => _ledgers;

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

    /// <summary>Begins this boot, once recovery has read the store.</summary>
    /// <param name="bootId">This boot's number.</param>
    /// <param name="storeOk">False when the boot counter could not be written.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Begin(uint bootId, bool storeOk, long nowUs)
    {
        _bootId = bootId;
        _writer.Begin(bootId, storeOk, nowUs);
    }

    /// <summary>All that earlier boots left is taken up or declared.</summary>
    public void EndRecovery() => _writer.EndRecovery();

    /// <summary>Takes up a frame of an earlier boot.</summary>
    /// <param name="buffer">Holds it.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="length">Its length.</param>
    /// <param name="segment">The segment that holds it.</param>
    public void Restore(byte[] buffer, int offset, int length, int segment)
    {
        FrameClass frameClass = FrameClasses.Of(Frame.Kind(buffer, offset), Frame.Stream(buffer, offset));
        StreamLedger? ledger = _ledgers.FindOrAdd(Frame.BootId(buffer, offset), Frame.Stream(buffer, offset), frameClass);
        if (ledger != null)
        {
            ledger.Live++;
            if (Frame.Sequence(buffer, offset) > ledger.Last)
            {
                ledger.Last = Frame.Sequence(buffer, offset);
            }
        }

        _writer.Adopt(segment);
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
        StreamLedger? gaps = _ledgers.FindOrAdd(_bootId, Streams.Gaps, FrameClass.Gap);
        StreamLedger? ledger = _ledgers.FindOrAdd(_bootId, stream, frameClass);
        if (ledger == null || gaps == null)
        {
            _counters.GapsDropped++;
            _events.Report(FaultCode.GapRecordLost, stream, nowUs);
            return;
        }

        // Both marks are written before the number is taken, so that no mark can pass over it while its record is not yet in the ring.
        _writer.EnsureCeiling(gaps, nowUs);
        _writer.EnsureCeiling(ledger, nowUs);
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
    /// <returns>Its sequence number; 0 when there are more streams than <see cref="LossLedger.MaxLedgers"/>.</returns>
    public uint Commit(FrameKind kind, int stream, int bodyLength, long monotonicUs, uint epoch, long nowUs)
    {
        FrameClass frameClass = FrameClasses.Of(kind, stream);
        StreamLedger? ledger = _ledgers.FindOrAdd(_bootId, stream, frameClass);
        if (ledger == null)
        {
            return 0;
        }

        if (ledger.Ceiling == 0)
        {
            AddBeside(stream);
        }

        _writer.EnsureCeiling(ledger, nowUs);
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
        else
        {
            _writer.MarkDirty(nowUs);
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
                _writer.LeaveStore(queue, i, nowUs);
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
    /// <param name="isHeld">True while nothing may make the loop stand: the store waits, see <see cref="StoreWriter.Step"/>.</param>
    /// <returns>When it wants to be called next.</returns>
    public long Step(long nowUs, bool connected, bool isHeld)
    {
        if (isHeld && !_isHeld)
        {
            AddAll();
        }

        _isHeld = isHeld;
        if (_ledgers.HasLosses && connected && nowUs >= _declareUs)
        {
            DeclareLosses(nowUs);
            _declareUs = nowUs + DeclarePeriodUs;
        }

        return _writer.Step(nowUs, _ledgers.HasLosses && connected ? _declareUs : long.MaxValue, isHeld);
    }

    /// <summary>Puts all into the store that waits, whatever its age.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when everything is in the store.</returns>
    public bool FlushAll(long nowUs) => _writer.FlushAll(nowUs);

    private static long Earlier(long a, long b) => a < b ? a : b;

    private static long Since(FrameQueue queue, long sinceUs, long nowUs) =>
        !queue.MoveToUnsent() ? long.MaxValue : sinceUs == long.MaxValue ? nowUs : sinceUs;

    // The streams of one part begin together: one mark in the store for all of them. Those of a cuff do not; a result of it may never come, and would be declared lost after a cut of power.
    private void AddBeside(int stream)
    {
        for (int i = 0; i < _options.Peripherals.Length; i++)
        {
            PeripheralOptions part = _options.Peripherals[i];
            int[] streams = Parts.StreamsOf(part.Part);
            for (int k = 0; k < streams.Length && part.Cuff == null && part.Serial == null; k++)
            {
                if (streams[k] == stream)
                {
                    Add(streams);
                    return;
                }
            }
        }
    }

    private void AddAll()
    {
        Add(_ownStreams);
        for (int i = 0; i < _options.Peripherals.Length; i++)
        {
            Add(Parts.StreamsOf(_options.Peripherals[i].Part));
        }
    }

    private void Add(int[] streams)
    {
        for (int i = 0; i < streams.Length; i++)
        {
            _ledgers.FindOrAdd(_bootId, streams[i], FrameClasses.OfStream(streams[i]));
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
            StreamLedger? ledger = _ledgers.Find(Frame.BootId(data, start), Frame.Stream(data, start));
            bool kept = ledger != null;
            ledger?.AddLoss(sequence, sequence, 1, timeUs, timeUs, GapCause.RingFull, false);
            if (frameClass == FrameClass.Gap)
            {
                kept &= _ledgers.TakeGap(data, start + Frame.HeaderLength, _options.DeviceId);
            }

            _ledgers.MarkLossesPending();
            _events.Report(FaultCode.RingFull, Frame.Stream(data, start), timeUs);
            if (!kept)
            {
                _counters.GapsDropped++;
                _events.Report(FaultCode.GapRecordLost, Frame.Stream(data, start), timeUs);
            }

            _writer.LeaveStore(queue, 0, timeUs);
        }

        RemoveHead(queue);
    }

    private void RemoveHead(FrameQueue queue)
    {
        int start = queue.Start(0);
        StreamLedger? ledger = _ledgers.Find(Frame.BootId(queue.Data, start), Frame.Stream(queue.Data, start));
        if (ledger != null)
        {
            ledger.Live--;
            ledger.Released = Frame.Sequence(queue.Data, start);
        }

        queue.RemoveHead();
    }

    private void DeclareLosses(long nowUs)
    {
        _ledgers.ClearLossesPending();
        for (int i = 0; i < _ledgers.Count; i++)
        {
            StreamLedger ledger = _ledgers.At(i);
            if (ledger.LostFirst == 0)
            {
                continue;
            }

            // The mark is written first: once the range is taken out, none may be before its record is in the ring.
            StreamLedger? gaps = _ledgers.FindOrAdd(_bootId, Streams.Gaps, FrameClass.Gap);
            if (gaps != null)
            {
                _writer.EnsureCeiling(gaps, nowUs);
            }

            uint first = ledger.LostFirst;
            int unit = GapBody.Readings | (ledger.LostAtLeast ? GapBody.AtLeast : 0);

            // It is taken out before the record is made: a full ring of gap records may put another range in its place meanwhile.
            ledger.LostFirst = 0;
            Declare(ledger.BootId, ledger.Stream, ledger.LostCause, unit, first, ledger.LostLast, ledger.LostCount, ledger.LostFirstUs, ledger.LostLastUs, 0, nowUs);
        }
    }
}
