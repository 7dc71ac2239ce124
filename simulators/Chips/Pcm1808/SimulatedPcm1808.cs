using System;
using System.Buffers.Binary;
using Simulators.Kernel;

namespace Simulators.Chips;

/// <summary>
/// A Texas Instruments PCM1808 as a slave of an I2S bus at 8 kHz, with the buffers of the controller that reads it. Physical door: <see cref="SetInput(Func{long, long})"/>, the voltage
/// at VINL; VINR lies at ground. Bus door: <see cref="StartClocks"/>, <see cref="StopClocks"/> and <see cref="Take"/>. Source: TI SLES177A (August 2006); pages are named
/// beside what they settle.
/// </summary>
public sealed class SimulatedPcm1808
{
    /// <summary>Input of full scale, nV from zero: 3 V from peak to peak. Source: page 3, full-scale input voltage 0.6 VCC.</summary>
    public const long FullScaleNanoVolt = 1_500_000_000;

    /// <summary>Zeros after the clocks start, frames: 1,024 periods of SCKI at 256 fS, and 8,960 samples. Source: page 13, power-on reset.</summary>
    public const int ZeroFrames = 4 + 8960;

    /// <summary>The rising copy behind them, frames. Source: page 14, fade-in: 8,192 samples, and 48 of delay.</summary>
    public const int FadeInFrames = 8192 + 48;

    /// <summary>Frames in one buffer of the controller's DMA. Assumption: as the ESP32's.</summary>
    public const int BufferFrames = 256;

    /// <summary>Buffers of the DMA.</summary>
    public const int Buffers = 8;

    private const int FullScaleCounts = 1 << 23;
    private const int NoiseCounts = 133; // uniform, 77 counts of 24 bits rms: 0.3 of 16 bits. Source: page 3, 99 dB of dynamic range
    private const double HighPassHzSeconds = 2 * 3.141592653589793 * 0.019e-3; // Source: page 4: -3 dB at 0.019 fS / 1000
    private const int SwingPeriodFrames = 160; // 50 Hz at 8 kHz

    private readonly ISimulationClock _clock;
    private readonly SeededRandom _noise;
    private readonly Pcm1808Options _options;
    private readonly long _periodPicoSeconds;
    private Func<long, long> _nanoVolt = static _ => 0;
    private Pcm1808Fault _fault;
    private bool _running;
    private long _startNs;
    private long _made;
    private long _taken;
    private long _restartedAt;
    private double _offset;

    /// <summary>Makes a converter whose clocks stand still.</summary>
    /// <param name="clock">The world's time.</param>
    /// <param name="random">The part's own noise.</param>
    /// <param name="options">What differs from the typical part.</param>
    public SimulatedPcm1808(ISimulationClock clock, SeededRandom random, Pcm1808Options? options = null)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(random);
        _clock = clock;
        _options = options ?? new Pcm1808Options();
        _noise = random.Fork("noise");
        if (_options.SlotBits is not (16 or 32))
        {
            throw new ArgumentOutOfRangeException(nameof(options), _options.SlotBits, "A slot has 16 or 32 bits.");
        }

