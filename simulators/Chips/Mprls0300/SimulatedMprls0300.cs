using System;
using Simulators.Buses;
using Simulators.Kernel;

namespace Simulators.Chips;

/// <summary>What differs from the typical part.</summary>
public sealed record Mprls0300Options
{
    /// <summary>True for noise of the converter.</summary>
    public bool HasNoise { get; init; } = true;

    /// <summary>True for an error of offset and gain, drawn within the total error band.</summary>
    public bool HasPartError { get; init; }

    /// <summary>How long a conversion takes, µs. Source: 32332628, Table 9 (5 ms typical). 3,000 to 9,000 for a part at its limits.</summary>
    public int ConversionUs { get; init; } = 5_000;
}

/// <summary>
/// A Honeywell MPRLS0300YG00001B gauge pressure sensor, 0 to 300 mmHg, transfer function B. Bus door: <see cref="II2cTarget"/>. Physical door:
/// <see cref="SetPressure(Func{long, long})"/>. Source: Honeywell 32332628 (MPR Series); tables are named beside what they settle.
/// </summary>
public sealed class SimulatedMprls0300 : II2cTarget
{
    /// <summary>The address of this order code.</summary>
    public const int Address = 0x18;

    /// <summary>Full scale, mmHg, in µmmHg; half a count is 0.000045 mmHg.</summary>
    public static readonly PhysicalRange Range = new(0, 300_000_000, 100, "MicroMmHg");

    /// <summary>From supply to the first command, µs. Source: Table 3, start-up time (power up to data ready) 5 ms typical; half of it for the interface. Assumption.</summary>
    public const long PowerUpUs = 2_500;

    // Source: Table 10, status byte: bit 6 powered, 5 busy, 2 memory integrity, 0 math saturation; the others are always 0.
    private const byte Powered = 1 << 6;
    private const byte Busy = 1 << 5;
    private const byte MemoryFailed = 1 << 2;
    private const byte Saturation = 1 << 0;
    private const byte Measure = 0xAA; // Source: Table 8, output measurement command, followed by two bytes 0x00

    // Transfer function B. Source: Table 4: 2.5 % to 22.5 % of 2^24 counts.
    private const long OutputMinimum = 0x66666;
    private const long OutputMaximum = 0x399999;
    private const long FullScaleMicroMmHg = 300_000_000;
    private const long Largest = (1 << 24) - 1;
    private const int NoiseCounts = 30; // Assumption: 0.003 mmHg, well below the 13 to 14 bits that the part resolves without noise

    private readonly ISimulationClock _clock;
    private readonly SeededRandom _noise;
    private readonly Mprls0300Options _options;
    private readonly long _gainPerMillion;
    private readonly long _offsetCounts;
    private readonly byte[] _command = new byte[3];
    private readonly byte[] _answer = new byte[4];
    private Func<long, long> _microMmHg = static _ => 0;
    private bool _powered;
    private bool _frozen;
    private long _awakeUs;
    private long _doneUs = -1;
    private long _result;
    private bool _saturated;
    private int _written;
    private int _read;
    private bool _isRead;

