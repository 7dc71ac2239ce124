using System;
using Simulators.Buses;
using Simulators.Kernel;

namespace Simulators.Chips;

/// <summary>
/// A MAX30102 pulse oximeter. Bus door: <see cref="II2cTarget"/>. Optical door: <see cref="Light"/>. Thermal door:
/// <see cref="DieTemperatureMilliCelsius"/>. Source: Maxim Integrated 19-7740 Rev 1 (October 2018), section "Register Maps and
/// Descriptions" unless named otherwise. What happened since the last access is worked out at the next one.
/// </summary>
public sealed class SimulatedMax30102 : II2cTarget
{
    /// <summary>The address, 0xAE/0xAF with the read/write bit. Source: "I2C Interface", target address.</summary>
    public const int Address = 0x57;

    /// <summary>Samples that the FIFO holds.</summary>
    public const int FifoDepth = 32;

    /// <summary>The largest count.</summary>
    public const int MaxCount = 0x3FFFF;

    /// <summary>The stimulus input at the start-up setting; a right driver gives back each count exactly.</summary>
    public static readonly PhysicalRange Range = new(0, MaxCount, 0, "Counts");

    /// <summary>The thermal door; half an LSB of 62.5 m°C. Source: "Electrical Characteristics", temperature sensor.</summary>
    public static readonly PhysicalRange DieTemperatureRange = new(-40_000, 85_000, 32, "MilliCelsius");

    /// <summary>Die temperature conversion time, µs. Source: "Electrical Characteristics", temperature ADC acquisition time, typical.</summary>
    public const long DieTemperatureUs = 29_000;

    /// <summary>How long the RESET bit reads 1, µs. Assumption: the datasheet says only that it clears itself.</summary>
    public const long ResetUs = 1_000;

    /// <summary>From supply to the first answer, µs. Assumption.</summary>
    public const long PowerUpUs = 1_000;

    /// <summary>Light beyond this is more than the ambient light cancellation can take, counts at 4,096 nA. Source: "Electrical Characteristics", 200 µA.</summary>
    public const long AmbientLimitCounts = 12_800_000;

    private const byte InterruptStatus1 = 0x00;
    private const byte InterruptStatus2 = 0x01;
    private const byte InterruptEnable1 = 0x02;
    private const byte InterruptEnable2 = 0x03;
    private const byte FifoWritePointer = 0x04;
    private const byte OverflowCounter = 0x05;
    private const byte FifoReadPointer = 0x06;
    private const byte FifoData = 0x07;
    private const byte FifoConfiguration = 0x08;
    private const byte ModeConfiguration = 0x09;
    private const byte Spo2Configuration = 0x0A;
    private const byte Led1Amplitude = 0x0C;
    private const byte Led2Amplitude = 0x0D;
    private const byte SlotControl1 = 0x11;
    private const byte SlotControl2 = 0x12;
    private const byte DieTemperatureInteger = 0x1F;
    private const byte DieTemperatureFraction = 0x20;
    private const byte DieTemperatureConfiguration = 0x21;
    private const byte RevisionId = 0xFE;
    private const byte PartId = 0xFF;

    private const int AlmostFull = 1 << 7;
    private const int PpgReady = 1 << 6;
    private const int AmbientOverflow = 1 << 5;
    private const int PowerReady = 1 << 0;
    private const int DieTemperatureReady = 1 << 1;
    private const int RolloverEnable = 1 << 4;
    private const int Shutdown = 1 << 7;
    private const int Reset = 1 << 6;
    private const int ModeMask = 7;
    private const int PointerMask = FifoDepth - 1;
    private const int MaxOverflow = 0x1F;
    private const int StartUpAmplitude = 0x20;
    private const int ExpectedPartId = 0x15;
    private const int MaxChannels = 4;

    private static readonly int[] RatesHz = [50, 100, 200, 400, 800, 1000, 1600, 3200];
    private static readonly int[] SamplesPerAverage = [1, 2, 4, 8, 16, 32, 32, 32];

    // Highest rate code that fits a pulse width. Source: tables "SpO2 Mode (Allowed Settings)" and "HR Mode (Allowed Settings)".
    private static readonly int[] TwoLedRateLimit = [6, 5, 4, 3];
    private static readonly int[] OneLedRateLimit = [7, 6, 6, 5];

