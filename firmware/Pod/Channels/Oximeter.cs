using Firmware.Core;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Store;
using Firmware.Pod.Supervision;
using Firmware.Protocol;

namespace Firmware.Pod.Channels;

/// <summary>
/// The oximeter's light, as it was counted: chunks of about 250 ms on two streams, losses declared in their place, the chip's own temperature, and what
/// <see cref="PulseReadings"/> makes of the light.
/// A chunk is ended early by a loss, by a step in time, or by a change of epoch.
/// </summary>
public sealed class Oximeter : Sensor
{
    /// <summary>Longest chunk, µs: 12 samples of 20 ms.</summary>
    public const int ChunkUs = 250_000;

    /// <summary>Most samples in a chunk, whatever the period.</summary>
    public const int MaxChunkSamples = 64;

    /// <summary>Samples that wait longer than this go without the rest of their chunk, µs.</summary>
    public const long LongestWaitUs = 500_000;

    /// <summary>A batch that begins this far from where the chunk would go on begins a new chunk, µs.</summary>
    public const int TimeStepUs = 1_000;

    /// <summary>Significant bits of a count. Source: MAX30102 datasheet, FIFO Data.</summary>
    public const int Bits = 18;

    private const int MilliExponent = -3;

    private readonly ILightSource _source;
    private readonly PodRing _ring;
    private readonly PodCounters _counters;
    private readonly PulseReadings _pulse;
    private readonly int[] _red = new int[MaxChunkSamples];
    private readonly int[] _infrared = new int[MaxChunkSamples];
    private uint _epoch;
    private long _epochSinceUs;
    private bool _changed;
    private uint _epochBefore;
    private long _changedUs;
    private int _count;
    private uint _chunkEpoch;
    private long _chunkUs;
    private int _periodUs;
    private long _oldestUs;
    private bool _interrupted;
    private bool _delivered;
    private long _nextSampleUs;

    /// <summary>Stores.</summary>
    /// <param name="source">The driver.</param>
    /// <param name="options">The optics.</param>
    /// <param name="pod">The publishing threshold and the staleness.</param>
    /// <param name="ring">Where readings go.</param>
    /// <param name="counters">The counters.</param>
    /// <param name="situation">Whether a cuff keeps the blood away.</param>
    public Oximeter(ILightSource source, PeripheralOptions options, PodOptions pod, PodRing ring, PodCounters counters, PodSituation situation)
        : base(Streams.RedLight)
    {
        _pulse = new PulseReadings(source, options, pod, ring, situation);
        _source = source;
        _ring = ring;
        _counters = counters;
    }

    /// <inheritdoc/>
    public override bool IsApplied => !_interrupted && _pulse.IsFingerOn;

    /// <inheritdoc/>
    public override void OnSample(long nowUs)
    {
        _interrupted = false;
        int count = _source.SampleCount;
        int lost = _source.LostSamples;
        long firstUs = _source.FirstSampleUs;
        int periodUs = _source.SamplePeriodUs;
        if (_source.DieTemperatureReady)
        {
            WriteDieTemperature(nowUs);
        }

        _pulse.OnSample(nowUs);
        if (firstUs - ((long)lost * periodUs) < _epochSinceUs)
        {
            TakeStraddling(count, lost, firstUs, periodUs, nowUs);
            return;
        }

        _changed = false;
        if (_epoch == 0)
        {
            _counters.OutsideSession += count;
            return;
        }

        if (lost > 0)
        {
            Flush(nowUs);
            Declare(lost, firstUs, periodUs, _epoch, nowUs);
        }

        Add(count, firstUs, periodUs, _epoch, nowUs);
    }

    /// <inheritdoc/>
    public override void Suppress(AbsenceReason reason, long nowUs)
    {
        // A waveform has no absent value: what was not read is declared as lost with the next batch.
    }

    /// <inheritdoc/>
    public override void OnDeviceLost(long nowUs)
    {
        Flush(nowUs);
        _pulse.OnDeviceLost();
        _interrupted = true;
    }

    /// <inheritdoc/>
    public override void ChangeEpoch(uint epoch, long nowUs)
    {
        Flush(nowUs);
        if (_interrupted && _delivered && _epoch != 0)
        {
            // The part went away in this session and has not come back: what it had counted will never be read.
            DeclareStream(Stream, GapCause.SensorInterrupted, 0, true, _nextSampleUs, nowUs, _epoch, nowUs);
            DeclareStream(Streams.InfraredLight, GapCause.SensorInterrupted, 0, true, _nextSampleUs, nowUs, _epoch, nowUs);
        }

        if (!_changed)
        {
            _changed = true;
            _epochBefore = _epoch;
            _changedUs = nowUs;
        }

        _delivered = false;
        _pulse.ChangeEpoch(epoch, nowUs);
        _epoch = epoch;
        _epochSinceUs = nowUs;
    }

