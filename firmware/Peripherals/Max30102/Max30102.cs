using System;
using Firmware.Core;

namespace Firmware.Peripherals;

/// <summary>
/// Maxim MAX30102 optical sensor: red and infrared counts at 50 Hz out of its FIFO. The part has no checksum, so pointers and
/// samples are read twice, the configuration is read back with every batch, and the pointers must agree with the time.
/// Whatever the part or the bus lost is declared with the next batch. Source for all registers: Maxim 19-7740; see README.md.
/// </summary>
public sealed partial class Max30102 : I2cDriver, ILightSource
{
    /// <summary>The part's only address. Source: Maxim 19-7740, I2C Timing Characteristics: write 0xAE, read 0xAF.</summary>
    public const int DefaultAddress = 0x57;

    /// <summary>Samples that the FIFO holds. Source: Maxim 19-7740, FIFO Data Register.</summary>
    public const int FifoDepth = 32;

    /// <summary>The most samples in one batch: read twice at 400 kHz they take 1.96 ms of bus, pointers included.</summary>
    public const int BatchBound = 5;

    /// <summary>Samples dropped after a start and after a change of LED current, as <see cref="SampleLoss.Settling"/>. Assumption: makers' examples call the first one or two invalid; a changed current shows mixed in one.</summary>
    public const int SettlingSamples = 2;

    /// <summary>Oldest samples given up when the FIFO is found full: writing the read pointer back onto the write pointer would say "empty".</summary>
    public const int FullFifoMargin = 2;

    /// <summary>Nominal sample period, µs: 100 Hz, 2 averaged.</summary>
    public const int NominalPeriodUs = 20_000;

    /// <summary>From one look into the FIFO to the next, µs.</summary>
    public const int ReadIntervalUs = 80_000;

    /// <summary>Sampling has stopped when there is no new sample for this long, µs.</summary>
    public const int StallUs = 250_000;

    /// <summary>LED current code at the start: 0x20 = 6.4 mA, red and infrared.</summary>
    public const int StartCurrentCode = 0x20;

    /// <summary>From one look at a resetting part to the next, µs.</summary>
    public const int ResetLookIntervalUs = 1_000;

    /// <summary>A reset that takes longer has failed, µs. Assumption: the datasheet gives no time; makers' examples poll for up to 100 ms.</summary>
    public const int ResetTimeoutUs = 100_000;

    /// <summary>From one die temperature to the next, µs.</summary>
    public const int DieTemperatureIntervalUs = 10_000_000;

    /// <summary>A die temperature that takes longer has failed, µs. Source: Maxim 19-7740, Electrical Characteristics: 29 ms typical; with many looks in between.</summary>
    public const int DieTemperatureTimeoutUs = 1_000_000;

    /// <summary>Lowest die temperature of the rating, m°C. Source: Maxim 19-7740, Absolute Maximum Ratings, operating range.</summary>
    public const int RatedMinimumMilliCelsius = -40_000;

    /// <summary>Highest die temperature of the rating, m°C. Source: Maxim 19-7740, as above.</summary>
    public const int RatedMaximumMilliCelsius = 85_000;

    /// <summary>Pause after a failed transaction, µs.</summary>
    public const int FaultPauseUs = 100_000;

    private const byte WantedEnable1 = Max30102Registers.AlmostFull | Max30102Registers.AmbientLightOverflow;
    private const byte WantedEnable2 = Max30102Registers.DieTemperatureReady;

    private readonly byte[] _read = new byte[4];
    private readonly byte[] _again = new byte[4];
    private readonly Max30102Clock _clock = new Max30102Clock(NominalPeriodUs);
    private bool _isChecked;
    private long _since;
    private int _redCode = StartCurrentCode;
    private int _infraredCode = StartCurrentCode;
    private int _askedRedCode = StartCurrentCode;
    private int _askedInfraredCode = StartCurrentCode;

    private bool _isLedChanging;
    private bool _dropFifo;
    private bool _dieTemperatureAsked;
    private bool _dieTemperatureFlag;
    private bool _dieTemperatureNew;
    private long _dieTemperatureAtUs;

    /// <summary>Stores. No I/O.</summary>
    /// <param name="port">The bus.</param>
    /// <param name="address">7-bit address.</param>
    public Max30102(II2cPort port, int address)
        : base(port, address, FaultCode.Max30102NotPresent, FaultCode.Max30102BusFault, FaultPauseUs)
    {
        Red = new int[FifoDepth];
        Infrared = new int[FifoDepth];
        _beforeGap = NoGap;
    }

    /// <inheritdoc/>
    public override string PartName => PartNames.Max30102;

    /// <summary>Samples of this batch, 0 to <see cref="BatchBound"/>; above 0 after Ready, else 0.</summary>
    public int SampleCount { get; private set; }

    /// <summary>Red counts, oldest first; 0 to 262,143, 15.625 pA each. Valid up to <see cref="SampleCount"/>.</summary>
    public int[] Red { get; }

    /// <summary>Infrared counts, as <see cref="Red"/>.</summary>
    public int[] Infrared { get; }

    /// <summary>When the first sample of this batch was put into the FIFO, monotonic µs, from the sample count (see <see cref="Max30102Clock"/>).</summary>
    public long FirstSampleUs { get; private set; }