    private readonly ISimulationClock _clock;
    private readonly SeededRandom _noise;
    private readonly Max30102Options _options;
    private readonly byte[] _registers = new byte[256];
    private readonly FifoEvent[] _fifo = new FifoEvent[FifoDepth];
    private readonly long[] _sums = new long[MaxChannels];
    private readonly int[] _channels = new int[MaxChannels];
    private ILightStimulus _light = new Darkness();
    private Func<long, long> _dieTemperature = static _ => 30_000;

    private bool _powered;
    private bool _frozen;
    private long _awakeUs;
    private long _resetUntilUs;
    private long _dieDoneUs = long.MaxValue;
    private int _unread;
    private int _channelCount;
    private bool _sampling;
    private long _samplingFromUs;
    private long _conversions;
    private int _accumulated;
    private long _ordinal;

    private byte _pointer;
    private bool _pointerWritten;
    private int _byteInSample;
    private FifoEvent _shifting;

    /// <summary>Makes a part without supply; the bus powers it when it is attached.</summary>
    /// <param name="clock">The world's time.</param>
    /// <param name="random">The part's own randomness: noise.</param>
    /// <param name="options">What differs from the default part.</param>
    public SimulatedMax30102(ISimulationClock clock, SeededRandom random, Max30102Options? options = null)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(random);
        _clock = clock;
        _options = options ?? new Max30102Options();
        if (_options.ClockErrorPpm is < -500_000 or > 500_000)
        {
            throw new ArgumentOutOfRangeException(nameof(options), _options.ClockErrorPpm, "A sample clock is at most half its rate off.");
        }

