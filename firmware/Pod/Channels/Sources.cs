using Firmware.Core;
using Firmware.Peripherals;

namespace Firmware.Pod.Channels;

/// <summary>A driver whose counts are a temperature.</summary>
public interface ITemperatureSource : IDriver
{
    /// <summary>The newest temperature, m°C. New after Ready only.</summary>
    int TemperatureMilliCelsius { get; }

    /// <summary>When it was found, monotonic µs.</summary>
    long SampledAtUs { get; }
}

/// <summary>Why samples of light are missing.</summary>
public enum LightLoss : byte
{
    /// <summary>None is missing.</summary>
    None = 0,

    /// <summary>The FIFO overran.</summary>
    Overrun = 1,

    /// <summary>The part was away, was restarted, or was settling.</summary>
    Interrupted = 2,

    /// <summary>Two readings disagreed, or one was impossible.</summary>
    Implausible = 3,
}

/// <summary>A driver whose counts are red and infrared light.</summary>
public interface ILightSource : IDriver
{
    /// <summary>Samples of the newest batch; above 0 after Ready.</summary>
    int SampleCount { get; }

    /// <summary>Red counts, 18 bits, oldest first.</summary>
    int[] Red { get; }

    /// <summary>Infrared counts, 18 bits, oldest first.</summary>
    int[] Infrared { get; }

    /// <summary>When the first sample was taken, monotonic µs.</summary>
    long FirstSampleUs { get; }

    /// <summary>From one sample to the next, µs.</summary>
    int SamplePeriodUs { get; }

    /// <summary>Samples missing before the first of this batch.</summary>
    int LostSamples { get; }

    /// <summary>True when more may be missing.</summary>
    bool LostIsLowerBound { get; }

    /// <summary>Why they are missing.</summary>
    LightLoss LossCause { get; }

    /// <summary>True when ambient light was beyond what the part can cancel since the batch before.</summary>
    bool AmbientLightOverflow { get; }

    /// <summary>Red LED current of this batch, 0.2 mA each.</summary>
    int RedCurrentCode { get; }

    /// <summary>Infrared LED current of this batch, 0.2 mA each.</summary>
    int InfraredCurrentCode { get; }

    /// <summary>Asks for other LED currents; what is measured with them says so itself. <see cref="IDriver.Restart"/> goes back to the start-up currents.</summary>
    /// <param name="redCode">0 to 255, 0.2 mA each.</param>
    /// <param name="infraredCode">0 to 255, 0.2 mA each.</param>
    void SetLedCurrent(int redCode, int infraredCode);

    /// <summary>True when a new die temperature came with this batch.</summary>
    bool DieTemperatureReady { get; }

    /// <summary>The die temperature, m°C.</summary>
    int DieTemperatureMilliCelsius { get; }
}

/// <summary>A driver whose counts are the pressure in a cuff.</summary>
public interface ICuffPressureSource : IDriver
{
    /// <summary>The newest pressure by the part's nominal transfer function, thousandths of mmHg, neither zeroed nor calibrated. New after Ready only.</summary>
    int PressureMilliMmHg { get; }

    /// <summary>When its conversion ended, monotonic µs.</summary>
    long SampledAtUs { get; }
}

/// <summary>The TMP117 as a source of temperatures.</summary>
public sealed class Tmp117Source : ITemperatureSource
{
    private readonly Tmp117 _driver;

    /// <summary>Stores; talks to nobody.</summary>
    /// <param name="bus">The bus.</param>
    /// <param name="address">7-bit address.</param>
    public Tmp117Source(II2cPort bus, int address) => _driver = new Tmp117(bus, address);

    /// <inheritdoc/>
    public string PartName => _driver.PartName;

    /// <inheritdoc/>
    public long NextStepUs => _driver.NextStepUs;

    /// <inheritdoc/>
    public AbsenceReason Reason => _driver.Reason;

    /// <inheritdoc/>
    public FaultCode FaultCode => _driver.FaultCode;

    /// <inheritdoc/>
    public int TemperatureMilliCelsius => _driver.TemperatureMilliCelsius;

    /// <inheritdoc/>
    public long SampledAtUs => _driver.SampledAtUs;

    /// <inheritdoc/>
    public void Restart() => _driver.Restart();

    /// <inheritdoc/>
    public DriverResult Probe(long nowUs) => _driver.Probe(nowUs);