    /// <summary>From one sample to the next, µs, as found so far: 20,000 nominal, the part's oscillator has a tolerance.</summary>
    public int SamplePeriodUs { get; private set; }

    /// <summary>Samples that are missing between the previous batch (or the start) and the first of this one.</summary>
    public int LostSamples { get; private set; }

    /// <summary>True when more than <see cref="LostSamples"/> may be missing: the part counts to 31 only.</summary>
    public bool LostIsLowerBound { get; private set; }

    /// <summary>Why they are missing.</summary>
    public SampleLoss LossCause { get; private set; }

    /// <summary>True when ambient light was beyond what the part can cancel since the previous batch: the counts are what the part made, and carry that light.</summary>
    public bool AmbientLightOverflow { get; private set; }

    /// <summary>Red LED current of this batch as a code of 0.2 mA.</summary>
    public int RedCurrentCode { get; private set; }

    /// <summary>Infrared LED current of this batch as a code of 0.2 mA.</summary>
    public int InfraredCurrentCode { get; private set; }

    /// <summary>True when a new die temperature came with this batch.</summary>
    public bool DieTemperatureReady { get; private set; }

    /// <summary>The last die temperature, m°C, -40,000 to 85,000. New when <see cref="DieTemperatureReady"/> is true.</summary>
    public int DieTemperatureMilliCelsius { get; private set; }

    /// <summary>Why the last die temperature asked for did not come; None when it did.</summary>
    public AbsenceReason DieTemperatureReason { get; private set; }

    /// <summary>The code that goes with <see cref="DieTemperatureReason"/>.</summary>
    public FaultCode DieTemperatureFaultCode { get; private set; }

    /// <summary>
    /// Asks for other LED currents. The next Measure that begins a cycle sets them and reads them back; the samples then in the FIFO and
    /// the <see cref="SettlingSamples"/> after them are dropped as settling, so that no batch has two currents.
    /// </summary>
    /// <param name="redCode">0 to 255, 0.2 mA each.</param>
    /// <param name="infraredCode">0 to 255, 0.2 mA each.</param>
    /// <exception cref="ArgumentOutOfRangeException">A code is outside 0 to 255.</exception>
    public void SetLedCurrent(int redCode, int infraredCode)
    {
        if (redCode < 0 || redCode > 255)
        {
            throw new ArgumentOutOfRangeException(nameof(redCode));
        }

        if (infraredCode < 0 || infraredCode > 255)
        {
            throw new ArgumentOutOfRangeException(nameof(infraredCode));
        }

        _askedRedCode = redCode;
        _askedInfraredCode = infraredCode;
    }

    /// <inheritdoc/>
    public override void Restart()
    {
        base.Restart();
        _askedRedCode = StartCurrentCode;
        _askedInfraredCode = StartCurrentCode;
        SampleCount = 0;
    }

    /// <inheritdoc/>
    public override DriverResult Measure(long nowUs)
    {
        SampleCount = 0;
        DieTemperatureReady = false;
        if (!IsMeasuring)
        {
            return FailUnconfigured(FaultCode.Max30102ConfigurationLost, nowUs);
        }

        if (!_isChecked)
        {
            return Check(nowUs);
        }

        _isChecked = false;
        return Collect(nowUs);
    }

    /// <inheritdoc/>
    protected override void Forget() => GiveUpFifo();

    /// <inheritdoc/>
    protected override DriverResult ProbeStep(int step, long nowUs)
    {
        switch (step)
        {
            case 0:
                return ProbeIdentity(nowUs);
            case 1:
                return ProbeReset(nowUs);
            case 2:
                return ProbeAwaitReset(step, nowUs);
            case 3:
                return ProbeConfigure(nowUs);
            default:
                return ProbeStart(nowUs);
        }
    }

    // First half of a cycle: is it still the part that was configured, and has its supply held?
    private DriverResult Check(long nowUs)
    {
        if (!SetLedCurrents(nowUs))
        {
            return DriverResult.Failed;
        }

        if (!ReadRegisters(Max30102Registers.InterruptStatus1, _read, 4, nowUs))
        {
            _wasAlmostFull = true; // reading clears the flag: it may have been set, and is only used where the time agrees
            return DriverResult.Failed;
        }

        byte status = _read[0];
        _wasAlmostFull |= (status & Max30102Registers.AlmostFull) != 0;
        _hadAmbientOverflow |= (status & Max30102Registers.AmbientLightOverflow) != 0;
        _dieTemperatureFlag |= (_read[1] & Max30102Registers.DieTemperatureReady) != 0;
        if ((status & Max30102Registers.PowerReady) != 0)
        {
            return FailUntilReset(AbsenceReason.SensorFault, FaultCode.Max30102BrownOut, nowUs);
        }

        bool kept = _read[2] == WantedEnable1 && _read[3] == WantedEnable2;
        if (!ReadBackConfiguration(nowUs, ref kept))
        {
            return DriverResult.Failed;
        }

        if (!kept)
        {
            return FailUntilReset(AbsenceReason.SensorFault, FaultCode.Max30102ConfigurationLost, nowUs);
        }

        if (!StepDieTemperature(nowUs))
        {
            return DriverResult.Failed;
        }

        _isChecked = true;
        return Continue(nowUs);
    }
}
