using Firmware.Core;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Store;
using Firmware.Pod.Supervision;
using Firmware.Protocol;

namespace Firmware.Pod.Channels;

/// <summary>
/// The stethoscope's sound, raw, in chunks of 100 ms. There is sound only in a session and only while somebody listens (<see cref="PodCommand.SetListening"/>
/// with the epoch in force; a change of epoch ends it), and never while a cuff is inflated: then the converter is stopped, an event says so, and it
/// begins again by itself. Losses are declared in their place. A chunk is ended early by a loss, by a step in time, by a change of epoch, and by the end of listening.
/// </summary>
public sealed class Stethoscope : Sensor
{
    /// <summary>Chunks per second.</summary>
    public const int ChunksPerSecond = 10;

    /// <summary>Samples that wait longer than this go without the rest of their chunk, µs.</summary>
    public const long LongestWaitUs = 500_000;

    /// <summary>A batch that begins this far from where the chunk would go on begins a new chunk, µs.</summary>
    public const int TimeStepUs = 1_000;

    /// <summary>Bytes of the body of <see cref="PodCommand.SetListening"/>.</summary>
    public const int CommandLength = 5;

    private readonly ISoundSource _source;
    private readonly PodRing _ring;
    private readonly PodCounters _counters;
    private readonly EventReporter _events;
    private readonly PodSituation _situation;
    private readonly SoundChunk _chunk;
    private uint _epoch;
    private long _epochSinceUs;
    private bool _changed;
    private uint _epochBefore;
    private bool _listenedBefore;
    private long _listenedBeforeUs;
    private long _changedUs;
    private bool _listening;
    private long _listeningSinceUs;
    private uint _chunkEpoch;
    private long _chunkUs;
    private long _oldestUs;
    private bool _interrupted;
    private bool _delivered;
    private long _nextSampleUs;
    private int _changes;

    /// <summary>Stores.</summary>
    /// <param name="source">The driver.</param>
    /// <param name="ring">Where readings go.</param>
    /// <param name="counters">The counters.</param>
    /// <param name="events">Where people are told.</param>
    /// <param name="situation">Whether a cuff is inflated.</param>
    public Stethoscope(ISoundSource source, PodRing ring, PodCounters counters, EventReporter events, PodSituation situation)
        : base(Streams.Sound)
    {
        _source = source;
        _ring = ring;
        _counters = counters;
        _events = events;
        _situation = situation;
        _chunk = new SoundChunk(source.SampleRateHz / ChunksPerSecond);
    }

    /// <summary>True while somebody listens, suspended or not.</summary>
    public bool IsListening => _listening;

    /// <inheritdoc/>
    public override string Activity => !_listening ? "off" : _source.IsHeld ? "suspended" : "listening";

    /// <inheritdoc/>
    public override int Changes => _changes;

    /// <inheritdoc/>
    public override void OnSample(long nowUs)
    {
        int count = _source.SampleCount;
        int lost = _source.LostSamples;
        long firstUs = _source.FirstSampleUs;
        if (_situation.IsCuffInflated)
        {
            Follow(nowUs);
            _counters.OutsideSession += count;
            return;
        }

        _interrupted = false;
        long lostSinceUs = firstUs - DurationUs(lost);
        if (lostSinceUs < _epochSinceUs)
        {
            TakeStraddling(count, lost, firstUs, nowUs);
            return;
        }

        _changed = false;
        if (!_listening || firstUs < _listeningSinceUs)
        {
            _counters.OutsideSession += count;
            return;
        }

        if (lost > 0)
        {
            // What was lost before somebody listened was not to be heard.
            Flush(nowUs);
            Declare(lostSinceUs < _listeningSinceUs ? SamplesIn(firstUs - _listeningSinceUs) : lost, firstUs, _epoch, nowUs);
        }

        Add(count, firstUs, _epoch, nowUs);
    }

    /// <inheritdoc/>
    public override void Suppress(AbsenceReason reason, long nowUs)
    {
        // Sound has no absent value: what is withheld is declared as lost with the next batch, or when no more can come.
        Flush(nowUs);
        _interrupted = true;
    }

    /// <inheritdoc/>
    public override void OnDeviceLost(long nowUs)
    {
        Flush(nowUs);
        _interrupted = true;
    }

    /// <inheritdoc/>
    public override void ChangeEpoch(uint epoch, long nowUs)
    {
        EndCapture(nowUs);
        if (!_changed)
        {
            _changed = true;
            _epochBefore = _epoch;
            _listenedBefore = _listening;
            _listenedBeforeUs = _listeningSinceUs;
            _changedUs = nowUs;
        }

        _epoch = epoch;
        _epochSinceUs = nowUs;
        Listen(false, nowUs);
    }

    /// <inheritdoc/>
    public override bool TryCommand(byte command, byte[] buffer, int offset, int count, long nowUs)
    {
        if (command != PodCommand.SetListening || count != CommandLength || buffer[offset + 4] > 1)
        {
            return false;
        }

        bool on = buffer[offset + 4] == 1;
        uint epoch = LittleEndian.ReadUInt32(buffer, offset);
        if (_epoch == 0 || epoch != _epoch)
        {
            // Off for an epoch that is gone has happened already, and must not end what another session listens to.
            _events.Report(on ? FaultCode.ListeningRefused : FaultCode.None, Stream, nowUs);
            return true;
        }

        if (on == _listening)
        {
            return true;
        }

        if (!on)
        {
            EndCapture(nowUs);
        }

        Listen(on, nowUs);
        if (on && _source.IsHeld)
        {
            _events.Report(FaultCode.ListeningSuspended, Stream, nowUs);
        }

        return true;
    }

