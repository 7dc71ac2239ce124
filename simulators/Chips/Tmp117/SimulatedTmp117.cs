using System;
using Simulators.Buses;
using Simulators.Kernel;

namespace Simulators.Chips;

/// <summary>
/// A TMP117 temperature sensor. Bus door: <see cref="II2cTarget"/>. Physical door: <see cref="SetTemperature(long)"/>.
/// Source: Texas Instruments SNOSD82D (June 2018, revised September 2022); sections are named beside what they settle.
/// What happened since the last access is worked out at the next one, so an idle simulated chip costs nothing.
/// </summary>
public sealed class SimulatedTmp117 : II2cTarget
{
    /// <summary>Source: 6.3, operating temperature; half an LSB of 7.8125 m°C is 3.90625 m°C.</summary>
    public static readonly PhysicalRange Range = new(-55_000, 150_000, 4, "MilliCelsius");

    /// <summary>From supply to the first conversion, µs. Source: 7.3.1.</summary>
    public const long PowerUpUs = 1_500;

    /// <summary>Duration of a soft or general-call reset, µs. Source: 7.6, Configuration, Soft_Reset.</summary>
    public const long ResetUs = 2_000;

    /// <summary>Programming time of one EEPROM word, µs. Source: 6.5, typical.</summary>
    public const long ProgramUs = 7_000;

    private const byte TempResult = 0x00;
    private const byte Configuration = 0x01;
    private const byte HighLimit = 0x02;
    private const byte LowLimit = 0x03;
    private const byte EepromUnlock = 0x04;
    private const byte Eeprom1 = 0x05;
    private const byte Eeprom2 = 0x06;
    private const byte TempOffset = 0x07;
    private const byte Eeprom3 = 0x08;
    private const byte DeviceId = 0x0F;

    private const int HighAlert = 1 << 15;
    private const int LowAlert = 1 << 14;
    private const int DataReady = 1 << 13;
    private const int EepromBusy = 1 << 12;
    private const int SettableConfiguration = 0x0FFC;
    private const int ConversionSetting = 0x0FE0; // MOD, CONV, AVG
    private const int ThermMode = 1 << 4;
    private const int ActiveHigh = 1 << 3;
    private const int PinIsDataReady = 1 << 2;
    private const int SoftReset = 1 << 1;
    private const int Unlocked = 1 << 15;
    private const int UnlockBusy = 1 << 14;
    private const int ModShutdown = 1;
    private const int ModOneShot = 3;
    private const int ModMask = 3 << 10;
    private const int NoResultYet = -32_768; // 0x8000, -256 °C
    private const int GeneralCallAddress = 0;
    private const byte GeneralCallReset = 0x06;
    private const int NoiseLsb = 3;

    private static readonly int[] Averages = [1, 8, 32, 64];

    // Source: 7.6, Configuration, table "Conversion cycle time in CC mode"; row CONV, column AVG. Row 0 is the active time.
    private static readonly long[][] CycleUs =
    [
        [15_500, 125_000, 500_000, 1_000_000],
        [125_000, 125_000, 500_000, 1_000_000],
        [250_000, 250_000, 500_000, 1_000_000],
        [500_000, 500_000, 500_000, 1_000_000],
        [1_000_000, 1_000_000, 1_000_000, 1_000_000],
        [4_000_000, 4_000_000, 4_000_000, 4_000_000],
        [8_000_000, 8_000_000, 8_000_000, 8_000_000],
        [16_000_000, 16_000_000, 16_000_000, 16_000_000],
    ];

    private readonly ISimulationClock _clock;
    private readonly SeededRandom _noise;
    private readonly Tmp117Options _options;
    private readonly long _partErrorMilliPerThousand;
    private readonly ushort[] _cells = new ushort[9]; // EEPROM behind registers 1, 2, 3, 5, 6, 7, 8
    private Func<long, long> _temperatureMilliCelsius = static _ => 25_000;

    private bool _powered;
    private bool _frozen;
    private long _awakeUs;
    private long _busyUntilUs;
    private int _configuration;
    private int _highLimit;
    private int _lowLimit;
    private int _offset;
    private int _result;
    private bool _unlocked;
    private readonly ushort[] _scratch = new ushort[3];
    private bool _converting;
    private long _cycleStartUs;