    /// <summary>Makes a part without supply; the bus powers it when it is attached.</summary>
    /// <param name="clock">The world's time.</param>
    /// <param name="random">The part's own randomness: part error, noise.</param>
    /// <param name="options">What differs from the typical part.</param>
    public SimulatedMprls0300(ISimulationClock clock, SeededRandom random, Mprls0300Options? options = null)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(random);
        _clock = clock;
        _options = options ?? new Mprls0300Options();
        _noise = random.Fork("noise");
        if (_options.HasPartError)
        {
            // Source: Table 3, total error band ±1.5 % of full scale: shared between offset and gain.
            SeededRandom error = random.Fork("part error");
            _offsetCounts = error.NextInt32(50_333) - 25_166;
            _gainPerMillion = error.NextInt32(15_001) - 7_500;
        }
    }

    /// <summary>Conversions that ended in the part's whole life.</summary>
    public long CompletedConversions { get; private set; }

    /// <summary>Added to what is measured, µmmHg: a diaphragm that has shifted.</summary>
    public long OffsetMicroMmHg { get; set; }

    /// <summary>Added to each conversion's time, µs: an inside that has become slow.</summary>
    public long SlowUs { get; set; }

    /// <summary>True for an output that saturates whatever the pressure.</summary>
    public bool IsSaturated { get; set; }

    /// <summary>True for a memory whose checksum is wrong.</summary>
    public bool IsMemoryBroken { get; set; }

    /// <inheritdoc/>
    public bool IsFrozen
    {
        get => _frozen;
        set
        {
            CatchUp();
            _frozen = value;
        }
    }

    /// <summary>The pressure at the port from now on, as a function of time.</summary>
    /// <param name="microMmHgAtUs">Given µs of the simulated world, answers µmmHg of gauge pressure. Asked once per conversion, in order of time.</param>
    public void SetPressure(Func<long, long> microMmHgAtUs)
    {
        ArgumentNullException.ThrowIfNull(microMmHgAtUs);
        CatchUp();
        _microMmHg = microMmHgAtUs;
    }

    /// <summary>The pressure at the port from now on.</summary>
    /// <param name="microMmHg">µmmHg of gauge pressure.</param>
    public void SetPressure(long microMmHg) => SetPressure(_ => microMmHg);

    /// <inheritdoc/>
    public void PowerOn()
    {
        _powered = true;
        _frozen = false;
        _awakeUs = _clock.NowUs + PowerUpUs;
        _doneUs = -1;
        _result = 0;
        _saturated = false;
    }

    /// <inheritdoc/>
    public void PowerOff()
    {
        _powered = false;
        _doneUs = -1;
    }

    /// <inheritdoc/>
    public bool Start(int address, BusDirection direction)
    {
        CatchUp();
        if (!_powered || address != Address || (!_frozen && _clock.NowUs < _awakeUs))
        {
            return false;
        }

        _isRead = direction == BusDirection.Read;
        _written = 0;
        _read = 0;
        if (_isRead && !_frozen)
        {
            // Source: 32332628, Figure 7: the status stands before the 24 bits, most significant byte first.
            _answer[0] = (byte)(Powered | (_doneUs >= 0 ? Busy : 0) | (IsMemoryBroken ? MemoryFailed : 0) | (_saturated ? Saturation : 0));
            _answer[1] = (byte)(_result >> 16);
            _answer[2] = (byte)(_result >> 8);
            _answer[3] = (byte)_result;
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Write(byte value)
    {
        if (_written < _command.Length)
        {
            _command[_written] = value;
        }

        _written++;
        return true;
    }

    /// <inheritdoc/>
    public byte Read()
    {
        byte value = _read < _answer.Length ? _answer[_read] : (byte)0xFF;
        _read++;
        return value;
    }

    /// <inheritdoc/>
    public void Stop()
    {
        // A command counts when it is whole. A new one while a conversion runs is not heard. Assumption.
        if (!_isRead && !_frozen && _written == 3 && _command[0] == Measure && _command[1] == 0 && _command[2] == 0 && _doneUs < 0)
        {
            _doneUs = _clock.NowUs + _options.ConversionUs + SlowUs;
        }

        _written = 0;
    }

    /// <summary>Works out what happened until now.</summary>
    public void CatchUp()
    {
        if (!_powered || _frozen || _doneUs < 0 || _clock.NowUs < _doneUs)
        {
            return;
        }

        long micro = _microMmHg(_doneUs) + OffsetMicroMmHg;
        double span = (double)(OutputMaximum - OutputMinimum) / FullScaleMicroMmHg;
        double counts = OutputMinimum + (micro * span);
        counts = OutputMinimum + ((counts - OutputMinimum) * (1_000_000 + _gainPerMillion) / 1_000_000) + _offsetCounts;
        long whole = (long)Math.Floor(counts + 0.5);
        if (_options.HasNoise)
        {
            whole += _noise.NextInt32((2 * NoiseCounts) + 1) - NoiseCounts;
        }

        // Assumption: the mathematics saturate a little beyond the compensated range, as the burst of an overloaded bridge does.
        long high = OutputMaximum + ((OutputMaximum - OutputMinimum) / 50);
        _saturated = IsSaturated || whole > high;
        _result = Math.Clamp(IsSaturated || whole > high ? Largest : whole, 0, Largest);
        _doneUs = -1;
        CompletedConversions++;
    }
}