    /// <inheritdoc/>
    public DriverResult Measure(long nowUs) => _driver.Measure(nowUs);
}

/// <summary>The MPRLS0300 as a source of cuff pressure.</summary>
public sealed class Mprls0300Source : ICuffPressureSource
{
    private readonly Mprls0300 _driver;

    /// <summary>Stores; talks to nobody.</summary>
    /// <param name="bus">The bus.</param>
    /// <param name="address">7-bit address.</param>
    public Mprls0300Source(II2cPort bus, int address) => _driver = new Mprls0300(bus, address);

    /// <inheritdoc/>
    public string PartName => _driver.PartName;

    /// <inheritdoc/>
    public long NextStepUs => _driver.NextStepUs;

    /// <inheritdoc/>
    public AbsenceReason Reason => _driver.Reason;

    /// <inheritdoc/>
    public FaultCode FaultCode => _driver.FaultCode;

    /// <inheritdoc/>
    public int PressureMilliMmHg => _driver.PressureMilliMmHg;

    /// <inheritdoc/>
    public long SampledAtUs => _driver.SampledAtUs;

    /// <inheritdoc/>
    public void Restart() => _driver.Restart();

    /// <inheritdoc/>
    public DriverResult Probe(long nowUs) => _driver.Probe(nowUs);

    /// <inheritdoc/>
    public DriverResult Measure(long nowUs) => _driver.Measure(nowUs);
}

/// <summary>The MAX30102 as a source of light.</summary>
public sealed class Max30102Source : ILightSource
{
    private readonly Max30102 _driver;

    /// <summary>Stores; talks to nobody.</summary>
    /// <param name="bus">The bus.</param>
    /// <param name="address">7-bit address.</param>
    public Max30102Source(II2cPort bus, int address) => _driver = new Max30102(bus, address);

    /// <inheritdoc/>
    public string PartName => _driver.PartName;

    /// <inheritdoc/>
    public long NextStepUs => _driver.NextStepUs;

    /// <inheritdoc/>
    public AbsenceReason Reason => _driver.Reason;

    /// <inheritdoc/>
    public FaultCode FaultCode => _driver.FaultCode;

    /// <inheritdoc/>
    public int SampleCount => _driver.SampleCount;

    /// <inheritdoc/>
    public int[] Red => _driver.Red;

    /// <inheritdoc/>
    public int[] Infrared => _driver.Infrared;

    /// <inheritdoc/>
    public long FirstSampleUs => _driver.FirstSampleUs;

    /// <inheritdoc/>
    public int SamplePeriodUs => _driver.SamplePeriodUs;

    /// <inheritdoc/>
    public int LostSamples => _driver.LostSamples;

    /// <inheritdoc/>
    public bool LostIsLowerBound => _driver.LostIsLowerBound;

    /// <inheritdoc/>
    public LightLoss LossCause
    {
        get
        {
            // Several causes may have met in one loss; the one that says most is named.
            Max30102Loss cause = _driver.LossCause;
            return cause == Max30102Loss.None ? LightLoss.None
                : (cause & Max30102Loss.Overrun) != Max30102Loss.None ? LightLoss.Overrun
                : (cause & (Max30102Loss.Interrupted | Max30102Loss.Settling)) != Max30102Loss.None ? LightLoss.Interrupted
                : LightLoss.Implausible;
        }
    }

    /// <inheritdoc/>
    public bool AmbientLightOverflow => _driver.AmbientLightOverflow;

    /// <inheritdoc/>
    public int RedCurrentCode => _driver.RedCurrentCode;

    /// <inheritdoc/>
    public int InfraredCurrentCode => _driver.InfraredCurrentCode;

    /// <inheritdoc/>
    public void SetLedCurrent(int redCode, int infraredCode) => _driver.SetLedCurrent(redCode, infraredCode);

    /// <inheritdoc/>
    public bool DieTemperatureReady => _driver.DieTemperatureReady;

    /// <inheritdoc/>
    public int DieTemperatureMilliCelsius => _driver.DieTemperatureMilliCelsius;

    /// <inheritdoc/>
    public void Restart() => _driver.Restart();

    /// <inheritdoc/>
    public DriverResult Probe(long nowUs) => _driver.Probe(nowUs);

    /// <inheritdoc/>
    public DriverResult Measure(long nowUs) => _driver.Measure(nowUs);
}