    private byte _pointer;
    private int _address;
    private int _byteIndex;
    private byte _highByte;
    private ushort _latched;

    /// <summary>Makes a part without supply; the bus powers it when it is attached.</summary>
    /// <param name="clock">The world's time.</param>
    /// <param name="random">The part's own randomness: unique id, part error, noise.</param>
    /// <param name="options">What differs from the default part.</param>
    public SimulatedTmp117(ISimulationClock clock, SeededRandom random, Tmp117Options? options = null)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(random);
        _clock = clock;
        _options = options ?? new Tmp117Options();
        if (_options.Address is < 0x48 or > 0x4B)
        {
            throw new ArgumentOutOfRangeException(nameof(options), _options.Address, "A TMP117 answers at 0x48 to 0x4B.");
        }

        if (_options.ClockErrorPpm is < -500_000 or > 500_000)
        {
            throw new ArgumentOutOfRangeException(nameof(options), _options.ClockErrorPpm, "A sample clock is at most half its rate off.");
        }

        SeededRandom cells = random.Fork("eeprom");
        _cells[Configuration] = 0x0220; // Source: 7.6, register map, reset column (factory EEPROM)
        _cells[HighLimit] = 0x6000;
        _cells[LowLimit] = 0x8000;
        _cells[Eeprom1] = (ushort)cells.NextUInt32();
        _cells[Eeprom2] = (ushort)cells.NextUInt32();
        _cells[Eeprom3] = (ushort)cells.NextUInt32();
        _partErrorMilliPerThousand = _options.HasPartError ? random.Fork("part error").NextInt32(2001) - 1000 : 0;
        _noise = random.Fork("noise");
    }

    /// <summary>The address that the part answers to.</summary>
    public int Address => _options.Address;

    /// <summary>How many results (averages included) the part has made in its whole life: two readings with the same number are the same result.</summary>
    public long CompletedConversions { get; private set; }

    /// <summary>Bits 11:2 of the configuration register, as they stand in it: MOD, CONV, AVG, T/nA, POL, DR/Alert.</summary>
    public int Settings => _configuration & SettableConfiguration;

    /// <summary>What the part adds to each result, counts of 7.8125 m°C.</summary>
    public int OffsetCount => _offset;

    /// <summary>The ALERT pin: true for high. Active low by default (7.6, POL).</summary>
    public bool IsAlertPinHigh
    {
        get
        {
            CatchUp();
            int watched = (_configuration & PinIsDataReady) != 0 ? DataReady : HighAlert | LowAlert;
            bool active = _powered && (_configuration & watched) != 0;
            return active == ((_configuration & ActiveHigh) != 0);
        }
    }

    /// <inheritdoc/>
    public bool IsFrozen
    {
        get => _frozen;
        set
        {
            CatchUp();
            if (_frozen && !value && _converting)
            {
                _cycleStartUs = _clock.NowUs;
            }

            _frozen = value;
        }
    }

    /// <summary>The temperature of the die's surroundings from now on.</summary>
    /// <param name="milliCelsius">m°C; beyond what 16 bits can say the result saturates.</param>
    public void SetTemperature(long milliCelsius) => SetTemperature(_ => milliCelsius);

    /// <summary>The temperature of the die's surroundings from now on, as a function of time.</summary>
    /// <param name="milliCelsiusAtUs">Given µs of the simulated world, answers m°C. Asked once per conversion, in order of time.</param>
    public void SetTemperature(Func<long, long> milliCelsiusAtUs)
    {
        ArgumentNullException.ThrowIfNull(milliCelsiusAtUs);
        CatchUp();
        _temperatureMilliCelsius = milliCelsiusAtUs;
    }

    /// <inheritdoc/>
    public void PowerOn()
    {
        _powered = true;
        _frozen = false;
        Load(_clock.NowUs + PowerUpUs);
    }

    /// <inheritdoc/>
    public void PowerOff()
    {
        _powered = false;
        _converting = false;
    }

    /// <inheritdoc/>
    public bool Start(int address, BusDirection direction)
    {
        CatchUp();
        if (!_powered || (!_frozen && _clock.NowUs < _awakeUs))
        {
            return false; // Assumption: a part in power-up or reset does not answer
        }

        bool generalCall = address == GeneralCallAddress && direction == BusDirection.Write;
        if (address != _options.Address && !generalCall)
        {
            return false;
        }

        _address = address;
        _byteIndex = 0;
        return true;
    }

    /// <inheritdoc/>
    public bool Write(byte value)
    {
        if (_address == GeneralCallAddress)
        {
            // Source: 7.5.3.1.6; the second byte 06h resets, other commands are not acknowledged.
            bool isReset = value == GeneralCallReset && _byteIndex++ == 0;
            if (isReset && !_frozen)
            {
                Load(_clock.NowUs + ResetUs);
            }

            return isReset;
        }

        switch (_byteIndex++)
        {
            case 0:
                _pointer = value;
                break;
            case 1:
                _highByte = value;
                break;
            case 2 when !_frozen:
                WriteRegister(_pointer, (ushort)((_highByte << 8) | value));
                break;
        }

        return true;
    }

    /// <inheritdoc/>
    public byte Read()
    {
        // Most significant byte first (7.5.3.1.3). Assumption: clocked on, the part gives the same register again.
        if ((_byteIndex++ & 1) == 0)
        {
            _latched = ReadRegister(_pointer);
            return (byte)(_latched >> 8);
        }

        return (byte)_latched;
    }

    /// <inheritdoc/>
    public void Stop() => _byteIndex = 0;

    /// <summary>Works out what happened until now. Called by every access.</summary>
    public void CatchUp()
    {
        if (!_powered || _frozen)
        {
            return;
        }

        while (_converting)
        {
            int average = (_configuration >> 5) & 3;
            long doneUs = _cycleStartUs + OwnUs(CycleUs[0][average]);
            if (doneUs > _clock.NowUs)
            {
                return;
            }

            CompleteConversion(average);
            if (((_configuration & ModMask) >> 10) == ModOneShot)
            {
                _configuration = (_configuration & ~ModMask) | (ModShutdown << 10); // Source: 7.4.3
                _converting = false;
            }
            else
            {
                _cycleStartUs += OwnUs(CycleUs[(_configuration >> 7) & 7][average]);
            }
        }
    }

    private static long RoundedDivision(long numerator, long denominator)
    {
        long half = denominator / 2;
        return numerator >= 0 ? (numerator + half) / denominator : -((-numerator + half) / denominator);
    }

    /// <summary>The limit of the part's error at a temperature, m°C. Source: 6.5, temperature accuracy.</summary>
    private static long AccuracyMilliCelsius(long milliCelsius) => milliCelsius switch
    {
        >= -20_000 and <= 50_000 => 100,
        >= -40_000 and <= 70_000 => 150,
        >= -40_000 and <= 100_000 => 200,
        >= -55_000 and <= 125_000 => 250,
        _ => 300,
    };

    /// <summary>A typical duration by the part's own clock.</summary>
    private long OwnUs(long typicalUs) => typicalUs * 1_000_000 / (1_000_000 + _options.ClockErrorPpm);

    private void CompleteConversion(int average)
    {
        int count = Averages[average];
        long sumMicro = 0;
        for (int i = 1; i <= count; i++)
        {
            long milli = _temperatureMilliCelsius(_cycleStartUs + (OwnUs(CycleUs[0][average]) * i / count));
            milli = Math.Clamp(milli, -1_000_000, 1_000_000);
            sumMicro += (milli * 1000) + (AccuracyMilliCelsius(milli) * _partErrorMilliPerThousand);
            if (_options.HasNoise)
            {
                sumMicro += (_noise.NextInt32((2 * NoiseLsb * 7812) + 1)) - (NoiseLsb * 7812);
            }
        }

        // 1 LSB = 7.8125 m°C = 15,625/2 µ°C; to the nearest, halves away from zero. Then the offset; the sum saturates (7.3.3, 7.6 Temp_Offset).
        long raw = RoundedDivision(sumMicro * 2, 15_625L * count) + _offset;
        _result = (int)Math.Clamp(raw, short.MinValue, short.MaxValue);
        CompletedConversions++;
        _configuration |= DataReady;
        Compare();
    }

    private void Compare()
    {
        if ((_configuration & ThermMode) != 0)
        {
            // Source: 7.4.4.2; LOW_Alert stays 0, the low limit is the hysteresis.
            _configuration &= ~LowAlert;
            if (_result > _highLimit)
            {
                _configuration |= HighAlert;
            }
            else if (_result < _lowLimit)
            {
                _configuration &= ~HighAlert;
            }

            return;
        }

        if (_result > _highLimit)
        {
            _configuration |= HighAlert;
        }

        if (_result < _lowLimit)
        {
            _configuration |= LowAlert;
        }
    }

    /// <summary>Registers from the EEPROM, as power-up and every reset do (7.5.1.1).</summary>
    private void Load(long awakeUs)
    {
        _awakeUs = awakeUs;
        _busyUntilUs = awakeUs;
        _configuration = _cells[Configuration] & SettableConfiguration;
        _highLimit = (short)_cells[HighLimit];
        _lowLimit = (short)_cells[LowLimit];
        _offset = (short)_cells[TempOffset];
        _scratch[0] = _cells[Eeprom1];
        _scratch[1] = _cells[Eeprom2];
        _scratch[2] = _cells[Eeprom3];
        _result = NoResultYet;
        _unlocked = false;
        _pointer = TempResult;
        _byteIndex = 0;
        StartConversion(awakeUs);
    }

    private void StartConversion(long atUs)
    {
        _converting = ((_configuration & ModMask) >> 10) != ModShutdown;
        _cycleStartUs = atUs;
    }

    private ushort ReadRegister(byte register)
    {
        bool busy = !_frozen && _clock.NowUs < _busyUntilUs;
        switch (register)
        {
            case TempResult:
                ClearOnRead(DataReady);
                return (ushort)_result;
            case Configuration:
                int value = _configuration | (busy ? EepromBusy : 0);
                // Source: 7.6; alert flags clear on this read in alert mode only.
                ClearOnRead((_configuration & ThermMode) != 0 ? DataReady : DataReady | HighAlert | LowAlert);
                return (ushort)value;
            case HighLimit:
                return (ushort)_highLimit;
            case LowLimit:
                return (ushort)_lowLimit;
            case EepromUnlock:
                return (ushort)((_unlocked ? Unlocked : 0) | (busy ? UnlockBusy : 0));
            case Eeprom1:
                return _scratch[0];
            case Eeprom2:
                return _scratch[1];
            case TempOffset:
                return (ushort)_offset;
            case Eeprom3:
                return _scratch[2];
            case DeviceId:
                return (ushort)(0x0117 | ((_options.Revision & 0xF) << 12));
            default:
                return 0; // Assumption: the datasheet does not say what unlisted pointers give
        }
    }

    private void ClearOnRead(int flags)
    {
        if (!_frozen)
        {
            _configuration &= ~flags;
        }
    }

    private void WriteRegister(byte register, ushort value)
    {
        if (_clock.NowUs < _busyUntilUs)
        {
            return; // Assumption: a write during programming is lost
        }

        switch (register)
        {
            case Configuration:
                WriteConfiguration(value);
                break;
            case HighLimit:
                _highLimit = (short)value;
                break;
            case LowLimit:
                _lowLimit = (short)value;
                break;
            case EepromUnlock:
                _unlocked = (value & Unlocked) != 0;
                return;
            case Eeprom1:
                _scratch[0] = value;
                break;
            case Eeprom2:
                _scratch[1] = value;
                break;
            case TempOffset:
                _offset = (short)value;
                break;
            case Eeprom3:
                _scratch[2] = value;
                break;
            default:
                return;
        }

        if (_unlocked)
        {
            _cells[register] = value; // Source: 7.5.1.2
            _busyUntilUs = _clock.NowUs + ProgramUs;
        }
    }

    private void WriteConfiguration(ushort value)
    {
        if ((value & SoftReset) != 0)
        {
            _unlocked = false;
            Load(_clock.NowUs + ResetUs);
            return;
        }

        int settable = value & SettableConfiguration;
        if ((settable & ModMask) == (2 << 10))
        {
            settable &= ~ModMask; // Source: 7.6; MOD 10 is continuous and reads back as 00
        }

        bool restarts = ((settable ^ _configuration) & ConversionSetting) != 0 || ((settable & ModMask) >> 10) == ModOneShot;
        _configuration = (_configuration & ~SettableConfiguration) | settable;
        if (restarts)
        {
            StartConversion(_clock.NowUs); // Assumption: a new cycle setting begins a new cycle; 7.4.2: shutdown aborts at once
        }
    }
}