        _noise = random.Fork("noise");
    }

    /// <summary>Each step in each sample's life, raised when the simulated chip catches up, in order of time. A handler must not touch the bus.</summary>
    public event Action<FifoEvent>? FifoChanged;

    /// <summary>What shines on the photodiode.</summary>
    public ILightStimulus Light
    {
        get => _light;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            CatchUp();
            _light = value;
        }
    }

    /// <summary>The die's temperature, m°C, given µs of the simulated world. Asked once per die temperature conversion.</summary>
    public Func<long, long> DieTemperatureMilliCelsius
    {
        get => _dieTemperature;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            CatchUp();
            _dieTemperature = value;
        }
    }

    /// <summary>The INT pin: true while it is pulled low. PWR_RDY cannot be disabled.</summary>
    public bool IsInterruptAsserted
    {
        get
        {
            CatchUp();
            int first = _registers[InterruptStatus1] & (_registers[InterruptEnable1] | PowerReady);
            return _powered && (first | (_registers[InterruptStatus2] & _registers[InterruptEnable2])) != 0;
        }
    }

    /// <summary>Conversions per second and channel that are set, before averaging; 0 while nothing is measured.</summary>
    public int ConversionRateHz => _sampling ? RatesHz[(_registers[Spo2Configuration] >> 2) & 7] : 0;

    /// <summary>Conversions that make one sample.</summary>
    public int ConversionsPerSample => SamplesPerAverage[_registers[FifoConfiguration] >> 5];

    /// <summary>The red LED's current, µA.</summary>
    public int RedLedMicroamperes => _registers[Led1Amplitude] * 200;

    /// <summary>The infrared LED's current, µA.</summary>
    public int InfraredLedMicroamperes => _registers[Led2Amplitude] * 200;

    /// <summary>Full scale of the converter, nA.</summary>
    public int FullScaleNanoamperes => 2048 << ((_registers[Spo2Configuration] >> 5) & 3);

    /// <summary>Bits of the converter, 15 to 18 by pulse width.</summary>
    public int ResolutionBits => 15 + (_registers[Spo2Configuration] & 3);

    /// <summary>Samples in the FIFO that were not read.</summary>
    public int UnreadSamples
    {
        get
        {
            CatchUp();
            return _unread;
        }
    }

    /// <inheritdoc/>
    public bool IsFrozen
    {
        get => _frozen;
        set
        {
            CatchUp();
            if (_frozen && !value)
            {
                RestartSampling(_clock.NowUs);
            }

            _frozen = value;
        }
    }

    /// <inheritdoc/>
    public void PowerOn()
    {
        _powered = true;
        _frozen = false;
        _awakeUs = _clock.NowUs + PowerUpUs;
        ClearRegisters();
        _resetUntilUs = 0;
        _registers[InterruptStatus1] = PowerReady;
    }

    /// <inheritdoc/>
    public void PowerOff()
    {
        CatchUp();
        ClearRegisters();
        _powered = false;
    }

    /// <inheritdoc/>
    public bool Start(int address, BusDirection direction)
    {
        CatchUp();
        if (!_powered || _clock.NowUs < _awakeUs || address != Address)
        {
            return false;
        }

        _pointerWritten = false;
        _byteInSample = 0;
        return true;
    }

    /// <inheritdoc/>
    public bool Write(byte value)
    {
        if (!_pointerWritten)
        {
            _pointerWritten = true;
            _pointer = value;
            return true;
        }

        if (!_frozen && _clock.NowUs >= _resetUntilUs)
        {
            WriteRegister(_pointer, value);
        }

        AdvancePointer();
        return true;
    }

    /// <inheritdoc/>
    public byte Read()
    {
        byte value = _pointer == FifoData ? ReadFifo() : ReadRegister(_pointer);
        AdvancePointer();
        return value;
    }

    /// <inheritdoc/>
    public void Stop() => _pointerWritten = false;

    /// <summary>Works out what happened until now. Called by every access.</summary>
    public void CatchUp()
    {
        if (!_powered || _frozen)
        {
            return;
        }

        long now = _clock.NowUs;
        while (_sampling && NextConversionUs() <= now)
        {
            long atUs = NextConversionUs();
            FinishDieTemperature(atUs);
            Convert(atUs);
        }

        FinishDieTemperature(now);
    }

    private long NextConversionUs()
    {
        // k-th end = start + k * 10^12 / (rate * (10^6 + ppm)), downward; exact, so no error adds up.
        Int128 numerator = (Int128)(_conversions + 1) * 1_000_000_000_000;
        long denominator = (long)RatesHz[(_registers[Spo2Configuration] >> 2) & 7] * (1_000_000 + _options.ClockErrorPpm);
        return _samplingFromUs + (long)(numerator / denominator);
    }

    private void Convert(long atUs)
    {
        _conversions++;
        LightSample light = _light.At(atUs);
        for (int i = 0; i < _channelCount; i++)
        {
            _sums[i] += Digitise(_channels[i], light);
        }

        if (++_accumulated < ConversionsPerSample)
        {
            return;
        }

        // The mean is truncated, as an adder and a shift do it.
        int count = _accumulated;
        var sample = new FifoEvent(_ordinal++, atUs, (int)(_sums[0] / count), (int)(_sums[1] / count), (int)(_sums[2] / count), (int)(_sums[3] / count), FifoFate.Stored);
        ClearAccumulator();
        Push(sample);
    }

    /// <summary>
    /// Counts = light * LED current / 6.4 mA * 4,096 nA / range, to the nearest, halves up; ambient light beyond what is cancelled is
    /// added; saturated at 18 bit; the low bits that a short pulse does not resolve are 0 (left-justified).
    /// </summary>
    private int Digitise(int channel, LightSample light)
    {
        bool isRed = channel == 1;
        long amplitude = _registers[isRed ? Led1Amplitude : Led2Amplitude];
        int rangeCode = (_registers[Spo2Configuration] >> 5) & 3;
        long denominator = 1000L * (StartUpAmplitude << rangeCode);
        long numerator = Math.Max(0, isRed ? light.RedMilliCounts : light.InfraredMilliCounts) * amplitude * 2;
        long uncancelled = (light.AmbientMilliCounts / 1000) - AmbientLimitCounts;
        if (uncancelled > 0)
        {
            _registers[InterruptStatus1] |= AmbientOverflow;
            numerator += uncancelled * 2 * StartUpAmplitude * 1000;
        }

        long counts = (numerator + (denominator / 2)) / denominator;
        if (_options.NoiseCounts > 0)
        {
            counts += Gaussian() * _options.NoiseCounts / 1000;
        }

        counts = Math.Clamp(counts, 0, MaxCount);
        int unresolved = 18 - ResolutionBits;
        return (int)(counts >> unresolved << unresolved);
    }

    /// <summary>A normal deviate, thousandths: the sum of twelve uniform ones less 6 (variance 1).</summary>
    private long Gaussian()
    {
        long sum = 0;
        for (int i = 0; i < 12; i++)
        {
            sum += _noise.NextInt32(1001);
        }

        return sum - 6000;
    }

    private void Push(FifoEvent sample)
    {
        int write = _registers[FifoWritePointer];
        if (_unread == FifoDepth)
        {
            _registers[OverflowCounter] = (byte)Math.Min(MaxOverflow, _registers[OverflowCounter] + 1);
            if ((_registers[FifoConfiguration] & RolloverEnable) == 0)
            {
                Tell(sample, FifoFate.Refused);
                return;
            }

            // Assumption: rolling over takes the read pointer along, so that the oldest of the 32 is read next.
            Tell(_fifo[write], FifoFate.Overwritten);
            _registers[FifoReadPointer] = (byte)((write + 1) & PointerMask);
            _unread--;
        }

        _fifo[write] = sample;
        _registers[FifoWritePointer] = (byte)((write + 1) & PointerMask);
        _unread++;
        _registers[InterruptStatus1] |= PpgReady;
        if (FifoDepth - _unread <= (_registers[FifoConfiguration] & 0x0F))
        {
            _registers[InterruptStatus1] |= AlmostFull;
        }

        Tell(sample, FifoFate.Stored);
    }

    private byte ReadFifo()
    {
        int width = Math.Max(1, _channelCount) * 3;
        if (_byteInSample == 0)
        {
            // Source: "FIFO Data": the read pointer moves after the first byte of a sample.
            _shifting = _fifo[_registers[FifoReadPointer]];
            if (!_frozen)
            {
                _registers[InterruptStatus1] &= unchecked((byte)~PpgReady);
                Pop();
            }
        }

        int channel = _byteInSample / 3;
        int count = channel switch { 0 => _shifting.First, 1 => _shifting.Second, 2 => _shifting.Third, _ => _shifting.Fourth };
        int part = _byteInSample % 3;
        _byteInSample = (_byteInSample + 1) % width;
        return part switch
        {
            0 => (byte)((count >> 16) | ((_options.UnusedFifoBits & 0x3F) << 2)),
            1 => (byte)(count >> 8),
            _ => (byte)count,
        };
    }

    private void Pop()
    {
        if (_unread == 0)
        {
            return; // Assumption: an empty FIFO gives the old memory again and moves nothing
        }

        int read = _registers[FifoReadPointer];
        Tell(_fifo[read], FifoFate.Read);
        _registers[FifoReadPointer] = (byte)((read + 1) & PointerMask);
        _registers[OverflowCounter] = 0; // Source: OVF_COUNTER: reset when a complete sample is popped
        _unread--;
    }

    private void AdvancePointer()
    {
        if (_pointer != FifoData)
        {
            _pointer++;
        }
    }

    private byte ReadRegister(byte register)
    {
        byte value = _registers[register];
        switch (register)
        {
            case InterruptStatus1 or InterruptStatus2 when !_frozen:
                _registers[register] = 0;
                break;
            case DieTemperatureFraction when !_frozen:
                _registers[InterruptStatus2] = 0;
                break;
            case ModeConfiguration when _clock.NowUs < _resetUntilUs:
                return Reset;
            case RevisionId:
                return _options.RevisionId;
            case PartId:
                return ExpectedPartId;
        }

        return value;
    }

    private void WriteRegister(byte register, byte value)
    {
        switch (register)
        {
            case InterruptEnable1:
                _registers[register] = (byte)(value & (AlmostFull | PpgReady | AmbientOverflow));
                break;
            case InterruptEnable2:
                _registers[register] = (byte)(value & DieTemperatureReady);
                break;
            case FifoWritePointer or FifoReadPointer:
                MovePointer(register, (byte)(value & PointerMask));
                break;
            case OverflowCounter:
                _registers[register] = (byte)(value & MaxOverflow);
                break;
            case FifoConfiguration:
                Reconfigure(register, value, 0xE0);
                break;
            case ModeConfiguration:
                WriteMode(value);
                break;
            case Spo2Configuration:
                Reconfigure(register, (byte)(value & 0x7F), 0x7F);
                break;
            case Led1Amplitude or Led2Amplitude:
                _registers[register] = value;
                break;
            case SlotControl1 or SlotControl2:
                Reconfigure(register, (byte)(value & 0x77), 0x77);
                break;
            case DieTemperatureConfiguration when (value & 1) != 0 && _dieDoneUs == long.MaxValue:
                _registers[register] = 1;
                _dieDoneUs = _clock.NowUs + DieTemperatureUs;
                break;
        }
    }

    private void WriteMode(byte value)
    {
        if ((value & Reset) != 0)
        {
            // No PWR_RDY interrupt follows; the bit clears itself when the reset is over.
            ClearRegisters();
            _resetUntilUs = _clock.NowUs + ResetUs;
            return;
        }

        Reconfigure(ModeConfiguration, (byte)(value & (Shutdown | ModeMask)), Shutdown | ModeMask);
        if ((value & Shutdown) != 0)
        {
            _registers[InterruptStatus1] = 0; // Source: SHDN: all interrupts are cleared to zero
            _registers[InterruptStatus2] = 0;
        }
    }

    /// <summary>Writes a register whose masked bits, when they change, begin the measurement anew.</summary>
    private void Reconfigure(byte register, byte value, int restartMask)
    {
        bool restarts = ((_registers[register] ^ value) & restartMask) != 0;
        _registers[register] = value;
        if (restarts)
        {
            RestartSampling(_clock.NowUs);
        }
    }

    private void RestartSampling(long nowUs)
    {
        ClearAccumulator();
        _conversions = 0;
        _samplingFromUs = nowUs;
        int mode = _registers[ModeConfiguration] & ModeMask;
        _channelCount = mode switch { 2 => 1, 3 => 2, 7 => SlotCount(), _ => 0 };
        if (mode is 2 or 3)
        {
            _channels[0] = 1;
            _channels[1] = 2;
        }

        _sampling = _channelCount > 0 && (_registers[ModeConfiguration] & Shutdown) == 0;
        LimitRate();
    }

    /// <summary>Slots in order, up to the first that is empty; codes 1 red, 2 infrared; others light nothing.</summary>
    private int SlotCount()
    {
        int count = 0;
        for (; count < MaxChannels; count++)
        {
            int pair = _registers[count < 2 ? SlotControl1 : SlotControl2];
            int code = (count & 1) == 0 ? pair & 7 : (pair >> 4) & 7;
            if (code is not (1 or 2))
            {
                break;
            }

            _channels[count] = code;
        }

        return count;
    }

    /// <summary>A rate that does not fit the pulse width is replaced by the highest that does, and reads back so.</summary>
    private void LimitRate()
    {
        if (_channelCount == 0)
        {
            return;
        }

        int value = _registers[Spo2Configuration];
        int limit = (_channelCount > 1 ? TwoLedRateLimit : OneLedRateLimit)[value & 3];
        int rate = Math.Min((value >> 2) & 7, limit);
        _registers[Spo2Configuration] = (byte)((value & ~0x1C) | (rate << 2));
    }

    private void MovePointer(byte register, byte value)
    {
        int oldRead = _registers[FifoReadPointer];
        int oldUnread = _unread;
        _registers[register] = value;
        int read = _registers[FifoReadPointer];
        _unread = (_registers[FifoWritePointer] - read) & PointerMask; // Assumption: equal pointers written by hand mean empty
        for (int i = 0; i < oldUnread; i++)
        {
            int place = (oldRead + i) & PointerMask;
            if (((place - read) & PointerMask) >= _unread)
            {
                Tell(_fifo[place], FifoFate.Discarded);
            }
        }
    }

    private void FinishDieTemperature(long nowUs)
    {
        if (_dieDoneUs > nowUs)
        {
            return;
        }

        long sixteenths = Math.Clamp(_dieTemperature(_dieDoneUs), -128_000, 127_900) * 16;
        long rounded = sixteenths >= 0 ? (sixteenths + 500) / 1000 : -((-sixteenths + 500) / 1000);
        rounded = Math.Clamp(rounded, -2048, 2047);
        _dieDoneUs = long.MaxValue;
        _registers[DieTemperatureConfiguration] = 0;
        _registers[DieTemperatureInteger] = (byte)(rounded >> 4);
        _registers[DieTemperatureFraction] = (byte)(rounded & 0x0F);
        if ((_registers[InterruptEnable2] & DieTemperatureReady) != 0)
        {
            // Assumption, from users' reports: unlike the other sources this flag stays 0 unless it is enabled.
            _registers[InterruptStatus2] |= DieTemperatureReady;
        }
    }

    private void ClearRegisters()
    {
        for (int i = 0; i < _unread; i++)
        {
            Tell(_fifo[(_registers[FifoReadPointer] + i) & PointerMask], FifoFate.Discarded);
        }

        Array.Clear(_registers);
        _unread = 0;
        _dieDoneUs = long.MaxValue;
        RestartSampling(_clock.NowUs);
    }

    private void ClearAccumulator()
    {
        Array.Clear(_sums);
        _accumulated = 0;
    }

    private void Tell(FifoEvent sample, FifoFate fate) => FifoChanged?.Invoke(sample with { Fate = fate });

    private sealed class Darkness : ILightStimulus
    {
        public LightSample At(long us) => default;
    }
}
