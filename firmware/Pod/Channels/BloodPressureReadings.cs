using Firmware.Core;
using Firmware.Pod.Store;
using Firmware.Protocol;

namespace Firmware.Pod.Channels;

/// <summary>
/// What is published of a blood pressure, whoever measured it: systolic, diastolic, mean and pulse with one status, or the absence of all four with its reason; the
/// cuff's pressure while it is used; the phase at each change. Nothing of it without a session.
/// </summary>
public sealed class BloodPressureReadings
{
    /// <summary>Longest chunk of cuff pressure, samples.</summary>
    public const int MaxChunkSamples = 25;

    /// <summary>Significant bits of a sample: hundredths of mmHg up to 655.35.</summary>
    public const int Bits = 16;

    private const int TenthsExponent = -1;

    private readonly PodRing _ring;
    private readonly int[] _chunk = new int[MaxChunkSamples];
    private uint _epoch;
    private int _count;
    private long _chunkUs;
    private int _periodUs;
    private CuffPhase _phase;
    private bool _phaseKnown;

    /// <summary>Stores.</summary>
    /// <param name="ring">Where readings go.</param>
    public BloodPressureReadings(PodRing ring)
    {
        _ring = ring;
    }

    /// <summary>The epoch changed; what waits goes with the one before. The present phase is to be told again: after a reset of the pod a page still has the one of before.</summary>
    /// <param name="epoch">The new one.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void ChangeEpoch(uint epoch, long nowUs)
    {
        FlushPressure(nowUs);
        _epoch = epoch;
        _phaseKnown = false;
    }

    /// <summary>One sample of the cuff's pressure.</summary>
    /// <param name="centiMmHg">Hundredths of mmHg; below 0 is written as 0.</param>
    /// <param name="atUs">When, monotonic µs.</param>
    /// <param name="periodUs">From one sample to the next, µs.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Pressure(int centiMmHg, long atUs, int periodUs, long nowUs)
    {
        if (_epoch == 0)
        {
            return;
        }

        long step = _count == 0 ? 0 : atUs - (_chunkUs + ((long)_count * _periodUs));
        if (step > periodUs || -step > periodUs || periodUs != _periodUs)
        {
            FlushPressure(nowUs);
        }

        if (_count == 0)
        {
            _chunkUs = atUs;
            _periodUs = periodUs;
        }

        _chunk[_count++] = centiMmHg < 0 ? 0 : centiMmHg > 65_535 ? 65_535 : centiMmHg;
        if (_count == MaxChunkSamples || (long)_count * periodUs >= 250_000)
        {
            FlushPressure(nowUs);
        }
    }

    /// <summary>Sends what waits of the cuff's pressure.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void FlushPressure(long nowUs)
    {
        int count = _count;
        _count = 0;
        if (count == 0 || _epoch == 0)
        {
            return;
        }

        WaveformBody.WriteHead(_ring.Scratch, PodRing.BodyOffset, MdcCodes.CuffPressure, (uint)_periodUs, count, Bits);
        for (int i = 0; i < count; i++)
        {
            WaveformBody.WriteSample(_ring.Scratch, PodRing.BodyOffset, i, Bits, _chunk[i]);
        }

        _ring.Commit(FrameKind.Waveform, Streams.CuffPressure, WaveformBody.Length(count, Bits), _chunkUs, _epoch, nowUs);
    }

    /// <summary>The phase; told once per change.</summary>
    /// <param name="phase">Which.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Phase(CuffPhase phase, long nowUs)
    {
        if (_epoch == 0 || (_phaseKnown && phase == _phase))
        {
            return;
        }

        _phase = phase;
        _phaseKnown = true;
        NumericBody.Write(_ring.Scratch, PodRing.BodyOffset, MdcCodes.CuffPhase, (int)phase, 0, AbsenceReason.None, 100, 0);
        _ring.Commit(FrameKind.Numeric, Streams.CuffPhase, NumericBody.Length, nowUs, _epoch, nowUs);
    }

    /// <summary>A result.</summary>
    /// <param name="systolicCentiMmHg">Hundredths of mmHg.</param>
    /// <param name="diastolicCentiMmHg">Hundredths of mmHg.</param>
    /// <param name="meanCentiMmHg">Hundredths of mmHg.</param>
    /// <param name="pulseTenthsPerMinute">Tenths of 1/min; 0 for none.</param>
    /// <param name="status">Bits of <see cref="BloodPressureStatus"/>.</param>
    /// <param name="quality">0 to 100.</param>
    /// <param name="windowMs">What it was made from, ms.</param>
    /// <param name="atUs">End of the window, monotonic µs.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Result(
        int systolicCentiMmHg, int diastolicCentiMmHg, int meanCentiMmHg, int pulseTenthsPerMinute, int status, int quality, int windowMs, long atUs, long nowUs)
    {
        Write(Streams.Systolic, MdcCodes.NoninvasiveSystolic, Tenths(systolicCentiMmHg), AbsenceReason.None, status, quality, windowMs, atUs, nowUs);
        Write(Streams.Diastolic, MdcCodes.NoninvasiveDiastolic, Tenths(diastolicCentiMmHg), AbsenceReason.None, status, quality, windowMs, atUs, nowUs);
        Write(Streams.MeanPressure, MdcCodes.NoninvasiveMean, Tenths(meanCentiMmHg), AbsenceReason.None, status, quality, windowMs, atUs, nowUs);
        AbsenceReason pulse = pulseTenthsPerMinute == 0 ? AbsenceReason.TooFewBeats : AbsenceReason.None;
        Write(Streams.CuffPulseRate, MdcCodes.NoninvasivePulseRate, pulseTenthsPerMinute, pulse, status, quality, windowMs, atUs, nowUs);
    }

    /// <summary>No result.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="status">Bits of <see cref="BloodPressureStatus"/>.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Absent(AbsenceReason reason, int status, long nowUs)
    {
        Write(Streams.Systolic, MdcCodes.NoninvasiveSystolic, 0, reason, status, 0, 0, nowUs, nowUs);
        Write(Streams.Diastolic, MdcCodes.NoninvasiveDiastolic, 0, reason, status, 0, 0, nowUs, nowUs);
        Write(Streams.MeanPressure, MdcCodes.NoninvasiveMean, 0, reason, status, 0, 0, nowUs, nowUs);
        Write(Streams.CuffPulseRate, MdcCodes.NoninvasivePulseRate, 0, reason, status, 0, 0, nowUs, nowUs);
    }

    private static int Tenths(int centi) => (centi + 5) / 10;

    private void Write(int stream, uint code, int value, AbsenceReason absence, int status, int quality, int windowMs, long atUs, long nowUs)
    {
        if (_epoch == 0)
        {
            return;
        }

        NumericBody.Write(_ring.Scratch, PodRing.BodyOffset, code, value, TenthsExponent, absence, quality, (uint)windowMs);
        BloodPressureStatus.Write(_ring.Scratch, PodRing.BodyOffset, status);
        _ring.Commit(FrameKind.Numeric, stream, NumericBody.LengthWithStatus, atUs, _epoch, nowUs);
    }
}