    /// <inheritdoc/>
    public override long Step(AbsenceReason reason, long nowUs)
    {
        Follow(nowUs);
        if (_chunk.Count == 0)
        {
            return long.MaxValue;
        }

        if (nowUs - _oldestUs >= LongestWaitUs)
        {
            Flush(nowUs);
            return long.MaxValue;
        }

        return _oldestUs + LongestWaitUs;
    }

    // The converter runs when no cuff is inflated. Nothing is declared lost: nothing was to be heard, and the events say from when to when.
    private void Follow(long nowUs)
    {
        bool inflated = _situation.IsCuffInflated;
        if (inflated == _source.IsHeld)
        {
            return;
        }

        if (inflated)
        {
            EndCapture(nowUs);
        }

        _source.Hold(inflated);
        if (_listening)
        {
            _changes++;
            _events.Report(inflated ? FaultCode.ListeningSuspended : FaultCode.ListeningResumed, Stream, nowUs);
        }
    }

    private void Listen(bool on, long nowUs)
    {
        if (on == _listening)
        {
            return;
        }

        _listening = on;
        _listeningSinceUs = nowUs;
        _changes++;
    }

    private void EndCapture(long nowUs)
    {
        Flush(nowUs);
        if (_interrupted && _delivered && _listening)
        {
            // The part went away while somebody listened and has not come back: what was to be heard will never be read.
            DeclareGap(GapCause.SensorInterrupted, 0, true, _nextSampleUs, nowUs, _epoch, nowUs);
        }

        _delivered = false;
        _chunk.Break();
    }

    // Part of this batch, or of what is missing before it, lies before a change of epoch. The samples before the first change belong to the epoch of that
    // time, if somebody listened; the others are bound to none, since their exact place is only known within the batch.
    private void TakeStraddling(int count, int lost, long firstUs, long nowUs)
    {
        int before = 0;
        if (_changed && _epochBefore != 0 && _listenedBefore && firstUs >= _listenedBeforeUs && firstUs < _changedUs)
        {
            before = SamplesIn(_changedUs - firstUs - 1) + 1;
            before = before < count ? before : count;
        }

        _counters.OutsideSession += count - before;
        if (before == 0)
        {
            return;
        }

        if (lost > 0)
        {
            Declare(lost, firstUs, _epochBefore, nowUs);
        }

        Add(before, firstUs, _epochBefore, nowUs);
        Flush(nowUs);
        _delivered = false;
        _chunk.Break();
    }

    private void Add(int count, long firstUs, uint epoch, long nowUs)
    {
        if (_chunk.Count > 0)
        {
            long step = firstUs - (_chunkUs + DurationUs(_chunk.Count));
            if (step > TimeStepUs || step < -TimeStepUs)
            {
                Flush(nowUs);
            }
        }

        int taken = 0;
        while (taken < count)
        {
            if (_chunk.Count == 0)
            {
                _chunkUs = firstUs + DurationUs(taken);
                _chunkEpoch = epoch;
                _oldestUs = nowUs;
            }

            int room = _chunk.Capacity - _chunk.Count;
            int part = count - taken < room ? count - taken : room;
            _chunk.Add(_source.Samples, taken, part);
            taken += part;
            if (_chunk.Count == _chunk.Capacity)
            {
                Flush(nowUs);
            }
        }

        _delivered = true;
        _nextSampleUs = firstUs + DurationUs(count);
    }

    private void Flush(long nowUs)
    {
        if (_chunk.Count == 0)
        {
            return;
        }

        int length = _chunk.Write(_ring.Scratch, PodRing.BodyOffset, _source.SampleRateHz);
        _ring.Commit(FrameKind.Sound, Stream, length, _chunkUs, _chunkEpoch, nowUs);
    }

    private void Declare(int lost, long firstUs, uint epoch, long nowUs)
    {
        _chunk.Break();
        if (lost == 0)
        {
            return;
        }

        GapCause cause = CauseOf(_source.LossCause);
        DeclareGap(cause, lost, _source.LostIsLowerBound, firstUs - DurationUs(lost), firstUs - DurationUs(1), epoch, nowUs);
        _counters.SamplesLost += lost;
    }

    private void DeclareGap(GapCause cause, int lost, bool atLeast, long firstUs, long lastUs, uint epoch, long nowUs) =>
        _ring.DeclareUnnumbered(
            Stream,
            FrameClass.Sound,
            cause,
            GapBody.Samples | (atLeast ? GapBody.AtLeast : 0),
            (uint)lost,
            firstUs,
            lastUs,
            epoch,
            nowUs);

    private long DurationUs(int samples) => (long)samples * _source.SamplePeriodNs / 1000;

    private int SamplesIn(long durationUs) => durationUs <= 0 ? 0 : (int)(durationUs * 1000 / _source.SamplePeriodNs);
}