        _periodPicoSeconds = 1_000_000_000_000_000_000 / _options.RateHz / (1_000_000 + _options.DriftPpm);
    }

    /// <summary>Bytes of one frame on the bus: left slot, right slot, each little endian as the controller stores it.</summary>
    public int BytesPerFrame => _options.SlotBits / 4;

    /// <summary>Sample rate as it is set, Hz.</summary>
    public int RateHz => _options.RateHz;

    /// <summary>Frames that the DMA overwrote before they were taken, since the clocks started.</summary>
    public long Overwritten { get; private set; }

    /// <summary>True while the clocks run.</summary>
    public bool IsClocked => _running && _fault != Pcm1808Fault.ClockHalted;

    /// <summary>What is wrong, from now on.</summary>
    public Pcm1808Fault Fault
    {
        get => _fault;
        set
        {
            bool wasHalted = _fault == Pcm1808Fault.ClockHalted;
            Skip(Made());
            if (_running && wasHalted != (value == Pcm1808Fault.ClockHalted))
            {
                // A clock that goes on counts from here; the part powers down after 4 µs without SCKI and starts again (page 11).
                _startNs = NowNs - Nanoseconds(_made);
                _restartedAt = wasHalted ? _made : _restartedAt;
            }

            _fault = value;
        }
    }

    private long NowNs => _clock.NowUs * 1000;

    /// <summary>The voltage at VINL from now on, as a function of time.</summary>
    /// <param name="nanoVoltAtNs">Given ns of the simulated world, answers nV. Asked once per frame that is taken, in order of time.</param>
    public void SetInput(Func<long, long> nanoVoltAtNs)
    {
        ArgumentNullException.ThrowIfNull(nanoVoltAtNs);
        _nanoVolt = nanoVoltAtNs;
    }

    /// <summary>The controller starts the clocks: the part comes up.</summary>
    public void StartClocks()
    {
        _running = true;
        _startNs = NowNs;
        _made = 0;
        _taken = 0;
        _restartedAt = 0;
        _offset = 0;
        Overwritten = 0;
    }

    /// <summary>The controller stops the clocks.</summary>
    public void StopClocks() => _running = false;

    /// <summary>Frames in whole buffers that wait to be taken; those that the DMA has overwritten are counted in <see cref="Overwritten"/>.</summary>
    /// <returns>Frames.</returns>
    public int Waiting()
    {
        Skip(Made());
        long whole = _made - (_made % BufferFrames);
        long kept = BufferFrames * (long)Buffers;
        if (whole - _taken > kept)
        {
            Overwritten += whole - _taken - kept;
            _taken = whole - kept;
        }

        return (int)Math.Max(0, whole - _taken);
    }

    /// <summary>Takes frames out of the controller's buffers, the oldest first.</summary>
    /// <param name="frames">Where their bytes are put.</param>
    /// <param name="count">How many, at most what waits.</param>
    public void Take(Span<byte> frames, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Waiting());
        for (int i = 0; i < count; i++)
        {
            Frame(_taken++, frames.Slice(i * BytesPerFrame, BytesPerFrame));
        }
    }

    private long Made() => !IsClocked ? _made : (NowNs - _startNs) * 1000 / _periodPicoSeconds;

    private void Skip(long made) => _made = Math.Max(_made, made);

    private long Nanoseconds(long frame) => (long)((Int128)frame * _periodPicoSeconds / 1000);

    private void Frame(long index, Span<byte> frame)
    {
        int left = 0;
        int right = 0;
        long since = index - _restartedAt;
        if (since >= ZeroFrames)
        {
            left = Convert(Input(index));
            right = Convert(0, isLeft: false);
            if (since < ZeroFrames + FadeInFrames)
            {
                left = (int)((long)left * (since - ZeroFrames) / FadeInFrames);
                right = (int)((long)right * (since - ZeroFrames) / FadeInFrames);
            }
        }

        switch (_fault)
        {
            case Pcm1808Fault.DataStuckLow:
                left = right = 0;
                break;
            case Pcm1808Fault.DataStuckHigh:
                left = right = -1;
                break;
            case Pcm1808Fault.SlotsSwapped:
                (left, right) = (right, left);
                break;
            default:
                break;
        }

        if (_options.SlotBits == 16)
        {
            BinaryPrimitives.WriteInt16LittleEndian(frame, (short)(left >> 8));
            BinaryPrimitives.WriteInt16LittleEndian(frame[2..], (short)(right >> 8));
        }
        else
        {
            BinaryPrimitives.WriteInt32LittleEndian(frame, left << 8);
            BinaryPrimitives.WriteInt32LittleEndian(frame[4..], right << 8);
        }
    }

    private long Input(long index) => _fault switch
    {
        Pcm1808Fault.CableLoose => index / (SwingPeriodFrames / 2) % 2 == 0 ? 2 * FullScaleNanoVolt : -2 * FullScaleNanoVolt,
        Pcm1808Fault.AmplifierAtRail => 2 * FullScaleNanoVolt,
        _ => _nanoVolt(_startNs + Nanoseconds(index + 1)),
    };

    // The modulator's ends come before the high-pass filter, those of the word behind it.
    private int Convert(long nanoVolt, bool isLeft = true)
    {
        double counts = (double)Math.Clamp(nanoVolt, -FullScaleNanoVolt, FullScaleNanoVolt) * FullScaleCounts / FullScaleNanoVolt;
        if (_options.HasNoise)
        {
            counts += _noise.NextInt32((2 * NoiseCounts) + 1) - NoiseCounts;
        }

        if (isLeft)
        {
            _offset += (counts - _offset) * HighPassHzSeconds;
            counts -= _offset;
        }

        return (int)Math.Clamp(Math.Floor(counts + 0.5), -FullScaleCounts, FullScaleCounts - 1);
    }
}