    /// <inheritdoc/>
    public override long Step(AbsenceReason reason, long nowUs)
    {
        long next = _pulse.Step(reason, nowUs);
        if (_count == 0)
        {
            return next;
        }

        if (nowUs - _oldestUs >= LongestWaitUs)
        {
            Flush(nowUs);
            return next;
        }

        long due = _oldestUs + LongestWaitUs;
        return due < next ? due : next;
    }

    // Part of this batch, or of what is missing before it, lies before a change of epoch. The samples before the first change belong to the
    // epoch of that time; the others are bound to none, since their exact place is only known within the batch.
    private void TakeStraddling(int count, int lost, long firstUs, int periodUs, long nowUs)
    {
        int before = 0;
        while (_changed && _epochBefore != 0 && before < count && firstUs + ((long)before * periodUs) < _changedUs)
        {
            before++;
        }

        _counters.OutsideSession += count - before;
        if (before == 0)
        {
            return;
        }

        if (lost > 0)
        {
            Declare(lost, firstUs, periodUs, _epochBefore, nowUs);
        }

        Add(before, firstUs, periodUs, _epochBefore, nowUs);
        Flush(nowUs);
    }

    private void Add(int count, long firstUs, int periodUs, uint epoch, long nowUs)
    {
        if (_count > 0)
        {
            long step = firstUs - (_chunkUs + ((long)_count * _periodUs));
            if (step > TimeStepUs || step < -TimeStepUs)
            {
                Flush(nowUs);
            }
        }

        int taken = 0;
        while (taken < count)
        {
            if (_count == 0)
            {
                _chunkUs = firstUs + ((long)taken * periodUs);
                _periodUs = periodUs;
                _chunkEpoch = epoch;
                _oldestUs = nowUs;
            }

            _red[_count] = _source.Red[taken];
            _infrared[_count] = _source.Infrared[taken];
            _count++;
            taken++;
            if (_count == MaxChunkSamples || (_count + 1) * _periodUs > ChunkUs)
            {
                Flush(nowUs);
            }
        }

        _delivered = true;
        _nextSampleUs = firstUs + ((long)count * periodUs);
    }

    private void Flush(long nowUs)
    {
        int count = _count;
        if (count == 0)
        {
            return;
        }

        _count = 0;
        WriteChunk(Stream, MdcCodes.RedLightCounts, _red, count, nowUs);
        WriteChunk(Streams.InfraredLight, MdcCodes.InfraredLightCounts, _infrared, count, nowUs);
    }

    private void WriteChunk(int stream, uint mdcCode, int[] samples, int count, long nowUs)
    {
        WaveformBody.WriteHead(_ring.Scratch, PodRing.BodyOffset, mdcCode, (uint)_periodUs, count, Bits);
        for (int i = 0; i < count; i++)
        {
            WaveformBody.WriteSample(_ring.Scratch, PodRing.BodyOffset, i, Bits, samples[i]);
        }

        _ring.Commit(FrameKind.Waveform, stream, WaveformBody.Length(count, Bits), _chunkUs, _chunkEpoch, nowUs);
    }

    private void Declare(int lost, long firstUs, int periodUs, uint epoch, long nowUs)
    {
        GapCause cause = CauseOf(_source.LossCause);
        long fromUs = firstUs - ((long)lost * periodUs);
        DeclareStream(Stream, cause, lost, _source.LostIsLowerBound, fromUs, firstUs - periodUs, epoch, nowUs);
        DeclareStream(Streams.InfraredLight, cause, lost, _source.LostIsLowerBound, fromUs, firstUs - periodUs, epoch, nowUs);
        _counters.SamplesLost += lost;
    }

    private void DeclareStream(int stream, GapCause cause, int lost, bool atLeast, long firstUs, long lastUs, uint epoch, long nowUs) =>
        _ring.DeclareUnnumbered(
            stream,
            FrameClass.Wave,
            cause,
            GapBody.Samples | (atLeast ? GapBody.AtLeast : 0),
            (uint)lost,
            firstUs,
            lastUs,
            epoch,
            nowUs);

    private void WriteDieTemperature(long nowUs)
    {
        // The chip's health, not a patient's value: allowed without a session.
        NumericBody.Write(
            _ring.Scratch,
            PodRing.BodyOffset,
            MdcCodes.DieTemperature,
            _source.DieTemperatureMilliCelsius,
            MilliExponent,
            AbsenceReason.None,
            100,
            0);
        _ring.Commit(FrameKind.Numeric, Streams.OximeterDieTemperature, NumericBody.Length, nowUs, 0, nowUs);
    }
}
